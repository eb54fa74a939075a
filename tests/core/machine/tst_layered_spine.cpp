#include "core/machine/layered_spine.h"
#include "tests/core/machine/spine_text.h"

#include <QRegularExpression>
#include <QTest>

#include <functional>
#include <limits>
#include <random>

using namespace inspector;
using namespace inspector::machine;
using namespace inspector::machine::tests;
using inspector::persist::BatchPtr;
using inspector::persist::HollowBatch;
using inspector::persist::SpineId;
using inspector::persist::Trace;

namespace {

/// [lower, upper) with so many updates in one part; none without updates.
BatchPtr batchOf(std::uint64_t lower, std::uint64_t upper, std::uint64_t length, std::uint64_t since = 0)
{
    auto batch = std::make_shared<HollowBatch>();
    batch->description = {Timestamp(lower), Timestamp(upper), Timestamp(since)};
    batch->length = length;
    if (length > 0) {
        persist::BatchPart part;
        part.content = persist::BlobPart {"k" + std::to_string(lower)};
        batch->parts.push_back(std::move(part));
        batch->runMeta.emplace_back();
    }
    return batch;
}

/// Inserts batches of these lengths at [i, i + 1), all requests thrown away.
LayeredSpine spineOf(const std::vector<std::uint64_t>& lengths)
{
    LayeredSpine spine;
    for (const auto length : lengths) {
        const auto at = spine.upper()->value();
        if (!spine.insert(batchOf(at, at + 1, length)))
            qFatal("the spine of a test cannot be built");
    }
    return spine;
}

LayeredSpine reloaded(const LayeredSpine& spine, Era era = Era::New)
{
    auto loaded = LayeredSpine::unflatten(spine.flatten(), era);
    if (!loaded)
        qFatal("%s in %s", loaded.error().describe().c_str(), shown(spine).c_str());
    return *std::move(loaded);
}

QString text(const std::string& string)
{
    return QString::fromStdString(string);
}

QString shownFor(const LayeredSpine& spine)
{
    return text(shown(spine));
}

/// A story of appends, downgrades, maintenance and compactions, the same for two spines of which one is stored and
/// loaded again after each step.
class RandomHistory
{
public:
    explicit RandomHistory(std::uint64_t seed)
        : m_random(seed)
        , m_era(seed % 2 == 0 ? Era::New : Era::Old)
    {
    }

    std::string run(int steps)
    {
        for (m_step = 0; m_step < steps && m_problem.empty(); ++m_step) {
            switch (m_random() % 12) {
            case 0:
                downgrade();
                break;
            case 1:
                exert();
                break;
            case 2:
            case 3:
                compact();
                break;
            case 4:
                claim();
                break;
            default:
                append();
                break;
            }
            check();
        }
        return m_problem.empty() ? std::string() : "step " + std::to_string(m_step) + ": " + m_problem;
    }

    std::map<MergeOutcome, int> outcomes;
    int exertions = 0;

private:
    void problem(const std::string& text)
    {
        if (m_problem.empty())
            m_problem = text + " in " + shown(m_kept);
    }

    std::uint64_t randomLength()
    {
        switch (m_random() % 5) {
        case 0:
        case 1:
            return 0;
        case 2:
            return 1 + m_random() % 3;
        case 3:
            return 1 + m_random() % 40;
        default:
            return std::uint64_t {1} << (m_random() % 14);
        }
    }

    void append()
    {
        const auto lower = m_kept.upper()->value();
        const auto batch = batchOf(lower, lower + 1 + m_random() % 3, randomLength());
        m_length += batch->length;
        const auto before = m_kept.flatten().legacyBatches;
        auto requests = m_kept.insert(batch);
        const auto again = m_loaded.insert(batch);
        if (!requests || !again)
            return problem((requests ? again : requests).error().message);
        if (shownRequests(*requests) != shownRequests(*again))
            problem("a loaded spine asks for other merges");
        const auto after = m_kept.flatten().legacyBatches;
        for (const auto& kept : before)
            if (!kept->parts.empty() && std::find(after.begin(), after.end(), kept) == after.end())
                problem("an append lost or replaced batch " + shortRange(kept->description));
        for (auto& request : withoutCovered(*std::move(requests)))
            m_requests.push_back(std::move(request));
    }

    void downgrade()
    {
        const auto since = m_kept.since()->value();
        const Timestamp next(since + m_random() % (m_kept.upper()->value() - since + 1));
        m_kept.setSince(next);
        m_loaded.setSince(next);
    }

    void exert()
    {
        const auto effort = 1 + m_random() % 2000;
        std::vector<MergeRequest> again;
        const auto worked = m_kept.exert(effort, m_era, m_requests);
        const auto loadedWorked = m_loaded.exert(effort, m_era, again);
        if (!worked || !loadedWorked)
            return problem((worked ? loadedWorked : worked).error().message);
        if (*worked != *loadedWorked)
            problem("a loaded spine finds other work");
        exertions += *worked ? 1 : 0;
    }

