#include "tests/app/cli_process.h"
#include "tests/app/fixture_shards.h"
#include "tests/core/edit/catalog_story.h"
#include "tests/support/throwaway_postgres.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QtTest>

#include <signal.h>

#include <optional>
#include <string>

using namespace inspector;
using namespace inspector::test;
using namespace inspector::tests;
using catalog::CollectionType;

namespace {

const Job kJob;

/// A `follow` that runs while the test goes on.
class Following
{
public:
    explicit Following(const QStringList& words)
    {
        m_process.start(QStringLiteral(INSPECTOR_CLI), QStringList {"follow"} + words);
        m_process.waitForStarted();
    }

    /// Waits for so many lines on standard output.
    [[nodiscard]] bool waitForLines(int count)
    {
        QElapsedTimer clock;
        clock.start();
        while (m_out.count('\n') < count && clock.elapsed() < 60'000 && m_process.state() == QProcess::Running) {
            m_process.waitForReadyRead(200);
            take();
        }
        take();
        return m_out.count('\n') >= count;
    }
    [[nodiscard]] bool waitForRemark(const char* text)
    {
        QElapsedTimer clock;
        clock.start();
        while (!m_err.contains(text) && clock.elapsed() < 60'000 && m_process.state() == QProcess::Running) {
            m_process.waitForReadyRead(200);
            take();
        }
        return m_err.contains(text);
    }
    void send(int signal) const { ::kill(static_cast<pid_t>(m_process.processId()), signal); }
    [[nodiscard]] int waitForEnd()
    {
        if (!m_process.waitForFinished(60'000))
            return -1;
        take();
        return m_process.exitStatus() == QProcess::NormalExit ? m_process.exitCode() : -1;
    }
    [[nodiscard]] const QByteArray& out() const { return m_out; }
    [[nodiscard]] const QByteArray& err() const { return m_err; }

private:
    void take()
    {
        m_out += m_process.readAllStandardOutput();
        m_err += m_process.readAllStandardError();
    }

    QProcess m_process;
    QByteArray m_out;
    QByteArray m_err;
};

} // namespace

class TestFollowCli : public QObject
{
    Q_OBJECT

private:
    QTemporaryDir m_folder;
    std::optional<Story> m_story;
    std::unique_ptr<edit::DurableCatalog> m_catalog;

    [[nodiscard]] QString file() const { return QString::fromStdString(m_story->place().catalogFile); }

    /// ALTER SYSTEM SET; the time of the commit.
    [[nodiscard]] std::uint64_t set(const std::string& name, const std::string& value)
    {
        auto transaction = m_catalog->transaction(kJob);
        if (!transaction)
            return 0;
        const auto row = "{\"value\":\"" + value + "\"}";
        static_cast<void>(transaction->set(CollectionType::SystemConfiguration, "{\"name\":\"" + name + "\"}",
                                           std::optional<std::string_view>(row)));
        static_cast<void>(transaction->takeOpUpdates());
        const auto upper = m_catalog->commit(*std::move(transaction), std::nullopt, kJob);
        return upper ? upper->value() - 1 : 0;
    }

    [[nodiscard]] static QByteArray lineOf(const char* name, const char* value, std::uint64_t time, int diff)
    {
        return QByteArray("{\"collection\":\"system_configuration\",\"key\":{\"name\":\"") + name
            + "\"},\"value\":{\"value\":\"" + value + "\"},\"ts\":\"" + QByteArray::number(quint64 {time})
            + "\",\"diff\":" + QByteArray::number(diff) + "}\n";
    }

private slots:
    void init()
    {
        m_catalog.reset();
        static int number = 0;
        m_story.emplace(
            92, Place::ofCatalogFile(m_folder.filePath(QString("catalog%1.mzcat").arg(++number)).toStdString()));
        m_catalog = *m_story->open();
    }
    void cleanupTestCase()
    {
        m_catalog.reset();
        m_story.reset();
    }

