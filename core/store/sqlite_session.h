#pragma once

#include "core/base/bytes.h"
#include "core/base/job.h"
#include "core/store/activity_log.h"
#include "core/store/read_statement.h"

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

struct sqlite3;
struct sqlite3_stmt;

namespace inspector::store {

/// The row that a statement stands on; valid during the callback only.
class SqliteRow
{
public:
    explicit SqliteRow(sqlite3_stmt* statement)
        : m_statement(statement)
    {
    }

    [[nodiscard]] bool isInteger(int column) const;
    [[nodiscard]] bool isText(int column) const;
    [[nodiscard]] bool isBlob(int column) const;
    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] std::string_view text(int column) const;
    [[nodiscard]] BytesView blob(int column) const;

private:
    sqlite3_stmt* m_statement;
};

/// Which file a path leads to, and in which state it is.
struct FileFingerprint
{
    std::uint64_t device = 0;
    std::uint64_t number = 0;
    std::int64_t sizeBytes = -1; ///< -1: there is none
    std::int64_t modifiedNs = 0;

    [[nodiscard]] bool isSameFile(const FileFingerprint& other) const
    {
        return sizeBytes >= 0 && other.sizeBytes >= 0 && device == other.device && number == other.number;
    }
};

[[nodiscard]] FileFingerprint fingerprintOf(const std::string& path);

/// One SQLite database, opened so that it cannot be changed: SQLite's read-only flag, an authorizer that allows
/// nothing but reading, and statements from one table. Leaves no journal, no -wal, no -shm and no changed
/// modification time behind. One thread at a time.
///
/// The file is never opened beside SQLite: closing any descriptor of a file drops all locks that the process has on it,
/// and with them those of a transaction that another thread is in.
class SqliteSession
{
public:
    /// What happens to a write that another program did not finish before it died.
    enum class Leftover {
        Refuse,   ///< nothing: the file is not touched, and reading it fails until it is opened for writing
        TakeBack, ///< SQLite takes it back; for the reading half of a writer, who may touch the file
    };
    using Parameter = std::variant<std::int64_t, std::string_view>;
    /// Takes a row; false ends the reading early.
    using TakeRow = std::function<Result<bool>(const SqliteRow& row)>;

    /// Opens the file at `path`. NotFound when it is not there; InvalidInput for a folder; Unavailable without
    /// permission or while another program is in the middle of writing it; Corrupt when it is empty, truncated or no
    /// SQLite database. `log` may be null.
    [[nodiscard]] static Result<std::unique_ptr<SqliteSession>> open(const std::string& path,
                                                                     std::shared_ptr<ActivityLog> log, const Job& job,
                                                                     Leftover leftover = Leftover::Refuse);
    ~SqliteSession();
    SqliteSession(const SqliteSession&) = delete;
    SqliteSession& operator=(const SqliteSession&) = delete;

    /// Runs one statement and hands every row to `take`. The activity is what goes into the log beside the SQL.
    [[nodiscard]] Result<> query(ReadStatement statement, std::initializer_list<Parameter> parameters, const Job& job,
                                 ActivityRecorder& activity, const TakeRow& take);

    /// The `data` of a row of table `blob`, read once into its final place. Call it from within a query's callback:
    /// the statement keeps the database at one moment.
    [[nodiscard]] Result<SharedBytes> readBlob(std::int64_t rowid, std::string_view key, const Job& job);

    /// False for a view, too.
    [[nodiscard]] Result<bool> hasColumn(const char* table, const char* column, const Job& job);

    /// True once the path leads to another file, to none, or to one that changed although it was opened as a file that
    /// nobody writes: then what this session would read is not what is there, and the file is to be opened again.
    [[nodiscard]] bool isOutdated() const;

    [[nodiscard]] const std::string& path() const { return m_path; }
    /// "catalog file <path>".
    [[nodiscard]] std::string description() const { return "catalog file " + m_path; }
    [[nodiscard]] const std::shared_ptr<ActivityLog>& log() const { return m_log; }

private:
    struct Statements;
    SqliteSession(std::string path, std::shared_ptr<ActivityLog> log);
    [[nodiscard]] Result<> openHandle(Leftover leftover, const std::string& parameters);
    void protect();
    [[nodiscard]] Error errorOf(int code, const std::string& doing) const;
    [[nodiscard]] Result<sqlite3_stmt*> prepared(ReadStatement statement);

    std::string m_path;
    std::shared_ptr<ActivityLog> m_log;
    FileFingerprint m_fingerprint;
    bool m_isImmutable = false; ///< opened without locks
    sqlite3* m_handle = nullptr;
    std::unique_ptr<Statements> m_statements;
    const Job* m_job = nullptr; ///< of the running call, for SQLite's progress and busy handlers
};

} // namespace inspector::store
