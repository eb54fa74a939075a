#include "core/catalog/semver.h"
#include "core/catalog/upgrade_path.h"
#include "core/catalog/upgrade_steps.h"
#include "tests/core/catalog/catalog_fixtures.h"

#include <QtTest>

#include <map>
#include <string>
#include <vector>

using namespace inspector;
using catalog::Build;
using catalog::Semver;
using catalog::UpgradeCheck;
using catalog::UpgradeFacts;
using codec::RowForm;
using test::UpdateBuilder;

namespace {

Build oldBuild(const std::string& version)
{
    return {version, 72, 67, true};
}

Build newBuild(const std::string& version)
{
    return {version, 92, 74, false};
}

QString messageOf(const Result<>& result)
{
    return result.has_value() ? QString() : QString::fromStdString(result.error().message);
}

UpgradeCheck checkOf(persist::UpdateList updates, const Build& build, const UpgradeFacts& facts)
{
    const auto grouped = catalog::groupByCollection(std::move(updates), Job());
    auto check = catalog::checkUpgrade(*grouped, build, facts, Job());
    return check.has_value() ? *std::move(check) : UpgradeCheck {};
}

persist::UpdateList rowsOf(const std::string& shard)
{
    return test::rowsOfRawFile(test::rawFileOf(shard), RowForm::SourceData);
}

UpgradeFacts factsOf(const std::string& applierVersion, std::optional<std::uint64_t> generation = std::nullopt)
{
    UpgradeFacts facts;
    facts.applierVersion = applierVersion;
    if (generation)
        facts.deployGeneration = DeployGeneration(*generation);
    return facts;
}

std::map<std::uint64_t, std::uint64_t> touchedOf(const UpgradeCheck& check)
{
    std::map<std::uint64_t, std::uint64_t> touched;
    for (const auto& step : check.steps)
        touched[step.to] = step.rowsTouched;
    return touched;
}

QStringList refusalsOf(const UpgradeCheck& check)
{
    QStringList texts;
    for (const auto& [gate, message] : check.refusals)
        texts << QString::fromStdString(gate + ": " + message);
    return texts;
}

bool hasNote(const UpgradeCheck& check, const std::string& text)
{
    return std::any_of(check.notes.begin(), check.notes.end(),
                       [&](const std::string& note) { return note.find(text) != std::string::npos; });
}

std::string config(std::uint64_t version)
{
    return "{'key':{'key':'user_version'},'kind':'Config','value':{'value':" + std::to_string(version) + "}}";
}

std::string contentVersion(const std::string& version)
{
    return "{'key':{'name':'catalog_content_version'},'kind':'Setting','value':{'value':'" + version + "'}}";
}

std::string token(std::uint64_t generation, std::int64_t epoch)
{
    return "{'deploy_generation':" + std::to_string(generation) + ",'epoch':" + std::to_string(epoch)
        + ",'kind':'FenceToken'}";
}

std::string role(int id, const std::string& name, const std::string& provision = "'auto_provision_source':null,")
{
    return "{'key':{'id':{'User':" + std::to_string(id) + "}},'kind':'Role','value':{'attributes':{" + provision
        + "'inherit':true,'login':null,'superuser':null},'membership':{'map':[]},'name':'" + name
        + "','oid':20000,'vars':{'entries':[]}}}";
}

std::string systemCluster(int replicationFactor)
{
    return "{'key':{'id':{'System':1}},'kind':'Cluster','value':{'config':{'variant':{'Managed':{'availability_zones':["
           "],"
           "'logging':{'interval':null,'log_logging':false},'optimizer_feature_overrides':[],'replication_factor':"
        + std::to_string(replicationFactor)
        + ",'schedule':'Manual','size':'1'}},'workload_class':null},'name':'mz_system','owner_id':{'System':1},"
          "'privileges':[]}}";
}

} // namespace

class TestUpgradePath : public QObject
{
    Q_OBJECT

private slots:
    // --- versions

