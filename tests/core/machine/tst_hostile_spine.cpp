#include "core/machine/layered_spine.h"
#include "core/machine/state_encoder.h"
#include "tests/core/machine/spine_text.h"
#include "tests/core/machine/stored_states.h"

#include <QTest>

#include <algorithm>
#include <iterator>
#include <limits>
#include <random>

using namespace inspector;
using namespace inspector::machine;
using namespace inspector::machine::tests;
using inspector::persist::BatchPtr;
using inspector::persist::Frontier;
using inspector::persist::HollowBatch;
using inspector::persist::Trace;

namespace {

using Random = std::mt19937_64;

template <typename Container>
auto anyOf(Container& container, Random& random)
{
    return std::next(container.begin(), static_cast<std::ptrdiff_t>(random() % container.size()));
}

/// Small, at the ends of the range, or anything.
std::uint64_t oddNumber(Random& random)
{
    switch (random() % 4) {
    case 0:
        return random() % 4;
    case 1:
        return std::numeric_limits<std::uint64_t>::max() - random() % 3;
    case 2:
        return std::uint64_t {1} << (random() % 64);
    default:
        return random() % 200;
    }
}

Frontier oddFrontier(Random& random)
{
    return random() % 5 == 0 ? Frontier() : Timestamp(oddNumber(random));
}

Frontier& anyBound(persist::Description& description, Random& random)
{
    switch (random() % 3) {
    case 0:
        return description.lower;
    case 1:
        return description.upper;
    default:
        return description.since;
    }
}

/// Breaks one thing about a trace, in a way that decoding would let through.
void damage(Trace& trace, Random& random)
{
    const auto changed = [&](const BatchPtr& batch) {
        auto copy = std::make_shared<HollowBatch>(*batch);
        switch (random() % 4) {
        case 0:
            anyBound(copy->description, random) = oddFrontier(random);
            break;
        case 1:
            copy->length = oddNumber(random);
            break;
        case 2:
            copy->parts.clear();
            break;
        default:
            *copy = HollowBatch {copy->description, {}, 0, {}, {}, {}};
            break;
        }
        return copy;
    };
    switch (random() % 12) {
    case 0:
        trace.since = oddFrontier(random);
        break;
    case 1:
        if (!trace.legacyBatches.empty())
            trace.legacyBatches.erase(anyOf(trace.legacyBatches, random));
        break;
    case 2:
        if (!trace.legacyBatches.empty()) {
            const auto copy = *anyOf(trace.legacyBatches, random);
            trace.legacyBatches.insert(anyOf(trace.legacyBatches, random), copy);
        }
        break;
    case 3:
    case 4:
        if (!trace.legacyBatches.empty()) {
            auto place = anyOf(trace.legacyBatches, random);
            *place = changed(*place);
        }
        break;
    case 5:
        if (!trace.legacyBatches.empty())
            trace.hollowBatches[{random() % 50, random() % 50}] = changed(*anyOf(trace.legacyBatches, random));
        break;
    case 6:
        trace.merges[{random() % 50, random() % 50}] = {oddFrontier(random), oddNumber(random), random()};
        break;
    case 7:
        if (!trace.merges.empty())
            trace.merges.erase(anyOf(trace.merges, random));
        break;
    case 8:
        if (!trace.spineBatches.empty())
            trace.spineBatches.erase(anyOf(trace.spineBatches, random));
        break;
    default:
        if (!trace.spineBatches.empty()) {
            auto node = trace.spineBatches.extract(anyOf(trace.spineBatches, random));
            auto& batch = node.mapped();
            switch (random() % 6) {
            case 0:
                node.key() = {oddNumber(random), oddNumber(random)};
                break;
            case 1:
                batch.level = oddNumber(random);
                break;
            case 2:
                anyBound(batch.description, random) = oddFrontier(random);
                break;
            case 3:
                batch.parts.insert(batch.parts.end(), random() % 3, {oddNumber(random), oddNumber(random)});
                break;
            case 4:
                if (!batch.parts.empty())
                    *anyOf(batch.parts, random) = {oddNumber(random), oddNumber(random)};
                break;
            default:
                batch.descriptions.resize(random() % (batch.descriptions.size() + 2));
                break;
            }
            trace.spineBatches.insert(std::move(node));
        }
        break;
    }
}

/// Everything that can be done with a trace that somebody else wrote. Answers whether it loaded.
bool use(const Trace& trace, Random& random)
{
    const auto era = random() % 2 == 0 ? Era::Old : Era::New;
    auto loaded = LayeredSpine::unflatten(trace, era);
    const auto otherwise = batchesLoadedOtherwise(trace);
    if (!loaded) {
        [&] { QVERIFY(loaded.error().code == ErrorCode::Corrupt && !loaded.error().message.empty()); }();
        return false;
    }
    auto& spine = *loaded;
    [&] {
        QVERIFY2(otherwise, "it loads in one era only");
        const auto flat = spine.flatten();
        const auto again = LayeredSpine::unflatten(flat, era);
        QVERIFY2(again.has_value(), again ? "" : again.error().describe().c_str());
        QCOMPARE(QString::fromStdString(firstDifference(again->flatten(), flat)), QString());
    }();

    auto compacted = spine;
    for (const auto* batch : spine.oldestFirst()) {
        if (batch->members.empty())
            continue;
        auto result = std::make_shared<HollowBatch>(*anyOf(batch->members, random)->second);
        result->description.upper = anyOf(batch->members, random)->second->description.upper;
        result->length = random() % 2 == 0 ? 0 : result->length;
        if (compacted.applyMergeResult(*result))
            compacted.claim(batch->id, random());
    }
    [&] { QVERIFY2(compacted.validate(), "a compaction broke the spine"); }();

    std::vector<MergeRequest> requests;
    auto exerted = spine;
    (void)exerted.exert(oddNumber(random), era, requests);
    for (int i = 0; i < 5; ++i) {
        auto batch = std::make_shared<HollowBatch>();
        batch->description.lower = spine.upper();
        batch->description.upper =
            spine.upper() && *spine.upper() < Timestamp(random() % 1000) ? Frontier(spine.upper()->next()) : Frontier();
        batch->length = random() % 3 == 0 ? oddNumber(random) : 0;
        const auto inserted = spine.insert(batch);
        if (!inserted) {
            [&] { QVERIFY(inserted.error().code == ErrorCode::Internal); }();
            break;
        }
        (void)withoutCovered(*inserted);
        // A merge may bring in a since that nobody has checked; what is stored is checked (§10.8 row 4).
        if (const auto valid = spine.validate(); !valid) {
            [&] { QVERIFY(valid.error().message.find("beyond the shard's since") != std::string::npos); }();
            break;
        }
    }
    return true;
}

} // namespace

