#include "app/gui/command_set.h"
#include "app/gui/main_window.h"
#include "tests/views/support/desk.h"
#include "views/dialogs/open_url_dialog.h"
#include "views/panels/activity_panel.h"
#include "views/panels/collections_panel.h"
#include "views/panels/detail_panel.h"
#include "views/panels/entries_panel.h"
#include "views/panels/table_pane.h"
#include "views/panels/timeline_view.h"
#include "views/support/theme.h"
#include "views/widgets/empty_state.h"
#include "views/widgets/problem_bar.h"
#include "views/widgets/row_view.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QComboBox>
#include <QDockWidget>
#include <QDropEvent>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QMimeData>
#include <QPlainTextEdit>
#include <QStackedWidget>
#include <QToolButton>
#include <QtTest>

using namespace inspector;
using namespace inspector::views;
using inspect::Moment;
using tests::Desk;

namespace {

/// The whole window over a made-up catalog.
struct Shown
{
    Desk desk;
    gui::MainWindow window {{desk.session, desk.settings, desk.prompt, {}}};

    Shown()
    {
        window.resize(1300, 850);
        window.show();
    }

    void open(const Moment& first = Moment::latest())
    {
        inspect::OpenOptions options;
        options.location = {"mem:", "mem:"};
        window.openPlace(options, first);
        settle();
    }

    void settle()
    {
        QTRY_VERIFY_WITH_TIMEOUT(desk.session.isOpen() && desk.session.timeline() && window.isIdle(), 10'000);
        QTest::qWait(1);
        QTRY_VERIFY(window.isIdle());
    }

    void trigger(CommandId id) { window.commands().action(id)->trigger(); }

    template <typename T>
    [[nodiscard]] T* find(const char* name = nullptr) const
    {
        return window.findChild<T*>(QString::fromLatin1(name)); // null: any of that type
    }

    [[nodiscard]] EntriesPanel& entries() const { return *find<EntriesPanel>(); }
    [[nodiscard]] TablePane& pane() const { return entries().pane(); }
    [[nodiscard]] DetailPanel& detail() const { return *find<DetailPanel>(); }
};

} // namespace

class TestMainWindow : public QObject
{
    Q_OBJECT

private slots:
    void beginsWithWaysIn()
    {
        const Shown shown;
        QVERIFY(shown.find<QWidget>("welcomePanel")->isVisible());
        QVERIFY(shown.find<QWidget>("modeBadge")->isVisible());
        QVERIFY(!shown.find<QDockWidget>("collections")->isVisible());
    }

    void readsFromCollectionToBytes()
    {
        Shown shown;
        shown.window.chooseCollection(QStringLiteral("item"));
        shown.open();
        QVERIFY(shown.window.windowTitle().contains(QStringLiteral("Read-only")));
        QVERIFY(!shown.find<QWidget>("welcomePanel")->isVisible());
        QCOMPARE(shown.entries().collection(), QStringLiteral("item"));
        QCOMPARE(shown.pane().model().rowCount(), 500);
        QTRY_VERIFY(shown.detail().detail()); // the first row, so that there is something to see
        QCOMPARE(shown.pane().currentRow().value_or(9), 0U);

        shown.pane().view().selectRow(7);
        QTRY_VERIFY(shown.detail().detail()
                    && shown.detail().detail()->title == std::string("materialize.public.customers_7"));
        QVERIFY(shown.find<QPlainTextEdit>("detailJson")->toPlainText().contains(QStringLiteral("customers_7")));
        // A snapshot's rows carry the time that was read: that is no time of theirs, and is not shown as one.
        QVERIFY(!shown.find<QLabel>("detailFacts")->text().contains(QStringLiteral("time")));
        QVERIFY(shown.find<QPlainTextEdit>("detailHex")->toPlainText().startsWith(QStringLiteral("00000000  7b 22")));
    }

