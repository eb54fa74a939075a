#include "core/base/id_source.h"
#include "core/edit/durable_catalog.h"
#include "core/inspect/dump.h"
#include "core/inspect/follow.h"
#include "core/persist/state_reader.h"
#include "core/store/writable_location.h"
#include "tests/support/throwaway_postgres.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <compare>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

// Measures what writing takes, beside what the stores take for the same bytes with nothing around them, in the same
// run. Needs an optimised build:
//   cmake --preset release && cmake --build --preset release --target bench_write &&
//   build/release/tests/bench/bench_write [FOLDER]
// FOLDER is where files are made: its disk is measured, too. The build folder when absent.

using namespace inspector;

namespace {

using Clock = std::chrono::steady_clock;

const Job kJob;

// What is claimed.
constexpr double kAppendShareOfRaw = 0.2; ///< of the transactions a second that the store does with nothing around
constexpr double kDemoSeconds = 60;
constexpr double kDemoMegabytes = 2048;
constexpr double kFollowMs = 5;
constexpr std::uint64_t kDemoItems = 100'000;
constexpr std::uint64_t kDemoAuditRows = 1'000'000;

int missed = 0;

double secondsSince(Clock::time_point begun)
{
    return std::chrono::duration<double>(Clock::now() - begun).count();
}

const char* verdict(bool isKept)
{
    missed += isKept ? 0 : 1;
    return isKept ? "kept" : "MISSED";
}

[[noreturn]] void giveUp(const std::string& what)
{
    std::printf("FAILED: %s\n", what.c_str());
    std::exit(1);
}

template <typename T>
T must(Result<T> result, const char* step)
{
    if (!result)
        giveUp(std::string(step) + ": " + result.error().describe());
    if constexpr (!std::is_void_v<T>)
        return *std::move(result);
}

struct Figures
{
    std::vector<double> all;

    [[nodiscard]] double at(double share)
    {
        std::sort(all.begin(), all.end());
        return all.empty()
            ? 0
            : all[std::min(all.size() - 1, static_cast<std::size_t>(share * static_cast<double>(all.size())))];
    }
};

/// Runs `once` for a while; how often a second.
double perSecond(const std::function<void(int)>& once)
{
    constexpr double kSeconds = 3;
    constexpr int kFirst = 20; // caches fill, plans are made
    for (int i = 0; i < kFirst; ++i)
        once(i);
    const auto begun = Clock::now();
    int count = 0;
    while (secondsSince(begun) < kSeconds)
        once(kFirst + count++);
    return count / secondsSince(begun);
}

// --- appends

/// A place to write to: how it is opened, and the same bytes written with nothing around.
struct Target
{
    const char* name;
    std::function<store::WritableStores(const std::shared_ptr<store::ActivityLog>&)> open;
    std::function<double(const std::string& bytes)> rawPerSecond;
};

edit::HandleOptions handleOptions()
{
    edit::HandleOptions options;
    options.build = must(catalog::buildOfCatalogVersion(catalog::kNewestVersion), "the newest build");
    options.deployGeneration = DeployGeneration(0);
    return options;
}

/// ALTER SYSTEM SET, the smallest of transactions.
void setParameter(edit::DurableCatalog& catalog, const std::string& name, const std::string& value)
{
    auto transaction = must(catalog.transaction(kJob), "transaction");
    const auto row = "{\"value\":\"" + value + "\"}";
    must(transaction.set(catalog::CollectionType::SystemConfiguration, "{\"name\":\"" + name + "\"}",
                         std::string_view(row)),
         "set");
    static_cast<void>(transaction.takeOpUpdates());
    must(catalog.commit(std::move(transaction), std::nullopt, kJob), "commit");
}

/// The statements of most of some calls: a compare-and-set is one, whether a transaction is around it or not.
struct Statements
{
    int writes = 0;
    int reads = 0;

