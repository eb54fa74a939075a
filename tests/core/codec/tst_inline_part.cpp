#include "core/base/hex.h"
#include "core/codec/decoded_part.h"
#include "core/codec/proto/persist.pb.h"
#include "tests/core/codec/part_test_data.h"

#include <QtTest>

#include <functional>

using namespace inspector;
using namespace inspector::codec;

namespace {

using Records = proto::ProtoColumnarRecords;

std::string json(int version)
{
    return "{\"key\":{\"key\":\"user_version\"},\"kind\":\"Config\",\"value\":{\"value\":" + std::to_string(version)
        + "}}";
}

Result<DecodedPart> decode(const proto::ProtoInlineBatchPart& message)
{
    return decodeInlinePart(SharedBytes::copyOf(bytesOf(message.SerializeAsString())));
}

std::vector<std::string> rowsOf(const DecodedPart& part)
{
    std::vector<std::string> rows;
    for (const auto& row : part.rows)
        rows.emplace_back(row.bytes());
    return rows;
}

/// [1, 2) since 0 with `rows` updates at time 1, and no rows yet.
proto::ProtoInlineBatchPart partOf(int rows)
{
    proto::ProtoInlineBatchPart message;
    message.mutable_desc()->mutable_lower()->add_elements(1);
    message.mutable_desc()->mutable_upper()->add_elements(2);
    message.mutable_desc()->mutable_since()->add_elements(0);
    auto& records = *message.mutable_updates();
    records.set_len(static_cast<std::uint64_t>(rows));
    for (int i = 0; i < rows; ++i) {
        records.add_timestamps(1);
        records.add_diffs(1);
    }
    return message;
}

void addKeys(Records& records, const std::vector<std::string>& keys, const std::string& before = "")
{
    records.set_key_data(before);
    records.add_key_offsets(static_cast<std::int32_t>(before.size()));
    for (const auto& key : keys) {
        records.mutable_key_data()->append(key);
        records.add_key_offsets(static_cast<std::int32_t>(records.key_data().size()));
    }
}

/// An array of strings whose rows begin behind `offset` strings of another row.
void fillStrings(proto::ProtoArrayData& array, const std::vector<std::string>& values, std::uint64_t offset = 0)
{
    array.set_length(values.size());
    array.set_offset(offset);
    std::string offsets;
    std::string data;
    const auto addOffset = [&] {
        const auto at = static_cast<std::int32_t>(data.size());
        offsets.append(reinterpret_cast<const char*>(&at), sizeof(at));
    };
    addOffset();
    for (std::uint64_t i = 0; i < offset; ++i) {
        data += "not this";
        addOffset();
    }
    for (const auto& value : values) {
        data += value;
        addOffset();
    }
    array.add_buffers()->set_data(offsets);
    array.add_buffers()->set_data(data);
}

/// Bits 1 where `text` has a 1.
void setValidity(proto::ProtoArrayData& array, const std::string& text)
{
    std::string bits((text.size() + 7) / 8, '\0');
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '1')
            bits[i / 8] = static_cast<char>(static_cast<unsigned char>(bits[i / 8]) | (1U << (i % 8)));
    }
    array.mutable_nulls()->mutable_buffer()->set_data(bits);
    array.mutable_nulls()->set_length(text.size());
}

/// struct { ok: struct { "0": string }, err: binary } without arrays' contents.
proto::ProtoArrayData& addStructured(Records& records, int rows)
{
    auto& root = *records.mutable_key_structured();
    root.set_length(static_cast<std::uint64_t>(rows));
    auto& fields = *root.mutable_data_type()->mutable_struct_();
    auto& ok = *fields.add_fields();
    ok.set_name("ok");
    auto& cell = *ok.mutable_data_type()->mutable_struct_()->add_fields();
    cell.set_name("0");
    cell.mutable_data_type()->mutable_string();
    auto& err = *fields.add_fields();
    err.set_name("err");
    err.mutable_data_type()->mutable_binary();
    root.add_children()->set_length(static_cast<std::uint64_t>(rows));
    root.mutable_children(0)->add_children();
    root.add_children()->set_length(static_cast<std::uint64_t>(rows));
    records.mutable_val_structured()->mutable_data_type()->mutable_null();
    return root;
}

proto::ProtoArrayData& cellsOf(proto::ProtoArrayData& root)
{
    return *root.mutable_children(0)->mutable_children(0);
}

proto::ProtoArrayData& errorsOf(proto::ProtoArrayData& root)
{
    return *root.mutable_children(1);
}

