#include "tests/core/store/writer_contract.h"

#include <QtTest>

#include <algorithm>
#include <atomic>
#include <limits>
#include <map>
#include <set>
#include <stop_token>
#include <thread>
#include <utility>

using namespace inspector;
using namespace inspector::store;

namespace {

const Job kJob;
const std::string kShard = "s00000000-0000-0000-0000-0000000000aa";
const std::string kOther = "s00000000-0000-0000-0000-0000000000bb";
const std::string kRollup = kShard + "/v12/r00000000-0000-0000-0000-0000000000c1";
const std::string kPart = kShard + "/n2603900/p00000000-0000-0000-0000-0000000000c2";

Bytes bytes(std::string_view text)
{
    const auto view = bytesOf(text);
    return {view.begin(), view.end()};
}

VersionedData version(std::uint64_t seqno, std::string_view text)
{
    return {SeqNo(seqno), bytes(text)};
}

Job stoppedJob()
{
    std::stop_source source;
    source.request_stop();
    return Job(source.get_token());
}

template <typename T>
T valueOf(Result<T> result)
{
    if (!result)
        qFatal("%s", result.error().describe().c_str());
    return *std::move(result);
}

template <typename T>
ErrorCode codeOf(const Result<T>& result)
{
    return result ? ErrorCode::Internal : result.error().code;
}

/// "0:a 1:b": every version of a key.
std::string logOf(const Consensus& consensus, const std::string& key)
{
    std::string text;
    for (const auto& [seqno, data] : valueOf(consensus.scan(key, SeqNo(0), Consensus::kAll, kJob)))
        text += (text.empty() ? "" : " ") + std::to_string(seqno.value()) + ":" + std::string(textOf(data));
    return text;
}

} // namespace

void WriterContract::rows() const
{
    QTest::addColumn<QString>("pair");
    for (const auto& pair : pairs())
        QTest::newRow(pair.c_str()) << QString::fromStdString(pair);
}

std::string WriterContract::pair() const
{
    return static_cast<QString*>(QTest::qData("pair", qMetaTypeId<QString>()))->toStdString();
}

WritableStores WriterContract::stores(std::shared_ptr<ActivityLog> log)
{
    return valueOf(open(pair(), QTest::currentTestFunction(), std::move(log)));
}

void WriterContract::aFirstVersionIsAddedToAnEmptyKey_data()
{
    rows();
}
void WriterContract::aFirstVersionIsAddedToAnEmptyKey()
{
    const auto at = stores();
    QVERIFY(!valueOf(at.consensus->head(kShard, kJob)));
    QVERIFY(!valueOf(at.consensus->head(kOther, kJob)));
    // Newer writers begin with 0, older ones with 1.
    QVERIFY(valueOf(at.consensus->compareAndSet(kShard, {}, version(0, "a"), kJob)) == CasOutcome::Committed);
    QVERIFY(valueOf(at.consensus->compareAndSet(kOther, {}, version(1, "b"), kJob)) == CasOutcome::Committed);
    QCOMPARE(logOf(*at.consensus, kShard), std::string("0:a"));
    QCOMPARE(logOf(*at.consensus, kOther), std::string("1:b"));
    QVERIFY(valueOf(at.consensus->listKeys(kJob)) == (std::vector {kShard, kOther}));
    // Nobody else can begin them again, with either number.
    for (const auto& key : {kShard, kOther})
        for (const std::uint64_t first : {0U, 1U})
            QVERIFY(valueOf(at.consensus->compareAndSet(key, {}, version(first, "c"), kJob)) == CasOutcome::Mismatch);
    QCOMPARE(logOf(*at.consensus, kShard), std::string("0:a"));
    QCOMPARE(logOf(*at.consensus, kOther), std::string("1:b"));
}

void WriterContract::aVersionFollowsTheHead_data()
{
    rows();
}
void WriterContract::aVersionFollowsTheHead()
{
    const auto at = stores();
    const auto other = stores(); // another handle at the same place
    QVERIFY(valueOf(at.consensus->compareAndSet(kShard, {}, version(0, "a"), kJob)) == CasOutcome::Committed);
    for (std::uint64_t seqno = 1; seqno < 12; ++seqno) {
        const auto& writer = seqno % 2 == 0 ? at : other;
        QVERIFY(valueOf(writer.consensus->compareAndSet(kShard, SeqNo(seqno - 1), version(seqno, std::to_string(seqno)),
                                                        kJob))
                == CasOutcome::Committed);
        const auto head = valueOf(at.consensus->head(kShard, kJob));
        QVERIFY(head);
        QCOMPARE(head->seqno, SeqNo(seqno));
        QCOMPARE(std::string(textOf(head->data)), std::to_string(seqno));
        QCOMPARE(valueOf(other.consensus->head(kShard, kJob))->seqno, SeqNo(seqno));
    }
}

