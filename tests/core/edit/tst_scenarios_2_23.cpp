#include "core/catalog/fence.h"
#include "core/edit/write_guard.h"
#include "core/machine/shard_writer.h"
#include "tests/core/edit/catalog_story.h"

#include <QTemporaryDir>
#include <QtTest>

#include <atomic>
#include <thread>

using namespace inspector;
using namespace inspector::test;
using catalog::CollectionType;
using inspector::edit::DurableCatalog;

namespace {

const Job kJob;

const char* kEpochFence = "current catalog epoch 2 fenced by new catalog epoch 3";
const char* kGenerationFence = "current catalog deployment generation 0 fenced by new catalog epoch 1";

QString text(const std::string& text)
{
    return QString::fromStdString(text);
}

template <typename T>
QString outcome(const Result<T>& result)
{
    return text(outcomeOf(result));
}

/// Everything that a new open handle lets out: the tables in order.
QString dumpOf(const catalog::CatalogSnapshot& snapshot)
{
    std::string dump;
    for (const auto& collection : catalog::collections())
        for (const auto& [key, row] : snapshot.of(collection.type))
            dump += std::string(collection.name) + " " + key + " " + row.value + "\n";
    return text(dump);
}

std::size_t rowsOf(const catalog::CatalogSnapshot& snapshot)
{
    std::size_t count = 0;
    for (const auto& collection : catalog::collections())
        count += snapshot.of(collection.type).size();
    return count;
}

} // namespace

#define SUCCEEDS(call)                                                                                                 \
    do {                                                                                                               \
        const auto& answer_ = (call);                                                                                  \
        QVERIFY2(answer_.has_value(), qPrintable(outcome(answer_)));                                                   \
    } while (false)
#define REFUSED(result, message) QCOMPARE(outcome(result), QString(message))
#define HEALTHY(story) QCOMPARE(text((story).audit()), QString())

/// The behaviour scenarios of catalog-model §2.23, each under its own number, on stores in memory; what the eras share
/// also on a catalog file.
class TestScenarios : public QObject
{
    Q_OBJECT

private:
    QTemporaryDir m_folder;
    int m_files = 0;

    Place placeOf(bool isFile)
    {
        if (!isFile)
            return Place::inMemory();
        return Place::ofCatalogFile(m_folder.filePath(QString::number(++m_files) + ".mzcat").toStdString());
    }

    static void everyEra()
    {
        QTest::addColumn<quint64>("version");
        QTest::addColumn<bool>("isFile");
        for (const auto version : {72, 82, 92})
            for (const bool isFile : {false, true})
                QTest::addRow("version %d, %s", version, isFile ? "file" : "memory") << quint64(version) << isFile;
    }

private slots:
    void s1_aNewStoreIsNotInitialized_data() { everyEra(); }
    void s1_aNewStoreIsNotInitialized()
    {
        QFETCH(quint64, version);
        QFETCH(bool, isFile);
        Story story(version, placeOf(isFile));
        const auto first = story.construct();
        SUCCEEDS(first);
        QCOMPARE((*first)->isInitialized(kJob).value_or(true), false);
        QCOMPARE((*first)->isInitialized(kJob).value_or(true), false);
        SUCCEEDS(story.open());
        const auto second = story.construct();
        SUCCEEDS(second);
        QCOMPARE((*second)->isInitialized(kJob).value_or(false), true);
        QCOMPARE((*second)->isInitialized(kJob).value_or(false), true);
        const auto reading = story.constructReading();
        SUCCEEDS(reading);
        QCOMPARE((*reading)->isInitialized(kJob).value_or(false), true);
        // The first one has no newer generation to fear: it learns of the contents.
        QCOMPARE((*first)->isInitialized(kJob).value_or(false), true);
        HEALTHY(story);
    }

