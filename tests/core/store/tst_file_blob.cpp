#include "core/store/file_blob.h"
#include "tests/support/fixture.h"
#include "tests/support/process.h"
#include "tests/support/sample_content.h"

#include <QTemporaryDir>
#include <QtTest>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stop_token>
#include <thread>

using namespace inspector;
using namespace inspector::store;

namespace {

const Job kJob;
constexpr uid_t kNobody = 65534;
const std::string kShard = "s97db1ee1-f5ac-6ba0-a017-0f725d6faac7";
const std::string kUuid = "0f1e2d3c-4b5a-4678-8796-a5b4c3d2e1f0";
const std::string kSlash = "\xE2\x88\x95";

} // namespace

class TestFileBlob : public QObject
{
    Q_OBJECT

private:
    QTemporaryDir m_folder;

    [[nodiscard]] std::string path(const std::string& name) const { return m_folder.path().toStdString() + "/" + name; }

    void write(const std::string& name, const std::string& text = "x") const
    {
        std::ofstream(path(name), std::ios::binary) << text;
    }

    [[nodiscard]] std::string url() const { return "file://" + m_folder.path().toStdString(); }

private slots:
    void initTestCase() { std::filesystem::permissions(m_folder.path().toStdString(), std::filesystem::perms(0755)); }

    void aKeyIsOneFileNameWithDivisionSlashes_data()
    {
        QTest::addColumn<QString>("key");
        QTest::addColumn<QString>("name");
        const auto row = [](const char* title, const std::string& key, const std::string& name) {
            QTest::newRow(title) << QString::fromStdString(key) << QString::fromStdString(name);
        };
        // persist-format 12.4 and 3.1
        row("part", kShard + "/n2603900/p" + kUuid, kShard + kSlash + "n2603900" + kSlash + "p" + kUuid);
        row("rollup", kShard + "/v0/r" + kUuid, kShard + kSlash + "v0" + kSlash + "r" + kUuid);
        row("old part", kShard + "/w" + kUuid + "/p" + kUuid, kShard + kSlash + "w" + kUuid + kSlash + "p" + kUuid);
        row("version that is no number", kShard + "/nfuture/p" + kUuid,
            kShard + kSlash + "nfuture" + kSlash + "p" + kUuid);
    }
    void aKeyIsOneFileNameWithDivisionSlashes()
    {
        QFETCH(QString, key);
        QFETCH(QString, name);
        QCOMPARE(QString::fromStdString(fileNameOfBlobKey(key.toStdString())), name);
        const auto back = blobKeyOfFileName(name.toStdString());
        QVERIFY(back);
        QCOMPARE(QString::fromStdString(*back), key);
    }

    void leftoversAndForeignFilesDoNotExist()
    {
        const std::string name = kShard + kSlash + "n2603900" + kSlash + "p" + kUuid;
        write(name, "part");
        for (const auto& other :
             {name + ".tmp", name + ".bak", name + ".swp", std::string("README"), std::string(".hidden"), kShard,
              std::string("HEALTH_CHECK"), kShard + kSlash + "p" + kUuid, kShard + kSlash + "x1" + kSlash + "p" + kUuid,
              kShard + kSlash + "n1" + kSlash + "q" + kUuid, kShard + kSlash + "v1x" + kSlash + "r" + kUuid,
              kShard + kSlash + "v" + kSlash + "r" + kUuid,
              kShard + kSlash + "n1" + kSlash + "p" + kUuid + kSlash + "y",
              "x" + kShard + kSlash + "v1" + kSlash + "r" + kUuid})
            write(other);
        std::filesystem::create_directory(path(kShard + kSlash + "v7" + kSlash + "r" + kUuid)); // no file
        const auto blob = FileBlob::open(url(), {});
        QVERIFY2(blob, blob ? "" : blob.error().describe().c_str());
        const auto listed = (*blob)->list("", kJob);
        QVERIFY(listed);
        QCOMPARE(listed->size(), std::size_t(1));
        QCOMPARE(listed->front().key, kShard + "/n2603900/p" + kUuid);
        QCOMPARE(listed->front().sizeBytes, std::uint64_t(4));
        for (const auto& key : {kShard + "/n2603900/p" + kUuid + ".tmp", kShard + "/n2603900/p" + kUuid + ".bak",
                                std::string("README"), std::string("."), std::string("..")})
            QVERIFY2(!(*blob)->get(key, kJob).value(), key.c_str());
        const auto folder = (*blob)->get(kShard + "/v7/r" + kUuid, kJob);
        QVERIFY(!folder);
        QCOMPARE(folder.error().code, ErrorCode::Corrupt);
    }

