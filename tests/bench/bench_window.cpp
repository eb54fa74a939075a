#include "app/gui/main_window.h"
#include "core/inspect/inspector.h"
#include "core/inspect/thread_crew.h"
#include "tests/support/fixture.h"
#include "views/panels/entries_panel.h"
#include "views/panels/table_pane.h"
#include "views/support/job_runner.h"
#include "views/support/prompt.h"
#include "views/support/settings.h"
#include "views/support/theme.h"
#include "views/widgets/filter_edit.h"
#include "views/widgets/row_view.h"

#include <QApplication>
#include <QElapsedTimer>
#include <QEventLoop>
#include <QFile>
#include <QScrollBar>
#include <QTemporaryDir>
#include <QTest>
#include <QTimer>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

// Measures how the window answers on the large fixtures, offscreen: from a person's act until the rows are painted, and
// how long the event loop was ever away. Needs an optimised build:
//   cmake --preset release && cmake --build --preset release --target bench_window &&
//   QT_QPA_PLATFORM=offscreen build/release/tests/bench/bench_window [FILE]

using namespace inspector;

namespace {

using Clock = std::chrono::steady_clock;

double millisecondsSince(Clock::time_point begun)
{
    return std::chrono::duration<double, std::milli>(Clock::now() - begun).count();
}

struct Figures
{
    std::vector<double> all;

    void add(double value) { all.push_back(value); }
    [[nodiscard]] double at(double share)
    {
        if (all.empty())
            return 0;
        std::sort(all.begin(), all.end());
        return all[std::min(all.size() - 1, static_cast<std::size_t>(share * static_cast<double>(all.size())))];
    }
};

void report(const char* what, Figures& figures, double claimed)
{
    const double worst = figures.at(1.0);
    std::printf("%-44s n %4zu   p50 %8.1f ms   p99 %8.1f ms   max %8.1f ms   claimed %5.0f ms   %s\n", what,
                figures.all.size(), figures.at(0.5), figures.at(0.99), worst, claimed,
                worst <= claimed ? "kept" : "MISSED");
}

/// How late a timer of one millisecond is: what a person feels as a freeze. Counts only while a loop runs.
class Heartbeat : public QObject
{
public:
    Heartbeat()
    {
        m_timer.setTimerType(Qt::PreciseTimer);
        connect(&m_timer, &QTimer::timeout, this, [this] {
            const auto now = Clock::now();
            if (m_last != Clock::time_point())
                m_late.add(std::chrono::duration<double, std::milli>(now - m_last).count() - 1);
            m_last = now;
        });
        m_timer.start(1);
    }

    /// What a person's act does before it returns to the loop counts as well.
    void add(double milliseconds) { m_late.add(milliseconds); }
    void pause() { m_last = {}; }
    /// The figures since the last call.
    [[nodiscard]] Figures take() { return std::exchange(m_late, {}); }

private:
    QTimer m_timer;
    Clock::time_point m_last;
    Figures m_late;
};

Heartbeat* heartbeat = nullptr;

/// Names the events that took longer than a frame, so that a freeze has an address.
class MeasuredApplication : public QApplication
{
public:
    using QApplication::QApplication;

