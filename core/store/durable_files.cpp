#include "core/store/durable_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace inspector::store {

namespace {

Result<> syncPath(const std::string& path, int flags, const char* kind)
{
    const int descriptor = ::open(path.c_str(), flags | O_RDONLY | O_CLOEXEC);
    int error = descriptor < 0 ? errno : 0;
    if (descriptor >= 0) {
        if (::fsync(descriptor) != 0)
            error = errno;
        ::close(descriptor);
    }
    if (error == 0)
        return {};
    return fail(ErrorCode::Unavailable,
                std::string(kind) + " '" + path + "' cannot be synced: " + std::generic_category().message(error));
}

} // namespace

std::string folderOf(const std::string& path)
{
    const auto slash = path.rfind('/');
    return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

Result<> syncFolder(const std::string& folder)
{
    return syncPath(folder, O_DIRECTORY, "folder");
}

Result<> syncFile(const std::string& path)
{
    return syncPath(path, 0, "file");
}

Result<bool> moveWithoutReplacing(const std::string& from, const std::string& to)
{
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0)
        return true;
    int error = errno;
    if (error == EINVAL || error == ENOSYS) { // a file system that cannot do it: a second name cannot replace, either
        if (::link(from.c_str(), to.c_str()) == 0) {
            ::unlink(from.c_str());
            return true;
        }
        error = errno;
        // One without second names: nothing is left but to look first.
        if (error != EEXIST && ::access(to.c_str(), F_OK) != 0 && ::rename(from.c_str(), to.c_str()) == 0)
            return true;
    }
    if (error == EEXIST || ::access(to.c_str(), F_OK) == 0)
        return false;
    return fail(ErrorCode::Unavailable,
                "'" + from + "' cannot be renamed to '" + to + "': " + std::generic_category().message(error));
}

} // namespace inspector::store