    void aUrlThatIsNoneIsRefused_data()
    {
        QTest::addColumn<QString>("url");
        QTest::addColumn<int>("code");
        QTest::addColumn<QString>("word");
        write("file", "x");
        std::filesystem::create_directory(path("with space"));
        const auto row = [](const char* title, const std::string& url, ErrorCode code, const QString& word) {
            QTest::newRow(title) << QString::fromStdString(url) << int(code) << word;
        };
        row("another scheme", "s3://bucket", ErrorCode::InvalidInput, "file:///absolute/path");
        row("a host", "file://host/dir", ErrorCode::InvalidInput, "three slashes");
        row("relative", "file://dir", ErrorCode::InvalidInput, "three slashes");
        row("unknown parameter", url() + "?tombstone&speed=fast", ErrorCode::InvalidInput, "'speed'");
        row("missing", "file:///no/such/folder", ErrorCode::NotFound, "/no/such/folder");
        row("a file", url() + "/file", ErrorCode::InvalidInput, "is no folder");
        row("below a file", url() + "/file/x", ErrorCode::NotFound, "there is no folder");
        row("percent-encoded", url() + "/with%20space", ErrorCode::NotFound, "without percent signs");
    }
    void aUrlThatIsNoneIsRefused()
    {
        QFETCH(QString, url);
        QFETCH(int, code);
        QFETCH(QString, word);
        const auto blob = FileBlob::open(url.toStdString(), {});
        QVERIFY(!blob);
        QCOMPARE(int(blob.error().code), code);
        QVERIFY2(blob.error().message.find(word.toStdString()) != std::string::npos, blob.error().message.c_str());
    }

    void aUrlIsTakenToTheLetter_data()
    {
        QTest::addColumn<QString>("name");
        QTest::addColumn<QString>("query");
        QTest::newRow("plain") << "plain"
                               << "";
        QTest::newRow("blank") << "with space"
                               << "";
        QTest::newRow("percent sign") << "a%20b"
                                      << "";
        QTest::newRow("hash") << "a#b"
                              << "";
        QTest::newRow("slash at the end") << "ends/"
                                          << "";
        QTest::newRow("tombstone") << "tomb"
                                   << "?tombstone";
        QTest::newRow("tombstone with a value") << "tomb"
                                                << "?tombstone=true";
        QTest::newRow("empty query") << "tomb"
                                     << "?";
    }
    void aUrlIsTakenToTheLetter()
    {
        QFETCH(QString, name);
        QFETCH(QString, query);
        std::filesystem::create_directory(path(name.toStdString()));
        QVERIFY(FileBlob::open(url() + "/" + name.toStdString() + query.toStdString(), {}));
        QVERIFY(FileBlob::open("file://localhost" + path(name.toStdString()) + query.toStdString(), {}));
    }

    void aLargeBlobComesBackWhole()
    {
        const std::string name = kShard + kSlash + "v3" + kSlash + "r" + kUuid;
        std::string text(9'000'001, '\0'); // above what is read at once, and above what gets huge pages
        for (std::size_t i = 0; i < text.size(); ++i)
            text[i] = static_cast<char>(i * 7 + i / 251);
        write(name, text);
        const auto blob = FileBlob::open(url(), {}).value()->get(kShard + "/v3/r" + kUuid, kJob);
        QVERIFY2(blob, blob ? "" : blob.error().describe().c_str());
        QVERIFY(*blob);
        QVERIFY(textOf((*blob)->view()) == text);
        const auto* end = (*blob)->data() + (*blob)->size();
        for (std::size_t i = 0; i < SharedBytes::kPadding; ++i)
            QVERIFY(end[i] == std::byte {0});
    }

