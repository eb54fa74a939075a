#include "core/inspect/inspector.h"
#include "tests/support/fixture.h"

#include <QtTest>

#include <numeric>

using namespace inspector;
using namespace inspector::inspect;

namespace {

const Job kJob;

std::unique_ptr<Inspector> openShard(const std::string& shard)
{
    const auto file = test::shardFile(shard);
    auto opened = open({store::Location::ofCatalogFile(*file), {}}, kJob);
    return opened ? *std::move(opened) : nullptr;
}

std::uint64_t rowsOf(const Snapshot& snapshot)
{
    std::uint64_t rows = 0;
    for (const auto& summary : snapshot.collections())
        rows += summary.rows;
    return rows;
}

} // namespace

/// Everything a window asks, on catalogs that the real system wrote.
class TestLiveInspector : public QObject
{
    Q_OBJECT

private slots:
    void theOverviewSaysWhatTheNewestStateSays()
    {
        const auto inspector = openShard("new-log");
        QVERIFY(inspector);
        const auto overview = inspector->overview();
        QCOMPARE(overview.shardId, std::string("s35327d34-2476-e20e-f87e-ee518cb72f2b"));
        QCOMPARE(overview.seqno, SeqNo(102));
        QCOMPARE(overview.earliestSeqno, SeqNo(0));
        QCOMPARE(overview.since, std::optional(Timestamp(0)));
        QCOMPARE(overview.upper, std::optional(Timestamp(43)));
        QCOMPARE(overview.applierVersion, std::string("26.23.0"));
        QVERIFY(overview.isInitialized);
        QCOMPARE(overview.epoch, std::optional<std::int64_t>(7));
        QCOMPARE(overview.deployGeneration, std::optional<std::uint64_t>(2));
        QCOMPARE(overview.catalogVersion, std::optional<std::uint64_t>(82));
        QVERIFY(!overview.contentVersion.empty());
        QVERIFY(overview.systemConfigSyncedOnce);
        QCOMPARE(overview.handles.size(), std::size_t(5));
        QCOMPARE(overview.warnings, std::vector<std::string>());
    }

    void theShardMayBeChosenInFourWays_data()
    {
        QTest::addColumn<int>("by");
        QTest::addColumn<QString>("text");
        QTest::newRow("content") << int(ShardChoice::By::Content) << "";
        QTest::newRow("environment") << int(ShardChoice::By::EnvironmentId)
                                     << "aws-us-east-1-0106106a-0000-4000-8000-00000000d002-0";
        QTest::newRow("organization") << int(ShardChoice::By::OrganizationId) << "0106106a-0000-4000-8000-00000000d002";
        QTest::newRow("shard") << int(ShardChoice::By::ShardId) << "s35327d34-2476-e20e-f87e-ee518cb72f2b";
    }
    void theShardMayBeChosenInFourWays()
    {
        QFETCH(int, by);
        QFETCH(QString, text);
        const auto opened = open({store::Location::ofCatalogFile(*test::shardFile("new-log")),
                                  {static_cast<ShardChoice::By>(by), text.toStdString()}},
                                 kJob);
        QVERIFY2(opened, opened ? "" : opened.error().describe().c_str());
        const auto overview = (*opened)->overview();
        QCOMPARE(overview.shardId, std::string("s35327d34-2476-e20e-f87e-ee518cb72f2b"));
        QCOMPARE(overview.environmentId,
                 by == int(ShardChoice::By::EnvironmentId) ? text.toStdString() : std::string());
        QCOMPARE(!overview.organizationId.empty(),
                 by == int(ShardChoice::By::EnvironmentId) || by == int(ShardChoice::By::OrganizationId));
    }

    void aShardThatIsNotThereIsNotFoundAndNotMade()
    {
        const auto file = *test::shardFile("new-log");
        const auto before = test::stateOf(file);
        const auto opened = open({store::Location::ofCatalogFile(file),
                                  {ShardChoice::By::OrganizationId, "00000000-0000-0000-0000-000000000000"}},
                                 kJob);
        QVERIFY(!opened);
        QCOMPARE(opened.error().code, ErrorCode::NotFound);
        QVERIFY(opened.error().message.starts_with("no such shard: s86892608-7ff3-82f8-1090-7584b4945aaa"));
        QVERIFY(opened.error().message.find("new-log") != std::string::npos
                || opened.error().message.find("catalog.mzcat") != std::string::npos);
        QVERIFY(test::stateOf(file) == before);
    }

    void nothingIsWrittenByAnyQuestion()
    {
        const auto file = *test::shardFile("old-busy");
        const auto before = test::stateOf(file);
        {
            const auto inspector = openShard("old-busy");
            QVERIFY(inspector->refresh(kJob));
            QVERIFY(inspector->snapshotAt(Moment::latest(), kJob));
            QVERIFY(inspector->trace({}, kJob));
            QVERIFY(inspector->timeline(kJob));
            QVERIFY(inspector->fences(kJob));
            QVERIFY(inspector->activity().totals().statements > 0);
            QCOMPARE(inspector->activity().totals().errors, std::uint64_t(0));
        }
        QVERIFY(test::stateOf(file) == before);
    }

