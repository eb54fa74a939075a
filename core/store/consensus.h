#pragma once

#include "core/base/bytes.h"
#include "core/base/job.h"
#include "core/base/strong.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace inspector::store {

/// One version of a key's data.
struct VersionedData
{
    SeqNo seqno;
    Bytes data; ///< opaque here; core/codec knows what is inside
};

/// The log of versions behind a shard: one row per (key, seqno) in a database table, a map in tests. Reading only:
/// nothing behind this interface can write (writing has an interface of its own).
///
/// Calls block, and an implementation serves one thread at a time. Failures: Unavailable (the server cannot be
/// reached, refuses or timed out), NotFound (no table of that name), Cancelled, Corrupt (a row breaks the log's
/// rules: a sequence number below -1).
class Consensus
{
public:
    virtual ~Consensus() = default;

    /// Every key that has a version, in bytewise order. Includes finalised shards.
    [[nodiscard]] virtual Result<std::vector<std::string>> listKeys(const Job& job) const = 0;

    /// The newest version of `key`, or nothing when the key was never written.
    [[nodiscard]] virtual Result<std::optional<VersionedData>> head(std::string_view key, const Job& job) const = 0;

    /// Up to `limit` versions with seqno >= `from`, oldest first; empty when there are none. The sentinel row that
    /// newer writers put at sequence number -1 is never among them (persist-format §1.4).
    [[nodiscard]] virtual Result<std::vector<VersionedData>> scan(std::string_view key, SeqNo from, std::size_t limit,
                                                                  const Job& job) const = 0;

    /// What a message or a window calls this store: kind, host, port and database or the file's path; never a user,
    /// a password or a query string.
    [[nodiscard]] virtual std::string description() const = 0;

    /// No limit on the number of rows.
    static constexpr std::size_t kAll = static_cast<std::size_t>(-1);
};

} // namespace inspector::store
