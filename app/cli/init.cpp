#include "app/cli/commands.h"
#include "app/cli/output.h"
#include "core/base/clock.h"
#include "core/inspect/init_catalog.h"
#include "core/inspect/text.h"

#include <limits>

namespace inspector::cli {

namespace {

Result<> writeReport(const Request& request, const inspect::InitReport& report, bool isDone)
{
    const auto& contents = report.contents;
    const auto upper = contents.upper ? contents.upper->value() : 0;
    if (request.asJson) {
        const auto text = [](const std::string& value) { return value.empty() ? "null" : "\"" + value + "\""; };
        return request.out.write(
            std::string(R"({"committed":)") + (isDone ? "true" : "false") + R"(,"organization_id":)"
            + text(report.organizationId) + R"(,"shard":)" + text(report.shardId) + R"(,"catalog_version":)"
            + std::to_string(report.catalogVersion) + R"(,"build_version":)" + text(report.buildVersion)
            + R"(,"deploy_generation":)" + std::to_string(report.deployGeneration) + R"(,"epoch":)"
            + std::to_string(report.epoch) + R"(,"seqno":)" + std::to_string(report.seqno.value()) + R"(,"upper":)"
            + std::to_string(upper) + R"(,"rows":)" + std::to_string(contents.updates->size()) + "}\n");
    }
    std::vector<std::vector<std::string>> rows {
        {"place", report.location},
        {"organization id", report.organizationId.empty() ? "none" : report.organizationId},
        {"shard", report.shardId},
        {"catalog version", std::to_string(report.catalogVersion)},
        {"build version", report.buildVersion},
        {"deploy generation", std::to_string(report.deployGeneration)},
        {"epoch", std::to_string(report.epoch)},
        {"upper", std::to_string(upper)},
        {"seqno", "v" + std::to_string(report.seqno.value())},
        {"rows", grouped(contents.updates->size())},
    };
    INSPECTOR_CHECK(writeTable(request.out, {{isDone ? "Written" : "Would be written"}, {"Value"}}, rows));
    if (isDone)
        return {};
    INSPECTOR_CHECK(request.out.write("\n"));
    const auto secrets = request.reveal ? inspect::Secrets::Revealed : inspect::Secrets::Masked;
    return inspect::writeReadableLines(contents, {}, inspect::ShowCertainty::No, secrets, request.out, request.crew,
                                       request.job);
}

Result<ExitCode> run(const Request& request)
{
    const auto& arguments = request.arguments;
    inspect::InitRequest init;
    init.location = request.open.location;
    init.shard = request.open.shard;
    init.commit = arguments.has("--commit");
    INSPECTOR_TRY(const auto version, arguments.number("--catalog-version"));
    INSPECTOR_TRY(const auto generation, arguments.number("--deploy-generation"));
    INSPECTOR_TRY(const auto factor, arguments.number("--replication-factor"));
    INSPECTOR_TRY(const auto initialTs, arguments.number("--initial-ts"));
    init.catalogVersion = version.value_or(init.catalogVersion);
    init.deployGeneration = DeployGeneration(generation.value_or(0));
    auto& bootstrap = init.arguments;
    bootstrap.defaultReplicaSize = arguments.value("--replica-size").value_or("");
    constexpr std::uint64_t kMostReplicas = 1000;
    if (factor && *factor > kMostReplicas)
        return fail(ErrorCode::InvalidInput,
                    "--replication-factor takes 0 to " + std::to_string(kMostReplicas) + " replicas");
    bootstrap.defaultReplicationFactor = static_cast<std::uint32_t>(factor.value_or(1));
    bootstrap.bootstrapRole = arguments.value("--bootstrap-role");
    if (bootstrap.bootstrapRole && bootstrap.bootstrapRole->empty())
        return fail(ErrorCode::InvalidInput, "--bootstrap-role is empty");
    bootstrap.hasDisk = arguments.has("--disk");
    if (bootstrap.hasDisk && init.catalogVersion > 75)
        return fail(ErrorCode::InvalidInput, "--disk is for catalog versions up to 75; later ones have no such field");
    bootstrap.initialTsMs = initialTs.value_or(static_cast<std::uint64_t>(SystemClock().walltimeMs()));

    INSPECTOR_TRY(const auto report, inspect::initCatalog(init, request.job));
    for (const auto& warning : report.warnings)
        remark(request, warning);
    INSPECTOR_CHECK(writeReport(request, report, init.commit));
    if (!init.commit)
        remark(request, "nothing was written: --commit makes the catalog");
    return kDone;
}

} // namespace

Command initCommand()
{
    return {
        "init",
        "make a new catalog, as a first start leaves it",
        "Writes the exact contents of a brand-new catalog of a version, with its fence token of epoch 2, and closes "
        "it again: an\n"
        "environment of that version can take it over. Without --commit the rows are printed, and what is random in "
        "them will be\n"
        "other when they are written. Never replaces anything: a place that has the shard already, or any other "
        "while no id is\n"
        "given, is refused. The shard is that of the organization that is named, or of one with a random id.",
        {},
        {{"--commit", nullptr, nullptr, "write it; without, only say what would be written"},
         {"--catalog-version", nullptr, "N", "72, 82 or 92 (when absent)"},
         {"--deploy-generation", nullptr, "N", "of the fence token; 0 when absent"},
         {"--replica-size", nullptr, "TEXT", "of cluster quickstart: 1 or scale=1,workers=1 when absent"},
         {"--replication-factor", nullptr, "N", "replicas of cluster quickstart; 1 when absent"},
         {"--bootstrap-role", nullptr, "NAME", "a first role, that may do everything"},
         {"--disk", nullptr, nullptr, "the size has a disk (catalog version 72)"},
         {"--initial-ts", nullptr, "MS", "the time of its audit events, in ms since 1970; now when absent"}},
        {"init --commit --bootstrap-role ops@example.com new.mzcat",
         "init --catalog-version 72 --organization-id 00000000-0000-0000-0000-000000000000 old.mzcat"},
        {kRefused, kOutcomeUnknown},
        run,
        false,
        true,
        true};
}

} // namespace inspector::cli
