#pragma once

#include "core/base/ids.h"
#include "core/base/job.h"
#include "core/persist/state.h"
#include "core/persist/updates.h"
#include "core/store/blob.h"
#include "core/store/consensus.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace inspector::persist {

class ShardReader;

/// What a shard appears to be (persist-format §2.5).
enum class ShardKind {
    Catalog,           ///< its rows or the readers it had say so
    StorageCollection, ///< the catalog's codecs, but not its content
    UnitShard,         ///< empty keys and values, such as the old marker of upgrades
    Tombstone,         ///< finalised: nothing is readable
    Other,             ///< other codecs
    Unreadable,        ///< its state could not be read
};

struct RecognisedShard
{
    ShardId shardId;
    ShardKind kind = ShardKind::Other;
    std::string evidence; ///< why, one clause: "a reader's purpose is 'durable catalog state handles'"
    /// Of a catalog whose content had to be looked at: what was read on the way, so that it is not read twice. It
    /// refers to the stores; else null.
    std::shared_ptr<ShardReader> reader = {};
};

/// True when rows of a shard are a catalog's; brought by whoever knows what a catalog is.
using IsCatalogContent = std::function<bool(const Updates& rows)>;

/// Looks at every shard of a consensus and says what it is, catalogs first. Content is read only where codecs fit and
/// neither readers nor writers give it away.
[[nodiscard]] Result<std::vector<RecognisedShard>> recogniseShards(const store::Consensus& consensus,
                                                                   const store::Blob& blob,
                                                                   const IsCatalogContent& isCatalogContent,
                                                                   const Job& job);

/// The one shard that holds a catalog. NotFound lists what the shards are instead; InvalidInput names the candidates
/// when there are several.
[[nodiscard]] Result<RecognisedShard> findCatalogShard(const store::Consensus& consensus, const store::Blob& blob,
                                                       const IsCatalogContent& isCatalogContent, const Job& job);

} // namespace inspector::persist
