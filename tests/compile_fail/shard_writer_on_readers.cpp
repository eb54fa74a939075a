// A writer of a shard is made of stores that can be written.
#include "core/machine/shard_writer.h"

using namespace inspector;

std::string writerOf(const store::Consensus& reading, store::ConsensusWriter& writing, store::BlobWriter& blob,
                     const ShardId& shard, const Clock& clock, IdSource& ids)
{
    static_cast<void>(reading);
#ifdef FORBIDDEN
    const machine::ShardWriter writer(reading, blob, shard, machine::Profile(), clock, ids);
#else
    const machine::ShardWriter writer(writing, blob, shard, machine::Profile(), clock, ids);
#endif
    return writer.writerId();
}
