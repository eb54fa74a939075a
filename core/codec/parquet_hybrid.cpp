#include "core/codec/parquet_hybrid.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace inspector::codec {

static_assert(std::endian::native == std::endian::little, "values are copied out of little-endian pages as they are");

namespace {

/// A varint of up to 32 bits from the front of `bytes`, which shrinks; false when there is none.
bool takeVarint(BytesView& bytes, std::uint32_t& value)
{
    std::uint64_t read = 0;
    for (std::size_t i = 0; i < 5 && i < bytes.size(); ++i) {
        const auto byte = static_cast<std::uint8_t>(bytes[i]);
        read |= static_cast<std::uint64_t>(byte & 0x7fU) << (7 * i);
        if ((byte & 0x80U) == 0) {
            bytes = bytes.subspan(i + 1);
            value = static_cast<std::uint32_t>(read);
            return read <= 0xffffffffU;
        }
    }
    return false;
}

} // namespace

std::uint32_t levelWidth(std::uint32_t maxLevel)
{
    return static_cast<std::uint32_t>(std::bit_width(maxLevel));
}

bool HybridReader::next(std::uint32_t wanted, HybridRun& run)
{
    std::uint32_t header = 0;
    if (m_width > 32 || !takeVarint(m_bytes, header))
        return false;
    run = {};
    if ((header & 1U) == 0) {
        const std::size_t valueBytes = (m_width + 7) / 8;
        if (valueBytes > m_bytes.size())
            return false;
        if (valueBytes > 0)
            std::memcpy(&run.value, m_bytes.data(), valueBytes);
        m_bytes = m_bytes.subspan(valueBytes);
        run.count = std::min(header >> 1U, wanted);
        return true;
    }
    // Groups of eight, the last of them padded. What the wanted values do not reach need not be there.
    const std::uint64_t values = std::uint64_t {header >> 1U} * 8;
    run.count = static_cast<std::uint32_t>(std::min<std::uint64_t>(values, wanted));
    const std::uint64_t neededBytes = (std::uint64_t {run.count} * m_width + 7) / 8;
    if (neededBytes > m_bytes.size())
        return false;
    if (m_width > 0)
        run.packed = m_bytes.first(static_cast<std::size_t>(neededBytes));
    m_bytes = m_bytes.subspan(std::min<std::uint64_t>(values / 8 * m_width, m_bytes.size()));
    return true;
}

void HybridReader::unpack(const HybridRun& run, std::span<std::uint32_t> to) const
{
    const auto mask = static_cast<std::uint32_t>((std::uint64_t {1} << m_width) - 1);
    const auto* from = run.packed.data();
    const std::size_t size = run.packed.size();
    std::size_t bit = 0;
    std::size_t i = 0;
    // A value of up to 32 bits that begins inside a byte spans five bytes, so eight hold it whole.
    for (; i < to.size() && bit / 8 + 8 <= size; ++i, bit += m_width) {
        std::uint64_t word = 0;
        std::memcpy(&word, from + bit / 8, sizeof(word));
        to[i] = static_cast<std::uint32_t>(word >> (bit % 8)) & mask;
    }
    for (; i < to.size(); ++i, bit += m_width) {
        std::uint64_t word = 0;
        std::memcpy(&word, from + bit / 8, std::min(sizeof(word), size - bit / 8));
        to[i] = static_cast<std::uint32_t>(word >> (bit % 8)) & mask;
    }
}

bool HybridReader::fill(std::span<std::uint32_t> to)
{
    HybridRun run;
    while (!to.empty()) {
        if (!next(static_cast<std::uint32_t>(to.size()), run))
            return false;
        const auto part = to.first(run.count);
        if (run.packed.empty())
            std::fill(part.begin(), part.end(), run.value);
        else
            unpack(run, part);
        to = to.subspan(run.count);
    }
    return true;
}

} // namespace inspector::codec
