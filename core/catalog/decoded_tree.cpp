// A row as a tree for people: typed as far as its types go, plain JSON beyond.

#include "core/catalog/json_path.h"
#include "core/catalog/pretty.h"

#include <algorithm>
#include <charconv>

namespace inspector::catalog {

using codec::JsonNode;
using codec::JsonTape;
using codec::JsonType;

namespace {

using Of = NameIndex::Of;

/// What an id of a type is the id of, and what people call that.
struct IdKind
{
    std::string_view type;
    Of of;
    std::string_view word;
};

constexpr IdKind kIdKinds[] {
    {"RoleId", Of::Role, "role"},
    {"DatabaseId", Of::Database, "database"},
    {"SchemaId", Of::Schema, "schema"},
    {"CatalogItemId", Of::Item, "item"},
    {"GlobalId", Of::GlobalId, "item"},
    {"ClusterId", Of::Cluster, "cluster"},
    {"ReplicaId", Of::Replica, "replica"},
    {"NetworkPolicyId", Of::NetworkPolicy, "network policy"},
    {"ResolvedDatabaseSpecifier", Of::Database, "database"},
    {"SchemaSpecifier", Of::Schema, "schema"},
};

/// The bare numbers of system ids, and the letters that stand before them (catalog-model §5.2).
struct NumberKind
{
    std::string_view type;
    Of of;
    std::string_view prefix;
};

constexpr NumberKind kNumberKinds[] {
    {"SystemCatalogItemId", Of::Item, "s"},
    {"SystemGlobalId", Of::GlobalId, "s"},
    {"IntrospectionSourceIndexCatalogItemId", Of::Item, "si"},
    {"IntrospectionSourceIndexGlobalId", Of::GlobalId, "si"},
};

class TreeWriter
{
public:
    TreeWriter(const RowTyper& row, const NameIndex& names, Reveal reveal, std::vector<DecodedLine>& to)
        : m_schema(row.schema())
        , m_tape(row.tape())
        , m_nodes(row.tape().nodes())
        , m_names(names)
        , m_secrets(secretNodes(row))
        , m_reveal(reveal)
        , m_to(to)
    {
    }

    /// A value as far as its type goes.
    void typed(TypeIndex index, std::uint32_t node, int depth, std::string name)
    {
        index = m_schema.withoutOption(index);
        const auto& type = m_schema.type(index);
        const auto& json = m_nodes[node];
        if (json.type == JsonType::Null) {
            untyped(node, depth, std::move(name));
            return;
        }
        if (special(type, node, depth, name))
            return;
        if (type.kind == TypeKind::Struct && json.type == JsonType::Object) {
            line(depth, std::move(name));
            structure(type, node, depth + 1);
        } else if (type.kind == TypeKind::List && json.type == JsonType::Array) {
            line(depth, std::move(name), listText(json));
            std::size_t number = 0;
            for (auto child = node + 1; child < json.next; child = m_nodes[child].next)
                typed(type.inner, child, depth + 1, "[" + std::to_string(number++) + "]");
        } else if (type.kind == TypeKind::Newtype) {
            typed(type.inner, node, depth, std::move(name));
        } else if (type.kind == TypeKind::Choice && json.type == JsonType::Object && json.children == 1) {
            choice(type, node, depth, std::move(name));
        } else {
            untyped(node, depth, std::move(name));
            if (type.kind == TypeKind::IntEnum && json.type == JsonType::Number)
                m_to.back().meaning = enumeratorText(type, json);
            else if (type.kind == TypeKind::U64)
                m_to.back().meaning = meaningOfNumber(m_to.back().name, json);
        }
    }

    /// A value as the JSON that it is.
    void untyped(std::uint32_t node, int depth, std::string name)
    {
        const auto& json = m_nodes[node];
        switch (json.type) {
        case JsonType::Null:
            line(depth, std::move(name), "null");
            return;
        case JsonType::False:
            line(depth, std::move(name), "false");
            return;
        case JsonType::True:
            line(depth, std::move(name), "true");
            return;
        case JsonType::Number:
            line(depth, std::move(name), std::string(json.text));
            return;
        case JsonType::String:
            text(node, depth, std::move(name));
            return;
        case JsonType::Array:
        case JsonType::Object:
            break;
        }
        const bool isObject = json.type == JsonType::Object;
        line(depth, std::move(name), isObject ? std::string() : listText(json));
        std::size_t number = 0;
        for (auto child = node + 1; child < json.next; child = m_nodes[child].next)
            untyped(child, depth + 1,
                    isObject ? std::string(m_nodes[child].name) : "[" + std::to_string(number++) + "]");
    }

private:
    void line(int depth, std::string name, std::string text = {}, std::string meaning = {}, bool isSecret = false)
    {
        m_to.push_back({depth, std::move(name), std::move(text), std::move(meaning), isSecret});
    }

