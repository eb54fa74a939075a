#include "core/store/postgres_session.h"

#include "core/store/stop.h"

#include <libpq-fe.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

namespace inspector::store {

namespace {

using std::chrono::steady_clock;

// Object ids of built-in types, which never change: pg_type.dat.
constexpr Oid kBytea = 17;
constexpr Oid kInt8 = 20;
constexpr Oid kText = 25;

/// How long is waited before a statement is sent again; one more attempt than there are waits.
constexpr std::array kWaits {std::chrono::milliseconds(4), std::chrono::milliseconds(32),
                             std::chrono::milliseconds(128), std::chrono::milliseconds(512),
                             std::chrono::milliseconds(1024)};
constexpr std::chrono::milliseconds kPatienceAfterCancel {1000};

struct ClearResult
{
    void operator()(PGresult* result) const { PQclear(result); }
};
using ResultPointer = std::unique_ptr<PGresult, ClearResult>;

/// A descriptor that becomes readable once raised; -1 inside when the system has no more of them.
class Event
{
public:
    Event()
        : m_descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))
    {
    }
    ~Event()
    {
        if (m_descriptor >= 0)
            ::close(m_descriptor);
    }
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;

    [[nodiscard]] int descriptor() const { return m_descriptor; }

private:
    int m_descriptor;
};

/// Becomes readable when a Stop is asked for, so that a wait for the server ends.
class StopSignal
{
public:
    explicit StopSignal(const std::stop_token& token)
        : m_callback(token, Raise {m_event.descriptor()})
    {
    }

    [[nodiscard]] int descriptor() const { return m_event.descriptor(); }

private:
    struct Raise
    {
        int descriptor;
        void operator()() const
        {
            const std::uint64_t one = 1;
            [[maybe_unused]] const auto written = ::write(descriptor, &one, sizeof one);
        }
    };
    Event m_event; // outlives the callback, whose destructor waits for a call that is under way
    std::stop_callback<Raise> m_callback;
};

enum class Woken { Ready, Stopped, TimedOut };

/// Waits until `socket` is ready for `events`, a Stop is asked for, or `deadline` has passed.
Woken waitFor(int socket, short events, const Job& job, const StopSignal& signal,
              std::optional<steady_clock::time_point> deadline)
{
    for (;;) {
        if (job.stopToken().stop_requested())
            return Woken::Stopped;
        int wait = signal.descriptor() < 0 ? 50 : -1; // without the signal the token is looked at now and then
        if (deadline) {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - steady_clock::now()).count();
            if (left <= 0)
                return Woken::TimedOut;
            const int most = static_cast<int>(std::min<std::int64_t>(left, 60'000));
            wait = wait < 0 ? most : std::min(wait, most);
        }
        std::array<pollfd, 2> watched {pollfd {socket, events, 0}, pollfd {signal.descriptor(), POLLIN, 0}};
        const int ready = ::poll(watched.data(), watched.size(), wait);
        if (ready < 0 && errno != EINTR)
            return Woken::Ready; // libpq will find out what is wrong with the socket
        if (ready > 0 && watched[0].revents != 0)
            return Woken::Ready;
    }
}

/// Waits before another attempt; Cancelled when a Stop comes first.
Result<> pause(std::chrono::milliseconds time, const Job& job)
{
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, job.stopToken(), time, [] { return false; });
    return notStopped(job);
}

/// The SQLSTATE in a message that libpq wrote with verbose errors: "FATAL:  28P01: password …". Empty when the message
/// is libpq's own.
std::string_view sqlstateIn(std::string_view message)
{
    constexpr std::string_view kBefore = ":  ";
    for (auto at = message.find(kBefore); at != std::string_view::npos; at = message.find(kBefore, at + 1)) {
        const auto code = message.substr(at + kBefore.size(), 5);
        const auto after = message.substr(std::min(at + kBefore.size() + 5, message.size()), 1);
        if (code.size() == 5 && (after.empty() || after == ":" || after == "\n")
            && std::all_of(code.begin(), code.end(),
                           [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); }))
            return code;
    }
    return {};
}

/// The server's words after the SQLSTATE, up to the end of the line.
std::string_view wordsAfter(std::string_view message, std::string_view sqlstate)
{
    auto words = message.substr(static_cast<std::size_t>(sqlstate.data() - message.data()) + sqlstate.size());
    words.remove_prefix(std::min(words.find_first_not_of(": "), words.size()));
    return words.substr(0, words.find('\n'));
}

