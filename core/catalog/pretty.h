#pragma once

#include "core/catalog/row_schema.h"
#include "core/catalog/typed_row.h"
#include "core/codec/row_codec.h"
#include "core/persist/updates.h"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace inspector::catalog {

/// Whether secrets are shown: password hashes, the authentication nonce, and text in the options of secrets and
/// connections.
enum class Reveal : std::uint8_t { No, Yes };

/// What stands in for a secret.
inline constexpr std::string_view kMask = "••••••••";

// --- numbers and ids as users see them (catalog-model §5.2, §5.3, §5.10)
// ----------------------------------------------

/// "arwdUC": one letter a privilege, in the reference's order; a bit that has no letter is added as its number:
/// "r+16".
[[nodiscard]] std::string privilegeLetters(std::uint64_t bitflags);
/// "SELECT, INSERT" in words; a bit that has none as "bit 5".
[[nodiscard]] std::string privilegeNames(std::uint64_t bitflags);

/// An id at `node`, of either shape: "u3", "s1", "g1", "p", "si7"; a schema or database specifier: "u0", "(ambient)".
/// Nothing when the value is no id.
[[nodiscard]] std::optional<std::string> idText(const codec::JsonTape& tape, std::uint32_t node);

/// An MzAclItem at `node`: "u1=UC/s1". Nothing when the value is none.
[[nodiscard]] std::optional<std::string> aclItemText(const codec::JsonTape& tape, std::uint32_t node);

/// "cluster-replica" for "ClusterReplica": how users see the names of enums in the audit log.
[[nodiscard]] std::string kebabCase(std::string_view upperCamel);

/// A time in milliseconds since the Unix epoch, in UTC: "2026-11-24 14:57:54.000".
[[nodiscard]] std::string timeText(std::uint64_t millis);

/// The type of an item by its create_sql (catalog-model §5.9): "table", "materialized view"; empty when unknown.
[[nodiscard]] std::string_view itemTypeOf(std::string_view createSql);

// --- secrets
// ------------------------------------------------------------------------------------------------------------

/// create_sql with every text literal of a secret or a connection masked, and of a statement that is not understood;
/// anything else unchanged.
[[nodiscard]] std::string maskedSql(std::string_view createSql);

/// The nodes of a row's tape whose text is secret, ascending; empty for nearly all rows.
[[nodiscard]] std::vector<std::uint32_t> secretNodes(const RowTyper& row);

/// The row as canonical JSON on one line, or over several, its secrets masked unless revealed.
[[nodiscard]] std::string rowJson(const RowTyper& row, Reveal reveal);
[[nodiscard]] std::string prettyRowJson(const RowTyper& row, Reveal reveal);

// --- names
// --------------------------------------------------------------------------------------------------------------

/// What ids stand for at one moment: "u3" of a schema is "materialize.public" (catalog-model §5.12). Immutable; any
/// thread.
class NameIndex
{
public:
    /// What an id is the id of; the same text may be the id of several.
    enum class Of : std::uint8_t { Database, Schema, Item, Cluster, Replica, Role, NetworkPolicy, GlobalId };

    NameIndex() = default;
    /// Reads the consolidated rows of the collections that have names. Rows that do not decode give no name.
    NameIndex(const persist::Updates& consolidated, const SchemaPtr& schema);

    /// The full name, or nothing: "materialize.public.orders" for an item, "quickstart.r1" for a replica.
    [[nodiscard]] std::optional<std::string> nameOf(Of of, std::string_view id) const;

private:
    using Names = std::map<std::string, std::string, std::less<>>;

    void add(Of of, const codec::JsonTape& tape, std::uint32_t id, std::string name);

    std::array<Names, 8> m_names; ///< by Of
};

/// A person's name for the row: "materialize.public.orders", "#7 create table — orders — 2026-11-24 …" (§5.12). Never
/// empty for a row with a collection; never holds a secret.
[[nodiscard]] std::string titleOf(const RowTyper& row, const NameIndex& names);

// --- the decoded tree
// ---------------------------------------------------------------------------------------------------

/// One line of a row's tree: a field, an element or a choice.
struct DecodedLine
{
    int depth = 0;
    std::string name;    ///< the field; "[3]" for an element
    std::string text;    ///< the value, as people read it; empty for an object; masked when secret and not revealed
    std::string meaning; ///< what a number or id stands for: "SELECT, INSERT", "role mz_system"; empty when nothing
    bool isSecret = false;
};

/// The row as a tree, top down: key, value and whatever else it has, in declaration order. Choices of one variant are
/// folded into their field: `gid  u7`. Any row that parses has one, whether it fits its types or not.
[[nodiscard]] std::vector<DecodedLine> decodedTree(const RowTyper& row, const NameIndex& names, Reveal reveal);

} // namespace inspector::catalog
