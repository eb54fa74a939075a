#include "core/catalog/initial_contents.h"
#include "core/codec/row_codec.h"
#include "core/edit/catalog_impls.h"

#include <string>
#include <utility>

namespace inspector::edit {

namespace {

using catalog::CollectionType;
using catalog::Mode;

/// Items know the session that they belong to from this version on.
constexpr std::uint64_t kFirstWithEphemeralItems = 91;

constexpr const char* kContentVersion = "catalog_content_version";
constexpr const char* kMigrationVersion = "migration_version";

/// Nothing when the build works with the catalog's rows as they are; see WritableOpenableCatalog::open().
Result<> checkDataVersion(const catalog::Build& build, const catalog::UnopenedCatalog& facts)
{
    const auto found = facts.userVersion();
    if (!found) {
        if (facts.isInitialized())
            return fail(ErrorCode::Corrupt, "initialized catalog must have a version");
        return {};
    }
    if (*found == build.catalogVersion)
        return {};
    INSPECTOR_CHECK(catalog::checkUserVersion(build, *found));
    const auto name = "the catalog is of version " + std::to_string(*found);
    if (*found > build.catalogVersion)
        return fail(ErrorCode::Unsupported,
                    name + ", newer than the " + std::to_string(build.catalogVersion) + " of build " + build.version
                        + ": open it as a newer build");
    std::string steps;
    for (auto from = *found; from < build.catalogVersion; ++from)
        steps += (from == *found ? "" : ", ") + std::to_string(from) + " to " + std::to_string(from + 1);
    return fail(ErrorCode::Unsupported,
                name + " and build " + build.version + " works with " + std::to_string(build.catalogVersion)
                    + ": it would have to be migrated (" + steps
                    + "), which only the real system does; open it as a build of its own version");
}

std::string quoted(std::string_view text)
{
    std::string json;
    codec::appendJsonString(text, json);
    return json;
}

/// Sets a setting to a value, or removes it.
Result<> set(catalog::Transaction& transaction, std::string_view name, const std::optional<std::string>& value)
{
    const auto key = "{\"name\":" + quoted(name) + "}";
    if (!value) {
        INSPECTOR_CHECK(transaction.set(CollectionType::Setting, key, std::nullopt));
        return {};
    }
    INSPECTOR_CHECK(transaction.set(CollectionType::Setting, key, "{\"value\":" + quoted(*value) + "}"));
    return {};
}

/// Steps 8 and its deltas for a catalog that has contents (catalog-model §2.11, §2.22).
Result<> prepare(catalog::Transaction& transaction, const OpenHandle& open, const catalog::UnopenedCatalog& facts,
                 const std::string& contentVersion)
{
    const bool isReadOnly = open.handle->mode() == Mode::ReadOnly;
    if (open.isAtLeast(kV82) && !isReadOnly && !facts.setting(kMigrationVersion))
        INSPECTOR_CHECK(set(transaction, kMigrationVersion, facts.contentVersion()));
    if (open.isAtLeast(kFirstWithEphemeralItems) && !isReadOnly) {
        codec::JsonTape tape;
        const auto belongsToASession = [&tape](std::string_view /*key*/, std::string_view value) {
            // Most items belong to none: only those that name a session are parsed.
            if (value.find("\"ephemeral_owner_session\":null") != std::string_view::npos || !tape.parseJson(value))
                return false;
            const auto* const session = tape.member(0, "ephemeral_owner_session");
            return session != nullptr && session->type != codec::JsonType::Null;
        };
        INSPECTOR_CHECK(transaction.removeIf(CollectionType::Item, belongsToASession));
    }
    return set(transaction, kContentVersion, contentVersion);
}

} // namespace

Result<> afterLanding(Result<> result)
{
    if (!result)
        result.error().outcomeUnknown = true;
    return result;
}

Result<std::optional<AppendMismatch>> appendFencing(CatalogHandle& handle, RawRows& rows,
                                                    std::vector<catalog::RowChange> changes, const Job& job)
{
    INSPECTOR_TRY(const auto takeover, handle.token().takeover(handle.mode()));
    if (takeover) {
        for (const auto& [token, diff] : takeover->updates)
            changes.push_back({diff < 0 ? rows.storedTokenOf(token) : catalog::encodeFenceToken(token), diff});
    }
    const auto time = handle.upper();
    const auto next = time.next();
    INSPECTOR_TRY(const auto mismatch, handle.append(changes, time, next, rows, job));
    if (mismatch)
        return mismatch;
    // Before the own token is read back: a larger one that comes with it must not go under (catalog-model §1.7).
    if (takeover)
        handle.assume(takeover->next);
    INSPECTOR_CHECK(afterLanding(handle.sync(next, rows, job)));
    return std::nullopt;
}

Result<OpenHandle> OpenHandle::open(UnopenedHandle unopened, Mode mode, const catalog::BootstrapArguments& arguments,
                                    const Job& job)
{
    auto& shared = *unopened.handle;
    auto& rows = unopened.rows;
    const auto build = shared.options().build;
    INSPECTOR_TRY(auto schema, catalog::RowSchema::load(build.catalogVersion));
    shared.setMode(mode, job);
    if (!shared.token().isInitializing())
        return internalError("catalog should not have fenced before opening");
    if (mode != Mode::ReadOnly && !shared.options().deployGeneration)
        return internalError("cannot open in mode '" + std::string(catalog::nameOf(mode))
                             + "' without a deploy generation");
    for (bool isFenced = false; !isFenced;) {
        INSPECTOR_CHECK(job.step(0, 0));
        INSPECTOR_CHECK(unopened.sync(job));
        if (mode != Mode::ReadOnly) // before anybody is fenced
            INSPECTOR_CHECK(checkDataVersion(build, rows.facts()));
        if (mode == Mode::Writable) {
            INSPECTOR_TRY(const auto mismatch, appendFencing(shared, rows, {}, job));
            isFenced = !mismatch;
        } else {
            INSPECTOR_TRY(const auto takeover, shared.token().takeover(mode));
            if (!takeover)
                return internalError("catalog should not have fenced before opening");
            shared.assume(takeover->next);
            isFenced = true;
        }
    }
    const auto facts = rows.facts();
    const bool isInitialized = facts.isInitialized();
    if (mode == Mode::Writable)
        INSPECTOR_CHECK(shared.convertControllerReader(job));
    if (mode != Mode::Writable && !isInitialized)
        return fail(ErrorCode::ReadOnly,
                    "catalog tables do not exist; will not create in " + std::string(catalog::nameOf(mode)) + " mode");

    INSPECTOR_TRY(auto contents, rows.consolidatedRows(job));
    OpenHandle open(std::move(unopened.handle), std::move(schema));
    INSPECTOR_CHECK(open.tables.load(contents, job));
    if (mode == Mode::Savepoint)
        open.frozenRows = std::move(contents);

    INSPECTOR_TRY(auto transaction, open.uncheckedTransaction(job));
    if (isInitialized) {
        INSPECTOR_CHECK(prepare(transaction, open, facts,
                                arguments.contentVersion.empty() ? build.version : arguments.contentVersion));
    } else {
        auto complete = arguments;
        if (complete.contentVersion.empty())
            complete.contentVersion = build.version;
        INSPECTOR_CHECK(catalog::initialise(transaction, complete, open.handle->ids()));
    }
    if (mode == Mode::ReadOnly) {
        INSPECTOR_TRY(auto batch, transaction.batch());
        INSPECTOR_CHECK(open.tables.applyInMemory(std::move(batch.changes), open.handle->upper()));
    } else {
        INSPECTOR_CHECK(open.commitInternal(std::move(transaction), std::nullopt, job));
    }
    if (mode == Mode::Writable)
        INSPECTOR_CHECK(open.handle->raiseUpgradeShard(job));
    return open;
}

} // namespace inspector::edit
