#include "core/machine/part_encoder.h"

#include "core/base/base64.h"
#include "core/codec/parquet_writer.h"
#include "core/codec/proto/persist.pb.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace inspector::machine {

namespace {

void fill(proto::ProtoU64Antichain& to, const persist::Frontier& frontier)
{
    if (frontier)
        to.add_elements(frontier->value());
}

void fill(proto::ProtoU64Description& to, const persist::Description& description)
{
    fill(*to.mutable_lower(), description.lower);
    fill(*to.mutable_upper(), description.upper);
    fill(*to.mutable_since(), description.since);
}

/// The values one after the other, with one offset more than there are values.
template <typename TextOf>
void fillColumn(google::protobuf::RepeatedField<std::int32_t>& offsets, std::string& data,
                const std::vector<RowUpdate>& updates, const TextOf& textOf)
{
    offsets.Reserve(static_cast<int>(updates.size()) + 1);
    offsets.Add(0);
    for (const auto& update : updates) {
        data += textOf(update);
        offsets.Add(static_cast<std::int32_t>(data.size()));
    }
}

std::int64_t bitsOf(std::uint64_t time)
{
    return static_cast<std::int64_t>(time);
}

} // namespace

std::vector<RowUpdate> consolidated(std::vector<RowUpdate> updates)
{
    const auto placeOf = [](const RowUpdate& update) { return std::tie(update.key, update.value, update.time); };
    std::sort(updates.begin(), updates.end(),
              [&](const RowUpdate& a, const RowUpdate& b) { return placeOf(a) < placeOf(b); });
    std::size_t kept = 0;
    for (std::size_t i = 0; i < updates.size();) {
        std::uint64_t sum = 0; // as the bits of a diff: it wraps like the reference's
        std::size_t next = i;
        for (; next < updates.size() && placeOf(updates[next]) == placeOf(updates[i]); ++next)
            sum += static_cast<std::uint64_t>(updates[next].diff);
        if (sum != 0) {
            if (kept != i)
                updates[kept] = std::move(updates[i]);
            updates[kept++].diff = static_cast<std::int64_t>(sum);
        }
        i = next;
    }
    updates.resize(kept);
    return updates;
}

std::uint64_t inlineMeasure(const std::vector<RowUpdate>& updates)
{
    constexpr std::uint64_t kTimeAndDiffBytes = 16;
    std::uint64_t bytes = 0;
    for (const auto& update : updates)
        bytes += update.key.size() + update.value.size() + kTimeAndDiffBytes;
    return bytes;
}

bool fitsOnePart(const std::vector<RowUpdate>& updates, std::uint64_t maxColumnBytes)
{
    std::uint64_t keyBytes = 0;
    std::uint64_t valueBytes = 0;
    for (const auto& update : updates) {
        keyBytes += update.key.size();
        valueBytes += update.value.size();
    }
    return keyBytes <= maxColumnBytes && valueBytes <= maxColumnBytes
        && updates.size() <= maxColumnBytes / sizeof(std::uint64_t);
}

SharedBytes encodeInlinePart(const persist::Description& description, const std::vector<RowUpdate>& updates)
{
    proto::ProtoInlineBatchPart message;
    fill(*message.mutable_desc(), description);
    auto& columns = *message.mutable_updates();
    columns.set_len(updates.size());
    fillColumn(*columns.mutable_key_offsets(), *columns.mutable_key_data(), updates,
               [](const RowUpdate& update) -> const std::string& { return update.key; });
    fillColumn(*columns.mutable_val_offsets(), *columns.mutable_val_data(), updates,
               [](const RowUpdate& update) -> const std::string& { return update.value; });
    for (const auto& update : updates) {
        columns.add_timestamps(bitsOf(update.time));
        columns.add_diffs(update.diff);
    }
    return SharedBytes::make(message.ByteSizeLong(), [&](std::byte* to) {
        message.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(to));
    });
}

SharedBytes encodeBlobPart(const persist::Description& description, const std::vector<RowUpdate>& updates)
{
    proto::ProtoBatchPartInline about;
    about.set_format(proto::BatchFormatParquetKvtd);
    fill(*about.mutable_desc(), description);

    codec::ParquetWriter file(updates.size());
    file.addByteArrays("k", [&](std::size_t row) { return std::string_view(updates[row].key); });
    file.addByteArrays("v", [&](std::size_t row) { return std::string_view(updates[row].value); });
    file.addIntegers("t", [&](std::size_t row) { return bitsOf(updates[row].time); });
    file.addIntegers("d", [&](std::size_t row) { return updates[row].diff; });
    file.addKeyValue("MZ:inline", toBase64(bytesOf(about.SerializeAsString())));
    return std::move(file).finish();
}

} // namespace inspector::machine
