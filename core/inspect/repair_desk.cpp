#include "core/inspect/repair_desk.h"

#include "core/base/clock.h"
#include "core/catalog/consolidate.h"
#include "core/persist/shard_reader.h"
#include "core/store/catalog_file.h"
#include "core/store/location_urls.h"
#include "core/store/writable_location.h"

#include <algorithm>
#include <utility>

namespace inspector::inspect {

namespace {

Result<> checkRedaction(const store::Location& location, const Job& job)
{
    const auto path = store::catalogFileOf(location.consensusUrl);
    if (!path)
        return {};
    INSPECTOR_TRY(const auto file, store::CatalogFile::open(*path, nullptr, job));
    INSPECTOR_TRY(const auto manifest, file.manifest(job));
    for (const auto& entry : manifest)
        if (entry.name == "redaction" && entry.value != "none")
            return fail(ErrorCode::ReadOnly,
                        "the capture " + *path + " is redacted (" + entry.value
                            + "): its rows are not those of its source, so nothing is repaired in it");
    return {};
}

/// The catalog as it was when its upper was `upper`, as far as the shard remembers.
Result<edit::EditBasePtr> baseBefore(const store::Stores& stores, const ShardId& shard, Timestamp upper, const Job& job)
{
    if (upper == Timestamp())
        return fail(ErrorCode::OutOfRange, "nothing was before time 0");
    persist::ShardReader reader(*stores.consensus, *stores.blob, shard);
    const Timestamp asOf(upper.value() - 1);
    INSPECTOR_TRY(const auto state, reader.stateReading(asOf, job));
    INSPECTOR_TRY(const auto snapshot, reader.snapshot(state, asOf, job));
    INSPECTOR_TRY(auto rows, catalog::consolidate(snapshot.updates, job));
    return edit::EditBase::of(snapshot.state, std::move(rows), job, upper);
}

} // namespace

RepairDesk::RepairDesk(store::Location location, store::Stores stores, ChosenShard shard, edit::EditBasePtr base)
    : m_location(std::move(location))
    , m_stores(std::move(stores))
    , m_shard(std::move(shard))
    , m_base(std::move(base))
{
}

Result<std::unique_ptr<RepairDesk>> RepairDesk::open(const OpenOptions& options, const Job& job)
{
    INSPECTOR_TRY(auto stores, store::openStores(options.location, nullptr, job));
    INSPECTOR_CHECK(checkRedaction(options.location, job));
    INSPECTOR_TRY(auto shard, chooseShard(options.shard, stores, job));
    shard.reader.reset(); // its rows are read again, all of them
    INSPECTOR_TRY(auto base, edit::readEditBase(*stores.consensus, *stores.blob, shard.shardId, job));
    return std::unique_ptr<RepairDesk>(
        new RepairDesk(options.location, std::move(stores), std::move(shard), std::move(base)));
}

Result<edit::EditPlan> RepairDesk::plan(std::span<const edit::EditDraft> drafts, const edit::PlanOptions& options,
                                        const Job& job) const
{
    auto plan = edit::planEdits(drafts, m_base, options);
    if (plan || plan.error().code != ErrorCode::Conflict || !options.expectedUpper
        || *options.expectedUpper >= m_base->upper())
        return plan;
    const auto before = baseBefore(m_stores, m_shard.shardId, *options.expectedUpper, job);
    if (!before)
        return plan;
    auto then = edit::planEdits(drafts, *before, options);
    if (!then)
        return plan;
    return fail(ErrorCode::Conflict, edit::describeMove(*then, *m_base) + "; nothing was written, look at it again");
}

Result<edit::Rehearsal> RepairDesk::rehearse(const edit::EditPlan& plan, const Job& job) const
{
    return edit::rehearse(plan, *m_stores.consensus, *m_stores.blob, {}, job);
}

Result<edit::Receipt> RepairDesk::commit(const edit::EditPlan& plan, const std::string& journalPath,
                                         const Job& job) const
{
    if (!plan.mayCommit())
        return edit::commitRefused(plan);
    auto log = std::make_shared<store::ActivityLog>();
    INSPECTOR_TRY(const auto writing, store::openWritableStores(m_location, log, job));
    edit::RepairOptions options;
    options.journalPath = journalPath;
    return edit::commitRepair(plan, {*writing.consensus, *writing.blob, *m_stores.consensus, *m_stores.blob, log},
                              options, job);
}

std::string RepairDesk::suggestedJournal(const edit::EditPlan& plan) const
{
    auto time = rfc3339(SystemClock().walltimeMs()).substr(0, 19) + "Z"; // without milliseconds
    std::erase_if(time, [](char c) { return c == '-' || c == ':'; });
    return "repair-" + m_shard.shardId.text().substr(0, 9) + "-v"
        + std::to_string(plan.base->state().seqno.next().value()) + "-" + time + ".journal";
}

Result<RecoveredRepair> recoverRepair(const std::string& journalPath, const store::Location& location,
                                      TakeBack takeBack, const Job& job)
{
    RecoveredRepair recovered;
    INSPECTOR_TRY(recovered.journal, edit::readJournal(journalPath));
    const bool isFile = store::catalogFileOf(location.consensusUrl).has_value();
    const edit::RecoverOptions options {isFile || location.consensusUrl.starts_with("mem:") ? 0
                                                                                            : edit::kServerSettleMs};
    if (isFile && takeBack == TakeBack::Yes)
        INSPECTOR_CHECK(store::openWritableStores(location, nullptr, job)); // opening is what takes it back
    INSPECTOR_TRY(const auto stores, store::openStores(location, nullptr, job));
    INSPECTOR_TRY(recovered.finding,
                  edit::recover(recovered.journal, *stores.consensus, *stores.blob, SystemClock(), options, job));
    return recovered;
}

} // namespace inspector::inspect
