#include "core/base/hex.h"

namespace inspector {

namespace {

int digitOf(char character)
{
    if (character >= '0' && character <= '9')
        return character - '0';
    if (character >= 'a' && character <= 'f')
        return character - 'a' + 10;
    if (character >= 'A' && character <= 'F')
        return character - 'A' + 10;
    return -1;
}

} // namespace

std::string toHex(BytesView bytes)
{
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    text.resize(bytes.size() * 2);
    std::size_t at = 0;
    for (const auto byte : bytes) {
        const auto value = std::to_integer<unsigned>(byte);
        text[at++] = kDigits[value >> 4U];
        text[at++] = kDigits[value & 15U];
    }
    return text;
}

Result<Bytes> fromHex(std::string_view text)
{
    if (text.size() % 2 != 0)
        return fail(ErrorCode::InvalidInput, "an odd number of hex digits");
    Bytes bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t at = 0; at < text.size(); at += 2) {
        const int high = digitOf(text[at]);
        const int low = digitOf(text[at + 1]);
        if (high < 0 || low < 0)
            return fail(ErrorCode::InvalidInput, "no hex digit at offset " + std::to_string(high < 0 ? at : at + 1));
        bytes.push_back(std::byte(static_cast<unsigned char>(high * 16 + low)));
    }
    return bytes;
}

} // namespace inspector
