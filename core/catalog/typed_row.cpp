#include "core/catalog/typed_row.h"

#include "core/catalog/rust_escapes.h"
#include "core/codec/json_swar.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <limits>
#include <set>

namespace inspector::catalog {

using codec::JsonNode;
using codec::JsonType;

namespace {

constexpr std::uint32_t kMissing = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t kMaxFields = 64; ///< of a struct; the types of the catalog stay below 20 (tst_row_schema)

/// From this version on diffs print as a struct of their own.
constexpr std::uint32_t kFirstOverflowing = 74;

bool isDigits(std::string_view text)
{
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Whether a canonical number is at most `largest`, which has as many digits as the type needs.
bool isAtMost(std::string_view digits, std::string_view largest)
{
    return isDigits(digits)
        && (digits.size() < largest.size() || (digits.size() == largest.size() && digits <= largest));
}

/// Whether the number's text fits the scalar type.
bool isInRange(std::string_view text, TypeKind kind)
{
    switch (kind) {
    case TypeKind::U32:
        return isAtMost(text, "4294967295");
    case TypeKind::U64:
        return isAtMost(text, "18446744073709551615");
    case TypeKind::I32:
        return text.starts_with('-') ? isAtMost(text.substr(1), "2147483648") : isAtMost(text, "2147483647");
    default:
        return text.starts_with('-') ? isAtMost(text.substr(1), "9223372036854775808")
                                     : isAtMost(text, "9223372036854775807");
    }
}

bool isUuidText(std::string_view text)
{
    if (text.size() != 36)
        return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool isDash = i == 8 || i == 13 || i == 18 || i == 23;
        const bool isHex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (isDash ? c != '-' : !isHex)
            return false;
    }
    return true;
}

/// Where the members of an object belong in its struct.
struct Resolved
{
    std::array<std::uint32_t, kMaxFields> nodes; ///< by field; kMissing when it is not there
    bool hasExtra = false;
};

/// Finds the node of every field. False when a field is there twice, or one that must be there is not. Members come
/// sorted by name, so one look at the next expected field is enough for nearly all of them.
bool resolve(const SchemaType& type, const std::vector<JsonNode>& nodes, std::uint32_t object, Resolved& to)
{
    const auto& fields = type.fields;
    const auto& byName = type.fieldsByName;
    std::fill_n(to.nodes.begin(), fields.size(), kMissing);
    std::size_t expected = 0;
    std::size_t found = 0;
    const auto end = nodes[object].next;
    for (auto child = object + 1; child < end; child = nodes[child].next) {
        const auto name = nodes[child].name;
        auto at = expected;
        if (at >= byName.size() || fields[byName[at]].name != name) {
            for (at = 0; at < byName.size() && fields[byName[at]].name != name;)
                ++at;
            if (at == byName.size()) {
                to.hasExtra = true;
                continue;
            }
        }
        auto& node = to.nodes[byName[at]];
        if (node != kMissing)
            return false;
        node = child;
        ++found;
        expected = at + 1;
    }
    if (found == fields.size())
        return true;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (to.nodes[i] == kMissing && !fields[i].mayBeMissing)
            return false;
    }
    return true;
}

bool hasField(const SchemaType& type, std::string_view name)
{
    return std::any_of(type.fields.begin(), type.fields.end(),
                       [&](const SchemaField& field) { return field.name == name; });
}

/// The reference's JSON: fields in declaration order, nothing between the tokens.
class JsonStyle
{
public:
    static constexpr bool kIsCanonical = false;

    JsonStyle(TextBuffer& to, std::uint32_t /*depth*/)
        : m_to(to)
    {
    }

    void null() { m_to.append("null"); }
    void boolean(bool value) { m_to.append(value ? std::string_view("true") : std::string_view("false")); }
    void number(std::string_view text) { m_to.append(text); }
    void text(std::string_view text) { appendJsonString(text, m_to); }
    void uuid(std::string_view text) { appendJsonString(text, m_to); }
    void enumerator(std::string_view number, const std::string* /*name*/) { m_to.append(number); }
    void unit() { m_to.append("null"); }

    void openOption() { }
    void closeOption() { }
    void openNewtype(const std::string& /*name*/) { }
    void closeNewtype() { }

