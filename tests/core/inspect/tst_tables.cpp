#include "core/catalog/collection.h"
#include "core/inspect/live_inspector.h"
#include "core/inspect/row_table.h"

#include <QtTest>

#include <numeric>
#include <set>

using namespace inspector;
using namespace inspector::inspect;

namespace {

const Job kJob;

/// Updates made of JSON text by hand.
persist::UpdateList updatesOf(const std::vector<std::string>& rows, std::vector<std::int64_t> diffs = {})
{
    auto owner = std::make_shared<std::vector<std::string>>(rows);
    for (auto& row : *owner)
        row.reserve(row.size() + SharedBytes::kPadding);
    auto updates = std::make_shared<persist::Updates>();
    for (const auto& row : *owner)
        updates->rows.push_back({row.data(), static_cast<std::uint32_t>(row.size()), codec::RowForm::JsonText});
    updates->diffs = std::move(diffs);
    updates->commonTime = 7;
    updates->owners.push_back(owner);
    return updates;
}

SnapshotPtr snapshotOf(persist::UpdateList updates)
{
    auto snapshot = *makeSnapshot({std::move(updates), Timestamp(7), SeqNo(3), Timestamp(2), Timestamp(8)},
                                  Moment::latest(), std::make_shared<SharedCrew>(std::make_shared<SoloCrew>()), kJob);
    static_cast<void>(snapshot->complete(kJob));
    return snapshot;
}

const std::string kVersion = R"({"key":{"key":"user_version"},"kind":"Config","value":{"value":82}})";

std::string item(int id, const std::string& name, const std::string& sql)
{
    return R"({"key":{"gid":{"User":)" + std::to_string(id)
        + R"(}},"kind":"Item","value":{"definition":{"V1":{"create_sql":")" + sql
        + R"("}},"extra_versions":[],"global_id":{"User":)" + std::to_string(id) + R"(},"name":")" + name
        + R"(","oid":2000)" + std::to_string(id)
        + R"(,"owner_id":{"User":1},"privileges":[{"acl_mode":{"bitflags":2},"grantee":{"User":1},"grantor":{"System":1}}],"schema_id":{"User":3}}})";
}

const std::string kSchema =
    R"({"key":{"id":{"User":3}},"kind":"Schema","value":{"database_id":null,"name":"public","oid":1,"owner_id":{"System":1},"privileges":[]}})";
const std::string kRole =
    R"({"key":{"id":{"User":1}},"kind":"Role","value":{"attributes":{"auto_provision_source":null,"inherit":true,"login":null,"superuser":null},"membership":{"map":[]},"name":"ops","oid":2,"vars":{"entries":[]}}})";

std::size_t columnOf(const Table& table, std::string_view name)
{
    for (std::size_t i = 0; i < table.columns().size(); ++i) {
        if (table.columns()[i].name == name)
            return i;
    }
    return table.columns().size();
}

QString cell(const TablePtr& table, std::uint32_t row, std::string_view column)
{
    return QString::fromStdString(table->cell(row, columnOf(*table, column)));
}

std::vector<std::uint32_t> allRows(const Table& table)
{
    std::vector<std::uint32_t> rows(table.size());
    std::iota(rows.begin(), rows.end(), 0U);
    return rows;
}

const CollectionSummary* summaryOf(const SnapshotPtr& snapshot, std::string_view name)
{
    for (const auto& summary : snapshot->collections()) {
        if (summary.name == name)
            return &summary;
    }
    return nullptr;
}

} // namespace

/// Rows made by hand, shown as tables.
class TestTables : public QObject
{
    Q_OBJECT

private slots:
    void cellsShowWhatPeopleRead()
    {
        const auto snapshot =
            snapshotOf(updatesOf({kVersion, kSchema, kRole, item(7, "orders", "CREATE TABLE orders (a int4)")}));
        const auto items = snapshot->entries("item");
        QCOMPARE(items->size(), std::size_t(1));
        QCOMPARE(items->columns().front().name, std::string("gid"));
        QVERIFY(items->columns().front().source == Column::Source::Key);
        QCOMPARE(cell(items, 0, "gid"), QString("u7"));
        QCOMPARE(cell(items, 0, "name"), QString("orders"));
        QCOMPARE(cell(items, 0, "type"), QString("table"));
        QCOMPARE(cell(items, 0, "schema_id"), QString("u3 (public)"));
        QCOMPARE(cell(items, 0, "owner_id"), QString("u1 (ops)"));
        QCOMPARE(cell(items, 0, "privileges"), QString("u1=r/s1"));
        QCOMPARE(cell(items, 0, "create_sql"), QString("CREATE TABLE orders (a int4)"));
        QCOMPARE(cell(items, 0, "oid"), QString("20007"));
        QVERIFY(items->columns()[columnOf(*items, "oid")].isNumeric);
    }

