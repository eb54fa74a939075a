#include "core/base/base64.h"
#include "core/base/hex.h"
#include "core/catalog/apply_updates.h"
#include "core/catalog/table_rows.h"
#include "tests/core/catalog/catalog_fixtures.h"

#include <QtTest>

#include <map>
#include <random>
#include <string>
#include <vector>

using namespace inspector;
using catalog::CatalogSnapshot;
using catalog::CollectionType;
using catalog::RowEncoder;
using catalog::RowSchema;
using codec::RowForm;
using test::fromQuoted;
using test::UpdateBuilder;

namespace {

std::string jsonAt(const codec::JsonTape& tape, std::uint32_t node, std::string_view member)
{
    const auto* found = tape.member(node, member);
    std::string json;
    if (found == nullptr)
        return "null";
    tape.appendJson(tape.indexOf(*found), json);
    return json;
}

catalog::SchemaPtr schemaOf(std::uint64_t version)
{
    return RowSchema::nearest(version);
}

codec::StoredRow sourceRow(const std::string& bytes)
{
    return {bytes.data(), static_cast<std::uint32_t>(bytes.size()), RowForm::SourceData};
}

std::string bytesOfBase64(std::string_view text)
{
    const auto bytes = fromBase64(text);
    return bytes.has_value() ? std::string(textOf(*bytes)) : std::string();
}

catalog::SnapshotOfRows snapshotOf(persist::UpdateList updates, std::uint64_t version)
{
    const auto grouped = catalog::groupByCollection(std::move(updates), Job());
    auto made = catalog::snapshotOf(*grouped, schemaOf(version), Job());
    return *std::move(made);
}

std::string messageOf(const Result<std::string>& result)
{
    return result.has_value() ? std::string() : result.error().message;
}

const std::string kConfig = fromQuoted("{'key':'user_version'}");

} // namespace

class TestTableRows : public QObject
{
    Q_OBJECT

private slots:
    void workedExamplesEncodeToTheirBytes_data()
    {
        QTest::addColumn<quint64>("version");
        QTest::newRow("72") << quint64(72);
        QTest::newRow("92") << quint64(92);
    }

    void workedExamplesEncodeToTheirBytes()
    {
        QFETCH(quint64, version);
        const auto schema = schemaOf(version);
        std::size_t rows = 0;
        for (const auto& line :
             test::linesOf(test::modelFixture("worked_examples.v" + std::to_string(version) + ".jsonl"))) {
            codec::JsonTape tape;
            QVERIFY(tape.parseJson(line).has_value());
            const auto stored = bytesOfBase64(tape.member(0, "source_data")->text);
            const auto row = tape.indexOf(*tape.member(0, "row"));
            const auto kind = tape.member(0, "kind")->text;
            if (kind == catalog::kFenceTokenKind) {
                const auto token = catalog::fenceTokenOf(sourceRow(stored));
                QVERIFY(token.has_value());
                QCOMPARE(catalog::encodeFenceToken(*token), stored);
            } else {
                const auto* collection = catalog::collectionOfKind(kind);
                QVERIFY(collection != nullptr);
                const auto encoded =
                    catalog::encodeRow(*schema, collection->type, jsonAt(tape, row, "key"), jsonAt(tape, row, "value"));
                QVERIFY2(encoded.has_value(), messageOf(encoded).c_str());
                QCOMPARE(*encoded, stored);
            }
            ++rows;
        }
        QVERIFY(rows >= 22);
    }

    void randomRowsOfEveryVersionEncodeToTheirBytes_data()
    {
        QTest::addColumn<quint64>("version");
        for (quint64 version = catalog::kOldestVersion; version <= catalog::kNewestVersion; ++version) {
            if (version != 70) // the file is empty upstream, too
                QTest::newRow(std::to_string(version).c_str()) << version;
        }
    }

