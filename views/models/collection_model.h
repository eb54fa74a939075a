#pragma once

#include "core/inspect/inspector.h"
#include "views/support/roles.h"

#include <QAbstractTableModel>

#include <optional>

namespace inspector::views {

/// The collections of a snapshot, in its order. Knows NumericRole, FaintRole (no rows) and ProblemRole.
class CollectionModel : public QAbstractTableModel
{
    Q_OBJECT
public:
    enum Column { NameColumn, RowsColumn, SizeColumn, ProblemsColumn, ColumnCount };
    enum Role {
        NameRole = FirstModelRole, ///< QString: the snake_case name
        KnownRole,                 ///< bool: this build knows the kind
    };

    explicit CollectionModel(QObject* parent = nullptr);

    /// Counts that changed are told as such while the list of names stays the same, so that the selection stays;
    /// otherwise a reset.
    void setCollections(std::vector<inspect::CollectionSummary> collections);
    [[nodiscard]] const std::vector<inspect::CollectionSummary>& collections() const { return m_collections; }
    [[nodiscard]] std::optional<int> rowOf(const QString& name) const;

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation,
                                      int role = Qt::DisplayRole) const override;

private:
    [[nodiscard]] QVariant text(const inspect::CollectionSummary& summary, Column column) const;

    std::vector<inspect::CollectionSummary> m_collections;
};

} // namespace inspector::views
