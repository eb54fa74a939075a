#pragma once

#include "core/base/result.h"
#include "core/machine/layered_spine.h"
#include "core/machine/opaque.h"
#include "core/machine/profile.h"
#include "core/persist/state.h"

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace inspector::machine {

/// The readings of the clock that a transition uses (persist-write-protocol §4 step 2).
struct Moment
{
    std::uint64_t issuedMs = 0; ///< when the command was issued: what heartbeats and claims carry
    std::uint64_t nowMs = 0;    ///< when the next state is computed: walltime, expiry, start of a rollup
};

/// Whether a command's answer needs a new version.
enum class Verdict {
    Continue, ///< commit, even when nothing changed
    Break,    ///< answered from the state at hand; no seqno is used up
};

/// What a command answers, and whether that has to be committed.
template <typename Answer>
struct Outcome
{
    using AnswerType = Answer;

    Verdict verdict = Verdict::Continue;
    Answer answer {};
};

/// The answer of a command that has nothing to say.
struct Done
{
    friend bool operator==(Done, Done) = default;
};

/// What the generic part of a transition has to know about a command.
enum class CommandKind {
    Append,      ///< compare-and-append: may be assigned a collection although there are writers
    Other,       ///< everything else
    OnTombstone, ///< one of the two that a tombstone admits
};

/// Maintenance that a transition assigned to whoever commits it (persist-write-protocol §4 steps 7 and 8).
struct Assignment
{
    bool rollup = false;            ///< write a rollup of the very state that was committed
    std::optional<SeqNo> collectTo; ///< collect garbage up to here

    [[nodiscard]] bool isEmpty() const { return !rollup && !collectTo; }
};

/// A computed transition. With Verdict::Break `next` means nothing.
template <typename Answer>
struct Transition
{
    persist::State next;
    Outcome<Answer> outcome;
    Assignment assigned;
};

/// Steps 1 and 2 of the generic transition (persist-write-protocol §4): the state that a command then changes.
[[nodiscard]] persist::State nextStateOf(const persist::State& before, const Profile& profile, const Moment& moment);

/// Steps 4 to 8: expiry, the tombstone rule, a rollup and a collection that are due. All but the tombstone rule is left
/// out for a guest. Internal when a command changed a tombstone that must not.
[[nodiscard]] Result<Assignment> finishTransition(persist::State& next, bool wasTombstone, CommandKind kind,
                                                  const Profile& profile, const Moment& moment);

/// A whole transition: `command(next)` is one of the functions below, bound to its inputs. `before` is not changed.
template <typename Command>
[[nodiscard]] auto transition(const persist::State& before, const Profile& profile, const Moment& moment,
                              CommandKind kind, Command&& command)
    -> Result<Transition<typename std::invoke_result_t<Command&, persist::State&>::value_type::AnswerType>>;

/// No readers, no writers, and since and upper at the end of time (persist-write-protocol §3).
[[nodiscard]] bool isTombstone(const persist::State& state);

/// min(seqno, every leased reader's seqno): what collection may not pass (persist-write-protocol §3).
[[nodiscard]] SeqNo seqnoSinceOf(const persist::State& state);

/// The rollup with the greatest seqno; nothing in a state that is no shard's.
[[nodiscard]] std::optional<std::pair<SeqNo, persist::HollowRollup>> latestRollupOf(const persist::State& state);

/// Whether a rollup of this state is due (persist-write-protocol §13.1).
[[nodiscard]] bool needsRollup(const persist::State& state, const Profile& profile, std::uint64_t nowMs);

/// The seqno up to which this state, just made by a command of `kind`, asks to collect; nothing when it is not due
/// (persist-write-protocol §13.2).
[[nodiscard]] std::optional<SeqNo> collectionDue(const persist::State& state, CommandKind kind, Era era);

/// Sets since to the meet of all readers' (persist-write-protocol §8.2). Without readers it stays.
void recomputeSince(persist::State& state);

/// An empty shard before its first version (persist-write-protocol §7): at the era's first seqno, listing the rollup of
/// itself under `rollupKey`.
struct ShardOrigin
{
    std::string shardId;
    std::string keyCodec = "protobuf[SourceData]";
    std::string valCodec = "()";
    std::string tsCodec = "u64";
    std::string diffCodec = "i64";
};
[[nodiscard]] SeqNo firstSeqno(Era era);
[[nodiscard]] persist::State initialState(const ShardOrigin& origin, const Profile& profile,
                                          const std::string& rollupKey, std::uint64_t nowMs);

// The commands of persist-write-protocol §8.1. Each takes the state that nextStateOf() made. Those that the reference
// answers with a panic are Internal here.

struct ReaderOptions
{
    std::string id;
    std::string purpose;
    std::uint64_t leaseMs = 0; ///< leased readers
    bool useCriticalSince = false;
};
/// Answers the reader as it was entered.
[[nodiscard]] Result<Outcome<persist::LeasedReader>>
registerLeasedReader(persist::State& next, const ReaderOptions& options, const Moment& moment);
/// Old era. Answers whether the reader was there; continues either way.
[[nodiscard]] Result<Outcome<bool>> heartbeatLeasedReader(persist::State& next, const std::string& readerId,
                                                          const Moment& moment);
/// Answers the reader's since. `outstanding`: the seqno that the reader still needs; nothing: it is idle.
[[nodiscard]] Result<Outcome<persist::Frontier>> downgradeSince(persist::State& next, const std::string& readerId,
                                                                std::optional<SeqNo> outstanding,
                                                                const persist::Frontier& newSince, Era era,
                                                                const Moment& moment);
[[nodiscard]] Result<Outcome<bool>> expireLeasedReader(persist::State& next, const std::string& readerId);

/// The token that nobody set: INT64_MIN for the codec `i64`, else 0 (§8.3).
[[nodiscard]] Opaque initialOpaque(const std::string& codec);

/// Answers the reader as it is now; a reader that was there only gets the new purpose.
[[nodiscard]] Result<Outcome<persist::CriticalReader>> registerCriticalReader(persist::State& next,
                                                                              const std::string& readerId,
                                                                              const Opaque& initial,
                                                                              const std::string& purpose);
/// What a critical reader holds after a downgrade was asked for.
struct CriticalSince
{
    bool matched = true; ///< the expected opaque was the stored one
    Opaque opaque;
    persist::Frontier since;
};
[[nodiscard]] Result<Outcome<CriticalSince>> compareAndDowngradeSince(persist::State& next, const std::string& readerId,
                                                                      const Opaque& expected, const Opaque& replacement,
                                                                      const persist::Frontier& newSince, Era era);
[[nodiscard]] Result<Outcome<bool>> expireCriticalReader(persist::State& next, const std::string& readerId);

/// Answers the id that the schema has; nothing when the registry holds others, or the shard is a tombstone.
[[nodiscard]] Result<Outcome<std::optional<std::uint64_t>>> registerSchema(persist::State& next,
                                                                           const persist::EncodedSchemas& schemas);
/// What came of replacing a schema.
enum class SchemaEvolution { Done, ExpectedMismatch, Incompatible };
/// `isCompatible`: whether `schemas` can read what the one at `expected` wrote and drops no column, which only who
/// knows the columns can say.
[[nodiscard]] Result<Outcome<SchemaEvolution>> compareAndEvolveSchema(persist::State& next, std::uint64_t expected,
                                                                      const persist::EncodedSchemas& schemas,
                                                                      bool isCompatible);

[[nodiscard]] Result<Outcome<bool>> expireWriter(persist::State& next, const std::string& writerId);

/// Registers a compaction's result (§10.5); continues whatever came of it.
[[nodiscard]] Result<Outcome<MergeOutcome>> applyMergeResult(persist::State& next, const persist::HollowBatch& result,
                                                             Era era);
/// Explicit maintenance of the spine (§10.4); answers the merge requests that it caused.
[[nodiscard]] Result<Outcome<std::vector<MergeRequest>>> exertSpine(persist::State& next, std::uint64_t effort,
                                                                    Era era);

/// Answers whether the state lists that rollup now.
[[nodiscard]] Result<Outcome<bool>> addRollup(persist::State& next, SeqNo seqno, const persist::HollowRollup& rollup,
                                              Era era);
/// Answers which were there and are gone.
[[nodiscard]] Result<Outcome<std::vector<SeqNo>>>
removeRollups(persist::State& next, const std::vector<std::pair<SeqNo, std::string>>& rollups, Era era);

/// One step towards, or within, a tombstone (§8.4); breaks when nothing is left to do. Internal unless since and upper
/// are at the end of time.
[[nodiscard]] Result<Outcome<Done>> becomeTombstone(persist::State& next, Era era);

/// New era: the format version becomes the build's. Breaks with InvalidInput's text in the answer when the state's is
/// newer; empty: done.
[[nodiscard]] Result<Outcome<std::string>> upgradeVersion(persist::State& next, const std::string& buildVersion);

template <typename Command>
auto transition(const persist::State& before, const Profile& profile, const Moment& moment, CommandKind kind,
                Command&& command)
    -> Result<Transition<typename std::invoke_result_t<Command&, persist::State&>::value_type::AnswerType>>
{
    using Answer = typename std::invoke_result_t<Command&, persist::State&>::value_type::AnswerType;
    Transition<Answer> made {nextStateOf(before, profile, moment), {}, {}};
    const bool wasTombstone = isTombstone(made.next);
    INSPECTOR_TRY(made.outcome, command(made.next));
    if (made.outcome.verdict == Verdict::Continue) {
        INSPECTOR_TRY(made.assigned, finishTransition(made.next, wasTombstone, kind, profile, moment));
    }
    return made;
}

} // namespace inspector::machine