    void unitVariant(const std::string& name) { appendJsonString(name, m_to); }
    void openVariant(const std::string& name)
    {
        m_to.append('{');
        appendJsonString(name, m_to);
        m_to.append(':');
    }
    void closeVariant() { m_to.append('}'); }

    void openList(bool /*isEmpty*/) { m_to.append('['); }
    void element(bool isFirst)
    {
        if (!isFirst)
            m_to.append(',');
    }
    void endElement() { }
    void closeList(bool /*isEmpty*/) { m_to.append(']'); }

    void openStruct(const std::string& /*name*/, bool /*isEmpty*/) { m_to.append('{'); }
    void field(const SchemaField& field, bool isFirst)
    {
        if (!isFirst)
            m_to.append(',');
        m_to.append(field.jsonPrefix);
    }
    void endField() { }
    void extraField(std::string_view name, std::string_view json, bool isFirst)
    {
        if (!isFirst)
            m_to.append(',');
        appendJsonString(name, m_to);
        m_to.append(':');
        m_to.append(json);
    }
    void closeStruct(bool /*isEmpty*/) { m_to.append('}'); }

private:
    TextBuffer& m_to;
};

/// Canonical JSON of the typed value: members sorted, nothing that the types do not have.
class CanonicalStyle : public JsonStyle
{
public:
    static constexpr bool kIsCanonical = true;

    CanonicalStyle(TextBuffer& to, std::uint32_t depth)
        : JsonStyle(to, depth)
    {
    }

    void uuid(std::string_view text)
    {
        std::string lower(text);
        std::transform(lower.begin(), lower.end(), lower.begin(),
                       [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
        JsonStyle::uuid(lower);
    }
};

/// Rust's {:#?}: four spaces a level, a comma and a line end behind everything.
class DebugStyle
{
public:
    static constexpr bool kIsCanonical = false;

    DebugStyle(TextBuffer& to, std::uint32_t depth)
        : m_to(to)
        , m_depth(depth)
    {
    }

    void null() { m_to.append("None"); }
    void boolean(bool value) { m_to.append(value ? std::string_view("true") : std::string_view("false")); }
    void number(std::string_view text) { m_to.append(text); }
    void text(std::string_view text) { appendRustString(text, m_to); }
    void uuid(std::string_view text) { m_to.append(text); }
    void enumerator(std::string_view number, const std::string* name)
    {
        m_to.append(name != nullptr ? std::string_view(*name) : number);
    }
    void unit() { m_to.append("()"); }

    void openOption() { open("Some"); }
    void closeOption() { closeVariant(); }
    void openNewtype(const std::string& name) { open(name); }
    void closeNewtype() { closeVariant(); }

    void unitVariant(const std::string& name) { m_to.append(name); }
    void openVariant(const std::string& name) { open(name); }
    void closeVariant()
    {
        --m_depth;
        line(",\n", ')');
    }

    void openList(bool isEmpty)
    {
        if (isEmpty) {
            m_to.append("[]");
            return;
        }
        m_to.append("[\n");
        ++m_depth;
    }
    void element(bool /*isFirst*/) { indent(); }
    void endElement() { m_to.append(",\n"); }
    void closeList(bool isEmpty)
    {
        if (isEmpty)
            return;
        --m_depth;
        line("", ']');
    }

    void openStruct(const std::string& name, bool isEmpty)
    {
        m_to.append(name);
        if (isEmpty)
            return;
        m_to.append(" {\n");
        ++m_depth;
    }
    void field(const SchemaField& field, bool /*isFirst*/)
    {
        indent();
        m_to.append(field.debugPrefix);
    }
    void endField() { m_to.append(",\n"); }
    void extraField(std::string_view name, std::string_view json, bool /*isFirst*/)
    {
        indent();
        m_to.append(name);
        m_to.append(": ");
        m_to.append(json);
        m_to.append(",\n");
    }
    void closeStruct(bool isEmpty)
    {
        if (isEmpty)
            return;
        --m_depth;
        line("", '}');
    }

private:
    static constexpr std::string_view kSpaces = "                                                                "
                                                "                                                                ";

    void open(std::string_view name)
    {
        m_to.append(name);
        m_to.append("(\n");
        ++m_depth;
        indent();
    }

    void indent()
    {
        auto width = std::size_t {4} * m_depth;
        for (; width > kSpaces.size(); width -= kSpaces.size())
            m_to.append(kSpaces);
        char* const to = m_to.reserve(kSpaces.size());
        std::memcpy(to, kSpaces.data(),
                    kSpaces.size()); // a fixed size is one vector loop; what is too much is written over
        m_to.advance(to + width);
    }

    void line(std::string_view before, char bracket)
    {
        m_to.append(before);
        indent();
        m_to.append(bracket);
    }

    TextBuffer& m_to;
    std::uint32_t m_depth;
};

} // namespace

/// Walks a value along its type and writes it in a style. Returns false at the first thing that does not fit.
template <typename Style>
class TypedWriter
{
public:
    TypedWriter(RowTyper& typer, TextBuffer& to, std::uint32_t depth)
        : m_schema(*typer.m_schema)
        , m_tape(typer.m_tape)
        , m_nodes(typer.m_tape.nodes())
        , m_hints(typer.m_hints)
        , m_hasExtraFields(typer.m_hasExtraFields)
        , m_style(to, depth)
    {
    }

