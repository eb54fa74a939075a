#include "core/codec/json_swar.h"
#include "core/codec/row_codec.h"

#include <algorithm>

namespace inspector::codec {

namespace {

/// The indices of the children of `node`, in the order of their names' bytes when it is an object.
std::vector<std::uint32_t> sortedChildren(const std::vector<JsonNode>& nodes, std::uint32_t node)
{
    std::vector<std::uint32_t> children;
    children.reserve(nodes[node].children);
    for (auto child = node + 1; child < nodes[node].next; child = nodes[child].next)
        children.push_back(child);
    if (nodes[node].type == JsonType::Object) {
        std::stable_sort(children.begin(), children.end(),
                         [&](std::uint32_t a, std::uint32_t b) { return nodes[a].name < nodes[b].name; });
    }
    return children;
}

bool isSorted(const std::vector<JsonNode>& nodes, std::uint32_t node)
{
    std::string_view before;
    for (auto child = node + 1; child < nodes[node].next; child = nodes[child].next) {
        if (nodes[child].name < before)
            return false;
        before = nodes[child].name;
    }
    return true;
}

/// Writes a value compactly or over several lines.
class JsonWriter
{
public:
    JsonWriter(const std::vector<JsonNode>& nodes, std::string& to, bool isPretty)
        : m_nodes(nodes)
        , m_to(to)
        , m_isPretty(isPretty)
    {
    }

    void value(std::uint32_t node, std::size_t depth)
    {
        const auto& value = m_nodes[node];
        switch (value.type) {
        case JsonType::Null:
            m_to += "null";
            break;
        case JsonType::False:
            m_to += "false";
            break;
        case JsonType::True:
            m_to += "true";
            break;
        case JsonType::Number:
            m_to += value.text;
            break;
        case JsonType::String:
            appendJsonString(value.text, m_to);
            break;
        case JsonType::Array:
        case JsonType::Object:
            container(node, depth);
            break;
        }
    }

private:
    void container(std::uint32_t node, std::size_t depth)
    {
        const bool isObject = m_nodes[node].type == JsonType::Object;
        m_to += isObject ? '{' : '[';
        bool isFirst = true;
        const auto child = [&](std::uint32_t at) {
            if (!isFirst)
                m_to += ',';
            isFirst = false;
            breakLine(depth + 1);
            if (isObject) {
                appendJsonString(m_nodes[at].name, m_to);
                m_to += m_isPretty ? ": " : ":";
            }
            value(at, depth + 1);
        };
        if (!isObject || isSorted(m_nodes, node)) {
            for (auto at = node + 1; at < m_nodes[node].next; at = m_nodes[at].next)
                child(at);
        } else {
            for (const auto at : sortedChildren(m_nodes, node))
                child(at);
        }
        if (!isFirst)
            breakLine(depth);
        m_to += isObject ? '}' : ']';
    }

    void breakLine(std::size_t depth)
    {
        if (!m_isPretty)
            return;
        m_to += '\n';
        m_to.append(2 * depth, ' ');
    }

    const std::vector<JsonNode>& m_nodes;
    std::string& m_to;
    bool m_isPretty;
};

} // namespace

const JsonNode* JsonTape::member(std::uint32_t node, std::string_view name) const
{
    if (node >= m_nodes.size() || m_nodes[node].type != JsonType::Object)
        return nullptr;
    for (auto child = node + 1; child < m_nodes[node].next; child = m_nodes[child].next) {
        if (m_nodes[child].name == name)
            return &m_nodes[child];
    }
    return nullptr;
}

void JsonTape::appendJson(std::uint32_t node, std::string& to) const
{
    if (node < m_nodes.size())
        JsonWriter(m_nodes, to, false).value(node, 0);
}

void JsonTape::appendPrettyJson(std::uint32_t node, std::string& to) const
{
    if (node < m_nodes.size())
        JsonWriter(m_nodes, to, true).value(node, 0);
}

void appendJsonString(std::string_view text, std::string& to)
{
    constexpr std::string_view kHex = "0123456789abcdef";
    const char* at = text.data();
    const char* const end = at + text.size();
    bool hasHighBytes = false;
    to += '"';
    while (true) {
        const char* const special = findStringEnd(at, end, hasHighBytes);
        to.append(at, special);
        if (special == end)
            break;
        const auto byte = static_cast<unsigned char>(*special);
        switch (byte) {
        case '"':
            to += "\\\"";
            break;
        case '\\':
            to += "\\\\";
            break;
        case '\b':
            to += "\\b";
            break;
        case '\f':
            to += "\\f";
            break;
        case '\n':
            to += "\\n";
            break;
        case '\r':
            to += "\\r";
            break;
        case '\t':
            to += "\\t";
            break;
        default:
            to += "\\u00";
            to += kHex[byte >> 4U];
            to += kHex[byte & 0x0fU];
        }
        at = special + 1;
    }
    to += '"';
}

} // namespace inspector::codec
