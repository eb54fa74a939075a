#include "tests/app/cli_process.h"
#include "tests/app/fixture_shards.h"

#include <QCryptographicHash>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QtTest>

using namespace inspector::tests;

namespace {

bool isOld(const QString& shard)
{
    return shard.startsWith("old");
}

CliRun check(const QString& shard, const QStringList& options)
{
    return runCli(QStringList {"upgrade-check"} + options + QStringList {FixtureShards::catalogFile(shard)});
}

QJsonObject reportOf(const CliRun& answer)
{
    return QJsonDocument::fromJson(answer.out).object();
}

/// "82 to 83: 0", step by step.
QStringList stepsOf(const QJsonObject& report)
{
    QStringList steps;
    for (const auto step : report["steps"].toArray())
        steps << QStringLiteral("%1 to %2: %3")
                     .arg(step.toObject()["from"].toInt())
                     .arg(step.toObject()["to"].toInt())
                     .arg(step.toObject()["rows_touched"].toInt());
    return steps;
}

QStringList refusalsOf(const QJsonObject& report)
{
    QStringList refusals;
    for (const auto refusal : report["refusals"].toArray())
        refusals << refusal.toObject()["gate"].toString() + ": " + refusal.toObject()["message"].toString();
    return refusals;
}

/// How many rows of a collection the reference listed.
int rowsOf(const QString& shard, const QByteArray& collection)
{
    return static_cast<int>(
        FixtureShards::expected(shard, "trace-consolidated.jsonl").count("{\"collection\":\"" + collection + "\""));
}

QByteArray fingerprint(const QString& path)
{
    QFile file(path);
    file.open(QIODevice::ReadOnly);
    QCryptographicHash hash(QCryptographicHash::Sha256);
    hash.addData(&file);
    return hash.result();
}

} // namespace

/// What a newer build would do to the catalogs that the real system wrote.
class TestUpgradeCheck : public QObject
{
    Q_OBJECT

private:
    static void shards()
    {
        QTest::addColumn<QString>("shard");
        for (const auto& shard : FixtureShards::names())
            QTest::newRow(shard.toUtf8()) << shard;
    }

private slots:
    void ownBuildOpensTheCatalog_data() { shards(); }
    void ownBuildOpensTheCatalog()
    {
        QFETCH(QString, shard);
        const auto version = isOld(shard) ? 72 : 82;
        const auto answer = check(shard, {"--catalog-version", QString::number(version), "--json"});
        QVERIFY2(answer.exitCode == 0, answer.err);
        QVERIFY2(answer.err.isEmpty(), answer.err);
        const auto report = reportOf(answer);
        QCOMPARE(report["passes"].toBool(), true);
        QCOMPARE(report["catalog_version"].toInt(), version);
        QCOMPARE(report["target"].toObject()["version"].toString(), QString(isOld(shard) ? "0.125.0" : "26.23.0"));
        QVERIFY(report["steps"].toArray().isEmpty());
        QVERIFY(report["undecodable"].toArray().isEmpty());
        QVERIFY(report["deploy_generation"].isNull());
    }

    void newEraUpgradesToTheNewestVersion_data() { shards(); }
    void newEraUpgradesToTheNewestVersion()
    {
        QFETCH(QString, shard);
        const auto answer = check(shard, {"--catalog-version", "92", "--json"});
        const auto report = reportOf(answer);
        if (isOld(shard)) {
            QCOMPARE(answer.exitCode, 1);
            QCOMPARE(refusalsOf(report),
                     (QStringList {"persist data version: incompatible persist version 0.125.0, current: 26.39.0, make "
                                   "sure to upgrade the catalog one major version forward at a time",
                                   "user_version: incompatible Catalog version 72, minimum: 74, current: 92"}));
            QVERIFY(report["steps"].toArray().isEmpty());
            return;
        }
        QVERIFY2(answer.exitCode == 0, answer.err);
        QCOMPARE(refusalsOf(report), QStringList());
        // Every cluster and replica of these catalogs is managed.
        const auto computeRows = rowsOf(shard, "compute_instance") + rowsOf(shard, "compute_replicas");
        QVERIFY(computeRows > 0);
        QCOMPARE(stepsOf(report),
                 (QStringList {"82 to 83: 0", "83 to 84: 0", "84 to 85: 0", "85 to 86: 0",
                               QStringLiteral("86 to 87: %1").arg(computeRows), "87 to 88: 0", "88 to 89: 0",
                               QStringLiteral("89 to 90: %1").arg(computeRows),
                               QStringLiteral("90 to 91: %1").arg(rowsOf(shard, "item")), "91 to 92: 0"}));
    }

    void oldEraUpgradesOneReleaseAtATime_data() { shards(); }
    void oldEraUpgradesOneReleaseAtATime()
    {
        QFETCH(QString, shard);
        if (!isOld(shard)) {
            // A build of the old era cannot open a catalog of the new one.
            QCOMPARE(check(shard, {"--catalog-version", "73", "--json"}).exitCode, 1);
            return;
        }
        const auto next = check(shard, {"--catalog-version", "73", "--json"});
        QVERIFY2(next.exitCode == 0, next.err);
        QCOMPARE(stepsOf(reportOf(next)),
                 QStringList {QStringLiteral("72 to 73: %1").arg(rowsOf(shard, "compute_introspection_source_index"))});
        // The upgrade shard beside it says that 0.125 is the newest that was deployed: 0.127 is a release too far.
        const auto later = check(shard, {"--build-version", "0.127.0", "--json"});
        QCOMPARE(later.exitCode, 1);
        QCOMPARE(
            refusalsOf(reportOf(later)),
            QStringList {"persist data version: incompatible persist version 0.125.0, current: 0.127.0, make sure to "
                         "upgrade the catalog one version forward at a time"});
        QCOMPARE(check(shard, {"--build-version", "0.126.7"}).exitCode, 0);
    }

