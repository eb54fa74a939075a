// What the uniqueness rules (catalog-model §2.16) and the OID allocator (§2.17) look at.

#include "core/catalog/json_path.h"
#include "core/catalog/pretty.h"
#include "core/catalog/table_rows.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <span>

namespace inspector::catalog {

namespace {

using codec::JsonTape;
using NameClass = RowFacts::NameClass;

constexpr std::string_view kSession = "ephemeral_owner_session";

/// The last version of which the rule about shards of two collections is known (catalog-model §2.22).
constexpr std::uint32_t kLastWithUniqueShards = 82;

/// The fields of a value that no two rows of the collection may have in common; none when only keys count.
std::span<const std::string_view> uniqueFieldsOf(CollectionType type, std::uint32_t version)
{
    static constexpr std::string_view kName[] {"name"};
    static constexpr std::string_view kSchema[] {"database_id", "name"};
    static constexpr std::string_view kItem[] {"schema_id", "name", kSession};
    static constexpr std::string_view kReplica[] {"cluster_id", "name"};
    static constexpr std::string_view kShard[] {"shard"};
    switch (type) {
    case CollectionType::Database:
    case CollectionType::Role:
    case CollectionType::ComputeInstance:
    case CollectionType::NetworkPolicy:
        return kName;
    case CollectionType::Schema:
        return kSchema;
    case CollectionType::Item:
        return kItem;
    case CollectionType::ComputeReplicas:
        return kReplica;
    case CollectionType::StorageCollectionMetadata:
        return version <= kLastWithUniqueShards ? std::span<const std::string_view>(kShard)
                                                : std::span<const std::string_view>();
    default:
        return {};
    }
}

bool hasSkippedOid(CollectionType type)
{
    return type == CollectionType::Database || type == CollectionType::Schema || type == CollectionType::Role
        || type == CollectionType::Item || type == CollectionType::ComputeIntrospectionSourceIndex;
}

/// One text of the unique fields at `value`: equal if and only if all of them are.
std::string uniqueText(const JsonTape& tape, std::uint32_t value, std::span<const std::string_view> fields)
{
    std::string text;
    for (const auto field : fields) {
        const auto begin = text.size();
        if (const auto at = nodeAt(tape, value, {field}))
            tape.appendJson(*at, text);
        else
            text += "null";      // a field that may be missing, or that this version does not have
        if (field == kSession) { // a UUID: what is stored need not be in lower case
            std::transform(text.begin() + static_cast<std::ptrdiff_t>(begin), text.end(),
                           text.begin() + static_cast<std::ptrdiff_t>(begin),
                           [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
        }
        text += '\n'; // JSON has none of its own
    }
    return text;
}

NameClass nameClassOf(std::string_view itemType)
{
    if (itemType == "type")
        return NameClass::Type;
    constexpr std::string_view kColliding[] {"table", "source", "view", "materialized view", "index", "continual task"};
    for (const auto type : kColliding) {
        if (itemType == type)
            return NameClass::CollidesWithTypes;
    }
    return NameClass::Plain;
}

/// The create_sql of an item's value, in either shape.
std::string_view createSqlOf(const JsonTape& tape, std::uint32_t value)
{
    const auto wrapped = textAt(tape, value, {"definition", "value", "V1", "create_sql"});
    return wrapped.empty() ? textAt(tape, value, {"definition", "V1", "create_sql"}) : wrapped;
}

} // namespace

RowFacts factsOf(const RowTyper& typer)
{
    RowFacts facts;
    const auto* collection = typer.collection();
    if (collection == nullptr || typer.valueNode() == 0)
        return facts;
    const auto& tape = typer.tape();
    const auto value = typer.valueNode();
    const auto fields = uniqueFieldsOf(collection->type, typer.schema().version());
    if (!fields.empty()) {
        facts.isUnique = true;
        facts.uniqueHash = std::hash<std::string>()(uniqueText(tape, value, fields));
    }
    if (collection->type == CollectionType::Item)
        facts.nameClass = nameClassOf(itemTypeOf(createSqlOf(tape, value)));
    if (hasSkippedOid(collection->type)) {
        const auto oid = numberAt(tape, value, {"oid"});
        if (oid && *oid <= std::numeric_limits<std::uint32_t>::max())
            facts.oid = static_cast<std::uint32_t>(*oid);
    }
    return facts;
}

bool excludeEachOther(CollectionType type, const RowSchema& schema, const TableRow& a, const TableRow& b)
{
    if (!a.facts.isUnique || !b.facts.isUnique || a.facts.uniqueHash != b.facts.uniqueHash)
        return false;
    if (type == CollectionType::Item) {
        // Types share their names with what cannot be used as one, and with nothing else.
        const auto oneIsTypeAndOtherPlain = [](NameClass one, NameClass other) {
            return one == NameClass::Type && other == NameClass::Plain;
        };
        if (oneIsTypeAndOtherPlain(a.facts.nameClass, b.facts.nameClass)
            || oneIsTypeAndOtherPlain(b.facts.nameClass, a.facts.nameClass))
            return false;
    }
    const auto fields = uniqueFieldsOf(type, schema.version());
    const auto textOf = [&](const TableRow& row) {
        JsonTape tape;
        return tape.parseJson(row.value).has_value() ? uniqueText(tape, 0, fields) : std::string();
    };
    return textOf(a) == textOf(b);
}

} // namespace inspector::catalog
