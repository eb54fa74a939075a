#include "core/catalog/consolidate.h"
#include "core/catalog/drift.h"
#include "core/catalog/fence.h"
#include "core/catalog/references.h"
#include "core/catalog/snapshot.h"
#include "core/catalog/table_rows.h"
#include "core/demo/demo_catalog.h"
#include "core/persist/shard_reader.h"
#include "core/store/location.h"
#include "core/store/memory_store.h"
#include "core/store/writable_location.h"

#include <QFile>
#include <QTemporaryDir>
#include <QtTest>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

using namespace inspector;
using nlohmann::json;

namespace {

const Job kJob;

/// A demo in memory, and everything that its shard holds.
struct Told
{
    demo::DemoSummary summary;
    std::shared_ptr<store::MemoryContent> content = std::make_shared<store::MemoryContent>();
    persist::UpdateList rows;    ///< consolidated, at the end
    persist::UpdateList history; ///< with their own times, as far as they are left
    std::vector<json> parsed;    ///< the rows
};

std::vector<json> parse(const persist::Updates& updates)
{
    std::vector<json> all;
    for (const auto& row : updates.rows)
        all.push_back(json::parse(*codec::canonicalJson(row)));
    return all;
}

Result<Told> tell(const demo::DemoOptions& options)
{
    Told told;
    const auto stores = store::openWritableMemory(told.content);
    INSPECTOR_TRY(told.summary, demo::tellDemo(*stores.consensus, *stores.blob, options, kJob));
    INSPECTOR_TRY(const auto shardId, ShardId::parse(told.summary.shardId));
    persist::ShardReader reader(*stores.consensus, *stores.blob, shardId);
    INSPECTOR_TRY(const auto snapshot, reader.latestSnapshot(kJob));
    INSPECTOR_TRY(told.rows, catalog::consolidate(snapshot.updates, kJob));
    INSPECTOR_TRY(const auto history, reader.longestHistory(kJob));
    told.history = history.updates;
    told.parsed = parse(*told.rows);
    return told;
}

demo::DemoOptions optionsOf(std::uint64_t version)
{
    demo::DemoOptions options;
    options.catalogVersion = version;
    options.items = 80;
    options.auditRows = 1'000;
    options.seed = 7;
    return options;
}

/// Told once for each version: nobody changes it.
const Told& toldOf(std::uint64_t version)
{
    static std::map<std::uint64_t, Told> all;
    auto found = all.find(version);
    if (found == all.end()) {
        auto told = tell(optionsOf(version));
        if (!told)
            qFatal("%s", told.error().describe().c_str());
        found = all.emplace(version, *std::move(told)).first;
    }
    return found->second;
}

/// An id without the wrapping of the proto shape: "User 3".
std::string idOf(const json& id)
{
    const auto& inner = id.is_object() && id.contains("value") ? id.at("value") : id;
    if (inner.is_string())
        return inner.get<std::string>();
    return inner.begin().key() + (inner.begin().value().is_number() ? " " + inner.begin().value().dump() : "");
}

/// The number of an id of a variant; nothing for other variants.
std::optional<std::uint64_t> numberOf(const json& id, const std::string& variant)
{
    const auto text = idOf(id);
    if (!text.starts_with(variant + " "))
        return std::nullopt;
    return std::stoull(text.substr(variant.size() + 1));
}

std::vector<json> ofKind(const Told& told, const std::string& kind)
{
    std::vector<json> rows;
    std::copy_if(told.parsed.begin(), told.parsed.end(), std::back_inserter(rows),
                 [&](const json& row) { return row.at("kind") == kind; });
    return rows;
}

std::string createSqlOf(const json& item)
{
    const auto& definition = item.at("value").at("definition");
    return (definition.contains("value") ? definition.at("value") : definition).at("V1").at("create_sql");
}

const json& eventOf(const json& row)
{
    return row.at("key").at("event").at("V1");
}

} // namespace

