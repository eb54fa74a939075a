#pragma once

#include "core/catalog/upgrade_path.h"
#include "core/inspect/catalog_reader.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace inspector::inspect {

/// Which build a check is for. One of the two is needed; of a version alone, the catalog version follows.
struct UpgradeTarget
{
    std::optional<std::uint64_t> catalogVersion;
    std::optional<std::string> version; ///< semver
};

/// What an upgrade would meet, and what it was looked up from.
struct UpgradeReport
{
    catalog::Build build;
    catalog::UpgradeCheck check;
    std::string shardId;
    SeqNo seqno;
    std::string applierVersion;
    std::optional<std::string> upgradeShardVersion;   ///< looked for only where the build's first gate is about it
    std::string contentVersion;                       ///< empty when there is none
    std::optional<DeployGeneration> deployGeneration; ///< as given
    std::vector<std::string> warnings;                ///< of reading
};

/// Reads the catalog at a moment, and the newest state of the shard that guards upgrades where the build looks at that,
/// and finds out what an open for writing would meet (catalog-model §8). Writes nothing. InvalidInput without a target
/// and for one that is not known; otherwise as CatalogReader.
[[nodiscard]] Result<UpgradeReport> checkUpgrade(const OpenOptions& options, Moment moment, const UpgradeTarget& target,
                                                 std::optional<DeployGeneration> deployGeneration, const Job& job);

/// The names of the collections that a step may touch, with commas.
[[nodiscard]] std::string collectionsOf(const catalog::UpgradeStep& step);

/// The report as one JSON object on one line, without the newline: `catalog_version`, `content_version`,
/// `applier_version`, `target`, `deploy_generation`, `passes`, `refusals`, `steps`, `undecodable`, `notes`.
[[nodiscard]] std::string upgradeLine(const UpgradeReport& report);

} // namespace inspector::inspect
