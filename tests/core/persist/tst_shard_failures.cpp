#include "core/base/hex.h"
#include "core/codec/row_codec.h"
#include "core/persist/decode.h"
#include "core/persist/recognise.h"
#include "core/persist/shard_reader.h"
#include "core/persist/spine.h"
#include "core/persist/version.h"
#include "tests/core/persist/shard_builder.h"

#include <QTest>

#include <algorithm>

using namespace inspector;
using namespace inspector::persist;
using namespace inspector::persist::tests;

namespace {

// Numbers of ProtoStateField and ProtoStateFieldDiffType (persist-format §5.8).
constexpr int kSince = 4;
constexpr int kLegacyBatches = 5;
constexpr int kHostname = 7;
constexpr int kRollups = 8;
constexpr int kInsert = 0;
constexpr int kUpdate = 1;
constexpr int kDelete = 2;

const std::string kRowA = R"({"kind":"A"})";
const std::string kRowB = R"({"kind":"B"})";

TestPart inlinePart(std::uint64_t lower, std::uint64_t upper, const std::vector<TestUpdate>& updates)
{
    TestPart part;
    part.inlined = encodedInlinePart(lower, upper, 0, updates);
    return part;
}

TestPart blobPart(const std::string& key)
{
    TestPart part;
    part.key = key;
    return part;
}

/// [0, 1) empty, [1, 2) with one row.
TestRollup smallShard()
{
    TestRollup rollup;
    rollup.batches = {{0, 1, 0, {}, 0}, {1, 2, 0, {inlinePart(1, 2, {{kRowA, 1, 1}})}, 1}};
    return rollup;
}

TestDiff sinceDiff(std::uint64_t from, std::uint64_t before, std::uint64_t after)
{
    TestDiff diff;
    diff.from = from;
    diff.to = from + 1;
    diff.changes = {{kSince, kUpdate, {"", encodedFrontier(before), encodedFrontier(after)}}};
    return diff;
}

bool mentions(const std::vector<std::string>& texts, const std::string& words)
{
    return std::any_of(texts.begin(), texts.end(),
                       [&](const std::string& text) { return text.find(words) != std::string::npos; });
}

std::string joined(const std::vector<std::string>& texts)
{
    std::string all;
    for (const auto& text : texts)
        all += text + "\n";
    return all;
}

/// "time diff json", sorted.
std::vector<std::string> linesOf(const Updates& updates)
{
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < updates.size(); ++i)
        lines.push_back(std::to_string(updates.timeOf(i)) + " " + std::to_string(updates.diffOf(i)) + " "
                        + codec::canonicalJson(updates.rows[i]).value_or("undecodable"));
    std::sort(lines.begin(), lines.end());
    return lines;
}

using Lines = std::vector<std::string>;

ShardId testShard()
{
    return shardOf(kTestShard);
}

Result<StatePtr> currentOf(const MemoryLocation& location)
{
    return StateReader(location.consensus, location.blob, testShard()).current(Job());
}

} // namespace

/// The failures of persist-format §11 that a shard's reader meets, each by its number there.
class TestShardFailures : public QObject
{
    Q_OBJECT

private slots:
    void row1RollupDeletedBetweenScanAndGetIsReadFromTheNext()
    {
        MemoryLocation location;
        fill(location, smallShard(), {sinceDiff(1, 0, 1)});
        // Between the scan and the fetch: a rollup at v2, the old one deleted, the log truncated.
        const std::string newKey = "v2/r00000000-0000-4000-8000-000000000002";
        bool isDone = false;
        location.blob.beforeGet = [&](const std::string& /*key*/) {
            if (std::exchange(isDone, true))
                return;
            auto later = smallShard();
            later.seqno = 2;
            later.since = 1;
            location.blob.blobs.clear();
            location.blob.blobs[std::string(kTestShard) + "/" + newKey] = bytesFrom(encodedRollup(later));
            auto diff = sinceDiff(1, 0, 1);
            diff.rollupKey = newKey;
            location.consensus.rows[kTestShard] = {{2, bytesFrom(encodedDiff(diff))}};
        };
        const auto state = currentOf(location);
        QVERIFY2(state.has_value(), state ? "" : state.error().describe().c_str());
        QCOMPARE((*state)->seqno, SeqNo(2));
        QCOMPARE((*state)->since(), Frontier(Timestamp(1)));
        QVERIFY((*state)->anomalies.empty());
        QCOMPARE(location.consensus.scans, 2);
    }

    void row2RollupThatStaysAwayIsAWrongBlobLocation()
    {
        MemoryLocation location;
        fill(location, smallShard());
        location.blob.blobs.clear();
        const auto state = currentOf(location);
        QVERIFY(!state);
        QCOMPARE(state.error().code, ErrorCode::NotFound);
        for (const auto* words : {"wrong blob location?", "memory consensus", "memory blobs", kTestRollupKey})
            QVERIFY2(state.error().message.find(words) != std::string::npos, words);
        QCOMPARE(location.consensus.scans, StateReader::kMaxAttempts);
    }

    void longLogIsReadFromItsNewestRollup()
    {
        MemoryLocation location;
        fill(location, smallShard());
        const std::string lateKey = "v4000/r00000000-0000-4000-8000-000000000002";
        for (std::uint64_t seqno = 2; seqno <= 4010; ++seqno) {
            auto diff = sinceDiff(seqno - 1, 0, 0);
            if (seqno > 4000)
                diff.rollupKey = lateKey;
            location.consensus.rows[kTestShard][seqno] = bytesFrom(encodedDiff(diff));
        }
        auto late = smallShard();
        late.seqno = 4000;
        location.blob.blobs[std::string(kTestShard) + "/" + lateKey] = bytesFrom(encodedRollup(late));
        const auto state = currentOf(location);
        QVERIFY2(state.has_value(), state ? "" : state.error().describe().c_str());
        QCOMPARE((*state)->seqno, SeqNo(4010));
        QCOMPARE(location.consensus.rowsRead, StateReader::kRecentDiffsLimit + 11);
        const StateReader reader(location.consensus, location.blob, testShard());
        const auto live = reader.liveDiffs(Job());
        QVERIFY(live.has_value());
        QCOMPARE(live->diffs.size(), std::size_t(4010));
        const auto early = reader.at(SeqNo(4005), Job());
        QVERIFY(early.has_value());
        QCOMPARE((*early)->seqno, SeqNo(4005));
    }

