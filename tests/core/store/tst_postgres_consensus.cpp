#include "core/store/location.h"
#include "core/store/postgres_consensus.h"
#include "core/store/postgres_url.h"
#include "tests/support/sample_content.h"
#include "tests/support/throwaway_postgres.h"

#include <QTemporaryDir>
#include <QtTest>

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <thread>

using namespace inspector;
using namespace inspector::store;
using Server = inspector::test::ThrowawayPostgres;

namespace {

const Job kJob;

/// A port that accepts connections and never says a word.
class SilentPort
{
public:
    SilentPort()
        : m_listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_in address {};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (::bind(m_listener, reinterpret_cast<const sockaddr*>(&address), size) == 0 && ::listen(m_listener, 8) == 0
            && ::getsockname(m_listener, reinterpret_cast<sockaddr*>(&address), &size) == 0)
            m_port = ntohs(address.sin_port);
    }
    ~SilentPort() { ::close(m_listener); }
    SilentPort(const SilentPort&) = delete;
    SilentPort& operator=(const SilentPort&) = delete;

    [[nodiscard]] std::string port() const { return std::to_string(m_port); }

private:
    int m_listener;
    int m_port = 0;
};

struct Finish
{
    void operator()(PGconn* handle) const { PQfinish(handle); }
};
struct Clear
{
    void operator()(PGresult* result) const { PQclear(result); }
};

/// Asks for a Stop a little later, from another thread.
class StopLater
{
public:
    StopLater()
        : m_thread([this] {
            std::this_thread::sleep_for(std::chrono::milliseconds(150));
            m_source.request_stop();
        })
    {
    }
    [[nodiscard]] Job job() const { return Job(m_source.get_token()); }

private:
    std::stop_source m_source;
    std::jthread m_thread;
};

std::chrono::milliseconds timeOf(const std::function<void()>& work)
{
    const auto began = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
}

} // namespace

class TestPostgresConsensus : public QObject
{
    Q_OBJECT

private:
    std::unique_ptr<Server> m_server;
    QTemporaryDir m_folder;

    [[nodiscard]] std::string readerUrl(const std::string& query = "options=--search_path=consensus") const
    {
        return m_server->url(Server::kReader, Server::kReaderPassword, query);
    }

    [[nodiscard]] static Result<std::unique_ptr<PostgresConsensus>> open(const std::string& url)
    {
        return PostgresConsensus::open(url, {}, kJob);
    }

    /// What goes wrong first: opening, or then reading.
    [[nodiscard]] static Result<> readOnce(const std::string& url)
    {
        INSPECTOR_TRY(const auto consensus, open(url));
        INSPECTOR_CHECK(consensus->head(test::kOddShard, kJob));
        return {};
    }

    void execute(const std::string& sql) const
    {
        const auto done = m_server->execute(sql);
        if (!done)
            qFatal("%s", done.error().describe().c_str());
    }

    /// A view that stands in for the table in a schema of its own, so that a server misbehaves to order.
    void makeView(const std::string& schema, const std::string& condition) const
    {
        execute("DROP SCHEMA IF EXISTS " + schema + " CASCADE; CREATE SCHEMA " + schema + "; GRANT USAGE ON SCHEMA "
                + schema + " TO " + Server::kReader + "; CREATE VIEW " + schema
                + ".consensus AS SELECT shard, sequence_number, data FROM consensus.consensus WHERE " + condition
                + "; GRANT SELECT ON " + schema + ".consensus TO " + Server::kReader);
    }

private slots:
    void initTestCase()
    {
        auto server = Server::start();
        QVERIFY2(server, server ? "" : server.error().describe().c_str());
        m_server = *std::move(server);
        QVERIFY(m_server->createTable());
        QVERIFY(m_server->fill(*test::oddContent()));
        // A function that fails until a moment comes, in a way of the caller's choice.
        execute("CREATE TABLE public.trouble (until timestamptz NOT NULL); GRANT SELECT ON public.trouble TO public;"
                "CREATE FUNCTION public.fail_serialization() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN "
                "IF clock_timestamp() < (SELECT until FROM public.trouble) THEN RAISE serialization_failure; END IF; "
                "RETURN true; END $$;"
                "CREATE FUNCTION public.lose_connection(n bigint) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN "
                "IF n > 40 AND clock_timestamp() < (SELECT until FROM public.trouble) THEN "
                "PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); END IF; RETURN true; END $$;");
    }

