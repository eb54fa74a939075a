#include "core/store/location.h"
#include "core/store/postgres_url.h"
#include "tests/support/fixture.h"
#include "tests/support/sample_content.h"

#include <QTemporaryDir>
#include <QtTest>

#include <filesystem>

using namespace inspector;
using namespace inspector::store;

namespace {
const Job kJob;
} // namespace

class TestLocation : public QObject
{
    Q_OBJECT

private:
    QTemporaryDir m_folder;

    [[nodiscard]] std::string path(const std::string& name) const { return m_folder.path().toStdString() + "/" + name; }

private slots:
    void initTestCase()
    {
        QVERIFY(test::writeCatalogFile(path("a.mzcat"), *test::oddContent()));
        QVERIFY(test::writeBlobFolder(path("blobs"), *test::oddContent()));
    }

    void aCatalogFileOpensByAnyOfItsNames_data()
    {
        QTest::addColumn<QString>("consensus");
        QTest::addColumn<QString>("blob");
        const auto file = QString::fromStdString(path("a.mzcat"));
        const auto folder = QString::fromStdString("file://" + path("blobs"));
        QTest::newRow("path") << file << file;
        QTest::newRow("path once") << file << "";
        QTest::newRow("file URL") << "file://" + file << "file://" + file;
        QTest::newRow("SQLite URL") << "sqlite://" + file << "sqlite://" + file;
        QTest::newRow("SQLite URL of four slashes") << "sqlite:///" + file << "sqlite:///" + file;
        QTest::newRow("SQLite URL once") << "sqlite://" + file << "";
        QTest::newRow("capital letters") << "SQLite://" + file << "";
        QTest::newRow("with a folder of blobs") << file << folder;
    }
    void aCatalogFileOpensByAnyOfItsNames()
    {
        QFETCH(QString, consensus);
        QFETCH(QString, blob);
        const auto stores = openStores({consensus.toStdString(), blob.toStdString()}, {}, kJob);
        QVERIFY2(stores, stores ? "" : stores.error().describe().c_str());
        QCOMPARE(stores->consensus->listKeys(kJob).value().size(), std::size_t(2));
        QCOMPARE(stores->blob->list("", kJob).value().size(), std::size_t(5));
    }

    void aRelativePathIsMadeAbsolute()
    {
        const auto before = std::filesystem::current_path();
        std::filesystem::current_path(m_folder.path().toStdString());
        const auto location = Location::ofCatalogFile("a.mzcat");
        std::filesystem::current_path(before);
        QVERIFY(openStores(location, {}, kJob));
    }

    void memoryOpensEmpty()
    {
        const auto stores = openStores({"mem:", "mem:"}, {}, kJob);
        QVERIFY(stores);
        QVERIFY(stores->consensus->listKeys(kJob).value().empty());
        QVERIFY(stores->blob->list("", kJob).value().empty());
    }

