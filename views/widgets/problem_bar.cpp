#include "views/widgets/problem_bar.h"

#include "views/support/format.h"
#include "views/support/theme.h"

#include <QApplication>
#include <QClipboard>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QToolButton>

namespace inspector::views {

ProblemBar::ProblemBar(QWidget* parent)
    : QFrame(parent)
    , m_icon(new QLabel(this))
    , m_title(new QLabel(this))
    , m_text(new QLabel(this))
    , m_button(new QToolButton(this))
    , m_dismiss(new QToolButton(this))
{
    setObjectName(QStringLiteral("problemBar"));
    m_text->setObjectName(QStringLiteral("problemText"));
    m_text->setWordWrap(true);
    m_text->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    m_text->setTextFormat(Qt::PlainText);
    m_text->setAccessibleName(tr("Problem"));
    QFont bold = m_title->font();
    bold.setBold(true);
    m_title->setFont(bold);
    m_button->setObjectName(QStringLiteral("problemOfferButton"));
    m_dismiss->setAutoRaise(true);
    m_dismiss->setIcon(themedIcon("close"));
    m_dismiss->setToolTip(tr("Dismiss"));
    m_dismiss->setAccessibleName(tr("Dismiss"));

    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(10, 6, 6, 6);
    layout->setSpacing(8);
    layout->addWidget(m_icon);
    layout->addWidget(m_title);
    layout->addWidget(m_text, 1);
    layout->addWidget(m_button);
    layout->addWidget(m_dismiss);

    connect(m_button, &QToolButton::clicked, this, [this] {
        if (m_offer == Presentation::Offer::CopyReport)
            QApplication::clipboard()->setText(m_report);
        emit offerAccepted(m_offer);
    });
    connect(m_dismiss, &QToolButton::clicked, this, &ProblemBar::clear);
    tint();
    hide();
}

void ProblemBar::show(const Error& error)
{
    const Presentation presentation = presentationOf(error);
    if (presentation.place == Presentation::Place::Nowhere)
        return;
    m_offer = presentation.offer;
    m_report = problemReport(error);
    m_title->setText(problemTitle(error.code));
    m_text->setText(problemText(error));
    m_text->setToolTip(textOf(error.describe()));
    m_button->setText(offerText(m_offer));
    m_button->setVisible(m_offer != Presentation::Offer::Nothing);
    setVisible(true);
}

void ProblemBar::clear()
{
    setVisible(false);
    m_text->clear();
    m_offer = Presentation::Offer::Nothing;
}

QString ProblemBar::text() const
{
    return m_text->text();
}

void ProblemBar::tint()
{
    const Shades shades = shadesOf(palette());
    m_icon->setPixmap(tintedPixmap(QStringLiteral("problem"), 18, shades.danger, devicePixelRatioF()));
}

void ProblemBar::changeEvent(QEvent* event)
{
    QFrame::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        tint();
}

void ProblemBar::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const Shades shades = shadesOf(palette());
    painter.fillRect(rect(), shades.dangerGround);
    painter.fillRect(QRect(0, 0, 3, height()), shades.danger);
    painter.setPen(shades.hairline);
    painter.drawLine(rect().bottomLeft(), rect().bottomRight());
}

} // namespace inspector::views
