#pragma once

#include "core/base/result.h"
#include "core/catalog/collection.h"
#include "core/catalog/row_schema.h"
#include "core/catalog/text_buffer.h"
#include "core/codec/row_codec.h"
#include "core/codec/stored_row.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace inspector::catalog {

/// In which way a row does not fit its types.
enum class MisfitKind : std::uint8_t {
    ExtraField,     ///< a field that its type does not have; the reference drops it, we keep it
    MissingField,   ///< a field that must be there is not
    WrongType,      ///< the value is of another type, or a number beyond its range
    UnknownVariant, ///< a choice that its type does not have
    UnknownNumber,  ///< a number that its integer enum does not have
    RepeatedField,  ///< a field is there more than once
    UnknownKind,    ///< no collection has this kind
    NotInVersion,   ///< the collection is not in this catalog version
};

struct Misfit
{
    MisfitKind kind = MisfitKind::ExtraField;
    std::string path;    ///< dotted, from the row: "value.definition.V1.create_sql"
    std::string message; ///< one clause, naming the path
    /// True when the reference could not decode the row; false for what it would not notice.
    bool isFatal = false;
};

/// Reads rows with the types of one catalog version and writes them as the reference does. Reused for row after row:
/// nothing is allocated once it is warm. One thread at a time; each thread its own, over a shared schema.
///
/// The reference's two texts: JSON with fields in declaration order (`key_json`, `value_json`, the traces), and Rust's
/// pretty Debug (`dump`). A missing optional field is null and None. A field that its type does not have is written
/// after the others, as stored, so that no entry ever loses one, and hasExtraFields() is true.
class RowTyper
{
public:
    explicit RowTyper(SchemaPtr schema);

    [[nodiscard]] const RowSchema& schema() const { return *m_schema; }

    /// Parses a row and finds its collection. Corrupt when the bytes do not parse, or are no object with a text `kind`.
    /// After a failure there is no row.
    [[nodiscard]] Result<> read(codec::StoredRow row);

    /// The row's kind; empty when there is no row.
    [[nodiscard]] std::string_view kind() const { return m_kind; }
    /// Its collection; nullptr for the fence token and unknown kinds.
    [[nodiscard]] const Collection* collection() const { return m_collection; }
    /// The row itself; node 0.
    [[nodiscard]] const codec::JsonTape& tape() const { return m_tape; }
    /// The nodes of its key and value; 0 when it has none (0 is the row itself).
    [[nodiscard]] std::uint32_t keyNode() const { return m_key; }
    [[nodiscard]] std::uint32_t valueNode() const { return m_value; }

    // Each of these appends to `to` and returns true; or leaves `to` as it was and returns false when the row does not
    // fit its types (or has no collection, or one that the version does not have): misfits() says why.

    /// The key as typed JSON; "null" for a singleton.
    [[nodiscard]] bool appendKeyJson(TextBuffer& to);
    /// The value as typed JSON; "null" for a collection without values.
    [[nodiscard]] bool appendValueJson(TextBuffer& to);
    /// The two as canonical JSON (persist-format §8.5): members by the bytes of their names, missing optional fields as
    /// null, UUIDs in lower case; fields that the types do not have are left out (hasExtraFields() tells). What two
    /// spellings of one typed value have in common.
    [[nodiscard]] bool appendCanonicalKey(TextBuffer& to);
    [[nodiscard]] bool appendCanonicalValue(TextBuffer& to);

    /// The key as Rust prints it with {:#?}, its first line not indented and the following ones `depth` × 4 spaces
    /// deeper; "()" for a singleton.
    [[nodiscard]] bool appendKeyDebug(std::uint32_t depth, TextBuffer& to);
    [[nodiscard]] bool appendValueDebug(std::uint32_t depth, TextBuffer& to);

    /// A line of the trace: `{"collection":…,"key":…,"value":…,"ts":"N","diff":N}` and a newline. Fields beside kind,
    /// key and value follow as a member `extra`.
    [[nodiscard]] bool appendTraceLine(std::uint64_t time, std::int64_t diff, TextBuffer& to);
    /// An entry of the reference's dump (catalog-model §9.2), from the spaces before its opening brace to the newline
    /// behind its closing one. How the diff looks depends on the version: 1 in the old era, Overflowing(1) in the new.
    [[nodiscard]] bool appendDumpEntry(std::uint64_t time, std::int64_t diff, TextBuffer& to);

    /// True once one of the above met a field that its type does not have. Reset by read().
    [[nodiscard]] bool hasExtraFields() const { return m_hasExtraFields; }

    /// Everything in which the row does not fit its types, in the order of the fields. Slow: for findings and details.
    [[nodiscard]] std::vector<Misfit> misfits() const;

private:
    template <typename Style>
    friend class TypedWriter;

    template <typename Style>
    [[nodiscard]] bool append(bool isThere, TypeIndex type, std::uint32_t node, std::uint32_t depth, TextBuffer& to);
    void appendOwnExtras(TextBuffer& to) const;

    SchemaPtr m_schema;
    codec::JsonTape m_tape;
    std::string_view m_kind;
    const Collection* m_collection = nullptr;
    const RowTypes* m_types = nullptr; ///< nullptr: no collection, or not in this version
    std::uint32_t m_key = 0;
    std::uint32_t m_value = 0;
    bool m_hasExtraFields = false;
    bool m_hasOwnExtras = false;        ///< beside kind, key and value
    std::vector<std::uint32_t> m_hints; ///< by type: the variant that was chosen last
};

/// Appends `text` as Rust prints a str with {:?}: quoted; what is not printable (Unicode 16) as \u{…}.
void appendRustString(std::string_view text, TextBuffer& to);

/// Appends `text` as JSON, escaped as serde_json does (the same as canonical JSON, persist-format §8.5).
void appendJsonString(std::string_view text, TextBuffer& to);

} // namespace inspector::catalog
