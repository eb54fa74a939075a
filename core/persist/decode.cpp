#include "core/persist/decode.h"

#include "core/codec/proto/diff.pb.h"
#include "core/codec/proto/state.pb.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace inspector::persist {

namespace {

template <typename Message>
Result<> parse(BytesView bytes, Message& message, const char* what)
{
    if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
        return fail(ErrorCode::Corrupt, std::string(what) + " is longer than any message can be");
    if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
        return fail(ErrorCode::Corrupt,
                    std::string(what) + " of " + std::to_string(bytes.size()) + " bytes is no protobuf message");
    return {};
}

tl::unexpected<Error> missing(const char* what, const char* field)
{
    return fail(ErrorCode::Corrupt, std::string(what) + " lacks its " + field);
}

/// A slice of shared bytes that shares their owner.
SharedBytes within(const SharedBytes& whole, BytesView view)
{
    return {whole.owner(), view};
}

/// Finds where submessages lie in an encoded message: libprotobuf decodes them but does not say. Only for bytes that
/// libprotobuf has accepted; stops at what it cannot follow.
class WireFields
{
public:
    explicit WireFields(BytesView bytes)
        : m_rest(bytes)
    {
    }

    struct Field
    {
        std::uint64_t number = 0;
        BytesView payload; ///< of length-delimited fields, else empty
    };

    std::optional<Field> next()
    {
        const auto tag = varint();
        if (!tag)
            return std::nullopt;
        Field field {*tag >> 3U, {}};
        switch (*tag & 7U) {
        case 0:
            return varint() ? std::optional(field) : std::nullopt;
        case 1:
            return skip(8) ? std::optional(field) : std::nullopt;
        case 2: {
            const auto size = varint();
            if (!size || *size > m_rest.size())
                return std::nullopt;
            field.payload = m_rest.first(static_cast<std::size_t>(*size));
            return skip(static_cast<std::size_t>(*size)) ? std::optional(field) : std::nullopt;
        }
        case 5:
            return skip(4) ? std::optional(field) : std::nullopt;
        default:
            return std::nullopt;
        }
    }

private:
    std::optional<std::uint64_t> varint()
    {
        constexpr std::size_t kMaxBytes = 10;
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < m_rest.size() && i < kMaxBytes; ++i) {
            const auto byte = std::to_integer<std::uint64_t>(m_rest[i]);
            value |= (byte & 0x7fU) << (7 * i);
            if ((byte & 0x80U) == 0) {
                skip(i + 1);
                return value;
            }
        }
        return std::nullopt;
    }

    bool skip(std::size_t size)
    {
        if (size > m_rest.size())
            return false;
        m_rest = m_rest.subspan(size);
        return true;
    }

    BytesView m_rest;
};

/// The payloads of every occurrence of a length-delimited field.
std::vector<BytesView> payloadsOf(BytesView message, std::uint64_t number)
{
    std::vector<BytesView> found;
    WireFields fields(message);
    while (const auto field = fields.next())
        if (field->number == number)
            found.push_back(field->payload);
    return found;
}

/// Times are totally ordered, so an antichain has one element; of more, only the least counts.
Frontier frontierOf(const proto::ProtoU64Antichain& message)
{
    if (message.elements().empty())
        return std::nullopt;
    return Timestamp(*std::min_element(message.elements().begin(), message.elements().end()));
}

Result<Description> descriptionOf(const proto::ProtoU64Description& message, const char* what)
{
    if (!message.has_lower() || message.lower().elements().empty())
        return missing(what, "lower bound");
    if (!message.has_upper())
        return missing(what, "upper bound");
    if (!message.has_since())
        return missing(what, "since");
    return Description {frontierOf(message.lower()), frontierOf(message.upper()), frontierOf(message.since())};
}

Metadata metadataOf(const google::protobuf::RepeatedPtrField<proto::ProtoMetadataEntry>& entries)
{
    Metadata metadata;
    for (const auto& entry : entries)
        metadata.emplace_back(entry.key(), entry.value());
    return metadata;
}

