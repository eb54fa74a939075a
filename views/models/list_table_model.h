#pragma once

#include "views/support/roles.h"

#include <QAbstractTableModel>
#include <QStringList>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace inspector::views {

/// What a column of a ListTableModel shows of a row.
template <typename Row>
struct ListColumn
{
    QString title;
    std::function<QString(const Row&)> text;
    bool isNumeric = false;
    std::function<QString(const Row&)> toolTip {}; ///< empty: the text
};

/// A short immutable list as a table, newest or oldest first as the list is: versions, fence tokens, statements.
template <typename Row>
class ListTableModel : public QAbstractTableModel
{
public:
    using QAbstractTableModel::QAbstractTableModel;

    void setColumns(std::vector<ListColumn<Row>> columns)
    {
        beginResetModel();
        m_columns = std::move(columns);
        endResetModel();
    }

    /// Which rows stand out, and which have a problem.
    void setMarks(std::function<bool(const Row&)> emphasis, std::function<bool(const Row&)> problem)
    {
        m_emphasis = std::move(emphasis);
        m_problem = std::move(problem);
        if (rowCount() > 0)
            emit dataChanged(index(0, 0), index(rowCount() - 1, columnCount() - 1));
    }

    void setRows(std::vector<Row> rows)
    {
        beginResetModel();
        m_rows = std::move(rows);
        endResetModel();
    }

    /// Adds rows at the end; selection and scrolling stay.
    void append(std::vector<Row> rows)
    {
        if (rows.empty())
            return;
        const int first = rowCount();
        beginInsertRows({}, first, first + static_cast<int>(rows.size()) - 1);
        m_rows.insert(m_rows.end(), std::make_move_iterator(rows.begin()), std::make_move_iterator(rows.end()));
        endInsertRows();
    }

    [[nodiscard]] const std::vector<Row>& rows() const { return m_rows; }

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override
    {
        return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
    }

    [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override
    {
        return parent.isValid() ? 0 : static_cast<int>(m_columns.size());
    }

    [[nodiscard]] QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override
    {
        if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
            return {};
        const Row& row = m_rows[static_cast<std::size_t>(index.row())];
        const auto& column = m_columns[static_cast<std::size_t>(index.column())];
        switch (role) {
        case Qt::DisplayRole:
            return column.text(row);
        case Qt::ToolTipRole:
            return column.toolTip ? column.toolTip(row) : column.text(row);
        case Qt::TextAlignmentRole:
            return static_cast<int>((column.isNumeric ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
        case NumericRole:
            return column.isNumeric;
        case EmphasisRole:
            return m_emphasis && m_emphasis(row);
        case ProblemRole:
            return m_problem && m_problem(row);
        default:
            return {};
        }
    }

    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation,
                                      int role = Qt::DisplayRole) const override
    {
        if (orientation != Qt::Horizontal || section < 0 || section >= columnCount())
            return {};
        const auto& column = m_columns[static_cast<std::size_t>(section)];
        if (role == Qt::DisplayRole)
            return column.title;
        if (role == Qt::TextAlignmentRole)
            return static_cast<int>((column.isNumeric ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
        return {};
    }

private:
    std::vector<ListColumn<Row>> m_columns;
    std::function<bool(const Row&)> m_emphasis;
    std::function<bool(const Row&)> m_problem;
    std::vector<Row> m_rows;
};

} // namespace inspector::views
