// A failure is not dropped.
#include "core/store/blob_writer.h"

using namespace inspector;

bool put(store::BlobWriter& writing)
{
    const Job job;
#ifdef FORBIDDEN
    writing.set("key", {}, job);
    return true;
#else
    return writing.set("key", {}, job).has_value();
#endif
}
