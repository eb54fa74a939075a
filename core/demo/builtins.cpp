#include "core/demo/builtins.h"

#include <array>

namespace inspector::demo {

namespace {

// CatalogItemType (catalog-model §5.10).
constexpr int kTable = 1;
constexpr int kSource = 2;
constexpr int kView = 4;
constexpr int kMaterializedView = 5;
constexpr int kIndex = 6;
constexpr int kType = 7;
constexpr int kFunc = 8;
constexpr int kConnection = 10;

constexpr std::array kBuiltins {
    Builtin {"pg_catalog", kType, "bool"},
    Builtin {"pg_catalog", kType, "bytea"},
    Builtin {"pg_catalog", kType, "date"},
    Builtin {"pg_catalog", kType, "float4"},
    Builtin {"pg_catalog", kType, "float8"},
    Builtin {"pg_catalog", kType, "int2"},
    Builtin {"pg_catalog", kType, "int4"},
    Builtin {"pg_catalog", kType, "int8"},
    Builtin {"pg_catalog", kType, "interval"},
    Builtin {"pg_catalog", kType, "jsonb"},
    Builtin {"pg_catalog", kType, "numeric"},
    Builtin {"pg_catalog", kType, "oid"},
    Builtin {"pg_catalog", kType, "text"},
    Builtin {"pg_catalog", kType, "time"},
    Builtin {"pg_catalog", kType, "timestamp"},
    Builtin {"pg_catalog", kType, "timestamptz"},
    Builtin {"pg_catalog", kType, "uuid"},
    Builtin {"pg_catalog", kType, "varchar"},
    Builtin {"mz_catalog", kType, "list"},
    Builtin {"mz_catalog", kType, "map"},
    Builtin {"mz_catalog", kType, "mz_aclitem"},
    Builtin {"mz_catalog", kType, "mz_timestamp"},
    Builtin {"mz_catalog", kType, "uint4"},
    Builtin {"mz_catalog", kType, "uint8"},
    Builtin {"pg_catalog", kFunc, "abs"},
    Builtin {"pg_catalog", kFunc, "avg"},
    Builtin {"pg_catalog", kFunc, "coalesce"},
    Builtin {"pg_catalog", kFunc, "count"},
    Builtin {"pg_catalog", kFunc, "date_trunc"},
    Builtin {"pg_catalog", kFunc, "lower"},
    Builtin {"pg_catalog", kFunc, "max"},
    Builtin {"pg_catalog", kFunc, "min"},
    Builtin {"pg_catalog", kFunc, "sum"},
    Builtin {"mz_catalog", kFunc, "mz_now"},
    Builtin {"mz_catalog", kTable, "mz_aggregates"},
    Builtin {"mz_catalog", kTable, "mz_audit_events"},
    Builtin {"mz_catalog", kTable, "mz_cluster_replica_sizes"},
    Builtin {"mz_catalog", kTable, "mz_cluster_replicas"},
    Builtin {"mz_catalog", kTable, "mz_clusters"},
    Builtin {"mz_catalog", kTable, "mz_columns"},
    Builtin {"mz_catalog", kTable, "mz_connections"},
    Builtin {"mz_catalog", kTable, "mz_databases"},
    Builtin {"mz_catalog", kTable, "mz_default_privileges"},
    Builtin {"mz_catalog", kTable, "mz_functions"},
    Builtin {"mz_catalog", kTable, "mz_index_columns"},
    Builtin {"mz_catalog", kTable, "mz_indexes"},
    Builtin {"mz_catalog", kTable, "mz_kafka_connections"},
    Builtin {"mz_catalog", kTable, "mz_kafka_sinks"},
    Builtin {"mz_catalog", kTable, "mz_kafka_sources"},
    Builtin {"mz_catalog", kTable, "mz_materialized_views"},
    Builtin {"mz_catalog", kTable, "mz_role_members"},
    Builtin {"mz_catalog", kTable, "mz_role_parameters"},
    Builtin {"mz_catalog", kTable, "mz_roles"},
    Builtin {"mz_catalog", kTable, "mz_schemas"},
    Builtin {"mz_catalog", kTable, "mz_secrets"},
    Builtin {"mz_catalog", kTable, "mz_sinks"},
    Builtin {"mz_catalog", kTable, "mz_sources"},
    Builtin {"mz_catalog", kTable, "mz_system_privileges"},
    Builtin {"mz_catalog", kTable, "mz_tables"},
    Builtin {"mz_catalog", kTable, "mz_types"},
    Builtin {"mz_catalog", kTable, "mz_views"},
    Builtin {"mz_internal", kTable, "mz_comments"},
    Builtin {"mz_internal", kTable, "mz_network_policies"},
    Builtin {"mz_internal", kTable, "mz_network_policy_rules"},
    Builtin {"mz_internal", kTable, "mz_object_dependencies"},
    Builtin {"mz_internal", kTable, "mz_sessions"},
    Builtin {"mz_internal", kTable, "mz_source_references"},
    Builtin {"mz_internal", kTable, "mz_subscriptions"},
    Builtin {"mz_internal", kSource, "mz_cluster_replica_frontiers"},
    Builtin {"mz_internal", kSource, "mz_cluster_replica_metrics_history"},
    Builtin {"mz_internal", kSource, "mz_cluster_replica_status_history"},
    Builtin {"mz_internal", kSource, "mz_frontiers"},
    Builtin {"mz_internal", kSource, "mz_prepared_statement_history"},
    Builtin {"mz_internal", kSource, "mz_session_history"},
    Builtin {"mz_internal", kSource, "mz_sink_statistics_raw"},
    Builtin {"mz_internal", kSource, "mz_sink_status_history"},
    Builtin {"mz_internal", kSource, "mz_source_statistics_raw"},
    Builtin {"mz_internal", kSource, "mz_source_status_history"},
    Builtin {"mz_internal", kSource, "mz_statement_execution_history"},
    Builtin {"mz_internal", kSource, "mz_storage_shards"},
    Builtin {"mz_internal", kSource, "mz_wallclock_global_lag_recent_history"},
    Builtin {"mz_catalog", kView, "mz_objects"},
    Builtin {"mz_catalog", kView, "mz_relations"},
    Builtin {"mz_catalog", kView, "mz_storage_usage"},
    Builtin {"mz_catalog", kView, "mz_recent_storage_usage"},
    Builtin {"mz_internal", kView, "mz_cluster_replica_utilization"},
    Builtin {"mz_internal", kView, "mz_compute_dependencies"},
    Builtin {"mz_internal", kView, "mz_hydration_statuses"},
    Builtin {"mz_internal", kView, "mz_object_fully_qualified_names"},
    Builtin {"mz_internal", kView, "mz_object_lifetimes"},
    Builtin {"mz_internal", kView, "mz_recent_activity_log"},
    Builtin {"mz_internal", kView, "mz_show_all_objects"},
    Builtin {"mz_internal", kView, "mz_show_clusters"},
    Builtin {"mz_internal", kView, "mz_show_sinks"},
    Builtin {"mz_internal", kView, "mz_show_sources"},
    Builtin {"mz_internal", kView, "mz_sink_statuses"},
    Builtin {"mz_internal", kView, "mz_source_statuses"},
    Builtin {"mz_introspection", kView, "mz_arrangement_sizes"},
    Builtin {"mz_introspection", kView, "mz_compute_exports"},
    Builtin {"mz_introspection", kView, "mz_dataflow_operators"},
    Builtin {"mz_introspection", kView, "mz_dataflows"},
    Builtin {"mz_introspection", kView, "mz_scheduling_elapsed"},
    Builtin {"pg_catalog", kView, "pg_attribute"},
    Builtin {"pg_catalog", kView, "pg_class"},
    Builtin {"pg_catalog", kView, "pg_database"},
    Builtin {"pg_catalog", kView, "pg_index"},
    Builtin {"pg_catalog", kView, "pg_namespace"},
    Builtin {"pg_catalog", kView, "pg_proc"},
    Builtin {"pg_catalog", kView, "pg_roles"},
    Builtin {"pg_catalog", kView, "pg_settings"},
    Builtin {"pg_catalog", kView, "pg_type"},
    Builtin {"pg_catalog", kView, "pg_views"},
    Builtin {"information_schema", kView, "columns"},
    Builtin {"information_schema", kView, "schemata"},
    Builtin {"information_schema", kView, "tables"},
    Builtin {"information_schema", kView, "views"},
    Builtin {"mz_internal", kMaterializedView, "mz_recent_activity_log_thinned"},
    Builtin {"mz_internal", kIndex, "mz_clusters_ind"},
    Builtin {"mz_internal", kIndex, "mz_columns_ind"},
    Builtin {"mz_internal", kIndex, "mz_indexes_ind"},
    Builtin {"mz_internal", kIndex, "mz_object_dependencies_ind"},
    Builtin {"mz_internal", kIndex, "mz_objects_ind"},
    Builtin {"mz_internal", kIndex, "mz_roles_ind"},
    Builtin {"mz_internal", kIndex, "mz_show_all_objects_ind"},
    Builtin {"mz_internal", kIndex, "mz_show_clusters_ind"},
    Builtin {"mz_internal", kIndex, "mz_sources_ind"},
    Builtin {"mz_internal", kIndex, "mz_tables_ind"},
    Builtin {"mz_internal", kConnection, "mz_analytics"},
};

constexpr std::uint64_t kAlways = 0;

constexpr std::array kLogs {
    IntrospectionLog {1, "mz_dataflow_operators_per_worker", kAlways},
    IntrospectionLog {2, "mz_dataflow_channels_per_worker", kAlways},
    IntrospectionLog {3, "mz_scheduling_elapsed_raw", kAlways},
    IntrospectionLog {4, "mz_compute_operator_durations_histogram_raw", kAlways},
    IntrospectionLog {5, "mz_dataflow_addresses_per_worker", kAlways},
    IntrospectionLog {6, "mz_scheduling_parks_histogram_raw", kAlways},
    IntrospectionLog {7, "mz_message_counts_sent_raw", kAlways},
    IntrospectionLog {8, "mz_message_counts_received_raw", kAlways},
    IntrospectionLog {9, "mz_dataflow_operator_reachability_raw", kAlways},
    IntrospectionLog {10, "mz_message_batch_counts_sent_raw", kAlways},
    IntrospectionLog {11, "mz_message_batch_counts_received_raw", kAlways},
    IntrospectionLog {12, "mz_arrangement_batches_raw", kAlways},
    IntrospectionLog {13, "mz_arrangement_records_raw", kAlways},
    IntrospectionLog {14, "mz_arrangement_sharing_raw", kAlways},
    IntrospectionLog {15, "mz_arrangement_batcher_records_raw", kAlways},
    IntrospectionLog {16, "mz_arrangement_batcher_size_raw", kAlways},
    IntrospectionLog {17, "mz_arrangement_batcher_capacity_raw", kAlways},
    IntrospectionLog {18, "mz_arrangement_batcher_allocations_raw", kAlways},
    IntrospectionLog {19, "mz_compute_exports_per_worker", kAlways},
    IntrospectionLog {20, "mz_compute_frontiers_per_worker", kAlways},
    IntrospectionLog {21, "mz_active_peeks_per_worker", kAlways},
    IntrospectionLog {22, "mz_peek_durations_histogram_raw", kAlways},
    IntrospectionLog {23, "mz_compute_import_frontiers_per_worker", kAlways},
    IntrospectionLog {24, "mz_arrangement_heap_size_raw", kAlways},
    IntrospectionLog {25, "mz_arrangement_heap_capacity_raw", kAlways},
    IntrospectionLog {26, "mz_arrangement_heap_allocations_raw", kAlways},
    IntrospectionLog {28, "mz_compute_error_counts_raw", kAlways},
    IntrospectionLog {29, "mz_compute_hydration_times_per_worker", kAlways},
    IntrospectionLog {30, "mz_compute_lir_mapping_per_worker", 73},
    IntrospectionLog {31, "mz_compute_dataflow_global_ids_per_worker", 73},
    IntrospectionLog {32, "mz_compute_operator_hydration_statuses_per_worker", 79},
    IntrospectionLog {33, "mz_cluster_prometheus_metrics", 90},
};

} // namespace

std::span<const Builtin> builtins()
{
    return kBuiltins;
}

std::uint64_t builtinType(std::string_view name)
{
    for (std::size_t i = 0; i < kBuiltins.size(); ++i) {
        if (kBuiltins.at(i).itemType == kType && kBuiltins.at(i).name == name)
            return i + 1;
    }
    return 0;
}

std::string_view schemaOfType(std::string_view name)
{
    const auto n = builtinType(name);
    return n == 0 ? std::string_view() : kBuiltins.at(n - 1).schema;
}

std::span<const IntrospectionLog> introspectionLogs()
{
    return kLogs;
}

} // namespace inspector::demo
