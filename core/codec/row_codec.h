#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/codec/stored_row.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace inspector::codec {

/// How deep a row may nest; a deeper one is Corrupt. Real rows stay below 20.
inline constexpr std::uint32_t kMaxJsonDepth = 128;

/// Digits that a number may have on either side of the point, and the most zeros that its scale may stand for
/// (persist-format §8.3).
inline constexpr std::uint32_t kMaxNumberDigits = 39;

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
/// is the row itself. Views point into the row or into this object, and are valid until the next parse. Members keep
/// their stored order, and a name that occurs twice stays twice. Strings are valid UTF-8, nesting is at most
/// kMaxJsonDepth. Memory is bounded by the size of the largest row seen.
class JsonTape
{
public:
    JsonTape() = default;
    JsonTape(const JsonTape&) = delete;
    JsonTape& operator=(const JsonTape&) = delete;
    JsonTape(JsonTape&&) = default;
    JsonTape& operator=(JsonTape&&) = default;
    ~JsonTape() = default;

    /// Parses a row of either form. Corrupt says at which byte; an error row, a datum that jsonb does not have and a
    /// number beyond kMaxNumberDigits are Corrupt too, by name. After a failure there are no nodes.
    [[nodiscard]] Result<> parse(StoredRow row);
    /// Parses JSON text (RFC 8259). Corrupt says at which byte.
    [[nodiscard]] Result<> parseJson(std::string_view json);

    [[nodiscard]] const std::vector<JsonNode>& nodes() const { return m_nodes; }
    /// The member `name` of the object at `node`, or nullptr. The first one, should there be several.
    [[nodiscard]] const JsonNode* member(std::uint32_t node, std::string_view name) const;
    [[nodiscard]] std::uint32_t indexOf(const JsonNode& node) const
    {
        return static_cast<std::uint32_t>(&node - m_nodes.data());
    }

    /// Appends the value at `node` as canonical JSON text: members sorted by name's bytes (persist-format §8.5).
    void appendJson(std::uint32_t node, std::string& to) const;
    /// The same over several lines, indented by two spaces a level, as people read it.
    void appendPrettyJson(std::uint32_t node, std::string& to) const;

private:
    friend class TapeBuilder;
    std::vector<JsonNode> m_nodes;
    std::vector<std::unique_ptr<char[]>> m_chunks; ///< unescaped strings and printed numbers: never moved
    std::size_t m_chunkSize = 0;                   ///< bytes of the last chunk
    std::size_t m_chunkUsed = 0;
};

/// Appends `text` as a JSON string with quotes, escaped as persist-format §8.5 says.
void appendJsonString(std::string_view text, std::string& to);

/// The top-level string member `kind` of a row, without parsing the rest; empty when there is none, or when it has an
/// escape. Bytes are only trusted as far as needed: a row with a kind may still not decode. Fast: called once per row
/// of a catalog.
[[nodiscard]] std::string_view kindOf(StoredRow row);

/// The row as canonical JSON text (persist-format §8.5).
[[nodiscard]] Result<std::string> canonicalJson(StoredRow row);

/// The SourceData bytes of JSON text (persist-format §8.1–8.3; catalog-model §1.3: keys sorted, numbers reduced).
/// Corrupt when the text does not parse, InvalidInput when an object names a member twice.
[[nodiscard]] Result<Bytes> sourceDataOf(std::string_view json);

/// The bytes of a row as SourceData: as stored when it was stored so, else encoded from its JSON.
[[nodiscard]] Result<Bytes> sourceDataOf(StoredRow row);

/// The in-memory datum bytes of JSON text, as the reference prints them for `row_hex` (command-line.md). Errors as
/// for sourceDataOf.
[[nodiscard]] Result<Bytes> datumBytesOf(std::string_view json);

/// The three above for the value at `node` of a tape that is at hand anyway.
[[nodiscard]] Result<Bytes> sourceDataOf(const JsonTape& tape, std::uint32_t node = 0);
[[nodiscard]] Result<Bytes> datumBytesOf(const JsonTape& tape, std::uint32_t node = 0);

} // namespace inspector::codec
