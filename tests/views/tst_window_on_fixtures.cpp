#include "app/gui/main_window.h"
#include "core/inspect/inspector.h"
#include "tests/support/fixture.h"
#include "views/panels/collections_panel.h"
#include "views/panels/detail_panel.h"
#include "views/panels/entries_panel.h"
#include "views/panels/table_pane.h"
#include "views/support/prompt.h"
#include "views/support/session.h"
#include "views/support/settings.h"
#include "views/widgets/row_view.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QtTest>

#include <map>

using namespace inspector;
using namespace inspector::views;

namespace {

/// Rows of each collection as the reference counts them, by the reference's names.
std::map<QString, int> expectedRows(const std::string& shard)
{
    std::map<QString, int> rows;
    const auto path = test::expectedFile(shard, "trace-consolidated.jsonl");
    const auto text = path ? test::contentOf(*path) : Result<std::string>(tl::unexpected<Error>(path.error()));
    if (!text)
        return rows;
    for (const auto& line : QByteArray::fromStdString(*text).split('\n')) {
        if (!line.isEmpty())
            ++rows[QJsonDocument::fromJson(line).object().value(QStringLiteral("collection")).toString()];
    }
    return rows;
}

} // namespace

/// The window over catalogs that the real system wrote.
class TestWindowOnFixtures : public QObject
{
    Q_OBJECT

private slots:
    void showsWhatTheReferenceCounts_data()
    {
        QTest::addColumn<QString>("shard");
        for (const auto& shard : test::smallShards())
            QTest::newRow(shard.c_str()) << QString::fromStdString(shard);
    }

    void showsWhatTheReferenceCounts()
    {
        QFETCH(QString, shard);
        const auto expected = expectedRows(shard.toStdString());
        QVERIFY(!expected.empty());
        const auto file = test::shardFile(shard.toStdString());
        QVERIFY(file.has_value());
        const auto before = test::stateOf(*file);

        const QTemporaryDir scratch;
        Settings settings(scratch.filePath(QStringLiteral("settings.ini")));
        DesktopPrompt prompt;
        JobRunner reading(1);
        JobRunner computing(2);
        Session session(&inspect::open, reading, computing);
        gui::MainWindow window({session, settings, prompt, {}});
        window.resize(1300, 850);
        window.show();
        window.openFile(QString::fromStdString(*file));
        const auto settle = [&] {
            QTRY_VERIFY_WITH_TIMEOUT(session.snapshot() && session.timeline() && window.isIdle(), 20'000);
            QTest::qWait(1);
            QTRY_VERIFY(window.isIdle());
        };
        settle();

        auto& pane = window.findChild<EntriesPanel*>()->pane();
        for (const auto& summary : session.snapshot()->collections()) {
            const QString name = QString::fromStdString(summary.name);
            window.chooseCollection(name);
            settle();
            QCOMPARE(pane.model().rowCount(), static_cast<int>(summary.rows));
            const auto counted = expected.find(name);
            if (counted != expected.end())
                QCOMPARE(pane.model().rowCount(), counted->second);
            for (int row = 0; row < std::min(3, pane.model().rowCount()); ++row) {
                pane.view().selectRow(row);
                settle();
                const auto& detail = window.findChild<DetailPanel*>()->detail();
                QVERIFY(detail.has_value());
                QVERIFY(!detail->prettyJson.empty() || !detail->problem.empty());
            }
        }

        // Every panel reads and draws.
        for (const auto* panel : {"overview", "trace", "time-travel", "fence", "activity", "detail", "collections"}) {
            QVERIFY(window.showPanel(QString::fromLatin1(panel)));
            settle();
            QVERIFY(!window.grab().isNull());
        }
        // To the earliest moment and back.
        session.travel(inspect::Moment::asOf(*session.overview().since));
        settle();
        QCOMPARE(session.moment(), inspect::Moment::asOf(*session.overview().since));
        session.travel(inspect::Moment::latest());
        settle();
        session.close();
        QVERIFY(test::stateOf(*file) == before);
    }
};

QTEST_MAIN(TestWindowOnFixtures)
#include "tst_window_on_fixtures.moc"
