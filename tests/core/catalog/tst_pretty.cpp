#include "core/catalog/pretty.h"
#include "tests/core/catalog/catalog_fixtures.h"

#include <QtTest>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

using namespace inspector;
using catalog::NameIndex;
using catalog::Reveal;
using catalog::RowSchema;
using catalog::RowTyper;
using codec::JsonTape;
using codec::RowForm;

namespace {

QString qt(std::string_view text)
{
    return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

/// A row that was read, with the text it views.
struct ReadRow
{
    ReadRow(std::string json, std::uint64_t version)
        : text(test::fromQuoted(std::move(json)))
        , typer(RowSchema::nearest(version))
        , isRead(typer.read({text.data(), static_cast<std::uint32_t>(text.size()), RowForm::JsonText}).has_value())
    {
    }

    std::string text;
    RowTyper typer;
    bool isRead;
};

std::string idOf(const std::string& json)
{
    JsonTape tape;
    const auto text = test::fromQuoted(json);
    return tape.parseJson(text).has_value() ? catalog::idText(tape, 0).value_or("(none)") : "(broken)";
}

std::string treeText(const RowTyper& row, const NameIndex& names, Reveal reveal)
{
    std::string all;
    for (const auto& line : catalog::decodedTree(row, names, reveal)) {
        all += std::string(static_cast<std::size_t>(line.depth), ' ') + line.name + "|" + line.text + "|" + line.meaning
            + (line.isSecret ? "|secret\n" : "\n");
    }
    return all;
}

const std::string kMask(catalog::kMask);

} // namespace

class TestPretty : public QObject
{
    Q_OBJECT

private slots:
    void privilegesHaveLettersInTheReferencesOrder_data()
    {
        QTest::addColumn<quint64>("bits");
        QTest::addColumn<QString>("letters");
        QTest::addColumn<QString>("names");
        QTest::newRow("none") << quint64(0) << ""
                              << "nothing";
        QTest::newRow("usage") << quint64(256) << "U"
                               << "USAGE";
        QTest::newRow("usage, create") << quint64(768) << "UC"
                                       << "USAGE, CREATE";
        QTest::newRow("table") << quint64(15) << "arwd"
                               << "INSERT, SELECT, UPDATE, DELETE";
        QTest::newRow("system") << quint64(8053063680) << "RBNP"
                                << "CREATE ROLE, CREATE DATABASE, CREATE CLUSTER, CREATE NETWORK POLICY";
        QTest::newRow("unknown bit") << quint64(2 + 16) << "r+16"
                                     << "SELECT, bit 4";
    }

    void privilegesHaveLettersInTheReferencesOrder()
    {
        QFETCH(quint64, bits);
        QFETCH(QString, letters);
        QFETCH(QString, names);
        QCOMPARE(qt(catalog::privilegeLetters(bits)), letters);
        QCOMPARE(qt(catalog::privilegeNames(bits)), names);
    }

    void idsOfBothShapesHaveOneText_data()
    {
        QTest::addColumn<QString>("json");
        QTest::addColumn<QString>("text");
        QTest::newRow("serde user") << "{'User':7}"
                                    << "u7";
        QTest::newRow("proto user") << "{'value':{'User':7}}"
                                    << "u7";
        QTest::newRow("system") << "{'System':1}"
                                << "s1";
        QTest::newRow("predefined") << "{'Predefined':2}"
                                    << "g2";
        QTest::newRow("introspection") << "{'IntrospectionSourceIndex':812}"
                                       << "si812";
        QTest::newRow("transient") << "{'Transient':3}"
                                   << "t3";
        QTest::newRow("public") << "'Public'"
                                << "p";
        QTest::newRow("proto public") << "{'value':{'Public':{}}}"
                                      << "p";
        QTest::newRow("explain") << "'Explain'"
                                 << "Explained Query";
        QTest::newRow("specifier") << "{'Id':{'User':3}}"
                                   << "u3";
        QTest::newRow("proto specifier") << "{'spec':{'Id':{'value':{'User':3}}}}"
                                         << "u3";
        QTest::newRow("temporary") << "'Temporary'"
                                   << "u0";
        QTest::newRow("no id") << "{'Robot':1}"
                               << "(none)";
        QTest::newRow("no number") << "{'User':'7'}"
                                   << "(none)";
        QTest::newRow("object") << "{'User':7,'System':1}"
                                << "(none)";
        QTest::newRow("null") << "null"
                              << "(none)";
    }

