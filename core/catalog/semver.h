#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace inspector::catalog {

/// A semantic version (semver.org 2.0.0) with its tags, as the gates of opening compare it. persist::Version is enough
/// where tags do not count.
struct Semver
{
    std::uint64_t majorNumber = 0;
    std::uint64_t minorNumber = 0;
    std::uint64_t patch = 0;
    std::string preRelease; ///< "dev.0"; empty for a release
    std::string build;      ///< "sha123"; does not count in precedence

    /// Three numbers and tags; nothing for anything else. No missing parts, no leading zeros: as the reference parses.
    [[nodiscard]] static std::optional<Semver> parse(std::string_view text);
};

/// The order of semver.org §11: build tags do not count.
[[nodiscard]] std::strong_ordering comparePrecedence(const Semver& a, const Semver& b);

/// The order of the reference's full comparison: where precedence is equal, the build tags decide, part by part.
[[nodiscard]] std::strong_ordering compareFully(const Semver& a, const Semver& b);

} // namespace inspector::catalog
