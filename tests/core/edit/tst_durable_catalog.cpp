#include "core/catalog/consolidate.h"
#include "core/catalog/pretty.h"
#include "core/codec/row_codec.h"
#include "core/edit/write_guard.h"
#include "core/machine/shard_writer.h"
#include "core/persist/shard_reader.h"
#include "tests/core/edit/catalog_story.h"
#include "tests/support/fixture.h"

#include <QFile>
#include <QTemporaryDir>
#include <QtTest>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <stop_token>

using namespace inspector;
using namespace inspector::test;
using catalog::CollectionType;

namespace {

const Job kJob;

QString text(const std::string& text)
{
    return QString::fromStdString(text);
}

template <typename T>
QString outcome(const Result<T>& result)
{
    return text(outcomeOf(result));
}

/// What the shard's log tells, step by step, without names of machines and numbers of releases.
Result<std::vector<std::string>> stepsOf(const store::Stores& stores, const ShardId& shard)
{
    persist::ShardReader reader(*stores.consensus, *stores.blob, shard);
    INSPECTOR_TRY(const auto log, reader.log(kJob));
    std::vector<std::string> steps;
    for (const auto& step : log.steps)
        steps.push_back("v" + std::to_string(step.seqno.value()) + " since " + persist::textOf(step.since) + " upper "
                        + persist::textOf(step.upper) + ": " + step.change);
    return steps;
}

/// Every row of a shard with its bytes; those that are drawn at random by their names only.
Result<std::multiset<std::string>> bytesOf(const store::Stores& stores, const ShardId& shard)
{
    persist::ShardReader reader(*stores.consensus, *stores.blob, shard);
    INSPECTOR_TRY(const auto snapshot, reader.latestSnapshot(kJob));
    INSPECTOR_TRY(const auto rows, catalog::consolidate(snapshot.updates, kJob));
    std::multiset<std::string> bytes;
    for (const auto& row : rows->rows) {
        INSPECTOR_TRY(const auto json, codec::canonicalJson(row));
        const bool isDrawn = json.find("builtin_migration_shard") != std::string::npos
            || json.find("expression_cache_shard") != std::string::npos
            || json.find("mock_authentication_nonce") != std::string::npos;
        INSPECTOR_TRY(const auto stored, codec::sourceDataOf(row));
        bytes.insert(isDrawn ? json.substr(0, json.find("\"value\"")) : std::string(textOf(BytesView(stored))));
    }
    return bytes;
}

/// Sets a system configuration, and says so in the audit log, in one transaction.
Result<Timestamp> change(edit::DurableCatalog& catalog, const std::string& name, const std::string& value,
                         bool isAudited)
{
    INSPECTOR_TRY(auto transaction, catalog.transaction(kJob));
    INSPECTOR_CHECK(transaction.set(CollectionType::SystemConfiguration, "{\"name\":\"" + name + "\"}",
                                    value.empty() ? std::nullopt
                                                  : std::optional<std::string_view>("{\"value\":\"" + value + "\"}")));
    if (isAudited) {
        INSPECTOR_TRY(const auto ids, transaction.allocateIds("auditlog", 1));
        INSPECTOR_CHECK(
            transaction.insertAuditEvent(R"({"event":{"V1":{"id":)" + std::to_string(ids.front())
                                         + R"(,"event_type":1,"object_type":4,"user":null,"occurred_at":{"millis":5},)"
                                           R"("details":{"IdNameV1":{"id":"u1","name":"materialize"}}}}})"));
    }
    static_cast<void>(transaction.takeOpUpdates());
    return catalog.commit(std::move(transaction), std::nullopt, kJob);
}

constexpr const char* kRoleAuthKey = R"({"id":{"User":1}})";

std::string passwordOf(const std::string& hash)
{
    return R"({"password_hash":")" + hash + R"(","updated_at":{"millis":5}})";
}

/// The system configurations as a higher layer has them that hears nothing but updates.
class Listener
{
public:
    void hear(const std::vector<catalog::MemoryUpdate>& updates)
    {
        for (const auto& update : updates) {
            if (update.type == CollectionType::AuditLog)
                m_events.insert(update.key);
            if (update.type != CollectionType::SystemConfiguration)
                continue;
            m_rows[{update.key, update.value}] += update.diff;
            std::erase_if(m_rows, [](const auto& row) { return row.second == 0; });
        }
    }
    [[nodiscard]] std::string text() const
    {
        std::string text;
        for (const auto& [row, sum] : m_rows)
            text += row.first + " " + row.second + " " + std::to_string(sum) + "\n";
        return text;
    }
    [[nodiscard]] static std::string textOf(const catalog::CatalogSnapshot& snapshot)
    {
        std::string text;
        for (const auto& [key, row] : snapshot.of(CollectionType::SystemConfiguration))
            text += key + " " + row.value + " 1\n";
        return text;
    }
    [[nodiscard]] const std::multiset<std::string>& events() const { return m_events; }

private:
    std::map<std::pair<std::string, std::string>, std::int64_t> m_rows;
    std::multiset<std::string> m_events;
};

} // namespace

