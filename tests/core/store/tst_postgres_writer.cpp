#include "core/store/postgres_consensus_writer.h"
#include "tests/support/sample_content.h"
#include "tests/support/throwaway_postgres.h"

#include <QtTest>

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

using namespace inspector;
using namespace inspector::store;
using Server = inspector::test::ThrowawayPostgres;

namespace {

const Job kJob;
const std::string kShard = "s00000000-0000-0000-0000-0000000000aa";

struct Finish
{
    void operator()(PGconn* handle) const { PQfinish(handle); }
};
struct Clear
{
    void operator()(PGresult* result) const { PQclear(result); }
};

VersionedData version(std::uint64_t seqno, std::string_view text)
{
    const auto view = bytesOf(text);
    return {SeqNo(seqno), Bytes(view.begin(), view.end())};
}

/// Carries bytes between clients and the server, until it is told to let no answer through any more: then the server
/// still gets what is sent, and the client loses the connection when the answer comes.
class LossyWire
{
public:
    explicit LossyWire(int serverPort)
        : m_listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_in address = local(0);
        socklen_t size = sizeof address;
        if (::bind(m_listener, reinterpret_cast<const sockaddr*>(&address), size) == 0 && ::listen(m_listener, 8) == 0
            && ::getsockname(m_listener, reinterpret_cast<sockaddr*>(&address), &size) == 0)
            m_port = ntohs(address.sin_port);
        m_thread = std::jthread([this, serverPort](const std::stop_token& stop) { serve(stop, serverPort); });
    }
    ~LossyWire()
    {
        m_thread.request_stop();
        m_thread.join();
        ::close(m_listener);
    }
    LossyWire(const LossyWire&) = delete;
    LossyWire& operator=(const LossyWire&) = delete;

