#include "core/store/faulty_store.h"
#include "core/store/memory_store.h"
#include "core/store/memory_writer.h"
#include "tests/support/sample_content.h"

#include <QtTest>

#include <stop_token>
#include <string>
#include <thread>
#include <vector>

using namespace inspector;
using namespace inspector::store;

namespace {

const Job kJob;

struct Faulty
{
    std::shared_ptr<MemoryContent> content = test::oddContent();
    std::shared_ptr<FaultPlan> plan = std::make_shared<FaultPlan>();
    FaultyConsensus consensus {std::make_unique<MemoryConsensus>(content), plan};
    FaultyBlob blob {std::make_unique<MemoryBlob>(content), plan};
};

struct FaultyWriting
{
    std::shared_ptr<MemoryContent> content = std::make_shared<MemoryContent>();
    std::shared_ptr<FaultPlan> plan = std::make_shared<FaultPlan>();
    FaultyConsensusWriter consensus {std::make_unique<MemoryConsensusWriter>(content), plan};
    FaultyBlobWriter blob {std::make_unique<MemoryBlobWriter>(content), plan};

    [[nodiscard]] Result<CasOutcome> begin()
    {
        return consensus.compareAndSet(test::kOddShard, {}, {SeqNo(0), {}}, kJob);
    }
    [[nodiscard]] bool hasBegun() const { return content->versions.contains(test::kOddShard); }
};
const std::string kPart = std::string(test::kOddShard) + "/n2603900/p00000000-0000-0000-0000-0000000000c2";

} // namespace

/// The wrappers must break what they are told to, and nothing else, or tests built on them prove nothing.
class TestFaultyStore : public QObject
{
    Q_OBJECT

private slots:
    void withoutAPlanNothingFails()
    {
        const Faulty faulty;
        QCOMPARE(faulty.consensus.listKeys(kJob).value().size(), std::size_t(2));
        QVERIFY(faulty.consensus.head(test::kOddShard, kJob).value());
        QCOMPARE(faulty.consensus.scan(test::kOddShard, SeqNo(0), 2, kJob).value().size(), std::size_t(2));
        QCOMPARE(faulty.blob.list("", kJob).value().size(), faulty.content->blobs.size());
        QVERIFY(faulty.blob.get(faulty.content->blobs.begin()->first, kJob).value());
        QCOMPARE(faulty.plan->calls, std::size_t(5));
        QCOMPARE(faulty.consensus.description(), std::string("memory"));
    }

    void theChosenCallsFail()
    {
        const Faulty faulty;
        faulty.plan->failFrom = 2;
        faulty.plan->failCount = 2;
        faulty.plan->error = {ErrorCode::Corrupt, "on purpose", {}, false};
        QVERIFY(faulty.consensus.listKeys(kJob));
        const auto second = faulty.consensus.head(test::kOddShard, kJob);
        QVERIFY(!second);
        QCOMPARE(second.error().code, ErrorCode::Corrupt);
        QCOMPARE(second.error().message, std::string("on purpose"));
        QVERIFY(!faulty.blob.list("", kJob));
        QVERIFY(faulty.blob.list("", kJob));
    }

    void blobsGoMissingAndAreCutOff()
    {
        const Faulty faulty;
        const auto first = faulty.content->blobs.begin()->first;
        const auto last = faulty.content->blobs.rbegin()->first;
        faulty.plan->missing.insert(first);
        faulty.plan->truncated[last] = 7;
        QVERIFY(!faulty.blob.get(first, kJob).value());
        QCOMPARE(faulty.blob.get(last, kJob).value()->size(), std::size_t(7));
        const auto listed = faulty.blob.list("", kJob).value();
        QCOMPARE(listed.size(), faulty.content->blobs.size() - 1);
        QCOMPARE(listed.back().sizeBytes, std::uint64_t(7));
    }

    void aLateAnswerEndsWithAStop()
    {
        const Faulty faulty;
        faulty.plan->delay = std::chrono::hours(1);
        std::stop_source stop;
        const std::jthread later([&] { stop.request_stop(); });
        const auto keys = faulty.consensus.listKeys(Job(stop.get_token()));
        QVERIFY(!keys);
        QCOMPARE(keys.error().code, ErrorCode::Cancelled);
    }

    void theStoreCanChangeUnderAReader()
    {
        const Faulty faulty;
        const auto key = faulty.content->blobs.begin()->first;
        faulty.plan->beforeCall = [&](std::size_t call) {
            if (call == 2)
                faulty.content->blobs.erase(key);
        };
        QVERIFY(faulty.blob.get(key, kJob).value());
        QVERIFY(!faulty.blob.get(key, kJob).value());
    }

