#include "tests/core/edit/catalog_story.h"

#include <QtTest>

using namespace inspector;
using namespace inspector::test;
using catalog::CollectionType;

namespace {

const Job kJob;

/// Everything that a location in memory holds, to see that nothing was touched.
std::size_t sizeOf(const store::MemoryContent& content)
{
    std::size_t size = content.blobs.size();
    for (const auto& [key, versions] : content.versions)
        size += versions.size();
    return size;
}

template <typename T>
QString outcome(const Result<T>& result)
{
    return QString::fromStdString(outcomeOf(result));
}

} // namespace

#define SUCCEEDS(call)                                                                                                 \
    do {                                                                                                               \
        const auto& answer_ = (call);                                                                                  \
        QVERIFY2(answer_.has_value(), qPrintable(outcome(answer_)));                                                   \
    } while (false)

/// Rehearsing: everything that a writer can do, and nothing of it in the shard (catalog-model §1.5, §2.18).
class TestSavepoint : public QObject
{
    Q_OBJECT

    static void eras()
    {
        QTest::addColumn<quint64>("version");
        for (const auto version : {72, 82, 92})
            QTest::addRow("version %d", version) << quint64(version);
    }

private slots:
    void nothingOfItIsWritten_data() { eras(); }
    void nothingOfItIsWritten()
    {
        QFETCH(quint64, version);
        Story story(version, Place::inMemory());
        SUCCEEDS(story.open());
        const auto before = sizeOf(*story.place().memory);
        const auto savepoint = story.openSavepoint(3); // a later generation may rehearse, too
        SUCCEEDS(savepoint);
        QCOMPARE((*savepoint)->mode(), catalog::Mode::Savepoint);
        QCOMPARE((*savepoint)->deploymentGeneration(kJob)->value(), quint64(3));
        QCOMPARE((*savepoint)->epoch().value(), qint64(2));
        SUCCEEDS(insertAndCommit(**savepoint, CollectionType::Role,
                                 sampleRole(*(*savepoint)->snapshot(kJob), 7, "rehearsed")));
        SUCCEEDS((*savepoint)->allocateIds("user", 5, std::nullopt, kJob));
        SUCCEEDS((*savepoint)->confirmLeadership(kJob));
        SUCCEEDS((*savepoint)->expire(kJob));
        QCOMPARE(sizeOf(*story.place().memory), before);
    }

    void theUpperIsItsOwn_data() { eras(); }
    void theUpperIsItsOwn()
    {
        QFETCH(quint64, version);
        Story story(version, Place::inMemory());
        const auto writer = story.open();
        SUCCEEDS(writer);
        const auto base = (*writer)->upper().value();
        const auto savepoint = story.openSavepoint();
        SUCCEEDS(savepoint);
        QCOMPARE((*savepoint)->upper().value(), base + 1); // opening committed
        auto empty = (*savepoint)->transaction(kJob);
        SUCCEEDS(empty);
        SUCCEEDS((*savepoint)->commit(*std::move(empty), std::nullopt, kJob));
        QCOMPARE((*savepoint)->currentUpper(kJob)->value(), base + 2);
        QCOMPARE((*writer)->currentUpper(kJob)->value(), base);
        if (version >= 82) {
            SUCCEEDS((*savepoint)->advanceUpper(Timestamp(base + 100), kJob));
            QCOMPARE((*savepoint)->upper().value(), base + 100);
        }
        if (version == 72)
            return;
        auto timed = (*savepoint)->transaction(kJob);
        SUCCEEDS(timed);
        const auto next = (*savepoint)->commit(*std::move(timed), Timestamp(1'700'000'000'000), kJob);
        SUCCEEDS(next);
        QCOMPARE(next->value(), quint64(1'700'000'000'001));
    }

