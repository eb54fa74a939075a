#include "core/store/activity_log.h"

#include <algorithm>

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

} // namespace inspector::store
