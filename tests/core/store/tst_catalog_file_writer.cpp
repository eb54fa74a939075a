#include "core/store/catalog_file_writer.h"
#include "core/store/writable_location.h"
#include "tests/core/store/faulty_disk.h"
#include "tests/support/fixture.h"
#include "tests/support/process.h"
#include "tests/support/sample_content.h"

#include <QTemporaryDir>
#include <QtTest>

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stop_token>
#include <thread>

using namespace inspector;
using namespace inspector::store;

namespace {

const Job kJob;
constexpr uid_t kNobody = 65534;
const std::string kShard = "s00000000-0000-0000-0000-0000000000aa";
const std::string kPart = kShard + "/n2603900/p00000000-0000-0000-0000-0000000000c2";

VersionedData version(std::uint64_t seqno, std::string_view text)
{
    const auto view = bytesOf(text);
    return {SeqNo(seqno), Bytes(view.begin(), view.end())};
}

template <typename T>
T valueOf(Result<T> result)
{
    if (!result)
        qFatal("%s", result.error().describe().c_str());
    return *std::move(result);
}

std::unique_ptr<CatalogFileConsensusWriter> openWriter(const std::string& file)
{
    return valueOf(CatalogFileConsensusWriter::open(file, {}, kJob));
}

/// The seqno of the newest version, as one who only reads sees it; -1 when there is none.
std::int64_t headOf(const std::string& file)
{
    const auto stores = valueOf(openStores(Location::ofCatalogFile(file), {}, kJob));
    const auto head = valueOf(stores.consensus->head(kShard, kJob));
    return head ? static_cast<std::int64_t>(head->seqno.value()) : -1;
}

std::vector<std::string> filesBeside(const std::string& file)
{
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(file).parent_path()))
        names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
}

/// Runs SQL on a plain connection that waits for nobody; SQLite's code, and the rows as "a|b c|d".
int runSql(const std::string& file, const std::string& sql, std::string* rows = nullptr)
{
    sqlite3* handle = nullptr;
    sqlite3_open(file.c_str(), &handle);
    const int code = sqlite3_exec(
        handle, sql.c_str(),
        [](void* to, int count, char** values, char**) {
            auto* text = static_cast<std::string*>(to);
            for (int i = 0; text && i < count; ++i)
                *text += (i > 0 ? "|" : text->empty() ? "" : " ") + std::string(values[i] ? values[i] : "NULL");
            return 0;
        },
        rows, nullptr);
    sqlite3_close(handle);
    return code;
}

std::string rowsOf(const std::string& file, const std::string& sql)
{
    std::string rows;
    if (runSql(file, sql, &rows) != SQLITE_OK)
        return "refused";
    return rows;
}

/// Whether another process would find the write lock of SQLite taken (its file format, "PENDING_BYTE" and after).
bool isReservedForOthers(const std::string& file)
{
    const pid_t child = ::fork();
    if (child == 0) {
        struct flock lock
        {
        };
        lock.l_type = F_WRLCK;
        lock.l_whence = SEEK_SET;
        lock.l_start = 0x40000001;
        lock.l_len = 1;
        ::_exit(::fcntl(::open(file.c_str(), O_RDWR), F_GETLK, &lock) != 0 ? 2 : lock.l_type == F_UNLCK ? 0 : 1);
    }
    const int code = test::waitFor(child);
    if (code != 0 && code != 1)
        qFatal("the lock cannot be looked at");
    return code == 1;
}

} // namespace

class TestCatalogFileWriter : public QObject
{
    Q_OBJECT

private:
    QTemporaryDir m_folder;
    int m_files = 0;

    /// A path in a new folder.
    std::string freshPath()
    {
        const auto folder = m_folder.path().toStdString() + "/" + std::to_string(++m_files);
        std::filesystem::create_directory(folder);
        std::filesystem::permissions(folder, std::filesystem::perms(0755));
        return folder + "/c.mzcat";
    }
    std::string freshFile()
    {
        const auto file = freshPath();
        if (!valueOf(createCatalogFile(file, {}, kJob)))
            qFatal("a file is there already");
        return file;
    }

private slots:
    void initTestCase()
    {
        FaultyDisk::install();
        std::filesystem::permissions(m_folder.path().toStdString(), std::filesystem::perms(0755));
    }
    void cleanup() { FaultyDisk::disarm(); }

