#include "app/cli/commands.h"
#include "app/cli/output.h"
#include "core/inspect/text.h"

namespace inspector::cli {

namespace {

Result<ExitCode> run(const Request& request)
{
    INSPECTOR_TRY(const auto reader, inspect::CatalogReader::open(request.open, request.job));
    if (request.asJson) {
        INSPECTOR_TRY(const auto json, reader->rollupsJson(request.moment, request.job));
        INSPECTOR_CHECK(request.out.write(json));
        INSPECTOR_CHECK(request.out.write("\n"));
        return kDone;
    }
    INSPECTOR_TRY(const auto rollups, reader->rollups(request.moment, request.job));
    std::vector<std::vector<std::string>> lines;
    for (const auto& rollup : rollups) {
        lines.push_back({"v" + std::to_string(rollup.seqno.value()), rollup.key, bytesText(rollup.sizeBytes),
                         rollup.hostname, inspect::walltimeText(rollup.walltimeMs)});
    }
    using Align = TableColumn::Align;
    INSPECTOR_CHECK(writeTable(request.out,
                               {{"Seqno", Align::Right},
                                {"Key", Align::Left},
                                {"Size", Align::Right},
                                {"By", Align::Left},
                                {"Written at", Align::Left}},
                               lines));
    return kDone;
}

} // namespace

Command rollupsCommand()
{
    return {"rollups",
            "the whole states that are kept as blobs",
            "Every rollup that a live state names and that is still there. With --json: the reference's JSON of them, "
            "one object from\n"
            " key to rollup on one line.",
            {},
            {},
            {"rollups catalog.mzcat", "rollups --json catalog.mzcat"},
            {},
            run};
}

} // namespace inspector::cli
