#include "app/cli/commands.h"
#include "app/cli/copying.h"

namespace inspector::cli {

namespace {

Result<ExitCode> run(const Request& request)
{
    INSPECTOR_TRY(const auto to, otherLocation(request.arguments, "--to"));
    return runCopy(request, request.open.location, to);
}

} // namespace

Command exportCommand()
{
    Command command {
        "export",
        "copy a shard to a catalog file, or to a server and a folder",
        "Copies the catalog's shard, another one, or --all, from LOCATION: every version that consensus still has, and "
        "every blob\n"
        "that they name, byte for byte; consistent although others may be writing the source. A catalog file that is "
        "not "
        "there\n"
        "is made, whole or not at all; a server's table and a folder must be there, and are never made or altered. A "
        "shard\n"
        "that the target has already is refused, unless it is identical. What was written is read back and compared. "
        "With\n"
        "--json: {\"shard\",\"fate\",\"first\",\"head\",\"versions\",\"blobs\",\"bytes\",\"missing\"} a line.\n"
        "The copy is the data itself: passwords and SQL literals are in it.",
        {},
        {{"--to", nullptr, "FILE", "the catalog file to copy to"},
         {"--to-consensus", nullptr, "URL", "or the server to copy the log to (postgres://…)"},
         {"--to-blob", nullptr, "URL", "and the folder to copy the blobs to (file:///…)"}},
        {"export --to copy.mzcat --commit --consensus postgres://reader@db/mz --blob file:///var/persist",
         "export --all --to-consensus postgres://mz@db/mz --to-blob file:///var/persist old.mzcat"},
        {kDifferences, kRefused, kOutcomeUnknown},
        run,
        false,
        true,
        true};
    command.options.insert(command.options.end(), copyOptions().begin(), copyOptions().end());
    return command;
}

} // namespace inspector::cli