    void claim()
    {
        const auto batches = m_kept.oldestFirst();
        if (batches.empty())
            return;
        const auto id = batches[m_random() % batches.size()]->id;
        m_kept.claim(id, m_random() % 1000 + 1);
        m_loaded.claim(id, m_kept.flatten().merges.at(id).compactionStartMs.value());
    }

    /// What a request of any age would bring, done late or twice.
    void compact()
    {
        if (m_requests.empty())
            return;
        const auto& request = m_requests[m_random() % m_requests.size()];
        std::uint64_t length = 0;
        for (const auto& [id, input] : request.inputs)
            length += input->length;
        length -= m_random() % (length + 1);
        auto result = std::make_shared<HollowBatch>(
            *batchOf(request.description.lower->value(), request.description.upper->value(), length));
        result->description.since = request.description.since;
        if (!result->parts.empty())
            result->parts.front().content = persist::BlobPart {"c" + std::to_string(m_step)};
        const auto outcome = m_kept.applyMergeResult(*result);
        const auto again = m_loaded.applyMergeResult(*result);
        if (!outcome || !again)
            return problem((outcome ? again : outcome).error().message);
        if (*outcome != *again)
            problem("a loaded spine takes compactions otherwise");
        ++outcomes[*outcome];
        m_length = 0;
        for (const auto* batch : m_kept.oldestFirst())
            m_length += batch->length;
    }

    void check()
    {
        if (const auto valid = m_kept.validate(); !valid)
            return problem(valid.error().message);
        std::uint64_t length = 0;
        for (std::size_t level = 0; level < m_kept.levels().size(); ++level)
            for (const auto& batch : m_kept.levels()[level].batches) {
                length += batch.length;
                if (batch.length > std::uint64_t {1} << level)
                    problem("spine batch " + shortId(batch.id) + " is too long for its level");
            }
        if (length != m_length)
            problem("updates were lost or counted twice");
        if (!m_kept.levels().empty() && m_kept.levels().back().batches.empty())
            problem("the top level is vacant");
        const auto flat = m_kept.flatten();
        if (const auto difference = firstDifference(flat, m_loaded.flatten()); !difference.empty())
            return problem("a loaded spine went another way: " + difference);
        auto loaded = LayeredSpine::unflatten(flat, m_era);
        if (!loaded)
            return problem(loaded.error().describe());
        const auto flatAgain = loaded->flatten();
        if (!firstDifference(flat, flatAgain).empty() || flat.spineBatches != flatAgain.spineBatches)
            problem("loading and storing changed the flat form");
        if (flat.legacyBatches != flatAgain.legacyBatches || flat.hollowBatches != flatAgain.hollowBatches)
            problem("loading copied a batch instead of keeping it");
        if (loaded->levels().size() != m_kept.levels().size() || loaded->nextId() != m_kept.nextId()
            || loaded->upper() != m_kept.upper())
            problem("loading changed levels, next id or upper");
        m_loaded = *std::move(loaded);
    }

    std::mt19937_64 m_random;
    Era m_era;
    LayeredSpine m_kept;
    LayeredSpine m_loaded;
    std::vector<MergeRequest> m_requests;
    std::uint64_t m_length = 0;
    int m_step = 0;
    std::string m_problem;
};

/// A trace to break: 0-2@L1/2(0-1,1-2) 2-3@L0/1 3-4@L0/1 | M 2-4 2.
Trace soundTrace()
{
    return spineOf({1, 1, 1, 1}).flatten();
}

/// Lists a spine batch of one member at level 0.
void addSpineBatch(Trace& trace, SpineId id, std::uint64_t lower, std::uint64_t upper)
{
    const auto description = batchOf(lower, upper, 0)->description;
    trace.spineBatches[id] = {0, description, {id}, {description}};
}

using Break = std::function<void(Trace&)>;

} // namespace

Q_DECLARE_METATYPE(Break)

