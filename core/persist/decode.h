#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/persist/state.h"
#include "core/persist/state_diff.h"

#include <cstdint>
#include <string>
#include <vector>

namespace inspector::persist {

/// Decodes a rollup blob (persist-format §5.7). Corrupt when the bytes are no such message or lack a required part.
/// Whether the shard and its codecs are those looked for is the caller's question.
[[nodiscard]] Result<Rollup> decodeRollup(const SharedBytes& bytes);

/// Decodes a row of consensus (persist-format §5.8). Corrupt for an empty row, unequal columns, lengths that do not sum
/// up to the bytes, or a change type that is none: how many slices it has is then unknown.
[[nodiscard]] Result<StateDiff> decodeStateDiff(const SharedBytes& bytes);

/// Decodes a run blob into its parts (persist-format §5.4).
[[nodiscard]] Result<std::vector<BatchPart>> decodeRun(const SharedBytes& bytes);

/// The slices of field diffs, decoded. Each refuses with Corrupt; a slice of no bytes is the message of all defaults.
[[nodiscard]] Result<std::uint64_t> decodeU64Slice(const SharedBytes& slice);
[[nodiscard]] Result<std::string> decodeTextSlice(const SharedBytes& slice);
[[nodiscard]] Result<Frontier> decodeFrontier(const SharedBytes& slice);
[[nodiscard]] Result<BatchPtr> decodeBatch(const SharedBytes& slice);
[[nodiscard]] Result<SpineId> decodeSpineId(const SharedBytes& slice);
[[nodiscard]] Result<SpineBatch> decodeSpineBatch(const SharedBytes& slice);
[[nodiscard]] Result<Merge> decodeMerge(const SharedBytes& slice);
[[nodiscard]] Result<HollowRollup> decodeHollowRollup(const SharedBytes& slice);
[[nodiscard]] Result<LeasedReader> decodeLeasedReader(const SharedBytes& slice);
[[nodiscard]] Result<CriticalReader> decodeCriticalReader(const SharedBytes& slice);
[[nodiscard]] Result<Writer> decodeWriter(const SharedBytes& slice);
[[nodiscard]] Result<EncodedSchemas> decodeSchemas(const SharedBytes& slice);
[[nodiscard]] Result<ActiveTask> decodeActiveTask(const SharedBytes& slice);

} // namespace inspector::persist
