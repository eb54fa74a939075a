#include "views/widgets/moment_label.h"

#include "views/support/theme.h"

#include <QPainter>

namespace inspector::views {

MomentLabel::MomentLabel(QWidget* parent)
    : QLabel(parent)
{
    setObjectName(QStringLiteral("momentLabel"));
    setTextFormat(Qt::PlainText);
    setContentsMargins(8, 2, 8, 2);
    setSizePolicy(QSizePolicy::Maximum, QSizePolicy::Fixed);
    setAccessibleName(tr("Moment shown"));
}

void MomentLabel::setMoment(const QString& text, const QString& explanation, bool isLatest)
{
    m_isLatest = isLatest;
    setText(text);
    setToolTip(explanation);
    setVisible(!text.isEmpty());
    update();
}

QSize MomentLabel::minimumSizeHint() const
{
    return {40, sizeHint().height()};
}

void MomentLabel::paintEvent(QPaintEvent*)
{
    const Shades shades = shadesOf(palette());
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(m_isLatest ? shades.hairline : shades.caution);
    painter.setBrush(m_isLatest ? palette().window() : QBrush(shades.cautionGround));
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4);
    painter.setPen(m_isLatest ? palette().color(QPalette::WindowText) : shades.caution);
    painter.drawText(contentsRect(), Qt::AlignCenter | Qt::TextSingleLine,
                     fontMetrics().elidedText(text(), Qt::ElideRight, contentsRect().width()));
}

} // namespace inspector::views
