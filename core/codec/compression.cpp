#include "core/codec/compression.h"

#include <brotli/decode.h>
#include <lz4.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <limits>

namespace inspector::codec {

namespace {

// The libraries count in int, size_t and unsigned; Parquet's pages count in int32, so nothing real is longer.
constexpr std::size_t kMaxBytes = std::numeric_limits<std::int32_t>::max();

bool decompressSnappy(BytesView from, std::span<std::byte> to)
{
    const auto text = textOf(from);
    std::size_t size = 0;
    if (!snappy::GetUncompressedLength(text.data(), text.size(), &size) || size != to.size())
        return false;
    return snappy::RawUncompress(text.data(), text.size(), reinterpret_cast<char*>(to.data()));
}

/// One gzip member after another (or zlib streams, which some writers call gzip).
bool decompressGzip(BytesView from, std::span<std::byte> to)
{
    constexpr int kWindowBitsDetectingTheHeader = 15 + 32;
    z_stream stream {};
    if (inflateInit2(&stream, kWindowBitsDetectingTheHeader) != Z_OK)
        return false;
    // zlib does not write to next_in, whatever its type says.
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(from.data())); // NOLINT
    stream.avail_in = static_cast<uInt>(from.size());
    stream.next_out = reinterpret_cast<Bytef*>(to.data());
    stream.avail_out = static_cast<uInt>(to.size());
    int answer = Z_OK;
    do {
        answer = inflate(&stream, Z_NO_FLUSH);
        if (answer == Z_STREAM_END && stream.avail_in > 0 && stream.avail_out > 0)
            answer = inflateReset(&stream);
    } while (answer == Z_OK);
    const bool filled = answer == Z_STREAM_END && stream.avail_out == 0;
    inflateEnd(&stream);
    return filled;
}

bool decompressZstd(BytesView from, std::span<std::byte> to)
{
    const auto size = ZSTD_decompress(to.data(), to.size(), from.data(), from.size());
    return ZSTD_isError(size) == 0 && size == to.size();
}

bool decompressLz4(BytesView from, std::span<std::byte> to)
{
    const int size = LZ4_decompress_safe(reinterpret_cast<const char*>(from.data()), reinterpret_cast<char*>(to.data()),
                                         static_cast<int>(from.size()), static_cast<int>(to.size()));
    return size >= 0 && static_cast<std::size_t>(size) == to.size();
}

bool decompressBrotli(BytesView from, std::span<std::byte> to)
{
    std::size_t size = to.size();
    const auto answer = BrotliDecoderDecompress(from.size(), reinterpret_cast<const std::uint8_t*>(from.data()), &size,
                                                reinterpret_cast<std::uint8_t*>(to.data()));
    return answer == BROTLI_DECODER_RESULT_SUCCESS && size == to.size();
}

bool decompressKnown(CompressionCodec codec, BytesView from, std::span<std::byte> to)
{
    switch (codec) {
    case CompressionCodec::Snappy:
        return decompressSnappy(from, to);
    case CompressionCodec::Gzip:
        return decompressGzip(from, to);
    case CompressionCodec::Brotli:
        return decompressBrotli(from, to);
    case CompressionCodec::Zstd:
        return decompressZstd(from, to);
    case CompressionCodec::Lz4Raw:
        return decompressLz4(from, to);
    case CompressionCodec::Uncompressed:
    case CompressionCodec::Lzo:
    case CompressionCodec::Lz4:
        break;
    }
    return false;
}

} // namespace

std::string nameOf(CompressionCodec codec)
{
    switch (codec) {
    case CompressionCodec::Uncompressed:
        return "UNCOMPRESSED";
    case CompressionCodec::Snappy:
        return "SNAPPY";
    case CompressionCodec::Gzip:
        return "GZIP";
    case CompressionCodec::Lzo:
        return "LZO";
    case CompressionCodec::Brotli:
        return "BROTLI";
    case CompressionCodec::Lz4:
        return "LZ4";
    case CompressionCodec::Zstd:
        return "ZSTD";
    case CompressionCodec::Lz4Raw:
        return "LZ4_RAW";
    }
    return "codec " + std::to_string(static_cast<std::int32_t>(codec));
}

bool isSupported(CompressionCodec codec)
{
    switch (codec) {
    case CompressionCodec::Uncompressed:
    case CompressionCodec::Snappy:
    case CompressionCodec::Gzip:
    case CompressionCodec::Brotli:
    case CompressionCodec::Zstd:
    case CompressionCodec::Lz4Raw:
        return true;
    case CompressionCodec::Lzo:
    case CompressionCodec::Lz4:
        break;
    }
    return false;
}

Result<> decompress(CompressionCodec codec, BytesView from, std::span<std::byte> to)
{
    if (!isSupported(codec))
        return fail(ErrorCode::Unsupported,
                    "bytes are compressed with " + nameOf(codec)
                        + ", which this build does not read; it reads SNAPPY, GZIP, BROTLI, "
                          "ZSTD and LZ4_RAW");
    // A page of nulls has no values, and its compressed form may be anything down to a single byte (§7.6).
    if (to.empty())
        return {};
    if (codec == CompressionCodec::Uncompressed) {
        if (from.size() != to.size())
            return fail(ErrorCode::Corrupt, "uncompressed bytes are not as many as declared");
        std::memcpy(to.data(), from.data(), to.size());
        return {};
    }
    if (from.empty() || from.size() > kMaxBytes || to.size() > kMaxBytes || !decompressKnown(codec, from, to))
        return fail(ErrorCode::Corrupt,
                    std::to_string(from.size()) + " bytes of " + nameOf(codec) + " do not decompress to the "
                        + std::to_string(to.size()) + " that are declared");
    return {};
}

} // namespace inspector::codec
