#include "views/panels/timeline_view.h"

#include "views/support/format.h"
#include "views/support/theme.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QTimer>
#include <QToolTip>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>

namespace inspector::views {

namespace {

constexpr int kMargin = 14;
constexpr int kTitleHeight = 22;
constexpr int kAxisHeight = 18;
constexpr int kPauseMs = 150; // between two questions while dragging
constexpr int kSnapPixels = 4;

QColor mixed(const QColor& below, const QColor& above, qreal share)
{
    const auto mix = [share](int a, int b) { return static_cast<int>(a + (b - a) * share); };
    return {mix(below.red(), above.red()), mix(below.green(), above.green()), mix(below.blue(), above.blue())};
}

} // namespace

TimelineView::TimelineView(QWidget* parent)
    : QWidget(parent)
    , m_pause(new QTimer(this))
{
    setObjectName(QStringLiteral("timelineView"));
    setAccessibleName(tr("Timeline of both clocks"));
    setAccessibleDescription(tr("Left and right step, End goes to the latest moment, plus and minus zoom"));
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    m_pause->setSingleShot(true);
    m_pause->setInterval(kPauseMs);
    connect(m_pause, &QTimer::timeout, this, [this] {
        if (m_next) {
            emit momentChosen(*std::exchange(m_next, std::nullopt));
            m_pause->start();
        }
    });
}

void TimelineView::setTimeline(std::shared_ptr<const inspect::Timeline> timeline)
{
    m_timeline = std::move(timeline);
    m_times.clear();
    m_seqnos.clear();
    m_zoom.reset();
    if (m_timeline) {
        for (const auto& point : m_timeline->times)
            m_times.push_back({point.time.value(), point.updates, point.certainty == persist::Certainty::Rounded});
        for (const auto& step : m_timeline->seqnos)
            m_seqnos.push_back({step.seqno.value(), 1, false});
    }
    update();
}

void TimelineView::setMoment(const inspect::Moment& moment, Timestamp asOf, SeqNo seqno)
{
    m_moment = moment;
    m_asOf = asOf;
    m_seqno = seqno;
    update();
}

void TimelineView::clearMoment()
{
    m_moment.reset();
    update();
}

QSize TimelineView::sizeHint() const
{
    return {520, 190};
}

QSize TimelineView::minimumSizeHint() const
{
    return {240, 150};
}

QRect TimelineView::laneRect(Lane lane) const
{
    const int room = height() - 2 * (kTitleHeight + kAxisHeight) - 4;
    const int seqnoHeight = std::clamp(room / 3, 16, 34);
    const int timeHeight = std::max(24, room - seqnoHeight);
    const int wide = std::max(1, width() - 2 * kMargin);
    if (lane == Lane::Time)
        return {kMargin, kTitleHeight, wide, timeHeight};
    return {kMargin, kTitleHeight + timeHeight + kAxisHeight + kTitleHeight, wide, seqnoHeight};
}

TimelineGeometry TimelineView::wholeTimes() const
{
    const QRect lane = laneRect(Lane::Time);
    TimelineGeometry axis {0, 1, lane.left(), lane.width()};
    if (!m_timeline)
        return axis;
    const std::uint64_t since = m_timeline->since ? m_timeline->since->value() : 0;
    axis.first = m_times.empty() ? since : std::min(since, m_times.front().value);
    axis.last = m_times.empty() ? since : std::max(since, m_times.back().value);
    if (m_timeline->upper)
        axis.last = std::max(axis.last, m_timeline->upper->value());
    const std::uint64_t span = std::max<std::uint64_t>(axis.last - axis.first, 1);
    const std::uint64_t air = std::max<std::uint64_t>(span / 40, 1); // a bar at the edge is a bar, too
    axis.first -= std::min(axis.first, air);
    axis.last = axis.first + std::max<std::uint64_t>(span + 2 * air, 2);
    return axis;
}

TimelineGeometry TimelineView::timeAxis() const
{
    TimelineGeometry axis = wholeTimes();
    if (m_zoom) {
        axis.first = std::max(axis.first, m_zoom->first);
        axis.last = std::min(axis.last, m_zoom->second);
    }
    return axis;
}

TimelineGeometry TimelineView::seqnoAxis() const
{
    const QRect lane = laneRect(Lane::Seqno);
    TimelineGeometry axis {0, 1, lane.left(), lane.width()};
    if (!m_seqnos.empty()) {
        axis.first = m_seqnos.front().value;
        axis.last = std::max(m_seqnos.back().value, axis.first + 1);
    }
    return axis;
}

std::optional<TimelineView::Lane> TimelineView::laneAt(const QPoint& at) const
{
    if (!m_timeline)
        return std::nullopt;
    for (const auto lane : {Lane::Time, Lane::Seqno}) {
        if (laneRect(lane).adjusted(-kMargin, -kTitleHeight, kMargin, kAxisHeight).contains(at))
            return lane;
    }
    return std::nullopt;
}

inspect::Moment TimelineView::momentAt(Lane lane, int x) const
{
    if (lane == Lane::Seqno) {
        const int mark = nearestMark(m_seqnos, seqnoAxis(), x, width());
        return inspect::Moment::atSeqno(
            SeqNo(mark < 0 ? seqnoAxis().valueAt(x) : m_seqnos[static_cast<std::size_t>(mark)].value));
    }
    const int mark = nearestMark(m_times, timeAxis(), x, kSnapPixels);
    std::uint64_t time = mark < 0 ? timeAxis().valueAt(x) : m_times[static_cast<std::size_t>(mark)].value;
    // A pixel stands for many times: at the edges of what is readable it means the edge.
    if (m_timeline->since && std::abs(timeAxis().xOf(m_timeline->since->value()) - x) <= kSnapPixels)
        time = std::max(time, m_timeline->since->value());
    if (m_timeline->upper && m_timeline->upper->value() > 0
        && std::abs(timeAxis().xOf(m_timeline->upper->value()) - x) <= kSnapPixels)
        time = std::min(time, m_timeline->upper->value() - 1);
    return inspect::Moment::asOf(Timestamp(time));
}

void TimelineView::point(Lane lane, int x)
{
    m_next = momentAt(lane, x);
    if (!m_pause->isActive()) {
        emit momentChosen(*std::exchange(m_next, std::nullopt));
        m_pause->start();
    }
}

void TimelineView::mousePressEvent(QMouseEvent* event)
{
    const QPoint at = event->position().toPoint();
    m_dragged = event->button() == Qt::LeftButton ? laneAt(at) : std::nullopt;
    if (m_dragged)
        point(*m_dragged, at.x());
}

void TimelineView::mouseMoveEvent(QMouseEvent* event)
{
    const QPoint at = event->position().toPoint();
    if (m_dragged)
        point(*m_dragged, at.x());
    const auto lane = m_dragged ? m_dragged : laneAt(at);
    m_hovered = lane ? std::optional(std::pair(*lane, at.x())) : std::nullopt;
    setCursor(lane ? Qt::PointingHandCursor : Qt::ArrowCursor);
    update();
}

void TimelineView::mouseReleaseEvent(QMouseEvent*)
{
    m_dragged.reset();
    m_pause->stop();
    if (m_next)
        emit momentChosen(*std::exchange(m_next, std::nullopt));
}

void TimelineView::leaveEvent(QEvent*)
{
    m_hovered.reset();
    update();
}

void TimelineView::wheelEvent(QWheelEvent* event)
{
    if (!m_timeline)
        return;
    const QPoint delta = event->angleDelta();
    TimelineGeometry axis = timeAxis();
    if (std::abs(delta.x()) > std::abs(delta.y()))
        axis = axis.panned(delta.x() / 2, wholeTimes());
    else if (delta.y() != 0)
        axis = axis.zoomed(delta.y() > 0, static_cast<int>(event->position().x()), wholeTimes());
    m_zoom = std::pair(axis.first, axis.last);
    event->accept();
    update();
}

void TimelineView::keyPressEvent(QKeyEvent* event)
{
    switch (event->key()) {
    case Qt::Key_Left:
        emit stepped(false);
        return;
    case Qt::Key_Right:
        emit stepped(true);
        return;
    case Qt::Key_End:
        emit latestChosen();
        return;
    case Qt::Key_Home:
        if (m_timeline && m_timeline->since)
            emit momentChosen(inspect::Moment::asOf(*m_timeline->since));
        return;
    case Qt::Key_Plus:
    case Qt::Key_Equal:
    case Qt::Key_Minus: {
        const int x = m_moment ? timeAxis().xOf(m_asOf.value()) : width() / 2;
        const TimelineGeometry axis = timeAxis().zoomed(event->key() != Qt::Key_Minus, x, wholeTimes());
        m_zoom = std::pair(axis.first, axis.last);
        update();
        return;
    }
    case Qt::Key_0:
        m_zoom.reset();
        update();
        return;
    default:
        QWidget::keyPressEvent(event);
    }
}

QString TimelineView::describe(Lane lane, int x) const
{
    if (lane == Lane::Seqno) {
        const int mark = nearestMark(m_seqnos, seqnoAxis(), x, width());
        if (mark < 0)
            return {};
        const auto& step = m_timeline->seqnos[static_cast<std::size_t>(mark)];
        return QStringLiteral("%1\n%2\n%3")
            .arg(formatSeqno(step.seqno), textOf(step.change),
                 tr("written %1 by %2").arg(formatUtc(step.walltimeMs), textOf(step.hostname)));
    }
    const int mark = nearestMark(m_times, timeAxis(), x, kSnapPixels);
    if (mark < 0)
        return formatTime(Timestamp(timeAxis().valueAt(x)));
    const auto& point = m_timeline->times[static_cast<std::size_t>(mark)];
    return tr("%1\n%2 updates, %3")
        .arg(formatTime(point.time), formatCount(point.updates), formatCertainty(point.certainty));
}

bool TimelineView::event(QEvent* event)
{
    if (event->type() == QEvent::ToolTip) {
        const auto* help = static_cast<QHelpEvent*>(event);
        if (const auto lane = laneAt(help->pos()))
            QToolTip::showText(help->globalPos(), describe(*lane, help->pos().x()), this);
        else
            QToolTip::hideText();
        return true;
    }
    return QWidget::event(event);
}

void TimelineView::drawAxis(QPainter& painter, const TimelineGeometry& axis, int y, bool isTime) const
{
    const Shades shades = shadesOf(palette());
    const bool wallClock = isTime && isWallClock(Timestamp(axis.first));
    const int room = wallClock ? 150 : painter.fontMetrics().horizontalAdvance(QString::number(axis.last)) + 24;
    int freeFrom = 0;
    for (const auto tick : axis.ticks(room)) {
        const int x = axis.xOf(tick);
        painter.setPen(shades.hairline);
        painter.drawLine(x, y, x, y + 3);
        painter.setPen(shades.faint);
        const QString text = !isTime ? formatSeqno(SeqNo(tick))
            : wallClock              ? formatUtc(static_cast<std::int64_t>(tick)).mid(5, 14)
                                     : QString::number(tick);
        const int wide = painter.fontMetrics().horizontalAdvance(text);
        const int start = std::clamp(x - wide / 2, 2, std::max(2, width() - wide - 2));
        if (start < freeFrom)
            continue;
        painter.drawText(QRect(start, y + 3, wide + 2, kAxisHeight - 3), Qt::AlignLeft | Qt::AlignTop, text);
        freeFrom = start + wide + 8;
    }
}

void TimelineView::drawHandle(QPainter& painter, int x, const QRect& lane, bool isChosenClock) const
{
    const Shades shades = shadesOf(palette());
    const QColor colour = isChosenClock ? shades.accent : shades.faint;
    painter.setPen(QPen(colour, isChosenClock ? 2 : 1));
    painter.drawLine(x, lane.top() - 4, x, lane.bottom() + 2);
    painter.setBrush(colour);
    painter.setPen(Qt::NoPen);
    const QPoint triangle[] = {{x - 5, lane.top() - 7}, {x + 5, lane.top() - 7}, {x, lane.top() - 1}};
    painter.drawPolygon(triangle, 3);
}

void TimelineView::drawTimeLane(QPainter& painter) const
{
    const Shades shades = shadesOf(palette());
    const QRect lane = laneRect(Lane::Time);
    const TimelineGeometry axis = timeAxis();
    const QColor ground = palette().color(QPalette::Base);

    painter.fillRect(lane, ground);
    painter.fillRect(lane, QBrush(mixed(ground, shades.faint, 0.35), Qt::BDiagPattern)); // not readable
    if (m_timeline->since && m_timeline->upper) {
        const int from = axis.xOf(m_timeline->since->value());
        const int to = axis.xOf(m_timeline->upper->value());
        const QRect readable(from, lane.top(), std::max(2, to - from), lane.height());
        painter.fillRect(readable, mixed(ground, shades.accent, 0.12));
    }

    constexpr int kBinPixels = 4;
    const auto bins = histogram(m_times, axis, kBinPixels);
    std::uint64_t most = 1;
    for (const auto& bin : bins)
        most = std::max(most, bin.weight);
    for (const auto& bin : bins) {
        // By logarithm: one update beside ten thousand must still be seen.
        const double share = std::log1p(static_cast<double>(bin.weight)) / std::log1p(static_cast<double>(most));
        const int high = std::max(3, static_cast<int>(share * (lane.height() - 6)));
        const QRect bar(bin.x, lane.bottom() - high, kBinPixels - 1, high);
        if (bin.isRounded) {
            painter.setPen(shades.faint);
            painter.setBrush(ground);
            painter.drawRect(bar.adjusted(0, 0, -1, 0));
        } else {
            painter.fillRect(bar, shades.accent);
        }
    }
    painter.setPen(shades.hairline);
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(lane.adjusted(0, 0, -1, 0));

    const auto horizon = [&](std::uint64_t value, const QColor& colour) {
        if (value < axis.first || value > axis.last)
            return;
        const int x = axis.xOf(value);
        painter.setPen(QPen(colour, 1, Qt::DashLine));
        painter.drawLine(x, lane.top(), x, lane.bottom());
    };
    if (m_timeline->exactFrom.value() > axis.first)
        horizon(m_timeline->exactFrom.value(), shades.caution);
    if (m_timeline->since)
        horizon(m_timeline->since->value(), shades.good);
    if (m_timeline->upper)
        horizon(m_timeline->upper->value(), shades.good);
    drawAxis(painter, axis, lane.bottom() + 1, true);
    if (m_moment && m_asOf.value() >= axis.first && m_asOf.value() <= axis.last)
        drawHandle(painter, axis.xOf(m_asOf.value()), lane, m_moment->kind != inspect::Moment::Kind::AtSeqno);
}

void TimelineView::drawSeqnoLane(QPainter& painter) const
{
    const Shades shades = shadesOf(palette());
    const QRect lane = laneRect(Lane::Seqno);
    const TimelineGeometry axis = seqnoAxis();
    const QColor ground = palette().color(QPalette::Base);
    painter.fillRect(lane, mixed(ground, shades.accent, 0.12));
    for (const auto& bin : histogram(m_seqnos, axis, 2))
        painter.fillRect(QRect(bin.x, lane.top() + lane.height() / 4, 1, lane.height() / 2),
                         mixed(ground, shades.accent, 0.75));
    painter.setPen(shades.hairline);
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(lane.adjusted(0, 0, -1, 0));
    drawAxis(painter, axis, lane.bottom() + 1, false);
    if (m_moment && !m_seqnos.empty())
        drawHandle(painter, axis.xOf(m_seqno.value()), lane, m_moment->kind == inspect::Moment::Kind::AtSeqno);
}

void TimelineView::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const Shades shades = shadesOf(palette());
    painter.fillRect(rect(), palette().window());
    if (!m_timeline)
        return;
    painter.setRenderHint(QPainter::Antialiasing, false);
    drawTimeLane(painter);
    drawSeqnoLane(painter);

