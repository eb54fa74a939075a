#include "app/cli/command_table.h"

#include "app/cli/commands.h"

#include <algorithm>
#include <array>

namespace inspector::cli {

namespace {

constexpr const char* kProgram = "catalog-inspector-cli";

const std::array kLocationOptions {
    Option {"--consensus", nullptr, "URL", "consensus store (postgres://…); else the variable CONSENSUS_URL"},
    Option {"--blob", nullptr, "URL", "blob store (file:///…); else the variable BLOB_URL"},
    Option {"--environment-id", nullptr, "ID", "the environment whose catalog is meant"},
    Option {"--organization-id", nullptr, "UUID", "the organization whose catalog is meant"},
    Option {"--shard", nullptr, "sUUID", "the shard itself"},
};

const std::array kMomentOptions {
    Option {"--as-of", nullptr, "N", "as of catalog time N, since <= N < upper"},
    Option {"--seqno", nullptr, "N", "as of version N of the shard's state"},
};

const std::array kCommonOptions {
    Option {"--json", nullptr, nullptr, "one JSON object a line"},
    Option {"--reveal", nullptr, nullptr, "show passwords and SQL literals in text for people"},
    Option {"--help", "-h", nullptr, "this text"},
};

const char* meaningOf(ExitCode code)
{
    switch (code) {
    case kDone:
        return "done";
    case kDifferences:
        return "findings or differences";
    case kWrongRequest:
        return "the request is wrong: an option, a URL, a time outside [since, upper)";
    case kNotFound:
        return "not found: file, shard, table, key";
    case kUnavailable:
        return "unavailable: server, permission, a target that cannot be written";
    case kDamaged:
        return "damaged or unsupported data";
    case kRefused:
        return "refused";
    case kOutcomeUnknown:
        return "outcome unknown: read before retrying";
    case kCancelled:
        return "cancelled";
    }
    return "";
}

std::vector<Option> optionsOf(const Command& command)
{
    auto options = command.options;
    if (command.hasMoment)
        options.insert(options.end(), kMomentOptions.begin(), kMomentOptions.end());
    if (command.hasLocation)
        options.insert(options.end(), kLocationOptions.begin(), kLocationOptions.end());
    options.insert(options.end(), kCommonOptions.begin(), kCommonOptions.end());
    return options;
}

std::string optionLine(const Option& option)
{
    std::string left = "  ";
    if (option.shortName != nullptr)
        left += std::string(option.shortName) + ", ";
    left += option.name;
    if (option.value != nullptr)
        left += std::string(" ") + option.value;
    if (left.size() < 30)
        left.resize(30, ' ');
    return left + "  " + option.help + "\n";
}

std::string optionLines(std::span<const Option> options)
{
    std::string text;
    for (const auto& option : options)
        text += optionLine(option);
    return text;
}

std::string helpOf(const Command& command)
{
    std::string text = std::string("Usage: ") + kProgram + " " + command.name;
    for (const auto& operand : command.operands)
        text += std::string(" ") + operand.name;
    text += command.hasLocation ? " [OPTIONS] LOCATION\n\n" : " [OPTIONS]\n\n";
    text += std::string(command.about) + "\n\n";
    if (!command.operands.empty()) {
        for (const auto& operand : command.operands)
            text += optionLine({operand.name, nullptr, nullptr, operand.help});
        text += "\n";
    }
    if (!command.options.empty())
        text += "Options:\n" + optionLines(command.options) + "\n";
    if (command.hasMoment)
        text += "Moment (the latest when absent):\n" + optionLines(kMomentOptions) + "\n";
    if (command.hasLocation)
        text += "Location: a catalog file (path or file: URL), or both URLs; the catalog is recognised by its content "
                "when no\n"
                "shard is named:\n"
            + optionLines(kLocationOptions) + "\n";
    text += "Always:\n" + optionLines(kCommonOptions) + "\n";
    text += "Examples:\n";
    for (const auto* example : command.examples)
        text += std::string("  ") + kProgram + " " + example + "\n";
    text += "\nExit codes:\n";
    std::vector<ExitCode> codes {kDone, kWrongRequest, kNotFound, kUnavailable, kDamaged, kCancelled};
    codes.insert(codes.end(), command.exitCodes.begin(), command.exitCodes.end());
    std::sort(codes.begin(), codes.end());
    for (const auto code : codes) {
        auto number = std::to_string(code);
        number.resize(5, ' ');
        text += "  " + number + meaningOf(code) + "\n";
    }
    text += command.writes ? "\nNothing is written without --commit.\n"
                           : "\nReading never writes: no statement or request of this command changes the store.\n";
    return text;
}

std::string help()
{
    std::string text = std::string("Usage: ") + kProgram + " COMMAND [OPTIONS] LOCATION\n\n"
        + "Reads the durable catalog of a Materialize environment without writing a byte. What can write does so only "
          "when it is\ntold to.\n";
    for (const bool writes : {false, true}) {
        text += writes ? "\nCommands that can write, and only say what they would do without --commit:\n"
                       : "\nCommands that only read:\n";
        for (const auto& command : commands()) {
            if (command.writes != writes)
                continue;
            std::string name = command.name;
            name.resize(14, ' ');
            text += "  " + name + command.summary + "\n";
        }
    }
    text += std::string("\n'") + kProgram
        + " COMMAND --help' says more about a command, with examples and exit codes.\n"
        + "LOCATION is a .mzcat file, or --consensus URL --blob URL (CONSENSUS_URL, BLOB_URL).\n";
    return text;
}

/// The command whose name is nearest to a mistyped one, if it is near at all.
std::string nearestCommand(std::string_view word)
{
    std::string best;
    std::size_t bestDistance = 3;
    for (const auto& command : commands()) {
        const std::string_view name = command.name;
        std::vector<std::size_t> row(name.size() + 1);
        for (std::size_t i = 0; i < row.size(); ++i)
            row[i] = i;
        for (std::size_t i = 0; i < word.size(); ++i) {
            std::size_t diagonal = row[0]++;
            for (std::size_t j = 0; j < name.size(); ++j) {
                const auto change = diagonal + (word[i] == name[j] ? 0 : 1);
                diagonal = row[j + 1];
                row[j + 1] = std::min({change, row[j] + 1, row[j + 1] + 1});
            }
        }
        if (row.back() < bestDistance) {
            bestDistance = row.back();
            best = name;
        }
    }
    return best;
}

std::optional<std::string> urlOf(const Arguments& arguments, const Environment& environment, const char* option,
                                 const char* variable)
{
    if (auto given = arguments.value(option))
        return given;
    auto fromEnvironment = environment(variable);
    return fromEnvironment && !fromEnvironment->empty() ? fromEnvironment : std::nullopt;
}

Result<store::Location> locationOf(const Arguments& arguments, const std::optional<std::string>& operand,
                                   const Environment& environment)
{
    if (operand) {
        if (arguments.has("--consensus") || arguments.has("--blob"))
            return fail(ErrorCode::InvalidInput,
                        "'" + *operand + "' and --consensus or --blob both name a location: give one of them");
        if (operand->empty())
            return fail(ErrorCode::InvalidInput, "the location is empty: give the path of a .mzcat file");
        if (operand->find("://") != std::string::npos && !operand->starts_with("file:")) {
            if (operand->starts_with("sqlite:"))
                return store::Location {*operand, *operand};
            return fail(ErrorCode::InvalidInput,
                        "'" + store::withoutCredentials(*operand)
                            + "' is no catalog file: give a server with --consensus URL --blob URL");
        }
        return store::Location::ofCatalogFile(*operand);
    }
    const auto consensus = urlOf(arguments, environment, "--consensus", "CONSENSUS_URL");
    auto blob = urlOf(arguments, environment, "--blob", "BLOB_URL");
    if (!consensus)
        return fail(ErrorCode::InvalidInput,
                    blob ? "--consensus URL is missing (or the variable CONSENSUS_URL)"
                         : "no location: give a .mzcat file, or --consensus URL and --blob URL");
    if (!blob && consensus->starts_with("sqlite:"))
        blob = consensus;
    if (!blob)
        return fail(ErrorCode::InvalidInput, "--blob URL is missing (or the variable BLOB_URL)");
    return store::Location {*consensus, *blob};
}

Result<inspect::ShardChoice> shardOf(const Arguments& arguments)
{
    using By = inspect::ShardChoice::By;
    inspect::ShardChoice choice;
    const char* first = nullptr;
    for (const auto& [option, by] :
         {std::pair {"--environment-id", By::EnvironmentId}, std::pair {"--organization-id", By::OrganizationId},
          std::pair {"--shard", By::ShardId}}) {
        const auto text = arguments.value(option);
        if (!text)
            continue;
        if (first != nullptr)
            return fail(ErrorCode::InvalidInput,
                        std::string(first) + " and " + option + " both name a shard: give one of them");
        if (text->empty())
            return fail(ErrorCode::InvalidInput, std::string(option) + " is empty");
        first = option;
        choice = {by, *text};
    }
    return choice;
}

Result<inspect::Moment> momentOf(const Arguments& arguments)
{
    INSPECTOR_TRY(const auto asOf, arguments.number("--as-of"));
    INSPECTOR_TRY(const auto seqno, arguments.number("--seqno"));
    if (asOf && seqno)
        return fail(ErrorCode::InvalidInput, "--as-of and --seqno both name a moment: give one of them");
    if (asOf)
        return inspect::Moment::asOf(Timestamp(*asOf));
    if (seqno)
        return inspect::Moment::atSeqno(SeqNo(*seqno));
    return inspect::Moment::latest();
}

Result<ExitCode> runCommand(const Command& command, std::span<const std::string> words, const Environment& environment,
                            inspect::Sink& out, inspect::Sink& remarks, inspect::Crew& crew, const Job& job)
{
    const auto options = optionsOf(command);
    INSPECTOR_TRY(const auto arguments, Arguments::parse(words, options));
    if (arguments.has("--help")) {
        INSPECTOR_CHECK(out.write(helpOf(command)));
        return kDone;
    }
    auto operands = arguments.operands();
    const auto own = command.operands.size();
    if (operands.size() < own)
        return fail(ErrorCode::InvalidInput, std::string(command.operands[operands.size()].name) + " is missing");
    const auto most = own + (command.hasLocation ? 1 : 0);
    if (operands.size() > most)
        return fail(ErrorCode::InvalidInput, "'" + operands[most] + "' is one word too many");
    std::optional<std::string> place;
    if (operands.size() == own + 1) {
        place = operands.back();
        operands.pop_back();
    }
    INSPECTOR_TRY(auto moment, momentOf(arguments));
    INSPECTOR_TRY(auto shard, shardOf(arguments));
    store::Location location;
    if (command.hasLocation) {
        INSPECTOR_TRY(location, locationOf(arguments, place, environment));
    }
    return command.run({arguments,
                        {std::move(location), std::move(shard)},
                        moment,
                        arguments.has("--json"),
                        arguments.has("--reveal"),
                        std::move(operands),
                        out,
                        remarks,
                        crew,
                        job});
}

} // namespace

ExitCode exitCodeOf(const Error& error)
{
    if (error.outcomeUnknown)
        return kOutcomeUnknown;
    switch (error.code) {
    case ErrorCode::Cancelled:
        return kCancelled;
    case ErrorCode::InvalidInput:
    case ErrorCode::OutOfRange:
        return kWrongRequest;
    case ErrorCode::NotFound:
        return kNotFound;
    case ErrorCode::Unavailable:
        return kUnavailable;
    case ErrorCode::Corrupt:
    case ErrorCode::Unsupported:
    case ErrorCode::Internal:
        return kDamaged;
    case ErrorCode::ReadOnly:
    case ErrorCode::Fenced:
    case ErrorCode::Conflict:
        return kRefused;
    }
    return kDamaged;
}

void remark(const Request& request, std::string_view text)
{
    // Nothing can be done about a closed standard error.
    static_cast<void>(request.remarks.write(std::string(kProgram) + ": " + std::string(text) + "\n"));
}

void remarkReading(const Request& request, const inspect::Reading& reading, const inspect::LeftOut& leftOut)
{
    for (const auto& warning : reading.updates->warnings)
        remark(request, warning);
    if (!leftOut.isInitialized)
        remark(request,
               "uninitialized: the shard has no config row, so this is no catalog that was ever opened for writing");
    if (const auto text = leftOut.text(); !text.empty())
        remark(request, text);
}

const std::vector<Command>& commands()
{
    static const std::vector<Command> kCommands {
        dumpCommand(),    statsCommand(),  traceCommand(),        rowsCommand(),   historyCommand(), factsCommand(),
        epochCommand(),   fencesCommand(), showCommand(),         findCommand(),   stateCommand(),   stateDiffCommand(),
        rollupsCommand(), partsCommand(),  upgradeCheckCommand(), followCommand(), editCommand(),    deleteCommand(),
        recoverCommand(), initCommand(),   demoCommand(),         importCommand(), exportCommand(),
    };
    return kCommands;
}

int run(std::span<const std::string> words, const Environment& environment, inspect::Sink& out, inspect::Sink& remarks,
        inspect::Crew& crew, const Job& job)
{
    const auto complain = [&](const std::string& text) {
        static_cast<void>(remarks.write(std::string(kProgram) + ": " + text + "\n"));
    };
    if (words.empty()) {
        static_cast<void>(remarks.write(help()));
        return kWrongRequest;
    }
    if (words.front() == "--help" || words.front() == "-h" || words.front() == "help")
        return out.write(help()).has_value() ? kDone : kUnavailable;
    if (words.front() == "--version")
        return out.write(std::string(kProgram) + " " INSPECTOR_VERSION "\n").has_value() ? kDone : kUnavailable;

    for (const auto& command : commands()) {
        if (words.front() != command.name)
            continue;
        const auto outcome = runCommand(command, words.subspan(1), environment, out, remarks, crew, job);
        if (outcome)
            return *outcome;
        const auto code = exitCodeOf(outcome.error());
        if (code != kCancelled)
            complain(outcome.error().describe());
        if (code == kWrongRequest && outcome.error().code == ErrorCode::InvalidInput)
            complain(std::string("'") + command.name + " --help' lists what it takes");
        return code;
    }
    const auto nearest = nearestCommand(words.front());
    complain("there is no command '" + words.front() + "'"
             + (nearest.empty() ? "" : "; did you mean '" + nearest + "'?"));
    complain("'--help' lists the commands");
    return kWrongRequest;
}

} // namespace inspector::cli
