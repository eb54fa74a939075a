#include "tests/app/cli_process.h"
#include "tests/app/fixture_shards.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QtTest>

#include <algorithm>

using namespace inspector::tests;

namespace {

/// Settings that are random, or that depend on the build.
const QStringList kOwnSettings {"builtin_migration_shard", "expression_cache_shard", "mock_authentication_nonce",
                                "catalog_content_version"};

/// A row as one comparable text: its stored bytes, or what there is of it when its value is nobody else's.
QByteArray comparable(const QJsonObject& row, const QByteArray& bytes)
{
    const auto name = row.value("key").toObject().value("name").toString();
    if (row.value("kind") == "Setting" && kOwnSettings.contains(name))
        return "setting " + name.toUtf8()
            + (row.value("value").toObject().value("value").toString().isEmpty() ? " -" : "");
    return bytes;
}

QList<QByteArray> sorted(QList<QByteArray> rows)
{
    std::sort(rows.begin(), rows.end());
    return rows;
}

/// Time and bytes of every row of a catalog, as our reader finds them.
QList<QByteArray> rowsOf(const QString& file)
{
    const auto answer = runCli({"history", "--json", file});
    QList<QByteArray> rows;
    for (const auto& line : answer.out.split('\n')) {
        if (line.isEmpty())
            continue;
        const auto row = QJsonDocument::fromJson(line).object();
        rows << row.value("ts").toString().toUtf8() + " " + QByteArray::number(row.value("diff").toInt()) + " "
                + comparable(row.value("json").toObject(), row.value("source_data_hex").toString().toUtf8());
    }
    return sorted(rows);
}

QJsonObject factsOf(const QString& file)
{
    return QJsonDocument::fromJson(runCli({"facts", "--json", file}).out).object();
}

} // namespace

class TestInitCli : public QObject
{
    Q_OBJECT

private:
    QTemporaryDir m_folder;

    [[nodiscard]] QString fresh(const QString& name) const { return m_folder.filePath(name + ".mzcat"); }

private slots:
    void aNewCatalogIsTheOneOfTheRealSystem_data()
    {
        QTest::addColumn<QString>("fixture");
        QTest::addColumn<QString>("version");
        QTest::newRow("v0.125") << "old-fresh"
                                << "72";
        QTest::newRow("v26.23") << "new-fresh"
                                << "82";
    }
    void aNewCatalogIsTheOneOfTheRealSystem()
    {
        QFETCH(QString, fixture);
        QFETCH(QString, version);
        const auto file = fresh(fixture);
        const auto made = runCli({"init", "--commit", "--catalog-version", version, "--bootstrap-role",
                                  "ops@example.com", "--initial-ts", "1731500000000", file});
        QVERIFY2(made.exitCode == 0, made.err);
        const auto real = FixtureShards::catalogFile(fixture);
        QCOMPARE(rowsOf(file), rowsOf(real));
        auto facts = factsOf(file);
        auto realFacts = factsOf(real);
        for (auto* each : {&facts, &realFacts}) {
            each->remove("shard");
            each->remove("seqno"); // the real handle went through a few steps more
        }
        QCOMPARE(facts, realFacts);
    }

    void aNewCatalogHasTheInitialRows_data()
    {
        QTest::addColumn<QString>("rows");
        QTest::addColumn<QString>("version");
        QTest::newRow("v72") << "initial_rows.old-v72.jsonl"
                             << "72";
        QTest::newRow("v92") << "initial_rows.new-v92.jsonl"
                             << "92";
    }
    void aNewCatalogHasTheInitialRows()
    {
        QFETCH(QString, rows);
        QFETCH(QString, version);
        const auto file = fresh(rows);
        const auto made = runCli({"init", "--commit", "--catalog-version", version, "--initial-ts", "0", file});
        QVERIFY2(made.exitCode == 0, made.err);
        QFile expected(QStringLiteral(INSPECTOR_FIXTURES) + "/catalog-model/" + rows);
        QVERIFY(expected.open(QIODevice::ReadOnly));
        QList<QByteArray> wanted;
        for (const auto& line : expected.readAll().split('\n')) {
            if (line.isEmpty())
                continue;
            const auto row = QJsonDocument::fromJson(line).object();
            wanted << QByteArray::number(row.value("ts").toInt()) + " " + QByteArray::number(row.value("diff").toInt())
                    + " "
                    + comparable(row.value("row").toObject(),
                                 QByteArray::fromBase64(row.value("source_data").toString().toUtf8()).toHex());
        }
        QCOMPARE(rowsOf(file), sorted(wanted));
    }