    void randomRowsOfEveryVersionEncodeToTheirBytes()
    {
        QFETCH(quint64, version);
        RowEncoder encoder(schemaOf(version));
        std::size_t encoded = 0;
        std::size_t unset = 0;
        for (const auto& line : test::linesOf(test::modelFixture("objects_v" + std::to_string(version) + ".txt"))) {
            const auto stored = bytesOfBase64(line);
            catalog::RowTyper typer(encoder.schema());
            QVERIFY(typer.read(sourceRow(stored)).has_value());
            if (typer.kind() == catalog::kFenceTokenKind) {
                const auto token = catalog::fenceTokenOf(sourceRow(stored));
                QCOMPARE(catalog::encodeFenceToken(*token), stored);
                ++encoded;
                continue;
            }
            const auto& misfits = typer.misfits();
            if (std::any_of(misfits.begin(), misfits.end(), [](const auto& each) { return each.isFatal; })) {
                // Random rows of the proto shape may lack the key or the value altogether, real ones do not (§11.1).
                QVERIFY(version < 79);
                ++unset;
                continue;
            }
            const auto row = encoder.encode(typer.collection()->type, jsonAt(typer.tape(), 0, "key"),
                                            jsonAt(typer.tape(), 0, "value"));
            QVERIFY2(row.has_value(), row.has_value() ? "" : row.error().message.c_str());
            QCOMPARE(row->stored, stored);
            const auto decoded = encoder.decode(sourceRow(stored));
            QVERIFY(decoded.has_value());
            QCOMPARE(decoded->key, row->key);
            QCOMPARE(decoded->value, row->value);
            QCOMPARE(decoded->stored, stored);
            ++encoded;
        }
        QCOMPARE(encoded + unset, std::size_t(100));
        QVERIFY(encoded >= 10);
        if (version >= 79)
            QCOMPARE(unset, std::size_t(0));
    }

    void spellingDoesNotMatter()
    {
        const auto schema = schemaOf(92);
        const auto canonical =
            catalog::encodeRow(*schema, CollectionType::Role, fromQuoted("{'id':{'User':1}}"),
                               fromQuoted("{'attributes':{'auto_provision_source':null,'inherit':true,'login':null,"
                                          "'superuser':null},'membership':{'map':[]},'name':'a','oid':20000,"
                                          "'vars':{'entries':[]}}"));
        const auto other =
            catalog::encodeRow(*schema, CollectionType::Role, fromQuoted(" { 'id' : {'User' : 1} }\n"),
                               fromQuoted("{'vars':{'entries':[]},'oid':2e4,'name':'\\u0061','membership':{'map':[]},"
                                          "'attributes':{'inherit':true}}"));
        QVERIFY2(canonical.has_value(), messageOf(canonical).c_str());
        QVERIFY2(other.has_value(), messageOf(other).c_str());
        QCOMPARE(*other, *canonical);
    }

    void misfitIsNamed_data()
    {
        QTest::addColumn<QString>("key");
        QTest::addColumn<QString>("value");
        QTest::addColumn<QString>("message");
        QTest::newRow("wrong type") << "{'key':'a'}"
                                    << "{'value':'1'}"
                                    << "value.value is text and not a number";
        QTest::newRow("beyond the range") << "{'key':'a'}"
                                          << "{'value':18446744073709551616}"
                                          << "value.value is 18446744073709551616, which is no u64";
        QTest::newRow("missing") << "{'key':'a'}"
                                 << "{}"
                                 << "value.value is not there";
        QTest::newRow("a field too many") << "{'key':'a','more':1}"
                                          << "{'value':1}"
                                          << "key.more is a field that version 92 does not have";
        QTest::newRow("twice") << "{'key':'a','key':'b'}"
                               << "{'value':1}"
                               << "key.key is there more than once";
        QTest::newRow("null") << "null"
                              << "{'value':1}"
                              << "key is null";
        QTest::newRow("no JSON") << "{'key':a}"
                                 << "{'value':1}"
                                 << "the key is no JSON";
        QTest::newRow("across the border") << "{'key':'a'"
                                           << "'value':2},'value':{'value':3}"
                                           << "the key is no JSON value";
        QTest::newRow("two values") << "{'key':'a'},{}"
                                    << "{'value':1}"
                                    << "the key is no JSON value";
        QTest::newRow("nothing") << ""
                                 << "{'value':1}"
                                 << "the key is no JSON value";
    }

    void misfitIsNamed()
    {
        QFETCH(QString, key);
        QFETCH(QString, value);
        QFETCH(QString, message);
        const auto encoded = catalog::encodeRow(*schemaOf(92), CollectionType::Config, fromQuoted(key.toStdString()),
                                                fromQuoted(value.toStdString()));
        QVERIFY(!encoded.has_value());
        QCOMPARE(encoded.error().code, ErrorCode::InvalidInput);
        QVERIFY2(QString::fromStdString(encoded.error().message).startsWith(message), encoded.error().message.c_str());
    }

    void nestingTooDeepIsAnErrorWhereverItStarts()
    {
        for (std::size_t depth = 120; depth < 140; ++depth) {
            const auto deep = std::string(depth, '[') + std::string(depth, ']');
            const auto schema = schemaOf(92);
            QVERIFY(!catalog::encodeRow(*schema, CollectionType::UnfinalizedShard, deep, "null").has_value());
            QVERIFY(!catalog::encodeRow(*schema, CollectionType::TxnWalShard, "null", deep).has_value());
        }
    }

