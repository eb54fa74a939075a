#pragma once

#include "core/base/result.h"
#include "core/machine/commands.h"
#include "core/machine/layered_spine.h"
#include "core/machine/profile.h"
#include "core/persist/state.h"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace inspector::machine {

/// The token of a writer that has never written (persist-write-protocol §2.1).
extern const char* const kSentinelToken;

/// The inputs of a compare-and-append (persist-write-protocol §9.1).
struct AppendCommand
{
    persist::BatchPtr batch; ///< lower: the upper that the shard must have
    std::string writerId;
    std::string token; ///< i<uuid>: one for each logical append, whatever the number of attempts
    std::uint64_t leaseMs = 0;
    std::string purpose;
};

/// The append went into the state. Merges that it finished, as §10.3 leaves them.
struct AppendedTo
{
    std::vector<MergeRequest> requests;
};

/// The shard's upper is not the batch's lower; a tombstone answers so, too.
struct UpperBreak
{
    persist::Frontier shardUpper;
    persist::Frontier writerUpper; ///< of this writer's most recent write
};

/// The other ways in which an append is refused.
enum class AppendBreak {
    InvalidBounds,            ///< upper < lower
    InvalidEmptyTimeInterval, ///< upper == lower, but there are parts
    AlreadyCommitted,         ///< the token is that of the writer's most recent write
    InlineBackpressure,       ///< too many inline bytes in the trace: write the parts as blobs
};

using AppendAnswer = std::variant<AppendedTo, UpperBreak, AppendBreak>;

/// The decision sequence of persist-write-protocol §9.2, rows 1 to 12, on the state that nextStateOf() made. Merges are
/// claimed by an owner of the new era, or one that records compactions; never by a guest. Internal where the reference
/// would panic.
[[nodiscard]] Result<Outcome<AppendAnswer>> compareAndAppend(persist::State& next, const AppendCommand& command,
                                                             const Profile& profile, const Moment& moment);

/// Bytes of the inline parts of a batch: the encoded lengths of what is stored (§9.2).
[[nodiscard]] std::uint64_t inlineBytesOf(const persist::HollowBatch& batch);
/// The same over the whole trace.
[[nodiscard]] std::uint64_t inlineBytesOf(const persist::Trace& trace);

} // namespace inspector::machine
