#include "core/machine/commands.h"

#include "core/machine/version_gate.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <memory>

namespace inspector::machine {

namespace {

constexpr std::uint64_t kRollupFallbackRounds = 3;                 // old era: 384 of 128
constexpr std::uint64_t kActiveRollupStaleMs = 5000;               // new era
constexpr std::uint64_t kMostCollectedAtOnce = 128000;             // new era
constexpr std::uint64_t kDefaultReaderLeaseMs = 15ULL * 60 * 1000; // what a stored 0 means

std::uint64_t saturatingSum(std::uint64_t a, std::uint64_t b)
{
    return a > std::numeric_limits<std::uint64_t>::max() - b ? std::numeric_limits<std::uint64_t>::max() : a + b;
}

persist::Frontier meet(const persist::Frontier& a, const persist::Frontier& b)
{
    return persist::lessEqual(a, b) ? a : b;
}

template <typename Answer>
Outcome<Answer> breakWith(Answer answer)
{
    return {Verdict::Break, std::move(answer)};
}

template <typename Answer>
Outcome<Answer> continueWith(Answer answer)
{
    return {Verdict::Continue, std::move(answer)};
}

/// Drops every lease that lapsed before now; one that lapses right now stays (persist-write-protocol §4 step 4).
void expireLeases(persist::State& state, std::uint64_t nowMs)
{
    std::erase_if(state.leasedReaders, [&](const auto& entry) {
        const auto& reader = entry.second;
        const auto lease = reader.leaseDurationMs == 0 ? kDefaultReaderLeaseMs : reader.leaseDurationMs;
        return saturatingSum(reader.lastHeartbeatMs, lease) < nowMs;
    });
    std::erase_if(state.writers, [&](const auto& entry) {
        const auto& writer = entry.second;
        return saturatingSum(writer.lastHeartbeatMs, writer.leaseDurationMs) < nowMs;
    });
}

/// max(1, log2 of the seqno rounded up to a power of two) (persist-write-protocol §13.2).
std::uint64_t collectionThreshold(SeqNo seqno)
{
    const auto value = std::max<std::uint64_t>(seqno.value(), 1);
    const auto log = static_cast<std::uint64_t>(std::bit_width(value - 1)); // of the next power of two
    return std::max<std::uint64_t>(log, 1);
}

} // namespace

persist::State nextStateOf(const persist::State& before, const Profile& profile, const Moment& moment)
{
    auto next = before;
    next.seqno = before.seqno.next();
    next.walltimeMs = std::max(moment.nowMs, saturatingSum(before.walltimeMs, 1));
    next.hostname = profile.hostname;
    if (profile.era == Era::Old && profile.stance == Stance::Owner)
        next.applierVersion = greaterVersion(before.applierVersion, profile.buildVersion);
    return next;
}

Result<Assignment> finishTransition(persist::State& next, bool wasTombstone, CommandKind kind, const Profile& profile,
                                    const Moment& moment)
{
    if (wasTombstone && kind != CommandKind::OnTombstone)
        return fail(ErrorCode::Internal, "a command went on although the shard is a tombstone");
    Assignment assigned;
    if (profile.stance == Stance::Guest)
        return assigned;
    expireLeases(next, moment.nowMs);
    if (needsRollup(next, profile, moment.nowMs)) {
        assigned.rollup = true;
        if (profile.era == Era::New)
            next.activeRollup = persist::ActiveTask {next.seqno, moment.nowMs};
    }
    if (const auto target = collectionDue(next, kind, profile.era)) {
        assigned.collectTo = target;
        next.lastGcReq = target->value();
    }
    return assigned;
}

bool isTombstone(const persist::State& state)
{
    return !state.trace.since && state.writers.empty() && state.leasedReaders.empty() && state.criticalReaders.empty()
        && !state.upper();
}

SeqNo seqnoSinceOf(const persist::State& state)
{
    auto since = state.seqno;
    for (const auto& [id, reader] : state.leasedReaders)
        since = std::min(since, reader.seqno);
    return since;
}

std::optional<std::pair<SeqNo, persist::HollowRollup>> latestRollupOf(const persist::State& state)
{
    if (state.rollups.empty())
        return std::nullopt;
    return std::pair(state.rollups.rbegin()->first, state.rollups.rbegin()->second);
}

bool needsRollup(const persist::State& state, const Profile& profile, std::uint64_t nowMs)
{
    if (state.rollups.empty() || profile.rollupThreshold == 0)
        return false;
    const auto latest = state.rollups.rbegin()->first;
    if (isTombstone(state) && latest.next() < state.seqno)
        return true;
    const auto distance = state.seqno > latest ? state.seqno.value() - latest.value() : 0;
    if (profile.era == Era::Old)
        return (distance > 0 && distance % profile.rollupThreshold == 0)
            || distance > kRollupFallbackRounds * profile.rollupThreshold;
    const bool isUnderWay =
        state.activeRollup && nowMs <= saturatingSum(state.activeRollup->startMs, kActiveRollupStaleMs);
    return distance > profile.rollupThreshold && !isUnderWay;
}

std::optional<SeqNo> collectionDue(const persist::State& state, CommandKind kind, Era era)
{
    auto target = seqnoSinceOf(state);
    if (era == Era::New)
        target = std::min(target, SeqNo(saturatingSum(state.lastGcReq, kMostCollectedAtOnce)));
    const auto sinceLast = target.value() > state.lastGcReq ? target.value() - state.lastGcReq : 0;
    const bool mayBeAsked = kind == CommandKind::Append || state.writers.empty();
    const bool isDue = sinceLast >= collectionThreshold(state.seqno) && mayBeAsked;
    return isDue || isTombstone(state) ? std::optional(target) : std::nullopt;
}

void recomputeSince(persist::State& state)
{
    if (state.leasedReaders.empty() && state.criticalReaders.empty())
        return;
    persist::Frontier since; // the end of time
    for (const auto& [id, reader] : state.leasedReaders)
        since = meet(since, reader.since);
    for (const auto& [id, reader] : state.criticalReaders)
        since = meet(since, reader.since);
    state.trace.since = since;
}

SeqNo firstSeqno(Era era)
{
    return SeqNo(era == Era::Old ? 1 : 0);
}

persist::State initialState(const ShardOrigin& origin, const Profile& profile, const std::string& rollupKey,
                            std::uint64_t nowMs)
{
    persist::State state;
    state.applierVersion = profile.buildVersion;
    state.shardId = origin.shardId;
    state.keyCodec = origin.keyCodec;
    state.valCodec = origin.valCodec;
    state.tsCodec = origin.tsCodec;
    state.diffCodec = origin.diffCodec;
    state.seqno = firstSeqno(profile.era);
    state.walltimeMs = nowMs;
    state.hostname = profile.hostname;
    state.rollups.emplace(state.seqno, persist::HollowRollup {rollupKey, std::nullopt});
    return state;
}

Result<Outcome<persist::LeasedReader>> registerLeasedReader(persist::State& next, const ReaderOptions& options,
                                                            const Moment& moment)
{
    persist::LeasedReader reader;
    if (isTombstone(next)) {
        reader.since = std::nullopt;
        return breakWith(std::move(reader));
    }
    reader.since = next.trace.since;
    if (options.useCriticalSince && !next.criticalReaders.empty()) {
        reader.since = std::nullopt;
        for (const auto& [id, critical] : next.criticalReaders)
            reader.since = meet(reader.since, critical.since);
    }
    reader.seqno = next.seqno;
    reader.lastHeartbeatMs = moment.issuedMs;
    reader.leaseDurationMs = options.leaseMs;
    reader.debug = persist::DebugState {next.hostname, options.purpose};
    next.leasedReaders.insert_or_assign(options.id, reader);
    return continueWith(std::move(reader));
}

Result<Outcome<bool>> heartbeatLeasedReader(persist::State& next, const std::string& readerId, const Moment& moment)
{
    if (isTombstone(next))
        return breakWith(false);
    const auto reader = next.leasedReaders.find(readerId);
    if (reader == next.leasedReaders.end())
        return continueWith(false);
    reader->second.lastHeartbeatMs = std::max(reader->second.lastHeartbeatMs, moment.issuedMs);
    return continueWith(true);
}

Result<Outcome<persist::Frontier>> downgradeSince(persist::State& next, const std::string& readerId,
                                                  std::optional<SeqNo> outstanding, const persist::Frontier& newSince,
                                                  Era era, const Moment& moment)
{
    if (isTombstone(next))
        return breakWith(persist::Frontier());
    const auto found = next.leasedReaders.find(readerId);
    if (found == next.leasedReaders.end()) {
        if (era == Era::New)
            return breakWith(persist::Frontier());
        return fail(ErrorCode::NotFound, "the leased reader " + readerId + " is not registered; register it again");
    }
    auto& reader = found->second;
    if (outstanding && *outstanding < reader.seqno)
        return fail(ErrorCode::InvalidInput,
                    "the leased reader " + readerId + " gave up v" + std::to_string(outstanding->value())
                        + " already: it holds v" + std::to_string(reader.seqno.value()));
    reader.lastHeartbeatMs = std::max(reader.lastHeartbeatMs, moment.issuedMs);
    reader.seqno = std::min(outstanding.value_or(next.seqno), next.seqno);
    auto since = reader.since;
    if (persist::lessEqual(reader.since, newSince) && reader.since != newSince) {
        since = newSince;
        reader.since = newSince;
        recomputeSince(next);
    }
    return continueWith(std::move(since));
}

Result<Outcome<bool>> expireLeasedReader(persist::State& next, const std::string& readerId)
{
    if (isTombstone(next))
        return breakWith(false);
    return continueWith(next.leasedReaders.erase(readerId) > 0);
}

Opaque initialOpaque(const std::string& codec)
{
    return {codec, codec == "i64" ? std::numeric_limits<std::int64_t>::min() : 0};
}

Result<Outcome<persist::CriticalReader>> registerCriticalReader(persist::State& next, const std::string& readerId,
                                                                const Opaque& initial, const std::string& purpose)
{
    persist::CriticalReader fresh;
    fresh.since = next.trace.since;
    fresh.opaque = initial.value;
    fresh.opaqueCodec = initial.codec;
    fresh.debug = persist::DebugState {next.hostname, purpose};
    if (isTombstone(next)) {
        fresh.since = std::nullopt;
        return breakWith(std::move(fresh));
    }
    const auto [found, isNew] = next.criticalReaders.try_emplace(readerId, fresh);
    if (!isNew)
        found->second.debug = fresh.debug;
    return continueWith(found->second);
}

Result<Outcome<CriticalSince>> compareAndDowngradeSince(persist::State& next, const std::string& readerId,
                                                        const Opaque& expected, const Opaque& replacement,
                                                        const persist::Frontier& newSince, Era era)
{
    if (isTombstone(next))
        return breakWith(CriticalSince {true, replacement, std::nullopt});
    const auto found = next.criticalReaders.find(readerId);
    if (found == next.criticalReaders.end())
        return fail(ErrorCode::NotFound, "the critical reader " + readerId + " is not registered");
    auto& reader = found->second;
    const Opaque stored {reader.opaqueCodec, reader.opaque};
    if (era == Era::Old && stored.codec != expected.codec)
        return fail(ErrorCode::InvalidInput,
                    "the critical reader " + readerId + " has an opaque of codec " + stored.codec + ", not "
                        + expected.codec);
    if (stored != expected)
        return continueWith(CriticalSince {false, stored, reader.since});
    reader.opaqueCodec = replacement.codec;
    reader.opaque = replacement.value;
    if (persist::lessEqual(reader.since, newSince)) {
        reader.since = newSince;
        recomputeSince(next);
    }
    return continueWith(CriticalSince {true, replacement, reader.since});
}

Result<Outcome<bool>> expireCriticalReader(persist::State& next, const std::string& readerId)
{
    if (isTombstone(next))
        return breakWith(false);
    return continueWith(next.criticalReaders.erase(readerId) > 0);
}

Result<Outcome<std::optional<std::uint64_t>>> registerSchema(persist::State& next,
                                                             const persist::EncodedSchemas& schemas)
{
    using Id = std::optional<std::uint64_t>;
    // The newest of several equal ones.
    for (auto known = next.schemas.rbegin(); known != next.schemas.rend(); ++known)
        if (known->second == schemas)
            return breakWith(Id(known->first));
    if (isTombstone(next) || !next.schemas.empty())
        return breakWith(Id());
    next.schemas.emplace(0, schemas);
    return continueWith(Id(0));
}

Result<Outcome<SchemaEvolution>> compareAndEvolveSchema(persist::State& next, std::uint64_t expected,
                                                        const persist::EncodedSchemas& schemas, bool isCompatible)
{
    if (next.schemas.empty() || next.schemas.rbegin()->first != expected)
        return breakWith(SchemaEvolution::ExpectedMismatch);
    if (next.schemas.rbegin()->second == schemas)
        return breakWith(SchemaEvolution::Done);
    if (!isCompatible)
        return breakWith(SchemaEvolution::Incompatible);
    if (isTombstone(next))
        return breakWith(SchemaEvolution::ExpectedMismatch);
    next.schemas.emplace(next.schemas.size(), schemas);
    return continueWith(SchemaEvolution::Done);
}

Result<Outcome<bool>> expireWriter(persist::State& next, const std::string& writerId)
{
    if (isTombstone(next))
        return breakWith(false);
    return continueWith(next.writers.erase(writerId) > 0);
}

Result<Outcome<MergeOutcome>> applyMergeResult(persist::State& next, const persist::HollowBatch& result, Era era)
{
    if (isTombstone(next))
        return breakWith(MergeOutcome::NoOp);
    INSPECTOR_TRY(auto spine, LayeredSpine::unflatten(next.trace, era));
    INSPECTOR_TRY(const auto outcome, spine.applyMergeResult(result));
    next.trace = spine.flatten();
    return continueWith(outcome);
}

Result<Outcome<std::vector<MergeRequest>>> exertSpine(persist::State& next, std::uint64_t effort, Era era)
{
    std::vector<MergeRequest> requests;
    INSPECTOR_TRY(auto spine, LayeredSpine::unflatten(next.trace, era));
    INSPECTOR_TRY(const bool hasWorked, spine.exert(effort, era, requests));
    if (!hasWorked)
        return breakWith(std::move(requests));
    next.trace = spine.flatten();
    return continueWith(std::move(requests));
}

Result<Outcome<bool>> addRollup(persist::State& next, SeqNo seqno, const persist::HollowRollup& rollup, Era era)
{
    if (const auto known = next.rollups.find(seqno); known != next.rollups.end())
        return continueWith(known->second.key == rollup.key);
    if (era == Era::New && !next.rollups.empty() && seqno < next.rollups.begin()->first)
        return continueWith(false);
    next.rollups.emplace(seqno, rollup);
    if (era == Era::New)
        next.activeRollup.reset();
    return continueWith(true);
}

Result<Outcome<std::vector<SeqNo>>> removeRollups(persist::State& next,
                                                  const std::vector<std::pair<SeqNo, std::string>>& rollups, Era era)
{
    std::vector<SeqNo> removed;
    const bool wasCollecting = era == Era::New && next.activeGc.has_value();
    if (wasCollecting)
        next.activeGc.reset();
    if (rollups.empty() || isTombstone(next))
        return Outcome<std::vector<SeqNo>> {wasCollecting && !isTombstone(next) ? Verdict::Continue : Verdict::Break,
                                            std::move(removed)};
    for (const auto& [seqno, key] : rollups) {
        const auto known = next.rollups.find(seqno);
        if (known == next.rollups.end())
            continue;
        if (known->second.key != key)
            return fail(ErrorCode::Internal,
                        "the rollup to remove at v" + std::to_string(seqno.value()) + " is " + key
                            + ", but the state lists " + known->second.key);
        next.rollups.erase(known);
        removed.push_back(seqno);
    }
    return continueWith(std::move(removed));
}

Result<Outcome<Done>> becomeTombstone(persist::State& next, Era era)
{
    if (next.trace.since || next.upper())
        return fail(ErrorCode::Internal,
                    "finalized without fully advancing since [" + persist::textOf(next.trace.since) + "] and upper ["
                        + persist::textOf(next.upper()) + "]");
    const bool wasTombstone = isTombstone(next);
    next.writers.clear();
    next.leasedReaders.clear();
    next.criticalReaders.clear();

    INSPECTOR_TRY(auto spine, LayeredSpine::unflatten(next.trace, era));
    const persist::HollowBatch* withParts = nullptr;
    std::size_t batches = 0;
    for (auto level = spine.levels().rbegin(); level != spine.levels().rend(); ++level)
        for (const auto& batch : level->batches)
            for (const auto& [id, member] : batch.members) {
                ++batches;
                if (withParts == nullptr && !member->parts.empty())
                    withParts = member.get();
            }
    persist::HollowBatch empty;
    if (withParts != nullptr) {
        empty.description = withParts->description;
        INSPECTOR_TRY(const auto replaced, spine.applyMergeResult(empty));
        if (replaced != MergeOutcome::AppliedExact && replaced != MergeOutcome::AppliedSubset)
            return fail(ErrorCode::Internal,
                        "the batch " + persist::textOf(empty.description) + " of the tombstone does not give way");
        next.trace = spine.flatten();
        return continueWith(Done());
    }
    if (batches > 1) {
        empty.description = {Timestamp(), std::nullopt, std::nullopt};
        LayeredSpine fresh;
        fresh.setSince(std::nullopt);
        INSPECTOR_CHECK(fresh.insert(std::make_shared<const persist::HollowBatch>(std::move(empty))));
        next.trace = fresh.flatten();
        return continueWith(Done());
    }
    return Outcome<Done> {wasTombstone ? Verdict::Break : Verdict::Continue, Done()};
}

Result<Outcome<std::string>> upgradeVersion(persist::State& next, const std::string& buildVersion)
{
    if (isTombstone(next))
        return breakWith(std::string());
    const auto stored = SemanticVersion::parse(next.applierVersion);
    const auto build = SemanticVersion::parse(buildVersion);
    if (!build || (stored && *build < *stored))
        return breakWith("the shard's version " + next.applierVersion + " is newer than " + buildVersion);
    next.applierVersion = buildVersion;
    return continueWith(std::string());
}

} // namespace inspector::machine
