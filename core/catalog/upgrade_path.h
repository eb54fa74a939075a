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

/// The first release of a catalog version (catalog-model §8.4): 0.125.0 for 72, 26.23.0 for 82, 26.39.0 for 92.
/// Unsupported outside 68 to 92.
[[nodiscard]] Result<Build> buildOfCatalogVersion(std::uint64_t catalogVersion);
/// The build of a version: its catalog version is that of the newest release that is not above it, tags apart.
/// InvalidInput when it is no version; Unsupported below 0.123.
[[nodiscard]] Result<Build> buildOfVersion(const std::string& version);

/// catalog-model §2.3 step 2: nothing, or Unsupported in the words of §3.2. `foundVersion` is the applier version of
/// the upgrade shard where the build has one, else of the catalog shard. Corrupt when it is no version.
[[nodiscard]] Result<> checkPersistVersion(const Build& build, const std::string& foundVersion);
/// Upstream's rule "code can write data" (catalog-model §2.22, persist-write-protocol §17.1). False when one of them is
/// no version.
[[nodiscard]] bool codeCanWriteData(const std::string& codeVersion, const std::string& dataVersion);
/// catalog-model §2.3 step 12. Corrupt when it is no version.
[[nodiscard]] Result<> checkContentVersion(const Build& build, const std::string& foundVersion);
/// catalog-model §8.2 step 2: Unsupported in the words of §3.2 when the build cannot migrate from there. A newer
/// catalog passes: the reference does not refuse it here.
[[nodiscard]] Result<> checkUserVersion(const Build& build, std::uint64_t userVersion);

/// A step of the upgrade path (catalog-model §8.4).
struct UpgradeStep
{
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    std::string firstRelease;                ///< "v26.23"
    std::string effect;                      ///< one clause
    std::vector<CollectionType> collections; ///< that it may touch
    /// Rows of this catalog that it would write anew, insert or delete, by the rule of §8.4, after the steps before it.
    /// The pair of `user_version` rows that every step writes is not counted.
    std::uint64_t rowsTouched = 0;
};

/// What an open for writing by `build` would meet, found out without writing (catalog-model §8).
struct UpgradeCheck
{
    /// A gate that would refuse: the error in the reference's words, and which gate.
    struct Refusal
    {
        std::string gate; ///< "persist data version", "generation", "content version", "user_version", "migration 81 to
                          ///< 82", "row types"
        std::string message;
    };
    std::optional<std::uint64_t> userVersion;
    std::vector<Refusal> refusals; ///< in the order in which the gates apply: the reference reports the first
    /// The whole path from the catalog's version to the build's; with refusals none of it runs. Empty when there is
    /// none.
    std::vector<UpgradeStep> steps;
    struct BadRow
    {
        std::uint32_t update = 0; ///< index into the updates
        std::string kind;         ///< empty when it has none
        std::string message;
    };
    std::vector<BadRow> undecodable; ///< rows that do not decode under the catalog's own version
    std::vector<std::string> notes;  ///< what to know beside it, one clause each

    /// True when nothing keeps the build from opening the catalog for writing.
    [[nodiscard]] bool passes() const { return refusals.empty() && undecodable.empty(); }
};

/// The facts that the gates look at beside the rows.
struct UpgradeFacts
{
    std::string applierVersion;                     ///< of the catalog shard
    std::optional<std::string> upgradeShardVersion; ///< of the upgrade shard; nothing when there is none
    /// That the open would be made with; nothing: the catalog's own.
    std::optional<DeployGeneration> deployGeneration;
};

/// Finds out from consolidated rows what an open for writing would meet. Cancelled; no other error.
[[nodiscard]] Result<UpgradeCheck> checkUpgrade(const GroupedUpdates& consolidated, const Build& build,
                                                const UpgradeFacts& facts, const Job& job);

} // namespace inspector::catalog
