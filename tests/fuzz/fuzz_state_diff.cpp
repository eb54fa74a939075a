#include "core/persist/decode.h"
#include "core/persist/spine.h"
#include "core/persist/state_json.h"

#include <cstdint>
#include <cstdlib>
#include <span>

/// Any bytes at all: a state diff is decoded or refused, its slices lie within it, and it changes a state whole or not
/// at all.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace inspector;
    const auto diff = persist::decodeStateDiff(SharedBytes::copyOf(std::as_bytes(std::span(data, size))));
    if (!diff)
        return 0;
    std::size_t slices = 0;
    for (const auto& change : diff->changes)
        slices += change.key.size() + change.oldValue.size() + change.newValue.size();
    if (slices > size)
        std::abort();

    persist::State state;
    state.seqno = diff->seqnoFrom;
    const auto before = persist::stateJson(state, persist::JsonLayout::Compact);
    (void)persist::describeChange(*diff, state.upper());
    const auto applied = persist::apply(state, *diff);
    if (!applied && persist::stateJson(state, persist::JsonLayout::Compact) != before)
        std::abort();
    if (applied && state.seqno != diff->seqnoTo)
        std::abort();
    // A second time there is nothing left to do.
    const auto once = persist::stateJson(state, persist::JsonLayout::Compact);
    if (applied && (!persist::apply(state, *diff) || persist::stateJson(state, persist::JsonLayout::Compact) != once))
        std::abort();
    (void)persist::buildSpine(state.trace);
    (void)state.tilingProblem();
    return 0;
}
