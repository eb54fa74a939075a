#pragma once

#include "core/base/result.h"

#include <optional>
#include <string>
#include <string_view>

namespace inspector::store {

/// Which store a URL of a location names; shared by those who open it for reading and for writing.

/// True for the schemes of a consensus server.
[[nodiscard]] bool isServer(const std::string& scheme);

/// The path in what follows the scheme of a `sqlite:` or `file:` URL, which is percent-encoded; a path that somebody
/// typed without encoding it is taken to the letter when only that exists.
[[nodiscard]] std::string pathOfUrl(std::string_view rest);

/// The path of the catalog file that `url` names, or nothing when it names something else.
[[nodiscard]] std::optional<std::string> catalogFileOf(const std::string& url);

/// What is said about the URL of a "consensus" or "blob" store that names none of those that this build opens.
[[nodiscard]] tl::unexpected<Error> unknownScheme(const std::string& store, const std::string& url);

} // namespace inspector::store
