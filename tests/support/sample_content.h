#pragma once

#include "core/store/memory_store.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace inspector::test {

/// What a catalog file holds, sentinel rows included, in memory: to be changed and handed to the memory stores.
[[nodiscard]] Result<std::shared_ptr<store::MemoryContent>> contentOfCatalogFile(const std::string& path);

/// A small location that is not a catalog but has every odd thing a store must cope with: a shard with a sentinel row
/// and gaps, one with a single version, one with nothing but a sentinel; empty data; data with every byte; keys of all
/// kinds; a blob of no bytes and one of three megabytes.
[[nodiscard]] std::shared_ptr<store::MemoryContent> oddContent();

/// The shards of oddContent().
inline constexpr const char* kOddShard = "s00000000-0000-0000-0000-00000000000a";
inline constexpr const char* kOtherShard = "s00000000-0000-0000-0000-00000000000b";
inline constexpr const char* kSentinelShard = "s00000000-0000-0000-0000-00000000000c";

/// How a catalog file is made odd on purpose.
struct CatalogFileOptions
{
    std::int64_t applicationId = 0x4D5A4341;
    std::int64_t schemaVersion = 1;
    bool manifest = true;
    bool writeAheadLog = false;                               ///< leave the file in WAL mode
    std::vector<std::pair<std::string, std::string>> members; ///< rows of the manifest besides `format`
};

/// Writes a new catalog file. Unavailable when SQLite refuses.
[[nodiscard]] Result<> writeCatalogFile(const std::string& path, const store::MemoryContent& content,
                                        const CatalogFileOptions& options = {});

/// Runs SQL, writing or not, on the SQLite database at `path`.
[[nodiscard]] Result<> changeDatabase(const std::string& path, const std::string& sql);

/// Writes every blob into `folder` under the name that the file store gives it (persist-format §1.7).
[[nodiscard]] Result<> writeBlobFolder(const std::string& folder, const store::MemoryContent& content);

} // namespace inspector::test
