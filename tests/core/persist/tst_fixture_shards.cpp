#include "core/base/hex.h"
#include "core/codec/row_codec.h"
#include "core/persist/decode.h"
#include "core/persist/recognise.h"
#include "core/persist/shard_reader.h"
#include "core/persist/spine.h"
#include "core/persist/state_json.h"
#include "tests/core/persist/memory_location.h"

#include <QTest>

#include <nlohmann/json.hpp>

#include <filesystem>
#include <sstream>

using namespace inspector;
using namespace inspector::persist;
using namespace inspector::persist::tests;

namespace {

namespace fs = std::filesystem;

/// Sums of diffs by time and SourceData bytes in hex; zero sums are gone.
using Sums = std::map<std::pair<std::uint64_t, std::string>, std::int64_t>;

void add(Sums& sums, std::uint64_t time, const std::string& row, std::int64_t diff)
{
    const auto sum = sums.try_emplace({time, row}, 0).first;
    sum->second += diff;
    if (sum->second == 0)
        sums.erase(sum);
}

Sums sumsOf(const Updates& updates)
{
    Sums sums;
    for (std::size_t i = 0; i < updates.size(); ++i) {
        const auto bytes = codec::sourceDataOf(updates.rows[i]);
        add(sums, updates.timeOf(i), bytes ? toHex(*bytes) : "undecodable", updates.diffOf(i));
    }
    return sums;
}

struct Expected
{
    std::uint64_t since = 0;
    std::uint64_t upper = 0;
    std::uint64_t asOf = 0;
    Sums sums;
};

/// A raw.*.jsonl, or a history.jsonl, which has no first line of limits.
Expected readRows(const std::string& path)
{
    Expected expected;
    std::istringstream lines(readFile(path));
    for (std::string line; std::getline(lines, line);) {
        const auto row = nlohmann::json::parse(line);
        if (row.contains("as_of")) {
            expected.since = row["since"];
            expected.upper = row["upper"];
            expected.asOf = row["as_of"];
        } else {
            add(expected.sums, std::stoull(row["ts"].get<std::string>()), row["source_data_hex"], row["diff"]);
        }
    }
    return expected;
}

std::string firstDifference(const Sums& ours, const Sums& theirs)
{
    for (const auto& [key, sum] : theirs)
        if (const auto found = ours.find(key); found == ours.end() || found->second != sum)
            return "missing " + std::to_string(key.first) + " " + key.second + " x " + std::to_string(sum);
    for (const auto& [key, sum] : ours)
        if (!theirs.contains(key))
            return "too much " + std::to_string(key.first) + " " + key.second + " x " + std::to_string(sum);
    return {};
}

const std::vector<std::string> kSmallFolders {"old-fresh", "old-busy", "old-log", "new-fresh", "new-busy", "new-log"};

} // namespace

/// What the real system wrote, read as the real system reads it.
class TestFixtureShards : public QObject
{
    Q_OBJECT

private slots:
    void rowsAreTheReferences_data()
    {
        QTest::addColumn<QString>("folder");
        QTest::addColumn<QString>("file");
        for (const auto& folder : kSmallFolders)
            for (const auto& entry : fs::directory_iterator(expectedOf(folder)))
                if (const auto name = entry.path().filename().string(); name.starts_with("raw."))
                    QTest::newRow((folder + " " + name).c_str())
                        << QString::fromStdString(folder) << QString::fromStdString(name);
    }
    void rowsAreTheReferences()
    {
        QFETCH(const QString, folder);
        QFETCH(const QString, file);
        const auto expected = readRows((expectedOf(folder.toStdString()) / file.toStdString()).string());
        auto& location = locationOf(folder.toStdString());
        ShardReader reader(location.consensus, location.blob, shardOf(file.toStdString().substr(4, 37)));
        const auto state = reader.refresh(Job());
        QVERIFY2(state.has_value(), state ? "" : state.error().describe().c_str());
        QVERIFY((*state)->warnings().empty());
        const auto read = reader.snapshot(*state, Timestamp(expected.asOf), Job());
        QVERIFY2(read.has_value(), read ? "" : read.error().describe().c_str());
        QVERIFY2(read->updates->warnings.empty(),
                 read->updates->warnings.empty() ? "" : read->updates->warnings.front().c_str());
        QCOMPARE(firstDifference(sumsOf(*read->updates), expected.sums), std::string());
    }

