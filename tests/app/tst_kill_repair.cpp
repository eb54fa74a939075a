#include "core/edit/change_journal.h"
#include "core/edit/recover.h"
#include "core/persist/recognise.h"
#include "tests/app/cli_process.h"
#include "tests/core/edit/repair_scene.h"
#include "tests/support/fixture.h"
#include "tests/support/process.h"
#include "tests/support/sample_content.h"
#include "tests/support/throwaway_postgres.h"

#include <QDir>
#include <QElapsedTimer>
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QtTest>

#include <csignal>
#include <random>
#include <set>

using namespace inspector;
using namespace inspector::edit;
using namespace inspector::test;
using inspector::tests::CliRun;
using inspector::tests::runCli;

namespace {

const Job kJob;
constexpr const char* kShard = "new-busy";
constexpr int kKilled = 128 + SIGKILL;
constexpr int kTimedOut = 128 + SIGALRM;
constexpr int kExitCommitted = 0;

QString text(const std::string& from)
{
    return QString::fromStdString(from);
}

template <typename T>
QByteArray messageOf(const Result<T>& result)
{
    return result ? QByteArray("ok") : text(result.error().describe()).toUtf8();
}

/// A clock that has seen every server give up.
class LateClock final : public Clock
{
public:
    [[nodiscard]] std::int64_t walltimeMs() const override { return SystemClock().walltimeMs() + kServerSettleMs; }
};

} // namespace

/// A repair that is killed with every call it makes, before and after the call takes effect: the shard has all of it or
/// nothing, and the journal tells which.
class TestKillRepair : public QObject
{
    Q_OBJECT

private:
    QTemporaryDir m_folder {QStringLiteral(INSPECTOR_BUILD "/kill_repair_XXXXXX")};
    std::shared_ptr<store::MemoryContent> m_content;
    std::optional<ShardId> m_shard;
    std::string m_key;
    std::optional<Before> m_before;
    std::unique_ptr<ThrowawayPostgres> m_server;
    int m_number = 0;

    /// A place that is made anew for every run.
    struct Place
    {
        store::Location location;
        QStringList words; ///< the location on the command line
        bool isServer = false;
    };

    QString path(const QString& name) const { return m_folder.filePath(name); }

    void makeFile(Place& to)
    {
        const auto file = path("catalog.mzcat");
        QFile::remove(file);
        QFile::remove(file + "-journal");
        QVERIFY(QFile::copy(text(*shardFile(kShard)), file));
        QVERIFY(QFile::setPermissions(file, QFile::ReadOwner | QFile::WriteOwner));
        to = {store::Location::ofCatalogFile(file.toStdString()), {file}, false};
    }

    void makeServer(Place& to)
    {
        if (!m_server) {
            auto started = ThrowawayPostgres::start();
            QVERIFY2(started, messageOf(started));
            m_server = *std::move(started);
            QVERIFY(m_server->createTable());
        }
        QVERIFY(m_server->execute("TRUNCATE consensus.consensus"));
        QVERIFY(m_server->fill(*m_content));
        const auto folder = path("blobs");
        QDir(folder).removeRecursively();
        QVERIFY(QDir().mkpath(folder));
        QVERIFY(writeBlobFolder(folder.toStdString(), *m_content));
        const auto consensus = m_server->socketUrl(ThrowawayPostgres::kOwner);
        const auto blob = "file://" + folder.toStdString();
        to = {{consensus, blob}, {"--consensus", text(consensus), "--blob", text(blob)}, true};
    }

    void make(const QString& place, Place& to)
    {
        if (place == "file")
            makeFile(to);
        else
            makeServer(to);
    }

    /// The exit code of the program that repairs.
    int repair(const Place& place, const QString& journal, const std::string& value, const QString& how,
               std::size_t number, QByteArray* output = nullptr)
    {
        const auto log = path("log");
        QFile::remove(log);
        const int code = run({REPAIRER, place.location.consensusUrl, place.location.blobUrl, m_shard->text(),
                              journal.toStdString(), m_key, value, how.toStdString(), std::to_string(number)},
                             log.toStdString());
        QFile file(log);
        if (output != nullptr && file.open(QIODevice::ReadOnly))
            *output = file.readAll();
        return code;
    }

    /// Waits until the server has seen that a client is gone.
    void waitForSessions() const
    {
        for (int tries = 0; tries < 500; ++tries) {
            const auto others = m_server->execute("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client "
                                                  "backend' AND pid <> pg_backend_pid()");
            QVERIFY2(others, messageOf(others));
            if (others->front().front() == "0")
                return;
            QTest::qWait(10);
        }
        QFAIL("a session did not end");
    }

