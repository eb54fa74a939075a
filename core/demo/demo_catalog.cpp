#include "core/demo/demo_catalog.h"

#include "core/base/clock.h"
#include "core/base/id_source.h"
#include "core/demo/ddl.h"
#include "core/demo/json_text.h"
#include "core/demo/routine.h"
#include "core/edit/durable_catalog.h"
#include "core/edit/write_guard.h"
#include "core/machine/shard_writer.h"
#include "core/store/catalog_file_writer.h"
#include "core/store/durable_files.h"
#include "core/store/writable_location.h"

#include <unistd.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace inspector::demo {

namespace {

constexpr std::uint64_t kBeginMs = 1'789'948'800'000; ///< midnight of Monday, 21 September 2026
constexpr std::uint64_t kDayMs = 24ULL * 60 * 60 * 1000;
constexpr std::uint64_t kDays = 56;
constexpr std::uint64_t kMid = 73; ///< from which version on commits carry the wall's time

constexpr const char* kSmallestSize = "25cc";
constexpr const char* kFirstRole = "ops@example.com";

/// A clock that shows what it was set to, and a millisecond more each time that it is asked: as if work took time.
class ScriptedClock final : public Clock
{
public:
    [[nodiscard]] std::int64_t walltimeMs() const override { return static_cast<std::int64_t>(m_nowMs++); }
    /// Never back.
    void set(std::uint64_t nowMs) { m_nowMs = std::max(m_nowMs, nowMs); }
    [[nodiscard]] std::uint64_t now() const { return m_nowMs; }

private:
    mutable std::uint64_t m_nowMs = kBeginMs;
};

/// When people worked: times of commits within the weeks, mostly on working days, ascending, no two alike.
std::vector<std::uint64_t> workingTimes(Dice& dice, std::size_t count)
{
    std::vector<std::uint64_t> times;
    while (times.size() < count) {
        const auto day = dice.below(kDays);
        constexpr std::uint64_t kWeek = 7;
        if (day % kWeek >= 5 && !dice.chance(8)) // the first day is a Monday
            continue;
        const auto hour = 6 + dice.below(14);
        times.push_back(kBeginMs + day * kDayMs + hour * 3'600'000 + dice.below(3'600'000));
    }
    std::sort(times.begin(), times.end());
    for (std::size_t i = 1; i < times.size(); ++i)
        times[i] = std::max(times[i], times[i - 1] + 500);
    return times;
}

/// The versions of the build that the deploy generations ran: the last is the one that this program emulates, so that
/// it can open what was written.
std::string versionOf(const catalog::Build& build, std::uint64_t generation)
{
    return generation >= 2 ? build.version : build.version + "-rc." + std::to_string(generation + 1);
}

/// The part of the demo that happens in small steps; what is larger comes all at once.
Size livelySizeOf(const DemoOptions& options)
{
    constexpr Size kMostLively {2'000, 20'000};
    constexpr Size kLively {400, 4'000};
    if (options.auditRows <= kMostLively.auditRows && options.items <= kMostLively.items)
        return {options.items, options.auditRows};
    return {std::min(options.items, kLively.items), std::min(options.auditRows, kLively.auditRows)};
}

class Story
{
public:
    Story(store::ConsensusWriter& consensus, store::BlobWriter& blob, const DemoOptions& options, catalog::Build build,
          const Job& job)
        : m_consensus(consensus)
        , m_blob(blob)
        , m_options(options)
        , m_build(std::move(build))
        , m_job(job)
        , m_summary(demoIdsOf(options))
        , m_ids(options.seed ^ 0x9E3779B97F4A7C15ULL)
        , m_dice(options.seed)
        , m_spelling(options.catalogVersion)
        , m_environment(initialEnvironment(kFirstRole, kSmallestSize))
        , m_routine(m_environment, m_dice)
    {
    }

    Result<DemoSummary> tell()
    {
        const auto lively = livelySizeOf(m_options);
        constexpr std::uint64_t kMostCommits = 360;
        const auto commits = std::clamp<std::uint64_t>(lively.auditRows / 12, 40, kMostCommits);
        const auto times = workingTimes(m_dice, commits);

        INSPECTOR_CHECK(open(0).during("opening the demo's first epoch"));
        INSPECTOR_CHECK(begin(kSystemRole, &Routine::firstStart));
        for (const auto& beginning :
             {&Routine::hirePeople, &Routine::buildClusters, &Routine::buildSchemas, &Routine::connect})
            INSPECTOR_CHECK(begin(userRole(1), beginning));
        if (isMillisecondEra()) {
            INSPECTOR_CHECK(m_catalog->markBootstrapComplete(m_job));
            INSPECTOR_CHECK(letGoOfTheBeginning().during("moving since to the first day"));
        }

        m_lastMs = m_clock.now();
        const auto growth = times.size() * kGrowthPercent / 100;
        for (std::size_t i = 0; i < times.size(); ++i) {
            INSPECTOR_CHECK(m_job.step(i, times.size()));
            const auto nowMs = std::max(times[i], m_lastMs + 1);
            // What is special happens halfway between two days' work.
            INSPECTOR_CHECK(chapter(i, times.size(), m_lastMs + (nowMs - m_lastMs) / 2)
                                .during("telling chapter " + std::to_string(i)));
            if (i == growth)
                INSPECTOR_CHECK(grow(lively).during("telling how it grew"));
            Target target;
            target.items = m_grown.items + lively.items * (i + 1) / times.size();
            target.auditRows = m_grown.auditRows + (lively.auditRows - kKeptForTheEnd) * (i + 1) / times.size();
            target.changesPercent = kLivelyChanges;
            INSPECTOR_CHECK(work(target, nowMs).during("telling transaction " + std::to_string(i)));
        }
        return finish();
    }

private:
    /// Audit events that are left for the last transaction, which makes the counts exact.
    static constexpr std::uint64_t kKeptForTheEnd = 40;
    /// Of a hundred events that create nothing, how many are changes by people.
    static constexpr std::uint64_t kLivelyChanges = 40;
    /// When the environment becomes as large as was asked for, in hundredths of the story.
    static constexpr std::size_t kGrowthPercent = 88;
    /// What one transaction takes at most while it grows: some tens of megabytes.
    static constexpr std::uint64_t kBulkAuditRows = 70'000;

    [[nodiscard]] bool isMillisecondEra() const { return m_options.catalogVersion >= kMid; }

    [[nodiscard]] edit::HandleOptions optionsOf(std::uint64_t generation)
    {
        edit::HandleOptions options;
        options.build = m_build;
        options.build.version = versionOf(m_build, generation);
        options.deployGeneration = DeployGeneration(generation);
        options.hostname = "environmentd-" + std::to_string(generation) + "-0";
        options.clock = &m_clock;
        options.ids = &m_ids;
        return options;
    }

    [[nodiscard]] catalog::BootstrapArguments argumentsOf(std::uint64_t generation) const
    {
        catalog::BootstrapArguments arguments;
        arguments.defaultReplicaSize = kSmallestSize;
        arguments.bootstrapRole = kFirstRole;
        arguments.hasDisk = true;
        arguments.initialTsMs = m_clock.now();
        arguments.contentVersion = versionOf(m_build, generation);
        return arguments;
    }

    [[nodiscard]] ShardId shard() const { return wellKnownShard(m_summary.organizationId, WellKnownShard::Catalog); }

    Result<std::unique_ptr<edit::WritableOpenableCatalog>> construct(std::uint64_t generation)
    {
        return edit::WritableOpenableCatalog::construct(m_consensus, m_blob, shard(), optionsOf(generation), m_job);
    }

    /// Opens for writing as the next epoch, and takes note of all that is there.
    Result<> open(std::uint64_t generation)
    {
        INSPECTOR_TRY(auto unopened, construct(generation));
        INSPECTOR_TRY(m_catalog, std::move(*unopened).open(argumentsOf(generation), m_job));
        m_generation = generation;
        return m_catalog->syncToCurrentUpdates(m_job).map([](const auto& /*updates*/) {});
    }

    /// The time of a commit made at `nowMs`.
    [[nodiscard]] std::optional<Timestamp> commitTs(std::uint64_t nowMs) const
    {
        return isMillisecondEra() ? std::optional(Timestamp(nowMs)) : std::nullopt;
    }

    Result<> transact(std::uint64_t nowMs, RoleRef user, const std::function<Result<>(Ddl&)>& work)
    {
        m_clock.set(nowMs);
        INSPECTOR_TRY(auto transaction, m_catalog->transaction(m_job));
        Ddl ddl(m_environment, m_spelling, transaction, m_dice);
        ddl.begin(user, nowMs);
        INSPECTOR_CHECK(work(ddl));
        INSPECTOR_CHECK(ddl.finish());
        INSPECTOR_CHECK(m_catalog->commit(std::move(transaction), commitTs(nowMs), m_job));
        ++m_summary.transactions;
        m_lastMs = std::max(m_lastMs, nowMs);
        return {};
    }

    Result<> begin(RoleRef user, Result<> (Routine::*beginning)(Ddl&))
    {
        constexpr std::uint64_t kPauseMs = 5'000;
        return transact(m_clock.now() + kPauseMs, user, [&](Ddl& ddl) { return (m_routine.*beginning)(ddl); })
            .during("telling the demo's beginnings");
    }

    Result<> work(Target target, std::uint64_t nowMs)
    {
        target.fromMs = m_lastMs;
        target.toMs = std::max({nowMs, m_clock.now(), m_lastMs + 1});
        m_lastMs = target.toMs;
        return transact(target.toMs, userRole(1), [&](Ddl& ddl) { return m_routine.work(ddl, target); });
    }

    /// Other companies move in: few transactions, large ones, a night each.
    Result<> grow(const Size& lively)
    {
        const Size more {m_options.items - lively.items, m_options.auditRows - lively.auditRows};
        if (more.auditRows == 0)
            return {};
        const auto nights = std::max<std::uint64_t>(1, more.auditRows / kBulkAuditRows);
        const Size before {m_environment.liveItemCount, m_environment.auditRows()};
        const auto endMs = m_clock.now() + kDayMs; // all of them in one day: the working times go on after it
        for (std::uint64_t night = 1; night <= nights; ++night) {
            Target target;
            target.items = before.items + more.items * night / nights;
            target.auditRows = before.auditRows + more.auditRows * night / nights;
            target.changesPercent = std::min(kLivelyChanges, more.items * 50 / more.auditRows);
            INSPECTOR_CHECK(work(target, endMs - kDayMs + kDayMs * night / nights));
        }
        m_grown = more;
        return {};
    }

    /// What happens before the i-th working time, beside the day's work.
    Result<> chapter(std::size_t i, std::size_t count, std::uint64_t nowMs)
    {
        const auto at = [&](std::size_t percent) { return i == count * percent / 100; };
        if (at(5))
            return transact(nowMs, userRole(1), [this](Ddl& ddl) { return m_routine.contractorCame(ddl); });
        if (at(12))
            return transact(nowMs, userRole(1), [this](Ddl& ddl) { return m_routine.beginExperiment(ddl); });
        if (at(25))
            return restart(nowMs);
        if (at(33))
            return transact(nowMs, userRole(1), [this](Ddl& ddl) { return m_routine.contractorLeft(ddl); });
        if (at(45))
            return deploy(nowMs, 1);
        if (at(52))
            return failedStatement(nowMs);
        if (at(60))
            return transact(nowMs, userRole(1), [this](Ddl& ddl) { return m_routine.endExperiment(ddl); });
        if (at(66))
            return repairByHand(nowMs);
        if (at(82))
            return deploy(nowMs, 2);
        if (at(20) || at(40) || at(58) || at(75) || at(90))
            return transact(nowMs, userRole(1), [this](Ddl& ddl) { return m_routine.deployBlueGreen(ddl); });
        if (at(94))
            return quietNight(nowMs);
        if (i % 16 == 15 && isMillisecondEra())
            return idle(nowMs);
        return {};
    }

    /// What the storage controller does: it holds the catalog back for reading of its own, but not at the small times
    /// that a new catalog begins with.
    Result<> letGoOfTheBeginning()
    {
        constexpr const char* kControllersReader = "c00000000-1111-2222-3333-444444444444";
        machine::Profile profile;
        profile.stance = machine::Stance::Owner;
        profile.buildVersion = versionOf(m_build, m_generation);
        profile.hostname = "environmentd-" + std::to_string(m_generation) + "-0";
        machine::ShardWriter controller(m_consensus, m_blob, shard(), profile, m_clock, m_ids);
        const auto upper = m_catalog->upper();
        INSPECTOR_TRY(const auto permit, edit::WriteGuard(catalog::Mode::Writable, std::nullopt).permit(upper));
        const machine::Opaque opaque {"PersistEpoch", 0};
        INSPECTOR_TRY(const auto moved,
                      controller.compareAndDowngradeSince(permit, kControllersReader, opaque, opaque,
                                                          persist::Frontier(Timestamp(upper.value() - 1)), m_job));
        return moved.opaqueMatched ? Result<>() : fail(ErrorCode::Internal, "the controller's reader is another's");
    }

    /// The process dies without saying goodbye, and comes back: its leases lapse by themselves.
    Result<> restart(std::uint64_t nowMs)
    {
        m_clock.set(nowMs);
        m_catalog.reset();
        return open(m_generation);
    }

    /// Nobody does anything, and time passes all the same.
    Result<> idle(std::uint64_t nowMs)
    {
        m_clock.set(nowMs);
        return m_catalog->advanceUpper(Timestamp(nowMs), m_job);
    }

    /// Long enough for the shard to write a rollup and to collect what nothing refers to any more.
    Result<> quietNight(std::uint64_t nowMs)
    {
        constexpr std::uint64_t kSteps = 140;
        if (!isMillisecondEra())
            return {};
        const auto fromMs = m_clock.now();
        for (std::uint64_t i = 1; i <= kSteps; ++i)
            INSPECTOR_CHECK(idle(std::max(m_clock.now() + 1, fromMs + (nowMs - std::min(nowMs, fromMs)) * i / kSteps)));
        return {};
    }

    /// A statement that failed after its id was drawn: the number stays unused.
    Result<> failedStatement(std::uint64_t nowMs)
    {
        m_clock.set(nowMs);
        INSPECTOR_CHECK(m_catalog->allocateIds("user", 1, commitTs(nowMs), m_job));
        ++m_environment.nextIds["user"];
        return {};
    }

    /// A new release: looks first without writing, rehearses in memory, then takes over while the old one is in the
    /// middle of a transaction.
    Result<> deploy(std::uint64_t nowMs, std::uint64_t generation)
    {
        m_clock.set(nowMs);
        {
            INSPECTOR_TRY(auto watching,
                          edit::OpenableCatalog::construct(m_consensus, m_blob, shard(), optionsOf(generation), m_job));
            INSPECTOR_CHECK(std::move(*watching).openReadOnly(argumentsOf(generation), m_job));
        }
        INSPECTOR_CHECK(rehearse(generation));

        auto old = std::move(m_catalog);
        INSPECTOR_TRY(auto transaction, old->transaction(m_job));
        INSPECTOR_CHECK(transaction.set(catalog::CollectionType::SystemConfiguration, R"({"name":"max_tables"})",
                                        R"({"value":"never seen"})"));
        static_cast<void>(transaction.takeOpUpdates());
        INSPECTOR_CHECK(open(generation));
        const auto lost = old->commit(std::move(transaction), commitTs(m_clock.now()), m_job);
        if (lost || lost.error().code != ErrorCode::Fenced)
            return fail(ErrorCode::Internal,
                        "the old deployment was not fenced: "
                            + (lost ? std::string("its transaction was committed") : lost.error().describe()));
        if (isMillisecondEra())
            return m_catalog->markBootstrapComplete(m_job);
        return {};
    }

    /// Changes in memory that nobody ever sees.
    Result<> rehearse(std::uint64_t generation)
    {
        INSPECTOR_TRY(auto unopened,
                      edit::OpenableCatalog::construct(m_consensus, m_blob, shard(), optionsOf(generation), m_job));
        INSPECTOR_TRY(auto savepoint, std::move(*unopened).openSavepoint(argumentsOf(generation), m_job));
        INSPECTOR_CHECK(savepoint->syncToCurrentUpdates(m_job));
        INSPECTOR_TRY(auto transaction, savepoint->transaction(m_job));
        INSPECTOR_CHECK(transaction.set(catalog::CollectionType::SystemConfiguration, R"({"name":"rehearsal"})",
                                        R"({"value":"on"})"));
        static_cast<void>(transaction.takeOpUpdates());
        INSPECTOR_CHECK(savepoint->commit(std::move(transaction), std::nullopt, m_job));
        return {};
    }

    /// Somebody sets a parameter right with the debug tool, which fences the running process; it restarts.
    Result<> repairByHand(std::uint64_t nowMs)
    {
        m_clock.set(nowMs);
        {
            INSPECTOR_TRY(auto unopened, construct(m_generation));
            auto debug = std::move(*unopened).openDebug();
            INSPECTOR_CHECK(debug->edit(catalog::CollectionType::SystemConfiguration, R"({"name":"max_connections"})",
                                        R"({"value":"5000"})", m_job));
            m_environment.parameters["max_connections"] = "5000";
            INSPECTOR_CHECK(debug->expire(m_job));
        }
        const auto refused = m_catalog->confirmLeadership(m_job);
        if (refused || refused.error().code != ErrorCode::Fenced)
            return fail(ErrorCode::Internal, "the debug edit has not fenced the running process");
        m_catalog.reset();
        return open(m_generation);
    }

    Result<DemoSummary> finish()
    {
        Target target;
        target.items = m_options.items;
        target.auditRows = m_options.auditRows;
        target.fromMs = m_lastMs;
        target.toMs = m_lastMs + 60'000;
        const auto settle = [&](Ddl& ddl) -> Result<> {
            INSPECTOR_CHECK(m_routine.lookAround(ddl));
            return m_routine.settle(ddl, target);
        };
        INSPECTOR_CHECK(transact(target.toMs, userRole(1), settle).during("telling the demo's end"));
        m_summary.items = m_environment.liveItemCount;
        m_summary.auditRows = m_environment.auditRows();
        if (m_summary.items != m_options.items || m_summary.auditRows != m_options.auditRows)
            return fail(ErrorCode::Internal,
                        "the demo came to " + number(m_summary.items) + " items and " + number(m_summary.auditRows)
                            + " audit rows");
        m_summary.deployGeneration = m_generation;
        m_summary.epoch = m_catalog->epoch().value();
        m_summary.upper = m_catalog->upper().value();
        return m_summary;
    }

    store::ConsensusWriter& m_consensus;
    store::BlobWriter& m_blob;
    const DemoOptions& m_options;
    catalog::Build m_build;
    const Job& m_job;
    DemoSummary m_summary;
    ScriptedClock m_clock;
    SeededIdSource m_ids;
    Dice m_dice;
    RowSpelling m_spelling;
    Environment m_environment;
    Routine m_routine;
    std::unique_ptr<edit::DurableCatalog> m_catalog;
    std::uint64_t m_generation = 0;
    std::uint64_t m_lastMs = 0; ///< of the last transaction
    Size m_grown;               ///< what came all at once
};

} // namespace

std::uint64_t fewestAuditRows(std::uint64_t items)
{
    return items + items / 4 + 700;
}

Result<> checkOptions(const DemoOptions& options)
{
    constexpr std::uint64_t kMost = 50'000'000;
    const auto& versions = catalog::kInitVersions;
    if (std::find(std::begin(versions), std::end(versions), options.catalogVersion) == std::end(versions))
        return fail(ErrorCode::InvalidInput,
                    "there is no demo of catalog version " + number(options.catalogVersion)
                        + "; there are 72, 82 and 92");
    if (options.items < kFewestItems || options.items > kMost)
        return fail(ErrorCode::InvalidInput,
                    "a demo has " + number(kFewestItems) + " to " + number(kMost) + " items, not "
                        + number(options.items));
    if (options.auditRows < fewestAuditRows(options.items) || options.auditRows > kMost)
        return fail(ErrorCode::InvalidInput,
                    "a demo of " + number(options.items) + " items has " + number(fewestAuditRows(options.items))
                        + " to " + number(kMost) + " audit rows, not " + number(options.auditRows));
    return {};
}

DemoSummary demoIdsOf(const DemoOptions& options)
{
    DemoSummary summary;
    SeededIdSource ids(options.seed + options.catalogVersion);
    summary.organizationId = ids.uuid();
    summary.environmentId = "aws-us-east-1-" + summary.organizationId + "-0";
    summary.shardId = wellKnownShard(summary.organizationId, WellKnownShard::Catalog).text();
    summary.catalogVersion = options.catalogVersion;
    summary.items = options.items;
    summary.auditRows = options.auditRows;
    return summary;
}

Result<DemoSummary> tellDemo(store::ConsensusWriter& consensus, store::BlobWriter& blob, const DemoOptions& options,
                             const Job& job)
{
    INSPECTOR_CHECK(checkOptions(options));
    INSPECTOR_TRY(auto build, catalog::buildOfCatalogVersion(options.catalogVersion));
    return Story(consensus, blob, options, std::move(build), job).tell();
}

namespace {

store::WritableOptions asNewFile()
{
    store::WritableOptions how;
    how.createCatalogFile = true;
    how.synced = false; // the file is synced before it is put in its place
    return how;
}

/// A file in a folder that is removed at the end, unless it was put somewhere else before.
class Draft
{
public:
    explicit Draft(const std::string& target)
        : m_path(target + "." + RandomIdSource().uuid() + ".new")
    {
    }
    ~Draft() { ::unlink(m_path.c_str()); }
    Draft(const Draft&) = delete;
    Draft& operator=(const Draft&) = delete;

