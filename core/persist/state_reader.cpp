#include "core/persist/state_reader.h"

#include "core/persist/decode.h"

#include <algorithm>
#include <charconv>
#include <map>

namespace inspector::persist {

namespace {

std::string nameOf(SeqNo seqno)
{
    return "v" + std::to_string(seqno.value());
}

Result<StateDiff> decodeRow(store::VersionedData row)
{
    auto owner = std::make_shared<const Bytes>(std::move(row.data));
    const BytesView view(*owner);
    INSPECTOR_TRY(auto diff,
                  decodeStateDiff({std::move(owner), view}).during("decoding the state diff " + nameOf(row.seqno)));
    if (diff.seqnoTo != row.seqno)
        return fail(ErrorCode::Corrupt,
                    "the row " + nameOf(row.seqno) + " of consensus holds the diff to " + nameOf(diff.seqnoTo));
    return diff;
}

/// The rows as far as they join and decode; what stops them is a problem.
LiveDiffs decodeRows(std::vector<store::VersionedData> rows, std::optional<SeqNo> previous = {})
{
    LiveDiffs live;
    for (auto& row : rows) {
        const auto seqno = row.seqno;
        if (previous && seqno != previous->next()) {
            live.problems.push_back("consensus has a gap between " + nameOf(*previous) + " and " + nameOf(seqno)
                                    + ": later states cannot be rebuilt");
            break;
        }
        auto diff = decodeRow(std::move(row));
        if (!diff) {
            live.problems.push_back(diff.error().describe() + ": later states cannot be rebuilt");
            break;
        }
        previous = seqno;
        live.diffs.push_back(*std::move(diff));
    }
    return live;
}

/// `state` with the diffs up to `target` applied, and what is odd about the result in its anomalies.
State replay(State state, const LiveDiffs& live, SeqNo target)
{
    state.anomalies.insert(state.anomalies.end(), live.problems.begin(), live.problems.end());
    for (const auto& diff : live.diffs) {
        if (diff.seqnoTo != state.seqno.next() || diff.seqnoTo > target)
            continue;
        if (auto done = apply(state, diff); !done) {
            state.anomalies.push_back(done.error().describe() + ": the state ends at " + nameOf(state.seqno));
            break;
        }
    }
    if (state.seqno != target)
        state.anomalies.push_back("the state shown is " + nameOf(state.seqno) + ", but the newest is "
                                  + nameOf(target));
    return state;
}

/// Every rollup that the diffs themselves tell of, by seqno: each diff names the newest one, and shows those that
/// come and go.
std::map<SeqNo, std::string> rollupKeysOf(const std::vector<StateDiff>& diffs)
{
    std::map<SeqNo, std::string> keys;
    for (const auto& diff : diffs) {
        if (const auto seqno = seqnoOfRollupKey(diff.latestRollupKey))
            keys.emplace(*seqno, diff.latestRollupKey);
        for (const auto& change : diff.changes) {
            if (change.field != StateField::Rollups && change.field != StateField::DeprecatedRollups)
                continue;
            const auto seqno = decodeU64Slice(change.key);
            const bool isOldForm = change.field == StateField::DeprecatedRollups;
            for (const auto& value : {change.newValue, change.oldValue}) {
                if (!seqno || value.size() == 0)
                    continue;
                if (isOldForm) {
                    if (auto key = decodeTextSlice(value))
                        keys.emplace(SeqNo(*seqno), *std::move(key));
                } else if (auto rollup = decodeHollowRollup(value)) {
                    keys.emplace(SeqNo(*seqno), std::move(rollup->key));
                }
            }
        }
    }
    return keys;
}

} // namespace

std::optional<SeqNo> seqnoOfRollupKey(std::string_view partialKey)
{
    const auto slash = partialKey.find('/');
    if (partialKey.empty() || partialKey.front() != 'v' || slash == std::string_view::npos)
        return std::nullopt;
    std::uint64_t number = 0;
    const auto digits = partialKey.substr(1, slash - 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || end != digits.data() + digits.size())
        return std::nullopt;
    return SeqNo(number);
}

StateReader::StateReader(const store::Consensus& consensus, const store::Blob& blob, ShardId shardId)
    : m_consensus(consensus)
    , m_blob(blob)
    , m_shardId(std::move(shardId))
{
}

tl::unexpected<Error> StateReader::noSuchShard() const
{
    return fail(ErrorCode::NotFound,
                "no such shard: " + m_shardId.text() + " has no rows in " + m_consensus.description()
                    + "; check the id and whether the environment was ever started");
}

tl::unexpected<Error> StateReader::wrongBlob(const std::string& partialKey) const
{
    return fail(ErrorCode::NotFound,
                "wrong blob location? the rollup " + m_shardId.text() + "/" + partialKey + " that "
                    + m_consensus.description() + " names is not in " + m_blob.description());
}

Result<std::vector<store::VersionedData>> StateReader::recentRows(const Job& job) const
{
    INSPECTOR_TRY(auto page, m_consensus.scan(m_shardId.text(), SeqNo(0), kRecentDiffsLimit, job));
    if (page.size() < kRecentDiffsLimit)
        return page;
    INSPECTOR_TRY(auto head, m_consensus.head(m_shardId.text(), job));
    if (!head)
        return page;
    INSPECTOR_TRY(const auto newest, decodeRow(*std::move(head)));
    const auto from = seqnoOfRollupKey(newest.latestRollupKey);
    return m_consensus.scan(m_shardId.text(), from.value_or(SeqNo(0)), store::Consensus::kAll, job);
}

Result<std::optional<Rollup>> StateReader::rollup(const std::string& partialKey, const Job& job) const
{
    INSPECTOR_TRY(const auto bytes, m_blob.get(m_shardId.text() + "/" + partialKey, job));
    if (!bytes)
        return std::nullopt;
    INSPECTOR_TRY(auto decoded, decodeRollup(*bytes).during("decoding rollup " + partialKey));
    if (decoded.state.shardId != m_shardId.text())
        return fail(ErrorCode::Corrupt,
                    "rollup " + partialKey + " of shard " + m_shardId.text() + " belongs to shard "
                        + decoded.state.shardId + ": wrong blob content");
    return std::optional(std::move(decoded));
}

Result<StatePtr> StateReader::current(const Job& job) const
{
    std::string missing;
    for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
        INSPECTOR_CHECK(job.step(0, 0));
        INSPECTOR_TRY(auto rows, recentRows(job));
        if (rows.empty())
            return noSuchShard();
        const auto newest = rows.back().seqno;
        // The newest row that decodes names the rollup to start from.
        auto start = decodeRow(rows.back());
        for (auto row = rows.rbegin() + 1; !start && row != rows.rend(); ++row)
            if (auto older = decodeRow(*row))
                start = std::move(older);
        if (!start)
            return tl::unexpected(std::move(start).error());
        INSPECTOR_TRY(auto found, rollup(start->latestRollupKey, job));
        if (!found) {
            missing = start->latestRollupKey;
            continue;
        }
        const auto seqno = found->state.seqno;
        rows.erase(rows.begin(),
                   std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.seqno > seqno; }));
        return std::make_shared<const State>(
            replay(std::move(found->state), decodeRows(std::move(rows), seqno), newest));
    }
    return wrongBlob(missing);
}