/// Traces that no writer of this world wrote: refused, or used without harm.
class TestHostileSpine : public QObject
{
    Q_OBJECT

private slots:
    void damagedTracesAreRefusedOrUsed_data() { addFolders(); }
    void damagedTracesAreRefusedOrUsed()
    {
        QFETCH(const QString, folder);
        Random random(20261125);
        int loaded = 0;
        int refused = 0;
        for (const auto& [id, shard] : test::storedShards(folder.toStdString())) {
            std::vector<Trace> traces;
            test::visitStates(shard, [&](const persist::State& state) { traces.push_back(state.trace); });
            for (int i = 0; i < 3000 && !QTest::currentTestFailed(); ++i) {
                auto trace = *anyOf(traces, random);
                for (auto count = 1 + random() % 3; count > 0; --count)
                    damage(trace, random);
                ++(use(trace, random) ? loaded : refused);
            }
        }
        QVERIFY(loaded > 100);
        QVERIFY(refused > 1000);
    }

    void flippedBitsOfRollupsAreRefusedOrUsed_data() { addFolders(); }
    void flippedBitsOfRollupsAreRefusedOrUsed()
    {
        QFETCH(const QString, folder);
        Random random(20261126);
        int used = 0;
        for (const auto& [id, shard] : test::storedShards(folder.toStdString())) {
            std::vector<SharedBytes> rollups;
            test::visitStates(
                shard, [&](const persist::State& state) { rollups.push_back(encodeRollup(state, RawEntries(), {})); });
            for (int i = 0; i < 3000 && !QTest::currentTestFailed(); ++i) {
                const auto original = anyOf(rollups, random)->view();
                Bytes bytes(original.begin(), original.end());
                for (auto count = 1 + random() % 3; count > 0; --count)
                    bytes[random() % bytes.size()] ^= std::byte(1U << (random() % 8));
                if (const auto rollup = persist::decodeRollup(SharedBytes::copyOf(bytes)))
                    used += use(rollup->state.trace, random) ? 1 : 0;
            }
        }
        QVERIFY(used > 100);
    }

private:
    static void addFolders()
    {
        QTest::addColumn<QString>("folder");
        for (const auto& folder : test::smallFolders())
            QTest::newRow(folder.c_str()) << QString::fromStdString(folder);
    }
};

QTEST_GUILESS_MAIN(TestHostileSpine)
#include "tst_hostile_spine.moc"
