// Random transactions against plain maps.

#include "core/catalog/apply_updates.h"
#include "core/catalog/json_path.h"
#include "core/catalog/pretty.h"
#include "core/catalog/transaction.h"
#include "tests/core/catalog/catalog_fixtures.h"
#include "tests/core/catalog/row_maker.h"

#include <QtTest>

#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

using namespace inspector;
using catalog::CatalogSnapshot;
using catalog::CollectionType;
using catalog::RowEncoder;
using catalog::RowSchema;
using catalog::Transaction;
using codec::RowForm;
using test::RowMaker;
using test::UpdateBuilder;

namespace {

using Rows = std::map<std::string, std::string>; ///< canonical key to canonical value

/// The member of a value, as JSON.
std::string member(const std::string& value, std::string_view name)
{
    codec::JsonTape tape;
    std::string json;
    if (!tape.parseJson(value).has_value())
        return json;
    const auto at = catalog::nodeAt(tape, 0, {name});
    if (at)
        tape.appendJson(*at, json);
    return json;
}

std::string itemTypeOf(const std::string& value)
{
    codec::JsonTape tape;
    static_cast<void>(tape.parseJson(value));
    auto sql = catalog::textAt(tape, 0, {"definition", "V1", "create_sql"});
    if (sql.empty())
        sql = catalog::textAt(tape, 0, {"definition", "value", "V1", "create_sql"});
    return std::string(catalog::itemTypeOf(sql));
}

/// The table of catalog-model §2.16, word for word.
bool exclude(CollectionType type, std::uint32_t version, const std::string& a, const std::string& b)
{
    const auto same = [&](std::string_view name) { return member(a, name) == member(b, name); };
    switch (type) {
    case CollectionType::Database:
    case CollectionType::Role:
    case CollectionType::ComputeInstance:
    case CollectionType::NetworkPolicy:
        return same("name");
    case CollectionType::Schema:
        return same("database_id") && same("name");
    case CollectionType::ComputeReplicas:
        return same("cluster_id") && same("name");
    case CollectionType::StorageCollectionMetadata:
        return version <= 82 && same("shard");
    case CollectionType::Item: {
        if (!same("schema_id") || !same("name") || !same("ephemeral_owner_session"))
            return false;
        const auto one = itemTypeOf(a);
        const auto other = itemTypeOf(b);
        const std::set<std::string> kWithTypes {"table", "source", "view", "materialized view", "index", "type"};
        if (one != "type" && other != "type")
            return true;
        return (one == "type" && kWithTypes.count(other) != 0) || (other == "type" && kWithTypes.count(one) != 0);
    }
    default:
        return false;
    }
}

/// The catalog as the specification describes it, without any cleverness.
struct Model
{
    std::uint32_t version = 0;
    std::map<CollectionType, Rows> tables;

    bool isViolatedBy(CollectionType type, const std::string& key)
    {
        const auto& rows = tables[type];
        const auto at = rows.find(key);
        return at != rows.end() && std::any_of(rows.begin(), rows.end(), [&](const auto& other) {
                   return other.first != key && exclude(type, version, other.second, at->second);
               });
    }
};

/// One random run.
class Run
{
public:
    Run(std::uint32_t version, std::uint32_t seed)
        : m_schema(RowSchema::nearest(version))
        , m_rows(m_schema)
        , m_types(m_rows.collections())
        , m_encoder(m_schema)
        , m_random(seed)
        , m_committed(CatalogSnapshot::empty(m_schema))
    {
        m_model.version = version;
    }

    /// Runs `operations` and answers with what went wrong first; empty when nothing did.
    std::string operations(std::size_t operations)
    {
        Transaction transaction(m_committed, Timestamp(m_time));
        for (std::size_t i = 0; i < operations && m_failure.empty(); ++i) {
            if (pick(40) == 0)
                transaction = finished(std::move(transaction));
            else
                one(transaction);
        }
        if (m_failure.empty())
            static_cast<void>(finished(std::move(transaction)));
        return m_failure;
    }

    [[nodiscard]] std::size_t refusals() const { return m_refusals; }
    [[nodiscard]] std::size_t commits() const { return m_commits; }

private:
    std::uint64_t pick(std::uint64_t below) { return m_random() % below; }

    void expect(bool isSo, const std::string& what)
    {
        if (!isSo && m_failure.empty())
            m_failure = what;
    }