#define SUCCEEDS(call)                                                                                                 \
    do {                                                                                                               \
        const auto& answer_ = (call);                                                                                  \
        QVERIFY2(answer_.has_value(), qPrintable(outcome(answer_)));                                                   \
    } while (false)
#define REFUSED(result, message) QCOMPARE(outcome(result), QString(message))
#define HEALTHY(story) QCOMPARE(text((story).audit()), QString())

class TestDurableCatalog : public QObject
{
    Q_OBJECT

    static void eras()
    {
        QTest::addColumn<quint64>("version");
        for (const auto version : {72, 82, 92})
            QTest::addRow("version %d", version) << quint64(version);
    }

private slots:
    void aNewCatalogIsTheReferences_data()
    {
        QTest::addColumn<quint64>("version");
        QTest::addColumn<QString>("shard");
        QTest::addColumn<QString>("organization");
        QTest::addColumn<int>("steps");
        QTest::newRow("old") << quint64(72) << "old-fresh"
                             << "1b6e7a52-9a1e-4f6b-8f0a-2d1f6f3c9a01" << 9;
        QTest::newRow("new") << quint64(82) << "new-fresh"
                             << "2b6e7a52-9a1e-4f6b-8f0a-2d1f6f3c9a11" << 13;
    }
    void aNewCatalogIsTheReferences()
    {
        QFETCH(quint64, version);
        QFETCH(QString, shard);
        QFETCH(QString, organization);
        QFETCH(int, steps);
        Story story(version, Place::inMemory());
        auto arguments = story.arguments();
        arguments.bootstrapRole = "ops@example.com";
        arguments.initialTsMs = 1731500000000;
        arguments.contentVersion.clear(); // the build's
        const auto catalog = std::move(**story.construct()).open(arguments, kJob);
        SUCCEEDS(catalog);
        SUCCEEDS((*catalog)->expire(kJob));
        const auto ours = story.place().openForReading();

        const auto file = shardFile(shard.toStdString());
        SUCCEEDS(file);
        const auto theirs = store::openStores(store::Location::ofCatalogFile(*file), nullptr, kJob);
        SUCCEEDS(theirs);
        const auto theirShard = wellKnownShard(organization.toStdString(), WellKnownShard::Catalog);

        // Everything up to the maintenance that the reference's background tasks do.
        auto ourSteps = stepsOf(*ours, story.shard());
        SUCCEEDS(ourSteps);
        auto theirSteps = stepsOf(*theirs, theirShard);
        SUCCEEDS(theirSteps);
        for (int i = 0; i < steps; ++i)
            QCOMPARE(text(ourSteps->at(static_cast<std::size_t>(i))),
                     text(theirSteps->at(static_cast<std::size_t>(i))));
        const auto ourBytes = bytesOf(*ours, story.shard());
        SUCCEEDS(ourBytes);
        const auto theirBytes = bytesOf(*theirs, theirShard);
        SUCCEEDS(theirBytes);
        QVERIFY(*ourBytes == *theirBytes);
        QVERIFY(story.state()->schemas
                == persist::ShardReader(*theirs->consensus, *theirs->blob, theirShard).refresh(kJob).value()->schemas);
        HEALTHY(story);
    }

    void expiringLeavesTheCriticalReaderOnly_data() { eras(); }
    void expiringLeavesTheCriticalReaderOnly()
    {
        QFETCH(quint64, version);
        Story story(version, Place::inMemory());
        const auto catalog = story.open();
        SUCCEEDS(catalog);
        const auto before = story.state();
        QCOMPARE(before->writers.size(), std::size_t(1));
        QCOMPARE(before->leasedReaders.size(), std::size_t(1));
        SUCCEEDS((*catalog)->expire(kJob));
        const auto after = story.state();
        QVERIFY(after->writers.empty());
        QVERIFY(after->leasedReaders.empty());
        QCOMPARE(after->criticalReaders.size(), before->criticalReaders.size());
        QVERIFY(!change(**catalog, "a", "1", false));
        HEALTHY(story);
    }

    void aFencedHandleMayStillGiveBackItsLeases()
    {
        Story story(92, Place::inMemory());
        const auto first = story.open();
        SUCCEEDS(first);
        const auto second = story.open();
        SUCCEEDS(second);
        QVERIFY(!(*first)->snapshot(kJob));
        SUCCEEDS((*first)->expire(kJob));
        const auto state = story.state();
        QCOMPARE(state->writers.size(), std::size_t(1));
        QCOMPARE(state->leasedReaders.size(), std::size_t(1));
        SUCCEEDS((*second)->confirmLeadership(kJob));
    }