    friend auto operator<=>(const Statements&, const Statements&) = default;
};

/// The floor: nothing but what has to be written; a commit looks once whether anybody else has written.
constexpr Statements kPerAppend {1, 0};
constexpr Statements kPerCommit {1, 1};

Statements countStatements(const store::ActivityLog& log, const std::function<void(int)>& once)
{
    constexpr int kTimes = 40;
    std::vector<Statements> all;
    for (int i = 0; i < kTimes; ++i) {
        const auto entries = log.since(0);
        const auto newest = entries.empty() ? 0 : entries.back().number;
        once(i);
        Statements counted;
        for (const auto& entry : log.since(newest)) {
            if (entry.statement.find("INSERT") != std::string::npos)
                ++counted.writes;
            else if (entry.statement.starts_with("SELECT") || entry.statement.starts_with("GET"))
                ++counted.reads;
        }
        all.push_back(counted);
    }
    // Now and then there is maintenance, and since to be moved: not in most of them.
    std::sort(all.begin(), all.end());
    return all[kTimes / 2];
}

void measureAppends(const Target& target)
{
    auto log = std::make_shared<store::ActivityLog>();
    const auto stores = target.open(log);
    const auto shard = wellKnownShard(RandomIdSource().uuid(), WellKnownShard::Catalog);
    auto unopened =
        must(edit::WritableOpenableCatalog::construct(*stores.consensus, *stores.blob, shard, handleOptions(), kJob),
             "construct");
    catalog::BootstrapArguments arguments;
    arguments.defaultReplicaSize = "25cc";
    const auto catalog = must(std::move(*unopened).open(arguments, kJob), "open");
    must(catalog->syncToCurrentUpdates(kJob), "sync");

    // An append moves the upper; of maintenance and since there is something only now and then.
    auto next = catalog->upper();
    const auto appends = perSecond([&](int) {
        next = next.next();
        must(catalog->advanceUpper(next, kJob), "append");
    });
    const auto perAppend = countStatements(*log, [&](int) {
        next = next.next();
        must(catalog->advanceUpper(next, kJob), "append");
    });
    const auto commits =
        perSecond([&](int i) { setParameter(*catalog, "p" + std::to_string(i % 7), std::to_string(i)); });
    const auto perCommit = countStatements(*log, [&](int i) { setParameter(*catalog, "counted", std::to_string(i)); });

    const auto versions =
        must(stores.consensus->scan(shard.text(), SeqNo(0), store::Consensus::kAll, kJob), "reading the log");
    const std::string bytes(versions.back().data.size(), 'x');
    const auto raw = target.rawPerSecond(bytes);
    std::printf(
        "%-12s appends  %8.0f a second, raw transactions of as many bytes %8.0f: %4.0f%%   claimed %3.0f%%   %s\n",
        target.name, appends, raw, 100 * appends / raw, 100 * kAppendShareOfRaw,
        verdict(appends >= kAppendShareOfRaw * raw));
    std::printf("%-12s commits  %8.0f a second (transaction, append, reading it back)\n", target.name, commits);
    const auto report = [&](const char* what, const Statements& counted, const Statements& claimed) {
        std::printf("%-12s statements of one %s: %d compare-and-set, %d reading   claimed %d and %d   %s\n",
                    target.name, what, counted.writes, counted.reads, claimed.writes, claimed.reads,
                    verdict(counted.writes <= claimed.writes && counted.reads <= claimed.reads));
    };
    report("append", perAppend, kPerAppend);
    report("commit", perCommit, kPerCommit);
}

Target catalogFile(const std::filesystem::path& folder)
{
    const auto path = (folder / "appends.mzcat").string();
    std::filesystem::remove(path);
    return {"catalog file",
            [path](const std::shared_ptr<store::ActivityLog>& log) {
                store::WritableOptions options;
                options.createCatalogFile = true;
                return must(store::openWritableStores(store::Location::ofCatalogFile(path), log, kJob, options),
                            "opening the catalog file");
            },
            [folder](const std::string& bytes) {
                const auto rawPath = (folder / "raw.sqlite").string();
                std::filesystem::remove(rawPath);
                sqlite3* database = nullptr;
                sqlite3_stmt* insert = nullptr;
                if (sqlite3_open(rawPath.c_str(), &database) != SQLITE_OK
                    || sqlite3_exec(database,
                                    "PRAGMA synchronous = EXTRA; CREATE TABLE consensus (shard TEXT NOT NULL, "
                                    "sequence_number INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (shard, "
                                    "sequence_number))",
                                    nullptr, nullptr, nullptr)
                        != SQLITE_OK
                    || sqlite3_prepare_v2(database, "INSERT INTO consensus VALUES ('s', ?1, ?2)", -1, &insert, nullptr)
                        != SQLITE_OK)
                    giveUp(sqlite3_errmsg(database));
                const auto raw = perSecond([&](int i) {
                    sqlite3_bind_int(insert, 1, i);
                    sqlite3_bind_blob(insert, 2, bytes.data(), static_cast<int>(bytes.size()), SQLITE_STATIC);
                    if (sqlite3_step(insert) != SQLITE_DONE)
                        giveUp(sqlite3_errmsg(database));
                    sqlite3_reset(insert);
                });
                sqlite3_finalize(insert);
                sqlite3_close(database);
                std::filesystem::remove(rawPath);
                return raw;
            }};
}

Target postgres(const test::ThrowawayPostgres& server, const std::filesystem::path& folder)
{
    const auto blobs = folder / "appends_blobs";
    std::filesystem::remove_all(blobs);
    std::filesystem::create_directories(blobs);
    const auto url = server.socketUrl(test::ThrowawayPostgres::kOwner);
    const auto rawUrl = server.socketUrl(test::ThrowawayPostgres::kOwner, "");
    return {
        "PostgreSQL",
        [url, blobs](const std::shared_ptr<store::ActivityLog>& log) {
            return must(store::openWritableStores({url, "file://" + blobs.string()}, log, kJob), "opening the server");
        },
        [rawUrl](const std::string& bytes) {
            const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(rawUrl.c_str()), PQfinish);
            if (PQstatus(connection.get()) != CONNECTION_OK)
                giveUp(PQerrorMessage(connection.get()));
            const auto run = [&](const char* sql, int count, const char* const* values, const int* lengths,
                                 const int* formats) {
                const std::unique_ptr<PGresult, decltype(&PQclear)> result(
                    PQexecParams(connection.get(), sql, count, nullptr, values, lengths, formats, 1), PQclear);
                if (PQresultStatus(result.get()) != PGRES_COMMAND_OK)
                    giveUp(PQerrorMessage(connection.get()));
            };
            run("CREATE TABLE raw (shard text NOT NULL, sequence_number bigint NOT NULL, data bytea NOT NULL, "
                "PRIMARY KEY (shard, sequence_number))",
                0, nullptr, nullptr, nullptr);
            return perSecond([&](int i) {
                const auto number = std::to_string(i);
                const char* values[] {number.c_str(), bytes.data()};
                const int lengths[] {0, static_cast<int>(bytes.size())};
                const int formats[] {0, 1};
                run("INSERT INTO raw VALUES ('s', $1, $2)", 2, values, lengths, formats);
            });
        }};
}