    void cellsOfTheOlderShapeReadTheSame()
    {
        const auto snapshot = snapshotOf(updatesOf(
            {R"({"key":{"key":"user_version"},"kind":"Config","value":{"value":72}})",
             R"({"key":{"id":{"value":{"User":1}}},"kind":"Database","value":{"name":"materialize","oid":20000,"owner_id":{"value":{"System":1}},"privileges":[{"acl_mode":{"bitflags":256},"grantee":{"value":{"Public":{}}},"grantor":{"value":{"System":1}}}]}})"}));
        const auto databases = snapshot->entries("database");
        QCOMPARE(cell(databases, 0, "id"), QString("u1"));
        QCOMPARE(cell(databases, 0, "name"), QString("materialize"));
        QCOMPARE(cell(databases, 0, "owner_id"), QString("s1"));
        QCOMPARE(cell(databases, 0, "privileges"), QString("=U/s1"));
    }

    void secretsAreMasked()
    {
        const auto snapshot = snapshotOf(updatesOf(
            {kVersion,
             R"({"key":{"id":{"User":1}},"kind":"RoleAuth","value":{"password_hash":"SCRAM-SHA-256$1:a$b:c","updated_at":{"millis":1786000000123}}})",
             R"({"key":{"name":"mock_authentication_nonce"},"kind":"Setting","value":{"value":"bm9uY2U="}})",
             R"({"key":{"name":"catalog_content_version"},"kind":"Setting","value":{"value":"26.1.0"}})"}));
        const auto auth = snapshot->entries("role_auth");
        QVERIFY(auth->columns()[columnOf(*auth, "password_hash")].isSecret);
        QVERIFY(!cell(auth, 0, "password_hash").contains("SCRAM"));
        QVERIFY(!cell(auth, 0, "password_hash").isEmpty());
        const auto settings = snapshot->entries("setting");
        QVERIFY(!cell(settings, 0, "value").contains("bm9uY2U"));
        QCOMPARE(cell(settings, 1, "value"), QString("26.1.0"));
        for (const auto& table : {auth, settings}) {
            const auto masked = table->detail(0, false);
            QVERIFY(masked.hasSecret);
            QVERIFY(masked.json.find("SCRAM") == std::string::npos && masked.json.find("bm9uY2U") == std::string::npos);
            const auto shown = table->detail(0, true);
            QVERIFY(shown.json.find("SCRAM") != std::string::npos || shown.json.find("bm9uY2U") != std::string::npos);
        }
        // What is masked is not found either.
        const auto found = auth->filter({"SCRAM"}, allRows(*auth), kJob);
        QVERIFY(found && found->empty());
    }