    bool value(TypeIndex index, std::uint32_t node)
    {
        const auto& type = m_schema.type(index);
        if (node == kMissing) {
            m_style.null();
            return true;
        }
        const auto& json = m_nodes[node];
        switch (type.kind) {
        case TypeKind::Bool:
            if (json.type != JsonType::True && json.type != JsonType::False)
                return false;
            m_style.boolean(json.type == JsonType::True);
            return true;
        case TypeKind::U32:
        case TypeKind::U64:
        case TypeKind::I32:
        case TypeKind::I64:
            if (json.type != JsonType::Number || !isInRange(json.text, type.kind))
                return false;
            m_style.number(json.text);
            return true;
        case TypeKind::String:
            if (json.type != JsonType::String)
                return false;
            m_style.text(json.text);
            return true;
        case TypeKind::Uuid:
            if (json.type != JsonType::String || !isUuidText(json.text))
                return false;
            m_style.uuid(json.text);
            return true;
        case TypeKind::Option:
            return option(type, node);
        case TypeKind::List:
            return list(type, node);
        case TypeKind::Struct:
            return structure(type, node);
        case TypeKind::Newtype:
            m_style.openNewtype(type.name);
            if (!value(type.inner, node))
                return false;
            m_style.closeNewtype();
            return true;
        case TypeKind::Choice:
            return choice(index, type, node);
        case TypeKind::IntEnum:
            return enumerator(type, json);
        }
        return false;
    }

private:
    bool option(const SchemaType& type, std::uint32_t node)
    {
        if (m_nodes[node].type == JsonType::Null) {
            m_style.null();
            return true;
        }
        m_style.openOption();
        if (!value(type.inner, node))
            return false;
        m_style.closeOption();
        return true;
    }

    bool list(const SchemaType& type, std::uint32_t node)
    {
        const auto& json = m_nodes[node];
        if (json.type != JsonType::Array)
            return false;
        const bool isEmpty = json.children == 0;
        m_style.openList(isEmpty);
        bool isFirst = true;
        for (auto child = node + 1; child < json.next; child = m_nodes[child].next) {
            m_style.element(isFirst);
            isFirst = false;
            if (!value(type.inner, child))
                return false;
            m_style.endElement();
        }
        m_style.closeList(isEmpty);
        return true;
    }

    bool structure(const SchemaType& type, std::uint32_t node)
    {
        Resolved resolved;
        if (m_nodes[node].type != JsonType::Object || !resolve(type, m_nodes, node, resolved))
            return false;
        const bool isEmpty = type.fields.empty() && !resolved.hasExtra;
        m_style.openStruct(type.name, isEmpty);
        for (std::size_t i = 0; i < type.fields.size(); ++i) {
            const auto at = Style::kIsCanonical ? type.fieldsByName[i] : i;
            m_style.field(type.fields[at], i == 0);
            if (!value(type.fields[at].type, resolved.nodes[at]))
                return false;
            m_style.endField();
        }
        if (resolved.hasExtra) {
            m_hasExtraFields = true;
            if constexpr (!Style::kIsCanonical)
                extras(type, node);
        }
        m_style.closeStruct(isEmpty);
        return true;
    }