    void idsOfBothShapesHaveOneText()
    {
        QFETCH(QString, json);
        QFETCH(QString, text);
        QCOMPARE(qt(idOf(json.toStdString())), text);
    }

    void aclItemsReadAsTheReferenceWritesThem()
    {
        JsonTape tape;
        const auto item = test::fromQuoted("{'acl_mode':{'bitflags':768},'grantee':{'User':1},'grantor':{'System':1}}");
        QVERIFY(tape.parseJson(item).has_value());
        QCOMPARE(catalog::aclItemText(tape, 0), std::optional<std::string>("u1=UC/s1"));
        const auto toAll = test::fromQuoted("{'acl_mode':{'bitflags':256},'grantee':'Public','grantor':{'System':1}}");
        QVERIFY(tape.parseJson(toAll).has_value());
        QCOMPARE(catalog::aclItemText(tape, 0), std::optional<std::string>("=U/s1"));
        QVERIFY(tape.parseJson("{}").has_value());
        QVERIFY(!catalog::aclItemText(tape, 0).has_value());
    }

    void timesAndNamesReadWell()
    {
        QCOMPARE(catalog::timeText(1731500000000), std::string("2024-11-13 12:13:20.000"));
        QCOMPARE(catalog::timeText(18446744073709551615U), std::string("18446744073709551615 ms"));
        QCOMPARE(catalog::kebabCase("MaterializedView"), std::string("materialized-view"));
    }

    void itemTypeIsReadOffTheStatement_data()
    {
        QTest::addColumn<QString>("sql");
        QTest::addColumn<QString>("type");
        QTest::newRow("table") << "CREATE TABLE \"t\" ()"
                               << "table";
        QTest::newRow("subsource") << "CREATE SUBSOURCE s"
                                   << "source";
        QTest::newRow("materialized view") << "CREATE MATERIALIZED VIEW v AS SELECT 1"
                                           << "materialized view";
        QTest::newRow("temporary") << "CREATE TEMPORARY VIEW v AS SELECT 1"
                                   << "view";
        QTest::newRow("replacement") << "CREATE REPLACEMENT MATERIALIZED VIEW v FOR w AS SELECT 1"
                                     << "materialized view";
        QTest::newRow("continual task") << "CREATE CONTINUAL TASK c"
                                        << "continual task";
        QTest::newRow("metric sink") << "create metric sink m"
                                     << "metric sink";
        QTest::newRow("other") << "CREATE ROBOT r"
                               << "";
        QTest::newRow("nothing") << ""
                                 << "";
        QTest::newRow("short") << "CREATE"
                               << "";
    }

    void itemTypeIsReadOffTheStatement()
    {
        QFETCH(QString, sql);
        QFETCH(QString, type);
        const auto text = sql.toStdString();
        QCOMPARE(qt(catalog::itemTypeOf(text)), type);
    }

