#include "core/inspect/fence_history.h"

#include "core/catalog/fence.h"

#include <algorithm>

namespace inspector::inspect {

void FenceHistory::add(const persist::Updates& updates, std::optional<SeqNo> seqno)
{
    for (const auto& update : catalog::tokenHistory(updates)) {
        const Key key {update.time, update.token.deployGeneration.value(), update.token.epoch.value(), update.diff};
        auto& sighting = m_found.try_emplace(key, Sighting {seqno, update.certainty}).first->second;
        if (update.certainty == persist::Certainty::Exact)
            sighting.certainty = persist::Certainty::Exact;
    }
}

void FenceHistory::dropAfter(Timestamp time)
{
    std::erase_if(m_found, [&](const auto& found) { return found.first.time > time.value(); });
}

std::vector<FenceRecord> FenceHistory::finish() &&
{
    std::vector<FenceRecord> records;
    for (const auto& found : m_found) {
        const auto& key = found.first;
        const auto& sighting = found.second;
        const auto isBetter = [&](const auto& other) {
            if (other.first.deployGeneration != key.deployGeneration || other.first.epoch != key.epoch
                || other.first.diff != key.diff)
                return false;
            if (other.second.certainty != sighting.certainty)
                return other.second.certainty == persist::Certainty::Exact;
            return sighting.certainty == persist::Certainty::Rounded && other.first.time < key.time;
        };
        if (std::any_of(m_found.begin(), m_found.end(), isBetter))
            continue;
        records.push_back(
            {key.deployGeneration, key.epoch, Timestamp(key.time), key.diff, sighting.seqno, sighting.certainty, {}});
    }
    // The map's order is that of time, then of the tokens: at one time the superseded token comes before its successor.
    for (auto& record : records) {
        const auto next = std::find_if(records.begin(), records.end(), [&](const FenceRecord& other) {
            return other.diff > 0
                && std::pair(other.deployGeneration, other.epoch) > std::pair(record.deployGeneration, record.epoch)
                && other.time >= record.time;
        });
        if (next != records.end())
            record.supersededBy = "generation " + std::to_string(next->deployGeneration) + ", epoch "
                + std::to_string(next->epoch) + " at time " + std::to_string(next->time.value());
    }
    return records;
}

} // namespace inspector::inspect
