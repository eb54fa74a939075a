#include "core/base/base64.h"
#include "core/base/hex.h"
#include "core/base/sha256.h"

#include <QtTest>

#include <string>

using namespace inspector;

namespace {

std::string someBytes(std::size_t size)
{
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i)
        bytes += static_cast<char>(i * 37 + 11);
    return bytes;
}

} // namespace

/// Hex, base64 and SHA-256.
class TestTextForms : public QObject
{
    Q_OBJECT

private slots:
    void hexHasTwoLowerCaseDigitsAByte()
    {
        QCOMPARE(toHex(bytesOf(std::string_view("\x00\x0F\xA0\xFF", 4))), std::string("000fa0ff"));
        QCOMPARE(toHex({}), std::string());
        // persist-format 12.4: t = 1724176033001 in column bytes.
        std::string column;
        for (std::uint64_t value = 1'724'176'033'001, i = 0; i < 8; ++i, value >>= 8U)
            column += static_cast<char>(value & 0xFFU);
        QCOMPARE(toHex(bytesOf(column)), std::string("e964e67091010000"));
    }

    void hexComesBackFromEitherCase()
    {
        QCOMPARE(std::string(textOf(fromHex("000fA0Ff").value())), std::string("\x00\x0F\xA0\xFF", 4));
        QVERIFY(fromHex("").value().empty());
        for (std::size_t size = 0; size < 300; ++size) {
            const auto bytes = someBytes(size);
            QCOMPARE(std::string(textOf(fromHex(toHex(bytesOf(bytes))).value())), bytes);
        }
    }

    void whatIsNoHexIsRefusedWithItsOffset_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("words");
        QTest::newRow("odd") << "abc"
                             << "odd number";
        QTest::newRow("first digit") << "00g0"
                                     << "offset 2";
        QTest::newRow("second digit") << "000g"
                                      << "offset 3";
        QTest::newRow("prefix") << "0x00"
                                << "offset 1";
        QTest::newRow("blank") << "00 0"
                               << "offset 2";
    }
    void whatIsNoHexIsRefusedWithItsOffset()
    {
        QFETCH(QString, text);
        QFETCH(QString, words);
        const auto bytes = fromHex(text.toStdString());
        QVERIFY(!bytes);
        QCOMPARE(bytes.error().code, ErrorCode::InvalidInput);
        QVERIFY2(bytes.error().message.find(words.toStdString()) != std::string::npos, bytes.error().message.c_str());
    }

    void base64IsTheStandardAlphabetWithPadding_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("base64");
        // RFC 4648, section 10
        QTest::newRow("0") << ""
                           << "";
        QTest::newRow("1") << "f"
                           << "Zg==";
        QTest::newRow("2") << "fo"
                           << "Zm8=";
        QTest::newRow("3") << "foo"
                           << "Zm9v";
        QTest::newRow("4") << "foob"
                           << "Zm9vYg==";
        QTest::newRow("5") << "fooba"
                           << "Zm9vYmE=";
        QTest::newRow("6") << "foobar"
                           << "Zm9vYmFy";
        QTest::newRow("last two of the alphabet") << QString::fromLatin1("~~>??") << "fn4+Pz8=";
    }
    void base64IsTheStandardAlphabetWithPadding()
    {
        QFETCH(QString, text);
        QFETCH(QString, base64);
        QCOMPARE(QString::fromStdString(toBase64(bytesOf(text.toStdString()))), base64);
        QCOMPARE(QString::fromStdString(std::string(textOf(fromBase64(base64.toStdString()).value()))), text);
    }

    void base64ComesBackToTheByte()
    {
        for (std::size_t size = 0; size < 300; ++size) {
            const auto bytes = someBytes(size);
            const auto back = fromBase64(toBase64(bytesOf(bytes)));
            QVERIFY(back);
            QCOMPARE(std::string(textOf(*back)), bytes);
        }
    }

    void whatIsNoBase64IsCorrupt_data()
    {
        QTest::addColumn<QString>("text");
        for (const auto* text : {"Z", "Zg", "Zg=", "Zg===", "Z===", "====", "Zm9v====", "Zg==Zg==", "Zm 9", " Zm9v",
                                 "Zm9v\n", "Zm9-", "Zm9_", "=Zm9", "Zm=v"})
            QTest::newRow(text) << text;
    }
    void whatIsNoBase64IsCorrupt()
    {
        QFETCH(QString, text);
        const auto bytes = fromBase64(text.toStdString());
        QVERIFY(!bytes);
        QCOMPARE(bytes.error().code, ErrorCode::Corrupt);
        QVERIFY(!bytes.error().message.empty());
    }

    void sha256IsTheStandardOne_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("digest");
        // FIPS 180-4 examples
        QTest::newRow("nothing") << ""
                                 << "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        QTest::newRow("abc") << "abc"
                             << "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        QTest::newRow("two blocks") << "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
                                    << "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
        QTest::newRow("a million times a")
            << QString(1'000'000, 'a') << "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
    }
    void sha256IsTheStandardOne()
    {
        QFETCH(QString, text);
        QFETCH(QString, digest);
        const auto bytes = text.toStdString();
        QCOMPARE(QString::fromStdString(toHex(sha256(bytesOf(bytes)))), digest);
        Sha256 inPieces;
        for (std::size_t at = 0; at < bytes.size(); at += 7919)
            inPieces.add(bytesOf(std::string_view(bytes).substr(at, 7919)));
        inPieces.add({});
        QCOMPARE(QString::fromStdString(toHex(inPieces.finish())), digest);
    }
};

QTEST_APPLESS_MAIN(TestTextForms)
#include "tst_text_forms.moc"
