#pragma once

#include "core/catalog/table_rows.h"

#include <string>
#include <vector>

namespace inspector::edit {

/// Changes as the reference's old era prints them: the pretty Debug text of a list of (row, diff), for its message
/// about commits of a read-only catalog (catalog-model §3.2). A row that does not decode is printed as JSON. Secrets,
/// which the reference prints, are masked.
[[nodiscard]] std::string debugTextOf(const std::vector<catalog::RowChange>& changes, const catalog::SchemaPtr& schema);

/// Collection types as the new era prints them: the Debug text of their variant names, "[IdAlloc, Role]".
[[nodiscard]] std::string debugTextOf(const std::vector<catalog::CollectionType>& types);

} // namespace inspector::edit
