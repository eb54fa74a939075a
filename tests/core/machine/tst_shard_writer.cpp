#include "core/base/hex.h"
#include "core/machine/commands.h"
#include "core/machine/guest_rules.h"
#include "core/machine/layered_spine.h"
#include "core/machine/raw_entries.h"
#include "core/machine/shard_writer.h"
#include "core/machine/state_encoder.h"
#include "core/machine/version_gate.h"
#include "core/persist/decode.h"
#include "core/persist/part_reader.h"
#include "core/store/faulty_store.h"
#include "tests/core/machine/machine_scene.h"

#include <QTest>

#include <random>

using namespace inspector;
using namespace inspector::machine;
using namespace inspector::machine::test;
using persist::Frontier;

Q_DECLARE_METATYPE(inspector::machine::Era)

namespace {

constexpr const char* kReader = "c55555555-6666-7777-8888-999999999999";

AppendRequest oneRow(std::uint64_t lower, const std::string& key, std::int64_t diff = 1)
{
    return {Timestamp(lower), Timestamp(lower + 1), {{key, "", lower, diff}}};
}

/// Appends, and answers the version; ends the test program's claim when it did not go in.
std::optional<Appended> appendTo(ShardWriter& writer, const AppendRequest& request)
{
    const auto done = writer.compareAndAppend(permitAt(request.lower.value()), request, Job());
    if (!done) {
        qWarning("%s", done.error().describe().c_str());
        return std::nullopt;
    }
    const auto* appended = std::get_if<Appended>(&*done);
    return appended == nullptr ? std::nullopt : std::optional(*appended);
}

Bytes bytesOf(const SharedBytes& shared)
{
    return {shared.view().begin(), shared.view().end()};
}

std::string textOfError(const Error& error)
{
    return error.describe();
}

void addEras()
{
    QTest::addColumn<Era>("era");
    QTest::newRow("old") << Era::Old;
    QTest::newRow("new") << Era::New;
}

/// Rewrites the newest rollup-free state of a scene: `change` edits a copy of the state, which becomes the only
/// version of a shard of its own.
void plant(MemoryScene& scene, persist::State state)
{
    const auto key = "v" + std::to_string(state.seqno.value()) + "/r00000000-0000-4000-8000-00000000beef";
    state.shardId = scene.shardId.text();
    state.rollups = {{state.seqno, {key, std::nullopt}}};
    const auto blob = encodeRollup(state, RawEntries(), {state.seqno.next(), state.seqno.next(), {}});
    scene.content->blobs[scene.shardId.text() + "/" + key] = blob;
    persist::StateDiff diff;
    diff.applierVersion = state.applierVersion;
    diff.seqnoFrom = SeqNo(state.seqno.value() == 0 ? 0 : state.seqno.value() - 1);
    diff.seqnoTo = state.seqno;
    diff.walltimeMs = state.walltimeMs;
    diff.latestRollupKey = key;
    scene.content->versions[scene.shardId.text()] = {
        {static_cast<std::int64_t>(state.seqno.value()), bytesOf(encodeStateDiff(diff))}};
}

persist::State emptyState(Era era)
{
    ShardOrigin origin;
    return initialState(origin, profileOf(era, Stance::Owner), "v0/r", 1'700'000'000'000);
}

} // namespace

class TestShardWriter : public QObject
{
    Q_OBJECT

private slots:
    // Shards of our own.

    void openingCreatesAShardOnce_data() { addEras(); }
    void openingCreatesAShardOnce()
    {
        QFETCH(const Era, era);
        MemoryScene scene;
        auto first = scene.writer(profileOf(era, Stance::Owner));
        QVERIFY(!first.refresh(scene.job));
        QCOMPARE(first.refresh(scene.job).error().code, ErrorCode::NotFound);
        const auto created = first.openOrCreate(permitAt(), scene.job);
        QVERIFY2(created, created ? "" : textOfError(created.error()).c_str());
        QCOMPARE((*created)->seqno, firstSeqno(era));
        QCOMPARE((*created)->upper(), Frontier(Timestamp(0)));

        auto second = scene.writer(profileOf(era, Stance::Owner));
        const auto opened = second.openOrCreate(permitAt(), scene.job);
        QVERIFY(opened);
        QCOMPARE((*opened)->rollups, (*created)->rollups);
        QCOMPARE(scene.content->versions.at(scene.shardId.text()).size(), std::size_t(1));
        QCOMPARE(scene.content->blobs.size(), std::size_t(1));
        QCOMPARE(brokenRuleOf(scene.consensus, scene.blob, scene.shardId, era), std::string());
    }

    void openingMeetsAShardThatAppearsMeanwhile_data() { addEras(); }
    void openingMeetsAShardThatAppearsMeanwhile()
    {
        QFETCH(const Era, era);
        for (const std::size_t at : {1U, 2U, 3U}) { // the log is read, looked for, and begun
            MemoryScene scene;
            const auto plan = std::make_shared<store::FaultPlan>();
            store::FaultyConsensusWriter consensus(std::make_unique<store::MemoryConsensusWriter>(scene.content), plan);
            auto other = scene.writer(profileOf(era, Stance::Owner));
            plan->beforeCall = [&](std::size_t call) {
                if (call == at)
                    QVERIFY(other.openOrCreate(permitAt(), scene.job));
            };
            ShardWriter writer(consensus, scene.blob, scene.shardId, profileOf(era, Stance::Owner), scene.clock,
                               scene.ids);
            const auto opened = writer.openOrCreate(permitAt(), scene.job);
            QVERIFY2(opened, opened ? "" : textOfError(opened.error()).c_str());
            QVERIFY(other.state());
            QCOMPARE((*opened)->rollups, other.state()->rollups);
            QCOMPARE(scene.content->blobs.size(), std::size_t(1));
            QVERIFY(plan->calls >= at);
        }
    }

