#pragma once

#include "core/inspect/catalog_reader.h"
#include "core/inspect/row_table.h"

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace inspector::inspect {

/// A row that a search found.
struct Hit
{
    std::shared_ptr<const RowTable> table; ///< of its collection
    std::uint32_t row = 0;                 ///< in that table
};

/// The rows of any collection (or of `collection`, unless it is empty) that a filter picks, collection by collection. A
/// column that the filter names is looked for where there is one. InvalidInput when the filter does not parse for any
/// collection; NotFound when there is no such collection.
[[nodiscard]] Result<std::vector<Hit>> find(const TypedRowsPtr& rows, const Filter& filter, std::string_view collection,
                                            const Job& job);

/// The rows of a collection whose key is `key`: JSON of the key in any order of members, the text of one of its columns
/// ("u7"), or else the row's name. NotFound when there is none, or no such collection.
[[nodiscard]] Result<std::vector<Hit>> rowsOfKey(const TypedRowsPtr& rows, std::string_view collection,
                                                 std::string_view key, const Job& job);

/// `reading` with only the rows that were found.
[[nodiscard]] Reading onlyHits(const Reading& reading, const TypedRows& rows, const std::vector<Hit>& hits);

} // namespace inspector::inspect
