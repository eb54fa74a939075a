#include "core/base/base64.h"
#include "core/base/ids.h"
#include "core/catalog/initial_contents.h"
#include "core/catalog/json_path.h"
#include "tests/core/catalog/catalog_fixtures.h"

#include <QtTest>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>

using namespace inspector;
using catalog::BootstrapArguments;
using catalog::CatalogSnapshot;
using catalog::RowSchema;
using catalog::Transaction;
using codec::JsonTape;
using codec::RowForm;

namespace {

// What the fixtures' shards were made with, and what initial_rows were.
constexpr std::uint64_t kShardTsMs = 1731500000000;
const std::string kShardRole = "ops@example.com";

/// Settings that are drawn at random.
const std::set<std::string> kRandomSettings {"builtin_migration_shard", "expression_cache_shard",
                                             "mock_authentication_nonce"};

BootstrapArguments argumentsOf(std::uint64_t version)
{
    BootstrapArguments arguments;
    arguments.defaultReplicaSize = version < 82 ? "1" : "scale=1,workers=1";
    arguments.contentVersion = "0.0.0";
    return arguments;
}

Transaction emptyTransaction(std::uint64_t version)
{
    return Transaction(CatalogSnapshot::empty(RowSchema::nearest(version)), Timestamp(2));
}

/// The stored rows of a new catalog; empty when it could not be made.
std::multiset<std::string> rowsOfNewCatalog(std::uint64_t version, const BootstrapArguments& arguments)
{
    auto transaction = emptyTransaction(version);
    SeededIdSource ids(1);
    std::multiset<std::string> rows;
    if (!catalog::initialise(transaction, arguments, ids).has_value())
        return rows;
    const auto batch = transaction.batch();
    for (const auto& change : batch->changes)
        rows.insert(change.diff == 1 ? change.stored : "a retraction");
    return rows;
}

/// The name of the setting that a row is, if it is one of the random ones.
std::optional<std::string> randomSettingOf(const std::string& stored)
{
    JsonTape tape;
    if (!tape.parse({stored.data(), static_cast<std::uint32_t>(stored.size()), RowForm::SourceData}).has_value())
        return std::nullopt;
    std::string name(catalog::textAt(tape, 0, {"key", "name"}));
    return kRandomSettings.count(name) != 0 ? std::optional(name) : std::nullopt;
}

/// Takes the random settings out of `rows`; their names.
std::set<std::string> takeRandomSettings(std::multiset<std::string>& rows)
{
    std::set<std::string> names;
    for (auto it = rows.begin(); it != rows.end();) {
        if (const auto name = randomSettingOf(*it)) {
            names.insert(*name);
            it = rows.erase(it);
        } else {
            ++it;
        }
    }
    return names;
}

std::string jsonOf(const std::string& stored)
{
    const auto json =
        codec::canonicalJson({stored.data(), static_cast<std::uint32_t>(stored.size()), RowForm::SourceData});
    return json.has_value() ? *json : std::string();
}

/// Empty when the two are equal, else what is in one only.
std::string differenceOf(const std::multiset<std::string>& made, const std::multiset<std::string>& expected)
{
    std::string text;
    for (const auto& row : made) {
        if (made.count(row) != expected.count(row))
            text += "made: " + jsonOf(row) + "\n";
    }
    for (const auto& row : expected) {
        if (made.count(row) != expected.count(row))
            text += "expected: " + jsonOf(row) + "\n";
    }
    return text;
}

std::map<std::string, std::string> settingsOf(std::uint64_t version, IdSource& ids)
{
    auto transaction = emptyTransaction(version);
    std::map<std::string, std::string> settings;
    if (!catalog::initialise(transaction, argumentsOf(version), ids).has_value())
        return settings;
    for (const auto& [key, value] : transaction.rows(catalog::CollectionType::Setting)) {
        JsonTape name;
        JsonTape text;
        static_cast<void>(name.parseJson(key));
        static_cast<void>(text.parseJson(value));
        settings.emplace(catalog::textAt(name, 0, {"name"}), catalog::textAt(text, 0, {"value"}));
    }
    return settings;
}

} // namespace

class TestInitialContents : public QObject
{
    Q_OBJECT

private slots:
    void equalTheReferencesRowsByteForByte_data()
    {
        QTest::addColumn<quint64>("version");
        QTest::addColumn<QString>("file");
        QTest::addColumn<int>("count");
        QTest::newRow("72") << quint64(72) << "initial_rows.old-v72.jsonl" << 52;
        QTest::newRow("92") << quint64(92) << "initial_rows.new-v92.jsonl" << 56;
    }

    void equalTheReferencesRowsByteForByte()
    {
        QFETCH(quint64, version);
        QFETCH(QString, file);
        QFETCH(int, count);
        std::multiset<std::string> expected;
        std::size_t tokens = 0;
        for (const auto& line : test::linesOf(test::modelFixture(file.toStdString()))) {
            JsonTape tape;
            QVERIFY(tape.parseJson(line).has_value());
            if (catalog::textAt(tape, 0, {"row", "kind"}) == catalog::kFenceTokenKind) {
                ++tokens; // it is written before, by the open itself
                continue;
            }
            const auto bytes = fromBase64(catalog::textAt(tape, 0, {"source_data"}));
            QVERIFY(bytes.has_value());
            expected.insert(std::string(textOf(*bytes)));
        }
        QCOMPARE(tokens, std::size_t(1));
        QCOMPARE(static_cast<int>(expected.size() + tokens), count);
        auto made = rowsOfNewCatalog(version, argumentsOf(version));
        QCOMPARE(takeRandomSettings(made), takeRandomSettings(expected));
        QCOMPARE(differenceOf(made, expected), std::string());
        QVERIFY(!made.empty());
    }

