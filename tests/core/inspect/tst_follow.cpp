#include "core/catalog/consolidate.h"
#include "core/codec/row_codec.h"
#include "core/inspect/dump.h"
#include "core/inspect/follow.h"
#include "core/persist/shard_reader.h"
#include "core/persist/shard_tail.h"
#include "core/store/faulty_store.h"
#include "tests/core/edit/catalog_story.h"

#include <QTemporaryDir>
#include <QtTest>

#include <chrono>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

using namespace inspector;
using namespace inspector::test;
using catalog::CollectionType;

namespace {

const Job kJob;

/// A row, its time and its diff.
using Told = std::tuple<std::uint64_t, std::string, std::int64_t>;
using Contents = std::map<std::string, std::int64_t>;

std::string bytesOfRow(codec::StoredRow row)
{
    const auto bytes = codec::sourceDataOf(row);
    return {reinterpret_cast<const char*>(bytes->data()), bytes->size()};
}

void addTo(Contents& contents, const std::string& row, std::int64_t diff)
{
    if ((contents[row] += diff) == 0)
        contents.erase(row);
}

/// A catalog in a file, somebody who writes it, and what was written.
class Scene
{
public:
    explicit Scene(std::uint64_t version)
        : m_story(version, Place::ofCatalogFile(m_folder.filePath("catalog.mzcat").toStdString()))
    {
    }

    [[nodiscard]] Story& story() { return m_story; }
    [[nodiscard]] inspect::OpenOptions place() const
    {
        return {store::Location::ofCatalogFile(m_story.place().catalogFile), {}};
    }
    [[nodiscard]] Result<> open(std::uint64_t generation = 0)
    {
        INSPECTOR_TRY(m_catalog, m_story.open(generation));
        return {};
    }
    [[nodiscard]] edit::DurableCatalog& catalog() { return *m_catalog; }
    void crash() { m_catalog.reset(); }

    /// Sets a parameter, or removes it with an empty value; answers what that appended.
    [[nodiscard]] Result<std::vector<Told>> set(const std::string& name, const std::string& value)
    {
        INSPECTOR_TRY(auto transaction, m_catalog->transaction(kJob));
        const auto row = "{\"value\":\"" + value + "\"}";
        INSPECTOR_CHECK(transaction.set(CollectionType::SystemConfiguration, "{\"name\":\"" + name + "\"}",
                                        value.empty() ? std::nullopt : std::optional<std::string_view>(row)));
        static_cast<void>(transaction.takeOpUpdates());
        INSPECTOR_TRY(const auto batch, transaction.batch());
        INSPECTOR_TRY(const auto upper, m_catalog->commit(std::move(transaction), std::nullopt, kJob));
        std::vector<Told> written;
        for (const auto& change : batch.changes)
            written.emplace_back(upper.value() - 1, change.stored, change.diff);
        return written;
    }

    /// The rows that are there now, read by nothing that follows.
    [[nodiscard]] Contents contents() const
    {
        const auto stores = m_story.place().openForReading();
        persist::ShardReader reader(*stores->consensus, *stores->blob, m_story.shard());
        const auto snapshot = reader.latestSnapshot(kJob);
        const auto rows = *catalog::consolidate(snapshot->updates, kJob);
        Contents contents;
        for (std::size_t i = 0; i < rows->size(); ++i)
            addTo(contents, bytesOfRow(rows->rows[i]), rows->diffOf(i));
        return contents;
    }

private:
    QTemporaryDir m_folder;
    Story m_story;
    std::unique_ptr<edit::DurableCatalog> m_catalog;
};

/// A follower, and everything that it told.
struct Listener
{
    std::unique_ptr<inspect::Follower> follower;
    std::vector<Told> told;
    bool isExact = true;
    std::vector<std::string> remarks;
    std::vector<std::uint64_t> seqnos;
    std::uint64_t reached = 0;

