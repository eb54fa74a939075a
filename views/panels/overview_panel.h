#pragma once

#include <QWidget>

class QLabel;
class QStackedLayout;
class QTimer;
class QToolButton;
class QTreeView;

namespace inspector::views {

class BusyBar;
class DetailModel;
class EmptyState;
class ProblemBar;
class Session;

/// Who this catalog is and how it stands at the newest state that was read.
class OverviewPanel : public QWidget
{
    Q_OBJECT
public:
    explicit OverviewPanel(Session& session, QWidget* parent = nullptr);

signals:
    void warningsRequested();

private:
    void display();
    void showFreshness();

    Session& m_session;
    DetailModel* m_model;
    QLabel* m_title;
    QLabel* m_subtitle;
    QLabel* m_freshness;
    QToolButton* m_warnings;
    ProblemBar* m_problem;
    QTreeView* m_view;
    EmptyState* m_empty;
    BusyBar* m_busy;
    QTimer* m_clock;
    QStackedLayout* m_stack = nullptr;
};

} // namespace inspector::views
