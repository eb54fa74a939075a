#include "core/persist/shard_tail.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace inspector::persist {

namespace {

/// Whether a state still tells updates from `from` on apart from earlier ones: no compaction has moved earlier ones to
/// `from` or beyond.
bool tellsApart(const State& state, Timestamp from)
{
    for (const auto& batch : state.batches()) {
        const auto& [lower, upper, since] = batch->description;
        if (batch->parts.empty() || !lower || *lower >= from || (upper && *upper <= from))
            continue;
        const auto isMovedTo = [&](const Frontier& rounded) { return !rounded || *rounded >= from; };
        if (!lessEqual(since, lower) && isMovedTo(since))
            return false;
        for (const auto& part : batch->parts) {
            if (part.tsRewrite && isMovedTo(*part.tsRewrite))
                return false;
        }
    }
    return true;
}

/// Whether reading from `from` on touches a batch that begins before it: then what was told already is read again, as
/// much of it as the batch holds.
bool straddles(const State& state, Timestamp from)
{
    const auto batches = state.batches();
    return std::any_of(batches.begin(), batches.end(), [&](const BatchPtr& batch) {
        const auto& [lower, upper, since] = batch->description;
        return !batch->parts.empty() && lower && *lower < from && (!upper || *upper > from);
    });
}

template <typename T>
void permute(std::vector<T>& values, const std::vector<std::uint32_t>& order)
{
    if (values.empty())
        return;
    std::vector<T> sorted;
    sorted.reserve(order.size());
    for (const auto i : order)
        sorted.push_back(values[i]);
    values = std::move(sorted);
}

/// In time order, smaller diffs first.
UpdateList inOrder(const Updates& updates)
{
    std::vector<std::uint32_t> order(updates.size());
    std::iota(order.begin(), order.end(), 0U);
    std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
        return std::pair(updates.timeOf(a), updates.diffOf(a)) < std::pair(updates.timeOf(b), updates.diffOf(b));
    });
    auto sorted = std::make_shared<Updates>(updates);
    permute(sorted->rows, order);
    permute(sorted->times, order);
    permute(sorted->diffs, order);
    permute(sorted->origins, order);
    permute(sorted->certainties, order);
    return sorted;
}

tl::unexpected<Error> unreadable(const Updates& updates)
{
    return fail(ErrorCode::Corrupt,
                "what is new cannot be read whole: "
                    + (updates.warnings.empty() ? std::string("parts are missing") : updates.warnings.front()));
}

Result<Timestamp> upperOf(const State& state)
{
    const auto upper = state.upper();
    if (!upper || state.isTombstone())
        return fail(ErrorCode::Unsupported, "shard " + state.shardId + " is finalised: nothing follows any more");
    return *upper;
}

} // namespace

ShardTail::ShardTail(ShardReader& reader, StatePtr state, Timestamp told)
    : m_reader(reader)
    , m_state(std::move(state))
    , m_told(told)
{
}

/// Reads what `state` has beyond the walk. False when it does not tell it, or not all of it can be read.
Result<bool> ShardTail::visit(const StatePtr& state, Walk& walk, const Job& job)
{
    const auto upper = state->upper();
    if (!upper || *upper <= walk.told)
        return upper.has_value();
    if (!tellsApart(*state, walk.told))
        return false;
    INSPECTOR_TRY(const auto history, m_reader.historySince(state, walk.told, job));
    if (!history.updates->isComplete)
        return false;
    walk.steps.push_back(
        {state->seqno, state->walltimeMs, state->hostname, walk.told, *upper, inOrder(*history.updates), false});
    walk.told = *upper;
    return true;
}

/// Each append is read from the version that it made: there it is a batch of its own, whatever was merged since.
Result<ShardTail::Walk> ShardTail::walkDiffs(const std::vector<StateDiff>& diffs, StatePtr& newest, const Job& job)
{
    Walk walk {m_told, {}};
    State state = *m_state;
    for (const auto& diff : diffs) {
        INSPECTOR_CHECK(job.step(0, 0));
        INSPECTOR_CHECK(apply(state, diff));
        const auto upper = state.upper();
        if (upper && *upper <= walk.told)
            continue;
        const auto seen = std::make_shared<const State>(state);
        if (straddles(*seen, walk.told))
            continue; // a later version may not; what is left at the end is read from there
        INSPECTOR_CHECK(visit(seen, walk, job));
    }
    newest = std::make_shared<const State>(std::move(state));
    return walk;
}

