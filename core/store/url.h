#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace inspector::store {

/// The letters before "://" or, for `mem:` and `file:`, before ":"; lower case. Empty when `url` has none.
[[nodiscard]] std::string schemeOf(std::string_view url);

/// `text` with %XX replaced by the byte; nothing when a % is not followed by two hex digits.
[[nodiscard]] std::optional<std::string> percentDecoded(std::string_view text);

/// `text` with everything but letters, digits and `/-_.~` as %XX.
[[nodiscard]] std::string percentEncoded(std::string_view text);

} // namespace inspector::store
