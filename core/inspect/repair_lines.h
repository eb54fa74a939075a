#pragma once

#include "core/edit/edit_plan.h"
#include "core/edit/repair.h"
#include "core/inspect/repair_desk.h"

#include <string>

namespace inspector::inspect {

// One JSON object each, on one line, without the newline at the end. Rows are whole: whoever asks for JSON has asked
// for what is stored.

/// A plan that was not committed, and what its version would change.
[[nodiscard]] std::string planLine(const edit::EditPlan& plan, const edit::Rehearsal& rehearsal);
/// The same when it was refused before anything could be rehearsed.
[[nodiscard]] std::string planLine(const edit::EditPlan& plan);
[[nodiscard]] std::string receiptLine(const edit::Receipt& receipt);
[[nodiscard]] std::string recoveredLine(const RecoveredRepair& recovered);

/// A row for people: its kind and its JSON, secrets masked unless revealed.
[[nodiscard]] std::string rowText(const edit::EditBase& base, const std::string& stored, catalog::Reveal reveal);
/// Whether something of a row would be masked.
[[nodiscard]] bool hasSecret(const edit::EditBase& base, const std::string& stored);

} // namespace inspector::inspect