    void s2_anEmptyStoreHasNothingToTell_data() { everyEra(); }
    void s2_anEmptyStoreHasNothingToTell()
    {
        QFETCH(quint64, version);
        QFETCH(bool, isFile);
        Story story(version, placeOf(isFile));
        const auto nothingThere = story.constructReading();
        QVERIFY(!nothingThere);
        QCOMPARE(nothingThere.error().code, ErrorCode::NotFound);
        const auto unopened = story.construct();
        SUCCEEDS(unopened);
        REFUSED((*unopened)->epoch(kJob), "uninitialized");
        REFUSED((*unopened)->traceUnconsolidated(kJob), "uninitialized");
        REFUSED((*unopened)->traceConsolidated(kJob), "uninitialized");
        REFUSED((*unopened)->deploymentGeneration(kJob), "uninitialized");
        const auto reading = story.constructReading();
        SUCCEEDS(reading);
        REFUSED((*reading)->epoch(kJob), "uninitialized");
    }

    void s3_onlyAWriterCreatesACatalog_data() { everyEra(); }
    void s3_onlyAWriterCreatesACatalog()
    {
        QFETCH(quint64, version);
        QFETCH(bool, isFile);
        Story story(version, placeOf(isFile));
        SUCCEEDS(story.construct());
        const auto savepoint = std::move(**story.constructReading()).openSavepoint(story.arguments(), kJob);
        REFUSED(savepoint, "catalog tables do not exist; will not create in Savepoint mode");
        QCOMPARE(savepoint.error().code, ErrorCode::ReadOnly);
        const auto readOnly = std::move(**story.constructReading()).openReadOnly(story.arguments(), kJob);
        REFUSED(readOnly, "catalog tables do not exist; will not create in Readonly mode");
        QCOMPARE(readOnly.error().code, ErrorCode::ReadOnly);
        // A handle that could write refuses in these modes, too.
        REFUSED(std::move(**story.construct()).openSavepoint(story.arguments(), kJob),
                "catalog tables do not exist; will not create in Savepoint mode");
        // Without a generation there is no token to act as.
        REFUSED(std::move(**story.constructReading(std::nullopt)).openReadOnly(story.arguments(), kJob),
                "uninitialized");
        SUCCEEDS(story.open());
        SUCCEEDS(story.openReadOnly());
    }

    void s4_everyOpenForWritingTakesTheNextEpoch_data() { everyEra(); }
    void s4_everyOpenForWritingTakesTheNextEpoch()
    {
        QFETCH(quint64, version);
        QFETCH(bool, isFile);
        Story story(version, placeOf(isFile));
        QString contents;
        std::vector<std::string> audit;
        for (const qint64 epoch : {2, 3, 4}) {
            const auto catalog = story.open();
            SUCCEEDS(catalog);
            HEALTHY(story);
            QCOMPARE((*catalog)->epoch().value(), epoch);
            QCOMPARE((*catalog)->mode(), catalog::Mode::Writable);
            const auto snapshot = (*catalog)->snapshot(kJob);
            SUCCEEDS(snapshot);
            const auto auditLogs = (*catalog)->auditLogs(kJob);
            SUCCEEDS(auditLogs);
            QCOMPARE(auditLogs->size(), std::size_t(12));
            auto now = dumpOf(*snapshot);
            const QString migrationVersion = "setting {\"name\":\"migration_version\"} {\"value\":\"0.0.0\"}\n";
            QCOMPARE(now.contains(migrationVersion), version >= 82 && epoch > 2);
            now.remove(migrationVersion);
            if (epoch == 2) {
                contents = now;
                audit = *auditLogs;
            }
            QCOMPARE(now, contents);
            QVERIFY(*auditLogs == audit);
            // Empty append, fence token, contents; then two more for every open.
            QCOMPARE((*catalog)->upper().value(), quint64(3 + 2 * (epoch - 2)));
        }
    }

