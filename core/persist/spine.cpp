#include "core/persist/spine.h"

#include <algorithm>
#include <deque>
#include <map>
#include <numeric>

namespace inspector::persist {

namespace {

constexpr std::uint64_t kMaxLevels = 256;
constexpr std::uint64_t kMaxUpdates = std::uint64_t {1} << 61U;

BatchPtr withBounds(const HollowBatch& batch, Frontier lower, Frontier upper)
{
    auto changed = std::make_shared<HollowBatch>(batch);
    changed->description.lower = lower;
    changed->description.upper = upper;
    changed->raw = {};
    return changed;
}

/// Puts hollow batches in the places that the flat form describes, and checks (persist-format §6.3).
class Builder
{
public:
    explicit Builder(const Trace& trace)
        : m_trace(trace)
        , m_legacy(trace.legacyBatches.begin(), trace.legacyBatches.end())
    {
        std::stable_sort(m_legacy.begin(), m_legacy.end(), BatchOrder());
    }

    Spine build()
    {
        if (m_trace.isStructured())
            placeStructured();
        else
            placeInTimeOrder();
        if (!m_spine.batches.empty()) {
            m_spine.upper = m_spine.batches.back().description.upper;
            m_spine.nextId = m_spine.batches.back().id.hi;
        }
        fillLevels();
        attachMerges();
        checkTiling();
        checkSizes();
        return std::move(m_spine);
    }

private:
    void problem(std::string text) { m_spine.problems.push_back(std::move(text)); }

    void placeStructured()
    {
        std::map<SpineId, bool> usedHollow;
        for (const auto& [id, structure] : m_trace.spineBatches) {
            PlacedBatch placed {id, structure.level, structure.description, {}, std::nullopt};
            if (structure.descriptions.size() > structure.parts.size())
                problem("spine batch " + textOf(id) + " has more descriptions than parts");
            for (std::size_t i = 0; i < structure.parts.size(); ++i) {
                const auto partId = structure.parts[i];
                const auto* expected = i < structure.descriptions.size() ? &structure.descriptions[i] : nullptr;
                const auto hollow = m_trace.hollowBatches.find(partId);
                BatchPtr batch;
                if (hollow != m_trace.hollowBatches.end()) {
                    usedHollow[partId] = true;
                    batch = hollow->second;
                } else {
                    batch = takeLegacy(partId, expected);
                }
                if (!batch)
                    continue;
                if (expected != nullptr
                    && (expected->lower != batch->description.lower || expected->upper != batch->description.upper))
                    problem("part " + textOf(partId) + " of spine batch " + textOf(id) + " should be "
                            + textOf(*expected) + ", but is " + textOf(batch->description));
                placed.parts.emplace_back(partId, std::move(batch));
            }
            checkPartIds(id, structure);
            m_spine.batches.push_back(std::move(placed));
        }
        for (const auto& batch : m_legacy)
            problem("batch " + textOf(batch->description) + " has no place in the spine");
        for (const auto& [id, batch] : m_trace.hollowBatches)
            if (!usedHollow.contains(id))
                problem("hollow batch " + textOf(id) + " has no place in the spine");
    }

    /// The next batch in time order. An empty one is fused with the next, or split, until it ends where it should:
    /// processes fuse empty batches differently.
    BatchPtr takeLegacy(SpineId partId, const Description* expected)
    {
        if (m_legacy.empty()) {
            problem("part " + textOf(partId) + " of the spine has no batch");
            return nullptr;
        }
        auto batch = m_legacy.front();
        m_legacy.pop_front();
        if (expected == nullptr || !batch->isEmpty())
            return batch;
        while (batch->description.upper != expected->upper && lessEqual(batch->description.upper, expected->upper)
               && !m_legacy.empty() && m_legacy.front()->isEmpty()) {
            batch = withBounds(*batch, batch->description.lower, m_legacy.front()->description.upper);
            m_legacy.pop_front();
        }
        if (batch->description.upper != expected->upper && lessEqual(expected->upper, batch->description.upper)
            && lessEqual(batch->description.lower, expected->upper)) {
            m_legacy.push_front(withBounds(*batch, expected->upper, batch->description.upper));
            batch = withBounds(*batch, batch->description.lower, expected->upper);
        }
        return batch;
    }

