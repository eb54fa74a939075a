#include "core/machine/commands.h"
#include "core/machine/layered_spine.h"
#include "core/machine/raw_entries.h"
#include "core/machine/shard_log.h"
#include "core/machine/shard_writer.h"
#include "core/machine/state_encoder.h"
#include "core/persist/decode.h"
#include "core/persist/state_reader.h"
#include "core/store/faulty_store.h"
#include "tests/core/machine/machine_scene.h"

#include <QTest>

#include <algorithm>
#include <random>
#include <stop_token>

using namespace inspector;
using namespace inspector::machine;
using namespace inspector::machine::test;
using persist::Frontier;

Q_DECLARE_METATYPE(inspector::machine::Era)

namespace {

constexpr const char* kReader = "r00000000-0000-4000-8000-00000000000a";

/// Field 100, which nobody knows, with a text.
std::string unknownField()
{
    return std::string("\xa2\x06\x05") + "stays";
}

SharedBytes withUnknownField(const SharedBytes& bytes)
{
    return SharedBytes::copyOf(bytesOf(std::string(textOf(bytes.view())) + unknownField()));
}

Bytes bytesOf(const SharedBytes& shared)
{
    return {shared.view().begin(), shared.view().end()};
}

std::string textOfRow(const MemoryScene& scene, std::int64_t seqno)
{
    const auto row = scene.row(seqno);
    return std::string(inspector::textOf(row));
}

std::string describe(const Error& error)
{
    return error.describe();
}

/// The state becomes the only version of the scene's shard. With `rollups`, it lists the rollup of itself.
void plant(MemoryScene& scene, persist::State state, bool hasRollups = true)
{
    const auto key = "v" + std::to_string(state.seqno.value()) + "/r00000000-0000-4000-8000-00000000beef";
    state.shardId = scene.shardId.text();
    state.rollups.clear();
    if (hasRollups)
        state.rollups = {{state.seqno, {key, std::nullopt}}};
    scene.content->blobs[scene.shardId.text() + "/" + key] =
        encodeRollup(state, RawEntries(), {state.seqno.next(), state.seqno.next(), {}});
    persist::StateDiff diff;
    diff.applierVersion = state.applierVersion;
    diff.seqnoFrom = SeqNo(state.seqno.value() == 0 ? 0 : state.seqno.value() - 1);
    diff.seqnoTo = state.seqno;
    diff.walltimeMs = state.walltimeMs;
    diff.latestRollupKey = key;
    scene.content->versions[scene.shardId.text()] = {
        {static_cast<std::int64_t>(state.seqno.value()), bytesOf(encodeStateDiff(diff))}};
}

/// A state after a write of two rows and two empty ones, made without any writer.
persist::State stateWithAnEmptyBatch(Era era)
{
    auto state = initialState(ShardOrigin(), profileOf(era, Stance::Owner), "v0/r", 1'600'000'000'000);
    LayeredSpine spine;
    for (const auto& [lower, upper, length] :
         {std::tuple<std::uint64_t, std::uint64_t, std::uint64_t> {0, 1, 0}, {1, 3, 0}}) {
        auto batch = std::make_shared<persist::HollowBatch>();
        batch->description = {Timestamp(lower), Timestamp(upper), Timestamp(0)};
        batch->length = length;
        if (!spine.insert(batch))
            return state;
    }
    state.trace = spine.flatten();
    state.seqno = SeqNo(7);
    return state;
}

/// Follows the whole log as a process of the real system does (persist-write-protocol §6.1): what it compares a diff
/// with is what it holds in memory, not what is stored. The first thing at which it would stop; empty when it goes on.
std::string whatStopsAProcess(const MemoryScene& scene, Era era)
{
    const persist::StateReader reader(scene.consensus, scene.blob, scene.shardId);
    const auto rollups = reader.rollups(Job());
    if (!rollups || rollups->rollups.empty())
        return "no rollup to start from";
    const auto& rows = scene.content->versions.at(scene.shardId.text());
    std::optional<persist::State> held;
    for (const auto& [number, row] : rows) {
        if (number < 0)
            continue;
        const SeqNo seqno(static_cast<std::uint64_t>(number));
        const auto name = "v" + std::to_string(number);
        if (!held) {
            for (const auto& [key, rollup] : rollups->rollups)
                if (rollup.state.seqno == seqno)
                    held = rollup.state;
            continue;
        }
        const auto diff = persist::decodeStateDiff(SharedBytes::copyOf(row));
        if (!diff)
            return name + ": " + describe(diff.error());
        if (diff->seqnoFrom != held->seqno || diff->seqnoTo != seqno)
            return name + " does not follow";
        const auto loaded = LayeredSpine::unflatten(held->trace, era);
        if (!loaded)
            return name + ": " + describe(loaded.error());
        held->trace = loaded->flatten();
        if (const auto applied = persist::apply(*held, *diff); !applied)
            return name + ": " + describe(applied.error());
        if (!held->anomalies.empty())
            return name + ": " + held->anomalies.front();
        if (const auto after = LayeredSpine::unflatten(held->trace, era); !after)
            return name + ": " + describe(after.error());
    }
    return held ? std::string() : "the log begins at no rollup";
}

} // namespace

