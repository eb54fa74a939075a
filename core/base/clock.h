#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace inspector {

/// Where the time of day comes from; tests bring their own.
class Clock
{
public:
    virtual ~Clock() = default;

    /// Milliseconds since the Unix epoch, by the wall.
    [[nodiscard]] virtual std::int64_t walltimeMs() const = 0;
};

class SystemClock final : public Clock
{
public:
    [[nodiscard]] std::int64_t walltimeMs() const override;
};

/// RFC 3339 in UTC with milliseconds: "2026-11-24T14:57:54.000Z".
[[nodiscard]] std::string rfc3339(std::int64_t walltimeMs);

} // namespace inspector