    void logStartsAtTheFirstRollupThatIsLeft()
    {
        MemoryLocation location;
        auto second = sinceDiff(1, 0, 0);
        auto third = sinceDiff(2, 0, 1);
        third.rollupKey = "v2/r00000000-0000-4000-8000-000000000002";
        fill(location, smallShard(), {second, third});
        auto late = smallShard();
        late.seqno = 2;
        location.blob.blobs.clear();
        location.blob.blobs[std::string(kTestShard) + "/" + third.rollupKey] = bytesFrom(encodedRollup(late));
        ShardReader reader(location.consensus, location.blob, testShard());
        const auto log = reader.log(Job());
        QVERIFY2(log.has_value(), log ? "" : log.error().describe().c_str());
        QCOMPARE(log->steps.size(), std::size_t(2));
        QCOMPARE(log->steps.front().seqno, SeqNo(2));
        QVERIFY(mentions(log->problems, "states before v2 cannot be rebuilt"));
    }

    void row3PartDeletedByCompactionIsReadFromTheNewState()
    {
        MemoryLocation location;
        auto rollup = smallShard();
        rollup.batches.push_back({2, 3, 0, {blobPart("n2602300/p00000000-0000-4000-8000-00000000000a")}, 1});
        fill(location, rollup);
        ShardReader reader(location.consensus, location.blob, testShard());
        const auto state = reader.refresh(Job());
        QVERIFY(state.has_value());
        // While the part is fetched, compaction replaces its batch, and garbage collection deletes it.
        location.blob.beforeGet = [&](const std::string& key) {
            if (key.find("/n") == std::string::npos)
                return;
            TestDiff diff;
            diff.from = 1;
            diff.to = 2;
            const TestBatch compacted {2, 3, 0, {inlinePart(2, 3, {{kRowB, 2, 1}})}, 1};
            diff.changes = {{kLegacyBatches, kDelete, {encodedBatch(rollup.batches[2]), ""}},
                            {kLegacyBatches, kInsert, {encodedBatch(compacted), ""}}};
            location.consensus.rows[kTestShard][2] = bytesFrom(encodedDiff(diff));
        };
        const auto read = reader.snapshot(*state, Timestamp(2), Job());
        QVERIFY2(read.has_value(), read ? "" : read.error().describe().c_str());
        QVERIFY2(read->updates->warnings.empty(), joined(read->updates->warnings).c_str());
        QCOMPARE(read->state->seqno, SeqNo(2));
        QCOMPARE(linesOf(*read->updates), (Lines {"2 1 " + kRowA, "2 1 " + kRowB}));
    }

    void row3PartThatStaysAwayIsReportedAndTheRestIsRead()
    {
        MemoryLocation location;
        auto rollup = smallShard();
        rollup.batches.push_back({2, 3, 0, {blobPart("n2602300/p00000000-0000-4000-8000-00000000000a")}, 1});
        fill(location, rollup);
        ShardReader reader(location.consensus, location.blob, testShard());
        for (const bool isHistory : {false, true}) {
            const auto state = reader.refresh(Job());
            QVERIFY(state.has_value());
            UpdateList updates;
            if (isHistory) {
                const auto read = reader.history(*state, Job());
                QVERIFY(read.has_value());
                updates = read->updates;
            } else {
                const auto read = reader.latestSnapshot(Job());
                QVERIFY(read.has_value());
                updates = read->updates;
            }
            QCOMPARE(updates->size(), std::size_t(1));
            QCOMPARE(updates->warnings.size(), std::size_t(1));
            QVERIFY(mentions(updates->warnings, "n2602300/p00000000-0000-4000-8000-00000000000a"));
            QVERIFY(mentions(updates->warnings, "[2, 3)"));
        }
    }

    void damagedPartIsReportedAndTheRestIsRead()
    {
        MemoryLocation location;
        auto rollup = smallShard();
        const std::string key = "n2602300/p00000000-0000-4000-8000-00000000000a";
        TestPart damagedInline;
        damagedInline.inlined = "no protobuf";
        rollup.batches.push_back({2, 3, 0, {blobPart(key), damagedInline}, 1});
        location.blob.blobs[std::string(kTestShard) + "/" + key] = bytesFrom("no Parquet file");
        fill(location, rollup);
        ShardReader reader(location.consensus, location.blob, testShard());
        const auto read = reader.latestSnapshot(Job());
        QVERIFY(read.has_value());
        QCOMPARE(read->updates->size(), std::size_t(1));
        QCOMPARE(read->updates->warnings.size(), std::size_t(2));
        QVERIFY(mentions(read->updates->warnings, key));
        QVERIFY(mentions(read->updates->warnings, "part inline of batch [2, 3)"));
    }

    void row4LogTruncatedPastTheTailIsReadAnew()
    {
        MemoryLocation location;
        fill(location, smallShard(), {sinceDiff(1, 0, 1)});
        ShardReader reader(location.consensus, location.blob, testShard());
        QVERIFY(reader.refresh(Job()));
        // A writer goes on, and garbage collection truncates.
        const std::string newKey = "v9/r00000000-0000-4000-8000-000000000002";
        auto later = smallShard();
        later.seqno = 9;
        later.since = 1;
        location.blob.blobs[std::string(kTestShard) + "/" + newKey] = bytesFrom(encodedRollup(later));
        auto diff = sinceDiff(8, 0, 1);
        diff.rollupKey = newKey;
        location.consensus.rows[kTestShard] = {{9, bytesFrom(encodedDiff(diff))}};

        const auto polled = reader.states().poll(SeqNo(2), Job());
        QVERIFY(polled.has_value());
        QVERIFY(std::holds_alternative<RebuildNeeded>(*polled));
        const auto state = reader.refresh(Job());
        QVERIFY2(state.has_value(), state ? "" : state.error().describe().c_str());
        QCOMPARE((*state)->seqno, SeqNo(9));
    }

