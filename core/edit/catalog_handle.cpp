#include "core/edit/catalog_handle.h"

#include "core/catalog/consolidate.h"
#include "core/catalog/trace.h"
#include "core/edit/catalog_schemas.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace inspector::edit {

namespace {

constexpr const char* kOldCriticalReader = "c00000000-1111-2222-3333-444444444444";
constexpr const char* kNewCriticalReader = "c55555555-6666-7777-8888-999999999999";
constexpr const char* kCriticalPurpose = "durable catalog state critical since";
constexpr const char* kPurpose = "durable catalog state handles";
constexpr const char* kUpgradePurpose = "increment durable catalog upgrade shard version";

/// At most one real downgrade of since in this time (catalog-model §2.10).
constexpr std::int64_t kSinceDowngradeIntervalMs = 30'000;
/// A part that is gone makes the newest state be read anew, this often.
constexpr int kMaxReads = 3;

const char* criticalReaderOf(const HandleOptions& options)
{
    return isAtLeast(options, kV82) ? kNewCriticalReader : kOldCriticalReader;
}

/// How the batches of a state lie around a time that was followed up to.
enum class Straddle {
    None,  ///< no batch holds updates from both sides
    Exact, ///< one does, and times from `from` on are told apart from earlier ones
    Mixed, ///< compaction may have moved earlier updates beyond `from`
};

Straddle straddleOf(const persist::State& state, Timestamp from)
{
    auto straddle = Straddle::None;
    for (const auto& batch : state.batches()) {
        const auto& [lower, upper, since] = batch->description;
        if (batch->parts.empty() || !lower || *lower >= from || (upper && *upper <= from))
            continue;
        straddle = std::max(straddle, Straddle::Exact);
        const auto roundsBeyond = [&](const persist::Frontier& rounded) { return !rounded || *rounded >= from; };
        if (!persist::lessEqual(since, lower) && roundsBeyond(since))
            return Straddle::Mixed;
        for (const auto& part : batch->parts)
            if (part.tsRewrite && roundsBeyond(*part.tsRewrite))
                return Straddle::Mixed;
    }
    return straddle;
}

/// Adds up the diffs of equal rows, drops zeros, and puts smaller diffs first; rows of equal diffs by their bytes.
void consolidateEntries(std::vector<TimedUpdates::Entry>& entries)
{
    const auto keyOf = [](const TimedUpdates::Entry& entry) {
        return std::make_tuple(entry.row.bytes(), entry.row.form);
    };
    std::sort(entries.begin(), entries.end(), [&](const auto& a, const auto& b) { return keyOf(a) < keyOf(b); });
    std::vector<TimedUpdates::Entry> sums;
    sums.reserve(entries.size());
    for (const auto& entry : entries) {
        if (!sums.empty() && keyOf(sums.back()) == keyOf(entry))
            sums.back().diff += entry.diff;
        else
            sums.push_back(entry);
    }
    std::erase_if(sums, [](const auto& entry) { return entry.diff == 0; });
    std::stable_sort(sums.begin(), sums.end(), [](const auto& a, const auto& b) { return a.diff < b.diff; });
    entries = std::move(sums);
}

/// Why updates are not all there: the first things that their warnings say.
tl::unexpected<Error> incomplete(const persist::Updates& updates)
{
    constexpr std::size_t kTold = 3;
    std::string text = "the catalog cannot be read whole";
    for (std::size_t i = 0; i < std::min(kTold, updates.warnings.size()); ++i)
        text += (i == 0 ? ": " : "; ") + updates.warnings[i];
    return fail(ErrorCode::Corrupt, std::move(text));
}

std::vector<machine::RowUpdate> rowUpdatesOf(const std::vector<catalog::RowChange>& changes, Timestamp time)
{
    std::vector<machine::RowUpdate> updates;
    updates.reserve(changes.size());
    for (const auto& change : changes)
        updates.push_back({change.stored, {}, time.value(), change.diff});
    return updates;
}

} // namespace

