#include "core/machine/state_encoder.h"
#include "core/persist/decode.h"
#include "tests/core/machine/golden.h"
#include "tests/core/machine/random_state.h"
#include "tests/core/machine/stored_shard.h"

#include <QTest>

Q_DECLARE_METATYPE(inspector::machine::Era)

using namespace inspector;
using namespace inspector::machine;
using namespace inspector::machine::test;
using namespace inspector::persist;

namespace {

constexpr std::uint64_t kSeed = 20260820;

/// With a field 99 that nobody knows behind the others.
SharedBytes withUnknownField(const SharedBytes& message)
{
    return SharedBytes::copyOf(bytesOf(text(message) + "\x98\x06\x01"));
}

State emptyState()
{
    State state;
    state.shardId = "s1";
    state.seqno = SeqNo(4);
    state.hostname = "here";
    state.rollups = {{SeqNo(1), {"v1/r1", std::nullopt}}};
    return state;
}

State next(State state)
{
    state.seqno = state.seqno.next();
    return state;
}

BatchPtr emptyBatch(Frontier lower, Frontier upper, Frontier since = Timestamp())
{
    auto batch = std::make_shared<HollowBatch>();
    batch->description = {lower, upper, since};
    return batch;
}

BatchPart partOf(decltype(BatchPart::content) content)
{
    BatchPart part;
    part.content = std::move(content);
    return part;
}

BatchPtr batchOf(std::vector<BatchPart> parts, std::uint64_t length = 0)
{
    auto batch = std::make_shared<HollowBatch>();
    batch->description = {Timestamp(1), Timestamp(2), Timestamp()};
    batch->parts = std::move(parts);
    batch->length = length;
    return batch;
}

Frontier at(std::uint64_t time)
{
    return Timestamp(time);
}

InlinePart inlinePart(const char* bytes)
{
    return {SharedBytes::copyOf(bytesOf(bytes))};
}

/// The difference with the stored entries of `before` as we would have stored them.
StateDiff difference(const State& before, const State& after)
{
    const auto diff = differenceOf(before, RawEntries::ofState(before), after);
    if (!diff)
        qFatal("%s", diff.error().describe().c_str());
    return *diff;
}

/// What a diff does, one change a word: "+7" inserts into field 7, "~" updates, "-" deletes.
QString shapeOf(const StateDiff& diff)
{
    QStringList shape;
    for (const auto& change : diff.changes)
        shape += QLatin1Char("+~-"[static_cast<int>(change.type)]) + QString::number(static_cast<int>(change.field));
    return shape.join(QLatin1Char(' '));
}

FieldDiff change(StateField field, ChangeType type, SharedBytes key, SharedBytes oldValue, SharedBytes newValue)
{
    return {field, type, std::move(key), std::move(oldValue), std::move(newValue)};
}

StateDiff diffOf(std::vector<FieldDiff> changes)
{
    StateDiff diff;
    diff.seqnoFrom = SeqNo(4);
    diff.seqnoTo = SeqNo(5);
    diff.changes = std::move(changes);
    return diff;
}

} // namespace

class TestDifference : public QObject
{
    Q_OBJECT

private slots:
    void envelopeIsThatOfTheNewState()
    {
        auto before = emptyState();
        before.applierVersion = "1";
        auto after = next(before);
        after.applierVersion = "2";
        after.walltimeMs = 9;
        after.rollups[SeqNo(3)] = {"v3/r3", 7};
        const auto diff = difference(before, after);
        QCOMPARE(diff.applierVersion, std::string("2"));
        QCOMPARE(diff.seqnoFrom, SeqNo(4));
        QCOMPARE(diff.seqnoTo, SeqNo(5));
        QCOMPARE(diff.walltimeMs, std::uint64_t(9));
        QCOMPARE(diff.latestRollupKey, std::string("v3/r3"));
    }

