// A brand-new catalog, row by row (catalog-model §7.2 to §7.5).

#include "core/catalog/initial_contents.h"

#include "core/base/base64.h"
#include "core/catalog/transaction_errors.h"
#include "core/codec/row_codec.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace inspector::catalog {

namespace {

constexpr std::uint32_t kFirstWithNewContents = 82; ///< of the versions that init writes (§7.5)
constexpr std::uint32_t kLastWithDisk = 75;
constexpr std::uint32_t kLastWithOneZone = 86; ///< of a replica
constexpr std::uint32_t kFirstWithReconfiguration = 87;
constexpr std::uint32_t kFirstWithCompression = 90;

// Bits of an acl_mode (§5.3).
constexpr std::uint64_t kUsage = 256;
constexpr std::uint64_t kUsageAndCreate = 768;
constexpr std::uint64_t kAllOfTheSystem = 8053063680; ///< RBNP

/// Numbers of catalog-model §5.10: object types of default privileges and of the audit log, and events of the latter.
constexpr int kType = 7;
constexpr int kCluster = 9;
constexpr int kDatabase = 13;
constexpr int kSchema = 14;
enum class Audited {
    Cluster = 1,
    ClusterReplica = 2,
    Database = 4,
    Role = 8,
    Schema = 10,
    Type = 14,
    System = 16,
    NetworkPolicy = 18
};
enum class Event { Create = 1, Grant = 4 };

std::string quoted(std::string_view text)
{
    std::string json;
    codec::appendJsonString(text, json);
    return json;
}

/// A JSON object of members that are JSON already.
std::string object(std::initializer_list<std::pair<std::string_view, std::string>> members)
{
    std::string json = "{";
    for (const auto& [name, value] : members) {
        if (json.size() > 1)
            json += ',';
        json += quoted(name);
        json += ':';
        json += value;
    }
    return json + "}";
}

std::string list(const std::vector<std::string>& elements)
{
    std::string json = "[";
    for (const auto& element : elements) {
        if (json.size() > 1)
            json += ',';
        json += element;
    }
    return json + "]";
}

std::string number(std::uint64_t value)
{
    return std::to_string(value);
}

std::string boolean(bool value)
{
    return value ? "true" : "false";
}

class Initialisation
{
public:
    Initialisation(Transaction& transaction, const BootstrapArguments& arguments, IdSource& ids)
        : m_to(transaction)
        , m_arguments(arguments)
        , m_ids(ids)
        , m_version(transaction.schema()->version())
        , m_isProto(transaction.schema()->shape() == RowShape::Proto)
    {
    }

    Result<> run()
    {
        INSPECTOR_CHECK(allocators());
        INSPECTOR_CHECK(roles());
        INSPECTOR_CHECK(defaultPrivileges());
        INSPECTOR_CHECK(databaseAndSchemas());
        INSPECTOR_CHECK(networkPolicy());
        INSPECTOR_CHECK(clusterAndReplicas());
        INSPECTOR_CHECK(systemPrivileges());
        return configsAndSettings();
    }

private:
    [[nodiscard]] bool isNew() const { return m_version >= kFirstWithNewContents; }

    // The same things in the two shapes (§4.1).
    [[nodiscard]] std::string wrapped(const std::string& json) const
    {
        return m_isProto ? object({{"value", json}}) : json;
    }
    [[nodiscard]] std::string id(std::string_view variant, std::uint64_t n) const
    {
        return wrapped(object({{variant, number(n)}}));
    }
    [[nodiscard]] std::string unit(std::string_view variant) const
    {
        return m_isProto ? object({{variant, "{}"}}) : quoted(variant);
    }
    [[nodiscard]] std::string publicRole() const { return wrapped(unit("Public")); }
    [[nodiscard]] std::string systemRole() const { return id("System", 1); }
    [[nodiscard]] std::string supportRole() const { return id("System", 2); }
    [[nodiscard]] std::string bootstrapRole() const { return id("User", 1); }

