#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/catalog/row_schema.h"
#include "core/catalog/snapshot.h"

#include <cstdint>
#include <string>
#include <vector>

namespace inspector::catalog {

/// What is odd about the stored rows of one key (catalog-model §8.5, §12.6). The reference retracts by encoding anew
/// what it understood of a row: when that gives other bytes, nothing is cancelled, and rows are left over.
enum class DriftKind : std::uint8_t {
    DanglingRetraction, ///< a row whose diffs come to less than zero: it took back what was never there in those bytes
    SeveralRows,        ///< more than one live row of one key: the reference stops at it
    MultipliedRow,      ///< a row that is there more than once
    OtherForm,          ///< a live row that the reference would write differently: the next change to it goes wrong
};

struct Drift
{
    DriftKind kind = DriftKind::OtherForm;
    CollectionType collection = CollectionType::AuditLog;
    std::string key;                    ///< typed JSON
    std::vector<std::uint32_t> updates; ///< the rows concerned, as indices into the updates
    std::string message;                ///< one clause
};

/// Looks for it among consolidated rows. Rows that do not fit their types are left out: RowTyper::misfits() tells of
/// those. In the order of collections, then keys by their bytes. Takes a few microseconds a row; Cancelled, no other
/// error.
[[nodiscard]] Result<std::vector<Drift>> findDrift(const GroupedUpdates& consolidated, const SchemaPtr& schema,
                                                   const Job& job);

} // namespace inspector::catalog