    void literalsOfSecretsAndConnectionsAreMasked_data()
    {
        QTest::addColumn<QString>("sql");
        QTest::addColumn<QString>("masked");
        const auto mask = "'" + qt(kMask) + "'";
        QTest::newRow("secret") << "CREATE SECRET \"s\" AS 'hunter2'"
                                << "CREATE SECRET \"s\" AS " + mask;
        QTest::newRow("doubled quote") << "CREATE SECRET s AS 'it''s', 'b'"
                                       << "CREATE SECRET s AS " + mask + ", " + mask;
        QTest::newRow("escape string") << "CREATE SECRET s AS E'a\\'b' || 'c'"
                                       << "CREATE SECRET s AS E" + mask + " || " + mask;
        QTest::newRow("dollar") << "CREATE SECRET s AS $x$ it's $y$ $x$ || 'c'"
                                << "CREATE SECRET s AS " + mask + " || " + mask;
        QTest::newRow("open end") << "CREATE SECRET s AS 'hunter2"
                                  << "CREATE SECRET s AS " + mask;
        QTest::newRow("quoted name") << "CREATE CONNECTION \"it's\" TO KAFKA (PASSWORD = 'x', PORT = 9092)"
                                     << "CREATE CONNECTION \"it's\" TO KAFKA (PASSWORD = " + mask + ", PORT = 9092)";
        QTest::newRow("view") << "CREATE VIEW v AS SELECT 'x'"
                              << "CREATE VIEW v AS SELECT 'x'";
        QTest::newRow("not understood") << "ALTER 'x'"
                                        << "ALTER " + mask;
    }

    void literalsOfSecretsAndConnectionsAreMasked()
    {
        QFETCH(QString, sql);
        QFETCH(QString, masked);
        QCOMPARE(qt(catalog::maskedSql(sql.toStdString())), masked);
    }

    void secretsOfRowsAreMaskedUntilRevealed()
    {
        const ReadRow auth(
            "{'key':{'id':{'User':1}},'kind':'RoleAuth','value':{'password_hash':'SCRAM$x','updated_at':{"
            "'millis':1}}}",
            82);
        QVERIFY(auth.isRead);
        QVERIFY(qt(catalog::rowJson(auth.typer, Reveal::No)).contains("\"password_hash\":\"" + qt(kMask) + "\""));
        QVERIFY(
            qt(catalog::prettyRowJson(auth.typer, Reveal::No)).contains("\"password_hash\": \"" + qt(kMask) + "\""));
        QCOMPARE(catalog::rowJson(auth.typer, Reveal::Yes), auth.text);
        QVERIFY(!qt(treeText(auth.typer, {}, Reveal::No)).contains("SCRAM"));
        QVERIFY(qt(treeText(auth.typer, {}, Reveal::Yes)).contains(" password_hash|SCRAM$x||secret\n"));
        QVERIFY(!qt(catalog::titleOf(auth.typer, {})).contains("SCRAM"));

        const ReadRow nonce("{'key':{'name':'mock_authentication_nonce'},'kind':'Setting','value':{'value':'abc'}}",
                            82);
        QCOMPARE(catalog::secretNodes(nonce.typer).size(), std::size_t(1));
        const ReadRow setting("{'key':{'name':'catalog_content_version'},'kind':'Setting','value':{'value':'abc'}}",
                              82);
        QVERIFY(catalog::secretNodes(setting.typer).empty());
        QCOMPARE(catalog::rowJson(setting.typer, Reveal::No), setting.text);
    }

    void noPlantedSecretOfAnyFixtureShows_data()
    {
        QTest::addColumn<QString>("shard");
        for (const auto* shard : {"new-busy", "old-busy"})
            QTest::newRow(shard) << shard;
    }

    void noPlantedSecretOfAnyFixtureShows()
    {
        QFETCH(QString, shard);
        const auto rows = test::rowsOfRawFile(test::rawFileOf(shard.toStdString()), RowForm::SourceData);
        const auto schema = RowSchema::nearest(shard.startsWith("old") ? 72 : 82);
        const NameIndex names(*rows, schema);
        RowTyper typer(schema);
        std::size_t planted = 0;
        for (const auto& row : rows->rows) {
            QVERIFY(typer.read(row).has_value());
            planted += catalog::rowJson(typer, Reveal::Yes).find("hunter2") != std::string::npos ? std::size_t(1) : 0;
            const auto shown = catalog::rowJson(typer, Reveal::No) + catalog::prettyRowJson(typer, Reveal::No)
                + treeText(typer, names, Reveal::No) + catalog::titleOf(typer, names);
            QVERIFY2(shown.find("hunter2") == std::string::npos, shown.c_str());
        }
        QVERIFY(planted > 0);
    }

