#include "core/machine/maintenance.h"

#include "core/machine/state_encoder.h"
#include "core/persist/decode.h"
#include "core/persist/part_reader.h"
#include "core/persist/state_reader.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

namespace inspector::machine {

namespace {

std::string nameOf(SeqNo seqno)
{
    return "v" + std::to_string(seqno.value());
}

/// The blobs that a batch names, run blobs not looked into.
void addPartsOf(const persist::HollowBatch& batch, std::map<std::string, persist::BatchPart>& to)
{
    for (const auto& part : batch.parts)
        if (!std::holds_alternative<persist::InlinePart>(part.content))
            to.emplace(part.name(), part);
}

/// What the diffs up to a rollup let go of.
class Garbage
{
public:
    /// Notes what `diff` deletes and does not put back.
    Result<> note(const persist::StateDiff& diff)
    {
        std::map<std::string, persist::BatchPart> gone;
        std::map<std::string, persist::BatchPart> fresh;
        for (const auto& change : diff.changes)
            INSPECTOR_CHECK(noteChange(change, gone, fresh));
        for (auto& [key, part] : gone) {
            if (fresh.contains(key))
                continue;
            if (!parts.emplace(key, std::move(part)).second)
                return fail(ErrorCode::Corrupt, "part " + key + " is deleted a second time in " + nameOf(diff.seqnoTo));
        }
        return {};
    }

    /// Whatever is noted must be gone from the state at `seqno`.
    [[nodiscard]] Result<> checkUnreferenced(const persist::State& state) const
    {
        std::map<std::string, persist::BatchPart> live;
        for (const auto& batch : state.trace.legacyBatches)
            addPartsOf(*batch, live);
        for (const auto& [id, batch] : state.trace.hollowBatches)
            addPartsOf(*batch, live);
        for (const auto& [key, part] : parts)
            if (live.contains(key))
                return fail(ErrorCode::Corrupt,
                            "part " + key + " was deleted, but the state at " + nameOf(state.seqno) + " refers to it");
        for (const auto& key : rollups) {
            const auto at = persist::seqnoOfRollupKey(key);
            if (!at || *at >= state.seqno)
                return fail(ErrorCode::Corrupt,
                            "rollup " + key + " was deleted, but does not lie before " + nameOf(state.seqno));
            for (const auto& [seqno, listed] : state.rollups)
                if (listed.key == key)
                    return fail(ErrorCode::Corrupt,
                                "rollup " + key + " was deleted, but the state at " + nameOf(state.seqno)
                                    + " lists it");
        }
        return {};
    }

