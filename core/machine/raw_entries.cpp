#include "core/machine/raw_entries.h"

#include "core/base/sha256.h"
#include "core/codec/proto/raw_state.pb.h"
#include "core/machine/state_encoder.h"
#include "core/persist/decode.h"

#include <optional>
#include <utility>
#include <vector>

namespace inspector::machine {

namespace {

using namespace persist;

struct Unit
{
    friend bool operator==(const Unit&, const Unit&) = default;
};

Result<Unit> decodeUnit(const SharedBytes& /*slice*/)
{
    return Unit();
}

template <typename Value>
bool meansTheSame(const Value& a, const Value& b)
{
    return a == b;
}

bool meansTheSame(const BatchPtr& a, const BatchPtr& b)
{
    return sameContent(*a, *b);
}

/// The descriptions of a spine batch's parts do not count (persist-write-protocol §5.5).
bool meansTheSame(const SpineBatch& a, const SpineBatch& b)
{
    return a.level == b.level && a.description == b.description && a.parts == b.parts;
}

tl::unexpected<Error> unknownField(StateField field)
{
    return fail(ErrorCode::Unsupported,
                "state diff changes field " + std::to_string(static_cast<std::int32_t>(field))
                    + ", which this build does not know: write with a newer one");
}

/// Calls `use` with the decoder of a field's value slices.
template <typename Use>
Result<bool> withDecoder(StateField field, const Use& use)
{
    switch (field) {
    case StateField::LastGcReq:
        return use(decodeU64Slice);
    case StateField::DeprecatedRollups:
    case StateField::Hostname:
        return use(decodeTextSlice);
    case StateField::Rollups:
        return use(decodeHollowRollup);
    case StateField::ActiveRollup:
    case StateField::ActiveGc:
        return use(decodeActiveTask);
    case StateField::LeasedReaders:
        return use(decodeLeasedReader);
    case StateField::CriticalReaders:
        return use(decodeCriticalReader);
    case StateField::Writers:
        return use(decodeWriter);
    case StateField::Schemas:
        return use(decodeSchemas);
    case StateField::Since:
        return use(decodeFrontier);
    case StateField::LegacyBatches:
        return use(decodeUnit);
    case StateField::HollowBatches:
        return use(decodeBatch);
    case StateField::SpineBatches:
        return use(decodeSpineBatch);
    case StateField::SpineMerges:
        return use(decodeMerge);
    }
    return unknownField(field);
}

/// Corrupt when `slice` is no value of the field.
Result<> checkValue(StateField field, const SharedBytes& slice)
{
    const auto checked = withDecoder(field, [&](auto decode) -> Result<bool> {
        INSPECTOR_TRY(const auto value, decode(slice));
        return meansTheSame(value, value);
    });
    return checked ? Result<>() : tl::unexpected<Error>(checked.error());
}

/// Whether two value slices of a field are the same, byte for byte or as decoded.
Result<bool> isSameValue(StateField field, const SharedBytes& a, const SharedBytes& b)
{
    if (inspector::textOf(a.view()) == inspector::textOf(b.view()))
        return true;
    return withDecoder(field, [&](auto decode) -> Result<bool> {
        INSPECTOR_TRY(const auto left, decode(a));
        INSPECTOR_TRY(const auto right, decode(b));
        return meansTheSame(left, right);
    });
}

/// The spelling of an encoded key.
Result<std::string> spelled(StateField field, const SharedBytes& slice)
{
    switch (field) {
    case StateField::LastGcReq:
    case StateField::ActiveRollup:
    case StateField::ActiveGc:
    case StateField::Hostname:
    case StateField::Since:
        return std::string();
    case StateField::DeprecatedRollups:
    case StateField::Rollups:
    case StateField::Schemas: {
        INSPECTOR_TRY(const auto number, decodeU64Slice(slice));
        return rawKeyOf(number);
    }
    case StateField::LeasedReaders:
    case StateField::CriticalReaders:
    case StateField::Writers:
        return decodeTextSlice(slice);
    case StateField::LegacyBatches: {
        INSPECTOR_TRY(const auto batch, decodeBatch(slice));
        return rawKeyOf(*batch);
    }
    case StateField::HollowBatches:
    case StateField::SpineBatches:
    case StateField::SpineMerges: {
        INSPECTOR_TRY(const auto id, decodeSpineId(slice));
        return rawKeyOf(id);
    }
    }
    return unknownField(field);
}

std::string nameOf(StateField field)
{
    switch (field) {
    case StateField::DeprecatedRollups:
    case StateField::Rollups:
        return "rollup";
    case StateField::LastGcReq:
        return "last_gc_req";
    case StateField::LeasedReaders:
        return "leased reader";
    case StateField::Writers:
        return "writer";
    case StateField::Since:
        return "since";
    case StateField::LegacyBatches:
        return "batch";
    case StateField::CriticalReaders:
        return "critical reader";
    case StateField::Hostname:
        return "host name";
    case StateField::HollowBatches:
        return "hollow batch";
    case StateField::SpineBatches:
        return "spine batch";
    case StateField::SpineMerges:
        return "merge";
    case StateField::Schemas:
        return "schema";
    case StateField::ActiveRollup:
        return "active_rollup";
    case StateField::ActiveGc:
        return "active_gc";
    }
    return "entry of an unknown field";
}

/// Always there, hence only ever updated (persist-write-protocol §5.3).
bool isAlwaysThere(StateField field)
{
    return field == StateField::LastGcReq || field == StateField::Hostname || field == StateField::Since;
}

/// A change of the old form of rollups is one of rollups without a size.
Result<FieldDiff> inTodaysForm(FieldDiff change)
{
    if (change.field != StateField::DeprecatedRollups)
        return change;
    change.field = StateField::Rollups;
    const auto convert = [](SharedBytes& value) -> Result<> {
        INSPECTOR_TRY(auto key, decodeTextSlice(value));
        value = encodeHollowRollup({std::move(key), std::nullopt});
        return {};
    };
    if (change.type != ChangeType::Insert)
        INSPECTOR_CHECK(convert(change.oldValue));
    if (change.type != ChangeType::Delete)
        INSPECTOR_CHECK(convert(change.newValue));
    return change;
}

Result<> applyOne(RawEntries::Field& entries, const FieldDiff& change)
{
    INSPECTOR_TRY(const auto key, spelled(change.field, change.key));
    const auto found = entries.find(key);
    const auto corrupt = [&](const char* what) {
        return fail(ErrorCode::Corrupt,
                    "state diff " + std::string(what) + ": a " + nameOf(change.field)
                        + "; the log and the rollup do not fit, read the shard again");
    };
    if (change.type == ChangeType::Insert) {
        if (found != entries.end() || isAlwaysThere(change.field))
            return corrupt("inserts what is there already");
    } else {
        if (found == entries.end())
            return corrupt("changes what is not there");
        if (change.type == ChangeType::Delete && isAlwaysThere(change.field))
            return corrupt("deletes what is always there");
        INSPECTOR_TRY(const auto isSame, isSameValue(change.field, found->second.value, change.oldValue));
        // The recorded old host name is known to be wrong at times (persist-write-protocol §6.1).
        if (!isSame && change.field != StateField::Hostname)
            return corrupt("names an old value that is not the one there");
    }
    if (change.type == ChangeType::Delete) {
        entries.erase(found);
        return {};
    }
    INSPECTOR_CHECK(checkValue(change.field, change.newValue));
    entries.insert_or_assign(key, RawEntries::Entry {change.key, change.newValue});
    return {};
}

SharedBytes copyOf(const std::string& text)
{
    return SharedBytes::copyOf(bytesOf(text));
}

std::string bigEndian(std::uint64_t number)
{
    std::string text(sizeof(number), '\0');
    for (std::size_t i = 0; i < text.size(); ++i)
        text[i] = static_cast<char>(number >> (8 * (text.size() - 1 - i)));
    return text;
}

/// Takes the stored bytes of a rollup's entries where they mean what was decoded.
class StoredValues
{
public:
    explicit StoredValues(std::map<StateField, RawEntries::Field>& fields)
        : m_fields(fields)
    {
    }

