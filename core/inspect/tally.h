#pragma once

#include "core/inspect/crew.h"
#include "core/inspect/inspector.h"
#include "core/inspect/typed_rows.h"

#include <vector>

namespace inspector::inspect {

/// Whether the names that ids stand for are made on the way, by one of the crew.
enum class Names { WhenAsked, Made };

/// The collections of some rows, with how many they are and their bytes, in the order of tally(); problems not counted.
[[nodiscard]] std::vector<CollectionSummary> summariesOf(const TypedRows& rows);

/// Counts the rows of every collection: in the fixed order of catalog-model §5.1, empty ones of the catalog's version
/// too, the audit log last; then the fence token, unknown kinds and undecodable rows where there are any. Every row is
/// decoded, to count those that do not: every summary has its problems.
[[nodiscard]] Result<std::vector<CollectionSummary>> tally(const TypedRows& rows, Crew& crew, const Job& job,
                                                           Names names = Names::WhenAsked);

} // namespace inspector::inspect