void WriterContract::aMismatchWritesNothing_data()
{
    rows();
}
void WriterContract::aMismatchWritesNothing()
{
    const auto at = stores();
    const auto set = [&](std::uint64_t expected, std::uint64_t next) {
        return valueOf(at.consensus->compareAndSet(kShard, SeqNo(expected), version(next, "x"), kJob));
    };
    QVERIFY(set(0, 1) == CasOutcome::Mismatch); // no version at all
    QVERIFY(set(7, 8) == CasOutcome::Mismatch);
    QVERIFY(valueOf(at.consensus->listKeys(kJob)).empty());
    for (const std::uint64_t seqno : {1U, 2U, 3U})
        QVERIFY(valueOf(at.consensus->compareAndSet(kShard, seqno == 1 ? std::nullopt : std::optional(SeqNo(seqno - 1)),
                                                    version(seqno, "v"), kJob))
                == CasOutcome::Committed);
    QVERIFY(set(0, 1) == CasOutcome::Mismatch);
    QVERIFY(set(1, 2) == CasOutcome::Mismatch); // behind the head
    QVERIFY(set(2, 3) == CasOutcome::Mismatch);
    QVERIFY(set(4, 5) == CasOutcome::Mismatch); // beyond it
    constexpr auto kLargest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    QVERIFY(set(kLargest - 1, kLargest) == CasOutcome::Mismatch);
    QCOMPARE(logOf(*at.consensus, kShard), std::string("1:v 2:v 3:v"));
}

void WriterContract::aNumberThatDoesNotFollowIsRefused_data()
{
    rows();
}
void WriterContract::aNumberThatDoesNotFollowIsRefused()
{
    const auto at = stores();
    const auto code = [&](const std::string& key, std::optional<std::uint64_t> expected, std::uint64_t next) {
        return codeOf(at.consensus->compareAndSet(key, expected ? std::optional(SeqNo(*expected)) : std::nullopt,
                                                  version(next, "x"), kJob));
    };
    constexpr auto kLargest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    QVERIFY(code(kShard, {}, 2) == ErrorCode::InvalidInput);
    QVERIFY(code(kShard, 3, 3) == ErrorCode::InvalidInput);
    QVERIFY(code(kShard, 3, 5) == ErrorCode::InvalidInput);
    QVERIFY(code(kShard, 3, 2) == ErrorCode::InvalidInput);
    QVERIFY(code(kShard, 0, 0) == ErrorCode::InvalidInput);
    QVERIFY(code(kShard, kLargest, kLargest + 1) == ErrorCode::InvalidInput);
    QVERIFY(code(kShard, std::numeric_limits<std::uint64_t>::max(), 0) == ErrorCode::InvalidInput);
    QVERIFY(code("", {}, 0) == ErrorCode::InvalidInput);
    QVERIFY(code(std::string("a\0b", 3), {}, 0) == ErrorCode::InvalidInput);
    QVERIFY(valueOf(at.consensus->listKeys(kJob)).empty());
}

