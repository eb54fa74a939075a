#include "core/store/file_blob.h"

#include "core/base/ids.h"
#include "core/store/large_bytes.h"
#include "core/store/stop.h"
#include "core/store/url.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

namespace inspector::store {

namespace {

constexpr std::string_view kDivisionSlash = "\xE2\x88\x95"; // U+2215
constexpr std::size_t kChunkBytes = 8U << 20U;              // between two looks at the stop token

class FileDescriptor
{
public:
    explicit FileDescriptor(int descriptor)
        : m_descriptor(descriptor)
    {
    }
    ~FileDescriptor()
    {
        if (m_descriptor >= 0)
            ::close(m_descriptor);
    }
    FileDescriptor(const FileDescriptor&) = delete;
    FileDescriptor& operator=(const FileDescriptor&) = delete;

    [[nodiscard]] int value() const { return m_descriptor; }

private:
    int m_descriptor;
};

struct CloseFolder
{
    void operator()(DIR* folder) const { ::closedir(folder); }
};

std::string reasonOf(int error)
{
    return std::generic_category().message(error);
}

/// Why `folder` cannot be looked into, or nothing.
Result<> checkFolder(const std::string& folder)
{
    struct stat status
    {
    };
    if (::stat(folder.c_str(), &status) != 0) {
        const int error = errno;
        if (error == ENOENT || error == ENOTDIR) {
            const auto decoded = percentDecoded(folder);
            struct stat other
            {
            };
            if (decoded && *decoded != folder && ::stat(decoded->c_str(), &other) == 0)
                return fail(ErrorCode::NotFound,
                            "there is no folder '" + folder
                                + "': the path of a blob URL is taken to the letter, write it "
                                  "without percent signs");
            return fail(ErrorCode::NotFound, "there is no folder '" + folder + "': check the blob URL");
        }
        if (error == EACCES)
            return fail(ErrorCode::Unavailable,
                        "no permission to reach folder '" + folder + "': read and search permission suffice");
        return fail(ErrorCode::Unavailable, "folder '" + folder + "' cannot be reached: " + reasonOf(error));
    }
    if (!S_ISDIR(status.st_mode))
        return fail(ErrorCode::InvalidInput, "'" + folder + "' is no folder: a blob URL names the folder of the blobs");
    if (::access(folder.c_str(), R_OK | X_OK) != 0)
        return fail(ErrorCode::Unavailable,
                    "no permission to look into folder '" + folder + "': read and search permission suffice");
    return {};
}

} // namespace

std::string fileNameOfBlobKey(std::string_view key)
{
    std::string name;
    for (const char c : key) {
        if (c == '/')
            name += kDivisionSlash;
        else
            name += c;
    }
    return name;
}

std::optional<std::string> blobKeyOfFileName(std::string_view name)
{
    std::string key;
    for (std::size_t at = 0; at < name.size();) {
        if (name.substr(at).starts_with(kDivisionSlash)) {
            key += '/';
            at += kDivisionSlash.size();
        } else {
            key += name[at++];
        }
    }
    // shard "/" ("v" seqno "/" "r" uuid | ("w" | "n") text "/" "p" uuid)
    constexpr std::size_t kShardLength = 37;
    const std::string_view text(key);
    if (text.size() < kShardLength || !ShardId::parse(text.substr(0, kShardLength)))
        return std::nullopt;
    const auto rest = text.substr(kShardLength);
    const auto last = rest.rfind('/');
    if (last == std::string_view::npos || last < 2 || rest.front() != '/')
        return std::nullopt;
    const auto middle = rest.substr(1, last - 1);
    const auto leaf = rest.substr(last + 1);
    if (middle.find('/') != std::string_view::npos || leaf.empty() || !isUuid(leaf.substr(1)))
        return std::nullopt;
    const bool isRollup = leaf.front() == 'r' && middle.front() == 'v' && middle.size() > 1
        && std::all_of(middle.begin() + 1, middle.end(), [](char c) { return c >= '0' && c <= '9'; });
    const bool isPart = leaf.front() == 'p' && (middle.front() == 'w' || middle.front() == 'n');
    if (!isRollup && !isPart)
        return std::nullopt;
    return key;
}

FileBlob::FileBlob(std::string folder, bool keepsDeleted, std::shared_ptr<ActivityLog> log)
    : m_folder(std::move(folder))
    , m_keepsDeleted(keepsDeleted)
    , m_log(std::move(log))
{
}

Result<std::unique_ptr<FileBlob>> FileBlob::open(const std::string& url, std::shared_ptr<ActivityLog> log)
{
    constexpr std::string_view kScheme = "file://";
    if (!url.starts_with(kScheme))
        return fail(ErrorCode::InvalidInput, "a blob folder is written file:///absolute/path");
    std::string_view rest = std::string_view(url).substr(kScheme.size());
    std::string_view query;
    if (const auto mark = rest.find('?'); mark != std::string_view::npos) {
        query = rest.substr(mark + 1);
        rest = rest.substr(0, mark);
    }
    if (constexpr std::string_view kLocalhost = "localhost/"; rest.starts_with(kLocalhost))
        rest.remove_prefix(kLocalhost.size() - 1);
    if (!rest.starts_with('/') || rest.find('\0') != std::string_view::npos)
        return fail(ErrorCode::InvalidInput,
                    "blob URL '" + url + "' names no absolute path: three slashes are needed, file:///absolute/path");
    bool keepsDeleted = false;
    while (!query.empty()) {
        const auto end = std::min(query.find('&'), query.size());
        const auto name = query.substr(0, std::min(query.substr(0, end).find('='), end));
        if (!name.empty() && name != "tombstone")
            return fail(ErrorCode::InvalidInput,
                        "a blob folder has no parameter '" + std::string(name) + "': only 'tombstone' is known");
        keepsDeleted = keepsDeleted || !name.empty();
        query.remove_prefix(std::min(end + 1, query.size()));
    }
    std::string folder(rest);
    while (folder.size() > 1 && folder.back() == '/')
        folder.pop_back();
    INSPECTOR_CHECK(checkFolder(folder));
    return std::unique_ptr<FileBlob>(new FileBlob(std::move(folder), keepsDeleted, std::move(log)));
}

std::string FileBlob::description() const
{
    return "folder " + m_folder;
}

Result<std::optional<SharedBytes>> FileBlob::get(std::string_view key, const Job& job) const
{
    ActivityRecorder recorder(m_log, description(), "GET", std::string(key));
    const auto failed = [&](ErrorCode code, std::string message) {
        recorder.failed(message);
        return fail(code, std::move(message));
    };
    INSPECTOR_CHECK(notStopped(job));
    const std::string name = fileNameOfBlobKey(key);
    if (!blobKeyOfFileName(name))
        return std::optional<SharedBytes>(); // no writer makes such a name: a leftover, "..", an empty key
    const std::string path = m_folder + "/" + name;
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)); // a fifo must not block
    if (file.value() < 0) {
        const int error = errno;
        if (error == ENOENT || error == ENAMETOOLONG) {
            if (auto reachable = checkFolder(m_folder); !reachable)
                return failed(ErrorCode::Unavailable, reachable.error().message);
            return std::optional<SharedBytes>();
        }
        if (error == EACCES)
            return failed(ErrorCode::Unavailable,
                          "no permission to read blob " + std::string(key) + " in folder '" + m_folder
                              + "': read permission suffices");
        return failed(ErrorCode::Unavailable, "blob " + std::string(key) + " cannot be opened: " + reasonOf(error));
    }
    struct stat status
    {
    };
    if (::fstat(file.value(), &status) != 0)
        return failed(ErrorCode::Unavailable, "blob " + std::string(key) + " cannot be read: " + reasonOf(errno));
    if (!S_ISREG(status.st_mode))
        return failed(ErrorCode::Corrupt, "'" + path + "' has the name of a blob but is no file");

    const auto size = static_cast<std::size_t>(status.st_size);
    std::string trouble;
    bool cancelled = false;
    const auto fill = [&](std::byte* to) {
        for (std::size_t done = 0; done < size;) {
            if (!notStopped(job)) {
                cancelled = true;
                return;
            }
            const auto got = ::read(file.value(), to + done, std::min(size - done, kChunkBytes));
            if (got < 0 && errno == EINTR)
                continue;
            if (got <= 0) {
                trouble = got < 0 ? reasonOf(errno)
                                  : "it ends after " + std::to_string(done) + " of " + std::to_string(size) + " bytes";
                return;
            }
            done += static_cast<std::size_t>(got);
        }
    };
    auto bytes = makeLargeBytes(size, fill);
    if (!bytes)
        return failed(ErrorCode::Unavailable,
                      "not enough memory for blob " + std::string(key) + " of " + std::to_string(size) + " bytes");
    if (cancelled)
        return failed(ErrorCode::Cancelled, "stopped by the user");
    if (!trouble.empty())
        return failed(ErrorCode::Unavailable, "blob " + std::string(key) + " cannot be read: " + trouble);
    recorder.received(1, size);
    return bytes;
}