    // Reading never writes.

    void onlyReadingStatementsReachTheServer()
    {
        const auto before = m_server->execute("SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM "
                                              "consensus.consensus t");
        QVERIFY(before);
        m_server->clearLog();
        const auto log = std::make_shared<ActivityLog>();
        {
            const auto consensus = PostgresConsensus::open(readerUrl(), log, kJob);
            QVERIFY2(consensus, consensus ? "" : consensus.error().describe().c_str());
            QVERIFY((*consensus)->listKeys(kJob));
            QVERIFY((*consensus)->head(test::kOddShard, kJob));
            QVERIFY((*consensus)->scan(test::kOddShard, SeqNo(0), Consensus::kAll, kJob));
        }
        QVERIFY(!open(readerUrl("options=--search_path=nowhere")).value()->head("s", kJob));

        const auto statements = m_server->statementsOf("catalog-inspector");
        // version(), list, head, scan; then version() and the question where the table is: without a table the server
        // does not get as far as executing.
        QCOMPARE(statements.size(), std::size_t(6));
        std::set<std::string> known;
        for (const auto& [statement, sql] : readStatements())
            known.insert("execute <unnamed>: " + std::string(sql));
        for (const auto& statement : statements)
            QVERIFY2(known.contains(statement), statement.c_str());
        // What our own log says is what the server's log says.
        QCOMPARE(log->totals().statements, std::uint64_t(4));
        const auto entries = log->since(0);
        for (std::size_t i = 0; i < entries.size(); ++i)
            QCOMPARE("execute <unnamed>: " + entries[i].statement, statements[i]);
        const auto after = m_server->execute("SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM "
                                             "consensus.consensus t");
        QVERIFY(after && *after == *before);
    }

    void theServerRefusesAWriteInSuchASession_data()
    {
        QTest::addColumn<QString>("sql");
        QTest::newRow("insert") << "INSERT INTO consensus VALUES ('s', 1, '')";
        QTest::newRow("update") << "UPDATE consensus SET data = ''";
        QTest::newRow("delete") << "DELETE FROM consensus";
        QTest::newRow("truncate") << "TRUNCATE consensus";
        QTest::newRow("create") << "CREATE TABLE t (i int)";
        QTest::newRow("create schema") << "CREATE SCHEMA IF NOT EXISTS consensus";
        QTest::newRow("drop") << "DROP TABLE consensus";
        QTest::newRow("alter") << "ALTER TABLE consensus ADD COLUMN c int";
        QTest::newRow("lock") << "SELECT 1 FROM consensus FOR UPDATE";
    }
    void theServerRefusesAWriteInSuchASession()
    {
        QFETCH(QString, sql);
        // The owner of the table, with the very parameters that our sessions are opened with.
        const auto parameters = parsePostgresUrl(m_server->socketUrl(Server::kOwner));
        QVERIFY(parameters);
        QCOMPARE(parameters->attempts.size(), std::size_t(1));
        std::vector<const char*> keywords;
        std::vector<const char*> values;
        for (const auto& [keyword, value] : parameters->attempts.front()) {
            keywords.push_back(keyword.c_str());
            values.push_back(value.c_str());
        }
        keywords.push_back(nullptr);
        values.push_back(nullptr);
        const std::unique_ptr<PGconn, Finish> handle(PQconnectdbParams(keywords.data(), values.data(), 0));
        QVERIFY2(PQstatus(handle.get()) == CONNECTION_OK, PQerrorMessage(handle.get()));
        const std::unique_ptr<PGresult, Clear> result(PQexec(handle.get(), sql.toUtf8().constData()));
        QCOMPARE(PQresultStatus(result.get()), PGRES_FATAL_ERROR);
        QCOMPARE(std::string(PQresultErrorField(result.get(), PG_DIAG_SQLSTATE)), std::string("25006"));
    }

