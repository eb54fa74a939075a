#include "core/inspect/text.h"

#include "core/base/clock.h"

#include <cctype>

namespace inspector::inspect {

namespace {

/// From here up a catalog time is read as milliseconds since the Unix epoch (catalog-model §1.4).
constexpr std::uint64_t kFirstDatedTime = 1'000'000'000'000;
/// The last millisecond of the year 9999: later ones have no four-digit year.
constexpr std::uint64_t kLastDatedTime = 253'402'300'799'999;

} // namespace

std::string timeText(Timestamp time)
{
    const auto value = time.value();
    auto text = std::to_string(value);
    if (value >= kFirstDatedTime && value <= kLastDatedTime)
        text += " (" + rfc3339(static_cast<std::int64_t>(value)) + ")";
    return text;
}

std::string walltimeText(std::int64_t walltimeMs)
{
    if (walltimeMs == 0)
        return "unknown";
    if (walltimeMs < 0 || static_cast<std::uint64_t>(walltimeMs) > kLastDatedTime)
        return std::to_string(walltimeMs) + " ms";
    return rfc3339(walltimeMs);
}

std::string titleOf(std::string_view name)
{
    std::string title;
    for (const char c : name)
        title += c == '_' || c == '.' ? ' ' : c;
    if (!title.empty())
        title.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(title.front())));
    return title;
}

} // namespace inspector::inspect