    void nothingChangedIsAnEmptyDiff()
    {
        RandomState random(kSeed);
        for (int round = 0; round < 50; ++round) {
            const auto state = random.state();
            QVERIFY(difference(state, next(state)).changes.empty());
        }
    }

    void fieldsStandInTheOrderOfTheFormat()
    {
        RandomState random(kSeed);
        const auto before = emptyState();
        auto after = next(before);
        after.hostname = "there";
        after.lastGcReq = 1;
        after.rollups[SeqNo(2)] = {};
        after.activeRollup = ActiveTask();
        after.activeGc = ActiveTask();
        after.leasedReaders["r"] = random.leasedReader();
        after.criticalReaders["c"] = random.criticalReader();
        after.writers["w"] = random.writer();
        after.schemas[0] = random.schemas();
        after.trace.since = at(1);
        after.trace.legacyBatches = {emptyBatch(at(0), at(1))};
        after.trace.hollowBatches[{0, 1}] = emptyBatch(at(1), at(1));
        after.trace.spineBatches[{0, 1}] = random.spineBatch();
        after.trace.merges[{0, 1}] = random.merge();
        QCOMPARE(shapeOf(difference(before, after)), QStringLiteral("~7 ~1 +8 +13 +14 +2 +6 +3 +12 ~4 +5 +9 +10 +11"));
    }

    void keysOfAFieldStandInAscendingOrderWhateverTheChange()
    {
        auto before = emptyState();
        before.writers = {{"w1", {}}, {"w3", {}}, {"w4", {}}};
        auto after = next(before);
        after.writers.erase("w1");
        after.writers["w2"] = {};
        after.writers["w3"].lastHeartbeatMs = 1;
        after.writers["w5"] = {};
        const auto diff = difference(before, after);
        QCOMPARE(shapeOf(diff), QStringLiteral("-3 +3 ~3 +3"));
        QStringList keys;
        for (const auto& one : diff.changes)
            keys += QString::fromStdString(*decodeTextSlice(one.key));
        QCOMPARE(keys.join(QLatin1Char(' ')), QStringLiteral("w1 w2 w3 w5"));
    }

    void numbersAndIdsAreOrderedAsNumbers()
    {
        auto before = emptyState();
        auto after = next(before);
        after.rollups = {{SeqNo(1), {"v1/r1", std::nullopt}}, {SeqNo(300), {}}, {SeqNo(2), {}}};
        after.trace.merges = {{{2, 10}, {}}, {{2, 3}, {}}, {{0, 300}, {}}};
        QStringList keys;
        for (const auto& one : difference(before, after).changes)
            keys += one.field == StateField::Rollups ? QString::number(*decodeU64Slice(one.key))
                                                     : QString::fromStdString(textOf(*decodeSpineId(one.key)));
        QCOMPARE(keys.join(QLatin1Char(' ')), QStringLiteral("2 300 (0, 300) (2, 3) (2, 10)"));
    }

    void rollupZeroHasAKeyOfNoBytes()
    {
        auto before = emptyState();
        before.rollups.clear();
        auto after = next(before);
        after.rollups = {{SeqNo(0), {"v0/r", std::nullopt}}};
        QCOMPARE(difference(before, after).changes.at(0).key.size(), std::size_t(0));
    }

    void activeTasksComeAndGo()
    {
        auto before = emptyState();
        before.activeRollup = ActiveTask {SeqNo(1), 2};
        before.activeGc = ActiveTask {SeqNo(1), 2};
        auto after = next(before);
        after.activeRollup.reset();
        after.activeGc->startMs = 3;
        const auto diff = difference(before, after);
        QCOMPARE(shapeOf(diff), QStringLiteral("-13 ~14"));
        QVERIFY(text(diff.changes[0].oldValue) == text(encodeActiveTask({SeqNo(1), 2})));
    }

