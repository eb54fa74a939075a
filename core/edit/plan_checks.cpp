#include "core/edit/plan_checks.h"

#include "core/catalog/json_path.h"
#include "core/codec/row_codec.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace inspector::edit {

namespace {

using catalog::CollectionType;
using catalog::Reference;
using Of = catalog::NameIndex::Of;

constexpr std::string_view kUserVersionKey = R"({"key":"user_version"})";
constexpr std::string_view kContentVersionKey = R"({"name":"catalog_content_version"})";
constexpr std::string_view kAuditAllocator = "auditlog";

/// How many things a message names before it counts the rest.
constexpr std::size_t kNamed = 3;

std::string listed(const std::vector<std::string>& things)
{
    std::string text;
    for (std::size_t i = 0; i < std::min(things.size(), kNamed); ++i)
        text += (i == 0 ? "" : ", ") + things[i];
    if (things.size() > kNamed)
        text += " and " + std::to_string(things.size() - kNamed) + " more";
    return text;
}

/// The allocator that hands out an id; nothing when none does (catalog-model §5.4 "IdAlloc").
std::optional<std::string_view> allocatorOf(const Reference& id)
{
    const bool isUser = id.id.starts_with('u');
    const bool isSystem = id.id.starts_with('s') && !id.id.starts_with("si");
    switch (id.of) {
    case Of::Item:
    case Of::GlobalId:
        return isUser  ? std::optional<std::string_view>("user")
            : isSystem ? std::optional<std::string_view>("system")
                       : std::nullopt;
    case Of::Database:
        return isUser ? std::optional<std::string_view>("database") : std::nullopt;
    case Of::Schema:
        return "schema";
    case Of::Role:
        return isUser ? std::optional<std::string_view>("user_role") : std::nullopt;
    case Of::Cluster:
        return isUser ? "user_compute" : "system_compute";
    case Of::Replica:
        return isUser ? "replica" : "system_replica";
    case Of::NetworkPolicy:
        return isUser ? std::optional<std::string_view>("user_network_policy") : std::nullopt;
    }
    return std::nullopt;
}

/// The number of an id, "u12".
std::optional<std::uint64_t> numberOf(std::string_view id)
{
    const auto at = id.find_first_of("0123456789");
    std::uint64_t number = 0;
    if (at == std::string_view::npos)
        return std::nullopt;
    const auto [end, problem] = std::from_chars(id.data() + at, id.data() + id.size(), number);
    return problem == std::errc() && end == id.data() + id.size() ? std::optional(number) : std::nullopt;
}

/// What an allocator hands out next, by the JSON of its value.
std::optional<std::uint64_t> nextIdIn(const std::string& value)
{
    codec::JsonTape tape;
    return tape.parseJson(value) ? catalog::numberAt(tape, 0, {"next_id"}) : std::nullopt;
}

class ConsistencyCheck
{
public:
    ConsistencyCheck(EditPlan& plan, const Object& object)
        : m_plan(plan)
        , m_base(*plan.base)
        , m_object(object)
        , m_typer(plan.base->schema())
    {
        for (const auto& edit : plan.edits) {
            for (const auto& row : edit.before)
                m_removed.insert(row.update);
            m_edited.insert(edit.name);
            for (const auto& change : edit.changes)
                if (change.diff > 0 && edit.after)
                    inspect(edit, change.stored);
            for (const auto& row : edit.before)
                if (row.diff > 0)
                    noteOld(row.stored);
        }
    }

    void run()
    {
        checkNewReferences();
        checkLostIds();
        checkNames();
        checkNewIds();
        for (const auto& edit : m_plan.edits)
            if (edit.name.kind == "IdAlloc")
                checkAllocator(edit);
    }

private:
    struct NewRow
    {
        const PlannedEdit* edit = nullptr;
        const catalog::Collection* collection = nullptr;
        catalog::TableRow row;
        catalog::RowReferences references;
        std::uint64_t eventId = 0; ///< of an audit event
    };

    void inspect(const PlannedEdit& edit, const std::string& stored)
    {
        // Of the rows that are inserted, one is new; the others take back dangling retractions.
        const auto isOld = [&](const KeyRow& row) { return row.stored == stored; };
        if (!edit.isTyped || std::any_of(edit.before.begin(), edit.before.end(), isOld) || !m_typer.read(viewOf(stored))
            || m_typer.collection() == nullptr)
            return;
        NewRow made;
        made.edit = &edit;
        made.collection = m_typer.collection();
        made.row = {*edit.after, stored, catalog::factsOf(m_typer)};
        made.references = catalog::referencesOf(m_typer);
        if (made.collection->type == CollectionType::AuditLog)
            made.eventId = catalog::numberAt(m_typer.tape(), m_typer.keyNode(), {"event", "V1", "id"}).value_or(0);
        m_defined.insert(made.references.defines.begin(), made.references.defines.end());
        m_new.push_back(std::move(made));
    }

