#include "tests/views/support/desk.h"

#include <QtTest>

using namespace inspector;
using namespace inspector::views;
using inspect::Moment;
using tests::Desk;
using tests::fakePlace;

class TestSession : public QObject
{
    Q_OBJECT

    static void openAndRead(Desk& desk, const Moment& first = Moment::latest())
    {
        QSignalSpy timeline(&desk.session, &Session::timelineChanged);
        desk.session.open(fakePlace(), first);
        QTRY_VERIFY(timeline.count() == 1 && desk.session.snapshot());
    }

    static void travelTo(Desk& desk, const Moment& moment)
    {
        QSignalSpy moved(&desk.session, &Session::snapshotChanged);
        desk.session.travel(moment);
        QTRY_COMPARE(moved.count(), 1);
    }

private slots:
    void openingReadsTheLatestMomentAndBothClocks()
    {
        Desk desk;
        openAndRead(desk);
        QVERIFY(desk.session.isOpen());
        QCOMPARE(desk.session.moment(), Moment::latest());
        QCOMPARE(desk.session.snapshot()->asOf(), Timestamp(45));
        QCOMPARE(desk.session.openedAtSeqno(), SeqNo(72));
        QVERIFY(!desk.session.isBusy());
    }

    void problemsAreCountedAfterTheRowsAreThere()
    {
        Desk desk;
        bool wasComplete = true;
        QObject::connect(&desk.session, &Session::snapshotChanged, &desk.session,
                         [&] { wasComplete = desk.session.snapshot()->isComplete(); });
        QSignalSpy completed(&desk.session, &Session::snapshotCompleted);
        openAndRead(desk);
        QTRY_COMPARE(completed.count(), 1);
        QVERIFY(!wasComplete);
        QVERIFY(desk.session.snapshot()->isComplete());
        for (const auto& summary : desk.session.snapshot()->collections())
            QVERIFY(summary.problems.has_value());
    }

    void aFailureLeavesWhatIsOpen()
    {
        Desk desk;
        openAndRead(desk);
        desk.catalog.openError = Error {ErrorCode::NotFound, "no such shard", {}, false};
        QSignalSpy failed(&desk.session, &Session::openFailed);
        desk.session.open(fakePlace());
        QTRY_COMPARE(failed.count(), 1);
        QVERIFY(desk.session.isOpen());
        QVERIFY(desk.session.snapshot());
    }

    void whatFailedCanBeTriedAgain()
    {
        Desk desk;
        desk.catalog.openError = Error {ErrorCode::Unavailable, "server is down", {}, false};
        QSignalSpy failed(&desk.session, &Session::openFailed);
        desk.session.open(fakePlace(), Moment::asOf(Timestamp(30)));
        QTRY_COMPARE(failed.count(), 1);
        QVERIFY(!desk.session.isOpen());
        desk.catalog.openError.reset();
        desk.session.retryOpen();
        QTRY_VERIFY(desk.session.snapshot());
        QCOMPARE(desk.session.moment(), Moment::asOf(Timestamp(30)));
    }

    void aRefusedMomentLeavesTheOneOnScreen()
    {
        Desk desk;
        openAndRead(desk, Moment::asOf(Timestamp(20)));
        QSignalSpy failed(&desk.session, &Session::travelFailed);
        desk.session.travel(Moment::asOf(Timestamp(3)));
        QTRY_COMPARE(failed.count(), 1);
        const auto error = failed.first().first().value<Error>();
        QCOMPARE(error.code, ErrorCode::OutOfRange);
        QVERIFY(error.message.find("4") != std::string::npos);
        QVERIFY(error.message.find("46") != std::string::npos);
        QCOMPARE(desk.session.moment(), Moment::asOf(Timestamp(20)));
        QCOMPARE(desk.session.nearestReadable(Moment::asOf(Timestamp(3))), Moment::asOf(Timestamp(4)));
        QCOMPARE(desk.session.nearestReadable(Moment::asOf(Timestamp(99))), Moment::latest());
        QCOMPARE(desk.session.nearestReadable(Moment::atSeqno(SeqNo(2))), Moment::atSeqno(SeqNo(41)));
    }

    void stepsGoFromOneTimeWithUpdatesToTheNext()
    {
        Desk desk; // updates at 4, 5, 6, 7, 9, 10, … : every time but 3, 8, 13, …
        openAndRead(desk);
        QVERIFY(!desk.session.later());
        QCOMPARE(desk.session.earlier().value_or(Moment {}), Moment::asOf(Timestamp(44)));
        travelTo(desk, Moment::asOf(Timestamp(44)));
        QCOMPARE(desk.session.later().value_or(Moment {}), Moment::asOf(Timestamp(45)));
        QCOMPARE(desk.session.earlier().value_or(Moment {}), Moment::asOf(Timestamp(42)));
        travelTo(desk, Moment::asOf(Timestamp(45)));
        QCOMPARE(desk.session.later().value_or(Moment::asOf(Timestamp(1))), Moment::latest());
        travelTo(desk, Moment::asOf(Timestamp(4)));
        QVERIFY(!desk.session.earlier());
    }

    void stepsOnTheOtherClockGoByState()
    {
        Desk desk;
        openAndRead(desk, Moment::atSeqno(SeqNo(42)));
        QCOMPARE(desk.session.earlier().value_or(Moment {}), Moment::atSeqno(SeqNo(41)));
        QCOMPARE(desk.session.later().value_or(Moment {}), Moment::atSeqno(SeqNo(43)));
        travelTo(desk, Moment::atSeqno(SeqNo(41)));
        QVERIFY(!desk.session.earlier());
        travelTo(desk, Moment::atSeqno(SeqNo(72)));
        QCOMPARE(desk.session.later().value_or(Moment::atSeqno(SeqNo(1))), Moment::latest());
    }

    void theWayBackToLatestIsNotReadAgain()
    {
        Desk desk;
        openAndRead(desk);
        const auto latest = desk.session.snapshot();
        travelTo(desk, Moment::asOf(Timestamp(20)));
        const auto statements = desk.inspector->activity().totals().statements;
        travelTo(desk, Moment::latest());
        QCOMPARE(desk.session.snapshot(), latest);
        QCOMPARE(desk.inspector->activity().totals().statements, statements);
    }

    void stoppingKeepsWhatIsShown()
    {
        Desk desk;
        openAndRead(desk);
        desk.catalog.delay = std::chrono::seconds(20);
        desk.inspector->change(desk.catalog);
        desk.session.travel(Moment::asOf(Timestamp(20)));
        QVERIFY(desk.session.isBusy());
        desk.session.stop();
        QVERIFY(!desk.session.isBusy());
        QCOMPARE(desk.session.moment(), Moment::latest());
    }

    void closingForgetsEverything()
    {
        Desk desk;
        openAndRead(desk);
        QSignalSpy closed(&desk.session, &Session::closed);
        desk.session.close();
        QCOMPARE(closed.count(), 1);
        QVERIFY(!desk.session.isOpen());
        QVERIFY(!desk.session.snapshot());
        QVERIFY(!desk.session.timeline());
        QVERIFY(desk.session.warnings().empty());
    }

    void warningsAreNamedOnce()
    {
        Desk desk;
        desk.catalog.warnings = {"part p1 is missing"}; // said by the overview and by the snapshot
        openAndRead(desk);
        QCOMPARE(desk.session.warnings().size(), std::size_t(1));
    }
};

QTEST_GUILESS_MAIN(TestSession)
#include "tst_session.moc"