/// The spine of a writer (persist-write-protocol §10).
class TestLayeredSpine : public QObject
{
    Q_OBJECT

private slots:
    void singleUpdatesBuildAPyramid_data() // vector A
    {
        QTest::addColumn<QString>("expected");
        const std::vector<const char*> spines {
            "0-1@L0/1",
            "0-1@L0/1 1-2@L0/1 | M 0-2 2",
            "0-2@L1/2 2-3@L0/1",
            "0-2@L1/2 2-3@L0/1 3-4@L0/1 | M 2-4 2",
            "0-4@L2/4 4-5@L0/1",
            "0-4@L2/4 4-5@L0/1 5-6@L0/1 | M 4-6 2",
            "0-4@L2/4 4-6@L1/2 6-7@L0/1",
            "0-4@L2/4 4-6@L1/2 6-7@L0/1 7-8@L0/1 | M 6-8 2",
            "0-8@L3/8 8-9@L0/1",
            "0-8@L3/8 8-9@L0/1 9-10@L0/1 | M 8-10 2",
            "0-8@L3/8 8-10@L1/2 10-11@L0/1",
            "0-8@L3/8 8-10@L1/2 10-11@L0/1 11-12@L0/1 | M 10-12 2",
            "0-8@L3/8 8-12@L2/4 12-13@L0/1",
            "0-8@L3/8 8-12@L2/4 12-13@L0/1 13-14@L0/1 | M 12-14 2",
            "0-8@L3/8 8-12@L2/4 12-14@L1/2 14-15@L0/1",
            "0-8@L3/8 8-12@L2/4 12-14@L1/2 14-15@L0/1 15-16@L0/1 | M 14-16 2",
        };
        for (std::size_t i = 0; i < spines.size(); ++i)
            QTest::newRow(std::to_string(i + 1).c_str()) << spines[i];
    }
    void singleUpdatesBuildAPyramid()
    {
        QFETCH(const QString, expected);
        auto spine = spineOf(std::vector<std::uint64_t>(QString(QTest::currentDataTag()).toUInt(), 1));
        auto got = shownFor(spine);
        got.remove(QRegularExpression("\\([^)]*\\)"));
        QCOMPARE(got, expected);
        QVERIFY(spine.validate());
    }

    void lengthsDecideLevelsMergesAndRequests() // vector B
    {
        struct Step
        {
            std::uint64_t length;
            const char* spine;
            const char* requests;
        };
        const std::vector<Step> steps {
            {0, "0-1@L0/0", ""},
            {2, "0-1@L1/0 1-2@L1/2 | M 0-2 2", ""},
            {1, "0-2@L1/2(0-1,1-2) 2-3@L0/1", "0-2"},
            {0, "0-2@L1/2(0-1,1-2) 2-3@L0/1 3-4@L0/0 | M 2-4 1", ""},
            {0, "0-4@L2/3(0-1,1-2,2-3,3-4) 4-5@L0/0", "2-4 0-4"},
            {3, "0-5@L2/3(0-1,1-2,2-3,3-4,4-5) 5-6@L2/3 | M 0-6 6", "0-5"},
            {1, "0-6@L3/6(0-1,1-2,2-3,3-4,4-5,5-6) 6-7@L0/1", "0-6"},
            {9, "0-7@L4/7(0-1,1-2,2-3,3-4,4-5,5-6,6-7) 7-8@L4/9 | M 0-8 16", "0-7"},
            {0, "0-7@L4/7(0-1,1-2,2-3,3-4,4-5,5-6,6-7) 7-8@L4/9 8-9@L0/0 | M 0-8 8", ""},
            {1, "0-8@L4/16(0-1,1-2,2-3,3-4,4-5,5-6,6-7,7-8) 8-9@L0/0 9-10@L0/1 | M 8-10 1", "0-8"},
            {0, "0-8@L4/16(0-1,1-2,2-3,3-4,4-5,5-6,6-7,7-8) 8-10@L1/1(8-9,9-10) 10-11@L0/0", "8-10"},
            {40, "0-11@L6/17(0-1,1-2,2-3,3-4,4-5,5-6,6-7,7-8,8-9,9-10,10-11) 11-12@L6/40 | M 0-12 57", "8-11 0-11"},
        };
        LayeredSpine spine;
        for (std::uint64_t i = 0; i < steps.size(); ++i) {
            const auto& step = steps[static_cast<std::size_t>(i)];
            const auto requests = spine.insert(batchOf(i, i + 1, step.length));
            QVERIFY(requests.has_value());
            QCOMPARE(shownFor(spine), QString(step.spine));
            QCOMPARE(text(shownRequests(*requests)), QString(step.requests));
            // The vectors list what the filter lets through.
            const auto kept = withoutCovered(*requests);
            QCOMPARE(kept.size(), std::size_t(requests->empty() ? 0 : 1));
            if (!kept.empty())
                QVERIFY(kept.front().id == requests->back().id);
            spine = reloaded(spine);
        }
    }

    void emptyBatchesFuseAndTakeTheSpinesSince() // vector C
    {
        LayeredSpine spine;
        const std::vector<std::uint64_t> sinces {0, 0, 1, 2, 3, 4};
        for (std::uint64_t i = 0; i < 6; ++i) {
            QVERIFY(spine.insert(batchOf(i, i + 1, 0)));
            const auto batches = spine.oldestFirst();
            QCOMPARE(batches.size(), std::size_t(1));
            QCOMPARE(batches[0]->members.size(), std::size_t(1));
            QVERIFY((batches[0]->id == SpineId {0, i + 1}));
            QCOMPARE(batches[0]->description.since, persist::Frontier(Timestamp(sinces[static_cast<std::size_t>(i)])));
            QVERIFY(batches[0]->members[0].second->description == batches[0]->description);
            QVERIFY(spine.levels()[0].batches.size() == 1);
            spine.setSince(Timestamp(i));
        }
    }

