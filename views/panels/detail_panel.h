#pragma once

#include "core/inspect/inspector.h"

#include <QWidget>

#include <optional>

class QLabel;
class QStackedLayout;
class QTabWidget;
class QToolButton;
class QTreeView;

namespace inspector::views {

class BusyBar;
class DetailModel;
class EmptyState;
class JobRunner;
class JobSlot;
class JsonView;
class MomentLabel;

/// One entry: its decoded fields, its JSON, its stored bytes and where they lie. Secrets are masked until revealed,
/// for this entry only; the stored bytes are shown on request, because nothing in them is masked.
class DetailPanel : public QWidget
{
    Q_OBJECT
public:
    explicit DetailPanel(JobRunner& computing, QWidget* parent = nullptr);
    ~DetailPanel() override;

    /// An entry of a snapshot carries the time that was read, which says nothing about when it was written; an update
    /// of a trace carries its own.
    enum class Of { Snapshot, Trace };

    /// Shows a row of `table`; `moment` says which moment the table is of.
    void show(Of of, const inspect::TablePtr& table, std::uint32_t row, const QString& moment, bool isLatest);
    /// Shows nothing, and why.
    void clear(const QString& title, const QString& explanation);
    using QWidget::show;

    void setRevealed(bool revealed);
    [[nodiscard]] bool isBusy() const;
    [[nodiscard]] bool isRevealed() const { return m_revealed; }
    [[nodiscard]] bool hasSecret() const { return m_detail && m_detail->hasSecret; }
    /// What is on screen; nothing while nothing is.
    [[nodiscard]] const std::optional<inspect::EntryDetail>& detail() const { return m_detail; }

signals:
    void detailChanged();

private:
    void buildLayout();
    void ask();
    void display(inspect::EntryDetail detail);
    void showBytes();

    JobSlot* m_load;
    DetailModel* m_model;
    QLabel* m_title;
    QLabel* m_facts;
    QLabel* m_problem;
    MomentLabel* m_moment;
    QToolButton* m_reveal;
    QToolButton* m_copy;
    QTabWidget* m_tabs;
    QTreeView* m_tree;
    JsonView* m_json;
    JsonView* m_hex;
    QWidget* m_bytesPage;
    EmptyState* m_bytesHidden;
    QToolButton* m_showBytes;
    QLabel* m_origin;
    EmptyState* m_empty;
    BusyBar* m_busy;
    QStackedLayout* m_stack = nullptr;
    QStackedLayout* m_byteStack = nullptr;
    inspect::TablePtr m_table;
    std::uint32_t m_row = 0;
    std::string m_identity;
    QString m_momentText;
    bool m_isLatest = true;
    Of m_of = Of::Snapshot;
    bool m_revealed = false;
    bool m_bytesAsked = false;
    std::optional<inspect::EntryDetail> m_detail;
};

} // namespace inspector::views
