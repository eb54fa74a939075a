#include "core/inspect/choose_shard.h"

#include "core/inspect/overview.h"
#include "core/persist/recognise.h"

#include <utility>

namespace inspector::inspect {

Result<ChosenShard> chooseShard(const ShardChoice& choice, const store::Stores& stores, const Job& job)
{
    const auto ofOrganization = [](std::string organizationId, std::string environmentId) {
        auto shardId = wellKnownShard(organizationId, WellKnownShard::Catalog);
        return ChosenShard {std::move(shardId), std::move(environmentId), std::move(organizationId), nullptr};
    };
    switch (choice.by) {
    case ShardChoice::By::EnvironmentId: {
        INSPECTOR_TRY(auto organizationId, organizationOfEnvironment(choice.text));
        return ofOrganization(std::move(organizationId), choice.text);
    }
    case ShardChoice::By::OrganizationId: {
        INSPECTOR_TRY(auto organizationId, parseOrganizationId(choice.text));
        return ofOrganization(std::move(organizationId), {});
    }
    case ShardChoice::By::ShardId: {
        INSPECTOR_TRY(auto shardId, ShardId::parse(choice.text));
        return ChosenShard {std::move(shardId), {}, {}, nullptr};
    }
    case ShardChoice::By::Content:
        break;
    }
    INSPECTOR_TRY(auto found, persist::findCatalogShard(*stores.consensus, *stores.blob, looksLikeCatalog, job));
    return ChosenShard {std::move(found.shardId), {}, {}, std::move(found.reader)};
}

} // namespace inspector::inspect
