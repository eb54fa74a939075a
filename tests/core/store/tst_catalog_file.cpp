#include "core/base/hex.h"
#include "core/store/catalog_file.h"
#include "core/store/location.h"
#include "tests/support/fixture.h"
#include "tests/support/process.h"
#include "tests/support/sample_content.h"

#include <QTemporaryDir>
#include <QtTest>

#include <sqlite3.h>
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

void write(const std::string& path, std::string_view text)
{
    std::ofstream(path, std::ios::binary | std::ios::trunc)
        .write(text.data(), static_cast<std::streamsize>(text.size()));
}

/// Reads everything that a catalog file has; the number of members, or the first failure.
Result<std::size_t> readAll(const std::string& path)
{
    INSPECTOR_TRY(const auto stores, openStores(Location::ofCatalogFile(path), {}, kJob));
    std::size_t members = 0;
    INSPECTOR_TRY(const auto keys, stores.consensus->listKeys(kJob));
    for (const auto& key : keys) {
        INSPECTOR_CHECK(stores.consensus->head(key, kJob));
        INSPECTOR_TRY(const auto versions, stores.consensus->scan(key, SeqNo(0), Consensus::kAll, kJob));
        members += versions.size();
    }
    INSPECTOR_TRY(const auto blobs, stores.blob->list("", kJob));
    for (const auto& blob : blobs) {
        INSPECTOR_TRY(const auto bytes, stores.blob->get(blob.key, kJob));
        if (!bytes || bytes->size() != blob.sizeBytes)
            return fail(ErrorCode::Corrupt, "blob " + blob.key + " has another size than it is listed with");
        ++members;
    }
    return members;
}

/// Runs `work` in a child that is nobody, who may read and write nothing of root's; what it returned. A failure comes
/// back through the file `answer`.
template <typename Work>
std::string asNobody(const std::string& answer, Work&& work)
{
    write(answer, "");
    std::filesystem::permissions(answer, std::filesystem::perms::all);
    const pid_t child = ::fork();
    if (child == 0) {
        if (::geteuid() == 0 && (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0))
            ::_exit(1);
        write(answer, work());
        ::_exit(0);
    }
    test::waitFor(child);
    return test::contentOf(answer).value_or("");
}

} // namespace

class TestCatalogFile : public QObject
{
    Q_OBJECT

private:
    QTemporaryDir m_folder;

    [[nodiscard]] std::string path(const std::string& name) const { return m_folder.path().toStdString() + "/" + name; }

    /// A fresh catalog file with the odd content.
    std::string oddFile(const std::string& name, const test::CatalogFileOptions& options = {}) const
    {
        const auto file = path(name);
        const auto written = test::writeCatalogFile(file, *test::oddContent(), options);
        if (!written)
            qFatal("%s", written.error().describe().c_str());
        return file;
    }

    static void smallShards()
    {
        QTest::addColumn<QString>("shard");
        for (const auto& shard : test::smallShards())
            QTest::newRow(shard.c_str()) << QString::fromStdString(shard);
    }

private slots:
    void initTestCase() { std::filesystem::permissions(m_folder.path().toStdString(), std::filesystem::perms(0755)); }

    // Reading leaves no trace.

    void readingLeavesAFixtureUntouched_data() { smallShards(); }
    void readingLeavesAFixtureUntouched()
    {
        QFETCH(QString, shard);
        const auto file = test::shardFile(shard.toStdString());
        QVERIFY(file);
        const auto before = test::stateOf(*file);
        const auto members = readAll(*file);
        QVERIFY2(members, members ? "" : members.error().describe().c_str());
        QVERIFY(*members > 5);
        QVERIFY(test::stateOf(*file) == before);
    }

    void readingLeavesAWritableFileInAWritableFolderUntouched()
    {
        const auto file = oddFile("untouched.mzcat");
        const auto before = test::stateOf(file);
        QVERIFY(readAll(file));
        QVERIFY(test::stateOf(file) == before);
    }

