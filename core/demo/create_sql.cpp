#include "core/demo/create_sql.h"

#include "core/demo/builtins.h"

#include <algorithm>
#include <array>

namespace inspector::demo {

namespace {

constexpr std::uint64_t kTablesFromSources = 82; ///< before it a source's tables are subsources

std::string quotedName(std::string_view name)
{
    std::string text = "\"";
    for (const auto c : name) {
        text += c;
        if (c == '"')
            text += '"';
    }
    return text += '"';
}

std::string literal(std::string_view text)
{
    std::string sql = "'";
    for (const auto c : text) {
        sql += c;
        if (c == '\'')
            sql += '\'';
    }
    return sql += '\'';
}

bool isNumber(std::string_view type)
{
    return type.starts_with("int") || type == "numeric";
}

class Text
{
public:
    Text(const Environment& environment, const Item& item, std::uint64_t version)
        : m_environment(environment)
        , m_item(item)
        , m_version(version)
    {
    }

    [[nodiscard]] std::string sql() const
    {
        switch (m_item.kind) {
        case ItemKind::Table:
            return "CREATE TABLE " + name() + " (" + columnList() + ")";
        case ItemKind::SourceTable:
            return sourceTable();
        case ItemKind::Source:
            return source();
        case ItemKind::Progress:
            return "CREATE SUBSOURCE " + name() + " (" + columnList() + ") WITH (PROGRESS = true)";
        case ItemKind::View:
            return std::string(m_item.flavour == Flavour::Temporary ? "CREATE TEMPORARY VIEW " : "CREATE VIEW ")
                + name() + " AS " + query();
        case ItemKind::MaterializedView:
            return "CREATE MATERIALIZED VIEW " + name() + inCluster() + " WITH (REFRESH = " + refresh() + ") AS "
                + query();
        case ItemKind::Index:
            return "CREATE INDEX " + quotedName(m_item.name) + inCluster() + " ON " + used(0) + " ("
                + quotedName(columnsOfUsed().front().name) + ")";
        case ItemKind::Sink:
            return "CREATE SINK " + name() + inCluster() + " FROM " + used(0) + " INTO KAFKA CONNECTION " + used(1)
                + " (TOPIC = " + literal(m_item.name) + ") KEY (" + quotedName(columnsOfUsed().front().name)
                + ") NOT ENFORCED FORMAT JSON ENVELOPE " + (m_item.detail % 3 == 0 ? "DEBEZIUM" : "UPSERT");
        case ItemKind::Type:
            return "CREATE TYPE " + name()
                + (m_item.detail % 2 == 0 ? " AS LIST (ELEMENT TYPE = " : " AS MAP (KEY TYPE = ")
                + (m_item.detail % 2 == 0 ? type("numeric") : type("text") + ", VALUE TYPE = " + type("jsonb")) + ")";
        case ItemKind::Secret:
            return "CREATE SECRET " + name() + " AS '********'";
        case ItemKind::Connection:
            return connection();
        }
        return {};
    }

private:
    [[nodiscard]] std::string fullName(const Item& item) const
    {
        std::string text;
        if (const auto database = m_environment.databaseNameOf(item); !database.empty())
            text = quotedName(database) + ".";
        return text + quotedName(m_environment.schemas[item.schema].name) + "." + quotedName(item.name);
    }
    [[nodiscard]] std::string name() const { return fullName(m_item); }

    [[nodiscard]] const Columns& columnsOfUsed() const { return m_environment.items[m_item.uses.front().item].columns; }

    [[nodiscard]] std::string reference(Slot index, std::uint32_t version) const
    {
        const auto& item = m_environment.items[index];
        return "[u" + std::to_string(item.id) + " AS " + fullName(item)
            + (version == 0 ? std::string() : " VERSION " + std::to_string(version)) + "]";
    }
    [[nodiscard]] std::string used(std::size_t n) const
    {
        return reference(m_item.uses[n].item, m_item.uses[n].version);
    }

    [[nodiscard]] static std::string type(std::string_view name)
    {
        return "[s" + std::to_string(builtinType(name)) + " AS \"" + std::string(schemaOfType(name)) + "\".\""
            + std::string(name) + "\"]";
    }

    [[nodiscard]] std::string inCluster() const
    {
        return " IN CLUSTER [u" + std::to_string(m_environment.clusters[m_item.cluster].id) + "]";
    }

    [[nodiscard]] std::string columnList() const
    {
        const auto first = m_item.columns.size() - m_item.laterGlobalIds.size();
        std::string text;
        for (std::size_t i = 0; i < m_item.columns.size(); ++i) {
            const auto& column = m_item.columns[i];
            text += (text.empty() ? "" : ", ") + quotedName(column.name) + " " + type(column.type);
            if (std::string_view(column.type) == "numeric")
                text += "(38, 2)";
            if (!column.isNullable)
                text += " NOT NULL";
            if (i >= first)
                text += " VERSION ADDED " + std::to_string(i - first + 1);
        }
        return text;
    }

