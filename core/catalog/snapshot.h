#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/catalog/collection.h"
#include "core/persist/updates.h"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace inspector::catalog {

/// The updates of one shard, told apart by what they are: indices into `updates`, each group in the order of the
/// updates. A snapshot when the updates are consolidated, a trace when they are not.
struct GroupedUpdates
{
    persist::UpdateList updates;
    std::array<std::vector<std::uint32_t>, kCollectionCount> collections; ///< by CollectionType
    std::vector<std::uint32_t> fenceTokens;
    std::map<std::string, std::vector<std::uint32_t>, std::less<>> unknownKinds;
    std::vector<std::uint32_t> undecodable; ///< without a kind, or error rows; a row with a kind may still not decode

    [[nodiscard]] const std::vector<std::uint32_t>& of(CollectionType type) const
    {
        return collections[static_cast<std::size_t>(type)];
    }
};

/// Looks at the kind of every row, and at nothing else of it. Cancelled; no other error.
[[nodiscard]] Result<GroupedUpdates> groupByCollection(persist::UpdateList updates, const Job& job);

/// How many updates of a collection there are, as the reference counts them.
struct CollectionCounts
{
    std::uint64_t total = 0;       ///< updates
    std::uint64_t additions = 0;   ///< of diff +1
    std::uint64_t retractions = 0; ///< of diff -1
    std::uint64_t others = 0;      ///< of any other diff
    std::uint64_t storedBytes = 0;
};

[[nodiscard]] CollectionCounts countsOf(const GroupedUpdates& grouped, CollectionType type);

} // namespace inspector::catalog
