#include "core/machine/batch_builder.h"

#include "core/machine/shard_machine.h"

#include <algorithm>
#include <span>
#include <utility>

namespace inspector::machine {

namespace {

std::uint64_t measureOf(const RowUpdate& update)
{
    return update.key.size() + update.value.size() + 16;
}

/// Rows of one part each, in order; a chunk ends before it would exceed the target.
std::vector<std::vector<RowUpdate>> chunksOf(const std::vector<RowUpdate>& updates, std::uint64_t targetBytes)
{
    std::vector<std::vector<RowUpdate>> chunks;
    std::uint64_t bytes = 0;
    for (const auto& update : updates) {
        const auto more = measureOf(update);
        if (chunks.empty() || (bytes + more > targetBytes && !chunks.back().empty())) {
            chunks.emplace_back();
            bytes = 0;
        }
        chunks.back().push_back(update);
        bytes += more;
    }
    return chunks;
}

} // namespace

std::vector<std::string> BuiltBatch::blobKeys() const
{
    std::vector<std::string> keys;
    for (const auto& part : parts)
        if (const auto* stored = std::get_if<persist::BlobPart>(&part.content))
            keys.push_back(stored->key);
    return keys;
}

Result<BuiltBatch> buildBatch(store::BlobWriter& blob, const ShardId& shardId, const std::string& writerKey,
                              IdSource& ids, const persist::Description& description,
                              const std::vector<RowUpdate>& updates, const PartLayout& layout, const Job& job)
{
    BuiltBatch built;
    built.description = description;
    built.length = updates.size();
    built.runOrder = layout.runOrder;
    built.isOneRun = layout.isOneRun;
    if (updates.empty())
        return built;
    if (inlineMeasure(updates) < layout.inlineBytes) {
        persist::BatchPart part;
        part.content = persist::InlinePart {encodeInlinePart(layout.partDescription, updates)};
        built.parts.push_back(std::move(part));
        return built;
    }
    const auto store = [&](const std::vector<RowUpdate>& rows) -> Result<> {
        INSPECTOR_CHECK(job.step(built.parts.size(), 0));
        if (!fitsOnePart(rows))
            return fail(ErrorCode::InvalidInput, "a row to write is larger than a part can be");
        const auto bytes = encodeBlobPart(layout.partDescription, rows);
        persist::BatchPart part;
        const auto key = writerKey + "/p" + ids.uuid();
        INSPECTOR_CHECK(setBlob(blob, shardId.text() + "/" + key, bytes.view(), job).during("writing part " + key));
        part.content = persist::BlobPart {key};
        part.encodedSizeBytes = bytes.size();
        part.format = persist::ClaimedFormat {persist::ClaimedFormat::Kind::Row, 0};
        built.parts.push_back(std::move(part));
        return {};
    };
    Result<> stored;
    if (inlineMeasure(updates) <= layout.targetBytes) {
        stored = store(updates);
    } else {
        for (const auto& chunk : chunksOf(updates, layout.targetBytes))
            if (stored = store(chunk); !stored)
                break;
    }
    if (!stored) {
        discard(blob, shardId, built);
        return tl::unexpected(std::move(stored).error());
    }
    return built;
}

persist::BatchPtr stampedBatch(const BuiltBatch& built, const persist::State& state, const Profile& profile)
{
    auto batch = std::make_shared<persist::HollowBatch>();
    batch->description = built.description;
    batch->parts = built.parts;
    batch->length = built.length;
    std::optional<std::uint64_t> schemaId;
    if (!state.schemas.empty())
        schemaId = state.schemas.rbegin()->first;
    const bool isOld = profile.era == Era::Old;
    if (isOld && profile.stance == Stance::Guest)
        schemaId.reset();
    for (auto& part : batch->parts)
        (isOld ? part.deprecatedSchemaId : part.schemaId) = schemaId;
    const std::size_t runs = batch->parts.empty() ? 0 : built.isOneRun ? 1 : batch->parts.size();
    for (std::size_t run = 0; run < runs; ++run) {
        persist::RunMeta meta;
        meta.order = built.runOrder;
        (isOld ? meta.deprecatedSchemaId : meta.schemaId) = schemaId;
        batch->runMeta.push_back(std::move(meta));
        if (run > 0)
            batch->runs.push_back(run);
    }
    return batch;
}

void discard(store::BlobWriter& blob, const ShardId& shardId, const BuiltBatch& built)
{
    for (const auto& key : built.blobKeys()) {
        [[maybe_unused]] const auto removed = blob.remove(shardId.text() + "/" + key, Job());
    }
}

} // namespace inspector::machine
