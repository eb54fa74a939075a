#include "core/catalog/upgrade_path.h"

#include "core/base/base64.h"
#include "core/catalog/fenceable_token.h"
#include "core/catalog/json_path.h"
#include "core/catalog/pretty.h"
#include "core/catalog/semver.h"
#include "core/catalog/table_rows.h"
#include "core/catalog/unopened_catalog.h"
#include "core/catalog/upgrade_steps.h"

#include <algorithm>
#include <array>
#include <map>

namespace inspector::catalog {

namespace {

using codec::JsonTape;
using codec::JsonType;

constexpr std::size_t kRowsPerStep = 4096;
constexpr std::uint64_t kFirstWithRoleDrift = 81; ///< from which on roles of an older form were left over (§8.5)

std::string countOf(std::uint64_t count, const char* one, const char* many)
{
    return std::to_string(count) + " " + (count == 1 ? one : many);
}

/// "SCRAM-SHA-256$<iterations>:<salt>$<key>:<key>", the three in base64 (§5.4).
bool isScramHash(std::string_view hash)
{
    constexpr std::string_view kPrefix = "SCRAM-SHA-256$";
    if (!hash.starts_with(kPrefix))
        return false;
    hash.remove_prefix(kPrefix.size());
    const auto cut = [&](char end) {
        const auto size = hash.find(end);
        if (size == std::string_view::npos)
            return std::string_view();
        const auto taken = hash.substr(0, size);
        hash.remove_prefix(size + 1);
        return taken;
    };
    const auto isBase64 = [](std::string_view text) { return !text.empty() && fromBase64(text).has_value(); };
    const auto iterations = cut(':');
    const bool isNumber = !iterations.empty()
        && std::all_of(iterations.begin(), iterations.end(), [](char c) { return c >= '0' && c <= '9'; });
    const auto salt = cut('$');
    const auto key = cut(':');
    return isNumber && isBase64(salt) && isBase64(key) && isBase64(hash);
}

/// What the steps of the path need to know of the rows.
class RowSurvey
{
public:
    RowSurvey(const GroupedUpdates& grouped, const SchemaPtr& schema)
        : m_grouped(grouped)
        , m_updates(*grouped.updates)
        , m_typer(schema)
    {
    }

    Result<> run(std::vector<UpgradeCheck::BadRow>& undecodable, const Job& job)
    {
        std::size_t done = 0;
        for (const auto& collection : collections()) {
            for (const auto i : m_grouped.of(collection.type)) {
                if (done++ % kRowsPerStep == 0)
                    INSPECTOR_CHECK(job.step(done, m_updates.size()));
                look(collection, i, undecodable);
            }
        }
        for (const auto& [kind, updates] : m_grouped.unknownKinds) {
            for (const auto i : updates)
                undecodable.push_back({i, kind, "kind decoding error: no collection has the kind " + kind});
        }
        for (const auto i : m_grouped.fenceTokens) {
            if (const auto token = fenceTokenOf(m_updates.rows[i]); !token.has_value())
                undecodable.push_back({i, std::string(kFenceTokenKind), token.error().message});
        }
        for (const auto i : m_grouped.undecodable)
            undecodable.push_back({i, {}, "kind decoding error: the row has no kind"});
        return {};
    }

    [[nodiscard]] std::uint64_t count(CollectionType type) const { return m_counts.at(static_cast<std::size_t>(type)); }
    std::uint64_t& count(CollectionType type) { return m_counts.at(static_cast<std::size_t>(type)); }

    [[nodiscard]] bool isCloud() const { return m_hasManagedSystemCluster && !m_hasPasswordAuth; }