    std::string canonicalKey(CollectionType type, const std::string& key)
    {
        const auto canonical = m_encoder.canonicalKey(type, key);
        expect(canonical.has_value(), "a key does not fit: " + key);
        return canonical.has_value() ? *canonical : key;
    }
    std::string canonicalValue(CollectionType type, const std::string& key, const std::string& value)
    {
        const auto row = m_encoder.normalise(type, key, value);
        expect(row.has_value(), "a value does not fit: " + value + (row.has_value() ? "" : row.error().message));
        return row.has_value() ? row->value : value;
    }

    std::string randomValue(CollectionType type)
    {
        const std::string kNames[] {"a", "b", "c", "d", "e", "ä"};
        return m_rows.value(type, kNames[pick(6)], 1 + pick(2), pick(12));
    }

    void one(Transaction& transaction)
    {
        const auto type = m_types[pick(m_types.size())];
        const auto key = m_rows.key(type, pick(7));
        const auto value = randomValue(type);
        const auto name = std::string(catalog::collectionOf(type).name) + " " + key;
        const auto k = canonicalKey(type, key);
        const auto v = canonicalValue(type, key, value);
        auto& rows = m_model.tables[type];
        const auto before = rows;
        const auto old = rows.find(k) == rows.end() ? std::nullopt : std::optional(rows[k]);
        switch (pick(8)) {
        case 0:
        case 1: {
            bool isAllowed = !old;
            if (isAllowed) {
                rows[k] = v;
                isAllowed = !m_model.isViolatedBy(type, k);
            }
            check(transaction.insert(type, key, value).has_value(), isAllowed, rows, before, "insert " + name);
            break;
        }
        case 2:
        case 3: {
            rows[k] = v;
            const auto set = transaction.set(type, key, value);
            if (check(set.has_value(), isSetAllowed(type, k, old), rows, before, "set " + name))
                expect(*set == old, "set " + name + " answers with another value");
            break;
        }
        case 4: {
            rows.erase(k);
            const auto removed = transaction.remove(type, key);
            expect(removed.has_value() && *removed == old.has_value(), "remove " + name);
            break;
        }
        case 5: {
            if (old)
                rows[k] = v;
            const auto updated = transaction.update(type, key, value);
            const bool isAllowed = !old || *old == v || isSetAllowed(type, k, old);
            if (check(updated.has_value(), isAllowed, rows, before, "update " + name))
                expect(*updated == old.has_value(), "update " + name + " answers wrongly");
            break;
        }
        case 6: {
            std::vector<std::pair<std::string, std::optional<std::string>>> many;
            std::map<std::string, std::optional<std::string>> changed;
            for (std::uint64_t i = 0; i <= pick(3); ++i) {
                const auto each = m_rows.key(type, pick(7));
                const auto to = pick(3) == 0 ? std::nullopt : std::optional(randomValue(type));
                many.emplace_back(each, to);
                const auto canonical = canonicalKey(type, each);
                if (to)
                    rows[canonical] = canonicalValue(type, each, *to);
                else
                    rows.erase(canonical);
                changed[canonical] = to;
            }
            bool isAllowed = true;
            for (const auto& [each, to] : changed) {
                const auto was = before.find(each);
                isAllowed = isAllowed
                    && isSetAllowed(type, each, was == before.end() ? std::nullopt : std::optional(was->second));
            }
            check(transaction.setMany(type, many).has_value(), isAllowed, rows, before, "setMany " + name);
            break;
        }
        default: {
            if (pick(2) == 0) {
                const auto event = m_rows.event(++m_events);
                expect(transaction.insertAuditEvent(event).has_value(), "an audit event");
                m_pendingEvents.push_back(canonicalKey(CollectionType::AuditLog, event));
            } else {
                const auto removed = transaction.removeIf(
                    type, [&](std::string_view k2, std::string_view /*v2*/) { return k2.size() % 7 == 3; });
                const auto count = std::erase_if(rows, [](const auto& row) { return row.first.size() % 7 == 3; });
                expect(removed.has_value() && *removed == count, "removeIf " + name);
            }
            break;
        }
        }
        expect(transaction.rows(type) == std::vector<std::pair<std::string, std::string>>(rows.begin(), rows.end()),
               "the rows after " + name);
    }