    void latestSnapshotReadsTheTimeBeforeUpper_data() { addFolders(); }
    void latestSnapshotReadsTheTimeBeforeUpper()
    {
        QFETCH(const QString, folder);
        auto& location = locationOf(folder.toStdString());
        ShardReader reader(location.consensus, location.blob, catalogOf(folder.toStdString()));
        const auto read = reader.latestSnapshot(Job());
        QVERIFY(read.has_value());
        QCOMPARE(read->asOf.value() + 1, read->state->upper()->value());
        for (const auto& [row, sum] : sumsOf(*read->updates))
            QCOMPARE(sum, std::int64_t(1));
    }

    void historyAddsUpToEverySnapshot_data() { addFolders(); }
    void historyAddsUpToEverySnapshot()
    {
        QFETCH(const QString, folder);
        auto& location = locationOf(folder.toStdString());
        ShardReader reader(location.consensus, location.blob, catalogOf(folder.toStdString()));
        const auto latest = reader.latestSnapshot(Job());
        QVERIFY(latest.has_value());
        const auto history = reader.history(latest->state, Job());
        QVERIFY(history.has_value());
        QVERIFY(history->updates->warnings.empty());
        QCOMPARE(history->updates->times.size(), history->updates->size());
        QCOMPARE(history->updates->origins.size(), history->updates->size());
        Sums atLatest;
        for (const auto& [key, sum] : sumsOf(*history->updates))
            add(atLatest, latest->asOf.value(), key.second, sum);
        QCOMPARE(firstDifference(atLatest, sumsOf(*latest->updates)), std::string());
        for (std::size_t i = 0; i < history->updates->size(); ++i)
            if (history->updates->timeOf(i) >= history->exactFrom.value())
                QCOMPARE(history->updates->certaintyOf(i), Certainty::Exact);
    }

    void uncompactedHistoryIsExact()
    {
        auto& location = locationOf("new-log");
        ShardReader reader(location.consensus, location.blob, catalogOf("new-log"));
        const auto state = reader.refresh(Job());
        QVERIFY(state.has_value());
        const auto history = reader.history(*state, Job());
        QVERIFY(history.has_value());
        QCOMPARE(history->exactFrom, Timestamp(0));
        QVERIFY(history->updates->certainties.empty());
        const auto expected = readRows((expectedOf("new-log") / "history.jsonl").string());
        QCOMPARE(firstDifference(sumsOf(*history->updates), expected.sums), std::string());
    }

    void compactedHistorySaysWhatIsRounded()
    {
        auto& location = locationOf("old-busy");
        ShardReader reader(location.consensus, location.blob, catalogOf("old-busy"));
        const auto state = reader.refresh(Job());
        QVERIFY(state.has_value());
        const auto history = reader.history(*state, Job());
        QVERIFY(history.has_value());
        QVERIFY(history->exactFrom > Timestamp(0));
        QCOMPARE(history->updates->certainties.size(), history->updates->size());
        for (std::size_t i = 0; i < history->updates->size(); ++i) {
            const auto& origin = history->updates->parts.at(history->updates->origins.at(i));
            const bool isRounded =
                origin.partSince > origin.partLower && history->updates->timeOf(i) <= origin.partSince;
            QCOMPARE(history->updates->certaintyOf(i), isRounded ? Certainty::Rounded : Certainty::Exact);
        }
    }