    // The two fresh shards were opened once, with a bootstrap role, and hold nothing but that.
    void equalTheFreshShardsByteForByte_data()
    {
        QTest::addColumn<QString>("shard");
        QTest::addColumn<quint64>("version");
        QTest::addColumn<QString>("contentVersion");
        QTest::newRow("old-fresh") << "old-fresh" << quint64(72) << "0.125.0";
        QTest::newRow("new-fresh") << "new-fresh" << quint64(82) << "26.23.0";
    }

    void equalTheFreshShardsByteForByte()
    {
        QFETCH(QString, shard);
        QFETCH(quint64, version);
        QFETCH(QString, contentVersion);
        std::multiset<std::string> expected;
        const auto rows = test::rowsOfRawFile(test::rawFileOf(shard.toStdString()), RowForm::SourceData);
        for (const auto& row : rows->rows) {
            if (codec::kindOf(row) != catalog::kFenceTokenKind)
                expected.insert(std::string(row.bytes()));
        }
        QCOMPARE(expected.size() + 1, rows->size());
        auto arguments = argumentsOf(version);
        arguments.bootstrapRole = kShardRole;
        arguments.initialTsMs = kShardTsMs;
        arguments.contentVersion = contentVersion.toStdString();
        auto made = rowsOfNewCatalog(version, arguments);
        QCOMPARE(takeRandomSettings(made), takeRandomSettings(expected));
        QCOMPARE(differenceOf(made, expected), std::string());
    }

    void bootstrapRoleAddsFiveEventsOneRoleAndOnePrivilege_data()
    {
        QTest::addColumn<quint64>("version");
        for (const auto version : catalog::kInitVersions)
            QTest::newRow(std::to_string(version).c_str()) << quint64(version);
    }

    void bootstrapRoleAddsFiveEventsOneRoleAndOnePrivilege()
    {
        QFETCH(quint64, version);
        auto arguments = argumentsOf(version);
        const auto without = rowsOfNewCatalog(version, arguments);
        arguments.bootstrapRole = "R";
        const auto with = rowsOfNewCatalog(version, arguments);
        QCOMPARE(with.size(), without.size() + 7);
    }

    void everyReplicaHasARowAndAnEvent()
    {
        auto transaction = emptyTransaction(92);
        SeededIdSource ids(1);
        auto arguments = argumentsOf(92);
        arguments.defaultReplicationFactor = 3;
        QVERIFY(catalog::initialise(transaction, arguments, ids).has_value());
        const auto replicas = transaction.rows(catalog::CollectionType::ComputeReplicas);
        QCOMPARE(replicas.size(), std::size_t(3));
        for (std::size_t i = 0; i < replicas.size(); ++i) {
            const auto n = std::to_string(i + 1);
            QCOMPARE(replicas[i].first, test::fromQuoted("{'id':{'User':" + n + "}}"));
            QVERIFY(replicas[i].second.find(test::fromQuoted("'name':'r" + n + "'")) != std::string::npos);
        }
        const auto next = [&](const char* name) {
            return **transaction.get(catalog::CollectionType::IdAlloc,
                                     test::fromQuoted("{'name':'" + std::string(name) + "'}"));
        };
        QCOMPARE(next("replica"), test::fromQuoted("{'next_id':4}"));
        QCOMPARE(next("auditlog"), test::fromQuoted("{'next_id':15}"));
        const auto cluster = transaction.rows(catalog::CollectionType::ComputeInstance).front().second;
        QVERIFY(cluster.find(test::fromQuoted("'replication_factor':3")) != std::string::npos);
    }

    void diskIsTheOldErasAlone()
    {
        auto arguments = argumentsOf(72);
        arguments.hasDisk = true;
        std::size_t withDisk = 0;
        for (const auto& row : rowsOfNewCatalog(72, arguments))
            withDisk += jsonOf(row).find(test::fromQuoted("'disk':true")) != std::string::npos ? 1U : 0U;
        QCOMPARE(withDisk, std::size_t(3)); // the cluster, the replica, and the event of it
        arguments = argumentsOf(82);
        arguments.hasDisk = true;
        for (const auto& row : rowsOfNewCatalog(82, arguments))
            QVERIFY(jsonOf(row).find("disk") == std::string::npos);
    }

    void randomSettingsComeFromTheIdSource()
    {
        SeededIdSource one(7);
        SeededIdSource same(7);
        SeededIdSource other(8);
        const auto settings = settingsOf(92, one);
        QCOMPARE(settings.size(), std::size_t(4));
        QVERIFY(settings == settingsOf(92, same));
        QVERIFY(settings != settingsOf(92, other));
        QVERIFY(ShardId::parse(settings.at("builtin_migration_shard")).has_value());
        QVERIFY(ShardId::parse(settings.at("expression_cache_shard")).has_value());
        QVERIFY(settings.at("builtin_migration_shard") != settings.at("expression_cache_shard"));
        QCOMPARE(fromBase64(settings.at("mock_authentication_nonce"))->size(), std::size_t(24));
    }

    void otherVersionsAreRefused()
    {
        SeededIdSource ids(1);
        for (const auto version : {71U, 73U, 91U}) {
            auto transaction = emptyTransaction(version);
            const auto made = catalog::initialise(transaction, argumentsOf(version), ids);
            QVERIFY(!made.has_value());
            QCOMPARE(made.error().code, ErrorCode::Unsupported);
        }
        auto arguments = argumentsOf(72);
        arguments.defaultReplicationFactor = 2;
        auto transaction = emptyTransaction(72);
        QCOMPARE(catalog::initialise(transaction, arguments, ids).error().code, ErrorCode::InvalidInput);
    }
};

QTEST_APPLESS_MAIN(TestInitialContents)
#include "tst_initial_contents.moc"
