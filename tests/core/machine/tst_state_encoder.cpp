#include "core/base/hex.h"
#include "core/machine/state_encoder.h"
#include "core/persist/decode.h"
#include "tests/core/machine/golden.h"
#include "tests/core/machine/random_state.h"
#include "tests/core/machine/stored_shard.h"
#include "tests/core/persist/vectors.h"

#include <QTest>

Q_DECLARE_METATYPE(inspector::machine::Era)

using namespace inspector;
using namespace inspector::machine;
using namespace inspector::machine::test;
using namespace inspector::persist;

namespace {

constexpr std::uint64_t kSeed = 20241113;
constexpr int kRounds = 500;

std::string hexOf(const SharedBytes& bytes)
{
    return toHex(bytes.view());
}

/// What a value becomes by encoding and decoding; nothing when the bytes do not decode.
template <typename Value, typename Encode>
std::optional<Value> thereAndBack(const Value& value, Encode encode, Result<Value> (*decode)(const SharedBytes&))
{
    auto decoded = decode(encode(value));
    return decoded ? std::optional(*std::move(decoded)) : std::nullopt;
}

/// Calls `check` for a number of rounds, until one fails.
template <typename Check>
void repeat(const Check& check)
{
    RandomState random(kSeed);
    for (int round = 0; round < kRounds && !QTest::currentTestFailed(); ++round)
        check(random);
    if (QTest::currentTestFailed())
        qWarning("seed %llu", static_cast<unsigned long long>(kSeed));
}

} // namespace

class TestStateEncoder : public QObject
{
    Q_OBJECT

private slots:
    // Small messages, byte for byte (persist-format §5.1, persist-write-protocol §5.4).

    void frontiers()
    {
        QCOMPARE(hexOf(encodeFrontier(Timestamp(0))), std::string("0a0100"));
        QCOMPARE(hexOf(encodeFrontier(Timestamp(1))), std::string("0a0101"));
        QCOMPARE(hexOf(encodeFrontier(Timestamp(1724176032001))), std::string("0a0681c299879732"));
        QCOMPARE(hexOf(encodeFrontier(std::nullopt)), std::string());
    }

    void zeroAndEmptyTextTakeNoBytes()
    {
        QCOMPARE(encodeU64Slice(0).size(), std::size_t(0));
        QCOMPARE(hexOf(encodeU64Slice(300)), std::string("08ac02"));
        QCOMPARE(encodeTextSlice({}).size(), std::size_t(0));
        QCOMPARE(hexOf(encodeTextSlice("ab")), std::string("0a026162"));
    }

    void emptyAntichainIsAPresentMessage()
    {
        QCOMPARE(hexOf(encodeMerge({std::nullopt, 0, std::nullopt})), std::string("0a00"));
        Writer writer;
        writer.mostRecentWriteUpper = Frontier();
        QCOMPARE(hexOf(encodeWriter(writer)), std::string("2200"));
        QCOMPARE(encodeWriter(Writer()).size(), std::size_t(0));
    }

    void leastOpaqueTakesTenBytes()
    {
        CriticalReader reader;
        reader.opaque = INT64_MIN;
        QCOMPARE(hexOf(encodeCriticalReader(reader)),
                 std::string("0a030a0100"
                             "1080808080808080808001"));
    }

    void presentZerosAreWritten()
    {
        QCOMPARE(hexOf(encodeHollowRollup({"k", 0})), std::string("0a016b1000"));
        QCOMPARE(hexOf(encodeHollowRollup({"k", std::nullopt})), std::string("0a016b"));
        RunMeta meta;
        meta.schemaId = 0;
        HollowBatch batch;
        batch.runs = {0};
        batch.runMeta = {meta};
        QCOMPARE(hexOf(encodeBatch(batch)),
                 std::string("0a0f0a030a010012030a01001a030a0100"
                             "2a0100"
                             "32021800"));
    }

    void oneofsStandWhereTheirLowestNumberBelongs()
    {
        // An inline part (5) before what it was rewritten to (4); the claim "structured" (13) before the schema (12).
        BatchPart part;
        part.content = InlinePart {SharedBytes::copyOf(bytesOf("x"))};
        part.tsRewrite = Frontier(Timestamp(7));
        part.format = ClaimedFormat {ClaimedFormat::Kind::Structured, 0};
        part.deprecatedSchemaId = 1;
        part.schemaId = 0;
        HollowBatch batch;
        batch.parts = {part};
        QCOMPARE(hexOf(encodeBatch(batch)),
                 std::string("0a0f0a030a010012030a01001a030a0100"
                             "220e"
                             "2a0178"
                             "22030a0107"
                             "6a00"
                             "4801"
                             "6000"));
        part.content = RunRef {"r", 0};
        part.encodedSizeBytes = 9;
        batch.parts = {part};
        QCOMPARE(hexOf(encodeBatch(batch)),
                 std::string("0a0f0a030a010012030a01001a030a0100"
                             "2212"
                             "5a030a0172"
                             "1009"
                             "22030a0107"
                             "6a00"
                             "4801"
                             "6000"));
    }

