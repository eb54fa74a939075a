#include "app/cli/commands.h"
#include "core/inspect/dump.h"

namespace inspector::cli {

namespace {

Result<ExitCode> run(const Request& request)
{
    const auto& arguments = request.arguments;
    inspect::DumpOptions options;
    INSPECTOR_TRY(const auto from, arguments.number("--from"));
    INSPECTOR_TRY(const auto to, arguments.number("--to"));
    if (from)
        options.from = Timestamp(*from);
    if (to)
        options.to = Timestamp(*to);
    if (from && to && *from > *to)
        return fail(ErrorCode::InvalidInput,
                    "--from " + std::to_string(*from) + " is later than --to " + std::to_string(*to));
    options.collections = arguments.values("--collection");
    for (const auto& name : options.collections)
        INSPECTOR_CHECK(inspect::checkCollectionName(name).during("--collection"));

    INSPECTOR_TRY(const auto reader, inspect::CatalogReader::open(request.open, request.job));
    const bool ownTimes = from || to || !request.asJson;
    INSPECTOR_TRY(const auto reading,
                  ownTimes ? reader->history(request.moment, request.job)
                           : reader->unconsolidated(request.moment, request.job));
    if (!request.asJson) {
        const auto secrets = request.reveal ? inspect::Secrets::Revealed : inspect::Secrets::Masked;
        INSPECTOR_CHECK(inspect::writeReadableLines(reading, options, inspect::ShowCertainty::Yes, secrets, request.out,
                                                    request.crew, request.job));
        remarkReading(request, reading, {});
        return kDone;
    }
    INSPECTOR_TRY(
        const auto leftOut,
        inspect::writeTypedLines(reading, options, inspect::LineOrder::AsRead, request.out, request.crew, request.job));
    remarkReading(request, reading, leftOut);
    return kDone;
}

} // namespace

Command traceCommand()
{
    return {"trace",
            "the updates of the collections in time order, unconsolidated",
            "For people: every update that the batches still remember, at its own time, with how exact that time is.\n"
            "With --json: {\"collection\",\"key\",\"value\",\"ts\",\"diff\"} a line, typed as the reference serialises "
            "it. With --from or\n"
            "--to every ts is the update's own time. With neither it is the reference's own unconsolidated trace: read "
            "at one\n"
            "moment, every ts is that moment, and equal neighbours of a part are summed. 'history' always has the own "
            "times.\n"
            "The JSON is the data itself and is NOT masked.",
            {},
            {{"--from", nullptr, "N", "only updates at catalog time N or later"},
             {"--to", nullptr, "N", "only updates at catalog time N or earlier"},
             {"--collection", nullptr, "NAME", "only this collection; may be repeated"}},
            {"trace --from 40 --to 42 catalog.mzcat", "trace --json --collection item catalog.mzcat"},
            {},
            run};
}

} // namespace inspector::cli