/// A structured part of these rows, none of them an error.
proto::ProtoInlineBatchPart structuredOf(const std::vector<std::string>& rows)
{
    auto message = partOf(static_cast<int>(rows.size()));
    auto& root = addStructured(*message.mutable_updates(), static_cast<int>(rows.size()));
    fillStrings(cellsOf(root), rows);
    fillStrings(errorsOf(root), std::vector<std::string>(rows.size()));
    setValidity(errorsOf(root), std::string(rows.size(), '0'));
    return message;
}

#define DECODE(part, message)                                                                                          \
    const auto part##Result = decode(message);                                                                         \
    QVERIFY2(part##Result, part##Result ? "" : part##Result.error().describe().c_str());                               \
    const auto& part = *part##Result

#define QVERIFY_WARNS(part, text)                                                                                      \
    QVERIFY2(test::joined((part).warnings).find(text) != std::string::npos, test::joined((part).warnings).c_str())

using Breaker = std::function<void(proto::ProtoInlineBatchPart&)>;

} // namespace

Q_DECLARE_METATYPE(Breaker)

class TestInlinePart : public QObject
{
    Q_OBJECT

private slots:
    void vectorsHoldTheUpdate_data()
    {
        QTest::addColumn<QString>("name");
        QTest::addColumn<int>("size");
        QTest::addColumn<bool>("isJson");
        QTest::newRow("structured") << "inline_structured.hex" << 200 << true;
        QTest::newRow("row") << "inline_row.hex" << 129 << false;
    }

    void vectorsHoldTheUpdate()
    {
        QFETCH(QString, name);
        QFETCH(int, size);
        QFETCH(bool, isJson);
        const auto bytes = test::vectorBytes(name);
        QCOMPARE(static_cast<int>(bytes.size()), size);
        const auto part = decodeInlinePart(SharedBytes::copyOf(bytes));
        QVERIFY2(part, part ? "" : part.error().describe().c_str());

        QCOMPARE(test::joined(part->warnings), std::string());
        QVERIFY(part->layout == (isJson ? PartLayout::Structured : PartLayout::Row));
        QVERIFY(part->description);
        QCOMPARE(part->description->lower, std::optional<std::uint64_t>(1));
        QCOMPARE(part->description->upper, std::optional<std::uint64_t>(2));
        QCOMPARE(part->description->since, std::optional<std::uint64_t>(0));
        QCOMPARE(part->times, (std::vector<std::uint64_t> {1}));
        QCOMPARE(part->diffs, (std::vector<std::int64_t> {1}));
        QCOMPARE(part->rows.size(), std::size_t(1));
        if (isJson) {
            QCOMPARE(std::string(part->rows[0].bytes()), json(72));
            QCOMPARE(part->rows[0].form, RowForm::JsonText);
        } else {
            QCOMPARE(toHex(bytesOf(part->rows[0].bytes())),
                     std::string("0a5a0a58ba01550a210a036b6579121aba01170a150a036b6579120e420c757365725f76657273696f6e"
                                 "0a100a046b696e641208420643"
                                 "6f6e6669670a1e0a0576616c75651215ba01120a100a0576616c75651207c201040a02072c"));
            QCOMPARE(part->rows[0].form, RowForm::SourceData);
        }
    }

    void rowsHavePaddingBehindThem()
    {
        for (const auto& name : test::kInlineVectors) {
            const auto part = decodeInlinePart(SharedBytes::copyOf(test::vectorBytes(name)));
            QVERIFY(part);
            const auto& row = part->rows.back();
            for (std::size_t i = 0; i < SharedBytes::kPadding; ++i)
                QCOMPARE(row.data[row.size + i], '\0'); // under ASan: readable
        }
    }

    void rowKeysMayBeginBehindOtherBytes()
    {
        auto message = partOf(3);
        addKeys(*message.mutable_updates(), {"a", "", "ccc"}, "before");
        DECODE(part, message);
        QCOMPARE(rowsOf(part), (std::vector<std::string> {"a", "", "ccc"}));
        QVERIFY(part.layout == PartLayout::Row);
    }

    void structuredKeysWinWhenBothAreThere()
    {
        auto message = structuredOf({"json a", "json b"});
        addKeys(*message.mutable_updates(), {"a", "b"});
        DECODE(part, message);
        QVERIFY(part.layout == PartLayout::Both);
        QCOMPARE(rowsOf(part), (std::vector<std::string> {"json a", "json b"}));
        QCOMPARE(test::joined(part.warnings), std::string());
    }

    void rowKeysHelpOutWhenStructuredOnesAreBroken()
    {
        auto message = structuredOf({"json a", "json b"});
        cellsOf(*message.mutable_updates()->mutable_key_structured()).mutable_buffers(1)->clear_data();
        addKeys(*message.mutable_updates(), {"a", "b"});
        DECODE(part, message);
        QVERIFY(part.layout == PartLayout::Row);
        QCOMPARE(rowsOf(part), (std::vector<std::string> {"a", "b"}));
        QCOMPARE(part.owners.size(), std::size_t(1));
        QVERIFY_WARNS(part, "the structured keys do not read");
    }

