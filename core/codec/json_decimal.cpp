#include "core/codec/json_decimal.h"

#include "core/codec/row_codec.h"

#include <algorithm>

namespace inspector::codec {

namespace {

constexpr std::int64_t kMaxScale = kMaxNumberDigits;
constexpr const char* kTooLong = "a number has more than 39 digits";
constexpr const char* kTooWide = "a number's scale is beyond 39 places";

bool isDigit(char c)
{
    return c >= '0' && c <= '9';
}

/// Appends a digit, leaving out leading zeros; false when there is no room.
bool addDigit(std::uint8_t digit, JsonDecimal& to)
{
    if (to.count == 1 && to.digits[0] == 0) {
        to.digits[0] = digit;
        return true;
    }
    if (to.count == kMaxNumberDigits)
        return false;
    to.digits[to.count++] = digit;
    return true;
}

const char* finish(std::int64_t scale, JsonDecimal& to)
{
    const bool isZero = to.count == 1 && to.digits[0] == 0;
    if (isZero) {
        to.isNegative = false;
        scale = std::max<std::int64_t>(scale, 0);
    }
    if (scale < -kMaxScale || scale > kMaxScale)
        return kTooWide;
    to.scale = static_cast<std::int32_t>(scale);
    return nullptr;
}

} // namespace

const char* decimalOfText(std::string_view text, JsonDecimal& to)
{
    to = JsonDecimal {};
    std::size_t at = 0;
    if (at < text.size() && text[at] == '-') {
        to.isNegative = true;
        ++at;
    }
    if (at == text.size() || !isDigit(text[at]))
        return "a number has no digits";
    std::int64_t scale = 0;
    bool isAfterPoint = false;
    for (; at < text.size() && (isDigit(text[at]) || (text[at] == '.' && !isAfterPoint)); ++at) {
        if (text[at] == '.') {
            isAfterPoint = true;
            continue;
        }
        if (!addDigit(static_cast<std::uint8_t>(text[at] - '0'), to))
            return kTooLong;
        scale += isAfterPoint ? 1 : 0;
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        bool isDown = false;
        if (at < text.size() && (text[at] == '+' || text[at] == '-'))
            isDown = text[at++] == '-';
        if (at == text.size())
            return "a number ends inside its exponent";
        std::int64_t exponent = 0;
        for (; at < text.size() && isDigit(text[at]); ++at)
            exponent = std::min<std::int64_t>(exponent * 10 + (text[at] - '0'), 1'000'000);
        scale += isDown ? exponent : -exponent;
    }
    if (at != text.size())
        return "a number has a character that does not belong";
    return finish(scale, to);
}

const char* decimalOfPacked(BytesView packed, std::int64_t scale, JsonDecimal& to)
{
    to = JsonDecimal {};
    if (packed.empty())
        return "a numeric has no digits";
    to.count = 1;
    for (std::size_t i = 0; i < packed.size(); ++i) {
        const auto byte = std::to_integer<std::uint8_t>(packed[i]);
        const auto high = static_cast<std::uint8_t>(byte >> 4U);
        const auto low = static_cast<std::uint8_t>(byte & 0x0fU);
        if (high > 9)
            return "a numeric has a nibble that is no digit";
        if (!addDigit(high, to))
            return kTooLong;
        if (i + 1 == packed.size()) {
            if (low < 10)
                return "a numeric has no sign";
            to.isNegative = low == 0x0d || low == 0x0b;
            break;
        }
        if (low > 9)
            return "a numeric has a nibble that is no digit";
        if (!addDigit(low, to))
            return kTooLong;
    }
    return finish(scale, to);
}

std::size_t printDecimal(const JsonDecimal& decimal, char* to)
{
    char* out = to;
    if (decimal.isNegative)
        *out++ = '-';
    const auto count = static_cast<std::int32_t>(decimal.count);
    if (decimal.scale >= count) {
        *out++ = '0';
        *out++ = '.';
        out = std::fill_n(out, decimal.scale - count, '0');
    }
    for (std::int32_t i = 0; i < count; ++i) {
        if (i > 0 && i == count - decimal.scale)
            *out++ = '.';
        *out++ = static_cast<char>('0' + decimal.digits[static_cast<std::size_t>(i)]);
    }
    if (decimal.scale < 0)
        out = std::fill_n(out, -decimal.scale, '0');
    return static_cast<std::size_t>(out - to);
}

JsonDecimal reduced(JsonDecimal decimal)
{
    while (decimal.count > 1 && decimal.digits[decimal.count - 1] == 0) {
        --decimal.count;
        --decimal.scale;
    }
    if (decimal.count == 1 && decimal.digits[0] == 0)
        decimal.scale = 0;
    return decimal;
}

} // namespace inspector::codec
