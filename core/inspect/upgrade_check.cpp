#include "core/inspect/upgrade_check.h"

#include "core/catalog/snapshot.h"
#include "core/codec/row_codec.h"
#include "core/inspect/overview.h"
#include "core/persist/recognise.h"
#include "core/persist/state_reader.h"

#include <algorithm>

namespace inspector::inspect {

namespace {

/// A build that is not known is a wrong request here, not bad data.
Result<catalog::Build> known(Result<catalog::Build> build)
{
    if (!build.has_value())
        build.error().code = ErrorCode::InvalidInput;
    return build;
}

Result<catalog::Build> buildOf(const UpgradeTarget& target)
{
    if (!target.version && !target.catalogVersion)
        return fail(ErrorCode::InvalidInput, "no build: give a catalog version, or the version of a build");
    if (!target.catalogVersion)
        return known(catalog::buildOfVersion(*target.version));
    INSPECTOR_TRY(auto build, known(catalog::buildOfCatalogVersion(*target.catalogVersion)));
    if (target.version) {
        INSPECTOR_TRY(const auto named, known(catalog::buildOfVersion(*target.version)));
        build.version = named.version;
    }
    return build;
}

/// The shard that guards upgrades: by the organization where it is known, else the one shard without keys and values.
Result<std::optional<ShardId>> upgradeShardOf(const Overview& overview, const store::Stores& stores,
                                              std::vector<std::string>& warnings, const Job& job)
{
    if (!overview.organizationId.empty())
        return std::optional(wellKnownShard(overview.organizationId, WellKnownShard::Upgrade));
    INSPECTOR_TRY(const auto shards, persist::recogniseShards(*stores.consensus, *stores.blob, looksLikeCatalog, job));
    std::vector<ShardId> found;
    for (const auto& shard : shards) {
        if (shard.kind == persist::ShardKind::UnitShard)
            found.push_back(shard.shardId);
    }
    if (found.size() == 1)
        return std::optional(found.front());
    if (!found.empty())
        warnings.push_back(std::to_string(found.size())
                           + " shards could be the one that guards upgrades: name the environment to tell which");
    return std::optional<ShardId>();
}

/// Its recorded version; nothing when there is none, or none that can be read: the reference skips the gate then, too
/// (catalog-model §2.3 step 2).
Result<std::optional<std::string>> upgradeShardVersion(const OpenOptions& options, const Overview& overview,
                                                       std::vector<std::string>& warnings, const Job& job)
{
    INSPECTOR_TRY(const auto stores, store::openStores(options.location, nullptr, job));
    INSPECTOR_TRY(const auto shardId, upgradeShardOf(overview, stores, warnings, job));
    if (!shardId)
        return std::optional<std::string>();
    const auto state = persist::StateReader(*stores.consensus, *stores.blob, *shardId).current(job);
    if (state.has_value())
        return std::optional((*state)->applierVersion);
    const auto code = state.error().code;
    if (code == ErrorCode::Corrupt || code == ErrorCode::Unsupported)
        warnings.push_back("the shard that guards upgrades cannot be read: " + state.error().describe());
    else if (code != ErrorCode::NotFound)
        return tl::unexpected<Error>(state.error());
    return std::optional<std::string>();
}

std::string quoted(std::string_view text)
{
    std::string json;
    codec::appendJsonString(text, json);
    return json;
}

template <typename T, typename Write>
std::string arrayOf(const std::vector<T>& values, const Write& write)
{
    std::string json = "[";
    for (const auto& value : values) {
        if (json.size() > 1)
            json += ',';
        json += write(value);
    }
    return json + "]";
}

} // namespace

Result<UpgradeReport> checkUpgrade(const OpenOptions& options, Moment moment, const UpgradeTarget& target,
                                   std::optional<DeployGeneration> deployGeneration, const Job& job)
{
    UpgradeReport report;
    INSPECTOR_TRY(report.build, buildOf(target));
    INSPECTOR_TRY(const auto reader, CatalogReader::open(options, job));
    INSPECTOR_TRY(const auto overview, reader->overviewAt(moment, job));
    report.shardId = overview.shardId;
    report.seqno = overview.seqno;
    report.applierVersion = overview.applierVersion;
    report.contentVersion = overview.contentVersion;
    report.deployGeneration = deployGeneration;
    report.warnings = overview.warnings;
    if (report.build.hasUpgradeShard) {
        INSPECTOR_TRY(report.upgradeShardVersion, upgradeShardVersion(options, overview, report.warnings, job));
    }
    auto rows = std::make_shared<const persist::Updates>();
    if (overview.isInitialized || overview.epoch) { // else there may be no time to read at
        INSPECTOR_TRY(const auto reading, reader->rows(moment, job));
        rows = reading.updates;
    }
    INSPECTOR_TRY(const auto grouped, catalog::groupByCollection(rows, job));
    const catalog::UpgradeFacts facts {report.applierVersion, report.upgradeShardVersion, deployGeneration};
    INSPECTOR_TRY(report.check, catalog::checkUpgrade(grouped, report.build, facts, job));
    return report;
}

std::string collectionsOf(const catalog::UpgradeStep& step)
{
    std::string names;
    for (const auto type : step.collections) {
        if (!names.empty())
            names += ", ";
        names += catalog::collectionOf(type).name;
    }
    return names;
}

std::string upgradeLine(const UpgradeReport& report)
{
    const auto number = [](std::uint64_t value) { return std::to_string(value); };
    const auto& check = report.check;
    std::string json = "{\"catalog_version\":" + (check.userVersion ? number(*check.userVersion) : "null");
    json += ",\"content_version\":" + (report.contentVersion.empty() ? "null" : quoted(report.contentVersion));
    json += ",\"applier_version\":" + quoted(report.applierVersion);
    json += ",\"target\":{\"version\":" + quoted(report.build.version)
        + ",\"catalog_version\":" + number(report.build.catalogVersion)
        + ",\"min_catalog_version\":" + number(report.build.minCatalogVersion) + "}";
    json += ",\"deploy_generation\":"
        + (report.deployGeneration ? number(report.deployGeneration->value()) : std::string("null"));
    json += std::string(",\"passes\":") + (check.passes() ? "true" : "false");
    json += ",\"refusals\":" + arrayOf(check.refusals, [](const catalog::UpgradeCheck::Refusal& refusal) {
                return "{\"gate\":" + quoted(refusal.gate) + ",\"message\":" + quoted(refusal.message) + "}";
            });
    json += ",\"steps\":" + arrayOf(check.steps, [&](const catalog::UpgradeStep& step) {
                return "{\"from\":" + number(step.from) + ",\"to\":" + number(step.to) + ",\"first_release\":"
                    + quoted(step.firstRelease) + ",\"effect\":" + quoted(step.effect) + ",\"collections\":"
                    + arrayOf(step.collections,
                              [](catalog::CollectionType type) { return quoted(catalog::collectionOf(type).name); })
                    + ",\"rows_touched\":" + number(step.rowsTouched) + "}";
            });
    json += ",\"undecodable\":" + arrayOf(check.undecodable, [](const catalog::UpgradeCheck::BadRow& row) {
                return "{\"kind\":" + (row.kind.empty() ? std::string("null") : quoted(row.kind))
                    + ",\"message\":" + quoted(row.message) + "}";
            });
    json += ",\"notes\":" + arrayOf(check.notes, [](const std::string& note) { return quoted(note); });
    return json + "}";
}

} // namespace inspector::inspect