    void upgradeShardIsFoundByItsOrganizationToo()
    {
        const QStringList kOrganization {"--organization-id", "7c0e1d44-6f2b-4a54-9a39-5a3b0f1f2c02"};
        const auto answer = check("old-busy", kOrganization + QStringList {"--build-version", "0.127.0"});
        QCOMPARE(answer.exitCode, 1);
        QVERIFY(answer.out.contains("upgrade shard      0.125.0"));
        QVERIFY(answer.out.contains("refused by persist data version: "));
    }

    void lowerGenerationIsFenced()
    {
        // `busy` went through three deploy generations.
        const auto fenced = check("new-busy", {"--catalog-version", "82", "--deploy-generation", "1", "--json"});
        QCOMPARE(fenced.exitCode, 1);
        QCOMPARE(refusalsOf(reportOf(fenced)),
                 QStringList {"generation: current catalog deployment generation 1 fenced by new catalog epoch 2"});
        QCOMPARE(check("new-busy", {"--catalog-version", "82", "--deploy-generation", "2"}).exitCode, 0);
        const auto higher = check("new-busy", {"--catalog-version", "82", "--deploy-generation", "3"});
        QCOMPARE(higher.exitCode, 0);
        QVERIFY2(higher.out.contains("as generation 3, epoch 11"), higher.out);
    }

    void olderBuildIsRefusedByTheContentVersion()
    {
        const auto answer = check("new-fresh", {"--catalog-version", "82", "--build-version", "26.22.0", "--json"});
        QCOMPARE(answer.exitCode, 1);
        const auto refusals = refusalsOf(reportOf(answer));
        QCOMPARE(refusals.size(), 2);
        QVERIFY(refusals[1].startsWith("content version: incompatible persist version 26.23.0, current: 26.22.0"));
    }

    void textSaysItInOneLastLine()
    {
        const auto passes = check("new-fresh", {"--catalog-version", "92"});
        QVERIFY(passes.out.endsWith("\ncatalog upgrade from 26.23.0 to 26.39.0 would succeed, 10 migrations\n"));
        QVERIFY(passes.out.contains("\n86 to 87   v26.31     2  managed clusters"));
        const auto fails = check("old-fresh", {"--build-version", "26.39.0"});
        QVERIFY(fails.out.endsWith("\ncatalog upgrade from 0.125.0 to 26.39.0 would fail, 0 migrations\n"));
        QVERIFY(fails.out.contains("\nrefused by user_version: incompatible Catalog version 72"));
    }

    void momentIsTheOneAskedFor()
    {
        const auto early = check("new-log", {"--catalog-version", "92", "--as-of", "2"});
        QVERIFY2(early.exitCode == 0, early.err);
        QVERIFY2(early.out.contains("from generation 0, epoch 2"), early.out);
        const auto late = check("new-log", {"--catalog-version", "92"});
        QVERIFY(!late.out.contains("from generation 0, epoch 2"));
    }

    void wrongRequestsAreToldApart_data()
    {
        QTest::addColumn<QStringList>("options");
        QTest::addColumn<QString>("message");
        QTest::newRow("no build") << QStringList() << "no build: give --catalog-version N or --build-version VERSION";
        QTest::newRow("unknown catalog version")
            << QStringList {"--catalog-version", "93"} << "no release of catalog version 93 is known";
        QTest::newRow("unknown build") << QStringList {"--build-version", "0.1.0"} << "older than 0.123";
        QTest::newRow("no version") << QStringList {"--build-version", "newest"} << "'newest' is no version";
        QTest::newRow("no number") << QStringList {"--catalog-version", "x"} << "--catalog-version";
    }

    void wrongRequestsAreToldApart()
    {
        QFETCH(QStringList, options);
        QFETCH(QString, message);
        const auto answer = check("new-fresh", options);
        QVERIFY2(answer.exitCode == 2, answer.err);
        QVERIFY2(answer.err.contains(message.toUtf8()), answer.err);
        QVERIFY(answer.out.isEmpty());
    }

    void nothingIsWritten_data() { shards(); }
    void nothingIsWritten()
    {
        QFETCH(QString, shard);
        const auto path = FixtureShards::catalogFile(shard);
        const auto before = fingerprint(path);
        QVERIFY(check(shard, {"--catalog-version", isOld(shard) ? "73" : "92"}).exitCode == 0);
        QCOMPARE(fingerprint(path), before);
        const auto beside = QFileInfo(path).dir().entryList({"*-wal", "*-shm", "*-journal"}, QDir::Files);
        QCOMPARE(beside, QStringList());
    }
};

QTEST_GUILESS_MAIN(TestUpgradeCheck)
#include "tst_upgrade_check.moc"
