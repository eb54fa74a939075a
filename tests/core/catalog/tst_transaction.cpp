#include "core/catalog/apply_updates.h"
#include "core/catalog/transaction.h"
#include "core/catalog/transaction_errors.h"
#include "tests/core/catalog/catalog_fixtures.h"
#include "tests/core/catalog/row_maker.h"

#include <QtTest>

#include <limits>
#include <set>
#include <string>
#include <vector>

using namespace inspector;
using catalog::CatalogSnapshot;
using catalog::CollectionType;
using catalog::RowSchema;
using catalog::Transaction;
using codec::RowForm;
using test::fromQuoted;
using test::RowMaker;
using test::UpdateBuilder;

namespace {

constexpr std::uint64_t kUpper = 5;

Transaction emptyTransaction(std::uint64_t version)
{
    return Transaction(CatalogSnapshot::empty(RowSchema::nearest(version)), Timestamp(kUpper));
}

/// A transaction over the rows of updates.
Transaction transactionOver(persist::UpdateList updates, std::uint64_t version)
{
    auto snapshot = CatalogSnapshot::empty(RowSchema::nearest(version));
    static_cast<void>(catalog::applyTo(snapshot, *updates, Job()));
    return Transaction(std::move(snapshot), Timestamp(kUpper));
}

template <typename T>
std::string messageOf(const Result<T>& result)
{
    return result.has_value() ? std::string() : result.error().message;
}

std::string setting(const std::string& name)
{
    return fromQuoted("{'name':'" + name + "'}");
}

std::string text(const std::string& value)
{
    return fromQuoted("{'value':'" + value + "'}");
}

/// `kind key diff` of every update, in order.
std::vector<std::string> namesOf(const std::vector<catalog::MemoryUpdate>& updates)
{
    std::vector<std::string> names;
    for (const auto& update : updates)
        names.push_back(std::string(catalog::collectionOf(update.type).name) + " " + update.value + " "
                        + (update.diff > 0 ? "+" : "") + std::to_string(update.diff));
    return names;
}

/// The JSON of every change with its diff, in order.
std::vector<std::string> changesOf(const Transaction& transaction)
{
    std::vector<std::string> changes;
    const auto batch = transaction.batch();
    for (const auto& change : batch->changes) {
        const auto json = codec::canonicalJson(
            {change.stored.data(), static_cast<std::uint32_t>(change.stored.size()), RowForm::SourceData});
        changes.push_back((change.diff > 0 ? "+" : "") + std::to_string(change.diff) + " " + *json);
    }
    return changes;
}

void withAllocator(Transaction& transaction, const std::string& name, std::uint64_t next)
{
    static_cast<void>(transaction.set(CollectionType::IdAlloc, setting(name),
                                      fromQuoted("{'next_id':" + std::to_string(next) + "}")));
}

} // namespace

class TestTransaction : public QObject
{
    Q_OBJECT

private slots:
    // --- tables

    void getSeesWhatIsPending()
    {
        auto transaction = emptyTransaction(92);
        QVERIFY(!transaction.get(CollectionType::Setting, setting("a"))->has_value());
        QVERIFY(transaction.insert(CollectionType::Setting, setting("a"), text("1")).has_value());
        QCOMPARE(**transaction.get(CollectionType::Setting, fromQuoted(" {'name' : 'a'}")), text("1"));
        QCOMPARE(**transaction.set(CollectionType::Setting, setting("a"), text("2")), text("1"));
        QCOMPARE(**transaction.set(CollectionType::Setting, setting("a"), std::nullopt), text("2"));
        QVERIFY(!transaction.set(CollectionType::Setting, setting("a"), std::nullopt)->has_value());
        QVERIFY(!transaction.get(CollectionType::Setting, setting("a"))->has_value());
        QVERIFY(transaction.rows(CollectionType::Setting).empty());
    }

    void updateAndRemoveTellWhetherTheRowWasThere()
    {
        auto transaction = emptyTransaction(92);
        QCOMPARE(*transaction.update(CollectionType::Setting, setting("a"), text("1")), false);
        QCOMPARE(*transaction.remove(CollectionType::Setting, setting("a")), false);
        QVERIFY(transaction.opUpdates().empty());
        QVERIFY(transaction.insert(CollectionType::SystemConfiguration, setting("a"), text("1")).has_value());
        QCOMPARE(*transaction.update(CollectionType::SystemConfiguration, setting("a"), text("1")), true);
        QCOMPARE(transaction.opUpdates().size(), std::size_t(1)); // equal: no change at all
        QCOMPARE(*transaction.update(CollectionType::SystemConfiguration, setting("a"), text("2")), true);
        QCOMPARE(*transaction.remove(CollectionType::SystemConfiguration, setting("a")), true);
        QCOMPARE(transaction.batch()->changes.size(), std::size_t(0));
    }

