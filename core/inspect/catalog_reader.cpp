#include "core/inspect/catalog_reader.h"

#include "core/catalog/consolidate.h"
#include "core/inspect/choose_shard.h"
#include "core/inspect/fence_history.h"
#include "core/inspect/overview.h"
#include "core/persist/shard_reader.h"
#include "core/persist/state_json.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <set>

namespace inspector::inspect {

namespace {

using Clock = std::chrono::steady_clock;

/// Adds the time until its end to a sum.
class Stopwatch
{
public:
    explicit Stopwatch(std::chrono::nanoseconds& sum)
        : m_sum(sum)
    {
    }
    ~Stopwatch() { m_sum += Clock::now() - m_begun; }
    Stopwatch(const Stopwatch&) = delete;
    Stopwatch& operator=(const Stopwatch&) = delete;

private:
    std::chrono::nanoseconds& m_sum;
    Clock::time_point m_begun = Clock::now();
};

template <typename T>
void permute(std::vector<T>& values, const std::vector<std::uint32_t>& order)
{
    if (values.empty())
        return;
    std::vector<T> sorted;
    sorted.reserve(values.size());
    for (const auto i : order)
        sorted.push_back(values[i]);
    values = std::move(sorted);
}

/// The updates that `keep` accepts, in the order of their times.
template <typename Keep>
persist::UpdateList inTimeOrder(const persist::Updates& updates, const Keep& keep)
{
    std::vector<std::uint32_t> order;
    order.reserve(updates.size());
    for (std::size_t i = 0; i < updates.size(); ++i) {
        if (keep(i))
            order.push_back(static_cast<std::uint32_t>(i));
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return updates.timeOf(a) < updates.timeOf(b); });
    auto sorted = std::make_shared<persist::Updates>(updates);
    permute(sorted->rows, order);
    permute(sorted->times, order);
    permute(sorted->diffs, order);
    permute(sorted->origins, order);
    permute(sorted->certainties, order);
    if (order.empty())
        sorted->rows.clear();
    return sorted;
}

/// What the reference reads of a history at one time without merging: every time becomes that time, and equal rows that
/// follow each other in a part are summed while the part is decoded (catalog-model §2.13).
persist::UpdateList asReadAt(const persist::Updates& history, std::uint64_t asOf)
{
    auto read = std::make_shared<persist::Updates>();
    read->commonTime = asOf;
    read->parts = history.parts;
    read->warnings = history.warnings;
    read->owners = history.owners;
    std::vector<std::int64_t> diffs;
    for (std::size_t i = 0; i < history.size();) {
        const auto& row = history.rows[i];
        std::int64_t sum = 0;
        const auto first = i;
        bool isRead = false;
        for (; i < history.size(); ++i) {
            const auto& next = history.rows[i];
            if (next.form != row.form || next.bytes() != row.bytes() || history.origins[i] != history.origins[first])
                break;
            if (history.timeOf(i) <= asOf) {
                sum += history.diffOf(i);
                isRead = true;
            }
        }
        if (!isRead || sum == 0)
            continue;
        read->rows.push_back(row);
        read->origins.push_back(history.origins[first]);
        diffs.push_back(sum);
    }
    if (std::any_of(diffs.begin(), diffs.end(), [](std::int64_t diff) { return diff != 1; }))
        read->diffs = std::move(diffs);
    return read;
}

/// The bytes of a part: of an inline one the state holds them itself and notes no size.
std::uint64_t sizeOf(const persist::BatchPart& part)
{
    const auto* inlined = std::get_if<persist::InlinePart>(&part.content);
    return inlined != nullptr ? inlined->bytes.size() : part.encodedSizeBytes;
}

class LiveCatalogReader final : public CatalogReader
{
public:
    LiveCatalogReader(store::Stores stores, std::shared_ptr<store::ActivityLog> log, ChosenShard shard)
        : m_stores(std::move(stores))
        , m_log(std::move(log))
        , m_chosen(std::move(shard))
        , m_shard(m_chosen.reader
                      ? std::move(m_chosen.reader)
                      : std::make_shared<persist::ShardReader>(*m_stores.consensus, *m_stores.blob, m_chosen.shardId))
    {
    }

    void noteOpenTime(std::chrono::nanoseconds time) { m_times.open = time; }

