#include "core/inspect/find.h"

#include "core/codec/row_codec.h"

#include <algorithm>
#include <numeric>
#include <optional>

namespace inspector::inspect {

namespace {

std::vector<std::uint32_t> allRows(const RowTable& table)
{
    std::vector<std::uint32_t> rows(table.size());
    std::iota(rows.begin(), rows.end(), 0U);
    return rows;
}

/// Every name that a table goes by: small collections first, because what is looked for is rarely in the log.
std::vector<std::string> tableNames(const TypedRows& rows)
{
    std::vector<std::string> names;
    for (const bool isLarge : {false, true}) {
        for (const auto& collection : catalog::collections()) {
            if (collection.isLarge == isLarge)
                names.emplace_back(collection.name);
        }
    }
    names.emplace_back(catalog::kFenceTokenKind);
    for (const auto& [kind, indices] : rows.groups().unknownKinds)
        names.push_back(kind);
    names.emplace_back(kUndecodable);
    return names;
}

Result<> checkTableName(const TypedRows& rows, std::string_view name)
{
    const auto names = tableNames(rows);
    if (std::find(names.begin(), names.end(), name) != names.end())
        return {};
    std::string list;
    for (const auto& known : names)
        list += (list.empty() ? "" : ", ") + known;
    return fail(ErrorCode::NotFound, "there is no collection '" + std::string(name) + "'; there are " + list);
}

/// Calls `accepts` for the rows of a table until the job is stopped.
template <typename Accepts>
Result<std::vector<Hit>> hitsIn(const std::shared_ptr<const RowTable>& table, const Accepts& accepts, const Job& job)
{
    constexpr std::uint32_t kRowsPerStep = 4096;
    std::vector<Hit> hits;
    for (std::uint32_t row = 0; row < table->size(); ++row) {
        if (row % kRowsPerStep == 0)
            INSPECTOR_CHECK(job.step(row, table->size()));
        if (accepts(row))
            hits.push_back({table, row});
    }
    return hits;
}

/// The key as canonical JSON, if it is JSON at all.
std::optional<std::string> asJson(std::string_view key)
{
    codec::JsonTape tape;
    if (!key.starts_with('{') || !tape.parseJson(key))
        return std::nullopt;
    std::string json;
    tape.appendJson(0, json);
    return json;
}

/// True for the text itself, and for an id that its name stands behind.
bool isCalled(std::string_view cell, std::string_view key)
{
    return cell.starts_with(key) && (cell.size() == key.size() || cell.substr(key.size()).starts_with(" ("));
}

} // namespace

Result<std::vector<Hit>> find(const TypedRowsPtr& rows, const Filter& filter, std::string_view collection,
                              const Job& job)
{
    std::vector<std::string> names {std::string(collection)};
    if (collection.empty())
        names = tableNames(*rows);
    else
        INSPECTOR_CHECK(checkTableName(*rows, collection));
    std::vector<Hit> hits;
    std::optional<Error> refusal;
    bool isParsed = false;
    for (const auto& name : names) {
        const auto table = entriesTable(rows, name);
        const auto picked = table->filter(filter, allRows(*table), job);
        if (!picked && picked.error().code != ErrorCode::InvalidInput)
            return tl::unexpected(picked.error());
        if (!picked) {
            refusal = picked.error();
            continue;
        }
        isParsed = true;
        for (const auto row : *picked)
            hits.push_back({table, row});
    }
    if (!isParsed && refusal)
        return tl::unexpected<Error>(*std::move(refusal));
    return hits;
}

Result<std::vector<Hit>> rowsOfKey(const TypedRowsPtr& rows, std::string_view collection, std::string_view key,
                                   const Job& job)
{
    INSPECTOR_CHECK(checkTableName(*rows, collection));
    const auto table = entriesTable(rows, collection);
    const auto& columns = table->columns();
    if (const auto json = asJson(key)) {
        const auto identity = std::string(collection) + " " + *json;
        INSPECTOR_TRY(auto hits,
                      hitsIn(
                          table, [&](std::uint32_t row) { return table->identity(row) == identity; }, job));
        if (!hits.empty())
            return hits;
    }
    const auto matches = [&](std::uint32_t row, const auto& isAsked) {
        for (std::size_t i = 0; i < columns.size(); ++i) {
            if (isAsked(columns[i]) && isCalled(table->cell(row, i), key))
                return true;
        }
        return false;
    };
    const auto isKey = [](const Column& column) { return column.source == Column::Source::Key; };
    const auto isName = [](const Column& column) { return column.name == "name"; };
    INSPECTOR_TRY(auto hits,
                  hitsIn(
                      table, [&](std::uint32_t row) { return matches(row, isKey); }, job));
    if (hits.empty()) {
        INSPECTOR_TRY(hits,
                      hitsIn(
                          table, [&](std::uint32_t row) { return matches(row, isName); }, job));
    }
    if (hits.empty() && (table->size() == 1 && key == "null"))
        hits.push_back({table, 0});
    if (hits.empty())
        return fail(ErrorCode::NotFound,
                    "there is no row '" + std::string(key) + "' in " + std::string(collection) + " ("
                        + std::to_string(table->size()) + " rows)");
    return hits;
}

Reading onlyHits(const Reading& reading, const TypedRows& rows, const std::vector<Hit>& hits)
{
    const auto& all = *reading.updates;
    auto some = std::make_shared<persist::Updates>();
    some->commonTime = all.commonTime;
    some->parts = all.parts;
    some->owners = all.owners;
    for (const auto& hit : hits) {
        const auto i = hit.table->updateOf(hit.row);
        some->rows.push_back(all.rows[i]);
        some->diffs.push_back(all.diffOf(i));
        if (!all.times.empty())
            some->times.push_back(all.times[i]);
        if (!all.origins.empty())
            some->origins.push_back(all.origins[i]);
        if (!all.certainties.empty())
            some->certainties.push_back(all.certainties[i]);
    }
    auto result = reading;
    result.updates = std::move(some);
    result.catalogVersion = rows.catalogVersion(); // it stood in a row that need not be among the hits
    return result;
}

} // namespace inspector::inspect
