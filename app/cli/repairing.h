#pragma once

#include "app/cli/command_table.h"
#include "core/edit/edit_plan.h"

#include <vector>

namespace inspector::cli {

// What `edit` and `delete` share: one draft, judged, shown, and with --commit written.

/// The options that both have.
[[nodiscard]] const std::vector<Option>& repairOptions();

/// Whether a commit must say what the row was before.
enum class OldValue { Required, Optional };

/// Shows what the draft would write, or with --commit writes it and shows the receipt. The draft's expectation is taken
/// from the options.
[[nodiscard]] Result<ExitCode> runRepair(const Request& request, edit::EditDraft draft, OldValue oldValue);

} // namespace inspector::cli
