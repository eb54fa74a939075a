#include "core/persist/recognise.h"

#include "core/persist/shard_reader.h"

#include <algorithm>
#include <numeric>

namespace inspector::persist {

namespace {

/// The catalog's own hold on its shard, from 26 on (persist-format §3.2).
constexpr const char* kCatalogCriticalReader = "c55555555-6666-7777-8888-999999999999";

bool isCatalogPurpose(const std::optional<DebugState>& debug)
{
    return debug
        && (debug->purpose.find("durable catalog state handles") != std::string::npos
            || debug->purpose.find("durable catalog state critical since") != std::string::npos);
}

/// What readers and writers say about a shard, or nothing (persist-format §2.5).
std::string catalogEvidence(const State& state)
{
    if (state.criticalReaders.contains(kCatalogCriticalReader))
        return "it has the catalog's own critical reader";
    const auto evidenceOf = [](const auto& handles, const char* what) -> std::string {
        for (const auto& [id, handle] : handles)
            if (isCatalogPurpose(handle.debug))
                return "the purpose of " + std::string(what) + " " + id + " is '" + handle.debug->purpose + "'";
        return {};
    };
    if (auto evidence = evidenceOf(state.leasedReaders, "reader"); !evidence.empty())
        return evidence;
    if (auto evidence = evidenceOf(state.criticalReaders, "critical reader"); !evidence.empty())
        return evidence;
    return evidenceOf(state.writers, "writer");
}

std::uint64_t storedBytes(const State& state)
{
    std::uint64_t total = 0;
    for (const auto& batch : state.batches())
        for (const auto& part : batch->parts)
            total += part.encodedSizeBytes;
    return total;
}

/// A shard with the codecs of a catalog, and nobody who says whether it is one.
struct Candidate
{
    std::size_t index = 0;
    StatePtr state;
    std::uint64_t bytes = 0;
};

RecognisedShard judge(const ShardId& shardId, const Result<StatePtr>& state)
{
    if (!state)
        return {shardId, ShardKind::Unreadable, state.error().describe()};
    if ((*state)->isTombstone())
        return {shardId, ShardKind::Tombstone, "its since and its upper are empty"};
    if ((*state)->keyCodec == "()" && (*state)->valCodec == "()")
        return {shardId, ShardKind::UnitShard, "its keys and values are empty"};
    if (!(*state)->hasCatalogCodecs())
        return {shardId, ShardKind::Other,
                "its codecs are " + (*state)->keyCodec + " and " + (*state)->valCodec + ", not a catalog's"};
    if (auto evidence = catalogEvidence(**state); !evidence.empty())
        return {shardId, ShardKind::Catalog, std::move(evidence)};
    return {shardId, ShardKind::StorageCollection, "nothing says that it is a catalog"};
}

std::string nameOf(ShardKind kind)
{
    switch (kind) {
    case ShardKind::Catalog:
        return "catalog";
    case ShardKind::StorageCollection:
        return "storage collection";
    case ShardKind::UnitShard:
        return "unit shard";
    case ShardKind::Tombstone:
        return "finalised shard";
    case ShardKind::Other:
        return "other shard";
    case ShardKind::Unreadable:
        return "unreadable shard";
    }
    return {};
}

} // namespace

Result<std::vector<RecognisedShard>> recogniseShards(const store::Consensus& consensus, const store::Blob& blob,
                                                     const IsCatalogContent& isCatalogContent, const Job& job)
{
    INSPECTOR_TRY(const auto keys, consensus.listKeys(job));
    std::vector<RecognisedShard> shards;
    std::vector<Candidate> candidates;
    std::uint64_t done = 0;
    for (const auto& key : keys) {
        INSPECTOR_CHECK(job.step(done++, keys.size()));
        const auto shardId = ShardId::parse(key);
        if (!shardId)
            continue;
        const auto state = StateReader(consensus, blob, *shardId).current(job);
        if (!state && (state.error().code == ErrorCode::Cancelled || state.error().code == ErrorCode::Unavailable))
            return tl::unexpected(state.error());
        shards.push_back(judge(*shardId, state));
        if (shards.back().kind == ShardKind::StorageCollection)
            candidates.push_back({shards.size() - 1, *state, storedBytes(**state)});
    }
    const bool isFound = std::any_of(shards.begin(), shards.end(),
                                     [](const RecognisedShard& shard) { return shard.kind == ShardKind::Catalog; });
    if (!isFound && isCatalogContent) {
        // Only now are rows worth reading, small shards first: most storage collections are no catalogs, and large.
        std::sort(candidates.begin(), candidates.end(),
                  [](const Candidate& a, const Candidate& b) { return a.bytes < b.bytes; });
        for (const auto& candidate : candidates) {
            auto& shard = shards[candidate.index];
            const auto latest = ShardReader::latestTime(*candidate.state);
            if (!latest) {
                shard.evidence = latest.error().message;
                continue;
            }
            auto reader = std::make_shared<ShardReader>(consensus, blob, shard.shardId);
            const auto rows = reader->snapshot(candidate.state, *latest, job);
            if (!rows && (rows.error().code == ErrorCode::Cancelled || rows.error().code == ErrorCode::Unavailable))
                return tl::unexpected(rows.error());
            if (rows && isCatalogContent(*rows->updates)) {
                shard.kind = ShardKind::Catalog;
                shard.evidence = "its rows are a catalog's";
                shard.reader = std::move(reader);
            }
        }
    }
    std::stable_sort(shards.begin(), shards.end(),
                     [](const RecognisedShard& a, const RecognisedShard& b) { return a.kind < b.kind; });
    return shards;
}

Result<RecognisedShard> findCatalogShard(const store::Consensus& consensus, const store::Blob& blob,
                                         const IsCatalogContent& isCatalogContent, const Job& job)
{
    INSPECTOR_TRY(const auto shards, recogniseShards(consensus, blob, isCatalogContent, job));
    std::vector<RecognisedShard> catalogs;
    std::string others;
    for (const auto& shard : shards) {
        if (shard.kind == ShardKind::Catalog)
            catalogs.push_back(shard);
        else
            others += (others.empty() ? "" : "; ") + shard.shardId.text() + " is a " + nameOf(shard.kind) + ", "
                + shard.evidence;
    }
    if (catalogs.size() == 1)
        return catalogs.front();
    if (catalogs.empty())
        return fail(ErrorCode::NotFound,
                    "no shard of " + consensus.description() + " holds a catalog"
                        + (others.empty() ? ": it has no shards" : ": " + others));
    std::string names;
    for (const auto& catalog : catalogs)
        names += (names.empty() ? "" : ", ") + catalog.shardId.text();
    return fail(ErrorCode::InvalidInput, "several shards hold a catalog, name the one to open: " + names);
}

} // namespace inspector::persist
