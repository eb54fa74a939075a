#pragma once

#include "core/inspect/catalog_reader.h"
#include "core/inspect/crew.h"
#include "core/inspect/inspector.h"

#include <memory>

namespace inspector::inspect {

/// An Inspector over a reader. Reads the newest rows once, so that overview() knows what they say.
[[nodiscard]] Result<std::unique_ptr<Inspector>> makeInspector(std::unique_ptr<CatalogReader> reader,
                                                               std::shared_ptr<Crew> crew, const Job& job);

/// The tables over a reading. Its rows are looked at when tables are; all of them when it is completed, by the crew.
[[nodiscard]] Result<SnapshotPtr> makeSnapshot(const Reading& reading, Moment moment, std::shared_ptr<SharedCrew> crew,
                                               const Job& job);

} // namespace inspector::inspect
