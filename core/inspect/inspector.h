#pragma once

#include "core/base/ids.h"
#include "core/base/job.h"
#include "core/base/strong.h"
#include "core/persist/updates.h"
#include "core/store/activity_log.h"
#include "core/store/location.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace inspector::inspect {

class Crew;

/// Which shard of a location is the catalog.
struct ShardChoice
{
    enum class By { Content, EnvironmentId, OrganizationId, ShardId };
    By by = By::Content; ///< Content: look for the one shard that holds a catalog (persist-format §2.5)
    std::string text;    ///< the id; empty for Content
};

struct OpenOptions
{
    store::Location location;
    ShardChoice shard;
};

/// The moment that a read is for.
struct Moment
{
    enum class Kind { Latest, AsOf, AtSeqno };
    Kind kind = Kind::Latest;
    std::uint64_t value = 0; ///< a catalog time (AsOf) or a seqno (AtSeqno)

    [[nodiscard]] static Moment latest() { return {}; }
    [[nodiscard]] static Moment asOf(Timestamp time) { return {Kind::AsOf, time.value()}; }
    [[nodiscard]] static Moment atSeqno(SeqNo seqno) { return {Kind::AtSeqno, seqno.value()}; }

    friend bool operator==(const Moment&, const Moment&) = default;
};

/// A name and what it is, for tables of facts: ("Writers", "w…", "envd-0, heartbeat 12 s ago").
struct Fact
{
    std::string group;
    std::string name;
    std::string value;
};

/// What a window or `facts` shows about a catalog at the newest state that was read.
struct Overview
{
    std::string environmentId;  ///< as given; empty when not given
    std::string organizationId; ///< as given or found; empty when unknown
    std::string shardId;
    std::string consensus; ///< description without credentials
    std::string blob;
    SeqNo seqno;
    SeqNo earliestSeqno;            ///< oldest version that is still in consensus
    std::optional<Timestamp> since; ///< nothing: the shard is finalised
    std::optional<Timestamp> upper;
    std::string applierVersion;
    std::string hostname;        ///< who wrote the newest state
    std::int64_t walltimeMs = 0; ///< when, by that writer's clock
    bool isInitialized = false;
    std::optional<std::int64_t> epoch;
    std::optional<std::uint64_t> deployGeneration;
    std::optional<std::uint64_t> catalogVersion; ///< config user_version
    std::string contentVersion;                  ///< setting catalog_content_version
    std::optional<bool> enable0dtDeployment;
    std::optional<std::uint64_t> zeroDowntimeMaxWaitMs;
    std::optional<bool> zeroDowntimePanicAfterTimeout;
    bool systemConfigSyncedOnce = false;
    std::vector<Fact> handles;         ///< leased and critical readers, writers
    std::vector<std::string> warnings; ///< anomalies of the state and of reading, one clause each
};

/// A column of a table. Columns of the key come first, then of the value, then time and diff where they vary.
struct Column
{
    enum class Source { Key, Value, Update };
    std::string name;  ///< field path as stored: "id", "config.variant", "time"
    std::string title; ///< what the header says: "Id", "Config variant"
    Source source = Source::Value;
    bool isNumeric = false; ///< sorted by value and right-aligned
    bool isSecret = false;  ///< cells are masked until revealed
};

/// One line of a decoded tree.
struct TreeLine
{
    int depth = 0;
    std::string name;
    std::string text;    ///< masked when secret
    std::string meaning; ///< a label for a number or an id: "SELECT, INSERT", "role mz_system"; empty when none
    bool isSecret = false;
};

/// Everything about one row.
struct EntryDetail
{
    std::string collection; ///< snake_case name; for a kind without collection its kind; "(undecodable)"
    std::string kind;
    std::string title; ///< a person's name for it: "materialize.public.orders"
    std::vector<TreeLine> tree;
    std::string json;       ///< canonical, compact, masked
    std::string prettyJson; ///< indented, masked
    std::string storedForm; ///< "SourceData" or "JSON text": how the part holds it
    Bytes storedBytes;      ///< exactly as stored; not masked: shown only on request
    Timestamp time;
    persist::Certainty certainty = persist::Certainty::Exact;
    std::int64_t diff = 1;
    std::string origin;  ///< part key and batch: where the bytes lie
    std::string problem; ///< why it does not decode; empty when it does
    bool hasSecret = false;
};

