#include "core/demo/ddl.h"

#include "core/base/base64.h"
#include "core/base/sha256.h"
#include "core/demo/builtins.h"
#include "core/demo/json_text.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace inspector::demo {

namespace {

constexpr std::uint64_t kProvisionedRoles = 81; ///< audit events tell where a role came from
constexpr std::uint64_t kTemporarySentinel = 0;

std::string inner(const std::string& text)
{
    return object({{"inner", quoted(text)}});
}

/// The text of a password's verifier, made of nothing secret.
std::string verifierOf(const std::string& seed)
{
    const auto piece = [&seed](const char* what, std::size_t bytes) {
        const auto digest = sha256(bytesOf(seed + what));
        return toBase64(BytesView(digest).first(bytes));
    };
    return "SCRAM-SHA-256$600000:" + piece("salt", 16) + "$" + piece("stored", 32) + ":" + piece("server", 32);
}

/// The number in an allocator's row.
std::optional<std::uint64_t> nextIdOf(std::string_view row)
{
    constexpr std::string_view kBefore = "{\"next_id\":";
    std::uint64_t next = 0;
    if (!row.starts_with(kBefore))
        return std::nullopt;
    const auto [end, error] = std::from_chars(row.data() + kBefore.size(), row.data() + row.size(), next);
    return error == std::errc() && end != row.data() + row.size() ? std::optional(next) : std::nullopt;
}

Privileges withPrivilege(Privileges privileges, RoleRef grantee, RoleRef grantor, std::uint64_t mode)
{
    for (auto& privilege : privileges) {
        if (privilege.grantee == grantee && privilege.grantor == grantor) {
            privilege.mode |= mode;
            return privileges;
        }
    }
    privileges.push_back({grantee, grantor, mode});
    return privileges;
}

} // namespace

void Ddl::begin(RoleRef user, std::uint64_t nowMs)
{
    m_user = user;
    m_nowMs = nowMs;
}

std::string Ddl::userName() const
{
    if (m_user.kind != RoleRef::Kind::User)
        return kNull;
    return inner(m_environment.roles[m_user.number - 1].facts.name);
}

Result<> Ddl::event(EventType what, Audited of, std::string_view variant, const std::string& details)
{
    std::string key = R"({"event":{"V1":{"id":)";
    key += number(next("auditlog"));
    key += R"(,"event_type":)";
    key += std::to_string(static_cast<int>(what));
    key += R"(,"object_type":)";
    key += std::to_string(static_cast<int>(of));
    key += R"(,"user":)";
    key += userName();
    key += R"(,"occurred_at":{"millis":)";
    key += number(m_nowMs);
    key += R"(},"details":{")";
    key += variant;
    key += "\":";
    key += details;
    key += "}}}}";
    return m_to.insertAuditEvent(key);
}

Result<> Ddl::idName(EventType what, Audited of, const std::string& id, const std::string& name)
{
    return event(what, of, "IdNameV1", object({{"id", quoted(id)}, {"name", quoted(name)}}));
}

Result<> Ddl::granted(EventType what, Audited on, const std::string& objectId, const Privilege& privilege)
{
    return event(what, on, "UpdatePrivilegeV1",
                 object({{"grantee_id", quoted(textOf(privilege.grantee))},
                         {"grantor_id", quoted(textOf(privilege.grantor))},
                         {"object_id", quoted(objectId)},
                         {"privileges", quoted(lettersOf(privilege.mode))}}));
}

// A first start.

Result<> Ddl::mapBuiltins()
{
    constexpr int kTable = 1;
    constexpr int kSource = 2;
    constexpr int kMaterializedView = 5;
    const auto map = [this](const char* schema, int itemType, const char* name) -> Result<std::uint64_t> {
        const auto n = next("system");
        const auto digest = sha256(bytesOf(std::string(schema) + "." + name));
        INSPECTOR_CHECK(m_to.insert(Type::SystemGidMapping,
                                    object({{"object_name", quoted(name)},
                                            {"object_type", std::to_string(itemType)},
                                            {"schema_name", quoted(schema)}}),
                                    m_spelling.gidMapping(n, toBase64(BytesView(digest).first(15)))));
        return n;
    };
    for (const auto& [schema, itemType, name] : builtins()) {
        INSPECTOR_TRY(const auto n, map(schema, itemType, name));
        if (itemType == kTable || itemType == kSource || itemType == kMaterializedView)
            INSPECTOR_CHECK(m_to.insert(Type::StorageCollectionMetadata, m_spelling.idKey(m_spelling.systemId(n)),
                                        object({{"shard", quoted(shard())}})));
    }
    for (const auto& log : introspectionLogs()) {
        if (m_spelling.isAtLeast(log.sinceVersion))
            INSPECTOR_CHECK(map("mz_introspection", kSource, log.name));
    }
    return {};
}

