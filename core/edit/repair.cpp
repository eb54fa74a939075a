#include "core/edit/repair.h"

#include "core/catalog/consolidate.h"
#include "core/edit/change_journal.h"
#include "core/edit/recover.h"
#include "core/edit/rehearsal_store.h"
#include "core/edit/write_guard.h"
#include "core/machine/shard_writer.h"
#include "core/machine/version_gate.h"
#include "core/persist/decode.h"
#include "core/persist/shard_reader.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace inspector::edit {

namespace {

constexpr std::string_view kFirstBetweenEras = "0.127.0";
constexpr std::string_view kFirstOfNewEra = "0.147.0";
/// As whom a guest writes: builds that accept what is repaired (persist-write-protocol §17.1).
constexpr std::string_view kOldBuild = "0.125.0";
constexpr std::string_view kNewBuild = kNewestRepaired;
constexpr int kMaxSettleReads = 3;

machine::SemanticVersion versionOf(std::string_view text)
{
    return machine::SemanticVersion::parse(text).value_or(machine::SemanticVersion());
}

Result<> checkContentVersion(const EditBase& base)
{
    const auto found = base.facts().contentVersion();
    if (!found)
        return {};
    const auto version = machine::SemanticVersion::parse(*found);
    if (version && *version <= versionOf(kNewestRepaired))
        return {};
    return fail(ErrorCode::Unsupported,
                "the catalog's content version '" + *found + "' is not among those that are repaired, up to "
                    + std::string(kNewestRepaired) + ": it can be read but not written");
}

std::vector<machine::RowUpdate> updatesOf(const EditPlan& plan)
{
    std::vector<machine::RowUpdate> updates;
    updates.reserve(plan.changes.size());
    for (const auto& change : plan.changes)
        updates.push_back({change.stored, {}, plan.expectedUpper().value(), change.diff});
    return updates;
}

/// The rows of `base`, changed as planned, without those of `found`: nothing is left when they are the same.
Result<persist::UpdateList> leftOver(const EditPlan& plan, const persist::UpdateList& found, const Job& job)
{
    auto planned = std::make_shared<persist::Updates>(plan.base->updates());
    planned->owners.push_back(plan.base);
    planned->diffs.resize(planned->rows.size(), 1);
    for (const auto& change : plan.changes) {
        planned->rows.push_back(viewOf(change.stored));
        planned->diffs.push_back(change.diff);
    }
    planned->origins.clear();
    planned->times.clear();
    planned->certainties.clear();
    return changesBetween(planned, found, job);
}

/// A repair that is under way, or rehearsed.
class Repair
{
public:
    Repair(const EditPlan& plan, const RepairOptions& options)
        : m_plan(plan)
        , m_options(options)
        , m_clock(options.clock != nullptr ? *options.clock : m_systemClock)
        , m_ids(options.ids != nullptr ? *options.ids : m_randomIds)
        , m_guard(catalog::Mode::Writable, plan.tokenBefore)
    {
    }

    Result<Rehearsal> rehearse(const store::Consensus& consensus, const store::Blob& blob, const Job& job)
    {
        RehearsalConsensus rehearsalConsensus(consensus);
        RehearsalBlob rehearsalBlob(blob);
        INSPECTOR_TRY(auto writer, writerOn(rehearsalConsensus, rehearsalBlob));
        std::optional<machine::Pending> sent;
        std::uint64_t blobBytes = 0;
        writer.setBeforeSend([&](const machine::Pending& pending) -> Result<> {
            sent = pending;
            blobBytes = rehearsalBlob.setBytes();
            return fail(ErrorCode::ReadOnly, "a rehearsal writes nothing");
        });
        const auto outcome = append(writer, job);
        if (outcome) // nothing can be appended here, so only a mismatch is left
            return conflict(consensus, blob, job);
        if (!sent)
            return tl::unexpected(outcome.error());
        Rehearsal rehearsal;
        INSPECTOR_TRY(rehearsal.version, persist::decodeStateDiff(SharedBytes::copyOf(sent->version)));
        rehearsal.changes = describeChanges(rehearsal.version);
        rehearsal.blobBytes = blobBytes;
        return rehearsal;
    }

