#pragma once

#include "views/models/row_question.h"
#include "views/support/job_runner.h"

#include <QWidget>

#include <functional>
#include <memory>
#include <optional>

class QHBoxLayout;
class QLabel;
class QStackedLayout;
class QTimer;

namespace inspector::views {

class BusyBar;
class EmptyState;
class FilterEdit;
class ProblemBar;
class RowView;
class Settings;

/// A table with a filter line: loads rows on a worker, filters and sorts them on another, and keeps selection and
/// scrolling by the identity of rows. The part that Entries and Trace have in common. The last good rows stay while a
/// question runs and when it fails.
class TablePane : public QWidget
{
    Q_OBJECT
public:
    using Loader = std::function<Result<inspect::TablePtr>(const Job&)>;

    /// `loading` runs loaders, `computing` filters and sorts.
    TablePane(JobRunner& loading, JobRunner& computing, Settings& settings, QWidget* parent = nullptr);
    ~TablePane() override;

    /// Asks for rows. `kind` names their columns ("item", "trace"): while it stays the same, filter, sorting, widths
    /// and selection do too.
    void load(const QString& title, const QString& kind, Loader loader);
    /// Shows nothing, and why.
    void clear(const QString& icon, const QString& title, const QString& explanation);
    /// What is said when a table has no rows at all.
    void setNoRows(const QString& title, const QString& explanation);
    /// Stands on the first row whenever other rows than before are loaded, so that there is something to see.
    void setChoosesFirstRow(bool chooses) { m_choosesFirstRow = chooses; }
    /// Columns that come first until the person moves them.
    void setFirstColumns(const QStringList& names) { m_firstColumns = names; }
    /// Shows the progress of a slot that this pane does not own, too; its answer is expected to bring other rows.
    void watch(JobSlot* slot);
    /// Adds a widget to the right of the filter.
    void addTool(QWidget* tool);

    [[nodiscard]] const EntryTableModel& model() const { return *m_model; }
    [[nodiscard]] const inspect::TablePtr& table() const { return m_model->table(); }
    [[nodiscard]] std::optional<std::uint32_t> currentRow() const;
    [[nodiscard]] RowView& view() const { return *m_view; }
    [[nodiscard]] FilterEdit& filterEdit() const { return *m_filter; }
    [[nodiscard]] ProblemBar& problemBar() const { return *m_problem; }
    [[nodiscard]] bool isBusy() const { return m_load->isBusy() || m_rows->isBusy(); }

    void focusFilter();
    void focusRows();
    void sortBy(std::optional<RowSort> sort);
    void stop();

signals:
    void currentRowChanged(); ///< another row, the same row of another table, or none
    void rowActivated();
    void rowsShown(); ///< after every answer
    void busyChanged();
    void loadFailed(const inspector::Error& error);

private:
    struct Place
    {
        std::optional<std::uint32_t> current;
        std::optional<std::uint32_t> top; ///< table row at the top of the screen
        int currentOffset = 0;            ///< pixels below the top of the screen
        int topOffset = 0;
        bool currentOnScreen = false;
        std::vector<std::uint32_t> selected;
    };

    void buildLayout();
    void judgeFilter();
    void askRows(bool narrowing);
    void display(inspect::TablePtr table, RowAnswer answer, const std::string& filter, const Place& before, bool isNew);
    void restore(const Place& place);
    [[nodiscard]] Place place() const;
    [[nodiscard]] static std::vector<std::uint32_t> anchorRows(const Place& place);
    void showCount();
    void seek(const RowAnchor& anchor, const Place& place);
    void prepareFilter();
    void clickHeader(int column);
    void showSort();
    void fail(const Error& error, bool whileLoading);

    Settings& m_settings;
    JobRunner& m_computing;
    JobSlot* m_load;
    JobSlot* m_rows;
    JobSlot* m_prepare;
    JobSlot* m_seek; ///< looks for the current row in all of a large table
    EntryTableModel* m_model;
    FilterEdit* m_filter;
    QLabel* m_count;
    QHBoxLayout* m_tools;
    ProblemBar* m_problem;
    BusyBar* m_busy;
    QTimer* m_calm; ///< until the filter is made ready
    RowView* m_view;
    EmptyState* m_empty;
    QStackedLayout* m_stack = nullptr;
    QString m_kind;
    QString m_noRowsTitle;
    QString m_noRowsExplanation;
    std::weak_ptr<const inspect::Table> m_prepared;
    RowIndex m_ordered;
    std::optional<RowSort> m_sort;
    std::string m_appliedFilter;
    QStringList m_firstColumns;
    bool m_choosesFirstRow = false;
    bool m_restoring = false;
    bool m_seeking = false; ///< whether the current row is lost is not known yet
};

} // namespace inspector::views
