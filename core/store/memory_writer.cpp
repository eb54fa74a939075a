#include "core/store/memory_writer.h"

#include "core/store/stop.h"
#include "core/store/write_rules.h"

#include <algorithm>
#include <iterator>
#include <mutex>
#include <string>
#include <utility>

namespace inspector::store {

namespace {

std::string textOfExpected(std::optional<SeqNo> expected)
{
    return expected ? std::to_string(expected->value()) : "none";
}

/// The newest version of `key` besides the sentinel.
std::optional<std::int64_t> newestOf(const MemoryContent& content, std::string_view key)
{
    const auto found = content.versions.find(std::string(key));
    if (found == content.versions.end() || found->second.empty() || found->second.rbegin()->first < 0)
        return std::nullopt;
    return found->second.rbegin()->first;
}

} // namespace

MemoryConsensusWriter::MemoryConsensusWriter(std::shared_ptr<MemoryContent> content, std::shared_ptr<ActivityLog> log)
    : ConsensusWriterOver(std::make_unique<MemoryConsensus>(content, log))
    , m_content(std::move(content))
    , m_log(std::move(log))
{
}

Result<CasOutcome> MemoryConsensusWriter::compareAndSet(std::string_view key, std::optional<SeqNo> expected,
                                                        const VersionedData& next, const Job& job)
{
    INSPECTOR_CHECK(checkStep(key, expected, next));
    INSPECTOR_CHECK(notStopped(job));
    const ActivityRecorder recorder(m_log, description(), "COMPARE AND SET",
                                    std::string(key) + ", " + textOfExpected(expected) + ", "
                                        + std::to_string(next.seqno.value()));
    const std::lock_guard lock(m_content->own.mutex);
    const auto newest = newestOf(*m_content, key);
    const bool isExpected = expected ? newest == static_cast<std::int64_t>(expected->value()) : !newest.has_value();
    if (!isExpected)
        return CasOutcome::Mismatch;
    m_content->versions[std::string(key)].emplace(static_cast<std::int64_t>(next.seqno.value()), next.data);
    return CasOutcome::Committed;
}

Result<std::uint64_t> MemoryConsensusWriter::truncate(std::string_view key, SeqNo lessThan, const Job& job)
{
    INSPECTOR_CHECK(checkTruncation(key, lessThan));
    INSPECTOR_CHECK(notStopped(job));
    ActivityRecorder recorder(m_log, description(), "TRUNCATE",
                              std::string(key) + ", " + std::to_string(lessThan.value()));
    const std::lock_guard lock(m_content->own.mutex);
    const auto found = m_content->versions.find(std::string(key));
    const auto limit = static_cast<std::int64_t>(lessThan.value());
    if (found == m_content->versions.end() || found->second.lower_bound(limit) == found->second.end()) {
        auto error = nothingAtOrAbove(key, lessThan);
        recorder.failed(error.message);
        return tl::unexpected<Error>(std::move(error));
    }
    const auto begin = found->second.lower_bound(0); // behind the sentinel
    const auto end = found->second.lower_bound(limit);
    const auto count = static_cast<std::uint64_t>(std::distance(begin, end));
    found->second.erase(begin, end);
    return count;
}

Result<CasOutcome> MemoryConsensusWriter::insertLog(std::string_view key, const std::vector<VersionedData>& versions,
                                                    const Job& job)
{
    INSPECTOR_CHECK(checkLog(key, versions));
    INSPECTOR_CHECK(notStopped(job));
    const ActivityRecorder recorder(m_log, description(), "INSERT LOG",
                                    std::string(key) + ", " + std::to_string(versions.size()) + " versions");
    const std::lock_guard lock(m_content->own.mutex);
    if (newestOf(*m_content, key))
        return CasOutcome::Mismatch;
    auto& log = m_content->versions[std::string(key)];
    for (const auto& version : versions)
        log.emplace(static_cast<std::int64_t>(version.seqno.value()), version.data);
    return CasOutcome::Committed;
}

MemoryBlobWriter::MemoryBlobWriter(std::shared_ptr<MemoryContent> content, std::shared_ptr<ActivityLog> log)
    : BlobWriterOver(std::make_unique<MemoryBlob>(content, log))
    , m_content(std::move(content))
    , m_log(std::move(log))
{
}

Result<> MemoryBlobWriter::set(std::string_view key, BytesView bytes, const Job& job)
{
    INSPECTOR_CHECK(checkBlobKey(key));
    INSPECTOR_CHECK(notStopped(job));
    ActivityRecorder recorder(m_log, description(), "SET", std::string(key));
    auto copy = SharedBytes::copyOf(bytes);
    const std::lock_guard lock(m_content->own.mutex);
    const auto [place, isNew] = m_content->blobs.try_emplace(std::string(key), std::move(copy));
    const auto there = place->second.view();
    if (isNew || std::equal(there.begin(), there.end(), bytes.begin(), bytes.end()))
        return {};
    auto error = otherBytesThere(key);
    recorder.failed(error.message);
    return tl::unexpected<Error>(std::move(error));
}

Result<bool> MemoryBlobWriter::remove(std::string_view key, const Job& job)
{
    INSPECTOR_CHECK(checkBlobKey(key));
    INSPECTOR_CHECK(notStopped(job));
    const ActivityRecorder recorder(m_log, description(), "DELETE", std::string(key));
    const std::lock_guard lock(m_content->own.mutex);
    return m_content->blobs.erase(std::string(key)) > 0;
}

} // namespace inspector::store