    void nothingInTheUrlMakesTheSessionWritable_data()
    {
        QTest::addColumn<QString>("options");
        QTest::newRow("plain") << "-c default_transaction_read_only=off";
        QTest::newRow("long form") << "--default_transaction_read_only=off --search_path=consensus";
        QTest::newRow("dashes") << "--default-transaction-read-only=off";
        QTest::newRow("twice") << "-c default_transaction_read_only=off -c transaction_read_only=off";
        QTest::newRow("backslash at the end") << "-c search_path=consensus\\";
        QTest::newRow("option without a value") << "-c search_path=consensus -c";
        QTest::newRow("end of options") << "-c search_path=consensus --";
        QTest::newRow("isolation") << "-c default_transaction_isolation=serializable";
    }
    void nothingInTheUrlMakesTheSessionWritable()
    {
        QFETCH(QString, options);
        const auto encoded = QUrl::toPercentEncoding(options).toStdString();
        const auto url = m_server->socketUrl(Server::kOwner, "application_name=stubborn&options=" + encoded);
        const auto consensus = PostgresConnection::open(url, {}, kJob);
        if (!consensus)
            return; // refused, by the server or by us: nothing was read either
        std::string setting;
        QVERIFY((*consensus)
                    ->query(ReadStatement::ServerReadOnly, {},
                            {nullptr,
                             [&](const PostgresRow& row) -> Result<> {
                                 INSPECTOR_TRY(const auto text, row.text(0));
                                 setting = text;
                                 return {};
                             }},
                            kJob));
        QCOMPARE(setting, std::string("on"));
    }

    void aRoleThatDefaultsToWritingIsReadOnlyHere()
    {
        execute(std::string("ALTER ROLE ") + Server::kReader + " SET default_transaction_read_only = off");
        execute(std::string("ALTER ROLE ") + Server::kReader + " SET default_transaction_isolation = 'serializable'");
        m_server->clearLog();
        const auto parameters = parsePostgresUrl(readerUrl());
        QVERIFY(parameters);
        const auto options = std::find_if(parameters->attempts.front().begin(), parameters->attempts.front().end(),
                                          [](const auto& pair) { return pair.first == "options"; });
        QVERIFY(options != parameters->attempts.front().end());
        QVERIFY(options->second.ends_with(
            " -c default_transaction_read_only=on -c default_transaction_isolation=read\\ committed"));
        QVERIFY(open(readerUrl()));
        execute(std::string("ALTER ROLE ") + Server::kReader + " RESET ALL");
    }

    void aServerThatKeepsTheSessionWritableIsRefused()
    {
        // Options of a session lose against nothing in PostgreSQL, so a trailing backslash has to do: it would swallow
        // the blank before what we add.
        const auto consensus = open(m_server->socketUrl(Server::kOwner, "options=-c%20search_path%3Dconsensus%5C"));
        QVERIFY(!consensus);
        QCOMPARE(consensus.error().code, ErrorCode::Unavailable);
    }

    // Where the table is.

    void theSearchPathComesFromTheUrlOrIsConsensus_data()
    {
        QTest::addColumn<QString>("query");
        QTest::newRow("as written") << "options=--search_path=consensus";
        QTest::newRow("percent-encoded") << "options=--search_path%3Dconsensus";
        QTest::newRow("short form") << "options=-c%20search_path%3Dconsensus";
        QTest::newRow("with other parameters") << "sslmode=prefer&options=--search_path=consensus&connect_timeout=3";
        QTest::newRow("without options") << "";
        QTest::newRow("with empty options") << "options=";
        QTest::newRow("without options, with others") << "sslmode=disable";
    }
    void theSearchPathComesFromTheUrlOrIsConsensus()
    {
        QFETCH(QString, query);
        const auto consensus = open(readerUrl(query.toStdString()));
        QVERIFY2(consensus, consensus ? "" : consensus.error().describe().c_str());
        const auto head = (*consensus)->head(test::kOddShard, kJob);
        QVERIFY2(head, head ? "" : head.error().describe().c_str());
        QVERIFY(head->has_value());
    }