std::string placeOf(const PGconn* handle)
{
    const auto textOr = [](const char* text, const char* otherwise) {
        return std::string(text && *text ? text : otherwise);
    };
    const auto host = textOr(PQhost(handle), textOr(PQhostaddr(handle), "the local socket").c_str());
    const auto port = textOr(PQport(handle), "5432");
    if (host.find('/') != std::string::npos || host.find(' ') != std::string::npos)
        return host + ", port " + port;
    return (host.find(':') != std::string::npos ? "[" + host + "]" : host) + ":" + port;
}

std::string describeParameters(const std::vector<PostgresSession::Parameter>& parameters)
{
    std::string text;
    for (const auto& parameter : parameters) {
        if (!text.empty())
            text += ", ";
        if (const auto* number = std::get_if<std::int64_t>(&parameter))
            text += std::to_string(*number);
        else if (const auto* binary = std::get_if<PostgresSession::Binary>(&parameter))
            text += binary->summary;
        else
            text += std::get<std::string>(parameter);
    }
    return text;
}

} // namespace

Result<BytesView> PostgresRow::cell(int column, unsigned type, const char* typeName) const
{
    if (PQftype(m_result, column) != type || PQfformat(m_result, column) != 1)
        return fail(ErrorCode::Corrupt,
                    "column " + std::string(PQfname(m_result, column) ? PQfname(m_result, column) : "?")
                        + " of table consensus is no " + typeName + ": this is not the table that persist makes");
    if (PQgetisnull(m_result, 0, column) != 0)
        return fail(ErrorCode::Corrupt,
                    "column " + std::string(PQfname(m_result, column)) + " of table consensus has no value");
    return std::as_bytes(
        std::span(PQgetvalue(m_result, 0, column), static_cast<std::size_t>(PQgetlength(m_result, 0, column))));
}

Result<std::int64_t> PostgresRow::integer(int column) const
{
    INSPECTOR_TRY(const auto bytes, cell(column, kInt8, "bigint"));
    std::uint64_t value = 0;
    for (const auto byte : bytes) // big-endian
        value = (value << 8U) | std::to_integer<std::uint64_t>(byte);
    return static_cast<std::int64_t>(value);
}

Result<std::string_view> PostgresRow::text(int column) const
{
    INSPECTOR_TRY(const auto bytes, cell(column, kText, "text"));
    return textOf(bytes);
}

Result<BytesView> PostgresRow::bytes(int column) const
{
    return cell(column, kBytea, "bytea");
}

void PostgresSession::Finish::operator()(pg_conn* handle) const
{
    PQfinish(handle);
}

PostgresSession::PostgresSession(PostgresParameters parameters, std::shared_ptr<ActivityLog> log)
    : m_parameters(std::move(parameters))
    , m_log(std::move(log))
{
}

PostgresSession::~PostgresSession() = default;

PostgresSession::Outcome PostgresSession::connect(const Job& job)
{
    Outcome outcome;
    for (const auto& attempt : m_parameters.attempts) {
        outcome = connectTo(attempt, job);
        if (outcome)
            outcome = checkSession(job);
        if (outcome)
            return outcome;
        m_handle.reset();
        if (outcome.error().refused || outcome.error().error.code == ErrorCode::Cancelled)
            break;
    }
    return outcome;
}

