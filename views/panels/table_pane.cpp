#include "views/panels/table_pane.h"

#include "views/delegates/row_delegate.h"
#include "views/support/format.h"
#include "views/support/settings.h"
#include "views/widgets/busy_bar.h"
#include "views/widgets/empty_state.h"
#include "views/widgets/filter_edit.h"
#include "views/widgets/problem_bar.h"
#include "views/widgets/row_view.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QStackedLayout>
#include <QTimer>
#include <QVBoxLayout>

#include <algorithm>
#include <utility>

namespace inspector::views {

namespace {

constexpr int kCalmMs = 400;           // who steps through time does not filter: the other worker's core is left alone
constexpr std::size_t kReach = 16'384; // rows around its old place where a row is looked for before rows are shown
constexpr std::size_t kMostRestoredRows = 64; // selected rows that are looked up in another table

struct LoadAnswer
{
    inspect::TablePtr table;
    RowAnswer rows;
    std::optional<RowAnchor> current; ///< who the person stands on
};

} // namespace

TablePane::TablePane(JobRunner& loading, JobRunner& computing, Settings& settings, QWidget* parent)
    : QWidget(parent)
    , m_settings(settings)
    , m_computing(computing)
    , m_load(new JobSlot(loading, this))
    , m_rows(new JobSlot(computing, this))
    , m_prepare(new JobSlot(computing, this))
    , m_seek(new JobSlot(computing, this))
    , m_model(new EntryTableModel(this))
    , m_filter(new FilterEdit(this))
    , m_count(new QLabel(this))
    , m_tools(new QHBoxLayout)
    , m_problem(new ProblemBar(this))
    , m_busy(new BusyBar(this))
    , m_calm(new QTimer(this))
    , m_view(new RowView(this))
    , m_empty(new EmptyState(this))
{
    buildLayout();
    for (auto* slot : {m_load, m_rows}) {
        m_busy->watch(slot);
        connect(slot, &JobSlot::started, this, &TablePane::busyChanged);
        connect(slot, &JobSlot::finished, this, &TablePane::busyChanged);
    }
    m_calm->setSingleShot(true);
    m_calm->setInterval(kCalmMs);
    connect(m_calm, &QTimer::timeout, this, &TablePane::prepareFilter);
    connect(m_filter, &FilterEdit::entered, this, &TablePane::prepareFilter);
    connect(m_load, &JobSlot::cancelled, this, [this] {
        if (!table())
            m_empty->say(QStringLiteral("stop"), tr("Stopped"), tr("Nothing was read. Refresh (F5) reads again."));
    });
    connect(m_filter, &QLineEdit::textChanged, this, &TablePane::judgeFilter);
    connect(m_filter, &FilterEdit::leftDownwards, this, &TablePane::focusRows);
    connect(m_view->horizontalHeader(), &QHeaderView::sectionClicked, this, &TablePane::clickHeader);
    connect(m_view, &RowView::activatedRow, this, &TablePane::rowActivated);
    connect(m_view, &RowView::columnLayoutChanged, this, [this] {
        if (!m_kind.isEmpty() && m_model->columnCount() > 0)
            m_settings.setValue(settings::kColumns, m_view->columnLayout(), m_kind);
    });
    connect(m_view->selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this] {
        if (!m_restoring)
            emit currentRowChanged();
    });
}

TablePane::~TablePane()
{
    m_computing.discard(m_model->show(nullptr, nullptr));
}

void TablePane::buildLayout()
{
    m_count->setObjectName(QStringLiteral("rowCountLabel"));
    m_count->setForegroundRole(QPalette::PlaceholderText);
    m_view->setObjectName(QStringLiteral("rowView"));
    m_view->setFrameShape(QFrame::NoFrame);
    m_view->setModel(m_model);
    m_view->setItemDelegate(new RowDelegate(m_view));
    m_view->horizontalHeader()->setSectionsClickable(true);

    m_tools->setContentsMargins(8, 6, 8, 6);
    m_tools->setSpacing(8);
    m_tools->addWidget(m_filter, 1);
    m_tools->addWidget(m_count);

    auto* stackHolder = new QWidget(this);
    m_stack = new QStackedLayout(stackHolder);
    m_stack->addWidget(m_view);
    m_stack->addWidget(m_empty);
    m_stack->setCurrentWidget(m_empty);

    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addLayout(m_tools);
    layout->addWidget(m_problem);
    layout->addWidget(stackHolder, 1);
    layout->addWidget(m_busy);
    setFocusProxy(m_view);
}

