#include "tests/views/support/desk.h"
#include "views/panels/table_pane.h"
#include "views/widgets/empty_state.h"
#include "views/widgets/filter_edit.h"
#include "views/widgets/problem_bar.h"
#include "views/widgets/row_view.h"

#include <QHeaderView>
#include <QLabel>
#include <QScrollBar>
#include <QToolButton>
#include <QtTest>

using namespace inspector;
using namespace inspector::views;
using tests::Desk;
using tests::fakeTable;

namespace {

/// A pane on a screen of its own.
struct Shown
{
    Desk desk;
    TablePane pane {desk.reading, desk.computing, desk.settings};

    Shown()
    {
        pane.resize(700, 400);
        pane.setNoRows(QStringLiteral("No entries"), QStringLiteral("This collection is empty."));
        pane.show();
    }

    void load(std::uint32_t rows, const QString& kind = QStringLiteral("item"))
    {
        QSignalSpy shown(&pane, &TablePane::rowsShown);
        pane.load(QStringLiteral("Reading"), kind, [rows, name = kind.toStdString()](const Job&) {
            return Result<inspect::TablePtr>(fakeTable(name, rows, {}));
        });
        QTRY_COMPARE(shown.count(), 1);
    }

    void filter(const QString& text)
    {
        QSignalSpy shown(&pane, &TablePane::rowsShown);
        pane.filterEdit().setText(text);
        QTRY_VERIFY(shown.count() >= 1 && !pane.isBusy());
    }

    [[nodiscard]] QString cell(int row, int column) const { return pane.model().index(row, column).data().toString(); }
    [[nodiscard]] QString count() const { return pane.findChild<QLabel*>(QStringLiteral("rowCountLabel"))->text(); }
};

} // namespace

class TestTablePane : public QObject
{
    Q_OBJECT

private slots:
    void rowsAreShownAndCounted()
    {
        Shown shown;
        shown.load(2000);
        QCOMPARE(shown.pane.model().rowCount(), 2000);
        QCOMPARE(shown.count(), QStringLiteral("2,000 rows"));
        QVERIFY(shown.pane.view().isVisible());
    }

    void noRowsSayWhy()
    {
        Shown shown;
        shown.load(0);
        QVERIFY(!shown.pane.view().isVisible());
        QCOMPARE(shown.pane.findChild<EmptyState*>()->title(), QStringLiteral("No entries"));
    }

    void filterShowsWhatItPicks()
    {
        Shown shown;
        shown.load(1000);
        shown.filter(QStringLiteral("customers_99"));
        QCOMPARE(shown.pane.model().rowCount(), 6); // 99, 991, 993, 995, 997, 999
        QCOMPARE(shown.count(), QStringLiteral("6 of 1,000 rows"));
        shown.filter(QStringLiteral("customers_999"));
        QCOMPARE(shown.pane.model().rowCount(), 1);
        shown.filter(QStringLiteral("customers_9999"));
        QCOMPARE(shown.pane.model().rowCount(), 0);
        QCOMPARE(shown.pane.findChild<EmptyState*>()->title(), QStringLiteral("No row matches the filter"));
        shown.filter({});
        QCOMPARE(shown.pane.model().rowCount(), 1000);
    }

    void filterThatDoesNotParseKeepsTheRows()
    {
        Shown shown;
        shown.load(100);
        shown.pane.filterEdit().setText(QStringLiteral("nowhere:x"));
        QTRY_VERIFY(!shown.pane.filterEdit().problem().isEmpty());
        QCOMPARE(shown.pane.model().rowCount(), 100);
        QVERIFY(!shown.pane.problemBar().isVisible());
        shown.filter(QStringLiteral("name:orders"));
        QVERIFY(shown.pane.filterEdit().problem().isEmpty());
        QCOMPARE(shown.pane.model().rowCount(), 50);
    }

