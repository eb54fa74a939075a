#include "core/catalog/row_schema.h"

#include "core/catalog/schemas/types.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <numeric>
#include <unordered_map>

namespace inspector::catalog {

namespace {

/// Cuts the text up to the next `end` off the front.
std::string_view takeUntil(std::string_view& text, char end)
{
    const auto size = std::min(text.find(end), text.size());
    const auto taken = text.substr(0, size);
    text.remove_prefix(std::min(size + 1, text.size()));
    return taken;
}

std::int64_t numberOf(std::string_view text)
{
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

/// Whether "67-69,72" has the version.
bool covers(std::string_view ranges, std::uint32_t version)
{
    while (!ranges.empty()) {
        auto range = takeUntil(ranges, ',');
        const auto first = numberOf(takeUntil(range, '-'));
        const auto last = range.empty() ? first : numberOf(range);
        if (version >= first && version <= last)
            return true;
    }
    return false;
}

constexpr std::pair<std::string_view, TypeKind> kScalars[] {
    {"bool", TypeKind::Bool}, {"u32", TypeKind::U32},       {"u64", TypeKind::U64},   {"i32", TypeKind::I32},
    {"i64", TypeKind::I64},   {"string", TypeKind::String}, {"uuid", TypeKind::Uuid},
};

} // namespace

/// Reads the types of one version out of types.txt.
class SchemaReader
{
public:
    explicit SchemaReader(std::uint32_t version)
        : m_schema(new RowSchema)
    {
        m_schema->m_version = version;
        m_schema->m_types.reserve(512);
        for (const auto& [name, kind] : kScalars) {
            SchemaType scalar;
            scalar.kind = kind;
            scalar.name = name;
            m_indices.emplace(name, add(std::move(scalar)));
        }
    }

    std::shared_ptr<const RowSchema> read(std::string_view text)
    {
        constexpr auto kNone = std::numeric_limits<TypeIndex>::max();
        auto open = kNone; // the type that members belong to
        while (!text.empty()) {
            auto line = takeUntil(text, '\n');
            if (line.starts_with("  ")) {
                line.remove_prefix(2);
                if (open != kNone)
                    member(open, line);
                continue;
            }
            open = kNone;
            const auto what = takeUntil(line, ' ');
            const auto name = takeUntil(line, ' ');
            if (what == "version")
                header(name, line);
            else if (what != "#" && covers(line, m_schema->m_version))
                open = define(what, name);
        }
        for (auto& type : m_schema->m_types) {
            type.fieldsByName.resize(type.fields.size());
            std::iota(type.fieldsByName.begin(), type.fieldsByName.end(), 0U);
            std::sort(type.fieldsByName.begin(), type.fieldsByName.end(),
                      [&](std::uint32_t a, std::uint32_t b) { return type.fields[a].name < type.fields[b].name; });
        }
        readRoot();
        return std::shared_ptr<const RowSchema>(std::move(m_schema));
    }

private:
    TypeIndex add(SchemaType type)
    {
        m_schema->m_types.push_back(std::move(type));
        return static_cast<TypeIndex>(m_schema->m_types.size() - 1);
    }

    void header(std::string_view version, std::string_view rest)
    {
        if (numberOf(version) != m_schema->m_version)
            return;
        m_schema->m_shape = takeUntil(rest, ' ') == "proto" ? RowShape::Proto : RowShape::Serde;
        m_root = rest;
    }

    /// The type of a name, defined already or later: "?*ItemVersion".
    TypeIndex indexOf(std::string_view spelled)
    {
        if (const auto found = m_indices.find(spelled); found != m_indices.end())
            return found->second;
        const auto index = add({});
        m_indices.emplace(spelled, index);
        if (spelled.starts_with('?') || spelled.starts_with('*')) {
            const auto inner = indexOf(spelled.substr(1));
            m_schema->m_types[index].kind = spelled.front() == '?' ? TypeKind::Option : TypeKind::List;
            m_schema->m_types[index].inner = inner;
        } else {
            const auto path = spelled.rfind("::");
            m_schema->m_types[index].name = path == std::string_view::npos ? spelled : spelled.substr(path + 2);
        }
        return index;
    }

    TypeIndex define(std::string_view what, std::string_view name)
    {
        const auto index = indexOf(name);
        m_schema->m_types[index].kind = what == "struct" ? TypeKind::Struct
            : what == "newtype"                          ? TypeKind::Newtype
            : what == "numbers"                          ? TypeKind::IntEnum
                                                         : TypeKind::Choice;
        return index;
    }

    void member(TypeIndex of, std::string_view line)
    {
        const auto kind = m_schema->m_types[of].kind;
        const auto name = takeUntil(line, ' ');
        if (kind == TypeKind::Newtype) {
            const auto inner = indexOf(name);
            m_schema->m_types[of].inner = inner;
        } else if (kind == TypeKind::IntEnum) {
            m_schema->m_types[of].enumerators.emplace(numberOf(line), name);
        } else if (kind == TypeKind::Choice) {
            SchemaVariant variant;
            variant.name = name;
            variant.hasPayload = !line.empty();
            if (variant.hasPayload)
                variant.payload = indexOf(line);
            m_schema->m_types[of].variants.push_back(std::move(variant));
        } else {
            SchemaField field;
            field.name = name;
            const auto type = takeUntil(line, ' ');
            field.type = indexOf(type);
            field.mayBeMissing = type.starts_with('?') || line == "default";
            field.jsonPrefix = "\"" + field.name + "\":";
            field.debugPrefix = field.name + ": ";
            m_schema->m_types[of].fields.push_back(std::move(field));
        }
    }

    /// Sorts the variants of the root, which are the kinds of rows, to their collections.
    void readRoot()
    {
        const auto root = indexOf(m_root);
        for (const auto& variant : m_schema->m_types[root].variants) {
            if (variant.name == kFenceTokenKind)
                m_schema->m_fenceToken = variant.payload;
            const auto* collection = collectionOfKind(variant.name);
            if (collection == nullptr)
                continue;
            const auto at = static_cast<std::size_t>(collection->type);
            m_schema->m_has.at(at) = true;
            auto& types = m_schema->m_rows.at(at);
            for (const auto& field : m_schema->m_types[variant.payload].fields) {
                const auto type = m_schema->withoutOption(field.type);
                if (field.name == "key") {
                    types.key = type;
                    types.hasKey = true;
                } else {
                    types.value = type;
                    types.hasValue = true;
                }
            }
        }
    }

    std::unique_ptr<RowSchema> m_schema;
    std::unordered_map<std::string_view, TypeIndex> m_indices; ///< views into types.txt, which the program holds
    std::string_view m_root;
};

Result<std::shared_ptr<const RowSchema>> RowSchema::load(std::uint64_t version)
{
    if (version < kOldestVersion || version > kNewestVersion) {
        return fail(ErrorCode::Unsupported,
                    "catalog version " + std::to_string(version) + " is not known to this build, which knows "
                        + std::to_string(kOldestVersion) + " to " + std::to_string(kNewestVersion));
    }
    return SchemaReader(static_cast<std::uint32_t>(version)).read(schemaTypes());
}

std::shared_ptr<const RowSchema> RowSchema::nearest(std::uint64_t version)
{
    const auto known = std::clamp<std::uint64_t>(version, kOldestVersion, kNewestVersion);
    return SchemaReader(static_cast<std::uint32_t>(known)).read(schemaTypes());
}

} // namespace inspector::catalog
