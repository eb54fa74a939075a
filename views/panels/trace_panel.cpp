#include "views/panels/trace_panel.h"

#include "views/panels/table_pane.h"
#include "views/support/format.h"
#include "views/support/session.h"
#include "views/support/settings.h"
#include "views/widgets/filter_edit.h"
#include "views/widgets/moment_label.h"
#include "views/widgets/problem_bar.h"
#include "views/widgets/row_view.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QVBoxLayout>

namespace inspector::views {

namespace {

enum Form { RawForm, ConsolidatedForm };

const QString kFollow = QStringLiteral("\x01"); // no collection has this name

} // namespace

TracePanel::TracePanel(Session& session, Settings& settings, QWidget* parent)
    : QWidget(parent)
    , m_session(session)
    , m_collection(new QComboBox(this))
    , m_form(new QComboBox(this))
    , m_note(new QLabel(this))
    , m_moment(new MomentLabel(this))
    , m_pane(new TablePane(session.reading(), session.computing(), settings, this))
{
    setObjectName(QStringLiteral("tracePanel"));
    buildTools();
    m_pane->setFirstColumns({QStringLiteral("time"), QStringLiteral("diff")});
    m_pane->view().setAccessibleName(tr("Updates"));
    m_pane->filterEdit().setAccessibleName(tr("Filter updates"));
    m_pane->setNoRows(tr("No updates"), tr("No batch remembers an update of this collection."));
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_pane);
    setFocusProxy(m_pane);

    connect(m_pane, &TablePane::currentRowChanged, this, &TracePanel::updateChanged);
    connect(&m_session, &Session::overviewChanged, this, &TracePanel::invalidate);
    connect(&m_session, &Session::closed, this, &TracePanel::invalidate);
    connect(&m_session, &Session::snapshotChanged, this, &TracePanel::displayCollections);
    connect(&m_pane->problemBar(), &ProblemBar::offerAccepted, this, [this](Presentation::Offer offer) {
        if (offer != Presentation::Offer::CopyReport)
            invalidate();
    });
    invalidate();
}

void TracePanel::buildTools()
{
    m_collection->setObjectName(QStringLiteral("traceCollectionCombo"));
    m_collection->setAccessibleName(tr("Collection of the trace"));
    m_collection->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    m_collection->addItem(tr("Chosen collection"), kFollow);
    m_collection->addItem(tr("All collections"), QString());
    m_form->setObjectName(QStringLiteral("traceFormCombo"));
    m_form->setAccessibleName(tr("Form of the trace"));
    m_form->addItem(tr("As it happened"));
    m_form->addItem(tr("Consolidated"));
    m_form->setItemData(RawForm, tr("Every update that the batches still remember, each at its time"), Qt::ToolTipRole);
    m_form->setItemData(ConsolidatedForm, tr("Sums of equal rows at the newest time: this is no history"),
                        Qt::ToolTipRole);
    m_note->setForegroundRole(QPalette::PlaceholderText);
    m_pane->addTool(m_moment);
    m_pane->addTool(m_collection);
    m_pane->addTool(m_form);
    connect(m_collection, qOverload<int>(&QComboBox::activated), this, &TracePanel::invalidate);
    connect(m_form, qOverload<int>(&QComboBox::activated), this, &TracePanel::invalidate);
}

void TracePanel::displayCollections()
{
    if (!m_session.snapshot())
        return;
    const QString chosen = m_collection->currentData().toString();
    const QSignalBlocker quiet(m_collection);
    while (m_collection->count() > 2)
        m_collection->removeItem(2);
    for (const auto& summary : m_session.snapshot()->collections())
        m_collection->addItem(textOf(summary.title), textOf(summary.name));
    m_collection->setCurrentIndex(std::max(0, m_collection->findData(chosen)));
}

void TracePanel::follow(const QString& collection)
{
    if (collection == m_followed)
        return;
    m_followed = collection;
    if (m_collection->currentData().toString() == kFollow)
        invalidate();
}

void TracePanel::setSeen(bool seen)
{
    m_isSeen = seen;
    readIfSeen();
}

void TracePanel::invalidate()
{
    m_isStale = true;
    if (!m_session.isOpen()) {
        m_pane->clear(QStringLiteral("trace"), tr("Nothing is open"), tr("Open a catalog file or an environment."));
        m_moment->setMoment({}, {}, true);
        return;
    }
    readIfSeen();
}

void TracePanel::readIfSeen()
{
    if (!m_isStale || !m_isSeen || !m_session.isOpen())
        return;
    m_isStale = false;
    inspect::TraceOptions options;
    const QString wanted = m_collection->currentData().toString();
    options.collection = utf8Of(wanted == kFollow ? m_followed : wanted);
    options.consolidated = m_form->currentIndex() == ConsolidatedForm;
    const QString name = options.collection.empty() ? tr("every collection") : textOf(options.collection);
    const auto& overview = m_session.overview();
    m_moment->setMoment(
        options.consolidated
            ? tr("Sums at the newest time · no history")
            : tr("History up to upper %1").arg(overview.upper ? formatShortTime(*overview.upper) : tr("none")),
        options.consolidated
            ? tr("Equal rows are summed and all stand at the newest time. This says nothing about when.")
            : tr("Every update that the batches still remember. A time written as ≤ 41 was rounded up "
                 "by compaction: the commit was at or before it."),
        true);
    m_pane->load(
        tr("Reading the trace of %1").arg(name), QStringLiteral("trace/%1").arg(textOf(options.collection)),
        [inspector = m_session.inspector(), options](const Job& job) { return inspector->trace(options, job); });
}

} // namespace inspector::views