    void lastKeystrokeWins()
    {
        Shown shown;
        shown.load(50'000);
        for (const auto* text : {"c", "cu", "cus", "custom", "customers_4", "customers_49", "customers_4999"})
            shown.pane.filterEdit().setText(QString::fromLatin1(text));
        QTRY_COMPARE(shown.pane.model().rowCount(), 6); // 4999, 49991, …
    }

    void headerSortsUpThenDownThenNot()
    {
        Shown shown;
        shown.load(100);
        auto* header = shown.pane.view().horizontalHeader();
        const auto click = [&](int column) {
            QSignalSpy done(&shown.pane, &TablePane::rowsShown);
            emit header->sectionClicked(column);
            QTRY_COMPARE(done.count(), 1);
        };
        click(1);
        QCOMPARE(shown.cell(0, 1), QStringLiteral("customers_1"));
        QVERIFY(header->isSortIndicatorShown());
        click(1);
        QCOMPARE(shown.cell(0, 1), QStringLiteral("orders_98"));
        click(1);
        QCOMPARE(shown.cell(0, 1), QStringLiteral("orders_0"));
        QVERIFY(!header->isSortIndicatorShown());
    }

    void sortingAndFilteringGoTogether()
    {
        Shown shown;
        shown.load(100);
        QSignalSpy done(&shown.pane, &TablePane::rowsShown);
        shown.pane.sortBy(RowSort {0, inspect::SortOrder::Descending});
        QTRY_COMPARE(done.count(), 1);
        shown.filter(QStringLiteral("orders"));
        QCOMPARE(shown.cell(0, 0), QStringLiteral("99"));
        shown.filter(QStringLiteral("orders_9"));
        QCOMPARE(shown.cell(0, 0), QStringLiteral("99"));
        QCOMPARE(shown.cell(4, 0), QStringLiteral("91"));
        QCOMPARE(shown.cell(5, 0), QString());
    }

    void selectionSurvivesFilterSortAndAnotherMoment()
    {
        Shown shown;
        shown.load(1000);
        shown.pane.view().selectRow(500);
        QCOMPARE(shown.pane.currentRow().value_or(0), 500U);
        shown.filter(QStringLiteral("orders_50"));
        QCOMPARE(shown.pane.currentRow().value_or(0), 500U);
        QVERIFY(shown.pane.view().selectionModel()->isRowSelected(shown.pane.view().currentIndex().row()));
        shown.filter({});
        QCOMPARE(shown.pane.view().currentIndex().row(), 500);

        shown.load(700); // the same collection at another moment
        QCOMPARE(shown.pane.currentRow().value_or(0), 500U);
        QVERIFY(shown.pane.view().isOnScreen(500));

        QSignalSpy changed(&shown.pane, &TablePane::currentRowChanged);
        shown.load(400); // before the row was written
        QVERIFY(!shown.pane.currentRow());
        QVERIFY(changed.count() >= 1);
    }

    void aRowThatMovedFarIsFoundAfterAll()
    {
        Shown shown;
        QSignalSpy rows(&shown.pane, &TablePane::rowsShown);
        shown.load(200'000);
        shown.pane.view().selectRow(150'000);
        shown.pane.load(QStringLiteral("Reading"), QStringLiteral("item"), [](const Job&) {
            return Result<inspect::TablePtr>(tests::fakeTable("item", 200'000, {}, false, 100'000));
        });
        QTRY_COMPARE(rows.count(), 2);
        QTRY_COMPARE(shown.pane.currentRow().value_or(0), 50'000U);
        QVERIFY(shown.pane.view().selectionModel()->isRowSelected(50'000));
    }

    void rowKeepsItsPlaceOnTheScreen()
    {
        Shown shown;
        shown.load(1000);
        auto& view = shown.pane.view();
        view.selectRow(500);
        view.scrollTo(500, 60);
        QCOMPARE(view.offsetOf(500), 60);
        shown.load(900);
        QCOMPARE(view.offsetOf(500), 60);
    }

    void anotherCollectionBeginsAtItsTop()
    {
        Shown shown;
        shown.load(1000);
        shown.filter(QStringLiteral("orders"));
        shown.pane.view().selectRow(300);
        shown.load(1000, QStringLiteral("role"));
        QCOMPARE(shown.pane.view().verticalScrollBar()->value(), 0);
        QVERIFY(!shown.pane.currentRow());
        QVERIFY(shown.pane.filterEdit().text().isEmpty());
        QCOMPARE(shown.pane.model().rowCount(), 1000);
    }

    void failureKeepsTheLastGoodRows()
    {
        Shown shown;
        shown.load(50);
        QSignalSpy failed(&shown.pane, &TablePane::loadFailed);
        shown.pane.load(QStringLiteral("Reading"), QStringLiteral("item"), [](const Job&) -> Result<inspect::TablePtr> {
            return fail(ErrorCode::Corrupt, "part p1 ends after 12 bytes");
        });
        QTRY_COMPARE(failed.count(), 1);
        QCOMPARE(shown.pane.model().rowCount(), 50);
        QVERIFY(shown.pane.problemBar().isVisible());
        QCOMPARE(shown.pane.problemBar().text(), QStringLiteral("Part p1 ends after 12 bytes."));
        shown.load(60);
        QVERIFY(!shown.pane.problemBar().isVisible());
    }

    void failureWithoutRowsFillsThePanel()
    {
        Shown shown;
        QSignalSpy failed(&shown.pane, &TablePane::loadFailed);
        shown.pane.load(QStringLiteral("Reading"), QStringLiteral("item"), [](const Job&) -> Result<inspect::TablePtr> {
            return fail(ErrorCode::Unavailable, "server is down");
        });
        QTRY_COMPARE(failed.count(), 1);
        QCOMPARE(shown.pane.problemBar().offer(), Presentation::Offer::Retry);
        QCOMPARE(shown.pane.findChild<EmptyState*>()->title(), QStringLiteral("Unavailable"));
    }

    void longWorkShowsItselfAndStops()
    {
        Shown shown;
        shown.load(50);
        shown.pane.load(QStringLiteral("Reading slowly"), QStringLiteral("item"),
                        [](const Job& job) -> Result<inspect::TablePtr> {
                            while (true)
                                INSPECTOR_CHECK(job.step(1, 4));
                        });
        auto* bar = shown.pane.findChild<QWidget*>(QStringLiteral("busyBar"));
        QVERIFY(!bar->isVisible()); // not yet: quick answers do not flicker
        QTRY_VERIFY(bar->isVisible());
        QCOMPARE(bar->findChild<QLabel*>(QStringLiteral("busyTitle"))->text(), QStringLiteral("Reading slowly…"));
        bar->findChild<QToolButton*>(QStringLiteral("stopButton"))->click();
        QVERIFY(!shown.pane.isBusy());
        QVERIFY(!bar->isVisible());
        QCOMPARE(shown.pane.model().rowCount(), 50);
    }

    void selectedRowsAreCopiedAsTable()
    {
        Shown shown;
        shown.load(10);
        auto& view = shown.pane.view();
        view.selectRow(1);
        const QString one = view.selectedText();
        QCOMPARE(one.count(QLatin1Char('\n')), 0);
        QCOMPARE(one.count(QLatin1Char('\t')), 4);
        QVERIFY(one.startsWith(QStringLiteral("2\tcustomers_1\t")));
        view.selectAll();
        view.setColumnHidden(0, true);
        const QString all = view.selectedText();
        QCOMPARE(all.count(QLatin1Char('\n')), 10);
        QVERIFY(all.startsWith(QStringLiteral("Name\tOwner\t")));
        QVERIFY(all.contains(QStringLiteral("••••••"))); // masked in a copy as on the screen
    }

    void homeAndEndGoToTheFirstAndTheLastRow()
    {
        Shown shown;
        shown.load(1000);
        QTest::keyClick(&shown.pane.view(), Qt::Key_End);
        QCOMPARE(shown.pane.currentRow().value_or(0), 999U);
        QTest::keyClick(&shown.pane.view(), Qt::Key_Home);
        QCOMPARE(shown.pane.currentRow().value_or(1), 0U);
    }

    void columnsAreRememberedByCollection()
    {
        Shown shown;
        shown.load(10);
        auto& view = shown.pane.view();
        view.horizontalHeader()->moveSection(1, 0);
        view.setColumnWidth(0, 133);
        view.setColumnHidden(3, true);
        emit view.columnLayoutChanged();
        shown.load(10, QStringLiteral("role"));
        QVERIFY(!view.isColumnHidden(3));
        QCOMPARE(view.horizontalHeader()->visualIndex(1), 1);
        shown.load(10);
        QCOMPARE(view.horizontalHeader()->visualIndex(1), 0);
        QCOMPARE(view.columnWidth(0), 133);
        QVERIFY(view.isColumnHidden(3));
    }

    void widthsSurviveEveryAnswer()
    {
        Shown shown;
        shown.load(100);
        shown.pane.view().setColumnWidth(1, 177);
        shown.filter(QStringLiteral("orders"));
        QCOMPARE(shown.pane.view().columnWidth(1), 177);
        shown.load(50);
        QCOMPARE(shown.pane.view().columnWidth(1), 177);
    }

    void aMillionRowsAreShown()
    {
        Shown shown;
        shown.load(1'000'000);
        QCOMPARE(shown.pane.model().rowCount(), 1'000'000);
        shown.pane.view().scrollToBottom();
        QVERIFY(shown.pane.view().isOnScreen(999'999));
        shown.pane.view().selectRow(999'999);
        shown.load(1'000'000);
        QCOMPARE(shown.pane.currentRow().value_or(0), 999'999U);
    }
};

QTEST_MAIN(TestTablePane)
#include "tst_table_pane.moc"
