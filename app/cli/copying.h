#pragma once

#include "app/cli/command_table.h"

#include <string>
#include <vector>

namespace inspector::cli {

// What `import` and `export` share: a location that every command takes, and another one.

/// The other location: a catalog file named by `option` ("--to"), or both URLs ("--to-consensus", "--to-blob").
[[nodiscard]] Result<store::Location> otherLocation(const Arguments& arguments, const std::string& option);

/// The options that both have.
[[nodiscard]] const std::vector<Option>& copyOptions();

/// Copies, or says what would be copied.
[[nodiscard]] Result<ExitCode> runCopy(const Request& request, const store::Location& from, const store::Location& to);

} // namespace inspector::cli
