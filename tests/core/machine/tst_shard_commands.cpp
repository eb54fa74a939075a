#include "core/machine/commands.h"
#include "core/machine/compare_and_append.h"
#include "core/machine/part_encoder.h"
#include "core/machine/shard_log.h"
#include "tests/core/machine/machine_scene.h"

#include <QTest>

// The rows of persist-write-protocol §8.1, §9.2, §13.1 and §13.2, one by one.

using namespace inspector;
using namespace inspector::machine;
using namespace inspector::machine::test;
using persist::Frontier;
using persist::State;

Q_DECLARE_METATYPE(inspector::machine::Era)

namespace {

constexpr std::uint64_t kNow = 1'700'000'000'000;
constexpr const char* kToken = "i33333333-3333-4333-8333-333333333331";
constexpr const char* kOtherToken = "i33333333-3333-4333-8333-333333333332";

const Moment kMoment {kNow, kNow};

State emptyState(Era era)
{
    return initialState({shardNumber(1).text()}, profileOf(era, Stance::Owner), "v1/r", kNow);
}

persist::BatchPtr batchOf(Frontier lower, Frontier upper, bool hasRow = false)
{
    auto batch = std::make_shared<persist::HollowBatch>();
    batch->description = {lower, upper, Timestamp(0)};
    if (hasRow) {
        persist::BatchPart part;
        part.content = persist::InlinePart {
            encodeInlinePart({lower, std::nullopt, Timestamp(0)}, {{"k", "", lower ? lower->value() : 0, 1}})};
        batch->parts.push_back(std::move(part));
        batch->length = 1;
        batch->runMeta.emplace_back().order = 1;
    }
    return batch;
}

/// A state whose upper is 5, with one writer that wrote up to there.
State writtenState(Era era)
{
    auto state = emptyState(era);
    LayeredSpine spine;
    [[maybe_unused]] const auto inserted = spine.insert(batchOf(Timestamp(0), Timestamp(5)));
    state.trace = spine.flatten();
    persist::Writer writer;
    writer.lastHeartbeatMs = kNow - 1000;
    writer.leaseDurationMs = 1000;
    writer.mostRecentWriteToken = kToken;
    writer.mostRecentWriteUpper = Frontier(Timestamp(5));
    state.writers.emplace("w1", writer);
    return state;
}

State tombstone(Era era)
{
    auto state = emptyState(era);
    LayeredSpine spine;
    spine.setSince(std::nullopt);
    auto batch = std::make_shared<persist::HollowBatch>();
    batch->description = {Timestamp(0), std::nullopt, std::nullopt};
    [[maybe_unused]] const auto inserted = spine.insert(batch);
    state.trace = spine.flatten();
    return state;
}

persist::LeasedReader leasedReader(std::uint64_t since, std::uint64_t seqno)
{
    persist::LeasedReader reader;
    reader.since = Timestamp(since);
    reader.seqno = SeqNo(seqno);
    reader.lastHeartbeatMs = kNow;
    reader.leaseDurationMs = 1000;
    return reader;
}

persist::CriticalReader criticalReader(std::uint64_t since, const Opaque& opaque = {})
{
    persist::CriticalReader reader;
    reader.since = Timestamp(since);
    reader.opaque = opaque.value;
    reader.opaqueCodec = opaque.codec;
    return reader;
}

AppendCommand appendOf(persist::BatchPtr batch, const char* token = kOtherToken)
{
    return {std::move(batch), "w1", token, 1000, "test"};
}

void addEras()
{
    QTest::addColumn<Era>("era");
    QTest::newRow("old") << Era::Old;
    QTest::newRow("new") << Era::New;
}

/// Nothing changed but what every transition changes.
bool isUnchanged(const State& before, const State& after)
{
    auto expected = before;
    expected.seqno = after.seqno;
    expected.walltimeMs = after.walltimeMs;
    expected.hostname = after.hostname;
    expected.lastGcReq = after.lastGcReq;
    expected.activeRollup = after.activeRollup;
    return !differenceBetween(expected, after).has_value();
}

} // namespace

class TestShardCommands : public QObject
{
    Q_OBJECT

private slots:
    // The generic transition (§4).

    void theNextStateIsOneOn_data()
    {
        QTest::addColumn<Era>("era");
        QTest::addColumn<bool>("isGuest");
        QTest::addColumn<QString>("stored");
        QTest::addColumn<QString>("stamped");
        QTest::newRow("old owner, older state") << Era::Old << false << "0.124.0"
                                                << "0.125.0-dev.0";
        QTest::newRow("old owner, newer state") << Era::Old << false << "0.126.1"
                                                << "0.126.1";
        QTest::newRow("old owner, release of the same") << Era::Old << false << "0.125.0"
                                                        << "0.125.0";
        QTest::newRow("old guest") << Era::Old << true << "0.124.0"
                                   << "0.124.0";
        QTest::newRow("new owner") << Era::New << false << "26.23.0"
                                   << "26.23.0";
        QTest::newRow("new guest") << Era::New << true << "26.23.0"
                                   << "26.23.0";
    }
    void theNextStateIsOneOn()
    {
        QFETCH(const Era, era);
        QFETCH(const bool, isGuest);
        QFETCH(const QString, stored);
        QFETCH(const QString, stamped);
        auto before = emptyState(era);
        before.applierVersion = stored.toStdString();
        const auto profile = profileOf(era, isGuest ? Stance::Guest : Stance::Owner);
        const auto next = nextStateOf(before, profile, {0, kNow + 5});
        QCOMPARE(next.seqno, before.seqno.next());
        QCOMPARE(next.walltimeMs, kNow + 5);
        QCOMPARE(next.hostname, profile.hostname);
        QCOMPARE(next.applierVersion, stamped.toStdString());
        QCOMPARE(nextStateOf(before, profile, {0, kNow - 5}).walltimeMs, kNow + 1);
    }

