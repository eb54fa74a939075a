#include "tests/core/store/store_contract.h"

#include "tests/support/fixture.h"

#include <QtTest>

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>
#include <stop_token>
#include <utility>

using namespace inspector;
using namespace inspector::store;

namespace {

const std::vector<std::string> kContents {"odd", "old-busy", "new-busy"};
const Job kJob;

std::size_t versionCount(const std::map<std::int64_t, Bytes>& versions)
{
    return static_cast<std::size_t>(
        std::count_if(versions.begin(), versions.end(), [](const auto& version) { return version.first >= 0; }));
}

Job stoppedJob()
{
    std::stop_source source;
    source.request_stop();
    return Job(source.get_token());
}

} // namespace

void StoreContract::rows() const
{
    QTest::addColumn<QString>("pair");
    QTest::addColumn<QString>("name");
    for (const auto& pair : pairs())
        for (const auto& name : kContents)
            QTest::newRow((pair + ", " + name).c_str()) << QString::fromStdString(pair) << QString::fromStdString(name);
}

StoreContract::Content StoreContract::contentNamed(const std::string& name)
{
    if (name == "odd")
        return test::oddContent();
    const auto file = test::shardFile(name);
    if (!file)
        qFatal("%s", file.error().describe().c_str());
    const auto content = test::contentOfCatalogFile(*file);
    if (!content)
        qFatal("%s", content.error().describe().c_str());
    return *content;
}

StoreContract::Subject StoreContract::subject()
{
    const auto value = [](const char* column) {
        return static_cast<QString*>(QTest::qData(column, qMetaTypeId<QString>()))->toStdString();
    };
    Subject made;
    made.content = contentNamed(value("name"));
    made.log = std::make_shared<ActivityLog>();
    auto stores = open(value("pair"), value("name"), made.content, made.log);
    if (!stores)
        qFatal("%s", stores.error().describe().c_str());
    made.stores = *std::move(stores);
    return made;
}

void StoreContract::keysAreListedInBytewiseOrder_data()
{
    rows();
}
void StoreContract::keysAreListedInBytewiseOrder()
{
    const auto at = subject();
    std::vector<std::string> expected;
    for (const auto& [key, versions] : at.content->versions)
        if (versionCount(versions) > 0)
            expected.push_back(key);
    const auto keys = at.stores.consensus->listKeys(kJob);
    QVERIFY2(keys, keys ? "" : keys.error().describe().c_str());
    QVERIFY(!expected.empty());
    QVERIFY(*keys == expected);
}

void StoreContract::theHeadIsTheNewestVersion_data()
{
    rows();
}
void StoreContract::theHeadIsTheNewestVersion()
{
    const auto at = subject();
    for (const auto& [key, versions] : at.content->versions) {
        const auto head = at.stores.consensus->head(key, kJob);
        QVERIFY2(head, head ? "" : head.error().describe().c_str());
        const auto& [number, data] = *versions.rbegin();
        QCOMPARE(head->has_value(), number >= 0);
        if (*head) {
            QCOMPARE((*head)->seqno.value(), static_cast<std::uint64_t>(number));
            QVERIFY((*head)->data == data);
        }
    }
}

void StoreContract::aScanBeginsAtItsLowerBoundAndEndsAtItsLimit_data()
{
    rows();
}
void StoreContract::aScanBeginsAtItsLowerBoundAndEndsAtItsLimit()
{
    const auto at = subject();
    constexpr auto kLargest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    for (const auto& [key, versions] : at.content->versions) {
        for (const std::uint64_t from : std::initializer_list<std::uint64_t> {
                 0, 1, 3, 30, 188, kLargest, kLargest + 1, std::numeric_limits<std::uint64_t>::max()}) {
            for (const std::size_t limit : {std::size_t {0}, std::size_t {1}, std::size_t {7}, Consensus::kAll}) {
                std::vector<std::pair<std::uint64_t, Bytes>> expected;
                for (const auto& [number, data] : versions)
                    if (number >= 0 && static_cast<std::uint64_t>(number) >= from && expected.size() < limit)
                        expected.emplace_back(static_cast<std::uint64_t>(number), data);
                const auto found = at.stores.consensus->scan(key, SeqNo(from), limit, kJob);
                QVERIFY2(found, found ? "" : found.error().describe().c_str());
                QCOMPARE(found->size(), expected.size());
                for (std::size_t i = 0; i < expected.size(); ++i) {
                    QCOMPARE((*found)[i].seqno.value(), expected[i].first);
                    QVERIFY((*found)[i].data == expected[i].second);
                }
            }
        }
    }
}

