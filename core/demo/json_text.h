#pragma once

#include "core/codec/row_codec.h"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace inspector::demo {

/// A JSON string.
[[nodiscard]] inline std::string quoted(std::string_view text)
{
    std::string json;
    codec::appendJsonString(text, json);
    return json;
}

/// A JSON object of members that are JSON already; names need no escaping.
[[nodiscard]] inline std::string object(std::initializer_list<std::pair<std::string_view, std::string>> members)
{
    std::string json = "{";
    for (const auto& [name, value] : members) {
        if (json.size() > 1)
            json += ',';
        json += '"';
        json += name;
        json += "\":";
        json += value;
    }
    return json += '}';
}

/// A JSON array of elements that are JSON already.
[[nodiscard]] inline std::string array(const std::vector<std::string>& elements)
{
    std::string json = "[";
    for (const auto& element : elements) {
        if (json.size() > 1)
            json += ',';
        json += element;
    }
    return json += ']';
}

[[nodiscard]] inline std::string number(std::uint64_t value)
{
    return std::to_string(value);
}

[[nodiscard]] inline std::string boolean(bool value)
{
    return value ? "true" : "false";
}

inline constexpr const char* kNull = "null";

} // namespace inspector::demo
