#include "views/panels/welcome_panel.h"

#include "views/support/format.h"
#include "views/support/session.h"
#include "views/support/settings.h"
#include "views/support/theme.h"
#include "views/widgets/problem_bar.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QListWidget>
#include <QPushButton>
#include <QVBoxLayout>

namespace inspector::views {

namespace {

QPushButton* makeButton(const char* icon, const QString& text, const QString& tip, const QString& name, QWidget* parent)
{
    auto* button = new QPushButton(themedIcon(icon), text, parent);
    button->setObjectName(name);
    button->setToolTip(tip);
    button->setIconSize({20, 20});
    button->setMinimumHeight(40);
    button->setMinimumWidth(170);
    button->setAutoDefault(true);
    return button;
}

} // namespace

WelcomePanel::WelcomePanel(Session& session, Settings& settings, QWidget* parent)
    : QWidget(parent)
    , m_session(session)
    , m_settings(settings)
    , m_recent(new QListWidget(this))
    , m_recentTitle(new QLabel(tr("&Recent"), this))
    , m_problem(new ProblemBar(this))
{
    setObjectName(QStringLiteral("welcomePanel"));
    auto* icon = new QLabel(this);
    icon->setPixmap(programIcon().pixmap(QSize(72, 72), devicePixelRatioF()));
    auto* title = new QLabel(tr("Catalog Inspector"), this);
    QFont large = title->font();
    large.setPointSizeF(large.pointSizeF() * 1.9);
    large.setWeight(QFont::DemiBold);
    title->setFont(large);
    auto* promise = new QLabel(tr("Reads the durable catalog of a Materialize environment, at any moment that it still "
                                  "remembers.\nNothing is ever written."),
                               this);
    promise->setForegroundRole(QPalette::PlaceholderText);
    promise->setAlignment(Qt::AlignCenter);
    promise->setWordWrap(true);

    auto* file = makeButton("open-file", tr("Open Catalog &File…"), tr("Open a .mzcat file for reading"),
                            QStringLiteral("openFileButton"), this);
    auto* url = makeButton("open-url", tr("Open by &URL…"), tr("Read an environment from its stores"),
                           QStringLiteral("openUrlButton"), this);
    auto* demo =
        makeButton("demo", tr("Open &Demo"), tr("Open a copy of the small catalog that comes with the program"),
                   QStringLiteral("openDemoButton"), this);
    connect(file, &QPushButton::clicked, this, &WelcomePanel::openFileRequested);
    connect(url, &QPushButton::clicked, this, &WelcomePanel::openUrlRequested);
    connect(demo, &QPushButton::clicked, this, &WelcomePanel::openDemoRequested);

    auto* buttons = new QHBoxLayout;
    buttons->setSpacing(10);
    buttons->addWidget(file);
    buttons->addWidget(url);
    buttons->addWidget(demo);

    m_recent->setObjectName(QStringLiteral("recentList"));
    m_recent->setAccessibleName(tr("Recent catalogs"));
    m_recent->setMaximumHeight(210);
    m_recent->setIconSize({18, 18});
    m_recent->setSpacing(1);
    m_recent->setTextElideMode(Qt::ElideMiddle);
    m_recent->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_recentTitle->setBuddy(m_recent);
    connect(m_recent, &QListWidget::itemActivated, this, [this](const QListWidgetItem* item) {
        const auto row = static_cast<std::size_t>(m_recent->row(item));
        if (row < m_places.size())
            emit placeChosen(m_places[row]);
    });
    connect(m_recent, &QListWidget::itemClicked, m_recent, &QListWidget::itemActivated);

    auto* hint = new QLabel(tr("A .mzcat file can also be dropped onto this window."), this);
    hint->setForegroundRole(QPalette::PlaceholderText);
    auto* column = new QWidget(this);
    column->setMaximumWidth(640);
    auto* columnLayout = new QVBoxLayout(column);
    columnLayout->setSpacing(10);
    columnLayout->addWidget(icon, 0, Qt::AlignHCenter);
    columnLayout->addWidget(title, 0, Qt::AlignHCenter);
    columnLayout->addWidget(promise);
    columnLayout->addSpacing(10);
    columnLayout->addLayout(buttons);
    columnLayout->addWidget(hint, 0, Qt::AlignHCenter);
    columnLayout->addSpacing(6);
    columnLayout->addWidget(m_recentTitle);
    columnLayout->addWidget(m_recent);

    auto* middle = new QHBoxLayout;
    middle->addStretch(1);
    middle->addWidget(column, 10);
    middle->addStretch(1);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_problem);
    layout->addStretch(2);
    layout->addLayout(middle);
    layout->addStretch(3);

    connect(&session, &Session::opening, m_problem, &ProblemBar::clear);
    connect(&session, &Session::openFailed, m_problem, [this](const Error& error) { m_problem->show(error); });
    connect(m_problem, &ProblemBar::offerAccepted, this, [&session](Presentation::Offer offer) {
        if (offer == Presentation::Offer::Retry || offer == Presentation::Offer::Reread)
            session.retryOpen();
    });
    displayRecent();
}

void WelcomePanel::displayRecent()
{
    m_places = recentPlaces(m_settings);
    m_recent->clear();
    for (const auto& place : m_places) {
        const QString where =
            place.isFile ? place.consensusUrl : QStringLiteral("%1 + %2").arg(place.consensusUrl, place.blobUrl);
        auto* item =
            new QListWidgetItem(themedIcon(place.isFile ? "recent" : "open-url"),
                                place.isFile ? QStringLiteral("%1  —  %2").arg(place.name, where) : where, m_recent);
        item->setToolTip(where);
    }
    m_recent->setVisible(!m_places.empty());
    m_recentTitle->setVisible(!m_places.empty());
}

} // namespace inspector::views