    void removeIfTakesWhatThePredicatePicks()
    {
        auto transaction = emptyTransaction(92);
        for (const auto* name : {"a", "b", "c"})
            QVERIFY(transaction.insert(CollectionType::Setting, setting(name), text(name)).has_value());
        const auto removed = transaction.removeIf(
            CollectionType::Setting, [](auto key, auto value) { return key != setting("a") && value != text("z"); });
        QCOMPARE(*removed, std::size_t(2));
        QCOMPARE(transaction.rows(CollectionType::Setting).size(), std::size_t(1));
    }

    void collectionOfALaterVersionIsRefused()
    {
        auto transaction = emptyTransaction(72);
        const auto set = transaction.set(CollectionType::RoleAuth, fromQuoted("{'id':{'User':1}}"), std::nullopt);
        QCOMPARE(messageOf(set), std::string("catalog version 72 has no collection role_auth"));
        QCOMPARE(messageOf(transaction.insert(CollectionType::AuditLog, "{}", "null")),
                 std::string("the audit log is append-only: add an event instead"));
    }

    // --- uniqueness

    void duplicateKeysAreRefusedInTheReferencesWords_data()
    {
        QTest::addColumn<int>("type");
        QTest::addColumn<QString>("message");
        const auto row = [](CollectionType type, const char* message) {
            QTest::newRow(std::string(catalog::collectionOf(type).name).c_str()) << static_cast<int>(type) << message;
        };
        row(CollectionType::Database, "database 'b' already exists");
        row(CollectionType::Schema, "schema 'b' already exists");
        row(CollectionType::Role, "role 'b' already exists");
        row(CollectionType::ComputeInstance, "cluster 'b' already exists");
        row(CollectionType::NetworkPolicy, "network policy 'b' already exists");
        row(CollectionType::Item, "catalog item 'b' already exists");
        row(CollectionType::ComputeReplicas, "cannot create multiple replicas named 'b' on cluster 'u1'");
        row(CollectionType::IdAlloc, "ID allocator 'name1' already exists");
        row(CollectionType::Config, "config 'config1' already exists");
        row(CollectionType::StorageCollectionMetadata, "storage error: storage metadata for 'u1' already exists");
        row(CollectionType::TxnWalShard, "storage error: txn WAL already exists");
        row(CollectionType::Setting, "duplicate key");
        row(CollectionType::Comments, "duplicate key");
        row(CollectionType::UnfinalizedShard, "duplicate key");
        row(CollectionType::SystemPrivileges, "duplicate key");
    }

    void duplicateKeysAreRefusedInTheReferencesWords()
    {
        QFETCH(int, type);
        QFETCH(QString, message);
        const auto of = static_cast<CollectionType>(type);
        for (const auto version : {72U, 92U}) {
            auto transaction = emptyTransaction(version);
            const RowMaker rows(transaction.schema());
            const auto first = transaction.insert(of, rows.key(of, 1), rows.value(of, "a", 1, 1));
            QVERIFY2(first.has_value(), messageOf(first).c_str());
            const auto again = transaction.insert(of, rows.key(of, 1), rows.value(of, "b", 1, 2));
            QCOMPARE(QString::fromStdString(messageOf(again)), message);
            QCOMPARE(again.error().code, ErrorCode::InvalidInput);
            QCOMPARE(transaction.rows(of).size(), std::size_t(1));
        }
    }

