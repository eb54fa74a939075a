#include "views/support/style.h"

#include "views/support/theme.h"

#include <QAbstractScrollArea>
#include <QComboBox>
#include <QLineEdit>
#include <QPainter>
#include <QStyleOption>
#include <QToolButton>

#include <algorithm>

namespace inspector::views {

namespace {

constexpr int kScrollBarWidth = 12;
constexpr int kShortestSlider = 24;
constexpr qreal kRadius = 4;
constexpr int kButtonInset = 5;

void fillRounded(QPainter* painter, const QRectF& rect, const QColor& colour, qreal radius = kRadius)
{
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    painter->setPen(Qt::NoPen);
    painter->setBrush(colour);
    painter->drawRoundedRect(rect, radius, radius);
    painter->restore();
}

void frameRounded(QPainter* painter, const QRect& rect, const QColor& line, const QBrush& ground)
{
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    painter->setPen(line);
    painter->setBrush(ground);
    painter->drawRoundedRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5), kRadius, kRadius);
    painter->restore();
}

QColor over(const QColor& ground, const QColor& colour, qreal strength)
{
    const auto mix = [strength](int below, int above) { return static_cast<int>(below + (above - below) * strength); };
    return {mix(ground.red(), colour.red()), mix(ground.green(), colour.green()), mix(ground.blue(), colour.blue())};
}

void drawTab(const QStyleOptionTab& tab, QPainter* painter, const Shades& shades)
{
    const bool selected = (tab.state & QStyle::State_Selected) != 0;
    const bool hovered = (tab.state & QStyle::State_MouseOver) != 0;
    if (hovered && !selected)
        painter->fillRect(tab.rect, over(tab.palette.window().color(), tab.palette.windowText().color(), 0.06));
    if (!selected)
        return;
    const bool below = tab.shape == QTabBar::RoundedSouth || tab.shape == QTabBar::TriangularSouth;
    QRect line = tab.rect;
    if (below)
        line.setHeight(2);
    else
        line.setTop(line.bottom() - 1);
    painter->fillRect(line, shades.accent);
}

void drawHeaderSection(const QStyleOptionHeader& header, QPainter* painter, const Shades& shades)
{
    QColor ground = header.palette.window().color();
    if ((header.state & QStyle::State_MouseOver) != 0)
        ground = over(ground, header.palette.windowText().color(), 0.06);
    painter->fillRect(header.rect, ground);
    painter->save();
    painter->setPen(shades.hairline);
    painter->drawLine(header.rect.bottomLeft(), header.rect.bottomRight());
    if (header.orientation == Qt::Horizontal && header.position != QStyleOptionHeader::End
        && header.position != QStyleOptionHeader::OnlyOneSection)
        painter->drawLine(header.rect.right(), header.rect.top() + 5, header.rect.right(), header.rect.bottom() - 5);
    painter->restore();
}

} // namespace

Style::Style()
    : QProxyStyle(QStringLiteral("Fusion"))
{
}

