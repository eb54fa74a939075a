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
#include "core/machine/profile.h"
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
    /// The old era's second shard (catalog-model §1.2): its gate is applied, and opening for writing raises it when it
    /// is there. Nothing: neither.
    std::optional<ShardId> upgradeShardId;
    /// A guest writes what is asked for and nothing beside it: no shard, no readers, no schema, no since, no
    /// maintenance (persist-write-protocol §1).
    machine::Stance stance = machine::Stance::Owner;
};

/// The unopened handle of somebody who only reads (catalog-model §1.5, §2.3 without its writes, §2.14). It holds stores
/// that cannot write: there is no way from here to a write. One thread at a time.
///
/// Where the reference would end its process (catalog-model §3.7), a handle answers with an error: Corrupt for rows,
/// and Conflict for a shard that somebody changed without fencing. Nobody holds the shard back for a handle that only
/// reads: when compaction overtakes it, it reads the catalog anew and goes on with what has changed.
class OpenableCatalog
{
public:
    /// Reads the shard, applies the gates of §2.3 in their order, and remembers the rows. NotFound "no such shard";
    /// Unsupported and Fenced in the words of §3; Corrupt when anything of it cannot be read. The stores must outlive
    /// the handle and what it opens, as must the options' clock and ids.
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

    /// Opens for observing (§2.11 in mode Readonly). ReadOnly or NotFound for a catalog without contents; Corrupt when
    /// a row does not decode with the types of the options' build. As in the reference, `user_version` is not looked
    /// at. For this and openSavepoint(), rows that do not fit beside each other are left out and found in
    /// DurableCatalog::problems(); nothing but the content version of `arguments` counts.
    [[nodiscard]] Result<std::unique_ptr<DurableCatalog>> openReadOnly(const catalog::BootstrapArguments& arguments,
                                                                       const Job& job) &&;
    /// Opens for rehearsing: frozen at this handle's last sync, changes stay in memory. Versions as for
    /// WritableOpenableCatalog::open().
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

    /// Opens for writing: fences everybody else, initialises an empty catalog (§2.11). The content version that is set
    /// is that of `arguments`, or the build's version when that is empty.
    ///
    /// A catalog whose `user_version` is not the build's is refused, before anybody is fenced: IncompatibleDataVersion
    /// in the reference's words below the oldest version that the build migrates, else Unsupported naming the steps.
    /// Migrating rewrites rows that this program would have to understand better than the system that owns them; that
    /// system does it at its next start. (The reference opens a newer catalog unseen; here it is refused, too.) Nor is
    /// there a forced compaction in the background: nothing needs it.
    [[nodiscard]] Result<std::unique_ptr<DurableCatalog>> open(const catalog::BootstrapArguments& arguments,
                                                               const Job& job) &&;
    /// Neither writes nor fences (§2.11 last paragraph).
    [[nodiscard]] std::unique_ptr<DebugCatalog> openDebug() &&;
    /// Gives back the writer and the leases of a handle that opens nothing (§2.20).
    [[nodiscard]] Result<> expire(const Job& job) &&;

private:
    using OpenableCatalog::OpenableCatalog;
};

/// An open catalog (§2.15 to §2.18). What it may do depends on the mode, and a read-only or savepoint one holds no
/// store that could write. One thread at a time. Errors in the words of §3: Fenced, ReadOnly (NotWritable), Conflict
/// (CatalogOutOfSync, an upper mismatch), InvalidInput (DryRunTransaction, misuse), Internal. An error with
/// `outcomeUnknown` came after a write was sent: the next sync shows whether it has arrived by then.
class DurableCatalog
{
public:
    ~DurableCatalog();

    [[nodiscard]] catalog::Mode mode() const;
    [[nodiscard]] const ShardId& shardId() const;
    [[nodiscard]] const catalog::Build& build() const;
    [[nodiscard]] Epoch epoch() const; ///< no sync; a fenced handle still answers
    [[nodiscard]] Result<DeployGeneration> deploymentGeneration(const Job& job);
    [[nodiscard]] Timestamp upper() const; ///< how far this handle has synced
    [[nodiscard]] Result<Timestamp> currentUpper(const Job& job);
    [[nodiscard]] Result<catalog::CatalogSnapshot> snapshot(const Job& job);
    /// Canonical JSON of the keys of audit rows, by event id.
    [[nodiscard]] Result<std::vector<std::string>> auditLogs(const Job& job);
    [[nodiscard]] Result<std::uint64_t> nextId(std::string_view allocator, const Job& job);

