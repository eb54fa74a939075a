#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/codec/compression.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace inspector::codec {

/// Parquet's physical types, by their numbers there (persist-format §7.3).
enum class ParquetType : std::int32_t {
    Boolean = 0,
    Int32 = 1,
    Int64 = 2,
    Int96 = 3,
    Float = 4,
    Double = 5,
    ByteArray = 6,
    FixedLenByteArray = 7,
};

/// The type's name as Parquet spells it, such as "BYTE_ARRAY".
[[nodiscard]] std::string nameOf(ParquetType type);

/// A leaf of the schema. A value is there if and only if its definition level is the maximum, which is the number of
/// OPTIONAL and REPEATED elements from the root down to the leaf.
struct ParquetColumn
{
    std::string path; ///< names from the root's child down, joined by dots: "k_s.ok.0"
    ParquetType type = ParquetType::Boolean;
    std::uint32_t maxDefinitionLevel = 0;
    std::uint32_t maxRepetitionLevel = 0; ///< the number of REPEATED elements on the path
};

/// Where the pages of one column of one row group lie in the file. `offset` and `size` are bytes, as declared: the
/// reader checks them against the file.
struct ParquetChunk
{
    CompressionCodec codec = CompressionCodec::Uncompressed;
    std::uint64_t values = 0; ///< nulls included
    std::uint64_t offset = 0; ///< of the dictionary page if there is one, else of the first data page
    std::uint64_t size = 0;
};

struct ParquetRowGroup
{
    std::uint64_t rows = 0;
    std::vector<ParquetChunk> chunks; ///< one for each column, in the order of the columns
};

struct ParquetKeyValue
{
    std::string key;
    std::string value;
};

/// What a Parquet file says about itself.
struct ParquetFooter
{
    std::uint64_t rows = 0;
    std::vector<ParquetColumn> columns; ///< leaves in the order of the schema
    std::vector<ParquetRowGroup> rowGroups;
    std::vector<ParquetKeyValue> keyValues;
    std::string createdBy;
};

/// Decodes FileMetaData (persist-format §7.3), the Thrift struct without magic and length. Corrupt says where it does
/// not read, or which chunk contradicts the schema. Memory is bounded by the size of `thrift`.
[[nodiscard]] Result<ParquetFooter> decodeParquetFooter(BytesView thrift);

} // namespace inspector::codec
