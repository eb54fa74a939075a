#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace inspector::catalog {

/// A category of catalog content, in the fixed order of catalog-model §5.1. The numbers are ours and stand on no disk.
enum class CollectionType : std::uint8_t {
    AuditLog,
    ComputeInstance,
    ComputeIntrospectionSourceIndex,
    ComputeReplicas,
    Comments,
    Config,
    Database,
    DefaultPrivileges,
    IdAlloc,
    Item,
    NetworkPolicy,
    Role,
    RoleAuth,
    Schema,
    Setting,
    SourceReferences,
    SystemConfiguration,
    ClusterSystemConfiguration,
    ReplicaSystemConfiguration,
    SystemGidMapping,
    SystemPrivileges,
    StorageCollectionMetadata,
    UnfinalizedShard,
    TxnWalShard,
};

inline constexpr std::size_t kCollectionCount = 24;

/// What there is to know about a collection without looking at its rows.
struct Collection
{
    CollectionType type = CollectionType::AuditLog;
    std::string_view name;          ///< snake_case, as the reference's command line spells it: "compute_instance"
    std::string_view kind;          ///< of its rows: "Cluster"
    std::string_view traceField;    ///< where the reference's trace keeps it: "clusters"
    std::string_view snapshotField; ///< where its snapshot keeps it; empty when it does not (the audit log)
    std::string_view title;         ///< for people: "Clusters"
    std::string_view help;          ///< one sentence
    std::uint32_t since = 0;        ///< first catalog version that has it; 0: older than this build knows
    bool isLarge = false;           ///< grows without bound (the audit log)
    bool hasKey = true;             ///< false: a singleton whose key is null
    bool hasValue = true;           ///< false: its value is null
};

/// The kind of the row that says who may write; it belongs to no collection.
inline constexpr std::string_view kFenceTokenKind = "FenceToken";

/// All of them, by CollectionType.
[[nodiscard]] std::span<const Collection, kCollectionCount> collections();

[[nodiscard]] const Collection& collectionOf(CollectionType type);

/// By snake_case name; nullptr when there is no such one.
[[nodiscard]] const Collection* collectionNamed(std::string_view name);

/// By the kind of a row; nullptr for the fence token and for kinds that this build does not know. Fast.
[[nodiscard]] const Collection* collectionOfKind(std::string_view kind);

/// The types in the order of the collections' names, as the reference's dump lists them.
[[nodiscard]] std::span<const CollectionType, kCollectionCount> collectionsByName();

} // namespace inspector::catalog
