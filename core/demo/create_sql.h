#pragma once

#include "core/demo/environment.h"

#include <string>

namespace inspector::demo {

/// The create_sql of an item, in the normalized form of the reference (catalog-model §5.9): one statement, identifiers
/// quoted, names in full, other objects with their ids. `version` is the catalog version.
[[nodiscard]] std::string createSqlOf(const Environment& environment, const Item& item, std::uint64_t version);

/// The columns that a view of this flavour over `over` has.
[[nodiscard]] Columns columnsOfView(Flavour flavour, const Columns& over);

/// The name of a thing that an example company has, with its columns: `number` picks one.
struct Noun
{
    const char* name;
    Columns columns;
};
[[nodiscard]] const Noun& nounOf(std::uint64_t number);
[[nodiscard]] std::size_t nounCount();

} // namespace inspector::demo
