// The same for blobs.
#include "core/store/blob_writer.h"

using namespace inspector;

bool put(const store::Blob& reading, store::BlobWriter& writing)
{
    const Job job;
    const auto found = reading.get("key", job);
#ifdef FORBIDDEN
    const auto stored = reading.set("key", {}, job);
#else
    const auto stored = writing.set("key", {}, job);
#endif
    return found.has_value() && stored.has_value();
}