    void leasesLapseAfterTheirEnd()
    {
        for (const auto& [now, stays] : {std::pair(kNow + 1000, true), std::pair(kNow + 1001, false)}) {
            auto state = emptyState(Era::New);
            state.leasedReaders.emplace("r1", leasedReader(0, 0));
            state.criticalReaders.emplace("c1", criticalReader(0));
            auto& writer = state.writers["w1"];
            writer.lastHeartbeatMs = kNow;
            writer.leaseDurationMs = 1000;
            auto next = nextStateOf(state, profileOf(Era::New, Stance::Owner), {now, now});
            QVERIFY(finishTransition(next, false, CommandKind::Other, profileOf(Era::New, Stance::Owner), {now, now}));
            QCOMPARE(next.leasedReaders.contains("r1"), stays);
            QCOMPARE(next.writers.contains("w1"), stays);
            QVERIFY(next.criticalReaders.contains("c1"));

            auto asGuest = nextStateOf(state, profileOf(Era::New, Stance::Guest), {now, now});
            QVERIFY(
                finishTransition(asGuest, false, CommandKind::Append, profileOf(Era::New, Stance::Guest), {now, now}));
            QVERIFY(isUnchanged(state, asGuest));
            QCOMPARE(asGuest.lastGcReq, state.lastGcReq);
        }
    }

    void aLeaseOfZeroIsTheDefault()
    {
        constexpr std::uint64_t kQuarter = 15ULL * 60 * 1000;
        auto state = emptyState(Era::New);
        state.leasedReaders.emplace("r1", leasedReader(0, 0));
        state.leasedReaders["r1"].leaseDurationMs = 0;
        const auto profile = profileOf(Era::New, Stance::Owner);
        auto next = state;
        QVERIFY(finishTransition(next, false, CommandKind::Other, profile, {0, kNow + kQuarter}));
        QVERIFY(next.leasedReaders.contains("r1"));
        QVERIFY(finishTransition(next, false, CommandKind::Other, profile, {0, kNow + kQuarter + 1}));
        QVERIFY(!next.leasedReaders.contains("r1"));
    }

    void rollupsAreDueByDistance_data()
    {
        QTest::addColumn<Era>("era");
        QTest::addColumn<quint64>("distance");
        QTest::addColumn<qint64>("activeSinceMs"); // -1: none
        QTest::addColumn<bool>("isDue");
        const auto row = [](Era era, quint64 distance, qint64 active, bool isDue) {
            QTest::addRow("%s, %llu on, active for %lld", era == Era::Old ? "old" : "new",
                          static_cast<unsigned long long>(distance), static_cast<long long>(active))
                << era << distance << active << isDue;
        };
        row(Era::Old, 0, -1, false);
        row(Era::Old, 127, -1, false);
        row(Era::Old, 128, -1, true);
        row(Era::Old, 129, -1, false);
        row(Era::Old, 256, -1, true);
        row(Era::Old, 384, -1, true);
        row(Era::Old, 385, -1, true);
        row(Era::New, 128, -1, false);
        row(Era::New, 129, -1, true);
        row(Era::New, 129, 0, false);
        row(Era::New, 129, 5000, false);
        row(Era::New, 129, 5001, true);
        row(Era::New, 500, 10, false);
    }
    void rollupsAreDueByDistance()
    {
        QFETCH(const Era, era);
        QFETCH(const quint64, distance);
        QFETCH(const qint64, activeSinceMs);
        QFETCH(const bool, isDue);
        auto state = emptyState(era);
        state.seqno = SeqNo(firstSeqno(era).value() + distance);
        if (activeSinceMs >= 0)
            state.activeRollup = persist::ActiveTask {SeqNo(1), kNow - static_cast<std::uint64_t>(activeSinceMs)};
        const auto profile = profileOf(era, Stance::Owner);
        QCOMPARE(needsRollup(state, profile, kNow), isDue);
        const auto before = state.activeRollup;
        const auto assigned = finishTransition(state, false, CommandKind::Other, profile, kMoment);
        QVERIFY(assigned);
        QCOMPARE(assigned->rollup, isDue);
        QCOMPARE(state.activeRollup,
                 isDue && era == Era::New ? std::optional(persist::ActiveTask {state.seqno, kNow}) : before);
    }

    void aTombstoneGetsOneLastRollup()
    {
        for (const auto era : {Era::Old, Era::New}) {
            auto state = tombstone(era);
            state.rollups = {{SeqNo(7), {"v7/r", std::nullopt}}};
            state.seqno = SeqNo(8);
            QVERIFY(!needsRollup(state, profileOf(era, Stance::Owner), kNow));
            state.seqno = SeqNo(9);
            QVERIFY(needsRollup(state, profileOf(era, Stance::Owner), kNow));
        }
    }

