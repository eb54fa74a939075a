#include "tests/views/support/fake_inspector.h"
#include "views/models/collection_model.h"
#include "views/models/detail_model.h"
#include "views/models/entry_table_model.h"
#include "views/models/list_table_model.h"
#include "views/models/row_question.h"
#include "views/support/roles.h"

#include <QAbstractItemModelTester>
#include <QtTest>

using namespace inspector;
using namespace inspector::views;
using tests::fakeTable;

namespace {

RowIndex indexOf(std::vector<std::uint32_t> rows)
{
    return std::make_shared<const std::vector<std::uint32_t>>(std::move(rows));
}

std::vector<std::uint32_t> rowsOf(const RowIndex& index)
{
    return index ? *index : std::vector<std::uint32_t> {};
}

} // namespace

class TestModels : public QObject
{
    Q_OBJECT

private slots:
    void entryTableShowsThroughItsIndex()
    {
        EntryTableModel model;
        const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        QCOMPARE(model.rowCount(), 0);
        QCOMPARE(model.columnCount(), 0);

        (void)model.show(fakeTable("item", 10, {}), nullptr);
        QCOMPARE(model.rowCount(), 10);
        QCOMPARE(model.columnCount(), 5);
        QCOMPARE(model.index(3, 0).data().toString(), QStringLiteral("4"));

        (void)model.show(model.table(), indexOf({9, 2}));
        QCOMPARE(model.rowCount(), 2);
        QCOMPARE(model.index(0, 0).data().toString(), QStringLiteral("10"));
        QCOMPARE(model.tableRow(1), 2U);
        QCOMPARE(model.rowOf(9).value_or(-1), 0);
        QVERIFY(!model.rowOf(5));

        (void)model.show(model.table(), indexOf({}));
        QCOMPARE(model.rowCount(), 0);
        (void)model.show(fakeTable("item", 0, {}), nullptr);
        QCOMPARE(model.rowCount(), 0);
        QCOMPARE(model.columnCount(), 5);
    }

    void cellsAreOneLineButCopiesAreWhole()
    {
        EntryTableModel model;
        (void)model.show(fakeTable("item", 1, {}), nullptr);
        const QModelIndex sql = model.index(0, 4);
        QVERIFY(!sql.data().toString().contains(QLatin1Char('\n')));
        QVERIFY(sql.data(FullTextRole).toString().contains(QLatin1Char('\n')));
    }

    void onlyTimesAreUncertain()
    {
        EntryTableModel model;
        (void)model.show(fakeTable("item", 100, {}, true), nullptr);
        QCOMPARE(model.index(0, 0).data(CertaintyRole).toInt(), static_cast<int>(persist::Certainty::Rounded));
        QCOMPARE(model.index(0, 1).data(CertaintyRole).toInt(), static_cast<int>(persist::Certainty::Exact));
        QCOMPARE(model.index(99, 0).data(CertaintyRole).toInt(), static_cast<int>(persist::Certainty::Exact));
        QCOMPARE(model.index(6, 3).data(DiffRole).toLongLong(), -1LL);
    }

    void rowQuestionFiltersSortsAndFinds()
    {
        RowQuestion question;
        question.table = fakeTable("item", 100, {});
        question.filter = "customers -customers_1";
        question.sort = RowSort {0, inspect::SortOrder::Descending};
        question.anchors = {{"item/51", 3}, {"item/1000", 3}};
        const auto answer = answerRows(question, Job());
        QVERIFY(answer.has_value());
        QCOMPARE(rowsOf(answer->ordered).size(), std::size_t(100));
        QCOMPARE(rowsOf(answer->rows).front(), 99U);
        QCOMPARE(rowsOf(answer->rows).size(), std::size_t(44)); // odd numbers without 1, 11, 13, 15, 17, 19
        QCOMPARE(answer->anchors[0].value_or(0), 50U);
        QVERIFY(!answer->anchors[1]);
    }

    void rowQuestionWithoutWishesShowsStoredOrder()
    {
        RowQuestion question;
        question.table = fakeTable("item", 100, {});
        const auto answer = answerRows(question, Job());
        QVERIFY(answer.has_value());
        QVERIFY(!answer->rows);
        QVERIFY(!answer->ordered);
    }

