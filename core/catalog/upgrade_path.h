#pragma once

#include "core/base/result.h"
#include "core/catalog/fence.h"
#include "core/catalog/snapshot.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace inspector::catalog {

/// A build of the reference, as far as opening a catalog depends on it (catalog-model §0, §8.1).
struct Build
{
    std::string version;                  ///< semver
    std::uint64_t catalogVersion = 92;    ///< its CATALOG_VERSION
    std::uint64_t minCatalogVersion = 74; ///< oldest that it migrates
    bool hasUpgradeShard = false;         ///< the old era: the first gate looks at that shard
};

/// The build of an era that this program emulates: 0.125 with version 72, 26.23 with 82, 26.39 with 92.
[[nodiscard]] Result<Build> buildOfCatalogVersion(std::uint64_t catalogVersion);

/// catalog-model §2.3 step 2: nothing, or Unsupported in the words of §3.2.
[[nodiscard]] Result<> checkPersistVersion(const Build& build, const std::string& foundVersion);
/// Upstream's rule "code can write data" (catalog-model §2.22, persist-write-protocol §17.1).
[[nodiscard]] bool codeCanWriteData(const std::string& codeVersion, const std::string& dataVersion);
/// catalog-model §2.3 step 12.
[[nodiscard]] Result<> checkContentVersion(const Build& build, const std::string& foundVersion);

/// A step of the upgrade path (catalog-model §8.4).
struct UpgradeStep
{
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    std::string firstRelease;
    std::string effect;                      ///< one clause
    std::vector<CollectionType> collections; ///< that it may touch
    std::uint64_t rowsTouched = 0;           ///< in this catalog, as far as the rules of §8.4 say
};

/// What an open for writing by `build` would meet, found out without writing (catalog-model §8).
struct UpgradeCheck
{
    /// A gate that would refuse: the error in the reference's words, and which gate.
    struct Refusal
    {
        std::string
            gate; ///< "persist data version", "generation", "content version", "user_version", "migration 81 to 82"
        std::string message;
    };
    std::optional<std::uint64_t> userVersion;
    std::vector<Refusal> refusals; ///< in the order in which the gates apply
    std::vector<UpgradeStep> steps;
    struct BadRow
    {
        std::uint32_t update = 0; ///< index into the updates
        std::string message;
    };
    std::vector<BadRow> undecodable; ///< rows that do not decode under the catalog's own version
    std::vector<std::string> notes;  ///< what to know beside it, one clause each
};

/// The facts that the gates look at beside the rows.
struct UpgradeFacts
{
    std::string applierVersion;                       ///< of the catalog shard
    std::optional<std::string> upgradeShardVersion;   ///< of the upgrade shard; nothing when there is none
    std::optional<DeployGeneration> deployGeneration; ///< that the open would be made with
};

[[nodiscard]] Result<UpgradeCheck> checkUpgrade(const GroupedUpdates& consolidated, const Build& build,
                                                const UpgradeFacts& facts, const Job& job);

} // namespace inspector::catalog