TimedUpdates timedUpdatesOf(std::vector<catalog::RowChange> changes, Timestamp time)
{
    const auto owner = std::make_shared<const std::vector<catalog::RowChange>>(std::move(changes));
    TimedUpdates updates {time, {}, owner};
    updates.entries.reserve(owner->size());
    for (const auto& change : *owner)
        updates.entries.push_back(
            {{change.stored.data(), static_cast<std::uint32_t>(change.stored.size()), codec::RowForm::SourceData},
             change.diff});
    consolidateEntries(updates.entries);
    return updates;
}

TimedUpdates timedUpdatesOf(const persist::UpdateList& consolidated, Timestamp time)
{
    TimedUpdates updates {time, {}, consolidated};
    updates.entries.reserve(consolidated->size());
    for (std::size_t i = 0; i < consolidated->size(); ++i)
        updates.entries.push_back({consolidated->rows[i], consolidated->diffOf(i)});
    std::stable_sort(updates.entries.begin(), updates.entries.end(),
                     [](const auto& a, const auto& b) { return a.diff < b.diff; });
    return updates;
}

std::vector<TimedUpdates> byTime(const persist::UpdateList& updates, Timestamp from, Timestamp to)
{
    std::map<std::uint64_t, TimedUpdates> groups;
    for (std::size_t i = 0; i < updates->size(); ++i) {
        const Timestamp time(updates->timeOf(i));
        if (time < from || time >= to)
            continue;
        auto& group = groups[time.value()];
        group.time = time;
        group.owner = updates;
        group.entries.push_back({updates->rows[i], updates->diffOf(i)});
    }
    std::vector<TimedUpdates> inOrder;
    inOrder.reserve(groups.size());
    for (auto& [time, group] : groups) {
        consolidateEntries(group.entries);
        inOrder.push_back(std::move(group));
    }
    return inOrder;
}

Result<persist::UpdateList> consolidated(std::span<const TimedUpdates> pieces, const Job& job)
{
    auto list = std::make_shared<persist::Updates>();
    std::size_t count = 0;
    for (const auto& piece : pieces)
        count += piece.entries.size();
    list->rows.reserve(count);
    list->diffs.reserve(count);
    for (const auto& piece : pieces) {
        list->commonTime = piece.time.value();
        list->owners.push_back(piece.owner);
        for (const auto& entry : piece.entries) {
            list->rows.push_back(entry.row);
            list->diffs.push_back(entry.diff);
        }
    }
    return catalog::consolidate(std::move(list), job);
}

Result<persist::UpdateList> differenceOf(const persist::UpdateList& snapshot, std::span<const TimedUpdates> cached,
                                         const Job& job)
{
    std::vector<TimedUpdates> all(cached.begin(), cached.end());
    for (auto& piece : all)
        for (auto& entry : piece.entries)
            entry.diff = -entry.diff;
    all.push_back(timedUpdatesOf(snapshot, Timestamp(snapshot->commonTime)));
    return consolidated(all, job);
}

void CacheBook::batchApplied()
{
    if (m_consolidatesAlways) {
        consolidate();
        return;
    }
    constexpr std::int64_t kMinBaseline = 8;
    if (!m_sizeAtLastConsolidation)
        m_sizeAtLastConsolidation = std::max(m_entries, kMinBaseline);
    if (m_entries >= 2 * *m_sizeAtLastConsolidation) {
        consolidate();
        m_sizeAtLastConsolidation = m_entries;
    }
}

void CacheBook::consolidate()
{
    if (m_metrics != nullptr) {
        ++m_metrics->snapshotConsolidations;
        const auto entries = static_cast<std::uint64_t>(std::max<std::int64_t>(m_entries, 0));
        auto most = m_metrics->snapshotMaxEntries.load();
        while (most < entries && !m_metrics->snapshotMaxEntries.compare_exchange_weak(most, entries)) { }
    }
    m_entries = m_live;
}