    void versionsOrderAsSemverSays()
    {
        const std::vector<std::string> kAscending {
            "0.0.0-0",     "0.0.0",         "0.9.0",          "0.10.0-alpha", "0.10.0-alpha.1", "0.10.0-alpha.beta",
            "0.10.0-beta", "0.10.0-beta.2", "0.10.0-beta.11", "0.10.0-rc.1",  "0.10.0",         "26.39.0-dev.0",
            "26.39.0"};
        for (std::size_t i = 0; i < kAscending.size(); ++i) {
            for (std::size_t j = 0; j < kAscending.size(); ++j) {
                const auto a = Semver::parse(kAscending[i]);
                const auto b = Semver::parse(kAscending[j]);
                QVERIFY2(a && b, kAscending[i].c_str());
                QVERIFY2(comparePrecedence(*a, *b) == (i <=> j), (kAscending[i] + " " + kAscending[j]).c_str());
                QVERIFY(compareFully(*a, *b) == (i <=> j));
            }
        }
    }

    void buildTagsCountInTheFullOrderOnly()
    {
        const auto plain = *Semver::parse("1.2.3");
        const auto one = *Semver::parse("1.2.3+a.1");
        const auto two = *Semver::parse("1.2.3+a.02");
        QVERIFY(comparePrecedence(plain, one) == 0);
        QVERIFY(comparePrecedence(one, two) == 0);
        QVERIFY(compareFully(plain, one) < 0);
        QVERIFY(compareFully(one, two) < 0);
    }

    void whatIsNoVersionIsNone_data()
    {
        QTest::addColumn<QString>("text");
        for (const auto* text : {"", "1", "1.2", "1.2.3.4", "01.2.3", "1.2.x", "1.2.3-", "1.2.3-01", "1.2.3-a..b",
                                 "1.2.3+", "1.2.3-a_b", "v1.2.3", " 1.2.3", "1.2.18446744073709551616"})
            QTest::newRow(text) << text;
    }

    void whatIsNoVersionIsNone()
    {
        QFETCH(QString, text);
        QVERIFY(!Semver::parse(text.toStdString()).has_value());
    }

    // --- the gates, with upstream's vectors (catalog-model §2.22)

    void persistVersionGate_data()
    {
        QTest::addColumn<bool>("isOld");
        QTest::addColumn<QString>("written");
        QTest::addColumn<QString>("opened");
        QTest::addColumn<bool>("passes");
        const auto row = [](bool isOld, const char* written, const char* opened, bool passes) {
            QTest::newRow((std::string(isOld ? "old " : "new ") + written + " to " + opened).c_str())
                << isOld << written << opened << passes;
        };
        row(true, "0.10.0", "0.10.0", true);
        row(true, "0.10.0", "0.11.0", true);
        row(true, "0.10.0", "0.12.0", false);
        row(true, "0.10.0", "0.11.99", true);
        row(true, "0.10.5", "0.9.0", true); // older binaries are not refused here
        row(true, "0.147.0", "26.0.0", false);
        row(true, "", "0.1.0", true); // no version is 0.0.0
        row(false, "0.10.0", "0.10.0", true);
        row(false, "0.147.0", "0.148.1", true);
        row(false, "0.10.0", "0.148.1", false);
        row(false, "0.147.0", "0.158.0", true);
        row(false, "0.147.0", "26.0.0", true);
        row(false, "0.160.0", "26.0.0", true);
        row(false, "26.0.0", "26.10.0", true);
        row(false, "26.1.0", "27.0.0", true);
        row(false, "0.147.0", "27.0.0", false);
        row(false, "26.39.0", "26.38.0", false); // no forward compatibility any more
        row(false, "26.39.0", "26.39.0-dev.0", false);
        row(false, "26.39.0-dev.0", "26.39.0", true);
        row(false, "26.39.0+b", "26.39.0+a", true);
        row(false, "0.146.0", "26.0.0", false);
        row(false, "0.130.0", "0.148.0", true);
        row(false, "0.129.9", "0.148.0", false);
    }

