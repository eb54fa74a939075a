#include "core/machine/shard_writer.h"
#include "core/store/faulty_store.h"
#include "tests/core/machine/machine_scene.h"

#include <QTest>

// One scenario, with every call of the consensus and of the blob store failing in turn: refused, lost before it took
// effect, lost after it did, and taking effect when nobody expects it any more. Whatever fails, an append is in the
// shard once or not at all, as the writer says, and the shard stays one that everybody can load.

using namespace inspector;
using namespace inspector::machine;
using namespace inspector::machine::test;
using store::FaultMoment;
using store::FaultPlan;

Q_DECLARE_METATYPE(inspector::machine::Era)
Q_DECLARE_METATYPE(inspector::store::FaultMoment)

namespace {

constexpr const char* kReader = "c55555555-6666-7777-8888-999999999999";

enum class Faulty { Consensus, Blob };

struct Fault
{
    Faulty store = Faulty::Consensus;
    FaultMoment moment = FaultMoment::Refused;
    std::size_t count = 1;
    std::size_t landsAfter = 1;
};

/// What is known of the appends so far.
struct Model
{
    Rows rows;
    std::uint64_t upper = 0;
    int committed = 0;
    int refused = 0;
    int foundOut = 0;
};

/// A location whose stores fail by plan, and the scenario that is played on it.
class Stage
{
public:
    Stage(Era era, Stance stance, const Fault& fault)
        : m_era(era)
        , m_plan(std::make_shared<FaultPlan>())
        , m_healthy(std::make_shared<FaultPlan>())
        , m_consensus(std::make_unique<store::MemoryConsensusWriter>(m_scene.content),
                      fault.store == Faulty::Consensus ? m_plan : m_healthy)
        , m_blob(std::make_unique<store::MemoryBlobWriter>(m_scene.content),
                 fault.store == Faulty::Blob ? m_plan : m_healthy)
        , m_profile(profileOf(era, stance))
    {
        m_profile.rollupThreshold = 4; // so that rollups and collections are part of it
        m_profile.inlineWriteBytes = 60;
        if (stance == Stance::Guest) { // on somebody else's shard
            auto owner = m_scene.writer(profileOf(era, Stance::Owner));
            prepared = owner.openOrCreate(permitAt(), m_scene.job).has_value();
        }
        m_plan->moment = fault.moment;
        m_plan->failCount = fault.count;
        m_plan->landsAfter = fault.landsAfter;
    }

    /// Plays the scenario with the n-th call failing; false when it never came to an n-th call.
    bool play(std::size_t n)
    {
        m_plan->failFrom = n;
        ShardWriter writer(m_consensus, m_blob, m_scene.shardId, m_profile, m_scene.clock, m_scene.ids);
        if (m_profile.stance == Stance::Owner) {
            for (int attempt = 0; attempt < 3 && !writer.openOrCreate(permitAt(), m_scene.job); ++attempt)
                heal();
            [[maybe_unused]] const auto reader =
                writer.registerCriticalReader(permitAt(), kReader, "test", m_scene.job);
        }
        for (int step = 0; step < 12 && problem.empty(); ++step) {
            m_scene.clock.now += 6000;
            append(writer, step);
            if (m_profile.stance == Stance::Owner) {
                [[maybe_unused]] const auto since =
                    writer.compareAndDowngradeSince(permitAt(), kReader, Opaque(), Opaque(), Timestamp(0), m_scene.job);
                const auto maintained = writer.performMaintenance(permitAt(), m_scene.job);
                if (!maintained && maintained.error().code == ErrorCode::Corrupt)
                    problem = "maintenance: " + maintained.error().describe();
            }
        }
        const bool reached = m_plan->calls >= n;
        heal();
        return reached;
    }

    /// Everything as the model has it, and no rule broken.
    void check()
    {
        if (!problem.empty())
            return;
        problem = brokenRuleOf(m_scene.consensus, m_scene.blob, m_scene.shardId, m_era);
        if (problem.empty() && rowsOf(m_scene.consensus, m_scene.blob, m_scene.shardId) != model.rows)
            problem = "the shard does not hold what the writer said";
    }

    Model model;
    std::string problem;
    bool prepared = true;

private:
    /// The stores work again; what was under way and lands late may still do so.
    void heal() { m_plan->failCount = 0; }

