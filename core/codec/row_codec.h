#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/codec/stored_row.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace inspector::codec {

/// What a JSON value is. Numbers stay text: they exceed 2^53 and some exceed 2^63 (persist-format §8.3).
enum class JsonType : std::uint8_t { Null, False, True, Number, String, Array, Object };

/// One value of a parsed row, in document order (a value's children follow it). Strings are unescaped.
struct JsonNode
{
    JsonType type = JsonType::Null;
    std::uint32_t next = 0;     ///< index of the node after this one and all it contains
    std::uint32_t children = 0; ///< members of an object, elements of an array
    std::string_view name;      ///< the member's name when the parent is an object
    std::string_view text;      ///< string: unescaped; number: canonical standard notation, "-0" as "0"
};

/// A row's JSON, parsed into one flat list of nodes without an allocation per value. Reused for row after row; node 0
/// is the row itself. Views point into the row or into this object, and are valid until the next parse.
class JsonTape
{
public:
    /// Parses a row of either form. Corrupt says at which byte.
    [[nodiscard]] Result<> parse(StoredRow row);
    /// Parses JSON text.
    [[nodiscard]] Result<> parseJson(std::string_view json);

    [[nodiscard]] const std::vector<JsonNode>& nodes() const { return m_nodes; }
    /// The member `name` of the object at `node`, or nullptr.
    [[nodiscard]] const JsonNode* member(std::uint32_t node, std::string_view name) const;
    [[nodiscard]] std::uint32_t indexOf(const JsonNode& node) const
    {
        return static_cast<std::uint32_t>(&node - m_nodes.data());
    }

    /// Appends the value at `node` as canonical JSON text: members sorted by name's bytes (persist-format §8.5).
    void appendJson(std::uint32_t node, std::string& to) const;

private:
    friend class TapeBuilder;
    std::vector<JsonNode> m_nodes;
    std::vector<char> m_text; ///< unescaped strings and printed numbers; reserved before it is pointed into
};

/// Appends `text` as a JSON string with quotes, escaped as persist-format §8.5 says.
void appendJsonString(std::string_view text, std::string& to);

/// The top-level string member `kind` of a row, without parsing the rest; empty when there is none. Fast: called once
/// per row of a catalog.
[[nodiscard]] std::string_view kindOf(StoredRow row);

/// The row as canonical JSON text (persist-format §8.5).
[[nodiscard]] Result<std::string> canonicalJson(StoredRow row);

/// The SourceData bytes of JSON text (persist-format §8.1–8.3; catalog-model §1.3: keys sorted, numbers reduced).
[[nodiscard]] Result<Bytes> sourceDataOf(std::string_view json);

/// The bytes of a row as SourceData: as stored when it was stored so, else encoded from its JSON.
[[nodiscard]] Result<Bytes> sourceDataOf(StoredRow row);

/// The in-memory datum bytes of JSON text, as the reference prints them for `row_hex` (command-line.md).
[[nodiscard]] Result<Bytes> datumBytesOf(std::string_view json);

} // namespace inspector::codec
