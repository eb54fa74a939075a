#pragma once

#include "core/base/id_source.h"
#include "core/base/ids.h"
#include "core/base/job.h"
#include "core/base/result.h"
#include "core/machine/part_encoder.h"
#include "core/machine/profile.h"
#include "core/persist/state.h"
#include "core/store/blob_writer.h"

#include <cstdint>
#include <string>
#include <vector>

namespace inspector::machine {

/// How the parts of a batch are laid out.
struct PartLayout
{
    persist::Description partDescription; ///< of each part itself (persist-write-protocol §11.7)
    std::uint64_t inlineBytes = 0;        ///< below it, a batch of one part is inline; 0: blobs only
    std::uint64_t targetBytes = 0;        ///< of a blob part; a single row may exceed it
    std::int32_t runOrder = 1;            ///< of its runs: 1 unordered, 2 by codec bytes
    bool isOneRun = false;                ///< all parts are one run, in order; else each part is one
};

/// Updates as parts: blobs durable, no schema stamped yet, so that it serves every attempt of an append.
struct BuiltBatch
{
    persist::Description description; ///< as it will be registered
    std::vector<persist::BatchPart> parts;
    std::uint64_t length = 0; ///< rows
    std::int32_t runOrder = 1;
    bool isOneRun = false;

    /// The keys of its blobs, without the shard.
    [[nodiscard]] std::vector<std::string> blobKeys() const;
};

/// Encodes consolidated updates and stores what becomes blobs (§11.1 to §11.5), under keys `writerKey`/p<uuid>. No
/// updates: no parts. InvalidInput when a row is too large for a part; errors of the store.
[[nodiscard]] Result<BuiltBatch> buildBatch(store::BlobWriter& blob, const ShardId& shardId,
                                            const std::string& writerKey, IdSource& ids,
                                            const persist::Description& description,
                                            const std::vector<RowUpdate>& updates, const PartLayout& layout,
                                            const Job& job);

/// The batch as it is registered in a shard with these schemas: parts and runs carry the greatest id where real code
/// does, and a guest in the old era none (§12).
[[nodiscard]] persist::BatchPtr stampedBatch(const BuiltBatch& built, const persist::State& state,
                                             const Profile& profile);

/// Deletes the blobs of a batch that no version names, nor will, even when the reason is a Stop; what does not work
/// leaves an orphan, which harms nobody (§16).
void discard(store::BlobWriter& blob, const ShardId& shardId, const BuiltBatch& built);

} // namespace inspector::machine