    bool notify(QObject* receiver, QEvent* event) override
    {
        const auto type = event->type();
        const std::string who = receiver->metaObject()->className();
        const auto begun = Clock::now();
        const bool done = QApplication::notify(receiver, event);
        const double took = millisecondsSince(begun);
        if (took > 16)
            std::printf("    %.1f ms in event %d of %s\n", took, static_cast<int>(type), who.c_str());
        return done;
    }
};

/// Runs the event loop until `done`; false after half a minute.
bool waitFor(const std::function<bool()>& done)
{
    QEventLoop loop;
    QTimer look;
    QElapsedTimer clock;
    clock.start();
    bool happened = false;
    QObject::connect(&look, &QTimer::timeout, &loop, [&] {
        happened = done();
        if (happened || clock.elapsed() > 30'000)
            loop.quit();
    });
    look.start(1);
    if (heartbeat != nullptr)
        heartbeat->pause();
    loop.exec();
    return happened;
}

/// Acts, and measures until the entries panel showed rows afterwards and they were painted.
double untilRows(views::EntriesPanel& entries, const std::function<void()>& act)
{
    bool shown = false;
    const auto connection =
        QObject::connect(&entries, &views::EntriesPanel::entriesShown, &entries, [&] { shown = true; });
    const auto begun = Clock::now();
    act();
    heartbeat->add(millisecondsSince(begun));
    // A filter that does not parse yet is answered beside the field.
    const auto answered = [&] {
        return (shown && entries.pane().table())
            || (!entries.pane().isBusy() && !entries.pane().filterEdit().problem().isEmpty());
    };
    if (!waitFor(answered))
        std::puts("no rows within 30 s");
    entries.pane().view().viewport()->repaint();
    QObject::disconnect(connection);
    return millisecondsSince(begun);
}

/// Page by page and in jumps through all rows, painting each time.
Figures scrollThrough(views::RowView& view)
{
    Figures painted;
    auto* bar = view.verticalScrollBar();
    constexpr int kSteps = 60;
    for (int step = 0; step <= kSteps; ++step) {
        const auto begun = Clock::now();
        bar->setValue(static_cast<int>(static_cast<qint64>(bar->maximum()) * step / kSteps));
        view.viewport()->repaint();
        painted.add(millisecondsSince(begun));
    }
    return painted;
}

void measure(const QString& file, const char* name)
{
    const QTemporaryDir scratch;
    views::Settings settings(scratch.filePath(QStringLiteral("settings.ini")));
    views::DesktopPrompt prompt;
    views::JobRunner reading(1);
    views::JobRunner computing(2);
    const auto openWithBothCores =
        [crew = std::make_shared<inspect::ThreadCrew>(2U)](const inspect::OpenOptions& options, const Job& job) {
            return inspect::openWithCrew(options, crew, job);
        };
    views::Session session(openWithBothCores, reading, computing);
    gui::MainWindow window({session, settings, prompt, {}});
    window.resize(1440, 900);
    window.show();
    window.chooseCollection(QStringLiteral("audit_log"));
    waitFor([&] { return window.isIdle(); });
    auto& entries = *window.findChild<views::EntriesPanel*>();
    Heartbeat beating;
    heartbeat = &beating;
    Figures blocks;
    const auto collect = [&](const char* what) {
        Figures busy = heartbeat->take();
        report(what, busy, 16);
        blocks.all.insert(blocks.all.end(), busy.all.begin(), busy.all.end());
    };
    std::printf("-- %s\n", name);

    Figures opening;
    Figures untilOpen;
    Figures untilSnapshot;
    Clock::time_point asked;
    QObject::connect(&session, &views::Session::opened, &window, [&] { untilOpen.add(millisecondsSince(asked)); });
    QObject::connect(&session, &views::Session::snapshotChanged, &window,
                     [&] { untilSnapshot.add(millisecondsSince(asked)); });
    constexpr int kOpenings = 5;
    for (int i = 0; i < kOpenings; ++i) {
        asked = Clock::now();
        opening.add(untilRows(entries, [&] { window.openFile(file); }));
        waitFor([&] { return window.isIdle(); });
        if (i + 1 < kOpenings)
            session.close();
        QTest::qWait(300); // what was closed is taken down
    }
    std::printf("%zu rows of the audit log\n", entries.pane().table() ? entries.pane().table()->size() : 0);
    report("  of which the state", untilOpen, 300);
    report("  of which the snapshot", untilSnapshot, 300);
    report("first rows of the audit log", opening, 300);
    collect("  longest turn of the event loop");

    Figures first;
    first.add(untilRows(entries, [&] { entries.pane().filterEdit().setText(QStringLiteral("u")); }));
    untilRows(entries, [&] { entries.pane().filterEdit().clear(); });
    report("the first keystroke, just opened", first, 300);
    QTest::qWait(1000);
    Figures keys;
    for (const char* word : {"user1@example", "\"create\" view", "id:123", "drop -index"}) {
        const QString text = QString::fromLatin1(word);
        for (int length = 1; length <= text.size(); ++length)
            keys.add(untilRows(entries, [&] { entries.pane().filterEdit().setText(text.left(length)); }));
        for (qsizetype length = text.size() - 1; length >= 0; --length)
            keys.add(untilRows(entries, [&] { entries.pane().filterEdit().setText(text.left(length)); }));
    }
    report("a filter keystroke", keys, 30);
    collect("  longest turn of the event loop");

    Figures sorts;
    for (std::size_t column = 0; column < entries.pane().table()->columns().size(); ++column) {
        for (const auto order : {inspect::SortOrder::Ascending, inspect::SortOrder::Descending})
            sorts.add(untilRows(entries, [&] { entries.pane().sortBy(views::RowSort {column, order}); }));
    }
    report("a click on a header", sorts, 1000);
    untilRows(entries, [&] { entries.pane().sortBy(std::nullopt); });
    collect("  longest turn of the event loop");

    Figures scrolls = scrollThrough(entries.pane().view());
    report("a jump of the scroll bar, painted", scrolls, 16);
    (void)heartbeat->take();

    waitFor([&] { return session.timeline() != nullptr; });
    Figures jumps;
    untilSnapshot = {};
    constexpr std::size_t kMostJumps = 24;
    const auto times = session.timeline()->times;
    const auto since = session.overview().since.value_or(Timestamp(0));
    entries.pane().view().selectRow(1000);
    for (std::size_t i = 0; i < times.size() && jumps.all.size() < kMostJumps; ++i) {
        const auto& point = times[i * 7 % times.size()];
        if (point.time < since)
            continue;
        asked = Clock::now();
        jumps.add(untilRows(entries, [&] { session.travel(inspect::Moment::asOf(point.time)); }));
        waitFor([&] { return window.isIdle(); });
        QTest::qWait(100);
    }
    jumps.add(untilRows(entries, [&] { session.travel(inspect::Moment::latest()); }));
    waitFor([&] { return window.isIdle(); });
    report("  of which the snapshot", untilSnapshot, 300);
    report("a jump in time", jumps, 300);
    collect("  longest turn of the event loop");

    Figures collections;
    for (const char* collection : {"item", "audit_log", "role", "audit_log", "item"})
        collections.add(untilRows(entries, [&] { window.chooseCollection(QString::fromLatin1(collection)); }));
    waitFor([&] { return window.isIdle(); });
    report("another collection", collections, 100);
    collect("  longest turn of the event loop");

    session.close();
    waitFor([&] { return window.isIdle(); });
    collect("  closing: longest turn of the event loop");
    report("every turn of the event loop", blocks, 16);
    heartbeat = nullptr;
}

} // namespace

int main(int argc, char** argv)
{
    MeasuredApplication application(argc, argv);
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    views::applyTheme(application, views::Theme::Light);
    const QStringList arguments = QApplication::arguments();
    if (arguments.size() > 1) {
        for (const auto& file : arguments.mid(1))
            measure(file, qPrintable(file));
        return 0;
    }
    for (const char* shard : {"new-large", "old-large"}) {
        const auto file = test::shardFile(shard);
        if (!file) {
            std::fprintf(stderr, "%s\n", file.error().describe().c_str());
            return 1;
        }
        measure(QString::fromStdString(*file), shard);
    }
    return 0;
}