    void collectionIsDueByThreshold_data()
    {
        QTest::addColumn<Era>("era");
        QTest::addColumn<quint64>("seqno");
        QTest::addColumn<quint64>("lastGcReq");
        QTest::addColumn<bool>("isAppend");
        QTest::addColumn<bool>("hasWriter");
        QTest::addColumn<qint64>("heldAt"); // by a leased reader; -1: none
        QTest::addColumn<qint64>("target"); // -1: not due
        const auto row = [](const char* name, Era era, quint64 seqno, quint64 last, bool isAppend, bool hasWriter,
                            qint64 heldAt, qint64 target) {
            QTest::newRow(name) << era << seqno << last << isAppend << hasWriter << heldAt << target;
        };
        row("first step", Era::Old, 2, 0, false, false, -1, 2);
        row("log of 3 is 2, one on", Era::Old, 3, 2, true, true, -1, -1);
        row("log of 4 is 2, two on", Era::Old, 4, 2, true, true, -1, 4);
        row("others do not, while there are writers", Era::Old, 4, 2, false, true, -1, -1);
        row("others do, without writers", Era::Old, 4, 2, false, false, -1, 4);
        row("seqno 0", Era::New, 0, 0, true, false, -1, -1);
        row("seqno 1", Era::New, 1, 0, false, false, -1, 1);
        row("log of 128 is 7", Era::New, 128, 121, true, true, -1, 128);
        row("log of 129 is 8", Era::New, 129, 122, true, true, -1, -1);
        row("held back", Era::New, 100, 40, true, true, 44, -1);
        row("held back, but enough", Era::New, 100, 40, true, true, 47, 47);
        row("held before the last one", Era::New, 100, 40, true, true, 30, -1);
        row("no more than 128000 at once", Era::New, 500000, 1000, true, true, -1, 129000);
        row("all at once in the old era", Era::Old, 500000, 1000, true, true, -1, 500000);
    }
    void collectionIsDueByThreshold()
    {
        QFETCH(const Era, era);
        QFETCH(const quint64, seqno);
        QFETCH(const quint64, lastGcReq);
        QFETCH(const bool, isAppend);
        QFETCH(const bool, hasWriter);
        QFETCH(const qint64, heldAt);
        QFETCH(const qint64, target);
        auto state = emptyState(era);
        state.seqno = SeqNo(seqno);
        state.lastGcReq = lastGcReq;
        if (hasWriter)
            state.writers["w1"].leaseDurationMs = UINT64_MAX;
        if (heldAt >= 0)
            state.leasedReaders.emplace("r1", leasedReader(0, static_cast<std::uint64_t>(heldAt)));
        const auto kind = isAppend ? CommandKind::Append : CommandKind::Other;
        const auto due = collectionDue(state, kind, era);
        QCOMPARE(due.has_value(), target >= 0);
        if (due)
            QCOMPARE(due->value(), static_cast<std::uint64_t>(target));
        auto profile = profileOf(era, Stance::Owner);
        profile.rollupThreshold = 0; // another question
        const auto assigned = finishTransition(state, false, kind, profile, kMoment);
        QVERIFY(assigned);
        QCOMPARE(assigned->collectTo, due);
        QCOMPARE(state.lastGcReq, due ? due->value() : lastGcReq);
    }

    void tombstonesAreAlwaysCollected()
    {
        auto state = tombstone(Era::New);
        state.seqno = SeqNo(100);
        state.lastGcReq = 100;
        QCOMPARE(collectionDue(state, CommandKind::OnTombstone, Era::New), std::optional(SeqNo(100)));
    }

    void aTombstoneAdmitsOnlyTheTwo()
    {
        auto state = tombstone(Era::New);
        const auto profile = profileOf(Era::New, Stance::Owner);
        QVERIFY(!finishTransition(state, true, CommandKind::Other, profile, kMoment));
        QVERIFY(finishTransition(state, true, CommandKind::OnTombstone, profile, kMoment));
    }

    void everyCommandBreaksOnATombstone_data() { addEras(); }
    void everyCommandBreaksOnATombstone()
    {
        QFETCH(const Era, era);
        const auto before = tombstone(era);
        const auto isBreak = [&](auto command) {
            auto next = before;
            const auto outcome = command(next);
            return outcome && outcome->verdict == Verdict::Break;
        };
        QVERIFY(isBreak([&](State& next) { return registerLeasedReader(next, {"r1", "", 1, false}, kMoment); }));
        QVERIFY(isBreak([&](State& next) { return heartbeatLeasedReader(next, "r1", kMoment); }));
        QVERIFY(isBreak([&](State& next) { return downgradeSince(next, "r1", {}, Timestamp(1), era, kMoment); }));
        QVERIFY(isBreak([&](State& next) { return expireLeasedReader(next, "r1"); }));
        QVERIFY(isBreak([&](State& next) { return registerCriticalReader(next, "c1", {}, ""); }));
        QVERIFY(isBreak([&](State& next) { return compareAndDowngradeSince(next, "c1", {}, {}, Timestamp(1), era); }));
        QVERIFY(isBreak([&](State& next) { return expireCriticalReader(next, "c1"); }));
        QVERIFY(isBreak([&](State& next) { return registerSchema(next, {}); }));
        QVERIFY(isBreak([&](State& next) { return expireWriter(next, "w1"); }));
        QVERIFY(isBreak([&](State& next) { return applyMergeResult(next, {}, era); }));
        QVERIFY(isBreak([&](State& next) { return removeRollups(next, {{SeqNo(1), "v1/r"}}, era); }));
        QVERIFY(isBreak([&](State& next) { return upgradeVersion(next, "99.0.0"); }));
        auto next = before;
        const auto append = compareAndAppend(next, appendOf(batchOf(Timestamp(0), Timestamp(1))),
                                             profileOf(era, Stance::Owner), kMoment);
        QVERIFY(append && append->verdict == Verdict::Break);
        const auto& upper = std::get<UpperBreak>(append->answer);
        QCOMPARE(upper.shardUpper, Frontier());
        QCOMPARE(upper.writerUpper, Frontier());

        auto withRollup = before;
        const auto added = addRollup(withRollup, SeqNo(8), {"v8/r", 5}, era);
        QVERIFY(added && added->verdict == Verdict::Continue && added->answer);
    }

