#include "app/cli/commands.h"
#include "app/cli/output.h"
#include "core/inspect/find.h"
#include "core/inspect/text.h"

namespace inspector::cli {

namespace {

Result<> showDetail(const Request& request, const inspect::EntryDetail& detail)
{
    std::string text = detail.collection + ": " + detail.title + "\n";
    text += "  time " + inspect::timeText(detail.time)
        + (detail.certainty == persist::Certainty::Exact ? "" : " or before") + ", diff " + signedText(detail.diff)
        + ", " + bytesText(detail.storedBytes.size()) + " of " + detail.storedForm
        + (detail.origin.empty() ? "" : " in " + detail.origin) + "\n";
    if (!detail.problem.empty())
        text += "  does not decode: " + detail.problem + "\n";
    for (const auto& line : detail.tree) {
        text += std::string(static_cast<std::size_t>(line.depth) * 2 + 2, ' ') + line.name;
        if (!line.text.empty())
            text += ": " + line.text;
        if (!line.meaning.empty())
            text += "  (" + line.meaning + ")";
        text += "\n";
    }
    if (detail.hasSecret && !request.reveal)
        text += "  --reveal shows what is masked\n";
    return request.out.write(text);
}

Result<ExitCode> run(const Request& request)
{
    INSPECTOR_TRY(const auto reader, inspect::CatalogReader::open(request.open, request.job));
    INSPECTOR_TRY(const auto reading, reader->rows(request.moment, request.job));
    INSPECTOR_TRY(const auto rows, inspect::TypedRows::make(reading.updates, request.job));
    INSPECTOR_TRY(const auto hits, inspect::rowsOfKey(rows, request.operands[0], request.operands[1], request.job));
    if (request.asJson) {
        INSPECTOR_CHECK(
            inspect::writeTypedOrStoredLines(inspect::onlyHits(reading, *rows, hits), request.out, request.job));
        return kDone;
    }
    for (const auto& hit : hits)
        INSPECTOR_CHECK(showDetail(request, hit.table->detail(hit.row, request.reveal)));
    remarkReading(request, reading, {});
    return kDone;
}

} // namespace

Command showCommand()
{
    return {"show",
            "one row with everything that is known about it",
            "A row's fields with what numbers and ids mean, and how it is stored. With --json: the line of 'dump' (or "
            "of 'rows'\n"
            "for a row that is in no collection); that is the data itself and is NOT masked.",
            {{"COLLECTION", "its name as 'stats' lists it: item, role, setting"},
             {"KEY", "the key: JSON of it, the id as people write it (u7), or the name"}},
            {},
            {"show item u7 catalog.mzcat", "show setting catalog_content_version catalog.mzcat",
             "show config '{\"key\":\"user_version\"}' --json catalog.mzcat"},
            {},
            run};
}

} // namespace inspector::cli
