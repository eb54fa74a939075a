#include "core/inspect/copy_location.h"

#include "core/base/clock.h"
#include "core/base/id_source.h"
#include "core/base/sha256.h"
#include "core/inspect/choose_shard.h"
#include "core/persist/decode.h"
#include "core/persist/state_reader.h"
#include "core/store/catalog_file_writer.h"
#include "core/store/durable_files.h"
#include "core/store/location_urls.h"
#include "core/store/memory_store.h"
#include "core/store/stop.h"
#include "core/store/writable_location.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

namespace inspector::inspect {

namespace {

using Digest = decltype(sha256({}));
using Versions = std::vector<store::VersionedData>;

constexpr std::chrono::milliseconds kPause {100}; // before a shard is begun anew
constexpr std::size_t kMostMissingNamed = 5;

/// The blobs that the live states of a log name.
class NamedBlobs
{
public:
    explicit NamedBlobs(std::string shardId)
        : m_prefix(std::move(shardId) + "/")
    {
    }

    /// The states come oldest first, so the last one that was gathered is the newest.
    [[nodiscard]] Result<> gather(const persist::State& state, const store::Blob& blob, const Job& job)
    {
        m_newest.clear();
        for (const auto& [seqno, rollup] : state.rollups)
            add(rollup.key);
        for (const auto& batch : state.trace.legacyBatches)
            INSPECTOR_CHECK(gatherBatch(*batch, blob, job));
        for (const auto& [id, batch] : state.trace.hollowBatches)
            INSPECTOR_CHECK(gatherBatch(*batch, blob, job));
        return {};
    }

    /// Whole keys, rollups first, oldest first: what would be collected first is copied first.
    [[nodiscard]] const std::vector<std::string>& keys() const { return m_keys; }
    [[nodiscard]] bool isOfNewest(const std::string& key) const { return m_newest.contains(key); }

private:
    void add(const std::string& partialKey)
    {
        auto key = m_prefix + partialKey;
        if (m_known.insert(key).second)
            m_keys.push_back(key);
        m_newest.insert(std::move(key));
    }

    Result<> gatherBatch(const persist::HollowBatch& batch, const store::Blob& blob, const Job& job)
    {
        for (const auto& part : batch.parts) {
            if (const auto* plain = std::get_if<persist::BlobPart>(&part.content))
                add(plain->key);
            else if (const auto* run = std::get_if<persist::RunRef>(&part.content))
                INSPECTOR_CHECK(gatherRun(run->key, blob, job));
        }
        return {};
    }

    /// A run blob names further parts.
    Result<> gatherRun(const std::string& key, const store::Blob& blob, const Job& job)
    {
        add(key);
        auto known = m_runs.find(key);
        if (known == m_runs.end()) {
            std::vector<std::string> parts;
            INSPECTOR_TRY(const auto bytes, blob.get(m_prefix + key, job));
            if (bytes) {
                INSPECTOR_TRY(const auto run, persist::decodeRun(*bytes).during("reading run " + key));
                for (const auto& part : run)
                    if (const auto* plain = std::get_if<persist::BlobPart>(&part.content))
                        parts.push_back(plain->key);
            }
            known = m_runs.emplace(key, std::move(parts)).first;
        }
        for (const auto& part : known->second)
            add(part);
        return {};
    }

