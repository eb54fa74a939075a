#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace inspector::demo {

/// A role, as rows and audit events name it (catalog-model §5.2, §5.3).
struct RoleRef
{
    enum class Kind : std::uint8_t { System, User, Predefined, Public };
    Kind kind = Kind::System;
    std::uint64_t number = 0; ///< of all but Public

    friend bool operator==(const RoleRef&, const RoleRef&) = default;
};

inline constexpr RoleRef kSystemRole {RoleRef::Kind::System, 1};  ///< mz_system
inline constexpr RoleRef kSupportRole {RoleRef::Kind::System, 2}; ///< mz_support
inline constexpr RoleRef kEverybody {RoleRef::Kind::Public, 0};
[[nodiscard]] constexpr RoleRef userRole(std::uint64_t number)
{
    return {RoleRef::Kind::User, number};
}

/// "s1", "u5", "g1", "p".
[[nodiscard]] std::string textOf(RoleRef role);

// Bits of an acl_mode (catalog-model §5.3).
inline constexpr std::uint64_t kInsert = 1;
inline constexpr std::uint64_t kSelect = 2;
inline constexpr std::uint64_t kUpdate = 4;
inline constexpr std::uint64_t kDelete = 8;
inline constexpr std::uint64_t kUsage = 256;
inline constexpr std::uint64_t kCreate = 512;
inline constexpr std::uint64_t kCreateCluster = 536870912;
inline constexpr std::uint64_t kCreateDatabase = 1073741824;
inline constexpr std::uint64_t kCreateRole = 2147483648;
inline constexpr std::uint64_t kCreateNetworkPolicy = 4294967296;

/// "arwd", "UC", "RBNP".
[[nodiscard]] std::string lettersOf(std::uint64_t mode);

struct Privilege
{
    RoleRef grantee;
    RoleRef grantor;
    std::uint64_t mode = 0;

    friend bool operator==(const Privilege&, const Privilege&) = default;
};
using Privileges = std::vector<Privilege>;

struct ReplicaShape
{
    std::string size;
    std::optional<std::string> zone;
    std::optional<std::string> billedAs;
    bool isInternal = false;
    bool isPending = false;
};

struct ClusterShape
{
    std::string size;
    std::uint32_t replicationFactor = 1;
    std::vector<std::string> zones;
    bool refreshes = false;                   ///< scheduled by the refreshes of its materialized views
    std::optional<std::string> hydrationSize; ///< scales up to it while it hydrates; from v87 on
    std::optional<std::string> workloadClass;
};

/// How rows are spelled in a catalog version (catalog-model §4.1, §5.4, §5.13): the one place of the demo that knows.
class RowSpelling
{
public:
    explicit RowSpelling(std::uint64_t version)
        : m_version(version)
    {
    }

    [[nodiscard]] std::uint64_t version() const { return m_version; }
    [[nodiscard]] bool isAtLeast(std::uint64_t version) const { return m_version >= version; }

    // Pieces.
    [[nodiscard]] std::string userId(std::uint64_t n) const { return id("User", n); }
    [[nodiscard]] std::string systemId(std::uint64_t n) const { return id("System", n); }
    [[nodiscard]] std::string id(std::string_view variant, std::uint64_t n) const;
    [[nodiscard]] std::string role(RoleRef role) const;
    [[nodiscard]] std::string privileges(const Privileges& privileges) const;
    [[nodiscard]] std::string unit(std::string_view variant) const; ///< a choice without payload

    // Keys.
    [[nodiscard]] std::string idKey(const std::string& id) const;
    [[nodiscard]] std::string itemKey(std::uint64_t n) const;
    [[nodiscard]] std::string roleKey(RoleRef role) const;
    /// `target` and `payload`: "Table" and an id.
    [[nodiscard]] std::string commentKey(std::string_view target, const std::string& payload,
                                         std::optional<std::uint64_t> column) const;
    [[nodiscard]] std::string schemaTarget(std::uint64_t database, std::uint64_t schema) const;
    [[nodiscard]] std::string defaultPrivilegesKey(RoleRef role, std::optional<std::uint64_t> database,
                                                   std::optional<std::uint64_t> schema, int objectType,
                                                   RoleRef grantee) const;

    // Values.
    [[nodiscard]] std::string cluster(const std::string& name, const ClusterShape& shape, RoleRef owner,
                                      const Privileges& privileges) const;
    [[nodiscard]] std::string replica(const std::string& clusterId, const std::string& name, const ReplicaShape& shape,
                                      RoleRef owner) const;
    struct RoleFacts
    {
        std::string name;
        std::uint32_t oid = 0;
        bool mayLogIn = false;
        bool isSuperuser = false;
        bool isFromProvider = false;                         ///< made on the first login through the identity provider
        std::vector<std::pair<RoleRef, RoleRef>> membership; ///< role and who granted it
        std::vector<std::pair<std::string, std::vector<std::string>>> vars; ///< several values make a set
    };
    [[nodiscard]] std::string roleValue(const RoleFacts& facts) const;
    struct ItemFacts
    {
        std::string schemaId;
        std::string name;
        std::string createSql;
        RoleRef owner;
        const Privileges* privileges = nullptr;
        std::uint32_t oid = 0;
        std::uint64_t globalId = 0;
        std::vector<std::uint64_t> laterGlobalIds; ///< of versions 1, 2, …
        std::optional<std::string> session;        ///< of a temporary item; from v91 on
    };
    [[nodiscard]] std::string item(const ItemFacts& facts) const;
    /// `rules`: name and address.
    [[nodiscard]] std::string networkPolicy(const std::string& name,
                                            const std::vector<std::pair<std::string, std::string>>& rules,
                                            RoleRef owner, const Privileges& privileges, std::uint32_t oid) const;
    [[nodiscard]] std::string gidMapping(std::uint64_t n, std::string_view fingerprint) const;
    /// The index on the log `variant` of a cluster: ids that the cluster's own make (§5.6), or `systemItem` up to v72.
    [[nodiscard]] std::string introspectionIndex(bool isSystemCluster, std::uint64_t cluster, std::uint64_t variant,
                                                 std::uint64_t systemItem, std::uint32_t oid) const;

private:
    [[nodiscard]] bool isProto() const { return m_version < 79; }
    [[nodiscard]] std::string wrapped(const std::string& json) const;
    [[nodiscard]] std::string duration(std::uint64_t seconds) const;
    [[nodiscard]] std::string logging() const;

    std::uint64_t m_version;
};

} // namespace inspector::demo
