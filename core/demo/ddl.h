#pragma once

#include "core/base/result.h"
#include "core/catalog/transaction.h"
#include "core/demo/dice.h"
#include "core/demo/environment.h"
#include "core/demo/row_spelling.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace inspector::demo {

/// Numbers of catalog-model §5.10 for audit events.
enum class EventType : int { Create = 1, Drop = 2, Alter = 3, Grant = 4, Revoke = 5, Comment = 6 };
enum class Audited : int {
    Cluster = 1,
    ClusterReplica = 2,
    Connection = 3,
    Database = 4,
    Index = 6,
    MaterializedView = 7,
    Role = 8,
    Secret = 9,
    Schema = 10,
    Sink = 11,
    Source = 12,
    Table = 13,
    Type = 14,
    View = 15,
    System = 16,
    NetworkPolicy = 18,
};

/// SQL's statements as the rows that they change and the audit events that they leave: each function is a statement of
/// the coordinator in one transaction of the durable catalog, with the environment kept in step. Ids are counted in
/// the environment and drawn from the allocators by finish(). An error leaves the transaction for nothing but to be
/// dropped.
class Ddl
{
public:
    Ddl(Environment& environment, const RowSpelling& spelling, catalog::Transaction& to, Dice& dice)
        : m_environment(environment)
        , m_spelling(spelling)
        , m_to(to)
        , m_dice(dice)
    {
    }

    /// Whose statements and when: occurred_at of the events that follow. kSystemRole is nobody.
    void begin(RoleRef user, std::uint64_t nowMs);
    [[nodiscard]] RoleRef user() const { return m_user; }
    [[nodiscard]] std::uint64_t nowMs() const { return m_nowMs; }
    [[nodiscard]] bool hasTemporaryItems() const { return m_spelling.isAtLeast(91); }

    // What a first start does by itself.
    [[nodiscard]] Result<> mapBuiltins();
    [[nodiscard]] Result<> createTxnWal();

    // Roles and what they may.
    [[nodiscard]] Result<Slot> createRole(const std::string& name, bool mayLogIn, bool isFromProvider);
    [[nodiscard]] Result<> setPassword(Slot role);
    [[nodiscard]] Result<> grantRole(Slot role, Slot member);
    [[nodiscard]] Result<> revokeRole(Slot role, Slot member);
    [[nodiscard]] Result<> setRoleVariable(Slot role, const std::string& name, const std::vector<std::string>& values);
    [[nodiscard]] Result<> dropRole(Slot role);
    [[nodiscard]] Result<> grantSystem(Slot role, std::uint64_t mode);
    [[nodiscard]] Result<> alterDefaultPrivileges(RoleRef creator, std::optional<Slot> database, int objectType,
                                                  Audited audited, RoleRef grantee, std::uint64_t mode);

    // Databases, schemas, policies.
    [[nodiscard]] Result<Slot> createDatabase(const std::string& name);
    [[nodiscard]] Result<> renameDatabase(Slot database, const std::string& name);
    [[nodiscard]] Result<> dropDatabase(Slot database); ///< without schemas
    [[nodiscard]] Result<Slot> createSchema(Slot database, const std::string& name);
    /// The items of the schema and what refers to them are rewritten.
    [[nodiscard]] Result<> renameSchema(Slot schema, const std::string& name);
    [[nodiscard]] Result<> dropSchema(Slot schema); ///< without items
    [[nodiscard]] Result<> createNetworkPolicy(const std::string& name,
                                               const std::vector<std::pair<std::string, std::string>>& rules);
    [[nodiscard]] Result<> alterNetworkPolicy(Slot policy,
                                              const std::vector<std::pair<std::string, std::string>>& rules);

    // Clusters.
    [[nodiscard]] Result<Slot> createCluster(const std::string& name, const ClusterShape& shape, bool isSystem = false);
    [[nodiscard]] Result<> renameCluster(Slot cluster, const std::string& name);
    /// Replicas of the new size come, the old ones go; from v88 on as a reconfiguration.
    [[nodiscard]] Result<> resizeCluster(Slot cluster, const std::string& size, std::uint32_t replicationFactor);
    [[nodiscard]] Result<> dropCluster(Slot cluster); ///< without items
    /// A scheduled cluster is turned on for a refresh and off again: two events, and no replica stays.
    [[nodiscard]] Result<> refreshCluster(Slot cluster, const std::string& needs, std::uint64_t offMs);
    /// From v88 on: a burst of a larger size while it hydrates.
    [[nodiscard]] Result<> burstCluster(Slot cluster, std::uint64_t endMs);

    // Items.
    [[nodiscard]] Result<Slot> createItem(Item item);
    [[nodiscard]] Result<> dropItem(Slot item); ///< and its indexes; nothing else may use it
    /// A source with its progress and everything it feeds.
    [[nodiscard]] Result<> dropSource(Slot source);
    [[nodiscard]] Result<> renameItem(Slot item, const std::string& name);
    [[nodiscard]] Result<> addColumn(Slot table, const Column& column); ///< from v85 on
    [[nodiscard]] Result<> setCluster(Slot item, Slot cluster);         ///< from v80 on: before, nobody was told
    [[nodiscard]] Result<> rotateKeys(Slot connection);
    [[nodiscard]] Result<> setRetainHistory(Slot item, const std::string& history);
    [[nodiscard]] Result<> commentOn(Slot item, std::optional<std::uint64_t> column,
                                     std::optional<std::string_view> text);
    [[nodiscard]] Result<> changeOwner(Slot item, RoleRef owner);
    [[nodiscard]] Result<> grantOn(Slot item, RoleRef grantee, std::uint64_t mode);
    [[nodiscard]] Result<> revokeOn(Slot item, RoleRef grantee);
    [[nodiscard]] Result<> grantOnSchema(Slot schema, RoleRef grantee, std::uint64_t mode);
    [[nodiscard]] Result<> setSourceReferences(Slot source, const std::vector<std::uint64_t>& nouns);