    void auditEventsAreThoseBelowAndItsOwn_data() { eras(); }
    void auditEventsAreThoseBelowAndItsOwn()
    {
        QFETCH(quint64, version);
        Story story(version, Place::inMemory());
        const auto writer = story.open();
        SUCCEEDS(writer);
        const auto savepoint = story.openSavepoint();
        SUCCEEDS(savepoint);
        const auto addEvent = [](edit::DurableCatalog& catalog, const char* name) -> Result<> {
            INSPECTOR_TRY(auto transaction, catalog.transaction(kJob));
            INSPECTOR_TRY(const auto ids, transaction.allocateIds("auditlog", 1));
            INSPECTOR_CHECK(transaction.insertAuditEvent(
                R"({"event":{"V1":{"id":)" + std::to_string(ids.front())
                + R"(,"event_type":1,"object_type":4,"user":null,"occurred_at":{"millis":5},)"
                  R"("details":{"IdNameV1":{"id":"u1","name":")"
                + name + R"("}}}}})"));
            static_cast<void>(transaction.takeOpUpdates());
            INSPECTOR_CHECK(catalog.commit(std::move(transaction), std::nullopt, kJob));
            return {};
        };
        SUCCEEDS(addEvent(**savepoint, "rehearsed"));
        SUCCEEDS(addEvent(**writer, "written"));
        const auto rehearsed = (*savepoint)->auditLogs(kJob);
        SUCCEEDS(rehearsed);
        QCOMPARE(rehearsed->size(), std::size_t(13));
        QVERIFY(rehearsed->back().find("rehearsed") != std::string::npos);
        const auto written = (*writer)->auditLogs(kJob);
        SUCCEEDS(written);
        QCOMPARE(written->size(), std::size_t(13));
        QVERIFY(written->back().find("written") != std::string::npos);
    }

    void itStandsOnWhatItSawWhateverBecomesOfTheShard()
    {
        Story story(72, Place::inMemory());
        const auto writer = story.open();
        SUCCEEDS(writer);
        const auto savepoint = story.openSavepoint();
        SUCCEEDS(savepoint);
        const auto rows = (*savepoint)->snapshot(kJob)->of(CollectionType::Role).size();
        // Long enough for the shard to forget that moment, and to collect its parts.
        for (int i = 0; i < 300; ++i) {
            story.clock().advance(31'000);
            SUCCEEDS((*writer)->allocateIds("user", 1, std::nullopt, kJob));
        }
        QCOMPARE((*savepoint)->snapshot(kJob)->of(CollectionType::Role).size(), rows);
        QCOMPARE((*savepoint)->auditLogs(kJob)->size(), std::size_t(12));
        QCOMPARE((*savepoint)->nextId("user", kJob).value_or(0), quint64(1));
    }

    void aSavepointNeedsAGeneration()
    {
        Story story(92, Place::inMemory());
        SUCCEEDS(story.open());
        auto unopened = story.constructReading(std::nullopt);
        SUCCEEDS(unopened);
        QCOMPARE(outcome(std::move(**unopened).openSavepoint(story.arguments(), kJob)),
                 QString("Internal catalog error: cannot open in mode 'Savepoint' without a deploy generation"));
        auto writing = story.construct(std::nullopt);
        SUCCEEDS(writing);
        QCOMPARE(outcome(std::move(**writing).open(story.arguments(), kJob)),
                 QString("Internal catalog error: cannot open in mode 'Writable' without a deploy generation"));
    }

    void aHandleThatCouldWriteGivesItsWriterBack()
    {
        Story story(92, Place::inMemory());
        SUCCEEDS((*story.open())->expire(kJob));
        auto unopened = story.construct();
        SUCCEEDS(unopened);
        const auto savepoint = std::move(**unopened).openSavepoint(story.arguments(), kJob);
        SUCCEEDS(savepoint);
        const auto before = sizeOf(*story.place().memory);
        SUCCEEDS((*savepoint)->syncToCurrentUpdates(kJob));
        SUCCEEDS((*savepoint)->allocateIds("user", 1, std::nullopt, kJob));
        QCOMPARE(sizeOf(*story.place().memory), before);
    }
};

QTEST_APPLESS_MAIN(TestSavepoint)
#include "tst_savepoint.moc"