    void exertionPadsAndTidies() // vector D
    {
        auto spine = spineOf({3, 1, 1});
        QCOMPARE(shownFor(spine), QString("0-1@L2/3 1-2@L0/1 2-3@L0/1 | M 1-3 2"));
        struct Step
        {
            const char* spine;
            std::uint64_t nextId;
        };
        const std::vector<Step> steps {
            {"0-1@L2/3 1-3@L1/2(1-2,2-3)", 3},
            {"0-3@L3/5(0-1,1-2,2-3) 3-4@L2/0", 4},
            {"0-3@L3/5(0-1,1-2,2-3) 3-4@L2/0 4-5@L2/0 | M 3-5 0", 5},
            {"0-3@L3/5(0-1,1-2,2-3) 3-5@L3/0 | M 0-5 1", 5},
            {"0-5@L4/5(0-1,1-2,2-3,3-5)", 5},
            {"0-5@L3/5(0-1,1-2,2-3,3-5) 5-6@L2/0", 6},
        };
        for (const auto& step : steps) {
            std::vector<MergeRequest> requests;
            const auto worked = spine.exert(4, Era::New, requests);
            QVERIFY(worked.has_value());
            QVERIFY(*worked);
            QCOMPARE(shownFor(spine), QString(step.spine));
            QCOMPARE(spine.nextId(), step.nextId);
            QCOMPARE(spine.upper(), persist::Frontier(Timestamp(3)));
        }
    }

    void exertionStopsWhenThereIsNothingToMerge()
    {
        std::vector<MergeRequest> requests;
        LayeredSpine none;
        QVERIFY(!none.exert(4, Era::New, requests).value());
        auto one = spineOf({5});
        QVERIFY(!one.exert(4, Era::Old, requests).value());
        QVERIFY(!one.exert(4, Era::New, requests).value());
        QCOMPARE(shownFor(one), QString("0-1@L3/5"));
    }

    void theErasCountBatchesAndRunsToSeeWhetherTheyAreDone()
    {
        // A run and an empty batch: two hollow batches, but one run.
        const auto twoBatches = spineOf({0, 3});
        std::vector<MergeRequest> requests;
        QVERIFY(LayeredSpine(twoBatches).exert(4, Era::Old, requests).value());
        QVERIFY(!LayeredSpine(twoBatches).exert(4, Era::New, requests).value());

        // One batch of two runs.
        auto batch = std::make_shared<HollowBatch>(*batchOf(0, 1, 4));
        batch->parts.push_back(batch->parts.front());
        batch->runs = {1};
        LayeredSpine twoRuns;
        QVERIFY(twoRuns.insert(batch));
        QVERIFY(!LayeredSpine(twoRuns).exert(4, Era::Old, requests).value());
        QVERIFY(LayeredSpine(twoRuns).exert(4, Era::New, requests).value());

        // A run without parts is none.
        batch = std::make_shared<HollowBatch>(*batch);
        batch->runs = {0, 2};
        LayeredSpine emptyRuns;
        QVERIFY(emptyRuns.insert(batch));
        QVERIFY(!emptyRuns.exert(4, Era::New, requests).value());
    }

    void aBatchAtTheWrongLevelStopsTheSecondAppend() // §10.9
    {
        auto trace = spineOf({20}).flatten();
        trace.legacyBatches.push_back(batchOf(1, 2, 1000));
        addSpineBatch(trace, {1, 2}, 1, 2);
        auto spine = LayeredSpine::unflatten(trace, Era::New);
        QVERIFY(spine.has_value());
        QCOMPARE(shownFor(*spine), QString("0-1@L5/20 1-2@L0/1000"));
        QVERIFY(spine->insert(batchOf(2, 3, 1)));
        QCOMPARE(shownFor(*spine), QString("0-1@L5/20 1-2@L0/1000 2-3@L0/1 | M 1-3 1001"));
        const auto second = spine->insert(batchOf(3, 4, 1));
        QVERIFY(!second);
        QCOMPARE(second.error().code, ErrorCode::Internal);
        QVERIFY(second.error().message.find("unfinished merge of level 0") != std::string::npos);
    }