    void keyboardBeginsInTheCollections()
    {
        Shown shown;
        shown.window.activateWindow();
        shown.open();
        auto* view = shown.find<RowView>("collectionsView");
        QCOMPARE(QApplication::focusWidget(), view);
        QTest::keyClick(view, Qt::Key_End);
        QTRY_COMPARE(shown.entries().collection(), QStringLiteral("Gadget"));
        QTest::keyClick(view, Qt::Key_Return);
        QCOMPARE(QApplication::focusWidget(), &shown.pane().view());
    }

    void travelMovesCollectionsEntriesAndDetail()
    {
        Shown shown;
        shown.window.chooseCollection(QStringLiteral("item"));
        shown.open();
        shown.pane().view().selectRow(100);
        QTRY_VERIFY(shown.detail().detail());
        QVERIFY(!shown.find<QWidget>("pastBar")->isVisible());

        auto* number = shown.find<QLineEdit>("momentEdit");
        number->setText(QStringLiteral("30"));
        QTest::keyClick(number, Qt::Key_Return);
        QTRY_COMPARE(shown.desk.session.moment(), Moment::asOf(Timestamp(30)));
        shown.settle();
        QCOMPARE(shown.pane().model().rowCount(), 317);
        QVERIFY(shown.find<QWidget>("pastBar")->isVisible());
        QVERIFY(shown.window.windowTitle().startsWith(QStringLiteral("As of 30")));
        QCOMPARE(shown.pane().currentRow().value_or(0), 100U);
        QTRY_VERIFY(shown.detail().detail());

        shown.trigger(CommandId::StepEarlier);
        QTRY_COMPARE(shown.desk.session.moment(), Moment::asOf(Timestamp(29)));
        shown.settle();
        shown.window.findChild<QToolButton*>(QStringLiteral("backToLatestButton"))->click();
        QTRY_COMPARE(shown.desk.session.moment(), Moment::latest());
        shown.settle();
        QVERIFY(!shown.find<QWidget>("pastBar")->isVisible());
    }

    void anEntryThatIsNotThereYetIsSaidToBeMissing()
    {
        Shown shown;
        shown.window.chooseCollection(QStringLiteral("item"));
        shown.open();
        shown.pane().view().selectRow(490);
        QTRY_VERIFY(shown.detail().detail() && shown.window.isIdle());
        shown.desk.session.travel(Moment::asOf(Timestamp(10)));
        QTRY_COMPARE(shown.desk.session.moment(), Moment::asOf(Timestamp(10)));
        shown.settle();
        QVERIFY(!shown.detail().detail());
        QCOMPARE(shown.detail().findChild<EmptyState*>()->title(), QStringLiteral("Not here at this moment"));
    }

    void momentsOutsideAreRefusedWithBothLimits_data()
    {
        QTest::addColumn<int>("clock");
        QTest::addColumn<QString>("typed");
        QTest::addColumn<QStringList>("named");
        QTest::newRow("before since") << 0 << QStringLiteral("3")
                                      << QStringList {QStringLiteral("since is 4"), QStringLiteral("upper is 46")};
        QTest::newRow("upper itself") << 0 << QStringLiteral("46")
                                      << QStringList {QStringLiteral("since is 4"), QStringLiteral("upper is 46")};
        QTest::newRow("state that is gone")
            << 1 << QStringLiteral("v7") << QStringList {QStringLiteral("v41"), QStringLiteral("v72")};
        QTest::newRow("no number") << 0 << QStringLiteral("yesterday")
                                   << QStringList {QStringLiteral("neither a number")};
    }

    void momentsOutsideAreRefusedWithBothLimits()
    {
        QFETCH(int, clock);
        QFETCH(QString, typed);
        QFETCH(QStringList, named);
        Shown shown;
        shown.open();
        shown.find<QComboBox>("clockCombo")->setCurrentIndex(clock);
        auto* number = shown.find<QLineEdit>("momentEdit");
        number->setText(typed);
        QTest::keyClick(number, Qt::Key_Return);
        auto* refusal = shown.find<QLabel>("momentRefusal");
        QVERIFY(refusal->isVisible());
        for (const auto& name : named)
            QVERIFY2(refusal->text().contains(name), qPrintable(refusal->text()));
        QCOMPARE(shown.desk.session.moment(), Moment::latest());
    }

