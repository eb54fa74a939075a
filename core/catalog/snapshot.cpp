#include "core/catalog/snapshot.h"

#include "core/codec/row_codec.h"

namespace inspector::catalog {

Result<GroupedUpdates> groupByCollection(persist::UpdateList updates, const Job& job)
{
    constexpr std::uint32_t kRowsPerStep = 8192;
    constexpr std::uint32_t kAhead = 8;
    constexpr std::uint32_t kNearEnd = 32;
    GroupedUpdates grouped;
    const auto count = static_cast<std::uint32_t>(updates->size());
    for (std::uint32_t i = 0; i < count; ++i) {
        if (i % kRowsPerStep == 0)
            INSPECTOR_CHECK(job.step(i, count));
        if (i + kAhead < count) {
            // The kind of most rows stands at their front or at their end: bring both near before they are looked at.
            const auto& soon = updates->rows[i + kAhead];
            __builtin_prefetch(soon.data);
            __builtin_prefetch(soon.data + (soon.size > kNearEnd ? soon.size - kNearEnd : 0));
        }
        const auto kind = codec::kindOf(updates->rows[i]);
        if (const auto* collection = collectionOfKind(kind))
            grouped.collections[static_cast<std::size_t>(collection->type)].push_back(i);
        else if (kind == kFenceTokenKind)
            grouped.fenceTokens.push_back(i);
        else if (kind.empty())
            grouped.undecodable.push_back(i);
        else
            grouped.unknownKinds[std::string(kind)].push_back(i);
    }
    grouped.updates = std::move(updates);
    return grouped;
}

CollectionCounts countsOf(const GroupedUpdates& grouped, CollectionType type)
{
    CollectionCounts counts;
    const auto& updates = *grouped.updates;
    for (const auto i : grouped.of(type)) {
        const auto diff = updates.diffOf(i);
        ++counts.total;
        ++(diff == 1 ? counts.additions : diff == -1 ? counts.retractions : counts.others);
        counts.storedBytes += updates.rows[i].size;
    }
    return counts;
}

} // namespace inspector::catalog