    void everyRowHasATitleAndATree_data()
    {
        QTest::addColumn<QString>("shard");
        for (const auto* shard : {"new-busy", "new-fresh", "old-busy", "old-fresh"})
            QTest::newRow(shard) << shard;
    }

    void everyRowHasATitleAndATree()
    {
        QFETCH(QString, shard);
        const auto rows = test::rowsOfRawFile(test::rawFileOf(shard.toStdString()), RowForm::JsonText);
        const auto schema = RowSchema::nearest(shard.startsWith("old") ? 72 : 82);
        const NameIndex names(*rows, schema);
        RowTyper typer(schema);
        for (const auto& row : rows->rows) {
            QVERIFY(typer.read(row).has_value());
            QVERIFY(!catalog::titleOf(typer, names).empty());
            const auto tree = catalog::decodedTree(typer, names, Reveal::No);
            QVERIFY(!tree.empty());
            QCOMPARE(tree.front().depth, 0);
            // Every owner is a role that the index knows.
            for (const auto& line : tree) {
                if (line.name == "owner_id")
                    QVERIFY2(line.meaning.starts_with("role "), line.text.c_str());
            }
        }
    }

    void namesAreFull()
    {
        for (const auto* version : {"72", "92"}) {
            test::UpdateBuilder rows;
            for (const auto& text :
                 test::linesOf(test::modelFixture("worked_examples.v" + std::string(version) + ".jsonl"))) {
                JsonTape line;
                QVERIFY(line.parseJson(text).has_value());
                std::string json;
                line.appendJson(line.indexOf(*line.member(0, "row")), json);
                rows.addText(json);
            }
            const NameIndex names(*rows.finish(), RowSchema::nearest(std::stoul(version)));
            using Of = NameIndex::Of;
            QCOMPARE(names.nameOf(Of::Database, "u1"), std::optional<std::string>("materialize"));
            QCOMPARE(names.nameOf(Of::Schema, "u3"), std::optional<std::string>("materialize.public"));
            QCOMPARE(names.nameOf(Of::Item, "u2"), std::optional<std::string>("materialize.public.v"));
            QCOMPARE(names.nameOf(Of::GlobalId, "u2"), std::optional<std::string>("materialize.public.v"));
            QCOMPARE(names.nameOf(Of::Replica, "u1"), std::optional<std::string>("quickstart.r1"));
            QCOMPARE(names.nameOf(Of::Role, "u1"), std::optional<std::string>("ops@example.com"));
            QCOMPARE(names.nameOf(Of::Role, "p"), std::optional<std::string>("public"));
            QCOMPARE(names.nameOf(Of::NetworkPolicy, "u1"), std::optional<std::string>("default"));
            QVERIFY(
                names.nameOf(Of::Item, version == std::string("72") ? "s456" : "s460")->starts_with("mz_catalog.mz_"));
            QVERIFY(!names.nameOf(Of::Item, "u99").has_value());
        }
    }

