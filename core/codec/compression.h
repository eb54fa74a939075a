#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace inspector::codec {

/// The codecs of Parquet, by their numbers there (persist-format §7.3). Lzo and Lz4 (framed by Hadoop) are not read.
enum class CompressionCodec : std::int32_t {
    Uncompressed = 0,
    Snappy = 1,
    Gzip = 2,
    Lzo = 3,
    Brotli = 4,
    Lz4 = 5,
    Zstd = 6,
    Lz4Raw = 7,
};

/// The codec's name as Parquet spells it, such as "LZ4_RAW"; "codec 9" for one that has none.
[[nodiscard]] std::string nameOf(CompressionCodec codec);

/// Whether `decompress` knows the codec.
[[nodiscard]] bool isSupported(CompressionCodec codec);

/// Fills `to` from `from`. Corrupt when `from` does not decompress to exactly `to.size()` bytes; Unsupported for a
/// codec that is not read. Nothing is written outside `to`, and memory beyond it is bounded (brotli: 16 MiB).
[[nodiscard]] Result<> decompress(CompressionCodec codec, BytesView from, std::span<std::byte> to);

} // namespace inspector::codec
