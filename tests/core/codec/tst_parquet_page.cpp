#include "core/base/hex.h"
#include "core/codec/parquet_hybrid.h"
#include "core/codec/parquet_page.h"
#include "tests/core/codec/parquet_test_writer.h"

#include <QtTest>

#include <numeric>
#include <random>

using namespace inspector;
using namespace inspector::codec;

Q_DECLARE_METATYPE(inspector::codec::CompressionCodec)

namespace {

std::string hexText(std::string_view hex)
{
    const auto bytes = fromHex(hex);
    return bytes ? std::string(textOf(*bytes)) : "not hex";
}

/// A chunk with one dictionary page and one data page of the given bodies.
std::string dictionaryChunk(const std::string& dictionary, std::uint32_t entries, const std::string& levels,
                            const std::string& body, std::uint32_t values, std::uint32_t nulls)
{
    test::TestPage first;
    first.type = ParquetPageType::Dictionary;
    first.values = entries;
    first.body = dictionary;
    test::TestPage second;
    second.encoding = ParquetEncoding::RleDictionary;
    second.values = values;
    second.nulls = nulls;
    second.levels = levels;
    second.body = body;
    return first.encode() + second.encode();
}

struct Texts
{
    std::vector<std::string> values; ///< a null is "<null>"
    std::uint64_t nulls = 0;
    std::size_t owners = 0;
};

Result<Texts> readTexts(const std::string& pages, std::size_t values, std::uint32_t maxLevel = 0,
                        CompressionCodec codec = CompressionCodec::Uncompressed)
{
    InflationBudget budget(pages.size());
    std::vector<StoredRow> rows(values);
    PageOwners owners;
    INSPECTOR_TRY(const auto nulls,
                  readByteArrays({bytesOf(pages), codec, ParquetType::ByteArray, maxLevel}, RowForm::JsonText, budget,
                                 rows, owners));
    Texts texts;
    for (const auto& row : rows)
        texts.values.push_back(row.form == RowForm::Error ? "<null>" : std::string(row.bytes()));
    texts.nulls = nulls;
    texts.owners = owners.size();
    return texts;
}

Result<std::vector<std::int64_t>> readNumbers(const std::string& pages, std::size_t values,
                                              ParquetType type = ParquetType::Int64)
{
    InflationBudget budget(pages.size());
    std::vector<std::int64_t> numbers(values);
    INSPECTOR_TRY(const auto nulls,
                  readIntegers({bytesOf(pages), CompressionCodec::Uncompressed, type, 0}, budget, numbers));
    if (nulls != 0)
        return fail(ErrorCode::Internal, "a required column has nulls");
    return numbers;
}

const std::vector<std::string> kWords {"alpha", "beta", "", "delta"};

} // namespace

class TestParquetPage : public QObject
{
    Q_OBJECT

private slots:
    // The bytes of persist-format §7.6, "Observed bytes".
    void readsTheObservedTimes()
    {
        const auto numbers = readNumbers(dictionaryChunk(hexText("0068e5cf8b010000"), 1, "", hexText("0006"), 3, 0), 3);
        QVERIFY(numbers);
        QCOMPARE(*numbers, (std::vector<std::int64_t> {1700000000000, 1700000000000, 1700000000000}));
    }

    void readsTheObservedDiffs()
    {
        const auto numbers = readNumbers(
            dictionaryChunk(hexText("0100000000000000ffffffffffffffff"), 2, "", hexText("010302"), 3, 0), 3);
        QVERIFY(numbers);
        QCOMPARE(*numbers, (std::vector<std::int64_t> {1, -1, 1}));
    }

    void readsTheObservedRows()
    {
        const auto texts = readTexts(
            dictionaryChunk(test::plain({"one", "two", "three"}), 3, hexText("0602"), hexText("02032400"), 3, 0), 3, 2);
        QVERIFY(texts);
        QCOMPARE(texts->values, (std::vector<std::string> {"one", "two", "three"}));
        QCOMPARE(texts->nulls, std::uint64_t(0));
    }

    void readsTheObservedErrors()
    {
        const auto texts = readTexts(dictionaryChunk("", 0, hexText("0600"), hexText("00"), 3, 3), 3, 1);
        QVERIFY(texts);
        QCOMPARE(texts->nulls, std::uint64_t(3));
        QCOMPARE(texts->values, (std::vector<std::string> {"<null>", "<null>", "<null>"}));
    }

