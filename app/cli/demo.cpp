#include "app/cli/commands.h"
#include "app/cli/output.h"
#include "core/demo/demo_catalog.h"

#include <algorithm>

namespace inspector::cli {

namespace {

Result<> writeSummary(const Request& request, const demo::DemoSummary& summary, const std::string& file, bool isDone)
{
    const std::string done = isDone ? "true" : "false";
    if (request.asJson) {
        std::string line = R"({"committed":)" + done;
        line += R"(,"organization_id":")" + summary.organizationId + R"(","environment_id":")" + summary.environmentId
            + R"(","shard":")" + summary.shardId + R"(","catalog_version":)" + std::to_string(summary.catalogVersion)
            + R"(,"items":)" + std::to_string(summary.items) + R"(,"audit_rows":)" + std::to_string(summary.auditRows);
        if (isDone)
            line += R"(,"deploy_generation":)" + std::to_string(summary.deployGeneration) + R"(,"epoch":)"
                + std::to_string(summary.epoch) + R"(,"upper":)" + std::to_string(summary.upper) + R"(,"transactions":)"
                + std::to_string(summary.transactions);
        return request.out.write(line + "}\n");
    }
    std::vector<std::vector<std::string>> rows {
        {"file", file},
        {"environment id", summary.environmentId},
        {"shard", summary.shardId},
        {"catalog version", std::to_string(summary.catalogVersion)},
        {"items", grouped(summary.items)},
        {"audit rows", grouped(summary.auditRows)},
    };
    if (isDone) {
        rows.push_back({"transactions", grouped(summary.transactions)});
        rows.push_back({"deploy generation", std::to_string(summary.deployGeneration)});
        rows.push_back({"epoch", std::to_string(summary.epoch)});
        rows.push_back({"upper", std::to_string(summary.upper)});
    }
    return writeTable(request.out, {{isDone ? "Written" : "Would be written"}, {"Value"}}, rows);
}

Result<ExitCode> run(const Request& request)
{
    const auto& arguments = request.arguments;
    demo::DemoOptions options;
    INSPECTOR_TRY(const auto seed, arguments.number("--seed"));
    INSPECTOR_TRY(const auto version, arguments.number("--catalog-version"));
    INSPECTOR_TRY(const auto items, arguments.number("--items"));
    INSPECTOR_TRY(const auto auditRows, arguments.number("--audit-rows"));
    options.seed = seed.value_or(options.seed);
    options.catalogVersion = version.value_or(options.catalogVersion);
    options.items = items.value_or(options.items);
    // Without a wish, as many as that many items leave.
    options.auditRows = auditRows.value_or(std::max(options.auditRows, demo::fewestAuditRows(options.items)));
    INSPECTOR_CHECK(demo::checkOptions(options));
    const auto& file = request.operands.front();
    INSPECTOR_CHECK(demo::checkDemoFile(file));
    if (!arguments.has("--commit")) {
        INSPECTOR_CHECK(writeSummary(request, demo::demoIdsOf(options), file, false));
        remark(request, "nothing was written: --commit makes the file");
        return kDone;
    }
    INSPECTOR_TRY(const auto summary, demo::writeDemoFile(file, options, request.job));
    INSPECTOR_CHECK(writeSummary(request, summary, file, true));
    return kDone;
}

} // namespace

Command demoCommand()
{
    return {
        "demo",
        "make a catalog file with a lively example environment in it",
        "The catalog of a made-up company over eight weeks: several epochs and deploy generations, people and roles, "
        "clusters,\n"
        "sources, tables, views, sinks and what became of them, a writer that was fenced in the middle of a "
        "transaction, a\n"
        "rehearsal that wrote nothing, a repair by hand, and the audit events of it all. Written by the same code "
        "that changes\n"
        "real catalogs. The same options make the same file. A file that is there already is never touched.",
        {{"FILE", "the new catalog file: demo.mzcat"}},
        {{"--commit", nullptr, nullptr, "write it; without, only say what would be written"},
         {"--seed", nullptr, "N", "another story for another number; 1 when absent"},
         {"--catalog-version", nullptr, "N", "72, 82 or 92 (when absent)"},
         {"--items", nullptr, "N", "live items at the end; 300 when absent"},
         {"--audit-rows", nullptr, "N", "audit events at the end; 3000 when absent, or as many as the items need"}},
        {"demo --commit demo.mzcat", "demo --commit --items 100000 --audit-rows 1000000 --seed 7 large.mzcat"},
        {kRefused},
        run,
        false,
        false,
        true};
}

} // namespace inspector::cli
