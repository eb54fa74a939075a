#pragma once

#include "core/base/clock.h"
#include "core/base/id_source.h"
#include "core/base/ids.h"
#include "core/base/job.h"
#include "core/base/result.h"
#include "core/catalog/initial_contents.h"
#include "core/catalog/mode.h"
#include "core/catalog/snapshot.h"
#include "core/catalog/transaction.h"
#include "core/catalog/unopened_catalog.h"
#include "core/catalog/upgrade_path.h"
#include "core/edit/catalog_metrics.h"
#include "core/store/blob_writer.h"
#include "core/store/consensus_writer.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace inspector::edit {

class DurableCatalog;
class DebugCatalog;

/// As whom and how a catalog is opened.
struct HandleOptions
{
    catalog::Build build;                             ///< the build that is emulated: its catalog version and its gates
    std::optional<DeployGeneration> deployGeneration; ///< required by savepoint and writable opens
    std::string hostname = "catalog-inspector";
    std::shared_ptr<CatalogMetrics> metrics; ///< may be null
    const Clock* clock = nullptr;            ///< null: the system's
    IdSource* ids = nullptr;                 ///< null: random
};

/// The unopened handle of somebody who only reads (catalog-model §1.5, §2.3 without its writes, §2.14). It holds stores
/// that cannot write: there is no way from here to a write. One thread at a time.
class OpenableCatalog
{
public:
    /// Reads the shard, applies the gates of §2.3 in their order, and remembers the rows. NotFound "no such shard";
    /// Unsupported and Fenced in the words of §3. The stores must outlive the handle and what it opens.
    [[nodiscard]] static Result<std::unique_ptr<OpenableCatalog>> construct(const store::Consensus& consensus,
                                                                            const store::Blob& blob,
                                                                            const ShardId& shardId,
                                                                            HandleOptions options, const Job& job);
    virtual ~OpenableCatalog();

    // Getters (§2.14). Each syncs first; Fenced as it is.
    [[nodiscard]] Result<bool> isInitialized(const Job& job);
    [[nodiscard]] Result<Epoch> epoch(const Job& job);
    [[nodiscard]] Result<DeployGeneration> deploymentGeneration(const Job& job);
    /// Everything else that an unopened handle can be asked: configs and settings.
    [[nodiscard]] Result<catalog::UnopenedCatalog> facts(const Job& job);
    [[nodiscard]] Result<catalog::GroupedUpdates> traceConsolidated(const Job& job);
    [[nodiscard]] Result<catalog::GroupedUpdates> traceUnconsolidated(const Job& job);
    [[nodiscard]] Result<Timestamp> currentUpper(const Job& job);

    /// Opens for observing (§2.11 in mode Readonly).
    [[nodiscard]] Result<std::unique_ptr<DurableCatalog>> openReadOnly(const catalog::BootstrapArguments& arguments,
                                                                       const Job& job) &&;
    /// Opens for rehearsing: frozen at this handle's last sync, changes stay in memory.
    [[nodiscard]] Result<std::unique_ptr<DurableCatalog>> openSavepoint(const catalog::BootstrapArguments& arguments,
                                                                        const Job& job) &&;

protected:
    struct Impl;
    explicit OpenableCatalog(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> m_impl;
};

/// The unopened handle of somebody who may write. Constructing it does what the reference's does: creates the shard
/// when there is none, registers the critical reader, appends nothing at [0, 1) (§2.3).
class WritableOpenableCatalog final : public OpenableCatalog
{
public:
    [[nodiscard]] static Result<std::unique_ptr<WritableOpenableCatalog>>
    construct(store::ConsensusWriter& consensus, store::BlobWriter& blob, const ShardId& shardId, HandleOptions options,
              const Job& job);