    void nothingLiesBesideTheFileWhileItIsOpen()
    {
        const auto file = oddFile("open.mzcat");
        const auto before = test::stateOf(file);
        const auto opened = CatalogFile::open(file, {}, kJob);
        QVERIFY(opened);
        QVERIFY(opened->listKeys(kJob));
        QVERIFY(test::stateOf(file) == before);
    }

    void aFileInWalModeThatIsCompleteIsReadWithoutATrace()
    {
        test::CatalogFileOptions options;
        options.writeAheadLog = true;
        const auto file = oddFile("wal.mzcat", options);
        const auto header = test::contentOf(file);
        QVERIFY(header);
        QCOMPARE(header->at(18), '\2'); // in WAL mode, and closed properly
        const auto before = test::stateOf(file);
        const auto members = readAll(file);
        QVERIFY2(members, members ? "" : members.error().describe().c_str());
        QVERIFY(test::stateOf(file) == before);
    }

    void aLiveWriteAheadLogIsExplained()
    {
        test::CatalogFileOptions options;
        options.writeAheadLog = true;
        const auto file = oddFile("live.mzcat", options);
        sqlite3* writer = nullptr;
        QCOMPARE(sqlite3_open(file.c_str(), &writer), SQLITE_OK);
        QCOMPARE(sqlite3_exec(writer, "INSERT INTO consensus VALUES ('s', 1, x'00')", nullptr, nullptr, nullptr),
                 SQLITE_OK);
        const auto before = test::stateOf(file);
        const auto opened = CatalogFile::open(file, {}, kJob);
        QVERIFY(!opened);
        QCOMPARE(opened.error().code, ErrorCode::Unavailable);
        QVERIFY2(opened.error().message.find("live.mzcat-wal") != std::string::npos, opened.error().message.c_str());
        QVERIFY(test::stateOf(file) == before);
        sqlite3_close(writer);
    }

    void aWriterInTheMiddleOfATransactionDoesNotDisturb()
    {
        const auto file = oddFile("busy.mzcat");
        sqlite3* writer = nullptr;
        QCOMPARE(sqlite3_open(file.c_str(), &writer), SQLITE_OK);
        QCOMPARE(sqlite3_exec(writer, "BEGIN IMMEDIATE; INSERT INTO consensus VALUES ('s-new', 1, x'00')", nullptr,
                              nullptr, nullptr),
                 SQLITE_OK);
        const auto opened = CatalogFile::open(file, {}, kJob);
        QVERIFY2(opened, opened ? "" : opened.error().describe().c_str());
        auto keys = opened->listKeys(kJob);
        QVERIFY2(keys, keys ? "" : keys.error().describe().c_str());
        QCOMPARE(keys->size(), std::size_t(2)); // not committed, so not there
        QCOMPARE(sqlite3_exec(writer, "COMMIT", nullptr, nullptr, nullptr), SQLITE_OK);
        keys = opened->listKeys(kJob);
        QVERIFY(keys);
        QCOMPARE(keys->size(), std::size_t(3)); // committed, so seen by the same reader
        sqlite3_close(writer);
    }

    void aWriteThatWasBrokenOffIsExplained()
    {
        const auto file = oddFile("hot.mzcat");
        const pid_t child = ::fork();
        if (child == 0) { // dies with pages written and a journal beside them
            sqlite3* writer = nullptr;
            sqlite3_open(file.c_str(), &writer);
            sqlite3_exec(writer, "PRAGMA synchronous=OFF; BEGIN; UPDATE blob SET data = zeroblob(100000)", nullptr,
                         nullptr, nullptr);
            sqlite3_db_cacheflush(writer);
            ::_exit(0);
        }
        test::waitFor(child);
        QVERIFY(std::filesystem::exists(file + "-journal"));
        const auto before = test::stateOf(file);
        const auto members = readAll(file);
        QVERIFY(!members);
        QCOMPARE(members.error().code, ErrorCode::Unavailable);
        QVERIFY2(members.error().message.find("hot.mzcat-journal") != std::string::npos,
                 members.error().message.c_str());
        QVERIFY(test::stateOf(file) == before);
    }