    Result<> refresh(const Job& job) override
    {
        const Stopwatch watch(m_times.open);
        INSPECTOR_TRY(m_state, m_shard->refresh(job).during("reading the state of shard " + m_chosen.shardId.text()));
        INSPECTOR_TRY(const auto oldest, m_stores.consensus->scan(m_chosen.shardId.text(), SeqNo(), 1, job));
        m_earliest = oldest.empty() ? m_state->seqno : oldest.front().seqno;
        return {};
    }

    SeqNo newestSeqno() const override { return m_state->seqno; }

    Result<Reading> rows(Moment moment, const Job& job) override
    {
        INSPECTOR_TRY(const auto at, placeOf(moment, job));
        if (m_lastRows && m_lastRows->seqno == at.state->seqno && m_lastRows->asOf == at.asOf)
            return *m_lastRows;
        persist::SnapshotRead snapshot;
        {
            const Stopwatch watch(m_times.parts);
            INSPECTOR_TRY(snapshot, m_shard->snapshot(at.state, at.asOf, job).during("reading the rows"));
        }
        const Stopwatch watch(m_times.consolidate);
        INSPECTOR_TRY(auto updates, catalog::consolidate(std::move(snapshot.updates), job));
        auto reading = readingOf(std::move(updates), *snapshot.state, snapshot.asOf);
        // The overview and the first snapshot ask for the same rows. What was incomplete is asked for again.
        if (reading.updates->warnings.empty())
            m_lastRows = reading;
        return reading;
    }

    Result<Reading> unconsolidated(Moment moment, const Job& job) override
    {
        INSPECTOR_TRY(const auto at, placeOf(moment, job));
        INSPECTOR_TRY(const auto history, historyOf(at.state, job));
        return readingOf(asReadAt(*history.updates, at.asOf.value()), *history.state, at.asOf);
    }

    Result<Reading> history(Moment moment, const Job& job) override
    {
        if (moment.kind == Moment::Kind::Latest) {
            INSPECTOR_TRY(const auto longest, longestHistory(job));
            INSPECTOR_TRY(const auto newest, persist::ShardReader::latestTime(*longest.state));
            return readingOf(inTimeOrder(*longest.updates, [](std::size_t) { return true; }), *longest.state, newest);
        }
        INSPECTOR_TRY(const auto at, placeOf(moment, job));
        INSPECTOR_TRY(const auto history, historyOf(at.state, job));
        const auto& updates = *history.updates;
        // Compaction may have moved times up to a since at or beyond upper: only a time asked for leaves updates out.
        const bool isAll = moment.kind != Moment::Kind::AsOf;
        auto sorted =
            inTimeOrder(updates, [&](std::size_t i) { return isAll || updates.timeOf(i) <= at.asOf.value(); });
        return readingOf(std::move(sorted), *history.state, at.asOf);
    }

    Result<Overview> overviewAt(Moment moment, const Job& job) override
    {
        INSPECTOR_TRY(const auto state, stateOf(moment, job));
        auto overview = overviewOf(*state);
        overview.environmentId = m_chosen.environmentId;
        overview.organizationId = m_chosen.organizationId;
        overview.consensus = m_stores.consensus->description();
        overview.blob = m_stores.blob->description();
        overview.earliestSeqno = m_earliest;
        const bool holdsRows = !state->isTombstone() && state->upper() != persist::Frontier(Timestamp());
        if (!holdsRows && moment.kind != Moment::Kind::AsOf) {
            overview.warnings.emplace_back("the shard holds no rows: the catalog is not initialized");
            return overview;
        }
        INSPECTOR_TRY(const auto reading, rows(moment, job));
        addRowFacts(*reading.updates, overview);
        return overview;
    }

    Result<Timeline> timeline(Moment moment, const Job& job) override
    {
        INSPECTOR_TRY(const auto last, stateOf(moment, job));
        INSPECTOR_TRY(const auto log, m_shard->log(job));
        Timeline timeline;
        for (const auto& step : log.steps) {
            if (moment != Moment::latest() && step.seqno > last->seqno)
                break;
            timeline.seqnos.push_back({step.seqno, static_cast<std::int64_t>(step.walltimeMs), step.hostname,
                                       step.applierVersion, step.since, step.upper, step.change});
        }
        timeline.since = m_state->since();
        timeline.upper = m_state->upper();
        INSPECTOR_TRY(const auto history, longestHistory(job));
        timeline.exactFrom = history.exactFrom;
        timeline.times = timePointsOf(*history.updates);
        return timeline;
    }

