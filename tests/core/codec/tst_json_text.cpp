#include "core/codec/row_codec.h"

#include <QtTest>

#include <string>
#include <string_view>

using namespace inspector;
using codec::JsonTape;
using codec::JsonType;

namespace {

QByteArray bytes(std::string_view text)
{
    return {text.data(), static_cast<qsizetype>(text.size())};
}

std::string parsedText(std::string_view json)
{
    JsonTape tape;
    const auto parsed = tape.parseJson(json);
    return parsed.has_value() ? std::string(tape.nodes()[0].text) : parsed.error().message;
}

} // namespace

class TestJsonText : public QObject
{
    Q_OBJECT

private slots:
    void brokenTextIsRefusedWhereItBreaks_data()
    {
        QTest::addColumn<QByteArray>("json");
        QTest::addColumn<QByteArray>("message");
        const auto row = [](const char* name, const QByteArray& json, const QByteArray& message) {
            QTest::newRow(name) << json << message;
        };
        row("empty", "", "a value is missing at byte 0");
        row("blanks", " \n\t\r ", "a value is missing at byte 5");
        row("two values", "1 2", "text follows the value at byte 2");
        row("word", "nul",
            "a value is neither null, true, false, a number, a string, an array nor an object at byte 0");
        row("letter", "[x]",
            "a value is neither null, true, false, a number, a string, an array nor an object at byte 1");
        row("open object", "{", "a member's name is missing at byte 1");
        row("no colon", "{\"a\" 1}", "a colon is missing at byte 5");
        row("no value", "{\"a\":}",
            "a value is neither null, true, false, a number, a string, an array nor an object at byte 5");
        row("no comma", "{\"a\":1 \"b\":2}", "an object does not end at byte 7");
        row("comma at the end", "{\"a\":1,}", "a member's name is missing at byte 7");
        row("open array", "[1", "an array does not end at byte 2");
        row("wrong bracket", "[1}", "an array does not end at byte 2");
        row("comma before nothing", "[1,]",
            "a value is neither null, true, false, a number, a string, an array nor an object at byte 3");
        row("open string", "\"abc", "a string does not end at byte 4");
        row("open escape", "\"abc\\", "a string does not end at byte 4");
        row("unknown escape", "\"\\x\"", "a string holds an escape that JSON does not have at byte 1");
        row("short code", "\"\\u12\"", "a string holds an escape that JSON does not have at byte 1");
        row("no hex", "\"\\u12g4\"", "a string holds an escape that JSON does not have at byte 1");
        row("high half", "\"\\ud800\"", "a string holds half of a surrogate pair at byte 1");
        row("low half", "\"\\udc00\"", "a string holds half of a surrogate pair at byte 1");
        row("two high halves", "\"\\ud800\\ud800\"", "a string holds half of a surrogate pair at byte 1");
        row("line end", "\"a\nb\"", "a string holds a control character at byte 2");
        row("not utf-8", "\"ab\xff\"", "a string is not UTF-8 at byte 3");
        row("overlong", "\"\xc0\x80\"", "a string is not UTF-8 at byte 1");
        row("surrogate in utf-8", "\"\xed\xa0\x80\"", "a string is not UTF-8 at byte 1");
        row("beyond unicode", "\"\xf4\x90\x80\x80\"", "a string is not UTF-8 at byte 1");
        row("cut character", "\"\xe6\x97\"", "a string is not UTF-8 at byte 1");
        row("leading zero", "01", "a number begins with zeros at byte 0");
        row("no digits", "-",
            "a value is neither null, true, false, a number, a string, an array nor an object at byte 0");
        row("no places", "1.", "a number ends at its point at byte 0");
        row("no exponent", "1e+", "a number ends inside its exponent at byte 0");
        row("plus", "+1", "a value is neither null, true, false, a number, a string, an array nor an object at byte 0");
        row("long number", QByteArray(40, '9'), "a number has more than 39 digits at byte 0");
        row("wide number", "1e40", "a number's scale is beyond 39 places at byte 0");
        row("very wide number", "1e99999999999999999999", "a number's scale is beyond 39 places at byte 0");
        row("nothing behind the end", QByteArray("1\0", 2), "text follows the value at byte 1");
    }

    void brokenTextIsRefusedWhereItBreaks()
    {
        QFETCH(QByteArray, json);
        QFETCH(QByteArray, message);
        JsonTape tape;
        const auto parsed = tape.parseJson({json.constData(), static_cast<std::size_t>(json.size())});
        QVERIFY(!parsed.has_value());
        QCOMPARE(parsed.error().code, ErrorCode::Corrupt);
        QCOMPARE(bytes(parsed.error().message), message);
        QVERIFY(tape.nodes().empty());
    }

    void everyCutOfARowIsRefused()
    {
        const std::string row = "{\"a\\u00e4\":[1,-2.5e3,\"x\\n\",{\"k\":null}],\"b\":{\"c\":true,\"d\":false}}";
        JsonTape tape;
        QVERIFY(tape.parseJson(row).has_value());
        for (std::size_t size = 0; size < row.size(); ++size)
            QVERIFY(!tape.parseJson(std::string_view(row).substr(0, size)).has_value());
    }

