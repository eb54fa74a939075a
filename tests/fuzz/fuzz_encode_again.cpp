#include "core/machine/state_encoder.h"
#include "core/persist/decode.h"
#include "core/persist/state_json.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>

namespace {

using namespace inspector;
using namespace inspector::persist;

void require(bool holds)
{
    if (!holds)
        std::abort();
}

bool same(const SharedBytes& a, const SharedBytes& b)
{
    return inspector::textOf(a.view()) == inspector::textOf(b.view());
}

/// A value that decodes, encodes and decodes to the same value; encoding that gives the same bytes.
template <typename Value, typename Encode, typename Same>
void comesBack(Result<Value> (*decode)(const SharedBytes&), const SharedBytes& slice, Encode encode, Same isSame)
{
    const auto value = decode(slice);
    if (!value)
        return;
    const SharedBytes bytes = encode(*value);
    const auto again = decode(bytes);
    require(again.has_value() && isSame(*value, *again) && same(encode(*again), bytes));
}

/// The slice as whatever it may be.
void everyMessageComesBack(const SharedBytes& slice)
{
    const auto equal = [](const auto& a, const auto& b) { return a == b; };
    const auto sameBatch = [](const BatchPtr& a, const BatchPtr& b) { return sameContent(*a, *b); };
    comesBack(decodeU64Slice, slice, machine::encodeU64Slice, equal);
    comesBack(decodeTextSlice, slice, machine::encodeTextSlice, equal);
    comesBack(decodeFrontier, slice, machine::encodeFrontier, equal);
    comesBack(decodeSpineId, slice, machine::encodeSpineId, equal);
    comesBack(decodeSpineBatch, slice, machine::encodeSpineBatch, equal);
    comesBack(decodeMerge, slice, machine::encodeMerge, equal);
    comesBack(decodeHollowRollup, slice, machine::encodeHollowRollup, equal);
    comesBack(decodeLeasedReader, slice, machine::encodeLeasedReader, equal);
    comesBack(decodeCriticalReader, slice, machine::encodeCriticalReader, equal);
    comesBack(decodeWriter, slice, machine::encodeWriter, equal);
    comesBack(decodeSchemas, slice, machine::encodeSchemas, equal);
    comesBack(decodeActiveTask, slice, machine::encodeActiveTask, equal);
    comesBack(
        decodeBatch, slice, [](const BatchPtr& batch) { return machine::encodeBatch(*batch); }, sameBatch);
    comesBack(
        decodeBatch, slice, [](const BatchPtr& batch) { return machine::storedOrEncoded(*batch); }, sameBatch);
}

void stateDiffComesBack(const SharedBytes& bytes)
{
    const auto diff = decodeStateDiff(bytes);
    if (!diff)
        return;
    const auto encoded = machine::encodeStateDiff(*diff);
    const auto again = decodeStateDiff(encoded);
    require(again.has_value() && same(machine::encodeStateDiff(*again), encoded));
    require(again->applierVersion == diff->applierVersion && again->latestRollupKey == diff->latestRollupKey
            && again->seqnoFrom == diff->seqnoFrom && again->seqnoTo == diff->seqnoTo
            && again->walltimeMs == diff->walltimeMs && again->changes.size() == diff->changes.size());
    for (std::size_t i = 0; i < diff->changes.size(); ++i) {
        const auto& a = diff->changes[i];
        const auto& b = again->changes[i];
        require(a.field == b.field && a.type == b.type && same(a.key, b.key) && same(a.oldValue, b.oldValue)
                && same(a.newValue, b.newValue));
        for (const auto* slice : {&a.key, &a.oldValue, &a.newValue})
            everyMessageComesBack(*slice);
    }
    machine::RawEntries raw;
    (void)raw.apply(*diff);
}

/// The content of a state: where a state is told as text, batches are told in the order in which they are held.
std::string contentOf(State state)
{
    machine::sortLegacyBatches(state.trace.legacyBatches);
    return stateJson(state, JsonLayout::Compact);
}

/// Follows the diffs that the rollup repeats, as far as the strict rules allow, and makes each from its states.
void differencesLeadOn(State state, machine::RawEntries raw, const InlinedDiffs& diffs)
{
    for (const auto& version : diffs.diffs) {
        const auto stored = decodeStateDiff(version.data);
        if (!stored)
            return;
        auto next = state;
        next.seqno = stored->seqnoFrom;
        next.anomalies.clear();
        const auto before = next;
        if (!apply(next, *stored) || !next.anomalies.empty() || next.possiblyIncomplete || !raw.apply(*stored))
            return;
        const auto made = machine::differenceOf(before, machine::RawEntries::ofState(before), next);
        if (!made)
            return;
        auto reached = before;
        const auto decoded = decodeStateDiff(machine::encodeStateDiff(*made));
        require(decoded.has_value() && apply(reached, *decoded).has_value());
        state = std::move(next);
    }
}

void rollupComesBack(const SharedBytes& bytes)
{
    const auto rollup = decodeRollup(bytes);
    if (!rollup)
        return;
    const auto raw = machine::RawEntries::ofRollup(*rollup);
    require(raw.has_value());
    const auto diffs = rollup->diffs.value_or(InlinedDiffs());
    const auto content = contentOf(rollup->state);
    for (const auto& entries : {*raw, machine::RawEntries(), machine::RawEntries::ofState(rollup->state)}) {
        const auto encoded = machine::encodeRollup(rollup->state, entries, diffs);
        const auto again = decodeRollup(encoded);
        require(again.has_value() && contentOf(again->state) == content && again->diffs.has_value());
        require(again->diffs->lower == diffs.lower && again->diffs->upper == diffs.upper
                && std::equal(again->diffs->diffs.begin(), again->diffs->diffs.end(), diffs.diffs.begin(),
                              diffs.diffs.end(),
                              [](const auto& a, const auto& b) { return a.seqno == b.seqno && same(a.data, b.data); }));
        const auto rawAgain = machine::RawEntries::ofRollup(*again);
        require(rawAgain.has_value() && same(machine::encodeRollup(again->state, *rawAgain, diffs), encoded));
    }
    differencesLeadOn(rollup->state, *raw, diffs);
}

} // namespace

/// Any bytes at all: what the decoders accept, the encoders make again, and it says the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const auto bytes = SharedBytes::copyOf(std::as_bytes(std::span(data, size)));
    stateDiffComesBack(bytes);
    rollupComesBack(bytes);
    everyMessageComesBack(bytes);
    return 0;
}
