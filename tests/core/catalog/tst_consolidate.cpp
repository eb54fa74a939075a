#include "core/catalog/consolidate.h"
#include "core/catalog/snapshot.h"
#include "core/catalog/trace.h"
#include "tests/core/catalog/catalog_fixtures.h"

#include <QtTest>

#include <string>
#include <vector>

using namespace inspector;
using codec::RowForm;
using test::UpdateBuilder;

namespace {

persist::UpdateList consolidated(UpdateBuilder& updates)
{
    const Job job;
    auto result = catalog::consolidate(updates.finish(), job);
    return result.has_value() ? *result : nullptr;
}

std::string warningsOf(const persist::Updates& updates)
{
    std::string all;
    for (const auto& warning : updates.warnings)
        all += warning + "; ";
    return all;
}

constexpr auto kRow = "{'key':{'key':'a'},'kind':'Config','value':{'value':1}}";
constexpr auto kOther = "{'key':{'key':'b'},'kind':'Config','value':{'value':1}}";

} // namespace

class TestConsolidate : public QObject
{
    Q_OBJECT

private slots:
    void insertionAndRetractionCancel()
    {
        UpdateBuilder updates;
        updates.addText(kRow, 1, 1).addText(kOther, 1, 1).addText(kRow, 2, -1);
        const auto rows = consolidated(updates);
        QCOMPARE(rows->size(), std::size_t(1));
        QCOMPARE(std::string(rows->rows[0].bytes()), test::fromQuoted(kOther));
        QVERIFY(rows->diffs.empty()); // all +1
        QVERIFY(rows->times.empty());
        QCOMPARE(rows->commonTime, std::uint64_t(2));
        QVERIFY(rows->warnings.empty());
    }

    void sumsOtherThanOneAreKeptAndWarnedOf()
    {
        UpdateBuilder updates;
        updates.addText(kRow, 1, 1).addText(kRow, 2, 1).addText(kOther, 2, -1);
        const auto rows = consolidated(updates);
        QCOMPARE(rows->size(), std::size_t(2));
        QCOMPARE(rows->diffOf(0), std::int64_t(2));
        QCOMPARE(rows->diffOf(1), std::int64_t(-1));
        QCOMPARE(warningsOf(*rows), std::string("2 rows do not sum up to +1; "));
    }

    void onlyWhatHappenedByThenCounts()
    {
        UpdateBuilder updates;
        updates.addText(kRow, 1, 1).addText(kRow, 5, -1).addText(kOther, 5, 1);
        const Job job;
        const auto list = updates.finish();
        const auto early = catalog::consolidate(list, Timestamp(4), job);
        QVERIFY(early.has_value());
        QCOMPARE((*early)->size(), std::size_t(1));
        QCOMPARE(std::string((*early)->rows[0].bytes()), test::fromQuoted(kRow));
        QCOMPARE((*early)->commonTime, std::uint64_t(4));
        const auto late = catalog::consolidate(list, Timestamp(5), job);
        QVERIFY(late.has_value());
        QCOMPARE(std::string((*late)->rows[0].bytes()), test::fromQuoted(kOther));
    }

    void rowsOfBothFormsAreOneRow()
    {
        UpdateBuilder updates;
        updates.addSource(kRow, 1, 1).addSource(kOther, 1, 1).addText(kRow, 2, -1).addText(kOther, 3, 1);
        const auto rows = consolidated(updates);
        QCOMPARE(rows->size(), std::size_t(1));
        QCOMPARE(rows->diffOf(0), std::int64_t(2));
        QCOMPARE(rows->rows[0].form, RowForm::SourceData);
        QVERIFY(warningsOf(*rows).find("2 rows were equal to ones of the other stored form") != std::string::npos);
    }

    void liveBytesStandForARowWhoseFormChanged()
    {
        UpdateBuilder updates;
        updates.addSource(kRow, 1, -1).addText(kRow, 2, 1).addText(kRow, 3, 1).addSource(kOther, 1, 1);
        const auto rows = consolidated(updates);
        QCOMPARE(rows->size(), std::size_t(2));
        QCOMPARE(rows->rows[0].form, RowForm::JsonText);
        QVERIFY(rows->diffs.empty());
    }