    void onlyTheNextTimeRangeIsInserted_data()
    {
        QTest::addColumn<quint64>("lower");
        QTest::addColumn<quint64>("upper");
        QTest::newRow("a gap") << quint64(4) << quint64(5);
        QTest::newRow("an overlap") << quint64(2) << quint64(5);
        QTest::newRow("no time") << quint64(3) << quint64(3);
        QTest::newRow("backwards") << quint64(3) << quint64(2);
    }
    void onlyTheNextTimeRangeIsInserted()
    {
        QFETCH(const quint64, lower);
        QFETCH(const quint64, upper);
        auto spine = spineOf({1, 1, 1});
        const auto inserted = spine.insert(batchOf(lower, upper, 1));
        QVERIFY(!inserted);
        QCOMPARE(inserted.error().code, ErrorCode::Internal);
        QCOMPARE(shownFor(spine), shownFor(spineOf({1, 1, 1})));
    }

    void aFinalisedSpineTakesNoBatch()
    {
        LayeredSpine spine;
        auto last = std::make_shared<HollowBatch>(*batchOf(0, 1, 0));
        last->description.upper.reset();
        QVERIFY(spine.insert(last));
        QVERIFY(!spine.upper());
        QVERIFY(!spine.insert(batchOf(1, 2, 0)));
        QVERIFY(!reloaded(spine).upper());
    }

    void moreUpdatesThanCanBeAreRefused()
    {
        LayeredSpine spine;
        QVERIFY(spine.insert(batchOf(0, 1, LayeredSpine::kMaxUpdates - 1)));
        QVERIFY(spine.insert(batchOf(1, 2, 1)));
        QVERIFY(spine.validate());
        QVERIFY(!spine.insert(batchOf(2, 3, 1)));
        QVERIFY(!LayeredSpine().insert(batchOf(0, 1, std::numeric_limits<std::uint64_t>::max())));
        std::vector<MergeRequest> requests;
        QVERIFY(!spine.exert(std::numeric_limits<std::uint64_t>::max(), Era::Old, requests));
        QVERIFY(reloaded(spine).exert(LayeredSpine::kMaxUpdates, Era::Old, requests));
    }

    void requestsNameTheirInputsOldestFirst()
    {
        auto spine = spineOf({1, 1});
        const auto requests = spine.insert(batchOf(2, 4, 1));
        QVERIFY(requests.has_value());
        QCOMPARE(requests->size(), std::size_t(1));
        const auto& request = requests->front();
        QVERIFY((request.id == SpineId {0, 2}));
        QVERIFY((request.description == persist::Description {Timestamp(0), Timestamp(2), Timestamp(0)}));
        QCOMPARE(request.inputs.size(), std::size_t(2));
        QVERIFY((request.inputs[0].first == SpineId {0, 1} && request.inputs[1].first == SpineId {1, 2}));
        QCOMPARE(request.inputs[1].second->parts.front().name(), std::string("k1"));
    }

    void aMergeKeepsTheSinceOfItsBeginning()
    {
        auto spine = spineOf({1});
        spine.setSince(Timestamp(1));
        QVERIFY(spine.insert(batchOf(1, 2, 1)));
        spine.setSince(Timestamp(2));
        const auto requests = spine.insert(batchOf(2, 3, 1));
        QCOMPARE(requests->front().description.since, persist::Frontier(Timestamp(1)));
        QCOMPARE(spine.oldestFirst()[0]->description.since, persist::Frontier(Timestamp(1)));
    }

    void aLaterRequestCoversThoseInsideItOfTheSameSince()
    {
        const auto request = [](std::uint64_t lo, std::uint64_t hi, std::uint64_t since) {
            return MergeRequest {{lo, hi}, batchOf(lo, hi, 0, since)->description, {}};
        };
        QCOMPARE(shownRequests(withoutCovered({})), std::string());
        QCOMPARE(shownRequests(withoutCovered({request(0, 2, 0), request(0, 4, 0)})), std::string("0-4"));
        QCOMPARE(shownRequests(withoutCovered({request(0, 2, 0), request(0, 4, 1)})), std::string("0-4 0-2"));
        QCOMPARE(shownRequests(withoutCovered({request(0, 4, 0), request(0, 2, 0), request(2, 4, 0)})),
                 std::string("0-4"));
        QCOMPARE(shownRequests(withoutCovered({request(0, 2, 0), request(4, 6, 0), request(4, 8, 0)})),
                 std::string("4-8 0-2"));
    }

    void aResultForAWholeBatchReplacesIt()
    {
        auto spine = spineOf({1, 1, 1});
        spine.claim({0, 2}, 77);
        QCOMPARE(shownFor(spine), QString("0-2@L1/2(0-1,1-2)c77 2-3@L0/1"));
        QVERIFY(spine.flatten().merges.at({0, 2}).compactionStartMs == std::uint64_t(77));
        QCOMPARE(spine.applyMergeResult(*batchOf(0, 2, 3)).value(), MergeOutcome::NoOpTooManyUpdates);
        QCOMPARE(spine.applyMergeResult(*batchOf(0, 2, 1, 1)).value(), MergeOutcome::NoOp);
        QCOMPARE(spine.applyMergeResult(*batchOf(0, 3, 1)).value(), MergeOutcome::NoOp);
        QCOMPARE(shownFor(spine), QString("0-2@L1/2(0-1,1-2)c77 2-3@L0/1"));
        QCOMPARE(spine.applyMergeResult(*batchOf(0, 2, 2)).value(), MergeOutcome::AppliedExact);
        QCOMPARE(shownFor(spine), QString("0-2@L1/2 2-3@L0/1"));
        QVERIFY(spine.flatten().merges.empty());
    }

