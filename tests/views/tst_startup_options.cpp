#include "app/gui/startup_options.h"

#include <QtTest>

using namespace inspector;
using namespace inspector::gui;

namespace {

Result<StartupOptions> parse(const char* line)
{
    QStringList arguments {QStringLiteral("catalog-inspector")};
    arguments << QString::fromLatin1(line).split(QLatin1Char(' '), Qt::SkipEmptyParts);
    return parseStartupOptions(arguments, QStringLiteral("postgres://from-environment"),
                               QStringLiteral("file:///blobs"));
}

} // namespace

class TestStartupOptions : public QObject
{
    Q_OBJECT

private slots:
    void nothingOpensNothing()
    {
        const auto options = parse("");
        QVERIFY(options.has_value());
        QVERIFY(options->file.isEmpty());
        QVERIFY(!options->demo);
        QVERIFY(!options->urls); // the environment alone opens nothing
        QCOMPARE(options->moment, inspect::Moment::latest());
    }

    void fileMomentAndLook()
    {
        const auto options =
            parse("a.mzcat --as-of 41 --collection item --theme dark --size 800x600 --screenshot x.png");
        QVERIFY(options.has_value());
        QCOMPARE(options->file, QStringLiteral("a.mzcat"));
        QCOMPARE(options->moment, inspect::Moment::asOf(Timestamp(41)));
        QCOMPARE(options->collection, QStringLiteral("item"));
        QCOMPARE(*options->theme, views::Theme::Dark);
        QCOMPARE(options->size, QSize(800, 600));
        QCOMPARE(options->screenshot, QStringLiteral("x.png"));
    }

    void urlsAreFilledInFromTheEnvironment()
    {
        const auto options = parse("--blob file:///other --shard scc3717e5-3bea-1e28-2e8b-ec76cd7bfc6d");
        QVERIFY(options.has_value());
        QCOMPARE(options->urls->location.consensusUrl, std::string("postgres://from-environment"));
        QCOMPARE(options->urls->location.blobUrl, std::string("file:///other"));
        QCOMPARE(options->urls->shard.by, inspect::ShardChoice::By::ShardId);
    }

    void wrongCallsNameTheOption_data()
    {
        QTest::addColumn<QString>("line");
        QTest::addColumn<QString>("named");
        QTest::newRow("no number") << QStringLiteral("a.mzcat --as-of soon") << QStringLiteral("--as-of");
        QTest::newRow("two moments") << QStringLiteral("a.mzcat --as-of 1 --seqno 2") << QStringLiteral("--seqno");
        QTest::newRow("two places") << QStringLiteral("a.mzcat --demo") << QStringLiteral("--demo");
        QTest::newRow("two files") << QStringLiteral("a.mzcat b.mzcat") << QStringLiteral("only one catalog");
        QTest::newRow("two shards") << QStringLiteral("--shard s1 --organization-id 2") << QStringLiteral("--shard");
        QTest::newRow("no theme") << QStringLiteral("--theme pink") << QStringLiteral("--theme");
        QTest::newRow("no size") << QStringLiteral("--size big") << QStringLiteral("--size");
        QTest::newRow("unknown") << QStringLiteral("--frobnicate") << QStringLiteral("frobnicate");
    }

    void wrongCallsNameTheOption()
    {
        QFETCH(QString, line);
        QFETCH(QString, named);
        const auto options = parse(qPrintable(line));
        QVERIFY(!options.has_value());
        QCOMPARE(options.error().code, ErrorCode::InvalidInput);
        QVERIFY2(QString::fromStdString(options.error().message).contains(named), options.error().message.c_str());
    }

    void helpAndVersionComeFirst()
    {
        QCOMPARE(parse("--help")->action, StartupOptions::Action::Help);
        QCOMPARE(parse("--version")->action, StartupOptions::Action::Version);
        QVERIFY(startupHelp().contains(QStringLiteral("--screenshot-panel")));
    }
};

QTEST_GUILESS_MAIN(TestStartupOptions)
#include "tst_startup_options.moc"
