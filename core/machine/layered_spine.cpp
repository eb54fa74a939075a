#include "core/machine/layered_spine.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace inspector::machine {

namespace {

using persist::BatchPtr;
using persist::Description;
using persist::Frontier;
using persist::HollowBatch;
using persist::lessEqual;
using persist::SpineId;
using persist::textOf;

constexpr std::uint64_t kMaxLevel = 255;
/// Levels that the arithmetic of tidy() can count; a spine of kMaxUpdates needs no more.
constexpr std::size_t kMaxLevelsToChange = 64;

/// The level where a batch of so many updates belongs: the base-2 logarithm, rounded up.
std::size_t levelOf(std::uint64_t length)
{
    return length <= 1 ? 0 : static_cast<std::size_t>(std::bit_width(length - 1));
}

std::uint64_t sumOf(std::uint64_t a, std::uint64_t b)
{
    return a > std::numeric_limits<std::uint64_t>::max() - b ? std::numeric_limits<std::uint64_t>::max() : a + b;
}

std::uint64_t lengthOf(const std::vector<std::pair<SpineId, BatchPtr>>& members)
{
    std::uint64_t length = 0;
    for (const auto& [id, batch] : members)
        length = sumOf(length, batch->length);
    return length;
}

std::uint64_t lengthOf(const LayeredSpine::Level& level)
{
    std::uint64_t length = 0;
    for (const auto& batch : level.batches)
        length = sumOf(length, batch.length);
    return length;
}

Frontier join(const Frontier& a, const Frontier& b)
{
    return lessEqual(a, b) ? b : a;
}

BatchPtr emptyBatch(const Description& description)
{
    auto batch = std::make_shared<HollowBatch>();
    batch->description = description;
    return batch;
}

LayeredSpine::Batch singleBatch(SpineId id, BatchPtr batch)
{
    const auto description = batch->description;
    const auto length = batch->length;
    return {id, description, {{id, std::move(batch)}}, length, std::nullopt};
}

/// Runs that hold parts.
std::size_t runsOf(const HollowBatch& batch)
{
    std::size_t runs = 0;
    std::uint64_t start = 0;
    for (const auto split : batch.runs) {
        if (split > start)
            ++runs;
        start = split;
    }
    return batch.parts.size() > start ? runs + 1 : runs;
}

/// Two batches of one level as one. Empty ones fuse; others keep their members, and compaction is asked for.
LayeredSpine::Batch merged(LayeredSpine::Batch older, LayeredSpine::Batch newer, const Frontier& since,
                           std::vector<MergeRequest>& requests)
{
    const SpineId id {older.id.lo, newer.id.hi};
    const Description description {older.description.lower, newer.description.upper, since};
    if (older.length == 0 && newer.length == 0)
        return singleBatch(id, emptyBatch(description));
    auto members = std::move(older.members);
    members.insert(members.end(), std::make_move_iterator(newer.members.begin()),
                   std::make_move_iterator(newer.members.end()));
    requests.push_back({id, description, members});
    return {id, description, std::move(members), sumOf(older.length, newer.length), std::nullopt};
}

} // namespace

Result<std::vector<MergeRequest>> LayeredSpine::insert(BatchPtr batch)
{
    const auto& bounds = batch->description;
    if (bounds.lower == bounds.upper || !lessEqual(bounds.lower, bounds.upper))
        return fail(ErrorCode::Internal,
                    "batch " + textOf(bounds) + " spans no time: only the spine's own padding may");
    if (bounds.lower != m_upper)
        return fail(ErrorCode::Internal,
                    "batch " + textOf(bounds) + " does not start at the spine's upper " + textOf(m_upper));
    INSPECTOR_CHECK(checkRoomFor(batch->length));

    std::vector<MergeRequest> requests;
    const SpineId id {m_nextId, m_nextId + 1};
    m_nextId = id.hi;
    m_upper = bounds.upper;
    auto single = singleBatch(id, std::move(batch));
    if (single.length == 0) {
        const auto first =
            std::find_if(m_levels.begin(), m_levels.end(), [](const Level& level) { return !level.batches.empty(); });
        if (first != m_levels.end() && first->batches.size() == 1 && lengthOf(*first) == 0) {
            const auto level = static_cast<std::size_t>(first - m_levels.begin());
            INSPECTOR_CHECK(insertAt(std::move(single), level));
            if (auto fused = completeAt(level, requests))
                m_levels[level].batches.push_back(std::move(*fused));
            return requests;
        }
    }
    const auto level = levelOf(single.length);
    INSPECTOR_CHECK(introduce(std::move(single), level, requests));
    return requests;
}

