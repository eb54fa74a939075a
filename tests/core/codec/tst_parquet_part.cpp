#include "core/base/hex.h"
#include "core/base/sha256.h"
#include "core/codec/decoded_part.h"
#include "core/codec/parquet_file.h"
#include "tests/core/codec/parquet_test_writer.h"
#include "tests/core/codec/part_test_data.h"

#include <QtTest>

using namespace inspector;
using namespace inspector::codec;

Q_DECLARE_METATYPE(inspector::codec::CompressionCodec)
Q_DECLARE_METATYPE(inspector::codec::PartLayout)

namespace {

using Texts = std::vector<std::optional<std::string>>;

/// The codec bytes of {"key":{"key":"user_version"},"kind":"Config","value":{"value":72}} (persist-format §8.2), of
/// which the last byte but one... is the version in packed decimal: 72 is 07 2c, 92 is 09 2c.
std::string sourceDataOfVersion(const char* packedDecimal)
{
    const auto bytes = fromHex(std::string("0a5a0a58ba01550a210a036b6579121aba01170a150a036b6579120e420c757365725f7665"
                                           "7273696f6e0a100a046b696e64120842"
                                           "06436f6e6669670a1e0a0576616c75651215ba01120a100a0576616c75651207c201040a02")
                               + packedDecimal);
    return bytes ? std::string(textOf(*bytes)) : "not hex";
}

std::string jsonOfVersion(int version)
{
    return "{\"key\":{\"key\":\"user_version\"},\"kind\":\"Config\",\"value\":{\"value\":" + std::to_string(version)
        + "}}";
}

std::vector<std::string> rowsOf(const DecodedPart& part)
{
    std::vector<std::string> rows;
    for (const auto& row : part.rows)
        rows.emplace_back(row.bytes());
    return rows;
}

bool liesIn(const StoredRow& row, const SharedBytes& file)
{
    const auto* const begin = reinterpret_cast<const char*>(file.data());
    return row.data >= begin && row.data + row.size <= begin + file.size();
}

/// Decodes, or fails the test with the reason.
#define DECODE(part, file)                                                                                             \
    const auto part##Result = decodeParquetPart(file);                                                                 \
    QVERIFY2(part##Result, part##Result ? "" : part##Result.error().describe().c_str());                               \
    const auto& part = *part##Result

#define QVERIFY_WARNS(part, text)                                                                                      \
    QVERIFY2(test::joined((part).warnings).find(text) != std::string::npos, test::joined((part).warnings).c_str())

} // namespace

class TestParquetPart : public QObject
{
    Q_OBJECT

private slots:
    void vectorsAreWhatTheSpecificationLists_data()
    {
        QTest::addColumn<QString>("name");
        QTest::addColumn<int>("size");
        QTest::addColumn<QString>("sha256");
        QTest::newRow("structured") << "tv_structured.parquet.b64" << 1465
                                    << "4a6849701b69752fe89bb7b0548c18b4350f515040404d9895a20799f13ae018";
        QTest::newRow("row") << "tv_row.parquet.b64" << 1121
                             << "a5d23c3f881e1fe4c7edbf99fd1993ab0459215a7f9735e7aa378411777cc051";
        QTest::newRow("both") << "tv_both_old.parquet.b64" << 1950
                              << "3fe0f42cba9d5252a58a568e353c36273c1dc7c2a4c2fe7028ae5598e31e407d";
        QTest::newRow("lz4") << "tv_structured_lz4.parquet.b64" << 1399
                             << "cdc0de660d0d1a46d8b26837eeba033a2ea4214892a1a61cba81faae7a4cd9e5";
    }

    void vectorsAreWhatTheSpecificationLists()
    {
        QFETCH(QString, name);
        QFETCH(int, size);
        QFETCH(QString, sha256);
        const auto bytes = test::vectorBytes(name);
        QCOMPARE(static_cast<int>(bytes.size()), size);
        QCOMPARE(QString::fromStdString(toHex(inspector::sha256(bytes))), sha256);
    }

