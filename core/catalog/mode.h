#pragma once

#include <cstdint>
#include <string_view>

namespace inspector::catalog {

/// How a catalog is open (catalog-model §1.5).
enum class Mode : std::uint8_t {
    ReadOnly,  ///< observes; nothing that could write exists behind it
    Savepoint, ///< changes stay in memory on top of a base frozen at one time
    Writable,  ///< owns the catalog: fences everybody else
};

/// As the reference prints it in messages: "Readonly", "Savepoint", "Writable".
[[nodiscard]] constexpr std::string_view nameOf(Mode mode)
{
    switch (mode) {
    case Mode::ReadOnly:
        return "Readonly";
    case Mode::Savepoint:
        return "Savepoint";
    case Mode::Writable:
        return "Writable";
    }
    return {};
}

} // namespace inspector::catalog
