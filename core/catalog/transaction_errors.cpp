#include "core/catalog/transaction_errors.h"

#include "core/catalog/json_path.h"
#include "core/catalog/pretty.h"

#include <array>
#include <optional>

namespace inspector::catalog {

namespace {

using codec::JsonTape;

constexpr std::uint32_t kLastWithContinualTasks = 81;
constexpr std::uint32_t kFirstWithMetricSinks = 92;

/// What the SQL-level errors call a row of the collection; empty when they have no word for it.
std::string_view wordOf(CollectionType type)
{
    switch (type) {
    case CollectionType::Database:
        return "database";
    case CollectionType::Schema:
        return "schema";
    case CollectionType::Role:
        return "role";
    case CollectionType::ComputeInstance:
        return "cluster";
    case CollectionType::ComputeReplicas:
        return "cluster replica";
    case CollectionType::Item:
        return "catalog item";
    case CollectionType::NetworkPolicy:
        return "network policy";
    default:
        return {};
    }
}

/// The text at a path of a JSON text; empty when there is none.
std::string textIn(std::string_view json, std::initializer_list<std::string_view> path)
{
    JsonTape tape;
    return tape.parseJson(json).has_value() ? std::string(textAt(tape, 0, path)) : std::string();
}

/// The id at a path, as users see it; else the JSON there, else all of it.
std::string idIn(std::string_view json, std::initializer_list<std::string_view> path)
{
    JsonTape tape;
    if (!tape.parseJson(json).has_value())
        return std::string(json);
    const auto at = nodeAt(tape, 0, path);
    if (!at)
        return std::string(json);
    if (auto text = idText(tape, *at))
        return *std::move(text);
    std::string text;
    tape.appendJson(*at, text);
    return text;
}

std::string jsonIn(std::string_view json, std::initializer_list<std::string_view> path)
{
    JsonTape tape;
    std::string text;
    if (tape.parseJson(json).has_value()) {
        if (const auto at = nodeAt(tape, 0, path))
            tape.appendJson(*at, text);
    }
    return text;
}

std::string replicaClash(std::string_view value, const TableRows& clusters)
{
    const auto* cluster = clusters.at("{\"id\":" + jsonIn(value, {"cluster_id"}) + "}");
    const auto name = cluster != nullptr ? textIn(cluster->value, {"name"}) : idIn(value, {"cluster_id"});
    return "cannot create multiple replicas named '" + textIn(value, {"name"}) + "' on cluster '" + name + "'";
}

/// The words at the front of a statement, as they stand: the reference does not look at them in any other case.
std::array<std::string_view, 4> wordsOf(std::string_view sql)
{
    constexpr std::string_view kBlanks = " \t\r\n\f\v";
    std::array<std::string_view, 4> words;
    std::size_t at = 0;
    for (auto& word : words) {
        at = std::min(sql.find_first_not_of(kBlanks, at), sql.size());
        const auto end = std::min(sql.find_first_of(kBlanks, at), sql.size());
        word = sql.substr(at, end - at);
        at = end;
    }
    return words;
}

bool isKnownStatement(std::string_view sql, std::uint32_t version)
{
    auto [create, what, second, third] = wordsOf(sql);
    if (create != "CREATE")
        return false;
    if (what == "TEMPORARY" || what == "REPLACEMENT") {
        what = second;
        second = third;
    }
    for (const auto* known :
         {"TABLE", "SOURCE", "SUBSOURCE", "SINK", "VIEW", "INDEX", "TYPE", "FUNCTION", "SECRET", "CONNECTION"}) {
        if (what == known)
            return true;
    }
    return (what == "MATERIALIZED" && second == "VIEW")
        || (what == "CONTINUAL" && second == "TASK" && version <= kLastWithContinualTasks)
        || (what == "METRIC" && second == "SINK" && version >= kFirstWithMetricSinks);
}

} // namespace

Error refusalOf(Clash clash, CollectionType type, std::string_view key, std::string_view value,
                const TableRows& clusters)
{
    std::string text(clash == Clash::DuplicateKey ? kDuplicateKey : kUniquenessViolation);
    if (type == CollectionType::ComputeReplicas)
        text = replicaClash(value, clusters);
    else if (const auto word = wordOf(type); !word.empty())
        text = std::string(word) + " '" + textIn(value, {"name"}) + "' already exists";
    else if (type == CollectionType::IdAlloc)
        text = "ID allocator '" + textIn(key, {"name"}) + "' already exists";
    else if (type == CollectionType::Config)
        text = "config '" + textIn(key, {"key"}) + "' already exists";
    else if (type == CollectionType::TxnWalShard)
        text = "storage error: txn WAL already exists";
    else if (type == CollectionType::StorageCollectionMetadata && clash == Clash::UniquenessViolation)
        text = "storage error: persist shard already in use: " + textIn(value, {"shard"});
    else if (type == CollectionType::StorageCollectionMetadata)
        text = "storage error: storage metadata for '" + idIn(key, {"id"}) + "' already exists";
    return Error {ErrorCode::InvalidInput, std::move(text), {}, false};
}

Error unknownRow(CollectionType type, std::string_view key)
{
    const auto word = wordOf(type);
    auto text = word.empty()
        ? "there is no row of " + std::string(collectionOf(type).name) + " with the key " + std::string(key)
        : "unknown " + std::string(word) + " '"
            + idIn(key, {type == CollectionType::Item ? std::string_view("gid") : std::string_view("id")}) + "'";
    return Error {ErrorCode::NotFound, std::move(text), {}, false};
}

Result<> checkCreateSql(const RowSchema& schema, std::string_view itemValue)
{
    auto sql = textIn(itemValue, {"definition", "value", "V1", "create_sql"});
    if (sql.empty())
        sql = textIn(itemValue, {"definition", "V1", "create_sql"});
    if (isKnownStatement(sql, schema.version()))
        return {};
    return fail(ErrorCode::InvalidInput, "unexpected create sql: " + maskedSql(sql));
}

} // namespace inspector::catalog
