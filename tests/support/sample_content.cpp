#include "tests/support/sample_content.h"

#include "core/store/file_blob.h"

#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <utility>

namespace inspector::test {

namespace {

/// SQLite for tests, which may write.
class Database
{
public:
    static Result<Database> open(const std::string& path, int flags)
    {
        Database database;
        const int code = sqlite3_open_v2(path.c_str(), &database.m_handle, flags, nullptr);
        if (code != SQLITE_OK)
            return database.refused();
        sqlite3_exec(database.m_handle, "PRAGMA synchronous=OFF", nullptr, nullptr, nullptr); // tests need no disk
        return database;
    }
    Database(Database&& other) noexcept
        : m_handle(std::exchange(other.m_handle, nullptr))
    {
    }
    Database& operator=(Database&&) = delete;
    ~Database() { sqlite3_close(m_handle); }

    [[nodiscard]] Result<> execute(const std::string& sql) const
    {
        if (sqlite3_exec(m_handle, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
            return refused();
        return {};
    }

    /// Rows of (text, number, bytes).
    template <typename Take>
    [[nodiscard]] Result<> read(const std::string& sql, Take&& take) const
    {
        sqlite3_stmt* statement = nullptr;
        if (sqlite3_prepare_v2(m_handle, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK)
            return refused();
        while (sqlite3_step(statement) == SQLITE_ROW) {
            const std::string key(reinterpret_cast<const char*>(sqlite3_column_text(statement, 0)));
            const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(statement, 2));
            const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, 2));
            take(key, sqlite3_column_int64(statement, 1), BytesView(data, size));
        }
        sqlite3_finalize(statement);
        return {};
    }