    Result<Receipt> commit(const RepairStores& stores, const Job& job)
    {
        const auto statementsBefore = statementsOf(stores);
        INSPECTOR_TRY(auto writer, writerOn(stores.consensus, stores.blob));
        INSPECTOR_TRY(const auto state, writer.refresh(job).during("reading the shard before writing to it"));
        if (state->upper() != persist::Frontier(m_plan.expectedUpper()))
            return conflict(stores.readConsensus, stores.readBlob, job);
        if (const auto token = m_plan.base->facts().fenceToken())
            m_guard.observe(*token);

        m_journal.header = headerOf(writer, stores);
        INSPECTOR_TRY(auto file, ChangeJournal::create(m_options.journalPath, *m_journal.header));
        writer.setBeforeSend([&](const machine::Pending& pending) -> Result<> {
            INSPECTOR_CHECK(file.addAttempt(pending, m_clock.walltimeMs()));
            m_journal.attempts.push_back({m_clock.walltimeMs(), pending.seqno, pending.token, pending.version});
            return {};
        });
        const auto outcome = append(writer, job);
        auto settled = settle(outcome, stores, file, job);
        if (!settled)
            return tl::unexpected(std::move(settled).error());

        // It is committed: whatever comes now, there is a receipt.
        auto receipt = receiptOf(writer, *settled);
        if (const auto noted =
                file.addOutcome(kCommitted, "as v" + std::to_string(settled->value()), m_clock.walltimeMs());
            !noted)
            receipt.remarks.push_back("the journal does not say that it is committed: " + noted.error().message);
        m_guard.assume(m_plan.tokenAfter);
        prove(stores, receipt);
        expire(writer, receipt);
        receipt.statements = statementsOf(stores) - statementsBefore;
        receipt.finishedMs = m_clock.walltimeMs();
        return receipt;
    }

private:
    using Outcome = Result<std::variant<machine::Appended, machine::UpperMismatch>>;

    static std::uint64_t statementsOf(const RepairStores& stores)
    {
        return stores.activity ? stores.activity->totals().statements : 0;
    }

    [[nodiscard]] Result<ShardId> shardId() const { return ShardId::parse(m_plan.base->state().shardId); }

    Result<machine::ShardWriter> writerOn(store::ConsensusWriter& consensus, store::BlobWriter& blob)
    {
        INSPECTOR_TRY(auto profile, guestProfile(m_plan.base->state().applierVersion));
        INSPECTOR_CHECK(checkContentVersion(*m_plan.base));
        profile.hostname = m_options.hostname;
        profile.inlineWriteBytes = m_options.inlineWriteBytes;
        INSPECTOR_TRY(auto shard, shardId());
        return machine::ShardWriter(consensus, blob, std::move(shard), std::move(profile), m_clock, m_ids);
    }

    Outcome append(machine::ShardWriter& writer, const Job& job)
    {
        INSPECTOR_TRY(const auto permit, m_guard.permit(m_plan.expectedUpper()));
        return writer.compareAndAppend(permit, {m_plan.expectedUpper(), m_plan.nextUpper(), updatesOf(m_plan)}, job);
    }

    tl::unexpected<Error> conflict(const store::Consensus& consensus, const store::Blob& blob, const Job& job) const
    {
        const std::string end = "; nothing was written, look at it again";
        const auto shard = shardId();
        if (shard)
            if (const auto now = readEditBase(consensus, blob, *shard, job))
                return fail(ErrorCode::Conflict, describeMove(m_plan, **now) + end);
        return fail(ErrorCode::Conflict,
                    "the catalog's upper is not " + std::to_string(m_plan.expectedUpper().value()) + " any more" + end);
    }

    JournalHeader headerOf(const machine::ShardWriter& writer, const RepairStores& stores) const
    {
        JournalHeader header;
        header.writtenMs = m_clock.walltimeMs();
        header.shardId = m_plan.base->state().shardId;
        header.consensus = stores.consensus.description();
        header.blob = stores.blob.description();
        header.writerId = writer.writerId();
        header.basedOn = m_plan.base->state().seqno;
        header.expectedUpper = m_plan.expectedUpper();
        header.nextUpper = m_plan.nextUpper();
        header.tokenBefore = m_plan.tokenBefore;
        header.tokenAfter = m_plan.tokenAfter;
        header.summary = m_plan.summary;
        header.changes = m_plan.changes;
        header.inverse = m_plan.inverse();
        return header;
    }

