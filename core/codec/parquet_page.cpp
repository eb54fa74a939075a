#include "core/codec/parquet_page.h"

#include "core/codec/parquet_hybrid.h"
#include "core/codec/thrift_reader.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace inspector::codec {

namespace {

/// The headers of the three page types, before anything is checked.
struct RawHeader
{
    std::int32_t type = -1;
    std::int32_t uncompressedSize = -1;
    std::int32_t compressedSize = -1;
    bool hasTypeHeader = false;
    std::int32_t values = -1;
    std::int32_t encoding = -1;
    std::int32_t levelEncoding = static_cast<std::int32_t>(ParquetEncoding::Rle);
    std::int32_t definitionLevelBytes = 0;
    std::int32_t repetitionLevelBytes = 0;
    bool isCompressed = true;
};

void readDataHeader(ThriftReader& reader, ThriftField outer, RawHeader& raw)
{
    raw.hasTypeHeader = true;
    reader.readStruct(outer, [&](ThriftField field) {
        switch (field.id) {
        case 1:
            raw.values = reader.readI32(field);
            break;
        case 2:
            raw.encoding = reader.readI32(field);
            break;
        case 3:
            raw.levelEncoding = reader.readI32(field);
            break;
        default:
            reader.skip(field);
        }
    });
}

void readDictionaryHeader(ThriftReader& reader, ThriftField outer, RawHeader& raw)
{
    raw.hasTypeHeader = true;
    reader.readStruct(outer, [&](ThriftField field) {
        if (field.id == 1)
            raw.values = reader.readI32(field);
        else if (field.id == 2)
            raw.encoding = reader.readI32(field);
        else
            reader.skip(field);
    });
}

void readDataV2Header(ThriftReader& reader, ThriftField outer, RawHeader& raw)
{
    raw.hasTypeHeader = true;
    reader.readStruct(outer, [&](ThriftField field) {
        switch (field.id) {
        case 1:
            raw.values = reader.readI32(field);
            break;
        case 4:
            raw.encoding = reader.readI32(field);
            break;
        case 5:
            raw.definitionLevelBytes = reader.readI32(field);
            break;
        case 6:
            raw.repetitionLevelBytes = reader.readI32(field);
            break;
        case 7:
            raw.isCompressed = reader.readBool(field);
            break;
        default:
            reader.skip(field);
        }
    });
}

RawHeader readHeader(ThriftReader& reader)
{
    RawHeader raw;
    reader.readStruct([&](ThriftField field) {
        switch (field.id) {
        case 1:
            raw.type = reader.readI32(field);
            break;
        case 2:
            raw.uncompressedSize = reader.readI32(field);
            break;
        case 3:
            raw.compressedSize = reader.readI32(field);
            break;
        case 5:
            readDataHeader(reader, field, raw);
            break;
        case 7:
            readDictionaryHeader(reader, field, raw);
            break;
        case 8:
            readDataV2Header(reader, field, raw);
            break;
        default:
            reader.skip(field);
        }
    });
    return raw;
}

bool isKnown(std::int32_t type)
{
    return type == static_cast<std::int32_t>(ParquetPageType::Data)
        || type == static_cast<std::int32_t>(ParquetPageType::Dictionary)
        || type == static_cast<std::int32_t>(ParquetPageType::DataV2);
}

std::uint32_t load32(const std::byte* from)
{
    std::uint32_t value = 0;
    std::memcpy(&value, from, sizeof(value));
    return value;
}

/// One page of a chunk: its header, and its body as stored.
struct StoredPage
{
    ParquetPageHeader header;
    BytesView body;
};

/// Walks over the pages of a chunk.
class PageWalk
{
public:
    explicit PageWalk(BytesView chunk)
        : m_chunk(chunk)
    {
    }

    [[nodiscard]] std::size_t position() const { return m_position; }