    void longestHistoryAddsUpToTheSameSnapshot_data() { addFolders(); }
    void longestHistoryAddsUpToTheSameSnapshot()
    {
        QFETCH(const QString, folder);
        auto& location = locationOf(folder.toStdString());
        ShardReader reader(location.consensus, location.blob, catalogOf(folder.toStdString()));
        const auto latest = reader.latestSnapshot(Job());
        const auto longest = reader.longestHistory(Job());
        QVERIFY(latest.has_value() && longest.has_value());
        QVERIFY(longest->updates->warnings.empty());
        Sums atLatest;
        for (const auto& [key, sum] : sumsOf(*longest->updates))
            add(atLatest, latest->asOf.value(), key.second, sum);
        QCOMPARE(firstDifference(atLatest, sumsOf(*latest->updates)), std::string());
        const auto plain = reader.history(latest->state, Job());
        QVERIFY(plain.has_value());
        QVERIFY(longest->exactFrom <= plain->exactFrom);
        QVERIFY(longest->updates->size() >= plain->updates->size());
    }

    void followerGetsWhatItHasNotSeen()
    {
        auto& location = locationOf("new-log");
        ShardReader reader(location.consensus, location.blob, catalogOf("new-log"));
        const auto state = reader.refresh(Job());
        QVERIFY(state.has_value());
        const auto all = reader.history(*state, Job());
        const auto late = reader.historySince(*state, Timestamp(20), Job());
        QVERIFY(all.has_value() && late.has_value());
        Sums expected;
        for (const auto& [key, sum] : sumsOf(*all->updates))
            if (key.first >= 20)
                add(expected, key.first, key.second, sum);
        QVERIFY(!expected.empty());
        QCOMPARE(firstDifference(sumsOf(*late->updates), expected), std::string());
    }

    void everyLiveStateIsSound_data() { addShards(); }
    void everyLiveStateIsSound()
    {
        QFETCH(const QString, folder);
        QFETCH(const QString, shard);
        auto& location = locationOf(folder.toStdString());
        const StateReader reader(location.consensus, location.blob, shardOf(shard.toStdString()));
        std::uint64_t states = 0;
        const auto problems = reader.visitLive(
            [&](const State& state, const StateDiff& diff) {
                ++states;
                [&] {
                    QVERIFY2(state.warnings().empty(), state.warnings().empty() ? "" : state.warnings()[0].c_str());
                    QVERIFY2(!state.tilingProblem(), state.tilingProblem().value_or("").c_str());
                    const auto spine = buildSpine(state.trace);
                    QVERIFY2(spine.problems.empty(), spine.problems.empty() ? "" : spine.problems[0].c_str());
                    QCOMPARE(spine.upper, state.upper());
                    QCOMPARE(state.seqno, diff.seqnoTo);
                }();
                return !QTest::currentTestFailed();
            },
            Job());
        QVERIFY2(problems.has_value(), problems ? "" : problems.error().describe().c_str());
        QVERIFY(problems->empty());
        QCOMPARE(states, location.consensus.rows.at(shard.toStdString()).size());
    }

    void stateAtASeqnoIsTheOneTheLogPassesThrough_data() { addShards(); }
    void stateAtASeqnoIsTheOneTheLogPassesThrough()
    {
        QFETCH(const QString, folder);
        QFETCH(const QString, shard);
        auto& location = locationOf(folder.toStdString());
        const StateReader reader(location.consensus, location.blob, shardOf(shard.toStdString()));
        std::map<SeqNo, std::string> passed;
        QVERIFY(reader.visitLive(
            [&](const State& state, const StateDiff& /*diff*/) {
                passed.emplace(state.seqno, stateJson(state, JsonLayout::Compact));
                return true;
            },
            Job()));
        std::size_t i = 0;
        for (const auto& [seqno, json] : passed) {
            if (i++ % 7 != 0 && i != passed.size())
                continue;
            const auto state = reader.at(seqno, Job());
            QVERIFY2(state.has_value(), state ? "" : state.error().describe().c_str());
            QCOMPARE((*state)->seqno, seqno);
            QCOMPARE(stateJson(**state, JsonLayout::Compact), json);
        }
    }