    void s5_aSavepointWritesNothing_data() { everyEra(); }
    void s5_aSavepointWritesNothing()
    {
        QFETCH(quint64, version);
        QFETCH(bool, isFile);
        Story story(version, placeOf(isFile));
        SUCCEEDS(story.open());
        const auto before = story.rows();
        const auto savepoint = story.openSavepoint();
        SUCCEEDS(savepoint);
        QCOMPARE((*savepoint)->epoch().value(), qint64(2));
        const auto events = (*savepoint)->auditLogs(kJob);
        SUCCEEDS(events);
        for (std::uint64_t id = 7; id < 10; ++id) {
            const auto upper = (*savepoint)->upper();
            const auto role = sampleRole(*(*savepoint)->snapshot(kJob), id, "rehearsed" + std::to_string(id));
            const auto next = insertAndCommit(**savepoint, CollectionType::Role, role);
            SUCCEEDS(next);
            QCOMPARE(next->value(), upper.value() + 1);
            QCOMPARE(countNamed(*(*savepoint)->snapshot(kJob), CollectionType::Role, "rehearsed" + std::to_string(id)),
                     std::size_t(1));
        }
        SUCCEEDS((*savepoint)->allocateIds("user", 3, std::nullopt, kJob));
        QCOMPARE((*savepoint)->nextId("user", kJob).value_or(0), quint64(4));
        QVERIFY(*story.rows() == *before);
        const auto writer = story.open();
        SUCCEEDS(writer);
        QCOMPARE((*writer)->epoch().value(), qint64(3));
        QCOMPARE(countNamed(*(*writer)->snapshot(kJob), CollectionType::Role, "rehearsed7"), std::size_t(0));
        QCOMPARE((*writer)->nextId("user", kJob).value_or(0), quint64(1));
        // Frozen, and not fenced by anybody.
        SUCCEEDS((*savepoint)->snapshot(kJob));
        SUCCEEDS((*savepoint)->confirmLeadership(kJob));
        HEALTHY(story);
    }

    void s6_aReaderFollowsAWriter_data() { everyEra(); }
    void s6_aReaderFollowsAWriter()
    {
        QFETCH(quint64, version);
        QFETCH(bool, isFile);
        Story story(version, placeOf(isFile));
        const auto writer = story.open();
        SUCCEEDS(writer);
        const auto reader = story.openReadOnly();
        SUCCEEDS(reader);
        QCOMPARE((*reader)->epoch().value(), qint64(2));
        const auto role = sampleRole(*(*writer)->snapshot(kJob), 7, "joe");
        SUCCEEDS(insertAndCommit(**writer, CollectionType::Role, role));
        QCOMPARE(countNamed(*(*reader)->snapshot(kJob), CollectionType::Role, "joe"), std::size_t(1));
        QCOMPARE(dumpOf(*(*reader)->snapshot(kJob)), dumpOf(*(*writer)->snapshot(kJob)));

        const auto updates = (*reader)->syncToCurrentUpdates(kJob);
        SUCCEEDS(updates);
        QCOMPARE(updates->size(), std::size_t(1));
        QCOMPARE(text(updates->front().key), text(role.key));
        QCOMPARE(updates->front().time.value(), (*writer)->upper().value() - 1);

        const auto ids = (*reader)->allocateIds("user", 1, std::nullopt, kJob);
        QVERIFY(!ids);
        QCOMPARE(ids.error().code, ErrorCode::ReadOnly);
        if (story.isNew())
            REFUSED(ids, "cannot commit a transaction in a read-only catalog: 2 updates across collections: [IdAlloc]");
        else
            QVERIFY(outcome(ids).startsWith("cannot commit a transaction in a read-only catalog: [\n    (\n        "
                                            "IdAllocator(\n            IdAllocKey {\n                name: \"user\","));
        auto empty = (*reader)->transaction(kJob);
        SUCCEEDS(empty);
        SUCCEEDS((*reader)->commit(*std::move(empty), std::nullopt, kJob));
        SUCCEEDS((*reader)->confirmLeadership(kJob));
        HEALTHY(story);
    }

    void s7_aSavepointIsFrozen_data() { everyEra(); }
    void s7_aSavepointIsFrozen()
    {
        QFETCH(quint64, version);
        QFETCH(bool, isFile);
        Story story(version, placeOf(isFile));
        const auto writer = story.open();
        SUCCEEDS(writer);
        const auto savepoint = story.openSavepoint();
        SUCCEEDS(savepoint);
        const auto start = (*writer)->snapshot(kJob);
        SUCCEEDS(insertAndCommit(**writer, CollectionType::Role, sampleRole(*start, 7, "joe")));
        SUCCEEDS(insertAndCommit(**savepoint, CollectionType::Database, sampleDatabase(*start, 8, "rehearsal")));
        const auto rehearsed = (*savepoint)->snapshot(kJob);
        QCOMPARE(countNamed(*rehearsed, CollectionType::Database, "rehearsal"), std::size_t(1));
        QCOMPARE(countNamed(*rehearsed, CollectionType::Role, "joe"), std::size_t(0));
        const auto written = (*writer)->snapshot(kJob);
        QCOMPARE(countNamed(*written, CollectionType::Database, "rehearsal"), std::size_t(0));
        QCOMPARE(countNamed(*written, CollectionType::Role, "joe"), std::size_t(1));
        HEALTHY(story);
    }

