#include "core/codec/compression.h"
#include "tests/core/codec/parquet_test_writer.h"

#include <QtTest>

using namespace inspector;
using namespace inspector::codec;

Q_DECLARE_METATYPE(inspector::codec::CompressionCodec)

namespace {

void addCodecs()
{
    QTest::addColumn<CompressionCodec>("codec");
    QTest::newRow("SNAPPY") << CompressionCodec::Snappy;
    QTest::newRow("GZIP") << CompressionCodec::Gzip;
    QTest::newRow("BROTLI") << CompressionCodec::Brotli;
    QTest::newRow("ZSTD") << CompressionCodec::Zstd;
    QTest::newRow("LZ4_RAW") << CompressionCodec::Lz4Raw;
}

std::string text()
{
    std::string all;
    for (int i = 0; i < 2000; ++i)
        all += "{\"key\":" + std::to_string(i * 7919) + "}";
    return all;
}

Result<std::string> decompressed(CompressionCodec codec, const std::string& from, std::size_t size)
{
    std::string to(size, '?');
    const auto answer = decompress(codec, bytesOf(from), std::as_writable_bytes(std::span(to.data(), to.size())));
    if (!answer)
        return tl::unexpected<Error>(answer.error());
    return to;
}

} // namespace

class TestCompression : public QObject
{
    Q_OBJECT

private slots:
    void readsBackWhatWasCompressed_data() { addCodecs(); }

    void readsBackWhatWasCompressed()
    {
        QFETCH(CompressionCodec, codec);
        const auto compressed = test::compress(codec, text());
        QVERIFY(compressed.size() < text().size());

        const auto back = decompressed(codec, compressed, text().size());
        QVERIFY(back);
        QCOMPARE(*back, text());
        QCOMPARE(nameOf(codec), std::string(QTest::currentDataTag()));
    }

    void refusesAnotherSizeThanDeclared_data() { addCodecs(); }

    void refusesAnotherSizeThanDeclared()
    {
        QFETCH(CompressionCodec, codec);
        const auto compressed = test::compress(codec, text());
        for (const auto size : {text().size() - 1, text().size() + 1, std::size_t {1}}) {
            const auto back = decompressed(codec, compressed, size);
            QVERIFY(!back);
            QCOMPARE(back.error().code, ErrorCode::Corrupt);
        }
    }

    void refusesEveryTruncation_data() { addCodecs(); }

    void refusesEveryTruncation()
    {
        QFETCH(CompressionCodec, codec);
        const auto whole = text().substr(0, 400);
        const auto compressed = test::compress(codec, whole);
        for (std::size_t size = 0; size < compressed.size(); ++size) {
            const auto back = decompressed(codec, compressed.substr(0, size), whole.size());
            // The last bytes of a gzip stream are its checksum and size, of brotli's its end mark.
            QVERIFY2(!back, qPrintable(QString::number(size)));
        }
    }

    void nothingDecompressesFromAnything_data() { addCodecs(); }

    void nothingDecompressesFromAnything()
    {
        QFETCH(CompressionCodec, codec);
        QVERIFY(decompressed(codec, std::string(1, '\0'), 0));
    }

    void readsGzipOfSeveralMembers()
    {
        const auto twice =
            test::compress(CompressionCodec::Gzip, "first ") + test::compress(CompressionCodec::Gzip, "second");
        const auto back = decompressed(CompressionCodec::Gzip, twice, 12);
        QVERIFY(back);
        QCOMPARE(*back, std::string("first second"));
    }

    void namesTheCodecItDoesNotRead_data()
    {
        QTest::addColumn<CompressionCodec>("codec");
        QTest::addColumn<QString>("name");
        QTest::newRow("framed by Hadoop") << CompressionCodec::Lz4 << "LZ4,";
        QTest::newRow("LZO") << CompressionCodec::Lzo << "LZO,";
        QTest::newRow("from the future") << static_cast<CompressionCodec>(42) << "codec 42,";
    }

    void namesTheCodecItDoesNotRead()
    {
        QFETCH(CompressionCodec, codec);
        QFETCH(QString, name);
        const auto back = decompressed(codec, "bytes", 5);
        QVERIFY(!back);
        QCOMPARE(back.error().code, ErrorCode::Unsupported);
        QVERIFY2(QString::fromStdString(back.error().message).contains(name), back.error().message.c_str());
        QVERIFY(!isSupported(codec));
    }
};

QTEST_GUILESS_MAIN(TestCompression)
#include "tst_compression.moc"
