#include "core/machine/state_encoder.h"
#include "core/persist/decode.h"

#include <algorithm>
#include <compare>
#include <optional>
#include <tuple>

namespace inspector::machine {

namespace {

using namespace persist;

struct CompareContent
{
    const BatchPart& other; ///< of the same kind

    std::strong_ordering operator()(const BlobPart& part) const
    {
        return part.key <=> std::get<BlobPart>(other.content).key;
    }
    std::strong_ordering operator()(const InlinePart& part) const
    {
        return inspector::textOf(part.bytes.view())
            <=> inspector::textOf(std::get<InlinePart>(other.content).bytes.view());
    }
    std::strong_ordering operator()(const RunRef& part) const
    {
        const auto& ref = std::get<RunRef>(other.content);
        return std::tie(part.key, part.maxPartBytes) <=> std::tie(ref.key, ref.maxPartBytes);
    }
};

/// Blob parts before inline parts before run references, which is the order of the variant; then by content.
std::strong_ordering compare(const BatchPart& a, const BatchPart& b)
{
    if (const auto order = a.content.index() <=> b.content.index(); order != 0)
        return order;
    if (const auto order = std::visit(CompareContent {b}, a.content); order != 0)
        return order;
    const auto formatOf = [](const BatchPart& part) {
        return part.format ? std::optional(std::pair(part.format->kind, part.format->migration)) : std::nullopt;
    };
    const auto aFormat = formatOf(a);
    const auto bFormat = formatOf(b);
    const auto fields = [](const BatchPart& part, const auto& format) {
        return std::tie(part.encodedSizeBytes, part.keyLower, part.structuredKeyLower, part.keyStats, part.tsRewrite,
                        part.diffsSum, format, part.schemaId, part.deprecatedSchemaId, part.metadata);
    };
    return fields(a, aFormat) <=> fields(b, bFormat);
}

std::strong_ordering compare(const RunMeta& a, const RunMeta& b)
{
    const auto fields = [](const RunMeta& meta) {
        return std::tie(meta.order, meta.schemaId, meta.deprecatedSchemaId, meta.id, meta.length, meta.meta);
    };
    return fields(a) <=> fields(b);
}

template <typename Value>
std::strong_ordering compare(const std::vector<Value>& a, const std::vector<Value>& b)
{
    return std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end(),
                                                  [](const Value& x, const Value& y) { return compare(x, y); });
}

/// The order in which legacy batches stand in a diff and in a rollup (persist-write-protocol §5.3): by bounds, an empty
/// antichain before any time, then by parts. What the format leaves open, two inline parts of equal bounds, is settled
/// by their bytes. Equal only for equal content.
std::strong_ordering compare(const BatchPtr& a, const BatchPtr& b)
{
    if (a == b)
        return std::strong_ordering::equal;
    const auto bounds = [](const HollowBatch& batch) {
        return std::tie(batch.description.lower, batch.description.upper, batch.description.since);
    };
    if (const auto order = bounds(*a) <=> bounds(*b); order != 0)
        return order;
    if (const auto order = compare(a->parts, b->parts); order != 0)
        return order;
    if (const auto order = std::tie(a->length, a->runs) <=> std::tie(b->length, b->runs); order != 0)
        return order;
    return compare(a->runMeta, b->runMeta);
}

/// The equalities of persist-write-protocol §5.5.
template <typename Value>
bool isSame(const Value& a, const Value& b)
{
    return a == b;
}

bool isSame(const BatchPtr& a, const BatchPtr& b)
{
    return a == b || sameContent(*a, *b);
}

bool isSame(const SpineBatch& a, const SpineBatch& b)
{
    return a.level == b.level && a.description == b.description && a.parts == b.parts;
}

/// How the keys and values of one field are encoded.
template <typename Key, typename Value>
struct FieldCodec
{
    StateField field;
    const char* name;
    SharedBytes (*encodeKey)(const Key&);
    SharedBytes (*encodeValue)(const Value&);
    Result<Value> (*decodeValue)(const SharedBytes&);
};

/// The key of what is there once.
struct Single
{
};

using machine::rawKeyOf;

std::string rawKeyOf(Single /*key*/)
{
    return {};
}

SharedBytes encodeSingle(const Single& /*key*/)
{
    return {};
}
SharedBytes encodeSeqNo(const SeqNo& seqno)
{
    return encodeU64Slice(seqno.value());
}
SharedBytes encodeNumber(const std::uint64_t& number)
{
    return encodeU64Slice(number);
}
SharedBytes encodeId(const SpineId& id)
{
    return encodeSpineId(id);
}
SharedBytes encodeStoredBatch(const BatchPtr& batch)
{
    return storedOrEncoded(*batch);
}

/// Gathers the changes between two states in the order in which they are stored.
class Differ
{
public:
    explicit Differ(const RawEntries& raw)
        : m_raw(raw)
    {
    }

