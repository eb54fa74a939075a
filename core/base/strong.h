#pragma once

#include <compare>
#include <cstdint>

namespace inspector {

/// A number that means one thing. Numbers with different tags neither compare nor convert, so a
/// sequence number cannot be passed where a timestamp is due.
template <typename Tag, typename Rep = std::uint64_t>
class Strong
{
public:
    constexpr Strong() = default;
    constexpr explicit Strong(Rep value)
        : m_value(value)
    {
    }

    [[nodiscard]] constexpr Rep value() const { return m_value; }
    [[nodiscard]] constexpr Strong next() const { return Strong(m_value + 1); }

    friend constexpr auto operator<=>(const Strong&, const Strong&) = default;

private:
    Rep m_value {};
};

/// Version of a shard's state in consensus; every committed change adds one.
using SeqNo = Strong<struct SeqNoTag>;
/// Catalog time: totally ordered, never goes back. By convention milliseconds since the Unix epoch
/// from 10^12 up; smaller ones only count.
using Timestamp = Strong<struct TimestampTag>;
/// Counts opens for writing; a larger one fences a smaller one. Never zero on disk.
using Epoch = Strong<struct EpochTag, std::int64_t>;
/// Counts deployments of the environment; compared before the epoch.
using DeployGeneration = Strong<struct DeployGenerationTag>;

} // namespace inspector
