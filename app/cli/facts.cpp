#include "app/cli/commands.h"
#include "app/cli/output.h"
#include "core/inspect/json_lines.h"
#include "core/inspect/text.h"

namespace inspector::cli {

namespace {

template <typename T>
std::string textOrNone(const std::optional<T>& value)
{
    return value ? std::to_string(*value) : "none";
}

std::string yesNo(bool value)
{
    return value ? "yes" : "no";
}

std::string textOrNone(const std::optional<bool>& value)
{
    return value ? yesNo(*value) : "none";
}

std::string textOrNone(const std::optional<Timestamp>& time)
{
    return time ? inspect::timeText(*time) : "none";
}

Result<ExitCode> run(const Request& request)
{
    INSPECTOR_TRY(const auto reader, inspect::CatalogReader::open(request.open, request.job));
    INSPECTOR_TRY(const auto overview, reader->overviewAt(request.moment, request.job));
    for (const auto& warning : overview.warnings)
        remark(request, warning);
    if (request.asJson) {
        INSPECTOR_CHECK(request.out.write(inspect::factsLine(overview) + "\n"));
        return kDone;
    }
    std::vector<std::vector<std::string>> lines {
        {"environment id", overview.environmentId.empty() ? "unknown" : overview.environmentId},
        {"organization id", overview.organizationId.empty() ? "unknown" : overview.organizationId},
        {"shard", overview.shardId},
        {"consensus", overview.consensus},
        {"blob", overview.blob},
        {"seqno",
         "v" + std::to_string(overview.seqno.value()) + ", live from v"
             + std::to_string(overview.earliestSeqno.value())},
        {"since", textOrNone(overview.since)},
        {"upper", textOrNone(overview.upper)},
        {"applier version", overview.applierVersion},
        {"written by", overview.hostname},
        {"written at", inspect::walltimeText(overview.walltimeMs)},
        {"initialized", yesNo(overview.isInitialized)},
        {"epoch", textOrNone(overview.epoch)},
        {"deploy generation", textOrNone(overview.deployGeneration)},
        {"catalog version", textOrNone(overview.catalogVersion)},
        {"content version", overview.contentVersion.empty() ? "none" : overview.contentVersion},
        {"0dt deployment enabled", textOrNone(overview.enable0dtDeployment)},
        {"0dt deployment max wait",
         overview.zeroDowntimeMaxWaitMs ? std::to_string(*overview.zeroDowntimeMaxWaitMs) + " ms" : "none"},
        {"0dt panic after timeout", textOrNone(overview.zeroDowntimePanicAfterTimeout)},
        {"system config synced", yesNo(overview.systemConfigSyncedOnce)},
    };
    for (const auto& handle : overview.handles)
        lines.push_back({handle.group + " " + handle.name, handle.value});
    return writeTable(request.out, {{"Fact", TableColumn::Align::Left}, {"Value", TableColumn::Align::Left}}, lines)
        .map([] { return kDone; });
}

} // namespace

Command factsCommand()
{
    return {"facts",
            "what the catalog says about itself: versions, fence token, times, handles",
            "Versions, fence token, since and upper, readers and writers. With --json: one object with is_initialized, "
            "epoch,\n"
            "deploy_generation, enable_0dt_deployment, 0dt_deployment_max_wait_ms, 0dt_panic_after_timeout,\n"
            "system_config_synced_once, shard, seqno, since, upper, catalog_version, applier_version. Numbers of 64 "
            "bits are\n"
            "JSON numbers.",
            {},
            {},
            {"facts catalog.mzcat", "facts --json --shard s86892608-7ff3-82f8-1090-7584b4945aaa catalog.mzcat"},
            {},
            run};
}

} // namespace inspector::cli