    // Making a file.

    void aNewFileHasTheSchemaOfTheFormatPage()
    {
        const auto file = freshFile();
        QCOMPARE(rowsOf(file, "PRAGMA application_id"), std::to_string(0x4D5A4341));
        QCOMPARE(rowsOf(file, "PRAGMA user_version"), std::string("1"));
        QCOMPARE(rowsOf(file, "PRAGMA journal_mode"), std::string("delete"));
        QCOMPARE(rowsOf(file,
                        "SELECT group_concat(name, ' ') FROM (SELECT name FROM sqlite_master WHERE type = 'table' "
                        "ORDER BY name)"),
                 std::string("blob consensus manifest"));
        QCOMPARE(rowsOf(file, "SELECT name, type, \"notnull\", pk FROM pragma_table_info('consensus')"),
                 std::string("shard|TEXT|1|1 sequence_number|INTEGER|1|2 data|BLOB|1|0"));
        QCOMPARE(rowsOf(file, "SELECT name, type, \"notnull\", pk FROM pragma_table_info('blob')"),
                 std::string("key|TEXT|1|1 data|BLOB|1|0"));
        QCOMPARE(rowsOf(file, "SELECT name, type, \"notnull\", pk FROM pragma_table_info('manifest')"),
                 std::string("name|TEXT|1|1 value|TEXT|1|0"));
        const auto manifest = valueOf(valueOf(CatalogFile::open(file, {}, kJob)).manifest(kJob));
        QCOMPARE(manifest.size(), std::size_t(2));
        QVERIFY(manifest[0] == (ManifestEntry {"format", "catalog-inspector/1"}));
        QCOMPARE(manifest[1].name, std::string("tool_version"));
        QVERIFY(!manifest[1].value.empty());
        QVERIFY(valueOf(CatalogFile::open(file, {}, kJob)).warnings().empty());
        QVERIFY(filesBeside(file) == std::vector<std::string> {"c.mzcat"});
    }

    void aFileThatIsThereIsNotMadeAgain()
    {
        const auto file = freshFile();
        QVERIFY(openWriter(file)->compareAndSet(kShard, {}, version(0, "a"), kJob));
        const auto before = test::stateOf(file);
        QCOMPARE(valueOf(createCatalogFile(file, {}, kJob)), false);
        QVERIFY(openWritableStores(Location::ofCatalogFile(file), {}, kJob, {true}));
        QVERIFY(test::stateOf(file) == before);
        std::ofstream(file + ".txt") << "a letter";
        const auto other = openWritableStores(Location::ofCatalogFile(file + ".txt"), {}, kJob, {true});
        QVERIFY(!other);
        QCOMPARE(other.error().code, ErrorCode::Corrupt);
        QCOMPARE(test::contentOf(file + ".txt").value(), std::string("a letter"));
    }

    void withoutBeingAskedNoFileIsMade()
    {
        const auto file = freshPath();
        const auto stores = openWritableStores(Location::ofCatalogFile(file), {}, kJob);
        QVERIFY(!stores);
        QCOMPARE(stores.error().code, ErrorCode::NotFound);
        QVERIFY(filesBeside(file).empty());
        const auto nowhere = createCatalogFile(file + "/below.mzcat", {}, kJob);
        QVERIFY(!nowhere);
        QCOMPARE(nowhere.error().code, ErrorCode::NotFound);
    }

    void threadsThatMakeOneFileShareIt()
    {
        const auto file = freshPath();
        std::atomic<int> made = 0;
        std::atomic<int> failures = 0;
        {
            std::vector<std::jthread> threads;
            for (int i = 0; i < 4; ++i)
                threads.emplace_back([&] {
                    const auto outcome = createCatalogFile(file, {}, kJob);
                    made += outcome && *outcome ? 1 : 0;
                    failures += outcome ? 0 : 1;
                });
        }
        QCOMPARE(failures.load(), 0);
        QCOMPARE(made.load(), 1);
        QVERIFY(filesBeside(file) == std::vector<std::string> {"c.mzcat"});
        QVERIFY(openWriter(file));
    }