    void sinceFollowsTheUpperEveryHalfMinute()
    {
        Story story(72, Place::inMemory());
        const auto catalog = story.open();
        SUCCEEDS(catalog);
        const auto since = [&] {
            return story.state()->criticalReaders.at("c00000000-1111-2222-3333-444444444444").since->value();
        };
        const auto afterOpen = since();
        QCOMPARE(afterOpen, quint64(1)); // of the fencing append; the next one came too soon
        SUCCEEDS(change(**catalog, "a", "1", false));
        story.clock().advance(29'000);
        SUCCEEDS(change(**catalog, "a", "2", false));
        QCOMPARE(since(), afterOpen);
        story.clock().advance(2'000);
        SUCCEEDS(change(**catalog, "a", "3", false));
        QCOMPARE(since(), (*catalog)->upper().value() - 1);
        const auto moved = since();
        SUCCEEDS(change(**catalog, "a", "4", false));
        QCOMPARE(since(), moved);
    }

    void aCatalogOfAnotherVersionIsRefusedBeforeAnybodyIsFenced_data()
    {
        QTest::addColumn<quint64>("version");
        QTest::addColumn<quint64>("openedAs");
        QTest::addColumn<QString>("message");
        QTest::newRow("older, would be migrated")
            << quint64(82) << quint64(84)
            << "the catalog is of version 82 and build 26.26.0 works with 84: it would have to be migrated (82 to 83, "
               "83 "
               "to 84), which only the real system does; open it as a build of its own version";
        QTest::newRow("newer")
            << quint64(82) << quint64(81)
            << "the catalog is of version 82, newer than the 81 of build 26.39.0: open it as a newer "
               "build";
        QTest::newRow("older than the build migrates")
            << quint64(72) << quint64(92) << "incompatible Catalog version 72, minimum: 74, current: 92";
    }
    void aCatalogOfAnotherVersionIsRefusedBeforeAnybodyIsFenced()
    {
        QFETCH(quint64, version);
        QFETCH(quint64, openedAs);
        QFETCH(QString, message);
        Story story(version, Place::inMemory());
        const auto writer = story.open();
        SUCCEEDS(writer);
        auto options = story.options();
        options.build = *catalog::buildOfCatalogVersion(openedAs);
        if (openedAs < version)
            options.build.version = "26.39.0"; // so that no other gate comes first
        if (version == 72)
            options.build.version = "0.126.0";
        options.build.hasUpgradeShard = version == 72;
        const auto unopened = story.construct(options);
        SUCCEEDS(unopened);
        const auto opened = std::move(**unopened).open(story.arguments(), kJob);
        REFUSED(opened, message);
        QCOMPARE(opened.error().code, ErrorCode::Unsupported);
        const auto reading = story.constructReading(options);
        SUCCEEDS(reading);
        REFUSED(std::move(**reading).openSavepoint(story.arguments(), kJob), message);
        SUCCEEDS((*writer)->confirmLeadership(kJob));
        QCOMPARE((*writer)->epoch().value(), qint64(2));
        HEALTHY(story);
    }

    void aReadOnlyOpenDecodesWithItsOwnTypes()
    {
        Story story(82, Place::inMemory());
        SUCCEEDS(story.open());
        auto options = story.options();
        options.build = *catalog::buildOfCatalogVersion(83); // the same types
        const auto same = std::move(**story.constructReading(options)).openReadOnly(story.arguments(), kJob);
        SUCCEEDS(same);
        options.build = *catalog::buildOfCatalogVersion(92);
        const auto other = std::move(**story.constructReading(options)).openReadOnly(story.arguments(), kJob);
        QVERIFY(!other);
        QCOMPARE(other.error().code, ErrorCode::Corrupt);
        QVERIFY2(outcome(other).startsWith("kind decoding error: a row of kind Cluster"), qPrintable(outcome(other)));
    }

    void aReadOnlyHandleShowsItsContentVersionUntilTheShardSaysOtherwise()
    {
        Story story(92, Place::inMemory());
        auto writer = story.open();
        SUCCEEDS(writer);
        auto arguments = story.arguments();
        arguments.contentVersion = "26.39.0";
        const auto reader = std::move(**story.constructReading(std::nullopt)).openReadOnly(arguments, kJob);
        SUCCEEDS(reader);
        const auto versionSeen = [&] {
            const auto snapshot = (*reader)->snapshot(kJob);
            return snapshot
                ? text(snapshot->of(CollectionType::Setting).at(R"({"name":"catalog_content_version"})")->value)
                : outcome(snapshot);
        };
        QCOMPARE(versionSeen(), QString(R"({"value":"26.39.0"})"));
        const auto setVersion = [&](const char* version) -> Result<> {
            INSPECTOR_TRY(auto transaction, (*writer)->transaction(kJob));
            INSPECTOR_CHECK(transaction.set(CollectionType::Setting, R"({"name":"catalog_content_version"})",
                                            std::string("{\"value\":\"") + version + "\"}"));
            static_cast<void>(transaction.takeOpUpdates());
            INSPECTOR_CHECK((*writer)->commit(std::move(transaction), std::nullopt, kJob));
            return {};
        };
        for (const auto* version : {"0.1.0", "26.39.0", "26.39.1"}) {
            SUCCEEDS(setVersion(version));
            QCOMPARE(versionSeen(), text(std::string("{\"value\":\"") + version + "\"}"));
        }
        QVERIFY((*reader)->problems().empty());
    }

    void itemsOfASessionGoWhenTheCatalogIsOpened()
    {
        Story story(92, Place::inMemory());
        {
            const auto writer = story.open();
            SUCCEEDS(writer);
            const auto item = [](const std::string& session, const std::string& id) {
                return std::pair(std::string(R"({"gid":{"User":)") + id + "}}",
                                 R"x({"schema_id":{"User":3},"name":"t)x" + id
                                     + R"x(","definition":{"V1":{"create_sql":"CREATE TABLE t (a int)"}},)x"
                                     + R"x("owner_id":{"User":1},"privileges":[],"oid":5000)x" + id
                                     + R"x(,"global_id":{"User":)x" + id
                                     + R"x(},"extra_versions":[],"ephemeral_owner_session":)x" + session + "}");
            };
            auto transaction = (*writer)->transaction(kJob);
            SUCCEEDS(transaction);
            for (const auto& [key, value] : {item("null", "1"), item("\"00000000-0000-0000-0000-000000000001\"", "2")})
                SUCCEEDS(transaction->insert(CollectionType::Item, key, value));
            static_cast<void>(transaction->takeOpUpdates());
            SUCCEEDS((*writer)->commit(*std::move(transaction), std::nullopt, kJob));
            QCOMPARE((*writer)->snapshot(kJob)->of(CollectionType::Item).size(), std::size_t(2));
        }
        const auto reader = story.openReadOnly();
        SUCCEEDS(reader);
        QCOMPARE((*reader)->snapshot(kJob)->of(CollectionType::Item).size(), std::size_t(2));
        const auto again = story.open();
        SUCCEEDS(again);
        QCOMPARE((*again)->snapshot(kJob)->of(CollectionType::Item).size(), std::size_t(1));
        HEALTHY(story);
    }

