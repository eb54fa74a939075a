#pragma once

#include "core/store/consensus.h"
#include "core/store/postgres_connection.h"

#include <memory>
#include <string>

namespace inspector::store {

/// Consensus in the table `consensus` of PostgreSQL or CockroachDB (persist-format §1.1 to §1.4). Every call is one
/// statement, sent by itself in a session that cannot write.
class PostgresConsensus final : public Consensus
{
public:
    /// As PostgresConnection::open; that the table is there shows at the first call.
    [[nodiscard]] static Result<std::unique_ptr<PostgresConsensus>>
    open(const std::string& url, std::shared_ptr<ActivityLog> log, const Job& job);

    [[nodiscard]] Result<std::vector<std::string>> listKeys(const Job& job) const override;
    [[nodiscard]] Result<std::optional<VersionedData>> head(std::string_view key, const Job& job) const override;
    [[nodiscard]] Result<std::vector<VersionedData>> scan(std::string_view key, SeqNo from, std::size_t limit,
                                                          const Job& job) const override;
    [[nodiscard]] std::string description() const override;

private:
    explicit PostgresConsensus(std::unique_ptr<PostgresConnection> connection);

    std::unique_ptr<PostgresConnection> m_connection;
};

} // namespace inspector::store
