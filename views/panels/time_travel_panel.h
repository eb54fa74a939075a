#pragma once

#include "core/inspect/inspector.h"
#include "views/models/list_table_model.h"

#include <QWidget>

class QComboBox;
class QLabel;
class QLineEdit;
class QStackedLayout;
class QToolButton;

namespace inspector::views {

class BusyBar;
class EmptyState;
class MomentLabel;
class ProblemBar;
class RowView;
class Session;
class TimelineView;

/// Both clocks of the shard, how far each goes back, and the way to another moment.
class TimeTravelPanel : public QWidget
{
    Q_OBJECT
public:
    explicit TimeTravelPanel(Session& session, QWidget* parent = nullptr);

    /// Where a number is typed.
    void focusMoment();

private:
    void buildLayout();
    void buildTables();
    void followSession();
    void displayTimeline();
    void displayMoment();
    void goToTyped();
    void refuse(const QString& why);

    Session& m_session;
    ListTableModel<inspect::SeqnoStep>* m_versions;
    ListTableModel<inspect::TimePoint>* m_times;
    MomentLabel* m_moment;
    QToolButton* m_earlier;
    QToolButton* m_later;
    QToolButton* m_latest;
    QComboBox* m_clock;
    QLineEdit* m_number;
    QToolButton* m_go;
    QLabel* m_refusal;
    TimelineView* m_timeline;
    QLabel* m_horizons;
    RowView* m_versionView;
    RowView* m_timeView;
    ProblemBar* m_problem;
    EmptyState* m_empty;
    BusyBar* m_busy;
    QStackedLayout* m_stack = nullptr;
};

} // namespace inspector::views
