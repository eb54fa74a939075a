#include "core/catalog/references.h"

#include "core/catalog/json_path.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace inspector::catalog {

namespace {

using codec::JsonTape;
using codec::JsonType;
using Of = NameIndex::Of;

constexpr std::pair<std::string_view, Of> kIdTypes[] {
    {"RoleId", Of::Role},       {"DatabaseId", Of::Database},
    {"SchemaId", Of::Schema},   {"CatalogItemId", Of::Item},
    {"GlobalId", Of::GlobalId}, {"ClusterId", Of::Cluster},
    {"ReplicaId", Of::Replica}, {"NetworkPolicyId", Of::NetworkPolicy},
};

/// The last version whose introspection indexes have system ids (catalog-model §5.6).
constexpr std::uint32_t kLastWithSystemIndexes = 72;
/// The last version that has one kind of id for items and for their data (catalog-model §8.4).
constexpr std::uint32_t kLastWithoutItemIds = 67;

/// The collections whose key is the id of what the row is.
bool isKeyedById(CollectionType type)
{
    switch (type) {
    case CollectionType::ComputeInstance:
    case CollectionType::ComputeReplicas:
    case CollectionType::Database:
    case CollectionType::Item:
    case CollectionType::NetworkPolicy:
    case CollectionType::Role:
    case CollectionType::Schema:
        return true;
    default:
        return false;
    }
}

/// Whether an id is one that no row defines.
bool needsNoRow(Of of, std::string_view id)
{
    switch (of) {
    case Of::Role:
        return id == "p";
    case Of::Schema:
        return id == "u0"; // the place of temporary items
    case Of::Item:
    case Of::GlobalId:
        return id.starts_with('t') || id == "Explained Query";
    default:
        return false;
    }
}

class ReferenceWalk
{
public:
    explicit ReferenceWalk(const RowTyper& row)
        : m_schema(row.schema())
        , m_tape(row.tape())
    {
    }

    /// Adds the ids in the value at `node`.
    void walk(TypeIndex index, std::uint32_t node, std::vector<Reference>& to) const
    {
        const auto& type = m_schema.type(m_schema.withoutOption(index));
        const auto& json = m_tape.nodes()[node];
        if (json.type == JsonType::Null)
            return;
        if (const auto of = spaceOf(type.name)) {
            const auto id = idText(m_tape, node);
            if (id && !needsNoRow(*of, *id))
                to.push_back({*of, *id});
            return;
        }
        switch (type.kind) {
        case TypeKind::Struct:
            for (const auto& field : type.fields)
                if (const auto member = nodeAt(m_tape, node, {field.name}))
                    walk(field.type, *member, to);
            break;
        case TypeKind::List:
            if (json.type == JsonType::Array)
                for (auto child = node + 1; child < json.next; child = m_tape.nodes()[child].next)
                    walk(type.inner, child, to);
            break;
        case TypeKind::Newtype:
            walk(type.inner, node, to);
            break;
        case TypeKind::Choice:
            if (json.type == JsonType::Object && json.children == 1)
                for (const auto& variant : type.variants)
                    if (variant.hasPayload && variant.name == m_tape.nodes()[node + 1].name)
                        walk(variant.payload, node + 1, to);
            break;
        default:
            break;
        }
    }

private:
    static std::optional<Of> spaceOf(std::string_view typeName)
    {
        for (const auto& [name, of] : kIdTypes)
            if (name == typeName)
                return of;
        return std::nullopt;
    }

