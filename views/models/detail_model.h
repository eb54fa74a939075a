#pragma once

#include "core/inspect/inspector.h"

#include <QAbstractItemModel>

#include <vector>

namespace inspector::views {

/// The decoded tree of an entry: lines with depths, made into parents and children. Knows FullTextRole, SecretRole,
/// FaintRole (the meaning) and EmphasisRole (a group).
class DetailModel : public QAbstractItemModel
{
    Q_OBJECT
public:
    enum Column { NameColumn, ValueColumn, MeaningColumn, ColumnCount };

    explicit DetailModel(QObject* parent = nullptr);

    void setLines(std::vector<inspect::TreeLine> lines);

    [[nodiscard]] QModelIndex index(int row, int column, const QModelIndex& parent = {}) const override;
    [[nodiscard]] QModelIndex parent(const QModelIndex& child) const override;
    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation,
                                      int role = Qt::DisplayRole) const override;

private:
    struct Node
    {
        int parent = -1; ///< line number; -1 for the top
        int row = 0;     ///< among its siblings
        std::vector<int> children;
    };

    [[nodiscard]] const std::vector<int>& childrenOf(const QModelIndex& parent) const;

    std::vector<inspect::TreeLine> m_lines;
    std::vector<Node> m_nodes;
    std::vector<int> m_top;
};

} // namespace inspector::views
