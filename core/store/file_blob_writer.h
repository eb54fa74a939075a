#pragma once

#include "core/store/blob_writer.h"
#include "core/store/file_blob.h"

#include <memory>
#include <string>

namespace inspector::store {

/// Writes the files of a folder of blobs, step by step as the real system does (persist-write-protocol §2.3): what has
/// the name of a blob is whole and on the disk, and what a kill leaves behind ends in `.tmp`.
class FileBlobWriter final : public BlobWriterOver
{
public:
    /// With the errors of FileBlob::open; Unavailable without the right to write in the folder, which is not made.
    /// `log` may be null.
    [[nodiscard]] static Result<std::unique_ptr<FileBlobWriter>> open(const std::string& url,
                                                                      std::shared_ptr<ActivityLog> log);

    /// A Stop ends it between two chunks. `outcomeUnknown` when the blob is there, but the disk did not confirm it.
    [[nodiscard]] Result<> set(std::string_view key, BytesView bytes, const Job& job) override;
    /// With the URL's `tombstone` the file is kept as `.bak`.
    [[nodiscard]] Result<bool> remove(std::string_view key, const Job& job) override;

private:
    FileBlobWriter(std::string folder, bool keepsDeleted, std::unique_ptr<FileBlob> reading,
                   std::shared_ptr<ActivityLog> log);
    [[nodiscard]] Result<> put(const std::string& path, std::string_view key, BytesView bytes, const Job& job);

    std::string m_folder;
    bool m_keepsDeleted;
    std::shared_ptr<ActivityLog> m_log;
};

} // namespace inspector::store