Result<> Ddl::createTxnWal()
{
    return m_to.insert(Type::TxnWalShard, kNull, object({{"shard", quoted(shard())}}));
}

// Roles.

Result<> Ddl::writeRole(const Role& role)
{
    INSPECTOR_CHECK(m_to.set(Type::Role, m_spelling.roleKey(userRole(role.id)), m_spelling.roleValue(role.facts)));
    return {};
}

Result<Slot> Ddl::createRole(const std::string& name, bool mayLogIn, bool isFromProvider)
{
    Role role;
    role.id = next("user_role");
    role.facts.name = name;
    role.facts.oid = nextOid();
    role.facts.mayLogIn = mayLogIn;
    role.facts.isFromProvider = isFromProvider;
    INSPECTOR_CHECK(m_to.insert(Type::Role, m_spelling.roleKey(userRole(role.id)), m_spelling.roleValue(role.facts)));
    const auto id = textOf(userRole(role.id));
    if (m_spelling.isAtLeast(kProvisionedRoles))
        INSPECTOR_CHECK(event(EventType::Create, Audited::Role, "CreateRoleV1",
                              object({{"auto_provision_source", isFromProvider ? quoted("frontegg") : kNull},
                                      {"id", quoted(id)},
                                      {"name", quoted(name)}})));
    else
        INSPECTOR_CHECK(idName(EventType::Create, Audited::Role, id, name));
    m_environment.roles.push_back(std::move(role));
    return static_cast<Slot>(m_environment.roles.size() - 1);
}

Result<> Ddl::setPassword(Slot index)
{
    auto& role = m_environment.roles[index];
    if (!m_spelling.isAtLeast(74))
        return {};
    INSPECTOR_CHECK(m_to.set(Type::RoleAuth, m_spelling.roleKey(userRole(role.id)),
                             object({{"password_hash", quoted(verifierOf(role.facts.name + m_dice.uuid()))},
                                     {"updated_at", object({{"millis", number(m_nowMs)}})}})));
    role.hasPassword = true;
    return idName(EventType::Alter, Audited::Role, textOf(userRole(role.id)), role.facts.name);
}

Result<> Ddl::grantRole(Slot index, Slot member)
{
    const auto granted = userRole(m_environment.roles[index].id);
    auto& to = m_environment.roles[member];
    auto& membership = to.facts.membership;
    if (std::any_of(membership.begin(), membership.end(), [&](const auto& entry) { return entry.first == granted; }))
        return {};
    membership.emplace_back(granted, m_user);
    std::sort(membership.begin(), membership.end(),
              [](const auto& a, const auto& b) { return a.first.number < b.first.number; });
    INSPECTOR_CHECK(writeRole(to));
    return event(EventType::Grant, Audited::Role, "GrantRoleV2",
                 object({{"executed_by", quoted(textOf(m_user))},
                         {"grantor_id", quoted(textOf(m_user))},
                         {"member_id", quoted(textOf(userRole(to.id)))},
                         {"role_id", quoted(textOf(granted))}}));
}

Result<> Ddl::revokeRole(Slot index, Slot member)
{
    const auto granted = userRole(m_environment.roles[index].id);
    auto& from = m_environment.roles[member];
    if (std::erase_if(from.facts.membership, [&](const auto& entry) { return entry.first == granted; }) == 0)
        return {};
    INSPECTOR_CHECK(writeRole(from));
    return event(EventType::Revoke, Audited::Role, "RevokeRoleV2",
                 object({{"executed_by", quoted(textOf(m_user))},
                         {"grantor_id", quoted(textOf(m_user))},
                         {"member_id", quoted(textOf(userRole(from.id)))},
                         {"role_id", quoted(textOf(granted))}}));
}

