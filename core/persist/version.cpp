#include "core/persist/version.h"

#include <array>
#include <charconv>

namespace inspector::persist {

std::optional<Version> parseVersion(std::string_view text)
{
    if (text.empty())
        return Version();
    text = text.substr(0, text.find_first_of("-+"));
    std::array<std::uint64_t, 3> numbers {};
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        const auto* const end = text.data() + text.size();
        const auto [rest, error] = std::from_chars(text.data(), end, numbers.at(i));
        if (error != std::errc())
            return std::nullopt;
        if (rest == end)
            return Version {numbers[0], numbers[1], numbers[2]};
        if (*rest != '.')
            return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(rest - text.data()) + 1);
    }
    return std::nullopt;
}

std::optional<std::string> versionWarning(std::string_view applierVersion)
{
    const auto version = parseVersion(applierVersion);
    if (!version)
        return "the state's version '" + std::string(applierVersion) + "' is no version number";
    if (version->majorNumber == kNewestTested.majorNumber ? version->minorNumber > kNewestTested.minorNumber
                                                          : version->majorNumber > kNewestTested.majorNumber)
        return "the state was written by version " + std::string(applierVersion) + ", newer than "
            + std::to_string(kNewestTested.majorNumber) + "." + std::to_string(kNewestTested.minorNumber)
            + ", the newest this build was tested with";
    return std::nullopt;
}

} // namespace inspector::persist