    void vectorsHoldTheTwoUpdates_data()
    {
        QTest::addColumn<QString>("name");
        QTest::addColumn<PartLayout>("layout");
        QTest::addColumn<bool>("isJson");
        QTest::addColumn<bool>("isCompressed");
        QTest::newRow("structured") << "tv_structured.parquet.b64" << PartLayout::Structured << true << false;
        QTest::newRow("row") << "tv_row.parquet.b64" << PartLayout::Row << false << false;
        QTest::newRow("both") << "tv_both_old.parquet.b64" << PartLayout::Both << true << false;
        QTest::newRow("lz4") << "tv_structured_lz4.parquet.b64" << PartLayout::Structured << true << true;
    }

    void vectorsHoldTheTwoUpdates()
    {
        QFETCH(QString, name);
        QFETCH(PartLayout, layout);
        QFETCH(bool, isJson);
        QFETCH(bool, isCompressed);
        const auto file = SharedBytes::copyOf(test::vectorBytes(name));
        DECODE(part, file);

        QCOMPARE(part.layout, layout);
        QCOMPARE(test::joined(part.warnings), std::string());
        QVERIFY(part.description);
        QCOMPARE(part.description->lower, std::optional<std::uint64_t>(2));
        QCOMPARE(part.description->upper, std::optional<std::uint64_t>(1724176033002));
        QCOMPARE(part.description->since, std::optional<std::uint64_t>(0));
        QCOMPARE(part.times, (std::vector<std::uint64_t> {1724176033001, 1724176033001}));
        QCOMPARE(part.diffs, (std::vector<std::int64_t> {-1, 1}));
        QCOMPARE(rowsOf(part),
                 isJson ? (std::vector<std::string> {jsonOfVersion(92), jsonOfVersion(93)})
                        : (std::vector<std::string> {sourceDataOfVersion("092c"), sourceDataOfVersion("093c")}));
        for (const auto& row : part.rows) {
            QCOMPARE(row.form, isJson ? RowForm::JsonText : RowForm::SourceData);
            QCOMPARE(liesIn(row, file), !isCompressed);
        }
    }

    void rowsOutliveTheBytesThatWereHandedIn()
    {
        for (const auto& name : test::kParquetVectors) {
            auto file = SharedBytes::copyOf(test::vectorBytes(name));
            auto part = decodeParquetPart(file);
            QVERIFY(part);
            file = {};
            QVERIFY(part->rows[1].bytes().find("user_version") != std::string_view::npos); // under ASan above all
        }
    }

    void rowsOfManyPagesStayInTheFile()
    {
        std::vector<std::string> keys;
        std::vector<std::int64_t> times;
        std::string pages;
        for (int page = 0; page < 20; ++page) {
            std::vector<std::string> inPage;
            for (int i = 0; i < 50; ++i)
                inPage.push_back("row " + std::to_string(page) + "." + std::to_string(i));
            pages += test::plainPage(inPage);
            keys.insert(keys.end(), inPage.begin(), inPage.end());
        }
        times.assign(keys.size(), 5);
        const auto file = test::rowPart({{"k"}, ParquetType::ByteArray, 1000, pages, false, {}}, times, times).shared();
        DECODE(part, file);
        QCOMPARE(rowsOf(part), keys);
        QCOMPARE(part.owners.size(), std::size_t(1));
        for (const auto& row : part.rows)
            QVERIFY(liesIn(row, file));
    }

    void rowsOfCompressedPagesLieInOwnedPaddedBuffers()
    {
        test::TestPage page;
        page.codec = CompressionCodec::Zstd;
        page.values = 2;
        page.body = test::plain({"first", "second"});
        test::TestChunk keys {{"k"}, ParquetType::ByteArray, 4, page.encode() + page.encode(), false, page.codec};
        const auto file = test::rowPart(keys, {5, 5, 5, 5}, {1, 1, 1, 1}).shared();
        DECODE(part, file);
        QCOMPARE(rowsOf(part), (std::vector<std::string> {"first", "second", "first", "second"}));
        QCOMPARE(part.owners.size(), std::size_t(3));
        QCOMPARE(part.rows[1].data[part.rows[1].size + SharedBytes::kPadding - 1], '\0'); // readable behind the end
    }

