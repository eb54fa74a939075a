#include "core/base/base64.h"
#include "core/catalog/snapshot.h"
#include "core/catalog/typed_row.h"
#include "tests/core/catalog/catalog_fixtures.h"

#include <QtTest>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

using namespace inspector;
using catalog::MisfitKind;
using catalog::RowSchema;
using catalog::RowTyper;
using catalog::TextBuffer;
using codec::RowForm;
using codec::StoredRow;

namespace {

const std::vector<std::string> kSmallShards {"new-busy", "new-fresh", "new-log", "old-busy", "old-fresh", "old-log"};

std::uint64_t versionOfShard(const std::string& shard)
{
    return shard.starts_with("old") ? 72 : 82;
}

StoredRow rowOf(std::string_view bytes, RowForm form = RowForm::JsonText)
{
    return {bytes.data(), static_cast<std::uint32_t>(bytes.size()), form};
}

RowTyper typerOf(std::uint64_t version)
{
    return RowTyper(RowSchema::nearest(version));
}

QString qt(std::string_view text)
{
    return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

std::string typedKey(RowTyper& typer)
{
    TextBuffer to;
    return typer.appendKeyJson(to) ? std::string(to.text()) : "(does not fit)";
}

std::string typedValue(RowTyper& typer)
{
    TextBuffer to;
    return typer.appendValueJson(to) ? std::string(to.text()) : "(does not fit)";
}

std::string messages(const RowTyper& typer)
{
    std::string all;
    for (const auto& misfit : typer.misfits())
        all += misfit.message + (misfit.isFatal ? "!\n" : "\n");
    return all;
}

/// The entries of a dump's text, each with the name of its collection; and the collections with their counts.
std::vector<std::string> entriesOfDump(const std::string& text)
{
    std::vector<std::string> entries;
    std::string collection;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find('\n', at), text.size());
        const auto line = text.substr(at, end - at);
        at = end + 1;
        if (line.starts_with("    \"")) {
            collection = line;
        } else if (line == "             {") {
            const auto close = text.find("\n            },\n", at);
            entries.push_back(collection + "\n" + line + "\n" + text.substr(at, close - at) + "\n            },\n");
            at = close + std::string_view("\n            },\n").size();
        }
    }
    std::sort(entries.begin(), entries.end());
    return entries;
}

std::string rust(std::string_view text)
{
    TextBuffer to;
    catalog::appendRustString(text, to);
    return std::string(to.text());
}

} // namespace

class TestTypedRow : public QObject
{
    Q_OBJECT

    static void shardsInBothForms(const std::vector<std::string>& shards)
    {
        QTest::addColumn<QString>("shard");
        QTest::addColumn<bool>("asText");
        for (const auto& shard : shards) {
            QTest::newRow((shard + " SourceData").c_str()) << qt(shard) << false;
            QTest::newRow((shard + " JSON").c_str()) << qt(shard) << true;
        }
    }

private slots:
    void typedLinesAreTheReferencesTrace_data() { shardsInBothForms(kSmallShards); }

    void typedLinesAreTheReferencesTrace()
    {
        QFETCH(QString, shard);
        QFETCH(bool, asText);
        const auto rows =
            test::rowsOfRawFile(test::rawFileOf(shard.toStdString()), asText ? RowForm::JsonText : RowForm::SourceData);
        auto expected = test::linesOf(test::expectedOf(shard.toStdString()) / "trace-consolidated.jsonl");
        auto typer = typerOf(versionOfShard(shard.toStdString()));
        std::vector<std::string> lines;
        for (std::size_t i = 0; i < rows->size(); ++i) {
            QVERIFY(typer.read(rows->rows[i]).has_value());
            TextBuffer line;
            if (typer.kind() == catalog::kFenceTokenKind) {
                QVERIFY(!typer.appendTraceLine(rows->timeOf(i), rows->diffOf(i), line));
                QVERIFY(typer.misfits().empty());
                continue;
            }
            QVERIFY2(typer.appendTraceLine(rows->timeOf(i), rows->diffOf(i), line), messages(typer).c_str());
            lines.emplace_back(line.text().substr(0, line.size() - 1));
            QVERIFY(!typer.hasExtraFields());
        }
        std::sort(lines.begin(), lines.end());
        std::sort(expected.begin(), expected.end());
        QCOMPARE(lines.size(), expected.size());
        for (std::size_t i = 0; i < lines.size(); ++i)
            QCOMPARE(qt(lines[i]), qt(expected[i]));
    }