    void append(ShardWriter& writer, int step)
    {
        const auto lower = model.upper;
        AppendRequest request {Timestamp(lower), Timestamp(lower + 1), {}};
        Rows fresh;
        for (int row = 0; row <= step % 3; ++row) {
            const auto key = "step " + std::to_string(step) + " row " + std::to_string(row);
            request.updates.push_back({key, "", lower, 1});
            fresh[{key, lower}] = 1;
        }
        const auto commit = [&] {
            model.rows.insert(fresh.begin(), fresh.end());
            model.upper = lower + 1;
            ++model.committed;
        };
        const auto done = writer.compareAndAppend(permitAt(lower), request, m_scene.job);
        if (done) {
            if (const auto* lost = std::get_if<UpperMismatch>(&*done))
                problem = "step " + std::to_string(step) + " finds the upper at " + persist::textOf(lost->actual);
            commit();
            return;
        }
        if (!done.error().outcomeUnknown) {
            ++model.refused;
            return;
        }
        if (!writer.pending()) {
            problem = "an unknown outcome without what was sent";
            return;
        }
        heal();
        ++model.foundOut;
        auto found = writer.resolve(m_scene.job);
        if (!found && found.error().outcomeUnknown) {
            // Nothing is there yet. Once somebody else takes the seqno, it can be told.
            auto other = m_scene.writer(profileOf(m_era, Stance::Owner));
            if (!other.registerCriticalReader(permitAt(), "c99999999-6666-7777-8888-999999999999", "other",
                                              m_scene.job))
                problem = "the other writer cannot write";
            found = writer.resolve(m_scene.job);
        }
        if (!found)
            problem = "resolving: " + found.error().describe();
        else if (*found)
            commit();
        else
            ++model.refused;
        if (writer.pending())
            problem = "it is resolved and still pending";
    }

    MemoryScene m_scene;
    Era m_era;
    std::shared_ptr<FaultPlan> m_plan;
    std::shared_ptr<FaultPlan> m_healthy;
    store::FaultyConsensusWriter m_consensus;
    store::FaultyBlobWriter m_blob;
    Profile m_profile;
};

} // namespace

class TestFaults : public QObject
{
    Q_OBJECT

private slots:
    void anAppendIsInOnceOrNotAtAll_data()
    {
        QTest::addColumn<Era>("era");
        QTest::addColumn<bool>("isGuest");
        QTest::addColumn<bool>("isBlob");
        QTest::addColumn<FaultMoment>("moment");
        QTest::addColumn<int>("count");
        QTest::addColumn<int>("landsAfter");
        const std::vector<std::pair<const char*, FaultMoment>> moments {{"refused", FaultMoment::Refused},
                                                                        {"request lost", FaultMoment::RequestLost},
                                                                        {"reply lost", FaultMoment::ReplyLost},
                                                                        {"lands later", FaultMoment::LandsLater}};
        for (const auto era : {Era::Old, Era::New})
            for (const bool isGuest : {false, true})
                for (const bool isBlob : {false, true})
                    for (const auto& [name, moment] : moments)
                        for (const int count :
                             moment == FaultMoment::LandsLater ? std::vector {1, 1000} : std::vector {1, 2, 1000})
                            for (const int landsAfter :
                                 moment == FaultMoment::LandsLater ? std::vector {0, 2, 30} : std::vector {1})
                                QTest::addRow("%s %s, %s, %s, %d calls, after %d", era == Era::Old ? "old" : "new",
                                              isGuest ? "guest" : "owner", isBlob ? "blob" : "consensus", name, count,
                                              landsAfter)
                                    << era << isGuest << isBlob << moment << count << landsAfter;
    }

    void anAppendIsInOnceOrNotAtAll()
    {
        QFETCH(const Era, era);
        QFETCH(const bool, isGuest);
        QFETCH(const bool, isBlob);
        QFETCH(const FaultMoment, moment);
        QFETCH(const int, count);
        QFETCH(const int, landsAfter);
        Model sum;
        std::size_t n = 1;
        for (;; ++n) {
            Stage stage(era, isGuest ? Stance::Guest : Stance::Owner,
                        {isBlob ? Faulty::Blob : Faulty::Consensus, moment, static_cast<std::size_t>(count),
                         static_cast<std::size_t>(landsAfter)});
            QVERIFY(stage.prepared);
            const bool reached = stage.play(n);
            stage.check();
            QVERIFY2(stage.problem.empty(), ("call " + std::to_string(n) + ": " + stage.problem).c_str());
            sum.committed += stage.model.committed;
            sum.refused += stage.model.refused;
            sum.foundOut += stage.model.foundOut;
            if (!reached)
                break;
        }
        QVERIFY2(n > 5, std::to_string(n).c_str());
        QVERIFY(sum.committed > 0);
        qInfo("%zu calls: %d appends went in, %d did not, %d had to be found out", n - 1, sum.committed, sum.refused,
              sum.foundOut);
    }

    void whatMayStillArriveIsNotCalledLost()
    {
        Lonely lonely;
        lonely.plan->moment = FaultMoment::LandsLater;
        lonely.plan->landsAfter = 3;
        lonely.plan->only = {store::StoreCall::CompareAndSet};
        QVERIFY(lonely.loseAnAppend());
        // Two looks at nothing, then it lands.
        for (int look = 0; look < 2; ++look) {
            const auto early = lonely.writer.resolve(lonely.scene.job);
            QVERIFY(!early);
            QVERIFY(early.error().outcomeUnknown);
            QVERIFY(lonely.writer.pending().has_value());
        }
        [[maybe_unused]] const auto passesTime = lonely.consensus.head(lonely.scene.shardId.text(), lonely.scene.job);
        const auto found = lonely.writer.resolve(lonely.scene.job);
        QVERIFY(found);
        QCOMPARE(*found, true);
        QVERIFY(!lonely.writer.pending());
    }

