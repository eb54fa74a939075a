#include "core/machine/layered_spine.h"
#include "core/persist/spine.h"
#include "core/store/writable_location.h"
#include "tests/concurrency/catalog_history.h"
#include "tests/support/fixture.h"
#include "tests/support/process.h"
#include "tests/support/throwaway_postgres.h"

#include <QTemporaryDir>
#include <QtTest>

#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

using namespace inspector;
using namespace inspector::races;
using Server = inspector::test::ThrowawayPostgres;

namespace {

const Job kJob;
constexpr unsigned kSeed = 20261124;
/// How far a catalog is written at least. A time takes one version or more.
constexpr std::uint64_t kLeastUpper = 400;
/// The first rollup after the one that a shard begins with comes later.
constexpr std::uint64_t kLeastCut = 100;
/// How often it is taken over at least.
constexpr std::int64_t kLeastEpoch = 25;
/// That must be so after this time, and is after a fifth of it.
constexpr std::chrono::seconds kLongest(45);
/// Of the workers' clock: readers that nobody gives back lapse after two seconds.
constexpr std::int64_t kSpeed = 400;

ShardId shard()
{
    return wellKnownShard("00000000-0000-0000-0000-000000000000", WellKnownShard::Catalog);
}

/// The keys of the blobs that a state lists.
void collectBlobs(const persist::State& state, std::set<std::string>& keys)
{
    const auto prefix = state.shardId + "/";
    for (const auto& [seqno, rollup] : state.rollups)
        keys.insert(prefix + rollup.key);
    for (const auto& batch : state.batches())
        for (const auto& part : batch->parts)
            if (!std::holds_alternative<persist::InlinePart>(part.content))
                keys.insert(prefix + part.name());
}

/// Several appends that became one batch.
bool isCompacted(const persist::HollowBatch& batch)
{
    const auto& [lower, upper, since] = batch.description;
    return !batch.parts.empty() && lower && upper && upper->value() - lower->value() > 1;
}

} // namespace

/// Whole catalogs that several processes write to at once, read back by a reader that shares nothing with the writers.
class TestCatalogRaces : public QObject
{
    Q_OBJECT

private:
    struct Process
    {
        std::string name;
        std::string output;
        pid_t id = -1;
        bool isKilled = false;
    };

    QTemporaryDir m_folder;
    std::unique_ptr<Server> m_server;
    int m_run = 0;
    store::Location m_location;
    std::uint64_t m_version = 92;
    std::int64_t m_clockBase = 0;
    std::vector<Process> m_processes;

    [[nodiscard]] std::string path(const std::string& name) const
    {
        return m_folder.path().toStdString() + "/" + std::to_string(m_run) + name;
    }

    void begin(const QString& kind, std::uint64_t version)
    {
        ++m_run;
        m_version = version;
        m_clockBase = SystemClock().walltimeMs();
        m_processes.clear();
        if (kind == "catalog file") {
            m_location = store::Location::ofCatalogFile(path("races.mzcat"));
            return;
        }
        if (!m_server) {
            auto server = Server::start();
            if (!server)
                qFatal("%s", server.error().describe().c_str());
            m_server = *std::move(server);
        }
        const auto schema = "races_" + std::to_string(m_run);
        if (!m_server->createTable(schema))
            qFatal("no table");
        std::filesystem::create_directory(path("blobs"));
        m_location = {m_server->socketUrl(Server::kOwner, "options=--search_path%3D" + schema),
                      "file://" + path("blobs")};
    }

    Process& start(const std::string& name, const std::vector<std::string>& command)
    {
        Process process;
        process.name = name;
        process.output = path(name + ".log");
        process.id = test::start(command, process.output);
        if (process.id < 0)
            qFatal("the process does not start");
        m_processes.push_back(process);
        return m_processes.back();
    }

