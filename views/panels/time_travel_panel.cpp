#include "views/panels/time_travel_panel.h"

#include "views/delegates/row_delegate.h"
#include "views/panels/moment_text.h"
#include "views/panels/timeline_view.h"
#include "views/support/format.h"
#include "views/support/session.h"
#include "views/support/theme.h"
#include "views/widgets/busy_bar.h"
#include "views/widgets/empty_state.h"
#include "views/widgets/moment_label.h"
#include "views/widgets/problem_bar.h"
#include "views/widgets/row_view.h"

#include <QComboBox>
#include <QDateTime>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QSplitter>
#include <QStackedLayout>
#include <QTabWidget>
#include <QToolButton>
#include <QVBoxLayout>

#include <optional>

namespace inspector::views {

namespace {

/// A number, or a date in UTC that stands for milliseconds.
std::optional<std::uint64_t> parseMoment(const QString& text)
{
    QString plain = text.trimmed();
    bool isNumber = false;
    QString digits = plain;
    digits.remove(QLatin1Char(',')).remove(QLatin1Char(' '));
    if (digits.startsWith(QLatin1Char('v')))
        digits.remove(0, 1);
    const qulonglong number = digits.toULongLong(&isNumber);
    if (isNumber)
        return number;
    plain.remove(QStringLiteral(" UTC"));
    for (const auto& format : {QStringLiteral("yyyy-MM-dd HH:mm:ss.zzz"), QStringLiteral("yyyy-MM-dd HH:mm:ss"),
                               QStringLiteral("yyyy-MM-ddTHH:mm:ss.zzzZ"), QStringLiteral("yyyy-MM-ddTHH:mm:ssZ")}) {
        QDateTime date = QDateTime::fromString(plain, format);
        if (date.isValid()) {
            date.setTimeSpec(Qt::UTC);
            return static_cast<std::uint64_t>(date.toMSecsSinceEpoch());
        }
    }
    return std::nullopt;
}

QToolButton* makeButton(const char* icon, const QString& tip, const QString& name, QWidget* parent)
{
    auto* button = new QToolButton(parent);
    button->setIcon(themedIcon(icon));
    button->setToolTip(tip);
    button->setAccessibleName(tip);
    button->setObjectName(name);
    button->setAutoRaise(true);
    return button;
}

} // namespace

TimeTravelPanel::TimeTravelPanel(Session& session, QWidget* parent)
    : QWidget(parent)
    , m_session(session)
    , m_versions(new ListTableModel<inspect::SeqnoStep>(this))
    , m_times(new ListTableModel<inspect::TimePoint>(this))
    , m_moment(new MomentLabel(this))
    , m_earlier(makeButton("earlier", tr("One step earlier"), QStringLiteral("earlierButton"), this))
    , m_later(makeButton("later", tr("One step later"), QStringLiteral("laterButton"), this))
    , m_latest(makeButton("latest", tr("Latest"), QStringLiteral("latestButton"), this))
    , m_clock(new QComboBox(this))
    , m_number(new QLineEdit(this))
    , m_go(new QToolButton(this))
    , m_refusal(new QLabel(this))
    , m_timeline(new TimelineView(this))
    , m_horizons(new QLabel(this))
    , m_versionView(new RowView(this))
    , m_timeView(new RowView(this))
    , m_problem(new ProblemBar(this))
    , m_empty(new EmptyState(this))
    , m_busy(new BusyBar(this))
{
    setObjectName(QStringLiteral("timeTravelPanel"));
    buildTables();
    buildLayout();
    followSession();
    displayTimeline();
    displayMoment();
}

void TimeTravelPanel::buildTables()
{
    m_versions->setColumns({
        {tr("Seqno"), [](const inspect::SeqnoStep& step) { return formatSeqno(step.seqno); }, true},
        {tr("Change"), [](const inspect::SeqnoStep& step) { return textOf(step.change); }},
        {tr("Written at"), [](const inspect::SeqnoStep& step) { return formatUtc(step.walltimeMs); }},
        {tr("Upper"),
         [](const inspect::SeqnoStep& step) { return step.upper ? formatShortTime(*step.upper) : QString(); }, true},
        {tr("Since"),
         [](const inspect::SeqnoStep& step) { return step.since ? formatShortTime(*step.since) : QString(); }, true},
        {tr("Written by"), [](const inspect::SeqnoStep& step) { return textOf(step.hostname); }},
        {tr("Version"), [](const inspect::SeqnoStep& step) { return textOf(step.applierVersion); }},
    });
    m_times->setColumns({
        {tr("Time"), [](const inspect::TimePoint& point) { return QString::number(point.time.value()); }, true},
        {tr("Date"),
         [](const inspect::TimePoint& point) {
             return isWallClock(point.time) ? formatUtc(static_cast<std::int64_t>(point.time.value())) : QString();
         }},
        {tr("Updates"), [](const inspect::TimePoint& point) { return formatCount(point.updates); }, true},
        {tr("Certainty"), [](const inspect::TimePoint& point) { return formatCertainty(point.certainty); }},
    });
    const auto prepare = [](RowView* view, QAbstractItemModel* model, const QString& name, const QString& label) {
        view->setObjectName(name);
        view->setAccessibleName(label);
        view->setFrameShape(QFrame::NoFrame);
        view->setModel(model);
        view->setItemDelegate(new RowDelegate(view));
        view->setSelectionMode(QAbstractItemView::SingleSelection);
    };
    prepare(m_versionView, m_versions, QStringLiteral("versionsView"), tr("Versions of the state"));
    prepare(m_timeView, m_times, QStringLiteral("timesView"), tr("Times with updates"));
    connect(m_versionView, &RowView::activatedRow, this, [this](int row) {
        m_session.travel(inspect::Moment::atSeqno(m_versions->rows()[static_cast<std::size_t>(row)].seqno));
    });
    connect(m_timeView, &RowView::activatedRow, this, [this](int row) {
        const Timestamp time = m_times->rows()[static_cast<std::size_t>(row)].time;
        const auto& since = m_session.overview().since;
        if (since && time < *since)
            refuse(tr("%1 is before since: only moments from %2 on can be read")
                       .arg(formatTime(time), formatTime(*since)));
        else
            m_session.travel(inspect::Moment::asOf(time));
    });
}

void TimeTravelPanel::buildLayout()
{
    m_clock->setObjectName(QStringLiteral("clockCombo"));
    m_clock->addItem(tr("As of time"));
    m_clock->addItem(tr("At seqno"));
    m_clock->setAccessibleName(tr("Clock"));
    m_number->setObjectName(QStringLiteral("momentEdit"));
    m_number->setAccessibleName(tr("Moment"));
    m_number->setPlaceholderText(tr("a number, or a date in UTC"));
    m_number->setMinimumWidth(110);
    m_go->setObjectName(QStringLiteral("goButton"));
    m_go->setText(tr("Go"));
    m_refusal->setObjectName(QStringLiteral("momentRefusal"));
    m_refusal->setWordWrap(true);
    m_refusal->setTextFormat(Qt::PlainText);
    m_refusal->hide();
    m_horizons->setObjectName(QStringLiteral("horizonsLabel"));
    m_horizons->setWordWrap(true);
    m_horizons->setForegroundRole(QPalette::PlaceholderText);
    m_horizons->setTextFormat(Qt::PlainText);

    auto* controls = new QHBoxLayout;
    controls->setContentsMargins(8, 6, 8, 4);
    controls->setSpacing(4);
    controls->addWidget(m_earlier);
    controls->addWidget(m_later);
    controls->addWidget(m_latest);
    controls->addWidget(m_moment);
    controls->addStretch(1);
    controls->addWidget(m_clock);
    controls->addWidget(m_number, 1);
    controls->addWidget(m_go);

    auto* left = new QWidget(this);
    auto* leftLayout = new QVBoxLayout(left);
    leftLayout->setContentsMargins(0, 0, 0, 0);
    leftLayout->setSpacing(0);
    m_refusal->setContentsMargins(10, 0, 10, 4);
    m_horizons->setContentsMargins(14, 2, 10, 6);
    leftLayout->addLayout(controls);
    leftLayout->addWidget(m_refusal);
    leftLayout->addWidget(m_timeline, 1);
    leftLayout->addWidget(m_horizons);

    auto* tables = new QTabWidget(this);
    tables->setDocumentMode(true);
    tables->addTab(m_versionView, tr("Versions"));
    tables->addTab(m_timeView, tr("Times"));
    auto* splitter = new QSplitter(Qt::Horizontal, this);
    splitter->setObjectName(QStringLiteral("timeTravelSplitter"));
    splitter->setChildrenCollapsible(false);
    splitter->addWidget(left);
    splitter->addWidget(tables);
    splitter->setStretchFactor(0, 3);
    splitter->setStretchFactor(1, 2);

    m_stack = new QStackedLayout;
    m_stack->addWidget(splitter);
    m_stack->addWidget(m_empty);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_problem);
    layout->addLayout(m_stack, 1);
    layout->addWidget(m_busy);
    setFocusProxy(m_timeline);