    std::string m_prefix;
    std::vector<std::string> m_keys;
    std::set<std::string> m_known;
    std::set<std::string> m_newest;
    std::map<std::string, std::vector<std::string>> m_runs;
};

/// A shard as it is to be copied.
struct Plan
{
    Versions versions;
    std::vector<std::string> keys; ///< of blobs that are there
    CopiedShard shard;
    std::vector<std::string> missingNow; ///< of `shard.missing` those that the newest version names
    // Of the newest version, for the manifest.
    std::string since;
    std::string upper;
    std::string applierVersion;
};

/// What a log names, as of its newest version. NotFound when no state can be rebuilt because rollups are gone.
Result<Plan> planOf(const ShardId& shardId, Versions versions, const store::Stores& from, const Job& job)
{
    Plan plan;
    plan.versions = std::move(versions);
    // The states are rebuilt from these very versions, whatever is added meanwhile.
    const auto content = std::make_shared<store::MemoryContent>();
    for (const auto& [seqno, data] : plan.versions)
        content->versions[shardId.text()][static_cast<std::int64_t>(seqno.value())] = data;
    const store::MemoryConsensus log(content);
    const persist::StateReader states(log, *from.blob, shardId);
    NamedBlobs named(shardId.text());
    Result<> gathered;
    SeqNo last;
    const auto gather = [&](const persist::State& state, const persist::StateDiff& /*diff*/) {
        gathered = named.gather(state, *from.blob, job);
        last = state.seqno;
        plan.since = persist::textOf(state.since());
        plan.upper = persist::textOf(state.upper());
        plan.applierVersion = state.applierVersion;
        return gathered.has_value();
    };
    INSPECTOR_TRY(const auto problems, states.visitLive(gather, job));
    INSPECTOR_CHECK(gathered);
    if (last != plan.versions.back().seqno)
        return fail(ErrorCode::Corrupt,
                    "the log of " + shardId.text() + " cannot be followed to its end: "
                        + (problems.empty() ? "no state could be rebuilt" : problems.front()));

    INSPECTOR_TRY(const auto listed, from.blob->list(shardId.text() + "/", job));
    std::map<std::string_view, std::uint64_t> sizes;
    for (const auto& [key, size] : listed)
        sizes.emplace(key, size);
    auto& shard = plan.shard;
    shard.shardId = shardId.text();
    shard.first = plan.versions.front().seqno;
    shard.head = plan.versions.back().seqno;
    shard.versions = plan.versions.size();
    for (const auto& version : plan.versions)
        shard.bytes += version.data.size();
    for (const auto& key : named.keys()) {
        if (const auto found = sizes.find(key); found != sizes.end()) {
            plan.keys.push_back(key);
            shard.bytes += found->second;
            continue;
        }
        shard.missing.push_back(key);
        if (named.isOfNewest(key))
            plan.missingNow.push_back(key);
    }
    shard.blobs = plan.keys.size();
    return plan;
}

std::string listOf(const std::vector<std::string>& keys)
{
    std::string text;
    for (std::size_t i = 0; i < std::min(keys.size(), kMostMissingNamed); ++i)
        text += (i > 0 ? ", " : "") + keys[i];
    if (keys.size() > kMostMissingNamed)
        text += " and " + std::to_string(keys.size() - kMostMissingNamed) + " more";
    return text;
}

Result<> pauseBeforeAgain(const Job& job)
{
    for (int i = 0; i < 10; ++i) {
        INSPECTOR_CHECK(store::notStopped(job));
        std::this_thread::sleep_for(kPause / 10);
    }
    return {};
}

Error goneFrom(const store::Blob& blob, const CopiedShard& shard)
{
    return {ErrorCode::Corrupt,
            blob.description() + " does not have " + std::to_string(shard.missing.size()) + " of the blobs that "
                + shard.shardId + " names: " + listOf(shard.missing) + " (an incomplete copy can be asked for)",
            {},
            false};
}

/// The log of a shard and what it names. While blobs that the newest version names are gone, garbage collection is
/// taken to be at work, and everything is looked at again; `attempt` counts that. Corrupt when they stay away and all
/// are asked for.
Result<Plan> planShard(const ShardId& shardId, const CopyRequest& request, const store::Stores& from, int& attempt,
                       const Job& job)
{
    for (;; ++attempt) {
        INSPECTOR_TRY(auto versions, from.consensus->scan(shardId.text(), SeqNo(0), store::Consensus::kAll, job));
        if (versions.empty())
            return fail(ErrorCode::NotFound,
                        "no such shard: " + from.consensus->description() + " has no " + shardId.text());
        auto plan = planOf(shardId, std::move(versions), from, job);
        const bool mayBeGarbage = plan ? !plan->missingNow.empty() : plan.error().code == ErrorCode::NotFound;
        if (!mayBeGarbage)
            return plan;
        if (attempt >= request.attempts) {
            if (plan && !request.incomplete)
                return tl::unexpected<Error>(goneFrom(*from.blob, plan->shard));
            return plan;
        }
        INSPECTOR_CHECK(pauseBeforeAgain(job));
    }
}

bool isSameLog(const Versions& a, const Versions& b)
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const auto& x, const auto& y) { return x.seqno == y.seqno && x.data == y.data; });
}

