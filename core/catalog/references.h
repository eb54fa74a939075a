#pragma once

#include "core/catalog/pretty.h"
#include "core/catalog/typed_row.h"

#include <compare>
#include <string>
#include <string_view>
#include <vector>

namespace inspector::catalog {

/// An id as users see it, and what it is the id of: the same text may be the id of several things.
struct Reference
{
    NameIndex::Of of = NameIndex::Of::Item;
    std::string id; ///< "u3"

    friend auto operator<=>(const Reference&, const Reference&) = default;
};

/// "item u3"
[[nodiscard]] std::string textOf(const Reference& reference);

/// The ids of a row (catalog-model §5.5).
struct RowReferences
{
    std::vector<Reference> defines; ///< ids that exist because the row does
    std::vector<Reference> uses;    ///< ids that other rows must define; sorted, each once
};

/// The ids that the row defines and uses, found by the types of its version and, for items, in their create_sql. What
/// needs no row of its own is left out: the role public, the schema of temporary items, transient ids. Nothing of the
/// audit log: what its events name may be gone. Any row: what does not fit its types is passed over.
[[nodiscard]] RowReferences referencesOf(const RowTyper& row);

/// The ids that normalised SQL names (catalog-model §5.9): `[u1 AS …]`, and `[u1]` behind IN CLUSTER.
[[nodiscard]] std::vector<Reference> referencesOfSql(std::string_view createSql);

} // namespace inspector::catalog