    const RowSchema& m_schema;
    const JsonTape& m_tape;
};

/// The number at `value`.`field`, bare or wrapped.
std::optional<std::uint64_t> idNumberAt(const JsonTape& tape, std::uint32_t value, std::string_view field)
{
    const auto bare = numberAt(tape, value, {field});
    return bare ? bare : numberAt(tape, value, {field, "value"});
}

/// The ids that builtin objects and introspection indexes give themselves: numbers without a variant.
void addNumberedIds(const RowTyper& row, std::string_view prefix, std::initializer_list<std::string_view> itemFields,
                    std::vector<Reference>& to)
{
    const auto& tape = row.tape();
    for (const auto field : itemFields)
        if (const auto number = idNumberAt(tape, row.valueNode(), field)) {
            to.push_back({Of::Item, std::string(prefix) + std::to_string(*number)});
            break;
        }
    if (const auto number = idNumberAt(tape, row.valueNode(), "global_id"))
        to.push_back({Of::GlobalId, std::string(prefix) + std::to_string(*number)});
}

std::string_view createSqlOf(const RowTyper& row)
{
    const auto wrapped = textAt(row.tape(), row.valueNode(), {"definition", "value", "V1", "create_sql"});
    return wrapped.empty() ? textAt(row.tape(), row.valueNode(), {"definition", "V1", "create_sql"}) : wrapped;
}

bool isDigit(char c)
{
    return c >= '0' && c <= '9';
}

/// The length of an item's or a cluster's id at the beginning of `text`; 0 when there is none.
std::size_t idLength(std::string_view text)
{
    for (const std::string_view prefix : {"si", "s", "u", "t"}) {
        if (!text.starts_with(prefix))
            continue;
        auto length = prefix.size();
        while (length < text.size() && isDigit(text[length]))
            ++length;
        if (length > prefix.size())
            return length;
    }
    return 0;
}

/// Whether `text` ends in the word CLUSTER and blanks.
bool endsInCluster(std::string_view text)
{
    constexpr std::string_view kWord = "CLUSTER";
    const auto end = text.find_last_not_of(" \t\n");
    if (end == std::string_view::npos || end + 1 < kWord.size())
        return false;
    const auto word = text.substr(end + 1 - kWord.size(), kWord.size());
    return std::equal(word.begin(), word.end(), kWord.begin(), [](char a, char b) {
        return (a >= 'a' && a <= 'z' ? static_cast<char>(a - 'a' + 'A') : a) == b;
    });
}

/// The index behind a text or an identifier in quotes that begins at `at`; a quote in it is doubled.
std::size_t behindQuoted(std::string_view sql, std::size_t at)
{
    const char quote = sql[at];
    for (++at; at < sql.size(); ++at) {
        if (sql[at] != quote)
            continue;
        if (at + 1 < sql.size() && sql[at + 1] == quote)
            ++at;
        else
            return at + 1;
    }
    return at;
}

void sortOut(std::vector<Reference>& references)
{
    std::sort(references.begin(), references.end());
    references.erase(std::unique(references.begin(), references.end()), references.end());
}

} // namespace

std::string textOf(const Reference& reference)
{
    constexpr std::array<std::string_view, 8> kWords {"database", "schema", "item",           "cluster",
                                                      "replica",  "role",   "network policy", "global id"};
    return std::string(kWords.at(static_cast<std::size_t>(reference.of))) + " " + reference.id;
}

std::vector<Reference> referencesOfSql(std::string_view createSql)
{
    constexpr std::string_view kAs = " AS ";
    std::vector<Reference> found;
    for (std::size_t at = 0; at < createSql.size();) {
        if (createSql[at] == '\'' || createSql[at] == '"') {
            at = behindQuoted(createSql, at);
            continue;
        }
        if (createSql[at++] != '[')
            continue;
        const auto rest = createSql.substr(at);
        const auto length = idLength(rest);
        if (length == 0)
            continue;
        const auto behind = rest.substr(length);
        const std::string id(rest.substr(0, length));
        if (behind.starts_with(kAs)) {
            if (!needsNoRow(Of::Item, id))
                found.push_back({Of::Item, id});
        } else if (behind.starts_with(']') && endsInCluster(createSql.substr(0, at - 1))) {
            found.push_back({Of::Cluster, id});
        }
    }
    sortOut(found);
    return found;
}

RowReferences referencesOf(const RowTyper& row)
{
    RowReferences found;
    const auto* collection = row.collection();
    if (collection == nullptr || collection->type == CollectionType::AuditLog)
        return found;
    const auto& types = row.schema().typesOf(collection->type);
    const ReferenceWalk walker(row);
    if (types.hasKey && row.keyNode() != 0)
        walker.walk(types.key, row.keyNode(), isKeyedById(collection->type) ? found.defines : found.uses);
    if (types.hasValue && row.valueNode() != 0)
        walker.walk(types.value, row.valueNode(), found.uses);
    switch (collection->type) {
    case CollectionType::Item: {
        const auto isOwn = [](const Reference& reference) { return reference.of == Of::GlobalId; };
        std::copy_if(found.uses.begin(), found.uses.end(), std::back_inserter(found.defines), isOwn);
        std::erase_if(found.uses, isOwn);
        auto named = referencesOfSql(createSqlOf(row));
        found.uses.insert(found.uses.end(), std::make_move_iterator(named.begin()),
                          std::make_move_iterator(named.end()));
        break;
    }
    case CollectionType::SystemGidMapping:
        addNumberedIds(row, "s", {"catalog_id", "id"}, found.defines);
        break;
    case CollectionType::ComputeIntrospectionSourceIndex:
        addNumberedIds(row, row.schema().version() <= kLastWithSystemIndexes ? "s" : "si", {"catalog_id", "index_id"},
                       found.defines);
        break;
    default:
        break;
    }
    if (row.schema().version() <= kLastWithoutItemIds)
        for (std::size_t i = found.defines.size(); i-- > 0;)
            if (found.defines[i].of == Of::GlobalId)
                found.defines.push_back({Of::Item, found.defines[i].id});
    sortOut(found.defines);
    sortOut(found.uses);
    return found;
}

} // namespace inspector::catalog
