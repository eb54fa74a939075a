#include "core/persist/shard_reader.h"

#include <algorithm>
#include <map>
#include <set>

namespace inspector::persist {

/// Which updates are wanted.
struct ShardReader::Window
{
    std::optional<std::uint64_t> asOf; ///< a snapshot: times up to it, all shown at it
    std::uint64_t from = 0;            ///< a history: times from it on

    /// Whether a batch can hold any of them.
    [[nodiscard]] bool touches(const Description& batch) const
    {
        if (asOf)
            return batch.lower && batch.lower->value() <= *asOf;
        return !batch.upper || batch.upper->value() > from;
    }
};

namespace {

std::string limitsOf(const State& state)
{
    return "[" + textOf(state.since()) + ", " + textOf(state.upper()) + ")";
}

/// Adds the rows of parts to one list of updates.
class Collector
{
public:
    explicit Collector(std::optional<std::uint64_t> asOf, std::uint64_t from)
        : m_asOf(asOf)
        , m_from(from)
    {
        m_updates.commonTime = asOf.value_or(0);
    }

    void warn(std::string text) { m_updates.warnings.push_back(std::move(text)); }
    void lack(std::string text)
    {
        m_updates.isComplete = false;
        warn(std::move(text));
    }

    void add(const HollowBatch& batch, const BatchPart& registered, const PartPtr& part)
    {
        const auto& bounds = batch.description;
        const auto& decoded = part->decoded;
        const auto where = "part " + part->name + " of batch " + textOf(bounds);
        for (const auto& warning : decoded.warnings)
            warn(where + ": " + warning);
        if (part->hasZeroDiffs)
            warn(where + " has updates with a diff of 0, which are left out");
        if (registered.diffsSum && static_cast<std::uint64_t>(*registered.diffsSum) != part->diffsSum)
            warn(where + ": its diffs sum up to " + std::to_string(static_cast<std::int64_t>(part->diffsSum))
                 + ", not to the registered " + std::to_string(*registered.diffsSum));

        // Registered with tighter bounds than it was written with: the rest is not the shard's (persist-format §9.1).
        const bool isTruncated = decoded.description.has_value()
            && (boundOf(decoded.description->lower) != bounds.lower
                || boundOf(decoded.description->upper) != bounds.upper);
        const auto partSince = decoded.description ? boundOf(decoded.description->since) : bounds.since;
        if (isTruncated && partSince != Timestamp())
            warn(where + " is truncated, but was compacted to " + textOf(partSince) + " before");
        if (!isTruncated && !lessEqual(partSince, bounds.since))
            warn(where + " is compacted to " + textOf(partSince) + ", beyond its batch's " + textOf(bounds.since));
        if (registered.tsRewrite && !*registered.tsRewrite) {
            warn(where + " is rewritten to no time at all: its updates are left out");
            return;
        }
        const auto rewrite = registered.tsRewrite ? (*registered.tsRewrite)->value() : 0;
        const auto firstNew = m_updates.rows.size();
        if (isPlain(*part, isTruncated, rewrite))
            appendAll(*part);
        else
            appendChosen(*part, isTruncated ? bounds : Description {Timestamp(), std::nullopt, {}}, rewrite);
        if (m_updates.rows.size() == firstNew)
            return;
        if (m_updates.owners.empty() || m_updates.owners.back() != part)
            m_updates.owners.push_back(part);
        if (!m_asOf)
            addOrigin(*part, bounds, partSince, rewrite);
    }

    [[nodiscard]] Updates take()
    {
        const auto& certainties = m_updates.certainties;
        if (std::find(certainties.begin(), certainties.end(), Certainty::Rounded) == certainties.end())
            m_updates.certainties.clear();
        return std::move(m_updates);
    }

private:
    static Frontier boundOf(const std::optional<std::uint64_t>& bound)
    {
        return bound ? Frontier(Timestamp(*bound)) : std::nullopt;
    }

    /// No row of the part is left out or moved.
    [[nodiscard]] bool isPlain(const LoadedPart& part, bool isTruncated, std::uint64_t rewrite) const
    {
        if (isTruncated || part.hasZeroDiffs || part.decoded.rows.empty())
            return false;
        if (m_asOf)
            return std::max(part.maxTime, rewrite) <= *m_asOf;
        return rewrite <= part.minTime && part.minTime >= m_from;
    }

    void appendAll(const LoadedPart& part)
    {
        const auto& decoded = part.decoded;
        growDiffs(part);
        m_updates.rows.insert(m_updates.rows.end(), decoded.rows.begin(), decoded.rows.end());
        if (!m_asOf)
            m_updates.times.insert(m_updates.times.end(), decoded.times.begin(), decoded.times.end());
        if (!m_updates.diffs.empty() || !part.allInserts)
            m_updates.diffs.insert(m_updates.diffs.end(), decoded.diffs.begin(), decoded.diffs.end());
    }