    void columnsThatAreNotNeededAreNotRead()
    {
        auto file = test::rowPart({"a", "b"}, {5, 5}, {1, 1});
        file.rowGroups[0].chunks[1].pages = "no page at all";
        file.rowGroups[0].chunks[1].codec = CompressionCodec::Lzo;
        DECODE(part, file.shared());
        QCOMPARE(rowsOf(part), (std::vector<std::string> {"a", "b"}));
    }

    void columnsAreFoundByNameInAnyOrder()
    {
        auto file = test::rowPart({"a", "b"}, {5, 5}, {1, -1});
        std::swap(file.schema[0], file.schema[3]);
        std::swap(file.rowGroups[0].chunks[0], file.rowGroups[0].chunks[3]);
        DECODE(part, file.shared());
        QCOMPARE(rowsOf(part), (std::vector<std::string> {"a", "b"}));
        QCOMPARE(part.diffs, (std::vector<std::int64_t> {1, -1}));
    }

    void allRowGroupsAreReadWithAWarning()
    {
        auto file = test::rowPart({"a", "b"}, {5, 5}, {1, 1});
        const auto more = test::rowPart({"c"}, {5}, {-1});
        file.rowGroups.push_back(more.rowGroups[0]);
        DECODE(part, file.shared());
        QCOMPARE(rowsOf(part), (std::vector<std::string> {"a", "b", "c"}));
        QCOMPARE(part.diffs, (std::vector<std::int64_t> {1, 1, -1}));
        QVERIFY_WARNS(part, "2 row groups instead of 1");
    }

    void aFileWithoutRowsIsEmpty()
    {
        auto file = test::rowPart({"a"}, {5}, {1});
        file.rowGroups.clear();
        DECODE(part, file.shared());
        QCOMPARE(part.layout, PartLayout::Empty);
        QVERIFY(part.rows.empty());
        QVERIFY_WARNS(part, "0 row groups");
    }

    void layoutFollowsTheMigrationAndTheColumns_data()
    {
        QTest::addColumn<QByteArray>("inlineHex"); // ProtoBatchPartInline; empty: the key is missing
        QTest::addColumn<QString>("columns");
        QTest::addColumn<PartLayout>("layout");
        QTest::addColumn<QString>("rows");
        QTest::addColumn<QString>("warning");
        const char* const desc = "120f0a030a010012030a01011a030a0100";
        const auto inlineOf = [&](const char* before, const char* after) { return QByteArray(before) + desc + after; };
        const auto row = inlineOf("0802", "");
        const auto migration1 = inlineOf("0803", "2001");
        const auto migration2 = inlineOf("0803", "2002");
        const auto migration3 = inlineOf("0803", "2003");
        QTest::newRow("row") << row << "kvtd" << PartLayout::Row << "codec"
                             << "";
        QTest::newRow("row, structured columns there") << row << "kvtdsn" << PartLayout::Row << "codec"
                                                       << "";
        QTest::newRow("migration 1") << migration1 << "kvtdsn" << PartLayout::Row << "codec"
                                     << "";
        QTest::newRow("migration 2") << migration2 << "kvtdsn" << PartLayout::Both << "json"
                                     << "";
        QTest::newRow("migration 2, v_s missing") << migration2 << "kvtds" << PartLayout::Row << "codec"
                                                  << "";
        QTest::newRow("migration 2, k_s missing") << migration2 << "kvtdn" << PartLayout::Row << "codec"
                                                  << "";
        QTest::newRow("migration 3") << migration3 << "tdsn" << PartLayout::Structured << "json"
                                     << "";
        QTest::newRow("migration 3, v_s missing") << migration3 << "tds" << PartLayout::Structured << "json"
                                                  << "";
        QTest::newRow("migration 3, row columns there") << migration3 << "kvtdsn" << PartLayout::Both << "json"
                                                        << "";
        QTest::newRow("row, only structured columns") << row << "tdsn" << PartLayout::Structured << "json"
                                                      << "";
        QTest::newRow("migration 4") << inlineOf("0803", "2004") << "tdsn" << PartLayout::Structured << "json"
                                     << "unknown structured migration 4";
        QTest::newRow("migration absent") << inlineOf("0803", "") << "kvtd" << PartLayout::Row << "codec"
                                          << "unknown structured migration 0";
        QTest::newRow("format 1") << inlineOf("0801", "") << "kvtd" << PartLayout::Row << "codec"
                                  << "unknown format 1";
        QTest::newRow("format 9") << inlineOf("0809", "") << "kvtdsn" << PartLayout::Both << "json"
                                  << "unknown format 9";
        QTest::newRow("no MZ:inline, row") << QByteArray() << "kvtd" << PartLayout::Row << "codec"
                                           << "is missing";
        QTest::newRow("no MZ:inline, structured") << QByteArray() << "tdsn" << PartLayout::Structured << "json"
                                                  << "is missing";
    }

