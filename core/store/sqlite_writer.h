#pragma once

#include "core/base/bytes.h"
#include "core/base/job.h"
#include "core/store/activity_log.h"
#include "core/store/sqlite_session.h"
#include "core/store/write_statement.h"

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

/// How a catalog file is opened for writing.
struct FileWriting
{
    bool create = false; ///< make it when it is not there, or is empty
    bool synced = true;  ///< false for a file that is not in its place yet: whoever puts it there syncs it
};

/// One catalog file, open for writing: statements from the writing table, in transactions that begin with the write
/// lock. Other processes may read and write the file meanwhile; who comes second waits. Rollback journal and
/// `synchronous = EXTRA`: what was committed survives a power cut, a reader needs no file besides, and one that comes
/// after a kill finds the journal. One thread at a time.
class SqliteWriter
{
public:
    using Parameter = std::variant<std::int64_t, std::string_view, BytesView>;
    using TakeRow = std::function<void(const SqliteRow& row)>;

    /// With the errors of CatalogFile::open; Unavailable without the right to write the file and its folder. Takes back
    /// what a killed writer left. `log` may be null.
    [[nodiscard]] static Result<std::unique_ptr<SqliteWriter>>
    open(const std::string& path, std::shared_ptr<ActivityLog> log, const Job& job, FileWriting how);
    ~SqliteWriter();
    SqliteWriter(const SqliteWriter&) = delete;
    SqliteWriter& operator=(const SqliteWriter&) = delete;

    /// Whether a transaction changes versions or blobs: then the manifest's digest over them goes with it.
    enum class Members { Change, Stay };

    /// Runs `work` between BEGIN IMMEDIATE and COMMIT; when it answers false or fails, ROLLBACK instead. A Stop is
    /// heeded while other writers are waited for. Unavailable when they take too long, when the disk is full or does
    /// not work; `outcomeUnknown` when the commit itself broke off. A file that was replaced meanwhile is opened again.
    [[nodiscard]] Result<bool> transaction(const Job& job, const std::function<Result<bool>()>& work,
                                           Members members = Members::Change);

    /// Within a transaction: rows that the statement changed.
    [[nodiscard]] Result<std::uint64_t> change(WriteStatement statement, std::initializer_list<Parameter> parameters);
    /// Within a transaction: hands every row to `take`.
    [[nodiscard]] Result<> ask(WriteStatement statement, std::initializer_list<Parameter> parameters,
                               const TakeRow& take);
    /// The same for a statement with one row and one number.
    [[nodiscard]] Result<std::int64_t> number(WriteStatement statement, std::initializer_list<Parameter> parameters);

    [[nodiscard]] const std::string& path() const { return m_path; }

private:
    struct Statements;
    SqliteWriter(std::string path, std::shared_ptr<ActivityLog> log, FileWriting how);
    [[nodiscard]] Result<> connect(const Job& job);
    [[nodiscard]] Result<> createTables(const Job& job);
    [[nodiscard]] Result<> leaveWriteAheadLog();
    void disconnect();
    [[nodiscard]] Result<bool> attempt(const Job& job, const std::function<Result<bool>()>& work, Members members);
    [[nodiscard]] Result<bool> findDigest();
    [[nodiscard]] bool rollBack();
    [[nodiscard]] int step(sqlite3_stmt* statement, const TakeRow& take, ActivityRecorder& recorder);
    [[nodiscard]] Result<sqlite3_stmt*> prepared(WriteStatement statement);
    [[nodiscard]] Error errorOf(int code, const std::string& doing) const;

    std::string m_path;
    std::shared_ptr<ActivityLog> m_log;
    FileWriting m_how;
    sqlite3* m_handle = nullptr; ///< null after a failure: opened again by the next transaction
    std::unique_ptr<Statements> m_statements;
    FileFingerprint m_fingerprint;
    bool m_hasDigest = false;
    const Job* m_job = nullptr; ///< while waiting for others may be stopped, for SQLite's busy handler
    int m_lastCode = 0;         ///< SQLite's code of the last failure
};

} // namespace inspector::store