    void aFolderThatCannotBeWrittenIsReadBySomebodyElse()
    {
        const auto folder = path("closed");
        std::filesystem::create_directory(folder);
        const auto file = oddFile("closed/read.mzcat");
        std::filesystem::permissions(folder, std::filesystem::perms(0555));
        const auto before = test::stateOf(file);
        const auto answer = asNobody(path("answer"), [&] {
            const auto members = readAll(file);
            return members ? std::string("read") : members.error().describe();
        });
        std::filesystem::permissions(folder, std::filesystem::perms(0755));
        QCOMPARE(answer, std::string("read"));
        QCOMPARE(test::stateOf(file).sha256, before.sha256);
        QCOMPARE(test::stateOf(file).modifiedNs, before.modifiedNs);
    }

    // What happens to the file while it is open.

    void aFileThatWasReplacedIsOpenedAgain()
    {
        const auto file = oddFile("replaced.mzcat");
        const auto stores = openStores(Location::ofCatalogFile(file), {}, kJob);
        QVERIFY(stores);
        QCOMPARE(stores->consensus->head(test::kOtherShard, kJob).value()->seqno, SeqNo(17));
        auto newer = test::oddContent();
        newer->versions[test::kOtherShard][18] = {std::byte {1}};
        newer->blobs.clear();
        QVERIFY(test::writeCatalogFile(path("newer-capture.mzcat"), *newer));
        std::filesystem::rename(path("newer-capture.mzcat"), file);
        QCOMPARE(stores->consensus->head(test::kOtherShard, kJob).value()->seqno, SeqNo(18));
        QVERIFY(stores->blob->list("", kJob).value().empty());
        std::filesystem::remove(file);
        const auto gone = stores->consensus->head(test::kOtherShard, kJob);
        QVERIFY(!gone);
        QCOMPARE(gone.error().code, ErrorCode::NotFound);
        write(file, "no catalog any more");
        const auto other = stores->blob->list("", kJob);
        QVERIFY(!other);
        QCOMPARE(other.error().code, ErrorCode::Corrupt);
    }

    void aFileWithoutLocksThatIsWrittenAfterAllIsExplained()
    {
        test::CatalogFileOptions options;
        options.writeAheadLog = true;
        const auto file = oddFile("awakes.mzcat", options);
        const auto opened = CatalogFile::open(file, {}, kJob);
        QVERIFY(opened);
        QVERIFY(opened->head(test::kOtherShard, kJob).value());
        sqlite3* writer = nullptr;
        QCOMPARE(sqlite3_open(file.c_str(), &writer), SQLITE_OK);
        QCOMPARE(sqlite3_exec(
                     writer, "UPDATE consensus SET sequence_number = 19 WHERE shard LIKE '%b' AND sequence_number = 17",
                     nullptr, nullptr, nullptr),
                 SQLITE_OK);
        const auto during = opened->head(test::kOtherShard, kJob);
        QVERIFY(!during);
        QCOMPARE(during.error().code, ErrorCode::Unavailable);
        sqlite3_close(writer); // moves the log into the file
        const auto after = opened->head(test::kOtherShard, kJob);
        QVERIFY2(after, after ? "" : after.error().describe().c_str());
        QCOMPARE((*after)->seqno, SeqNo(19));
    }

    void aFileThatIsCutOffUnderAReaderIsReported()
    {
        const auto file = oddFile("cut.mzcat");
        const auto stores = openStores(Location::ofCatalogFile(file), {}, kJob);
        QVERIFY(stores);
        const auto content = test::oddContent();
        QVERIFY(stores->blob->get(content->blobs.begin()->first, kJob));
        std::filesystem::resize_file(file, 3 * 4096 + 5);
        const auto blob = stores->blob->get(content->blobs.begin()->first, kJob);
        QVERIFY(!blob);
        QCOMPARE(blob.error().code, ErrorCode::Corrupt);
        QVERIFY2(blob.error().message.find("cut.mzcat") != std::string::npos, blob.error().message.c_str());
    }

