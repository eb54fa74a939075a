#pragma once

#include "core/inspect/inspector.h"
#include "core/persist/state.h"

#include <string>
#include <string_view>
#include <vector>

namespace inspector::inspect {

/// What a state alone says: versions, times, handles, anomalies.
[[nodiscard]] Overview overviewOf(const persist::State& state);

/// Adds what consolidated rows say: fence token, versions, the settings of deployment.
void addRowFacts(const persist::Updates& rows, Overview& overview);

/// Everything about a state for people, group by group.
[[nodiscard]] std::vector<Fact> factsOf(const persist::State& state);

/// Every distinct time of updates, ascending; rounded when any update at it is.
[[nodiscard]] std::vector<TimePoint> timePointsOf(const persist::Updates& updates);

/// True when rows are those of a catalog: the shard is told by it when nothing else tells (persist-format §2.5).
[[nodiscard]] bool looksLikeCatalog(const persist::Updates& rows);

/// JSON without the blanks between its tokens.
[[nodiscard]] std::string compactJson(std::string_view json);

} // namespace inspector::inspect