    void diffsLeadFromEachRollupToTheNext_data() { addShards(); }
    void diffsLeadFromEachRollupToTheNext()
    {
        QFETCH(const QString, folder);
        QFETCH(const QString, shard);
        auto& location = locationOf(folder.toStdString());
        std::map<SeqNo, Rollup> rollups;
        for (const auto& [key, data] : location.blob.blobs)
            if (key.starts_with(shard.toStdString() + "/v")) {
                auto rollup = decodeRollup(SharedBytes::copyOf(data));
                QVERIFY(rollup.has_value());
                rollups.emplace(rollup->state.seqno, *std::move(rollup));
            }
        QVERIFY(!rollups.empty());
        std::map<SeqNo, SharedBytes> diffs; // those in consensus, and those that rollups repeat
        for (const auto& [seqno, data] : location.consensus.rows.at(shard.toStdString()))
            diffs.emplace(SeqNo(seqno), SharedBytes::copyOf(data));
        for (const auto& [seqno, rollup] : rollups) {
            QVERIFY(rollup.diffs.has_value());
            for (const auto& version : rollup.diffs->diffs) {
                const auto [known, isNew] = diffs.emplace(version.seqno, version.data);
                QVERIFY(inspector::textOf(known->second.view()) == inspector::textOf(version.data.view()));
            }
        }
        auto state = rollups.begin()->second.state;
        for (auto next = std::next(rollups.begin()); next != rollups.end(); ++next) {
            while (state.seqno < next->first) {
                const auto diff = decodeStateDiff(diffs.at(state.seqno.next()));
                QVERIFY(diff.has_value());
                QVERIFY(apply(state, *diff));
            }
            QVERIFY(state.anomalies.empty());
            QCOMPARE(stateJson(state, JsonLayout::Compact), stateJson(next->second.state, JsonLayout::Compact));
        }
    }

    void polledDiffsLeadToTheNewestState()
    {
        auto& location = locationOf("new-log");
        const StateReader reader(location.consensus, location.blob, catalogOf("new-log"));
        const auto newest = reader.current(Job());
        const auto early = reader.at(SeqNo(40), Job());
        QVERIFY(newest.has_value() && early.has_value());
        const auto polled = reader.poll(SeqNo(40), Job());
        QVERIFY(polled.has_value());
        QVERIFY(std::holds_alternative<NewDiffs>(*polled));
        const auto advanced = StateReader::advance(**early, std::get<NewDiffs>(*polled).diffs);
        QVERIFY(advanced.has_value());
        QCOMPARE(stateJson(*advanced, JsonLayout::Compact), stateJson(**newest, JsonLayout::Compact));
        const auto nothing = reader.poll((*newest)->seqno, Job());
        QVERIFY(nothing.has_value());
        QVERIFY(std::get<NewDiffs>(*nothing).diffs.empty());
    }

    void olderStatesReadTimesBeforeSince()
    {
        auto& location = locationOf("old-busy");
        ShardReader reader(location.consensus, location.blob, catalogOf("old-busy"));
        const auto newest = reader.refresh(Job());
        QVERIFY(newest.has_value());
        const auto moments = reader.momentsBeforeSince(**newest, Job());
        QVERIFY(moments.has_value());
        QVERIFY(!moments->empty());
        for (const auto& moment : *moments) {
            const Timestamp latest(moment.upper->value() - 1);
            QVERIFY(!ShardReader::checkReadable(**newest, latest));
            const auto state = reader.stateAt(moment.seqno, Job());
            QVERIFY(state.has_value());
            const auto read = reader.snapshot(*state, latest, Job());
            QVERIFY2(read.has_value(), read ? "" : read.error().describe().c_str());
            QVERIFY2(read->updates->warnings.empty(),
                     read->updates->warnings.empty() ? "" : read->updates->warnings.front().c_str());
            for (const auto& [row, sum] : sumsOf(*read->updates))
                QCOMPARE(sum, std::int64_t(1));
            const auto found = reader.stateReading(latest, Job());
            QVERIFY(found.has_value());
            QVERIFY(ShardReader::checkReadable(**found, latest));
        }
    }