    [[nodiscard]] Result<> insert(const std::string& sql, const std::string& key, std::optional<std::int64_t> number,
                                  BytesView data) const
    {
        sqlite3_stmt* statement = nullptr;
        if (sqlite3_prepare_v2(m_handle, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK)
            return refused();
        int at = 1;
        sqlite3_bind_text(statement, at++, key.c_str(), -1, SQLITE_TRANSIENT);
        if (number)
            sqlite3_bind_int64(statement, at++, *number);
        if (data.empty())
            sqlite3_bind_zeroblob(statement, at, 0);
        else
            sqlite3_bind_blob64(statement, at, data.data(), data.size(), SQLITE_STATIC);
        const int code = sqlite3_step(statement);
        sqlite3_finalize(statement);
        if (code != SQLITE_DONE)
            return refused();
        return {};
    }

private:
    Database() = default;
    [[nodiscard]] tl::unexpected<Error> refused() const
    {
        return fail(ErrorCode::Unavailable, std::string("SQLite: ") + sqlite3_errmsg(m_handle));
    }

    sqlite3* m_handle = nullptr;
};

Bytes bytesFrom(std::size_t size, unsigned seed)
{
    Bytes bytes(size);
    unsigned value = seed;
    for (auto& byte : bytes) {
        value = value * 1664525U + 1013904223U;
        byte = static_cast<std::byte>(value >> 24U);
    }
    return bytes;
}

} // namespace

Result<std::shared_ptr<store::MemoryContent>> contentOfCatalogFile(const std::string& path)
{
    auto content = std::make_shared<store::MemoryContent>();
    INSPECTOR_TRY(const auto database,
                  Database::open("file:" + path + "?immutable=1", SQLITE_OPEN_READONLY | SQLITE_OPEN_URI));
    INSPECTOR_CHECK(database.read("SELECT shard, sequence_number, data FROM consensus",
                                  [&](const std::string& key, std::int64_t number, BytesView data) {
                                      content->versions[key][number] = Bytes(data.begin(), data.end());
                                  }));
    INSPECTOR_CHECK(database.read("SELECT key, 0, data FROM blob",
                                  [&](const std::string& key, std::int64_t /*unused*/, BytesView data) {
                                      content->blobs[key] = SharedBytes::copyOf(data);
                                  }));
    return content;
}

std::shared_ptr<store::MemoryContent> oddContent()
{
    auto content = std::make_shared<store::MemoryContent>();
    auto& first = content->versions[kOddShard];
    first[-1] = {};
    first[0] = bytesFrom(114, 1);
    first[1] = {};
    Bytes every(256);
    for (std::size_t i = 0; i < every.size(); ++i)
        every[i] = static_cast<std::byte>(i);
    first[2] = every;
    for (std::int64_t number = 5; number < 60; ++number)
        first[number] = bytesFrom(static_cast<std::size_t>(number) * 7, static_cast<unsigned>(number));
    first[9'000'000'000] = bytesFrom(40'000, 9);
    content->versions[kSentinelShard][-1] = {};
    content->versions[kOtherShard][17] = bytesFrom(8, 17);

    const std::string uuid = "5f3c1c52-6f0f-4f43-9d5c-2f0b9f5e7a01";
    const auto add = [&](const std::string& key, const Bytes& bytes) {
        content->blobs[key] = SharedBytes::copyOf(bytes);
    };
    add(std::string(kOddShard) + "/v0/r" + uuid, bytesFrom(300, 3));
    add(std::string(kOddShard) + "/v12/r" + uuid, {});
    add(std::string(kOddShard) + "/n2603900/p" + uuid, bytesFrom(3'000'001, 4));
    add(std::string(kOddShard) + "/w2e7e5c2e-0d2f-4b8c-a6a4-9f0f4f0b7d11/p" + uuid, bytesFrom(4096, 5));
    add(std::string(kOtherShard) + "/v17/r" + uuid, every);
    return content;
}

Result<> writeCatalogFile(const std::string& path, const store::MemoryContent& content,
                          const CatalogFileOptions& options)
{
    std::error_code ignored;
    for (const auto* ending : {"", "-wal", "-shm", "-journal"})
        std::filesystem::remove(path + ending, ignored);
    INSPECTOR_TRY(const auto database, Database::open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
    INSPECTOR_CHECK(database.execute(
        std::string("PRAGMA journal_mode=") + (options.writeAheadLog ? "WAL" : "DELETE") + "; PRAGMA application_id="
        + std::to_string(options.applicationId) + "; PRAGMA user_version=" + std::to_string(options.schemaVersion)
        + "; BEGIN; CREATE TABLE consensus (shard TEXT NOT NULL, sequence_number INTEGER NOT NULL, data BLOB NOT NULL, "
          "PRIMARY KEY (shard, sequence_number)); CREATE TABLE blob (key TEXT NOT NULL PRIMARY KEY, data BLOB NOT "
          "NULL);"));
    if (options.manifest) {
        INSPECTOR_CHECK(database.execute("CREATE TABLE manifest (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL); "
                                         "INSERT INTO manifest VALUES ('format', 'catalog-inspector/1')"));
        for (const auto& [name, value] : options.members)
            INSPECTOR_CHECK(database.insert("INSERT INTO manifest VALUES (?, CAST(? AS TEXT))", name, std::nullopt,
                                            bytesOf(value)));
    }
    for (const auto& [shard, versions] : content.versions)
        for (const auto& [number, data] : versions)
            INSPECTOR_CHECK(database.insert("INSERT INTO consensus VALUES (?, ?, ?)", shard, number, data));
    for (const auto& [key, bytes] : content.blobs)
        INSPECTOR_CHECK(database.insert("INSERT INTO blob VALUES (?, ?)", key, std::nullopt, bytes.view()));
    return database.execute("COMMIT");
}

Result<> changeDatabase(const std::string& path, const std::string& sql)
{
    INSPECTOR_TRY(const auto database, Database::open(path, SQLITE_OPEN_READWRITE));
    return database.execute(sql);
}

Result<> writeBlobFolder(const std::string& folder, const store::MemoryContent& content)
{
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    for (const auto& [key, bytes] : content.blobs) {
        std::ofstream stream(folder + "/" + store::fileNameOfBlobKey(key), std::ios::binary | std::ios::trunc);
        stream.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
        if (!stream)
            return fail(ErrorCode::Unavailable, "cannot write blob " + key);
    }
    return {};
}

} // namespace inspector::test