    [[nodiscard]] Result<StoredPage> next()
    {
        if (m_position >= m_chunk.size())
            return fail(ErrorCode::Corrupt, "the pages end before the column's values do");
        const auto rest = m_chunk.subspan(m_position);
        INSPECTOR_TRY(const auto header, decodeParquetPageHeader(rest));
        if (header.compressedSize > rest.size() - header.headerBytes)
            return fail(ErrorCode::Corrupt, "the page is longer than its column");
        m_position += header.headerBytes + header.compressedSize;
        return StoredPage {header, rest.subspan(header.headerBytes, header.compressedSize)};
    }

private:
    BytesView m_chunk;
    std::size_t m_position = 0;
};

/// The body of a data page, taken apart. `values` lie in `owner` if there is one, else in the chunk.
struct DataPage
{
    BytesView levels; ///< hybrid, without a length before it
    BytesView values;
    std::shared_ptr<const void> owner;
};

/// Which parts of a page are wanted: a page that is only counted is not decompressed for its values.
enum class Want { Levels, Values };

/// Body bytes as they were before compression; `owner` is set when they had to be decompressed.
Result<BytesView> inflate(CompressionCodec codec, BytesView stored, std::size_t size, InflationBudget& budget,
                          std::shared_ptr<const void>& owner)
{
    if (codec == CompressionCodec::Uncompressed)
        return stored;
    // A column of nulls compresses nothing into a byte or so (persist-format §7.6).
    if (size == 0)
        return BytesView();
    INSPECTOR_CHECK(decompress(codec, stored, {})); // nothing yet: refuses a codec before memory is taken
    INSPECTOR_CHECK(budget.take(stored.size(), size));
    Result<> answer;
    auto buffer = SharedBytes::make(
        size, [&](std::byte* to) { answer = decompress(codec, stored, std::span<std::byte>(to, size)); });
    INSPECTOR_CHECK(std::move(answer));
    owner = buffer.owner();
    return buffer.view();
}

Result<DataPage> openDataV1(const StoredPage& page, const ParquetChunkPages& chunk, InflationBudget& budget)
{
    DataPage data;
    INSPECTOR_TRY(auto body, inflate(chunk.codec, page.body, page.header.uncompressedSize, budget, data.owner));
    if (chunk.maxDefinitionLevel > 0) {
        if (page.header.levelEncoding != ParquetEncoding::Rle)
            return fail(ErrorCode::Unsupported,
                        "definition levels are encoded with " + nameOf(page.header.levelEncoding)
                            + ", only RLE is read");
        if (body.size() < 4 || load32(body.data()) > body.size() - 4)
            return fail(ErrorCode::Corrupt, "the definition levels are longer than the page");
        const auto size = load32(body.data());
        data.levels = body.subspan(4, size);
        body = body.subspan(4 + std::size_t {size});
    }
    data.values = body;
    return data;
}

Result<DataPage> openDataV2(const StoredPage& page, const ParquetChunkPages& chunk, Want want, InflationBudget& budget)
{
    const auto& header = page.header;
    const auto levelBytes = std::uint64_t {header.repetitionLevelBytes} + header.definitionLevelBytes;
    if (levelBytes > page.body.size() || levelBytes > header.uncompressedSize)
        return fail(ErrorCode::Corrupt, "the levels are longer than the page");
    DataPage data;
    data.levels = page.body.subspan(header.repetitionLevelBytes, header.definitionLevelBytes);
    data.values = page.body.subspan(static_cast<std::size_t>(levelBytes));
    if (header.isCompressed && want == Want::Values) {
        INSPECTOR_TRY(data.values,
                      inflate(chunk.codec, data.values, header.uncompressedSize - static_cast<std::size_t>(levelBytes),
                              budget, data.owner));
    }
    return data;
}

/// The number of values of a page that are there, by its definition levels.
Result<std::uint32_t> countLevels(BytesView levels, std::uint32_t values, std::uint32_t maxLevel,
                                  std::vector<std::uint32_t>& scratch)
{
    HybridReader reader(levels, levelWidth(maxLevel));
    HybridRun run;
    std::uint32_t present = 0;
    for (std::uint32_t read = 0; read < values; read += run.count) {
        if (!reader.next(values - read, run))
            return fail(ErrorCode::Corrupt, "the definition levels end before the page's values do");
        if (run.packed.empty()) {
            if (run.value > maxLevel)
                return fail(ErrorCode::Corrupt, "a definition level is above its maximum");
            present += run.value == maxLevel ? run.count : 0;
            continue;
        }
        scratch.resize(run.count);
        reader.unpack(run, scratch);
        for (const auto level : scratch) {
            if (level > maxLevel)
                return fail(ErrorCode::Corrupt, "a definition level is above its maximum");
            present += level == maxLevel ? 1U : 0U;
        }
    }
    return present;
}

/// Moves `present` values from the front of `to` to where `levels` say they belong, and puts `null` elsewhere. The
/// levels were counted before, so they are whole.
template <typename T>
void spread(BytesView levels, std::uint32_t maxLevel, std::uint32_t present, const T& null, std::span<T> to,
            std::vector<std::uint32_t>& scratch)
{
    scratch.resize(to.size());
    HybridReader reader(levels, levelWidth(maxLevel));
    static_cast<void>(reader.fill(scratch));
    for (std::size_t i = to.size(); i-- > 0;)
        to[i] = scratch[i] == maxLevel && present > 0 ? to[--present] : null;
}

/// Each length says where the next one lies, so the walk waits for memory row after row, unless it asks for the page
/// ahead in time: a part of 75 MB then takes half the time or less.
bool plainValues(BytesView from, RowForm form, std::span<StoredRow> to)
{
    constexpr std::ptrdiff_t kAhead = 4096;
    const auto* at = from.data();
    const auto* const end = at + from.size();
    for (auto& row : to) {
        if (end - at < 4)
            return false;
        __builtin_prefetch(at + std::min(kAhead, end - at));
        const auto size = load32(at);
        at += 4;
        if (static_cast<std::size_t>(end - at) < size)
            return false;
        row = StoredRow {reinterpret_cast<const char*>(at), size, form};
        at += size;
    }
    return true;
}

bool plainValues(BytesView from, ParquetType type, std::span<std::int64_t> to)
{
    if (type == ParquetType::Int64) {
        if (from.size() / sizeof(std::int64_t) < to.size())
            return false;
        if (!to.empty())
            std::memcpy(to.data(), from.data(), to.size_bytes());
        return true;
    }
    if (from.size() / sizeof(std::int32_t) < to.size())
        return false;
    for (std::size_t i = 0; i < to.size(); ++i)
        to[i] = static_cast<std::int32_t>(load32(from.data() + i * sizeof(std::int32_t)));
    return true;
}

/// Reads the pages of one chunk into values of type T.
template <typename T>
class ChunkReader
{
public:
    /// `Plain` is what tells PLAIN values apart: the row's form, or the integer's width.
    using Plain = std::conditional_t<std::is_same_v<T, StoredRow>, RowForm, ParquetType>;

