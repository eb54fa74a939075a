#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/catalog/table_rows.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace inspector::catalog {

/// An in-memory update that a higher layer applies to its own state (catalog-model §2.7).
struct MemoryUpdate
{
    CollectionType type = CollectionType::AuditLog;
    std::string key;
    std::string value;
    Timestamp time;
    std::int64_t diff = 1;
};

/// True for the kinds that are told to higher layers: all but Config, FenceToken, IdAlloc, Setting, TxnWalShard.
[[nodiscard]] bool isExposedToMemory(CollectionType type);

/// What a transaction would append: consolidated, retractions with their stored bytes, audit events last.
struct TransactionBatch
{
    std::vector<RowChange> changes;
    std::vector<CollectionType> touched; ///< in the order of collections, each once
    Timestamp upper;                     ///< the handle's upper when the transaction began
};

/// A set of changes over a snapshot (catalog-model §2.16): every collection, uniqueness rules, allocators, OIDs, op
/// updates. No I/O; a DurableCatalog commits it. Keys and values are JSON in any spelling and are checked against the
/// snapshot's schema: InvalidInput names the field.
class Transaction
{
public:
    Transaction(CatalogSnapshot snapshot, Timestamp upper);
    ~Transaction();
    Transaction(Transaction&&) noexcept;
    Transaction& operator=(Transaction&&) noexcept;

    /// A transaction that may be looked at but never committed (catalog-model §2.22 "dry-run").
    [[nodiscard]] static Transaction dryRun(CatalogSnapshot snapshot, Timestamp upper);
    [[nodiscard]] bool isDryRun() const;
    [[nodiscard]] Timestamp upper() const;
    [[nodiscard]] const SchemaPtr& schema() const;

    // Tables. Errors: InvalidInput "duplicate key", "uniqueness violation" or the SQL-level text of catalog-model §3.5
    // where it has one; NotFound "unknown …".
    [[nodiscard]] Result<std::optional<std::string>> get(CollectionType type, std::string_view key) const;
    /// All live rows by canonical key: those of the snapshot with what is pending over them.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> rows(CollectionType type) const;
    [[nodiscard]] Result<> insert(CollectionType type, std::string_view key, std::string_view value);
    /// Sets or, with no value, removes; answers what was there.
    [[nodiscard]] Result<std::optional<std::string>> set(CollectionType type, std::string_view key,
                                                         std::optional<std::string_view> value);
    [[nodiscard]] Result<> setMany(CollectionType type,
                                   const std::vector<std::pair<std::string, std::optional<std::string>>>& values);
    /// False when there is no such key.
    [[nodiscard]] Result<bool> update(CollectionType type, std::string_view key, std::string_view value);
    [[nodiscard]] Result<bool> remove(CollectionType type, std::string_view key);
    /// Removes every row that `predicate` (canonical key, canonical value) picks; answers how many.
    [[nodiscard]] Result<std::size_t>
    removeIf(CollectionType type, const std::function<bool(std::string_view, std::string_view)>& predicate);

    /// An audit event: the row's key `{"event":{"V1":{…}}}`. Append-only.
    [[nodiscard]] Result<> insertAuditEvent(std::string_view key);

    // Allocators (catalog-model §2.17). Errors: Internal "{name} id allocator missing"; OutOfRange "id counter
    // overflows i64", "oid counter overflows u32".
    [[nodiscard]] Result<std::vector<std::uint64_t>> allocateIds(std::string_view allocator, std::uint64_t count);
    /// `taken` are OIDs of temporary objects.
    [[nodiscard]] Result<std::vector<std::uint32_t>> allocateOids(std::uint64_t count,
                                                                  const std::set<std::uint32_t>& taken = {});

    // Op updates (catalog-model §2.16).
    [[nodiscard]] std::vector<MemoryUpdate> opUpdates() const;
    [[nodiscard]] std::vector<MemoryUpdate> takeOpUpdates();
    [[nodiscard]] bool hasUnconsumedOpUpdates() const;

    /// What would be appended.
    [[nodiscard]] Result<TransactionBatch> batch() const;
    /// The snapshot with everything pending in it.
    [[nodiscard]] CatalogSnapshot currentSnapshot() const;

private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

} // namespace inspector::catalog
