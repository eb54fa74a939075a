#include "core/base/clock.h"

#include <array>
#include <cstdio>
#include <ctime>

namespace inspector {

std::int64_t SystemClock::walltimeMs() const
{
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

std::string rfc3339(std::int64_t walltimeMs)
{
    std::int64_t seconds = walltimeMs / 1000;
    std::int64_t millis = walltimeMs % 1000;
    if (millis < 0) {
        millis += 1000;
        --seconds;
    }
    const auto time = static_cast<std::time_t>(seconds);
    std::tm parts {};
    if (gmtime_r(&time, &parts) == nullptr)
        return std::to_string(walltimeMs) + " ms"; // beyond the calendar: the year does not fit
    std::array<char, 96> text {};
    const int length = std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                                     parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
                                     parts.tm_sec, static_cast<int>(millis));
    return {text.data(), static_cast<std::size_t>(length)};
}

} // namespace inspector
