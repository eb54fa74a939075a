#include "tests/core/machine/stored_shard.h"

#include "core/machine/state_encoder.h"
#include "core/store/catalog_file.h"
#include "tests/support/fixture.h"

#include <cstdlib>
#include <iostream>

namespace inspector::machine::test {

namespace {

using namespace persist;

template <typename Value>
Value orEnd(Result<Value> result)
{
    if (!result) {
        std::cerr << result.error().describe() << '\n';
        std::exit(2); // NOLINT(concurrency-mt-unsafe): a test, one thread
    }
    return *std::move(result);
}

template <typename Value, typename Encode>
std::string again(const Result<Value>& value, Encode encode)
{
    return value ? text(encode(*value)) : "does not decode: " + value.error().message;
}

SharedBytes encodeBatchOf(const BatchPtr& batch)
{
    return encodeBatch(*batch);
}

} // namespace

std::map<std::string, StoredShard> storedShards(const std::string& folder)
{
    const auto path = orEnd(inspector::test::shardFile(folder));
    const auto file = orEnd(store::CatalogFile::open(path, nullptr, Job()));
    std::map<std::string, StoredShard> shards;
    for (const auto& shard : orEnd(file.listKeys(Job()))) {
        auto& stored = shards[shard];
        for (const auto& version : orEnd(file.scan(shard, SeqNo(), store::Consensus::kAll, Job())))
            stored.versions.emplace(version.seqno, SharedBytes::copyOf(version.data));
        for (const auto& blob : orEnd(file.list(shard + "/v", Job()))) {
            const auto bytes = orEnd(file.get(blob.key, Job()));
            const auto rollup = orEnd(decodeRollup(*bytes));
            stored.rollups.emplace(rollup.state.seqno, *bytes);
            if (rollup.diffs)
                for (const auto& version : rollup.diffs->diffs)
                    stored.versions.emplace(version.seqno, version.data);
        }
    }
    return shards;
}

std::map<std::string, SharedBytes> storedParts(const std::string& folder)
{
    const auto path = orEnd(inspector::test::shardFile(folder));
    const auto file = orEnd(store::CatalogFile::open(path, nullptr, Job()));
    std::map<std::string, SharedBytes> parts;
    for (const auto& blob : orEnd(file.list({}, Job())))
        if (blob.key.find("/n") != std::string::npos)
            parts.emplace(blob.key, *orEnd(file.get(blob.key, Job())));
    return parts;
}

const std::vector<std::string>& allFolders()
{
    static const std::vector<std::string> kFolders {"old-fresh", "old-log",  "old-busy",  "new-fresh",
                                                    "new-log",   "new-busy", "old-large", "new-large"};
    return kFolders;
}

const std::vector<std::string>& smallFolders()
{
    static const std::vector<std::string> kFolders(allFolders().begin(), allFolders().begin() + 6);
    return kFolders;
}

std::string keyEncodedAgain(StateField field, const SharedBytes& slice)
{
    switch (field) {
    case StateField::DeprecatedRollups:
    case StateField::Rollups:
    case StateField::Schemas:
        return again(decodeU64Slice(slice), encodeU64Slice);
    case StateField::LeasedReaders:
    case StateField::CriticalReaders:
    case StateField::Writers:
        return again(decodeTextSlice(slice), encodeTextSlice);
    case StateField::LegacyBatches:
        return again(decodeBatch(slice), encodeBatchOf);
    case StateField::HollowBatches:
    case StateField::SpineBatches:
    case StateField::SpineMerges:
        return again(decodeSpineId(slice), encodeSpineId);
    case StateField::Hostname:
    case StateField::LastGcReq:
    case StateField::Since:
    case StateField::ActiveRollup:
    case StateField::ActiveGc:
        return {};
    }
    return "unknown field " + std::to_string(static_cast<int>(field));
}

std::string valueEncodedAgain(StateField field, const SharedBytes& slice)
{
    switch (field) {
    case StateField::DeprecatedRollups:
    case StateField::Hostname:
        return again(decodeTextSlice(slice), encodeTextSlice);
    case StateField::LastGcReq:
        return again(decodeU64Slice(slice), encodeU64Slice);
    case StateField::Rollups:
        return again(decodeHollowRollup(slice), encodeHollowRollup);
    case StateField::ActiveRollup:
    case StateField::ActiveGc:
        return again(decodeActiveTask(slice), encodeActiveTask);
    case StateField::LeasedReaders:
        return again(decodeLeasedReader(slice), encodeLeasedReader);
    case StateField::CriticalReaders:
        return again(decodeCriticalReader(slice), encodeCriticalReader);
    case StateField::Writers:
        return again(decodeWriter(slice), encodeWriter);
    case StateField::Schemas:
        return again(decodeSchemas(slice), encodeSchemas);
    case StateField::Since:
        return again(decodeFrontier(slice), encodeFrontier);
    case StateField::LegacyBatches:
        return {};
    case StateField::HollowBatches:
        return again(decodeBatch(slice), encodeBatchOf);
    case StateField::SpineBatches:
        return again(decodeSpineBatch(slice), encodeSpineBatch);
    case StateField::SpineMerges:
        return again(decodeMerge(slice), encodeMerge);
    }
    return "unknown field " + std::to_string(static_cast<int>(field));
}

State withoutStoredBytes(State state)
{
    const auto stripped = [](const BatchPtr& batch) {
        auto copy = std::make_shared<HollowBatch>(*batch);
        copy->raw = {};
        return BatchPtr(std::move(copy));
    };
    for (auto& batch : state.trace.legacyBatches)
        batch = stripped(batch);
    for (auto& [id, batch] : state.trace.hollowBatches)
        batch = stripped(batch);
    return state;
}

} // namespace inspector::machine::test