    void row5GapEndsTheStateBeforeItAndIsReported()
    {
        MemoryLocation location;
        fill(location, smallShard(), {sinceDiff(1, 0, 1), sinceDiff(2, 1, 1), sinceDiff(3, 1, 1)});
        location.consensus.rows[kTestShard].erase(3);
        const auto state = currentOf(location);
        QVERIFY(state.has_value());
        QCOMPARE((*state)->seqno, SeqNo(2));
        QVERIFY(mentions((*state)->anomalies, "gap between v2 and v4"));
        QVERIFY(mentions((*state)->anomalies, "the newest is v4"));
    }

    void gapBeforeTheNewestRollupDoesNotMatter()
    {
        MemoryLocation location;
        auto last = sinceDiff(4, 1, 1);
        last.rollupKey = "v4/r00000000-0000-4000-8000-000000000004";
        fill(location, smallShard(), {sinceDiff(1, 0, 1), sinceDiff(3, 1, 1), last});
        auto later = smallShard();
        later.seqno = 4;
        later.since = 1;
        location.blob.blobs[std::string(kTestShard) + "/" + last.rollupKey] = bytesFrom(encodedRollup(later));
        const auto state = currentOf(location);
        QVERIFY(state.has_value());
        QCOMPARE((*state)->seqno, SeqNo(5));
        QVERIFY2((*state)->warnings().empty(), joined((*state)->warnings()).c_str());
    }

    void row7EmptyRowIsCorruption()
    {
        QCOMPARE(decodeStateDiff(SharedBytes()).error().code, ErrorCode::Corrupt);
        MemoryLocation location;
        fill(location, smallShard(), {sinceDiff(1, 0, 1)});
        location.consensus.rows[kTestShard][3] = {};
        const auto state = currentOf(location);
        QVERIFY(state.has_value());
        QCOMPARE((*state)->seqno, SeqNo(2));
        QVERIFY(mentions((*state)->anomalies, "state diff is empty"));
        location.consensus.rows[kTestShard] = {{1, {}}};
        const auto nothing = currentOf(location);
        QVERIFY(!nothing);
        QCOMPARE(nothing.error().code, ErrorCode::Corrupt);
    }

    void row8UnknownProtobufFieldsAreSkipped()
    {
        MemoryLocation location;
        fill(location, smallShard(), {sinceDiff(1, 0, 1)});
        const std::string unknown("\x98\x3e\x07\xa2\x3e\x02hi", 8); // field 995, a varint, and 996, a text
        auto& row = location.consensus.rows[kTestShard][2];
        auto& blob = location.blob.blobs[std::string(kTestShard) + "/" + kTestRollupKey];
        for (auto* bytes : {&row, &blob}) {
            const auto more = bytesFrom(unknown);
            bytes->insert(bytes->end(), more.begin(), more.end());
        }
        const auto state = currentOf(location);
        QVERIFY2(state.has_value(), state ? "" : state.error().describe().c_str());
        QCOMPARE((*state)->since(), Frontier(Timestamp(1)));
        QVERIFY((*state)->anomalies.empty());
    }

    void row9UnknownStateFieldIsSkippedAndMakesTheStatePossiblyIncomplete()
    {
        MemoryLocation location;
        auto diff = sinceDiff(1, 0, 1);
        diff.changes.insert(diff.changes.begin(), {99, kUpdate, {"key", "before", "after"}});
        fill(location, smallShard(), {diff});
        const auto state = currentOf(location);
        QVERIFY(state.has_value());
        QCOMPARE((*state)->since(), Frontier(Timestamp(1)));
        QVERIFY((*state)->possiblyIncomplete);
        QVERIFY(mentions((*state)->warnings(), "something may be missing"));
        QVERIFY(mentions((*state)->anomalies, "unknown field 99"));
    }

    void row10UnknownChangeTypeStopsTheLog()
    {
        MemoryLocation location;
        auto diff = sinceDiff(2, 1, 1);
        diff.changes.push_back({kSince, 3, {"", "", ""}});
        QCOMPARE(decodeStateDiff(SharedBytes::copyOf(bytesFrom(encodedDiff(diff)))).error().code, ErrorCode::Corrupt);
        fill(location, smallShard(), {sinceDiff(1, 0, 1), diff});
        const auto state = currentOf(location);
        QVERIFY(state.has_value());
        QCOMPARE((*state)->seqno, SeqNo(2));
        QVERIFY(mentions((*state)->anomalies, "unknown type 3"));
    }

    void row11SlicesThatDoNotFitStopTheLog_data()
    {
        QTest::addColumn<QString>("hex");
        // fields, types, lens, data in field 5 of the diff 1 to 2
        QTest::newRow("a slice too long") << "100118022a0d0a010412010122050a010001011a0000";
        QTest::newRow("fields without types") << "100118022a030a0104";
        QTest::newRow("too few lengths") << "100118022a090a01041201011a0100";
        QTest::newRow("lengths beyond the data") << "100118022a0d0a01041201011a0300030322020a01";
        QTest::newRow("data beyond the lengths") << "100118022a0f0a01041201011a03000000"
                                                    "22040a010a01";
        QTest::newRow("lengths that overflow") << "100118022a1f0a01041201011a15ffffffffffffffffff01"
                                                  "ffffffffffffffffff01022200";
    }
    void row11SlicesThatDoNotFitStopTheLog()
    {
        QFETCH(const QString, hex);
        const auto bytes = fromHex(hex.toStdString());
        QVERIFY(bytes.has_value());
        const auto diff = decodeStateDiff(SharedBytes::copyOf(*bytes));
        QVERIFY(!diff);
        QCOMPARE(diff.error().code, ErrorCode::Corrupt);
    }