    Process& startWorker(const std::string& name, unsigned seed, std::int64_t speed)
    {
        return start(name,
                     {WORKER, m_location.consensusUrl, m_location.blobUrl, std::to_string(m_version), name,
                      path("done"), std::to_string(seed), std::to_string(m_clockBase), std::to_string(speed)});
    }

    void startWatcher(const char* patience)
    {
        for (int i = 0; i < 2000 && !store::openStores(m_location, {}, kJob); ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        start("watcher",
              {WATCHER, m_location.consensusUrl, m_location.blobUrl, std::to_string(m_version), path("enough"),
               patience});
    }

    enum class Garbage { None, MayBe };

    /// Whether everything has happened that a run is about.
    [[nodiscard]] bool isWritten(Garbage garbage) const
    {
        const auto stores = store::openStores(m_location, {}, kJob);
        if (!stores)
            return false;
        persist::ShardReader reader(*stores->consensus, *stores->blob, shard());
        const auto book = Ledger::read(reader, *catalog::RowSchema::load(m_version), kJob);
        if (!book || !*book || (*book)->upper < kLeastUpper || (*book)->token->epoch.value() < kLeastEpoch)
            return false;
        const auto oldest = stores->consensus->scan(shard().text(), SeqNo(0), 1, kJob);
        // Readers of killed writers hold the log until they lapse.
        return oldest && !oldest->empty() && (garbage == Garbage::MayBe || oldest->front().seqno.value() > kLeastCut);
    }

    /// Tells the workers to come to an end, waits for everybody; what they wrote down.
    void finish(CatalogHistory& history)
    {
        std::string trouble;
        const auto finishOne = [&](const Process& process) {
            const int code = process.isKilled ? 0 : test::waitFor(process.id);
            const auto lines = test::contentOf(process.output).value_or("");
            history.add(process.name, lines);
            if (code != 0 && trouble.empty())
                trouble = process.name + " ended with " + std::to_string(code) + ": "
                    + lines.substr(lines.size() > 600 ? lines.size() - 600 : 0);
        };
        std::ofstream(path("done")) << "done";
        for (const auto& process : m_processes)
            if (process.name != "watcher")
                finishOne(process);
        std::ofstream(path("enough")) << "enough";
        for (const auto& process : m_processes)
            if (process.name == "watcher")
                finishOne(process);
        qInfo("%s", history.summary().c_str());
        QVERIFY2(trouble.empty(), trouble.c_str());
    }

    /// Every live state obeys every rule, follows from the one before, and maintenance has been there.
    void compareStates(Garbage garbage)
    {
        const auto stores = store::openStores(m_location, {}, kJob);
        QVERIFY2(stores, stores ? "" : stores.error().describe().c_str());
        const auto era = m_version < 73 ? machine::Era::Old : machine::Era::New;
        const persist::StateReader reader(*stores->consensus, *stores->blob, shard());
        const auto current = reader.current(kJob);
        QVERIFY2(current, current ? "" : current.error().describe().c_str());

        std::string trouble;
        std::optional<SeqNo> first;
        std::optional<SeqNo> last;
        persist::Frontier upper = Timestamp();
        std::set<std::string> listed;
        std::size_t compacted = 0;
        const auto visited = reader.visitLive(
            [&](const persist::State& state, const persist::StateDiff&) {
                const auto found = [&](const std::string& what) {
                    if (trouble.empty())
                        trouble = "v" + std::to_string(state.seqno.value()) + ": " + what;
                };
                if (!first)
                    first = state.seqno;
                if (last && state.seqno != last->next())
                    found("it does not follow v" + std::to_string(last->value()));
                last = state.seqno;
                if (!persist::lessEqual(upper, state.upper()))
                    found("its upper goes back");
                upper = state.upper();
                for (const auto& warning : state.warnings())
                    found(warning);
                for (const auto& problem : persist::buildSpine(state.trace).problems)
                    found(problem);
                const auto spine = machine::LayeredSpine::unflatten(state.trace, era);
                if (!spine)
                    found(spine.error().describe());
                else if (const auto valid = spine->validate(); !valid)
                    found(valid.error().describe());
                collectBlobs(state, listed);
                for (const auto& batch : state.batches())
                    compacted += isCompacted(*batch) ? 1U : 0U;
                return true;
            },
            kJob);
        QVERIFY2(visited, visited ? "" : visited.error().describe().c_str());
        QVERIFY2(visited->empty(), visited->empty() ? "" : visited->front().c_str());
        QVERIFY2(trouble.empty(), trouble.c_str());
        QVERIFY(last && *last == (*current)->seqno);

        // Rollups were written, the log was cut at one, and parts were compacted.
        QVERIFY2((*current)->seqno.value() > kLeastUpper, "there were too few versions");
        QVERIFY2((*current)->rollups.rbegin()->first.value() > kLeastCut, "no rollup was written");
        QVERIFY2(first->value() > kLeastCut || garbage == Garbage::MayBe, "no garbage was collected");
        QVERIFY((*current)->rollups.contains(*first));
        const auto rollups = reader.rollups(kJob);
        QVERIFY2(rollups, rollups ? "" : rollups.error().describe().c_str());
        QVERIFY2(rollups->problems.empty(), rollups->problems.empty() ? "" : rollups->problems.front().c_str());
        QVERIFY2(compacted > 0, "nothing was compacted");

        // Everything that is listed is there, and nothing else, unless somebody was killed in between.
        const auto blobs = stores->blob->list(shard().text() + "/", kJob);
        QVERIFY2(blobs, blobs ? "" : blobs.error().describe().c_str());
        std::set<std::string> there;
        for (const auto& blob : *blobs)
            there.insert(blob.key);
        for (const auto& key : listed)
            QVERIFY2(there.contains(key), (key + " is gone").c_str());
        if (garbage == Garbage::None)
            for (const auto& key : there)
                QVERIFY2(listed.contains(key), (key + " is nobody's").c_str());
    }

    /// The book as it is in the end.
    [[nodiscard]] Ledger ledger() const
    {
        const auto stores = store::openStores(m_location, {}, kJob);
        if (!stores) {
            QTest::qFail(stores.error().describe().c_str(), __FILE__, __LINE__);
            return {};
        }
        persist::ShardReader reader(*stores->consensus, *stores->blob, shard());
        const auto read = Ledger::read(reader, *catalog::RowSchema::load(m_version), kJob);
        if (!read || !*read) {
            QTest::qFail(read ? "there is no book" : read.error().describe().c_str(), __FILE__, __LINE__);
            return {};
        }
        return **read;
    }

    void race(const QString& kind, std::uint64_t version, int workers)
    {
        begin(kind, version);
        for (int i = 0; i < workers; ++i)
            startWorker("w" + std::to_string(i), kSeed + static_cast<unsigned>(i), kSpeed);
        startWatcher("strict");
        const auto end = std::chrono::steady_clock::now() + kLongest;
        while (!isWritten(Garbage::None) && std::chrono::steady_clock::now() < end)
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
        CatalogHistory history;
        finish(history);
        if (QTest::currentTestFailed())
            return;
        const auto book = ledger();
        if (QTest::currentTestFailed())
            return;
        const auto trouble = history.firstImpossibility(book);
        QVERIFY2(trouble.empty(), trouble.c_str());
        QVERIFY2(history.count("commit", "ok") > kLeastUpper / 5, "too few transactions");
        QVERIFY2(history.count("open", "ok") > 4 && history.count("debug", "ok") > 1, "too few takeovers");
        QVERIFY2(history.losses() > 4, "the processes hardly met");
        QVERIFY2(history.looks() > 20, "nobody looked");
        compareStates(Garbage::None);
    }

    /// Processes are killed at any moment and started again, until the catalog is written.
    void raceWithKills(const QString& kind, std::uint64_t version)
    {
        constexpr unsigned kWorkers = 3;
        constexpr std::size_t kLeastKilled = 8;
        begin(kind, version);
        std::mt19937_64 random(kSeed);
        std::vector<std::size_t> running;
        unsigned started = 0;
        for (; started < kWorkers; ++started) {
            running.push_back(m_processes.size());
            startWorker("k" + std::to_string(started), kSeed + 100 + started, kSpeed);
        }
        startWatcher("patient");
        std::size_t killed = 0;
        const auto end = std::chrono::steady_clock::now() + kLongest;
        while ((killed < kLeastKilled || !isWritten(Garbage::MayBe)) && std::chrono::steady_clock::now() < end) {
            std::this_thread::sleep_for(std::chrono::microseconds(150'000 + random() % 150'000));
            auto& place = running[random() % running.size()];
            auto& process = m_processes[place];
            ::kill(process.id, SIGKILL);
            const int code = test::waitFor(process.id);
            process.isKilled = true;
            QVERIFY2(code == 128 + SIGKILL, (process.name + " ended with " + std::to_string(code)).c_str());
            ++killed;
            place = m_processes.size();
            startWorker("k" + std::to_string(started), kSeed + 100 + started, kSpeed);
            ++started;
        }
        CatalogHistory history;
        finish(history);
        if (QTest::currentTestFailed())
            return;
        const auto book = ledger();
        if (QTest::currentTestFailed())
            return;
        const auto trouble = history.firstImpossibility(book, killed);
        QVERIFY2(trouble.empty(), trouble.c_str());
        QVERIFY2(killed >= kLeastKilled, "too few processes were killed");
        compareStates(Garbage::MayBe);
    }

private slots:
    void initTestCase() { qInfo("seed %u", kSeed); }

    void everyHistoryOfACatalogFileIsAnOrder_data()
    {
        QTest::addColumn<int>("version");
        QTest::addColumn<int>("workers");
        QTest::newRow("72, two") << 72 << 2;
        QTest::newRow("72, four") << 72 << 4;
        QTest::newRow("82, four") << 82 << 4;
        QTest::newRow("92, two") << 92 << 2;
        QTest::newRow("92, four") << 92 << 4;
    }
    void everyHistoryOfACatalogFileIsAnOrder()
    {
        QFETCH(int, version);
        QFETCH(int, workers);
        race("catalog file", static_cast<std::uint64_t>(version), workers);
    }

    void everyHistoryOfAServerIsAnOrder_data()
    {
        QTest::addColumn<int>("version");
        QTest::addColumn<int>("workers");
        QTest::newRow("72, two") << 72 << 2;
        QTest::newRow("72, four") << 72 << 4;
        QTest::newRow("92, two") << 92 << 2;
        QTest::newRow("92, four") << 92 << 4;
    }
    void everyHistoryOfAServerIsAnOrder()
    {
        QFETCH(int, version);
        QFETCH(int, workers);
        race("PostgreSQL", static_cast<std::uint64_t>(version), workers);
    }

    void killedWritersOfACatalogFileLoseNothing_data()
    {
        QTest::addColumn<int>("version");
        for (const int version : {72, 92})
            QTest::newRow(std::to_string(version).c_str()) << version;
    }
    void killedWritersOfACatalogFileLoseNothing()
    {
        QFETCH(int, version);
        raceWithKills("catalog file", static_cast<std::uint64_t>(version));
    }

    void killedWritersOfAServerLoseNothing_data() { killedWritersOfACatalogFileLoseNothing_data(); }
    void killedWritersOfAServerLoseNothing()
    {
        QFETCH(int, version);
        raceWithKills("PostgreSQL", static_cast<std::uint64_t>(version));
    }
};

QTEST_GUILESS_MAIN(TestCatalogRaces)
#include "tst_catalog_races.moc"