    // Leased readers.

    void aLeasedReaderStartsAtTheShardsSince()
    {
        auto state = writtenState(Era::New);
        state.trace.since = Timestamp(3);
        state.seqno = SeqNo(9);
        const auto reader = registerLeasedReader(state, {"r1", "purpose", 77, false}, {kNow - 3, kNow});
        QVERIFY(reader && reader->verdict == Verdict::Continue);
        const auto& entry = state.leasedReaders.at("r1");
        QCOMPARE(entry, reader->answer);
        QCOMPARE(entry.since, Frontier(Timestamp(3)));
        QCOMPARE(entry.seqno, SeqNo(9));
        QCOMPARE(entry.lastHeartbeatMs, kNow - 3);
        QCOMPARE(entry.leaseDurationMs, std::uint64_t(77));
        QCOMPARE(entry.debug->purpose, std::string("purpose"));
        // The same id again is overwritten without a question.
        state.seqno = SeqNo(12);
        QVERIFY(registerLeasedReader(state, {"r1", "other", 78, false}, kMoment));
        QCOMPARE(state.leasedReaders.at("r1").seqno, SeqNo(12));
    }

    void aLeasedReaderMayStartAtTheCriticalSince()
    {
        auto state = emptyState(Era::New);
        state.trace.since = Timestamp(9);
        const auto without = registerLeasedReader(state, {"r1", "", 1, true}, kMoment);
        QCOMPARE(without->answer.since, Frontier(Timestamp(9)));
        state.criticalReaders.emplace("c1", criticalReader(7));
        state.criticalReaders.emplace("c2", criticalReader(5));
        const auto with = registerLeasedReader(state, {"r2", "", 1, true}, kMoment);
        QCOMPARE(with->answer.since, Frontier(Timestamp(5)));
    }

    void aHeartbeatNeverGoesBack()
    {
        auto state = emptyState(Era::Old);
        state.leasedReaders.emplace("r1", leasedReader(0, 0));
        QVERIFY(heartbeatLeasedReader(state, "r1", {kNow - 10, kNow})->answer);
        QCOMPARE(state.leasedReaders.at("r1").lastHeartbeatMs, kNow);
        QVERIFY(heartbeatLeasedReader(state, "r1", {kNow + 10, kNow})->answer);
        QCOMPARE(state.leasedReaders.at("r1").lastHeartbeatMs, kNow + 10);
        const auto unknown = heartbeatLeasedReader(state, "r2", kMoment);
        QVERIFY(!unknown->answer && unknown->verdict == Verdict::Continue);
    }

    void aDowngradeMovesSeqnoAndHeartbeatToo()
    {
        auto state = emptyState(Era::New);
        state.seqno = SeqNo(10);
        state.leasedReaders.emplace("r1", leasedReader(4, 6));
        const auto same = downgradeSince(state, "r1", SeqNo(8), Timestamp(4), Era::New, {kNow + 1, kNow});
        QVERIFY(same && same->verdict == Verdict::Continue);
        QCOMPARE(same->answer, Frontier(Timestamp(4)));
        QCOMPARE(state.leasedReaders.at("r1").seqno, SeqNo(8));
        QCOMPARE(state.leasedReaders.at("r1").lastHeartbeatMs, kNow + 1);
        QCOMPARE(state.since(), Frontier(Timestamp(0))); // not recomputed
        QCOMPARE(downgradeSince(state, "r1", SeqNo(9), Timestamp(2), Era::New, kMoment)->answer,
                 Frontier(Timestamp(4)));
        QCOMPARE(downgradeSince(state, "r1", SeqNo(99), Timestamp(6), Era::New, kMoment)->answer,
                 Frontier(Timestamp(6)));
        QCOMPARE(state.leasedReaders.at("r1").seqno, SeqNo(10)); // no further than the new version
        QCOMPARE(state.since(), Frontier(Timestamp(6)));
        QCOMPARE(downgradeSince(state, "r1", {}, std::nullopt, Era::New, kMoment)->answer, Frontier());
        QCOMPARE(state.since(), Frontier());
        QVERIFY(!downgradeSince(state, "r1", SeqNo(7), std::nullopt, Era::New, kMoment));
    }

    void anUnknownLeasedReaderCannotDowngrade()
    {
        auto state = emptyState(Era::New);
        const auto gone = downgradeSince(state, "r1", {}, Timestamp(1), Era::New, kMoment);
        QVERIFY(gone && gone->verdict == Verdict::Break);
        QCOMPARE(gone->answer, Frontier());
        QCOMPARE(downgradeSince(state, "r1", {}, Timestamp(1), Era::Old, kMoment).error().code, ErrorCode::NotFound);
    }

