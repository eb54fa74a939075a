#include "views/delegates/row_delegate.h"

#include "views/support/roles.h"
#include "views/support/theme.h"

#include <QAbstractItemView>
#include <QApplication>
#include <QPainter>

#include <algorithm>

namespace inspector::views {

namespace {

constexpr int kMargin = 6;

} // namespace

RowDelegate::RowDelegate(QObject* parent)
    : QStyledItemDelegate(parent)
{
}

void RowDelegate::initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const
{
    option->text = index.data(Qt::DisplayRole).toString();
    option->features |= QStyleOptionViewItem::HasDisplay;
    option->index = index;
    option->displayAlignment = Qt::Alignment(index.data(Qt::TextAlignmentRole).toInt());
    option->textElideMode = Qt::ElideRight;

    const Shades shades = shadesOf(option->palette);
    QColor colour;
    if (index.data(FaintRole).toBool() || index.data(SecretRole).toBool())
        colour = shades.faint;
    const QVariant diff = index.data(DiffRole);
    if (diff.isValid() && diff.toLongLong() < 0) {
        colour = shades.danger;
        if (!index.data(UpdateRole).toBool())
            option->font.setStrikeOut(true);
    }
    if (index.data(CertaintyRole).toInt() != 0)
        option->text.prepend(QStringLiteral("≤ "));
    if (index.data(ProblemRole).toBool()) {
        colour = shades.danger;
        option->font.setBold(true);
    }
    if (index.data(EmphasisRole).toBool())
        option->font.setBold(true);
    if (colour.isValid())
        option->palette.setColor(QPalette::Text, colour);
    option->fontMetrics = QFontMetrics(option->font);
}

QSize RowDelegate::sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const
{
    const QString text = index.data(Qt::DisplayRole).toString().left(120);
    return {option.fontMetrics.horizontalAdvance(text) + 2 * kMargin, option.fontMetrics.height() + 6};
}

void RowDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const
{
    QStyleOptionViewItem cell = option;
    initStyleOption(&cell, index);
    const QStyle* style = cell.widget != nullptr ? cell.widget->style() : QApplication::style();
    style->drawPrimitive(QStyle::PE_PanelItemViewItem, &cell, painter, cell.widget);

    const bool selected = (cell.state & QStyle::State_Selected) != 0;
    const auto group = (cell.state & QStyle::State_Enabled) == 0 ? QPalette::Disabled
        : (cell.state & QStyle::State_Active) == 0               ? QPalette::Inactive
                                                                 : QPalette::Active;
    const QRect rect = cell.rect.adjusted(kMargin, 0, -kMargin, 0);
    // Of a long text, no more is measured than could be seen.
    const int narrowest = std::max(1, cell.fontMetrics.horizontalAdvance(QLatin1Char('i')));
    const QString text = cell.text.left(rect.width() / narrowest + 2);
    painter->save();
    painter->setFont(cell.font);
    painter->setPen(cell.palette.color(group, selected ? QPalette::HighlightedText : QPalette::Text));
    painter->drawText(rect, static_cast<int>(cell.displayAlignment) | Qt::TextSingleLine,
                      cell.fontMetrics.elidedText(text, Qt::ElideRight, rect.width()));
    if ((cell.state & QStyle::State_HasFocus) != 0) {
        painter->setPen(QPen(shadesOf(cell.palette).accent, 1));
        painter->setBrush(Qt::NoBrush);
        painter->drawRect(cell.rect.adjusted(0, 0, -1, -1));
    }
    painter->restore();
}

} // namespace inspector::views
