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

protected:
    void showEvent(QShowEvent* event) override;
    void hideEvent(QHideEvent* event) override;

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
    store::ActivityLog::Totals m_totals;
};

} // namespace inspector::views
