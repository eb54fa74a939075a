#pragma once

#include "core/base/ids.h"
#include "core/base/job.h"
#include "core/codec/decoded_part.h"
#include "core/persist/state.h"
#include "core/store/blob.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace inspector::persist {

/// A decoded part with what reading asks of it again and again.
struct LoadedPart
{
    codec::DecodedPart decoded;
    std::string name;          ///< the partial key, or "inline"
    std::uint64_t minTime = 0; ///< of its rows; meaningless without rows
    std::uint64_t maxTime = 0;
    bool allInserts = true; ///< every diff is +1
    bool hasZeroDiffs = false;
    std::uint64_t diffsSum = 0; ///< modulo 2^64
    std::uint64_t storedBytes = 0;
};

using PartPtr = std::shared_ptr<const LoadedPart>;

/// Fetches and decodes parts, and keeps the decoded ones: a blob never changes, so a key means the same rows for ever
/// (persist-format §4.4). One thread at a time.
class PartReader
{
public:
    /// The store must outlive the reader. At most `capacityBytes` of parts that no reader needs any more are kept.
    PartReader(const store::Blob& blob, ShardId shardId, std::uint64_t capacityBytes = 256U << 20U);

    /// A run blob may refer to run blobs this deep (persist-format §5.4).
    static constexpr int kMaxRunDepth = 16;
    /// And to this many parts.
    static constexpr std::size_t kMaxPartsOfRun = 100'000;

    /// The part's rows, or nothing when its blob is gone. Corrupt or Unsupported name the key. `part` is a blob part
    /// or an inline part.
    [[nodiscard]] Result<PartPtr> read(const BatchPart& part, const Job& job);

    /// The parts of `part` with every run reference replaced by what it refers to, in order. NotFound names the run
    /// blob that is gone; Corrupt one that does not decode or refers too deep.
    [[nodiscard]] Result<std::vector<BatchPart>> expand(const BatchPart& part, const Job& job);

private:
    struct Cached
    {
        PartPtr part;
        std::uint64_t lastUse = 0;
    };

    Result<> expandInto(const BatchPart& part, int depth, std::vector<BatchPart>& to, const Job& job);
    void makeRoom();

    const store::Blob& m_blob;
    ShardId m_shardId;
    std::uint64_t m_capacityBytes;
    std::uint64_t m_uses = 0;
    std::map<std::string, Cached> m_parts;
    std::map<std::string, std::vector<BatchPart>> m_runs;
};

} // namespace inspector::persist