    void aKillLeavesAWholeFileOrNone()
    {
        for (std::size_t call = 1;; ++call) {
            const auto file = freshPath();
            const pid_t child = ::fork();
            if (child == 0) {
                FaultyDisk::arm(DiskFault::Kill, call);
                ::_exit(createCatalogFile(file, {}, kJob).has_value() ? 0 : 1);
            }
            const int code = test::waitFor(child);
            QVERIFY(code == 0 || code == 9);
            if (std::filesystem::exists(file))
                QVERIFY2(openWriter(file), std::to_string(call).c_str());
            QCOMPARE(std::filesystem::exists(file), code == 0);
            if (code == 0) {
                QVERIFY(call > 5);
                break;
            }
        }
    }

    // Beside those who read.

    void aWriteLeavesNothingBesideTheFile()
    {
        const auto file = freshFile();
        const auto stores = valueOf(openWritableStores(Location::ofCatalogFile(file), {}, kJob));
        QVERIFY(stores.consensus->compareAndSet(kShard, {}, version(0, "a"), kJob));
        QVERIFY(stores.blob->set(kPart, bytesOf("rows"), kJob));
        QVERIFY(stores.consensus->compareAndSet(kShard, {}, version(0, "b"), kJob).value() == CasOutcome::Mismatch);
        QVERIFY(filesBeside(file) == std::vector<std::string> {"c.mzcat"}); // while the writer is open
        QCOMPARE(headOf(file), std::int64_t(0));
    }

    void whoeverReadsSeesEveryVersion()
    {
        const auto file = freshFile();
        const auto reader = valueOf(openStores(Location::ofCatalogFile(file), {}, kJob));
        const auto writer = openWriter(file);
        QVERIFY(!reader.consensus->head(kShard, kJob).value());
        QVERIFY(writer->compareAndSet(kShard, {}, version(0, "a"), kJob));
        QCOMPARE(reader.consensus->head(kShard, kJob).value()->seqno, SeqNo(0));
        QVERIFY(writer->compareAndSet(kShard, SeqNo(0), version(1, "b"), kJob));
        QCOMPARE(reader.consensus->head(kShard, kJob).value()->seqno, SeqNo(1));
    }

    void aCompareAndSetIsOneImmediateTransaction()
    {
        const auto file = freshFile();
        const auto log = std::make_shared<ActivityLog>();
        const auto writer = valueOf(CatalogFileConsensusWriter::open(file, log, kJob));
        const auto statements = [&](std::uint64_t after) {
            std::vector<std::string_view> texts;
            for (const auto& entry : log->since(after))
                for (const auto& [statement, sql] : writeStatements())
                    if (entry.statement == sql)
                        texts.push_back(sql);
            return texts;
        };
        auto before = log->totals().statements;
        QVERIFY(writer->compareAndSet(kShard, {}, version(0, "a"), kJob));
        QVERIFY(statements(before)
                == (std::vector {sqlOf(WriteStatement::FileBegin), sqlOf(WriteStatement::FileAppend),
                                 sqlOf(WriteStatement::FileCommit)}));
        QCOMPARE(log->totals().statements, before + 3);
        before = log->totals().statements;
        QVERIFY(writer->compareAndSet(kShard, {}, version(0, "a"), kJob));
        QVERIFY(statements(before)
                == (std::vector {sqlOf(WriteStatement::FileBegin), sqlOf(WriteStatement::FileAppend),
                                 sqlOf(WriteStatement::FileRollback)}));
    }

    void openingTheFileInTheSameProcessDropsNoLock()
    {
        // Closing any descriptor of a file would drop every lock that this process has on it.
        const auto file = freshFile();
        const auto writer = valueOf(SqliteWriter::open(file, {}, kJob, {}));
        bool before = false;
        bool after = false;
        const auto done = writer->transaction(kJob, [&]() -> Result<bool> {
            before = isReservedForOthers(file);
            static_cast<void>(CatalogFile::open(file, {}, kJob));
            static_cast<void>(openStores(Location::ofCatalogFile(file), {}, kJob));
            static_cast<void>(CatalogFileConsensusWriter::open(file, {}, kJob));
            after = isReservedForOthers(file);
            return false;
        });
        QVERIFY(done);
        QVERIFY(before);
        QVERIFY(after);
        QVERIFY(!isReservedForOthers(file));
    }