void TablePane::watch(JobSlot* slot)
{
    m_busy->watch(slot);
    // Its answer brings other rows: what is made ready for these would be for nothing.
    connect(slot, &JobSlot::started, m_prepare, &JobSlot::cancel);
    connect(slot, &JobSlot::started, m_calm, &QTimer::stop);
}

void TablePane::addTool(QWidget* tool)
{
    m_tools->addWidget(tool);
}

void TablePane::setNoRows(const QString& title, const QString& explanation)
{
    m_noRowsTitle = title;
    m_noRowsExplanation = explanation;
}

void TablePane::clear(const QString& icon, const QString& title, const QString& explanation)
{
    m_load->cancel();
    m_rows->cancel();
    m_prepare->cancel();
    m_seek->cancel();
    m_seeking = false;
    m_calm->stop();
    m_computing.discard(m_model->show(nullptr, nullptr));
    m_kind.clear();
    m_ordered.reset();
    m_sort.reset();
    m_appliedFilter.clear();
    m_problem->clear();
    m_count->clear();
    m_filter->setEnabled(false);
    m_empty->say(icon, title, explanation);
    m_stack->setCurrentWidget(m_empty);
    emit currentRowChanged();
}

std::optional<std::uint32_t> TablePane::currentRow() const
{
    const QModelIndex current = m_view->currentIndex();
    return current.isValid() && table() ? std::optional(m_model->tableRow(current.row())) : std::nullopt;
}

TablePane::Place TablePane::place() const
{
    Place place;
    if (!table() || m_model->rowCount() == 0)
        return place;
    const int top = m_view->topRow();
    if (top >= 0) {
        place.top = m_model->tableRow(top);
        place.topOffset = m_view->offsetOf(top);
    }
    const QModelIndex current = m_view->currentIndex();
    if (current.isValid()) {
        place.current = m_model->tableRow(current.row());
        place.currentOnScreen = m_view->isOnScreen(current.row());
        place.currentOffset = m_view->offsetOf(current.row());
    }
    for (const auto& range : m_view->selectionModel()->selection()) {
        for (int row = range.top(); row <= range.bottom() && place.selected.size() < kMostRestoredRows; ++row)
            place.selected.push_back(m_model->tableRow(row));
    }
    return place;
}

std::vector<std::uint32_t> TablePane::anchorRows(const Place& place)
{
    std::vector<std::uint32_t> rows;
    if (place.current)
        rows.push_back(*place.current);
    if (place.top)
        rows.push_back(*place.top);
    return rows;
}