    void aWriterThatHoldsTheFileIsWaitedForUntilAStop()
    {
        const auto file = oddFile("held.mzcat");
        const auto opened = CatalogFile::open(file, {}, kJob);
        QVERIFY(opened);
        sqlite3* writer = nullptr;
        QCOMPARE(sqlite3_open(file.c_str(), &writer), SQLITE_OK);
        QCOMPARE(sqlite3_exec(writer, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr), SQLITE_OK);
        std::stop_source stop;
        {
            const std::jthread later([&] {
                std::this_thread::sleep_for(std::chrono::milliseconds(100));
                stop.request_stop();
            });
            const auto head = opened->head(test::kOtherShard, Job(stop.get_token()));
            QVERIFY(!head);
            QCOMPARE(head.error().code, ErrorCode::Cancelled);
        }
        std::jthread done([&] {
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
            sqlite3_exec(writer, "COMMIT", nullptr, nullptr, nullptr);
        });
        const auto head = opened->head(test::kOtherShard, kJob);
        QVERIFY2(head, head ? "" : head.error().describe().c_str());
        done.join();
        sqlite3_close(writer);
    }

    // What is no catalog file gets one clear message.

    void aFileThatIsNoneIsNamedForWhatItIs_data()
    {
        QTest::addColumn<QString>("file");
        QTest::addColumn<int>("code");
        QTest::addColumn<QStringList>("words");
        const auto row = [&](const char* name, const std::string& file, ErrorCode code, const QStringList& words) {
            QTest::newRow(name) << QString::fromStdString(path(file)) << int(code) << words;
        };
        row("missing", "missing.mzcat", ErrorCode::NotFound, {"there is no file"});
        row("in a missing folder", "nowhere/missing.mzcat", ErrorCode::NotFound, {"there is no file"});
        std::filesystem::create_directory(path("folder.mzcat"));
        row("folder", "folder.mzcat", ErrorCode::InvalidInput, {"is a folder"});
        write(path("empty.mzcat"), "");
        row("empty", "empty.mzcat", ErrorCode::Corrupt, {"is empty"});
        write(path("text.mzcat"), "dear diary,\ntoday I made a catalog\n");
        row("text", "text.mzcat", ErrorCode::Corrupt, {"is no catalog file", "text"});
        write(path("binary.mzcat"), std::string("PAR1\0\1\2\3", 8) + std::string(200, '\0'));
        row("Parquet", "binary.mzcat", ErrorCode::Corrupt, {"is no catalog file"});
        write(path("packed.mzcat"),
              std::string("\xFD"
                          "7zXZ\0\0\4",
                          8));
        row("xz", "packed.mzcat", ErrorCode::Corrupt, {"compressed", "xz -d"});
        write(path("packed2.mzcat"), "\x1F\x8B\x08 and more");
        row("gzip", "packed2.mzcat", ErrorCode::Corrupt, {"compressed", "gzip -d"});
        write(path("stub.mzcat"), "SQLite for");
        row("ends in its first line", "stub.mzcat", ErrorCode::Corrupt, {"truncated"});
        const auto whole = test::contentOf(oddFile("whole.mzcat"));
        write(path("stub2.mzcat"), whole->substr(0, 60));
        row("ends in its header", "stub2.mzcat", ErrorCode::Corrupt, {"truncated", "header"});
        write(path("half.mzcat"), whole->substr(0, whole->size() / 2));
        row("half of it", "half.mzcat", ErrorCode::Corrupt, {"truncated", std::to_string(whole->size()).c_str()});
        write(path("most.mzcat"), whole->substr(0, whole->size() - 1));
        row("one byte short", "most.mzcat", ErrorCode::Corrupt, {"truncated"});
        sqlite3* other = nullptr;
        sqlite3_open(path("foreign.mzcat").c_str(), &other);
        sqlite3_exec(other, "CREATE TABLE bookmarks (url TEXT)", nullptr, nullptr, nullptr);
        sqlite3_close(other);
        row("another program's database", "foreign.mzcat", ErrorCode::Corrupt, {"SQLite database of another program"});
        test::CatalogFileOptions newer;
        newer.schemaVersion = 3;
        oddFile("newer.mzcat", newer);
        row("newer schema", "newer.mzcat", ErrorCode::Unsupported, {"version 3", "version 1"});
        oddFile("noblob.mzcat");
        QVERIFY(test::changeDatabase(path("noblob.mzcat"), "DROP TABLE blob"));
        row("no table blob", "noblob.mzcat", ErrorCode::Corrupt, {"damaged catalog file", "table blob"});
        oddFile("view.mzcat");
        QVERIFY(test::changeDatabase(path("view.mzcat"),
                                     "ALTER TABLE blob RENAME TO b; CREATE VIEW blob AS "
                                     "SELECT key, data FROM b"));
        row("view in place of a table", "view.mzcat", ErrorCode::Corrupt, {"table blob"});
    }
    void aFileThatIsNoneIsNamedForWhatItIs()
    {
        QFETCH(QString, file);
        QFETCH(int, code);
        QFETCH(QStringList, words);
        const auto opened = CatalogFile::open(file.toStdString(), {}, kJob);
        QVERIFY(!opened);
        const auto message = opened.error().describe();
        QVERIFY2(int(opened.error().code) == code, message.c_str());
        QVERIFY2(message.find(file.toStdString()) != std::string::npos, message.c_str());
        for (const auto& word : words)
            QVERIFY2(message.find(word.toStdString()) != std::string::npos, message.c_str());
        // The same through the front door.
        const auto stores = openStores(Location::ofCatalogFile(file.toStdString()), {}, kJob);
        QVERIFY(!stores);
        QCOMPARE(stores.error().message, opened.error().message);
    }