Result<LiveDiffs> StateReader::liveDiffs(const Job& job) const
{
    INSPECTOR_TRY(auto rows, m_consensus.scan(m_shardId.text(), SeqNo(0), store::Consensus::kAll, job));
    if (rows.empty())
        return noSuchShard();
    return decodeRows(std::move(rows));
}

Result<Rollup> StateReader::rollupToStartFrom(const LiveDiffs& live, SeqNo target, const Job& job) const
{
    const auto earliest = live.diffs.front().seqnoTo;
    std::string missing = live.diffs.front().latestRollupKey;
    const auto keys = rollupKeysOf(live.diffs);
    for (auto candidate = keys.rbegin(); candidate != keys.rend(); ++candidate) {
        // Every diff between the rollup and the target must be there.
        if (candidate->first > target || candidate->first.next() < earliest)
            continue;
        INSPECTOR_TRY(auto found, rollup(candidate->second, job));
        if (found && found->state.seqno <= target)
            return *std::move(found);
        missing = candidate->second;
    }
    // The newest state lists a rollup at the earliest live seqno even if no live diff does.
    INSPECTOR_TRY(const auto newest, current(job));
    const auto listed = newest->rollups.find(earliest);
    if (listed != newest->rollups.end()) {
        INSPECTOR_TRY(auto found, rollup(listed->second.key, job));
        if (found && found->state.seqno <= target)
            return *std::move(found);
        missing = listed->second.key;
    }
    return wrongBlob(missing);
}