Result<ShardTail::Walk> ShardTail::walkLiveStates(const Job& job)
{
    Walk walk {m_told, {}};
    Result<> outcome;
    const auto visitState = [&](const State& state, const StateDiff& /*diff*/) {
        const auto upper = state.upper();
        if (upper && *upper <= walk.told)
            return true;
        auto visited = visit(std::make_shared<const State>(state), walk, job);
        if (!visited)
            outcome = tl::unexpected(std::move(visited).error());
        return outcome.has_value();
    };
    INSPECTOR_CHECK(m_reader.states().visitLive(visitState, job));
    INSPECTOR_CHECK(outcome);
    return walk;
}

/// A store that was away may have come back as it was before: from a backup, or as a replica that lagged behind.
Result<> ShardTail::checkNotSetBack(const Job& job)
{
    if (!m_wasAway)
        return {};
    INSPECTOR_TRY(const auto current, m_reader.states().current(job));
    m_wasAway = false;
    if (current->seqno < m_state->seqno)
        return fail(ErrorCode::Corrupt,
                    "the log of shard " + current->shardId + " was at v" + std::to_string(m_state->seqno.value())
                        + " and is back at v" + std::to_string(current->seqno.value())
                        + ": the store was set back, and what was told after that is not there any more");
    return {};
}

Result<std::vector<TailStep>> ShardTail::next(const Job& job)
{
    auto asked = m_reader.states().poll(m_state->seqno, job);
    if (!asked) {
        m_wasAway = true;
        return tl::unexpected(std::move(asked).error());
    }
    INSPECTOR_CHECK(checkNotSetBack(job));
    const auto polled = *std::move(asked);
    StatePtr newest;
    Walk walk {m_told, {}};
    bool isRebuilt = true;
    if (const auto* fresh = std::get_if<NewDiffs>(&polled)) {
        if (fresh->diffs.empty() && persist::lessEqual(m_state->upper(), m_told))
            return std::vector<TailStep>();
        auto walked = walkDiffs(fresh->diffs, newest, job);
        if (walked) {
            walk = *std::move(walked);
            isRebuilt = false;
        } else if (walked.error().code != ErrorCode::Corrupt) {
            return tl::unexpected(std::move(walked).error());
        }
    }
    if (isRebuilt) {
        INSPECTOR_TRY(newest, m_reader.states().current(job));
        ++m_rebuilds;
    }
    INSPECTOR_TRY(auto upper, upperOf(*newest));

    // What no version on the way told: the log was cut, or its parts are gone already.
    if (walk.told < upper) {
        INSPECTOR_TRY(const auto isTold, visit(newest, walk, job));
        if (!isTold) {
            INSPECTOR_TRY(auto live, walkLiveStates(job));
            if (live.told > walk.told)
                walk = std::move(live);
        }
    }
    if (walk.told < upper) {
        // Most likely compaction and garbage collection have overtaken the reading.
        INSPECTOR_TRY(newest, m_reader.states().current(job));
        INSPECTOR_TRY(upper, upperOf(*newest));
        if (tellsApart(*newest, walk.told)) {
            INSPECTOR_TRY(const auto history, m_reader.historySince(newest, walk.told, job));
            if (!history.updates->isComplete)
                return unreadable(*history.updates);
            walk.steps.push_back({newest->seqno, newest->walltimeMs, newest->hostname, walk.told, upper,
                                  inOrder(*history.updates), false});
        } else {
            walk.steps.push_back(
                {newest->seqno, newest->walltimeMs, newest->hostname, walk.told, upper, nullptr, true});
        }
        walk.told = upper;
    }
    m_state = std::move(newest);
    m_told = walk.told;
    return std::move(walk.steps);
}

} // namespace inspector::persist