    void descriptionsOfPartsAreNoChange()
    {
        auto before = emptyState();
        SpineBatch batch;
        batch.description = {at(0), at(2), at(0)};
        batch.parts = {{0, 1}};
        batch.descriptions = {{at(0), at(2), at(0)}};
        before.trace.spineBatches[{0, 1}] = batch;
        auto after = next(before);
        after.trace.spineBatches[{0, 1}].descriptions[0].since = at(1);
        QVERIFY(difference(before, after).changes.empty());
        after.trace.spineBatches[{0, 1}].level = 1;
        const auto diff = difference(before, after);
        QCOMPARE(shapeOf(diff), QStringLiteral("~10"));
        // When there is a change, the new side tells them as they are now.
        QCOMPARE(decodeSpineBatch(diff.changes[0].newValue)->descriptions[0].since, at(1));
    }

    void legacyBatchesAreOrdered_data()
    {
        QTest::addColumn<int>("place");
        for (int place = 1; place < static_cast<int>(orderedBatches().size()); ++place)
            QTest::newRow(std::to_string(place).c_str()) << place;
    }
    void legacyBatchesAreOrdered()
    {
        // Each against all that stand behind it, given the wrong way round.
        QFETCH(const int, place);
        const auto ordered = orderedBatches();
        for (std::size_t i = static_cast<std::size_t>(place); i < ordered.size(); ++i) {
            std::vector<BatchPtr> batches {ordered[i], ordered[static_cast<std::size_t>(place) - 1]};
            sortLegacyBatches(batches);
            QVERIFY2(batches[1] == ordered[i], std::to_string(i).c_str());
        }
    }

    void compactionStandsBetweenWhatItReplaces()
    {
        auto before = emptyState();
        before.trace.legacyBatches = {emptyBatch(at(0), at(1)), emptyBatch(at(1), at(2)), emptyBatch(at(2), at(3))};
        auto after = next(before);
        after.trace.legacyBatches = {emptyBatch(at(0), at(3))};
        const auto diff = difference(before, after);
        QCOMPARE(shapeOf(diff), QStringLiteral("-5 +5 -5 -5"));
        QCOMPARE((*decodeBatch(diff.changes[0].key))->description.upper, at(1));
        QCOMPARE((*decodeBatch(diff.changes[1].key))->description.upper, at(3));
    }

    void anotherPartOfEqualBoundsIsAnotherBatch()
    {
        auto before = emptyState();
        before.trace.legacyBatches = {batchOf({partOf(BlobPart {"n1/pb"})}, 3)};
        auto after = next(before);
        after.trace.legacyBatches = {batchOf({partOf(BlobPart {"n1/pa"})}, 3)};
        const auto diff = difference(before, after);
        QCOMPARE(shapeOf(diff), QStringLiteral("+5 -5"));
    }

    void oldSidesAreTheStoredBytes()
    {
        auto before = emptyState();
        before.writers["w"] = {};
        before.trace.legacyBatches = {emptyBatch(at(0), at(1))};
        before.trace.merges[{0, 1}] = {};
        auto raw = RawEntries::ofState(before);
        const auto batch = withUnknownField(encodeBatch(*before.trace.legacyBatches[0]));
        const auto writer = withUnknownField(encodeWriter({}));
        const auto merge = withUnknownField(encodeMerge({}));
        const auto none = SharedBytes();
        const auto key = encodeBatch(*before.trace.legacyBatches[0]);
        QVERIFY(raw.apply(diffOf(
            {change(StateField::LegacyBatches, ChangeType::Delete, key, none, none),
             change(StateField::LegacyBatches, ChangeType::Insert, batch, none, none),
             change(StateField::Writers, ChangeType::Update, encodeTextSlice("w"), encodeWriter({}), writer),
             change(StateField::SpineMerges, ChangeType::Update, encodeSpineId({0, 1}), encodeMerge({}), merge)})));
        auto after = next(before);
        after.trace.legacyBatches.clear();
        after.trace.merges.clear();
        after.writers["w"].leaseDurationMs = 1;
        const auto diff = differenceOf(before, raw, after);
        QVERIFY(diff.has_value());
        QCOMPARE(shapeOf(*diff), QStringLiteral("~3 -5 -11"));
        QVERIFY(text(diff->changes[0].oldValue) == text(writer));
        QVERIFY(text(diff->changes[1].key) == text(batch));
        QVERIFY(text(diff->changes[2].oldValue) == text(merge));
    }

