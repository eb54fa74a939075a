#include "core/store/writable_location.h"

#include "core/store/memory_writer.h"
#include "core/store/url.h"

#include <utility>

namespace inspector::store {

Result<WritableStores> openWritableStores(const Location& location, std::shared_ptr<ActivityLog> log,
                                          const Job& /*job*/, const WritableOptions& /*options*/)
{
    if (schemeOf(location.consensusUrl) == "mem" && schemeOf(location.blobUrl) == "mem")
        return openWritableMemory(std::make_shared<MemoryContent>(), log);
    return fail(ErrorCode::Unsupported, "this build cannot write to " + withoutCredentials(location.consensusUrl));
}

WritableStores openWritableMemory(const std::shared_ptr<MemoryContent>& content,
                                  const std::shared_ptr<ActivityLog>& log)
{
    WritableStores stores;
    stores.consensus = std::make_unique<MemoryConsensusWriter>(content, log);
    stores.blob = std::make_unique<MemoryBlobWriter>(content, log);
    return stores;
}

} // namespace inspector::store
