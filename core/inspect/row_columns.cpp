#include "core/inspect/row_columns.h"

#include "core/inspect/text.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace inspector::inspect {

namespace {

using catalog::CollectionType;
using catalog::RowSchema;
using catalog::SchemaType;
using catalog::TypeIndex;
using catalog::TypeKind;
using codec::JsonType;
using Of = catalog::NameIndex::Of;

/// Structs nest deeper than a table should be wide; what lies deeper is shown as one value.
constexpr int kMaxDepth = 3;

struct IdType
{
    std::string_view name;
    CellContent content;
    Of of;
};

constexpr std::array kIdTypes {
    IdType {"ClusterId", CellContent::Id, Of::Cluster},
    IdType {"ReplicaId", CellContent::Id, Of::Replica},
    IdType {"DatabaseId", CellContent::Id, Of::Database},
    IdType {"ResolvedDatabaseSpecifier", CellContent::Id, Of::Database},
    IdType {"SchemaId", CellContent::Id, Of::Schema},
    IdType {"SchemaSpecifier", CellContent::Id, Of::Schema},
    IdType {"RoleId", CellContent::Id, Of::Role},
    IdType {"NetworkPolicyId", CellContent::Id, Of::NetworkPolicy},
    IdType {"CatalogItemId", CellContent::Id, Of::Item},
    IdType {"GlobalId", CellContent::Id, Of::GlobalId},
    IdType {"SystemCatalogItemId", CellContent::SystemId, Of::Item},
    IdType {"SystemGlobalId", CellContent::SystemId, Of::GlobalId},
    IdType {"IntrospectionSourceIndexCatalogItemId", CellContent::IndexId, Of::Item},
    IdType {"IntrospectionSourceIndexGlobalId", CellContent::IndexId, Of::GlobalId},
};

bool isNumber(TypeKind kind)
{
    return kind == TypeKind::U32 || kind == TypeKind::U64 || kind == TypeKind::I32 || kind == TypeKind::I64;
}

/// Walks down the types of a collection and makes a column of every leaf.
class ColumnMaker
{
public:
    ColumnMaker(const RowSchema& schema, std::vector<ColumnRecipe>& to)
        : m_schema(schema)
        , m_to(to)
    {
    }

    void add(TypeIndex type, Column::Source source)
    {
        m_source = source;
        m_path.clear();
        m_name.clear();
        walk(type, 0);
    }

private:
    void walk(TypeIndex index, int depth)
    {
        index = m_schema.withoutOption(index);
        const auto& type = m_schema.type(index);
        const auto* id =
            std::find_if(kIdTypes.begin(), kIdTypes.end(), [&](const auto& one) { return one.name == type.name; });
        if (id != kIdTypes.end())
            return leaf(id->content, index, id->of);
        if (type.name == "AclMode")
            return leaf(CellContent::Privileges, index);
        if (type.name == "EpochMillis")
            return leaf(CellContent::Date, index);
        if (type.name == "Duration")
            return leaf(CellContent::Duration, index);
        switch (type.kind) {
        case TypeKind::Newtype:
            return walk(type.inner, depth);
        case TypeKind::IntEnum:
            return leaf(CellContent::Enumerator, index);
        case TypeKind::List:
            return leaf(m_schema.type(m_schema.withoutOption(type.inner)).name == "MzAclItem" ? CellContent::AclItems
                                                                                              : CellContent::Text,
                        index);
        case TypeKind::Choice:
            if (type.variants.size() == 1 && type.variants.front().hasPayload)
                return within(type.variants.front().name, Naming::Hidden, type.variants.front().payload, depth);
            return leaf(CellContent::Text, index);
        case TypeKind::Struct:
            return walkFields(type, index, depth);
        default:
            return leaf(scalarContent(), index);
        }
    }

    void walkFields(const SchemaType& type, TypeIndex index, int depth)
    {
        if (depth >= kMaxDepth || type.fields.empty())
            return leaf(CellContent::Text, index);
        // A wrapper of one field lends its own field no name, but for the outermost struct.
        const auto naming = depth > 0 && type.fields.size() == 1 ? Naming::Hidden : Naming::Shown;
        for (const auto& field : type.fields)
            within(field.name, naming, field.type, depth + 1);
    }

    enum class Naming { Shown, Hidden };

    void within(const std::string& step, Naming naming, TypeIndex type, int depth)
    {
        m_path.push_back(step);
        if (naming == Naming::Shown)
            m_name.push_back(step);
        walk(type, depth);
        if (naming == Naming::Shown)
            m_name.pop_back();
        m_path.pop_back();
    }

