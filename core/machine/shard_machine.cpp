#include "core/machine/shard_machine.h"

#include "core/machine/state_encoder.h"

#include <algorithm>

namespace inspector::machine {

namespace {

constexpr int kMaxResends = 5;      ///< of one row whose compare-and-set is not answered
constexpr int kMaxFutileReads = 5;  ///< after a lost race that reading shows nothing of
constexpr int kMaxBlobAttempts = 3; ///< a blob is final: setting it again is safe

/// The error of a compare-and-set of which nobody knows whether it happened.
tl::unexpected<Error> unknown(Error error, SeqNo seqno)
{
    error.outcomeUnknown = true;
    error.trail.push_back("finding out what became of v" + std::to_string(seqno.value()));
    return tl::unexpected(std::move(error));
}

} // namespace

persist::StateDiff initialDiff(const persist::State& state)
{
    persist::StateDiff diff;
    diff.applierVersion = state.applierVersion;
    diff.seqnoFrom = SeqNo(0);
    diff.seqnoTo = state.seqno;
    diff.walltimeMs = state.walltimeMs;
    diff.latestRollupKey = state.rollups.begin()->second.key;
    persist::FieldDiff change;
    change.field = persist::StateField::Rollups;
    change.type = persist::ChangeType::Insert;
    change.key = encodeU64Slice(state.seqno.value());
    change.newValue = encodeHollowRollup(state.rollups.begin()->second);
    diff.changes.push_back(std::move(change));
    return diff;
}

ShardMachine::ShardMachine(store::ConsensusWriter& consensus, store::BlobWriter& blob, ShardId shardId, Profile profile,
                           const Clock& clock)
    : m_blob(blob)
    , m_log(consensus, blob, std::move(shardId))
    , m_profile(std::move(profile))
    , m_clock(clock)
{
}

std::uint64_t ShardMachine::nowMs() const
{
    return static_cast<std::uint64_t>(std::max<std::int64_t>(m_clock.walltimeMs(), 0));
}

Result<> ShardMachine::openOrCreate(const WritePermit& /*permit*/, const ShardOrigin& origin, IdSource& ids,
                                    const Job& job)
{
    const auto read = m_log.refresh(job);
    if (read)
        return {};
    if (read.error().code != ErrorCode::NotFound || m_log.state())
        return tl::unexpected(read.error());
    // A missing rollup is NotFound, too: only a log without rows is an absent shard.
    INSPECTOR_TRY(const auto present, m_log.hasRows(job));
    if (present) { // or somebody has created it since it was read
        INSPECTOR_CHECK(m_log.refresh(job));
        return {};
    }

    const auto seqno = firstSeqno(m_profile.era);
    const auto rollupKey = "v" + std::to_string(seqno.value()) + "/r" + ids.uuid();
    const auto state = initialState(origin, m_profile, rollupKey, nowMs());
    const persist::InlinedDiffs noDiffs {seqno.next(), seqno.next(), {}};
    const auto blobKey = m_log.shardId().text() + "/" + rollupKey;
    INSPECTOR_CHECK(setBlob(m_blob, blobKey, encodeRollup(state, RawEntries(), noDiffs).view(), job)
                        .during("writing the first rollup"));
    const auto row = encodeStateDiff(initialDiff(state));
    for (int attempt = 0; attempt < kMaxResends; ++attempt) {
        const auto created = m_log.create(seqno, row.view(), job);
        if (!created && !created.error().outcomeUnknown)
            return tl::unexpected(created.error());
        // Whoever was first: a shard is there now, or will be. Whether it is ours is no question.
        const auto loaded = m_log.refresh(job);
        if (loaded) {
            const auto& rollups = m_log.state()->rollups;
            const auto listed = rollups.find(seqno);
            if (created && *created == store::CasOutcome::Mismatch
                && (listed == rollups.end() || listed->second.key != rollupKey)) {
                // Nobody refers to our rollup, and nobody can: the log is not empty any more.
                [[maybe_unused]] const auto removed = m_blob.remove(blobKey, job);
            }
            return {};
        }
        if (created)
            return tl::unexpected(loaded.error());
    }
    return fail(ErrorCode::Unavailable,
                "creating the shard " + m_log.shardId().text() + " was not answered; open it again to find out");
}

Result<ShardMachine::Settled> ShardMachine::settle(const PreparedVersion& version, const Pending& pending,
                                                   std::uint64_t& attempts, Error error, const Job& job)
{
    for (int resend = 0; resend < kMaxResends; ++resend) {
        if (job.stopToken().stop_requested())
            break;
        const auto found = find(pending, job);
        if (!found)
            continue; // read again
        if (*found)
            return **found ? Settled::Committed : Settled::NotCommitted;
        // Nothing is there yet. The same bytes again: whichever of the two comes second finds the row taken.
        ++attempts;
        auto sent = m_log.send(version, job);
        if (sent && *sent == store::CasOutcome::Committed)
            return Settled::Committed;
        if (!sent)
            error = std::move(sent).error();
    }
    m_pending = pending;
    m_pendingCommitted.reset();
    return unknown(std::move(error), pending.seqno);
}

Result<std::optional<bool>> ShardMachine::find(const Pending& pending, const Job& job)
{
    INSPECTOR_TRY(const auto fate, m_log.fateOf(pending.seqno, pending.version, job));
    switch (fate) {
    case Fate::Committed:
        return std::optional(true);
    case Fate::NotCommitted:
        return std::optional(false);
    case Fate::NotYet:
        return std::optional<bool>();
    case Fate::Truncated:
        break;
    }
    // The row is gone from the log, so look for its effect.
    INSPECTOR_CHECK(m_log.refresh(job));
    const auto& state = *m_log.state();
    const auto writer = state.writers.find(pending.writerId);
    if (!pending.upper || writer == state.writers.end())
        return fail(ErrorCode::Conflict,
                    "v" + std::to_string(pending.seqno.value())
                        + " is not in the log any more and left no trace: whether it was written cannot be told from "
                          "the shard's state, look at its content");
    const auto writtenUpper = writer->second.mostRecentWriteUpper.value_or(persist::Frontier(Timestamp()));
    return std::optional(writer->second.mostRecentWriteToken == pending.token
                         || persist::lessEqual(pending.upper, writtenUpper));
}

void ShardMachine::settlePending(const Job& job)
{
    if (!m_pending || m_pendingCommitted)
        return;
    if (const auto found = find(*m_pending, job))
        m_pendingCommitted = *found;
}

Result<bool> ShardMachine::resolve(const Job& job)
{
    if (!m_pending)
        return fail(ErrorCode::InvalidInput, "no compare-and-set of this writer is without an answer");
    if (!m_pendingCommitted) {
        auto found = find(*m_pending, job);
        if (!found)
            return unknown(std::move(found).error(), m_pending->seqno);
        m_pendingCommitted = *found;
    }
    if (!m_pendingCommitted)
        return unknown({ErrorCode::Unavailable,
                        "no row is there yet, but what was sent may still arrive; ask again later",
                        {},
                        false},
                       m_pending->seqno);
    const bool committed = *m_pendingCommitted;
    m_pending.reset();
    m_pendingCommitted.reset();
    return committed;
}

Result<std::uint64_t> ShardMachine::truncate(const WritePermit& /*permit*/, SeqNo lessThan, const Job& job)
{
    return withoutDoubt(m_log.truncate(lessThan, job));
}

Result<Ran> ShardMachine::runSteps(const Compute& compute, const Job& job, const Append* append)
{
    settlePending(job);
    Moment moment;
    moment.issuedMs = nowMs();
    Ran ran;
    int futileReads = 0;
    bool isFresh = false;
    if (!m_log.state()) {
        INSPECTOR_CHECK(m_log.refresh(job));
        isFresh = true;
    }
    for (;;) {
        INSPECTOR_CHECK(job.step(ran.attempts, 0));
        const auto before = m_log.state();
        if (m_checks.mayBuildOn)
            INSPECTOR_CHECK(m_checks.mayBuildOn(*before));
        moment.nowMs = nowMs();
        auto computed = compute(*before, moment);
        if (!isFresh && (!computed || computed->verdict == Verdict::Break)) {
            // What is held may be old: answer from what is there now.
            isFresh = true;
            INSPECTOR_TRY(const bool moved, m_log.refresh(job));
            if (moved)
                continue;
        }
        if (!computed)
            return tl::unexpected(std::move(computed).error());
        ran.seqno = before->seqno;
        if (computed->verdict == Verdict::Break)
            break;

        INSPECTOR_TRY(const auto version, m_log.prepare(computed->next, m_profile.era));
        if (m_checks.maySend)
            INSPECTOR_CHECK(m_checks.maySend(*before, version));
        const auto row = version.diff.raw.view();
        Pending pending {version.seqno(), Bytes(row.begin(), row.end()), {}, {}, {}};
        if (append != nullptr) {
            pending.writerId = append->writerId;
            pending.token = append->token;
            pending.upper = append->upper;
            if (append->beforeSend)
                INSPECTOR_CHECK(append->beforeSend(pending));
        }
        ++ran.attempts;
        auto sent = m_log.send(version, job);
        if (!sent && !sent.error().outcomeUnknown)
            return tl::unexpected(std::move(sent).error());
        bool isCommitted = sent && *sent == store::CasOutcome::Committed;
        if (!sent) {
            INSPECTOR_TRY(const auto settled, settle(version, pending, ran.attempts, std::move(sent).error(), job));
            isCommitted = settled == Settled::Committed;
            if (isCommitted)
                m_log.adopt(version);
        }
        if (isCommitted) {
            ran.committed = true;
            ran.seqno = version.seqno();
            ran.assigned = computed->assigned;
            if (m_profile.maintains && !ran.assigned.isEmpty())
                m_work.push_back({ran.assigned, ran.assigned.rollup ? m_log.held() : HeldState()});
            break;
        }
        INSPECTOR_TRY(const bool moved, m_log.refresh(job));
        isFresh = true;
        if (!moved && m_log.state()->seqno == before->seqno && ++futileReads == kMaxFutileReads)
            return fail(ErrorCode::Corrupt,
                        "consensus says that v" + std::to_string(version.seqno().value())
                            + " is taken, but has no such row");
    }
    settlePending(job);
    return ran;
}

Result<> setBlob(store::BlobWriter& blob, const std::string& key, BytesView bytes, const Job& job)
{
    for (int attempt = 1;; ++attempt) {
        auto set = blob.set(key, bytes, job);
        const bool mayRepeat = !set && set.error().outcomeUnknown && set.error().code != ErrorCode::Cancelled;
        if (mayRepeat && attempt < kMaxBlobAttempts)
            continue;
        return withoutDoubt(std::move(set));
    }
}

} // namespace inspector::machine
