#pragma once

#include "core/base/result.h"

#include <compare>
#include <string>
#include <string_view>

namespace inspector {

/// True for 8-4-4-4-12 lower-case hex digits. Version and variant bits are not looked at: ids of well-known shards
/// are digests, not RFC 4122 UUIDs (persist-format §2.2).
[[nodiscard]] bool isUuid(std::string_view text);

/// The id of a shard: "s" and a hyphenated lower-case UUID, kept as text because every store uses it as text
/// (persist-format §2.1).
class ShardId
{
public:
    /// InvalidInput when `text` is not the letter s and a UUID.
    [[nodiscard]] static Result<ShardId> parse(std::string_view text);

    [[nodiscard]] const std::string& text() const { return m_text; }

    friend auto operator<=>(const ShardId&, const ShardId&) = default;

private:
    explicit ShardId(std::string text)
        : m_text(std::move(text))
    {
    }

    std::string m_text;
};

/// The shards that an environment's organization id determines (persist-format §2.2).
enum class WellKnownShard { Catalog = 1, Upgrade = 2, BuiltinMigration = 3, ExpressionCache = 4 };

/// The organization's UUID in lower case. Accepts a bare UUID in either case; InvalidInput otherwise.
[[nodiscard]] Result<std::string> parseOrganizationId(std::string_view text);

/// The organization's UUID inside an environment id `<provider>-<region>-<organization uuid>-<ordinal>`, read from
/// the right because a region has hyphens of its own (persist-format §2.4). InvalidInput says what is wrong.
[[nodiscard]] Result<std::string> organizationOfEnvironment(std::string_view environmentId);

/// The shard id of one of an organization's well-known shards. `organizationId` is a lower-case UUID.
[[nodiscard]] ShardId wellKnownShard(std::string_view organizationId, WellKnownShard shard);

} // namespace inspector
