#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/catalog/fence.h"
#include "core/catalog/table_rows.h"
#include "core/catalog/transaction.h"
#include "core/persist/updates.h"

#include <array>
#include <cstdint>
#include <vector>

namespace inspector::catalog {

/// What came of applying updates, beside the changed snapshot.
struct AppliedUpdates
{
    std::vector<MemoryUpdate> memory;                      ///< of the kinds that higher layers are told, as applied
    std::vector<FenceToken> tokens;                        ///< that were inserted, as applied: for FenceableToken
    std::array<std::int64_t, kCollectionCount> entries {}; ///< by how much each collection grew
    std::uint64_t updates = 0;                             ///< how many were applied, tokens included
    std::vector<RowProblem> problems;                      ///< what the reference would stop at (catalog-model §3.7)
};

/// Brings a snapshot forward by updates that are later than it (catalog-model §2.6, §2.7 "opened"): equal updates of
/// one time are summed, times apply in order, retractions before insertions, then by collection and key. Costs O(log n)
/// a change, whoever else holds the snapshot. Tolerant: a row that does not decode changes nothing, a retraction of
/// what is not there neither, an insertion over a live row replaces it; each is a problem. Audit events only pass
/// through. Cancelled (the snapshot is as it was); no other error.
[[nodiscard]] Result<AppliedUpdates> applyTo(CatalogSnapshot& snapshot, const persist::Updates& updates,
                                             const Job& job);

} // namespace inspector::catalog