std::optional<ClaimedFormat> formatOf(const proto::ProtoHollowBatchPart& message)
{
    switch (message.format_case()) {
    case proto::ProtoHollowBatchPart::kRow:
        return ClaimedFormat {ClaimedFormat::Kind::Row, 0};
    case proto::ProtoHollowBatchPart::kRowAndColumnar:
        return ClaimedFormat {ClaimedFormat::Kind::RowAndColumnar, message.row_and_columnar()};
    case proto::ProtoHollowBatchPart::kStructured:
        return ClaimedFormat {ClaimedFormat::Kind::Structured, 0};
    case proto::ProtoHollowBatchPart::FORMAT_NOT_SET:
        break;
    }
    return std::nullopt;
}

Result<BatchPart> partOf(const proto::ProtoHollowBatchPart& message)
{
    BatchPart part;
    switch (message.kind_case()) {
    case proto::ProtoHollowBatchPart::kKey:
        part.content = BlobPart {message.key()};
        break;
    case proto::ProtoHollowBatchPart::kInline:
        part.content = InlinePart {SharedBytes::copyOf(bytesOf(message.inline_()))};
        break;
    case proto::ProtoHollowBatchPart::kRunRef:
        part.content = RunRef {message.run_ref().key(), message.run_ref().max_part_bytes()};
        break;
    case proto::ProtoHollowBatchPart::KIND_NOT_SET:
        return fail(ErrorCode::Corrupt, "a part has neither a key nor bytes nor a run");
    }
    if (message.has_ts_rewrite())
        part.tsRewrite = frontierOf(message.ts_rewrite());
    part.encodedSizeBytes = message.encoded_size_bytes();
    part.keyLower = message.key_lower();
    if (message.has_structured_key_lower())
        part.structuredKeyLower = message.structured_key_lower();
    if (message.has_diffs_sum())
        part.diffsSum = message.diffs_sum();
    part.format = formatOf(message);
    if (message.has_schema_id())
        part.schemaId = message.schema_id();
    if (message.has_deprecated_schema_id())
        part.deprecatedSchemaId = message.deprecated_schema_id();
    part.metadata = metadataOf(message.metadata());
    if (message.has_key_stats())
        part.keyStats = message.key_stats();
    return part;
}

RunMeta runMetaOf(const proto::ProtoRunMeta& message)
{
    RunMeta meta;
    meta.order = message.order();
    if (message.has_schema_id())
        meta.schemaId = message.schema_id();
    if (message.has_deprecated_schema_id())
        meta.deprecatedSchemaId = message.deprecated_schema_id();
    if (message.has_id())
        meta.id = message.id();
    if (message.has_len())
        meta.length = message.len();
    meta.meta = metadataOf(message.meta());
    return meta;
}

Result<BatchPtr> batchOf(const proto::ProtoHollowBatch& message, SharedBytes raw)
{
    auto batch = std::make_shared<HollowBatch>();
    INSPECTOR_TRY(batch->description, descriptionOf(message.desc(), "batch"));
    for (const auto& part : message.parts()) {
        INSPECTOR_TRY(auto decoded, partOf(part).during("decoding batch " + textOf(batch->description)));
        batch->parts.push_back(std::move(decoded));
    }
    for (const auto& key : message.deprecated_keys()) {
        BatchPart part;
        part.content = BlobPart {key};
        batch->parts.push_back(std::move(part));
    }
    batch->length = message.len();
    batch->runs.assign(message.runs().begin(), message.runs().end());
    for (const auto& meta : message.run_meta())
        batch->runMeta.push_back(runMetaOf(meta));
    batch->raw = std::move(raw);
    return BatchPtr(std::move(batch));
}

Result<SpineId> spineIdOf(const proto::ProtoSpineId& message)
{
    if (message.lo() >= message.hi())
        return fail(ErrorCode::Corrupt,
                    "spine id " + textOf(SpineId {message.lo(), message.hi()}) + " is an empty range");
    return SpineId {message.lo(), message.hi()};
}

