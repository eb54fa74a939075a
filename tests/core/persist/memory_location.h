#pragma once

#include "core/base/ids.h"
#include "core/store/blob.h"
#include "core/store/consensus.h"

#include <functional>
#include <map>
#include <string>

namespace inspector::persist::tests {

/// Consensus as a map. A hook may change it before a call, as a live system would.
class MemoryConsensus final : public store::Consensus
{
public:
    std::map<std::string, std::map<std::uint64_t, Bytes>> rows;
    std::function<void()> beforeScan; ///< runs before each scan
    mutable int scans = 0;
    mutable std::size_t rowsRead = 0;

    [[nodiscard]] Result<std::vector<std::string>> listKeys(const Job& job) const override;
    [[nodiscard]] Result<std::optional<store::VersionedData>> head(std::string_view key, const Job& job) const override;
    [[nodiscard]] Result<std::vector<store::VersionedData>> scan(std::string_view key, SeqNo from, std::size_t limit,
                                                                 const Job& job) const override;
    [[nodiscard]] std::string description() const override { return "memory consensus"; }
};

/// Blobs as a map, with a hook likewise.
class MemoryBlob final : public store::Blob
{
public:
    std::map<std::string, Bytes> blobs;
    std::function<void(const std::string& key)> beforeGet;
    mutable int gets = 0;

    [[nodiscard]] Result<std::optional<SharedBytes>> get(std::string_view key, const Job& job) const override;
    [[nodiscard]] Result<std::vector<store::BlobListing>> list(std::string_view prefix, const Job& job) const override;
    [[nodiscard]] std::string description() const override { return "memory blobs"; }
};

struct MemoryLocation
{
    MemoryConsensus consensus;
    MemoryBlob blob;
};

/// The rows and blobs of a catalog file, copied into maps. Fails the test program with a message when it cannot.
void load(MemoryLocation& to, const std::string& catalogFile);

/// The file of a fixture folder below shards/: the catalog itself, or its unpacked copy in the build folder.
[[nodiscard]] std::string fixtureFile(const std::string& folder);

/// A whole file; `.gz` and `.xz` are unpacked.
[[nodiscard]] std::string readFile(const std::string& path);

[[nodiscard]] ShardId shardOf(const std::string& text);

} // namespace inspector::persist::tests
