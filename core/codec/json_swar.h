#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace inspector::codec {

// Eight bytes at a time, as one number: what simple loops over text need, on any machine.

inline constexpr std::uint64_t kLowBits = 0x0101010101010101;
inline constexpr std::uint64_t kHighBits = 0x8080808080808080;

[[nodiscard]] inline std::uint64_t loadWord(const char* at)
{
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    return word;
}

/// The high bit of every byte that is a quote, a backslash or below U+0020. A byte above the lowest marked one may be
/// marked wrongly.
[[nodiscard]] inline std::uint64_t stringSpecials(std::uint64_t word)
{
    const auto quotes = word ^ (kLowBits * '"');
    const auto slashes = word ^ (kLowBits * '\\');
    const auto marked =
        ((quotes - kLowBits) & ~quotes) | ((slashes - kLowBits) & ~slashes) | ((word - kLowBits * 0x20) & ~word);
    return marked & kHighBits;
}

/// The first quote, backslash or control character in [at, end), or end. Sets `hasHighBytes` when a byte before it is
/// above U+007F (and leaves it alone otherwise).
[[nodiscard]] inline const char* findStringEnd(const char* at, const char* end, bool& hasHighBytes)
{
    if constexpr (std::endian::native == std::endian::little) {
        while (end - at >= 8) {
            const auto word = loadWord(at);
            if (const auto marked = stringSpecials(word); marked != 0) {
                const auto lowest = marked & (~marked + 1);
                hasHighBytes = hasHighBytes || (word & (lowest - 1) & kHighBits) != 0;
                return at + (std::countr_zero(marked) >> 3);
            }
            hasHighBytes = hasHighBytes || (word & kHighBits) != 0;
            at += 8;
        }
    }
    for (; at != end; ++at) {
        const auto byte = static_cast<unsigned char>(*at);
        if (byte == '"' || byte == '\\' || byte < 0x20)
            return at;
        hasHighBytes = hasHighBytes || byte >= 0x80;
    }
    return end;
}

} // namespace inspector::codec
