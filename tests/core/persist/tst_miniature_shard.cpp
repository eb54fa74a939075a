#include "core/base/base64.h"
#include "core/base/hex.h"
#include "core/codec/row_codec.h"
#include "core/persist/decode.h"
#include "core/persist/shard_reader.h"
#include "core/persist/spine.h"
#include "tests/core/persist/vectors.h"

#include <QTest>

#include <algorithm>

using namespace inspector;
using namespace inspector::persist;
using namespace inspector::persist::tests;

namespace {

constexpr std::uint64_t kLate = 1724176033001;

void fillMiniature(MemoryLocation& location, const std::string& partInBase64)
{
    std::uint64_t seqno = 0;
    for (const auto& row : miniatureRows())
        location.consensus.rows[kMiniatureShard][seqno++] = fromHex(row).value_or(Bytes());
    const std::string shard = kMiniatureShard;
    location.blob.blobs[shard + "/" + kMiniatureRollupKey] = fromHex(miniatureRollup()).value_or(Bytes());
    location.blob.blobs[shard + "/" + kMiniaturePartKey] = fromBase64(partInBase64).value_or(Bytes());
}

/// "time diff json" of every update, sorted.
std::vector<std::string> linesOf(const Updates& updates)
{
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < updates.size(); ++i)
        lines.push_back(std::to_string(updates.timeOf(i)) + " " + std::to_string(updates.diffOf(i)) + " "
                        + codec::canonicalJson(updates.rows[i]).value_or("undecodable"));
    std::sort(lines.begin(), lines.end());
    return lines;
}

const std::string kVersion92 = R"({"key":{"key":"user_version"},"kind":"Config","value":{"value":92}})";
const std::string kVersion93 = R"({"key":{"key":"user_version"},"kind":"Config","value":{"value":93}})";
const std::string kContent =
    R"({"key":{"name":"catalog_content_version"},"kind":"Setting","value":{"value":"26.39.0"}})";

} // namespace

/// The miniature shard of persist-format §12.1 and the worked diff of §5.8.
class TestMiniatureShard : public QObject
{
    Q_OBJECT

private slots:
    void finalStateIsAsWrittenDown()
    {
        MemoryLocation location;
        fillMiniature(location, miniatureParts().front().second);
        const StateReader reader(location.consensus, location.blob, shardOf(kMiniatureShard));
        const auto read = reader.current(Job());
        QVERIFY2(read.has_value(), read ? "" : read.error().describe().c_str());
        const auto& state = **read;
        QVERIFY2(state.anomalies.empty(), state.anomalies.empty() ? "" : state.anomalies.front().c_str());
        QCOMPARE(state.seqno, SeqNo(4));
        QCOMPARE(state.since(), Frontier(Timestamp(1)));
        QCOMPARE(state.upper(), Frontier(Timestamp(kLate + 1)));
        QCOMPARE(state.batches().size(), std::size_t(3));
        QVERIFY(state.hasCatalogCodecs());
        QCOMPARE(state.hostname, std::string("env-0"));
        QCOMPARE(state.rollups.at(SeqNo(0)).key, std::string(kMiniatureRollupKey));

        const auto spine = buildSpine(state.trace);
        QVERIFY2(spine.problems.empty(), spine.problems.empty() ? "" : spine.problems.front().c_str());
        QCOMPARE(spine.batches.size(), std::size_t(2));
        QCOMPARE(spine.batches[0].id, (SpineId {0, 2}));
        QCOMPARE(spine.batches[1].id, (SpineId {2, 3}));
        QCOMPARE(spine.batches[0].parts.size(), std::size_t(2));
        QCOMPARE(spine.levels.size(), std::size_t(2));
        QVERIFY(spine.levels[0].batches.empty());
        QCOMPARE(spine.levels[1].batches.size(), std::size_t(2));
        QVERIFY(spine.levels[1].merge.has_value());
        QCOMPARE(spine.levels[1].merge->first, (SpineId {0, 3}));
        QCOMPARE(spine.upper, Frontier(Timestamp(kLate + 1)));
        QCOMPARE(spine.nextId, std::uint64_t(3));
    }

    void everyLayoutOfThePartGivesTheSameUpdates_data()
    {
        QTest::addColumn<QString>("part");
        for (const auto& [name, base64] : miniatureParts())
            QTest::newRow(name.c_str()) << QString::fromStdString(base64);
    }
    void everyLayoutOfThePartGivesTheSameUpdates()
    {
        QFETCH(const QString, part);
        MemoryLocation location;
        fillMiniature(location, part.toStdString());
        ShardReader reader(location.consensus, location.blob, shardOf(kMiniatureShard));
        const auto state = reader.refresh(Job());
        QVERIFY(state.has_value());

        const auto history = reader.history(*state, Job());
        QVERIFY2(history.has_value(), history ? "" : history.error().describe().c_str());
        QVERIFY2(history->updates->warnings.empty(),
                 history->updates->warnings.empty() ? "" : history->updates->warnings.front().c_str());
        const auto late = std::to_string(kLate);
        QCOMPARE(linesOf(*history->updates),
                 (std::vector<std::string> {"1 1 " + kVersion92, "1 1 " + kContent, late + " -1 " + kVersion92,
                                            late + " 1 " + kVersion93}));
        QCOMPARE(history->exactFrom, Timestamp(0));

        const auto latest = reader.snapshot(*state, Timestamp(kLate), Job());
        QVERIFY(latest.has_value());
        QCOMPARE(linesOf(*latest->updates),
                 (std::vector<std::string> {late + " -1 " + kVersion92, late + " 1 " + kVersion92,
                                            late + " 1 " + kVersion93, late + " 1 " + kContent}));

        const auto early = reader.snapshot(*state, Timestamp(1), Job());
        QVERIFY(early.has_value());
        QCOMPARE(linesOf(*early->updates), (std::vector<std::string> {"1 1 " + kVersion92, "1 1 " + kContent}));
        QVERIFY(early->updates->diffs.empty()); // all +1
        QVERIFY(early->updates->times.empty()); // all at one time
    }

