#include "core/base/base64.h"
#include "core/base/hex.h"
#include "core/codec/proto/row.pb.h"
#include "core/codec/row_codec.h"

#include <QtTest>

#include <zlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

using namespace inspector;
using codec::JsonTape;
using codec::JsonType;
using codec::RowForm;
using codec::StoredRow;

namespace {

StoredRow rowOf(std::string_view bytes, RowForm form)
{
    return {bytes.data(), static_cast<std::uint32_t>(bytes.size()), form};
}

std::string textOfBytes(const Bytes& bytes)
{
    return std::string(textOf(bytes));
}

/// The lines of a file of the fixtures; a name that ends in .gz is unpacked on the way.
std::vector<std::string> linesOf(const std::filesystem::path& path)
{
    std::string text;
    if (path.extension() == ".gz") {
        gzFile file = gzopen(path.c_str(), "rb");
        std::vector<char> piece(std::size_t {1} << 16U);
        for (int read = 0; (read = gzread(file, piece.data(), static_cast<unsigned>(piece.size()))) > 0;)
            text.append(piece.data(), static_cast<std::size_t>(read));
        gzclose(file);
    } else {
        std::ifstream stream(path, std::ios::binary);
        text.assign(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
    }
    std::vector<std::string> lines;
    std::size_t at = 0;
    while (at < text.size()) {
        const auto end = std::min(text.find('\n', at), text.size());
        lines.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

std::filesystem::path modelFixture(const std::string& name)
{
    return std::filesystem::path(INSPECTOR_FIXTURES) / "catalog-model" / name;
}

std::string canonical(std::string_view json)
{
    JsonTape tape;
    const auto parsed = tape.parseJson(json);
    if (!parsed.has_value())
        return "does not parse: " + parsed.error().message;
    std::string to;
    tape.appendJson(0, to);
    return to;
}

/// JSON written with single quotes: moc 6.4 does not read raw string literals.
std::string fromQuoted(std::string text)
{
    std::replace(text.begin(), text.end(), '\'', '"');
    return text;
}

Result<Bytes> sourceDataOfText(const std::string& json)
{
    return codec::sourceDataOf(std::string_view(json));
}

/// A SourceData row around the bytes of one datum, all shorter than 128 bytes.
std::string around(const std::string& datum)
{
    const auto wrap = [](const std::string& inner) {
        return std::string("\x0a") + static_cast<char>(inner.size()) + inner;
    };
    return wrap(wrap(datum));
}

std::string fromHexText(std::string_view hex)
{
    const auto bytes = fromHex(hex);
    return bytes.has_value() ? textOfBytes(*bytes) : std::string();
}

std::string jsonOfDatum(std::string_view datumHex)
{
    const auto bytes = around(fromHexText(datumHex));
    const auto json = codec::canonicalJson(rowOf(bytes, RowForm::SourceData));
    return json.has_value() ? *json : "error: " + json.error().message;
}

} // namespace

class TestRowCodec : public QObject
{
    Q_OBJECT

private slots:
    void everyRawRowAgreesInAllItsForms_data()
    {
        QTest::addColumn<QString>("file");
        const auto shards = std::filesystem::path(INSPECTOR_FIXTURES) / "shards";
        for (const auto& entry : std::filesystem::recursive_directory_iterator(shards)) {
            const auto name = entry.path().filename().string();
            if (name.starts_with("raw."))
                QTest::newRow((entry.path().parent_path().parent_path().filename().string() + " " + name).c_str())
                    << QString::fromStdString(entry.path().string());
        }
    }

    void everyRawRowAgreesInAllItsForms()
    {
        QFETCH(QString, file);
        const auto lines = linesOf(file.toStdString());
        QVERIFY(lines.size() > 50);
        for (std::size_t i = 1; i < lines.size(); ++i) {
            JsonTape line;
            QVERIFY(line.parseJson(lines[i]).has_value());
            std::string json;
            line.appendJson(line.indexOf(*line.member(0, "json")), json);
            const std::string hex(line.member(0, "source_data_hex")->text);
            const auto stored = fromHexText(hex);

            const auto decoded = codec::canonicalJson(rowOf(stored, RowForm::SourceData));
            QVERIFY(decoded.has_value());
            QCOMPARE(*decoded, json);
            const auto encoded = codec::sourceDataOf(std::string_view(json));
            QVERIFY(encoded.has_value());
            QCOMPARE(toHex(*encoded), hex);
            const auto datum = codec::datumBytesOf(std::string_view(json));
            QVERIFY(datum.has_value());
            QCOMPARE(toHex(*datum), std::string(line.member(0, "row_hex")->text));

            const auto* kind = line.member(line.indexOf(*line.member(0, "json")), "kind");
            QCOMPARE(codec::kindOf(rowOf(stored, RowForm::SourceData)), kind->text);
            QCOMPARE(codec::kindOf(rowOf(json, RowForm::JsonText)), kind->text);
        }
    }

    void encodedObjectsOfEveryVersionRoundTrip_data()
    {
        QTest::addColumn<int>("version");
        for (int version = 67; version <= 92; ++version)
            QTest::newRow(("v" + std::to_string(version)).c_str()) << version;
    }

    void encodedObjectsOfEveryVersionRoundTrip()
    {
        QFETCH(int, version);
        const auto lines = linesOf(modelFixture("objects_v" + std::to_string(version) + ".txt"));
        QCOMPARE(lines.size(), version == 70 ? std::size_t(0) : std::size_t(100)); // empty upstream
        for (const auto& line : lines) {
            const auto bytes = fromBase64(line);
            QVERIFY(bytes.has_value());
            const auto json = codec::canonicalJson(rowOf(textOf(*bytes), RowForm::SourceData));
            QVERIFY(json.has_value());
            const auto again = codec::sourceDataOf(std::string_view(*json));
            QVERIFY(again.has_value());
            QCOMPARE(QString::fromStdString(toHex(*again)), QString::fromStdString(toHex(*bytes)));
            QVERIFY(!codec::kindOf(rowOf(textOf(*bytes), RowForm::SourceData)).empty());
            QCOMPARE(codec::kindOf(rowOf(*json, RowForm::JsonText)),
                     codec::kindOf(rowOf(textOf(*bytes), RowForm::SourceData)));
        }
    }

    void decodedObjectsAreWhatOthersDecoded_data()
    {
        QTest::addColumn<int>("version");
        for (const int version : {67, 68, 72, 73, 78, 79, 92})
            QTest::newRow(("v" + std::to_string(version)).c_str()) << version;
    }

    void decodedObjectsAreWhatOthersDecoded()
    {
        QFETCH(int, version);
        const auto lines = linesOf(modelFixture("objects_v" + std::to_string(version) + ".txt"));
        const auto decoded = linesOf(modelFixture("objects_v" + std::to_string(version) + ".decoded.jsonl"));
        QCOMPARE(decoded.size(), lines.size());
        for (const auto& text : decoded) {
            JsonTape line;
            QVERIFY(line.parseJson(text).has_value());
            std::string expected;
            line.appendJson(line.indexOf(*line.member(0, "row")), expected);
            const auto number = std::stoul(std::string(line.member(0, "line")->text));
            const auto bytes = fromBase64(lines.at(number - 1));
            QVERIFY(bytes.has_value());
            const auto json = codec::canonicalJson(rowOf(textOf(*bytes), RowForm::SourceData));
            QVERIFY(json.has_value());
            QCOMPARE(QString::fromStdString(*json), QString::fromStdString(expected));
        }
    }

    void protobufLibraryReadsTheSameMessages()
    {
        for (const auto& line : linesOf(modelFixture("objects_v92.txt"))) {
            const auto bytes = fromBase64(line);
            QVERIFY(bytes.has_value());
            proto::ProtoSourceData message;
            QVERIFY(message.ParseFromArray(bytes->data(), static_cast<int>(bytes->size())));
            QVERIFY(message.ok().datums(0).has_dict());
            QCOMPARE(message.SerializeAsString(), textOfBytes(*bytes));
        }
    }

    void numbersAreExact_data()
    {
        QTest::addColumn<QString>("json");
        QTest::addColumn<QString>("datum");
        // catalog-model §1.3, persist-format §8.3
        QTest::newRow("0") << "0"
                           << "c201030a010c";
        QTest::newRow("1") << "1"
                           << "c201030a011c";
        QTest::newRow("9") << "9"
                           << "c201030a019c";
        QTest::newRow("20") << "20"
                            << "c2010e0a012c10ffffffffffffffffff01";
        QTest::newRow("72") << "72"
                            << "c201040a02072c";
        QTest::newRow("100") << "100"
                             << "c2010e0a011c10feffffffffffffffff01";
        QTest::newRow("256") << "256"
                             << "c201040a02256c";
        QTest::newRow("20000") << "20000"
                               << "c2010e0a012c10fcffffffffffffffff01";
        QTest::newRow("-20000") << "-20000"
                                << "c2010e0a012d10fcffffffffffffffff01";
        QTest::newRow("2^64-1") << "18446744073709551615"
                                << "c2010d0a0b018446744073709551615c";
        QTest::newRow("-42") << "-42"
                             << "c201040a02042d";
        QTest::newRow("1.5") << "1.5"
                             << "c201060a02015c1001";
        QTest::newRow("5.82151544") << "5.82151544"
                                    << "c201090a05582151544c1008";
        QTest::newRow("-307057") << "-307057"
                                 << "c201060a040307057d";
        QTest::newRow("39 digits") << QString(39, '9') << "c201160a14" + QString(39, '9') + "c";
    }

    void numbersAreExact()
    {
        QFETCH(QString, json);
        QFETCH(QString, datum);
        QCOMPARE(QString::fromStdString(jsonOfDatum(datum.toStdString())), json);
        const auto bytes = codec::sourceDataOf(std::string_view(json.toStdString()));
        QVERIFY(bytes.has_value());
        QCOMPARE(QString::fromStdString(toHex(*bytes)).mid(8), datum);
    }

    void otherSpellingsOfNumbersAreOneNumber_data()
    {
        QTest::addColumn<QString>("spelling");
        QTest::addColumn<QString>("standard");
        QTest::addColumn<QString>("reduced");
        QTest::newRow("minus zero") << "-0"
                                    << "0"
                                    << "0";
        QTest::newRow("minus zero with places") << "-0.00"
                                                << "0.00"
                                                << "0";
        QTest::newRow("places kept") << "1.50"
                                     << "1.50"
                                     << "1.5";
        QTest::newRow("exponent") << "12e3"
                                  << "12000"
                                  << "12000";
        QTest::newRow("down") << "12E-3"
                              << "0.012"
                              << "0.012";
        QTest::newRow("plus") << "0.5e+1"
                              << "5"
                              << "5";
        QTest::newRow("zero with exponent") << "0e30"
                                            << "0"
                                            << "0";
    }

    void otherSpellingsOfNumbersAreOneNumber()
    {
        QFETCH(QString, spelling);
        QFETCH(QString, standard);
        QFETCH(QString, reduced);
        QCOMPARE(QString::fromStdString(canonical(spelling.toStdString())), standard);
        const auto bytes = codec::sourceDataOf(std::string_view(spelling.toStdString()));
        QVERIFY(bytes.has_value());
        const auto json = codec::canonicalJson(rowOf(textOf(*bytes), RowForm::SourceData));
        QVERIFY(json.has_value());
        QCOMPARE(QString::fromStdString(*json), reduced);
    }

    void workedRowsEncodeToTheirBytes()
    {
        // catalog-model §11.3, §11.5, §11.6
        const auto walk = fromBase64("CiwKKroBJwoJCgNrZXkSAggEChoKBGtpbmQSEkIQVW5maW5hbGl6ZWRTaGFyZA==");
        const auto fence =
            fromBase64("ClsKWboBVgokChFkZXBsb3lfZ2VuZXJhdGlvbhIPwgEMCgoEAAmHMxJCR4FMChgKBWVwb2NoEg/CAQwKCgNRV"
                       "hJXhCKBdD0KFAoEa2luZBIMQgpGZW5jZVRva2Vu");
        QVERIFY(walk.has_value());
        QVERIFY(fence.has_value());
        QCOMPARE(sourceDataOfText(fromQuoted("{'kind':'UnfinalizedShard','key':null}")), *walk);
        QCOMPARE(
            codec::canonicalJson(rowOf(textOf(*fence), RowForm::SourceData)),
            fromQuoted("{'deploy_generation':400098733124247814,'epoch':-351561257842281743,'kind':'FenceToken'}"));
        const auto config =
            sourceDataOfText(fromQuoted("{'key':{'key':'user_version'},'kind':'Config','value':{'value':72}}"));
        QVERIFY(config.has_value());
        QCOMPARE(config->size(), std::size_t(92));
        QCOMPARE(
            toHex(*config),
            std::string("0a5a0a58ba01550a210a036b6579121aba01170a150a036b6579120e420c757365725f76657273696f6e0a100a046"
                        "b696e6412084206436f6e6669670a1e0a0576616c75651215ba01120a100a0576616c75651207c201040a02072c"));
    }

    void emptyContainersAndNamesKeepTheirBytes()
    {
        const auto bytes = sourceDataOfText(fromQuoted("{'':{},'a':[]}"));
        QVERIFY(bytes.has_value());
        QCOMPARE(toHex(*bytes), std::string("0a160a14ba01110a051203ba01000a080a01611203b20100"));
        QCOMPARE(codec::canonicalJson(rowOf(textOf(*bytes), RowForm::SourceData)), fromQuoted("{'':{},'a':[]}"));
    }

    void datumsThatJsonbDoesNotHaveAreNamed_data()
    {
        QTest::addColumn<QString>("datum");
        QTest::addColumn<QString>("message");
        QTest::newRow("int64") << "2001"
                               << "int64";
        QTest::newRow("float64") << "310000000000000000"
                                 << "float64";
        QTest::newRow("uuid") << "ca0100"
                              << "uuid";
        QTest::newRow("range") << "fa0100"
                               << "range";
        QTest::newRow("sql null") << "0801"
                                  << "SQL null";
        QTest::newRow("nan") << "0808"
                             << "NaN";
        QTest::newRow("dummy") << "0805"
                               << "unknown value 5";
        QTest::newRow("nothing") << ""
                                 << "without a value";
        QTest::newRow("twice") << "08040804"
                               << "two values";
        QTest::newRow("nibble") << "c201030a01ac"
                                << "no digit";
        QTest::newRow("no sign") << "c201030a0111"
                                 << "no sign";
        QTest::newRow("no digits") << "c20100"
                                   << "no digits";
        QTest::newRow("40 digits") << "c201170a15"
                                      "0"
                                      "9999999999"
                                      "9999999999"
                                      "9999999999"
                                      "9999999999"
                                      "c"
                                   << "39 digits";
        QTest::newRow("scale") << "c201090a011c10ffffffff07"
                               << "39 places";
        QTest::newRow("not utf-8") << "4201ff"
                                   << "UTF-8";
        QTest::newRow("cut") << "4209"
                             << "breaks off";
    }

    void datumsThatJsonbDoesNotHaveAreNamed()
    {
        QFETCH(QString, datum);
        QFETCH(QString, message);
        const auto text = QString::fromStdString(jsonOfDatum(datum.toStdString()));
        QVERIFY2(text.startsWith("error: ") && text.contains(message), qPrintable(text));
    }

    void errorRowsAreNotData()
    {
        JsonTape tape;
        QCOMPARE(tape.parse(rowOf("x", RowForm::Error)).error().code, ErrorCode::Corrupt);
        const auto err = fromHexText("1203616263");
        QCOMPARE(tape.parse(rowOf(err, RowForm::SourceData)).error().code, ErrorCode::Corrupt);
        QVERIFY(tape.nodes().empty());
        QVERIFY(codec::kindOf(rowOf(err, RowForm::SourceData)).empty());
        QVERIFY(codec::kindOf(rowOf("x", RowForm::Error)).empty());
    }

    void rowsHaveOneColumn()
    {
        JsonTape tape;
        const auto none = fromHexText("0a00");
        const auto two = fromHexText("0a080a0208040a020804");
        QVERIFY(tape.parse(rowOf(none, RowForm::SourceData)).error().message.find("no column") != std::string::npos);
        QVERIFY(tape.parse(rowOf(two, RowForm::SourceData)).error().message.find("more than one") != std::string::npos);
    }

    void deepRowsAreRefusedAndNotFollowed()
    {
        const std::string open(100'000, '[');
        JsonTape tape;
        QCOMPARE(tape.parseJson(open).error().code, ErrorCode::Corrupt);
        std::string justDeepEnough = std::string(codec::kMaxJsonDepth, '[') + std::string(codec::kMaxJsonDepth, ']');
        QVERIFY(tape.parseJson(justDeepEnough).has_value());
        const auto bytes = codec::sourceDataOf(std::string_view(justDeepEnough));
        QVERIFY(bytes.has_value());
        QCOMPARE(codec::canonicalJson(rowOf(textOf(*bytes), RowForm::SourceData)), justDeepEnough);
        QVERIFY(!tape.parseJson("[" + justDeepEnough + "]").has_value());
    }

    void membersKeepTheirOrderAndTwinsAreShownButNotWritten()
    {
        JsonTape tape;
        const auto twins = fromQuoted("{'b':1,'a':2,'b':3}");
        QVERIFY(tape.parseJson(twins).has_value());
        QCOMPARE(tape.nodes()[0].children, 3U);
        QCOMPARE(tape.nodes()[1].name, std::string_view("b"));
        QCOMPARE(tape.member(0, "b")->text, std::string_view("1"));
        QCOMPARE(canonical(twins), fromQuoted("{'a':2,'b':1,'b':3}"));
        const auto written = sourceDataOfText(twins);
        QCOMPARE(written.error().code, ErrorCode::InvalidInput);
        QVERIFY(written.error().message.find("\"b\"") != std::string::npos);
    }

    void kindIsFoundWhereverItStands_data()
    {
        QTest::addColumn<QString>("json");
        QTest::addColumn<QString>("kind");
        QTest::newRow("first") << QString("{'kind':'A','key':{'kind':'B'}}") << "A";
        QTest::newRow("middle") << QString("{'key':{'kind':'B'},'kind':'A','value':{'kind':'C'}}") << "A";
        QTest::newRow("last") << QString("{'key':{'kind':'B'},'kind':'A'}") << "A";
        QTest::newRow("alone") << QString("{'kind':'A'}") << "A";
        QTest::newRow("blanks") << QString(" { 'key' : [1, {'kind': 'B'} ] , 'kind' : 'A' } ") << "A";
        QTest::newRow("in a string") << QString("{'key':',\\'kind\\':\\'B','kind':'A','v':'}'}") << "A";
        QTest::newRow("string looks like it at the end") << QString("{'kind':'A','x':',\\'kind\\':\\'B'}") << "A";
        QTest::newRow("inner object at the end") << QString("{'kind':'A','x':{'kind':'B'}}") << "A";
        QTest::newRow("escaped name") << QString("{'x\\',\\'kind':'B','kind':'A','y':1}") << "A";
        QTest::newRow("none") << QString("{'key':{'kind':'B'}}") << "";
        QTest::newRow("number") << QString("{'kind':7}") << "";
        QTest::newRow("no object") << QString("['kind','A']") << "";
        QTest::newRow("cut") << QString("{'key':{'a':1") << "";
    }

    void kindIsFoundWhereverItStands()
    {
        QFETCH(QString, json);
        QFETCH(QString, kind);
        const auto text = fromQuoted(json.toStdString());
        QCOMPARE(std::string(codec::kindOf(rowOf(text, RowForm::JsonText))), kind.toStdString());
        const auto bytes = codec::sourceDataOf(std::string_view(text));
        if (bytes.has_value()) {
            QCOMPARE(std::string(codec::kindOf(rowOf(textOf(*bytes), RowForm::SourceData))), kind.toStdString());
        }
    }

    void fieldsInAnotherOrderStillDecode()
    {
        // An element whose value comes before its key, and a field that no build knows: legal protobuf.
        const auto bytes = around(fromHexText("ba010b0a07120208040a016b7801"));
        QCOMPARE(codec::canonicalJson(rowOf(bytes, RowForm::SourceData)), fromQuoted("{'k':null}"));
    }
};

QTEST_APPLESS_MAIN(TestRowCodec)
#include "tst_row_codec.moc"
