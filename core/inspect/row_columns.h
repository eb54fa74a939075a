#pragma once

#include "core/catalog/pretty.h"
#include "core/catalog/row_schema.h"
#include "core/catalog/typed_row.h"
#include "core/inspect/inspector.h"

#include <optional>
#include <string>
#include <vector>

namespace inspector::inspect {

/// What the text of a cell is made from.
enum class CellContent {
    Text,       ///< a value as it is, whatever its shape
    Id,         ///< "u7", and the name it has
    SystemId,   ///< a bare number that names a system object: "s7"
    IndexId,    ///< likewise of an introspection source's index: "si7"
    Privileges, ///< a bit mask: "SELECT, INSERT"
    AclItems,   ///< a list of grants: "u1=r/s1"
    Date,       ///< milliseconds since the Unix epoch
    Duration,   ///< seconds and nanoseconds
    Enumerator, ///< a number that has a name
    ItemType,   ///< what create_sql creates
    Sql,        ///< create_sql, masked
    Secret,     ///< masked
    RowJson,    ///< the whole row
    KeyJson,    ///< the key as canonical JSON
    ValueJson,  ///< the value likewise, secrets masked
    Collection, ///< the collection's name
    StoredHex,  ///< the stored bytes
    Problem,    ///< why the row does not decode
    Time,
    Diff,
};

/// A column and how its cells are read out of a row.
struct ColumnRecipe
{
    Column column;
    CellContent content = CellContent::Text;
    std::vector<std::string> path;               ///< below the key or the value
    std::optional<catalog::NameIndex::Of> names; ///< Id, SystemId, IndexId: whose names stand beside it
    catalog::TypeIndex type = 0;                 ///< Enumerator
};

/// The columns of a collection's entries, by the types of a catalog version: fields of the key and the value, nested
/// ones as `config.variant`.
[[nodiscard]] std::vector<ColumnRecipe> columnsOf(const catalog::RowSchema& schema, catalog::CollectionType collection);
/// The columns of fence tokens, of kinds that this build does not know, and of rows without any kind.
[[nodiscard]] std::vector<ColumnRecipe> fenceTokenColumns();
[[nodiscard]] std::vector<ColumnRecipe> unknownKindColumns();
[[nodiscard]] std::vector<ColumnRecipe> undecodableColumns();
/// The columns of updates of several collections.
[[nodiscard]] std::vector<ColumnRecipe> mixedColumns();
[[nodiscard]] ColumnRecipe timeColumn();
[[nodiscard]] ColumnRecipe diffColumn();
/// The whole row as JSON: where types may miss something.
[[nodiscard]] ColumnRecipe rowColumn();

/// Appends the text of a cell of the row that `typer` has read. Time, Diff, StoredHex and Problem are not of the row:
/// the caller knows them.
void appendCell(const ColumnRecipe& recipe, const catalog::RowTyper& typer, const catalog::NameIndex& names,
                std::string& to);

/// Appends any value for people: choices by their names, ids as users see them, `name: value` for the rest.
void appendValueText(const codec::JsonTape& tape, std::uint32_t node, std::string& to);

} // namespace inspector::inspect