    void aFileWithoutPermissionSaysSo()
    {
        const auto file = oddFile("private.mzcat");
        std::filesystem::permissions(file, std::filesystem::perms(0));
        const auto answer = asNobody(path("answer"), [&] {
            const auto opened = CatalogFile::open(file, {}, kJob);
            if (opened)
                return std::string("opened");
            return std::to_string(int(opened.error().code)) + opened.error().message;
        });
        QVERIFY2(answer.starts_with(std::to_string(int(ErrorCode::Unavailable))), answer.c_str());
        QVERIFY2(answer.find("no permission to read") != std::string::npos, answer.c_str());
    }

    void aPageOfNonsenseIsReportedAndTheRestStaysReadable()
    {
        const auto file = oddFile("nonsense.mzcat");
        auto bytes = *test::contentOf(file);
        // The pages of the three-megabyte blob are the last ones; none of the others' rows is in them.
        const auto page = bytes.size() - 4096 * 20;
        bytes.replace(page, 4, "\xFF\xFF\xFF\xFF");
        write(file, bytes);
        const auto opened = CatalogFile::open(file, {}, kJob);
        QVERIFY2(opened, opened ? "" : opened.error().describe().c_str());
        std::size_t broken = 0;
        std::size_t whole = 0;
        const auto content = test::oddContent();
        for (const auto& [key, expected] : content->blobs) {
            const auto blob = opened->get(key, kJob);
            if (blob && *blob
                && std::equal(expected.view().begin(), expected.view().end(), (*blob)->view().begin(),
                              (*blob)->view().end())) {
                ++whole;
                continue;
            }
            QVERIFY2(!blob, key.c_str());
            QCOMPARE(blob.error().code, ErrorCode::Corrupt);
            QVERIFY2(blob.error().message.find(key) != std::string::npos, blob.error().message.c_str());
            ++broken;
        }
        QCOMPARE(broken, std::size_t(1));
        QCOMPARE(whole, std::size_t(4));
        const auto integrity = opened->checkIntegrity(kJob);
        QVERIFY(!integrity);
        QCOMPARE(integrity.error().code, ErrorCode::Corrupt);
        QVERIFY(integrity.error().message.find("is damaged") != std::string::npos);
    }

