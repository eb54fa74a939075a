#pragma once

#include "core/persist/decode.h"
#include "tests/core/machine/stored_shard.h"

#include <QtGlobal>

#include <functional>

namespace inspector::machine::test {

/// Calls `visit` with every state that is still to be had, the oldest first. Ends the program when the log has a hole.
inline void visitStates(const StoredShard& shard, const std::function<void(const persist::State&)>& visit)
{
    auto rollup = persist::decodeRollup(shard.rollups.begin()->second);
    if (!rollup)
        qFatal("%s", rollup.error().describe().c_str());
    auto state = std::move(rollup->state);
    for (visit(state); state.seqno < shard.versions.rbegin()->first; visit(state)) {
        const auto version = shard.versions.find(state.seqno.next());
        if (version == shard.versions.end())
            qFatal("no version after v%llu", static_cast<unsigned long long>(state.seqno.value()));
        const auto diff = persist::decodeStateDiff(version->second);
        if (!diff || !persist::apply(state, *diff) || !state.anomalies.empty())
            qFatal("the log breaks after v%llu", static_cast<unsigned long long>(state.seqno.value()));
    }
}

} // namespace inspector::machine::test
