#pragma once

#include "core/base/id_source.h"
#include "core/base/job.h"
#include "core/base/result.h"
#include "core/machine/batch_builder.h"
#include "core/machine/layered_spine.h"
#include "core/machine/shard_machine.h"
#include "core/machine/write_permit.h"
#include "core/persist/state.h"

#include <cstdint>
#include <string>
#include <vector>

namespace inspector::machine {

/// What a compaction merges, and into what.
struct CompactionRequest
{
    persist::Description description;      ///< of the output; since: times below it are advanced to it
    std::vector<persist::BatchPtr> inputs; ///< oldest first, one after the other
};

/// Whether a merge is worth rewriting (as the reference: eight inputs, eight parts or 1024 updates).
[[nodiscard]] bool isWorthCompacting(const MergeRequest& request);
/// The bytes of its inputs' blobs, as the state notes them.
[[nodiscard]] std::uint64_t blobBytesOf(const MergeRequest& request);

/// The merged updates as blobs, consolidated and in codec order; not registered. InvalidInput for inputs that do not
/// tile the output, or a since behind an input's; NotFound when a part's blob is gone; Unsupported for parts whose rows
/// are errors or whose values are not empty.
[[nodiscard]] Result<BuiltBatch> compact(store::BlobWriter& blob, const ShardId& shardId, const std::string& writerKey,
                                         IdSource& ids, const CompactionRequest& request, const Profile& profile,
                                         const Job& job);

/// Compacts a merge request and registers the result (persist-write-protocol §10.5); deletes the blobs when it has no
/// place any more. True when it was registered.
[[nodiscard]] Result<bool> compactAndRegister(ShardMachine& machine, const WritePermit& permit,
                                              const MergeRequest& request, IdSource& ids, const Job& job);

} // namespace inspector::machine