    void persistVersionGate()
    {
        QFETCH(bool, isOld);
        QFETCH(QString, written);
        QFETCH(QString, opened);
        QFETCH(bool, passes);
        const auto build = isOld ? oldBuild(opened.toStdString()) : newBuild(opened.toStdString());
        const auto checked = catalog::checkPersistVersion(build, written.toStdString());
        QCOMPARE(messageOf(checked),
                 passes
                     ? QString()
                     : QStringLiteral("incompatible persist version %1, current: %2, make sure to upgrade the catalog "
                                      "one %3version forward at a time")
                           .arg(written, opened, isOld ? "" : "major "));
        if (!passes)
            QCOMPARE(checked.error().code, ErrorCode::Unsupported);
        if (!isOld)
            QCOMPARE(catalog::codeCanWriteData(opened.toStdString(), written.toStdString()), passes);
    }

    void contentVersionGate_data()
    {
        QTest::addColumn<bool>("isOld");
        QTest::addColumn<QString>("found");
        QTest::addColumn<QString>("build");
        QTest::addColumn<bool>("passes");
        QTest::newRow("equal") << true << "0.125.0"
                               << "0.125.0" << true;
        QTest::newRow("newer build") << true << "0.125.0"
                                     << "0.126.0" << true;
        QTest::newRow("older build") << true << "0.125.0"
                                     << "0.124.9" << false;
        QTest::newRow("pre-release") << false << "26.39.0"
                                     << "26.39.0-dev.0" << false;
        QTest::newRow("build tags count, old") << true << "0.125.0+b"
                                               << "0.125.0+a" << false;
        QTest::newRow("build tags do not, new") << false << "26.39.0+b"
                                                << "26.39.0+a" << true;
    }

    void contentVersionGate()
    {
        QFETCH(bool, isOld);
        QFETCH(QString, found);
        QFETCH(QString, build);
        QFETCH(bool, passes);
        const auto of = isOld ? oldBuild(build.toStdString()) : newBuild(build.toStdString());
        const auto checked = catalog::checkContentVersion(of, found.toStdString());
        QCOMPARE(checked.has_value(), passes);
        if (!passes)
            QVERIFY(messageOf(checked).startsWith("incompatible persist version " + found + ", current: " + build));
    }

    void whatIsNoVersionIsCorruptAtTheGates()
    {
        QCOMPARE(catalog::checkContentVersion(newBuild("26.39.0"), "x").error().message,
                 std::string("invalid version persisted: 'x'"));
        QCOMPARE(catalog::checkPersistVersion(newBuild("26.39.0"), "x").error().code, ErrorCode::Corrupt);
        QVERIFY(!catalog::codeCanWriteData("26.39.0", "x"));
    }

    void userVersionGate()
    {
        QCOMPARE(messageOf(catalog::checkUserVersion(newBuild("26.39.0"), 73)),
                 QStringLiteral("incompatible Catalog version 73, minimum: 74, current: 92"));
        for (const std::uint64_t version : {74U, 92U, 93U}) // a newer one is not refused here (§8.2)
            QVERIFY(catalog::checkUserVersion(newBuild("26.39.0"), version).has_value());
    }

    // --- builds

    void everyCatalogVersionHasItsFirstRelease()
    {
        const auto check = [](std::uint64_t catalogVersion, const char* version, std::uint64_t min, bool upgradeShard) {
            const auto build = catalog::buildOfCatalogVersion(catalogVersion);
            return build.has_value() && build->version == version && build->catalogVersion == catalogVersion
                && build->minCatalogVersion == min && build->hasUpgradeShard == upgradeShard;
        };
        QVERIFY(check(72, "0.125.0", 67, true));
        QVERIFY(check(78, "0.164.0", 67, true));
        QVERIFY(check(79, "26.7.0", 74, true));
        QVERIFY(check(82, "26.23.0", 74, false));
        QVERIFY(check(92, "26.39.0", 74, false));
        QCOMPARE(catalog::buildOfCatalogVersion(67).error().code, ErrorCode::Unsupported);
        QCOMPARE(catalog::buildOfCatalogVersion(93).error().code, ErrorCode::Unsupported);
    }