    void dumpEntriesAreTheReferencesText_data() { shardsInBothForms(kSmallShards); }

    void dumpEntriesAreTheReferencesText()
    {
        QFETCH(QString, shard);
        QFETCH(bool, asText);
        const auto rows =
            test::rowsOfRawFile(test::rawFileOf(shard.toStdString()), asText ? RowForm::JsonText : RowForm::SourceData);
        const auto folder = test::expectedOf(shard.toStdString());
        const auto file = std::filesystem::exists(folder / "dump.txt") ? folder / "dump.txt" : folder / "dump.txt.gz";
        const auto expected = entriesOfDump(test::textOfFile(file));
        auto typer = typerOf(versionOfShard(shard.toStdString()));
        std::vector<std::string> entries;
        for (std::size_t i = 0; i < rows->size(); ++i) {
            QVERIFY(typer.read(rows->rows[i]).has_value());
            if (typer.collection() == nullptr)
                continue;
            TextBuffer entry;
            entry.append("    \"" + std::string(typer.collection()->name) + "\":  {\n");
            QVERIFY2(typer.appendDumpEntry(rows->timeOf(i), rows->diffOf(i), entry), messages(typer).c_str());
            entries.emplace_back(entry.text());
        }
        std::sort(entries.begin(), entries.end());
        QCOMPARE(entries.size(), expected.size());
        for (std::size_t i = 0; i < entries.size(); ++i)
            QCOMPARE(qt(entries[i]), qt(expected[i]));
    }

    void everyEncodedObjectFitsItsVersion_data()
    {
        QTest::addColumn<int>("version");
        for (int version = 67; version <= 92; ++version)
            QTest::newRow(("v" + std::to_string(version)).c_str()) << version;
    }

    void everyEncodedObjectFitsItsVersion()
    {
        QFETCH(int, version);
        auto typer = typerOf(static_cast<std::uint64_t>(version));
        for (const auto& line : test::linesOf(test::modelFixture("objects_v" + std::to_string(version) + ".txt"))) {
            const auto bytes = fromBase64(line);
            QVERIFY(bytes.has_value());
            QVERIFY(typer.read(rowOf(textOf(*bytes), RowForm::SourceData)).has_value());
            // Random rows of the proto shape may lack a key or a value, and have any number for an enum; nothing else.
            for (const auto& misfit : typer.misfits()) {
                const bool isNullPart =
                    version <= 78 && (misfit.message == "key is null" || misfit.message == "value is null");
                const bool isNumber = version <= 78 && misfit.kind == MisfitKind::UnknownNumber;
                QVERIFY2(isNullPart || isNumber, (misfit.message + " in " + line).c_str());
            }
            QVERIFY(!typer.hasExtraFields());
            if (typer.misfits().empty() && typer.collection() != nullptr) {
                TextBuffer to;
                QVERIFY(typer.appendDumpEntry(1, 1, to));
                QVERIFY(typer.appendTraceLine(1, 1, to));
            }
        }
    }

    void initialRowsFitTheirVersion_data()
    {
        QTest::addColumn<QString>("file");
        QTest::addColumn<int>("version");
        QTest::newRow("initial 72") << "initial_rows.old-v72.jsonl" << 72;
        QTest::newRow("initial 92") << "initial_rows.new-v92.jsonl" << 92;
        QTest::newRow("worked 72") << "worked_examples.v72.jsonl" << 72;
        QTest::newRow("worked 92") << "worked_examples.v92.jsonl" << 92;
    }

