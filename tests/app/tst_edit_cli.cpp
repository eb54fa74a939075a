#include "tests/app/cli_process.h"
#include "tests/app/fixture_shards.h"
#include "tests/support/sample_content.h"
#include "tests/support/throwaway_postgres.h"

#include <QCryptographicHash>
#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QtTest>

#include <memory>
#include <vector>

using namespace inspector::tests;
using inspector::test::ThrowawayPostgres;

namespace {

constexpr const char* kKey = "{\"name\":\"migration_version\"}";
constexpr const char* kOld = "{\"value\":\"26.23.0\"}";
constexpr const char* kNew = "{\"value\":\"26.24.0\"}";

QJsonObject objectOf(const CliRun& run)
{
    return QJsonDocument::fromJson(run.out).object();
}

QByteArray bytesOf(const QString& path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

} // namespace

/// `edit`, `delete` and `recover` as a person or a script runs them.
class TestEditCli : public QObject
{
    Q_OBJECT

private:
    QTemporaryDir m_folder;
    std::unique_ptr<ThrowawayPostgres> m_server;
    int m_number = 0;

    QString copyOf(const QString& shard)
    {
        const auto path = m_folder.filePath(QStringLiteral("c%1.mzcat").arg(++m_number));
        if (!QFile::copy(FixtureShards::catalogFile(shard), path))
            return {};
        QFile::setPermissions(path, QFile::ReadOwner | QFile::WriteOwner);
        return path;
    }

    QString journal() { return m_folder.filePath(QStringLiteral("j%1").arg(++m_number)); }

    static QStringList edit(const QString& file, const QStringList& more = {})
    {
        return QStringList {"edit", "setting", kKey, kNew} + more + QStringList {file};
    }

    QString blobFolder() const { return m_folder.filePath("blobs"); }

    /// A server with the catalog as it was.
    void serve()
    {
        if (!m_server) {
            auto started = ThrowawayPostgres::start();
            QVERIFY(started);
            m_server = *std::move(started);
            QVERIFY(m_server->createTable());
        }
        const auto content =
            inspector::test::contentOfCatalogFile(FixtureShards::catalogFile("new-busy").toStdString());
        QVERIFY(content);
        QVERIFY(m_server->execute("TRUNCATE consensus.consensus"));
        QVERIFY(m_server->fill(**content));
        QDir(blobFolder()).removeRecursively();
        QVERIFY(QDir().mkpath(blobFolder()));
        QVERIFY(inspector::test::writeBlobFolder(blobFolder().toStdString(), **content));
    }

    /// The value of the setting, as another command reads it.
    static QByteArray valueIn(const QStringList& place)
    {
        for (const auto& line : runCli(QStringList {"dump", "--json"} + place).out.split('\n'))
            if (const auto row = QJsonDocument::fromJson(line).object();
                row["collection"] == "setting" && row["key"] == QJsonDocument::fromJson(kKey).object())
                return QJsonDocument(row["value"].toObject()).toJson(QJsonDocument::Compact);
        return {};
    }

private slots:
    void aDryRunShowsEverythingAndWritesNothing()
    {
        const auto file = copyOf("new-busy");
        const auto before = bytesOf(file);
        const auto entries = QDir(m_folder.path()).entryList(QDir::Files);
        const auto run = runCli(edit(file));
        QCOMPARE(run.exitCode, 0);
        for (const char* part : {"replace 1 row of setting", "- {\"key\":{\"name\":\"migration_version\"}", "26.24.0",
                                 "- {\"deploy_generation\":2,\"epoch\":10,\"kind\":\"FenceToken\"}",
                                 "+ {\"deploy_generation\":2,\"epoch\":11,\"kind\":\"FenceToken\"}",
                                 "moves the upper to 95", "insert batch [94, 95), 4 updates, inline", "insert writer w",
                                 "current catalog epoch 10 fenced by new catalog epoch 11", "takes epoch 12",
                                 "--commit --expect-upper 94 --expect-old '{\"value\":\"26.23.0\"}'"})
            QVERIFY2(run.out.contains(part), part + run.out);
        QVERIFY2(run.err.contains("nothing was written"), run.err);
        QCOMPARE(bytesOf(file), before);
        QCOMPARE(QDir(m_folder.path()).entryList(QDir::Files), entries);
    }

