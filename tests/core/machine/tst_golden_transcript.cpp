#include "core/base/hex.h"
#include "core/machine/commands.h"
#include "core/machine/compare_and_append.h"
#include "core/machine/part_encoder.h"
#include "core/machine/shard_machine.h"
#include "tests/core/machine/golden.h"
#include "tests/core/machine/machine_scene.h"

#include <QTest>

using namespace inspector;
using namespace inspector::machine;
using namespace inspector::machine::test;

Q_DECLARE_METATYPE(inspector::machine::Era)

namespace {

constexpr const char* kReader = "c55555555-6666-7777-8888-999999999999";
constexpr const char* kWriter = "w22222222-2222-4222-8222-222222222222";
constexpr const char* kRollupUuid = "11111111-1111-4111-8111-111111111111";

QString hexOf(BytesView bytes)
{
    return QString::fromStdString(toHex(bytes));
}

persist::BatchPtr batchOf(std::uint64_t lower, std::uint64_t upper, const std::vector<RowUpdate>& updates)
{
    auto batch = std::make_shared<persist::HollowBatch>();
    batch->description = {Timestamp(lower), Timestamp(upper), Timestamp(0)};
    if (!updates.empty()) {
        // The transcript's part carries the batch's own upper, not the open one of real appends.
        persist::BatchPart part;
        part.content = persist::InlinePart {encodeInlinePart(batch->description, updates)};
        batch->parts.push_back(std::move(part));
        batch->length = updates.size();
        persist::RunMeta meta;
        meta.order = 1;
        batch->runMeta.push_back(meta);
    }
    return batch;
}

} // namespace

class TestGoldenTranscript : public QObject
{
    Q_OBJECT

private slots:
    void everyByteIsTheTranscripts_data()
    {
        QTest::addColumn<Era>("era");
        QTest::newRow("old") << Era::Old;
        QTest::newRow("new") << Era::New;
    }

    void everyByteIsTheTranscripts()
    {
        QFETCH(const Era, era);
        auto profile = profileOf(era, Stance::Owner);
        profile.hostname = "golden";
        MemoryScene scene;
        scene.ids.next = {kRollupUuid};
        ShardMachine machine(scene.consensus, scene.blob, scene.shardId, profile, scene.clock);
        const auto permit = permitAt();
        const auto tick = [&] { scene.clock.now += 1000; };

        ShardOrigin origin;
        origin.shardId = scene.shardId.text();
        QVERIFY(machine.openOrCreate(permit, origin, scene.ids, scene.job));

        tick();
        const auto registerReader = [](persist::State& next, const Moment&) {
            return registerCriticalReader(next, kReader, initialOpaque("i64"), "golden since");
        };
        QVERIFY(machine.run(permit, CommandKind::Other, registerReader, scene.job));

        tick();
        AppendCommand append {batchOf(0, 1, {}), kWriter, "i33333333-3333-4333-8333-333333333331",
                              profile.writerLeaseMs, "golden writer"};
        const auto doAppend = [&](persist::State& next, const Moment& moment) {
            return compareAndAppend(next, append, profile, moment);
        };
        QVERIFY(machine.run(permit, CommandKind::Append, doAppend, scene.job));

        tick();
        append.batch = batchOf(1, 2, {{"k1", "", 1, 1}, {"k2", "", 1, 1}});
        append.token = "i33333333-3333-4333-8333-333333333332";
        QVERIFY(machine.run(permit, CommandKind::Append, doAppend, scene.job));

        tick();
        const auto downgrade = [&](persist::State& next, const Moment&) {
            return compareAndDowngradeSince(next, kReader, initialOpaque("i64"), initialOpaque("i64"), Timestamp(1),
                                            era);
        };
        QVERIFY(machine.run(permit, CommandKind::Other, downgrade, scene.job));

        const auto expected = golden(era);
        const auto first = static_cast<std::int64_t>(firstSeqno(era).value());
        for (std::size_t i = 0; i < expected.versions.size(); ++i)
            QCOMPARE(hexOf(scene.row(first + static_cast<std::int64_t>(i))), hexOf(expected.versions[i].view()));
        const auto rollupKey = scene.shardId.text() + (era == Era::Old ? "/v1/r" : "/v0/r") + kRollupUuid;
        QVERIFY(scene.content->blobs.contains(rollupKey));
        QCOMPARE(hexOf(scene.content->blobs.at(rollupKey).view()), hexOf(expected.rollup.view()));
        QCOMPARE(scene.content->blobs.size(), std::size_t(1));
        const auto& part = machine.state()->trace.legacyBatches.back()->parts.front();
        QCOMPARE(hexOf(std::get<persist::InlinePart>(part.content).bytes.view()), hexOf(expected.inlinePart.view()));

        // The final trace, as the transcript states it.
        const auto& trace = machine.state()->trace;
        QCOMPARE(trace.since, persist::Frontier(Timestamp(1)));
        QCOMPARE(machine.state()->upper(), persist::Frontier(Timestamp(2)));
        QCOMPARE(trace.spineBatches.size(), std::size_t(2));
        QCOMPARE(trace.merges.size(), std::size_t(1));
        QCOMPARE(trace.merges.begin()->second.remainingWork, std::uint64_t(2));
    }

    void aFreshReaderSeesTheTranscriptsState()
    {
        for (const auto era : {Era::Old, Era::New}) {
            const auto expected = golden(era);
            MemoryScene scene;
            const auto first = static_cast<std::int64_t>(firstSeqno(era).value());
            for (std::size_t i = 0; i < expected.versions.size(); ++i) {
                const auto row = expected.versions[i].view();
                scene.content->versions[scene.shardId.text()][first + static_cast<std::int64_t>(i)] =
                    Bytes(row.begin(), row.end());
            }
            scene.content->blobs[scene.shardId.text() + (era == Era::Old ? "/v1/r" : "/v0/r") + kRollupUuid] =
                expected.rollup;
            auto writer = scene.writer(profileOf(era, Stance::Guest));
            const auto state = writer.refresh(scene.job);
            QVERIFY2(state, state ? "" : state.error().describe().c_str());
            QCOMPARE((*state)->seqno, SeqNo(static_cast<std::uint64_t>(first) + 4));
            QCOMPARE((*state)->upper(), persist::Frontier(Timestamp(2)));
            QVERIFY((*state)->writers.contains(kWriter));
        }
    }
};

QTEST_GUILESS_MAIN(TestGoldenTranscript)
#include "tst_golden_transcript.moc"
