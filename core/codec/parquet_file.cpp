#include "core/codec/parquet_file.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

namespace inspector::codec {

namespace {

constexpr std::string_view kMagic = "PAR1";
constexpr std::string_view kEncryptedMagic = "PARE";
constexpr std::size_t kTailBytes = 8; // footer length, magic

/// The number of rows that are believed of a file. A run of equal values takes a few bytes however long it is, so the
/// pages do not bound what is allocated for rows. Real rows take tens of bytes each, and persist aims at 128 MiB a
/// part.
std::uint64_t maxRowsOf(std::uint64_t fileBytes)
{
    constexpr std::uint64_t kMaxRowsEver = std::uint64_t {1} << 24U;
    constexpr std::uint64_t kAlwaysAllowed = std::uint64_t {64} << 10U;
    return std::min(kMaxRowsEver, kAlwaysAllowed + fileBytes * 8);
}

/// The Thrift bytes of the footer.
Result<BytesView> footerOf(BytesView file)
{
    const auto size = file.size();
    if (size < kMagic.size() + kTailBytes)
        return fail(ErrorCode::Corrupt, "the file has " + std::to_string(size) + " bytes, too few for Parquet");
    const auto magic = textOf(file.last(kMagic.size()));
    if (magic == kEncryptedMagic)
        return fail(ErrorCode::Unsupported, "the file is encrypted Parquet, which this build does not read");
    if (textOf(file.first(kMagic.size())) != kMagic || magic != kMagic)
        return fail(ErrorCode::Corrupt, "the file does not begin and end with PAR1, so it is cut off or not Parquet");
    std::uint32_t footerBytes = 0;
    std::memcpy(&footerBytes, file.data() + size - kTailBytes, sizeof(footerBytes));
    if (footerBytes > size - kMagic.size() - kTailBytes)
        return fail(ErrorCode::Corrupt,
                    "the footer claims " + std::to_string(footerBytes) + " bytes of a file of " + std::to_string(size));
    return file.subspan(size - kTailBytes - footerBytes, footerBytes);
}

} // namespace

ParquetFile::ParquetFile(SharedBytes file, ParquetFooter footer, std::uint64_t rows)
    : m_file(std::move(file))
    , m_footer(std::move(footer))
    , m_rows(rows)
    , m_budget(m_file.size())
{
}

Result<ParquetFile> ParquetFile::open(SharedBytes file)
{
    INSPECTOR_TRY(const auto thrift, footerOf(file.view()));
    INSPECTOR_TRY(auto footer, decodeParquetFooter(thrift));
    const auto maxRows = maxRowsOf(file.size());
    std::uint64_t rows = 0;
    for (const auto& group : footer.rowGroups) {
        if (group.rows > maxRows - rows)
            return fail(ErrorCode::Unsupported,
                        "the file claims more than the " + std::to_string(maxRows)
                            + " rows that are believed of its size");
        rows += group.rows;
    }
    return ParquetFile(std::move(file), std::move(footer), rows);
}

std::optional<std::size_t> ParquetFile::column(std::string_view path) const
{
    const auto& columns = m_footer.columns;
    const auto found = std::find_if(columns.begin(), columns.end(), [&](const auto& c) { return c.path == path; });
    if (found == columns.end())
        return std::nullopt;
    return static_cast<std::size_t>(found - columns.begin());
}

std::optional<std::string_view> ParquetFile::value(std::string_view key) const
{
    for (const auto& pair : m_footer.keyValues) {
        if (pair.key == key)
            return pair.value;
    }
    return std::nullopt;
}

Result<ParquetChunkPages> ParquetFile::pages(std::size_t column, const ParquetRowGroup& group) const
{
    const auto& description = m_footer.columns[column];
    const auto& chunk = group.chunks[column];
    if (description.maxRepetitionLevel > 0)
        return fail(ErrorCode::Unsupported, "the column repeats within a row, which this build does not read");
    if (chunk.values != group.rows)
        return fail(ErrorCode::Corrupt,
                    "the column has " + std::to_string(chunk.values) + " values, its row group "
                        + std::to_string(group.rows) + " rows");
    if (chunk.offset > m_file.size() || chunk.size > m_file.size() - chunk.offset)
        return fail(ErrorCode::Corrupt,
                    "the column reaches beyond the file's " + std::to_string(m_file.size()) + " bytes");
    return ParquetChunkPages {m_file.view().subspan(chunk.offset, chunk.size), chunk.codec, description.type,
                              description.maxDefinitionLevel};
}

Result<ByteArrayColumn> ParquetFile::readByteArrays(std::size_t column, RowForm form)
{
    ByteArrayColumn answer;
    answer.rows.resize(m_rows);
    std::span<StoredRow> to(answer.rows);
    for (const auto& group : m_footer.rowGroups) {
        const auto read = [&]() -> Result<std::uint64_t> {
            INSPECTOR_TRY(const auto chunk, pages(column, group));
            return codec::readByteArrays(chunk, form, m_budget, to.first(group.rows), answer.owners);
        };
        INSPECTOR_TRY(const auto nulls, read().during("reading column " + m_footer.columns[column].path));
        answer.nulls += nulls;
        to = to.subspan(group.rows);
    }
    return answer;
}

Result<std::uint64_t> ParquetFile::readIntegers(std::size_t column, std::span<std::int64_t> to)
{
    if (to.size() != m_rows)
        return fail(ErrorCode::Internal,
                    "room for " + std::to_string(to.size()) + " values of a column of " + std::to_string(m_rows));
    std::uint64_t nulls = 0;
    for (const auto& group : m_footer.rowGroups) {
        const auto read = [&]() -> Result<std::uint64_t> {
            INSPECTOR_TRY(const auto chunk, pages(column, group));
            return codec::readIntegers(chunk, m_budget, to.first(group.rows));
        };
        INSPECTOR_TRY(const auto inGroup, read().during("reading column " + m_footer.columns[column].path));
        nulls += inGroup;
        to = to.subspan(group.rows);
    }
    return nulls;
}

Result<std::uint64_t> ParquetFile::countPresent(std::size_t column)
{
    std::uint64_t present = 0;
    for (const auto& group : m_footer.rowGroups) {
        const auto count = [&]() -> Result<std::uint64_t> {
            INSPECTOR_TRY(const auto chunk, pages(column, group));
            return codec::countPresent(chunk, m_budget, group.rows);
        };
        INSPECTOR_TRY(const auto inGroup, count().during("reading column " + m_footer.columns[column].path));
        present += inGroup;
    }
    return present;
}

} // namespace inspector::codec
