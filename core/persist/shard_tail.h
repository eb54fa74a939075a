#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/persist/shard_reader.h"
#include "core/persist/state.h"
#include "core/persist/updates.h"

#include <cstdint>
#include <string>
#include <vector>

namespace inspector::persist {

/// A stretch of time that became known, with what was written in it.
struct TailStep
{
    SeqNo seqno; ///< the version of the shard's state that showed it
    std::uint64_t walltimeMs = 0;
    std::string hostname;
    Timestamp lower; ///< inclusive
    Timestamp upper; ///< exclusive
    /// With lower <= time < upper, or what compaction made of them; in time order, smaller diffs first. Certainties
    /// where not all are exact: a rounded time was somewhere between `lower` and itself, and what came and went in
    /// between is gone. nullptr when what is new cannot be told from what was there before: mustCompare.
    UpdateList updates;
    /// Compaction has merged updates from before `lower` with the new ones in every state that is left: only comparing
    /// the contents at upper - 1 with those at lower - 1 tells what has changed. The caller has to know the latter.
    bool mustCompare = false;
};

/// Follows a shard (persist-format §9.4): asks its log for new versions, and tells every update once. It registers
/// nothing, so that garbage collection may overtake it; it then goes by the oldest version that is left, and by
/// comparison when that is not enough. What a call costs depends on what is new, not on the size of the shard. Reads
/// only. One thread at a time.
class ShardTail
{
public:
    /// Everything below `told` counts as told. `reader` must outlive the tail.
    ShardTail(ShardReader& reader, StatePtr state, Timestamp told);

    /// The state that was seen last.
    [[nodiscard]] const StatePtr& state() const { return m_state; }
    /// Everything below is told.
    [[nodiscard]] Timestamp told() const { return m_told; }
    /// How often the log was truncated past what was seen, so that everything had to be read anew.
    [[nodiscard]] std::uint64_t rebuilds() const { return m_rebuilds; }

    /// What is new since the last call, oldest first; a step for each version that moved the upper. Empty when nothing
    /// is. After an error nothing counts as told, and the next call tells all of it. Errors of StateReader::current and
    /// of the stores; Corrupt when a part does not decode, or is missing although the newest state names it;
    /// Unsupported when the shard was finalised.
    [[nodiscard]] Result<std::vector<TailStep>> next(const Job& job);

private:
    /// How far a walk over states has come.
    struct Walk
    {
        Timestamp told;
        std::vector<TailStep> steps;
    };

    [[nodiscard]] Result<> checkNotSetBack(const Job& job);
    [[nodiscard]] Result<bool> visit(const StatePtr& state, Walk& walk, const Job& job);
    [[nodiscard]] Result<Walk> walkDiffs(const std::vector<StateDiff>& diffs, StatePtr& newest, const Job& job);
    [[nodiscard]] Result<Walk> walkLiveStates(const Job& job);

    ShardReader& m_reader;
    StatePtr m_state;
    Timestamp m_told;
    std::uint64_t m_rebuilds = 0;
    bool m_wasAway = false; ///< the store could not be asked the last time
};

} // namespace inspector::persist