Result<Rollup> StateReader::earliestRollup(const LiveDiffs& live, std::vector<std::string>& problems,
                                           const Job& job) const
{
    const auto earliest = live.diffs.front().seqnoTo;
    auto first = rollupToStartFrom(live, earliest, job);
    if (first || first.error().code != ErrorCode::NotFound)
        return first;
    for (const auto& [seqno, key] : rollupKeysOf(live.diffs)) {
        if (seqno <= earliest)
            continue;
        INSPECTOR_TRY(auto found, rollup(key, job));
        if (!found)
            continue;
        problems.push_back(first.error().message + ": states before " + nameOf(found->state.seqno)
                           + " cannot be rebuilt");
        return *std::move(found);
    }
    return first;
}

Result<StatePtr> StateReader::at(SeqNo seqno, const Job& job) const
{
    std::optional<Error> error;
    for (int attempt = 0; attempt < 2; ++attempt) {
        INSPECTOR_TRY(auto live, liveDiffs(job));
        if (live.diffs.empty())
            return fail(ErrorCode::Corrupt, live.problems.front());
        const auto first = live.diffs.front().seqnoTo;
        const auto last = live.diffs.back().seqnoTo;
        if (seqno < first || seqno > last)
            return fail(ErrorCode::OutOfRange,
                        "the state " + nameOf(seqno) + " is not in consensus any more or not yet; it has "
                            + nameOf(first) + " to " + nameOf(last));
        auto start = rollupToStartFrom(live, seqno, job);
        if (start) {
            if (seqno != last)
                live.problems.clear(); // they lie after it
            return std::make_shared<const State>(replay(std::move(start->state), live, seqno));
        }
        if (start.error().code != ErrorCode::NotFound)
            return tl::unexpected(std::move(start).error());
        error = std::move(start).error();
    }
    return tl::unexpected(*std::move(error));
}

Result<std::vector<std::string>> StateReader::visitLive(const Visit& visit, const Job& job) const
{
    INSPECTOR_TRY(auto live, liveDiffs(job));
    if (live.diffs.empty())
        return fail(ErrorCode::Corrupt, live.problems.front());
    auto problems = std::move(live.problems);
    INSPECTOR_TRY(auto start, earliestRollup(live, problems, job));
    State state = std::move(start.state);
    std::uint64_t done = 0;
    for (const auto& diff : live.diffs) {
        INSPECTOR_CHECK(job.step(done++, live.diffs.size()));
        if (diff.seqnoTo < state.seqno)
            continue;
        if (auto applied = apply(state, diff); !applied) {
            problems.push_back(applied.error().describe() + ": later states cannot be rebuilt");
            break;
        }
        if (!visit(state, diff))
            break;
    }
    return problems;
}

Result<StateReader::Rollups> StateReader::rollups(const Job& job) const
{
    std::map<SeqNo, std::string> keys;
    const auto gather = [&keys](const State& state, const StateDiff& /*diff*/) {
        for (const auto& [seqno, rollup] : state.rollups)
            keys.emplace(seqno, rollup.key);
        return true;
    };
    Rollups found;
    INSPECTOR_TRY(found.problems, visitLive(gather, job));
    for (const auto& [seqno, key] : keys) {
        INSPECTOR_CHECK(job.step(found.rollups.size(), keys.size()));
        auto read = rollup(key, job);
        if (read && *read)
            found.rollups.emplace_back(key, **std::move(read));
        else if (!read && read.error().code == ErrorCode::Corrupt)
            found.problems.push_back(read.error().describe());
        else if (!read)
            return tl::unexpected(std::move(read).error());
    }
    return found;
}

Result<std::variant<NewDiffs, RebuildNeeded>> StateReader::poll(SeqNo from, const Job& job) const
{
    using Polled = std::variant<NewDiffs, RebuildNeeded>;
    INSPECTOR_TRY(auto rows, m_consensus.scan(m_shardId.text(), from.next(), store::Consensus::kAll, job));
    if (rows.empty())
        return Polled(NewDiffs());
    if (rows.front().seqno != from.next())
        return Polled(RebuildNeeded {"consensus was truncated past " + nameOf(from) + ", its next row is "
                                     + nameOf(rows.front().seqno)});
    auto live = decodeRows(std::move(rows));
    if (!live.problems.empty())
        return Polled(RebuildNeeded {live.problems.front()});
    return Polled(NewDiffs {std::move(live.diffs)});
}

Result<State> StateReader::advance(State state, const std::vector<StateDiff>& diffs)
{
    for (const auto& diff : diffs)
        INSPECTOR_CHECK(apply(state, diff));
    return state;
}

} // namespace inspector::persist