/// What the target has of a shard.
enum class InTarget { Nothing, SameLog };

Result<InTarget> lookInTarget(const Plan& plan, const store::Consensus& target, const Job& job)
{
    const auto& shardId = plan.shard.shardId;
    INSPECTOR_TRY(const auto there, target.scan(shardId, SeqNo(0), store::Consensus::kAll, job));
    if (there.empty())
        return InTarget::Nothing;
    if (isSameLog(there, plan.versions))
        return InTarget::SameLog;
    return fail(ErrorCode::Conflict,
                target.description() + " has shard " + shardId + " already, with another log (versions "
                    + std::to_string(there.front().seqno.value()) + " to " + std::to_string(there.back().seqno.value())
                    + "; the source has " + std::to_string(plan.shard.first.value()) + " to "
                    + std::to_string(plan.shard.head.value())
                    + "): copies never replace one, choose another target or remove it there first");
}

/// Copies shards into stores that are open for writing.
class Copier
{
public:
    Copier(const CopyRequest& request, const store::Stores& from, store::WritableStores& to)
        : m_request(request)
        , m_from(from)
        , m_to(to)
    {
    }

    /// Copies one shard, as often as it takes.
    [[nodiscard]] Result<Plan> copy(const ShardId& shardId, const Job& job)
    {
        for (int attempt = 1;; ++attempt) {
            INSPECTOR_TRY(auto plan, planShard(shardId, m_request, m_from, attempt, job));
            INSPECTOR_TRY(const auto inTarget, lookInTarget(plan, *m_to.consensus, job));
            INSPECTOR_TRY(const bool isWhole, copyBlobs(plan, job));
            if (!isWhole && attempt < m_request.attempts)
                continue;
            if (!isWhole && !m_request.incomplete)
                return tl::unexpected<Error>(goneFrom(*m_from.blob, plan.shard));
            INSPECTOR_CHECK(removeLeftovers(plan, job));
            if (inTarget == InTarget::Nothing)
                INSPECTOR_CHECK(insertLog(plan, job));
            plan.shard.fate =
                inTarget == InTarget::Nothing || m_addedBlobs > 0 ? CopyFate::Copied : CopyFate::Identical;
            return plan;
        }
    }

    /// Reads everything back, from stores that were opened for it.
    [[nodiscard]] Result<> verify(const Plan& plan, const store::Consensus& consensus, const store::Blob& blob,
                                  const Job& job) const
    {
        const auto& shardId = plan.shard.shardId;
        const auto differs = [&](const std::string& what) {
            return fail(ErrorCode::Corrupt, "what was written was read back differently: " + what);
        };
        INSPECTOR_TRY(const auto there, consensus.scan(shardId, SeqNo(0), store::Consensus::kAll, job));
        if (!isSameLog(there, plan.versions))
            return differs("the log of " + shardId);
        std::uint64_t done = 0;
        for (const auto& key : plan.keys) {
            INSPECTOR_CHECK(job.step(done++, plan.keys.size()));
            INSPECTOR_TRY(const auto bytes, blob.get(key, job));
            if (!bytes || sha256(bytes->view()) != m_digests.at(key))
                return differs("blob " + key);
        }
        return {};
    }

private:
    /// False when blobs went away in the meantime.
    [[nodiscard]] Result<bool> copyBlobs(Plan& plan, const Job& job)
    {
        m_addedBlobs = 0;
        INSPECTOR_TRY(const auto listed, m_to.blob->list(plan.shard.shardId + "/", job));
        std::set<std::string_view> there;
        for (const auto& listing : listed)
            there.insert(listing.key);
        std::vector<std::string> copied;
        std::uint64_t done = 0;
        for (const auto& key : plan.keys) {
            INSPECTOR_CHECK(job.step(done++, plan.keys.size()));
            INSPECTOR_TRY(const auto bytes, m_from.blob->get(key, job));
            if (!bytes) {
                plan.shard.missing.push_back(key);
                continue;
            }
            INSPECTOR_CHECK(m_to.blob->set(key, bytes->view(), job).during("copying blob " + key));
            m_digests[key] = sha256(bytes->view());
            if (!there.contains(key)) {
                ++m_addedBlobs;
                m_added.insert(key);
            }
            copied.push_back(key);
        }
        const bool isWhole = copied.size() == plan.keys.size();
        plan.keys = std::move(copied);
        plan.shard.blobs = plan.keys.size();
        return isWhole;
    }

