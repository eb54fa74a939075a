#include "tests/app/cli_process.h"
#include "tests/app/fixture_shards.h"
#include "tests/support/sample_content.h"
#include "tests/support/throwaway_postgres.h"

#include <QTemporaryDir>
#include <QtTest>

#include <cctype>
#include <map>

using namespace inspector;
using namespace inspector::tests;

namespace {

/// The small shards and whose catalogs they are (README of the fixtures).
const std::map<QString, QString> kOrganizations {
    {"old-fresh", "1b6e7a52-9a1e-4f6b-8f0a-2d1f6f3c9a01"}, {"old-busy", "7c0e1d44-6f2b-4a54-9a39-5a3b0f1f2c02"},
    {"new-fresh", "2b6e7a52-9a1e-4f6b-8f0a-2d1f6f3c9a11"}, {"new-busy", "8c0e1d44-6f2b-4a54-9a39-5a3b0f1f2c12"},
    {"old-log", "0106106a-0000-4000-8000-00000000d001"},   {"new-log", "0106106a-0000-4000-8000-00000000d002"},
};

const QList<QStringList> kQuestions {
    {"rows", "--json"},        {"dump"},
    {"dump", "--consolidate"}, {"dump", "--json"},
    {"trace", "--json"},       {"history", "--json"},
    {"facts", "--json"},       {"epoch"},
    {"fences", "--json"},      {"state", "--json"},
    {"state-diff", "--json"},  {"rollups", "--json"},
    {"parts", "--json"},       {"stats"},
    {"find", "quickstart"},    {"show", "config", "user_version"},
};

/// Words that would change something, were they in a statement.
const QStringList kWritingWords {"INSERT", "UPDATE", "DELETE", "CREATE",  "ALTER",  "DROP",    "TRUNCATE",
                                 "GRANT",  "REVOKE", "MERGE",  "COPY",    "LOCK",   "VACUUM",  "NOTIFY",
                                 "LISTEN", "CALL",   "DO",     "REINDEX", "UPSERT", "REFRESH", "COMMENT"};

} // namespace

/// The shards of the fixtures in a real PostgreSQL and a folder of blobs, read by a role that may do nothing but read.
class TestPostgresCli : public QObject
{
    Q_OBJECT

private:
    std::unique_ptr<test::ThrowawayPostgres> m_server;
    QTemporaryDir m_blobs;

    QString url(const QString& password = QString::fromUtf8(test::ThrowawayPostgres::kReaderPassword)) const
    {
        return QString::fromStdString(m_server->url(test::ThrowawayPostgres::kReader, password.toStdString()));
    }

    QStringList location(const QString& organizationId) const
    {
        return {"--consensus", url(), "--blob", "file://" + m_blobs.path(), "--organization-id", organizationId};
    }

    /// How many rows there are in all, and what they hold.
    std::string contents() const
    {
        const auto rows = m_server->execute("SELECT count(*), md5(string_agg(shard || sequence_number || md5(data), "
                                            "',' ORDER BY shard, sequence_number)) "
                                            "FROM consensus.consensus");
        return rows ? rows->at(0).at(0) + " " + rows->at(0).at(1) : rows.error().describe();
    }

    static void shards()
    {
        QTest::addColumn<QString>("shard");
        for (const auto& [name, organization] : kOrganizations)
            QTest::newRow(name.toUtf8()) << name;
    }

private slots:
    void initTestCase()
    {
        auto server = test::ThrowawayPostgres::start();
        QVERIFY2(server, server ? "" : server.error().describe().c_str());
        m_server = *std::move(server);
        QVERIFY(m_server->createTable());
        for (const auto& [name, organization] : kOrganizations) {
            const auto content = test::contentOfCatalogFile(FixtureShards::catalogFile(name).toStdString());
            QVERIFY(content);
            QVERIFY(m_server->fill(**content));
            QVERIFY(test::writeBlobFolder(m_blobs.path().toStdString(), **content));
        }
    }

    void answersAreThoseOfTheFile_data() { shards(); }
    void answersAreThoseOfTheFile()
    {
        QFETCH(QString, shard);
        for (const auto& question : kQuestions) {
            const auto fromFile = runCli(question + QStringList {FixtureShards::catalogFile(shard)});
            QVERIFY2(fromFile.exitCode == 0, fromFile.err);
            const auto fromServer = runCli(question + location(kOrganizations.at(shard)));
            QVERIFY2(fromServer.exitCode == 0, question.join(' ').toUtf8() + ": " + fromServer.err);
            QVERIFY2(fromServer.out == fromFile.out, question.join(' ').toUtf8());
        }
    }

