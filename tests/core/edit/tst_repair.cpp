#include "core/base/hex.h"
#include "core/codec/row_codec.h"
#include "core/edit/change_journal.h"
#include "core/edit/recover.h"
#include "core/edit/repair.h"
#include "core/edit/write_guard.h"
#include "core/machine/shard_writer.h"
#include "core/persist/decode.h"
#include "core/persist/shard_reader.h"
#include "tests/core/edit/repair_scene.h"

#include <QFile>
#include <QTemporaryDir>
#include <QtTest>

#include <functional>
#include <set>
#include <stop_token>

using namespace inspector;
using namespace inspector::edit;
using namespace inspector::test;
using store::FaultMoment;
using store::FaultPlan;
using store::StoreCall;

namespace {

const Job kJob;

QString text(const std::string& from)
{
    return QString::fromStdString(from);
}

template <typename T>
QString messageOf(const Result<T>& result)
{
    return result ? QStringLiteral("ok") : text(result.error().describe());
}

/// A repair with stores that fail on demand: the writing pair by one plan, the reading pair by another.
Result<Receipt> commitWithFaults(const Scene& scene, const EditPlan& plan, const RepairOptions& options,
                                 const std::shared_ptr<FaultPlan>& writing, const std::shared_ptr<FaultPlan>& reading,
                                 const Job& job = kJob)
{
    auto writers = scene.writing();
    auto readers = scene.reading();
    store::FaultyConsensusWriter consensus(std::move(writers.consensus), writing);
    store::FaultyBlobWriter blob(std::move(writers.blob), writing);
    store::FaultyConsensus readConsensus(std::move(readers.consensus), reading);
    store::FaultyBlob readBlob(std::move(readers.blob), reading);
    return commitRepair(plan, {consensus, blob, readConsensus, readBlob}, options, job);
}

RowSums rowsOf(const Scene& scene)
{
    const auto stores = scene.reading();
    const auto sums = rowSums(*stores.consensus, *stores.blob, scene.shard);
    return sums ? *sums : RowSums();
}

Before beforeOf(const Scene& scene)
{
    const auto stores = scene.reading();
    const auto before = test::beforeOf(*stores.consensus, *stores.blob, scene.shard);
    return before ? *before : Before();
}

persist::StatePtr stateOf(const Scene& scene)
{
    const auto stores = scene.reading();
    const auto state = persist::StateReader(*stores.consensus, *stores.blob, scene.shard).current(kJob);
    return state ? *state : nullptr;
}

Result<RecoverFinding> recovered(const Scene& scene, const std::string& journalPath, std::int64_t settleMs = 0)
{
    INSPECTOR_TRY(const auto journal, readJournal(journalPath));
    const auto stores = scene.reading();
    return recover(journal, *stores.consensus, *stores.blob, scene.clock, {settleMs}, kJob);
}

/// An environment that owns the catalog of the scene, with updates drained.
struct Environment
{
    store::WritableStores stores;
    std::unique_ptr<DurableCatalog> catalog;
};

Result<Environment> openEnvironment(Scene& scene, std::uint64_t version, std::uint64_t generation)
{
    Environment made {scene.writing(), nullptr};
    HandleOptions options;
    INSPECTOR_TRY(options.build, catalog::buildOfCatalogVersion(version));
    options.deployGeneration = DeployGeneration(generation);
    options.clock = &scene.clock;
    INSPECTOR_TRY(
        auto unopened,
        WritableOpenableCatalog::construct(*made.stores.consensus, *made.stores.blob, scene.shard, options, kJob));
    INSPECTOR_TRY(made.catalog, std::move(*unopened).open({}, kJob));
    INSPECTOR_CHECK(made.catalog->syncToCurrentUpdates(kJob));
    return made;
}

} // namespace

class TestRepair : public QObject
{
    Q_OBJECT

private slots:
    void guestsWriteAsBuildsThatAcceptTheShard_data()
    {
        QTest::addColumn<QString>("applierVersion");
        QTest::addColumn<QString>("era"); ///< empty: refused
        QTest::newRow("old") << "0.125.0"
                             << "old";
        QTest::newRow("old, a dev build") << "0.125.0-dev.0"
                                          << "old";
        QTest::newRow("one minor ahead") << "0.126.3"
                                         << "old";
        QTest::newRow("between the eras") << "0.127.0"
                                          << "";
        QTest::newRow("last between the eras") << "0.146.9"
                                               << "";
        QTest::newRow("first of the new") << "0.147.0"
                                          << "new";
        QTest::newRow("new") << "26.23.0"
                             << "new";
        QTest::newRow("the newest") << "26.39.0"
                                    << "new";
        QTest::newRow("its dev build") << "26.39.0-dev.0"
                                       << "new";
        QTest::newRow("newer") << "26.39.1"
                               << "";
        QTest::newRow("much newer") << "27.0.0"
                                    << "";
        QTest::newRow("empty") << ""
                               << "";
        QTest::newRow("none") << "latest"
                              << "";
    }

