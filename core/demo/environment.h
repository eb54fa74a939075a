#pragma once

#include "core/demo/row_spelling.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace inspector::demo {

/// A column of a relation: its name, and its type by the name of a builtin type.
struct Column
{
    const char* name;
    const char* type;
    bool isNullable = true;
};
using Columns = std::vector<Column>;

enum class ItemKind : std::uint8_t {
    Table,
    SourceTable, ///< fed by a source: a table from v82 on, a subsource before
    Source,
    Progress, ///< the progress subsource of a source
    View,
    MaterializedView,
    Index,
    Sink,
    Type,
    Secret,
    Connection,
};
inline constexpr std::size_t kItemKinds = 11;

/// What a source, a connection, a sink or a view is in particular; decides the text of its create_sql.
enum class Flavour : std::uint8_t {
    None,
    Postgres,
    MySql,
    Kafka,
    SchemaRegistry,
    SshTunnel,
    LoadGenerator,
    Webhook,
    Filter,    ///< a view of some of its relation's rows
    Aggregate, ///< a view of sums by a column
    Join,      ///< a view over two relations
    Temporary, ///< of a session
};

/// The place of a thing in one of the environment's lists: it keeps it for good.
using Slot = std::uint32_t;
inline constexpr Slot kNone = UINT32_MAX;

/// A reference from an item to another, at a version of it where it has several.
struct Use
{
    Slot item = kNone;
    std::uint32_t version = 0;
};

struct Item
{
    std::uint64_t id = 0; ///< its CatalogItemId and first GlobalId
    std::uint64_t globalId = 0;
    std::vector<std::uint64_t> laterGlobalIds;
    ItemKind kind = ItemKind::Table;
    Flavour flavour = Flavour::None;
    bool isLive = true;
    Slot schema = kNone;
    Slot cluster = kNone;
    std::uint32_t oid = 0;
    std::uint32_t detail = 0; ///< a number that picks details of the text
    std::string name;
    RoleRef owner;
    Privileges privileges;
    Columns columns; ///< of relations
    std::vector<Use> uses;
    std::vector<Slot> usedBy;
    std::string shard; ///< where its data lies; empty for items without
    std::vector<std::string> laterShards;
    std::string session;        ///< of a temporary item
    std::uint32_t place = 0;    ///< where it stands among the live ones of its kind
    std::uint64_t comments = 0; ///< bit 0: on itself; bit n: on its column n
};

struct Role
{
    std::uint64_t id = 0;
    RowSpelling::RoleFacts facts;
    bool isLive = true;
    bool hasPassword = false;
    bool hasComment = false;
};

struct Database
{
    std::uint64_t id = 0;
    std::string name;
    RoleRef owner;
    Privileges privileges;
    std::uint32_t oid = 0;
    bool isLive = true;
    bool hasComment = false;
};

struct Schema
{
    std::uint64_t id = 0;
    Slot database = kNone; ///< kNone: the one of temporary items
    std::string name;
    RoleRef owner;
    Privileges privileges;
    std::uint32_t oid = 0;
    bool isLive = true;
    bool hasComment = false;
    std::set<std::string, std::less<>> names; ///< of its items
};

struct Replica
{
    std::uint64_t id = 0;
    std::string name;
    ReplicaShape shape;
    std::set<std::string> parameters; ///< that are set for it alone
};

struct Cluster
{
    std::uint64_t id = 0;
    bool isSystem = false;
    std::string name;
    ClusterShape shape;
    RoleRef owner;
    Privileges privileges;
    std::vector<Replica> replicas;
    bool isLive = true;
    bool hasComment = false;
    std::set<std::string> parameters; ///< that are set for it alone
    std::uint32_t items = 0;          ///< that run on it
};

struct NetworkPolicy
{
    std::uint64_t id = 0;
    std::string name;
    std::vector<std::pair<std::string, std::string>> rules;
    RoleRef owner;
    Privileges privileges;
    std::uint32_t oid = 0;
};

/// What the demo's catalog holds, as the coordinator would remember it. What Ddl changes in a transaction is changed
/// here, too; the numbers are those of the allocators.
struct Environment
{
    std::vector<Role> roles;
    std::vector<Database> databases;
    std::vector<Schema> schemas;
    std::vector<Cluster> clusters;
    std::vector<NetworkPolicy> policies;
    std::vector<Item> items;
    std::vector<std::vector<Slot>> liveItems = std::vector<std::vector<Slot>>(kItemKinds); ///< by kind
    std::uint64_t liveItemCount = 0;
    std::vector<std::string> unfinalizedShards;
    std::map<std::string, std::string> parameters; ///< system configuration
    std::map<std::string, std::uint64_t> nextIds;  ///< of the allocators, by name; "oid" too
    Slot temporarySchema = kNone;

    [[nodiscard]] std::vector<Slot>& live(ItemKind kind) { return liveItems[static_cast<std::size_t>(kind)]; }
    [[nodiscard]] const std::vector<Slot>& live(ItemKind kind) const
    {
        return liveItems[static_cast<std::size_t>(kind)];
    }
    [[nodiscard]] std::uint64_t auditRows() const
    {
        const auto next = nextIds.find("auditlog");
        return next == nextIds.end() ? 0 : next->second - 1;
    }
    [[nodiscard]] std::string databaseNameOf(const Item& item) const;

    /// Takes a new item among the live ones; its index.
    Slot add(Item item);
    /// Takes a live item out; what it used forgets it.
    void drop(Slot index);
};

} // namespace inspector::demo
