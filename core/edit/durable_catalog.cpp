#include "core/codec/row_codec.h"
#include "core/edit/catalog_impls.h"

#include <charconv>
#include <utility>

namespace inspector::edit {

using catalog::CollectionType;
using catalog::Mode;

Result<> OpenHandle::ensureNotOutOfSync(Timestamp target, const Job& job)
{
    INSPECTOR_CHECK(handle->sync(target, tables, job));
    if (const auto count = tables.queuedBelow(target); count > 0)
        return outOfSync(count, target);
    return {};
}

DurableCatalog::DurableCatalog(std::unique_ptr<Impl> impl)
    : m_impl(std::move(impl))
{
}

DurableCatalog::~DurableCatalog() = default;

Mode DurableCatalog::mode() const
{
    return m_impl->handle->mode();
}

const ShardId& DurableCatalog::shardId() const
{
    return m_impl->handle->shardId();
}

const catalog::Build& DurableCatalog::build() const
{
    return m_impl->handle->options().build;
}

Epoch DurableCatalog::epoch() const
{
    // An open handle has a token: opening assumed it.
    return m_impl->handle->token().token().value_or(catalog::FenceToken()).epoch;
}

Result<DeployGeneration> DurableCatalog::deploymentGeneration(const Job& job)
{
    INSPECTOR_CHECK(m_impl->sync(job));
    return m_impl->handle->token().token().value_or(catalog::FenceToken()).deployGeneration;
}

Timestamp DurableCatalog::upper() const
{
    return m_impl->handle->upper();
}

Result<Timestamp> DurableCatalog::currentUpper(const Job& job)
{
    return m_impl->handle->currentUpper(job);
}

Result<catalog::CatalogSnapshot> DurableCatalog::snapshot(const Job& job)
{
    INSPECTOR_CHECK(m_impl->sync(job));
    return m_impl->tables.snapshot();
}

Result<std::vector<std::string>> DurableCatalog::auditLogs(const Job& job)
{
    INSPECTOR_CHECK(m_impl->sync(job));
    if (mode() == Mode::Savepoint)
        return m_impl->tables.auditKeys(m_impl->frozenRows, job);
    INSPECTOR_TRY(const auto rows, m_impl->handle->snapshotBefore(upper(), job));
    return m_impl->tables.auditKeys(rows, job);
}

Result<std::uint64_t> DurableCatalog::nextId(std::string_view allocator, const Job& job)
{
    INSPECTOR_CHECK(m_impl->sync(job));
    std::string key = "{\"name\":";
    codec::appendJsonString(allocator, key);
    key += "}";
    const auto* const row = m_impl->tables.of(CollectionType::IdAlloc).at(key);
    if (row == nullptr)
        return internalError(std::string(allocator) + " id allocator missing");
    codec::JsonTape tape;
    INSPECTOR_CHECK(tape.parseJson(row->value));
    const auto* const next = tape.member(0, "next_id");
    std::uint64_t id = 0;
    if (next == nullptr
        || std::from_chars(next->text.data(), next->text.data() + next->text.size(), id).ec != std::errc())
        return fail(ErrorCode::Corrupt, std::string(allocator) + " id allocator has no next id");
    return id;
}

Result<std::vector<catalog::MemoryUpdate>> DurableCatalog::syncUpdates(Timestamp target, const Job& job)
{
    INSPECTOR_CHECK(m_impl->handle->sync(target, m_impl->tables, job));
    return m_impl->tables.takeBelow(target);
}

Result<std::vector<catalog::MemoryUpdate>> DurableCatalog::syncToCurrentUpdates(const Job& job)
{
    INSPECTOR_TRY(const auto target, currentUpper(job));
    return syncUpdates(target, job);
}

Result<> DurableCatalog::confirmLeadership(const Job& job)
{
    if (mode() == Mode::ReadOnly)
        return {};
    return m_impl->sync(job);
}

Result<> DurableCatalog::advanceUpper(Timestamp upper, const Job& job)
{
    if (!m_impl->isAtLeast(kV82))
        return fail(ErrorCode::Unsupported, "build " + build().version + " does not advance the upper by itself");
    return m_impl->advanceUpper(upper, job);
}

Result<> DurableCatalog::ensureNotOutOfSync(Timestamp target, const Job& job)
{
    if (!m_impl->isAtLeast(kNew))
        return fail(ErrorCode::Unsupported, "build " + build().version + " does not ask for unapplied updates");
    return m_impl->ensureNotOutOfSync(target, job);
}

Result<> DurableCatalog::markBootstrapComplete(const Job& job)
{
    if (!m_impl->isAtLeast(kMid))
        return fail(ErrorCode::Unsupported, "build " + build().version + " does not mark its bootstrap");
    m_impl->isBootstrapComplete = true;
    if (mode() == Mode::Writable && m_impl->isAtLeast(kV82))
        return m_impl->handle->upgradeVersion(job);
    return {};
}

Result<> DurableCatalog::expire(const Job& job)
{
    return m_impl->handle->expire(job);
}

std::vector<std::string> DurableCatalog::problems() const
{
    return m_impl->tables.problems();
}

} // namespace inspector::edit
