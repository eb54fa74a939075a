#include "core/inspect/live_inspector.h"

#include "core/catalog/consolidate.h"
#include "core/inspect/row_table.h"
#include "core/inspect/tally.h"

#include <algorithm>
#include <map>
#include <mutex>

namespace inspector::inspect {

namespace {

class LiveSnapshot final : public Snapshot
{
public:
    LiveSnapshot(Reading reading, Moment moment, TypedRowsPtr rows, std::shared_ptr<SharedCrew> crew)
        : m_reading(std::move(reading))
        , m_moment(moment)
        , m_rows(std::move(rows))
        , m_crew(std::move(crew))
        , m_summaries(summariesOf(*m_rows))
    {
    }

    Moment moment() const override { return m_moment; }
    Timestamp asOf() const override { return m_reading.asOf; }
    SeqNo seqno() const override { return m_reading.seqno; }

    std::vector<CollectionSummary> collections() const override
    {
        const std::lock_guard lock(m_mutex);
        return m_summaries;
    }

    Result<> complete(const Job& job) const override
    {
        const std::lock_guard crewLock(m_crew->mutex);
        if (isComplete())
            return {};
        INSPECTOR_TRY(auto summaries, tally(*m_rows, *m_crew->crew, job, Names::Made));
        const std::lock_guard lock(m_mutex);
        m_summaries = std::move(summaries);
        m_isComplete = true;
        return {};
    }

    bool isComplete() const override
    {
        const std::lock_guard lock(m_mutex);
        return m_isComplete;
    }

    const std::vector<std::string>& warnings() const override { return m_reading.updates->warnings; }

    TablePtr entries(std::string_view collection) const override
    {
        const std::lock_guard lock(m_mutex);
        auto& table = m_tables[std::string(collection)];
        if (!table)
            table = entriesTable(m_rows, collection);
        return table;
    }

private:
    Reading m_reading;
    Moment m_moment;
    TypedRowsPtr m_rows;
    std::shared_ptr<SharedCrew> m_crew;
    mutable std::mutex m_mutex; ///< guards all below
    mutable std::vector<CollectionSummary> m_summaries;
    mutable bool m_isComplete = false;
    mutable std::map<std::string, TablePtr, std::less<>> m_tables; ///< made when asked for
};

class LiveInspector final : public Inspector
{
public:
    LiveInspector(std::unique_ptr<CatalogReader> reader, std::shared_ptr<Crew> crew, Overview overview)
        : m_reader(std::move(reader))
        , m_crew(std::make_shared<SharedCrew>(std::move(crew)))
        , m_overview(std::move(overview))
    {
    }

    Overview overview() const override
    {
        const std::lock_guard lock(m_overviewMutex);
        return m_overview;
    }

    Result<Overview> refresh(const Job& job) override
    {
        const std::lock_guard lock(m_readerMutex);
        INSPECTOR_CHECK(m_reader->refresh(job));
        if (m_reader->newestSeqno() == m_overview.seqno)
            return m_overview; // changed under both mutexes only: reading it takes one
        INSPECTOR_TRY(auto overview, m_reader->overviewAt(Moment::latest(), job));
        const std::lock_guard overviewLock(m_overviewMutex);
        m_overview = std::move(overview);
        return m_overview;
    }

    Result<SnapshotPtr> snapshotAt(Moment moment, const Job& job) override
    {
        const std::lock_guard lock(m_readerMutex);
        INSPECTOR_TRY(const auto reading, m_reader->rows(moment, job));
        return makeSnapshot(reading, moment, m_crew, job);
    }

    Result<TablePtr> trace(const TraceOptions& options, const Job& job) override
    {
        const std::lock_guard lock(m_readerMutex);
        INSPECTOR_TRY(auto history, m_reader->history(Moment::latest(), job));
        auto updates = options.from || options.to ? withinRange(*history.updates, options) : history.updates;
        if (options.consolidated) {
            INSPECTOR_TRY(updates, catalog::consolidate(std::move(updates), history.asOf, job));
        }
        INSPECTOR_TRY(const auto rows, TypedRows::make(std::move(updates), job));
        static_cast<void>(rows->names()); // made here rather than when a window paints its first cell
        return updatesTable(rows, options.collection);
    }

    Result<Timeline> timeline(const Job& job) override
    {
        const std::lock_guard lock(m_readerMutex);
        return m_reader->timeline(Moment::latest(), job);
    }

    Result<std::vector<FenceRecord>> fences(const Job& job) override
    {
        const std::lock_guard lock(m_readerMutex);
        return m_reader->fences(Moment::latest(), job);
    }

    const store::ActivityLog& activity() const override { return *m_reader->activity(); }

private:
    /// The updates of a history within a range of times: they are in time order already.
    static persist::UpdateList withinRange(const persist::Updates& all, const TraceOptions& options)
    {
        std::size_t begin = 0;
        std::size_t end = all.size();
        while (begin < end && options.from && all.timeOf(begin) < options.from->value())
            ++begin;
        while (end > begin && options.to && all.timeOf(end - 1) > options.to->value())
            --end;
        auto some = std::make_shared<persist::Updates>(all);
        const auto cut = [&](auto& values) {
            if (values.empty())
                return;
            values.erase(values.begin() + static_cast<std::ptrdiff_t>(end), values.end());
            values.erase(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(begin));
        };
        cut(some->rows);
        cut(some->times);
        cut(some->diffs);
        cut(some->origins);
        cut(some->certainties);
        return some;
    }

    std::mutex m_readerMutex; ///< one question at a time
    std::unique_ptr<CatalogReader> m_reader;
    std::shared_ptr<SharedCrew> m_crew;
    mutable std::mutex m_overviewMutex;
    Overview m_overview; ///< guarded by the mutex above
};

} // namespace

Result<SnapshotPtr> makeSnapshot(const Reading& reading, Moment moment, std::shared_ptr<SharedCrew> crew,
                                 const Job& job)
{
    INSPECTOR_TRY(auto rows, TypedRows::make(reading.updates, job));
    return SnapshotPtr(std::make_shared<const LiveSnapshot>(reading, moment, std::move(rows), std::move(crew)));
}

Result<std::unique_ptr<Inspector>> makeInspector(std::unique_ptr<CatalogReader> reader, std::shared_ptr<Crew> crew,
                                                 const Job& job)
{
    INSPECTOR_TRY(auto overview, reader->overviewAt(Moment::latest(), job));
    return std::unique_ptr<Inspector>(
        std::make_unique<LiveInspector>(std::move(reader), std::move(crew), std::move(overview)));
}

Result<std::unique_ptr<Inspector>> open(const OpenOptions& options, const Job& job)
{
    return openWithCrew(options, std::make_shared<SoloCrew>(), job);
}

Result<std::unique_ptr<Inspector>> openWithCrew(const OpenOptions& options, std::shared_ptr<Crew> crew, const Job& job)
{
    INSPECTOR_TRY(auto reader, CatalogReader::open(options, job));
    return makeInspector(std::move(reader), std::move(crew), job);
}

} // namespace inspector::inspect