    void s8_aSecondWriterFencesTheFirstByEpoch_data() { everyEra(); }
    void s8_aSecondWriterFencesTheFirstByEpoch()
    {
        QFETCH(quint64, version);
        QFETCH(bool, isFile);
        Story story(version, placeOf(isFile));
        const auto first = story.open();
        SUCCEEDS(first);
        const auto reader = story.openReadOnly();
        SUCCEEDS(reader);
        SUCCEEDS(story.open());
        REFUSED((*first)->snapshot(kJob), kEpochFence);
        QCOMPARE((*first)->snapshot(kJob).error().code, ErrorCode::Fenced);
        REFUSED((*first)->transaction(kJob), kEpochFence);
        REFUSED((*first)->confirmLeadership(kJob), kEpochFence);
        REFUSED((*reader)->snapshot(kJob), kEpochFence);
        QCOMPARE((*first)->epoch().value(), qint64(2));
        HEALTHY(story);
    }

    void s9_aNewerGenerationFencesByGeneration_data() { everyEra(); }
    void s9_aNewerGenerationFencesByGeneration()
    {
        QFETCH(quint64, version);
        QFETCH(bool, isFile);
        Story story(version, placeOf(isFile));
        const auto first = story.open(0);
        SUCCEEDS(first);
        const auto second = story.open(1);
        SUCCEEDS(second);
        QCOMPARE((*second)->epoch().value(), qint64(3));
        QCOMPARE((*second)->deploymentGeneration(kJob)->value(), quint64(1));
        REFUSED((*first)->snapshot(kJob), kGenerationFence);
        REFUSED((*first)->transaction(kJob), kGenerationFence);
        REFUSED((*first)->confirmLeadership(kJob), kGenerationFence);
        HEALTHY(story);
    }

    void s10_anUnopenedHandleIsFencedByGenerationOnly_data() { everyEra(); }
    void s10_anUnopenedHandleIsFencedByGenerationOnly()
    {
        QFETCH(quint64, version);
        QFETCH(bool, isFile);
        Story story(version, placeOf(isFile));
        SUCCEEDS(story.open(0));
        const auto unopened = story.construct(0);
        SUCCEEDS(unopened);
        const auto anybody = story.constructReading(std::nullopt);
        SUCCEEDS(anybody);
        SUCCEEDS(story.open(0));
        const auto facts = (*unopened)->facts(kJob);
        SUCCEEDS(facts);
        QCOMPARE(facts->userVersion().value_or(0), version);
        QCOMPARE((*unopened)->epoch(kJob)->value(), qint64(3));
        SUCCEEDS(story.open(1));
        REFUSED((*unopened)->facts(kJob), kGenerationFence);
        REFUSED((*unopened)->epoch(kJob), kGenerationFence);
        REFUSED((*unopened)->isInitialized(kJob), kGenerationFence);
        REFUSED(std::move(**unopened).open(story.arguments(), kJob),
                "Internal catalog error: catalog should not have fenced before opening");
        REFUSED(story.construct(0), kGenerationFence);
        REFUSED(story.constructReading(0), kGenerationFence);
        // Without a generation nobody is fenced before opening.
        QCOMPARE((*anybody)->deploymentGeneration(kJob)->value(), quint64(1));

        // The generation counts before the version of an older binary does.
        auto newer = story.arguments();
        newer.contentVersion = version == 72 ? "0.126.0" : "26.99.0";
        SUCCEEDS(std::move(**story.construct(1)).open(newer, kJob));
        REFUSED(story.construct(0), kGenerationFence);
        const auto tooOld = story.construct(1);
        QVERIFY(!tooOld);
        QCOMPARE(tooOld.error().code, ErrorCode::Unsupported);
        QVERIFY2(outcome(tooOld).startsWith("incompatible persist version " + text(newer.contentVersion)),
                 qPrintable(outcome(tooOld)));
        HEALTHY(story);
    }

