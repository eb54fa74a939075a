#include "views/widgets/row_view.h"

#include "views/support/roles.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QEvent>
#include <QHeaderView>
#include <QKeyEvent>
#include <QMenu>
#include <QScrollBar>

#include <algorithm>
#include <vector>

namespace inspector::views {

namespace {

constexpr int kSampleRows = 40;
constexpr int kWidest = 360;
constexpr int kNarrowest = 48;
constexpr int kMostCopiedRows = 100'000;

QString plain(const QModelIndex& index)
{
    const QVariant full = index.data(FullTextRole);
    QString text = full.isValid() ? full.toString() : index.data(Qt::DisplayRole).toString();
    for (auto& character : text) {
        if (character == QLatin1Char('\t') || character == QLatin1Char('\n') || character == QLatin1Char('\r'))
            character = QLatin1Char(' ');
    }
    return text;
}

} // namespace

RowView::RowView(QWidget* parent)
    : QTableView(parent)
{
    setSelectionBehavior(QAbstractItemView::SelectRows);
    setSelectionMode(QAbstractItemView::ExtendedSelection);
    setEditTriggers(QAbstractItemView::NoEditTriggers);
    setAlternatingRowColors(true);
    setShowGrid(false);
    setWordWrap(false);
    setTabKeyNavigation(false);
    setCornerButtonEnabled(false);
    setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    verticalHeader()->hide();
    verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    auto* header = horizontalHeader();
    header->setSectionsMovable(true);
    header->setHighlightSections(false);
    header->setSectionResizeMode(QHeaderView::Interactive);
    header->setStretchLastSection(true);
    header->setMinimumSectionSize(28);
    header->setTextElideMode(Qt::ElideRight);
    header->setContextMenuPolicy(Qt::CustomContextMenu);
    connect(header, &QHeaderView::customContextMenuRequested, this, &RowView::showHeaderMenu);
    connect(header, &QHeaderView::sectionResized, this, [this, header](int column) {
        // The last one stretches by itself.
        if (!m_arranging && header->visualIndex(column) != header->count() - 1)
            emit columnLayoutChanged();
    });
    connect(header, &QHeaderView::sectionMoved, this, [this] {
        if (!m_arranging)
            emit columnLayoutChanged();
    });
    connect(this, &QTableView::activated, this, [this](const QModelIndex& index) { emit activatedRow(index.row()); });
    sizeRows();
}

void RowView::sizeRows()
{
    verticalHeader()->setMinimumSectionSize(fontMetrics().height() + 4);
    verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 8);
}

void RowView::setModel(QAbstractItemModel* model)
{
    QTableView::setModel(model);
    if (model != nullptr)
        connect(model, &QAbstractItemModel::modelAboutToBeReset, this, [this] {
            m_kept = columnLayout();
            m_arranging = true;
        });
}

void RowView::reset()
{
    QTableView::reset();
    if (!m_kept.isEmpty() && m_kept.size() == horizontalHeader()->count())
        applyLayout(m_kept);
    m_kept.clear();
    m_arranging = false;
}

void RowView::focusInEvent(QFocusEvent* event)
{
    QAbstractScrollArea::focusInEvent(event); // not the item view's: it would choose a row by itself
    viewport()->update();
}

void RowView::changeEvent(QEvent* event)
{
    QTableView::changeEvent(event);
    if (event->type() == QEvent::FontChange || event->type() == QEvent::StyleChange)
        sizeRows();
}

void RowView::keyPressEvent(QKeyEvent* event)
{
    if (event->matches(QKeySequence::Copy)) {
        copySelection();
        event->accept();
        return;
    }
    QTableView::keyPressEvent(event);
}

QModelIndex RowView::moveCursor(CursorAction action, Qt::KeyboardModifiers modifiers)
{
    if (model() != nullptr && model()->rowCount() > 0 && (action == MoveHome || action == MoveEnd)) {
        const int column = std::max(0, currentIndex().column());
        return model()->index(action == MoveHome ? 0 : model()->rowCount() - 1, column);
    }
    return QTableView::moveCursor(action, modifiers);
}

QString RowView::columnName(int column) const
{
    const QVariant name = model()->headerData(column, Qt::Horizontal, FullTextRole);
    return name.isValid() ? name.toString() : model()->headerData(column, Qt::Horizontal).toString();
}

