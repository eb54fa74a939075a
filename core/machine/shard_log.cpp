#include "core/machine/shard_log.h"

#include "core/machine/layered_spine.h"
#include "core/machine/state_encoder.h"
#include "core/persist/decode.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace inspector::machine {

namespace {

constexpr int kMaxLoads = 10; ///< a rollup that is gone is looked for this often, as a reader does

std::string nameOf(SeqNo seqno)
{
    return "v" + std::to_string(seqno.value());
}

Result<persist::StateDiff> decodeRow(store::VersionedData row)
{
    auto owner = std::make_shared<const Bytes>(std::move(row.data));
    const BytesView view(*owner);
    INSPECTOR_TRY(
        auto diff,
        persist::decodeStateDiff({std::move(owner), view}).during("decoding the state diff " + nameOf(row.seqno)));
    if (diff.seqnoTo != row.seqno)
        return fail(ErrorCode::Corrupt,
                    "the row " + nameOf(row.seqno) + " of consensus holds the diff to " + nameOf(diff.seqnoTo)
                        + ": nothing can be written on top of it");
    return diff;
}

/// `state` one version on, by the strict rules.
Result<> applyStrictly(persist::State& state, const persist::StateDiff& diff)
{
    if (diff.seqnoFrom != state.seqno)
        return fail(ErrorCode::Corrupt,
                    "the diff to " + nameOf(diff.seqnoTo) + " starts from " + nameOf(diff.seqnoFrom)
                        + ", but the state is at " + nameOf(state.seqno));
    const auto anomalies = state.anomalies.size();
    INSPECTOR_CHECK(persist::apply(state, diff).during("applying the state diff " + nameOf(diff.seqnoTo)));
    if (state.anomalies.size() != anomalies)
        return fail(ErrorCode::Corrupt, state.anomalies.back());
    return {};
}

/// The diff that takes back what `diff` does.
persist::StateDiff inverseOf(const persist::StateDiff& diff)
{
    using persist::ChangeType;
    persist::StateDiff inverse;
    inverse.seqnoFrom = diff.seqnoTo;
    inverse.seqnoTo = diff.seqnoFrom;
    for (auto change = diff.changes.rbegin(); change != diff.changes.rend(); ++change) {
        auto undo = *change;
        if (undo.type != ChangeType::Update)
            undo.type = undo.type == ChangeType::Insert ? ChangeType::Delete : ChangeType::Insert;
        std::swap(undo.oldValue, undo.newValue);
        inverse.changes.push_back(std::move(undo));
    }
    return inverse;
}

bool sameBatches(const std::vector<persist::BatchPtr>& a, const std::vector<persist::BatchPtr>& b)
{
    if (a.size() != b.size())
        return false;
    // Batches of one range keep no order among themselves.
    std::vector<bool> taken(b.size(), false);
    for (std::size_t i = 0; i < a.size(); ++i) {
        const auto equals = [&](std::size_t j) {
            return !taken[j] && (a[i] == b[j] || persist::sameContent(*a[i], *b[j]));
        };
        std::size_t found = i;
        if (!equals(i))
            for (found = 0; found < b.size() && !equals(found); ++found)
                continue;
        if (found == b.size())
            return false;
        taken[found] = true;
    }
    return true;
}

template <typename Key, typename Value, typename Same>
bool sameMaps(const std::map<Key, Value>& a, const std::map<Key, Value>& b, Same same)
{
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [&](const auto& x, const auto& y) {
               return x.first == y.first && same(x.second, y.second);
           });
}

} // namespace