    void snapshotBeforeSinceIsRefused()
    {
        MemoryLocation location;
        fillMiniature(location, miniatureParts().front().second);
        ShardReader reader(location.consensus, location.blob, shardOf(kMiniatureShard));
        const auto state = reader.refresh(Job());
        QVERIFY(state.has_value());
        const auto refused = reader.snapshot(*state, Timestamp(0), Job());
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::OutOfRange);
        QVERIFY(refused.error().message.find("[1, 1724176033002)") != std::string::npos);
    }

    void everyRowDoesWhatIsWrittenDown()
    {
        MemoryLocation location;
        fillMiniature(location, miniatureParts().front().second);
        ShardReader reader(location.consensus, location.blob, shardOf(kMiniatureShard));
        const auto log = reader.log(Job());
        QVERIFY(log.has_value());
        QVERIFY(log->problems.empty());
        std::vector<std::string> changes;
        for (const auto& step : log->steps)
            changes.push_back(step.change);
        QCOMPARE(changes,
                 (std::vector<std::string> {"rollup v0 added", "empty append [0, 1)", "append [1, 2), 2 updates",
                                            "append [2, 1724176033002), 2 updates", "since 0 to 1"}));
    }

    void workedDiffHasItsFiveChanges()
    {
        const auto bytes = fromHex(workedDiff());
        QVERIFY(bytes.has_value());
        QCOMPARE(bytes->size(), std::size_t(146));
        const auto diff = decodeStateDiff(SharedBytes::copyOf(*bytes));
        QVERIFY2(diff.has_value(), diff ? "" : diff.error().describe().c_str());
        QCOMPARE(diff->applierVersion, std::string("26.33.0"));
        QCOMPARE(diff->seqnoFrom, SeqNo(4));
        QCOMPARE(diff->seqnoTo, SeqNo(5));
        QCOMPARE(diff->latestRollupKey, std::string("v3/r0"));
        QCOMPARE(diff->walltimeMs, std::uint64_t(1724176032001));
        QCOMPARE(diff->changes.size(), std::size_t(5));

        const auto& hostname = diff->changes[0];
        QVERIFY(hostname.field == StateField::Hostname && hostname.type == ChangeType::Update);
        QCOMPARE(hostname.key.size(), std::size_t(0));
        QCOMPARE(decodeTextSlice(hostname.oldValue).value_or(""), std::string("h1"));
        QCOMPARE(decodeTextSlice(hostname.newValue).value_or(""), std::string("h2"));

        const auto& rollup = diff->changes[1];
        QVERIFY(rollup.field == StateField::Rollups && rollup.type == ChangeType::Insert);
        QCOMPARE(decodeU64Slice(rollup.key).value_or(0), std::uint64_t(3));
        const auto hollow = decodeHollowRollup(rollup.newValue);
        QVERIFY(hollow.has_value());
        QVERIFY((*hollow == HollowRollup {"v3/r0", 300}));

        const auto& since = diff->changes[2];
        QVERIFY(since.field == StateField::Since && since.type == ChangeType::Update);
        QVERIFY(decodeFrontier(since.oldValue).value_or(Frontier()) == Frontier(Timestamp(1)));
        QVERIFY(decodeFrontier(since.newValue).value_or(Frontier()) == Frontier(Timestamp(2)));

        const auto& legacy = diff->changes[3];
        QVERIFY(legacy.field == StateField::LegacyBatches && legacy.type == ChangeType::Insert);
        const auto batch = decodeBatch(legacy.key);
        QVERIFY(batch.has_value());
        QVERIFY(((*batch)->description == Description {Timestamp(2), Timestamp(3), Timestamp(0)}));
        QVERIFY((*batch)->isEmpty());
        QCOMPARE((*batch)->raw.size(), legacy.key.size());

        const auto& spine = diff->changes[4];
        QVERIFY(spine.field == StateField::SpineBatches && spine.type == ChangeType::Insert);
        const auto id = decodeSpineId(spine.key);
        const auto placed = decodeSpineBatch(spine.newValue);
        QVERIFY(id.has_value() && placed.has_value());
        QCOMPARE(*id, (SpineId {2, 3}));
        QCOMPARE(placed->level, std::uint64_t(0));
        QCOMPARE(placed->parts, (std::vector<SpineId> {{2, 3}}));
        QCOMPARE(placed->descriptions.size(), std::size_t(1));
    }

    void frontiersReadAsTheirBytes()
    {
        const auto read = [](const char* hex) {
            return decodeFrontier(SharedBytes::copyOf(fromHex(hex).value_or(Bytes()))).value_or(Timestamp(99));
        };
        QCOMPARE(read("0a0100"), Frontier(Timestamp(0)));
        QCOMPARE(read("0a0101"), Frontier(Timestamp(1)));
        QCOMPARE(read("0a0681c299879732"), Frontier(Timestamp(1724176032001)));
        QCOMPARE(read(""), Frontier());
        QCOMPARE(read("0801"), Frontier(Timestamp(1))); // not packed
        QCOMPARE(read("0a0affffffffffffffffff01"), Frontier(Timestamp(UINT64_MAX)));
    }
};

QTEST_GUILESS_MAIN(TestMiniatureShard)
#include "tst_miniature_shard.moc"
