#include "app/gui/screenshot.h"

#include "app/gui/main_window.h"

#include <QApplication>
#include <QPixmap>
#include <QTimer>

#include <cstdio>
#include <utility>

namespace inspector::gui {

namespace {

constexpr int kPauseMs = 40;
constexpr int kMostLooks = 60'000 / kPauseMs;
constexpr int kCalmLooks = 6; // in a row: one answer may ask the next question

} // namespace

Screenshot::Screenshot(MainWindow& window, QString file, QString panel, QObject* parent)
    : QObject(parent)
    , m_window(window)
    , m_file(std::move(file))
    , m_panel(std::move(panel))
    , m_timer(new QTimer(this))
{
    connect(m_timer, &QTimer::timeout, this, &Screenshot::look);
    m_timer->start(kPauseMs);
}

void Screenshot::look()
{
    if (++m_looks > kMostLooks) {
        std::fputs("catalog-inspector: reading took longer than a minute; no screenshot\n", stderr);
        QApplication::exit(1);
        return;
    }
    m_calm = m_window.isIdle() ? m_calm + 1 : 0;
    if (m_calm < kCalmLooks)
        return;
    if (!m_panel.isEmpty()) {
        const QString panel = std::exchange(m_panel, {});
        if (!m_window.showPanel(panel)) {
            std::fprintf(stderr, "catalog-inspector: there is no panel %s to show\n", qPrintable(panel));
            QApplication::exit(1);
            m_timer->stop();
        }
        m_calm = 0; // a panel reads when it is first seen
        return;
    }
    m_timer->stop();
    draw();
}

void Screenshot::draw()
{
    if (m_window.grab().save(m_file, "PNG")) {
        QApplication::exit(0);
        return;
    }
    std::fprintf(stderr, "catalog-inspector: cannot write %s: is the folder there, and is there room?\n",
                 qPrintable(m_file));
    QApplication::exit(1);
}

} // namespace inspector::gui
