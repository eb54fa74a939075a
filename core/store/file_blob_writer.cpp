#include "core/store/file_blob_writer.h"

#include "core/store/durable_files.h"
#include "core/store/stop.h"
#include "core/store/write_rules.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

namespace inspector::store {

namespace {

constexpr std::size_t kChunkBytes = 8U << 20U; // between two looks at the stop token
constexpr mode_t kMode = 0666;                 // less what the process's umask takes away

Error troubleWith(std::string_view key, const std::string& folder, int error)
{
    const std::string blob = "blob " + std::string(key);
    const auto unavailable = [](std::string message) {
        return Error {ErrorCode::Unavailable, std::move(message), {}, false};
    };
    if (error == ENOSPC || error == EDQUOT)
        return unavailable("no space left for " + blob + " in folder '" + folder + "': free some, then try again");
    if (error == EACCES || error == EPERM || error == EROFS)
        return unavailable("no permission to write " + blob + " in folder '" + folder
                           + "': write and search permission are needed");
    if (error == ENOENT)
        return unavailable("folder '" + folder + "' is gone");
    return unavailable(blob + " cannot be written: " + std::generic_category().message(error));
}

/// Writes a new file and waits until it is on the disk; 0, an errno, or -1 when a Stop came.
int writeFile(const std::string& path, BytesView bytes, const Job& job)
{
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, kMode);
    if (file < 0)
        return errno;
    int error = 0;
    for (std::size_t done = 0; done < bytes.size() && error == 0;) {
        if (!notStopped(job)) {
            error = -1;
            break;
        }
        const auto written = ::write(file, bytes.data() + done, std::min(bytes.size() - done, kChunkBytes));
        if (written > 0)
            done += static_cast<std::size_t>(written);
        else if (errno != EINTR)
            error = errno != 0 ? errno : EIO;
    }
    if (error == 0 && ::fsync(file) != 0)
        error = errno;
    if (::close(file) != 0 && error == 0)
        error = errno;
    return error;
}

} // namespace

FileBlobWriter::FileBlobWriter(std::string folder, bool keepsDeleted, std::unique_ptr<FileBlob> reading,
                               std::shared_ptr<ActivityLog> log)
    : BlobWriterOver(std::move(reading))
    , m_folder(std::move(folder))
    , m_keepsDeleted(keepsDeleted)
    , m_log(std::move(log))
{
}

Result<std::unique_ptr<FileBlobWriter>> FileBlobWriter::open(const std::string& url, std::shared_ptr<ActivityLog> log)
{
    INSPECTOR_TRY(auto reading, FileBlob::open(url, log));
    if (::access(reading->folder().c_str(), W_OK | X_OK) != 0)
        return fail(ErrorCode::Unavailable,
                    "no permission to write in folder '" + reading->folder()
                        + "': write and search permission are needed");
    auto folder = reading->folder();
    const bool keepsDeleted = reading->keepsDeleted();
    return std::unique_ptr<FileBlobWriter>(
        new FileBlobWriter(std::move(folder), keepsDeleted, std::move(reading), std::move(log)));
}

Result<> FileBlobWriter::set(std::string_view key, BytesView bytes, const Job& job)
{
    INSPECTOR_CHECK(checkBlobKey(key));
    INSPECTOR_CHECK(notStopped(job));
    ActivityRecorder recorder(m_log, description(), "SET",
                              std::string(key) + ", " + std::to_string(bytes.size()) + " bytes");
    auto done = put(m_folder + "/" + fileNameOfBlobKey(key), key, bytes, job);
    if (!done)
        recorder.failed(done.error().message);
    return done;
}

Result<> FileBlobWriter::put(const std::string& path, std::string_view key, BytesView bytes, const Job& job)
{
    const auto withUnknown = [](Result<> outcome) {
        if (!outcome)
            outcome.error().outcomeUnknown = true;
        return outcome;
    };
    const std::string beside = path + ".tmp";
    const int error = writeFile(beside, bytes, job);
    Result<bool> placed = error == -1 ? Result<bool>(fail(ErrorCode::Cancelled, "stopped by the user"))
        : error != 0                  ? Result<bool>(tl::unexpected<Error>(troubleWith(key, m_folder, error)))
                                      : Result<bool>(true);
    if (placed)
        if (auto synced = syncFolder(m_folder); !synced)
            placed = tl::unexpected<Error>(std::move(synced).error());
    if (placed)
        placed = moveWithoutReplacing(beside, path);
    if (placed && *placed)
        return withUnknown(syncFolder(m_folder));
    ::unlink(beside.c_str());
    if (!placed)
        return tl::unexpected<Error>(std::move(placed).error());
    INSPECTOR_TRY(const auto there, get(key, Job()));
    if (!there || !std::equal(there->view().begin(), there->view().end(), bytes.begin(), bytes.end()))
        return tl::unexpected<Error>(otherBytesThere(key));
    // Who put it there may not have come as far as this.
    INSPECTOR_CHECK(withUnknown(syncFile(path)));
    return withUnknown(syncFolder(m_folder));
}

Result<bool> FileBlobWriter::remove(std::string_view key, const Job& job)
{
    INSPECTOR_CHECK(checkBlobKey(key));
    INSPECTOR_CHECK(notStopped(job));
    ActivityRecorder recorder(m_log, description(), "DELETE", std::string(key));
    const auto path = m_folder + "/" + fileNameOfBlobKey(key);
    const int code = m_keepsDeleted ? std::rename(path.c_str(), (path + ".bak").c_str()) : ::unlink(path.c_str());
    if (code != 0 && errno == ENOENT)
        return false;
    if (code != 0) {
        auto error = troubleWith(key, m_folder, errno);
        recorder.failed(error.message);
        return tl::unexpected<Error>(std::move(error));
    }
    if (auto synced = syncFolder(m_folder); !synced) {
        synced.error().outcomeUnknown = true;
        recorder.failed(synced.error().message);
        return tl::unexpected<Error>(std::move(synced).error());
    }
    return true;
}

} // namespace inspector::store
