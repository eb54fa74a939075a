#include "views/support/session.h"

#include "views/support/format.h"

#include <algorithm>
#include <utility>

namespace inspector::views {

using inspect::Moment;

namespace {

struct OpenAnswer
{
    std::shared_ptr<inspect::Inspector> inspector;
    inspect::Overview overview;
};

} // namespace

Session::Session(Opener opener, JobRunner& reading, JobRunner& computing, QObject* parent)
    : QObject(parent)
    , m_opener(std::move(opener))
    , m_reading(reading)
    , m_computing(computing)
    , m_open(new JobSlot(reading, this))
    , m_travel(new JobSlot(reading, this))
    , m_refresh(new JobSlot(reading, this))
    , m_timelineSlot(new JobSlot(reading, this))
    , m_completing(new JobSlot(computing, this)) // reading stays free for the next question
{
    for (auto* slot : {m_open, m_travel, m_refresh, m_timelineSlot, m_completing}) {
        connect(slot, &JobSlot::started, this, &Session::busyChanged);
        connect(slot, &JobSlot::finished, this, &Session::busyChanged);
    }
}

Session::~Session()
{
    m_computing.discard(std::move(m_snapshot));
    m_computing.discard(std::move(m_latest));
    m_computing.discard(std::move(m_inspector));
}

Moment Session::moment() const
{
    return m_snapshot ? m_snapshot->moment() : Moment::latest();
}

std::vector<std::string> Session::warnings() const
{
    std::vector<std::string> all = m_overview.warnings;
    if (m_snapshot) {
        for (const auto& warning : m_snapshot->warnings()) {
            if (std::find(all.begin(), all.end(), warning) == all.end())
                all.push_back(warning);
        }
    }
    return all;
}

std::optional<Moment> Session::earlier() const
{
    if (!m_snapshot || !m_timeline)
        return std::nullopt;
    if (m_snapshot->moment().kind == Moment::Kind::AtSeqno) {
        const auto& steps = m_timeline->seqnos;
        const auto here = std::lower_bound(steps.begin(), steps.end(), m_snapshot->seqno(),
                                           [](const auto& step, SeqNo seqno) { return step.seqno < seqno; });
        return here == steps.begin() ? std::nullopt : std::optional(Moment::atSeqno(std::prev(here)->seqno));
    }
    // The state that is shown began at the newest time with updates that is not after as_of; one step earlier is the
    // newest one before that, or since, where older updates were rounded up to.
    const auto& times = m_timeline->times;
    const auto since = m_timeline->since.value_or(Timestamp(0));
    const auto after = std::upper_bound(times.begin(), times.end(), m_snapshot->asOf(),
                                        [](Timestamp time, const auto& point) { return time < point.time; });
    if (after == times.begin())
        return std::nullopt;
    const auto shown = std::prev(after);
    if (shown->time <= since)
        return std::nullopt;
    const Timestamp target = shown == times.begin() ? since : std::max(std::prev(shown)->time, since);
    return Moment::asOf(target);
}

std::optional<Moment> Session::later() const
{
    if (!m_snapshot || !m_timeline || m_snapshot->moment().kind == Moment::Kind::Latest)
        return std::nullopt;
    if (m_snapshot->moment().kind == Moment::Kind::AtSeqno) {
        const auto& steps = m_timeline->seqnos;
        const auto next = std::upper_bound(steps.begin(), steps.end(), m_snapshot->seqno(),
                                           [](SeqNo seqno, const auto& step) { return seqno < step.seqno; });
        return next == steps.end() ? Moment::latest() : Moment::atSeqno(next->seqno);
    }
    const auto& times = m_timeline->times;
    const auto next = std::upper_bound(times.begin(), times.end(), m_snapshot->asOf(),
                                       [](Timestamp time, const auto& point) { return time < point.time; });
    if (next == times.end() || (m_timeline->upper && next->time >= *m_timeline->upper))
        return Moment::latest();
    return Moment::asOf(next->time);
}

Moment Session::nearestReadable(const Moment& moment) const
{
    if (moment.kind == Moment::Kind::AtSeqno) {
        const auto lowest = m_overview.earliestSeqno.value();
        return Moment::atSeqno(SeqNo(std::clamp(moment.value, lowest, std::max(lowest, m_overview.seqno.value()))));
    }
    if (m_overview.since && moment.kind == Moment::Kind::AsOf && moment.value < m_overview.since->value())
        return Moment::asOf(*m_overview.since);
    return Moment::latest();
}

void Session::open(const Place& place, const Moment& first)
{
    m_tried = place;
    m_triedMoment = first;
    m_open->ask(
        tr("Opening %1").arg(place.name),
        [opener = m_opener, options = place.options](const Job& job) -> Result<OpenAnswer> {
            auto inspector = opener(options, job);
            if (!inspector)
                return tl::unexpected<Error>(std::move(inspector).error());
            OpenAnswer answer {std::shared_ptr<inspect::Inspector>(*std::move(inspector)), {}};
            answer.overview = answer.inspector->overview();
            return answer;
        },
        [this, place, first](Result<OpenAnswer>&& answer) {
            if (!answer) {
                emit openFailed(answer.error());
                return;
            }
            forget();
            m_place = place;
            m_inspector = std::move(answer->inspector);
            m_overview = std::move(answer->overview);
            m_openedAt = m_overview.seqno;
            // The questions go out before the window is laid out anew: a worker reads meanwhile.
            travel(first);
            readTimeline();
            emit opened();
            emit overviewChanged();
        });
    emit opening(place.name);
}

void Session::retryOpen()
{
    if (!m_tried.name.isEmpty())
        open(Place(m_tried), Moment(m_triedMoment));
}

void Session::close()
{
    if (!isOpen())
        return;
    forget();
    emit closed();
}

void Session::forget()
{
    for (auto* slot : {m_travel, m_refresh, m_timelineSlot, m_completing})
        slot->cancel();
    m_computing.discard(std::exchange(m_snapshot, nullptr));
    m_computing.discard(std::exchange(m_latest, nullptr));
    m_computing.discard(std::exchange(m_timeline, nullptr));
    m_computing.discard(std::exchange(m_inspector, nullptr));
    m_overview = {};
    m_place = {};
}

void Session::travel(const Moment& moment)
{
    if (!isOpen())
        return;
    m_asked = moment;
    m_completing->cancel();
    const bool isLatest = moment.kind == Moment::Kind::Latest;
    const auto known = isLatest && m_latest && m_latest->seqno() == m_overview.seqno ? m_latest : nullptr;
    m_travel->ask(
        moment.kind == Moment::Kind::Latest ? tr("Reading the catalog")
                                            : tr("Reading the catalog: %1").arg(formatMoment(moment)),
        [inspector = m_inspector, moment, known](const Job& job) -> Result<inspect::SnapshotPtr> {
            if (known)
                return known;
            return inspector->snapshotAt(moment, job);
        },
        [this](Result<inspect::SnapshotPtr>&& answer) {
            if (!answer) {
                emit travelFailed(answer.error());
                return;
            }
            auto old = std::exchange(m_snapshot, *std::move(answer));
            if (m_snapshot->moment().kind == Moment::Kind::Latest)
                m_computing.discard(std::exchange(m_latest, m_snapshot));
            emit snapshotChanged();
            m_computing.discard(std::move(old));
            completeSnapshot();
        });
}

void Session::completeSnapshot()
{
    if (m_snapshot->isComplete()) {
        emit snapshotCompleted();
        return;
    }
    m_completing->ask(
        tr("Looking at every row"), [snapshot = m_snapshot](const Job& job) { return snapshot->complete(job); },
        [this](const Result<>& answer) {
            if (answer)
                emit snapshotCompleted();
        });
}

void Session::refresh()
{
    if (!isOpen())
        return;
    m_refresh->ask(
        tr("Reading the newest state"), [inspector = m_inspector](const Job& job) { return inspector->refresh(job); },
        [this](Result<inspect::Overview>&& answer) {
            if (!answer) {
                emit refreshFailed(answer.error());
                return;
            }
            const bool moved = answer->seqno != m_overview.seqno;
            m_overview = *std::move(answer);
            emit overviewChanged();
            if (!m_snapshot)
                travel(Moment(m_asked));
            else if (moved && moment().kind == Moment::Kind::Latest)
                travel(Moment::latest());
            if (!m_timeline || moved)
                readTimeline();
        });
}

void Session::readTimeline()
{
    m_timelineSlot->ask(
        tr("Reading both clocks"),
        [inspector = m_inspector](const Job& job) -> Result<std::shared_ptr<const inspect::Timeline>> {
            auto timeline = inspector->timeline(job);
            if (!timeline)
                return tl::unexpected<Error>(std::move(timeline).error());
            return std::make_shared<const inspect::Timeline>(*std::move(timeline));
        },
        [this](Result<std::shared_ptr<const inspect::Timeline>>&& answer) {
            if (!answer) {
                emit timelineFailed(answer.error());
                return;
            }
            m_computing.discard(std::exchange(m_timeline, *std::move(answer)));
            emit timelineChanged();
        });
}

bool Session::isBusy() const
{
    return m_open->isBusy() || m_travel->isBusy() || m_refresh->isBusy() || m_timelineSlot->isBusy()
        || m_completing->isBusy();
}

void Session::stop()
{
    for (auto* slot : {m_open, m_travel, m_refresh, m_timelineSlot, m_completing})
        slot->cancel();
}

} // namespace inspector::views
