#pragma once

#include "core/base/bytes.h"
#include "core/persist/decode.h"
#include "core/persist/state.h"
#include "core/persist/state_diff.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace inspector::machine::test {

/// One shard of a fixture: every version that is still to be had, from consensus and from the rollups that repeat it,
/// and every rollup blob.
struct StoredShard
{
    std::map<SeqNo, SharedBytes> versions;
    std::map<SeqNo, SharedBytes> rollups;
};

/// The shards of a fixture folder by their ids. Ends the program with a message when the fixture cannot be read.
[[nodiscard]] std::map<std::string, StoredShard> storedShards(const std::string& folder);

/// The blob parts of a fixture folder by their keys.
[[nodiscard]] std::map<std::string, SharedBytes> storedParts(const std::string& folder);

/// All fixture folders, the large ones last, and those below a mebibyte.
[[nodiscard]] const std::vector<std::string>& allFolders();
[[nodiscard]] const std::vector<std::string>& smallFolders();

/// The slice decoded and encoded again; a message instead of bytes when it does not decode.
[[nodiscard]] std::string keyEncodedAgain(persist::StateField field, const SharedBytes& slice);
[[nodiscard]] std::string valueEncodedAgain(persist::StateField field, const SharedBytes& slice);

/// The state with batches that have no stored bytes, so that only their content is left to encode.
[[nodiscard]] persist::State withoutStoredBytes(persist::State state);

[[nodiscard]] inline std::string text(const SharedBytes& bytes)
{
    return std::string(inspector::textOf(bytes.view()));
}

} // namespace inspector::machine::test