    [[nodiscard]] static Result<Listener> open(const Scene& scene, std::optional<Timestamp> from = {})
    {
        Listener listener;
        INSPECTOR_TRY(listener.follower, inspect::Follower::open(scene.place(), from, kJob));
        listener.reached = listener.follower->told().value();
        return listener;
    }

    /// Asks once. The number of versions that were told.
    [[nodiscard]] Result<std::size_t> listen()
    {
        INSPECTOR_TRY(const auto all, follower->next(kJob));
        for (const auto& news : all) {
            isExact = isExact && news.isExact;
            remarks.insert(remarks.end(), news.remarks.begin(), news.remarks.end());
            seqnos.push_back(news.reading.seqno.value());
            reached = news.upper.value();
            const auto& updates = *news.reading.updates;
            for (std::size_t i = 0; i < updates.size(); ++i)
                told.emplace_back(updates.timeOf(i), bytesOfRow(updates.rows[i]), updates.diffOf(i));
        }
        return all.size();
    }
};

#define MUST(expression)                                                                                               \
    do {                                                                                                               \
        const auto& must_ = (expression);                                                                              \
        QVERIFY2(must_.has_value(), must_ ? "" : must_.error().describe().c_str());                                    \
    } while (false)

} // namespace

class TestFollow : public QObject
{
    Q_OBJECT

private:
    static void versions()
    {
        QTest::addColumn<quint64>("version");
        for (const auto version : {72ULL, 82ULL, 92ULL})
            QTest::addRow("v%llu", version) << quint64 {version};
    }

private slots:
    void everyCommitIsToldOnceAtItsTime_data() { versions(); }
    void everyCommitIsToldOnceAtItsTime()
    {
        QFETCH(quint64, version);
        Scene scene(version);
        MUST(scene.open());
        auto listener = Listener::open(scene);
        MUST(listener);
        QCOMPARE(*listener->listen(), std::size_t {0});
        std::vector<Told> written;
        for (int i = 0; i < 10; ++i) {
            auto changes = scene.set("p" + std::to_string(i % 3), std::to_string(i));
            MUST(changes);
            std::stable_sort(changes->begin(), changes->end(),
                             [](const Told& a, const Told& b) { return std::get<2>(a) < std::get<2>(b); });
            written.insert(written.end(), changes->begin(), changes->end());
            if (i % 2 == 1)
                MUST(listener->listen());
        }
        QCOMPARE(listener->told, written);
        QVERIFY(listener->isExact);
        QVERIFY(listener->remarks.empty());
        QCOMPARE(listener->reached, scene.catalog().upper().value());
        QCOMPARE(*listener->listen(), std::size_t {0});
        QCOMPARE(listener->told, written);
    }

    void whoTakesOverIsNamed()
    {
        Scene scene(92);
        MUST(scene.open());
        auto listener = Listener::open(scene);
        MUST(listener);
        MUST(scene.open(3));
        MUST(listener->listen());
        QCOMPARE(listener->remarks.size(), std::size_t {1});
        QVERIFY2(listener->remarks.front().find("generation 3, epoch 3 took over") != std::string::npos,
                 listener->remarks.front().c_str());
    }

    void linesAreThoseOfTheTrace()
    {
        Scene scene(82);
        MUST(scene.open());
        const auto follower = inspect::Follower::open(scene.place(), {}, kJob);
        MUST(follower);
        MUST(scene.set("max_tables", "77"));
        const auto news = (*follower)->next(kJob);
        MUST(news);
        QCOMPARE(news->size(), std::size_t {1});
        inspect::StringSink sink;
        inspect::SoloCrew crew;
        MUST(inspect::writeTypedLines(news->front().reading, {}, inspect::LineOrder::AsRead, sink, crew, kJob));
        const auto time = std::to_string(scene.catalog().upper().value() - 1);
        auto line = QStringLiteral("{'collection':'system_configuration','key':{'name':'max_tables'},"
                                   "'value':{'value':'77'},'ts':'%1','diff':1}\n")
                        .arg(scene.catalog().upper().value() - 1);
        QCOMPARE(QString::fromStdString(sink.text()), line.replace('\'', '"'));
    }