    std::uint64_t managedClusters = 0;
    std::uint64_t managedReplicas = 0;
    std::uint64_t reconfigurations = 0;
    std::uint64_t scramHashes = 0;
    bool hasPolicyAllocator = false;
    std::optional<std::string> continualTask; ///< the id of the first one found
    std::uint64_t oddDiffs = 0;               ///< rows that do not sum up to +1

private:
    void look(const Collection& collection, std::uint32_t i, std::vector<UpgradeCheck::BadRow>& undecodable)
    {
        const auto diff = m_updates.diffOf(i);
        oddDiffs += diff != 1 ? 1U : 0U;
        m_text.clear();
        if (const auto read = m_typer.read(m_updates.rows[i]); !read.has_value()) {
            undecodable.push_back({i, std::string(collection.kind), read.error().message});
            return;
        }
        if (!m_typer.appendKeyJson(m_text) || !m_typer.appendValueJson(m_text)) {
            const auto misfits = m_typer.misfits();
            const auto first =
                std::find_if(misfits.begin(), misfits.end(), [](const Misfit& misfit) { return misfit.isFatal; });
            undecodable.push_back({i, std::string(collection.kind),
                                   first != misfits.end() ? first->message : "the row does not fit its types"});
            return;
        }
        if (diff <= 0)
            return;
        ++count(collection.type);
        const auto& tape = m_typer.tape();
        const auto key = m_typer.keyNode();
        const auto value = m_typer.valueNode();
        switch (collection.type) {
        case CollectionType::ComputeInstance:
            cluster(tape, value);
            break;
        case CollectionType::ComputeReplicas:
            managedReplicas += nodeAt(tape, value, {"config", "location", "Managed"}) ? 1U : 0U;
            break;
        case CollectionType::RoleAuth:
            scramHashes += isScramHash(textAt(tape, value, {"password_hash"})) ? 1U : 0U;
            break;
        case CollectionType::IdAlloc:
            hasPolicyAllocator = hasPolicyAllocator || textAt(tape, key, {"name"}) == "user_network_policy";
            break;
        case CollectionType::SystemConfiguration:
            m_hasPasswordAuth = m_hasPasswordAuth
                || (textAt(tape, key, {"name"}) == "enable_password_auth" && textAt(tape, value, {"value"}) == "on");
            break;
        case CollectionType::Item: {
            auto sql = textAt(tape, value, {"definition", "V1", "create_sql"});
            if (sql.empty())
                sql = textAt(tape, value, {"definition", "value", "V1", "create_sql"});
            if (itemTypeOf(sql) == "continual task")
                foundContinualTask(tape, nodeAt(tape, key, {"gid"}));
            break;
        }
        case CollectionType::Comments:
            if (const auto task = nodeAt(tape, key, {"object", "ContinualTask"}))
                foundContinualTask(tape, task);
            break;
        default:
            break;
        }
    }

    void cluster(const JsonTape& tape, std::uint32_t value)
    {
        const auto managed = nodeAt(tape, value, {"config", "variant", "Managed"});
        if (!managed)
            return;
        ++managedClusters;
        if (const auto at = nodeAt(tape, *managed, {"reconfiguration"}); at && tape.nodes()[*at].type != JsonType::Null)
            ++reconfigurations;
        if (textAt(tape, value, {"name"}) == "mz_system")
            m_hasManagedSystemCluster = numberAt(tape, *managed, {"replication_factor"}).value_or(0) > 0;
    }

    void foundContinualTask(const JsonTape& tape, std::optional<std::uint32_t> idNode)
    {
        if (!continualTask)
            continualTask = idNode ? idText(tape, *idNode).value_or("of an unknown id") : "of an unknown id";
    }

    const GroupedUpdates& m_grouped;
    const persist::Updates& m_updates;
    RowTyper m_typer;
    TextBuffer m_text;
    std::array<std::uint64_t, kCollectionCount> m_counts {};
    bool m_hasManagedSystemCluster = false;
    bool m_hasPasswordAuth = false;
};

/// What the two repairs of roles would find (catalog-model §8.5).
struct RoleDrift
{
    std::uint64_t mended = 0; ///< dangling retractions that fit the rule, and the stale rows that they were meant for
    std::uint64_t normalised = 0; ///< rows that are left in another form than their canonical one
};

RoleDrift roleDriftOf(const GroupedUpdates& grouped, const SchemaPtr& schema)
{
    struct RoleRow
    {
        std::string value;
        bool isCanonical = false;
    };
    struct Rows
    {
        std::vector<RoleRow> live;
        std::vector<std::string> dangling; ///< values
    };
    std::map<std::string, Rows> roles;
    RowEncoder encoder(schema);
    for (const auto i : grouped.of(CollectionType::Role)) {
        auto row = encoder.decode(grouped.updates->rows[i]);
        if (!row.has_value())
            continue;
        auto& rows = roles[row->key];
        if (grouped.updates->diffOf(i) < 0) {
            rows.dangling.push_back(std::move(row->value));
            continue;
        }
        const auto canonical = encoder.storedOf(CollectionType::Role, row->key, row->value);
        rows.live.push_back({std::move(row->value), canonical.has_value() && *canonical == row->stored});
    }
    RoleDrift drift;
    for (auto& [key, rows] : roles) {
        for (const auto& value : rows.dangling) {
            const auto isStale = [&](const RoleRow& row) { return row.value == value; };
            const auto stale = std::count_if(rows.live.begin(), rows.live.end(), isStale);
            const auto others = static_cast<std::ptrdiff_t>(rows.live.size()) - stale;
            if (stale == 0 || others > 1)
                continue; // does not fit: left alone
            drift.mended += 1 + static_cast<std::uint64_t>(stale);
            std::erase_if(rows.live, isStale);
        }
        drift.normalised += static_cast<std::uint64_t>(
            std::count_if(rows.live.begin(), rows.live.end(), [](const RoleRow& row) { return !row.isCanonical; }));
    }
    return drift;
}

/// Works out the rows that each step touches, in the order of the steps: one changes what the next one finds.
class Path
{
public:
    Path(RowSurvey& rows, RoleDrift roles, std::uint64_t start)
        : m_rows(rows)
        , m_roles(roles)
        , m_start(start)
    {
    }