    void aResultForSomeMembersReplacesThose()
    {
        auto spine = spineOf({1, 1, 1, 1, 1});
        QCOMPARE(shownFor(spine), QString("0-4@L2/4(0-1,1-2,2-3,3-4) 4-5@L0/1"));
        spine.claim({0, 4}, 5);
        QCOMPARE(spine.applyMergeResult(*batchOf(1, 3, 3)).value(), MergeOutcome::NoOpTooManyUpdates);
        QCOMPARE(spine.applyMergeResult(*batchOf(1, 3, 1)).value(), MergeOutcome::AppliedSubset);
        QCOMPARE(shownFor(spine), QString("0-4@L2/3(0-1,1-3,3-4) 4-5@L0/1"));
        QVERIFY((spine.oldestFirst()[0]->description == batchOf(0, 4, 0)->description));
        QVERIFY(spine.validate());
    }

    void aClaimEndsWithTheMergeAndOutlivesAMove()
    {
        auto spine = spineOf({1, 1, 1});
        spine.claim({0, 2}, 9);
        spine.claim({7, 8}, 9);
        QVERIFY(spine.insert(batchOf(3, 4, 1)));
        QCOMPARE(shownFor(reloaded(spine)), QString("0-2@L1/2(0-1,1-2)c9 2-3@L0/1 3-4@L0/1 | M 2-4 2"));
        QVERIFY(spine.insert(batchOf(4, 5, 1)));
        QCOMPARE(shownFor(spine), QString("0-4@L2/4(0-1,1-2,2-3,3-4) 4-5@L0/1"));
    }

    void batchesWithoutStructureAreInsertedInOrder()
    {
        Trace trace;
        trace.legacyBatches = {batchOf(2, 3, 1), batchOf(0, 1, 1), batchOf(1, 2, 1)};
        const auto spine = LayeredSpine::unflatten(trace, Era::Old);
        QVERIFY(spine.has_value());
        QCOMPARE(shownFor(*spine), QString("0-2@L1/2(0-1,1-2) 2-3@L0/1"));
        trace.legacyBatches.erase(trace.legacyBatches.begin());
        trace.legacyBatches.push_back(batchOf(3, 4, 1));
        const auto gap = LayeredSpine::unflatten(trace, Era::Old);
        QVERIFY(!gap);
        QCOMPARE(gap.error().code, ErrorCode::Corrupt);
    }

    void emptyBatchesAreCutAsTheSpineLists()
    {
        // 0-1@L1/2 1-2@L0/0, with [2, 4) after it once as two batches and once as one that begins too early.
        auto trace = spineOf({2, 0}).flatten();
        trace.spineBatches[{1, 2}].description.upper = Timestamp(4);
        trace.spineBatches[{1, 2}].descriptions = {trace.spineBatches[{1, 2}].description};
        trace.legacyBatches.push_back(batchOf(2, 4, 0));
        const auto joined = LayeredSpine::unflatten(trace, Era::New);
        QVERIFY2(joined.has_value(), joined ? "" : joined.error().describe().c_str());
        QCOMPARE(joined->flatten().legacyBatches.size(), std::size_t(2));
        QVERIFY(joined->flatten().legacyBatches[1]->description == batchOf(1, 4, 0)->description);
        QVERIFY(joined->flatten().legacyBatches[0] == trace.legacyBatches[0]);

        auto parts = spineOf({2}).flatten();
        parts.legacyBatches.push_back(batchOf(1, 6, 0));
        addSpineBatch(parts, {1, 2}, 1, 3);
        addSpineBatch(parts, {2, 3}, 3, 6);
        parts.merges[{1, 3}] = {Timestamp(0), 0, std::nullopt};
        const auto split = LayeredSpine::unflatten(parts, Era::New);
        QVERIFY2(split.has_value(), split ? "" : split.error().describe().c_str());
        QCOMPARE(shownFor(*split), QString("0-1@L1/2 1-2@L0/0 2-3@L0/0 | M 1-3 0"));
        QCOMPARE(split->flatten().legacyBatches.size(), std::size_t(3));
    }

