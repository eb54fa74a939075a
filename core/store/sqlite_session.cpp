#include "core/store/sqlite_session.h"

#include "core/store/large_bytes.h"
#include "core/store/stop.h"
#include "core/store/url.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <map>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

namespace inspector::store {

namespace {

constexpr std::size_t kHeaderBytes = 100;
constexpr int kChunkBytes = 8 << 20;         // of a blob, between two looks at the stop token
constexpr int kInstructionsPerLook = 10'000; // of SQLite's machine, likewise
constexpr int kMaxBusyRounds = 105;          // of up to 50 ms: how long another program's write is waited for

using Header = std::array<unsigned char, kHeaderBytes>;

std::uint32_t bigEndian32(const Header& header, std::size_t at)
{
    return (static_cast<std::uint32_t>(header[at]) << 24U) | (static_cast<std::uint32_t>(header[at + 1]) << 16U)
        | (static_cast<std::uint32_t>(header[at + 2]) << 8U) | static_cast<std::uint32_t>(header[at + 3]);
}

std::string quoted(const std::string& path)
{
    return "'" + path + "'";
}

/// Size of a file beside the database, or nothing when there is none.
std::optional<std::uint64_t> sizeOf(const std::string& path)
{
    struct stat status
    {
    };
    if (::stat(path.c_str(), &status) != 0)
        return std::nullopt;
    return static_cast<std::uint64_t>(status.st_size);
}

/// What the first bytes of a file that is no database show it to be, or nothing.
std::string guessOf(std::string_view start)
{
    if (start.starts_with("\xFD"
                          "7zXZ"))
        return ": it is compressed, unpack it with xz -d first";
    if (start.starts_with("\x1F\x8B"))
        return ": it is compressed, unpack it with gzip -d first";
    if (start.starts_with("\x28\xB5\x2F\xFD"))
        return ": it is compressed, unpack it with zstd -d first";
    const bool isText = std::all_of(start.begin(), start.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte >= 0x20 || byte == '\n' || byte == '\r' || byte == '\t';
    });
    return isText ? ": it looks like text" : "";
}

/// What stat() says, or why there is no file to open.
Result<> checkPath(const std::string& path)
{
    struct stat status
    {
    };
    if (::stat(path.c_str(), &status) != 0) {
        const int error = errno;
        if (error == ENOENT || error == ENOTDIR)
            return fail(ErrorCode::NotFound, "there is no file " + quoted(path));
        return fail(ErrorCode::Unavailable,
                    error == EACCES ? "no permission to reach " + quoted(path)
                                    : quoted(path) + " cannot be reached: " + std::generic_category().message(error));
    }
    if (S_ISDIR(status.st_mode))
        return fail(ErrorCode::InvalidInput,
                    quoted(path)
                        + " is a folder: choose a catalog file (.mzcat), or give a folder of blobs as a blob URL");
    if (!S_ISREG(status.st_mode))
        return fail(ErrorCode::InvalidInput, quoted(path) + " is no ordinary file, so it is no catalog file");
    if (::access(path.c_str(), R_OK) != 0) {
        const int error = errno;
        return fail(ErrorCode::Unavailable,
                    error == EACCES ? "no permission to read " + quoted(path) + ": read permission suffices"
                                    : quoted(path) + " cannot be opened: " + std::generic_category().message(error));
    }
    return {};
}

enum class Immutable { No, Yes };

/// The first bytes of a file, and how many there are in all.
struct FileStart
{
    sqlite3_int64 size = 0;
    Header header {}; ///< zeros behind the end