    void whatIsAppendedIsRead_data() { addEras(); }
    void whatIsAppendedIsRead()
    {
        QFETCH(const Era, era);
        MemoryScene scene;
        auto writer = scene.writer(profileOf(era, Stance::Owner));
        QVERIFY(writer.openOrCreate(permitAt(), scene.job));
        QVERIFY(appendTo(writer, {Timestamp(0), Timestamp(1), {}}));
        QVERIFY(appendTo(writer, {Timestamp(1), Timestamp(3), {{"b", "", 2, 1}, {"a", "", 1, 1}, {"a", "", 1, 1}}}));
        QVERIFY(appendTo(writer, oneRow(3, "a", -1)));
        const Rows expected {{{"a", 1}, 2}, {{"b", 2}, 1}, {{"a", 3}, -1}};
        QVERIFY(rowsOf(scene.consensus, scene.blob, scene.shardId) == expected);
        QCOMPARE(brokenRuleOf(scene.consensus, scene.blob, scene.shardId, era), std::string());
    }

    void updatesThatCancelOutLeaveAnEmptyBatch()
    {
        MemoryScene scene;
        auto writer = scene.writer(profileOf(Era::New, Stance::Owner));
        QVERIFY(writer.openOrCreate(permitAt(), scene.job));
        QVERIFY(appendTo(writer, {Timestamp(0), Timestamp(1), {{"a", "", 0, 1}, {"a", "", 0, -1}}}));
        const auto& batch = writer.state()->trace.legacyBatches.front();
        QVERIFY(batch->isEmpty());
        QVERIFY(batch->runMeta.empty());
    }

    void anAppendIsOneCompareAndSet()
    {
        MemoryScene scene;
        auto plan = std::make_shared<store::FaultPlan>();
        store::FaultyConsensusWriter consensus(std::make_unique<store::MemoryConsensusWriter>(scene.content), plan);
        ShardWriter writer(consensus, scene.blob, scene.shardId, profileOf(Era::New, Stance::Owner), scene.clock,
                           scene.ids);
        QVERIFY(writer.openOrCreate(permitAt(), scene.job));
        QVERIFY(appendTo(writer, oneRow(0, "a")));
        plan->byKind.clear();
        for (std::uint64_t time = 1; time < 11; ++time)
            QVERIFY(appendTo(writer, oneRow(time, "k")));
        QCOMPARE(plan->byKind.size(), std::size_t(1));
        QCOMPARE(plan->byKind.at(store::StoreCall::CompareAndSet), std::size_t(10));
    }

    // Bounds and permits.