    void aClickOnTheTimelineTravels()
    {
        Shown shown;
        shown.open();
        auto* timeline = shown.find<TimelineView>("timelineView");
        const QPoint at(timeline->timeAxis().xOf(25), timeline->laneRect(TimelineView::Lane::Time).center().y());
        QTest::mouseClick(timeline, Qt::LeftButton, {}, at);
        QTRY_COMPARE(shown.desk.session.moment(), Moment::asOf(Timestamp(25)));
        const QPoint state(timeline->seqnoAxis().xOf(50), timeline->laneRect(TimelineView::Lane::Seqno).center().y());
        QTest::mouseClick(timeline, Qt::LeftButton, {}, state);
        QTRY_COMPARE(shown.desk.session.moment(), Moment::atSeqno(SeqNo(50)));
        timeline->setFocus();
        QTest::keyClick(timeline, Qt::Key_Left);
        QTRY_COMPARE(shown.desk.session.moment(), Moment::atSeqno(SeqNo(49)));
        QTest::keyClick(timeline, Qt::Key_End);
        QTRY_COMPARE(shown.desk.session.moment(), Moment::latest());
    }

    void secretsAreMaskedUntilRevealedAndOnlyForThatEntry()
    {
        Shown shown;
        shown.window.chooseCollection(QStringLiteral("role"));
        shown.open();
        shown.pane().view().selectRow(0);
        QTRY_VERIFY(shown.detail().detail());
        const auto json = [&] { return shown.find<QPlainTextEdit>("detailJson")->toPlainText(); };
        QVERIFY(shown.detail().hasSecret());
        QVERIFY(!json().contains(QStringLiteral("SCRAM")));
        QVERIFY(shown.find<QPlainTextEdit>("detailHex")->toPlainText().isEmpty());
        shown.trigger(CommandId::Reveal);
        QTRY_VERIFY(json().contains(QStringLiteral("SCRAM")));
        shown.pane().view().selectRow(5); // holds one too
        QTRY_VERIFY(json().contains(QStringLiteral("customers_5")));
        QVERIFY(!json().contains(QStringLiteral("SCRAM")));
        QVERIFY(!shown.detail().isRevealed());
    }

    void traceIsReadWhenItIsSeen()
    {
        Shown shown;
        shown.window.chooseCollection(QStringLiteral("item"));
        shown.open();
        auto* trace = shown.find<QWidget>("tracePanel")->findChild<TablePane*>();
        QVERIFY(!trace->table());
        shown.trigger(CommandId::ShowTrace);
        QTRY_VERIFY(trace->table() && !trace->isBusy());
        QCOMPARE(trace->model().rowCount(), 500);
        trace->view().selectRow(6);
        QTRY_VERIFY(shown.detail().detail() && shown.detail().detail()->diff == -1);
        QVERIFY(shown.find<QLabel>("detailFacts")->text().contains(QStringLiteral("time 4, rounded up")));
    }

    void fencesAreListedAndJudged()
    {
        Shown shown;
        shown.open();
        shown.trigger(CommandId::ShowFence);
        auto* view = shown.find<RowView>("fenceView");
        QTRY_COMPARE(view->model()->rowCount(), 3);
        shown.find<QLineEdit>("generationEdit")->setText(QStringLiteral("2"));
        shown.find<QLineEdit>("epochEdit")->setText(QStringLiteral("7"));
        QVERIFY(shown.find<QLabel>("fenceVerdict")
                    ->text()
                    .contains(QStringLiteral("current catalog epoch 6 fenced by new catalog epoch 7")));
    }

    void activityListsWhatWasSent()
    {
        Shown shown;
        shown.open();
        shown.trigger(CommandId::ShowActivity);
        auto* view = shown.find<RowView>("activityView");
        QTRY_VERIFY(view->model()->rowCount() >= 2);
        const QString receipt = shown.find<ActivityPanel>()->receipt();
        QVERIFY(receipt.contains(QStringLiteral("Head at opening: v72")));
        QVERIFY(receipt.contains(QStringLiteral("1 × GET")));
    }

