#pragma once

#include "core/edit/catalog_handle.h"
#include "core/edit/open_tables.h"
#include "core/edit/raw_rows.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

// What is behind the handles of durable_catalog.h. For the sources of this room.

namespace inspector::edit {

/// An unopened handle, whoever holds it.
struct UnopenedHandle
{
    explicit UnopenedHandle(std::unique_ptr<CatalogHandle> shared)
        : handle(std::move(shared))
        , rows(*handle)
    {
    }

    /// Steps 6 to 12 of catalog-model §2.3.
    [[nodiscard]] Result<> readAndCheck(const Job& job);
    [[nodiscard]] Result<> sync(const Job& job) { return handle->syncToCurrentUpper(rows, job); }

    std::unique_ptr<CatalogHandle> handle;
    RawRows rows;
};

/// An open handle.
class OpenHandle
{
public:
    OpenHandle(std::unique_ptr<CatalogHandle> shared, catalog::SchemaPtr schema)
        : handle(std::move(shared))
        , tables(*handle, std::move(schema))
    {
    }

    /// §2.11. Takes over what is in `unopened`.
    [[nodiscard]] static Result<OpenHandle> open(UnopenedHandle unopened, catalog::Mode mode,
                                                 const catalog::BootstrapArguments& arguments, const Job& job);

    [[nodiscard]] bool isAtLeast(std::uint64_t catalogVersion) const
    {
        return edit::isAtLeast(handle->options(), catalogVersion);
    }
    [[nodiscard]] Result<> sync(const Job& job) { return handle->syncToCurrentUpper(tables, job); }
    /// A transaction without the question whether everybody knows everything.
    [[nodiscard]] Result<catalog::Transaction> uncheckedTransaction(const Job& job);
    /// commit_internal and commit_transaction of §2.18; the next upper.
    [[nodiscard]] Result<Timestamp> commitInternal(catalog::Transaction transaction, std::optional<Timestamp> commitTs,
                                                   const Job& job);
    [[nodiscard]] Result<Timestamp> commitBatch(const catalog::TransactionBatch& batch,
                                                std::optional<Timestamp> commitTs, const Job& job);
    [[nodiscard]] Result<> advanceUpper(Timestamp upper, const Job& job);
    [[nodiscard]] Result<> ensureNotOutOfSync(Timestamp target, const Job& job);

    std::unique_ptr<CatalogHandle> handle;
    OpenTables tables;
    persist::UpdateList frozenRows; ///< of a savepoint: the shard's rows that it lies on, for the audit log
    bool isBootstrapComplete = false;

private:
    /// §2.9 for the eras: appends and reads it back; a mismatch that no token explains is the answer.
    [[nodiscard]] Result<std::optional<AppendMismatch>> compareAndAppend(const std::vector<catalog::RowChange>& changes,
                                                                         Timestamp time, const Job& job);
};

/// Appends `changes` and, while the handle is still without one, its new token, in one append, then reads it back
/// (§2.11 step 3, §2.19 step 4). A mismatch that no newer token explains is the answer.
[[nodiscard]] Result<std::optional<AppendMismatch>>
appendFencing(CatalogHandle& handle, RawRows& rows, std::vector<catalog::RowChange> changes, const Job& job);

struct OpenableCatalog::Impl final : UnopenedHandle
{
    using UnopenedHandle::UnopenedHandle;
};

struct DurableCatalog::Impl final : OpenHandle
{
    explicit Impl(OpenHandle open)
        : OpenHandle(std::move(open))
    {
    }
};

struct DebugCatalog::Impl final : UnopenedHandle
{
    explicit Impl(UnopenedHandle unopened)
        : UnopenedHandle(std::move(unopened))
    {
    }
};

/// An error that came after an append was durable: to be read before anything is tried again.
[[nodiscard]] Result<> afterLanding(Result<> result);

} // namespace inspector::edit
