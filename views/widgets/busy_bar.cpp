#include "views/widgets/busy_bar.h"

#include "views/support/job_runner.h"
#include "views/support/theme.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>
#include <QTimer>
#include <QToolButton>

namespace inspector::views {

BusyBar::BusyBar(QWidget* parent)
    : QWidget(parent)
    , m_title(new QLabel(this))
    , m_bar(new QProgressBar(this))
    , m_stop(new QToolButton(this))
    , m_patience(new QTimer(this))
{
    setObjectName(QStringLiteral("busyBar"));
    m_title->setObjectName(QStringLiteral("busyTitle"));
    m_title->setTextFormat(Qt::PlainText);
    m_bar->setTextVisible(false);
    m_bar->setFixedHeight(8);
    m_bar->setMaximumWidth(220);
    m_bar->setAccessibleName(tr("Progress"));
    m_stop->setObjectName(QStringLiteral("stopButton"));
    m_stop->setText(tr("Stop"));
    m_stop->setIcon(themedIcon("stop"));
    m_stop->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_stop->setAutoRaise(true);
    m_stop->setToolTip(tr("Stop reading; what is shown stays"));

    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(8, 2, 4, 2);
    layout->addWidget(m_title, 1);
    layout->addWidget(m_bar, 1);
    layout->addWidget(m_stop);

    m_patience->setSingleShot(true);
    m_patience->setInterval(kPatienceMs);
    connect(m_patience, &QTimer::timeout, this, [this] { setVisible(!m_busy.isEmpty()); });
    connect(m_stop, &QToolButton::clicked, this, [this] {
        if (!m_busy.isEmpty())
            m_busy.last()->cancel();
    });
    hide();
}

void BusyBar::watch(JobSlot* slot)
{
    connect(slot, &JobSlot::started, this, [this, slot](const QString& title) { begin(slot, title); });
    connect(slot, &JobSlot::progressed, this,
            [this, slot](quint64 done, quint64 total) { progress(slot, done, total); });
    connect(slot, &JobSlot::finished, this, [this, slot] { end(slot); });
    connect(slot, &QObject::destroyed, this, [this, slot] { end(slot); });
}

void BusyBar::begin(JobSlot* slot, const QString& title)
{
    m_busy.removeAll(slot);
    m_busy.append(slot);
    m_title->setText(title + QChar(0x2026));
    m_bar->setRange(0, 0);
    if (!isVisible() && !m_patience->isActive())
        m_patience->start();
}

void BusyBar::progress(JobSlot* slot, quint64 done, quint64 total)
{
    if (m_busy.isEmpty() || m_busy.last() != slot)
        return;
    constexpr int kSteps = 1000;
    m_bar->setRange(0, total == 0 ? 0 : kSteps);
    if (total != 0)
        m_bar->setValue(static_cast<int>(static_cast<double>(done) / static_cast<double>(total) * kSteps));
}

void BusyBar::end(JobSlot* slot)
{
    m_busy.removeAll(slot);
    if (m_busy.isEmpty()) {
        m_patience->stop();
        hide();
    } else {
        m_title->setText(m_busy.last()->title() + QChar(0x2026));
        m_bar->setRange(0, 0);
    }
}

} // namespace inspector::views
