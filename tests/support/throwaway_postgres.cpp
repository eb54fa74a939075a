#include "tests/support/throwaway_postgres.h"

#include "tests/support/fixture.h"
#include "tests/support/process.h"

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

namespace inspector::test {

namespace {

namespace fs = std::filesystem;

struct Finish
{
    void operator()(PGconn* handle) const { PQfinish(handle); }
};
struct Clear
{
    void operator()(PGresult* result) const { PQclear(result); }
};
using Connection = std::unique_ptr<PGconn, Finish>;
using ResultPointer = std::unique_ptr<PGresult, Clear>;

/// The newest installed server's folder of programs, or nothing.
std::string programs()
{
    std::string newest;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", error))
        if (fs::exists(entry.path() / "bin" / "initdb"))
            newest = std::max(newest, (entry.path() / "bin").string());
    return newest;
}

int freePort()
{
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    int port = 0;
    if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), size) == 0
        && ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0)
        port = ntohs(address.sin_port);
    ::close(listener);
    return port;
}

/// PostgreSQL refuses to run as root; then it runs as the user that its package makes.
RunAs serverUser()
{
    if (::geteuid() != 0)
        return {};
    const passwd* entry = ::getpwnam("postgres"); // NOLINT(concurrency-mt-unsafe): tests have one thread here
    return entry ? RunAs {entry->pw_uid, entry->pw_gid} : RunAs {};
}

Result<Connection> connect(const std::string& url)
{
    Connection connection(PQconnectdb(url.c_str()));
    if (PQstatus(connection.get()) != CONNECTION_OK)
        return fail(ErrorCode::Unavailable, PQerrorMessage(connection.get()));
    PQsetNoticeProcessor(
        connection.get(), [](void*, const char*) {}, nullptr);
    return connection;
}

template <typename Number>
void addBigEndian(std::string& to, Number number)
{
    for (std::size_t i = sizeof number; i-- > 0;)
        to += static_cast<char>((static_cast<std::uint64_t>(number) >> (8 * i)) & 0xFFU);
}

} // namespace

Result<std::unique_ptr<ThrowawayPostgres>> ThrowawayPostgres::start()
{
    const auto bin = programs();
    if (bin.empty())
        return fail(ErrorCode::Unavailable, "no PostgreSQL server is installed below /usr/lib/postgresql");
    std::unique_ptr<ThrowawayPostgres> server(new ThrowawayPostgres);
    std::string folder = (fs::temp_directory_path() / "inspector-pg-XXXXXX").string();
    if (!::mkdtemp(folder.data()))
        return fail(ErrorCode::Unavailable, "no temporary folder for PostgreSQL");
    server->m_folder = folder;
    const auto user = serverUser();
    if (user.user != 0 && ::chown(folder.c_str(), user.user, user.group) != 0)
        return fail(ErrorCode::Unavailable, "cannot give the temporary folder to the user postgres");
    {
        std::ofstream(folder + "/password") << "owner-writes-9X\n";
        ::chmod((folder + "/password").c_str(), 0644);
    }
    const int code =
        run({bin + "/initdb", "-N", "-D", folder + "/data", "-U", kOwner, "--auth-local=trust",
             "--auth-host=scram-sha-256", "--pwfile=" + folder + "/password", "-E", "UTF8", "--locale=C.UTF-8"},
            folder + "/initdb.log", user);
    if (code != 0)
        return fail(ErrorCode::Unavailable, "initdb: " + contentOf(folder + "/initdb.log").value_or(""));
    INSPECTOR_CHECK(server->launch());

    INSPECTOR_TRY(const auto connection, connect(server->socketUrl(kOwner, "", "postgres")));
    const ResultPointer made(PQexec(connection.get(), "CREATE DATABASE environment"));
    if (PQresultStatus(made.get()) != PGRES_COMMAND_OK)
        return fail(ErrorCode::Unavailable, PQerrorMessage(connection.get()));
    INSPECTOR_CHECK(
        server->execute(std::string("CREATE ROLE ") + kReader + " LOGIN PASSWORD '" + kReaderPassword + "'"));
    return server;
}