    /// Opens for writing: fences everybody else, initialises an empty catalog (§2.11).
    [[nodiscard]] Result<std::unique_ptr<DurableCatalog>> open(const catalog::BootstrapArguments& arguments,
                                                               const Job& job) &&;
    /// Neither writes nor fences (§2.11 last paragraph).
    [[nodiscard]] std::unique_ptr<DebugCatalog> openDebug() &&;

private:
    using OpenableCatalog::OpenableCatalog;
};

/// An open catalog (§2.15 to §2.18). What it may do depends on the mode, and a read-only or savepoint one holds no
/// store that could write. One thread at a time. Errors in the words of §3.
class DurableCatalog
{
public:
    ~DurableCatalog();

    [[nodiscard]] catalog::Mode mode() const;
    [[nodiscard]] const ShardId& shardId() const;
    [[nodiscard]] Epoch epoch() const; ///< no sync; a fenced handle still answers
    [[nodiscard]] Result<DeployGeneration> deploymentGeneration(const Job& job);
    [[nodiscard]] Timestamp upper() const; ///< how far this handle has synced
    [[nodiscard]] Result<Timestamp> currentUpper(const Job& job);
    [[nodiscard]] Result<catalog::CatalogSnapshot> snapshot(const Job& job);
    /// Canonical JSON of the keys of audit rows, by event id.
    [[nodiscard]] Result<std::vector<std::string>> auditLogs(const Job& job);
    [[nodiscard]] Result<std::uint64_t> nextId(std::string_view allocator, const Job& job);

    /// What became known since the last call, in time order, below `target` (§2.15 sync_updates).
    [[nodiscard]] Result<std::vector<catalog::MemoryUpdate>> syncUpdates(Timestamp target, const Job& job);
    [[nodiscard]] Result<std::vector<catalog::MemoryUpdate>> syncToCurrentUpdates(const Job& job);

    [[nodiscard]] Result<catalog::Transaction> transaction(const Job& job);
    /// New era: a transaction over any snapshot that can never be committed.
    [[nodiscard]] Result<catalog::Transaction> transactionFromSnapshot(catalog::CatalogSnapshot snapshot,
                                                                       const Job& job);
    /// Commits (§2.18); answers the next upper. `commitTs` counts from the MID era on; nothing = the upper.
    [[nodiscard]] Result<Timestamp> commit(catalog::Transaction transaction, std::optional<Timestamp> commitTs,
                                           const Job& job);
    /// Draws from an allocator in a transaction of its own (§2.17).
    [[nodiscard]] Result<std::vector<std::uint64_t>> allocateIds(std::string_view allocator, std::uint64_t count,
                                                                 std::optional<Timestamp> commitTs, const Job& job);
    [[nodiscard]] Result<> confirmLeadership(const Job& job);
    [[nodiscard]] Result<> advanceUpper(Timestamp upper, const Job& job);        ///< from V82 on
    [[nodiscard]] Result<> ensureNotOutOfSync(Timestamp target, const Job& job); ///< new era
    [[nodiscard]] Result<> markBootstrapComplete(const Job& job);                ///< from MID on
    /// Gives back the writer and the leases; the critical reader stays.
    [[nodiscard]] Result<> expire(const Job& job);

private:
    friend class OpenableCatalog;
    friend class WritableOpenableCatalog;
    struct Impl;
    explicit DurableCatalog(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> m_impl;
};

/// The debug handle (§2.19): edits single rows, each in one append with a new fence token.
class DebugCatalog
{
public:
    ~DebugCatalog();

    /// Sets the row `key` of a collection; answers the value that was there. The stored bytes are retracted.
    [[nodiscard]] Result<std::optional<std::string>> edit(catalog::CollectionType type, std::string_view key,
                                                          std::string_view value, const Job& job);
    /// Removes every row of that key; fences even when there was none.
    [[nodiscard]] Result<> remove(catalog::CollectionType type, std::string_view key, const Job& job);

private:
    friend class WritableOpenableCatalog;
    struct Impl;
    explicit DebugCatalog(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> m_impl;
};

} // namespace inspector::edit