void TablePane::load(const QString& title, const QString& kind, Loader loader)
{
    m_rows->cancel();
    m_prepare->cancel();
    m_seek->cancel();
    m_seeking = false;
    m_calm->stop();
    const bool sameKind = kind == m_kind && table() != nullptr;
    if (kind != m_kind && !m_filter->text().isEmpty()) {
        const QSignalBlocker quiet(m_filter);
        m_filter->clear();
    }
    RowQuestion question;
    Place before;
    if (sameKind) {
        before = place();
        question.sort = m_sort;
        question.filter = utf8Of(m_filter->text().trimmed());
    }
    // Only the row that the person stands on is looked for elsewhere; many selected rows become one.
    before.selected.clear();
    m_load->ask(
        title,
        [loader = std::move(loader), question, rows = anchorRows(before), hasCurrent = before.current.has_value(),
         old = table()](const Job& job) mutable -> Result<LoadAnswer> {
            LoadAnswer answer;
            INSPECTOR_TRY(answer.table, loader(job));
            for (const auto row : rows)
                question.anchors.push_back({old->identity(row), row});
            old.reset();
            if (hasCurrent)
                answer.current = question.anchors.front();
            question.reach = kReach;
            question.table = answer.table;
            auto found = answerRows(question, job);
            if (!found && found.error().code == ErrorCode::InvalidInput && !question.filter.empty()) {
                question.filter.clear(); // the filter names a column that is not there any more: all rows, then say so
                found = answerRows(question, job);
            }
            INSPECTOR_TRY(answer.rows, std::move(found));
            return answer;
        },
        [this, kind, before, sort = question.sort, filter = question.filter](Result<LoadAnswer>&& answer) mutable {
            if (!answer) {
                fail(answer.error(), true);
                return;
            }
            m_problem->clear();
            std::size_t next = 0;
            const auto moved = [&](std::optional<std::uint32_t>& row) {
                if (row)
                    row = answer->rows.anchors.at(next++);
            };
            moved(before.current);
            moved(before.top);
            if (kind != m_kind)
                m_sort.reset();
            else
                m_sort = sort;
            const bool newColumns =
                kind != m_kind || static_cast<std::size_t>(m_model->columnCount()) != answer->table->columns().size();
            const bool choose = m_choosesFirstRow && kind != m_kind;
            m_kind = kind;
            m_seeking = answer->current && !before.current && !answer->rows.sawEveryRow;
            display(answer->table, std::move(answer->rows), filter, before, true);
            if (m_seeking)
                seek(*answer->current, before);
            if (newColumns) {
                const QStringList remembered = m_settings.value(settings::kColumns, kind);
                m_view->arrangeColumns(remembered.isEmpty() ? m_firstColumns : remembered);
            }
            if (choose && !m_view->currentIndex().isValid() && m_model->rowCount() > 0)
                m_view->selectRow(0);
            m_calm->start();
            if (utf8Of(m_filter->text().trimmed()) != m_appliedFilter)
                askRows(false);
        });
}

void TablePane::judgeFilter()
{
    if (!table() || m_load->isBusy())
        return; // the answer to the load looks at the text again
    askRows(true);
}

void TablePane::askRows(bool mayNarrow)
{
    const QString text = m_filter->text().trimmed();
    const std::string filter = utf8Of(text);
    RowQuestion question;
    question.table = table();
    question.sort = m_sort;
    question.filter = filter;
    question.ordered = m_ordered;
    if (mayNarrow && !m_appliedFilter.empty() && isNarrowing(textOf(m_appliedFilter), text))
        question.among = m_model->rows();
    m_rows->ask(
        filter.empty() ? tr("Sorting") : tr("Filtering"),
        [question](const Job& job) { return answerRows(question, job); },
        [this, filter](Result<RowAnswer>&& answer) {
            if (!answer) {
                fail(answer.error(), false);
                return;
            }
            m_filter->setProblem({});
            display(table(), *std::move(answer), filter, place(), false);
        });
}

void TablePane::display(inspect::TablePtr table, RowAnswer answer, const std::string& filter, const Place& before,
                        bool isNew)
{
    m_ordered = std::move(answer.ordered);
    m_appliedFilter = filter;
    const auto oldRow = before.current;
    m_restoring = true;
    m_computing.discard(m_model->show(std::move(table), std::move(answer.rows)));
    m_filter->setEnabled(true);
    QStringList names;
    if (isNew) {
        for (const auto& column : this->table()->columns())
            names << textOf(column.name);
        m_filter->setColumnNames(names);
    }
    if (m_model->rowCount() > 0) {
        m_stack->setCurrentWidget(m_view);
    } else if (this->table()->size() == 0) {
        m_empty->say(QStringLiteral("empty"), m_noRowsTitle, m_noRowsExplanation);
        m_stack->setCurrentWidget(m_empty);
    } else {
        m_empty->say(
            QStringLiteral("filter"), tr("No row matches the filter"),
            tr("None of the %1 holds every word of “%2”.").arg(formatRows(this->table()->size()), textOf(filter)));
        m_stack->setCurrentWidget(m_empty);
    }
    restore(before);
    m_restoring = false;
    showSort();
    showCount();
    if ((isNew && !m_seeking) || currentRow() != oldRow)
        emit currentRowChanged();
    emit rowsShown();
}