Error errorOf(const AppendMismatch& mismatch)
{
    return fail(ErrorCode::Conflict,
                "unexpected upper mismatch: expected catalog upper " + std::to_string(mismatch.expected.value())
                    + " did not match actual catalog upper " + std::to_string(mismatch.actual.value()))
        .value();
}

tl::unexpected<Error> outOfSync(std::uint64_t updateCount, Timestamp upper)
{
    return fail(ErrorCode::Conflict,
                "durable catalog advanced to " + std::to_string(upper.value()) + " with " + std::to_string(updateCount)
                    + " unapplied updates");
}

tl::unexpected<Error> internalError(const std::string& text)
{
    return fail(ErrorCode::Internal, "Internal catalog error: " + text);
}

tl::unexpected<Error> uninitialized()
{
    return fail(ErrorCode::NotFound, "uninitialized");
}

CatalogHandle::CatalogHandle(const store::Consensus& consensus, const store::Blob& blob, ShardId shardId,
                             HandleOptions options)
    : m_options(std::move(options))
    , m_clock(m_options.clock != nullptr ? m_options.clock : &m_systemClock)
    , m_ids(m_options.ids != nullptr ? m_options.ids : &m_randomIds)
    , m_consensus(consensus)
    , m_blob(blob)
    , m_reader(consensus, blob, std::move(shardId))
    , m_mode(catalog::Mode::ReadOnly)
    , m_token(m_options.deployGeneration)
    , m_guard(m_mode, std::nullopt)
    , m_book(metrics(), !isAtLeast(m_options, kV82))
{
}

CatalogHandle::CatalogHandle(store::ConsensusWriter& consensus, store::BlobWriter& blob, ShardId shardId,
                             HandleOptions options)
    : CatalogHandle(static_cast<const store::Consensus&>(consensus), static_cast<const store::Blob&>(blob),
                    std::move(shardId), std::move(options))
{
    m_mode = catalog::Mode::Writable;
    m_guard = WriteGuard(m_mode, std::nullopt);
    m_writing.reset(new Writing {consensus,
                                 blob,
                                 machine::ShardWriter(consensus, blob, m_reader.shardId(), profile(), *m_clock, *m_ids),
                                 {},
                                 0,
                                 {}});
}

machine::Profile CatalogHandle::profile() const
{
    machine::Profile profile;
    profile.era = isAtLeast(m_options, kMid) ? machine::Era::New : machine::Era::Old;
    profile.stance = m_options.stance;
    profile.buildVersion = m_options.build.version;
    profile.hostname = m_options.hostname;
    profile.purpose = kPurpose;
    return profile;
}

void CatalogHandle::setMode(catalog::Mode mode, const Job& job)
{
    if (mode != catalog::Mode::Writable && m_writing) {
        // What the handle registered would otherwise hold the shard's log until it lapses.
        static_cast<void>(expire(job));
        m_writing.reset();
    }
    m_mode = mode;
    m_guard = WriteGuard(mode, std::nullopt);
}

Result<> CatalogHandle::observe(std::span<const catalog::FenceToken> seen)
{
    for (const auto& token : seen)
        m_guard.observe(token);
    return m_token.maybeFence(seen);
}

Result<> CatalogHandle::checkPersistVersion(const Job& job)
{
    if (m_options.build.hasUpgradeShard) {
        if (!m_options.upgradeShardId)
            return {};
        const persist::StateReader upgradeShard(m_consensus, m_blob, *m_options.upgradeShardId);
        const auto state = upgradeShard.current(job);
        if (state)
            return catalog::checkPersistVersion(m_options.build, (*state)->applierVersion);
        const auto code = state.error().code;
        if (code == ErrorCode::NotFound || code == ErrorCode::Corrupt || code == ErrorCode::Unsupported)
            return {}; // as the reference: what cannot be inspected is not asked (catalog-model §2.3 step 2)
        return tl::unexpected(state.error());
    }
    auto state = refresh(job);
    if (state)
        return catalog::checkPersistVersion(m_options.build, (*state)->applierVersion);
    if (state.error().code == ErrorCode::NotFound && m_writing)
        return {};
    return tl::unexpected(std::move(state).error());
}