/// Refuses before anything changes what the numbers of the algorithm cannot hold.
Result<> LayeredSpine::checkRoomFor(std::uint64_t updates) const
{
    if (m_nextId == std::numeric_limits<std::uint64_t>::max())
        return fail(ErrorCode::Internal, "the spine has no id left");
    if (m_levels.size() > kMaxLevelsToChange)
        return fail(ErrorCode::Internal,
                    "the spine has " + std::to_string(m_levels.size())
                        + " levels, more than any count of updates needs");
    auto total = updates;
    for (const auto& level : m_levels)
        total = sumOf(total, lengthOf(level));
    if (total > kMaxUpdates)
        return fail(ErrorCode::Internal, "the spine would hold more than " + std::to_string(kMaxUpdates) + " updates");
    return {};
}

Result<> LayeredSpine::introduce(Batch batch, std::size_t level, std::vector<MergeRequest>& requests)
{
    const auto fuel = level > 60 ? std::numeric_limits<std::uint64_t>::max() : std::uint64_t {8} << level;
    INSPECTOR_CHECK(applyFuel(fuel, requests));
    INSPECTOR_CHECK(rollUp(level, requests));
    INSPECTOR_CHECK(insertAt(std::move(batch), level));
    return tidy();
}

/// The same fuel for every level; a merge that finishes moves up one.
Result<> LayeredSpine::applyFuel(std::uint64_t fuel, std::vector<MergeRequest>& requests)
{
    const auto count = m_levels.size();
    for (std::size_t i = 0; i < count; ++i) {
        auto& merge = m_levels[i].merge;
        if (!merge)
            continue;
        merge->remainingWork -= std::min(fuel, merge->remainingWork);
        if (merge->remainingWork > 0)
            continue;
        if (auto complete = completeAt(i, requests))
            INSPECTOR_CHECK(insertAt(std::move(*complete), i + 1));
    }
    return {};
}

/// Empties all levels below `level`.
Result<> LayeredSpine::rollUp(std::size_t level, std::vector<MergeRequest>& requests)
{
    growTo(level);
    const auto end = m_levels.begin() + static_cast<std::ptrdiff_t>(level);
    if (std::all_of(m_levels.begin(), end, [](const Level& below) { return below.batches.empty(); }))
        return {};
    std::optional<Batch> carried;
    for (std::size_t i = 0; i < level; ++i) {
        if (carried)
            INSPECTOR_CHECK(insertAt(std::move(*carried), i));
        carried = completeAt(i, requests);
    }
    if (carried)
        INSPECTOR_CHECK(insertAt(std::move(*carried), level));
    if (m_levels[level].batches.size() == 2) {
        if (auto complete = completeAt(level, requests))
            INSPECTOR_CHECK(insertAt(std::move(*complete), level + 1));
    }
    return {};
}

Result<> LayeredSpine::insertAt(Batch batch, std::size_t level)
{
    growTo(level);
    auto& [batches, merge] = m_levels[level];
    if (merge || batches.size() >= 2)
        return fail(ErrorCode::Internal,
                    "spine batch " + textOf(batch.id) + " would go into the unfinished merge of level "
                        + std::to_string(level) + ": the spine was laid out by another algorithm");
    if (!batches.empty()
        && (batches.back().id.hi != batch.id.lo || batches.back().description.upper != batch.description.lower))
        return fail(ErrorCode::Internal,
                    "spine batch " + textOf(batch.id) + " does not follow " + textOf(batches.back().id) + " at level "
                        + std::to_string(level));
    batches.push_back(std::move(batch));
    if (batches.size() == 2) {
        const auto since = join(join(batches[0].description.since, batches[1].description.since), m_since);
        merge = persist::Merge {since, sumOf(batches[0].length, batches[1].length), std::nullopt};
    }
    return {};
}