// --- the large demo

void measureDemo(const std::string& path)
{
    const auto items = std::to_string(kDemoItems);
    const auto rows = std::to_string(kDemoAuditRows);
    const char* words[] {INSPECTOR_CLI,  "demo",       "--commit",   "--items", items.c_str(),
                         "--audit-rows", rows.c_str(), path.c_str(), nullptr};
    std::filesystem::remove(path);
    const auto begun = Clock::now();
    const auto child = ::fork();
    if (child == 0) {
        ::dup2(::open("/dev/null", O_WRONLY), STDOUT_FILENO);
        ::execv(words[0], const_cast<char* const*>(words));
        ::_exit(127);
    }
    int status = 0;
    struct rusage usage
    {
    };
    ::wait4(child, &status, 0, &usage);
    const auto seconds = secondsSince(begun);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        giveUp("the demo was not written");
    const auto cpu = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
        + static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    const auto megabytes = static_cast<double>(usage.ru_maxrss) / 1024;
    const auto fileBytes = static_cast<double>(std::filesystem::file_size(path));

    // What the disk takes for as many bytes.
    const auto copy = path + ".copy";
    const auto copyBegun = Clock::now();
    std::filesystem::copy_file(path, copy, std::filesystem::copy_options::overwrite_existing);
    const auto descriptor = ::open(copy.c_str(), O_RDONLY);
    ::fsync(descriptor);
    ::close(descriptor);
    const auto copying = secondsSince(copyBegun);
    std::filesystem::remove(copy);
    std::printf(
        "demo of %llu items and %llu audit rows (%.0f MB): %.1f s wall, %.1f s CPU   claimed %.0f s   %s;   %.0f MB "
        "peak   claimed %.0f MB   %s;   copying the file and syncing it takes %.1f s: %.0f times as long\n",
        static_cast<unsigned long long>(kDemoItems), static_cast<unsigned long long>(kDemoAuditRows), fileBytes / 1e6,
        seconds, cpu, kDemoSeconds, verdict(seconds <= kDemoSeconds), megabytes, kDemoMegabytes,
        verdict(megabytes <= kDemoMegabytes), copying, seconds / copying);
}