    static std::string listText(const JsonNode& json)
    {
        return json.children == 0 ? "none" : std::to_string(json.children);
    }

    void text(std::uint32_t node, int depth, std::string name)
    {
        const auto& json = m_nodes[node];
        const bool isSecret = std::binary_search(m_secrets.begin(), m_secrets.end(), node);
        const bool isMasked = isSecret && m_reveal == Reveal::No;
        std::string shown(json.text);
        if (isMasked)
            shown = json.name == "create_sql" ? maskedSql(json.text) : std::string(kMask);
        std::string meaning;
        if (json.name == "create_sql")
            meaning = itemTypeOf(json.text);
        line(depth, std::move(name), std::move(shown), std::move(meaning), isSecret);
    }

    void structure(const SchemaType& type, std::uint32_t node, int depth)
    {
        std::vector<bool> isShown(m_nodes[node].children);
        for (const auto& field : type.fields) {
            std::size_t number = 0;
            for (auto child = node + 1; child < m_nodes[node].next; child = m_nodes[child].next, ++number) {
                if (isShown[number] || m_nodes[child].name != field.name)
                    continue;
                isShown[number] = true;
                typed(field.type, child, depth, field.name);
                break;
            }
        }
        std::size_t number = 0;
        for (auto child = node + 1; child < m_nodes[node].next; child = m_nodes[child].next, ++number) {
            if (!isShown[number])
                untyped(child, depth, std::string(m_nodes[child].name));
        }
    }

    void choice(const SchemaType& type, std::uint32_t node, int depth, std::string name)
    {
        const auto payload = node + 1;
        const auto chosen = m_nodes[payload].name;
        const auto variant = std::find_if(type.variants.begin(), type.variants.end(),
                                          [&](const SchemaVariant& each) { return each.name == chosen; });
        if (variant == type.variants.end() || !variant->hasPayload) {
            line(depth, std::move(name), std::string(chosen));
            if (m_nodes[payload].type != JsonType::Null)
                untyped(payload, depth + 1, std::string(chosen));
            return;
        }
        const auto& inner = m_schema.type(m_schema.withoutOption(variant->payload));
        if (inner.kind == TypeKind::Struct && m_nodes[payload].type == JsonType::Object && !isIdType(inner.name)) {
            line(depth, std::move(name), std::string(chosen));
            structure(inner, payload, depth + 1);
            return;
        }
        // "object  Table u7": the choice and what it holds on one line.
        const auto first = m_to.size();
        typed(variant->payload, payload, depth, std::move(name));
        auto& written = m_to[first];
        written.text = std::string(chosen) + (written.text.empty() ? "" : " " + written.text);
    }

    static bool isIdType(std::string_view name)
    {
        return std::any_of(std::begin(kIdKinds), std::end(kIdKinds),
                           [&](const IdKind& kind) { return kind.type == name; });
    }

    /// Types that people read as one thing; false for all others.
    bool special(const SchemaType& type, std::uint32_t node, int depth, const std::string& name)
    {
        for (const auto& kind : kIdKinds) {
            if (kind.type != type.name)
                continue;
            const auto id = idText(m_tape, node);
            if (!id.has_value())
                return false;
            const auto full = m_names.nameOf(kind.of, *id);
            line(depth, name, *id, full.has_value() ? std::string(kind.word) + " " + *full : std::string());
            return true;
        }
        for (const auto& kind : kNumberKinds) {
            if (kind.type != type.name)
                continue;
            auto number = numberAt(m_tape, node, {});
            if (!number.has_value())
                number = numberAt(m_tape, node, {"value"}); // the proto shape
            if (!number.has_value())
                return false;
            const auto id = std::string(kind.prefix) + std::to_string(*number);
            line(depth, name, id, m_names.nameOf(kind.of, id).value_or(std::string()));
            return true;
        }
        if (type.name == "AclMode") {
            const auto bits = numberAt(m_tape, node, {"bitflags"});
            if (!bits.has_value() || m_nodes[node].children != 1)
                return false;
            line(depth, name, privilegeLetters(*bits), privilegeNames(*bits));
            return true;
        }
        if (type.name == "MzAclItem" && m_nodes[node].children == 3)
            return aclItem(node, depth, name);
        if (type.name == "EpochMillis") {
            const auto millis = numberAt(m_tape, node, {"millis"});
            if (!millis.has_value() || m_nodes[node].children != 1)
                return false;
            line(depth, name, std::to_string(*millis), timeText(*millis));
            return true;
        }
        if (type.name == "Duration")
            return duration(node, depth, name);
        if (type.name == "StringWrapper" && m_nodes[node].type == JsonType::Object && m_nodes[node].children == 1) {
            untyped(node + 1, depth, name);
            return true;
        }
        return false;
    }