    /// What became known since the last call, in time order, below `target` (§2.15 sync_updates). The first call after
    /// opening answers with the whole contents. OutOfRange when the catalog has not come to `target`: the reference
    /// would wait.
    [[nodiscard]] Result<std::vector<catalog::MemoryUpdate>> syncUpdates(Timestamp target, const Job& job);
    [[nodiscard]] Result<std::vector<catalog::MemoryUpdate>> syncToCurrentUpdates(const Job& job);

    /// New era: Conflict (CatalogOutOfSync) while there are updates that nobody took with syncUpdates().
    [[nodiscard]] Result<catalog::Transaction> transaction(const Job& job);
    /// New era: a transaction over any snapshot that can never be committed.
    [[nodiscard]] Result<catalog::Transaction> transactionFromSnapshot(catalog::CatalogSnapshot snapshot,
                                                                       const Job& job);
    /// Commits (§2.18); answers the next upper. `commitTs` counts from the MID era on; nothing = the upper. As in the
    /// reference the caller has applied the transaction's updates itself: InvalidInput while it has not consumed them
    /// (takeOpUpdates()), and what is queued below the next upper is dropped.
    [[nodiscard]] Result<Timestamp> commit(catalog::Transaction transaction, std::optional<Timestamp> commitTs,
                                           const Job& job);
    /// Draws from an allocator in a transaction of its own (§2.17).
    [[nodiscard]] Result<std::vector<std::uint64_t>> allocateIds(std::string_view allocator, std::uint64_t count,
                                                                 std::optional<Timestamp> commitTs, const Job& job);
    /// Fenced when a newer writer took over; a read-only handle never cares.
    [[nodiscard]] Result<> confirmLeadership(const Job& job);
    /// Moves the upper to at least `upper` without writing rows (§2.22). Unsupported before V82.
    [[nodiscard]] Result<> advanceUpper(Timestamp upper, const Job& job);
    /// New era: Conflict (CatalogOutOfSync) while updates below `target` are queued. They stay queued.
    [[nodiscard]] Result<> ensureNotOutOfSync(Timestamp target, const Job& job);
    /// From MID on, else Unsupported: from now on nobody draws from the allocator `system`, and from V82 on the shard's
    /// version is raised to the build's.
    [[nodiscard]] Result<> markBootstrapComplete(const Job& job);
    /// Gives back the writer and the leases; the critical reader stays. The handle writes no more.
    [[nodiscard]] Result<> expire(const Job& job);

    /// Rows that do not fit beside each other and that the snapshot leaves out, one clause each; empty in a healthy
    /// catalog, and in every one that is open for writing.
    [[nodiscard]] std::vector<std::string> problems() const;

private:
    friend class OpenableCatalog;
    friend class WritableOpenableCatalog;
    struct Impl;
    explicit DurableCatalog(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> m_impl;
};

/// The debug handle (§2.19): edits single rows, each in one append with a new fence token. Rows are read and written
/// with the types of the catalog's own version. The first write fences everybody else, even when it changes nothing.
/// One thread at a time.
class DebugCatalog
{
public:
    ~DebugCatalog();

    /// Sets the row `key` of a collection; answers the value that was there, as canonical JSON. What is retracted are
    /// the stored bytes, so that nothing dangles. InvalidInput when key or value do not fit their types; Corrupt when
    /// there are several rows for the key (the reference ends its process); Fenced.
    [[nodiscard]] Result<std::optional<std::string>> edit(catalog::CollectionType type, std::string_view key,
                                                          std::string_view value, const Job& job);
    /// Removes every row of that key; fences even when there was none.
    [[nodiscard]] Result<> remove(catalog::CollectionType type, std::string_view key, const Job& job);
    /// Gives back the writer and the leases.
    [[nodiscard]] Result<> expire(const Job& job);

private:
    friend class WritableOpenableCatalog;
    struct Impl;
    explicit DebugCatalog(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> m_impl;
};

} // namespace inspector::edit