    void whoComesSecondWaits()
    {
        const auto file = freshFile();
        sqlite3* other = nullptr;
        QCOMPARE(sqlite3_open(file.c_str(), &other), SQLITE_OK);
        QCOMPARE(sqlite3_exec(other, "BEGIN IMMEDIATE; INSERT INTO blob VALUES ('x', 'y')", nullptr, nullptr, nullptr),
                 SQLITE_OK);
        std::atomic<bool> isDone = false;
        Result<CasOutcome> outcome = fail(ErrorCode::Internal, "not asked");
        {
            const std::jthread ours([&] {
                outcome = openWriter(file)->compareAndSet(kShard, {}, version(0, "a"), kJob);
                isDone = true;
            });
            std::this_thread::sleep_for(std::chrono::milliseconds(60));
            QVERIFY(!isDone);
            QCOMPARE(sqlite3_exec(other, "COMMIT", nullptr, nullptr, nullptr), SQLITE_OK);
        }
        sqlite3_close(other);
        QVERIFY2(outcome, outcome ? "" : outcome.error().describe().c_str());
        QVERIFY(*outcome == CasOutcome::Committed);
    }

    void aReaderInTheMiddleIsWaitedFor()
    {
        const auto file = freshFile();
        QVERIFY(openWriter(file)->compareAndSet(kShard, {}, version(0, "a"), kJob));
        sqlite3* other = nullptr;
        QCOMPARE(sqlite3_open(file.c_str(), &other), SQLITE_OK);
        sqlite3_stmt* reading = nullptr;
        sqlite3_prepare_v2(other, "SELECT * FROM consensus", -1, &reading, nullptr);
        QCOMPARE(sqlite3_step(reading), SQLITE_ROW); // holds its lock until it is reset
        std::atomic<bool> isDone = false;
        Result<CasOutcome> outcome = fail(ErrorCode::Internal, "not asked");
        {
            const std::jthread ours([&] {
                outcome = openWriter(file)->compareAndSet(kShard, SeqNo(0), version(1, "b"), kJob);
                isDone = true;
            });
            std::this_thread::sleep_for(std::chrono::milliseconds(60));
            QVERIFY(!isDone);
            sqlite3_finalize(reading);
        }
        sqlite3_close(other);
        QVERIFY2(outcome, outcome ? "" : outcome.error().describe().c_str());
        QVERIFY(*outcome == CasOutcome::Committed);
    }

