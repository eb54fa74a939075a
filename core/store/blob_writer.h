#pragma once

#include "core/store/blob.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace inspector::store {

/// A blob store that can also be written. As with ConsensusWriter, only opening for writing makes one.
class BlobWriter : public Blob
{
public:
    /// Stores `bytes` under `key`, whole or not at all, durable when it returns (persist-write-protocol §2.5). Blobs
    /// are final: a key that is there already with other bytes is Conflict; with the same bytes it is done.
    /// InvalidInput for what is no whole key of a blob (persist-format §3.1).
    [[nodiscard]] virtual Result<> set(std::string_view key, BytesView bytes, const Job& job) = 0;

    /// Deletes what is under `key`; true when there was something. Deleting twice is no error.
    [[nodiscard]] virtual Result<bool> remove(std::string_view key, const Job& job) = 0;
};

/// A writer whose reading half is another object.
class BlobWriterOver : public BlobWriter
{
public:
    [[nodiscard]] Result<std::optional<SharedBytes>> get(std::string_view key, const Job& job) const final
    {
        return m_reading->get(key, job);
    }
    [[nodiscard]] Result<std::vector<BlobListing>> list(std::string_view prefix, const Job& job) const final
    {
        return m_reading->list(prefix, job);
    }
    [[nodiscard]] std::string description() const final { return m_reading->description(); }

protected:
    explicit BlobWriterOver(std::unique_ptr<Blob> reading)
        : m_reading(std::move(reading))
    {
    }

private:
    std::unique_ptr<Blob> m_reading;
};

} // namespace inspector::store