    void namesAreUniqueWithinTheirPlace_data()
    {
        QTest::addColumn<int>("type");
        QTest::addColumn<QString>("inserted");
        QTest::addColumn<bool>("hasPlace"); // the same name may stand elsewhere
        const auto row = [](CollectionType type, const char* message, bool hasPlace) {
            QTest::newRow(std::string(catalog::collectionOf(type).name).c_str())
                << static_cast<int>(type) << message << hasPlace;
        };
        row(CollectionType::Database, "database 'a' already exists", false);
        row(CollectionType::Schema, "schema 'a' already exists", true);
        row(CollectionType::Role, "role 'a' already exists", false);
        row(CollectionType::ComputeInstance, "cluster 'a' already exists", false);
        row(CollectionType::NetworkPolicy, "network policy 'a' already exists", false);
        row(CollectionType::Item, "catalog item 'a' already exists", true);
        row(CollectionType::ComputeReplicas, "cannot create multiple replicas named 'a' on cluster 'quick'", true);
    }

    void namesAreUniqueWithinTheirPlace()
    {
        QFETCH(int, type);
        QFETCH(QString, inserted);
        QFETCH(bool, hasPlace);
        const auto of = static_cast<CollectionType>(type);
        for (const auto version : {72U, 82U, 92U}) {
            auto transaction = emptyTransaction(version);
            const RowMaker rows(transaction.schema());
            QVERIFY(transaction
                        .insert(CollectionType::ComputeInstance, rows.key(CollectionType::ComputeInstance, 1),
                                rows.value(CollectionType::ComputeInstance, "quick", 0, 0))
                        .has_value());
            QVERIFY(transaction.insert(of, rows.key(of, 11), rows.value(of, "a", 1, 6)).has_value());
            const auto second = transaction.insert(of, rows.key(of, 12), rows.value(of, "a", 1, 12));
            QCOMPARE(QString::fromStdString(messageOf(second)), inserted);
            QVERIFY(transaction.insert(of, rows.key(of, 13), rows.value(of, "b", 1, 12)).has_value());
            QCOMPARE(messageOf(transaction.set(of, rows.key(of, 13), rows.value(of, "a", 1, 12))),
                     std::string("uniqueness violation"));
            QCOMPARE(messageOf(transaction.update(of, rows.key(of, 13), rows.value(of, "a", 1, 12))),
                     std::string("uniqueness violation"));
            QVERIFY((*transaction.get(of, rows.key(of, 13)))->find(fromQuoted("'b'")) != std::string::npos);
            const auto elsewhere = transaction.insert(of, rows.key(of, 14), rows.value(of, "a", 2, 12));
            QCOMPARE(elsewhere.has_value(), hasPlace);
        }
    }

    void ambientSchemasShareOneNamespace()
    {
        auto transaction = emptyTransaction(92);
        const RowMaker rows(transaction.schema());
        const auto schema = CollectionType::Schema;
        QVERIFY(transaction.insert(schema, rows.key(schema, 5), rows.value(schema, "a", 0, 1)).has_value());
        auto withNull = rows.value(schema, "a", 0, 2);
        withNull.insert(1, fromQuoted("'database_id':null,"));
        QCOMPARE(messageOf(transaction.insert(schema, rows.key(schema, 6), withNull)),
                 std::string("schema 'a' already exists"));
        QVERIFY(transaction.insert(schema, rows.key(schema, 6), rows.value(schema, "a", 1, 2)).has_value());
    }

    void typesShareNamesWithWhatIsNoRelation_data()
    {
        QTest::addColumn<quint64>("version");
        QTest::addColumn<QString>("statement");
        QTest::addColumn<bool>("withType");
        const auto row = [](quint64 version, const char* statement, bool withType) {
            QTest::newRow((std::string(statement) + " " + std::to_string(version)).c_str())
                << version << statement << withType;
        };
        for (const quint64 version : {72U, 82U, 92U}) {
            row(version, "CREATE TABLE x", false);
            row(version, "CREATE SOURCE x", false);
            row(version, "CREATE SUBSOURCE x", false);
            row(version, "CREATE VIEW x", false);
            row(version, "CREATE MATERIALIZED VIEW x", false);
            row(version, "CREATE REPLACEMENT MATERIALIZED VIEW x", false);
            row(version, "CREATE INDEX x", false);
            row(version, "CREATE TYPE x", false);
            row(version, "CREATE SINK x", true);
            row(version, "CREATE FUNCTION x", true);
            row(version, "CREATE SECRET x", true);
            row(version, "CREATE CONNECTION x", true);
        }
        row(72, "CREATE CONTINUAL TASK x", false);
        row(92, "CREATE METRIC SINK x", true);
    }

