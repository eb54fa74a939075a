#pragma once

#include "core/store/activity_log.h"
#include "core/store/blob.h"

#include <memory>
#include <string>

namespace inspector::store {

/// Blobs as files of one flat folder: the name is the key with every `/` written as U+2215 (persist-format §1.6, §1.7).
/// Opens files for reading only. Leftovers (`.tmp`, `.bak`) and names that are no blob key do not exist here.
class FileBlob final : public Blob
{
public:
    /// Opens `file:///abs/dir[?tombstone]`. The path is taken to the letter, without percent-decoding. InvalidInput for
    /// a URL that is none, an unknown parameter or a path that is no folder; NotFound when it is not there;
    /// Unavailable without the permission to look into it. `log` may be null.
    [[nodiscard]] static Result<std::unique_ptr<FileBlob>> open(const std::string& url,
                                                                std::shared_ptr<ActivityLog> log);

    [[nodiscard]] Result<std::optional<SharedBytes>> get(std::string_view key, const Job& job) const override;
    [[nodiscard]] Result<std::vector<BlobListing>> list(std::string_view prefix, const Job& job) const override;
    [[nodiscard]] std::string description() const override;

    [[nodiscard]] const std::string& folder() const { return m_folder; }
    /// The URL's `tombstone`: whoever deletes a blob keeps its file as `.bak`.
    [[nodiscard]] bool keepsDeleted() const { return m_keepsDeleted; }

private:
    FileBlob(std::string folder, bool keepsDeleted, std::shared_ptr<ActivityLog> log);

    std::string m_folder;
    bool m_keepsDeleted;
    std::shared_ptr<ActivityLog> m_log;
};

/// The file name of `key` in a folder of blobs.
[[nodiscard]] std::string fileNameOfBlobKey(std::string_view key);

/// The key behind a file name; nothing for a leftover or any name that is no full blob key (persist-format §3.1).
[[nodiscard]] std::optional<std::string> blobKeyOfFileName(std::string_view name);

} // namespace inspector::store