    void guestsWriteAsBuildsThatAcceptTheShard()
    {
        QFETCH(QString, applierVersion);
        QFETCH(QString, era);
        const auto profile = guestProfile(applierVersion.toStdString());
        QCOMPARE(profile.has_value(), !era.isEmpty());
        if (!profile) {
            QCOMPARE(profile.error().code, ErrorCode::Unsupported);
            return;
        }
        QCOMPARE(profile->era == machine::Era::Old, era == "old");
        QVERIFY(profile->stance == machine::Stance::Guest);
    }

    void eras_data()
    {
        QTest::addColumn<QString>("shard");
        QTest::newRow("old era") << "old-busy";
        QTest::newRow("new era") << "new-busy";
    }

    void aRehearsalTellsAndWritesNothing_data() { eras_data(); }
    void aRehearsalTellsAndWritesNothing()
    {
        const auto scene = fetched();
        const auto before = *scene->content;
        const auto plan = planOf(*scene, "one");
        QVERIFY2(plan, messageOf(plan).toUtf8());
        const auto stores = scene->reading();
        const auto rehearsal = rehearse(*plan, *stores.consensus, *stores.blob, scene->options(""), kJob);
        QVERIFY2(rehearsal, messageOf(rehearsal).toUtf8());
        QVERIFY(scene->sameAs(before));
        QCOMPARE(rehearsal->version.seqnoTo, plan->base->state().seqno.next());
        QCOMPARE(rehearsal->version.applierVersion, plan->base->state().applierVersion);
        QCOMPARE(rehearsal->blobBytes, std::uint64_t(0));
        QStringList lines;
        for (const auto& line : rehearsal->changes)
            lines << text(line);
        QVERIFY2(lines.filter(QRegularExpression("^insert writer w.*catalog-inspector")).size() == 1,
                 lines.join("\n").toUtf8());
        QVERIFY2(lines.filter(QRegularExpression("^insert batch \\[94, 95\\), 4 updates, inline, \\d+ bytes$")).size()
                     == 1,
                 lines.join("\n").toUtf8());
        QVERIFY2(lines.filter("host name").first().contains("becomes 'scene'"), lines.join("\n").toUtf8());

        // What is committed then is of the same kind.
        const auto receipt = scene->commit(*plan, fresh());
        QVERIFY2(receipt, messageOf(receipt).toUtf8());
        const auto rows = stores.consensus->scan(scene->shard.text(), receipt->seqno, 1, kJob);
        const auto version = persist::decodeStateDiff(SharedBytes::copyOf(rows->front().data));
        QCOMPARE(version->changes.size(), rehearsal->version.changes.size());
        for (std::size_t i = 0; i < version->changes.size(); ++i) {
            QVERIFY(version->changes[i].field == rehearsal->version.changes[i].field);
            QVERIFY(version->changes[i].type == rehearsal->version.changes[i].type);
        }
    }

    void aRepairDoesWhatWasPlannedAndProvesIt_data() { eras_data(); }
    void aRepairDoesWhatWasPlannedAndProvesIt()
    {
        const auto scene = fetched();
        const auto before = beforeOf(*scene);
        const auto& state = before.state;
        const auto plan = planOf(*scene, "one");
        QVERIFY2(plan, messageOf(plan).toUtf8());
        const auto journal = fresh();
        const auto receipt = scene->commit(*plan, journal);
        QVERIFY2(receipt, messageOf(receipt).toUtf8());
        QCOMPARE(receipt->seqno, state->seqno.next());
        QCOMPARE(receipt->nextUpper, Timestamp(95));
        QVERIFY2(receipt->proof == Proof::ReadBack, receipt->proofText.c_str());
        QVERIFY(receipt->isWriterExpired);
        QVERIFY(receipt->remarks.empty());
        QCOMPARE(receipt->attempts, std::uint64_t(1));
        QVERIFY(receipt->statements > 0);
        QCOMPARE(receipt->journalPath, journal);

        const auto stores = scene->reading();
        const auto problem = auditRepair(*stores.consensus, *stores.blob, scene->shard, before, plan->changes);
        QVERIFY2(problem.empty(), problem.c_str());
        const auto trespass = guestTrespass(*stores.consensus, scene->shard, state->seqno);
        QVERIFY2(trespass.empty(), trespass.c_str());
        QCOMPARE(stateOf(*scene)->writers, state->writers);
        QCOMPARE(stateOf(*scene)->seqno, state->seqno.next().next());
        const auto noted = readJournal(journal);
        QVERIFY2(noted, messageOf(noted).toUtf8());
        QCOMPARE(noted->outcome, std::string("committed"));
    }