    void typesShareNamesWithWhatIsNoRelation()
    {
        QFETCH(quint64, version);
        QFETCH(QString, statement);
        QFETCH(bool, withType);
        const auto item = CollectionType::Item;
        for (const bool typeFirst : {true, false}) {
            auto transaction = emptyTransaction(version);
            const RowMaker rows(transaction.schema());
            const auto type = rows.item("a", 1, "CREATE TYPE y AS LIST");
            const auto other = rows.item("a", 1, statement.toStdString());
            const auto first = transaction.insert(item, rows.key(item, 1), typeFirst ? type : other);
            QVERIFY2(first.has_value(), messageOf(first).c_str());
            QCOMPARE(transaction.insert(item, rows.key(item, 2), typeFirst ? other : type).has_value(), withType);
        }
        // What is no type excludes everything else that is none.
        if (statement == QStringLiteral("CREATE TYPE x"))
            return;
        auto transaction = emptyTransaction(version);
        const RowMaker rows(transaction.schema());
        QVERIFY(transaction.insert(item, rows.key(item, 1), rows.item("a", 1, statement.toStdString())).has_value());
        QVERIFY(!transaction.insert(item, rows.key(item, 2), rows.item("a", 1, "CREATE SECRET s")).has_value());
    }

    void temporaryItemsOfDifferentSessionsShareNames()
    {
        auto transaction = emptyTransaction(92);
        const RowMaker rows(transaction.schema());
        const auto item = CollectionType::Item;
        const std::string kOne = "'5d2e9c1a-7f3b-4c68-9a10-3b6f2d84e7c5'";
        const std::string kOther = "'5d2e9c1a-7f3b-4c68-9a10-3b6f2d84e7c6'";
        const auto make = [&](const std::string& session) {
            return rows.item("a", 0, "CREATE TEMPORARY TABLE a", session);
        };
        QVERIFY(transaction.insert(item, rows.key(item, 1), make(kOne)).has_value());
        QVERIFY(transaction.insert(item, rows.key(item, 2), make(kOther)).has_value());
        QVERIFY(transaction.insert(item, rows.key(item, 3), make("null")).has_value());
        QVERIFY(
            !transaction.insert(item, rows.key(item, 4), make("'5D2E9C1A-7F3B-4C68-9A10-3B6F2D84E7C5'")).has_value());
    }

    void statementThatTheVersionCannotTellIsRefused_data()
    {
        QTest::addColumn<quint64>("version");
        QTest::addColumn<QString>("statement");
        QTest::addColumn<QString>("message");
        QTest::newRow("no CREATE") << quint64(92) << "ALTER TABLE x"
                                   << "unexpected create sql: ALTER TABLE x";
        QTest::newRow("lower case") << quint64(92) << "create table x"
                                    << "unexpected create sql: create table x";
        QTest::newRow("continual task, new") << quint64(92) << "CREATE CONTINUAL TASK x"
                                             << "unexpected create sql: CREATE CONTINUAL TASK x";
        QTest::newRow("metric sink, old") << quint64(82) << "CREATE METRIC SINK x"
                                          << "unexpected create sql: CREATE METRIC SINK x";
        QTest::newRow("empty") << quint64(72) << ""
                               << "unexpected create sql: ";
    }

    void statementThatTheVersionCannotTellIsRefused()
    {
        QFETCH(quint64, version);
        QFETCH(QString, statement);
        QFETCH(QString, message);
        auto transaction = emptyTransaction(version);
        const RowMaker rows(transaction.schema());
        const auto inserted = transaction.insert(CollectionType::Item, rows.key(CollectionType::Item, 1),
                                                 rows.item("a", 1, statement.toStdString()));
        QCOMPARE(QString::fromStdString(messageOf(inserted)), message);
    }

    void shardsOfStorageAreUniqueInTheOldEraOnly()
    {
        for (const auto version : {72U, 82U, 92U}) {
            auto transaction = emptyTransaction(version);
            const RowMaker rows(transaction.schema());
            const auto metadata = CollectionType::StorageCollectionMetadata;
            QVERIFY(transaction.insert(metadata, rows.key(metadata, 1), rows.value(metadata, "x", 0, 0)).has_value());
            const auto second = transaction.insert(metadata, rows.key(metadata, 2), rows.value(metadata, "x", 0, 0));
            QCOMPARE(messageOf(second),
                     std::string(version == 92 ? "" : "storage error: persist shard already in use: sx"));
            // Of the same row twice, the reference finds the shard last.
            const auto same = transaction.insert(metadata, rows.key(metadata, 1), rows.value(metadata, "x", 0, 0));
            QCOMPARE(messageOf(same),
                     std::string(version == 92 ? "storage error: storage metadata for 'u1' already exists"
                                               : "storage error: persist shard already in use: sx"));
        }
    }

