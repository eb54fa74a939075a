#include "core/codec/row_codec.h"
#include "core/machine/shard_writer.h"
#include "core/persist/state_reader.h"
#include "core/store/faulty_store.h"
#include "tests/core/machine/machine_scene.h"

#include <QTest>

#include <memory>
#include <random>

using namespace inspector;
using namespace inspector::machine;
using namespace inspector::machine::test;

Q_DECLARE_METATYPE(inspector::machine::Era)

namespace {

/// The first rule of §13 that a shard breaks which is maintained: its log begins at a rollup that the state lists, and
/// the blobs of all rollups that it lists, and of no others but garbage, are there.
std::string brokenMaintenanceOf(const MemoryScene& scene)
{
    const persist::StateReader reader(scene.consensus, scene.blob, scene.shardId);
    const auto state = reader.current(Job());
    if (!state)
        return state.error().describe();
    const auto first = scene.content->versions.at(scene.shardId.text()).begin()->first;
    if (!(*state)->rollups.contains(SeqNo(static_cast<std::uint64_t>(first))))
        return "the log begins at v" + std::to_string(first) + ", where no rollup is listed";
    for (const auto& [seqno, rollup] : (*state)->rollups)
        if (const auto loaded = reader.rollup(rollup.key, Job());
            !loaded || !*loaded || (*loaded)->state.seqno != seqno)
            return "the rollup " + rollup.key + " is not there, or of another version";
    return {};
}

Rows asSourceData(const Rows& rows)
{
    Rows spelled;
    for (const auto& [row, diff] : rows) {
        const auto bytes = codec::sourceDataOf(row.first);
        const bool isJson = row.first.starts_with('{') && bytes;
        spelled[{isJson ? std::string(textOf(*bytes)) : row.first, row.second}] = diff;
    }
    return spelled;
}

} // namespace

/// Several owners of one shard, each of which may act between any two calls of another.
class TestSharedShard : public QObject
{
    Q_OBJECT

private slots:
    void ownersThatInterruptEachOtherKeepTheRules_data()
    {
        QTest::addColumn<Era>("era");
        QTest::addColumn<int>("seed");
        for (const auto era : {Era::Old, Era::New})
            for (int seed = 1; seed <= 12; ++seed)
                QTest::addRow("%s, seed %d", era == Era::Old ? "old" : "new", seed) << era << seed;
    }
    void ownersThatInterruptEachOtherKeepTheRules()
    {
        QFETCH(const Era, era);
        QFETCH(const int, seed);
        MemoryScene scene;
        std::mt19937_64 random(static_cast<std::uint64_t>(seed));
        auto profile = profileOf(era, Stance::Owner);
        profile.rollupThreshold = 5;
        profile.inlineWriteBytes = 60;
        Rows expected;
        int depth = 0;

        struct Owner
        {
            std::unique_ptr<store::FaultyConsensusWriter> consensus;
            std::unique_ptr<store::FaultyBlobWriter> blob;
            std::unique_ptr<ShardWriter> writer;
            bool isBusy = true;
        };
        std::vector<Owner> owners(3);
        QString problem;
        std::uint64_t row = 0;
        const auto act = [&](Owner& owner) {
            owner.isBusy = true;
            scene.clock.now += static_cast<std::int64_t>(random() % 4000);
            if (random() % 3 == 0) {
                const auto done = owner.writer->performMaintenance(permitAt(), scene.job);
                if (!done)
                    problem = "maintenance: " + QString::fromStdString(done.error().describe());
            } else {
                const auto known = owner.writer->state()->upper()->value();
                AppendRequest request {Timestamp(known), Timestamp(known + 1), {}};
                for (auto rows = random() % 4; rows > 0; --rows)
                    request.updates.push_back({"row " + std::to_string(++row), "", known, 1});
                const auto done = owner.writer->compareAndAppend(permitAt(known), request, scene.job);
                if (!done)
                    problem = "append: " + QString::fromStdString(done.error().describe());
                else if (std::holds_alternative<Appended>(*done))
                    for (const auto& update : request.updates)
                        expected[{update.key, known}] = 1;
            }
            owner.isBusy = false;
        };
        const auto plan = std::make_shared<store::FaultPlan>();
        plan->beforeCall = [&](std::size_t) {
            if (depth >= 2 || random() % 12 != 0 || !problem.isEmpty())
                return;
            ++depth;
            if (auto& other = owners[random() % owners.size()]; !other.isBusy)
                act(other);
            --depth;
        };
        for (auto& owner : owners) {
            owner.consensus = std::make_unique<store::FaultyConsensusWriter>(
                std::make_unique<store::MemoryConsensusWriter>(scene.content), plan);
            owner.blob = std::make_unique<store::FaultyBlobWriter>(
                std::make_unique<store::MemoryBlobWriter>(scene.content), plan);
            owner.writer = std::make_unique<ShardWriter>(*owner.consensus, *owner.blob, scene.shardId, profile,
                                                         scene.clock, scene.ids);
            QVERIFY(owner.writer->openOrCreate(permitAt(), scene.job));
        }
        for (auto& owner : owners)
            owner.isBusy = false;
        for (int step = 0; step < 300 && problem.isEmpty(); ++step)
            act(owners[random() % owners.size()]);
        QCOMPARE(problem, QString());
        QCOMPARE(brokenRuleOf(scene.consensus, scene.blob, scene.shardId, era), std::string());
        QCOMPARE(brokenMaintenanceOf(scene), std::string());
        QVERIFY(rowsOf(scene.consensus, scene.blob, scene.shardId) == expected);
        QVERIFY(scene.content->versions.at(scene.shardId.text()).begin()->first > 5); // something was collected
    }

