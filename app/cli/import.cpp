#include "app/cli/commands.h"
#include "app/cli/copying.h"

namespace inspector::cli {

namespace {

Result<ExitCode> run(const Request& request)
{
    INSPECTOR_TRY(const auto from, otherLocation(request.arguments, "--from"));
    return runCopy(request, from, request.open.location);
}

} // namespace

Command importCommand()
{
    Command command {
        "import",
        "copy a shard from a catalog file, or from a server and a folder",
        "As 'export', the other way round: LOCATION is where the copy goes. The options that name a shard mean the "
        "source's.",
        {},
        {{"--from", nullptr, "FILE", "the catalog file to copy from"},
         {"--from-consensus", nullptr, "URL", "or the server to copy the log from (postgres://…)"},
         {"--from-blob", nullptr, "URL", "and the folder to copy the blobs from (file:///…)"}},
        {"import --from capture.mzcat --commit mine.mzcat",
         "import --from capture.mzcat --consensus postgres://mz@db/mz --blob file:///var/persist"},
        {kDifferences, kRefused, kOutcomeUnknown},
        run,
        false,
        true,
        true};
    command.options.insert(command.options.end(), copyOptions().begin(), copyOptions().end());
    return command;
}

} // namespace inspector::cli
