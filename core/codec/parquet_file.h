#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/codec/parquet_footer.h"
#include "core/codec/parquet_page.h"
#include "core/codec/stored_row.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace inspector::codec {

/// A column of byte strings over all row groups. Rows are views into the file or into `owners`; a null is
/// {nullptr, 0, RowForm::Error}.
struct ByteArrayColumn
{
    std::vector<StoredRow> rows;
    std::uint64_t nulls = 0;
    PageOwners owners;
};

/// A Parquet file of the subset in persist-format §7: footer, schema, and columns on demand. Columns that are not asked
/// for are not touched. Values of a column come back in stored order, row group after row group, `rows()` of them.
///
/// Failures: Corrupt (with the column and the place), Unsupported (a codec, an encoding, repeated columns, a file that
/// claims more rows or bytes than are believed of its size).
class ParquetFile
{
public:
    /// Reads the footer. `file` is kept, and the rows of columns that are read point into it.
    [[nodiscard]] static Result<ParquetFile> open(SharedBytes file);

    [[nodiscard]] const ParquetFooter& footer() const { return m_footer; }
    /// Rows in all row groups.
    [[nodiscard]] std::uint64_t rows() const { return m_rows; }
    /// The index of the column with that path, such as "k_s.ok.0".
    [[nodiscard]] std::optional<std::size_t> column(std::string_view path) const;
    /// The first value of a key in the file's key-value metadata.
    [[nodiscard]] std::optional<std::string_view> value(std::string_view key) const;

    [[nodiscard]] Result<ByteArrayColumn> readByteArrays(std::size_t column, RowForm form);
    /// Fills `to`, which has room for `rows()` values, and returns the number of nulls, which are 0.
    [[nodiscard]] Result<std::uint64_t> readIntegers(std::size_t column, std::span<std::int64_t> to);
    /// How many of a column's values are not null; the values themselves are not looked at.
    [[nodiscard]] Result<std::uint64_t> countPresent(std::size_t column);

private:
    ParquetFile(SharedBytes file, ParquetFooter footer, std::uint64_t rows);

    [[nodiscard]] Result<ParquetChunkPages> pages(std::size_t column, const ParquetRowGroup& group) const;

    SharedBytes m_file;
    ParquetFooter m_footer;
    std::uint64_t m_rows;
    InflationBudget m_budget;
};

} // namespace inspector::codec
