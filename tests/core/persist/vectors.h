#pragma once

#include "core/base/ids.h"
#include "tests/core/persist/memory_location.h"

#include <string>
#include <utility>
#include <vector>

namespace inspector::persist::tests {

/// The miniature shard of persist-format §12.1: its rows 0 to 4 and its rollup, in hex.
[[nodiscard]] const std::vector<std::string>& miniatureRows();
[[nodiscard]] const std::string& miniatureRollup();
/// The Parquet files of §12.2 by name, in base64: each may be the miniature's blob part.
[[nodiscard]] const std::vector<std::pair<std::string, std::string>>& miniatureParts();
/// The state diff worked through in §5.8, in hex.
[[nodiscard]] const std::string& workedDiff();

constexpr const char* kMiniatureShard = "s97db1ee1-f5ac-6ba0-a017-0f725d6faac7";
constexpr const char* kMiniatureRollupKey = "v0/r5f3c1c52-6f0f-4f43-9d5c-2f0b9f5e7a01";
constexpr const char* kMiniaturePartKey = "n2603900/p0f1e2d3c-4b5a-4678-8796-a5b4c3d2e1f0";

} // namespace inspector::persist::tests