    // Critical readers.

    void registeringACriticalReaderAgainRenamesIt()
    {
        auto state = writtenState(Era::New);
        state.trace.since = Timestamp(2);
        const auto fresh = registerCriticalReader(state, "c1", initialOpaque("i64"), "first");
        QVERIFY(fresh && fresh->verdict == Verdict::Continue);
        QCOMPARE(fresh->answer.since, Frontier(Timestamp(2)));
        QCOMPARE(fresh->answer.opaque, INT64_MIN);
        QCOMPARE(fresh->answer.opaqueCodec, std::string("i64"));
        state.trace.since = Timestamp(3);
        const auto again = registerCriticalReader(state, "c1", initialOpaque("u64"), "second");
        QVERIFY(again && again->verdict == Verdict::Continue);
        QCOMPARE(again->answer.since, Frontier(Timestamp(2)));
        QCOMPARE(again->answer.opaqueCodec, std::string("i64"));
        QCOMPARE(state.criticalReaders.at("c1").debug->purpose, std::string("second"));
        QCOMPARE(initialOpaque("u64").value, 0);
        QCOMPARE(initialOpaque("PersistEpoch").value, 0);
    }

    void theOpaqueDecidesWhoMovesSince()
    {
        auto state = emptyState(Era::New);
        state.criticalReaders.emplace("c1", criticalReader(3, {"i64", 7}));
        state.leasedReaders.emplace("r1", leasedReader(5, 0));

        const auto wrong = compareAndDowngradeSince(state, "c1", {"i64", 8}, {"i64", 9}, Timestamp(6), Era::New);
        QVERIFY(wrong && wrong->verdict == Verdict::Continue); // it takes a version all the same
        QVERIFY(!wrong->answer.matched);
        QCOMPARE(wrong->answer.opaque, (Opaque {"i64", 7}));
        QCOMPARE(wrong->answer.since, Frontier(Timestamp(3)));

        const auto back = compareAndDowngradeSince(state, "c1", {"i64", 7}, {"i64", 9}, Timestamp(1), Era::New);
        QVERIFY(back->answer.matched);
        QCOMPARE(back->answer.since, Frontier(Timestamp(3)));
        QCOMPARE(state.criticalReaders.at("c1").opaque, 9); // the token changes even so
        QCOMPARE(state.since(), Frontier(Timestamp(0)));

        const auto on = compareAndDowngradeSince(state, "c1", {"i64", 9}, {"PersistEpoch", 0}, Timestamp(6), Era::New);
        QVERIFY(on->answer.matched);
        QCOMPARE(state.since(), Frontier(Timestamp(5))); // the meet with the leased reader's
        QCOMPARE(state.criticalReaders.at("c1").opaqueCodec, std::string("PersistEpoch"));

        QVERIFY(!compareAndDowngradeSince(state, "c2", {}, {}, Timestamp(6), Era::New));
        QVERIFY(!compareAndDowngradeSince(state, "c1", {"i64", 0}, {}, Timestamp(6), Era::Old)); // codec differs
        QVERIFY(!compareAndDowngradeSince(state, "c1", {"i64", 0}, {}, Timestamp(6), Era::New)->answer.matched);
    }

    void aSinceThatAReaderHoldsBackGoesBack()
    {
        // As the reference has it: the meet is assigned without a look at what was there.
        auto state = emptyState(Era::New);
        state.trace.since = Timestamp(8);
        state.criticalReaders.emplace("c1", criticalReader(8));
        state.leasedReaders.emplace("r1", leasedReader(5, 0));
        QVERIFY(compareAndDowngradeSince(state, "c1", {}, {}, Timestamp(9), Era::New));
        QCOMPARE(state.since(), Frontier(Timestamp(5)));
    }

    void expiryLeavesSinceAlone()
    {
        auto state = emptyState(Era::New);
        state.trace.since = Timestamp(3);
        state.criticalReaders.emplace("c1", criticalReader(3));
        state.leasedReaders.emplace("r1", leasedReader(5, 0));
        QVERIFY(expireCriticalReader(state, "c1")->answer);
        QVERIFY(!expireCriticalReader(state, "c1")->answer);
        QVERIFY(expireLeasedReader(state, "r1")->answer);
        const auto again = expireLeasedReader(state, "r1");
        QVERIFY(!again->answer && again->verdict == Verdict::Continue);
        QCOMPARE(state.since(), Frontier(Timestamp(3)));
        recomputeSince(state);
        QCOMPARE(state.since(), Frontier(Timestamp(3))); // nobody is there to ask
    }

    // Schemas.

    void theFirstSchemaGetsIdZero()
    {
        auto state = emptyState(Era::New);
        const persist::EncodedSchemas one {"k", "kt", "v", "vt"};
        const auto first = registerSchema(state, one);
        QCOMPARE(first->verdict, Verdict::Continue);
        QCOMPARE(first->answer, std::optional<std::uint64_t>(0));
        const auto same = registerSchema(state, one);
        QCOMPARE(same->verdict, Verdict::Break);
        QCOMPARE(same->answer, std::optional<std::uint64_t>(0));
        const auto other = registerSchema(state, {"k2", "kt", "v", "vt"});
        QCOMPARE(other->verdict, Verdict::Break);
        QVERIFY(!other->answer);
    }

