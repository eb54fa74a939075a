#pragma once

#include "core/inspect/inspector.h"
#include "views/models/entry_table_model.h"

#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace inspector::views {

/// By what rows are sorted; stored order without one.
struct RowSort
{
    std::size_t column = 0;
    inspect::SortOrder order = inspect::SortOrder::Ascending;

    friend bool operator==(const RowSort&, const RowSort&) = default;
};

/// A row to find again in another table: who it is, and where it was.
struct RowAnchor
{
    std::string identity;
    std::uint32_t hint = 0;
};

/// Which rows of a table to show, in which order.
struct RowQuestion
{
    inspect::TablePtr table;
    std::optional<RowSort> sort;
    std::string filter;
    RowIndex ordered; ///< every row, sorted by `sort` already; nothing: sort first
    RowIndex among;   ///< rows in that order that are known to hold all that the filter picks; nothing: every row
    std::vector<RowAnchor> anchors;
    /// How many rows before and after its hint an anchor is looked for. Between two moments rows move little, and
    /// naming all of a large table's rows takes longer than a jump in time may.
    std::size_t reach = std::numeric_limits<std::size_t>::max();
};

struct RowAnswer
{
    RowIndex ordered;                                  ///< every row in the asked order; nothing for stored order
    RowIndex rows;                                     ///< those to show; nothing for all in stored order
    std::vector<std::optional<std::uint32_t>> anchors; ///< where the anchors are now, in the table
    bool sawEveryRow = true;                           ///< false: an anchor that was not found may lie beyond the reach
};

/// Sorts, filters and finds. Runs on a worker; the errors are the table's.
[[nodiscard]] Result<RowAnswer> answerRows(const RowQuestion& question, const Job& job);

} // namespace inspector::views
