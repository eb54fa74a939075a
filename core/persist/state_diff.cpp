#include "core/persist/state_diff.h"

#include "core/persist/decode.h"

#include <algorithm>
#include <tuple>
#include <variant>

namespace inspector::persist {

namespace {

/// A change with its slices decoded.
template <typename Key, typename Value>
struct Change
{
    ChangeType type = ChangeType::Insert;
    Key key {};
    std::optional<Value> oldValue;
    std::optional<Value> newValue;
};

struct Unit
{
};

/// The changes of a diff by field, decoded before anything is changed: a diff that does not decode changes nothing.
struct Changes
{
    std::vector<Change<SeqNo, HollowRollup>> rollups;
    std::vector<Change<Unit, std::uint64_t>> lastGcReq;
    std::vector<Change<Unit, ActiveTask>> activeRollup;
    std::vector<Change<Unit, ActiveTask>> activeGc;
    std::vector<Change<std::string, LeasedReader>> leasedReaders;
    std::vector<Change<std::string, CriticalReader>> criticalReaders;
    std::vector<Change<std::string, Writer>> writers;
    std::vector<Change<std::uint64_t, EncodedSchemas>> schemas;
    std::vector<Change<Unit, std::string>> hostname;
    std::vector<Change<Unit, Frontier>> since;
    std::vector<Change<BatchPtr, Unit>> legacyBatches;
    std::vector<Change<SpineId, BatchPtr>> hollowBatches;
    std::vector<Change<SpineId, SpineBatch>> spineBatches;
    std::vector<Change<SpineId, Merge>> merges;
    std::vector<std::int32_t> unknownFields;
};

Result<Unit> decodeUnit(const SharedBytes& /*slice*/)
{
    return Unit();
}

Result<SeqNo> decodeSeqNo(const SharedBytes& slice)
{
    INSPECTOR_TRY(const auto value, decodeU64Slice(slice));
    return SeqNo(value);
}

/// The key slice of a deprecated rollup is the same; its value is only the key.
Result<HollowRollup> decodeDeprecatedRollup(const SharedBytes& slice)
{
    INSPECTOR_TRY(auto key, decodeTextSlice(slice));
    return HollowRollup {std::move(key), std::nullopt};
}

template <typename Key, typename Value>
Result<> decodeInto(std::vector<Change<Key, Value>>& to, const FieldDiff& diff,
                    Result<Key> (*decodeKey)(const SharedBytes&), Result<Value> (*decodeValue)(const SharedBytes&))
{
    Change<Key, Value> change;
    change.type = diff.type;
    INSPECTOR_TRY(change.key, decodeKey(diff.key));
    if (diff.type != ChangeType::Insert) {
        INSPECTOR_TRY(change.oldValue, decodeValue(diff.oldValue));
    }
    if (diff.type != ChangeType::Delete) {
        INSPECTOR_TRY(change.newValue, decodeValue(diff.newValue));
    }
    to.push_back(std::move(change));
    return {};
}

Result<> decodeInto(Changes& changes, const FieldDiff& diff)
{
    switch (diff.field) {
    case StateField::DeprecatedRollups:
        return decodeInto(changes.rollups, diff, decodeSeqNo, decodeDeprecatedRollup);
    case StateField::Rollups:
        return decodeInto(changes.rollups, diff, decodeSeqNo, decodeHollowRollup);
    case StateField::LastGcReq:
        return decodeInto(changes.lastGcReq, diff, decodeUnit, decodeU64Slice);
    case StateField::ActiveRollup:
        return decodeInto(changes.activeRollup, diff, decodeUnit, decodeActiveTask);
    case StateField::ActiveGc:
        return decodeInto(changes.activeGc, diff, decodeUnit, decodeActiveTask);
    case StateField::LeasedReaders:
        return decodeInto(changes.leasedReaders, diff, decodeTextSlice, decodeLeasedReader);
    case StateField::CriticalReaders:
        return decodeInto(changes.criticalReaders, diff, decodeTextSlice, decodeCriticalReader);
    case StateField::Writers:
        return decodeInto(changes.writers, diff, decodeTextSlice, decodeWriter);
    case StateField::Schemas:
        return decodeInto(changes.schemas, diff, decodeU64Slice, decodeSchemas);
    case StateField::Hostname:
        return decodeInto(changes.hostname, diff, decodeUnit, decodeTextSlice);
    case StateField::Since:
        return decodeInto(changes.since, diff, decodeUnit, decodeFrontier);
    case StateField::LegacyBatches:
        return decodeInto(changes.legacyBatches, diff, decodeBatch, decodeUnit);
    case StateField::HollowBatches:
        return decodeInto(changes.hollowBatches, diff, decodeSpineId, decodeBatch);
    case StateField::SpineBatches:
        return decodeInto(changes.spineBatches, diff, decodeSpineId, decodeSpineBatch);
    case StateField::SpineMerges:
        return decodeInto(changes.merges, diff, decodeSpineId, decodeMerge);
    }
    changes.unknownFields.push_back(static_cast<std::int32_t>(diff.field));
    return {};
}

Result<Changes> decodeChanges(const StateDiff& diff)
{
    Changes changes;
    for (std::size_t i = 0; i < diff.changes.size(); ++i)
        INSPECTOR_CHECK(
            decodeInto(changes, diff.changes[i]).during("decoding change " + std::to_string(i + 1) + " of the diff"));
    return changes;
}

/// Adds anomalies of one diff to a state.
class Anomalies
{
public:
    Anomalies(State& state, SeqNo seqno)
        : m_state(state)
        , m_prefix("v" + std::to_string(seqno.value()) + ": ")
    {
    }