    /// The name that a table has upstream: without the number that keeps names apart here.
    [[nodiscard]] std::string upstreamName() const { return nounOf(m_item.detail).name; }

    [[nodiscard]] std::string sourceTable() const
    {
        const auto upstream = "\"shop\".\"public\"." + quotedName(upstreamName());
        if (m_version >= kTablesFromSources)
            return "CREATE TABLE " + name() + " (" + columnList() + ") FROM SOURCE " + used(0)
                + " (REFERENCE = " + upstream + ") WITH (TEXT COLUMNS = ())";
        return "CREATE SUBSOURCE " + name() + " (" + columnList() + ") OF SOURCE " + used(0)
            + " WITH (EXTERNAL REFERENCE = " + upstream + ")";
    }

    [[nodiscard]] std::string source() const
    {
        const auto number = std::to_string(m_item.detail % 97);
        std::string text = "CREATE SOURCE " + name() + inCluster();
        switch (m_item.flavour) {
        case Flavour::MySql:
            text += " FROM MYSQL CONNECTION " + used(1);
            break;
        case Flavour::Kafka:
            text += " FROM KAFKA CONNECTION " + used(1) + " (TOPIC = " + literal(upstreamName() + ".v" + number)
                + ", GROUP ID PREFIX = 'mz-') FORMAT AVRO USING CONFLUENT SCHEMA REGISTRY CONNECTION " + used(2)
                + " INCLUDE PARTITION, OFFSET, TIMESTAMP ENVELOPE UPSERT";
            break;
        case Flavour::LoadGenerator:
            text += " FROM LOAD GENERATOR AUCTION (TICK INTERVAL = '1s')";
            break;
        case Flavour::Webhook:
            return text + " FROM WEBHOOK BODY FORMAT JSON INCLUDE HEADERS (NOT 'authorization')";
        default:
            text += " FROM POSTGRES CONNECTION " + used(1) + " (PUBLICATION = " + literal("mz_" + upstreamName()) + ")";
            break;
        }
        return text + " EXPOSE PROGRESS AS " + used(0);
    }

    [[nodiscard]] std::string connection() const
    {
        const auto number = std::to_string(m_item.detail % 9 + 1);
        std::string text = "CREATE CONNECTION " + name() + " TO ";
        switch (m_item.flavour) {
        case Flavour::Kafka:
            return text + "KAFKA (BROKERS = ('broker-" + number
                + ".example.com:9092'), SASL MECHANISMS = 'SCRAM-SHA-512', SASL PASSWORD = SECRET " + used(0)
                + ", SASL USERNAME = 'materialize', SECURITY PROTOCOL = 'SASL_SSL')";
        case Flavour::SchemaRegistry:
            return text + "CONFLUENT SCHEMA REGISTRY (PASSWORD = SECRET " + used(0) + ", URL = 'https://registry-"
                + number + ".example.com', USERNAME = 'materialize')";
        case Flavour::SshTunnel:
            return text + "SSH TUNNEL (HOST = 'bastion-" + number
                + ".example.com', PORT = 22, PUBLIC KEY 1 = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + number
                + "demo materialize', PUBLIC KEY 2 = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAJ" + number
                + "demo materialize', USER = 'tunnel')";
        case Flavour::MySql:
            return text + "MYSQL (HOST = 'mysql-" + number + ".example.com', PASSWORD = SECRET " + used(0)
                + ", PORT = 3306, SSL MODE = 'required', USER = 'materialize')";
        default:
            return text + "POSTGRES (DATABASE = 'shop', HOST = 'db-" + number + ".example.com', PASSWORD = SECRET "
                + used(0) + ", PORT = 5432, SSL MODE = 'require', USER = 'materialize')";
        }
    }

    [[nodiscard]] std::string refresh() const
    {
        if (!m_environment.clusters[m_item.cluster].shape.refreshes)
            return "ON COMMIT";
        return "EVERY '1 day' ALIGNED TO '2026-01-01 0" + std::to_string(m_item.detail % 6) + ":00:00'::[s"
            + std::to_string(builtinType("mz_timestamp")) + " AS \"mz_catalog\".\"mz_timestamp\"]";
    }

    [[nodiscard]] std::string query() const
    {
        const auto& columns = columnsOfUsed();
        const auto first = quotedName(columns.front().name);
        const auto last = quotedName(columns.back().name);
        switch (m_item.flavour) {
        case Flavour::Aggregate:
            return "SELECT " + last + ", \"pg_catalog\".\"count\"(*) AS \"rows\", \"pg_catalog\".\"max\"(" + first
                + ") AS \"newest\" FROM " + used(0) + " GROUP BY " + last;
        case Flavour::Join: {
            const auto& right = m_environment.items[m_item.uses[1].item].columns;
            return "SELECT \"l\"." + first + ", \"l\"." + last + ", \"r\"." + quotedName(right.back().name)
                + " AS \"other\" FROM " + used(0) + " AS \"l\" LEFT JOIN " + used(1) + " AS \"r\" ON \"l\"." + first
                + " = \"r\"." + quotedName(right.front().name);
        }
        default: {
            std::string list;
            for (const auto& column : columns)
                list += (list.empty() ? "" : ", ") + quotedName(column.name);
            return "SELECT " + list + " FROM " + used(0) + " WHERE " + last + " IS NOT NULL"
                + (m_item.detail % 4 == 0 && isNumber(columns.front().type)
                       ? " AND " + first + " > " + std::to_string(m_item.detail % 1000)
                       : "");
        }
        }
    }

