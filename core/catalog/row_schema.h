#pragma once

#include "core/base/result.h"
#include "core/catalog/collection.h"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace inspector::catalog {

/// The catalog versions whose types this build knows (catalog-model §4.1).
inline constexpr std::uint32_t kOldestVersion = 67;
inline constexpr std::uint32_t kNewestVersion = 92;

/// How rows spell their types (catalog-model §4.1).
enum class RowShape : std::uint8_t {
    Proto, ///< 67 to 78: everything nullable, choices and ids wrapped
    Serde, ///< from 79
};

enum class TypeKind : std::uint8_t {
    Bool,
    U32,
    U64,
    I32,
    I64,
    String,
    Uuid,
    Option,
    List,
    Struct,
    Newtype,
    Choice,
    IntEnum
};

/// Index of a type in its schema.
using TypeIndex = std::uint32_t;

struct SchemaField
{
    std::string name; ///< as in JSON
    TypeIndex type = 0;
    bool mayBeMissing = false; ///< an option, or declared so: reads as null when it is not there
    std::string jsonPrefix;    ///< `"name":`
    std::string debugPrefix;   ///< `name: `
};

struct SchemaVariant
{
    std::string name;
    TypeIndex payload = 0; ///< meaningful if hasPayload
    bool hasPayload = false;
};

struct SchemaType
{
    TypeKind kind = TypeKind::Bool;
    std::string name; ///< Rust's, without the path: "ItemKey"; the scalar's name for scalars; empty for option and list
    TypeIndex inner = 0;                             ///< of Option, List, Newtype
    std::vector<SchemaField> fields;                 ///< of Struct, in declaration order
    std::vector<std::uint32_t> fieldsByName;         ///< indices into `fields`, by the bytes of their names
    std::vector<SchemaVariant> variants;             ///< of Choice, in declaration order
    std::map<std::int64_t, std::string> enumerators; ///< of IntEnum
};

/// Where a row of a kind keeps its key and its value.
struct RowTypes
{
    TypeIndex key = 0;
    TypeIndex value = 0;
    bool hasKey = false;
    bool hasValue = false;
};

/// The types of every row of one catalog version. Immutable; any thread. Made once for a catalog that is open, and
/// shared by all that read its rows.
class RowSchema
{
public:
    /// The types of `version`; takes a fraction of a millisecond. Unsupported outside kOldestVersion…kNewestVersion,
    /// naming both ends.
    [[nodiscard]] static Result<std::shared_ptr<const RowSchema>> load(std::uint64_t version);

    /// As load(), but a version that is not known gets the types of the nearest one that is: fields that those do not
    /// have are kept and reported row by row.
    [[nodiscard]] static std::shared_ptr<const RowSchema> nearest(std::uint64_t version);

    [[nodiscard]] std::uint32_t version() const { return m_version; }
    [[nodiscard]] RowShape shape() const { return m_shape; }

    /// True when this version has the collection.
    [[nodiscard]] bool has(CollectionType collection) const { return m_has.at(static_cast<std::size_t>(collection)); }
    /// The types of the collection's rows; without key and value when this version does not have it.
    [[nodiscard]] const RowTypes& typesOf(CollectionType collection) const
    {
        return m_rows.at(static_cast<std::size_t>(collection));
    }
    /// The struct of a whole fence token row.
    [[nodiscard]] TypeIndex fenceToken() const { return m_fenceToken; }

    [[nodiscard]] const SchemaType& type(TypeIndex index) const { return m_types[index]; }
    [[nodiscard]] const std::vector<SchemaType>& types() const { return m_types; }
    /// Looks through options: the type that a value has when it is there.
    [[nodiscard]] TypeIndex withoutOption(TypeIndex index) const
    {
        while (m_types[index].kind == TypeKind::Option)
            index = m_types[index].inner;
        return index;
    }

private:
    friend class SchemaReader;
    RowSchema() = default;

    std::uint32_t m_version = 0;
    RowShape m_shape = RowShape::Proto;
    std::vector<SchemaType> m_types;
    std::array<RowTypes, kCollectionCount> m_rows;
    std::array<bool, kCollectionCount> m_has {};
    TypeIndex m_fenceToken = 0;
};

using SchemaPtr = std::shared_ptr<const RowSchema>;

} // namespace inspector::catalog
