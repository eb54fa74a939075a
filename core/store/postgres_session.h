#pragma once

#include "core/base/bytes.h"
#include "core/base/job.h"
#include "core/store/activity_log.h"
#include "core/store/postgres_url.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

struct pg_conn;
struct pg_result;

namespace inspector::store {

/// One row of a result in binary form; valid during the callback only.
class PostgresRow
{
public:
    explicit PostgresRow(const pg_result* result)
        : m_result(result)
    {
    }

    /// A bigint. Corrupt when the column is of another type or NULL.
    [[nodiscard]] Result<std::int64_t> integer(int column) const;
    /// A text. Corrupt when the column is of another type or NULL.
    [[nodiscard]] Result<std::string_view> text(int column) const;
    /// A bytea. Corrupt when the column is of another type or NULL.
    [[nodiscard]] Result<BytesView> bytes(int column) const;

private:
    [[nodiscard]] Result<BytesView> cell(int column, unsigned type, const char* typeName) const;

    const pg_result* m_result;
};

/// What a session with PostgreSQL or CockroachDB is made of, whether it reads or writes: connecting, sending one
/// statement by itself, telling failures apart. Which statements there are is for the classes that derive from it, and
/// what they let through. One thread at a time.
class PostgresSession
{
public:
    virtual ~PostgresSession();
    PostgresSession(const PostgresSession&) = delete;
    PostgresSession& operator=(const PostgresSession&) = delete;

    /// A value in the binary form of its type: a bytea, an array.
    struct Binary
    {
        unsigned type = 0;   ///< the type's object id
        const Bytes* bytes;  ///< outlives the call
        std::string summary; ///< for the activity log
    };
    using Parameter = std::variant<std::int64_t, std::string, Binary>;

    /// Where rows go. A statement that failed for a passing reason is sent again: `begin` comes before every attempt.
    struct Receiver
    {
        std::function<void()> begin;
        std::function<Result<>(const PostgresRow& row)> take;
    };

    [[nodiscard]] bool isCockroach() const { return m_isCockroach; }
    /// Kind, host, port and, where the URL names it, database.
    [[nodiscard]] const std::string& description() const { return m_description; }

protected:
    /// How a statement or a connection failed.
    struct Failure
    {
        Error error;
        bool mayPass = false;      ///< the same again may succeed
        bool tableMissing = false; ///< SQLSTATE 42P01 or 3F000
        bool refused = false;      ///< the server answered and said no: another host would not help
        bool isDecided = false;    ///< the server said that the statement had no effect
        std::string sqlstate {};   ///< empty when the server did not say
    };
    using Outcome = tl::expected<void, Failure>;

    PostgresSession(PostgresParameters parameters, std::shared_ptr<ActivityLog> log);

    /// Connects to the first host that will do, and checks the session.
    [[nodiscard]] Outcome connect(const Job& job);
    /// Whether there is a connection that no statement has found lost.
    [[nodiscard]] bool hasHandle() const { return m_handle != nullptr; }
    /// Whether there is a connection, as far as can be told without asking the server.
    [[nodiscard]] bool isConnected();
    /// Sends one statement; a text of the tables of statements. `changed` gets the number of rows that it changed.
    [[nodiscard]] Outcome send(std::string_view sql, const std::vector<Parameter>& parameters, const Receiver& receiver,
                               const Job& job, std::uint64_t* changed = nullptr);
    /// Asks for the one text that `sql` answers with.
    [[nodiscard]] tl::expected<std::string, Failure> askForText(std::string_view sql, const Job& job);

    /// Waits before an attempt after the first one; false when there were enough, an error when a Stop came.
    [[nodiscard]] static Result<bool> waitBeforeAgain(std::size_t attempt, const Job& job);

    /// Whether the new session is what it must be, and who the server is.
    [[nodiscard]] virtual Outcome checkSession(const Job& job) = 0;
    /// The rights that suffice, for a role without them.
    [[nodiscard]] virtual std::string missingRights() const = 0;

    /// Takes note of who the server is.
    [[nodiscard]] Outcome identify(std::string_view versionSql, const Job& job);
    /// A setting of the session that the server reports by itself, or nothing.
    [[nodiscard]] const char* reportedSetting(const char* name) const;
    /// Host and port.
    [[nodiscard]] std::string place() const;

private:
    struct Finish
    {
        void operator()(pg_conn* handle) const;
    };
    [[nodiscard]] Outcome connectTo(const std::vector<std::pair<std::string, std::string>>& attempt, const Job& job);
    [[nodiscard]] Outcome receive(const Receiver& receiver, const Job& job, ActivityRecorder& recorder,
                                  std::uint64_t* changed);
    [[nodiscard]] Failure connectFailure(const std::string& where) const;
    [[nodiscard]] Failure statementFailure(const pg_result* result) const;
    void abandonStatement();

    PostgresParameters m_parameters;
    std::shared_ptr<ActivityLog> m_log;
    std::unique_ptr<pg_conn, Finish> m_handle; ///< null between a lost connection and the next statement
    std::string m_description = "PostgreSQL";
    bool m_isCockroach = false;
    bool m_wasEnded = false; ///< the server said that it ends the session
};

} // namespace inspector::store