    void s11_aTransactionEndsWhenSomebodyElseOpens_data()
    {
        QTest::addColumn<quint64>("version");
        QTest::addColumn<quint64>("generation");
        QTest::addColumn<QString>("message");
        for (const auto version : {72, 82, 92}) {
            QTest::addRow("version %d, same generation", version) << quint64(version) << quint64(0) << kEpochFence;
            QTest::addRow("version %d, next generation", version) << quint64(version) << quint64(1) << kGenerationFence;
        }
    }
    void s11_aTransactionEndsWhenSomebodyElseOpens()
    {
        QFETCH(quint64, version);
        QFETCH(quint64, generation);
        QFETCH(QString, message);
        Story story(version, Place::inMemory());
        const auto first = story.open();
        SUCCEEDS(first);
        auto transaction = (*first)->transaction(kJob);
        SUCCEEDS(transaction);
        const auto role = sampleRole(*(*first)->snapshot(kJob), 7, "late");
        SUCCEEDS(transaction->insert(CollectionType::Role, role.key, role.value));
        static_cast<void>(transaction->takeOpUpdates());
        const auto second = story.open(generation);
        SUCCEEDS(second);
        REFUSED((*first)->commit(*std::move(transaction), std::nullopt, kJob), message);
        QCOMPARE(countNamed(*(*second)->snapshot(kJob), CollectionType::Role, "late"), std::size_t(0));
        HEALTHY(story);
    }

    void s12_anOpenWinsAgainstATightLoop_data() { everyEra(); }
    void s12_anOpenWinsAgainstATightLoop()
    {
        QFETCH(quint64, version);
        QFETCH(bool, isFile);
        contend(version, isFile, [](Story& story, const std::shared_ptr<store::FaultPlan>& plan) {
            auto opened = story.open(0, plan);
            return opened ? Result<>() : Result<>(tl::unexpected(opened.error()));
        });
    }

    void s13_aDebugEditFencesTheWriter_data() { everyEra(); }
    void s13_aDebugEditFencesTheWriter()
    {
        QFETCH(quint64, version);
        QFETCH(bool, isFile);
        Story story(version, placeOf(isFile));
        const auto writer = story.open();
        SUCCEEDS(writer);
        const auto debug = std::move(**story.construct(std::nullopt)).openDebug();
        const auto previous = debug->edit(CollectionType::Setting, R"({"name":"debug"})", R"({"value":"on"})", kJob);
        SUCCEEDS(previous);
        QVERIFY(!previous->has_value());
        REFUSED((*writer)->snapshot(kJob), kEpochFence);
        HEALTHY(story);
        const auto again = story.open();
        SUCCEEDS(again);
        QCOMPARE((*again)->epoch().value(), qint64(4));
        QCOMPARE(text((*again)->snapshot(kJob)->of(CollectionType::Setting).at(R"({"name":"debug"})")->value),
                 QString(R"({"value":"on"})"));
        const auto fenced = debug->edit(CollectionType::Setting, R"({"name":"debug"})", R"({"value":"off"})", kJob);
        REFUSED(fenced, "current catalog epoch 3 fenced by new catalog epoch 4");
        HEALTHY(story);
    }

    void s14_deletingNothingFencesAllTheSame_data() { everyEra(); }
    void s14_deletingNothingFencesAllTheSame()
    {
        QFETCH(quint64, version);
        QFETCH(bool, isFile);
        Story story(version, placeOf(isFile));
        const auto writer = story.open();
        SUCCEEDS(writer);
        const auto debug = std::move(**story.construct(std::nullopt)).openDebug();
        SUCCEEDS(debug->remove(CollectionType::Setting, R"({"name":"never there"})", kJob));
        REFUSED((*writer)->confirmLeadership(kJob), kEpochFence);
        HEALTHY(story);
    }

