#pragma once

#include "app/cli/arguments.h"
#include "core/base/job.h"
#include "core/inspect/crew.h"
#include "core/inspect/inspector.h"
#include "core/inspect/sink.h"

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace inspector::cli {

/// What a command is run with.
struct Request
{
    const Arguments& arguments;
    inspect::OpenOptions open;
    inspect::Moment moment;
    bool asJson = false;
    bool reveal = false;               ///< show secrets in text for people
    std::vector<std::string> operands; ///< the command's own, without the location
    inspect::Sink& out;                ///< results
    inspect::Sink& remarks;            ///< everything else
    inspect::Crew& crew;               ///< threads for what can be divided
    const Job& job;
};

/// Exit statuses (command-line.md).
enum ExitCode : int {
    kDone = 0,
    kDifferences = 1,
    kWrongRequest = 2,
    kNotFound = 3,
    kUnavailable = 4,
    kDamaged = 5,
    kRefused = 6,
    kOutcomeUnknown = 7,
    kCancelled = 130,
};

/// What an error means for the exit status.
[[nodiscard]] ExitCode exitCodeOf(const Error& error);

/// An operand of a command's own, before the location.
struct Operand
{
    const char* name; ///< "COLLECTION"
    const char* help; ///< one line
};

/// One subcommand: a row in the table, a function in a file of its own.
struct Command
{
    const char* name;              ///< "dump"
    const char* summary;           ///< one clause for the list of commands
    const char* about;             ///< a paragraph for --help
    std::vector<Operand> operands; ///< all required
    std::vector<Option> options;   ///< besides those that every command has
    std::vector<const char*> examples;
    std::vector<ExitCode> exitCodes; ///< besides 0, 2, 3, 4, 5 and 130, which every command uses
    Result<ExitCode> (*run)(const Request& request) = nullptr;
    bool hasMoment = true;   ///< takes --as-of and --seqno
    bool hasLocation = true; ///< takes a location and which shard of it; else its operands are all there is
    bool writes = false;     ///< once it is told to: what --help says of writing
};

/// All commands, in the order of the help.
[[nodiscard]] const std::vector<Command>& commands();

/// Reads an environment variable; nothing when it is not set.
using Environment = std::function<std::optional<std::string>(const char* name)>;

/// Runs the program: `words` without the program's name. Results go to `out`, all else to `remarks`.
[[nodiscard]] int run(std::span<const std::string> words, const Environment& environment, inspect::Sink& out,
                      inspect::Sink& remarks, inspect::Crew& crew, const Job& job);

/// One remark, as a line of its own.
void remark(const Request& request, std::string_view text);

} // namespace inspector::cli
