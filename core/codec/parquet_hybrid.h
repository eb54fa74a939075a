#pragma once

#include "core/base/bytes.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace inspector::codec {

/// The number of bits that levels from 0 to `maxLevel` take.
[[nodiscard]] std::uint32_t levelWidth(std::uint32_t maxLevel);

/// One stretch of a hybrid stream: `count` copies of `value`, or, if `packed` is not empty, `count` values in it.
struct HybridRun
{
    std::uint32_t count = 0;
    std::uint32_t value = 0;
    BytesView packed;
};

/// Reads Parquet's RLE/bit-packed hybrid (persist-format §7.6) run by run. Every call reads a byte at least, so a
/// loop over the runs ends. `width` is 0 to 32 bits.
class HybridReader
{
public:
    HybridReader(BytesView bytes, std::uint32_t width)
        : m_bytes(bytes)
        , m_width(width)
    {
    }

    /// The next run, cut to at most `wanted` values; false when the stream ends or is broken.
    [[nodiscard]] bool next(std::uint32_t wanted, HybridRun& run);

    /// Unpacks the `to.size()` values of a packed run of this stream.
    void unpack(const HybridRun& run, std::span<std::uint32_t> to) const;

    /// Fills `to`; false when the stream ends or is broken before.
    [[nodiscard]] bool fill(std::span<std::uint32_t> to);

private:
    BytesView m_bytes;
    std::uint32_t m_width;
};

} // namespace inspector::codec