    void aBlobLargerThanMemoryIsRefused()
    {
        const std::string name = kShard + kSlash + "v4" + kSlash + "r" + kUuid;
        write(name);
        std::error_code error;
        std::filesystem::resize_file(path(name), std::uintmax_t {1} << 43U,
                                     error); // sparse: eight terabytes of nothing
        if (error)
            std::filesystem::resize_file(path(name), std::uintmax_t {1} << 40U);
        std::stop_source stop;
        // Where the system promises such memory anyway, a Stop ends the reading.
        const Job job(stop.get_token());
        std::jthread later([&] {
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
            stop.request_stop();
        });
        const auto blob = FileBlob::open(url(), {}).value()->get(kShard + "/v4/r" + kUuid, job);
        QVERIFY(!blob);
        QVERIFY(blob.error().code == ErrorCode::Unavailable || blob.error().code == ErrorCode::Cancelled);
        std::filesystem::remove(path(name));
    }

    void aFolderThatVanishesIsNoEmptyFolder()
    {
        const auto folder = path("vanishing");
        std::filesystem::create_directory(folder);
        const auto blob = FileBlob::open("file://" + folder, {});
        QVERIFY(blob);
        QVERIFY(!(*blob)->get(kShard + "/v3/r" + kUuid, kJob).value());
        std::filesystem::remove(folder);
        const auto gone = (*blob)->get(kShard + "/v3/r" + kUuid, kJob);
        QVERIFY(!gone);
        QCOMPARE(gone.error().code, ErrorCode::Unavailable);
        QVERIFY(gone.error().message.find(folder) != std::string::npos);
        const auto listed = (*blob)->list("", kJob);
        QVERIFY(!listed);
        QCOMPARE(listed.error().code, ErrorCode::Unavailable);
    }

    void missingPermissionIsSaid()
    {
        const auto closed = path("closed");
        std::filesystem::create_directory(closed);
        std::filesystem::permissions(closed, std::filesystem::perms(0));
        const auto open = path("readable");
        std::filesystem::create_directory(open);
        const std::string name = kShard + kSlash + "v5" + kSlash + "r" + kUuid;
        write("readable/" + name);
        std::filesystem::permissions(open + "/" + name, std::filesystem::perms(0));
        const auto answer = path("answer");
        write("answer", "");
        std::filesystem::permissions(answer, std::filesystem::perms::all);
        const pid_t child = ::fork();
        if (child == 0) {
            if (::geteuid() == 0 && (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0))
                ::_exit(1);
            const auto noFolder = FileBlob::open("file://" + closed, {});
            const auto noFile = FileBlob::open("file://" + open, {}).value()->get(kShard + "/v5/r" + kUuid, kJob);
            std::ofstream(answer) << (noFolder ? "opened" : noFolder.error().message) << "\n"
                                  << (noFile ? "read" : noFile.error().message) << "\n";
            ::_exit(0);
        }
        test::waitFor(child);
        const auto said = test::contentOf(answer);
        QVERIFY(said);
        QVERIFY2(said->find("no permission to look into folder '" + closed) != std::string::npos, said->c_str());
        QVERIFY2(said->find("no permission to read blob " + kShard) != std::string::npos, said->c_str());
    }

    void readingLeavesTheFolderUntouched()
    {
        const auto folder = path("untouched");
        const auto content = test::oddContent();
        QVERIFY(test::writeBlobFolder(folder, *content));
        const auto first = folder + "/" + fileNameOfBlobKey(content->blobs.begin()->first);
        const auto before = test::stateOf(first);
        const auto blob = FileBlob::open("file://" + folder + "?tombstone", {});
        QVERIFY(blob);
        const auto listed = (*blob)->list("", kJob);
        QVERIFY(listed);
        QCOMPARE(listed->size(), content->blobs.size());
        for (const auto& listing : *listed)
            QVERIFY((*blob)->get(listing.key, kJob).value());
        QVERIFY(test::stateOf(first) == before);
    }
};

QTEST_GUILESS_MAIN(TestFileBlob)
#include "tst_file_blob.moc"
