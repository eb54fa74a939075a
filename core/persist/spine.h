#pragma once

#include "core/base/result.h"
#include "core/persist/state.h"

#include <optional>
#include <string>
#include <vector>

namespace inspector::persist {

/// One batch of the spine: where it lies and the hollow batches that it is made of, oldest first.
struct PlacedBatch
{
    SpineId id;
    std::uint64_t level = 0;
    Description description;
    std::vector<std::pair<SpineId, BatchPtr>> parts;
    std::optional<std::uint64_t> compactionStartMs; ///< somebody has claimed its compaction, at that walltime

    /// Updates, as the writers counted them.
    [[nodiscard]] std::uint64_t length() const;
};

/// A level: at most two batches, and the merge of the two.
struct SpineLevel
{
    std::vector<std::size_t> batches; ///< index into Spine::batches, oldest first
    std::optional<std::pair<SpineId, Merge>> merge;
};

/// How a shard arranges its batches into levels (persist-format §6.3). For display and for checking.
struct Spine
{
    std::vector<PlacedBatch> batches; ///< in time order
    std::vector<SpineLevel> levels;   ///< number i is level i
    Frontier upper = Timestamp();
    std::uint64_t nextId = 0;
    std::vector<std::string> problems; ///< checks that failed, one clause each; empty in a healthy shard
};

/// Rebuilds the spine from its flat form and checks it (persist-format §6.3). A structured trace is laid out as written
/// down; an unstructured one gets one batch per id at level 0, in time order, because only its batches are known.
/// Never fails: what does not fit is in `problems`, and every batch that was found is there.
[[nodiscard]] Spine buildSpine(const Trace& trace);

} // namespace inspector::persist
