#include "views/panels/fence_verdict.h"
#include "views/support/format.h"
#include "views/support/presentation.h"

#include <QtTest>

using namespace inspector;
using namespace inspector::views;

Q_DECLARE_METATYPE(inspector::ErrorCode)
Q_DECLARE_METATYPE(inspector::views::Presentation::Place)
Q_DECLARE_METATYPE(inspector::views::Presentation::Offer)

class TestPresentation : public QObject
{
    Q_OBJECT

    using Place = Presentation::Place;
    using Offer = Presentation::Offer;

private slots:
    void everyCodeHasItsPlaceAndItsOffer_data()
    {
        QTest::addColumn<ErrorCode>("code");
        QTest::addColumn<Place>("place");
        QTest::addColumn<Offer>("offer");
        QTest::newRow("cancelled") << ErrorCode::Cancelled << Place::Nowhere << Offer::Nothing;
        QTest::newRow("invalid input") << ErrorCode::InvalidInput << Place::BesideField << Offer::Nothing;
        QTest::newRow("not found") << ErrorCode::NotFound << Place::Panel << Offer::Reread;
        QTest::newRow("conflict") << ErrorCode::Conflict << Place::Panel << Offer::Reread;
        QTest::newRow("unavailable") << ErrorCode::Unavailable << Place::Panel << Offer::Retry;
        QTest::newRow("out of range") << ErrorCode::OutOfRange << Place::Panel << Offer::NearestTime;
        QTest::newRow("corrupt") << ErrorCode::Corrupt << Place::Panel << Offer::Nothing;
        QTest::newRow("unsupported") << ErrorCode::Unsupported << Place::Panel << Offer::Nothing;
        QTest::newRow("read-only") << ErrorCode::ReadOnly << Place::Banner << Offer::Nothing;
        QTest::newRow("fenced") << ErrorCode::Fenced << Place::Banner << Offer::Nothing;
        QTest::newRow("internal") << ErrorCode::Internal << Place::Banner << Offer::CopyReport;
    }

    void everyCodeHasItsPlaceAndItsOffer()
    {
        QFETCH(ErrorCode, code);
        QFETCH(Place, place);
        QFETCH(Offer, offer);
        QCOMPARE(presentationOf(code), (Presentation {place, offer}));
        QCOMPARE(presentationOf(code, true), (Presentation {Place::Banner, Offer::Reread}));
        QVERIFY(!problemTitle(code).isEmpty());
    }

    void clausesBecomeSentences_data()
    {
        QTest::addColumn<QString>("clause");
        QTest::addColumn<QString>("sentence");
        QTest::newRow("word") << QStringLiteral("part p1 is missing") << QStringLiteral("Part p1 is missing.");
        QTest::newRow("host") << QStringLiteral("db.example:26257 is down")
                              << QStringLiteral("db.example:26257 is down.");
        QTest::newRow("name") << QStringLiteral("as_of 3 is early") << QStringLiteral("as_of 3 is early.");
        QTest::newRow("question") << QStringLiteral("is the folder there?") << QStringLiteral("Is the folder there?");
        QTest::newRow("nothing") << QString() << QStringLiteral("Damaged");
    }

    void clausesBecomeSentences()
    {
        QFETCH(QString, clause);
        QFETCH(QString, sentence);
        QCOMPARE(problemText({ErrorCode::Corrupt, clause.toStdString(), {}, false}), sentence);
    }