    [[nodiscard]] CellContent scalarContent() const
    {
        if (m_path.empty())
            return CellContent::Text;
        if (m_path.back() == "create_sql")
            return CellContent::Sql;
        return m_path.back() == "password_hash" ? CellContent::Secret : CellContent::Text;
    }

    void leaf(CellContent content, TypeIndex type, std::optional<Of> names = std::nullopt)
    {
        ColumnRecipe recipe;
        std::string name;
        for (const auto& step : m_name) {
            // The event is all that an audit row has: its fields stand for themselves.
            if (step != "event")
                name += (name.empty() ? "" : ".") + step;
        }
        if (content == CellContent::Sql) {
            recipe.column = {"type", "Type", m_source, false, false};
            recipe.content = CellContent::ItemType;
            recipe.path = m_path;
            m_to.push_back(recipe);
            name = "create_sql";
        }
        if (name.empty())
            name = m_path.empty() ? "value" : m_path.back();
        recipe.column = {name, titleOf(name), m_source,
                         content == CellContent::Text && isNumber(m_schema.type(type).kind),
                         content == CellContent::Secret};
        recipe.content = content;
        recipe.path = m_path;
        recipe.names = names;
        recipe.type = type;
        m_to.push_back(std::move(recipe));
    }

    const RowSchema& m_schema;
    std::vector<ColumnRecipe>& m_to;
    Column::Source m_source = Column::Source::Key;
    std::vector<std::string> m_path;
    std::vector<std::string> m_name; ///< the steps of the path that a column is called by
};

ColumnRecipe simple(const char* name, Column::Source source, CellContent content, bool isNumeric = false)
{
    ColumnRecipe recipe;
    recipe.column = {name, titleOf(name), source, isNumeric, false};
    recipe.content = content;
    return recipe;
}

/// The node at the end of a path below `from`; nullptr when a step is not there.
const codec::JsonNode* nodeAt(const codec::JsonTape& tape, std::uint32_t from, const std::vector<std::string>& path)
{
    const auto* node = &tape.nodes()[from];
    for (const auto& step : path) {
        if (node->type != JsonType::Object)
            return nullptr;
        node = tape.member(tape.indexOf(*node), step);
        if (node == nullptr)
            return nullptr;
    }
    return node;
}

std::optional<std::uint64_t> unsignedOf(const codec::JsonNode* node)
{
    if (node == nullptr || node->type != JsonType::Number)
        return std::nullopt;
    std::uint64_t value = 0;
    const auto* end = node->text.data() + node->text.size();
    const auto [stopped, problem] = std::from_chars(node->text.data(), end, value);
    return problem == std::errc() && stopped == end ? std::optional(value) : std::nullopt;
}

/// The number behind a value that may be wrapped: 7, {"value":7}, {"bitflags":7}.
const codec::JsonNode* unwrapped(const codec::JsonTape& tape, const codec::JsonNode* node, std::string_view name)
{
    return node->type == JsonType::Object ? tape.member(tape.indexOf(*node), name) : node;
}

void appendIdWithName(const ColumnRecipe& recipe, const std::string& id, const catalog::NameIndex& names,
                      std::string& to)
{
    to += id;
    if (!recipe.names)
        return;
    if (const auto name = names.nameOf(*recipe.names, id))
        to += " (" + *name + ")";
}

void appendSystemId(const ColumnRecipe& recipe, const codec::JsonTape& tape, const codec::JsonNode* node,
                    const char* prefix, const catalog::NameIndex& names, std::string& to)
{
    const auto* number = unwrapped(tape, node, "value");
    if (number == nullptr || number->type != JsonType::Number)
        return appendValueText(tape, tape.indexOf(*node), to);
    appendIdWithName(recipe, prefix + std::string(number->text), names, to);
}

void appendAclItems(const codec::JsonTape& tape, std::uint32_t list, std::string& to)
{
    const auto& nodes = tape.nodes();
    if (nodes[list].type != JsonType::Array)
        return appendValueText(tape, list, to);
    for (auto child = list + 1; child < nodes[list].next; child = nodes[child].next) {
        if (child != list + 1)
            to += ", ";
        if (const auto item = catalog::aclItemText(tape, child))
            to += *item;
        else
            appendValueText(tape, child, to);
    }
}

void appendDuration(const codec::JsonTape& tape, std::uint32_t node, std::string& to)
{
    const auto seconds = unsignedOf(tape.member(node, "secs"));
    const auto nanos = unsignedOf(tape.member(node, "nanos"));
    if (!seconds || !nanos)
        return appendValueText(tape, node, to);
    to += std::to_string(*seconds);
    if (*nanos != 0) {
        auto fraction = std::to_string(*nanos);
        fraction.insert(0, fraction.size() < 9 ? 9 - fraction.size() : 0, '0');
        fraction.erase(fraction.find_last_not_of('0') + 1);
        to += "." + fraction;
    }
    to += " s";
}

/// Appends a string of the row, or what stands in for it.
void appendMaybeSecret(const catalog::RowTyper& typer, const codec::JsonNode& node, CellContent content,
                       std::string& to)
{
    const auto index = typer.tape().indexOf(node);
    const auto secrets = catalog::secretNodes(typer);
    if (!std::binary_search(secrets.begin(), secrets.end(), index))
        return appendValueText(typer.tape(), index, to);
    to += content == CellContent::Sql ? catalog::maskedSql(node.text) : std::string(catalog::kMask);
}

bool mayHoldSecrets(const catalog::RowTyper& typer)
{
    const auto* collection = typer.collection();
    return collection != nullptr && collection->type == CollectionType::Setting;
}

/// The row's JSON, or a part of it, with secrets masked where there are any.
void appendJsonPart(const catalog::RowTyper& typer, std::uint32_t node, std::string_view member, std::string& to)
{
    if (node == 0)
        return;
    if (catalog::secretNodes(typer).empty())
        return typer.tape().appendJson(node, to);
    codec::JsonTape masked;
    const auto json = catalog::rowJson(typer, catalog::Reveal::No);
    if (!masked.parseJson(json))
        return;
    if (const auto* part = masked.member(0, member))
        masked.appendJson(masked.indexOf(*part), to);
}

void appendTyped(const ColumnRecipe& recipe, const catalog::RowTyper& typer, const codec::JsonNode* node,
                 const catalog::NameIndex& names, std::string& to)
{
    const auto& tape = typer.tape();
    const auto index = tape.indexOf(*node);
    switch (recipe.content) {
    case CellContent::Id:
        if (const auto id = catalog::idText(tape, index))
            return appendIdWithName(recipe, *id, names, to);
        break;
    case CellContent::SystemId:
        return appendSystemId(recipe, tape, node, "s", names, to);
    case CellContent::IndexId:
        return appendSystemId(recipe, tape, node, "si", names, to);
    case CellContent::Privileges:
        if (const auto flags = unsignedOf(unwrapped(tape, node, "bitflags"))) {
            to += catalog::privilegeNames(*flags);
            return;
        }
        break;
    case CellContent::AclItems:
        return appendAclItems(tape, index, to);
    case CellContent::Date:
        if (const auto millis = unsignedOf(unwrapped(tape, node, "millis"))) {
            to += catalog::timeText(*millis);
            return;
        }
        break;
    case CellContent::Duration:
        return appendDuration(tape, index, to);
    case CellContent::ItemType:
        to += catalog::itemTypeOf(node->text);
        return;
    case CellContent::Sql:
    case CellContent::Secret:
        return appendMaybeSecret(typer, *node, recipe.content, to);
    case CellContent::Enumerator: {
        const auto& known = typer.schema().type(recipe.type).enumerators;
        const auto number = unsignedOf(node);
        const auto found = number ? known.find(static_cast<std::int64_t>(*number)) : known.end();
        if (found != known.end()) {
            to += found->second;
            return;
        }
        break;
    }
    default:
        if (mayHoldSecrets(typer))
            return appendMaybeSecret(typer, *node, recipe.content, to);
        break;
    }
    appendValueText(tape, index, to);
}

} // namespace