    void rowsAreThereBeforeProblemsAndNamesAre()
    {
        const auto inspector = openShard("new-busy");
        const auto snapshot = *inspector->snapshotAt(Moment::latest(), kJob);
        QVERIFY(!snapshot->isComplete());
        for (const auto& summary : snapshot->collections())
            QVERIFY(!summary.problems);
        const auto schemas = snapshot->entries("schema");
        std::size_t owner = 0;
        while (owner < schemas->columns().size()
               && schemas->columns()[owner].name.find("owner_id") == std::string::npos)
            ++owner;
        QVERIFY(owner < schemas->columns().size());
        const auto before = schemas->cell(0, owner);
        QVERIFY2(before.find("mz_system") == std::string::npos, before.c_str());

        QVERIFY(snapshot->complete(kJob));
        QVERIFY(snapshot->isComplete());
        for (const auto& summary : snapshot->collections())
            QCOMPARE(summary.problems.value_or(99), std::uint64_t(0));
        const auto after = schemas->cell(0, owner);
        QVERIFY2(after.find("mz_system") != std::string::npos, after.c_str());

        std::stop_source stop;
        stop.request_stop();
        const auto another = *inspector->snapshotAt(Moment::asOf(Timestamp(20)), kJob);
        const auto stopped = another->complete(Job(stop.get_token()));
        QVERIFY(!stopped);
        QCOMPARE(stopped.error().code, ErrorCode::Cancelled);
        QVERIFY(!another->isComplete());
    }

    void earlierMomentsShowEarlierRows_data()
    {
        QTest::addColumn<quint64>("asOf");
        QTest::addColumn<quint64>("rows");
        QTest::newRow("5") << quint64(5) << quint64(80);
        QTest::newRow("20") << quint64(20) << quint64(167);
        QTest::newRow("40") << quint64(40) << quint64(234);
        QTest::newRow("60") << quint64(60) << quint64(307);
        QTest::newRow("80") << quint64(80) << quint64(414);
        QTest::newRow("93, the latest") << quint64(93) << quint64(441);
    }
    void earlierMomentsShowEarlierRows()
    {
        QFETCH(quint64, asOf);
        QFETCH(quint64, rows);
        const auto inspector = openShard("new-busy");
        const auto snapshot = inspector->snapshotAt(Moment::asOf(Timestamp(asOf)), kJob);
        QVERIFY2(snapshot, snapshot ? "" : snapshot.error().describe().c_str());
        QCOMPARE(rowsOf(**snapshot), std::uint64_t(rows));
        QCOMPARE((*snapshot)->asOf(), Timestamp(asOf));
        QVERIFY((*snapshot)->moment() == Moment::asOf(Timestamp(asOf)));
    }

