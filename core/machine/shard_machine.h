#pragma once

#include "core/base/clock.h"
#include "core/base/id_source.h"
#include "core/base/job.h"
#include "core/base/result.h"
#include "core/machine/commands.h"
#include "core/machine/pending.h"
#include "core/machine/profile.h"
#include "core/machine/shard_log.h"
#include "core/machine/write_permit.h"
#include "core/store/blob_writer.h"
#include "core/store/consensus_writer.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace inspector::machine {

/// Maintenance that a version of ours assigned to us, with the state that it is about.
struct AssignedWork
{
    Assignment assigned;
    HeldState held; ///< where a rollup is assigned
};

/// How one command came out.
struct Ran
{
    bool committed = false;     ///< a version was written
    SeqNo seqno;                ///< of that version, else of the state that was answered from
    std::uint64_t attempts = 0; ///< compare-and-sets that were sent
    Assignment assigned;
};

/// Runs commands against a shard: computes the transition, sends it, and starts over from a fresh state when another
/// writer was first (persist-write-protocol §4, §9.4, §16). What it refuses is the caller's to say (Checks). One thread
/// at a time.
///
/// A compare-and-set that is not answered is found out by reading, and sent again, byte for byte, while nothing is
/// there. When that does not settle it either, the error has `outcomeUnknown`, and pending() keeps what was sent.
class ShardMachine
{
public:
    struct Checks
    {
        /// Whether one may build on this state; asked for each state before a command is computed from it.
        std::function<Result<>(const persist::State& state)> mayBuildOn;
        /// Whether this version may be sent on top of `before`.
        std::function<Result<>(const persist::State& before, const PreparedVersion& version)> maySend;
    };
    /// What an append adds to a command.
    struct Append
    {
        std::string writerId;
        std::string token;
        Timestamp upper;
        std::function<Result<>(const Pending&)> beforeSend; ///< may be empty
    };

    /// The stores and the clock must outlive it. Does no I/O.
    ShardMachine(store::ConsensusWriter& consensus, store::BlobWriter& blob, ShardId shardId, Profile profile,
                 const Clock& clock);

    [[nodiscard]] const Profile& profile() const { return m_profile; }
    void setProfile(Profile profile) { m_profile = std::move(profile); }
    void setChecks(Checks checks) { m_checks = std::move(checks); }
    [[nodiscard]] const ShardLog& log() const { return m_log; }
    [[nodiscard]] const persist::StatePtr& state() const { return m_log.state(); }
    [[nodiscard]] store::BlobWriter& blob() const { return m_blob; }
    [[nodiscard]] std::uint64_t nowMs() const;

    [[nodiscard]] Result<bool> refresh(const Job& job) { return m_log.refresh(job); }

    /// Creates the shard when it has no version (persist-write-protocol §7), else reads it.
    [[nodiscard]] Result<> openOrCreate(const WritePermit& permit, const ShardOrigin& origin, IdSource& ids,
                                        const Job& job);

    /// Runs a command of commands.h, bound to its inputs but for the time: `command(next, moment)`. A Break is answered
    /// from a state that was read in this call.
    template <typename Command>
    [[nodiscard]] auto run(const WritePermit& permit, CommandKind kind, Command command, const Job& job,
                           const Append* append = nullptr)
        -> Result<std::pair<
            typename std::invoke_result_t<Command&, persist::State&, const Moment&>::value_type::AnswerType, Ran>>;

    /// Deletes rows of the log below `lessThan`, which must be a rollup's seqno.
    [[nodiscard]] Result<std::uint64_t> truncate(const WritePermit& permit, SeqNo lessThan, const Job& job);

    /// The maintenance that own versions assigned since the last call (none while the profile does not maintain).
    [[nodiscard]] std::vector<AssignedWork> takeWork() { return std::exchange(m_work, {}); }

    [[nodiscard]] const std::optional<Pending>& pending() const { return m_pending; }
    /// Finds out what became of pending(); clears it when it can be told (persist-write-protocol §16).
    [[nodiscard]] Result<bool> resolve(const Job& job);

private:
    struct Step
    {
        Verdict verdict = Verdict::Continue;
        persist::State next;
        Assignment assigned;
    };
    using Compute = std::function<Result<Step>(const persist::State& before, const Moment& moment)>;
    enum class Settled { Committed, NotCommitted };

    [[nodiscard]] Result<Ran> runSteps(const Compute& compute, const Job& job, const Append* append);
    [[nodiscard]] Result<Settled> settle(const PreparedVersion& version, const Pending& pending,
                                         std::uint64_t& attempts, Error error, const Job& job);
    [[nodiscard]] Result<std::optional<bool>> find(const Pending& pending, const Job& job);
    void settlePending(const Job& job);

    store::BlobWriter& m_blob;
    ShardLog m_log;
    Profile m_profile;
    const Clock& m_clock;
    Checks m_checks;
    std::vector<AssignedWork> m_work;
    std::optional<Pending> m_pending;
    std::optional<bool> m_pendingCommitted; ///< found out while a later command ran
};

/// The first version of a shard whose state is initialState(): it lists the rollup of itself (§7 step 5).
[[nodiscard]] persist::StateDiff initialDiff(const persist::State& state);

/// The same failure without `outcomeUnknown`, which is kept for versions: of a blob or a truncation it does not matter
/// whether they happened.
template <typename Value>
[[nodiscard]] Result<Value> withoutDoubt(Result<Value> result)
{
    if (!result)
        result.error().outcomeUnknown = false;
    return result;
}

/// Stores a blob; again when it is not known whether it was stored, which is safe because blobs are final.
[[nodiscard]] Result<> setBlob(store::BlobWriter& blob, const std::string& key, BytesView bytes, const Job& job);

template <typename Command>
auto ShardMachine::run(const WritePermit& /*permit*/, CommandKind kind, Command command, const Job& job,
                       const Append* append)
    -> Result<
        std::pair<typename std::invoke_result_t<Command&, persist::State&, const Moment&>::value_type::AnswerType, Ran>>
{
    using Answer = typename std::invoke_result_t<Command&, persist::State&, const Moment&>::value_type::AnswerType;
    std::optional<Answer> answer;
    const auto compute = [&](const persist::State& before, const Moment& moment) -> Result<Step> {
        INSPECTOR_TRY(auto made, transition(before, m_profile, moment, kind, [&](persist::State& next) {
                          return command(next, moment);
                      }));
        answer = std::move(made.outcome.answer);
        return Step {made.outcome.verdict, std::move(made.next), made.assigned};
    };
    INSPECTOR_TRY(const auto ran, runSteps(compute, job, append));
    return std::pair(*std::move(answer), ran);
}

} // namespace inspector::machine
