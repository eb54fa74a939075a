#pragma once

#include <cstddef>

struct sqlite3_vfs;

/// What happens at a call that changes something on the disk: a write, a truncation, a sync, a deletion.
enum class DiskFault {
    None,
    Full,       ///< refused: no space left
    Broken,     ///< refused: an I/O error
    DoneBroken, ///< done, and an I/O error all the same
    Kill,       ///< the process ends on the spot, as by kill -9
};

/// SQLite's default file system from install() on, which counts such calls, of all threads, and lets one of them fail.
struct FaultyDisk
{
    static void install();

    /// The `call`-th from now on fails, and with `lasting` all after it.
    static void arm(DiskFault fault, std::size_t call, bool lasting = false);
    static void disarm();
    /// Calls since arm() or disarm().
    static std::size_t calls();
};
