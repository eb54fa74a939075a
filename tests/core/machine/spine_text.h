#pragma once

#include "core/machine/layered_spine.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>

namespace inspector::machine::tests {

inline std::string shortId(persist::SpineId id)
{
    return std::to_string(id.lo) + "-" + std::to_string(id.hi);
}

inline std::string shortRange(const persist::Description& description)
{
    return "[" + persist::textOf(description.lower) + "," + persist::textOf(description.upper) + ")@"
        + persist::textOf(description.since);
}

/// The spine in the notation of persist-write-protocol §10.10, merges last: "0-2@L1/2(0-1,1-2) 2-3@L0/1 | M 2-4 1".
/// Members are shown where there are several; what is claimed has "c START_MS".
inline std::string shown(const LayeredSpine& spine)
{
    std::string batches;
    std::map<persist::SpineId, std::uint64_t> merges;
    for (std::size_t number = spine.levels().size(); number-- > 0;) {
        const auto& level = spine.levels()[number];
        for (const auto& batch : level.batches) {
            batches += batches.empty() ? "" : " ";
            batches += shortId(batch.id) + "@L" + std::to_string(number) + "/" + std::to_string(batch.length);
            if (batch.members.size() > 1) {
                std::string members;
                for (const auto& [id, member] : batch.members)
                    members += (members.empty() ? "" : ",") + shortId(id);
                batches += "(" + members + ")";
            }
            if (batch.compactionStartMs)
                batches += "c" + std::to_string(*batch.compactionStartMs);
        }
        if (level.merge)
            merges[{level.batches.front().id.lo, level.batches.back().id.hi}] = level.merge->remainingWork;
    }
    for (const auto& [id, work] : merges)
        batches += (id == merges.begin()->first ? " | M " : ", M ") + shortId(id) + " " + std::to_string(work);
    return batches;
}

inline std::string shownRequests(const std::vector<MergeRequest>& requests)
{
    std::string text;
    for (const auto& request : requests)
        text += (text.empty() ? "" : " ") + shortId(request.id);
    return text;
}

/// Nothing, or the first difference of two flat forms, by the equalities that decide what a diff carries
/// (persist-write-protocol §5.5): the listed descriptions of members are not looked at.
inline std::string firstDifference(const persist::Trace& a, const persist::Trace& b)
{
    if (a.since != b.since)
        return "since " + persist::textOf(a.since) + " and " + persist::textOf(b.since);
    for (std::size_t i = 0; i < std::max(a.legacyBatches.size(), b.legacyBatches.size()); ++i) {
        const auto name = [&](const persist::Trace& trace) {
            return i < trace.legacyBatches.size() ? shortRange(trace.legacyBatches[i]->description) : "nothing";
        };
        if (i >= a.legacyBatches.size() || i >= b.legacyBatches.size()
            || !persist::sameContent(*a.legacyBatches[i], *b.legacyBatches[i]))
            return "legacy batch " + name(a) + " and " + name(b);
    }
    if (a.hollowBatches.size() != b.hollowBatches.size())
        return std::to_string(a.hollowBatches.size()) + " and " + std::to_string(b.hollowBatches.size())
            + " hollow batches";
    for (const auto& [id, batch] : a.hollowBatches)
        if (const auto other = b.hollowBatches.find(id);
            other == b.hollowBatches.end() || !persist::sameContent(*batch, *other->second))
            return "hollow batch " + shortId(id);
    const auto text = [](const persist::Trace& trace) {
        std::string all;
        for (const auto& [id, batch] : trace.spineBatches) {
            all += shortId(id) + "@L" + std::to_string(batch.level) + shortRange(batch.description) + "(";
            for (const auto part : batch.parts)
                all += shortId(part) + " ";
            all += ") ";
        }
        for (const auto& [id, merge] : trace.merges)
            all += "M " + shortId(id) + " " + persist::textOf(merge.since) + " " + std::to_string(merge.remainingWork)
                + (merge.compactionStartMs ? " c" + std::to_string(*merge.compactionStartMs) : "") + " ";
        return all;
    };
    if (text(a) != text(b))
        return "structure\n  " + text(a) + "\n  " + text(b);
    return {};
}

} // namespace inspector::machine::tests