    void whatIsAskedForIsInIt()
    {
        const auto file = fresh("asked");
        const auto made = runCli({"init", "--commit", "--json", "--organization-id",
                                  "00000000-0000-0000-0000-000000000000", "--deploy-generation", "7", "--replica-size",
                                  "100cc", "--replication-factor", "3", "--initial-ts", "5", file});
        QVERIFY2(made.exitCode == 0, made.err);
        const auto line = QJsonDocument::fromJson(made.out).object();
        QCOMPARE(line.value("committed").toBool(), true);
        QCOMPARE(line.value("shard").toString(), QString("s86892608-7ff3-82f8-1090-7584b4945aaa"));
        const auto facts = factsOf(file);
        QCOMPARE(facts.value("shard"), line.value("shard"));
        QCOMPARE(facts.value("epoch").toInt(), 2);
        QCOMPARE(facts.value("deploy_generation").toInt(), 7);
        QCOMPARE(facts.value("upper").toInt(), 3);
        const auto dump = runCli({"dump", "--json", file}).out;
        QCOMPARE(dump.count("\"collection\":\"compute_replicas\""), 3);
        QVERIFY(dump.contains("\"size\":\"100cc\""));
        QVERIFY(dump.contains("\"occurred_at\":{\"millis\":5}"));
        // Closed: nothing is left of whoever made it but the critical readers.
        const auto state = runCli({"state", file}).out;
        QVERIFY(!state.contains("Writer"));
        QVERIFY(!state.contains("Leased reader"));
    }

    void withoutCommitItOnlySaysWhatItWouldDo()
    {
        const auto file = fresh("never");
        const auto told = runCli({"init", file});
        QVERIFY2(told.exitCode == 0, told.err);
        QVERIFY(told.out.startsWith("Would be written"));
        QVERIFY(told.out.contains("{\"deploy_generation\":0,\"epoch\":2,\"kind\":\"FenceToken\"}"));
        QVERIFY(told.out.contains("\"user_version\""));
        QVERIFY2(told.err.contains("nothing was written"), told.err);
        QVERIFY(!QFile::exists(file));
        const auto line = QJsonDocument::fromJson(runCli({"init", "--json", file}).out).object();
        QCOMPARE(line.value("committed"), QJsonValue(false));
        QCOMPARE(line.value("rows").toInt(), 56);
        QVERIFY(!QFile::exists(file));
    }

    void aCatalogThatIsThereStaysAsItIs_data()
    {
        QTest::addColumn<QStringList>("words");
        QTest::newRow("the same organization")
            << QStringList {"--organization-id", "00000000-0000-0000-0000-000000000000"};
        QTest::newRow("no organization") << QStringList();
    }
    void aCatalogThatIsThereStaysAsItIs()
    {
        QFETCH(QStringList, words);
        const auto file = fresh("there");
        if (!QFile::exists(file))
            QCOMPARE(runCli({"init", "--commit", "--organization-id", "00000000-0000-0000-0000-000000000000", file})
                         .exitCode,
                     0);
        QFile before(file);
        QVERIFY(before.open(QIODevice::ReadOnly));
        const auto bytes = before.readAll();
        for (const auto& commit : {QStringList(), QStringList {"--commit"}}) {
            const auto refused = runCli(QStringList {"init"} + commit + words + QStringList {file});
            QCOMPARE(refused.exitCode, 6);
            QVERIFY2(refused.err.contains("already"), refused.err);
        }
        QFile after(file);
        QVERIFY(after.open(QIODevice::ReadOnly));
        QCOMPARE(after.readAll(), bytes);
    }

    void anotherOrganizationMayLieBesideIt()
    {
        const auto file = fresh("two");
        for (const auto* organization :
             {"00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"}) {
            const auto made = runCli({"init", "--commit", "--organization-id", organization, file});
            QVERIFY2(made.exitCode == 0, made.err);
            const auto facts = runCli({"facts", "--json", "--organization-id", organization, file});
            QVERIFY2(facts.exitCode == 0, facts.err);
        }
    }

    void wrongRequestsAreNamed_data()
    {
        QTest::addColumn<QStringList>("words");
        QTest::addColumn<QString>("message");
        QTest::newRow("version") << QStringList {"--catalog-version", "80", "x.mzcat"} << "72, 82 and 92";
        QTest::newRow("organization") << QStringList {"--organization-id", "nobody", "x.mzcat"} << "nobody";
        QTest::newRow("replicas") << QStringList {"--replication-factor", "5000000000", "x.mzcat"} << "1000";
        QTest::newRow("role") << QStringList {"--bootstrap-role", "", "x.mzcat"} << "--bootstrap-role is empty";
        QTest::newRow("moment") << QStringList {"--as-of", "3", "x.mzcat"} << "unknown option --as-of";
        QTest::newRow("no place") << QStringList {"--commit"} << "no location";
    }
    void wrongRequestsAreNamed()
    {
        QFETCH(QStringList, words);
        QFETCH(QString, message);
        const auto answer = runCli(QStringList {"init"} + words);
        QCOMPARE(answer.exitCode, 2);
        QVERIFY2(answer.err.contains(message.toUtf8()), answer.err);
    }

    void aFolderThatIsNotThereIsNotFound()
    {
        const auto answer = runCli({"init", "--commit", m_folder.filePath("no/such/folder.mzcat")});
        QCOMPARE(answer.exitCode, 3);
        QVERIFY2(answer.err.contains("no/such"), answer.err);
    }

    void helpSaysHowItWrites()
    {
        const auto help = runCli({"init", "--help"});
        QCOMPARE(help.exitCode, 0);
        QVERIFY(help.out.contains("Nothing is written without --commit."));
        QVERIFY(help.out.contains("  6 "));
        QVERIFY(!help.out.contains("--as-of"));
    }
};

QTEST_GUILESS_MAIN(TestInitCli)
#include "tst_init_cli.moc"