/// What a guest meets on somebody else's shard, and must leave as it is.
class TestForeignShards : public QObject
{
    Q_OBJECT

private slots:
    void aProcessOfTheRealSystemFollowsAGuest_data()
    {
        QTest::addColumn<QString>("folder");
        for (const auto* folder : {"old-fresh", "old-log", "old-busy", "new-fresh", "new-log", "new-busy"})
            QTest::newRow(folder) << folder;
    }
    void aProcessOfTheRealSystemFollowsAGuest()
    {
        QFETCH(const QString, folder);
        MemoryScene scene;
        load(*scene.content, folder.toStdString());
        scene.shardId = catalogShardOf(*scene.content);
        const auto era = folder.startsWith("old") ? Era::Old : Era::New;
        auto writer = scene.writer(profileOf(era, Stance::Guest));
        const auto before = writer.refresh(scene.job);
        QVERIFY2(before, before ? "" : describe(before.error()).c_str());
        scene.clock.now = static_cast<std::int64_t>((*before)->walltimeMs) + 1000;
        auto upper = (*before)->upper()->value();
        std::mt19937_64 random(11);
        for (int i = 0; i < 100; ++i, ++upper) {
            AppendRequest request {Timestamp(upper), Timestamp(upper + 1), {}};
            for (std::uint64_t row = random() % 4; row > 0; --row)
                request.updates.push_back({std::to_string(i) + " " + std::to_string(row), "", upper, 1});
            const auto done = writer.compareAndAppend(permitAt(upper), request, scene.job);
            QVERIFY2(done, done ? "" : describe(done.error()).c_str());
            QVERIFY(std::holds_alternative<Appended>(*done));
        }
        QCOMPARE(whatStopsAProcess(scene, era), std::string());
        if (era == Era::Old) // the newer system may take the shard over
            QCOMPARE(whatStopsAProcess(scene, Era::New), std::string());
    }

    void anEmptyBatchThatALoadCutsAnewIsLeftAlone_data()
    {
        QTest::addColumn<Era>("era");
        QTest::addColumn<QString>("how");
        for (const auto era : {Era::Old, Era::New})
            for (const auto* how : {"as listed", "in two", "in one"})
                QTest::addRow("%s, %s", era == Era::Old ? "old" : "new", how) << era << QString(how);
    }
    void anEmptyBatchThatALoadCutsAnewIsLeftAlone()
    {
        QFETCH(const Era, era);
        QFETCH(const QString, how);
        MemoryScene scene;
        auto state = initialState(ShardOrigin(), profileOf(era, Stance::Owner), "v0/r", 1'600'000'000'000);
        state.seqno = SeqNo(7);
        const auto empty = [](std::uint64_t lower, std::uint64_t upper) {
            auto batch = std::make_shared<persist::HollowBatch>();
            batch->description = {Timestamp(lower), Timestamp(upper), Timestamp(0)};
            return batch;
        };
        const auto place = [&](std::uint64_t id, std::uint64_t level, std::uint64_t lower, std::uint64_t upper) {
            persist::SpineBatch stored;
            stored.level = level;
            stored.description = empty(lower, upper)->description;
            stored.parts = {{id, id + 1}};
            stored.descriptions = {stored.description};
            state.trace.spineBatches[{id, id + 1}] = stored;
        };
        place(0, 1, 0, 1);
        if (how == "in two") {
            place(1, 0, 1, 3);
            state.trace.legacyBatches = {empty(0, 3)};
        } else if (how == "in one") {
            place(1, 0, 1, 3);
            state.trace.legacyBatches = {empty(0, 1), empty(1, 2), empty(2, 3)};
        } else {
            place(1, 0, 1, 3);
            state.trace.legacyBatches = {empty(0, 1), empty(1, 3)};
        }
        plant(scene, state);
        QCOMPARE(whatStopsAProcess(scene, era), std::string());

        auto guest = scene.writer(profileOf(era, Stance::Guest));
        const AppendRequest request {Timestamp(3), Timestamp(4), {{"a", "", 3, 1}}};
        const auto done = guest.compareAndAppend(permitAt(3), request, scene.job);
        QCOMPARE(done.has_value(), how == "as listed");
        if (!done) {
            QCOMPARE(done.error().code, ErrorCode::Unavailable);
            QCOMPARE(scene.content->versions.at(scene.shardId.text()).size(), std::size_t(1));
        }
        QCOMPARE(whatStopsAProcess(scene, era), std::string());
    }

