#pragma once

#include "core/base/result.h"
#include "core/machine/shard_log.h"
#include "core/persist/state.h"

#include <cstdint>
#include <string>

namespace inspector::machine {

/// Whether a guest may build on this state at all: a catalog's codecs (Unsupported), and a clock that is not more than
/// a minute behind the state's walltime, since the lease of the own writer is counted from it (Unavailable)
/// (persist-write-protocol §16, §23.1 step 1).
[[nodiscard]] Result<> checkGuestMayBuildOn(const persist::State& state, std::uint64_t nowMs);

/// Whether a guest may send this version: nothing is touched but the host name, the entry of the writer `writerId`, new
/// batches, batches without parts, and the spine (§23.1 step 6, Internal); the applier version is the stored one; and
/// no empty batch goes that a process holds in another form than it is stored (§10.7 row 3 and "Era trap",
/// Unavailable).
[[nodiscard]] Result<> checkGuestVersion(const persist::State& before, const PreparedVersion& version,
                                         const std::string& writerId);

} // namespace inspector::machine