Result<SpineBatch> spineBatchOf(const proto::ProtoSpineBatch& message)
{
    SpineBatch batch;
    batch.level = message.level();
    INSPECTOR_TRY(batch.description, descriptionOf(message.desc(), "spine batch"));
    for (const auto& part : message.parts()) {
        INSPECTOR_TRY(const auto id, spineIdOf(part));
        batch.parts.push_back(id);
    }
    for (const auto& desc : message.descs()) {
        INSPECTOR_TRY(const auto description, descriptionOf(desc, "part of a spine batch"));
        batch.descriptions.push_back(description);
    }
    return batch;
}

Result<Merge> mergeOf(const proto::ProtoMerge& message)
{
    if (!message.has_since())
        return missing("merge", "since");
    Merge merge;
    merge.since = frontierOf(message.since());
    merge.remainingWork = message.remaining_work();
    if (message.has_active_compaction())
        merge.compactionStartMs = message.active_compaction().start_ms();
    return merge;
}

HollowRollup hollowRollupOf(const proto::ProtoHollowRollup& message)
{
    HollowRollup rollup {message.key(), std::nullopt};
    if (message.has_encoded_size_bytes())
        rollup.encodedSizeBytes = message.encoded_size_bytes();
    return rollup;
}

template <typename Message>
std::optional<DebugState> debugOf(const Message& message)
{
    if (!message.has_debug())
        return std::nullopt;
    return DebugState {message.debug().hostname(), message.debug().purpose()};
}

Result<LeasedReader> leasedReaderOf(const proto::ProtoLeasedReaderState& message)
{
    if (!message.has_since())
        return missing("leased reader", "since");
    return LeasedReader {frontierOf(message.since()), SeqNo(message.seqno()), message.last_heartbeat_timestamp_ms(),
                         message.lease_duration_ms(), debugOf(message)};
}

Result<CriticalReader> criticalReaderOf(const proto::ProtoCriticalReaderState& message)
{
    if (!message.has_since())
        return missing("critical reader", "since");
    return CriticalReader {frontierOf(message.since()), message.opaque(), message.opaque_codec(), debugOf(message)};
}

Writer writerOf(const proto::ProtoWriterState& message)
{
    Writer writer;
    writer.lastHeartbeatMs = message.last_heartbeat_timestamp_ms();
    writer.leaseDurationMs = message.lease_duration_ms();
    writer.mostRecentWriteToken = message.most_recent_write_token();
    if (message.has_most_recent_write_upper())
        writer.mostRecentWriteUpper = frontierOf(message.most_recent_write_upper());
    writer.debug = debugOf(message);
    return writer;
}

EncodedSchemas schemasOf(const proto::ProtoEncodedSchemas& message)
{
    return {message.key(), message.key_data_type(), message.val(), message.val_data_type()};
}

