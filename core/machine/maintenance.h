#pragma once

#include "core/base/id_source.h"
#include "core/base/job.h"
#include "core/base/result.h"
#include "core/machine/shard_machine.h"
#include "core/machine/write_permit.h"
#include "core/persist/state.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace inspector::machine {

/// A rollup whose blob is durable, but which no state lists yet.
struct WrittenRollup
{
    SeqNo seqno; ///< of the state inside
    persist::HollowRollup rollup;
    SeqNo diffsLower; ///< the diffs that it repeats, inclusive
    SeqNo diffsUpper; ///< exclusive
};

/// Writes a rollup of `held` (persist-write-protocol §13.1): the state exactly as it is, with the rows since the newest
/// rollup that it lists. Nothing when those rows are gone already: somebody else has written a newer one.
[[nodiscard]] Result<std::optional<WrittenRollup>> writeRollup(ShardMachine& machine, const WritePermit& permit,
                                                               const HeldState& held, IdSource& ids, const Job& job);

/// Registers a rollup that was written; deletes its blob when the state refuses it. True when it is listed.
[[nodiscard]] Result<std::pair<bool, Ran>> registerRollup(ShardMachine& machine, const WritePermit& permit,
                                                          const WrittenRollup& written, const Job& job);

/// What a collection did.
struct Collected
{
    std::uint64_t batchParts = 0;      ///< blobs of parts that were deleted
    std::uint64_t rollups = 0;         ///< blobs of rollups that were deleted
    std::vector<SeqNo> truncatedTo;    ///< rollups below which the log was cut, in order
    std::vector<SeqNo> removedRollups; ///< from the state
    std::optional<Ran> ran;            ///< the version that removed them
};

/// Collects garbage up to `target` (persist-write-protocol §13.2): blobs first, then the log, then the rollups, so that
/// a crash in between leaves garbage and nothing else. For shards of our own only. Corrupt where the reference would
/// panic: the log does not begin at a registered rollup, a part or rollup is deleted twice or still referenced.
[[nodiscard]] Result<Collected> collectGarbage(ShardMachine& machine, const WritePermit& permit, SeqNo target,
                                               const Job& job);

} // namespace inspector::machine