    void theDescriptionNamesHostPortAndDatabaseOnly()
    {
        const auto port = std::to_string(m_server->port());
        QCOMPARE((*open(readerUrl()))->description(), "PostgreSQL at 127.0.0.1:" + port + ", database environment");
        // Without a database in the URL libpq takes the user's name for one, and users are not shown.
        execute(std::string("CREATE DATABASE ") + Server::kReader);
        auto url = m_server->url(Server::kReader, Server::kReaderPassword, "", "");
        QCOMPARE((*open(url))->description(), "PostgreSQL at 127.0.0.1:" + port);
        const auto description = (*open(m_server->socketUrl(Server::kReader)))->description();
        QVERIFY2(description.find(Server::kReader) == std::string::npos, description.c_str());
        QVERIFY2(description.find("inspector-pg-") != std::string::npos, description.c_str());
    }

    // What goes wrong gets one clear message.

    void aFailureIsNamedWithItsNextStep_data()
    {
        QTest::addColumn<QString>("url");
        QTest::addColumn<int>("code");
        QTest::addColumn<QStringList>("words");
        const auto row = [](const char* name, const std::string& url, ErrorCode code, const QStringList& words) {
            QTest::newRow(name) << QString::fromStdString(url) << int(code) << words;
        };
        const std::string reader = Server::kReader;
        const std::string password = Server::kReaderPassword;
        const auto port = QString::number(m_server->port());
        execute("CREATE DATABASE bare");
        execute(
            "CREATE SCHEMA hidden; CREATE TABLE hidden.consensus (shard text, sequence_number bigint, data bytea);"
            "CREATE ROLE outsider LOGIN PASSWORD 'sesame-opens-3'; "
            "CREATE ROLE locked NOLOGIN PASSWORD 'sesame-opens-3';"
            "CREATE SCHEMA odd; GRANT USAGE ON SCHEMA odd TO public;"
            "CREATE TABLE odd.consensus (shard text, sequence_number bigint, data text); "
            "GRANT SELECT ON odd.consensus TO public; INSERT INTO odd.consensus VALUES ('"
            + std::string(test::kOddShard) + "', 1, 'x');"
            + "CREATE SCHEMA narrow; GRANT USAGE ON SCHEMA narrow TO public;"
              "CREATE TABLE narrow.consensus (shard text, payload bytea); GRANT SELECT ON narrow.consensus TO public");
        row("nobody listens", "postgres://" + reader + ":" + password + "@127.0.0.1:1/environment",
            ErrorCode::Unavailable, {"127.0.0.1:1", "cannot be reached"});
        row("no such host", "postgres://" + reader + ":" + password + "@no-such-host.invalid:5432/environment",
            ErrorCode::Unavailable, {"no-such-host.invalid", "cannot be reached"});
        row("no such socket", "postgres://" + reader + "@%2Fno%2Fsuch%2Ffolder:5432/environment",
            ErrorCode::Unavailable, {"/no/such/folder", "cannot be reached"});
        row("wrong password", m_server->url(reader, "Tr0ub4dor"), ErrorCode::Unavailable,
            {"does not accept this user and password", port});
        row("no password", m_server->url(reader, ""), ErrorCode::Unavailable, {"asks for a password", "PGPASSWORD"});
        row("unknown user", m_server->url("stranger", "Tr0ub4dor"), ErrorCode::Unavailable,
            {"does not accept this user and password"});
        row("user without login", m_server->url("locked", "sesame-opens-3"), ErrorCode::Unavailable,
            {"does not let this user in"});
        row("unknown database", m_server->url(reader, password, "", "atlantis"), ErrorCode::NotFound,
            {"there is no database 'atlantis'", port});
        row("TLS where there is none", readerUrl("sslmode=require"), ErrorCode::Unavailable, {"TLS", "sslmode"});
        row("root certificate that is not there", readerUrl("sslmode=verify-full&sslrootcert=/no/such/file.crt"),
            ErrorCode::Unavailable, {"TLS", "sslrootcert"});
        row("table in another schema", readerUrl("options=--search_path=public"), ErrorCode::NotFound,
            {"relation consensus does not exist", "options=--search_path=consensus"});
        row("no table at all", m_server->url(reader, password, "options=--search_path=public", "bare"),
            ErrorCode::NotFound,
            {"relation consensus does not exist", "options=--search_path=consensus", "database bare"});
        row("no USAGE on the schema", m_server->url("outsider", "sesame-opens-3"), ErrorCode::Unavailable,
            {"no permission on schema 'consensus'", "USAGE on the schema"});
        row("no SELECT on the table", m_server->url("outsider", "sesame-opens-3", "options=--search_path=hole"),
            ErrorCode::Unavailable, {"no permission", "SELECT on the table", "USAGE on"});
        execute("CREATE SCHEMA hole; CREATE TABLE hole.consensus (shard text, sequence_number bigint, data bytea); "
                "GRANT USAGE ON SCHEMA hole TO public");
        row("data of another type", readerUrl("options=--search_path=odd"), ErrorCode::Corrupt,
            {"column data", "bytea"});
        row("columns of another table", readerUrl("options=--search_path=narrow"), ErrorCode::Corrupt,
            {"sequence_number", "not the one that persist makes"});
        row("unknown parameter", readerUrl("sslmod=require"), ErrorCode::InvalidInput, {"'sslmod'"});
        row("parameter of another driver", readerUrl("pool_max_conns=3"), ErrorCode::InvalidInput,
            {"'pool_max_conns'"});
        row("replication", readerUrl("replication=database"), ErrorCode::InvalidInput, {"'replication'"});
        row("port that is no number", "postgres://" + reader + ":" + password + "@127.0.0.1:abc/environment",
            ErrorCode::Unavailable, {});
        row("unescaped password", "postgres://" + reader + ":pa?ss@127.0.0.1/environment", ErrorCode::InvalidInput,
            {"percent-encoded"});
        row("half an escape", "postgres://" + reader + ":" + password + "%2@127.0.0.1/environment",
            ErrorCode::InvalidInput, {"percent-encoded"});
        row("value that libpq does not know", readerUrl("sslmode=maybe"), ErrorCode::Unavailable, {"sslmode"});
    }
    void aFailureIsNamedWithItsNextStep()
    {
        QFETCH(QString, url);
        QFETCH(int, code);
        QFETCH(QStringList, words);
        const auto outcome = readOnce(url.toStdString());
        QVERIFY(!outcome);
        const auto message = outcome.error().describe();
        QVERIFY2(int(outcome.error().code) == code, message.c_str());
        for (const auto& word : words)
            QVERIFY2(message.find(word.toStdString()) != std::string::npos, message.c_str());
        for (const std::string secret : {Server::kReader, Server::kReaderPassword, "Tr0ub4dor", "sesame-opens-3",
                                         "stranger", "outsider", "pa?ss", "locked", "?options"})
            QVERIFY2(message.find(secret) == std::string::npos, message.c_str());
        QVERIFY2(message.find('\n') == std::string::npos, message.c_str());
    }