    friend bool operator==(const FileStart&, const FileStart&) = default;
};

/// Reads them through SQLite's own descriptor, without its locks: another program may write in between.
std::optional<FileStart> startOf(sqlite3_file& file)
{
    FileStart start;
    if (file.pMethods->xFileSize(&file, &start.size) != SQLITE_OK)
        return std::nullopt;
    const auto got = std::min<sqlite3_int64>(start.size, kHeaderBytes);
    if (got > 0 && file.pMethods->xRead(&file, start.header.data(), static_cast<int>(got), 0) != SQLITE_OK)
        return std::nullopt;
    return start;
}

std::uint64_t pageSizeOf(const Header& header)
{
    const std::uint64_t raw = (static_cast<std::uint64_t>(header[16]) << 8U) | header[17];
    return raw == 1 ? 65536 : raw;
}

/// Bytes that a file of this header should have.
std::uint64_t promisedBytes(const Header& header)
{
    return pageSizeOf(header) * bigEndian32(header, 28);
}

/// True when a file that nobody writes would have lost its end.
bool isShort(const FileStart& start)
{
    const auto pageSize = pageSizeOf(start.header);
    const bool countIsValid = bigEndian32(start.header, 24) == bigEndian32(start.header, 92);
    const auto bytes = static_cast<std::uint64_t>(start.size);
    return (countIsValid && bytes < promisedBytes(start.header)) || (pageSize != 0 && bytes % pageSize != 0);
}

/// True when a file is short, and not only because another program wrote between two looks: its size and its header
/// are of two moments then, and its journal is there or has come and gone.
bool isTruncated(sqlite3_file& file, const std::string& path, FileStart start)
{
    constexpr int kMaxLooks = 100; // for somebody who writes without a pause; SQLite finds what is missing after that
    for (int look = 0; look < kMaxLooks && isShort(start); ++look) {
        if (sizeOf(path + "-journal").value_or(0) > 0 || sizeOf(path + "-wal").value_or(0) > 0)
            return false;
        const auto again = startOf(file);
        if (!again || *again == start)
            return true;
        start = *again;
    }
    return false;
}

/// Looks at the first bytes before SQLite does, so that what is wrong gets its own message; through SQLite's own
/// descriptor. Layout: SQLite's file format, section 1.3.
Result<Immutable> inspectFile(sqlite3* handle, const std::string& path, SqliteSession::Leftover leftover)
{
    sqlite3_file* file = nullptr;
    if (sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || !file || !file->pMethods)
        return fail(ErrorCode::Unavailable, quoted(path) + " cannot be read");
    const auto read = startOf(*file);
    if (!read)
        return fail(ErrorCode::Unavailable, quoted(path) + " cannot be read");
    const auto& header = read->header;
    if (read->size == 0)
        return fail(ErrorCode::Corrupt, quoted(path) + " is empty, so it is no catalog file");
    const auto got = static_cast<std::size_t>(std::min<sqlite3_int64>(read->size, kHeaderBytes));
    const std::string_view start(reinterpret_cast<const char*>(header.data()), got);
    constexpr std::string_view kMagic {"SQLite format 3\0", 16};
    if (!start.starts_with(kMagic)) {
        if (kMagic.starts_with(start))
            return fail(ErrorCode::Corrupt, quoted(path) + " is truncated: it ends inside its first line");
        return fail(ErrorCode::Corrupt, quoted(path) + " is no catalog file" + guessOf(start));
    }
    if (got < header.size())
        return fail(ErrorCode::Corrupt, quoted(path) + " is truncated: it ends inside its header");

    const auto wal = sizeOf(path + "-wal");
    const auto journal = sizeOf(path + "-journal");
    const bool takesBack = leftover == SqliteSession::Leftover::TakeBack;
    const bool wantsWal = header[18] == 2 || header[19] == 2;
    if (wantsWal && wal.value_or(0) > 0 && !takesBack)
        return fail(ErrorCode::Unavailable,
                    quoted(path) + " has unfinished business in " + quoted(path + "-wal")
                        + ": another program writes it; close that program, or let sqlite3 pack the file with "
                          "PRAGMA journal_mode=DELETE, then open it again");

    if (isTruncated(*file, path, *read))
        return fail(ErrorCode::Corrupt,
                    quoted(path) + " is truncated: it has " + std::to_string(read->size) + " of "
                        + std::to_string(std::max(promisedBytes(header), pageSizeOf(header))) + " bytes");

    if (takesBack)
        return Immutable::No;
    // A file in WAL mode would get an -shm file even from a reader; without a -wal beside it the file is complete.
    if (wantsWal)
        return Immutable::Yes;
    const auto slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
    const bool canWrite = ::access(folder.c_str(), W_OK) == 0;
    return !canWrite && !wal && !journal ? Immutable::Yes : Immutable::No;
}

/// SQLite asks this about every table, function and pragma that a statement touches when it is prepared.
int allowReadingOnly(void* /*unused*/, int action, const char* first, const char* second, const char* /*third*/,
                     const char* /*fourth*/)
{
    if (action == SQLITE_SELECT || action == SQLITE_READ || action == SQLITE_FUNCTION)
        return SQLITE_OK;
    if (action != SQLITE_PRAGMA || !first)
        return SQLITE_DENY;
    const std::string_view pragma(first);
    if (pragma == "application_id" || pragma == "user_version")
        return second ? SQLITE_DENY : SQLITE_OK; // with a value it would be set
    return pragma == "integrity_check" ? SQLITE_OK : SQLITE_DENY;
}

} // namespace