    void aCommitMustBeOfThisMoment_data() { eras(); }
    void aCommitMustBeOfThisMoment()
    {
        QFETCH(quint64, version);
        Story story(version, Place::inMemory());
        const auto catalog = story.open();
        SUCCEEDS(catalog);
        auto early = (*catalog)->transaction(kJob);
        SUCCEEDS(early);
        SUCCEEDS(change(**catalog, "a", "1", false));
        REFUSED((*catalog)->commit(*std::move(early), std::nullopt, kJob),
                version == 92 ? "the handle was mutated mid-transaction"
                              : "only one transaction at a time is supported");
        auto unconsumed = (*catalog)->transaction(kJob);
        SUCCEEDS(unconsumed);
        SUCCEEDS(unconsumed->insert(CollectionType::SystemConfiguration, R"({"name":"b"})", R"({"value":"1"})"));
        const auto refused = (*catalog)->commit(*std::move(unconsumed), std::nullopt, kJob);
        QVERIFY(outcome(refused).startsWith("unconsumed transaction updates: 1"));
        HEALTHY(story);
    }

    void commitTimesFollowTheEra_data() { eras(); }
    void commitTimesFollowTheEra()
    {
        QFETCH(quint64, version);
        Story story(version, Place::inMemory());
        const auto catalog = story.open();
        SUCCEEDS(catalog);
        const auto commitAt = [&](std::uint64_t time) {
            auto transaction = (*catalog)->transaction(kJob);
            return (*catalog)->commit(*std::move(transaction), Timestamp(time), kJob);
        };
        const auto upper = (*catalog)->upper().value();
        const auto next = commitAt(1'700'000'000'000);
        SUCCEEDS(next);
        if (version == 72) {
            QCOMPARE(next->value(), upper + 1);
            return;
        }
        QCOMPARE(next->value(), quint64(1'700'000'000'001));
        const auto late = commitAt(5);
        if (version == 82) {
            REFUSED(late, "expected commit ts, 5, to be greater than or equal to upper, 1700000000001");
        } else {
            SUCCEEDS(late);
            QCOMPARE(late->value(), quint64(1'700'000'000'002));
        }
        QVERIFY(!commitAt(UINT64_MAX));
        HEALTHY(story);
    }