    void aTimeThatCannotBeReadNamesBothLimits_data()
    {
        QTest::addColumn<quint64>("asOf");
        QTest::newRow("below since") << quint64(84);
        QTest::newRow("at upper") << quint64(94);
        QTest::newRow("far beyond") << quint64(UINT64_MAX);
    }
    void aTimeThatCannotBeReadNamesBothLimits()
    {
        QFETCH(quint64, asOf);
        const auto inspector = openShard("old-busy");
        const auto refused = inspector->snapshotAt(Moment::asOf(Timestamp(asOf)), kJob);
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::OutOfRange);
        QVERIFY2(refused.error().message.find("85") != std::string::npos, refused.error().message.c_str());
        QVERIFY2(refused.error().message.find("94") != std::string::npos, refused.error().message.c_str());
    }

    void anOlderSeqnoShowsTheRowsOfThatTime()
    {
        const auto inspector = openShard("new-log");
        const auto timeline = inspector->timeline(kJob);
        QVERIFY(timeline);
        int compared = 0;
        for (const auto& step : timeline->seqnos) {
            if (step.seqno.value() % 17 != 0 || !step.upper || step.upper->value() == 0)
                continue;
            const auto bySeqno = inspector->snapshotAt(Moment::atSeqno(step.seqno), kJob);
            QVERIFY2(bySeqno, bySeqno ? "" : bySeqno.error().describe().c_str());
            QCOMPARE((*bySeqno)->seqno(), step.seqno);
            const auto byTime = inspector->snapshotAt(Moment::asOf(Timestamp(step.upper->value() - 1)), kJob);
            QVERIFY(byTime); // since is still 0 here
            QCOMPARE(rowsOf(**bySeqno), rowsOf(**byTime));
            ++compared;
        }
        QVERIFY(compared > 3);
    }

    void aSeqnoThatIsNotLiveIsOutOfRange()
    {
        const auto inspector = openShard("old-busy");
        QVERIFY(inspector->overview().earliestSeqno > SeqNo(1));
        for (const auto seqno : {SeqNo(1), SeqNo(100'000)}) {
            const auto refused = inspector->snapshotAt(Moment::atSeqno(seqno), kJob);
            QVERIFY(!refused);
            QCOMPARE(refused.error().code, ErrorCode::OutOfRange);
        }
    }

    void theTraceIsInTimeOrderWithinItsRange()
    {
        const auto inspector = openShard("new-log");
        const auto whole = inspector->trace({}, kJob);
        QVERIFY(whole);
        QVERIFY((*whole)->size() >= 349);
        for (std::uint32_t row = 1; row < (*whole)->size(); ++row)
            QVERIFY((*whole)->time(row - 1) <= (*whole)->time(row));
        TraceOptions options;
        options.from = Timestamp(10);
        options.to = Timestamp(20);
        const auto range = inspector->trace(options, kJob);
        std::size_t inRange = 0;
        for (std::uint32_t row = 0; row < (*whole)->size(); ++row)
            inRange += (*whole)->time(row) >= Timestamp(10) && (*whole)->time(row) <= Timestamp(20) ? 1U : 0U;
        QVERIFY(inRange > 0);
        QCOMPARE((*range)->size(), inRange);
        options.collection = "item";
        const auto items = inspector->trace(options, kJob);
        QVERIFY((*items)->size() > 0 && (*items)->size() < inRange);
        QCOMPARE((*items)->columns().front().name, std::string("gid"));
        QCOMPARE((*items)->columns().back().name, std::string("diff"));
    }

    void theConsolidatedTraceIsTheSnapshot()
    {
        const auto inspector = openShard("new-busy");
        TraceOptions options;
        options.consolidated = true;
        const auto trace = inspector->trace(options, kJob);
        const auto snapshot = inspector->snapshotAt(Moment::latest(), kJob);
        QCOMPARE(std::uint64_t((*trace)->size()), rowsOf(**snapshot));
    }

    void theTimelineKnowsBothClocks()
    {
        const auto inspector = openShard("old-busy");
        const auto timeline = inspector->timeline(kJob);
        QVERIFY(timeline);
        QCOMPARE(timeline->since, std::optional(Timestamp(85)));
        QCOMPARE(timeline->upper, std::optional(Timestamp(94)));
        QVERIFY(!timeline->seqnos.empty() && !timeline->times.empty());
        QCOMPARE(timeline->seqnos.front().seqno, inspector->overview().earliestSeqno);
        QCOMPARE(timeline->seqnos.back().seqno, inspector->overview().seqno);
        QVERIFY(timeline->exactFrom > Timestamp(0)); // compaction has rounded the old times up
        for (std::size_t i = 1; i < timeline->times.size(); ++i)
            QVERIFY(timeline->times[i - 1].time < timeline->times[i].time);
        for (const auto& point : timeline->times) {
            if (point.certainty == persist::Certainty::Rounded)
                QVERIFY(point.time <= timeline->exactFrom);
        }
    }

    void everyFenceTokenIsSeen()
    {
        const auto inspector = openShard("new-log");
        const auto fences = inspector->fences(kJob);
        QVERIFY(fences);
        std::vector<std::int64_t> taken;
        for (const auto& fence : *fences) {
            QVERIFY(fence.certainty == persist::Certainty::Exact);
            if (fence.diff > 0)
                taken.push_back(fence.epoch);
        }
        // Three epochs of the coordinator's and the ones that debug edits took; each is there once, in order.
        QCOMPARE(taken, (std::vector<std::int64_t> {2, 3, 4, 5, 6, 7}));
        QVERIFY(fences->back().diff > 0 && fences->back().supersededBy.empty());
        QVERIFY(fences->front().seqno.has_value()); // every version of the state is still there
        QVERIFY(fences->front().supersededBy.starts_with("generation "));
    }

    void olderStatesShowTokensThatCompactionRemoved()
    {
        const auto inspector = openShard("old-busy");
        const auto fences = inspector->fences(kJob);
        QVERIFY(fences);
        std::size_t inTrace = 0;
        const auto trace = inspector->trace({{}, {}, "FenceToken", false}, kJob);
        inTrace = (*trace)->size();
        QVERIFY2(fences->size() >= inTrace, qPrintable(QString::number(fences->size())));
        QCOMPARE(fences->back().epoch, std::int64_t(10));
        QCOMPARE(fences->back().deployGeneration, std::uint64_t(2));
    }

    void answersOutliveTheInspector()
    {
        auto inspector = openShard("old-log");
        const auto snapshot = *inspector->snapshotAt(Moment::latest(), kJob);
        inspector.reset();
        const auto items = snapshot->entries("item");
        QVERIFY(items->size() > 0);
        QVERIFY(!items->cell(0, 0).empty());
        QVERIFY(!items->detail(0, false).json.empty());
    }

    void aStopIsHeard()
    {
        const auto inspector = openShard("new-busy");
        std::stop_source stop;
        stop.request_stop();
        const Job stopped(stop.get_token());
        QCOMPARE(inspector->snapshotAt(Moment::latest(), stopped).error().code, ErrorCode::Cancelled);
        QCOMPARE(inspector->trace({}, stopped).error().code, ErrorCode::Cancelled);
    }
};

QTEST_GUILESS_MAIN(TestLiveInspector)
#include "tst_live_inspector.moc"
