#include "core/catalog/fence.h"
#include "core/catalog/unopened_catalog.h"
#include "tests/core/catalog/catalog_fixtures.h"

#include <QtTest>

#include <string>
#include <vector>

using namespace inspector;
using catalog::Fence;
using catalog::FenceToken;
using catalog::UnopenedCatalog;
using codec::RowForm;
using test::UpdateBuilder;

namespace {

FenceToken token(std::uint64_t generation, std::int64_t epoch)
{
    return {DeployGeneration(generation), Epoch(epoch)};
}

std::string configRow(const std::string& key, const std::string& value)
{
    return "{'key':{'key':'" + key + "'},'kind':'Config','value':{'value':" + value + "}}";
}

std::string fenceRow(std::uint64_t generation, std::int64_t epoch)
{
    return "{'deploy_generation':" + std::to_string(generation) + ",'epoch':" + std::to_string(epoch)
        + ",'kind':'FenceToken'}";
}

UnopenedCatalog catalogOf(const std::vector<std::string>& rows)
{
    UpdateBuilder updates;
    for (const auto& row : rows)
        updates.addText(row);
    return UnopenedCatalog(*updates.finish());
}

} // namespace

class TestUnopenedCatalog : public QObject
{
    Q_OBJECT

private slots:
    void factsAreTheReferencesFacts_data()
    {
        QTest::addColumn<QString>("shard");
        for (const auto* shard : {"new-busy", "new-fresh", "new-log", "old-busy", "old-fresh", "old-log"})
            QTest::newRow(shard) << shard;
    }

    void factsAreTheReferencesFacts()
    {
        QFETCH(QString, shard);
        const auto expected = test::textOfFile(test::expectedOf(shard.toStdString()) / "facts.json");
        for (const auto form : {RowForm::SourceData, RowForm::JsonText}) {
            const UnopenedCatalog catalog(*test::rowsOfRawFile(test::rawFileOf(shard.toStdString()), form));
            QVERIFY(catalog.problems().empty());
            std::string compact = expected;
            std::erase_if(compact, [](char c) { return c == ' ' || c == '\n'; });
            QCOMPARE(catalog.factsJson(), compact);
            QCOMPARE(*catalog.userVersion(), std::uint64_t(shard.startsWith("old") ? 72 : 82));
            QVERIFY(catalog.contentVersion().has_value());
        }
    }

    void uninitializedCatalogSaysSo()
    {
        const auto catalog = catalogOf({});
        QVERIFY(!catalog.isInitialized());
        QCOMPARE(catalog.epoch().error().message, std::string("uninitialized"));
        QCOMPARE(catalog.epoch().error().code, ErrorCode::NotFound);
        QCOMPARE(catalog.deployGeneration().error().message, std::string("uninitialized"));
        QVERIFY(catalog.enable0dtDeployment().has_value());
        QVERIFY(!catalog.enable0dtDeployment()->has_value());
        QVERIFY(!catalog.zeroDowntimeMaxWaitMs().has_value());
        QVERIFY(!catalog.hasSystemConfigSyncedOnce());
        QVERIFY(!catalog.userVersion().has_value());
        QVERIFY(!catalog.contentVersion().has_value());
        QCOMPARE(catalog.factsJson(),
                 test::fromQuoted(
                     "{'is_initialized':false,'epoch':null,'deploy_generation':null,'enable_0dt_deployment':null,"
                     "'0dt_deployment_max_wait_ms':null,'0dt_panic_after_timeout':null,"
                     "'system_config_synced_once':false}"));
    }

    void flagsAreZeroOrOne()
    {
        const auto catalog = catalogOf({configRow("enable_0dt_deployment", "2"), configRow("system_config_synced", "7"),
                                        configRow("enable_0dt_deployment_panic_after_timeout", "1"),
                                        configRow("with_0dt_deployment_max_wait", "18446744073709551615")});
        QCOMPARE(catalog.enable0dtDeployment().error().message,
                 std::string("proto: Unknown enum value for `2 is not a valid boolean value`"));
        QCOMPARE(*catalog.enable0dtDeploymentPanicAfterTimeout(), std::optional<bool>(true));
        QCOMPARE(*catalog.zeroDowntimeMaxWaitMs(), std::uint64_t(18446744073709551615U));
        QVERIFY(catalog.hasSystemConfigSyncedOnce());
        QVERIFY(catalog.isInitialized());
    }

