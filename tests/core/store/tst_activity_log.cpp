#include "core/store/activity_log.h"
#include "core/store/read_statement.h"
#include "core/store/write_statement.h"

#include <QRegularExpression>
#include <QtTest>

#include <atomic>
#include <memory>
#include <set>
#include <thread>
#include <vector>

using namespace inspector::store;

namespace {

/// What speaks against sending a statement from a session that must not write; empty when nothing does.
QString suspicionAgainst(const QString& sql)
{
    static const QRegularExpression kForbidden(
        "\\b(INSERT|UPDATE|DELETE|TRUNCATE|UPSERT|MERGE|REPLACE|CREATE|DROP|ALTER|GRANT|REVOKE|COPY|LOCK|VACUUM|"
        "ANALYZE|"
        "REINDEX|CLUSTER|REFRESH|COMMENT|SECURITY|BEGIN|START|COMMIT|ROLLBACK|SAVEPOINT|PREPARE|EXECUTE|CALL|DO|SET|"
        "RESET|DISCARD|LISTEN|NOTIFY|DECLARE|FETCH|INTO|SHARE|ATTACH|DETACH|NEXTVAL|SETVAL|SET_CONFIG|DBLINK\\w*|LO_"
        "\\w+|"
        "PG_\\w*(TERMINATE|CANCEL|RELOAD|SWITCH|ADVISORY|SLEEP|WRITE|FILE)\\w*)\\b",
        QRegularExpression::CaseInsensitiveOption);
    if (const auto match = kForbidden.match(sql); match.hasMatch())
        return match.captured();
    if (sql.contains(';'))
        return "more than one statement";
    static const QRegularExpression kReads(
        "^(SELECT |SHOW |PRAGMA (application_id|user_version|integrity_check\\(1\\))$)");
    return kReads.match(sql).hasMatch() ? QString() : "does not begin as a statement that reads";
}

} // namespace

class TestActivityLog : public QObject
{
    Q_OBJECT

private slots:
    void entriesAreNumberedInOrder()
    {
        ActivityLog log;
        for (int i = 1; i <= 3; ++i) {
            Activity activity;
            activity.rows = static_cast<std::uint64_t>(i);
            activity.bytes = 10;
            if (i == 2)
                activity.error = "no";
            log.add(activity);
        }
        const auto entries = log.since(1);
        QCOMPARE(entries.size(), std::size_t(2));
        QCOMPARE(entries.front().number, std::uint64_t(2));
        QCOMPARE(entries.back().number, std::uint64_t(3));
        const auto totals = log.totals();
        QCOMPARE(totals.statements, std::uint64_t(3));
        QCOMPARE(totals.rows, std::uint64_t(6));
        QCOMPARE(totals.bytes, std::uint64_t(30));
        QCOMPARE(totals.errors, std::uint64_t(1));
    }

    void theNewestAreKeptAndTotalsStayExact()
    {
        ActivityLog log(4);
        for (int i = 0; i < 11; ++i)
            log.add({});
        const auto entries = log.since(0);
        QCOMPARE(entries.size(), std::size_t(4));
        for (std::size_t i = 0; i < 4; ++i)
            QCOMPARE(entries[i].number, std::uint64_t(8 + i));
        QCOMPARE(log.totals().statements, std::uint64_t(11));
        ActivityLog none(0);
        none.add({});
        QVERIFY(none.since(0).empty());
        QCOMPARE(none.totals().statements, std::uint64_t(1));
    }

    void severalThreadsMayAdd()
    {
        ActivityLog log(100);
        {
            std::vector<std::jthread> threads;
            for (int t = 0; t < 4; ++t)
                threads.emplace_back([&log] {
                    for (int i = 0; i < 500; ++i) {
                        log.add({});
                        static_cast<void>(log.since(1'000'000));
                    }
                });
        }
        QCOMPARE(log.totals().statements, std::uint64_t(2000));
        std::set<std::uint64_t> numbers;
        for (const auto& entry : log.since(0))
            numbers.insert(entry.number);
        QCOMPARE(numbers.size(), std::size_t(100));
        QCOMPARE(*numbers.begin(), std::uint64_t(1901));
    }

    void aRecorderAddsOneEntryWhenItEnds()
    {
        const auto log = std::make_shared<ActivityLog>();
        {
            ActivityRecorder recorder(log, "folder /x", "GET", "key");
            recorder.received(1, 5);
            recorder.received(2, 6);
            recorder.failed("broke off");
            QVERIFY(log->since(0).empty());
        }
        const auto entries = log->since(0);
        QCOMPARE(entries.size(), std::size_t(1));
        QCOMPARE(entries.front().store, std::string("folder /x"));
        QCOMPARE(entries.front().statement, std::string("GET"));
        QCOMPARE(entries.front().parameters, std::string("key"));
        QCOMPARE(entries.front().rows, std::uint64_t(3));
        QCOMPARE(entries.front().bytes, std::uint64_t(11));
        QCOMPARE(entries.front().error, std::string("broke off"));
        const ActivityRecorder withoutLog(nullptr, "", "");
    }

    // The table of statements: all that can be sent to a database.

    void noStatementCanWrite_data()
    {
        QTest::addColumn<QString>("sql");
        for (const auto& [statement, sql] : readStatements())
            QTest::newRow(std::to_string(int(statement)).c_str())
                << QString::fromUtf8(sql.data(), static_cast<qsizetype>(sql.size()));
    }
    void noStatementCanWrite()
    {
        QFETCH(QString, sql);
        QCOMPARE(suspicionAgainst(sql), QString());
    }

    void aStatementThatCouldWriteWouldBeFound_data()
    {
        QTest::addColumn<QString>("sql");
        for (const auto* sql : {"DELETE FROM consensus", "SELECT * INTO t FROM consensus", "PRAGMA journal_mode=WAL",
                                "SELECT 1; SELECT 2", "SELECT * FROM consensus FOR UPDATE",
                                "WITH d AS (DELETE FROM c RETURNING *) SELECT 1", "SELECT set_config('a', 'b', false)",
                                "SELECT nextval('s')", "VALUES (1)", "PRAGMA user_version=2",
                                "SELECT pg_advisory_lock(1)", "EXPLAIN ANALYZE SELECT 1", "select 1 from c for share"})
            QTest::newRow(sql) << sql;
    }
    void aStatementThatCouldWriteWouldBeFound()
    {
        QFETCH(QString, sql);
        QVERIFY(!suspicionAgainst(sql).isEmpty());
    }

    void everyStatementHasItsText()
    {
        std::set<std::string_view> texts;
        for (const auto& [statement, sql] : readStatements()) {
            QCOMPARE(sqlOf(statement), sql);
            QCOMPARE(*(sql.data() + sql.size()), '\0');
            texts.insert(sql);
        }
        QVERIFY(texts.size() >= readStatements().size() - 2); // list and head read the same on both kinds
        for (const auto& [statement, sql] : writeStatements()) {
            QCOMPARE(sqlOf(statement), sql);
            QCOMPARE(*(sql.data() + sql.size()), '\0');
        }
    }

    void everyStatementThatWritesIsOneStatement()
    {
        for (const auto& [statement, sql] : writeStatements())
            QVERIFY2(sql.find(';') == std::string_view::npos, std::string(sql).c_str());
    }
};

QTEST_GUILESS_MAIN(TestActivityLog)
#include "tst_activity_log.moc"