    Result<std::vector<FenceRecord>> fences(Moment moment, const Job& job) override
    {
        INSPECTOR_TRY(const auto last, stateOf(moment, job));
        // A batch that an older state lists and that compaction has replaced may still hold superseded tokens.
        std::set<persist::BatchPtr> seen;
        std::vector<std::pair<persist::StatePtr, std::optional<SeqNo>>> pieces;
        const auto collect = [&](const persist::State& state, const persist::StateDiff&) {
            if (moment != Moment::latest() && state.seqno > last->seqno)
                return false;
            auto piece = std::make_shared<persist::State>(state);
            piece->trace = {};
            piece->trace.since = state.since();
            for (const auto& batch : state.batches()) {
                if (seen.insert(batch).second && !batch->parts.empty())
                    piece->trace.legacyBatches.push_back(batch);
            }
            if (!piece->trace.legacyBatches.empty())
                pieces.emplace_back(std::move(piece),
                                    state.seqno == m_earliest ? std::nullopt : std::optional(state.seqno));
            return true;
        };
        const auto walked = m_shard->states().visitLive(collect, job);
        if (!walked && walked.error().code == ErrorCode::Cancelled)
            return tl::unexpected(walked.error());
        if (!walked) // the newest state is there all the same
            pieces.assign(1, {last, std::nullopt});
        FenceHistory found;
        for (const auto& [piece, seqno] : pieces) {
            INSPECTOR_TRY(const auto read, m_shard->history(piece, job));
            found.add(*read.updates, seqno);
        }
        if (moment.kind == Moment::Kind::AsOf)
            found.dropAfter(Timestamp(moment.value));
        return std::move(found).finish();
    }

    Result<std::string> stateJson(Moment moment, const Job& job) override
    {
        INSPECTOR_TRY(const auto state, stateOf(moment, job));
        return persist::stateJson(*state, persist::JsonLayout::Compact);
    }

    Result<> writeStateDiffs(Moment moment, Sink& to, const Job& job) override
    {
        INSPECTOR_TRY(const auto last, stateOf(moment, job));
        persist::StatePtr previous;
        Result<> written;
        const auto step = [&](const persist::State& state, const persist::StateDiff&) {
            if (moment != Moment::latest() && state.seqno > last->seqno)
                return false;
            auto next = std::make_shared<const persist::State>(state);
            if (previous)
                written = to.write(persist::stateStepJson(*previous, *next) + "\n");
            previous = std::move(next);
            return written.has_value();
        };
        INSPECTOR_CHECK(m_shard->states().visitLive(step, job).during("reading the older states"));
        return written;
    }

    Result<std::vector<Fact>> stateFacts(Moment moment, const Job& job) override
    {
        INSPECTOR_TRY(const auto state, stateOf(moment, job));
        return factsOf(*state);
    }

    Result<std::string> rollupsJson(Moment moment, const Job& job) override
    {
        INSPECTOR_TRY(const auto found, rollupsAt(moment, job));
        return compactJson(persist::rollupsJson(found));
    }

    Result<std::vector<RollupSummary>> rollups(Moment moment, const Job& job) override
    {
        INSPECTOR_TRY(const auto found, rollupsAt(moment, job));
        std::vector<RollupSummary> rollups;
        for (const auto& [key, rollup] : found)
            rollups.push_back({rollup.state.seqno, key, rollup.raw.size(),
                               static_cast<std::int64_t>(rollup.state.walltimeMs), rollup.state.hostname});
        return rollups;
    }

    Result<std::vector<PartSummary>> parts(Moment moment, const Job& job) override
    {
        INSPECTOR_TRY(const auto state, stateOf(moment, job));
        std::vector<PartSummary> parts;
        for (const auto& batch : state->batches()) {
            for (std::size_t i = 0; i < batch->parts.size(); ++i) {
                const auto& part = batch->parts[i];
                const auto run = std::upper_bound(batch->runs.begin(), batch->runs.end(), i) - batch->runs.begin();
                parts.push_back({textOf(batch->description), batch->description.lower, batch->description.upper,
                                 batch->description.since, static_cast<std::uint64_t>(run), part.name(), sizeOf(part)});
            }
        }
        return parts;
    }

    const ReadTimes& times() const override
    {
        m_times.bytesRead = m_log->totals().bytes;
        return m_times;
    }