    /// What an earlier attempt has copied and this one does not name.
    [[nodiscard]] Result<> removeLeftovers(const Plan& plan, const Job& job)
    {
        const std::set<std::string_view> named(plan.keys.begin(), plan.keys.end());
        for (auto key = m_added.begin(); key != m_added.end();) {
            if (named.contains(*key) || !key->starts_with(plan.shard.shardId)) {
                ++key;
                continue;
            }
            INSPECTOR_CHECK(m_to.blob->remove(*key, job));
            key = m_added.erase(key);
        }
        return {};
    }

    [[nodiscard]] Result<> insertLog(const Plan& plan, const Job& job)
    {
        const auto& shardId = plan.shard.shardId;
        auto outcome = m_to.consensus->insertLog(shardId, plan.versions, job);
        // Sent again, the same log either finds the first one there or takes its place: persist-write-protocol §16.
        if (!outcome && outcome.error().outcomeUnknown)
            outcome = m_to.consensus->insertLog(shardId, plan.versions, job);
        if (!outcome)
            return tl::unexpected<Error>(std::move(outcome).error());
        if (*outcome == store::CasOutcome::Committed)
            return {};
        INSPECTOR_CHECK(lookInTarget(plan, *m_to.consensus, job)); // another copy of it was first, or another log
        return {};
    }

    const CopyRequest& m_request;
    const store::Stores& m_from;
    store::WritableStores& m_to;
    std::map<std::string, Digest> m_digests;
    std::set<std::string> m_added; ///< blobs that were not there before
    std::uint64_t m_addedBlobs = 0;
};

/// The file of a location that is one catalog file; nothing for any other.
std::optional<std::string> soleFileOf(const store::Location& location)
{
    const auto consensus = store::catalogFileOf(location.consensusUrl);
    if (!consensus || location.blobUrl.empty())
        return consensus;
    return store::catalogFileOf(location.blobUrl) == consensus ? consensus : std::nullopt;
}

bool isThere(const std::string& path)
{
    std::error_code ignored;
    return std::filesystem::exists(std::filesystem::symlink_status(path, ignored));
}

/// Deletes a half-made file unless it was put in its place.
class Unfinished
{
public:
    explicit Unfinished(std::string path)
        : m_path(std::move(path))
    {
    }
    ~Unfinished()
    {
        std::error_code ignored;
        std::filesystem::remove(m_path, ignored);
        std::filesystem::remove(m_path + "-journal", ignored);
    }
    Unfinished(const Unfinished&) = delete;
    Unfinished& operator=(const Unfinished&) = delete;

    [[nodiscard]] const std::string& path() const { return m_path; }

private:
    std::string m_path;
};