bool SqliteRow::isInteger(int column) const
{
    return sqlite3_column_type(m_statement, column) == SQLITE_INTEGER;
}

bool SqliteRow::isText(int column) const
{
    return sqlite3_column_type(m_statement, column) == SQLITE_TEXT;
}

bool SqliteRow::isBlob(int column) const
{
    return sqlite3_column_type(m_statement, column) == SQLITE_BLOB;
}

std::int64_t SqliteRow::integer(int column) const
{
    return sqlite3_column_int64(m_statement, column);
}

std::string_view SqliteRow::text(int column) const
{
    const auto* text = sqlite3_column_text(m_statement, column);
    if (!text)
        return {};
    return {reinterpret_cast<const char*>(text), static_cast<std::size_t>(sqlite3_column_bytes(m_statement, column))};
}

BytesView SqliteRow::blob(int column) const
{
    const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(m_statement, column));
    if (!data)
        return {};
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(m_statement, column))};
}

struct SqliteSession::Statements
{
    struct Finalize
    {
        void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
    };
    std::map<ReadStatement, std::unique_ptr<sqlite3_stmt, Finalize>> byStatement;
};

SqliteSession::SqliteSession(std::string path, std::shared_ptr<ActivityLog> log)
    : m_path(std::move(path))
    , m_log(std::move(log))
    , m_statements(std::make_unique<Statements>())
{
}

SqliteSession::~SqliteSession()
{
    m_statements.reset();
    sqlite3_close_v2(m_handle);
}

Result<> SqliteSession::openHandle(Leftover leftover, const std::string& parameters)
{
    sqlite3_close_v2(std::exchange(m_handle, nullptr));
    const std::string uri = (m_path.starts_with('/') ? "file://" : "file:") + percentEncoded(m_path) + parameters;
    const int access = leftover == Leftover::TakeBack ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    const int code = sqlite3_open_v2(uri.c_str(), &m_handle, access | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, nullptr);
    if (code != SQLITE_OK)
        return tl::unexpected<Error>(errorOf(code, "opening"));
    return {};
}

Result<std::unique_ptr<SqliteSession>> SqliteSession::open(const std::string& path, std::shared_ptr<ActivityLog> log,
                                                           const Job& job, Leftover leftover)
{
    INSPECTOR_CHECK(notStopped(job));
    if (path.find('\0') != std::string::npos)
        return fail(ErrorCode::InvalidInput, "a path cannot contain a zero byte");
    const auto fingerprint = fingerprintOf(path);
    INSPECTOR_CHECK(checkPath(path));

    std::unique_ptr<SqliteSession> session(new SqliteSession(path, std::move(log)));
    session->m_fingerprint = fingerprint;
    INSPECTOR_CHECK(session->openHandle(leftover, leftover == Leftover::TakeBack ? "?mode=rw" : "?mode=ro"));
    INSPECTOR_TRY(const auto immutable, inspectFile(session->m_handle, path, leftover));
    session->m_isImmutable = immutable == Immutable::Yes;
    if (session->m_isImmutable)
        INSPECTOR_CHECK(session->openHandle(leftover, "?mode=ro&immutable=1"));
    session->protect();
    return session;
}

