#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/edit/change_journal.h"
#include "core/edit/edit_plan.h"
#include "core/edit/recover.h"
#include "core/edit/repair.h"
#include "core/inspect/choose_shard.h"
#include "core/inspect/inspector.h"
#include "core/store/activity_log.h"
#include "core/store/location.h"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace inspector::inspect {

/// Where a catalog is repaired: reads it, judges drafts, rehearses a plan, and commits one. Until commit() only
/// sessions are open that cannot write. One thread at a time.
class RepairDesk
{
public:
    /// Reads the whole catalog. Errors of openStores(), chooseShard() and edit::readEditBase(); ReadOnly for a redacted
    /// capture, whose rows are not those of its source (catalog-file.md).
    [[nodiscard]] static Result<std::unique_ptr<RepairDesk>> open(const OpenOptions& options, const Job& job);

    [[nodiscard]] const edit::EditBasePtr& base() const { return m_base; }
    /// What was odd while opening, one clause each.
    [[nodiscard]] const std::vector<std::string>& warnings() const { return m_stores.warnings; }

    /// As edit::planEdits(); when the catalog has gone on beyond the expected upper, the Conflict says what changed, as
    /// far as the shard still remembers.
    [[nodiscard]] Result<edit::EditPlan> plan(std::span<const edit::EditDraft> drafts, const edit::PlanOptions& options,
                                              const Job& job) const;
    [[nodiscard]] Result<edit::Rehearsal> rehearse(const edit::EditPlan& plan, const Job& job) const;
    /// Opens the stores for writing, makes the repair, and closes them.
    [[nodiscard]] Result<edit::Receipt> commit(const edit::EditPlan& plan, const std::string& journalPath,
                                               const Job& job) const;
    /// A name for a journal in the working directory: the shard, the version that is written, the time.
    [[nodiscard]] std::string suggestedJournal(const edit::EditPlan& plan) const;

private:
    RepairDesk(store::Location location, store::Stores stores, ChosenShard shard, edit::EditBasePtr base);

    store::Location m_location;
    store::Stores m_stores;
    ChosenShard m_shard;
    edit::EditBasePtr m_base;
};

/// A journal, and what reading tells of its repair.
struct RecoveredRepair
{
    edit::Journal journal;
    edit::RecoverFinding finding;
};

/// Whether what a killed writer left of a write in a catalog file is taken back, which changes the file.
enum class TakeBack { No, Yes };

/// Finds out what became of the repair of a journal (edit::recover). Unavailable for a catalog file that was left in
/// the middle of a write, unless that is taken back.
[[nodiscard]] Result<RecoveredRepair> recoverRepair(const std::string& journalPath, const store::Location& location,
                                                    TakeBack takeBack, const Job& job);

} // namespace inspector::inspect
