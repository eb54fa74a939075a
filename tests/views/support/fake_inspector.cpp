#include "tests/views/support/fake_inspector.h"

#include <atomic>
#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <thread>

namespace inspector::tests {

using inspect::Column;

namespace {

constexpr std::uint64_t kFirstWallClock = 1'764'000'000'000;

std::uint64_t timeOf(std::uint64_t count, const FakeCatalog& catalog)
{
    return catalog.wallClock ? kFirstWallClock + count * 60'000 : count;
}

std::string lower(std::string text)
{
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char character) { return static_cast<char>(std::tolower(character)); });
    return text;
}

struct Word
{
    std::string text;
    int column = -1;
    bool excludes = false;
};

class FakeTable final : public inspect::Table
{
public:
    FakeTable(std::string collection, std::uint32_t rows, const FakeCatalog& catalog, bool isTrace, std::uint32_t first)
        : m_collection(std::move(collection))
        , m_rows(rows)
        , m_catalog(catalog)
        , m_isTrace(isTrace)
        , m_first(first)
    {
        if (isTrace) {
            m_columns.push_back({"time", "Time", Column::Source::Update, true, false});
            m_columns.push_back({"diff", "Diff", Column::Source::Update, true, false});
            m_columns.push_back({"kind", "Kind", Column::Source::Update, false, false});
        }
        m_columns.push_back({"id", "Id", Column::Source::Key, true, false});
        m_columns.push_back({"name", "Name", Column::Source::Value, false, false});
        m_columns.push_back({"owner_id", "Owner", Column::Source::Value, false, false});
        m_columns.push_back({"password", "Password", Column::Source::Value, false, true});
        m_columns.push_back({"create_sql", "Create sql", Column::Source::Value, false, false});
    }

    std::size_t size() const override { return m_rows; }
    const std::vector<Column>& columns() const override { return m_columns; }

    std::string cell(std::uint32_t row, std::size_t column) const override
    {
        const std::string& name = m_columns.at(column).name;
        if (name == "time")
            return std::to_string(time(row).value());
        if (name == "diff")
            return diff(row) > 0 ? "+1" : "-1";
        if (name == "kind")
            return m_collection;
        if (name == "id")
            return std::to_string(row + 1);
        if (name == "name")
            return nameOf(row);
        if (name == "owner_id")
            return row % 3 == 0 ? "s1 (mz_system)" : "u" + std::to_string(row % 17 + 1);
        if (name == "password")
            return row % 5 == 0 ? "••••••" : "";
        return "CREATE TABLE [u1 AS \"materialize\".\"public\".\"" + nameOf(row) + "\"]\n  (a int4, b text)";
    }

    std::string identity(std::uint32_t row) const override
    {
        return m_collection + "/" + std::to_string(m_first + row + 1);
    }
    std::int64_t diff(std::uint32_t row) const override { return m_isTrace && row % 7 == 6 ? -1 : 1; }
    Timestamp time(std::uint32_t row) const override
    {
        const auto span = m_catalog.upper - m_catalog.since;
        return Timestamp(timeOf(m_catalog.since + (m_rows == 0 ? 0 : row * (span - 1) / m_rows), m_catalog));
    }
    persist::Certainty certainty(std::uint32_t row) const override
    {
        return time(row) < Timestamp(timeOf(m_catalog.exactFrom, m_catalog)) ? persist::Certainty::Rounded
                                                                             : persist::Certainty::Exact;
    }

