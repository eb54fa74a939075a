#pragma once

#include "core/base/ids.h"
#include "core/base/job.h"
#include "core/persist/state.h"
#include "core/persist/state_diff.h"
#include "core/store/blob.h"
#include "core/store/consensus.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace inspector::persist {

/// The live diffs of a shard: what consensus still holds of its log, oldest first.
struct LiveDiffs
{
    std::vector<StateDiff> diffs;
    /// What cut the list short: a gap, a row that does not decode. Empty in a healthy log.
    std::vector<std::string> problems;
};

/// What polling the log brought.
struct NewDiffs
{
    std::vector<StateDiff> diffs; ///< in order, joining the state that was polled from; empty: nothing new
};

/// The log was truncated past the state that was polled from, or does not join it: read the state anew.
struct RebuildNeeded
{
    std::string reason;
};

/// Reads a shard's states out of consensus and the rollups (persist-format §4). Reads only. One thread at a time.
/// Errors of the stores pass through; see each function for its own.
class StateReader
{
public:
    /// The stores must outlive the reader.
    StateReader(const store::Consensus& consensus, const store::Blob& blob, ShardId shardId);

    /// A rollup that is gone is looked for this often, with the log scanned again each time (persist-format §4.2).
    static constexpr int kMaxAttempts = 10;
    /// Rows of the first, bounded scan (persist-format §4.3).
    static constexpr std::size_t kRecentDiffsLimit = 3840;

    [[nodiscard]] const ShardId& shardId() const { return m_shardId; }

    /// The newest state (persist-format §4.2). NotFound "no such shard" without rows; NotFound "wrong blob location?"
    /// naming both stores when the rollup stays away; Corrupt when no row decodes, or the rollup does not or is another
    /// shard's. What is odd but survivable is in the state's anomalies: a gap or a broken row ends the state
    /// before it.
    [[nodiscard]] Result<StatePtr> current(const Job& job) const;

    /// Every diff that consensus still holds, by one scan from 0. NotFound without rows.
    [[nodiscard]] Result<LiveDiffs> liveDiffs(const Job& job) const;

    /// The state at a seqno that is still live: rebuilt from the newest rollup at or before it, else from the one at
    /// the earliest live seqno. OutOfRange names the live range.
    [[nodiscard]] Result<StatePtr> at(SeqNo seqno, const Job& job) const;

    /// Calls `visit` for every live state, oldest first (persist-format §4.5), with the diff that made it; the first
    /// state's diff is a no-op against its rollup. Stops early when visit returns false. Only one state is held.
    /// Answers with what kept it from visiting all of them; a rollup that is gone makes it start at the next. NotFound
    /// when there is none to start from.
    using Visit = std::function<bool(const State& state, const StateDiff& diff)>;
    [[nodiscard]] Result<std::vector<std::string>> visitLive(const Visit& visit, const Job& job) const;

    /// Every rollup that a live state lists and whose blob is still there, with its partial key, sorted by seqno
    /// (persist-format §4.4: some may be gone). Rollups that do not decode are left out and named in `problems`.
    struct Rollups
    {
        std::vector<std::pair<std::string, Rollup>> rollups;
        std::vector<std::string> problems;
    };
    [[nodiscard]] Result<Rollups> rollups(const Job& job) const;

    /// One rollup by its partial key, checked to be this shard's; nothing when there is no such blob.
    [[nodiscard]] Result<std::optional<Rollup>> rollup(const std::string& partialKey, const Job& job) const;

    /// The diffs after `from` (persist-format §9.4): a cheap range scan. Apply them with apply().
    [[nodiscard]] Result<std::variant<NewDiffs, RebuildNeeded>> poll(SeqNo from, const Job& job) const;

    /// `state` with the diffs of a poll applied. Corrupt when they do not fit: read the state anew.
    [[nodiscard]] static Result<State> advance(State state, const std::vector<StateDiff>& diffs);

private:
    [[nodiscard]] tl::unexpected<Error> noSuchShard() const;
    [[nodiscard]] tl::unexpected<Error> wrongBlob(const std::string& partialKey) const;
    [[nodiscard]] Result<std::vector<store::VersionedData>> recentRows(const Job& job) const;
    /// The newest rollup from which the live diffs lead to `target`.
    [[nodiscard]] Result<Rollup> rollupToStartFrom(const LiveDiffs& live, SeqNo target, const Job& job) const;
    /// The rollup at the earliest live seqno, or the first one after it that is still there, which is a problem.
    [[nodiscard]] Result<Rollup> earliestRollup(const LiveDiffs& live, std::vector<std::string>& problems,
                                                const Job& job) const;

    const store::Consensus& m_consensus;
    const store::Blob& m_blob;
    ShardId m_shardId;
};

/// The number in a rollup's partial key, "v12/r…" (persist-format §3.1); nothing in any other text.
[[nodiscard]] std::optional<SeqNo> seqnoOfRollupKey(std::string_view partialKey);

} // namespace inspector::persist