    void row12OldValueThatDoesNotMatchIsForcedAndNoted()
    {
        MemoryLocation location;
        fill(location, smallShard(), {sinceDiff(1, 7, 1)});
        const auto state = currentOf(location);
        QVERIFY(state.has_value());
        QCOMPARE((*state)->since(), Frontier(Timestamp(1)));
        QVERIFY(mentions((*state)->anomalies, "v2: since is not what the diff says"));
    }

    void row12HostnameMismatchIsForcedSilently()
    {
        MemoryLocation location;
        auto diff = sinceDiff(1, 0, 1);
        diff.changes.push_back({kHostname, kUpdate, {"", encodedText("nobody"), encodedText("somebody")}});
        fill(location, smallShard(), {diff});
        const auto state = currentOf(location);
        QVERIFY(state.has_value());
        QCOMPARE((*state)->hostname, std::string("somebody"));
        QVERIFY((*state)->anomalies.empty());
    }

    void row12MapsAreForcedToo()
    {
        MemoryLocation location;
        auto diff = sinceDiff(1, 0, 1);
        const auto hollow = [](const std::string& key) { return encodedText(key); }; // field 1 is the key in both
        diff.changes = {{kRollups, kInsert, {encodedNumber(1), hollow("v1/rnew")}},
                        {kRollups, kDelete, {encodedNumber(5), hollow("v5/rgone")}},
                        {kRollups, kUpdate, {encodedNumber(6), hollow("v6/ra"), hollow("v6/rb")}}};
        fill(location, smallShard(), {diff});
        const auto state = currentOf(location);
        QVERIFY(state.has_value());
        QCOMPARE((*state)->rollups.at(SeqNo(1)).key, std::string("v1/rnew"));
        QCOMPARE((*state)->rollups.at(SeqNo(6)).key, std::string("v6/rb"));
        QVERIFY(!(*state)->rollups.contains(SeqNo(5)));
        QVERIFY(mentions((*state)->anomalies, "rollup v1 is inserted, but already there"));
        QVERIFY(mentions((*state)->anomalies, "rollup v5 is changed, but not there"));
        QVERIFY(mentions((*state)->anomalies, "rollup v6 is changed, but not there"));
    }

    void diffThatDoesNotDecodeLeavesTheStateAlone()
    {
        MemoryLocation location;
        auto diff = sinceDiff(2, 1, 1);
        diff.changes.insert(diff.changes.begin(), {kHostname, kUpdate, {"", encodedText(""), encodedText("changed")}});
        diff.changes.push_back({kLegacyBatches, kInsert, {"no batch", ""}});
        fill(location, smallShard(), {sinceDiff(1, 0, 1), diff});
        const auto state = currentOf(location);
        QVERIFY(state.has_value());
        QCOMPARE((*state)->seqno, SeqNo(2));
        QCOMPARE((*state)->hostname, std::string());
        QVERIFY(mentions((*state)->anomalies, "the state ends at v2"));
    }

    void row13And14VersionsWarnAndAreReadAnyway_data()
    {
        QTest::addColumn<QString>("version");
        QTest::addColumn<QString>("warning");
        QTest::newRow("tested, old") << "0.125.0"
                                     << "";
        QTest::newRow("tested, new") << "26.39.0"
                                     << "";
        QTest::newRow("tested, a patch") << "26.39.7"
                                         << "";
        QTest::newRow("tested, before release") << "26.39.0-dev.0+abc"
                                                << "";
        QTest::newRow("empty is 0.0.0") << ""
                                        << "";
        QTest::newRow("next minor") << "26.40.0-dev.0"
                                    << "newer than 26.39";
        QTest::newRow("next major") << "27.0.0"
                                    << "newer than 26.39";
        QTest::newRow("no version") << "latest"
                                    << "no version number";
    }
    void row13And14VersionsWarnAndAreReadAnyway()
    {
        QFETCH(const QString, version);
        QFETCH(const QString, warning);
        MemoryLocation location;
        auto rollup = smallShard();
        rollup.version = version.toStdString();
        fill(location, rollup);
        const auto state = currentOf(location);
        QVERIFY(state.has_value());
        QCOMPARE((*state)->applierVersion, version.toStdString());
        QCOMPARE((*state)->warnings().empty(), warning.isEmpty());
        QVERIFY(warning.isEmpty() || mentions((*state)->warnings(), warning.toStdString()));
    }

    void versionsAreReadTolerantly()
    {
        QVERIFY(parseVersion("") == Version());
        QVERIFY((parseVersion("26.39.0-dev.0+sha") == Version {26, 39, 0}));
        QVERIFY((parseVersion("0.125") == Version {0, 125, 0}));
        QVERIFY(!parseVersion("26.x"));
        QVERIFY(!parseVersion("1.2.3.4"));
        QVERIFY(!parseVersion("99999999999999999999.1.1"));
    }

    void row15RollupOfAnotherShardIsRefused()
    {
        MemoryLocation location;
        fill(location, smallShard());
        auto foreign = smallShard();
        foreign.shard = "s99999999-0000-4000-8000-000000000001";
        location.blob.blobs[std::string(kTestShard) + "/" + kTestRollupKey] = bytesFrom(encodedRollup(foreign));
        const auto state = currentOf(location);
        QVERIFY(!state);
        QCOMPARE(state.error().code, ErrorCode::Corrupt);
        QVERIFY(state.error().message.find("wrong blob content") != std::string::npos);
        QVERIFY(state.error().message.find(foreign.shard) != std::string::npos);
    }

    void row16OtherCodecsAreNoCatalog()
    {
        MemoryLocation location;
        auto rollup = smallShard();
        rollup.keyCodec = "TxnsCodec";
        fill(location, rollup);
        const auto state = currentOf(location);
        QVERIFY(state.has_value());
        QVERIFY(!(*state)->hasCatalogCodecs());
        const auto shards = recogniseShards(location.consensus, location.blob, {}, Job());
        QVERIFY(shards.has_value());
        QCOMPARE(shards->front().kind, ShardKind::Other);
        QVERIFY(shards->front().evidence.find("TxnsCodec") != std::string::npos);
    }

