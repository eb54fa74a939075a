#include "core/store/file_blob_writer.h"
#include "core/store/writable_location.h"
#include "tests/support/fixture.h"
#include "tests/support/process.h"

#include <QTemporaryDir>
#include <QtTest>

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

using namespace inspector;
using namespace inspector::store;

namespace {

const Job kJob;
constexpr uid_t kNobody = 65534;
const std::string kShard = "s00000000-0000-0000-0000-0000000000aa";
const std::string kPart = kShard + "/n2603900/p00000000-0000-0000-0000-0000000000c2";
const std::string kName = kShard + "\xE2\x88\x95n2603900\xE2\x88\x95p00000000-0000-0000-0000-0000000000c2";

} // namespace

class TestFileBlobWriter : public QObject
{
    Q_OBJECT

private:
    QTemporaryDir m_parent;
    std::string m_folder;

    [[nodiscard]] std::unique_ptr<FileBlobWriter> open(const std::string& query = {}) const
    {
        auto writer = FileBlobWriter::open("file://" + m_folder + query, {});
        if (!writer)
            qFatal("%s", writer.error().describe().c_str());
        return *std::move(writer);
    }
    [[nodiscard]] std::vector<std::string> names() const
    {
        std::vector<std::string> found;
        for (const auto& entry : std::filesystem::directory_iterator(m_folder))
            found.push_back(entry.path().filename().string());
        std::sort(found.begin(), found.end());
        return found;
    }

private slots:
    void init()
    {
        static int count = 0;
        std::filesystem::permissions(m_parent.path().toStdString(), std::filesystem::perms(0755));
        m_folder = m_parent.path().toStdString() + "/" + std::to_string(++count);
        std::filesystem::create_directory(m_folder);
    }

    void theFileHasTheNameThatTheRealSystemLooksFor()
    {
        QVERIFY(open()->set(kPart, bytesOf("rows"), kJob));
        QVERIFY(names() == std::vector {kName});
        QCOMPARE(test::contentOf(m_folder + "/" + kName).value(), std::string("rows"));
    }

