#pragma once

#include "core/base/clock.h"
#include "core/base/id_source.h"
#include "core/base/ids.h"
#include "core/base/job.h"
#include "core/base/result.h"
#include "core/machine/opaque.h"
#include "core/machine/part_encoder.h"
#include "core/machine/pending.h"
#include "core/machine/profile.h"
#include "core/machine/write_permit.h"
#include "core/persist/state.h"
#include "core/store/blob_writer.h"
#include "core/store/consensus_writer.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace inspector::machine {

/// What is appended: updates with lower <= time < upper. Not yet consolidated; may be empty, which moves the upper
/// only.
struct AppendRequest
{
    Timestamp lower; ///< the upper that the shard must have
    Timestamp upper; ///< the upper that it gets; beyond `lower`
    std::vector<RowUpdate> updates;
};

/// Another writer was first: nothing of the request is in the shard.
struct UpperMismatch
{
    persist::Frontier expected;
    persist::Frontier actual;
};

/// The append is durable.
struct Appended
{
    SeqNo seqno;
    Timestamp upper;
    std::uint64_t attempts = 1; ///< compare-and-sets that were sent
};

/// Writes to one shard: every command of persist-write-protocol §8, with the transition, the diff and the
/// compare-and-set behind it, for both eras. Each call is one new version, repeated from a fresh state when another
/// writer was first. One thread at a time.
///
/// Errors beside those of the stores: Conflict for a tombstone, Unsupported when the version gate of §17 refuses,
/// Corrupt when the shard's state breaks a rule that a writer must not build on, InvalidInput for a request that no
/// state could take. `outcomeUnknown` when a compare-and-set was sent, was not answered, and reading did not settle
/// it (§16): what was sent is in pending(), and resolve() asks again. No other error has it.
///
/// A guest appends and gives back its own entry, nothing else (§1 rules 7 and 8): every other command is ReadOnly,
/// except where it can be answered from what is stored. Beside the errors above it gets Unavailable when the clock is
/// more than a minute behind the shard's, or an append has to wait for the environment (§10.7 "era trap").
class ShardWriter
{
public:
    /// The stores, clock and ids must outlive the writer. Does no I/O.
    ShardWriter(store::ConsensusWriter& consensus, store::BlobWriter& blob, ShardId shardId, Profile profile,
                const Clock& clock, IdSource& ids);
    ~ShardWriter();
    ShardWriter(ShardWriter&&) noexcept;
    ShardWriter& operator=(ShardWriter&&) noexcept;

    [[nodiscard]] const ShardId& shardId() const;
    [[nodiscard]] const Profile& profile() const;
    /// This writer's id, w<uuid>: one for its life.
    [[nodiscard]] const std::string& writerId() const;

    /// The newest state that was read or written; nullptr before the first call below.
    [[nodiscard]] const persist::StatePtr& state() const;

    /// Reads what is new. NotFound "no such shard" when there is none.
    [[nodiscard]] Result<persist::StatePtr> refresh(const Job& job);

    /// Creates the shard when there is none (§7); else, and for a guest always, as refresh().
    [[nodiscard]] Result<persist::StatePtr> openOrCreate(const WritePermit& permit, const Job& job);

    /// Registers a critical reader, or renames the purpose of the one there (§8.1). Answers its since. A guest is
    /// answered with the since of a reader that is there, and writes nothing.
    [[nodiscard]] Result<persist::Frontier> registerCriticalReader(const WritePermit& permit,
                                                                   const std::string& readerId,
                                                                   const std::string& purpose, const Job& job);
    /// What is stored after a downgrade was asked for: equal to what was asked when it was granted.
    struct SinceState
    {
        Opaque opaque;
        persist::Frontier since;
        bool opaqueMatched = true;
    };
    /// A guest is answered with what is stored, and writes nothing.
    [[nodiscard]] Result<SinceState> compareAndDowngradeSince(const WritePermit& permit, const std::string& readerId,
                                                              const Opaque& expected, const Opaque& next,
                                                              const persist::Frontier& since, const Job& job);
    [[nodiscard]] Result<> expireCriticalReader(const WritePermit& permit, const std::string& readerId, const Job& job);

    /// Registers a leased reader at the shard's since; answers that since.
    [[nodiscard]] Result<persist::Frontier> registerLeasedReader(const WritePermit& permit, const std::string& readerId,
                                                                 const std::string& purpose, const Job& job);
    [[nodiscard]] Result<persist::Frontier> downgradeSince(const WritePermit& permit, const std::string& readerId,
                                                           const persist::Frontier& since,
                                                           std::optional<SeqNo> outstanding, const Job& job);
    /// Old era only; true when the reader was there.
    [[nodiscard]] Result<bool> heartbeatLeasedReader(const WritePermit& permit, const std::string& readerId,
                                                     const Job& job);
    [[nodiscard]] Result<> expireLeasedReader(const WritePermit& permit, const std::string& readerId, const Job& job);

    /// Registers `schemas` in an empty registry; answers the id it has, or nothing when another schema is there (§8.1).
    /// For shards of our own only: a guest never registers (§12).
    [[nodiscard]] Result<std::optional<std::uint64_t>>
    registerSchema(const WritePermit& permit, const persist::EncodedSchemas& schemas, const Job& job);

    /// Appends (§9, §11). `request.lower` must be the permit's expected upper, else Conflict. Parts above the inline
    /// bounds become blobs, durable before the version that names them. A lost race for the seqno alone is repeated
    /// with the same token; UpperMismatch when the upper moved.
    [[nodiscard]] Result<std::variant<Appended, UpperMismatch>>
    compareAndAppend(const WritePermit& permit, const AppendRequest& request, const Job& job);
    /// Removes this writer's entry. A guest without one writes nothing.
    [[nodiscard]] Result<> expireWriter(const WritePermit& permit, const Job& job);

    /// New era: raises the shard's applier version to the profile's (§8.1 "upgrade version").
    [[nodiscard]] Result<> upgradeVersion(const WritePermit& permit, const Job& job);

    /// Does the work that the last commands of an Owner assigned: compacts merges that are worth it, writes and
    /// registers a rollup, collects garbage (§13). Without it nothing is wrong, the shard only grows. True when there
    /// was work. What fails is not tried again: the next versions assign it anew.
    [[nodiscard]] Result<bool> performMaintenance(const WritePermit& permit, const Job& job);

    /// A compare-and-set whose outcome is not known. A later command goes on without it: it is computed from what is
    /// there, and only one of the two can get the seqno.
    using Pending = machine::Pending;
    [[nodiscard]] const std::optional<Pending>& pending() const;

    /// Finds out by reading what became of pending() (§16): true committed, false not; clears it. outcomeUnknown when
    /// it cannot be told yet.
    [[nodiscard]] Result<bool> resolve(const Job& job);

    /// Called with what is about to be sent, before each append's compare-and-set; an error keeps it from being sent.
    /// For the change journal.
    using BeforeSend = std::function<Result<>(const Pending&)>;
    void setBeforeSend(BeforeSend callback);

private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

} // namespace inspector::machine
