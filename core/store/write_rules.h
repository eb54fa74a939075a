#pragma once

#include "core/store/consensus.h"

#include <optional>
#include <string_view>
#include <vector>

namespace inspector::store {

/// What every writer refuses before it sends anything; InvalidInput for all of it.

/// `next` must follow `expected` (persist-write-protocol §2.2, §2.4).
[[nodiscard]] Result<> checkStep(std::string_view key, std::optional<SeqNo> expected, const VersionedData& next);
/// `versions` must be a log: at least one, without a gap.
[[nodiscard]] Result<> checkLog(std::string_view key, const std::vector<VersionedData>& versions);
/// `lessThan` must be a number that a version can have.
[[nodiscard]] Result<> checkTruncation(std::string_view key, SeqNo lessThan);
/// `key` must be that of a rollup or a part (persist-format §3.1).
[[nodiscard]] Result<> checkBlobKey(std::string_view key);

/// What truncate() answers when it would delete the newest version.
[[nodiscard]] Error nothingAtOrAbove(std::string_view key, SeqNo lessThan);
/// What set() answers when other bytes are there.
[[nodiscard]] Error otherBytesThere(std::string_view key);

} // namespace inspector::store
