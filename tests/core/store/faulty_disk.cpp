#include "tests/core/store/faulty_disk.h"

#include <sqlite3.h>
#include <unistd.h>

#include <atomic>
#include <new>
#include <string>
#include <string_view>

namespace {

struct Plan
{
    std::atomic<DiskFault> fault = DiskFault::None;
    std::atomic<std::size_t> call = 0;
    std::atomic<bool> lasting = false;
    std::atomic<std::size_t> calls = 0;
};
Plan plan; // SQLite's file system is one per process

struct FaultyFile
{
    sqlite3_file base {};
    sqlite3_file* real = nullptr;
};

sqlite3_vfs* realSystem()
{
    return sqlite3_vfs_find("unix");
}

sqlite3_file* realOf(sqlite3_file* file)
{
    return reinterpret_cast<FaultyFile*>(file)->real;
}

/// Runs `work`, or fails as planned.
template <typename Work>
int change(int brokenCode, Work&& work)
{
    const auto call = ++plan.calls;
    const bool isDue = plan.call != 0 && (call == plan.call || (plan.lasting && call > plan.call));
    switch (isDue ? plan.fault.load() : DiskFault::None) {
    case DiskFault::None:
        return work();
    case DiskFault::Full:
        return SQLITE_FULL;
    case DiskFault::Broken:
        return brokenCode;
    case DiskFault::DoneBroken:
        work();
        return brokenCode;
    case DiskFault::Kill:
        ::_exit(9);
    }
    return SQLITE_INTERNAL;
}

int closeFile(sqlite3_file* file)
{
    sqlite3_file* const real = realOf(file);
    const int code = real->pMethods ? real->pMethods->xClose(real) : SQLITE_OK;
    sqlite3_free(real);
    return code;
}
int readFile(sqlite3_file* file, void* to, int size, sqlite3_int64 at)
{
    return realOf(file)->pMethods->xRead(realOf(file), to, size, at);
}
int writeFile(sqlite3_file* file, const void* from, int size, sqlite3_int64 at)
{
    return change(SQLITE_IOERR_WRITE, [&] { return realOf(file)->pMethods->xWrite(realOf(file), from, size, at); });
}
int truncateFile(sqlite3_file* file, sqlite3_int64 size)
{
    return change(SQLITE_IOERR_TRUNCATE, [&] { return realOf(file)->pMethods->xTruncate(realOf(file), size); });
}
int syncFile(sqlite3_file* file, int flags)
{
    return change(SQLITE_IOERR_FSYNC, [&] { return realOf(file)->pMethods->xSync(realOf(file), flags); });
}
int sizeOfFile(sqlite3_file* file, sqlite3_int64* size)
{
    return realOf(file)->pMethods->xFileSize(realOf(file), size);
}
int lockFile(sqlite3_file* file, int kind)
{
    return realOf(file)->pMethods->xLock(realOf(file), kind);
}
int unlockFile(sqlite3_file* file, int kind)
{
    return realOf(file)->pMethods->xUnlock(realOf(file), kind);
}
int checkReserved(sqlite3_file* file, int* answer)
{
    return realOf(file)->pMethods->xCheckReservedLock(realOf(file), answer);
}
int control(sqlite3_file* file, int operation, void* argument)
{
    return realOf(file)->pMethods->xFileControl(realOf(file), operation, argument);
}
int sectorSize(sqlite3_file* file)
{
    return realOf(file)->pMethods->xSectorSize(realOf(file));
}
int characteristics(sqlite3_file* file)
{
    return realOf(file)->pMethods->xDeviceCharacteristics(realOf(file));
}

const sqlite3_io_methods kMethods {1,        closeFile,  readFile,        writeFile,  truncateFile,
                                   syncFile, sizeOfFile, lockFile,        unlockFile, checkReserved,
                                   control,  sectorSize, characteristics, nullptr,    nullptr,
                                   nullptr,  nullptr,    nullptr,         nullptr};

int openFile(sqlite3_vfs* /*unused*/, const char* name, sqlite3_file* file, int flags, int* outFlags)
{
    auto* const made = new (file) FaultyFile;
    made->real = static_cast<sqlite3_file*>(sqlite3_malloc(realSystem()->szOsFile));
    if (!made->real)
        return SQLITE_NOMEM;
    made->real->pMethods = nullptr;
    const int code = realSystem()->xOpen(realSystem(), name, made->real, flags, outFlags);
    if (code != SQLITE_OK) {
        sqlite3_free(made->real);
        made->base.pMethods = nullptr;
        return code;
    }
    made->base.pMethods = &kMethods;
    return SQLITE_OK;
}

int deleteFile(sqlite3_vfs* /*unused*/, const char* name, int syncFolder)
{
    return change(SQLITE_IOERR_DELETE, [&] { return realSystem()->xDelete(realSystem(), name, syncFolder); });
}

} // namespace

void FaultyDisk::install()
{
    static sqlite3_vfs system = *realSystem();
    system.zName = "faulty";
    system.szOsFile = static_cast<int>(sizeof(FaultyFile));
    system.xOpen = openFile;
    system.xDelete = deleteFile;
    sqlite3_vfs_register(&system, 1);
}

void FaultyDisk::arm(DiskFault fault, std::size_t call, bool lasting)
{
    plan.fault = fault;
    plan.call = call;
    plan.lasting = lasting;
    plan.calls = 0;
}

void FaultyDisk::disarm()
{
    arm(DiskFault::None, 0);
}

std::size_t FaultyDisk::calls()
{
    return plan.calls;
}
