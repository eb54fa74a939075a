#include "core/catalog/consolidate.h"
#include "core/codec/row_codec.h"
#include "core/edit/catalog_impls.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace inspector::edit {

namespace {

/// A row of the catalog with the key that is asked for.
struct FoundRow
{
    catalog::EncodedRow row;
    std::int64_t diff = 1;
};

/// The types of the catalog's own version: it may be another one than the build's.
Result<catalog::SchemaPtr> schemaOf(const UnopenedHandle& unopened)
{
    const auto version = unopened.rows.facts().userVersion();
    return catalog::RowSchema::load(version.value_or(unopened.handle->options().build.catalogVersion));
}

/// The rows of a collection with this key, among all that are there. Rows of the collection that do not decode are not
/// looked at: their key is unknown.
Result<std::vector<FoundRow>> rowsOf(UnopenedHandle& unopened, catalog::RowEncoder& encoder,
                                     catalog::CollectionType type, const std::string& key, const Job& job)
{
    INSPECTOR_TRY(const auto rows, unopened.rows.consolidatedRows(job));
    const auto kind = catalog::collectionOf(type).kind;
    std::vector<FoundRow> found;
    for (std::size_t i = 0; i < rows->size(); ++i) {
        if (codec::kindOf(rows->rows[i]) != kind)
            continue;
        auto row = encoder.decode(rows->rows[i]);
        if (row && row->key == key)
            found.push_back({*std::move(row), rows->diffOf(i)});
    }
    return found;
}

/// Nothing, or Corrupt: a row whose diffs do not come to one is not edited as if they did.
Result<> checkDiffs(const std::vector<FoundRow>& rows, const std::string& key)
{
    const auto odd = std::find_if(rows.begin(), rows.end(), [](const auto& row) { return row.diff != 1; });
    if (odd == rows.end())
        return {};
    return fail(ErrorCode::Corrupt,
                "the diffs of a row for key " + key + " come to " + std::to_string(odd->diff)
                    + ": the catalog needs a repair of that first");
}

/// Makes changes until they are appended (catalog-model §2.19): `makeChanges` looks at the catalog anew each time.
template <typename MakeChanges>
Result<> writeFencing(UnopenedHandle& unopened, const Job& job, MakeChanges&& makeChanges)
{
    for (;;) {
        INSPECTOR_CHECK(job.step(0, 0));
        INSPECTOR_CHECK(unopened.sync(job));
        INSPECTOR_TRY(auto changes, makeChanges());
        const bool takesOver = unopened.handle->token().isInitializing();
        INSPECTOR_TRY(const auto mismatch, appendFencing(*unopened.handle, unopened.rows, std::move(changes), job));
        if (!mismatch)
            return {};
        if (!takesOver)
            return tl::unexpected(errorOf(*mismatch));
    }
}

} // namespace

DebugCatalog::DebugCatalog(std::unique_ptr<Impl> impl)
    : m_impl(std::move(impl))
{
}

DebugCatalog::~DebugCatalog() = default;

Result<std::optional<std::string>> DebugCatalog::edit(catalog::CollectionType type, std::string_view key,
                                                      std::string_view value, const Job& job)
{
    bool hasPrevious = false;
    std::string previous;
    const auto change = [&]() -> Result<std::vector<catalog::RowChange>> {
        INSPECTOR_TRY(auto schema, schemaOf(*m_impl));
        catalog::RowEncoder encoder(std::move(schema));
        INSPECTOR_TRY(auto row, encoder.encode(type, key, value));
        INSPECTOR_TRY(auto before, rowsOf(*m_impl, encoder, type, row.key, job));
        INSPECTOR_CHECK(checkDiffs(before, row.key));
        if (before.size() > 1)
            return fail(ErrorCode::Corrupt,
                        "multiple values found for key " + row.key + ": the catalog needs a repair of that first");
        std::vector<catalog::RowChange> changes;
        hasPrevious = !before.empty();
        if (hasPrevious) {
            previous = std::move(before.front().row.value);
            changes.push_back({std::move(before.front().row.stored), -1});
        }
        changes.push_back({std::move(row.stored), 1});
        return changes;
    };
    INSPECTOR_CHECK(writeFencing(*m_impl, job, change));
    if (!hasPrevious)
        return std::optional<std::string>();
    return std::optional(std::move(previous));
}

Result<> DebugCatalog::remove(catalog::CollectionType type, std::string_view key, const Job& job)
{
    return writeFencing(*m_impl, job, [&]() -> Result<std::vector<catalog::RowChange>> {
        INSPECTOR_TRY(auto schema, schemaOf(*m_impl));
        catalog::RowEncoder encoder(std::move(schema));
        INSPECTOR_TRY(const auto canonical, encoder.canonicalKey(type, key));
        INSPECTOR_TRY(auto before, rowsOf(*m_impl, encoder, type, canonical, job));
        INSPECTOR_CHECK(checkDiffs(before, canonical));
        std::vector<catalog::RowChange> changes;
        for (auto& row : before)
            changes.push_back({std::move(row.row.stored), -1});
        return changes;
    });
}

Result<> DebugCatalog::expire(const Job& job)
{
    return m_impl->handle->expire(job);
}

} // namespace inspector::edit
