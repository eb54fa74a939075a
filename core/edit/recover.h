#pragma once

#include "core/base/clock.h"
#include "core/base/job.h"
#include "core/base/result.h"
#include "core/edit/change_journal.h"
#include "core/store/blob.h"
#include "core/store/consensus.h"

#include <cstdint>
#include <optional>
#include <string>

namespace inspector::edit {

/// What became of a repair, as reading tells it. One append is atomic: there is no third state of the shard.
enum class RepairFate {
    Whole,   ///< all of it is in the shard
    Nothing, ///< nothing of it is in the shard, nor will be
    NotYet,  ///< nothing is there so far, but what was sent may still arrive: ask again
    Unclear, ///< its version is gone from the log, and what is left does not tell; a person must look
};

/// "whole", "nothing", "not yet", "unclear".
[[nodiscard]] std::string_view nameOf(RepairFate fate);

struct RecoverFinding
{
    RepairFate fate = RepairFate::Unclear;
    std::optional<SeqNo> seqno; ///< the version that the repair is, when it is still in the log
    std::string evidence;       ///< how that is known, one clause
    std::string next;           ///< what to do about it, one clause; empty when nothing
};

struct RecoverOptions
{
    /// How long something that was sent can be on its way after its sender is gone. Zero where a write ends with its
    /// process: in a catalog file. A server goes on with a statement that it has, for at most the statement's timeout.
    std::int64_t settleMs = 0;
};

/// What openers of server locations use: six sends of a statement that times out after a minute, and waits in between.
inline constexpr std::int64_t kServerSettleMs = 10LL * 60 * 1000;

/// Finds out by reading what became of a repair, by the order of evidence of persist-write-protocol §16: the row of its
/// version; else the entry of its writer; else its rows and its fence token. Never guesses, never writes. Errors of the
/// stores; NotFound when the journal's shard is not there; Corrupt when it cannot be read.
[[nodiscard]] Result<RecoverFinding> recover(const Journal& journal, const store::Consensus& consensus,
                                             const store::Blob& blob, const Clock& clock, const RecoverOptions& options,
                                             const Job& job);

} // namespace inspector::edit
