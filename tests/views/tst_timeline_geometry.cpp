#include "views/delegates/timeline_geometry.h"

#include <QtTest>

#include <limits>

using namespace inspector::views;

class TestTimelineGeometry : public QObject
{
    Q_OBJECT

private slots:
    void edgesLieAtTheEdges()
    {
        const TimelineGeometry axis {10, 20, 5, 101};
        QCOMPARE(axis.xOf(10), 5);
        QCOMPARE(axis.xOf(20), 105);
        QCOMPARE(axis.xOf(15), 55);
        QCOMPARE(axis.xOf(0), 5);
        QCOMPARE(axis.xOf(99), 105);
        QCOMPARE(axis.valueAt(-4), std::uint64_t(10));
        QCOMPARE(axis.valueAt(400), std::uint64_t(20));
    }

    void valueUnderItsOwnPixelIsAtMostAPixelAway_data()
    {
        QTest::addColumn<quint64>("first");
        QTest::addColumn<quint64>("last");
        QTest::newRow("counting") << quint64(0) << quint64(45);
        QTest::newRow("milliseconds") << quint64(1'764'000'000'000) << quint64(1'764'900'000'000);
        QTest::newRow("all of 64 bits") << quint64(0) << std::numeric_limits<quint64>::max();
    }

    void valueUnderItsOwnPixelIsAtMostAPixelAway()
    {
        QFETCH(quint64, first);
        QFETCH(quint64, last);
        const TimelineGeometry axis {first, last, 14, 700};
        for (int step = 0; step <= 50; ++step) {
            const auto value = first + (last - first) / 50 * static_cast<quint64>(step);
            const int x = axis.xOf(value);
            QVERIFY(std::abs(axis.xOf(axis.valueAt(x)) - x) <= 1);
        }
    }

    void anAxisOfOneValueDoesNotDivideByZero()
    {
        const TimelineGeometry axis {7, 7, 3, 200};
        QCOMPARE(axis.xOf(7), 3);
        QCOMPARE(axis.valueAt(100), std::uint64_t(7));
        QCOMPARE(axis.ticks(50), std::vector<std::uint64_t> {7});
    }

    void ticksAreRoundAndFarEnoughApart()
    {
        const TimelineGeometry axis {3, 47, 0, 500};
        const auto ticks = axis.ticks(60);
        QVERIFY(ticks.size() >= 3);
        for (std::size_t i = 0; i < ticks.size(); ++i) {
            QCOMPARE(ticks[i] % 5, std::uint64_t(0));
            QVERIFY(ticks[i] >= 3 && ticks[i] <= 47);
            if (i > 0)
                QVERIFY(axis.xOf(ticks[i]) - axis.xOf(ticks[i - 1]) >= 50);
        }
        const TimelineGeometry whole {0, std::numeric_limits<std::uint64_t>::max(), 0, 500};
        QVERIFY(whole.ticks(60).size() < 12);
    }

    void zoomKeepsTheValueUnderTheCursor()
    {
        const TimelineGeometry whole {0, 10'000, 0, 1001};
        const TimelineGeometry near = whole.zoomed(true, 300, whole);
        QCOMPARE(near.last - near.first, std::uint64_t(5000));
        QVERIFY(std::abs(near.xOf(3000) - 300) <= 1);
        const TimelineGeometry far = near.zoomed(false, 300, whole);
        QCOMPARE(far.first, whole.first);
        QCOMPARE(far.last, whole.last);
    }

    void zoomStopsAtBothEnds()
    {
        const TimelineGeometry whole {100, 200, 0, 1001};
        TimelineGeometry axis = whole;
        for (int i = 0; i < 80; ++i)
            axis = axis.zoomed(true, 1000, whole);
        QVERIFY(axis.last - axis.first >= 8);
        QVERIFY(axis.last <= 200);
        for (int i = 0; i < 80; ++i)
            axis = axis.zoomed(false, 0, whole);
        QCOMPARE(axis.first, std::uint64_t(100));
        QCOMPARE(axis.last, std::uint64_t(200));
    }

    void panStaysInside()
    {
        const TimelineGeometry whole {0, 1000, 0, 1000};
        TimelineGeometry axis {400, 600, 0, 1000};
        axis = axis.panned(-500, whole);
        QCOMPARE(axis.first, std::uint64_t(500));
        axis = axis.panned(-100'000, whole);
        QCOMPARE(axis.last, std::uint64_t(1000));
        axis = axis.panned(1'000'000, whole);
        QCOMPARE(axis.first, std::uint64_t(0));
        QCOMPARE(axis.last - axis.first, std::uint64_t(200));
    }

    void histogramSumsWhatSharesAColumn()
    {
        const TimelineGeometry axis {0, 100, 10, 101};
        const std::vector<TimelineMark> marks {
            {0, 2, true}, {1, 3, false}, {50, 4, true}, {100, 5, false}, {101, 9, false}};
        const auto bins = histogram(marks, axis, 4);
        QCOMPARE(bins.size(), std::size_t(3));
        QCOMPARE(bins[0].weight, std::uint64_t(5));
        QVERIFY(!bins[0].isRounded); // one of the two is exact
        QVERIFY(bins[1].isRounded);
        QCOMPARE(bins[0].x, 10);
        QCOMPARE(bins[2].weight, std::uint64_t(5));
    }

    void nearestMarkIsWithinReach()
    {
        const TimelineGeometry axis {0, 100, 0, 101};
        const std::vector<TimelineMark> marks {{10, 1, false}, {14, 1, false}, {90, 1, false}};
        QCOMPARE(nearestMark(marks, axis, 13, 4), 1);
        QCOMPARE(nearestMark(marks, axis, 8, 4), 0);
        QCOMPARE(nearestMark(marks, axis, 50, 4), -1);
        QCOMPARE(nearestMark(marks, axis, 50, 200), 1);
        QCOMPARE(nearestMark({}, axis, 50, 200), -1);
    }
};

QTEST_APPLESS_MAIN(TestTimelineGeometry)
#include "tst_timeline_geometry.moc"
