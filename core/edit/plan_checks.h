#pragma once

#include "core/edit/edit_plan.h"

#include <functional>
#include <string>

namespace inspector::edit {

/// Hears what a check has to say against a plan.
using Object = std::function<void(Override which, std::string reason)>;

/// Rows that are not edited by accident: the last config row, `user_version`, `catalog_content_version` (catalog-model
/// §12.4 item 5, §6). Any version.
void checkSpecialRows(const EditPlan& plan, const Object& object);

/// What the catalog looks like afterwards: references, names, allocators (catalog-model §5.5, §2.16, §12.4 item 5). Of
/// what was wrong before, only what the plan makes worse is objected to. For plans of typed rows; warnings are added to
/// the plan.
void checkConsistency(EditPlan& plan, const Object& object);

} // namespace inspector::edit