/// Takes everything out of a level, merged into one batch whatever work remains.
std::optional<LayeredSpine::Batch> LayeredSpine::completeAt(std::size_t level, std::vector<MergeRequest>& requests)
{
    auto taken = std::exchange(m_levels[level], {});
    if (taken.batches.empty())
        return std::nullopt;
    if (taken.batches.size() == 1)
        return std::move(taken.batches.front());
    const auto since = taken.merge ? taken.merge->since : m_since;
    return merged(std::move(taken.batches[0]), std::move(taken.batches[1]), since, requests);
}

/// Lets an oldest batch that has become small sink.
Result<> LayeredSpine::tidy()
{
    if (m_levels.empty() || m_levels.back().batches.size() != 1)
        return {};
    const auto target = levelOf(m_levels.back().batches.front().length);
    while (target + 1 < m_levels.size()) {
        const auto count = m_levels.size();
        const auto below = m_levels.end() - 2;
        if (below->batches.empty()) {
            m_levels.erase(below);
            continue;
        }
        if (below->batches.size() != 1)
            return {};
        std::uint64_t newer = 0;
        for (std::size_t i = 0; i + 2 < count; ++i)
            for (std::size_t batch = 0; batch < m_levels[i].batches.size(); ++batch)
                newer = sumOf(newer, std::uint64_t {1} << i);
        const auto bound = count < 3 ? 0 : std::uint64_t {1} << (count - 3);
        if (newer > bound)
            return {};
        auto next = std::move(below->batches.front());
        m_levels.erase(below);
        return insertAt(std::move(next), count - 2);
    }
    return {};
}

Result<bool> LayeredSpine::exert(std::uint64_t effort, Era era, std::vector<MergeRequest>& requests)
{
    if (effort > kMaxUpdates)
        return fail(ErrorCode::Internal, "an effort of " + std::to_string(effort) + " is more than a spine can hold");
    INSPECTOR_CHECK(checkRoomFor(0));
    INSPECTOR_CHECK(tidy());
    if (isReduced(era))
        return false;
    if (std::any_of(m_levels.begin(), m_levels.end(), [](const Level& level) { return level.merge.has_value(); })) {
        INSPECTOR_CHECK(applyFuel(effort, requests));
        return true;
    }
    const SpineId id {m_nextId, m_nextId + 1};
    m_nextId = id.hi;
    INSPECTOR_CHECK(introduce(singleBatch(id, emptyBatch({m_upper, m_upper, m_since})), levelOf(effort), requests));
    return true;
}

bool LayeredSpine::isReduced(Era era) const
{
    std::size_t count = 0;
    for (const auto& level : m_levels)
        for (const auto& batch : level.batches)
            for (const auto& [id, member] : batch.members)
                count += era == Era::Old ? 1 : runsOf(*member);
    return count < 2;
}

Result<MergeOutcome> LayeredSpine::applyMergeResult(const HollowBatch& result)
{
    const auto& bounds = result.description;
    const auto replace = [&](Batch& batch) {
        if (!lessEqual(bounds.since, batch.description.since))
            return MergeOutcome::NoOp;
        if (bounds.lower == batch.description.lower && bounds.upper == batch.description.upper) {
            if (result.length > batch.length)
                return MergeOutcome::NoOpTooManyUpdates;
            batch = singleBatch(batch.id, std::make_shared<HollowBatch>(result));
            return MergeOutcome::AppliedExact;
        }
        // Beside a padding two members share a bound: the pair that is complete first counts.
        std::optional<std::size_t> first;
        std::optional<std::size_t> last;
        for (std::size_t i = 0; i < batch.members.size() && !(first && last); ++i) {
            const auto& member = batch.members[i].second->description;
            if (member.lower == bounds.lower)
                first = i;
            if (member.upper == bounds.upper)
                last = i;
        }
        if (!first || !last || *first > *last)
            return MergeOutcome::NoOp;
        auto members = batch.members;
        const auto begin = members.begin() + static_cast<std::ptrdiff_t>(*first);
        const auto end = members.begin() + static_cast<std::ptrdiff_t>(*last);
        *begin = {{begin->first.lo, end->first.hi}, std::make_shared<HollowBatch>(result)};
        members.erase(begin + 1, end + 1);
        const auto length = lengthOf(members);
        if (length > batch.length)
            return MergeOutcome::NoOpTooManyUpdates;
        batch.members = std::move(members);
        batch.length = length;
        batch.compactionStartMs.reset();
        return MergeOutcome::AppliedSubset;
    };

    for (auto& level : m_levels)
        for (auto batch = level.batches.rbegin(); batch != level.batches.rend(); ++batch)
            if (const auto outcome = replace(*batch); outcome != MergeOutcome::NoOp)
                return outcome;
    return MergeOutcome::NoOp;
}