    void batchThatMovesKeepsItsBytes()
    {
        const auto stored = *decodeBatch(withUnknownField(encodeBatch(*emptyBatch(at(3), at(3)))));
        auto before = emptyState();
        before.trace.hollowBatches[{0, 1}] = stored;
        auto after = next(before);
        after.trace.hollowBatches = {{{0, 2}, stored}};
        const auto diff = difference(before, after);
        QCOMPARE(shapeOf(diff), QStringLiteral("-9 +9"));
        QVERIFY(text(diff.changes[1].newValue) == text(stored->raw));
    }

    void entriesOfAnotherStateAreRefused()
    {
        auto before = emptyState();
        before.writers["w"] = {};
        auto other = before;
        other.writers["w"].lastHeartbeatMs = 1;
        auto after = next(before);
        after.writers.clear();
        const auto stale = differenceOf(before, RawEntries::ofState(other), after);
        QVERIFY(!stale.has_value());
        QCOMPARE(stale.error().code, ErrorCode::Internal);
        QVERIFY(!differenceOf(before, RawEntries(), after));
        before.trace.legacyBatches = {emptyBatch(at(0), at(1))};
        QVERIFY(!differenceOf(before, RawEntries::ofState(other), next(other)));
    }

    void anotherShardIsRefused()
    {
        const auto before = emptyState();
        auto after = next(before);
        after.shardId = "s2";
        QVERIFY(!differenceOf(before, RawEntries::ofState(before), after));
        after = next(before);
        after.tsCodec = "u128";
        QVERIFY(!differenceOf(before, RawEntries::ofState(before), after));
    }

    void goldenTranscriptIsTheDifferenceOfItsStates_data()
    {
        QTest::addColumn<Era>("era");
        QTest::newRow("old") << Era::Old;
        QTest::newRow("new") << Era::New;
    }
    void goldenTranscriptIsTheDifferenceOfItsStates()
    {
        QFETCH(const Era, era);
        const auto transcript = golden(era);
        const auto rollup = decodeRollup(transcript.rollup);
        auto state = rollup->state;
        auto raw = RawEntries::ofRollup(*rollup);
        State nothing = state;
        nothing.seqno = SeqNo();
        nothing.rollups.clear();
        QVERIFY(text(encodeStateDiff(difference(nothing, state))) == text(transcript.versions[0]));
        for (std::size_t i = 1; i < transcript.versions.size(); ++i) {
            const auto stored = decodeStateDiff(transcript.versions[i]);
            auto after = state;
            QVERIFY(apply(after, *stored));
            QVERIFY(after.anomalies.empty());
            const auto diff = differenceOf(state, *raw, after);
            QVERIFY(diff.has_value());
            QVERIFY(text(encodeStateDiff(*diff)) == text(transcript.versions[i]));
            QVERIFY(raw->apply(*stored));
            state = after;
        }
    }

    void differenceLeadsFromOneStateToTheOther()
    {
        RandomState random(kSeed);
        for (int shard = 0; shard < 60; ++shard) {
            auto state = random.state();
            auto raw = RawEntries::ofState(state);
            for (int version = 0; version < 15; ++version) {
                const auto where = "seed " + std::to_string(kSeed) + ", shard " + std::to_string(shard) + ", version "
                    + std::to_string(version);
                const auto after = random.successorOf(state);
                const auto diff = differenceOf(state, raw, after);
                QVERIFY2(diff.has_value(), (diff ? "" : diff.error().describe() + ", " + where).c_str());
                const auto stored = decodeStateDiff(encodeStateDiff(*diff));
                QVERIFY2(stored.has_value(), where.c_str());
                auto reached = state;
                QVERIFY2(apply(reached, *stored), where.c_str());
                QVERIFY2(reached.anomalies.empty(),
                         (where + ": " + (reached.anomalies.empty() ? "" : reached.anomalies[0])).c_str());
                QVERIFY2(contentOf(reached) == contentOf(after), where.c_str());
                const auto followed = raw.apply(*stored);
                QVERIFY2(followed.has_value(), (followed ? "" : followed.error().describe() + ", " + where).c_str());
                QVERIFY2(sameEntries(raw, RawEntries::ofState(reached)), where.c_str());
                state = std::move(reached);
            }
        }
    }