    void whatAKillLeftIsNoBlobAndIsWrittenOver()
    {
        const std::string whole(100'000, 'x');
        const pid_t child = ::fork();
        if (child == 0) {
            const rlimit limit {40'000, 40'000}; // the system kills who writes beyond
            ::setrlimit(RLIMIT_FSIZE, &limit);
            static_cast<void>(open()->set(kPart, bytesOf(whole), kJob));
            ::_exit(0);
        }
        QVERIFY(test::waitFor(child) > 128);
        QVERIFY(names() == std::vector {kName + ".tmp"});
        const auto writer = open();
        QVERIFY(!writer->get(kPart, kJob).value());
        QVERIFY(writer->list("", kJob).value().empty());
        QVERIFY(writer->set(kPart, bytesOf("rows"), kJob));
        QVERIFY(names() == std::vector {kName});
        QCOMPARE(test::contentOf(m_folder + "/" + kName).value(), std::string("rows"));
    }

    void aFailedWriteLeavesNothing()
    {
        const pid_t child = ::fork();
        if (child == 0) {
            const rlimit limit {40'000, 40'000};
            ::setrlimit(RLIMIT_FSIZE, &limit);
            ::signal(SIGXFSZ, SIG_IGN); // an error instead
            const auto outcome = open()->set(kPart, bytesOf(std::string(100'000, 'x')), kJob);
            ::_exit(!outcome && outcome.error().code == ErrorCode::Unavailable && !outcome.error().outcomeUnknown ? 0
                                                                                                                  : 1);
        }
        QCOMPARE(test::waitFor(child), 0);
        QVERIFY(names().empty());
    }

    void aDeletedBlobIsKeptWhenTheUrlSaysSo()
    {
        const auto writer = open("?tombstone");
        QVERIFY(writer->set(kPart, bytesOf("rows"), kJob));
        QVERIFY(writer->remove(kPart, kJob).value());
        QVERIFY(names() == std::vector {kName + ".bak"});
        QVERIFY(!writer->get(kPart, kJob).value());
        QVERIFY(!writer->remove(kPart, kJob).value());
        QVERIFY(writer->set(kPart, bytesOf("other rows"), kJob));
        QVERIFY(writer->list("", kJob).value().size() == 1);
    }

    void aFolderIsNotMade()
    {
        std::filesystem::remove(m_folder);
        const auto writer = FileBlobWriter::open("file://" + m_folder, {});
        QVERIFY(!writer);
        QCOMPARE(writer.error().code, ErrorCode::NotFound);
        QVERIFY(!std::filesystem::exists(m_folder));
    }

    void aFolderThatGoesAwayIsNamed()
    {
        const auto writer = open();
        std::filesystem::remove(m_folder);
        const auto outcome = writer->set(kPart, bytesOf("rows"), kJob);
        QVERIFY(!outcome);
        QCOMPARE(outcome.error().code, ErrorCode::Unavailable);
        QVERIFY(outcome.error().message.find(m_folder) != std::string::npos);
        QVERIFY(!outcome.error().outcomeUnknown);
    }

    void withoutTheRightToWriteTheFolderStaysClosed()
    {
        std::filesystem::permissions(m_folder, std::filesystem::perms(0555));
        const pid_t child = ::fork();
        if (child == 0) {
            if (::geteuid() == 0 && (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0))
                ::_exit(90);
            const auto writer = FileBlobWriter::open("file://" + m_folder, {});
            ::_exit(!writer && writer.error().code == ErrorCode::Unavailable
                            && writer.error().message.find("no permission") != std::string::npos
                        ? 0
                        : 1);
        }
        QCOMPARE(test::waitFor(child), 0);
        std::filesystem::permissions(m_folder, std::filesystem::perms(0755));
    }

    // Both halves of a location.

    void aLocationForWritingIsNamedAsForReading_data()
    {
        QTest::addColumn<QString>("consensus");
        QTest::addColumn<QString>("blob");
        QTest::addColumn<int>("code");
        QTest::newRow("nothing") << ""
                                 << "" << int(ErrorCode::InvalidInput);
        QTest::newRow("no blobs") << "mem:"
                                  << "" << int(ErrorCode::InvalidInput);
        QTest::newRow("unknown consensus") << "foundationdb:/x"
                                           << "mem:" << int(ErrorCode::InvalidInput);
        QTest::newRow("consensus of another scheme") << "mysql://h/d"
                                                     << "mem:" << int(ErrorCode::Unsupported);
        QTest::newRow("blobs of another scheme") << "mem:"
                                                 << "s3://bucket/prefix" << int(ErrorCode::Unsupported);
        QTest::newRow("no such folder") << "mem:"
                                        << "file:///no/such/folder" << int(ErrorCode::NotFound);
        QTest::newRow("no such file") << "/no/such/file.mzcat"
                                      << "" << int(ErrorCode::NotFound);
        QTest::newRow("no such server") << "postgres://u@127.0.0.1:1/d"
                                        << "mem:" << int(ErrorCode::Unavailable);
    }
    void aLocationForWritingIsNamedAsForReading()
    {
        QFETCH(QString, consensus);
        QFETCH(QString, blob);
        QFETCH(int, code);
        const Location location {consensus.toStdString(), blob.toStdString()};
        const auto writing = openWritableStores(location, {}, kJob);
        QVERIFY(!writing);
        QVERIFY2(int(writing.error().code) == code, writing.error().describe().c_str());
        const auto reading = openStores(location, {}, kJob);
        QVERIFY(!reading);
        QCOMPARE(int(reading.error().code), code);
    }

    void memoryIsNewEachTime()
    {
        const auto stores = openWritableStores({"mem:", "mem:"}, {}, kJob);
        QVERIFY(stores);
        QVERIFY(stores->blob->set(kPart, bytesOf("rows"), kJob));
        QVERIFY(openWritableStores({"mem:", "mem:"}, {}, kJob)->blob->list("", kJob).value().empty());
    }
};

QTEST_GUILESS_MAIN(TestFileBlobWriter)
#include "tst_file_blob_writer.moc"
