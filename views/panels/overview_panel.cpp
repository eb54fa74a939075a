#include "views/panels/overview_panel.h"

#include "views/delegates/row_delegate.h"
#include "views/models/detail_model.h"
#include "views/support/format.h"
#include "views/support/session.h"
#include "views/support/theme.h"
#include "views/widgets/busy_bar.h"
#include "views/widgets/elided_label.h"
#include "views/widgets/empty_state.h"
#include "views/widgets/problem_bar.h"

#include <QDateTime>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QStackedLayout>
#include <QTimer>
#include <QToolButton>
#include <QTreeView>
#include <QVBoxLayout>

namespace inspector::views {

namespace {

/// Builds the lines of the tree: groups with facts below them.
class Lines
{
public:
    void group(const QString& name) { m_lines.push_back({0, utf8Of(name), {}, {}, false}); }
    void fact(const QString& name, const QString& value, const QString& meaning = {})
    {
        m_lines.push_back({1, utf8Of(name), utf8Of(value), utf8Of(meaning), false});
    }
    [[nodiscard]] std::vector<inspect::TreeLine> take() { return std::move(m_lines); }

private:
    std::vector<inspect::TreeLine> m_lines;
};

template <typename Number>
QString numberOr(const std::optional<Number>& number, const QString& otherwise)
{
    return number ? QString::number(*number) : otherwise;
}

QString yesNo(const std::optional<bool>& value)
{
    return !value ? OverviewPanel::tr("not set") : *value ? OverviewPanel::tr("yes") : OverviewPanel::tr("no");
}

std::vector<inspect::TreeLine> linesOf(const inspect::Overview& overview)
{
    const QString unknown = OverviewPanel::tr("unknown");
    Lines lines;
    lines.group(OverviewPanel::tr("Identity"));
    if (!overview.environmentId.empty())
        lines.fact(OverviewPanel::tr("Environment"), textOf(overview.environmentId));
    lines.fact(OverviewPanel::tr("Organization"),
               overview.organizationId.empty() ? unknown : textOf(overview.organizationId));
    lines.fact(OverviewPanel::tr("Shard"), textOf(overview.shardId), OverviewPanel::tr("of the catalog"));
    lines.fact(OverviewPanel::tr("Consensus"), textOf(overview.consensus), OverviewPanel::tr("orders the versions"));
    lines.fact(OverviewPanel::tr("Blob"), textOf(overview.blob), OverviewPanel::tr("holds the parts"));

    lines.group(OverviewPanel::tr("Fence token"));
    lines.fact(OverviewPanel::tr("Deploy generation"), numberOr(overview.deployGeneration, OverviewPanel::tr("none")),
               OverviewPanel::tr("counts deployments; compared first"));
    lines.fact(OverviewPanel::tr("Epoch"), numberOr(overview.epoch, OverviewPanel::tr("none")),
               OverviewPanel::tr("counts opens for writing"));

    lines.group(OverviewPanel::tr("Time"));
    lines.fact(OverviewPanel::tr("Since"), formatTime(overview.since),
               OverviewPanel::tr("earliest time that reads exactly"));
    lines.fact(OverviewPanel::tr("Upper"), formatTime(overview.upper),
               OverviewPanel::tr("not written yet from here on"));
    lines.fact(OverviewPanel::tr("Seqno"), formatSeqno(overview.seqno),
               OverviewPanel::tr("newest state that was read"));
    lines.fact(OverviewPanel::tr("Earliest seqno"), formatSeqno(overview.earliestSeqno),
               OverviewPanel::tr("oldest state that can be rebuilt"));
    lines.fact(OverviewPanel::tr("Written at"), formatUtc(overview.walltimeMs),
               OverviewPanel::tr("by the writer's clock"));
    lines.fact(OverviewPanel::tr("Written by"), textOf(overview.hostname));

    lines.group(OverviewPanel::tr("Versions"));
    lines.fact(OverviewPanel::tr("Catalog version"), numberOr(overview.catalogVersion, unknown),
               OverviewPanel::tr("how rows are encoded"));
    lines.fact(OverviewPanel::tr("Content version"),
               overview.contentVersion.empty() ? OverviewPanel::tr("not set") : textOf(overview.contentVersion),
               OverviewPanel::tr("release that last migrated the content"));
    lines.fact(OverviewPanel::tr("Applier version"), textOf(overview.applierVersion),
               OverviewPanel::tr("release that wrote the state"));

    lines.group(OverviewPanel::tr("Set up"));
    lines.fact(OverviewPanel::tr("Initialized"), yesNo(overview.isInitialized));
    lines.fact(OverviewPanel::tr("System config synced once"), yesNo(overview.systemConfigSyncedOnce));
    lines.fact(OverviewPanel::tr("Zero-downtime deployment"), yesNo(overview.enable0dtDeployment));
    lines.fact(OverviewPanel::tr("Zero-downtime longest wait"),
               overview.zeroDowntimeMaxWaitMs
                   ? formatDuration(static_cast<std::int64_t>(*overview.zeroDowntimeMaxWaitMs) * 1000)
                   : OverviewPanel::tr("not set"));
    lines.fact(OverviewPanel::tr("Panic after that wait"), yesNo(overview.zeroDowntimePanicAfterTimeout));

    std::string group;
    for (const auto& fact : overview.handles) {
        if (fact.group != group) {
            lines.group(textOf(fact.group));
            group = fact.group;
        }
        lines.fact(textOf(fact.name), textOf(fact.value));
    }
    return lines.take();
}

} // namespace

OverviewPanel::OverviewPanel(Session& session, QWidget* parent)
    : QWidget(parent)
    , m_session(session)
    , m_model(new DetailModel(this))
    , m_title(new ElidedLabel(Qt::ElideMiddle, this))
    , m_subtitle(new QLabel(this))
    , m_freshness(new QLabel(this))
    , m_warnings(new QToolButton(this))
    , m_problem(new ProblemBar(this))
    , m_view(new QTreeView(this))
    , m_empty(new EmptyState(this))
    , m_busy(new BusyBar(this))
    , m_clock(new QTimer(this))
{
    setObjectName(QStringLiteral("overviewPanel"));
    m_title->setObjectName(QStringLiteral("overviewTitle"));
    QFont bold = m_title->font();
    bold.setPointSizeF(bold.pointSizeF() * 1.15);
    bold.setWeight(QFont::DemiBold);
    m_title->setFont(bold);
    for (auto* label : {m_subtitle, m_freshness}) {
        label->setTextFormat(Qt::PlainText);
        label->setWordWrap(true);
        label->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    }
    m_subtitle->setForegroundRole(QPalette::PlaceholderText);
    m_freshness->setForegroundRole(QPalette::PlaceholderText);
    m_warnings->setObjectName(QStringLiteral("overviewWarnings"));
    m_warnings->setIcon(themedIcon("warning"));
    m_warnings->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_warnings->setToolTip(tr("List what is odd about this catalog or could not be read"));
    m_view->setObjectName(QStringLiteral("overviewView"));
    m_view->setAccessibleName(tr("Overview"));
    m_view->setModel(m_model);
    m_view->setItemDelegate(new RowDelegate(m_view));
    m_view->setFrameShape(QFrame::NoFrame);
    m_view->setUniformRowHeights(true);
    m_view->setAlternatingRowColors(true);
    m_view->setIndentation(12);
    m_view->header()->setStretchLastSection(true);

    auto* head = new QVBoxLayout;
    head->setContentsMargins(10, 8, 8, 8);
    head->setSpacing(3);
    head->addWidget(m_title);
    head->addWidget(m_subtitle);
    head->addWidget(m_freshness);
    head->addWidget(m_warnings, 0, Qt::AlignLeft);
    auto* page = new QWidget(this);
    auto* pageLayout = new QVBoxLayout(page);
    pageLayout->setContentsMargins(0, 0, 0, 0);
    pageLayout->setSpacing(0);
    pageLayout->addLayout(head);
    pageLayout->addWidget(m_problem);
    pageLayout->addWidget(m_view, 1);
    m_stack = new QStackedLayout;
    m_stack->addWidget(page);
    m_stack->addWidget(m_empty);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addLayout(m_stack, 1);
    layout->addWidget(m_busy);
    setFocusProxy(m_view);
    m_empty->say(QStringLiteral("overview"), tr("Nothing is open"), tr("Open a catalog file or an environment."));

    m_clock->setInterval(10'000);
    connect(m_clock, &QTimer::timeout, this, &OverviewPanel::showFreshness);
    connect(m_warnings, &QToolButton::clicked, this, &OverviewPanel::warningsRequested);
    for (const auto signal : {&Session::overviewChanged, &Session::snapshotChanged, &Session::closed})
        connect(&m_session, signal, this, &OverviewPanel::display);
    connect(&m_session, &Session::refreshFailed, m_problem, [this](const Error& error) { m_problem->show(error); });
    connect(m_problem, &ProblemBar::offerAccepted, this, [this](Presentation::Offer offer) {
        if (offer != Presentation::Offer::CopyReport)
            m_session.refresh();
    });
    display();
}

void OverviewPanel::display()
{
    m_stack->setCurrentIndex(m_session.isOpen() ? 0 : 1);
    if (!m_session.isOpen()) {
        m_clock->stop();
        return;
    }
    m_problem->clear();
    const inspect::Overview& overview = m_session.overview();
    m_title->setText(!overview.environmentId.empty() ? textOf(overview.environmentId) : m_session.place().name);
    QStringList facts;
    if (!overview.isInitialized)
        facts << tr("not initialized");
    if (overview.deployGeneration && overview.epoch)
        facts << tr("generation %1, epoch %2").arg(*overview.deployGeneration).arg(*overview.epoch);
    if (overview.catalogVersion)
        facts << tr("catalog version %1").arg(*overview.catalogVersion);
    facts << tr("head %1").arg(formatSeqno(overview.seqno));
    m_subtitle->setText(facts.join(QStringLiteral(" · ")));
    const auto warnings = m_session.warnings();
    m_warnings->setVisible(!warnings.empty());
    m_warnings->setText(warnings.size() == 1 ? tr("1 warning") : tr("%1 warnings").arg(warnings.size()));
    m_model->setLines(linesOf(overview));
    m_view->expandAll();
    m_view->setColumnWidth(DetailModel::NameColumn, 150);
    m_view->setColumnWidth(DetailModel::ValueColumn, 290);
    showFreshness();
    m_clock->start();
}

void OverviewPanel::showFreshness()
{
    const auto written = m_session.overview().walltimeMs;
    const qint64 age = QDateTime::currentMSecsSinceEpoch() - written;
    m_freshness->setText(written <= 0 ? QString()
                             : age < 0
                             ? tr("State written at %1, ahead of this computer's clock").arg(formatUtc(written))
                             : tr("State written %1 ago").arg(formatAge(age)));
}

} // namespace inspector::views