    const Environment& m_environment;
    const Item& m_item;
    std::uint64_t m_version;
};

const std::array kNouns {
    Noun {"customers",
          {{"id", "int8", false}, {"email", "text"}, {"country", "text"}, {"signed_up_at", "timestamptz"}}},
    Noun {"orders",
          {{"id", "int8", false}, {"customer_id", "int8"}, {"total", "numeric"}, {"placed_at", "timestamptz"}}},
    Noun {"order_lines", {{"id", "int8", false}, {"order_id", "int8"}, {"sku", "text"}, {"quantity", "int4"}}},
    Noun {"products", {{"id", "int8", false}, {"sku", "text"}, {"price", "numeric"}, {"category", "text"}}},
    Noun {"inventory", {{"sku", "text", false}, {"warehouse", "text"}, {"on_hand", "int4"}}},
    Noun {"shipments",
          {{"id", "int8", false}, {"order_id", "int8"}, {"carrier", "text"}, {"shipped_at", "timestamptz"}}},
    Noun {"payments", {{"id", "uuid", false}, {"order_id", "int8"}, {"amount", "numeric"}, {"method", "text"}}},
    Noun {"refunds", {{"id", "uuid", false}, {"payment_id", "uuid"}, {"amount", "numeric"}, {"reason", "text"}}},
    Noun {"carts", {{"id", "uuid", false}, {"customer_id", "int8"}, {"items", "jsonb"}, {"updated_at", "timestamptz"}}},
    Noun {"sessions",
          {{"id", "uuid", false}, {"customer_id", "int8"}, {"device", "text"}, {"started_at", "timestamptz"}}},
    Noun {"page_views", {{"id", "int8", false}, {"session_id", "uuid"}, {"url", "text"}, {"at", "timestamptz"}}},
    Noun {"clicks", {{"id", "int8", false}, {"session_id", "uuid"}, {"element", "text"}, {"at", "timestamptz"}}},
    Noun {"campaigns", {{"id", "int4", false}, {"channel", "text"}, {"budget", "numeric"}, {"starts_on", "date"}}},
    Noun {"coupons", {{"code", "text", false}, {"discount", "float8"}, {"valid_until", "date"}}},
    Noun {"suppliers", {{"id", "int4", false}, {"name", "text"}, {"country", "text"}}},
    Noun {"returns",
          {{"id", "int8", false}, {"shipment_id", "int8"}, {"condition", "text"}, {"received_at", "timestamptz"}}},
    Noun {"reviews", {{"id", "int8", false}, {"sku", "text"}, {"stars", "int2"}, {"body", "text"}}},
    Noun {"tickets",
          {{"id", "int8", false}, {"customer_id", "int8"}, {"status", "text"}, {"opened_at", "timestamptz"}}},
    Noun {"subscriptions", {{"id", "int8", false}, {"customer_id", "int8"}, {"plan", "text"}, {"renews_on", "date"}}},
    Noun {"invoices", {{"id", "int8", false}, {"customer_id", "int8"}, {"amount", "numeric"}, {"due_on", "date"}}},
    Noun {"sensor_readings", {{"sensor_id", "int8", false}, {"celsius", "float8"}, {"read_at", "timestamptz"}}},
    Noun {"fx_rates", {{"currency", "text", false}, {"rate", "numeric"}, {"as_of", "timestamptz"}}},
    Noun {"fraud_scores", {{"payment_id", "uuid", false}, {"score", "float8"}, {"model", "text"}}},
    Noun {"stores", {{"id", "int4", false}, {"city", "text"}, {"opened_on", "date"}}},
};

} // namespace

std::string createSqlOf(const Environment& environment, const Item& item, std::uint64_t version)
{
    return Text(environment, item, version).sql();
}

Columns columnsOfView(Flavour flavour, const Columns& over)
{
    switch (flavour) {
    case Flavour::Aggregate:
        return {over.back(), {"rows", "int8", false}, {"newest", over.front().type}};
    case Flavour::Join:
        return {over.front(), over.back(), {"other", "text"}};
    default:
        return over;
    }
}

const Noun& nounOf(std::uint64_t number)
{
    return kNouns.at(number % kNouns.size());
}

std::size_t nounCount()
{
    return kNouns.size();
}

} // namespace inspector::demo
