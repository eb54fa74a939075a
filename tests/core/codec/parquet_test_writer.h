#pragma once

#include "core/base/base64.h"
#include "core/base/bytes.h"
#include "core/codec/compression.h"
#include "core/codec/parquet_footer.h"
#include "core/codec/parquet_page.h"

#include <brotli/encode.h>
#include <lz4.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Writes Parquet files byte by byte, so that tests can have any page they like: written apart from the reader, from
/// the public format, with no code in common but the enums.
namespace inspector::codec::test {

/// Thrift's compact protocol, writing.
class ThriftWriter
{
public:
    ThriftWriter& integer(std::int16_t id, std::int64_t value) { return field(id, 6).zigzag(value); }
    ThriftWriter& text(std::int16_t id, std::string_view value)
    {
        field(id, 8).varint(value.size());
        bytes += value;
        return *this;
    }
    ThriftWriter& boolean(std::int16_t id, bool value) { return field(id, value ? 1 : 2); }
    /// A struct field, from its encoded fields with the stop byte.
    ThriftWriter& structure(std::int16_t id, const std::string& encoded)
    {
        field(id, 12);
        bytes += encoded;
        return *this;
    }
    ThriftWriter& structures(std::int16_t id, const std::vector<std::string>& encoded)
    {
        list(id, 12, encoded.size());
        for (const auto& one : encoded)
            bytes += one;
        return *this;
    }
    ThriftWriter& texts(std::int16_t id, const std::vector<std::string>& values)
    {
        list(id, 8, values.size());
        for (const auto& value : values) {
            varint(value.size());
            bytes += value;
        }
        return *this;
    }
    /// The struct, ended.
    [[nodiscard]] std::string stop() const { return bytes + '\0'; }

    ThriftWriter& field(std::int16_t id, int type)
    {
        const int delta = id - m_last;
        if (delta >= 1 && delta <= 15) {
            bytes += static_cast<char>((delta << 4) | type);
        } else {
            bytes += static_cast<char>(type);
            zigzag(id);
        }
        m_last = id;
        return *this;
    }
    ThriftWriter& list(std::int16_t id, int elementType, std::size_t size)
    {
        field(id, 9);
        if (size < 15) {
            bytes += static_cast<char>((size << 4U) | static_cast<std::size_t>(elementType));
        } else {
            bytes += static_cast<char>(0xf0 | elementType);
            varint(size);
        }
        return *this;
    }
    ThriftWriter& varint(std::uint64_t value)
    {
        for (; value >= 0x80; value >>= 7U)
            bytes += static_cast<char>(0x80U | (value & 0x7fU));
        bytes += static_cast<char>(value);
        return *this;
    }
    ThriftWriter& zigzag(std::int64_t value)
    {
        return varint((static_cast<std::uint64_t>(value) << 1U) ^ (value < 0 ? ~std::uint64_t {0} : 0));
    }

    std::string bytes;

private:
    std::int16_t m_last = 0;
};

template <typename Integer>
std::string littleEndian(Integer value)
{
    return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

inline std::string plain(const std::vector<std::string>& values)
{
    std::string bytes;
    for (const auto& value : values)
        bytes += littleEndian(static_cast<std::uint32_t>(value.size())) + value;
    return bytes;
}

template <typename Integer>
std::string plain(const std::vector<Integer>& values)
{
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Integer)};
}

/// A hybrid stream's run of `count` copies.
inline std::string hybridRun(std::uint32_t value, std::uint32_t count, std::uint32_t width)
{
    return ThriftWriter().varint(std::uint64_t {count} << 1U).bytes + littleEndian(value).substr(0, (width + 7) / 8);
}

/// A hybrid stream's bit-packed groups, the last one padded.
inline std::string hybridPacked(const std::vector<std::uint32_t>& values, std::uint32_t width)
{
    const auto groups = (values.size() + 7) / 8;
    std::string packed(groups * width, '\0');
    for (std::size_t i = 0; i < values.size(); ++i) {
        for (std::uint32_t bit = 0; bit < width; ++bit) {
            const auto at = i * width + bit;
            if (((values[i] >> bit) & 1U) != 0)
                packed[at / 8] = static_cast<char>(static_cast<unsigned char>(packed[at / 8]) | (1U << (at % 8)));
        }
    }
    return ThriftWriter().varint((groups << 1U) | 1U).bytes + packed;
}