    void whatIsNotKnownOfAnEntryStaysInItsBytes_data()
    {
        QTest::addColumn<bool>("inRollup");
        QTest::newRow("in a diff") << false;
        QTest::newRow("in a rollup") << true;
    }
    void whatIsNotKnownOfAnEntryStaysInItsBytes()
    {
        QFETCH(const bool, inRollup);
        MemoryScene scene;
        auto profile = profileOf(Era::New, Stance::Owner);
        profile.rollupThreshold = 3;
        auto owner = scene.writer(profile);
        QVERIFY(owner.openOrCreate(permitAt(), scene.job));
        // Somebody newer registers a reader and says more about it than this build knows.
        persist::LeasedReader reader;
        reader.since = Timestamp(0);
        reader.seqno = SeqNo(1);
        reader.lastHeartbeatMs = static_cast<std::uint64_t>(scene.clock.now);
        reader.leaseDurationMs = 60'000;
        const auto stored = withUnknownField(encodeLeasedReader(reader));
        persist::StateDiff foreign;
        foreign.applierVersion = owner.state()->applierVersion;
        foreign.seqnoFrom = SeqNo(0);
        foreign.seqnoTo = SeqNo(1);
        foreign.walltimeMs = owner.state()->walltimeMs + 1;
        foreign.latestRollupKey = owner.state()->rollups.begin()->second.key;
        foreign.changes = {
            {persist::StateField::LeasedReaders, persist::ChangeType::Insert, encodeTextSlice(kReader), {}, stored}};
        scene.content->versions.at(scene.shardId.text())[1] = bytesOf(encodeStateDiff(foreign));

        std::uint64_t upper = 0;
        const auto append = [&](ShardWriter& writer) {
            const AppendRequest request {Timestamp(upper), Timestamp(upper + 1), {{"a", "", upper, 1}}};
            const auto done = writer.compareAndAppend(permitAt(upper), request, scene.job);
            QVERIFY2(done, done ? "" : describe(done.error()).c_str());
            ++upper;
        };
        if (inRollup) {
            while (owner.state()->rollups.size() < 2) {
                append(owner);
                QVERIFY(owner.performMaintenance(permitAt(), scene.job));
                scene.clock.now += 1000;
            }
            const auto& key = owner.state()->rollups.rbegin()->second.key;
            const auto blob = scene.content->blobs.at(scene.shardId.text() + "/" + key);
            QVERIFY(textOf(blob.view()).find(textOf(stored.view())) != std::string_view::npos);
        }
        auto guest = scene.writer(profileOf(Era::New, Stance::Guest));
        append(guest);
        QVERIFY(textOfRow(scene, static_cast<std::int64_t>(guest.state()->seqno.value())).find("stays")
                == std::string::npos);
        QVERIFY(guest.state()->leasedReaders.contains(kReader));

        auto heir = scene.writer(profile);
        scene.clock.now += 120'000;
        append(heir);
        QVERIFY(!heir.state()->leasedReaders.contains(kReader));
        const auto row = textOfRow(scene, static_cast<std::int64_t>(heir.state()->seqno.value()));
        QVERIFY(row.find(textOf(stored.view())) != std::string::npos);
        QCOMPARE(whatStopsAProcess(scene, Era::New), std::string());
    }