ThrowawayPostgres::~ThrowawayPostgres()
{
    static_cast<void>(stop());
    std::error_code ignored;
    if (!m_folder.empty())
        fs::remove_all(m_folder, ignored);
}

Result<> ThrowawayPostgres::stop()
{
    if (m_process > 0) {
        ::kill(m_process, SIGQUIT);
        waitFor(m_process);
        m_process = -1;
    }
    return {};
}

Result<> ThrowawayPostgres::launch()
{
    const auto bin = programs();
    const bool again = m_port != 0;
    for (int attempt = 0; attempt < 5; ++attempt) {
        if (!again)
            m_port = freePort();
        m_process = test::start({bin + "/postgres",
                                 "-D",
                                 m_folder + "/data",
                                 "-p",
                                 std::to_string(m_port),
                                 "-k",
                                 m_folder,
                                 "-c",
                                 "listen_addresses=127.0.0.1",
                                 "-c",
                                 "fsync=off",
                                 "-c",
                                 "full_page_writes=off",
                                 "-c",
                                 "synchronous_commit=off",
                                 "-c",
                                 "max_connections=20",
                                 "-c",
                                 "shared_buffers=32MB",
                                 "-c",
                                 "log_statement=all",
                                 "-c",
                                 "log_destination=stderr",
                                 "-c",
                                 "logging_collector=off",
                                 "-c",
                                 "log_line_prefix=%a|%u|",
                                 "-c",
                                 "log_error_verbosity=terse",
                                 "-c",
                                 "lc_messages=C"},
                                m_folder + "/server.log", serverUser());
        for (int wait = 0; wait < 400 && m_process > 0; ++wait) {
            if (connect(socketUrl(kOwner, "", "postgres")))
                return {};
            if (::kill(m_process, 0) != 0)
                break;
            std::this_thread::sleep_for(std::chrono::milliseconds(25));
        }
        static_cast<void>(stop());
    }
    return fail(ErrorCode::Unavailable,
                "PostgreSQL does not start: " + contentOf(m_folder + "/server.log").value_or(""));
}

std::string ThrowawayPostgres::url(const std::string& user, const std::string& password, const std::string& query,
                                   const std::string& database) const
{
    return "postgres://" + user + (password.empty() ? "" : ":" + password) + "@127.0.0.1:" + std::to_string(m_port)
        + "/" + database + (query.empty() ? "" : "?" + query);
}

std::string ThrowawayPostgres::socketUrl(const std::string& user, const std::string& query,
                                         const std::string& database) const
{
    std::string host;
    for (const char c : m_folder)
        host += c == '/' ? std::string("%2F") : std::string(1, c);
    return "postgresql://" + user + "@" + host + ":" + std::to_string(m_port) + "/" + database
        + (query.empty() ? "" : "?" + query);
}

Result<std::vector<std::vector<std::string>>> ThrowawayPostgres::execute(const std::string& sql) const
{
    INSPECTOR_TRY(const auto connection, connect(socketUrl(kOwner, "application_name=test-owner")));
    const ResultPointer result(PQexec(connection.get(), sql.c_str()));
    const auto status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        return fail(ErrorCode::Unavailable, PQerrorMessage(connection.get()));
    std::vector<std::vector<std::string>> rows;
    for (int row = 0; row < PQntuples(result.get()); ++row) {
        rows.emplace_back();
        for (int column = 0; column < PQnfields(result.get()); ++column)
            rows.back().emplace_back(PQgetvalue(result.get(), row, column));
    }
    return rows;
}

Result<> ThrowawayPostgres::createTable(const std::string& schema) const
{
    INSPECTOR_CHECK(execute("CREATE SCHEMA IF NOT EXISTS " + schema + "; CREATE TABLE " + schema
                            + ".consensus (shard text NOT NULL, sequence_number bigint NOT NULL, data bytea NOT NULL, "
                              "PRIMARY KEY (shard, sequence_number)); GRANT USAGE ON SCHEMA "
                            + schema + " TO " + kReader + "; GRANT SELECT ON " + schema + ".consensus TO " + kReader));
    return {};
}

