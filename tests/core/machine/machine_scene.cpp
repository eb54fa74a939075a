#include "tests/core/machine/machine_scene.h"

#include "core/machine/layered_spine.h"
#include "core/persist/shard_reader.h"
#include "core/store/catalog_file.h"
#include "tests/support/fixture.h"

#include <cstdlib>
#include <iostream>

namespace inspector::machine::test {

namespace {

template <typename Value>
Value orEnd(Result<Value> result)
{
    if (!result) {
        std::cerr << result.error().describe() << '\n';
        std::exit(2); // NOLINT(concurrency-mt-unsafe): a test, one thread
    }
    return *std::move(result);
}

} // namespace

void load(store::MemoryContent& content, const std::string& folder)
{
    const auto file = orEnd(store::CatalogFile::open(orEnd(inspector::test::shardFile(folder)), nullptr, Job()));
    for (const auto& shard : orEnd(file.listKeys(Job())))
        for (auto& version : orEnd(file.scan(shard, SeqNo(), store::Consensus::kAll, Job())))
            content.versions[shard][static_cast<std::int64_t>(version.seqno.value())] = std::move(version.data);
    for (const auto& blob : orEnd(file.list("", Job())))
        content.blobs[blob.key] = *orEnd(file.get(blob.key, Job()));
}

ShardId catalogShardOf(const store::MemoryContent& content)
{
    // The catalog's log is the longer one; the other shard of the old era only counts versions.
    std::string largest;
    std::size_t bytes = 0;
    for (const auto& [shard, versions] : content.versions) {
        std::size_t sum = 0;
        for (const auto& [seqno, row] : versions)
            sum += row.size();
        if (sum > bytes) {
            largest = shard;
            bytes = sum;
        }
    }
    return orEnd(ShardId::parse(largest));
}

Rows rowsOf(const store::Consensus& consensus, const store::Blob& blob, const ShardId& shardId)
{
    persist::ShardReader reader(consensus, blob, shardId);
    const auto state = orEnd(reader.refresh(Job()));
    Rows rows;
    const auto history = orEnd(reader.history(state, Job()));
    for (std::size_t i = 0; i < history.updates->size(); ++i) {
        const std::string key(history.updates->rows[i].bytes());
        const auto time = std::max(history.updates->timeOf(i), state->since().value_or(Timestamp()).value());
        if ((rows[{key, time}] += history.updates->diffOf(i)) == 0)
            rows.erase({key, time});
    }
    return rows;
}

std::string brokenRuleOf(const store::Consensus& consensus, const store::Blob& blob, const ShardId& shardId, Era era)
{
    const persist::StateReader reader(consensus, blob, shardId);
    const auto state = reader.current(Job());
    if (!state)
        return state.error().describe();
    for (const auto& warning : (*state)->warnings())
        return warning;
    const auto spine = LayeredSpine::unflatten((*state)->trace, era);
    if (!spine)
        return spine.error().describe();
    if (spine->upper() != (*state)->upper())
        return "the spine ends before the state does";
    persist::PartReader parts(blob, shardId);
    for (const auto& batch : (*state)->batches())
        for (const auto& part : batch->parts) {
            const auto loaded = parts.read(part, Job());
            if (!loaded)
                return loaded.error().describe();
            if (!*loaded)
                return "the blob of part " + part.name() + " is gone";
        }
    return {};
}

} // namespace inspector::machine::test
