// Nothing is appended by forgetting to ask.
#include "core/edit/write_guard.h"
#include "core/machine/shard_writer.h"

using namespace inspector;

bool append(machine::ShardWriter& writer, const edit::WriteGuard& guard)
{
    const Job job;
    const machine::AppendRequest request {Timestamp(1), Timestamp(2), {}};
    const auto permit = guard.permit(Timestamp(1));
#ifdef FORBIDDEN
    const auto appended = writer.compareAndAppend(request, job);
#else
    const auto appended = writer.compareAndAppend(*permit, request, job);
#endif
    return permit.has_value() && appended.has_value();
}
