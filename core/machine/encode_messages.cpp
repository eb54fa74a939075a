#include "core/codec/proto/diff.pb.h"
#include "core/codec/proto/raw_state.pb.h"
#include "core/codec/proto/state.pb.h"
#include "core/machine/state_encoder.h"
#include "core/persist/decode.h"

namespace inspector::machine {

namespace {

using namespace persist;

template <typename Message>
SharedBytes encoded(const Message& message)
{
    return SharedBytes::make(message.ByteSizeLong(), [&](std::byte* to) {
        message.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(to));
    });
}

void fill(proto::ProtoU64Antichain& to, const Frontier& frontier)
{
    if (frontier)
        to.add_elements(frontier->value());
}

void fill(proto::ProtoU64Description& to, const Description& description)
{
    fill(*to.mutable_lower(), description.lower);
    fill(*to.mutable_upper(), description.upper);
    fill(*to.mutable_since(), description.since);
}

void fill(proto::ProtoSpineId& to, SpineId id)
{
    to.set_lo(id.lo);
    to.set_hi(id.hi);
}

void fill(proto::ProtoHandleDebugState& to, const DebugState& debug)
{
    to.set_hostname(debug.hostname);
    to.set_purpose(debug.purpose);
}

void fill(google::protobuf::RepeatedPtrField<proto::ProtoMetadataEntry>& to, const Metadata& metadata)
{
    for (const auto& [key, value] : metadata) {
        auto& entry = *to.Add();
        entry.set_key(key);
        entry.set_value(value);
    }
}

void fill(proto::ProtoRunMeta& to, const RunMeta& meta)
{
    to.set_order(static_cast<proto::ProtoRunOrder>(meta.order));
    if (meta.deprecatedSchemaId)
        to.set_deprecated_schema_id(*meta.deprecatedSchemaId);
    if (meta.schemaId)
        to.set_schema_id(*meta.schemaId);
    if (meta.id)
        to.set_id(*meta.id);
    if (meta.length)
        to.set_len(*meta.length);
    fill(*to.mutable_meta(), meta.meta);
}

struct FillContent
{
    proto::ProtoHollowBatchPart& to;

    void operator()(const BlobPart& part) const { to.set_key(part.key); }
    void operator()(const InlinePart& part) const { to.set_inline_(part.bytes.data(), part.bytes.size()); }
    void operator()(const RunRef& part) const
    {
        to.mutable_run_ref()->set_key(part.key);
        to.mutable_run_ref()->set_max_part_bytes(part.maxPartBytes);
    }
};

void fill(proto::ProtoHollowBatchPart& to, const ClaimedFormat& format)
{
    switch (format.kind) {
    case ClaimedFormat::Kind::Row:
        to.mutable_row();
        break;
    case ClaimedFormat::Kind::RowAndColumnar:
        to.set_row_and_columnar(format.migration);
        break;
    case ClaimedFormat::Kind::Structured:
        to.mutable_structured();
        break;
    }
}

/// The real writer puts a oneof where the lowest of its numbers belongs, the library each member where its own number
/// does. Encoded pieces of one message, joined, are the message, so the oneofs are pieces of their own.
std::string encodedPart(const BatchPart& part)
{
    proto::ProtoHollowBatchPart content; // 1, 5, 11
    std::visit(FillContent {content}, part.content);

    proto::ProtoHollowBatchPart upToFormat; // 2, 3, 4, 6
    upToFormat.set_encoded_size_bytes(part.encodedSizeBytes);
    upToFormat.set_key_lower(part.keyLower);
    if (part.tsRewrite)
        fill(*upToFormat.mutable_ts_rewrite(), *part.tsRewrite);
    if (part.diffsSum)
        upToFormat.set_diffs_sum(*part.diffsSum);

    proto::ProtoHollowBatchPart format; // 7, 8, 13
    if (part.format)
        fill(format, *part.format);

    proto::ProtoHollowBatchPart afterFormat; // 9, 10, 12, 14, 536870906
    if (part.deprecatedSchemaId)
        afterFormat.set_deprecated_schema_id(*part.deprecatedSchemaId);
    if (part.structuredKeyLower)
        afterFormat.set_structured_key_lower(*part.structuredKeyLower);
    if (part.schemaId)
        afterFormat.set_schema_id(*part.schemaId);
    fill(*afterFormat.mutable_metadata(), part.metadata);
    if (part.keyStats)
        afterFormat.set_key_stats(*part.keyStats);

    std::string bytes;
    for (const auto* piece : {&content, &upToFormat, &format, &afterFormat})
        piece->AppendToString(&bytes);
    return bytes;
}

} // namespace

