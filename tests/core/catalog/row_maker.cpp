#include "tests/core/catalog/row_maker.h"

#include "tests/core/catalog/catalog_fixtures.h"

#include <array>

namespace inspector::test {

using catalog::CollectionType;

std::vector<CollectionType> RowMaker::collections() const
{
    std::vector<CollectionType> types;
    for (const auto& collection : catalog::collections()) {
        if (collection.type != CollectionType::AuditLog && m_schema->has(collection.type))
            types.push_back(collection.type);
    }
    return types;
}

std::string RowMaker::id(std::string_view variant, std::uint64_t n) const
{
    const auto inner = "{'" + std::string(variant) + "':" + std::to_string(n) + "}";
    return fromQuoted(isProto() ? "{'value':" + inner + "}" : inner);
}

std::string RowMaker::unit(std::string_view variant) const
{
    return isProto() ? "{'" + std::string(variant) + "':{}}" : "'" + std::string(variant) + "'";
}

std::string RowMaker::key(CollectionType type, std::uint64_t n) const
{
    const auto text = std::to_string(n);
    const auto of = [](const std::string& json) { return fromQuoted(json); };
    switch (type) {
    case CollectionType::ComputeInstance:
    case CollectionType::ComputeReplicas:
    case CollectionType::Database:
    case CollectionType::NetworkPolicy:
    case CollectionType::Role:
    case CollectionType::RoleAuth:
    case CollectionType::Schema:
    case CollectionType::StorageCollectionMetadata:
        return of("{ 'id' : " + id(n % 5 == 0 ? "System" : "User", n) + " }");
    case CollectionType::ComputeIntrospectionSourceIndex:
        return of("{'name':'log" + text + "','cluster_id':" + id("User", n % 3) + "}");
    case CollectionType::Comments:
        return of("{'object':{'Table':" + id("User", n) + "}"
                  + (n % 3 == 0       ? ""
                         : n % 3 == 1 ? ",'sub_component':null"
                                      : ",'sub_component':{'ColumnPos':1}")
                  + "}");
    case CollectionType::Config:
        return of("{'key':'config" + text + "'}");
    case CollectionType::DefaultPrivileges:
        return of("{'role_id':" + id("User", n) + ",'object_type':1,'grantee':" + id("System", 1)
                  + (n % 2 == 0 ? ",'schema_id':null" : ",'database_id':" + id("User", 1)) + "}");
    case CollectionType::Item:
        return of("{'gid':" + id("User", n) + "}");
    case CollectionType::SourceReferences:
        return of("{'source':" + id("User", n) + "}");
    case CollectionType::ClusterSystemConfiguration:
        return of("{'name':'x" + text + "','cluster_id':" + id("User", 1) + "}");
    case CollectionType::ReplicaSystemConfiguration:
        return of("{'replica_id':" + id("User", 1) + ",'name':'x" + text + "'}");
    case CollectionType::SystemGidMapping:
        return of("{'schema_name':'mz_catalog','object_type':1,'object_name':'t" + text + "'}");
    case CollectionType::SystemPrivileges:
        return of("{'grantor':" + id("System", 1) + ",'grantee':" + id("User", n) + "}");
    case CollectionType::UnfinalizedShard:
        return of("{'shard':'s" + text + "'}");
    case CollectionType::TxnWalShard:
        return "null";
    case CollectionType::AuditLog:
        return event(n);
    default:
        return of("{'name':'name" + text + "'}");
    }
}

std::string RowMaker::event(std::uint64_t eventId) const
{
    return fromQuoted("{'event':{'V1':{'id':" + std::to_string(eventId)
                      + ",'event_type':1,'object_type':4,'details':{'IdNameV1':{'id':'u1','name':'it\\u0027s'}},"
                        "'user':{'inner':'somebody'},'occurred_at':{'millis':1786000000000}}}}");
}

std::string RowMaker::item(std::string_view name, std::uint64_t schemaId, std::string_view createSql,
                           std::string_view session) const
{
    const auto definition = "{'V1':{'create_sql':'" + std::string(createSql) + "'}}";
    return fromQuoted("{'name':'" + std::string(name) + "','schema_id':" + id("User", schemaId)
                      + ",'definition':" + (isProto() ? "{'value':" + definition + "}" : definition)
                      + ",'owner_id':" + id("User", 1) + ",'privileges':[],'oid':" + std::to_string(30000 + schemaId)
                      + ",'extra_versions':[],'global_id':" + id("User", 1)
                      + (isAtLeast(91) ? ",'ephemeral_owner_session':" + std::string(session) : "") + "}");
}

std::string RowMaker::value(CollectionType type, std::string_view name, std::uint64_t place, std::uint64_t m) const
{
    const auto of = [](const std::string& json) { return fromQuoted(json); };
    const auto text = std::to_string(m);
    const auto named = "'name':'" + std::string(name) + "','owner_id':" + id("System", 1) + ",'privileges':[]";
    const auto oid = ",'oid':" + std::to_string(20000 + m % 40);
    switch (type) {
    case CollectionType::ComputeInstance:
        return of("{" + named + ",'config':{'variant':" + unit("Unmanaged")
                  + (m % 2 == 0 ? "" : ",'workload_class':'w" + text + "'") + "}}");
    case CollectionType::ComputeReplicas: {
        const auto location = std::string("{'Managed':{'size':'") + text
            + "','internal':false,'pending':" + (m % 2 == 0 ? "true" : "false") + (isAtLeast(76) ? "" : ",'disk':false")
            + (isAtLeast(87) ? ",'availability_zones':[]" : "") + "}}";
        return of("{'name':'" + std::string(name) + "','owner_id':" + id("System", 1)
                  + ",'cluster_id':" + id("User", place) + ",'config':{'location':" + location
                  + ",'logging':{'log_logging':false,'interval':null}"
                  + (isAtLeast(90) ? ",'arrangement_compression':false" : "") + "}}");
    }
    case CollectionType::ComputeIntrospectionSourceIndex:
        return of(isProto() ? "{'global_id':{'value':" + text + "},'index_id':" + text + oid + "}"
                            : "{'catalog_id':" + text + ",'global_id':" + text + oid + "}");
    case CollectionType::Comments:
        return of("{'comment':'" + text + "'}");
    case CollectionType::Config:
        return of("{'value':" + text + "}");
    case CollectionType::IdAlloc:
        return of("{'next_id':" + text + "}");
    case CollectionType::Database:
        return of("{" + named + oid + "}");
    case CollectionType::Schema:
        return of("{" + named + oid + (place == 0 ? "" : ",'database_id':" + id("User", place)) + "}");
    case CollectionType::NetworkPolicy:
        return of("{" + named + oid + ",'rules':[{'name':'r','address':'::/0','action':" + unit("Allow")
                  + ",'direction':" + unit("Ingress") + "}]}");
    case CollectionType::Role:
        return of("{'name':'" + std::string(name) + "','attributes':{'inherit':" + (m % 2 == 0 ? "true" : "false")
                  + "},'membership':{'map':[]},'vars':{'entries':[]}" + oid + "}");
    case CollectionType::RoleAuth:
        return of("{'updated_at':{'millis':" + text + "}}");
    case CollectionType::DefaultPrivileges:
        return of("{'privileges':{'bitflags':" + text + "}}");
    case CollectionType::Item: {
        constexpr std::array<const char*, 6> kStatements {
            "CREATE TABLE x (a int4)",   "CREATE TYPE x AS LIST", "CREATE SINK x INTO KAFKA",
            "CREATE VIEW x AS SELECT 1", "CREATE SECRET x AS 1",  "CREATE  MATERIALIZED\\nVIEW x AS SELECT 1"};
        return item(name, place, kStatements.at(m % kStatements.size()));
    }
    case CollectionType::SourceReferences:
        return of("{'updated_at':{'millis':" + text
                  + "},'references':[{'name':'a','columns':['b'],'namespace':null}]}");
    case CollectionType::SystemGidMapping:
        return of(isProto() ? "{'fingerprint':'f','global_id':{'value':" + text + "},'id':" + text + "}"
                            : "{'fingerprint':'f','global_id':" + text + ",'catalog_id':" + text + "}");
    case CollectionType::SystemPrivileges:
        return of("{'acl_mode':{'bitflags':" + text + "}}");
    case CollectionType::StorageCollectionMetadata:
    case CollectionType::TxnWalShard:
        return of("{'shard':'s" + std::string(name) + "'}");
    case CollectionType::UnfinalizedShard:
        return "null";
    default:
        return of("{'value':'" + text + "'}");
    }
}

} // namespace inspector::test
