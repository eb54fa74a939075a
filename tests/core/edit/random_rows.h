#pragma once

#include "core/catalog/collection.h"
#include "core/catalog/row_schema.h"

#include <random>
#include <string>

namespace inspector::test {

/// Rows as the types of a catalog version allow them: any variant, any number, odd text. What must make sense for a
/// catalog to open does: create_sql begins with a known verb, and names are long enough never to meet.
class RandomRows
{
public:
    RandomRows(catalog::SchemaPtr schema, std::mt19937_64& random)
        : m_schema(std::move(schema))
        , m_random(random)
    {
    }

    /// Canonical JSON of a key, "null" for a singleton.
    [[nodiscard]] std::string key(catalog::CollectionType type);
    /// Canonical JSON of a value, "null" for a collection without values.
    [[nodiscard]] std::string value(catalog::CollectionType type);

private:
    void append(catalog::TypeIndex type, const std::string& field, int depth, std::string& to);
    [[nodiscard]] std::string text(const std::string& field);
    [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return m_random() % bound; }

    catalog::SchemaPtr m_schema;
    std::mt19937_64& m_random;
};

/// `json` with its members sorted and its numbers reduced; empty when it does not parse.
[[nodiscard]] std::string canonical(const std::string& json);

} // namespace inspector::test
