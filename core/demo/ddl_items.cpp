#include "core/demo/create_sql.h"
#include "core/demo/ddl.h"
#include "core/demo/json_text.h"

#include <algorithm>

namespace inspector::demo {

namespace {

constexpr std::uint64_t kPlainClusterIds = 80; ///< of AlterSetClusterV1
constexpr std::uint64_t kTablesFromSources = 82;
constexpr std::uint64_t kColumnEvents = 85;

/// How a comment's key calls an item (catalog-model §5.4).
std::string_view commentTarget(ItemKind kind, std::uint64_t version)
{
    switch (kind) {
    case ItemKind::Table:
        return "Table";
    case ItemKind::SourceTable:
        return version >= kTablesFromSources ? "Table" : "Source";
    case ItemKind::Source:
    case ItemKind::Progress:
        return "Source";
    case ItemKind::View:
        return "View";
    case ItemKind::MaterializedView:
        return "MaterializedView";
    case ItemKind::Index:
        return "Index";
    case ItemKind::Sink:
        return "Sink";
    case ItemKind::Type:
        return "Type";
    case ItemKind::Secret:
        return "Secret";
    case ItemKind::Connection:
        return "Connection";
    }
    return {};
}

bool holdsData(ItemKind kind)
{
    return kind == ItemKind::Table || kind == ItemKind::SourceTable || kind == ItemKind::Source
        || kind == ItemKind::Progress || kind == ItemKind::MaterializedView;
}

/// What an owner may do.
std::uint64_t ownersMode(ItemKind kind)
{
    switch (kind) {
    case ItemKind::Table:
        return kInsert | kSelect | kUpdate | kDelete;
    case ItemKind::Index:
    case ItemKind::Sink:
        return 0;
    case ItemKind::Type:
    case ItemKind::Secret:
    case ItemKind::Connection:
        return kUsage;
    default:
        return kSelect;
    }
}

Privileges privilegesOf(ItemKind kind, RoleRef owner)
{
    const auto mode = ownersMode(kind);
    if (mode == 0)
        return {};
    Privileges privileges {{owner, owner, mode}};
    if ((mode & kSelect) != 0)
        privileges.insert(privileges.begin(), {kSupportRole, owner, kSelect});
    if (kind == ItemKind::Type)
        privileges.insert(privileges.begin(), {kEverybody, owner, kUsage});
    return privileges;
}

std::string_view externalType(const Item& item)
{
    if (item.kind == ItemKind::Progress || item.kind == ItemKind::SourceTable)
        return "subsource";
    switch (item.flavour) {
    case Flavour::MySql:
        return "mysql";
    case Flavour::LoadGenerator:
        return "load-generator";
    case Flavour::Webhook:
        return "webhook";
    case Flavour::Postgres:
        return "postgres";
    default:
        return "kafka";
    }
}

} // namespace

bool Ddl::isSubsource(const Item& item) const
{
    return item.kind == ItemKind::SourceTable && !m_spelling.isAtLeast(kTablesFromSources);
}

Audited Ddl::auditedOf(const Item& item) const
{
    switch (item.kind) {
    case ItemKind::Table:
        return Audited::Table;
    case ItemKind::SourceTable:
        return isSubsource(item) ? Audited::Source : Audited::Table;
    case ItemKind::Source:
    case ItemKind::Progress:
        return Audited::Source;
    case ItemKind::View:
        return Audited::View;
    case ItemKind::MaterializedView:
        return Audited::MaterializedView;
    case ItemKind::Index:
        return Audited::Index;
    case ItemKind::Sink:
        return Audited::Sink;
    case ItemKind::Type:
        return Audited::Type;
    case ItemKind::Secret:
        return Audited::Secret;
    case ItemKind::Connection:
        return Audited::Connection;
    }
    return Audited::System;
}

std::string Ddl::fullName(const Item& item, const std::string& name) const
{
    return object({{"database", quoted(m_environment.databaseNameOf(item))},
                   {"item", quoted(name)},
                   {"schema", quoted(m_environment.schemas[item.schema].name)}});
}

std::string Ddl::itemValue(const Item& item) const
{
    RowSpelling::ItemFacts facts;
    facts.schemaId = schemaId(m_environment.schemas[item.schema]);
    facts.name = item.name;
    facts.createSql = createSqlOf(m_environment, item, m_spelling.version());
    facts.owner = item.owner;
    facts.privileges = &item.privileges;
    facts.oid = item.oid;
    facts.globalId = item.globalId;
    facts.laterGlobalIds = item.laterGlobalIds;
    if (!item.session.empty())
        facts.session = item.session;
    return m_spelling.item(facts);
}

Result<> Ddl::writeItem(const Item& item)
{
    INSPECTOR_CHECK(m_to.set(Type::Item, m_spelling.itemKey(item.id), itemValue(item)));
    return {};
}

Result<> Ddl::idFullName(EventType what, const Item& item)
{
    return event(what, auditedOf(item), "IdFullNameV1",
                 object({{"id", quoted("u" + number(item.id))}, {"name", fullName(item, item.name)}}));
}

Result<> Ddl::addShard(std::uint64_t globalId, const std::string& shard)
{
    return m_to.insert(Type::StorageCollectionMetadata, m_spelling.idKey(m_spelling.userId(globalId)),
                       object({{"shard", quoted(shard)}}));
}

Result<> Ddl::removeShard(std::uint64_t globalId, const std::string& shard)
{
    INSPECTOR_CHECK(m_to.remove(Type::StorageCollectionMetadata, m_spelling.idKey(m_spelling.userId(globalId))));
    INSPECTOR_CHECK(m_to.insert(Type::UnfinalizedShard, object({{"shard", quoted(shard)}}), kNull));
    m_environment.unfinalizedShards.push_back(shard);
    return {};
}

Result<Slot> Ddl::createItem(Item item)
{
    item.id = next("user");
    item.globalId = item.id;
    item.oid = nextOid();
    item.owner = m_user;
    item.privileges = privilegesOf(item.kind, m_user);
    INSPECTOR_CHECK(m_to.insert(Type::Item, m_spelling.itemKey(item.id), itemValue(item)));
    if (holdsData(item.kind)) {
        item.shard = shard();
        INSPECTOR_CHECK(addShard(item.globalId, item.shard));
    }
    INSPECTOR_CHECK(tellOfCreation(item));
    return m_environment.add(std::move(item));
}

Result<> Ddl::tellOfCreation(const Item& item)
{
    if (!item.session.empty())
        return {}; // temporary items are nobody else's business
    std::string details = R"({"id":)" + quoted("u" + number(item.id)) + R"(,"name":)" + fullName(item, item.name);
    const auto cluster = item.cluster == kNone ? std::string() : quoted(idText(m_environment.clusters[item.cluster]));
    switch (item.kind) {
    case ItemKind::Index:
        return event(EventType::Create, Audited::Index, "CreateIndexV1", details + R"(,"cluster_id":)" + cluster + "}");
    case ItemKind::MaterializedView:
        return event(EventType::Create, Audited::MaterializedView, "CreateMaterializedViewV1",
                     details + R"(,"cluster_id":)" + cluster + "}");
    case ItemKind::Source:
    case ItemKind::Progress:
    case ItemKind::Sink:
        break;
    default:
        if (!isSubsource(item))
            return idFullName(EventType::Create, item);
        break;
    }
    details += R"(,"cluster_id":)" + (cluster.empty() ? std::string(kNull) : object({{"inner", cluster}}));
    return event(EventType::Create, auditedOf(item), "CreateSourceSinkV4",
                 details + R"(,"external_type":)" + quoted(externalType(item)) + "}");
}

Result<> Ddl::dropOne(Slot index)
{
    auto& item = m_environment.items[index];
    INSPECTOR_CHECK(m_to.remove(Type::Item, m_spelling.itemKey(item.id)));
    if (!item.shard.empty())
        INSPECTOR_CHECK(removeShard(item.globalId, item.shard));
    for (std::size_t i = 0; i < item.laterGlobalIds.size(); ++i)
        INSPECTOR_CHECK(removeShard(item.laterGlobalIds[i], item.laterShards[i]));
    for (std::uint64_t column = 0; item.comments >> column != 0; ++column) {
        if ((item.comments >> column & 1U) != 0)
            INSPECTOR_CHECK(m_to.remove(Type::Comments,
                                        m_spelling.commentKey(commentTarget(item.kind, m_spelling.version()),
                                                              m_spelling.userId(item.id),
                                                              column == 0 ? std::nullopt : std::optional(column))));
    }
    INSPECTOR_CHECK(idFullName(EventType::Drop, item));
    m_environment.drop(index);
    return {};
}

Result<> Ddl::dropItem(Slot index)
{
    const auto users = m_environment.items[index].usedBy;
    for (const auto user : users)
        INSPECTOR_CHECK(dropOne(user));
    return dropOne(index);
}

Result<> Ddl::dropSource(Slot index)
{
    const auto& source = m_environment.items[index];
    const auto tables = source.usedBy;
    const auto progress = source.uses.empty() ? kNone : source.uses.front().item;
    const auto key = object({{"source", m_spelling.userId(source.id)}});
    INSPECTOR_TRY(const auto references, m_to.get(Type::SourceReferences, key));
    if (references)
        INSPECTOR_CHECK(m_to.remove(Type::SourceReferences, key));
    for (const auto table : tables)
        INSPECTOR_CHECK(dropItem(table));
    INSPECTOR_CHECK(dropOne(index));
    return progress == kNone ? Result<>() : dropOne(progress);
}

Result<> Ddl::rewriteUsersOf(const std::vector<Slot>& changed)
{
    std::vector<Slot> affected = changed;
    for (const auto index : changed) {
        const auto& users = m_environment.items[index].usedBy;
        affected.insert(affected.end(), users.begin(), users.end());
    }
    std::sort(affected.begin(), affected.end());
    affected.erase(std::unique(affected.begin(), affected.end()), affected.end());
    for (const auto index : affected)
        INSPECTOR_CHECK(writeItem(m_environment.items[index]));
    return {};
}

Result<> Ddl::renameItem(Slot index, const std::string& name)
{
    auto& item = m_environment.items[index];
    auto& names = m_environment.schemas[item.schema].names;
    const auto before = std::exchange(item.name, name);
    names.erase(before);
    names.insert(name);
    INSPECTOR_CHECK(rewriteUsersOf({index}));
    return event(EventType::Alter, auditedOf(item), "RenameItemV1",
                 object({{"id", quoted("u" + number(item.id))},
                         {"new_name", fullName(item, name)},
                         {"old_name", fullName(item, before)}}));
}

Result<> Ddl::addColumn(Slot index, const Column& column)
{
    if (!m_spelling.isAtLeast(kColumnEvents))
        return {};
    auto& item = m_environment.items[index];
    const auto globalId = next("user");
    item.columns.push_back(column);
    item.laterGlobalIds.push_back(globalId);
    item.laterShards.push_back(shard());
    INSPECTOR_CHECK(writeItem(item));
    INSPECTOR_CHECK(addShard(globalId, item.laterShards.back()));
    return event(EventType::Alter, Audited::Table, "AlterAddColumnV1",
                 object({{"column", quoted(column.name)},
                         {"column_type", quoted(column.type)},
                         {"id", quoted("u" + number(item.id))},
                         {"nullable", boolean(column.isNullable)}}));
}

Result<> Ddl::setCluster(Slot index, Slot cluster)
{
    if (!m_spelling.isAtLeast(kPlainClusterIds))
        return {};
    auto& item = m_environment.items[index];
    const auto before = quoted(idText(m_environment.clusters[item.cluster]));
    const auto after = quoted(idText(m_environment.clusters[cluster]));
    --m_environment.clusters[item.cluster].items;
    ++m_environment.clusters[cluster].items;
    item.cluster = cluster;
    INSPECTOR_CHECK(writeItem(item));
    return event(EventType::Alter, auditedOf(item), "AlterSetClusterV1",
                 object({{"id", quoted("u" + number(item.id))},
                         {"name", fullName(item, item.name)},
                         {"new_cluster_id", after},
                         {"old_cluster_id", before}}));
}

Result<> Ddl::rotateKeys(Slot index)
{
    auto& item = m_environment.items[index];
    ++item.detail;
    INSPECTOR_CHECK(writeItem(item));
    return event(EventType::Alter, Audited::Connection, "RotateKeysV1",
                 object({{"id", quoted("u" + number(item.id))}, {"name", quoted(item.name)}}));
}

Result<> Ddl::setRetainHistory(Slot index, const std::string& history)
{
    const auto& item = m_environment.items[index];
    return event(
        EventType::Alter, auditedOf(item), "AlterRetainHistoryV1",
        object({{"id", quoted("u" + number(item.id))}, {"new_history", quoted(history)}, {"old_history", kNull}}));
}

Result<> Ddl::commentOn(Slot index, std::optional<std::uint64_t> column, std::optional<std::string_view> text)
{
    auto& item = m_environment.items[index];
    const auto bit = std::uint64_t {1} << column.value_or(0);
    if (text)
        item.comments |= bit;
    else
        item.comments &= ~bit;
    return comment(auditedOf(item), commentTarget(item.kind, m_spelling.version()), m_spelling.userId(item.id),
                   "User(" + number(item.id) + ")",
                   m_environment.databaseNameOf(item) + "." + m_environment.schemas[item.schema].name + "." + item.name,
                   column, text);
}

Result<> Ddl::changeOwner(Slot index, RoleRef owner)
{
    auto& item = m_environment.items[index];
    const auto before = std::exchange(item.owner, owner);
    for (auto& privilege : item.privileges) {
        if (privilege.grantor == before)
            privilege.grantor = owner;
        if (privilege.grantee == before)
            privilege.grantee = owner;
    }
    // What the new owner had been granted before is part of what owners may do.
    Privileges merged;
    for (const auto& privilege : item.privileges) {
        const auto same = std::find_if(merged.begin(), merged.end(), [&](const Privilege& other) {
            return other.grantee == privilege.grantee && other.grantor == privilege.grantor;
        });
        if (same == merged.end())
            merged.push_back(privilege);
        else
            same->mode |= privilege.mode;
    }
    item.privileges = std::move(merged);
    INSPECTOR_CHECK(writeItem(item));
    return event(EventType::Alter, auditedOf(item), "UpdateOwnerV1",
                 object({{"new_owner_id", quoted(textOf(owner))},
                         {"object_id", quoted("Iu" + number(item.id))},
                         {"old_owner_id", quoted(textOf(before))}}));
}

Result<> Ddl::grantOn(Slot index, RoleRef grantee, std::uint64_t mode)
{
    auto& item = m_environment.items[index];
    const auto same = std::find_if(item.privileges.begin(), item.privileges.end(), [&](const Privilege& privilege) {
        return privilege.grantee == grantee && privilege.grantor == item.owner;
    });
    if (same != item.privileges.end())
        same->mode |= mode;
    else
        item.privileges.push_back({grantee, item.owner, mode});
    INSPECTOR_CHECK(writeItem(item));
    return granted(EventType::Grant, auditedOf(item), "Iu" + number(item.id), {grantee, item.owner, mode});
}

Result<> Ddl::revokeOn(Slot index, RoleRef grantee)
{
    auto& item = m_environment.items[index];
    const auto same = std::find_if(item.privileges.begin(), item.privileges.end(), [&](const Privilege& privilege) {
        return privilege.grantee == grantee && privilege.grantor == item.owner && grantee != item.owner;
    });
    if (same == item.privileges.end())
        return {};
    const auto privilege = *same;
    item.privileges.erase(same);
    INSPECTOR_CHECK(writeItem(item));
    return granted(EventType::Revoke, auditedOf(item), "Iu" + number(item.id), privilege);
}

Result<> Ddl::setSourceReferences(Slot index, const std::vector<std::uint64_t>& nouns)
{
    std::vector<std::string> references;
    for (const auto noun : nouns) {
        const auto& [name, columns] = nounOf(noun);
        std::vector<std::string> names;
        for (const auto& column : columns)
            names.push_back(quoted(column.name));
        references.push_back(
            object({{"columns", array(names)}, {"name", quoted(name)}, {"namespace", quoted("public")}}));
    }
    INSPECTOR_CHECK(
        m_to.set(Type::SourceReferences, object({{"source", m_spelling.userId(m_environment.items[index].id)}}),
                 object({{"references", array(references)}, {"updated_at", object({{"millis", number(m_nowMs)}})}})));
    return {};
}

Result<> Ddl::finalizeShards(std::size_t count)
{
    auto& shards = m_environment.unfinalizedShards;
    constexpr std::size_t kAlwaysLeft = 3; // the newest take their time
    count = std::min(count, shards.size() - std::min(shards.size(), kAlwaysLeft));
    for (std::size_t i = 0; i < count; ++i)
        INSPECTOR_CHECK(m_to.remove(Type::UnfinalizedShard, object({{"shard", quoted(shards[i])}})));
    shards.erase(shards.begin(), shards.begin() + static_cast<std::ptrdiff_t>(count));
    return {};
}

} // namespace inspector::demo