Result<> CatalogHandle::registerWithShard(const Job& job)
{
    auto& writer = m_writing->writer;
    if (m_options.stance == machine::Stance::Guest) {
        INSPECTOR_TRY(m_state, refresh(job));
        return {};
    }
    const auto era = writer.profile().era;
    INSPECTOR_TRY(const auto permit, this->permit());
    INSPECTOR_TRY(m_state, writer.openOrCreate(permit, job));
    INSPECTOR_CHECK(writer.registerCriticalReader(permit, criticalReaderOf(m_options), kCriticalPurpose, job));
    const auto registerSchema = [&]() -> Result<> {
        INSPECTOR_CHECK(writer.registerSchema(permit, catalogSchemas(era), job));
        return {};
    };
    // The order of real shards (persist-write-protocol §7).
    if (era == machine::Era::Old)
        INSPECTOR_CHECK(registerSchema());
    auto reader = "r" + m_ids->uuid();
    INSPECTOR_CHECK(writer.registerLeasedReader(permit, reader, kPurpose, job));
    m_writing->leasedReader = std::move(reader);
    m_writing->leaseRenewedMs = m_clock->walltimeMs();
    if (era == machine::Era::New)
        INSPECTOR_CHECK(registerSchema());
    m_state = writer.state();
    INSPECTOR_TRY(const auto upper, upperOf(*m_state));
    if (upper == Timestamp()) {
        // Somebody else may do the same at the same time: either way the shard can be read afterwards.
        INSPECTOR_CHECK(writer.compareAndAppend(permit, {Timestamp(0), Timestamp(1), {}}, job));
        m_state = writer.state();
    }
    return {};
}

Result<> CatalogHandle::readSnapshot(UpdateApplier& applier, const Job& job)
{
    INSPECTOR_TRY(m_state, refresh(job));
    INSPECTOR_TRY(m_upper, upperOf(*m_state));
    INSPECTOR_TRY(auto rows, snapshotBefore(m_upper, job));
    m_followed = m_state;
    INSPECTOR_TRY(rows, catalog::consolidate(std::move(rows), job));
    INSPECTOR_CHECK(job.step(0, 0));
    const Timestamp time(rows->commonTime);
    m_updatesApplied += rows->size();
    INSPECTOR_CHECK(applier.apply(timedUpdatesOf(rows, time)));
    m_book.consolidate();
    if (m_writing && !m_writing->leasedReader.empty() && m_upper != Timestamp()) {
        // The reader has what it needs so far; its hold on the log moves up (persist-write-protocol §7).
        renewLease(job);
    }
    return {};
}

Result<persist::UpdateList> CatalogHandle::snapshotBefore(Timestamp upper, const Job& job)
{
    const LatencyTimer timer(latency(&CatalogMetrics::snapshotLatency));
    if (metrics() != nullptr)
        ++metrics()->snapshotsTaken;
    if (upper == Timestamp())
        return std::make_shared<const persist::Updates>();
    const Timestamp asOf(upper.value() - 1);
    for (int read = 1;; ++read) {
        INSPECTOR_TRY(const auto snapshot, m_reader.snapshot(m_state, asOf, job));
        if (snapshot.updates->isComplete)
            return snapshot.updates;
        if (read == kMaxReads)
            return incomplete(*snapshot.updates);
        INSPECTOR_TRY(m_state, refresh(job));
    }
}

Result<persist::StatePtr> CatalogHandle::refresh(const Job& job)
{
    INSPECTOR_CHECK(job.step(0, 0));
    if (!m_writing)
        return m_reader.refresh(job);
    return m_writing->writer.refresh(job);
}

