#pragma once

#include "core/base/strong.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace inspector::inspect {

/// A catalog time for people: "41", and from 10^12 up with its date: "1786000000123 (2026-08-06T07:06:40.123Z)"
/// (catalog-model §1.4).
[[nodiscard]] std::string timeText(Timestamp time);

/// A wall clock reading for people: RFC 3339 in UTC; "unknown" for 0.
[[nodiscard]] std::string walltimeText(std::int64_t walltimeMs);

/// `name` as a heading: "config.variant" becomes "Config variant".
[[nodiscard]] std::string titleOf(std::string_view name);

} // namespace inspector::inspect