    void noteOld(const std::string& stored)
    {
        if (!m_typer.read(viewOf(stored)))
            return;
        const auto references = catalog::referencesOf(m_typer);
        m_lost.insert(references.defines.begin(), references.defines.end());
        m_usedBefore.insert(references.uses.begin(), references.uses.end());
    }

    /// Whether a row of the base that stays defines the id.
    bool staysDefined(const Reference& id) const
    {
        const auto record = m_base.ids().find(id);
        return record != m_base.ids().end()
            && std::any_of(record->second.definedBy.begin(), record->second.definedBy.end(),
                           [&](std::uint32_t update) { return !m_removed.contains(update); });
    }

    bool wasDefined(const Reference& id) const
    {
        const auto record = m_base.ids().find(id);
        return record != m_base.ids().end() && !record->second.definedBy.empty();
    }

    /// Builtin objects are rows only in a catalog that an environment has booted.
    bool isBuiltinUnlisted(const Reference& id) const
    {
        return (id.of == Of::Item || id.of == Of::GlobalId) && id.id.starts_with('s')
            && m_base.rows().of(CollectionType::SystemGidMapping).empty();
    }

    void checkNewReferences()
    {
        for (const auto& made : m_new) {
            std::vector<std::string> missing;
            std::vector<std::string> missingBefore;
            for (const auto& id : made.references.uses) {
                if (m_defined.contains(id) || staysDefined(id) || isBuiltinUnlisted(id))
                    continue;
                const bool wasMissing = m_usedBefore.contains(id) && !wasDefined(id);
                (wasMissing ? missingBefore : missing).push_back(textOf(id));
            }
            const auto what =
                "the row of " + made.edit->collection + " with key " + made.edit->name.key + " refers to ";
            if (!missing.empty())
                m_object(Override::References, what + listed(missing) + ", which no row defines");
            if (!missingBefore.empty())
                m_plan.warnings.push_back(what + listed(missingBefore) + ", which no row defines, as it did before");
        }
    }

    void checkLostIds()
    {
        for (const auto& id : m_lost) {
            if (m_defined.contains(id) || staysDefined(id))
                continue;
            const auto record = m_base.ids().find(id);
            if (record == m_base.ids().end())
                continue;
            std::vector<std::string> users;
            for (const auto update : record->second.usedBy) {
                if (m_removed.contains(update))
                    continue;
                const auto name = nameOfRow(m_base.updates().rows[update]);
                users.push_back(name ? name->kind + " " + name->key : std::string("a row"));
            }
            if (!users.empty())
                m_object(Override::References, textOf(id) + " goes, and " + listed(users) + " would still refer to it");
        }
    }

    bool conflicts(const NewRow& made, const std::string& key, const catalog::TableRow& other) const
    {
        return key != made.edit->name.key
            && catalog::excludeEachOther(made.collection->type, *m_base.schema(), made.row, other);
    }

    void checkNames()
    {
        for (const auto& made : m_new) {
            std::vector<std::string> others;
            const auto& table = m_base.snapshot().of(made.collection->type);
            if (made.row.facts.isUnique)
                for (const auto key : table.keysWithHash(made.row.facts.uniqueHash)) {
                    const std::string name(key);
                    if (!m_edited.contains({made.edit->name.kind, name}) && conflicts(made, name, *table.at(key)))
                        others.push_back(name);
                }
            for (const auto& each : m_new)
                if (&each != &made && each.collection == made.collection
                    && conflicts(made, each.edit->name.key, each.row))
                    others.push_back(each.edit->name.key);
            if (!others.empty())
                m_object(Override::Uniqueness,
                         "the row of " + made.edit->collection + " with key " + made.edit->name.key
                             + " has what must be unique in common with " + listed(others));
            if (made.row.facts.oid)
                checkOid(made);
        }
    }

    void checkOid(const NewRow& made)
    {
        for (const auto& collection : catalog::collections())
            for (const auto key : m_base.snapshot().of(collection.type).keysWithOid(*made.row.facts.oid)) {
                const RowName other {std::string(collection.kind), std::string(key)};
                if (!m_edited.contains(other))
                    m_plan.warnings.push_back("OID " + std::to_string(*made.row.facts.oid) + " is also that of "
                                              + other.kind + " " + other.key);
            }
    }

    /// What an allocator hands out next after the plan; nothing when there is no such row.
    std::optional<std::uint64_t> nextIdOf(std::string_view allocator) const
    {
        const auto key = "{\"name\":\"" + std::string(allocator) + "\"}";
        for (const auto& edit : m_plan.edits)
            if (edit.name.kind == "IdAlloc" && edit.name.key == key)
                return edit.after ? nextIdIn(*edit.after) : std::nullopt;
        const auto* row = m_base.snapshot().of(CollectionType::IdAlloc).at(key);
        return row != nullptr ? nextIdIn(row->value) : std::nullopt;
    }

