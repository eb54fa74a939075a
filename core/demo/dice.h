#pragma once

#include "core/base/id_source.h"

#include <cstdint>
#include <vector>

namespace inspector::demo {

/// Chance that is the same for the same seed on every machine: the library's distributions are not.
class Dice
{
public:
    explicit Dice(std::uint64_t seed)
        : m_bits(seed)
    {
    }

    /// 0 … n-1; 0 for n = 0.
    [[nodiscard]] std::uint64_t below(std::uint64_t n) { return n == 0 ? 0 : m_bits.bits() % n; }
    [[nodiscard]] bool chance(std::uint64_t percent) { return below(100) < percent; }
    template <typename T>
    [[nodiscard]] const T& pick(const std::vector<T>& all)
    {
        return all[below(all.size())];
    }
    [[nodiscard]] std::string uuid() { return m_bits.uuid(); }

private:
    SeededIdSource m_bits;
};

} // namespace inspector::demo
