#include "core/codec/parquet_footer.h"
#include "tests/core/codec/parquet_test_writer.h"

#include <QtTest>

using namespace inspector;
using namespace inspector::codec;

namespace {

/// The Thrift bytes of a file's footer.
std::string footerOf(const test::TestFile& file)
{
    const auto bytes = file.encode();
    std::uint32_t size = 0;
    std::memcpy(&size, bytes.data() + bytes.size() - 8, sizeof(size));
    return bytes.substr(bytes.size() - 8 - size, size);
}

std::string element(const test::ThriftWriter& writer)
{
    return writer.stop();
}

/// A footer of this schema (root included) and no row groups.
Result<ParquetFooter> decodeSchema(const std::vector<std::string>& elements)
{
    return decodeParquetFooter(bytesOf(test::ThriftWriter().structures(2, elements).integer(3, 0).stop()));
}

std::string group(const std::string& name, int children, int repetition = 0)
{
    return element(test::ThriftWriter().integer(3, repetition).text(4, name).integer(5, children));
}

std::string leaf(const std::string& name, int repetition = 0)
{
    return element(test::ThriftWriter().integer(1, 6).integer(3, repetition).text(4, name));
}

} // namespace

class TestParquetFooter : public QObject
{
    Q_OBJECT

private slots:
    void levelsCountOptionalAndRepeatedElements()
    {
        const auto footer = decodeSchema({group("root", 3), group("a", 2, 1), group("b", 1, 2), leaf("c", 1), leaf("d"),
                                          leaf("e"), group("empty", 0)});
        QVERIFY2(footer, footer ? "" : footer.error().describe().c_str());
        QCOMPARE(footer->columns.size(), std::size_t(3));
        QCOMPARE(footer->columns[0].path, std::string("a.b.c"));
        QCOMPARE(footer->columns[0].maxDefinitionLevel, 3U);
        QCOMPARE(footer->columns[0].maxRepetitionLevel, 1U);
        QCOMPARE(footer->columns[1].path, std::string("a.d"));
        QCOMPARE(footer->columns[1].maxDefinitionLevel, 1U);
        QCOMPARE(footer->columns[1].maxRepetitionLevel, 0U);
        QCOMPARE(footer->columns[2].path, std::string("e"));
        QCOMPARE(footer->columns[2].maxDefinitionLevel, 0U);
    }

    void fieldsFromTheFutureAreSkipped()
    {
        const auto text = element(test::ThriftWriter().text(1, "k").text(2, "v").integer(99, 5));
        const auto root =
            element(test::ThriftWriter().text(4, "root").integer(5, 0).structure(10, std::string(1, '\0')));
        const auto footer = decodeParquetFooter(bytesOf(test::ThriftWriter()
                                                            .integer(1, 2)
                                                            .structures(2, {root})
                                                            .integer(3, 7)
                                                            .structures(5, {text})
                                                            .text(6, "somebody")
                                                            .texts(7, {"column orders"})
                                                            .boolean(200, true)
                                                            .stop()));
        QVERIFY2(footer, footer ? "" : footer.error().describe().c_str());
        QCOMPARE(footer->rows, std::uint64_t(7));
        QCOMPARE(footer->keyValues.size(), std::size_t(1));
        QCOMPARE(footer->keyValues[0].value, std::string("v"));
        QCOMPARE(footer->createdBy, std::string("somebody"));
    }

    void theDictionaryComesFirstUnlessItsOffsetIsZero_data()
    {
        QTest::addColumn<qint64>("dictionaryOffset");
        QTest::addColumn<quint64>("offset");
        QTest::newRow("absent") << qint64(-1) << quint64(500);
        QTest::newRow("zero") << qint64(0) << quint64(500);
        QTest::newRow("there") << qint64(400) << quint64(400);
    }

    void theDictionaryComesFirstUnlessItsOffsetIsZero()
    {
        QFETCH(qint64, dictionaryOffset);
        QFETCH(quint64, offset);
        test::ThriftWriter metadata;
        metadata.integer(1, 6).texts(3, {"k"}).integer(4, 6).integer(5, 3).integer(7, 90).integer(9, 500);
        if (dictionaryOffset >= 0)
            metadata.integer(11, dictionaryOffset);
        const auto chunk = element(test::ThriftWriter().integer(2, 77).structure(3, metadata.stop()));
        const auto groups = element(test::ThriftWriter().structures(1, {chunk}).integer(3, 3));
        const auto footer = decodeParquetFooter(bytesOf(test::ThriftWriter()
                                                            .structures(2, {group("root", 1), leaf("k")})
                                                            .integer(3, 3)
                                                            .structures(4, {groups})
                                                            .stop()));
        QVERIFY2(footer, footer ? "" : footer.error().describe().c_str());
        const auto& read = footer->rowGroups[0].chunks[0];
        QCOMPARE(quint64(read.offset), offset);
        QCOMPARE(read.size, std::uint64_t(90));
        QCOMPARE(read.values, std::uint64_t(3));
        QVERIFY(read.codec == CompressionCodec::Zstd);
    }