    bool aclItem(std::uint32_t node, int depth, const std::string& name)
    {
        const auto item = aclItemText(m_tape, node);
        const auto bits = numberAt(m_tape, node, {"acl_mode", "bitflags"});
        const auto grantee = nodeAt(m_tape, node, {"grantee"});
        const auto grantor = nodeAt(m_tape, node, {"grantor"});
        if (!item.has_value() || !bits.has_value() || !grantee.has_value() || !grantor.has_value())
            return false;
        const auto role = [&](std::uint32_t at) {
            const auto id = idText(m_tape, at).value_or(std::string());
            return m_names.nameOf(Of::Role, id).value_or(id);
        };
        line(depth, name, *item, privilegeNames(*bits) + " to " + role(*grantee) + " by " + role(*grantor));
        return true;
    }

    bool duration(std::uint32_t node, int depth, const std::string& name)
    {
        const auto seconds = numberAt(m_tape, node, {"secs"});
        const auto nanos = numberAt(m_tape, node, {"nanos"});
        if (!seconds.has_value() || !nanos.has_value() || m_nodes[node].children != 2 || *nanos >= 1'000'000'000)
            return false;
        auto fraction = std::to_string(1'000'000'000 + *nanos).substr(1);
        while (fraction.ends_with('0'))
            fraction.pop_back();
        line(depth, name, std::to_string(*seconds) + (fraction.empty() ? "" : "." + fraction) + " s");
        return true;
    }

    static std::string enumeratorText(const SchemaType& type, const JsonNode& json)
    {
        std::int64_t number = 0;
        std::from_chars(json.text.data(), json.text.data() + json.text.size(), number);
        const auto found = type.enumerators.find(number);
        return found == type.enumerators.end() ? "unknown to this version" : found->second;
    }

    /// Numbers whose field says what they count: times and, in a deadline, milliseconds.
    static std::string meaningOfNumber(const std::string& name, const JsonNode& json)
    {
        if (name != "deadline" && name != "steady_hydrated_at")
            return {};
        std::uint64_t millis = 0;
        const auto read = std::from_chars(json.text.data(), json.text.data() + json.text.size(), millis);
        return read.ec == std::errc() ? timeText(millis) : std::string();
    }

    const RowSchema& m_schema;
    const JsonTape& m_tape;
    const std::vector<JsonNode>& m_nodes;
    const NameIndex& m_names;
    std::vector<std::uint32_t> m_secrets;
    Reveal m_reveal;
    std::vector<DecodedLine>& m_to;
};

} // namespace

std::vector<DecodedLine> decodedTree(const RowTyper& row, const NameIndex& names, Reveal reveal)
{
    std::vector<DecodedLine> lines;
    const auto& nodes = row.tape().nodes();
    if (nodes.empty())
        return lines;
    TreeWriter writer(row, names, reveal, lines);
    const auto& schema = row.schema();
    const bool isTyped = row.collection() != nullptr && schema.has(row.collection()->type);
    if (nodes[0].type != JsonType::Object) {
        writer.untyped(0, 0, "row");
        return lines;
    }
    const auto part = [&](std::uint32_t node, bool isThere, TypeIndex type, const char* name) {
        if (node == 0)
            return;
        if (isTyped && isThere)
            writer.typed(type, node, 0, name);
        else
            writer.untyped(node, 0, name);
    };
    const RowTypes none;
    const auto& types = isTyped ? schema.typesOf(row.collection()->type) : none;
    part(row.keyNode(), types.hasKey, types.key, "key");
    part(row.valueNode(), types.hasValue, types.value, "value");
    for (auto child = std::uint32_t {1}; child < nodes[0].next; child = nodes[child].next) {
        if (child != row.keyNode() && child != row.valueNode() && nodes[child].name != "kind")
            writer.untyped(child, 0, std::string(nodes[child].name));
    }
    return lines;
}

} // namespace inspector::catalog