    ChunkReader(const ParquetChunkPages& chunk, Plain plain, T null, InflationBudget& budget, PageOwners* owners)
        : m_chunk(chunk)
        , m_plain(plain)
        , m_null(null)
        , m_budget(budget)
        , m_owners(owners)
    {
    }

    [[nodiscard]] Result<std::uint64_t> read(std::span<T> to)
    {
        PageWalk walk(m_chunk.bytes);
        std::uint64_t nulls = 0;
        while (!to.empty()) {
            const auto at = walk.position();
            INSPECTOR_TRY(
                const auto count,
                readPage(walk, to, nulls).during("reading the page at byte " + std::to_string(at) + " of its column"));
            to = to.subspan(count);
        }
        return nulls;
    }

private:
    /// Reads the next page into the front of `to` and returns how many values it had.
    [[nodiscard]] Result<std::size_t> readPage(PageWalk& walk, std::span<T> to, std::uint64_t& nulls)
    {
        INSPECTOR_TRY(const auto page, walk.next());
        if (page.header.type == ParquetPageType::Dictionary) {
            INSPECTOR_CHECK(takeDictionary(page));
            return 0;
        }
        if (page.header.type != ParquetPageType::Data && page.header.type != ParquetPageType::DataV2)
            return 0;
        if (page.header.values > to.size())
            return fail(ErrorCode::Corrupt,
                        "the page has " + std::to_string(page.header.values) + " values, the column has only "
                            + std::to_string(to.size()) + " left");
        INSPECTOR_TRY(auto data,
                      page.header.type == ParquetPageType::DataV2 ? openDataV2(page, m_chunk, Want::Values, m_budget)
                                                                  : openDataV1(page, m_chunk, m_budget));
        const auto values = to.first(page.header.values);
        auto present = page.header.values;
        if (m_chunk.maxDefinitionLevel > 0) {
            INSPECTOR_TRY(present, countLevels(data.levels, page.header.values, m_chunk.maxDefinitionLevel, m_scratch));
        }
        INSPECTOR_CHECK(takeValues(page.header.encoding, data, values.first(present)));
        if (present < values.size())
            spread(data.levels, m_chunk.maxDefinitionLevel, present, m_null, values, m_scratch);
        nulls += values.size() - present;
        return values.size();
    }

