#pragma once

#include "core/base/result.h"
#include "core/machine/profile.h"
#include "core/persist/state.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace inspector::machine {

/// A merge that an insertion finished: what compaction could now rewrite into one batch. A hint, never a duty
/// (persist-write-protocol §10.3).
struct MergeRequest
{
    persist::SpineId id;
    persist::Description description;
    std::vector<std::pair<persist::SpineId, persist::BatchPtr>> inputs; ///< oldest first
};

/// What became of a compaction's result (persist-write-protocol §10.5).
enum class MergeOutcome { AppliedExact, AppliedSubset, NoOp, NoOpTooManyUpdates };

/// The spine as a writer holds it: levels of at most two batches that merge by fuel (persist-write-protocol §10). What
/// it does decides the stored structure, so it is the reference's algorithm to the letter. A value.
///
/// A hollow batch that an operation leaves alone stays the very object that came in, so the bytes that it was stored as
/// (HollowBatch::raw) reach the next diff.
class LayeredSpine
{
public:
    struct Batch
    {
        persist::SpineId id;
        persist::Description description;
        std::vector<std::pair<persist::SpineId, persist::BatchPtr>> members; ///< tile [id.lo, id.hi), oldest first
        std::uint64_t length = 0;                                            ///< updates, summed over the members
        std::optional<std::uint64_t> compactionStartMs;
    };
    struct Level
    {
        std::vector<Batch> batches;          ///< at most two, the older first
        std::optional<persist::Merge> merge; ///< present exactly when there are two
    };

    /// Updates of a whole spine, at most (§10.7 row 7).
    static constexpr std::uint64_t kMaxUpdates = (std::uint64_t {1} << 61U) - 1;

    /// An empty spine: since and upper [0].
    LayeredSpine() = default;

    /// Rebuilds it from the flat form and checks every rule of §10.7, including those that only newer builds check.
    /// A trace without structure is rebuilt by inserting its batches in order (§6.1). Corrupt names the rule broken.
    /// What a real process holds after a load, and what the next diff must be computed from, is flatten() of this:
    /// empty batches that were cut another way are cut anew as the spine lists them.
    [[nodiscard]] static Result<LayeredSpine> unflatten(const persist::Trace& trace, Era era);

    /// The flat form (§10.6).
    [[nodiscard]] persist::Trace flatten() const;

    /// Inserts a batch whose lower is upper() and differs from its own upper, else Internal. Answers the merge requests
    /// that it caused, in the order of their emission. Internal also where the reference would panic (§10.9), and when
    /// the spine would hold more than kMaxUpdates. After an error the spine is half changed: drop it. Before storing
    /// the result of a spine that somebody else wrote, validate(): its merges may carry sinces that no rule has
    /// checked.
    [[nodiscard]] Result<std::vector<MergeRequest>> insert(persist::BatchPtr batch);

    /// Explicit maintenance (§10.4): false when there was nothing to do. `effort` is a number of updates, at most
    /// kMaxUpdates. Internal as insert().
    [[nodiscard]] Result<bool> exert(std::uint64_t effort, Era era, std::vector<MergeRequest>& requests);

    /// Replaces what `result` is the compaction of, matched by its bounds (§10.5). Sums of diffs are not looked at.
    [[nodiscard]] Result<MergeOutcome> applyMergeResult(const persist::HollowBatch& result);

    /// Marks the spine batch `id`, if it is there, as being compacted since `startMs` (§9.2 row 9).
    void claim(persist::SpineId id, std::uint64_t startMs);

    void setSince(persist::Frontier since) { m_since = since; }
    [[nodiscard]] const persist::Frontier& since() const { return m_since; }
    [[nodiscard]] const persist::Frontier& upper() const { return m_upper; }
    [[nodiscard]] std::uint64_t nextId() const { return m_nextId; }
    [[nodiscard]] const std::vector<Level>& levels() const { return m_levels; } ///< number i is level i

    /// The spine batches, the oldest first. Valid until the spine changes.
    [[nodiscard]] std::vector<const Batch*> oldestFirst() const;

    /// The invariants that a newer build checks after every load (§10.7 row 7): nothing, or Corrupt with the first one
    /// broken.
    [[nodiscard]] Result<> validate() const;

private:
    class Loader;

    [[nodiscard]] Result<> checkRoomFor(std::uint64_t updates) const;
    [[nodiscard]] Result<> introduce(Batch batch, std::size_t level, std::vector<MergeRequest>& requests);
    [[nodiscard]] Result<> applyFuel(std::uint64_t fuel, std::vector<MergeRequest>& requests);
    [[nodiscard]] Result<> rollUp(std::size_t level, std::vector<MergeRequest>& requests);
    [[nodiscard]] Result<> insertAt(Batch batch, std::size_t level);
    [[nodiscard]] std::optional<Batch> completeAt(std::size_t level, std::vector<MergeRequest>& requests);
    [[nodiscard]] Result<> tidy();
    [[nodiscard]] bool isReduced(Era era) const;
    void growTo(std::size_t level);

    persist::Frontier m_since = Timestamp();
    persist::Frontier m_upper = Timestamp();
    std::uint64_t m_nextId = 0;
    std::vector<Level> m_levels;
};

/// Requests without those that a later one covers (§10.3), in the order in which the reference keeps them: last emitted
/// first.
[[nodiscard]] std::vector<MergeRequest> withoutCovered(std::vector<MergeRequest> requests);

/// The batches that a process of one era or the other holds in another form than they are stored, once it has loaded
/// `trace`: empty ones that it cuts anew, or to which it gives the since that the spine lists (§10.7 row 3 and "Era
/// trap"). A diff that deletes the stored form does not apply to what such a process holds. Corrupt as unflatten().
[[nodiscard]] Result<std::vector<persist::BatchPtr>> batchesLoadedOtherwise(const persist::Trace& trace);

} // namespace inspector::machine