    void linesComeWhileOthersWrite()
    {
        const auto first = set("before", "1");
        Following following({"--json", "--from", QString::number(quint64 {first}), file()});
        QVERIFY2(following.waitForLines(1), following.err());
        QCOMPARE(following.out(), lineOf("before", "1", first, 1));
        const auto second = set("max_tables", "7");
        const auto third = set("max_tables", "8");
        QVERIFY2(following.waitForLines(4), following.err());
        QCOMPARE(following.out(),
                 lineOf("before", "1", first, 1) + lineOf("max_tables", "7", second, 1)
                     + lineOf("max_tables", "7", third, -1) + lineOf("max_tables", "8", third, 1));
        following.send(SIGINT);
        QCOMPARE(following.waitForEnd(), 130);
        QVERIFY2(following.err().isEmpty(), following.err());
    }

    void peopleSeeVersionsAndRows()
    {
        Following following({"--from", QString::number(quint64 {m_catalog->upper().value()}), file()});
        static_cast<void>(set("max_tables", "7"));
        QVERIFY2(following.waitForLines(2), following.err());
        const auto lines = following.out().split('\n');
        QVERIFY2(lines.at(0).startsWith("v") && lines.at(0).contains(" by story") && lines.at(0).contains("upper "),
                 lines.at(0));
        QVERIFY2(lines.at(1).contains("exact") && lines.at(1).contains("+1  system_configuration"), lines.at(1));
        following.send(SIGTERM);
        QCOMPARE(following.waitForEnd(), 130);
    }

    void whoTakesOverIsRemarked()
    {
        Following following({"--json", "--from", QString::number(quint64 {m_catalog->upper().value()}), file()});
        m_catalog = *m_story->open(5);
        QVERIFY2(following.waitForRemark("generation 5, epoch 3 took over the catalog"), following.err());
        following.send(SIGINT);
        QCOMPARE(following.waitForEnd(), 130);
    }

    void itEndsWhereItWasTold()
    {
        const auto first = set("a", "1");
        const auto second = set("b", "2");
        static_cast<void>(set("c", "3"));
        const auto past = runCli({"follow", "--json", "--from", QString::number(quint64 {first}), "--until",
                                  QString::number(quint64 {second}), file()});
        QVERIFY2(past.exitCode == 0, past.err);
        QCOMPARE(past.out, lineOf("a", "1", first, 1) + lineOf("b", "2", second, 1));

        const auto awaited = second + 2;
        Following following({"--json", "--until", QString::number(quint64 {awaited}), file()});
        QTest::qWait(300);
        while (set("later", std::to_string(m_catalog->upper().value())) < awaited) { }
        QCOMPARE(following.waitForEnd(), 0);
    }

    void itEndsAfterATime()
    {
        QElapsedTimer clock;
        clock.start();
        const auto nothing = runCli({"follow", "--for", "1", file()});
        QVERIFY2(nothing.exitCode == 0, nothing.err);
        QVERIFY(nothing.out.isEmpty());
        QVERIFY(clock.elapsed() >= 1000);
    }

    void onlyTheCollectionAskedForIsShown()
    {
        const auto from = QString::number(quint64 {m_catalog->upper().value()});
        static_cast<void>(set("a", "1"));
        const auto ids = m_catalog->allocateIds("user", 3, std::nullopt, kJob);
        QVERIFY(ids.has_value());
        const auto shown =
            runCli({"follow", "--json", "--from", from, "--collection", "id_alloc", "--for", "0", file()});
        QVERIFY2(shown.exitCode == 0, shown.err);
        QCOMPARE(shown.out.count('\n'), 2);
        QCOMPARE(shown.out.count("\"collection\":\"id_alloc\""), 2);
    }

    void aPastThatIsMergedIsSaidToBe()
    {
        const auto file = FixtureShards::catalogFile("old-busy");
        const auto told = runCli({"follow", "--json", "--from", "1", "--for", "0", file});
        QCOMPARE(told.exitCode, 1);
        QVERIFY2(told.err.contains("cannot be told one by one any more"), told.err);
    }

