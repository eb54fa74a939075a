#include "app/cli/commands.h"
#include "app/cli/output.h"
#include "core/inspect/json_lines.h"

namespace inspector::cli {

namespace {

Result<ExitCode> run(const Request& request)
{
    INSPECTOR_TRY(const auto reader, inspect::CatalogReader::open(request.open, request.job));
    INSPECTOR_TRY(const auto parts, reader->parts(request.moment, request.job));
    if (request.asJson) {
        for (const auto& part : parts)
            INSPECTOR_CHECK(request.out.write(inspect::partLine(part) + "\n"));
        return kDone;
    }
    std::vector<std::vector<std::string>> lines;
    std::uint64_t total = 0;
    for (const auto& part : parts) {
        total += part.encodedSizeBytes;
        lines.push_back({part.batch, part.batchSince ? std::to_string(part.batchSince->value()) : "[]",
                         std::to_string(part.run), part.key, bytesText(part.encodedSizeBytes)});
    }
    lines.push_back(
        {"total", "", "", grouped(parts.size()) + (parts.size() == 1 ? " part" : " parts"), bytesText(total)});
    using Align = TableColumn::Align;
    INSPECTOR_CHECK(writeTable(request.out,
                               {{"Batch", Align::Left},
                                {"Since", Align::Right},
                                {"Run", Align::Right},
                                {"Part", Align::Left},
                                {"Size", Align::Right}},
                               lines));
    return kDone;
}

} // namespace

Command partsCommand()
{
    return {"parts",
            "the batches, runs and parts that hold the rows",
            "Where the updates lie: the parts of every batch of a state, with the sizes that the state notes. With "
            "--json:\n"
            "{\"lower\",\"upper\",\"since\",\"run\",\"key\",\"bytes\"} a line; times are strings, null is the empty "
            "frontier.",
            {},
            {},
            {"parts catalog.mzcat", "parts --json --seqno 12 catalog.mzcat"},
            {},
            run};
}

} // namespace inspector::cli
