#pragma once

#include "core/base/clock.h"
#include "core/base/job.h"
#include "core/base/result.h"
#include "core/catalog/fence.h"
#include "core/catalog/table_rows.h"
#include "core/persist/shard_reader.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

// What processes of tests/concurrency/catalog_worker.cpp keep in one catalog: a book that shows by itself when anything
// of it was lost, written twice or seen in parts.

namespace inspector::races {

/// A clock that runs faster than the wall's, the same in every process: leases lapse within seconds.
class FastClock final : public Clock
{
public:
    /// `base`: the walltime in ms at which both clocks show the same.
    FastClock(std::int64_t base, std::int64_t speed)
        : m_base(base)
        , m_speed(speed)
    {
    }
    [[nodiscard]] std::int64_t walltimeMs() const override
    {
        return m_base + (SystemClock().walltimeMs() - m_base) * m_speed;
    }

private:
    std::int64_t m_base;
    std::int64_t m_speed;
};

/// Nanoseconds of the clock that all processes share.
[[nodiscard]] std::int64_t monotonicNs();

/// The settings of the book, and what the first two always come to.
inline constexpr const char* kLeft = "races.left";
inline constexpr const char* kRight = "races.right";
inline constexpr const char* kCounter = "races.counter";
inline constexpr const char* kEdited = "races.edited"; ///< by debug edits: the call that was last
inline constexpr const char* kLarge = "races.large";   ///< too large for an inline part
inline constexpr std::int64_t kSum = 1'000'000;

/// A transaction as it is written into the book, in the name of the role that it inserts.
struct Entry
{
    std::string call;           ///< which call of which process
    std::uint64_t counter = 0;  ///< how many transactions there are, this one included
    std::uint64_t expected = 0; ///< the upper that it was made for
    std::int64_t epoch = 0;     ///< of the token that it was written with
    std::uint64_t firstId = 0;  ///< drawn from the allocator `user`
    std::uint64_t idCount = 0;

    [[nodiscard]] std::string text() const; ///< one word
    [[nodiscard]] static std::optional<Entry> parse(const std::string& text);

    friend bool operator==(const Entry&, const Entry&) = default;
};

/// The book at one time, whole.
struct Ledger
{
    std::uint64_t upper = 0;
    std::uint64_t counter = 0;
    std::uint64_t nextUserId = 0;             ///< of the allocator `user`
    std::optional<std::string> edited;        ///< kEdited
    std::map<std::string, Entry> entries;     ///< by call
    std::optional<catalog::FenceToken> token; ///< nothing when it was read through a handle, which does not tell
    std::vector<std::string> rows;            ///< roles and the book's settings as text, in order

    /// The book in the rows of an open handle at `upper`. Corrupt when it is not consistent; nothing while there is
    /// none. So too below.
    [[nodiscard]] static Result<std::optional<Ledger>> of(const catalog::CatalogSnapshot& snapshot, Timestamp upper);
    /// The same, read by nothing of the writing core, with a check of each row's diff and of the one fence token.
    [[nodiscard]] static Result<std::optional<Ledger>> read(persist::ShardReader& reader,
                                                            const catalog::SchemaPtr& schema, const Job& job);
};

/// The value of a setting in a snapshot.
[[nodiscard]] std::optional<std::string> settingOf(const catalog::CatalogSnapshot& snapshot, std::string_view name);

/// A setting's key and value as JSON.
[[nodiscard]] std::string settingKey(std::string_view name);
[[nodiscard]] std::string settingValue(std::string_view value);

} // namespace inspector::races
