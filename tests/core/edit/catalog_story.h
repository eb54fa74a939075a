#pragma once

#include "core/base/clock.h"
#include "core/base/id_source.h"
#include "core/base/ids.h"
#include "core/edit/durable_catalog.h"
#include "core/persist/state.h"
#include "core/store/faulty_store.h"
#include "core/store/memory_store.h"
#include "core/store/writable_location.h"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace inspector::test {

/// A clock that stands still until it is moved. Any thread.
class ManualClock final : public Clock
{
public:
    [[nodiscard]] std::int64_t walltimeMs() const override { return m_now.load(); }
    void advance(std::int64_t ms) { m_now += ms; }

private:
    std::atomic<std::int64_t> m_now {1'700'000'000'000};
};

/// The stores of a story: a content in memory, or a catalog file. Every handle gets its own.
struct Place
{
    std::shared_ptr<store::MemoryContent> memory;
    std::string catalogFile; ///< when there is no memory

    [[nodiscard]] static Place inMemory() { return {std::make_shared<store::MemoryContent>(), {}}; }
    [[nodiscard]] static Place ofCatalogFile(std::string path) { return {nullptr, std::move(path)}; }

    [[nodiscard]] Result<store::WritableStores> open() const;
    [[nodiscard]] Result<store::Stores> openForReading() const;
};

/// One catalog and the handles on it, as the scenarios of catalog-model §2.23 tell of them. Handles live as long as the
/// story or shorter. Any number of threads, each with handles of its own.
class Story
{
public:
    Story(std::uint64_t catalogVersion, Place place);
    Story(std::uint64_t catalogVersion, Place place, ShardId shard);
    ~Story();

    [[nodiscard]] const ShardId& shard() const { return m_shard; }
    [[nodiscard]] const Place& place() const { return m_place; }
    [[nodiscard]] std::uint64_t catalogVersion() const { return m_version; }
    [[nodiscard]] bool isNew() const { return m_version >= 92; }
    [[nodiscard]] ManualClock& clock() { return m_clock; }

    [[nodiscard]] edit::HandleOptions options(std::optional<std::uint64_t> generation = 0);
    [[nodiscard]] catalog::BootstrapArguments arguments() const;

    /// Unopened handles. `faults` makes the consensus of the handle fail on demand, or tells of its calls.
    [[nodiscard]] Result<std::unique_ptr<edit::WritableOpenableCatalog>>
    construct(std::optional<std::uint64_t> generation = 0, std::shared_ptr<store::FaultPlan> faults = {});
    [[nodiscard]] Result<std::unique_ptr<edit::WritableOpenableCatalog>>
    construct(const edit::HandleOptions& options, std::shared_ptr<store::FaultPlan> faults = {});
    [[nodiscard]] Result<std::unique_ptr<edit::OpenableCatalog>>
    constructReading(std::optional<std::uint64_t> generation = 0);
    [[nodiscard]] Result<std::unique_ptr<edit::OpenableCatalog>> constructReading(const edit::HandleOptions& options);

    /// Open handles, constructed and opened in one go. Their updates are drained.
    [[nodiscard]] Result<std::unique_ptr<edit::DurableCatalog>> open(std::uint64_t generation = 0,
                                                                     std::shared_ptr<store::FaultPlan> faults = {});
    [[nodiscard]] Result<std::unique_ptr<edit::DurableCatalog>> openSavepoint(std::uint64_t generation = 0);
    [[nodiscard]] Result<std::unique_ptr<edit::DurableCatalog>>
    openReadOnly(std::optional<std::uint64_t> generation = std::nullopt);

    /// What is wrong with the shard, read by nothing of the writing core: rows whose diffs do not come to 1, two rows
    /// for one key, not exactly one fence token. Empty when all is well.
    [[nodiscard]] std::string audit() const;
    /// The consolidated rows of the shard, as canonical JSON, sorted.
    [[nodiscard]] Result<std::vector<std::string>> rows() const;
    /// The shard's newest state; nullptr when it cannot be read.
    [[nodiscard]] persist::StatePtr state() const;

private:
    store::WritableStores& keep(store::WritableStores stores);
    store::Stores& keep(store::Stores stores);

    std::uint64_t m_version;
    Place m_place;
    ShardId m_shard;
    ManualClock m_clock;
    std::mutex m_mutex; ///< guards all below
    std::vector<std::unique_ptr<store::WritableStores>> m_writing;
    std::vector<std::unique_ptr<store::Stores>> m_reading;
};

/// What an in-memory row of a kind looks like in a version: made from one that a new catalog has.
struct SampleRow
{
    std::string key;
    std::string value;
};
/// The role mz_support with another id, name and OID.
[[nodiscard]] SampleRow sampleRole(const catalog::CatalogSnapshot& snapshot, std::uint64_t id, const std::string& name);
/// The database materialize likewise.
[[nodiscard]] SampleRow sampleDatabase(const catalog::CatalogSnapshot& snapshot, std::uint64_t id,
                                       const std::string& name);

/// A transaction that inserts one row and is committed.
[[nodiscard]] Result<Timestamp> insertAndCommit(edit::DurableCatalog& catalog, catalog::CollectionType type,
                                                const SampleRow& row);

/// How many rows of a snapshot have this text in their value.
[[nodiscard]] std::size_t countNamed(const catalog::CatalogSnapshot& snapshot, catalog::CollectionType type,
                                     const std::string& name);

/// The outcome of a call as a test compares it: "ok", or the code and the message.
template <typename T>
[[nodiscard]] std::string outcomeOf(const Result<T>& result)
{
    return result ? "ok" : result.error().message;
}

} // namespace inspector::test
