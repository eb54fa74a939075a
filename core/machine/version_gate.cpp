#include "core/machine/version_gate.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>

namespace inspector::machine {

namespace {

/// A number without sign or leading zeros.
std::optional<std::uint64_t> numberIn(std::string_view text)
{
    std::uint64_t number = 0;
    const auto* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || rest != end || (text.size() > 1 && text.front() == '0'))
        return std::nullopt;
    return number;
}

std::vector<std::string> splitAtDots(std::string_view text)
{
    std::vector<std::string> pieces;
    for (;;) {
        const auto dot = text.find('.');
        pieces.emplace_back(text.substr(0, dot));
        if (dot == std::string_view::npos)
            return pieces;
        text.remove_prefix(dot + 1);
    }
}

bool isIdentifier(const std::string& text)
{
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
    });
}

/// Numbers order as numbers and before texts.
std::strong_ordering compareIdentifiers(const std::string& a, const std::string& b)
{
    const auto left = numberIn(a);
    const auto right = numberIn(b);
    if (left && right)
        return *left <=> *right;
    if (left.has_value() != right.has_value())
        return left ? std::strong_ordering::less : std::strong_ordering::greater;
    const auto order = a.compare(b);
    return order <=> 0;
}

std::string padded(std::uint64_t number, std::size_t width)
{
    auto text = std::to_string(number);
    return text.size() < width ? std::string(width - text.size(), '0') + text : text;
}

} // namespace

std::optional<SemanticVersion> SemanticVersion::parse(std::string_view text)
{
    text = text.substr(0, text.find('+'));
    SemanticVersion version;
    if (const auto dash = text.find('-'); dash != std::string_view::npos) {
        version.m_preRelease = splitAtDots(text.substr(dash + 1));
        if (!std::all_of(version.m_preRelease.begin(), version.m_preRelease.end(), isIdentifier))
            return std::nullopt;
        text = text.substr(0, dash);
    }
    const auto numbers = splitAtDots(text);
    if (numbers.size() != 3)
        return std::nullopt;
    const std::array<std::uint64_t*, 3> to {&version.m_major, &version.m_minor, &version.m_patch};
    for (std::size_t i = 0; i < to.size(); ++i) {
        const auto number = numberIn(numbers.at(i));
        if (!number)
            return std::nullopt;
        *to.at(i) = *number;
    }
    return version;
}

std::strong_ordering SemanticVersion::operator<=>(const SemanticVersion& other) const
{
    if (const auto order = m_major <=> other.m_major; order != 0)
        return order;
    if (const auto order = m_minor <=> other.m_minor; order != 0)
        return order;
    if (const auto order = m_patch <=> other.m_patch; order != 0)
        return order;
    if (m_preRelease.empty() || other.m_preRelease.empty())
        return m_preRelease.empty() <=> other.m_preRelease.empty(); // a release is the greater one
    for (std::size_t i = 0; i < m_preRelease.size() && i < other.m_preRelease.size(); ++i)
        if (const auto order = compareIdentifiers(m_preRelease[i], other.m_preRelease[i]); order != 0)
            return order;
    return m_preRelease.size() <=> other.m_preRelease.size();
}

Result<> checkMayWrite(Era era, std::string_view buildVersion, std::string_view applierVersion)
{
    const auto build = SemanticVersion::parse(buildVersion);
    if (!build)
        return fail(ErrorCode::InvalidInput,
                    "the build version '" + std::string(buildVersion) + "' to write as is no version");
    const auto stored = SemanticVersion::parse(applierVersion);
    const auto refused = [&](const std::string& why) {
        return fail(ErrorCode::Unsupported,
                    "the shard's version '" + std::string(applierVersion) + "' " + why + " (writing as "
                        + std::string(buildVersion) + "): it can be read but not written");
    };
    if (!stored)
        return refused("is empty or no version");
    if (era == Era::Old) {
        const bool isAhead = stored->majorNumber() != build->majorNumber()
            ? stored->majorNumber() > build->majorNumber()
            : stored->minorNumber() > build->minorNumber() + 1;
        return isAhead ? Result<>(refused("is more than one minor version ahead")) : Result<>();
    }
    if (*build < *stored)
        return refused("is newer");
    const auto atLeast = [&](std::string_view bound) { return *stored >= *SemanticVersion::parse(bound); };
    bool isFormatKnown = true;
    if (build->majorNumber() == 0)
        isFormatKnown = build->minorNumber() <= 147 || atLeast("0.130.0");
    else if (build->majorNumber() <= 26)
        isFormatKnown = atLeast("0.147.0");
    else
        isFormatKnown = stored->majorNumber() + 1 >= build->majorNumber();
    return isFormatKnown ? Result<>() : Result<>(refused("is too old for the new era"));
}

std::string greaterVersion(const std::string& applierVersion, const std::string& buildVersion)
{
    const auto stored = SemanticVersion::parse(applierVersion);
    const auto build = SemanticVersion::parse(buildVersion);
    if (!stored || !build)
        return stored ? applierVersion : buildVersion;
    return *stored < *build ? buildVersion : applierVersion;
}

std::string writerKeyOf(std::string_view buildVersion, std::string_view applierVersion)
{
    const auto build = SemanticVersion::parse(buildVersion);
    const auto stored = SemanticVersion::parse(applierVersion);
    auto version = build.value_or(SemanticVersion());
    if (stored && (!build || *stored < *build))
        version = *stored;
    return "n" + padded(version.majorNumber(), 2) + padded(version.minorNumber(), 3) + padded(version.patch(), 2);
}

} // namespace inspector::machine
