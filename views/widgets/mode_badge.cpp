#include "views/widgets/mode_badge.h"

#include "views/support/theme.h"

#include <QPainter>

namespace inspector::views {

namespace {

constexpr int kIcon = 15;
constexpr int kMargin = 9;

} // namespace

ModeBadge::ModeBadge(QWidget* parent)
    : QWidget(parent)
{
    setObjectName(QStringLiteral("modeBadge"));
    setAccessibleName(tr("Mode: read-only"));
    setToolTip(tr("Read-only: nothing is ever written to the stores. Activity lists all that was sent."));
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
}

QString ModeBadge::text()
{
    return tr("Read-only");
}

QSize ModeBadge::sizeHint() const
{
    return {fontMetrics().horizontalAdvance(text()) + kIcon + 5 + 2 * kMargin, fontMetrics().height() + 8};
}

void ModeBadge::paintEvent(QPaintEvent*)
{
    const Shades shades = shadesOf(palette());
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    QColor ground = shades.good;
    ground.setAlphaF(0.12F);
    painter.setPen(shades.good);
    painter.setBrush(ground);
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4);
    painter.drawPixmap(kMargin, (height() - kIcon) / 2,
                       tintedPixmap(QStringLiteral("lock"), kIcon, shades.good, devicePixelRatioF()));
    painter.setPen(shades.good);
    painter.drawText(rect().adjusted(kMargin + kIcon + 5, 0, -kMargin, 0), Qt::AlignVCenter | Qt::AlignLeft, text());
}

} // namespace inspector::views