std::vector<store::ManifestEntry> manifestOf(const CopyReport& report, const std::vector<Plan>& plans,
                                             const ChosenShard* chosen, std::int64_t begunMs)
{
    std::vector<store::ManifestEntry> entries {
        {"source", report.from},
        {"captured_from", rfc3339(begunMs)},
        {"captured_to", rfc3339(SystemClock().walltimeMs())},
        {"redaction", "none"},
    };
    if (chosen && plans.size() == 1) {
        const auto& plan = plans.front();
        entries.push_back({"catalog_shard", plan.shard.shardId});
        entries.push_back({"head_seqno", std::to_string(plan.shard.head.value())});
        entries.push_back({"since", plan.since});
        entries.push_back({"upper", plan.upper});
        entries.push_back({"applier_version", plan.applierVersion});
        if (!chosen->environmentId.empty())
            entries.push_back({"environment_id", chosen->environmentId});
        if (!chosen->organizationId.empty())
            entries.push_back({"organization_id", chosen->organizationId});
    }
    return entries;
}

/// Everything that a copy goes through, once it is known what is copied.
class Copying
{
public:
    Copying(const CopyRequest& request, const store::Stores& from, std::vector<ShardId> shards,
            std::optional<ChosenShard> chosen, CopyReport& report)
        : m_request(request)
        , m_from(from)
        , m_shards(std::move(shards))
        , m_chosen(std::move(chosen))
        , m_report(report)
    {
    }

    /// Looks at everything and writes nothing; refuses what would be refused later.
    [[nodiscard]] Result<> look(const store::Stores* target, const Job& job)
    {
        for (const auto& shardId : m_shards) {
            int attempt = 1;
            INSPECTOR_TRY(auto plan, planShard(shardId, m_request, m_from, attempt, job));
            if (target) {
                INSPECTOR_TRY(const auto inTarget, lookInTarget(plan, *target->consensus, job));
                if (inTarget == InTarget::SameLog) {
                    INSPECTOR_TRY(const auto listed, target->blob->list(shardId.text() + "/", job));
                    std::set<std::string_view> there;
                    for (const auto& listing : listed)
                        there.insert(listing.key);
                    if (std::all_of(plan.keys.begin(), plan.keys.end(),
                                    [&](const auto& key) { return there.contains(key); }))
                        plan.shard.fate = CopyFate::Identical;
                }
            }
            m_report.shards.push_back(std::move(plan.shard));
        }
        return {};
    }

    [[nodiscard]] Result<> intoExisting(const Job& job)
    {
        INSPECTOR_TRY(auto to, store::openWritableStores(m_request.to, {}, job));
        Copier copier(m_request, m_from, to);
        INSPECTOR_TRY(const auto plans, copyAll(copier, job));
        INSPECTOR_TRY(const auto reading, store::openStores(m_request.to, {}, job));
        return verifyAll(copier, plans, reading, job);
    }

    [[nodiscard]] Result<> intoNewFile(const std::string& path, const Job& job)
    {
        const auto begunMs = SystemClock().walltimeMs();
        const Unfinished beside(path + "." + RandomIdSource().uuid() + ".new");
        const auto location = store::Location::ofCatalogFile(beside.path());
        {
            INSPECTOR_TRY(auto to, store::openWritableStores(location, {}, job, {true, false}));
            Copier copier(m_request, m_from, to);
            INSPECTOR_TRY(const auto plans, copyAll(copier, job));
            INSPECTOR_TRY(const auto reading, store::openStores(location, {}, job));
            INSPECTOR_CHECK(verifyAll(copier, plans, reading, job));
            auto manifest = manifestOf(m_report, plans, m_chosen ? &*m_chosen : nullptr, begunMs);
            INSPECTOR_TRY(const auto file, store::CatalogFile::open(beside.path(), {}, job));
            INSPECTOR_TRY(const auto digest, file.checkDigest(job));
            INSPECTOR_CHECK(file.checkIntegrity(job));
            manifest.push_back({"digest", digest.computed});
            INSPECTOR_CHECK(store::writeManifest(beside.path(), manifest, {}, job));
        }
        INSPECTOR_CHECK(store::syncFile(beside.path()));
        INSPECTOR_TRY(const bool isPlaced, store::moveWithoutReplacing(beside.path(), path));
        if (!isPlaced)
            return fail(ErrorCode::Conflict, "'" + path + "' was made by somebody else meanwhile: it stays as it is");
        return store::syncFolder(store::folderOf(path));
    }

private:
    [[nodiscard]] Result<std::vector<Plan>> copyAll(Copier& copier, const Job& job)
    {
        std::vector<Plan> plans;
        for (const auto& shardId : m_shards) {
            INSPECTOR_TRY(auto plan, copier.copy(shardId, job).during("copying shard " + shardId.text()));
            plans.push_back(std::move(plan));
        }
        m_report.shards.clear();
        for (const auto& plan : plans)
            m_report.shards.push_back(plan.shard);
        return plans;
    }

