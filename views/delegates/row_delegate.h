#pragma once

#include <QFont>
#include <QStyledItemDelegate>

namespace inspector::views {

/// Paints a cell from the roles of views/support/roles.h. A retraction is struck out as well as red, a problem is bold
/// as well as red, a rounded time is written "≤ 41": colour is never alone.
class RowDelegate : public QStyledItemDelegate
{
    Q_OBJECT
public:
    explicit RowDelegate(QObject* parent = nullptr);

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;

    [[nodiscard]] QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;

protected:
    void initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const override;
};

} // namespace inspector::views
