#include "tests/app/cli_process.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QtTest>

#include <sqlite3.h>

using namespace inspector::tests;

namespace {

QByteArray contentOf(const QString& path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

/// The rows of a catalog file's two tables, in the order of their keys.
QList<QByteArray> membersOf(const QString& path)
{
    QList<QByteArray> members;
    sqlite3* database = nullptr;
    if (sqlite3_open_v2(path.toUtf8(), &database, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK) {
        for (const auto* sql : {"SELECT shard || sequence_number, data FROM consensus ORDER BY shard, sequence_number",
                                "SELECT key, data FROM blob ORDER BY key"}) {
            sqlite3_stmt* statement = nullptr;
            sqlite3_prepare_v2(database, sql, -1, &statement, nullptr);
            while (sqlite3_step(statement) == SQLITE_ROW) {
                const auto bytes = [&](int column) {
                    return QByteArray(static_cast<const char*>(sqlite3_column_blob(statement, column)),
                                      sqlite3_column_bytes(statement, column));
                };
                members << bytes(0) + ": " + bytes(1);
            }
            sqlite3_finalize(statement);
        }
    }
    sqlite3_close(database);
    return members;
}

const QStringList kSmall {"--items", "60", "--audit-rows", "800"};

} // namespace

class TestDemoCli : public QObject
{
    Q_OBJECT

private:
    QTemporaryDir m_folder;

    [[nodiscard]] QString fresh(const QString& name) const { return m_folder.filePath(name + ".mzcat"); }

private slots:
    void theDemoThatComesWithTheProgramIsMadeByIt()
    {
        // As README.md says. A change to how shards are written is made in the resource, too, by this command.
        const auto file = fresh("resource");
        const auto made = runCli({"demo", "--commit", "--seed", "9", "--items", "200", "--audit-rows", "1300", file});
        QVERIFY2(made.exitCode == 0, made.err);
        const auto resource = QStringLiteral(SOURCE_ROOT) + "/resources/demo/demo.mzcat";
        const auto members = membersOf(file);
        QVERIFY(members.size() > 10);
        // Row for row: the pages around them are SQLite's, and differ between its versions.
        QVERIFY2(members == membersOf(resource), qPrintable("another demo than " + file));
        QVERIFY2(QFileInfo(resource).size() < 2'000'000, "too large for a repository");
    }

    void whatCannotBeMadeIsSaidBeforehand_data()
    {
        QTest::addColumn<QString>("file");
        QTest::addColumn<int>("exitCode");
        QTest::addColumn<QString>("says");
        QTest::newRow("a server") << "postgres://someone:hunter2@db.example/catalog" << 2 << "import";
        QTest::newRow("a file that is there") << QStringLiteral(SOURCE_ROOT) + "/README.md" << 6 << "is there already";
        QTest::newRow("no such folder") << "/nowhere/at/all/demo.mzcat" << 3 << "/nowhere/at/all";
    }
    void whatCannotBeMadeIsSaidBeforehand()
    {
        QFETCH(QString, file);
        QFETCH(int, exitCode);
        QFETCH(QString, says);
        for (const bool isCommit : {false, true}) {
            const auto asked = runCli(isCommit ? QStringList {"demo", "--commit", file} : QStringList {"demo", file});
            QCOMPARE(asked.exitCode, exitCode);
            QVERIFY2(asked.err.contains(says.toUtf8()), asked.err);
            QVERIFY2(!asked.err.contains("hunter2"), asked.err);
        }
    }

    void everyReadingCommandUnderstandsIt()
    {
        const auto file = fresh("read");
        const auto made = runCli(QStringList {"demo", "--commit", "--json"} + kSmall + QStringList {file});
        QVERIFY2(made.exitCode == 0, made.err);
        const auto line = QJsonDocument::fromJson(made.out).object();
        QCOMPARE(line.value("committed").toBool(), true);
        const auto facts = QJsonDocument::fromJson(runCli({"facts", "--json", file}).out).object();
        QCOMPARE(facts.value("shard"), line.value("shard"));
        QCOMPARE(facts.value("epoch"), line.value("epoch"));
        QCOMPARE(facts.value("upper"), line.value("upper"));
        QCOMPARE(facts.value("deploy_generation"), line.value("deploy_generation"));
        QCOMPARE(facts.value("catalog_version").toInt(), 92);
        for (const auto& words :
             {QStringList {"dump"}, QStringList {"trace"}, QStringList {"rows"}, QStringList {"history"},
              QStringList {"fences"}, QStringList {"state"}, QStringList {"parts"}, QStringList {"find", "orders"}}) {
            const auto answer = runCli(words + QStringList {"--json", file});
            QVERIFY2(answer.exitCode == 0, answer.err);
            QVERIFY2(!answer.out.isEmpty(), words.front().toUtf8());
            QVERIFY2(!answer.err.contains("does not decode") && !answer.err.contains("missing"), answer.err);
        }
        const auto dump = runCli({"dump", "--json", file}).out;
        QCOMPARE(dump.count("\"collection\":\"item\""), 60);
        QCOMPARE(dump.count("\"collection\":\"audit_log\""), 800);
        // Every moment of it can be read exactly.
        const auto early = runCli({"dump", "--json", "--as-of", "1790000000000", file});
        QVERIFY2(early.exitCode == 0, early.err);
        QVERIFY(early.out.count('\n') > 100 && early.out.count('\n') < dump.count('\n'));
    }

    void theSameOptionsMakeTheSameFile_data()
    {
        QTest::addColumn<QString>("version");
        for (const auto* version : {"72", "82", "92"})
            QTest::newRow(version) << version;
    }
    void theSameOptionsMakeTheSameFile()
    {
        QFETCH(QString, version);
        const auto words = QStringList {"demo", "--commit", "--catalog-version", version} + kSmall;
        const auto a = fresh("a" + version);
        const auto b = fresh("b" + version);
        QCOMPARE(runCli(words + QStringList {a}).exitCode, 0);
        QCOMPARE(runCli(words + QStringList {b}).exitCode, 0);
        QVERIFY(!contentOf(a).isEmpty());
        QVERIFY(contentOf(a) == contentOf(b));
        const auto c = fresh("c" + version);
        QCOMPARE(runCli(words + QStringList {"--seed", "2", c}).exitCode, 0);
        QVERIFY(contentOf(a) != contentOf(c));
    }

    void withoutCommitItOnlySaysWhatItWouldDo()
    {
        const auto file = fresh("never");
        const auto told = runCli({"demo", "--items", "1000", file});
        QVERIFY2(told.exitCode == 0, told.err);
        QVERIFY(told.out.startsWith("Would be written"));
        QVERIFY(told.out.contains("1,000"));
        QVERIFY2(told.err.contains("nothing was written"), told.err);
        QVERIFY(!QFile::exists(file));
        const auto line = QJsonDocument::fromJson(runCli({"demo", "--json", file}).out).object();
        QCOMPARE(line.value("committed"), QJsonValue(false));
    }

    void aFileThatIsThereIsRefused()
    {
        const auto file = fresh("mine");
        QFile mine(file);
        QVERIFY(mine.open(QIODevice::WriteOnly));
        mine.write("mine");
        mine.close();
        const auto refused = runCli({"demo", "--commit", file});
        QCOMPARE(refused.exitCode, 6);
        QVERIFY2(refused.err.contains("is there already"), refused.err);
        QCOMPARE(contentOf(file), QByteArray("mine"));
    }

    void wrongRequestsAreNamed_data()
    {
        QTest::addColumn<QStringList>("words");
        QTest::addColumn<QString>("message");
        QTest::newRow("version") << QStringList {"--catalog-version", "91", "x.mzcat"} << "72, 82 and 92";
        QTest::newRow("items") << QStringList {"--items", "1", "x.mzcat"} << "60 to ";
        QTest::newRow("audit rows") << QStringList {"--items", "5000", "--audit-rows", "10", "x.mzcat"} << "6950 to ";
        QTest::newRow("no file") << QStringList {"--commit"} << "FILE is missing";
        QTest::newRow("two files") << QStringList {"x.mzcat", "y.mzcat"} << "'y.mzcat' is one word too many";
        QTest::newRow("moment") << QStringList {"--as-of", "1", "x.mzcat"} << "unknown option --as-of";
        QTest::newRow("server") << QStringList {"--consensus", "postgres://h", "x.mzcat"}
                                << "unknown option --consensus";
    }
    void wrongRequestsAreNamed()
    {
        QFETCH(QStringList, words);
        QFETCH(QString, message);
        const auto answer = runCli(QStringList {"demo"} + words);
        QCOMPARE(answer.exitCode, 2);
        QVERIFY2(answer.err.contains(message.toUtf8()), answer.err);
    }
};

QTEST_GUILESS_MAIN(TestDemoCli)
#include "tst_demo_cli.moc"