    void noUpdatesAreEmpty()
    {
        DECODE(part, partOf(0));
        QVERIFY(part.layout == PartLayout::Empty);
        QVERIFY(part.rows.empty());
        QVERIFY(part.description);
    }

    void offsetsAddUpFromTheRootDown()
    {
        // Values at index offset + i, children below their parents' range; bitmaps are not shifted by their own array's
        // offset (persist-format §5.10).
        auto message = partOf(2);
        auto& root = addStructured(*message.mutable_updates(), 2);
        root.set_offset(1);
        setValidity(root, "11");
        auto& ok = *root.mutable_children(0);
        ok.set_length(3);
        ok.set_offset(2);
        setValidity(ok, "011"); // rows of ok itself; the root's begin at 1
        fillStrings(cellsOf(root), {"x", "x", "x", "first", "second"}, 4);
        setValidity(cellsOf(root), "00011");
        fillStrings(errorsOf(root), {"", "", ""}, 1);
        setValidity(errorsOf(root), "100");
        DECODE(part, message);
        QCOMPARE(test::joined(part.warnings), std::string());
        QCOMPARE(rowsOf(part), (std::vector<std::string> {"first", "second"}));
    }

    void theFirstOffsetMayBeAboveZero()
    {
        auto message = structuredOf({"a", "b"});
        auto& cells = cellsOf(*message.mutable_updates()->mutable_key_structured());
        cells.clear_buffers();
        const std::int32_t offsets[] = {3, 4, 6};
        cells.add_buffers()->set_data(std::string(reinterpret_cast<const char*>(offsets), sizeof(offsets)));
        cells.add_buffers()->set_data("...abb");
        DECODE(part, message);
        QCOMPARE(rowsOf(part), (std::vector<std::string> {"a", "bb"}));
    }

    void errorsAndNullsAreShownAsErrors()
    {
        auto message = partOf(4);
        auto& root = addStructured(*message.mutable_updates(), 4);
        fillStrings(cellsOf(root), {"fine", "", "both", ""});
        setValidity(*root.mutable_children(0), "1011");
        setValidity(cellsOf(root), "1110");
        fillStrings(errorsOf(root), {"", "boom", "bang", ""});
        setValidity(errorsOf(root), "0110");
        DECODE(part, message);
        QCOMPARE(rowsOf(part), (std::vector<std::string> {"fine", "boom", "bang", ""}));
        QCOMPARE(part.rows[0].form, RowForm::JsonText);
        for (std::size_t i = 1; i < 4; ++i)
            QCOMPARE(part.rows[i].form, RowForm::Error);
        QVERIFY_WARNS(part, "2 rows with the column err set");
        QVERIFY_WARNS(part, "1 row without a value");
    }

    void errorsThatAreAllNullNeedNoBuffers()
    {
        auto message = structuredOf({"a"});
        errorsOf(*message.mutable_updates()->mutable_key_structured()).clear_buffers();
        DECODE(part, message);
        QCOMPARE(rowsOf(part), (std::vector<std::string> {"a"}));
    }

    void updatesWithoutADiffAreDropped()
    {
        auto message = structuredOf({"a", "b", "c"});
        message.mutable_updates()->set_diffs(1, 0);
        message.mutable_updates()->set_diffs(2, -1);
        DECODE(part, message);
        QCOMPARE(rowsOf(part), (std::vector<std::string> {"a", "c"}));
        QCOMPARE(part.diffs, (std::vector<std::int64_t> {1, -1}));
        QVERIFY_WARNS(part, "1 update with a diff of 0, dropped");
    }

    void timesKeepAll64Bits()
    {
        auto message = structuredOf({"a"});
        message.mutable_updates()->set_timestamps(0, -1);
        DECODE(part, message);
        QCOMPARE(part.times, (std::vector<std::uint64_t> {std::numeric_limits<std::uint64_t>::max()}));
        QVERIFY_WARNS(part, "1 update not earlier than the part's upper");
    }

    void aDescriptionThatLacksABoundIsAWarning()
    {
        auto message = structuredOf({"a"});
        message.mutable_desc()->clear_since();
        DECODE(part, message);
        QVERIFY(!part.description);
        QVERIFY_WARNS(part, "lacks a bound");
        QCOMPARE(rowsOf(part), (std::vector<std::string> {"a"}));
    }

