#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"

#include <string>

namespace inspector {

/// Standard alphabet with padding, no line breaks.
[[nodiscard]] std::string toBase64(BytesView bytes);

/// The bytes of standard, padded base64. Corrupt when a character or the length is wrong.
[[nodiscard]] Result<Bytes> fromBase64(std::string_view text);

} // namespace inspector