    void olderErasStopAtAMismatchThatNoTokenExplains_data()
    {
        QTest::addColumn<quint64>("version");
        QTest::newRow("version 72") << quint64(72);
        QTest::newRow("version 82") << quint64(82);
    }
    void olderErasStopAtAMismatchThatNoTokenExplains()
    {
        QFETCH(quint64, version);
        Story story(version, Place::inMemory());
        const auto catalog = story.open();
        SUCCEEDS(catalog);
        auto transaction = (*catalog)->transaction(kJob);
        SUCCEEDS(transaction);
        auto stores = story.place().open();
        machine::Profile profile;
        profile.era = version == 72 ? machine::Era::Old : machine::Era::New;
        profile.buildVersion = story.options().build.version;
        RandomIdSource ids;
        machine::ShardWriter writer(*stores->consensus, *stores->blob, story.shard(), profile, story.clock(), ids);
        const auto upper = (*catalog)->upper();
        const auto permit = edit::WriteGuard(catalog::Mode::Writable, std::nullopt).permit(upper);
        SUCCEEDS(writer.compareAndAppend(*permit, {upper, upper.next(), {}}, kJob));
        const auto committed = (*catalog)->commit(*std::move(transaction), std::nullopt, kJob);
        REFUSED(committed,
                text("unexpected upper mismatch: expected catalog upper " + std::to_string(upper.value())
                     + " did not match actual catalog upper " + std::to_string(upper.value() + 1)));
        QCOMPARE(committed.error().code, ErrorCode::Conflict);
        if (version == 72) {
            REFUSED((*catalog)->advanceUpper(Timestamp(100), kJob),
                    "build 0.125.0 does not advance the upper by itself");
            REFUSED((*catalog)->ensureNotOutOfSync(upper, kJob), "build 0.125.0 does not ask for unapplied updates");
            REFUSED((*catalog)->markBootstrapComplete(kJob), "build 0.125.0 does not mark its bootstrap");
        }
    }