void LayeredSpine::claim(SpineId id, std::uint64_t startMs)
{
    for (auto& level : m_levels)
        for (auto& batch : level.batches)
            if (batch.id == id)
                batch.compactionStartMs = startMs;
}

std::vector<const LayeredSpine::Batch*> LayeredSpine::oldestFirst() const
{
    std::vector<const Batch*> batches;
    for (auto level = m_levels.rbegin(); level != m_levels.rend(); ++level)
        for (const auto& batch : level->batches)
            batches.push_back(&batch);
    return batches;
}

void LayeredSpine::growTo(std::size_t level)
{
    if (m_levels.size() <= level)
        m_levels.resize(level + 1);
}

persist::Trace LayeredSpine::flatten() const
{
    persist::Trace trace;
    trace.since = m_since;
    for (std::size_t number = m_levels.size(); number-- > 0;) {
        const auto& level = m_levels[number];
        for (const auto& batch : level.batches) {
            auto& stored = trace.spineBatches[batch.id];
            stored.level = number;
            stored.description = batch.description;
            stored.parts.reserve(batch.members.size());
            stored.descriptions.reserve(batch.members.size());
            for (const auto& [id, member] : batch.members) {
                stored.parts.push_back(id);
                stored.descriptions.push_back(member->description);
                if (member->description.isEmptyRange())
                    trace.hollowBatches[id] = member;
                else
                    trace.legacyBatches.push_back(member);
            }
            if (batch.compactionStartMs)
                trace.merges[batch.id] = {batch.description.since, 0, batch.compactionStartMs};
        }
        if (level.merge && !level.batches.empty())
            trace.merges[{level.batches.front().id.lo, level.batches.back().id.hi}] = *level.merge;
    }
    std::stable_sort(trace.legacyBatches.begin(), trace.legacyBatches.end(), persist::BatchOrder());
    return trace;
}

/// Puts the batches of a flat form back into their places (§10.7 rows 2 to 6).
class LayeredSpine::Loader
{
public:
    Loader(const persist::Trace& trace, Era era)
        : m_trace(trace)
        , m_era(era)
        , m_legacy(trace.legacyBatches)
        , m_hollow(trace.hollowBatches)
        , m_merges(trace.merges)
    {
        std::stable_sort(m_legacy.begin(), m_legacy.end(), persist::BatchOrder());
        std::reverse(m_legacy.begin(), m_legacy.end());
    }

    Result<> load(LayeredSpine& spine)
    {
        spine.m_since = m_trace.since;
        for (const auto& [id, stored] : m_trace.spineBatches) {
            INSPECTOR_CHECK(place(spine, id, stored));
            spine.m_nextId = id.hi;
            spine.m_upper = stored.description.upper;
        }
        if (!m_trace.isStructured())
            INSPECTOR_CHECK(insertAll(spine));
        if (!m_legacy.empty())
            return corrupt("batch " + textOf(m_legacy.back()->description) + " has no place in the spine");
        if (!m_hollow.empty())
            return corrupt("hollow batch " + textOf(m_hollow.begin()->first) + " has no place in the spine");
        if (!m_merges.empty())
            return corrupt("merge " + textOf(m_merges.begin()->first) + " belongs to no batch and no full level");
        return {};
    }

private:
    static tl::unexpected<Error> corrupt(std::string message) { return fail(ErrorCode::Corrupt, std::move(message)); }