void SqliteSession::protect()
{
    sqlite3* const handle = m_handle;
    sqlite3_extended_result_codes(handle, 1);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
    sqlite3_set_authorizer(handle, allowReadingOnly, nullptr);
    sqlite3_progress_handler(
        handle, kInstructionsPerLook,
        [](void* self) {
            const auto* running = static_cast<SqliteSession*>(self)->m_job;
            return running && running->stopToken().stop_requested() ? 1 : 0;
        },
        this);
    sqlite3_busy_handler(
        handle,
        [](void* self, int rounds) {
            const auto* running = static_cast<SqliteSession*>(self)->m_job;
            if (rounds >= kMaxBusyRounds || (running && running->stopToken().stop_requested()))
                return 0;
            std::this_thread::sleep_for(std::chrono::milliseconds(std::min(1 << std::min(rounds, 6), 50)));
            return 1;
        },
        this);
}

Error SqliteSession::errorOf(int code, const std::string& doing) const
{
    const std::string file = quoted(m_path);
    const std::string reason = m_handle ? sqlite3_errmsg(m_handle) : sqlite3_errstr(code);
    const auto error = [](ErrorCode which, std::string message) {
        return Error {which, std::move(message), {}, false};
    };
    switch (code & 0xFF) {
    case SQLITE_BUSY:
        if (m_job && m_job->stopToken().stop_requested())
            return error(ErrorCode::Cancelled, "stopped by the user");
        [[fallthrough]];
    case SQLITE_LOCKED:
        return error(ErrorCode::Unavailable, file + " is being written by another program: try again when it is done");
    case SQLITE_INTERRUPT:
        return error(ErrorCode::Cancelled, "stopped by the user");
    case SQLITE_READONLY:
        return error(ErrorCode::Unavailable,
                     file + " was left in the middle of a write, as " + quoted(m_path + "-journal")
                         + " shows: open it once with the program that wrote it, which takes the write back");
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return error(ErrorCode::Unavailable, file + " cannot be opened: " + reason);
    case SQLITE_NOMEM:
        return error(ErrorCode::Unavailable, "not enough memory for " + doing + " " + file);
    case SQLITE_IOERR:
        if (code != SQLITE_IOERR_SHORT_READ && code != SQLITE_IOERR_CORRUPTFS)
            return error(ErrorCode::Unavailable, doing + " " + file + " failed: " + reason);
        [[fallthrough]];
    default:
        return error(ErrorCode::Corrupt, file + " is damaged: " + reason + " (" + doing + ")");
    }
}

Result<sqlite3_stmt*> SqliteSession::prepared(ReadStatement statement)
{
    auto& slot = m_statements->byStatement[statement];
    if (!slot) {
        const auto sql = sqlOf(statement);
        sqlite3_stmt* made = nullptr;
        const int code = sqlite3_prepare_v3(m_handle, sql.data(), static_cast<int>(sql.size()),
                                            SQLITE_PREPARE_PERSISTENT, &made, nullptr);
        slot.reset(made);
        if (code != SQLITE_OK)
            return tl::unexpected<Error>(errorOf(code, "reading its tables"));
        if (sqlite3_stmt_readonly(made) == 0) {
            slot.reset();
            return fail(ErrorCode::Internal, "refused to send a statement that writes");
        }
    }
    return slot.get();
}

