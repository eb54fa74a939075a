#include "core/base/base64.h"
#include "core/base/hex.h"
#include "core/codec/decoded_part.h"
#include "core/codec/parquet_file.h"
#include "core/machine/part_encoder.h"
#include "tests/core/machine/golden.h"
#include "tests/core/machine/stored_shard.h"

#include <QFile>
#include <QTest>

#include <algorithm>
#include <map>
#include <random>
#include <tuple>

using namespace inspector;
using namespace inspector::machine;
using namespace inspector::machine::test;

namespace {

constexpr std::uint64_t kSeed = 19700101;

persist::Description bounds(std::uint64_t lower, persist::Frontier upper)
{
    return {Timestamp(lower), upper, Timestamp()};
}

/// Rows of which a few are very long, at any times and with any diffs but 0.
std::vector<RowUpdate> randomRows(std::size_t count, std::mt19937_64& random)
{
    std::vector<RowUpdate> rows(count);
    for (auto& row : rows) {
        row.key.assign(random() % 997 == 0 ? 300'000 : random() % 90, static_cast<char>('a' + random() % 26));
        row.key += std::to_string(random());
        if (random() % 4 == 0)
            row.value.assign(random() % 7, 'v');
        row.time = random();
        row.diff = random() % 3 == 0 ? static_cast<std::int64_t>(random() | 1U) : 1;
    }
    return rows;
}

/// What is not as it was written; empty when all is.
std::string differenceBetween(const std::vector<RowUpdate>& rows, const codec::DecodedPart& part)
{
    if (part.rows.size() != rows.size())
        return std::to_string(part.rows.size()) + " rows instead of " + std::to_string(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (part.rows[i].bytes() != rows[i].key || part.times[i] != rows[i].time || part.diffs[i] != rows[i].diff)
            return "row " + std::to_string(i) + " is another";
    return part.warnings.empty() ? std::string() : part.warnings.front();
}

/// A file of tests/data/parquet.
SharedBytes storedFile(const char* name)
{
    QFile file(QStringLiteral(SOURCE_ROOT "/tests/data/parquet/") + QLatin1String(name));
    if (!file.open(QIODevice::ReadOnly))
        qFatal("%s is not there", name);
    const auto bytes = fromBase64(file.readAll().replace('\n', "").toStdString());
    return SharedBytes::copyOf(*bytes);
}

codec::ParquetFile opened(const SharedBytes& bytes)
{
    auto file = codec::ParquetFile::open(bytes);
    if (!file)
        qFatal("%s", file.error().describe().c_str());
    return *std::move(file);
}

} // namespace

class TestPartEncoder : public QObject
{
    Q_OBJECT

private slots:
    void equalRowsOfOneTimeAreSummed()
    {
        const auto rows = consolidated(
            {{"b", "", 5, 1}, {"a", "", 5, 1}, {"a", "", 4, -1}, {"b", "", 5, -1}, {"a", "v", 5, 1}, {"a", "", 5, 2}});
        QCOMPARE(rows.size(), std::size_t(3));
        const auto is = [](const RowUpdate& row, const char* key, const char* value, std::uint64_t time,
                           std::int64_t diff) {
            return row.key == key && row.value == value && row.time == time && row.diff == diff;
        };
        QVERIFY(is(rows[0], "a", "", 4, -1));
        QVERIFY(is(rows[1], "a", "", 5, 3));
        QVERIFY(is(rows[2], "a", "v", 5, 1));
        QVERIFY(consolidated({{"a", "", 1, 1}, {"a", "", 1, -1}}).empty());
        QVERIFY(consolidated({{"a", "", 1, 0}}).empty());
        QVERIFY(consolidated({}).empty());
    }

    void consolidationIsASortedSum()
    {
        std::mt19937_64 random(kSeed);
        for (int round = 0; round < 200; ++round) {
            std::vector<RowUpdate> rows(random() % 40);
            std::map<std::tuple<std::string, std::string, std::uint64_t>, std::int64_t> sums;
            for (auto& row : rows) {
                row = {std::string(random() % 3, 'k'), std::string(random() % 2, 'v'), random() % 3,
                       static_cast<std::int64_t>(random() % 5) - 2};
                sums[{row.key, row.value, row.time}] += row.diff;
            }
            std::erase_if(sums, [](const auto& sum) { return sum.second == 0; });
            const auto summed = consolidated(rows);
            QVERIFY2(std::equal(summed.begin(), summed.end(), sums.begin(), sums.end(),
                                [](const RowUpdate& row, const auto& sum) {
                                    return std::tie(row.key, row.value, row.time) == sum.first
                                        && row.diff == sum.second;
                                }),
                     ("seed " + std::to_string(kSeed) + ", round " + std::to_string(round)).c_str());
        }
    }

    void inlineMeasureCountsSixteenARow()
    {
        QCOMPARE(inlineMeasure({}), std::uint64_t(0));
        QCOMPARE(inlineMeasure({{"abc", "", 1, 1}, {"", "v", 2, 1}}), std::uint64_t(3 + 16 + 1 + 16));
    }

    void goldenInlinePart()
    {
        const auto bytes = encodeInlinePart(bounds(1, Timestamp(2)), {{"k1", "", 1, 1}, {"k2", "", 1, 1}});
        QCOMPARE(toHex(bytes.view()), toHex(golden(Era::Old).inlinePart.view()));
    }

    void inlinePartComesBack_data() { addRowCounts({1, 2, 100}); }
    void inlinePartComesBack()
    {
        QFETCH(const int, count);
        std::mt19937_64 random(kSeed);
        auto rows = randomRows(static_cast<std::size_t>(count), random);
        for (auto& row : rows)
            row.value.clear();
        const auto part = codec::decodeInlinePart(encodeInlinePart(bounds(3, std::nullopt), rows));
        QVERIFY2(part.has_value(), part ? "" : part.error().describe().c_str());
        QCOMPARE(part->layout, codec::PartLayout::Row);
        QVERIFY(part->description.has_value());
        QCOMPARE(part->description->lower, std::optional<std::uint64_t>(3));
        QCOMPARE(part->description->upper, std::nullopt);
        QCOMPARE(part->description->since, std::optional<std::uint64_t>(0));
        QCOMPARE(differenceBetween(rows, *part), std::string());
    }

    void blobPartComesBack_data() { addRowCounts({1, 2, 19'999, 20'000, 20'001, 50'000}); }
    void blobPartComesBack()
    {
        QFETCH(const int, count);
        std::mt19937_64 random(kSeed);
        const auto rows = randomRows(static_cast<std::size_t>(count), random);
        const auto bytes = encodeBlobPart(bounds(3, std::nullopt), rows);
        const auto part = codec::decodeParquetPart(bytes);
        QVERIFY2(part.has_value(), part ? "" : part.error().describe().c_str());
        QCOMPARE(part->layout, codec::PartLayout::Row);
        QCOMPARE(part->description->lower, std::optional<std::uint64_t>(3));
        QCOMPARE(part->description->upper, std::nullopt);
        QCOMPARE(part->description->since, std::optional<std::uint64_t>(0));
        QCOMPARE(differenceBetween(rows, *part), std::string());

        auto file = opened(bytes);
        const auto values = file.readByteArrays(1, codec::RowForm::SourceData);
        QVERIFY(values.has_value());
        QVERIFY(
            std::equal(rows.begin(), rows.end(), values->rows.begin(), values->rows.end(),
                       [](const RowUpdate& row, const codec::StoredRow& value) { return value.bytes() == row.value; }));
        // Nothing lies behind the bytes that SIMD may not read.
        for (std::size_t i = 0; i < SharedBytes::kPadding; ++i)
            QCOMPARE(*(bytes.data() + bytes.size() + i), std::byte {0});
    }

    void blobPartHasExactlyFourRequiredColumns()
    {
        const auto file = opened(encodeBlobPart(bounds(5, Timestamp(6)), {{"k", "", 5, 1}, {"l", "", 5, -1}}));
        const auto& footer = file.footer();
        QCOMPARE(footer.rows, std::uint64_t(2));
        QCOMPARE(footer.rowGroups.size(), std::size_t(1));
        QStringList columns;
        for (const auto& column : footer.columns) {
            columns += QString::fromStdString(column.path + " " + codec::nameOf(column.type));
            QCOMPARE(column.maxDefinitionLevel, 0U);
            QCOMPARE(column.maxRepetitionLevel, 0U);
        }
        QCOMPARE(columns.join(QStringLiteral(", ")), QStringLiteral("k BYTE_ARRAY, v BYTE_ARRAY, t INT64, d INT64"));
        for (const auto& chunk : footer.rowGroups[0].chunks)
            QCOMPARE(chunk.codec, codec::CompressionCodec::Uncompressed);
        // The base64 text of persist-format §7.4 for a part [5, 6), and nothing else.
        QCOMPARE(footer.keyValues.size(), std::size_t(1));
        QCOMPARE(footer.keyValues[0].key, std::string("MZ:inline"));
        QCOMPARE(footer.keyValues[0].value, std::string("CAISDwoDCgEFEgMKAQYaAwoBAA=="));
    }

    void pagesAreThoseOfTheRealWriter()
    {
        // tv_row.parquet is what the reference's own library wrote (persist-format §12.2).
        const auto stored = storedFile("tv_row.parquet.b64");
        const auto part = codec::decodeParquetPart(stored);
        QVERIFY(part.has_value());
        std::vector<RowUpdate> rows;
        for (std::size_t i = 0; i < part->rows.size(); ++i)
            rows.push_back({std::string(part->rows[i].bytes()), {}, part->times[i], part->diffs[i]});
        const auto ours = encodeBlobPart(bounds(2, Timestamp(1724176033002)), rows);
        const auto theirFooter = opened(stored).footer();
        const auto ourFooter = opened(ours).footer();
        QCOMPARE(ourFooter.keyValues[0].value, theirFooter.keyValues[0].value);
        for (std::size_t column = 0; column < 4; ++column) {
            const auto pagesOf = [&](const SharedBytes& bytes, const codec::ParquetFooter& footer) {
                const auto& chunk = footer.rowGroups[0].chunks[column];
                return toHex(bytes.view().subspan(chunk.offset, chunk.size));
            };
            QCOMPARE(pagesOf(ours, ourFooter), pagesOf(stored, theirFooter));
        }
    }

    void columnsHaveABound()
    {
        const std::vector<RowUpdate> rows {{"0123456789", "", 1, 1}, {"0123456789", "0123456789", 1, 1}};
        QVERIFY(fitsOnePart({}));
        QVERIFY(fitsOnePart(rows));
        QVERIFY(fitsOnePart(rows, 20));
        QVERIFY(!fitsOnePart(rows, 19)); // of keys
        QVERIFY(!fitsOnePart({{"", "0123456789", 1, 1}}, 9));
        QVERIFY(fitsOnePart({{"", "", 1, 1}, {"", "", 2, 1}}, 16));
        QVERIFY(!fitsOnePart({{"", "", 1, 1}, {"", "", 2, 1}}, 15)); // of times
    }

private:
    static void addRowCounts(std::initializer_list<int> counts)
    {
        QTest::addColumn<int>("count");
        for (const int count : counts)
            QTest::newRow(std::to_string(count).c_str()) << count;
    }
};

QTEST_GUILESS_MAIN(TestPartEncoder)
#include "tst_part_encoder.moc"
