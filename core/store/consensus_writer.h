#pragma once

#include "core/store/consensus.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace inspector::store {

/// What became of a compare-and-set that was answered.
enum class CasOutcome {
    Committed, ///< the new version is durable
    Mismatch,  ///< the head was another one: nothing was written
};

/// A consensus that can also be written. Only the functions that open a location for writing make one; whoever holds a
/// plain Consensus has nothing to call (house-style, "Reading is safe, writing is earned").
class ConsensusWriter : public Consensus
{
public:
    /// Adds `next` if and only if the newest version of `key` is `expected`; nothing = `key` has no version yet. The
    /// seqno of `next` is expected + 1, or that of a first version (0 or 1). An error says that nothing was written,
    /// unless its `outcomeUnknown` is set: then the row may be there, now or a moment later, and only reading tells
    /// (persist-write-protocol §2.4, §15, §16). A Stop is heeded before the statement is sent, not after.
    [[nodiscard]] virtual Result<CasOutcome> compareAndSet(std::string_view key, std::optional<SeqNo> expected,
                                                           const VersionedData& next, const Job& job) = 0;

    /// Deletes the versions of `key` below `lessThan`, if a version at or above it exists; answers how many went. The
    /// sentinel at -1 stays. InvalidInput when no version at or above it exists.
    [[nodiscard]] virtual Result<std::uint64_t> truncate(std::string_view key, SeqNo lessThan, const Job& job) = 0;
};

} // namespace inspector::store