    void refusesWhatContradictsItself_data()
    {
        QTest::addColumn<QByteArray>("thrift");
        QTest::addColumn<QString>("reason");
        const auto row = [](const char* name, const std::string& thrift, const char* reason) {
            QTest::newRow(name) << QByteArray::fromStdString(thrift) << QString::fromLatin1(reason);
        };
        const auto schema = [](const std::vector<std::string>& elements) {
            return test::ThriftWriter().structures(2, elements).integer(3, 0).stop();
        };
        const auto withChunk = [](const std::string& chunk) {
            const auto groups = element(test::ThriftWriter().structures(1, {chunk}).integer(3, 1));
            return test::ThriftWriter()
                .structures(2, {group("root", 1), leaf("k")})
                .integer(3, 1)
                .structures(4, {groups})
                .stop();
        };
        row("no rows", test::ThriftWriter().structures(2, {group("root", 0)}).stop(), "how many rows");
        row("no schema", schema({}), "no root");
        row("root is a column", schema({leaf("root")}), "no root");
        row("root with fewer than no children", schema({group("root", -1)}), "no root");
        row("group with fewer than no children", schema({group("root", 1), group("a", -1)}), "neither a group");
        row("unknown repetition", schema({group("root", 1), leaf("a", 3)}), "neither a group");
        row("too many elements", schema({group("root", 1), leaf("a"), leaf("b")}), "behind its root's last child");
        row("too few elements", schema({group("root", 2), group("a", 1), leaf("b")}), "ends before its last group");
        row("path too long", schema({group("root", 1), leaf(std::string(300, 'x'))}), "path of more than");
        std::vector<std::string> deep(100, group("g", 1));
        row("nested too deeply", schema(deep), "nested more than");
        row("no metadata", withChunk(element(test::ThriftWriter().integer(2, 5))), "column k lies in another file");
        const auto metadata = [] {
            test::ThriftWriter writer;
            writer.integer(1, 6).texts(3, {"k"}).integer(4, 0).integer(5, 1);
            return writer;
        };
        row("another file",
            withChunk(element(
                test::ThriftWriter().text(1, "there").structure(3, metadata().integer(7, 9).integer(9, 4).stop()))),
            "column k lies in another file");
        row("no size", withChunk(element(test::ThriftWriter().structure(3, metadata().integer(9, 4).stop()))),
            "does not say where it lies");
        row("negative offset",
            withChunk(element(test::ThriftWriter().structure(3, metadata().integer(7, 9).integer(9, -4).stop()))),
            "does not say where it lies");
        row("too long", std::string((std::size_t {1} << 20U) + 1, '\0'), "more than the");
    }

    void refusesWhatContradictsItself()
    {
        QFETCH(QByteArray, thrift);
        QFETCH(QString, reason);
        const auto footer = decodeParquetFooter(bytesOf(thrift.toStdString()));
        QVERIFY(!footer);
        QVERIFY2(QString::fromStdString(footer.error().describe()).contains(reason), footer.error().describe().c_str());
    }

    void readsWhatTheTestsWrite()
    {
        const auto footer = decodeParquetFooter(bytesOf(footerOf(test::rowPart({"a"}, {5}, {1}))));
        QVERIFY(footer);
        QCOMPARE(footer->rows, std::uint64_t(1));
        QCOMPARE(footer->columns.size(), std::size_t(4));
        QCOMPARE(footer->createdBy, std::string("the tests"));
    }

    void typesHaveTheirParquetNames()
    {
        QCOMPARE(nameOf(ParquetType::Int96), std::string("INT96"));
        QCOMPARE(nameOf(ParquetType::FixedLenByteArray), std::string("FIXED_LEN_BYTE_ARRAY"));
        QCOMPARE(nameOf(static_cast<ParquetType>(40)), std::string("type 40"));
    }
};

QTEST_GUILESS_MAIN(TestParquetFooter)
#include "tst_parquet_footer.moc"
