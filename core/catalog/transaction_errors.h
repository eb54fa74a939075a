#pragma once

#include "core/base/result.h"
#include "core/catalog/table_rows.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace inspector::catalog {

// The texts of catalog-model §3.2 and §3.5 that transactions answer with.
inline constexpr std::string_view kDuplicateKey = "duplicate key";
inline constexpr std::string_view kUniquenessViolation = "uniqueness violation";
inline constexpr std::string_view kIdExhaustion = "id counter overflows i64";
inline constexpr std::string_view kOidExhaustion = "oid counter overflows u32";
inline constexpr std::string_view kDryRunTransaction = "cannot commit a dry-run catalog transaction";

/// The first OID that is not a builtin object's (catalog-model §5.7).
inline constexpr std::uint32_t kFirstUserOid = 20000;
/// How many ids one call hands out; our limit, so that a mistyped number is no memory exhaustion.
inline constexpr std::uint64_t kMostIdsAtOnce = std::uint64_t {1} << 24U;

/// Why a row cannot be inserted.
enum class Clash : std::uint8_t { DuplicateKey, UniquenessViolation };

/// InvalidInput in the words of catalog-model §3.5 and §3.6 where they have some for the collection. `clusters` are the
/// live clusters, for the name of a replica's.
[[nodiscard]] Error refusalOf(Clash clash, CollectionType type, std::string_view key, std::string_view value,
                              const TableRows& clusters);

/// NotFound "unknown database 'u1'": what a caller answers with when it meant to change a row that is not there
/// (catalog-model §3.5). `key` is canonical.
[[nodiscard]] Error unknownRow(CollectionType type, std::string_view key);

/// InvalidInput "unexpected create sql: …" when an item's value holds a statement of which the version cannot tell the
/// item's type (catalog-model §5.9): the reference would stop at it. Secrets in it are masked.
[[nodiscard]] Result<> checkCreateSql(const RowSchema& schema, std::string_view itemValue);

} // namespace inspector::catalog