    void readsTheObservedNothing()
    {
        const auto numbers =
            readNumbers(dictionaryChunk(hexText("00000000"), 1, "", hexText("0006"), 3, 0), 3, ParquetType::Int32);
        QVERIFY(numbers);
        QCOMPARE(*numbers, (std::vector<std::int64_t> {0, 0, 0}));
    }

    void unpacksEveryWidth()
    {
        std::mt19937 random(7);
        for (std::uint32_t width = 0; width <= 32; ++width) {
            const auto mask = static_cast<std::uint32_t>((std::uint64_t {1} << width) - 1);
            for (const std::size_t count : {1U, 7U, 8U, 9U, 64U, 1001U}) {
                std::vector<std::uint32_t> values(count);
                for (auto& value : values)
                    value = static_cast<std::uint32_t>(random()) & mask;
                // Runs before and after, so that what a run takes from the stream counts.
                const auto stream = test::hybridRun(mask, 5, width) + test::hybridPacked(values, width);
                HybridReader reader(bytesOf(stream), width);
                std::vector<std::uint32_t> back(5 + count);
                QVERIFY(reader.fill(back));
                for (int i = 0; i < 5; ++i)
                    QCOMPARE(back[static_cast<std::size_t>(i)], mask);
                QVERIFY(std::equal(values.begin(), values.end(), back.begin() + 5));
            }
        }
    }

    void aPackedRunEndsWhereItsGroupsDo()
    {
        const auto stream = test::hybridPacked({1, 0, 1, 1, 0, 0, 0, 1}, 1) + test::hybridRun(1, 3, 1);
        HybridReader reader(bytesOf(stream), 1);
        std::vector<std::uint32_t> back(11);
        QVERIFY(reader.fill(back));
        QCOMPARE(back, (std::vector<std::uint32_t> {1, 0, 1, 1, 0, 0, 0, 1, 1, 1, 1}));
    }

    void refusesBrokenHybridStreams_data()
    {
        QTest::addColumn<QByteArray>("hex");
        QTest::addColumn<quint32>("width");

        QTest::newRow("nothing") << QByteArray("") << quint32(1);
        QTest::newRow("too few") << QByteArray("0401") << quint32(1);
        QTest::newRow("run without its value") << QByteArray("10") << quint32(1);
        QTest::newRow("packed without its bytes") << QByteArray("0324") << quint32(9);
        QTest::newRow("endless header") << QByteArray("ffffffffffff01") << quint32(1);
        QTest::newRow("header beyond 32 bits") << QByteArray("feffffff7f01") << quint32(1);
        QTest::newRow("width beyond 32 bits") << QByteArray("1000000000000000") << quint32(33);
    }

    void refusesBrokenHybridStreams()
    {
        QFETCH(QByteArray, hex);
        QFETCH(quint32, width);
        const auto stream = hexText(hex.toStdString());
        std::vector<std::uint32_t> back(8);
        QVERIFY(!HybridReader(bytesOf(stream), width).fill(back));
    }

    void levelsTakeTheBitsOfTheirMaximum()
    {
        QCOMPARE(levelWidth(0), 0U);
        QCOMPARE(levelWidth(1), 1U);
        QCOMPARE(levelWidth(2), 2U);
        QCOMPARE(levelWidth(3), 2U);
        QCOMPARE(levelWidth(4), 3U);
    }

    void readsAPageWithEveryCodec_data()
    {
        QTest::addColumn<CompressionCodec>("codec");
        QTest::addColumn<bool>("isV2");
        QTest::addColumn<bool>("hasDictionary");
        QTest::addColumn<int>("flag"); // of v2: -1 absent, 0 false, 1 true
        for (const auto codec : {CompressionCodec::Uncompressed, CompressionCodec::Snappy, CompressionCodec::Gzip,
                                 CompressionCodec::Brotli, CompressionCodec::Zstd, CompressionCodec::Lz4Raw}) {
            for (const bool hasDictionary : {false, true}) {
                const auto name = QString::fromStdString(nameOf(codec)) + (hasDictionary ? " dictionary " : " plain ");
                QTest::newRow(qPrintable(name + "v1")) << codec << false << hasDictionary << -1;
                QTest::newRow(qPrintable(name + "v2")) << codec << true << hasDictionary << -1;
                QTest::newRow(qPrintable(name + "v2 flagged")) << codec << true << hasDictionary << 1;
                QTest::newRow(qPrintable(name + "v2 left alone")) << codec << true << hasDictionary << 0;
            }
        }
    }