void Style::drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter,
                          const QWidget* widget) const
{
    const Shades shades = shadesOf(option->palette);
    switch (element) {
    case PE_FrameTabBarBase:
    case PE_IndicatorToolBarSeparator: {
        painter->save();
        painter->setPen(shades.hairline);
        if (element == PE_IndicatorToolBarSeparator) {
            const int x = option->rect.center().x();
            painter->drawLine(x, option->rect.top() + 6, x, option->rect.bottom() - 6);
        } else {
            painter->drawLine(option->rect.bottomLeft(), option->rect.bottomRight());
        }
        painter->restore();
        return;
    }
    case PE_FrameTabWidget:
        return;
    case PE_Frame:
        if (qobject_cast<const QAbstractScrollArea*>(widget) != nullptr) {
            painter->save();
            painter->setPen(shades.hairline);
            painter->setBrush(Qt::NoBrush);
            painter->drawRect(option->rect.adjusted(0, 0, -1, -1));
            painter->restore();
            return;
        }
        break;
    case PE_PanelLineEdit:
    case PE_FrameLineEdit: {
        const auto* edit = qobject_cast<const QLineEdit*>(widget);
        if (edit == nullptr || !edit->hasFrame() || qobject_cast<const QComboBox*>(edit->parentWidget()) != nullptr)
            break;
        const bool focused = (option->state & State_HasFocus) != 0;
        const bool wrong = edit->property("wrong").toBool();
        const QColor line = wrong ? shades.danger : focused ? shades.accent : shades.hairline.darker(110);
        frameRounded(painter, option->rect, line,
                     element == PE_PanelLineEdit ? option->palette.base() : QBrush(Qt::NoBrush));
        return;
    }
    case PE_PanelButtonTool: {
        const bool on = (option->state & (State_Sunken | State_On)) != 0;
        const bool hovered = (option->state & State_MouseOver) != 0 && (option->state & State_Enabled) != 0;
        const bool raised = (option->state & State_AutoRaise) == 0;
        const QColor text = option->palette.windowText().color();
        const QColor ground = option->palette.window().color();
        if (raised)
            frameRounded(painter, option->rect, shades.hairline.darker(110),
                         over(ground, text,
                              on            ? 0.14
                                  : hovered ? 0.07
                                            : 0.02));
        else if (on || hovered)
            fillRounded(painter, QRectF(option->rect).adjusted(1, 1, -1, -1), over(ground, text, on ? 0.16 : 0.08));
        if ((option->state & State_HasFocus) != 0 && (option->state & State_KeyboardFocusChange) != 0)
            frameRounded(painter, option->rect, shades.accent, QBrush(Qt::NoBrush));
        return;
    }
    case PE_PanelButtonCommand: {
        const auto* button = qstyleoption_cast<const QStyleOptionButton*>(option);
        const bool enabled = (option->state & State_Enabled) != 0;
        const bool down = (option->state & (State_Sunken | State_On)) != 0;
        const bool hovered = enabled && (option->state & State_MouseOver) != 0;
        const bool isDefault =
            button != nullptr && (button->features & QStyleOptionButton::DefaultButton) != 0 && enabled;
        const QColor ground = over(option->palette.button().color(), option->palette.windowText().color(),
                                   down          ? 0.14
                                       : hovered ? 0.07
                                                 : 0.0);
        const bool focused = (option->state & State_HasFocus) != 0;
        frameRounded(painter, option->rect.adjusted(0, 1, 0, -1),
                     isDefault || focused ? shades.accent : shades.hairline.darker(115), ground);
        return;
    }
    case PE_PanelScrollAreaCorner:
        painter->fillRect(option->rect, option->palette.base());
        return;
    case PE_IndicatorDockWidgetResizeHandle:
        return;
    default:
        break;
    }
    QProxyStyle::drawPrimitive(element, option, painter, widget);
}