std::vector<ColumnRecipe> columnsOf(const RowSchema& schema, CollectionType collection)
{
    std::vector<ColumnRecipe> columns;
    const auto& types = schema.typesOf(collection);
    ColumnMaker maker(schema, columns);
    if (types.hasKey)
        maker.add(types.key, Column::Source::Key);
    const auto keyColumns = columns.size();
    if (types.hasValue)
        maker.add(types.value, Column::Source::Value);
    // What has a name of its own needs none beside its id.
    const bool isNamed = std::any_of(columns.begin() + static_cast<std::ptrdiff_t>(keyColumns), columns.end(),
                                     [](const auto& recipe) { return recipe.column.name == "name"; });
    if (isNamed && keyColumns == 1)
        columns.front().names.reset();
    if (columns.empty())
        columns = unknownKindColumns();
    return columns;
}

std::vector<ColumnRecipe> fenceTokenColumns()
{
    auto generation = simple("deploy_generation", Column::Source::Value, CellContent::Text, true);
    generation.path = {"deploy_generation"};
    auto epoch = simple("epoch", Column::Source::Value, CellContent::Text, true);
    epoch.path = {"epoch"};
    return {generation, epoch};
}

std::vector<ColumnRecipe> unknownKindColumns()
{
    return {simple("key", Column::Source::Key, CellContent::KeyJson),
            simple("row", Column::Source::Value, CellContent::RowJson)};
}