    void checkNewIds()
    {
        std::map<std::string_view, std::vector<std::string>> ahead;
        const auto note = [&](std::string_view allocator, std::uint64_t number, const std::string& what) {
            const auto next = nextIdOf(allocator);
            if (next && number >= *next)
                ahead[allocator].push_back(what);
        };
        for (const auto& made : m_new) {
            for (const auto& id : made.references.defines) {
                const auto allocator = allocatorOf(id);
                const auto number = numberOf(id.id);
                if (allocator && number && !wasDefined(id))
                    note(*allocator, *number, textOf(id));
            }
            if (made.collection->type == CollectionType::AuditLog && made.edit->before.empty())
                note(kAuditAllocator, made.eventId, "event " + std::to_string(made.eventId));
        }
        for (const auto& [allocator, ids] : ahead)
            m_object(Override::Allocators,
                     "the allocator " + std::string(allocator) + " stands at "
                         + std::to_string(nextIdOf(allocator).value_or(0)) + " and would hand out " + listed(ids)
                         + " again; raise it in the same plan");
    }

    /// The largest id in use of those that an allocator hands out, after the plan.
    std::uint64_t largestUsed(std::string_view allocator) const
    {
        std::uint64_t largest = 0;
        if (allocator == kAuditAllocator) {
            for (const auto& made : m_new)
                largest = std::max(largest, made.eventId);
            return std::max(largest, m_base.largestEventId(m_removed));
        }
        const auto take = [&](const Reference& id) {
            if (allocatorOf(id) == allocator)
                largest = std::max(largest, numberOf(id.id).value_or(0));
        };
        for (const auto& [id, record] : m_base.ids())
            if (staysDefined(id))
                take(id);
        for (const auto& id : m_defined)
            take(id);
        return largest;
    }

    void checkAllocator(const PlannedEdit& edit)
    {
        codec::JsonTape tape;
        if (!tape.parseJson(edit.name.key))
            return;
        const std::string allocator(catalog::textAt(tape, 0, {"name"}));
        std::optional<std::uint64_t> before;
        for (const auto& row : edit.before)
            if (row.diff > 0)
                before = nextIdIn(row.value);
        if (!edit.after) {
            m_object(Override::Allocators,
                     "without the allocator " + allocator + " the environment ends as soon as it draws from it");
            return;
        }
        const auto after = nextIdIn(*edit.after);
        const auto largest = largestUsed(allocator);
        if (!after || *after > largest || largest == 0)
            return;
        const auto text = "the allocator " + allocator + " would stand at " + std::to_string(*after)
            + ", and ids up to " + std::to_string(largest) + " are in use";
        if (before && *after >= *before)
            m_plan.warnings.push_back(text + ": raise it further");
        else
            m_object(Override::Allocators, text);
    }

    EditPlan& m_plan;
    const EditBase& m_base;
    const Object& m_object;
    catalog::RowTyper m_typer;
    std::set<std::uint32_t> m_removed; ///< updates of the base that are retracted
    std::set<RowName> m_edited;
    std::vector<NewRow> m_new;
    std::set<Reference> m_defined;    ///< by new rows
    std::set<Reference> m_lost;       ///< defined by rows that go
    std::set<Reference> m_usedBefore; ///< by rows that go
};

} // namespace

void checkSpecialRows(const EditPlan& plan, const Object& object)
{
    std::int64_t configs = 0;
    const auto& base = *plan.base;
    for (const auto update : base.updatesOfKind("Config"))
        configs += base.updates().diffOf(update) > 0 ? 1 : 0;
    bool hasConfigs = configs > 0;
    for (const auto& edit : plan.edits) {
        if (edit.name.kind == "Config") {
            for (const auto& row : edit.before)
                configs -= row.diff > 0 ? 1 : 0;
            configs += edit.after ? 1 : 0;
            if (edit.name.key == kUserVersionKey)
                object(Override::UserVersion,
                       "user_version says how every row of the catalog is read, and no build migrates what it does not "
                       "find there");
        }
        if (edit.name.kind == "Setting" && edit.name.key == kContentVersionKey)
            object(Override::ContentVersion,
                   "catalog_content_version decides which builds open the catalog: a wrong one locks them out");
    }
    if (hasConfigs && configs <= 0)
        object(Override::LastConfig,
               "without a config row the catalog counts as uninitialized, and the environment would initialise over "
               "what is there");
}

void checkConsistency(EditPlan& plan, const Object& object)
{
    if (plan.base->isTyped())
        ConsistencyCheck(plan, object).run();
}

} // namespace inspector::edit
