#include "core/store/postgres_consensus.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace inspector::store {

namespace {

constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();

/// The version in columns 0 and 1.
Result<VersionedData> versionOf(const PostgresRow& row, std::string_view key)
{
    INSPECTOR_TRY(const auto seqno, row.integer(0));
    if (seqno < 0)
        return fail(ErrorCode::Corrupt,
                    "a row of " + std::string(key) + " has sequence number " + std::to_string(seqno)
                        + ": a number from 0 up is expected");
    INSPECTOR_TRY(const auto data, row.bytes(1));
    return VersionedData {SeqNo(static_cast<std::uint64_t>(seqno)), Bytes(data.begin(), data.end())};
}

/// PostgreSQL has no text with a zero byte, so nothing is stored under such a key; libpq would cut it off.
bool canBeStored(std::string_view key)
{
    return key.find('\0') == std::string_view::npos;
}

} // namespace

PostgresConsensus::PostgresConsensus(std::unique_ptr<PostgresConnection> connection)
    : m_connection(std::move(connection))
{
}

Result<std::unique_ptr<PostgresConsensus>> PostgresConsensus::open(const std::string& url,
                                                                   std::shared_ptr<ActivityLog> log, const Job& job)
{
    INSPECTOR_TRY(auto connection, PostgresConnection::open(url, std::move(log), job));
    return std::unique_ptr<PostgresConsensus>(new PostgresConsensus(std::move(connection)));
}

std::string PostgresConsensus::description() const
{
    return m_connection->description();
}

Result<std::vector<std::string>> PostgresConsensus::listKeys(const Job& job) const
{
    std::vector<std::string> keys;
    INSPECTOR_CHECK(m_connection->query(ReadStatement::ServerListKeys, {},
                                        {[&] { keys.clear(); },
                                         [&](const PostgresRow& row) -> Result<> {
                                             INSPECTOR_TRY(const auto key, row.text(0));
                                             keys.emplace_back(key);
                                             return {};
                                         }},
                                        job));
    std::sort(keys.begin(), keys.end()); // the server would sort by its locale
    return keys;
}

Result<std::optional<VersionedData>> PostgresConsensus::head(std::string_view key, const Job& job) const
{
    std::optional<VersionedData> newest;
    if (!canBeStored(key))
        return newest;
    INSPECTOR_CHECK(m_connection->query(ReadStatement::ServerHead, {std::string(key)},
                                        {[&] { newest.reset(); },
                                         [&](const PostgresRow& row) -> Result<> {
                                             INSPECTOR_TRY(const auto seqno, row.integer(0));
                                             if (seqno == -1)
                                                 return {}; // the sentinel alone is no version
                                             INSPECTOR_TRY(newest, versionOf(row, key));
                                             return {};
                                         }},
                                        job));
    return newest;
}

Result<std::vector<VersionedData>> PostgresConsensus::scan(std::string_view key, SeqNo from, std::size_t limit,
                                                           const Job& job) const
{
    std::vector<VersionedData> versions;
    if (!canBeStored(key) || from.value() > static_cast<std::uint64_t>(kLargest))
        return versions;
    const auto lower = static_cast<std::int64_t>(from.value());
    const auto most = limit > static_cast<std::size_t>(kLargest) ? kLargest : static_cast<std::int64_t>(limit);
    INSPECTOR_CHECK(m_connection->query(ReadStatement::ServerScan, {std::string(key), lower, most},
                                        {[&] { versions.clear(); },
                                         [&](const PostgresRow& row) -> Result<> {
                                             INSPECTOR_TRY(auto version, versionOf(row, key));
                                             versions.push_back(std::move(version));
                                             return {};
                                         }},
                                        job));
    return versions;
}

} // namespace inspector::store