inline std::string compress(CompressionCodec codec, const std::string& bytes)
{
    std::string to;
    switch (codec) {
    case CompressionCodec::Snappy:
        snappy::Compress(bytes.data(), bytes.size(), &to);
        return to;
    case CompressionCodec::Gzip: {
        z_stream stream {};
        deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
        to.resize(deflateBound(&stream, bytes.size()));
        std::string from = bytes;
        stream.next_in = reinterpret_cast<Bytef*>(from.data());
        stream.avail_in = static_cast<uInt>(from.size());
        stream.next_out = reinterpret_cast<Bytef*>(to.data());
        stream.avail_out = static_cast<uInt>(to.size());
        deflate(&stream, Z_FINISH);
        to.resize(stream.total_out);
        deflateEnd(&stream);
        return to;
    }
    case CompressionCodec::Zstd:
        to.resize(ZSTD_compressBound(bytes.size()));
        to.resize(ZSTD_compress(to.data(), to.size(), bytes.data(), bytes.size(), 3));
        return to;
    case CompressionCodec::Lz4Raw:
        to.resize(static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(bytes.size()))));
        to.resize(static_cast<std::size_t>(LZ4_compress_default(bytes.data(), to.data(), static_cast<int>(bytes.size()),
                                                                static_cast<int>(to.size()))));
        return to;
    case CompressionCodec::Brotli: {
        std::size_t size = BrotliEncoderMaxCompressedSize(bytes.size()) + 16;
        to.resize(size);
        BrotliEncoderCompress(BROTLI_DEFAULT_QUALITY, BROTLI_DEFAULT_WINDOW, BROTLI_DEFAULT_MODE, bytes.size(),
                              reinterpret_cast<const std::uint8_t*>(bytes.data()), &size,
                              reinterpret_cast<std::uint8_t*>(to.data()));
        to.resize(size);
        return to;
    }
    case CompressionCodec::Uncompressed:
    case CompressionCodec::Lzo:
    case CompressionCodec::Lz4:
        break;
    }
    return bytes;
}

/// A page's header and body. `levels` of a v1 page get their length put before them.
struct TestPage
{
    CompressionCodec codec = CompressionCodec::Uncompressed;
    ParquetPageType type = ParquetPageType::DataV2;
    ParquetEncoding encoding = ParquetEncoding::Plain;
    std::uint32_t values = 0;
    std::uint32_t nulls = 0;
    std::string levels;
    std::string body;                             ///< values, not compressed yet
    std::optional<bool> isCompressed;             ///< v2's flag; absent when not set
    std::optional<std::int32_t> uncompressedSize; ///< a lie, when set
    int levelEncoding = 3;                        ///< of v1; RLE

    [[nodiscard]] std::string encode() const
    {
        std::string prefix;
        std::string stored = body;
        if (type == ParquetPageType::DataV2)
            prefix = levels;
        else if (type == ParquetPageType::Data && !levels.empty())
            stored = littleEndian(static_cast<std::uint32_t>(levels.size())) + levels + body;
        const auto uncompressed = prefix.size() + stored.size();
        if (isCompressed.value_or(true))
            stored = compress(codec, stored);

        ThriftWriter inner;
        inner.integer(1, values);
        if (type == ParquetPageType::DataV2) {
            inner.integer(2, nulls).integer(3, values).integer(4, static_cast<int>(encoding));
            inner.integer(5, static_cast<std::int64_t>(levels.size())).integer(6, 0);
            if (isCompressed)
                inner.boolean(7, *isCompressed);
        } else {
            inner.integer(2, static_cast<int>(encoding));
            if (type == ParquetPageType::Data)
                inner.integer(3, levelEncoding).integer(4, 3);
        }
        const std::int16_t id = type == ParquetPageType::DataV2 ? 8 : type == ParquetPageType::Data ? 5 : 7;
        ThriftWriter header;
        header.integer(1, static_cast<int>(type))
            .integer(2, uncompressedSize.value_or(static_cast<std::int32_t>(uncompressed)))
            .integer(3, static_cast<std::int64_t>(prefix.size() + stored.size()))
            .structure(id, inner.stop());
        return header.stop() + prefix + stored;
    }
};

