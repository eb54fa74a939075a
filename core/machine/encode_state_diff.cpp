#include "core/codec/proto/diff.pb.h"
#include "core/machine/state_encoder.h"

namespace inspector::machine {

namespace {

void addSlice(proto::ProtoStateFieldDiffs& columns, const SharedBytes& slice)
{
    columns.add_data_lens(slice.size());
    columns.mutable_data_bytes()->append(textOf(slice.view()));
}

} // namespace

SharedBytes encodeStateDiff(const persist::StateDiff& diff)
{
    using persist::ChangeType;
    proto::ProtoStateDiff message;
    message.set_applier_version(diff.applierVersion);
    message.set_seqno_from(diff.seqnoFrom.value());
    message.set_seqno_to(diff.seqnoTo.value());
    message.set_latest_rollup_key(diff.latestRollupKey);
    message.set_walltime_ms(diff.walltimeMs);
    auto& columns = *message.mutable_field_diffs();
    for (const auto& change : diff.changes) {
        columns.add_fields(static_cast<proto::ProtoStateField>(change.field));
        columns.add_diff_types(static_cast<proto::ProtoStateFieldDiffType>(change.type));
        addSlice(columns, change.key);
        if (change.type != ChangeType::Insert)
            addSlice(columns, change.oldValue);
        if (change.type != ChangeType::Delete)
            addSlice(columns, change.newValue);
    }
    return SharedBytes::make(message.ByteSizeLong(), [&](std::byte* to) {
        message.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(to));
    });
}

} // namespace inspector::machine
