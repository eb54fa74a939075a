#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/persist/state.h"

#include <cstdint>
#include <string>
#include <vector>

namespace inspector::persist {

/// What a change is about. The numbers are the durable format (persist-format §5.8); never renumber.
enum class StateField : std::int32_t {
    DeprecatedRollups = 0,
    LastGcReq = 1,
    LeasedReaders = 2,
    Writers = 3,
    Since = 4,
    LegacyBatches = 5,
    CriticalReaders = 6,
    Hostname = 7,
    Rollups = 8,
    HollowBatches = 9,
    SpineBatches = 10,
    SpineMerges = 11,
    Schemas = 12,
    ActiveRollup = 13,
    ActiveGc = 14,
};

/// The numbers are the durable format; never renumber.
enum class ChangeType : std::int32_t { Insert = 0, Update = 1, Delete = 2 };

/// One change of one field, as encoded slices: bare messages without tag or length.
struct FieldDiff
{
    StateField field = StateField::DeprecatedRollups; ///< may be a number that the enum does not name
    ChangeType type = ChangeType::Insert;
    SharedBytes key;
    SharedBytes oldValue; ///< Update, Delete
    SharedBytes newValue; ///< Insert, Update
};

/// What changed from one seqno to the next: a row of consensus, decoded as far as its slices. Copies share the bytes.
struct StateDiff
{
    std::string applierVersion;
    SeqNo seqnoFrom;
    SeqNo seqnoTo;
    std::uint64_t walltimeMs = 0;
    std::string latestRollupKey; ///< partial key of the newest rollup that the state after this diff lists
    std::vector<FieldDiff> changes;
    SharedBytes raw; ///< the row
};

/// Changes `state` from `diff.seqnoFrom` to `diff.seqnoTo` in the order of persist-format §6.1. Does nothing when the
/// state is at seqnoTo already. A recorded old value that does not match, a key that exists or is missing, a batch over
/// another: noted in `state.anomalies` and forced. Unknown fields are skipped and noted. Corrupt when the seqnos do not
/// join or a slice does not decode: the state is then unchanged.
[[nodiscard]] Result<> apply(State& state, const StateDiff& diff);

/// What a diff did, in a few words for a timeline, the most telling first: "append [5, 6), 3 updates; since 4 to 5".
/// `upperBefore` is the upper of the state that it is applied to.
[[nodiscard]] std::string describeChange(const StateDiff& diff, const Frontier& upperBefore);

} // namespace inspector::persist