    void theLogTellsWhatEachStepDid()
    {
        auto& location = locationOf("new-log");
        ShardReader reader(location.consensus, location.blob, catalogOf("new-log"));
        const auto log = reader.log(Job());
        QVERIFY(log.has_value());
        QCOMPARE(log->steps.size(), std::size_t(103));
        QVERIFY(log->problems.empty());
        const auto says = [&](const char* words) {
            return std::any_of(log->steps.begin(), log->steps.end(),
                               [&](const SeqnoChange& step) { return step.change.find(words) != std::string::npos; });
        };
        QCOMPARE(log->steps.front().change, std::string("rollup v0 added"));
        QVERIFY(says("empty append [0, 1)"));
        QVERIFY(says("append [1, 2), 1 update;") || says("append [1, 2), 1 update"));
        QVERIFY(says("compaction of "));
        QVERIFY(says("durable catalog state handles"));
        if (qEnvironmentVariableIsSet("SHOW_LOG"))
            for (const auto& step : log->steps)
                qInfo("v%llu since %s upper %s: %s", static_cast<unsigned long long>(step.seqno.value()),
                      persist::textOf(step.since).c_str(), persist::textOf(step.upper).c_str(), step.change.c_str());
    }

    void theCatalogIsFoundWithoutItsId_data() { addFolders(); }
    void theCatalogIsFoundWithoutItsId()
    {
        QFETCH(const QString, folder);
        auto& location = locationOf(folder.toStdString());
        const auto found = findCatalogShard(location.consensus, location.blob, {}, Job());
        QVERIFY2(found.has_value(), found ? "" : found.error().describe().c_str());
        QCOMPARE(found->shardId.text(), catalogOf(folder.toStdString()).text());
        const auto shards = recogniseShards(location.consensus, location.blob, {}, Job());
        QVERIFY(shards.has_value());
        QCOMPARE(shards->front().kind, ShardKind::Catalog);
        QVERIFY(!shards->front().evidence.empty());
        for (std::size_t i = 1; i < shards->size(); ++i)
            QCOMPARE((*shards)[i].kind, ShardKind::UnitShard);
    }

private:
    static fs::path expectedOf(const std::string& folder)
    {
        return fs::path(INSPECTOR_FIXTURES) / "shards" / folder / "expected";
    }

    /// The catalog's shard: the one that has raw rows.
    static ShardId catalogOf(const std::string& folder)
    {
        for (const auto& entry : fs::directory_iterator(expectedOf(folder)))
            if (const auto name = entry.path().filename().string(); name.starts_with("raw."))
                return shardOf(name.substr(4, 37));
        return shardOf("");
    }

    static void addFolders()
    {
        QTest::addColumn<QString>("folder");
        for (const auto& folder : kSmallFolders)
            QTest::newRow(folder.c_str()) << QString::fromStdString(folder);
    }

    void addShards()
    {
        QTest::addColumn<QString>("folder");
        QTest::addColumn<QString>("shard");
        for (const auto& folder : kSmallFolders)
            for (const auto& [shard, rows] : locationOf(folder).consensus.rows)
                QTest::newRow((folder + " " + shard.substr(0, 9)).c_str())
                    << QString::fromStdString(folder) << QString::fromStdString(shard);
    }

    MemoryLocation& locationOf(const std::string& folder)
    {
        auto [found, isNew] = m_locations.try_emplace(folder);
        if (isNew)
            load(found->second, fixtureFile(folder));
        return found->second;
    }

    std::map<std::string, MemoryLocation> m_locations;
};

QTEST_GUILESS_MAIN(TestFixtureShards)
#include "tst_fixture_shards.moc"