Result<std::vector<BlobListing>> FileBlob::list(std::string_view prefix, const Job& job) const
{
    ActivityRecorder recorder(m_log, description(), "LIST", std::string(prefix));
    const auto failed = [&](ErrorCode code, std::string message) {
        recorder.failed(message);
        return fail(code, std::move(message));
    };
    const std::unique_ptr<DIR, CloseFolder> folder(::opendir(m_folder.c_str()));
    if (!folder) {
        const int error = errno;
        if (auto reachable = checkFolder(m_folder); !reachable)
            return failed(ErrorCode::Unavailable, reachable.error().message);
        return failed(ErrorCode::Unavailable, "folder '" + m_folder + "' cannot be listed: " + reasonOf(error));
    }
    std::vector<BlobListing> listings;
    std::uint64_t looked = 0;
    for (;;) {
        errno = 0;
        const dirent* entry = ::readdir(folder.get()); // NOLINT(concurrency-mt-unsafe): one stream, one thread
        if (!entry) {
            if (errno != 0)
                return failed(ErrorCode::Unavailable, "folder '" + m_folder + "' cannot be listed: " + reasonOf(errno));
            break;
        }
        if (++looked % 1024 == 0)
            INSPECTOR_CHECK(notStopped(job));
        auto key = blobKeyOfFileName(entry->d_name);
        if (!key || !key->starts_with(prefix))
            continue;
        struct stat status
        {
        };
        if (::fstatat(::dirfd(folder.get()), entry->d_name, &status, 0) != 0 || !S_ISREG(status.st_mode))
            continue; // deleted since, or not a file
        listings.push_back({std::move(*key), static_cast<std::uint64_t>(status.st_size)});
    }
    INSPECTOR_CHECK(notStopped(job));
    std::sort(listings.begin(), listings.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
    recorder.received(listings.size(), 0);
    return listings;
}

} // namespace inspector::store