    inspect::EntryDetail detail(std::uint32_t row, bool reveal) const override
    {
        inspect::EntryDetail detail;
        detail.collection = m_collection;
        detail.kind = m_collection;
        detail.title = "materialize.public." + nameOf(row);
        const std::string password = reveal ? "SCRAM-SHA-256$4096:secret" : "••••••";
        detail.hasSecret = row % 5 == 0;
        detail.tree = {{0, "key", "", "", false},
                       {1, "gid", "", "", false},
                       {2, "User", std::to_string(row + 1), "u" + std::to_string(row + 1), false},
                       {0, "value", "", "", false},
                       {1, "name", nameOf(row), "", false},
                       {1, "schema_id", "3", "materialize.public", false},
                       {1, "owner_id", std::to_string(row % 17 + 1), "role joe", false},
                       {1, "privileges", "2 grants", "SELECT, INSERT", false},
                       {2, "0", "", "joe=ar/mz_system", false},
                       {2, "1", "", "=r/mz_system", false},
                       {1, "create_sql", cell(row, m_columns.size() - 1), "", false}};
        if (detail.hasSecret)
            detail.tree.push_back({1, "password", password, "SCRAM verifier", true});
        detail.json = "{\"key\":{\"gid\":{\"User\":" + std::to_string(row + 1)
            + "}},\"kind\":\"Item\",\"value\":{\"name\":\"" + nameOf(row) + "\"}}";
        detail.prettyJson = "{\n  \"key\": {\n    \"gid\": {\n      \"User\": " + std::to_string(row + 1)
            + "\n    }\n  },\n  \"kind\": \"Item\",\n  \"value\": {\n    \"name\": \"" + nameOf(row)
            + "\",\n    \"owner_id\": null,\n    \"password\": \"" + (detail.hasSecret ? password : "") + "\"\n  }\n}";
        detail.storedForm = "SourceData";
        const BytesView bytes = bytesOf(detail.json);
        detail.storedBytes.assign(bytes.begin(), bytes.end());
        detail.time = time(row);
        detail.certainty = certainty(row);
        detail.diff = diff(row);
        detail.origin = "part p0b1a2c3d4-… of batch [3, 46)";
        return detail;
    }

    Result<> prepareFilter(const Job&) const override
    {
        const std::scoped_lock lock(m_mutex);
        prepare();
        return {};
    }

    Result<std::vector<std::uint32_t>> filter(const inspect::Filter& filter, std::span<const std::uint32_t> among,
                                              const Job& job) const override
    {
        std::vector<Word> words;
        INSPECTOR_CHECK(parse(filter.text, words));
        const std::scoped_lock lock(m_mutex);
        prepare();
        std::vector<std::uint32_t> picked;
        std::size_t looked = 0;
        for (const auto row : among) {
            if (looked++ % 4096 == 0)
                INSPECTOR_CHECK(job.step(looked, among.size()));
            const bool fits = std::all_of(words.begin(), words.end(), [&](const Word& word) {
                const bool found = word.column < 0
                    ? textOfRow(row).find(word.text) != std::string_view::npos
                    : lower(cell(row, static_cast<std::size_t>(word.column))).find(word.text) != std::string::npos;
                return found != word.excludes;
            });
            if (fits)
                picked.push_back(row);
        }
        return picked;
    }

    Result<std::vector<std::uint32_t>> sort(std::vector<std::uint32_t> rows, std::size_t column,
                                            inspect::SortOrder order, const Job& job) const override
    {
        INSPECTOR_CHECK(job.step(0, rows.size()));
        const bool numeric = m_columns.at(column).isNumeric;
        std::vector<std::string> texts(m_rows);
        for (const auto row : rows)
            texts[row] = cell(row, column);
        std::stable_sort(rows.begin(), rows.end(), [&](std::uint32_t a, std::uint32_t b) {
            if (order == inspect::SortOrder::Descending)
                std::swap(a, b);
            return numeric ? std::stoll(texts[a]) < std::stoll(texts[b]) : texts[a] < texts[b];
        });
        return rows;
    }

private:
    std::string nameOf(std::uint32_t row) const
    {
        std::string name = (row % 2 == 0 ? "orders_" : "customers_") + std::to_string(row);
        if (m_catalog.longNames)
            for (int i = 0; i < 60; ++i)
                name += "_with_a_long_name";
        return name;
    }

    Result<> parse(const std::string& text, std::vector<Word>& words) const
    {
        std::size_t at = 0;
        while (at < text.size()) {
            const std::size_t end = std::min(text.find(' ', at), text.size());
            Word word {lower(text.substr(at, end - at)), -1, false};
            at = end + 1;
            if (word.text.starts_with('-')) {
                word.excludes = true;
                word.text.erase(0, 1);
            }
            if (const auto colon = word.text.find(':'); colon != std::string::npos) {
                const std::string name = word.text.substr(0, colon);
                const auto found = std::find_if(m_columns.begin(), m_columns.end(),
                                                [&](const Column& column) { return column.name == name; });
                if (found == m_columns.end())
                    return fail(ErrorCode::InvalidInput, "there is no column " + name);
                word.column = static_cast<int>(found - m_columns.begin());
                word.text.erase(0, colon + 1);
            }
            if (!word.text.empty())
                words.push_back(std::move(word));
        }
        return {};
    }