    UpgradeStep step(const UpgradeRule& rule)
    {
        UpgradeStep step;
        step.from = rule.from;
        step.to = rule.from + 1;
        step.firstRelease = "v" + std::to_string(rule.releaseMajor) + "." + std::to_string(rule.releaseMinor);
        step.effect = rule.effect;
        step.collections = rule.collections;
        step.rowsTouched = touched(rule);
        return step;
    }

private:
    std::uint64_t touched(const UpgradeRule& rule)
    {
        switch (rule.action) {
        case UpgradeAction::Nothing:
        case UpgradeAction::RefuseContinualTasks:
            return 0;
        case UpgradeAction::RewriteAll:
            return all(rule);
        case UpgradeAction::DeleteAll: {
            const auto rows = all(rule);
            for (const auto type : rule.collections)
                m_rows.count(type) = 0;
            return rows;
        }
        case UpgradeAction::InsertNetworkPolicy:
            ++m_rows.count(CollectionType::NetworkPolicy);
            return 1;
        case UpgradeAction::InsertAllocator:
            return m_rows.hasPolicyAllocator ? 0 : 1;
        case UpgradeAction::RehashPasswords:
            return m_rows.scramHashes;
        case UpgradeAction::MarkProvisioned:
            // Roles that are not written again keep their older form, which is what the later repair finds.
            m_roles.normalised = m_rows.isCloud() ? 0 : m_rows.count(CollectionType::Role);
            return m_rows.isCloud() ? m_rows.count(CollectionType::Role) : 0;
        case UpgradeAction::MendRoles:
            return mend();
        case UpgradeAction::NormaliseRoles:
            return mend() + m_roles.normalised;
        case UpgradeAction::ManagedOnly:
            return m_rows.managedClusters + m_rows.managedReplicas;
        case UpgradeAction::Reconfigurations:
            return m_rows.reconfigurations;
        case UpgradeAction::ManagedAndReplicas:
            return m_rows.managedClusters + m_rows.count(CollectionType::ComputeReplicas);
        }
        return 0;
    }

    std::uint64_t all(const UpgradeRule& rule) const
    {
        std::uint64_t rows = 0;
        for (const auto type : rule.collections)
            rows += m_rows.count(type);
        return rows;
    }

    /// The first of the two repairs leaves nothing to the second.
    std::uint64_t mend()
    {
        const auto mended = m_start < kFirstWithRoleDrift ? 0 : m_roles.mended;
        m_roles.mended = 0;
        return mended;
    }

    RowSurvey& m_rows;
    RoleDrift m_roles;
    std::uint64_t m_start;
};

/// Gathers refusals and notes gate by gate.
class Check
{
public:
    Check(const GroupedUpdates& grouped, const Build& build, const UpgradeFacts& facts)
        : m_grouped(grouped)
        , m_build(build)
        , m_facts(facts)
        , m_unopened(*grouped.updates)
    {
    }

    Result<UpgradeCheck> run(const Job& job)
    {
        m_check.userVersion = m_unopened.userVersion();
        persistVersion();
        generation();
        contentVersion();
        if (!m_unopened.isInitialized()) {
            note("uninitialized: an open for writing would fill the catalog with the contents of a new one of version "
                 + std::to_string(m_build.catalogVersion) + ", any other would be refused");
            return std::move(m_check);
        }
        if (!m_check.userVersion)
            m_check.refusals.push_back({"user_version", "initialized catalog must have a version"});
        else
            refuse("user_version", checkUserVersion(m_build, *m_check.userVersion));
        INSPECTOR_CHECK(rows(job));
        return std::move(m_check);
    }

private:
    void note(std::string text) { m_check.notes.push_back(std::move(text)); }
    void refuse(const char* gate, const Result<>& checked)
    {
        if (!checked.has_value())
            m_check.refusals.push_back({gate, checked.error().message});
    }

