#include "core/base/hex.h"
#include "core/base/sha256.h"
#include "core/store/writable_location.h"
#include "tests/concurrency/history.h"
#include "tests/support/fixture.h"
#include "tests/support/process.h"
#include "tests/support/throwaway_postgres.h"

#include <QTemporaryDir>
#include <QtTest>

#include <signal.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

using namespace inspector;
using namespace inspector::store;
using Server = inspector::test::ThrowawayPostgres;

namespace {

const Job kJob;
const std::string kKey = "s00000000-0000-0000-0000-0000000000aa";
constexpr unsigned kSeed = 20260823;

} // namespace

/// Several processes at one key of one store, with nothing in common but the store.
class TestProcesses : public QObject
{
    Q_OBJECT

private:
    QTemporaryDir m_folder;
    std::unique_ptr<Server> m_server;
    int m_count = 0;

    struct Process
    {
        std::string name;
        std::string output;
        pid_t id = -1;
    };

    [[nodiscard]] Location freshLocation(const QString& kind)
    {
        const auto name = "at_" + std::to_string(++m_count);
        if (kind == "catalog file") {
            const auto location = Location::ofCatalogFile(m_folder.path().toStdString() + "/" + name + ".mzcat");
            const auto made = openWritableStores(location, {}, kJob, {true});
            if (!made)
                qFatal("%s", made.error().describe().c_str());
            return location;
        }
        if (!m_server->createTable(name))
            qFatal("no table");
        return {m_server->socketUrl(Server::kOwner, "options=--search_path%3D" + name), "mem:"};
    }

    [[nodiscard]] Process start(const Location& location, int number, int versions) const
    {
        Process process;
        process.name = "p" + std::to_string(number);
        process.output = m_folder.path().toStdString() + "/" + std::to_string(m_count) + process.name + ".log";
        process.id = test::start({HAMMER, location.consensusUrl, location.blobUrl, kKey, process.name,
                                  std::to_string(versions), std::to_string(kSeed + static_cast<unsigned>(number))},
                                 process.output);
        if (process.id < 0)
            qFatal("the process does not start");
        return process;
    }

    static void kinds()
    {
        QTest::addColumn<QString>("kind");
        QTest::addColumn<int>("processes");
        for (const char* kind : {"catalog file", "PostgreSQL"})
            for (const int processes : {2, 4})
                QTest::newRow((std::string(kind) + ", " + std::to_string(processes) + " processes").c_str())
                    << kind << processes;
    }

    /// What is there in the end is what the history says.
    static void compareEnd(const History& history, const Location& location)
    {
        const auto stores = openStores(location, {}, kJob);
        QVERIFY2(stores, stores ? "" : stores.error().describe().c_str());
        const auto head = stores->consensus->head(kKey, kJob).value();
        QVERIFY(head);
        QCOMPARE(static_cast<std::int64_t>(head->seqno.value()), history.head());
        QCOMPARE(toHex(sha256(head->data)).substr(0, 16), history.hashOfHead());
    }

private slots:
    void initTestCase()
    {
        auto server = Server::start();
        QVERIFY2(server, server ? "" : server.error().describe().c_str());
        m_server = *std::move(server);
        qInfo("seed %u", kSeed);
    }

    void everyVersionIsWrittenOnceOnTopOfTheOneItsWriterSaw_data() { kinds(); }
    void everyVersionIsWrittenOnceOnTopOfTheOneItsWriterSaw()
    {
        QFETCH(QString, kind);
        QFETCH(int, processes);
        constexpr int kEach = 60;
        const auto location = freshLocation(kind);
        std::vector<Process> running;
        for (int i = 0; i < processes; ++i)
            running.push_back(start(location, i, kEach));
        History history;
        for (const auto& process : running) {
            const int code = test::waitFor(process.id);
            const auto lines = test::contentOf(process.output).value_or("");
            QVERIFY2(code == 0, lines.substr(lines.size() > 300 ? lines.size() - 300 : 0).c_str());
            history.add(process.name, lines);
        }
        const auto trouble = history.firstImpossibility();
        QVERIFY2(trouble.empty(), trouble.c_str());
        QCOMPARE(history.committed(), static_cast<std::size_t>(processes * kEach));
        QVERIFY2(history.mismatches() > 0, "the processes never met");
        compareEnd(history, location);
    }

