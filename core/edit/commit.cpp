#include "core/edit/catalog_impls.h"
#include "core/edit/update_text.h"

#include <algorithm>
#include <string>
#include <utility>

namespace inspector::edit {

using catalog::Mode;

namespace {

/// The allocator that only the bootstrap draws from (catalog-model §2.22 mark_bootstrap_complete).
constexpr std::string_view kSystemAllocator = "system";

tl::unexpected<Error> notWritable(std::string text)
{
    return fail(ErrorCode::ReadOnly, std::move(text));
}

} // namespace

Result<catalog::Transaction> OpenHandle::uncheckedTransaction(const Job& job)
{
    if (auto* metrics = handle->metrics())
        ++metrics->transactionsStarted;
    INSPECTOR_CHECK(sync(job));
    return catalog::Transaction(tables.snapshot(), handle->upper());
}

Result<Timestamp> OpenHandle::commitInternal(catalog::Transaction transaction, std::optional<Timestamp> commitTs,
                                             const Job& job)
{
    if (transaction.isDryRun())
        return fail(ErrorCode::InvalidInput, "cannot commit a dry-run catalog transaction");
    INSPECTOR_TRY(const auto batch, transaction.batch());
    return commitBatch(batch, commitTs, job);
}

Result<std::optional<AppendMismatch>> OpenHandle::compareAndAppend(const std::vector<catalog::RowChange>& changes,
                                                                   Timestamp time, const Job& job)
{
    INSPECTOR_TRY(const auto mismatch, handle->append(changes, time, time.next(), tables, job));
    if (!mismatch)
        INSPECTOR_CHECK(afterLanding(handle->sync(time.next(), tables, job)));
    return mismatch;
}

Result<Timestamp> OpenHandle::commitBatch(const catalog::TransactionBatch& batch, std::optional<Timestamp> commitTs,
                                          const Job& job)
{
    if (auto* metrics = handle->metrics())
        ++metrics->transactionCommits;
    const LatencyTimer timer(handle->latency(&CatalogMetrics::transactionCommitLatency));
    const auto mode = handle->mode();
    const auto upper = handle->upper();
    const auto& changes = batch.changes;
    const auto whyReadOnly = [&]() -> std::string {
        const std::string text = "cannot commit a transaction in a read-only catalog: ";
        if (!isAtLeast(kNew))
            return text + debugTextOf(changes, tables.schema());
        return text + std::to_string(changes.size()) + " updates across collections: " + debugTextOf(batch.touched);
    };
    if (isAtLeast(kNew) && mode == Mode::ReadOnly) {
        if (!changes.empty())
            return notWritable(whyReadOnly());
        return upper;
    }
    if (upper != batch.upper)
        return fail(ErrorCode::Conflict,
                    isAtLeast(kNew) ? "the handle was mutated mid-transaction"
                                    : "only one transaction at a time is supported");
    auto time = upper;
    if (isAtLeast(kNew)) {
        time = std::max(commitTs.value_or(upper), upper);
    } else if (isAtLeast(kMid)) {
        time = commitTs.value_or(upper);
        if (time < upper)
            return fail(ErrorCode::InvalidInput,
                        "expected commit ts, " + std::to_string(time.value())
                            + ", to be greater than or equal to upper, " + std::to_string(upper.value()));
    }
    if (time.value() == UINT64_MAX)
        return fail(ErrorCode::InvalidInput, "nothing can be committed at the last of all times");

    switch (mode) {
    case Mode::ReadOnly:
        if (!changes.empty())
            return notWritable(whyReadOnly());
        return upper;
    case Mode::Savepoint:
        INSPECTOR_CHECK(tables.applyInMemory(changes, time));
        handle->setUpper(time.next());
        return time.next();
    case Mode::Writable:
        break;
    }
    for (;;) {
        INSPECTOR_CHECK(job.step(0, 0));
        const auto before = handle->updatesApplied();
        INSPECTOR_TRY(const auto mismatch, compareAndAppend(changes, time, job));
        if (!mismatch)
            return time.next();
        if (!isAtLeast(kNew))
            return tl::unexpected(errorOf(*mismatch));
        // Whoever moved the upper without writing anything has not invalidated the changes (§2.22
        // classify_upper_mismatch).
        if (const auto applied = handle->updatesApplied() - before; applied > 0)
            return outOfSync(applied, mismatch->actual);
        time = std::max(time, handle->upper());
    }
}

Result<> OpenHandle::advanceUpper(Timestamp upper, const Job& job)
{
    for (;;) {
        INSPECTOR_CHECK(job.step(0, 0));
        if (handle->upper() >= upper) {
            INSPECTOR_CHECK(handle->token().validate());
            return {};
        }
        switch (handle->mode()) {
        case Mode::ReadOnly:
            return notWritable("cannot advance upper of a read-only catalog");
        case Mode::Savepoint:
            handle->setUpper(upper);
            return {};
        case Mode::Writable:
            break;
        }
        const auto before = handle->updatesApplied();
        INSPECTOR_TRY(const auto mismatch, handle->append({}, handle->upper(), upper, tables, job));
        if (!mismatch) {
            handle->setUpper(upper);
            return {};
        }
        if (!isAtLeast(kNew))
            return tl::unexpected(errorOf(*mismatch));
        if (const auto applied = handle->updatesApplied() - before; applied > 0)
            return outOfSync(applied, mismatch->actual);
    }
}

Result<catalog::Transaction> DurableCatalog::transaction(const Job& job)
{
    INSPECTOR_TRY(auto transaction, m_impl->uncheckedTransaction(job));
    if (m_impl->isAtLeast(kNew))
        INSPECTOR_CHECK(m_impl->ensureNotOutOfSync(upper(), job));
    return transaction;
}

Result<catalog::Transaction> DurableCatalog::transactionFromSnapshot(catalog::CatalogSnapshot snapshot, const Job& job)
{
    if (!m_impl->isAtLeast(kV82))
        return fail(ErrorCode::Unsupported, "build " + build().version + " has no dry-run transactions");
    INSPECTOR_CHECK(m_impl->sync(job));
    return catalog::Transaction::dryRun(std::move(snapshot), upper());
}

Result<Timestamp> DurableCatalog::commit(catalog::Transaction transaction, std::optional<Timestamp> commitTs,
                                         const Job& job)
{
    if (!transaction.isDryRun() && transaction.hasUnconsumedOpUpdates())
        return fail(ErrorCode::InvalidInput,
                    "unconsumed transaction updates: " + std::to_string(transaction.opUpdates().size())
                        + " of the current op, which takeOpUpdates() consumes");
    INSPECTOR_TRY(const auto next, m_impl->commitInternal(std::move(transaction), commitTs, job));
    INSPECTOR_CHECK(m_impl->handle->sync(next, m_impl->tables, job));
    m_impl->tables.dropBelow(next);
    return next;
}

Result<std::vector<std::uint64_t>> DurableCatalog::allocateIds(std::string_view allocator, std::uint64_t count,
                                                               std::optional<Timestamp> commitTs, const Job& job)
{
    const LatencyTimer timer(m_impl->handle->latency(&CatalogMetrics::allocateId));
    if (count == 0)
        return std::vector<std::uint64_t>();
    if (m_impl->isBootstrapComplete && allocator == kSystemAllocator)
        return internalError("the allocator system is not drawn from after the bootstrap");
    INSPECTOR_TRY(auto transaction, m_impl->uncheckedTransaction(job));
    INSPECTOR_TRY(auto ids, transaction.allocateIds(allocator, count));
    INSPECTOR_CHECK(m_impl->commitInternal(std::move(transaction), commitTs, job));
    return ids;
}

} // namespace inspector::edit