    void aStopEndsTheWaitForAnotherWriter()
    {
        const auto file = freshFile();
        const auto writer = openWriter(file);
        sqlite3* other = nullptr;
        QCOMPARE(sqlite3_open(file.c_str(), &other), SQLITE_OK);
        QCOMPARE(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
        std::stop_source stop;
        const std::jthread later([&] {
            std::this_thread::sleep_for(std::chrono::milliseconds(60));
            stop.request_stop();
        });
        const auto outcome = writer->compareAndSet(kShard, {}, version(0, "a"), Job(stop.get_token()));
        sqlite3_close(other);
        QVERIFY(!outcome);
        QCOMPARE(outcome.error().code, ErrorCode::Cancelled);
        QVERIFY(!outcome.error().outcomeUnknown);
        QVERIFY(writer->compareAndSet(kShard, {}, version(0, "a"), kJob).value() == CasOutcome::Committed);
    }

    // The file that the path leads to.

    void aFileThatWasReplacedIsTheOneThatIsWritten()
    {
        const auto file = freshFile();
        const auto writer = openWriter(file);
        QVERIFY(writer->compareAndSet(kShard, {}, version(0, "a"), kJob));
        const auto other = freshFile();
        QVERIFY(openWriter(other)->compareAndSet(kShard, {}, version(1, "x"), kJob));
        std::filesystem::rename(other, file);
        QVERIFY(writer->compareAndSet(kShard, SeqNo(0), version(1, "b"), kJob).value() == CasOutcome::Mismatch);
        QVERIFY(writer->compareAndSet(kShard, SeqNo(1), version(2, "c"), kJob).value() == CasOutcome::Committed);
        QCOMPARE(headOf(file), std::int64_t(2));
        QCOMPARE(writer->head(kShard, kJob).value()->seqno, SeqNo(2));
    }

    void aFileThatIsGoneIsNotMadeAgain()
    {
        const auto file = freshFile();
        const auto writer = openWriter(file);
        std::filesystem::remove(file);
        const auto outcome = writer->compareAndSet(kShard, {}, version(0, "a"), kJob);
        QVERIFY(!outcome);
        QCOMPARE(outcome.error().code, ErrorCode::NotFound);
        QVERIFY(filesBeside(file).empty());
    }

    void aFileInWalModeLeavesIt()
    {
        const auto file = freshPath();
        test::CatalogFileOptions options;
        options.writeAheadLog = true;
        QVERIFY(test::writeCatalogFile(file, *test::oddContent(), options));
        {
            const auto writer = openWriter(file);
            QVERIFY(writer->compareAndSet(kShard, {}, version(0, "a"), kJob));
        }
        QCOMPARE(rowsOf(file, "PRAGMA journal_mode"), std::string("delete"));
        QVERIFY(filesBeside(file) == std::vector<std::string> {"c.mzcat"});
        QCOMPARE(headOf(file), std::int64_t(0));
    }

    void aFileThatThisBuildMustNotWriteStaysAsItIs_data()
    {
        QTest::addColumn<QString>("make");
        QTest::addColumn<int>("code");
        QTest::newRow("newer schema") << "PRAGMA user_version = 2" << int(ErrorCode::Unsupported);
        QTest::newRow("another program's tables")
            << "DROP TABLE blob; PRAGMA application_id = 7" << int(ErrorCode::Corrupt);
        QTest::newRow("another program's in WAL mode")
            << "DROP TABLE blob; PRAGMA application_id = 7; PRAGMA journal_mode = WAL" << int(ErrorCode::Corrupt);
        QTest::newRow("a view instead of a table")
            << "ALTER TABLE consensus RENAME TO c; CREATE VIEW consensus AS SELECT * FROM c" << int(ErrorCode::Corrupt);
    }
    void aFileThatThisBuildMustNotWriteStaysAsItIs()
    {
        QFETCH(QString, make);
        QFETCH(int, code);
        const auto file = freshFile();
        QCOMPARE(runSql(file, make.toStdString()), SQLITE_OK);
        const auto before = test::contentOf(file).value();
        for (const bool create : {false, true}) {
            const auto stores = openWritableStores(Location::ofCatalogFile(file), {}, kJob, {create});
            QVERIFY(!stores);
            QCOMPARE(int(stores.error().code), code);
        }
        QVERIFY(test::contentOf(file).value() == before);
    }

    void aFileWithAnotherApplicationIdIsWrittenWithAWarning()
    {
        const auto file = freshFile();
        QCOMPARE(runSql(file, "PRAGMA application_id = 7"), SQLITE_OK);
        const auto stores = valueOf(openWritableStores(Location::ofCatalogFile(file), {}, kJob));
        QCOMPARE(stores.warnings.size(), std::size_t(1));
        QVERIFY(stores.consensus->compareAndSet(kShard, {}, version(0, "a"), kJob));
    }

    void triggersOfAStrangeFileDoNotRun()
    {
        const auto file = freshFile();
        QCOMPARE(runSql(file, "CREATE TRIGGER t AFTER INSERT ON consensus BEGIN DELETE FROM manifest; END"), SQLITE_OK);
        QVERIFY(openWriter(file)->compareAndSet(kShard, {}, version(0, "a"), kJob));
        QCOMPARE(rowsOf(file, "SELECT count(*) FROM manifest"), std::string("2"));
    }

    void withoutTheRightToWriteTheFileStaysClosed()
    {
        const auto file = freshFile();
        std::filesystem::permissions(file, std::filesystem::perms(0644));
        const pid_t child = ::fork();
        if (child == 0) {
            if (::geteuid() == 0 && (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0))
                ::_exit(90);
            std::error_code ignored; // it fails for nobody, and is needed for who owns the file
            std::filesystem::permissions(file, std::filesystem::perms(0444), ignored);
            const auto opened = CatalogFileConsensusWriter::open(file, {}, kJob);
            const bool isNamed = !opened && opened.error().code == ErrorCode::Unavailable
                && opened.error().message.find("no permission to write") != std::string::npos;
            const auto made = createCatalogFile(file + "2", {}, kJob);
            ::_exit(isNamed && (::geteuid() != kNobody || (!made && made.error().code == ErrorCode::Unavailable)) ? 0
                                                                                                                  : 1);
        }
        QCOMPARE(test::waitFor(child), 0);
    }

    // The digest of the manifest.

    void theDigestGoesWithTheFirstChange()
    {
        const auto file = freshFile();
        const auto has = [&] { return rowsOf(file, "SELECT count(*) FROM manifest WHERE name = 'digest'"); };
        QVERIFY(writeManifest(file, {{"digest", "00"}, {"note", "mine"}}, {}, kJob));
        const auto stores = valueOf(openWritableStores(Location::ofCatalogFile(file), {}, kJob));
        QVERIFY(stores.consensus->compareAndSet(kShard, SeqNo(3), version(4, "a"), kJob).value()
                == CasOutcome::Mismatch);
        QCOMPARE(stores.blob->remove(kPart, kJob).value(), false);
        QCOMPARE(has(), std::string("1"));
        QVERIFY(stores.consensus->compareAndSet(kShard, {}, version(0, "a"), kJob).value() == CasOutcome::Committed);
        QCOMPARE(has(), std::string("0"));
        QVERIFY(writeManifest(file, {{"digest", "00"}}, {}, kJob));
        QVERIFY(valueOf(openWritableStores(Location::ofCatalogFile(file), {}, kJob)).blob->set(kPart, {}, kJob));
        QCOMPARE(has(), std::string("0"));
        QCOMPARE(rowsOf(file, "SELECT value FROM manifest WHERE name = 'note'"), std::string("mine"));
    }

    // Disks that fail, and processes that are killed.

    void everyFailureOfTheDiskIsTold_data()
    {
        QTest::addColumn<int>("fault");
        QTest::addColumn<bool>("lasting");
        QTest::newRow("full once") << int(DiskFault::Full) << false;
        QTest::newRow("full from there on") << int(DiskFault::Full) << true;
        QTest::newRow("broken once") << int(DiskFault::Broken) << false;
        QTest::newRow("broken from there on") << int(DiskFault::Broken) << true;
        QTest::newRow("done, but reported broken") << int(DiskFault::DoneBroken) << false;
        QTest::newRow("done, but reported broken from there on") << int(DiskFault::DoneBroken) << true;
    }
    void everyFailureOfTheDiskIsTold()
    {
        QFETCH(int, fault);
        QFETCH(bool, lasting);
        const auto file = freshFile();
        auto writer = openWriter(file);
        QVERIFY(writer->compareAndSet(kShard, {}, version(0, std::string(9000, 'x')), kJob));
        std::uint64_t head = 0;
        std::size_t failed = 0;
        std::size_t unknown = 0;
        for (std::size_t call = 1;; ++call) {
            FaultyDisk::arm(static_cast<DiskFault>(fault), call, lasting);
            const auto outcome =
                writer->compareAndSet(kShard, SeqNo(head), version(head + 1, std::string(9000, 'y')), kJob);
            const bool wasMet = FaultyDisk::calls() >= call;
            FaultyDisk::disarm();
            const auto now = writer->head(kShard, kJob);
            QVERIFY2(now, now ? "" : now.error().describe().c_str());
            const auto found = (*now)->seqno.value();
            QVERIFY2(found == head || found == head + 1, std::to_string(call).c_str());
            if (outcome) {
                QVERIFY(*outcome == CasOutcome::Committed);
                QCOMPARE(found, head + 1);
            } else {
                ++failed;
                unknown += outcome.error().outcomeUnknown ? 1U : 0U;
                QVERIFY2(outcome.error().code == ErrorCode::Unavailable, outcome.error().describe().c_str());
                // Whoever says that nothing was written is right.
                if (!outcome.error().outcomeUnknown)
                    QVERIFY2(found == head, outcome.error().describe().c_str());
                if (static_cast<DiskFault>(fault) == DiskFault::Full && !lasting)
                    QVERIFY2(outcome.error().message.find("no space left") != std::string::npos,
                             outcome.error().describe().c_str());
            }
            head = found;
            QCOMPARE(rowsOf(file, "PRAGMA integrity_check"), std::string("ok"));
            if (!wasMet)
                break;
        }
        QVERIFY(failed >= 5);
        QVERIFY(unknown <= failed);
        QCOMPARE(headOf(file), static_cast<std::int64_t>(head));
    }

    void aKillAtAnyMomentLeavesTheOldHeadOrTheNewOne()
    {
        const auto file = freshFile();
        QVERIFY(openWriter(file)->compareAndSet(kShard, {}, version(0, std::string(9000, 'x')), kJob));
        std::int64_t head = 0;
        std::size_t kept = 0;
        std::size_t refused = 0;
        for (std::size_t call = 1;; ++call) {
            const pid_t child = ::fork();
            if (child == 0) {
                const auto writer = openWriter(file);
                FaultyDisk::arm(DiskFault::Kill, call);
                const auto outcome =
                    writer->compareAndSet(kShard, SeqNo(static_cast<std::uint64_t>(head)),
                                          version(static_cast<std::uint64_t>(head) + 1, std::string(9000, 'y')), kJob);
                ::_exit(outcome ? 0 : 1);
            }
            const int code = test::waitFor(child);
            QVERIFY(code == 0 || code == 9);
            // One who only reads must not touch what is left; who may write takes it back.
            const auto reading = openStores(Location::ofCatalogFile(file), {}, kJob);
            const auto seen = reading ? reading->consensus->head(kShard, kJob)
                                      : Result<std::optional<VersionedData>>(tl::unexpected<Error>(reading.error()));
            if (!seen) {
                ++refused;
                QVERIFY2(seen.error().message.find("left in the middle of a write") != std::string::npos,
                         seen.error().describe().c_str());
            }
            const auto found = openWriter(file)->head(kShard, kJob).value()->seqno.value();
            QVERIFY(static_cast<std::int64_t>(found) == head || static_cast<std::int64_t>(found) == head + 1);
            if (seen)
                QCOMPARE((*seen)->seqno.value(), found);
            kept += static_cast<std::int64_t>(found) == head ? 1U : 0U;
            head = static_cast<std::int64_t>(found);
            QCOMPARE(headOf(file), head);
            QCOMPARE(rowsOf(file, "PRAGMA integrity_check"), std::string("ok"));
            if (code == 0)
                break;
        }
        QVERIFY(kept >= 5);
        QVERIFY(refused >= 1);
        QVERIFY(filesBeside(file) == std::vector<std::string> {"c.mzcat"});
    }

    void aHandleThatLivesTakesBackWhatAnotherLeft()
    {
        const auto file = freshFile();
        const auto survivor = openWriter(file);
        QVERIFY(survivor->compareAndSet(kShard, {}, version(0, std::string(9000, 'x')), kJob));
        for (std::size_t call = 1; call <= 12; ++call) {
            const auto head = survivor->head(kShard, kJob).value()->seqno.value();
            const pid_t child = ::fork();
            if (child == 0) {
                const auto writer = openWriter(file);
                FaultyDisk::arm(DiskFault::Kill, call);
                ::_exit(writer->compareAndSet(kShard, SeqNo(head), version(head + 1, std::string(9000, 'y')), kJob)
                            ? 0
                            : 1);
            }
            test::waitFor(child);
            const auto now = survivor->head(kShard, kJob);
            QVERIFY2(now, now ? "" : now.error().describe().c_str());
            const auto next = (*now)->seqno.value() + 1;
            QVERIFY(survivor->compareAndSet(kShard, SeqNo(next - 1), version(next, "z"), kJob).value()
                    == CasOutcome::Committed);
        }
    }
};

QTEST_GUILESS_MAIN(TestCatalogFileWriter)
#include "tst_catalog_file_writer.moc"
