#include "tests/core/persist/shard_builder.h"

#include "core/codec/proto/diff.pb.h"
#include "core/codec/proto/persist.pb.h"
#include "core/codec/proto/state.pb.h"
#include "core/codec/row_codec.h"

namespace inspector::persist::tests {

namespace {

void set(proto::ProtoU64Antichain& to, Bound bound)
{
    if (bound)
        to.add_elements(*bound);
}

void set(proto::ProtoU64Description& to, Bound lower, Bound upper, Bound since)
{
    set(*to.mutable_lower(), lower);
    set(*to.mutable_upper(), upper);
    set(*to.mutable_since(), since);
}

void set(proto::ProtoHollowBatchPart& to, const TestPart& part)
{
    if (!part.key.empty())
        to.set_key(part.key);
    else if (!part.runKey.empty())
        to.mutable_run_ref()->set_key(part.runKey);
    else
        to.set_inline_(part.inlined);
    if (part.tsRewrite)
        set(*to.mutable_ts_rewrite(), part.tsRewrite);
    if (part.diffsSum)
        to.set_diffs_sum(*part.diffsSum);
}

void set(proto::ProtoHollowBatch& to, const TestBatch& batch)
{
    set(*to.mutable_desc(), batch.lower, batch.upper, batch.since);
    for (const auto& part : batch.parts)
        set(*to.add_parts(), part);
    to.set_len(batch.length);
}

void set(proto::ProtoSpineBatch& to, std::uint64_t level, const TestBatch& bounds, std::uint64_t lo, std::uint64_t hi)
{
    to.set_level(level);
    set(*to.mutable_desc(), bounds.lower, bounds.upper, bounds.since);
    auto& part = *to.add_parts();
    part.set_lo(lo);
    part.set_hi(hi);
    set(*to.add_descs(), bounds.lower, bounds.upper, bounds.since);
}

} // namespace

std::string encodedFrontier(Bound bound)
{
    proto::ProtoU64Antichain message;
    set(message, bound);
    return message.SerializeAsString();
}

std::string encodedNumber(std::uint64_t number)
{
    proto::ProtoU64Slice message;
    message.set_value(number);
    return message.SerializeAsString();
}

std::string encodedText(const std::string& text)
{
    proto::ProtoTextSlice message;
    message.set_value(text);
    return message.SerializeAsString();
}

std::string encodedInlinePart(Bound lower, Bound upper, Bound since, const std::vector<TestUpdate>& updates)
{
    proto::ProtoInlineBatchPart message;
    set(*message.mutable_desc(), lower, upper, since);
    auto& records = *message.mutable_updates();
    records.set_len(updates.size());
    std::string keys;
    records.add_key_offsets(0);
    records.add_val_offsets(0);
    for (const auto& update : updates) {
        if (const auto bytes = codec::sourceDataOf(std::string_view(update.json)))
            keys += inspector::textOf(*bytes);
        records.add_key_offsets(static_cast<std::int32_t>(keys.size()));
        records.add_val_offsets(0);
        records.add_timestamps(static_cast<std::int64_t>(update.time));
        records.add_diffs(update.diff);
    }
    records.set_key_data(keys);
    return message.SerializeAsString();
}

std::string encodedBatch(const TestBatch& batch)
{
    proto::ProtoHollowBatch message;
    set(message, batch);
    return message.SerializeAsString();
}

std::string encodedRun(const std::vector<TestPart>& parts)
{
    proto::ProtoHollowRun message;
    for (const auto& part : parts)
        set(*message.add_parts(), part);
    return message.SerializeAsString();
}

std::string encodedSpineBatch(std::uint64_t level, const TestBatch& bounds, std::uint64_t lo, std::uint64_t hi)
{
    proto::ProtoSpineBatch message;
    set(message, level, bounds, lo, hi);
    return message.SerializeAsString();
}

std::string encodedSpineId(std::uint64_t lo, std::uint64_t hi)
{
    proto::ProtoSpineId message;
    message.set_lo(lo);
    message.set_hi(hi);
    return message.SerializeAsString();
}

std::string encodedDiff(const TestDiff& diff)
{
    proto::ProtoStateDiff message;
    message.set_applier_version(diff.version);
    message.set_seqno_from(diff.from);
    message.set_seqno_to(diff.to);
    message.set_latest_rollup_key(diff.rollupKey);
    auto& columns = *message.mutable_field_diffs();
    std::string data;
    for (const auto& change : diff.changes) {
        columns.add_fields(static_cast<proto::ProtoStateField>(change.field));
        columns.add_diff_types(static_cast<proto::ProtoStateFieldDiffType>(change.type));
        for (const auto& slice : change.slices) {
            columns.add_data_lens(slice.size());
            data += slice;
        }
    }
    columns.set_data_bytes(data);
    return message.SerializeAsString();
}

std::string encodedRollup(const TestRollup& rollup)
{
    proto::ProtoRollup message;
    message.set_applier_version(rollup.version);
    message.set_shard_id(rollup.shard);
    message.set_key_codec(rollup.keyCodec);
    message.set_val_codec(rollup.valCodec);
    message.set_ts_codec("u64");
    message.set_diff_codec("i64");
    message.set_seqno(rollup.seqno);
    auto& listed = *message.add_rollups();
    listed.set_key(1);
    listed.mutable_value()->set_key(kTestRollupKey);
    auto& trace = *message.mutable_trace();
    set(*trace.mutable_since(), rollup.since);
    std::uint64_t id = 0;
    for (const auto& batch : rollup.batches) {
        set(*trace.add_legacy_batches(), batch);
        if (rollup.isStructured) {
            auto& entry = *trace.add_spine_batches();
            entry.mutable_id()->set_lo(id);
            entry.mutable_id()->set_hi(id + 1);
            set(*entry.mutable_batch(), rollup.batches.size() - id - 1, batch, id, id + 1);
            ++id;
        }
    }
    if (!rollup.readerPurpose.empty()) {
        auto& reader = *message.add_leased_readers();
        reader.set_key("r00000000-0000-4000-8000-000000000009");
        set(*reader.mutable_value()->mutable_since(), rollup.since);
        reader.mutable_value()->mutable_debug()->set_purpose(rollup.readerPurpose);
    }
    return message.SerializeAsString();
}

Bytes bytesFrom(const std::string& text)
{
    const auto view = bytesOf(text);
    return Bytes(view.begin(), view.end());
}

void fill(MemoryLocation& location, const TestRollup& rollup, const std::vector<TestDiff>& diffs)
{
    location.blob.blobs[rollup.shard + "/" + kTestRollupKey] = bytesFrom(encodedRollup(rollup));
    auto& rows = location.consensus.rows[rollup.shard];
    rows[1] = bytesFrom(encodedDiff({0, 1, kTestRollupKey, {}}));
    for (const auto& diff : diffs)
        rows[diff.to] = bytesFrom(encodedDiff(diff));
}

} // namespace inspector::persist::tests
