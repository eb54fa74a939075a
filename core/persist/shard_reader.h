#pragma once

#include "core/persist/part_reader.h"
#include "core/persist/state_reader.h"
#include "core/persist/updates.h"

#include <optional>
#include <string>
#include <vector>

namespace inspector::persist {

/// Updates as of a time, and the state they were read from.
struct SnapshotRead
{
    StatePtr state;
    Timestamp asOf;
    /// Not consolidated: equal rows occur as often as they were written; sums of equal rows are what counts. All at
    /// `commonTime` = as_of. Zero diffs are dropped with a warning.
    UpdateList updates;
};

/// Updates at their own times, as far as batches remember them.
struct HistoryRead
{
    StatePtr state;
    /// In the order of batches and parts, not sorted by time. Origins are filled, certainties where not all are exact.
    UpdateList updates;
    /// Times at or after it are the times of the commits; earlier ones may have been rounded up by compaction, and
    /// updates that cancelled out are gone (persist-format §9.3). 0: everything is exact.
    Timestamp exactFrom;
};

/// A step of the shard's log, for people.
struct SeqnoChange
{
    SeqNo seqno;
    std::uint64_t walltimeMs = 0;
    std::string hostname;
    std::string applierVersion;
    Frontier since;
    Frontier upper;
    std::string change; ///< "append [5, 6), 3 updates; since 4 to 5"
};

/// The live log.
struct LogRead
{
    std::vector<SeqnoChange> steps; ///< oldest first
    std::vector<std::string> problems;
};

/// Reads a shard: its newest state, older ones, and the updates behind any of them (persist-format §9). What a
/// collection is, is not known here. Reads only. One thread at a time; what it hands out is immutable and outlives it.
class ShardReader
{
public:
    /// The stores must outlive the reader. Does no I/O.
    ShardReader(const store::Consensus& consensus, const store::Blob& blob, ShardId shardId);

    [[nodiscard]] const ShardId& shardId() const { return m_states.shardId(); }
    [[nodiscard]] const StateReader& states() const { return m_states; }

    /// The newest state that was read; nullptr before the first refresh().
    [[nodiscard]] const StatePtr& state() const { return m_state; }

    /// Brings state() up to date: polls the log and applies what is new, or reads everything anew when that is needed.
    /// Errors of StateReader::current.
    [[nodiscard]] Result<StatePtr> refresh(const Job& job);

    /// The state at a live seqno; OutOfRange names the live range.
    [[nodiscard]] Result<StatePtr> stateAt(SeqNo seqno, const Job& job) const;

    /// Nothing when `asOf` can be read from `state`; else OutOfRange naming [since, upper), or that the shard is
    /// finalised or empty (persist-format §9.2).
    [[nodiscard]] static Result<> checkReadable(const State& state, Timestamp asOf);

    /// The newest time that can be read: upper - 1. OutOfRange when there is none.
    [[nodiscard]] static Result<Timestamp> latestTime(const State& state);

    /// The updates as of `asOf` (persist-format §9.2). OutOfRange as checkReadable(). A part that is gone makes the
    /// newest state be read once more, when `state` is the newest or asOf is readable there; what is missing or
    /// damaged after that is in the updates' warnings, with its key and time range, and the rest is there.
    [[nodiscard]] Result<SnapshotRead> snapshot(StatePtr state, Timestamp asOf, const Job& job);

    /// snapshot() of the newest state at its latest time: reads the state anew first.
    [[nodiscard]] Result<SnapshotRead> latestSnapshot(const Job& job);

    /// Everything that the batches of `state` still remember, at its own time (persist-format §9.3). Missing and
    /// damaged parts as in snapshot().
    [[nodiscard]] Result<HistoryRead> history(StatePtr state, const Job& job);

    /// As history() of the newest state, but every stretch of time is read from the least compacted batch that any live
    /// state lists for it (persist-format §9.6, sources B to D): goes further back, and costs more parts to read.
    [[nodiscard]] Result<HistoryRead> longestHistory(const Job& job);

    /// The updates with time >= `from` of the batches whose upper lies beyond `from`: what a follower that has seen
    /// everything below `from` has not seen yet (persist-format §9.4).
    [[nodiscard]] Result<HistoryRead> historySince(StatePtr state, Timestamp from, const Job& job);

    /// The live log, step by step. NotFound as StateReader.
    [[nodiscard]] Result<LogRead> log(const Job& job) const;

    /// The newest live state that can read `time`: the newest state of all, or an older one when `time` lies before its
    /// since (persist-format §9.6, source C). OutOfRange as checkReadable() when none can.
    [[nodiscard]] Result<StatePtr> stateReading(Timestamp time, const Job& job);

    /// The live seqnos whose state can read a time that `state` cannot: upper - 1 of theirs lies below `state`'s since
    /// (persist-format §9.6, source C). Newest state of each upper only, ascending by upper. Cheap: no parts are read.
    [[nodiscard]] Result<std::vector<SeqnoChange>> momentsBeforeSince(const State& state, const Job& job) const;

private:
    struct Window;

    Result<Updates> read(const State& state, const Window& window, bool& blobMissing, const Job& job);

    /// `updates` as read from the batches of `source`, with their horizon.
    static HistoryRead historyOf(StatePtr state, const State& source, Updates updates, const Window& window);

    StateReader m_states;
    PartReader m_parts;
    StatePtr m_state;
};

} // namespace inspector::persist
