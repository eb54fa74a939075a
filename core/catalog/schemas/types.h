#pragma once

#include <string_view>

namespace inspector::catalog {

/// The text of types.txt, which the build puts into the library.
[[nodiscard]] std::string_view schemaTypes();

} // namespace inspector::catalog