    void aLocationThatIsNoneIsRefused_data()
    {
        QTest::addColumn<QString>("consensus");
        QTest::addColumn<QString>("blob");
        QTest::addColumn<int>("code");
        QTest::addColumn<QString>("words");
        const auto row = [](const char* name, const char* consensus, const char* blob, ErrorCode code,
                            const char* words) { QTest::newRow(name) << consensus << blob << int(code) << words; };
        row("nothing", "", "", ErrorCode::InvalidInput, "a consensus URL is needed");
        row("no blobs", "mem:", "", ErrorCode::InvalidInput, "a blob URL is needed");
        row("unknown consensus", "mysql://host/db", "mem:", ErrorCode::Unsupported, "mysql://");
        row("FoundationDB", "foundationdb:?prefix=x", "mem:", ErrorCode::InvalidInput, "no scheme");
        row("S3", "mem:", "s3://bucket/prefix", ErrorCode::Unsupported, "s3://");
        row("Azure", "mem:", "https://a.blob.core.windows.net/c?sig=geheim", ErrorCode::Unsupported, "https://");
        row("missing file", "/no/such.mzcat", "", ErrorCode::NotFound, "/no/such.mzcat");
        row("missing SQLite URL", "sqlite:///no/such.mzcat", "", ErrorCode::NotFound, "/no/such.mzcat");
        row("no scheme", "user:geheim@host/db", "mem:", ErrorCode::InvalidInput, "no scheme");
        row("no scheme, odd user", "us_er:geheim@host/db", "mem:", ErrorCode::InvalidInput, "no scheme");
        row("single slash", "postgres:/user:geheim@host/db", "mem:", ErrorCode::InvalidInput, "");
        row("libpq's other notation", "host=localhost password=geheim", "mem:", ErrorCode::InvalidInput, "no scheme");
    }
    void aLocationThatIsNoneIsRefused()
    {
        QFETCH(QString, consensus);
        QFETCH(QString, blob);
        QFETCH(int, code);
        QFETCH(QString, words);
        const auto stores = openStores({consensus.toStdString(), blob.toStdString()}, {}, kJob);
        QVERIFY(!stores);
        const auto message = stores.error().describe();
        QVERIFY2(int(stores.error().code) == code, message.c_str());
        QVERIFY2(message.find(words.toStdString()) != std::string::npos, message.c_str());
        QVERIFY2(message.find("geheim") == std::string::npos, message.c_str());
    }

    void aUrlIsShownWithoutCredentials_data()
    {
        QTest::addColumn<QString>("url");
        QTest::addColumn<QString>("shown");
        const auto row = [](const char* url, const char* shown) { QTest::newRow(url) << url << shown; };
        row("postgres://root@localhost:26257?options=--search_path=consensus", "postgres://localhost:26257");
        row("postgresql://user:pw@host:26257/environment_x?sslmode=verify-full&sslrootcert=/c&options=--search_path=c",
            "postgresql://host:26257/environment_x");
        row("postgresql://root@%2Fvar%2Frun%2Fpostgresql:26257/?options=x",
            "postgresql://%2Fvar%2Frun%2Fpostgresql:26257/");
        row("postgres://host/db", "postgres://host/db");
        row("postgres://u:p@a:1,b:2/db", "postgres://a:1,b:2/db");
        row("postgres://host/db?user=u&password=geheim", "postgres://host/db");
        row("postgres://u:ge@heim@host/db", "postgres://host/db");
        row("postgres://u:ge/heim@host/db", "postgres://host/db");
        row("postgres://u:ge?heim@host/db", "postgres://…");
        row("postgres://host/db?password=ge@heim", "postgres://…");
        row("postgres:/u:geheim@host/db", "…");
        row("host=localhost password=geheim", "…");
        row("s3://key:secret@bucket/prefix?endpoint=http%3A%2F%2Fminio", "s3://bucket/prefix");
        row("https://a.blob.core.windows.net/c?sig=geheim", "https://a.blob.core.windows.net/c");
        row("file:///mzdata/persist/blob?tombstone", "file:///mzdata/persist/blob");
        row("file:///a@b/c", "file:///a@b/c");
        row("sqlite:///tmp/x.mzcat", "sqlite:///tmp/x.mzcat");
        row("/tmp/x.mzcat", "/tmp/x.mzcat");
        row("mem:", "mem:");
        row("", "");
    }
    void aUrlIsShownWithoutCredentials()
    {
        QFETCH(QString, url);
        QFETCH(QString, shown);
        QCOMPARE(QString::fromStdString(withoutCredentials(url.toStdString())), shown);
    }

    // How a server's URL is understood, without a server.