    [[nodiscard]] const std::string& path() const { return m_path; }
    [[nodiscard]] store::Location location() const { return store::Location::ofCatalogFile(m_path); }

private:
    std::string m_path;
};

/// Copies everything, in the order of keys: without the holes that deleted blobs have left.
Result<> copy(const store::Location& from, const store::Location& to, const Job& job)
{
    INSPECTOR_TRY(const auto source, store::openStores(from, nullptr, job));
    INSPECTOR_TRY(const auto target, store::openWritableStores(to, nullptr, job, asNewFile()));
    INSPECTOR_TRY(const auto keys, source.consensus->listKeys(job));
    for (const auto& key : keys) {
        INSPECTOR_TRY(const auto versions, source.consensus->scan(key, SeqNo(), store::Consensus::kAll, job));
        INSPECTOR_CHECK(target.consensus->insertLog(key, versions, job));
    }
    INSPECTOR_TRY(const auto blobs, source.blob->list({}, job));
    for (const auto& blob : blobs) {
        INSPECTOR_TRY(const auto bytes, source.blob->get(blob.key, job));
        if (bytes)
            INSPECTOR_CHECK(target.blob->set(blob.key, bytes->view(), job));
    }
    return {};
}

} // namespace

namespace {

tl::unexpected<Error> isThere(const std::string& path)
{
    return fail(ErrorCode::Conflict, path + " is there already; a demo is always a new file");
}

Result<DemoSummary> makeDemoFile(const std::string& path, const DemoOptions& options, const Job& job)
{
    const Draft draft(path);
    const Draft packed(path);
    DemoSummary summary;
    {
        INSPECTOR_TRY(const auto stores, store::openWritableStores(draft.location(), nullptr, job, asNewFile()));
        INSPECTOR_TRY(summary, tellDemo(*stores.consensus, *stores.blob, options, job));
    }
    // In a large one the holes are nothing beside the rest.
    const auto& made = livelySizeOf(options).auditRows == options.auditRows ? packed : draft;
    if (&made == &packed)
        INSPECTOR_CHECK(copy(draft.location(), packed.location(), job).during("packing the demo"));
    INSPECTOR_CHECK(store::writeManifest(made.path(),
                                         {{"organization_id", summary.organizationId},
                                          {"environment_id", summary.environmentId},
                                          {"catalog_shard", summary.shardId},
                                          {"note", "a demo: nothing of it is real"}},
                                         nullptr, job));
    INSPECTOR_CHECK(store::syncFile(made.path()));
    INSPECTOR_TRY(const auto isPlaced, store::moveWithoutReplacing(made.path(), path));
    if (!isPlaced)
        return isThere(path);
    INSPECTOR_CHECK(store::syncFolder(store::folderOf(path)));
    return summary;
}

} // namespace

Result<> checkDemoFile(const std::string& path)
{
    if (path.find("://") != std::string::npos)
        return fail(ErrorCode::InvalidInput,
                    store::withoutCredentials(path) + " is no file: make the demo as a file, and 'import' it there");
    if (::access(path.c_str(), F_OK) == 0)
        return isThere(path);
    const auto folder = store::folderOf(path);
    if (::access(folder.c_str(), F_OK) != 0)
        return fail(ErrorCode::NotFound, "the folder " + folder + " is not there; make it first");
    if (::access(folder.c_str(), W_OK | X_OK) != 0)
        return fail(ErrorCode::Unavailable, "no permission to write in the folder " + folder + "; choose another one");
    return {};
}

Result<DemoSummary> writeDemoFile(const std::string& path, const DemoOptions& options, const Job& job)
{
    INSPECTOR_CHECK(checkOptions(options));
    INSPECTOR_CHECK(checkDemoFile(path));
    auto summary = makeDemoFile(path, options, job);
    if (!summary)
        summary.error().outcomeUnknown = false; // whatever was sent went to a draft that is gone
    return summary;
}

} // namespace inspector::demo