/// How rows are picked: every word must occur in some cell (case-insensitive); `name:word` looks in that column,
/// `-word` excludes, "two words" in quotes stay together. Empty picks all.
struct Filter
{
    std::string text;
};

enum class SortOrder { Ascending, Descending };

/// Immutable rows shown as a table: the entries of a collection at a moment, or the updates of a trace. Any thread.
/// Outlives the Inspector. Row numbers are positions in stored order, 0 … size()-1; a view keeps an index of its own.
class Table
{
public:
    virtual ~Table() = default;

    [[nodiscard]] virtual std::size_t size() const = 0;
    [[nodiscard]] virtual const std::vector<Column>& columns() const = 0;
    /// The text of a cell for people, masked; quick enough for painting (microseconds).
    [[nodiscard]] virtual std::string cell(std::uint32_t row, std::size_t column) const = 0;
    /// Identifies the row's key across moments: collection and canonical key.
    [[nodiscard]] virtual std::string identity(std::uint32_t row) const = 0;
    [[nodiscard]] virtual std::int64_t diff(std::uint32_t row) const = 0;
    [[nodiscard]] virtual Timestamp time(std::uint32_t row) const = 0;
    [[nodiscard]] virtual persist::Certainty certainty(std::uint32_t row) const = 0;
    /// `reveal` shows secrets.
    [[nodiscard]] virtual EntryDetail detail(std::uint32_t row, bool reveal) const = 0;

    /// Makes what filtering needs, once; filter() does it by itself when it was not done. Any thread.
    [[nodiscard]] virtual Result<> prepareFilter(const Job& job) const = 0;
    /// The rows of `among` (in that order) that the filter picks; InvalidInput when the filter does not parse.
    [[nodiscard]] virtual Result<std::vector<std::uint32_t>>
    filter(const Filter& filter, std::span<const std::uint32_t> among, const Job& job) const = 0;
    /// `rows` sorted by a column: numbers by value, text by bytes, stable.
    [[nodiscard]] virtual Result<std::vector<std::uint32_t>> sort(std::vector<std::uint32_t> rows, std::size_t column,
                                                                  SortOrder order, const Job& job) const = 0;
};

using TablePtr = std::shared_ptr<const Table>;

/// A line of the list of collections.
struct CollectionSummary
{
    std::string name;  ///< snake_case; a kind of its own name when it belongs to no collection; "(undecodable)"
    std::string title; ///< "Audit log"
    std::string help;  ///< one sentence
    std::uint64_t rows = 0;
    std::uint64_t storedBytes = 0;
    /// Rows that do not decode, or whose diff is not +1; nothing while they are not counted yet.
    std::optional<std::uint64_t> problems;
    bool isLarge = false;
    bool isKnown = true; ///< false for kinds that this build does not know
};

/// The catalog at one moment: immutable, shared, outlives the Inspector. Any thread.
class Snapshot
{
public:
    virtual ~Snapshot() = default;

    [[nodiscard]] virtual Moment moment() const = 0;  ///< as asked for
    [[nodiscard]] virtual Timestamp asOf() const = 0; ///< the time that was read
    [[nodiscard]] virtual SeqNo seqno() const = 0;    ///< the state that was read
    /// Collections in the fixed order of catalog-model §5.1, empty ones too, the audit log last; then the fence token,
    /// unknown kinds and undecodable rows where there are any.
    [[nodiscard]] virtual std::vector<CollectionSummary> collections() const = 0;
    /// Counts the problems of every collection and finds the names that ids stand for. That decodes every row, so it is
    /// a step of its own: rows can be shown before it. Until then problems are not counted, and a cell shows ids
    /// without names. Cancelled; no other error. Done once, for all that share the snapshot.
    [[nodiscard]] virtual Result<> complete(const Job& job) const = 0;
    [[nodiscard]] virtual bool isComplete() const = 0;
    /// The rows of one of them; an unknown name gives an empty table. Cheap: a view.
    [[nodiscard]] virtual TablePtr entries(std::string_view collection) const = 0;
    [[nodiscard]] virtual const std::vector<std::string>& warnings() const = 0;
};