    void storedBytesOfABatchAreKeptAsLongAsTheySayTheSame()
    {
        HollowBatch batch;
        batch.description.upper = Timestamp(1);
        batch.raw = withUnknownField(encodeBatch(batch));
        QCOMPARE(hexOf(storedOrEncoded(batch)), hexOf(batch.raw));
        batch.length = 1;
        QCOMPARE(hexOf(storedOrEncoded(batch)), hexOf(encodeBatch(batch)));
    }

    // The golden transcript (persist-write-protocol §19.2).

    void goldenDiffsComeBack_data() { addEras(); }
    void goldenDiffsComeBack()
    {
        QFETCH(const Era, era);
        for (const auto& version : golden(era).versions) {
            const auto diff = decodeStateDiff(version);
            QVERIFY(diff.has_value());
            QCOMPARE(hexOf(encodeStateDiff(*diff)), hexOf(version));
            for (const auto& change : diff->changes) {
                QVERIFY(keyEncodedAgain(change.field, change.key) == text(change.key));
                if (change.type != ChangeType::Insert)
                    QVERIFY(valueEncodedAgain(change.field, change.oldValue) == text(change.oldValue));
                if (change.type != ChangeType::Delete)
                    QVERIFY(valueEncodedAgain(change.field, change.newValue) == text(change.newValue));
            }
        }
    }

    void goldenRollupComesBack_data() { addEras(); }
    void goldenRollupComesBack()
    {
        QFETCH(const Era, era);
        const auto bytes = golden(era).rollup;
        const auto rollup = decodeRollup(bytes);
        QVERIFY(rollup.has_value() && rollup->diffs);
        const auto raw = RawEntries::ofRollup(*rollup);
        QVERIFY(raw.has_value());
        QCOMPARE(hexOf(encodeRollup(rollup->state, *raw, *rollup->diffs)), hexOf(bytes));
        QCOMPARE(hexOf(encodeRollup(rollup->state, RawEntries(), *rollup->diffs)), hexOf(bytes));
    }

    void goldenRollupIsMadeOfAnEmptyShard()
    {
        State state;
        state.applierVersion = "26.39.0-dev.0";
        state.shardId = "s00000000-0000-4000-8000-000000000001";
        state.keyCodec = "protobuf[SourceData]";
        state.valCodec = "()";
        state.tsCodec = "u64";
        state.diffCodec = "i64";
        state.walltimeMs = 1700000000000;
        state.hostname = "golden";
        state.rollups = {{SeqNo(0), {"v0/r11111111-1111-4111-8111-111111111111", std::nullopt}}};
        QCOMPARE(hexOf(encodeRollup(state, RawEntries::ofState(state), {SeqNo(1), SeqNo(1), {}})),
                 hexOf(golden(Era::New).rollup));
    }

    void miniatureShardComesBack()
    {
        // Of persist-format §12.1: written by hand for readers, with the same order and the same slices.
        for (const auto& hex : persist::tests::miniatureRows())
            QCOMPARE(hexOf(encodeStateDiff(*decodeStateDiff(SharedBytes::copyOf(*fromHex(hex))))), hex);
        const auto& hex = persist::tests::miniatureRollup();
        const auto rollup = decodeRollup(SharedBytes::copyOf(*fromHex(hex)));
        QCOMPARE(hexOf(encodeRollup(rollup->state, RawEntries(), *rollup->diffs)), hex);
    }

    void transitionWithoutChangesHasAnEmptyList()
    {
        StateDiff diff;
        diff.applierVersion = "1";
        diff.seqnoFrom = SeqNo(1);
        diff.seqnoTo = SeqNo(2);
        diff.latestRollupKey = "r";
        diff.walltimeMs = 3;
        QCOMPARE(hexOf(encodeStateDiff(diff)),
                 std::string("0a0131"
                             "1001"
                             "1802"
                             "220172"
                             "2a00"
                             "3003"));
    }

    // Whatever can be held comes back.

    void everyMessageComesBack()
    {
        repeat([](RandomState& random) {
            const auto frontier = random.frontier();
            const auto frontierBack = decodeFrontier(encodeFrontier(frontier));
            QVERIFY(frontierBack.has_value() && *frontierBack == frontier);
            const auto number = random.number();
            QCOMPARE(thereAndBack(number, encodeU64Slice, decodeU64Slice), std::optional(number));
            const auto words = random.text();
            QCOMPARE(thereAndBack(words, encodeTextSlice, decodeTextSlice), std::optional(words));
            const auto id = random.spineId();
            QVERIFY(thereAndBack(id, encodeSpineId, decodeSpineId) == id);
            const auto spineBatch = random.spineBatch();
            QVERIFY(thereAndBack(spineBatch, encodeSpineBatch, decodeSpineBatch) == spineBatch);
            const auto merge = random.merge();
            QVERIFY(thereAndBack(merge, encodeMerge, decodeMerge) == merge);
            const auto rollup = random.hollowRollup();
            QVERIFY(thereAndBack(rollup, encodeHollowRollup, decodeHollowRollup) == rollup);
            const auto leased = random.leasedReader();
            QVERIFY(thereAndBack(leased, encodeLeasedReader, decodeLeasedReader) == leased);
            const auto critical = random.criticalReader();
            QVERIFY(thereAndBack(critical, encodeCriticalReader, decodeCriticalReader) == critical);
            const auto writer = random.writer();
            QVERIFY(thereAndBack(writer, encodeWriter, decodeWriter) == writer);
            const auto schemas = random.schemas();
            QVERIFY(thereAndBack(schemas, encodeSchemas, decodeSchemas) == schemas);
            const auto task = random.activeTask();
            QVERIFY(thereAndBack(task, encodeActiveTask, decodeActiveTask) == task);
            const auto batch = random.batch(Timestamp(random.number()), random.frontier());
            const auto batchBack = decodeBatch(encodeBatch(batch));
            QVERIFY(batchBack.has_value() && sameContent(**batchBack, batch));
        });
    }

