#include "views/widgets/empty_state.h"

#include "views/support/theme.h"

#include <QEvent>
#include <QLabel>
#include <QVBoxLayout>

namespace inspector::views {

EmptyState::EmptyState(QWidget* parent)
    : QWidget(parent)
    , m_icon(new QLabel(this))
    , m_title(new QLabel(this))
    , m_explanation(new QLabel(this))
{
    setObjectName(QStringLiteral("emptyState"));
    setAutoFillBackground(true);
    setBackgroundRole(QPalette::Base);
    m_title->setObjectName(QStringLiteral("emptyTitle"));
    m_title->setAlignment(Qt::AlignCenter);
    m_title->setWordWrap(true);
    QFont font = m_title->font();
    font.setWeight(QFont::DemiBold);
    m_title->setFont(font);
    m_explanation->setAlignment(Qt::AlignCenter);
    m_explanation->setWordWrap(true);
    m_explanation->setForegroundRole(QPalette::PlaceholderText);
    m_explanation->setMinimumWidth(60);
    m_title->setMinimumWidth(60);
    for (auto* label : {m_title, m_explanation})
        label->setTextFormat(Qt::PlainText);

    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(20, 16, 20, 16);
    layout->setSpacing(6);
    layout->addStretch(2);
    layout->addWidget(m_icon, 0, Qt::AlignHCenter);
    layout->addWidget(m_title);
    layout->addWidget(m_explanation);
    layout->addStretch(3);
}

void EmptyState::say(const QString& icon, const QString& title, const QString& explanation)
{
    m_name = icon;
    m_title->setText(title);
    m_explanation->setText(explanation);
    m_explanation->setVisible(!explanation.isEmpty());
    tint();
}

QString EmptyState::title() const
{
    return m_title->text();
}

void EmptyState::tint()
{
    if (!m_name.isEmpty())
        m_icon->setPixmap(tintedPixmap(m_name, 36, shadesOf(palette()).faint, devicePixelRatioF()));
}

void EmptyState::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        tint();
}

} // namespace inspector::views