SharedBytes encodeU64Slice(std::uint64_t value)
{
    proto::ProtoU64Slice message;
    message.set_value(value);
    return encoded(message);
}

SharedBytes encodeTextSlice(const std::string& text)
{
    proto::ProtoTextSlice message;
    message.set_value(text);
    return encoded(message);
}

SharedBytes encodeFrontier(const Frontier& frontier)
{
    proto::ProtoU64Antichain message;
    fill(message, frontier);
    return encoded(message);
}

SharedBytes encodeBatch(const HollowBatch& batch)
{
    proto::ProtoU64Description description;
    fill(description, batch.description);
    proto::ProtoRawBatch message;
    message.set_desc(description.SerializeAsString());
    message.set_len(batch.length);
    for (const auto& part : batch.parts)
        message.add_parts(encodedPart(part));
    message.mutable_runs()->Add(batch.runs.begin(), batch.runs.end());
    for (const auto& meta : batch.runMeta)
        fill(*message.add_run_meta(), meta);
    return encoded(message);
}

SharedBytes storedOrEncoded(const HollowBatch& batch)
{
    if (batch.raw.size() != 0)
        if (const auto stored = decodeBatch(batch.raw); stored && sameContent(**stored, batch))
            return batch.raw;
    return encodeBatch(batch);
}

SharedBytes encodeSpineId(SpineId id)
{
    proto::ProtoSpineId message;
    fill(message, id);
    return encoded(message);
}

SharedBytes encodeSpineBatch(const SpineBatch& batch)
{
    proto::ProtoSpineBatch message;
    message.set_level(batch.level);
    fill(*message.mutable_desc(), batch.description);
    for (const auto& part : batch.parts)
        fill(*message.add_parts(), part);
    for (const auto& description : batch.descriptions)
        fill(*message.add_descs(), description);
    return encoded(message);
}

SharedBytes encodeMerge(const Merge& merge)
{
    proto::ProtoMerge message;
    fill(*message.mutable_since(), merge.since);
    message.set_remaining_work(merge.remainingWork);
    if (merge.compactionStartMs)
        message.mutable_active_compaction()->set_start_ms(*merge.compactionStartMs);
    return encoded(message);
}

SharedBytes encodeHollowRollup(const HollowRollup& rollup)
{
    proto::ProtoHollowRollup message;
    message.set_key(rollup.key);
    if (rollup.encodedSizeBytes)
        message.set_encoded_size_bytes(*rollup.encodedSizeBytes);
    return encoded(message);
}

SharedBytes encodeLeasedReader(const LeasedReader& reader)
{
    proto::ProtoLeasedReaderState message;
    fill(*message.mutable_since(), reader.since);
    message.set_seqno(reader.seqno.value());
    message.set_last_heartbeat_timestamp_ms(reader.lastHeartbeatMs);
    message.set_lease_duration_ms(reader.leaseDurationMs);
    if (reader.debug)
        fill(*message.mutable_debug(), *reader.debug);
    return encoded(message);
}

SharedBytes encodeCriticalReader(const CriticalReader& reader)
{
    proto::ProtoCriticalReaderState message;
    fill(*message.mutable_since(), reader.since);
    message.set_opaque(reader.opaque);
    message.set_opaque_codec(reader.opaqueCodec);
    if (reader.debug)
        fill(*message.mutable_debug(), *reader.debug);
    return encoded(message);
}

SharedBytes encodeWriter(const Writer& writer)
{
    proto::ProtoWriterState message;
    message.set_last_heartbeat_timestamp_ms(writer.lastHeartbeatMs);
    message.set_lease_duration_ms(writer.leaseDurationMs);
    message.set_most_recent_write_token(writer.mostRecentWriteToken);
    if (writer.mostRecentWriteUpper)
        fill(*message.mutable_most_recent_write_upper(), *writer.mostRecentWriteUpper);
    if (writer.debug)
        fill(*message.mutable_debug(), *writer.debug);
    return encoded(message);
}

SharedBytes encodeSchemas(const EncodedSchemas& schemas)
{
    proto::ProtoEncodedSchemas message;
    message.set_key(schemas.key);
    message.set_val(schemas.val);
    message.set_key_data_type(schemas.keyDataType);
    message.set_val_data_type(schemas.valDataType);
    return encoded(message);
}

SharedBytes encodeActiveTask(const ActiveTask& task)
{
    // ProtoActiveRollup and ProtoActiveGC have the same fields.
    proto::ProtoActiveRollup message;
    message.set_seqno(task.seqno.value());
    message.set_start_ms(task.startMs);
    return encoded(message);
}

} // namespace inspector::machine
