#pragma once

#include "core/base/clock.h"
#include "core/base/id_source.h"
#include "core/base/ids.h"
#include "core/base/job.h"
#include "core/base/result.h"
#include "core/edit/edit_plan.h"
#include "core/machine/profile.h"
#include "core/persist/state_diff.h"
#include "core/store/activity_log.h"
#include "core/store/blob_writer.h"
#include "core/store/consensus_writer.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace inspector::edit {

/// The newest release whose shards and catalogs are repaired (persist-write-protocol §17.2 rule 2, catalog-model §8.3).
inline constexpr std::string_view kNewestRepaired = "26.39.0";

/// As whom a guest writes to a shard of this applier version: the era that wrote it, and a build that never raises it.
/// Unsupported for an empty version, one that is none, one above kNewestRepaired, and for 0.127 to 0.146, between the
/// eras, whose writing nobody has checked.
[[nodiscard]] Result<machine::Profile> guestProfile(const std::string& applierVersion);

struct RepairOptions
{
    std::string journalPath; ///< of a file that is not there yet
    std::string hostname = "catalog-inspector";
    const Clock* clock = nullptr; ///< null: the system's
    IdSource* ids = nullptr;      ///< null: random
    /// As Profile::inlineWriteBytes: keys, values and 16 a row; more become a blob. A test lowers it.
    std::uint64_t inlineWriteBytes = machine::Profile().inlineWriteBytes;
};

/// What a repair would send.
struct Rehearsal
{
    persist::StateDiff version;       ///< decoded; `version.raw` is the row
    std::vector<std::string> changes; ///< of the state, one clause each, in the order of the row
    std::uint64_t blobBytes = 0;      ///< of the part that becomes a blob; 0: the rows lie in the state
};

/// Runs a plan through everything but the sending, without any right to write (persist-write-protocol §23.1 steps 1 to
/// 6): preconditions, the strict check of the spine, the transition, the encoding and its self-check, the list of what
/// a guest may touch. Conflict when the upper moved; Unsupported outside the versions that are repaired; Corrupt when
/// the state breaks a rule that a writer must not build on; Unavailable as the guest rules say.
[[nodiscard]] Result<Rehearsal> rehearse(const EditPlan& plan, const store::Consensus& consensus,
                                         const store::Blob& blob, const RepairOptions& options, const Job& job);

/// The stores of a repair: one pair to write to, another to read back from, on sessions of their own.
struct RepairStores
{
    store::ConsensusWriter& consensus;
    store::BlobWriter& blob;
    const store::Consensus& readConsensus;
    const store::Blob& readBlob;
    std::shared_ptr<store::ActivityLog> activity = {}; ///< of the writing pair; may be null
};

/// Whether what is in the shard was seen to be what was planned.
enum class Proof {
    ReadBack, ///< every row of the catalog was read back: the plan's changes, and not a byte beside them
    Unread,   ///< it is committed, but reading it back failed
    Differs,  ///< it is committed, and what was read back is not what was planned
};

/// What a repair did.
struct Receipt
{
    std::string shardId;
    std::string summary;
    ChangeSet changes; ///< as written
    ChangeSet inverse;
    SeqNo seqno; ///< the version that the append is
    Timestamp time;
    Timestamp nextUpper;
    catalog::FenceToken tokenBefore;
    catalog::FenceToken tokenAfter;
    std::string writerId;
    std::string token; ///< of the append
    std::uint64_t attempts = 0;
    std::uint64_t statements = 0; ///< that the writing stores were sent; 0 when nobody counted
    std::string journalPath;
    Proof proof = Proof::Unread;
    std::string proofText; ///< one clause
    bool isWriterExpired = false;
    std::vector<std::string> remarks; ///< what did not work and does no harm
    std::int64_t finishedMs = 0;
};

/// Makes a planned repair (persist-write-protocol §23.1): journal, one append at the expected upper, the outcome found
/// out by reading when it is not answered, everything read back, the own writer's entry removed. What is committed is
/// answered with a receipt, whatever came after it; an error says that nothing was written, unless its `outcomeUnknown`
/// is set: then the journal is what recover() takes.
///
/// InvalidInput for a plan with refusals or without a journal; Conflict, with what changed, when the upper moved;
/// Fenced; the errors of rehearse() and of the stores. A Stop is heeded until the append is sent.
[[nodiscard]] Result<Receipt> commitRepair(const EditPlan& plan, const RepairStores& stores,
                                           const RepairOptions& options, const Job& job);

/// The error for a plan with refusals: InvalidInput with their reasons and the names of their overrides.
[[nodiscard]] tl::unexpected<Error> commitRefused(const EditPlan& plan);

/// What a version of a shard's state changes, one clause a change.
[[nodiscard]] std::vector<std::string> describeChanges(const persist::StateDiff& version);

} // namespace inspector::edit