Result<Trace> traceOf(const proto::ProtoTrace& message, const SharedBytes& blob, BytesView raw)
{
    if (!message.has_since())
        return missing("trace", "since");
    Trace trace;
    trace.since = frontierOf(message.since());

    const auto rawLegacy = payloadsOf(raw, proto::ProtoTrace::kLegacyBatchesFieldNumber);
    const bool hasRawLegacy = rawLegacy.size() == static_cast<std::size_t>(message.legacy_batches_size());
    for (int i = 0; i < message.legacy_batches_size(); ++i) {
        auto slice = hasRawLegacy ? within(blob, rawLegacy[static_cast<std::size_t>(i)]) : SharedBytes();
        INSPECTOR_TRY(auto batch, batchOf(message.legacy_batches(i), std::move(slice)));
        trace.legacyBatches.push_back(std::move(batch));
    }
    std::stable_sort(trace.legacyBatches.begin(), trace.legacyBatches.end(), BatchOrder());

    const auto rawHollow = payloadsOf(raw, proto::ProtoTrace::kHollowBatchesFieldNumber);
    const bool hasRawHollow = rawHollow.size() == static_cast<std::size_t>(message.hollow_batches_size());
    for (int i = 0; i < message.hollow_batches_size(); ++i) {
        SharedBytes slice;
        if (hasRawHollow) {
            const auto inner =
                payloadsOf(rawHollow[static_cast<std::size_t>(i)], proto::ProtoIdHollowBatch::kBatchFieldNumber);
            if (inner.size() == 1)
                slice = within(blob, inner.front());
        }
        INSPECTOR_TRY(const auto id, spineIdOf(message.hollow_batches(i).id()));
        INSPECTOR_TRY(auto batch, batchOf(message.hollow_batches(i).batch(), std::move(slice)));
        trace.hollowBatches.insert_or_assign(id, std::move(batch));
    }
    for (const auto& entry : message.spine_batches()) {
        INSPECTOR_TRY(const auto id, spineIdOf(entry.id()));
        INSPECTOR_TRY(auto batch, spineBatchOf(entry.batch()));
        trace.spineBatches.insert_or_assign(id, std::move(batch));
    }
    for (const auto& entry : message.merges()) {
        INSPECTOR_TRY(const auto id, spineIdOf(entry.id()));
        INSPECTOR_TRY(const auto merge, mergeOf(entry.merge()));
        trace.merges.insert_or_assign(id, merge);
    }
    return trace;
}

Result<> handlesOf(const proto::ProtoRollup& message, State& state)
{
    for (const auto& entry : message.leased_readers()) {
        INSPECTOR_TRY(auto reader, leasedReaderOf(entry.value()));
        state.leasedReaders.insert_or_assign(entry.key(), std::move(reader));
    }
    for (const auto& entry : message.critical_readers()) {
        INSPECTOR_TRY(auto reader, criticalReaderOf(entry.value()));
        state.criticalReaders.insert_or_assign(entry.key(), std::move(reader));
    }
    for (const auto& entry : message.writers())
        state.writers.insert_or_assign(entry.key(), writerOf(entry.value()));
    return {};
}

/// How many slices a change has; nothing for a type that is none (persist-format §5.8).
std::optional<std::size_t> sliceCount(int type)
{
    switch (type) {
    case proto::INSERT:
    case proto::DELETE:
        return 2;
    case proto::UPDATE:
        return 3;
    default:
        return std::nullopt;
    }
}

/// Where the bytes of field_diffs.data_bytes lie in the row. Nothing when they are not in one piece.
std::optional<BytesView> dataBytesOf(BytesView row)
{
    const auto fieldDiffs = payloadsOf(row, proto::ProtoStateDiff::kFieldDiffsFieldNumber);
    if (fieldDiffs.size() != 1)
        return std::nullopt;
    const auto data = payloadsOf(fieldDiffs.front(), proto::ProtoStateFieldDiffs::kDataBytesFieldNumber);
    if (data.size() > 1)
        return std::nullopt;
    return data.empty() ? BytesView() : data.front();
}

template <typename Message, typename Decode>
auto decodeSlice(const SharedBytes& slice, const char* what, Decode decode) -> decltype(decode(Message()))
{
    Message message;
    INSPECTOR_CHECK(parse(slice.view(), message, what));
    return decode(message);
}

} // namespace