    void buildOfAVersionHasTheNewestCatalogVersionUpToIt()
    {
        const auto catalogVersionOf = [](const char* version) {
            const auto build = catalog::buildOfVersion(version);
            return build.has_value() && build->version == version ? build->catalogVersion : 0;
        };
        QCOMPARE(catalogVersionOf("0.125.3"), std::uint64_t(72));
        QCOMPARE(catalogVersionOf("0.141.0"), std::uint64_t(73));
        QCOMPARE(catalogVersionOf("26.26.0-dev.0"), std::uint64_t(85));
        QCOMPARE(catalogVersionOf("26.39.0"), std::uint64_t(92));
        QCOMPARE(catalogVersionOf("27.1.0"), std::uint64_t(92));
        QCOMPARE(catalog::buildOfVersion("0.122.0").error().code, ErrorCode::Unsupported);
        QCOMPARE(catalog::buildOfVersion("26.39").error().code, ErrorCode::InvalidInput);
    }

    void everyStepIsThereOnceAndInOrder()
    {
        std::uint64_t from = 67;
        for (const auto& rule : catalog::upgradeRules()) {
            QCOMPARE(rule.from, from++);
            QVERIFY(!rule.effect.empty());
            QCOMPARE(rule.action == catalog::UpgradeAction::Nothing, rule.collections.empty());
        }
        QCOMPARE(from, std::uint64_t(92));
    }

    // --- the check

    void fixturesPassForTheirOwnVersion_data()
    {
        QTest::addColumn<QString>("shard");
        for (const auto* shard : {"old-fresh", "old-busy", "old-log", "new-fresh", "new-busy", "new-log"})
            QTest::newRow(shard) << shard;
    }

    void fixturesPassForTheirOwnVersion()
    {
        QFETCH(QString, shard);
        const bool isOld = shard.startsWith("old");
        auto facts = factsOf(isOld ? "0.125.0" : "26.23.0");
        facts.upgradeShardVersion = "0.125.0";
        const auto check =
            checkOf(rowsOf(shard.toStdString()), *catalog::buildOfCatalogVersion(isOld ? 72 : 82), facts);
        QCOMPARE(refusalsOf(check), QStringList());
        QVERIFY(check.passes());
        QVERIFY(check.steps.empty());
        QCOMPARE(*check.userVersion, std::uint64_t(isOld ? 72 : 82));
        QVERIFY(hasNote(check, "an open for writing would take over from generation"));
    }

    void newFreshUpgradesTo92()
    {
        const auto check = checkOf(rowsOf("new-fresh"), *catalog::buildOfCatalogVersion(92), factsOf("26.23.0", 0));
        QVERIFY(check.passes());
        const std::map<std::uint64_t, std::uint64_t> kExpected {{83, 0}, {84, 0}, {85, 0}, {86, 0}, {87, 2},
                                                                {88, 0}, {89, 0}, {90, 2}, {91, 0}, {92, 0}};
        QVERIFY(touchedOf(check) == kExpected);
        QCOMPARE(check.steps.front().from, std::uint64_t(82));
        QCOMPARE(check.steps.front().firstRelease, std::string("v26.25"));
        QVERIFY(check.steps[4].collections
                == (std::vector<catalog::CollectionType> {catalog::CollectionType::ComputeInstance,
                                                          catalog::CollectionType::ComputeReplicas}));
    }