    /// What became of it, by the program; and whether that is true.
    void judge(const Place& place, const QString& journal, bool* isWhole)
    {
        if (place.isServer)
            waitForSessions();
        const bool hasJournal = QFile::exists(journal);
        CliRun answer;
        if (hasJournal) {
            answer = runCli(QStringList {"recover", "--json", journal} + place.words);
            if (answer.exitCode == 4) // a write was left half done
                answer = runCli(QStringList {"recover", "--json", "--commit", journal} + place.words);
            QVERIFY2(answer.exitCode == 0 || (place.isServer && answer.exitCode == 7), answer.err);
        }
        auto stores = store::openStores(place.location, nullptr, kJob);
        if (!stores && !hasJournal) // killed while it opened the file
            stores = store::openWritableStores(place.location, nullptr, kJob).map([](store::WritableStores&& writing) {
                return store::Stores {std::move(writing.consensus), std::move(writing.blob), {}};
            });
        QVERIFY2(stores, messageOf(stores));
        const auto rows = rowSums(*stores->consensus, *stores->blob, *m_shard);
        QVERIFY2(rows, messageOf(rows));
        *isWhole = *rows != m_before->rows;
        ChangeSet changes;
        if (*isWhole) {
            QVERIFY(hasJournal);
            changes = readJournal(journal.toStdString())->header->changes;
        }
        const auto problem = auditRepair(*stores->consensus, *stores->blob, *m_shard, *m_before, changes);
        QVERIFY2(problem.empty(), problem.c_str());
        const auto trespass = guestTrespass(*stores->consensus, *m_shard, m_before->state->seqno);
        QVERIFY2(trespass.empty(), trespass.c_str());
        if (!hasJournal)
            return;
        const auto fate = QJsonDocument::fromJson(answer.out).object().value("fate").toString();
        if (answer.exitCode == 7) {
            // The server may be busy with it, for all that anybody knows; when it cannot be any more, it is settled.
            QCOMPARE(fate, QString("not yet"));
            const auto read = readJournal(journal.toStdString());
            QVERIFY2(read, messageOf(read));
            const auto finding =
                recover(*read, *stores->consensus, *stores->blob, LateClock(), {kServerSettleMs}, kJob);
            QVERIFY2(finding, messageOf(finding));
            QVERIFY(finding->fate == RepairFate::Nothing && !*isWhole);
            return;
        }
        QCOMPARE(fate, *isWhole ? QString("whole") : QString("nothing"));
    }

    static std::string valueOf(bool isLarge)
    {
        return "{\"value\":\"" + (isLarge ? std::string(9'000, 'z') : std::string("killed")) + "\"}";
    }

    static void places()
    {
        QTest::addColumn<QString>("place");
        QTest::addColumn<bool>("isLarge");
        QTest::newRow("catalog file") << "file" << false;
        QTest::newRow("catalog file, with a blob") << "file" << true;
        QTest::newRow("server and folder") << "server" << false;
        QTest::newRow("server and folder, with a blob") << "server" << true;
    }

private slots:
    void initTestCase()
    {
        const auto scene = Scene::ofFixture(kShard);
        m_content = scene->content;
        m_shard = scene->shard;
        const auto base = scene->base();
        m_key = nameOfRow(base->updates().rows[base->updatesOfKind("ServerConfiguration").front()])->key;
        const auto stores = scene->reading();
        auto before = beforeOf(*stores.consensus, *stores.blob, scene->shard);
        QVERIFY2(before, messageOf(before));
        m_before = *std::move(before);
    }

    void everyCallMayBeTheLast_data() { places(); }
    void everyCallMayBeTheLast()
    {
        QFETCH(QString, place);
        QFETCH(bool, isLarge);
        Place at;
        make(place, at);
        QByteArray counted;
        QCOMPARE(repair(at, path("counted"), valueOf(isLarge), "count", 0, &counted), kExitCommitted);
        const auto calls = counted.trimmed().toULongLong();
        QVERIFY(calls > 10);
        std::set<bool> outcomes;
        for (std::size_t call = 1; call <= calls; ++call)
            for (const auto* moment : {"before", "after"}) {
                make(place, at);
                const auto journal = path(QStringLiteral("j%1").arg(++m_number));
                QByteArray output;
                const int code = repair(at, journal, valueOf(isLarge), moment, call, &output);
                QVERIFY2(code == kKilled, QByteArray::number(code) + " " + output);
                bool isWhole = false;
                judge(at, journal, &isWhole);
                if (QTest::currentTestFailed()) {
                    qWarning() << "killed" << moment << "call" << call << "of" << calls;
                    return;
                }
                outcomes.insert(isWhole);
            }
        QCOMPARE(outcomes.size(), std::size_t(2));
        QFile::remove(path("counted"));
    }

    /// A kill between two calls is one thing; this one comes whenever it likes.
    void anyMomentMayBeTheLast_data() { places(); }
    void anyMomentMayBeTheLast()
    {
        QFETCH(QString, place);
        QFETCH(bool, isLarge);
        Place at;
        make(place, at);
        QElapsedTimer timer;
        timer.start();
        QCOMPARE(repair(at, path("timed"), valueOf(isLarge), "count", 0), kExitCommitted);
        const auto longestUs = timer.nsecsElapsed() / 1000;
        QFile::remove(path("timed"));
        const unsigned seed = 20'261'124;
        std::mt19937_64 engine(seed);
        for (int round = 0; round < 40; ++round) {
            make(place, at);
            const auto journal = path(QStringLiteral("j%1").arg(++m_number));
            const auto us = engine() % static_cast<std::uint64_t>(longestUs);
            QByteArray output;
            const int code = repair(at, journal, valueOf(isLarge), "timer", us, &output);
            QVERIFY2(code == kTimedOut || code == kExitCommitted, QByteArray::number(code) + " " + output);
            bool isWhole = false;
            judge(at, journal, &isWhole);
            if (code == kExitCommitted)
                QVERIFY(isWhole);
            if (QTest::currentTestFailed()) {
                qWarning() << "seed" << seed << "round" << round << "after" << us << "us";
                return;
            }
        }
    }
};

QTEST_GUILESS_MAIN(TestKillRepair)
#include "tst_kill_repair.moc"