    template <typename Entries, typename KeyOf>
    void take(StateField field, const Entries& entries, const KeyOf& keyOf)
    {
        for (const auto& entry : entries)
            if (const auto key = keyOf(entry))
                take(field, *key, copyOf(entry.value()));
    }

    void take(StateField field, const std::string& key, const SharedBytes& value)
    {
        auto& entries = m_fields[field];
        const auto found = entries.find(key);
        if (found == entries.end())
            return;
        if (const auto isSame = isSameValue(field, found->second.value, value); isSame && *isSame)
            found->second.value = value;
    }

private:
    std::map<StateField, RawEntries::Field>& m_fields;
};

} // namespace

std::string rawKeyOf(std::uint64_t number)
{
    return bigEndian(number);
}

std::string rawKeyOf(SeqNo seqno)
{
    return bigEndian(seqno.value());
}

std::string rawKeyOf(const std::string& text)
{
    return text;
}

std::string rawKeyOf(SpineId id)
{
    return bigEndian(id.lo) + bigEndian(id.hi);
}

std::string rawKeyOf(const HollowBatch& batch)
{
    const auto digest = sha256(encodeBatch(batch).view());
    return std::string(inspector::textOf(BytesView(digest)));
}

RawEntries RawEntries::ofState(const State& state)
{
    RawEntries raw;
    const auto put = [&](StateField field, std::string key, SharedBytes keySlice, SharedBytes value) {
        raw.m_fields[field].insert_or_assign(std::move(key), Entry {std::move(keySlice), std::move(value)});
    };
    const auto putSingle = [&](StateField field, SharedBytes value) { put(field, {}, {}, std::move(value)); };
    const auto putAll = [&](StateField field, const auto& map, auto encodeKey, auto encodeValue) {
        for (const auto& [key, value] : map)
            put(field, rawKeyOf(key), encodeKey(key), encodeValue(value));
    };

    putSingle(StateField::Hostname, encodeTextSlice(state.hostname));
    putSingle(StateField::LastGcReq, encodeU64Slice(state.lastGcReq));
    if (state.activeRollup)
        putSingle(StateField::ActiveRollup, encodeActiveTask(*state.activeRollup));
    if (state.activeGc)
        putSingle(StateField::ActiveGc, encodeActiveTask(*state.activeGc));
    putAll(
        StateField::Rollups, state.rollups, [](SeqNo seqno) { return encodeU64Slice(seqno.value()); },
        encodeHollowRollup);
    putAll(StateField::LeasedReaders, state.leasedReaders, encodeTextSlice, encodeLeasedReader);
    putAll(StateField::CriticalReaders, state.criticalReaders, encodeTextSlice, encodeCriticalReader);
    putAll(StateField::Writers, state.writers, encodeTextSlice, encodeWriter);
    putAll(StateField::Schemas, state.schemas, encodeU64Slice, encodeSchemas);
    putSingle(StateField::Since, encodeFrontier(state.trace.since));
    for (const auto& batch : state.trace.legacyBatches)
        put(StateField::LegacyBatches, rawKeyOf(*batch), storedOrEncoded(*batch), {});
    putAll(StateField::HollowBatches, state.trace.hollowBatches, encodeSpineId,
           [](const BatchPtr& batch) { return storedOrEncoded(*batch); });
    putAll(StateField::SpineBatches, state.trace.spineBatches, encodeSpineId, encodeSpineBatch);
    putAll(StateField::SpineMerges, state.trace.merges, encodeSpineId, encodeMerge);
    return raw;
}

Result<RawEntries> RawEntries::ofRollup(const Rollup& rollup)
{
    proto::ProtoRawRollup message;
    if (!message.ParseFromArray(rollup.raw.data(), static_cast<int>(rollup.raw.size())))
        return fail(ErrorCode::Corrupt, "the rollup of " + rollup.state.shardId + " came without its stored bytes");

    auto raw = ofState(rollup.state);
    StoredValues stored(raw.m_fields);
    const auto number = [](const auto& entry) { return std::optional(rawKeyOf(entry.key())); };
    const auto text = [](const auto& entry) { return std::optional(entry.key()); };
    const auto id = [](const auto& entry) -> std::optional<std::string> {
        const auto decoded = decodeSpineId(copyOf(entry.key()));
        return decoded ? std::optional(rawKeyOf(*decoded)) : std::nullopt;
    };
    stored.take(StateField::Rollups, message.rollups(), number);
    stored.take(StateField::LeasedReaders, message.leased_readers(), text);
    stored.take(StateField::CriticalReaders, message.critical_readers(), text);
    stored.take(StateField::Writers, message.writers(), text);
    stored.take(StateField::Schemas, message.schemas(), number);
    if (message.has_active_rollup())
        stored.take(StateField::ActiveRollup, {}, copyOf(message.active_rollup()));
    if (message.has_active_gc())
        stored.take(StateField::ActiveGc, {}, copyOf(message.active_gc()));
    stored.take(StateField::Since, {}, copyOf(message.trace().since()));
    stored.take(StateField::SpineBatches, message.trace().spine_batches(), id);
    stored.take(StateField::SpineMerges, message.trace().merges(), id);
    return raw;
}

Result<> RawEntries::apply(const StateDiff& diff)
{
    // In place, because entries are many and changes few; what was there comes back when a change does not fit.
    struct Undo
    {
        Field* entries = nullptr;
        std::string key;
        std::optional<Entry> before;
    };
    std::vector<Undo> undos;
    for (std::size_t i = 0; i < diff.changes.size(); ++i) {
        const auto one = [&]() -> Result<> {
            INSPECTOR_TRY(const auto change, inTodaysForm(diff.changes[i]));
            INSPECTOR_TRY(auto key, spelled(change.field, change.key));
            auto& entries = m_fields[change.field];
            const auto found = entries.find(key);
            undos.push_back(
                {&entries, std::move(key), found == entries.end() ? std::nullopt : std::optional(found->second)});
            return applyOne(entries, change);
        };
        if (auto done = one(); !done) {
            for (auto undo = undos.rbegin(); undo != undos.rend(); ++undo) {
                if (undo->before)
                    undo->entries->insert_or_assign(undo->key, *undo->before);
                else
                    undo->entries->erase(undo->key);
            }
            return std::move(done).during("following change " + std::to_string(i + 1) + " of v"
                                          + std::to_string(diff.seqnoTo.value()));
        }
    }
    return {};
}

const RawEntries::Entry* RawEntries::find(StateField field, const std::string& rawKey) const
{
    const auto& entries = of(field);
    const auto found = entries.find(rawKey);
    return found == entries.end() ? nullptr : &found->second;
}

const RawEntries::Field& RawEntries::of(StateField field) const
{
    static const Field kNone;
    const auto found = m_fields.find(field);
    return found == m_fields.end() ? kNone : found->second;
}

} // namespace inspector::machine