    const std::shared_ptr<store::ActivityLog>& activity() const override { return m_log; }

private:
    /// Where a moment is read: in which state, at which time.
    struct Place
    {
        persist::StatePtr state;
        Timestamp asOf;
    };

    Result<Place> placeOf(Moment moment, const Job& job)
    {
        switch (moment.kind) {
        case Moment::Kind::AsOf:
            INSPECTOR_CHECK(persist::ShardReader::checkReadable(*m_state, Timestamp(moment.value)));
            return Place {m_state, Timestamp(moment.value)};
        case Moment::Kind::AtSeqno: {
            INSPECTOR_TRY(auto state, m_shard->stateAt(SeqNo(moment.value), job));
            INSPECTOR_TRY(const auto asOf, persist::ShardReader::latestTime(*state));
            return Place {std::move(state), asOf};
        }
        case Moment::Kind::Latest:
            break;
        }
        INSPECTOR_TRY(const auto asOf, persist::ShardReader::latestTime(*m_state));
        return Place {m_state, asOf};
    }

    /// The state that a moment is about: for a catalog time the first live one in which that time was complete.
    Result<persist::StatePtr> stateOf(Moment moment, const Job& job)
    {
        if (moment.kind == Moment::Kind::AtSeqno)
            return m_shard->stateAt(SeqNo(moment.value), job);
        if (moment.kind == Moment::Kind::Latest)
            return m_state;
        INSPECTOR_CHECK(persist::ShardReader::checkReadable(*m_state, Timestamp(moment.value)));
        auto found = m_state;
        const auto visit = [&](const persist::State& state, const persist::StateDiff&) {
            const auto upper = state.upper();
            if (upper && upper->value() <= moment.value)
                return true;
            found = std::make_shared<const persist::State>(state);
            return false;
        };
        INSPECTOR_CHECK(m_shard->states().visitLive(visit, job).during("reading the older states"));
        return found;
    }

    Result<std::vector<std::pair<std::string, persist::Rollup>>> rollupsAt(Moment moment, const Job& job)
    {
        INSPECTOR_TRY(auto found, m_shard->states().rollups(job));
        if (moment == Moment::latest())
            return std::move(found.rollups);
        INSPECTOR_TRY(const auto state, stateOf(moment, job));
        std::erase_if(found.rollups, [&](const auto& rollup) {
            return std::none_of(state->rollups.begin(), state->rollups.end(),
                                [&](const auto& named) { return named.second.key == rollup.first; });
        });
        return std::move(found.rollups);
    }

    Result<persist::HistoryRead> historyOf(const persist::StatePtr& state, const Job& job)
    {
        const Stopwatch watch(m_times.parts);
        return m_shard->history(state, job).during("reading the history");
    }

    /// Of the newest state, with what older states still list.
    Result<persist::HistoryRead> longestHistory(const Job& job)
    {
        const Stopwatch watch(m_times.parts);
        return m_shard->longestHistory(job).during("reading the history");
    }

    static Reading readingOf(persist::UpdateList updates, const persist::State& state, Timestamp asOf)
    {
        return {std::move(updates), asOf, state.seqno, state.since(), state.upper()};
    }

    store::Stores m_stores;
    std::shared_ptr<store::ActivityLog> m_log;
    ChosenShard m_chosen;
    std::shared_ptr<persist::ShardReader> m_shard; ///< refers to the stores above
    persist::StatePtr m_state;                     ///< the newest that was read; set before open() answers
    SeqNo m_earliest;                              ///< oldest version in consensus
    std::optional<Reading> m_lastRows;             ///< the newest answer of rows()
    mutable ReadTimes m_times;
};

} // namespace

Result<std::unique_ptr<CatalogReader>> CatalogReader::open(const OpenOptions& options, const Job& job)
{
    const auto begun = Clock::now();
    auto log = std::make_shared<store::ActivityLog>();
    INSPECTOR_TRY(auto stores, store::openStores(options.location, log, job));
    INSPECTOR_TRY(auto shard, chooseShard(options.shard, stores, job));
    auto reader = std::make_unique<LiveCatalogReader>(std::move(stores), std::move(log), std::move(shard));
    INSPECTOR_CHECK(reader->refresh(job));
    reader->noteOpenTime(Clock::now() - begun);
    return std::unique_ptr<CatalogReader>(std::move(reader));
}

} // namespace inspector::inspect