    void damagedRowsAreNoCrashAndWhatDecodesEncodes()
    {
        constexpr std::uint32_t kSeed = 7;
        qInfo("seed %u", kSeed);
        std::mt19937 random(kSeed);
        RowEncoder encoder(schemaOf(92));
        std::size_t decodedRows = 0;
        for (const auto& line : test::linesOf(test::modelFixture("worked_examples.v92.jsonl"))) {
            codec::JsonTape tape;
            QVERIFY(tape.parseJson(line).has_value());
            const auto stored = bytesOfBase64(tape.member(0, "source_data")->text);
            for (int i = 0; i < 60; ++i) {
                auto damaged = stored;
                damaged[random() % damaged.size()] = static_cast<char>(random() % 256);
                const auto row = encoder.decode(sourceRow(damaged));
                if (!row.has_value())
                    continue;
                ++decodedRows;
                const auto again = encoder.encode(encoder.collection()->type, row->key, row->value);
                QVERIFY2(again.has_value(), again.has_value() ? "" : again.error().message.c_str());
                QCOMPARE(again->key, row->key);
                QCOMPARE(again->value, row->value);
            }
        }
        QVERIFY(decodedRows > 30);
    }

    void partThatTheKindDoesNotHaveMustBeNull()
    {
        const auto schema = schemaOf(92);
        const auto shard = fromQuoted("{'shard':'s0'}");
        QVERIFY(catalog::encodeRow(*schema, CollectionType::UnfinalizedShard, shard, " null ").has_value());
        QCOMPARE(messageOf(catalog::encodeRow(*schema, CollectionType::UnfinalizedShard, shard, shard)),
                 std::string("a row of unfinalized_shard has no value: give null"));
        QCOMPARE(messageOf(catalog::encodeRow(*schema, CollectionType::TxnWalShard, shard, shard)),
                 std::string("a row of txn_wal_shard has no key: give null"));
        QCOMPARE(messageOf(catalog::encodeRow(*schemaOf(72), CollectionType::RoleAuth, shard, shard)),
                 std::string("catalog version 72 has no collection role_auth"));
    }

    void keysAreEqualWhateverOptionalFieldsTheyLeaveOut()
    {
        RowEncoder encoder(schemaOf(92));
        const auto with = encoder.canonicalKey(CollectionType::Comments,
                                               fromQuoted("{'sub_component':null,'object':{'Table':{'User':1}}}"));
        const auto without =
            encoder.canonicalKey(CollectionType::Comments, fromQuoted("{'object':{'Table':{'User':1}}}"));
        QCOMPARE(*with, fromQuoted("{'object':{'Table':{'User':1}},'sub_component':null}"));
        QCOMPARE(*without, *with);
        QCOMPARE(*encoder.canonicalKey(CollectionType::TxnWalShard, "null"), std::string("null"));
    }

    void snapshotHoldsTheRowsOfAShard_data()
    {
        QTest::addColumn<QString>("shard");
        QTest::addColumn<bool>("asText");
        for (const auto* shard : {"old-fresh", "old-busy", "new-fresh", "new-busy"}) {
            QTest::newRow((std::string(shard) + " SourceData").c_str()) << shard << false;
            QTest::newRow((std::string(shard) + " JSON").c_str()) << shard << true;
        }
    }

    void snapshotHoldsTheRowsOfAShard()
    {
        QFETCH(QString, shard);
        QFETCH(bool, asText);
        const auto raw = test::rawFileOf(shard.toStdString());
        const auto rows = test::rowsOfRawFile(raw, asText ? RowForm::JsonText : RowForm::SourceData);
        const auto version = shard.startsWith("old") ? 72U : 82U;
        const auto made = snapshotOf(rows, version);
        QVERIFY(made.problems.empty());
        // Each row is found under its key with its bytes, and there are no others.
        std::size_t expected = 0;
        const auto sources = test::rowsOfRawFile(raw, RowForm::SourceData);
        RowEncoder encoder(schemaOf(version));
        for (std::size_t i = 0; i < sources->size(); ++i) {
            const auto kind = codec::kindOf(sources->rows[i]);
            if (kind == "FenceToken" || kind == "AuditLog")
                continue;
            const auto row = encoder.decode(sources->rows[i]);
            QVERIFY(row.has_value());
            const auto* found = made.snapshot.of(encoder.collection()->type).at(row->key);
            QVERIFY(found != nullptr);
            QCOMPARE(found->stored, std::string(sources->rows[i].bytes()));
            QCOMPARE(found->value, row->value);
            ++expected;
        }
        std::size_t inSnapshot = 0;
        for (const auto& table : made.snapshot.tables)
            inSnapshot += table->size();
        QCOMPARE(inSnapshot, expected);
        QVERIFY(made.snapshot.of(CollectionType::AuditLog).empty());
    }