    void prepare() const
    {
        if (!m_ends.empty())
            return;
        for (std::uint32_t row = 0; row < m_rows; ++row) {
            for (std::size_t column = 0; column < m_columns.size(); ++column)
                m_text += lower(cell(row, column)) + '\n';
            m_ends.push_back(m_text.size());
        }
    }

    std::string_view textOfRow(std::uint32_t row) const
    {
        const std::size_t start = row == 0 ? 0 : m_ends[row - 1];
        return std::string_view(m_text).substr(start, m_ends[row] - start);
    }

    std::string m_collection;
    std::uint32_t m_rows;
    FakeCatalog m_catalog;
    bool m_isTrace;
    std::uint32_t m_first;
    std::vector<Column> m_columns;
    mutable std::mutex m_mutex; ///< guards the two below
    mutable std::string m_text;
    mutable std::vector<std::size_t> m_ends;
};

class FakeSnapshot final : public inspect::Snapshot
{
public:
    FakeSnapshot(inspect::Moment moment, Timestamp asOf, SeqNo seqno, FakeCatalog catalog)
        : m_moment(moment)
        , m_asOf(asOf)
        , m_seqno(seqno)
        , m_catalog(std::move(catalog))
    {
        const auto first = timeOf(m_catalog.since, m_catalog);
        const auto last = timeOf(m_catalog.upper - 1, m_catalog);
        const auto grown = [&](std::uint32_t rows) {
            return last == first ? rows : static_cast<std::uint32_t>(rows * (m_asOf.value() - first) / (last - first));
        };
        const auto add = [&](const char* name, const char* title, const char* help, std::uint64_t rows) {
            m_collections.push_back({name, title, help, rows, rows * 310, 0, false, true});
        };
        if (m_catalog.initialized) {
            add("database", "Databases", "Databases and who owns them.", 2);
            add("schema", "Schemas", "Schemas of databases, and those without one.", 9);
            add("role", "Roles", "Roles with their attributes and memberships.", 14);
            add("cluster", "Clusters", "Clusters and how they are configured.", 5);
            add("cluster_replica", "Cluster replicas", "Replicas of clusters.", 6);
            add("item", "Items", "Tables, views, sources, sinks, indexes, connections, types and functions.",
                grown(m_catalog.items));
            add("comment", "Comments", "Comments on objects.", 0);
            add("setting", "Settings", "Text settings by name.", 3);
            add("audit_log", "Audit log", "Who changed what, and when.", grown(m_catalog.auditRows));
            m_collections.back().isLarge = true;
            m_collections.push_back(
                {"Gadget", "Gadget", "A kind that this build does not know.", 3, 512, 3, false, false});
        }
    }

    inspect::Moment moment() const override { return m_moment; }
    Timestamp asOf() const override { return m_asOf; }
    SeqNo seqno() const override { return m_seqno; }
    std::vector<inspect::CollectionSummary> collections() const override
    {
        auto collections = m_collections;
        for (auto& summary : collections) {
            if (!m_isComplete)
                summary.problems.reset();
            else if (!summary.problems)
                summary.problems = 0;
        }
        return collections;
    }
    Result<> complete(const Job& job) const override
    {
        INSPECTOR_CHECK(job.step(0, 0));
        m_isComplete = true;
        return {};
    }
    bool isComplete() const override { return m_isComplete; }
    inspect::TablePtr entries(std::string_view collection) const override
    {
        for (const auto& summary : m_collections) {
            if (summary.name == collection)
                return fakeTable(summary.name, static_cast<std::uint32_t>(summary.rows), m_catalog);
        }
        return fakeTable(std::string(collection), 0, m_catalog);
    }
    const std::vector<std::string>& warnings() const override { return m_catalog.warnings; }

private:
    inspect::Moment m_moment;
    Timestamp m_asOf;
    SeqNo m_seqno;
    FakeCatalog m_catalog;
    std::vector<inspect::CollectionSummary> m_collections;
    mutable std::atomic<bool> m_isComplete = false;
};

} // namespace