    void oddRowsAreProblemsAndNotFatal()
    {
        UpdateBuilder updates;
        updates.addText(configRow("user_version", "72")).addText(configRow("user_version", "73"));
        updates.addText(configRow("x", "-1")).addText("{'key':{},'kind':'Setting','value':{'value':'v'}}");
        updates.addText(fenceRow(1, 5)).addText(fenceRow(2, 3)).addText("{'epoch':1,'kind':'FenceToken'}");
        updates.addText(configRow("gone", "1"), 0, -1).addText("{'key':{'key':'k'},'kind':'Config',");
        const UnopenedCatalog catalog(*updates.finish());
        QCOMPARE(*catalog.userVersion(), std::uint64_t(72));
        QVERIFY(!catalog.config("gone").has_value());
        QCOMPARE(catalog.fenceToken(), std::optional(token(2, 3)));
        QCOMPARE(catalog.problems().size(), std::size_t(7));
        QCOMPARE(catalog.problems()[0], std::string("a row of kind Config repeats the key user_version"));
        QCOMPARE(catalog.problems()[1], std::string("a row of kind Config holds -1, which is no u64"));
        QCOMPARE(catalog.problems()[3],
                 std::string("a row of kind FenceToken is one of several: generation 2, epoch 3"));
    }

    void generationCountsBeforeEpoch()
    {
        QVERIFY(token(2, 1) > token(1, 9));
        QVERIFY(token(1, 9) > token(1, 8));
        QVERIFY(token(1, -5) < token(1, 2));
    }

    void largerTokenFencesForGood()
    {
        Fence fence(token(1, 5));
        fence.observe(token(1, 5));
        fence.observe(token(0, 9));
        QVERIFY(fence.check().has_value());
        fence.observe(token(1, 6));
        QCOMPARE(fence.check().error().code, ErrorCode::Fenced);
        QCOMPARE(fence.check().error().message, std::string("current catalog epoch 5 fenced by new catalog epoch 6"));
        fence.observe(token(1, 1));
        QVERIFY(!fence.check().has_value());
    }

    void largerGenerationIsNamedAsSuch()
    {
        Fence fence(token(1, 5));
        fence.observe(token(3, 2));
        QCOMPARE(fence.check().error().message,
                 std::string("current catalog deployment generation 1 fenced by new catalog epoch 3"));
    }

    void tokenRowsOfAnyShapeButTheirsAreRefused()
    {
        const auto tokenOf = [](const std::string& json) {
            const auto text = test::fromQuoted(json);
            return catalog::fenceTokenOf({text.data(), static_cast<std::uint32_t>(text.size()), RowForm::JsonText});
        };
        QCOMPARE(*tokenOf(fenceRow(7, -3)), token(7, -3));
        QCOMPARE(tokenOf(configRow("a", "1")).error().message, std::string("the row is no fence token"));
        QVERIFY(!tokenOf("{'deploy_generation':-1,'epoch':2,'kind':'FenceToken'}").has_value());
        QVERIFY(!tokenOf("{'deploy_generation':1,'epoch':9223372036854775808,'kind':'FenceToken'}").has_value());
        QVERIFY(!tokenOf("{'deploy_generation':1,'epoch':'2','kind':'FenceToken'}").has_value());
        QVERIFY(!tokenOf("nonsense").has_value());
    }

    void historyTellsWhoSupersededWhom()
    {
        UpdateBuilder updates;
        updates.addText(fenceRow(0, 3), 8, 1).addText(fenceRow(0, 2), 8, -1).addText(configRow("a", "1"), 2);
        updates.addText(fenceRow(0, 2), 2, 1).addText(fenceRow(1, 4), 20, 1).addText(fenceRow(0, 3), 20, -1);
        const auto history = catalog::tokenHistory(*updates.finish());
        QCOMPARE(history.size(), std::size_t(5));
        QCOMPARE(history[0].token, token(0, 2));
        QCOMPARE(history[0].time, std::uint64_t(2));
        QCOMPARE(history[0].next, std::optional(token(0, 3)));
        QCOMPARE(history[0].nextTime, std::optional<std::uint64_t>(8));
        QCOMPARE(history[1].diff, std::int64_t(-1));
        QCOMPARE(history[4].token, token(1, 4));
        QVERIFY(!history[4].next.has_value());
        QCOMPARE(history[4].update, std::uint32_t(4));
    }
};

QTEST_APPLESS_MAIN(TestUnopenedCatalog)
#include "tst_unopened_catalog.moc"
