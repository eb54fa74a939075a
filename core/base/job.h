#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <functional>
#include <stop_token>

namespace inspector {

/// Passed down into every call that can take longer than one frame (16 ms). Not stored.
class Job
{
public:
    /// Called from the worker with (done, total) in the unit of the running step; total 0 = unknown.
    using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

    explicit Job(std::stop_token stop = {}, Progress progress = {})
        : m_stop(std::move(stop))
        , m_progress(std::move(progress))
    {
    }

    [[nodiscard]] const std::stop_token& stopToken() const { return m_stop; }

    /// Reports progress and answers with Cancelled once the caller has asked to stop. Call it once
    /// per blob or per few thousand rows.
    [[nodiscard]] Result<> step(std::uint64_t done, std::uint64_t total) const
    {
        if (m_stop.stop_requested())
            return fail(ErrorCode::Cancelled, "stopped by the user");
        if (m_progress)
            m_progress(done, total);
        return {};
    }

private:
    std::stop_token m_stop;
    Progress m_progress;
};

} // namespace inspector
