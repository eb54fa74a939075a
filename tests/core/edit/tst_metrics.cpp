#include "core/edit/catalog_metrics.h"
#include "tests/core/edit/catalog_story.h"

#include <QtTest>

using namespace inspector;
using namespace inspector::test;
using catalog::CollectionType;
using inspector::edit::CatalogMetrics;
using inspector::edit::LatencyHistogram;

namespace {

const Job kJob;

QStringList linesOf(const CatalogMetrics& metrics, CatalogMetrics::Form form)
{
    return QString::fromStdString(metrics.text(form)).split('\n', Qt::SkipEmptyParts);
}

/// The names that have a TYPE line, with it.
QStringList typesOf(const QStringList& lines)
{
    QStringList types;
    for (const auto& line : lines)
        if (line.startsWith("# TYPE "))
            types << line.mid(7);
    return types;
}

std::int64_t entriesOf(const CatalogMetrics& metrics, CollectionType type)
{
    return metrics.collectionEntries.at(static_cast<std::size_t>(type));
}

} // namespace

class TestMetrics : public QObject
{
    Q_OBJECT

private slots:
    void theOldFormHasSums()
    {
        QCOMPARE(typesOf(linesOf(CatalogMetrics(), CatalogMetrics::Form::Old)),
                 (QStringList {"mz_catalog_collection_entries gauge", "mz_catalog_snapshot_latency_seconds counter",
                               "mz_catalog_snapshots_taken counter", "mz_catalog_sync_latency_seconds counter",
                               "mz_catalog_syncs counter", "mz_catalog_transaction_commit_latency_seconds counter",
                               "mz_catalog_transaction_commits counter", "mz_catalog_transactions_started counter"}));
    }

    void theNewFormHasHistograms()
    {
        CatalogMetrics metrics;
        metrics.syncLatency.observe(0.0003);
        metrics.syncLatency.observe(0.0005);
        metrics.syncLatency.observe(100);
        const auto lines = linesOf(metrics, CatalogMetrics::Form::New);
        QCOMPARE(typesOf(lines),
                 (QStringList {"mz_catalog_allocate_id_seconds histogram", "mz_catalog_collection_entries gauge",
                               "mz_catalog_snapshot_consolidations counter",
                               "mz_catalog_snapshot_latency_seconds histogram", "mz_catalog_snapshot_max_entries gauge",
                               "mz_catalog_snapshots_taken counter", "mz_catalog_sync_latency_seconds histogram",
                               "mz_catalog_syncs counter", "mz_catalog_transaction_commit_latency_seconds histogram",
                               "mz_catalog_transaction_commits counter", "mz_catalog_transactions_started counter"}));
        for (const auto* line :
             {"mz_catalog_sync_latency_seconds_bucket{le=\"0.000128\"} 0",
              "mz_catalog_sync_latency_seconds_bucket{le=\"0.000256\"} 0",
              "mz_catalog_sync_latency_seconds_bucket{le=\"0.000512\"} 2",
              "mz_catalog_sync_latency_seconds_bucket{le=\"32\"} 2",
              "mz_catalog_sync_latency_seconds_bucket{le=\"+Inf\"} 3", "mz_catalog_sync_latency_seconds_count 3",
              "mz_catalog_sync_latency_seconds_sum 100.0008"})
            QVERIFY2(lines.contains(line), line);
        // Ids are counted from a millisecond on.
        QVERIFY(!lines.contains("mz_catalog_allocate_id_seconds_bucket{le=\"0.000512\"} 0"));
        QVERIFY(lines.contains("mz_catalog_allocate_id_seconds_bucket{le=\"0.001\"} 0"));
    }

    void aDurationBelowTheFirstBucketCountsInIt()
    {
        LatencyHistogram histogram(0.001);
        histogram.observe(0.0001);
        std::string text;
        histogram.append("x", text);
        QVERIFY(text.find("x_bucket{le=\"0.001\"} 1") != std::string::npos);
        QCOMPARE(histogram.count(), quint64(1));
    }

    void everyCollectionHasItsGauge()
    {
        CatalogMetrics metrics;
        metrics.collectionEntries.at(static_cast<std::size_t>(CollectionType::ComputeInstance)) = 5;
        const auto lines = linesOf(metrics, CatalogMetrics::Form::New);
        QVERIFY(lines.contains("mz_catalog_collection_entries{collection=\"compute_instance\"} 5"));
        QCOMPARE(lines.filter("mz_catalog_collection_entries{").size(), qsizetype(catalog::kCollectionCount));
    }

    void aCatalogCounts_data()
    {
        QTest::addColumn<quint64>("version");
        QTest::newRow("old") << quint64(72);
        QTest::newRow("new") << quint64(92);
    }
    void aCatalogCounts()
    {
        QFETCH(quint64, version);
        Story story(version, Place::inMemory());
        auto options = story.options();
        const auto metrics = std::make_shared<CatalogMetrics>();
        options.metrics = metrics;
        auto unopened = story.construct(options);
        QVERIFY(unopened.has_value());
        QCOMPARE(metrics->snapshotsTaken.load(), quint64(1));
        auto catalog = std::move(**unopened).open(story.arguments(), kJob);
        QVERIFY(catalog.has_value());
        QVERIFY((*catalog)->syncToCurrentUpdates(kJob).has_value());
        QCOMPARE(metrics->transactionsStarted.load(), quint64(1));
        QCOMPARE(metrics->transactionCommits.load(), quint64(1));
        QCOMPARE(metrics->transactionCommitLatency.count(), quint64(1));
        QCOMPARE(metrics->syncs.load(), metrics->syncLatency.count());
        const std::int64_t roles = version == 72 ? 6 : 7;
        QCOMPARE(entriesOf(*metrics, CollectionType::Role), roles);
        QCOMPARE(entriesOf(*metrics, CollectionType::AuditLog), qint64(12));

        const auto role = sampleRole(*(*catalog)->snapshot(kJob), 7, "joe");
        QVERIFY(insertAndCommit(**catalog, CollectionType::Role, role).has_value());
        QCOMPARE(entriesOf(*metrics, CollectionType::Role), roles + 1);
        QCOMPARE(metrics->transactionCommits.load(), quint64(2));
        QVERIFY((*catalog)->allocateIds("user", 1, std::nullopt, kJob).has_value());
        QCOMPARE(metrics->allocateId.count(), quint64(1));
        QCOMPARE(metrics->transactionsStarted.load(), quint64(3));

        // A failed commit counts, too.
        auto late = (*catalog)->transaction(kJob);
        QVERIFY(late.has_value());
        QVERIFY(story.open().has_value());
        QVERIFY(!(*catalog)->commit(*std::move(late), std::nullopt, kJob).has_value());
        QCOMPARE(metrics->transactionCommits.load(), quint64(4));
        QVERIFY(metrics->snapshotConsolidations.load() > 0);

        // Opening again, with the same metrics, counts the rows anew.
        auto again = std::move(**story.construct(options)).open(story.arguments(), kJob);
        QVERIFY(again.has_value());
        QCOMPARE(entriesOf(*metrics, CollectionType::Role), roles + 1);
        QCOMPARE(metrics->snapshotsTaken.load(), quint64(2));
    }
};

QTEST_APPLESS_MAIN(TestMetrics)
#include "tst_metrics.moc"
