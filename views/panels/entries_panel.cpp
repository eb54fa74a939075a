#include "views/panels/entries_panel.h"

#include "views/panels/moment_text.h"
#include "views/panels/table_pane.h"
#include "views/support/format.h"
#include "views/support/session.h"
#include "views/support/settings.h"
#include "views/widgets/elided_label.h"
#include "views/widgets/filter_edit.h"
#include "views/widgets/moment_label.h"
#include "views/widgets/problem_bar.h"
#include "views/widgets/row_view.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QVBoxLayout>

namespace inspector::views {

EntriesPanel::EntriesPanel(Session& session, Settings& settings, QWidget* parent)
    : QWidget(parent)
    , m_session(session)
    , m_title(new QLabel(this))
    , m_help(new ElidedLabel(Qt::ElideRight, this))
    , m_moment(new MomentLabel(this))
    , m_pane(new TablePane(session.computing(), session.computing(), settings, this))
{
    setObjectName(QStringLiteral("entriesPanel"));
    m_title->setObjectName(QStringLiteral("entriesTitle"));
    QFont bold = m_title->font();
    bold.setPointSizeF(bold.pointSizeF() * 1.15);
    bold.setWeight(QFont::DemiBold);
    m_title->setFont(bold);
    m_help->setForegroundRole(QPalette::PlaceholderText);
    m_help->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_pane->setChoosesFirstRow(true);
    m_pane->watch(&session.snapshotSlot());
    m_pane->view().setAccessibleName(tr("Entries"));
    m_pane->filterEdit().setAccessibleName(tr("Filter entries"));

    auto* top = new QHBoxLayout;
    top->setContentsMargins(10, 8, 8, 0);
    top->setSpacing(10);
    top->addWidget(m_title);
    top->addWidget(m_help, 1);
    top->addWidget(m_moment);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addLayout(top);
    layout->addWidget(m_pane, 1);
    setFocusProxy(m_pane);

    connect(&m_session, &Session::snapshotChanged, this, &EntriesPanel::read);
    connect(&m_session, &Session::timelineChanged, this, &EntriesPanel::display);
    // The names beside ids are known now: the same rows are painted once more.
    connect(&m_session, &Session::snapshotCompleted, this, [this] { m_pane->view().viewport()->update(); });
    connect(&m_session, &Session::opened, this, &EntriesPanel::read);
    connect(&m_session, &Session::closed, this, &EntriesPanel::read);
    connect(&m_session, &Session::travelFailed, this, [this](const Error& error) {
        const bool isOffered = presentationOf(error).offer != Presentation::Offer::Nothing;
        if (!m_session.snapshot() && isOffered)
            m_pane->clear(QStringLiteral("entries"), tr("Nothing was read"), {});
        else if (!m_session.snapshot())
            m_pane->clear(QStringLiteral("problem"), problemTitle(error.code), problemText(error));
        if (m_session.snapshot() || isOffered)
            m_pane->problemBar().show(error);
    });
    connect(m_pane, &TablePane::currentRowChanged, this, &EntriesPanel::entryChanged);
    connect(m_pane, &TablePane::rowActivated, this, &EntriesPanel::entryActivated);
    connect(m_pane, &TablePane::rowsShown, this, [this] {
        display();
        emit entriesShown();
    });
    connect(&m_pane->problemBar(), &ProblemBar::offerAccepted, this, [this](Presentation::Offer offer) {
        if (offer == Presentation::Offer::NearestTime)
            m_session.travel(m_session.nearestReadable(m_session.askedMoment()));
        else if (offer != Presentation::Offer::CopyReport)
            m_session.refresh();
    });
    read();
}

void EntriesPanel::browse(const QString& collection)
{
    if (collection == m_collection)
        return;
    m_collection = collection;
    read();
}

void EntriesPanel::read()
{
    const auto& snapshot = m_session.snapshot();
    if (!snapshot && m_session.isOpen()) {
        m_pane->clear(QStringLiteral("entries"), tr("Reading the catalog"),
                      tr("Entries appear when the first moment was read."));
        display();
        return;
    }
    if (snapshot && snapshot->collections().empty()) {
        m_pane->clear(QStringLiteral("entries"),
                      m_session.overview().isInitialized ? tr("No collections") : tr("Not initialized"),
                      m_session.overview().isInitialized
                          ? tr("This moment holds nothing at all.")
                          : tr("This catalog holds nothing yet: no environment has opened it for writing."));
        display();
        return;
    }
    if (!snapshot || m_collection.isEmpty()) {
        m_pane->clear(QStringLiteral("entries"),
                      m_session.isOpen() ? tr("No collection is chosen") : tr("Nothing is open"),
                      m_session.isOpen() ? tr("Choose one in Collections to see its entries.")
                                         : tr("Open a catalog file or an environment."));
        display();
        return;
    }
    m_pane->setNoRows(tr("No entries"),
                      snapshot->moment().kind == inspect::Moment::Kind::Latest
                          ? tr("This collection is empty at the latest moment.")
                          : tr("This collection was empty at this moment. %1.").arg(formatMoment(snapshot->moment())));
    m_pane->load(tr("Reading %1").arg(m_collection), m_collection,
                 [snapshot, name = utf8Of(m_collection)](const Job& job) -> Result<inspect::TablePtr> {
                     INSPECTOR_CHECK(job.step(0, 0));
                     return snapshot->entries(name);
                 });
    display();
}

void EntriesPanel::display()
{
    const auto& snapshot = m_session.snapshot();
    QString title = m_collection;
    QString help;
    if (snapshot) {
        const std::string name = utf8Of(m_collection);
        for (const auto& summary : snapshot->collections()) {
            if (summary.name == name) {
                title = textOf(summary.title);
                help = textOf(summary.help);
            }
        }
    }
    m_title->setText(title.isEmpty() || !snapshot ? tr("Entries") : title);
    m_help->setText(help);
    const MomentText moment = momentText(m_session);
    m_moment->setMoment(moment.text, moment.explanation, moment.isLatest);
}

} // namespace inspector::views