    void extras(const SchemaType& type, std::uint32_t node)
    {
        bool isFirst = type.fields.empty();
        for (auto child = node + 1; child < m_nodes[node].next; child = m_nodes[child].next) {
            if (hasField(type, m_nodes[child].name))
                continue;
            std::string json;
            m_tape.appendJson(child, json);
            m_style.extraField(m_nodes[child].name, json, isFirst);
            isFirst = false;
        }
    }

    bool choice(TypeIndex index, const SchemaType& type, std::uint32_t node)
    {
        const auto& json = m_nodes[node];
        if (json.type == JsonType::String) {
            const auto* variant = variantNamed(index, type, json.text);
            if (variant == nullptr || variant->hasPayload)
                return false;
            m_style.unitVariant(variant->name);
            return true;
        }
        if (json.type != JsonType::Object || json.children != 1)
            return false;
        const auto payload = node + 1;
        const auto* variant = variantNamed(index, type, m_nodes[payload].name);
        if (variant == nullptr)
            return false;
        if (!variant->hasPayload) {
            if (m_nodes[payload].type != JsonType::Null)
                return false;
            m_style.unitVariant(variant->name);
            return true;
        }
        m_style.openVariant(variant->name);
        if (!value(variant->payload, payload))
            return false;
        m_style.closeVariant();
        return true;
    }

    /// Most rows of a collection choose the same variant as the row before.
    const SchemaVariant* variantNamed(TypeIndex index, const SchemaType& type, std::string_view name)
    {
        auto& hint = m_hints[index];
        if (hint < type.variants.size() && type.variants[hint].name == name)
            return &type.variants[hint];
        for (std::uint32_t i = 0; i < type.variants.size(); ++i) {
            if (type.variants[i].name == name) {
                hint = i;
                return &type.variants[i];
            }
        }
        return nullptr;
    }

    bool enumerator(const SchemaType& type, const JsonNode& json)
    {
        if (json.type != JsonType::Number || !isInRange(json.text, TypeKind::I32))
            return false;
        std::int64_t number = 0;
        std::from_chars(json.text.data(), json.text.data() + json.text.size(), number);
        const auto found = type.enumerators.find(number);
        if (found == type.enumerators.end() && m_schema.shape() == RowShape::Serde)
            return false; // the proto shape keeps the number
        m_style.enumerator(json.text, found == type.enumerators.end() ? nullptr : &found->second);
        return true;
    }

    const RowSchema& m_schema;
    const codec::JsonTape& m_tape;
    const std::vector<JsonNode>& m_nodes;
    std::vector<std::uint32_t>& m_hints;
    bool& m_hasExtraFields;
    Style m_style;
};

namespace {

/// Lists everything in which a value does not fit its type.
class MisfitFinder
{
public:
    MisfitFinder(const RowSchema& schema, const std::vector<JsonNode>& nodes, std::vector<Misfit>& to)
        : m_schema(schema)
        , m_nodes(nodes)
        , m_to(to)
    {
    }

    void add(MisfitKind kind, const std::string& path, const std::string& what, bool isFatal)
    {
        m_to.push_back({kind, path, path + " " + what, isFatal});
    }

    void value(TypeIndex index, std::uint32_t node, const std::string& path)
    {
        const auto& type = m_schema.type(index);
        const auto& json = m_nodes[node];
        switch (type.kind) {
        case TypeKind::Bool:
            if (json.type != JsonType::True && json.type != JsonType::False)
                wrongType(path, json, "true or false");
            break;
        case TypeKind::U32:
        case TypeKind::U64:
        case TypeKind::I32:
        case TypeKind::I64:
            if (json.type != JsonType::Number)
                wrongType(path, json, "a number");
            else if (!isInRange(json.text, type.kind))
                add(MisfitKind::WrongType, path, "is " + std::string(json.text) + ", which is no " + type.name, true);
            break;
        case TypeKind::String:
            if (json.type != JsonType::String)
                wrongType(path, json, "text");
            break;
        case TypeKind::Uuid:
            if (json.type != JsonType::String || !isUuidText(json.text))
                wrongType(path, json, "a UUID");
            break;
        case TypeKind::Option:
            if (json.type != JsonType::Null)
                value(type.inner, node, path);
            break;
        case TypeKind::Newtype:
            value(type.inner, node, path);
            break;
        case TypeKind::List:
            list(type, node, path);
            break;
        case TypeKind::Struct:
            structure(type, node, path);
            break;
        case TypeKind::Choice:
            choice(type, node, path);
            break;
        case TypeKind::IntEnum:
            enumerator(type, json, path);
            break;
        }
    }

private:
    void wrongType(const std::string& path, const JsonNode& json, const std::string& expected)
    {
        static constexpr std::array<const char*, 7> kNames {"null", "false",  "true",     "a number",
                                                            "text", "a list", "an object"};
        add(MisfitKind::WrongType, path,
            std::string("is ") + kNames.at(static_cast<std::size_t>(json.type)) + " and not " + expected, true);
    }

