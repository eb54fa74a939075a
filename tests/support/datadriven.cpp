#include "tests/support/datadriven.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace inspector::test {

namespace {

constexpr std::string_view kSeparator = "----";

tl::unexpected<Error> wrong(std::string message)
{
    return fail(ErrorCode::InvalidInput, std::move(message));
}

bool isBlank(std::string_view line)
{
    return line.find_first_not_of(" \t") == std::string_view::npos;
}

std::vector<std::string_view> linesOf(std::string_view content)
{
    std::vector<std::string_view> lines;
    while (!content.empty()) {
        const auto end = std::min(content.find('\n'), content.size());
        lines.push_back(content.substr(0, end));
        content.remove_prefix(std::min(end + 1, content.size()));
    }
    return lines;
}

template <typename Number>
std::optional<Number> numberIn(std::string_view text)
{
    Number number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return number;
}

/// The name and the arguments of a directive line.
Result<Directive> parseHead(std::string_view line)
{
    Directive directive;
    const auto skipBlanks = [&] { line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size())); };
    const auto take = [&](std::string_view stops) {
        const auto end = std::min(line.find_first_of(stops), line.size());
        auto taken = std::string(line.substr(0, end));
        line.remove_prefix(end);
        return taken;
    };
    skipBlanks();
    directive.name = take(" \t");
    for (skipBlanks(); !line.empty(); skipBlanks()) {
        Directive::Argument argument {take(" \t="), {}};
        if (argument.key.empty())
            return wrong("an argument has no name");
        if (line.starts_with("=(")) {
            const auto close = line.find(')');
            if (close == std::string_view::npos)
                return wrong("the bracket of argument '" + argument.key + "' is not closed");
            auto list = line.substr(2, close - 2);
            line.remove_prefix(close + 1);
            while (!isBlank(list)) {
                const auto end = std::min(list.find(','), list.size());
                auto value = list.substr(0, end);
                list.remove_prefix(std::min(end + 1, list.size()));
                value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
                value.remove_suffix(value.size() - (value.find_last_not_of(' ') + 1));
                argument.values.emplace_back(value);
            }
        } else if (line.starts_with('=')) {
            line.remove_prefix(1);
            if (auto value = take(" \t"); !value.empty())
                argument.values.push_back(std::move(value));
        }
        directive.arguments.push_back(std::move(argument));
    }
    return directive;
}

/// A directive and where its output stands.
struct Case
{
    Directive directive;
    std::size_t outputBegin = 0; ///< index of the first line after the separator
    std::size_t outputEnd = 0;   ///< of the line after the output, doubled separators included
};

Result<std::vector<Case>> casesOf(const std::vector<std::string_view>& lines)
{
    std::vector<Case> cases;
    for (std::size_t at = 0; at < lines.size();) {
        if (isBlank(lines[at]) || lines[at].starts_with('#')) {
            ++at;
            continue;
        }
        const auto step = "line " + std::to_string(at + 1);
        auto directive = parseHead(lines[at]).during(step);
        if (!directive)
            return tl::unexpected<Error>(std::move(directive).error());
        directive->line = ++at;
        for (; at < lines.size() && lines[at] != kSeparator && !isBlank(lines[at]); ++at)
            directive->input.emplace_back(lines[at]);
        if (at == lines.size() || lines[at] != kSeparator)
            return wrong(step + ": directive '" + directive->name + "' is not followed by ----");
        const auto begin = ++at;
        if (at < lines.size() && lines[at] == kSeparator) {
            for (++at; at + 1 < lines.size() && (lines[at] != kSeparator || lines[at + 1] != kSeparator); ++at)
                directive->expected.append(lines[at]).push_back('\n');
            if (at + 1 >= lines.size())
                return wrong(step + ": the output of '" + directive->name + "' does not end with two lines ----");
            at += 2;
        } else {
            for (; at < lines.size() && !isBlank(lines[at]); ++at)
                directive->expected.append(lines[at]).push_back('\n');
        }
        cases.push_back({*std::move(directive), begin, at});
    }
    return cases;
}

bool needsDoubledSeparator(const std::string& output)
{
    const auto lines = linesOf(output);
    return std::any_of(lines.begin(), lines.end(), isBlank) || output.starts_with("----\n");
}

std::string indented(const std::string& text, const char* margin)
{
    std::string result;
    for (const auto line : linesOf(text))
        result.append(margin).append(line).push_back('\n');
    return result;
}

Result<std::string> contentOfFile(const std::string& path)
{
    std::ifstream file(path, std::ios::binary);
    if (!file)
        return fail(ErrorCode::NotFound, "no file " + path);
    return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

Result<> replaceFile(const std::string& path, const std::string& content)
{
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << content;
    file.close();
    if (!file)
        return fail(ErrorCode::Unavailable, "accepted outputs cannot be written to " + path);
    return {};
}

} // namespace

const Directive::Argument* Directive::find(std::string_view key) const
{
    const auto found =
        std::find_if(arguments.begin(), arguments.end(), [&](const Argument& argument) { return argument.key == key; });
    return found == arguments.end() ? nullptr : &*found;
}

bool Directive::has(std::string_view key) const
{
    return find(key) != nullptr;
}

Result<std::string> Directive::text(std::string_view key) const
{
    const auto* argument = find(key);
    if (argument == nullptr)
        return wrong("argument '" + std::string(key) + "' is missing");
    if (argument->values.size() != 1)
        return wrong("argument '" + std::string(key) + "' has not one value");
    return argument->values.front();
}