    void nothingIsHidden()
    {
        const std::vector<std::string> rows {
            kVersion,
            R"({"key":{"name":"x"},"kind":"Widget","value":{"size":1}})",
            R"({"key":{},"value":{}})",
            R"(not json at all)",
            R"({"key":{"name":"oid"},"kind":"IdAlloc","value":{"next_id":{"no":"number"}}})",
            R"({"key":{"name":"user"},"kind":"IdAlloc","value":{"next_id":5,"extra":"kept"}})",
            R"({"deploy_generation":1,"epoch":4,"kind":"FenceToken"})"};
        const auto snapshot = snapshotOf(updatesOf(rows, {1, 1, 1, 1, 1, 1, 1}));
        std::uint64_t shown = 0;
        for (const auto& summary : snapshot->collections()) {
            shown += summary.rows;
            QCOMPARE(snapshot->entries(summary.name)->size(), std::size_t(summary.rows));
        }
        QCOMPARE(shown, std::uint64_t(rows.size()));

        QVERIFY(summaryOf(snapshot, "Widget") != nullptr && !summaryOf(snapshot, "Widget")->isKnown);
        QVERIFY(cell(snapshot->entries("Widget"), 0, "row").contains("\"size\":1"));
        QCOMPARE(summaryOf(snapshot, "(undecodable)")->rows, std::uint64_t(2));
        const auto broken = snapshot->entries("(undecodable)");
        QVERIFY(!cell(broken, 1, "problem").isEmpty());
        QCOMPARE(cell(broken, 1, "stored"), QString::fromUtf8(QByteArray(rows[3].c_str()).toHex()));
        QVERIFY(!broken->detail(1, false).problem.empty());

        QCOMPARE(summaryOf(snapshot, "id_alloc")->rows, std::uint64_t(2));
        QCOMPARE(summaryOf(snapshot, "id_alloc")->problems, std::uint64_t(1));
        QVERIFY(!snapshot->entries("id_alloc")->detail(0, false).problem.empty());
        QVERIFY(snapshot->entries("id_alloc")->detail(1, false).json.find("kept") != std::string::npos);
        const auto fence = snapshot->entries("FenceToken");
        QCOMPARE(cell(fence, 0, "epoch"), QString("4"));
        QCOMPARE(cell(fence, 0, "deploy_generation"), QString("1"));
    }

    void aSumOtherThanOneIsAProblemThatShows()
    {
        const auto snapshot = snapshotOf(
            updatesOf({kVersion, item(1, "a", "CREATE TABLE a"), item(2, "b", "CREATE TABLE b")}, {1, -1, 2}));
        QCOMPARE(summaryOf(snapshot, "item")->problems, std::uint64_t(2));
        const auto items = snapshot->entries("item");
        QCOMPARE(cell(items, 0, "diff"), QString("-1"));
        QCOMPARE(cell(items, 1, "diff"), QString("+2"));
        QCOMPARE(items->diff(1), std::int64_t(2));
        QCOMPARE(items->time(0), Timestamp(7));
    }

    void collectionsStandInTheirOrderAndTheAuditLogLast()
    {
        const auto snapshot = snapshotOf(updatesOf({kVersion, kSchema, R"({"kind":"Zebra"})", R"({"kind":"Ant"})",
                                                    R"({"deploy_generation":1,"epoch":4,"kind":"FenceToken"})"}));
        std::vector<std::string> names;
        for (const auto& summary : snapshot->collections())
            names.push_back(summary.name);
        QVERIFY(names.size() > 20);
        QCOMPARE(names.front(), std::string("compute_instance"));
        const std::vector<std::string> tail(names.end() - 4, names.end());
        QCOMPARE(tail, (std::vector<std::string> {"audit_log", "FenceToken", "Ant", "Zebra"}));
        QVERIFY(summaryOf(snapshot, "audit_log")->isLarge);
        QVERIFY(!summaryOf(snapshot, "audit_log")->title.empty() && !summaryOf(snapshot, "audit_log")->help.empty());
        QVERIFY(snapshot->entries("no such collection")->size() == 0);
    }

    void everyVersionHasColumnsForEveryCollection_data()
    {
        QTest::addColumn<quint64>("version");
        for (quint64 version = 66; version <= 93; ++version)
            QTest::newRow(QByteArray::number(version)) << version;
    }
    void everyVersionHasColumnsForEveryCollection()
    {
        QFETCH(quint64, version);
        const auto snapshot = snapshotOf(updatesOf(
            {R"({"key":{"key":"user_version"},"kind":"Config","value":{"value":)" + std::to_string(version) + "}}"}));
        for (const auto& summary : snapshot->collections()) {
            const auto table = snapshot->entries(summary.name);
            QVERIFY2(!table->columns().empty(), summary.name.c_str());
            std::set<std::string> names;
            for (const auto& column : table->columns()) {
                QVERIFY2(!column.name.empty() && !column.title.empty(), summary.name.c_str());
                const bool isNew = names.insert(std::to_string(int(column.source)) + column.name).second;
                QVERIFY2(isNew, (summary.name + " " + column.name).c_str());
            }
        }
    }

