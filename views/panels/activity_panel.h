#pragma once

#include "core/inspect/inspector.h"
#include "views/models/list_table_model.h"

#include <QWidget>

class QLabel;
class QTimer;
class QToolButton;

namespace inspector::views {

class EmptyState;
class JobSlot;
class RowView;
class Session;

/// Everything that was sent to the stores, and the receipt that says so.
class ActivityPanel : public QWidget
{
    Q_OBJECT
public:
    explicit ActivityPanel(Session& session, QWidget* parent = nullptr);

    /// The non-interference receipt as text: what was read, from where, and the head before and after.
    [[nodiscard]] QString receipt() const;

    /// True while the panel is in front: a dock behind another one's tab counts as visible to Qt.
    void setSeen(bool seen);

private:
    void buildLayout();
    void restart();
    void poll();
    void showTotals();

    Session& m_session;
    JobSlot* m_load;
    ListTableModel<store::Activity>* m_model;
    QLabel* m_summary;
    QToolButton* m_again;
    QToolButton* m_copy;
    RowView* m_view;
    EmptyState* m_empty;
    QTimer* m_timer;
    std::uint64_t m_last = 0;
    bool m_isSeen = false;
    store::ActivityLog::Totals m_totals;
};

} // namespace inspector::views