    void initialRowsFitTheirVersion()
    {
        QFETCH(QString, file);
        QFETCH(int, version);
        auto typer = typerOf(static_cast<std::uint64_t>(version));
        const auto lines = test::linesOf(test::modelFixture(file.toStdString()));
        QVERIFY(lines.size() > 20);
        for (const auto& text : lines) {
            codec::JsonTape line;
            QVERIFY(line.parseJson(text).has_value());
            std::string json;
            line.appendJson(line.indexOf(*line.member(0, "row")), json);
            const auto stored = fromBase64(line.member(0, "source_data")->text);
            QVERIFY(stored.has_value());
            QCOMPARE(codec::sourceDataOf(std::string_view(json)), *stored);
            QVERIFY(typer.read(rowOf(textOf(*stored), RowForm::SourceData)).has_value());
            QVERIFY2(typer.misfits().empty(), messages(typer).c_str());
            TextBuffer to;
            QCOMPARE(typer.appendDumpEntry(2, 1, to), typer.kind() != catalog::kFenceTokenKind);
        }
    }

    void openedTraceIsTheReferencesText_data()
    {
        QTest::addColumn<QString>("era");
        QTest::addColumn<int>("version");
        QTest::newRow("old") << "old-v72" << 72;
        QTest::newRow("new") << "new-v92" << 92;
    }

    void openedTraceIsTheReferencesText()
    {
        QFETCH(QString, era);
        QFETCH(int, version);
        // What the reference's own test hides (catalog-model §10).
        const std::set<std::string_view> hidden {"user_version", "builtin_migration_shard", "expression_cache_shard",
                                                 "mock_authentication_nonce"};
        auto text = test::textOfFile(test::modelFixture("debug__opened_trace." + era.toStdString() + ".snap"));
        auto typer = typerOf(static_cast<std::uint64_t>(version));
        std::size_t found = 0;
        for (const auto& json : test::linesOf(test::modelFixture("initial_rows." + era.toStdString() + ".jsonl"))) {
            codec::JsonTape line;
            QVERIFY(line.parseJson(json).has_value());
            const auto stored = fromBase64(line.member(0, "source_data")->text);
            QVERIFY(stored.has_value());
            QVERIFY(typer.read(rowOf(textOf(*stored), RowForm::SourceData)).has_value());
            const auto* name = typer.tape().member(typer.keyNode(), "key");
            name = name != nullptr ? name : typer.tape().member(typer.keyNode(), "name");
            if (typer.collection() == nullptr || (name != nullptr && hidden.count(name->text) != 0))
                continue;
            TextBuffer entry;
            entry.append("            (\n                (\n                    ");
            QVERIFY(typer.appendKeyDebug(5, entry));
            entry.append(",\n                    ");
            QVERIFY(typer.appendValueDebug(5, entry));
            entry.append(",\n                ),\n                2,\n");
            entry.append(version == 72 ? "                1,\n            ),\n"
                                       : "                Overflowing(\n                    1,\n                ),\n"
                                         "            ),\n");
            const auto at = text.find(entry.text());
            QVERIFY2(at != std::string::npos, std::string(entry.text()).c_str());
            text.erase(at, entry.size());
            ++found;
        }
        QVERIFY(found > 40);
        QVERIFY2(text.find("            (") == std::string::npos, text.c_str()); // nothing is left over
    }

    void missingOptionalFieldIsNull()
    {
        auto typer = typerOf(72);
        const auto row = test::fromQuoted("{'key':{'id':{'value':{'User':1}}},'kind':'Schema','value':{'name':'s',"
                                          "'oid':1,'owner_id':null,'privileges':[]}}");
        QVERIFY(typer.read(rowOf(row)).has_value());
        QCOMPARE(qt(typedValue(typer)),
                 qt(test::fromQuoted("{'database_id':null,'name':'s','owner_id':null,'privileges':[],'oid':1}")));
        QVERIFY(!typer.hasExtraFields());
        QCOMPARE(messages(typer), std::string("value.database_id is not there and counts as null\n"));
    }