    // RawEntries.

    void oldValueThatIsNotThereIsRefused_data()
    {
        QTest::addColumn<int>("field");
        QTest::addColumn<QByteArray>("key");
        QTest::addColumn<QByteArray>("stored");
        QTest::addColumn<QByteArray>("other");
        const auto add = [](const char* name, StateField field, const SharedBytes& key, const SharedBytes& stored,
                            const SharedBytes& other) {
            const auto bytes = [](const SharedBytes& from) { return QByteArray::fromStdString(text(from)); };
            QTest::newRow(name) << static_cast<int>(field) << bytes(key) << bytes(stored) << bytes(other);
        };
        const auto words = encodeTextSlice("x");
        const auto id = encodeSpineId({0, 1});
        LeasedReader leased;
        CriticalReader critical;
        Writer writer;
        const auto wasLeased = encodeLeasedReader(leased);
        const auto wasCritical = encodeCriticalReader(critical);
        const auto wasWriter = encodeWriter(writer);
        leased.seqno = SeqNo(1);
        critical.opaque = 1;
        writer.mostRecentWriteToken = "i";
        add("rollup", StateField::Rollups, encodeU64Slice(0), encodeHollowRollup({"a", std::nullopt}),
            encodeHollowRollup({"a", 0}));
        add("leased reader", StateField::LeasedReaders, words, wasLeased, encodeLeasedReader(leased));
        add("critical reader", StateField::CriticalReaders, words, wasCritical, encodeCriticalReader(critical));
        add("writer", StateField::Writers, words, wasWriter, encodeWriter(writer));
        add("schema", StateField::Schemas, encodeU64Slice(7), encodeSchemas({"a", "", "", ""}),
            encodeSchemas({"", "a", "", ""}));
        add("active rollup", StateField::ActiveRollup, {}, encodeActiveTask({SeqNo(1), 1}),
            encodeActiveTask({SeqNo(1), 2}));
        add("active gc", StateField::ActiveGc, {}, encodeActiveTask({SeqNo(1), 1}), encodeActiveTask({SeqNo(2), 1}));
        add("hollow batch", StateField::HollowBatches, id, encodeBatch(*emptyBatch(at(1), at(1))),
            encodeBatch(*emptyBatch(at(1), at(1), at(1))));
        SpineBatch spineBatch;
        const auto wasSpineBatch = encodeSpineBatch(spineBatch);
        spineBatch.level = 1;
        add("spine batch", StateField::SpineBatches, id, wasSpineBatch, encodeSpineBatch(spineBatch));
        add("merge", StateField::SpineMerges, id, encodeMerge({}), encodeMerge({at(0), 1, std::nullopt}));
    }
    void oldValueThatIsNotThereIsRefused()
    {
        QFETCH(const int, field);
        QFETCH(const QByteArray, key);
        QFETCH(const QByteArray, stored);
        QFETCH(const QByteArray, other);
        const auto shared = [](const QByteArray& from) { return SharedBytes::copyOf(bytesOf(from.toStdString())); };
        const auto make = [&](ChangeType type, const QByteArray& oldValue, const QByteArray& newValue) {
            return diffOf(
                {change(static_cast<StateField>(field), type, shared(key), shared(oldValue), shared(newValue))});
        };
        RawEntries raw;
        QVERIFY(isCorrupt(raw.apply(make(ChangeType::Delete, stored, {}))));
        QVERIFY(isCorrupt(raw.apply(make(ChangeType::Update, stored, other))));
        QVERIFY(raw.apply(make(ChangeType::Insert, {}, stored)));
        QVERIFY(isCorrupt(raw.apply(make(ChangeType::Insert, {}, stored))));
        QVERIFY(isCorrupt(raw.apply(make(ChangeType::Update, other, stored))));
        QVERIFY(isCorrupt(raw.apply(make(ChangeType::Delete, other, {}))));
        QVERIFY(isCorrupt(raw.apply(make(ChangeType::Update, "\xff", stored))));
        QVERIFY(isCorrupt(raw.apply(make(ChangeType::Update, stored, "\xff"))));
        // Other bytes that mean the same are accepted, and the ones that are there are the new ones.
        QVERIFY(raw.apply(make(ChangeType::Update, stored + "\x98\x06\x01", other)));
        QVERIFY(raw.apply(make(ChangeType::Delete, other, {})));
        QVERIFY(raw.of(static_cast<StateField>(field)).empty());
    }