PostgresSession::Outcome PostgresSession::connectTo(const std::vector<std::pair<std::string, std::string>>& attempt,
                                                    const Job& job)
{
    const auto cancelled = [] { return Failure {{ErrorCode::Cancelled, "stopped by the user", {}, false}}; };
    if (job.stopToken().stop_requested())
        return tl::unexpected(cancelled());
    std::vector<const char*> keywords;
    std::vector<const char*> values;
    for (const auto& [keyword, value] : attempt) {
        keywords.push_back(keyword.c_str());
        values.push_back(value.c_str());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    const auto began = steady_clock::now();
    m_handle.reset(PQconnectStartParams(keywords.data(), values.data(), 0));
    if (!m_handle)
        return tl::unexpected(Failure {{ErrorCode::Unavailable, "not enough memory to connect", {}, false}});
    PQsetErrorVerbosity(m_handle.get(), PQERRORS_VERBOSE); // the only way to the SQLSTATE of a refused connection
    m_wasEnded = false;
    // What the server says without being asked is not printed; that it ends the session is taken note of.
    PQsetNoticeReceiver(
        m_handle.get(),
        [](void* self, const PGresult* notice) {
            const char* const severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
            const std::string_view text = severity ? severity : "";
            if (text == "FATAL" || text == "PANIC")
                static_cast<PostgresSession*>(self)->m_wasEnded = true;
        },
        this); // by default notices are printed

    std::optional<steady_clock::time_point> deadline;
    if (m_parameters.connectTimeoutSeconds > 0)
        deadline = began + std::chrono::seconds(m_parameters.connectTimeoutSeconds);
    const StopSignal signal(job.stopToken());
    auto polling = PQstatus(m_handle.get()) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
    while (polling == PGRES_POLLING_READING || polling == PGRES_POLLING_WRITING) {
        const short events = polling == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        switch (waitFor(PQsocket(m_handle.get()), events, job, signal, deadline)) {
        case Woken::Stopped:
            return tl::unexpected(cancelled());
        case Woken::TimedOut:
            return tl::unexpected(Failure {{ErrorCode::Unavailable,
                                            "no answer from the server at " + placeOf(m_handle.get()) + " within "
                                                + std::to_string(m_parameters.connectTimeoutSeconds)
                                                + " s: check host and port, or allow more with connect_timeout",
                                            {},
                                            false},
                                           true});
        case Woken::Ready:
            break;
        }
        polling = PQconnectPoll(m_handle.get());
    }
    if (polling == PGRES_POLLING_FAILED) {
        auto failure = connectFailure(placeOf(m_handle.get()));
        ActivityRecorder(m_log, "PostgreSQL at " + placeOf(m_handle.get()), "CONNECT").failed(failure.error.message);
        return tl::unexpected(std::move(failure));
    }
    return {};
}

PostgresSession::Failure PostgresSession::connectFailure(const std::string& where) const
{
    const std::string_view message = PQerrorMessage(m_handle.get());
    const auto sqlstate = sqlstateIn(message);
    const std::string database = m_parameters.namesDatabase ? PQdb(m_handle.get()) : "";
    const auto unavailable = [](std::string text, bool mayPass, bool refused) {
        return Failure {{ErrorCode::Unavailable, std::move(text), {}, false}, mayPass, false, refused};
    };
    if (PQconnectionNeedsPassword(m_handle.get()) != 0)
        return unavailable("the server at " + where
                               + " asks for a password: give one in the URL, in PGPASSWORD or in the password file",
                           false, true);
    if (sqlstate.empty()) {
        auto words = withoutSecrets(message, {m_parameters.password});
        // "connection to server at "localhost" (127.0.0.1), port 1 failed: …": the place is named already.
        constexpr std::string_view kFailed = " failed: ";
        if (const auto at = words.find(kFailed); words.starts_with("connection to ") && at != std::string::npos)
            words.erase(0, at + kFailed.size());
        if (words.find("SSL") != std::string::npos || words.find("TLS") != std::string::npos
            || words.find("certificate") != std::string::npos)
            return unavailable("no TLS connection to " + where + ": " + words
                                   + " (see sslmode, sslrootcert, sslcert and sslkey)",
                               false, true);
        return unavailable("the server at " + where + " cannot be reached: " + words, true, false);
    }
    const auto words = withoutSecrets(wordsAfter(message, sqlstate), {m_parameters.user, m_parameters.password});
    if (message.find("28P01") != std::string_view::npos)
        return unavailable("the server at " + where + " does not accept this user and password", false, true);
    if (sqlstate == "28000")
        return unavailable("the server at " + where + " does not let this user in: " + words, false, true);
    if (sqlstate == "3D000")
        return Failure {{ErrorCode::NotFound,
                         "there is no database"
                             + (database.empty() ? " of the user's name: name one in the URL, as in host:port/database"
                                                 : " '" + database + "'")
                             + " at " + where,
                         {},
                         false},
                        false,
                        false,
                        true};
    if (sqlstate == "42501")
        return unavailable("the server at " + where
                               + " does not let this user use the database: CONNECT on it is needed",
                           false, true);
    // Starting up, shutting down, or too many clients: another host or another time may do.
    const bool passing = sqlstate.starts_with("57P") || sqlstate == "53300";
    return unavailable("the server at " + where + " refuses the connection: " + words, passing, !passing);
}

bool PostgresSession::isConnected()
{
    // A session that the server has ended has said so, and closed the connection; both may still lie in the socket.
    while (m_handle && PQstatus(m_handle.get()) == CONNECTION_OK) {
        pollfd socket {PQsocket(m_handle.get()), POLLIN, 0};
        if (::poll(&socket, 1, 0) <= 0)
            return true;
        if (PQconsumeInput(m_handle.get()) == 0 || PQisBusy(m_handle.get()) != 0 || m_wasEnded)
            break;
    }
    m_handle.reset();
    return false;
}

PostgresSession::Outcome PostgresSession::send(std::string_view sql, const std::vector<Parameter>& parameters,
                                               const Receiver& receiver, const Job& job, std::uint64_t* changed)
{
    std::vector<std::string> texts(parameters.size());
    std::vector<Oid> types;
    std::vector<const char*> values;
    std::vector<int> lengths;
    std::vector<int> formats;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        if (const auto* binary = std::get_if<Binary>(&parameters[i])) {
            types.push_back(binary->type);
            // Where there is nothing to point at, a pointer all the same: a null pointer would be NULL.
            values.push_back(binary->bytes->empty() ? "" : reinterpret_cast<const char*>(binary->bytes->data()));
            lengths.push_back(static_cast<int>(binary->bytes->size()));
            formats.push_back(1);
            continue;
        }
        const auto* number = std::get_if<std::int64_t>(&parameters[i]);
        texts[i] = number ? std::to_string(*number) : std::get<std::string>(parameters[i]);
        types.push_back(number ? kInt8 : kText);
        values.push_back(texts[i].c_str());
        lengths.push_back(0);
        formats.push_back(0);
    }

    ActivityRecorder recorder(m_log, m_description, std::string(sql), describeParameters(parameters));
    if (receiver.begin)
        receiver.begin();
    // The extended protocol takes exactly one statement; the last argument asks for binary results.
    Outcome outcome;
    if (PQsendQueryParams(m_handle.get(), sql.data(), static_cast<int>(values.size()), types.data(), values.data(),
                          lengths.data(), formats.data(), 1)
        == 0)
        outcome = tl::unexpected(statementFailure(nullptr));
    else
        outcome = receive(receiver, job, recorder, changed);
    if (!outcome)
        recorder.failed(outcome.error().error.message);
    if (PQstatus(m_handle.get()) == CONNECTION_BAD)
        m_handle.reset(); // the next attempt connects again
    return outcome;
}