    Result<> place(LayeredSpine& spine, SpineId id, const persist::SpineBatch& stored)
    {
        const auto name = "spine batch " + textOf(id);
        if (stored.level > kMaxLevel)
            return corrupt(name + " is at level " + std::to_string(stored.level) + ", beyond the limit of 255");
        const auto number = static_cast<std::size_t>(stored.level);
        if (spine.m_levels.empty())
            spine.growTo(number);
        if (number >= spine.m_levels.size())
            return corrupt(name + " lies at level " + std::to_string(number) + ", above the oldest batch");
        if (stored.descriptions.size() > stored.parts.size())
            return corrupt(name + " has more descriptions than parts");
        auto& level = spine.m_levels[number];
        if (level.batches.size() == 2)
            return corrupt(name + " is the third batch at level " + std::to_string(number));

        Batch batch {id, stored.description, {}, 0, std::nullopt};
        batch.members.reserve(stored.parts.size());
        for (std::size_t i = 0; i < stored.parts.size(); ++i) {
            const auto* listed = i < stored.descriptions.size() ? &stored.descriptions[i] : nullptr;
            auto member = take(stored.parts[i], listed);
            if (!member)
                return Result<>(tl::unexpected<Error>(std::move(member).error())).during("loading " + name);
            batch.members.emplace_back(stored.parts[i], *std::move(member));
        }
        batch.length = lengthOf(batch.members);
        if (const auto claimed = m_merges.extract(id); !claimed.empty())
            batch.compactionStartMs = claimed.mapped().compactionStartMs;
        level.batches.push_back(std::move(batch));
        if (level.batches.size() == 2)
            if (auto merge = m_merges.extract({level.batches[0].id.lo, level.batches[1].id.hi}); !merge.empty())
                level.merge = persist::Merge {merge.mapped().since, merge.mapped().remainingWork, std::nullopt};
        return {};
    }

    Result<BatchPtr> take(SpineId part, const Description* listed)
    {
        BatchPtr batch;
        if (auto hollow = m_hollow.extract(part); !hollow.empty()) {
            batch = std::move(hollow.mapped());
        } else {
            if (m_legacy.empty())
                return corrupt("part " + textOf(part) + " has no batch");
            batch = m_legacy.back();
            m_legacy.pop_back();
            if (listed != nullptr && batch->isEmpty() && batch->description.lower == listed->lower)
                batch = cutAnew(std::move(batch), *listed);
        }
        if (listed != nullptr
            && (batch->description.lower != listed->lower || batch->description.upper != listed->upper))
            return corrupt("part " + textOf(part) + " is listed as " + textOf(*listed) + ", but its batch is "
                           + textOf(batch->description));
        return batch;
    }

    /// An empty batch absorbs the empty ones after it while it is too short and gives back what is too much: processes
    /// once fused empty batches differently (§10.7 row 3).
    BatchPtr cutAnew(BatchPtr batch, const Description& listed)
    {
        auto bounds = batch->description;
        while (bounds.upper != listed.upper && lessEqual(bounds.upper, listed.upper) && !m_legacy.empty()
               && m_legacy.back()->isEmpty()) {
            bounds.upper = m_legacy.back()->description.upper;
            m_legacy.pop_back();
        }
        if (bounds.upper != listed.upper && lessEqual(listed.upper, bounds.upper)) {
            m_legacy.push_back(emptyBatch({listed.upper, bounds.upper, bounds.since}));
            bounds.upper = listed.upper;
        }
        if (m_era == Era::Old)
            bounds.since = listed.since;
        return bounds == batch->description ? batch : emptyBatch(bounds);
    }

    Result<> insertAll(LayeredSpine& spine)
    {
        while (!m_legacy.empty()) {
            auto batch = std::move(m_legacy.back());
            m_legacy.pop_back();
            auto inserted = spine.insert(std::move(batch));
            if (!inserted)
                return corrupt(inserted.error().message);
        }
        return {};
    }

    const persist::Trace& m_trace;
    Era m_era;
    std::vector<BatchPtr> m_legacy; ///< the oldest last
    std::map<SpineId, BatchPtr> m_hollow;
    std::map<SpineId, persist::Merge> m_merges;
};

