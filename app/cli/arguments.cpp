#include "app/cli/arguments.h"

#include <charconv>

namespace inspector::cli {

namespace {

const Option* find(std::span<const Option> known, std::string_view name)
{
    for (const auto& option : known) {
        if (name == option.name || (option.shortName != nullptr && name == option.shortName))
            return &option;
    }
    return nullptr;
}

} // namespace

Result<Arguments> Arguments::parse(std::span<const std::string> words, std::span<const Option> known)
{
    Arguments arguments;
    bool optionsEnded = false;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto& word = words[i];
        if (optionsEnded || word.size() < 2 || word.front() != '-') {
            arguments.m_operands.push_back(word);
            continue;
        }
        if (word == "--") {
            optionsEnded = true;
            continue;
        }
        const auto equals = word.starts_with("--") ? word.find('=') : std::string::npos;
        const auto name = word.substr(0, equals);
        const auto* option = find(known, name);
        if (option == nullptr)
            return fail(ErrorCode::InvalidInput, "unknown option " + name);
        auto& values = arguments.m_options[option->name];
        if (option->value == nullptr) {
            if (equals != std::string::npos)
                return fail(ErrorCode::InvalidInput, name + " takes no value");
            values.emplace_back();
        } else if (equals != std::string::npos) {
            values.push_back(word.substr(equals + 1));
        } else if (i + 1 < words.size()) {
            values.push_back(words[++i]);
        } else {
            return fail(ErrorCode::InvalidInput, name + " needs a value: " + name + " " + option->value);
        }
    }
    return arguments;
}

bool Arguments::has(std::string_view name) const
{
    return m_options.contains(name);
}

std::optional<std::string> Arguments::value(std::string_view name) const
{
    const auto found = m_options.find(name);
    return found == m_options.end() ? std::nullopt : std::optional(found->second.back());
}

std::vector<std::string> Arguments::values(std::string_view name) const
{
    const auto found = m_options.find(name);
    return found == m_options.end() ? std::vector<std::string>() : found->second;
}

Result<std::optional<std::uint64_t>> Arguments::number(std::string_view name) const
{
    const auto text = value(name);
    if (!text)
        return std::optional<std::uint64_t>();
    std::uint64_t number = 0;
    const auto* end = text->data() + text->size();
    const auto [stopped, problem] = std::from_chars(text->data(), end, number);
    if (problem != std::errc() || stopped != end)
        return fail(ErrorCode::InvalidInput, std::string(name) + " needs a whole number, not '" + *text + "'");
    return std::optional(number);
}

} // namespace inspector::cli
