#pragma once

#include "core/base/bytes.h"
#include "core/base/job.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace inspector::store {

/// A key and the size of what is stored under it.
struct BlobListing
{
    std::string key; ///< whole, with slashes: `s…/v…/r…` or `s…/n…/p…`
    std::uint64_t sizeBytes = 0;
};

/// The store of immutable bytes: a folder, a bucket, a table of the catalog file, a map in tests. Reading only.
///
/// Calls block, and an implementation serves one thread at a time. Failures: Unavailable (the store cannot be
/// reached or permission is missing), Cancelled, Corrupt.
class Blob
{
public:
    virtual ~Blob() = default;

    /// The bytes under `key` (persist-format §3.1), or nothing when there are none: a key is absent or final.
    [[nodiscard]] virtual Result<std::optional<SharedBytes>> get(std::string_view key, const Job& job) const = 0;

    /// Every key that begins with `prefix`, in bytewise order, with its size. Leftovers of unfinished writes and
    /// soft deletions are not listed.
    [[nodiscard]] virtual Result<std::vector<BlobListing>> list(std::string_view prefix, const Job& job) const = 0;

    /// What a message or a window calls this store; never credentials.
    [[nodiscard]] virtual std::string description() const = 0;
};

} // namespace inspector::store