    void descriptionsOfPartsDoNotCountForAnOldValue()
    {
        State state = emptyState();
        SpineBatch batch;
        batch.parts = {{0, 1}};
        state.trace.spineBatches[{0, 1}] = batch;
        batch.descriptions = {{}};
        auto raw = RawEntries::ofState(state);
        QVERIFY(raw.apply(diffOf({change(StateField::SpineBatches, ChangeType::Delete, encodeSpineId({0, 1}),
                                         encodeSpineBatch(batch), {})})));
    }

    void valuesThatAreAlwaysThereAreOnlyUpdated_data()
    {
        QTest::addColumn<int>("field");
        QTest::newRow("host name") << static_cast<int>(StateField::Hostname);
        QTest::newRow("last_gc_req") << static_cast<int>(StateField::LastGcReq);
        QTest::newRow("since") << static_cast<int>(StateField::Since);
    }
    void valuesThatAreAlwaysThereAreOnlyUpdated()
    {
        QFETCH(const int, field);
        const auto which = static_cast<StateField>(field);
        auto raw = RawEntries::ofState(emptyState());
        const auto value = raw.find(which, {})->value;
        QVERIFY(isCorrupt(raw.apply(diffOf({change(which, ChangeType::Insert, {}, {}, value)}))));
        QVERIFY(isCorrupt(raw.apply(diffOf({change(which, ChangeType::Delete, {}, value, {})}))));
        QVERIFY(raw.apply(diffOf({change(which, ChangeType::Update, {}, value, value)})));
    }

    void oldHostNameMayBeWrong()
    {
        auto raw = RawEntries::ofState(emptyState());
        QVERIFY(raw.apply(diffOf({change(StateField::Hostname, ChangeType::Update, {}, encodeTextSlice("nowhere"),
                                         encodeTextSlice("there"))})));
        QVERIFY(text(raw.find(StateField::Hostname, {})->value) == text(encodeTextSlice("there")));
    }

    void legacyBatchIsFoundByItsContent()
    {
        State state = emptyState();
        state.trace.legacyBatches = {emptyBatch(at(0), at(1))};
        auto raw = RawEntries::ofState(state);
        const auto bytes = encodeBatch(*emptyBatch(at(0), at(1)));
        QVERIFY(isCorrupt(raw.apply(
            diffOf({change(StateField::LegacyBatches, ChangeType::Insert, withUnknownField(bytes), {}, {})}))));
        QVERIFY(isCorrupt(raw.apply(diffOf(
            {change(StateField::LegacyBatches, ChangeType::Delete, encodeBatch(*emptyBatch(at(0), at(2))), {}, {})}))));
        QVERIFY(raw.apply(
            diffOf({change(StateField::LegacyBatches, ChangeType::Delete, withUnknownField(bytes), {}, {})})));
        QVERIFY(raw.of(StateField::LegacyBatches).empty());
    }

