#pragma once

#include <cstdint>
#include <string>

namespace inspector::machine {

/// The two forms of the durable format (persist-write-protocol §21).
enum class Era {
    Old, ///< v0.125, of 2024: first seqno 1, heartbeats, schema id fields 9 and 2
    New, ///< v26, of 2026: first seqno 0, active_rollup, schema id fields 12 and 3
};

/// How a writer behaves towards a shard.
enum class Stance {
    /// A shard of our own: everything that the real writer does, expiry, rollups and garbage collection included.
    Owner,
    /// Somebody else's: the command itself and nothing more (persist-write-protocol §1 rules 6 to 8, §4 last part):
    /// no expiry, no rollup, no collection, no claim, `last_gc_req` and `active_*` as they are.
    Guest,
};

/// As whom a writer writes.
struct Profile
{
    Era era = Era::New;
    Stance stance = Stance::Guest;
    std::string buildVersion; ///< stamped on a shard of our own; a guest leaves the stored version byte for byte
    std::string hostname;     ///< stamped on every version
    std::string purpose = "catalog-inspector"; ///< of writers and readers, for people

    // Bounds of persist-write-protocol §11.3 and §13.1; a test lowers them.
    std::uint64_t inlineWriteBytes = 4096;       ///< exclusive; of keys, values and 16 a row
    std::uint64_t inlineTotalBytes = 1U << 20U;  ///< exclusive; of the whole trace
    std::uint64_t blobTargetBytes = 128U << 20U; ///< of keys, values and 16 a row; more becomes several parts
    /// Of the blobs of a merge's inputs; larger merges stay unwritten. Compaction is never needed (§13.4), an owner
    /// does it in memory, and somebody waits for it.
    std::uint64_t compactionBytes = 64U << 20U;
    std::uint64_t rollupThreshold = 128;
    std::uint64_t writerLeaseMs = 60ULL * 60 * 1000;
    std::uint64_t readerLeaseMs = 15ULL * 60 * 1000;
    bool recordCompactions = false; ///< claim merges when appending (§9.2 row 9); the new era always does as Owner
    bool maintains = true;          ///< an owner that assigns rollups and collection; false: it only keeps the books
};

} // namespace inspector::machine
