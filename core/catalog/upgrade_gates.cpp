// What a build checks before it opens a catalog (catalog-model §8.1), and which builds there are.

#include "core/catalog/row_schema.h"
#include "core/catalog/semver.h"
#include "core/catalog/upgrade_path.h"
#include "core/catalog/upgrade_steps.h"

#include <algorithm>

namespace inspector::catalog {

namespace {

constexpr std::uint64_t kOldestMigratable = 67;
constexpr std::uint64_t kNewOldestMigratable = 74;
constexpr std::uint64_t kFirstOfNewOldest = 79;     ///< v26.6 is the last release that still migrates from 67 (§8.4)
constexpr std::uint64_t kLastWithUpgradeShard = 80; ///< the shard went away in February 2026 (§1.2)

Build buildOf(const UpgradeRule& rule)
{
    Build build;
    build.version = std::to_string(rule.releaseMajor) + "." + std::to_string(rule.releaseMinor) + ".0";
    build.catalogVersion = rule.from + 1;
    build.minCatalogVersion = build.catalogVersion < kFirstOfNewOldest ? kOldestMigratable : kNewOldestMigratable;
    build.hasUpgradeShard = build.catalogVersion <= kLastWithUpgradeShard;
    return build;
}

tl::unexpected<Error> incompatible(const Build& build, const std::string& foundVersion)
{
    return fail(ErrorCode::Unsupported,
                "incompatible persist version " + foundVersion + ", current: " + build.version
                    + ", make sure to upgrade the catalog one " + (build.hasUpgradeShard ? "" : "major ")
                    + "version forward at a time");
}

Semver release(std::uint64_t majorNumber, std::uint64_t minorNumber)
{
    Semver version;
    version.majorNumber = majorNumber;
    version.minorNumber = minorNumber;
    return version;
}

Result<Semver> parsed(const std::string& version)
{
    if (auto made = Semver::parse(version))
        return *std::move(made);
    return fail(ErrorCode::Corrupt, "invalid version persisted: '" + version + "'");
}

} // namespace

Result<Build> buildOfCatalogVersion(std::uint64_t catalogVersion)
{
    for (const auto& rule : upgradeRules()) {
        if (rule.from + 1 == catalogVersion)
            return buildOf(rule);
    }
    return fail(ErrorCode::Unsupported,
                "no release of catalog version " + std::to_string(catalogVersion)
                    + " is known to this build, which knows 68 to " + std::to_string(kNewestVersion));
}

Result<Build> buildOfVersion(const std::string& version)
{
    const auto wanted = Semver::parse(version);
    if (!wanted)
        return fail(ErrorCode::InvalidInput, "'" + version + "' is no version: give one such as 26.39.0");
    const UpgradeRule* newest = nullptr;
    for (const auto& rule : upgradeRules()) {
        const auto first = std::pair(rule.releaseMajor, rule.releaseMinor);
        if (first <= std::pair(wanted->majorNumber, wanted->minorNumber))
            newest = &rule;
    }
    if (newest == nullptr)
        return fail(ErrorCode::Unsupported, "version " + version + " is older than 0.123, the oldest that is known");
    auto build = buildOf(*newest);
    build.version = version;
    return build;
}

bool codeCanWriteData(const std::string& codeVersion, const std::string& dataVersion)
{
    const auto code = Semver::parse(codeVersion);
    const auto data = Semver::parse(dataVersion);
    if (!code || !data || comparePrecedence(*code, *data) < 0)
        return false;
    constexpr std::uint64_t kLastMinorThatWritesAll = 147;
    if (code->majorNumber == 0) {
        return code->minorNumber <= kLastMinorThatWritesAll || comparePrecedence(*data, release(0, 130)) >= 0;
    }
    if (code->majorNumber <= 26)
        return comparePrecedence(*data, release(0, 147)) >= 0;
    return data->majorNumber >= code->majorNumber - 1;
}

Result<> checkPersistVersion(const Build& build, const std::string& foundVersion)
{
    INSPECTOR_TRY(const auto code, parsed(build.version));
    // A state without a version is one of 0.0.0 (persist-write-protocol §17.1).
    const auto written = foundVersion.empty() ? std::string("0.0.0") : foundVersion;
    INSPECTOR_TRY(const auto found, parsed(written));
    if (!build.hasUpgradeShard)
        return codeCanWriteData(build.version, written) ? Result<>() : incompatible(build, written);
    // At most one minor release ahead of the newest that was deployed, whatever the patch.
    const bool isTooNew = code.majorNumber != found.majorNumber
        ? code.majorNumber > found.majorNumber
        : code.minorNumber > found.minorNumber && code.minorNumber - found.minorNumber > 1;
    return isTooNew ? incompatible(build, written) : Result<>();
}

Result<> checkContentVersion(const Build& build, const std::string& foundVersion)
{
    INSPECTOR_TRY(const auto code, parsed(build.version));
    INSPECTOR_TRY(const auto found, parsed(foundVersion));
    const auto order = build.hasUpgradeShard ? compareFully(code, found) : comparePrecedence(code, found);
    return order < 0 ? incompatible(build, foundVersion) : Result<>();
}

Result<> checkUserVersion(const Build& build, std::uint64_t userVersion)
{
    if (userVersion >= build.minCatalogVersion)
        return {};
    return fail(ErrorCode::Unsupported,
                "incompatible Catalog version " + std::to_string(userVersion) + ", minimum: "
                    + std::to_string(build.minCatalogVersion) + ", current: " + std::to_string(build.catalogVersion));
}

} // namespace inspector::catalog