    void unknownFieldIsKeptAtTheEndAndReported()
    {
        auto typer = typerOf(82);
        const auto row =
            test::fromQuoted("{'key':{'key':'k'},'kind':'Config','value':{'newer':{'b':1,'a':[2]},'value':7}}");
        QVERIFY(typer.read(rowOf(row)).has_value());
        QCOMPARE(qt(typedValue(typer)), qt(test::fromQuoted("{'value':7,'newer':{'a':[2],'b':1}}")));
        QVERIFY(typer.hasExtraFields());
        QCOMPARE(typer.misfits().size(), std::size_t(1));
        QCOMPARE(typer.misfits()[0].path, std::string("value.newer"));
        QVERIFY(!typer.misfits()[0].isFatal);
        TextBuffer debug;
        QVERIFY(typer.appendValueDebug(0, debug));
        QCOMPARE(qt(debug.text()),
                 qt(test::fromQuoted("ConfigValue {\n    value: 7,\n    newer: {'a':[2],'b':1},\n}")));
    }

    void unknownFieldBesideKeyAndValueIsKeptToo()
    {
        auto typer = typerOf(82);
        const auto row = test::fromQuoted("{'key':{'key':'k'},'kind':'Config','value':{'value':7},'more':true}");
        QVERIFY(typer.read(rowOf(row)).has_value());
        QVERIFY(typer.hasExtraFields());
        TextBuffer line;
        QVERIFY(typer.appendTraceLine(3, -1, line));
        QCOMPARE(qt(line.text()),
                 qt(test::fromQuoted("{'collection':'config','key':{'key':'k'},'value':{'value':7},'ts':'3','diff':-1,"
                                     "'extra':{'more':true}}\n")));
        TextBuffer entry;
        QVERIFY(typer.appendDumpEntry(3, -1, entry));
        QVERIFY(qt(entry.text()).contains(qt(test::fromQuoted("extra: {'more':true},\n                timestamp"))));
    }

    void rowsThatDoNotFitSayWhy_data()
    {
        QTest::addColumn<int>("version");
        QTest::addColumn<QString>("json");
        QTest::addColumn<QString>("message");
        QTest::newRow("missing") << 82 << "{'key':{},'kind':'Config','value':{'value':1}}"
                                 << "key.key is not there!\n";
        QTest::newRow("no value") << 82 << "{'key':{'key':'k'},'kind':'Config'}"
                                  << "value is not there!\n";
        QTest::newRow("type") << 82 << "{'key':{'key':1},'kind':'Config','value':{'value':1}}"
                              << "key.key is a number and not text!\n";
        QTest::newRow("range") << 82 << "{'key':{'key':'k'},'kind':'Config','value':{'value':-1}}"
                               << "value.value is -1, which is no u64!\n";
        QTest::newRow("range above") << 82
                                     << "{'key':{'key':'k'},'kind':'Config','value':{'value':18446744073709551616}}"
                                     << "value.value is 18446744073709551616, which is no u64!\n";
        QTest::newRow("fraction") << 82 << "{'key':{'key':'k'},'kind':'Config','value':{'value':1.0}}"
                                  << "value.value is 1.0, which is no u64!\n";
        QTest::newRow("variant") << 82
                                 << "{'key':{'id':{'Robot':1}},'kind':'RoleAuth','value':{'password_hash':null,"
                                    "'updated_at':{'millis':1}}}"
                                 << "key.id.Robot is a choice that RoleId of version 82 does not have!\n";
        QTest::newRow("kind") << 82 << "{'key':null,'kind':'Widget'}"
                              << "kind is \"Widget\", which this build does not know!\n";
        QTest::newRow("too early") << 72 << "{'key':{'id':null},'kind':'RoleAuth','value':null}"
                                   << "kind is RoleAuth, which version 72 does not have!\n";
        QTest::newRow("twice") << 82 << "{'key':{'key':'a','key':'b'},'kind':'Config','value':{'value':1}}"
                               << "key.key is there more than once!\n";
    }