    void thePastIsToldFromATimeOn_data() { versions(); }
    void thePastIsToldFromATimeOn()
    {
        QFETCH(quint64, version);
        Scene scene(version);
        MUST(scene.open());
        std::vector<Told> written;
        std::uint64_t from = 0;
        for (int i = 0; i < 6; ++i) {
            if (i == 2)
                from = scene.catalog().upper().value();
            const auto changes = scene.set("p" + std::to_string(i), "on");
            MUST(changes);
            if (i >= 2)
                written.insert(written.end(), changes->begin(), changes->end());
        }
        auto listener = Listener::open(scene, Timestamp(from));
        MUST(listener);
        MUST(listener->listen());
        QCOMPARE(listener->told, written);
        const auto changes = scene.set("later", "on");
        MUST(changes);
        written.insert(written.end(), changes->begin(), changes->end());
        MUST(listener->listen());
        QCOMPARE(listener->told, written);
        QVERIFY(listener->isExact);
    }

    void aTimeThatIsNotThereYetIsWaitedFor()
    {
        Scene scene(92);
        MUST(scene.open());
        auto listener = Listener::open(scene, Timestamp(scene.catalog().upper().value() + 2));
        MUST(listener);
        MUST(scene.set("early", "on"));
        MUST(scene.set("early", "off"));
        MUST(listener->listen());
        QVERIFY(listener->told.empty());
        const auto changes = scene.set("wanted", "on");
        MUST(changes);
        MUST(listener->listen());
        QCOMPARE(listener->told, *changes);
    }

    void aShardWithoutACatalogIsNotFollowed()
    {
        Scene scene(92);
        MUST(scene.open());
        auto place = scene.place();
        place.shard = {inspect::ShardChoice::By::OrganizationId, "00000000-0000-0000-0000-00000000000f"};
        const auto follower = inspect::Follower::open(place, {}, kJob);
        QVERIFY(!follower.has_value());
        QCOMPARE(follower.error().code, ErrorCode::NotFound);
    }