    void oldFreshUpgradesTo78()
    {
        auto facts = factsOf("0.125.0");
        facts.upgradeShardVersion = "0.163.0";
        const auto check = checkOf(rowsOf("old-fresh"), *catalog::buildOfCatalogVersion(78), facts);
        QCOMPARE(refusalsOf(check), QStringList());
        // 7 roles, the bootstrap role among them; one cluster, one replica.
        const std::map<std::uint64_t, std::uint64_t> kExpected {{73, 0}, {74, 7}, {75, 1}, {76, 2}, {77, 7}, {78, 0}};
        QVERIFY(touchedOf(check) == kExpected);
    }

    void introspectionIndexesAreDeletedOnce()
    {
        const auto rows = rowsOf("old-busy");
        const auto grouped = catalog::groupByCollection(rows, Job());
        const auto count = [&](catalog::CollectionType type) {
            return static_cast<std::uint64_t>(grouped->of(type).size());
        };
        auto facts = factsOf("0.125.0");
        facts.upgradeShardVersion = "26.6.0";
        const Build build {"26.7.0", 80, 67, true}; // one that still migrates from there
        const auto touched = touchedOf(checkOf(rows, build, facts));
        using Type = catalog::CollectionType;
        QCOMPARE(touched.at(73), count(Type::ComputeIntrospectionSourceIndex));
        const auto rewritten = count(Type::ComputeInstance) + count(Type::ComputeReplicas) + count(Type::Comments)
            + count(Type::Database) + count(Type::DefaultPrivileges) + count(Type::Item) + count(Type::NetworkPolicy)
            + count(Type::Role) + count(Type::Schema) + count(Type::SourceReferences) + count(Type::SystemGidMapping)
            + count(Type::SystemPrivileges) + count(Type::StorageCollectionMetadata);
        QCOMPARE(touched.at(79), rewritten);
    }

    void refusalsComeInTheOrderOfTheGates()
    {
        UpdateBuilder updates;
        updates.addText(config(72)).addText(contentVersion("27.0.0")).addText(token(3, 9));
        const auto check = checkOf(updates.finish(), newBuild("26.39.0"), factsOf("0.125.0", 2));
        QCOMPARE(
            refusalsOf(check),
            (QStringList {
                "persist data version: incompatible persist version 0.125.0, current: 26.39.0, make sure to upgrade "
                "the catalog one major version forward at a time",
                "generation: current catalog deployment generation 2 fenced by new catalog epoch 3",
                "content version: incompatible persist version 27.0.0, current: 26.39.0, make sure to upgrade the "
                "catalog one major version forward at a time",
                "user_version: incompatible Catalog version 72, minimum: 74, current: 92"}));
        QVERIFY(check.steps.empty());
        QVERIFY(!check.passes());
    }

    void firstGateOfTheOldEraLooksAtTheUpgradeShard()
    {
        UpdateBuilder updates;
        updates.addText(config(72));
        const auto rows = updates.finish();
        auto facts = factsOf("0.125.0");
        facts.upgradeShardVersion = "0.123.0";
        const auto refused = checkOf(rows, oldBuild("0.125.0"), facts);
        QCOMPARE(
            refusalsOf(refused),
            QStringList {"persist data version: incompatible persist version 0.123.0, current: 0.125.0, make sure to "
                         "upgrade the catalog one version forward at a time"});
        facts.upgradeShardVersion = "0.124.0";
        QVERIFY(checkOf(rows, oldBuild("0.125.0"), facts).passes());
        facts.upgradeShardVersion.reset();
        const auto without = checkOf(rows, oldBuild("0.125.0"), facts);
        QVERIFY(without.passes());
        QVERIFY(hasNote(without, "there is no upgrade shard"));
        facts.applierVersion = "0.127.0";
        QVERIFY(hasNote(checkOf(rows, oldBuild("0.125.0"), facts), "halts when it reads the shard's state"));
        facts.applierVersion = "0.126.9";
        QVERIFY(!hasNote(checkOf(rows, oldBuild("0.125.0"), facts), "halts"));
    }