Result<Timestamp> CatalogHandle::upperOf(const persist::State& state)
{
    const auto upper = state.upper();
    if (!upper || state.isTombstone())
        return fail(ErrorCode::Unsupported, "shard " + state.shardId + " is finalised: it holds no catalog any more");
    return *upper;
}

Result<Timestamp> CatalogHandle::currentUpper(const Job& job)
{
    if (m_mode == catalog::Mode::Savepoint)
        return m_upper;
    INSPECTOR_TRY(m_state, refresh(job));
    return upperOf(*m_state);
}

Result<> CatalogHandle::syncToCurrentUpper(UpdateApplier& applier, const Job& job)
{
    INSPECTOR_TRY(const auto target, currentUpper(job));
    return sync(target, applier, job);
}

Result<> CatalogHandle::sync(Timestamp target, UpdateApplier& applier, const Job& job)
{
    const LatencyTimer timer(latency(&CatalogMetrics::syncLatency));
    if (metrics() != nullptr)
        ++metrics()->syncs;
    INSPECTOR_CHECK(m_token.validate());
    if (m_broken)
        return tl::unexpected(*m_broken);
    if (m_mode == catalog::Mode::Savepoint) {
        m_upper = std::max(m_upper, target);
        return {};
    }
    if (m_upper >= target)
        return {};
    if (!m_state || !persist::lessEqual(target, m_state->upper())) {
        INSPECTOR_TRY(m_state, refresh(job));
    }
    INSPECTOR_TRY(const auto available, upperOf(*m_state));
    if (available < target)
        return fail(ErrorCode::OutOfRange,
                    "time " + std::to_string(target.value()) + " cannot be followed to yet: the catalog's upper is "
                        + std::to_string(available.value()));
    INSPECTOR_TRY(auto updates, newUpdates(target, job));
    auto reached = target;
    if (!updates) {
        INSPECTOR_TRY(reached, upperOf(*m_state));
        INSPECTOR_TRY(auto rows, snapshotBefore(reached, job));
        INSPECTOR_TRY(rows, catalog::consolidate(std::move(rows), job));
        INSPECTOR_TRY(const auto difference, applier.differenceTo(rows, job));
        updates.emplace().push_back(timedUpdatesOf(difference, Timestamp(reached.value() - 1)));
    }
    m_upper = reached;
    m_followed = m_state;
    m_book.beginSync();
    for (const auto& batch : *updates) {
        m_updatesApplied += batch.entries.size();
        if (auto applied = applier.apply(batch); !applied) {
            if (applied.error().code != ErrorCode::Fenced)
                m_broken = applied.error();
            return applied;
        }
        m_book.batchApplied();
    }
    if (isAtLeast(m_options, kV82))
        m_book.consolidate();
    if (m_writing && !m_writing->leasedReader.empty()
        && m_clock->walltimeMs() - m_writing->leaseRenewedMs
            > static_cast<std::int64_t>(m_writing->writer.profile().readerLeaseMs / 4))
        renewLease(job);
    return {};
}

Result<std::optional<std::vector<TimedUpdates>>> CatalogHandle::newUpdates(Timestamp target, const Job& job)
{
    for (int read = 1;; ++read) {
        const auto straddle = straddleOf(*m_state, m_upper);
        if (straddle != Straddle::None) {
            INSPECTOR_TRY(auto followed, followDiffs(target, job));
            if (followed || straddle == Straddle::Mixed)
                return followed;
        }
        INSPECTOR_TRY(const auto history, m_reader.historySince(m_state, m_upper, job));
        if (history.updates->isComplete)
            return byTime(history.updates, m_upper, target);
        if (read == kMaxReads)
            return incomplete(*history.updates);
        INSPECTOR_TRY(m_state, refresh(job));
    }
}

