#include "core/codec/proto/raw_state.pb.h"
#include "core/machine/state_encoder.h"
#include "core/persist/decode.h"

#include <memory>
#include <utility>

namespace inspector::machine {

namespace {

using namespace persist;

/// The stored bytes of an entry when they say what `value` says, else its content encoded: what was not changed keeps
/// its bytes, and a stale entry of `raw` does no harm.
template <typename Value>
std::string storedOr(const RawEntries& raw, StateField field, const std::string& rawKey, const Value& value,
                     SharedBytes (*encode)(const Value&), Result<Value> (*decode)(const SharedBytes&))
{
    if (const auto* entry = raw.find(field, rawKey))
        if (const auto stored = decode(entry->value); stored && *stored == value)
            return std::string(inspector::textOf(entry->value.view()));
    return std::string(inspector::textOf(encode(value).view()));
}

std::string textOf(const SharedBytes& bytes)
{
    return std::string(inspector::textOf(bytes.view()));
}

template <typename Entries, typename Key, typename Value>
void fillMap(Entries& to, const RawEntries& raw, StateField field, const std::map<Key, Value>& map,
             SharedBytes (*encode)(const Value&), Result<Value> (*decode)(const SharedBytes&))
{
    for (const auto& [key, value] : map) {
        auto& entry = *to.Add();
        if constexpr (std::is_same_v<Key, SpineId>)
            entry.set_key(textOf(encodeSpineId(key)));
        else if constexpr (std::is_same_v<Key, SeqNo>)
            entry.set_key(key.value());
        else
            entry.set_key(key);
        entry.set_value(storedOr(raw, field, rawKeyOf(key), value, encode, decode));
    }
}

void fillTrace(proto::ProtoRawTrace& to, const RawEntries& raw, const Trace& trace)
{
    to.set_since(storedOr(raw, StateField::Since, {}, trace.since, encodeFrontier, decodeFrontier));
    auto legacy = trace.legacyBatches;
    sortLegacyBatches(legacy);
    for (const auto& batch : legacy) {
        const auto* entry = raw.find(StateField::LegacyBatches, rawKeyOf(*batch));
        to.add_legacy_batches(textOf(entry != nullptr ? entry->key : storedOrEncoded(*batch)));
    }
    for (const auto& [id, batch] : trace.hollowBatches) {
        auto& entry = *to.add_hollow_batches();
        entry.set_key(textOf(encodeSpineId(id)));
        const auto* kept = raw.find(StateField::HollowBatches, rawKeyOf(id));
        const auto stored = kept != nullptr ? decodeBatch(kept->value) : Result<BatchPtr>(nullptr);
        const bool isStored = stored && *stored && sameContent(**stored, *batch);
        entry.set_value(textOf(isStored ? kept->value : storedOrEncoded(*batch)));
    }
    fillMap(*to.mutable_spine_batches(), raw, StateField::SpineBatches, trace.spineBatches, encodeSpineBatch,
            decodeSpineBatch);
    fillMap(*to.mutable_merges(), raw, StateField::SpineMerges, trace.merges, encodeMerge, decodeMerge);
}

void fill(proto::ProtoInlinedDiffs& to, const InlinedDiffs& diffs)
{
    to.set_lower(diffs.lower.value());
    to.set_upper(diffs.upper.value());
    for (const auto& version : diffs.diffs) {
        auto& entry = *to.add_diffs();
        entry.set_seqno(version.seqno.value());
        entry.set_data(version.data.data(), version.data.size());
    }
}

} // namespace

SharedBytes encodeRollup(const State& state, const RawEntries& raw, const InlinedDiffs& diffs)
{
    proto::ProtoRawRollup message;
    message.set_shard_id(state.shardId);
    message.set_key_codec(state.keyCodec);
    message.set_val_codec(state.valCodec);
    message.set_ts_codec(state.tsCodec);
    message.set_diff_codec(state.diffCodec);
    message.set_seqno(state.seqno.value());
    fillTrace(*message.mutable_trace(), raw, state.trace);
    fillMap(*message.mutable_leased_readers(), raw, StateField::LeasedReaders, state.leasedReaders, encodeLeasedReader,
            decodeLeasedReader);
    fillMap(*message.mutable_writers(), raw, StateField::Writers, state.writers, encodeWriter, decodeWriter);
    message.set_last_gc_req(state.lastGcReq);
    message.set_applier_version(state.applierVersion);
    fillMap(*message.mutable_critical_readers(), raw, StateField::CriticalReaders, state.criticalReaders,
            encodeCriticalReader, decodeCriticalReader);
    message.set_hostname(state.hostname);
    message.set_walltime_ms(state.walltimeMs);
    fillMap(*message.mutable_rollups(), raw, StateField::Rollups, state.rollups, encodeHollowRollup,
            decodeHollowRollup);
    fill(*message.mutable_diffs(), diffs);
    fillMap(*message.mutable_schemas(), raw, StateField::Schemas, state.schemas, encodeSchemas, decodeSchemas);
    if (state.activeRollup)
        message.set_active_rollup(
            storedOr(raw, StateField::ActiveRollup, {}, *state.activeRollup, encodeActiveTask, decodeActiveTask));
    if (state.activeGc)
        message.set_active_gc(
            storedOr(raw, StateField::ActiveGc, {}, *state.activeGc, encodeActiveTask, decodeActiveTask));
    return SharedBytes::make(message.ByteSizeLong(), [&](std::byte* to) {
        message.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(to));
    });
}

} // namespace inspector::machine
