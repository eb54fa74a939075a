#include "core/inspect/inspector.h"

#include <fcntl.h>
#include <simdjson.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <numeric>
#include <string>
#include <vector>

// Measures the two readings that are claimed to be fast, as whole processes, beside what the reference takes for them
// (README of the fixtures) and what this machine could do at best with the same bytes. Needs an optimised build:
//   cmake --preset release && cmake --build --preset release --target bench_dump &&
//   build/release/tests/bench/bench_dump

namespace {

using Clock = std::chrono::steady_clock;

/// What the reference takes, on the slower machine's best run: seconds and megabytes.
struct Reference
{
    const char* shard;
    double rowsSeconds;
    double dumpSeconds;
    double peakMegabytes;
};

constexpr std::array kReferences {
    Reference {"old-large", 2.1, 9.1, 570},
    Reference {"new-large", 1.9, 7.7, 550},
};
constexpr double kTimesFaster = 8;
constexpr double kTimesSmaller = 4;
constexpr int kRuns = 5;

double secondsSince(Clock::time_point begun)
{
    return std::chrono::duration<double>(Clock::now() - begun).count();
}

struct Measured
{
    double seconds = 0;
    double cpuSeconds = 0;
    double peakMegabytes = 0;
    bool isGood = false;
};

/// Runs the program with its output sent to `output`.
Measured runOnce(const std::vector<std::string>& words, const char* output, const char* remarks)
{
    std::vector<char*> arguments;
    for (const auto& word : words)
        arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const auto begun = Clock::now();
    const auto child = ::fork();
    if (child == 0) {
        ::dup2(::open(output, O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
        ::dup2(::open(remarks, O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
        ::execv(arguments[0], arguments.data());
        ::_exit(127);
    }
    int status = 0;
    struct rusage usage
    {
    };
    ::wait4(child, &status, 0, &usage);
    Measured measured;
    measured.seconds = secondsSince(begun);
    measured.cpuSeconds = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
        + static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    measured.peakMegabytes = static_cast<double>(usage.ru_maxrss) / 1024;
    measured.isGood = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    return measured;
}

/// The median of several runs by wall time.
Measured run(const std::vector<std::string>& words)
{
    std::vector<Measured> runs;
    for (int i = 0; i < kRuns; ++i)
        runs.push_back(runOnce(words, "/dev/null", "/dev/null"));
    std::sort(runs.begin(), runs.end(), [](const auto& a, const auto& b) { return a.seconds < b.seconds; });
    auto median = runs[runs.size() / 2];
    for (const auto& one : runs)
        median.isGood = median.isGood && one.isGood;
    return median;
}

std::string contentOf(const std::filesystem::path& path)
{
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

bool report(const char* what, const Measured& measured, double referenceSeconds, double referenceMegabytes)
{
    const double faster = referenceSeconds / measured.seconds;
    const double smaller = referenceMegabytes / measured.peakMegabytes;
    const bool isMet = measured.isGood && faster >= kTimesFaster && smaller >= kTimesSmaller;
    std::printf("  %-24s %7.3f s wall, %7.3f s CPU, %6.1f MB peak   reference %4.1f s, %3.0f MB: %5.1f x faster, %4.1f "
                "x smaller  %s\n",
                what, measured.seconds, measured.cpuSeconds, measured.peakMegabytes, referenceSeconds,
                referenceMegabytes, faster, smaller,
                !measured.isGood ? "FAILED"
                    : isMet      ? "met"
                                 : "NOT MET");
    return isMet;
}

/// What this machine does at best: copying as many bytes, and parsing the rows' JSON without looking at it.
void reportLimits(std::size_t fileBytes, std::size_t textBytes, const std::string& lines)
{
    constexpr std::size_t kBlock = 1U << 20U;
    const std::string from(kBlock, 'x');
    std::string to(kBlock, 'y');
    const auto copied = [&](std::size_t bytes) {
        const auto begun = Clock::now();
        unsigned check = 0;
        for (std::size_t done = 0; done < bytes; done += kBlock) {
            std::memcpy(to.data(), from.data(), kBlock);
            check += static_cast<unsigned char>(to[done % kBlock]);
        }
        return std::pair(secondsSince(begun), check);
    };
    std::printf("  at best on this machine: copying the file's %.0f MB %.3f s, copying the text's %.0f MB %.3f s",
                static_cast<double>(fileBytes) / 1e6, copied(fileBytes).first, static_cast<double>(textBytes) / 1e6,
                copied(textBytes).first);

    simdjson::dom::parser parser;
    simdjson::padded_string padded(lines);
    const auto begun = Clock::now();
    std::size_t count = 0;
    simdjson::dom::document_stream stream;
    if (parser.parse_many(padded).get(stream) == simdjson::SUCCESS) {
        for (auto document : stream)
            count += document.error() == simdjson::SUCCESS ? 1U : 0U;
    }
    std::printf(", simdjson over %.0f MB of the same rows' JSON %.3f s (%zu rows)\n",
                static_cast<double>(lines.size()) / 1e6, secondsSince(begun), count);
}

/// What a window waits for: the first rows, and each keystroke in the filter of the largest table. One thread.
void reportWindow(const std::string& file)
{
    using namespace inspector;
    const Job job;
    auto begun = Clock::now();
    const auto took = [&] {
        const auto seconds = secondsSince(begun);
        begun = Clock::now();
        return seconds * 1000;
    };
    const auto opened = inspect::open({store::Location::ofCatalogFile(file), {}}, job);
    const double openMs = took();
    if (!opened)
        return;
    const auto snapshot = (*opened)->snapshotAt(inspect::Moment::latest(), job);
    const double snapshotMs = took();
    if (!snapshot)
        return;
    const auto table = (*snapshot)->entries("audit_log");
    std::vector<std::uint32_t> all(table->size());
    std::iota(all.begin(), all.end(), 0U);
    std::size_t characters = 0;
    for (std::uint32_t row = 0; row < 1000; ++row) {
        for (std::size_t column = 0; column < table->columns().size(); ++column)
            characters += table->cell(row * 97 % static_cast<std::uint32_t>(table->size()), column).size();
    }
    const double cellsUs = took() * 1000 / static_cast<double>(1000 * table->columns().size());
    if (!table->prepareFilter(job))
        return;
    const double prepareMs = took();
    std::printf("  window: open %.0f ms, snapshot %.0f ms, a cell %.2f us, preparing a filter over %zu rows %.0f ms\n",
                openMs, snapshotMs, cellsUs, table->size(), prepareMs);
    for (const char* text : {"a", "grant", "u1234", "create -grant", "event_type:drop u9", "nowhere"}) {
        took();
        const auto picked = table->filter({text}, all, job);
        std::printf("    filter '%s' %.1f ms, %zu rows\n", text, took(), picked ? picked->size() : 0);
    }
    for (std::size_t column = 0; column < std::min<std::size_t>(table->columns().size(), 3); ++column) {
        took();
        const auto sorted = table->sort(all, column, inspect::SortOrder::Descending, job);
        std::printf("    sort by %s %.0f ms, %zu rows\n", table->columns()[column].name.c_str(), took(),
                    sorted ? sorted->size() : characters);
    }
}

} // namespace

int main()
{
#ifndef NDEBUG
    std::puts("This is not an optimised build: the figures mean nothing.");
#endif
    std::array<double, 1> load {};
    if (::getloadavg(load.data(), 1) == 1 && load[0] > 1)
        std::printf(
            "The machine is busy (load %.1f): wall times are those of a share of it, CPU times are what counts.\n",
            load[0]);
    bool isAllMet = true;
    const std::filesystem::path folder = std::filesystem::path(INSPECTOR_BUILD) / "fixture_shards";
    std::filesystem::create_directories(folder);
    for (const auto& reference : kReferences) {
        const auto file = folder / (std::string(reference.shard) + ".mzcat");
        if (!std::filesystem::exists(file)) {
            const auto packed = std::string(INSPECTOR_FIXTURES) + "/shards/" + reference.shard + "/catalog.mzcat.xz";
            if (!runOnce({"/usr/bin/xz", "-dc", packed}, file.c_str(), "/dev/null").isGood) {
                std::printf("cannot unpack %s\n", packed.c_str());
                return 1;
            }
        }
        const std::string cli = INSPECTOR_CLI;
        std::printf("%s, median of %d runs\n", reference.shard, kRuns);
        isAllMet = report("rows, consolidated", run({cli, "facts", file.string()}), reference.rowsSeconds,
                          reference.peakMegabytes)
            && isAllMet;
        isAllMet = report("dump > /dev/null", run({cli, "dump", file.string()}), reference.dumpSeconds,
                          reference.peakMegabytes)
            && isAllMet;

        const auto remarks = folder / "timing.txt";
        const auto statsRun = run({cli, "stats", file.string()});
        std::printf("  stats, every row typed   %7.3f s wall, %7.3f s CPU, %6.1f MB peak\n", statsRun.seconds,
                    statsRun.cpuSeconds, statsRun.peakMegabytes);
        runOnce({cli, "stats", "--timing", file.string()}, "/dev/null", remarks.c_str());
        std::string phases = contentOf(remarks);
        std::replace(phases.begin(), phases.end(), '\n', ';');
        std::printf("  where the time of that goes: %s\n", phases.c_str());
        const auto lines = folder / "rows.jsonl";
        const auto linesRun = runOnce({cli, "dump", "--json", file.string()}, lines.c_str(), "/dev/null");
        std::printf("  dump --json              %7.3f s wall, %7.3f s CPU, %6.1f MB peak\n", linesRun.seconds,
                    linesRun.cpuSeconds, linesRun.peakMegabytes);
        const auto text = folder / "dump.txt";
        runOnce({cli, "dump", file.string()}, text.c_str(), "/dev/null");
        reportLimits(std::filesystem::file_size(file), std::filesystem::file_size(text), contentOf(lines));
        reportWindow(file.string());
        std::filesystem::remove(lines);
        std::filesystem::remove(text);
        std::filesystem::remove(remarks);
    }
    return isAllMet ? 0 : 1;
}