    void layoutFollowsTheMigrationAndTheColumns()
    {
        QFETCH(QByteArray, inlineHex);
        QFETCH(QString, columns);
        QFETCH(PartLayout, layout);
        QFETCH(QString, rows);
        QFETCH(QString, warning);

        const auto rowSide = test::rowPart({"codec"}, {0}, {1});
        const auto structuredSide =
            test::structuredPart(test::okChunk({"json"}), test::errChunk({std::nullopt}), {0}, {1});
        test::TestFile file;
        file.rowGroups = {{1, {}}};
        const auto add = [&](const test::TestFile& from, std::size_t element, std::size_t elements, std::size_t chunk,
                             std::size_t chunks) {
            for (std::size_t i = 0; i < elements; ++i)
                file.schema.push_back(from.schema[element + i]);
            for (std::size_t i = 0; i < chunks; ++i)
                file.rowGroups[0].chunks.push_back(from.rowGroups[0].chunks[chunk + i]);
            ++file.rootChildren;
        };
        for (const QChar column : columns) {
            const auto index = static_cast<std::size_t>(QStringLiteral("kvtd").indexOf(column));
            if (column == QLatin1Char('s'))
                add(structuredSide, 2, 4, 2, 2);
            else if (column == QLatin1Char('n'))
                add(structuredSide, 6, 1, 4, 1);
            else
                add(rowSide, index, 1, index, 1);
        }
        if (!inlineHex.isEmpty()) {
            const auto bytes = fromHex(inlineHex.toStdString());
            QVERIFY(bytes);
            file.keyValues = {{"MZ:inline", toBase64(*bytes)}};
        }

        DECODE(part, file.shared());
        QCOMPARE(part.layout, layout);
        QCOMPARE(QString::fromStdString(rowsOf(part).front()), rows);
        QCOMPARE(part.rows.front().form, rows == QLatin1String("json") ? RowForm::JsonText : RowForm::SourceData);
        if (warning.isEmpty())
            QCOMPARE(test::joined(part.warnings), std::string());
        else
            QVERIFY_WARNS(part, warning.toStdString());
        QCOMPARE(part.description.has_value(), !inlineHex.isEmpty());
    }

    // The examples of persist-format §7.4.
    void descriptionsRead_data()
    {
        QTest::addColumn<QString>("value");
        QTest::addColumn<quint64>("lower");
        QTest::addColumn<quint64>("upper");
        QTest::newRow("structured") << "CAMSDwoDCgEAEgMKAQEaAwoBACAD" << quint64(0) << quint64(1);
        QTest::newRow("row") << "CAISDwoDCgEFEgMKAQYaAwoBAA==" << quint64(5) << quint64(6);
        QTest::newRow("both") << "CAMSGQoICgaBwpmHlzISCAoG6smZh5cyGgMKAQAgAg==" << quint64(1724176032001)
                              << quint64(1724176033002);
    }

