#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/catalog/collection.h"
#include "core/catalog/row_schema.h"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace inspector::catalog {

/// A row of a collection, as transactions see it.
struct TableRow
{
    std::string value;  ///< canonical JSON (persist-format §8.5) of the value; "null" for collections without
    std::string stored; ///< its SourceData bytes exactly as stored: what a retraction must repeat
};

/// The rows of one collection by key. The key is the canonical JSON of the row's key, with optional fields that the
/// row lacks as null; "null" for a singleton.
using TableRows = std::map<std::string, TableRow, std::less<>>;

/// Typed rows of every collection but the audit log (catalog-model §1.8 "Snapshot", §2.12). A value; cheap to copy
/// while nothing changes, because tables are shared.
struct CatalogSnapshot
{
    SchemaPtr schema;
    std::array<std::shared_ptr<const TableRows>, kCollectionCount> tables; ///< never null

    [[nodiscard]] const TableRows& of(CollectionType type) const { return *tables.at(static_cast<std::size_t>(type)); }
};

/// A change of one row: what is appended.
struct RowChange
{
    std::string stored; ///< SourceData bytes
    std::int64_t diff = 1;
};

/// The bytes of a new row: canonical encoding (catalog-model §1.3) of its kind, key and value, checked against the
/// types of `schema`. InvalidInput names the first misfit. `key` and `value` are JSON in any spelling; "null" where
/// there is none.
[[nodiscard]] Result<std::string> encodeRow(const RowSchema& schema, CollectionType type, std::string_view key,
                                            std::string_view value);

} // namespace inspector::catalog