using SnapshotPtr = std::shared_ptr<const Snapshot>;

/// One version of the shard's state, for the seqno clock.
struct SeqnoStep
{
    SeqNo seqno;
    std::int64_t walltimeMs = 0;
    std::string hostname;
    std::string applierVersion;
    std::optional<Timestamp> since;
    std::optional<Timestamp> upper;
    std::string change; ///< what the step did in a few words: "append [5, 6), 3 updates", "since 4 to 5"
};

/// A catalog time at which updates lie.
struct TimePoint
{
    Timestamp time;
    std::uint64_t updates = 0;
    persist::Certainty certainty = persist::Certainty::Exact;
};

/// Both clocks of a shard and their horizons.
struct Timeline
{
    std::vector<SeqnoStep> seqnos; ///< every version still in consensus, oldest first
    std::vector<TimePoint> times;  ///< every distinct time that batches still remember, ascending
    std::optional<Timestamp> since;
    std::optional<Timestamp> upper;
    Timestamp exactFrom; ///< times at or after it are exact; earlier ones were rounded up by compaction
};

/// A fence token that some update or older state still shows.
struct FenceRecord
{
    std::uint64_t deployGeneration = 0;
    std::int64_t epoch = 0;
    Timestamp time;
    std::int64_t diff = 1;      ///< +1 taken, -1 superseded
    std::optional<SeqNo> seqno; ///< the state at which it first shows, where consensus still knows
    persist::Certainty certainty = persist::Certainty::Exact;
    std::string supersededBy; ///< "generation 2, epoch 8 at time 41"; empty for the live one
};

struct TraceOptions
{
    std::optional<Timestamp> from; ///< inclusive
    std::optional<Timestamp> to;   ///< inclusive
    std::string collection;        ///< empty: all
    bool consolidated = false;     ///< true: sums of equal rows at the newest time; never presented as history
};

/// Everything that a window can ask of an open catalog. Any thread, one call at a time (calls are serialised inside);
/// answers are immutable and outlive the Inspector. None of it writes.
class Inspector
{
public:
    virtual ~Inspector() = default;

    /// What the newest state that was read says. Does no I/O.
    [[nodiscard]] virtual Overview overview() const = 0;
    /// Reads the newest state again. Answers with the new overview.
    [[nodiscard]] virtual Result<Overview> refresh(const Job& job) = 0;

    /// The consolidated rows at a moment. OutOfRange outside [since, upper), naming both; what is missing of a damaged
    /// shard is in its warnings.
    [[nodiscard]] virtual Result<SnapshotPtr> snapshotAt(Moment moment, const Job& job) = 0;
    /// Updates in time order.
    [[nodiscard]] virtual Result<TablePtr> trace(const TraceOptions& options, const Job& job) = 0;
    [[nodiscard]] virtual Result<Timeline> timeline(const Job& job) = 0;
    /// Every fence token still visible, oldest first.
    [[nodiscard]] virtual Result<std::vector<FenceRecord>> fences(const Job& job) = 0;

    /// Everything that was sent to the stores so far.
    [[nodiscard]] virtual const store::ActivityLog& activity() const = 0;
};

/// Opens a catalog for reading. NotFound "no such shard" when the chosen shard has no rows in consensus, or no shard
/// holds a catalog; otherwise the errors of store::openStores and of reading the state.
[[nodiscard]] Result<std::unique_ptr<Inspector>> open(const OpenOptions& options, const Job& job);
/// The same with threads that the caller brings: rows are decoded by all of `crew`, which is used by one call at a
/// time.
[[nodiscard]] Result<std::unique_ptr<Inspector>> openWithCrew(const OpenOptions& options, std::shared_ptr<Crew> crew,
                                                              const Job& job);

} // namespace inspector::inspect