    void descriptionsRead()
    {
        QFETCH(QString, value);
        QFETCH(quint64, lower);
        QFETCH(quint64, upper);
        auto file = test::rowPart({"a"}, {static_cast<std::int64_t>(lower)}, {1});
        file.keyValues = {{"ARROW:schema", "not looked at"}, {"MZ:inline", value.toStdString()}};
        DECODE(part, file.shared());
        QVERIFY(part.description);
        QCOMPARE(quint64(part.description->lower.value_or(77)), lower);
        QCOMPARE(quint64(part.description->upper.value_or(77)), upper);
        QCOMPARE(part.description->since, std::optional<std::uint64_t>(0));
        QCOMPARE(test::joined(part.warnings), std::string());
    }

    void anEmptyUpperIsNoBound()
    {
        auto file = test::rowPart({"a"}, {77}, {1});
        file.keyValues = {{"MZ:inline", toBase64(*fromHex("0802120c0a030a010512001a030a0100"))}};
        DECODE(part, file.shared());
        QVERIFY(part.description);
        QVERIFY(!part.description->upper);
        QCOMPARE(test::joined(part.warnings), std::string());
    }

    void unreadableDescriptionsAreWarnings_data()
    {
        QTest::addColumn<QString>("value");
        QTest::addColumn<QString>("warning");
        QTest::newRow("bad base64") << "not base64!"
                                    << "does not read";
        QTest::newRow("bad protobuf") << "////"
                                      << "does not read";
        QTest::newRow("no description") << "CAI="
                                        << "lacks a bound";
        QTest::newRow("empty") << ""
                               << "lacks a bound";
    }

    void unreadableDescriptionsAreWarnings()
    {
        QFETCH(QString, value);
        QFETCH(QString, warning);
        auto file = test::rowPart({"a"}, {5}, {1});
        file.keyValues = {{"MZ:inline", value.toStdString()}};
        DECODE(part, file.shared());
        QCOMPARE(rowsOf(part), (std::vector<std::string> {"a"}));
        QVERIFY(!part.description);
        QVERIFY_WARNS(part, warning.toStdString());
    }

    void timesOutsideTheDescriptionAreCounted()
    {
        DECODE(part, test::rowPart({"a", "b", "c", "d"}, {4, 5, 6, 7}, {1, 1, 1, 1}).shared());
        QCOMPARE(part.rows.size(), std::size_t(4));
        QVERIFY_WARNS(part, "1 update earlier than the part's lower");
        QVERIFY_WARNS(part, "2 updates not earlier than the part's upper");
    }

    void aCompactedPartMayHoldLaterTimes()
    {
        auto file = test::rowPart({"a"}, {9}, {1});
        // [5, 6) since 9: its times were advanced to the since (§11, row 28).
        file.keyValues = {{"MZ:inline", toBase64(*fromHex("0802120f0a030a010512030a01061a030a0109"))}};
        DECODE(part, file.shared());
        QCOMPARE(test::joined(part.warnings), std::string());
    }

    void updatesWithoutADiffAreDropped()
    {
        DECODE(part, test::rowPart({"a", "b", "c", "d"}, {5, 5, 5, 5}, {0, 1, 0, -3}).shared());
        QCOMPARE(rowsOf(part), (std::vector<std::string> {"b", "d"}));
        QCOMPARE(part.diffs, (std::vector<std::int64_t> {1, -3}));
        QCOMPARE(part.times.size(), std::size_t(2));
        QCOMPARE(part.warnings.size(), std::size_t(1));
        QVERIFY_WARNS(part, "2 updates with a diff of 0, dropped");
    }

    void timesKeepAll64Bits()
    {
        auto file = test::rowPart({"a"}, {-1}, {std::numeric_limits<std::int64_t>::min()});
        file.keyValues.clear();
        DECODE(part, file.shared());
        QCOMPARE(part.times, (std::vector<std::uint64_t> {std::numeric_limits<std::uint64_t>::max()}));
        QCOMPARE(part.diffs, (std::vector<std::int64_t> {std::numeric_limits<std::int64_t>::min()}));
    }

