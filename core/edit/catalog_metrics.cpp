#include "core/edit/catalog_metrics.h"

#include <charconv>
#include <string_view>

namespace inspector::edit {

namespace {

constexpr std::string_view kPrefix = "mz_catalog_";

/// As short as it can be read back: "0.000128", "32".
std::string textOf(double value)
{
    std::array<char, 32> digits {};
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed);
    return {digits.data(), written.ptr};
}

void appendHead(std::string_view name, std::string_view type, std::string_view help, std::string& to)
{
    to.append("# HELP ").append(name).append(" ").append(help).append("\n");
    to.append("# TYPE ").append(name).append(" ").append(type).append("\n");
}

void appendNumber(std::string_view name, std::string_view type, std::string_view help, const std::string& value,
                  std::string& to)
{
    const auto full = std::string(kPrefix).append(name);
    appendHead(full, type, help, to);
    to.append(full).append(" ").append(value).append("\n");
}

void appendLatency(std::string_view name, std::string_view help, const LatencyHistogram& latency,
                   CatalogMetrics::Form form, std::string& to)
{
    if (form == CatalogMetrics::Form::Old) {
        appendNumber(name, "counter", help, textOf(latency.sumSeconds()), to);
        return;
    }
    const auto full = std::string(kPrefix).append(name);
    appendHead(full, "histogram", help, to);
    latency.append(full, to);
}

} // namespace

void LatencyHistogram::observe(double seconds)
{
    for (std::size_t i = 0; i < kBounds.size(); ++i) {
        if (seconds <= kBounds.at(i) && kBounds.at(i) >= m_first) {
            m_buckets.at(i).fetch_add(1, std::memory_order_relaxed);
            break;
        }
    }
    m_sum.fetch_add(seconds, std::memory_order_relaxed);
    m_count.fetch_add(1, std::memory_order_relaxed);
}

void LatencyHistogram::append(const std::string& name, std::string& to) const
{
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < kBounds.size(); ++i) {
        if (kBounds.at(i) < m_first)
            continue;
        sum += m_buckets.at(i).load(std::memory_order_relaxed);
        to.append(name).append("_bucket{le=\"").append(textOf(kBounds.at(i))).append("\"} ");
        to.append(std::to_string(sum)).append("\n");
    }
    const auto all = std::to_string(count());
    to.append(name).append("_bucket{le=\"+Inf\"} ").append(all).append("\n");
    to.append(name).append("_sum ").append(textOf(sumSeconds())).append("\n");
    to.append(name).append("_count ").append(all).append("\n");
}

std::string CatalogMetrics::text(Form form) const
{
    std::string text;
    const auto count = [&](std::string_view name, std::string_view type, std::string_view help,
                           const std::atomic<std::uint64_t>& value) {
        appendNumber(name, type, help, std::to_string(value.load()), text);
    };
    const bool isNew = form == Form::New;
    if (isNew)
        appendLatency("allocate_id_seconds", "How long drawing ids from an allocator took.", allocateId, form, text);
    const auto entries = std::string(kPrefix).append("collection_entries");
    appendHead(entries, "gauge", "Live rows of a collection.", text);
    for (const auto type : catalog::collectionsByName()) {
        text.append(entries).append("{collection=\"").append(catalog::collectionOf(type).name).append("\"} ");
        text.append(std::to_string(collectionEntries.at(static_cast<std::size_t>(type)).load())).append("\n");
    }
    if (isNew) {
        count("snapshot_consolidations", "counter", "How often the cached rows were consolidated.",
              snapshotConsolidations);
    }
    appendLatency("snapshot_latency_seconds", "How long reading snapshots from the shard took.", snapshotLatency, form,
                  text);
    if (isNew) {
        count("snapshot_max_entries", "gauge", "Most entries that the cached rows had before they were consolidated.",
              snapshotMaxEntries);
    }
    count("snapshots_taken", "counter", "Snapshots read from the shard.", snapshotsTaken);
    appendLatency("sync_latency_seconds", "How long following the shard took.", syncLatency, form, text);
    count("syncs", "counter", "How often the shard was followed.", syncs);
    appendLatency("transaction_commit_latency_seconds", "How long commits took.", transactionCommitLatency, form, text);
    count("transaction_commits", "counter", "Commits that were tried, failed ones and those in memory included.",
          transactionCommits);
    count("transactions_started", "counter", "Transactions that were started.", transactionsStarted);
    return text;
}

} // namespace inspector::edit
