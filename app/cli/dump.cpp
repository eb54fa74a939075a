#include "core/inspect/dump.h"

#include "app/cli/commands.h"

namespace inspector::cli {

namespace {

Result<ExitCode> run(const Request& request)
{
    const auto& arguments = request.arguments;
    inspect::DumpOptions options;
    options.ignored = arguments.values("--ignore");
    for (const auto& name : options.ignored)
        INSPECTOR_CHECK(inspect::checkCollectionName(name).during("--ignore"));
    if (arguments.has("--ignore-large-collections"))
        options.ignored.emplace_back("audit_log");
    if (request.asJson && arguments.has("--stats-only"))
        return fail(ErrorCode::InvalidInput, "--stats-only is text; 'stats --json' has the numbers");

    INSPECTOR_TRY(const auto reader, inspect::CatalogReader::open(request.open, request.job));
    const bool consolidate = request.asJson || arguments.has("--consolidate");
    INSPECTOR_TRY(const auto reading,
                  consolidate ? reader->rows(request.moment, request.job)
                              : reader->unconsolidated(request.moment, request.job));
    const auto entries = arguments.has("--stats-only") ? inspect::DumpEntries::No : inspect::DumpEntries::Yes;
    INSPECTOR_TRY(const auto leftOut,
                  request.asJson
                      ? inspect::writeTypedLines(reading, options, inspect::LineOrder::ByCollection, request.out,
                                                 request.crew, request.job)
                      : inspect::writeReferenceText(reading, options, entries, request.out, request.crew, request.job));
    if (consolidate) {
        for (const auto& [name, count] : leftOut.retractions)
            remark(request,
                   name
                       + " catalog collection has corrupt entries, there should be no retractions in a consolidated "
                         "catalog, "
                         "but there are "
                       + std::to_string(count) + " retractions");
    }
    remarkReading(request, reading, leftOut);
    return kDone;
}

} // namespace

Command dumpCommand()
{
    return {
        "dump",
        "every collection with all its rows, as the reference prints them",
        "The same text as the reference's own dump, so that the two can be compared by diff. Without --consolidate:\n"
        "updates as they are stored, read at one moment. With --json: one consolidated row a line,\n"
        "{\"collection\",\"key\",\"value\",\"ts\",\"diff\"}, typed as the reference serialises it.\n"
        "Both are the data itself: passwords and SQL literals are NOT masked, with or without --reveal. Rows that are "
        "in\n"
        "no collection (the fence token) or do not decode are left out and counted on standard error; 'rows' shows "
        "them.",
        {},
        {{"--consolidate", "-c", nullptr, "sum equal rows first (always so with --json)"},
         {"--ignore", "-i", "COLLECTION", "leave out a collection; may be repeated"},
         {"--ignore-large-collections", nullptr, nullptr, "leave out audit_log"},
         {"--stats-only", nullptr, nullptr, "numbers of rows, without the rows"}},
        {"dump --consolidate catalog.mzcat > catalog.txt", "dump --json --ignore audit_log catalog.mzcat",
         "dump --as-of 41 --consensus postgres://reader@db/mz --blob file:///var/persist"},
        {},
        run};
}

} // namespace inspector::cli