    [[nodiscard]] Result<> takeDictionary(const StoredPage& page)
    {
        if (m_dictionary)
            return fail(ErrorCode::Corrupt, "the column has a second dictionary");
        if (page.header.encoding != ParquetEncoding::Plain && page.header.encoding != ParquetEncoding::PlainDictionary)
            return fail(ErrorCode::Unsupported,
                        "the dictionary is encoded with " + nameOf(page.header.encoding) + ", only PLAIN is read");
        std::shared_ptr<const void> owner;
        INSPECTOR_TRY(const auto values,
                      inflate(m_chunk.codec, page.body, page.header.uncompressedSize, m_budget, owner));
        if (page.header.values > values.size() / 4)
            return fail(ErrorCode::Corrupt,
                        "the dictionary has fewer bytes than its " + std::to_string(page.header.values)
                            + " values take");
        m_dictionary.emplace(page.header.values);
        if (!plainValues(values, m_plain, std::span<T>(*m_dictionary)))
            return fail(ErrorCode::Corrupt, "the dictionary ends before its values do");
        keep(owner);
        return {};
    }

    [[nodiscard]] Result<> takeValues(ParquetEncoding encoding, const DataPage& data, std::span<T> to)
    {
        switch (encoding) {
        case ParquetEncoding::Plain:
            if (!plainValues(data.values, m_plain, to))
                return fail(ErrorCode::Corrupt, "the page ends before its values do");
            keep(data.owner);
            return {};
        case ParquetEncoding::PlainDictionary:
        case ParquetEncoding::RleDictionary:
            return takeIndexes(data.values, to);
        default:
            return fail(ErrorCode::Unsupported,
                        "values are encoded with " + nameOf(encoding) + "; this build reads PLAIN and RLE_DICTIONARY");
        }
    }

    [[nodiscard]] Result<> takeIndexes(BytesView values, std::span<T> to)
    {
        if (to.empty())
            return {};
        if (!m_dictionary)
            return fail(ErrorCode::Corrupt, "the page needs a dictionary, and the column has none before it");
        if (values.empty())
            return fail(ErrorCode::Corrupt, "the page ends before its values do");
        const std::span<const T> dictionary(*m_dictionary);
        HybridReader reader(values.subspan(1), static_cast<std::uint32_t>(values.front()));
        HybridRun run;
        while (!to.empty()) {
            if (!reader.next(static_cast<std::uint32_t>(to.size()), run))
                return fail(ErrorCode::Corrupt, "the dictionary indexes end before the page's values do");
            const auto part = to.first(run.count);
            if (run.packed.empty()) {
                if (run.value >= dictionary.size() && run.count > 0)
                    return fail(ErrorCode::Corrupt, "a dictionary index is beyond the dictionary");
                if (run.count > 0)
                    std::fill(part.begin(), part.end(), dictionary[run.value]);
            } else if (!takePacked(reader, run, dictionary, part)) {
                return fail(ErrorCode::Corrupt, "a dictionary index is beyond the dictionary");
            }
            to = to.subspan(run.count);
        }
        return {};
    }

    [[nodiscard]] bool takePacked(const HybridReader& reader, const HybridRun& run, std::span<const T> dictionary,
                                  std::span<T> to)
    {
        m_scratch.resize(run.count);
        reader.unpack(run, m_scratch);
        if (std::any_of(m_scratch.begin(), m_scratch.end(),
                        [size = dictionary.size()](std::uint32_t index) { return index >= size; }))
            return false;
        for (std::size_t i = 0; i < to.size(); ++i)
            to[i] = dictionary[m_scratch[i]];
        return true;
    }

    /// Keeps what rows point into. The caller's share stays: levels of the same page are still to be read.
    void keep(const std::shared_ptr<const void>& owner)
    {
        if (owner && m_owners != nullptr)
            m_owners->push_back(owner);
    }

    const ParquetChunkPages& m_chunk;
    Plain m_plain;
    T m_null;
    InflationBudget& m_budget;
    PageOwners* m_owners; ///< nullptr when values are copies
    std::optional<std::vector<T>> m_dictionary;
    std::vector<std::uint32_t> m_scratch;
};

} // namespace

std::string nameOf(ParquetEncoding encoding)
{
    switch (encoding) {
    case ParquetEncoding::Plain:
        return "PLAIN";
    case ParquetEncoding::PlainDictionary:
        return "PLAIN_DICTIONARY";
    case ParquetEncoding::Rle:
        return "RLE";
    case ParquetEncoding::BitPacked:
        return "BIT_PACKED";
    case ParquetEncoding::DeltaBinaryPacked:
        return "DELTA_BINARY_PACKED";
    case ParquetEncoding::DeltaLengthByteArray:
        return "DELTA_LENGTH_BYTE_ARRAY";
    case ParquetEncoding::DeltaByteArray:
        return "DELTA_BYTE_ARRAY";
    case ParquetEncoding::RleDictionary:
        return "RLE_DICTIONARY";
    case ParquetEncoding::ByteStreamSplit:
        return "BYTE_STREAM_SPLIT";
    }
    return "encoding " + std::to_string(static_cast<std::int32_t>(encoding));
}