std::optional<std::string> differenceBetween(const persist::State& a, const persist::State& b)
{
    if (a.applierVersion != b.applierVersion)
        return "applier_version";
    if (a.seqno != b.seqno || a.walltimeMs != b.walltimeMs)
        return "seqno or walltime";
    if (a.hostname != b.hostname)
        return "hostname";
    if (a.lastGcReq != b.lastGcReq)
        return "last_gc_req";
    if (a.rollups != b.rollups)
        return "rollups";
    if (a.activeRollup != b.activeRollup || a.activeGc != b.activeGc)
        return "active_rollup or active_gc";
    if (a.leasedReaders != b.leasedReaders)
        return "leased readers";
    if (a.criticalReaders != b.criticalReaders)
        return "critical readers";
    if (a.writers != b.writers)
        return "writers";
    if (a.schemas != b.schemas)
        return "schemas";
    if (a.trace.since != b.trace.since)
        return "since";
    if (!sameBatches(a.trace.legacyBatches, b.trace.legacyBatches))
        return "legacy batches";
    const auto sameBatch = [](const persist::BatchPtr& x, const persist::BatchPtr& y) {
        return x == y || persist::sameContent(*x, *y);
    };
    if (!sameMaps(a.trace.hollowBatches, b.trace.hollowBatches, sameBatch))
        return "hollow batches";
    const auto samePlace = [](const persist::SpineBatch& x, const persist::SpineBatch& y) {
        return x.level == y.level && x.description == y.description && x.parts == y.parts;
    };
    if (!sameMaps(a.trace.spineBatches, b.trace.spineBatches, samePlace))
        return "spine batches";
    if (a.trace.merges != b.trace.merges)
        return "merges";
    return std::nullopt;
}

ShardLog::ShardLog(store::ConsensusWriter& consensus, const store::Blob& blob, ShardId shardId)
    : m_consensus(consensus)
    , m_states(consensus, blob, std::move(shardId))
{
}

Result<> ShardLog::follow(HeldState& held, std::vector<store::VersionedData> rows)
{
    if (rows.empty())
        return {};
    auto state = *held.state;
    auto raw = held.raw; // a log that breaks half-way leaves what is held alone
    for (auto& row : rows) {
        if (row.seqno != state.seqno.next())
            return fail(ErrorCode::Corrupt,
                        "consensus has a gap between " + nameOf(state.seqno) + " and " + nameOf(row.seqno)
                            + ": nothing can be written on top of it");
        INSPECTOR_TRY(const auto diff, decodeRow(std::move(row)));
        INSPECTOR_CHECK(raw.apply(diff).during("following the state diff " + nameOf(diff.seqnoTo)));
        INSPECTOR_CHECK(applyStrictly(state, diff));
    }
    held.state = std::make_shared<const persist::State>(std::move(state));
    held.raw = std::move(raw);
    return {};
}

Result<> ShardLog::load(const Job& job)
{
    const auto& key = shardId().text();
    std::string missing;
    for (int attempt = 0; attempt < kMaxLoads; ++attempt) {
        INSPECTOR_CHECK(job.step(0, 0));
        INSPECTOR_TRY(auto head, m_consensus.head(key, job));
        if (!head)
            return fail(ErrorCode::NotFound,
                        "no such shard: " + key + " has no rows in " + m_consensus.description()
                            + "; check the id and whether the environment was ever started");
        INSPECTOR_TRY(const auto newest, decodeRow(*std::move(head)));
        INSPECTOR_TRY(auto rollup, m_states.rollup(newest.latestRollupKey, job));
        if (!rollup) { // collected meanwhile
            missing = newest.latestRollupKey;
            continue;
        }
        const auto start = rollup->state.seqno;
        if (start > newest.seqnoTo)
            return fail(ErrorCode::Corrupt,
                        "the rollup " + newest.latestRollupKey + " holds the state at " + nameOf(start)
                            + ", but the newest row is " + nameOf(newest.seqnoTo));
        if (!rollup->state.anomalies.empty())
            return fail(ErrorCode::Corrupt,
                        "the rollup " + newest.latestRollupKey + " is odd: " + rollup->state.anomalies.front());
        INSPECTOR_TRY(auto raw, RawEntries::ofRollup(*rollup).during("reading rollup " + newest.latestRollupKey));
        INSPECTOR_TRY(auto found, m_consensus.scan(key, start.next(), store::Consensus::kAll, job));
        if (start < newest.seqnoTo && (found.empty() || found.front().seqno != start.next())) {
            missing = newest.latestRollupKey + ", or the rows after it,";
            continue;
        }
        HeldState held {std::make_shared<const persist::State>(std::move(rollup->state)), std::move(raw)};
        INSPECTOR_CHECK(follow(held, std::move(found)));
        m_held = std::move(held);
        return {};
    }
    return fail(ErrorCode::NotFound,
                "wrong blob location? the rollup " + key + "/" + missing + " that " + m_consensus.description()
                    + " names is not there");
}

Result<bool> ShardLog::hasRows(const Job& job) const
{
    INSPECTOR_TRY(const auto head, m_consensus.head(shardId().text(), job));
    return head.has_value();
}

