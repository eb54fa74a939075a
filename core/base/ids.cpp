#include "core/base/ids.h"

#include "core/base/hex.h"
#include "core/base/sha256.h"

#include <algorithm>

namespace inspector {

namespace {

constexpr std::size_t kUuidLength = 36;

bool isAlphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

} // namespace

bool isUuid(std::string_view text)
{
    if (text.size() != kUuidLength)
        return false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        const bool hyphen = at == 8 || at == 13 || at == 18 || at == 23;
        const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        if (hyphen ? c != '-' : !digit)
            return false;
    }
    return true;
}

Result<ShardId> ShardId::parse(std::string_view text)
{
    if (text.empty() || text.front() != 's' || !isUuid(text.substr(1)))
        return fail(ErrorCode::InvalidInput,
                    "'" + std::string(text) + "' is no shard id: the letter s and a lower-case UUID are expected");
    return ShardId(std::string(text));
}

Result<std::string> parseOrganizationId(std::string_view text)
{
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    if (!isUuid(lower))
        return fail(ErrorCode::InvalidInput,
                    "'" + std::string(text) + "' is no organization id: a hyphenated UUID is expected");
    return lower;
}

Result<std::string> organizationOfEnvironment(std::string_view environmentId)
{
    const auto wrong = [&](const std::string& why) {
        return fail(ErrorCode::InvalidInput,
                    "'" + std::string(environmentId)
                        + "' is no environment id: <provider>-<region>-<organization uuid>-<ordinal> is expected, but "
                        + why);
    };
    const auto lastHyphen = environmentId.rfind('-');
    if (lastHyphen == std::string_view::npos)
        return wrong("it has no hyphen");
    const auto ordinal = environmentId.substr(lastHyphen + 1);
    if (ordinal.empty() || ordinal.size() > 8
        || !std::all_of(ordinal.begin(), ordinal.end(), [](char c) { return c >= '0' && c <= '9'; }))
        return wrong("it does not end in a hyphen and one to eight digits");
    const auto head = environmentId.substr(0, lastHyphen);
    if (head.size() < kUuidLength + 4 || !isUuid(head.substr(head.size() - kUuidLength)))
        return wrong("no lower-case UUID stands before the ordinal");
    const auto place = head.substr(0, head.size() - kUuidLength);
    const auto firstHyphen = place.find('-');
    if (place.back() != '-' || firstHyphen == 0 || firstHyphen + 2 > place.size() - 1
        || !std::all_of(place.begin(), place.end(), [](char c) { return isAlphanumeric(c) || c == '-'; }))
        return wrong("a provider and a region do not stand before the UUID");
    return std::string(head.substr(head.size() - kUuidLength));
}

ShardId wellKnownShard(std::string_view organizationId, WellKnownShard shard)
{
    const std::string input = std::string(organizationId) + std::to_string(static_cast<int>(shard));
    const auto digest = sha256(bytesOf(input));
    const std::string hex = toHex(BytesView(digest).first(16));
    const std::string text = "s" + hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-"
        + hex.substr(16, 4) + "-" + hex.substr(20);
    return *ShardId::parse(text); // hex digits in the right places always parse
}

} // namespace inspector