    void persistVersion()
    {
        constexpr const char* kGate = "persist data version";
        if (!m_build.hasUpgradeShard)
            refuse(kGate, checkPersistVersion(m_build, m_facts.applierVersion));
        else if (m_facts.upgradeShardVersion)
            refuse(kGate, checkPersistVersion(m_build, *m_facts.upgradeShardVersion));
        else
            note("there is no upgrade shard beside the catalog, so build " + m_build.version
                 + " would skip its first gate");
        const auto code = Semver::parse(m_build.version);
        const auto data = Semver::parse(m_facts.applierVersion);
        const bool halts = code && data && m_build.hasUpgradeShard
            && (data->majorNumber != code->majorNumber
                    ? data->majorNumber > code->majorNumber
                    : data->minorNumber > code->minorNumber && data->minorNumber - code->minorNumber > 1);
        if (halts)
            note("a process of version " + m_build.version + " halts when it reads the shard's state, which version "
                 + m_facts.applierVersion + " wrote");
    }

    void generation()
    {
        FenceableToken mine(m_facts.deployGeneration);
        std::vector<FenceToken> live;
        for (const auto i : m_grouped.fenceTokens) {
            const auto token = fenceTokenOf(m_grouped.updates->rows[i]);
            if (token.has_value() && m_grouped.updates->diffOf(i) > 0)
                live.push_back(*token);
        }
        std::sort(live.begin(), live.end());
        if (live.size() > 1)
            note(std::to_string(live.size()) + " fence tokens are live; the largest one counts");
        const auto fenced = mine.maybeFence(live);
        refuse("generation", fenced);
        if (live.empty() || !fenced.has_value())
            return;
        if (const auto takeover = mine.takeover(Mode::Writable); takeover.has_value() && takeover->has_value())
            note("an open for writing would take over from " + textOf(live.back()) + " as "
                 + textOf((*takeover)->next.current));
    }

    void contentVersion()
    {
        const auto found = m_unopened.contentVersion();
        if (!found)
            return;
        refuse("content version", checkContentVersion(m_build, *found));
    }

    Result<> rows(const Job& job)
    {
        const auto version = m_check.userVersion.value_or(m_build.catalogVersion);
        const auto schema = RowSchema::load(version);
        if (!schema.has_value()) {
            note("its rows were not looked at: " + schema.error().message);
            return {};
        }
        RowSurvey survey(m_grouped, *schema);
        INSPECTOR_CHECK(survey.run(m_check.undecodable, job));
        if (survey.oddDiffs != 0)
            note(countOf(survey.oddDiffs, "row does", "rows do") + " not sum up to +1; findings say which");
        if (version > m_build.catalogVersion)
            return newer(version, job);
        if (version < m_build.minCatalogVersion)
            return {};
        Path path(survey, roleDriftOf(m_grouped, *schema), version);
        for (const auto& rule : upgradeRules()) {
            if (rule.from < version || rule.from >= m_build.catalogVersion)
                continue;
            if (rule.action == UpgradeAction::RefuseContinualTasks && survey.continualTask)
                m_check.refusals.push_back(
                    {"migration 81 to 82",
                     "found continual task " + *survey.continualTask + "; drop all continual tasks before upgrading"});
            m_check.steps.push_back(path.step(rule));
        }
        return {};
    }

    /// A catalog of a later version than the build's passes the gate of user_version (§8.2 "Trap"): only its rows
    /// can stop the build.
    Result<> newer(std::uint64_t version, const Job& job)
    {
        note("the catalog is of version " + std::to_string(version) + ", newer than "
             + std::to_string(m_build.catalogVersion)
             + ": the reference does not refuse that itself, only the content version protects");
        const auto schema = RowSchema::load(m_build.catalogVersion);
        if (!schema.has_value())
            return {};
        std::vector<UpgradeCheck::BadRow> strange;
        INSPECTOR_CHECK(RowSurvey(m_grouped, *schema).run(strange, job));
        if (!strange.empty())
            m_check.refusals.push_back(
                {"row types",
                 "invalid catalog data persisted: " + countOf(strange.size(), "row does", "rows do")
                     + " not decode with the types of version " + std::to_string(m_build.catalogVersion)});
        return {};
    }

    const GroupedUpdates& m_grouped;
    const Build& m_build;
    const UpgradeFacts& m_facts;
    UnopenedCatalog m_unopened;
    UpgradeCheck m_check;
};

} // namespace

Result<UpgradeCheck> checkUpgrade(const GroupedUpdates& consolidated, const Build& build, const UpgradeFacts& facts,
                                  const Job& job)
{
    return Check(consolidated, build, facts).run(job);
}

} // namespace inspector::catalog
