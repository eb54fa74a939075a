#include "core/store/postgres_consensus_writer.h"

#include "core/store/stop.h"
#include "core/store/write_rules.h"

#include <algorithm>
#include <span>
#include <utility>

namespace inspector::store {

namespace {

// Object ids of built-in types: pg_type.dat.
constexpr unsigned kBytea = 17;
constexpr unsigned kInt8 = 20;
constexpr unsigned kByteaArray = 1001;
constexpr unsigned kInt8Array = 1016;

constexpr std::size_t kLargestLog = 256U << 20U; // bytes; the server takes a message of 1 GiB and unpacks it
constexpr std::int64_t kSentinel = -1;

std::int64_t numberOf(SeqNo seqno)
{
    return static_cast<std::int64_t>(seqno.value());
}

void addBigEndian(Bytes& to, std::uint64_t value, int bytes)
{
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
        to.push_back(static_cast<std::byte>((value >> static_cast<unsigned>(shift)) & 0xFFU));
}

/// The head of a one-dimensional array without NULLs in its binary form: dimensions, NULLs, type of the elements,
/// length, index of the first.
Bytes arrayOf(unsigned elementType, std::size_t count)
{
    Bytes array;
    addBigEndian(array, 1, 4);
    addBigEndian(array, 0, 4);
    addBigEndian(array, elementType, 4);
    addBigEndian(array, count, 4);
    addBigEndian(array, 1, 4);
    return array;
}

std::string sizeText(std::size_t bytes)
{
    return std::to_string(bytes) + " bytes";
}

} // namespace

Result<std::unique_ptr<PostgresWritingConnection>>
PostgresWritingConnection::open(const std::string& url, std::shared_ptr<ActivityLog> log, const Job& job)
{
    INSPECTOR_TRY(auto parameters, parsePostgresUrl(url, SessionUse::Writing));
    std::unique_ptr<PostgresWritingConnection> connection(
        new PostgresWritingConnection(std::move(parameters), std::move(log)));
    if (auto connected = connection->connect(job); !connected)
        return tl::unexpected<Error>(std::move(connected.error().error));
    return connection;
}

PostgresWritingConnection::Outcome PostgresWritingConnection::checkSession(const Job& job)
{
    const auto isolation = askForText(sqlOf(WriteStatement::ServerIsolation), job);
    if (!isolation)
        return tl::unexpected(isolation.error());
    if (*isolation != "serializable") {
        Failure failure;
        failure.error = {ErrorCode::Unavailable,
                         "the server at " + place() + " did not make the session serializable but '" + *isolation
                             + "', so nothing is written: remove default_transaction_isolation and backslashes from "
                               "the URL's options",
                         {},
                         false};
        failure.refused = true;
        return tl::unexpected(std::move(failure));
    }
    return identify(sqlOf(WriteStatement::ServerVersion), job);
}

std::string PostgresWritingConnection::missingRights() const
{
    return "no permission to write table consensus: SELECT, INSERT, UPDATE and DELETE on the table and USAGE on its "
           "schema are needed";
}

Error PostgresWritingConnection::withMissingRights(Error error)
{
    const auto missing = askForText(sqlOf(WriteStatement::ServerRights), Job());
    if (missing && !missing->empty())
        error.message = description() + ": no permission to write table consensus: the role lacks " + *missing
            + " on it (a writer needs SELECT, INSERT, UPDATE to lock the row that it builds on, and DELETE to "
              "truncate)";
    return error;
}

Result<PostgresWritingConnection::Changed>
PostgresWritingConnection::change(WriteStatement statement, const std::vector<Parameter>& parameters, const Job& job)
{
    for (std::size_t attempt = 0;; ++attempt) {
        INSPECTOR_CHECK(notStopped(job));
        Outcome outcome;
        if (!isConnected())
            outcome = connect(job);
        const bool isSent = outcome.has_value();
        Changed changed;
        if (isSent)
            outcome = send(sqlOf(statement), parameters, {}, Job(), &changed.rows); // no Stop from here on
        if (outcome)
            return changed;
        auto& failure = outcome.error();
        if (failure.sqlstate == "23505")
            return Changed {0, true};
        if (isSent && !failure.isDecided) {
            failure.error.outcomeUnknown = true;
            return tl::unexpected<Error>(std::move(failure.error));
        }
        if (failure.sqlstate == "42501")
            return tl::unexpected<Error>(withMissingRights(std::move(failure.error)));
        if (!failure.mayPass)
            return tl::unexpected<Error>(std::move(failure.error));
        INSPECTOR_TRY(const bool again, waitBeforeAgain(attempt, job));
        if (!again)
            return tl::unexpected<Error>(std::move(failure.error));
    }
}

PostgresConsensusWriter::PostgresConsensusWriter(std::unique_ptr<PostgresWritingConnection> connection,
                                                 std::unique_ptr<PostgresConsensus> reading)
    : ConsensusWriterOver(std::move(reading))
    , m_connection(std::move(connection))
{
}

Result<std::unique_ptr<PostgresConsensusWriter>>
PostgresConsensusWriter::open(const std::string& url, const std::shared_ptr<ActivityLog>& log, const Job& job)
{
    INSPECTOR_TRY(auto reading, PostgresConsensus::open(url, log, job));
    INSPECTOR_TRY(auto connection, PostgresWritingConnection::open(url, log, job));
    return std::unique_ptr<PostgresConsensusWriter>(
        new PostgresConsensusWriter(std::move(connection), std::move(reading)));
}

Result<PostgresConsensusWriter::Changed> PostgresConsensusWriter::change(WriteStatement statement, std::string_view key,
                                                                         std::vector<PostgresSession::Parameter> others,
                                                                         const Job& job)
{
    others.insert(others.begin(), std::string(key));
    auto changed = m_connection->change(statement, others, job);
    if (!changed && changed.error().code == ErrorCode::NotFound && !changed.error().outcomeUnknown)
        INSPECTOR_CHECK(head(key, job)); // the reading session finds out where the table is instead
    return changed;
}

Result<CasOutcome> PostgresConsensusWriter::begin(std::string_view key, const VersionedData* first, std::size_t count,
                                                  const Job& job)
{
    std::size_t size = 0;
    for (const auto& version : std::span(first, count))
        size += version.data.size();
    if (size > kLargestLog)
        return fail(ErrorCode::InvalidInput,
                    "the log of " + std::string(key) + " has " + sizeText(size) + ", and a statement carries at most "
                        + sizeText(kLargestLog));
    const bool hasSentinel = !m_connection->isCockroach() && first->seqno.value() == 0;
    Bytes numbers = arrayOf(kInt8, count + (hasSentinel ? 1 : 0));
    Bytes datas = arrayOf(kBytea, count + (hasSentinel ? 1 : 0));
    const auto add = [&](std::int64_t number, const Bytes& data) {
        addBigEndian(numbers, 8, 4);
        addBigEndian(numbers, static_cast<std::uint64_t>(number), 8);
        addBigEndian(datas, data.size(), 4);
        datas.insert(datas.end(), data.begin(), data.end());
    };
    if (hasSentinel)
        add(kSentinel, {});
    for (const auto& version : std::span(first, count))
        add(numberOf(version.seqno), version.data);
    const auto range = std::to_string(hasSentinel ? kSentinel : numberOf(first->seqno)) + " to "
        + std::to_string(numberOf(first->seqno) + static_cast<std::int64_t>(count) - 1);
    INSPECTOR_TRY(const auto changed,
                  change(WriteStatement::ServerInsertLog, key,
                         {PostgresSession::Binary {kInt8Array, &numbers, range},
                          PostgresSession::Binary {kByteaArray, &datas, sizeText(size)}},
                         job));
    return changed.isDuplicate || changed.rows == 0 ? CasOutcome::Mismatch : CasOutcome::Committed;
}

Result<CasOutcome> PostgresConsensusWriter::compareAndSet(std::string_view key, std::optional<SeqNo> expected,
                                                          const VersionedData& next, const Job& job)
{
    INSPECTOR_CHECK(checkStep(key, expected, next));
    if (!expected)
        return begin(key, &next, 1, job);
    if (next.data.size() > kLargestLog)
        return fail(ErrorCode::InvalidInput,
                    "version " + std::to_string(next.seqno.value()) + " of " + std::string(key) + " has "
                        + sizeText(next.data.size()) + ", and a statement carries at most " + sizeText(kLargestLog));
    const auto statement =
        m_connection->isCockroach() ? WriteStatement::ServerAppendCockroach : WriteStatement::ServerAppend;
    INSPECTOR_TRY(const auto changed,
                  change(statement, key,
                         {numberOf(*expected), numberOf(next.seqno),
                          PostgresSession::Binary {kBytea, &next.data, sizeText(next.data.size())}},
                         job));
    return changed.isDuplicate || changed.rows == 0 ? CasOutcome::Mismatch : CasOutcome::Committed;
}

Result<std::uint64_t> PostgresConsensusWriter::truncate(std::string_view key, SeqNo lessThan, const Job& job)
{
    INSPECTOR_CHECK(checkTruncation(key, lessThan));
    INSPECTOR_TRY(const auto changed, change(WriteStatement::ServerTruncate, key, {numberOf(lessThan)}, job));
    if (changed.rows > 0)
        return changed.rows;
    INSPECTOR_TRY(const auto newest, head(key, job));
    if (!newest || newest->seqno < lessThan)
        return tl::unexpected<Error>(nothingAtOrAbove(key, lessThan));
    return std::uint64_t {0};
}

Result<CasOutcome> PostgresConsensusWriter::insertLog(std::string_view key, const std::vector<VersionedData>& versions,
                                                      const Job& job)
{
    INSPECTOR_CHECK(checkLog(key, versions));
    return begin(key, versions.data(), versions.size(), job);
}

} // namespace inspector::store