    void numbersReadTheSameEverywhere()
    {
        QCOMPARE(formatCount(0), QStringLiteral("0"));
        QCOMPARE(formatCount(999), QStringLiteral("999"));
        QCOMPARE(formatCount(220'000), QStringLiteral("220,000"));
        QCOMPARE(formatCount(18'446'744'073'709'551'615U), QStringLiteral("18,446,744,073,709,551,615"));
        QCOMPARE(formatRows(1), QStringLiteral("1 row"));
        QCOMPARE(formatDiff(1), QStringLiteral("+1"));
        QCOMPARE(formatDiff(-1), QStringLiteral("-1"));
        QCOMPARE(formatDiff(0), QStringLiteral("0"));
    }

    void sizesHaveThreeDigits_data()
    {
        QTest::addColumn<quint64>("bytes");
        QTest::addColumn<QString>("text");
        QTest::newRow("none") << quint64(0) << QStringLiteral("0 B");
        QTest::newRow("bytes") << quint64(1023) << QStringLiteral("1023 B");
        QTest::newRow("one") << quint64(1024) << QStringLiteral("1.00 KiB");
        QTest::newRow("ten") << quint64(10'240) << QStringLiteral("10.0 KiB");
        QTest::newRow("hundred") << quint64(102'400) << QStringLiteral("100 KiB");
        QTest::newRow("almost the next") << quint64(1024 * 1024 - 1) << QStringLiteral("1.00 MiB");
        QTest::newRow("large") << quint64(241'811'456) << QStringLiteral("231 MiB");
    }

    void sizesHaveThreeDigits()
    {
        QFETCH(quint64, bytes);
        QFETCH(QString, text);
        QCOMPARE(formatSize(bytes), text);
    }

    void timesFromTenToTheTwelveAreDates()
    {
        QCOMPARE(formatTime(Timestamp(41)), QStringLiteral("41"));
        QCOMPARE(formatTime(Timestamp(999'999'999'999)), QStringLiteral("999999999999"));
        QCOMPARE(formatTime(Timestamp(1'732'460'274'000)),
                 QStringLiteral("1732460274000 (2024-11-24 14:57:54.000 UTC)"));
        QCOMPARE(formatShortTime(Timestamp(1'732'460'274'000)), QStringLiteral("2024-11-24 14:57:54 UTC"));
        QCOMPARE(formatShortTime(Timestamp(1'732'460'274'007)), QStringLiteral("2024-11-24 14:57:54.007 UTC"));
        QCOMPARE(formatTime(Timestamp(18'446'744'073'709'551'615U)), QStringLiteral("18446744073709551615"));
        QCOMPARE(formatTime(std::optional<Timestamp>()), QStringLiteral("none"));
        QVERIFY(formatUtc(-1).isEmpty());
    }

    void cellsStayShort()
    {
        QCOMPARE(oneLine(QStringLiteral("a\nb\tc")), QStringLiteral("a b c"));
        const QString cut = oneLine(QString(5000, QLatin1Char('x')), 10);
        QCOMPARE(cut.size(), 11);
        QVERIFY(cut.endsWith(QChar(0x2026)));
        const std::string euros = [] {
            std::string text;
            for (int i = 0; i < 100; ++i)
                text += "€";
            return text;
        }();
        QCOMPARE(oneLine(std::string_view(euros), 10).size(), 11);
    }

    void bytesAreDumpedInLinesOfSixteen()
    {
        const std::string text = "{\"kind\":\"Item\"}\n\x01";
        const QString dump = hexDump(bytesOf(text));
        QVERIFY(dump.startsWith(QStringLiteral("00000000  7b 22 6b")));
        QVERIFY(dump.contains(QStringLiteral("|{\"kind\":\"Item\"}.|")));
        QVERIFY(dump.contains(QStringLiteral("00000010  01")));
        QVERIFY(hexDump(bytesOf(text), 4).endsWith(QStringLiteral("… and 13 B more")));
        QVERIFY(hexDump({}).isEmpty());
    }

    void generationDecidesBeforeEpoch()
    {
        using Kind = FenceVerdict::Kind;
        QCOMPARE(fenceVerdict({2, 6}, {2, 6}).kind, Kind::Same);
        QCOMPARE(fenceVerdict({2, 7}, {2, 6}).kind, Kind::Fences);
        QCOMPARE(fenceVerdict({2, 7}, {2, 6}).message,
                 QStringLiteral("current catalog epoch 6 fenced by new catalog epoch 7"));
        QCOMPARE(fenceVerdict({1, 99}, {2, 6}).kind, Kind::IsFenced);
        QCOMPARE(fenceVerdict({1, 99}, {2, 6}).message,
                 QStringLiteral("current catalog deployment generation 1 fenced by new catalog epoch 2"));
        QCOMPARE(fenceVerdict({3, 1}, {2, 6}).kind, Kind::Fences);
    }
};

QTEST_GUILESS_MAIN(TestPresentation)
#include "tst_presentation.moc"
