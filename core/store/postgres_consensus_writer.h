#pragma once

#include "core/store/consensus_writer.h"
#include "core/store/postgres_consensus.h"
#include "core/store/postgres_session.h"
#include "core/store/write_statement.h"

#include <memory>
#include <string>
#include <vector>

namespace inspector::store {

/// One session with PostgreSQL or CockroachDB that writes, at SERIALIZABLE: every statement comes from the writing
/// table and is a transaction by itself. One thread at a time.
class PostgresWritingConnection final : public PostgresSession
{
public:
    /// As PostgresConnection::open; Unavailable, too, when the server would not make the session serializable.
    [[nodiscard]] static Result<std::unique_ptr<PostgresWritingConnection>>
    open(const std::string& url, std::shared_ptr<ActivityLog> log, const Job& job);

    /// What became of a statement that the server answered.
    struct Changed
    {
        std::uint64_t rows = 0;
        bool isDuplicate = false; ///< the primary key has a row already; nothing was changed (SQLSTATE 23505)
    };

    /// Sends one statement. What the server took back because of other transactions (40001, 40P01) is sent again, a few
    /// times. An error says that nothing was changed, unless `outcomeUnknown` is set: the connection was lost after
    /// sending, and the next statement gets a new one. A Stop is heeded before sending.
    [[nodiscard]] Result<Changed> change(WriteStatement statement, const std::vector<Parameter>& parameters,
                                         const Job& job);

private:
    using PostgresSession::PostgresSession;
    [[nodiscard]] Outcome checkSession(const Job& job) override;
    [[nodiscard]] std::string missingRights() const override;
    [[nodiscard]] Error withMissingRights(Error error);
};

/// The table `consensus` of PostgreSQL or CockroachDB, for writing (persist-write-protocol §15.1, §15.2): one statement
/// a call, in a session of its own beside the one that reads. Creates and alters nothing.
///
/// On PostgreSQL a log that begins with version 0 gets the sentinel row -1 in the same statement, as newer writers
/// make it; no other statement touches that row.
class PostgresConsensusWriter final : public ConsensusWriterOver
{
public:
    /// Opens both sessions; that the table is there and the role may write it shows at the first call. `log` may be
    /// null.
    [[nodiscard]] static Result<std::unique_ptr<PostgresConsensusWriter>>
    open(const std::string& url, const std::shared_ptr<ActivityLog>& log, const Job& job);

    [[nodiscard]] Result<CasOutcome> compareAndSet(std::string_view key, std::optional<SeqNo> expected,
                                                   const VersionedData& next, const Job& job) override;
    [[nodiscard]] Result<std::uint64_t> truncate(std::string_view key, SeqNo lessThan, const Job& job) override;
    /// InvalidInput for a log of more than 256 MiB, which no statement can carry.
    [[nodiscard]] Result<CasOutcome> insertLog(std::string_view key, const std::vector<VersionedData>& versions,
                                               const Job& job) override;

private:
    using Changed = PostgresWritingConnection::Changed;
    PostgresConsensusWriter(std::unique_ptr<PostgresWritingConnection> connection,
                            std::unique_ptr<PostgresConsensus> reading);
    [[nodiscard]] Result<Changed> change(WriteStatement statement, std::string_view key,
                                         std::vector<PostgresSession::Parameter> others, const Job& job);
    [[nodiscard]] Result<CasOutcome> begin(std::string_view key, const VersionedData* first, std::size_t count,
                                           const Job& job);

    std::unique_ptr<PostgresWritingConnection> m_connection;
};

} // namespace inspector::store