    void rowsThatDoNotFitSayWhy()
    {
        QFETCH(int, version);
        QFETCH(QString, json);
        QFETCH(QString, message);
        auto typer = typerOf(static_cast<std::uint64_t>(version));
        const auto row = test::fromQuoted(json.toStdString());
        QVERIFY(typer.read(rowOf(row)).has_value());
        TextBuffer to;
        to.append("before");
        QVERIFY(!typer.appendDumpEntry(1, 1, to));
        QVERIFY(!typer.appendTraceLine(1, 1, to));
        QCOMPARE(to.text(), std::string_view("before"));
        QCOMPARE(qt(messages(typer)), message);
    }

    void undefinedNumberPrintsAsNumberInTheProtoShapeOnly()
    {
        const auto row = test::fromQuoted("{'key':{'object_name':'o','object_type':99,'schema_name':'s'},'kind':"
                                          "'GidMapping','value':{'catalog_id':1,'fingerprint':'f','global_id':1}}");
        const auto old = test::fromQuoted("{'key':{'object_name':'o','object_type':99,'schema_name':'s'},'kind':"
                                          "'GidMapping','value':{'fingerprint':'f','global_id':null,'id':1}}");
        auto serde = typerOf(82);
        QVERIFY(serde.read(rowOf(row)).has_value());
        QCOMPARE(typedKey(serde), std::string("(does not fit)"));
        auto proto = typerOf(72);
        QVERIFY(proto.read(rowOf(old)).has_value());
        TextBuffer debug;
        QVERIFY(proto.appendKeyDebug(0, debug));
        QVERIFY(qt(debug.text()).contains("object_type: 99,"));
        QVERIFY(!proto.misfits().at(0).isFatal);
    }

    void stringsEscapeAsRustDoes_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<QByteArray>("escaped");
        QTest::newRow("plain") << QByteArray("it's 100% \xc3\xa4\xe6\x97\xa5")
                               << QByteArray("\"it's 100% \xc3\xa4\xe6\x97\xa5\"");
        QTest::newRow("quotes") << QByteArray("a\"b\\c") << QByteArray("\"a\\\"b\\\\c\"");
        QTest::newRow("short") << QByteArray("\t\n\r\0", 4) << QByteArray("\"\\t\\n\\r\\0\"");
        QTest::newRow("control") << QByteArray("\x01\x1b\x7f") << QByteArray("\"\\u{1}\\u{1b}\\u{7f}\"");
        QTest::newRow("not printable") << QByteArray("\xc2\xad\xe2\x80\x8b\xee\x80\x80")
                                       << QByteArray("\"\\u{ad}\\u{200b}\\u{e000}\"");
        QTest::newRow("combining") << QByteArray("e\xcc\x81") << QByteArray("\"e\\u{301}\"");
        QTest::newRow("beyond the first plane")
            << QByteArray("\xf0\x9f\x98\x80\xf0\xa0\x80\x80") << QByteArray("\"\xf0\x9f\x98\x80\xf0\xa0\x80\x80\"");
        QTest::newRow("last") << QByteArray("\xf4\x8f\xbf\xbf") << QByteArray("\"\\u{10ffff}\"");
    }

    void stringsEscapeAsRustDoes()
    {
        QFETCH(QByteArray, text);
        QFETCH(QByteArray, escaped);
        QCOMPARE(QByteArray::fromStdString(rust({text.constData(), static_cast<std::size_t>(text.size())})), escaped);
    }
};

QTEST_APPLESS_MAIN(TestTypedRow)
#include "tst_typed_row.moc"