Result<bool> ShardLog::refresh(const Job& job)
{
    if (!m_held.state) {
        INSPECTOR_CHECK(load(job));
        return true;
    }
    INSPECTOR_TRY(auto found,
                  m_consensus.scan(shardId().text(), m_held.state->seqno.next(), store::Consensus::kAll, job));
    if (found.empty())
        return false;
    if (found.front().seqno != m_held.state->seqno.next()) {
        INSPECTOR_CHECK(load(job)); // truncated past what is held
        return true;
    }
    INSPECTOR_CHECK(follow(m_held, std::move(found)));
    return true;
}

Result<PreparedVersion> ShardLog::prepare(const persist::State& next, Era era)
{
    if (next.rollups.empty()) // every row names one, and whoever loads the shard starts there (§6.2)
        return fail(ErrorCode::Corrupt,
                    "the state " + nameOf(m_held.state->seqno)
                        + " lists no rollup: nothing can be written on top of it");
    INSPECTOR_TRY(const auto difference, differenceOf(*m_held.state, m_held.raw, next));
    const auto row = encodeStateDiff(difference);
    PreparedVersion version;
    INSPECTOR_TRY(version.diff, persist::decodeStateDiff(row).during("decoding what is about to be written"));
    const auto refused = [&](const std::string& why) {
        return fail(ErrorCode::Internal, "the version " + nameOf(next.seqno) + " that was computed is wrong: " + why);
    };
    // There and back: the entries are the log's own, and a copy of many thousand costs more than the changes do.
    if (auto applied = m_held.raw.apply(version.diff); !applied)
        return refused(applied.error().describe());
    if (auto undone = m_held.raw.apply(inverseOf(version.diff)); !undone) {
        m_held = {}; // read anew
        return refused(undone.error().describe());
    }
    auto state = *m_held.state;
    if (auto applied = applyStrictly(state, version.diff); !applied)
        return refused(applied.error().describe());
    if (const auto different = differenceBetween(state, next))
        return refused("its " + *different + " do not come out as intended");
    if (const auto spine = LayeredSpine::unflatten(state.trace, era); !spine)
        return refused(spine.error().describe());
    version.after = std::make_shared<const persist::State>(std::move(state));
    return version;
}

Result<store::CasOutcome> ShardLog::send(const PreparedVersion& version, const Job& job)
{
    const auto row = version.diff.raw.view();
    INSPECTOR_TRY(const auto outcome,
                  m_consensus.compareAndSet(shardId().text(), version.diff.seqnoFrom,
                                            {version.seqno(), Bytes(row.begin(), row.end())}, job));
    if (outcome == store::CasOutcome::Committed)
        adopt(version);
    return outcome;
}

void ShardLog::adopt(const PreparedVersion& version)
{
    if (m_held.state && m_held.state->seqno >= version.seqno())
        return;
    m_held.state = version.after;
    if (!m_held.raw.apply(version.diff)) // it did before, so this does not happen; else the shard is read anew
        m_held = {};
}

Result<Fate> ShardLog::fateOf(SeqNo seqno, BytesView row, const Job& job) const
{
    INSPECTOR_TRY(const auto found, m_consensus.scan(shardId().text(), seqno, 1, job));
    if (found.empty())
        return Fate::NotYet;
    if (found.front().seqno != seqno)
        return Fate::Truncated;
    return std::equal(row.begin(), row.end(), found.front().data.begin(), found.front().data.end())
        ? Fate::Committed
        : Fate::NotCommitted;
}

Result<store::CasOutcome> ShardLog::create(SeqNo seqno, BytesView row, const Job& job)
{
    return m_consensus.compareAndSet(shardId().text(), std::nullopt, {seqno, Bytes(row.begin(), row.end())}, job);
}

Result<std::vector<store::VersionedData>> ShardLog::rows(SeqNo from, SeqNo below, const Job& job) const
{
    if (below <= from)
        return std::vector<store::VersionedData>();
    INSPECTOR_TRY(auto found, m_consensus.scan(shardId().text(), from, below.value() - from.value(), job));
    std::erase_if(found, [&](const auto& row) { return row.seqno >= below; });
    return found;
}

Result<std::uint64_t> ShardLog::truncate(SeqNo lessThan, const Job& job)
{
    return m_consensus.truncate(shardId().text(), lessThan, job);
}

} // namespace inspector::machine