    void appendChosen(const LoadedPart& part, const Description& bounds, std::uint64_t rewrite)
    {
        const auto& decoded = part.decoded;
        growDiffs(part);
        const bool hasDiffs = !m_updates.diffs.empty() || !part.allInserts;
        for (std::size_t i = 0; i < decoded.rows.size(); ++i) {
            const auto time = std::max(decoded.times[i], rewrite);
            const auto isInBatch = time >= bounds.lower->value() && (!bounds.upper || time < bounds.upper->value());
            if (!isInBatch || decoded.diffs[i] == 0 || (m_asOf ? time > *m_asOf : time < m_from))
                continue;
            m_updates.rows.push_back(decoded.rows[i]);
            if (!m_asOf)
                m_updates.times.push_back(time);
            if (hasDiffs)
                m_updates.diffs.push_back(decoded.diffs[i]);
        }
    }

    /// The first part with a diff other than +1 makes diffs of all rows before it.
    void growDiffs(const LoadedPart& part)
    {
        if (m_updates.diffs.empty() && !part.allInserts)
            m_updates.diffs.resize(m_updates.rows.size(), 1);
    }

    void addOrigin(const LoadedPart& part, const Description& bounds, const Frontier& since, std::uint64_t rewrite)
    {
        const auto lower = part.decoded.description ? boundOf(part.decoded.description->lower) : bounds.lower;
        PartOrigin origin;
        origin.key = part.name;
        origin.batchLower = bounds.lower ? bounds.lower->value() : 0;
        origin.batchUpper = bounds.upper ? bounds.upper->value() : UINT64_MAX;
        origin.partLower = lower ? lower->value() : 0;
        origin.partSince = since ? since->value() : UINT64_MAX;
        origin.encodedSizeBytes = part.storedBytes;
        m_updates.origins.resize(m_updates.rows.size(), static_cast<std::uint32_t>(m_updates.parts.size()));
        m_updates.parts.push_back(std::move(origin));

        // Compaction has moved times up to since; ones beyond it are as they were (persist-format §9.3).
        const bool isCompacted = !lessEqual(since, lower);
        const auto rounded = std::max(isCompacted && since ? since->value() : 0, rewrite);
        const auto isAllRounded = isCompacted && !since;
        const auto first = m_updates.certainties.size();
        m_updates.certainties.resize(m_updates.rows.size(), Certainty::Exact);
        if (!isAllRounded && rounded == 0)
            return;
        for (auto i = first; i < m_updates.rows.size(); ++i)
            if (isAllRounded || m_updates.times[i] <= rounded)
                m_updates.certainties[i] = Certainty::Rounded;
    }

