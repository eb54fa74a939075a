#pragma once

#include "core/base/strong.h"

#include <optional>

namespace inspector::edit {
class WriteGuard;
}

namespace inspector::machine {

/// Proof that writing was allowed when it was asked for. Only edit::WriteGuard makes one, and every function that
/// changes a shard takes one: nothing writes by forgetting to ask (house-style, "Writing takes a permit"). It lives in
/// this room because the functions that it opens do.
class WritePermit
{
public:
    /// The fence token that this writer writes as; nothing before the first one exists.
    [[nodiscard]] std::optional<DeployGeneration> deployGeneration() const { return m_deployGeneration; }
    [[nodiscard]] std::optional<Epoch> epoch() const { return m_epoch; }

    /// The upper that an append must find. Appends at another lower bound are refused.
    [[nodiscard]] Timestamp expectedUpper() const { return m_expectedUpper; }

private:
    friend class inspector::edit::WriteGuard;
    WritePermit(std::optional<DeployGeneration> deployGeneration, std::optional<Epoch> epoch, Timestamp expectedUpper)
        : m_deployGeneration(deployGeneration)
        , m_epoch(epoch)
        , m_expectedUpper(expectedUpper)
    {
    }

    std::optional<DeployGeneration> m_deployGeneration;
    std::optional<Epoch> m_epoch;
    Timestamp m_expectedUpper;
};

} // namespace inspector::machine