    /// The old era moves since and compacts what lies before it; both eras write rollups and cut the log. Whoever
    /// listens too seldom finds nothing of what he knew.
    void whoWasAwayIsToldWhatHasChanged_data() { versions(); }
    void whoWasAwayIsToldWhatHasChanged()
    {
        QFETCH(quint64, version);
        Scene scene(version);
        MUST(scene.open());
        for (int i = 0; i < 8; ++i)
            MUST(scene.set("old" + std::to_string(i), "there"));
        auto listener = Listener::open(scene);
        MUST(listener);
        auto contents = scene.contents();
        const auto begun = scene.story().state()->seqno;

        for (int i = 0; i < 400; ++i) {
            scene.story().clock().advance(31'000);
            if (i % 50 == 0)
                MUST(scene.set("old" + std::to_string(i / 50), ""));
            else
                MUST(scene.set("p" + std::to_string(i % 7), std::to_string(i)));
        }
        const auto stores = scene.story().place().openForReading();
        const auto oldest = stores->consensus->scan(scene.story().shard().text(), SeqNo(), 1, kJob);
        QVERIFY2(oldest->front().seqno > begun, "the log was not cut: this test shows nothing");

        MUST(listener->listen());
        for (const auto& [time, row, diff] : listener->told)
            addTo(contents, row, diff);
        QVERIFY(contents == scene.contents());
        QCOMPARE(listener->reached, scene.catalog().upper().value());
        if (version == 72) {
            QVERIFY(!listener->isExact);
            QVERIFY2(!listener->remarks.empty()
                         && listener->remarks.front().find("what came and went in between") != std::string::npos,
                     listener->remarks.empty() ? "no remark" : listener->remarks.front().c_str());
        } else {
            // Since stays at 0 there: nothing is ever lost.
            QVERIFY(listener->isExact);
            QVERIFY(listener->told.size() > 700);
        }
        const auto before = listener->told.size();
        const auto changes = scene.set("last", "on");
        MUST(changes);
        MUST(listener->listen());
        QVERIFY(std::vector<Told>(listener->told.begin() + static_cast<std::ptrdiff_t>(before), listener->told.end())
                == *changes);
    }

    /// Whatever happens between two questions: nothing is lost, nothing comes twice, and what is said to be exact is.
    void anyHistoryIsToldInWhole_data()
    {
        QTest::addColumn<quint64>("version");
        QTest::addColumn<quint32>("seed");
        for (const auto version : {72ULL, 82ULL, 92ULL}) {
            for (quint32 seed = 1; seed <= 4; ++seed)
                QTest::addRow("v%llu, seed %u", version, seed) << quint64 {version} << seed;
        }
    }
    void anyHistoryIsToldInWhole()
    {
        QFETCH(quint64, version);
        QFETCH(quint32, seed);
        std::mt19937 dice(seed);
        Scene scene(version);
        MUST(scene.open());
        auto listener = Listener::open(scene);
        MUST(listener);
        auto contents = scene.contents();
        std::vector<Told> written; // since the last question
        bool onlySets = true;
        std::size_t taken = 0;
        for (int step = 0; step < 250; ++step) {
            const auto luck = dice() % 100;
            if (luck < 60) {
                const auto changes =
                    scene.set("p" + std::to_string(dice() % 9), dice() % 4 == 0 ? "" : std::to_string(step));
                MUST(changes);
                written.insert(written.end(), changes->begin(), changes->end());
            } else if (luck < 75) {
                scene.story().clock().advance(static_cast<std::int64_t>(dice() % 120'000));
            } else if (luck < 78) {
                if (dice() % 2 == 0)
                    scene.crash();
                MUST(scene.open());
                onlySets = false;
            } else if (luck < 82 && version >= 82) {
                MUST(scene.catalog().advanceUpper(Timestamp(scene.catalog().upper().value() + 1 + dice() % 5), kJob));
            } else if (luck < 90) {
                MUST(listener->listen());
                for (auto i = taken; i < listener->told.size(); ++i)
                    addTo(contents, std::get<1>(listener->told[i]), std::get<2>(listener->told[i]));
                QVERIFY2(contents == scene.contents(), ("step " + std::to_string(step)).c_str());
                if (onlySets && listener->isExact) {
                    auto told = std::vector<Told>(listener->told.begin() + static_cast<std::ptrdiff_t>(taken),
                                                  listener->told.end());
                    std::sort(told.begin(), told.end());
                    std::sort(written.begin(), written.end());
                    QVERIFY2(told == written, ("step " + std::to_string(step)).c_str());
                }
                taken = listener->told.size();
                written.clear();
                onlySets = true;
                listener->isExact = true;
            }
        }
        QVERIFY(taken > 0);
    }

    void aVersionThatCannotBeReadIsToldLater()
    {
        Scene scene(92);
        MUST(scene.open());
        auto listener = Listener::open(scene);
        MUST(listener);
        MUST(scene.set("p", "1"));
        std::stop_source stopped;
        stopped.request_stop();
        const auto news = listener->follower->next(Job(stopped.get_token()));
        QVERIFY(!news.has_value());
        QCOMPARE(news.error().code, ErrorCode::Cancelled);
        MUST(listener->listen());
        QCOMPARE(listener->told.size(), std::size_t {1});
    }

    void aStoreThatWasSetBackIsNoticed()
    {
        const auto content = std::make_shared<store::MemoryContent>();
        Story story(92, {content, {}});
        const auto catalog = story.open();
        MUST(catalog);
        const store::MemoryContent backup = *content;
        MUST((*catalog)->allocateIds("user", 1, std::nullopt, kJob));

        auto faults = std::make_shared<store::FaultPlan>();
        const store::FaultyConsensus consensus(std::make_unique<store::MemoryConsensus>(content), faults);
        const store::MemoryBlob blob(content);
        persist::ShardReader reader(consensus, blob, story.shard());
        const auto state = reader.refresh(kJob);
        MUST(state);
        persist::ShardTail tail(reader, *state, *(*state)->upper());
        MUST(tail.next(kJob));

        content->versions = backup.versions;
        content->blobs = backup.blobs;
        QVERIFY(tail.next(kJob)->empty()); // a log that ends earlier looks like one where nothing happens
        faults->failFrom = faults->calls + 1;
        QCOMPARE(tail.next(kJob).error().code, ErrorCode::Unavailable);
        const auto back = tail.next(kJob);
        QVERIFY(!back.has_value());
        QCOMPARE(back.error().code, ErrorCode::Corrupt);
        QVERIFY2(back.error().message.find("was set back") != std::string::npos, back.error().message.c_str());
    }

    void whatFailsIsToldLater_data() { versions(); }
    void whatFailsIsToldLater()
    {
        QFETCH(quint64, version);
        const auto content = std::make_shared<store::MemoryContent>();
        Story story(version, {content, {}});
        const auto catalog = story.open();
        MUST(catalog);
        auto faults = std::make_shared<store::FaultPlan>();
        const store::FaultyConsensus consensus(std::make_unique<store::MemoryConsensus>(content), faults);
        const store::FaultyBlob blob(std::make_unique<store::MemoryBlob>(content), faults);
        persist::ShardReader reader(consensus, blob, story.shard());
        const auto state = reader.refresh(kJob);
        MUST(state);
        persist::ShardTail tail(reader, *state, *(*state)->upper());
        // So large that its part is a blob.
        const std::string large(6'000, 'x');
        std::size_t failed = 0;
        for (std::size_t call = 1; call <= 4; ++call) {
            for (const auto* value : {"a", "b"}) {
                auto transaction = (*catalog)->transaction(kJob);
                MUST(transaction);
                MUST(transaction->set(CollectionType::SystemConfiguration, "{\"name\":\"p\"}",
                                      std::optional<std::string_view>("{\"value\":\"" + large + value + "\"}")));
                static_cast<void>(transaction->takeOpUpdates());
                MUST((*catalog)->commit(*std::move(transaction), std::nullopt, kJob));
            }
            faults->failFrom = faults->calls + call;
            auto steps = tail.next(kJob);
            if (!steps) {
                ++failed;
                QCOMPARE(steps.error().code, ErrorCode::Unavailable);
                steps = tail.next(kJob);
            }
            MUST(steps);
            std::size_t updates = 0;
            for (const auto& step : *steps)
                updates += step.updates->size();
            QCOMPARE(updates, call == 1 ? std::size_t {3} : std::size_t {4});
            QCOMPARE(tail.told(), (*catalog)->upper());
        }
        QVERIFY(failed >= 3);
    }

    void asksBrieflyAfterNewsAndThenLess()
    {
        inspect::Pace pace(std::chrono::milliseconds(1000));
        std::vector<std::int64_t> waits;
        for (const bool news : {true, false, false, false, false, false, true, false})
            waits.push_back(pace.next(news).count());
        QCOMPARE(waits, (std::vector<std::int64_t> {100, 200, 400, 800, 1000, 1000, 100, 200}));
        QCOMPARE(inspect::Pace(std::chrono::milliseconds(20)).next(true).count(), std::int64_t {20});
    }

    void aStopEndsTheWait()
    {
        std::stop_source stop;
        std::jthread stopper([&] { stop.request_stop(); });
        const auto waited = inspect::wait(std::chrono::hours(1), Job(stop.get_token()));
        QVERIFY(!waited.has_value());
        QCOMPARE(waited.error().code, ErrorCode::Cancelled);
    }
};

QTEST_APPLESS_MAIN(TestFollow)
#include "tst_follow.moc"
