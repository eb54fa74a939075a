#include "core/catalog/semver.h"

#include <algorithm>
#include <charconv>

namespace inspector::catalog {

namespace {

bool isDigit(char c)
{
    return c >= '0' && c <= '9';
}

bool isNumeric(std::string_view part)
{
    return !part.empty() && std::all_of(part.begin(), part.end(), isDigit);
}

/// Cuts the text up to the next `end` off the front.
std::string_view takeUntil(std::string_view& text, char end)
{
    const auto size = std::min(text.find(end), text.size());
    const auto taken = text.substr(0, size);
    text.remove_prefix(std::min(size + 1, text.size()));
    return taken;
}

bool readNumber(std::string_view text, std::uint64_t& to)
{
    if (!isNumeric(text) || (text.size() > 1 && text.front() == '0'))
        return false;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), to);
    return read.ec == std::errc();
}

/// Parts of letters, digits and hyphens with dots between them.
bool isTag(std::string_view tag, bool mayHaveLeadingZeros)
{
    while (true) {
        const auto dot = tag.find('.');
        const auto part = tag.substr(0, dot);
        const bool isWord = !part.empty() && std::all_of(part.begin(), part.end(), [](char c) {
            return isDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
        });
        if (!isWord || (!mayHaveLeadingZeros && part.size() > 1 && part.front() == '0' && isNumeric(part)))
            return false;
        if (dot == std::string_view::npos)
            return true;
        tag.remove_prefix(dot + 1);
    }
}

/// Numbers of any length by value; those that are equal but for zeros in front by their length.
std::strong_ordering compareNumbers(std::string_view a, std::string_view b)
{
    const auto valueOf = [](std::string_view text) {
        return text.substr(std::min(text.find_first_not_of('0'), text.size()));
    };
    const auto one = valueOf(a);
    const auto other = valueOf(b);
    if (one.size() != other.size())
        return one.size() <=> other.size();
    if (const auto order = one <=> other; order != 0)
        return order;
    return a.size() <=> b.size();
}

/// Part by part: numbers before words, a shorter list before a longer one.
std::strong_ordering compareTags(std::string_view a, std::string_view b)
{
    while (!a.empty() && !b.empty()) {
        const auto one = takeUntil(a, '.');
        const auto other = takeUntil(b, '.');
        const bool oneIsNumber = isNumeric(one);
        const bool otherIsNumber = isNumeric(other);
        if (oneIsNumber != otherIsNumber)
            return oneIsNumber ? std::strong_ordering::less : std::strong_ordering::greater;
        const auto order = oneIsNumber ? compareNumbers(one, other) : one <=> other;
        if (order != 0)
            return order;
    }
    return a.size() <=> b.size();
}

} // namespace

std::optional<Semver> Semver::parse(std::string_view text)
{
    Semver version;
    if (const auto plus = text.find('+'); plus != std::string_view::npos) {
        version.build = text.substr(plus + 1);
        text = text.substr(0, plus);
        if (!isTag(version.build, true))
            return std::nullopt;
    }
    if (const auto hyphen = text.find('-'); hyphen != std::string_view::npos) {
        version.preRelease = text.substr(hyphen + 1);
        text = text.substr(0, hyphen);
        if (!isTag(version.preRelease, false))
            return std::nullopt;
    }
    if (std::count(text.begin(), text.end(), '.') != 2 || !readNumber(takeUntil(text, '.'), version.majorNumber)
        || !readNumber(takeUntil(text, '.'), version.minorNumber) || !readNumber(text, version.patch))
        return std::nullopt;
    return version;
}

std::strong_ordering comparePrecedence(const Semver& a, const Semver& b)
{
    if (const auto order = a.majorNumber <=> b.majorNumber; order != 0)
        return order;
    if (const auto order = a.minorNumber <=> b.minorNumber; order != 0)
        return order;
    if (const auto order = a.patch <=> b.patch; order != 0)
        return order;
    if (a.preRelease.empty() || b.preRelease.empty()) // a release comes after its pre-releases
        return a.preRelease.empty() <=> b.preRelease.empty();
    return compareTags(a.preRelease, b.preRelease);
}

std::strong_ordering compareFully(const Semver& a, const Semver& b)
{
    if (const auto order = comparePrecedence(a, b); order != 0)
        return order;
    return compareTags(a.build, b.build);
}

} // namespace inspector::catalog