    void refusesWhatContradictsItself_data()
    {
        QTest::addColumn<Breaker>("breaker");
        QTest::addColumn<QString>("reason");
        const auto row = [](const char* name, const char* reason, Breaker breaker) {
            QTest::newRow(name) << breaker << QString::fromLatin1(reason);
        };
        const auto structured = [](proto::ProtoInlineBatchPart& message) -> proto::ProtoArrayData& {
            return *message.mutable_updates()->mutable_key_structured();
        };
        const auto keysOnly = [](proto::ProtoInlineBatchPart& message) -> Records& {
            message.mutable_updates()->clear_key_structured();
            return *message.mutable_updates();
        };
        row("no updates message", "no updates message", [](auto& m) { m.clear_updates(); });
        row("length", "has 3 updates, but 2 times", [](auto& m) { m.mutable_updates()->set_len(3); });
        row("times", "but 3 times", [](auto& m) { m.mutable_updates()->add_timestamps(1); });
        row("diffs", "and 3 diffs", [](auto& m) { m.mutable_updates()->add_diffs(1); });
        row("endless length", "updates, but 2 times",
            [](auto& m) { m.mutable_updates()->set_len(~std::uint64_t {0}); });
        row("no rows", "neither keys nor structured keys", [=](auto& m) { keysOnly(m); });
        row("offsets too few", "the keys have 2 offsets", [=](auto& m) { addKeys(keysOnly(m), {"a"}); });
        row("offset beyond the data", "not in order at row 1", [=](auto& m) {
            addKeys(keysOnly(m), {"a", "b"});
            m.mutable_updates()->set_key_offsets(2, 3);
        });
        row("negative offset", "not in order at row 0", [=](auto& m) {
            addKeys(keysOnly(m), {"a", "b"});
            m.mutable_updates()->set_key_offsets(0, -1);
        });
        row("offsets going back", "not in order at row 1", [=](auto& m) {
            addKeys(keysOnly(m), {"aa", "b"});
            m.mutable_updates()->set_key_offsets(2, 1);
        });
        row("structured length", "have 1 row,", [=](auto& m) { structured(m).set_length(1); });
        row("no type", "no string column ok.0", [=](auto& m) { structured(m).clear_data_type(); });
        row("no children", "no string column ok.0", [=](auto& m) { structured(m).clear_children(); });
        row("no cells", "no string column ok.0", [=](auto& m) { structured(m).mutable_children(0)->clear_children(); });
        row("cells of another type", "no string column ok.0", [=](auto& m) {
            auto& ok = *structured(m).mutable_data_type()->mutable_struct_()->mutable_fields(0);
            ok.mutable_data_type()->mutable_struct_()->mutable_fields(0)->mutable_data_type()->mutable_int64();
        });
        row("one buffer", "has 1 buffers", [=](auto& m) { cellsOf(structured(m)).mutable_buffers()->RemoveLast(); });
        row("offset of cells", "fewer than its rows need", [=](auto& m) { cellsOf(structured(m)).set_offset(1); });
        row("endless offset of cells", "fewer than its rows need",
            [=](auto& m) { cellsOf(structured(m)).set_offset(~std::uint64_t {0} - 1); });
        row("endless offset of ok", "beyond any buffer",
            [=](auto& m) { structured(m).mutable_children(0)->set_offset(~std::uint64_t {0} - 1); });
        row("endless offset of the root", "beyond any buffer",
            [=](auto& m) { structured(m).set_offset(~std::uint64_t {0}); });
        row("bitmap too short", "0 bits, fewer", [=](auto& m) { cellsOf(structured(m)).mutable_nulls(); });
        row("data too short", "not in order at row 1",
            [=](auto& m) { cellsOf(structured(m)).mutable_buffers(1)->set_data("a"); });
        row("error without its buffers", "has 0 buffers", [=](auto& m) {
            errorsOf(structured(m)).clear_buffers();
            setValidity(errorsOf(structured(m)), "01");
        });
    }

    void refusesWhatContradictsItself()
    {
        QFETCH(Breaker, breaker);
        QFETCH(QString, reason);
        auto message = structuredOf({"a", "b"});
        breaker(message);
        const auto part = decode(message);
        QVERIFY(!part);
        QCOMPARE(part.error().code, ErrorCode::Corrupt);
        QVERIFY2(QString::fromStdString(part.error().describe()).contains(reason), part.error().describe().c_str());
    }

    void refusesBytesThatAreNoMessage()
    {
        const auto part = decodeInlinePart(SharedBytes::copyOf(bytesOf("\xff\xff\xff")));
        QVERIFY(!part);
        QCOMPARE(part.error().code, ErrorCode::Corrupt);
    }
};

QTEST_GUILESS_MAIN(TestInlinePart)
#include "tst_inline_part.moc"
