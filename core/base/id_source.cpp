#include "core/base/id_source.h"

#include <array>

namespace inspector {

namespace {

/// RFC 4122 §4.4: version 4 in the high nibble of byte 6, variant 10 in the high bits of byte 8.
std::string uuidOf(std::uint64_t high, std::uint64_t low)
{
    constexpr std::uint64_t kVersionMask = 0xf000U;
    high = (high & ~kVersionMask) | 0x4000U;
    low = (low & 0x3fff'ffff'ffff'ffffU) | 0x8000'0000'0000'0000U;
    constexpr std::array<char, 17> kDigits {"0123456789abcdef"};
    std::string text;
    text.reserve(36);
    for (const auto half : {high, low}) {
        for (int nibble = 15; nibble >= 0; --nibble) {
            if (text.size() == 8 || text.size() == 13 || text.size() == 18 || text.size() == 23)
                text += '-';
            text += kDigits.at((half >> (4 * static_cast<unsigned>(nibble))) & 0xfU);
        }
    }
    return text;
}

} // namespace

std::string RandomIdSource::uuid()
{
    const auto high = bits();
    return uuidOf(high, bits());
}

std::uint64_t RandomIdSource::bits()
{
    const std::uint64_t high = m_device();
    return (high << 32U) | m_device();
}

std::string SeededIdSource::uuid()
{
    const auto high = bits();
    return uuidOf(high, bits());
}

} // namespace inspector
