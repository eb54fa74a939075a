#pragma once

#include "core/base/job.h"
#include "core/store/activity_log.h"
#include "core/store/blob.h"
#include "core/store/consensus.h"

#include <memory>
#include <string>
#include <vector>

namespace inspector::store {

/// A persist location: a consensus URL and a blob URL (persist-format §1). For a catalog file both name that file.
/// Accepted: consensus `postgres://`, `postgresql://`, `sqlite:///path`, `mem:`; blob `file:///dir`,
/// `sqlite:///path`, `mem:`. A plain path or a `file:` URL of a `.mzcat` is turned into one with ofCatalogFile().
struct Location
{
    std::string consensusUrl;
    std::string blobUrl;

    /// The location that the catalog file at `path` (a path or a `file:` URL) is.
    [[nodiscard]] static Location ofCatalogFile(const std::string& path);
};

/// Both stores of a location, open for reading.
struct Stores
{
    std::unique_ptr<Consensus> consensus;
    std::unique_ptr<Blob> blob;
    std::vector<std::string> warnings; ///< what was odd while opening and did not prevent it; usually empty
};

/// Opens both stores without writing to either: the database session is read-only before its first query, the
/// catalog file is opened so that not even its journal is touched. InvalidInput for a URL that is none, NotFound for a
/// file or folder that is not there, Unavailable for a server or a permission, Corrupt for a file that is no catalog
/// file, Unsupported for a scheme or a schema version that this build does not know.
[[nodiscard]] Result<Stores> openStores(const Location& location, std::shared_ptr<ActivityLog> log, const Job& job);

/// `url` as it may be shown: without user, password and query string.
[[nodiscard]] std::string withoutCredentials(const std::string& url);

} // namespace inspector::store
