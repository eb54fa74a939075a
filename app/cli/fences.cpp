#include "app/cli/commands.h"
#include "app/cli/output.h"
#include "core/inspect/json_lines.h"
#include "core/inspect/text.h"

namespace inspector::cli {

namespace {

Result<ExitCode> run(const Request& request)
{
    INSPECTOR_TRY(const auto reader, inspect::CatalogReader::open(request.open, request.job));
    INSPECTOR_TRY(const auto fences, reader->fences(request.moment, request.job));
    if (request.asJson) {
        for (const auto& fence : fences)
            INSPECTOR_CHECK(request.out.write(inspect::fenceLine(fence) + "\n"));
        return kDone;
    }
    std::vector<std::vector<std::string>> lines;
    for (const auto& fence : fences) {
        lines.push_back({std::to_string(fence.deployGeneration), std::to_string(fence.epoch),
                         inspect::timeText(fence.time),
                         fence.certainty == persist::Certainty::Exact ? "exact" : "at or before",
                         signedText(fence.diff), fence.seqno ? "v" + std::to_string(fence.seqno->value()) : "",
                         fence.supersededBy.empty() ? (fence.diff > 0 ? "live" : "") : fence.supersededBy});
    }
    using Align = TableColumn::Align;
    INSPECTOR_CHECK(writeTable(request.out,
                               {{"Generation", Align::Right},
                                {"Epoch", Align::Right},
                                {"Time", Align::Right},
                                {"Certainty", Align::Left},
                                {"Diff", Align::Right},
                                {"First seen", Align::Right},
                                {"Superseded by", Align::Left}},
                               lines));
    return kDone;
}

} // namespace

Command fencesCommand()
{
    return {"fences",
            "every fence token still visible in updates and older states",
            "Who had the catalog open for writing, and who superseded whom, oldest first. A token that compaction has "
            "removed\n"
            "from the newest state is found in older ones as long as consensus keeps them. With --json:\n"
            "{\"deploy_generation\",\"epoch\",\"ts\",\"diff\",\"seqno\"} a line; seqno is null where consensus does "
            "not know any more.",
            {},
            {},
            {"fences catalog.mzcat", "fences --json catalog.mzcat"},
            {},
            run};
}

} // namespace inspector::cli
