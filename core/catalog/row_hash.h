#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace inspector::catalog {

/// A 64-bit hash of bytes, for tables that live in one call: fast on a few hundred bytes, and different for every
/// `seed` so that no file can be made to collide on purpose. It multiplies 64-bit words to 128 bits and folds them,
/// three products at a time.
class RowHash
{
public:
    explicit RowHash(std::uint64_t seed)
        : m_seed(fold(seed ^ kOdd1, kOdd2))
    {
    }

    [[nodiscard]] std::uint64_t operator()(std::string_view bytes) const
    {
        const char* at = bytes.data();
        auto left = bytes.size();
        auto a = m_seed;
        if (left > 48) {
            auto b = m_seed;
            auto c = m_seed;
            do {
                a = fold(word(at) ^ kOdd1, word(at + 8) ^ a);
                b = fold(word(at + 16) ^ kOdd2, word(at + 24) ^ b);
                c = fold(word(at + 32) ^ kOdd3, word(at + 40) ^ c);
                at += 48;
                left -= 48;
            } while (left > 48);
            a ^= b ^ c;
        }
        while (left > 16) {
            a = fold(word(at) ^ kOdd1, word(at + 8) ^ a);
            at += 16;
            left -= 16;
        }
        std::uint64_t first = 0;
        std::uint64_t last = 0;
        if (left >= 8) {
            first = word(at);
            last = word(at + left - 8);
        } else if (left > 0) {
            std::memcpy(&first, at, left);
        }
        return fold(kOdd2 ^ bytes.size(), fold(first ^ kOdd2, last ^ a));
    }

private:
    static constexpr std::uint64_t kOdd1 = 0x9e3779b97f4a7c15;
    static constexpr std::uint64_t kOdd2 = 0xd1b54a32d192ed03;
    static constexpr std::uint64_t kOdd3 = 0x8cb92ba72f3d8dd7;

    static std::uint64_t word(const char* at)
    {
        std::uint64_t read = 0;
        std::memcpy(&read, at, sizeof read);
        return read;
    }

    static std::uint64_t fold(std::uint64_t a, std::uint64_t b)
    {
        __extension__ using Wide = unsigned __int128;
        const auto product = static_cast<Wide>(a) * b;
        return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
    }

    std::uint64_t m_seed;
};

} // namespace inspector::catalog
