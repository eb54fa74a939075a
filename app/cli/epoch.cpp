#include "app/cli/commands.h"
#include "core/inspect/catalog_reader.h"

namespace inspector::cli {

namespace {

Result<ExitCode> run(const Request& request)
{
    INSPECTOR_TRY(const auto reader, inspect::CatalogReader::open(request.open, request.job));
    INSPECTOR_TRY(const auto overview, reader->overviewAt(request.moment, request.job));
    for (const auto& warning : overview.warnings)
        remark(request, warning);
    if (!overview.epoch)
        return fail(ErrorCode::NotFound, "uninitialized: shard " + overview.shardId + " has no fence token");
    const auto number = std::to_string(*overview.epoch);
    INSPECTOR_CHECK(request.out.write(request.asJson ? "{\"epoch\":" + number + "}\n" : "Epoch: " + number + "\n"));
    return kDone;
}

} // namespace

Command epochCommand()
{
    return {"epoch",
            "the epoch of the live fence token",
            "How often the catalog was opened for writing, as the reference prints it: 'Epoch: N'. With --json: "
            "{\"epoch\":N}.",
            {},
            {},
            {"epoch catalog.mzcat", "epoch --json catalog.mzcat"},
            {},
            run};
}

} // namespace inspector::cli
