#include "tests/core/store/writer_contract.h"
#include "tests/support/throwaway_postgres.h"

#include <QDir>
#include <QTemporaryDir>
#include <QtTest>

#include <algorithm>
#include <mutex>
#include <set>

using namespace inspector;
using namespace inspector::store;

/// The contract on a PostgreSQL server and a folder, as a role that may change rows and nothing else; with the
/// statements for PostgreSQL, and with those for CockroachDB, which this server is made to pass for.
class TestPostgresWriterContract : public WriterContract
{
    Q_OBJECT

private:
    QTemporaryDir m_folder;
    std::unique_ptr<test::ThrowawayPostgres> m_server;
    std::mutex m_mutex; ///< guards what is below
    std::set<std::string> m_prepared;

protected:
    [[nodiscard]] std::vector<std::string> pairs() const override { return {"PostgreSQL", "CockroachDB"}; }

    [[nodiscard]] Result<WritableStores> open(const std::string& pair, const std::string& name,
                                              std::shared_ptr<ActivityLog> log) override
    {
        std::string schema = pair + "_" + name;
        std::transform(schema.begin(), schema.end(), schema.begin(),
                       [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
        schema = schema.substr(0, 60);
        const auto folder = m_folder.path().toStdString() + "/" + schema;
        {
            const std::lock_guard lock(m_mutex);
            if (m_prepared.insert(schema).second) {
                INSPECTOR_CHECK(m_server->createTable(schema));
                INSPECTOR_CHECK(m_server->execute("GRANT USAGE ON SCHEMA " + schema
                                                  + " TO changer; GRANT SELECT, INSERT, "
                                                    "UPDATE, DELETE ON "
                                                  + schema + ".consensus TO changer"));
                QDir().mkpath(QString::fromStdString(folder));
            }
        }
        const auto path = pair == "CockroachDB" ? "roach,pg_catalog," + schema : schema;
        return openWritableStores(
            {m_server->url("changer", "changes-rows-5", "options=--search_path%3D" + path), "file://" + folder},
            std::move(log), Job());
    }

private slots:
    void initTestCase()
    {
        auto server = test::ThrowawayPostgres::start();
        QVERIFY2(server, server ? "" : server.error().describe().c_str());
        m_server = *std::move(server);
        const auto made = m_server->execute(
            "CREATE ROLE changer LOGIN PASSWORD 'changes-rows-5'; CREATE SCHEMA roach; GRANT USAGE ON SCHEMA roach TO "
            "public; CREATE FUNCTION roach.version() RETURNS text LANGUAGE sql AS "
            "$$ SELECT 'CockroachDB CCL v23.1.11 (x86_64-pc-linux-gnu)' $$");
        QVERIFY2(made, made ? "" : made.error().describe().c_str());
    }
};

QTEST_GUILESS_MAIN(TestPostgresWriterContract)
#include "tst_postgres_writer_contract.moc"
