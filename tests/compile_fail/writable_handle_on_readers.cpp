// Nor is there a handle for writing on stores that only read.
#include "core/edit/durable_catalog.h"

using namespace inspector;

bool construct(const store::Consensus& reading, store::ConsensusWriter& writing, store::BlobWriter& blob,
               const ShardId& shard)
{
    const Job job;
    const auto observing = edit::OpenableCatalog::construct(reading, blob, shard, {}, job);
#ifdef FORBIDDEN
    const auto handle = edit::WritableOpenableCatalog::construct(reading, blob, shard, {}, job);
#else
    const auto handle = edit::WritableOpenableCatalog::construct(writing, blob, shard, {}, job);
#endif
    return observing.has_value() && handle.has_value();
}
