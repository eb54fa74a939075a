#include "core/inspect/upgrade_check.h"

#include "app/cli/commands.h"
#include "app/cli/output.h"

namespace inspector::cli {

namespace {

constexpr std::size_t kMostRowsShown = 20;

std::string countOf(std::size_t count, const char* one, const char* many)
{
    return std::to_string(count) + " " + (count == 1 ? one : many);
}

Result<> writeText(const Request& request, const inspect::UpgradeReport& report)
{
    const auto& [build, check] = std::tie(report.build, report.check);
    using Align = TableColumn::Align;
    const auto found = check.userVersion ? std::to_string(*check.userVersion) : std::string("none");
    const auto generation =
        report.deployGeneration ? std::to_string(report.deployGeneration->value()) : std::string("the catalog's own");
    std::vector<std::vector<std::string>> lines {
        {"shard", report.shardId, ""},
        {"catalog version", found,
         std::to_string(build.catalogVersion) + ", migrates from " + std::to_string(build.minCatalogVersion)},
        {"content version", report.contentVersion.empty() ? "none" : report.contentVersion, build.version},
        {"applier version", report.applierVersion.empty() ? "none" : report.applierVersion, ""},
        {"deploy generation", "", generation},
    };
    if (build.hasUpgradeShard)
        lines.push_back({"upgrade shard", report.upgradeShardVersion.value_or("none"), ""});
    INSPECTOR_CHECK(
        writeTable(request.out, {{"Fact", Align::Left}, {"Catalog", Align::Left}, {"Build", Align::Left}}, lines));
    if (!check.steps.empty()) {
        std::vector<std::vector<std::string>> steps;
        for (const auto& step : check.steps)
            steps.push_back({std::to_string(step.from) + " to " + std::to_string(step.to), step.firstRelease,
                             grouped(step.rowsTouched), step.effect, inspect::collectionsOf(step)});
        INSPECTOR_CHECK(request.out.write("\n"));
        INSPECTOR_CHECK(writeTable(request.out,
                                   {{"Migration", Align::Left},
                                    {"Since", Align::Left},
                                    {"Rows", Align::Right},
                                    {"Effect", Align::Left},
                                    {"Collections", Align::Left}},
                                   steps));
    }
    std::string text = "\n";
    for (const auto& note : check.notes)
        text += "note: " + note + "\n";
    for (std::size_t i = 0; i < check.undecodable.size() && i < kMostRowsShown; ++i) {
        const auto& row = check.undecodable[i];
        text += "undecodable: " + (row.kind.empty() ? std::string() : row.kind + ": ") + row.message + "\n";
    }
    if (check.undecodable.size() > kMostRowsShown)
        text += "undecodable: " + countOf(check.undecodable.size() - kMostRowsShown, "more row", "more rows")
            + "; --json lists all\n";
    for (const auto& [gate, message] : check.refusals)
        text += "refused by " + gate + ": " + message + "\n";
    text += "catalog upgrade from " + (report.contentVersion.empty() ? std::string("nothing") : report.contentVersion)
        + " to " + build.version + " would " + (check.passes() ? "succeed" : "fail") + ", "
        + countOf(check.steps.size(), "migration", "migrations") + "\n";
    return request.out.write(text);
}

Result<ExitCode> run(const Request& request)
{
    inspect::UpgradeTarget target;
    INSPECTOR_TRY(target.catalogVersion, request.arguments.number("--catalog-version"));
    target.version = request.arguments.value("--build-version");
    if (!target.catalogVersion && !target.version)
        return fail(ErrorCode::InvalidInput, "no build: give --catalog-version N or --build-version VERSION");
    INSPECTOR_TRY(const auto generation, request.arguments.number("--deploy-generation"));
    INSPECTOR_TRY(const auto report,
                  inspect::checkUpgrade(request.open, request.moment, target,
                                        generation ? std::optional(DeployGeneration(*generation)) : std::nullopt,
                                        request.job));
    for (const auto& warning : report.warnings)
        remark(request, warning);
    if (request.asJson)
        INSPECTOR_CHECK(request.out.write(inspect::upgradeLine(report) + "\n"));
    else
        INSPECTOR_CHECK(writeText(request, report));
    return report.check.passes() ? kDone : kDifferences;
}

} // namespace

Command upgradeCheckCommand()
{
    return {"upgrade-check",
            "what a newer build would do to the catalog, and what would stop it, without writing",
            "Which gates would refuse an open for writing, in the reference's words and order, which migrations would "
            "run and\n"
            "how many rows each would touch, and which rows do not decode. The build is named by its catalog version "
            "(then it is\n"
            "the first release that has it) or by its own version. Without --deploy-generation, the open would be made "
            "with the\n"
            "catalog's own. With --json: one object with catalog_version, content_version, applier_version, target, "
            "deploy_generation,\n"
            "passes, refusals, steps, undecodable, notes.",
            {},
            {{"--catalog-version", nullptr, "N", "the catalog version to upgrade to: 68 to 92"},
             {"--build-version", nullptr, "VERSION", "the version of the build that would open it: 26.39.0"},
             {"--deploy-generation", nullptr, "N", "the generation that it would open with"}},
            {"upgrade-check --catalog-version 92 catalog.mzcat",
             "upgrade-check --build-version 26.30.0 --deploy-generation 4 --json catalog.mzcat"},
            {kDifferences},
            run};
}

} // namespace inspector::cli