Result<> Ddl::setRoleVariable(Slot index, const std::string& name, const std::vector<std::string>& values)
{
    auto& role = m_environment.roles[index];
    auto& vars = role.facts.vars;
    std::erase_if(vars, [&](const auto& var) { return var.first == name; });
    if (!values.empty())
        vars.emplace_back(name, values);
    std::sort(vars.begin(), vars.end());
    INSPECTOR_CHECK(writeRole(role));
    return idName(EventType::Alter, Audited::Role, textOf(userRole(role.id)), role.facts.name);
}

Result<> Ddl::dropRole(Slot index)
{
    auto& role = m_environment.roles[index];
    const auto key = m_spelling.roleKey(userRole(role.id));
    INSPECTOR_CHECK(m_to.remove(Type::Role, key));
    if (role.hasPassword)
        INSPECTOR_CHECK(m_to.remove(Type::RoleAuth, key));
    if (role.hasComment)
        INSPECTOR_CHECK(
            m_to.remove(Type::Comments, m_spelling.commentKey("Role", m_spelling.role(userRole(role.id)), {})));
    role.isLive = false;
    return idName(EventType::Drop, Audited::Role, textOf(userRole(role.id)), role.facts.name);
}

Result<> Ddl::grantSystem(Slot index, std::uint64_t mode)
{
    const Privilege privilege {userRole(m_environment.roles[index].id), kSystemRole, mode};
    INSPECTOR_CHECK(m_to.set(
        Type::SystemPrivileges,
        object({{"grantee", m_spelling.role(privilege.grantee)}, {"grantor", m_spelling.role(privilege.grantor)}}),
        object({{"acl_mode", object({{"bitflags", number(mode)}})}})));
    return granted(EventType::Grant, Audited::System, "SYSTEM", privilege);
}

Result<> Ddl::alterDefaultPrivileges(RoleRef creator, std::optional<Slot> database, int objectType, Audited audited,
                                     RoleRef grantee, std::uint64_t mode)
{
    const auto databaseId =
        database ? std::optional(m_environment.databases[*database].id) : std::optional<std::uint64_t>();
    INSPECTOR_CHECK(m_to.set(Type::DefaultPrivileges,
                             m_spelling.defaultPrivilegesKey(creator, databaseId, {}, objectType, grantee),
                             object({{"privileges", object({{"bitflags", number(mode)}})}})));
    return event(EventType::Grant, audited, "AlterDefaultPrivilegeV1",
                 object({{"database_id", databaseId ? inner("u" + number(*databaseId)) : kNull},
                         {"grantee_id", quoted(textOf(grantee))},
                         {"privileges", quoted(lettersOf(mode))},
                         {"role_id", quoted(textOf(creator))},
                         {"schema_id", kNull}}));
}

// Databases and schemas.

Result<> Ddl::writeDatabase(const Database& database)
{
    INSPECTOR_CHECK(m_to.set(Type::Database, m_spelling.idKey(m_spelling.userId(database.id)),
                             object({{"name", quoted(database.name)},
                                     {"oid", number(database.oid)},
                                     {"owner_id", m_spelling.role(database.owner)},
                                     {"privileges", m_spelling.privileges(database.privileges)}})));
    return {};
}

Result<Slot> Ddl::createDatabase(const std::string& name)
{
    Database database;
    database.id = next("database");
    database.name = name;
    database.owner = m_user;
    database.oid = nextOid();
    database.privileges = {
        {kEverybody, m_user, kUsage}, {kSupportRole, m_user, kUsage}, {m_user, m_user, kUsage | kCreate}};
    INSPECTOR_CHECK(writeDatabase(database));
    INSPECTOR_CHECK(idName(EventType::Create, Audited::Database, "u" + number(database.id), name));
    m_environment.databases.push_back(std::move(database));
    return static_cast<Slot>(m_environment.databases.size() - 1);
}

Result<> Ddl::renameDatabase(Slot index, const std::string& name)
{
    auto& database = m_environment.databases[index];
    database.name = name;
    INSPECTOR_CHECK(writeDatabase(database));
    std::vector<Slot> changed;
    for (Slot i = 0; i < m_environment.items.size(); ++i) {
        const auto& item = m_environment.items[i];
        if (item.isLive && m_environment.schemas[item.schema].database == index)
            changed.push_back(i);
    }
    INSPECTOR_CHECK(rewriteUsersOf(changed));
    return idName(EventType::Alter, Audited::Database, "u" + number(database.id), name);
}

