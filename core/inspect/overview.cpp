#include "core/inspect/overview.h"

#include "core/catalog/collection.h"
#include "core/catalog/fence.h"
#include "core/catalog/unopened_catalog.h"
#include "core/codec/row_codec.h"
#include "core/inspect/text.h"
#include "core/persist/spine.h"
#include "core/persist/version.h"

#include <map>

namespace inspector::inspect {

namespace {

std::string heldBy(const std::optional<persist::DebugState>& debug)
{
    if (!debug)
        return {};
    return debug->purpose + (debug->hostname.empty() ? "" : " on " + debug->hostname);
}

std::string leaseText(std::uint64_t lastHeartbeatMs, std::uint64_t leaseDurationMs)
{
    constexpr std::uint64_t kDefaultLeaseMs = 15ULL * 60 * 1000;
    const auto lease = leaseDurationMs == 0 ? kDefaultLeaseMs : leaseDurationMs;
    return "heartbeat " + walltimeText(static_cast<std::int64_t>(lastHeartbeatMs)) + ", lease of "
        + std::to_string(lease / 1000) + " s";
}

std::string joined(std::initializer_list<std::string> clauses)
{
    std::string text;
    for (const auto& clause : clauses) {
        if (!clause.empty())
            text += (text.empty() ? "" : ", ") + clause;
    }
    return text;
}

std::vector<Fact> handlesOf(const persist::State& state)
{
    std::vector<Fact> handles;
    for (const auto& [id, reader] : state.leasedReaders)
        handles.push_back({"Leased reader", id,
                           joined({heldBy(reader.debug), "holds since " + persist::textOf(reader.since),
                                   "holds v" + std::to_string(reader.seqno.value()),
                                   leaseText(reader.lastHeartbeatMs, reader.leaseDurationMs)})});
    for (const auto& [id, reader] : state.criticalReaders)
        handles.push_back({"Critical reader", id,
                           joined({heldBy(reader.debug), "holds since " + persist::textOf(reader.since),
                                   "opaque " + std::to_string(reader.opaque)})});
    for (const auto& [id, writer] : state.writers) {
        const auto wrote =
            writer.mostRecentWriteUpper ? "wrote up to " + persist::textOf(*writer.mostRecentWriteUpper) : "";
        handles.push_back(
            {"Writer", id,
             joined({heldBy(writer.debug), wrote, leaseText(writer.lastHeartbeatMs, writer.leaseDurationMs)})});
    }
    return handles;
}

std::string plural(std::uint64_t count, const std::string& noun)
{
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

/// What a getter answers; when it fails, nothing, and the reason as a warning.
std::optional<bool> orWarning(const Result<std::optional<bool>>& answer, std::vector<std::string>& warnings)
{
    if (answer)
        return *answer;
    warnings.push_back(answer.error().describe());
    return std::nullopt;
}

} // namespace

Overview overviewOf(const persist::State& state)
{
    Overview overview;
    overview.shardId = state.shardId;
    overview.seqno = state.seqno;
    overview.since = state.since();
    overview.upper = state.upper();
    overview.applierVersion = state.applierVersion;
    overview.hostname = state.hostname;
    overview.walltimeMs = static_cast<std::int64_t>(state.walltimeMs);
    overview.handles = handlesOf(state);
    overview.warnings = state.anomalies;
    if (const auto warning = persist::versionWarning(state.applierVersion))
        overview.warnings.push_back(*warning);
    if (const auto problem = state.tilingProblem())
        overview.warnings.push_back(*problem);
    if (state.possiblyIncomplete)
        overview.warnings.emplace_back("a change of an unknown kind was skipped: something may be missing");
    if (state.isTombstone())
        overview.warnings.emplace_back("the shard is finalised: nothing in it can be read");
    return overview;
}

void addRowFacts(const persist::Updates& rows, Overview& overview)
{
    const catalog::UnopenedCatalog known(rows);
    overview.isInitialized = known.isInitialized();
    if (const auto& token = known.fenceToken()) {
        overview.epoch = token->epoch.value();
        overview.deployGeneration = token->deployGeneration.value();
    }
    overview.catalogVersion = known.userVersion();
    overview.contentVersion = known.contentVersion().value_or("");
    overview.enable0dtDeployment = orWarning(known.enable0dtDeployment(), overview.warnings);
    overview.zeroDowntimeMaxWaitMs = known.zeroDowntimeMaxWaitMs();
    overview.zeroDowntimePanicAfterTimeout = orWarning(known.enable0dtDeploymentPanicAfterTimeout(), overview.warnings);
    overview.systemConfigSyncedOnce = known.hasSystemConfigSyncedOnce();
    for (const auto& problem : known.problems())
        overview.warnings.push_back(problem);
    for (const auto& warning : rows.warnings)
        overview.warnings.push_back(warning);
    if (!overview.isInitialized)
        overview.warnings.emplace_back("the catalog is not initialized: it has no config rows");
}

bool looksLikeCatalog(const persist::Updates& rows)
{
    for (const auto& row : rows.rows) {
        const auto kind = codec::kindOf(row);
        if (kind == catalog::kFenceTokenKind || catalog::collectionOfKind(kind) != nullptr)
            return true;
    }
    return false;
}

std::vector<Fact> factsOf(const persist::State& state)
{
    std::vector<Fact> facts {
        {"State", "shard", state.shardId},
        {"State", "seqno", "v" + std::to_string(state.seqno.value())},
        {"State", "since", persist::textOf(state.since())},
        {"State", "upper", persist::textOf(state.upper())},
        {"State", "applier version", state.applierVersion},
        {"State", "written by", state.hostname},
        {"State", "written at", walltimeText(static_cast<std::int64_t>(state.walltimeMs))},
        {"State", "last gc request", "v" + std::to_string(state.lastGcReq)},
        {"Codecs", "key", state.keyCodec},
        {"Codecs", "value", state.valCodec},
        {"Codecs", "time", state.tsCodec},
        {"Codecs", "diff", state.diffCodec},
    };
    if (state.activeRollup)
        facts.push_back({"Tasks", "rollup",
                         "v" + std::to_string(state.activeRollup->seqno.value()) + " since "
                             + walltimeText(static_cast<std::int64_t>(state.activeRollup->startMs))});
    if (state.activeGc)
        facts.push_back({"Tasks", "garbage collection",
                         "v" + std::to_string(state.activeGc->seqno.value()) + " since "
                             + walltimeText(static_cast<std::int64_t>(state.activeGc->startMs))});
    for (auto& handle : handlesOf(state))
        facts.push_back(std::move(handle));
    for (const auto& [seqno, rollup] : state.rollups)
        facts.push_back(
            {"Rollups", "v" + std::to_string(seqno.value()),
             rollup.key + (rollup.encodedSizeBytes ? ", " + plural(*rollup.encodedSizeBytes, "byte") : std::string())});
    for (const auto& [id, schema] : state.schemas)
        facts.push_back({"Schemas", std::to_string(id),
                         "key type of " + plural(schema.keyDataType.size(), "byte") + ", value type of "
                             + plural(schema.valDataType.size(), "byte")});
    const auto spine = persist::buildSpine(state.trace);
    for (const auto& batch : spine.batches) {
        std::uint64_t parts = 0;
        std::uint64_t bytes = 0;
        for (const auto& [id, hollow] : batch.parts) {
            parts += hollow->parts.size();
            for (const auto& part : hollow->parts)
                bytes += part.encodedSizeBytes;
        }
        facts.push_back({"Batches", persist::textOf(batch.description),
                         "level " + std::to_string(batch.level) + ", since " + persist::textOf(batch.description.since)
                             + ", " + plural(batch.length(), "update") + ", " + plural(parts, "part") + ", "
                             + plural(bytes, "byte")});
    }
    for (const auto& problem : spine.problems)
        facts.push_back({"Problems", "spine", problem});
    for (const auto& anomaly : state.anomalies)
        facts.push_back({"Problems", "state", anomaly});
    return facts;
}

std::vector<TimePoint> timePointsOf(const persist::Updates& updates)
{
    std::map<std::uint64_t, TimePoint> points;
    for (std::size_t i = 0; i < updates.size(); ++i) {
        auto& point = points[updates.timeOf(i)];
        point.time = Timestamp(updates.timeOf(i));
        ++point.updates;
        if (updates.certaintyOf(i) == persist::Certainty::Rounded)
            point.certainty = persist::Certainty::Rounded;
    }
    std::vector<TimePoint> list;
    list.reserve(points.size());
    for (const auto& [time, point] : points)
        list.push_back(point);
    return list;
}

std::string compactJson(std::string_view json)
{
    std::string compact;
    compact.reserve(json.size() / 2);
    bool quoted = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (quoted && c == '\\' && i + 1 < json.size()) {
            compact += c;
            compact += json[++i];
            continue;
        }
        if (c == '"')
            quoted = !quoted;
        if (quoted || (c != ' ' && c != '\n'))
            compact += c;
    }
    return compact;
}

} // namespace inspector::inspect