    void aSchemaWithoutUsageIsNamed()
    {
        execute("CREATE DATABASE fenced");
        // In a database of its own, where this is the only table of the name.
        const auto owner = PostgresConnection::open(m_server->socketUrl(Server::kOwner, "", "fenced"), {}, kJob);
        QVERIFY(owner);
        const std::unique_ptr<PGconn, Finish> handle(
            PQconnectdb(m_server->socketUrl(Server::kOwner, "", "fenced").c_str()));
        const std::unique_ptr<PGresult, Clear> made(PQexec(
            handle.get(),
            "CREATE SCHEMA consensus; CREATE TABLE consensus.consensus (shard text, sequence_number bigint, data "
            "bytea)"));
        QCOMPARE(PQresultStatus(made.get()), PGRES_COMMAND_OK);
        const auto outcome = readOnce(
            m_server->url(Server::kReader, Server::kReaderPassword, "options=--search_path=consensus", "fenced"));
        QVERIFY(!outcome);
        QCOMPARE(outcome.error().code, ErrorCode::Unavailable);
        QVERIFY2(outcome.error().message.find("USAGE on the schema") != std::string::npos,
                 outcome.error().message.c_str());
        QVERIFY2(outcome.error().message.find("'consensus'") != std::string::npos, outcome.error().message.c_str());
    }

