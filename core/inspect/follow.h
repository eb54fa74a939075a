#pragma once

#include "core/inspect/catalog_reader.h"
#include "core/inspect/inspector.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace inspector::inspect {

/// What a version of the shard's state brought.
struct News
{
    /// The updates, in time order. An update's certainty says whether its time is the commit's.
    Reading reading;
    std::int64_t walltimeMs = 0; ///< when the version was written, by its writer's clock
    std::string hostname;
    Timestamp lower; ///< the updates are those with lower <= time < upper
    Timestamp upper;
    /// What a reader of the updates must know, one clause each: a fence token that was taken, times that are not exact
    /// any more.
    std::vector<std::string> remarks;
    bool isExact = true; ///< false: compaction came first, so that times are rounded and what came and went is gone
};

/// Follows a catalog: every update once, as its shard's versions come. Registers nothing and writes nothing; when
/// garbage collection and compaction overtake it, what has changed meanwhile is found out by comparison with the
/// contents that it remembers, and said to be so. What a call costs depends on what is new. One thread at a time.
class Follower
{
public:
    /// Opens a catalog and reads it once: to know its version, and what is there. With `from`, the updates at that time
    /// and later are told first, as far back as they can be told; without, only what comes from now on. Errors of
    /// CatalogReader::open(); a shard that holds nothing yet can be followed, too.
    [[nodiscard]] static Result<std::unique_ptr<Follower>> open(const OpenOptions& options,
                                                                std::optional<Timestamp> from, const Job& job);
    virtual ~Follower() = default;

    /// What is new since the last call, oldest first; a version without updates is told, too, when it moved the upper.
    /// Asks once and does not wait. After an error the next call tells what this one could not. Errors of
    /// persist::ShardTail::next().
    [[nodiscard]] virtual Result<std::vector<News>> next(const Job& job) = 0;

    /// Everything below is told.
    [[nodiscard]] virtual Timestamp told() const = 0;
    [[nodiscard]] virtual const std::shared_ptr<store::ActivityLog>& activity() const = 0;
};

/// How long to wait before asking again: briefly after something new, then twice as long each time, up to a bound.
/// The real system's readers do the same (persist-write-protocol §14).
class Pace
{
public:
    explicit Pace(std::chrono::milliseconds longest = std::chrono::milliseconds(1200))
        : m_longest(longest)
    {
    }

    /// The wait after a call that brought something, or nothing.
    [[nodiscard]] std::chrono::milliseconds next(bool broughtSomething);

private:
    static constexpr std::chrono::milliseconds kShortest {100};

    std::chrono::milliseconds m_longest;
    std::chrono::milliseconds m_last {0};
};

/// Waits, but not beyond a stop: Cancelled then.
[[nodiscard]] Result<> wait(std::chrono::milliseconds time, const Job& job);

} // namespace inspector::inspect
