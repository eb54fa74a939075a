#include "app/cli/commands.h"
#include "app/cli/output.h"
#include "core/inspect/catalog_reader.h"
#include "core/inspect/text.h"

namespace inspector::cli {

namespace {

Result<ExitCode> run(const Request& request)
{
    INSPECTOR_TRY(const auto reader, inspect::CatalogReader::open(request.open, request.job));
    if (request.asJson) {
        INSPECTOR_CHECK(reader->writeStateDiffs(request.moment, request.out, request.job));
        return kDone;
    }
    INSPECTOR_TRY(const auto timeline, reader->timeline(request.moment, request.job));
    std::vector<std::vector<std::string>> lines;
    for (const auto& step : timeline.seqnos) {
        lines.push_back({"v" + std::to_string(step.seqno.value()), inspect::walltimeText(step.walltimeMs),
                         step.hostname, step.applierVersion, step.since ? std::to_string(step.since->value()) : "none",
                         step.upper ? std::to_string(step.upper->value()) : "none", step.change});
    }
    using Align = TableColumn::Align;
    INSPECTOR_CHECK(writeTable(request.out,
                               {{"Seqno", Align::Right},
                                {"Written at", Align::Left},
                                {"By", Align::Left},
                                {"Version", Align::Left},
                                {"Since", Align::Right},
                                {"Upper", Align::Right},
                                {"Change", Align::Left}},
                               lines));
    return kDone;
}

} // namespace

Command stateDiffCommand()
{
    return {"state-diff",
            "what each version of the shard's state changed",
            "Every version that is still in consensus, oldest first, with what it changed. With --json: the "
            "reference's JSON,\n"
            "{\"previous\",\"new\"} a line.",
            {},
            {},
            {"state-diff catalog.mzcat", "state-diff --json catalog.mzcat"},
            {},
            run};
}

} // namespace inspector::cli
