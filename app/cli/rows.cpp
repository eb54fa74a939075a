#include "app/cli/commands.h"
#include "core/inspect/dump.h"

namespace inspector::cli {

namespace {

Result<ExitCode> run(const Request& request)
{
    INSPECTOR_TRY(const auto reader, inspect::CatalogReader::open(request.open, request.job));
    INSPECTOR_TRY(const auto reading, reader->rows(request.moment, request.job));
    const auto certainty = inspect::ShowCertainty::No;
    if (request.asJson) {
        INSPECTOR_CHECK(inspect::writeStoredLines(reading, {}, certainty, request.out, request.crew, request.job));
    } else {
        const auto secrets = request.reveal ? inspect::Secrets::Revealed : inspect::Secrets::Masked;
        INSPECTOR_CHECK(
            inspect::writeReadableLines(reading, {}, certainty, secrets, request.out, request.crew, request.job));
    }
    remarkReading(request, reading, {});
    return kDone;
}

} // namespace

Command rowsCommand()
{
    return {"rows",
            "every row as stored, all kinds",
            "Every row of the shard at a moment, of all kinds, consolidated, also those that do not decode.\n"
            "With --json: {\"ts\",\"diff\",\"json\",\"source_data_hex\",\"row_hex\"} a line; json is null and error is "
            "added where a row\n"
            "does not decode. The JSON is the data itself and is NOT masked.",
            {},
            {},
            {"rows catalog.mzcat", "rows --json --as-of 41 catalog.mzcat"},
            {},
            run};
}

} // namespace inspector::cli
