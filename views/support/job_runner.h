#pragma once

#include "core/base/job.h"

#include <QObject>
#include <QPointer>
#include <QString>

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace inspector::views {

/// Owns worker threads. Make it before any window and destroy it after them: its destructor stops every job and joins,
/// so a worker never answers an object that is gone. Whatever changes threads goes through the two queues here; Qt's
/// event loop only rings the bell, with empty hands.
class JobRunner : public QObject
{
    Q_OBJECT
public:
    explicit JobRunner(int threads, QObject* parent = nullptr);
    ~JobRunner() override;

    /// Destroys `value` on a worker: what holds a hundred megabytes takes longer than a frame to take down.
    template <typename T>
    void discard(T value)
    {
        run([keeper = std::make_shared<T>(std::move(value))] {});
    }

private:
    friend class JobSlot;
    using Call = std::function<void()>;

    void run(Call work);
    void post(Call call);       ///< from a worker, onto the GUI thread
    Q_INVOKABLE void deliver(); ///< runs what was posted
    void serve(const std::stop_token& stop);

    std::mutex m_mutex; ///< guards the two queues
    std::condition_variable_any m_wake;
    std::deque<Call> m_waiting;
    std::deque<Call> m_answers;
    std::stop_source m_shutdown;
    std::vector<std::jthread> m_workers;
};

/// One question a view may have open. Asking again cancels the older question, and an answer that comes late is
/// dropped. GUI thread only; one slot per thing the user can wait for.
class JobSlot : public QObject
{
    Q_OBJECT
public:
    explicit JobSlot(JobRunner& runner, QObject* parent = nullptr);
    ~JobSlot() override;

    /// Runs `work(const Job&)`, which returns a Result, on a worker; then `done(result)` here. `work` holds values and
    /// core references only. A question that was dropped before its turn never runs.
    template <typename Work, typename Done>
    void ask(const QString& title, Work work, Done done);

    /// Drops the open question; `done` is never called.
    void cancel();
    [[nodiscard]] bool isBusy() const { return m_stop.has_value(); }
    [[nodiscard]] const QString& title() const { return m_title; }
    [[nodiscard]] JobRunner& runner() const { return m_runner; }

signals:
    void started(const QString& title);
    void progressed(quint64 done, quint64 total);
    void cancelled(); ///< by cancel(), before finished()
    void finished();

private:
    struct Ticket
    {
        quint64 number;
        std::stop_source stop;
    };

    [[nodiscard]] Ticket open(const QString& title);
    [[nodiscard]] bool close(quint64 number); ///< false when the answer is no longer wanted
    [[nodiscard]] Job::Progress progressFor(quint64 number);

    JobRunner& m_runner;
    std::optional<std::stop_source> m_stop;
    QString m_title;
    quint64 m_number = 0;
};

template <typename Work, typename Done>
void JobSlot::ask(const QString& title, Work work, Done done)
{
    using Answer = std::invoke_result_t<Work&, const Job&>;

    const Ticket ticket = open(title);
    m_runner.run([slot = QPointer(this), runner = &m_runner, ticket, progress = progressFor(ticket.number),
                  work = std::move(work), done = std::move(done)]() mutable {
        if (ticket.stop.stop_requested()) {
            runner->post([done = std::move(done)] {}); // may hold GUI objects: it dies where it was made
            return;
        }
        const std::stop_callback onShutdown(runner->m_shutdown.get_token(),
                                            [stop = ticket.stop]() mutable { stop.request_stop(); });
        const Job job(ticket.stop.get_token(), std::move(progress));
        auto answer = std::make_shared<Answer>(work(job));
        runner->post(
            [slot, runner, number = ticket.number, answer = std::move(answer), done = std::move(done)]() mutable {
                if (slot && slot->close(number)) // both are looked at on the GUI thread only
                    done(std::move(*answer));
                else
                    runner->discard(std::move(answer));
            });
    });
}

} // namespace inspector::views