    void oddRowsAreLeftOutAndListed()
    {
        UpdateBuilder updates;
        updates.addText("{'key':{'key':'a'},'kind':'Config','value':{'value':1}}")
            .addText("{'key':{'key':'a'},'kind':'Config','value':{'value':2}}")
            .addText("{'key':{'key':'b'},'kind':'Config','value':{'value':'x'}}")
            .addText("{'key':{'key':'c'},'kind':'Config','value':{'value':3}}", 0, -1);
        const auto made = snapshotOf(updates.finish(), 92);
        const auto& configs = made.snapshot.of(CollectionType::Config);
        QCOMPARE(configs.size(), std::size_t(1));
        QCOMPARE(configs.begin()->second.value, fromQuoted("{'value':1}"));
        QCOMPARE(made.problems.size(), std::size_t(3));
        QCOMPARE(made.problems[0].update, 2U);
        QVERIFY(made.problems[0].message.starts_with("a row of config does not decode: value.value is text"));
        QCOMPARE(made.problems[1].message, fromQuoted("a row of config has a diff of -1: {'key':'c'}"));
        QCOMPARE(made.problems[2].update, 1U);
        QCOMPARE(made.problems[2].message, fromQuoted("a row of config is one of several for the key {'key':'a'}"));
    }

    void retractionInOtherBytesTakesAwayWhatItMeans()
    {
        // §8.5: a row of an older form, its retraction in the current form, and the row that came after it.
        const std::string old = "{'key':{'id':{'User':1}},'kind':'Role','value':{'attributes':{'inherit':true,"
                                "'login':null,'superuser':null},'membership':{'map':[]},'name':'a','oid':20000,"
                                "'vars':{'entries':[]}}}";
        auto current = old;
        current.replace(current.find("'inherit'"), 0, "'auto_provision_source':null,");
        auto renamed = current;
        renamed.replace(renamed.find("'a'"), 3, "'b'");
        UpdateBuilder updates;
        updates.addSource(old).addSource(current, 0, -1).addSource(renamed);
        const auto made = snapshotOf(updates.finish(), 81);
        const auto& roles = made.snapshot.of(CollectionType::Role);
        QCOMPARE(roles.size(), std::size_t(1));
        QVERIFY(roles.begin()->second.value.find(fromQuoted("'name':'b'")) != std::string::npos);
        QCOMPARE(made.problems.size(), std::size_t(1));
    }

    void fieldsThatTheTypesDoNotHaveStayInTheBytesOnly()
    {
        UpdateBuilder updates;
        updates.addSource("{'key':{'key':'a'},'kind':'Config','value':{'later':1,'value':2}}");
        const auto rows = updates.finish();
        const auto made = snapshotOf(rows, 92);
        const auto* row = made.snapshot.of(CollectionType::Config).at(fromQuoted("{'key':'a'}"));
        QVERIFY(row != nullptr);
        QCOMPARE(row->value, fromQuoted("{'value':2}"));
        QCOMPARE(row->stored, std::string(rows->rows[0].bytes()));
    }

    void updatesApplyInTheOrderOfTimesRetractionsFirst()
    {
        auto snapshot = CatalogSnapshot::empty(schemaOf(92));
        const auto config = [](int value) {
            return "{'key':{'key':'a'},'kind':'Config','value':{'value':" + std::to_string(value) + "}}";
        };
        UpdateBuilder updates; // in no order at all
        updates.addText(config(3), 9)
            .addText(config(2), 9, -1)
            .addText(config(1), 7)
            .addText(config(2), 8)
            .addText(config(1), 8, -1)
            .addText("{'deploy_generation':1,'epoch':4,'kind':'FenceToken'}", 8)
            .addText("{'deploy_generation':1,'epoch':3,'kind':'FenceToken'}", 8, -1)
            .addText("{'key':{'shard':'s1'},'kind':'UnfinalizedShard'}", 9)
            .addText("{'key':{'shard':'s2'},'kind':'UnfinalizedShard'}", 9)
            .addText("{'key':{'shard':'s2'},'kind':'UnfinalizedShard'}", 9, -1);
        const auto applied = catalog::applyTo(snapshot, *updates.finish(), Job());
        QVERIFY(applied.has_value());
        QVERIFY(applied->problems.empty());
        QCOMPARE(snapshot.of(CollectionType::Config).begin()->second.value, fromQuoted("{'value':3}"));
        QCOMPARE(applied->tokens.size(), std::size_t(1));
        QCOMPARE(applied->tokens[0].epoch.value(), std::int64_t(4));
        QCOMPARE(applied->memory.size(), std::size_t(1)); // configs and tokens are not told
        QCOMPARE(applied->memory[0].key, fromQuoted("{'shard':'s1'}"));
        QCOMPARE(applied->memory[0].time.value(), std::uint64_t(9));
        QCOMPARE(applied->entries[static_cast<std::size_t>(CollectionType::Config)], std::int64_t(1));
        QCOMPARE(applied->updates, std::uint64_t(8));
    }

