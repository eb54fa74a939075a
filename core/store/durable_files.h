#pragma once

#include "core/base/result.h"

#include <string>

namespace inspector::store {

/// The folder that holds `path`.
[[nodiscard]] std::string folderOf(const std::string& path);

/// Waits until the names in `folder` are on the disk. Unavailable when it cannot be done.
[[nodiscard]] Result<> syncFolder(const std::string& folder);

/// Waits until the file at `path` is on the disk.
[[nodiscard]] Result<> syncFile(const std::string& path);

/// Gives the file `from` the name `to` in one step, unless something has that name: then false, and `from` stays.
/// Both are in one folder, which is not synced.
[[nodiscard]] Result<bool> moveWithoutReplacing(const std::string& from, const std::string& to);

} // namespace inspector::store
