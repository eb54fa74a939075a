#include "core/machine/shard_writer.h"

#include "core/machine/batch_builder.h"
#include "core/machine/compact.h"
#include "core/machine/compare_and_append.h"
#include "core/machine/guest_rules.h"
#include "core/machine/maintenance.h"
#include "core/machine/shard_machine.h"
#include "core/machine/version_gate.h"

#include <algorithm>
#include <utility>

namespace inspector::machine {

namespace {

tl::unexpected<Error> notAsGuest(const std::string& what)
{
    return fail(ErrorCode::ReadOnly, "a guest does not " + what + " on somebody else's shard");
}

template <typename Answer>
Result<> withoutAnswer(Result<Answer> result)
{
    if (!result)
        return tl::unexpected(std::move(result).error());
    return {};
}

} // namespace

struct ShardWriter::Impl
{
    Impl(store::ConsensusWriter& consensus, store::BlobWriter& blob, ShardId shard, Profile profile, const Clock& clock,
         IdSource& idSource)
        : machine(consensus, blob, std::move(shard), std::move(profile), clock)
        , ids(idSource)
        , writerId("w" + idSource.uuid())
    {
    }

    [[nodiscard]] const Profile& profile() const { return machine.profile(); }
    [[nodiscard]] bool isGuest() const { return profile().stance == Stance::Guest; }

    /// The checks that the machine asks for refer to this object: it is made once and never moved.
    void installChecks()
    {
        machine.setChecks({[this](const persist::State& state) { return mayBuildOn(state); },
                           [this](const persist::State& before, const PreparedVersion& version) {
                               return isGuest() ? checkGuestVersion(before, version, writerId) : Result<>();
                           }});
    }

    Result<> mayBuildOn(const persist::State& state) const
    {
        if (isTombstone(state) || state.isTombstone())
            return fail(ErrorCode::Conflict,
                        "the shard " + state.shardId + " is finalised: nothing can be written to it");
        if (state.possiblyIncomplete)
            return fail(ErrorCode::Unsupported, "the state has changes of a kind that this build does not know");
        INSPECTOR_CHECK(checkMayWrite(profile().era, profile().buildVersion, state.applierVersion));
        return isGuest() ? checkGuestMayBuildOn(state, machine.nowMs()) : Result<>();
    }

    template <typename Command>
    auto run(const WritePermit& permit, Command command, const Job& job)
    {
        return machine.run(permit, CommandKind::Other, std::move(command), job);
    }

    /// A version-free look at the newest state, for what a guest answers without writing.
    Result<persist::StatePtr> look(const Job& job)
    {
        INSPECTOR_CHECK(machine.refresh(job));
        INSPECTOR_CHECK(mayBuildOn(*machine.state()));
        return machine.state();
    }

    Result<BuiltBatch> build(const AppendRequest& request, const std::vector<RowUpdate>& updates, bool isInlineAllowed,
                             const Job& job);

