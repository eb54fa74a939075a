#include "core/codec/part_checks.h"

#include "core/codec/proto/persist.pb.h"

#include <algorithm>
#include <cstddef>

namespace inspector::codec {

std::string countOf(std::uint64_t count, std::string_view noun)
{
    return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::optional<PartDescription> descriptionOf(const proto::ProtoU64Description* message,
                                             std::vector<std::string>& warnings)
{
    if (message == nullptr || !message->has_lower() || !message->has_upper() || !message->has_since()) {
        warnings.emplace_back("the part's description lacks a bound, so the part does not say which times it covers");
        return std::nullopt;
    }
    const auto bound = [&](const proto::ProtoU64Antichain& antichain) -> std::optional<std::uint64_t> {
        if (antichain.elements_size() > 1)
            warnings.emplace_back("a bound of the part's description has several times; the earliest counts");
        const auto& elements = antichain.elements();
        if (elements.empty())
            return std::nullopt;
        return *std::min_element(elements.begin(), elements.end());
    };
    return PartDescription {bound(message->lower()), bound(message->upper()), bound(message->since())};
}

void checkUpdates(DecodedPart& part)
{
    if (part.description && !part.times.empty()) {
        const auto& [lower, upper, since] = *part.description;
        if (!lower || (upper && *lower >= *upper))
            part.warnings.emplace_back("the part's description ends before it begins");
        const auto early = lower ? std::count_if(part.times.begin(), part.times.end(),
                                                 [from = *lower](std::uint64_t time) { return time < from; })
                                 : 0;
        if (early > 0)
            part.warnings.push_back(countOf(static_cast<std::uint64_t>(early), "update")
                                    + " earlier than the part's lower");
        // A part that was compacted up to a later since may hold times beyond its upper (§11, row 28).
        const bool isExact = lower && since && *since <= *lower;
        const auto late = isExact && upper ? std::count_if(part.times.begin(), part.times.end(),
                                                           [to = *upper](std::uint64_t time) { return time >= to; })
                                           : 0;
        if (late > 0)
            part.warnings.push_back(countOf(static_cast<std::uint64_t>(late), "update")
                                    + " not earlier than the part's upper");
    }

    const auto zeros = std::count(part.diffs.begin(), part.diffs.end(), 0);
    if (zeros == 0)
        return;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < part.diffs.size(); ++i) {
        if (part.diffs[i] == 0)
            continue;
        part.rows[kept] = part.rows[i];
        part.times[kept] = part.times[i];
        part.diffs[kept] = part.diffs[i];
        ++kept;
    }
    part.rows.resize(kept);
    part.times.resize(kept);
    part.diffs.resize(kept);
    part.warnings.push_back(countOf(static_cast<std::uint64_t>(zeros), "update") + " with a diff of 0, dropped");
}

} // namespace inspector::codec