    void anAppendNeedsAPermitForItsLowerBound()
    {
        MemoryScene scene;
        auto writer = scene.writer(profileOf(Era::New, Stance::Owner));
        QVERIFY(writer.openOrCreate(permitAt(), scene.job));
        const auto refused = writer.compareAndAppend(permitAt(7), oneRow(0, "a"), scene.job);
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::Conflict);
        QCOMPARE(scene.content->versions.at(scene.shardId.text()).size(), std::size_t(1));
    }

    void boundsAndTimesMustFit_data()
    {
        QTest::addColumn<quint64>("lower");
        QTest::addColumn<quint64>("upper");
        QTest::addColumn<quint64>("time");
        QTest::newRow("no range") << quint64(5) << quint64(5) << quint64(5);
        QTest::newRow("a range backwards") << quint64(5) << quint64(4) << quint64(5);
        QTest::newRow("a time before") << quint64(5) << quint64(6) << quint64(4);
        QTest::newRow("a time at the upper") << quint64(5) << quint64(6) << quint64(6);
    }
    void boundsAndTimesMustFit()
    {
        QFETCH(const quint64, lower);
        QFETCH(const quint64, upper);
        QFETCH(const quint64, time);
        MemoryScene scene;
        auto writer = scene.writer(profileOf(Era::New, Stance::Owner));
        QVERIFY(writer.openOrCreate(permitAt(), scene.job));
        const auto refused = writer.compareAndAppend(
            permitAt(lower), {Timestamp(lower), Timestamp(upper), {{"k", "", time, 1}}}, scene.job);
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::InvalidInput);
        QCOMPARE(scene.content->blobs.size(), std::size_t(1)); // nothing was written before looking
    }

    void anotherUpperIsTold()
    {
        MemoryScene scene;
        auto first = scene.writer(profileOf(Era::New, Stance::Owner));
        QVERIFY(first.openOrCreate(permitAt(), scene.job));
        auto second = scene.writer(profileOf(Era::New, Stance::Owner));
        QVERIFY(second.refresh(scene.job));
        QVERIFY(appendTo(first, oneRow(0, "first")));

        // The second one does not know of the first's append; both what it knows and what is there decide.
        const auto lost = second.compareAndAppend(permitAt(0), oneRow(0, "second"), scene.job);
        QVERIFY(lost);
        const auto& mismatch = std::get<UpperMismatch>(*lost);
        QCOMPARE(mismatch.expected, Frontier(Timestamp(0)));
        QCOMPARE(mismatch.actual, Frontier(Timestamp(1)));
        const auto ahead = second.compareAndAppend(permitAt(9), oneRow(9, "second"), scene.job);
        QVERIFY(ahead);
        QCOMPARE(std::get<UpperMismatch>(*ahead).actual, Frontier(Timestamp(1)));
        QVERIFY((rowsOf(scene.consensus, scene.blob, scene.shardId) == Rows {{{"first", 0}, 1}}));
    }

    void aStaleUpperIsReadAgainBeforeItRefuses()
    {
        MemoryScene scene;
        auto first = scene.writer(profileOf(Era::New, Stance::Owner));
        QVERIFY(first.openOrCreate(permitAt(), scene.job));
        auto second = scene.writer(profileOf(Era::New, Stance::Owner));
        QVERIFY(second.refresh(scene.job));
        QVERIFY(appendTo(first, oneRow(0, "first")));
        const auto done = appendTo(second, oneRow(1, "second"));
        QVERIFY(done);
        QCOMPARE(done->upper, Timestamp(2));
    }

    void aRaceForTheSeqnoAloneIsRunAgain()
    {
        MemoryScene scene;
        auto writer = scene.writer(profileOf(Era::New, Stance::Owner));
        QVERIFY(writer.openOrCreate(permitAt(), scene.job));
        auto other = scene.writer(profileOf(Era::New, Stance::Owner));
        QVERIFY(other.registerCriticalReader(permitAt(), kReader, "somebody", scene.job));
        const auto done = appendTo(writer, oneRow(0, "a"));
        QVERIFY(done);
        QCOMPARE(done->attempts, std::uint64_t(2));
        QVERIFY(writer.state()->criticalReaders.contains(kReader));
    }

    // Parts.

    void partsAreInlineBelowTheBound_data()
    {
        QTest::addColumn<int>("keyBytes");
        QTest::addColumn<bool>("isInline");
        QTest::newRow("one byte below") << 4096 - 16 - 1 << true;
        QTest::newRow("at the bound") << 4096 - 16 << false;
    }
    void partsAreInlineBelowTheBound()
    {
        QFETCH(const int, keyBytes);
        QFETCH(const bool, isInline);
        MemoryScene scene;
        auto writer = scene.writer(profileOf(Era::New, Stance::Owner));
        QVERIFY(writer.openOrCreate(permitAt(), scene.job));
        const std::string key(static_cast<std::size_t>(keyBytes), 'k');
        QVERIFY(appendTo(writer, oneRow(0, key)));
        const auto& part = writer.state()->trace.legacyBatches.front()->parts.front();
        QCOMPARE(std::holds_alternative<persist::InlinePart>(part.content), isInline);
        if (!isInline) {
            QVERIFY(part.name().starts_with("n2603900/p"));
            QCOMPARE(part.encodedSizeBytes, scene.content->blobs.at(scene.shardId.text() + "/" + part.name()).size());
        }
        QVERIFY((rowsOf(scene.consensus, scene.blob, scene.shardId) == Rows {{{key, 0}, 1}}));
    }

    void aPartsOwnUpperIsOpen()
    {
        for (const std::uint64_t inlineBytes : {4096U, 0U}) {
            MemoryScene scene;
            auto profile = profileOf(Era::New, Stance::Owner);
            profile.inlineWriteBytes = inlineBytes;
            auto writer = scene.writer(profile);
            QVERIFY(writer.openOrCreate(permitAt(), scene.job));
            QVERIFY(appendTo(writer, oneRow(0, "a")));
            persist::PartReader parts(scene.blob, scene.shardId);
            const auto part = parts.read(writer.state()->trace.legacyBatches.front()->parts.front(), scene.job);
            QVERIFY(part && *part);
            const auto& description = (*part)->decoded.description;
            QVERIFY(description.has_value());
            QCOMPARE(description->lower, std::optional<std::uint64_t>(0));
            QVERIFY(!description->upper.has_value());
            QCOMPARE(description->since, std::optional<std::uint64_t>(0));
        }
    }

    void tooManyInlineBytesBecomeABlob()
    {
        MemoryScene scene;
        auto profile = profileOf(Era::New, Stance::Owner);
        profile.inlineTotalBytes = 200;
        auto writer = scene.writer(profile);
        QVERIFY(writer.openOrCreate(permitAt(), scene.job));
        Rows expected;
        for (std::uint64_t time = 0; time < 6; ++time) {
            QVERIFY(appendTo(writer, oneRow(time, "key " + std::to_string(time))));
            expected[{"key " + std::to_string(time), time}] = 1;
        }
        int inlined = 0;
        for (const auto& batch : writer.state()->trace.legacyBatches)
            inlined += std::holds_alternative<persist::InlinePart>(batch->parts.front().content) ? 1 : 0;
        QVERIFY(inlined > 0 && inlined < 6);
        QVERIFY(rowsOf(scene.consensus, scene.blob, scene.shardId) == expected);
    }

    void aLargeAppendIsSplitIntoPartsOfOneRunEach()
    {
        MemoryScene scene;
        auto profile = profileOf(Era::Old, Stance::Owner);
        profile.inlineWriteBytes = 100;
        profile.blobTargetBytes = 1000;
        auto writer = scene.writer(profile);
        QVERIFY(writer.openOrCreate(permitAt(), scene.job));
        AppendRequest request {Timestamp(0), Timestamp(1), {}};
        Rows expected;
        for (int i = 0; i < 100; ++i) {
            const auto key = "row number " + std::to_string(i);
            request.updates.push_back({key, "", 0, 1});
            expected[{key, 0}] = 1;
        }
        QVERIFY(appendTo(writer, request));
        const auto& batch = *writer.state()->trace.legacyBatches.front();
        QVERIFY(batch.parts.size() > 2);
        QCOMPARE(batch.runs.size(), batch.parts.size() - 1);
        QCOMPARE(batch.runMeta.size(), batch.parts.size());
        QCOMPARE(batch.length, std::uint64_t(100));
        QVERIFY(rowsOf(scene.consensus, scene.blob, scene.shardId) == expected);
    }

    void schemasAreStampedAsTheEraDoes_data()
    {
        QTest::addColumn<Era>("era");
        QTest::addColumn<bool>("isGuest");
        QTest::addColumn<bool>("hasOld");
        QTest::addColumn<bool>("hasNew");
        QTest::newRow("old owner") << Era::Old << false << true << false;
        QTest::newRow("old guest") << Era::Old << true << false << false;
        QTest::newRow("new owner") << Era::New << false << false << true;
        QTest::newRow("new guest") << Era::New << true << false << true;
    }
    void schemasAreStampedAsTheEraDoes()
    {
        QFETCH(const Era, era);
        QFETCH(const bool, isGuest);
        QFETCH(const bool, hasOld);
        QFETCH(const bool, hasNew);
        MemoryScene scene;
        auto owner = scene.writer(profileOf(era, Stance::Owner));
        QVERIFY(owner.openOrCreate(permitAt(), scene.job));
        QVERIFY(appendTo(owner, oneRow(0, "before")));
        const auto& before = owner.state()->trace.legacyBatches.back();
        QVERIFY(!before->parts.front().schemaId && !before->parts.front().deprecatedSchemaId);
        const auto id = owner.registerSchema(permitAt(), {"key", "key type", "", ""}, scene.job);
        QVERIFY(id);
        QCOMPARE(*id, std::optional<std::uint64_t>(0));

        auto writer = scene.writer(profileOf(era, isGuest ? Stance::Guest : Stance::Owner));
        QVERIFY(appendTo(writer, oneRow(1, "after")));
        const auto& batch = writer.state()->trace.legacyBatches.back();
        QCOMPARE(batch->parts.front().schemaId.has_value(), hasNew);
        QCOMPARE(batch->runMeta.front().schemaId.has_value(), hasNew);
        QCOMPARE(batch->parts.front().deprecatedSchemaId.has_value(), hasOld);
        QCOMPARE(batch->runMeta.front().deprecatedSchemaId.has_value(), hasOld);
    }

    // Guests.

    void aGuestTouchesNothingButItsOwn_data()
    {
        QTest::addColumn<QString>("folder");
        for (const auto* folder : {"old-fresh", "old-log", "old-busy", "new-fresh", "new-log", "new-busy"})
            QTest::newRow(folder) << folder;
    }
    void aGuestTouchesNothingButItsOwn()
    {
        QFETCH(const QString, folder);
        MemoryScene scene;
        load(*scene.content, folder.toStdString());
        scene.shardId = catalogShardOf(*scene.content);
        const auto era = folder.startsWith("old") ? Era::Old : Era::New;
        auto profile = profileOf(era, Stance::Guest);
        auto writer = scene.writer(profile);
        const auto before = writer.refresh(scene.job);
        QVERIFY2(before, before ? "" : textOfError(before.error()).c_str());
        scene.clock.now = static_cast<std::int64_t>((*before)->walltimeMs) + 1000;
        const auto rowsBefore = rowsOf(scene.consensus, scene.blob, scene.shardId);
        const auto blobsBefore = scene.content->blobs.size();

        // Enough appends to make and finish merges, small and large.
        auto upper = (*before)->upper()->value();
        auto expected = rowsBefore;
        std::mt19937_64 random(7);
        for (int i = 0; i < 40; ++i) {
            AppendRequest request {Timestamp(upper), Timestamp(upper + 1), {}};
            for (std::uint64_t row = random() % 30; row > 0; --row) {
                const auto key = std::string(random() % 400, 'x') + std::to_string(i) + " " + std::to_string(row);
                request.updates.push_back({key, "", upper, 1});
                expected[{key, upper}] += 1;
            }
            const auto done = appendTo(writer, request);
            QVERIFY(done);
            ++upper;
            const auto diff = persist::decodeStateDiff(
                SharedBytes::copyOf(scene.row(static_cast<std::int64_t>(done->seqno.value()))));
            QVERIFY(diff);
            QCOMPARE(diff->applierVersion, (*before)->applierVersion);
            QCOMPARE(diff->latestRollupKey, (*before)->rollups.rbegin()->second.key);
        }
        const auto& after = *writer.state();
        QCOMPARE(after.rollups, (*before)->rollups);
        QCOMPARE(after.leasedReaders, (*before)->leasedReaders);
        QCOMPARE(after.criticalReaders, (*before)->criticalReaders);
        QCOMPARE(after.schemas, (*before)->schemas);
        QCOMPARE(after.lastGcReq, (*before)->lastGcReq);
        QCOMPARE(after.activeRollup, (*before)->activeRollup);
        QCOMPARE(after.activeGc, (*before)->activeGc);
        QCOMPARE(after.since(), (*before)->since());
        auto writers = after.writers;
        writers.erase(writer.writerId());
        QCOMPARE(writers, (*before)->writers);
        for (const auto& batch : (*before)->trace.legacyBatches)
            if (!batch->parts.empty())
                QVERIFY(std::any_of(after.trace.legacyBatches.begin(), after.trace.legacyBatches.end(),
                                    [&](const persist::BatchPtr& kept) {
                                        return textOf(kept->raw.view()) == textOf(batch->raw.view());
                                    }));
        QVERIFY(rowsOf(scene.consensus, scene.blob, scene.shardId) == expected);
        QVERIFY(scene.content->blobs.size() > blobsBefore);
        QCOMPARE(brokenRuleOf(scene.consensus, scene.blob, scene.shardId, era), std::string());

        QVERIFY(writer.expireWriter(permitAt(), scene.job));
        QCOMPARE(writer.state()->writers, (*before)->writers);
        QCOMPARE(*writer.performMaintenance(permitAt(), scene.job), false);
    }

    void aGuestKeepsReadersAndSchemasToTheirOwners()
    {
        MemoryScene scene;
        auto owner = scene.writer(profileOf(Era::Old, Stance::Owner));
        QVERIFY(owner.openOrCreate(permitAt(), scene.job));
        QVERIFY(owner.registerCriticalReader(permitAt(), kReader, "owner", scene.job));
        const auto rows = scene.content->versions.at(scene.shardId.text()).size();

        auto guest = scene.writer(profileOf(Era::Old, Stance::Guest));
        QCOMPARE(*guest.registerCriticalReader(permitAt(), kReader, "guest", scene.job), Frontier(Timestamp(0)));
        const auto held =
            guest.compareAndDowngradeSince(permitAt(), kReader, Opaque(), Opaque(), Timestamp(1), scene.job);
        QVERIFY(held);
        QCOMPARE(held->since, Frontier(Timestamp(0)));
        for (const auto code : {
                 guest.registerCriticalReader(permitAt(), "c", "guest", scene.job).error().code,
                 guest.expireCriticalReader(permitAt(), kReader, scene.job).error().code,
                 guest.registerLeasedReader(permitAt(), "r", "guest", scene.job).error().code,
                 guest.downgradeSince(permitAt(), "r", Timestamp(1), {}, scene.job).error().code,
                 guest.heartbeatLeasedReader(permitAt(), "r", scene.job).error().code,
                 guest.expireLeasedReader(permitAt(), "r", scene.job).error().code,
                 guest.registerSchema(permitAt(), {}, scene.job).error().code,
                 guest.upgradeVersion(permitAt(), scene.job).error().code,
             })
            QCOMPARE(code, ErrorCode::ReadOnly);
        QVERIFY(guest.expireWriter(permitAt(), scene.job)); // there is none
        QCOMPARE(scene.content->versions.at(scene.shardId.text()).size(), rows);
    }

    void whatAGuestWillNotBuildOn_data()
    {
        QTest::addColumn<Era>("era");
        QTest::addColumn<QString>("what");
        QTest::addColumn<int>("code");
        const auto row = [](const char* what, Era era, ErrorCode code) {
            QTest::newRow(what) << era << QString(what) << static_cast<int>(code);
        };
        row("tombstone", Era::New, ErrorCode::Conflict);
        row("other codecs", Era::New, ErrorCode::Unsupported);
        row("empty version", Era::New, ErrorCode::Unsupported);
        row("no version", Era::Old, ErrorCode::Unsupported);
        row("newer version", Era::New, ErrorCode::Unsupported);
        row("clock behind", Era::New, ErrorCode::Unavailable);
    }
    void whatAGuestWillNotBuildOn()
    {
        QFETCH(const Era, era);
        QFETCH(const QString, what);
        QFETCH(const int, code);
        MemoryScene scene;
        auto state = emptyState(era);
        if (what == "tombstone") {
            auto batch = std::make_shared<persist::HollowBatch>();
            batch->description = {Timestamp(0), std::nullopt, std::nullopt};
            LayeredSpine spine;
            spine.setSince(std::nullopt);
            QVERIFY(spine.insert(batch));
            state.trace = spine.flatten();
        } else if (what == "other codecs") {
            state.keyCodec = "()";
        } else if (what == "empty version") {
            state.applierVersion.clear();
        } else if (what == "no version") {
            state.applierVersion = "fresh";
        } else if (what == "newer version") {
            state.applierVersion = "26.39.0";
        } else {
            state.walltimeMs = static_cast<std::uint64_t>(scene.clock.now) + 60'001;
        }
        plant(scene, state);
        auto writer = scene.writer(profileOf(era, Stance::Guest));
        const auto refused = writer.compareAndAppend(permitAt(0), oneRow(0, "a"), scene.job);
        QVERIFY(!refused);
        QCOMPARE(static_cast<int>(refused.error().code), code);
        QCOMPARE(scene.content->versions.at(scene.shardId.text()).size(), std::size_t(1));
    }

    void aClockAMinuteBehindWillDo()
    {
        MemoryScene scene;
        auto state = emptyState(Era::New);
        state.walltimeMs = static_cast<std::uint64_t>(scene.clock.now) + 60'000;
        plant(scene, state);
        auto writer = scene.writer(profileOf(Era::New, Stance::Guest));
        QVERIFY(appendTo(writer, oneRow(0, "a")));
        QCOMPARE(writer.state()->walltimeMs, state.walltimeMs + 1);
    }

    void aGuestAbsorbsNoBatchThatTheErasReadDifferently()
    {
        for (const bool isStale : {false, true}) {
            MemoryScene scene;
            auto owner = scene.writer(profileOf(Era::New, Stance::Owner));
            QVERIFY(owner.openOrCreate(permitAt(), scene.job));
            QVERIFY(appendTo(owner, {Timestamp(0), Timestamp(5), {}}));
            auto state = *owner.state();
            if (isStale) {
                auto batch = std::make_shared<persist::HollowBatch>(*state.trace.legacyBatches.front());
                batch->description.since = Timestamp(3);
                batch->raw = {};
                state.trace.legacyBatches.front() = batch;
                state.trace.since = Timestamp(3);
            }
            state.seqno = SeqNo(9);
            plant(scene, state);
            auto guest = scene.writer(profileOf(Era::New, Stance::Guest));
            // An empty append fuses with the empty batch before it; one with rows leaves that one alone.
            const auto fusing = guest.compareAndAppend(permitAt(5), {Timestamp(5), Timestamp(6), {}}, scene.job);
            QCOMPARE(fusing.has_value(), !isStale);
            if (isStale) {
                QCOMPARE(fusing.error().code, ErrorCode::Unavailable);
                QVERIFY(appendTo(guest, oneRow(5, "a")));
            }
        }
    }

    void logsWithHolesAreNotWrittenOn_data()
    {
        QTest::addColumn<QString>("damage");
        QTest::newRow("a gap") << "gap";
        QTest::newRow("a row under another number") << "number";
        QTest::newRow("an old value that is not there") << "value";
        QTest::newRow("a row that does not decode") << "bytes";
    }
    void logsWithHolesAreNotWrittenOn()
    {
        QFETCH(const QString, damage);
        MemoryScene scene;
        auto owner = scene.writer(profileOf(Era::New, Stance::Owner));
        QVERIFY(owner.openOrCreate(permitAt(), scene.job));
        for (std::uint64_t time = 0; time < 5; ++time)
            QVERIFY(appendTo(owner, oneRow(time, "k" + std::to_string(time))));
        auto& rows = scene.content->versions.at(scene.shardId.text());
        if (damage == "gap") {
            rows.erase(3);
        } else if (damage == "number") {
            rows[6] = rows.at(5);
        } else if (damage == "value") {
            rows[3] = rows.at(2); // under its own number it would insert what is there
            auto diff = *persist::decodeStateDiff(SharedBytes::copyOf(rows.at(2)));
            diff.seqnoFrom = SeqNo(2);
            diff.seqnoTo = SeqNo(3);
            rows[3] = bytesOf(encodeStateDiff(diff));
        } else {
            rows[5].resize(rows[5].size() / 2);
        }
        auto writer = scene.writer(profileOf(Era::New, Stance::Owner));
        const auto read = writer.refresh(scene.job);
        QVERIFY(!read);
        QCOMPARE(read.error().code, ErrorCode::Corrupt);
    }

    void aGuestsVersionTouchesOnlyTheListed_data()
    {
        QTest::addColumn<int>("field");
        QTest::addColumn<int>("type");
        QTest::addColumn<QString>("key"); // "own" or "other" writer, "rows" or "empty" batch
        QTest::addColumn<bool>("may");
        using persist::ChangeType;
        using persist::StateField;
        const auto row = [](const char* name, StateField field, ChangeType type, const char* key, bool may) {
            QTest::newRow(name) << static_cast<int>(field) << static_cast<int>(type) << QString(key) << may;
        };
        row("host name", StateField::Hostname, ChangeType::Update, "", true);
        row("own writer", StateField::Writers, ChangeType::Insert, "own", true);
        row("own writer again", StateField::Writers, ChangeType::Update, "own", true);
        row("another writer", StateField::Writers, ChangeType::Delete, "other", false);
        row("new batch", StateField::LegacyBatches, ChangeType::Insert, "rows", true);
        row("new empty batch", StateField::LegacyBatches, ChangeType::Insert, "empty", true);
        row("empty batch goes", StateField::LegacyBatches, ChangeType::Delete, "empty", true);
        row("batch with rows goes", StateField::LegacyBatches, ChangeType::Delete, "rows", false);
        row("batch of no range comes", StateField::HollowBatches, ChangeType::Insert, "empty", true);
        row("batch of no range goes", StateField::HollowBatches, ChangeType::Delete, "empty", true);
        row("batch of no range comes with rows", StateField::HollowBatches, ChangeType::Insert, "rows", false);
        row("batch of no range goes with rows", StateField::HollowBatches, ChangeType::Delete, "rows", false);
        row("spine", StateField::SpineBatches, ChangeType::Delete, "", true);
        row("merges", StateField::SpineMerges, ChangeType::Update, "", true);
        for (const auto& [name, field] :
             {std::pair("last_gc_req", StateField::LastGcReq), std::pair("rollups", StateField::Rollups),
              std::pair("deprecated rollups", StateField::DeprecatedRollups),
              std::pair("active rollup", StateField::ActiveRollup), std::pair("active gc", StateField::ActiveGc),
              std::pair("leased readers", StateField::LeasedReaders),
              std::pair("critical readers", StateField::CriticalReaders), std::pair("schemas", StateField::Schemas),
              std::pair("since", StateField::Since)})
            row(name, field, ChangeType::Update, "", false);
        QTest::newRow("a field that nobody knows") << 99 << static_cast<int>(ChangeType::Insert) << QString() << false;
    }
    void aGuestsVersionTouchesOnlyTheListed()
    {
        QFETCH(const int, field);
        QFETCH(const int, type);
        QFETCH(const QString, key);
        QFETCH(const bool, may);
        persist::HollowBatch batch;
        batch.description = {Timestamp(0), Timestamp(1), Timestamp(0)};
        if (key == "rows") {
            batch.parts.emplace_back().content = persist::BlobPart {"n0012500/p"};
            batch.length = 1;
        }
        persist::FieldDiff change;
        change.field = static_cast<persist::StateField>(field);
        change.type = static_cast<persist::ChangeType>(type);
        if (change.field == persist::StateField::Writers)
            change.key = encodeTextSlice(key.toStdString());
        else if (change.field == persist::StateField::LegacyBatches)
            change.key = encodeBatch(batch);
        else
            change.oldValue = change.newValue = encodeBatch(batch);

        const auto before = emptyState(Era::New);
        PreparedVersion version;
        version.diff.applierVersion = before.applierVersion;
        version.diff.changes = {change};
        version.after = std::make_shared<const persist::State>(before);
        const auto verdict = checkGuestVersion(before, version, "own");
        QCOMPARE(verdict.has_value(), may);
        if (!may)
            QCOMPARE(verdict.error().code, ErrorCode::Internal);
        version.diff.applierVersion += "+other";
        QVERIFY(!checkGuestVersion(before, version, "own"));
    }

    // Maintenance.

    void maintenanceKeepsALongLifeShort_data()
    {
        QTest::addColumn<Era>("era");
        QTest::addColumn<bool>("moves");
        QTest::newRow("old, since moves") << Era::Old << true;
        QTest::newRow("new, since moves") << Era::New << true;
        QTest::newRow("old, since stays") << Era::Old << false;
        QTest::newRow("new, since stays") << Era::New << false;
    }
    void maintenanceKeepsALongLifeShort()
    {
        QFETCH(const Era, era);
        QFETCH(const bool, moves);
        MemoryScene scene;
        auto writer = scene.writer(profileOf(era, Stance::Owner));
        QVERIFY(writer.openOrCreate(permitAt(), scene.job));
        QVERIFY(writer.registerCriticalReader(permitAt(), kReader, "test", scene.job));
        std::map<std::string, std::int64_t> counts;
        std::mt19937_64 random(11);
        std::size_t mostRows = 0;
        constexpr std::uint64_t kAppends = 1200;
        for (std::uint64_t time = 0; time < kAppends; ++time) {
            scene.clock.now += 7000;
            AppendRequest request {Timestamp(time), Timestamp(time + 1), {}};
            for (std::uint64_t i = random() % 4; i > 0; --i) {
                const auto key = "key " + std::to_string(random() % 20);
                auto& count = counts[key];
                const std::int64_t diff = count == 0 ? 1 : -1;
                count += diff;
                request.updates.push_back({key, "", time, diff});
            }
            QVERIFY(appendTo(writer, request));
            if (moves && time % 5 == 0)
                QVERIFY(writer.compareAndDowngradeSince(permitAt(), kReader, Opaque(), Opaque(), Timestamp(time),
                                                        scene.job));
            const auto worked = writer.performMaintenance(permitAt(), scene.job);
            QVERIFY2(worked, worked ? "" : textOfError(worked.error()).c_str());
            mostRows = std::max(mostRows, scene.content->versions.at(scene.shardId.text()).size());
            if (time % 100 == 0)
                QCOMPARE(brokenRuleOf(scene.consensus, scene.blob, scene.shardId, era), std::string());
        }
        QCOMPARE(brokenRuleOf(scene.consensus, scene.blob, scene.shardId, era), std::string());
        // The log is cut below the newest rollup but one, at most.
        QVERIFY2(mostRows < 300, std::to_string(mostRows).c_str());
        QVERIFY(writer.state()->rollups.size() <= 2);

        std::map<std::string, std::int64_t> sums;
        for (const auto& [row, diff] : rowsOf(scene.consensus, scene.blob, scene.shardId))
            sums[row.first] += diff;
        std::erase_if(sums, [](const auto& entry) { return entry.second == 0; });
        std::erase_if(counts, [](const auto& entry) { return entry.second == 0; });
        QVERIFY(sums == counts);

        // Nothing lies about that no live state refers to but what the next collection takes.
        std::size_t stored = 0;
        for (const auto& batch : writer.state()->batches())
            for (const auto& part : batch->parts)
                stored += std::holds_alternative<persist::BlobPart>(part.content) ? 1U : 0U;
        const auto live = scene.content->blobs.size();
        qInfo("%zu batches, %zu part blobs of %zu blobs, %zu rows of the log at most", writer.state()->batches().size(),
              stored, live, mostRows);
        QVERIFY(live <= stored + 100);
    }

    void withoutMaintenanceOnlyTheBooksAreKept()
    {
        MemoryScene scene;
        auto profile = profileOf(Era::New, Stance::Owner);
        profile.maintains = false;
        auto writer = scene.writer(profile);
        QVERIFY(writer.openOrCreate(permitAt(), scene.job));
        for (std::uint64_t time = 0; time < 300; ++time)
            QVERIFY(appendTo(writer, oneRow(time, "k")));
        QCOMPARE(*writer.performMaintenance(permitAt(), scene.job), false);
        QCOMPARE(scene.content->versions.at(scene.shardId.text()).size(), std::size_t(301));
        QCOMPARE(writer.state()->rollups.size(), std::size_t(1));
        QVERIFY(writer.state()->lastGcReq > 250);
        QVERIFY(writer.state()->activeRollup.has_value());
    }

    void largeMergesAreLeftAsTheyAre_data()
    {
        QTest::addColumn<quint64>("compactionBytes");
        QTest::addColumn<bool>("areMerged");
        QTest::newRow("within the bound") << quint64 {64U << 20U} << true;
        QTest::newRow("beyond it") << quint64 {10'000} << false;
    }
    void largeMergesAreLeftAsTheyAre()
    {
        QFETCH(const quint64, compactionBytes);
        QFETCH(const bool, areMerged);
        MemoryScene scene;
        auto profile = profileOf(Era::New, Stance::Owner);
        profile.inlineWriteBytes = 0;
        profile.compactionBytes = compactionBytes;
        auto writer = scene.writer(profile);
        QVERIFY(writer.openOrCreate(permitAt(), scene.job));
        std::uint64_t largest = 0;
        for (std::uint64_t time = 0; time < 64; ++time) {
            QVERIFY(appendTo(writer, oneRow(time, std::string(2'000, 'x') + std::to_string(time))));
            QVERIFY(writer.performMaintenance(permitAt(), scene.job));
        }
        for (const auto& batch : writer.state()->batches())
            for (const auto& part : batch->parts)
                largest = std::max(largest, part.encodedSizeBytes);
        QVERIFY2(areMerged == (largest > 10'000), std::to_string(largest).c_str());
        QCOMPARE(rowsOf(scene.consensus, scene.blob, scene.shardId).size(), std::size_t(64));
    }

    // Versions.

    void theOldEraRaisesTheVersionWithEveryCommit()
    {
        MemoryScene scene;
        auto profile = profileOf(Era::Old, Stance::Owner);
        auto first = scene.writer(profile);
        QVERIFY(first.openOrCreate(permitAt(), scene.job));
        profile.buildVersion = "0.126.3";
        auto newer = scene.writer(profile);
        QVERIFY(appendTo(newer, oneRow(0, "a")));
        QCOMPARE(newer.state()->applierVersion, std::string("0.126.3"));
        QVERIFY(appendTo(first, oneRow(1, "b"))); // one minor version of tolerance
        QCOMPARE(first.state()->applierVersion, std::string("0.126.3"));
    }

    void theNewEraRaisesTheVersionWhenAsked()
    {
        MemoryScene scene;
        auto profile = profileOf(Era::New, Stance::Owner);
        profile.buildVersion = "26.38.0";
        auto first = scene.writer(profile);
        QVERIFY(first.openOrCreate(permitAt(), scene.job));
        auto newer = scene.writer(profileOf(Era::New, Stance::Owner));
        QVERIFY(appendTo(newer, oneRow(0, "a")));
        QCOMPARE(newer.state()->applierVersion, std::string("26.38.0"));
        QVERIFY(newer.upgradeVersion(permitAt(), scene.job));
        QCOMPARE(newer.state()->applierVersion, std::string("26.39.0-dev.0"));
        const auto refused = first.compareAndAppend(permitAt(1), oneRow(1, "b"), scene.job);
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::Unsupported);
    }

    void theGateFollowsItsTable_data()
    {
        QTest::addColumn<Era>("era");
        QTest::addColumn<QString>("build");
        QTest::addColumn<QString>("stored");
        QTest::addColumn<bool>("may");
        const auto row = [](Era era, const char* build, const char* stored, bool may) {
            QTest::addRow("%s %s on '%s'", era == Era::Old ? "old" : "new", build, stored)
                << era << QString(build) << QString(stored) << may;
        };
        row(Era::Old, "0.125.0-dev.0", "0.125.0", true);
        row(Era::Old, "0.125.0", "0.0.1", true);
        row(Era::Old, "0.125.0", "0.126.99", true);
        row(Era::Old, "0.125.0", "0.127.0", false);
        row(Era::Old, "0.125.0", "1.0.0", false);
        row(Era::Old, "0.125.0", "", false);
        row(Era::Old, "0.125.0", "0.125", false);
        row(Era::New, "26.39.0-dev.0", "26.39.0-dev.0", true);
        row(Era::New, "26.39.0-dev.0", "26.39.0-dev.0+build", true);
        row(Era::New, "26.39.0-dev.0", "26.39.0-dev.1", false);
        row(Era::New, "26.39.0-dev.0", "26.39.0", false);
        row(Era::New, "26.39.0", "26.39.0-dev.0", true);
        row(Era::New, "26.39.0-dev.0", "26.23.0", true);
        row(Era::New, "26.39.0-dev.0", "0.147.0", true);
        row(Era::New, "26.39.0-dev.0", "0.146.9", false);
        row(Era::New, "27.0.0", "26.39.0", true);
        row(Era::New, "28.0.0", "26.39.0", false);
        row(Era::New, "0.147.0", "0.100.0", true);
        row(Era::New, "0.150.0", "0.129.0", false);
        row(Era::New, "0.150.0", "0.130.0", true);
        row(Era::New, "26.39.0", "v26.1.0", false);
        row(Era::New, "26.39.0", "26.1.0-", false);
        row(Era::New, "26.39.0", "26.01.0", false);
        row(Era::New, "26.39.0", "99999999999999999999.0.0", false);
    }
    void theGateFollowsItsTable()
    {
        QFETCH(const Era, era);
        QFETCH(const QString, build);
        QFETCH(const QString, stored);
        QFETCH(const bool, may);
        const auto verdict = checkMayWrite(era, build.toStdString(), stored.toStdString());
        QCOMPARE(verdict.has_value(), may);
        if (!may)
            QCOMPARE(verdict.error().code, ErrorCode::Unsupported);
    }

    void partKeysAreNeverOfANewerVersion_data()
    {
        QTest::addColumn<QString>("build");
        QTest::addColumn<QString>("stored");
        QTest::addColumn<QString>("key");
        QTest::newRow("same") << "0.125.0"
                              << "0.125.0"
                              << "n0012500";
        QTest::newRow("older shard") << "26.39.0-dev.0"
                                     << "26.23.1"
                                     << "n2602301";
        QTest::newRow("newer shard") << "0.125.0"
                                     << "0.126.0"
                                     << "n0012500";
    }
    void partKeysAreNeverOfANewerVersion()
    {
        QFETCH(const QString, build);
        QFETCH(const QString, stored);
        QFETCH(const QString, key);
        QCOMPARE(writerKeyOf(build.toStdString(), stored.toStdString()), key.toStdString());
    }

    // Readers.

    void readersComeAndGo_data() { addEras(); }
    void readersComeAndGo()
    {
        QFETCH(const Era, era);
        MemoryScene scene;
        auto writer = scene.writer(profileOf(era, Stance::Owner));
        QVERIFY(writer.openOrCreate(permitAt(), scene.job));
        QVERIFY(appendTo(writer, {Timestamp(0), Timestamp(10), {}}));
        QCOMPARE(*writer.registerLeasedReader(permitAt(), "r1", "test", scene.job), Frontier(Timestamp(0)));
        QCOMPARE(*writer.registerCriticalReader(permitAt(), kReader, "test", scene.job), Frontier(Timestamp(0)));
        QCOMPARE(*writer.downgradeSince(permitAt(), "r1", Timestamp(5), {}, scene.job), Frontier(Timestamp(5)));
        QCOMPARE(writer.state()->since(), Frontier(Timestamp(0))); // the critical reader holds it
        const auto known = writer.state()->leasedReaders.at("r1").seqno;
        QCOMPARE(known, era == Era::Old ? writer.state()->seqno : SeqNo(writer.state()->seqno.value() - 1));

        const auto moved =
            writer.compareAndDowngradeSince(permitAt(), kReader, Opaque(), Opaque {"i64", 3}, Timestamp(7), scene.job);
        QVERIFY(moved && moved->opaqueMatched);
        QCOMPARE(writer.state()->since(), Frontier(Timestamp(5))); // now the leased one does
        const auto refused =
            writer.compareAndDowngradeSince(permitAt(), kReader, Opaque(), Opaque(), Timestamp(9), scene.job);
        QVERIFY(refused && !refused->opaqueMatched);
        QCOMPARE(refused->opaque, (Opaque {"i64", 3}));
        QCOMPARE(refused->since, Frontier(Timestamp(7)));

        const auto beat = writer.heartbeatLeasedReader(permitAt(), "r1", scene.job);
        QCOMPARE(beat.has_value(), era == Era::Old);
        QVERIFY(writer.expireLeasedReader(permitAt(), "r1", scene.job));
        QCOMPARE(writer.state()->since(), Frontier(Timestamp(5))); // expiry does not move it
        QVERIFY(writer.expireCriticalReader(permitAt(), kReader, scene.job));
        QVERIFY(writer.expireWriter(permitAt(), scene.job));
        QVERIFY(writer.state()->writers.empty());
    }

    void anOwnerExpiresWhatLapsed()
    {
        MemoryScene scene;
        auto writer = scene.writer(profileOf(Era::New, Stance::Owner));
        QVERIFY(writer.openOrCreate(permitAt(), scene.job));
        QVERIFY(writer.registerLeasedReader(permitAt(), "r1", "test", scene.job));
        auto other = scene.writer(profileOf(Era::New, Stance::Owner));
        QVERIFY(appendTo(other, oneRow(0, "a")));
        scene.clock.now += 15LL * 60 * 1000;
        QVERIFY(appendTo(writer, oneRow(1, "b")));
        QVERIFY(writer.state()->leasedReaders.contains("r1")); // not yet: the lease ends now
        scene.clock.now += 1;
        QVERIFY(appendTo(writer, oneRow(2, "c")));
        QVERIFY(!writer.state()->leasedReaders.contains("r1"));
        QCOMPARE(writer.state()->writers.size(), std::size_t(2));
        scene.clock.now += 46LL * 60 * 1000;
        QVERIFY(appendTo(writer, oneRow(3, "d")));
        QCOMPARE(writer.state()->writers.size(), std::size_t(1));
    }

    void whatIsAboutToBeSentIsShownFirst()
    {
        MemoryScene scene;
        auto writer = scene.writer(profileOf(Era::New, Stance::Guest));
        auto owner = scene.writer(profileOf(Era::New, Stance::Owner));
        QVERIFY(owner.openOrCreate(permitAt(), scene.job));
        std::optional<ShardWriter::Pending> shown;
        writer.setBeforeSend([&](const ShardWriter::Pending& pending) -> Result<> {
            shown = pending;
            return scene.row(static_cast<std::int64_t>(pending.seqno.value())).empty()
                ? Result<>()
                : Result<>(fail(ErrorCode::Internal, "it was sent already"));
        });
        const auto done = appendTo(writer, oneRow(0, "a"));
        QVERIFY(done && shown);
        QCOMPARE(shown->seqno, done->seqno);
        QCOMPARE(shown->writerId, writer.writerId());
        QCOMPARE(shown->upper, std::optional(Timestamp(1)));
        QVERIFY(shown->version == scene.row(static_cast<std::int64_t>(done->seqno.value())));
        QCOMPARE(writer.state()->writers.at(writer.writerId()).mostRecentWriteToken, shown->token);

        writer.setBeforeSend([](const ShardWriter::Pending&) -> Result<> {
            return fail(ErrorCode::Unavailable, "the journal is full");
        });
        const auto rows = scene.content->versions.at(scene.shardId.text()).size();
        const auto refused = writer.compareAndAppend(permitAt(1), oneRow(1, "b"), scene.job);
        QVERIFY(!refused);
        QCOMPARE(refused.error().message, std::string("the journal is full"));
        QVERIFY(!refused.error().outcomeUnknown);
        QCOMPARE(scene.content->versions.at(scene.shardId.text()).size(), rows);
    }
};

QTEST_GUILESS_MAIN(TestShardWriter)
#include "tst_shard_writer.moc"