    void theInversePutsTheRowsBack_data() { eras_data(); }
    void theInversePutsTheRowsBack()
    {
        const auto scene = fetched();
        const auto rows = rowsOf(*scene);
        const auto plan = planOf(*scene, "one");
        QVERIFY(scene->commit(*plan, fresh()));
        // By a draft of the old value: its canonical bytes are those that were stored.
        auto draft = removalOf("system_configuration", plan->edits.front().name.key);
        draft.value = plan->edits.front().before.front().value;
        const auto undo = planEdit(draft, scene->base());
        QVERIFY2(undo, messageOf(undo).toUtf8());
        QCOMPARE(undo->edits.front().changes.size(), plan->inverse().size());
        for (std::size_t i = 0; i < plan->inverse().size(); ++i)
            QVERIFY(undo->edits.front().changes[i].stored == plan->inverse()[i].stored);
        QVERIFY(scene->commit(*undo, fresh()));
        auto after = rowsOf(*scene);
        auto tokenless = [](RowSums sums) {
            std::erase_if(
                sums, [](const auto& each) { return nameOfRow(viewOf(each.first))->kind == catalog::kFenceTokenKind; });
            return sums;
        };
        QCOMPARE(tokenless(after), tokenless(rows));
    }

    void whatIsLargeBecomesABlob_data() { eras_data(); }
    void whatIsLargeBecomesABlob()
    {
        const auto scene = fetched();
        const auto before = beforeOf(*scene);
        const auto plan = planOf(*scene, std::string(20'000, 'x'));
        QVERIFY2(plan, messageOf(plan).toUtf8());
        const auto blobs = scene->content->blobs.size();
        const auto stores = scene->reading();
        const auto rehearsal = rehearse(*plan, *stores.consensus, *stores.blob, scene->options(""), kJob);
        QVERIFY2(rehearsal, messageOf(rehearsal).toUtf8());
        QVERIFY(rehearsal->blobBytes > 0);
        QCOMPARE(scene->content->blobs.size(), blobs);
        const auto receipt = scene->commit(*plan, fresh());
        QVERIFY2(receipt, messageOf(receipt).toUtf8());
        QVERIFY2(receipt->proof == Proof::ReadBack, receipt->proofText.c_str());
        QCOMPARE(scene->content->blobs.size(), blobs + 1);
        const auto problem = auditRepair(*stores.consensus, *stores.blob, scene->shard, before, plan->changes);
        QVERIFY2(problem.empty(), problem.c_str());
    }

    void theJournalIsWholeBeforeAnythingIsSent()
    {
        const auto scene = Scene::ofFixture("new-busy");
        const auto plan = planOf(*scene, std::string(20'000, 'x'));
        const auto path = fresh();
        auto writing = std::make_shared<FaultPlan>();
        writing->only = {StoreCall::CompareAndSet, StoreCall::Set};
        std::vector<std::size_t> attempts;
        writing->beforeCall = [&](std::size_t) {
            const auto journal = readJournal(path);
            attempts.push_back(journal && journal->header ? journal->attempts.size() : 99);
        };
        const auto receipt =
            commitWithFaults(*scene, *plan, scene->options(path), writing, std::make_shared<FaultPlan>());
        QVERIFY2(receipt, messageOf(receipt).toUtf8());
        // The blob, the append, the writer's expiry.
        QCOMPARE(attempts, (std::vector<std::size_t> {0, 1, 1}));
    }

    void withoutAJournalNothingIsWritten()
    {
        const auto scene = Scene::ofFixture("new-busy");
        const auto before = *scene->content;
        const auto plan = planOf(*scene, "one");
        const auto unnamed = scene->commit(*plan, "");
        QVERIFY(!unnamed);
        QCOMPARE(unnamed.error().code, ErrorCode::InvalidInput);
        const auto nowhere = scene->commit(*plan, m_folder.filePath("no/folder/journal").toStdString());
        QVERIFY(!nowhere);
        QVERIFY(!nowhere.error().outcomeUnknown);
        QVERIFY(scene->sameAs(before));
    }

    void aPlanWithRefusalsIsNotCommitted()
    {
        const auto scene = Scene::ofFixture("new-busy");
        const auto before = *scene->content;
        const auto plan = planEdit(removalOf("role", "{'id':{'System':1}}"), scene->base());
        QVERIFY2(plan, messageOf(plan).toUtf8());
        const auto receipt = scene->commit(*plan, fresh());
        QVERIFY(!receipt);
        QCOMPARE(receipt.error().code, ErrorCode::InvalidInput);
        QVERIFY(receipt.error().message.find("override: references") != std::string::npos);
        QVERIFY(scene->sameAs(before));
    }

    void ofTwoPlansOnOneBaseOneWins_data() { eras_data(); }
    void ofTwoPlansOnOneBaseOneWins()
    {
        const auto scene = fetched();
        const auto first = planOf(*scene, "one");
        const auto second = planOf(*scene, "two");
        QVERIFY(first && second);
        QVERIFY(scene->commit(*first, fresh()));
        const auto before = *scene->content;
        const auto lost = scene->commit(*second, fresh());
        QVERIFY(!lost);
        QCOMPARE(lost.error().code, ErrorCode::Conflict);
        QVERIFY(!lost.error().outcomeUnknown);
        const auto message = messageOf(lost);
        QVERIFY2(message.contains("from upper 94 to 95"), message.toUtf8());
        QVERIFY2(message.contains("generation 2, epoch 11"), message.toUtf8());
        QVERIFY2(message.contains("2 rows came and 2 rows went"), message.toUtf8());
        QVERIFY2(message.contains("one"), message.toUtf8());
        QVERIFY(scene->sameAs(before));
        const auto stores = scene->reading();
        const auto rehearsal = rehearse(*second, *stores.consensus, *stores.blob, scene->options(""), kJob);
        QVERIFY(!rehearsal);
        QCOMPARE(rehearsal.error().code, ErrorCode::Conflict);
    }

    /// The other repair comes between the look at the shard and the compare-and-set.
    void aRaceForTheUpperIsLostWithoutTrace_data() { eras_data(); }
    void aRaceForTheUpperIsLostWithoutTrace()
    {
        const auto scene = fetched();
        const auto first = planOf(*scene, "one");
        const auto second = planOf(*scene, "two");
        auto writing = std::make_shared<FaultPlan>();
        writing->only = {StoreCall::CompareAndSet};
        std::unique_ptr<store::MemoryContent> afterFirst;
        writing->beforeCall = [&](std::size_t call) {
            if (call != 1)
                return;
            const auto won = scene->commit(*first, fresh());
            QVERIFY2(won, messageOf(won).toUtf8());
            afterFirst = std::make_unique<store::MemoryContent>(*scene->content);
        };
        const auto path = fresh();
        const auto lost =
            commitWithFaults(*scene, *second, scene->options(path), writing, std::make_shared<FaultPlan>());
        QVERIFY(!lost);
        QCOMPARE(lost.error().code, ErrorCode::Conflict);
        QVERIFY2(messageOf(lost).contains("one"), messageOf(lost).toUtf8());
        QVERIFY(scene->sameAs(*afterFirst));
        QCOMPARE(readJournal(path)->outcome, std::string("not written"));
        const auto finding = recovered(*scene, path);
        QVERIFY2(finding, messageOf(finding).toUtf8());
        QVERIFY(finding->fate == RepairFate::Nothing);
    }

    /// Who moves the seqno without touching the content is no conflict: the same append follows it.
    void aRaceForTheSeqnoAloneIsRepeated_data() { eras_data(); }
    void aRaceForTheSeqnoAloneIsRepeated()
    {
        const auto scene = fetched();
        const auto plan = planOf(*scene, "one");
        auto writing = std::make_shared<FaultPlan>();
        writing->only = {StoreCall::CompareAndSet};
        writing->beforeCall = [&](std::size_t call) {
            if (call != 1)
                return;
            const auto stores = scene->writing();
            auto profile = *guestProfile(plan->base->state().applierVersion);
            profile.stance = machine::Stance::Owner;
            RandomIdSource ids;
            machine::ShardWriter other(*stores.consensus, *stores.blob, scene->shard, profile, scene->clock, ids);
            const auto permit = WriteGuard(catalog::Mode::Writable, std::nullopt).permit(Timestamp(94));
            const auto registered = other.registerLeasedReader(*permit, "r" + ids.uuid(), "race", kJob);
            QVERIFY2(registered, messageOf(registered).toUtf8());
        };
        const auto path = fresh();
        const auto receipt =
            commitWithFaults(*scene, *plan, scene->options(path), writing, std::make_shared<FaultPlan>());
        QVERIFY2(receipt, messageOf(receipt).toUtf8());
        QCOMPARE(receipt->attempts, std::uint64_t(2));
        QVERIFY2(receipt->proof == Proof::ReadBack, receipt->proofText.c_str());
        const auto journal = readJournal(path);
        QCOMPARE(journal->attempts.size(), std::size_t(2));
        QCOMPARE(journal->attempts[0].token, journal->attempts[1].token);
        QVERIFY(recovered(*scene, path)->fate == RepairFate::Whole);
    }

    void aRunningEnvironmentIsFencedAndOpensAgain_data()
    {
        QTest::addColumn<QString>("shard");
        QTest::addColumn<int>("version");
        QTest::newRow("old era") << "old-busy" << 72;
        QTest::newRow("new era") << "new-busy" << 82;
    }

    void aRunningEnvironmentIsFencedAndOpensAgain()
    {
        QFETCH(int, version);
        const auto scene = fetched();
        const auto running = openEnvironment(*scene, static_cast<std::uint64_t>(version), 2);
        QVERIFY2(running, messageOf(running).toUtf8());
        QCOMPARE(running->catalog->epoch(), Epoch(11));
        const auto plan = planOf(*scene, "one");
        QVERIFY2(plan, messageOf(plan).toUtf8());
        QCOMPARE(plan->tokenAfter.epoch, Epoch(12));
        const auto receipt = scene->commit(*plan, fresh());
        QVERIFY2(receipt, messageOf(receipt).toUtf8());
        const auto leads = running->catalog->confirmLeadership(kJob);
        QVERIFY(!leads);
        QCOMPARE(leads.error().code, ErrorCode::Fenced);
        QCOMPARE(text(leads.error().message), QString("current catalog epoch 11 fenced by new catalog epoch 12"));
        const auto again = openEnvironment(*scene, static_cast<std::uint64_t>(version), 2);
        QVERIFY2(again, messageOf(again).toUtf8());
        QCOMPARE(again->catalog->epoch(), Epoch(13));
        const auto snapshot = again->catalog->snapshot(kJob);
        QVERIFY2(snapshot, messageOf(snapshot).toUtf8());
        const auto* row = snapshot->of(catalog::CollectionType::SystemConfiguration).at(plan->edits.front().name.key);
        QVERIFY(row != nullptr);
        QCOMPARE(row->value, q("{'value':'one'}"));
    }

    void preconditionsAreHeld_data()
    {
        QTest::addColumn<QString>("what");
        QTest::addColumn<int>("code");
        QTest::newRow("the clock is behind") << "clock" << int(ErrorCode::Unavailable);
        QTest::newRow("the content is of a newer build") << "content" << int(ErrorCode::Unsupported);
        QTest::newRow("the state is of a newer build") << "applier" << int(ErrorCode::Unsupported);
    }

    void preconditionsAreHeld()
    {
        QFETCH(QString, what);
        QFETCH(int, code);
        const auto scene = Scene::ofFixture("new-busy");
        if (what == "clock")
            scene->clock.advance(-120'000);
        if (what == "content") {
            PlanOptions options;
            options.overrides = {Override::ContentVersion};
            const auto newer = planEdit(draftOf("setting", "{'name':'catalog_content_version'}", "{'value':'26.40.0'}"),
                                        scene->base(), options);
            QVERIFY2(newer, messageOf(newer).toUtf8());
            QVERIFY(scene->commit(*newer, fresh()));
        }
        auto plan = planOf(*scene, "one");
        QVERIFY2(plan, messageOf(plan).toUtf8());
        if (what == "applier") {
            auto state = plan->base->state();
            state.applierVersion = "26.40.0";
            plan->base = *EditBase::of(std::make_shared<const persist::State>(state), plan->base->rows().updates, kJob);
        }
        const auto before = *scene->content;
        const auto receipt = scene->commit(*plan, fresh());
        QVERIFY(!receipt);
        QCOMPARE(int(receipt.error().code), code);
        const auto stores = scene->reading();
        const auto rehearsal = rehearse(*plan, *stores.consensus, *stores.blob, scene->options(""), kJob);
        QVERIFY(!rehearsal);
        QCOMPARE(int(rehearsal.error().code), code);
        QVERIFY(scene->sameAs(before));
    }

    void aStopBeforeTheAppendWritesNothing()
    {
        const auto scene = Scene::ofFixture("new-busy");
        const auto before = *scene->content;
        const auto plan = planOf(*scene, "one");
        for (std::size_t call = 1;; ++call) {
            std::stop_source stop;
            auto writing = std::make_shared<FaultPlan>();
            bool isSent = false;
            writing->beforeCall = [&](std::size_t number) {
                if (number == call)
                    stop.request_stop();
            };
            writing->afterCall = [&](std::size_t) { isSent = isSent || writing->byKind[StoreCall::CompareAndSet] > 0; };
            const auto receipt = commitWithFaults(*scene, *plan, scene->options(fresh()), writing,
                                                  std::make_shared<FaultPlan>(), Job(stop.get_token()));
            if (receipt) {
                QVERIFY(isSent);
                QVERIFY(call > 2);
                break;
            }
            QCOMPARE(receipt.error().code, ErrorCode::Cancelled);
            QVERIFY(scene->sameAs(before));
        }
    }

    /// Every call of either pair of stores fails in every way: what the repair answers is what reading finds.
    void whateverCallFailsTheAnswerIsTrue_data()
    {
        QTest::addColumn<QString>("shard");
        QTest::addColumn<int>("moment");
        QTest::addColumn<bool>("isLarge");
        for (const auto* shard : {"old-busy", "new-busy"})
            for (const auto& [name, moment] :
                 {std::pair {"refused", FaultMoment::Refused}, std::pair {"request lost", FaultMoment::RequestLost},
                  std::pair {"reply lost", FaultMoment::ReplyLost}, std::pair {"lands later", FaultMoment::LandsLater}})
                for (const bool isLarge : {false, true})
                    QTest::addRow("%s, %s%s", shard, name, isLarge ? ", with a blob" : "")
                        << shard << int(moment) << isLarge;
    }

    void whateverCallFailsTheAnswerIsTrue()
    {
        QFETCH(QString, shard);
        QFETCH(int, moment);
        QFETCH(bool, isLarge);
        const auto original = fetched();
        const auto before = beforeOf(*original);
        const auto& rows = before.rows;
        for (const bool isWriting : {true, false})
            for (const std::size_t failures : {1U, 100U})
                for (std::size_t call = 1;; ++call) {
                    Scene scene {std::make_shared<store::MemoryContent>(*original->content), original->shard, {}};
                    scene.clock.advance(original->clock.walltimeMs() - scene.clock.walltimeMs());
                    const auto plan = planOf(scene, isLarge ? std::string(9'000, 'y') : std::string("one"));
                    QVERIFY2(plan, messageOf(plan).toUtf8());
                    auto fails = std::make_shared<FaultPlan>();
                    fails->failFrom = call;
                    fails->failCount = failures;
                    fails->moment = FaultMoment(moment);
                    auto works = std::make_shared<FaultPlan>();
                    const auto path = fresh();
                    const auto receipt = commitWithFaults(scene, *plan, scene.options(path), isWriting ? fails : works,
                                                          isWriting ? works : fails);
                    const auto at = QStringLiteral("call %1 of the %2 pair, %3 failures: %4")
                                        .arg(call)
                                        .arg(isWriting ? "writing" : "reading")
                                        .arg(failures)
                                        .arg(messageOf(receipt))
                                        .toUtf8();
                    const bool isThere = rowsOf(scene) == changed(rows, plan->changes);
                    QVERIFY2(isThere || rowsOf(scene) == rows, at);
                    const auto stores = scene.reading();
                    const auto problem = auditRepair(*stores.consensus, *stores.blob, scene.shard, before,
                                                     isThere ? plan->changes : ChangeSet());
                    QVERIFY2(problem.empty(), (at + ": " + problem.c_str()));
                    if (receipt) {
                        QVERIFY2(isThere, at);
                        QVERIFY2(receipt->proof != Proof::Differs, receipt->proofText.c_str());
                    } else if (!receipt.error().outcomeUnknown) {
                        QVERIFY2(!isThere, at);
                    }
                    if (QFile::exists(text(path))) {
                        const auto finding = recovered(scene, path);
                        QVERIFY2(finding, messageOf(finding).toUtf8());
                        QVERIFY2(finding->fate == (isThere ? RepairFate::Whole : RepairFate::Nothing),
                                 at + ": " + finding->evidence.c_str());
                        QFile::remove(text(path));
                    }
                    if (fails->calls < call) {
                        QVERIFY2(receipt, at);
                        QVERIFY(call > 3);
                        break;
                    }
                }
    }

    // --- recover

    void whatWasSentMayArriveUntilTheServerHasGivenUp()
    {
        const auto scene = Scene::ofFixture("new-busy");
        const auto plan = planOf(*scene, "one");
        auto writing = std::make_shared<FaultPlan>();
        writing->only = {StoreCall::CompareAndSet};
        writing->failFrom = 1;
        writing->failCount = 100;
        writing->moment = FaultMoment::RequestLost;
        const auto path = fresh();
        const auto unknown =
            commitWithFaults(*scene, *plan, scene->options(path), writing, std::make_shared<FaultPlan>());
        QVERIFY(!unknown);
        QVERIFY(unknown.error().outcomeUnknown);
        QVERIFY2(messageOf(unknown).contains(text(path)), messageOf(unknown).toUtf8());
        auto finding = recovered(*scene, path, kServerSettleMs);
        QVERIFY2(finding, messageOf(finding).toUtf8());
        QVERIFY(finding->fate == RepairFate::NotYet);
        QVERIFY(finding->next.find("ask again after") != std::string::npos);
        scene->clock.advance(kServerSettleMs);
        finding = recovered(*scene, path, kServerSettleMs);
        QVERIFY(finding->fate == RepairFate::Nothing);

        // While whoever sent it lives, nothing is settled.
        auto journal = *readJournal(path);
        journal.isHeldOpen = true;
        const auto stores = scene->reading();
        QVERIFY(recover(journal, *stores.consensus, *stores.blob, scene->clock, {}, kJob)->fate == RepairFate::NotYet);
        journal.attempts.clear();
        QVERIFY(recover(journal, *stores.consensus, *stores.blob, scene->clock, {}, kJob)->fate == RepairFate::NotYet);
        journal.isHeldOpen = false;
        QVERIFY(recover(journal, *stores.consensus, *stores.blob, scene->clock, {}, kJob)->fate == RepairFate::Nothing);
    }

    void anotherShardIsNotFound()
    {
        const auto scene = Scene::ofFixture("new-busy");
        const auto path = fresh();
        QVERIFY(scene->commit(*planOf(*scene, "one"), path));
        auto journal = *readJournal(path);
        journal.header->shardId = "s00000000-0000-0000-0000-000000000001";
        const auto stores = scene->reading();
        const auto finding = recover(journal, *stores.consensus, *stores.blob, scene->clock, {}, kJob);
        QVERIFY(!finding);
        QCOMPARE(finding.error().code, ErrorCode::NotFound);
    }

    /// Once garbage collection has taken the version's row, its effect tells.
    void aVersionThatIsGoneIsToldByItsEffect_data() { eras_data(); }
    void aVersionThatIsGoneIsToldByItsEffect()
    {
        const auto scene = fetched();
        const auto path = fresh();
        const auto plan = planOf(*scene, "one");
        const auto receipt = scene->commit(*plan, path);
        QVERIFY2(receipt, messageOf(receipt).toUtf8());
        const auto other = fresh();
        // One that never got there, sent at the same seqno.
        auto lost = *readJournal(path);
        lost.attempts.front().token = "i-other";
        lost.attempts.front().version.push_back(std::byte(0));
        lost.header->writerId = "w-other";
        for (auto& change : lost.header->changes)
            if (change.diff > 0)
                change.stored = std::string(
                    textOf(*codec::sourceDataOf(q("{'key':{'name':'x'},'kind':'Setting','value':{'value':'y'}}"))));
        truncateTo(*scene, receipt->seqno.next());
        const auto finding = recovered(*scene, path);
        QVERIFY2(finding, messageOf(finding).toUtf8());
        QVERIFY2(finding->fate == RepairFate::Whole, finding->evidence.c_str());
        QVERIFY2(finding->evidence.find("at time 94") != std::string::npos, finding->evidence.c_str());
        const auto stores = scene->reading();
        const auto not_ = recover(lost, *stores.consensus, *stores.blob, scene->clock, {}, kJob);
        QVERIFY2(not_, messageOf(not_).toUtf8());
        QVERIFY2(not_->fate == RepairFate::Nothing, not_->evidence.c_str());

        // One whose upper the shard never had.
        lost.header->expectedUpper = Timestamp(200);
        lost.header->nextUpper = Timestamp(201);
        const auto never = recover(lost, *stores.consensus, *stores.blob, scene->clock, {}, kJob);
        QVERIFY(never->fate == RepairFate::Nothing);
        QVERIFY2(never->evidence.find("the shard's upper is 95") != std::string::npos, never->evidence.c_str());
    }

    /// An environment goes on for hours: it compacts, in its own form, and collects the log.
    void afterHoursOfOthersItNeverSaysTheWrongThing_data() { aRunningEnvironmentIsFencedAndOpensAgain_data(); }
    void afterHoursOfOthersItNeverSaysTheWrongThing()
    {
        QFETCH(int, version);
        const auto scene = fetched();
        const auto path = fresh();
        const auto receipt = scene->commit(*planOf(*scene, "one"), path);
        QVERIFY2(receipt, messageOf(receipt).toUtf8());
        auto lost = *readJournal(path);
        lost.header->writerId = "w-other";
        lost.attempts.front().token = "i-other";
        lost.attempts.front().version.push_back(std::byte(0));
        for (auto& change : lost.header->changes)
            if (change.diff > 0)
                change.stored = catalog::encodeFenceToken({DeployGeneration(7), Epoch(7)});
        const auto running = openEnvironment(*scene, static_cast<std::uint64_t>(version), 2);
        QVERIFY2(running, messageOf(running).toUtf8());
        std::set<RepairFate> fates;
        for (int commit = 0; commit < 200; ++commit) {
            scene->clock.advance(60'000);
            auto transaction = running->catalog->transaction(kJob);
            QVERIFY2(transaction, messageOf(transaction).toUtf8());
            QVERIFY(transaction->set(catalog::CollectionType::SystemConfiguration, q("{'name':'tick'}"),
                                     q("{'value':'" + std::to_string(commit) + "'}")));
            static_cast<void>(transaction->takeOpUpdates());
            const auto committed = running->catalog->commit(*std::move(transaction), std::nullopt, kJob);
            QVERIFY2(committed, messageOf(committed).toUtf8());
            if (commit % 10 != 0)
                continue;
            const auto finding = recovered(*scene, path);
            QVERIFY2(finding, messageOf(finding).toUtf8());
            QVERIFY2(finding->fate == RepairFate::Whole || finding->fate == RepairFate::Unclear,
                     finding->evidence.c_str());
            fates.insert(finding->fate);
            const auto stores = scene->reading();
            const auto never = recover(lost, *stores.consensus, *stores.blob, scene->clock, {}, kJob);
            QVERIFY2(never, messageOf(never).toUtf8());
            QVERIFY2(never->fate == RepairFate::Nothing || never->fate == RepairFate::Unclear, never->evidence.c_str());
        }
        const auto stores = scene->reading();
        const auto first = stores.consensus->scan(scene->shard.text(), SeqNo(), 1, kJob);
        QVERIFY(first->front().seqno > receipt->seqno);
        QVERIFY(fates.contains(RepairFate::Whole));
        // In the new fixture a reader of old holds since at 0, so times stay exact for ever.
        QCOMPARE(fates.contains(RepairFate::Unclear), version == 72);
    }

    void theWritersEntryTellsAsLongAsItIsThere()
    {
        const auto scene = Scene::ofFixture("new-busy");
        const auto path = fresh();
        const auto plan = planOf(*scene, "one");
        auto writing = std::make_shared<FaultPlan>();
        writing->only = {StoreCall::CompareAndSet};
        writing->failFrom = 2; // the expiry
        const auto receipt =
            commitWithFaults(*scene, *plan, scene->options(path), writing, std::make_shared<FaultPlan>());
        QVERIFY2(receipt, messageOf(receipt).toUtf8());
        QVERIFY(!receipt->isWriterExpired);
        QCOMPARE(receipt->remarks.size(), std::size_t(1));
        QVERIFY(scene->commit(*planOf(*scene, "two"), fresh()));
        truncateTo(*scene, receipt->seqno.next());
        const auto finding = recovered(*scene, path);
        QVERIFY2(finding, messageOf(finding).toUtf8());
        QVERIFY(finding->fate == RepairFate::Whole);
        QVERIFY2(finding->evidence.find(receipt->writerId) != std::string::npos, finding->evidence.c_str());
    }

private:
    std::string fresh() { return m_folder.filePath(QStringLiteral("j%1").arg(++m_number)).toStdString(); }

    static std::unique_ptr<Scene> fetched()
    {
        QFETCH(QString, shard);
        return Scene::ofFixture(shard.toStdString());
    }

    /// A parameter that both eras' catalogs set.
    static RowName parameterOf(const EditBase& base)
    {
        return *nameOfRow(base.updates().rows[base.updatesOfKind("ServerConfiguration").front()]);
    }

    /// Sets the parameter to `mark`.
    static Result<EditPlan> planOf(const Scene& scene, const std::string& mark)
    {
        const auto base = scene.base();
        return planEdit(draftOf("system_configuration", parameterOf(*base).key, "{'value':'" + mark + "'}"), base);
    }

    /// As garbage collection does: a rollup of a state beyond `seqno` is there, and what is before it goes.
    void truncateTo(Scene& scene, SeqNo seqno)
    {
        const auto stores = scene.writing();
        auto profile = *guestProfile(stateOf(scene)->applierVersion);
        profile.stance = machine::Stance::Owner;
        profile.rollupThreshold = 4;
        RandomIdSource ids;
        machine::ShardWriter owner(*stores.consensus, *stores.blob, scene.shard, profile, scene.clock, ids);
        const auto permit = WriteGuard(catalog::Mode::Writable, std::nullopt).permit(Timestamp(0));
        for (int round = 0; stateOf(scene)->rollups.rbegin()->first < seqno; ++round) {
            QVERIFY(round < 20);
            const auto reader = "r" + ids.uuid();
            QVERIFY(owner.registerLeasedReader(*permit, reader, "collector", kJob));
            QVERIFY(owner.expireLeasedReader(*permit, reader, kJob));
            const auto done = owner.performMaintenance(*permit, kJob);
            QVERIFY2(done, messageOf(done).toUtf8());
        }
        const auto rollup = stateOf(scene)->rollups.rbegin()->first;
        const auto gone = stores.consensus->truncate(scene.shard.text(), rollup, kJob);
        QVERIFY2(gone, messageOf(gone).toUtf8());
    }

    QTemporaryDir m_folder;
    int m_number = 0;
};

QTEST_APPLESS_MAIN(TestRepair)
#include "tst_repair.moc"
