#pragma once

#include "core/base/result.h"
#include "core/catalog/snapshot.h"

#include <cstdint>
#include <vector>

namespace inspector::catalog {

/// The indices of updates in time order; at one time in the order of the reference (catalog-model §2.6): smaller diffs
/// first, so that a retraction stands before the insertion that replaces it. Stable otherwise.
[[nodiscard]] std::vector<std::uint32_t> inTimeOrder(const persist::Updates& updates);

/// The same for some of them.
[[nodiscard]] std::vector<std::uint32_t> inTimeOrder(const persist::Updates& updates,
                                                     std::vector<std::uint32_t> indices);

} // namespace inspector::catalog