Result<Rollup> decodeRollup(const SharedBytes& bytes)
{
    proto::ProtoRollup message;
    INSPECTOR_CHECK(parse(bytes.view(), message, "rollup"));
    if (!message.has_trace())
        return missing("rollup", "trace");

    Rollup rollup;
    auto& state = rollup.state;
    state.applierVersion = message.applier_version();
    state.shardId = message.shard_id();
    state.keyCodec = message.key_codec();
    state.valCodec = message.val_codec();
    state.tsCodec = message.ts_codec();
    state.diffCodec = message.diff_codec();
    state.seqno = SeqNo(message.seqno());
    state.walltimeMs = message.walltime_ms();
    state.hostname = message.hostname();
    state.lastGcReq = message.last_gc_req();
    if (message.has_active_rollup())
        state.activeRollup = ActiveTask {SeqNo(message.active_rollup().seqno()), message.active_rollup().start_ms()};
    if (message.has_active_gc())
        state.activeGc = ActiveTask {SeqNo(message.active_gc().seqno()), message.active_gc().start_ms()};
    for (const auto& entry : message.deprecated_rollups())
        state.rollups.insert_or_assign(SeqNo(entry.key()), HollowRollup {entry.value(), std::nullopt});
    for (const auto& entry : message.rollups())
        state.rollups.insert_or_assign(SeqNo(entry.key()), hollowRollupOf(entry.value()));
    INSPECTOR_CHECK(handlesOf(message, state));
    for (const auto& entry : message.schemas())
        state.schemas.insert_or_assign(entry.key(), schemasOf(entry.value()));

    const auto rawTrace = payloadsOf(bytes.view(), proto::ProtoRollup::kTraceFieldNumber);
    INSPECTOR_TRY(state.trace, traceOf(message.trace(), bytes, rawTrace.size() == 1 ? rawTrace.front() : BytesView()));

    if (message.has_diffs()) {
        InlinedDiffs inlined {SeqNo(message.diffs().lower()), SeqNo(message.diffs().upper()), {}};
        for (const auto& version : message.diffs().diffs())
            inlined.diffs.push_back({SeqNo(version.seqno()), SharedBytes::copyOf(bytesOf(version.data()))});
        rollup.diffs = std::move(inlined);
    }
    rollup.raw = bytes;
    return rollup;
}

Result<StateDiff> decodeStateDiff(const SharedBytes& bytes)
{
    if (bytes.size() == 0)
        return fail(ErrorCode::Corrupt, "state diff is empty");
    proto::ProtoStateDiff message;
    INSPECTOR_CHECK(parse(bytes.view(), message, "state diff"));

    StateDiff diff;
    diff.applierVersion = message.applier_version();
    diff.seqnoFrom = SeqNo(message.seqno_from());
    diff.seqnoTo = SeqNo(message.seqno_to());
    diff.walltimeMs = message.walltime_ms();
    diff.latestRollupKey = message.latest_rollup_key();
    diff.raw = bytes;

    const auto& columns = message.field_diffs();
    if (columns.fields_size() != columns.diff_types_size())
        return fail(ErrorCode::Corrupt,
                    "state diff has " + std::to_string(columns.fields_size()) + " fields and "
                        + std::to_string(columns.diff_types_size()) + " change types");
    std::size_t slices = 0;
    for (const auto type : columns.diff_types()) {
        const auto count = sliceCount(type);
        if (!count)
            return fail(ErrorCode::Corrupt, "state diff has a change of the unknown type " + std::to_string(type));
        slices += *count;
    }
    if (slices != static_cast<std::size_t>(columns.data_lens_size()))
        return fail(ErrorCode::Corrupt,
                    "state diff has " + std::to_string(columns.data_lens_size()) + " slices where its changes need "
                        + std::to_string(slices));
    std::uint64_t left = columns.data_bytes().size();
    for (const auto length : columns.data_lens()) {
        if (length > left)
            return fail(ErrorCode::Corrupt,
                        "the slices of a state diff are longer than its " + std::to_string(columns.data_bytes().size())
                            + " bytes of data");
        left -= length;
    }
    if (left != 0)
        return fail(ErrorCode::Corrupt, std::to_string(left) + " bytes of a state diff's data belong to no slice");

    const auto inPlace = dataBytesOf(bytes.view());
    const auto data = inPlace && inPlace->size() == columns.data_bytes().size()
        ? within(bytes, *inPlace)
        : SharedBytes::copyOf(bytesOf(columns.data_bytes()));
    std::size_t offset = 0;
    int slice = 0;
    const auto take = [&] {
        const auto length = static_cast<std::size_t>(columns.data_lens(slice++));
        const auto view = data.view().subspan(offset, length);
        offset += length;
        return within(data, view);
    };
    diff.changes.reserve(static_cast<std::size_t>(columns.fields_size()));
    for (int i = 0; i < columns.fields_size(); ++i) {
        FieldDiff change;
        change.field = static_cast<StateField>(columns.fields(i));
        change.type = static_cast<ChangeType>(columns.diff_types(i));
        change.key = take();
        if (change.type != ChangeType::Insert)
            change.oldValue = take();
        if (change.type != ChangeType::Delete)
            change.newValue = take();
        diff.changes.push_back(std::move(change));
    }
    return diff;
}