Result<> ThrowawayPostgres::fill(const store::MemoryContent& content, const std::string& schema) const
{
    INSPECTOR_TRY(const auto connection, connect(socketUrl(kOwner, "application_name=test-owner")));
    const auto failed = [&] { return fail(ErrorCode::Unavailable, PQerrorMessage(connection.get())); };
    const ResultPointer begun(
        PQexec(connection.get(), ("COPY " + schema + ".consensus FROM STDIN (FORMAT binary)").c_str()));
    if (PQresultStatus(begun.get()) != PGRES_COPY_IN)
        return failed();
    std::string data("PGCOPY\n\xFF\r\n\0", 11); // signature, flags, length of the header's extension
    addBigEndian(data, std::int32_t {0});
    addBigEndian(data, std::int32_t {0});
    for (const auto& [shard, versions] : content.versions) {
        for (const auto& [number, bytes] : versions) {
            addBigEndian(data, std::int16_t {3});
            addBigEndian(data, static_cast<std::int32_t>(shard.size()));
            data += shard;
            addBigEndian(data, std::int32_t {8});
            addBigEndian(data, number);
            addBigEndian(data, static_cast<std::int32_t>(bytes.size()));
            data += textOf(bytes);
        }
    }
    addBigEndian(data, std::int16_t {-1});
    if (PQputCopyData(connection.get(), data.data(), static_cast<int>(data.size())) != 1
        || PQputCopyEnd(connection.get(), nullptr) != 1)
        return failed();
    const ResultPointer done(PQgetResult(connection.get()));
    if (PQresultStatus(done.get()) != PGRES_COMMAND_OK)
        return failed();
    return {};
}

std::string ThrowawayPostgres::log() const
{
    auto text = contentOf(m_folder + "/server.log").value_or("");
    return text.substr(std::min(m_logStart, text.size()));
}

void ThrowawayPostgres::clearLog()
{
    m_logStart = contentOf(m_folder + "/server.log").value_or("").size();
}

std::vector<std::string> ThrowawayPostgres::statementsOf(const std::string& application) const
{
    std::vector<std::string> statements;
    const auto text = log();
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find('\n', at), text.size());
        const auto line = text.substr(at, end - at);
        at = end + 1;
        if (!line.starts_with(application + "|"))
            continue;
        for (const std::string mark : {"LOG:  statement: ", "LOG:  execute "})
            if (const auto found = line.find(mark); found != std::string::npos)
                statements.push_back(line.substr(found + 6));
    }
    return statements;
}

Result<std::string> ThrowawayPostgres::enableTls()
{
    const auto keyFile = m_folder + "/data/server.key";
    const auto certificateFile = m_folder + "/data/server.crt";
    const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"),
                                                             EVP_PKEY_free);
    const std::unique_ptr<X509, void (*)(X509*)> certificate(X509_new(), X509_free);
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    X509_NAME* const name = X509_get_subject_name(certificate.get());
    const std::string host = "localhost";
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(host.c_str()), -1, -1,
                               0);
    X509_set_issuer_name(certificate.get(), name);
    if (X509_sign(certificate.get(), key.get(), EVP_sha256()) == 0)
        return fail(ErrorCode::Internal, "cannot sign a certificate");
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> keyOut(std::fopen(keyFile.c_str(), "w"), std::fclose);
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> out(std::fopen(certificateFile.c_str(), "w"), std::fclose);
    if (!keyOut || !out || PEM_write_PrivateKey(keyOut.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1
        || PEM_write_X509(out.get(), certificate.get()) != 1)
        return fail(ErrorCode::Internal, "cannot write a certificate");
    std::fflush(keyOut.get());
    std::fflush(out.get());
    const auto user = serverUser();
    if (::chmod(keyFile.c_str(), 0600) != 0
        || (user.user != 0
            && (::chown(keyFile.c_str(), user.user, user.group) != 0
                || ::chown(certificateFile.c_str(), user.user, user.group) != 0)))
        return fail(ErrorCode::Internal, "cannot protect the key");
    INSPECTOR_CHECK(execute("ALTER SYSTEM SET ssl = on"));
    INSPECTOR_CHECK(stop());
    INSPECTOR_CHECK(launch());
    return certificateFile;
}

Result<> ThrowawayPostgres::terminateSessions() const
{
    INSPECTOR_CHECK(execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                            "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"));
    return {};
}

} // namespace inspector::test
