#include "core/inspect/find.h"

#include "app/cli/commands.h"
#include "app/cli/output.h"

namespace inspector::cli {

namespace {

Result<ExitCode> run(const Request& request)
{
    INSPECTOR_TRY(const auto reader, inspect::CatalogReader::open(request.open, request.job));
    INSPECTOR_TRY(const auto reading, reader->rows(request.moment, request.job));
    INSPECTOR_TRY(const auto rows, inspect::TypedRows::make(reading.updates, request.job));
    const auto collection = request.arguments.value("--collection").value_or("");
    INSPECTOR_TRY(const auto hits, inspect::find(rows, {request.operands[0]}, collection, request.job));
    if (request.asJson) {
        INSPECTOR_CHECK(
            inspect::writeTypedOrStoredLines(inspect::onlyHits(reading, *rows, hits), request.out, request.job));
    } else {
        const auto secrets = request.reveal ? inspect::Secrets::Revealed : inspect::Secrets::Masked;
        INSPECTOR_CHECK(inspect::writeReadableLines(inspect::onlyHits(reading, *rows, hits), {},
                                                    inspect::ShowCertainty::No, secrets, request.out, request.crew,
                                                    request.job));
    }
    remark(request, grouped(hits.size()) + (hits.size() == 1 ? " row found" : " rows found"));
    remarkReading(request, reading, {});
    return kDone;
}

} // namespace

Command findCommand()
{
    return {"find",
            "the rows that contain words, in any collection",
            "Every word must occur in the row, in any case: ids, names, SQL. 'two words' in double quotes stay "
            "together, -word\n"
            "excludes, column:word looks in one column. With --json: the lines of 'dump' (or of 'rows' for a row that "
            "is in no\n"
            "collection); that is the data itself and is NOT masked. Finding nothing is an answer, not an error.",
            {{"TEXT", "what to look for: orders, '\"create view\" -public', name:orders"}},
            {{"--collection", nullptr, "NAME", "only in this collection"}},
            {"find orders catalog.mzcat", "find 'name:orders -u7' --collection item --json catalog.mzcat"},
            {},
            run};
}

} // namespace inspector::cli
