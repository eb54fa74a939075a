#include "core/machine/layered_spine.h"
#include "tests/core/machine/spine_text.h"
#include "tests/core/machine/stored_states.h"

#include <QTest>

#include <optional>
#include <random>

using namespace inspector;
using namespace inspector::machine;
using namespace inspector::machine::tests;
using inspector::persist::BatchPtr;
using inspector::persist::HollowBatch;
using inspector::persist::State;
using inspector::persist::Trace;

namespace {

/// What the replay of a shard's log found.
struct Tally
{
    int states = 0;
    int appends = 0;
    int emptyAppends = 0; ///< among the appends
    int exertions = 0;
    int compactions = 0;
    int claims = 0;
    std::vector<std::string> unexplained;
};

Era eraOf(const std::string& shard)
{
    return shard.starts_with("old") ? Era::Old : Era::New;
}

/// The batches that `after` has and `before` has not.
std::vector<BatchPtr> newBatches(const Trace& before, const Trace& after)
{
    std::vector<BatchPtr> added;
    for (const auto& batch : after.legacyBatches)
        if (std::none_of(before.legacyBatches.begin(), before.legacyBatches.end(),
                         [&](const BatchPtr& other) { return persist::sameContent(*batch, *other); }))
            added.push_back(batch);
    return added;
}

/// Claims what the requests ask for, as a new writer does; the time is the command's, so it comes from `after`.
void claimAs(LayeredSpine& spine, const std::vector<MergeRequest>& requests, const Trace& after, Tally& tally)
{
    for (const auto& request : withoutCovered(requests)) {
        const auto merge = after.merges.find(request.id);
        spine.claim(request.id, merge == after.merges.end() ? 1 : merge->second.compactionStartMs.value_or(1));
        ++tally.claims;
    }
}

/// Finds the operation that leads from one stored state to the next, and counts it.
void explain(const State& before, const State& after, Era era, Tally& tally)
{
    const auto old = LayeredSpine::unflatten(before.trace, era).value();
    if (firstDifference(before.trace, after.trace).empty())
        return;
    auto spine = old;
    spine.setSince(after.trace.since);
    if (firstDifference(spine.flatten(), after.trace).empty())
        return;

    const auto unexplained = [&](const std::string& what, const LayeredSpine& got) {
        tally.unexplained.push_back("v" + std::to_string(after.seqno.value()) + " " + what + ": from " + shown(old)
                                    + " " + firstDifference(got.flatten(), after.trace));
    };
    const auto added = newBatches(before.trace, after.trace);
    if (before.upper() != after.upper()) {
        auto appended = std::find_if(added.begin(), added.end(),
                                     [&](const BatchPtr& batch) { return batch->description.lower == before.upper(); });
        BatchPtr batch;
        if (appended != added.end()) {
            batch = *appended;
        } else { // fused at once with the empty one before
            auto empty = std::make_shared<HollowBatch>();
            empty->description = {before.upper(), after.upper(), Timestamp(0)};
            batch = std::move(empty);
        }
        const auto requests = spine.insert(batch);
        if (!requests)
            return unexplained(requests.error().message, old);
        if (era == Era::New)
            claimAs(spine, *requests, after.trace, tally);
        if (!firstDifference(spine.flatten(), after.trace).empty())
            return unexplained("append", spine);
        ++tally.appends;
        tally.emptyAppends += batch->isEmpty() ? 1 : 0;
        return;
    }
    if (added.size() == 1) {
        auto compacted = spine;
        if (compacted.applyMergeResult(*added.front()) && firstDifference(compacted.flatten(), after.trace).empty()) {
            ++tally.compactions;
            return;
        }
    }
    std::vector<MergeRequest> requests; // of an exertion nothing is claimed
    auto exerted = spine;
    if (!exerted.exert(1024, era, requests))
        return unexplained("exert", old);
    if (firstDifference(exerted.flatten(), after.trace).empty())
        ++tally.exertions;
    else
        unexplained("neither append, compaction nor exert", exerted);
}

} // namespace

class TestSpineReplay : public QObject
{
    Q_OBJECT

private slots:
    void everyStoredSpineIsRebuilt_data() { addShards(); }
    void everyStoredSpineIsRebuilt()
    {
        QFETCH(const QString, name);
        int states = 0;
        for (const auto& [id, shard] : test::storedShards(name.toStdString()))
            test::visitStates(shard, [&](const State& state) {
                ++states;
                for (const auto era : {Era::Old, Era::New}) {
                    const auto spine = LayeredSpine::unflatten(state.trace, era);
                    QVERIFY2(spine.has_value(), spine ? "" : spine.error().describe().c_str());
                    const auto flat = spine->flatten();
                    QCOMPARE(QString::fromStdString(firstDifference(flat, state.trace)), QString());
                    QVERIFY(flat.legacyBatches == state.trace.legacyBatches);
                    QVERIFY(flat.hollowBatches == state.trace.hollowBatches);
                    QVERIFY(flat.spineBatches == state.trace.spineBatches);
                    QCOMPARE(spine->upper(), state.upper());
                }
            });
        QVERIFY(states > 10);
    }

    void everyStepOfTheLogsIsReplayed_data()
    {
        QTest::addColumn<Era>("era");
        QTest::addColumn<int>("appends");
        QTest::addColumn<int>("exertions");
        QTest::addColumn<int>("compactions");
        QTest::newRow("old") << Era::Old << 178 << 15 << 31;
        QTest::newRow("new") << Era::New << 163 << 15 << 29;
    }
    void everyStepOfTheLogsIsReplayed()
    {
        QFETCH(const Era, era);
        Tally tally;
        for (const auto& name : test::allFolders()) {
            if (eraOf(name) != era)
                continue;
            for (const auto& [id, shard] : test::storedShards(name)) {
                std::optional<State> before;
                test::visitStates(shard, [&](const State& state) {
                    if (before)
                        explain(*before, state, era, tally);
                    before = state;
                });
            }
        }
        for (const auto& step : tally.unexplained)
            qWarning("%s", step.c_str());
        QVERIFY(tally.unexplained.empty());
        // As many as persist-write-protocol §10 counts.
        QTEST(tally.appends, "appends");
        QTEST(tally.exertions, "exertions");
        QTEST(tally.compactions, "compactions");
        QVERIFY(tally.emptyAppends > 10);
        QCOMPARE(tally.claims > 0, era == Era::New);
    }

private:
    static void addShards()
    {
        QTest::addColumn<QString>("name");
        for (const auto& name : test::allFolders())
            QTest::newRow(name.c_str()) << QString::fromStdString(name);
    }
};

QTEST_GUILESS_MAIN(TestSpineReplay)
#include "tst_spine_replay.moc"