    void errorAndBrokenRowsStayApart()
    {
        UpdateBuilder updates;
        updates.add("oops", RowForm::Error)
            .add("oops", RowForm::SourceData)
            .add("oops", RowForm::JsonText)
            .addText(kRow);
        const auto rows = consolidated(updates);
        QCOMPARE(rows->size(), std::size_t(4));
        QCOMPARE(warningsOf(*rows), std::string("1 row is an error, not data; "));
    }

    void sumsDoNotOverflow()
    {
        constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
        UpdateBuilder updates;
        updates.addText(kRow, 1, kMost).addText(kRow, 1, kMost);
        QCOMPARE(consolidated(updates)->diffOf(0), kMost);
    }

    void nothingComesToNothing()
    {
        UpdateBuilder updates;
        QCOMPARE(consolidated(updates)->size(), std::size_t(0));
    }

    void stoppingIsCancelled()
    {
        std::stop_source source;
        source.request_stop();
        UpdateBuilder updates;
        updates.addText(kRow);
        const auto result = catalog::consolidate(updates.finish(), Job(source.get_token()));
        QCOMPARE(result.error().code, ErrorCode::Cancelled);
    }

    void manyRowsKeepTheOrderOfTheirFirstOccurrence()
    {
        UpdateBuilder updates;
        for (int pass = 0; pass < 2; ++pass) {
            for (int i = 0; i < 5000; ++i)
                updates.add("row " + std::to_string(i), RowForm::JsonText, 1, i % 3 == 0 && pass == 1 ? -1 : 1);
        }
        const auto rows = consolidated(updates);
        QCOMPARE(rows->size(), std::size_t(5000 - 1667));
        QCOMPARE(std::string(rows->rows[0].bytes()), std::string("row 1"));
        QCOMPARE(std::string(rows->rows.back().bytes()), std::string("row 4999"));
        QCOMPARE(rows->diffOf(0), std::int64_t(2));
    }

    void everyRowGoesToItsCollection()
    {
        UpdateBuilder updates;
        updates.addText(kRow)
            .addText("{'deploy_generation':0,'epoch':2,'kind':'FenceToken'}")
            .addText("{'kind':'Widget'}");
        updates.addText("{'key':{'shard':'s'},'kind':'UnfinalizedShard'}").addText("[]").add("x", RowForm::Error);
        updates.addSource(kRow, 0, -1).addText("{'kind':'Widget','key':1}").addText("{'kind':''}");
        const auto grouped = catalog::groupByCollection(updates.finish(), Job());
        QVERIFY(grouped.has_value());
        QCOMPARE(grouped->of(catalog::CollectionType::Config), (std::vector<std::uint32_t> {0, 6}));
        QCOMPARE(grouped->of(catalog::CollectionType::UnfinalizedShard), (std::vector<std::uint32_t> {3}));
        QCOMPARE(grouped->fenceTokens, (std::vector<std::uint32_t> {1}));
        QCOMPARE(grouped->unknownKinds.at("Widget"), (std::vector<std::uint32_t> {2, 7}));
        QCOMPARE(grouped->undecodable, (std::vector<std::uint32_t> {4, 5, 8}));
        const auto counts = catalog::countsOf(*grouped, catalog::CollectionType::Config);
        QCOMPARE(counts.total, std::uint64_t(2));
        QCOMPARE(counts.additions, std::uint64_t(1));
        QCOMPARE(counts.retractions, std::uint64_t(1));
        QVERIFY(counts.storedBytes > 2 * std::string_view(kRow).size() - 10);
    }

    void retractionsComeFirstAtOneTime()
    {
        UpdateBuilder updates;
        updates.addText(kRow, 3, 1)
            .addText(kOther, 3, -1)
            .addText(kRow, 1, 1)
            .addText(kOther, 2, 1)
            .addText(kOther, 3, 1);
        QCOMPARE(catalog::inTimeOrder(*updates.finish()), (std::vector<std::uint32_t> {2, 3, 1, 0, 4}));
    }
};

QTEST_APPLESS_MAIN(TestConsolidate)
#include "tst_consolidate.moc"
