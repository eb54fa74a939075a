#pragma once

#include "core/base/bytes.h"
#include "core/base/ids.h"
#include "core/base/job.h"
#include "core/base/result.h"
#include "core/machine/profile.h"
#include "core/machine/raw_entries.h"
#include "core/persist/state.h"
#include "core/persist/state_diff.h"
#include "core/persist/state_reader.h"
#include "core/store/blob.h"
#include "core/store/consensus_writer.h"

#include <memory>
#include <optional>
#include <vector>

namespace inspector::machine {

/// A state with every entry of it as it is stored.
struct HeldState
{
    persist::StatePtr state;
    RawEntries raw;
};

/// A version that was computed, encoded and checked, but not sent.
struct PreparedVersion
{
    persist::StateDiff diff; ///< as decoded from the row; `diff.raw` is the row
    persist::StatePtr after;

    [[nodiscard]] SeqNo seqno() const { return diff.seqnoTo; }
};

/// What reading tells of a compare-and-set whose answer never came (persist-write-protocol §16).
enum class Fate {
    Committed,    ///< the row is there, byte for byte
    NotCommitted, ///< another row is there
    NotYet,       ///< no row is there: it may still arrive
    Truncated,    ///< the row's seqno is gone from the log: look for the effect
};

/// The log of one shard as a writer follows it: strictly, because what it writes next must fit byte for byte. What a
/// reader would note and survive, a gap, an old value that is not there, a row under another number, is Corrupt here
/// (persist-write-protocol §6.1, §15.2). One thread at a time.
class ShardLog
{
public:
    /// The stores must outlive it. Does no I/O.
    ShardLog(store::ConsensusWriter& consensus, const store::Blob& blob, ShardId shardId);

    [[nodiscard]] const ShardId& shardId() const { return m_states.shardId(); }
    /// The newest state that was read or written; nullptr before the first.
    [[nodiscard]] const persist::StatePtr& state() const { return m_held.state; }
    /// The same with its entries, copied: they change with the next version.
    [[nodiscard]] HeldState held() const { return m_held; }

    /// Whether the log has any row.
    [[nodiscard]] Result<bool> hasRows(const Job& job) const;

    /// Reads what is new; everything, when nothing was read yet or the log was truncated past what is held. True when
    /// the state moved on. NotFound "no such shard" without rows; Corrupt as above.
    [[nodiscard]] Result<bool> refresh(const Job& job);

    /// Encodes the difference between what is held and `next`, and checks it (persist-write-protocol §10.8 item 4): the
    /// row, decoded and applied by the strict rules, must give `next` and a spine that a newer build accepts. Internal
    /// with what does not fit; Corrupt when the state lists no rollup.
    [[nodiscard]] Result<PreparedVersion> prepare(const persist::State& next, Era era);

    /// Sends a prepared version and, when it is committed, holds it.
    [[nodiscard]] Result<store::CasOutcome> send(const PreparedVersion& version, const Job& job);
    /// Holds a version of which fateOf() has found that it is committed, unless it is held or passed already.
    void adopt(const PreparedVersion& version);

    /// What became of a row that was sent as `seqno`, by one scan.
    [[nodiscard]] Result<Fate> fateOf(SeqNo seqno, BytesView row, const Job& job) const;

    /// The first version of a shard: its row, and the state of its rollup, whose blob must be durable.
    [[nodiscard]] Result<store::CasOutcome> create(SeqNo seqno, BytesView row, const Job& job);

    /// The rows from `from` on, below `below`, as they are stored.
    [[nodiscard]] Result<std::vector<store::VersionedData>> rows(SeqNo from, SeqNo below, const Job& job) const;
    /// Deletes the rows below `lessThan`.
    [[nodiscard]] Result<std::uint64_t> truncate(SeqNo lessThan, const Job& job);

    [[nodiscard]] const persist::StateReader& states() const { return m_states; }

private:
    [[nodiscard]] Result<> load(const Job& job);
    [[nodiscard]] static Result<> follow(HeldState& held, std::vector<store::VersionedData> rows);

    store::ConsensusWriter& m_consensus;
    persist::StateReader m_states;
    HeldState m_held;
};

/// The first difference between two states that a shard would tell apart, in a few words; nothing when there is none.
/// What a shard does not tell apart: bytes of a batch that decode alike, and the `descriptions` of spine batches
/// (persist-write-protocol §5.5).
[[nodiscard]] std::optional<std::string> differenceBetween(const persist::State& a, const persist::State& b);

} // namespace inspector::machine
