#include "app/cli/commands.h"
#include "core/inspect/dump.h"

namespace inspector::cli {

namespace {

Result<ExitCode> run(const Request& request)
{
    INSPECTOR_TRY(const auto reader, inspect::CatalogReader::open(request.open, request.job));
    INSPECTOR_TRY(const auto reading, reader->history(request.moment, request.job));
    const auto certainty = inspect::ShowCertainty::Yes;
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

Command historyCommand()
{
    return {
        "history",
        "every update that the batches remember, at its own time",
        "Every update that batches still remember, with its own time, oldest first: at the latest moment the least\n"
        "compacted batches of any version of the state, at --seqno those of that version. certainty: exact, or "
        "rounded\n"
        "where compaction moved the time up (the change happened at or before it; what cancelled out before is gone).\n"
        "With --json: as rows, and certainty. The JSON is the data itself and is NOT masked.",
        {},
        {},
        {"history catalog.mzcat", "history --json catalog.mzcat"},
        {},
        run};
}

} // namespace inspector::cli