    void aRowThatBreaksTheRulesIsCorrupt()
    {
        const auto file = oddFile("rules.mzcat");
        QVERIFY(test::changeDatabase(file,
                                     "INSERT INTO consensus VALUES ('s-negative', -7, x'00'), ('s-text', 'abc', x'00'),"
                                     " ('s-number', 1, 12); INSERT INTO blob VALUES ('b-number', 12)"));
        const auto opened = CatalogFile::open(file, {}, kJob);
        QVERIFY(opened);
        for (const auto* key : {"s-negative", "s-text", "s-number"}) {
            const auto head = opened->head(key, kJob);
            QVERIFY2(!head, key);
            QCOMPARE(head.error().code, ErrorCode::Corrupt);
            QVERIFY2(head.error().message.find(key) != std::string::npos, head.error().message.c_str());
        }
        const auto blob = opened->get("b-number", kJob);
        QVERIFY(!blob);
        QCOMPARE(blob.error().code, ErrorCode::Corrupt);
    }

    // Oddities that do not matter.

    void anotherApplicationIdIsAWarning()
    {
        test::CatalogFileOptions options;
        options.applicationId = 0;
        options.schemaVersion = 9; // another program's number means nothing here
        const auto stores = openStores(Location::ofCatalogFile(oddFile("otherid.mzcat", options)), {}, kJob);
        QVERIFY2(stores, stores ? "" : stores.error().describe().c_str());
        QCOMPARE(stores->warnings.size(), std::size_t(1));
        QVERIFY2(stores->warnings.front().find("application id 0x00000000 instead of 0x4d5a4341") != std::string::npos,
                 stores->warnings.front().c_str());
        QVERIFY(stores->consensus->head(test::kOddShard, kJob).value().has_value());
    }

    void aRealCatalogFileHasNoWarnings_data() { smallShards(); }
    void aRealCatalogFileHasNoWarnings()
    {
        QFETCH(QString, shard);
        const auto opened = CatalogFile::open(*test::shardFile(shard.toStdString()), {}, kJob);
        QVERIFY(opened);
        QVERIFY(opened->warnings().empty());
        QVERIFY(opened->checkIntegrity(kJob));
        const auto manifest = opened->manifest(kJob);
        QVERIFY(manifest);
        QVERIFY(std::count(manifest->begin(), manifest->end(), ManifestEntry {"format", "catalog-inspector/1"}) == 1);
    }

    void unknownTablesAndNamesAreKeptAndIgnored()
    {
        test::CatalogFileOptions options;
        options.members = {{"weather", "fine"}, {"environment_id", "aws-us-east-1-…-0"}};
        const auto file = oddFile("extra.mzcat", options);
        QVERIFY(test::changeDatabase(file, "CREATE TABLE extra (x); ALTER TABLE blob ADD COLUMN colour TEXT"));
        const auto opened = CatalogFile::open(file, {}, kJob);
        QVERIFY(opened);
        QVERIFY(opened->warnings().empty());
        const auto manifest = opened->manifest(kJob);
        QVERIFY(manifest);
        const std::vector<ManifestEntry> expected {
            {"environment_id", "aws-us-east-1-…-0"}, {"format", "catalog-inspector/1"}, {"weather", "fine"}};
        QVERIFY(*manifest == expected);
        QVERIFY(readAll(file));
    }

    void aFileWithoutAManifestOpens()
    {
        test::CatalogFileOptions options;
        options.manifest = false;
        const auto opened = CatalogFile::open(oddFile("bare.mzcat", options), {}, kJob);
        QVERIFY(opened);
        const auto manifest = opened->manifest(kJob);
        QVERIFY(manifest);
        QVERIFY(manifest->empty());
    }

