#pragma once

#include "core/catalog/collection.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

namespace inspector::edit {

/// A sum of durations and their number, in buckets that double from `first` seconds to 32 s (catalog-model §2.21).
class LatencyHistogram
{
public:
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
    static constexpr std::size_t kMaxBuckets = 24;
    double m_first;
    std::array<std::atomic<std::uint64_t>, kMaxBuckets> m_buckets {};
    std::atomic<std::uint64_t> m_count {0};
    std::atomic<double> m_sum {0};
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

    /// Prometheus text. `histograms`: the new era's form; the old one has sums only.
    [[nodiscard]] std::string text(bool histograms) const;
};

} // namespace inspector::edit
