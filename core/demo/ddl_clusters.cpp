#include "core/demo/builtins.h"
#include "core/demo/ddl.h"
#include "core/demo/json_text.h"

namespace inspector::demo {

namespace {

// The versions at which audit events changed (catalog-model §5.11, §5.13).
constexpr std::uint64_t kEventsWithoutDisk = 76;
constexpr std::uint64_t kReconfigurationEvents = 88;

} // namespace

std::string Ddl::clusterId(const Cluster& cluster) const
{
    return cluster.isSystem ? m_spelling.systemId(cluster.id) : m_spelling.userId(cluster.id);
}

std::string Ddl::idText(const Cluster& cluster)
{
    return (cluster.isSystem ? "s" : "u") + number(cluster.id);
}

Result<> Ddl::writeCluster(const Cluster& cluster)
{
    INSPECTOR_CHECK(m_to.set(Type::ComputeInstance, m_spelling.idKey(clusterId(cluster)),
                             m_spelling.cluster(cluster.name, cluster.shape, cluster.owner, cluster.privileges)));
    return {};
}

std::string Ddl::policies(const std::string& needs, bool isOn)
{
    return object({{"on_refresh",
                    object({{"decision", object({{isOn ? "On" : "Off", "{}"}})},
                            {"objects_needing_compaction", "[]"},
                            {"objects_needing_refresh", isOn ? array({quoted(needs)}) : std::string("[]")},
                            {"rehydration_time_estimate", quoted("00:01:30")}})}});
}

std::string Ddl::replicaId(const Cluster& cluster, std::uint64_t replica) const
{
    return cluster.isSystem ? m_spelling.systemId(replica) : m_spelling.userId(replica);
}

Result<> Ddl::tellReplicaCreated(const Cluster& cluster, const Replica& replica, std::string_view reason,
                                 const std::string& policies)
{
    const bool hasDisk = !m_spelling.isAtLeast(kEventsWithoutDisk);
    const auto& shape = replica.shape;
    std::string details =
        object({{"billed_as", shape.billedAs ? quoted(*shape.billedAs) : kNull},
                {"cluster_id", quoted(idText(cluster))},
                {"cluster_name", quoted(cluster.name)},
                {"internal", boolean(shape.isInternal)},
                {"logical_size", quoted(shape.size)},
                {"reason", object({{"reason", object({{reason, "{}"}})}})},
                {"replica_id", object({{"inner", quoted((cluster.isSystem ? "s" : "u") + number(replica.id))}})},
                {"replica_name", quoted(replica.name)},
                {"scheduling_policies", policies}});
    if (hasDisk) {
        details.back() = ',';
        details += "\"disk\":true}";
    }
    return event(EventType::Create, Audited::ClusterReplica,
                 hasDisk ? "CreateClusterReplicaV3" : "CreateClusterReplicaV4", details);
}

Result<> Ddl::tellReplicaDropped(const Cluster& cluster, const Replica& replica, std::string_view reason,
                                 const std::string& policies)
{
    return event(
        EventType::Drop, Audited::ClusterReplica, "DropClusterReplicaV3",
        object({{"cluster_id", quoted(idText(cluster))},
                {"cluster_name", quoted(cluster.name)},
                {"reason", object({{"reason", object({{reason, "{}"}})}})},
                {"replica_id", object({{"inner", quoted((cluster.isSystem ? "s" : "u") + number(replica.id))}})},
                {"replica_name", quoted(replica.name)},
                {"scheduling_policies", policies}}));
}

Result<> Ddl::createReplica(Cluster& cluster, const std::string& name, const ReplicaShape& shape,
                            std::string_view reason)
{
    const Replica replica {next(cluster.isSystem ? "system_replica" : "replica"), name, shape, {}};
    INSPECTOR_CHECK(m_to.insert(Type::ComputeReplicas, m_spelling.idKey(replicaId(cluster, replica.id)),
                                m_spelling.replica(clusterId(cluster), name, shape, cluster.owner)));
    cluster.replicas.push_back(replica);
    return tellReplicaCreated(cluster, replica, reason, kNull);
}

Result<> Ddl::dropLastReplica(Cluster& cluster, std::string_view reason)
{
    const auto replica = cluster.replicas.back();
    const auto id = replicaId(cluster, replica.id);
    INSPECTOR_CHECK(m_to.remove(Type::ComputeReplicas, m_spelling.idKey(id)));
    for (const auto& parameter : replica.parameters)
        INSPECTOR_CHECK(
            m_to.remove(Type::ReplicaSystemConfiguration, object({{"name", quoted(parameter)}, {"replica_id", id}})));
    cluster.replicas.pop_back();
    return tellReplicaDropped(cluster, replica, reason, kNull);
}

Result<> Ddl::createIntrospectionIndexes(const Cluster& cluster)
{
    for (const auto& log : introspectionLogs()) {
        if (!m_spelling.isAtLeast(log.sinceVersion))
            continue;
        const auto systemItem = m_spelling.isAtLeast(73) ? 0 : next("system");
        INSPECTOR_CHECK(m_to.insert(
            Type::ComputeIntrospectionSourceIndex,
            object({{"cluster_id", clusterId(cluster)}, {"name", quoted(log.name)}}),
            m_spelling.introspectionIndex(cluster.isSystem, cluster.id, log.variant, systemItem, nextOid())));
    }
    return {};
}

Result<Slot> Ddl::createCluster(const std::string& name, const ClusterShape& shape, bool isSystem)
{
    Cluster cluster;
    cluster.id = next(isSystem ? "system_compute" : "user_compute");
    cluster.isSystem = isSystem;
    cluster.name = name;
    cluster.shape = shape;
    cluster.owner = m_user;
    cluster.privileges = {{kSupportRole, m_user, kUsage}, {m_user, m_user, kUsage | kCreate}};
    INSPECTOR_CHECK(writeCluster(cluster));
    INSPECTOR_CHECK(idName(EventType::Create, Audited::Cluster, idText(cluster), name));
    INSPECTOR_CHECK(createIntrospectionIndexes(cluster));
    for (std::uint32_t i = 0; i < shape.replicationFactor && !shape.refreshes; ++i) {
        ReplicaShape replica {shape.size, {}, {}, false, false};
        if (!shape.zones.empty())
            replica.zone = shape.zones[i % shape.zones.size()];
        INSPECTOR_CHECK(createReplica(cluster, "r" + number(i + 1), replica, isSystem ? "System" : "Manual"));
    }
    m_environment.clusters.push_back(std::move(cluster));
    return static_cast<Slot>(m_environment.clusters.size() - 1);
}

Result<> Ddl::renameCluster(Slot index, const std::string& name)
{
    auto& cluster = m_environment.clusters[index];
    const auto before = std::exchange(cluster.name, name);
    INSPECTOR_CHECK(writeCluster(cluster));
    return event(EventType::Alter, Audited::Cluster, "RenameClusterV1",
                 object({{"id", quoted(idText(cluster))}, {"new_name", quoted(name)}, {"old_name", quoted(before)}}));
}

Result<> Ddl::reconfigured(const Cluster& cluster, std::string_view transition)
{
    return event(EventType::Alter, Audited::Cluster, "AlterClusterReconfigurationV1",
                 object({{"cluster_id", quoted(idText(cluster))},
                         {"cluster_name", quoted(cluster.name)},
                         {"deadline", number(m_nowMs + 3'600'000)},
                         {"forced", kNull},
                         {"target_availability_zones", "[]"},
                         {"target_logging",
                          object({{"interval", object({{"nanos", "0"}, {"secs", "1"}})}, {"log_logging", "false"}})},
                         {"target_replication_factor", number(cluster.shape.replicationFactor)},
                         {"target_size", quoted(cluster.shape.size)},
                         {"transition", object({{"transition", object({{transition, "{}"}})}})}}));
}

Result<> Ddl::resizeCluster(Slot index, const std::string& size, std::uint32_t replicationFactor)
{
    auto& cluster = m_environment.clusters[index];
    cluster.shape.size = size;
    cluster.shape.replicationFactor = replicationFactor;
    INSPECTOR_CHECK(writeCluster(cluster));
    INSPECTOR_CHECK(idName(EventType::Alter, Audited::Cluster, idText(cluster), cluster.name));
    const bool isTold = m_spelling.isAtLeast(kReconfigurationEvents);
    if (isTold)
        INSPECTOR_CHECK(reconfigured(cluster, "Started"));
    const auto* reason = isTold ? "Reconfiguration" : "Manual";
    while (!cluster.replicas.empty())
        INSPECTOR_CHECK(dropLastReplica(cluster, isTold ? "Retired" : "Manual"));
    for (std::uint32_t i = 0; i < replicationFactor && !cluster.shape.refreshes; ++i) {
        ReplicaShape replica {size, {}, {}, false, false};
        if (!cluster.shape.zones.empty())
            replica.zone = cluster.shape.zones[i % cluster.shape.zones.size()];
        INSPECTOR_CHECK(createReplica(cluster, "r" + number(i + 1), replica, reason));
    }
    return isTold ? reconfigured(cluster, "Finalized") : Result<>();
}

Result<> Ddl::dropCluster(Slot index)
{
    auto& cluster = m_environment.clusters[index];
    while (!cluster.replicas.empty())
        INSPECTOR_CHECK(dropLastReplica(cluster, "Manual"));
    for (const auto& log : introspectionLogs()) {
        if (m_spelling.isAtLeast(log.sinceVersion))
            INSPECTOR_CHECK(m_to.remove(Type::ComputeIntrospectionSourceIndex,
                                        object({{"cluster_id", clusterId(cluster)}, {"name", quoted(log.name)}})));
    }
    for (const auto& parameter : cluster.parameters)
        INSPECTOR_CHECK(m_to.remove(Type::ClusterSystemConfiguration,
                                    object({{"cluster_id", clusterId(cluster)}, {"name", quoted(parameter)}})));
    if (cluster.hasComment)
        INSPECTOR_CHECK(m_to.remove(Type::Comments, m_spelling.commentKey("Cluster", clusterId(cluster), {})));
    INSPECTOR_CHECK(m_to.remove(Type::ComputeInstance, m_spelling.idKey(clusterId(cluster))));
    cluster.isLive = false;
    return idName(EventType::Drop, Audited::Cluster, idText(cluster), cluster.name);
}

Result<> Ddl::refreshCluster(Slot index, const std::string& needs, std::uint64_t offMs)
{
    // The replica comes and goes within one transaction: its row cancels out before it is written.
    const auto& cluster = m_environment.clusters[index];
    const Replica replica {next("replica"), "r1", {cluster.shape.size, {}, {}, false, false}, {}};
    INSPECTOR_CHECK(tellReplicaCreated(cluster, replica, "Schedule", policies(needs, true)));
    m_nowMs = offMs;
    return tellReplicaDropped(cluster, replica, "Schedule", policies(needs, false));
}

Result<> Ddl::burstCluster(Slot index, std::uint64_t endMs)
{
    const auto& cluster = m_environment.clusters[index];
    if (!m_spelling.isAtLeast(kReconfigurationEvents) || !cluster.shape.hydrationSize)
        return {};
    const auto tell = [&](std::string_view transition, const std::string& cause) {
        return event(EventType::Alter, Audited::Cluster, "ClusterHydrationBurstV1",
                     object({{"burst_size", quoted(*cluster.shape.hydrationSize)},
                             {"cluster_id", quoted(idText(cluster))},
                             {"cluster_name", quoted(cluster.name)},
                             {"finish_cause", cause},
                             {"transition", object({{"transition", object({{transition, "{}"}})}})}}));
    };
    const Replica replica {next("replica"), "burst", {*cluster.shape.hydrationSize, {}, {}, false, false}, {}};
    INSPECTOR_CHECK(tell("Started", kNull));
    INSPECTOR_CHECK(tellReplicaCreated(cluster, replica, "HydrationBurst", kNull));
    m_nowMs = endMs;
    INSPECTOR_CHECK(tellReplicaDropped(cluster, replica, "HydrationBurst", kNull));
    return tell("Finished", object({{"cause", object({{"LingerElapsed", "{}"}})}}));
}

} // namespace inspector::demo