QString RowView::selectedText() const
{
    if (model() == nullptr || selectionModel() == nullptr)
        return {};
    std::vector<int> rows;
    for (const auto& range : selectionModel()->selection()) {
        for (int row = range.top(); row <= range.bottom() && static_cast<int>(rows.size()) < kMostCopiedRows; ++row)
            rows.push_back(row);
    }
    std::sort(rows.begin(), rows.end());
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());

    std::vector<int> columns;
    for (int visual = 0; visual < horizontalHeader()->count(); ++visual) {
        const int logical = horizontalHeader()->logicalIndex(visual);
        if (!isColumnHidden(logical))
            columns.push_back(logical);
    }
    QStringList lines;
    if (rows.size() > 1) {
        QStringList cells;
        for (const int column : columns)
            cells << model()->headerData(column, Qt::Horizontal).toString();
        lines << cells.join(QLatin1Char('\t'));
    }
    for (const int row : rows) {
        QStringList cells;
        for (const int column : columns)
            cells << plain(model()->index(row, column));
        lines << cells.join(QLatin1Char('\t'));
    }
    return lines.join(QLatin1Char('\n'));
}

void RowView::copySelection() const
{
    const QString text = selectedText();
    if (!text.isEmpty())
        QApplication::clipboard()->setText(text);
}

int RowView::topRow() const
{
    return rowAt(0);
}

int RowView::offsetOf(int row) const
{
    return rowViewportPosition(row);
}

bool RowView::isOnScreen(int row) const
{
    const int y = rowViewportPosition(row);
    return y + rowHeight(row) > 0 && y < viewport()->height();
}

void RowView::scrollTo(int row, int offset)
{
    executeDelayedItemsLayout(); // the range of the scroll bar is of the rows from before otherwise
    verticalScrollBar()->setValue(row * verticalHeader()->defaultSectionSize() - offset);
}

void RowView::fitColumns()
{
    if (model() == nullptr)
        return;
    m_arranging = true;
    const int rows = std::min(model()->rowCount(), kSampleRows);
    const QFontMetrics metrics = fontMetrics();
    for (int column = 0; column < model()->columnCount(); ++column) {
        int width = metrics.horizontalAdvance(model()->headerData(column, Qt::Horizontal).toString()) + 26;
        for (int row = 0; row < rows; ++row) {
            const QString text = model()->index(row, column).data(Qt::DisplayRole).toString().left(80);
            width = std::max(width, metrics.horizontalAdvance(text) + 16);
        }
        setColumnWidth(column, std::clamp(width, kNarrowest, kWidest));
    }
    m_arranging = false;
}

QStringList RowView::columnLayout() const
{
    QStringList layout;
    const auto* header = horizontalHeader();
    for (int visual = 0; visual < header->count(); ++visual) {
        const int logical = header->logicalIndex(visual);
        const bool hidden = isColumnHidden(logical);
        layout << QStringLiteral("%1:%2%3").arg(columnName(logical), QString::number(columnWidth(logical)),
                                                hidden ? QStringLiteral(":hidden") : QString());
    }
    return layout;
}

void RowView::arrangeColumns(const QStringList& layout)
{
    if (model() == nullptr)
        return;
    for (int column = 0; column < model()->columnCount(); ++column) {
        m_arranging = true;
        setColumnHidden(column, false);
    }
    applyLayout({});
    fitColumns();
    applyLayout(layout);
}

void RowView::applyLayout(const QStringList& layout)
{
    m_arranging = true;
    auto* header = horizontalHeader();
    for (int column = 0; column < header->count(); ++column) // back to the order of the model
        header->moveSection(header->visualIndex(column), column);
    int target = 0;
    for (const auto& described : layout) {
        const QStringList parts = described.split(QLatin1Char(':'));
        for (int column = 0; column < header->count(); ++column) {
            if (columnName(column) != parts.value(0))
                continue;
            header->moveSection(header->visualIndex(column), target++);
            const int width = parts.value(1).toInt();
            if (width >= header->minimumSectionSize())
                setColumnWidth(column, width);
            setColumnHidden(column, parts.value(2) == QLatin1String("hidden"));
            break;
        }
    }
    m_arranging = false;
}

void RowView::showHeaderMenu(const QPoint& at)
{
    if (model() == nullptr)
        return;
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    auto* fit = menu->addAction(tr("Fit Widths to Content"));
    connect(fit, &QAction::triggered, this, [this] {
        fitColumns();
        emit columnLayoutChanged();
    });
    auto* all = menu->addAction(tr("Show All Columns in Stored Order"));
    connect(all, &QAction::triggered, this, [this] {
        arrangeColumns({});
        emit columnLayoutChanged();
    });
    menu->addSeparator();
    const int shown = model()->columnCount() - horizontalHeader()->hiddenSectionCount();
    for (int visual = 0; visual < horizontalHeader()->count(); ++visual) {
        const int column = horizontalHeader()->logicalIndex(visual);
        auto* action = menu->addAction(model()->headerData(column, Qt::Horizontal).toString());
        action->setCheckable(true);
        action->setChecked(!isColumnHidden(column));
        action->setEnabled(isColumnHidden(column) || shown > 1); // the last one stays
        connect(action, &QAction::toggled, this, [this, column](bool show) {
            setColumnHidden(column, !show);
            emit columnLayoutChanged();
        });
    }
    menu->popup(horizontalHeader()->mapToGlobal(at));
}

} // namespace inspector::views
