#include "tests/core/store/store_contract.h"
#include "tests/support/throwaway_postgres.h"

#include <QTemporaryDir>
#include <QtTest>

#include <algorithm>
#include <set>

using namespace inspector;
using namespace inspector::store;

/// The contract on a PostgreSQL server and a folder, as a role that may only read.
class TestPostgresContract : public StoreContract
{
    Q_OBJECT

private:
    QTemporaryDir m_folder;
    std::unique_ptr<test::ThrowawayPostgres> m_server;
    std::set<std::string> m_prepared;

protected:
    [[nodiscard]] std::vector<std::string> pairs() const override { return {"PostgreSQL"}; }

    [[nodiscard]] Result<Stores> open(const std::string& /*pair*/, const std::string& name, const Content& content,
                                      std::shared_ptr<ActivityLog> log) override
    {
        std::string schema = "consensus_" + name;
        std::replace(schema.begin(), schema.end(), '-', '_');
        const auto folder = m_folder.path().toStdString() + "/" + name;
        if (m_prepared.insert(name).second) {
            INSPECTOR_CHECK(m_server->createTable(schema));
            INSPECTOR_CHECK(m_server->fill(*content, schema));
            INSPECTOR_CHECK(test::writeBlobFolder(folder, *content));
        }
        const auto url = m_server->url(test::ThrowawayPostgres::kReader, test::ThrowawayPostgres::kReaderPassword,
                                       "options=--search_path%3D" + schema);
        return openStores({url, "file://" + folder}, std::move(log), Job());
    }

private slots:
    void initTestCase()
    {
        auto server = test::ThrowawayPostgres::start();
        QVERIFY2(server, server ? "" : server.error().describe().c_str());
        m_server = *std::move(server);
    }
};

QTEST_GUILESS_MAIN(TestPostgresContract)
#include "tst_postgres_contract.moc"