PostgresSession::Outcome PostgresSession::receive(const Receiver& receiver, const Job& job, ActivityRecorder& recorder,
                                                  std::uint64_t* changed)
{
    PQsetSingleRowMode(m_handle.get());
    const StopSignal signal(job.stopToken());
    Outcome outcome;
    for (;;) {
        while (PQisBusy(m_handle.get()) != 0) {
            if (waitFor(PQsocket(m_handle.get()), POLLIN, job, signal, std::nullopt) == Woken::Stopped) {
                abandonStatement();
                return tl::unexpected(Failure {{ErrorCode::Cancelled, "stopped by the user", {}, false}});
            }
            if (PQconsumeInput(m_handle.get()) == 0)
                break; // PQgetResult has the reason
        }
        const ResultPointer result(PQgetResult(m_handle.get()));
        if (!result)
            return outcome;
        const auto status = PQresultStatus(result.get());
        if (status == PGRES_SINGLE_TUPLE && outcome) {
            std::uint64_t bytes = 0;
            for (int column = 0; column < PQnfields(result.get()); ++column)
                bytes += static_cast<std::uint64_t>(PQgetlength(result.get(), 0, column));
            recorder.received(1, bytes);
            Result<> taken = notStopped(job);
            if (taken)
                taken = receiver.take(PostgresRow(result.get()));
            if (!taken) {
                abandonStatement();
                return tl::unexpected(Failure {std::move(taken.error())});
            }
        } else if (status == PGRES_COMMAND_OK && changed) {
            *changed = std::strtoull(PQcmdTuples(result.get()), nullptr, 10);
        } else if (status != PGRES_TUPLES_OK && status != PGRES_SINGLE_TUPLE && outcome) {
            outcome = tl::unexpected(statementFailure(result.get()));
        }
    }
}

void PostgresSession::abandonStatement()
{
    const std::unique_ptr<PGcancel, void (*)(PGcancel*)> cancel(PQgetCancel(m_handle.get()), PQfreeCancel);
    std::array<char, 256> reason {};
    const Job unstoppable;
    const StopSignal signal(unstoppable.stopToken());
    const auto deadline = steady_clock::now() + kPatienceAfterCancel;
    if (cancel && PQcancel(cancel.get(), reason.data(), static_cast<int>(reason.size())) != 0) {
        for (;;) {
            bool waiting = true;
            while (PQisBusy(m_handle.get()) != 0 && waiting)
                waiting = waitFor(PQsocket(m_handle.get()), POLLIN, unstoppable, signal, deadline) == Woken::Ready
                    && PQconsumeInput(m_handle.get()) != 0;
            if (!waiting)
                break;
            const ResultPointer rest(PQgetResult(m_handle.get()));
            if (!rest)
                return; // the session is ready for the next statement
        }
    }
    m_handle.reset();
}

