#include "core/codec/parquet_writer.h"

#include "core/codec/thrift_writer.h"

#include <memory>

namespace inspector::codec {

namespace {

constexpr std::string_view kMagic = "PAR1";
// The bounds at which the real writer cuts pages (persist-format §7.1).
constexpr std::size_t kMaxPageBytes = 1U << 20U;
constexpr std::size_t kMaxPageRows = 20'000;

// Numbers of the Parquet format (persist-format §7.3).
constexpr std::int32_t kFormatVersion = 2;
constexpr std::int32_t kRequired = 0;
constexpr std::int32_t kDataPageV2 = 3;
constexpr std::int32_t kPlain = 0;
constexpr std::int32_t kRle = 3;

template <typename Integer>
void appendLittleEndian(std::string& to, Integer value)
{
    for (std::size_t i = 0; i < sizeof(value); ++i)
        to += static_cast<char>(value >> (8 * i));
}

/// The bytes with the padding that SharedBytes promises, without a copy.
SharedBytes shared(std::string&& bytes)
{
    const auto size = bytes.size();
    bytes.append(SharedBytes::kPadding, '\0');
    auto owner = std::make_shared<const std::string>(std::move(bytes));
    const auto view = bytesOf(*owner).first(size);
    return {std::move(owner), view};
}

} // namespace

ParquetWriter::ParquetWriter(std::size_t rows)
    : m_rows(rows)
    , m_file(kMagic)
{
}

void ParquetWriter::addByteArrays(std::string_view name,
                                  const std::function<std::string_view(std::size_t row)>& valueOf)
{
    addColumn(name, ParquetType::ByteArray, [&](std::string& to, std::size_t row) {
        const auto value = valueOf(row);
        appendLittleEndian(to, static_cast<std::uint32_t>(value.size()));
        to += value;
    });
}

void ParquetWriter::addIntegers(std::string_view name, const std::function<std::int64_t(std::size_t row)>& valueOf)
{
    addColumn(name, ParquetType::Int64, [&](std::string& to, std::size_t row) {
        appendLittleEndian(to, static_cast<std::uint64_t>(valueOf(row)));
    });
}

void ParquetWriter::addKeyValue(std::string_view key, std::string_view value)
{
    m_keyValues.push_back({std::string(key), std::string(value)});
}

void ParquetWriter::addColumn(std::string_view name, ParquetType type,
                              const std::function<void(std::string& to, std::size_t row)>& append)
{
    const auto offset = m_file.size();
    std::string values;
    std::size_t rowsInPage = 0;
    for (std::size_t row = 0; row < m_rows; ++row) {
        append(values, row);
        ++rowsInPage;
        if (values.size() >= kMaxPageBytes || rowsInPage == kMaxPageRows || row + 1 == m_rows) {
            addPage(rowsInPage, values);
            values.clear();
            rowsInPage = 0;
        }
    }
    m_chunks.push_back({std::string(name), type, offset, m_file.size() - offset});
}

void ParquetWriter::addPage(std::size_t rows, std::string_view values)
{
    ThriftWriter header(m_file);
    header.writeElement([&] {
        header.writeI32(1, kDataPageV2);
        header.writeI32(2, static_cast<std::int32_t>(values.size()));
        header.writeI32(3, static_cast<std::int32_t>(values.size()));
        header.writeStruct(8, [&] {
            header.writeI32(1, static_cast<std::int32_t>(rows));
            header.writeI32(2, 0); // nulls
            header.writeI32(3, static_cast<std::int32_t>(rows));
            header.writeI32(4, kPlain);
            header.writeI32(5, 0); // bytes of definition levels
            header.writeI32(6, 0); // bytes of repetition levels
            header.writeBool(7, false);
        });
    });
    m_file += values;
}

SharedBytes ParquetWriter::finish() &&
{
    const auto rows = static_cast<std::int64_t>(m_rows);
    const auto footerStart = m_file.size();
    ThriftWriter footer(m_file);
    const auto writeColumn = [&](const Chunk& chunk) {
        footer.writeI64(2, 0); // where a copy of this would be
        footer.writeStruct(3, [&] {
            footer.writeI32(1, static_cast<std::int32_t>(chunk.type));
            footer.beginList(2, ThriftType::I32, 2);
            footer.writeElement(kPlain);
            footer.writeElement(kRle);
            footer.beginList(3, ThriftType::Binary, 1);
            footer.writeElement(std::string_view(chunk.name));
            footer.writeI32(4, static_cast<std::int32_t>(CompressionCodec::Uncompressed));
            footer.writeI64(5, rows);
            footer.writeI64(6, static_cast<std::int64_t>(chunk.sizeBytes));
            footer.writeI64(7, static_cast<std::int64_t>(chunk.sizeBytes));
            footer.writeI64(9, static_cast<std::int64_t>(chunk.offset));
        });
    };
    footer.writeElement([&] {
        footer.writeI32(1, kFormatVersion);
        footer.beginList(2, ThriftType::Struct, m_chunks.size() + 1);
        footer.writeElement([&] {
            footer.writeBinary(4, "arrow_schema");
            footer.writeI32(5, static_cast<std::int32_t>(m_chunks.size()));
        });
        for (const auto& chunk : m_chunks)
            footer.writeElement([&] {
                footer.writeI32(1, static_cast<std::int32_t>(chunk.type));
                footer.writeI32(3, kRequired);
                footer.writeBinary(4, chunk.name);
            });
        footer.writeI64(3, rows);
        footer.beginList(4, ThriftType::Struct, 1);
        footer.writeElement([&] {
            footer.beginList(1, ThriftType::Struct, m_chunks.size());
            for (const auto& chunk : m_chunks)
                footer.writeElement([&] { writeColumn(chunk); });
            footer.writeI64(2, static_cast<std::int64_t>(footerStart - kMagic.size()));
            footer.writeI64(3, rows);
        });
        footer.beginList(5, ThriftType::Struct, m_keyValues.size());
        for (const auto& entry : m_keyValues)
            footer.writeElement([&] {
                footer.writeBinary(1, entry.key);
                footer.writeBinary(2, entry.value);
            });
        footer.writeBinary(6, "catalog-inspector");
    });
    appendLittleEndian(m_file, static_cast<std::uint32_t>(m_file.size() - footerStart));
    m_file += kMagic;
    return shared(std::move(m_file));
}

} // namespace inspector::codec