    void whoSleptIsToldWhatHasChanged()
    {
        m_catalog.reset();
        m_story.emplace(72, Place::ofCatalogFile(m_folder.filePath("old.mzcat").toStdString()));
        m_catalog = *m_story->open();
        Following following({"--json", "--from", QString::number(quint64 {m_catalog->upper().value()}), file()});
        static_cast<void>(set("first", "1"));
        QVERIFY2(following.waitForLines(1), following.err());
        following.send(SIGSTOP);
        for (int i = 0; i < 400; ++i) {
            m_story->clock().advance(31'000);
            QVERIFY(set("p" + std::to_string(i % 5), std::to_string(i)) > 0);
        }
        following.send(SIGCONT);
        QVERIFY2(following.waitForLines(6), following.err());
        for (const auto* last : {"395", "396", "397", "398", "399"})
            QVERIFY2(following.out().contains(QByteArray("{\"value\":\"") + last + "\"}"), following.out());
        QVERIFY2(following.err().contains("what came and went in between"), following.err());
        following.send(SIGINT);
        QCOMPARE(following.waitForEnd(), 130);
        QCOMPARE(following.out().count('\n'), 6);
    }

    void readingIsAllThatItDoes()
    {
        const QDir folder(m_folder.filePath("untouched"));
        folder.mkpath(".");
        const auto copy = folder.filePath("catalog.mzcat");
        QVERIFY(QFile::copy(FixtureShards::catalogFile("new-log"), copy));
        QFile before(copy);
        QVERIFY(before.open(QIODevice::ReadOnly));
        const auto bytes = before.readAll();
        const auto modified = QFileInfo(copy).lastModified();
        const auto followed = runCli({"follow", "--json", "--from", "5", "--for", "1", copy});
        QVERIFY2(followed.exitCode == 0, followed.err);
        QVERIFY(!followed.out.isEmpty());
        QFile after(copy);
        QVERIFY(after.open(QIODevice::ReadOnly));
        QVERIFY(after.readAll() == bytes);
        QCOMPARE(QFileInfo(copy).lastModified(), modified);
        QCOMPARE(folder.entryList(QDir::AllEntries | QDir::Hidden | QDir::NoDotAndDotDot),
                 QStringList {"catalog.mzcat"});
    }

    void thePastIsTheTrace()
    {
        const auto file = FixtureShards::catalogFile("new-log");
        const auto followed = runCli({"follow", "--json", "--from", "10", "--for", "0", file});
        QVERIFY2(followed.exitCode == 0, followed.err);
        auto lines = followed.out.split('\n');
        auto wanted = runCli({"trace", "--json", "--from", "10", file}).out.split('\n');
        QVERIFY(lines.size() > 20);
        std::sort(lines.begin(), lines.end());
        std::sort(wanted.begin(), wanted.end());
        QCOMPARE(lines, wanted);
    }

    void aClosedPipeEndsIt()
    {
        QProcess shell;
        shell.start("sh",
                    {"-c",
                     QStringLiteral("'%1' follow --json --from 0 '%2' | head -1")
                         .arg(QStringLiteral(INSPECTOR_CLI), FixtureShards::catalogFile("new-log"))});
        QVERIFY(shell.waitForFinished(60'000)); // though nobody ever writes to that catalog
        QVERIFY(shell.readAllStandardOutput().startsWith("{\"collection\""));
    }

    void aServersCatalogIsMadeAndFollowed()
    {
        const auto started = ThrowawayPostgres::start();
        QVERIFY2(started.has_value(), started ? "" : started.error().describe().c_str());
        const auto& server = *started;
        QVERIFY(server->createTable().has_value());
        const QDir blobs(m_folder.filePath("blobs"));
        blobs.mkpath(".");
        const auto url = QString::fromStdString(server->socketUrl(ThrowawayPostgres::kOwner));
        const QStringList place {"--consensus", url, "--blob", "file://" + blobs.path()};
        const auto made = runCli(
            QStringList {"init", "--commit", "--organization-id", "00000000-0000-0000-0000-000000000000"} + place);
        QVERIFY2(made.exitCode == 0, made.err);

        const auto stores =
            store::openWritableStores({url.toStdString(), "file://" + blobs.path().toStdString()}, nullptr, kJob);
        QVERIFY(stores.has_value());
        auto unopened = edit::WritableOpenableCatalog::construct(*stores->consensus, *stores->blob, m_story->shard(),
                                                                 m_story->options(), kJob);
        QVERIFY2(unopened.has_value(), unopened ? "" : unopened.error().describe().c_str());
        m_catalog = *std::move(**unopened).open(m_story->arguments(), kJob);
        QVERIFY(m_catalog->syncToCurrentUpdates(kJob).has_value());

        server->clearLog();
        Following following(
            QStringList {"--json", "--interval", "200", "--from", QString::number(quint64 {m_catalog->upper().value()})}
            + place);
        const auto first = set("max_tables", "1");
        QVERIFY2(following.waitForLines(1), following.err());
        QCOMPARE(following.out(), lineOf("max_tables", "1", first, 1));
        QVERIFY(!server->statementsOf("catalog-inspector").empty());

        // A server that goes away for a moment is waited for; nothing is lost.
        QVERIFY(server->execute("CHECKPOINT").has_value()); // this server does not sync by itself
        QVERIFY(server->stop().has_value());
        QVERIFY2(following.waitForRemark("asking again until it answers"), following.err());
        QVERIFY(server->launch().has_value());
        const auto again =
            store::openWritableStores({url.toStdString(), "file://" + blobs.path().toStdString()}, nullptr, kJob);
        QVERIFY(again.has_value());
        auto next = edit::WritableOpenableCatalog::construct(*again->consensus, *again->blob, m_story->shard(),
                                                             m_story->options(), kJob);
        QVERIFY2(next.has_value(), next ? "" : next.error().describe().c_str());
        m_catalog = *std::move(**next).open(m_story->arguments(), kJob);
        QVERIFY(m_catalog->syncToCurrentUpdates(kJob).has_value());
        const auto second = set("max_tables", "2");
        QVERIFY2(following.waitForLines(3), following.err());
        QCOMPARE(following.out(),
                 lineOf("max_tables", "1", first, 1) + lineOf("max_tables", "1", second, -1)
                     + lineOf("max_tables", "2", second, 1));
        following.send(SIGINT);
        QCOMPARE(following.waitForEnd(), 130);
        m_catalog.reset();
    }

    void wrongRequestsAreNamed_data()
    {
        QTest::addColumn<QStringList>("words");
        QTest::addColumn<int>("code");
        QTest::addColumn<QString>("message");
        QTest::newRow("ends before it begins")
            << QStringList {"--from", "9", "--until", "3"} << 2 << "--from 9 is later than --until 3";
        QTest::newRow("collection") << QStringList {"--collection", "things"} << 2 << "no collection 'things'";
        QTest::newRow("interval") << QStringList {"--interval", "0"} << 2 << "--interval takes";
        QTest::newRow("time") << QStringList {"--for", "soon"} << 2 << "soon";
        QTest::newRow("moment") << QStringList {"--as-of", "3"} << 2 << "unknown option --as-of";
        QTest::newRow("other shard") << QStringList {"--organization-id", "00000000-0000-0000-0000-00000000000f"} << 3
                                     << "no such shard";
    }
    void wrongRequestsAreNamed()
    {
        QFETCH(QStringList, words);
        QFETCH(int, code);
        QFETCH(QString, message);
        const auto answer = runCli(QStringList {"follow"} + words + QStringList {file()});
        QCOMPARE(answer.exitCode, code);
        QVERIFY2(answer.err.contains(message.toUtf8()), answer.err);
    }
};

QTEST_GUILESS_MAIN(TestFollowCli)
#include "tst_follow_cli.moc"
