#include "core/store/sqlite_writer.h"

#include "core/store/catalog_file.h"
#include "core/store/durable_files.h"
#include "core/store/stop.h"
#include "core/store/url.h"

#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>
#include <utility>

namespace inspector::store {

namespace {

constexpr int kBusyRounds = 6000;               // of up to 5 ms: how long other programs are waited for
constexpr const char* kBusyPatience = "30 s";   // the same, for a person
constexpr std::chrono::milliseconds kRound {5}; // the first ones are shorter

/// Why `path` cannot be written, or nothing. SQLite keeps its journal beside the file.
Result<> checkWritable(const std::string& path, bool isThere)
{
    const auto folder = folderOf(path);
    if (::access(folder.c_str(), F_OK) != 0)
        return fail(ErrorCode::NotFound, "there is no folder '" + folder + "' for a catalog file");
    if (::access(folder.c_str(), W_OK | X_OK) != 0 || (isThere && ::access(path.c_str(), W_OK) != 0))
        return fail(ErrorCode::Unavailable,
                    "no permission to write '" + path + "': write permission on the file and on its folder is needed");
    return {};
}

std::string describe(std::initializer_list<SqliteWriter::Parameter> parameters)
{
    std::string text;
    for (const auto& parameter : parameters) {
        if (!text.empty())
            text += ", ";
        if (const auto* number = std::get_if<std::int64_t>(&parameter))
            text += std::to_string(*number);
        else if (const auto* name = std::get_if<std::string_view>(&parameter))
            text += *name;
        else
            text += std::to_string(std::get<BytesView>(parameter).size()) + " bytes";
    }
    return text;
}

int bind(sqlite3_stmt* statement, std::initializer_list<SqliteWriter::Parameter> parameters)
{
    // Everything lives until the statement is reset, which is before the call returns.
    int index = 1;
    int code = SQLITE_OK;
    for (const auto& parameter : parameters) {
        if (const auto* number = std::get_if<std::int64_t>(&parameter)) {
            code = sqlite3_bind_int64(statement, index, *number);
        } else if (const auto* text = std::get_if<std::string_view>(&parameter)) {
            code = sqlite3_bind_text64(statement, index, text->empty() ? "" : text->data(), text->size(), SQLITE_STATIC,
                                       SQLITE_UTF8);
        } else {
            const auto bytes = std::get<BytesView>(parameter);
            const void* const start = bytes.data();
            code = sqlite3_bind_blob64(statement, index, bytes.empty() ? "" : start, bytes.size(), SQLITE_STATIC);
        }
        if (code != SQLITE_OK)
            break;
        ++index;
    }
    return code;
}

} // namespace

struct SqliteWriter::Statements
{
    struct Finalize
    {
        void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
    };
    std::map<WriteStatement, std::unique_ptr<sqlite3_stmt, Finalize>> byStatement;
};

SqliteWriter::SqliteWriter(std::string path, std::shared_ptr<ActivityLog> log, FileWriting how)
    : m_path(std::move(path))
    , m_log(std::move(log))
    , m_how(how)
    , m_statements(std::make_unique<Statements>())
{
}

SqliteWriter::~SqliteWriter()
{
    disconnect();
}

void SqliteWriter::disconnect()
{
    m_statements->byStatement.clear();
    sqlite3_close_v2(std::exchange(m_handle, nullptr));
}

Result<std::unique_ptr<SqliteWriter>> SqliteWriter::open(const std::string& path, std::shared_ptr<ActivityLog> log,
                                                         const Job& job, FileWriting how)
{
    INSPECTOR_CHECK(notStopped(job));
    if (path.find('\0') != std::string::npos)
        return fail(ErrorCode::InvalidInput, "a path cannot contain a zero byte");
    std::unique_ptr<SqliteWriter> writer(new SqliteWriter(path, std::move(log), how));
    INSPECTOR_CHECK(writer->connect(job));
    return writer;
}

Result<> SqliteWriter::connect(const Job& job)
{
    disconnect();
    m_fingerprint = fingerprintOf(m_path);
    const bool isThere = m_fingerprint.sizeBytes >= 0;
    if (isThere || !m_how.create)
        INSPECTOR_CHECK(CatalogFile::openBesideWriter(m_path, m_log, job)); // says what is wrong with it
    INSPECTOR_CHECK(checkWritable(m_path, isThere));

    const std::string uri = (m_path.starts_with('/') ? "file://" : "file:") + percentEncoded(m_path)
        + (m_how.create ? "?mode=rwc" : "?mode=rw");
    const int access = SQLITE_OPEN_READWRITE | (m_how.create ? SQLITE_OPEN_CREATE : 0);
    const int code = sqlite3_open_v2(uri.c_str(), &m_handle, access | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, nullptr);
    if (code != SQLITE_OK)
        return tl::unexpected<Error>(errorOf(code, "opening"));
    sqlite3_extended_result_codes(m_handle, 1);
    sqlite3_db_config(m_handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(m_handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(m_handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
    sqlite3_db_config(m_handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
    sqlite3_busy_handler(
        m_handle,
        [](void* self, int rounds) {
            const auto* running = static_cast<SqliteWriter*>(self)->m_job;
            if (rounds >= kBusyRounds || (running && running->stopToken().stop_requested()))
                return 0;
            std::this_thread::sleep_for(std::min(kRound, std::chrono::milliseconds(1 + rounds)));
            return 1;
        },
        this);
    m_job = &job;
    Result<> ready = leaveWriteAheadLog();
    if (ready)
        ready = ask(m_how.synced ? WriteStatement::FileSynchronous : WriteStatement::FileUnsynchronous, {}, {});
    m_job = nullptr;
    m_hasDigest = false;
    if (ready && isThere) {
        const auto found = findDigest();
        m_hasDigest = found.value_or(false);
        if (!found)
            ready = tl::unexpected<Error>(found.error());
    }
    if (ready && m_how.create && !isThere)
        ready = createTables(job);
    if (!ready)
        disconnect();
    return ready;
}

Result<> SqliteWriter::leaveWriteAheadLog()
{
    // A file in this mode would need an -shm file even from a reader.
    std::string mode;
    const auto take = [&](const SqliteRow& row) { mode = row.text(0); };
    INSPECTOR_CHECK(ask(WriteStatement::FileJournalMode, {}, take));
    if (mode != "wal")
        return {};
    INSPECTOR_CHECK(ask(WriteStatement::FileDeleteJournal, {}, take));
    if (mode == "delete")
        return {};
    return fail(ErrorCode::Unavailable,
                "'" + m_path + "' is in use by a program that keeps it in WAL mode: close that program first");
}

Result<bool> SqliteWriter::findDigest()
{
    INSPECTOR_TRY(const auto hasManifest, number(WriteStatement::FileHasManifest, {}));
    if (hasManifest == 0)
        return false;
    INSPECTOR_TRY(const auto hasDigest, number(WriteStatement::FileHasDigest, {}));
    return hasDigest != 0;
}

Result<> SqliteWriter::createTables(const Job& job)
{
    const auto made = transaction(job, [&]() -> Result<bool> {
        INSPECTOR_TRY(const auto isFresh, number(WriteStatement::FileIsFresh, {}));
        if (isFresh == 0)
            return false; // another process was first
        INSPECTOR_CHECK(ask(WriteStatement::FileApplicationId, {}, {}));
        INSPECTOR_CHECK(ask(WriteStatement::FileSchemaVersion, {}, {}));
        for (const auto statement :
             {WriteStatement::FileCreateConsensus, WriteStatement::FileCreateBlob, WriteStatement::FileCreateManifest})
            INSPECTOR_CHECK(ask(statement, {}, {}));
        for (const auto& [name, value] :
             {std::pair<std::string_view, std::string_view> {"format", "catalog-inspector/1"},
              {"tool_version", INSPECTOR_VERSION}})
            INSPECTOR_CHECK(change(WriteStatement::FileSetManifest, {name, value}));
        return true;
    });
    if (!made)
        return tl::unexpected<Error>(made.error());
    m_fingerprint = fingerprintOf(m_path);
    return {};
}

Result<bool> SqliteWriter::transaction(const Job& job, const std::function<Result<bool>()>& work, Members members)
{
    const auto wasReplaced = [&] { return !m_fingerprint.isSameFile(fingerprintOf(m_path)); };
    const bool isNew = m_how.create && m_fingerprint.sizeBytes < 0;
    for (int round = 0;; ++round) {
        INSPECTOR_CHECK(notStopped(job));
        if (!m_handle || (!isNew && wasReplaced()))
            INSPECTOR_CHECK(connect(job));
        m_lastCode = SQLITE_OK;
        auto outcome = attempt(job, work, members);
        // SQLite looks by itself whether the path still leads to its file, before it writes anything.
        if (outcome || m_lastCode != SQLITE_READONLY_DBMOVED || round > 0)
            return outcome;
        disconnect();
    }
}

Result<bool> SqliteWriter::attempt(const Job& job, const std::function<Result<bool>()>& work, Members members)
{
    m_job = &job; // a Stop ends the wait for other writers
    auto begun = ask(WriteStatement::FileBegin, {}, {});
    m_job = nullptr;
    if (!begun)
        return tl::unexpected<Error>(std::move(begun).error());
    auto wanted = work();
    if (wanted && *wanted && members == Members::Change && m_hasDigest)
        if (auto forgot = ask(WriteStatement::FileForgetDigest, {}, {}); !forgot)
            wanted = tl::unexpected<Error>(std::move(forgot).error());
    if (!wanted || !*wanted) {
        if (!rollBack())
            disconnect(); // the journal stays, and whoever opens the file next takes the rest back
        return wanted;
    }
    auto committed = ask(WriteStatement::FileCommit, {}, {});
    if (committed) {
        m_hasDigest = m_hasDigest && members == Members::Stay;
        return true;
    }
    // A commit that readers kept waiting, or that found no space, has not happened once it is taken back. After any
    // other failure the journal may be gone or not.
    const int kind = m_lastCode & 0xFF;
    const bool tookBack = rollBack();
    auto error = std::move(committed).error();
    error.outcomeUnknown = !tookBack || (kind != SQLITE_BUSY && kind != SQLITE_FULL);
    disconnect();
    return tl::unexpected<Error>(std::move(error));
}

bool SqliteWriter::rollBack()
{
    if (sqlite3_get_autocommit(m_handle) != 0)
        return true; // SQLite did it when the statement failed
    return ask(WriteStatement::FileRollback, {}, {}).has_value();
}

Result<std::uint64_t> SqliteWriter::change(WriteStatement statement, std::initializer_list<Parameter> parameters)
{
    INSPECTOR_CHECK(ask(statement, parameters, {}));
    return static_cast<std::uint64_t>(sqlite3_changes64(m_handle));
}

Result<std::int64_t> SqliteWriter::number(WriteStatement statement, std::initializer_list<Parameter> parameters)
{
    std::int64_t answer = 0;
    INSPECTOR_CHECK(ask(statement, parameters, [&](const SqliteRow& row) { answer = row.integer(0); }));
    return answer;
}

Result<> SqliteWriter::ask(WriteStatement statement, std::initializer_list<Parameter> parameters, const TakeRow& take)
{
    ActivityRecorder recorder(m_log, "catalog file " + m_path, std::string(sqlOf(statement)), describe(parameters));
    const auto failed = [&](Error error) {
        recorder.failed(error.message);
        return tl::unexpected<Error>(std::move(error));
    };
    auto ready = prepared(statement);
    if (!ready)
        return failed(std::move(ready).error());
    sqlite3_stmt* const prepare = *ready;
    const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> reset(prepare, sqlite3_reset);
    int code = bind(prepare, parameters);
    if (code == SQLITE_OK)
        code = step(prepare, take, recorder);
    if (code == SQLITE_DONE)
        return {};
    m_lastCode = code;
    return failed(errorOf(code, "writing"));
}

int SqliteWriter::step(sqlite3_stmt* statement, const TakeRow& take, ActivityRecorder& recorder)
{
    for (;;) {
        const int code = sqlite3_step(statement);
        if (code != SQLITE_ROW)
            return code;
        recorder.received(1, static_cast<std::uint64_t>(sqlite3_column_bytes(statement, 0)));
        if (take)
            take(SqliteRow(statement));
    }
}

Result<sqlite3_stmt*> SqliteWriter::prepared(WriteStatement statement)
{
    auto& slot = m_statements->byStatement[statement];
    if (!slot) {
        const auto sql = sqlOf(statement);
        sqlite3_stmt* made = nullptr;
        const int code = sqlite3_prepare_v3(m_handle, sql.data(), static_cast<int>(sql.size()),
                                            SQLITE_PREPARE_PERSISTENT, &made, nullptr);
        slot.reset(made);
        if (code != SQLITE_OK) {
            m_lastCode = code;
            return tl::unexpected<Error>(errorOf(code, "reading its tables"));
        }
    }
    return slot.get();
}

Error SqliteWriter::errorOf(int code, const std::string& doing) const
{
    const std::string file = "'" + m_path + "'";
    const std::string reason = m_handle ? sqlite3_errmsg(m_handle) : sqlite3_errstr(code);
    const auto error = [](ErrorCode which, std::string message) {
        return Error {which, std::move(message), {}, false};
    };
    switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        if (m_job && m_job->stopToken().stop_requested())
            return error(ErrorCode::Cancelled, "stopped by the user");
        return error(ErrorCode::Unavailable,
                     file + " was in use by other programs for " + kBusyPatience + ": try again when they are done");
    case SQLITE_FULL:
        return error(ErrorCode::Unavailable, "no space left for " + file + ": free some, then try again");
    case SQLITE_READONLY:
        if (code == SQLITE_READONLY_DBMOVED)
            return error(ErrorCode::Unavailable, file + " was replaced while it was written: try again");
        [[fallthrough]];
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return error(ErrorCode::Unavailable,
                     file + " cannot be written: " + reason
                         + " (write permission on the file and on its folder is needed)");
    case SQLITE_NOMEM:
        return error(ErrorCode::Unavailable, "not enough memory for " + doing + " " + file);
    case SQLITE_TOOBIG:
        return error(ErrorCode::InvalidInput, "what is to be stored is larger than a catalog file can hold: " + reason);
    case SQLITE_IOERR:
        return error(ErrorCode::Unavailable, doing + " " + file + " failed: " + reason);
    default:
        return error(ErrorCode::Corrupt, file + " is damaged: " + reason + " (" + doing + ")");
    }
}

} // namespace inspector::store