/// One element of a schema, depth first.
struct TestElement
{
    std::string name;
    int repetition = 0; ///< 0 required, 1 optional, 2 repeated
    std::optional<ParquetType> type;
    int children = 0;
};

/// One column chunk: its pages one after another.
struct TestChunk
{
    std::vector<std::string> path;
    ParquetType type = ParquetType::ByteArray;
    std::int64_t values = 0;
    std::string pages;
    bool hasDictionary = false;
    CompressionCodec codec = CompressionCodec::Uncompressed;
};

struct TestRowGroup
{
    std::int64_t rows = 0;
    std::vector<TestChunk> chunks;
};

struct TestFile
{
    std::vector<TestElement> schema; ///< without the root
    int rootChildren = 0;
    std::vector<TestRowGroup> rowGroups;
    std::vector<std::pair<std::string, std::string>> keyValues;
    std::optional<std::int64_t> rows; ///< a lie, when set

    [[nodiscard]] std::string encode() const
    {
        std::string file = "PAR1";
        std::vector<std::string> groups;
        std::int64_t sum = 0;
        for (const auto& group : rowGroups) {
            std::vector<std::string> chunks;
            for (const auto& chunk : group.chunks)
                chunks.push_back(encode(chunk, file));
            groups.push_back(ThriftWriter().structures(1, chunks).integer(2, 0).integer(3, group.rows).stop());
            sum += group.rows;
        }
        std::vector<std::string> elements;
        elements.push_back(ThriftWriter().text(4, "arrow_schema").integer(5, rootChildren).stop());
        for (const auto& element : schema) {
            ThriftWriter writer;
            if (element.type)
                writer.integer(1, static_cast<int>(*element.type));
            writer.integer(3, element.repetition).text(4, element.name);
            if (!element.type)
                writer.integer(5, element.children);
            elements.push_back(writer.stop());
        }
        std::vector<std::string> pairs;
        for (const auto& [key, value] : keyValues)
            pairs.push_back(ThriftWriter().text(1, key).text(2, value).stop());
        const auto footer = ThriftWriter()
                                .integer(1, 2)
                                .structures(2, elements)
                                .integer(3, rows.value_or(sum))
                                .structures(4, groups)
                                .structures(5, pairs)
                                .text(6, "the tests")
                                .stop();
        return file + footer + littleEndian(static_cast<std::uint32_t>(footer.size())) + "PAR1";
    }

    [[nodiscard]] SharedBytes shared() const { return SharedBytes::copyOf(bytesOf(encode())); }

private:
    static std::string encode(const TestChunk& chunk, std::string& file)
    {
        const auto offset = static_cast<std::int64_t>(file.size());
        file += chunk.pages;
        ThriftWriter metadata;
        metadata.integer(1, static_cast<int>(chunk.type)).list(2, 5, 1).zigzag(0);
        metadata.texts(3, chunk.path)
            .integer(4, static_cast<int>(chunk.codec))
            .integer(5, chunk.values)
            .integer(6, static_cast<std::int64_t>(chunk.pages.size()))
            .integer(7, static_cast<std::int64_t>(chunk.pages.size()))
            .integer(9, offset);
        if (chunk.hasDictionary)
            metadata.integer(11, offset);
        return ThriftWriter().integer(2, 0).structure(3, metadata.stop()).stop();
    }
};

/// A plain page of a required column.
template <typename Value>
std::string plainPage(const std::vector<Value>& values, CompressionCodec codec = CompressionCodec::Uncompressed)
{
    TestPage page;
    page.codec = codec;
    page.values = static_cast<std::uint32_t>(values.size());
    page.body = plain(values);
    return page.encode();
}

inline TestChunk integerChunk(const std::string& name, const std::vector<std::int64_t>& values)
{
    return {{name}, ParquetType::Int64, static_cast<std::int64_t>(values.size()), plainPage(values), false, {}};
}

inline TestChunk nothingChunk(const std::string& name, std::size_t rows)
{
    return {{name},
            ParquetType::Int32,
            static_cast<std::int64_t>(rows),
            plainPage(std::vector<std::int32_t>(rows, 0)),
            false,
            {}};
}

