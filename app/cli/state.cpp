#include "app/cli/commands.h"
#include "app/cli/output.h"
#include "core/inspect/catalog_reader.h"

namespace inspector::cli {

namespace {

Result<ExitCode> run(const Request& request)
{
    INSPECTOR_TRY(const auto reader, inspect::CatalogReader::open(request.open, request.job));
    if (request.asJson) {
        INSPECTOR_TRY(const auto json, reader->stateJson(request.moment, request.job));
        INSPECTOR_CHECK(request.out.write(json));
        INSPECTOR_CHECK(request.out.write("\n"));
        return kDone;
    }
    INSPECTOR_TRY(const auto facts, reader->stateFacts(request.moment, request.job));
    std::vector<std::vector<std::string>> lines;
    std::string group;
    for (const auto& fact : facts) {
        lines.push_back({fact.group == group ? "" : fact.group, fact.name, fact.value});
        group = fact.group;
    }
    using Align = TableColumn::Align;
    INSPECTOR_CHECK(
        writeTable(request.out, {{"About", Align::Left}, {"Name", Align::Left}, {"Value", Align::Left}}, lines));
    return kDone;
}

} // namespace

Command stateCommand()
{
    return {"state",
            "everything the shard knows about itself",
            "Seqno, since, upper, readers, writers, rollups and batches of the newest state or of the one at --seqno. "
            "With\n"
            "--json: the reference's JSON of it, on one line.",
            {},
            {},
            {"state catalog.mzcat", "state --json --seqno 12 catalog.mzcat"},
            {},
            run};
}

} // namespace inspector::cli
