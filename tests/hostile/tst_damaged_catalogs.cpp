#include "core/inspect/inspector.h"

#include <QtTest>

#include <sqlite3.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <string>
#include <vector>

using namespace inspector;

namespace {

const std::vector<std::string> kSmallShards {"new-busy", "new-fresh", "new-log", "old-busy", "old-fresh", "old-log"};
constexpr int kFlipsPerShard = 1000;

std::vector<char> readFile(const std::filesystem::path& path)
{
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

void writeFile(const std::filesystem::path& path, const char* data, std::size_t size)
{
    std::ofstream stream(path, std::ios::binary | std::ios::trunc);
    stream.write(data, static_cast<std::streamsize>(size));
}

std::filesystem::path fixture(const std::string& shard)
{
    return std::filesystem::path(INSPECTOR_FIXTURES) / "shards" / shard / "catalog.mzcat";
}

/// What reading a whole catalog came to.
struct Outcome
{
    bool opened = false;
    std::uint64_t rows = 0;
    std::uint64_t problems = 0;
    std::size_t warnings = 0;
    std::string message; ///< of the first failure
};

void note(Outcome& outcome, const Error& error)
{
    // One clear message: it says something, and it is not our own mistake.
    if (outcome.message.empty())
        outcome.message = error.describe();
    if (error.message.empty() || error.code == ErrorCode::Internal)
        outcome.message = "UNCLEAR: " + error.describe();
}

enum class Depth { Snapshot, Everything };

/// What a window would ask of a catalog that was just opened. Everything: the clocks, fences and trace as well, which
/// rebuild every live state.
Outcome readAll(const std::filesystem::path& file, Depth depth = Depth::Everything)
{
    Outcome outcome;
    const Job job;
    auto inspector = inspect::open({store::Location::ofCatalogFile(file.string()), {}}, job);
    if (!inspector) {
        note(outcome, inspector.error());
        return outcome;
    }
    outcome.opened = true;
    outcome.warnings = (*inspector)->overview().warnings.size();
    if (const auto snapshot = (*inspector)->snapshotAt(inspect::Moment::latest(), job)) {
        outcome.warnings += (*snapshot)->warnings().size();
        if (const auto completed = (*snapshot)->complete(job); !completed)
            note(outcome, completed.error());
        for (const auto& collection : (*snapshot)->collections()) {
            outcome.rows += collection.rows;
            outcome.problems += collection.problems.value_or(0);
            const auto table = (*snapshot)->entries(collection.name);
            const auto last = static_cast<std::uint32_t>(table->size());
            for (std::uint32_t row = 0; row < last; row += 29) { // a sample: the rest decodes the same way
                for (std::size_t column = 0; column < table->columns().size(); ++column)
                    static_cast<void>(table->cell(row, column));
                static_cast<void>(table->detail(row, true));
                static_cast<void>(table->identity(row));
            }
        }
    } else {
        note(outcome, snapshot.error());
    }
    if (depth == Depth::Snapshot)
        return outcome;
    if (const auto timeline = (*inspector)->timeline(job); !timeline)
        note(outcome, timeline.error());
    if (const auto fences = (*inspector)->fences(job); !fences)
        note(outcome, fences.error());
    if (const auto trace = (*inspector)->trace({}, job); !trace)
        note(outcome, trace.error());
    return outcome;
}

struct Database
{
    sqlite3* handle = nullptr;
    explicit Database(const std::filesystem::path& file)
    {
        sqlite3_open(file.c_str(), &handle);
        sqlite3_exec(handle, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", nullptr, nullptr, nullptr);
    }
    ~Database() { sqlite3_close(handle); }
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    /// rowid and size of every value of `table`.
    std::vector<std::pair<sqlite3_int64, int>> values(const std::string& table) const
    {
        std::vector<std::pair<sqlite3_int64, int>> found;
        sqlite3_stmt* statement = nullptr;
        sqlite3_prepare_v2(handle, ("SELECT rowid, length(data) FROM " + table).c_str(), -1, &statement, nullptr);
        while (sqlite3_step(statement) == SQLITE_ROW)
            found.emplace_back(sqlite3_column_int64(statement, 0), sqlite3_column_int(statement, 1));
        sqlite3_finalize(statement);
        return found;
    }

    void flip(const std::string& table, sqlite3_int64 row, int at, int bit) const
    {
        sqlite3_blob* blob = nullptr;
        sqlite3_blob_open(handle, "main", table.c_str(), "data", row, 1, &blob);
        unsigned char byte = 0;
        sqlite3_blob_read(blob, &byte, 1, at);
        byte = static_cast<unsigned char>(byte ^ (1U << static_cast<unsigned>(bit)));
        sqlite3_blob_write(blob, &byte, 1, at);
        sqlite3_blob_close(blob);
    }
};

} // namespace

class TestDamagedCatalogs : public QObject
{
    Q_OBJECT

private:
    QTemporaryDir m_folder;

    std::filesystem::path scratch() const
    {
        return std::filesystem::path(m_folder.path().toStdString()) / "damaged.mzcat";
    }

    static void shards()
    {
        QTest::addColumn<QString>("shard");
        for (const auto& shard : kSmallShards)
            QTest::newRow(shard.c_str()) << QString::fromStdString(shard);
    }

private slots:
    void anUndamagedCatalogHasNoProblems_data() { shards(); }
    void anUndamagedCatalogHasNoProblems()
    {
        QFETCH(QString, shard);
        const auto outcome = readAll(fixture(shard.toStdString()));
        QVERIFY2(outcome.opened, outcome.message.c_str());
        QCOMPARE(outcome.message, std::string());
        QVERIFY(outcome.rows > 50);
        QCOMPARE(outcome.problems, std::uint64_t(0));
    }

    void aFlippedBitAnywhereInTheFileIsSurvived_data() { shards(); }
    void aFlippedBitAnywhereInTheFileIsSurvived()
    {
        QFETCH(QString, shard);
        auto bytes = readFile(fixture(shard.toStdString()));
        QVERIFY(!bytes.empty());
        std::mt19937_64 random(20261124);
        int opened = 0;
        for (int i = 0; i < kFlipsPerShard; ++i) {
            const auto at = static_cast<std::size_t>(random() % bytes.size());
            const auto bit = static_cast<unsigned>(random() % 8);
            const char before = bytes[at];
            bytes[at] = static_cast<char>(static_cast<unsigned char>(before) ^ (1U << bit));
            writeFile(scratch(), bytes.data(), bytes.size());
            bytes[at] = before;
            const auto outcome = readAll(scratch(), i % 8 == 0 ? Depth::Everything : Depth::Snapshot);
            opened += outcome.opened ? 1 : 0;
            const auto where = "bit " + std::to_string(bit) + " of byte " + std::to_string(at) + ": " + outcome.message;
            QVERIFY2(outcome.opened || !outcome.message.empty(), where.c_str());
            QVERIFY2(!outcome.message.starts_with("UNCLEAR"), where.c_str());
        }
        QVERIFY2(opened > kFlipsPerShard / 2, "most single flips must leave a catalog that opens");
    }

    void aFlippedBitInsideAVersionOrABlobIsSurvived_data() { shards(); }
    void aFlippedBitInsideAVersionOrABlobIsSurvived()
    {
        QFETCH(QString, shard);
        std::filesystem::copy_file(fixture(shard.toStdString()), scratch(),
                                   std::filesystem::copy_options::overwrite_existing);
        std::filesystem::permissions(scratch(), std::filesystem::perms::owner_all);
        std::mt19937_64 random(7);
        const Database database(scratch());
        for (const std::string table : {"consensus", "blob"}) {
            const auto values = database.values(table);
            for (int i = 0; i < kFlipsPerShard / 4; ++i) {
                const auto& [row, size] = values[random() % values.size()];
                if (size == 0)
                    continue;
                const int at = static_cast<int>(random() % static_cast<std::uint64_t>(size));
                const int bit = static_cast<int>(random() % 8);
                database.flip(table, row, at, bit);
                const auto outcome = readAll(scratch(), i % 4 == 0 ? Depth::Everything : Depth::Snapshot);
                database.flip(table, row, at, bit);
                const auto where = table + " row " + std::to_string(row) + ", bit " + std::to_string(bit) + " of byte "
                    + std::to_string(at) + ": " + outcome.message;
                QVERIFY2(outcome.opened || !outcome.message.empty(), where.c_str());
                QVERIFY2(!outcome.message.starts_with("UNCLEAR"), where.c_str());
            }
        }
        const auto outcome = readAll(scratch()); // every flip was taken back
        QVERIFY2(outcome.opened && outcome.message.empty(), outcome.message.c_str());
    }

    void aTruncatedFileGetsOneClearMessage_data() { shards(); }
    void aTruncatedFileGetsOneClearMessage()
    {
        QFETCH(QString, shard);
        const auto bytes = readFile(fixture(shard.toStdString()));
        std::set<std::size_t> lengths {0, 1, 15, 16, 99, 100, 512, 4095, 4096, 4097};
        for (std::size_t i = 1; i <= 100; ++i)
            lengths.insert(bytes.size() * i / 101);
        for (const auto length : lengths) {
            writeFile(scratch(), bytes.data(), length);
            const auto outcome = readAll(scratch());
            const auto where = std::to_string(length) + " bytes: " + outcome.message;
            QVERIFY2(!outcome.message.starts_with("UNCLEAR"), where.c_str());
            QVERIFY2(!outcome.opened, where.c_str());
            QVERIFY2(outcome.message.find("damaged.mzcat") != std::string::npos, where.c_str());
        }
    }

    void aMissingPartLeavesTheOthersReadable()
    {
        const auto whole = readAll(fixture("new-log"));
        std::filesystem::copy_file(fixture("new-log"), scratch(), std::filesystem::copy_options::overwrite_existing);
        std::filesystem::permissions(scratch(), std::filesystem::perms::owner_all);
        {
            const Database database(scratch());
            sqlite3_exec(database.handle,
                         "DELETE FROM blob WHERE key LIKE '%/p%' AND length(data) = "
                         "(SELECT max(length(data)) FROM blob WHERE key LIKE '%/p%')",
                         nullptr, nullptr, nullptr);
            QCOMPARE(sqlite3_changes(database.handle), 1);
        }
        const auto outcome = readAll(scratch());
        QVERIFY2(outcome.opened, outcome.message.c_str());
        QVERIFY(outcome.warnings > whole.warnings);
        QVERIFY(outcome.rows > 0);
        QVERIFY(outcome.rows < whole.rows);
    }
};

QTEST_GUILESS_MAIN(TestDamagedCatalogs)
#include "tst_damaged_catalogs.moc"
