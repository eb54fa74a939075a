#include "core/base/hex.h"
#include "core/codec/thrift_reader.h"
#include "tests/core/codec/parquet_test_writer.h"

#include <QtTest>

using namespace inspector;
using namespace inspector::codec;

namespace {

/// Skips every field of one struct.
Result<> skipAll(BytesView bytes)
{
    ThriftReader reader(bytes);
    reader.readStruct([&](ThriftField field) { reader.skip(field); });
    return reader.status("the struct");
}

} // namespace

class TestThriftReader : public QObject
{
    Q_OBJECT

private slots:
    void readsEveryTypeItNeeds()
    {
        test::ThriftWriter inner;
        inner.integer(1, -7);
        test::ThriftWriter writer;
        writer.integer(1, -1)
            .integer(2, std::int64_t {1} << 62)
            .text(3, "name")
            .boolean(4, true)
            .boolean(5, false)
            .structure(30, inner.stop()) // a gap of more than 15 takes the long form of the field's number
            .structures(31, std::vector<std::string>(20, inner.stop()))
            .texts(32, {"a", "bc"});
        const auto bytes = writer.stop();

        ThriftReader reader(bytesOf(bytes));
        std::vector<std::int64_t> numbers;
        std::vector<std::string> texts;
        std::vector<bool> booleans;
        const auto readInner = [&](ThriftField field) { numbers.push_back(reader.readI32(field)); };
        reader.readStruct([&](ThriftField field) {
            if (field.id <= 2)
                numbers.push_back(reader.readI64(field));
            else if (field.id == 3)
                texts.emplace_back(reader.readBinary(field));
            else if (field.id <= 5)
                booleans.push_back(reader.readBool(field));
            else if (field.id == 30)
                reader.readStruct(field, readInner);
            else if (field.id == 31)
                reader.readStructs(field, [&] { reader.readStruct(readInner); });
            else
                reader.readBinaries(field, [&](std::string_view text) { texts.emplace_back(text); });
        });

        QVERIFY(reader.ok());
        QCOMPARE(reader.position(), bytes.size());
        QCOMPARE(numbers.size(), std::size_t(23));
        QCOMPARE(numbers[0], std::int64_t(-1));
        QCOMPARE(numbers[1], std::int64_t(1) << 62);
        QCOMPARE(numbers[22], std::int64_t(-7));
        QCOMPARE(booleans, (std::vector<bool> {true, false}));
        QCOMPARE(texts, (std::vector<std::string> {"name", "a", "bc"}));
    }

    void skipsFieldsOfEveryType_data()
    {
        QTest::addColumn<QByteArray>("hex");

        QTest::newRow("nothing") << QByteArray("00");
        QTest::newRow("booleans") << QByteArray("111200");
        QTest::newRow("byte") << QByteArray("13ff00");
        QTest::newRow("integers") << QByteArray("148001158001168080808080808080800100");
        QTest::newRow("double") << QByteArray("17010203040506070800");
        QTest::newRow("binary") << QByteArray("180361626300");
        QTest::newRow("list of booleans") << QByteArray("192101 0200");
        QTest::newRow("list of integers, long form") << QByteArray("19f50f02020202020202020202020202020200");
        QTest::newRow("set of binaries") << QByteArray("1a2801610162 00");
        QTest::newRow("empty map") << QByteArray("1b0000");
        QTest::newRow("map of integers to binaries") << QByteArray("1b0158 0201 6100");
        QTest::newRow("struct in a struct") << QByteArray("1c1c15020000 00");
        QTest::newRow("uuid") << QByteArray("1d0102030405060708090a0b0c0d0e0f1000");
    }

    void skipsFieldsOfEveryType()
    {
        QFETCH(QByteArray, hex);
        const auto bytes = fromHex(hex.replace(" ", "").toStdString());
        QVERIFY(bytes);

        ThriftReader reader(*bytes);
        int fields = 0;
        reader.readStruct([&](ThriftField field) {
            reader.skip(field);
            ++fields;
        });
        QVERIFY2(reader.ok(), reader.status("it").has_value() ? "" : reader.status("it").error().message.c_str());
        QCOMPARE(reader.position(), bytes->size());
    }

    void refusesWhatDoesNotRead_data()
    {
        QTest::addColumn<QByteArray>("hex");
        QTest::addColumn<QString>("reason");

        QTest::newRow("empty") << QByteArray("") << "end too early";
        QTest::newRow("no stop") << QByteArray("1502") << "end too early";
        QTest::newRow("endless number") << QByteArray("15ffffffffffffffffffffffff") << "longer than ten bytes";
        QTest::newRow("long binary") << QByteArray("18ff0161") << "longer than the bytes";
        QTest::newRow("list longer than the bytes") << QByteArray("19fcffffffff0f00") << "more elements";
        QTest::newRow("map longer than the bytes") << QByteArray("1bffffffff0f5500") << "more entries";
        QTest::newRow("unknown type") << QByteArray("1e00") << "unknown type";
        QTest::newRow("list of unknown type") << QByteArray("191e0000") << "unknown type";
        QTest::newRow("field number beyond 16 bits") << QByteArray("05feffff0f0200") << "16 bits";
    }

    void refusesWhatDoesNotRead()
    {
        QFETCH(QByteArray, hex);
        QFETCH(QString, reason);
        const auto bytes = fromHex(hex.toStdString());
        QVERIFY(bytes);

        const auto answer = skipAll(*bytes);
        QVERIFY(!answer);
        QCOMPARE(answer.error().code, ErrorCode::Corrupt);
        QVERIFY2(QString::fromStdString(answer.error().message).contains(reason), answer.error().message.c_str());
    }

    void refusesNestingWithoutEnd_data()
    {
        QTest::addColumn<char>("header");

        QTest::newRow("structs") << '\x1c';
        QTest::newRow("lists of lists") << '\x19';
    }

    void refusesNestingWithoutEnd()
    {
        QFETCH(char, header);
        const std::string bytes(100000, header);

        const auto answer = skipAll(bytesOf(bytes));
        QVERIFY(!answer);
        QVERIFY(QString::fromStdString(answer.error().message).contains(QLatin1String("nested too deeply")));
    }

    void refusesAFieldOfAnotherType()
    {
        const auto bytes = test::ThriftWriter().text(1, "seven").stop();
        ThriftReader reader(bytesOf(bytes));
        std::int64_t number = 7;
        reader.readStruct([&](ThriftField field) { number = reader.readI64(field); });
        QVERIFY(!reader.ok());
        QCOMPARE(number, std::int64_t(0));
    }

    void refusesANumberBeyond32Bits()
    {
        const auto bytes = test::ThriftWriter().integer(1, std::int64_t {1} << 31).stop();
        ThriftReader reader(bytesOf(bytes));
        reader.readStruct([&](ThriftField field) { static_cast<void>(reader.readI32(field)); });
        QVERIFY(!reader.ok());
    }
};

QTEST_GUILESS_MAIN(TestThriftReader)
#include "tst_thrift_reader.moc"
