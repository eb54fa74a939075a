#include "views/models/entry_table_model.h"

#include "views/support/format.h"
#include "views/support/roles.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace inspector::views {

namespace {

constexpr int kLongestToolTip = 2000;

QString toolTipOf(const inspect::Table& table, std::uint32_t row, std::size_t column)
{
    const QString text = textOf(table.cell(row, column));
    if (table.columns()[column].isNumeric) {
        bool isNumber = false;
        const qulonglong number = text.toULongLong(&isNumber);
        if (isNumber && isWallClock(Timestamp(number)))
            return formatTime(Timestamp(number));
    }
    return text.size() > kLongestToolTip ? text.left(kLongestToolTip) + QChar(0x2026) : text;
}

} // namespace

EntryTableModel::EntryTableModel(QObject* parent)
    : QAbstractTableModel(parent)
{
}

inspect::TablePtr EntryTableModel::show(inspect::TablePtr table, RowIndex index)
{
    beginResetModel();
    auto old = std::exchange(m_table, std::move(table));
    m_index = std::move(index);
    endResetModel();
    return old;
}

std::uint32_t EntryTableModel::tableRow(int row) const
{
    const auto at = static_cast<std::size_t>(row);
    return m_index ? (*m_index)[at] : static_cast<std::uint32_t>(at);
}

std::optional<int> EntryTableModel::rowOf(std::uint32_t tableRow) const
{
    if (!m_index)
        return m_table && tableRow < m_table->size() ? std::optional(static_cast<int>(tableRow)) : std::nullopt;
    const auto found = std::find(m_index->begin(), m_index->end(), tableRow);
    return found == m_index->end() ? std::nullopt : std::optional(static_cast<int>(found - m_index->begin()));
}

int EntryTableModel::rowCount(const QModelIndex& parent) const
{
    if (parent.isValid() || !m_table)
        return 0;
    const std::size_t rows = m_index ? m_index->size() : m_table->size();
    return static_cast<int>(std::min<std::size_t>(rows, std::numeric_limits<int>::max()));
}

int EntryTableModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() || !m_table ? 0 : static_cast<int>(m_table->columns().size());
}

QVariant EntryTableModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const std::uint32_t row = tableRow(index.row());
    const auto column = static_cast<std::size_t>(index.column());
    const inspect::Column& described = m_table->columns()[column];
    switch (role) {
    case Qt::DisplayRole:
        return oneLine(std::string_view(m_table->cell(row, column)));
    case FullTextRole:
        return textOf(m_table->cell(row, column));
    case Qt::ToolTipRole:
        return toolTipOf(*m_table, row, column);
    case Qt::TextAlignmentRole:
        return static_cast<int>((described.isNumeric ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    case DiffRole:
        return static_cast<qint64>(m_table->diff(row));
    case CertaintyRole:
        // Only what a column says about when is uncertain; the row itself is as stored.
        return static_cast<int>(described.source == inspect::Column::Source::Update && described.name == "time"
                                    ? m_table->certainty(row)
                                    : persist::Certainty::Exact);
    case NumericRole:
        return described.isNumeric;
    case SecretRole:
        return described.isSecret;
    case UpdateRole:
        return described.source == inspect::Column::Source::Update;
    default:
        return {};
    }
}

QVariant EntryTableModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || section < 0 || section >= columnCount())
        return {};
    const inspect::Column& column = m_table->columns()[static_cast<std::size_t>(section)];
    switch (role) {
    case Qt::DisplayRole:
        return textOf(column.title);
    case FullTextRole:
        return textOf(column.name);
    case Qt::ToolTipRole:
        switch (column.source) {
        case inspect::Column::Source::Key:
            return tr("%1: part of the key").arg(textOf(column.name));
        case inspect::Column::Source::Value:
            return tr("%1: part of the value").arg(textOf(column.name));
        case inspect::Column::Source::Update:
            return tr("%1: of the update").arg(textOf(column.name));
        }
        return {};
    case Qt::TextAlignmentRole:
        return static_cast<int>((column.isNumeric ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    case NumericRole:
        return column.isNumeric;
    default:
        return {};
    }
}

} // namespace inspector::views
