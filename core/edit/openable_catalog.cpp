#include "core/edit/catalog_impls.h"

#include <utility>

namespace inspector::edit {

Result<> UnopenedHandle::readAndCheck(const Job& job)
{
    INSPECTOR_CHECK(handle->readSnapshot(rows, job));
    INSPECTOR_CHECK(sync(job));
    if (const auto found = rows.facts().contentVersion())
        INSPECTOR_CHECK(catalog::checkContentVersion(handle->options().build, *found));
    return {};
}

OpenableCatalog::OpenableCatalog(std::unique_ptr<Impl> impl)
    : m_impl(std::move(impl))
{
}

OpenableCatalog::~OpenableCatalog() = default;

Result<std::unique_ptr<OpenableCatalog>> OpenableCatalog::construct(const store::Consensus& consensus,
                                                                    const store::Blob& blob, const ShardId& shardId,
                                                                    HandleOptions options, const Job& job)
{
    auto impl = std::make_unique<Impl>(std::make_unique<CatalogHandle>(consensus, blob, shardId, std::move(options)));
    INSPECTOR_CHECK(impl->handle->checkPersistVersion(job));
    INSPECTOR_CHECK(impl->readAndCheck(job));
    return std::unique_ptr<OpenableCatalog>(new OpenableCatalog(std::move(impl)));
}

Result<std::unique_ptr<WritableOpenableCatalog>>
WritableOpenableCatalog::construct(store::ConsensusWriter& consensus, store::BlobWriter& blob, const ShardId& shardId,
                                   HandleOptions options, const Job& job)
{
    auto impl = std::make_unique<Impl>(std::make_unique<CatalogHandle>(consensus, blob, shardId, std::move(options)));
    INSPECTOR_CHECK(impl->handle->checkPersistVersion(job));
    INSPECTOR_CHECK(impl->handle->registerWithShard(job));
    INSPECTOR_CHECK(impl->readAndCheck(job));
    return std::unique_ptr<WritableOpenableCatalog>(new WritableOpenableCatalog(std::move(impl)));
}

Result<bool> OpenableCatalog::isInitialized(const Job& job)
{
    INSPECTOR_TRY(const auto facts, this->facts(job));
    return facts.isInitialized();
}

Result<Epoch> OpenableCatalog::epoch(const Job& job)
{
    INSPECTOR_CHECK(m_impl->sync(job));
    INSPECTOR_TRY(const auto token, m_impl->handle->token().validate());
    if (!token)
        return uninitialized();
    return token->epoch;
}

Result<DeployGeneration> OpenableCatalog::deploymentGeneration(const Job& job)
{
    INSPECTOR_CHECK(m_impl->sync(job));
    const auto token = m_impl->handle->token().token();
    if (!token)
        return uninitialized();
    return token->deployGeneration;
}

Result<catalog::UnopenedCatalog> OpenableCatalog::facts(const Job& job)
{
    INSPECTOR_CHECK(m_impl->sync(job));
    return m_impl->rows.facts();
}

Result<catalog::GroupedUpdates> OpenableCatalog::traceConsolidated(const Job& job)
{
    INSPECTOR_TRY(const auto facts, this->facts(job));
    if (!facts.isInitialized())
        return uninitialized();
    INSPECTOR_TRY(auto rows, m_impl->rows.consolidatedRows(job));
    m_impl->handle->book().consolidate();
    return catalog::groupByCollection(std::move(rows), job);
}

Result<catalog::GroupedUpdates> OpenableCatalog::traceUnconsolidated(const Job& job)
{
    INSPECTOR_TRY(const auto facts, this->facts(job));
    if (!facts.isInitialized())
        return uninitialized();
    INSPECTOR_TRY(const auto upper, m_impl->handle->currentUpper(job));
    INSPECTOR_TRY(auto rows, m_impl->handle->snapshotBefore(upper, job));
    return catalog::groupByCollection(std::move(rows), job);
}

Result<Timestamp> OpenableCatalog::currentUpper(const Job& job)
{
    return m_impl->handle->currentUpper(job);
}

Result<std::unique_ptr<DurableCatalog>> OpenableCatalog::openReadOnly(const catalog::BootstrapArguments& arguments,
                                                                      const Job& job) &&
{
    INSPECTOR_TRY(auto open, OpenHandle::open(std::move(*m_impl), catalog::Mode::ReadOnly, arguments, job));
    return std::unique_ptr<DurableCatalog>(new DurableCatalog(std::make_unique<DurableCatalog::Impl>(std::move(open))));
}

Result<std::unique_ptr<DurableCatalog>> OpenableCatalog::openSavepoint(const catalog::BootstrapArguments& arguments,
                                                                       const Job& job) &&
{
    INSPECTOR_TRY(auto open, OpenHandle::open(std::move(*m_impl), catalog::Mode::Savepoint, arguments, job));
    return std::unique_ptr<DurableCatalog>(new DurableCatalog(std::make_unique<DurableCatalog::Impl>(std::move(open))));
}

Result<std::unique_ptr<DurableCatalog>> WritableOpenableCatalog::open(const catalog::BootstrapArguments& arguments,
                                                                      const Job& job) &&
{
    INSPECTOR_TRY(auto open, OpenHandle::open(std::move(*m_impl), catalog::Mode::Writable, arguments, job));
    return std::unique_ptr<DurableCatalog>(new DurableCatalog(std::make_unique<DurableCatalog::Impl>(std::move(open))));
}

std::unique_ptr<DebugCatalog> WritableOpenableCatalog::openDebug() &&
{
    return std::unique_ptr<DebugCatalog>(new DebugCatalog(std::make_unique<DebugCatalog::Impl>(std::move(*m_impl))));
}

Result<> WritableOpenableCatalog::expire(const Job& job) &&
{
    return m_impl->handle->expire(job);
}

} // namespace inspector::edit
