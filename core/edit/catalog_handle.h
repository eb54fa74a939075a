#pragma once

#include "core/base/clock.h"
#include "core/base/id_source.h"
#include "core/catalog/fenceable_token.h"
#include "core/catalog/table_rows.h"
#include "core/edit/durable_catalog.h"
#include "core/edit/write_guard.h"
#include "core/machine/shard_writer.h"
#include "core/persist/shard_reader.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

// What all handles of this room share. Nobody else includes this header.

namespace inspector::edit {

/// The releases at which handles behave differently, by catalog version (catalog-model §0, §2.22).
inline constexpr std::uint64_t kMid = 73;
inline constexpr std::uint64_t kV82 = 82;
inline constexpr std::uint64_t kNew = 92;

[[nodiscard]] inline bool isAtLeast(const HandleOptions& options, std::uint64_t catalogVersion)
{
    return options.build.catalogVersion >= catalogVersion;
}

/// Updates of one time, as an applier gets them (catalog-model §2.6): consolidated, smaller diffs first.
struct TimedUpdates
{
    struct Entry
    {
        codec::StoredRow row; ///< a view into the owner
        std::int64_t diff = 1;
    };
    Timestamp time;
    std::vector<Entry> entries;
    std::shared_ptr<const void> owner;
};

/// `changes` at `time`, the bytes included.
[[nodiscard]] TimedUpdates timedUpdatesOf(std::vector<catalog::RowChange> changes, Timestamp time);
/// Consolidated updates, all at `time`.
[[nodiscard]] TimedUpdates timedUpdatesOf(const persist::UpdateList& consolidated, Timestamp time);
/// Those of `updates` with from <= time < to, time by time.
[[nodiscard]] std::vector<TimedUpdates> byTime(const persist::UpdateList& updates, Timestamp from, Timestamp to);
/// All of them in one list, at the time of the last, consolidated.
[[nodiscard]] Result<persist::UpdateList> consolidated(std::span<const TimedUpdates> pieces, const Job& job);
/// What turns `cached` into the consolidated rows `snapshot`.
[[nodiscard]] Result<persist::UpdateList> differenceOf(const persist::UpdateList& snapshot,
                                                       std::span<const TimedUpdates> cached, const Job& job);

/// What becomes of updates, in an unopened handle and in an open one (catalog-model §2.7).
class UpdateApplier
{
public:
    virtual ~UpdateApplier() = default;

    /// Takes the updates of one time whole. Fenced by a token among them; Corrupt for a row that does not decode or
    /// does not fit. No other error.
    [[nodiscard]] virtual Result<> apply(const TimedUpdates& updates) = 0;
    /// What must be applied to get to the consolidated rows `snapshot` from what was applied so far.
    [[nodiscard]] virtual Result<persist::UpdateList> differenceTo(const persist::UpdateList& snapshot,
                                                                   const Job& job) = 0;
};

/// Counts the entries of a cache as the reference keeps it: a list that grows with every update and is consolidated now
/// and then (catalog-model §2.8, §2.22). The caches of this room never hold what cancels out; the metrics tell what
/// the reference's would.
class CacheBook
{
public:
    CacheBook(CatalogMetrics* metrics, bool consolidatesAlways)
        : m_metrics(metrics)
        , m_consolidatesAlways(consolidatesAlways)
    {
    }

    /// An update was cached.
    void add(std::int64_t diff)
    {
        ++m_entries;
        m_live += diff;
    }
    /// The updates of one time were applied during a sync.
    void batchApplied();
    /// A sync begins.
    void beginSync() { m_sizeAtLastConsolidation.reset(); }
    void consolidate();

private:
    CatalogMetrics* m_metrics;
    bool m_consolidatesAlways; ///< the old era: after every batch
    std::int64_t m_entries = 0;
    std::int64_t m_live = 0;
    std::optional<std::int64_t> m_sizeAtLastConsolidation;
};

/// Another writer was first (catalog-model §3.4).
struct AppendMismatch
{
    Timestamp expected;
    Timestamp actual;
};
[[nodiscard]] Error errorOf(const AppendMismatch& mismatch);

/// "{update_count} unapplied updates" (catalog-model §3.2).
[[nodiscard]] tl::unexpected<Error> outOfSync(std::uint64_t updateCount, Timestamp upper);
/// "Internal catalog error: …" (catalog-model §3.2).
[[nodiscard]] tl::unexpected<Error> internalError(const std::string& text);
[[nodiscard]] tl::unexpected<Error> uninitialized();

/// The shard behind a handle: what was seen of it, as whom, and, in the hands of somebody who may write, the writer.
class CatalogHandle
{
public:
    /// One that only reads.
    CatalogHandle(const store::Consensus& consensus, const store::Blob& blob, ShardId shardId, HandleOptions options);
    /// One that writes as well.
    CatalogHandle(store::ConsensusWriter& consensus, store::BlobWriter& blob, ShardId shardId, HandleOptions options);
    CatalogHandle(const CatalogHandle&) = delete;
    CatalogHandle& operator=(const CatalogHandle&) = delete;

