#pragma once

#include "core/catalog/collection.h"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

namespace inspector::edit {

/// A sum of durations and their number, in buckets that double from `first` seconds to 32 s (catalog-model §2.21): 128,
/// 256 and 512 µs, then 1 ms and its doubles up to 512 ms, then 1 s and its doubles.
class LatencyHistogram
{
public:
    /// `firstSeconds` is the bound of the first bucket; smaller bounds are left out.
    explicit LatencyHistogram(double firstSeconds)
        : m_first(firstSeconds)
    {
    }

    void observe(double seconds);
    /// Prometheus text of this histogram under `name`.
    void append(const std::string& name, std::string& to) const;
    [[nodiscard]] std::uint64_t count() const { return m_count.load(); }
    [[nodiscard]] double sumSeconds() const { return m_sum.load(); }

private:
    /// Upper bounds in seconds, inclusive.
    static constexpr std::array kBounds {0.000128, 0.000256, 0.000512, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064,
                                         0.128,    0.256,    0.512,    1.0,   2.0,   4.0,   8.0,   16.0,  32.0};
    double m_first;
    std::array<std::atomic<std::uint64_t>, kBounds.size()> m_buckets {}; ///< of kBounds; longer ones are in none
    std::atomic<std::uint64_t> m_count {0};
    std::atomic<double> m_sum {0};
};

/// Adds the time that it lived to a histogram, if there is one.
class LatencyTimer
{
public:
    explicit LatencyTimer(LatencyHistogram* histogram)
        : m_histogram(histogram)
    {
    }
    ~LatencyTimer()
    {
        if (m_histogram != nullptr)
            m_histogram->observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - m_start).count());
    }
    LatencyTimer(const LatencyTimer&) = delete;
    LatencyTimer& operator=(const LatencyTimer&) = delete;

private:
    LatencyHistogram* m_histogram;
    std::chrono::steady_clock::time_point m_start = std::chrono::steady_clock::now();
};

/// The metrics of a catalog (catalog-model §2.21), by the reference's names. Any thread.
struct CatalogMetrics
{
    std::atomic<std::uint64_t> transactionsStarted {0};
    std::atomic<std::uint64_t> transactionCommits {0};
    std::atomic<std::uint64_t> snapshotsTaken {0};
    std::atomic<std::uint64_t> syncs {0};
    std::atomic<std::uint64_t> snapshotConsolidations {0};
    std::atomic<std::uint64_t> snapshotMaxEntries {0};
    std::array<std::atomic<std::int64_t>, catalog::kCollectionCount> collectionEntries {};
    LatencyHistogram transactionCommitLatency {0.000128};
    LatencyHistogram snapshotLatency {0.000128};
    LatencyHistogram syncLatency {0.000128};
    LatencyHistogram allocateId {0.001};

    /// What text() tells, and how (catalog-model §2.21).
    enum class Form {
        Old, ///< latencies as sums; without the metrics that the new era added
        New, ///< latencies as histograms
    };

    /// Prometheus text, by the names.
    [[nodiscard]] std::string text(Form form) const;
};

} // namespace inspector::edit
