#pragma once

#include "core/catalog/collection.h"
#include "core/catalog/row_schema.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace inspector::test {

/// Makes JSON of rows of any collection in the shape of a catalog version. Optional fields are left out now and then,
/// and members stand in any order: it is the code under test that knows the one right form.
class RowMaker
{
public:
    explicit RowMaker(catalog::SchemaPtr schema)
        : m_schema(std::move(schema))
    {
    }

    /// The collections of the version whose rows can be set, which are all but the audit log.
    [[nodiscard]] std::vector<catalog::CollectionType> collections() const;

    /// The key of the `n`-th row.
    [[nodiscard]] std::string key(catalog::CollectionType type, std::uint64_t n) const;
    /// A value with name `name` (where the collection has names), in place `place` (which schema, database or cluster),
    /// and otherwise of variant `m`. Items are of the type that `m` picks.
    [[nodiscard]] std::string value(catalog::CollectionType type, std::string_view name, std::uint64_t place,
                                    std::uint64_t m) const;
    /// The key of an audit event.
    [[nodiscard]] std::string event(std::uint64_t id) const;
    /// An item with that statement and, from version 91 on, that session.
    [[nodiscard]] std::string item(std::string_view name, std::uint64_t schemaId, std::string_view createSql,
                                   std::string_view session = "null") const;

    [[nodiscard]] std::string id(std::string_view variant, std::uint64_t n) const;

private:
    [[nodiscard]] bool isProto() const { return m_schema->shape() == catalog::RowShape::Proto; }
    [[nodiscard]] bool isAtLeast(std::uint32_t version) const { return m_schema->version() >= version; }
    [[nodiscard]] std::string unit(std::string_view variant) const;

    catalog::SchemaPtr m_schema;
};

} // namespace inspector::test