    // Writing.

    void withoutAPlanNoWriteFails()
    {
        FaultyWriting faulty;
        QVERIFY(faulty.begin().value() == CasOutcome::Committed);
        QVERIFY(faulty.consensus.compareAndSet(test::kOddShard, SeqNo(0), {SeqNo(1), {}}, kJob).value()
                == CasOutcome::Committed);
        QCOMPARE(faulty.consensus.truncate(test::kOddShard, SeqNo(1), kJob).value(), std::uint64_t(1));
        QVERIFY(faulty.consensus.insertLog(test::kOtherShard, {{SeqNo(4), {}}}, kJob).value() == CasOutcome::Committed);
        QVERIFY(faulty.blob.set(kPart, bytesOf("x"), kJob));
        QVERIFY(faulty.blob.get(kPart, kJob).value());
        QVERIFY(faulty.blob.remove(kPart, kJob).value());
        QVERIFY(faulty.consensus.head(test::kOddShard, kJob).value());
        QCOMPARE(faulty.plan->calls, std::size_t(8));
        QCOMPARE(faulty.plan->byKind[StoreCall::CompareAndSet], std::size_t(2));
        QCOMPARE(faulty.plan->byKind[StoreCall::Set], std::size_t(1));
    }

    void aRefusedWriteHasNoEffectAndSaysSo()
    {
        FaultyWriting faulty;
        faulty.plan->failFrom = 1;
        const auto outcome = faulty.begin();
        QVERIFY(!outcome && !outcome.error().outcomeUnknown);
        QVERIFY(!faulty.hasBegun());
        QVERIFY(faulty.begin());
    }

    void aLostRequestHasNoEffectAndNobodyKnows()
    {
        FaultyWriting faulty;
        faulty.plan->failFrom = 1;
        faulty.plan->moment = FaultMoment::RequestLost;
        const auto outcome = faulty.begin();
        QVERIFY(!outcome && outcome.error().outcomeUnknown);
        QVERIFY(!faulty.hasBegun());
    }

    void aLostReplyHasItsEffectAndNobodyKnows()
    {
        FaultyWriting faulty;
        faulty.plan->failFrom = 1;
        faulty.plan->failCount = 2;
        faulty.plan->moment = FaultMoment::ReplyLost;
        const auto outcome = faulty.begin();
        QVERIFY(!outcome && outcome.error().outcomeUnknown);
        QVERIFY(faulty.hasBegun());
        const auto set = faulty.blob.set(kPart, bytesOf("x"), kJob);
        QVERIFY(!set && set.error().outcomeUnknown);
        QVERIFY(faulty.content->blobs.contains(kPart));
    }

    void aLateWriteLandsBeforeALaterCall()
    {
        FaultyWriting faulty;
        faulty.plan->failFrom = 1;
        faulty.plan->moment = FaultMoment::LandsLater;
        faulty.plan->landsAfter = 2;
        const auto outcome = faulty.begin();
        QVERIFY(!outcome && outcome.error().outcomeUnknown);
        QVERIFY(!faulty.consensus.head(test::kOddShard, kJob).value());
        QVERIFY(!faulty.consensus.head(test::kOddShard, kJob).value());
        QVERIFY(faulty.consensus.head(test::kOddShard, kJob).value());
    }

    void onlyTheChosenKindIsCounted()
    {
        FaultyWriting faulty;
        faulty.plan->only = {StoreCall::Set};
        faulty.plan->failFrom = 2;
        std::vector<std::string> moments;
        faulty.plan->beforeCall = [&](std::size_t call) {
            moments.push_back("before " + std::to_string(call) + (faulty.content->blobs.empty() ? "" : " set"));
        };
        faulty.plan->afterCall = [&](std::size_t call) {
            moments.push_back("after " + std::to_string(call) + (faulty.content->blobs.empty() ? "" : " set"));
        };
        QVERIFY(faulty.begin());
        QVERIFY(faulty.blob.set(kPart, bytesOf("x"), kJob));
        QVERIFY(faulty.blob.get(kPart, kJob));
        QVERIFY(!faulty.blob.set(kPart, bytesOf("x"), kJob));
        QVERIFY(moments == (std::vector<std::string> {"before 1", "after 1 set", "before 2 set"}));
        QCOMPARE(faulty.plan->calls, std::size_t(2));
        QCOMPARE(faulty.plan->byKind[StoreCall::Get], std::size_t(1));
    }
};

QTEST_GUILESS_MAIN(TestFaultyStore)
#include "tst_faulty_store.moc"
