#include "core/demo/routine.h"

#include "core/demo/create_sql.h"

#include <algorithm>
#include <array>

namespace inspector::demo {

namespace {

constexpr std::uint64_t kItemsPerSchema = 60;

// ObjectType of default privileges (catalog-model §5.10).
constexpr int kTablesByDefault = 1;
constexpr int kSchemasByDefault = 14;

const std::array kModifiers {"daily",  "hourly", "by_country", "recent",  "open",   "failed", "enriched", "clean",
                             "latest", "top",    "late",       "monthly", "ranked", "totals", "changes",  "v2"};

const std::array kRemarks {
    "feeds the executive dashboard; ask before changing it",
    "deduplicated by id, newest wins",
    "PII: masked in staging",
    "kept for the audit of 2026; drop after the new year",
    "upstream sends cents, we keep euros €",
    "owner: team \"checkout\" (on-call: +1 555 0100)",
    "joins on the natural key, see the runbook",
    "see\nthe wiki:\nhttps://wiki.example.com/data/orders",
    "⚠ late events up to 15 min",
};

const std::array kColumnRemarks {
    "primary key", "UTC", "ISO 3166-1 alpha-2", "may be null before 2024", "in euros", "as the shop spells it"};

struct Parameter
{
    const char* name;
    std::array<const char*, 3> values;
};
const std::array kParameters {
    Parameter {"max_tables", {"200", "500", "1000"}},
    Parameter {"max_sources", {"200", "400", "800"}},
    Parameter {"max_secrets", {"50", "100", "200"}},
    Parameter {"max_result_size", {"1GB", "2GB", "4GB"}},
    Parameter {"statement_timeout", {"60 s", "90 s", "5 min"}},
    Parameter {"enable_eager_delta_joins", {"on", "off", "on"}},
    Parameter {"log_filter", {"info", "info,mz_adapter=debug", "warn"}},
    Parameter {"max_clusters", {"10", "25", "50"}},
};

bool isRelation(ItemKind kind)
{
    return kind == ItemKind::Table || kind == ItemKind::SourceTable || kind == ItemKind::View
        || kind == ItemKind::MaterializedView;
}

/// Neither a sum nor a join: its last column still has a type and a name of its own.
bool isPlain(const Item& item)
{
    return item.flavour != Flavour::Aggregate && item.flavour != Flavour::Join && !item.columns.empty();
}

} // namespace

Routine::Routine(Environment& environment, Dice& dice)
    : m_environment(environment)
    , m_dice(dice)
{
}

// The beginnings.

Result<> Routine::firstStart(Ddl& ddl)
{
    INSPECTOR_CHECK(ddl.mapBuiltins());
    INSPECTOR_CHECK(ddl.createTxnWal());
    for (const auto& [name, replicas] :
         {std::pair {"mz_system", 1U}, std::pair {"mz_catalog_server", 2U}, std::pair {"mz_probe", 1U},
          std::pair {"mz_support", 0U}, std::pair {"mz_analytics", 0U}}) {
        ClusterShape shape;
        shape.size = "25cc";
        shape.replicationFactor = replicas;
        INSPECTOR_CHECK(ddl.createCluster(name, shape, true));
    }
    INSPECTOR_CHECK(ddl.alterSystem("max_connections", "1000"));
    INSPECTOR_CHECK(ddl.alterSystem("with_0dt_deployment_max_wait", "1 h"));
    INSPECTOR_CHECK(ddl.setConfig("with_0dt_deployment_max_wait", 3'600'000));
    INSPECTOR_CHECK(ddl.setConfig("enable_0dt_deployment_panic_after_timeout", 0));
    return ddl.setConfig("system_config_synced", 1);
}

Result<> Routine::hirePeople(Ddl& ddl)
{
    m_people.push_back(0);
    for (const auto* name : {"ana.souza@example.com", "jürgen.weiß@example.com", "mei.lin@example.com",
                             "sam.okafor@example.com", "lea.dubois@example.com"}) {
        INSPECTOR_TRY(const auto role, ddl.createRole(name, true, true));
        m_people.push_back(role);
    }
    for (const auto* name : {"data_eng", "analysts", "dashboards", "dbt_ci"}) {
        INSPECTOR_TRY(const auto role, ddl.createRole(name, false, false));
        m_groups.push_back(role);
    }
    for (std::size_t i = 1; i < m_people.size(); ++i)
        INSPECTOR_CHECK(ddl.grantRole(m_groups[i % 2], m_people[i]));
    INSPECTOR_CHECK(ddl.setPassword(m_groups[2]));
    INSPECTOR_CHECK(ddl.setPassword(m_groups[3]));
    INSPECTOR_CHECK(ddl.grantSystem(m_groups[0], kCreateCluster | kCreateDatabase));
    INSPECTOR_CHECK(ddl.setRoleVariable(m_groups[2], "cluster", {"serving"}));
    INSPECTOR_CHECK(ddl.setRoleVariable(m_groups[3], "search_path", {"core", "marts", "public"}));
    INSPECTOR_CHECK(ddl.commentOnRole(m_groups[2], "Grafana and the shop's admin pages"));
    INSPECTOR_CHECK(
        ddl.alterDefaultPrivileges(kEverybody, 0, kTablesByDefault, Audited::Table, roleOf(m_groups[1]), kSelect));
    INSPECTOR_CHECK(ddl.alterDefaultPrivileges(roleOf(m_groups[0]), {}, kSchemasByDefault, Audited::Schema,
                                               roleOf(m_groups[1]), kUsage));
    return ddl.createNetworkPolicy("office_and_vpn", {{"office", "203.0.113.0/24"}, {"vpn", "198.51.100.7/32"}});
}

Result<> Routine::buildClusters(Ddl& ddl)
{
    ClusterShape shape;
    m_workClusters.push_back(0); // quickstart
    for (const auto& [name, size, replicas] : {std::tuple {"ingest", "50cc", 1U}, std::tuple {"transform", "100cc", 1U},
                                               std::tuple {"serving", "100cc", 2U}, std::tuple {"sinks", "25cc", 1U}}) {
        shape.size = size;
        shape.replicationFactor = replicas;
        shape.zones = replicas > 1 ? std::vector<std::string> {"use1-az1", "use1-az2"} : std::vector<std::string> {};
        shape.workloadClass =
            name == std::string_view("serving") ? std::optional<std::string>("production") : std::nullopt;
        shape.hydrationSize =
            name == std::string_view("transform") ? std::optional<std::string>("400cc") : std::nullopt;
        INSPECTOR_TRY(const auto cluster, ddl.createCluster(name, shape));
        if (shape.hydrationSize)
            m_burst = cluster;
        m_workClusters.push_back(cluster);
    }
    shape = {};
    shape.refreshes = true;
    for (const auto* name : {"nightly_reports", "billing_runs"}) {
        shape.size = "200cc";
        INSPECTOR_TRY(const auto cluster, ddl.createCluster(name, shape));
        m_refreshed.push_back(cluster);
    }
    INSPECTOR_CHECK(ddl.commentOnCluster(m_workClusters[3], "two zones: keep it so"));
    return ddl.setClusterParameter(m_workClusters[3], "enable_eager_delta_joins", "on");
}

Result<> Routine::createSchema(Ddl& ddl)
{
    constexpr std::array kDatabases {"shop", "analytics", "marketing", "logistics", "finance", "platform"};
    constexpr std::array kSchemas {"raw", "core", "marts", "staging", "exports", "quality"};
    const auto made = m_workSchemas.size() - 1; // materialize.public was there
    if (made % kSchemas.size() == 0) {
        const auto number = made / kSchemas.size();
        const auto round = number / kDatabases.size();
        INSPECTOR_TRY(m_database,
                      ddl.createDatabase(kDatabases.at(number % kDatabases.size())
                                         + (round == 0 ? std::string() : "_" + std::to_string(round + 1))));
    }
    INSPECTOR_TRY(const auto schema, ddl.createSchema(m_database, kSchemas.at(made % kSchemas.size())));
    m_workSchemas.push_back(schema);
    return ddl.grantOnSchema(schema, roleOf(m_groups[1]), kUsage);
}

Result<> Routine::buildSchemas(Ddl& ddl)
{
    constexpr std::size_t kAtFirst = 7;
    m_workSchemas.push_back(0); // materialize.public
    while (m_workSchemas.size() < kAtFirst)
        INSPECTOR_CHECK(createSchema(ddl));
    INSPECTOR_CHECK(ddl.commentOnDatabase(m_database, "the web shop's replica"));
    return ddl.commentOnSchema(m_workSchemas[2], "tested models only");
}

Result<> Routine::connect(Ddl& ddl)
{
    const auto raw = m_workSchemas[1];
    for (const auto flavour : {Flavour::Postgres, Flavour::Kafka, Flavour::SchemaRegistry, Flavour::MySql})
        INSPECTOR_CHECK(createSecretAndConnection(ddl, raw, flavour));
    INSPECTOR_CHECK(createSource(ddl, raw, Flavour::Postgres, 6));
    INSPECTOR_CHECK(createSource(ddl, raw, Flavour::Kafka, 0));
    return createSource(ddl, raw, Flavour::LoadGenerator, 0);
}

// Choices.

RoleRef Routine::somebody()
{
    return roleOf(m_dice.pick(m_people));
}

RoleRef Routine::someGroup()
{
    return roleOf(m_dice.pick(m_groups));
}

Slot Routine::someSchema()
{
    return m_dice.pick(m_workSchemas);
}

Slot Routine::someCluster()
{
    return m_dice.pick(m_workClusters);
}

Slot Routine::someRelation()
{
    std::uint64_t all = 0;
    constexpr std::array kRelations {ItemKind::Table, ItemKind::SourceTable, ItemKind::View,
                                     ItemKind::MaterializedView};
    for (const auto kind : kRelations)
        all += m_environment.live(kind).size();
    auto place = m_dice.below(all);
    for (const auto kind : kRelations) {
        const auto& live = m_environment.live(kind);
        if (place < live.size())
            return live[place];
        place -= live.size();
    }
    return kNone;
}

Slot Routine::somePlainRelation()
{
    for (int tries = 0; tries < 8; ++tries) {
        const auto index = someRelation();
        if (index != kNone && isPlain(m_environment.items[index]) && m_environment.items[index].usedBy.size() < 24)
            return index;
    }
    return kNone;
}

Slot Routine::someItem()
{
    auto place = m_dice.below(m_environment.liveItemCount);
    for (const auto& live : m_environment.liveItems) {
        if (place < live.size())
            return live[place];
        place -= live.size();
    }
    return kNone;
}

std::string Routine::freeName(Slot schema, const std::string& wanted)
{
    const auto& names = m_environment.schemas[schema].names;
    if (!names.contains(wanted))
        return wanted;
    auto modified = wanted + "_" + kModifiers.at(m_dice.below(kModifiers.size()));
    if (!names.contains(modified))
        return modified;
    return modified + "_" + std::to_string(++m_number);
}

// Creating.

Result<> Routine::createTable(Ddl& ddl, Slot schema)
{
    Item item;
    item.kind = ItemKind::Table;
    item.schema = schema;
    item.detail = static_cast<std::uint32_t>(m_dice.below(nounCount()));
    item.columns = nounOf(item.detail).columns;
    item.name = freeName(schema, nounOf(item.detail).name);
    INSPECTOR_CHECK(ddl.createItem(std::move(item)));
    return {};
}

Result<> Routine::createView(Ddl& ddl, Slot schema, ItemKind kind)
{
    const auto over = somePlainRelation();
    if (over == kNone)
        return createTable(ddl, schema);
    const auto use = [this](Slot index) {
        return Use {index, static_cast<std::uint32_t>(m_environment.items[index].laterGlobalIds.size())};
    };
    Item item;
    item.kind = kind;
    item.schema = schema;
    item.detail = static_cast<std::uint32_t>(m_dice.below(100'000));
    item.uses = {use(over)};
    item.flavour = m_dice.chance(50) ? Flavour::Filter : m_dice.chance(60) ? Flavour::Aggregate : Flavour::Join;
    if (item.flavour == Flavour::Join) {
        const auto other = somePlainRelation();
        if (other == kNone || other == over)
            item.flavour = Flavour::Filter;
        else
            item.uses.push_back(use(other));
    }
    item.columns = columnsOfView(item.flavour, m_environment.items[over].columns);
    if (kind == ItemKind::MaterializedView)
        item.cluster = m_dice.chance(15) ? m_dice.pick(m_refreshed) : someCluster();
    // Named after what it is made of, as far as that name is not long already.
    auto base = m_environment.items[over].name;
    base = base.substr(0, std::min(base.find('_'), std::size_t {24}));
    item.name = freeName(schema, base + "_" + kModifiers.at(m_dice.below(kModifiers.size())));
    INSPECTOR_CHECK(ddl.createItem(std::move(item)));
    return {};
}

Result<> Routine::createIndex(Ddl& ddl)
{
    const auto on = someRelation();
    if (on == kNone || m_environment.items[on].usedBy.size() >= 24)
        return createTable(ddl, someSchema());
    const auto& relation = m_environment.items[on];
    Item item;
    item.kind = ItemKind::Index;
    item.schema = relation.schema;
    item.cluster = someCluster();
    item.uses = {{on, static_cast<std::uint32_t>(relation.laterGlobalIds.size())}};
    item.name = freeName(relation.schema, relation.name + "_" + relation.columns.front().name + "_idx");
    INSPECTOR_CHECK(ddl.createItem(std::move(item)));
    return {};
}

Result<> Routine::createSink(Ddl& ddl)
{
    const auto& connections = m_connections[static_cast<std::size_t>(Flavour::Kafka)];
    const auto from = someRelation();
    if (connections.empty() || from == kNone || m_environment.items[from].usedBy.size() >= 24)
        return createTable(ddl, someSchema());
    const auto& relation = m_environment.items[from];
    Item item;
    item.kind = ItemKind::Sink;
    item.flavour = Flavour::Kafka;
    item.schema = relation.schema;
    item.cluster = m_workClusters.back();
    item.uses = {{from, static_cast<std::uint32_t>(relation.laterGlobalIds.size())}, {m_dice.pick(connections), 0}};
    item.detail = static_cast<std::uint32_t>(m_dice.below(100));
    item.name = freeName(relation.schema, relation.name + "_out");
    INSPECTOR_CHECK(ddl.createItem(std::move(item)));
    return {};
}

Result<> Routine::createType(Ddl& ddl, Slot schema)
{
    Item item;
    item.kind = ItemKind::Type;
    item.schema = schema;
    item.detail = static_cast<std::uint32_t>(m_dice.below(100));
    item.name = freeName(schema, item.detail % 2 == 0 ? "amounts" : "labels");
    INSPECTOR_CHECK(ddl.createItem(std::move(item)));
    return {};
}

Result<> Routine::createSecretAndConnection(Ddl& ddl, Slot schema, Flavour flavour)
{
    const auto* base = flavour == Flavour::Kafka ? "kafka"
        : flavour == Flavour::SchemaRegistry     ? "registry"
        : flavour == Flavour::MySql              ? "mysql"
        : flavour == Flavour::SshTunnel          ? "tunnel"
                                                 : "pg";
    Item connection;
    connection.kind = ItemKind::Connection;
    connection.flavour = flavour;
    connection.schema = schema;
    connection.detail = static_cast<std::uint32_t>(m_dice.below(9));
    if (flavour != Flavour::SshTunnel) {
        Item secret;
        secret.kind = ItemKind::Secret;
        secret.schema = schema;
        secret.name = freeName(schema, std::string(base) + "_password");
        INSPECTOR_TRY(const auto index, ddl.createItem(std::move(secret)));
        connection.uses = {{index, 0}};
    }
    connection.name = freeName(schema, base);
    INSPECTOR_TRY(const auto index, ddl.createItem(std::move(connection)));
    m_connections[static_cast<std::size_t>(flavour)].push_back(index);
    return {};
}

Result<> Routine::addSourceTable(Ddl& ddl, Slot source)
{
    Item table;
    table.kind = ItemKind::SourceTable;
    table.schema = m_environment.items[source].schema;
    table.uses = {{source, 0}};
    table.detail = static_cast<std::uint32_t>(m_dice.below(nounCount()));
    table.columns = nounOf(table.detail).columns;
    table.name = freeName(table.schema, nounOf(table.detail).name);
    INSPECTOR_CHECK(ddl.createItem(std::move(table)));
    return {};
}

Result<> Routine::createSource(Ddl& ddl, Slot schema, Flavour flavour, std::uint64_t tables)
{
    Item source;
    source.kind = ItemKind::Source;
    source.flavour = flavour;
    source.schema = schema;
    source.cluster = m_workClusters[1];
    source.detail = static_cast<std::uint32_t>(m_dice.below(100'000));
    const auto* base = flavour == Flavour::LoadGenerator ? "auctions"
        : flavour == Flavour::Webhook                    ? "hooks"
        : flavour == Flavour::Kafka                      ? "events"
                                                         : "shop_replica";
    source.name = freeName(schema, base);
    if (flavour != Flavour::Webhook) {
        Item progress;
        progress.kind = ItemKind::Progress;
        progress.schema = schema;
        progress.columns = flavour == Flavour::Kafka
            ? Columns {{"partition", "int4"}, {"offset", "uint8"}}
            : Columns {{flavour == Flavour::LoadGenerator ? "offset" : "lsn", "uint8"}};
        progress.name = freeName(schema, source.name + "_progress");
        INSPECTOR_TRY(const auto index, ddl.createItem(std::move(progress)));
        source.uses.push_back({index, 0});
    }
    std::vector<Flavour> needed;
    if (flavour == Flavour::Kafka)
        needed = {Flavour::Kafka, Flavour::SchemaRegistry};
    else if (flavour == Flavour::Postgres || flavour == Flavour::MySql)
        needed = {flavour};
    for (const auto each : needed)
        source.uses.push_back({m_dice.pick(m_connections[static_cast<std::size_t>(each)]), 0});
    INSPECTOR_TRY(const auto index, ddl.createItem(std::move(source)));
    if (tables > 0) {
        std::vector<std::uint64_t> nouns;
        for (std::uint64_t i = 0; i < tables + 3; ++i)
            nouns.push_back(m_dice.below(nounCount()));
        std::sort(nouns.begin(), nouns.end());
        nouns.erase(std::unique(nouns.begin(), nouns.end()), nouns.end());
        INSPECTOR_CHECK(ddl.setSourceReferences(index, nouns));
    }
    for (std::uint64_t i = 0; i < tables; ++i)
        INSPECTOR_CHECK(addSourceTable(ddl, index));
    return {};
}

Result<> Routine::create(Ddl& ddl, std::uint64_t room)
{
    if (m_environment.liveItemCount > m_workSchemas.size() * kItemsPerSchema)
        INSPECTOR_CHECK(createSchema(ddl));
    const auto schema = someSchema();
    const auto luck = m_dice.below(1000);
    if (luck < 200)
        return createTable(ddl, schema);
    if (luck < 460)
        return createView(ddl, schema, ItemKind::View);
    if (luck < 600)
        return createView(ddl, schema, ItemKind::MaterializedView);
    if (luck < 760)
        return createIndex(ddl);
    if (luck < 810)
        return createSink(ddl);
    if (luck < 830)
        return createType(ddl, schema);
    if (luck < 950) {
        const auto source = m_dice.pick(m_environment.live(ItemKind::Source));
        const auto flavour = m_environment.items[source].flavour;
        const bool feedsTables = flavour == Flavour::Postgres || flavour == Flavour::MySql;
        if (feedsTables && m_environment.items[source].usedBy.size() < 24)
            return addSourceTable(ddl, source);
        return createTable(ddl, schema);
    }
    if (room < 8)
        return createTable(ddl, schema);
    if (luck < 970)
        return createSecretAndConnection(ddl, schema,
                                         luck < 960       ? Flavour::Postgres
                                             : luck < 966 ? Flavour::Kafka
                                                          : Flavour::MySql);
    if (luck < 973) {
        return createSecretAndConnection(ddl, schema, Flavour::SshTunnel);
    }
    constexpr std::array kSources {Flavour::Postgres, Flavour::MySql, Flavour::Kafka, Flavour::Webhook};
    const auto flavour = kSources.at(m_dice.below(kSources.size()));
    const bool feedsTables = flavour == Flavour::Postgres || flavour == Flavour::MySql;
    return createSource(ddl, schema, flavour, feedsTables ? 1 + m_dice.below(4) : 0);
}

// Changing.

Result<> Routine::changeSlightly(Ddl& ddl)
{
    const auto index = someRelation();
    const auto& item = m_environment.items[index];
    if (m_dice.chance(30) && item.columns.size() < 60)
        return ddl.commentOn(index, 1 + m_dice.below(item.columns.size()),
                             kColumnRemarks.at(m_dice.below(kColumnRemarks.size())));
    if (m_dice.chance(50))
        return ddl.commentOn(index, {}, kRemarks.at(m_dice.below(kRemarks.size())));
    return ddl.grantOn(index, someGroup(), kSelect);
}

Result<> Routine::changeItem(Ddl& ddl)
{
    const auto luck = m_dice.below(100);
    if (luck < 20)
        return ddl.grantOn(someRelation(), someGroup(), kSelect);
    if (luck < 32)
        return ddl.revokeOn(someRelation(), someGroup());
    if (luck < 52)
        return changeSlightly(ddl);
    const auto index = someItem();
    const auto& item = m_environment.items[index];
    if (luck < 70) {
        const bool hasName = isRelation(item.kind) || item.kind == ItemKind::Index || item.kind == ItemKind::Sink;
        if (item.usedBy.size() > 12 || !hasName)
            return changeSlightly(ddl);
        return ddl.renameItem(index, freeName(item.schema, item.name.substr(0, 40)));
    }
    if (luck < 82) {
        const auto owner = somebody();
        return owner == item.owner || item.owner.kind != RoleRef::Kind::User ? changeSlightly(ddl)
                                                                             : ddl.changeOwner(index, owner);
    }
    if (luck < 90) {
        const auto& views = m_environment.live(ItemKind::MaterializedView);
        const auto cluster = someCluster();
        if (views.empty())
            return changeSlightly(ddl);
        const auto view = m_dice.pick(views);
        return m_environment.items[view].cluster == cluster ? changeSlightly(ddl) : ddl.setCluster(view, cluster);
    }
    if (luck < 94) {
        const auto& tables = m_environment.live(ItemKind::Table);
        if (tables.empty())
            return changeSlightly(ddl);
        const auto table = m_dice.pick(tables);
        const auto& chosen = m_environment.items[table];
        // A name that is new to the table; what refers to it knows the version that it saw.
        const bool isNew = std::none_of(chosen.columns.begin(), chosen.columns.end(),
                                        [](const Column& column) { return std::string_view(column.name) == "note"; });
        return isNew && chosen.usedBy.empty() ? ddl.addColumn(table, {"note", "text"}) : changeSlightly(ddl);
    }
    if (luck < 97)
        return ddl.setRetainHistory(someRelation(), "FOR '30 days'");
    const auto& tunnels = m_connections[static_cast<std::size_t>(Flavour::SshTunnel)];
    return tunnels.empty() ? changeSlightly(ddl) : ddl.rotateKeys(m_dice.pick(tunnels));
}

bool Routine::mayGoAlone(const Item& source) const
{
    return std::all_of(source.usedBy.begin(), source.usedBy.end(), [&](Slot table) {
        const auto& users = m_environment.items[table].usedBy;
        return std::all_of(users.begin(), users.end(),
                           [&](Slot user) { return m_environment.items[user].kind == ItemKind::Index; });
    });
}

Result<> Routine::dropSomething(Ddl& ddl)
{
    // Connections and secrets stay; of the rest what nothing but indexes uses.
    for (int tries = 0; tries < 8; ++tries) {
        const auto index = someItem();
        const auto& item = m_environment.items[index];
        const bool mayGo = isRelation(item.kind) || item.kind == ItemKind::Index || item.kind == ItemKind::Sink
            || item.kind == ItemKind::Type;
        if (item.kind == ItemKind::Source && m_environment.live(ItemKind::Source).size() > 3 && mayGoAlone(item))
            return ddl.dropSource(index);
        const bool isFree = std::all_of(item.usedBy.begin(), item.usedBy.end(), [&](Slot user) {
            return m_environment.items[user].kind == ItemKind::Index && m_environment.items[user].usedBy.empty();
        });
        if (mayGo && isFree)
            return ddl.dropItem(index);
    }
    return changeSlightly(ddl);
}

Result<> Routine::tendClusters(Ddl& ddl)
{
    const auto luck = m_dice.below(100);
    if (luck < 30 && m_burst != kNone)
        return ddl.burstCluster(m_burst, std::min(ddl.nowMs() + 240'000, m_untilMs));
    if (luck < 60) {
        constexpr std::array kSizes {"50cc", "100cc", "200cc"};
        const auto cluster = m_workClusters[1 + m_dice.below(m_workClusters.size() - 1)];
        return ddl.resizeCluster(cluster, kSizes.at(m_dice.below(kSizes.size())),
                                 m_environment.clusters[cluster].shape.replicationFactor);
    }
    const auto& parameter = kParameters.at(m_dice.below(kParameters.size()));
    if (luck < 70 && m_environment.parameters.contains(parameter.name))
        return ddl.alterSystem(parameter.name, std::nullopt);
    return ddl.alterSystem(parameter.name, parameter.values.at(m_dice.below(parameter.values.size())));
}

Result<> Routine::tendRoles(Ddl& ddl)
{
    const auto luck = m_dice.below(100);
    const auto person = m_people[1 + m_dice.below(m_people.size() - 1)];
    if (luck < 30)
        return ddl.grantRole(m_dice.pick(m_groups), person);
    if (luck < 50)
        return ddl.revokeRole(m_dice.pick(m_groups), person);
    if (luck < 70)
        return ddl.setRoleVariable(person, "cluster", {m_environment.clusters[someCluster()].name});
    if (luck < 80)
        return ddl.setPassword(m_groups[2]);
    if (luck < 90)
        return ddl.alterNetworkPolicy(
            1, {{"office", "203.0.113.0/24"}, {"vpn", "198.51.100." + std::to_string(1 + m_dice.below(250)) + "/32"}});
    return ddl.alterDefaultPrivileges(somebody(), {}, kTablesByDefault, Audited::Table, someGroup(), kSelect);
}

Result<> Routine::refresh(Ddl& ddl, std::uint64_t untilMs)
{
    const auto& views = m_environment.live(ItemKind::MaterializedView);
    const auto needs =
        views.empty() ? std::string("u1") : "u" + std::to_string(m_environment.items[m_dice.pick(views)].id);
    return ddl.refreshCluster(m_dice.pick(m_refreshed), needs, untilMs);
}

Result<> Routine::change(Ddl& ddl)
{
    const auto luck = m_dice.below(100);
    if (luck < 22)
        return dropSomething(ddl);
    if (luck < 27)
        return tendClusters(ddl);
    if (luck < 32)
        return tendRoles(ddl);
    if (luck < 38)
        return ddl.finalizeShards(1 + m_dice.below(6));
    return changeItem(ddl);
}

Result<> Routine::work(Ddl& ddl, const Target& target)
{
    const auto begun = m_environment.auditRows();
    if (begun >= target.auditRows)
        return {};
    m_untilMs = target.toMs;
    const auto wanted = target.auditRows - begun;
    constexpr std::uint64_t kMostAtOnce = 16; ///< events of one statement here
    while (m_environment.auditRows() + kMostAtOnce < target.auditRows) {
        const auto done = m_environment.auditRows() - begun;
        const auto span = target.toMs - target.fromMs;
        const auto now = target.fromMs + 1 + (span - 1) * done / wanted;
        ddl.begin(somebody(), now);
        if (m_environment.liveItemCount < target.items) {
            INSPECTOR_CHECK(create(ddl, target.items - m_environment.liveItemCount));
            continue;
        }
        if (m_dice.chance(target.changesPercent)) {
            INSPECTOR_CHECK(change(ddl));
            continue;
        }
        ddl.begin(kSystemRole, now);
        INSPECTOR_CHECK(refresh(ddl, std::min(now + 60'000 + m_dice.below(60'000), target.toMs)));
    }
    return {};
}

Result<> Routine::settle(Ddl& ddl, const Target& target)
{
    ddl.begin(somebody(), target.toMs);
    while (m_environment.liveItemCount < target.items)
        INSPECTOR_CHECK(createTable(ddl, someSchema()));
    while (m_environment.liveItemCount > target.items) {
        auto& tables = m_environment.live(ItemKind::Index);
        if (tables.empty())
            break;
        INSPECTOR_CHECK(ddl.dropItem(tables.back()));
    }
    while (m_environment.auditRows() < target.auditRows)
        INSPECTOR_CHECK(changeSlightly(ddl));
    return {};
}

// Chapters.

Result<> Routine::deployBlueGreen(Ddl& ddl)
{
    ddl.begin(roleOf(m_groups[3]), ddl.nowMs());
    if (m_blueGreen == kNone) {
        INSPECTOR_TRY(m_blueGreen, ddl.createSchema(1, "dbt"));
    }
    INSPECTOR_TRY(const auto green, ddl.createSchema(1, "dbt_next"));
    for (int i = 0; i < 5; ++i)
        INSPECTOR_CHECK(createView(ddl, green, i % 2 == 0 ? ItemKind::View : ItemKind::MaterializedView));
    // ALTER SCHEMA … SWAP WITH …
    INSPECTOR_CHECK(ddl.renameSchema(m_blueGreen, "dbt_swap"));
    INSPECTOR_CHECK(ddl.renameSchema(green, "dbt"));
    INSPECTOR_CHECK(ddl.renameSchema(m_blueGreen, "dbt_next"));
    // What others have built on it meanwhile goes with it, what uses it first.
    for (bool found = true; found;) {
        found = false;
        for (Slot i = static_cast<Slot>(m_environment.items.size()); i-- > 0;) {
            const auto& item = m_environment.items[i];
            if (!item.isLive || item.schema != m_blueGreen)
                continue;
            found = true;
            auto last = i;
            while (!m_environment.items[last].usedBy.empty())
                last = m_environment.items[last].usedBy.back();
            INSPECTOR_CHECK(ddl.dropItem(last));
            break;
        }
    }
    INSPECTOR_CHECK(ddl.dropSchema(m_blueGreen));
    m_blueGreen = green;
    return {};
}

Result<> Routine::contractorCame(Ddl& ddl)
{
    INSPECTOR_TRY(m_contractor, ddl.createRole("contractor_7", true, false));
    INSPECTOR_CHECK(ddl.setPassword(m_contractor));
    return ddl.grantRole(m_groups[1], m_contractor);
}

Result<> Routine::contractorLeft(Ddl& ddl)
{
    if (m_contractor == kNone)
        return {};
    INSPECTOR_CHECK(ddl.revokeRole(m_groups[1], m_contractor));
    return ddl.dropRole(m_contractor);
}

Result<> Routine::beginExperiment(Ddl& ddl)
{
    INSPECTOR_TRY(m_experiment, ddl.createDatabase("sandbox"));
    INSPECTOR_TRY(const auto schema, ddl.createSchema(m_experiment, "public"));
    for (int i = 0; i < 3; ++i)
        INSPECTOR_CHECK(createTable(ddl, schema));
    ClusterShape shape;
    shape.size = "25cc";
    INSPECTOR_CHECK(ddl.createCluster("sandbox", shape));
    INSPECTOR_CHECK(ddl.renameDatabase(m_experiment, "sandbox_orders"));
    return ddl.commentOnDatabase(m_experiment, "may go any time");
}

Result<> Routine::endExperiment(Ddl& ddl)
{
    if (m_experiment == kNone)
        return {};
    for (Slot schema = 0; schema < m_environment.schemas.size(); ++schema) {
        if (m_environment.schemas[schema].database != m_experiment || !m_environment.schemas[schema].isLive)
            continue;
        for (Slot i = 0; i < m_environment.items.size(); ++i) {
            while (m_environment.items[i].isLive && m_environment.items[i].schema == schema) {
                auto last = i;
                while (!m_environment.items[last].usedBy.empty())
                    last = m_environment.items[last].usedBy.back();
                INSPECTOR_CHECK(ddl.dropItem(last));
            }
        }
        INSPECTOR_CHECK(ddl.dropSchema(schema));
    }
    INSPECTOR_CHECK(ddl.dropDatabase(m_experiment));
    for (Slot i = 0; i < m_environment.clusters.size(); ++i) {
        if (m_environment.clusters[i].isLive && m_environment.clusters[i].name == "sandbox") {
            INSPECTOR_CHECK(ddl.renameCluster(i, "sandbox_old"));
            return ddl.dropCluster(i);
        }
    }
    return {};
}

Result<> Routine::lookAround(Ddl& ddl)
{
    INSPECTOR_CHECK(ddl.setReplicaParameter(m_workClusters[3], "enable_column_paged_batcher", "off"));
    if (!ddl.hasTemporaryItems())
        return {};
    const auto over = somePlainRelation();
    if (over == kNone)
        return {};
    Item item;
    item.kind = ItemKind::View;
    item.flavour = Flavour::Temporary;
    item.schema = m_environment.temporarySchema;
    item.uses = {{over, static_cast<std::uint32_t>(m_environment.items[over].laterGlobalIds.size())}};
    item.columns = m_environment.items[over].columns;
    item.name = "what_i_look_at";
    item.session = m_dice.uuid();
    INSPECTOR_CHECK(ddl.createItem(std::move(item)));
    return {};
}

} // namespace inspector::demo