    void afterTheBootstrapNobodyDrawsSystemIds()
    {
        Story story(92, Place::inMemory());
        const auto catalog = story.open();
        SUCCEEDS(catalog);
        SUCCEEDS((*catalog)->allocateIds("system", 2, std::nullopt, kJob));
        const auto before = story.state()->seqno;
        SUCCEEDS((*catalog)->markBootstrapComplete(kJob));
        QVERIFY(story.state()->seqno > before);
        QCOMPARE(text(story.state()->applierVersion), text(story.options().build.version));
        const auto refused = (*catalog)->allocateIds("system", 1, std::nullopt, kJob);
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::Internal);
        QCOMPARE((*catalog)->allocateIds("user", 2, std::nullopt, kJob)->back(), quint64(2));
        QVERIFY((*catalog)->allocateIds("user", 0, std::nullopt, kJob)->empty());
        REFUSED((*catalog)->allocateIds("nobody", 1, std::nullopt, kJob), "nobody id allocator missing");
    }

    void anIdIsDrawnOnce()
    {
        Story story(92, Place::inMemory());
        const auto catalog = story.open();
        SUCCEEDS(catalog);
        std::set<std::uint64_t> seen;
        for (int i = 0; i < 20; ++i) {
            const auto ids = (*catalog)->allocateIds("user", 3, std::nullopt, kJob);
            SUCCEEDS(ids);
            for (const auto id : *ids)
                QVERIFY(seen.insert(id).second);
        }
        QCOMPARE((*catalog)->nextId("user", kJob).value_or(0), quint64(61));
        HEALTHY(story);
    }

    void aSnapshotStaysAsItWasTaken()
    {
        Story story(92, Place::inMemory());
        const auto catalog = story.open();
        SUCCEEDS(catalog);
        SUCCEEDS(change(**catalog, "a", "1", false));
        const auto before = (*catalog)->snapshot(kJob);
        SUCCEEDS(change(**catalog, "a", "2", false));
        SUCCEEDS(change(**catalog, "b", "1", false));
        QCOMPARE(text(Listener::textOf(*before)), QString("{\"name\":\"a\"} {\"value\":\"1\"} 1\n"));
    }

    void auditEventsComeByTheirIds_data() { eras(); }
    void auditEventsComeByTheirIds()
    {
        QFETCH(quint64, version);
        Story story(version, Place::inMemory());
        const auto catalog = story.open();
        SUCCEEDS(catalog);
        for (int i = 0; i < 5; ++i)
            SUCCEEDS(change(**catalog, "a", std::to_string(i), true));
        const auto reader = story.openReadOnly();
        SUCCEEDS(reader);
        for (auto* each : {catalog->get(), reader->get()}) {
            const auto events = each->auditLogs(kJob);
            SUCCEEDS(events);
            QCOMPARE(events->size(), std::size_t(17));
            for (std::size_t i = 0; i < events->size(); ++i)
                QVERIFY(events->at(i).find("\"id\":" + std::to_string(i + 1) + ",") != std::string::npos);
        }
    }

    /// A commit is one compare-and-set, and asks once beforehand what is new; a follower asks once.
    void aCommitCostsOneCompareAndSet()
    {
        Story story(92, Place::inMemory());
        const auto plan = std::make_shared<store::FaultPlan>();
        const auto catalog = story.open(0, plan);
        SUCCEEDS(catalog);
        const auto reader = story.openReadOnly();
        SUCCEEDS(reader);
        plan->byKind.clear();
        for (int i = 0; i < 4; ++i) // so few that there is nothing to compact
            SUCCEEDS(change(**catalog, "a", std::to_string(i), true));
        QCOMPARE(plan->byKind[store::StoreCall::CompareAndSet], std::size_t(4));
        QCOMPARE(plan->byKind[store::StoreCall::Scan] + plan->byKind[store::StoreCall::Head], std::size_t(4));
        // Each withdraws what the one before set.
        QCOMPARE((*reader)->syncToCurrentUpdates(kJob)->size(), std::size_t(4 + 4 + 3));
        QCOMPARE(text(Listener::textOf(*(*reader)->snapshot(kJob))),
                 text(Listener::textOf(*(*catalog)->snapshot(kJob))));
    }

    /// Compaction, rollups and garbage collection go on under followers of every pace; each hears everything once.
    void followersSurviveMaintenance_data()
    {
        QTest::addColumn<quint64>("version");
        QTest::addColumn<int>("pace");
        for (const auto version : {72, 92})
            for (const int pace : {1, 7, 40, 150, 600})
                QTest::addRow("version %d, every %d commits", version, pace) << quint64(version) << pace;
    }
    void followersSurviveMaintenance()
    {
        QFETCH(quint64, version);
        QFETCH(int, pace);
        Story story(version, Place::inMemory());
        const auto writer = story.open();
        SUCCEEDS(writer);
        const auto reader = story.openReadOnly();
        SUCCEEDS(reader);
        const auto unopened = story.constructReading();
        SUCCEEDS(unopened);
        Listener listener;
        std::mt19937 random(static_cast<unsigned>(pace));
        std::size_t events = 0;
        for (int i = 1; i <= 600; ++i) {
            story.clock().advance(10'000);
            const bool isAudited = random() % 3 == 0;
            events += isAudited ? 1U : 0U;
            const auto name = "v" + std::to_string(random() % 20);
            SUCCEEDS(change(**writer, name, random() % 4 == 0 ? "" : std::to_string(i), isAudited));
            if (i % pace != 0)
                continue;
            const auto updates = (*reader)->syncToCurrentUpdates(kJob);
            SUCCEEDS(updates);
            listener.hear(*updates);
            const auto expected = Listener::textOf(*(*writer)->snapshot(kJob));
            QCOMPARE(text(Listener::textOf(*(*reader)->snapshot(kJob))), text(expected));
            QCOMPARE(text(listener.text()), text(expected));
            QCOMPARE(listener.events().size(), events);
            QCOMPARE((*unopened)->traceConsolidated(kJob)->updates->size(), story.rows()->size());
        }
        QVERIFY((*reader)->problems().empty());
        HEALTHY(story);
        QVERIFY(story.state()->rollups.rbegin()->first > SeqNo(100)); // there was maintenance
    }

    /// Whatever becomes of the reply to a compare-and-set: the handle finds out, and nothing is lost or written twice.
    void lostRepliesAreFoundOut_data()
    {
        QTest::addColumn<quint64>("version");
        QTest::addColumn<int>("moment");
        for (const auto version : {72, 92})
            for (const auto moment : {store::FaultMoment::RequestLost, store::FaultMoment::ReplyLost,
                                      store::FaultMoment::LandsLater, store::FaultMoment::Refused})
                QTest::addRow("version %d, moment %d", version, static_cast<int>(moment))
                    << quint64(version) << static_cast<int>(moment);
    }
    void lostRepliesAreFoundOut()
    {
        QFETCH(quint64, version);
        QFETCH(int, moment);
        Story story(version, Place::inMemory());
        const auto plan = std::make_shared<store::FaultPlan>();
        plan->only = {store::StoreCall::CompareAndSet};
        plan->moment = static_cast<store::FaultMoment>(moment);
        const auto catalog = story.open(0, plan);
        SUCCEEDS(catalog);
        std::map<std::string, std::string> expected;
        for (int i = 0; i < 20; ++i) {
            plan->calls = 0;
            plan->failFrom = i % 3 == 0 ? 1 : 0;
            const auto name = "v" + std::to_string(i % 4);
            const auto value = std::to_string(i);
            const auto committed = change(**catalog, name, value, false);
            plan->failFrom = 0;
            const auto snapshot = (*catalog)->snapshot(kJob);
            SUCCEEDS(snapshot);
            const auto* const row = snapshot->of(CollectionType::SystemConfiguration).at("{\"name\":\"" + name + "\"}");
            const bool landed = row != nullptr && row->value == "{\"value\":\"" + value + "\"}";
            if (committed)
                QVERIFY(landed);
            else if (!committed.error().outcomeUnknown)
                QVERIFY(!landed);
            if (landed)
                expected[name] = value;
            SUCCEEDS((*catalog)->syncToCurrentUpdates(kJob));
        }
        std::string all;
        for (const auto& [name, value] : expected)
            all += "{\"name\":\"" + name + "\"} {\"value\":\"" + value + "\"} 1\n";
        QCOMPARE(text(Listener::textOf(*(*catalog)->snapshot(kJob))), text(all));
        HEALTHY(story);
    }

    /// Each call to consensus fails once, in every way: whatever the answer, the shard holds all of an operation or
    /// none, and the next handle goes on.
    void everyCallMayFail_data()
    {
        QTest::addColumn<quint64>("version");
        QTest::addColumn<int>("moment");
        for (const auto version : {72, 92})
            for (const auto moment :
                 {store::FaultMoment::Refused, store::FaultMoment::RequestLost, store::FaultMoment::ReplyLost})
                QTest::addRow("version %d, moment %d", version, static_cast<int>(moment))
                    << quint64(version) << static_cast<int>(moment);
    }
    void everyCallMayFail()
    {
        QFETCH(quint64, version);
        QFETCH(int, moment);
        std::size_t failures = 0;
        for (std::size_t call = 1;; ++call) {
            Story story(version, Place::inMemory());
            const auto plan = std::make_shared<store::FaultPlan>();
            plan->failFrom = call;
            plan->moment = static_cast<store::FaultMoment>(moment);
            const auto run = [&]() -> Result<> {
                INSPECTOR_TRY(const auto catalog, story.open(0, plan));
                INSPECTOR_CHECK(change(*catalog, "a", "1", true));
                INSPECTOR_CHECK(change(*catalog, "a", "2", true));
                return {};
            };
            const auto outcomeOfRun = run();
            failures += outcomeOfRun ? 0U : 1U;
            if (!outcomeOfRun)
                QCOMPARE(outcomeOfRun.error().code, ErrorCode::Unavailable);
            const bool isThrough = plan->calls < call;
            const auto catalog = story.open();
            SUCCEEDS(catalog);
            HEALTHY(story);
            const auto events = (*catalog)->auditLogs(kJob)->size();
            QVERIFY(events >= 12 && events <= 14);
            const auto now = Listener::textOf(*(*catalog)->snapshot(kJob));
            const auto expected = events == 12
                ? std::string()
                : "{\"name\":\"a\"} {\"value\":\"" + std::to_string(events - 12) + "\"} 1\n";
            QCOMPARE(text(now), text(expected));
            if (outcomeOfRun)
                QCOMPARE(events, std::size_t(14));
            if (isThrough)
                break;
        }
        QVERIFY(failures > 5); // reading is not tried twice
    }

    void aStopIsHeeded()
    {
        Story story(92, Place::inMemory());
        const auto catalog = story.open();
        SUCCEEDS(catalog);
        std::stop_source stop;
        stop.request_stop();
        const Job stopped(stop.get_token());
        const auto snapshot = (*catalog)->snapshot(stopped);
        QVERIFY(!snapshot);
        QCOMPARE(snapshot.error().code, ErrorCode::Cancelled);
        SUCCEEDS(change(**catalog, "a", "1", false));
        HEALTHY(story);
    }

    void theOldErasSecondShardGuardsAndIsRaised()
    {
        const auto original = shardFile("old-fresh");
        SUCCEEDS(original);
        const QTemporaryDir folder;
        const auto path = folder.filePath("catalog.mzcat");
        QVERIFY(QFile::copy(text(*original), path));
        QVERIFY(QFile::setPermissions(path, QFile::ReadOwner | QFile::WriteOwner));
        const std::string organization = "1b6e7a52-9a1e-4f6b-8f0a-2d1f6f3c9a01";
        const auto place = Place::ofCatalogFile(path.toStdString());
        Story story(72, place, wellKnownShard(organization, WellKnownShard::Catalog));
        const Story second(72, place, wellKnownShard(organization, WellKnownShard::Upgrade));
        auto options = story.options();
        options.clock = nullptr;
        options.upgradeShardId = second.shard();
        const auto before = second.state();
        QVERIFY(before != nullptr);

        auto tooNew = options;
        tooNew.build.version = "0.127.0";
        REFUSED(story.construct(tooNew),
                "incompatible persist version 0.125.0, current: 0.127.0, make sure to upgrade the catalog one version "
                "forward at a time");
        REFUSED(story.constructReading(tooNew), outcome(story.construct(tooNew)));

        auto unopened = story.construct(options);
        SUCCEEDS(unopened);
        auto arguments = story.arguments();
        arguments.contentVersion = "0.125.0";
        const auto opened = std::move(**unopened).open(arguments, kJob);
        SUCCEEDS(opened);
        const auto after = second.state();
        QCOMPARE(after->upper()->value(), before->upper()->value() + 1);
        QVERIFY(after->writers.empty());
        QCOMPARE(after->seqno.value(), before->seqno.value() + 2);
        QCOMPARE(text(after->keyCodec), text(before->keyCodec));
        HEALTHY(story);
    }

    void aNewBuildReadsTheShardsOwnVersion()
    {
        Story story(92, Place::inMemory());
        SUCCEEDS(story.open());
        auto options = story.options();
        options.build.version = "28.0.0";
        const auto refused = story.constructReading(options);
        REFUSED(refused,
                "incompatible persist version 26.39.0, current: 28.0.0, make sure to upgrade the catalog one major "
                "version forward at a time");
        QCOMPARE(refused.error().code, ErrorCode::Unsupported);
        REFUSED(story.construct(options), outcome(refused));
    }

    void anUnreadableCatalogIsNotHalfOpened()
    {
        Story story(92, Place::inMemory());
        {
            const auto writer = story.open();
            SUCCEEDS(writer);
        }
        // The initial contents are a blob; without it nothing may be opened.
        const auto gone = std::erase_if(story.place().memory->blobs,
                                        [](const auto& blob) { return blob.first.find("/n") != std::string::npos; });
        QCOMPARE(gone, std::size_t(1));
        const auto refused = story.constructReading();
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::Corrupt);
        QVERIFY2(outcome(refused).contains("is missing"), qPrintable(outcome(refused)));
    }

    void rowsThatDoNotFitAreLeftOutUnlessOneWrites()
    {
        Story story(92, Place::inMemory());
        std::string stale;
        Timestamp upper;
        {
            const auto writer = story.open();
            SUCCEEDS(writer);
            SUCCEEDS(change(**writer, "a", "1", false));
            const auto snapshot = (*writer)->snapshot(kJob);
            const auto row = catalog::encodeRow(*snapshot->schema, CollectionType::SystemConfiguration,
                                                R"({"name":"a"})", R"({"value":"2"})");
            SUCCEEDS(row);
            stale = *row;
            upper = (*writer)->upper();
        }
        auto stores = story.place().open();
        machine::Profile profile;
        profile.buildVersion = story.options().build.version;
        RandomIdSource ids;
        machine::ShardWriter raw(*stores->consensus, *stores->blob, story.shard(), profile, story.clock(), ids);
        const auto permit = edit::WriteGuard(catalog::Mode::Writable, std::nullopt).permit(upper);
        SUCCEEDS(raw.compareAndAppend(*permit, {upper, upper.next(), {{stale, {}, upper.value(), 1}}}, kJob));
        const auto reader = story.openReadOnly();
        SUCCEEDS(reader);
        QCOMPARE((*reader)->problems().size(), std::size_t(1));
        QCOMPARE(text((*reader)->problems().front()),
                 QString("values must be explicitly retracted before inserting a new value: ServerConfiguration "
                         "{\"name\":\"a\"} {\"value\":\"2\"}, diff 1"));
        SUCCEEDS(story.openSavepoint());
        const auto writer = story.open();
        QVERIFY(!writer);
        QCOMPARE(writer.error().code, ErrorCode::Corrupt);
    }

    void messagesAboutRowsMaskTheirSecrets()
    {
        const QString mask = QString::fromUtf8(std::string(catalog::kMask).c_str());
        // 82 prints the changes that a read-only handle refuses; a stray row is named in every version.
        Story story(82, Place::inMemory());
        Timestamp upper;
        {
            const auto writer = story.open();
            SUCCEEDS(writer);
            auto transaction = (*writer)->transaction(kJob);
            SUCCEEDS(transaction);
            SUCCEEDS(transaction->insert(CollectionType::RoleAuth, kRoleAuthKey, passwordOf("hunter2")));
            static_cast<void>(transaction->takeOpUpdates());
            SUCCEEDS((*writer)->commit(*std::move(transaction), std::nullopt, kJob));
            upper = (*writer)->upper();
        }
        const auto reader = story.openReadOnly();
        SUCCEEDS(reader);
        auto transaction = (*reader)->transaction(kJob);
        SUCCEEDS(transaction);
        SUCCEEDS(transaction->set(CollectionType::RoleAuth, kRoleAuthKey, passwordOf("hunter3")));
        SUCCEEDS(transaction->set(CollectionType::Setting, R"({"name":"mock_authentication_nonce"})",
                                  R"({"value":"hunter4"})"));
        static_cast<void>(transaction->takeOpUpdates());
        const auto refused = (*reader)->commit(*std::move(transaction), std::nullopt, kJob);
        QVERIFY(!refused);
        QVERIFY2(!outcome(refused).contains("hunter"), qPrintable(outcome(refused)));
        QVERIFY2(outcome(refused).contains("RoleAuthKey"), qPrintable(outcome(refused)));
        QCOMPARE(outcome(refused).count(mask), 4); // of the password and of the nonce, the old and the new one

        const auto snapshot = (*reader)->snapshot(kJob);
        SUCCEEDS(snapshot);
        const auto stray =
            catalog::encodeRow(*snapshot->schema, CollectionType::RoleAuth, kRoleAuthKey, passwordOf("hunter5"));
        SUCCEEDS(stray);
        auto stores = story.place().open();
        machine::Profile profile;
        profile.buildVersion = story.options().build.version;
        RandomIdSource ids;
        machine::ShardWriter raw(*stores->consensus, *stores->blob, story.shard(), profile, story.clock(), ids);
        const auto permit = edit::WriteGuard(catalog::Mode::Writable, std::nullopt).permit(upper);
        SUCCEEDS(raw.compareAndAppend(*permit, {upper, upper.next(), {{*stray, {}, upper.value(), 1}}}, kJob));
        const auto writer = story.open();
        QVERIFY(!writer);
        QVERIFY2(
            outcome(writer).startsWith("values must be explicitly retracted before inserting a new value: RoleAuth"),
            qPrintable(outcome(writer)));
        QVERIFY2(!outcome(writer).contains("hunter") && outcome(writer).contains(mask), qPrintable(outcome(writer)));
    }
};

QTEST_APPLESS_MAIN(TestDurableCatalog)
#include "tst_durable_catalog.moc"