/// Walks from the state that was followed before to the newest, and reads each batch from the first state that has it:
/// nothing but what is new. Nothing when the log does not go back that far, or parts are gone.
Result<std::optional<std::vector<TimedUpdates>>> CatalogHandle::followDiffs(Timestamp target, const Job& job)
{
    if (!m_followed)
        return std::nullopt;
    INSPECTOR_TRY(const auto polled, m_reader.states().poll(m_followed->seqno, job));
    const auto* fresh = std::get_if<persist::NewDiffs>(&polled);
    if (fresh == nullptr)
        return std::nullopt;
    std::vector<TimedUpdates> updates;
    auto reached = m_upper;
    // False when this state does not tell its updates apart from earlier ones.
    const auto read = [&](const persist::StatePtr& state) -> Result<bool> {
        const auto upper = state->upper();
        if (!upper || *upper <= reached)
            return upper.has_value();
        if (straddleOf(*state, reached) != Straddle::None)
            return false;
        INSPECTOR_TRY(const auto history, m_reader.historySince(state, reached, job));
        if (!history.updates->isComplete)
            return false;
        const auto next = std::min(*upper, target);
        for (auto& group : byTime(history.updates, reached, next))
            updates.push_back(std::move(group));
        reached = next;
        return true;
    };
    auto state = m_followed;
    INSPECTOR_TRY(auto isTold, read(state));
    for (const auto& diff : fresh->diffs) {
        if (!isTold || reached >= target)
            break;
        auto advanced = persist::StateReader::advance(*state, {diff});
        if (!advanced)
            return std::nullopt;
        state = std::make_shared<const persist::State>(*std::move(advanced));
        INSPECTOR_TRY(isTold, read(state));
    }
    if (!isTold || reached < target)
        return std::nullopt;
    return updates;
}

Result<std::optional<AppendMismatch>> CatalogHandle::append(const std::vector<catalog::RowChange>& changes,
                                                            Timestamp time, Timestamp next, UpdateApplier& applier,
                                                            const Job& job)
{
    INSPECTOR_TRY(const auto permit, this->permit());
    if (!m_writing)
        return internalError("the handle has no writer");
    if (next <= m_upper)
        return internalError("next_upper (" + std::to_string(next.value()) + ") not greater than current upper ("
                             + std::to_string(m_upper.value()) + ")");
    auto& writer = m_writing->writer;
    const auto expected = m_upper;
    INSPECTOR_TRY(const auto outcome,
                  writer.compareAndAppend(permit, {expected, next, rowUpdatesOf(changes, time)}, job));
    m_state = writer.state();
    if (const auto* mismatch = std::get_if<machine::UpperMismatch>(&outcome)) {
        INSPECTOR_CHECK(syncToCurrentUpper(applier, job));
        return AppendMismatch {expected, mismatch->actual.value_or(Timestamp(UINT64_MAX))};
    }
    tidyUp(permit, job);
    downgradeSince(next, job);
    return std::nullopt;
}

/// Maintenance after an append that is durable: what goes wrong here is no failure of the append, and the next one
/// tries again.
void CatalogHandle::tidyUp(const machine::WritePermit& permit, const Job& job)
{
    if (m_options.stance == machine::Stance::Owner)
        static_cast<void>(m_writing->writer.performMaintenance(permit, job));
}

void CatalogHandle::downgradeSince(Timestamp next, const Job& job)
{
    if (m_options.stance == machine::Stance::Guest)
        return;
    const auto now = m_clock->walltimeMs();
    const auto& last = m_writing->sinceDowngradedMs;
    if (last && now >= *last && now - *last < kSinceDowngradeIntervalMs)
        return;
    const auto permit = this->permit();
    if (!permit)
        return;
    const machine::Opaque opaque;
    const auto answer = m_writing->writer.compareAndDowngradeSince(*permit, criticalReaderOf(m_options), opaque, opaque,
                                                                   persist::Frontier(Timestamp(next.value() - 1)), job);
    if (answer)
        m_writing->sinceDowngradedMs = now;
}

