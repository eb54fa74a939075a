#include "tests/core/machine/random_state.h"

#include "core/machine/state_encoder.h"
#include "tests/core/machine/stored_shard.h"

#include <limits>

namespace inspector::machine::test {

using namespace persist;

std::string RandomState::text()
{
    std::string text(below(4) == 0 ? 0 : below(12), 'a');
    for (auto& letter : text)
        letter = static_cast<char>(chance(90) ? 'a' + below(26) : below(256));
    return text;
}

std::uint64_t RandomState::number()
{
    switch (below(5)) {
    case 0:
        return 0;
    case 1:
        return std::numeric_limits<std::uint64_t>::max();
    case 2:
        return m_random();
    default:
        return below(200);
    }
}

Frontier RandomState::frontier()
{
    return chance(15) ? Frontier() : Frontier(Timestamp(number()));
}

Description RandomState::description()
{
    return {Timestamp(number()), frontier(), frontier()};
}

Metadata RandomState::metadata()
{
    Metadata metadata;
    for (auto left = chance(70) ? 0 : below(3); left > 0; --left)
        metadata.emplace_back(text(), text());
    return metadata;
}

std::optional<DebugState> RandomState::debug()
{
    return maybe([&] { return DebugState {text(), text()}; });
}

BatchPart RandomState::part()
{
    BatchPart part;
    switch (below(3)) {
    case 0:
        part.content = BlobPart {text()};
        break;
    case 1:
        part.content = InlinePart {SharedBytes::copyOf(bytesOf(text()))};
        break;
    default:
        part.content = RunRef {text(), number()};
    }
    part.tsRewrite = maybe([&] { return frontier(); });
    part.encodedSizeBytes = number();
    part.keyLower = text();
    part.structuredKeyLower = maybe([&] { return text(); });
    part.diffsSum = maybe([&] { return static_cast<std::int64_t>(number()); });
    part.format = maybe([&] {
        const auto kind = static_cast<ClaimedFormat::Kind>(below(3));
        return ClaimedFormat {kind, kind == ClaimedFormat::Kind::RowAndColumnar ? number() : 0};
    });
    part.schemaId = maybe([&] { return number(); });
    part.deprecatedSchemaId = maybe([&] { return number(); });
    part.metadata = metadata();
    part.keyStats = maybe([&] { return text(); });
    return part;
}

RunMeta RandomState::runMeta()
{
    RunMeta meta;
    meta.order = static_cast<std::int32_t>(below(5));
    meta.schemaId = maybe([&] { return number(); });
    meta.deprecatedSchemaId = maybe([&] { return number(); });
    meta.id = maybe([&] { return text(); });
    meta.length = maybe([&] { return number(); });
    meta.meta = metadata();
    return meta;
}

HollowBatch RandomState::batch(Frontier lower, Frontier upper)
{
    HollowBatch batch;
    batch.description = {lower, upper, frontier()};
    for (auto left = below(3); left > 0; --left)
        batch.parts.push_back(part());
    batch.length = number();
    for (auto left = below(3); left > 0; --left)
        batch.runs.push_back(number());
    for (auto left = below(3); left > 0; --left)
        batch.runMeta.push_back(runMeta());
    return batch;
}

SpineId RandomState::spineId()
{
    const auto lo = below(20);
    return {lo, lo + 1 + below(3)};
}

SpineBatch RandomState::spineBatch()
{
    SpineBatch batch;
    batch.level = number();
    batch.description = description();
    for (auto left = below(3); left > 0; --left) {
        batch.parts.push_back(spineId());
        if (chance(70))
            batch.descriptions.push_back(description());
    }
    return batch;
}

Merge RandomState::merge()
{
    return {frontier(), number(), maybe([&] { return number(); })};
}

HollowRollup RandomState::hollowRollup()
{
    return {text(), maybe([&] { return number(); })};
}

LeasedReader RandomState::leasedReader()
{
    return {frontier(), SeqNo(number()), number(), number(), debug()};
}

CriticalReader RandomState::criticalReader()
{
    return {frontier(), static_cast<std::int64_t>(number()), text(), debug()};
}

Writer RandomState::writer()
{
    return {number(), number(), text(), maybe([&] { return frontier(); }), debug()};
}

EncodedSchemas RandomState::schemas()
{
    return {text(), text(), text(), text()};
}

ActiveTask RandomState::activeTask()
{
    return {SeqNo(number()), number()};
}

template <typename Key, typename Value, typename MakeKey, typename MakeValue>
void RandomState::stir(std::map<Key, Value>& map, MakeKey makeKey, MakeValue makeValue)
{
    for (auto entry = map.begin(); entry != map.end();) {
        if (chance(20)) {
            entry = map.erase(entry);
            continue;
        }
        if (chance(20))
            entry->second = makeValue();
        ++entry;
    }
    for (auto left = below(3); left > 0; --left)
        map.insert_or_assign(makeKey(), makeValue());
}

void RandomState::stirBatches(std::vector<BatchPtr>& batches)
{
    // A compaction puts one batch in the place of neighbours, or of one.
    if (!batches.empty() && chance(40)) {
        const auto first = below(batches.size());
        const auto last = first + below(batches.size() - first);
        const auto lower = batches[first]->description.lower;
        const auto upper = batches[last]->description.upper;
        batches.erase(batches.begin() + static_cast<std::ptrdiff_t>(first),
                      batches.begin() + static_cast<std::ptrdiff_t>(last) + 1);
        batches.insert(batches.begin() + static_cast<std::ptrdiff_t>(first),
                       std::make_shared<HollowBatch>(batch(lower, upper)));
    }
    for (auto left = below(4); left > 0; --left) {
        const auto lower = batches.empty() ? Frontier(Timestamp()) : batches.back()->description.upper;
        if (!lower)
            return; // nothing comes after the end of time
        const auto upper = chance(3) ? Frontier() : Frontier(Timestamp(lower->value() + 1 + below(5)));
        batches.push_back(std::make_shared<HollowBatch>(batch(lower, upper)));
    }
}

void RandomState::stirEntries(State& state)
{
    const auto aText = [&] { return text(); };
    const auto anId = [&] { return spineId(); };
    if (chance(30))
        state.hostname = text();
    if (chance(30))
        state.lastGcReq = number();
    if (chance(30))
        state.activeRollup = maybe([&] { return activeTask(); });
    if (chance(30))
        state.activeGc = maybe([&] { return activeTask(); });
    stir(
        state.rollups, [&] { return SeqNo(number()); }, [&] { return hollowRollup(); });
    stir(state.leasedReaders, aText, [&] { return leasedReader(); });
    stir(state.criticalReaders, aText, [&] { return criticalReader(); });
    stir(state.writers, aText, [&] { return writer(); });
    stir(
        state.schemas, [&] { return number(); }, [&] { return schemas(); });
    if (chance(30))
        state.trace.since = frontier();
    stirBatches(state.trace.legacyBatches);
    stir(state.trace.hollowBatches, anId, [&] {
        const Frontier time = Timestamp(number());
        return BatchPtr(std::make_shared<HollowBatch>(batch(time, time)));
    });
    stir(state.trace.spineBatches, anId, [&] { return spineBatch(); });
    stir(state.trace.merges, anId, [&] { return merge(); });
}

State RandomState::state()
{
    State state;
    state.applierVersion = text();
    state.shardId = text();
    state.keyCodec = text();
    state.valCodec = text();
    state.tsCodec = text();
    state.diffCodec = text();
    state.seqno = SeqNo(below(1000));
    state.walltimeMs = number();
    stirEntries(state);
    stirEntries(state);
    return state;
}

State RandomState::successorOf(const State& state)
{
    State next = state;
    next.seqno = state.seqno.next();
    next.walltimeMs = number();
    if (chance(10))
        next.applierVersion = text();
    stirEntries(next);
    return next;
}

std::string contentOf(State state)
{
    return text(encodeRollup(withoutStoredBytes(std::move(state)), RawEntries(), {}));
}

} // namespace inspector::machine::test
