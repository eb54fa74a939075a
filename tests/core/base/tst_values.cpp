#include "core/base/bytes.h"
#include "core/base/clock.h"
#include "core/base/job.h"
#include "core/base/result.h"
#include "core/base/strong.h"

#include <QtTest>

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

using namespace inspector;

namespace {

Result<int> half(int number)
{
    if (number % 2 != 0)
        return fail(ErrorCode::InvalidInput, std::to_string(number) + " is odd");
    return number / 2;
}

Result<int> quarter(int number)
{
    INSPECTOR_TRY(const int once, half(number).during("halving once"));
    INSPECTOR_TRY(const int twice, half(once).during("halving twice"));
    return twice;
}

Result<> isQuarterable(int number)
{
    INSPECTOR_CHECK(quarter(number).during("checking " + std::to_string(number)));
    return {};
}

} // namespace

/// Results with their trail, jobs, strong numbers, shared bytes and the clock.
class TestValues : public QObject
{
    Q_OBJECT

private slots:
    void aSuccessPassesThroughUntouched()
    {
        QCOMPARE(quarter(8).value(), 2);
        QVERIFY(isQuarterable(8));
    }

    void aFailureKeepsItsReasonAndCollectsTheWayOut()
    {
        const auto failed = isQuarterable(6);
        QVERIFY(!failed);
        QCOMPARE(failed.error().code, ErrorCode::InvalidInput);
        QCOMPARE(failed.error().message, std::string("3 is odd"));
        QCOMPARE(failed.error().trail.size(), std::size_t(2));
        QCOMPARE(failed.error().describe(), std::string("checking 6: halving twice: 3 is odd"));
        QVERIFY(!failed.error().outcomeUnknown);
        QCOMPARE(half(5).error().describe(), std::string("5 is odd"));
    }

    void aJobReportsProgressUntilItIsStopped()
    {
        std::vector<std::pair<std::uint64_t, std::uint64_t>> reported;
        std::stop_source stop;
        const Job job(stop.get_token(), [&](auto done, auto total) { reported.emplace_back(done, total); });
        QVERIFY(job.step(1, 3));
        QVERIFY(job.step(2, 3));
        stop.request_stop();
        const auto stopped = job.step(3, 3);
        QVERIFY(!stopped);
        QCOMPARE(stopped.error().code, ErrorCode::Cancelled);
        QCOMPARE(reported.size(), std::size_t(2));
        QCOMPARE(reported.back().first, std::uint64_t(2));
        QVERIFY(Job().step(0, 0));
    }

    void numbersOfDifferentKindsDoNotMix()
    {
        static_assert(!std::is_convertible_v<SeqNo, Timestamp>);
        static_assert(!std::is_convertible_v<std::uint64_t, SeqNo>);
        static_assert(!std::is_convertible_v<SeqNo, std::uint64_t>);
        static_assert(!std::equality_comparable_with<SeqNo, Timestamp>);
        QCOMPARE(SeqNo(4).next(), SeqNo(5));
        QVERIFY(SeqNo(4) < SeqNo(10));
        QCOMPARE(SeqNo().value(), std::uint64_t(0));
        QVERIFY(Epoch(-1) < Epoch(0));
    }

    void sharedBytesLiveAsLongAsAnyCopy()
    {
        SharedBytes kept;
        QCOMPARE(kept.size(), std::size_t(0));
        {
            const auto made = SharedBytes::copyOf(bytesOf("catalog"));
            kept = made;
            QCOMPARE(kept.data(), made.data());
        }
        QCOMPARE(std::string(textOf(kept.view())), std::string("catalog"));
        for (std::size_t i = 0; i < SharedBytes::kPadding; ++i)
            QCOMPARE(kept.data()[kept.size() + i], std::byte {0});
        QCOMPARE(SharedBytes::copyOf({}).size(), std::size_t(0));
    }

    void timesAreWrittenInUtcWithMilliseconds_data()
    {
        QTest::addColumn<qint64>("walltimeMs");
        QTest::addColumn<QString>("text");
        QTest::newRow("epoch") << qint64(0) << "1970-01-01T00:00:00.000Z";
        QTest::newRow("a time of the catalog") << qint64(1'724'176'033'001) << "2024-08-20T17:47:13.001Z";
        QTest::newRow("leap day") << qint64(1'709'208'000'999) << "2024-02-29T12:00:00.999Z";
        QTest::newRow("before the epoch") << qint64(-1) << "1969-12-31T23:59:59.999Z";
        QTest::newRow("a whole second before") << qint64(-1000) << "1969-12-31T23:59:59.000Z";
        QTest::newRow("year 10000") << qint64(253'402'300'800'000) << "10000-01-01T00:00:00.000Z";
    }
    void timesAreWrittenInUtcWithMilliseconds()
    {
        QFETCH(qint64, walltimeMs);
        QFETCH(QString, text);
        QCOMPARE(QString::fromStdString(rfc3339(walltimeMs)), text);
    }

    void anyNumberIsATimeThatCanBeWritten()
    {
        for (const auto number : {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()})
            QVERIFY(!rfc3339(number).empty());
    }

    void theSystemClockIsTheWallClock()
    {
        const auto now = [] {
            return std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                .count();
        };
        const auto before = now();
        const auto read = SystemClock().walltimeMs();
        QVERIFY(before <= read);
        QVERIFY(read <= now());
    }
};

QTEST_APPLESS_MAIN(TestValues)
#include "tst_values.moc"
