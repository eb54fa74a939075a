#pragma once

#include "core/catalog/initial_contents.h"
#include "core/inspect/catalog_reader.h"
#include "core/inspect/inspector.h"

#include <cstdint>
#include <string>
#include <vector>

namespace inspector::inspect {

/// Which new catalog, and where.
struct InitRequest
{
    store::Location location;
    ShardChoice shard; ///< By::Content: of an organization with a random id
    std::uint64_t catalogVersion = catalog::kNewestVersion;
    DeployGeneration deployGeneration;
    /// The content version is the build's when it is empty, the replica size that of the reference's tests.
    catalog::BootstrapArguments arguments;
    bool commit = false; ///< false: says what would be written, and writes nothing
};

struct InitReport
{
    std::string organizationId; ///< empty when the shard itself was named
    std::string shardId;
    std::string location; ///< description without credentials
    std::uint64_t catalogVersion = 0;
    std::string buildVersion; ///< stamped on the shard, and the catalog's content version
    std::int64_t epoch = 0;
    std::uint64_t deployGeneration = 0;
    SeqNo seqno;      ///< of the newest version
    Reading contents; ///< every row, at its own time
    std::vector<std::string> warnings;
};

/// Makes a new catalog with the exact contents of catalog-model §7, as a first open for writing leaves it: made in
/// memory by the code that opens real catalogs, closed, and copied to its place whole. Of a catalog file that is not
/// there a new one is made; a server's table and a folder must be there. The old era's second shard is not made: a
/// build of that era does it at its next start.
///
/// Conflict when the place holds the shard already, or any other and no id was given: two catalogs beside each other
/// must be told apart by their ids. Unsupported for versions other than catalog::kInitVersions. Other errors of
/// copyLocation().
[[nodiscard]] Result<InitReport> initCatalog(const InitRequest& request, const Job& job);

} // namespace inspector::inspect