    [[nodiscard]] static Result<> verifyAll(const Copier& copier, const std::vector<Plan>& plans,
                                            const store::Stores& reading, const Job& job)
    {
        for (const auto& plan : plans)
            INSPECTOR_CHECK(copier.verify(plan, *reading.consensus, *reading.blob, job));
        return {};
    }

    const CopyRequest& m_request;
    const store::Stores& m_from;
    std::vector<ShardId> m_shards;
    std::optional<ChosenShard> m_chosen;
    CopyReport& m_report;
};

} // namespace

Result<CopyReport> copyLocation(const CopyRequest& request, const Job& job)
{
    INSPECTOR_TRY(const auto from, store::openStores(request.from, {}, job).during("opening the source"));
    const auto source = soleFileOf(request.from);
    const auto target = soleFileOf(request.to);
    std::error_code ignored;
    if (source && target && std::filesystem::equivalent(*source, *target, ignored))
        return fail(ErrorCode::InvalidInput, "source and target are one file, '" + *source + "': give another target");
    return copyLocation(from, request, job);
}

Result<CopyReport> copyLocation(const store::Stores& from, const CopyRequest& request, const Job& job)
{
    CopyReport report;
    report.warnings = from.warnings;
    report.from = from.consensus->description();
    if (from.blob->description() != report.from)
        report.from += ", " + from.blob->description();

    std::vector<ShardId> shards;
    std::optional<ChosenShard> chosen;
    if (request.allShards) {
        INSPECTOR_TRY(const auto keys, from.consensus->listKeys(job));
        for (const auto& key : keys) {
            auto shardId = ShardId::parse(key);
            if (shardId)
                shards.push_back(*std::move(shardId));
            else
                report.warnings.push_back("'" + key + "' is no id of a shard: it is left out");
        }
        if (shards.empty())
            return fail(ErrorCode::NotFound, report.from + " has no shard");
    } else {
        INSPECTOR_TRY(chosen, chooseShard(request.shard, from, job));
        shards.push_back(chosen->shardId);
    }

    const auto newFile = soleFileOf(request.to);
    const bool makesFile = newFile && !isThere(*newFile);
    std::optional<store::Stores> target;
    if (makesFile) {
        report.to = "catalog file " + *newFile + " (new)";
        const auto folder = store::folderOf(*newFile);
        std::error_code ignored;
        if (!std::filesystem::is_directory(folder, ignored))
            return fail(ErrorCode::NotFound, "there is no folder '" + folder + "' for '" + *newFile + "'");
        if (::access(folder.c_str(), W_OK | X_OK) != 0)
            return fail(ErrorCode::Unavailable,
                        "no permission to make '" + *newFile + "': write permission on its folder is needed");
    } else {
        INSPECTOR_TRY(target, store::openStores(request.to, {}, job).during("opening the target"));
        report.to = target->consensus->description();
        if (target->blob->description() != report.to)
            report.to += ", " + target->blob->description();
    }

    Copying copying(request, from, std::move(shards), std::move(chosen), report);
    INSPECTOR_CHECK(copying.look(target ? &*target : nullptr, job));
    if (!request.commit)
        return report;
    target.reset();
    INSPECTOR_CHECK(makesFile ? copying.intoNewFile(*newFile, job) : copying.intoExisting(job));
    return report;
}

} // namespace inspector::inspect