    template <typename Key, typename Value>
    Result<> insert(const FieldCodec<Key, Value>& codec, const Key& key, const Value& value)
    {
        m_changes.push_back({codec.field, ChangeType::Insert, codec.encodeKey(key), {}, codec.encodeValue(value)});
        return {};
    }

    template <typename Key, typename Value>
    Result<> update(const FieldCodec<Key, Value>& codec, const Key& key, const Value& before, const Value& after)
    {
        INSPECTOR_TRY(const auto* stored, storedEntry(codec, key, before));
        m_changes.push_back({codec.field, ChangeType::Update, stored->key, stored->value, codec.encodeValue(after)});
        return {};
    }

    template <typename Key, typename Value>
    Result<> erase(const FieldCodec<Key, Value>& codec, const Key& key, const Value& before)
    {
        INSPECTOR_TRY(const auto* stored, storedEntry(codec, key, before));
        m_changes.push_back({codec.field, ChangeType::Delete, stored->key, stored->value, {}});
        return {};
    }

    template <typename Value>
    Result<> single(const FieldCodec<Single, Value>& codec, const Value& before, const Value& after)
    {
        return isSame(before, after) ? Result<>() : update(codec, Single(), before, after);
    }

    template <typename Value>
    Result<> optional(const FieldCodec<Single, Value>& codec, const std::optional<Value>& before,
                      const std::optional<Value>& after)
    {
        if (before && after)
            return single(codec, *before, *after);
        if (before)
            return erase(codec, Single(), *before);
        return after ? insert(codec, Single(), *after) : Result<>();
    }

    template <typename Key, typename Value>
    Result<> map(const FieldCodec<Key, Value>& codec, const std::map<Key, Value>& before,
                 const std::map<Key, Value>& after)
    {
        auto old = before.begin();
        auto next = after.begin();
        while (old != before.end() || next != after.end()) {
            if (next == after.end() || (old != before.end() && old->first < next->first)) {
                INSPECTOR_CHECK(erase(codec, old->first, old->second));
                ++old;
            } else if (old == before.end() || next->first < old->first) {
                INSPECTOR_CHECK(insert(codec, next->first, next->second));
                ++next;
            } else {
                if (!isSame(old->second, next->second))
                    INSPECTOR_CHECK(update(codec, old->first, old->second, next->second));
                ++old;
                ++next;
            }
        }
        return {};
    }

    Result<> legacyBatches(std::vector<BatchPtr> before, std::vector<BatchPtr> after)
    {
        sortLegacyBatches(before);
        sortLegacyBatches(after);
        auto old = before.begin();
        auto next = after.begin();
        while (old != before.end() || next != after.end()) {
            const auto order = old == before.end() ? std::strong_ordering::greater
                : next == after.end()              ? std::strong_ordering::less
                                                   : compare(*old, *next);
            if (order < 0) {
                const auto* stored = m_raw.find(StateField::LegacyBatches, rawKeyOf(**old));
                if (stored == nullptr)
                    return doesNotFit("batch " + persist::textOf((*old)->description));
                m_changes.push_back({StateField::LegacyBatches, ChangeType::Delete, stored->key, {}, {}});
            } else if (order > 0) {
                m_changes.push_back({StateField::LegacyBatches, ChangeType::Insert, storedOrEncoded(**next), {}, {}});
            }
            if (order <= 0)
                ++old;
            if (order >= 0)
                ++next;
        }
        return {};
    }

    [[nodiscard]] std::vector<FieldDiff> take() { return std::move(m_changes); }

private:
    static tl::unexpected<Error> doesNotFit(const std::string& what)
    {
        return fail(ErrorCode::Internal, "the stored bytes of " + what + " are not those of the state to write after");
    }

    template <typename Key, typename Value>
    Result<const RawEntries::Entry*> storedEntry(const FieldCodec<Key, Value>& codec, const Key& key,
                                                 const Value& before) const
    {
        const auto* entry = m_raw.find(codec.field, rawKeyOf(key));
        if (entry == nullptr)
            return doesNotFit(codec.name);
        const auto stored = codec.decodeValue(entry->value);
        if (!stored || !isSame(*stored, before))
            return doesNotFit(codec.name);
        return entry;
    }

