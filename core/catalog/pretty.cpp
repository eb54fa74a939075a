#include "core/catalog/pretty.h"

#include "core/base/clock.h"
#include "core/catalog/json_path.h"

#include <algorithm>
#include <limits>

namespace inspector::catalog {

using codec::JsonTape;
using codec::JsonType;

namespace {

struct Privilege
{
    std::uint32_t bit;
    char letter;
    std::string_view name;
};

/// In the reference's order (catalog-model §5.3).
constexpr Privilege kPrivileges[] {
    {0, 'a', "INSERT"},          {1, 'r', "SELECT"},
    {2, 'w', "UPDATE"},          {3, 'd', "DELETE"},
    {8, 'U', "USAGE"},           {9, 'C', "CREATE"},
    {31, 'R', "CREATE ROLE"},    {30, 'B', "CREATE DATABASE"},
    {29, 'N', "CREATE CLUSTER"}, {32, 'P', "CREATE NETWORK POLICY"},
};

/// The letter in front of the number of an id, by its variant; nothing for other choices.
std::optional<std::string_view> idPrefix(std::string_view variant)
{
    constexpr std::pair<std::string_view, std::string_view> kPrefixes[] {
        {"System", "s"}, {"User", "u"}, {"Predefined", "g"}, {"Transient", "t"}, {"IntrospectionSourceIndex", "si"},
    };
    for (const auto& [name, prefix] : kPrefixes) {
        if (name == variant)
            return prefix;
    }
    return std::nullopt;
}

/// An id without a number.
std::optional<std::string> bareId(std::string_view variant)
{
    if (variant == "Public")
        return "p";
    if (variant == "Explain")
        return "Explained Query";
    if (variant == "Ambient")
        return "(ambient)";
    if (variant == "Temporary")
        return "u0";
    return std::nullopt;
}

/// A token of SQL, as far as masking needs it.
struct SqlToken
{
    std::size_t end = 0; ///< behind it
    bool isLiteral = false;
};

/// The end of text in `quote`s that opens at `at`; doubled quotes, and in E'' backslashes, do not end it.
std::size_t endOfQuoted(std::string_view sql, std::size_t at, char quote, bool hasBackslashes)
{
    for (++at; at < sql.size(); ++at) {
        if (hasBackslashes && sql[at] == '\\') {
            ++at;
        } else if (sql[at] == quote) {
            if (at + 1 >= sql.size() || sql[at + 1] != quote)
                return at + 1;
            ++at;
        }
    }
    return sql.size();
}

bool isWordCharacter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// `$tag$…$tag$` at `at`; the position itself when there is none.
std::size_t endOfDollarQuoted(std::string_view sql, std::size_t at)
{
    auto tagEnd = at + 1;
    while (tagEnd < sql.size() && isWordCharacter(sql[tagEnd]))
        ++tagEnd;
    if (tagEnd >= sql.size() || sql[tagEnd] != '$')
        return at;
    const auto tag = sql.substr(at, tagEnd + 1 - at);
    const auto close = sql.find(tag, tagEnd + 1);
    return close == std::string_view::npos ? sql.size() : close + tag.size();
}

SqlToken sqlTokenAt(std::string_view sql, std::size_t at)
{
    const char c = sql[at];
    if (c == '\'') {
        const bool isEscaped =
            at > 0 && (sql[at - 1] == 'E' || sql[at - 1] == 'e') && (at == 1 || !isWordCharacter(sql[at - 2]));
        return {endOfQuoted(sql, at, '\'', isEscaped), true};
    }
    if (c == '"')
        return {endOfQuoted(sql, at, '"', false), false};
    if (c == '$') {
        if (const auto end = endOfDollarQuoted(sql, at); end != at)
            return {end, true};
    }
    return {at + 1, false};
}

/// The words at the front of a statement, in upper case.
std::vector<std::string> leadingWords(std::string_view sql, std::size_t count)
{
    std::vector<std::string> words;
    std::size_t at = 0;
    while (words.size() < count) {
        at = sql.find_first_not_of(" \t\r\n", at);
        if (at == std::string_view::npos)
            break;
        const auto end = std::min(sql.find_first_of(" \t\r\n", at), sql.size());
        std::string word(sql.substr(at, end - at));
        std::transform(word.begin(), word.end(), word.begin(),
                       [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
        words.push_back(std::move(word));
        at = end;
    }
    return words;
}

bool isSecretSetting(std::string_view name)
{
    return name == "mock_authentication_nonce";
}

/// The value of a secret node as it is shown: SQL keeps what is not secret in it.
std::string maskedText(const codec::JsonNode& node)
{
    return node.name == "create_sql" ? maskedSql(node.text) : std::string(kMask);
}

/// Canonical JSON with masked nodes: the whole is written piece by piece around them.
class MaskedJson
{
public:
    MaskedJson(const RowTyper& row, bool isPretty)
        : m_tape(row.tape())
        , m_secrets(secretNodes(row))
        , m_isPretty(isPretty)
    {
    }

    void value(std::uint32_t node, std::size_t depth, std::string& to)
    {
        const auto& json = m_tape.nodes()[node];
        if (json.type != JsonType::Object && json.type != JsonType::Array) {
            if (std::binary_search(m_secrets.begin(), m_secrets.end(), node))
                codec::appendJsonString(maskedText(json), to);
            else
                m_tape.appendJson(node, to);
            return;
        }
        const bool isObject = json.type == JsonType::Object;
        to += isObject ? '{' : '[';
        bool isFirst = true;
        for (const auto child : childrenByName(m_tape, node)) {
            if (!isFirst)
                to += ',';
            isFirst = false;
            breakLine(depth + 1, to);
            if (isObject) {
                codec::appendJsonString(m_tape.nodes()[child].name, to);
                to += m_isPretty ? ": " : ":";
            }
            value(child, depth + 1, to);
        }
        if (!isFirst)
            breakLine(depth, to);
        to += isObject ? '}' : ']';
    }

private:
    void breakLine(std::size_t depth, std::string& to) const
    {
        if (!m_isPretty)
            return;
        to += '\n';
        to.append(2 * depth, ' ');
    }

    const JsonTape& m_tape;
    std::vector<std::uint32_t> m_secrets;
    bool m_isPretty;
};

} // namespace

std::string privilegeLetters(std::uint64_t bitflags)
{
    std::string letters;
    for (const auto& privilege : kPrivileges) {
        const auto bit = std::uint64_t {1} << privilege.bit;
        if ((bitflags & bit) != 0)
            letters += privilege.letter;
        bitflags &= ~bit;
    }
    if (bitflags != 0)
        letters += "+" + std::to_string(bitflags);
    return letters;
}

std::string privilegeNames(std::uint64_t bitflags)
{
    std::string names;
    const auto add = [&](std::string_view name) {
        if (!names.empty())
            names += ", ";
        names += name;
    };
    for (const auto& privilege : kPrivileges) {
        const auto bit = std::uint64_t {1} << privilege.bit;
        if ((bitflags & bit) != 0)
            add(privilege.name);
        bitflags &= ~bit;
    }
    for (std::uint32_t bit = 0; bit < 64; ++bit) {
        if (((bitflags >> bit) & 1U) != 0)
            add("bit " + std::to_string(bit));
    }
    return names.empty() ? "nothing" : names;
}

std::optional<std::string> idText(const JsonTape& tape, std::uint32_t node)
{
    const auto& nodes = tape.nodes();
    // {"value": id} and {"spec": id} of the proto shape, {"Id": id} of the specifiers.
    while (node < nodes.size() && nodes[node].type == JsonType::Object && nodes[node].children == 1) {
        const auto& child = nodes[node + 1];
        if (child.name == "value" || child.name == "spec" || child.name == "Id") {
            ++node;
            continue;
        }
        const auto prefix = idPrefix(child.name);
        if (prefix.has_value() && child.type == JsonType::Number)
            return std::string(*prefix) + std::string(child.text);
        if (child.type == JsonType::Object && child.children == 0)
            return bareId(child.name);
        return std::nullopt;
    }
    if (node < nodes.size() && nodes[node].type == JsonType::String)
        return bareId(nodes[node].text);
    return std::nullopt;
}

std::optional<std::string> aclItemText(const JsonTape& tape, std::uint32_t node)
{
    const auto grantee = nodeAt(tape, node, {"grantee"});
    const auto grantor = nodeAt(tape, node, {"grantor"});
    const auto mode = numberAt(tape, node, {"acl_mode", "bitflags"});
    if (!grantee.has_value() || !grantor.has_value() || !mode.has_value())
        return std::nullopt;
    const auto granteeText = idText(tape, *grantee);
    const auto grantorText = idText(tape, *grantor);
    if (!granteeText.has_value() || !grantorText.has_value())
        return std::nullopt;
    return (*granteeText == "p" ? std::string() : *granteeText) + "=" + privilegeLetters(*mode) + "/" + *grantorText;
}

std::string kebabCase(std::string_view upperCamel)
{
    std::string kebab;
    for (const char c : upperCamel) {
        const bool isUpper = c >= 'A' && c <= 'Z';
        if (isUpper && !kebab.empty())
            kebab += '-';
        kebab += isUpper ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return kebab;
}

std::string timeText(std::uint64_t millis)
{
    constexpr std::uint64_t kLastOfYear9999 = 253'402'300'799'999;
    if (millis > kLastOfYear9999)
        return std::to_string(millis) + " ms";
    auto text = rfc3339(static_cast<std::int64_t>(millis)); // 2026-11-24T14:57:54.000Z
    if (text.size() > 10 && text[10] == 'T')
        text[10] = ' ';
    if (text.ends_with('Z'))
        text.pop_back();
    return text;
}

std::string_view itemTypeOf(std::string_view createSql)
{
    auto words = leadingWords(createSql, 4);
    if (words.size() < 2 || words[0] != "CREATE")
        return {};
    if (words[1] == "TEMPORARY" || words[1] == "REPLACEMENT")
        words.erase(words.begin() + 1);
    const auto word = [&](std::size_t i) { return i < words.size() ? std::string_view(words[i]) : std::string_view(); };
    constexpr std::pair<std::string_view, std::string_view> kTypes[] {
        {"TABLE", "table"},   {"SOURCE", "source"},         {"SUBSOURCE", "source"}, {"SINK", "sink"},
        {"VIEW", "view"},     {"INDEX", "index"},           {"TYPE", "type"},        {"FUNCTION", "function"},
        {"SECRET", "secret"}, {"CONNECTION", "connection"},
    };
    for (const auto& [name, type] : kTypes) {
        if (word(1) == name)
            return type;
    }
    if (word(1) == "MATERIALIZED" && word(2) == "VIEW")
        return "materialized view";
    if (word(1) == "CONTINUAL" && word(2) == "TASK")
        return "continual task";
    if (word(1) == "METRIC" && word(2) == "SINK")
        return "metric sink";
    return {};
}

std::string maskedSql(std::string_view createSql)
{
    const auto type = itemTypeOf(createSql);
    if (!type.empty() && type != "secret" && type != "connection")
        return std::string(createSql);
    std::string masked;
    for (std::size_t at = 0; at < createSql.size();) {
        const auto token = sqlTokenAt(createSql, at);
        if (token.isLiteral)
            masked += "'" + std::string(kMask) + "'";
        else
            masked += createSql.substr(at, token.end - at);
        at = token.end;
    }
    return masked;
}

std::vector<std::uint32_t> secretNodes(const RowTyper& row)
{
    std::vector<std::uint32_t> secrets;
    const auto& tape = row.tape();
    const auto kind = row.kind();
    // By name wherever they stand: a row that does not fit its types may hold them in another place.
    if (kind == "Item") {
        for (std::uint32_t i = 0; i < tape.nodes().size(); ++i) {
            const auto& node = tape.nodes()[i];
            if (node.name == "create_sql" && node.type == JsonType::String && maskedSql(node.text) != node.text)
                secrets.push_back(i);
        }
    } else if (kind == "RoleAuth") {
        for (std::uint32_t i = 0; i < tape.nodes().size(); ++i) {
            if (tape.nodes()[i].name == "password_hash" && tape.nodes()[i].type == JsonType::String)
                secrets.push_back(i);
        }
    } else if (kind == "Setting" && isSecretSetting(textAt(tape, 0, {"key", "name"}))) {
        for (std::uint32_t i = 0; i < tape.nodes().size(); ++i) {
            if (tape.nodes()[i].name == "value" && tape.nodes()[i].type == JsonType::String)
                secrets.push_back(i);
        }
    }
    return secrets;
}

std::string rowJson(const RowTyper& row, Reveal reveal)
{
    std::string json;
    if (row.tape().nodes().empty())
        return json;
    if (reveal == Reveal::Yes)
        row.tape().appendJson(0, json);
    else
        MaskedJson(row, false).value(0, 0, json);
    return json;
}

std::string prettyRowJson(const RowTyper& row, Reveal reveal)
{
    std::string json;
    if (row.tape().nodes().empty())
        return json;
    if (reveal == Reveal::Yes)
        row.tape().appendPrettyJson(0, json);
    else
        MaskedJson(row, true).value(0, 0, json);
    return json;
}

} // namespace inspector::catalog
