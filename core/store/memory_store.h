#pragma once

#include "core/store/activity_log.h"
#include "core/store/blob.h"
#include "core/store/consensus.h"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace inspector::store {

/// A mutex that belongs to one object: a copy of the object gets its own.
struct OwnMutex
{
    OwnMutex() = default;
    OwnMutex(const OwnMutex& /*unused*/) { }
    OwnMutex& operator=(const OwnMutex& /*unused*/) { return *this; }
    ~OwnMutex() = default;

    std::mutex mutex;
};

/// What a location in memory holds. A test fills it, may change it between two calls, and hands it to any number of
/// stores, which lock it for the length of each call: they may be used by several threads, one thread each.
struct MemoryContent
{
    mutable OwnMutex own; ///< guards all below; whoever changes it while others use the stores locks it, too
    /// By key, then by sequence number; -1 is the sentinel that newer writers leave (persist-format §1.4).
    std::map<std::string, std::map<std::int64_t, Bytes>> versions;
    std::map<std::string, SharedBytes> blobs;
};

/// Consensus over maps. `log` may be null.
class MemoryConsensus final : public Consensus
{
public:
    explicit MemoryConsensus(std::shared_ptr<const MemoryContent> content, std::shared_ptr<ActivityLog> log = {});

    [[nodiscard]] Result<std::vector<std::string>> listKeys(const Job& job) const override;
    [[nodiscard]] Result<std::optional<VersionedData>> head(std::string_view key, const Job& job) const override;
    [[nodiscard]] Result<std::vector<VersionedData>> scan(std::string_view key, SeqNo from, std::size_t limit,
                                                          const Job& job) const override;
    [[nodiscard]] std::string description() const override;

private:
    std::shared_ptr<const MemoryContent> m_content;
    std::shared_ptr<ActivityLog> m_log;
};

/// Blobs in a map. `log` may be null.
class MemoryBlob final : public Blob
{
public:
    explicit MemoryBlob(std::shared_ptr<const MemoryContent> content, std::shared_ptr<ActivityLog> log = {});

    [[nodiscard]] Result<std::optional<SharedBytes>> get(std::string_view key, const Job& job) const override;
    [[nodiscard]] Result<std::vector<BlobListing>> list(std::string_view prefix, const Job& job) const override;
    [[nodiscard]] std::string description() const override;

private:
    std::shared_ptr<const MemoryContent> m_content;
    std::shared_ptr<ActivityLog> m_log;
};

} // namespace inspector::store