PostgresSession::Failure PostgresSession::statementFailure(const pg_result* result) const
{
    const char* const code = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : nullptr;
    const char* const words = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : nullptr;
    const char* const severity = result ? PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED) : nullptr;
    const std::string_view sqlstate = code ? code : "";
    const auto text = withoutSecrets(words ? words : PQerrorMessage(m_handle.get()),
                                     {m_parameters.password, sqlstate.empty() ? std::string() : m_parameters.user});
    // An ERROR took the statement's transaction back; FATAL ended the session at a point that nobody knows. 40003 and
    // 08007 are the server's own words for not knowing.
    const bool isDecided = !sqlstate.empty() && severity && std::string_view(severity) == "ERROR" && sqlstate != "40003"
        && !sqlstate.starts_with("08");
    const auto failure = [&](ErrorCode which, std::string message, bool mayPass) {
        Failure made;
        made.error = {which, std::move(message), {}, false};
        made.mayPass = mayPass;
        made.isDecided = isDecided;
        made.sqlstate = sqlstate;
        return made;
    };
    const auto unavailable = [&](std::string message, bool mayPass) {
        return failure(ErrorCode::Unavailable, std::move(message), mayPass);
    };
    if (sqlstate == "42P01" || sqlstate == "3F000") {
        auto missing = failure(ErrorCode::NotFound, text, false);
        missing.tableMissing = true;
        return missing;
    }
    if (sqlstate == "42501")
        return unavailable(m_description + ": " + missingRights(), false);
    if (sqlstate == "40001" || sqlstate == "40P01") // serialization failure, deadlock
        return unavailable(m_description + ": " + text, true);
    if (sqlstate == "57014")
        return unavailable(m_description + " broke the statement off: " + text, false);
    if (sqlstate == "25006")
        return unavailable(m_description
                               + " takes no writes: it is a standby, or was set to read-only; name the primary in the "
                                 "URL",
                           false);
    if (sqlstate.empty() || sqlstate.starts_with("08") || sqlstate.starts_with("57P")
        || PQstatus(m_handle.get()) == CONNECTION_BAD)
        return unavailable("the connection to " + m_description + " was lost: " + text, true);
    if (sqlstate == "42703") // undefined column
        return failure(ErrorCode::Corrupt,
                       m_description + ": table consensus is not the one that persist makes: " + text, false);
    return unavailable(m_description + " refuses the statement: " + text, false);
}

tl::expected<std::string, PostgresSession::Failure> PostgresSession::askForText(std::string_view sql, const Job& job)
{
    std::string answer;
    const Receiver receiver {[&] { answer.clear(); },
                             [&](const PostgresRow& row) -> Result<> {
                                 INSPECTOR_TRY(const auto text, row.text(0));
                                 answer = text;
                                 return {};
                             }};
    if (auto asked = send(sql, {}, receiver, job); !asked)
        return tl::unexpected(std::move(asked).error());
    return answer;
}

Result<bool> PostgresSession::waitBeforeAgain(std::size_t attempt, const Job& job)
{
    if (attempt >= kWaits.size())
        return false;
    INSPECTOR_CHECK(pause(kWaits[attempt], job));
    return true;
}

PostgresSession::Outcome PostgresSession::identify(std::string_view versionSql, const Job& job)
{
    const std::string database = m_parameters.namesDatabase ? std::string(", database ") + PQdb(m_handle.get()) : "";
    m_description = "PostgreSQL at " + place() + database;
    auto version = askForText(versionSql, job);
    if (!version)
        return tl::unexpected(std::move(version).error());
    m_isCockroach = version->find("CockroachDB") != std::string::npos;
    if (m_isCockroach)
        m_description = "CockroachDB at " + place() + database;
    return {};
}

const char* PostgresSession::reportedSetting(const char* name) const
{
    return PQparameterStatus(m_handle.get(), name);
}

std::string PostgresSession::place() const
{
    return placeOf(m_handle.get());
}

} // namespace inspector::store
