#pragma once

#include "core/base/bytes.h"
#include "core/codec/parquet_footer.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace inspector::codec {

/// Writes a Parquet file of required columns with one row group: PLAIN values in version 2 data pages, uncompressed,
/// without statistics, indexes or an embedded arrow schema (persist-format §7, persist-write-protocol §11.5). The file
/// is built in memory.
class ParquetWriter
{
public:
    /// For columns of `rows` rows each. A file without rows is never written (persist-format §7.1).
    explicit ParquetWriter(std::size_t rows);

    /// Adds a column of BYTE_ARRAYs; `valueOf` answers for rows in ascending order, values below 2 GiB.
    void addByteArrays(std::string_view name, const std::function<std::string_view(std::size_t row)>& valueOf);
    /// Adds a column of INT64s.
    void addIntegers(std::string_view name, const std::function<std::int64_t(std::size_t row)>& valueOf);
    /// Adds to the file's key-value metadata.
    void addKeyValue(std::string_view key, std::string_view value);

    /// The file, with columns and metadata in the order in which they were added.
    [[nodiscard]] SharedBytes finish() &&;

private:
    struct Chunk
    {
        std::string name;
        ParquetType type = ParquetType::ByteArray;
        std::size_t offset = 0;
        std::size_t sizeBytes = 0;
    };

    /// Adds a column whose values `append` encodes.
    void addColumn(std::string_view name, ParquetType type,
                   const std::function<void(std::string& to, std::size_t row)>& append);
    void addPage(std::size_t rows, std::string_view values);

    std::size_t m_rows;
    std::string m_file;
    std::vector<Chunk> m_chunks;
    std::vector<ParquetKeyValue> m_keyValues;
};

} // namespace inspector::codec