    void schemasEvolveFromTheLastOne()
    {
        auto state = emptyState(Era::New);
        const persist::EncodedSchemas one {"k", "kt", "v", "vt"};
        const persist::EncodedSchemas two {"k2", "kt", "v", "vt"};
        QCOMPARE(compareAndEvolveSchema(state, 0, two, true)->answer, SchemaEvolution::ExpectedMismatch);
        QVERIFY(registerSchema(state, one));
        QCOMPARE(compareAndEvolveSchema(state, 1, two, true)->answer, SchemaEvolution::ExpectedMismatch);
        const auto same = compareAndEvolveSchema(state, 0, one, true);
        QVERIFY(same->answer == SchemaEvolution::Done && same->verdict == Verdict::Break);
        const auto bad = compareAndEvolveSchema(state, 0, two, false);
        QVERIFY(bad->answer == SchemaEvolution::Incompatible && bad->verdict == Verdict::Break);
        const auto done = compareAndEvolveSchema(state, 0, two, true);
        QVERIFY(done->answer == SchemaEvolution::Done && done->verdict == Verdict::Continue);
        QVERIFY(state.schemas.at(1) == two);
    }

    // Rollups.

    void rollupsAreListedOnce_data() { addEras(); }
    void rollupsAreListedOnce()
    {
        QFETCH(const Era, era);
        auto state = emptyState(era);
        state.rollups = {{SeqNo(5), {"v5/ra", std::nullopt}}};
        state.activeRollup = persist::ActiveTask {SeqNo(9), kNow};
        const auto known = addRollup(state, SeqNo(5), {"v5/ra", 1}, era);
        QVERIFY(known->answer && known->verdict == Verdict::Continue);
        QVERIFY(state.activeRollup.has_value());
        QVERIFY(!addRollup(state, SeqNo(5), {"v5/rb", 1}, era)->answer);
        QCOMPARE(addRollup(state, SeqNo(3), {"v3/r", 1}, era)->answer, era == Era::Old);
        const auto fresh = addRollup(state, SeqNo(9), {"v9/r", 42}, era);
        QVERIFY(fresh->answer && fresh->verdict == Verdict::Continue);
        QCOMPARE(state.rollups.at(SeqNo(9)), (persist::HollowRollup {"v9/r", 42}));
        QCOMPARE(state.activeRollup.has_value(), era == Era::Old);
    }

    void removedRollupsAreNamed_data() { addEras(); }
    void removedRollupsAreNamed()
    {
        QFETCH(const Era, era);
        auto state = emptyState(era);
        state.rollups = {{SeqNo(5), {"v5/r", {}}}, {SeqNo(7), {"v7/r", {}}}, {SeqNo(9), {"v9/r", {}}}};
        QCOMPARE(removeRollups(state, {}, era)->verdict, Verdict::Break);
        state.activeGc = persist::ActiveTask {SeqNo(9), kNow};
        const auto none = removeRollups(state, {}, era);
        QCOMPARE(none->verdict, era == Era::Old ? Verdict::Break : Verdict::Continue);
        QCOMPARE(state.activeGc.has_value(), era == Era::Old);
        const auto removed = removeRollups(state, {{SeqNo(4), "v4/r"}, {SeqNo(5), "v5/r"}, {SeqNo(7), "v7/r"}}, era);
        QCOMPARE(removed->verdict, Verdict::Continue);
        QVERIFY(removed->answer == (std::vector {SeqNo(5), SeqNo(7)}));
        QCOMPARE(state.rollups.size(), std::size_t(1));
        QVERIFY(!removeRollups(state, {{SeqNo(9), "v9/another"}}, era));
    }

    // Versions and tombstones.

    void theVersionIsRaisedNeverLowered()
    {
        auto state = emptyState(Era::New);
        const auto raised = upgradeVersion(state, "26.40.0");
        QVERIFY(raised->verdict == Verdict::Continue && raised->answer.empty());
        QCOMPARE(state.applierVersion, std::string("26.40.0"));
        QCOMPARE(upgradeVersion(state, "26.40.0")->verdict, Verdict::Continue); // commits even if equal
        const auto refused = upgradeVersion(state, "26.39.9");
        QVERIFY(refused->verdict == Verdict::Break && !refused->answer.empty());
        QCOMPARE(state.applierVersion, std::string("26.40.0"));
    }

    void becomingATombstoneTakesOneStepAtATime_data() { addEras(); }
    void becomingATombstoneTakesOneStepAtATime()
    {
        QFETCH(const Era, era);
        auto state = emptyState(era);
        QVERIFY(!becomeTombstone(state, era)); // since and upper are not at the end of time
        LayeredSpine spine;
        QVERIFY(spine.insert(batchOf(Timestamp(0), Timestamp(1), true)));
        QVERIFY(spine.insert(batchOf(Timestamp(1), Timestamp(2), true)));
        QVERIFY(spine.insert(batchOf(Timestamp(2), std::nullopt)));
        spine.setSince(std::nullopt);
        state.trace = spine.flatten();
        state.writers["w1"] = {};
        state.criticalReaders.emplace("c1", criticalReader(0));
        state.leasedReaders.emplace("r1", leasedReader(0, 0));

        int withParts = 2;
        while (withParts-- > 0) {
            QCOMPARE(becomeTombstone(state, era)->verdict, Verdict::Continue);
            QVERIFY(isTombstone(state));
            int left = 0;
            for (const auto& batch : state.batches())
                left += batch->parts.empty() ? 0 : 1;
            QCOMPARE(left, withParts);
        }
        QCOMPARE(becomeTombstone(state, era)->verdict, Verdict::Continue);
        QCOMPARE(state.batches().size(), std::size_t(1));
        const auto& last = state.batches().front()->description;
        QCOMPARE(last.lower, Frontier(Timestamp(0)));
        QCOMPARE(last.upper, Frontier());
        QCOMPARE(last.since, Frontier());
        QVERIFY(state.trace.spineBatches.contains({0, 1}));
        QCOMPARE(becomeTombstone(state, era)->verdict, Verdict::Break);
    }