    void anotherRowInItsPlaceTells()
    {
        Lonely lonely;
        lonely.plan->moment = FaultMoment::RequestLost;
        QVERIFY(lonely.loseAnAppend());
        auto other = lonely.scene.writer(profileOf(Era::New, Stance::Owner));
        QVERIFY(other.registerCriticalReader(permitAt(), kReader, "other", lonely.scene.job));
        const auto found = lonely.writer.resolve(lonely.scene.job);
        QVERIFY(found);
        QCOMPARE(*found, false);
    }

    void aLaterCommandSettlesWhatCameBefore()
    {
        for (const auto moment : {FaultMoment::RequestLost, FaultMoment::ReplyLost}) {
            Lonely lonely;
            lonely.plan->moment = moment;
            QVERIFY(lonely.loseAnAppend());
            QVERIFY(lonely.writer.registerCriticalReader(permitAt(), kReader, "later", lonely.scene.job));
            QVERIFY(lonely.writer.pending().has_value());
            const auto found = lonely.writer.resolve(lonely.scene.job);
            QVERIFY(found);
            QCOMPARE(*found, moment == FaultMoment::ReplyLost);
            QCOMPARE(lonely.writer.state()->upper(),
                     persist::Frontier(Timestamp(moment == FaultMoment::ReplyLost ? 2 : 1)));
        }
    }

    void aCollectedRowIsToldByTheWritersEntry_data()
    {
        QTest::addColumn<FaultMoment>("moment");
        QTest::addColumn<bool>("isEntryGone");
        QTest::newRow("committed") << FaultMoment::ReplyLost << false;
        QTest::newRow("lost") << FaultMoment::RequestLost << false;
        QTest::newRow("committed, entry lapsed") << FaultMoment::ReplyLost << true;
        QTest::newRow("lost, entry lapsed") << FaultMoment::RequestLost << true;
    }
    void aCollectedRowIsToldByTheWritersEntry()
    {
        QFETCH(const FaultMoment, moment);
        QFETCH(const bool, isEntryGone);
        Lonely lonely;
        lonely.plan->moment = moment;
        QVERIFY(lonely.loseAnAppend());
        const auto row = lonely.writer.pending()->seqno;
        // Another owner goes on until the row is collected.
        auto profile = profileOf(Era::New, Stance::Owner);
        profile.rollupThreshold = 4;
        auto other = lonely.scene.writer(profile);
        if (isEntryGone)
            lonely.scene.clock.now += 2LL * 60 * 60 * 1000;
        QVERIFY(other.refresh(lonely.scene.job));
        auto upper = other.state()->upper()->value();
        while (!lonely.scene.row(static_cast<std::int64_t>(row.value())).empty() || upper < 20) {
            QVERIFY(upper < 200);
            lonely.scene.clock.now += 6000;
            QVERIFY(other.compareAndAppend(permitAt(upper), {Timestamp(upper), Timestamp(upper + 1), {}},
                                           lonely.scene.job));
            ++upper;
            QVERIFY(other.performMaintenance(permitAt(), lonely.scene.job));
        }
        const auto found = lonely.writer.resolve(lonely.scene.job);
        QCOMPARE(found.has_value(), !isEntryGone);
        if (found)
            QCOMPARE(*found, moment == FaultMoment::ReplyLost);
        else
            QVERIFY(found.error().outcomeUnknown);
    }

private:
    /// A writer that appended once, on a consensus that can be made to fail.
    struct Lonely
    {
        MemoryScene scene;
        std::shared_ptr<FaultPlan> plan = std::make_shared<FaultPlan>();
        store::FaultyConsensusWriter consensus {std::make_unique<store::MemoryConsensusWriter>(scene.content), plan};
        ShardWriter writer {consensus,   scene.blob, scene.shardId, profileOf(Era::New, Stance::Owner),
                            scene.clock, scene.ids};

        /// Its second append goes out while nothing is answered any more. Afterwards the store works again.
        [[nodiscard]] bool loseAnAppend()
        {
            if (!writer.openOrCreate(permitAt(), scene.job)
                || !writer.compareAndAppend(permitAt(), {Timestamp(0), Timestamp(1), {}}, scene.job))
                return false;
            plan->failFrom = plan->calls + 1;
            plan->failCount = 1000;
            const auto lost = writer.compareAndAppend(permitAt(1), {Timestamp(1), Timestamp(2), {}}, scene.job);
            plan->failCount = 0;
            return !lost && lost.error().outcomeUnknown && writer.pending().has_value();
        }
    };
};

QTEST_GUILESS_MAIN(TestFaults)
#include "tst_faults.moc"