Result<LayeredSpine> LayeredSpine::unflatten(const persist::Trace& trace, Era era)
{
    LayeredSpine spine;
    INSPECTOR_CHECK(Loader(trace, era).load(spine).during("loading the spine"));
    INSPECTOR_CHECK(spine.validate().during("loading the spine"));
    return spine;
}

Result<> LayeredSpine::validate() const
{
    const auto corrupt = [](std::string message) { return fail(ErrorCode::Corrupt, std::move(message)); };
    if (m_levels.size() > kMaxLevel + 1)
        return corrupt("the spine has " + std::to_string(m_levels.size()) + " levels, but 256 at most are allowed");
    std::uint64_t nextId = 0;
    std::uint64_t total = 0;
    Frontier time = Timestamp();
    for (std::size_t number = m_levels.size(); number-- > 0;) {
        const auto& level = m_levels[number];
        const auto name = "level " + std::to_string(number);
        if (level.batches.size() > 2)
            return corrupt(name + " has more than two batches");
        if (level.merge.has_value() != (level.batches.size() == 2))
            return corrupt(name
                           + (level.merge ? " has a merge without two batches" : " has two batches without a merge"));
        for (const auto& batch : level.batches) {
            const auto batchName = "spine batch " + textOf(batch.id);
            if (batch.id.lo != nextId || batch.id.hi <= batch.id.lo)
                return corrupt(batchName + " should start at id " + std::to_string(nextId));
            if (batch.description.lower != time)
                return corrupt(batchName + " starts at " + textOf(batch.description.lower) + " instead of "
                               + textOf(time));
            if (!lessEqual(batch.description.lower, batch.description.upper))
                return corrupt(batchName + " ends before it starts: " + textOf(batch.description));
            if (!lessEqual(batch.description.since, m_since))
                return corrupt(batchName + " is compacted to " + textOf(batch.description.since)
                               + ", beyond the shard's since " + textOf(m_since));
            for (const auto& [id, member] : batch.members) {
                if (id.lo != nextId || id.hi <= id.lo)
                    return corrupt("the parts of " + batchName + " do not tile its ids");
                nextId = id.hi;
            }
            if (nextId != batch.id.hi)
                return corrupt("the parts of " + batchName + " do not tile its ids");
            time = batch.description.upper;
            total = sumOf(total, batch.length);
        }
    }
    if (nextId != m_nextId)
        return corrupt("the spine ends at id " + std::to_string(nextId) + " instead of " + std::to_string(m_nextId));
    if (time != m_upper)
        return corrupt("the spine ends at " + textOf(time) + " instead of " + textOf(m_upper));
    if (total > kMaxUpdates)
        return corrupt("the spine claims more than " + std::to_string(kMaxUpdates) + " updates");
    return {};
}

std::vector<MergeRequest> withoutCovered(std::vector<MergeRequest> requests)
{
    const auto covers = [](const MergeRequest& a, const MergeRequest& b) {
        return a.id.lo <= b.id.lo && b.id.hi <= a.id.hi && a.description.since == b.description.since;
    };
    std::vector<MergeRequest> kept;
    for (; !requests.empty(); requests.pop_back()) {
        auto& request = requests.back();
        if (std::any_of(kept.begin(), kept.end(), [&](const MergeRequest& other) { return covers(other, request); }))
            continue;
        std::erase_if(kept, [&](const MergeRequest& other) { return covers(request, other); });
        kept.push_back(std::move(request));
    }
    return kept;
}

Result<std::vector<BatchPtr>> batchesLoadedOtherwise(const persist::Trace& trace)
{
    std::vector<BatchPtr> found;
    for (const auto era : {Era::Old, Era::New}) {
        INSPECTOR_TRY(const auto spine, LayeredSpine::unflatten(trace, era));
        const auto loaded = spine.flatten().legacyBatches;
        // A batch that is held as it is stored is the same object.
        const std::set<BatchPtr> kept(loaded.begin(), loaded.end());
        for (const auto& batch : trace.legacyBatches)
            if (!kept.contains(batch) && std::find(found.begin(), found.end(), batch) == found.end())
                found.push_back(batch);
    }
    return found;
}

} // namespace inspector::machine
