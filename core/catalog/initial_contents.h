#pragma once

#include "core/base/id_source.h"
#include "core/base/result.h"
#include "core/catalog/transaction.h"

#include <cstdint>
#include <optional>
#include <string>

namespace inspector::catalog {

/// What a new catalog is made with (catalog-model §7, "bootstrap arguments").
struct BootstrapArguments
{
    std::string defaultReplicaSize; ///< "1" (old) or "scale=1,workers=1" (new)
    std::uint32_t defaultReplicationFactor = 1;
    std::optional<std::string> bootstrapRole;
    bool hasDisk = false;          ///< of the size, per the size map; catalog versions up to 75
    std::uint64_t initialTsMs = 0; ///< occurred_at of its audit events
    std::string contentVersion;    ///< setting catalog_content_version
};

/// The catalog versions that init can write.
inline constexpr std::uint32_t kInitVersions[] = {72, 82, 92};

/// Fills an empty transaction with the exact contents of a brand-new catalog of the transaction's schema version
/// (catalog-model §7.2 to §7.5). Unsupported for versions other than kInitVersions. `ids` makes the random settings.
[[nodiscard]] Result<> initialise(Transaction& transaction, const BootstrapArguments& arguments, IdSource& ids);

} // namespace inspector::catalog
