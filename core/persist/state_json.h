#pragma once

#include "core/persist/state.h"

#include <string>
#include <utility>
#include <vector>

namespace inspector::persist {

/// Which fields the reference prints: those of its own version's messages.
enum class JsonEra {
    Old, ///< up to 0.126: one schema id, no active tasks
    New,
};

/// By the version that wrote a state: Old below 0.127.
[[nodiscard]] JsonEra jsonEraOf(const State& state);

/// How JSON is laid out: on one line, or indented by two blanks.
enum class JsonLayout { Compact, Pretty };

/// The reference's JSON of a state, in its order of members; u64 are exact. Compact, or indented by two; no newline
/// at the end.
[[nodiscard]] std::string stateJson(const State& state, JsonLayout layout);

/// The reference's JSON of one step of the log: {"previous": …, "new": …} on one line, no newline at the end.
[[nodiscard]] std::string stateStepJson(const State& previous, const State& next);

/// The reference's JSON of rollups: an object from partial key to rollup, sorted by key, indented; no newline at the
/// end.
[[nodiscard]] std::string rollupsJson(const std::vector<std::pair<std::string, Rollup>>& rollups);

} // namespace inspector::persist
