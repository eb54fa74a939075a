#include "core/base/base64.h"

#include <openssl/evp.h>

#include <climits>

namespace inspector {

std::string toBase64(BytesView bytes)
{
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const int length =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                        reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

Result<Bytes> fromBase64(std::string_view text)
{
    if (text.empty())
        return Bytes {};
    if (text.size() % 4 != 0 || text.size() > INT_MAX)
        return fail(ErrorCode::Corrupt, "base64 text of " + std::to_string(text.size()) + " characters is not padded");
    // EVP_DecodeBlock trims blanks at both ends and counts padding as zero bytes; both are settled here.
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        const bool inAlphabet =
            (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
        const bool isPadding = c == '=' && at + 2 >= text.size() && (at + 1 == text.size() || text[at + 1] == '=');
        if (!inAlphabet && !isPadding)
            return fail(ErrorCode::Corrupt, "no base64 character at offset " + std::to_string(at));
    }
    Bytes bytes(text.size() / 4 * 3);
    const int length =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    if (length < 0)
        return fail(ErrorCode::Corrupt, "base64 text does not decode");
    bytes.resize(static_cast<std::size_t>(length));
    if (text.ends_with("=="))
        bytes.resize(bytes.size() - 2);
    else if (text.ends_with('='))
        bytes.resize(bytes.size() - 1);
    return bytes;
}

} // namespace inspector
