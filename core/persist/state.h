#pragma once

#include "core/base/bytes.h"
#include "core/base/strong.h"

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace inspector::persist {

/// A frontier of times: the first time at or beyond it, or nothing for the empty antichain, which no time is at or
/// beyond (persist-format §0.2).
using Frontier = std::optional<Timestamp>;

/// True when every time at or beyond `b` is at or beyond `a`: `[a] <= [b]`, and anything is less than the empty one.
[[nodiscard]] bool lessEqual(const Frontier& a, const Frontier& b);

/// "5", or "[]" for the empty antichain.
[[nodiscard]] std::string textOf(const Frontier& frontier);

/// The bounds of a batch (persist-format §5.1). lower is inclusive, upper exclusive; since says how far its times have
/// been rounded up by compaction.
struct Description
{
    Frontier lower = Timestamp();
    Frontier upper = Timestamp();
    Frontier since = Timestamp();

    [[nodiscard]] bool isEmptyRange() const { return lower == upper; }

    friend bool operator==(const Description&, const Description&) = default;
};

/// "[5, 6)".
[[nodiscard]] std::string textOf(const Description& description);

/// The key of a Parquet part, without the shard (persist-format §3.1).
struct BlobPart
{
    std::string key;

    friend bool operator==(const BlobPart&, const BlobPart&) = default;
};

/// A part whose bytes lie in the state itself: an encoded ProtoInlineBatchPart (persist-format §5.3).
struct InlinePart
{
    SharedBytes bytes;

    friend bool operator==(const InlinePart& a, const InlinePart& b);
};

/// A blob that lists parts, instead of the parts (persist-format §5.4).
struct RunRef
{
    std::string key; ///< without the shard
    std::uint64_t maxPartBytes = 0;

    friend bool operator==(const RunRef&, const RunRef&) = default;
};

/// Free-form metadata, in the writer's order.
using Metadata = std::vector<std::pair<std::string, std::string>>;

/// What a writer was configured for; parts do not always follow it (persist-format §5.2).
struct ClaimedFormat
{
    enum class Kind { Row, RowAndColumnar, Structured };
    Kind kind = Kind::Row;
    std::uint64_t migration = 0; ///< RowAndColumnar only

    friend bool operator==(const ClaimedFormat&, const ClaimedFormat&) = default;
};

/// One blob's worth of updates, or the updates themselves, or a list of parts (persist-format §5.2).
struct BatchPart
{
    std::variant<BlobPart, InlinePart, RunRef> content;
    std::optional<Frontier> tsRewrite; ///< present: every time is advanced to at least this
    std::uint64_t encodedSizeBytes = 0;
    std::string keyLower;
    std::optional<std::string> structuredKeyLower;
    std::optional<std::int64_t> diffsSum;
    std::optional<ClaimedFormat> format;
    std::optional<std::uint64_t> schemaId;           ///< from 0.127
    std::optional<std::uint64_t> deprecatedSchemaId; ///< the schema id of versions before 0.127
    Metadata metadata;
    std::optional<std::string> keyStats;

    /// The key of the blob or run blob, "inline" for an inline part.
    [[nodiscard]] std::string name() const;

    friend bool operator==(const BatchPart&, const BatchPart&) = default;
};

/// What is known of one run of a batch (persist-format §5.4).
struct RunMeta
{
    std::int32_t order = 0; ///< 0 unknown, 1 unordered, 2 codec order, 3 structured order
    std::optional<std::uint64_t> schemaId;
    std::optional<std::uint64_t> deprecatedSchemaId;
    std::optional<std::string> id; ///< ri<uuid>
    std::optional<std::uint64_t> length;
    Metadata meta;

    friend bool operator==(const RunMeta&, const RunMeta&) = default;
};

/// Pointers to the parts that hold the updates between a lower and an upper (persist-format §5.4). Never changed once
/// made: states of different seqnos share it.
struct HollowBatch
{
    Description description;
    std::vector<BatchPart> parts;    ///< in order; parts named by the oldest encoding come last
    std::uint64_t length = 0;        ///< updates, as the writer counted them
    std::vector<std::uint64_t> runs; ///< index of the first part of the second, third, … run
    std::vector<RunMeta> runMeta;
    SharedBytes raw; ///< the message as stored; empty in batches that were made here

    /// True without parts, runs and updates.
    [[nodiscard]] bool isEmpty() const { return parts.empty() && runs.empty() && length == 0; }
};

using BatchPtr = std::shared_ptr<const HollowBatch>;

/// Orders batches by lower, then upper.
struct BatchOrder
{
    [[nodiscard]] bool operator()(const BatchPtr& a, const BatchPtr& b) const;
};

/// Equal as decoded, whatever the bytes.
[[nodiscard]] bool sameContent(const HollowBatch& a, const HollowBatch& b);

/// A half-open range of ids, lo < hi (persist-format §5.5).
struct SpineId
{
    std::uint64_t lo = 0;
    std::uint64_t hi = 0;

    friend auto operator<=>(const SpineId&, const SpineId&) = default;
};

/// "(2, 3)".
[[nodiscard]] std::string textOf(SpineId id);

/// A place in the spine: which hollow batches lie at which level.
struct SpineBatch
{
    std::uint64_t level = 0;
    Description description;
    std::vector<SpineId> parts;
    std::vector<Description> descriptions; ///< of the parts; may be fewer

    friend bool operator==(const SpineBatch&, const SpineBatch&) = default;
};

/// A merge that goes on, or a compaction that is claimed.
struct Merge
{
    Frontier since = Timestamp();
    std::uint64_t remainingWork = 0; ///< fuel still needed; 0: complete
    std::optional<std::uint64_t> compactionStartMs;

    friend bool operator==(const Merge&, const Merge&) = default;
};

/// The flat form of the spine: five collections that state diffs change one by one (persist-format §6.3).
struct Trace
{
    Frontier since = Timestamp();
    std::vector<BatchPtr> legacyBatches; ///< a set of whole batches; sorted by lower, then upper
    std::map<SpineId, BatchPtr> hollowBatches;
    std::map<SpineId, SpineBatch> spineBatches;
    std::map<SpineId, Merge> merges;

    /// True when the spine's layout is written down (persist-format §6.2).
    [[nodiscard]] bool isStructured() const { return !spineBatches.empty() || legacyBatches.empty(); }
};

/// A pointer to a rollup: its partial key, and its size where the writer knew it.
struct HollowRollup
{
    std::string key;
    std::optional<std::uint64_t> encodedSizeBytes;

    friend bool operator==(const HollowRollup&, const HollowRollup&) = default;
};

/// Who holds a lease, for people.
struct DebugState
{
    std::string hostname;
    std::string purpose;

    friend bool operator==(const DebugState&, const DebugState&) = default;
};

/// A reader whose hold on since and seqnos lapses (persist-format §5.6).
struct LeasedReader
{
    Frontier since = Timestamp();
    SeqNo seqno;
    std::uint64_t lastHeartbeatMs = 0;
    std::uint64_t leaseDurationMs = 0; ///< 0: the default of 15 minutes
    std::optional<DebugState> debug;

    friend bool operator==(const LeasedReader&, const LeasedReader&) = default;
};

/// A reader whose hold on since does not lapse.
struct CriticalReader
{
    Frontier since = Timestamp();
    std::int64_t opaque = 0; ///< eight bytes of the holder's, as a number
    std::string opaqueCodec;
    std::optional<DebugState> debug;

    friend bool operator==(const CriticalReader&, const CriticalReader&) = default;
};

struct Writer
{
    std::uint64_t lastHeartbeatMs = 0;
    std::uint64_t leaseDurationMs = 0;
    std::string mostRecentWriteToken;             ///< i<uuid>; empty: none yet
    std::optional<Frontier> mostRecentWriteUpper; ///< absent: [0]
    std::optional<DebugState> debug;

    friend bool operator==(const Writer&, const Writer&) = default;
};

/// An entry of the schema registry, in its encoded form.
struct EncodedSchemas
{
    std::string key;
    std::string keyDataType;
    std::string val;
    std::string valDataType;

    friend bool operator==(const EncodedSchemas&, const EncodedSchemas&) = default;
};

/// A rollup being written, or a garbage collection going on (from 0.143).
struct ActiveTask
{
    SeqNo seqno;
    std::uint64_t startMs = 0;

    friend bool operator==(const ActiveTask&, const ActiveTask&) = default;
};

/// Everything a shard knows about itself at one seqno, in its flat form (persist-format §5.7, §6.3). A value; copies
/// are cheap because batches are shared.
struct State
{
    std::string applierVersion; ///< as stored; empty means 0.0.0
    std::string shardId;
    std::string keyCodec;
    std::string valCodec;
    std::string tsCodec;
    std::string diffCodec;
    SeqNo seqno;
    std::uint64_t walltimeMs = 0; ///< of the writer of this seqno
    std::string hostname;         ///< likewise
    std::uint64_t lastGcReq = 0;
    std::optional<ActiveTask> activeRollup;
    std::optional<ActiveTask> activeGc;
    std::map<SeqNo, HollowRollup> rollups;
    std::map<std::string, LeasedReader> leasedReaders;
    std::map<std::string, CriticalReader> criticalReaders;
    std::map<std::string, Writer> writers;
    std::map<std::uint64_t, EncodedSchemas> schemas;
    Trace trace;

    /// What did not fit on the way here and was forced, or kept it from a newer seqno, one clause each
    /// (persist-format §6.1, §11).
    std::vector<std::string> anomalies;
    /// A change of a kind that this build does not know was skipped: something may be missing.
    bool possiblyIncomplete = false;

    /// The shard's since, as stored (persist-format §6.4).
    [[nodiscard]] const Frontier& since() const { return trace.since; }
    /// The largest batch upper; [0] without batches (persist-format §6.4).
    [[nodiscard]] Frontier upper() const;
    /// True for a finalised shard: since and upper are empty antichains, nothing is readable (persist-format §6.6).
    [[nodiscard]] bool isTombstone() const;
    /// True for the four codecs that a catalog has (persist-format §0.3). Storage collections have them too.
    [[nodiscard]] bool hasCatalogCodecs() const;
    /// The batches that hold data: those with a time range, sorted by lower (persist-format §6.5).
    [[nodiscard]] std::vector<BatchPtr> batches() const;
    /// Everything odd about the state, one clause each: its anomalies, a version above the tested range, batches that
    /// do not tile, changes that were skipped.
    [[nodiscard]] std::vector<std::string> warnings() const;
    /// Nothing, or how the batches fail to tile [0, upper): "batches leave a gap [5, 7)".
    [[nodiscard]] std::optional<std::string> tilingProblem() const;
};

using StatePtr = std::shared_ptr<const State>;

/// The diffs that a rollup repeats: `lower` inclusive, `upper` exclusive (persist-format §4.6).
struct InlinedDiffs
{
    struct Version
    {
        SeqNo seqno;
        SharedBytes data; ///< one encoded state diff
    };
    SeqNo lower;
    SeqNo upper;
    std::vector<Version> diffs;
};

/// A whole state as a blob holds it.
struct Rollup
{
    State state;
    std::optional<InlinedDiffs> diffs; ///< nothing in very old rollups
    SharedBytes raw;                   ///< the blob
};

} // namespace inspector::persist
