#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace inspector::persist {

/// The numbers of a semantic version; pre-release and build tags are dropped.
struct Version
{
    std::uint64_t majorNumber = 0;
    std::uint64_t minorNumber = 0;
    std::uint64_t patch = 0;

    friend auto operator<=>(const Version&, const Version&) = default;
};

/// Parses "26.39.0-dev.0+sha". Empty text is 0.0.0, as the format has it (persist-format §4.7); nothing when it is no
/// version at all. A missing minor or patch is 0.
[[nodiscard]] std::optional<Version> parseVersion(std::string_view text);

/// The newest version whose states this build was tested with.
constexpr Version kNewestTested {26, 39, 0};

/// A warning when `applierVersion` is above the tested range or is no version: shown, never a refusal
/// (persist-format §4.7, §11 rows 13 and 14). Pre-releases of the newest tested version are within it.
[[nodiscard]] std::optional<std::string> versionWarning(std::string_view applierVersion);

} // namespace inspector::persist