    void row17UnitShardShowsItsMetadata()
    {
        MemoryLocation location;
        auto rollup = smallShard();
        rollup.keyCodec = "()";
        rollup.batches.back() = {1, 2, 0, {}, 0};
        fill(location, rollup);
        ShardReader reader(location.consensus, location.blob, testShard());
        const auto read = reader.latestSnapshot(Job());
        QVERIFY(read.has_value());
        QCOMPARE(read->updates->size(), std::size_t(0));
        const auto shards = recogniseShards(location.consensus, location.blob, {}, Job());
        QVERIFY(shards.has_value());
        QCOMPARE(shards->front().kind, ShardKind::UnitShard);
        const auto found = findCatalogShard(location.consensus, location.blob, {}, Job());
        QVERIFY(!found);
        QCOMPARE(found.error().code, ErrorCode::NotFound);
        QVERIFY(found.error().message.find("unit shard") != std::string::npos);
    }

    void row18ShardWithoutRowsIsNotInitialised()
    {
        const MemoryLocation location;
        const StateReader reader(location.consensus, location.blob, testShard());
        for (const auto& error : {reader.current(Job()).error(), reader.liveDiffs(Job()).error()}) {
            QCOMPARE(error.code, ErrorCode::NotFound);
            QVERIFY(error.message.find("no such shard") != std::string::npos);
        }
    }

    void row19TombstoneIsShownAsFinalised()
    {
        MemoryLocation location;
        TestRollup rollup;
        rollup.since = std::nullopt;
        rollup.batches = {{0, std::nullopt, std::nullopt, {}, 0}};
        fill(location, rollup);
        ShardReader reader(location.consensus, location.blob, testShard());
        const auto state = reader.refresh(Job());
        QVERIFY(state.has_value());
        QVERIFY((*state)->isTombstone());
        QVERIFY2((*state)->warnings().empty(), joined((*state)->warnings()).c_str());
        for (const auto& error :
             {reader.latestSnapshot(Job()).error(), reader.snapshot(*state, Timestamp(3), Job()).error()}) {
            QCOMPARE(error.code, ErrorCode::OutOfRange);
            QVERIFY(error.message.find("finalised") != std::string::npos);
        }
        const auto shards = recogniseShards(location.consensus, location.blob, {}, Job());
        QVERIFY(shards.has_value());
        QCOMPARE(shards->front().kind, ShardKind::Tombstone);
    }

    void row20BatchesThatDoNotTileAreReportedAndRead_data()
    {
        QTest::addColumn<quint64>("lower");
        QTest::addColumn<QString>("words");
        QTest::newRow("gap") << quint64(3) << "gap [2, 3)";
        QTest::newRow("overlap") << quint64(1) << "overlap in [1, 2)";
    }
    void row20BatchesThatDoNotTileAreReportedAndRead()
    {
        QFETCH(const quint64, lower);
        QFETCH(const QString, words);
        MemoryLocation location;
        auto rollup = smallShard();
        rollup.batches.push_back({lower, 5, 0, {inlinePart(lower, 5, {{kRowB, 4, 1}})}, 1});
        fill(location, rollup);
        ShardReader reader(location.consensus, location.blob, testShard());
        const auto read = reader.latestSnapshot(Job());
        QVERIFY(read.has_value());
        QVERIFY(mentions(read->state->warnings(), words.toStdString()));
        QVERIFY(mentions(read->updates->warnings, words.toStdString()));
        QCOMPARE(read->updates->size(), std::size_t(2));
        QVERIFY(!buildSpine(read->state->trace).problems.empty());
    }

    void row21UnstructuredTraceIsReadAndFollowed()
    {
        MemoryLocation location;
        auto rollup = smallShard();
        rollup.isStructured = false;
        rollup.batches.push_back({2, 4, 0, {}, 0});
        rollup.batches.push_back({4, 9, 0, {}, 0});
        // Another process had fused the empty batches differently: it deletes [2, 6) and puts [2, 5) there.
        TestDiff diff;
        diff.from = 1;
        diff.to = 2;
        const TestBatch fresh {2, 5, 0, {inlinePart(2, 5, {{kRowB, 3, 1}})}, 1};
        diff.changes = {{kLegacyBatches, kInsert, {encodedBatch(fresh), ""}},
                        {kLegacyBatches, kDelete, {encodedBatch({2, 6, 0, {}, 0}), ""}},
                        {kLegacyBatches, kInsert, {encodedBatch({5, 6, 0, {}, 0}), ""}}};
        fill(location, rollup, {diff});
        ShardReader reader(location.consensus, location.blob, testShard());
        const auto read = reader.latestSnapshot(Job());
        QVERIFY2(read.has_value(), read ? "" : read.error().describe().c_str());
        QVERIFY2(read->state->warnings().empty(), joined(read->state->warnings()).c_str());
        QVERIFY(!read->state->trace.isStructured());
        QCOMPARE(read->asOf, Timestamp(8));
        QCOMPARE(linesOf(*read->updates), (Lines {"8 1 " + kRowA, "8 1 " + kRowB}));
        const auto spine = buildSpine(read->state->trace);
        QVERIFY2(spine.problems.empty(), joined(spine.problems).c_str());
        QCOMPARE(spine.batches.size(), read->state->batches().size());
    }

    void batchInsertedOverAnotherReplacesIt()
    {
        MemoryLocation location;
        TestDiff diff;
        diff.from = 1;
        diff.to = 2;
        diff.changes = {
            {kLegacyBatches, kInsert, {encodedBatch({1, 3, 0, {inlinePart(1, 3, {{kRowB, 2, 1}})}, 1}), ""}},
            {kLegacyBatches, kDelete, {encodedBatch({7, 8, 0, {inlinePart(7, 8, {{kRowB, 7, 1}})}, 1}), ""}}};
        fill(location, smallShard(), {diff});
        const auto state = currentOf(location);
        QVERIFY(state.has_value());
        QCOMPARE((*state)->batches().size(), std::size_t(2));
        QVERIFY(!(*state)->tilingProblem());
        QVERIFY(mentions((*state)->anomalies, "batch [1, 3) is inserted over [1, 2)"));
        QVERIFY(mentions((*state)->anomalies, "batch [7, 8) is deleted, but not there"));
    }

