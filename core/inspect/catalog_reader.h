#pragma once

#include "core/inspect/inspector.h"
#include "core/inspect/sink.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace inspector::inspect {

/// One reading of a shard: rows or updates, and the moment they are for.
struct Reading
{
    persist::UpdateList updates; ///< never null; its warnings say what could not be read
    Timestamp asOf;              ///< the time that was read; of a history: the newest complete time
    SeqNo seqno;                 ///< the state that was read
    std::optional<Timestamp> since;
    std::optional<Timestamp> upper;
    /// Of updates that do not hold all of a catalog: its version, unless they change it. Else it is among the rows.
    std::optional<std::uint64_t> catalogVersion = std::nullopt;
};

/// A part that a state names.
struct PartSummary
{
    std::string batch; ///< its time range: "[5, 6)"
    std::optional<Timestamp> batchLower;
    std::optional<Timestamp> batchUpper;
    std::optional<Timestamp> batchSince;
    std::uint64_t run = 0;              ///< counted within the batch, from 0
    std::string key;                    ///< partial blob key, or "inline"
    std::uint64_t encodedSizeBytes = 0; ///< of a blob as the state notes it; of an inline part its own
};

/// A rollup that a live state names.
struct RollupSummary
{
    SeqNo seqno;
    std::string key; ///< partial
    std::uint64_t sizeBytes = 0;
    std::int64_t walltimeMs = 0;
    std::string hostname;
};

/// Where the time of a reading went, summed up since the reader was opened.
struct ReadTimes
{
    std::chrono::nanoseconds open {0};        ///< stores, newest state
    std::chrono::nanoseconds parts {0};       ///< fetching, decompressing and decoding parts
    std::chrono::nanoseconds consolidate {0}; ///< summing equal rows
    std::uint64_t bytesRead = 0;              ///< payload that the stores delivered
};

/// A catalog shard, open for reading: what the window's Inspector and the command line are both made from. None of it
/// writes. One thread at a time; what it hands out is immutable and outlives it.
class CatalogReader
{
public:
    /// Opens the stores and reads the newest state, but no row. Errors as inspect::open().
    [[nodiscard]] static Result<std::unique_ptr<CatalogReader>> open(const OpenOptions& options, const Job& job);

    virtual ~CatalogReader() = default;

    /// Reads the newest state again.
    [[nodiscard]] virtual Result<> refresh(const Job& job) = 0;
    /// Of the newest state that was read.
    [[nodiscard]] virtual SeqNo newestSeqno() const = 0;

    /// The consolidated rows at a moment; OutOfRange names both limits.
    [[nodiscard]] virtual Result<Reading> rows(Moment moment, const Job& job) = 0;
    /// What the reference reads at a moment without merging: every time is the moment, equal neighbours within a part
    /// are summed (catalog-model §2.13).
    [[nodiscard]] virtual Result<Reading> unconsolidated(Moment moment, const Job& job) = 0;
    /// Every update that batches remember, with its own time, ascending. At the latest moment these are the least
    /// compacted batches of any live state; at a seqno those of that state; at a time those of the newest state,
    /// without what is later.
    [[nodiscard]] virtual Result<Reading> history(Moment moment, const Job& job) = 0;

    /// What is known at a moment: of the state alone, and with `rows` of their contents.
    [[nodiscard]] virtual Result<Overview> overviewAt(Moment moment, const Job& job) = 0;
    /// Both clocks; steps of the state up to the moment's.
    [[nodiscard]] virtual Result<Timeline> timeline(Moment moment, const Job& job) = 0;
    /// Every fence token in the states up to the moment's, and not later than its time, oldest first.
    [[nodiscard]] virtual Result<std::vector<FenceRecord>> fences(Moment moment, const Job& job) = 0;

    /// The state at a moment as the reference prints it, on one line.
    [[nodiscard]] virtual Result<std::string> stateJson(Moment moment, const Job& job) = 0;
    /// Each step from one live state to the next, up to the moment's, as the reference prints it, one a line, oldest
    /// first.
    [[nodiscard]] virtual Result<> writeStateDiffs(Moment moment, Sink& to, const Job& job) = 0;
    /// What the state at a moment says, for people, group by group.
    [[nodiscard]] virtual Result<std::vector<Fact>> stateFacts(Moment moment, const Job& job) = 0;
    /// Every rollup that a live state names (at a moment: that its state names) and whose blob is still there, as the
    /// reference prints them, on one line.
    [[nodiscard]] virtual Result<std::string> rollupsJson(Moment moment, const Job& job) = 0;
    [[nodiscard]] virtual Result<std::vector<RollupSummary>> rollups(Moment moment, const Job& job) = 0;
    [[nodiscard]] virtual Result<std::vector<PartSummary>> parts(Moment moment, const Job& job) = 0;

    [[nodiscard]] virtual const ReadTimes& times() const = 0;
    [[nodiscard]] virtual const std::shared_ptr<store::ActivityLog>& activity() const = 0;
};

} // namespace inspector::inspect
