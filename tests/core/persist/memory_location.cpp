#include "tests/core/persist/memory_location.h"

#include <sqlite3.h>
#include <zlib.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace inspector::persist::tests {

namespace {

[[noreturn]] void giveUp(const std::string& why)
{
    std::fprintf(stderr, "%s\n", why.c_str());
    std::exit(1); // NOLINT(concurrency-mt-unsafe): before any thread
}

Bytes column(sqlite3_stmt* statement, int index)
{
    const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(statement, index));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, index));
    return size == 0 ? Bytes() : Bytes(data, data + size);
}

template <typename TakeRow>
void query(sqlite3* database, const char* sql, TakeRow takeRow)
{
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(database, sql, -1, &statement, nullptr) != SQLITE_OK)
        giveUp(sqlite3_errmsg(database));
    while (sqlite3_step(statement) == SQLITE_ROW)
        takeRow(statement);
    sqlite3_finalize(statement);
}

} // namespace

Result<std::vector<std::string>> MemoryConsensus::listKeys(const Job& /*job*/) const
{
    std::vector<std::string> keys;
    for (const auto& [key, versions] : rows)
        keys.push_back(key);
    return keys;
}

Result<std::optional<store::VersionedData>> MemoryConsensus::head(std::string_view key, const Job& /*job*/) const
{
    const auto found = rows.find(std::string(key));
    if (found == rows.end() || found->second.empty())
        return std::nullopt;
    const auto& [seqno, data] = *found->second.rbegin();
    return std::optional(store::VersionedData {SeqNo(seqno), data});
}

Result<std::vector<store::VersionedData>> MemoryConsensus::scan(std::string_view key, SeqNo from, std::size_t limit,
                                                                const Job& job) const
{
    INSPECTOR_CHECK(job.step(0, 0));
    ++scans;
    if (beforeScan)
        beforeScan();
    std::vector<store::VersionedData> found;
    const auto versions = rows.find(std::string(key));
    if (versions == rows.end())
        return found;
    for (auto row = versions->second.lower_bound(from.value()); row != versions->second.end() && found.size() < limit;
         ++row)
        found.push_back({SeqNo(row->first), row->second});
    rowsRead += found.size();
    return found;
}

Result<std::optional<SharedBytes>> MemoryBlob::get(std::string_view key, const Job& job) const
{
    INSPECTOR_CHECK(job.step(0, 0));
    ++gets;
    if (beforeGet)
        beforeGet(std::string(key));
    const auto found = blobs.find(std::string(key));
    if (found == blobs.end())
        return std::nullopt;
    return std::optional(SharedBytes::copyOf(found->second));
}

Result<std::vector<store::BlobListing>> MemoryBlob::list(std::string_view prefix, const Job& /*job*/) const
{
    std::vector<store::BlobListing> found;
    for (const auto& [key, data] : blobs)
        if (key.starts_with(prefix))
            found.push_back({key, data.size()});
    return found;
}

void load(MemoryLocation& to, const std::string& catalogFile)
{
    sqlite3* database = nullptr;
    const auto url = "file:" + catalogFile + "?immutable=1";
    if (sqlite3_open_v2(url.c_str(), &database, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, nullptr) != SQLITE_OK)
        giveUp("cannot open " + catalogFile);
    query(database, "SELECT shard, sequence_number, data FROM consensus WHERE sequence_number >= 0",
          [&](sqlite3_stmt* row) {
              const std::string shard(inspector::textOf(column(row, 0)));
              to.consensus.rows[shard][static_cast<std::uint64_t>(sqlite3_column_int64(row, 1))] = column(row, 2);
          });
    query(database, "SELECT key, data FROM blob", [&](sqlite3_stmt* row) {
        const std::string key(inspector::textOf(column(row, 0)));
        to.blob.blobs[key] = column(row, 1);
    });
    sqlite3_close(database);
}

std::string fixtureFile(const std::string& folder)
{
    namespace fs = std::filesystem;
    const auto plain = fs::path(INSPECTOR_FIXTURES) / "shards" / folder / "catalog.mzcat";
    if (fs::exists(plain))
        return plain.string();
    const auto unpacked = fs::path(INSPECTOR_BUILD) / "tests" / "core" / "persist" / (folder + ".mzcat");
    if (!fs::exists(unpacked)) {
        const auto partial = unpacked.string() + ".partial";
        const auto command = "xz -dc '" + plain.string() + ".xz' > '" + partial + "'";
        if (std::system(command.c_str()) != 0) // NOLINT(cert-env33-c,concurrency-mt-unsafe): a test, one thread
            giveUp("cannot unpack " + plain.string() + ".xz");
        fs::rename(partial, unpacked);
    }
    return unpacked.string();
}

std::string readFile(const std::string& path)
{
    std::string text;
    // gzread passes files that are not compressed through as they are.
    const auto file = gzopen(path.c_str(), "rb");
    if (file == nullptr)
        giveUp("cannot open " + path);
    std::array<char, 1U << 16U> buffer {};
    for (int got = 0; (got = gzread(file, buffer.data(), buffer.size())) > 0;)
        text.append(buffer.data(), static_cast<std::size_t>(got));
    gzclose(file);
    return text;
}

ShardId shardOf(const std::string& text)
{
    auto shard = ShardId::parse(text);
    if (!shard)
        giveUp("no shard id: " + text);
    return *std::move(shard);
}

} // namespace inspector::persist::tests
