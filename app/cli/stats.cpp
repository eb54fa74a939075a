#include "app/cli/commands.h"
#include "app/cli/output.h"
#include "core/inspect/json_lines.h"
#include "core/inspect/tally.h"

#include <chrono>

namespace inspector::cli {

namespace {

std::string milliseconds(std::chrono::nanoseconds time)
{
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) + " ms";
}

Result<ExitCode> run(const Request& request)
{
    INSPECTOR_TRY(const auto reader, inspect::CatalogReader::open(request.open, request.job));
    INSPECTOR_TRY(const auto reading, reader->rows(request.moment, request.job));
    const auto begun = std::chrono::steady_clock::now();
    INSPECTOR_TRY(const auto rows, inspect::TypedRows::make(reading.updates, request.job));
    INSPECTOR_TRY(const auto summaries, inspect::tally(*rows, request.crew, request.job));
    const auto tallied = std::chrono::steady_clock::now() - begun;

    if (request.asJson) {
        for (const auto& summary : summaries)
            INSPECTOR_CHECK(request.out.write(inspect::summaryLine(summary) + "\n"));
    } else {
        std::vector<std::vector<std::string>> lines;
        inspect::CollectionSummary total;
        std::uint64_t problems = 0;
        for (const auto& summary : summaries) {
            lines.push_back(
                {summary.name, grouped(summary.rows), bytesText(summary.storedBytes), grouped(*summary.problems)});
            total.rows += summary.rows;
            total.storedBytes += summary.storedBytes;
            problems += *summary.problems;
        }
        lines.push_back({"total", grouped(total.rows), bytesText(total.storedBytes), grouped(problems)});
        using Align = TableColumn::Align;
        INSPECTOR_CHECK(writeTable(
            request.out,
            {{"Collection", Align::Left}, {"Rows", Align::Right}, {"Stored", Align::Right}, {"Problems", Align::Right}},
            lines));
    }
    if (request.arguments.has("--timing")) {
        const auto& times = reader->times();
        remark(request, "open " + milliseconds(times.open));
        remark(request, "parts (read, decompress, decode) " + milliseconds(times.parts));
        remark(request, "consolidate " + milliseconds(times.consolidate));
        remark(request, "tally " + milliseconds(tallied));
        remark(request, "bytes read " + std::to_string(times.bytesRead));
    }
    remarkReading(request, reading, {});
    return kDone;
}

} // namespace

Command statsCommand()
{
    return {
        "stats",
        "rows, bytes and problems of every collection",
        "Consolidated rows of every collection, the bytes that they have as stored, and how many of them do not decode "
        "or\n"
        "have a diff other than +1. Then the fence token, unknown kinds and undecodable rows, where there are any.\n"
        "With --json: {\"collection\",\"rows\",\"bytes\",\"problems\"} a line.",
        {},
        {{"--timing", nullptr, nullptr, "say on standard error where the time went"}},
        {"stats catalog.mzcat", "stats --json --as-of 41 catalog.mzcat"},
        {},
        run};
}

} // namespace inspector::cli
