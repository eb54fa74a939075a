#include "tests/support/fixture.h"

#include "core/base/bytes.h"
#include "core/base/hex.h"
#include "core/base/sha256.h"
#include "tests/support/process.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

namespace inspector::test {

namespace {

namespace fs = std::filesystem;

/// Held by one test program at a time, so that a large fixture is unpacked once.
class FolderLock
{
public:
    explicit FolderLock(const fs::path& file)
        : m_file(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644))
    {
        if (m_file >= 0)
            ::flock(m_file, LOCK_EX);
    }
    ~FolderLock()
    {
        if (m_file >= 0)
            ::close(m_file);
    }
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;

private:
    int m_file;
};

/// `packed` without its last ending, in the build folder.
Result<std::string> unpacked(const fs::path& packed, const std::string& shard, const std::string& name)
{
    const fs::path folder = fs::path(INSPECTOR_BUILD) / "fixtures" / shard;
    const fs::path target = folder / name;
    std::error_code error;
    fs::create_directories(target.parent_path(), error);
    const FolderLock lock(folder / ".lock");
    if (fs::exists(target, error))
        return target.string();
    const fs::path partial = target.string() + ".partial" + std::to_string(::getpid());
    fs::remove(partial, error);
    const std::string tool = packed.extension() == ".gz" ? "gzip" : "xz";
    if (const int code = run({tool, "-dc", packed.string()}, partial.string()); code != 0)
        return fail(ErrorCode::Unavailable, tool + " ended with " + std::to_string(code) + " for " + packed.string());
    fs::rename(partial, target, error);
    if (error)
        return fail(ErrorCode::Unavailable, "cannot rename " + partial.string());
    return target.string();
}

Result<std::string> fixtureFile(const std::string& shard, const std::string& inShard)
{
    const fs::path plain = fs::path(INSPECTOR_FIXTURES) / "shards" / shard / inShard;
    if (fs::exists(plain))
        return plain.string();
    for (const auto* ending : {".xz", ".gz"})
        if (const fs::path packed = plain.string() + ending; fs::exists(packed))
            return unpacked(packed, shard, inShard);
    return fail(ErrorCode::NotFound, "there is no fixture " + plain.string());
}

} // namespace

Result<std::string> shardFile(const std::string& shard)
{
    return fixtureFile(shard, "catalog.mzcat");
}

Result<std::string> expectedFile(const std::string& shard, const std::string& name)
{
    return fixtureFile(shard, "expected/" + name);
}

const std::vector<std::string>& smallShards()
{
    static const std::vector<std::string> shards {"old-fresh", "old-busy", "old-log",
                                                  "new-fresh", "new-busy", "new-log"};
    return shards;
}

Result<std::string> contentOf(const std::string& path)
{
    std::ifstream stream(path, std::ios::binary);
    if (!stream)
        return fail(ErrorCode::NotFound, "there is no file '" + path + "'");
    return std::string(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
}

FileState stateOf(const std::string& path)
{
    FileState state;
    const auto content = contentOf(path);
    state.sha256 = content ? toHex(sha256(bytesOf(*content))) : "unreadable";
    struct stat status
    {
    };
    if (::stat(path.c_str(), &status) == 0) {
        state.sizeBytes = static_cast<std::uint64_t>(status.st_size);
        state.modifiedNs = status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec;
        state.changedNs = status.st_ctim.tv_sec * 1'000'000'000 + status.st_ctim.tv_nsec;
    }
    for (const auto& entry : fs::directory_iterator(fs::path(path).parent_path()))
        state.beside.push_back(entry.path().filename().string());
    std::sort(state.beside.begin(), state.beside.end());
    return state;
}

} // namespace inspector::test