    void changeThatKeepsItsNameIsNotCheckedInTheNewEra()
    {
        // A catalog that breaks the rule already, as an edit by hand may have left it.
        const auto role = [](int n) {
            return "{'key':{'id':{'User':" + std::to_string(n)
                + "}},'kind':'Role','value':{'attributes':{'inherit':true,"
                  "'auto_provision_source':null,'login':null,'superuser':null},'membership':{'map':[]},'name':'a',"
                  "'oid':20000,'vars':{'entries':[]}}}";
        };
        for (const auto version : {82U, 92U}) {
            UpdateBuilder updates;
            updates.addSource(role(1)).addSource(role(2));
            auto transaction = transactionOver(updates.finish(), version);
            const RowMaker rows(transaction.schema());
            const auto changed = transaction.set(CollectionType::Role, fromQuoted("{'id':{'User':1}}"),
                                                 rows.value(CollectionType::Role, "a", 0, 7));
            QCOMPARE(messageOf(changed), std::string(version == 82 ? "uniqueness violation" : ""));
        }
    }

    void setManyIsAllOrNothing()
    {
        auto transaction = emptyTransaction(92);
        const RowMaker rows(transaction.schema());
        const auto role = CollectionType::Role;
        QVERIFY(transaction.insert(role, rows.key(role, 1), rows.value(role, "a", 0, 0)).has_value());
        QVERIFY(transaction.insert(role, rows.key(role, 2), rows.value(role, "b", 0, 0)).has_value());
        const auto before = transaction.rows(role);
        const auto updates = transaction.opUpdates().size();

        // Two roles cannot be swapped one after the other, but at once.
        QVERIFY(!transaction.set(role, rows.key(role, 1), rows.value(role, "b", 0, 0)).has_value());
        QVERIFY(transaction
                    .setMany(role,
                             {{rows.key(role, 1), rows.value(role, "b", 0, 0)},
                              {rows.key(role, 2), rows.value(role, "a", 0, 0)}})
                    .has_value());
        QVERIFY(transaction
                    .setMany(role,
                             {{rows.key(role, 1), rows.value(role, "a", 0, 0)},
                              {rows.key(role, 2), rows.value(role, "b", 0, 0)}})
                    .has_value());
        QVERIFY(transaction.rows(role) == before);
        QCOMPARE(transaction.opUpdates().size(), updates + 8);

        QCOMPARE(messageOf(transaction.setMany(role,
                                               {{rows.key(role, 3), rows.value(role, "c", 0, 0)},
                                                {rows.key(role, 1), std::nullopt},
                                                {rows.key(role, 4), rows.value(role, "b", 0, 0)}})),
                 std::string("uniqueness violation"));
        QVERIFY(!transaction.setMany(role, {{rows.key(role, 1), std::nullopt}, {"{}", std::nullopt}}).has_value());
        QVERIFY(transaction.rows(role) == before);
        QCOMPARE(transaction.opUpdates().size(), updates + 8);
    }

    void unknownRowsAreNamedAsTheReferenceDoes_data()
    {
        QTest::addColumn<int>("type");
        QTest::addColumn<QString>("message");
        const auto row = [](CollectionType type, const char* message) {
            QTest::newRow(message) << static_cast<int>(type) << message;
        };
        row(CollectionType::Database, "unknown database 'u7'");
        row(CollectionType::Schema, "unknown schema 'u7'");
        row(CollectionType::Role, "unknown role 'u7'");
        row(CollectionType::ComputeInstance, "unknown cluster 'u7'");
        row(CollectionType::ComputeReplicas, "unknown cluster replica 'u7'");
        row(CollectionType::Item, "unknown catalog item 'u7'");
        row(CollectionType::NetworkPolicy, "unknown network policy 'u7'");
    }

    void unknownRowsAreNamedAsTheReferenceDoes()
    {
        QFETCH(int, type);
        QFETCH(QString, message);
        for (const auto version : {72U, 92U}) {
            const auto of = static_cast<CollectionType>(type);
            const auto error = catalog::unknownRow(of, RowMaker(RowSchema::nearest(version)).key(of, 7));
            QCOMPARE(QString::fromStdString(error.message), message);
            QCOMPARE(error.code, ErrorCode::NotFound);
        }
    }

