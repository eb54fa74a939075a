#include "tests/core/edit/random_rows.h"

#include "core/codec/row_codec.h"

#include <array>

namespace inspector::test {

using catalog::TypeKind;

std::string canonical(const std::string& json)
{
    codec::JsonTape tape;
    std::string text;
    if (tape.parseJson(json))
        tape.appendJson(0, text);
    return text;
}

std::string RandomRows::key(catalog::CollectionType type)
{
    const auto& types = m_schema->typesOf(type);
    if (!types.hasKey)
        return "null";
    std::string json;
    append(types.key, {}, 0, json);
    return canonical(json);
}

std::string RandomRows::value(catalog::CollectionType type)
{
    const auto& types = m_schema->typesOf(type);
    if (!types.hasValue)
        return "null";
    std::string json;
    append(types.value, {}, 0, json);
    return canonical(json);
}

std::string RandomRows::text(const std::string& field)
{
    if (field == "create_sql") {
        constexpr std::array kVerbs {"TABLE", "VIEW", "MATERIALIZED VIEW", "INDEX",  "SOURCE",
                                     "SINK",  "TYPE", "FUNCTION",          "SECRET", "CONNECTION"};
        return std::string("CREATE ") + kVerbs.at(below(kVerbs.size())) + " \"x\" AS SELECT "
            + std::to_string(m_random());
    }
    constexpr std::array kPieces {"a", "Z", "_", " ", "\"", "\\", "\n", "é", "\u2028", "🦀", "0", "'", "/", "\x7f"};
    std::string value = "n" + std::to_string(m_random());
    for (auto left = below(6); left > 0; --left)
        value += kPieces.at(below(kPieces.size()));
    return value;
}

void RandomRows::append(catalog::TypeIndex index, const std::string& field, int depth, std::string& to)
{
    const auto& type = m_schema->type(index);
    const auto number = [&](std::uint64_t magnitude) { return magnitude >> below(64); };
    switch (type.kind) {
    case TypeKind::Bool:
        to += below(2) == 0 ? "true" : "false";
        return;
    case TypeKind::U32:
        to += std::to_string(static_cast<std::uint32_t>(number(m_random())));
        return;
    case TypeKind::U64:
        to += std::to_string(number(m_random()));
        return;
    case TypeKind::I32:
        to += std::to_string(static_cast<std::int32_t>(number(m_random())));
        return;
    case TypeKind::I64:
        to += std::to_string(static_cast<std::int64_t>(number(m_random())));
        return;
    case TypeKind::String:
        codec::appendJsonString(text(field), to);
        return;
    case TypeKind::Uuid:
        to += "\"00000000-0000-4000-8000-" + std::to_string(100'000'000'000 + below(800'000'000'000)) + "\"";
        return;
    case TypeKind::Option:
        // The oldest types let every message be null; an item without its definition is no item.
        if (depth > 12 || (below(3) == 0 && field != "definition" && field != "value"))
            to += "null";
        else
            append(type.inner, field, depth + 1, to);
        return;
    case TypeKind::List: {
        to += '[';
        const auto count = depth > 6 ? 0 : below(3);
        for (std::uint64_t i = 0; i < count; ++i) {
            to += i == 0 ? "" : ",";
            append(type.inner, field, depth + 1, to);
        }
        to += ']';
        return;
    }
    case TypeKind::Newtype:
        append(type.inner, field, depth + 1, to);
        return;
    case TypeKind::Struct: {
        to += '{';
        bool isFirst = true;
        for (const auto& member : type.fields) {
            to += isFirst ? "" : ",";
            isFirst = false;
            to += member.jsonPrefix;
            append(member.type, member.name, depth + 1, to);
        }
        to += '}';
        return;
    }
    case TypeKind::Choice: {
        const auto& variant = type.variants.at(below(type.variants.size()));
        if (!variant.hasPayload) {
            codec::appendJsonString(variant.name, to);
            return;
        }
        to += '{';
        codec::appendJsonString(variant.name, to);
        to += ':';
        append(variant.payload, field, depth + 1, to);
        to += '}';
        return;
    }
    case TypeKind::IntEnum: {
        auto chosen = type.enumerators.begin();
        std::advance(chosen, static_cast<std::ptrdiff_t>(below(type.enumerators.size())));
        to += std::to_string(chosen->first);
        return;
    }
    }
}

} // namespace inspector::test
