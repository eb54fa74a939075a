#pragma once

#include "core/catalog/collection.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace inspector::catalog {

/// What a step of the upgrade path does to the rows it touches (catalog-model §5.13, §8.4).
enum class UpgradeAction : std::uint8_t {
    Nothing,              ///< but the pair of user_version rows
    RewriteAll,           ///< every row of its collections
    InsertNetworkPolicy,  ///< one row
    InsertAllocator,      ///< one row unless it is there
    DeleteAll,            ///< every row of its collections
    RehashPasswords,      ///< passwords of the old form
    MarkProvisioned,      ///< every role of a cloud environment
    RefuseContinualTasks, ///< stops when there are any
    MendRoles,            ///< roles with dangling retractions
    NormaliseRoles,       ///< the same, then every role that is not in its canonical form
    ManagedOnly,          ///< managed clusters and managed replicas
    Reconfigurations,     ///< clusters that are being reconfigured
    ManagedAndReplicas,   ///< managed clusters and all replicas
};

/// One step: from `from` to the version after it.
struct UpgradeRule
{
    std::uint64_t from = 0;
    std::uint64_t releaseMajor = 0; ///< the first release that has it
    std::uint64_t releaseMinor = 0;
    UpgradeAction action = UpgradeAction::Nothing;
    std::string_view effect; ///< one clause
    std::vector<CollectionType> collections;
};

/// Every step from 67 to 92, in order.
[[nodiscard]] std::span<const UpgradeRule> upgradeRules();

} // namespace inspector::catalog