    void aGuestExpiresNobodyHoweverLateItIs()
    {
        MemoryScene scene;
        auto owner = scene.writer(profileOf(Era::Old, Stance::Owner));
        QVERIFY(owner.openOrCreate(permitAt(), scene.job));
        QVERIFY(owner.registerLeasedReader(permitAt(), kReader, "reads", scene.job));
        QVERIFY(owner.compareAndAppend(permitAt(), {Timestamp(0), Timestamp(1), {}}, scene.job));
        const auto before = owner.state();
        scene.clock.now += 30LL * 24 * 3600 * 1000;
        auto guest = scene.writer(profileOf(Era::Old, Stance::Guest));
        QVERIFY(guest.compareAndAppend(permitAt(1), {Timestamp(1), Timestamp(2), {}}, scene.job));
        QCOMPARE(guest.state()->leasedReaders, before->leasedReaders);
        QVERIFY(guest.state()->writers.contains(owner.writerId()));
        QCOMPARE(guest.state()->walltimeMs, static_cast<std::uint64_t>(scene.clock.now));
    }

    void theSentinelRowIsNoVersion()
    {
        MemoryScene scene;
        auto owner = scene.writer(profileOf(Era::New, Stance::Owner));
        scene.content->versions[scene.shardId.text()][-1] = {};
        QVERIFY(owner.openOrCreate(permitAt(), scene.job));
        QVERIFY(owner.compareAndAppend(permitAt(), {Timestamp(0), Timestamp(1), {}}, scene.job));
        auto guest = scene.writer(profileOf(Era::New, Stance::Guest));
        QVERIFY(guest.compareAndAppend(permitAt(1), {Timestamp(1), Timestamp(2), {}}, scene.job));
        QVERIFY(scene.content->versions.at(scene.shardId.text()).contains(-1));
        QVERIFY(scene.row(-1).empty());
        QCOMPARE(whatStopsAProcess(scene, Era::New), std::string());
    }

    void aGuestMakesNoShard()
    {
        MemoryScene scene;
        auto guest = scene.writer(profileOf(Era::New, Stance::Guest));
        const auto opened = guest.openOrCreate(permitAt(), scene.job);
        QVERIFY(!opened);
        QCOMPARE(opened.error().code, ErrorCode::NotFound);
        QVERIFY(scene.content->versions.empty());
        QVERIFY(scene.content->blobs.empty());
    }

    void aStateWithoutARollupIsNotBuiltOn()
    {
        MemoryScene scene;
        plant(scene, stateWithAnEmptyBatch(Era::New), false);
        auto guest = scene.writer(profileOf(Era::New, Stance::Guest));
        const auto done = guest.compareAndAppend(permitAt(3), {Timestamp(3), Timestamp(4), {}}, scene.job);
        QVERIFY(!done);
        QCOMPARE(done.error().code, ErrorCode::Corrupt);
        QCOMPARE(scene.content->versions.at(scene.shardId.text()).size(), std::size_t(1));
    }

    void anAppendThatIsStoppedLeavesNoBlob()
    {
        MemoryScene scene;
        plant(scene, stateWithAnEmptyBatch(Era::New));
        const auto blobs = scene.content->blobs.size();
        std::stop_source stop;
        auto plan = std::make_shared<store::FaultPlan>();
        store::FaultyBlobWriter blob(std::make_unique<store::MemoryBlobWriter>(scene.content), plan);
        plan->only = {store::StoreCall::Set};
        plan->afterCall = [&](std::size_t) { stop.request_stop(); };
        ShardWriter guest(scene.consensus, blob, scene.shardId, profileOf(Era::New, Stance::Guest), scene.clock,
                          scene.ids);
        const Job job(stop.get_token());
        const AppendRequest request {Timestamp(3), Timestamp(4), {{std::string(5000, 'x'), "", 3, 1}}};
        const auto done = guest.compareAndAppend(permitAt(3), request, job);
        QVERIFY(!done);
        QCOMPARE(done.error().code, ErrorCode::Cancelled);
        QVERIFY(!done.error().outcomeUnknown);
        QCOMPARE(plan->calls, std::size_t(1));
        QCOMPARE(scene.content->blobs.size(), blobs);
    }
};

QTEST_GUILESS_MAIN(TestForeignShards)
#include "tst_foreign_shards.moc"
