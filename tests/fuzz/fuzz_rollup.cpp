#include "core/persist/decode.h"
#include "core/persist/spine.h"
#include "core/persist/state_json.h"

#include <cstdint>
#include <cstdlib>
#include <span>

/// Any bytes at all: a rollup is decoded or refused; what is decoded can be shown, checked, and carried on with the
/// diffs that it repeats.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace inspector;
    const auto rollup = persist::decodeRollup(SharedBytes::copyOf(std::as_bytes(std::span(data, size))));
    if (!rollup)
        return 0;
    const auto& state = rollup->state;
    const auto json = persist::stateJson(state, persist::JsonLayout::Compact);
    if (json.empty() || json.front() != '{' || json.back() != '}')
        std::abort();
    const auto spine = persist::buildSpine(state.trace);
    if (spine.levels.size() > 256 || spine.batches.size() > size)
        std::abort();
    if (state.isTombstone() && state.upper())
        std::abort();
    (void)state.tilingProblem();
    (void)persist::rollupsJson({{"v1/r", *rollup}});
    if (!rollup->diffs)
        return 0;
    auto next = state;
    for (const auto& version : rollup->diffs->diffs) {
        const auto diff = persist::decodeStateDiff(version.data);
        if (!diff)
            continue;
        next.seqno = diff->seqnoFrom;
        (void)persist::apply(next, *diff);
    }
    (void)persist::buildSpine(next.trace);
    return 0;
}
