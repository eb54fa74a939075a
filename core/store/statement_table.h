#pragma once

#include <cstddef>
#include <string_view>

namespace inspector::store {

/// A row of a table of statements; the text is zero-terminated.
template <typename Statement>
struct StatementText
{
    Statement statement;
    std::string_view sql;
};

/// Whether the rows stand in the order of their enumeration, so that it can index them.
template <typename Table>
[[nodiscard]] constexpr bool isInOrder(const Table& table)
{
    for (std::size_t i = 0; i < table.size(); ++i)
        if (static_cast<std::size_t>(table[i].statement) != i)
            return false;
    return true;
}

} // namespace inspector::store
