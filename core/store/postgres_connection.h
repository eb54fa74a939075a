#pragma once

#include "core/store/postgres_session.h"
#include "core/store/read_statement.h"

#include <memory>
#include <string>
#include <vector>

namespace inspector::store {

/// One session with PostgreSQL or CockroachDB that cannot write: it is read-only before its first statement, and every
/// statement comes from one table that holds none that writes. Waits wake up for a Stop. One thread at a time.
class PostgresConnection final : public PostgresSession
{
public:
    /// Connects. InvalidInput for a URL that libpq would refuse, NotFound for a database that is not there, Unavailable
    /// for a server that cannot be reached, refuses or would not make the session read-only. `log` may be null.
    [[nodiscard]] static Result<std::unique_ptr<PostgresConnection>>
    open(const std::string& url, std::shared_ptr<ActivityLog> log, const Job& job);

    /// Sends one statement, by itself and without a transaction around it, and hands every row to `receiver`.
    /// A serialization failure and a lost connection are met by sending it again, a few times, waiting longer each
    /// time (persist-format §11, row 39). NotFound when the table is not there, Unavailable, Cancelled, Corrupt, and
    /// what `take` answers.
    [[nodiscard]] Result<> query(ReadStatement statement, const std::vector<Parameter>& parameters,
                                 const Receiver& receiver, const Job& job);

private:
    using PostgresSession::PostgresSession;
    [[nodiscard]] Outcome checkSession(const Job& job) override;
    [[nodiscard]] std::string missingRights() const override;
    [[nodiscard]] Error missingTable(const Job& job);
};

} // namespace inspector::store