    /// The seqno of the append, or why there is none.
    Result<SeqNo> settle(const Outcome& outcome, const RepairStores& stores, ChangeJournal& file, const Job& job)
    {
        const auto notWritten = [&](Error error) -> Result<SeqNo> {
            // The error is the answer; a journal that cannot say so is found out by reading.
            [[maybe_unused]] const auto noted = file.addOutcome(kNotWritten, error.message, m_clock.walltimeMs());
            return tl::unexpected(std::move(error));
        };
        if (outcome) {
            if (const auto* appended = std::get_if<machine::Appended>(&*outcome))
                return appended->seqno;
            return notWritten(conflict(stores.readConsensus, stores.readBlob, job).value());
        }
        if (!outcome.error().outcomeUnknown)
            return notWritten(outcome.error());
        // The writer has asked and sent again already; the other pair of sessions may see more.
        m_journal.isHeldOpen = true;
        for (int read = 0; read < kMaxSettleReads; ++read) {
            const auto finding = recover(m_journal, stores.readConsensus, stores.readBlob, m_clock, {}, Job());
            if (!finding || finding->fate == RepairFate::NotYet)
                continue;
            if (finding->fate == RepairFate::Whole)
                return finding->seqno.value_or(m_journal.attempts.back().seqno);
            if (finding->fate == RepairFate::Nothing)
                return notWritten({ErrorCode::Conflict,
                                   "the store did not answer (" + outcome.error().message
                                       + "), and nothing was written: " + finding->evidence,
                                   {},
                                   false});
            break;
        }
        auto error = outcome.error();
        error.message += "; whether it was written is not known: let 'recover' read the journal " + file.path();
        return tl::unexpected(std::move(error));
    }

    Receipt receiptOf(const machine::ShardWriter& writer, SeqNo seqno) const
    {
        Receipt receipt;
        receipt.shardId = m_plan.base->state().shardId;
        receipt.summary = m_plan.summary;
        receipt.changes = m_plan.changes;
        receipt.inverse = m_plan.inverse();
        receipt.seqno = seqno;
        receipt.time = m_plan.expectedUpper();
        receipt.nextUpper = m_plan.nextUpper();
        receipt.tokenBefore = m_plan.tokenBefore;
        receipt.tokenAfter = m_plan.tokenAfter;
        receipt.writerId = writer.writerId();
        receipt.token = m_journal.attempts.back().token;
        receipt.attempts = m_journal.attempts.size();
        receipt.journalPath = m_options.journalPath;
        return receipt;
    }

    /// Reads everything back through sessions and code that had no part in writing it (§23.1 step 8).
    void prove(const RepairStores& stores, Receipt& receipt) const
    {
        const auto proved = readBack(stores, receipt.seqno);
        if (!proved) {
            receipt.proof = Proof::Unread;
            receipt.proofText = proved.error().describe();
            return;
        }
        receipt.proof = proved->empty() ? Proof::ReadBack : Proof::Differs;
        receipt.proofText = proved->empty()
            ? "all " + std::to_string(m_plan.base->updates().size()) + " rows and the changes were read back"
            : *proved;
    }