    void generationThatIsNotGivenIsTheCatalogsOwn()
    {
        UpdateBuilder updates;
        updates.addText(config(92)).addText(token(7, 9));
        const auto rows = updates.finish();
        const auto own = checkOf(rows, newBuild("26.39.0"), factsOf("26.39.0"));
        QVERIFY(own.passes());
        QVERIFY(hasNote(own, "take over from generation 7, epoch 9 as generation 7, epoch 10"));
        QVERIFY(hasNote(checkOf(rows, newBuild("26.39.0"), factsOf("26.39.0", 8)), "as generation 8, epoch 10"));
    }

    void uninitializedCatalogHasNothingToUpgrade()
    {
        UpdateBuilder updates;
        updates.addText(token(0, 2));
        const auto check = checkOf(updates.finish(), newBuild("26.39.0"), factsOf("26.39.0", 0));
        QVERIFY(check.passes());
        QVERIFY(!check.userVersion.has_value());
        QVERIFY(hasNote(check, "uninitialized"));

        UpdateBuilder odd;
        odd.addText("{'key':{'key':'system_config_synced'},'kind':'Config','value':{'value':0}}");
        QCOMPARE(refusalsOf(checkOf(odd.finish(), newBuild("26.39.0"), factsOf("26.39.0", 0))),
                 QStringList {"user_version: initialized catalog must have a version"});
    }

    void continualTasksStopTheStepThatRemovesThem_data()
    {
        QTest::addColumn<QString>("row");
        QTest::newRow("item") << "{'key':{'gid':{'User':5}},'kind':'Item','value':{'definition':{'V1':{'create_sql':"
                                 "'CREATE CONTINUAL TASK t'}},'extra_versions':[],'global_id':{'User':5},'name':'t',"
                                 "'oid':20001,'owner_id':{'User':1},'privileges':[],'schema_id':{'User':3}}}";
        QTest::newRow("comment") << "{'key':{'object':{'ContinualTask':{'User':5}},'sub_component':null},"
                                    "'kind':'Comment','value':{'comment':'x'}}";
    }

    void continualTasksStopTheStepThatRemovesThem()
    {
        QFETCH(QString, row);
        UpdateBuilder updates;
        updates.addText(config(81)).addText(row.toStdString());
        const auto rows = updates.finish();
        const auto check = checkOf(rows, newBuild("26.39.0"), factsOf("26.18.0"));
        QCOMPARE(
            refusalsOf(check),
            QStringList {"migration 81 to 82: found continual task u5; drop all continual tasks before upgrading"});
        QVERIFY(checkOf(rows, *catalog::buildOfCatalogVersion(81), factsOf("26.18.0")).passes());
    }

    void cloudEnvironmentsGetProvisionedRoles_data()
    {
        QTest::addColumn<int>("replicationFactor");
        QTest::addColumn<QString>("passwordAuth");
        QTest::addColumn<bool>("isCloud");
        QTest::newRow("managed system cluster") << 1 << "" << true;
        QTest::newRow("password authentication off") << 1 << "off" << true;
        QTest::newRow("password authentication on") << 1 << "on" << false;
        QTest::newRow("no replicas") << 0 << "" << false;
    }

    void cloudEnvironmentsGetProvisionedRoles()
    {
        QFETCH(int, replicationFactor);
        QFETCH(QString, passwordAuth);
        QFETCH(bool, isCloud);
        UpdateBuilder updates;
        updates.addSource(config(80))
            .addSource(role(1, "a", ""))
            .addSource(role(2, "b", ""))
            .addSource(systemCluster(replicationFactor));
        if (!passwordAuth.isEmpty())
            updates.addSource("{'key':{'name':'enable_password_auth'},'kind':'ServerConfiguration','value':{'value':'"
                              + passwordAuth.toStdString() + "'}}");
        const auto touched = touchedOf(checkOf(updates.finish(), newBuild("26.39.0"), factsOf("26.7.0")));
        QCOMPARE(touched.at(81), std::uint64_t(isCloud ? 2 : 0));
        // Roles that were not written again are left in their older form, until the repair.
        QCOMPARE(touched.at(84), std::uint64_t(isCloud ? 0 : 2));
        QCOMPARE(touched.at(83), std::uint64_t(0));
    }