    [[nodiscard]] const HandleOptions& options() const { return m_options; }
    [[nodiscard]] const ShardId& shardId() const { return m_reader.shardId(); }
    [[nodiscard]] catalog::Mode mode() const { return m_mode; }
    /// From now on in this mode. Modes that write nothing give the writer back.
    void setMode(catalog::Mode mode, const Job& job);
    [[nodiscard]] Timestamp upper() const { return m_upper; }
    /// For the modes that move it in memory.
    void setUpper(Timestamp upper) { m_upper = upper; }
    [[nodiscard]] CatalogMetrics* metrics() const { return m_options.metrics.get(); }
    [[nodiscard]] LatencyHistogram* latency(LatencyHistogram CatalogMetrics::*which) const
    {
        return m_options.metrics == nullptr ? nullptr : &(m_options.metrics.get()->*which);
    }
    [[nodiscard]] IdSource& ids() { return *m_ids; }
    [[nodiscard]] CacheBook& book() { return m_book; }
    void newBook() { m_book = CacheBook(metrics(), !isAtLeast(m_options, kV82)); }
    /// Updates that were applied so far, of every kind.
    [[nodiscard]] std::uint64_t updatesApplied() const { return m_updatesApplied; }
    [[nodiscard]] const catalog::FenceableToken& token() const { return m_token; }
    void assume(catalog::FenceableToken::Unfenced next)
    {
        m_token.assume(next);
        m_guard.assume(next.current);
    }
    /// The token rows of one time, of diff +1. Fenced when they fence this handle.
    [[nodiscard]] Result<> observe(std::span<const catalog::FenceToken> seen);

    /// Nothing when the shard's writers of the emulated build accept this one (catalog-model §2.3 step 2), and when
    /// there is no shard yet.
    [[nodiscard]] Result<> checkPersistVersion(const Job& job);
    /// Creates the shard, registers this handle's readers and the schema, appends nothing at [0, 1) (§2.3 steps 3 to
    /// 5). A guest finds what is there.
    [[nodiscard]] Result<> registerWithShard(const Job& job);
    /// Reads everything at upper - 1 into `applier` (§2.3 steps 6 to 11).
    [[nodiscard]] Result<> readSnapshot(UpdateApplier& applier, const Job& job);

    /// §2.4.
    [[nodiscard]] Result<Timestamp> currentUpper(const Job& job);
    /// §2.5. OutOfRange when the shard has not come to `target` yet.
    [[nodiscard]] Result<> sync(Timestamp target, UpdateApplier& applier, const Job& job);
    [[nodiscard]] Result<> syncToCurrentUpper(UpdateApplier& applier, const Job& job);

    /// The rows of the shard before `upper`, as written; not consolidated. Corrupt when any of them cannot be read.
    [[nodiscard]] Result<persist::UpdateList> snapshotBefore(Timestamp upper, const Job& job);

    /// §2.9 without the sync after a success: appends `changes` at `time`, from upper() to `next`. After a mismatch the
    /// handle has synced; Fenced when that found a newer token. After an error with outcomeUnknown the next sync shows
    /// what has come of it by then.
    [[nodiscard]] Result<std::optional<AppendMismatch>> append(const std::vector<catalog::RowChange>& changes,
                                                               Timestamp time, Timestamp next, UpdateApplier& applier,
                                                               const Job& job);

    /// The one-time conversion of the controller's critical reader (§2.22 "2.11 after fence loop").
    [[nodiscard]] Result<> convertControllerReader(const Job& job);
    /// §2.22 mark_bootstrap_complete.
    [[nodiscard]] Result<> upgradeVersion(const Job& job);
    /// §2.20.
    [[nodiscard]] Result<> raiseUpgradeShard(const Job& job);
    /// Gives back the writer's entry and the leased reader.
    [[nodiscard]] Result<> expire(const Job& job);

private:
    /// What only somebody who writes has.
    struct Writing
    {
        store::ConsensusWriter& consensus;
        store::BlobWriter& blob;
        machine::ShardWriter writer;
        std::string leasedReader;                      ///< r<uuid>; empty: not registered
        std::int64_t leaseRenewedMs = 0;               ///< by the clock
        std::optional<std::int64_t> sinceDowngradedMs; ///< likewise; nothing: never
    };

    [[nodiscard]] machine::Profile profile() const;
    [[nodiscard]] Result<machine::WritePermit> permit() const { return m_guard.permit(m_upper); }
    /// Reads the newest state: a write whose outcome was unknown is in it, or is not there yet. Should it arrive later,
    /// it is like anybody's: whatever is appended meanwhile competes with it for the same version.
    [[nodiscard]] Result<persist::StatePtr> refresh(const Job& job);
    [[nodiscard]] static Result<Timestamp> upperOf(const persist::State& state);
    /// The updates in [upper(), target) of the newest state, or nothing when only a new snapshot tells: compaction has
    /// mixed them with earlier ones.
    [[nodiscard]] Result<std::optional<std::vector<TimedUpdates>>> newUpdates(Timestamp target, const Job& job);
    [[nodiscard]] Result<std::optional<std::vector<TimedUpdates>>> followDiffs(Timestamp target, const Job& job);
    void downgradeSince(Timestamp next, const Job& job);
    void renewLease(const Job& job);
    void tidyUp(const machine::WritePermit& permit, const Job& job);

    HandleOptions m_options;
    SystemClock m_systemClock;
    RandomIdSource m_randomIds;
    const Clock* m_clock;
    IdSource* m_ids;
    const store::Consensus& m_consensus;
    const store::Blob& m_blob;
    persist::ShardReader m_reader;
    std::unique_ptr<Writing> m_writing; ///< never in a handle that only reads
    catalog::Mode m_mode;
    catalog::FenceableToken m_token;
    WriteGuard m_guard;
    Timestamp m_upper;
    persist::StatePtr m_state;     ///< the newest that was seen
    persist::StatePtr m_followed;  ///< the one that upper() was reached in
    std::optional<Error> m_broken; ///< updates could not be applied: there is no way on
    std::uint64_t m_updatesApplied = 0;
    CacheBook m_book;
};

} // namespace inspector::edit
