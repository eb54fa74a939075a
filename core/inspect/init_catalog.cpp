#include "core/inspect/init_catalog.h"

#include "core/base/id_source.h"
#include "core/edit/durable_catalog.h"
#include "core/inspect/choose_shard.h"
#include "core/inspect/copy_location.h"
#include "core/persist/shard_reader.h"
#include "core/store/memory_store.h"
#include "core/store/writable_location.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace inspector::inspect {

namespace {

constexpr std::uint64_t kOldSizes = 72; ///< the last version of those that init writes with sizes that are numbers

/// The shard that the new catalog gets, and whose it is where that is known.
struct NewShard
{
    ShardId shardId;
    std::string organizationId;
};

Result<NewShard> newShard(const ShardChoice& choice)
{
    std::string organizationId;
    switch (choice.by) {
    case ShardChoice::By::ShardId: {
        INSPECTOR_TRY(auto shardId, ShardId::parse(choice.text));
        return NewShard {std::move(shardId), {}};
    }
    case ShardChoice::By::EnvironmentId: {
        INSPECTOR_TRY(organizationId, organizationOfEnvironment(choice.text));
        break;
    }
    case ShardChoice::By::OrganizationId: {
        INSPECTOR_TRY(organizationId, parseOrganizationId(choice.text));
        break;
    }
    case ShardChoice::By::Content:
        organizationId = RandomIdSource().uuid();
        break;
    }
    auto shardId = wellKnownShard(organizationId, WellKnownShard::Catalog);
    return NewShard {std::move(shardId), std::move(organizationId)};
}

/// Refuses a place where something is that the new catalog could be confused with.
Result<> checkPlace(const InitRequest& request, const NewShard& shard, const Job& job)
{
    const auto stores = store::openStores(request.location, nullptr, job);
    if (!stores) {
        // A catalog file that is not there is made; whether a server's table is missing shows when copying.
        return stores.error().code == ErrorCode::NotFound ? Result<>() : tl::unexpected(stores.error());
    }
    INSPECTOR_TRY(const auto keys, stores->consensus->listKeys(job));
    if (std::find(keys.begin(), keys.end(), shard.shardId.text()) != keys.end())
        return fail(ErrorCode::Conflict,
                    stores->consensus->description() + " has the shard " + shard.shardId.text()
                        + " already: a new catalog never replaces one");
    if (!keys.empty() && request.shard.by == ShardChoice::By::Content)
        return fail(ErrorCode::Conflict,
                    stores->consensus->description() + " holds " + std::to_string(keys.size())
                        + (keys.size() == 1 ? " shard" : " shards")
                        + " already: name the new catalog's organization to put it beside them");
    return {};
}

/// Every update, in time order.
Result<Reading> readingOf(persist::ShardReader& reader, std::uint64_t catalogVersion, const Job& job)
{
    INSPECTOR_TRY(const auto state, reader.refresh(job));
    INSPECTOR_TRY(const auto history, reader.history(state, job));
    const auto& updates = *history.updates;
    std::vector<std::uint32_t> order(updates.size());
    std::iota(order.begin(), order.end(), 0U);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return updates.timeOf(a) < updates.timeOf(b); });
    auto sorted = std::make_shared<persist::Updates>();
    sorted->owners = updates.owners;
    for (const auto i : order) {
        sorted->rows.push_back(updates.rows[i]);
        sorted->times.push_back(updates.timeOf(i));
        sorted->diffs.push_back(updates.diffOf(i));
    }
    INSPECTOR_TRY(const auto latest, persist::ShardReader::latestTime(*state));
    return Reading {std::move(sorted), latest, state->seqno, state->since(), state->upper(), catalogVersion};
}

} // namespace

Result<InitReport> initCatalog(const InitRequest& request, const Job& job)
{
    const auto& versions = catalog::kInitVersions;
    if (std::find(std::begin(versions), std::end(versions), request.catalogVersion) == std::end(versions))
        return fail(ErrorCode::InvalidInput,
                    "there are no contents of a new catalog of version " + std::to_string(request.catalogVersion)
                        + "; there are those of 72, 82 and 92");
    INSPECTOR_TRY(auto shard, newShard(request.shard));
    INSPECTOR_CHECK(checkPlace(request, shard, job));

    edit::HandleOptions options;
    INSPECTOR_TRY(options.build, catalog::buildOfCatalogVersion(request.catalogVersion));
    options.deployGeneration = request.deployGeneration;
    auto arguments = request.arguments;
    if (arguments.contentVersion.empty())
        arguments.contentVersion = options.build.version;
    if (arguments.defaultReplicaSize.empty())
        arguments.defaultReplicaSize = request.catalogVersion <= kOldSizes ? "1" : "scale=1,workers=1";

    const auto content = std::make_shared<store::MemoryContent>();
    const auto stores = store::openWritableMemory(content);
    INSPECTOR_TRY(
        auto unopened,
        edit::WritableOpenableCatalog::construct(*stores.consensus, *stores.blob, shard.shardId, options, job));
    INSPECTOR_TRY(const auto catalog, std::move(*unopened).open(arguments, job));
    InitReport report;
    report.epoch = catalog->epoch().value();
    INSPECTOR_CHECK(catalog->expire(job));

    report.organizationId = shard.organizationId;
    report.shardId = shard.shardId.text();
    report.catalogVersion = request.catalogVersion;
    report.buildVersion = options.build.version;
    report.deployGeneration = request.deployGeneration.value();
    persist::ShardReader reader(*stores.consensus, *stores.blob, shard.shardId);
    INSPECTOR_TRY(report.contents, readingOf(reader, request.catalogVersion, job));
    report.seqno = report.contents.seqno;

    CopyRequest copy;
    copy.to = request.location;
    copy.allShards = true;
    copy.commit = request.commit;
    const store::Stores from {
        std::make_unique<store::MemoryConsensus>(content), std::make_unique<store::MemoryBlob>(content), {}};
    INSPECTOR_TRY(auto copied, copyLocation(from, copy, job));
    report.location = std::move(copied.to);
    report.warnings = std::move(copied.warnings);
    return report;
}

} // namespace inspector::inspect