    void warningsAreCountedAndListed()
    {
        Shown shown;
        shown.desk.catalog.warnings = {"part p1 is missing", "1 row does not decode"};
        shown.open();
        auto* button = shown.find<QToolButton>("warningsButton");
        QVERIFY(button->isVisible());
        QCOMPARE(button->text(), QStringLiteral("2 warnings"));
        button->click();
        auto* list = shown.window.findChild<QListWidget*>(QStringLiteral("listDialogLines"));
        QCOMPARE(list->count(), 2);
    }

    void aSnapshotThatFailsIsSaidOnce()
    {
        Shown shown;
        shown.desk.catalog.snapshotError = Error {ErrorCode::Corrupt, "part p1 ends after 12 bytes", {}, false};
        QSignalSpy failed(&shown.desk.session, &Session::travelFailed);
        inspect::OpenOptions options;
        options.location = {"mem:", "mem:"};
        shown.window.openPlace(options);
        QTRY_COMPARE(failed.count(), 1);
        QCOMPARE(shown.pane().findChild<EmptyState*>()->title(), QStringLiteral("Damaged"));
        QVERIFY(shown.find<QWidget>("overviewView") != nullptr);
        shown.desk.catalog.snapshotError.reset();
        shown.desk.inspector->change(shown.desk.catalog);
        shown.trigger(CommandId::Refresh);
        QTRY_VERIFY(shown.desk.session.snapshot());
    }

    void aCatalogThatIsNotInitializedSaysSo()
    {
        Shown shown;
        shown.desk.catalog.initialized = false;
        shown.open();
        QTRY_COMPARE(shown.pane().findChild<EmptyState*>()->title(), QStringLiteral("Not initialized"));
        QCOMPARE(shown.find<QWidget>("collectionsPanel")->findChild<EmptyState*>()->title(),
                 QStringLiteral("No collections"));
    }

    void aFirstMomentOutsideOffersTheNearestOne()
    {
        Shown shown;
        QSignalSpy failed(&shown.desk.session, &Session::travelFailed);
        inspect::OpenOptions options;
        options.location = {"mem:", "mem:"};
        shown.window.openPlace(options, Moment::asOf(Timestamp(2)));
        QTRY_COMPARE(failed.count(), 1);
        QVERIFY(shown.pane().problemBar().isVisible());
        shown.pane().problemBar().findChild<QToolButton*>(QStringLiteral("problemOfferButton"))->click();
        QTRY_COMPARE(shown.desk.session.moment(), Moment::asOf(Timestamp(4)));
        shown.settle();
    }

    void aFailureToOpenIsSaidOnTheWelcomePage()
    {
        Shown shown;
        shown.desk.catalog.openError = Error {ErrorCode::NotFound, "no such shard", {}, false};
        inspect::OpenOptions options;
        options.location = {"mem:", "mem:"};
        shown.window.openPlace(options);
        auto* bar = shown.find<QWidget>("welcomePanel")->findChild<ProblemBar*>();
        QTRY_VERIFY(bar->isVisible());
        QCOMPARE(bar->text(), QStringLiteral("No such shard."));
    }

    void closingGoesBackToTheWelcomePage()
    {
        Shown shown;
        shown.open();
        shown.trigger(CommandId::CloseCatalog);
        QVERIFY(shown.find<QWidget>("welcomePanel")->isVisible());
        QVERIFY(!shown.find<QDockWidget>("detail")->isVisible());
        QCOMPARE(shown.window.windowTitle(), QStringLiteral("Catalog Inspector"));
        shown.open(); // and back again
        QVERIFY(shown.find<QDockWidget>("detail")->isVisible());
    }

    void copyAnswersToTheKeyboard()
    {
        Shown shown;
        shown.window.chooseCollection(QStringLiteral("item"));
        shown.open();
        shown.pane().focusRows();
        shown.pane().view().selectRow(1);
        shown.trigger(CommandId::CopyRows);
        QVERIFY(QApplication::clipboard()->text().startsWith(QStringLiteral("2\tcustomers_1")));
        QTRY_VERIFY(shown.detail().detail());
        shown.trigger(CommandId::CopyJson);
        QVERIFY(QApplication::clipboard()->text().startsWith(QStringLiteral("{\"key\"")));
    }