    [[nodiscard]] std::string port() const { return std::to_string(m_port); }
    void loseAnswers(bool lose) { m_losesAnswers = lose; }

private:
    struct Pair
    {
        int client = -1;
        int server = -1;
    };
    static sockaddr_in local(int port)
    {
        sockaddr_in address {};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        return address;
    }
    /// False when one side has closed.
    static bool carry(int from, int to)
    {
        std::array<char, 65536> buffer {};
        const auto got = ::recv(from, buffer.data(), buffer.size(), 0);
        for (ssize_t done = 0; done < got;) {
            const auto sent = ::send(to, buffer.data() + done, static_cast<std::size_t>(got - done), MSG_NOSIGNAL);
            if (sent <= 0)
                return false;
            done += sent;
        }
        return got > 0;
    }
    void serve(const std::stop_token& stop, int serverPort)
    {
        std::vector<Pair> pairs;
        while (!stop.stop_requested()) {
            std::vector<pollfd> watched {{m_listener, POLLIN, 0}};
            for (const auto& pair : pairs) {
                watched.push_back({pair.client, POLLIN, 0});
                watched.push_back({pair.server, POLLIN, 0});
            }
            if (::poll(watched.data(), watched.size(), 20) <= 0)
                continue;
            for (std::size_t i = pairs.size(); i-- > 0;) {
                bool open = true;
                if (watched[1 + 2 * i].revents != 0)
                    open = carry(pairs[i].client, pairs[i].server);
                if (open && watched[2 + 2 * i].revents != 0)
                    open = !m_losesAnswers && carry(pairs[i].server, pairs[i].client);
                if (!open) {
                    ::close(pairs[i].client);
                    ::close(pairs[i].server);
                    pairs.erase(pairs.begin() + static_cast<std::ptrdiff_t>(i));
                }
            }
            if (watched[0].revents != 0) {
                Pair pair {::accept(m_listener, nullptr, nullptr), ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
                const auto address = local(serverPort);
                if (::connect(pair.server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
                    pairs.push_back(pair);
            }
        }
        for (const auto& pair : pairs) {
            ::close(pair.client);
            ::close(pair.server);
        }
    }

    int m_listener;
    int m_port = 0;
    std::atomic<bool> m_losesAnswers = false;
    std::jthread m_thread;
};

} // namespace

class TestPostgresWriter : public QObject
{
    Q_OBJECT

private:
    std::unique_ptr<Server> m_server;

    [[nodiscard]] std::string url(const std::string& role = "changer", const std::string& path = "consensus") const
    {
        return m_server->url(role, "changes-rows-5", "options=--search_path%3D" + path);
    }
    [[nodiscard]] std::unique_ptr<PostgresConsensusWriter> open(const std::string& url,
                                                                const std::shared_ptr<ActivityLog>& log = {}) const
    {
        auto writer = PostgresConsensusWriter::open(url, log, kJob);
        if (!writer)
            qFatal("%s", writer.error().describe().c_str());
        return *std::move(writer);
    }
    std::vector<std::vector<std::string>> execute(const std::string& sql) const
    {
        auto done = m_server->execute(sql);
        if (!done)
            qFatal("%s", done.error().describe().c_str());
        return *std::move(done);
    }
    /// "-1 0 1": the sequence numbers of the shard, the sentinel's, too.
    [[nodiscard]] std::string numbers() const
    {
        return execute("SELECT coalesce(string_agg(sequence_number::text, ' ' ORDER BY sequence_number), '') FROM "
                       "consensus.consensus WHERE shard = '"
                       + kShard + "'")
            .front()
            .front();
    }
    /// Lets every insertion run `body` first, in PL/pgSQL, until dropTrouble().
    void makeTrouble(const std::string& body, const std::string& when = "BEFORE") const
    {
        dropTrouble();
        const bool isDeferred = when == "COMMIT";
        execute("CREATE FUNCTION public.trouble() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN " + body
                + " RETURN NEW; END $$; CREATE " + (isDeferred ? "CONSTRAINT " : "") + "TRIGGER trouble "
                + (isDeferred ? "AFTER" : when) + " INSERT ON consensus.consensus "
                + (isDeferred ? "DEFERRABLE INITIALLY DEFERRED " : "")
                + "FOR EACH ROW EXECUTE FUNCTION public.trouble()");
    }
    void dropTrouble() const { execute("DROP FUNCTION IF EXISTS public.trouble() CASCADE"); }

private slots:
    void initTestCase()
    {
        auto server = Server::start();
        QVERIFY2(server, server ? "" : server.error().describe().c_str());
        m_server = *std::move(server);
        QVERIFY(m_server->createTable());
        for (const auto* role : {"changer", "looker", "beginner"})
            execute("CREATE ROLE " + std::string(role) + " LOGIN PASSWORD 'changes-rows-5'; GRANT USAGE ON SCHEMA "
                    + "consensus TO " + role + "; GRANT SELECT ON consensus.consensus TO " + role);
        execute("GRANT INSERT, UPDATE, DELETE ON consensus.consensus TO changer; "
                "GRANT INSERT ON consensus.consensus TO beginner; "
                "CREATE SEQUENCE public.attempts; GRANT USAGE ON SEQUENCE public.attempts TO public");
    }
    void init()
    {
        dropTrouble();
        execute("DELETE FROM consensus.consensus; ALTER SEQUENCE public.attempts RESTART");
    }

    // What is sent.

    void aCompareAndSetIsOneStatement()
    {
        const auto log = std::make_shared<ActivityLog>();
        m_server->clearLog();
        {
            const auto writer = open(url(), log);
            QVERIFY(writer->compareAndSet(kShard, {}, version(0, "a"), kJob).value() == CasOutcome::Committed);
            QVERIFY(writer->compareAndSet(kShard, SeqNo(0), version(1, "b"), kJob).value() == CasOutcome::Committed);
            QVERIFY(writer->compareAndSet(kShard, SeqNo(0), version(1, "c"), kJob).value() == CasOutcome::Mismatch);
            QVERIFY(writer->compareAndSet(kShard, SeqNo(1), version(2, "d"), kJob).value() == CasOutcome::Committed);
            QCOMPARE(writer->truncate(kShard, SeqNo(2), kJob).value(), std::uint64_t(2));
            QVERIFY(writer->insertLog(kShard + "x", {version(4, "e"), version(5, "f")}, kJob).value()
                    == CasOutcome::Committed);
        }
        // Opening asks the reading session one thing and the writing session two.
        const auto statements = m_server->statementsOf("catalog-inspector");
        const std::vector<std::string> expected {
            "SELECT version()",
            std::string(sqlOf(WriteStatement::ServerIsolation)),
            "SELECT version()",
            std::string(sqlOf(WriteStatement::ServerInsertLog)),
            std::string(sqlOf(WriteStatement::ServerAppend)),
            std::string(sqlOf(WriteStatement::ServerAppend)),
            std::string(sqlOf(WriteStatement::ServerAppend)),
            std::string(sqlOf(WriteStatement::ServerTruncate)),
            std::string(sqlOf(WriteStatement::ServerInsertLog)),
        };
        QCOMPARE(statements.size(), expected.size());
        for (std::size_t i = 0; i < expected.size(); ++i)
            QCOMPARE(statements[i], "execute <unnamed>: " + expected[i]);
        // What our own log says is what the server's log says.
        const auto entries = log->since(0);
        QCOMPARE(entries.size(), expected.size());
        for (std::size_t i = 0; i < expected.size(); ++i)
            QCOMPARE(entries[i].statement, expected[i]);
        QCOMPARE(entries[4].parameters, kShard + ", 0, 1, 1 bytes");
    }

    void noStatementForAServerDefinesAnything()
    {
        for (const auto& [statement, sql] : writeStatements()) {
            if (statement >= WriteStatement::FileSynchronous)
                break;
            for (const auto* word : {"CREATE", "ALTER", "DROP", "GRANT", "REVOKE", "TRUNCATE", "SET ", "INDEX", ";"})
                QVERIFY2(sql.find(word) == std::string_view::npos, std::string(sql).c_str());
        }
    }

    void theSessionIsSerializableWhateverTheUrlAsksFor()
    {
        execute("ALTER ROLE changer SET default_transaction_isolation = 'read committed'; "
                "ALTER ROLE changer SET default_transaction_read_only = on");
        makeTrouble("IF current_setting('transaction_isolation') <> 'serializable' THEN RAISE 'isolation'; END IF;");
        const auto writer = open(m_server->url(
            "changer", "changes-rows-5",
            "options=-c%20search_path%3Dconsensus%20-c%20default_transaction_isolation%3Drepeatable%5C%20read"));
        const auto outcome = writer->compareAndSet(kShard, {}, version(0, "a"), kJob);
        QVERIFY2(outcome, outcome ? "" : outcome.error().describe().c_str());
        execute("ALTER ROLE changer RESET ALL");
    }

    void aServerThatKeepsAnotherIsolationIsRefused()
    {
        // A trailing backslash swallows the blank before what we add.
        const auto connection = PostgresWritingConnection::open(
            m_server->url("changer", "changes-rows-5", "options=-c%20search_path%3Dconsensus%5C"), {}, kJob);
        QVERIFY(!connection);
        QCOMPARE(connection.error().code, ErrorCode::Unavailable);
    }

    // The sentinel.

    void aFirstVersionZeroBringsTheSentinelAlong()
    {
        const auto writer = open(url());
        QVERIFY(writer->compareAndSet(kShard, {}, version(0, "a"), kJob).value() == CasOutcome::Committed);
        QCOMPARE(numbers(), std::string("-1 0"));
        QCOMPARE(execute("SELECT length(data) FROM consensus.consensus WHERE sequence_number = -1").front().front(),
                 std::string("0"));
        QVERIFY(writer->compareAndSet(kShard, SeqNo(0), version(1, "b"), kJob).value() == CasOutcome::Committed);
        QCOMPARE(writer->truncate(kShard, SeqNo(1), kJob).value(), std::uint64_t(1));
        QCOMPARE(numbers(), std::string("-1 1"));
    }

    void aFirstVersionOneDoesNot()
    {
        const auto writer = open(url());
        QVERIFY(writer->compareAndSet(kShard, {}, version(1, "a"), kJob).value() == CasOutcome::Committed);
        QCOMPARE(numbers(), std::string("1"));
    }

    void aCopiedLogGetsTheSentinelWhenItBeginsWithZero()
    {
        const auto writer = open(url());
        QVERIFY(writer->insertLog(kShard, {version(0, "a"), version(1, "b")}, kJob).value() == CasOutcome::Committed);
        QCOMPARE(numbers(), std::string("-1 0 1"));
        execute("DELETE FROM consensus.consensus");
        QVERIFY(writer->insertLog(kShard, {version(3, "a"), version(4, "b")}, kJob).value() == CasOutcome::Committed);
        QCOMPARE(numbers(), std::string("3 4"));
    }

    void aSentinelThatWasLeftAloneStaysAsItIs()
    {
        execute("INSERT INTO consensus.consensus VALUES ('" + kShard + "', -1, 'mine')");
        const auto writer = open(url());
        QVERIFY(writer->compareAndSet(kShard, {}, version(0, "a"), kJob).value() == CasOutcome::Committed);
        QVERIFY(writer->compareAndSet(kShard, {}, version(0, "a"), kJob).value() == CasOutcome::Mismatch);
        QCOMPARE(numbers(), std::string("-1 0"));
        QCOMPARE(execute("SELECT convert_from(data, 'UTF8') FROM consensus.consensus WHERE sequence_number = -1")
                     .front()
                     .front(),
                 std::string("mine"));
    }

    void cockroachGetsNoSentinel()
    {
        execute("CREATE SCHEMA IF NOT EXISTS roach; GRANT USAGE ON SCHEMA roach TO public; CREATE OR REPLACE FUNCTION "
                "roach.version() RETURNS text LANGUAGE sql AS $$ SELECT 'CockroachDB CCL v23.1.11' $$");
        const auto log = std::make_shared<ActivityLog>();
        const auto writer = open(url("changer", "roach,pg_catalog,consensus"), log);
        QVERIFY(writer->compareAndSet(kShard, {}, version(0, "a"), kJob).value() == CasOutcome::Committed);
        QCOMPARE(numbers(), std::string("0"));
        QVERIFY(writer->compareAndSet(kShard, SeqNo(0), version(1, "b"), kJob).value() == CasOutcome::Committed);
        QCOMPARE(log->since(0).back().statement, std::string(sqlOf(WriteStatement::ServerAppendCockroach)));
    }

    // A writer of another kind at the same time.

    void aTruncationUnderTheStatementMakesItAMismatch()
    {
        // An environment at READ COMMITTED has added versions and collected the old ones, all in one moment that comes
        // after our statement has begun: it must not add a version below the head.
        const auto writer = open(url());
        QVERIFY(writer->compareAndSet(kShard, {}, version(1, "a"), kJob).value() == CasOutcome::Committed);
        const std::unique_ptr<PGconn, Finish> other(
            PQconnectdb(m_server->socketUrl(Server::kOwner, "options=--search_path%3Dconsensus").c_str()));
        const auto run = [&](const std::string& sql) {
            const std::unique_ptr<PGresult, Clear> result(PQexec(other.get(), sql.c_str()));
            QVERIFY2(PQresultStatus(result.get()) == PGRES_COMMAND_OK, PQerrorMessage(other.get()));
        };
        run("BEGIN ISOLATION LEVEL READ COMMITTED");
        run("INSERT INTO consensus VALUES ('" + kShard + "', 2, 'theirs'), ('" + kShard + "', 3, 'theirs')");
        run("DELETE FROM consensus WHERE shard = '" + kShard + "' AND sequence_number < 3");
        std::atomic<bool> isDone = false;
        Result<CasOutcome> outcome = fail(ErrorCode::Internal, "not asked");
        {
            const std::jthread ours([&] {
                outcome = writer->compareAndSet(kShard, SeqNo(1), version(2, "ours"), kJob);
                isDone = true;
            });
            for (int wait = 0; wait < 400; ++wait) { // until it waits for the other transaction
                if (execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'").front().front()
                    != "0")
                    break;
                std::this_thread::sleep_for(std::chrono::milliseconds(10));
            }
            QVERIFY(!isDone);
            run("COMMIT");
        }
        QVERIFY2(outcome, outcome ? "" : outcome.error().describe().c_str());
        QVERIFY(*outcome == CasOutcome::Mismatch);
        QCOMPARE(numbers(), std::string("3"));
    }

    // What the server refuses.

    void aRoleThatMayOnlyReadIsToldWhatIsMissing()
    {
        const auto writer = open(url("looker"));
        const auto first = writer->compareAndSet(kShard, {}, version(0, "a"), kJob);
        QVERIFY(!first);
        QCOMPARE(first.error().code, ErrorCode::Unavailable);
        QVERIFY(!first.error().outcomeUnknown);
        QVERIFY2(first.error().message.find("no permission to write table consensus: the role lacks INSERT, UPDATE, "
                                            "DELETE on it")
                     != std::string::npos,
                 first.error().message.c_str());
        QVERIFY(first.error().message.find("looker") == std::string::npos);
        QVERIFY(!writer->truncate(kShard, SeqNo(0), kJob));
        QVERIFY(!writer->head(kShard, kJob).value()); // it may still look
    }

    void aRoleThatMayOnlyInsertCanBeginButNotGoOn()
    {
        const auto writer = open(url("beginner"));
        QVERIFY(writer->compareAndSet(kShard, {}, version(0, "a"), kJob).value() == CasOutcome::Committed);
        const auto second = writer->compareAndSet(kShard, SeqNo(0), version(1, "b"), kJob);
        QVERIFY(!second);
        QVERIFY2(second.error().message.find("lacks UPDATE, DELETE") != std::string::npos,
                 second.error().message.c_str());
        QCOMPARE(numbers(), std::string("-1 0"));
    }

    void aTableThatIsNotThereIsNotMade()
    {
        const auto writer = open(url("changer", "nowhere"));
        const auto outcome = writer->compareAndSet(kShard, {}, version(0, "a"), kJob);
        QVERIFY(!outcome);
        QCOMPARE(outcome.error().code, ErrorCode::NotFound);
        QVERIFY2(outcome.error().message.find("options=--search_path=consensus") != std::string::npos,
                 outcome.error().message.c_str());
        QVERIFY(!outcome.error().outcomeUnknown);
    }

    void aServerThatTakesNoWritesIsNamed()
    {
        makeTrouble("RAISE EXCEPTION 'cannot execute INSERT in a read-only transaction' USING ERRCODE = '25006';");
        const auto outcome = open(url())->compareAndSet(kShard, {}, version(0, "a"), kJob);
        QVERIFY(!outcome);
        QCOMPARE(outcome.error().code, ErrorCode::Unavailable);
        QVERIFY(outcome.error().message.find("standby") != std::string::npos);
        QVERIFY(!outcome.error().outcomeUnknown);
    }

    // Passing troubles.

    void whatTheServerTookBackIsSentAgain_data()
    {
        QTest::addColumn<QString>("sqlstate");
        QTest::addColumn<QString>("when");
        QTest::newRow("serialization failure") << "40001"
                                               << "BEFORE";
        QTest::newRow("deadlock") << "40P01"
                                  << "BEFORE";
        QTest::newRow("serialization failure at commit") << "40001"
                                                         << "COMMIT";
    }
    void whatTheServerTookBackIsSentAgain()
    {
        QFETCH(QString, sqlstate);
        QFETCH(QString, when);
        const auto writer = open(url());
        QVERIFY(writer->compareAndSet(kShard, {}, version(1, "a"), kJob).value() == CasOutcome::Committed);
        makeTrouble("IF nextval('public.attempts') < 3 THEN RAISE EXCEPTION 'again' USING ERRCODE = '"
                        + sqlstate.toStdString() + "'; END IF;",
                    when.toStdString());
        QVERIFY(writer->compareAndSet(kShard, SeqNo(1), version(2, "b"), kJob).value() == CasOutcome::Committed);
        QCOMPARE(execute("SELECT last_value FROM public.attempts").front().front(), std::string("3"));
        QCOMPARE(numbers(), std::string("1 2"));
    }

    void whatTheServerAlwaysTakesBackIsReported()
    {
        makeTrouble("PERFORM nextval('public.attempts'); RAISE serialization_failure;");
        const auto outcome = open(url())->compareAndSet(kShard, {}, version(1, "a"), kJob);
        QVERIFY(!outcome);
        QCOMPARE(outcome.error().code, ErrorCode::Unavailable);
        QVERIFY(!outcome.error().outcomeUnknown);
        QCOMPARE(execute("SELECT last_value FROM public.attempts").front().front(), std::string("6"));
        QCOMPARE(numbers(), std::string());
    }

    void aDuplicateKeyIsAMismatch()
    {
        makeTrouble("RAISE unique_violation;");
        const auto writer = open(url());
        QVERIFY(writer->compareAndSet(kShard, {}, version(1, "a"), kJob).value() == CasOutcome::Mismatch);
        QVERIFY(writer->insertLog(kShard, {version(1, "a")}, kJob).value() == CasOutcome::Mismatch);
    }

    void aConnectionLostBetweenTwoCallsIsMadeAgain()
    {
        const auto writer = open(url());
        QVERIFY(writer->compareAndSet(kShard, {}, version(1, "a"), kJob).value() == CasOutcome::Committed);
        QVERIFY(m_server->terminateSessions());
        for (int wait = 0; wait < 400; ++wait) { // until they are gone, and have said so
            if (execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'catalog-inspector'")
                    .front()
                    .front()
                == "0")
                break;
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        const auto outcome = writer->compareAndSet(kShard, SeqNo(1), version(2, "b"), kJob);
        QVERIFY2(outcome, outcome ? "" : outcome.error().describe().c_str());
        QVERIFY(*outcome == CasOutcome::Committed);
    }

    // What nobody can know.

    void aSessionThatEndsInTheMiddleLeavesTheOutcomeUnknown()
    {
        const auto writer = open(url());
        makeTrouble("PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5);");
        const auto outcome = writer->compareAndSet(kShard, {}, version(1, "a"), kJob);
        QVERIFY(!outcome);
        QCOMPARE(outcome.error().code, ErrorCode::Unavailable);
        QVERIFY(outcome.error().outcomeUnknown);
        QVERIFY(!writer->head(kShard, kJob).value()); // reading tells
        dropTrouble();
        QVERIFY(writer->compareAndSet(kShard, {}, version(1, "a"), kJob).value() == CasOutcome::Committed);
    }

    void aServerThatDoesNotKnowIsBelieved()
    {
        // CockroachDB's "result is ambiguous".
        makeTrouble("RAISE EXCEPTION 'result is ambiguous' USING ERRCODE = '40003';");
        const auto outcome = open(url())->compareAndSet(kShard, {}, version(1, "a"), kJob);
        QVERIFY(!outcome);
        QVERIFY(outcome.error().outcomeUnknown);
    }

    void anAnswerThatIsLostLeavesTheOutcomeUnknown()
    {
        LossyWire wire(m_server->port());
        const auto writer = open("postgres://changer:changes-rows-5@127.0.0.1:" + wire.port()
                                 + "/environment?sslmode=disable&options=--search_path=consensus");
        QVERIFY(writer->compareAndSet(kShard, {}, version(1, "a"), kJob).value() == CasOutcome::Committed);
        wire.loseAnswers(true);
        const auto outcome = writer->compareAndSet(kShard, SeqNo(1), version(2, "b"), kJob);
        QVERIFY(!outcome);
        QVERIFY2(outcome.error().outcomeUnknown, outcome.error().describe().c_str());
        wire.loseAnswers(false);
        // It was done, and the same handle finds out; sent again, it loses by the primary key.
        QCOMPARE(writer->head(kShard, kJob).value()->seqno, SeqNo(2));
        QVERIFY(writer->compareAndSet(kShard, SeqNo(1), version(2, "b"), kJob).value() == CasOutcome::Mismatch);
        QCOMPARE(numbers(), std::string("1 2"));
    }

    void aTruncationWhoseAnswerIsLostIsUnknownToo()
    {
        LossyWire wire(m_server->port());
        const auto writer = open("postgres://changer:changes-rows-5@127.0.0.1:" + wire.port()
                                 + "/environment?sslmode=disable&options=--search_path=consensus");
        QVERIFY(writer->insertLog(kShard, {version(1, "a"), version(2, "b")}, kJob).value() == CasOutcome::Committed);
        wire.loseAnswers(true);
        const auto outcome = writer->truncate(kShard, SeqNo(2), kJob);
        QVERIFY(!outcome);
        QVERIFY(outcome.error().outcomeUnknown);
        wire.loseAnswers(false);
        QCOMPARE(writer->truncate(kShard, SeqNo(2), kJob).value(), std::uint64_t(0));
        QCOMPARE(numbers(), std::string("2"));
    }

    void aServerThatCannotBeReachedDidNothing()
    {
        const auto writer = open(url());
        QVERIFY(writer->compareAndSet(kShard, {}, version(1, "a"), kJob).value() == CasOutcome::Committed);
        execute("CHECKPOINT"); // the throw-away server does not wait for its disk
        QVERIFY(m_server->stop());
        const auto outcome = writer->compareAndSet(kShard, SeqNo(1), version(2, "b"), kJob);
        QVERIFY(!outcome);
        QCOMPARE(outcome.error().code, ErrorCode::Unavailable);
        QVERIFY(!outcome.error().outcomeUnknown);
        QVERIFY(m_server->launch());
        QVERIFY(writer->compareAndSet(kShard, SeqNo(1), version(2, "b"), kJob).value() == CasOutcome::Committed);
    }
};

QTEST_GUILESS_MAIN(TestPostgresWriter)
#include "tst_postgres_writer.moc"
