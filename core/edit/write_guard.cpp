#include "core/edit/write_guard.h"

namespace inspector::edit {

void WriteGuard::observe(catalog::FenceToken seen)
{
    if (m_mine && !m_largerSeen && seen > *m_mine)
        m_largerSeen = seen;
}

Result<machine::WritePermit> WriteGuard::permit(Timestamp upper) const
{
    if (m_mode != catalog::Mode::Writable)
        return fail(ErrorCode::ReadOnly,
                    "the catalog is open in mode " + std::string(catalog::nameOf(m_mode)) + ", which writes nothing");
    if (m_mine && m_largerSeen) {
        catalog::Fence fence(*m_mine);
        fence.observe(*m_largerSeen);
        INSPECTOR_CHECK(fence.check());
    }
    if (!m_mine)
        return machine::WritePermit(std::nullopt, std::nullopt, upper);
    return machine::WritePermit(m_mine->deployGeneration, m_mine->epoch, upper);
}

} // namespace inspector::edit
