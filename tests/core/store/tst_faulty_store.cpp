#include "core/store/faulty_store.h"
#include "core/store/memory_store.h"
#include "tests/support/sample_content.h"

#include <QtTest>

#include <stop_token>
#include <thread>

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
};

QTEST_GUILESS_MAIN(TestFaultyStore)
#include "tst_faulty_store.moc"