void WriterContract::bytesOfAnyKindComeBack_data()
{
    rows();
}
void WriterContract::bytesOfAnyKindComeBack()
{
    const auto at = stores();
    Bytes every;
    for (int i = 0; i < 70'000; ++i)
        every.push_back(static_cast<std::byte>(i % 256));
    QVERIFY(valueOf(at.consensus->compareAndSet(kShard, {}, {SeqNo(0), every}, kJob)) == CasOutcome::Committed);
    QVERIFY(valueOf(at.consensus->compareAndSet(kShard, SeqNo(0), {SeqNo(1), {}}, kJob)) == CasOutcome::Committed);
    QVERIFY(at.blob->set(kPart, every, kJob));
    QVERIFY(at.blob->set(kRollup, {}, kJob));
    const auto log = valueOf(at.consensus->scan(kShard, SeqNo(0), Consensus::kAll, kJob));
    QCOMPARE(log.size(), std::size_t(2));
    QVERIFY(log[0].data == every);
    QVERIFY(log[1].data.empty());
    const auto part = valueOf(at.blob->get(kPart, kJob));
    QVERIFY(part);
    QVERIFY(std::equal(part->view().begin(), part->view().end(), every.begin(), every.end()));
    const auto rollup = valueOf(at.blob->get(kRollup, kJob));
    QVERIFY(rollup);
    QCOMPARE(rollup->size(), std::size_t(0));
}

void WriterContract::keysDoNotTouchEachOther_data()
{
    rows();
}
void WriterContract::keysDoNotTouchEachOther()
{
    const auto at = stores();
    const std::vector<std::string> keys {kShard, kOther, "' OR ''='", "$1", "%", "\xE2\x88\x95"};
    for (const auto& key : keys)
        QVERIFY(valueOf(at.consensus->compareAndSet(key, {}, version(0, key), kJob)) == CasOutcome::Committed);
    QVERIFY(valueOf(at.consensus->compareAndSet(kShard, SeqNo(0), version(1, "1"), kJob)) == CasOutcome::Committed);
    QCOMPARE(valueOf(at.consensus->truncate(kShard, SeqNo(1), kJob)), std::uint64_t(1));
    for (const auto& key : keys)
        QCOMPARE(logOf(*at.consensus, key), key == kShard ? std::string("1:1") : "0:" + key);
}

void WriterContract::truncatingKeepsTheHead_data()
{
    rows();
}
void WriterContract::truncatingKeepsTheHead()
{
    const auto at = stores();
    QVERIFY(valueOf(at.consensus->compareAndSet(kShard, {}, version(0, "0"), kJob)) == CasOutcome::Committed);
    for (std::uint64_t seqno = 1; seqno <= 6; ++seqno)
        QVERIFY(valueOf(at.consensus->compareAndSet(kShard, SeqNo(seqno - 1), version(seqno, "v"), kJob))
                == CasOutcome::Committed);
    QCOMPARE(valueOf(at.consensus->truncate(kShard, SeqNo(0), kJob)), std::uint64_t(0));
    QCOMPARE(valueOf(at.consensus->truncate(kShard, SeqNo(3), kJob)), std::uint64_t(3));
    QCOMPARE(valueOf(at.consensus->truncate(kShard, SeqNo(3), kJob)), std::uint64_t(0));
    QCOMPARE(valueOf(at.consensus->truncate(kShard, SeqNo(1), kJob)), std::uint64_t(0));
    QCOMPARE(logOf(*at.consensus, kShard), std::string("3:v 4:v 5:v 6:v"));
    QCOMPARE(valueOf(at.consensus->truncate(kShard, SeqNo(6), kJob)), std::uint64_t(3));
    QCOMPARE(logOf(*at.consensus, kShard), std::string("6:v"));
    // The log goes on as if nothing had happened, and begins only once.
    for (const std::uint64_t first : {0U, 1U})
        QVERIFY(valueOf(at.consensus->compareAndSet(kShard, {}, version(first, "x"), kJob)) == CasOutcome::Mismatch);
    QVERIFY(valueOf(at.consensus->compareAndSet(kShard, SeqNo(2), version(3, "x"), kJob)) == CasOutcome::Mismatch);
    QVERIFY(valueOf(at.consensus->compareAndSet(kShard, SeqNo(6), version(7, "7"), kJob)) == CasOutcome::Committed);
    QCOMPARE(logOf(*at.consensus, kShard), std::string("6:v 7:7"));
}

void WriterContract::truncatingNeverDeletesTheHead_data()
{
    rows();
}
void WriterContract::truncatingNeverDeletesTheHead()
{
    const auto at = stores();
    QVERIFY(codeOf(at.consensus->truncate(kShard, SeqNo(0), kJob)) == ErrorCode::InvalidInput);
    QVERIFY(valueOf(at.consensus->compareAndSet(kShard, {}, version(1, "1"), kJob)) == CasOutcome::Committed);
    QVERIFY(codeOf(at.consensus->truncate(kShard, SeqNo(2), kJob)) == ErrorCode::InvalidInput);
    QVERIFY(codeOf(at.consensus->truncate(kOther, SeqNo(1), kJob)) == ErrorCode::InvalidInput);
    QVERIFY(codeOf(at.consensus->truncate(kShard, SeqNo(std::numeric_limits<std::uint64_t>::max()), kJob))
            == ErrorCode::InvalidInput);
    QCOMPARE(logOf(*at.consensus, kShard), std::string("1:1"));
}

void WriterContract::aLogIsInsertedWholeOrNotAtAll_data()
{
    rows();
}
void WriterContract::aLogIsInsertedWholeOrNotAtAll()
{
    const auto at = stores();
    const std::vector<VersionedData> log {version(188, "a"), version(189, ""), version(190, "c")};
    QVERIFY(codeOf(at.consensus->insertLog(kShard, {}, kJob)) == ErrorCode::InvalidInput);
    QVERIFY(codeOf(at.consensus->insertLog(kShard, {log[0], log[2]}, kJob)) == ErrorCode::InvalidInput);
    QVERIFY(codeOf(at.consensus->insertLog(kShard, {log[1], log[0]}, kJob)) == ErrorCode::InvalidInput);
    QVERIFY(valueOf(at.consensus->listKeys(kJob)).empty());
    QVERIFY(valueOf(at.consensus->insertLog(kShard, log, kJob)) == CasOutcome::Committed);
    QCOMPARE(logOf(*at.consensus, kShard), std::string("188:a 189: 190:c"));
    QVERIFY(valueOf(at.consensus->insertLog(kShard, log, kJob)) == CasOutcome::Mismatch);
    QVERIFY(valueOf(at.consensus->insertLog(kShard, {version(300, "x")}, kJob)) == CasOutcome::Mismatch);
    QCOMPARE(logOf(*at.consensus, kShard), std::string("188:a 189: 190:c"));
    QVERIFY(valueOf(at.consensus->compareAndSet(kShard, SeqNo(190), version(191, "d"), kJob)) == CasOutcome::Committed);
    // From the first version on, too.
    QVERIFY(valueOf(at.consensus->insertLog(kOther, {version(0, "a"), version(1, "b")}, kJob))
            == CasOutcome::Committed);
    QCOMPARE(logOf(*at.consensus, kOther), std::string("0:a 1:b"));
}

void WriterContract::aBlobIsStoredOnceAndForAll_data()
{
    rows();
}
void WriterContract::aBlobIsStoredOnceAndForAll()
{
    const auto at = stores();
    const auto other = stores();
    QVERIFY(at.blob->set(kRollup, bytes("state"), kJob));
    QVERIFY(at.blob->set(kPart, bytes("rows"), kJob));
    QVERIFY(at.blob->set(kRollup, bytes("state"), kJob)); // the same again is done already
    for (const auto& others : {"", "stat", "statE", "state2"})
        QVERIFY(codeOf(other.blob->set(kRollup, bytes(others), kJob)) == ErrorCode::Conflict);
    QCOMPARE(std::string(textOf(valueOf(other.blob->get(kRollup, kJob))->view())), std::string("state"));
    const auto listed = valueOf(other.blob->list(kShard, kJob));
    QCOMPARE(listed.size(), std::size_t(2));
    QCOMPARE(listed[0].key, kPart);
    QCOMPARE(listed[1].key, kRollup);
    QCOMPARE(listed[1].sizeBytes, std::uint64_t(5));
}

void WriterContract::aRemovedBlobIsGone_data()
{
    rows();
}
void WriterContract::aRemovedBlobIsGone()
{
    const auto at = stores();
    QCOMPARE(valueOf(at.blob->remove(kPart, kJob)), false);
    QVERIFY(at.blob->set(kPart, bytes("a"), kJob));
    QCOMPARE(valueOf(at.blob->remove(kPart, kJob)), true);
    QCOMPARE(valueOf(at.blob->remove(kPart, kJob)), false);
    QVERIFY(!valueOf(at.blob->get(kPart, kJob)));
    QVERIFY(valueOf(at.blob->list("", kJob)).empty());
    QVERIFY(at.blob->set(kPart, bytes("b"), kJob));
    QCOMPARE(std::string(textOf(valueOf(at.blob->get(kPart, kJob))->view())), std::string("b"));
}

void WriterContract::whatIsNoKeyOfABlobIsRefused_data()
{
    rows();
}
void WriterContract::whatIsNoKeyOfABlobIsRefused()
{
    const auto at = stores();
    for (const auto& key : {std::string(), kShard, kShard + "/", std::string("../x"), kRollup + ".tmp", kRollup + "/x",
                            kShard + "/v12/p00000000-0000-0000-0000-0000000000c1", std::string("a\0b", 3),
                            kPart + std::string(1, '\0'), std::string(5000, 'x')}) {
        QVERIFY2(codeOf(at.blob->set(key, bytes("x"), kJob)) == ErrorCode::InvalidInput, key.c_str());
        QVERIFY2(codeOf(at.blob->remove(key, kJob)) == ErrorCode::InvalidInput, key.c_str());
    }
    QVERIFY(valueOf(at.blob->list("", kJob)).empty());
}

void WriterContract::aStopKeepsAWriteFromBeingSent_data()
{
    rows();
}
void WriterContract::aStopKeepsAWriteFromBeingSent()
{
    const auto at = stores();
    const auto job = stoppedJob();
    QVERIFY(valueOf(at.consensus->compareAndSet(kShard, {}, version(1, "1"), kJob)) == CasOutcome::Committed);
    QVERIFY(valueOf(at.consensus->compareAndSet(kShard, SeqNo(1), version(2, "2"), kJob)) == CasOutcome::Committed);
    QVERIFY(at.blob->set(kPart, bytes("a"), kJob));
    const auto check = [](const auto& result) {
        QVERIFY(!result);
        QVERIFY(result.error().code == ErrorCode::Cancelled);
        QVERIFY(!result.error().outcomeUnknown);
    };
    check(at.consensus->compareAndSet(kShard, SeqNo(2), version(3, "3"), job));
    check(at.consensus->compareAndSet(kOther, {}, version(0, "3"), job));
    check(at.consensus->truncate(kShard, SeqNo(2), job));
    check(at.consensus->insertLog(kOther, {version(5, "5")}, job));
    check(at.blob->set(kRollup, bytes("a"), job));
    check(at.blob->remove(kPart, job));
    QCOMPARE(logOf(*at.consensus, kShard), std::string("1:1 2:2"));
    QVERIFY(valueOf(at.consensus->listKeys(kJob)) == std::vector {kShard});
    QCOMPARE(valueOf(at.blob->list("", kJob)).size(), std::size_t(1));
    QVERIFY(valueOf(at.consensus->compareAndSet(kShard, SeqNo(2), version(3, "3"), kJob)) == CasOutcome::Committed);
}

void WriterContract::everyWriteIsInTheActivityLog_data()
{
    rows();
}
void WriterContract::everyWriteIsInTheActivityLog()
{
    const auto log = std::make_shared<ActivityLog>();
    const auto at = stores(log);
    const auto errors = log->totals().errors;
    const auto mentions = [&](std::uint64_t after, const std::string& word) {
        const auto entries = log->since(after);
        return std::count_if(entries.begin(), entries.end(),
                             [&](const Activity& entry) { return entry.parameters.find(word) != std::string::npos; });
    };
    auto before = log->totals().statements;
    QVERIFY(valueOf(at.consensus->compareAndSet(kShard, {}, version(1, "a"), kJob)) == CasOutcome::Committed);
    QCOMPARE(mentions(before, kShard), 1);
    before = log->totals().statements;
    QVERIFY(valueOf(at.consensus->compareAndSet(kShard, SeqNo(1), version(2, "b"), kJob)) == CasOutcome::Committed);
    QCOMPARE(mentions(before, kShard), 1);
    before = log->totals().statements;
    QCOMPARE(valueOf(at.consensus->truncate(kShard, SeqNo(2), kJob)), std::uint64_t(1));
    QCOMPARE(mentions(before, kShard), 1);
    before = log->totals().statements;
    QVERIFY(valueOf(at.consensus->insertLog(kOther, {version(4, "d")}, kJob)) == CasOutcome::Committed);
    QCOMPARE(mentions(before, kOther), 1);
    before = log->totals().statements;
    QVERIFY(at.blob->set(kPart, bytes("a"), kJob));
    QCOMPARE(mentions(before, kPart), 1);
    before = log->totals().statements;
    QVERIFY(valueOf(at.blob->remove(kPart, kJob)));
    QCOMPARE(mentions(before, kPart), 1);
    QCOMPARE(log->totals().errors, errors);
    for (const auto& entry : log->since(0))
        QVERIFY(!entry.store.empty() && !entry.statement.empty() && entry.error.empty());
}

void WriterContract::threadsAtOneKeyLoseNothing_data()
{
    rows();
}
void WriterContract::threadsAtOneKeyLoseNothing()
{
    constexpr int kThreads = 4;
    constexpr int kEach = 12;
    const std::string kind = pair();
    const std::string name = QTest::currentTestFunction();
    QVERIFY(valueOf(stores().consensus->compareAndSet(kShard, {}, version(0, "begin"), kJob)) == CasOutcome::Committed);
    std::map<int, std::map<std::uint64_t, std::string>> committed; // by thread: its versions
    std::atomic<int> failures = 0;
    for (int thread = 0; thread < kThreads; ++thread)
        committed[thread]; // so that no thread changes the outer map
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < kThreads; ++thread)
            threads.emplace_back([&, thread] {
                const auto mine = open(kind, name, {});
                if (!mine) {
                    ++failures;
                    return;
                }
                for (int done = 0; done < kEach;) {
                    const auto head = mine->consensus->head(kShard, kJob);
                    if (!head || !*head) {
                        ++failures;
                        return;
                    }
                    const auto next = (*head)->seqno.value() + 1;
                    const auto text = std::to_string(thread) + "#" + std::to_string(done) + " after "
                        + std::string(textOf((*head)->data)).substr(0, 8);
                    const auto outcome =
                        mine->consensus->compareAndSet(kShard, (*head)->seqno, version(next, text), kJob);
                    if (!outcome) {
                        ++failures;
                        return;
                    }
                    if (*outcome == CasOutcome::Committed) {
                        committed.at(thread)[next] = text;
                        ++done;
                    }
                }
            });
    }
    QCOMPARE(failures.load(), 0);
    const auto log = valueOf(stores().consensus->scan(kShard, SeqNo(0), Consensus::kAll, kJob));
    QCOMPARE(log.size(), std::size_t(kThreads * kEach + 1));
    std::size_t found = 0;
    for (std::size_t i = 1; i < log.size(); ++i) {
        const std::string text(textOf(log[i].data));
        QCOMPARE(log[i].seqno, SeqNo(i));
        // Each was written on top of the very version that is before it, and by the one who was told so.
        const auto before = std::string(textOf(log[i - 1].data)).substr(0, 8);
        QVERIFY2(text.ends_with(" after " + before), text.c_str());
        for (const auto& [thread, versions] : committed)
            if (const auto mine = versions.find(i); mine != versions.end()) {
                QCOMPARE(mine->second, text);
                ++found;
            }
    }
    QCOMPARE(found, std::size_t(kThreads * kEach)); // no number was confirmed twice
}