    connect(m_go, &QToolButton::clicked, this, &TimeTravelPanel::goToTyped);
    connect(m_number, &QLineEdit::returnPressed, this, &TimeTravelPanel::goToTyped);
    connect(m_number, &QLineEdit::textEdited, this, [this] { refuse({}); });
    connect(m_clock, qOverload<int>(&QComboBox::currentIndexChanged), this, [this] { refuse({}); });
}

void TimeTravelPanel::followSession()
{
    m_busy->watch(&m_session.timelineSlot());
    connect(&m_session, &Session::timelineChanged, this, &TimeTravelPanel::displayTimeline);
    connect(&m_session, &Session::opened, this, &TimeTravelPanel::displayTimeline);
    connect(&m_session, &Session::closed, this, &TimeTravelPanel::displayTimeline);
    connect(&m_session, &Session::snapshotChanged, this, &TimeTravelPanel::displayMoment);
    connect(&m_session, &Session::timelineFailed, this, [this](const Error& error) {
        m_problem->show(error);
        if (!m_session.timeline()) {
            m_empty->say(QStringLiteral("problem"), problemTitle(error.code), problemText(error));
            m_stack->setCurrentIndex(1);
        }
    });
    connect(&m_session, &Session::travelFailed, this, [this](const Error& error) {
        if (error.code == ErrorCode::OutOfRange)
            refuse(problemText(error));
        else
            m_problem->show(error);
    });
    connect(m_problem, &ProblemBar::offerAccepted, this, [this](Presentation::Offer offer) {
        if (offer != Presentation::Offer::CopyReport)
            m_session.refresh();
    });
    connect(m_earlier, &QToolButton::clicked, this, [this] {
        if (const auto moment = m_session.earlier())
            m_session.travel(*moment);
    });
    connect(m_later, &QToolButton::clicked, this, [this] {
        if (const auto moment = m_session.later())
            m_session.travel(*moment);
    });
    connect(m_latest, &QToolButton::clicked, this, [this] { m_session.travel(inspect::Moment::latest()); });
    connect(m_timeline, &TimelineView::momentChosen, this, [this](const inspect::Moment& moment) {
        refuse({});
        m_session.travel(moment);
    });
    connect(m_timeline, &TimelineView::latestChosen, this, [this] { m_session.travel(inspect::Moment::latest()); });
    connect(m_timeline, &TimelineView::stepped, this, [this](bool later) {
        if (const auto moment = later ? m_session.later() : m_session.earlier())
            m_session.travel(*moment);
    });
}

