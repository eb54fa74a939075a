#include "core/catalog/collection.h"

#include <algorithm>

namespace inspector::catalog {

namespace {

using Type = CollectionType;

// catalog-model §5.1: name, kind, field of the trace, field of the snapshot, title, help, since, large, key, value.
constexpr std::array<Collection, kCollectionCount> kCollections {{
    {Type::AuditLog, "audit_log", "AuditLog", "audit_log", "", "Audit log",
     "One event for each change that somebody made with SQL, never altered afterwards.", 0, true, true, false},
    {Type::ComputeInstance, "compute_instance", "Cluster", "clusters", "clusters", "Clusters",
     "Pools of compute that run dataflows, managed or not.", 0, false, true, true},
    {Type::ComputeIntrospectionSourceIndex, "compute_introspection_source_index", "ClusterIntrospectionSourceIndex",
     "introspection_sources", "introspection_sources", "Introspection source indexes",
     "The index that each cluster keeps on each of its logs.", 0, false, true, true},
    {Type::ComputeReplicas, "compute_replicas", "ClusterReplica", "cluster_replicas", "cluster_replicas",
     "Cluster replicas", "The replicas of clusters, with their sizes and places.", 0, false, true, true},
    {Type::Comments, "comments", "Comment", "comments", "comments", "Comments",
     "What COMMENT ON said about objects and their columns.", 0, false, true, true},
    {Type::Config, "config", "Config", "configs", "configs", "Config",
     "Numbers that any version can read before it opens the catalog, the catalog version among them.", 0, false, true,
     true},
    {Type::Database, "database", "Database", "databases", "databases", "Databases",
     "Databases with their owners and privileges.", 0, false, true, true},
    {Type::DefaultPrivileges, "default_privileges", "DefaultPrivileges", "default_privileges", "default_privileges",
     "Default privileges", "Privileges that new objects get by themselves.", 0, false, true, true},
    {Type::IdAlloc, "id_alloc", "IdAlloc", "id_allocator", "id_allocator", "Id allocators",
     "The next free number of every kind of id.", 0, false, true, true},
    {Type::Item, "item", "Item", "items", "items", "Items",
     "Tables, sources, sinks, views, indexes, types, functions, secrets and connections.", 0, false, true, true},
    {Type::NetworkPolicy, "network_policy", "NetworkPolicy", "network_policies", "network_policies", "Network policies",
     "From which addresses connections are accepted.", 69, false, true, true},
    {Type::Role, "role", "Role", "roles", "roles", "Roles", "Roles with their attributes, memberships and variables.",
     0, false, true, true},
    {Type::RoleAuth, "role_auth", "RoleAuth", "role_auth", "role_auth", "Role passwords",
     "The password hashes of roles that log in with one.", 74, false, true, true},
    {Type::Schema, "schema", "Schema", "schemas", "schemas", "Schemas",
     "Schemas of databases, and the system's own that belong to none.", 0, false, true, true},
    {Type::Setting, "setting", "Setting", "settings", "settings", "Settings",
     "Texts that any version can read before it opens the catalog, such as the content version.", 0, false, true, true},
    {Type::SourceReferences, "source_references", "SourceReferences", "source_references", "source_references",
     "Source references", "The upstream tables that a source can ingest.", 0, false, true, true},
    {Type::SystemConfiguration, "system_configuration", "ServerConfiguration", "system_configurations",
     "system_configurations", "System configuration", "Server parameters that differ from their defaults.", 0, false,
     true, true},
    {Type::ClusterSystemConfiguration, "cluster_system_configuration", "ClusterSystemConfiguration",
     "cluster_system_configurations", "cluster_system_configurations", "Cluster configuration",
     "Server parameters that hold for one cluster.", 86, false, true, true},
    {Type::ReplicaSystemConfiguration, "replica_system_configuration", "ReplicaSystemConfiguration",
     "replica_system_configurations", "replica_system_configurations", "Replica configuration",
     "Server parameters that hold for one replica.", 86, false, true, true},
    {Type::SystemGidMapping, "system_gid_mapping", "GidMapping", "system_object_mappings", "system_object_mappings",
     "System object mappings", "The ids of the builtin objects of this release.", 0, false, true, true},
    {Type::SystemPrivileges, "system_privileges", "SystemPrivileges", "system_privileges", "system_privileges",
     "System privileges", "Privileges on the system as a whole.", 0, false, true, true},
    {Type::StorageCollectionMetadata, "storage_collection_metadata", "StorageCollectionMetadata",
     "storage_collection_metadata", "storage_collection_metadata", "Storage metadata",
     "Which shard holds the data of which object.", 0, false, true, true},
    {Type::UnfinalizedShard, "unfinalized_shard", "UnfinalizedShard", "unfinalized_shards", "unfinalized_shards",
     "Unfinalized shards", "Shards of dropped objects that are not deleted yet.", 0, false, true, false},
    {Type::TxnWalShard, "txn_wal_shard", "TxnWalShard", "txn_wal_shard", "txn_wal_shard", "Transaction log shard",
     "The shard of the log that transactions across tables go through.", 0, false, false, true},
}};

constexpr auto kByName = [] {
    std::array<CollectionType, kCollectionCount> types {};
    for (std::size_t i = 0; i < kCollectionCount; ++i)
        types[i] = kCollections[i].type;
    std::sort(types.begin(), types.end(), [](CollectionType a, CollectionType b) {
        return kCollections[static_cast<std::size_t>(a)].name < kCollections[static_cast<std::size_t>(b)].name;
    });
    return types;
}();

/// A number that differs for every known kind, of a few bytes of it.
constexpr std::size_t slotOf(std::string_view kind)
{
    const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(kind[i])); };
    return (kind.size() + byte(0) + byte(kind.size() / 2) * 5 + byte(kind.size() - 3)) % 256;
}

constexpr std::uint8_t kNone = 0xff;

/// The collection whose kind falls on a slot, if any.
constexpr auto kSlots = [] {
    std::array<std::uint8_t, 256> slots {};
    slots.fill(kNone);
    for (std::size_t i = 0; i < kCollectionCount; ++i)
        slots[slotOf(kCollections[i].kind)] = static_cast<std::uint8_t>(i);
    return slots;
}();

constexpr bool everyKindHasItsSlot()
{
    for (std::size_t i = 0; i < kCollectionCount; ++i) {
        if (kSlots[slotOf(kCollections[i].kind)] != i || static_cast<std::size_t>(kCollections[i].type) != i)
            return false;
    }
    return true;
}
static_assert(everyKindHasItsSlot(), "two kinds share a slot, or the table is out of order");

} // namespace

std::span<const Collection, kCollectionCount> collections()
{
    return kCollections;
}

const Collection& collectionOf(CollectionType type)
{
    return kCollections[static_cast<std::size_t>(type)];
}

const Collection* collectionNamed(std::string_view name)
{
    const auto* const found = std::find_if(kCollections.begin(), kCollections.end(),
                                           [&](const Collection& collection) { return collection.name == name; });
    return found == kCollections.end() ? nullptr : found;
}

const Collection* collectionOfKind(std::string_view kind)
{
    if (kind.size() < 4)
        return nullptr;
    const auto index = kSlots[slotOf(kind)];
    return index != kNone && kCollections[index].kind == kind ? &kCollections[index] : nullptr;
}

std::span<const CollectionType, kCollectionCount> collectionsByName()
{
    return kByName;
}

} // namespace inspector::catalog