    void titlesAreNames_data()
    {
        QTest::addColumn<QString>("kind");
        QTest::addColumn<QString>("title");
        QTest::newRow("audit") << "AuditLog"
                               << "#11 create cluster-replica — r1 — system — 1970-01-01 00:00:00.000";
        QTest::newRow("replica") << "ClusterReplica"
                                 << "quickstart.r1";
        QTest::newRow("comment") << "Comment"
                                 << "materialize.public";
        QTest::newRow("config") << "Config"
                                << "user_version";
        QTest::newRow("default privileges") << "DefaultPrivileges"
                                            << "public grants public USAGE";
        QTest::newRow("fence") << "FenceToken"
                               << "generation 0, epoch 2";
        QTest::newRow("mapping") << "GidMapping"
                                 << "mz_catalog.mz_databases";
        QTest::newRow("item") << "Item"
                              << "materialize.public.v";
        QTest::newRow("source references") << "SourceReferences"
                                           << "u7";
        QTest::newRow("storage") << "StorageCollectionMetadata"
                                 << "(orphan) u1";
        QTest::newRow("txn wal") << "TxnWalShard"
                                 << "s5d2e9c1a-7f3b-4c68-9a10-3b6f2d84e7c5";
        QTest::newRow("cluster setting") << "ClusterSystemConfiguration"
                                         << "quickstart.enable_eager_delta_joins";
        QTest::newRow("replica setting") << "ReplicaSystemConfiguration"
                                         << "quickstart.r1.enable_column_paged_batcher";
        QTest::newRow("introspection") << "ClusterIntrospectionSourceIndex"
                                       << "quickstart.mz_compute_exports_per_worker";
    }

    void titlesAreNames()
    {
        QFETCH(QString, kind);
        QFETCH(QString, title);
        test::UpdateBuilder builder;
        for (const auto& text : test::linesOf(test::modelFixture("worked_examples.v92.jsonl"))) {
            JsonTape line;
            QVERIFY(line.parseJson(text).has_value());
            std::string json;
            line.appendJson(line.indexOf(*line.member(0, "row")), json);
            builder.addText(json);
        }
        const auto rows = builder.finish();
        const auto schema = RowSchema::nearest(92);
        const NameIndex names(*rows, schema);
        RowTyper typer(schema);
        for (const auto& row : rows->rows) {
            QVERIFY(typer.read(row).has_value());
            if (qt(typer.kind()) == kind) {
                QCOMPARE(qt(catalog::titleOf(typer, names)), title);
                return;
            }
        }
        QFAIL("no such row");
    }

    void treeFoldsIdsChoicesAndTimes()
    {
        const ReadRow row("{'key':{'id':{'User':1}},'kind':'ClusterReplica','value':{'cluster_id':{'User':1},'config':{"
                          "'location':{'Managed':{'availability_zone':null,'billed_as':null,'internal':false,'pending':"
                          "false,'size':'1'}},'logging':{'interval':{'nanos':500000000,'secs':1},'log_logging':false}},"
                          "'name':'r1','owner_id':{'System':1},'zzz':[1,{'a':true}]}}",
                          82);
        QVERIFY(row.isRead);
        QCOMPARE(qt(treeText(row.typer, {}, Reveal::No)),
                 QString("key||\n id|u1|\nvalue||\n cluster_id|u1|\n name|r1|\n config||\n  logging||\n"
                         "   log_logging|false|\n   interval|1.5 s|\n  location|Managed|\n   size|1|\n"
                         "   availability_zone|null|\n   internal|false|\n   billed_as|null|\n   pending|false|\n"
                         " owner_id|s1|\n zzz|2|\n  [0]|1|\n  [1]||\n   a|true|\n"));
    }

    void treeOfARowThatDoesNotFitIsItsJson()
    {
        const ReadRow row("{'key':{'key':1},'kind':'Config','value':7,'more':{'x':null}}", 82);
        QCOMPARE(qt(treeText(row.typer, {}, Reveal::No)), QString("key||\n key|1|\nvalue|7|\nmore||\n x|null|\n"));
        const ReadRow unknown("{'key':{'key':1},'kind':'Widget'}", 82);
        QCOMPARE(qt(treeText(unknown.typer, {}, Reveal::No)), QString("key||\n key|1|\n"));
        QCOMPARE(catalog::titleOf(unknown.typer, {}), std::string("Widget"));
    }
};

QTEST_APPLESS_MAIN(TestPretty)
#include "tst_pretty.moc"
