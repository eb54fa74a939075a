// What ids stand for, and what rows are called (catalog-model §5.12).

#include "core/catalog/json_path.h"
#include "core/catalog/pretty.h"
#include "core/catalog/snapshot.h"

#include <array>

namespace inspector::catalog {

using codec::JsonTape;
using codec::JsonType;

namespace {

using Of = NameIndex::Of;

/// The id under a path, as text; empty when there is none.
std::string idAt(const JsonTape& tape, std::initializer_list<std::string_view> path)
{
    const auto node = nodeAt(tape, 0, path);
    return node.has_value() ? idText(tape, *node).value_or(std::string()) : std::string();
}

/// The number of a system id under the first of two paths that there is: "s812". The proto shape wraps it.
std::string systemIdAt(const JsonTape& tape, std::string_view prefix, std::string_view name)
{
    auto number = numberAt(tape, 0, {"value", name});
    if (!number.has_value())
        number = numberAt(tape, 0, {"value", name, "value"});
    return number.has_value() ? std::string(prefix) + std::to_string(*number) : std::string();
}

std::string joined(std::initializer_list<std::string_view> names)
{
    std::string all;
    for (const auto name : names) {
        if (name.empty())
            continue;
        if (!all.empty())
            all += '.';
        all += name;
    }
    return all;
}

/// The name for an id, or the id itself.
std::string nameOr(const NameIndex& names, Of of, const std::string& id)
{
    return names.nameOf(of, id).value_or(id);
}

/// `{"database","schema","item"}` as a dotted name; empty when it is none.
std::string fullName(const JsonTape& tape, std::uint32_t node)
{
    return joined({textAt(tape, node, {"database"}), textAt(tape, node, {"schema"}), textAt(tape, node, {"item"})});
}

/// What an audit event is about: the name in its details.
std::string auditSubject(const JsonTape& tape, std::uint32_t details)
{
    const auto& nodes = tape.nodes();
    // {"details": {"IdNameV1": {...}}}: the first member that is an object holds the fields.
    auto payload = details;
    while (nodes[payload].type == JsonType::Object && nodes[payload].children == 1
           && nodes[payload + 1].type == JsonType::Object)
        ++payload;
    for (const auto name : {"name", "replica_name", "cluster_name", "new_name", "id", "object_id", "role_id"}) {
        const auto node = nodeAt(tape, payload, {name});
        if (!node.has_value())
            continue;
        if (nodes[*node].type == JsonType::String)
            return std::string(nodes[*node].text);
        if (const auto full = fullName(tape, *node); !full.empty())
            return full;
    }
    return fullName(tape, payload);
}

/// The name of an integer enum's value in a struct; empty when it has none.
std::string enumeratorText(const RowTyper& row, std::uint32_t node, const RowSchema& schema, std::string_view field)
{
    const auto at = nodeAt(row.tape(), node, {field});
    const auto number = numberAt(row.tape(), node, {field});
    if (!at.has_value() || !number.has_value() || row.collection() == nullptr)
        return {};
    const auto& suffix = field == "event_type" ? "EventType" : "ObjectType";
    for (const auto& type : schema.types()) {
        // Both enums of the audit log are reached by their fields; default privileges have another "ObjectType".
        if (type.kind != TypeKind::Struct || type.name != "AuditLogEventV1")
            continue;
        for (const auto& member : type.fields) {
            const auto& enumeration = schema.type(schema.withoutOption(member.type));
            if (member.name != field || enumeration.name != suffix)
                continue;
            const auto found = enumeration.enumerators.find(static_cast<std::int64_t>(*number));
            return found == enumeration.enumerators.end() ? std::string() : kebabCase(found->second);
        }
    }
    return {};
}

std::string auditTitle(const RowTyper& row)
{
    const auto& tape = row.tape();
    const auto event = nodeAt(tape, 0, {"key", "event", "V1"});
    if (!event.has_value())
        return "event";
    std::string title = "#" + std::to_string(numberAt(tape, *event, {"id"}).value_or(0));
    for (const auto* field : {"event_type", "object_type"}) {
        if (const auto text = enumeratorText(row, *event, row.schema(), field); !text.empty())
            title += " " + text;
    }
    const auto add = [&](const std::string& text) {
        if (!text.empty())
            title += " — " + text;
    };
    if (const auto details = nodeAt(tape, *event, {"details"}); details.has_value())
        add(auditSubject(tape, *details));
    const auto user = textAt(tape, *event, {"user", "inner"});
    add(user.empty() ? "system" : std::string(user));
    if (const auto millis = numberAt(tape, *event, {"occurred_at", "millis"}); millis.has_value())
        add(timeText(*millis));
    return title;
}

std::string commentTitle(const JsonTape& tape, const NameIndex& names)
{
    const auto object = nodeAt(tape, 0, {"key", "object"});
    if (!object.has_value() || tape.nodes()[*object].type != JsonType::Object || tape.nodes()[*object].children != 1)
        return "comment";
    const auto target = *object + 1;
    const auto variant = tape.nodes()[target].name;
    std::string title;
    if (variant == "Schema") {
        const auto schema = nodeAt(tape, target, {"schema"});
        const auto id = schema.has_value() ? idText(tape, *schema).value_or(std::string()) : std::string();
        title = nameOr(names, Of::Schema, id);
    } else if (variant == "ClusterReplica") {
        const auto replica = nodeAt(tape, target, {"replica_id"});
        const auto id = replica.has_value() ? idText(tape, *replica).value_or(std::string()) : std::string();
        title = nameOr(names, Of::Replica, id);
    } else {
        const auto id = idText(tape, target).value_or(std::string());
        const auto of = variant == "Role" ? Of::Role
            : variant == "Database"       ? Of::Database
            : variant == "Cluster"        ? Of::Cluster
            : variant == "NetworkPolicy"  ? Of::NetworkPolicy
                                          : Of::Item;
        title = nameOr(names, of, id);
    }
    if (const auto column = numberAt(tape, 0, {"key", "sub_component", "ColumnPos"}); column.has_value())
        title += ".column " + std::to_string(*column);
    return title;
}

std::string defaultPrivilegesTitle(const JsonTape& tape, const NameIndex& names)
{
    const auto role = [&](std::string_view field) { return nameOr(names, Of::Role, idAt(tape, {"key", field})); };
    return role("role_id") + " grants " + role("grantee") + " "
        + privilegeNames(numberAt(tape, 0, {"value", "privileges", "bitflags"}).value_or(0));
}

std::string titleByCollection(const RowTyper& row, const NameIndex& names)
{
    const auto& tape = row.tape();
    const auto own = [&](Of of, std::string_view idField, std::string_view nameField) {
        const auto id = idAt(tape, {"key", idField});
        if (auto name = names.nameOf(of, id); name.has_value())
            return *name;
        const auto name = textAt(tape, 0, {"value", nameField});
        return name.empty() ? id : std::string(name);
    };
    const auto text = [&](std::initializer_list<std::string_view> path) { return std::string(textAt(tape, 0, path)); };
    switch (row.collection()->type) {
    case CollectionType::AuditLog:
        return auditTitle(row);
    case CollectionType::ComputeInstance:
        return own(Of::Cluster, "id", "name");
    case CollectionType::ComputeIntrospectionSourceIndex:
        return joined({nameOr(names, Of::Cluster, idAt(tape, {"key", "cluster_id"})), text({"key", "name"})});
    case CollectionType::ComputeReplicas:
        return own(Of::Replica, "id", "name");
    case CollectionType::Comments:
        return commentTitle(tape, names);
    case CollectionType::Config:
        return text({"key", "key"});
    case CollectionType::Database:
        return own(Of::Database, "id", "name");
    case CollectionType::DefaultPrivileges:
        return defaultPrivilegesTitle(tape, names);
    case CollectionType::Item:
        return own(Of::Item, "gid", "name");
    case CollectionType::NetworkPolicy:
        return own(Of::NetworkPolicy, "id", "name");
    case CollectionType::Role:
        return own(Of::Role, "id", "name");
    case CollectionType::RoleAuth:
        return nameOr(names, Of::Role, idAt(tape, {"key", "id"}));
    case CollectionType::Schema:
        return own(Of::Schema, "id", "name");
    case CollectionType::IdAlloc:
    case CollectionType::Setting:
    case CollectionType::SystemConfiguration:
        return text({"key", "name"});
    case CollectionType::SourceReferences:
        return nameOr(names, Of::Item, idAt(tape, {"key", "source"}));
    case CollectionType::ClusterSystemConfiguration:
        return joined({nameOr(names, Of::Cluster, idAt(tape, {"key", "cluster_id"})), text({"key", "name"})});
    case CollectionType::ReplicaSystemConfiguration:
        return joined({nameOr(names, Of::Replica, idAt(tape, {"key", "replica_id"})), text({"key", "name"})});
    case CollectionType::SystemGidMapping:
        return joined({text({"key", "schema_name"}), text({"key", "object_name"})});
    case CollectionType::SystemPrivileges:
        return nameOr(names, Of::Role, idAt(tape, {"key", "grantee"})) + " by "
            + nameOr(names, Of::Role, idAt(tape, {"key", "grantor"})) + " "
            + privilegeNames(numberAt(tape, 0, {"value", "acl_mode", "bitflags"}).value_or(0));
    case CollectionType::StorageCollectionMetadata: {
        const auto id = idAt(tape, {"key", "id"});
        return names.nameOf(Of::GlobalId, id).value_or("(orphan) " + id);
    }
    case CollectionType::UnfinalizedShard:
        return text({"key", "shard"});
    case CollectionType::TxnWalShard:
        return text({"value", "shard"});
    }
    return {};
}

} // namespace

void NameIndex::add(Of of, const JsonTape& tape, std::uint32_t id, std::string name)
{
    if (const auto text = idText(tape, id); text.has_value() && !name.empty())
        m_names[static_cast<std::size_t>(of)].emplace(*text, std::move(name));
}

NameIndex::NameIndex(const persist::Updates& consolidated, const SchemaPtr& schema)
{
    // Names are built from names: databases before schemas before items, clusters before replicas.
    constexpr std::array kOrder {
        CollectionType::Database,
        CollectionType::Schema,
        CollectionType::Item,
        CollectionType::ComputeInstance,
        CollectionType::ComputeReplicas,
        CollectionType::Role,
        CollectionType::NetworkPolicy,
        CollectionType::SystemGidMapping,
        CollectionType::ComputeIntrospectionSourceIndex,
    };
    std::array<std::vector<std::uint32_t>, kCollectionCount> rows;
    for (std::uint32_t i = 0; i < consolidated.size(); ++i) {
        const auto* collection = collectionOfKind(codec::kindOf(consolidated.rows[i]));
        if (collection != nullptr && collection->type != CollectionType::AuditLog && consolidated.diffOf(i) > 0)
            rows[static_cast<std::size_t>(collection->type)].push_back(i);
    }
    const bool isIntrospectionOwn = schema->version() >= 73; // ids of their own from there on (catalog-model §5.6)
    JsonTape tape;
    for (const auto type : kOrder) {
        for (const auto i : rows[static_cast<std::size_t>(type)]) {
            if (!tape.parse(consolidated.rows[i]).has_value())
                continue;
            const auto id = nodeAt(tape, 0, {"key", type == CollectionType::Item ? "gid" : "id"});
            const auto name = textAt(tape, 0, {"value", "name"});
            const auto parent = [&](Of of, std::string_view field) {
                return nameOf(of, idAt(tape, {"value", field})).value_or(std::string());
            };
            const auto addSystem = [&](std::string_view prefix, std::string_view field, Of of,
                                       const std::string& full) {
                if (const auto text = systemIdAt(tape, prefix, field); !text.empty())
                    m_names[static_cast<std::size_t>(of)].emplace(text, full);
            };
            switch (type) {
            case CollectionType::SystemGidMapping: {
                const auto full =
                    joined({textAt(tape, 0, {"key", "schema_name"}), textAt(tape, 0, {"key", "object_name"})});
                addSystem("s", "catalog_id", Of::Item, full);
                addSystem("s", "id", Of::Item, full);
                addSystem("s", "global_id", Of::GlobalId, full);
                continue;
            }
            case CollectionType::ComputeIntrospectionSourceIndex: {
                const auto full = joined({"mz_introspection", textAt(tape, 0, {"key", "name"})});
                const auto* const prefix = isIntrospectionOwn ? "si" : "s";
                addSystem(prefix, "catalog_id", Of::Item, full);
                addSystem(prefix, "index_id", Of::Item, full);
                addSystem(prefix, "global_id", Of::GlobalId, full);
                continue;
            }
            default:
                break;
            }
            if (!id.has_value())
                continue;
            switch (type) {
            case CollectionType::Database:
                add(Of::Database, tape, *id, std::string(name));
                break;
            case CollectionType::Schema:
                add(Of::Schema, tape, *id, joined({parent(Of::Database, "database_id"), name}));
                break;
            case CollectionType::Item: {
                const auto full = joined({parent(Of::Schema, "schema_id"), name});
                add(Of::Item, tape, *id, full);
                if (const auto global = nodeAt(tape, 0, {"value", "global_id"}); global.has_value())
                    add(Of::GlobalId, tape, *global, full);
                else
                    add(Of::GlobalId, tape, *id, full); // before version 68 one id was both
                const auto versions = nodeAt(tape, 0, {"value", "extra_versions"});
                if (!versions.has_value())
                    break;
                const auto& nodes = tape.nodes();
                for (auto each = *versions + 1; each < nodes[*versions].next; each = nodes[each].next) {
                    if (const auto global = nodeAt(tape, each, {"global_id"}); global.has_value())
                        add(Of::GlobalId, tape, *global, full);
                }
                break;
            }
            case CollectionType::ComputeInstance:
                add(Of::Cluster, tape, *id, std::string(name));
                break;
            case CollectionType::ComputeReplicas:
                add(Of::Replica, tape, *id, joined({parent(Of::Cluster, "cluster_id"), name}));
                break;
            case CollectionType::Role:
                add(Of::Role, tape, *id, std::string(name));
                break;
            default:
                add(Of::NetworkPolicy, tape, *id, std::string(name));
            }
        }
    }
}

std::optional<std::string> NameIndex::nameOf(Of of, std::string_view id) const
{
    if (of == Of::Role && id == "p")
        return "public";
    const auto& names = m_names[static_cast<std::size_t>(of)];
    const auto found = names.find(id);
    return found == names.end() ? std::nullopt : std::optional(found->second);
}

std::string titleOf(const RowTyper& row, const NameIndex& names)
{
    const auto& tape = row.tape();
    if (row.kind() == kFenceTokenKind) {
        return "generation " + std::to_string(numberAt(tape, 0, {"deploy_generation"}).value_or(0)) + ", epoch "
            + std::to_string(numberAt(tape, 0, {"epoch"}).value_or(0));
    }
    if (row.collection() == nullptr)
        return std::string(row.kind());
    auto title = titleByCollection(row, names);
    if (title.empty())
        title = row.collection()->name;
    return title;
}

} // namespace inspector::catalog