    void filesComeFromTheBoxOrFromADrop()
    {
        Shown shown;
        shown.desk.prompt.fileToOpen = QStringLiteral("/data/prod.mzcat");
        shown.trigger(CommandId::OpenFile);
        QTRY_VERIFY(shown.desk.session.isOpen());
        QCOMPARE(shown.desk.session.place().name, QStringLiteral("prod.mzcat"));
        shown.settle();
        QMimeData dropped;
        dropped.setUrls({QUrl::fromLocalFile(QStringLiteral("/data/other.mzcat"))});
        QDragEnterEvent enter(QPoint(10, 10), Qt::CopyAction, &dropped, Qt::LeftButton, Qt::NoModifier);
        QApplication::sendEvent(&shown.window, &enter);
        QVERIFY(enter.isAccepted());
        QDropEvent drop(QPointF(10, 10), Qt::CopyAction, &dropped, Qt::LeftButton, Qt::NoModifier);
        QApplication::sendEvent(&shown.window, &drop);
        QTRY_COMPARE(shown.desk.session.place().name, QStringLiteral("other.mzcat"));
        shown.settle();
    }

    void withoutADemoItSaysSo()
    {
        Shown shown;
        shown.trigger(CommandId::OpenDemo);
        QCOMPARE(shown.desk.prompt.told.size(), 1);
    }

    void everyInputHasAnAccessibleName()
    {
        Shown shown;
        shown.open();
        for (const auto* view : shown.window.findChildren<QAbstractItemView*>()) {
            if (view->objectName().endsWith(QLatin1String("View"))
                || view->objectName().endsWith(QLatin1String("Tree")))
                QVERIFY2(!view->accessibleName().isEmpty(), qPrintable(view->objectName()));
        }
        for (const auto* edit : shown.window.findChildren<QLineEdit*>())
            QVERIFY2(!edit->accessibleName().isEmpty(), qPrintable(edit->objectName()));
    }

    void everyThemeAndStateCanBeDrawn_data()
    {
        QTest::addColumn<bool>("dark");
        QTest::newRow("light") << false;
        QTest::newRow("dark") << true;
    }

    void everyThemeAndStateCanBeDrawn()
    {
        QFETCH(bool, dark);
        applyTheme(*qApp, dark ? Theme::Dark : Theme::Light);
        QCOMPARE(isDark(QApplication::palette()), dark);
        Shown shown;
        QVERIFY(!shown.window.grab().isNull());
        shown.open(Moment::asOf(Timestamp(30)));
        for (const auto* panel : {"overview", "collections", "detail", "trace", "time-travel", "fence", "activity"}) {
            QVERIFY2(shown.window.showPanel(QString::fromLatin1(panel)), panel);
            QVERIFY(!shown.window.grab().isNull());
        }
        QVERIFY(!shown.window.showPanel(QStringLiteral("nowhere")));
    }

    void layoutIsRemembered()
    {
        Desk desk;
        {
            gui::MainWindow window({desk.session, desk.settings, desk.prompt, {}});
            window.show();
            desk.session.open(tests::fakePlace());
            QTRY_VERIFY(desk.session.snapshot());
            window.findChild<QDockWidget*>(QStringLiteral("fence"))->hide();
            window.close();
            desk.session.close();
        }
        gui::MainWindow window({desk.session, desk.settings, desk.prompt, {}});
        window.show();
        desk.session.open(tests::fakePlace());
        QTRY_VERIFY(desk.session.snapshot());
        QVERIFY(window.findChild<QDockWidget*>(QStringLiteral("fence"))->isHidden());
        QVERIFY(!window.findChild<QDockWidget*>(QStringLiteral("trace"))->isHidden());
    }
};

QTEST_MAIN(TestMainWindow)
#include "tst_main_window.moc"