inline const std::string kDescribedRow = "CAISDwoDCgEFEgMKAQYaAwoBAA==";        ///< [5, 6) since 0, Row
inline const std::string kDescribedStructured = "CAMSDwoDCgEAEgMKAQEaAwoBACAD"; ///< [0, 1) since 0, Structured

/// A part of layout Row with the columns k, v, t, d (persist-format §7.5), described as [5, 6).
inline TestFile rowPart(TestChunk keys, const std::vector<std::int64_t>& times, const std::vector<std::int64_t>& diffs)
{
    const auto rows = keys.values;
    TestChunk values {{"v"}, ParquetType::ByteArray,
                      rows,  plainPage(std::vector<std::string>(static_cast<std::size_t>(rows))),
                      false, {}};
    TestFile file;
    file.schema = {{"k", 0, ParquetType::ByteArray, 0},
                   {"v", 0, ParquetType::ByteArray, 0},
                   {"t", 0, ParquetType::Int64, 0},
                   {"d", 0, ParquetType::Int64, 0}};
    file.rootChildren = 4;
    file.rowGroups = {{rows, {std::move(keys), std::move(values), integerChunk("t", times), integerChunk("d", diffs)}}};
    file.keyValues = {{"MZ:inline", kDescribedRow}};
    return file;
}

inline TestFile rowPart(const std::vector<std::string>& keys, const std::vector<std::int64_t>& times,
                        const std::vector<std::int64_t>& diffs)
{
    return rowPart({{"k"}, ParquetType::ByteArray, static_cast<std::int64_t>(keys.size()), plainPage(keys), false, {}},
                   times, diffs);
}

/// Pages of a column of optional strings whose leaf has `maxLevel` definition levels; nothing is a null of level
/// `nullLevel`.
inline std::string optionalPage(const std::vector<std::optional<std::string>>& values, std::uint32_t maxLevel,
                                std::uint32_t nullLevel)
{
    std::vector<std::uint32_t> levels;
    std::vector<std::string> present;
    for (const auto& value : values) {
        levels.push_back(value ? maxLevel : nullLevel);
        if (value)
            present.push_back(*value);
    }
    TestPage page;
    page.values = static_cast<std::uint32_t>(values.size());
    page.nulls = static_cast<std::uint32_t>(values.size() - present.size());
    page.levels = hybridPacked(levels, maxLevel == 1 ? 1 : 2);
    page.body = plain(present);
    return page.encode();
}

/// A part of layout Structured with the columns t, d, k_s.ok.0, k_s.err, v_s (persist-format §7.5), described as
/// [0, 1). `ok` and `err` are whole chunks, so that a test can make them of any pages.
inline TestFile structuredPart(TestChunk ok, TestChunk err, const std::vector<std::int64_t>& times,
                               const std::vector<std::int64_t>& diffs)
{
    const auto rows = ok.values;
    TestFile file;
    file.schema = {{"t", 0, ParquetType::Int64, 0},     {"d", 0, ParquetType::Int64, 0},
                   {"k_s", 0, std::nullopt, 2},         {"ok", 1, std::nullopt, 1},
                   {"0", 1, ParquetType::ByteArray, 0}, {"err", 1, ParquetType::ByteArray, 0},
                   {"v_s", 0, ParquetType::Int32, 0}};
    file.rootChildren = 4;
    file.rowGroups = {{rows,
                       {integerChunk("t", times), integerChunk("d", diffs), std::move(ok), std::move(err),
                        nothingChunk("v_s", static_cast<std::size_t>(rows))}}};
    file.keyValues = {{"MZ:inline", kDescribedStructured}};
    return file;
}

inline TestChunk okChunk(const std::vector<std::optional<std::string>>& values, std::uint32_t nullLevel = 0)
{
    return {{"k_s", "ok", "0"},
            ParquetType::ByteArray,
            static_cast<std::int64_t>(values.size()),
            optionalPage(values, 2, nullLevel),
            false,
            {}};
}

inline TestChunk errChunk(const std::vector<std::optional<std::string>>& values)
{
    return {{"k_s", "err"},
            ParquetType::ByteArray,
            static_cast<std::int64_t>(values.size()),
            optionalPage(values, 1, 0),
            false,
            {}};
}

} // namespace inspector::codec::test