std::vector<ColumnRecipe> undecodableColumns()
{
    return {simple("problem", Column::Source::Value, CellContent::Problem),
            simple("stored", Column::Source::Value, CellContent::StoredHex)};
}

std::vector<ColumnRecipe> mixedColumns()
{
    return {simple("collection", Column::Source::Key, CellContent::Collection),
            simple("key", Column::Source::Key, CellContent::KeyJson),
            simple("value", Column::Source::Value, CellContent::ValueJson)};
}

ColumnRecipe timeColumn()
{
    return simple("time", Column::Source::Update, CellContent::Time, true);
}

ColumnRecipe diffColumn()
{
    return simple("diff", Column::Source::Update, CellContent::Diff, true);
}

ColumnRecipe rowColumn()
{
    return simple("row", Column::Source::Value, CellContent::RowJson);
}

void appendCell(const ColumnRecipe& recipe, const catalog::RowTyper& typer, const catalog::NameIndex& names,
                std::string& to)
{
    switch (recipe.content) {
    case CellContent::RowJson:
        to += catalog::rowJson(typer, catalog::Reveal::No);
        return;
    case CellContent::KeyJson:
        return appendJsonPart(typer, typer.keyNode(), "key", to);
    case CellContent::ValueJson:
        if (typer.keyNode() == 0 && typer.valueNode() == 0)
            to += catalog::rowJson(typer, catalog::Reveal::No);
        else
            appendJsonPart(typer, typer.valueNode(), "value", to);
        return;
    case CellContent::Collection:
        to += typer.collection() != nullptr ? typer.collection()->name : typer.kind();
        return;
    default:
        break;
    }
    const auto from = recipe.column.source == Column::Source::Key ? typer.keyNode() : typer.valueNode();
    const bool isWholeRow = typer.kind() == catalog::kFenceTokenKind;
    if (from == 0 && !isWholeRow)
        return;
    const auto* node = nodeAt(typer.tape(), from, recipe.path);
    if (node != nullptr && node->type != JsonType::Null)
        appendTyped(recipe, typer, node, names, to);
}

void appendValueText(const codec::JsonTape& tape, std::uint32_t node, std::string& to)
{
    const auto& nodes = tape.nodes();
    const auto& value = nodes[node];
    switch (value.type) {
    case JsonType::Null:
        return;
    case JsonType::False:
        to += "false";
        return;
    case JsonType::True:
        to += "true";
        return;
    case JsonType::Number:
    case JsonType::String:
        to += value.text;
        return;
    case JsonType::Array:
        for (auto child = node + 1; child < value.next; child = nodes[child].next) {
            if (child != node + 1)
                to += ", ";
            appendValueText(tape, child, to);
        }
        return;
    case JsonType::Object:
        break;
    }
    if (const auto id = catalog::idText(tape, node)) {
        to += *id;
        return;
    }
    if (value.children == 1) {
        // A wrapper stands for what it holds; a choice is called by its name.
        const auto& only = nodes[node + 1];
        const bool isChoice = !only.name.empty() && only.name.front() >= 'A' && only.name.front() <= 'Z';
        if (isChoice)
            to += only.name;
        const auto before = to.size();
        appendValueText(tape, node + 1, to);
        if (isChoice && to.size() > before)
            to.insert(before, 1, ' ');
        return;
    }
    bool isFirst = true;
    for (auto child = node + 1; child < value.next; child = nodes[child].next) {
        if (nodes[child].type == JsonType::Null)
            continue;
        if (!isFirst)
            to += ", ";
        isFirst = false;
        to += nodes[child].name;
        to += ": ";
        appendValueText(tape, child, to);
    }
}

} // namespace inspector::inspect
