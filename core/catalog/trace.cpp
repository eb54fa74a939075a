#include "core/catalog/trace.h"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace inspector::catalog {

std::vector<std::uint32_t> inTimeOrder(const persist::Updates& updates)
{
    std::vector<std::uint32_t> indices(updates.size());
    std::iota(indices.begin(), indices.end(), 0U);
    return inTimeOrder(updates, std::move(indices));
}

std::vector<std::uint32_t> inTimeOrder(const persist::Updates& updates, std::vector<std::uint32_t> indices)
{
    const auto isBefore = [&](std::uint32_t a, std::uint32_t b) {
        return std::make_tuple(updates.timeOf(a), updates.diffOf(a))
            < std::make_tuple(updates.timeOf(b), updates.diffOf(b));
    };
    if (!std::is_sorted(indices.begin(), indices.end(), isBefore))
        std::stable_sort(indices.begin(), indices.end(), isBefore);
    return indices;
}

} // namespace inspector::catalog
