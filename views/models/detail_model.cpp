#include "views/models/detail_model.h"

#include "views/support/format.h"
#include "views/support/roles.h"

#include <utility>

namespace inspector::views {

DetailModel::DetailModel(QObject* parent)
    : QAbstractItemModel(parent)
{
}

void DetailModel::setLines(std::vector<inspect::TreeLine> lines)
{
    beginResetModel();
    m_lines = std::move(lines);
    m_nodes.assign(m_lines.size(), {});
    m_top.clear();
    std::vector<int> open; // the line above at each smaller depth
    for (int line = 0; line < static_cast<int>(m_lines.size()); ++line) {
        const int depth = m_lines[static_cast<std::size_t>(line)].depth;
        while (!open.empty() && m_lines[static_cast<std::size_t>(open.back())].depth >= depth)
            open.pop_back();
        Node& node = m_nodes[static_cast<std::size_t>(line)];
        node.parent = open.empty() ? -1 : open.back();
        auto& siblings = open.empty() ? m_top : m_nodes[static_cast<std::size_t>(node.parent)].children;
        node.row = static_cast<int>(siblings.size());
        siblings.push_back(line);
        open.push_back(line);
    }
    endResetModel();
}

const std::vector<int>& DetailModel::childrenOf(const QModelIndex& parent) const
{
    return parent.isValid() ? m_nodes[static_cast<std::size_t>(parent.internalId())].children : m_top;
}

QModelIndex DetailModel::index(int row, int column, const QModelIndex& parent) const
{
    if (!hasIndex(row, column, parent))
        return {};
    const int line = childrenOf(parent)[static_cast<std::size_t>(row)];
    return createIndex(row, column, static_cast<quintptr>(line));
}

QModelIndex DetailModel::parent(const QModelIndex& child) const
{
    if (!child.isValid())
        return {};
    const int parent = m_nodes[static_cast<std::size_t>(child.internalId())].parent;
    if (parent < 0)
        return {};
    return createIndex(m_nodes[static_cast<std::size_t>(parent)].row, 0, static_cast<quintptr>(parent));
}

int DetailModel::rowCount(const QModelIndex& parent) const
{
    return parent.column() > 0 ? 0 : static_cast<int>(childrenOf(parent).size());
}

int DetailModel::columnCount(const QModelIndex&) const
{
    return ColumnCount;
}

QVariant DetailModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const auto& line = m_lines[static_cast<std::size_t>(index.internalId())];
    if (role == SecretRole)
        return line.isSecret;
    if (role == EmphasisRole)
        return line.depth == 0 && index.column() == NameColumn && line.text.empty();
    if (role == FaintRole)
        return index.column() == MeaningColumn;
    if (role == FullTextRole) {
        switch (static_cast<Column>(index.column())) {
        case NameColumn:
            return textOf(line.name);
        case ValueColumn:
            return textOf(line.text);
        case MeaningColumn:
            return textOf(line.meaning);
        case ColumnCount:
            break;
        }
    }
    if (role != Qt::DisplayRole && role != Qt::ToolTipRole)
        return {};
    constexpr int kLongest = 2000;
    const int limit = role == Qt::ToolTipRole ? kLongest : 300;
    switch (static_cast<Column>(index.column())) {
    case NameColumn:
        return oneLine(std::string_view(line.name), limit);
    case ValueColumn:
        return role == Qt::ToolTipRole ? textOf(line.text).left(kLongest) : oneLine(std::string_view(line.text), limit);
    case MeaningColumn:
        return oneLine(std::string_view(line.meaning), limit);
    case ColumnCount:
        break;
    }
    return {};
}

QVariant DetailModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    switch (static_cast<Column>(section)) {
    case NameColumn:
        return tr("Field");
    case ValueColumn:
        return tr("Value");
    case MeaningColumn:
        return tr("Meaning");
    case ColumnCount:
        break;
    }
    return {};
}

} // namespace inspector::views
