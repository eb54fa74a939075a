#pragma once

#include "core/base/bytes.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace inspector::codec {

/// An exact decimal number: sign × digits × 10^-scale (persist-format §8.3). The longest that is read has
/// kMaxNumberDigits digits and stands for as many zeros on either side.
struct JsonDecimal
{
    std::array<std::uint8_t, 40> digits {}; ///< 0…9, most significant first, no leading zero but for zero itself
    std::uint32_t count = 0;                ///< of digits, 1…39
    std::int32_t scale = 0;                 ///< -39…39
    bool isNegative = false;                ///< never for zero
};

/// What standard notation takes at most, sign and point included.
inline constexpr std::size_t kMaxDecimalText = 96;

/// Reads a number of JSON's grammar; nullptr, or what is wrong with it.
[[nodiscard]] const char* decimalOfText(std::string_view text, JsonDecimal& to);

/// Reads packed decimal; nullptr, or what is wrong with it.
[[nodiscard]] const char* decimalOfPacked(BytesView packed, std::int64_t scale, JsonDecimal& to);

/// Writes standard notation: never an exponent, zeros after the point kept, "-0" as "0". Returns the bytes written, at
/// most kMaxDecimalText.
std::size_t printDecimal(const JsonDecimal& decimal, char* to);

/// The same number with all trailing zeros of the digits moved into the scale; zero as 0 with scale 0.
[[nodiscard]] JsonDecimal reduced(JsonDecimal decimal);

} // namespace inspector::codec