Result<ParquetPageHeader> decodeParquetPageHeader(BytesView bytes)
{
    ThriftReader reader(bytes);
    const auto raw = readHeader(reader);
    INSPECTOR_CHECK(reader.status("the page header does not read"));
    if (raw.uncompressedSize < 0 || raw.compressedSize < 0)
        return fail(ErrorCode::Corrupt, "the page header does not say how long the page is");

    ParquetPageHeader header;
    header.type = static_cast<ParquetPageType>(raw.type);
    header.uncompressedSize = static_cast<std::uint32_t>(raw.uncompressedSize);
    header.compressedSize = static_cast<std::uint32_t>(raw.compressedSize);
    header.headerBytes = reader.position();
    if (!isKnown(raw.type))
        return header;
    if (!raw.hasTypeHeader || raw.values < 0 || raw.encoding < 0 || raw.definitionLevelBytes < 0
        || raw.repetitionLevelBytes < 0)
        return fail(ErrorCode::Corrupt, "the page header lacks the numbers of its type");
    header.values = static_cast<std::uint32_t>(raw.values);
    header.encoding = static_cast<ParquetEncoding>(raw.encoding);
    header.levelEncoding = static_cast<ParquetEncoding>(raw.levelEncoding);
    header.definitionLevelBytes = static_cast<std::uint32_t>(raw.definitionLevelBytes);
    header.repetitionLevelBytes = static_cast<std::uint32_t>(raw.repetitionLevelBytes);
    header.isCompressed = raw.isCompressed;
    return header;
}

InflationBudget::InflationBudget(std::uint64_t fileBytes)
    : m_left(std::max(kFileBytes, fileBytes * kFileFactor))
{
}

Result<> InflationBudget::take(std::uint64_t stored, std::uint64_t inflated)
{
    if (inflated > std::max(kPageBytes, stored * kPageFactor))
        return fail(ErrorCode::Unsupported,
                    "a page of " + std::to_string(stored) + " bytes claims to decompress to " + std::to_string(inflated)
                        + ", which is more than is believed");
    if (inflated > m_left)
        return fail(ErrorCode::Unsupported, "the file claims to decompress to more than is believed of its size");
    m_left -= inflated;
    return {};
}

Result<std::uint64_t> readByteArrays(const ParquetChunkPages& chunk, RowForm form, InflationBudget& budget,
                                     std::span<StoredRow> to, PageOwners& owners)
{
    if (chunk.type != ParquetType::ByteArray)
        return fail(ErrorCode::Corrupt, "the column is " + nameOf(chunk.type) + ", not BYTE_ARRAY");
    return ChunkReader<StoredRow>(chunk, form, StoredRow {nullptr, 0, RowForm::Error}, budget, &owners).read(to);
}

Result<std::uint64_t> readIntegers(const ParquetChunkPages& chunk, InflationBudget& budget, std::span<std::int64_t> to)
{
    if (chunk.type != ParquetType::Int64 && chunk.type != ParquetType::Int32)
        return fail(ErrorCode::Corrupt, "the column is " + nameOf(chunk.type) + ", not INT64 or INT32");
    return ChunkReader<std::int64_t>(chunk, chunk.type, 0, budget, nullptr).read(to);
}

Result<std::uint64_t> countPresent(const ParquetChunkPages& chunk, InflationBudget& budget, std::uint64_t values)
{
    if (chunk.maxDefinitionLevel == 0)
        return values;
    PageWalk walk(chunk.bytes);
    std::vector<std::uint32_t> scratch;
    std::uint64_t present = 0;
    while (values > 0) {
        INSPECTOR_TRY(const auto page, walk.next());
        if (page.header.type != ParquetPageType::Data && page.header.type != ParquetPageType::DataV2)
            continue;
        if (page.header.values > values)
            return fail(ErrorCode::Corrupt, "a page has more values than its column");
        INSPECTOR_TRY(const auto data,
                      page.header.type == ParquetPageType::DataV2 ? openDataV2(page, chunk, Want::Levels, budget)
                                                                  : openDataV1(page, chunk, budget));
        INSPECTOR_TRY(const auto inPage,
                      countLevels(data.levels, page.header.values, chunk.maxDefinitionLevel, scratch));
        present += inPage;
        values -= page.header.values;
    }
    return present;
}

} // namespace inspector::codec