void StoreContract::theSentinelRowIsNeverSeen_data()
{
    rows();
}
void StoreContract::theSentinelRowIsNeverSeen()
{
    const auto at = subject();
    for (const auto& [key, versions] : at.content->versions) {
        const auto all = at.stores.consensus->scan(key, SeqNo(0), Consensus::kAll, kJob);
        QVERIFY2(all, all ? "" : all.error().describe().c_str());
        QCOMPARE(all->size(), versionCount(versions));
        QVERIFY(
            std::is_sorted(all->begin(), all->end(), [](const auto& a, const auto& b) { return a.seqno < b.seqno; }));
    }
    const auto lonely = at.stores.consensus->head(test::kSentinelShard, kJob);
    QVERIFY(lonely);
    QVERIFY(!lonely->has_value());
}

void StoreContract::aBlobComesBackToTheByte_data()
{
    rows();
}
void StoreContract::aBlobComesBackToTheByte()
{
    const auto at = subject();
    QVERIFY(!at.content->blobs.empty());
    for (const auto& [key, bytes] : at.content->blobs) {
        const auto found = at.stores.blob->get(key, kJob);
        QVERIFY2(found, found ? "" : found.error().describe().c_str());
        QVERIFY2(*found, key.c_str());
        QCOMPARE((*found)->size(), bytes.size());
        QVERIFY(std::equal(bytes.view().begin(), bytes.view().end(), (*found)->view().begin()));
        // The padding behind the last byte is there and zero.
        const auto* end = (*found)->data() + (*found)->size();
        QVERIFY(std::all_of(end, end + SharedBytes::kPadding, [](std::byte byte) { return byte == std::byte {0}; }));
    }
}

void StoreContract::blobsAreListedByPrefixInBytewiseOrder_data()
{
    rows();
}
void StoreContract::blobsAreListedByPrefixInBytewiseOrder()
{
    const auto at = subject();
    const std::string first = at.content->blobs.begin()->first;
    const std::string shard = first.substr(0, 37);
    for (const auto& prefix : {std::string(), std::string("s"), shard, shard + "/", shard + "/n", shard + "/v1", first,
                               first + "x", std::string("t"), std::string("%"), std::string("s_")}) {
        std::vector<std::pair<std::string, std::uint64_t>> expected;
        for (const auto& [key, bytes] : at.content->blobs)
            if (key.starts_with(prefix))
                expected.emplace_back(key, bytes.size());
        const auto listed = at.stores.blob->list(prefix, kJob);
        QVERIFY2(listed, listed ? "" : listed.error().describe().c_str());
        QCOMPARE(listed->size(), expected.size());
        for (std::size_t i = 0; i < expected.size(); ++i) {
            QCOMPARE((*listed)[i].key, expected[i].first);
            QCOMPARE((*listed)[i].sizeBytes, expected[i].second);
        }
    }
}

void StoreContract::anUnknownKeyIsNothingAndNoError_data()
{
    rows();
}
void StoreContract::anUnknownKeyIsNothingAndNoError()
{
    const auto at = subject();
    const std::string known = at.content->versions.begin()->first;
    for (const auto& key :
         {std::string("s11b3d505-35d5-4e53-4ee9-d13016b7053f"), std::string(), known + "x", known.substr(0, 36),
          std::string("' OR ''='"), std::string("$1"), std::string("%"), std::string(".."), std::string("a\0b", 3),
          known + std::string(1, '\0'), std::string(5000, 'x'), std::string("../../etc/passwd"),
          at.content->blobs.begin()->first + ".tmp"}) {
        const auto head = at.stores.consensus->head(key, kJob);
        QVERIFY2(head, head ? "" : head.error().describe().c_str());
        QVERIFY2(!*head, key.c_str());
        const auto versions = at.stores.consensus->scan(key, SeqNo(0), Consensus::kAll, kJob);
        QVERIFY2(versions, versions ? "" : versions.error().describe().c_str());
        QVERIFY2(versions->empty(), key.c_str());
        const auto blob = at.stores.blob->get(key, kJob);
        QVERIFY2(blob, blob ? "" : blob.error().describe().c_str());
        QVERIFY2(!*blob, key.c_str());
    }
}