// --- following

void report(const char* what, Figures& figures)
{
    std::printf("%-44s n %3zu   p50 %6.2f ms   p99 %6.2f ms   max %6.2f ms   claimed %.0f ms   %s\n", what,
                figures.all.size(), figures.at(0.5), figures.at(0.99), figures.at(1.0), kFollowMs,
                verdict(figures.at(0.99) <= kFollowMs));
}

void measureFollowing(const std::string& path)
{
    const auto location = store::Location::ofCatalogFile(path);
    store::WritableOptions unsynced;
    unsynced.synced = false; // the writer is not what is measured
    const auto writing = must(store::openWritableStores(location, nullptr, kJob, unsynced), "opening for writing");
    const auto keys = must(writing.consensus->listKeys(kJob), "listing shards");
    const auto shard = must(ShardId::parse(keys.front()), "the shard's id");
    auto options = handleOptions();
    options.deployGeneration = DeployGeneration(9);
    auto unopened = must(
        edit::WritableOpenableCatalog::construct(*writing.consensus, *writing.blob, shard, options, kJob), "construct");
    const auto writer = must(std::move(*unopened).open({}, kJob), "open");
    must(writer->syncToCurrentUpdates(kJob), "sync");

    const auto reading = must(store::openStores(location, nullptr, kJob), "opening for reading");
    auto observer = must(edit::OpenableCatalog::construct(*reading.consensus, *reading.blob, shard, options, kJob),
                         "construct for reading");
    const auto watching = must(std::move(*observer).openReadOnly({}, kJob), "open for reading");
    must(watching->syncToCurrentUpdates(kJob), "sync of the reader");
    const auto follower = must(inspect::Follower::open({location, {}}, {}, kJob), "follow");

    Figures polled;
    Figures told;
    Figures synced;
    Figures idle;
    inspect::SoloCrew crew;
    constexpr int kRounds = 100;
    for (int i = 0; i < kRounds; ++i) {
        setParameter(*writer, "follow", std::to_string(i));
        auto begun = Clock::now();
        const auto news = must(follower->next(kJob), "following");
        polled.all.push_back(1000 * secondsSince(begun));
        inspect::StringSink lines;
        for (const auto& each : news)
            must(inspect::writeTypedLines(each.reading, {}, inspect::LineOrder::AsRead, lines, crew, kJob), "writing");
        told.all.push_back(1000 * secondsSince(begun));
        if (lines.text().find("\"follow\"") == std::string::npos)
            giveUp("the transaction was not told");
        begun = Clock::now();
        const auto updates = must(watching->syncToCurrentUpdates(kJob), "sync");
        synced.all.push_back(1000 * secondsSince(begun));
        if (updates.empty())
            giveUp("the transaction was not synced");
        begun = Clock::now();
        if (!must(follower->next(kJob), "following").empty())
            giveUp("something was told twice");
        idle.all.push_back(1000 * secondsSince(begun));
    }
    const auto state = must(persist::StateReader(*reading.consensus, *reading.blob, shard).current(kJob), "state");
    std::uint64_t rows = 0;
    for (const auto& batch : state->batches())
        rows += batch->length;
    std::printf("one transaction on a catalog of %.1f million updates, one process, catalog file:\n",
                static_cast<double>(rows) / 1e6);
    report("  follow: seen, read, decoded", polled);
    report("  follow: the same with its JSON lines", told);
    report("  DurableCatalog::syncToCurrentUpdates", synced);
    report("  asking when there is nothing", idle);
}

} // namespace

int main(int count, char** words)
{
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    const std::filesystem::path folder = count > 1 ? words[1] : INSPECTOR_BUILD "/bench_write";
    std::filesystem::create_directories(folder);

    measureAppends(catalogFile(folder));
    {
        const auto server = must(test::ThrowawayPostgres::start(), "starting PostgreSQL");
        must(server->createTable(), "making the table");
        measureAppends(postgres(*server, folder));
    }
    const auto demo = (folder / "large.mzcat").string();
    measureDemo(demo);
    measureFollowing(demo);
    std::filesystem::remove_all(folder);
    std::printf("%d MISSED\n", missed);
    return missed == 0 ? 0 : 1;
}