    void escapesMeanTheirCharacters_data()
    {
        QTest::addColumn<QByteArray>("json");
        QTest::addColumn<QByteArray>("text");
        QTest::newRow("letters") << QByteArray("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"") << QByteArray("\"\\/\b\f\n\r\t");
        QTest::newRow("nul") << QByteArray("\"a\\u0000b\"") << QByteArray("a\0b", 3);
        QTest::newRow("two bytes") << QByteArray("\"\\u00E4\"") << QByteArray("\xc3\xa4");
        QTest::newRow("three bytes") << QByteArray("\"\\u65e5x\"") << QByteArray("\xe6\x97\xa5x");
        QTest::newRow("four bytes") << QByteArray("\"\\ud83d\\ude00\"") << QByteArray("\xf0\x9f\x98\x80");
        QTest::newRow("raw and escaped") << QByteArray("\"\xc3\xa4 and \\t more than eight\"")
                                         << QByteArray("\xc3\xa4 and \t more than eight");
        QTest::newRow("none") << QByteArray("\"\"") << QByteArray("");
    }

    void escapesMeanTheirCharacters()
    {
        QFETCH(QByteArray, json);
        QFETCH(QByteArray, text);
        QCOMPARE(bytes(parsedText({json.constData(), static_cast<std::size_t>(json.size())})), text);
    }

    void canonicalStringsEscapeOnlyWhatTheyMust()
    {
        std::string all;
        for (int c = 0; c < 0x20; ++c)
            all += static_cast<char>(c);
        all += "\"\\/\x7f\xc3\xa4\xe6\x97\xa5\xf0\x9f\x98\x80";
        std::string escaped;
        codec::appendJsonString(all, escaped);
        QCOMPARE(
            bytes(escaped),
            QByteArray("\"\\u0000\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\n\\u000b\\f\\r\\u000e\\u000f"
                       "\\u0010\\u0011\\u0012\\u0013\\u0014\\u0015\\u0016\\u0017\\u0018\\u0019\\u001a\\u001b\\u001c"
                       "\\u001d\\u001e\\u001f\\\"\\\\/\x7f\xc3\xa4\xe6\x97\xa5\xf0\x9f\x98\x80\""));
        QCOMPARE(bytes(parsedText(escaped)), bytes(all));
    }

    void specialsAreFoundAtEveryDistance()
    {
        // Strings are read eight bytes at a time: the special character stands at each place of the word and the tail.
        for (std::size_t length = 0; length < 40; ++length) {
            for (std::size_t at = 0; at <= length; ++at) {
                std::string text(length, 'x');
                text.insert(at, "\xc3\xa4\"\\\n");
                std::string json;
                codec::appendJsonString(text, json);
                QCOMPARE(parsedText(json), text);
            }
        }
    }

    void nodesStandInDocumentOrder()
    {
        const std::string json = "{\"b\":[1,[]],\"a\":{\"x\":{}},\"c\":\"t\"}";
        JsonTape tape;
        QVERIFY(tape.parseJson(json).has_value());
        const auto& nodes = tape.nodes();
        QCOMPARE(nodes.size(), std::size_t(7));
        QCOMPARE(nodes[0].children, 3U);
        QCOMPARE(nodes[0].next, 7U);
        QCOMPARE(nodes[1].name, std::string_view("b"));
        QCOMPARE(nodes[1].next, 4U);
        QCOMPARE(nodes[3].type, JsonType::Array);
        QCOMPARE(nodes[3].children, 0U);
        QCOMPARE(tape.member(0, "a"), &nodes[4]);
        QCOMPARE(tape.member(4, "x"), &nodes[5]);
        QCOMPARE(tape.member(4, "y"), nullptr);
        QCOMPARE(tape.member(1, "x"), nullptr); // an array has no members
        QCOMPARE(tape.member(99, "x"), nullptr);
        QCOMPARE(tape.indexOf(nodes[6]), 6U);
        std::string part;
        tape.appendJson(1, part);
        QCOMPARE(part, std::string("[1,[]]"));
    }

    void prettyJsonIndentsByTwo()
    {
        JsonTape tape;
        const std::string json = "{\"b\":[1,{}],\"a\":{\"x\":null},\"c\":[]}";
        QVERIFY(tape.parseJson(json).has_value());
        std::string pretty;
        tape.appendPrettyJson(0, pretty);
        QCOMPARE(bytes(pretty),
                 QByteArray("{\n  \"a\": {\n    \"x\": null\n  },\n  \"b\": [\n    1,\n    {}\n  ],\n  \"c\": []\n}"));
    }

    void tapeIsReusedAndItsTextStaysPut()
    {
        // More unescaped text than fits a chunk: earlier strings must not move when another chunk is needed.
        std::string json = "[";
        for (int i = 0; i < 3000; ++i)
            json += std::string(i == 0 ? "" : ",") + "\"\\t" + std::to_string(i) + "\"";
        json += "]";
        JsonTape tape;
        for (int pass = 0; pass < 3; ++pass) {
            QVERIFY(tape.parseJson(json).has_value());
            QCOMPARE(tape.nodes()[1].text, std::string_view("\t0"));
            QCOMPARE(tape.nodes()[3000].text, std::string_view("\t2999"));
        }
    }
};

QTEST_APPLESS_MAIN(TestJsonText)
#include "tst_json_text.moc"