    bool isSetAllowed(CollectionType type, const std::string& key, const std::optional<std::string>& old)
    {
        const auto& rows = m_model.tables[type];
        const auto now = rows.find(key);
        if (now == rows.end())
            return true;
        const bool keepsItsName =
            old && exclude(type, m_model.version, *old, now->second) && itemTypeOf(*old) == itemTypeOf(now->second);
        return !m_model.isViolatedBy(type, key) || (keepsItsName && m_model.version > 82);
    }

    bool check(bool isDone, bool isAllowed, Rows& rows, const Rows& before, const std::string& what)
    {
        if (!isAllowed) {
            rows = before;
            ++m_refusals;
        }
        expect(isDone == isAllowed, what + (isAllowed ? " was refused" : " was allowed"));
        return isDone && isAllowed;
    }

    /// Commits or drops a transaction, and begins the next.
    Transaction finished(Transaction transaction)
    {
        if (pick(6) == 0) { // dropped: nothing of it stays
            m_model.tables = m_committedTables;
            m_pendingEvents.clear();
            return Transaction(m_committed, Timestamp(m_time));
        }
        ++m_commits;
        const auto batch = transaction.batch();
        UpdateBuilder updates;
        std::set<std::string> seen;
        for (const auto& change : batch->changes) {
            expect(seen.insert(std::to_string(change.diff) + change.stored).second, "a change is there twice");
            m_shard[change.stored] += change.diff;
            updates.add(change.stored, RowForm::SourceData, m_time, change.diff);
        }
        for (const auto& [stored, sum] : m_shard)
            expect(sum == 0 || sum == 1, "a row has the sum " + std::to_string(sum));
        std::erase_if(m_shard, [](const auto& row) { return row.second == 0; });

        const auto pending = transaction.currentSnapshot();
        const auto applied = catalog::applyTo(m_committed, *updates.finish(), Job());
        expect(applied.has_value() && applied->problems.empty(), "a committed change does not apply");
        std::size_t rows = 0;
        for (const auto& collection : catalog::collections()) {
            const auto& model = m_model.tables[collection.type];
            const auto& table = m_committed.of(collection.type);
            rows += model.size();
            expect(table.size() == model.size() && pending.of(collection.type).size() == model.size(),
                   "the number of rows of " + std::string(collection.name));
            for (const auto& [key, value] : model) {
                const auto* row = table.at(key);
                const auto* beforeCommit = pending.of(collection.type).at(key);
                expect(row != nullptr && row->value == value && m_shard.count(row->stored) == 1, "the row " + key);
                expect(beforeCommit != nullptr && row != nullptr && beforeCommit->stored == row->stored,
                       "the bytes of " + key);
            }
        }
        m_committedEvents += m_pendingEvents.size();
        m_pendingEvents.clear();
        expect(m_shard.size() == rows + m_committedEvents, "the number of stored rows");
        m_committedTables = m_model.tables;
        return Transaction(m_committed, Timestamp(++m_time));
    }

    catalog::SchemaPtr m_schema;
    RowMaker m_rows;
    std::vector<CollectionType> m_types;
    RowEncoder m_encoder;
    std::mt19937 m_random;
    CatalogSnapshot m_committed;
    Model m_model;
    std::map<CollectionType, Rows> m_committedTables;
    std::map<std::string, std::int64_t> m_shard; ///< stored bytes to the sum of their diffs
    std::vector<std::string> m_pendingEvents;
    std::uint64_t m_events = 0;
    std::size_t m_committedEvents = 0;
    std::uint64_t m_time = 2;
    std::size_t m_refusals = 0;
    std::size_t m_commits = 0;
    std::string m_failure;
};

} // namespace

class TestTransactionModel : public QObject
{
    Q_OBJECT

private slots:
    void tenThousandOperationsAgreeWithPlainMaps_data()
    {
        QTest::addColumn<quint32>("version");
        for (const auto version : {72U, 78U, 82U, 86U, 92U})
            QTest::newRow(std::to_string(version).c_str()) << version;
    }

    void tenThousandOperationsAgreeWithPlainMaps()
    {
        QFETCH(quint32, version);
        constexpr std::uint32_t kSeed = 41;
        constexpr std::size_t kOperations = 10'000;
        qInfo("seed %u", kSeed + version);
        Run run(version, kSeed + version);
        QCOMPARE(run.operations(kOperations), std::string());
        // The story is only worth something when everything happened in it.
        QVERIFY(run.refusals() > kOperations / 50);
        QVERIFY(run.commits() > kOperations / 100);
    }
};

QTEST_APPLESS_MAIN(TestTransactionModel)
#include "tst_transaction_model.moc"