    void list(const SchemaType& type, std::uint32_t node, const std::string& path)
    {
        if (m_nodes[node].type != JsonType::Array) {
            wrongType(path, m_nodes[node], "a list");
            return;
        }
        std::size_t number = 0;
        for (auto child = node + 1; child < m_nodes[node].next; child = m_nodes[child].next)
            value(type.inner, child, path + "[" + std::to_string(number++) + "]");
    }

    void structure(const SchemaType& type, std::uint32_t node, const std::string& path)
    {
        if (m_nodes[node].type != JsonType::Object) {
            wrongType(path, m_nodes[node], "an object");
            return;
        }
        std::set<std::string_view> seen;
        for (auto child = node + 1; child < m_nodes[node].next; child = m_nodes[child].next) {
            const auto name = m_nodes[child].name;
            const auto field = std::find_if(type.fields.begin(), type.fields.end(),
                                            [&](const SchemaField& each) { return each.name == name; });
            const auto below = path + "." + std::string(name);
            if (field == type.fields.end())
                add(MisfitKind::ExtraField, below, "is a field that version " + versionText() + " does not have",
                    false);
            else if (!seen.insert(name).second)
                add(MisfitKind::RepeatedField, below, "is there more than once", true);
            else
                value(field->type, child, below);
        }
        for (const auto& field : type.fields) {
            if (seen.count(field.name) == 0) {
                add(MisfitKind::MissingField, path + "." + field.name,
                    field.mayBeMissing ? "is not there and counts as null" : "is not there", !field.mayBeMissing);
            }
        }
    }

    void choice(const SchemaType& type, std::uint32_t node, const std::string& path)
    {
        const auto& json = m_nodes[node];
        const bool isObject = json.type == JsonType::Object && json.children == 1;
        if (json.type != JsonType::String && !isObject) {
            wrongType(path, json, "one of the choices of " + type.name);
            return;
        }
        const auto name = isObject ? m_nodes[node + 1].name : json.text;
        const auto variant = std::find_if(type.variants.begin(), type.variants.end(),
                                          [&](const SchemaVariant& each) { return each.name == name; });
        const auto below = path + "." + std::string(name);
        if (variant == type.variants.end()) {
            add(MisfitKind::UnknownVariant, below,
                "is a choice that " + type.name + " of version " + versionText() + " does not have", true);
        } else if (!isObject) {
            if (variant->hasPayload)
                add(MisfitKind::WrongType, below, "has no contents", true);
        } else if (variant->hasPayload) {
            value(variant->payload, node + 1, below);
        } else if (m_nodes[node + 1].type != JsonType::Null) {
            add(MisfitKind::WrongType, below, "has contents, which it cannot have", true);
        }
    }

    void enumerator(const SchemaType& type, const JsonNode& json, const std::string& path)
    {
        if (json.type != JsonType::Number || !isInRange(json.text, TypeKind::I32)) {
            wrongType(path, json, "a number of " + type.name);
            return;
        }
        std::int64_t number = 0;
        std::from_chars(json.text.data(), json.text.data() + json.text.size(), number);
        if (type.enumerators.count(number) == 0) {
            add(MisfitKind::UnknownNumber, path,
                "is " + std::string(json.text) + ", which " + type.name + " does not have",
                m_schema.shape() == RowShape::Serde);
        }
    }

    std::string versionText() const { return std::to_string(m_schema.version()); }