Result<> Ddl::dropDatabase(Slot index)
{
    auto& database = m_environment.databases[index];
    const auto id = m_spelling.userId(database.id);
    INSPECTOR_CHECK(m_to.remove(Type::Database, m_spelling.idKey(id)));
    if (database.hasComment)
        INSPECTOR_CHECK(m_to.remove(Type::Comments, m_spelling.commentKey("Database", id, {})));
    database.isLive = false;
    return idName(EventType::Drop, Audited::Database, "u" + number(database.id), database.name);
}

std::string Ddl::schemaId(const Schema& schema) const
{
    return m_spelling.userId(schema.database == kNone ? kTemporarySentinel : schema.id);
}

Result<> Ddl::writeSchema(const Schema& schema)
{
    INSPECTOR_CHECK(m_to.set(Type::Schema, m_spelling.idKey(schemaId(schema)),
                             object({{"database_id", m_spelling.userId(m_environment.databases[schema.database].id)},
                                     {"name", quoted(schema.name)},
                                     {"oid", number(schema.oid)},
                                     {"owner_id", m_spelling.role(schema.owner)},
                                     {"privileges", m_spelling.privileges(schema.privileges)}})));
    return {};
}

Result<Slot> Ddl::createSchema(Slot database, const std::string& name)
{
    Schema schema;
    schema.id = next("schema");
    schema.database = database;
    schema.name = name;
    schema.owner = m_user;
    schema.oid = nextOid();
    schema.privileges = {{kSupportRole, m_user, kUsage}, {m_user, m_user, kUsage | kCreate}};
    INSPECTOR_CHECK(writeSchema(schema));
    INSPECTOR_CHECK(event(EventType::Create, Audited::Schema, "SchemaV2",
                          object({{"database_name", inner(m_environment.databases[database].name)},
                                  {"id", quoted("u" + number(schema.id))},
                                  {"name", quoted(name)}})));
    m_environment.schemas.push_back(std::move(schema));
    return static_cast<Slot>(m_environment.schemas.size() - 1);
}

Result<> Ddl::renameSchema(Slot index, const std::string& name)
{
    auto& schema = m_environment.schemas[index];
    const auto before = std::exchange(schema.name, name);
    INSPECTOR_CHECK(writeSchema(schema));
    std::vector<Slot> changed;
    for (Slot i = 0; i < m_environment.items.size(); ++i) {
        if (m_environment.items[i].isLive && m_environment.items[i].schema == index)
            changed.push_back(i);
    }
    INSPECTOR_CHECK(rewriteUsersOf(changed));
    return event(EventType::Alter, Audited::Schema, "RenameSchemaV1",
                 object({{"database_name", quoted(m_environment.databases[schema.database].name)},
                         {"id", quoted("u" + number(schema.id))},
                         {"new_name", quoted(name)},
                         {"old_name", quoted(before)}}));
}

Result<> Ddl::dropSchema(Slot index)
{
    auto& schema = m_environment.schemas[index];
    const auto& database = m_environment.databases[schema.database];
    INSPECTOR_CHECK(m_to.remove(Type::Schema, m_spelling.idKey(schemaId(schema))));
    if (schema.hasComment)
        INSPECTOR_CHECK(m_to.remove(
            Type::Comments, m_spelling.commentKey("Schema", m_spelling.schemaTarget(database.id, schema.id), {})));
    schema.isLive = false;
    return event(EventType::Drop, Audited::Schema, "SchemaV2",
                 object({{"database_name", inner(database.name)},
                         {"id", quoted("u" + number(schema.id))},
                         {"name", quoted(schema.name)}}));
}

Result<> Ddl::grantOnSchema(Slot index, RoleRef grantee, std::uint64_t mode)
{
    auto& schema = m_environment.schemas[index];
    schema.privileges = withPrivilege(std::move(schema.privileges), grantee, schema.owner, mode);
    INSPECTOR_CHECK(writeSchema(schema));
    return granted(EventType::Grant, Audited::Schema,
                   "Su" + number(m_environment.databases[schema.database].id) + ".u" + number(schema.id),
                   {grantee, schema.owner, mode});
}

