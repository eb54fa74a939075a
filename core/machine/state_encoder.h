#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/machine/profile.h"
#include "core/machine/raw_entries.h"
#include "core/persist/state.h"
#include "core/persist/state_diff.h"

#include <cstdint>
#include <string>
#include <vector>

namespace inspector::machine {

/// The messages of the format, encoded as the real writer does: ascending fields, defaults left out, present empty
/// messages written (persist-write-protocol §5.4). Each is the inverse of the decoder of the same name in
/// core/persist/decode.h for everything that was made here. A message must stay below 2 GiB, as every decoder has it.
[[nodiscard]] SharedBytes encodeU64Slice(std::uint64_t value);
[[nodiscard]] SharedBytes encodeTextSlice(const std::string& text);
[[nodiscard]] SharedBytes encodeFrontier(const persist::Frontier& frontier);
/// The batch's content, whatever `batch.raw` is.
[[nodiscard]] SharedBytes encodeBatch(const persist::HollowBatch& batch);
/// The batch's stored bytes when it has them and they still say what it says, else its content encoded.
[[nodiscard]] SharedBytes storedOrEncoded(const persist::HollowBatch& batch);
[[nodiscard]] SharedBytes encodeSpineId(persist::SpineId id);
[[nodiscard]] SharedBytes encodeSpineBatch(const persist::SpineBatch& batch);
[[nodiscard]] SharedBytes encodeMerge(const persist::Merge& merge);
[[nodiscard]] SharedBytes encodeHollowRollup(const persist::HollowRollup& rollup);
[[nodiscard]] SharedBytes encodeLeasedReader(const persist::LeasedReader& reader);
[[nodiscard]] SharedBytes encodeCriticalReader(const persist::CriticalReader& reader);
[[nodiscard]] SharedBytes encodeWriter(const persist::Writer& writer);
[[nodiscard]] SharedBytes encodeSchemas(const persist::EncodedSchemas& schemas);
[[nodiscard]] SharedBytes encodeActiveTask(const persist::ActiveTask& task);

/// A row of consensus (§5.1, §5.2). Encoding what decodeStateDiff() made gives the stored bytes.
[[nodiscard]] SharedBytes encodeStateDiff(const persist::StateDiff& diff);

/// Puts batches into the order in which diffs and rollups list them (§5.3): by lower, upper and since, an empty
/// antichain before any time, then by parts. Total: only batches of equal content are equal.
void sortLegacyBatches(std::vector<persist::BatchPtr>& batches);

/// The difference of two states, in the order and by the equalities of §5.3 and §5.5. Old sides, and new sides of
/// entries that did not change their content, come from `raw`, the entries of `before`; new content is encoded.
/// `latestRollupKey` and the envelope are those of `after`. Internal when `raw` does not fit `before`, or the shard or
/// a codec differ.
[[nodiscard]] Result<persist::StateDiff> differenceOf(const persist::State& before, const RawEntries& raw,
                                                      const persist::State& after);

/// The rollup blob of `state` with the diffs that it repeats (§7, §13.1): entries as stored where `raw` has them and
/// they say what the state says, maps sorted by key, a default map key left out.
[[nodiscard]] SharedBytes encodeRollup(const persist::State& state, const RawEntries& raw,
                                       const persist::InlinedDiffs& diffs);

} // namespace inspector::machine
