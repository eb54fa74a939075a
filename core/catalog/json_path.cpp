#include "core/catalog/json_path.h"

#include <algorithm>
#include <charconv>

namespace inspector::catalog {

using codec::JsonTape;
using codec::JsonType;

std::optional<std::uint32_t> nodeAt(const JsonTape& tape, std::uint32_t node,
                                    std::initializer_list<std::string_view> path)
{
    for (const auto name : path) {
        const auto* member = tape.member(node, name);
        if (member == nullptr)
            return std::nullopt;
        node = tape.indexOf(*member);
    }
    return node;
}

std::string_view textAt(const JsonTape& tape, std::uint32_t node, std::initializer_list<std::string_view> path)
{
    const auto at = nodeAt(tape, node, path);
    return at.has_value() && tape.nodes()[*at].type == JsonType::String ? tape.nodes()[*at].text : std::string_view();
}

std::optional<std::uint64_t> numberAt(const JsonTape& tape, std::uint32_t node,
                                      std::initializer_list<std::string_view> path)
{
    const auto at = nodeAt(tape, node, path);
    if (!at.has_value() || tape.nodes()[*at].type != JsonType::Number)
        return std::nullopt;
    const auto text = tape.nodes()[*at].text;
    std::uint64_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size())
        return std::nullopt;
    return number;
}

std::vector<std::uint32_t> childrenByName(const JsonTape& tape, std::uint32_t node)
{
    const auto& nodes = tape.nodes();
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

} // namespace inspector::catalog