    void whatTheDryRunPrintsCommits_data()
    {
        QTest::addColumn<QString>("shard");
        QTest::addColumn<QStringList>("words");
        QTest::newRow("an edit") << "new-busy" << QStringList {"edit", "setting", kKey, kNew};
        QTest::newRow("an insertion") << "old-busy"
                                      << QStringList {"edit", "config", "{\"key\":\"it's new\"}", "{\"value\":1}"};
        QTest::newRow("a deletion") << "new-busy" << QStringList {"delete", "setting", kKey};
        QTest::newRow("a secret") << "new-busy"
                                  << QStringList {"edit", "setting", "{\"name\":\"mock_authentication_nonce\"}",
                                                  "{\"value\":\"other\"}"};
        QTest::newRow("with an override")
            << "old-busy"
            << QStringList {"delete", "role", "{\"id\":{\"value\":{\"System\":1}}}", "--override", "references"};
        QTest::newRow("a quote in the old value")
            << "quoted" << QStringList {"edit", "setting", "{\"name\":\"it's\"}", "{\"value\":\"no quote\"}"};
    }

    void whatTheDryRunPrintsCommits()
    {
        QFETCH(QString, shard);
        QFETCH(QStringList, words);
        QString file = copyOf(shard == "quoted" ? "new-busy" : shard);
        if (shard == "quoted")
            QCOMPARE(runCli({"edit", "setting", "{\"name\":\"it's\"}", "{\"value\":\"Bob's\"}", "--commit",
                             "--expect-upper", "94", "--expect-absent", "--journal", journal(), file})
                         .exitCode,
                     0);
        const auto dry = runCli(words + QStringList {file});
        QVERIFY2(dry.exitCode == 0, dry.err);
        const auto options = dry.out.trimmed().split('\n').last().trimmed();
        QVERIFY2(options.startsWith("--commit --expect-upper "), options);
        if (words.join(' ').contains("nonce"))
            QVERIFY2(options.contains("--expect-old sha256:") && !dry.out.contains("gk3RmEeRDrFYvYyQqB4AAnbMEooOFgQK"),
                     dry.out);
        // As a person pastes it into a shell.
        QString command = QStringLiteral("'" INSPECTOR_CLI "'");
        for (auto word : words)
            command += " '" + word.replace("'", "'\\''") + "'";
        command += " " + QString::fromUtf8(options) + " --json --journal '" + journal() + "' '" + file + "'";
        QProcess shell;
        shell.start("sh", {"-c", command});
        QVERIFY(shell.waitForFinished(60'000));
        QVERIFY2(shell.exitCode() == 0, shell.readAllStandardError());
        const auto receipt = QJsonDocument::fromJson(shell.readAllStandardOutput()).object();
        QCOMPARE(receipt["committed"].toBool(), true);
        QCOMPARE(receipt["proof"].toString(), QString("read back"));
    }

    void aCommitPrintsItsReceiptAndIsThere()
    {
        const auto file = copyOf("new-busy");
        const auto path = journal();
        const QStringList commit {"--commit", "--expect-upper", "94", "--expect-old", kOld, "--journal", path};
        const auto run = runCli(edit(file, commit));
        QVERIFY2(run.exitCode == 0, run.err);
        for (const char* part : {"Committed: replace 1 row of setting", "as version v190", "the upper is 95",
                                 "To take the rows back:", "rows and the changes were read back", "is removed again"})
            QVERIFY2(run.out.contains(part), part + run.out);
        QVERIFY(run.out.contains(path.toUtf8()));
        QCOMPARE(valueIn({file}), QByteArray(kNew));
        const auto facts = objectOf(runCli({"facts", "--json", file}));
        QCOMPARE(facts["epoch"].toInt(), 11);
        QCOMPARE(facts["deploy_generation"].toInt(), 2);
        QCOMPARE(facts["upper"].toInt(), 95);
        QCOMPARE(facts["applier_version"].toString(), QString("26.23.0"));

        const auto told = runCli({"recover", path, file});
        QVERIFY2(told.exitCode == 0, told.err);
        QVERIFY2(told.out.startsWith("All of the repair is in the shard: "), told.out);
        QCOMPARE(objectOf(runCli({"recover", "--json", path, file}))["fate"].toString(), QString("whole"));

        // The same again has no base any more.
        const auto before = bytesOf(file);
        const auto again = runCli(edit(file, commit));
        QCOMPARE(again.exitCode, 6);
        QVERIFY2(again.err.contains("from upper 94 to 95") && again.err.contains("epoch 11")
                     && again.err.contains("26.24.0"),
                 again.err);
        QVERIFY(again.out.isEmpty());
        QCOMPARE(bytesOf(file), before);
    }

    void theJsonOfAPlanIsWhole()
    {
        const auto file = copyOf("new-busy");
        const auto plan = objectOf(runCli(edit(file, {"--json"})));
        QCOMPARE(plan["committed"].toBool(true), false);
        QCOMPARE(plan["may_commit"].toBool(), true);
        QCOMPARE(plan["expect_upper"].toInt(), 94);
        QCOMPARE(plan["next_upper"].toInt(), 95);
        QCOMPARE(plan["token_before"]["epoch"].toInt(), 10);
        QCOMPARE(plan["token_after"]["epoch"].toInt(), 11);
        QCOMPARE(plan["updates"].toArray().size(), 4);
        QCOMPARE(plan["updates"][0]["diff"].toInt(), -1);
        QCOMPARE(plan["updates"][0]["ts"].toString(), QString("94"));
        QCOMPARE(plan["inverse"].toArray().size(), 2);
        QCOMPARE(plan["edits"][0]["before"].toObject(), QJsonDocument::fromJson(kOld).object());
        QCOMPARE(plan["edits"][0]["after"].toObject(), QJsonDocument::fromJson(kNew).object());
        QCOMPARE(plan["state_diff"]["seqno_to"].toInt(), 190);
        QVERIFY(plan["state_diff"]["changes"].toArray().size() > 3);
        // What is retracted are the bytes that 'rows' shows.
        bool isStored = false;
        for (const auto& line : runCli({"rows", "--json", file}).out.split('\n'))
            isStored = isStored
                || QJsonDocument::fromJson(line).object()["source_data_hex"] == plan["updates"][0]["source_data_hex"];
        QVERIFY(isStored);
    }

    void whatIsRefusedSaysWhyAndWritesNothing_data()
    {
        QTest::addColumn<QStringList>("words");
        QTest::addColumn<int>("code");
        QTest::addColumn<QString>("said");
        const QString key = kKey;
        const QStringList set {"edit", "setting", key, kNew};
        QTest::newRow("no expected upper")
            << set + QStringList {"--commit", "--expect-old", kOld} << 2 << "--expect-upper";
        QTest::newRow("no expected old") << set + QStringList {"--commit", "--expect-upper", "94"} << 2
                                         << "--expect-old";
        QTest::newRow("old and absent") << set + QStringList {"--expect-old", kOld, "--expect-absent"} << 2
                                        << "contradict";
        QTest::newRow("an upper that is past")
            << set + QStringList {"--commit", "--expect-upper", "93", "--expect-old", kOld} << 6 << "94";
        QTest::newRow("an upper to come")
            << set + QStringList {"--commit", "--expect-upper", "95", "--expect-old", kOld} << 6 << "95";
        QTest::newRow("another old value")
            << set + QStringList {"--commit", "--expect-upper", "94", "--expect-old", "{\"value\":\"1\"}"} << 6
            << "26.23.0";
        QTest::newRow("it is there") << set + QStringList {"--commit", "--expect-upper", "94", "--expect-absent"} << 6
                                     << "26.23.0";
        QTest::newRow("no hash") << set + QStringList {"--expect-old", "sha256:12"} << 2 << "64";
        QTest::newRow("no such override") << set + QStringList {"--override", "all"} << 2 << "last-config";
        QTest::newRow("a moment") << set + QStringList {"--as-of", "3"} << 2 << "unknown option --as-of";
        QTest::newRow("an old value that differs, dry")
            << set + QStringList {"--expect-old", "{\"value\":\"1\"}"} << 6 << "26.23.0";
        QTest::newRow("no such collection") << QStringList {"edit", "settings", key, kNew} << 2 << "'settings'";
        QTest::newRow("a value that does not fit")
            << QStringList {"edit", "setting", key, "{\"value\":7}"} << 2 << "invalid-value";
        QTest::newRow("no JSON") << QStringList {"edit", "setting", key, "7.."} << 2 << "JSON";
        QTest::newRow("no such key") << QStringList {"delete", "setting", "{\"name\":\"gone\"}"} << 3 << "gone";
        QTest::newRow("no change") << QStringList {"edit", "setting", key, kOld} << 2 << "nothing to write";
        QTest::newRow("a role that is used, dry")
            << QStringList {"delete", "role", "{\"id\":{\"System\":1}}"} << 6 << "--override";
        QTest::newRow("a role that is used")
            << QStringList {"delete", "role", "{\"id\":{\"System\":1}}", "--commit", "--expect-upper", "94"} << 6
            << "--override";
        QTest::newRow("the fence token") << QStringList {"edit", "FenceToken", "null", "null"} << 2 << "fence token";
        QTest::newRow("a journal that is there")
            << set + QStringList {"--commit", "--expect-upper", "94", "--expect-old", kOld, "--journal", "FILE"} << 2
            << "exists already";
        QTest::newRow("a journal that cannot be")
            << set + QStringList {"--commit", "--expect-upper", "94", "--expect-old", kOld, "--journal", "/proc/j"} << 3
            << "/proc/j";
    }

    void whatIsRefusedSaysWhyAndWritesNothing()
    {
        QFETCH(QStringList, words);
        QFETCH(int, code);
        QFETCH(QString, said);
        const auto file = copyOf("new-busy");
        words.replaceInStrings(QRegularExpression("^FILE$"), file);
        const auto before = bytesOf(file);
        for (const auto& form : {QStringList(), QStringList {"--json"}}) {
            const auto run = runCli(words + form + QStringList {file});
            QVERIFY2(run.exitCode == code, QByteArray::number(run.exitCode) + run.err);
            QVERIFY2(run.err.contains(said.toUtf8()), run.err);
            QCOMPARE(bytesOf(file), before);
        }
    }

    void aRefusedPlanIsShownWithItsReasons()
    {
        const auto file = copyOf("new-busy");
        const auto run = runCli({"delete", "role", "{\"id\":{\"System\":1}}", file});
        QCOMPARE(run.exitCode, 6);
        QVERIFY2(run.out.contains("role s1 goes, and ") && run.out.contains("(--override references)"), run.out);
        const auto plan = objectOf(runCli({"delete", "role", "{\"id\":{\"System\":1}}", "--json", file}));
        QCOMPARE(plan["may_commit"].toBool(true), false);
        QCOMPARE(plan["refusals"][0]["override"].toString(), QString("references"));
        const auto forced = runCli({"delete", "role", "{\"id\":{\"System\":1}}", "--override", "references", "--commit",
                                    "--expect-upper", "94", "--journal", journal(), file});
        QVERIFY2(forced.exitCode == 0, forced.err);
    }

    void aRedactedCaptureIsNotRepaired()
    {
        const auto file = copyOf("new-busy");
        QVERIFY(inspector::test::changeDatabase(file.toStdString(),
                                                "INSERT OR REPLACE INTO manifest VALUES ('redaction', 'secrets')"));
        const auto run = runCli(edit(file));
        QCOMPARE(run.exitCode, 6);
        QVERIFY2(run.err.contains("redacted (secrets)"), run.err);
    }

    void withoutANameTheJournalGoesIntoTheWorkingDirectory()
    {
        const auto file = copyOf("new-busy");
        const auto folder = m_folder.filePath("working");
        QVERIFY(QDir().mkpath(folder));
        QProcess process;
        process.setWorkingDirectory(folder);
        process.start(QStringLiteral(INSPECTOR_CLI),
                      edit(file, {"--commit", "--expect-upper", "94", "--expect-old", kOld}));
        QVERIFY(process.waitForFinished(60'000));
        QVERIFY2(process.exitCode() == 0, process.readAllStandardError());
        const auto files = QDir(folder).entryList(QDir::Files);
        QCOMPARE(files.size(), 1);
        QVERIFY2(QRegularExpression("^repair-sf3e22cc5-v190-\\d{8}T\\d{6}Z\\.journal$").match(files.front()).hasMatch(),
                 files.front().toUtf8());
    }

    void recoverNamesWhatIsNoJournal()
    {
        const auto file = copyOf("new-busy");
        const auto missing = runCli({"recover", m_folder.filePath("missing"), file});
        QCOMPARE(missing.exitCode, 3);
        const auto other = runCli({"recover", file, file});
        QVERIFY2(other.exitCode == 5 && other.err.contains("no journal"), other.err);
        const auto text = m_folder.filePath("text");
        QFile written(text);
        QVERIFY(written.open(QIODevice::WriteOnly));
        written.write("hello\n");
        written.close();
        const auto wrong = runCli({"recover", text, file});
        QCOMPARE(wrong.exitCode, 5);
        QVERIFY2(wrong.err.contains("line 1"), wrong.err);
    }

    void ofRepairsThatRaceOneWins_data()
    {
        QTest::addColumn<bool>("isServer");
        QTest::newRow("catalog file") << false;
        QTest::newRow("server and folder") << true;
    }

    void ofRepairsThatRaceOneWins()
    {
        QFETCH(bool, isServer);
        QStringList place;
        if (isServer) {
            serve();
            place = QStringList {"--consensus", QString::fromStdString(m_server->socketUrl(ThrowawayPostgres::kOwner)),
                                 "--blob", "file://" + blobFolder()};
        } else {
            place = QStringList {copyOf("new-busy")};
        }
        constexpr int kRacers = 6;
        std::vector<std::unique_ptr<QProcess>> racers;
        for (int i = 0; i < kRacers; ++i) {
            auto racer = std::make_unique<QProcess>();
            racer->start(QStringLiteral(INSPECTOR_CLI),
                         QStringList {"edit", "setting", kKey, QStringLiteral("{\"value\":\"racer %1\"}").arg(i),
                                      "--commit", "--expect-upper", "94", "--expect-old", kOld, "--journal", journal()}
                             + place);
            racers.push_back(std::move(racer));
        }
        int winner = -1;
        for (int i = 0; i < kRacers; ++i) {
            auto& racer = *racers[static_cast<std::size_t>(i)];
            QVERIFY(racer.waitForFinished(60'000));
            const auto said = racer.readAllStandardError();
            QVERIFY2(racer.exitCode() == 0 || racer.exitCode() == 6, said);
            if (racer.exitCode() == 0) {
                QCOMPARE(winner, -1);
                winner = i;
            } else {
                QVERIFY2(said.contains("from upper 94 to 95"), said);
            }
        }
        QVERIFY(winner >= 0);
        QCOMPARE(valueIn(place), QStringLiteral("{\"value\":\"racer %1\"}").arg(winner).toUtf8());
        const auto facts = objectOf(runCli(QStringList {"facts", "--json"} + place));
        QCOMPARE(facts["epoch"].toInt(), 11);
        QCOMPARE(facts["upper"].toInt(), 95);
    }

    /// On a server, with a role that may write, and one that may only read.
    void aServerIsRepairedByWhoMayWrite()
    {
        serve();
        const auto& server = *m_server;
        const auto folder = blobFolder();
        const auto at = [&](const std::string& user, const std::string& password) {
            return QStringList {"--consensus", QString::fromStdString(server.url(user, password)), "--blob",
                                "file://" + folder};
        };
        const QStringList commit {"edit",           "setting", kKey,           kNew, "--commit",
                                  "--expect-upper", "94",      "--expect-old", kOld, "--journal"};
        const auto reader = at(ThrowawayPostgres::kReader, ThrowawayPostgres::kReaderPassword);
        const auto dry = runCli(QStringList {"edit", "setting", kKey, kNew} + reader);
        QVERIFY2(dry.exitCode == 0, dry.err);
        QVERIFY(!dry.out.contains(ThrowawayPostgres::kReaderPassword));
        const auto path = journal();
        const auto denied = runCli(commit + QStringList {path} + reader);
        QCOMPARE(denied.exitCode, 4);
        QVERIFY2(denied.err.contains("no permission to write"), denied.err);
        const auto nothing = runCli(QStringList {"recover", "--json", path} + reader);
        QVERIFY2(nothing.exitCode == 0, nothing.err);
        QCOMPARE(objectOf(nothing)["fate"].toString(), QString("nothing"));
        QCOMPARE(objectOf(nothing)["noted_outcome"].toString(), QString("not written"));

        const QStringList owner {"--consensus", QString::fromStdString(server.socketUrl(ThrowawayPostgres::kOwner)),
                                 "--blob", "file://" + folder};
        const auto other = journal();
        const auto done = runCli(commit + QStringList {other} + owner);
        QVERIFY2(done.exitCode == 0, done.err);
        QCOMPARE(objectOf(runCli(QStringList {"recover", "--json", other} + reader))["fate"].toString(),
                 QString("whole"));
        QCOMPARE(objectOf(runCli(QStringList {"recover", "--json", path} + reader))["fate"].toString(),
                 QString("nothing"));
        for (const auto& file : {path, other}) {
            const auto lines = bytesOf(file);
            QVERIFY(!lines.contains(ThrowawayPostgres::kReaderPassword) && !lines.contains("postgres://"));
        }
    }
};

QTEST_GUILESS_MAIN(TestEditCli)
#include "tst_edit_cli.moc"
