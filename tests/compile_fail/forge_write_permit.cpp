// A permit to write comes from the guard, and from nowhere else.
#include "core/edit/write_guard.h"

using namespace inspector;

bool mayWrite()
{
    const edit::WriteGuard guard(catalog::Mode::Writable, std::nullopt);
    const auto permit = guard.permit(Timestamp(1));
#ifdef FORBIDDEN
    const machine::WritePermit forged(std::nullopt, std::nullopt, Timestamp(1));
#endif
    return permit.has_value();
}