    void noStatementWrites()
    {
        const auto before = contents();
        m_server->clearLog();
        for (const auto& question : kQuestions) {
            const auto answer = runCli(question + location(kOrganizations.at("new-log")));
            QVERIFY2(answer.exitCode == 0, answer.err);
        }
        const auto statements = m_server->statementsOf("catalog-inspector");
        QVERIFY(statements.size() > static_cast<std::size_t>(kQuestions.size())); // the log does see them
        for (const auto& statement : statements) {
            const auto line = QString::fromStdString(statement);
            for (const auto& word : kWritingWords) {
                const QRegularExpression wholeWord("\\b" + word + "\\b");
                QVERIFY2(!wholeWord.match(line).hasMatch(), statement.c_str());
            }
        }
        QCOMPARE(contents(), before);
    }

    void aWrongOrganizationIsNoSuchShardAndLeavesNoRow()
    {
        const auto before = contents();
        for (const auto& question : kQuestions) {
            const auto answer = runCli(question + location("00000000-0000-0000-0000-000000000000"));
            QVERIFY2(answer.exitCode == 3, answer.err);
            QVERIFY2(answer.err.contains("no such shard: s86892608-7ff3-82f8-1090-7584b4945aaa"), answer.err);
            QVERIFY(answer.out.isEmpty());
        }
        QCOMPARE(contents(), before);
    }

    void severalCatalogsAreNamedWhenNoneIsChosen()
    {
        const auto answer = runCli({"facts", "--consensus", url(), "--blob", "file://" + m_blobs.path()});
        QVERIFY2(answer.exitCode == 2, answer.err);
        QVERIFY2(answer.err.contains("s35327d34-2476-e20e-f87e-ee518cb72f2b"), answer.err);
        QVERIFY2(answer.err.contains("sf3e22cc5-bb73-9128-d533-b6350bf58ed5"), answer.err);
    }

    void aWrongPasswordIsUnavailableAndNotRepeated()
    {
        const auto answer = runCli({"facts", "--consensus", url("hunter2"), "--blob", "file://" + m_blobs.path(),
                                    "--organization-id", kOrganizations.at("new-log")});
        QVERIFY2(answer.exitCode == 4, answer.err);
        QVERIFY2(!answer.err.contains("hunter2"), answer.err);
        QVERIFY2(answer.err.contains("password"), answer.err);
        QCOMPARE(answer.err.count('\n'), 1);
    }

    void aMissingTableIsNotFound()
    {
        const auto elsewhere = QString::fromStdString(m_server->url(test::ThrowawayPostgres::kReader,
                                                                    test::ThrowawayPostgres::kReaderPassword,
                                                                    "options=--search_path=public"));
        const auto answer = runCli({"facts", "--consensus", elsewhere, "--blob", "file://" + m_blobs.path(),
                                    "--organization-id", kOrganizations.at("new-log")});
        QVERIFY2(answer.exitCode == 3, answer.err);
        QVERIFY2(answer.err.contains("consensus"), answer.err);
    }

    void aRoleThatMayNotReadIsUnavailable()
    {
        QVERIFY(m_server->execute("CREATE ROLE mz_nobody LOGIN PASSWORD 'nothing'"));
        const auto nobody = QString::fromStdString(m_server->url("mz_nobody", "nothing"));
        const auto answer = runCli({"facts", "--consensus", nobody, "--blob", "file://" + m_blobs.path(),
                                    "--organization-id", kOrganizations.at("new-log")});
        QVERIFY2(answer.exitCode == 4, answer.err);
        QVERIFY2(answer.err.contains("permission"), answer.err);
    }

    void theWrongBlobFolderIsNamed()
    {
        const QTemporaryDir empty;
        const auto answer = runCli({"facts", "--consensus", url(), "--blob", "file://" + empty.path(),
                                    "--organization-id", kOrganizations.at("new-log")});
        QVERIFY2(answer.exitCode == 3, answer.err);
        QVERIFY2(answer.err.contains("wrong blob location"), answer.err);
    }
};

QTEST_GUILESS_MAIN(TestPostgresCli)
#include "tst_postgres_cli.moc"
