#pragma once

#include <QWidget>

class QLabel;
class QProgressBar;
class QTimer;
class QToolButton;

namespace inspector::views {

class JobSlot;

/// Shows the questions of its slots that take longer than 200 ms: what is asked, how far it is, and Stop. Quick
/// answers do not flicker.
class BusyBar : public QWidget
{
    Q_OBJECT
public:
    explicit BusyBar(QWidget* parent = nullptr);

    /// Watches one more slot; the one that started last is shown.
    void watch(JobSlot* slot);

    static constexpr int kPatienceMs = 200;

private:
    void begin(JobSlot* slot, const QString& title);
    void progress(JobSlot* slot, quint64 done, quint64 total);
    void end(JobSlot* slot);

    QList<JobSlot*> m_busy; ///< oldest first
    QLabel* m_title;
    QProgressBar* m_bar;
    QToolButton* m_stop;
    QTimer* m_patience;
};

} // namespace inspector::views
