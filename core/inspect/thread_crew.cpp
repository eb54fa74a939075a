#include "core/inspect/thread_crew.h"

#include <algorithm>
#include <thread>
#include <vector>

namespace inspector::inspect {

ThreadCrew::ThreadCrew(unsigned most)
    : m_size(std::clamp(std::thread::hardware_concurrency(), 1U, std::max(most, 1U)))
{
}

void ThreadCrew::run(const std::function<void(unsigned worker)>& work)
{
    std::vector<std::jthread> others;
    for (unsigned worker = 1; worker < m_size; ++worker)
        others.emplace_back([&work, worker] { work(worker); });
    work(0);
}

} // namespace inspector::inspect
