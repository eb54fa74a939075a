#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/persist/updates.h"

namespace inspector::catalog {

/// Sums the diffs of equal rows and drops those that come to zero (catalog-model §2.8): the rows at a time. All times
/// of `updates` count as one, the time of the answer (`commonTime`) is theirs. Rows are equal when their bytes are;
/// when both stored forms occur, also when their canonical JSON is (persist-format §8.4). Nothing is copied: the answer
/// views the same parts. Rows keep the order of their first occurrence, origins are those of it. Diffs are filled only
/// when one is not +1: that, error rows and merged forms are warned of. Cancelled; no other error.
[[nodiscard]] Result<persist::UpdateList> consolidate(persist::UpdateList updates, const Job& job);

/// The same for one time: updates later than `asOf` are left out, and `asOf` is the time of the answer.
[[nodiscard]] Result<persist::UpdateList> consolidate(persist::UpdateList updates, Timestamp asOf, const Job& job);

} // namespace inspector::catalog