    void aTombstoneOfOneEmptyBatchIsStillRecorded()
    {
        auto state = tombstone(Era::New);
        state.writers["w1"] = {};
        QCOMPARE(becomeTombstone(state, Era::New)->verdict, Verdict::Continue);
        QCOMPARE(becomeTombstone(state, Era::New)->verdict, Verdict::Break);
    }

    // compare_and_append (§9.2).

    void row2ANewWriterIsEntered()
    {
        auto state = emptyState(Era::New);
        state.hostname = "here";
        const auto done = compareAndAppend(state, {batchOf(Timestamp(0), Timestamp(1)), "w9", kToken, 123, "why"},
                                           profileOf(Era::New, Stance::Owner), {kNow - 7, kNow});
        QVERIFY(done && done->verdict == Verdict::Continue);
        const auto& writer = state.writers.at("w9");
        QCOMPARE(writer.lastHeartbeatMs, kNow - 7);
        QCOMPARE(writer.leaseDurationMs, std::uint64_t(123));
        QCOMPARE(writer.mostRecentWriteToken, std::string(kToken));
        QCOMPARE(writer.mostRecentWriteUpper, std::optional(Frontier(Timestamp(1))));
        QCOMPARE(*writer.debug, (persist::DebugState {"here", "why"}));
    }

    void rows3To7Refuse_data()
    {
        QTest::addColumn<quint64>("lower");
        QTest::addColumn<quint64>("upper");
        QTest::addColumn<bool>("hasRow");
        QTest::addColumn<QString>("token");
        QTest::addColumn<quint64>("inlineTotal");
        QTest::addColumn<QString>("answer");
        const auto row = [](const char* name, quint64 lower, quint64 upper, bool hasRow, const char* token,
                            quint64 inlineTotal, const char* answer) {
            QTest::newRow(name) << lower << upper << hasRow << token << inlineTotal << answer;
        };
        row("3: upper before lower", 5, 4, false, kOtherToken, 1000, "bounds");
        row("3 comes before 5", 5, 4, false, kToken, 1000, "bounds");
        row("4: rows at no time", 5, 5, true, kOtherToken, 1000, "empty interval");
        row("4 comes before 6", 7, 7, true, kOtherToken, 1000, "empty interval");
        row("5: the token of the last write", 2, 5, false, kToken, 1000, "already");
        row("5 comes before 6", 3, 5, true, kToken, 1000, "already");
        row("6: another upper, behind", 4, 6, false, kOtherToken, 1000, "upper");
        row("6: another upper, ahead", 6, 7, false, kOtherToken, 1000, "upper");
        row("6 comes before 7", 6, 7, true, kOtherToken, 1, "upper");
        row("7: inline bytes at the bound", 5, 6, true, kOtherToken, 1, "backpressure");
        row("8: in", 5, 6, true, kOtherToken, 1000, "in");
        row("nothing at no time", 5, 5, false, kOtherToken, 1000, "in");
        row("7 is for parts only", 5, 6, false, kOtherToken, 0, "in");
    }
    void rows3To7Refuse()
    {
        QFETCH(const quint64, lower);
        QFETCH(const quint64, upper);
        QFETCH(const bool, hasRow);
        QFETCH(const QString, token);
        QFETCH(const quint64, inlineTotal);
        QFETCH(const QString, answer);
        for (const auto era : {Era::Old, Era::New}) {
            auto state = writtenState(era);
            auto profile = profileOf(era, Stance::Owner);
            profile.inlineTotalBytes = inlineTotal;
            const auto tokenBytes = token.toStdString();
            const auto outcome = compareAndAppend(
                state, appendOf(batchOf(Timestamp(lower), Timestamp(upper), hasRow), tokenBytes.c_str()), profile,
                kMoment);
            QVERIFY(outcome);
            QCOMPARE(outcome->verdict, answer == "in" ? Verdict::Continue : Verdict::Break);
            if (answer == "in") {
                QVERIFY(std::holds_alternative<AppendedTo>(outcome->answer));
                QCOMPARE(state.upper(), Frontier(Timestamp(upper)));
            } else if (answer == "upper") {
                const auto& moved = std::get<UpperBreak>(outcome->answer);
                QCOMPARE(moved.shardUpper, Frontier(Timestamp(5)));
                QCOMPARE(moved.writerUpper, Frontier(Timestamp(5)));
            } else {
                const auto expected = answer == "bounds" ? AppendBreak::InvalidBounds
                    : answer == "empty interval"         ? AppendBreak::InvalidEmptyTimeInterval
                    : answer == "already"                ? AppendBreak::AlreadyCommitted
                                                         : AppendBreak::InlineBackpressure;
                QCOMPARE(std::get<AppendBreak>(outcome->answer), expected);
            }
        }
    }

