#pragma once

#include "core/inspect/inspector.h"
#include "views/models/list_table_model.h"

#include <QWidget>

class QLabel;
class QLineEdit;
class QStackedLayout;

namespace inspector::views {

class BusyBar;
class EmptyState;
class JobSlot;
class MomentLabel;
class ProblemBar;
class RowView;
class Session;

/// Every fence token that is still visible, who superseded it, and what another token would do. Read when the panel is
/// first seen.
class FencePanel : public QWidget
{
    Q_OBJECT
public:
    explicit FencePanel(Session& session, QWidget* parent = nullptr);

    [[nodiscard]] bool isBusy() const;

    /// True while the panel is in front: a dock behind another one's tab counts as visible to Qt.
    void setSeen(bool seen);

private:
    void buildLayout();
    void invalidate();
    void readIfSeen();
    void judge();

    Session& m_session;
    JobSlot* m_load;
    ListTableModel<inspect::FenceRecord>* m_model;
    MomentLabel* m_moment;
    ProblemBar* m_problem;
    RowView* m_view;
    QLineEdit* m_generation;
    QLineEdit* m_epoch;
    QLabel* m_verdict;
    EmptyState* m_empty;
    BusyBar* m_busy;
    QStackedLayout* m_stack = nullptr;
    bool m_isStale = true;
    bool m_isSeen = false;
};

} // namespace inspector::views