    void aKilledProcessLosesNothingOfTheOthers_data() { kinds(); }
    void aKilledProcessLosesNothingOfTheOthers()
    {
        QFETCH(QString, kind);
        QFETCH(int, processes);
        constexpr int kEach = 40;
        constexpr int kKilled = 6;
        const auto location = freshLocation(kind);
        std::vector<Process> running;
        for (int i = 0; i < processes; ++i)
            running.push_back(start(location, i, kEach));
        History history;
        // One after the other is killed in the middle of its work, at another point of it each time.
        for (int i = 0; i < kKilled; ++i) {
            const auto victim = start(location, 100 + i, 1'000'000);
            for (int wait = 0; wait < 2000; ++wait) {
                const auto lines = test::contentOf(victim.output).value_or("");
                if (std::count(lines.begin(), lines.end(), '\n') > 10 * (i + 1))
                    break;
                std::this_thread::sleep_for(std::chrono::milliseconds(2));
            }
            std::this_thread::sleep_for(std::chrono::microseconds(317 * i));
            ::kill(victim.id, SIGKILL);
            QCOMPARE(test::waitFor(victim.id), 128 + SIGKILL);
            history.add(victim.name, test::contentOf(victim.output).value_or(""));
        }
        for (const auto& process : running) {
            const int code = test::waitFor(process.id);
            const auto lines = test::contentOf(process.output).value_or("");
            QVERIFY2(code == 0, lines.substr(lines.size() > 300 ? lines.size() - 300 : 0).c_str());
            history.add(process.name, lines);
        }
        // One more, so that the last version has been seen by somebody.
        const auto last = start(location, 999, 1);
        QCOMPARE(test::waitFor(last.id), 0);
        history.add(last.name, test::contentOf(last.output).value_or(""));
        const auto trouble = history.firstImpossibility(kKilled);
        QVERIFY2(trouble.empty(), trouble.c_str());
        QVERIFY(history.committed() > static_cast<std::size_t>(processes * kEach));
        compareEnd(history, location);
    }

    // The judge must find what it is there for.

    void anImpossibleHistoryIsFound_data()
    {
        QTest::addColumn<QString>("first");
        QTest::addColumn<QString>("second");
        QTest::addColumn<QString>("trouble");
        QTest::newRow("none") << "told -1 0 a 1 2 committed\nsaw 0 a 3 4\n"
                              << "told 0 1 b 5 6 committed\n"
                              << "";
        QTest::newRow("the same version twice") << "told -1 0 a 1 2 committed\n"
                                                << "told -1 0 b 1 2 committed\n"
                                                << "version 0 was committed by one and by two";
        QTest::newRow("a lost version") << "told -1 0 a 1 2 committed\ntold 1 2 c 5 6 committed\n"
                                        << ""
                                        << "version 1 is lost";
        QTest::newRow("a version nobody wrote") << "told -1 0 a 1 2 committed\nsaw 1 b 3 4\n"
                                                << ""
                                                << "one saw version 1, which nobody wrote";
        QTest::newRow("other data") << "told -1 0 a 1 2 committed\nsaw 0 b 3 4\n"
                                    << ""
                                    << "one saw version 0 with other data";
        QTest::newRow("a stale read") << "told -1 0 a 1 2 committed\ntold 0 1 b 3 4 committed\n"
                                      << "saw 0 a 5 6\n"
                                      << "two saw version 0 although version 1 was committed before";
        QTest::newRow("a read from the future") << "told -1 0 a 5 6 committed\n"
                                                << "saw 0 a 1 2\n"
                                                << "two saw version 0 before it was begun";
        QTest::newRow("a mismatch for nothing") << "told -1 0 a 1 2 committed\ntold 0 1 b 3 4 mismatch\n"
                                                << ""
                                                << "one's version 1 was too late for nobody";
        QTest::newRow("a mismatch that was written") << "told -1 0 a 1 2 mismatch\n"
                                                     << "told -1 0 a 1 2 committed\n"
                                                     << "one's version 0 is there although it was told otherwise";
        QTest::newRow("an unknown outcome") << "told -1 0 a 1 2 unknown\n"
                                            << ""
                                            << "one's version 0 unknown";
        QTest::newRow("one that nobody was told of") << "ask -1 0 a 1\n"
                                                     << ""
                                                     << "one's version 0 was never answered";
    }
    void anImpossibleHistoryIsFound()
    {
        QFETCH(QString, first);
        QFETCH(QString, second);
        QFETCH(QString, trouble);
        History history;
        // Every answer has its question before it.
        const auto withQuestions = [](const QString& lines) {
            QString all;
            for (const auto& line : lines.split('\n', Qt::SkipEmptyParts)) {
                if (line.startsWith("told"))
                    all += "ask " + line.section(' ', 1, 4) + "\n";
                all += line + "\n";
            }
            return all.toStdString();
        };
        history.add("one", withQuestions(first));
        history.add("two", withQuestions(second));
        const auto found = history.firstImpossibility();
        if (trouble.isEmpty())
            QCOMPARE(found, std::string());
        else
            QVERIFY2(found.starts_with(trouble.toStdString()), found.c_str());
    }
};

QTEST_GUILESS_MAIN(TestProcesses)
#include "tst_processes.moc"