    // Comments on what is no item.
    [[nodiscard]] Result<> commentOnSchema(Slot schema, std::string_view text);
    [[nodiscard]] Result<> commentOnDatabase(Slot database, std::string_view text);
    [[nodiscard]] Result<> commentOnCluster(Slot cluster, std::string_view text);
    [[nodiscard]] Result<> commentOnRole(Slot role, std::string_view text);

    // Parameters, configs, settings.
    [[nodiscard]] Result<> alterSystem(const std::string& name, const std::optional<std::string>& value);
    [[nodiscard]] Result<> setClusterParameter(Slot cluster, const std::string& name, const std::string& value);
    [[nodiscard]] Result<> setReplicaParameter(Slot cluster, const std::string& name, const std::string& value);
    [[nodiscard]] Result<> setConfig(const std::string& key, std::uint64_t value);

    /// Shards of dropped collections are gone for good: up to `count`, oldest first.
    [[nodiscard]] Result<> finalizeShards(std::size_t count);

    /// Draws from the allocators what was counted, and takes the op's updates: the transaction is ready to be
    /// committed. Internal when an allocator is elsewhere than the environment thinks.
    [[nodiscard]] Result<> finish();

    /// A new shard's id.
    [[nodiscard]] std::string shard() { return "s" + m_dice.uuid(); }

private:
    using Type = catalog::CollectionType;

    std::uint64_t next(const std::string& allocator) { return m_environment.nextIds[allocator]++; }
    std::uint32_t nextOid() { return static_cast<std::uint32_t>(next("oid")); }

    [[nodiscard]] Result<> event(EventType what, Audited of, std::string_view variant, const std::string& details);
    [[nodiscard]] Result<> idName(EventType what, Audited of, const std::string& id, const std::string& name);
    [[nodiscard]] Result<> granted(EventType what, Audited on, const std::string& objectId, const Privilege& privilege);
    [[nodiscard]] Result<> idFullName(EventType what, const Item& item);
    [[nodiscard]] std::string fullName(const Item& item, const std::string& name) const;
    [[nodiscard]] std::string userName() const;
    [[nodiscard]] bool isSubsource(const Item& item) const; ///< a source's table, as before v82
    [[nodiscard]] Audited auditedOf(const Item& item) const;

    [[nodiscard]] std::string clusterId(const Cluster& cluster) const;
    [[nodiscard]] static std::string idText(const Cluster& cluster);
    [[nodiscard]] Result<> writeCluster(const Cluster& cluster);
    [[nodiscard]] std::string replicaId(const Cluster& cluster, std::uint64_t replica) const;
    [[nodiscard]] Result<> createReplica(Cluster& cluster, const std::string& name, const ReplicaShape& shape,
                                         std::string_view reason);
    [[nodiscard]] Result<> dropLastReplica(Cluster& cluster, std::string_view reason);
    [[nodiscard]] Result<> tellReplicaCreated(const Cluster& cluster, const Replica& replica, std::string_view reason,
                                              const std::string& policies);
    [[nodiscard]] Result<> tellReplicaDropped(const Cluster& cluster, const Replica& replica, std::string_view reason,
                                              const std::string& policies);
    [[nodiscard]] Result<> createIntrospectionIndexes(const Cluster& cluster);
    [[nodiscard]] static std::string policies(const std::string& needs, bool isOn);
    [[nodiscard]] Result<> reconfigured(const Cluster& cluster, std::string_view transition);

    [[nodiscard]] Result<> writeRole(const Role& role);
    [[nodiscard]] Result<> writeDatabase(const Database& database);
    [[nodiscard]] Result<> writeSchema(const Schema& schema);
    [[nodiscard]] std::string schemaId(const Schema& schema) const;
    [[nodiscard]] Result<> writeItem(const Item& item);
    [[nodiscard]] std::string itemValue(const Item& item) const;
    /// Everything that names one of `changed` in its text.
    [[nodiscard]] Result<> rewriteUsersOf(const std::vector<Slot>& changed);
    [[nodiscard]] Result<> addShard(std::uint64_t globalId, const std::string& shard);
    [[nodiscard]] Result<> removeShard(std::uint64_t globalId, const std::string& shard);
    [[nodiscard]] Result<> tellOfCreation(const Item& item);
    [[nodiscard]] Result<> dropOne(Slot item);
    [[nodiscard]] Result<> comment(Audited of, std::string_view target, const std::string& payload,
                                   const std::string& debugId, const std::string& name,
                                   std::optional<std::uint64_t> column, std::optional<std::string_view> text);

    Environment& m_environment;
    const RowSpelling& m_spelling;
    catalog::Transaction& m_to;
    Dice& m_dice;
    RoleRef m_user = kSystemRole;
    std::uint64_t m_nowMs = 0;
};

/// What an environment has right after a catalog was initialised (catalog-model §7), for the demo's bootstrap role
/// `role`, its clusters' size `size` and one replica.
[[nodiscard]] Environment initialEnvironment(const std::string& role, const std::string& size);

} // namespace inspector::demo