    void aNegativeSequenceNumberIsCorrupt()
    {
        execute("INSERT INTO consensus.consensus VALUES ('s-negative', -7, '')");
        const auto consensus = open(readerUrl());
        QVERIFY(consensus);
        const auto head = (*consensus)->head("s-negative", kJob);
        QVERIFY(!head);
        QCOMPARE(head.error().code, ErrorCode::Corrupt);
        QVERIFY(head.error().message.find("-7") != std::string::npos);
        execute("DELETE FROM consensus.consensus WHERE shard = 's-negative'");
    }

    // Passing troubles pass.

    void aSerializationFailureIsTriedAgain()
    {
        makeView("serial", "public.fail_serialization()");
        const auto log = std::make_shared<ActivityLog>();
        const auto consensus = PostgresConsensus::open(readerUrl("options=--search_path=serial"), log, kJob);
        QVERIFY(consensus);
        execute("DELETE FROM public.trouble; INSERT INTO public.trouble VALUES (clock_timestamp() + '120 ms')");
        const auto head = (*consensus)->head(test::kOtherShard, kJob);
        QVERIFY2(head, head ? "" : head.error().describe().c_str());
        QCOMPARE((*head)->seqno, SeqNo(17));
        QVERIFY(log->totals().errors > 0);
    }

    void aSerializationFailureThatStaysIsReported()
    {
        makeView("serial", "public.fail_serialization()");
        const auto consensus = open(readerUrl("options=--search_path=serial"));
        QVERIFY(consensus);
        execute("DELETE FROM public.trouble; INSERT INTO public.trouble VALUES ('infinity')");
        const auto head = (*consensus)->head(test::kOtherShard, kJob);
        QVERIFY(!head);
        QCOMPARE(head.error().code, ErrorCode::Unavailable);
        execute("DELETE FROM public.trouble");
    }

    void aConnectionLostInTheMiddleOfAScanIsMadeAgain()
    {
        makeView("lossy", "public.lose_connection(sequence_number)");
        const auto consensus = open(readerUrl("options=--search_path=lossy"));
        QVERIFY(consensus);
        execute("DELETE FROM public.trouble; INSERT INTO public.trouble VALUES (clock_timestamp() + '120 ms')");
        const auto all = (*consensus)->scan(test::kOddShard, SeqNo(0), Consensus::kAll, kJob);
        QVERIFY2(all, all ? "" : all.error().describe().c_str());
        QCOMPARE(all->size(), std::size_t(59)); // each version once, however often the scan began
    }

    void aConnectionLostBetweenTwoCallsIsMadeAgain()
    {
        const auto consensus = open(readerUrl());
        QVERIFY(consensus);
        QVERIFY((*consensus)->head(test::kOddShard, kJob));
        QVERIFY(m_server->terminateSessions());
        const auto head = (*consensus)->head(test::kOddShard, kJob);
        QVERIFY2(head, head ? "" : head.error().describe().c_str());
        QVERIFY(head->has_value());
    }