    void theErasGiveEmptyBatchesOtherSinces()
    {
        auto trace = spineOf({2, 0}).flatten();
        trace.since = Timestamp(1);
        trace.spineBatches[{1, 2}].descriptions[0].since = Timestamp(1);
        const auto sinceOf = [&](Era era) {
            return LayeredSpine::unflatten(trace, era).value().flatten().legacyBatches[1]->description.since;
        };
        QCOMPARE(sinceOf(Era::Old), persist::Frontier(Timestamp(1)));
        QCOMPARE(sinceOf(Era::New), persist::Frontier(Timestamp(0)));
        QVERIFY(LayeredSpine::unflatten(trace, Era::New)->flatten().legacyBatches[1] == trace.legacyBatches[1]);
    }

    void batchesThatAnEraHoldsOtherwiseAreFound()
    {
        auto trace = spineOf({2, 0}).flatten();
        QVERIFY(batchesLoadedOtherwise(trace).value().empty());
        auto stale = trace;
        stale.since = Timestamp(1);
        stale.spineBatches[{1, 2}].descriptions[0].since = Timestamp(1);
        QVERIFY(batchesLoadedOtherwise(stale).value() == std::vector {stale.legacyBatches[1]});
        auto cut = trace;
        cut.spineBatches[{1, 2}].description.upper = Timestamp(4);
        cut.spineBatches[{1, 2}].descriptions = {cut.spineBatches[{1, 2}].description};
        QVERIFY(!batchesLoadedOtherwise(cut)); // nothing fills the rest
        cut.legacyBatches.push_back(batchOf(2, 4, 0));
        QVERIFY(batchesLoadedOtherwise(cut).value() == (std::vector {cut.legacyBatches[1], cut.legacyBatches[2]}));
    }

    void aBrokenTraceIsRefused_data()
    {
        QTest::addColumn<Break>("damage");
        QTest::addColumn<QString>("message");
        const auto row = [](const char* name, const char* message, Break damage) {
            QTest::newRow(name) << std::move(damage) << QString(message);
        };
        row("a batch too many", "has no place in the spine",
            [](Trace& trace) { trace.legacyBatches.push_back(batchOf(4, 5, 1)); });
        row("a batch missing", "has no batch", [](Trace& trace) { trace.legacyBatches.pop_back(); });
        row("a batch missing in the middle", "is listed as",
            [](Trace& trace) { trace.legacyBatches.erase(trace.legacyBatches.begin() + 1); });
        row("a batch longer than listed", "is listed as",
            [](Trace& trace) { trace.legacyBatches[3] = batchOf(3, 5, 1); });
        row("an empty batch that starts elsewhere", "is listed as",
            [](Trace& trace) { trace.legacyBatches[0] = batchOf(1, 2, 0); });
        row("a hollow batch too many", "hollow batch (7, 8) has no place", [](Trace& trace) {
            trace.hollowBatches[{7, 8}] = batchOf(4, 4, 0);
        });
        row("a hollow batch other than listed", "is listed as", [](Trace& trace) {
            trace.hollowBatches[{3, 4}] = batchOf(4, 4, 0);
        });
        row("a merge too many", "merge (0, 4) belongs to no batch", [](Trace& trace) { trace.merges[{0, 4}] = {}; });
        row("a merge under another id", "belongs to no batch and no full level", [](Trace& trace) {
            trace.merges.clear();
            trace.merges[{2, 5}] = {};
        });
        row("a full level without merge", "two batches without a merge", [](Trace& trace) { trace.merges.clear(); });
        row("a third batch at a level", "third batch at level 0", [](Trace& trace) {
            trace.legacyBatches.push_back(batchOf(4, 5, 1));
            addSpineBatch(trace, {4, 5}, 4, 5);
        });
        row("a level above the oldest", "above the oldest batch", [](Trace& trace) {
            trace.spineBatches[{2, 3}].level = 2;
        });
        row("a level beyond 255", "beyond the limit of 255", [](Trace& trace) {
            trace.spineBatches[{0, 2}].level = 256;
        });
        row("more descriptions than parts", "more descriptions than parts", [](Trace& trace) {
            trace.spineBatches[{3, 4}].descriptions.push_back(batchOf(3, 4, 1)->description);
        });
        row("ids that do not start at 0", "should start at id 0", [](Trace& trace) {
            auto batch = trace.spineBatches.extract({0, 2});
            batch.key() = {1, 2};
            trace.spineBatches.insert(std::move(batch));
        });
        row("parts that do not tile", "do not tile its ids", [](Trace& trace) {
            trace.spineBatches[{0, 2}].parts[1] = {1, 3};
        });
        row("parts that do not fill", "do not tile its ids", [](Trace& trace) {
            trace.spineBatches[{0, 2}].parts.pop_back();
            trace.spineBatches[{0, 2}].descriptions.pop_back();
            trace.legacyBatches.erase(trace.legacyBatches.begin() + 1);
        });
        row("times that do not chain", "starts at 3 instead of 5", [](Trace& trace) {
            trace.spineBatches[{2, 3}].description.upper = Timestamp(5);
        });
        row("a spine batch that ends before it starts", "ends before it starts", [](Trace& trace) {
            trace.spineBatches[{3, 4}].description.upper = Timestamp(1);
        });
        row("compacted beyond since", "beyond the shard's since 0", [](Trace& trace) {
            trace.spineBatches[{0, 2}].description.since = Timestamp(1);
        });
        row("too many updates", "claims more than", [](Trace& trace) {
            auto batch = std::make_shared<HollowBatch>(*trace.legacyBatches[0]);
            batch->length = LayeredSpine::kMaxUpdates - 2;
            trace.legacyBatches[0] = batch;
        });
        row("lengths that overflow", "claims more than", [](Trace& trace) {
            for (auto& legacy : trace.legacyBatches) {
                auto batch = std::make_shared<HollowBatch>(*legacy);
                batch->length = std::numeric_limits<std::uint64_t>::max() / 2 + 1;
                legacy = batch;
            }
        });
    }
    void aBrokenTraceIsRefused()
    {
        QFETCH(const Break, damage);
        QFETCH(const QString, message);
        auto trace = soundTrace();
        QVERIFY(LayeredSpine::unflatten(trace, Era::New));
        damage(trace);
        for (const auto era : {Era::Old, Era::New}) {
            const auto loaded = LayeredSpine::unflatten(trace, era);
            QVERIFY(!loaded);
            QCOMPARE(loaded.error().code, ErrorCode::Corrupt);
            QVERIFY2(text(loaded.error().message).contains(message), loaded.error().describe().c_str());
        }
    }

