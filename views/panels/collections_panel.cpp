#include "views/panels/collections_panel.h"

#include "views/delegates/row_delegate.h"
#include "views/models/collection_model.h"
#include "views/panels/moment_text.h"
#include "views/support/session.h"
#include "views/widgets/empty_state.h"
#include "views/widgets/moment_label.h"
#include "views/widgets/row_view.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QVBoxLayout>

#include <algorithm>

namespace inspector::views {

CollectionsPanel::CollectionsPanel(Session& session, QWidget* parent)
    : QWidget(parent)
    , m_session(session)
    , m_model(new CollectionModel(this))
    , m_moment(new MomentLabel(this))
    , m_view(new RowView(this))
    , m_empty(new EmptyState(this))
{
    setObjectName(QStringLiteral("collectionsPanel"));
    m_view->setObjectName(QStringLiteral("collectionsView"));
    m_view->setAccessibleName(tr("Collections"));
    m_view->setFrameShape(QFrame::NoFrame);
    m_view->setModel(m_model);
    m_view->setItemDelegate(new RowDelegate(m_view));
    m_view->setSelectionMode(QAbstractItemView::SingleSelection);
    m_view->setAlternatingRowColors(false);
    auto* header = m_view->horizontalHeader();
    header->setStretchLastSection(false);
    header->setSectionResizeMode(CollectionModel::NameColumn, QHeaderView::Stretch);
    m_view->setColumnWidth(CollectionModel::RowsColumn, 62);
    m_view->setColumnWidth(CollectionModel::SizeColumn, 70);
    m_view->setColumnWidth(CollectionModel::ProblemsColumn, 70);

    auto* top = new QHBoxLayout;
    top->setContentsMargins(8, 6, 8, 6);
    top->addWidget(m_moment);
    top->addStretch();
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addLayout(top);
    layout->addWidget(m_view, 1);
    layout->addWidget(m_empty, 1);
    setFocusProxy(m_view);

    connect(m_view->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            [this](const QModelIndex& current) {
                if (!m_resetting && current.isValid()) {
                    m_wanted = current.data(CollectionModel::NameRole).toString();
                    emit collectionChosen(m_wanted);
                }
            });
    connect(m_view, &RowView::activatedRow, this, &CollectionsPanel::collectionActivated);
    followSession();
    display();
}

void CollectionsPanel::followSession()
{
    connect(&m_session, &Session::snapshotChanged, this, &CollectionsPanel::display);
    connect(&m_session, &Session::snapshotCompleted, this, &CollectionsPanel::display);
    connect(&m_session, &Session::opened, this, &CollectionsPanel::display);
    connect(&m_session, &Session::closed, this, &CollectionsPanel::display);
    connect(&m_session, &Session::timelineChanged, this, [this] {
        const MomentText moment = momentText(m_session);
        m_moment->setMoment(moment.text, moment.explanation, moment.isLatest);
    });
    connect(&m_session, &Session::travelFailed, this, [this](const Error& error) {
        if (!m_session.snapshot() && error.code != ErrorCode::Cancelled) // what went wrong is said in Entries
            m_empty->say(QStringLiteral("collections"), tr("Nothing was read"), tr("Refresh (F5) tries again."));
    });
    connect(&m_session.snapshotSlot(), &JobSlot::cancelled, this, [this] {
        if (!m_session.snapshot())
            m_empty->say(QStringLiteral("stop"), tr("Stopped"), tr("Nothing was read. Refresh (F5) reads again."));
    });
}

void CollectionsPanel::display()
{
    const auto& snapshot = m_session.snapshot();
    m_resetting = true;
    m_model->setCollections(snapshot ? snapshot->collections() : std::vector<inspect::CollectionSummary> {});
    m_resetting = false;
    const bool hasProblems = snapshot
        && std::any_of(m_model->collections().begin(), m_model->collections().end(),
                       [](const auto& summary) { return summary.problems.value_or(0) != 0; });
    m_view->setColumnHidden(CollectionModel::ProblemsColumn, !hasProblems);
    const bool hasAny = m_model->rowCount() > 0;
    m_view->setVisible(hasAny);
    m_empty->setVisible(!hasAny);
    const MomentText moment = momentText(m_session);
    m_moment->setMoment(moment.text, moment.explanation, moment.isLatest);
    if (!snapshot) {
        m_empty->say(QStringLiteral("collections"),
                     m_session.isOpen() ? tr("Reading the catalog") : tr("Nothing is open"),
                     m_session.isOpen() ? tr("The collections appear when the newest moment was read.")
                                        : tr("Open a catalog file or an environment."));
        return;
    }
    if (hasAny)
        choose(m_wanted);
    else
        m_empty->say(QStringLiteral("collections"), tr("No collections"),
                     tr("This catalog holds nothing at this moment."));
}

void CollectionsPanel::choose(const QString& name)
{
    m_wanted = name;
    if (!m_session.snapshot())
        return;
    auto row = m_model->rowOf(name);
    if (!row) {
        const auto& collections = m_model->collections();
        const auto first =
            std::find_if(collections.begin(), collections.end(), [](const auto& summary) { return summary.rows != 0; });
        row = first == collections.end() ? 0 : static_cast<int>(first - collections.begin());
    }
    if (*row >= m_model->rowCount())
        return;
    const QModelIndex index = m_model->index(*row, 0);
    if (m_view->currentIndex().row() != *row)
        m_view->setCurrentIndex(index); // says collectionChosen
    else
        m_view->selectionModel()->select(index, QItemSelectionModel::ClearAndSelect | QItemSelectionModel::Rows);
}

QString CollectionsPanel::chosen() const
{
    return m_view->currentIndex().data(CollectionModel::NameRole).toString();
}

} // namespace inspector::views
