#include "core/codec/parquet_footer.h"

#include "core/codec/thrift_reader.h"

#include <optional>
#include <utility>

namespace inspector::codec {

namespace {

// Real footers take a few kilobytes. The bounds keep what a hostile one can make us hold to a small multiple of its
// size: an element of a list may be one byte on disk and a hundred here, and a path repeats the names above it.
constexpr std::size_t kMaxFooterBytes = std::size_t {1} << 20U;
constexpr std::size_t kMaxSchemaDepth = 32;
constexpr std::size_t kMaxPathBytes = 256;

struct SchemaElement
{
    std::optional<std::int32_t> type;
    std::int32_t repetition = 0;
    std::string_view name;
    std::int32_t children = 0;
};

/// ColumnMetaData and the chunk around it, before anything is checked.
struct RawChunk
{
    bool isElsewhere = true; ///< no metadata, or the path of another file
    std::int32_t type = -1;
    std::string path;
    std::int32_t codec = 0;
    std::int64_t values = -1;
    std::int64_t size = -1;
    std::int64_t dataPageOffset = -1;
    std::int64_t dictionaryPageOffset = 0;
};

struct RawRowGroup
{
    std::vector<RawChunk> chunks;
    std::int64_t rows = -1;
};

struct RawFooter
{
    std::vector<SchemaElement> schema;
    std::int64_t rows = -1;
    std::vector<RawRowGroup> rowGroups;
    std::vector<ParquetKeyValue> keyValues;
    std::string createdBy;
};

SchemaElement readSchemaElement(ThriftReader& reader)
{
    SchemaElement element;
    reader.readStruct([&](ThriftField field) {
        switch (field.id) {
        case 1:
            element.type = reader.readI32(field);
            break;
        case 3:
            element.repetition = reader.readI32(field);
            break;
        case 4:
            element.name = reader.readBinary(field);
            break;
        case 5:
            element.children = reader.readI32(field);
            break;
        default:
            reader.skip(field);
        }
    });
    return element;
}

void readColumnMetadata(ThriftReader& reader, ThriftField outer, RawChunk& chunk)
{
    chunk.isElsewhere = false;
    reader.readStruct(outer, [&](ThriftField field) {
        switch (field.id) {
        case 1:
            chunk.type = reader.readI32(field);
            break;
        case 3:
            reader.readBinaries(field, [&, first = true](std::string_view name) mutable {
                if (!first)
                    chunk.path += '.';
                first = false;
                chunk.path += name;
            });
            break;
        case 4:
            chunk.codec = reader.readI32(field);
            break;
        case 5:
            chunk.values = reader.readI64(field);
            break;
        case 7:
            chunk.size = reader.readI64(field);
            break;
        case 9:
            chunk.dataPageOffset = reader.readI64(field);
            break;
        case 11:
            chunk.dictionaryPageOffset = reader.readI64(field);
            break;
        default:
            reader.skip(field);
        }
    });
}

RawRowGroup readRowGroup(ThriftReader& reader)
{
    RawRowGroup group;
    reader.readStruct([&](ThriftField field) {
        switch (field.id) {
        case 1:
            reader.readStructs(field, [&] {
                auto& chunk = group.chunks.emplace_back();
                std::string_view otherFile;
                reader.readStruct([&](ThriftField inner) {
                    if (inner.id == 1)
                        otherFile = reader.readBinary(inner);
                    else if (inner.id == 3)
                        readColumnMetadata(reader, inner, chunk);
                    else
                        reader.skip(inner);
                });
                chunk.isElsewhere = chunk.isElsewhere || !otherFile.empty();
            });
            break;
        case 3:
            group.rows = reader.readI64(field);
            break;
        default:
            reader.skip(field);
        }
    });
    return group;
}

ParquetKeyValue readKeyValue(ThriftReader& reader)
{
    ParquetKeyValue pair;
    reader.readStruct([&](ThriftField field) {
        if (field.id == 1)
            pair.key = reader.readBinary(field);
        else if (field.id == 2)
            pair.value = reader.readBinary(field);
        else
            reader.skip(field);
    });
    return pair;
}

RawFooter readFooter(ThriftReader& reader)
{
    RawFooter footer;
    reader.readStruct([&](ThriftField field) {
        switch (field.id) {
        case 2:
            reader.readStructs(field, [&] { footer.schema.push_back(readSchemaElement(reader)); });
            break;
        case 3:
            footer.rows = reader.readI64(field);
            break;
        case 4:
            reader.readStructs(field, [&] { footer.rowGroups.push_back(readRowGroup(reader)); });
            break;
        case 5:
            reader.readStructs(field, [&] { footer.keyValues.push_back(readKeyValue(reader)); });
            break;
        case 6:
            footer.createdBy = reader.readBinary(field);
            break;
        default:
            reader.skip(field);
        }
    });
    return footer;
}

/// The leaves of a schema, which is its tree written down depth first.
Result<std::vector<ParquetColumn>> leavesOf(const std::vector<SchemaElement>& schema)
{
    struct Group
    {
        std::string path;
        std::int32_t childrenLeft = 0;
        std::uint32_t definitionLevel = 0;
        std::uint32_t repetitionLevel = 0;
    };
    if (schema.empty() || schema.front().type || schema.front().children < 0)
        return fail(ErrorCode::Corrupt, "the schema has no root");

    std::vector<ParquetColumn> leaves;
    std::vector<Group> open {{"", schema.front().children, 0, 0}};
    for (std::size_t i = 1; i < schema.size(); ++i) {
        const auto& element = schema[i];
        while (!open.empty() && open.back().childrenLeft == 0)
            open.pop_back();
        if (open.empty())
            return fail(ErrorCode::Corrupt, "the schema goes on behind its root's last child");
        auto& parent = open.back();
        --parent.childrenLeft;
        const auto name = std::string(element.name);
        const auto path = parent.path.empty() ? name : parent.path + "." + name;
        if (path.size() > kMaxPathBytes)
            return fail(ErrorCode::Unsupported,
                        "the schema has a path of more than " + std::to_string(kMaxPathBytes) + " bytes");
        if (element.repetition < 0 || element.repetition > 2 || element.children < 0)
            return fail(ErrorCode::Corrupt, "the schema's element " + path + " is neither a group nor a column");
        const auto definitionLevel = parent.definitionLevel + (element.repetition != 0 ? 1U : 0U);
        const auto repetitionLevel = parent.repetitionLevel + (element.repetition == 2 ? 1U : 0U);
        if (element.type) {
            leaves.push_back({path, static_cast<ParquetType>(*element.type), definitionLevel, repetitionLevel});
            continue;
        }
        if (open.size() >= kMaxSchemaDepth)
            return fail(ErrorCode::Unsupported,
                        "the schema is nested more than " + std::to_string(kMaxSchemaDepth) + " deep");
        open.push_back({path, element.children, definitionLevel, repetitionLevel});
    }
    for (const auto& group : open) {
        if (group.childrenLeft != 0)
            return fail(ErrorCode::Corrupt, "the schema ends before its last group does");
    }
    return leaves;
}

Result<ParquetChunk> checkChunk(const RawChunk& raw, const ParquetColumn& column)
{
    if (raw.isElsewhere)
        return fail(ErrorCode::Unsupported, "column " + column.path + " lies in another file");
    if (raw.path != column.path || raw.type != static_cast<std::int32_t>(column.type))
        return fail(ErrorCode::Corrupt,
                    "the chunk of column " + column.path + " says that it is of column " + raw.path);
    const auto offset = raw.dictionaryPageOffset > 0 ? raw.dictionaryPageOffset : raw.dataPageOffset;
    if (raw.values < 0 || raw.size < 0 || offset < 0)
        return fail(ErrorCode::Corrupt, "the chunk of column " + column.path + " does not say where it lies");
    return ParquetChunk {static_cast<CompressionCodec>(raw.codec), static_cast<std::uint64_t>(raw.values),
                         static_cast<std::uint64_t>(offset), static_cast<std::uint64_t>(raw.size)};
}

Result<ParquetRowGroup> checkRowGroup(const RawRowGroup& raw, const std::vector<ParquetColumn>& columns)
{
    if (raw.rows < 0 || raw.chunks.size() != columns.size())
        return fail(ErrorCode::Corrupt,
                    "a row group has " + std::to_string(raw.chunks.size()) + " columns of "
                        + std::to_string(columns.size()));
    ParquetRowGroup group;
    group.rows = static_cast<std::uint64_t>(raw.rows);
    group.chunks.reserve(columns.size());
    for (std::size_t i = 0; i < columns.size(); ++i) {
        INSPECTOR_TRY(auto chunk, checkChunk(raw.chunks[i], columns[i]));
        group.chunks.push_back(chunk);
    }
    return group;
}

} // namespace

std::string nameOf(ParquetType type)
{
    switch (type) {
    case ParquetType::Boolean:
        return "BOOLEAN";
    case ParquetType::Int32:
        return "INT32";
    case ParquetType::Int64:
        return "INT64";
    case ParquetType::Int96:
        return "INT96";
    case ParquetType::Float:
        return "FLOAT";
    case ParquetType::Double:
        return "DOUBLE";
    case ParquetType::ByteArray:
        return "BYTE_ARRAY";
    case ParquetType::FixedLenByteArray:
        return "FIXED_LEN_BYTE_ARRAY";
    }
    return "type " + std::to_string(static_cast<std::int32_t>(type));
}

Result<ParquetFooter> decodeParquetFooter(BytesView thrift)
{
    if (thrift.size() > kMaxFooterBytes)
        return fail(ErrorCode::Unsupported,
                    "the footer takes " + std::to_string(thrift.size()) + " bytes, more than the "
                        + std::to_string(kMaxFooterBytes) + " that are read");
    ThriftReader reader(thrift);
    auto raw = readFooter(reader);
    INSPECTOR_CHECK(reader.status("the footer does not read"));
    if (raw.rows < 0)
        return fail(ErrorCode::Corrupt, "the footer does not say how many rows there are");

    ParquetFooter footer;
    footer.rows = static_cast<std::uint64_t>(raw.rows);
    INSPECTOR_TRY(footer.columns, leavesOf(raw.schema));
    for (const auto& rawGroup : raw.rowGroups) {
        INSPECTOR_TRY(auto group, checkRowGroup(rawGroup, footer.columns));
        footer.rowGroups.push_back(std::move(group));
    }
    footer.keyValues = std::move(raw.keyValues);
    footer.createdBy = std::move(raw.createdBy);
    return footer;
}

} // namespace inspector::codec