inspect::TablePtr fakeTable(const std::string& collection, std::uint32_t rows, const FakeCatalog& catalog, bool isTrace,
                            std::uint32_t first)
{
    return std::make_shared<FakeTable>(collection, rows, catalog, isTrace, first);
}

FakeInspector::FakeInspector(FakeCatalog catalog)
    : m_catalog(std::move(catalog))
{
}

void FakeInspector::change(FakeCatalog catalog)
{
    const std::scoped_lock lock(m_mutex);
    m_catalog = std::move(catalog);
}

FakeCatalog FakeInspector::catalog() const
{
    const std::scoped_lock lock(m_mutex);
    return m_catalog;
}

Result<> FakeInspector::work(const std::string& statement, const Job& job)
{
    store::Activity activity;
    activity.walltimeMs = 1'764'000'000'000;
    activity.store = "sqlite:///fake.mzcat";
    activity.statement = statement;
    activity.parameters = "s1234";
    activity.duration = std::chrono::microseconds(840);
    activity.rows = 12;
    activity.bytes = 52'340;
    m_log.add(activity);
    const auto delay = catalog().delay;
    const auto end = std::chrono::steady_clock::now() + delay;
    while (std::chrono::steady_clock::now() < end) {
        INSPECTOR_CHECK(job.step(1, 3));
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return job.step(3, 3);
}

inspect::Overview FakeInspector::overview() const
{
    const FakeCatalog now = catalog();
    inspect::Overview overview;
    overview.environmentId = "aws-us-east-1-1b6e7a52-9a1e-4f6b-8f0a-2d1f6f3c9a01-0";
    overview.organizationId = "1b6e7a52-9a1e-4f6b-8f0a-2d1f6f3c9a01";
    overview.shardId = "scc3717e5-3bea-1e28-2e8b-ec76cd7bfc6d";
    overview.consensus = "postgres://db.example:26257/consensus";
    overview.blob = "s3://persist-blobs/production";
    overview.seqno = SeqNo(72);
    overview.earliestSeqno = SeqNo(41);
    overview.since = Timestamp(timeOf(now.since, now));
    overview.upper = Timestamp(timeOf(now.upper, now));
    overview.applierVersion = "0.125.0";
    overview.hostname = "environmentd-0";
    overview.walltimeMs = 1'764'000'000'000;
    overview.isInitialized = now.initialized;
    overview.epoch = 6;
    overview.deployGeneration = 2;
    overview.catalogVersion = 72;
    overview.contentVersion = "0.125.0";
    overview.enable0dtDeployment = true;
    overview.zeroDowntimeMaxWaitMs = 259'200'000;
    overview.zeroDowntimePanicAfterTimeout = false;
    overview.systemConfigSyncedOnce = true;
    overview.handles = {
        {"Writers", "w4f0e4c1c-2d9b-4b0e-8f5e-000000000001", "environmentd-0, heartbeat 12 s ago"},
        {"Leased readers", "r4f0e4c1c-2d9b-4b0e-8f5e-000000000002", "environmentd-0, holds v70, since 44"},
        {"Critical readers", "c00000000-1111-2222-3333-444444444444", "since 44, opaque 2"}};
    overview.warnings = now.warnings;
    return overview;
}

Result<inspect::Overview> FakeInspector::refresh(const Job& job)
{
    INSPECTOR_CHECK(work("SELECT sequence_number, data FROM consensus WHERE shard = $1 ORDER BY 1 DESC LIMIT 1", job));
    if (const auto error = catalog().snapshotError)
        return tl::unexpected<Error>(*error);
    return overview();
}

Result<inspect::SnapshotPtr> FakeInspector::snapshotAt(inspect::Moment moment, const Job& job)
{
    INSPECTOR_CHECK(work("GET part", job));
    const FakeCatalog now = catalog();
    if (now.snapshotError)
        return tl::unexpected<Error>(*now.snapshotError);
    const auto since = timeOf(now.since, now);
    const auto upper = timeOf(now.upper, now);
    auto asOf = upper - 1;
    if (now.wallClock)
        asOf = timeOf(now.upper - 1, now);
    auto seqno = SeqNo(72);
    if (moment.kind == inspect::Moment::Kind::AsOf) {
        if (moment.value < since || moment.value >= upper)
            return fail(ErrorCode::OutOfRange,
                        "as_of " + std::to_string(moment.value) + " is outside [" + std::to_string(since) + ", "
                            + std::to_string(upper) + "): choose a time from " + std::to_string(since) + " to "
                            + std::to_string(upper - 1));
        asOf = moment.value;
    } else if (moment.kind == inspect::Moment::Kind::AtSeqno) {
        if (moment.value < 41 || moment.value > 72)
            return fail(ErrorCode::OutOfRange,
                        "seqno v" + std::to_string(moment.value) + " is outside [v41, v72]: older states are gone");
        seqno = SeqNo(moment.value);
        asOf = std::max(since, asOf - (72 - moment.value) * (now.wallClock ? 60'000 : 1));
    }
    return std::make_shared<FakeSnapshot>(moment, Timestamp(asOf), seqno, now);
}

Result<inspect::TablePtr> FakeInspector::trace(const inspect::TraceOptions& options, const Job& job)
{
    INSPECTOR_CHECK(work("GET part", job));
    const FakeCatalog now = catalog();
    if (now.traceError)
        return tl::unexpected<Error>(*now.traceError);
    const std::string collection = options.collection.empty() ? "item" : options.collection;
    return fakeTable(collection, collection == "audit_log" ? now.auditRows : now.items, now, true);
}

Result<inspect::Timeline> FakeInspector::timeline(const Job& job)
{
    INSPECTOR_CHECK(work("SELECT sequence_number, data FROM consensus WHERE shard = $1", job));
    const FakeCatalog now = catalog();
    if (now.timelineError)
        return tl::unexpected<Error>(*now.timelineError);
    inspect::Timeline timeline;
    timeline.since = Timestamp(timeOf(now.since, now));
    timeline.upper = Timestamp(timeOf(now.upper, now));
    timeline.exactFrom = Timestamp(timeOf(now.exactFrom, now));
    for (std::uint64_t seqno = 41; seqno <= 72; ++seqno) {
        inspect::SeqnoStep step;
        step.seqno = SeqNo(seqno);
        step.walltimeMs = 1'764'000'000'000 + static_cast<std::int64_t>(seqno) * 41'000;
        step.hostname = "environmentd-0";
        step.applierVersion = "0.125.0";
        step.since = Timestamp(timeOf(seqno - 31, now));
        step.upper = Timestamp(timeOf(std::min(now.upper, seqno - 26), now));
        step.change = seqno % 4 == 0
            ? "rollup v" + std::to_string(seqno - 1)
            : "append [" + std::to_string(seqno - 27) + ", " + std::to_string(seqno - 26) + "), 3 updates";
        timeline.seqnos.push_back(step);
    }
    for (std::uint64_t time = now.since; time < now.upper; ++time) {
        if (time % 5 != 3)
            timeline.times.push_back({Timestamp(timeOf(time, now)), 1 + (time * 7919) % 40,
                                      time < now.exactFrom ? persist::Certainty::Rounded : persist::Certainty::Exact});
    }
    return timeline;
}

Result<std::vector<inspect::FenceRecord>> FakeInspector::fences(const Job& job)
{
    INSPECTOR_CHECK(work("GET part", job));
    const FakeCatalog now = catalog();
    if (now.fencesError)
        return tl::unexpected<Error>(*now.fencesError);
    return std::vector<inspect::FenceRecord> {
        {1, 4, Timestamp(timeOf(now.since, now)), 1, std::nullopt, persist::Certainty::Rounded,
         "generation 1, epoch 5 at time 12"},
        {1, 5, Timestamp(timeOf(12, now)), 1, SeqNo(44), persist::Certainty::Exact, "generation 2, epoch 6 at time 31"},
        {2, 6, Timestamp(timeOf(31, now)), 1, SeqNo(58), persist::Certainty::Exact, ""}};
}

} // namespace inspector::tests