    /// What is not as planned; empty when everything is.
    Result<std::string> readBack(const RepairStores& stores, SeqNo seqno) const
    {
        const Job job;
        INSPECTOR_TRY(auto shard, shardId());
        const auto shardText = shard.text();
        INSPECTOR_TRY(const auto rows, stores.readConsensus.scan(shardText, seqno, 1, job));
        const bool isOurs = std::any_of(m_journal.attempts.begin(), m_journal.attempts.end(), [&](const auto& attempt) {
            return !rows.empty() && rows.front().seqno == seqno && rows.front().data == attempt.version;
        });
        if (!isOurs && (rows.empty() || rows.front().seqno == seqno))
            return "version v" + std::to_string(seqno.value()) + " of the shard is not what was sent";
        persist::ShardReader reader(stores.readConsensus, stores.readBlob, std::move(shard));
        INSPECTOR_TRY(auto state, reader.refresh(job));
        if (!persist::lessEqual(m_plan.nextUpper(), state->upper()))
            return "the shard's upper is " + persist::textOf(state->upper()) + ", not "
                + std::to_string(m_plan.nextUpper().value());
        if (state->applierVersion != m_plan.base->state().applierVersion && isOurs && state->seqno == seqno)
            return "the shard's version is " + state->applierVersion + " now";
        if (state->upper() != persist::Frontier(m_plan.nextUpper())) {
            // Somebody has gone on from there: the moment of the repair is in an older state, or before since.
            INSPECTOR_TRY(state, reader.stateReading(m_plan.expectedUpper(), job));
        }
        INSPECTOR_TRY(const auto snapshot, reader.snapshot(state, m_plan.expectedUpper(), job));
        if (!snapshot.updates->isComplete)
            return fail(ErrorCode::Corrupt, snapshot.updates->warnings.front());
        INSPECTOR_TRY(const auto found, catalog::consolidate(snapshot.updates, job));
        INSPECTOR_TRY(const auto difference, leftOver(m_plan, found, job));
        if (difference->size() == 0)
            return std::string();
        return std::to_string(difference->size()) + " rows are not as planned";
    }

    void expire(machine::ShardWriter& writer, Receipt& receipt)
    {
        const Job job;
        const auto permit = m_guard.permit(m_plan.nextUpper());
        const auto expired = permit ? writer.expireWriter(*permit, job) : Result<>(tl::unexpected(permit.error()));
        receipt.isWriterExpired = expired.has_value();
        if (!expired)
            receipt.remarks.push_back("the entry of the writer " + receipt.writerId
                                      + " stays in the shard's state until its lease lapses in an hour: "
                                      + expired.error().message);
    }

    const EditPlan& m_plan;
    const RepairOptions& m_options;
    SystemClock m_systemClock;
    RandomIdSource m_randomIds;
    const Clock& m_clock;
    IdSource& m_ids;
    WriteGuard m_guard;
    Journal m_journal; ///< as the file has it
};

} // namespace

Result<machine::Profile> guestProfile(const std::string& applierVersion)
{
    machine::Profile profile;
    profile.stance = machine::Stance::Guest;
    const auto version = machine::SemanticVersion::parse(applierVersion);
    if (version && *version >= versionOf(kFirstBetweenEras) && *version < versionOf(kFirstOfNewEra))
        return fail(ErrorCode::Unsupported,
                    "the shard's version '" + applierVersion + "' lies between the two eras (below "
                        + std::string(kFirstBetweenEras) + ", from " + std::string(kFirstOfNewEra)
                        + "), and nobody has checked how such shards are written: it can be read but not written");
    profile.era = version && *version < versionOf(kFirstBetweenEras) ? machine::Era::Old : machine::Era::New;
    profile.buildVersion = profile.era == machine::Era::Old ? kOldBuild : kNewBuild;
    INSPECTOR_CHECK(machine::checkMayWrite(profile.era, profile.buildVersion, applierVersion));
    return profile;
}

Result<Rehearsal> rehearse(const EditPlan& plan, const store::Consensus& consensus, const store::Blob& blob,
                           const RepairOptions& options, const Job& job)
{
    return Repair(plan, options).rehearse(consensus, blob, job);
}

tl::unexpected<Error> commitRefused(const EditPlan& plan)
{
    std::string reasons;
    for (const auto& refusal : plan.refusals)
        reasons +=
            (reasons.empty() ? "" : "; ") + refusal.reason + " (override: " + std::string(nameOf(refusal.which)) + ")";
    return fail(ErrorCode::InvalidInput, "the plan is refused: " + reasons);
}

Result<Receipt> commitRepair(const EditPlan& plan, const RepairStores& stores, const RepairOptions& options,
                             const Job& job)
{
    if (!plan.mayCommit())
        return commitRefused(plan);
    if (options.journalPath.empty())
        return fail(ErrorCode::InvalidInput, "a repair needs the path of a journal");
    return Repair(plan, options).commit(stores, job);
}

} // namespace inspector::edit