    void s15_openingForDebuggingChangesNothing_data() { everyEra(); }
    void s15_openingForDebuggingChangesNothing()
    {
        QFETCH(quint64, version);
        QFETCH(bool, isFile);
        Story story(version, placeOf(isFile));
        const auto writer = story.open();
        SUCCEEDS(writer);
        const auto before = story.rows();
        const auto upper = (*writer)->currentUpper(kJob);
        const auto debug = std::move(**story.construct(std::nullopt)).openDebug();
        QVERIFY(debug != nullptr);
        QVERIFY(*story.rows() == *before);
        QCOMPARE((*writer)->currentUpper(kJob)->value(), upper->value());
        SUCCEEDS((*writer)->confirmLeadership(kJob));
    }

    void s16_editTwiceAndDelete_data() { everyEra(); }
    void s16_editTwiceAndDelete()
    {
        QFETCH(quint64, version);
        QFETCH(bool, isFile);
        Story story(version, placeOf(isFile));
        SUCCEEDS(story.open());
        const auto settings = [&]() -> std::vector<std::string> {
            std::vector<std::string> found;
            const auto rows = story.rows();
            for (const auto& row : *rows)
                if (row.find(R"("kind":"Setting")") != std::string::npos && row.find("debug") != std::string::npos)
                    found.push_back(row);
            return found;
        };
        const auto debug = std::move(**story.construct(std::nullopt)).openDebug();
        const char* key = R"({"name":"debug"})";
        const auto first = debug->edit(CollectionType::Setting, key, R"({"value":"1"})", kJob);
        SUCCEEDS(first);
        QVERIFY(!*first);
        QCOMPARE(settings().size(), std::size_t(1));
        HEALTHY(story);
        const auto second = debug->edit(CollectionType::Setting, key, R"({"value":"2"})", kJob);
        SUCCEEDS(second);
        QCOMPARE(text(second->value_or("")), QString(R"({"value":"1"})"));
        QCOMPARE(settings().size(), std::size_t(1));
        QVERIFY(settings().front().find(R"({"value":"2"})") != std::string::npos);
        HEALTHY(story);
        SUCCEEDS(debug->remove(CollectionType::Setting, key, kJob));
        QCOMPARE(settings().size(), std::size_t(0));
        HEALTHY(story);
    }

    void s17_debugWritesWinAgainstATightLoop_data()
    {
        QTest::addColumn<quint64>("version");
        QTest::addColumn<bool>("isFile");
        QTest::addColumn<bool>("deletes");
        for (const auto version : {72, 82, 92})
            for (const bool isFile : {false, true})
                for (const bool deletes : {false, true})
                    QTest::addRow("version %d, %s, %s", version, isFile ? "file" : "memory",
                                  deletes ? "delete" : "edit")
                        << quint64(version) << isFile << deletes;
    }
    void s17_debugWritesWinAgainstATightLoop()
    {
        QFETCH(quint64, version);
        QFETCH(bool, isFile);
        QFETCH(bool, deletes);
        contend(version, isFile, [&](Story& story, const std::shared_ptr<store::FaultPlan>& plan) -> Result<> {
            INSPECTOR_TRY(auto unopened, story.construct(std::nullopt, plan));
            const auto debug = std::move(*unopened).openDebug();
            if (deletes)
                return debug->remove(CollectionType::Setting, R"({"name":"debug"})", kJob);
            INSPECTOR_CHECK(debug->edit(CollectionType::Setting, R"({"name":"debug"})", R"({"value":"1"})", kJob));
            return {};
        });
    }

