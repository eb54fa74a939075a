#pragma once

#include "core/base/job.h"
#include "core/store/activity_log.h"
#include "core/store/blob_writer.h"
#include "core/store/consensus_writer.h"
#include "core/store/location.h"
#include "core/store/memory_store.h"

#include <memory>
#include <string>
#include <vector>

namespace inspector::store {

/// Both stores of a location, open for writing.
struct WritableStores
{
    std::unique_ptr<ConsensusWriter> consensus;
    std::unique_ptr<BlobWriter> blob;
    std::vector<std::string> warnings; ///< as Stores
};

struct WritableOptions
{
    bool createCatalogFile = false; ///< makes a catalog file that is not there; one that is there is opened
    /// False for a catalog file that is not in its place yet, such as the target of a copy: nothing waits for the disk,
    /// and whoever puts the file in its place syncs it first.
    bool synced = true;
};

/// Opens both stores for writing, with the errors of openStores(). What is here is opened, never made, but for a
/// catalog file with `createCatalogFile`: a table and a folder must be there, and a role without the right to write, a
/// file or a folder that cannot be written shows with the first write or here, as Unavailable.
[[nodiscard]] Result<WritableStores> openWritableStores(const Location& location, std::shared_ptr<ActivityLog> log,
                                                        const Job& job, const WritableOptions& options = {});

/// A location in memory, as any number of handles on `content`. `log` may be null.
[[nodiscard]] WritableStores openWritableMemory(const std::shared_ptr<MemoryContent>& content,
                                                const std::shared_ptr<ActivityLog>& log = {});

} // namespace inspector::store