    // --- allocators

    void idsAreDrawnInOrder()
    {
        auto transaction = emptyTransaction(92);
        withAllocator(transaction, "user", 7);
        QVERIFY(*transaction.allocateIds("user", 3) == (std::vector<std::uint64_t> {7, 8, 9}));
        QVERIFY(*transaction.allocateIds("user", 1) == (std::vector<std::uint64_t> {10}));
        QVERIFY(transaction.allocateIds("user", 0)->empty());
        QCOMPARE(**transaction.get(CollectionType::IdAlloc, setting("user")), fromQuoted("{'next_id':11}"));
    }

    void idsEndWhereTheirNumberDoes()
    {
        constexpr auto kLargest = std::numeric_limits<std::uint64_t>::max();
        auto transaction = emptyTransaction(92);
        withAllocator(transaction, "user", kLargest - 2);
        const auto tooMany = transaction.allocateIds("user", 3);
        QCOMPARE(messageOf(tooMany), std::string("id counter overflows i64"));
        QCOMPARE(tooMany.error().code, ErrorCode::OutOfRange);
        QVERIFY(*transaction.allocateIds("user", 2) == (std::vector<std::uint64_t> {kLargest - 2, kLargest - 1}));
        QCOMPARE(messageOf(transaction.allocateIds("user", 1)), std::string("id counter overflows i64"));
        QVERIFY(transaction.allocateIds("user", 0).has_value());
        withAllocator(transaction, "user", 1);
        QCOMPARE(transaction.allocateIds("user", std::uint64_t {1} << 60U).error().code, ErrorCode::InvalidInput);
    }

    void missingAllocatorIsNamed()
    {
        auto transaction = emptyTransaction(92);
        const auto ids = transaction.allocateIds("system", 1);
        QCOMPARE(messageOf(ids), std::string("system id allocator missing"));
        QCOMPARE(ids.error().code, ErrorCode::Internal);
        QCOMPARE(messageOf(transaction.allocateOids(1)), std::string("oid id allocator missing"));
    }

    void oidsSkipWhatIsInUse()
    {
        for (const auto version : {72U, 92U}) {
            auto transaction = emptyTransaction(version);
            const RowMaker rows(transaction.schema());
            withAllocator(transaction, "oid", 20000);
            // value() gives these 20000 + m.
            const std::pair<CollectionType, std::uint64_t> kUsed[] {
                {CollectionType::Database, 0},
                {CollectionType::Schema, 1},
                {CollectionType::Role, 3},
                {CollectionType::ComputeIntrospectionSourceIndex, 4},
            };
            for (const auto& [type, m] : kUsed)
                QVERIFY(transaction.insert(type, rows.key(type, 1), rows.value(type, "a", 1, m)).has_value());
            auto item = rows.item("a", 1, "CREATE TABLE a");
            item.replace(item.find("30001"), 5, "20006");
            QVERIFY(transaction.insert(CollectionType::Item, rows.key(CollectionType::Item, 1), item).has_value());
            // Those of network policies are not looked at.
            QVERIFY(transaction
                        .insert(CollectionType::NetworkPolicy, rows.key(CollectionType::NetworkPolicy, 1),
                                rows.value(CollectionType::NetworkPolicy, "a", 0, 2))
                        .has_value());
            const auto oids = transaction.allocateOids(4, {20007});
            QVERIFY2(oids.has_value(), messageOf(oids).c_str());
            QVERIFY(*oids == (std::vector<std::uint32_t> {20002, 20005, 20008, 20009}));
            QCOMPARE(**transaction.get(CollectionType::IdAlloc, setting("oid")), fromQuoted("{'next_id':20010}"));
            // What is dropped is free again, once the counter comes by.
            QCOMPARE(*transaction.remove(CollectionType::Database, rows.key(CollectionType::Database, 1)), true);
            withAllocator(transaction, "oid", 20000);
            QVERIFY(*transaction.allocateOids(1) == (std::vector<std::uint32_t> {20000}));
        }
    }