Result<> Ddl::createNetworkPolicy(const std::string& name,
                                  const std::vector<std::pair<std::string, std::string>>& rules)
{
    NetworkPolicy policy {next("user_network_policy"), name, rules, m_user, {{m_user, m_user, kUsage}}, nextOid()};
    INSPECTOR_CHECK(m_to.insert(Type::NetworkPolicy, m_spelling.idKey(m_spelling.userId(policy.id)),
                                m_spelling.networkPolicy(name, rules, policy.owner, policy.privileges, policy.oid)));
    INSPECTOR_CHECK(idName(EventType::Create, Audited::NetworkPolicy, "u" + number(policy.id), name));
    m_environment.policies.push_back(std::move(policy));
    return {};
}

Result<> Ddl::alterNetworkPolicy(Slot index, const std::vector<std::pair<std::string, std::string>>& rules)
{
    auto& policy = m_environment.policies[index];
    policy.rules = rules;
    INSPECTOR_CHECK(
        m_to.set(Type::NetworkPolicy, m_spelling.idKey(m_spelling.userId(policy.id)),
                 m_spelling.networkPolicy(policy.name, rules, policy.owner, policy.privileges, policy.oid)));
    return idName(EventType::Alter, Audited::NetworkPolicy, "u" + number(policy.id), policy.name);
}

// Comments.

Result<> Ddl::comment(Audited of, std::string_view target, const std::string& payload, const std::string& debugId,
                      const std::string& name, std::optional<std::uint64_t> column,
                      std::optional<std::string_view> text)
{
    const auto key = m_spelling.commentKey(target, payload, column);
    const auto value = text ? std::optional(object({{"comment", quoted(*text)}})) : std::nullopt;
    INSPECTOR_CHECK(m_to.set(Type::Comments, key, value ? std::optional<std::string_view>(*value) : std::nullopt));
    return idName(EventType::Comment, of, std::string(target) + "(" + debugId + ")", name);
}

Result<> Ddl::commentOnSchema(Slot index, std::string_view text)
{
    auto& schema = m_environment.schemas[index];
    const auto& database = m_environment.databases[schema.database];
    schema.hasComment = true;
    return comment(Audited::Schema, "Schema", m_spelling.schemaTarget(database.id, schema.id),
                   "(Id(User(" + number(database.id) + ")), Id(User(" + number(schema.id) + ")))",
                   database.name + "." + schema.name, {}, text);
}

Result<> Ddl::commentOnDatabase(Slot index, std::string_view text)
{
    auto& database = m_environment.databases[index];
    database.hasComment = true;
    return comment(Audited::Database, "Database", m_spelling.userId(database.id), "User(" + number(database.id) + ")",
                   database.name, {}, text);
}

Result<> Ddl::commentOnCluster(Slot index, std::string_view text)
{
    auto& cluster = m_environment.clusters[index];
    cluster.hasComment = true;
    return comment(Audited::Cluster, "Cluster", clusterId(cluster), "User(" + number(cluster.id) + ")", cluster.name,
                   {}, text);
}

Result<> Ddl::commentOnRole(Slot index, std::string_view text)
{
    auto& role = m_environment.roles[index];
    role.hasComment = true;
    return comment(Audited::Role, "Role", m_spelling.role(userRole(role.id)), "User(" + number(role.id) + ")",
                   role.facts.name, {}, text);
}

// Parameters.

Result<> Ddl::alterSystem(const std::string& name, const std::optional<std::string>& value)
{
    const auto row = value ? std::optional(object({{"value", quoted(*value)}})) : std::nullopt;
    INSPECTOR_CHECK(m_to.set(Type::SystemConfiguration, object({{"name", quoted(name)}}),
                             row ? std::optional<std::string_view>(*row) : std::nullopt));
    if (value)
        m_environment.parameters[name] = *value;
    else
        m_environment.parameters.erase(name);
    return event(EventType::Alter, Audited::System, "SetV1",
                 object({{"name", quoted(name)}, {"value", value ? quoted(*value) : kNull}}));
}

