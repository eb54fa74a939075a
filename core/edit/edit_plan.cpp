#include "core/edit/edit_plan.h"

#include "core/base/hex.h"
#include "core/base/sha256.h"
#include "core/catalog/fenceable_token.h"
#include "core/catalog/pretty.h"
#include "core/codec/row_codec.h"
#include "core/edit/plan_checks.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <utility>

namespace inspector::edit {

namespace {

using catalog::Collection;

constexpr std::array<std::string_view, kOverrideCount> kOverrideNames {
    "last-config", "user-version", "content-version", "allocators",     "references",
    "uniqueness",  "several-rows", "invalid-value",   "unknown-version"};

std::string counted(std::size_t number, const std::string& what)
{
    return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

std::string withOverride(std::string text, Override which)
{
    return std::move(text) + " (override: " + std::string(nameOf(which)) + ")";
}

/// A row's JSON as it may be shown anywhere.
std::string maskedJson(const EditBase& base, const std::string& stored)
{
    catalog::RowTyper typer(base.schema());
    return typer.read(viewOf(stored)) ? catalog::rowJson(typer, catalog::Reveal::No) : "(undecodable)";
}

/// Makes the plan of one draft.
class Planner
{
public:
    Planner(const EditBase& base, const PlanOptions& options, EditPlan& plan)
        : m_base(base)
        , m_options(options)
        , m_plan(plan)
        , m_encoder(base.schema())
    {
    }

    Result<> add(const EditDraft& draft)
    {
        PlannedEdit edit;
        INSPECTOR_TRY(const auto* collection, resolve(draft, edit));
        std::string inserted;
        INSPECTOR_CHECK(encode(draft, collection, edit, inserted));
        for (const auto& other : m_plan.edits)
            if (other.name == edit.name)
                return fail(ErrorCode::InvalidInput, "two drafts are about one key, " + edit.name.key);
        edit.before = m_base.rowsOf(edit.name);
        INSPECTOR_CHECK(checkDiffs(edit));
        INSPECTOR_CHECK(checkExpected(draft, collection, edit));
        INSPECTOR_CHECK(makeChanges(draft, edit, inserted));
        warnOfForm(edit);
        m_plan.edits.push_back(std::move(edit));
        return {};
    }

    void object(Override which, std::string reason)
    {
        (isAllowed(which) ? m_plan.overridden : m_plan.refusals).push_back({which, std::move(reason)});
    }

private:
    [[nodiscard]] bool isAllowed(Override which) const { return m_options.overrides.contains(which); }

    /// The collection that the draft names; nullptr for a kind of rows that belongs to none.
    Result<const Collection*> resolve(const EditDraft& draft, PlannedEdit& edit)
    {
        const auto* collection = catalog::collectionNamed(draft.collection);
        if (collection == nullptr)
            collection = catalog::collectionOfKind(draft.collection);
        if (draft.collection == catalog::kFenceTokenKind || draft.collection == "fence_token")
            return fail(ErrorCode::InvalidInput,
                        "the fence token is no row to edit: every repair writes the next one by itself");
        const auto kind = collection != nullptr ? std::string(collection->kind) : draft.collection;
        const bool isThere = !m_base.updatesOfKind(kind).empty();
        if (collection == nullptr && !isThere)
            return fail(ErrorCode::InvalidInput,
                        "there is no collection '" + draft.collection + "', and no row of such a kind");
        const bool hasTypes = collection != nullptr && m_base.schema()->has(collection->type);
        if (m_base.isTyped() && !hasTypes && !isThere)
            return fail(ErrorCode::InvalidInput,
                        "catalog version " + std::to_string(m_base.schema()->version()) + " has no collection "
                            + draft.collection);
        edit.isTyped = m_base.isTyped() && hasTypes;
        if (!edit.isTyped && !isAllowed(Override::UnknownVersion))
            return fail(ErrorCode::Unsupported, withOverride(whyUntyped(kind), Override::UnknownVersion));
        edit.collection = collection != nullptr ? std::string(collection->name) : draft.collection;
        edit.name.kind = kind;
        const auto isSaid = [](const Refusal& each) { return each.which == Override::UnknownVersion; };
        if (!edit.isTyped && std::none_of(m_plan.overridden.begin(), m_plan.overridden.end(), isSaid))
            object(Override::UnknownVersion, whyUntyped(kind));
        return collection;
    }

    std::string whyUntyped(const std::string& kind) const
    {
        const std::string raw = ": its rows are raw JSON, and nothing checks them";
        if (m_base.isTyped())
            return "catalog version " + std::to_string(m_base.schema()->version()) + " has no rows of kind " + kind
                + raw;
        const auto version = m_base.facts().userVersion();
        if (!version)
            return "the catalog has no user_version" + raw;
        return "catalog version " + std::to_string(*version) + " is not among "
            + std::to_string(catalog::kOldestVersion) + " to " + std::to_string(catalog::kNewestVersion)
            + ", whose types are known" + raw;
    }

    /// Fills in the key and the new value; `inserted` becomes the new row's bytes.
    Result<> encode(const EditDraft& draft, const Collection* collection, PlannedEdit& edit, std::string& inserted)
    {
        if (!edit.isTyped)
            return encodeRaw(draft, collection, edit, inserted);
        auto key = m_encoder.canonicalKey(collection->type, draft.key);
        auto problem = key ? std::optional<Error>() : std::optional(key.error());
        if (!problem) {
            edit.name.key = *std::move(key);
            if (!draft.value)
                return {};
            auto row = m_encoder.encode(collection->type, draft.key, *draft.value);
            if (row) {
                edit.after = std::move(row->value);
                inserted = std::move(row->stored);
                return {};
            }
            problem = std::move(row).error();
        }
        if (!isAllowed(Override::InvalidValue))
            return fail(problem->code, withOverride(problem->message, Override::InvalidValue));
        const auto typedKey = edit.name.key;
        INSPECTOR_CHECK(encodeRaw(draft, collection, edit, inserted));
        object(Override::InvalidValue,
               problem->message + ", so no build of version " + std::to_string(m_base.schema()->version())
                   + " reads the row");
        edit.isTyped = false;
        if (!typedKey.empty())
            edit.name.key = typedKey;
        return {};
    }

    Result<> encodeRaw(const EditDraft& draft, const Collection* collection, PlannedEdit& edit, std::string& inserted)
    {
        INSPECTOR_TRY(edit.name.key, canonical(draft.key, "key"));
        if (!draft.value)
            return {};
        INSPECTOR_TRY(edit.after, canonical(*draft.value, "value"));
        bool hasKey = collection != nullptr ? collection->hasKey : edit.name.key != "null";
        bool hasValue = collection != nullptr ? collection->hasValue : *edit.after != "null";
        if ((!hasKey && edit.name.key != "null") || (!hasValue && *edit.after != "null"))
            return fail(ErrorCode::InvalidInput,
                        "a row of " + edit.collection + " has no " + (hasKey ? "value" : "key") + ": give null");
        std::string json = "{";
        if (hasKey)
            json += "\"key\":" + edit.name.key + ",";
        json += "\"kind\":";
        codec::appendJsonString(edit.name.kind, json);
        if (hasValue)
            json += ",\"value\":" + *edit.after;
        json += "}";
        INSPECTOR_TRY(const auto bytes, codec::sourceDataOf(json));
        inserted = textOf(bytes);
        return {};
    }

    static Result<std::string> canonical(const std::string& json, const std::string& what)
    {
        codec::JsonTape tape;
        if (const auto parsed = tape.parseJson(json); !parsed)
            return fail(ErrorCode::InvalidInput, "the " + what + " is no JSON: " + parsed.error().message);
        std::string text;
        tape.appendJson(0, text);
        return text;
    }

    static Result<> checkDiffs(const PlannedEdit& edit)
    {
        for (const auto& row : edit.before)
            if (row.diff != 1 && row.diff != -1)
                return fail(ErrorCode::Corrupt,
                            "a row of " + edit.collection + " with key " + edit.name.key + " is there "
                                + std::to_string(row.diff) + " times: no single append puts that in order");
        return {};
    }

    Result<> checkExpected(const EditDraft& draft, const Collection* collection, const PlannedEdit& edit)
    {
        const auto& expected = draft.expectedOld;
        const auto conflict = [&](const std::string& what) {
            return fail(ErrorCode::Conflict,
                        "the row of " + edit.collection + " with key " + edit.name.key
                            + " is not what was expected: " + what);
        };
        std::vector<const KeyRow*> live;
        for (const auto& row : edit.before)
            if (row.diff > 0)
                live.push_back(&row);
        const auto now = [&] {
            return live.empty() ? std::string("there is none") : "it is " + maskedJson(m_base, live.front()->stored);
        };
        switch (expected.kind) {
        case ExpectedOld::Kind::Anything:
            return {};
        case ExpectedOld::Kind::Absent:
            return live.empty() ? Result<>() : Result<>(conflict("none was expected, and " + now()));
        case ExpectedOld::Kind::Value: {
            std::string wanted;
            if (edit.isTyped && !live.empty() && live.front()->isTyped) {
                auto row = m_encoder.normalise(collection->type, draft.key, expected.text);
                if (!row)
                    return fail(row.error().code, "the expected old value does not fit: " + row.error().message);
                wanted = std::move(row->value);
            } else {
                INSPECTOR_TRY(wanted, canonical(expected.text, "expected old value"));
            }
            const bool isThere =
                std::any_of(live.begin(), live.end(), [&](const KeyRow* row) { return row->value == wanted; });
            return isThere ? Result<>() : Result<>(conflict("another value was expected, and " + now()));
        }
        case ExpectedOld::Kind::RowHash: {
            const bool isThere = std::any_of(live.begin(), live.end(), [&](const KeyRow* row) {
                return toHex(sha256(bytesOf(row->stored))) == expected.text;
            });
            return isThere ? Result<>() : Result<>(conflict("a row of another hash was expected, and " + now()));
        }
        }
        return {};
    }

    Result<> makeChanges(const EditDraft& draft, PlannedEdit& edit, const std::string& inserted)
    {
        const auto live =
            std::count_if(edit.before.begin(), edit.before.end(), [](const auto& r) { return r.diff > 0; });
        const auto dangling = static_cast<std::ptrdiff_t>(edit.before.size()) - live;
        if (!draft.value && edit.before.empty())
            return fail(ErrorCode::NotFound, "there is no row of " + edit.collection + " with key " + edit.name.key);
        if (live > 1 || dangling > 0)
            object(Override::SeveralRows,
                   "the key " + edit.name.key + " of " + edit.collection + " has "
                       + counted(static_cast<std::size_t>(live), "live row") + " and "
                       + counted(static_cast<std::size_t>(dangling), "dangling retraction") + "; the plan leaves "
                       + (draft.value ? "one row" : "none") + " of them");
        std::map<std::string, std::int64_t> sums;
        for (const auto& row : edit.before)
            sums[row.stored] -= row.diff;
        if (draft.value)
            ++sums[inserted];
        for (const auto& [stored, diff] : sums)
            if (diff > 1 || diff < -1)
                return fail(ErrorCode::InvalidInput,
                            "the new row's bytes are those of a dangling retraction of " + edit.name.key
                                + ": delete the key first, then set it");
        for (const std::int64_t diff : {-1, 1})
            for (const auto& [stored, sum] : sums)
                if (sum == diff)
                    edit.changes.push_back({stored, diff});
        if (edit.changes.empty())
            return fail(ErrorCode::InvalidInput,
                        "the row of " + edit.collection + " with key " + edit.name.key
                            + " is that already: there is nothing to write");
        return {};
    }

    void warnOfForm(const PlannedEdit& edit)
    {
        const auto version = std::to_string(m_base.schema()->version());
        for (const auto& row : edit.before) {
            if (row.diff < 0 || (row.isTyped && row.isCanonical))
                continue;
            m_plan.warnings.push_back(
                "the stored row of " + edit.collection + " with key " + edit.name.key
                + (row.isTyped ? " is not in the form that version " + version
                           + " writes: it is retracted byte for byte, and fields that the version does not have go"
                               : " does not fit the types of version " + version + ": it is retracted byte for byte"));
        }
    }

    const EditBase& m_base;
    const PlanOptions& m_options;
    EditPlan& m_plan;
    catalog::RowEncoder m_encoder;
};

std::string summaryOf(const EditPlan& plan)
{
    std::map<std::pair<std::string, std::string>, std::size_t> counts; // (collection, verb)
    std::vector<std::pair<std::string, std::string>> order;
    for (const auto& edit : plan.edits) {
        const std::string verb = !edit.after ? "remove" : edit.before.empty() ? "insert" : "replace";
        if (counts[{edit.collection, verb}]++ == 0)
            order.emplace_back(edit.collection, verb);
    }
    std::string text;
    for (const auto& each : order)
        text += (text.empty() ? "" : ", ") + each.second + " " + counted(counts[each], "row") + " of " + each.first;
    return text;
}

/// The token rows before and after, and their changes.
Result<> addTokens(const EditBase& base, EditPlan& plan, Planner& planner, ChangeSet& retractions,
                   ChangeSet& insertions)
{
    if (base.tokens().size() != base.rows().fenceTokens.size())
        return fail(ErrorCode::Corrupt, "a fence token row does not decode: who may write is not known");
    std::vector<const TokenRow*> live;
    for (const auto& row : base.tokens()) {
        if (row.diff != 1 && row.diff != -1)
            return fail(ErrorCode::Corrupt,
                        "a fence token row is there " + std::to_string(row.diff)
                            + " times: no single append puts that in order");
        if (row.diff > 0)
            live.push_back(&row);
    }
    if (live.empty())
        return fail(ErrorCode::NotFound, "uninitialized");
    if (base.tokens().size() != 1)
        planner.object(Override::SeveralRows,
                       "the catalog has " + counted(live.size(), "fence token") + " and "
                           + counted(base.tokens().size() - live.size(), "dangling retraction")
                           + " of one; the plan leaves one");
    const auto* newest =
        *std::max_element(live.begin(), live.end(), [](const auto* a, const auto* b) { return a->token < b->token; });
    const auto epoch = newest->token.epoch.value();
    if (epoch == std::numeric_limits<std::int64_t>::max() || epoch == -1) // none is zero
        return fail(ErrorCode::Corrupt,
                    "the fence token has epoch " + std::to_string(epoch) + ", after which there is no next one");
    plan.tokenBefore = newest->token;
    plan.tokenAfter = {newest->token.deployGeneration, newest->token.epoch.next()};
    const auto next = catalog::encodeFenceToken(plan.tokenAfter);
    for (const auto& row : base.tokens()) {
        if (row.stored == next)
            return fail(ErrorCode::Corrupt,
                        "the row of the next fence token is in the catalog already, as a dangling retraction");
        (row.diff > 0 ? retractions : insertions).push_back({row.stored, -row.diff});
    }
    insertions.push_back({next, 1});
    return {};
}

} // namespace

std::string_view nameOf(Override which)
{
    return kOverrideNames.at(static_cast<std::size_t>(which));
}

Result<Override> overrideNamed(std::string_view name)
{
    const auto found = std::find(kOverrideNames.begin(), kOverrideNames.end(), name);
    if (found != kOverrideNames.end())
        return static_cast<Override>(found - kOverrideNames.begin());
    std::string all;
    for (const auto each : kOverrideNames)
        all += (all.empty() ? "" : ", ") + std::string(each);
    return fail(ErrorCode::InvalidInput, "there is no override '" + std::string(name) + "', but " + all);
}

ChangeSet inverseOf(const ChangeSet& changes)
{
    ChangeSet inverse;
    for (const bool isRetraction : {true, false})
        for (const auto& change : changes)
            if ((change.diff > 0) == isRetraction)
                inverse.push_back({change.stored, -change.diff});
    return inverse;
}

std::string PlannedEdit::hashBefore() const
{
    const KeyRow* only = nullptr;
    for (const auto& row : before) {
        if (row.diff < 0)
            continue;
        if (only != nullptr)
            return {};
        only = &row;
    }
    return only == nullptr ? std::string() : toHex(sha256(bytesOf(only->stored)));
}

ChangeSet EditPlan::inverse() const
{
    ChangeSet rows;
    for (const auto& edit : edits)
        rows.insert(rows.end(), edit.changes.begin(), edit.changes.end());
    return inverseOf(rows);
}

std::vector<std::string> EditPlan::consequences() const
{
    const catalog::FenceFailure fenced {catalog::FenceKind::Epoch, tokenBefore, tokenAfter};
    std::vector<std::string> lines {
        "the environment of " + catalog::textOf(tokenBefore) + " stops with '" + catalog::errorOf(fenced).message
            + "'; its supervisor restarts it, and it then takes epoch "
            + std::to_string(tokenAfter.epoch.next().value()),
        "every other handle of deploy generation " + std::to_string(tokenBefore.deployGeneration.value())
            + " is fenced, too, those that only read included",
    };
    const auto who = [](const std::optional<persist::DebugState>& debug) {
        return debug ? debug->hostname + ", " + debug->purpose : std::string("unnamed");
    };
    for (const auto& [id, writer] : base->state().writers)
        lines.push_back("writer " + id + " (" + who(writer.debug) + ")");
    for (const auto& [id, reader] : base->state().leasedReaders)
        lines.push_back("reader " + id + " (" + who(reader.debug) + ")");
    return lines;
}

Result<EditPlan> planEdits(std::span<const EditDraft> drafts, const EditBasePtr& base, const PlanOptions& options)
{
    if (drafts.empty())
        return fail(ErrorCode::InvalidInput, "there is nothing to plan: no draft was given");
    EditPlan plan;
    plan.base = base;
    if (options.expectedUpper && *options.expectedUpper != base->upper())
        return fail(ErrorCode::Conflict,
                    "the catalog's upper is " + std::to_string(base->upper().value()) + ", not the expected "
                        + std::to_string(options.expectedUpper->value())
                        + ": it was written to meanwhile; look at it again");
    if (base->upper().value() >= std::numeric_limits<std::uint64_t>::max() - 1)
        return fail(ErrorCode::Corrupt, "the catalog has come to the last of all times: nothing can be appended");
    Planner planner(*base, options, plan);
    for (const auto& draft : drafts)
        INSPECTOR_CHECK(
            planner.add(draft).during("planning the row of " + draft.collection + " with key " + draft.key));
    ChangeSet retractions;
    ChangeSet insertions;
    for (const auto& edit : plan.edits)
        for (const auto& change : edit.changes)
            (change.diff < 0 ? retractions : insertions).push_back(change);
    INSPECTOR_CHECK(addTokens(*base, plan, planner, retractions, insertions));
    plan.changes = std::move(retractions);
    plan.changes.insert(plan.changes.end(), std::make_move_iterator(insertions.begin()),
                        std::make_move_iterator(insertions.end()));
    plan.summary = summaryOf(plan);
    const auto object = [&](Override which, std::string reason) { planner.object(which, std::move(reason)); };
    checkSpecialRows(plan, object);
    checkConsistency(plan, object);
    return plan;
}

Result<EditPlan> planEdit(const EditDraft& draft, const EditBasePtr& base, const PlanOptions& options)
{
    return planEdits(std::span(&draft, 1), base, options);
}

Result<EditPlan> planDelete(EditDraft draft, const EditBasePtr& base, const PlanOptions& options)
{
    draft.value.reset();
    return planEdits(std::span(&draft, 1), base, options);
}

std::string describeMove(const EditPlan& plan, const EditBase& now)
{
    std::string text = "the catalog moved from upper " + std::to_string(plan.expectedUpper().value()) + " to "
        + std::to_string(now.upper().value()) + " since the plan was made";
    if (const auto token = now.facts().fenceToken(); token && *token != plan.tokenBefore)
        text += "; the fence token is " + catalog::textOf(*token) + " now, it was " + catalog::textOf(plan.tokenBefore);
    if (const auto changes = changesBetween(plan.base->rows().updates, now.rows().updates, Job())) {
        std::size_t came = 0;
        std::size_t went = 0;
        for (std::size_t i = 0; i < (*changes)->size(); ++i)
            ++((*changes)->diffOf(i) > 0 ? came : went);
        text += "; " + counted(came, "row") + " came and " + counted(went, "row") + " went";
    }
    for (const auto& edit : plan.edits) {
        const auto rows = now.rowsOf(edit.name);
        const auto bytesOfRows = [](const std::vector<KeyRow>& from) {
            std::vector<std::pair<std::string, std::int64_t>> bytes;
            for (const auto& row : from)
                bytes.emplace_back(row.stored, row.diff);
            std::sort(bytes.begin(), bytes.end());
            return bytes;
        };
        const auto what = "; the row of " + edit.collection + " with key " + edit.name.key;
        if (bytesOfRows(rows) == bytesOfRows(edit.before))
            text += what + " is as it was";
        else if (rows.empty())
            text += what + " is gone";
        else
            text += what + " is now " + maskedJson(now, rows.front().stored);
    }
    return text;
}

} // namespace inspector::edit
