// Whoever holds a store to read it has nothing to call that writes.
#include "core/store/consensus_writer.h"

using namespace inspector;

bool advance(const store::Consensus& reading, store::ConsensusWriter& writing, const store::VersionedData& next)
{
    const Job job;
    const auto head = reading.head("shard", job);
#ifdef FORBIDDEN
    const auto outcome = reading.compareAndSet("shard", std::nullopt, next, job);
#else
    const auto outcome = writing.compareAndSet("shard", std::nullopt, next, job);
#endif
    return head.has_value() && outcome.has_value();
}