Result<std::vector<BatchPart>> decodeRun(const SharedBytes& bytes)
{
    proto::ProtoHollowRun message;
    INSPECTOR_CHECK(parse(bytes.view(), message, "run"));
    std::vector<BatchPart> parts;
    for (const auto& part : message.parts()) {
        INSPECTOR_TRY(auto decoded, partOf(part));
        parts.push_back(std::move(decoded));
    }
    return parts;
}

Result<std::uint64_t> decodeU64Slice(const SharedBytes& slice)
{
    return decodeSlice<proto::ProtoU64Slice>(
        slice, "number", [](const auto& message) -> Result<std::uint64_t> { return message.value(); });
}

Result<std::string> decodeTextSlice(const SharedBytes& slice)
{
    return decodeSlice<proto::ProtoTextSlice>(
        slice, "text", [](const auto& message) -> Result<std::string> { return message.value(); });
}

Result<Frontier> decodeFrontier(const SharedBytes& slice)
{
    return decodeSlice<proto::ProtoU64Antichain>(
        slice, "antichain", [](const auto& message) { return Result<Frontier>(tl::in_place, frontierOf(message)); });
}

Result<BatchPtr> decodeBatch(const SharedBytes& slice)
{
    return decodeSlice<proto::ProtoHollowBatch>(slice, "batch",
                                                [&](const auto& message) { return batchOf(message, slice); });
}

Result<SpineId> decodeSpineId(const SharedBytes& slice)
{
    return decodeSlice<proto::ProtoSpineId>(slice, "spine id", spineIdOf);
}

Result<SpineBatch> decodeSpineBatch(const SharedBytes& slice)
{
    return decodeSlice<proto::ProtoSpineBatch>(slice, "spine batch", spineBatchOf);
}

Result<Merge> decodeMerge(const SharedBytes& slice)
{
    return decodeSlice<proto::ProtoMerge>(slice, "merge", mergeOf);
}

Result<HollowRollup> decodeHollowRollup(const SharedBytes& slice)
{
    return decodeSlice<proto::ProtoHollowRollup>(
        slice, "rollup reference", [](const auto& message) -> Result<HollowRollup> { return hollowRollupOf(message); });
}

Result<LeasedReader> decodeLeasedReader(const SharedBytes& slice)
{
    return decodeSlice<proto::ProtoLeasedReaderState>(slice, "leased reader", leasedReaderOf);
}

Result<CriticalReader> decodeCriticalReader(const SharedBytes& slice)
{
    return decodeSlice<proto::ProtoCriticalReaderState>(slice, "critical reader", criticalReaderOf);
}

Result<Writer> decodeWriter(const SharedBytes& slice)
{
    return decodeSlice<proto::ProtoWriterState>(
        slice, "writer", [](const auto& message) -> Result<Writer> { return writerOf(message); });
}

Result<EncodedSchemas> decodeSchemas(const SharedBytes& slice)
{
    return decodeSlice<proto::ProtoEncodedSchemas>(
        slice, "schemas", [](const auto& message) -> Result<EncodedSchemas> { return schemasOf(message); });
}

Result<ActiveTask> decodeActiveTask(const SharedBytes& slice)
{
    // ProtoActiveRollup and ProtoActiveGC have the same fields.
    return decodeSlice<proto::ProtoActiveRollup>(slice, "active task", [](const auto& message) -> Result<ActiveTask> {
        return ActiveTask {SeqNo(message.seqno()), message.start_ms()};
    });
}

} // namespace inspector::persist