    void s18_aFreshHandleMustBeDrained()
    {
        Story story(92, Place::inMemory());
        auto unopened = story.construct();
        SUCCEEDS(unopened);
        auto catalog = std::move(**unopened).open(story.arguments(), kJob);
        SUCCEEDS(catalog);
        const auto refused = (*catalog)->transaction(kJob);
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::Conflict);
        const auto again = (*catalog)->transaction(kJob);
        QCOMPARE(outcome(again), outcome(refused));
        const auto upper = (*catalog)->upper();
        REFUSED((*catalog)->ensureNotOutOfSync(upper, kJob), outcome(refused));
        const auto drained = (*catalog)->syncToCurrentUpdates(kJob);
        SUCCEEDS(drained);
        QVERIFY(!drained->empty());
        QCOMPARE(outcome(refused),
                 text("durable catalog advanced to " + std::to_string(upper.value()) + " with "
                      + std::to_string(drained->size()) + " unapplied updates"));
        SUCCEEDS((*catalog)->transaction(kJob));
        // What an older build would hand out at once.
        Story old(72, Place::inMemory());
        auto oldCatalog = std::move(**old.construct()).open(old.arguments(), kJob);
        SUCCEEDS(oldCatalog);
        SUCCEEDS((*oldCatalog)->transaction(kJob));
    }

    void s19_advancingTheUpperIsAtLeast()
    {
        Story story(92, Place::inMemory());
        const auto catalog = story.open();
        SUCCEEDS(catalog);
        const auto upper = (*catalog)->upper();
        const auto writes = std::make_shared<store::FaultPlan>();
        SUCCEEDS((*catalog)->advanceUpper(upper, kJob));
        SUCCEEDS((*catalog)->advanceUpper(Timestamp(upper.value() - 1), kJob));
        QCOMPARE((*catalog)->currentUpper(kJob)->value(), upper.value());
        SUCCEEDS((*catalog)->advanceUpper(Timestamp(upper.value() + 2), kJob));
        QCOMPARE((*catalog)->upper().value(), upper.value() + 2);
        QCOMPARE((*catalog)->currentUpper(kJob)->value(), upper.value() + 2);
        const auto reader = story.openReadOnly();
        SUCCEEDS(reader);
        QCOMPARE((*reader)->currentUpper(kJob)->value(), upper.value() + 2);
        REFUSED((*reader)->advanceUpper(Timestamp(upper.value() + 5), kJob),
                "cannot advance upper of a read-only catalog");
        HEALTHY(story);
    }

    void s20_aCommitIsRebasedOnAnUpperThatAdvancedEmptily()
    {
        Story story(92, Place::inMemory());
        const auto catalog = story.open();
        SUCCEEDS(catalog);
        auto transaction = (*catalog)->transaction(kJob);
        SUCCEEDS(transaction);
        const auto role = sampleRole(*(*catalog)->snapshot(kJob), 7, "rebased");
        SUCCEEDS(transaction->insert(CollectionType::Role, role.key, role.value));
        static_cast<void>(transaction->takeOpUpdates());
        const auto before = (*catalog)->upper();
        const auto further = Timestamp(before.value() + 10);
        appendRaw(story, before, further, {});
        const auto next = (*catalog)->commit(*std::move(transaction), before, kJob);
        SUCCEEDS(next);
        QCOMPARE(next->value(), further.value() + 1);
        QCOMPARE(countNamed(*(*catalog)->snapshot(kJob), CollectionType::Role, "rebased"), std::size_t(1));
        // A commit time beyond the upper is taken as it is.
        const auto wallTime = Timestamp(1'700'000'000'123);
        auto another = (*catalog)->transaction(kJob);
        SUCCEEDS(another);
        const auto later = (*catalog)->commit(*std::move(another), wallTime, kJob);
        SUCCEEDS(later);
        QCOMPARE(later->value(), wallTime.value() + 1);
        HEALTHY(story);
    }

    void s21_aRowOfSomebodyWhoDidNotFenceIsNoticed_data()
    {
        QTest::addColumn<bool>("advances");
        QTest::newRow("advanceUpper") << true;
        QTest::newRow("commit") << false;
    }
    void s21_aRowOfSomebodyWhoDidNotFenceIsNoticed()
    {
        QFETCH(bool, advances);
        Story story(92, Place::inMemory());
        const auto catalog = story.open();
        SUCCEEDS(catalog);
        auto transaction = (*catalog)->transaction(kJob);
        SUCCEEDS(transaction);
        const auto upper = (*catalog)->upper();
        const auto schema = (*catalog)->snapshot(kJob)->schema;
        const auto row =
            catalog::encodeRow(*schema, CollectionType::Setting, R"({"name":"rogue"})", R"({"value":"1"})");
        SUCCEEDS(row);
        appendRaw(story, upper, upper.next(), {{*row, {}, upper.value(), 1}});
        const auto message =
            text("durable catalog advanced to " + std::to_string(upper.value() + 1) + " with 1 unapplied updates");
        if (advances)
            REFUSED((*catalog)->advanceUpper(Timestamp(upper.value() + 5), kJob), message);
        else
            REFUSED((*catalog)->commit(*std::move(transaction), std::nullopt, kJob), message);
        HEALTHY(story);
    }

    void s22_aDryRunIsNeverCommitted()
    {
        Story story(92, Place::inMemory());
        const auto catalog = story.open();
        SUCCEEDS(catalog);
        const auto upper = (*catalog)->upper();
        auto snapshot = (*catalog)->snapshot(kJob);
        SUCCEEDS(snapshot);
        auto dryRun = (*catalog)->transactionFromSnapshot(*snapshot, kJob);
        SUCCEEDS(dryRun);
        QCOMPARE(dryRun->allocateIds("user", 1)->front(), quint64(1));
        QCOMPARE(rowsOf(dryRun->currentSnapshot()), rowsOf(*snapshot));
        const auto refused = (*catalog)->commit(*std::move(dryRun), std::nullopt, kJob);
        REFUSED(refused, "cannot commit a dry-run catalog transaction");
        QCOMPARE((*catalog)->currentUpper(kJob)->value(), upper.value());
        QCOMPARE((*catalog)->nextId("user", kJob).value_or(0), quint64(1));
        HEALTHY(story);
    }