    const RawEntries& m_raw;
    std::vector<FieldDiff> m_changes;
};

constexpr FieldCodec<Single, std::string> kHostname {StateField::Hostname, "the host name", encodeSingle,
                                                     encodeTextSlice, decodeTextSlice};
constexpr FieldCodec<Single, std::uint64_t> kLastGcReq {StateField::LastGcReq, "last_gc_req", encodeSingle,
                                                        encodeNumber, decodeU64Slice};
constexpr FieldCodec<SeqNo, HollowRollup> kRollups {StateField::Rollups, "a rollup", encodeSeqNo, encodeHollowRollup,
                                                    decodeHollowRollup};
constexpr FieldCodec<Single, ActiveTask> kActiveRollup {StateField::ActiveRollup, "active_rollup", encodeSingle,
                                                        encodeActiveTask, decodeActiveTask};
constexpr FieldCodec<Single, ActiveTask> kActiveGc {StateField::ActiveGc, "active_gc", encodeSingle, encodeActiveTask,
                                                    decodeActiveTask};
constexpr FieldCodec<std::string, LeasedReader> kLeasedReaders {
    StateField::LeasedReaders, "a leased reader", encodeTextSlice, encodeLeasedReader, decodeLeasedReader};
constexpr FieldCodec<std::string, CriticalReader> kCriticalReaders {
    StateField::CriticalReaders, "a critical reader", encodeTextSlice, encodeCriticalReader, decodeCriticalReader};
constexpr FieldCodec<std::string, Writer> kWriters {StateField::Writers, "a writer", encodeTextSlice, encodeWriter,
                                                    decodeWriter};
constexpr FieldCodec<std::uint64_t, EncodedSchemas> kSchemas {StateField::Schemas, "a schema", encodeNumber,
                                                              encodeSchemas, decodeSchemas};
constexpr FieldCodec<Single, Frontier> kSince {StateField::Since, "since", encodeSingle, encodeFrontier,
                                               decodeFrontier};
constexpr FieldCodec<SpineId, BatchPtr> kHollowBatches {StateField::HollowBatches, "a hollow batch", encodeId,
                                                        encodeStoredBatch, decodeBatch};
constexpr FieldCodec<SpineId, SpineBatch> kSpineBatches {StateField::SpineBatches, "a spine batch", encodeId,
                                                         encodeSpineBatch, decodeSpineBatch};
constexpr FieldCodec<SpineId, Merge> kMerges {StateField::SpineMerges, "a merge", encodeId, encodeMerge, decodeMerge};

} // namespace

void sortLegacyBatches(std::vector<BatchPtr>& batches)
{
    std::sort(batches.begin(), batches.end(), [](const BatchPtr& a, const BatchPtr& b) { return compare(a, b) < 0; });
}

Result<StateDiff> differenceOf(const State& before, const RawEntries& raw, const State& after)
{
    if (before.shardId != after.shardId || before.keyCodec != after.keyCodec || before.valCodec != after.valCodec
        || before.tsCodec != after.tsCodec || before.diffCodec != after.diffCodec)
        return fail(ErrorCode::Internal,
                    "a shard's id and codecs never change, but those of " + before.shardId + " would");

    StateDiff diff;
    diff.applierVersion = after.applierVersion;
    diff.seqnoFrom = before.seqno;
    diff.seqnoTo = after.seqno;
    diff.walltimeMs = after.walltimeMs;
    if (!after.rollups.empty())
        diff.latestRollupKey = after.rollups.rbegin()->second.key;

    Differ differ(raw);
    INSPECTOR_CHECK(differ.single(kHostname, before.hostname, after.hostname));
    INSPECTOR_CHECK(differ.single(kLastGcReq, before.lastGcReq, after.lastGcReq));
    INSPECTOR_CHECK(differ.map(kRollups, before.rollups, after.rollups));
    INSPECTOR_CHECK(differ.optional(kActiveRollup, before.activeRollup, after.activeRollup));
    INSPECTOR_CHECK(differ.optional(kActiveGc, before.activeGc, after.activeGc));
    INSPECTOR_CHECK(differ.map(kLeasedReaders, before.leasedReaders, after.leasedReaders));
    INSPECTOR_CHECK(differ.map(kCriticalReaders, before.criticalReaders, after.criticalReaders));
    INSPECTOR_CHECK(differ.map(kWriters, before.writers, after.writers));
    INSPECTOR_CHECK(differ.map(kSchemas, before.schemas, after.schemas));
    INSPECTOR_CHECK(differ.single(kSince, before.trace.since, after.trace.since));
    INSPECTOR_CHECK(differ.legacyBatches(before.trace.legacyBatches, after.trace.legacyBatches));
    INSPECTOR_CHECK(differ.map(kHollowBatches, before.trace.hollowBatches, after.trace.hollowBatches));
    INSPECTOR_CHECK(differ.map(kSpineBatches, before.trace.spineBatches, after.trace.spineBatches));
    INSPECTOR_CHECK(differ.map(kMerges, before.trace.merges, after.trace.merges));
    diff.changes = differ.take();
    return diff;
}

} // namespace inspector::machine
