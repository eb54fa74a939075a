#pragma once

#include "core/base/bytes.h"

#include <cstddef>
#include <functional>
#include <optional>

namespace inspector::store {

/// Room for `size` bytes and their padding, filled by `fill`; nothing when there is no memory for it. Room of many
/// megabytes is taken in huge pages where the system has them: its first touch costs more than reading the bytes does.
[[nodiscard]] std::optional<SharedBytes> makeLargeBytes(std::size_t size, const std::function<void(std::byte*)>& fill);

} // namespace inspector::store
