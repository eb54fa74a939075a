#include "core/inspect/text.h"

#include <QtTest>

using namespace inspector;
using namespace inspector::inspect;

class TestText : public QObject
{
    Q_OBJECT

private slots:
    void timesFromTenToTheTwelfthHaveADate()
    {
        QCOMPARE(timeText(Timestamp(41)), std::string("41"));
        QCOMPARE(timeText(Timestamp(999'999'999'999)), std::string("999999999999"));
        QCOMPARE(timeText(Timestamp(1'731'500'000'000)), std::string("1731500000000 (2024-11-13T12:13:20.000Z)"));
        QCOMPARE(timeText(Timestamp(UINT64_MAX)), std::string("18446744073709551615"));
    }

    void aWallClockIsADateOrUnknown()
    {
        QCOMPARE(walltimeText(0), std::string("unknown"));
        QCOMPARE(walltimeText(1'795'408'650'459), std::string("2026-11-23T04:37:30.459Z"));
    }

    void namesBecomeHeadings()
    {
        QCOMPARE(titleOf("config.replica_size"), std::string("Config replica size"));
        QCOMPARE(titleOf(""), std::string());
    }
};

QTEST_GUILESS_MAIN(TestText)
#include "tst_text.moc"