void TimeTravelPanel::displayTimeline()
{
    const auto& timeline = m_session.timeline();
    m_problem->clear();
    refuse({});
    m_timeline->setTimeline(timeline);
    std::vector<inspect::SeqnoStep> versions;
    std::vector<inspect::TimePoint> times;
    if (timeline) {
        versions.assign(timeline->seqnos.rbegin(), timeline->seqnos.rend());
        times.assign(timeline->times.rbegin(), timeline->times.rend());
    }
    m_versions->setRows(std::move(versions));
    m_times->setRows(std::move(times));
    m_versionView->fitColumns();
    m_timeView->fitColumns();
    m_stack->setCurrentIndex(timeline ? 0 : 1);
    if (!timeline) {
        m_empty->say(QStringLiteral("clock"), m_session.isOpen() ? tr("Reading both clocks") : tr("Nothing is open"),
                     m_session.isOpen() ? tr("Versions and times appear when they were read.")
                                        : tr("Open a catalog file or an environment."));
        return;
    }
    QStringList said;
    if (timeline->since && timeline->upper) {
        const std::uint64_t last = timeline->upper->value() == 0 ? 0 : timeline->upper->value() - 1;
        said << tr("Readable: from %1 (since) to %2 (upper is %3).")
                    .arg(formatShortTime(*timeline->since), formatShortTime(Timestamp(last)),
                         formatShortTime(*timeline->upper));
    }
    const bool anyRounded = std::any_of(timeline->times.begin(), timeline->times.end(), [](const auto& point) {
        return point.certainty == persist::Certainty::Rounded;
    });
    said << (anyRounded ? tr("Times before %1 were rounded up by compaction (hollow bars); later ones are exact.")
                              .arg(formatShortTime(timeline->exactFrom))
                        : tr("Every time that is shown is exact."));
    if (!timeline->seqnos.empty())
        said << tr("States: %1 to %2 can be rebuilt; older ones are gone.")
                    .arg(formatSeqno(timeline->seqnos.front().seqno), formatSeqno(timeline->seqnos.back().seqno));
    m_horizons->setText(said.join(QLatin1Char(' ')));
    displayMoment();
}

