#pragma once

#include "core/base/job.h"

namespace inspector::store {

/// Cancelled once the caller has asked to stop. Unlike Job::step it reports no progress: a store does not know what
/// the caller counts.
[[nodiscard]] inline Result<> notStopped(const Job& job)
{
    if (job.stopToken().stop_requested())
        return fail(ErrorCode::Cancelled, "stopped by the user");
    return {};
}

} // namespace inspector::store