    void oidsWrapAroundToTheFirstOfUsers()
    {
        auto transaction = emptyTransaction(92);
        withAllocator(transaction, "oid", 4294967294);
        QVERIFY(*transaction.allocateOids(4, {20001})
                == (std::vector<std::uint32_t> {4294967294, 4294967295, 20000, 20002}));
        withAllocator(transaction, "oid", 4294967295);
        QVERIFY(*transaction.allocateOids(1) == (std::vector<std::uint32_t> {4294967295}));
        QCOMPARE(**transaction.get(CollectionType::IdAlloc, setting("oid")), fromQuoted("{'next_id':20000}"));
    }

    void oidsOutOfTheirRangeAreNoCrash()
    {
        auto transaction = emptyTransaction(92);
        for (const std::uint64_t start : {std::uint64_t(0), std::uint64_t(19999), std::uint64_t(4294967296)}) {
            withAllocator(transaction, "oid", start);
            QCOMPARE(transaction.allocateOids(1).error().code, ErrorCode::Corrupt);
        }
        withAllocator(transaction, "oid", 20000);
        constexpr std::uint64_t kAll = 4294967295 - 20000 + 1;
        const auto tooMany = transaction.allocateOids(kAll + 1);
        QCOMPARE(messageOf(tooMany), std::string("oid counter overflows u32"));
        QCOMPARE(tooMany.error().code, ErrorCode::OutOfRange);
        QCOMPARE(transaction.allocateOids(kAll).error().code, ErrorCode::InvalidInput); // more than anybody can hold
    }

    // --- ops

    void opUpdatesAreThoseOfTheCurrentOp()
    {
        auto transaction = emptyTransaction(92);
        const RowMaker rows(transaction.schema());
        const auto configuration = CollectionType::SystemConfiguration;
        QVERIFY(!transaction.hasUnconsumedOpUpdates());
        QVERIFY(transaction.insert(configuration, setting("a"), text("1")).has_value());
        QVERIFY(transaction.insertAuditEvent(rows.event(4)).has_value());
        QVERIFY(transaction.set(configuration, setting("a"), text("2")).has_value());
        const std::vector<std::string> kFirst {"system_configuration " + text("1") + " +1",
                                               "system_configuration " + text("1") + " -1",
                                               "system_configuration " + text("2") + " +1", "audit_log null +1"};
        QCOMPARE(namesOf(transaction.opUpdates()), kFirst);
        QVERIFY(transaction.hasUnconsumedOpUpdates());
        QCOMPARE(namesOf(transaction.takeOpUpdates()), kFirst);
        QVERIFY(!transaction.hasUnconsumedOpUpdates());
        QVERIFY(transaction.takeOpUpdates().empty());

        QVERIFY(transaction.set(configuration, setting("a"), std::nullopt).has_value());
        QCOMPARE(namesOf(transaction.takeOpUpdates()),
                 (std::vector<std::string> {"system_configuration " + text("2") + " -1"}));
        QVERIFY(transaction.batch()->changes.size() == 1); // the event; the row came and went
        QCOMPARE(transaction.opUpdates().size(), std::size_t(0));
    }

    void hiddenKindsAreNotTold()
    {
        for (const auto& collection : catalog::collections()) {
            const bool isHidden = collection.kind == "Config" || collection.kind == "IdAlloc"
                || collection.kind == "Setting" || collection.kind == "TxnWalShard";
            QCOMPARE(catalog::isExposedToMemory(collection.type), !isHidden);
        }
        auto transaction = emptyTransaction(92);
        QVERIFY(transaction.insert(CollectionType::Setting, setting("a"), text("1")).has_value());
        QVERIFY(!transaction.hasUnconsumedOpUpdates());
    }

    // --- the batch