Result<> Ddl::setClusterParameter(Slot index, const std::string& name, const std::string& value)
{
    if (!m_spelling.isAtLeast(86))
        return {};
    auto& cluster = m_environment.clusters[index];
    cluster.parameters.insert(name);
    INSPECTOR_CHECK(m_to.set(Type::ClusterSystemConfiguration,
                             object({{"cluster_id", clusterId(cluster)}, {"name", quoted(name)}}),
                             object({{"value", quoted(value)}})));
    return {};
}

Result<> Ddl::setReplicaParameter(Slot index, const std::string& name, const std::string& value)
{
    auto& replicas = m_environment.clusters[index].replicas;
    if (!m_spelling.isAtLeast(86) || replicas.empty())
        return {};
    replicas.front().parameters.insert(name);
    INSPECTOR_CHECK(m_to.set(Type::ReplicaSystemConfiguration,
                             object({{"name", quoted(name)}, {"replica_id", m_spelling.userId(replicas.front().id)}}),
                             object({{"value", quoted(value)}})));
    return {};
}

Result<> Ddl::setConfig(const std::string& key, std::uint64_t value)
{
    INSPECTOR_CHECK(m_to.set(Type::Config, object({{"key", quoted(key)}}), object({{"value", number(value)}})));
    return {};
}

Result<> Ddl::finish()
{
    for (const auto& [name, wanted] : m_environment.nextIds) {
        const auto key = object({{"name", quoted(name)}});
        INSPECTOR_TRY(const auto row, m_to.get(Type::IdAlloc, key));
        const auto now = row ? nextIdOf(*row) : std::nullopt;
        if (!now || *now > wanted)
            return fail(ErrorCode::Internal,
                        "the allocator " + name + " says " + row.value_or("nothing") + ", but the demo is at "
                            + number(wanted));
        if (*now == wanted)
            continue;
        // OIDs that were given out in this transaction are taken by now: the allocator would skip them.
        if (name == "oid")
            INSPECTOR_CHECK(m_to.set(Type::IdAlloc, key, object({{"next_id", number(wanted)}})));
        else
            INSPECTOR_CHECK(m_to.allocateIds(name, wanted - *now));
    }
    static_cast<void>(m_to.takeOpUpdates());
    return {};
}

Environment initialEnvironment(const std::string& role, const std::string& size)
{
    Environment environment;
    environment.nextIds = {{"auditlog", 18},
                           {"database", 2},
                           {"oid", 20003},
                           {"replica", 2},
                           {"schema", 9},
                           {"system", 1},
                           {"system_compute", 1},
                           {"system_replica", 1},
                           {"user", 1},
                           {"user_compute", 2},
                           {"user_network_policy", 2},
                           {"user_role", 2}};
    Role first;
    first.id = 1;
    first.facts.name = role;
    first.facts.oid = 20000;
    environment.roles.push_back(std::move(first));
    const Privileges shared {{kEverybody, kSystemRole, kUsage},
                             {kSupportRole, kSystemRole, kUsage},
                             {kSystemRole, kSystemRole, kUsage | kCreate},
                             {userRole(1), kSystemRole, kUsage | kCreate}};
    Database database;
    database.id = 1;
    database.name = "materialize";
    database.owner = kSystemRole;
    database.privileges = shared;
    database.oid = 20001;
    environment.databases.push_back(std::move(database));
    Schema schema;
    schema.id = 3;
    schema.database = 0;
    schema.name = "public";
    schema.owner = kSystemRole;
    schema.privileges = shared;
    schema.oid = 20002;
    environment.schemas.push_back(std::move(schema));
    Cluster cluster;
    cluster.id = 1;
    cluster.name = "quickstart";
    cluster.shape.size = size;
    cluster.owner = kSystemRole;
    cluster.privileges = shared;
    cluster.replicas.push_back({1, "r1", {size, {}, {}, false, false}, {}});
    environment.clusters.push_back(std::move(cluster));
    environment.policies.push_back(
        {1, "default", {{"open_ingress", "0.0.0.0/0"}}, kSystemRole, {{kSystemRole, kSystemRole, kUsage}}, 17048});
    Schema temporary;
    temporary.name = "mz_temp";
    environment.temporarySchema = static_cast<Slot>(environment.schemas.size());
    environment.schemas.push_back(std::move(temporary));
    return environment;
}

} // namespace inspector::demo