    static std::string mode(std::uint64_t bits) { return object({{"bitflags", number(bits)}}); }
    [[nodiscard]] std::string aclItem(const std::string& grantee, std::uint64_t bits) const
    {
        return object({{"acl_mode", mode(bits)}, {"grantee", grantee}, {"grantor", systemRole()}});
    }
    /// `=U/s1`, `s2=U/s1`, `s1=UC/s1`, and those of the bootstrap role where it gets any.
    [[nodiscard]] std::string privileges(bool withBootstrapRole) const
    {
        std::vector<std::string> items {aclItem(publicRole(), kUsage), aclItem(supportRole(), kUsage),
                                        aclItem(systemRole(), kUsageAndCreate)};
        if (withBootstrapRole && m_arguments.bootstrapRole)
            items.push_back(aclItem(bootstrapRole(), kUsageAndCreate));
        return list(items);
    }
    static std::string logging()
    {
        return object({{"interval", object({{"nanos", "0"}, {"secs", "1"}})}, {"log_logging", "false"}});
    }

    Result<> insert(CollectionType type, const std::string& key, const std::string& value)
    {
        return m_to.insert(type, key, value);
    }

    Result<std::string> nextOid()
    {
        INSPECTOR_TRY(const auto oids, m_to.allocateOids(1));
        return number(oids.front());
    }

    Result<> event(Event what, Audited of, std::string_view variant, const std::string& details)
    {
        INSPECTOR_TRY(const auto ids, m_to.allocateIds("auditlog", 1));
        return m_to.insertAuditEvent(
            object({{"event",
                     object({{"V1",
                              object({{"details", object({{variant, details}})},
                                      {"event_type", number(static_cast<std::uint64_t>(what))},
                                      {"id", number(ids.front())},
                                      {"object_type", number(static_cast<std::uint64_t>(of))},
                                      {"occurred_at", object({{"millis", number(m_arguments.initialTsMs)}})},
                                      {"user", "null"}})}})}}));
    }
    Result<> created(Audited what, std::string_view idText, std::string_view name)
    {
        return event(Event::Create, what, "IdNameV1", object({{"id", quoted(idText)}, {"name", quoted(name)}}));
    }
    Result<> granted(Audited on, std::string_view objectId, std::string_view grantee, std::string_view letters)
    {
        return event(Event::Grant, on, "UpdatePrivilegeV1",
                     object({{"grantee_id", quoted(grantee)},
                             {"grantor_id", quoted("s1")},
                             {"object_id", quoted(objectId)},
                             {"privileges", quoted(letters)}}));
    }
    /// To everybody, and to the bootstrap role where there is one.
    Result<> grantedUsage(Audited on, std::string_view objectId)
    {
        INSPECTOR_CHECK(granted(on, objectId, "p", "U"));
        return grantedToBootstrapRole(on, objectId, "UC");
    }
    Result<> grantedToBootstrapRole(Audited on, std::string_view objectId, std::string_view letters)
    {
        return m_arguments.bootstrapRole ? granted(on, objectId, "u1", letters) : Result<>();
    }

    Result<> allocators()
    {
        const std::uint64_t replicas = m_arguments.defaultReplicationFactor;
        const std::pair<const char*, std::uint64_t> kNextIds[] {
            {"user", 1},
            {"system", 1},
            {"database", 2},
            {"schema", 9},
            {"user_role", 1},
            {"user_compute", 2},
            {"system_compute", 1},
            {"replica", replicas + 1},
            {"system_replica", 1},
            {"auditlog", 1},
            {"storage_usage", 1},
            {"user_network_policy", 2},
            {"oid", kFirstUserOid},
        };
        for (const auto& [name, next] : kNextIds)
            INSPECTOR_CHECK(
                insert(CollectionType::IdAlloc, object({{"name", quoted(name)}}), object({{"next_id", number(next)}})));
        return {};
    }

    Result<> role(const std::string& key, std::string_view name, const std::string& oid)
    {
        auto attributes = object({{"inherit", "true"}});
        if (isNew()) {
            const bool isSystem = name == "mz_system";
            const std::string mayLogIn = isSystem ? "true" : "null";
            attributes = object(
                {{"auto_provision_source", "null"}, {"inherit", "true"}, {"login", mayLogIn}, {"superuser", mayLogIn}});
        }
        return insert(CollectionType::Role, object({{"id", key}}),
                      object({{"attributes", attributes},
                              {"membership", object({{"map", "[]"}})},
                              {"name", quoted(name)},
                              {"oid", oid},
                              {"vars", object({{"entries", "[]"}})}}));
    }

