#pragma once

#include "core/base/ids.h"
#include "core/base/job.h"
#include "core/base/result.h"
#include "core/store/blob_writer.h"
#include "core/store/consensus_writer.h"

#include <cstdint>
#include <string>

namespace inspector::demo {

/// Which demo is told.
struct DemoOptions
{
    std::uint64_t seed = 1;
    std::uint64_t catalogVersion = 92; ///< one of catalog::kInitVersions
    std::uint64_t items = 300;         ///< live ones at the end, exactly
    std::uint64_t auditRows = 3000;    ///< at the end, exactly
};

/// The smallest demo that the story has room in.
inline constexpr std::uint64_t kFewestItems = 60;
/// Audit events that `items` live items take at least, the story's own included.
[[nodiscard]] std::uint64_t fewestAuditRows(std::uint64_t items);

/// InvalidInput when there is no such demo: an unknown version, sizes out of bounds.
[[nodiscard]] Result<> checkOptions(const DemoOptions& options);

/// What came out.
struct DemoSummary
{
    std::string organizationId;
    std::string environmentId;
    std::string shardId;
    std::uint64_t catalogVersion = 0;
    std::uint64_t items = 0;
    std::uint64_t auditRows = 0;
    std::uint64_t transactions = 0; ///< that were committed
    std::uint64_t deployGeneration = 0;
    std::int64_t epoch = 0;
    std::uint64_t upper = 0;
};

/// The ids of the demo with this seed: nothing is written for it.
[[nodiscard]] DemoSummary demoIdsOf(const DemoOptions& options);

/// Tells the story of an environment in a place that holds nothing yet: a catalog that was opened by several epochs and
/// deploy generations over eight weeks, with what people did in it, a writer that was fenced in the middle of a
/// transaction, a rehearsal in memory that wrote nothing, and a repair by hand. Everything goes through the durable
/// catalog as the real system's coordinator drives it. The same options make the same bytes. The last handle stays
/// open, as in an environment that is running.
[[nodiscard]] Result<DemoSummary> tellDemo(store::ConsensusWriter& consensus, store::BlobWriter& blob,
                                           const DemoOptions& options, const Job& job);

/// Whether a demo can be made at `path`: InvalidInput for a URL, Conflict when something is there, NotFound without the
/// folder, Unavailable when the folder is closed to us. Writes nothing.
[[nodiscard]] Result<> checkDemoFile(const std::string& path);

/// Makes the catalog file `path` with a demo in it: told beside it, synced, and put in its place whole. Conflict when a
/// file is there, which stays as it is. Until the file is whole it has another name and is thrown away when something
/// goes wrong, so an outcome is never unknown.
[[nodiscard]] Result<DemoSummary> writeDemoFile(const std::string& path, const DemoOptions& options, const Job& job);

} // namespace inspector::demo
