#include "core/store/memory_store.h"

#include "core/store/stop.h"

#include <utility>

namespace inspector::store {

MemoryConsensus::MemoryConsensus(std::shared_ptr<const MemoryContent> content, std::shared_ptr<ActivityLog> log)
    : m_content(std::move(content))
    , m_log(std::move(log))
{
}

std::string MemoryConsensus::description() const
{
    return "memory";
}

Result<std::vector<std::string>> MemoryConsensus::listKeys(const Job& job) const
{
    ActivityRecorder recorder(m_log, description(), "LIST KEYS");
    INSPECTOR_CHECK(notStopped(job));
    std::vector<std::string> keys;
    const std::lock_guard lock(m_content->own.mutex);
    for (const auto& [key, versions] : m_content->versions)
        if (!versions.empty() && versions.rbegin()->first >= 0)
            keys.push_back(key);
    recorder.received(keys.size(), 0);
    return keys;
}

Result<std::optional<VersionedData>> MemoryConsensus::head(std::string_view key, const Job& job) const
{
    ActivityRecorder recorder(m_log, description(), "HEAD", std::string(key));
    INSPECTOR_CHECK(notStopped(job));
    const std::lock_guard lock(m_content->own.mutex);
    const auto found = m_content->versions.find(std::string(key));
    if (found == m_content->versions.end() || found->second.empty())
        return std::optional<VersionedData>();
    const auto& [seqno, data] = *found->second.rbegin();
    if (seqno < -1)
        return fail(ErrorCode::Corrupt,
                    "sequence number " + std::to_string(seqno) + " of " + std::string(key) + " is negative");
    if (seqno < 0)
        return std::optional<VersionedData>();
    recorder.received(1, data.size());
    return std::optional(VersionedData {SeqNo(static_cast<std::uint64_t>(seqno)), data});
}

Result<std::vector<VersionedData>> MemoryConsensus::scan(std::string_view key, SeqNo from, std::size_t limit,
                                                         const Job& job) const
{
    ActivityRecorder recorder(m_log, description(), "SCAN", std::string(key) + " from " + std::to_string(from.value()));
    std::vector<VersionedData> found;
    const std::lock_guard lock(m_content->own.mutex);
    const auto versions = m_content->versions.find(std::string(key));
    if (versions == m_content->versions.end())
        return found;
    for (const auto& [seqno, data] : versions->second) {
        if (seqno < 0 || static_cast<std::uint64_t>(seqno) < from.value())
            continue;
        if (found.size() == limit)
            break;
        INSPECTOR_CHECK(notStopped(job));
        recorder.received(1, data.size());
        found.push_back({SeqNo(static_cast<std::uint64_t>(seqno)), data});
    }
    return found;
}

MemoryBlob::MemoryBlob(std::shared_ptr<const MemoryContent> content, std::shared_ptr<ActivityLog> log)
    : m_content(std::move(content))
    , m_log(std::move(log))
{
}

std::string MemoryBlob::description() const
{
    return "memory";
}

Result<std::optional<SharedBytes>> MemoryBlob::get(std::string_view key, const Job& job) const
{
    ActivityRecorder recorder(m_log, description(), "GET", std::string(key));
    INSPECTOR_CHECK(notStopped(job));
    const std::lock_guard lock(m_content->own.mutex);
    const auto found = m_content->blobs.find(std::string(key));
    if (found == m_content->blobs.end())
        return std::optional<SharedBytes>();
    recorder.received(1, found->second.size());
    return std::optional(found->second);
}

Result<std::vector<BlobListing>> MemoryBlob::list(std::string_view prefix, const Job& job) const
{
    ActivityRecorder recorder(m_log, description(), "LIST", std::string(prefix));
    INSPECTOR_CHECK(notStopped(job));
    std::vector<BlobListing> listings;
    const std::lock_guard lock(m_content->own.mutex);
    for (auto entry = m_content->blobs.lower_bound(std::string(prefix)); entry != m_content->blobs.end(); ++entry) {
        if (!entry->first.starts_with(prefix))
            break;
        listings.push_back({entry->first, entry->second.size()});
    }
    recorder.received(listings.size(), 0);
    return listings;
}

} // namespace inspector::store
