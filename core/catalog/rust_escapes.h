#pragma once

#include <cstdint>

namespace inspector::catalog {

/// Whether Rust's {:?} of a str writes a character from U+0080 up as an escape.
[[nodiscard]] bool isEscapedByRust(std::uint32_t character);

} // namespace inspector::catalog
