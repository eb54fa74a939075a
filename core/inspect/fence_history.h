#pragma once

#include "core/inspect/inspector.h"

#include <map>
#include <optional>
#include <tuple>
#include <vector>

namespace inspector::inspect {

/// Gathers fence tokens from updates of several states (catalog-model §1.6).
class FenceHistory
{
public:
    /// Looks for fence tokens among `updates`, which a state of number `seqno` was the first to list; nothing when
    /// older states may have listed them too and consensus does not know. States are added from old to new.
    void add(const persist::Updates& updates, std::optional<SeqNo> seqno);

    /// Forgets what happened after `time`.
    void dropAfter(Timestamp time);

    /// What was found, oldest first. A token whose exact time is known is not repeated at a rounded one.
    [[nodiscard]] std::vector<FenceRecord> finish() &&;

private:
    struct Key
    {
        std::uint64_t time;
        std::uint64_t deployGeneration;
        std::int64_t epoch;
        std::int64_t diff;

        friend auto operator<=>(const Key&, const Key&) = default;
    };
    struct Sighting
    {
        std::optional<SeqNo> seqno;
        persist::Certainty certainty = persist::Certainty::Rounded;
    };

    std::map<Key, Sighting> m_found;
};

} // namespace inspector::inspect