    void readsAPageWithEveryCodec()
    {
        QFETCH(CompressionCodec, codec);
        QFETCH(bool, isV2);
        QFETCH(bool, hasDictionary);
        QFETCH(int, flag);

        test::TestPage page;
        page.codec = codec;
        page.type = isV2 ? ParquetPageType::DataV2 : ParquetPageType::Data;
        page.values = 6;
        page.nulls = 2;
        page.levels = test::hybridPacked({1, 1, 0, 1, 0, 1}, 1);
        page.body = test::plain(kWords);
        if (flag >= 0)
            page.isCompressed = flag == 1;
        std::string pages;
        if (hasDictionary) {
            test::TestPage dictionary;
            dictionary.codec = codec;
            dictionary.type = ParquetPageType::Dictionary;
            dictionary.values = 4;
            dictionary.body = test::plain(kWords);
            pages = dictionary.encode();
            page.encoding = isV2 ? ParquetEncoding::RleDictionary : ParquetEncoding::PlainDictionary;
            page.body = std::string(1, '\2') + test::hybridPacked({0, 1, 2, 3}, 2);
        }
        pages += page.encode();

        const auto texts = readTexts(pages, 6, 1, codec);
        QVERIFY2(texts, texts ? "" : texts.error().describe().c_str());
        QCOMPARE(texts->values, (std::vector<std::string> {"alpha", "beta", "<null>", "", "<null>", "delta"}));
        QCOMPARE(texts->nulls, std::uint64_t(2));
        // A buffer for the strings where they were compressed, none where they lie in the page as it is.
        const bool inflated = codec != CompressionCodec::Uncompressed && (hasDictionary || flag != 0);
        QCOMPARE(texts->owners, std::size_t(inflated ? 1 : 0));

        InflationBudget budget(pages.size());
        const auto present = countPresent({bytesOf(pages), codec, ParquetType::ByteArray, 1}, budget, 6);
        QVERIFY(present);
        QCOMPARE(*present, std::uint64_t(4));
    }

    void fallsBackToPlainInTheMiddleOfAChunk()
    {
        const auto pages = dictionaryChunk(test::plain({"one", "two"}), 2, "",
                                           std::string(1, '\1') + test::hybridPacked({1, 0, 1}, 1), 3, 0)
            + test::plainPage<std::string>({"three", "four"}) + test::plainPage<std::string>({"five"});
        const auto texts = readTexts(pages, 6);
        QVERIFY(texts);
        QCOMPARE(texts->values, (std::vector<std::string> {"two", "one", "two", "three", "four", "five"}));
    }

    void readsManyPages()
    {
        std::string pages;
        std::vector<std::int64_t> expected;
        for (std::int64_t page = 0; page < 300; ++page) {
            std::vector<std::int64_t> values(static_cast<std::size_t>(page % 7));
            std::iota(values.begin(), values.end(), page * 10);
            pages += test::plainPage(values);
            expected.insert(expected.end(), values.begin(), values.end());
        }
        const auto numbers = readNumbers(pages, expected.size());
        QVERIFY(numbers);
        QCOMPARE(*numbers, expected);
    }

    void passesOverPagesOfOtherTypes()
    {
        const auto index = test::ThriftWriter().integer(1, 1).integer(2, 3).integer(3, 3).stop() + "xyz";
        const auto numbers = readNumbers(index + test::plainPage<std::int64_t>({5}), 1);
        QVERIFY(numbers);
        QCOMPARE(*numbers, (std::vector<std::int64_t> {5}));
    }