void TablePane::restore(const Place& place)
{
    const auto rowOf = [this](const std::optional<std::uint32_t>& tableRow) {
        return tableRow ? m_model->rowOf(*tableRow) : std::nullopt;
    };
    const auto current = rowOf(place.current);
    if (current) {
        QItemSelection selection;
        for (const auto selected : place.selected) {
            if (const auto row = m_model->rowOf(selected))
                selection.select(m_model->index(*row, 0), m_model->index(*row, m_model->columnCount() - 1));
        }
        if (selection.isEmpty())
            selection.select(m_model->index(*current, 0), m_model->index(*current, m_model->columnCount() - 1));
        m_view->selectionModel()->select(selection, QItemSelectionModel::ClearAndSelect);
        m_view->selectionModel()->setCurrentIndex(m_model->index(*current, 0), QItemSelectionModel::NoUpdate);
        if (place.currentOnScreen) {
            m_view->scrollTo(*current, place.currentOffset);
            return;
        }
    }
    if (const auto top = rowOf(place.top))
        m_view->scrollTo(*top, place.topOffset);
    else
        m_view->scrollTo(0, 0);
}

void TablePane::showCount()
{
    if (!table()) {
        m_count->clear();
        return;
    }
    const auto shown = static_cast<std::uint64_t>(m_model->rowCount());
    m_count->setText(m_appliedFilter.empty() ? formatRows(table()->size())
                                             : tr("%1 of %2").arg(formatCount(shown), formatRows(table()->size())));
}

void TablePane::seek(const RowAnchor& anchor, const Place& place)
{
    RowQuestion question;
    question.table = table();
    question.anchors = {anchor};
    m_seek->ask(
        tr("Looking for the row"), [question](const Job& job) { return answerRows(question, job); },
        [this, place](const Result<RowAnswer>& answer) {
            m_seeking = false;
            if (m_view->currentIndex().isValid())
                return; // the person went elsewhere meanwhile
            Place found = place;
            if (answer)
                found.current = answer->anchors.front();
            if (found.current && m_model->rowOf(*found.current)) {
                m_restoring = true;
                restore(found);
                m_restoring = false;
            }
            emit currentRowChanged();
        });
}

void TablePane::prepareFilter()
{
    m_calm->stop();
    if (!table() || m_prepare->isBusy() || m_prepared.lock() == table())
        return;
    m_prepare->ask(
        tr("Preparing the filter"), [table = table()](const Job& job) { return table->prepareFilter(job); },
        [this, prepared = std::weak_ptr(table())](const Result<>& answer) {
            if (answer)
                m_prepared = prepared;
        });
}

void TablePane::clickHeader(int column)
{
    const auto clicked = static_cast<std::size_t>(column);
    if (!m_sort || m_sort->column != clicked)
        sortBy(RowSort {clicked, inspect::SortOrder::Ascending});
    else if (m_sort->order == inspect::SortOrder::Ascending)
        sortBy(RowSort {clicked, inspect::SortOrder::Descending});
    else
        sortBy(std::nullopt);
}

void TablePane::sortBy(std::optional<RowSort> sort)
{
    if (!table() || sort == m_sort)
        return;
    m_sort = sort;
    m_ordered.reset();
    showSort();
    askRows(false);
}

void TablePane::showSort()
{
    auto* header = m_view->horizontalHeader();
    header->setSortIndicatorShown(m_sort.has_value());
    if (m_sort)
        header->setSortIndicator(static_cast<int>(m_sort->column),
                                 m_sort->order == inspect::SortOrder::Ascending ? Qt::AscendingOrder
                                                                                : Qt::DescendingOrder);
}

void TablePane::fail(const Error& error, bool whileLoading)
{
    if (!whileLoading && presentationOf(error).place == Presentation::Place::BesideField) {
        m_filter->setProblem(problemText(error));
        return;
    }
    m_problem->show(error);
    if (whileLoading) {
        if (!table()) {
            m_empty->say(QStringLiteral("problem"), problemTitle(error.code), problemText(error));
            m_stack->setCurrentWidget(m_empty);
        }
        emit loadFailed(error);
    }
}

void TablePane::focusFilter()
{
    m_filter->setFocus(Qt::ShortcutFocusReason);
    m_filter->selectAll();
}

void TablePane::focusRows()
{
    m_view->setFocus(Qt::OtherFocusReason);
    if (!m_view->currentIndex().isValid() && m_model->rowCount() > 0)
        m_view->selectRow(0);
}

void TablePane::stop()
{
    m_load->cancel();
    m_rows->cancel();
}

} // namespace inspector::views
