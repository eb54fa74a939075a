#pragma once

#include "core/base/strong.h"
#include "core/codec/stored_row.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace inspector::persist {

/// How far a shown time can be trusted (persist-format §9.3).
enum class Certainty : std::uint8_t {
    Exact,   ///< the time of the commit
    Rounded, ///< compaction moved it up: the commit was at or before it
};

/// Where updates came from: one part of one batch.
struct PartOrigin
{
    std::string key;              ///< partial blob key, or "inline"
    std::uint64_t batchLower = 0; ///< of the registered batch
    std::uint64_t batchUpper = 0;
    std::uint64_t partLower = 0; ///< of the part itself
    std::uint64_t partSince = 0; ///< of the part itself; rounding happened up to here when above the lower bound
    std::uint64_t encodedSizeBytes = 0;
};

/// Updates of a shard, column by column: immutable, shared, possibly hundreds of megabytes behind it. rows[i],
/// times[i], diffs[i], origins[i] are one update. Rows are views into `owners`.
struct Updates
{
    std::vector<codec::StoredRow> rows;
    std::vector<std::uint64_t> times;   ///< empty when all are `commonTime` (a snapshot)
    std::vector<std::int64_t> diffs;    ///< empty when all are +1 (a healthy snapshot)
    std::vector<std::uint32_t> origins; ///< index into `parts`; empty when not asked for
    std::vector<Certainty> certainties; ///< empty when all are exact
    std::uint64_t commonTime = 0;
    std::vector<PartOrigin> parts;
    std::vector<std::string> warnings; ///< what could not be read or was odd, one clause each
    bool isComplete = true;            ///< false: parts are missing or could not be read; warnings name them
    std::vector<std::shared_ptr<const void>> owners;

    [[nodiscard]] std::size_t size() const { return rows.size(); }
    [[nodiscard]] std::uint64_t timeOf(std::size_t i) const { return times.empty() ? commonTime : times[i]; }
    [[nodiscard]] std::int64_t diffOf(std::size_t i) const { return diffs.empty() ? 1 : diffs[i]; }
    [[nodiscard]] Certainty certaintyOf(std::size_t i) const
    {
        return certainties.empty() ? Certainty::Exact : certainties[i];
    }
};

using UpdateList = std::shared_ptr<const Updates>;

} // namespace inspector::persist