    void aServerThatWentAwayIsReportedAndFoundAgain()
    {
        const auto consensus = open(readerUrl());
        QVERIFY(consensus);
        QVERIFY(m_server->stop());
        const auto head = (*consensus)->head(test::kOddShard, kJob);
        QVERIFY(!head);
        QCOMPARE(head.error().code, ErrorCode::Unavailable);
        QVERIFY(m_server->launch());
        const auto again = (*consensus)->head(test::kOddShard, kJob);
        QVERIFY2(again, again ? "" : again.error().describe().c_str());
        QVERIFY(again->has_value());
    }

    // Waits end when asked to.

    void aRunningStatementStopsAndTheSessionGoesOn()
    {
        makeView("slow", "pg_sleep(30) IS NOT NULL");
        const auto consensus = open(readerUrl("options=--search_path=slow"));
        QVERIFY(consensus);
        const StopLater later;
        const auto time = timeOf([&] {
            const auto head = (*consensus)->head(test::kOtherShard, later.job());
            QVERIFY(!head);
            QCOMPARE(head.error().code, ErrorCode::Cancelled);
        });
        QVERIFY2(time < std::chrono::seconds(5), std::to_string(time.count()).c_str());
        const auto running = m_server->execute("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%consensus%' "
                                               "AND state = 'active' AND pid <> pg_backend_pid()");
        QVERIFY(running);
        QCOMPARE(running->front().front(), std::string("0")); // the server stopped, too
        execute("DROP VIEW slow.consensus; CREATE VIEW slow.consensus AS SELECT * FROM consensus.consensus; "
                "GRANT SELECT ON slow.consensus TO public");
        const auto head = (*consensus)->head(test::kOtherShard, kJob);
        QVERIFY2(head, head ? "" : head.error().describe().c_str());
    }

    void connectingStopsWhenAsked()
    {
        const SilentPort silent;
        const StopLater later;
        const auto time = timeOf([&] {
            const auto consensus =
                PostgresConsensus::open("postgres://u@127.0.0.1:" + silent.port() + "/d", {}, later.job());
            QVERIFY(!consensus);
            QCOMPARE(consensus.error().code, ErrorCode::Cancelled);
        });
        QVERIFY2(time < std::chrono::seconds(3), std::to_string(time.count()).c_str());
    }

    void aServerThatDoesNotAnswerIsGivenUp()
    {
        const SilentPort silent;
        const auto consensus = open("postgres://u@127.0.0.1:" + silent.port() + "/d?connect_timeout=2");
        QVERIFY(!consensus);
        QCOMPARE(consensus.error().code, ErrorCode::Unavailable);
        QVERIFY2(consensus.error().message.find("within 2 s") != std::string::npos, consensus.error().message.c_str());
    }

    void theNextHostIsTriedWhenOneDoesNotAnswer()
    {
        const SilentPort silent;
        const std::string url = "postgres://" + std::string(Server::kReader) + ":" + Server::kReaderPassword
            + "@127.0.0.1:" + silent.port() + ",127.0.0.1:" + std::to_string(m_server->port())
            + "/environment?connect_timeout=2";
        const auto consensus = open(url);
        QVERIFY2(consensus, consensus ? "" : consensus.error().describe().c_str());
        QVERIFY((*consensus)->description().find(std::to_string(m_server->port())) != std::string::npos);
    }

    // What libpq does by itself keeps working.

    void thePasswordFileIsUsed()
    {
        const std::string file = m_folder.path().toStdString() + "/pgpass";
        std::ofstream(file) << "127.0.0.1:*:environment:" << Server::kReader << ":" << Server::kReaderPassword << "\n";
        QFile::setPermissions(QString::fromStdString(file), QFileDevice::ReadOwner | QFileDevice::WriteOwner);
        const auto consensus = open(m_server->url(Server::kReader, "", "passfile=" + file));
        QVERIFY2(consensus, consensus ? "" : consensus.error().describe().c_str());
    }