    Result<> roles()
    {
        INSPECTOR_CHECK(role(id("System", 1), "mz_system", "16661"));
        INSPECTOR_CHECK(role(id("System", 2), "mz_support", "16662"));
        INSPECTOR_CHECK(role(id("System", 3), "mz_analytics", "16984"));
        if (isNew())
            INSPECTOR_CHECK(role(id("System", 4), "mz_jwt_sync", "17076"));
        INSPECTOR_CHECK(role(id("Predefined", 1), "mz_monitor", "16663"));
        INSPECTOR_CHECK(role(id("Predefined", 2), "mz_monitor_redacted", "16664"));
        INSPECTOR_CHECK(role(publicRole(), "public", "16944"));
        if (!m_arguments.bootstrapRole)
            return {};
        INSPECTOR_CHECK(m_to.allocateIds("user_role", 1)); // u1
        INSPECTOR_TRY(const auto oid, nextOid());
        INSPECTOR_CHECK(role(bootstrapRole(), *m_arguments.bootstrapRole, oid));
        return created(Audited::Role, "u1", *m_arguments.bootstrapRole);
    }

    Result<> defaultPrivileges()
    {
        struct Default
        {
            int objectType;
            Audited audited;
            bool toPublic;
        };
        constexpr std::array<Default, 4> kDefaults {{{kCluster, Audited::Cluster, false},
                                                     {kDatabase, Audited::Database, false},
                                                     {kSchema, Audited::Schema, false},
                                                     {kType, Audited::Type, true}}};
        for (const auto& [objectType, audited, toPublic] : kDefaults) {
            INSPECTOR_CHECK(insert(CollectionType::DefaultPrivileges,
                                   object({{"database_id", "null"},
                                           {"grantee", toPublic ? publicRole() : supportRole()},
                                           {"object_type", std::to_string(objectType)},
                                           {"role_id", publicRole()},
                                           {"schema_id", "null"}}),
                                   object({{"privileges", mode(kUsage)}})));
            INSPECTOR_CHECK(event(Event::Grant, audited, "AlterDefaultPrivilegeV1",
                                  object({{"database_id", "null"},
                                          {"grantee_id", quoted(toPublic ? "p" : "s2")},
                                          {"privileges", quoted("U")},
                                          {"role_id", quoted("p")},
                                          {"schema_id", "null"}})));
        }
        return {};
    }

    Result<> schema(const std::string& key, const std::string& database, std::string_view name, const std::string& oid)
    {
        return insert(CollectionType::Schema, object({{"id", key}}),
                      object({{"database_id", database},
                              {"name", quoted(name)},
                              {"oid", oid},
                              {"owner_id", systemRole()},
                              {"privileges", privileges(database != "null")}}));
    }

    Result<> databaseAndSchemas()
    {
        INSPECTOR_TRY(const auto databaseOid, nextOid());
        INSPECTOR_CHECK(insert(CollectionType::Database, object({{"id", id("User", 1)}}),
                               object({{"name", quoted("materialize")},
                                       {"oid", databaseOid},
                                       {"owner_id", systemRole()},
                                       {"privileges", privileges(true)}})));
        INSPECTOR_CHECK(created(Audited::Database, "u1", "materialize"));
        INSPECTOR_CHECK(grantedUsage(Audited::Database, "Du1"));

        struct Ambient
        {
            std::uint64_t id;
            const char* name;
            const char* oid;
        };
        constexpr std::array<Ambient, 7> kAmbient {{{1, "mz_catalog", "16656"},
                                                    {2, "pg_catalog", "16657"},
                                                    {4, "mz_internal", "16658"},
                                                    {5, "information_schema", "16659"},
                                                    {6, "mz_unsafe", "16660"},
                                                    {7, "mz_catalog_unstable", "16972"},
                                                    {8, "mz_introspection", "16973"}}};
        for (const auto& [n, name, oid] : kAmbient)
            INSPECTOR_CHECK(schema(id("System", n), "null", name, oid));
        INSPECTOR_TRY(const auto schemaOid, nextOid());
        INSPECTOR_CHECK(schema(id("User", 3), id("User", 1), "public", schemaOid));
        // The id without its letter is the reference's slip (§5.11).
        INSPECTOR_CHECK(event(Event::Create, Audited::Schema, "SchemaV2",
                              object({{"database_name", object({{"inner", quoted("materialize")}})},
                                      {"id", quoted("3")},
                                      {"name", quoted("public")}})));
        return grantedToBootstrapRole(Audited::Schema, "Su1.u3", "UC");
    }

