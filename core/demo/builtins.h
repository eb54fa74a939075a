#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace inspector::demo {

/// A builtin object that a real environment maps to system ids at its first start (catalog-model §7.6). A selection of
/// those of a real release, by their public names.
struct Builtin
{
    const char* schema;
    int itemType; ///< CatalogItemType (catalog-model §5.10)
    const char* name;
};

/// In the order of their ids: the first is s1.
[[nodiscard]] std::span<const Builtin> builtins();

/// The number of the system id of a type's mapping; 0 when there is none.
[[nodiscard]] std::uint64_t builtinType(std::string_view name);
/// The schema of a type.
[[nodiscard]] std::string_view schemaOfType(std::string_view name);

/// A log that every cluster keeps an index on, and its number in computed ids (catalog-model §5.6).
struct IntrospectionLog
{
    std::uint64_t variant;
    const char* name;
    std::uint64_t sinceVersion; ///< the catalog version from which on the demo has it
};

[[nodiscard]] std::span<const IntrospectionLog> introspectionLogs();

} // namespace inspector::demo