    void batchRetractsTheStoredBytes()
    {
        // A row that lacks a field which its version has by now, and one with a field that it does not have.
        UpdateBuilder updates;
        updates
            .addSource("{'key':{'id':{'User':1}},'kind':'Role','value':{'attributes':{'inherit':true},"
                       "'membership':{'map':[]},'name':'a','oid':20000,'vars':{'entries':[]}}}")
            .addSource("{'key':{'name':'s'},'kind':'Setting','value':{'later':1,'value':'x'}}");
        const auto rows = updates.finish();
        auto transaction = transactionOver(rows, 92);
        const auto role = RowMaker(transaction.schema());
        QVERIFY(
            transaction
                .set(CollectionType::Role, fromQuoted("{'id':{'User':1}}"), role.value(CollectionType::Role, "b", 0, 0))
                .has_value());
        QCOMPARE(*transaction.remove(CollectionType::Setting, setting("s")), true);
        const auto batch = transaction.batch();
        QCOMPARE(batch->changes.size(), std::size_t(3));
        QCOMPARE(batch->changes[0].stored, std::string(rows->rows[0].bytes()));
        QCOMPARE(batch->changes[0].diff, std::int64_t(-1));
        QCOMPARE(batch->changes[1].diff, std::int64_t(1));
        QCOMPARE(batch->changes[2].stored, std::string(rows->rows[1].bytes()));
        QVERIFY(batch->touched == (std::vector<CollectionType> {CollectionType::Role, CollectionType::Setting}));
        QCOMPARE(batch->upper.value(), kUpper);
    }

    void rowThatIsWhatItWasKeepsItsBytes()
    {
        UpdateBuilder updates;
        updates.addSource("{'key':{'name':'s'},'kind':'Setting','value':{'later':1,'value':'x'}}");
        const auto rows = updates.finish();
        auto transaction = transactionOver(rows, 92);
        QVERIFY(transaction.set(CollectionType::Setting, setting("s"), text("y")).has_value());
        QVERIFY(transaction.set(CollectionType::Setting, setting("s"), std::nullopt).has_value());
        QVERIFY(transaction.insert(CollectionType::Setting, setting("s"), text("x")).has_value());
        QVERIFY(transaction.batch()->changes.empty());
        QVERIFY(transaction.batch()->touched.empty());
        QCOMPARE(transaction.currentSnapshot().of(CollectionType::Setting).at(setting("s"))->stored,
                 std::string(rows->rows[0].bytes()));
    }

    void batchIsConsolidatedWithEventsLast()
    {
        auto transaction = emptyTransaction(92);
        const RowMaker rows(transaction.schema());
        QVERIFY(transaction.insertAuditEvent(rows.event(2)).has_value());
        QVERIFY(transaction.insertAuditEvent(rows.event(1)).has_value());
        withAllocator(transaction, "user", 1);
        withAllocator(transaction, "user", 2);
        QVERIFY(transaction.insert(CollectionType::Setting, setting("a"), text("1")).has_value());
        QVERIFY(transaction.insert(CollectionType::Setting, setting("b"), text("1")).has_value());
        QCOMPARE(*transaction.remove(CollectionType::Setting, setting("b")), true);
        const auto changes = changesOf(transaction);
        QCOMPARE(changes.size(), std::size_t(4));
        QCOMPARE(changes[0], "+1 " + fromQuoted("{'key':{'name':'user'},'kind':'IdAlloc','value':{'next_id':2}}"));
        QCOMPARE(changes[1], "+1 " + fromQuoted("{'key':{'name':'a'},'kind':'Setting','value':{'value':'1'}}"));
        QVERIFY(changes[2].find(fromQuoted("'id':2,")) != std::string::npos);
        QVERIFY(changes[3].find(fromQuoted("'id':1,")) != std::string::npos);
        QVERIFY(transaction.batch()->touched
                == (std::vector<CollectionType> {CollectionType::AuditLog, CollectionType::IdAlloc,
                                                 CollectionType::Setting}));
    }

    void eventThatDoesNotFitIsRefused()
    {
        auto transaction = emptyTransaction(92);
        QCOMPARE(transaction.insertAuditEvent("{}").error().code, ErrorCode::InvalidInput);
        QVERIFY(transaction.batch()->changes.empty());
    }

    void snapshotStaysAsItWasBelowATransaction()
    {
        const auto base = CatalogSnapshot::empty(RowSchema::nearest(92));
        Transaction transaction(base, Timestamp(1));
        QVERIFY(transaction.insert(CollectionType::Setting, setting("a"), text("1")).has_value());
        QVERIFY(base.of(CollectionType::Setting).empty());
        QCOMPARE(transaction.currentSnapshot().of(CollectionType::Setting).size(), std::size_t(1));
        QVERIFY(!transaction.isDryRun());
        QVERIFY(Transaction::dryRun(base, Timestamp(1)).isDryRun());
        QCOMPARE(Transaction::dryRun(base, Timestamp(9)).upper().value(), std::uint64_t(9));
    }
};

QTEST_APPLESS_MAIN(TestTransaction)
#include "tst_transaction.moc"
