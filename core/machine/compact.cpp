#include "core/machine/compact.h"

#include "core/codec/row_codec.h"
#include "core/machine/version_gate.h"
#include "core/persist/part_reader.h"

#include <algorithm>
#include <utility>

namespace inspector::machine {

namespace {

constexpr std::size_t kMinInputs = 8;
constexpr std::size_t kMinParts = 8;
constexpr std::uint64_t kMinUpdates = 1024;
constexpr std::int32_t kUnordered = 1;
constexpr std::int32_t kCodecOrder = 2;

Result<> checkTiling(const CompactionRequest& request)
{
    const auto& output = request.description;
    auto expected = output.lower;
    for (const auto& input : request.inputs) {
        const auto& description = input->description;
        if (description.lower != expected)
            return fail(ErrorCode::InvalidInput,
                        "invalid merge of non-consecutive batches " + persist::textOf(expected) + " vs "
                            + persist::textOf(description.lower));
        if (!persist::lessEqual(description.since, output.since))
            return fail(ErrorCode::InvalidInput,
                        "output since " + persist::textOf(output.since) + " must be at or in advance of input since "
                            + persist::textOf(description.since));
        expected = description.upper;
    }
    if (expected != output.upper)
        return fail(ErrorCode::InvalidInput,
                    "invalid merge of non-consecutive batches " + persist::textOf(expected) + " vs "
                        + persist::textOf(output.upper));
    return {};
}

/// The rows of one part as its batch shows them (persist-format §9.1), added to `to`.
Result<> addRows(const persist::LoadedPart& part, const persist::HollowBatch& batch,
                 const std::optional<persist::Frontier>& rewrite, const persist::Frontier& since,
                 std::vector<RowUpdate>& to)
{
    const auto& decoded = part.decoded;
    const auto& bounds = batch.description;
    const auto numberOf = [](const persist::Frontier& frontier) {
        return frontier ? std::optional(frontier->value()) : std::nullopt;
    };
    const bool isFiltered = decoded.description
        && (decoded.description->lower != numberOf(bounds.lower)
            || decoded.description->upper != numberOf(bounds.upper));
    for (std::size_t i = 0; i < decoded.rows.size(); ++i) {
        auto time = decoded.times[i];
        if (rewrite && !persist::lessEqual(*rewrite, persist::Frontier(Timestamp(time)))) {
            if (!*rewrite)
                continue; // rewritten to the end of time
            time = (*rewrite)->value();
        }
        const persist::Frontier at(Timestamp {time});
        if (isFiltered && (!persist::lessEqual(bounds.lower, at) || persist::lessEqual(bounds.upper, at)))
            continue;
        if (!since)
            continue; // nobody can read it any more
        time = std::max(time, since->value());
        INSPECTOR_TRY(const auto key, codec::sourceDataOf(decoded.rows[i]).during("reading part " + part.name));
        to.push_back({std::string(textOf(key)), std::string(), time, decoded.diffs[i]});
    }
    return {};
}

} // namespace

std::uint64_t blobBytesOf(const MergeRequest& request)
{
    std::uint64_t bytes = 0;
    for (const auto& [id, batch] : request.inputs)
        for (const auto& part : batch->parts)
            bytes += part.encodedSizeBytes;
    return bytes;
}

bool isWorthCompacting(const MergeRequest& request)
{
    std::size_t parts = 0;
    std::uint64_t updates = 0;
    for (const auto& [id, batch] : request.inputs) {
        parts += batch->parts.size();
        updates += batch->length;
    }
    return request.inputs.size() >= kMinInputs || parts >= kMinParts || updates >= kMinUpdates;
}

Result<BuiltBatch> compact(store::BlobWriter& blob, const ShardId& shardId, const std::string& writerKey, IdSource& ids,
                           const CompactionRequest& request, const Profile& profile, const Job& job)
{
    INSPECTOR_CHECK(checkTiling(request));
    persist::PartReader reader(blob, shardId);
    std::vector<RowUpdate> updates;
    for (const auto& batch : request.inputs)
        for (const auto& listed : batch->parts) {
            INSPECTOR_CHECK(job.step(updates.size(), 0));
            INSPECTOR_TRY(const auto parts, reader.expand(listed, job));
            for (const auto& part : parts) {
                INSPECTOR_TRY(const auto loaded, reader.read(part, job));
                if (!loaded)
                    return fail(ErrorCode::NotFound, "the blob of part " + part.name() + " is gone");
                const auto& rewrite = part.tsRewrite ? part.tsRewrite : listed.tsRewrite;
                INSPECTOR_CHECK(addRows(*loaded, *batch, rewrite, request.description.since, updates));
            }
        }
    updates = consolidated(std::move(updates));
    PartLayout layout;
    layout.partDescription = request.description;
    layout.targetBytes = profile.blobTargetBytes;
    // Rows stand in the order of their codec bytes. The new era sorts by the structured form, which codec columns only
    // have after decoding: to it they are unordered.
    layout.runOrder = profile.era == Era::Old ? kCodecOrder : kUnordered;
    layout.isOneRun = profile.era == Era::Old;
    return buildBatch(blob, shardId, writerKey, ids, request.description, updates, layout, job);
}

Result<bool> compactAndRegister(ShardMachine& machine, const WritePermit& permit, const MergeRequest& request,
                                IdSource& ids, const Job& job)
{
    CompactionRequest merge {request.description, {}};
    for (const auto& [id, batch] : request.inputs)
        merge.inputs.push_back(batch);
    const auto& shardId = machine.log().shardId();
    const auto writerKey = writerKeyOf(machine.profile().buildVersion, machine.state()->applierVersion);
    INSPECTOR_TRY(const auto built,
                  compact(machine.blob(), shardId, writerKey, ids, merge, machine.profile(), job)
                      .during("compacting " + persist::textOf(request.description)));
    const auto apply = [&](persist::State& next, const Moment& /*moment*/) {
        return applyMergeResult(next, *stampedBatch(built, next, machine.profile()), machine.profile().era);
    };
    const auto ran = machine.run(permit, CommandKind::Other, apply, job);
    if (!ran) {
        if (!ran.error().outcomeUnknown)
            discard(machine.blob(), shardId, built);
        return tl::unexpected(ran.error());
    }
    const auto outcome = ran->first;
    if (outcome == MergeOutcome::AppliedExact || outcome == MergeOutcome::AppliedSubset)
        return true;
    discard(machine.blob(), shardId, built);
    return false;
}

} // namespace inspector::machine
