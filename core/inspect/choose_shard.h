#pragma once

#include "core/base/ids.h"
#include "core/base/job.h"
#include "core/inspect/inspector.h"
#include "core/store/location.h"

#include <memory>
#include <string>

namespace inspector::persist {
class ShardReader;
}

namespace inspector::inspect {

/// Which shard is meant, and whose it is where that is known.
struct ChosenShard
{
    ShardId shardId;
    std::string environmentId;
    std::string organizationId;
    std::shared_ptr<persist::ShardReader> reader; ///< when recognising it read the rows already; refers to the stores
};

/// Finds the shard of a choice. InvalidInput for an id that is none; NotFound and InvalidInput as
/// persist::findCatalogShard. Whether a shard that is named is there is not looked at.
[[nodiscard]] Result<ChosenShard> chooseShard(const ShardChoice& choice, const store::Stores& stores, const Job& job);

} // namespace inspector::inspect
