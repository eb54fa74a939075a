#pragma once

#include "core/store/consensus.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

    /// Copies a whole log: adds `versions`, whose seqnos follow each other without a gap from any first one, to a `key`
    /// that has no version; all of them or none. Mismatch when `key` has a version. For copies of a shard only: a
    /// writer goes step by step.
    [[nodiscard]] virtual Result<CasOutcome> insertLog(std::string_view key, const std::vector<VersionedData>& versions,
                                                       const Job& job) = 0;
};

/// A writer whose reading half is another object.
class ConsensusWriterOver : public ConsensusWriter
{
public:
    [[nodiscard]] Result<std::vector<std::string>> listKeys(const Job& job) const final
    {
        return m_reading->listKeys(job);
    }
    [[nodiscard]] Result<std::optional<VersionedData>> head(std::string_view key, const Job& job) const final
    {
        return m_reading->head(key, job);
    }
    [[nodiscard]] Result<std::vector<VersionedData>> scan(std::string_view key, SeqNo from, std::size_t limit,
                                                          const Job& job) const final
    {
        return m_reading->scan(key, from, limit, job);
    }
    [[nodiscard]] std::string description() const final { return m_reading->description(); }

protected:
    explicit ConsensusWriterOver(std::unique_ptr<Consensus> reading)
        : m_reading(std::move(reading))
    {
    }

private:
    std::unique_ptr<Consensus> m_reading;
};

} // namespace inspector::store