/// The demo is a catalog that the real system could have written, and the same one each time.
class TestDemoCatalog : public QObject
{
    Q_OBJECT

private:
    static void versions()
    {
        QTest::addColumn<quint64>("version");
        for (const auto version : {72ULL, 82ULL, 92ULL})
            QTest::addRow("v%llu", version) << quint64 {version};
    }

private slots:
    void itHasTheSizeThatWasAskedFor_data() { versions(); }
    void itHasTheSizeThatWasAskedFor()
    {
        QFETCH(quint64, version);
        const auto& told = toldOf(version);
        QCOMPARE(ofKind(told, "Item").size(), std::size_t {80});
        QCOMPARE(ofKind(told, "AuditLog").size(), std::size_t {1'000});
        QCOMPARE(told.summary.items, std::uint64_t {80});
        QCOMPARE(told.summary.auditRows, std::uint64_t {1'000});
    }

    void everyRowFitsItsVersionAndIsThereOnce_data() { versions(); }
    void everyRowFitsItsVersionAndIsThereOnce()
    {
        QFETCH(quint64, version);
        const auto& told = toldOf(version);
        const auto schema = catalog::RowSchema::load(version);
        QVERIFY(schema.has_value());
        catalog::RowTyper typer(*schema);
        for (std::size_t i = 0; i < told.rows->size(); ++i) {
            QCOMPARE(told.rows->diffOf(i), std::int64_t {1});
            QVERIFY(typer.read(told.rows->rows[i]).has_value());
            for (const auto& misfit : typer.misfits())
                QVERIFY2(false, (misfit.message + " in " + told.parsed[i].dump()).c_str());
        }
        const auto grouped = catalog::groupByCollection(told.rows, kJob);
        QVERIFY(grouped->undecodable.empty() && grouped->unknownKinds.empty());
        const auto drift = catalog::findDrift(*grouped, *schema, kJob);
        QVERIFY2(drift->empty(), drift->empty() ? "" : drift->front().message.c_str());
        const auto snapshot = catalog::snapshotOf(*grouped, *schema, kJob);
        QVERIFY2(snapshot->problems.empty(),
                 snapshot->problems.empty() ? "" : snapshot->problems.front().message.c_str());
    }

    void whatIsReferredToIsThere_data() { versions(); }
    void whatIsReferredToIsThere()
    {
        QFETCH(quint64, version);
        const auto& told = toldOf(version);
        catalog::RowTyper typer(*catalog::RowSchema::load(version));
        std::set<catalog::Reference> defined;
        std::map<catalog::Reference, std::string> used;
        for (std::size_t i = 0; i < told.rows->size(); ++i) {
            QVERIFY(typer.read(told.rows->rows[i]).has_value());
            const auto references = catalog::referencesOf(typer);
            defined.insert(references.defines.begin(), references.defines.end());
            for (const auto& use : references.uses)
                used.try_emplace(use, told.parsed[i].dump());
        }
        QVERIFY(used.size() > 100);
        for (const auto& [use, by] : used)
            QVERIFY2(defined.contains(use), (catalog::textOf(use) + " is used by " + by).c_str());
    }

    void itemsSayInSqlWhatTheirRowsSay_data() { versions(); }
    void itemsSayInSqlWhatTheirRowsSay()
    {
        QFETCH(quint64, version);
        const auto& told = toldOf(version);
        std::map<std::string, std::string> databases;
        std::map<std::string, std::string> schemas;
        for (const auto& row : ofKind(told, "Database"))
            databases[idOf(row.at("key").at("id"))] = row.at("value").at("name");
        for (const auto& row : ofKind(told, "Schema")) {
            const auto& database = row.at("value").at("database_id");
            if (!database.is_null())
                schemas[idOf(row.at("key").at("id"))] = "\"" + databases.at(idOf(database)) + "\".\""
                    + row.at("value").at("name").get<std::string>() + "\"";
        }
        schemas["User 0"] = "\"mz_temp\"";
        std::map<std::string, std::string> names;
        for (const auto& row : ofKind(told, "Item"))
            names["u" + std::to_string(*numberOf(row.at("key").at("gid"), "User"))] =
                schemas.at(idOf(row.at("value").at("schema_id"))) + ".\""
                + row.at("value").at("name").get<std::string>() + "\"";
        std::set<std::string> types;
        for (const auto& row : ofKind(told, "Item")) {
            const auto sql = createSqlOf(row);
            const auto type = std::string(catalog::itemTypeOf(sql));
            QVERIFY2(!type.empty(), sql.c_str());
            types.insert(type);
            const auto id = "u" + std::to_string(*numberOf(row.at("key").at("gid"), "User"));
            const std::string name = row.at("value").at("name");
            const auto wanted = type == "index" ? "CREATE INDEX \"" + name + "\"" : " " + names.at(id) + " ";
            QVERIFY2(sql.find(wanted) != std::string::npos, (wanted + " in " + sql).c_str());
            // Every reference carries the name that its target has now.
            for (auto at = sql.find("[u"); at != std::string::npos; at = sql.find("[u", at + 1)) {
                const auto end = sql.find(' ', at);
                if (sql.compare(end, 4, " AS ") != 0)
                    continue; // a cluster
                const auto target = sql.substr(at + 1, end - at - 1);
                QVERIFY2(sql.compare(end + 4, names.at(target).size(), names.at(target)) == 0,
                         (target + " in " + sql).c_str());
            }
        }
        for (const auto* type :
             {"table", "source", "view", "materialized view", "index", "sink", "secret", "connection"})
            QVERIFY2(types.contains(type), type);
    }

    void allocatorsAreBeyondEveryId_data() { versions(); }
    void allocatorsAreBeyondEveryId()
    {
        QFETCH(quint64, version);
        const auto& told = toldOf(version);
        std::map<std::string, std::uint64_t> next;
        for (const auto& row : ofKind(told, "IdAlloc"))
            next[row.at("key").at("name")] = row.at("value").at("next_id");
        const auto check = [&](const char* kind, const char* variant, const char* allocator,
                               const char* member = "id") {
            std::size_t looked = 0;
            for (const auto& row : ofKind(told, kind)) {
                const auto number = numberOf(row.at("key").at(member), variant);
                if (!number)
                    continue;
                ++looked;
                QVERIFY2(*number < next.at(allocator), row.dump().c_str());
            }
            QVERIFY2(looked > 0, kind);
        };
        check("Item", "User", "user", "gid");
        check("Database", "User", "database");
        check("Schema", "User", "schema");
        check("Role", "User", "user_role");
        check("Cluster", "User", "user_compute");
        check("Cluster", "System", "system_compute");
        check("ClusterReplica", "User", "replica");
        check("ClusterReplica", "System", "system_replica");
        check("NetworkPolicy", "User", "user_network_policy");
        check("StorageCollectionMetadata", "User", "user");
        check("StorageCollectionMetadata", "System", "system");

        // Audit events are numbered without a gap.
        std::set<std::uint64_t> events;
        for (const auto& row : ofKind(told, "AuditLog"))
            events.insert(eventOf(row).at("id").get<std::uint64_t>());
        QCOMPARE(*events.begin(), std::uint64_t {1});
        QCOMPARE(*events.rbegin(), std::uint64_t {1'000});
        QCOMPARE(events.size(), std::size_t {1'000});
        QCOMPARE(next.at("auditlog"), std::uint64_t {1'001});

        std::set<std::uint64_t> oids;
        for (const auto& row : told.parsed) {
            if (!row.contains("value") || !row.at("value").contains("oid"))
                continue;
            const std::uint64_t oid = row.at("value").at("oid");
            QVERIFY2(oids.insert(oid).second, row.dump().c_str());
            QVERIFY2(oid < next.at("oid"), row.dump().c_str());
        }
        QVERIFY(oids.size() > 200);
    }

    void everyShardBelongsToOneThing_data() { versions(); }
    void everyShardBelongsToOneThing()
    {
        QFETCH(quint64, version);
        const auto& told = toldOf(version);
        std::set<std::string> shards;
        std::set<std::string> owners;
        const auto take = [&](const json& shard) {
            const std::string text = shard;
            QVERIFY2(ShardId::parse(text).has_value(), text.c_str());
            QVERIFY2(shards.insert(text).second, text.c_str());
        };
        for (const auto& row : ofKind(told, "StorageCollectionMetadata")) {
            take(row.at("value").at("shard"));
            owners.insert(idOf(row.at("key").at("id")));
        }
        for (const auto& row : ofKind(told, "UnfinalizedShard"))
            take(row.at("key").at("shard"));
        QVERIFY(!ofKind(told, "UnfinalizedShard").empty());
        QCOMPARE(ofKind(told, "TxnWalShard").size(), std::size_t {1});
        take(ofKind(told, "TxnWalShard").front().at("value").at("shard"));
        for (const auto& row : ofKind(told, "Item")) {
            const auto type = catalog::itemTypeOf(createSqlOf(row));
            const bool holdsData = type == "table" || type == "source" || type == "materialized view";
            QCOMPARE(owners.contains(idOf(row.at("value").at("global_id"))), holdsData);
        }
    }

    void commentsCallThingsWhatTheyAre_data() { versions(); }
    void commentsCallThingsWhatTheyAre()
    {
        QFETCH(quint64, version);
        const auto& told = toldOf(version);
        std::map<std::string, std::string> types;
        for (const auto& row : ofKind(told, "Item"))
            types[idOf(row.at("key").at("gid"))] = std::string(catalog::itemTypeOf(createSqlOf(row)));
        const std::map<std::string, std::string> targets {
            {"Table", "table"}, {"View", "view"}, {"MaterializedView", "materialized view"}, {"Source", "source"}};
        std::size_t looked = 0;
        for (const auto& row : ofKind(told, "Comment")) {
            const auto& object = row.at("key").at("object");
            const auto target = targets.find(object.begin().key());
            if (target == targets.end())
                continue;
            ++looked;
            QCOMPARE(types.at(idOf(object.begin().value())), target->second);
        }
        QVERIFY(looked > 5);
    }

    void everyCollectionHasSomething_data() { versions(); }
    void everyCollectionHasSomething()
    {
        QFETCH(quint64, version);
        const auto grouped = catalog::groupByCollection(toldOf(version).rows, kJob);
        const auto schema = catalog::RowSchema::load(version);
        for (const auto& collection : catalog::collections()) {
            if ((*schema)->has(collection.type))
                QVERIFY2(!grouped->of(collection.type).empty(), std::string(collection.name).c_str());
        }
    }

    void theAuditLogTellsOfEverything_data() { versions(); }
    void theAuditLogTellsOfEverything()
    {
        QFETCH(quint64, version);
        const auto& told = toldOf(version);
        std::set<std::string> variants;
        std::set<int> objects;
        std::set<int> types;
        std::map<std::uint64_t, std::uint64_t> times;
        for (const auto& row : ofKind(told, "AuditLog")) {
            const auto& event = eventOf(row);
            variants.insert(event.at("details").begin().key());
            objects.insert(event.at("object_type").get<int>());
            types.insert(event.at("event_type").get<int>());
            times[event.at("id")] = event.at("occurred_at").at("millis");
        }
        QCOMPARE(types, (std::set<int> {1, 2, 3, 4, 5, 6}));
        QVERIFY(objects.size() >= 13);
        for (const auto* variant : {"IdNameV1", "IdFullNameV1", "CreateIndexV1", "CreateMaterializedViewV1",
                                    "CreateSourceSinkV4", "RenameItemV1", "RenameSchemaV1", "RenameClusterV1",
                                    "SchemaV2", "GrantRoleV2", "RevokeRoleV2", "UpdatePrivilegeV1", "UpdateOwnerV1",
                                    "AlterDefaultPrivilegeV1", "SetV1", "DropClusterReplicaV3", "AlterRetainHistoryV1"})
            QVERIFY2(variants.contains(variant), variant);
        QVERIFY(variants.contains(version == 72 ? "CreateClusterReplicaV3" : "CreateClusterReplicaV4"));
        QCOMPARE(variants.contains("CreateRoleV1"), version >= 81);
        QCOMPARE(variants.contains("AlterClusterReconfigurationV1"), version >= 88);
        // Later events are not earlier; what one statement did over a while may overlap with the next by minutes.
        constexpr std::uint64_t kOverlapMs = 5 * 60'000;
        std::uint64_t before = 0;
        for (const auto& [id, time] : times) {
            QVERIFY2(time + kOverlapMs >= before, std::to_string(id).c_str());
            before = std::max(before, time);
        }
        const auto weeks = (before - times.begin()->second) / (7ULL * 24 * 3'600'000);
        QVERIFY2(weeks >= 6 && weeks <= 9, std::to_string(weeks).c_str());
    }

    void commitsLieAtTheirTimes_data() { versions(); }
    void commitsLieAtTheirTimes()
    {
        QFETCH(quint64, version);
        const auto& told = toldOf(version);
        std::map<std::uint64_t, std::uint64_t> latestEvent; // by the commit's time
        const auto parsed = parse(*told.history);
        std::set<std::uint64_t> times;
        for (std::size_t i = 0; i < parsed.size(); ++i) {
            const auto time = told.history->timeOf(i);
            times.insert(time);
            if (parsed[i].at("kind") == "AuditLog")
                latestEvent[time] =
                    std::max<std::uint64_t>(latestEvent[time], eventOf(parsed[i]).at("occurred_at").at("millis"));
        }
        QVERIFY2(version == 72 || times.size() > 80, std::to_string(times.size()).c_str());
        for (const auto& [time, event] : latestEvent) {
            if (time > 1'000'000'000'000)
                QVERIFY2(event <= time, std::to_string(time).c_str());
            else
                QVERIFY(version == 72 || time < 10); // what opening wrote
        }
    }

    void itWasOpenedByFiveEpochsAndThreeGenerations_data() { versions(); }
    void itWasOpenedByFiveEpochsAndThreeGenerations()
    {
        QFETCH(quint64, version);
        const auto& told = toldOf(version);
        QCOMPARE(told.summary.deployGeneration, std::uint64_t {2});
        // First opening, restart, deployment, repair by hand, restart, deployment.
        QCOMPARE(told.summary.epoch, std::int64_t {7});
        const auto tokens = ofKind(told, "FenceToken");
        QCOMPARE(tokens.size(), std::size_t {1});
        QCOMPARE(tokens.front().at("epoch").get<int>(), 7);
        if (version == 72)
            return; // compaction has merged the earlier ones
        std::set<std::pair<int, int>> taken;
        const auto parsed = parse(*told.history);
        for (std::size_t i = 0; i < parsed.size(); ++i) {
            if (parsed[i].at("kind") == "FenceToken" && told.history->diffOf(i) == 1)
                taken.emplace(parsed[i].at("deploy_generation"), parsed[i].at("epoch"));
        }
        QCOMPARE(taken, (std::set<std::pair<int, int>> {{0, 2}, {0, 3}, {1, 4}, {1, 5}, {1, 6}, {2, 7}}));
    }

    void neitherFencedNorRehearsedChangesAreInIt_data() { versions(); }
    void neitherFencedNorRehearsedChangesAreInIt()
    {
        QFETCH(quint64, version);
        const auto& told = toldOf(version);
        for (const auto& row : told.history->rows) {
            QVERIFY(row.bytes().find("never seen") == std::string_view::npos);
            QVERIFY(row.bytes().find("rehearsal") == std::string_view::npos);
        }
        // The debug edit is: nobody but the audit log missed it.
        const auto parameters = ofKind(told, "ServerConfiguration");
        QVERIFY(std::any_of(parameters.begin(), parameters.end(), [](const json& row) {
            return row.at("key").at("name") == "max_connections" && row.at("value").at("value") == "5000";
        }));
    }

    void temporaryItemsAreThereFromV91On()
    {
        for (const auto& row : ofKind(toldOf(92), "Item")) {
            const bool isTemporary = idOf(row.at("value").at("schema_id")) == "User 0";
            QCOMPARE(row.at("value").at("ephemeral_owner_session").is_null(), !isTemporary);
        }
    }

    void theSameOptionsMakeTheSameBytes_data() { versions(); }
    void theSameOptionsMakeTheSameBytes()
    {
        QFETCH(quint64, version);
        const auto again = tell(optionsOf(version));
        QVERIFY2(again.has_value(), again ? "" : again.error().describe().c_str());
        const auto& first = *toldOf(version).content;
        QVERIFY(again->content->versions == first.versions);
        QCOMPARE(again->content->blobs.size(), first.blobs.size());
        for (const auto& [key, bytes] : first.blobs) {
            const auto same = again->content->blobs.find(key);
            QVERIFY2(same != again->content->blobs.end(), key.c_str());
            const auto a = bytes.view();
            const auto b = same->second.view();
            QVERIFY2(std::equal(a.begin(), a.end(), b.begin(), b.end()), key.c_str());
        }
        auto other = optionsOf(version);
        other.seed = 8;
        const auto different = tell(other);
        QVERIFY(different.has_value());
        QVERIFY(different->summary.shardId != again->summary.shardId);
    }

    void aLargerOneGrowsAllAtOnce()
    {
        demo::DemoOptions options;
        options.items = 2'500;
        options.auditRows = 24'000;
        const auto told = tell(options);
        QVERIFY2(told.has_value(), told ? "" : told.error().describe().c_str());
        QCOMPARE(ofKind(*told, "Item").size(), std::size_t {2'500});
        QCOMPARE(ofKind(*told, "AuditLog").size(), std::size_t {24'000});
        std::map<std::uint64_t, std::size_t> updates;
        for (std::size_t i = 0; i < told->history->size(); ++i)
            ++updates[told->history->timeOf(i)];
        const auto largest = std::max_element(updates.begin(), updates.end(),
                                              [](const auto& a, const auto& b) { return a.second < b.second; });
        QVERIFY2(largest->second > 15'000, std::to_string(largest->second).c_str());
        QVERIFY(updates.size() > 200);
    }

    void thereIsNoDemoOfOtherOptions_data()
    {
        QTest::addColumn<quint64>("version");
        QTest::addColumn<quint64>("items");
        QTest::addColumn<quint64>("auditRows");
        QTest::addColumn<QString>("message");
        QTest::newRow("version") << quint64 {81} << quint64 {300} << quint64 {3000} << "catalog version 81";
        QTest::newRow("too few items") << quint64 {92} << quint64 {3} << quint64 {3000} << "60 to ";
        QTest::newRow("too few events") << quint64 {92} << quint64 {300} << quint64 {300} << "1075 to ";
        QTest::newRow("far too many") << quint64 {92} << quint64 {300} << quint64 {1'000'000'000'000} << "50000000";
    }
    void thereIsNoDemoOfOtherOptions()
    {
        QFETCH(quint64, version);
        QFETCH(quint64, items);
        QFETCH(quint64, auditRows);
        QFETCH(QString, message);
        const auto checked = demo::checkOptions({1, version, items, auditRows});
        QVERIFY(!checked.has_value());
        QCOMPARE(checked.error().code, ErrorCode::InvalidInput);
        QVERIFY2(checked.error().message.find(message.toStdString()) != std::string::npos,
                 checked.error().message.c_str());
    }

    void aFileThatIsThereStaysAsItIs()
    {
        const QTemporaryDir folder;
        const auto path = folder.filePath("demo.mzcat");
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("mine");
        file.close();
        const auto written = demo::writeDemoFile(path.toStdString(), optionsOf(92), kJob);
        QVERIFY(!written.has_value());
        QCOMPARE(written.error().code, ErrorCode::Conflict);
        QVERIFY(file.open(QIODevice::ReadOnly));
        QCOMPARE(file.readAll(), QByteArray("mine"));
        QCOMPARE(QDir(folder.path()).entryList(QDir::AllEntries | QDir::Hidden | QDir::NoDotAndDotDot).size(), 1);
    }

    void aStopLeavesNothingBehind()
    {
        const QTemporaryDir folder;
        std::stop_source stop;
        const Job job(stop.get_token(), [&](std::uint64_t done, std::uint64_t total) {
            if (total > 0 && done * 2 > total)
                stop.request_stop();
        });
        const auto written = demo::writeDemoFile(folder.filePath("demo.mzcat").toStdString(), optionsOf(92), job);
        QVERIFY(!written.has_value());
        QCOMPARE(written.error().code, ErrorCode::Cancelled);
        QVERIFY(QDir(folder.path()).isEmpty());
    }

    void aFolderThatIsNotThereIsNamed()
    {
        const auto written = demo::writeDemoFile("/nowhere/at/all/demo.mzcat", optionsOf(92), kJob);
        QVERIFY(!written.has_value());
        QVERIFY2(written.error().describe().find("/nowhere/at/all") != std::string::npos,
                 written.error().describe().c_str());
    }
};

QTEST_APPLESS_MAIN(TestDemoCatalog)
#include "tst_demo_catalog.moc"