    void nullsOfAnyLowerLevelCount()
    {
        // Maximum 2: level 1 is a null cell, level 0 a null struct above it.
        test::TestPage page;
        page.values = 5;
        page.nulls = 3;
        page.levels = test::hybridRun(2, 1, 2) + test::hybridPacked({1, 0, 2, 0}, 2);
        page.body = test::plain({"a", "b"});
        const auto texts = readTexts(page.encode(), 5, 2);
        QVERIFY(texts);
        QCOMPARE(texts->values, (std::vector<std::string> {"a", "<null>", "<null>", "b", "<null>"}));

        page.values = 4;
        page.levels = test::hybridRun(1, 2, 2) + test::hybridRun(2, 2, 2);
        const auto runs = readTexts(page.encode(), 4, 2);
        QVERIFY(runs);
        QCOMPARE(runs->values, (std::vector<std::string> {"<null>", "<null>", "a", "b"}));
    }

    void levelsOutliveTheValuesOfTheirPage()
    {
        // In a v1 page both lie in one buffer; integers are copied out of it before their nulls are put in.
        test::TestPage page;
        page.codec = CompressionCodec::Snappy;
        page.type = ParquetPageType::Data;
        page.values = 3;
        page.levels = test::hybridPacked({1, 0, 1}, 1);
        page.body = test::plain<std::int64_t>({5, 7});
        const auto pages = page.encode();
        InflationBudget budget(pages.size());
        std::vector<std::int64_t> numbers(3);
        const auto nulls = readIntegers({bytesOf(pages), page.codec, ParquetType::Int64, 1}, budget, numbers);
        QVERIFY(nulls);
        QCOMPARE(*nulls, std::uint64_t(1));
        QCOMPARE(numbers, (std::vector<std::int64_t> {5, 0, 7}));
    }

    void refusesWhatContradictsItself_data()
    {
        QTest::addColumn<QByteArray>("pages");
        QTest::addColumn<quint32>("maxLevel");
        QTest::addColumn<QString>("reason");
        const auto row = [](const char* name, const std::string& pages, quint32 maxLevel, const char* reason) {
            QTest::newRow(name) << QByteArray::fromStdString(pages) << maxLevel << QString::fromLatin1(reason);
        };
        test::TestPage page;
        page.values = 3;
        page.body = test::plain({"a", "b", "c"});
        const auto good = page.encode();
        row("no pages", "", 0, "end before the column's values");
        row("too few values", test::plainPage<std::string>({"a"}), 0, "end before the column's values");
        row("too many values", test::plainPage<std::string>({"a", "b", "c", "d"}), 0, "has only 3 left");
        row("cut off", good.substr(0, good.size() - 1), 0, "longer than its column");
        row("cut off in the header", good.substr(0, 9), 0, "end too early");

        auto broken = page;
        broken.body = test::plain({"a", "b"}) + test::littleEndian(std::uint32_t {2}) + "c";
        row("a string beyond the page", broken.encode(), 0, "ends before its values");
        broken.body = test::plain({"a", "b"}) + "abc";
        row("a length beyond the page", broken.encode(), 0, "ends before its values");

        broken = page;
        broken.levels = test::hybridRun(1, 2, 1);
        row("levels too few", broken.encode(), 1, "levels end before");
        broken.levels = test::hybridRun(3, 3, 2);
        row("level above the maximum", broken.encode(), 2, "above its maximum");
        broken.levels = test::hybridPacked({2, 3, 2}, 2);
        row("packed level above the maximum", broken.encode(), 2, "above its maximum");

        broken = page;
        broken.encoding = ParquetEncoding::RleDictionary;
        row("no dictionary", broken.encode(), 0, "none before it");
        const auto indexes = [](const std::string& body) {
            return dictionaryChunk(test::plain({"x"}), 1, "", body, 3, 0);
        };
        row("no width", indexes(""), 0, "ends before its values");
        row("index in a run beyond the dictionary", indexes("\1" + test::hybridRun(1, 3, 1)), 0,
            "beyond the dictionary");
        row("packed index beyond the dictionary", indexes("\1" + test::hybridPacked({0, 1, 0}, 1)), 0,
            "beyond the dictionary");
        row("indexes too few", indexes("\1" + test::hybridRun(0, 2, 1)), 0, "indexes end before");
        test::TestPage dictionary;
        dictionary.type = ParquetPageType::Dictionary;
        dictionary.values = 1;
        dictionary.body = test::plain({"x"});
        row("two dictionaries", dictionary.encode() + dictionary.encode() + good, 0, "second dictionary");
        dictionary.values = 1000000;
        row("dictionary of fewer bytes", dictionary.encode() + good, 0, "fewer bytes");
        dictionary.values = 2;
        dictionary.body = test::plain({"longer"});
        row("dictionary ends early", dictionary.encode() + good, 0, "dictionary ends before");
    }

