#pragma once

#include "core/inspect/catalog_reader.h"

#include <string>

namespace inspector::inspect {

// One JSON object each, on one line, without the newline at the end (command-line.md).

[[nodiscard]] std::string factsLine(const Overview& overview);
[[nodiscard]] std::string fenceLine(const FenceRecord& fence);
[[nodiscard]] std::string summaryLine(const CollectionSummary& summary);
[[nodiscard]] std::string partLine(const PartSummary& part);

} // namespace inspector::inspect
