#include "core/persist/decode.h"
#include "core/persist/spine.h"
#include "tests/core/persist/shard_builder.h"

#include <QTest>

#include <algorithm>

using namespace inspector;
using namespace inspector::persist;
using namespace inspector::persist::tests;

namespace {

BatchPtr batch(std::uint64_t lower, std::uint64_t upper, std::uint64_t length, std::uint64_t since = 0)
{
    auto made = std::make_shared<HollowBatch>();
    made->description = {Timestamp(lower), Timestamp(upper), Timestamp(since)};
    made->length = length;
    return made;
}

SpineBatch place(std::uint64_t level, std::uint64_t lower, std::uint64_t upper, std::vector<SpineId> parts,
                 std::uint64_t since = 0)
{
    const Description description {Timestamp(lower), Timestamp(upper), Timestamp(since)};
    SpineBatch placed {level, description, std::move(parts), {}};
    if (placed.parts.size() == 1)
        placed.descriptions = {description};
    return placed;
}

/// [0, 5) at level 1 and [5, 6) at level 0.
Trace soundTrace()
{
    Trace trace;
    trace.legacyBatches = {batch(0, 5, 10), batch(5, 6, 1)};
    trace.spineBatches = {{{0, 2}, place(1, 0, 5, {{0, 2}})}, {{2, 3}, place(0, 5, 6, {{2, 3}})}};
    return trace;
}

bool mentions(const Spine& spine, const std::string& words)
{
    return std::any_of(spine.problems.begin(), spine.problems.end(),
                       [&](const std::string& problem) { return problem.find(words) != std::string::npos; });
}

} // namespace

/// The checks of persist-format §6.3.
class TestSpine : public QObject
{
    Q_OBJECT

private slots:
    void soundTraceHasNoProblems()
    {
        const auto spine = buildSpine(soundTrace());
        QVERIFY2(spine.problems.empty(), spine.problems.empty() ? "" : spine.problems.front().c_str());
        QCOMPARE(spine.levels.size(), std::size_t(2));
        QCOMPARE(spine.batches[0].length(), std::uint64_t(10));
        QCOMPARE(spine.nextId, std::uint64_t(3));
    }

    void emptyTraceIsAnEmptySpine()
    {
        const auto spine = buildSpine(Trace());
        QVERIFY(spine.problems.empty() && spine.levels.empty() && spine.batches.empty());
        QCOMPARE(spine.upper, Frontier(Timestamp(0)));
        QCOMPARE(spine.nextId, std::uint64_t(0));
    }

    void emptyBatchesAreFusedAndSplitToFit()
    {
        auto trace = soundTrace();
        // [6, 9) is expected in one piece and lies in two; [9, 12) is expected in two pieces and lies in one.
        trace.legacyBatches.insert(trace.legacyBatches.end(), {batch(6, 8, 0), batch(8, 9, 0), batch(9, 12, 0)});
        trace.spineBatches = {{{0, 2}, place(3, 0, 5, {{0, 2}})},
                              {{2, 3}, place(2, 5, 6, {{2, 3}})},
                              {{3, 4}, place(1, 6, 9, {{3, 4}})},
                              {{4, 5}, place(0, 9, 10, {{4, 5}})},
                              {{5, 6}, place(0, 10, 12, {{5, 6}})}};
        trace.merges = {{{4, 6}, Merge {Timestamp(0), 1, {}}}};
        const auto spine = buildSpine(trace);
        QVERIFY2(spine.problems.empty(), spine.problems.empty() ? "" : spine.problems.front().c_str());
        QCOMPARE(spine.batches[2].parts[0].second->description.upper, Frontier(Timestamp(9)));
        QCOMPARE(spine.batches[3].parts[0].second->description.upper, Frontier(Timestamp(10)));
        QCOMPARE(spine.batches[4].parts[0].second->description.lower, Frontier(Timestamp(10)));
    }

    void claimedCompactionIsAttachedToItsBatch()
    {
        auto trace = soundTrace();
        trace.merges = {{{0, 2}, Merge {Timestamp(0), 0, 1234}}};
        const auto spine = buildSpine(trace);
        QVERIFY(spine.problems.empty());
        QCOMPARE(spine.batches[0].compactionStartMs, std::optional<std::uint64_t>(1234));
    }

    void whatDoesNotFitIsAProblem_data()
    {
        QTest::addColumn<int>("damage");
        QTest::addColumn<QString>("words");
        const auto row = [](const char* words) { QTest::newRow(words) << int(s_damages.size()) << words; };
        s_damages.clear();
        const auto add = [&](const char* words, void (*damage)(Trace&)) {
            row(words);
            s_damages.push_back(damage);
        };
        add("[6, 7) has no place", [](Trace& trace) { trace.legacyBatches.push_back(batch(6, 7, 1)); });
        add("(2, 3) of the spine has no batch", [](Trace& trace) { trace.legacyBatches.pop_back(); });
        add("should be [0, 5), but is [0, 4)", [](Trace& trace) { trace.legacyBatches[0] = batch(0, 4, 1); });
        add("hollow batch (7, 8) has no place", [](Trace& trace) { trace.hollowBatches[{7, 8}] = batch(5, 5, 0); });
        add("should start at id 2", [](Trace& trace) {
            auto node = trace.spineBatches.extract({2, 3});
            node.key() = {3, 4};
            trace.spineBatches.insert(std::move(node));
        });
        add("starts at 6 instead of 5", [](Trace& trace) {
            trace.legacyBatches[1] = batch(6, 7, 1);
            trace.spineBatches[{2, 3}] = place(0, 6, 7, {{2, 3}});
        });
        add("beyond the shard's since", [](Trace& trace) { trace.spineBatches[{2, 3}] = place(0, 5, 6, {{2, 3}}, 4); });
        add("merge (5, 9) belongs to no batch", [](Trace& trace) { trace.merges[{5, 9}] = Merge(); });
        add("two batches without a merge", [](Trace& trace) { trace.spineBatches[{2, 3}].level = 1; });
        add("lies above the oldest", [](Trace& trace) { trace.spineBatches[{2, 3}].level = 2; });
        add("is at level 300", [](Trace& trace) { trace.spineBatches[{2, 3}].level = 300; });
        add("do not cover its ids", [](Trace& trace) { trace.spineBatches[{0, 2}].parts = {{0, 1}}; });
        add("more descriptions than parts", [](Trace& trace) { trace.spineBatches[{0, 2}].descriptions.resize(2); });
        add("more updates than can be", [](Trace& trace) { trace.legacyBatches[0] = batch(0, 5, UINT64_MAX); });
    }
    void whatDoesNotFitIsAProblem()
    {
        QFETCH(const int, damage);
        QFETCH(const QString, words);
        auto trace = soundTrace();
        s_damages.at(static_cast<std::size_t>(damage))(trace);
        const auto spine = buildSpine(trace);
        QVERIFY2(mentions(spine, words.toStdString()),
                 spine.problems.empty() ? "no problem at all" : spine.problems.front().c_str());
    }

    void moreThanTwoBatchesOfALevelAreAProblem()
    {
        Trace trace;
        trace.legacyBatches = {batch(0, 1, 1), batch(1, 2, 1), batch(2, 3, 1)};
        for (std::uint64_t i = 0; i < 3; ++i)
            trace.spineBatches[{i, i + 1}] = place(0, i, i + 1, {{i, i + 1}});
        QVERIFY(mentions(buildSpine(trace), "has 3 batches, but two at most"));
    }

private:
    static inline std::vector<void (*)(Trace&)> s_damages;
};

QTEST_GUILESS_MAIN(TestSpine)
#include "tst_spine.moc"