    void refusesWhatContradictsItself()
    {
        QFETCH(QByteArray, pages);
        QFETCH(quint32, maxLevel);
        QFETCH(QString, reason);
        const auto texts = readTexts(pages.toStdString(), 3, maxLevel);
        QVERIFY(!texts);
        QCOMPARE(texts.error().code, ErrorCode::Corrupt);
        QVERIFY2(QString::fromStdString(texts.error().describe()).contains(reason), texts.error().describe().c_str());
        QVERIFY(QString::fromStdString(texts.error().describe()).contains(QLatin1String("page at byte")));
    }

    void namesTheEncodingItDoesNotRead_data()
    {
        QTest::addColumn<int>("encoding");
        QTest::addColumn<QString>("name");
        QTest::newRow("5") << 5 << "DELTA_BINARY_PACKED";
        QTest::newRow("6") << 6 << "DELTA_LENGTH_BYTE_ARRAY";
        QTest::newRow("7") << 7 << "DELTA_BYTE_ARRAY";
        QTest::newRow("9") << 9 << "BYTE_STREAM_SPLIT";
        QTest::newRow("77") << 77 << "encoding 77";
    }

    void namesTheEncodingItDoesNotRead()
    {
        QFETCH(int, encoding);
        QFETCH(QString, name);
        test::TestPage page;
        page.values = 1;
        page.encoding = static_cast<ParquetEncoding>(encoding);
        page.body = test::plain({"a"});
        const auto texts = readTexts(page.encode(), 1);
        QVERIFY(!texts);
        QCOMPARE(texts.error().code, ErrorCode::Unsupported);
        QVERIFY2(QString::fromStdString(texts.error().message).contains(name), texts.error().message.c_str());
    }

    void namesTheLevelEncodingItDoesNotRead()
    {
        test::TestPage page;
        page.type = ParquetPageType::Data;
        page.values = 1;
        page.levels = test::hybridRun(1, 1, 1);
        page.levelEncoding = static_cast<int>(ParquetEncoding::BitPacked);
        page.body = test::plain({"a"});
        const auto texts = readTexts(page.encode(), 1, 1);
        QVERIFY(!texts);
        QCOMPARE(texts.error().code, ErrorCode::Unsupported);
        QVERIFY(QString::fromStdString(texts.error().message).contains(QLatin1String("BIT_PACKED")));
    }

    void refusesAPageThatClaimsTooMuch_data()
    {
        QTest::addColumn<CompressionCodec>("codec");
        QTest::newRow("SNAPPY") << CompressionCodec::Snappy;
        QTest::newRow("GZIP") << CompressionCodec::Gzip;
        QTest::newRow("BROTLI") << CompressionCodec::Brotli;
        QTest::newRow("ZSTD") << CompressionCodec::Zstd;
        QTest::newRow("LZ4_RAW") << CompressionCodec::Lz4Raw;
    }

    void refusesAPageThatClaimsTooMuch()
    {
        QFETCH(CompressionCodec, codec);
        test::TestPage page;
        page.codec = codec;
        page.values = 1;
        page.body = test::plain({"a"});
        page.uncompressedSize = std::numeric_limits<std::int32_t>::max();
        const auto texts = readTexts(page.encode(), 1, 0, codec);
        QVERIFY(!texts);
        QCOMPARE(texts.error().code, ErrorCode::Unsupported);
        QVERIFY(QString::fromStdString(texts.error().message).contains(QLatin1String("2147483647")));
    }

    void aFilesPagesShareOneBudget()
    {
        InflationBudget budget(1000);
        for (std::uint64_t taken = 0; taken < InflationBudget::kFileBytes; taken += InflationBudget::kPageBytes)
            QVERIFY(budget.take(10, InflationBudget::kPageBytes));
        QVERIFY(!budget.take(10, 1));
    }
};

QTEST_GUILESS_MAIN(TestParquetPage)
#include "tst_parquet_page.moc"