private:
    /// Appends without a word to the catalog's writers.
    static void appendRaw(Story& story, Timestamp lower, Timestamp upper, std::vector<machine::RowUpdate> updates)
    {
        auto stores = story.place().open();
        SUCCEEDS(stores);
        machine::Profile profile;
        profile.buildVersion = story.options().build.version;
        RandomIdSource ids;
        machine::ShardWriter writer(*stores->consensus, *stores->blob, story.shard(), profile, story.clock(), ids);
        const auto permit = edit::WriteGuard(catalog::Mode::Writable, std::nullopt).permit(lower);
        SUCCEEDS(permit);
        const auto appended = writer.compareAndAppend(*permit, {lower, upper, std::move(updates)}, kJob);
        SUCCEEDS(appended);
        QVERIFY(std::holds_alternative<machine::Appended>(*appended));
    }

    /// One handle allocates ids in a tight loop while `takeOver` fences it. So that its first attempts lose for
    /// certain, the loop commits once more in front of some of the newcomer's own compare-and-sets.
    template <typename TakeOver>
    void contend(quint64 version, bool isFile, TakeOver&& takeOver)
    {
        Story story(version, placeOf(isFile));
        auto writer = story.open();
        SUCCEEDS(writer);
        std::atomic<std::uint64_t> allocated {0};
        std::string ended;
        std::atomic<bool> hasEnded {false};
        std::thread loop([&] {
            for (;;) {
                const auto ids = (*writer)->allocateIds("user", 1, std::nullopt, kJob);
                if (!ids) {
                    ended = ids.error().message;
                    hasEnded = true;
                    return;
                }
                ++allocated;
            }
        });
        const auto plan = std::make_shared<store::FaultPlan>();
        plan->only = {store::StoreCall::CompareAndSet};
        std::size_t waits = 0;
        plan->beforeCall = [&](std::size_t /*call*/) {
            // The loop gets in between reading and writing, for the first twelve writes.
            const auto before = allocated.load();
            if (++waits <= 12)
                while (allocated == before && !hasEnded)
                    std::this_thread::yield();
        };
        const auto outcomeOfTakeOver = takeOver(story, plan);
        if (!outcomeOfTakeOver)
            static_cast<void>(story.open()); // so that the loop ends
        loop.join();
        SUCCEEDS(outcomeOfTakeOver);
        QVERIFY2(ended == kEpochFence || QString::fromStdString(ended).startsWith("current catalog epoch 2 fenced"),
                 ended.c_str());
        HEALTHY(story);
        const auto third = story.open();
        SUCCEEDS(third);
        QCOMPARE((*third)->epoch().value(), qint64(4));
        QCOMPARE((*third)->nextId("user", kJob).value_or(0), quint64(allocated + 1));
        // It was a race: attempts lost and were made again.
        QVERIFY(allocated > 0);
        QVERIFY(waits > 12);
        HEALTHY(story);
    }
};

QTEST_APPLESS_MAIN(TestScenarios)
#include "tst_scenarios_2_23.moc"