void Style::drawControl(ControlElement element, const QStyleOption* option, QPainter* painter,
                        const QWidget* widget) const
{
    const Shades shades = shadesOf(option->palette);
    switch (element) {
    case CE_ToolBar:
        painter->fillRect(option->rect, option->palette.window());
        painter->save();
        painter->setPen(shades.hairline);
        painter->drawLine(option->rect.bottomLeft(), option->rect.bottomRight());
        painter->restore();
        return;
    case CE_HeaderSection:
        if (const auto* header = qstyleoption_cast<const QStyleOptionHeader*>(option)) {
            drawHeaderSection(*header, painter, shades);
            return;
        }
        break;
    case CE_HeaderEmptyArea:
        painter->fillRect(option->rect, option->palette.window());
        painter->save();
        painter->setPen(shades.hairline);
        painter->drawLine(option->rect.bottomLeft(), option->rect.bottomRight());
        painter->restore();
        return;
    case CE_TabBarTabShape:
        if (const auto* tab = qstyleoption_cast<const QStyleOptionTab*>(option)) {
            drawTab(*tab, painter, shades);
            return;
        }
        break;
    case CE_DockWidgetTitle:
        if (const auto* dock = qstyleoption_cast<const QStyleOptionDockWidget*>(option)) {
            painter->save();
            QFont font = painter->font();
            font.setWeight(QFont::DemiBold);
            painter->setFont(font);
            painter->setPen(option->palette.windowText().color());
            const QRect text = subElementRect(SE_DockWidgetTitleBarText, option, widget).adjusted(6, 0, 0, 0);
            painter->drawText(text, Qt::AlignLeft | Qt::AlignVCenter,
                              painter->fontMetrics().elidedText(dock->title, Qt::ElideRight, text.width()));
            painter->restore();
            return;
        }
        break;
    case CE_ToolButtonLabel:
        if (const auto* tool = qstyleoption_cast<const QStyleOptionToolButton*>(option);
            tool != nullptr && tool->toolButtonStyle == Qt::ToolButtonTextBesideIcon) {
            QStyleOptionToolButton inset = *tool;
            inset.rect.adjust(kButtonInset, 0, 0, 0);
            QProxyStyle::drawControl(element, &inset, painter, widget);
            return;
        }
        break;
    case CE_Splitter:
        return;
    default:
        break;
    }
    QProxyStyle::drawControl(element, option, painter, widget);
}

void Style::drawComplexControl(ComplexControl control, const QStyleOptionComplex* option, QPainter* painter,
                               const QWidget* widget) const
{
    if (control == CC_ScrollBar) {
        painter->fillRect(option->rect, option->palette.base());
        const auto* slider = qstyleoption_cast<const QStyleOptionSlider*>(option);
        if (slider != nullptr && slider->maximum > slider->minimum) {
            const QRect rect = subControlRect(CC_ScrollBar, option, SC_ScrollBarSlider, widget);
            const bool held = (option->state & State_Sunken) != 0;
            const bool hovered = (option->state & State_MouseOver) != 0;
            fillRounded(painter, QRectF(rect).adjusted(3, 3, -3, -3),
                        over(option->palette.base().color(), option->palette.text().color(),
                             held          ? 0.55
                                 : hovered ? 0.42
                                           : 0.28),
                        3);
        }
        return;
    }
    if (const auto* combo = qstyleoption_cast<const QStyleOptionComboBox*>(option);
        control == CC_ComboBox && combo != nullptr && !combo->editable) {
        const Shades shades = shadesOf(option->palette);
        const bool hovered = (option->state & State_MouseOver) != 0;
        const bool focused = (option->state & State_HasFocus) != 0;
        frameRounded(
            painter, option->rect, focused ? shades.accent : shades.hairline.darker(115),
            over(option->palette.button().color(), option->palette.windowText().color(), hovered ? 0.06 : 0.0));
        const QPointF tip(option->rect.right() - 11, option->rect.center().y() + 3);
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        painter->setPen(QPen(shades.faint, 1.5));
        const QPointF arrow[] = {tip + QPointF(-4, -4), tip, tip + QPointF(4, -4)};
        painter->drawPolyline(arrow, 3);
        painter->restore();
        return;
    }
    QProxyStyle::drawComplexControl(control, option, painter, widget);
}

QIcon Style::standardIcon(StandardPixmap icon, const QStyleOption* option, const QWidget* widget) const
{
    switch (icon) {
    case SP_TitleBarCloseButton:
    case SP_DockWidgetCloseButton:
    case SP_LineEditClearButton:
        return themedIcon("close");
    case SP_TitleBarNormalButton:
        return themedIcon("float");
    default:
        return QProxyStyle::standardIcon(icon, option, widget);
    }
}

QRect Style::subElementRect(SubElement element, const QStyleOption* option, const QWidget* widget) const
{
    const QRect rect = QProxyStyle::subElementRect(element, option, widget);
    return element == SE_LineEditContents ? rect.adjusted(4, 0, -4, 0) : rect;
}