    void rowsWithAnErrorShowItsBytes()
    {
        DECODE(part,
               test::structuredPart(test::okChunk({"fine", std::nullopt, "also", std::nullopt}),
                                    test::errChunk({std::nullopt, "boom", "both", std::nullopt}), {0, 0, 0, 0},
                                    {1, 1, 1, 1})
                   .shared());
        QCOMPARE(rowsOf(part), (std::vector<std::string> {"fine", "boom", "both", ""}));
        QCOMPARE(part.rows[0].form, RowForm::JsonText);
        QCOMPARE(part.rows[1].form, RowForm::Error);
        QCOMPARE(part.rows[2].form, RowForm::Error);
        QCOMPARE(part.rows[3].form, RowForm::Error);
        QCOMPARE(part.warnings.size(), std::size_t(2));
        QVERIFY_WARNS(part, "2 rows with the column err set");
        QVERIFY_WARNS(part, "1 row without a value");
    }

    void aNullCellIsAnEmptyError()
    {
        DECODE(part,
               test::structuredPart(test::okChunk({"fine", std::nullopt}, 1),
                                    test::errChunk({std::nullopt, std::nullopt}), {0, 0}, {1, 1})
                   .shared());
        QCOMPARE(rowsOf(part), (std::vector<std::string> {"fine", ""}));
        QCOMPARE(part.rows[1].form, RowForm::Error);
        QVERIFY_WARNS(part, "1 row without a value");
    }

    void theLeafsLevelComesFromTheSchema()
    {
        // The old era's leaf is REQUIRED: maximum 1, so the same levels mean another thing.
        auto file = test::structuredPart(test::okChunk({"x"}), test::errChunk({std::nullopt}), {0}, {1});
        file.schema[4].repetition = 0;
        file.rowGroups[0].chunks[2].pages = test::optionalPage({"x"}, 1, 0);
        DECODE(part, file.shared());
        QCOMPARE(rowsOf(part), (std::vector<std::string> {"x"}));
    }

    void refusesBrokenFiles_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<int>("code");
        QTest::addColumn<QString>("reason");
        const auto row = [](const char* name, const std::string& bytes, ErrorCode code, const char* reason) {
            QTest::newRow(name) << QByteArray::fromStdString(bytes) << static_cast<int>(code)
                                << QString::fromLatin1(reason);
        };
        const auto good = test::rowPart({"a", "b"}, {5, 5}, {1, 1});
        const auto bytes = good.encode();
        row("empty", "", ErrorCode::Corrupt, "0 bytes");
        row("only magic", "PAR1PAR1", ErrorCode::Corrupt, "8 bytes");
        row("not parquet", std::string(100, 'x'), ErrorCode::Corrupt, "PAR1");
        row("cut off", bytes.substr(0, bytes.size() - 1), ErrorCode::Corrupt, "PAR1");
        row("encrypted", bytes.substr(0, bytes.size() - 4) + "PARE", ErrorCode::Unsupported, "encrypted");
        row("footer longer than the file", "PAR1" + test::littleEndian(std::uint32_t {9}) + "PAR1", ErrorCode::Corrupt,
            "footer claims 9 bytes");