    void everyRollupComesBack()
    {
        repeat([](RandomState& random) {
            const auto state = random.state();
            InlinedDiffs diffs {SeqNo(random.number()), SeqNo(random.number()), {}};
            for (auto left = random.below(3); left > 0; --left)
                diffs.diffs.push_back({SeqNo(random.number()), SharedBytes::copyOf(bytesOf(random.text()))});
            const auto bytes = encodeRollup(state, RawEntries::ofState(state), diffs);
            const auto rollup = decodeRollup(bytes);
            QVERIFY2(rollup.has_value(), rollup ? "" : rollup.error().describe().c_str());
            QVERIFY(contentOf(rollup->state) == contentOf(state));
            QCOMPARE(rollup->state.trace.legacyBatches.size(), state.trace.legacyBatches.size());
            const auto raw = RawEntries::ofRollup(*rollup);
            QVERIFY(raw.has_value());
            QVERIFY(text(encodeRollup(rollup->state, *raw, *rollup->diffs)) == text(bytes));
        });
    }

    void everyStateDiffComesBack()
    {
        repeat([](RandomState& random) {
            StateDiff diff;
            diff.applierVersion = random.text();
            diff.seqnoFrom = SeqNo(random.number());
            diff.seqnoTo = SeqNo(random.number());
            diff.walltimeMs = random.number();
            diff.latestRollupKey = random.text();
            const auto slice = [&] { return encodeTextSlice(random.text()); };
            for (auto left = random.below(6); left > 0; --left) {
                const auto type = static_cast<ChangeType>(random.below(3));
                diff.changes.push_back({static_cast<StateField>(random.below(20)), type, slice(),
                                        type == ChangeType::Insert ? SharedBytes() : slice(),
                                        type == ChangeType::Delete ? SharedBytes() : slice()});
            }
            const auto bytes = encodeStateDiff(diff);
            const auto back = decodeStateDiff(bytes);
            QVERIFY(back.has_value());
            QCOMPARE(back->changes.size(), diff.changes.size());
            for (std::size_t i = 0; i < diff.changes.size(); ++i) {
                QCOMPARE(back->changes[i].field, diff.changes[i].field);
                QCOMPARE(back->changes[i].type, diff.changes[i].type);
                QVERIFY(text(back->changes[i].key) == text(diff.changes[i].key));
                QVERIFY(text(back->changes[i].oldValue) == text(diff.changes[i].oldValue));
                QVERIFY(text(back->changes[i].newValue) == text(diff.changes[i].newValue));
            }
            QVERIFY(text(encodeStateDiff(*back)) == text(bytes));
        });
    }

    void rollupRepeatsEntriesWithTheirOwnBytes()
    {
        RandomState random(kSeed);
        auto state = random.state();
        state.writers = {{"w1", random.writer()}, {"w2", random.writer()}};
        auto raw = RawEntries::ofState(state);
        StateDiff diff;
        diff.changes = {{StateField::Writers, ChangeType::Update, encodeTextSlice("w2"),
                         encodeWriter(state.writers["w2"]), withUnknownField(encodeWriter(state.writers["w2"]))}};
        QVERIFY(raw.apply(diff));
        const auto bytes = encodeRollup(state, raw, {});
        const auto rollup = decodeRollup(bytes);
        QVERIFY(rollup.has_value());
        const auto kept = RawEntries::ofRollup(*rollup);
        QVERIFY(kept.has_value());
        QVERIFY(text(kept->find(StateField::Writers, "w2")->value) == text(diff.changes[0].newValue));
        // An entry that the state changed since is not one of those.
        state.writers["w2"].lastHeartbeatMs += 1;
        const auto changed = decodeRollup(encodeRollup(state, raw, {}));
        QVERIFY(changed->state.writers == state.writers);
    }

private:
    static void addEras()
    {
        QTest::addColumn<Era>("era");
        QTest::newRow("old") << Era::Old;
        QTest::newRow("new") << Era::New;
    }

    /// With a field 99 that nobody knows behind the others.
    static SharedBytes withUnknownField(const SharedBytes& message)
    {
        return SharedBytes::copyOf(bytesOf(text(message) + "\x98\x06\x01"));
    }
};

QTEST_GUILESS_MAIN(TestStateEncoder)
#include "tst_state_encoder.moc"