QRect Style::subControlRect(ComplexControl control, const QStyleOptionComplex* option, SubControl part,
                            const QWidget* widget) const
{
    const auto* slider = qstyleoption_cast<const QStyleOptionSlider*>(option);
    if (control != CC_ScrollBar || slider == nullptr)
        return QProxyStyle::subControlRect(control, option, part, widget);

    const bool horizontal = slider->orientation == Qt::Horizontal;
    const QRect all = slider->rect;
    const int length = horizontal ? all.width() : all.height();
    const qint64 range = qint64(slider->maximum) - slider->minimum;
    int size = length;
    if (range > 0) {
        const qint64 shown = qint64(slider->pageStep) * length / (range + slider->pageStep);
        size = static_cast<int>(std::clamp<qint64>(shown, std::min(kShortestSlider, length), length));
    }
    const int start = sliderPositionFromValue(slider->minimum, slider->maximum, slider->sliderPosition, length - size,
                                              slider->upsideDown);
    const auto strip = [&](int from, int to) {
        const QRect rect = horizontal ? QRect(all.x() + from, all.y(), to - from, all.height())
                                      : QRect(all.x(), all.y() + from, all.width(), to - from);
        return visualRect(slider->direction, all, rect);
    };
    switch (part) {
    case SC_ScrollBarGroove:
        return all;
    case SC_ScrollBarSlider:
        return strip(start, start + size);
    case SC_ScrollBarSubPage:
        return strip(0, start);
    case SC_ScrollBarAddPage:
        return strip(start + size, length);
    default:
        return {}; // no arrows
    }
}

QSize Style::sizeFromContents(ContentsType type, const QStyleOption* option, const QSize& size,
                              const QWidget* widget) const
{
    QSize result = QProxyStyle::sizeFromContents(type, option, size, widget);
    if (type == CT_HeaderSection)
        result.setHeight(std::max(result.height(), option->fontMetrics.height() + 9));
    else if (type == CT_LineEdit)
        result.setHeight(std::max(result.height(), option->fontMetrics.height() + 10));
    else if (type == CT_TabBarTab)
        result += QSize(6, 4);
    else if (type == CT_ToolButton) {
        const auto* tool = qstyleoption_cast<const QStyleOptionToolButton*>(option);
        const bool beside = tool != nullptr && tool->toolButtonStyle == Qt::ToolButtonTextBesideIcon;
        result += QSize(beside ? 2 * kButtonInset : 2, 2);
    }
    return result;
}

int Style::pixelMetric(PixelMetric metric, const QStyleOption* option, const QWidget* widget) const
{
    switch (metric) {
    case PM_ScrollBarExtent:
        return kScrollBarWidth;
    case PM_ScrollBarSliderMin:
        return kShortestSlider;
    case PM_ToolBarItemSpacing:
        return 2;
    case PM_ToolBarItemMargin:
        return 3;
    case PM_ToolBarFrameWidth:
        return 1;
    case PM_ToolBarIconSize:
        return 18;
    case PM_DockWidgetTitleMargin:
        return 5;
    case PM_DockWidgetSeparatorExtent:
    case PM_SplitterWidth:
        return 5;
    case PM_HeaderMargin:
        return 6;
    case PM_TabBarTabShiftVertical:
    case PM_TabBarTabShiftHorizontal:
    case PM_TabBarBaseOverlap:
        return 0;
    case PM_DockWidgetFrameWidth:
        return 0;
    default:
        return QProxyStyle::pixelMetric(metric, option, widget);
    }
}

int Style::styleHint(StyleHint hint, const QStyleOption* option, const QWidget* widget,
                     QStyleHintReturn* returnData) const
{
    switch (hint) {
    case SH_Table_GridLineColor:
        if (option != nullptr)
            return static_cast<int>(shadesOf(option->palette).hairline.rgb());
        break;
    case SH_ScrollBar_LeftClickAbsolutePosition:
    case SH_ItemView_ShowDecorationSelected:
        return 1;
    case SH_ItemView_ActivateItemOnSingleClick:
        return 0;
    default:
        break;
    }
    return QProxyStyle::styleHint(hint, option, widget, returnData);
}

} // namespace inspector::views