void WriterContract::threadsThatBeginAKeyAgreeOnOneFirstVersion_data()
{
    rows();
}
void WriterContract::threadsThatBeginAKeyAgreeOnOneFirstVersion()
{
    const std::string kind = pair();
    const std::string name = QTest::currentTestFunction();
    std::vector<WritableStores> handles;
    for (int i = 0; i < 4; ++i)
        handles.push_back(stores());
    for (int round = 0; round < 6; ++round) {
        const auto key = kShard + std::to_string(round);
        std::atomic<int> committed = 0;
        std::atomic<int> failures = 0;
        std::atomic<int> ready = 0;
        {
            std::vector<std::jthread> threads;
            for (auto& handle : handles)
                threads.emplace_back([&] {
                    ++ready;
                    while (ready < 4)
                        std::this_thread::yield();
                    // Half of them as older writers do.
                    const auto first = static_cast<std::uint64_t>(&handle - handles.data()) % 2;
                    const auto outcome = handle.consensus->compareAndSet(key, {}, version(first, "first"), kJob);
                    if (!outcome)
                        ++failures;
                    else if (*outcome == CasOutcome::Committed)
                        ++committed;
                });
        }
        QCOMPARE(failures.load(), 0);
        QCOMPARE(committed.load(), 1);
        QCOMPARE(valueOf(handles[0].consensus->scan(key, SeqNo(0), Consensus::kAll, kJob)).size(), std::size_t(1));
    }
}
