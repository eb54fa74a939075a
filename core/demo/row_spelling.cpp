#include "core/demo/row_spelling.h"

#include "core/demo/json_text.h"

namespace inspector::demo {

namespace {

// The versions at which rows changed (catalog-model §5.13).
constexpr std::uint64_t kComputedIndexIds = 73;
constexpr std::uint64_t kRoleMayLogIn = 74;
constexpr std::uint64_t kWithoutDisk = 76;
constexpr std::uint64_t kAutoProvisioned = 81;
constexpr std::uint64_t kReconfiguration = 87;
constexpr std::uint64_t kArrangementCompression = 90;
constexpr std::uint64_t kTemporaryItems = 91;

std::string bits(std::uint64_t mode)
{
    return object({{"bitflags", number(mode)}});
}

std::string optional(const std::optional<std::string>& text)
{
    return text ? quoted(*text) : kNull;
}

std::string texts(const std::vector<std::string>& all)
{
    std::vector<std::string> elements;
    for (const auto& text : all)
        elements.push_back(quoted(text));
    return array(elements);
}

} // namespace

std::string textOf(RoleRef role)
{
    switch (role.kind) {
    case RoleRef::Kind::System:
        return "s" + std::to_string(role.number);
    case RoleRef::Kind::User:
        return "u" + std::to_string(role.number);
    case RoleRef::Kind::Predefined:
        return "g" + std::to_string(role.number);
    case RoleRef::Kind::Public:
        return "p";
    }
    return {};
}

std::string lettersOf(std::uint64_t mode)
{
    constexpr std::pair<std::uint64_t, char> kLetters[] {
        {kInsert, 'a'}, {kSelect, 'r'},     {kUpdate, 'w'},         {kDelete, 'd'},        {kUsage, 'U'},
        {kCreate, 'C'}, {kCreateRole, 'R'}, {kCreateDatabase, 'B'}, {kCreateCluster, 'N'}, {kCreateNetworkPolicy, 'P'}};
    std::string letters;
    for (const auto& [bit, letter] : kLetters) {
        if ((mode & bit) != 0)
            letters += letter;
    }
    return letters;
}

std::string RowSpelling::wrapped(const std::string& json) const
{
    return isProto() ? object({{"value", json}}) : json;
}

std::string RowSpelling::id(std::string_view variant, std::uint64_t n) const
{
    return wrapped(object({{variant, number(n)}}));
}

std::string RowSpelling::unit(std::string_view variant) const
{
    return isProto() ? object({{variant, "{}"}}) : quoted(variant);
}

std::string RowSpelling::role(RoleRef role) const
{
    switch (role.kind) {
    case RoleRef::Kind::System:
        return id("System", role.number);
    case RoleRef::Kind::User:
        return id("User", role.number);
    case RoleRef::Kind::Predefined:
        return id("Predefined", role.number);
    case RoleRef::Kind::Public:
        break;
    }
    return wrapped(unit("Public"));
}

std::string RowSpelling::privileges(const Privileges& privileges) const
{
    std::vector<std::string> items;
    for (const auto& privilege : privileges)
        items.push_back(object({{"acl_mode", bits(privilege.mode)},
                                {"grantee", role(privilege.grantee)},
                                {"grantor", role(privilege.grantor)}}));
    return array(items);
}

std::string RowSpelling::duration(std::uint64_t seconds) const
{
    return object({{"nanos", "0"}, {"secs", number(seconds)}});
}

std::string RowSpelling::logging() const
{
    return object({{"interval", duration(1)}, {"log_logging", "false"}});
}

std::string RowSpelling::idKey(const std::string& id) const
{
    return object({{"id", id}});
}

std::string RowSpelling::itemKey(std::uint64_t n) const
{
    return object({{"gid", userId(n)}});
}

std::string RowSpelling::roleKey(RoleRef role) const
{
    return idKey(this->role(role));
}

std::string RowSpelling::commentKey(std::string_view target, const std::string& payload,
                                    std::optional<std::uint64_t> column) const
{
    return object({{"object", object({{target, payload}})},
                   {"sub_component", column ? object({{"ColumnPos", number(*column)}}) : kNull}});
}

std::string RowSpelling::schemaTarget(std::uint64_t database, std::uint64_t schema) const
{
    const auto spec = [this](std::uint64_t n) {
        const auto chosen = object({{"Id", userId(n)}});
        return isProto() ? object({{"spec", chosen}}) : chosen;
    };
    return object({{"database", spec(database)}, {"schema", spec(schema)}});
}

std::string RowSpelling::defaultPrivilegesKey(RoleRef role, std::optional<std::uint64_t> database,
                                              std::optional<std::uint64_t> schema, int objectType,
                                              RoleRef grantee) const
{
    return object({{"database_id", database ? userId(*database) : kNull},
                   {"grantee", this->role(grantee)},
                   {"object_type", std::to_string(objectType)},
                   {"role_id", this->role(role)},
                   {"schema_id", schema ? userId(*schema) : kNull}});
}

std::string RowSpelling::cluster(const std::string& name, const ClusterShape& shape, RoleRef owner,
                                 const Privileges& privileges) const
{
    const auto refresh =
        object({{"Refresh", object({{"rehydration_time_estimate", duration(90)}})}}); // a choice with a payload
    const auto schedule = wrapped(shape.refreshes ? refresh : unit("Manual"));
    std::string managed = object({{"availability_zones", texts(shape.zones)},
                                  {"logging", logging()},
                                  {"optimizer_feature_overrides", "[]"},
                                  {"replication_factor", number(shape.replicationFactor)},
                                  {"schedule", schedule},
                                  {"size", quoted(shape.size)}});
    const auto add = [&managed](std::string_view member, const std::string& json) {
        managed.back() = ',';
        managed += quoted(member) + ":" + json + "}";
    };
    if (!isAtLeast(kWithoutDisk))
        add("disk", "true");
    if (isAtLeast(kReconfiguration)) {
        add("auto_scaling_strategy",
            shape.hydrationSize ? object(
                {{"on_hydration",
                  object({{"hydration_size", quoted(*shape.hydrationSize)}, {"linger_duration", duration(300)}})}})
                                : kNull);
        add("burst", kNull);
        add("reconfiguration", kNull);
    }
    if (isAtLeast(kArrangementCompression))
        add("arrangement_compression", "false");
    return object(
        {{"config",
          object({{"variant", object({{"Managed", managed}})}, {"workload_class", optional(shape.workloadClass)}})},
         {"name", quoted(name)},
         {"owner_id", role(owner)},
         {"privileges", this->privileges(privileges)}});
}

std::string RowSpelling::replica(const std::string& clusterId, const std::string& name, const ReplicaShape& shape,
                                 RoleRef owner) const
{
    std::string managed = object({{"billed_as", optional(shape.billedAs)},
                                  {"internal", boolean(shape.isInternal)},
                                  {"pending", boolean(shape.isPending)},
                                  {"size", quoted(shape.size)}});
    managed.back() = ',';
    if (isAtLeast(kReconfiguration))
        managed += "\"availability_zones\":" + (shape.zone ? texts({*shape.zone}) : "[]");
    else
        managed += "\"availability_zone\":" + optional(shape.zone);
    if (!isAtLeast(kWithoutDisk))
        managed += ",\"disk\":true";
    managed += "}";
    std::string config = object({{"location", object({{"Managed", managed}})}, {"logging", logging()}});
    if (isAtLeast(kArrangementCompression)) {
        config.back() = ',';
        config += "\"arrangement_compression\":false}";
    }
    return object({{"cluster_id", clusterId}, {"config", config}, {"name", quoted(name)}, {"owner_id", role(owner)}});
}

std::string RowSpelling::roleValue(const RoleFacts& facts) const
{
    std::string attributes = "{\"inherit\":true";
    if (isAtLeast(kRoleMayLogIn)) {
        attributes += std::string(",\"login\":") + (facts.mayLogIn ? "true" : kNull);
        attributes += std::string(",\"superuser\":") + (facts.isSuperuser ? "true" : kNull);
    }
    if (isAtLeast(kAutoProvisioned))
        attributes += ",\"auto_provision_source\":" + (facts.isFromProvider ? quoted("Frontegg") : kNull);
    attributes += "}";
    std::vector<std::string> membership;
    for (const auto& [granted, grantor] : facts.membership)
        membership.push_back(object({{"key", role(granted)}, {"value", role(grantor)}}));
    std::vector<std::string> vars;
    for (const auto& [name, values] : facts.vars) {
        auto value = values.size() == 1 ? object({{"Flat", quoted(values.front())}})
            : isProto()                 ? object({{"SqlSet", object({{"entries", texts(values)}})}})
                                        : object({{"SqlSet", texts(values)}});
        vars.push_back(object({{"key", quoted(name)}, {"val", std::move(value)}}));
    }
    return object({{"attributes", attributes},
                   {"membership", object({{"map", array(membership)}})},
                   {"name", quoted(facts.name)},
                   {"oid", number(facts.oid)},
                   {"vars", object({{"entries", array(vars)}})}});
}

std::string RowSpelling::item(const ItemFacts& facts) const
{
    std::vector<std::string> versions;
    for (const auto globalId : facts.laterGlobalIds) {
        const auto version = versions.size() + 1;
        versions.push_back(
            object({{"global_id", userId(globalId)}, {"version", object({{"value", number(version)}})}}));
    }
    std::string value =
        object({{"definition", wrapped(object({{"V1", object({{"create_sql", quoted(facts.createSql)}})}}))},
                {"extra_versions", array(versions)},
                {"global_id", userId(facts.globalId)},
                {"name", quoted(facts.name)},
                {"oid", number(facts.oid)},
                {"owner_id", role(facts.owner)},
                {"privileges", privileges(*facts.privileges)},
                {"schema_id", facts.schemaId}});
    if (isAtLeast(kTemporaryItems)) {
        value.back() = ',';
        value += "\"ephemeral_owner_session\":" + optional(facts.session) + "}";
    }
    return value;
}

std::string RowSpelling::networkPolicy(const std::string& name,
                                       const std::vector<std::pair<std::string, std::string>>& rules, RoleRef owner,
                                       const Privileges& privileges, std::uint32_t oid) const
{
    std::vector<std::string> elements;
    for (const auto& [ruleName, address] : rules)
        elements.push_back(object({{"action", unit("Allow")},
                                   {"address", quoted(address)},
                                   {"direction", unit("Ingress")},
                                   {"name", quoted(ruleName)}}));
    return object({{"name", quoted(name)},
                   {"oid", number(oid)},
                   {"owner_id", role(owner)},
                   {"privileges", this->privileges(privileges)},
                   {"rules", array(elements)}});
}

std::string RowSpelling::gidMapping(std::uint64_t n, std::string_view fingerprint) const
{
    return object({{isProto() ? "id" : "catalog_id", number(n)},
                   {"fingerprint", quoted(fingerprint)},
                   {"global_id", wrapped(number(n))}});
}

std::string RowSpelling::introspectionIndex(bool isSystemCluster, std::uint64_t cluster, std::uint64_t variant,
                                            std::uint64_t systemItem, std::uint32_t oid) const
{
    const auto n =
        isAtLeast(kComputedIndexIds) ? (isSystemCluster ? 1ULL : 2ULL) << 56U | cluster << 8U | variant : systemItem;
    return object(
        {{isProto() ? "index_id" : "catalog_id", number(n)}, {"global_id", wrapped(number(n))}, {"oid", number(oid)}});
}

} // namespace inspector::demo
