#include "views/support/job_runner.h"

#include <QtTest>

#include <atomic>
#include <semaphore>

using namespace inspector;
using namespace inspector::views;

class TestJobRunner : public QObject
{
    Q_OBJECT

private slots:
    void answerArrivesOnTheAskingThread()
    {
        JobRunner runner(1);
        JobSlot slot(runner);
        const auto* const here = QThread::currentThread();
        const QThread* worker = nullptr;
        const QThread* answered = nullptr;
        slot.ask(
            QStringLiteral("where"),
            [&](const Job&) -> Result<int> {
                worker = QThread::currentThread();
                return 7;
            },
            [&](const Result<int>& answer) {
                answered = QThread::currentThread();
                QCOMPARE(*answer, 7);
            });
        QVERIFY(slot.isBusy());
        QTRY_COMPARE(answered, here);
        QVERIFY(worker != here);
        QVERIFY(!slot.isBusy());
    }

    void newestQuestionWins()
    {
        JobRunner runner(2);
        JobSlot slot(runner);
        std::binary_semaphore release(0);
        QStringList answers;
        slot.ask(
            QStringLiteral("slow"),
            [&](const Job&) -> Result<int> {
                release.acquire();
                return 1;
            },
            [&](const Result<int>&) { answers << QStringLiteral("slow"); });
        slot.ask(
            QStringLiteral("fast"), [](const Job&) -> Result<int> { return 2; },
            [&](const Result<int>&) { answers << QStringLiteral("fast"); });
        QTRY_COMPARE(answers, QStringList {QStringLiteral("fast")});
        release.release();
        QTest::qWait(50);
        QCOMPARE(answers.size(), 1);
    }

    void olderQuestionIsAskedToStop()
    {
        JobRunner runner(2);
        JobSlot slot(runner);
        std::binary_semaphore started(0);
        std::atomic<bool> stopped = false;
        const auto patient = [&](const Job& job) -> Result<int> {
            started.release();
            while (!job.stopToken().stop_requested())
                std::this_thread::yield();
            stopped = true;
            return fail(ErrorCode::Cancelled, "stopped");
        };
        slot.ask(QStringLiteral("patient"), patient, [](const Result<int>&) { QFAIL("a dropped answer arrived"); });
        started.acquire();
        bool answered = false;
        slot.ask(
            QStringLiteral("next"), [](const Job&) -> Result<int> { return 2; },
            [&](const Result<int>&) { answered = true; });
        QTRY_VERIFY(answered);
        QTRY_VERIFY(stopped);
    }

    void questionDroppedBeforeItsTurnNeverRuns()
    {
        JobRunner runner(1);
        JobSlot blocker(runner);
        JobSlot slot(runner);
        std::binary_semaphore release(0);
        blocker.ask(
            QStringLiteral("block"),
            [&](const Job&) -> Result<int> {
                release.acquire();
                return 0;
            },
            [](const Result<int>&) {});
        std::atomic<bool> ran = false;
        slot.ask(
            QStringLiteral("never"),
            [&](const Job&) -> Result<int> {
                ran = true;
                return 1;
            },
            [](const Result<int>&) {});
        slot.cancel();
        release.release();
        QTRY_VERIFY(!blocker.isBusy());
        bool flushed = false;
        blocker.ask(
            QStringLiteral("flush"), [](const Job&) -> Result<int> { return 0; },
            [&](const Result<int>&) { flushed = true; });
        QTRY_VERIFY(flushed);
        QVERIFY(!ran);
    }

    void cancelSaysSoAndAnswersNothing()
    {
        JobRunner runner(1);
        JobSlot slot(runner);
        QSignalSpy cancelled(&slot, &JobSlot::cancelled);
        QSignalSpy finished(&slot, &JobSlot::finished);
        bool answered = false;
        slot.ask(
            QStringLiteral("long"),
            [](const Job& job) -> Result<int> {
                while (true)
                    INSPECTOR_CHECK(job.step(0, 0));
            },
            [&](const Result<int>&) { answered = true; });
        slot.cancel();
        QCOMPARE(cancelled.count(), 1);
        QCOMPARE(finished.count(), 1);
        QVERIFY(!slot.isBusy());
        QTest::qWait(30);
        QVERIFY(!answered);
    }

    void progressIsThrottled()
    {
        JobRunner runner(1);
        JobSlot slot(runner);
        QSignalSpy progressed(&slot, &JobSlot::progressed);
        QSignalSpy finished(&slot, &JobSlot::finished);
        slot.ask(
            QStringLiteral("chatty"),
            [](const Job& job) -> Result<int> {
                for (std::uint64_t i = 0; i < 100'000; ++i)
                    INSPECTOR_CHECK(job.step(i, 100'000));
                return 1;
            },
            [](const Result<int>&) {});
        QTRY_COMPARE(finished.count(), 1);
        QVERIFY(progressed.count() < 1000);
    }

    void shutdownStopsAndJoins()
    {
        std::atomic<bool> stopped = false;
        std::binary_semaphore started(0);
        {
            JobRunner runner(2);
            JobSlot slot(runner);
            slot.ask(
                QStringLiteral("endless"),
                [&](const Job& job) -> Result<int> {
                    started.release();
                    while (job.step(0, 0))
                        std::this_thread::yield();
                    stopped = true;
                    return 1;
                },
                [](const Result<int>&) { QFAIL("nobody is there to be answered"); });
            started.acquire();
        }
        QVERIFY(stopped);
    }

    void answerForADeadSlotIsDropped()
    {
        JobRunner runner(1);
        std::binary_semaphore release(0);
        {
            JobSlot slot(runner);
            slot.ask(
                QStringLiteral("late"),
                [&](const Job&) -> Result<int> {
                    release.acquire();
                    return 1;
                },
                [](const Result<int>&) { QFAIL("the slot is gone"); });
        }
        release.release();
        QTest::qWait(30);
    }

    void discardTakesDownOnAWorker()
    {
        struct Heavy
        {
            explicit Heavy(std::atomic<QThread*>& written)
                : where(&written)
            {
            }
            std::atomic<QThread*>* where;
            ~Heavy() { *where = QThread::currentThread(); }
        };
        std::atomic<QThread*> where = nullptr;
        JobRunner runner(1);
        runner.discard(std::make_shared<Heavy>(where));
        QTRY_VERIFY(where.load() != nullptr);
        QVERIFY(where.load() != QThread::currentThread());
    }
};

QTEST_GUILESS_MAIN(TestJobRunner)
#include "tst_job_runner.moc"
