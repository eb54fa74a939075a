#include "core/persist/decode.h"
#include "core/persist/shard_reader.h"
#include "core/persist/spine.h"
#include "core/persist/state_json.h"
#include "tests/core/persist/memory_location.h"

#include <QTest>

#include <random>

using namespace inspector;
using namespace inspector::persist;
using namespace inspector::persist::tests;

namespace {

/// Uses everything that can be made of a state; a sanitizer watches.
void useState(const State& state)
{
    const auto spine = buildSpine(state.trace);
    const auto json = stateJson(state, JsonLayout::Compact);
    QVERIFY(json.front() == '{' && json.back() == '}');
    QVERIFY(spine.levels.size() <= 256);
    QVERIFY(state.batches().size() <= state.trace.legacyBatches.size() + state.trace.hollowBatches.size());
    (void)state.tilingProblem();
}

void useRollup(const Bytes& bytes)
{
    const auto rollup = decodeRollup(SharedBytes::copyOf(bytes));
    if (rollup)
        useState(rollup->state);
    else
        QVERIFY(rollup.error().code == ErrorCode::Corrupt);
}

void useDiff(const Bytes& bytes, State state)
{
    const auto diff = decodeStateDiff(SharedBytes::copyOf(bytes));
    if (!diff) {
        QVERIFY(diff.error().code == ErrorCode::Corrupt);
        return;
    }
    QVERIFY(!describeChange(*diff, state.upper()).empty());
    state.seqno = diff->seqnoFrom;
    if (apply(state, *diff))
        useState(state);
}

} // namespace

/// Damaged states of the real system: read or refused, and never a crash.
class TestDamagedState : public QObject
{
    Q_OBJECT

private slots:
    void truncatedAndFlippedBytesAreReadOrRefused_data()
    {
        QTest::addColumn<QString>("folder");
        for (const auto* folder : {"old-fresh", "old-busy", "old-log", "new-fresh", "new-busy", "new-log"})
            QTest::newRow(folder) << folder;
    }
    void truncatedAndFlippedBytesAreReadOrRefused()
    {
        QFETCH(const QString, folder);
        MemoryLocation location;
        load(location, fixtureFile(folder.toStdString()));
        std::mt19937_64 random(20261124);
        for (const auto& [shard, rows] : location.consensus.rows) {
            const auto base = StateReader(location.consensus, location.blob, shardOf(shard)).current(Job());
            QVERIFY(base.has_value());
            std::vector<Bytes> diffs;
            for (const auto& [seqno, data] : rows)
                diffs.push_back(data);
            std::vector<Bytes> rollups;
            for (const auto& [key, data] : location.blob.blobs)
                if (key.starts_with(shard + "/v"))
                    rollups.push_back(data);

            damage(diffs, random, [&](const Bytes& bytes) { useDiff(bytes, **base); });
            damage(rollups, random, useRollup);
        }
    }

    void flippedBitsAnywhereNeverStopTheReader_data() { truncatedAndFlippedBytesAreReadOrRefused_data(); }
    void flippedBitsAnywhereNeverStopTheReader()
    {
        QFETCH(const QString, folder);
        MemoryLocation whole;
        load(whole, fixtureFile(folder.toStdString()));
        std::mt19937_64 random(7);
        for (int round = 0; round < 30; ++round) {
            MemoryLocation location;
            location.consensus.rows = whole.consensus.rows;
            location.blob.blobs = whole.blob.blobs;
            for (auto& [shard, rows] : location.consensus.rows)
                flipOne(std::next(rows.begin(), static_cast<std::ptrdiff_t>(random() % rows.size()))->second, random);
            for (auto& [key, data] : location.blob.blobs)
                flipOne(data, random);
            for (const auto& [shard, rows] : location.consensus.rows) {
                ShardReader reader(location.consensus, location.blob, shardOf(shard));
                const auto read = reader.latestSnapshot(Job());
                if (read)
                    QVERIFY(reader.history(read->state, Job()));
                else
                    QVERIFY2(!read.error().message.empty(), "an error says why");
                (void)reader.log(Job());
                (void)reader.states().rollups(Job());
            }
        }
    }

private:
    static void flipOne(Bytes& bytes, std::mt19937_64& random)
    {
        if (bytes.empty())
            return;
        const auto bit = random() % (bytes.size() * 8);
        bytes[bit / 8] ^= std::byte(1U << (bit % 8));
    }

    /// Every beginning of each of `originals` (of long ones, a few hundred), and a thousand with bits flipped.
    template <typename Use>
    static void damage(const std::vector<Bytes>& originals, std::mt19937_64& random, Use use)
    {
        if (originals.empty())
            return;
        for (const auto& original : originals) {
            const auto step = original.size() / 150 + 1;
            for (std::size_t length = 0; length < original.size(); length += step)
                use(Bytes(original.begin(), original.begin() + static_cast<std::ptrdiff_t>(length)));
        }
        for (int i = 0; i < 1000; ++i) {
            auto bytes = originals[random() % originals.size()];
            const auto flips = 1 + random() % 4;
            for (std::uint64_t flip = 0; flip < flips; ++flip)
                flipOne(bytes, random);
            use(bytes);
        }
    }
};

QTEST_GUILESS_MAIN(TestDamagedState)
#include "tst_damaged_state.moc"