    void danglingRetractionsOfRolesAreCounted_data()
    {
        QTest::addColumn<quint64>("start");
        QTest::addColumn<int>("at83"); // -1: not on the path
        QTest::addColumn<int>("at84");
        QTest::newRow("82") << quint64(82) << 5 << 2;
        QTest::newRow("83") << quint64(83) << -1 << 7;
    }

    void danglingRetractionsOfRolesAreCounted()
    {
        QFETCH(quint64, start);
        QFETCH(int, at83);
        QFETCH(int, at84);
        UpdateBuilder updates;
        updates
            .addSource(config(start))
            // Fits: stale, dangling, and the row that came after: two rows to mend.
            .addSource(role(1, "a", ""))
            .addSource(role(1, "a"), 0, -1)
            .addSource(role(1, "b"))
            // Fits without a later row, and with two stale forms: three.
            .addSource(role(2, "c", ""))
            .addSource(role(2, "c", "'auto_provision_source':null,'more':1,"))
            .addSource(role(2, "c"), 0, -1)
            // Does not fit: nothing of equal value.
            .addSource(role(3, "d"), 0, -1)
            .addSource(role(3, "e", "")) // but this one is in another form
            // Does not fit: two others; one of them in another form.
            .addSource(role(4, "f"), 0, -1)
            .addSource(role(4, "g"))
            .addSource(role(4, "h", ""))
            // Healthy.
            .addSource(role(5, "i"));
        const auto check = checkOf(updates.finish(), newBuild("26.39.0"), factsOf("26.23.0"));
        const auto touched = touchedOf(check);
        QCOMPARE(touched.count(83) == 0 ? -1 : static_cast<int>(touched.at(83)), at83);
        QCOMPARE(static_cast<int>(touched.at(84)), at84);
        QVERIFY(hasNote(check, "4 rows do not sum up to +1"));
    }

    void passwordsOfTheOldFormAreCounted()
    {
        const auto password = [](int id, const std::string& hash) {
            return "{'key':{'id':{'value':{'User':" + std::to_string(id)
                + "}}},'kind':'RoleAuth','value':{'password_hash':" + hash + ",'updated_at':{'millis':1}}}";
        };
        UpdateBuilder updates;
        updates.addText(config(77))
            .addText(password(1, "'SCRAM-SHA-256$600000:c2FsdA==$Y2xpZW50:c2VydmVy'"))
            .addText(password(2, "null"))
            .addText(password(3, "'md5abc'"))
            .addText(password(4, "'SCRAM-SHA-256$600000:c2FsdA==$not base64:c2VydmVy'"))
            .addText(password(5, "'SCRAM-SHA-256$many:c2FsdA==$Y2xpZW50:c2VydmVy'"));
        auto facts = factsOf("0.155.0");
        facts.upgradeShardVersion = "0.163.0";
        const auto check = checkOf(updates.finish(), *catalog::buildOfCatalogVersion(78), facts);
        QCOMPARE(touchedOf(check).at(78), std::uint64_t(1));
        QVERIFY(check.passes());
    }