void StoreContract::aStopEndsEveryCall_data()
{
    rows();
}
void StoreContract::aStopEndsEveryCall()
{
    const auto at = subject();
    const Job job = stoppedJob();
    const auto key = at.content->versions.begin()->first;
    const auto code = [](const auto& result) { return result ? ErrorCode::Internal : result.error().code; };
    QVERIFY(code(at.stores.consensus->listKeys(job)) == ErrorCode::Cancelled);
    QVERIFY(code(at.stores.consensus->head(key, job)) == ErrorCode::Cancelled);
    QVERIFY(code(at.stores.consensus->scan(key, SeqNo(0), Consensus::kAll, job)) == ErrorCode::Cancelled);
    QVERIFY(code(at.stores.blob->get(at.content->blobs.begin()->first, job)) == ErrorCode::Cancelled);
    QVERIFY(code(at.stores.blob->list("", job)) == ErrorCode::Cancelled);
}

void StoreContract::aStopDoesNotSpoilTheNextCall_data()
{
    rows();
}
void StoreContract::aStopDoesNotSpoilTheNextCall()
{
    const auto at = subject();
    const auto key = at.content->versions.begin()->first;
    QVERIFY(!at.stores.consensus->scan(key, SeqNo(0), Consensus::kAll, stoppedJob()));
    const auto versions = at.stores.consensus->scan(key, SeqNo(0), Consensus::kAll, kJob);
    QVERIFY2(versions, versions ? "" : versions.error().describe().c_str());
    QCOMPARE(versions->size(), versionCount(at.content->versions.begin()->second));
    QVERIFY(!at.stores.blob->get(at.content->blobs.begin()->first, stoppedJob()));
    QVERIFY(at.stores.blob->get(at.content->blobs.begin()->first, kJob));
}

void StoreContract::everyCallIsInTheActivityLog_data()
{
    rows();
}
void StoreContract::everyCallIsInTheActivityLog()
{
    const auto at = subject();
    const auto before = at.log->totals();
    const auto& [key, versions] = *at.content->versions.begin();
    const auto& [blobKey, bytes] = *at.content->blobs.begin();
    QVERIFY(at.stores.consensus->listKeys(kJob));
    QVERIFY(at.stores.consensus->head(key, kJob));
    QVERIFY(at.stores.consensus->scan(key, SeqNo(0), Consensus::kAll, kJob));
    QVERIFY(at.stores.blob->get(blobKey, kJob));
    QVERIFY(at.stores.blob->list("", kJob));
    const auto entries = at.log->since(before.statements);
    QCOMPARE(entries.size(), std::size_t(5));
    QCOMPARE(at.log->totals().statements, before.statements + 5);
    QCOMPARE(at.log->totals().errors, before.errors);
    const auto stored =
        std::accumulate(versions.begin(), versions.end(), std::uint64_t {0},
                        [](std::uint64_t sum, const auto& version) { return sum + version.second.size(); });
    QCOMPARE(entries[2].rows, versionCount(versions));
    QVERIFY(entries[2].bytes >= stored);
    QVERIFY(entries[2].parameters.find(key) != std::string::npos);
    QCOMPARE(entries[3].rows, std::uint64_t(1));
    QCOMPARE(entries[3].bytes, bytes.size());
    QCOMPARE(entries[4].rows, at.content->blobs.size());
    for (const auto& entry : entries) {
        QVERIFY(!entry.store.empty());
        QVERIFY(!entry.statement.empty());
        QVERIFY(entry.walltimeMs > 1'700'000'000'000);
        QVERIFY(entry.error.empty());
    }
}