    const QRect timeTitle(kMargin, 0, width() - 2 * kMargin, kTitleHeight - 6);
    const QRect seqnoTitle(kMargin, laneRect(Lane::Seqno).top() - kTitleHeight, width() - 2 * kMargin,
                           kTitleHeight - 6);
    painter.setPen(palette().color(QPalette::WindowText));
    painter.drawText(timeTitle, Qt::AlignLeft | Qt::AlignBottom, tr("Catalog time"));
    painter.drawText(seqnoTitle, Qt::AlignLeft | Qt::AlignBottom, tr("Seqno"));
    if (m_hovered) {
        const auto [lane, x] = *m_hovered;
        painter.setPen(shades.faint);
        const QRect where = laneRect(lane);
        painter.drawLine(x, where.top(), x, where.bottom());
        painter.drawText(
            lane == Lane::Time ? timeTitle : seqnoTitle, Qt::AlignRight | Qt::AlignBottom,
            describe(lane, x).section(QLatin1Char('\n'), 0, 1).replace(QLatin1Char('\n'), QStringLiteral(" · ")));
    }
    if (hasFocus()) {
        painter.setPen(QPen(shades.accent, 1));
        painter.setBrush(Qt::NoBrush);
        painter.drawRect(rect().adjusted(0, 0, -1, -1));
    }
}

} // namespace inspector::views
