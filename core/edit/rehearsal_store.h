#pragma once

#include "core/store/blob_writer.h"
#include "core/store/consensus_writer.h"

#include <map>
#include <string>

namespace inspector::edit {

/// A consensus to write to that writes nowhere: it reads from a store that only reads, and refuses every change. What a
/// repair would send is computed and checked against it without any right to write.
class RehearsalConsensus final : public store::ConsensusWriter
{
public:
    /// `reading` must outlive it.
    explicit RehearsalConsensus(const store::Consensus& reading)
        : m_reading(reading)
    {
    }

    [[nodiscard]] Result<std::vector<std::string>> listKeys(const Job& job) const override
    {
        return m_reading.listKeys(job);
    }
    [[nodiscard]] Result<std::optional<store::VersionedData>> head(std::string_view key, const Job& job) const override
    {
        return m_reading.head(key, job);
    }
    [[nodiscard]] Result<std::vector<store::VersionedData>> scan(std::string_view key, SeqNo from, std::size_t limit,
                                                                 const Job& job) const override
    {
        return m_reading.scan(key, from, limit, job);
    }
    [[nodiscard]] std::string description() const override { return m_reading.description(); }

    [[nodiscard]] Result<store::CasOutcome> compareAndSet(std::string_view /*key*/, std::optional<SeqNo> /*expected*/,
                                                          const store::VersionedData& /*next*/,
                                                          const Job& /*job*/) override
    {
        return refused();
    }
    [[nodiscard]] Result<std::uint64_t> truncate(std::string_view /*key*/, SeqNo /*lessThan*/,
                                                 const Job& /*job*/) override
    {
        return refused();
    }
    [[nodiscard]] Result<store::CasOutcome> insertLog(std::string_view /*key*/,
                                                      const std::vector<store::VersionedData>& /*versions*/,
                                                      const Job& /*job*/) override
    {
        return refused();
    }

private:
    static tl::unexpected<Error> refused() { return fail(ErrorCode::ReadOnly, "a rehearsal writes nothing"); }

    const store::Consensus& m_reading;
};

/// Blobs likewise: what is set stays in memory.
class RehearsalBlob final : public store::BlobWriter
{
public:
    explicit RehearsalBlob(const store::Blob& reading)
        : m_reading(reading)
    {
    }

    [[nodiscard]] Result<std::optional<SharedBytes>> get(std::string_view key, const Job& job) const override
    {
        const auto kept = m_kept.find(key);
        return kept != m_kept.end() ? std::optional(kept->second) : m_reading.get(key, job);
    }
    [[nodiscard]] Result<std::vector<store::BlobListing>> list(std::string_view prefix, const Job& job) const override
    {
        return m_reading.list(prefix, job);
    }
    [[nodiscard]] std::string description() const override { return m_reading.description(); }

    [[nodiscard]] Result<> set(std::string_view key, BytesView bytes, const Job& /*job*/) override
    {
        m_kept.insert_or_assign(std::string(key), SharedBytes::copyOf(bytes));
        m_setBytes += bytes.size();
        return {};
    }
    [[nodiscard]] Result<bool> remove(std::string_view key, const Job& /*job*/) override
    {
        return m_kept.erase(std::string(key)) > 0;
    }

    /// Everything that was ever set.
    [[nodiscard]] std::uint64_t setBytes() const { return m_setBytes; }

private:
    const store::Blob& m_reading;
    std::map<std::string, SharedBytes, std::less<>> m_kept;
    std::uint64_t m_setBytes = 0;
};

} // namespace inspector::edit