    void whatTheRulesLeaveOpenLoads_data()
    {
        QTest::addColumn<Break>("change");
        QTest::newRow("fewer descriptions than parts") << Break([](Trace& trace) {
            trace.spineBatches[{0, 2}].descriptions.clear();
        });
        QTest::newRow("listed sinces that are stale") << Break([](Trace& trace) {
            trace.spineBatches[{0, 2}].descriptions[0].since = Timestamp(9);
        });
        QTest::newRow("gaps between levels") << Break([](Trace& trace) { trace.spineBatches[{0, 2}].level = 255; });
        QTest::newRow("batches out of order")
            << Break([](Trace& trace) { std::swap(trace.legacyBatches[0], trace.legacyBatches[3]); });
        QTest::newRow("work that is done")
            << Break([](Trace& trace) { trace.merges.begin()->second.remainingWork = 0; });
    }
    void whatTheRulesLeaveOpenLoads()
    {
        QFETCH(const Break, change);
        auto trace = soundTrace();
        change(trace);
        for (const auto era : {Era::Old, Era::New}) {
            const auto loaded = LayeredSpine::unflatten(trace, era);
            QVERIFY2(loaded.has_value(), loaded ? "" : loaded.error().describe().c_str());
            QVERIFY(loaded->validate());
        }
    }

    void aSpineOfTooManyLevelsIsKeptButNotChanged()
    {
        auto trace = soundTrace();
        trace.spineBatches[{0, 2}].level = 200;
        auto spine = LayeredSpine::unflatten(trace, Era::New).value();
        QVERIFY(firstDifference(spine.flatten(), trace).empty());
        QVERIFY(!spine.insert(batchOf(4, 5, 1)));
        std::vector<MergeRequest> requests;
        QVERIFY(!spine.exert(1, Era::New, requests));
    }

    void randomHistoriesKeepTheRulesWhoeverLoadsThem()
    {
        std::map<MergeOutcome, int> outcomes;
        int exertions = 0;
        for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
            RandomHistory history(seed);
            const auto problem = history.run(40);
            QVERIFY2(problem.empty(), ("seed " + std::to_string(seed) + ", " + problem).c_str());
            for (const auto& [outcome, count] : history.outcomes)
                outcomes[outcome] += count;
            exertions += history.exertions;
        }
        // The stories are not dull.
        for (const auto outcome : {MergeOutcome::AppliedExact, MergeOutcome::AppliedSubset, MergeOutcome::NoOp,
                                   MergeOutcome::NoOpTooManyUpdates})
            QVERIFY(outcomes[outcome] > 100);
        QVERIFY(exertions > 1000);
    }

    void longHistoriesKeepTheRules()
    {
        for (std::uint64_t seed = 100'001; seed <= 100'010; ++seed) {
            RandomHistory history(seed);
            const auto problem = history.run(1000);
            QVERIFY2(problem.empty(), ("seed " + std::to_string(seed) + ", " + problem).c_str());
        }
    }
};

QTEST_GUILESS_MAIN(TestLayeredSpine)
#include "tst_layered_spine.moc"
