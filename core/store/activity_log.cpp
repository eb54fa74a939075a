#include "core/store/activity_log.h"

#include "core/base/clock.h"

#include <algorithm>
#include <utility>

namespace inspector::store {

void ActivityLog::add(Activity activity)
{
    const std::lock_guard lock(m_mutex);
    ++m_totals.statements;
    m_totals.rows += activity.rows;
    m_totals.bytes += activity.bytes;
    if (!activity.error.empty())
        ++m_totals.errors;
    activity.number = m_totals.statements;
    if (m_entries.size() < m_capacity)
        m_entries.push_back(std::move(activity));
    else if (m_capacity > 0)
        m_entries[static_cast<std::size_t>((activity.number - 1) % m_capacity)] = std::move(activity);
}

std::vector<Activity> ActivityLog::since(std::uint64_t after) const
{
    const std::lock_guard lock(m_mutex);
    std::vector<Activity> entries;
    for (const auto& entry : m_entries)
        if (entry.number > after)
            entries.push_back(entry);
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
    return entries;
}

ActivityLog::Totals ActivityLog::totals() const
{
    const std::lock_guard lock(m_mutex);
    return m_totals;
}

ActivityRecorder::ActivityRecorder(std::shared_ptr<ActivityLog> log, std::string store, std::string statement,
                                   std::string parameters)
    : m_log(std::move(log))
    , m_began(std::chrono::steady_clock::now())
{
    m_activity.walltimeMs = SystemClock().walltimeMs();
    m_activity.store = std::move(store);
    m_activity.statement = std::move(statement);
    m_activity.parameters = std::move(parameters);
}

ActivityRecorder::~ActivityRecorder()
{
    if (!m_log)
        return;
    m_activity.duration =
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - m_began);
    m_log->add(std::move(m_activity));
}

void ActivityRecorder::received(std::uint64_t rows, std::uint64_t bytes)
{
    m_activity.rows += rows;
    m_activity.bytes += bytes;
}

} // namespace inspector::store