    void everyParameterReachesLibpq()
    {
        const auto parsed = parsePostgresUrl("postgresql://us%20er:p%40ss@%2Fvar%2Frun:26257/db?sslmode=verify-full"
                                             "&sslrootcert=/c%20a.crt&target_session_attrs=any&connect_timeout=9"
                                             "&application_name=mine&tcp_user_timeout=1");
        QVERIFY2(parsed, parsed ? "" : parsed.error().describe().c_str());
        QCOMPARE(parsed->attempts.size(), std::size_t(1));
        const std::map<std::string, std::string> given(parsed->attempts.front().begin(),
                                                       parsed->attempts.front().end());
        const auto value = [&](const char* name) {
            const auto found = given.find(name);
            return found == given.end() ? std::string("(none)") : found->second;
        };
        QCOMPARE(value("user"), std::string("us er"));
        QCOMPARE(value("password"), std::string("p@ss"));
        QCOMPARE(value("host"), std::string("/var/run"));
        QCOMPARE(value("port"), std::string("26257"));
        QCOMPARE(value("dbname"), std::string("db"));
        QCOMPARE(value("sslmode"), std::string("verify-full"));
        QCOMPARE(value("sslrootcert"), std::string("/c a.crt"));
        QCOMPARE(value("target_session_attrs"), std::string("any"));
        QCOMPARE(value("application_name"), std::string("mine"));
        QCOMPARE(value("tcp_user_timeout"), std::string("1"));
        QCOMPARE(value("keepalives_idle"), std::string("10"));
        QCOMPARE(value("client_encoding"), std::string("UTF8"));
        QCOMPARE(parsed->connectTimeoutSeconds, 9);
        QVERIFY(parsed->namesDatabase);
    }

    void whatMakesTheSessionReadOnlyComesLast_data()
    {
        QTest::addColumn<QString>("query");
        QTest::addColumn<QString>("begins");
        QTest::newRow("none") << ""
                              << "-c search_path=consensus -c";
        QTest::newRow("empty") << "?options="
                               << "-c search_path=consensus -c";
        QTest::newRow("as written") << "?options=--search_path=other"
                                    << "--search_path=other -c";
        QTest::newRow("encoded") << "?options=--search_path%3Dother"
                                 << "--search_path=other -c";
        QTest::newRow("two") << "?options=-c%20search_path%3Da%20-c%20default_transaction_read_only=off&sslmode=disable"
                             << "-c search_path=a -c default_transaction_read_only=off -c";
    }
    void whatMakesTheSessionReadOnlyComesLast()
    {
        QFETCH(QString, query);
        QFETCH(QString, begins);
        const auto parsed = parsePostgresUrl("postgres://root@localhost:26257" + query.toStdString());
        QVERIFY2(parsed, parsed ? "" : parsed.error().describe().c_str());
        for (const auto& [keyword, value] : parsed->attempts.front()) {
            if (keyword != "options")
                continue;
            QVERIFY2(value.starts_with(begins.toStdString()), value.c_str());
            QVERIFY2(value.ends_with(
                         " -c default_transaction_read_only=on -c default_transaction_isolation=read\\ committed"),
                     value.c_str());
            return;
        }
        QFAIL("the session has no options");
    }

    void severalHostsAreSeveralAttempts()
    {
        const auto parsed = parsePostgresUrl("postgres://u@a:1,b:2,c:3/db");
        QVERIFY(parsed);
        QCOMPARE(parsed->attempts.size(), std::size_t(3));
        QVERIFY(parsePostgresUrl("postgres://u@a,b/db?target_session_attrs=prefer-standby").value().attempts.size()
                == 4);
        QVERIFY(parsePostgresUrl("postgres://u@/db").value().attempts.size() == 1);
        QVERIFY(!parsePostgresUrl("postgres://u@a,b/db?port=1,2,3"));
    }

    void secretsAreTakenOutOfMessages()
    {
        QCOMPARE(withoutSecrets("FATAL: role \"bob\" does not exist\n\tbob, bobby", {"bob", ""}),
                 std::string("FATAL: role \"…\" does not exist …, bobby"));
        QCOMPARE(withoutSecrets("  a \n\n b\t", {}), std::string("a b"));
        QCOMPARE(withoutSecrets("x p@ss! y", {"p@ss!"}), std::string("x … y"));
    }
};

QTEST_GUILESS_MAIN(TestLocation)
#include "tst_location.moc"