Result<std::string> Directive::text(std::string_view key, const std::string& otherwise) const
{
    return has(key) ? text(key) : Result<std::string>(otherwise);
}

Result<std::vector<std::string>> Directive::texts(std::string_view key) const
{
    const auto* argument = find(key);
    return argument == nullptr ? std::vector<std::string>() : argument->values;
}

Result<std::uint64_t> Directive::number(std::string_view key) const
{
    INSPECTOR_TRY(const auto value, text(key));
    if (const auto number = numberIn<std::uint64_t>(value))
        return *number;
    return wrong("argument '" + std::string(key) + "' is no number: " + value);
}

Result<std::uint64_t> Directive::number(std::string_view key, std::uint64_t otherwise) const
{
    return has(key) ? number(key) : Result<std::uint64_t>(otherwise);
}

Result<bool> Directive::yesOrNo(std::string_view key, bool otherwise) const
{
    const auto* argument = find(key);
    if (argument == nullptr)
        return otherwise;
    if (argument->values.empty() || argument->values.front() == "true")
        return true;
    if (argument->values.front() == "false")
        return false;
    return wrong("argument '" + std::string(key) + "' is neither true nor false");
}

Result<SeqNo> Directive::seqno(std::string_view key) const
{
    INSPECTOR_TRY(const auto value, text(key));
    if (value.starts_with('v'))
        if (const auto number = numberIn<std::uint64_t>(std::string_view(value).substr(1)))
            return SeqNo(*number);
    return wrong("argument '" + std::string(key) + "' is no seqno such as v7: " + value);
}

Result<std::optional<Timestamp>> Directive::frontier(std::string_view key) const
{
    const auto* argument = find(key);
    if (argument == nullptr)
        return wrong("argument '" + std::string(key) + "' is missing");
    if (argument->values.empty())
        return std::optional<Timestamp>();
    INSPECTOR_TRY(const auto time, number(key));
    return std::optional(Timestamp(time));
}

Result<std::optional<Timestamp>> Directive::frontier(std::string_view key, std::optional<Timestamp> otherwise) const
{
    return has(key) ? frontier(key) : Result<std::optional<Timestamp>>(otherwise);
}

Result<std::vector<Directive>> parseDataDriven(std::string_view content)
{
    INSPECTOR_TRY(auto cases, casesOf(linesOf(content)));
    std::vector<Directive> directives;
    for (auto& one : cases)
        directives.push_back(std::move(one.directive));
    return directives;
}

Result<std::string> withOutputs(std::string_view content, const std::vector<std::string>& outputs)
{
    const auto lines = linesOf(content);
    INSPECTOR_TRY(const auto cases, casesOf(lines));
    if (cases.size() != outputs.size())
        return wrong(std::to_string(outputs.size()) + " outputs for " + std::to_string(cases.size()) + " directives");
    std::string result;
    std::size_t at = 0;
    const auto copyTo = [&](std::size_t end) {
        for (; at < end; ++at)
            result.append(lines[at]).push_back('\n');
    };
    for (std::size_t i = 0; i < cases.size(); ++i) {
        copyTo(cases[i].outputBegin);
        if (needsDoubledSeparator(outputs[i]))
            result.append("----\n").append(outputs[i]).append("----\n----\n");
        else
            result.append(outputs[i]);
        at = cases[i].outputEnd;
    }
    copyTo(lines.size());
    return result;
}

Result<> runDataDriven(const std::string& path, const DirectiveRunner& runner)
{
    INSPECTOR_TRY(const auto content, contentOfFile(path));
    auto directives = parseDataDriven(content).during(path);
    if (!directives)
        return tl::unexpected<Error>(std::move(directives).error());

    std::vector<std::string> outputs;
    std::string differences;
    for (const auto& directive : *directives) {
        const auto place = path + ":" + std::to_string(directive.line) + " " + directive.name;
        auto output = runner(directive).during(place);
        if (!output)
            return tl::unexpected<Error>(std::move(output).error());
        if (!output->empty() && output->back() != '\n')
            output->push_back('\n');
        if (*output != directive.expected)
            differences += place + "\n" + indented(directive.expected, "  - ") + indented(*output, "  + ");
        outputs.push_back(*std::move(output));
    }
    if (differences.empty())
        return {};
    if (const char* accept = std::getenv("INSPECTOR_ACCEPT"); accept != nullptr && std::string_view(accept) == "1") {
        INSPECTOR_TRY(const auto accepted, withOutputs(content, outputs));
        return replaceFile(path, accepted);
    }
    return wrong("outputs differ (- expected, + got); if the new ones are right, run the test with "
                 "INSPECTOR_ACCEPT=1 and read what changes in the files\n"
                 + differences);
}

std::vector<std::string> dataDrivenFiles(const std::string& folder)
{
    namespace fs = std::filesystem;
    std::vector<std::string> files;
    std::error_code error;
    for (auto at = fs::recursive_directory_iterator(folder, error); at != fs::recursive_directory_iterator();
         at.increment(error))
        if (at->is_regular_file(error) && at->path().filename() != "README.md")
            files.push_back(at->path().lexically_relative(folder).generic_string());
    std::sort(files.begin(), files.end());
    return files;
}

std::string bracketed(const std::optional<Timestamp>& frontier)
{
    return frontier ? "[" + std::to_string(frontier->value()) + "]" : "[]";
}

} // namespace inspector::test
