#pragma once

#include "core/store/blob.h"

#include <string_view>

namespace inspector::store {

/// A blob store that can also be written. As with ConsensusWriter, only opening for writing makes one.
class BlobWriter : public Blob
{
public:
    /// Stores `bytes` under `key`, whole or not at all, durable when it returns (persist-write-protocol §2.5). Blobs
    /// are final: a key that is there already with other bytes is Conflict; with the same bytes it is done.
    [[nodiscard]] virtual Result<> set(std::string_view key, BytesView bytes, const Job& job) = 0;

    /// Deletes what is under `key`; true when there was something. Deleting twice is no error.
    [[nodiscard]] virtual Result<bool> remove(std::string_view key, const Job& job) = 0;
};

} // namespace inspector::store