Result<> SqliteSession::query(ReadStatement statement, std::initializer_list<Parameter> parameters, const Job& job,
                              ActivityRecorder& activity, const TakeRow& take)
{
    const auto run = [&]() -> Result<> {
        INSPECTOR_CHECK(notStopped(job));
        INSPECTOR_TRY(auto* const prepare, prepared(statement));
        const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> reset(prepare, sqlite3_reset);
        int index = 1;
        for (const auto& parameter : parameters) {
            if (const auto* number = std::get_if<std::int64_t>(&parameter)) {
                sqlite3_bind_int64(prepare, index++, *number);
            } else {
                const auto text = std::get<std::string_view>(parameter);
                // Lives until the statement is reset, which is before this function returns.
                sqlite3_bind_text64(prepare, index++, text.empty() ? "" : text.data(), text.size(), SQLITE_STATIC,
                                    SQLITE_UTF8);
            }
        }
        for (;;) {
            const int code = sqlite3_step(prepare);
            if (code == SQLITE_DONE)
                return {};
            if (code != SQLITE_ROW)
                return tl::unexpected<Error>(errorOf(code, "reading its rows"));
            INSPECTOR_TRY(const bool goOn, take(SqliteRow(prepare)));
            if (!goOn)
                return {};
        }
    };
    m_job = &job;
    auto outcome = run();
    m_job = nullptr;
    if (!outcome)
        activity.failed(outcome.error().message);
    return outcome;
}

Result<bool> SqliteSession::hasColumn(const char* table, const char* column, const Job& job)
{
    m_job = &job;
    const int code =
        sqlite3_table_column_metadata(m_handle, "main", table, column, nullptr, nullptr, nullptr, nullptr, nullptr);
    m_job = nullptr;
    if (code == SQLITE_OK || code == SQLITE_ERROR) // the latter is its word for "there is none"
        return code == SQLITE_OK;
    return tl::unexpected<Error>(errorOf(code, "reading its tables"));
}

FileFingerprint fingerprintOf(const std::string& path)
{
    struct stat status
    {
    };
    if (::stat(path.c_str(), &status) != 0)
        return {};
    return {status.st_dev, status.st_ino, status.st_size,
            status.st_mtim.tv_sec * std::int64_t {1'000'000'000} + status.st_mtim.tv_nsec};
}

bool SqliteSession::isOutdated() const
{
    const auto now = fingerprintOf(m_path);
    if (!now.isSameFile(m_fingerprint))
        return true;
    // With locks, SQLite itself sees what others write.
    return m_isImmutable
        && (now.sizeBytes != m_fingerprint.sizeBytes || now.modifiedNs != m_fingerprint.modifiedNs
            || sizeOf(m_path + "-wal").value_or(0) > 0 || sizeOf(m_path + "-journal").value_or(0) > 0);
}

Result<SharedBytes> SqliteSession::readBlob(std::int64_t rowid, std::string_view key, const Job& job)
{
    sqlite3_blob* opened = nullptr;
    const int code = sqlite3_blob_open(m_handle, "main", "blob", "data", rowid, 0, &opened);
    const std::unique_ptr<sqlite3_blob, int (*)(sqlite3_blob*)> blob(opened, sqlite3_blob_close);
    if (code != SQLITE_OK)
        return tl::unexpected<Error>(errorOf(code, "reading blob " + std::string(key)));
    const int size = sqlite3_blob_bytes(blob.get());
    int readCode = SQLITE_OK;
    bool stopped = false;
    const auto fill = [&](std::byte* to) {
        for (int done = 0; done < size && readCode == SQLITE_OK && !stopped;) {
            const int chunk = std::min(size - done, kChunkBytes);
            readCode = sqlite3_blob_read(blob.get(), to + done, chunk, done);
            done += chunk;
            stopped = job.stopToken().stop_requested();
        }
    };
    auto bytes = makeLargeBytes(static_cast<std::size_t>(size), fill);
    if (!bytes)
        return fail(ErrorCode::Unavailable,
                    "not enough memory for blob " + std::string(key) + " of " + std::to_string(size) + " bytes");
    if (stopped)
        return fail(ErrorCode::Cancelled, "stopped by the user");
    if (readCode != SQLITE_OK)
        return tl::unexpected<Error>(errorOf(readCode, "reading blob " + std::string(key)));
    return *std::move(bytes);
}

} // namespace inspector::store