    void anOwnerCompactsWhatARealWriterWrote_data()
    {
        QTest::addColumn<QString>("folder");
        for (const auto* folder : {"old-log", "old-busy", "new-log", "new-busy"})
            QTest::newRow(folder) << folder;
    }
    void anOwnerCompactsWhatARealWriterWrote()
    {
        QFETCH(const QString, folder);
        MemoryScene scene;
        load(*scene.content, folder.toStdString());
        scene.shardId = catalogShardOf(*scene.content);
        const auto era = folder.startsWith("old") ? Era::Old : Era::New;
        auto writer = scene.writer(profileOf(era, Stance::Owner));
        const auto before = writer.refresh(scene.job);
        QVERIFY2(before, before ? "" : before.error().describe().c_str());
        scene.clock.now = static_cast<std::int64_t>((*before)->walltimeMs) + 1000;
        auto expected = rowsOf(scene.consensus, scene.blob, scene.shardId);
        auto upper = (*before)->upper()->value();
        for (int i = 0; i < 600; ++i, ++upper) {
            AppendRequest request {Timestamp(upper), Timestamp(upper + 1), {}};
            for (int row = 0; row < (i % 100 == 99 ? 2000 : 1); ++row) {
                request.updates.push_back({std::to_string(i) + " " + std::to_string(row), "", upper, 1});
                expected[{request.updates.back().key, upper}] = 1;
            }
            const auto done = writer.compareAndAppend(permitAt(upper), request, scene.job);
            QVERIFY2(done, done ? "" : done.error().describe().c_str());
            const auto maintained = writer.performMaintenance(permitAt(), scene.job);
            QVERIFY2(maintained, maintained ? "" : maintained.error().describe().c_str());
        }
        QCOMPARE(brokenRuleOf(scene.consensus, scene.blob, scene.shardId, era), std::string());
        QCOMPARE(brokenMaintenanceOf(scene), std::string());
        // Rows that were stored as JSON columns have become codec bytes.
        QVERIFY(asSourceData(rowsOf(scene.consensus, scene.blob, scene.shardId)) == asSourceData(expected));
        for (const auto& batch : (*before)->trace.legacyBatches) // all have been merged
            for (const auto& kept : writer.state()->trace.legacyBatches)
                QVERIFY(batch->parts.empty() || !persist::sameContent(*kept, *batch));
    }
};

QTEST_GUILESS_MAIN(TestSharedShard)
#include "tst_shared_shard.moc"
