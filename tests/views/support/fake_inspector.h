#pragma once

#include "core/inspect/inspector.h"

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace inspector::tests {

/// What the fake says. Times count from `since` to `upper`; of a collection's rows, those with a smaller number are
/// older.
struct FakeCatalog
{
    std::uint32_t items = 500;
    std::uint32_t auditRows = 2000;
    std::uint64_t since = 4;
    std::uint64_t upper = 46;
    std::uint64_t exactFrom = 10;
    bool wallClock = false; ///< times are milliseconds since 1970
    bool longNames = false;
    bool initialized = true;
    std::chrono::milliseconds delay {0}; ///< of every read; wakes up for Stop
    std::vector<std::string> warnings;
    std::optional<Error> openError;
    std::optional<Error> snapshotError;
    std::optional<Error> traceError;
    std::optional<Error> timelineError;
    std::optional<Error> fencesError;
};

/// Synthetic rows, up to millions, computed when asked for.
class FakeInspector final : public inspect::Inspector
{
public:
    explicit FakeInspector(FakeCatalog catalog);

    /// Changes what is said from now on; any thread.
    void change(FakeCatalog catalog);

    [[nodiscard]] inspect::Overview overview() const override;
    [[nodiscard]] Result<inspect::Overview> refresh(const Job& job) override;
    [[nodiscard]] Result<inspect::SnapshotPtr> snapshotAt(inspect::Moment moment, const Job& job) override;
    [[nodiscard]] Result<inspect::TablePtr> trace(const inspect::TraceOptions& options, const Job& job) override;
    [[nodiscard]] Result<inspect::Timeline> timeline(const Job& job) override;
    [[nodiscard]] Result<std::vector<inspect::FenceRecord>> fences(const Job& job) override;
    [[nodiscard]] const store::ActivityLog& activity() const override { return m_log; }

private:
    [[nodiscard]] FakeCatalog catalog() const;
    [[nodiscard]] Result<> work(const std::string& statement, const Job& job);

    mutable std::mutex m_mutex; ///< guards m_catalog
    FakeCatalog m_catalog;
    store::ActivityLog m_log;
};

/// A table of `rows` rows with the columns id, name, owner, create_sql and, for a trace, time and diff. Its first row
/// is number `first`.
[[nodiscard]] inspect::TablePtr fakeTable(const std::string& collection, std::uint32_t rows, const FakeCatalog& catalog,
                                          bool isTrace = false, std::uint32_t first = 0);

} // namespace inspector::tests