    void placeInTimeOrder()
    {
        for (std::size_t i = 0; i < m_legacy.size(); ++i) {
            const SpineId id {i, i + 1};
            m_spine.batches.push_back({id, 0, m_legacy[i]->description, {{id, m_legacy[i]}}, std::nullopt});
        }
        m_legacy.clear();
    }

    void checkPartIds(SpineId id, const SpineBatch& structure)
    {
        auto expected = id.lo;
        for (const auto& part : structure.parts) {
            if (part.lo != expected)
                break;
            expected = part.hi;
        }
        if (expected != id.hi)
            problem("the parts of spine batch " + textOf(id) + " do not cover its ids");
    }

    void fillLevels()
    {
        std::uint64_t levels = 0;
        for (const auto& batch : m_spine.batches)
            levels = std::max(levels, batch.level < kMaxLevels ? batch.level + 1 : 0);
        m_spine.levels.resize(static_cast<std::size_t>(levels));
        for (std::size_t i = 0; i < m_spine.batches.size(); ++i) {
            const auto& batch = m_spine.batches[i];
            if (batch.level >= kMaxLevels) {
                problem("spine batch " + textOf(batch.id) + " is at level " + std::to_string(batch.level));
                continue;
            }
            if (batch.level > m_spine.batches.front().level)
                problem("spine batch " + textOf(batch.id) + " lies above the oldest one");
            m_spine.levels[static_cast<std::size_t>(batch.level)].batches.push_back(i);
        }
    }

    void attachMerges()
    {
        for (const auto& [id, merge] : m_trace.merges)
            if (!attachMerge(id, merge))
                problem("merge " + textOf(id) + " belongs to no batch and no level");
        if (!m_trace.isStructured())
            return;
        for (std::size_t level = 0; level < m_spine.levels.size(); ++level) {
            const auto& [batches, merge] = m_spine.levels[level];
            const auto name = "level " + std::to_string(level);
            if (batches.size() > 2)
                problem(name + " has " + std::to_string(batches.size()) + " batches, but two at most are allowed");
            if (merge.has_value() != (batches.size() == 2))
                problem(name + (merge ? " has a merge without two batches" : " has two batches without a merge"));
        }
    }

    bool attachMerge(SpineId id, const Merge& merge)
    {
        const auto batch = std::find_if(m_spine.batches.begin(), m_spine.batches.end(),
                                        [&](const PlacedBatch& placed) { return placed.id == id; });
        if (batch != m_spine.batches.end()) {
            batch->compactionStartMs = merge.compactionStartMs;
            return true;
        }
        for (auto& level : m_spine.levels) {
            if (level.batches.size() != 2 || m_spine.batches[level.batches[0]].id.lo != id.lo
                || m_spine.batches[level.batches[1]].id.hi != id.hi)
                continue;
            level.merge = {id, merge};
            return true;
        }
        return false;
    }

    void checkTiling()
    {
        std::uint64_t nextId = 0;
        Frontier time = Timestamp();
        for (const auto& batch : m_spine.batches) {
            if (batch.id.lo != nextId)
                problem("spine batch " + textOf(batch.id) + " should start at id " + std::to_string(nextId));
            if (batch.description.lower != time)
                problem("spine batch " + textOf(batch.id) + " starts at " + textOf(batch.description.lower)
                        + " instead of " + textOf(time));
            if (!lessEqual(batch.description.since, m_trace.since))
                problem("spine batch " + textOf(batch.id) + " is compacted to " + textOf(batch.description.since)
                        + ", beyond the shard's since " + textOf(m_trace.since));
            nextId = batch.id.hi;
            time = batch.description.upper;
        }
    }

    void checkSizes()
    {
        std::uint64_t total = 0;
        for (const auto& batch : m_spine.batches) {
            const auto length = batch.length();
            if (length >= kMaxUpdates - std::min(total, kMaxUpdates)) {
                problem("the spine claims more updates than can be");
                return;
            }
            total += length;
        }
    }

    const Trace& m_trace;
    std::deque<BatchPtr> m_legacy;
    Spine m_spine;
};

} // namespace

std::uint64_t PlacedBatch::length() const
{
    std::uint64_t total = 0;
    for (const auto& [partId, batch] : parts)
        total = total + batch->length < total ? kMaxUpdates : total + batch->length;
    return total;
}

Spine buildSpine(const Trace& trace)
{
    return Builder(trace).build();
}

} // namespace inspector::persist
