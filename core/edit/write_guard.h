#pragma once

#include "core/base/result.h"
#include "core/catalog/fence.h"
#include "core/catalog/mode.h"
#include "core/machine/write_permit.h"

#include <optional>

namespace inspector::edit {

/// The one place that decides whether a write may start.
class WriteGuard
{
public:
    /// `mine`: the token that this handle writes as; nothing on a shard that has none yet.
    WriteGuard(catalog::Mode mode, std::optional<catalog::FenceToken> mine)
        : m_mode(mode)
        , m_mine(mine)
    {
    }

    /// Takes note of a token read from the shard.
    void observe(catalog::FenceToken seen);
    /// The token that this handle writes as from now on.
    void assume(catalog::FenceToken mine) { m_mine = mine; }

    /// The right to change the shard now, at `upper`. ReadOnly unless the mode is Writable (a savepoint changes memory
    /// only and needs no permit); Fenced once a larger token was seen.
    [[nodiscard]] Result<machine::WritePermit> permit(Timestamp upper) const;

private:
    catalog::Mode m_mode;
    std::optional<catalog::FenceToken> m_mine;
    std::optional<catalog::FenceToken> m_largerSeen;
};

} // namespace inspector::edit
