#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace inspector {

/// Where new ids come from; tests and demos bring one that repeats itself.
class IdSource
{
public:
    virtual ~IdSource() = default;

    /// A new UUID (version 4), hyphenated, lower case.
    [[nodiscard]] virtual std::string uuid() = 0;
    /// 64 random bits.
    [[nodiscard]] virtual std::uint64_t bits() = 0;
};

/// From the operating system's random numbers.
class RandomIdSource final : public IdSource
{
public:
    [[nodiscard]] std::string uuid() override;
    [[nodiscard]] std::uint64_t bits() override;

private:
    std::random_device m_device;
};

/// The same ids for the same seed, on every machine.
class SeededIdSource final : public IdSource
{
public:
    explicit SeededIdSource(std::uint64_t seed)
        : m_engine(seed)
    {
    }

    [[nodiscard]] std::string uuid() override;
    [[nodiscard]] std::uint64_t bits() override { return m_engine(); }

private:
    std::mt19937_64 m_engine;
};

} // namespace inspector
