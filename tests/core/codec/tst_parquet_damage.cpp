#include "core/codec/decoded_part.h"
#include "core/codec/parquet_file.h"
#include "tests/core/codec/parquet_test_writer.h"
#include "tests/core/codec/part_test_data.h"

#include <QtTest>

using namespace inspector;
using namespace inspector::codec;

namespace {

constexpr unsigned kSeed = 20241113;

/// The vectors, and files with the pages that the vectors lack.
std::vector<std::pair<QString, Bytes>> parquetFiles()
{
    std::vector<std::pair<QString, Bytes>> files;
    for (const auto& name : test::kParquetVectors)
        files.emplace_back(name, test::vectorBytes(name));
    for (const auto codec : {CompressionCodec::Snappy, CompressionCodec::Gzip, CompressionCodec::Brotli,
                             CompressionCodec::Zstd, CompressionCodec::Lz4Raw}) {
        test::TestPage page;
        page.codec = codec;
        page.type = ParquetPageType::Data;
        page.values = 3;
        page.levels = test::hybridPacked({1, 0, 1}, 1);
        page.body = test::plain({"first first first first", "second second second"});
        test::TestChunk keys {{"k"}, ParquetType::ByteArray, 3, page.encode(), false, codec};
        auto file = test::rowPart(keys, {5, 5, 5}, {1, 1, -1});
        file.schema[0].repetition = 1;
        const auto bytes = file.encode();
        const auto view = bytesOf(bytes);
        files.emplace_back(QString::fromStdString(nameOf(codec)), Bytes(view.begin(), view.end()));
    }
    return files;
}

} // namespace

/// Whatever happens to a part's bytes, it is decoded or refused with a reason. The sanitizers see the rest.
class TestParquetDamage : public QObject
{
    Q_OBJECT

private slots:
    void parquetFilesSurviveDamage_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        for (const auto& [name, bytes] : parquetFiles())
            QTest::newRow(qPrintable(name))
                << QByteArray(reinterpret_cast<const char*>(bytes.data()), static_cast<qsizetype>(bytes.size()));
    }

    void parquetFilesSurviveDamage()
    {
        QFETCH(QByteArray, bytes);
        const auto view = bytesOf(std::string_view(bytes.constData(), static_cast<std::size_t>(bytes.size())));
        const Bytes whole(view.begin(), view.end());
        QVERIFY(decodeParquetPart(SharedBytes::copyOf(whole)));

        for (std::size_t size = 0; size < whole.size(); ++size) {
            const auto part = decodeParquetPart(SharedBytes::copyOf(view.first(size)));
            QVERIFY2(!part, qPrintable(QString::number(size))); // the end has the magic and the footer
            QVERIFY(test::holdsTogether(part));
        }
        std::mt19937 random(kSeed);
        int refused = 0;
        for (int i = 0; i < 1000; ++i) {
            const auto part = decodeParquetPart(SharedBytes::copyOf(test::withFlippedBits(whole, 1 + i % 3, random)));
            QVERIFY2(test::holdsTogether(part), qPrintable(QStringLiteral("seed %1, flip %2").arg(kSeed).arg(i)));
            refused += part ? 0 : 1;
        }
        QVERIFY(refused > 100); // flips do reach the decoder
    }

    void footersCutOffInTheMiddleAreRefused()
    {
        // As above, with magic and length put right, so that the Thrift itself ends too early.
        for (const auto& name : test::kParquetVectors) {
            const auto bytes = test::vectorBytes(name);
            std::uint32_t footer = 0;
            std::memcpy(&footer, bytes.data() + bytes.size() - 8, sizeof(footer));
            const BytesView thrift = BytesView(bytes).subspan(bytes.size() - 8 - footer, footer);
            QVERIFY(decodeParquetFooter(thrift));
            for (std::size_t size = 0; size < footer; ++size)
                QVERIFY2(!decodeParquetFooter(thrift.first(size)), qPrintable(QString::number(size)));
        }
    }

    void inlinePartsSurviveDamage()
    {
        std::mt19937 random(kSeed);
        for (const auto& name : test::kInlineVectors) {
            const auto whole = test::vectorBytes(name);
            QVERIFY(!whole.empty());
            for (std::size_t size = 0; size < whole.size(); ++size)
                QVERIFY(test::holdsTogether(decodeInlinePart(SharedBytes::copyOf(BytesView(whole).first(size)))));
            int refused = 0;
            for (int i = 0; i < 1000; ++i) {
                const auto part =
                    decodeInlinePart(SharedBytes::copyOf(test::withFlippedBits(whole, 1 + i % 3, random)));
                QVERIFY2(test::holdsTogether(part), qPrintable(QStringLiteral("seed %1, flip %2").arg(kSeed).arg(i)));
                refused += part ? 0 : 1;
            }
            QVERIFY(refused > 100);
        }
    }
};

QTEST_GUILESS_MAIN(TestParquetDamage)
#include "tst_parquet_damage.moc"
