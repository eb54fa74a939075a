#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace inspector::store {

/// One statement sent to a database, or one request to a blob store.
struct Activity
{
    std::uint64_t number = 0;               ///< 1, 2, 3, … in the order of sending
    std::int64_t walltimeMs = 0;            ///< when it was sent
    std::string store;                      ///< the store's description, without credentials
    std::string statement;                  ///< SQL with placeholders, or "GET key"
    std::string parameters;                 ///< keys and numbers; never a secret
    std::chrono::microseconds duration {0}; ///< until the last row or byte
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0; ///< of payload received
    std::string error;       ///< empty when it went well
};

/// What was sent to the stores, for a person who must be sure that nothing was written. Any thread. Keeps the newest
/// `capacity` entries and exact totals of all.
class ActivityLog
{
public:
    explicit ActivityLog(std::size_t capacity = 100'000)
        : m_capacity(capacity)
    {
    }

    struct Totals
    {
        std::uint64_t statements = 0;
        std::uint64_t rows = 0;
        std::uint64_t bytes = 0;
        std::uint64_t errors = 0;
    };

    /// Adds one entry; its number is given here.
    void add(Activity activity);

    /// The entries that are kept with a number above `after`, oldest first.
    [[nodiscard]] std::vector<Activity> since(std::uint64_t after) const;
    [[nodiscard]] Totals totals() const;

private:
    mutable std::mutex m_mutex; ///< guards all below
    std::size_t m_capacity;
    std::vector<Activity> m_entries; ///< a ring once it is full
    Totals m_totals;
};

/// Times one statement or request and adds it to the log when it goes out of scope. The log may be null.
class ActivityRecorder
{
public:
    ActivityRecorder(std::shared_ptr<ActivityLog> log, std::string store, std::string statement,
                     std::string parameters = {});
    ~ActivityRecorder();
    ActivityRecorder(const ActivityRecorder&) = delete;
    ActivityRecorder& operator=(const ActivityRecorder&) = delete;

    void received(std::uint64_t rows, std::uint64_t bytes);
    void failed(std::string message) { m_activity.error = std::move(message); }

private:
    std::shared_ptr<ActivityLog> m_log;
    Activity m_activity;
    std::chrono::steady_clock::time_point m_began;
};

} // namespace inspector::store