void CatalogHandle::renewLease(const Job& job)
{
    const auto permit = this->permit();
    if (!permit)
        return;
    auto& writer = m_writing->writer;
    // An idle reader of the old era names no seqno and gets the new one, one of the new era names the one that it
    // knows (persist-write-protocol §8.1).
    std::optional<SeqNo> outstanding;
    if (writer.profile().era == machine::Era::New)
        outstanding = writer.state()->seqno;
    const auto answer = writer.downgradeSince(*permit, m_writing->leasedReader,
                                              persist::Frontier(Timestamp(m_upper.value() - 1)), outstanding, job);
    if (!answer)
        m_writing->leasedReader.clear(); // it has lapsed; the handle reads on without
    m_writing->leaseRenewedMs = m_clock->walltimeMs();
}

Result<> CatalogHandle::convertControllerReader(const Job& job)
{
    if (!isAtLeast(m_options, kV82) || m_options.stance == machine::Stance::Guest)
        return {};
    auto& writer = m_writing->writer;
    INSPECTOR_TRY(const auto permit, this->permit());
    INSPECTOR_TRY(
        const auto since,
        writer.registerCriticalReader(permit, kOldCriticalReader, std::string(kCriticalPurpose) + " (migration)", job));
    const machine::Opaque before;
    const machine::Opaque after {"PersistEpoch", 0};
    // That the opaque is another one already means that it was done before.
    INSPECTOR_CHECK(writer.compareAndDowngradeSince(permit, kOldCriticalReader, before, after, since, job));
    return {};
}

Result<> CatalogHandle::upgradeVersion(const Job& job)
{
    INSPECTOR_TRY(const auto permit, this->permit());
    return m_writing->writer.upgradeVersion(permit, job);
}

Result<> CatalogHandle::raiseUpgradeShard(const Job& job)
{
    if (!m_options.build.hasUpgradeShard || !m_options.upgradeShardId || m_options.stance == machine::Stance::Guest)
        return {};
    auto profile = this->profile();
    profile.purpose = kUpgradePurpose;
    machine::ShardWriter writer(m_writing->consensus, m_writing->blob, *m_options.upgradeShardId, profile, *m_clock,
                                *m_ids);
    auto state = writer.refresh(job);
    if (!state && state.error().code == ErrorCode::NotFound)
        return {};
    if (!state)
        return tl::unexpected(std::move(state).error());
    INSPECTOR_TRY(auto upper, upperOf(**state));
    for (;;) {
        INSPECTOR_CHECK(job.step(0, 0));
        INSPECTOR_TRY(const auto permit, m_guard.permit(upper));
        INSPECTOR_TRY(const auto outcome, writer.compareAndAppend(permit, {upper, upper.next(), {}}, job));
        const auto* mismatch = std::get_if<machine::UpperMismatch>(&outcome);
        if (mismatch == nullptr)
            return writer.expireWriter(permit, job);
        if (!mismatch->actual)
            return fail(ErrorCode::Unsupported, "the upgrade shard is finalised");
        upper = *mismatch->actual;
    }
}

Result<> CatalogHandle::expire(const Job& job)
{
    if (!m_writing || m_options.stance == machine::Stance::Guest)
        return {};
    // A fenced handle may still clean up after itself: expiry takes nothing from anybody else.
    INSPECTOR_TRY(const auto permit, WriteGuard(catalog::Mode::Writable, std::nullopt).permit(m_upper));
    INSPECTOR_CHECK(m_writing->writer.expireWriter(permit, job));
    if (!m_writing->leasedReader.empty())
        INSPECTOR_CHECK(m_writing->writer.expireLeasedReader(permit, m_writing->leasedReader, job));
    m_writing.reset();
    return {};
}

} // namespace inspector::edit