void TimeTravelPanel::displayMoment()
{
    const MomentText moment = momentText(m_session);
    m_moment->setMoment(moment.text, moment.explanation, moment.isLatest);
    m_earlier->setEnabled(m_session.earlier().has_value());
    m_later->setEnabled(m_session.later().has_value());
    m_latest->setEnabled(!moment.isLatest);
    const auto& snapshot = m_session.snapshot();
    if (!snapshot) {
        m_timeline->clearMoment();
        return;
    }
    refuse({});
    m_timeline->setMoment(snapshot->moment(), snapshot->asOf(), snapshot->seqno());
    const SeqNo seqno = snapshot->seqno();
    m_versions->setMarks([seqno](const inspect::SeqnoStep& step) { return step.seqno == seqno; }, {});
    const Timestamp asOf = snapshot->asOf();
    m_times->setMarks([asOf](const inspect::TimePoint& point) { return point.time == asOf; }, {});
}

void TimeTravelPanel::goToTyped()
{
    const auto number = parseMoment(m_number->text());
    if (!number) {
        refuse(m_number->text().trimmed().isEmpty()
                   ? tr("Type a number first.")
                   : tr("This is neither a number nor a date such as 2026-11-24 14:57:54."));
        return;
    }
    const inspect::Overview& overview = m_session.overview();
    if (m_clock->currentIndex() == 1) {
        if (*number < overview.earliestSeqno.value() || *number > overview.seqno.value()) {
            refuse(tr("v%1 is outside the states that can be rebuilt: from %2 to %3.")
                       .arg(*number)
                       .arg(formatSeqno(overview.earliestSeqno), formatSeqno(overview.seqno)));
            return;
        }
        m_session.travel(inspect::Moment::atSeqno(SeqNo(*number)));
        return;
    }
    if (overview.since && overview.upper && (*number < overview.since->value() || *number >= overview.upper->value())) {
        refuse(tr("%1 is outside the readable range: since is %2, upper is %3 and not included.")
                   .arg(formatTime(Timestamp(*number)), formatTime(*overview.since), formatTime(*overview.upper)));
        return;
    }
    m_session.travel(inspect::Moment::asOf(Timestamp(*number)));
}

void TimeTravelPanel::refuse(const QString& why)
{
    m_refusal->setText(why);
    m_refusal->setVisible(!why.isEmpty());
    m_number->setProperty("wrong", !why.isEmpty());
    m_number->update();
    QPalette red = m_refusal->palette();
    red.setColor(QPalette::WindowText, shadesOf(palette()).danger);
    m_refusal->setPalette(red);
}

void TimeTravelPanel::focusMoment()
{
    m_number->setFocus(Qt::ShortcutFocusReason);
    m_number->selectAll();
}

} // namespace inspector::views