    void rowsSortByNumberByIdAndByText()
    {
        const auto snapshot = snapshotOf(updatesOf({kVersion, item(10, "b", "CREATE VIEW v"),
                                                    item(9, "a", "CREATE VIEW v"), item(100, "b", "CREATE VIEW v")}));
        const auto items = snapshot->entries("item");
        const auto sorted = [&](std::string_view column, SortOrder order) {
            return *items->sort(allRows(*items), columnOf(*items, column), order, kJob);
        };
        using Rows = std::vector<std::uint32_t>;
        QCOMPARE(sorted("gid", SortOrder::Ascending), (Rows {1, 0, 2}));
        QCOMPARE(sorted("gid", SortOrder::Descending), (Rows {2, 0, 1}));
        QCOMPARE(sorted("oid", SortOrder::Ascending), (Rows {1, 0, 2})); // 20009, 200010, 2000100
        QCOMPARE(sorted("name", SortOrder::Ascending), (Rows {1, 0, 2}));
        QCOMPARE(sorted("name", SortOrder::Descending), (Rows {0, 2, 1})); // stable
        QCOMPARE(items->sort(allRows(*items), 99, SortOrder::Ascending, kJob).error().code, ErrorCode::InvalidInput);
    }

    void theFilterLooksAtTheCellsAsTheyAreShown()
    {
        const auto snapshot = snapshotOf(
            updatesOf({kVersion, kSchema, item(7, "Orders", "CREATE TABLE t"), item(8, "days", "CREATE VIEW orders")}));
        const auto items = snapshot->entries("item");
        const auto picked = [&](const char* text) { return *items->filter({text}, allRows(*items), kJob); };
        using Rows = std::vector<std::uint32_t>;
        QCOMPARE(picked(""), (Rows {0, 1}));
        QCOMPARE(picked("orders"), (Rows {0, 1}));
        QCOMPARE(picked("name:orders"), (Rows {0}));
        QCOMPARE(picked("type:view"), (Rows {1}));
        QCOMPARE(picked("public u8"), (Rows {1}));
        QCOMPARE(picked("orders -u8"), (Rows {0}));
        QCOMPARE(items->filter({"nosuch:x"}, allRows(*items), kJob).error().code, ErrorCode::InvalidInput);
    }

    void keysIdentifyRowsAcrossMoments()
    {
        const auto before = snapshotOf(updatesOf({kVersion, item(7, "orders", "CREATE TABLE t")}));
        const auto after = snapshotOf(updatesOf({kSchema, item(7, "renamed", "CREATE TABLE t"), kVersion}));
        QCOMPARE(before->entries("item")->identity(0), std::string(R"(item {"gid":{"User":7}})"));
        QCOMPARE(after->entries("item")->identity(0), before->entries("item")->identity(0));
        QVERIFY(after->entries("schema")->identity(0) != after->entries("item")->identity(0));
    }

    void rowsBeyondTheEndAreEmptyAndHarmless()
    {
        const auto table = snapshotOf(updatesOf({kVersion}))->entries("config");
        QCOMPARE(table->cell(5, 0), std::string());
        QCOMPARE(table->cell(0, 99), std::string());
        QCOMPARE(table->identity(5), std::string());
        QCOMPARE(table->detail(5, true).collection, std::string());
    }

    void aRowThatHidesItsVersionIsStillWhole()
    {
        // Of a version that this build does not know: the columns of the nearest one, and the whole row beside them.
        const auto snapshot =
            snapshotOf(updatesOf({R"({"key":{"key":"user_version"},"kind":"Config","value":{"value":9000}})"}));
        QVERIFY(cell(snapshot->entries("config"), 0, "row").contains("9000"));
    }

    void thePartARowCameFromIsNamed()
    {
        auto updates = std::make_shared<persist::Updates>(*updatesOf({kVersion}));
        updates->origins = {0};
        updates->parts = {{"n12/pabc", 3, 9, 0, 100}};
        const auto detail = snapshotOf(updates)->entries("config")->detail(0, false);
        QCOMPARE(detail.origin, std::string("part n12/pabc of batch [3, 9)"));
        QCOMPARE(detail.storedForm, std::string("JSON text"));
        QCOMPARE(std::string(textOf(detail.storedBytes)), kVersion);
        QCOMPARE(detail.json, kVersion);
        QVERIFY(!detail.tree.empty());
        QVERIFY(!detail.title.empty());
    }
};

QTEST_GUILESS_MAIN(TestTables)
#include "tst_tables.moc"