    void anyPathCanBeOpened_data()
    {
        QTest::addColumn<QString>("name");
        for (const auto* name :
             {"plain.mzcat", "with space.mzcat", "per%20cent.mzcat", "100%.mzcat", "what?.mzcat", "hash#tag.mzcat",
              "mode=rw&x.mzcat", "grüße.mzcat", "colon:name.mzcat", "no ending", "quote'd.mzcat", "a@b.mzcat"})
            QTest::newRow(name) << QString::fromUtf8(name);
    }
    void anyPathCanBeOpened()
    {
        QFETCH(QString, name);
        const auto file = oddFile(name.toStdString());
        const auto location = Location::ofCatalogFile(file);
        QCOMPARE(location.consensusUrl, location.blobUrl);
        const auto stores = openStores(location, {}, kJob);
        QVERIFY2(stores, stores ? "" : stores.error().describe().c_str());
        QCOMPARE(stores->consensus->description(), "catalog file " + file);
        QVERIFY(stores->blob->list("", kJob).value().size() == 5);
        // Dropped from a file manager it is a URL.
        const auto dropped =
            Location::ofCatalogFile(QUrl::fromLocalFile(QString::fromStdString(file)).toEncoded().toStdString());
        QVERIFY(openStores(dropped, {}, kJob));
    }

    // The digest.

    void theDigestIsTheOneOfTheFormatPage()
    {
        // By hand: u64le(len(key)) key u64le(seqno) u64le(len(data)) sha256(data), versions before blobs.
        MemoryContent content;
        content.versions["s1"][-1] = {};
        content.versions["s1"][2] = {std::byte {0xAB}};
        content.blobs["k"] = SharedBytes::copyOf(bytesOf("blob"));
        std::string bytes;
        const auto number = [&](std::uint64_t value) {
            for (int i = 0; i < 8; ++i)
                bytes += static_cast<char>((value >> (8 * i)) & 0xFFU);
        };
        const auto member = [&](const std::string& key, std::uint64_t seqno, const std::string& data) {
            number(key.size());
            bytes += key;
            number(seqno);
            number(data.size());
            const auto digest = sha256(bytesOf(data));
            bytes += textOf(digest);
        };
        member("s1", ~std::uint64_t {0}, "");
        member("s1", 2, "\xAB");
        member("k", 0, "blob");
        const auto expected = toHex(sha256(bytesOf(bytes)));

        const auto file = path("digest.mzcat");
        QVERIFY(test::writeCatalogFile(file, content));
        const auto check = CatalogFile::open(file, {}, kJob).value().checkDigest(kJob);
        QVERIFY2(check, check ? "" : check.error().describe().c_str());
        QCOMPARE(check->computed, expected);
        QVERIFY(!check->recorded);
        QVERIFY(check->matches());
    }

    void aDigestThatDiffersIsReportedAndTheFileStillOpens()
    {
        auto file = oddFile("recorded.mzcat");
        const auto right = CatalogFile::open(file, {}, kJob).value().checkDigest(kJob);
        QVERIFY(right);
        test::CatalogFileOptions options;
        options.members = {{"digest", right->computed}};
        file = oddFile("recorded.mzcat", options);
        QVERIFY(CatalogFile::open(file, {}, kJob).value().checkDigest(kJob).value().matches());
        QVERIFY(test::changeDatabase(file, "UPDATE consensus SET data = x'00' WHERE sequence_number = 17"));
        const auto opened = CatalogFile::open(file, {}, kJob);
        QVERIFY(opened);
        const auto check = opened->checkDigest(kJob);
        QVERIFY(check);
        QVERIFY(!check->matches());
        QCOMPARE(*check->recorded, right->computed);
    }

    void theMembersOfAFixtureHaveTheSameDigestInMemory()
    {
        const auto file = *test::shardFile("old-log");
        const auto content = test::contentOfCatalogFile(file);
        QVERIFY(content);
        MemberDigest digest;
        for (const auto& [shard, versions] : (*content)->versions)
            for (const auto& [number, data] : versions)
                digest.addVersion(shard, number, data);
        for (const auto& [key, bytes] : (*content)->blobs)
            digest.addBlob(key, bytes.view());
        QCOMPARE(CatalogFile::open(file, {}, kJob).value().checkDigest(kJob).value().computed, digest.finish());
    }
};

QTEST_GUILESS_MAIN(TestCatalogFile)
#include "tst_catalog_file.moc"