    Result<> networkPolicy()
    {
        INSPECTOR_CHECK(insert(CollectionType::NetworkPolicy, object({{"id", id("User", 1)}}),
                               object({{"name", quoted("default")},
                                       {"oid", "17048"},
                                       {"owner_id", systemRole()},
                                       {"privileges", list({aclItem(systemRole(), kUsage)})},
                                       {"rules",
                                        list({object({{"action", unit("Allow")},
                                                      {"address", quoted("0.0.0.0/0")},
                                                      {"direction", unit("Ingress")},
                                                      {"name", quoted("open_ingress")}})})}})));
        return created(Audited::NetworkPolicy, "u1", "default");
    }

    Result<> clusterAndReplicas()
    {
        const auto size = quoted(m_arguments.defaultReplicaSize);
        const bool hasDisk = m_version <= kLastWithDisk;
        INSPECTOR_CHECK(insert(CollectionType::ComputeInstance, object({{"id", id("User", 1)}}),
                               object({{"config",
                                        object({{"variant", object({{"Managed", managedCluster(size, hasDisk)}})},
                                                {"workload_class", "null"}})},
                                       {"name", quoted("quickstart")},
                                       {"owner_id", systemRole()},
                                       {"privileges", privileges(true)}})));
        INSPECTOR_CHECK(created(Audited::Cluster, "u1", "quickstart"));
        INSPECTOR_CHECK(grantedUsage(Audited::Cluster, "Cu1"));
        for (std::uint64_t i = 1; i <= m_arguments.defaultReplicationFactor; ++i)
            INSPECTOR_CHECK(replica(i, size, hasDisk));
        return {};
    }

    [[nodiscard]] std::string managedCluster(const std::string& size, bool hasDisk) const
    {
        std::vector<std::pair<std::string_view, std::string>> members {
            {"availability_zones", "[]"},          {"logging", logging()},
            {"optimizer_feature_overrides", "[]"}, {"replication_factor", number(m_arguments.defaultReplicationFactor)},
            {"schedule", wrapped(unit("Manual"))}, {"size", size},
        };
        if (hasDisk)
            members.emplace_back("disk", boolean(m_arguments.hasDisk));
        if (m_version >= kFirstWithReconfiguration) {
            members.emplace_back("auto_scaling_strategy", "null");
            members.emplace_back("burst", "null");
            members.emplace_back("reconfiguration", "null");
        }
        if (m_version >= kFirstWithCompression)
            members.emplace_back("arrangement_compression", "false");
        return objectOf(members);
    }

    Result<> replica(std::uint64_t n, const std::string& size, bool hasDisk)
    {
        std::vector<std::pair<std::string_view, std::string>> location {
            {"billed_as", "null"}, {"internal", "false"}, {"pending", "false"}, {"size", size}};
        if (m_version <= kLastWithOneZone)
            location.emplace_back("availability_zone", "null");
        else
            location.emplace_back("availability_zones", "[]");
        if (hasDisk)
            location.emplace_back("disk", boolean(m_arguments.hasDisk));
        std::vector<std::pair<std::string_view, std::string>> config {
            {"location", object({{"Managed", objectOf(location)}})}, {"logging", logging()}};
        if (m_version >= kFirstWithCompression)
            config.emplace_back("arrangement_compression", "false");
        const auto name = "r" + number(n);
        INSPECTOR_CHECK(insert(CollectionType::ComputeReplicas, object({{"id", id("User", n)}}),
                               object({{"cluster_id", id("User", 1)},
                                       {"config", objectOf(config)},
                                       {"name", quoted(name)},
                                       {"owner_id", systemRole()}})));
        std::vector<std::pair<std::string_view, std::string>> details {
            {"billed_as", "null"},
            {"cluster_id", quoted("u1")},
            {"cluster_name", quoted("quickstart")},
            {"internal", "false"},
            {"logical_size", size},
            {"reason", object({{"reason", object({{"System", "{}"}})}})},
            {"replica_id", object({{"inner", quoted("u" + number(n))}})},
            {"replica_name", quoted(name)},
            {"scheduling_policies", "null"},
        };
        if (hasDisk)
            details.emplace_back("disk", boolean(m_arguments.hasDisk));
        return event(Event::Create, Audited::ClusterReplica,
                     hasDisk ? "CreateClusterReplicaV2" : "CreateClusterReplicaV4", objectOf(details));
    }

