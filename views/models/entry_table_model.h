#pragma once

#include "core/inspect/inspector.h"

#include <QAbstractTableModel>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace inspector::views {

/// Row numbers of a table in the order in which they are shown. Nothing: all of them, as stored.
using RowIndex = std::shared_ptr<const std::vector<std::uint32_t>>;

/// Rows of a table through an index of its own. Both are immutable and shared; filtering and sorting happen elsewhere
/// and arrive here as another index. Knows FullTextRole, DiffRole, CertaintyRole, NumericRole, SecretRole, UpdateRole.
class EntryTableModel : public QAbstractTableModel
{
    Q_OBJECT
public:
    explicit EntryTableModel(QObject* parent = nullptr);

    /// Shows `table` through `index`: a reset. Answers with what was shown before, for a worker to take down.
    inspect::TablePtr show(inspect::TablePtr table, RowIndex index);
    [[nodiscard]] const inspect::TablePtr& table() const { return m_table; }
    [[nodiscard]] const RowIndex& rows() const { return m_index; }

    /// The table's row number behind a row of the view; `row` is in range.
    [[nodiscard]] std::uint32_t tableRow(int row) const;
    /// Where a row of the table is shown; nothing when the filter hides it.
    [[nodiscard]] std::optional<int> rowOf(std::uint32_t tableRow) const;

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation,
                                      int role = Qt::DisplayRole) const override;

private:
    inspect::TablePtr m_table;
    RowIndex m_index;
};

} // namespace inspector::views
