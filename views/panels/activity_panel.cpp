#include "views/panels/activity_panel.h"

#include "views/delegates/row_delegate.h"
#include "views/support/format.h"
#include "views/support/session.h"
#include "views/support/theme.h"
#include "views/widgets/empty_state.h"
#include "views/widgets/row_view.h"

#include <QApplication>
#include <QClipboard>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QScrollBar>
#include <QTimer>
#include <QToolButton>
#include <QVBoxLayout>

#include <map>

namespace inspector::views {

namespace {

constexpr int kPollMs = 500;

struct ActivityAnswer
{
    std::vector<store::Activity> entries;
    store::ActivityLog::Totals totals;
};

} // namespace

ActivityPanel::ActivityPanel(Session& session, QWidget* parent)
    : QWidget(parent)
    , m_session(session)
    , m_load(new JobSlot(session.computing(), this))
    , m_model(new ListTableModel<store::Activity>(this))
    , m_summary(new QLabel(this))
    , m_again(new QToolButton(this))
    , m_copy(new QToolButton(this))
    , m_view(new RowView(this))
    , m_empty(new EmptyState(this))
    , m_timer(new QTimer(this))
{
    setObjectName(QStringLiteral("activityPanel"));
    using store::Activity;
    m_model->setColumns({
        {tr("No."), [](const Activity& activity) { return formatCount(activity.number); }, true},
        {tr("Sent at"), [](const Activity& activity) { return formatUtc(activity.walltimeMs); }},
        {tr("Statement"), [](const Activity& activity) { return oneLine(std::string_view(activity.statement)); }, false,
         [](const Activity& activity) { return textOf(activity.statement); }},
        {tr("Parameters"), [](const Activity& activity) { return oneLine(std::string_view(activity.parameters)); }},
        {tr("Took"), [](const Activity& activity) { return formatDuration(activity.duration.count()); }, true},
        {tr("Rows"), [](const Activity& activity) { return formatCount(activity.rows); }, true},
        {tr("Received"), [](const Activity& activity) { return formatSize(activity.bytes); }, true},
        {tr("Store"), [](const Activity& activity) { return textOf(activity.store); }},
        {tr("Error"), [](const Activity& activity) { return oneLine(std::string_view(activity.error)); }},
    });
    m_model->setMarks({}, [](const Activity& activity) { return !activity.error.empty(); });
    buildLayout();
    m_timer->setInterval(kPollMs);
    connect(m_timer, &QTimer::timeout, this, &ActivityPanel::poll);
    connect(&m_session, &Session::opened, this, &ActivityPanel::restart);
    connect(&m_session, &Session::closed, this, &ActivityPanel::restart);
    connect(&m_session, &Session::overviewChanged, this, &ActivityPanel::showTotals);
    connect(&m_session, &Session::busyChanged, this, &ActivityPanel::poll);
    connect(m_again, &QToolButton::clicked, &m_session, &Session::refresh);
    connect(m_copy, &QToolButton::clicked, this, [this] { QApplication::clipboard()->setText(receipt()); });
    restart();
}

void ActivityPanel::buildLayout()
{
    m_summary->setObjectName(QStringLiteral("activitySummary"));
    m_summary->setTextFormat(Qt::PlainText);
    m_summary->setWordWrap(true);
    m_again->setObjectName(QStringLiteral("receiptAgainButton"));
    m_again->setText(tr("Check Head Again"));
    m_again->setToolTip(tr("Read the newest state again and compare its seqno with the one at opening"));
    m_again->setIcon(themedIcon("refresh"));
    m_again->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_copy->setObjectName(QStringLiteral("copyReceiptButton"));
    m_copy->setText(tr("Copy Receipt"));
    m_copy->setToolTip(tr("Copy what was read, from where, and the head before and after"));
    m_copy->setIcon(themedIcon("copy"));
    m_copy->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_view->setObjectName(QStringLiteral("activityView"));
    m_view->setAccessibleName(tr("Statements and requests"));
    m_view->setFrameShape(QFrame::NoFrame);
    m_view->setModel(m_model);
    m_view->setItemDelegate(new RowDelegate(m_view));
    const int widths[] = {52, 190, 420, 240, 70, 60, 80, 220, 160};
    for (int column = 0; column < static_cast<int>(std::size(widths)); ++column)
        m_view->setColumnWidth(column, widths[column]);

    auto* top = new QHBoxLayout;
    top->setContentsMargins(10, 6, 8, 6);
    top->setSpacing(6);
    top->addWidget(m_summary, 1);
    top->addWidget(m_again);
    top->addWidget(m_copy);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addLayout(top);
    layout->addWidget(m_view, 1);
    layout->addWidget(m_empty, 1);
    setFocusProxy(m_view);
}

void ActivityPanel::restart()
{
    m_load->cancel();
    m_last = 0;
    m_totals = {};
    m_model->setRows({});
    const bool isOpen = m_session.isOpen();
    m_view->setVisible(isOpen);
    m_empty->setVisible(!isOpen);
    m_again->setEnabled(isOpen);
    m_copy->setEnabled(isOpen);
    m_empty->say(QStringLiteral("activity"), tr("Nothing was sent"), tr("No store is open."));
    showTotals();
    poll();
}

void ActivityPanel::setSeen(bool seen)
{
    m_isSeen = seen;
    if (!seen) {
        m_timer->stop();
        return;
    }
    m_timer->start();
    poll();
}

void ActivityPanel::poll()
{
    if (!m_session.isOpen() || !m_isSeen || m_load->isBusy())
        return;
    m_load->ask(
        tr("Reading the activity log"),
        [inspector = m_session.inspector(), last = m_last](const Job&) -> Result<ActivityAnswer> {
            return ActivityAnswer {inspector->activity().since(last), inspector->activity().totals()};
        },
        [this](Result<ActivityAnswer>&& answer) {
            if (!answer)
                return;
            m_totals = answer->totals;
            if (!answer->entries.empty()) {
                m_last = answer->entries.back().number;
                auto* bar = m_view->verticalScrollBar();
                const bool atEnd = bar->value() == bar->maximum();
                m_model->append(std::move(answer->entries));
                if (atEnd)
                    m_view->scrollToBottom();
            }
            showTotals();
        });
}

void ActivityPanel::showTotals()
{
    if (!m_session.isOpen()) {
        m_summary->setText(tr("Nothing is open."));
        return;
    }
    const SeqNo before = m_session.openedAtSeqno();
    const SeqNo now = m_session.overview().seqno;
    QString text = tr("%1 read statements and requests, %2 rows, %3 received. ")
                       .arg(formatCount(m_totals.statements), formatCount(m_totals.rows), formatSize(m_totals.bytes));
    text += before == now ? tr("Head was %1 at opening and is %1 as last read.").arg(formatSeqno(before))
                          : tr("Head was %1 at opening and is %2 as last read: somebody else wrote in between.")
                                .arg(formatSeqno(before), formatSeqno(now));
    if (m_totals.errors != 0)
        text += QLatin1Char(' ') + tr("%1 failed.").arg(formatCount(m_totals.errors));
    m_summary->setText(text);
}

QString ActivityPanel::receipt() const
{
    if (!m_session.isOpen())
        return {};
    const inspect::Overview& overview = m_session.overview();
    QStringList lines;
    lines << tr("Non-interference receipt");
    lines << tr("Shard: %1").arg(textOf(overview.shardId));
    lines << tr("Consensus: %1").arg(textOf(overview.consensus));
    lines << tr("Blob: %1").arg(textOf(overview.blob));
    lines << tr("Head at opening: %1").arg(formatSeqno(m_session.openedAtSeqno()));
    lines << tr("Head as last read: %1").arg(formatSeqno(overview.seqno));
    lines << tr("Statements and requests: %1 (%2 failed), %3 rows, %4 bytes received")
                 .arg(formatCount(m_totals.statements), formatCount(m_totals.errors), formatCount(m_totals.rows),
                      formatCount(m_totals.bytes));
    std::map<QString, std::uint64_t> kinds; // statements as sent; requests by their verb, since every key is its own
    for (const auto& activity : m_model->rows()) {
        const QString statement = textOf(activity.statement);
        const bool isRequest = statement.startsWith(QLatin1String("GET "))
            || statement.startsWith(QLatin1String("LIST ")) || statement.startsWith(QLatin1String("HEAD "));
        ++kinds[isRequest ? statement.section(QLatin1Char(' '), 0, 0) : statement];
    }
    lines << tr("What was sent:");
    for (const auto& [kind, count] : kinds)
        lines << QStringLiteral("  %1 × %2").arg(formatCount(count), kind);
    return lines.join(QLatin1Char('\n'));
}

} // namespace inspector::views