    void batchIsDeletedByItsPartsWhenAnotherVersionWroteIt()
    {
        MemoryLocation location;
        TestDiff diff;
        diff.from = 1;
        diff.to = 2;
        auto other = smallShard().batches[1];
        other.length = 77;
        const TestBatch compacted {1, 2, 1, {inlinePart(1, 2, {{kRowB, 1, 1}})}, 1};
        diff.changes = {{kLegacyBatches, kDelete, {encodedBatch(other), ""}},
                        {kLegacyBatches, kInsert, {encodedBatch(compacted), ""}}};
        fill(location, smallShard(), {diff});
        const auto state = currentOf(location);
        QVERIFY(state.has_value());
        QVERIFY2((*state)->warnings().empty(), joined((*state)->warnings()).c_str());
        QCOMPARE((*state)->batches().size(), std::size_t(2));
        QCOMPARE((*state)->batches()[1]->description.since, Frontier(Timestamp(1)));
    }

    void row27TruncatedPartGivesOnlyWhatItsBatchCovers()
    {
        MemoryLocation location;
        auto rollup = smallShard();
        const std::vector<TestUpdate> updates {{kRowA, 2, -1}, {kRowB, 3, 1}, {kRowB, 4, 1}};
        rollup.batches.push_back({2, 4, 0, {inlinePart(2, 9, updates)}, 2});
        fill(location, rollup);
        ShardReader reader(location.consensus, location.blob, testShard());
        const auto read = reader.latestSnapshot(Job());
        QVERIFY(read.has_value());
        QVERIFY2(read->updates->warnings.empty(), joined(read->updates->warnings).c_str());
        QCOMPARE(linesOf(*read->updates), (Lines {"3 -1 " + kRowA, "3 1 " + kRowA, "3 1 " + kRowB}));
        const auto history = reader.history(read->state, Job());
        QVERIFY(history.has_value());
        QCOMPARE(linesOf(*history->updates), (Lines {"1 1 " + kRowA, "2 -1 " + kRowA, "3 1 " + kRowB}));
    }

    void row28CompactedPartKeepsTimesBeyondItsUpper()
    {
        MemoryLocation location;
        auto rollup = smallShard();
        rollup.since = 7;
        TestPart compacted;
        compacted.inlined = encodedInlinePart(1, 2, 7, {{kRowA, 7, 1}});
        rollup.batches[1] = {1, 2, 7, {compacted}, 1};
        rollup.batches.push_back({2, 9, 0, {inlinePart(2, 9, {{kRowB, 8, 1}})}, 1});
        fill(location, rollup);
        ShardReader reader(location.consensus, location.blob, testShard());
        const auto state = reader.refresh(Job());
        QVERIFY(state.has_value());
        QVERIFY2((*state)->warnings().empty(), joined((*state)->warnings()).c_str());
        const auto read = reader.snapshot(*state, Timestamp(7), Job());
        QVERIFY(read.has_value());
        QVERIFY2(read->updates->warnings.empty(), joined(read->updates->warnings).c_str());
        QCOMPARE(linesOf(*read->updates), (Lines {"7 1 " + kRowA}));
        const auto history = reader.history(*state, Job());
        QVERIFY(history.has_value());
        QCOMPARE(linesOf(*history->updates), (Lines {"7 1 " + kRowA, "8 1 " + kRowB}));
        QCOMPARE(history->exactFrom, Timestamp(8));
        QCOMPARE(history->updates->certaintyOf(0), Certainty::Rounded);
        QCOMPARE(history->updates->certaintyOf(1), Certainty::Exact);
        QCOMPARE(history->updates->parts[0].partSince, std::uint64_t(7));
    }

    void row29ZeroDiffsAreDroppedWithAWarning()
    {
        MemoryLocation location;
        auto rollup = smallShard();
        rollup.batches.push_back({2, 3, 0, {inlinePart(2, 3, {{kRowA, 2, 0}, {kRowB, 2, 1}})}, 2});
        fill(location, rollup);
        ShardReader reader(location.consensus, location.blob, testShard());
        const auto read = reader.latestSnapshot(Job());
        QVERIFY(read.has_value());
        QCOMPARE(linesOf(*read->updates), (Lines {"2 1 " + kRowA, "2 1 " + kRowB}));
        QVERIFY(mentions(read->updates->warnings, "diff of 0"));
    }

    void row33SumsOtherThanOneAreHandedOnAsTheyAre()
    {
        MemoryLocation location;
        auto rollup = smallShard();
        rollup.batches.push_back({2, 3, 0, {inlinePart(2, 3, {{kRowA, 2, 1}, {kRowB, 2, -1}})}, 2});
        fill(location, rollup);
        ShardReader reader(location.consensus, location.blob, testShard());
        const auto read = reader.latestSnapshot(Job());
        QVERIFY(read.has_value());
        QCOMPARE(linesOf(*read->updates), (Lines {"2 -1 " + kRowB, "2 1 " + kRowA, "2 1 " + kRowA}));
    }

