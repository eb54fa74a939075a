#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <string>
#include <vector>

namespace inspector::test {

/// The catalog file of a fixture shard such as "old-busy" or "new-large". A large one is unpacked into the build folder
/// once, whichever test program comes first.
[[nodiscard]] Result<std::string> shardFile(const std::string& shard);

/// A file of a fixture shard's `expected` folder, such as "facts.json", unpacked likewise when it is stored compressed.
[[nodiscard]] Result<std::string> expectedFile(const std::string& shard, const std::string& name);

/// The names of the small fixture shards.
[[nodiscard]] const std::vector<std::string>& smallShards();

/// The whole of a file; NotFound when it is not there.
[[nodiscard]] Result<std::string> contentOf(const std::string& path);

/// What must not change about a file that was only read: its bytes, its times, and what lies beside it.
struct FileState
{
    std::string sha256; ///< hex
    std::uint64_t sizeBytes = 0;
    std::int64_t modifiedNs = 0;
    std::int64_t changedNs = 0;
    std::vector<std::string> beside; ///< names in its folder, in order

    friend bool operator==(const FileState&, const FileState&) = default;
};

[[nodiscard]] FileState stateOf(const std::string& path);

} // namespace inspector::test