    void cockroachIsToldByItsVersion()
    {
        execute(
            "CREATE SCHEMA roach; GRANT USAGE ON SCHEMA roach TO public; CREATE FUNCTION roach.version() RETURNS text "
            "LANGUAGE sql AS $$ SELECT 'CockroachDB CCL v23.1.11 (x86_64-pc-linux-gnu)' $$");
        const auto connection =
            PostgresConnection::open(readerUrl("options=--search_path%3Droach,pg_catalog,consensus"), {}, kJob);
        QVERIFY2(connection, connection ? "" : connection.error().describe().c_str());
        QVERIFY((*connection)->isCockroach());
        QVERIFY((*connection)->description().starts_with("CockroachDB at 127.0.0.1:"));
        QVERIFY(!PostgresConnection::open(readerUrl(), {}, kJob).value()->isCockroach());
    }

    void tlsIsAsStrictAsTheUrlSays()
    {
        const auto certificate = m_server->enableTls();
        QVERIFY2(certificate, certificate ? "" : certificate.error().describe().c_str());
        const auto trusted = m_folder.path().toStdString() + "/root.crt";
        QVERIFY(QFile::copy(QString::fromStdString(*certificate), QString::fromStdString(trusted)));
        const auto at = [&](const std::string& host, const std::string& query) {
            return "postgres://" + std::string(Server::kReader) + ":" + Server::kReaderPassword + "@" + host + ":"
                + std::to_string(m_server->port()) + "/environment?hostaddr=127.0.0.1&" + query;
        };
        const auto whole = at("localhost", "sslmode=verify-full&sslrootcert=" + trusted);
        const auto consensus = open(whole);
        QVERIFY2(consensus, consensus ? "" : consensus.error().describe().c_str());
        QVERIFY((*consensus)->head(test::kOddShard, kJob).value());
        const auto secured = m_server->execute("SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) "
                                               "WHERE ssl AND application_name = 'catalog-inspector'");
        QVERIFY(secured);
        QCOMPARE(secured->front().front(), std::string("1"));

        const auto other = m_folder.path().toStdString() + "/empty.crt";
        std::ofstream(other) << "";
        for (const auto& [url, words] :
             {std::pair {at("elsewhere", "sslmode=verify-full&sslrootcert=" + trusted), "elsewhere"},
              std::pair {at("localhost", "sslmode=verify-full&sslrootcert=/no/such.crt"), "/no/such.crt"},
              std::pair {at("localhost", "sslmode=verify-ca&sslrootcert=" + other), "empty.crt"},
              std::pair {at("localhost", "sslmode=require&ssl_min_protocol_version=TLSv9"), "TLSv9"}}) {
            const auto refused = open(url);
            QVERIFY2(!refused, url.c_str());
            const auto message = refused.error().describe();
            QCOMPARE(refused.error().code, ErrorCode::Unavailable);
            QVERIFY2(message.find(words) != std::string::npos, message.c_str());
            QVERIFY2(message.find("TLS") != std::string::npos, message.c_str());
            QVERIFY2(message.find(Server::kReaderPassword) == std::string::npos, message.c_str());
        }
    }

    void aServiceFileIsUsed()
    {
        const std::string file = m_folder.path().toStdString() + "/services";
        std::ofstream(file) << "[catalog]\nhost=127.0.0.1\nport=" << m_server->port()
                            << "\ndbname=environment\nuser=" << Server::kReader
                            << "\npassword=" << Server::kReaderPassword << "\n";
        qputenv("PGSERVICEFILE", QByteArray::fromStdString(file));
        const auto consensus = open("postgres://?service=catalog");
        qunsetenv("PGSERVICEFILE");
        QVERIFY2(consensus, consensus ? "" : consensus.error().describe().c_str());
        QVERIFY((*consensus)->head(test::kOddShard, kJob));
        const auto description = (*consensus)->description();
        QVERIFY2(description.find(Server::kReader) == std::string::npos, description.c_str());
    }
};

QTEST_GUILESS_MAIN(TestPostgresConsensus)
#include "tst_postgres_consensus.moc"
