#include "views/support/job_runner.h"

#include <atomic>
#include <chrono>

namespace inspector::views {

JobRunner::JobRunner(int threads, QObject* parent)
    : QObject(parent)
{
    for (int i = 0; i < threads; ++i)
        m_workers.emplace_back([this] { serve(m_shutdown.get_token()); });
}

JobRunner::~JobRunner()
{
    m_shutdown.request_stop();
    m_wake.notify_all();
    m_workers.clear(); // joins
}

void JobRunner::run(Call work)
{
    {
        const std::scoped_lock lock(m_mutex);
        m_waiting.push_back(std::move(work));
    }
    m_wake.notify_one();
}

void JobRunner::post(Call call)
{
    bool ring = false;
    {
        const std::scoped_lock lock(m_mutex);
        ring = m_answers.empty();
        m_answers.push_back(std::move(call));
    }
    if (ring)
        QMetaObject::invokeMethod(this, "deliver", Qt::QueuedConnection);
}

void JobRunner::deliver()
{
    std::deque<Call> answers;
    {
        const std::scoped_lock lock(m_mutex);
        answers.swap(m_answers);
    }
    for (auto& answer : answers)
        answer();
}

void JobRunner::serve(const std::stop_token& stop)
{
    while (!stop.stop_requested()) {
        Call work;
        {
            std::unique_lock lock(m_mutex);
            if (!m_wake.wait(lock, stop, [this] { return !m_waiting.empty(); }))
                return;
            work = std::move(m_waiting.front());
            m_waiting.pop_front();
        }
        work();
    }
}

JobSlot::JobSlot(JobRunner& runner, QObject* parent)
    : QObject(parent)
    , m_runner(runner)
{
}

JobSlot::~JobSlot()
{
    if (m_stop)
        m_stop->request_stop();
}

void JobSlot::cancel()
{
    if (!m_stop)
        return;
    m_stop->request_stop();
    m_stop.reset();
    ++m_number;
    emit cancelled();
    emit finished();
}

JobSlot::Ticket JobSlot::open(const QString& title)
{
    if (m_stop)
        m_stop->request_stop();
    m_stop.emplace();
    m_title = title;
    ++m_number;
    emit started(title);
    return {m_number, *m_stop};
}

bool JobSlot::close(quint64 number)
{
    if (!m_stop || number != m_number)
        return false;
    m_stop.reset();
    emit finished();
    return true;
}

Job::Progress JobSlot::progressFor(quint64 number)
{
    using Clock = std::chrono::steady_clock;
    static constexpr auto kPause = std::chrono::milliseconds(50); // twenty times a second at most
    const auto last = std::make_shared<std::atomic<Clock::rep>>(0);
    return [slot = QPointer(this), runner = &m_runner, number, last](std::uint64_t done, std::uint64_t total) {
        const auto now = Clock::now().time_since_epoch();
        auto before = last->load(std::memory_order_relaxed);
        if (now - Clock::duration(before) < kPause || !last->compare_exchange_strong(before, now.count()))
            return;
        runner->post([slot, number, done, total] {
            if (slot && slot->m_number == number && slot->m_stop)
                emit slot->progressed(done, total);
        });
    };
}

} // namespace inspector::views
