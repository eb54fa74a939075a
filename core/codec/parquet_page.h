#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/codec/compression.h"
#include "core/codec/parquet_footer.h"
#include "core/codec/stored_row.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace inspector::codec {

/// Page types and encodings, by their numbers in Parquet (persist-format §7.3).
enum class ParquetPageType : std::int32_t { Data = 0, Index = 1, Dictionary = 2, DataV2 = 3 };
enum class ParquetEncoding : std::int32_t {
    Plain = 0,
    PlainDictionary = 2,
    Rle = 3,
    BitPacked = 4,
    DeltaBinaryPacked = 5,
    DeltaLengthByteArray = 6,
    DeltaByteArray = 7,
    RleDictionary = 8,
    ByteStreamSplit = 9,
};

/// The encoding's name as Parquet spells it, such as "DELTA_BYTE_ARRAY".
[[nodiscard]] std::string nameOf(ParquetEncoding encoding);

/// The header of one page, whatever its type.
struct ParquetPageHeader
{
    ParquetPageType type = ParquetPageType::Data;
    std::uint32_t uncompressedSize = 0; ///< bytes of the body, levels included
    std::uint32_t compressedSize = 0;   ///< bytes of the body as stored
    std::uint32_t values = 0;           ///< nulls included; 0 for a page that has none
    ParquetEncoding encoding = ParquetEncoding::Plain;
    ParquetEncoding levelEncoding = ParquetEncoding::Rle; ///< of v1 definition levels
    std::uint32_t definitionLevelBytes = 0;               ///< v2 only
    std::uint32_t repetitionLevelBytes = 0;               ///< v2 only
    bool isCompressed = true;                             ///< v2 only
    std::size_t headerBytes = 0;                          ///< the header itself
};

/// Decodes the header at the front of `bytes`. Corrupt when it does not read, has a negative number or lacks what its
/// type needs.
[[nodiscard]] Result<ParquetPageHeader> decodeParquetPageHeader(BytesView bytes);

/// How much a file may grow when it is decompressed. A page may claim up to 16 MiB, or 1024 times its stored bytes if
/// that is more; all pages together 256 MiB, or 64 times the file. Real parts stay far below (persist aims at 128 MiB a
/// part); without a bound a page of ten bytes can ask for 2 GiB.
class InflationBudget
{
public:
    static constexpr std::uint64_t kPageBytes = std::uint64_t {16} << 20U;
    static constexpr std::uint64_t kPageFactor = 1024;
    static constexpr std::uint64_t kFileBytes = std::uint64_t {256} << 20U;
    static constexpr std::uint64_t kFileFactor = 64;

    explicit InflationBudget(std::uint64_t fileBytes);

    /// Takes `inflated` bytes for `stored` ones; Unsupported when they are too many.
    [[nodiscard]] Result<> take(std::uint64_t stored, std::uint64_t inflated);

private:
    std::uint64_t m_left;
};

/// The pages of one column chunk and how to read them. `bytes` begin with the first page's header.
struct ParquetChunkPages
{
    BytesView bytes;
    CompressionCodec codec = CompressionCodec::Uncompressed;
    ParquetType type = ParquetType::ByteArray;
    std::uint32_t maxDefinitionLevel = 0;
};

/// The buffers that rows of compressed pages point into.
using PageOwners = std::vector<std::shared_ptr<const void>>;

/// Reads a BYTE_ARRAY chunk of `to.size()` values and returns the number of nulls. Rows are views into `chunk.bytes`,
/// or, where a page is compressed, into buffers added to `owners`. A null is {nullptr, 0, RowForm::Error}; all others
/// get `form`. Corrupt and Unsupported (codec, encoding) name the page by its offset in the chunk.
[[nodiscard]] Result<std::uint64_t> readByteArrays(const ParquetChunkPages& chunk, RowForm form,
                                                   InflationBudget& budget, std::span<StoredRow> to,
                                                   PageOwners& owners);

/// Reads an INT64 or INT32 chunk (sign-extended) of `to.size()` values and returns the number of nulls, which are 0.
[[nodiscard]] Result<std::uint64_t> readIntegers(const ParquetChunkPages& chunk, InflationBudget& budget,
                                                 std::span<std::int64_t> to);

/// The number of values that are not null among the first `values` of a chunk of any type: reads levels only.
[[nodiscard]] Result<std::uint64_t> countPresent(const ParquetChunkPages& chunk, InflationBudget& budget,
                                                 std::uint64_t values);

} // namespace inspector::codec