    void add(const std::string& what)
    {
        if (m_state.anomalies.size() < kMaxKept)
            m_state.anomalies.push_back(m_prefix + what);
        else if (m_state.anomalies.size() == kMaxKept)
            m_state.anomalies.emplace_back("more did not fit, which is not listed");
    }

private:
    static constexpr std::size_t kMaxKept = 1000; // whoever follows a damaged shard for days gathers no end of them

    State& m_state;
    std::string m_prefix;
};

std::string keyText(SeqNo seqno)
{
    return " v" + std::to_string(seqno.value());
}
std::string keyText(const std::string& text)
{
    return " " + text;
}
std::string keyText(std::uint64_t number)
{
    return " " + std::to_string(number);
}
std::string keyText(SpineId id)
{
    return " " + textOf(id);
}

/// Values are equal but for what the strict rules leave out (persist-format §6.1).
template <typename Value>
bool matches(const Value& a, const Value& b)
{
    return a == b;
}

bool matches(const SpineBatch& a, const SpineBatch& b)
{
    return a.level == b.level && a.description == b.description && a.parts == b.parts;
}

bool matches(const BatchPtr& a, const BatchPtr& b)
{
    return sameContent(*a, *b);
}

template <typename Value>
void applySingle(Value& value, const std::vector<Change<Unit, Value>>& changes, const char* what, Anomalies& anomalies)
{
    for (const auto& change : changes) {
        if (change.type != ChangeType::Update)
            anomalies.add(std::string(what) + " is inserted or deleted, but always there");
        else if (!matches(value, *change.oldValue))
            anomalies.add(std::string(what) + " is not what the diff says it was");
        if (change.newValue)
            value = *change.newValue;
    }
}

template <typename Value>
void applyOptional(std::optional<Value>& value, const std::vector<Change<Unit, Value>>& changes, const char* what,
                   Anomalies& anomalies)
{
    for (const auto& change : changes) {
        if (value.has_value() != change.oldValue.has_value() || (value && !matches(*value, *change.oldValue)))
            anomalies.add(std::string(what) + " is not what the diff says it was");
        value = change.newValue;
    }
}

template <typename Key, typename Value>
void applyMap(std::map<Key, Value>& map, const std::vector<Change<Key, Value>>& changes, const char* what,
              Anomalies& anomalies)
{
    for (const auto& change : changes) {
        const auto found = map.find(change.key);
        const bool exists = found != map.end();
        const auto name = [&] { return what + keyText(change.key); };
        if (change.type == ChangeType::Insert && exists)
            anomalies.add(name() + " is inserted, but already there");
        else if (change.type != ChangeType::Insert && !exists)
            anomalies.add(name() + " is changed, but not there");
        else if (change.oldValue && !matches(found->second, *change.oldValue))
            anomalies.add(name() + " is not what the diff says it was");
        if (change.newValue)
            map.insert_or_assign(change.key, *change.newValue);
        else if (exists)
            map.erase(found);
    }
}

bool sameRaw(const HollowBatch& a, const HollowBatch& b)
{
    return a.raw.size() != 0 && inspector::textOf(a.raw.view()) == inspector::textOf(b.raw.view());
}

/// The same bounds and the same parts, whatever else differs: written by another version.
bool sameParts(const HollowBatch& a, const HollowBatch& b)
{
    return a.description.lower == b.description.lower && a.description.upper == b.description.upper
        && a.parts.size() == b.parts.size()
        && std::equal(a.parts.begin(), a.parts.end(), b.parts.begin(),
                      [](const BatchPart& x, const BatchPart& y) { return x.content == y.content; });
}

bool overlaps(const Description& a, const Description& b)
{
    return !a.isEmptyRange() && !b.isEmptyRange() && !lessEqual(a.upper, b.lower) && !lessEqual(b.upper, a.lower);
}

BatchPtr emptyBatch(Frontier lower, Frontier upper, Frontier since)
{
    auto batch = std::make_shared<HollowBatch>();
    batch->description = {lower, upper, since};
    return batch;
}

/// Takes `range` out of the empty batches that reach into it. Other batches stay.
void cutEmptyBatches(std::vector<BatchPtr>& batches, const Description& range)
{
    const auto isCut = [&](const BatchPtr& batch) { return batch->isEmpty() && overlaps(batch->description, range); };
    if (std::none_of(batches.begin(), batches.end(), isCut))
        return;
    std::vector<BatchPtr> kept;
    for (auto& batch : batches) {
        const auto& description = batch->description;
        if (!isCut(batch)) {
            kept.push_back(std::move(batch));
            continue;
        }
        if (!lessEqual(range.lower, description.lower))
            kept.push_back(emptyBatch(description.lower, range.lower, description.since));
        if (!lessEqual(description.upper, range.upper))
            kept.push_back(emptyBatch(range.upper, description.upper, description.since));
    }
    batches = std::move(kept);
}

/// Removes a batch by the four ways of persist-format §6.5. False when nothing fits.
bool removeLegacy(std::vector<BatchPtr>& batches, const HollowBatch& gone)
{
    using Same = bool (*)(const HollowBatch&, const HollowBatch&);
    for (const Same same : {Same(sameRaw), Same(sameContent), Same(sameParts)}) {
        const auto found =
            std::find_if(batches.begin(), batches.end(), [&](const BatchPtr& batch) { return same(*batch, gone); });
        if (found != batches.end()) {
            batches.erase(found);
            return true;
        }
    }
    if (!gone.isEmpty())
        return false;
    // Empty batches get fused and split differently by different processes: any that cover the range will do.
    Frontier covered = gone.description.lower;
    for (const auto& batch : batches)
        if (batch->isEmpty() && lessEqual(batch->description.lower, covered)
            && lessEqual(covered, batch->description.upper))
            covered = batch->description.upper;
    if (!lessEqual(gone.description.upper, covered))
        return false;
    cutEmptyBatches(batches, gone.description);
    return true;
}

void insertLegacy(std::vector<BatchPtr>& batches, const BatchPtr& fresh, Anomalies& anomalies)
{
    const auto& description = fresh->description;
    cutEmptyBatches(batches, description);
    const auto replaced = [&](const BatchPtr& batch) {
        if (!overlaps(batch->description, description))
            return false;
        const bool isInside = lessEqual(description.lower, batch->description.lower)
            && lessEqual(batch->description.upper, description.upper);
        anomalies.add("batch " + textOf(description) + " is inserted over " + textOf(batch->description)
                      + (isInside ? ", which it replaces" : ", which it only covers in part"));
        return isInside;
    };
    batches.erase(std::remove_if(batches.begin(), batches.end(), replaced), batches.end());
    batches.insert(std::upper_bound(batches.begin(), batches.end(), fresh, BatchOrder()), fresh);
}

void applyLegacy(std::vector<BatchPtr>& batches, const std::vector<Change<BatchPtr, Unit>>& changes,
                 Anomalies& anomalies)
{
    // All deletions first: a diff lists the changes of the set in the order of the batches, not in that of time.
    for (const auto& change : changes)
        if (change.type == ChangeType::Delete && !removeLegacy(batches, *change.key))
            anomalies.add("batch " + textOf(change.key->description) + " is deleted, but not there");
    for (const auto& change : changes)
        if (change.type == ChangeType::Insert)
            insertLegacy(batches, change.key, anomalies);
}

} // namespace

Result<> apply(State& state, const StateDiff& diff)
{
    if (diff.seqnoTo == state.seqno)
        return {};
    if (diff.seqnoFrom != state.seqno)
        return fail(ErrorCode::Corrupt,
                    "the diff to v" + std::to_string(diff.seqnoTo.value()) + " starts from v"
                        + std::to_string(diff.seqnoFrom.value()) + ", but the state is at v"
                        + std::to_string(state.seqno.value()));
    INSPECTOR_TRY(const auto changes, decodeChanges(diff));

    state.seqno = diff.seqnoTo;
    state.walltimeMs = diff.walltimeMs;
    Anomalies anomalies(state, diff.seqnoTo);
    // The recorded old host name is known to be wrong at times (persist-format §6.1).
    for (const auto& change : changes.hostname)
        if (change.newValue)
            state.hostname = *change.newValue;
    state.applierVersion = diff.applierVersion;

    applyMap(state.rollups, changes.rollups, "rollup", anomalies);
    applySingle(state.lastGcReq, changes.lastGcReq, "last_gc_req", anomalies);
    applyOptional(state.activeRollup, changes.activeRollup, "active_rollup", anomalies);
    applyOptional(state.activeGc, changes.activeGc, "active_gc", anomalies);
    applyMap(state.leasedReaders, changes.leasedReaders, "leased reader", anomalies);
    applyMap(state.criticalReaders, changes.criticalReaders, "critical reader", anomalies);
    applyMap(state.writers, changes.writers, "writer", anomalies);
    applyMap(state.schemas, changes.schemas, "schema", anomalies);

    applySingle(state.trace.since, changes.since, "since", anomalies);
    applyLegacy(state.trace.legacyBatches, changes.legacyBatches, anomalies);
    applyMap(state.trace.hollowBatches, changes.hollowBatches, "hollow batch", anomalies);
    applyMap(state.trace.spineBatches, changes.spineBatches, "spine batch", anomalies);
    applyMap(state.trace.merges, changes.merges, "merge", anomalies);

    for (const auto field : changes.unknownFields)
        anomalies.add("a change of the unknown field " + std::to_string(field) + " is skipped");
    state.possiblyIncomplete = state.possiblyIncomplete || !changes.unknownFields.empty();
    return {};
}

} // namespace inspector::persist
