#include "views/models/collection_model.h"

#include "views/support/format.h"

#include <algorithm>
#include <utility>

namespace inspector::views {

CollectionModel::CollectionModel(QObject* parent)
    : QAbstractTableModel(parent)
{
}

void CollectionModel::setCollections(std::vector<inspect::CollectionSummary> collections)
{
    const bool sameNames = std::equal(m_collections.begin(), m_collections.end(), collections.begin(),
                                      collections.end(), [](const auto& a, const auto& b) { return a.name == b.name; });
    if (sameNames && !collections.empty()) {
        m_collections = std::move(collections);
        emit dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1));
        return;
    }
    beginResetModel();
    m_collections = std::move(collections);
    endResetModel();
}

std::optional<int> CollectionModel::rowOf(const QString& name) const
{
    const std::string wanted = utf8Of(name);
    const auto found = std::find_if(m_collections.begin(), m_collections.end(),
                                    [&](const auto& summary) { return summary.name == wanted; });
    return found == m_collections.end() ? std::nullopt : std::optional(static_cast<int>(found - m_collections.begin()));
}

int CollectionModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_collections.size());
}

int CollectionModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant CollectionModel::text(const inspect::CollectionSummary& summary, Column column) const
{
    switch (column) {
    case NameColumn:
        return textOf(summary.title);
    case RowsColumn:
        return summary.rows == 0 ? QString() : formatCount(summary.rows);
    case SizeColumn:
        return summary.rows == 0 ? QString() : formatSize(summary.storedBytes);
    case ProblemsColumn:
        return summary.problems.value_or(0) == 0 ? QString() : formatCount(*summary.problems);
    case ColumnCount:
        break;
    }
    return {};
}

QVariant CollectionModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const auto& summary = m_collections[static_cast<std::size_t>(index.row())];
    switch (role) {
    case Qt::DisplayRole:
        return text(summary, static_cast<Column>(index.column()));
    case Qt::ToolTipRole: {
        QString tip = QStringLiteral("%1: %2").arg(textOf(summary.name), textOf(summary.help));
        if (summary.problems.value_or(0) != 0)
            tip += QLatin1Char('\n')
                + tr("%1 do not decode or have a diff other than +1").arg(formatRows(*summary.problems));
        if (!summary.isKnown)
            tip += QLatin1Char('\n') + tr("This build does not know the kind; its rows are shown as stored");
        return tip;
    }
    case Qt::TextAlignmentRole:
        return static_cast<int>((index.column() == NameColumn ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    case NameRole:
        return textOf(summary.name);
    case FaintRole:
        return summary.rows == 0;
    case ProblemRole:
        return summary.problems.value_or(0) != 0 && index.column() == ProblemsColumn;
    case NumericRole:
        return index.column() != NameColumn;
    case KnownRole:
        return summary.isKnown;
    default:
        return {};
    }
}

QVariant CollectionModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal)
        return {};
    if (role == Qt::TextAlignmentRole)
        return static_cast<int>((section == NameColumn ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    if (role == Qt::ToolTipRole && section == ProblemsColumn)
        return tr("Rows that do not decode, or whose diff is not +1");
    if (role != Qt::DisplayRole)
        return {};
    switch (static_cast<Column>(section)) {
    case NameColumn:
        return tr("Collection");
    case RowsColumn:
        return tr("Rows");
    case SizeColumn:
        return tr("Size");
    case ProblemsColumn:
        return tr("Problems");
    case ColumnCount:
        break;
    }
    return {};
}

} // namespace inspector::views
