#pragma once

#include "core/base/bytes.h"
#include "core/base/job.h"
#include "core/store/activity_log.h"
#include "core/store/postgres_url.h"
#include "core/store/read_statement.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
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

/// One session with PostgreSQL or CockroachDB that cannot write: it is read-only before its first statement, and every
/// statement comes from one table that holds none that writes. Waits wake up for a Stop. One thread at a time.
class PostgresConnection
{
public:
    using Parameter = std::variant<std::int64_t, std::string>;

    /// Where rows go. A statement that failed for a passing reason is sent again: `begin` comes before every attempt.
    struct Receiver
    {
        std::function<void()> begin;
        std::function<Result<>(const PostgresRow& row)> take;
    };

    /// Connects. InvalidInput for a URL that libpq would refuse, NotFound for a database that is not there, Unavailable
    /// for a server that cannot be reached, refuses or would not make the session read-only. `log` may be null.
    [[nodiscard]] static Result<std::unique_ptr<PostgresConnection>>
    open(const std::string& url, std::shared_ptr<ActivityLog> log, const Job& job);
    ~PostgresConnection();
    PostgresConnection(const PostgresConnection&) = delete;
    PostgresConnection& operator=(const PostgresConnection&) = delete;

    /// Sends one statement, by itself and without a transaction around it, and hands every row to `receiver`.
    /// A serialization failure and a lost connection are met by sending it again, a few times, waiting longer each
    /// time (persist-format §11, row 39). NotFound when the table is not there, Unavailable, Cancelled, Corrupt, and
    /// what `take` answers.
    [[nodiscard]] Result<> query(ReadStatement statement, const std::vector<Parameter>& parameters,
                                 const Receiver& receiver, const Job& job);

    [[nodiscard]] bool isCockroach() const { return m_isCockroach; }
    /// Kind, host, port and, where the URL names it, database.
    [[nodiscard]] const std::string& description() const { return m_description; }

private:
    struct Finish
    {
        void operator()(pg_conn* handle) const;
    };
    /// How a statement or a connection failed.
    struct Failure
    {
        Error error;
        bool mayPass = false;      ///< the same again may succeed
        bool tableMissing = false; ///< SQLSTATE 42P01 or 3F000
        bool refused = false;      ///< the server answered and said no: another host would not help
    };
    using Outcome = tl::expected<void, Failure>;

    PostgresConnection(PostgresParameters parameters, std::shared_ptr<ActivityLog> log);
    [[nodiscard]] Outcome connect(const Job& job);
    [[nodiscard]] Outcome connectTo(const std::vector<std::pair<std::string, std::string>>& attempt, const Job& job);
    [[nodiscard]] Outcome checkSession(const Job& job);
    [[nodiscard]] Outcome send(ReadStatement statement, const std::vector<Parameter>& parameters,
                               const Receiver& receiver, const Job& job);
    [[nodiscard]] Outcome receive(const Receiver& receiver, const Job& job, ActivityRecorder& recorder);
    [[nodiscard]] Failure connectFailure(const std::string& where) const;
    [[nodiscard]] Failure statementFailure(const pg_result* result) const;
    [[nodiscard]] Error missingTable(const Job& job);
    void abandonStatement();

    PostgresParameters m_parameters;
    std::shared_ptr<ActivityLog> m_log;
    std::unique_ptr<pg_conn, Finish> m_handle; ///< null between a lost connection and the next statement
    std::string m_description = "PostgreSQL";
    bool m_isCockroach = false;
};

} // namespace inspector::store