    void reconfigurationsItemsAndAllocatorsAreCounted()
    {
        const std::string kReconfigured =
            "{'key':{'id':{'User':1}},'kind':'Cluster','value':{'config':{'variant':{'Managed':{'auto_scaling_strategy'"
            ":"
            "null,'availability_zones':[],'burst':null,'logging':{'interval':null,'log_logging':false},"
            "'optimizer_feature_overrides':[],'reconfiguration':{'deadline':1,'on_timeout':'Commit','target':{"
            "'availability_zones':[],'logging':{'interval':null,'log_logging':false},'replication_factor':1,'size':'1'}"
            "},"
            "'replication_factor':1,'schedule':'Manual','size':'1'}},'workload_class':null},'name':'a','owner_id':"
            "{'User':1},'privileges':[]}}";
        const std::string kItem =
            "{'key':{'gid':{'User':5}},'kind':'Item','value':{'definition':{'V1':{'create_sql':"
            "'CREATE TABLE t'}},'extra_versions':[],'global_id':{'User':5},'name':'t','oid':20001,"
            "'owner_id':{'User':1},'privileges':[],'schema_id':{'User':3}}}";
        UpdateBuilder updates;
        updates.addText(config(88)).addText(kReconfigured).addText(kItem);
        const auto check = checkOf(updates.finish(), newBuild("26.39.0"), factsOf("26.31.0"));
        QVERIFY2(check.undecodable.empty(), check.undecodable.empty() ? "" : check.undecodable[0].message.c_str());
        QVERIFY(touchedOf(check) == (std::map<std::uint64_t, std::uint64_t> {{89, 1}, {90, 1}, {91, 1}, {92, 0}}));

        for (const bool hasAllocator : {true, false}) {
            UpdateBuilder old;
            old.addText(config(70));
            if (hasAllocator)
                old.addText("{'key':{'name':'user_network_policy'},'kind':'IdAlloc','value':{'next_id':2}}");
            const auto touched = touchedOf(checkOf(old.finish(), oldBuild("0.125.0"), factsOf("0.124.0")));
            QVERIFY(touched == (std::map<std::uint64_t, std::uint64_t> {{71, 1}, {72, hasAllocator ? 0 : 1}}));
        }
    }

    void rowsThatDoNotDecodeAreListed()
    {
        UpdateBuilder updates;
        updates.addText(config(92))
            .addText("{'key':{'name':'a'},'kind':'Setting','value':{}}")
            .addText("{'key':{'name':'a'},'kind':'NewKind','value':{}}")
            .addText("{'key':{'name':'a'}}")
            .addText("{'epoch':1,'kind':'FenceToken'}");
        const auto check = checkOf(updates.finish(), newBuild("26.39.0"), factsOf("26.39.0"));
        QVERIFY(check.refusals.empty());
        QVERIFY(!check.passes());
        std::vector<std::string> texts;
        for (const auto& row : check.undecodable)
            texts.push_back(std::to_string(row.update) + " " + row.kind + ": " + row.message);
        QCOMPARE(texts.size(), std::size_t(4));
        QCOMPARE(texts[0], std::string("1 Setting: value.value is not there"));
        QCOMPARE(texts[1], std::string("2 NewKind: kind decoding error: no collection has the kind NewKind"));
        QVERIFY(texts[2].starts_with("4 FenceToken: "));
        QCOMPARE(texts[3], std::string("3 : kind decoding error: the row has no kind"));
    }

    void newerCatalogIsStoppedByItsRowsAtMost()
    {
        UpdateBuilder plain;
        plain.addText(config(92));
        const auto harmless = checkOf(plain.finish(), *catalog::buildOfCatalogVersion(82), factsOf("26.23.0"));
        QVERIFY(harmless.passes());
        QVERIFY(hasNote(harmless, "the catalog is of version 92, newer than 82"));

        UpdateBuilder updates;
        updates.addText(config(92))
            .addText("{'key':{'cluster_id':{'User':1},'name':'a'},"
                     "'kind':'ClusterSystemConfiguration','value':{'value':'x'}}");
        QCOMPARE(
            refusalsOf(checkOf(updates.finish(), *catalog::buildOfCatalogVersion(82), factsOf("26.23.0"))),
            QStringList {"row types: invalid catalog data persisted: 1 row does not decode with the types of version "
                         "82"});

        UpdateBuilder unknown;
        unknown.addText(config(93));
        QVERIFY(hasNote(checkOf(unknown.finish(), newBuild("26.39.0"), factsOf("26.39.0")), "not looked at"));
    }
};

QTEST_APPLESS_MAIN(TestUpgradePath)
#include "tst_upgrade_path.moc"
