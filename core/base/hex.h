#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"

#include <string>

namespace inspector {

/// Two lower-case digits a byte, no separators.
[[nodiscard]] std::string toHex(BytesView bytes);

/// The bytes of `text` (upper or lower case, no separators). InvalidInput names the offset of the first wrong digit.
[[nodiscard]] Result<Bytes> fromHex(std::string_view text);

} // namespace inspector