    static std::string objectOf(const std::vector<std::pair<std::string_view, std::string>>& members)
    {
        std::string json = "{";
        for (const auto& member : members) {
            if (json.size() > 1)
                json += ',';
            json += quoted(member.first) + ":" + member.second;
        }
        return json + "}";
    }

    Result<> systemPrivileges()
    {
        const auto grant = [&](const std::string& grantee, std::string_view text) -> Result<> {
            INSPECTOR_CHECK(insert(CollectionType::SystemPrivileges,
                                   object({{"grantee", grantee}, {"grantor", systemRole()}}),
                                   object({{"acl_mode", mode(kAllOfTheSystem)}})));
            return granted(Audited::System, "SYSTEM", text, "RBNP");
        };
        INSPECTOR_CHECK(grant(systemRole(), "s1"));
        return m_arguments.bootstrapRole ? grant(bootstrapRole(), "u1") : Result<>();
    }

    Result<> setting(std::string_view name, std::string_view value)
    {
        return insert(CollectionType::Setting, object({{"name", quoted(name)}}), object({{"value", quoted(value)}}));
    }

    Result<> configsAndSettings()
    {
        const auto config = [&](std::string_view key, std::uint64_t value) {
            return insert(CollectionType::Config, object({{"key", quoted(key)}}), object({{"value", number(value)}}));
        };
        INSPECTOR_CHECK(config("user_version", m_version));
        INSPECTOR_CHECK(config("system_config_synced", 0));
        INSPECTOR_CHECK(setting("catalog_content_version", m_arguments.contentVersion));
        if (!isNew())
            return {};
        INSPECTOR_CHECK(setting("builtin_migration_shard", "s" + m_ids.uuid()));
        INSPECTOR_CHECK(setting("expression_cache_shard", "s" + m_ids.uuid()));
        return setting("mock_authentication_nonce", nonce());
    }

    /// 24 random bytes in base64 (§6.2).
    std::string nonce()
    {
        Bytes bytes;
        for (int word = 0; word < 3; ++word) {
            auto bits = m_ids.bits();
            for (int i = 0; i < 8; ++i, bits >>= 8U)
                bytes.push_back(static_cast<std::byte>(bits & 0xffU));
        }
        return toBase64(bytes);
    }

    Transaction& m_to;
    const BootstrapArguments& m_arguments;
    IdSource& m_ids;
    std::uint32_t m_version;
    bool m_isProto;
};

} // namespace

Result<> initialise(Transaction& transaction, const BootstrapArguments& arguments, IdSource& ids)
{
    const auto version = transaction.schema()->version();
    if (std::find(std::begin(kInitVersions), std::end(kInitVersions), version) == std::end(kInitVersions))
        return fail(ErrorCode::Unsupported,
                    "a new catalog of version " + std::to_string(version)
                        + " cannot be made: the versions are 72, 82 and 92");
    if (version < kFirstWithNewContents && arguments.defaultReplicationFactor != 1)
        return fail(ErrorCode::InvalidInput,
                    "a new catalog of version " + std::to_string(version) + " has one replica: a replication factor of "
                        + std::to_string(arguments.defaultReplicationFactor) + " is for version 82 or later");
    return Initialisation(transaction, arguments, ids).run();
}

} // namespace inspector::catalog