    void unknownFieldIsNothingToWriteAfter()
    {
        auto raw = RawEntries::ofState(emptyState());
        const auto applied = raw.apply(diffOf({change(static_cast<StateField>(15), ChangeType::Insert, {}, {}, {})}));
        QVERIFY(!applied.has_value());
        QCOMPARE(applied.error().code, ErrorCode::Unsupported);
    }

    void failedDiffChangesNothing()
    {
        auto raw = RawEntries::ofState(emptyState());
        const auto before = raw;
        QVERIFY(!raw.apply(
            diffOf({change(StateField::Writers, ChangeType::Insert, encodeTextSlice("w"), {}, encodeWriter({})),
                    change(StateField::Rollups, ChangeType::Delete, encodeU64Slice(1),
                           encodeHollowRollup({"v1/r1", std::nullopt}), {}),
                    change(StateField::Writers, ChangeType::Delete, encodeTextSlice("v"), {}, {})})));
        QVERIFY(sameEntries(raw, before));
    }

    void deprecatedRollupsAreRollupsWithoutASize()
    {
        auto raw = RawEntries::ofState(emptyState());
        QVERIFY(raw.apply(diffOf(
            {change(StateField::DeprecatedRollups, ChangeType::Insert, encodeU64Slice(2), {}, encodeTextSlice("v2/r2")),
             change(StateField::DeprecatedRollups, ChangeType::Delete, encodeU64Slice(1), encodeTextSlice("v1/r1"),
                    {})})));
        State state = emptyState();
        state.rollups = {{SeqNo(2), {"v2/r2", std::nullopt}}};
        QVERIFY(sameEntries(raw, RawEntries::ofState(state)));
    }

private:
    /// Batches in their order, no two alike.
    static std::vector<BatchPtr> orderedBatches()
    {
        const auto blob = [](const char* key) { return partOf(BlobPart {key}); };
        auto longer = batchOf({blob("n1/pb")}, 3);
        auto split = std::make_shared<HollowBatch>(*longer);
        split->runs = {1};
        auto unordered = std::make_shared<HollowBatch>(*split);
        unordered->runMeta = {RunMeta()};
        return {
            emptyBatch(at(0), std::nullopt),
            emptyBatch(at(0), at(1), std::nullopt),
            emptyBatch(at(0), at(1), at(0)),
            emptyBatch(at(0), at(1), at(300)),
            emptyBatch(at(0), at(300)),
            batchOf({}),
            batchOf({}, 1),
            batchOf({blob("n1/pa")}, 9),
            batchOf({blob("n1/pa"), blob("n1/pa")}, 9),
            batchOf({blob("n1/pb")}, 2),
            longer,
            split,
            unordered,
            batchOf({partOf(inlinePart("a"))}, 1),
            batchOf({partOf(inlinePart("b"))}, 1),
            batchOf({partOf(RunRef {"n0/pa", 0})}, 1),
            emptyBatch(at(2), at(3)),
            emptyBatch(at(300), at(301)),
        };
    }

    static bool sameEntries(const RawEntries& a, const RawEntries& b)
    {
        for (int field = 0; field <= 14; ++field) {
            const auto& left = a.of(static_cast<StateField>(field));
            const auto& right = b.of(static_cast<StateField>(field));
            if (!std::equal(left.begin(), left.end(), right.begin(), right.end(), [](const auto& x, const auto& y) {
                    return x.first == y.first && text(x.second.key) == text(y.second.key)
                        && text(x.second.value) == text(y.second.value);
                }))
                return false;
        }
        return true;
    }

    static bool isCorrupt(const Result<>& result)
    {
        return !result.has_value() && result.error().code == ErrorCode::Corrupt;
    }
};

QTEST_GUILESS_MAIN(TestDifference)
#include "tst_difference.moc"
