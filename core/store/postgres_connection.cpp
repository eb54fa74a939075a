#include "core/store/postgres_connection.h"

#include "core/store/url.h"

#include <utility>

namespace inspector::store {

Result<std::unique_ptr<PostgresConnection>> PostgresConnection::open(const std::string& url,
                                                                     std::shared_ptr<ActivityLog> log, const Job& job)
{
    INSPECTOR_TRY(auto parameters, parsePostgresUrl(url));
    std::unique_ptr<PostgresConnection> connection(new PostgresConnection(std::move(parameters), std::move(log)));
    if (auto connected = connection->connect(job); !connected)
        return tl::unexpected<Error>(std::move(connected.error().error));
    return connection;
}

PostgresConnection::Outcome PostgresConnection::checkSession(const Job& job)
{
    // PostgreSQL reports the setting by itself since version 14; others are asked.
    std::string setting;
    if (const char* reported = reportedSetting("default_transaction_read_only")) {
        setting = reported;
    } else {
        auto asked = askForText(sqlOf(ReadStatement::ServerReadOnly), job);
        if (!asked)
            return tl::unexpected(std::move(asked).error());
        setting = *asked;
    }
    if (setting != "on") {
        Failure failure;
        failure.error = {ErrorCode::Unavailable,
                         "the server at " + place()
                             + " did not make the session read-only, so nothing was read: remove "
                               "default_transaction_read_only and backslashes from the URL's options",
                         {},
                         false};
        failure.refused = true;
        return tl::unexpected(std::move(failure));
    }
    return identify(sqlOf(ReadStatement::ServerVersion), job);
}

std::string PostgresConnection::missingRights() const
{
    return "no permission to read table consensus: SELECT on the table and USAGE on its schema suffice";
}

Result<> PostgresConnection::query(ReadStatement statement, const std::vector<Parameter>& parameters,
                                   const Receiver& receiver, const Job& job)
{
    for (std::size_t attempt = 0;; ++attempt) {
        Outcome outcome;
        if (!hasHandle())
            outcome = connect(job);
        if (outcome)
            outcome = send(sqlOf(statement), parameters, receiver, job);
        if (outcome)
            return {};
        auto& failure = outcome.error();
        if (failure.tableMissing)
            return tl::unexpected<Error>(missingTable(job));
        if (!failure.mayPass)
            return tl::unexpected<Error>(std::move(failure.error));
        INSPECTOR_TRY(const bool again, waitBeforeAgain(attempt, job));
        if (!again)
            return tl::unexpected<Error>(std::move(failure.error));
    }
}

Error PostgresConnection::missingTable(const Job& job)
{
    // Without USAGE on a schema its tables are just not there, so ask where the table is before saying anything.
    std::vector<std::string> usable;
    std::string forbidden;       // a schema that the role may not look into
    std::string forbiddenInPath; // the same, and the URL names it
    const Receiver receiver {[&] {
                                 usable.clear();
                                 forbidden.clear();
                                 forbiddenInPath.clear();
                             },
                             [&](const PostgresRow& row) -> Result<> {
                                 INSPECTOR_TRY(const auto schema, row.text(0));
                                 INSPECTOR_TRY(const auto mayUse, row.text(1));
                                 INSPECTOR_TRY(const auto inPath, row.text(2));
                                 if (mayUse.starts_with('t'))
                                     usable.emplace_back(schema);
                                 else
                                     (inPath.starts_with('t') ? forbiddenInPath : forbidden) = schema;
                                 return {};
                             }};
    const bool isKnown = send(sqlOf(ReadStatement::ServerFindTable), {}, receiver, job).has_value();
    if (isKnown && (!forbiddenInPath.empty() || (usable.empty() && !forbidden.empty())))
        return {ErrorCode::Unavailable,
                description() + ": no permission on schema '" + (forbiddenInPath.empty() ? forbidden : forbiddenInPath)
                    + "', which has the table consensus: SELECT on the table and USAGE on the schema suffice",
                {},
                false};
    if (isKnown && !usable.empty()) {
        std::string list;
        for (const auto& schema : usable)
            list += (list.empty() ? "'" : ", '") + schema + "'";
        return {ErrorCode::NotFound,
                description() + ": relation consensus does not exist in the search path, but in "
                    + (usable.size() == 1 ? "schema " : "schemas ") + list
                    + ": add options=--search_path=" + percentEncoded(usable.front()) + " to the URL",
                {},
                false};
    }
    return {ErrorCode::NotFound,
            description()
                + ": relation consensus does not exist: name the right database in the URL, or the schema with "
                  "options=--search_path=consensus",
            {},
            false};
}

} // namespace inspector::store