    void row5AWrongUseOfATokenIsABug()
    {
        auto state = writtenState(Era::New);
        QVERIFY(!compareAndAppend(state, appendOf(batchOf(Timestamp(5), Timestamp(6)), kToken),
                                  profileOf(Era::New, Stance::Owner), kMoment));
    }

    void row7CountsWhatIsStored()
    {
        const auto first = batchOf(Timestamp(0), Timestamp(1), true);
        const auto second = batchOf(Timestamp(1), Timestamp(2), true);
        const auto bytes = inlineBytesOf(*first) + inlineBytesOf(*second);
        QCOMPARE(inlineBytesOf(*first),
                 std::uint64_t(std::get<persist::InlinePart>(first->parts.front().content).bytes.size()));
        for (const auto& [bound, isIn] : {std::pair(bytes, false), std::pair(bytes + 1, true)}) {
            auto state = emptyState(Era::New);
            auto profile = profileOf(Era::New, Stance::Owner);
            profile.inlineTotalBytes = bound;
            QVERIFY(compareAndAppend(state, appendOf(first, kToken), profile, kMoment));
            const auto outcome = compareAndAppend(state, appendOf(second), profile, kMoment);
            QCOMPARE(std::holds_alternative<AppendedTo>(outcome->answer), isIn);
        }
    }

    void row9OwnersOfTheNewEraClaim_data()
    {
        QTest::addColumn<Era>("era");
        QTest::addColumn<bool>("isGuest");
        QTest::addColumn<bool>("records");
        QTest::addColumn<bool>("claims");
        QTest::newRow("new owner") << Era::New << false << false << true;
        QTest::newRow("new guest") << Era::New << true << true << false;
        QTest::newRow("old owner") << Era::Old << false << false << false;
        QTest::newRow("old owner that records") << Era::Old << false << true << true;
        QTest::newRow("old guest") << Era::Old << true << true << false;
    }
    void row9OwnersOfTheNewEraClaim()
    {
        QFETCH(const Era, era);
        QFETCH(const bool, isGuest);
        QFETCH(const bool, records);
        QFETCH(const bool, claims);
        auto state = emptyState(era);
        auto profile = profileOf(era, isGuest ? Stance::Guest : Stance::Owner);
        profile.recordCompactions = records;
        std::vector<MergeRequest> requests;
        for (std::uint64_t time = 0; time < 3; ++time) { // the third finishes the merge of the first two
            const auto token = "i" + std::to_string(time);
            const auto outcome =
                compareAndAppend(state, appendOf(batchOf(Timestamp(time), Timestamp(time + 1), true), token.c_str()),
                                 profile, {kNow + time, kNow});
            requests = std::get<AppendedTo>(outcome->answer).requests;
        }
        QCOMPARE(requests.size(), std::size_t(1));
        QCOMPARE(requests.front().id, (persist::SpineId {0, 2}));
        QCOMPARE(requests.front().inputs.size(), std::size_t(2));
        const auto claimed = state.trace.merges.find({0, 2});
        QCOMPARE(claimed != state.trace.merges.end(), claims);
        if (claims)
            QCOMPARE(claimed->second.compactionStartMs, std::optional(kNow + 2));
    }

    void row11AHeartbeatNeverGoesBack()
    {
        auto state = writtenState(Era::New);
        QVERIFY(compareAndAppend(state, appendOf(batchOf(Timestamp(5), Timestamp(6))),
                                 profileOf(Era::New, Stance::Owner), {kNow - 5000, kNow}));
        QCOMPARE(state.writers.at("w1").lastHeartbeatMs, kNow - 1000);
    }

    // Compaction's result and exertion.

    void aMergeResultTakesAVersionWhateverBecomesOfIt()
    {
        auto state = emptyState(Era::New);
        LayeredSpine spine;
        for (std::uint64_t time = 0; time < 3; ++time)
            QVERIFY(spine.insert(batchOf(Timestamp(time), Timestamp(time + 1), true)));
        state.trace = spine.flatten();
        const auto applied = applyMergeResult(state, *batchOf(Timestamp(0), Timestamp(2), true), Era::New);
        QVERIFY(applied && applied->verdict == Verdict::Continue);
        QCOMPARE(applied->answer, MergeOutcome::AppliedExact);
        QCOMPARE(state.trace.legacyBatches.size(), std::size_t(2));
        const auto noOp = applyMergeResult(state, *batchOf(Timestamp(1), Timestamp(2), true), Era::New);
        QVERIFY(noOp && noOp->verdict == Verdict::Continue);
        QCOMPARE(noOp->answer, MergeOutcome::NoOp);
    }

    void exertionBreaksWithoutWork()
    {
        auto state = emptyState(Era::New);
        QCOMPARE(exertSpine(state, 4, Era::New)->verdict, Verdict::Break);
        LayeredSpine spine;
        for (std::uint64_t time = 0; time < 2; ++time)
            QVERIFY(spine.insert(batchOf(Timestamp(time), Timestamp(time + 1), true)));
        state.trace = spine.flatten();
        const auto worked = exertSpine(state, 4, Era::New);
        QCOMPARE(worked->verdict, Verdict::Continue);
        QCOMPARE(worked->answer.size(), std::size_t(1)); // the merge of the two came to its end
        QVERIFY(state.trace.spineBatches.contains({0, 2}));
    }
};

QTEST_GUILESS_MAIN(TestShardCommands)
#include "tst_shard_commands.moc"