    void row34TimeBeforeSinceIsRefusedAndAnOlderStateReadsIt()
    {
        MemoryLocation location;
        auto rollup = smallShard();
        rollup.batches.push_back({2, 5, 0, {inlinePart(2, 5, {{kRowB, 3, 1}})}, 1});
        fill(location, rollup, {sinceDiff(1, 0, 4)});
        ShardReader reader(location.consensus, location.blob, testShard());
        const auto state = reader.refresh(Job());
        QVERIFY(state.has_value());
        const auto refused = reader.snapshot(*state, Timestamp(1), Job());
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::OutOfRange);
        QVERIFY(refused.error().message.find("[4, 5)") != std::string::npos);
        QVERIFY(refused.error().message.find("older state") != std::string::npos);
        const auto older = reader.stateReading(Timestamp(1), Job());
        QVERIFY2(older.has_value(), older ? "" : older.error().describe().c_str());
        QCOMPARE((*older)->seqno, SeqNo(1));
        const auto read = reader.snapshot(*older, Timestamp(1), Job());
        QVERIFY(read.has_value());
        QCOMPARE(linesOf(*read->updates), (Lines {"1 1 " + kRowA}));
    }

    void row35TimeNotYetWrittenIsRefused()
    {
        MemoryLocation location;
        fill(location, smallShard());
        ShardReader reader(location.consensus, location.blob, testShard());
        const auto state = reader.refresh(Job());
        QVERIFY(state.has_value());
        for (const std::uint64_t time : {std::uint64_t(2), UINT64_MAX}) {
            const auto refused = reader.snapshot(*state, Timestamp(time), Job());
            QVERIFY(!refused);
            QCOMPARE(refused.error().code, ErrorCode::OutOfRange);
            QVERIFY(refused.error().message.find("[0, 2)") != std::string::npos);
        }
        QCOMPARE(reader.stateReading(Timestamp(2), Job()).error().code, ErrorCode::OutOfRange);
        QCOMPARE(reader.stateAt(SeqNo(9), Job()).error().code, ErrorCode::OutOfRange);
    }

    void emptyShardHasNoLatestTime()
    {
        MemoryLocation location;
        fill(location, TestRollup());
        ShardReader reader(location.consensus, location.blob, testShard());
        const auto read = reader.latestSnapshot(Job());
        QVERIFY(!read);
        QCOMPARE(read.error().code, ErrorCode::OutOfRange);
        QVERIFY(read.error().message.find("nothing was ever written") != std::string::npos);
    }

    void rewrittenPartMovesItsTimesUp()
    {
        MemoryLocation location;
        auto rollup = smallShard();
        auto part = inlinePart(2, 9, {{kRowA, 2, -1}, {kRowB, 7, 1}});
        part.tsRewrite = 5;
        rollup.batches.push_back({2, 9, 0, {part}, 2});
        fill(location, rollup);
        ShardReader reader(location.consensus, location.blob, testShard());
        const auto state = reader.refresh(Job());
        QVERIFY(state.has_value());
        const auto history = reader.history(*state, Job());
        QVERIFY(history.has_value());
        QCOMPARE(linesOf(*history->updates), (Lines {"1 1 " + kRowA, "5 -1 " + kRowA, "7 1 " + kRowB}));
        QCOMPARE(history->updates->certaintyOf(1), Certainty::Rounded);
        QCOMPARE(history->updates->certaintyOf(2), Certainty::Exact);
        const auto before = reader.snapshot(*state, Timestamp(4), Job());
        QVERIFY(before.has_value());
        QCOMPARE(linesOf(*before->updates), (Lines {"4 1 " + kRowA}));
    }

    void longestHistoryReachesBehindCompaction()
    {
        MemoryLocation location;
        auto rollup = smallShard();
        rollup.batches.push_back({2, 3, 0, {inlinePart(2, 3, {{kRowA, 2, -1}, {kRowB, 2, 1}})}, 2});
        // [0, 3) is compacted to 2: what became of row A is gone.
        TestDiff diff;
        diff.from = 1;
        diff.to = 2;
        TestPart compacted;
        compacted.inlined = encodedInlinePart(0, 3, 2, {{kRowB, 2, 1}});
        diff.changes = {{kSince, kUpdate, {"", encodedFrontier(0), encodedFrontier(2)}}};
        for (const auto& batch : rollup.batches)
            diff.changes.push_back({kLegacyBatches, kDelete, {encodedBatch(batch), ""}});
        diff.changes.push_back({kLegacyBatches, kInsert, {encodedBatch({0, 3, 2, {compacted}, 1}), ""}});
        fill(location, rollup, {diff});
        ShardReader reader(location.consensus, location.blob, testShard());
        const auto state = reader.refresh(Job());
        QVERIFY(state.has_value());
        const auto brief = reader.history(*state, Job());
        QVERIFY(brief.has_value());
        QCOMPARE(linesOf(*brief->updates), (Lines {"2 1 " + kRowB}));
        QCOMPARE(brief->exactFrom, Timestamp(3));
        const auto longest = reader.longestHistory(Job());
        QVERIFY(longest.has_value());
        QCOMPARE(linesOf(*longest->updates), (Lines {"1 1 " + kRowA, "2 -1 " + kRowA, "2 1 " + kRowB}));
        QCOMPARE(longest->exactFrom, Timestamp(0));
        QCOMPARE(longest->state->seqno, SeqNo(2));
    }

    void runReferencesAreFollowedToTheirParts()
    {
        MemoryLocation location;
        auto rollup = smallShard();
        const std::string prefix = std::string(kTestShard) + "/";
        TestPart outer;
        outer.runKey = "n2602300/p0000000a";
        TestPart inner;
        inner.runKey = "n2602300/p0000000b";
        location.blob.blobs[prefix + outer.runKey] = bytesFrom(encodedRun({inlinePart(2, 4, {{kRowB, 2, 1}}), inner}));
        location.blob.blobs[prefix + inner.runKey] = bytesFrom(encodedRun({inlinePart(2, 4, {{kRowA, 3, -1}})}));
        rollup.batches.push_back({2, 4, 0, {outer}, 2});
        fill(location, rollup);
        ShardReader reader(location.consensus, location.blob, testShard());
        const auto read = reader.latestSnapshot(Job());
        QVERIFY(read.has_value());
        QVERIFY2(read->updates->warnings.empty(), joined(read->updates->warnings).c_str());
        QCOMPARE(linesOf(*read->updates), (Lines {"3 -1 " + kRowA, "3 1 " + kRowA, "3 1 " + kRowB}));
    }

    void runThatRefersToItselfOrIsGoneIsReported()
    {
        MemoryLocation location;
        auto rollup = smallShard();
        TestPart circle;
        circle.runKey = "n2602300/p0000000a";
        TestPart gone;
        gone.runKey = "n2602300/p0000000c";
        location.blob.blobs[std::string(kTestShard) + "/" + circle.runKey] = bytesFrom(encodedRun({circle}));
        rollup.batches.push_back({2, 4, 0, {circle}, 2});
        rollup.batches.push_back({4, 5, 0, {gone}, 2});
        fill(location, rollup);
        ShardReader reader(location.consensus, location.blob, testShard());
        const auto read = reader.latestSnapshot(Job());
        QVERIFY(read.has_value());
        QCOMPARE(read->updates->size(), std::size_t(1));
        QVERIFY(mentions(read->updates->warnings, "16 deep"));
        QVERIFY(mentions(read->updates->warnings, "batch [4, 5): run n2602300/p0000000c is missing"));
    }

    void runThatMultipliesItselfIsBounded()
    {
        MemoryLocation location;
        auto rollup = smallShard();
        // Sixteen levels of ten: more parts than there are atoms to spare.
        for (int level = 0; level < 16; ++level) {
            TestPart next;
            next.runKey = "n2602300/p" + std::to_string(level + 1);
            location.blob.blobs[std::string(kTestShard) + "/n2602300/p" + std::to_string(level)] =
                bytesFrom(encodedRun(std::vector<TestPart>(10, level < 12 ? next : inlinePart(2, 4, {{kRowB, 2, 1}}))));
        }
        TestPart first;
        first.runKey = "n2602300/p0";
        rollup.batches.push_back({2, 4, 0, {first}, 2});
        fill(location, rollup);
        ShardReader reader(location.consensus, location.blob, testShard());
        const auto read = reader.latestSnapshot(Job());
        QVERIFY(read.has_value());
        QVERIFY(mentions(read->updates->warnings, "more parts than any batch can have"));
    }

    void blobsAreFetchedOnce()
    {
        MemoryLocation location;
        load(location, fixtureFile("new-log"));
        const auto catalog = findCatalogShard(location.consensus, location.blob, {}, Job());
        QVERIFY(catalog.has_value());
        ShardReader reader(location.consensus, location.blob, catalog->shardId);
        QVERIFY(reader.latestSnapshot(Job()));
        const auto before = location.blob.gets;
        QVERIFY(reader.latestSnapshot(Job()));
        QVERIFY(reader.history(reader.state(), Job()));
        QCOMPARE(location.blob.gets, before);
    }

    void readingStopsWhenAskedTo()
    {
        MemoryLocation location;
        fill(location, smallShard());
        ShardReader reader(location.consensus, location.blob, testShard());
        const auto state = reader.refresh(Job());
        QVERIFY(state.has_value());
        std::stop_source stop;
        stop.request_stop();
        const Job stopped(stop.get_token());
        QCOMPARE(reader.snapshot(*state, Timestamp(1), stopped).error().code, ErrorCode::Cancelled);
        QCOMPARE(reader.refresh(stopped).error().code, ErrorCode::Cancelled);
        QCOMPARE(reader.log(stopped).error().code, ErrorCode::Cancelled);
    }

    void catalogIsRecognisedByItsReadersOrItsRows()
    {
        MemoryLocation location;
        auto rollup = smallShard();
        rollup.readerPurpose = "durable catalog state handles";
        fill(location, rollup);
        const auto byReader = findCatalogShard(location.consensus, location.blob, {}, Job());
        QVERIFY(byReader.has_value());

        fill(location, smallShard());
        const auto byNothing = recogniseShards(location.consensus, location.blob, {}, Job());
        QVERIFY(byNothing.has_value());
        QCOMPARE(byNothing->front().kind, ShardKind::StorageCollection);
        const auto hasRowA = [](const Updates& rows) {
            return std::any_of(rows.rows.begin(), rows.rows.end(),
                               [](const codec::StoredRow& row) { return codec::kindOf(row) == "A"; });
        };
        QVERIFY(findCatalogShard(location.consensus, location.blob, hasRowA, Job()));

        auto twin = smallShard();
        twin.shard = "s99999999-0000-4000-8000-000000000001";
        fill(location, twin);
        const auto both = findCatalogShard(location.consensus, location.blob, hasRowA, Job());
        QVERIFY(!both);
        QCOMPARE(both.error().code, ErrorCode::InvalidInput);
        QVERIFY(both.error().message.find(twin.shard) != std::string::npos);
    }

    void unreachableStoreIsNotMistakenForAMissingPart()
    {
        // The blob store answers the rollup, then fails: nothing is guessed.
        class FailingBlob final : public store::Blob
        {
        public:
            MemoryBlob inner;
            [[nodiscard]] Result<std::optional<SharedBytes>> get(std::string_view key, const Job& job) const override
            {
                if (key.find("/n") != std::string_view::npos)
                    return fail(ErrorCode::Unavailable, "connection lost");
                return inner.get(key, job);
            }
            [[nodiscard]] Result<std::vector<store::BlobListing>> list(std::string_view prefix,
                                                                       const Job& job) const override
            {
                return inner.list(prefix, job);
            }
            [[nodiscard]] std::string description() const override { return "failing blobs"; }
        };
        MemoryLocation location;
        auto rollup = smallShard();
        rollup.batches.push_back({2, 3, 0, {blobPart("n2602300/p00000000-0000-4000-8000-00000000000a")}, 1});
        fill(location, rollup);
        FailingBlob blob;
        blob.inner.blobs = location.blob.blobs;
        ShardReader reader(location.consensus, blob, testShard());
        const auto read = reader.latestSnapshot(Job());
        QVERIFY(!read);
        QCOMPARE(read.error().code, ErrorCode::Unavailable);
    }
};

QTEST_GUILESS_MAIN(TestShardFailures)
#include "tst_shard_failures.moc"