    std::optional<std::uint64_t> m_asOf;
    std::uint64_t m_from;
    Updates m_updates;
};

/// Of batches that overlap in any way, those that together tile [0, upper) with the shortest stretch of time compacted.
/// Nothing when none do.
std::vector<BatchPtr> leastCompacted(std::vector<BatchPtr> batches, const Frontier& upper)
{
    struct Way
    {
        std::uint64_t compacted = 0; ///< length of the stretches that were
        BatchPtr last;
    };
    if (!upper)
        return {};
    std::map<Timestamp, Way> ways {{Timestamp(), Way()}}; // by the time that they reach
    std::stable_sort(batches.begin(), batches.end(), BatchOrder());
    for (const auto& batch : batches) {
        const auto& [from, to, since] = batch->description;
        if (!from || !to || *to <= *from)
            continue;
        const auto before = ways.find(*from);
        if (before == ways.end())
            continue;
        const auto stretch = lessEqual(since, from) ? 0 : to->value() - from->value();
        const Way way {before->second.compacted + stretch, batch}; // stretches do not overlap: no overflow
        const auto known = ways.try_emplace(*to, way).first;
        if (way.compacted < known->second.compacted)
            known->second = way;
    }
    std::vector<BatchPtr> chosen;
    auto reached = ways.find(*upper);
    while (reached != ways.end() && reached->second.last) {
        chosen.push_back(reached->second.last);
        reached = ways.find(*reached->second.last->description.lower);
    }
    std::reverse(chosen.begin(), chosen.end());
    return chosen;
}

/// The first time whose updates are all where they were written, for the batches of a state as far as they say.
void raiseExactFrom(std::uint64_t& exactFrom, const Frontier& lower, const Frontier& since)
{
    if (lessEqual(since, lower))
        return;
    exactFrom = std::max(exactFrom, since && since->value() != UINT64_MAX ? since->value() + 1 : UINT64_MAX);
}

} // namespace

ShardReader::ShardReader(const store::Consensus& consensus, const store::Blob& blob, ShardId shardId)
    : m_states(consensus, blob, shardId)
    , m_parts(blob, std::move(shardId))
{
}

Result<StatePtr> ShardReader::refresh(const Job& job)
{
    if (m_state) {
        INSPECTOR_TRY(auto polled, m_states.poll(m_state->seqno, job));
        if (const auto* fresh = std::get_if<NewDiffs>(&polled)) {
            if (fresh->diffs.empty())
                return m_state;
            if (auto next = m_states.advance(*m_state, fresh->diffs)) {
                m_state = std::make_shared<const State>(*std::move(next));
                return m_state;
            }
        }
    }
    INSPECTOR_TRY(m_state, m_states.current(job));
    return m_state;
}

Result<StatePtr> ShardReader::stateAt(SeqNo seqno, const Job& job) const
{
    if (m_state && m_state->seqno == seqno)
        return m_state;
    return m_states.at(seqno, job);
}

Result<> ShardReader::checkReadable(const State& state, Timestamp asOf)
{
    if (state.isTombstone())
        return fail(ErrorCode::OutOfRange, "shard " + state.shardId + " is finalised: no time of it can be read");
    const auto name = "as_of " + std::to_string(asOf.value());
    if (!lessEqual(state.since(), Frontier(asOf)))
        return fail(ErrorCode::OutOfRange,
                    name + " is before since: the shard can be read at times in " + limitsOf(state)
                        + "; an older state may still show it");
    if (lessEqual(state.upper(), Frontier(asOf)))
        return fail(ErrorCode::OutOfRange,
                    name + " is not written yet: the shard can be read at times in " + limitsOf(state));
    return {};
}

Result<Timestamp> ShardReader::latestTime(const State& state)
{
    const auto upper = state.upper();
    if (state.isTombstone())
        return fail(ErrorCode::OutOfRange, "shard " + state.shardId + " is finalised: no time of it can be read");
    if (upper == Timestamp())
        return fail(ErrorCode::OutOfRange, "nothing was ever written to shard " + state.shardId);
    const Timestamp latest(upper ? upper->value() - 1 : UINT64_MAX);
    INSPECTOR_CHECK(checkReadable(state, latest));
    return latest;
}

Result<Updates> ShardReader::read(const State& state, const Window& window, bool& blobMissing, const Job& job)
{
    blobMissing = false;
    Collector collector(window.asOf, window.from);
    if (const auto problem = state.tilingProblem())
        collector.lack(*problem + ": updates may be missing or count twice");

    struct Planned
    {
        BatchPtr batch;
        BatchPart part;
    };
    std::vector<Planned> plan;
    for (const auto& batch : state.batches()) {
        if (!window.touches(batch->description))
            continue;
        for (const auto& part : batch->parts) {
            auto expanded = m_parts.expand(part, job);
            if (expanded) {
                for (auto& inner : *expanded)
                    plan.push_back({batch, std::move(inner)});
                continue;
            }
            if (expanded.error().code != ErrorCode::NotFound && expanded.error().code != ErrorCode::Corrupt)
                return tl::unexpected(std::move(expanded).error());
            blobMissing = blobMissing || expanded.error().code == ErrorCode::NotFound;
            collector.lack("batch " + textOf(batch->description) + ": " + expanded.error().describe()
                           + ": its updates are not shown");
        }
    }
    std::uint64_t done = 0;
    for (const auto& [batch, part] : plan) {
        INSPECTOR_CHECK(job.step(done++, plan.size()));
        const auto where = "part " + part.name() + " of batch " + textOf(batch->description);
        auto loaded = m_parts.read(part, job);
        if (loaded && *loaded) {
            collector.add(*batch, part, *loaded);
        } else if (loaded) {
            blobMissing = true;
            collector.lack(where + " is missing: its updates are not shown");
        } else if (loaded.error().code == ErrorCode::Corrupt || loaded.error().code == ErrorCode::Unsupported) {
            collector.lack(where + " cannot be read: " + loaded.error().describe() + ": its updates are not shown");
        } else {
            return tl::unexpected(std::move(loaded).error());
        }
    }
    INSPECTOR_CHECK(job.step(done, plan.size()));
    return collector.take();
}

Result<SnapshotRead> ShardReader::snapshot(StatePtr state, Timestamp asOf, const Job& job)
{
    INSPECTOR_CHECK(checkReadable(*state, asOf));
    bool blobMissing = false;
    const Window window {asOf.value(), 0};
    INSPECTOR_TRY(auto updates, read(*state, window, blobMissing, job));
    if (blobMissing) {
        // Most likely compaction and garbage collection overtook the read (persist-format §4.4).
        INSPECTOR_TRY(const auto newest, refresh(job));
        if (newest->seqno > state->seqno && checkReadable(*newest, asOf)) {
            state = newest;
            INSPECTOR_TRY(updates, read(*state, window, blobMissing, job));
        }
    }
    return SnapshotRead {std::move(state), asOf, std::make_shared<const Updates>(std::move(updates))};
}

Result<SnapshotRead> ShardReader::latestSnapshot(const Job& job)
{
    INSPECTOR_TRY(auto state, refresh(job));
    INSPECTOR_TRY(const auto latest, latestTime(*state));
    return snapshot(std::move(state), latest, job);
}

Result<HistoryRead> ShardReader::history(StatePtr state, const Job& job)
{
    return historySince(std::move(state), Timestamp(), job);
}

Result<HistoryRead> ShardReader::historySince(StatePtr state, Timestamp from, const Job& job)
{
    bool blobMissing = false;
    const Window window {std::nullopt, from.value()};
    const bool isNewest = state == m_state;
    INSPECTOR_TRY(auto updates, read(*state, window, blobMissing, job));
    if (blobMissing && isNewest) {
        INSPECTOR_TRY(const auto newest, refresh(job));
        if (newest->seqno > state->seqno) {
            state = newest;
            INSPECTOR_TRY(updates, read(*state, window, blobMissing, job));
        }
    }
    return historyOf(state, *state, std::move(updates), window);
}

Result<HistoryRead> ShardReader::longestHistory(const Job& job)
{
    INSPECTOR_TRY(const auto newest, refresh(job));
    std::set<BatchPtr> seen;
    std::vector<BatchPtr> batches;
    const auto gather = [&](const State& state, const StateDiff& /*diff*/) {
        for (const auto& batch : state.batches())
            if (seen.insert(batch).second)
                batches.push_back(batch);
        return true;
    };
    INSPECTOR_TRY(const auto problems, m_states.visitLive(gather, job));
    State remembered = *newest;
    remembered.trace.legacyBatches = leastCompacted(std::move(batches), newest->upper());
    remembered.trace.hollowBatches.clear();
    bool blobMissing = false;
    const Window window {std::nullopt, 0};
    if (!remembered.trace.legacyBatches.empty()) {
        INSPECTOR_TRY(auto updates, read(remembered, window, blobMissing, job));
        if (!blobMissing)
            return historyOf(newest, remembered, std::move(updates), window);
    }
    return history(newest, job);
}

HistoryRead ShardReader::historyOf(StatePtr state, const State& source, Updates updates, const Window& window)
{
    std::uint64_t exactFrom = 0;
    for (const auto& batch : source.batches())
        if (window.touches(batch->description) && batch->parts.empty())
            raiseExactFrom(exactFrom, batch->description.lower, batch->description.since);
    for (const auto& part : updates.parts)
        raiseExactFrom(exactFrom, Timestamp(part.partLower), Timestamp(part.partSince));
    return {std::move(state), std::make_shared<const Updates>(std::move(updates)), Timestamp(exactFrom)};
}

Result<LogRead> ShardReader::log(const Job& job) const
{
    LogRead log;
    Frontier upperBefore = Timestamp();
    INSPECTOR_TRY(
        auto problems,
        m_states.visitLive(
            [&](const State& state, const StateDiff& diff) {
                SeqnoChange step {
                    state.seqno, state.walltimeMs, state.hostname, state.applierVersion, state.since(), state.upper(),
                    {}};
                step.change = describeChange(diff, upperBefore);
                upperBefore = step.upper;
                log.steps.push_back(std::move(step));
                return true;
            },
            job));
    log.problems = std::move(problems);
    return log;
}

Result<StatePtr> ShardReader::stateReading(Timestamp time, const Job& job)
{
    INSPECTOR_TRY(const auto newest, refresh(job));
    auto readable = checkReadable(*newest, time);
    if (readable)
        return newest;
    std::optional<SeqNo> best;
    INSPECTOR_TRY(const auto problems,
                  m_states.visitLive(
                      [&](const State& state, const StateDiff& /*diff*/) {
                          if (checkReadable(state, time))
                              best = state.seqno;
                          return true;
                      },
                      job));
    if (!best)
        return tl::unexpected(std::move(readable).error());
    return m_states.at(*best, job);
}

Result<std::vector<SeqnoChange>> ShardReader::momentsBeforeSince(const State& state, const Job& job) const
{
    INSPECTOR_TRY(auto log, this->log(job));
    std::map<std::uint64_t, SeqnoChange> newestByUpper;
    for (auto& step : log.steps) {
        if (!step.upper || *step.upper == Timestamp() || !step.since || *step.since >= *step.upper)
            continue;
        const Timestamp latest(step.upper->value() - 1);
        if (!lessEqual(state.since(), Frontier(latest)))
            newestByUpper.insert_or_assign(step.upper->value(), std::move(step));
    }
    std::vector<SeqnoChange> moments;
    for (auto& [upper, step] : newestByUpper)
        moments.push_back(std::move(step));
    return moments;
}

} // namespace inspector::persist