        auto file = good;
        file.rowGroups[0].chunks[2].values = 1;
        row("times too few", file.encode(), ErrorCode::Corrupt, "reading column t: the column has 1 values");
        file = good;
        file.rowGroups[0].chunks.pop_back();
        row("a chunk too few", file.encode(), ErrorCode::Corrupt, "3 columns of 4");
        file = good;
        file.schema[2].name = "time";
        file.rowGroups[0].chunks[2].path = {"time"};
        row("no times", file.encode(), ErrorCode::Corrupt, "no column t");
        file = good;
        file.schema[0].name = "q";
        file.rowGroups[0].chunks[0].path = {"q"};
        row("no rows", file.encode(), ErrorCode::Corrupt, "neither column k nor k_s.ok.0, only: q, v, t, d");
        file = good;
        file.rowGroups[0].chunks[2].path = {"d"};
        row("chunk of another column", file.encode(), ErrorCode::Corrupt, "says that it is of column d");
        file = good;
        file.schema[2].type = ParquetType::Int32;
        file.rowGroups[0].chunks[2].type = ParquetType::Int32;
        row("times of 32 bits", file.encode(), ErrorCode::Corrupt, "column t is INT32, not INT64");
        file = good;
        file.schema[0].type = ParquetType::Int64;
        file.rowGroups[0].chunks[0].type = ParquetType::Int64;
        row("rows of numbers", file.encode(), ErrorCode::Corrupt, "INT64, not BYTE_ARRAY");
        file = good;
        file.schema[0].repetition = 2;
        row("repeated rows", file.encode(), ErrorCode::Unsupported, "repeats within a row");
        file = good;
        file.rowGroups[0].chunks[0].codec = CompressionCodec::Lz4;
        row("codec LZ4", file.encode(), ErrorCode::Unsupported, "LZ4, which this build does not read");
        file = good;
        file.rowGroups[0].chunks[0].codec = CompressionCodec::Lzo;
        row("codec LZO", file.encode(), ErrorCode::Unsupported, "reading column k");
        file = good;
        file.schema[2].repetition = 1;
        test::TestPage page;
        page.values = 2;
        page.nulls = 1;
        page.levels = test::hybridPacked({1, 0}, 1);
        page.body = test::plain<std::int64_t>({5});
        file.rowGroups[0].chunks[2].pages = page.encode();
        row("null time", file.encode(), ErrorCode::Corrupt, "column t has 1 null");
        file = good;
        file.rootChildren = 3;
        row("schema too long", file.encode(), ErrorCode::Corrupt, "behind its root's last child");
        file = good;
        file.rootChildren = 5;
        row("schema too short", file.encode(), ErrorCode::Corrupt, "ends before its last group");
        file = good;
        file.rowGroups[0].rows = std::int64_t {1} << 40;
        row("too many rows", file.encode(), ErrorCode::Unsupported, "believed of its size");
        file = good;
        file.rowGroups.assign(100, {1 << 20, good.rowGroups[0].chunks});
        row("too many rows together", file.encode(), ErrorCode::Unsupported, "believed of its size");
    }

    void refusesBrokenFiles()
    {
        QFETCH(QByteArray, bytes);
        QFETCH(int, code);
        QFETCH(QString, reason);
        const auto part = decodeParquetPart(SharedBytes::copyOf(bytesOf(bytes.toStdString())));
        QVERIFY(!part);
        QCOMPARE(static_cast<int>(part.error().code), code);
        QVERIFY2(QString::fromStdString(part.error().describe()).contains(reason), part.error().describe().c_str());
    }

    void aFooterThatMiscountsIsAWarning()
    {
        auto file = test::rowPart({"a"}, {5}, {1});
        file.rows = 7;
        DECODE(part, file.shared());
        QVERIFY_WARNS(part, "the footer counts 7 rows, its row groups have 1");
    }

    void oneFileServesEveryColumn()
    {
        auto file = ParquetFile::open(SharedBytes::copyOf(test::vectorBytes(test::kParquetVectors[0])));
        QVERIFY(file);
        QCOMPARE(file->rows(), std::uint64_t(2));
        QCOMPARE(file->footer().createdBy, std::string("parquet-rs version 56.2.0"));
        QVERIFY(file->value("MZ:inline"));
        QVERIFY(!file->value("MZ:outline"));
        QVERIFY(!file->column("k"));
        const auto leaf = file->column("k_s.ok.0");
        QVERIFY(leaf);
        QCOMPARE(file->footer().columns[*leaf].maxDefinitionLevel, 2U);
        std::vector<std::int64_t> numbers(2, 77);
        const auto nulls = file->readIntegers(*file->column("v_s"), numbers);
        QVERIFY(nulls);
        QCOMPARE(*nulls, std::uint64_t(0));
        QCOMPARE(numbers, (std::vector<std::int64_t> {0, 0}));
        const auto errors = file->countPresent(*file->column("k_s.err"));
        QVERIFY(errors);
        QCOMPARE(*errors, std::uint64_t(0));
        QVERIFY(!file->readIntegers(*leaf, numbers));
    }
};

QTEST_GUILESS_MAIN(TestParquetPart)
#include "tst_parquet_part.moc"