    ShardMachine machine;
    IdSource& ids;
    std::string writerId;
    BeforeSend beforeSend;
    std::vector<MergeRequest> requests; ///< that own appends caused, for compaction
};

ShardWriter::ShardWriter(store::ConsensusWriter& consensus, store::BlobWriter& blob, ShardId shardId, Profile profile,
                         const Clock& clock, IdSource& ids)
    : m_impl(std::make_unique<Impl>(consensus, blob, std::move(shardId), std::move(profile), clock, ids))
{
    m_impl->installChecks();
}

ShardWriter::~ShardWriter() = default;
ShardWriter::ShardWriter(ShardWriter&&) noexcept = default;
ShardWriter& ShardWriter::operator=(ShardWriter&&) noexcept = default;

const ShardId& ShardWriter::shardId() const
{
    return m_impl->machine.log().shardId();
}

const Profile& ShardWriter::profile() const
{
    return m_impl->profile();
}

const std::string& ShardWriter::writerId() const
{
    return m_impl->writerId;
}

const persist::StatePtr& ShardWriter::state() const
{
    return m_impl->machine.state();
}

Result<persist::StatePtr> ShardWriter::refresh(const Job& job)
{
    INSPECTOR_CHECK(m_impl->machine.refresh(job));
    return state();
}

Result<persist::StatePtr> ShardWriter::openOrCreate(const WritePermit& permit, const Job& job)
{
    if (m_impl->isGuest())
        return refresh(job);
    ShardOrigin origin;
    origin.shardId = shardId().text();
    INSPECTOR_CHECK(m_impl->machine.openOrCreate(permit, origin, m_impl->ids, job));
    return state();
}

Result<persist::Frontier> ShardWriter::registerCriticalReader(const WritePermit& permit, const std::string& readerId,
                                                              const std::string& purpose, const Job& job)
{
    if (m_impl->isGuest()) {
        INSPECTOR_TRY(const auto current, m_impl->look(job));
        const auto known = current->criticalReaders.find(readerId);
        if (known == current->criticalReaders.end())
            return notAsGuest("register the critical reader " + readerId);
        return known->second.since;
    }
    const auto command = [&](persist::State& next, const Moment& /*moment*/) {
        return machine::registerCriticalReader(next, readerId, initialOpaque("i64"), purpose);
    };
    INSPECTOR_TRY(const auto ran, m_impl->run(permit, command, job));
    return ran.first.since;
}

Result<ShardWriter::SinceState> ShardWriter::compareAndDowngradeSince(const WritePermit& permit,
                                                                      const std::string& readerId,
                                                                      const Opaque& expected, const Opaque& next,
                                                                      const persist::Frontier& since, const Job& job)
{
    if (m_impl->isGuest()) {
        INSPECTOR_TRY(const auto current, m_impl->look(job));
        const auto known = current->criticalReaders.find(readerId);
        if (known == current->criticalReaders.end())
            return fail(ErrorCode::NotFound, "the critical reader " + readerId + " is not registered");
        const Opaque stored {known->second.opaqueCodec, known->second.opaque};
        return SinceState {stored, known->second.since, stored == expected};
    }
    const auto command = [&](persist::State& state, const Moment& /*moment*/) {
        return machine::compareAndDowngradeSince(state, readerId, expected, next, since, m_impl->profile().era);
    };
    INSPECTOR_TRY(const auto ran, m_impl->run(permit, command, job));
    return SinceState {ran.first.opaque, ran.first.since, ran.first.matched};
}

Result<> ShardWriter::expireCriticalReader(const WritePermit& permit, const std::string& readerId, const Job& job)
{
    if (m_impl->isGuest())
        return notAsGuest("expire the critical reader " + readerId);
    const auto command = [&](persist::State& next, const Moment& /*moment*/) {
        return machine::expireCriticalReader(next, readerId);
    };
    return withoutAnswer(m_impl->run(permit, command, job));
}

Result<persist::Frontier> ShardWriter::registerLeasedReader(const WritePermit& permit, const std::string& readerId,
                                                            const std::string& purpose, const Job& job)
{
    if (m_impl->isGuest())
        return notAsGuest("register the leased reader " + readerId);
    const ReaderOptions options {readerId, purpose, m_impl->profile().readerLeaseMs, false};
    const auto command = [&](persist::State& next, const Moment& moment) {
        return machine::registerLeasedReader(next, options, moment);
    };
    INSPECTOR_TRY(const auto ran, m_impl->run(permit, command, job));
    return ran.first.since;
}

Result<persist::Frontier> ShardWriter::downgradeSince(const WritePermit& permit, const std::string& readerId,
                                                      const persist::Frontier& since, std::optional<SeqNo> outstanding,
                                                      const Job& job)
{
    if (m_impl->isGuest())
        return notAsGuest("move the since of the leased reader " + readerId);
    const auto era = m_impl->profile().era;
    if (era == Era::New && !outstanding) { // an idle reader passes the seqno that it knows (§8.1)
        if (!state())
            INSPECTOR_CHECK(m_impl->machine.refresh(job));
        outstanding = state()->seqno;
    }
    const auto command = [&](persist::State& next, const Moment& moment) {
        return machine::downgradeSince(next, readerId, outstanding, since, era, moment);
    };
    INSPECTOR_TRY(const auto ran, m_impl->run(permit, command, job));
    return ran.first;
}

Result<bool> ShardWriter::heartbeatLeasedReader(const WritePermit& permit, const std::string& readerId, const Job& job)
{
    if (m_impl->isGuest())
        return notAsGuest("renew the lease of the reader " + readerId);
    if (m_impl->profile().era == Era::New)
        return fail(ErrorCode::Unsupported, "the new era has no heartbeats: a downgrade of since renews the lease");
    const auto command = [&](persist::State& next, const Moment& moment) {
        return machine::heartbeatLeasedReader(next, readerId, moment);
    };
    INSPECTOR_TRY(const auto ran, m_impl->run(permit, command, job));
    return ran.first;
}

Result<> ShardWriter::expireLeasedReader(const WritePermit& permit, const std::string& readerId, const Job& job)
{
    if (m_impl->isGuest())
        return notAsGuest("expire the leased reader " + readerId);
    const auto command = [&](persist::State& next, const Moment& /*moment*/) {
        return machine::expireLeasedReader(next, readerId);
    };
    return withoutAnswer(m_impl->run(permit, command, job));
}

Result<std::optional<std::uint64_t>> ShardWriter::registerSchema(const WritePermit& permit,
                                                                 const persist::EncodedSchemas& schemas, const Job& job)
{
    if (m_impl->isGuest())
        return notAsGuest("register a schema");
    const auto command = [&](persist::State& next, const Moment& /*moment*/) {
        return machine::registerSchema(next, schemas);
    };
    INSPECTOR_TRY(const auto ran, m_impl->run(permit, command, job));
    return ran.first;
}

Result<BuiltBatch> ShardWriter::Impl::build(const AppendRequest& request, const std::vector<RowUpdate>& updates,
                                            bool isInlineAllowed, const Job& job)
{
    PartLayout layout;
    layout.partDescription = {request.lower, std::nullopt, Timestamp()};
    layout.inlineBytes = isInlineAllowed ? profile().inlineWriteBytes : 0;
    layout.targetBytes = profile().blobTargetBytes;
    const auto& applierVersion = machine.state()->applierVersion;
    return buildBatch(machine.blob(), machine.log().shardId(), writerKeyOf(profile().buildVersion, applierVersion), ids,
                      {request.lower, request.upper, Timestamp()}, updates, layout, job);
}

Result<std::variant<Appended, UpperMismatch>>
ShardWriter::compareAndAppend(const WritePermit& permit, const AppendRequest& request, const Job& job)
{
    using Outcome = std::variant<Appended, UpperMismatch>;
    if (request.lower != permit.expectedUpper())
        return fail(ErrorCode::Conflict,
                    "the append begins at " + std::to_string(request.lower.value())
                        + ", but writing was permitted at the upper " + std::to_string(permit.expectedUpper().value()));
    if (request.upper <= request.lower)
        return fail(ErrorCode::InvalidInput,
                    "an append must end beyond its lower bound " + std::to_string(request.lower.value()));
    for (const auto& update : request.updates)
        if (update.time < request.lower.value() || update.time >= request.upper.value())
            return fail(ErrorCode::InvalidInput,
                        "a time to append, " + std::to_string(update.time) + ", lies outside ["
                            + std::to_string(request.lower.value()) + ", " + std::to_string(request.upper.value())
                            + ")");
    if (!state())
        INSPECTOR_CHECK(m_impl->machine.refresh(job));
    INSPECTOR_CHECK(m_impl->mayBuildOn(*state())); // before blobs are written
    const auto updates = consolidated(request.updates);
    INSPECTOR_TRY(auto built, m_impl->build(request, updates, true, job));

    ShardMachine::Append append {writerId(), "i" + m_impl->ids.uuid(), request.upper, m_impl->beforeSend};
    const auto command = [&](persist::State& next, const Moment& moment) {
        const AppendCommand what {stampedBatch(built, next, profile()), append.writerId, append.token,
                                  profile().writerLeaseMs, profile().purpose};
        return machine::compareAndAppend(next, what, profile(), moment);
    };
    std::uint64_t attempts = 0;
    for (;;) {
        const auto ran = m_impl->machine.run(permit, CommandKind::Append, command, job, &append);
        if (!ran) {
            if (!ran.error().outcomeUnknown)
                discard(m_impl->machine.blob(), shardId(), built);
            return tl::unexpected(ran.error());
        }
        attempts += ran->second.attempts;
        if (const auto* done = std::get_if<AppendedTo>(&ran->first)) {
            if (!m_impl->isGuest() && profile().maintains)
                m_impl->requests.insert(m_impl->requests.end(), done->requests.begin(), done->requests.end());
            return Outcome(Appended {ran->second.seqno, request.upper, attempts});
        }
        if (const auto* moved = std::get_if<UpperBreak>(&ran->first)) {
            discard(m_impl->machine.blob(), shardId(), built);
            return Outcome(UpperMismatch {request.lower, moved->shardUpper});
        }
        switch (std::get<AppendBreak>(ran->first)) {
        case AppendBreak::AlreadyCommitted: // by an attempt whose answer was lost
            return Outcome(Appended {ran->second.seqno, request.upper, attempts});
        case AppendBreak::InlineBackpressure: {
            INSPECTOR_TRY(built, m_impl->build(request, updates, false, job));
            continue;
        }
        case AppendBreak::InvalidBounds:
        case AppendBreak::InvalidEmptyTimeInterval:
            break;
        }
        return fail(ErrorCode::Internal, "an append with checked bounds was refused for its bounds");
    }
}

Result<> ShardWriter::expireWriter(const WritePermit& permit, const Job& job)
{
    if (m_impl->isGuest()) {
        INSPECTOR_TRY(const auto current, m_impl->look(job));
        if (!current->writers.contains(writerId()))
            return {};
    }
    const auto command = [&](persist::State& next, const Moment& /*moment*/) {
        return machine::expireWriter(next, writerId());
    };
    return withoutAnswer(m_impl->run(permit, command, job));
}

Result<> ShardWriter::upgradeVersion(const WritePermit& permit, const Job& job)
{
    if (m_impl->isGuest())
        return notAsGuest("raise the version");
    if (profile().era == Era::Old)
        return {}; // every commit raises it
    const auto command = [&](persist::State& next, const Moment& /*moment*/) {
        return machine::upgradeVersion(next, profile().buildVersion);
    };
    INSPECTOR_TRY(const auto ran, m_impl->run(permit, command, job));
    return ran.first.empty() ? Result<>() : Result<>(fail(ErrorCode::Unsupported, ran.first));
}

Result<bool> ShardWriter::performMaintenance(const WritePermit& permit, const Job& job)
{
    auto& machine = m_impl->machine;
    if (m_impl->isGuest() || !profile().maintains)
        return false;
    bool hasWorked = false;
    const auto requests = std::exchange(m_impl->requests, {});
    for (const auto& request : requests) {
        if (!isWorthCompacting(request) || blobBytesOf(request) > profile().compactionBytes)
            continue;
        const auto compacted = compactAndRegister(machine, permit, request, m_impl->ids, job);
        // Parts that are gone were compacted by somebody else.
        if (!compacted && compacted.error().code != ErrorCode::NotFound)
            return tl::unexpected(compacted.error());
        hasWorked = true;
    }
    // Registering a rollup may assign a collection, which in turn may assign nothing more.
    for (auto work = machine.takeWork(); !work.empty(); work = machine.takeWork())
        for (const auto& item : work) {
            if (item.assigned.rollup) {
                INSPECTOR_TRY(const auto written, writeRollup(machine, permit, item.held, m_impl->ids, job));
                if (written)
                    INSPECTOR_CHECK(registerRollup(machine, permit, *written, job));
                hasWorked = true;
            }
            if (item.assigned.collectTo) {
                INSPECTOR_TRY(const auto collected, collectGarbage(machine, permit, *item.assigned.collectTo, job));
                hasWorked = hasWorked || !collected.truncatedTo.empty();
            }
        }
    return hasWorked;
}

const std::optional<ShardWriter::Pending>& ShardWriter::pending() const
{
    return m_impl->machine.pending();
}

Result<bool> ShardWriter::resolve(const Job& job)
{
    return m_impl->machine.resolve(job);
}

void ShardWriter::setBeforeSend(BeforeSend callback)
{
    m_impl->beforeSend = std::move(callback);
}

} // namespace inspector::machine