    std::map<std::string, persist::BatchPart> parts;
    std::set<std::string> rollups;

private:
    Result<> noteChange(const persist::FieldDiff& change, std::map<std::string, persist::BatchPart>& gone,
                        std::map<std::string, persist::BatchPart>& fresh)
    {
        using persist::ChangeType;
        using persist::StateField;
        if (change.field == StateField::LegacyBatches) {
            INSPECTOR_TRY(const auto batch, persist::decodeBatch(change.key));
            addPartsOf(*batch, change.type == ChangeType::Delete ? gone : fresh);
        } else if (change.field == StateField::HollowBatches) {
            if (change.type != ChangeType::Insert) {
                INSPECTOR_TRY(const auto batch, persist::decodeBatch(change.oldValue));
                addPartsOf(*batch, gone);
            }
            if (change.type != ChangeType::Delete) {
                INSPECTOR_TRY(const auto batch, persist::decodeBatch(change.newValue));
                addPartsOf(*batch, fresh);
            }
        } else if (change.field == StateField::Rollups && change.type == ChangeType::Delete) {
            INSPECTOR_TRY(const auto rollup, persist::decodeHollowRollup(change.oldValue));
            if (!rollups.insert(rollup.key).second)
                return fail(ErrorCode::Corrupt, "rollup " + rollup.key + " is deleted a second time");
        }
        return {};
    }
};

/// Deletes what `garbage` names; a run blob with everything that it refers to.
Result<std::uint64_t> deleteParts(ShardMachine& machine, persist::PartReader& reader, const Garbage& garbage,
                                  const Job& job)
{
    const auto prefix = machine.log().shardId().text() + "/";
    std::uint64_t deleted = 0;
    for (const auto& [key, part] : garbage.parts) {
        INSPECTOR_CHECK(job.step(deleted, garbage.parts.size()));
        if (std::holds_alternative<persist::RunRef>(part.content)) {
            const auto inside = reader.expand(part, job);
            if (!inside && inside.error().code != ErrorCode::NotFound) // gone: an earlier collection was here
                return tl::unexpected(inside.error());
            if (inside)
                for (const auto& inner : *inside)
                    INSPECTOR_CHECK(withoutDoubt(machine.blob().remove(prefix + inner.name(), job)));
        }
        INSPECTOR_CHECK(withoutDoubt(machine.blob().remove(prefix + key, job)));
        ++deleted;
    }
    return deleted;
}

Result<persist::StateDiff> decodeRow(const store::VersionedData& row)
{
    return persist::decodeStateDiff(SharedBytes::copyOf(row.data))
        .during("decoding the state diff " + nameOf(row.seqno));
}

} // namespace

Result<std::optional<WrittenRollup>> writeRollup(ShardMachine& machine, const WritePermit& /*permit*/,
                                                 const HeldState& held, IdSource& ids, const Job& job)
{
    const auto& state = *held.state;
    const auto latest = latestRollupOf(state);
    if (!latest)
        return fail(ErrorCode::Corrupt, "the state " + nameOf(state.seqno) + " lists no rollup");
    WrittenRollup written;
    written.seqno = state.seqno;
    written.diffsLower = latest->first.next();
    written.diffsUpper = state.seqno.next();
    persist::InlinedDiffs diffs {written.diffsLower, written.diffsUpper, {}};
    INSPECTOR_TRY(const auto rows, machine.log().rows(written.diffsLower, written.diffsUpper, job));
    for (const auto& row : rows)
        diffs.diffs.push_back({row.seqno, SharedBytes::copyOf(row.data)});
    if (written.diffsUpper > written.diffsLower
        && (diffs.diffs.size() != written.diffsUpper.value() - written.diffsLower.value()
            || diffs.diffs.front().seqno != written.diffsLower))
        return std::nullopt;
    const auto bytes = encodeRollup(state, held.raw, diffs);
    written.rollup.key = nameOf(state.seqno) + "/r" + ids.uuid();
    written.rollup.encodedSizeBytes = bytes.size();
    INSPECTOR_CHECK(
        setBlob(machine.blob(), machine.log().shardId().text() + "/" + written.rollup.key, bytes.view(), job)
            .during("writing rollup " + written.rollup.key));
    return written;
}

Result<std::pair<bool, Ran>> registerRollup(ShardMachine& machine, const WritePermit& permit,
                                            const WrittenRollup& written, const Job& job)
{
    const auto add = [&](persist::State& next, const Moment& /*moment*/) {
        return addRollup(next, written.seqno, written.rollup, machine.profile().era);
    };
    INSPECTOR_TRY(const auto ran, machine.run(permit, CommandKind::OnTombstone, add, job));
    if (!ran.first) {
        [[maybe_unused]] const auto removed =
            machine.blob().remove(machine.log().shardId().text() + "/" + written.rollup.key, job);
    }
    return ran;
}

Result<Collected> collectGarbage(ShardMachine& machine, const WritePermit& permit, SeqNo target, const Job& job)
{
    Collected collected;
    INSPECTOR_CHECK(machine.refresh(job));
    const auto newest = machine.state();
    std::vector<std::pair<SeqNo, std::string>> rollups;
    for (const auto& [seqno, rollup] : newest->rollups)
        if (seqno <= target)
            rollups.emplace_back(seqno, rollup.key);

    const auto removeAllButNewest = [&]() -> Result<> {
        auto removed = rollups;
        if (!removed.empty())
            removed.pop_back();
        const auto remove = [&](persist::State& next, const Moment& /*moment*/) {
            return removeRollups(next, removed, machine.profile().era);
        };
        INSPECTOR_TRY(auto ran, machine.run(permit, CommandKind::Other, remove, job));
        collected.removedRollups = std::move(ran.first);
        collected.ran = ran.second;
        return {};
    };
    if (rollups.size() <= 1) {
        if (newest->activeGc)
            INSPECTOR_CHECK(removeAllButNewest());
        return collected;
    }

    INSPECTOR_TRY(const auto rows, machine.log().rows(SeqNo(0), rollups.back().first.next(), job));
    if (rows.empty()) // somebody else has collected further
        return collected;
    const auto first = newest->rollups.find(rows.front().seqno);
    if (first == newest->rollups.end()) {
        INSPECTOR_TRY(const bool moved, machine.refresh(job));
        if (moved)
            return collected; // likewise: the state that lists it is newer than the one looked at
        return fail(ErrorCode::Corrupt,
                    "the log begins at " + nameOf(rows.front().seqno) + ", where no rollup is registered");
    }
    INSPECTOR_TRY(auto start, machine.log().states().rollup(first->second.key, job));
    if (!start)
        return fail(ErrorCode::NotFound, "the rollup " + first->second.key + " is gone");
    if (start->state.seqno != first->first)
        return fail(ErrorCode::Corrupt,
                    "the rollup " + first->second.key + " holds the state at " + nameOf(start->state.seqno));

    auto state = std::move(start->state);
    persist::PartReader reader(machine.blob(), machine.log().shardId());
    auto row = rows.begin();
    for (const auto& [seqno, key] : rollups) {
        if (seqno <= state.seqno)
            continue;
        Garbage garbage;
        for (; row != rows.end() && row->seqno <= seqno; ++row) {
            INSPECTOR_TRY(const auto diff, decodeRow(*row));
            if (diff.seqnoTo <= state.seqno)
                continue;
            INSPECTOR_CHECK(persist::apply(state, diff));
            INSPECTOR_CHECK(garbage.note(diff));
        }
        if (state.seqno != seqno || !state.anomalies.empty())
            return fail(ErrorCode::Corrupt,
                        "the state at rollup " + key + " cannot be followed from the log"
                            + (state.anomalies.empty() ? "" : ": " + state.anomalies.front()));
        INSPECTOR_CHECK(garbage.checkUnreferenced(state));
        INSPECTOR_TRY(const auto deleted, deleteParts(machine, reader, garbage, job));
        collected.batchParts += deleted;
        for (const auto& gone : garbage.rollups) {
            INSPECTOR_CHECK(withoutDoubt(machine.blob().remove(machine.log().shardId().text() + "/" + gone, job)));
            ++collected.rollups;
        }
        INSPECTOR_CHECK(machine.truncate(permit, seqno, job));
        collected.truncatedTo.push_back(seqno);
    }
    INSPECTOR_CHECK(removeAllButNewest());
    return collected;
}

} // namespace inspector::machine