    const RowSchema& m_schema;
    const std::vector<JsonNode>& m_nodes;
    std::vector<Misfit>& m_to;
};

} // namespace

RowTyper::RowTyper(SchemaPtr schema)
    : m_schema(std::move(schema))
    , m_hints(m_schema->types().size())
{
}

Result<> RowTyper::read(codec::StoredRow row)
{
    m_kind = {};
    m_collection = nullptr;
    m_types = nullptr;
    m_key = 0;
    m_value = 0;
    m_hasExtraFields = false;
    m_hasOwnExtras = false;
    INSPECTOR_CHECK(m_tape.parse(row));
    const auto& nodes = m_tape.nodes();
    if (nodes[0].type != JsonType::Object)
        return fail(ErrorCode::Corrupt, "the row is no object");
    std::uint32_t kindNode = 0;
    std::uint32_t named = 0; // members that are the first of their name
    for (auto child = std::uint32_t {1}; child < nodes[0].next; child = nodes[child].next) {
        const auto name = nodes[child].name;
        auto* const slot = name == "kind" ? &kindNode : name == "key" ? &m_key : name == "value" ? &m_value : nullptr;
        if (slot != nullptr && *slot == 0) {
            *slot = child;
            ++named;
        }
    }
    if (kindNode == 0 || nodes[kindNode].type != JsonType::String)
        return fail(ErrorCode::Corrupt, "the row has no kind");
    m_kind = nodes[kindNode].text;
    m_collection = collectionOfKind(m_kind);
    if (m_collection != nullptr && m_schema->has(m_collection->type)) {
        m_types = &m_schema->typesOf(m_collection->type);
        const bool hasOthers = named != nodes[0].children;
        m_hasOwnExtras = hasOthers || (m_key != 0 && !m_types->hasKey) || (m_value != 0 && !m_types->hasValue);
        m_hasExtraFields = m_hasOwnExtras;
    }
    return {};
}

bool RowTyper::appendKeyJson(TextBuffer& to)
{
    return m_types != nullptr && append<JsonStyle>(m_types->hasKey, m_types->key, m_key, 0, to);
}

bool RowTyper::appendValueJson(TextBuffer& to)
{
    return m_types != nullptr && append<JsonStyle>(m_types->hasValue, m_types->value, m_value, 0, to);
}

bool RowTyper::appendCanonicalKey(TextBuffer& to)
{
    return m_types != nullptr && append<CanonicalStyle>(m_types->hasKey, m_types->key, m_key, 0, to);
}

bool RowTyper::appendCanonicalValue(TextBuffer& to)
{
    return m_types != nullptr && append<CanonicalStyle>(m_types->hasValue, m_types->value, m_value, 0, to);
}

bool RowTyper::appendKeyDebug(std::uint32_t depth, TextBuffer& to)
{
    return m_types != nullptr && append<DebugStyle>(m_types->hasKey, m_types->key, m_key, depth, to);
}

bool RowTyper::appendValueDebug(std::uint32_t depth, TextBuffer& to)
{
    return m_types != nullptr && append<DebugStyle>(m_types->hasValue, m_types->value, m_value, depth, to);
}

template <typename Style>
bool RowTyper::append(bool isThere, TypeIndex type, std::uint32_t node, std::uint32_t depth, TextBuffer& to)
{
    if (!isThere) {
        Style(to, depth).unit();
        return true;
    }
    if (node == 0)
        return false;
    const auto before = to.size();
    if (TypedWriter<Style>(*this, to, depth).value(type, node))
        return true;
    to.truncate(before);
    return false;
}

void RowTyper::appendOwnExtras(TextBuffer& to) const
{
    const auto& nodes = m_tape.nodes();
    bool isFirst = true;
    to.append(",\"extra\":{");
    for (auto child = std::uint32_t {1}; child < nodes[0].next; child = nodes[child].next) {
        const bool isKey = child == m_key && m_types->hasKey;
        const bool isValue = child == m_value && m_types->hasValue;
        if (isKey || isValue || (nodes[child].name == "kind" && nodes[child].text.data() == m_kind.data()))
            continue;
        if (!isFirst)
            to.append(',');
        isFirst = false;
        std::string json;
        m_tape.appendJson(child, json);
        appendJsonString(nodes[child].name, to);
        to.append(':');
        to.append(json);
    }
    to.append('}');
}

namespace {

template <typename Number>
void appendNumber(Number number, TextBuffer& to)
{
    constexpr std::size_t kDigits = 20;
    char* const at = to.reserve(kDigits);
    to.advance(std::to_chars(at, at + kDigits, number).ptr);
}

} // namespace

bool RowTyper::appendTraceLine(std::uint64_t time, std::int64_t diff, TextBuffer& to)
{
    if (m_types == nullptr)
        return false;
    const auto before = to.size();
    to.append("{\"collection\":\"");
    to.append(m_collection->name);
    to.append("\",\"key\":");
    bool isWhole = appendKeyJson(to);
    if (isWhole) {
        to.append(",\"value\":");
        isWhole = appendValueJson(to);
    }
    if (!isWhole) {
        to.truncate(before);
        return false;
    }
    to.append(",\"ts\":\"");
    appendNumber(time, to);
    to.append("\",\"diff\":");
    appendNumber(diff, to);
    if (m_hasOwnExtras)
        appendOwnExtras(to);
    to.append("}\n");
    return true;
}

bool RowTyper::appendDumpEntry(std::uint64_t time, std::int64_t diff, TextBuffer& to)
{
    constexpr std::uint32_t kDepth = 4;
    if (m_types == nullptr)
        return false;
    const auto before = to.size();
    to.append("             {\n                key: ");
    bool isWhole = appendKeyDebug(kDepth, to);
    if (isWhole) {
        to.append(",\n                value: ");
        isWhole = appendValueDebug(kDepth, to);
    }
    if (isWhole) {
        to.append(",\n                key_json: '");
        isWhole = appendKeyJson(to);
    }
    if (isWhole) {
        to.append("',\n                value_json: '");
        isWhole = appendValueJson(to);
    }
    if (!isWhole) {
        to.truncate(before);
        return false;
    }
    to.append("',\n");
    if (m_hasOwnExtras) {
        to.append("                extra: ");
        const auto at = to.size();
        appendOwnExtras(to);
        std::string extra(to.text().substr(at + std::string_view(",\"extra\":").size()));
        to.truncate(at);
        to.append(extra);
        to.append(",\n");
    }
    to.append("                timestamp: ");
    appendNumber(time, to);
    if (m_schema->version() >= kFirstOverflowing) {
        to.append(",\n                diff: Overflowing(\n                    ");
        appendNumber(diff, to);
        to.append(",\n                ),\n            },\n");
    } else {
        to.append(",\n                diff: ");
        appendNumber(diff, to);
        to.append(",\n            },\n");
    }
    return true;
}

std::vector<Misfit> RowTyper::misfits() const
{
    std::vector<Misfit> found;
    if (m_kind.empty())
        return found;
    const auto& nodes = m_tape.nodes();
    MisfitFinder finder(*m_schema, nodes, found);
    const auto version = std::to_string(m_schema->version());
    if (m_kind == kFenceTokenKind) {
        // The whole row is the struct; its kind is not one of the fields.
        finder.value(m_schema->fenceToken(), 0, "row");
        std::erase_if(found, [](const Misfit& misfit) { return misfit.path == "row.kind"; });
        return found;
    }
    if (m_collection == nullptr) {
        finder.add(MisfitKind::UnknownKind, "kind",
                   "is \"" + std::string(m_kind) + "\", which this build does not know", true);
        return found;
    }
    if (m_types == nullptr) {
        finder.add(MisfitKind::NotInVersion, "kind",
                   "is " + std::string(m_kind) + ", which version " + version + " does not have", true);
        return found;
    }
    const auto part = [&](bool isThere, TypeIndex type, std::uint32_t node, const char* name) {
        if (!isThere)
            return;
        if (node == 0)
            finder.add(MisfitKind::MissingField, name, "is not there", true);
        else if (nodes[node].type == JsonType::Null && m_schema->type(type).kind == TypeKind::Struct)
            finder.add(MisfitKind::MissingField, name, "is null", true);
        else
            finder.value(type, node, name);
    };
    part(m_types->hasKey, m_types->key, m_key, "key");
    part(m_types->hasValue, m_types->value, m_value, "value");
    for (auto child = std::uint32_t {1}; child < nodes[0].next; child = nodes[child].next) {
        const auto name = nodes[child].name;
        const bool isKnown =
            name == "kind" || (name == "key" && m_types->hasKey) || (name == "value" && m_types->hasValue);
        if (!isKnown)
            finder.add(MisfitKind::ExtraField, std::string(name), "is a field that a row of this kind does not have",
                       false);
        else if (name != "kind" && child != m_key && child != m_value)
            finder.add(MisfitKind::RepeatedField, std::string(name), "is there more than once", true);
        else if (name == "kind" && nodes[child].text.data() != m_kind.data())
            finder.add(MisfitKind::RepeatedField, std::string(name), "is there more than once", true);
    }
    return found;
}

namespace {

/// The high bit of every byte that Rust may not print as it is: a quote, a backslash, a control character, DEL, and
/// all above. A byte above the lowest marked one may be marked wrongly.
std::uint64_t rustSpecials(std::uint64_t word)
{
    const auto deletes = word ^ (codec::kLowBits * 0x7f);
    return codec::stringSpecials(word) | (((deletes - codec::kLowBits) & ~deletes) & codec::kHighBits)
        | (word & codec::kHighBits);
}

const char* findRustSpecial(const char* at, const char* end)
{
    if constexpr (std::endian::native == std::endian::little) {
        for (; end - at >= 8; at += 8) {
            if (const auto marked = rustSpecials(codec::loadWord(at)); marked != 0)
                return at + (std::countr_zero(marked) >> 3);
        }
    }
    for (; at != end; ++at) {
        const auto byte = static_cast<unsigned char>(*at);
        if (byte == '"' || byte == '\\' || byte < 0x20 || byte >= 0x7f)
            break;
    }
    return at;
}

/// The character that starts at `at`, and its length in bytes. Text from a tape is valid UTF-8; other bytes count as
/// characters of their own.
std::uint32_t characterAt(const char* at, const char* end, std::size_t& length)
{
    const auto byte = [&](std::ptrdiff_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(at[i])); };
    const auto lead = byte(0);
    const std::size_t wanted = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    length = static_cast<std::size_t>(end - at) < wanted ? 1 : wanted;
    switch (length) {
    case 2:
        return ((lead & 0x1fU) << 6U) | (byte(1) & 0x3fU);
    case 3:
        return ((lead & 0x0fU) << 12U) | ((byte(1) & 0x3fU) << 6U) | (byte(2) & 0x3fU);
    case 4:
        return ((lead & 0x07U) << 18U) | ((byte(1) & 0x3fU) << 12U) | ((byte(2) & 0x3fU) << 6U) | (byte(3) & 0x3fU);
    default:
        return lead;
    }
}

void appendUnicodeEscape(std::uint32_t character, TextBuffer& to)
{
    constexpr std::size_t kDigits = 8;
    to.append("\\u{");
    char* const at = to.reserve(kDigits);
    to.advance(std::to_chars(at, at + kDigits, character, 16).ptr);
    to.append('}');
}

} // namespace

void appendRustString(std::string_view text, TextBuffer& to)
{
    const char* at = text.data();
    const char* const end = at + text.size();
    to.append('"');
    while (true) {
        const char* const special = findRustSpecial(at, end);
        to.append({at, static_cast<std::size_t>(special - at)});
        if (special == end)
            break;
        std::size_t length = 0;
        const auto character = characterAt(special, end, length);
        at = special + length;
        switch (character) {
        case '\0':
            to.append("\\0");
            break;
        case '\t':
            to.append("\\t");
            break;
        case '\n':
            to.append("\\n");
            break;
        case '\r':
            to.append("\\r");
            break;
        case '"':
            to.append("\\\"");
            break;
        case '\\':
            to.append("\\\\");
            break;
        default:
            if (character < 0x80 || isEscapedByRust(character))
                appendUnicodeEscape(character, to);
            else
                to.append({special, length});
        }
    }
    to.append('"');
}

void appendJsonString(std::string_view text, TextBuffer& to)
{
    bool hasHighBytes = false;
    const char* const end = text.data() + text.size();
    if (codec::findStringEnd(text.data(), end, hasHighBytes) == end) {
        char* const at = to.reserve(text.size() + 2);
        *at = '"';
        if (!text.empty())
            std::memcpy(at + 1, text.data(), text.size());
        at[text.size() + 1] = '"';
        to.advance(at + text.size() + 2);
        return;
    }
    std::string escaped;
    codec::appendJsonString(text, escaped);
    to.append(escaped);
}

} // namespace inspector::catalog