    void narrowingLooksAmongTheRowsAlreadyFound()
    {
        RowQuestion question;
        question.table = fakeTable("item", 100, {});
        question.filter = "customers";
        question.among = indexOf({1, 2, 3});
        const auto answer = answerRows(question, Job());
        QVERIFY(answer.has_value());
        QCOMPARE(rowsOf(answer->rows), (std::vector<std::uint32_t> {1, 3}));
    }

    void sortColumnThatIsGoneIsIgnored()
    {
        RowQuestion question;
        question.table = fakeTable("item", 3, {});
        question.sort = RowSort {40, inspect::SortOrder::Ascending};
        QVERIFY(answerRows(question, Job()).has_value());
    }

    void rowQuestionStops()
    {
        std::stop_source stop;
        stop.request_stop();
        RowQuestion question;
        question.table = fakeTable("item", 100'000, {});
        question.filter = "customers";
        const auto answer = answerRows(question, Job(stop.get_token()));
        QVERIFY(!answer.has_value());
        QCOMPARE(answer.error().code, ErrorCode::Cancelled);
    }

    void collectionCountsChangeWithoutReset()
    {
        CollectionModel model;
        const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        std::vector<inspect::CollectionSummary> summaries {{"item", "Items", "", 3, 900, 0, false, true},
                                                           {"comment", "Comments", "", 0, 0, 0, false, true}};
        model.setCollections(summaries);
        QSignalSpy reset(&model, &QAbstractItemModel::modelReset);
        QSignalSpy changed(&model, &QAbstractItemModel::dataChanged);
        summaries[0].rows = 4;
        summaries[0].problems = 1;
        model.setCollections(summaries);
        QCOMPARE(reset.count(), 0);
        QCOMPARE(changed.count(), 1);
        QCOMPARE(model.index(0, CollectionModel::RowsColumn).data().toString(), QStringLiteral("4"));
        QVERIFY(model.index(0, CollectionModel::ProblemsColumn).data(ProblemRole).toBool());
        QVERIFY(model.index(1, 0).data(FaintRole).toBool());
        summaries.pop_back();
        model.setCollections(summaries);
        QCOMPARE(reset.count(), 1);
        QVERIFY(!model.rowOf(QStringLiteral("comment")));
    }

    void detailLinesBecomeATree()
    {
        DetailModel model;
        const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.setLines({{0, "key", "", "", false},
                        {1, "gid", "", "", false},
                        {2, "User", "4", "u4", false},
                        {0, "value", "", "", false},
                        {1, "password", "••••", "", true}});
        QCOMPARE(model.rowCount(), 2);
        const QModelIndex gid = model.index(0, 0, model.index(0, 0));
        QCOMPARE(gid.data().toString(), QStringLiteral("gid"));
        const QModelIndex user = model.index(0, DetailModel::MeaningColumn, gid);
        QCOMPARE(user.data().toString(), QStringLiteral("u4"));
        QCOMPARE(user.parent(), gid);
        QVERIFY(model.index(0, 0, model.index(1, 0)).data(SecretRole).toBool());
        model.setLines({});
        QCOMPARE(model.rowCount(), 0);
    }

    void linesThatSkipDepthsStillHaveParents()
    {
        DetailModel model;
        const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.setLines({{3, "deep", "", "", false}, {1, "up", "", "", false}, {5, "far", "", "", false}});
        QCOMPARE(model.rowCount(), 2);
        QCOMPARE(model.rowCount(model.index(1, 0)), 1);
    }

    void listGrowsAtTheEndWithoutReset()
    {
        ListTableModel<int> model;
        const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.setColumns({{QStringLiteral("Number"), [](const int& row) { return QString::number(row); }, true}});
        model.setRows({1, 2});
        QSignalSpy reset(&model, &QAbstractItemModel::modelReset);
        model.append({3});
        model.setMarks([](const int& row) { return row == 3; }, [](const int& row) { return row == 1; });
        QCOMPARE(reset.count(), 0);
        QCOMPARE(model.rowCount(), 3);
        QVERIFY(model.index(2, 0).data(EmphasisRole).toBool());
        QVERIFY(model.index(0, 0).data(ProblemRole).toBool());
    }
};

QTEST_GUILESS_MAIN(TestModels)
#include "tst_models.moc"
