#pragma once

#include "core/store/blob_writer.h"
#include "core/store/consensus_writer.h"
#include "core/store/memory_store.h"

#include <memory>

namespace inspector::store {

/// Writes the versions of a content that any number of readers and writers share. `log` may be null.
class MemoryConsensusWriter final : public ConsensusWriterOver
{
public:
    explicit MemoryConsensusWriter(std::shared_ptr<MemoryContent> content, std::shared_ptr<ActivityLog> log = {});

    [[nodiscard]] Result<CasOutcome> compareAndSet(std::string_view key, std::optional<SeqNo> expected,
                                                   const VersionedData& next, const Job& job) override;
    [[nodiscard]] Result<std::uint64_t> truncate(std::string_view key, SeqNo lessThan, const Job& job) override;
    [[nodiscard]] Result<CasOutcome> insertLog(std::string_view key, const std::vector<VersionedData>& versions,
                                               const Job& job) override;

private:
    std::shared_ptr<MemoryContent> m_content;
    std::shared_ptr<ActivityLog> m_log;
};

/// Writes the blobs of such a content. `log` may be null.
class MemoryBlobWriter final : public BlobWriterOver
{
public:
    explicit MemoryBlobWriter(std::shared_ptr<MemoryContent> content, std::shared_ptr<ActivityLog> log = {});

    [[nodiscard]] Result<> set(std::string_view key, BytesView bytes, const Job& job) override;
    [[nodiscard]] Result<bool> remove(std::string_view key, const Job& job) override;

private:
    std::shared_ptr<MemoryContent> m_content;
    std::shared_ptr<ActivityLog> m_log;
};

} // namespace inspector::store
