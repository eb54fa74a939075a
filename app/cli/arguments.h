#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace inspector::cli {

/// An option that a command knows.
struct Option
{
    const char* name;      ///< "--as-of"
    const char* shortName; ///< "-i", or nullptr
    const char* value;     ///< what the value is called in the help: "N"; nullptr for an option without one
    const char* help;      ///< one line
};

/// The words of a command line, sorted into options and operands. `--name value`, `--name=value`, `-x value`; `--`
/// ends the options. An option given twice keeps every value; the last one counts where one is asked for.
class Arguments
{
public:
    /// InvalidInput for an option that is not in `known`, a missing value, or a value where none belongs.
    [[nodiscard]] static Result<Arguments> parse(std::span<const std::string> words, std::span<const Option> known);

    [[nodiscard]] bool has(std::string_view name) const;
    [[nodiscard]] std::optional<std::string> value(std::string_view name) const;
    [[nodiscard]] std::vector<std::string> values(std::string_view name) const;
    /// The value as an unsigned number, or nothing when it was not given; InvalidInput when it is none.
    [[nodiscard]] Result<std::optional<std::uint64_t>> number(std::string_view name) const;
    [[nodiscard]] const std::vector<std::string>& operands() const { return m_operands; }

private:
    std::map<std::string, std::vector<std::string>, std::less<>> m_options;
    std::vector<std::string> m_operands;
};

} // namespace inspector::cli