    void whatTheReferenceWouldStopAtIsAProblem()
    {
        auto snapshot = CatalogSnapshot::empty(schemaOf(92));
        const auto setting = [](const std::string& name, const std::string& value) {
            return "{'key':{'name':'" + name + "'},'kind':'Setting','value':{'value':'" + value + "'}}";
        };
        UpdateBuilder updates;
        updates.addText(setting("a", "1"), 1)
            .addText(setting("a", "2"), 2)
            .addText(setting("a", "3"), 3, -1)
            .addText(setting("b", "1"), 4, -1)
            .addText(setting("c", "1"), 5, 2)
            .addText("{'key':{},'kind':'Setting','value':{'value':'x'}}", 6);
        const auto applied = catalog::applyTo(snapshot, *updates.finish(), Job());
        QVERIFY(applied.has_value());
        std::vector<std::string> texts;
        for (const auto& problem : applied->problems)
            texts.push_back(problem.message.substr(0, problem.message.find(':')));
        std::sort(texts.begin(), texts.end());
        QCOMPARE(texts,
                 (std::vector<std::string> {"invalid catalog data persisted", "invalid update in consolidated trace",
                                            "retraction does not match existing value",
                                            "retraction does not match existing value",
                                            "values must be explicitly retracted before inserting a new value"}));
        QCOMPARE(snapshot.of(CollectionType::Setting).at(fromQuoted("{'name':'a'}"))->value,
                 fromQuoted("{'value':'2'}"));
        QCOMPARE(snapshot.of(CollectionType::Setting).size(), std::size_t(2));
    }

    void applyingLeavesOtherCopiesAsTheyWere()
    {
        auto snapshot = CatalogSnapshot::empty(schemaOf(92));
        UpdateBuilder first;
        first.addText("{'key':{'name':'a'},'kind':'Setting','value':{'value':'1'}}", 1);
        QVERIFY(catalog::applyTo(snapshot, *first.finish(), Job()).has_value());
        const auto before = snapshot;
        UpdateBuilder second;
        second.addText("{'key':{'name':'a'},'kind':'Setting','value':{'value':'1'}}", 2, -1);
        QVERIFY(catalog::applyTo(snapshot, *second.finish(), Job()).has_value());
        QCOMPARE(snapshot.of(CollectionType::Setting).size(), std::size_t(0));
        QCOMPARE(before.of(CollectionType::Setting).size(), std::size_t(1));
    }

    void sharedMapIsAMap()
    {
        constexpr std::uint32_t kSeed = 20260824;
        qInfo("seed %u", kSeed);
        std::mt19937 random(kSeed);
        catalog::SharedMap<int, int> map;
        std::map<int, int> model;
        std::vector<std::pair<catalog::SharedMap<int, int>, std::map<int, int>>> kept;
        for (int i = 0; i < 20000; ++i) {
            const auto key = static_cast<int>(random() % 600);
            if (random() % 5 < 3) {
                map.put(key, i);
                model[key] = i;
            } else {
                QCOMPARE(map.erase(key), model.erase(key) == 1);
            }
            QCOMPARE(map.size(), model.size());
            if (i % 500 == 0)
                kept.emplace_back(map, model);
        }
        kept.emplace_back(map, model);
        for (const auto& [copy, expected] : kept) {
            QVERIFY(std::equal(copy.begin(), copy.end(), expected.begin(), expected.end()));
            for (int key = -1; key < 602; ++key) {
                const auto at = expected.lower_bound(key);
                const auto found = copy.lowerBound(key);
                QCOMPARE(found == copy.end(), at == expected.end());
                if (at != expected.end())
                    QCOMPARE(found->first, at->first);
                QCOMPARE(copy.contains(key), expected.count(key) == 1);
            }
        }
    }
};

QTEST_APPLESS_MAIN(TestTableRows)
#include "tst_table_rows.moc"
