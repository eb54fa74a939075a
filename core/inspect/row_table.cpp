#include "core/inspect/row_table.h"

#include "core/base/hex.h"

#include <algorithm>
#include <charconv>
#include <numeric>

namespace inspector::inspect {

namespace {

/// For cells that show no names: making names takes a look at every item.
const catalog::NameIndex kNoNames;

/// A row more is read before a stop is heard.
constexpr std::size_t kRowsPerStep = 4096;

/// The value of a cell that is a number, for sorting: sign and magnitude, so that all of 64 bits fit either way.
struct NumberKey
{
    bool isNumber = false; ///< cells without a number come first
    bool isNegative = false;
    std::uint64_t magnitude = 0;

    [[nodiscard]] bool operator<(const NumberKey& other) const
    {
        if (isNumber != other.isNumber)
            return other.isNumber;
        if (isNegative != other.isNegative)
            return isNegative;
        return isNegative ? magnitude > other.magnitude : magnitude < other.magnitude;
    }
};

NumberKey numberKey(std::string_view text)
{
    NumberKey key;
    key.isNegative = text.starts_with('-');
    text.remove_prefix(key.isNegative ? 1 : 0);
    const auto* end = text.data() + text.size();
    const auto [stopped, problem] = std::from_chars(text.data(), end, key.magnitude);
    key.isNumber = problem == std::errc() && stopped == end;
    return key.isNumber ? key : NumberKey();
}

/// Ids by their letters, then by their number: u9 before u10.
struct IdKey
{
    std::string letters;
    NumberKey number;
    std::string text;

    [[nodiscard]] bool operator<(const IdKey& other) const
    {
        if (letters != other.letters)
            return letters < other.letters;
        if (number < other.number || other.number < number)
            return number < other.number;
        return text < other.text;
    }
};

IdKey idKey(std::string text)
{
    const auto digits = std::min(text.find_first_of("0123456789"), text.size());
    const auto end = std::min(text.find_first_not_of("0123456789", digits), text.size());
    return {text.substr(0, digits), numberKey(std::string_view(text).substr(digits, end - digits)), std::move(text)};
}

bool isId(CellContent content)
{
    return content == CellContent::Id || content == CellContent::SystemId || content == CellContent::IndexId;
}

/// Sorts rows by keys that are made once a row. `keyOf(row)` makes one.
template <typename KeyOf>
Result<std::vector<std::uint32_t>> sortedBy(std::vector<std::uint32_t> rows, SortOrder order, const KeyOf& keyOf,
                                            const Job& job)
{
    using Key = decltype(keyOf(std::uint32_t()));
    std::vector<std::pair<Key, std::uint32_t>> keyed;
    keyed.reserve(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (i % kRowsPerStep == 0)
            INSPECTOR_CHECK(job.step(i, rows.size()));
        keyed.emplace_back(keyOf(rows[i]), rows[i]);
    }
    std::stable_sort(keyed.begin(), keyed.end(), [&](const auto& a, const auto& b) {
        return order == SortOrder::Ascending ? a.first < b.first : b.first < a.first;
    });
    for (std::size_t i = 0; i < rows.size(); ++i)
        rows[i] = keyed[i].second;
    return rows;
}

std::string problemOf(const catalog::RowTyper& typer)
{
    std::string problem;
    for (const auto& misfit : typer.misfits()) {
        if (!misfit.isFatal)
            continue;
        problem += (problem.empty() ? "" : "; ") + misfit.message;
    }
    return problem;
}

std::string_view nameOf(codec::RowForm form)
{
    switch (form) {
    case codec::RowForm::SourceData:
        return "SourceData";
    case codec::RowForm::JsonText:
        return "JSON text";
    case codec::RowForm::Error:
        break;
    }
    return "error row";
}

std::string originOf(const persist::Updates& updates, std::uint32_t i)
{
    if (updates.origins.empty() || updates.origins[i] >= updates.parts.size())
        return {};
    const auto& part = updates.parts[updates.origins[i]];
    return "part " + part.key + " of batch [" + std::to_string(part.batchLower) + ", " + std::to_string(part.batchUpper)
        + ")";
}

} // namespace

/// A typer of the table's for as long as one call takes.
class RowTable::BorrowedTyper
{
public:
    explicit BorrowedTyper(const RowTable& table)
        : m_table(table)
    {
        const std::lock_guard lock(m_table.m_typersMutex);
        if (!m_table.m_typers.empty()) {
            m_typer = std::move(m_table.m_typers.back());
            m_table.m_typers.pop_back();
        }
    }

    ~BorrowedTyper()
    {
        const std::lock_guard lock(m_table.m_typersMutex);
        m_table.m_typers.push_back(std::move(m_typer));
    }

    BorrowedTyper(const BorrowedTyper&) = delete;
    BorrowedTyper& operator=(const BorrowedTyper&) = delete;

    [[nodiscard]] Typer& get()
    {
        if (!m_typer)
            m_typer = std::make_unique<Typer>(m_table.m_typed->schemas().front());
        return *m_typer;
    }

    /// Having read the row of an update.
    [[nodiscard]] Typer& at(std::uint32_t update)
    {
        m_table.readInto(get(), update);
        return *m_typer;
    }

private:
    const RowTable& m_table;
    TyperPtr m_typer;
};

RowTable::RowTable(TypedRowsPtr typed, std::vector<std::uint32_t> rows, std::vector<ColumnRecipe> recipes)
    : m_typed(std::move(typed))
    , m_rows(std::move(rows))
    , m_recipes(std::move(recipes))
{
    for (const auto& recipe : m_recipes)
        m_columns.push_back(recipe.column);
}

void RowTable::readInto(Typer& typer, std::uint32_t update) const
{
    if (typer.update == update)
        return;
    const auto outcome = typer.typer.read(m_typed->updates().rows[update]);
    typer.problem = outcome ? std::string() : outcome.error().describe();
    typer.update = update;
}

void RowTable::appendCellText(Typer& typer, std::uint32_t update, std::size_t column, const catalog::NameIndex& names,
                              std::string& to) const
{
    const auto& updates = m_typed->updates();
    const auto& recipe = m_recipes[column];
    switch (recipe.content) {
    case CellContent::Time:
        to += std::to_string(updates.timeOf(update));
        return;
    case CellContent::Diff:
        to += (updates.diffOf(update) > 0 ? "+" : "") + std::to_string(updates.diffOf(update));
        return;
    case CellContent::StoredHex:
        to += toHex(bytesOf(updates.rows[update].bytes()));
        return;
    default:
        break;
    }
    readInto(typer, update);
    if (!typer.problem.empty()) {
        // The row is there all the same: its first column says what is wrong with it.
        if (column == 0 || recipe.content == CellContent::Problem)
            to += typer.problem;
        return;
    }
    if (recipe.content == CellContent::Problem)
        to += typer.typer.kind().empty() ? "the row has no kind" : problemOf(typer.typer);
    else
        appendCell(recipe, typer.typer, recipe.names ? names : kNoNames, to);
}

std::string RowTable::cell(std::uint32_t row, std::size_t column) const
{
    std::string text;
    if (row >= m_rows.size() || column >= m_recipes.size())
        return text;
    BorrowedTyper typer(*this);
    appendCellText(typer.get(), m_rows[row], column, m_typed->namesSoFar(), text);
    return text;
}

std::string RowTable::identity(std::uint32_t row) const
{
    if (row >= m_rows.size())
        return {};
    BorrowedTyper borrowed(*this);
    const auto& typer = borrowed.at(m_rows[row]);
    if (!typer.problem.empty())
        return std::string(kUndecodable) + " " + toHex(bytesOf(m_typed->updates().rows[m_rows[row]].bytes()));
    const auto* collection = typer.typer.collection();
    std::string identity(collection != nullptr ? collection->name : typer.typer.kind());
    identity += " ";
    if (typer.typer.keyNode() != 0)
        typer.typer.tape().appendJson(typer.typer.keyNode(), identity);
    else if (collection != nullptr && !collection->hasKey)
        identity += "null";
    else
        typer.typer.tape().appendJson(0, identity);
    return identity;
}

std::int64_t RowTable::diff(std::uint32_t row) const
{
    return row < m_rows.size() ? m_typed->updates().diffOf(m_rows[row]) : 0;
}

Timestamp RowTable::time(std::uint32_t row) const
{
    return Timestamp(row < m_rows.size() ? m_typed->updates().timeOf(m_rows[row]) : 0);
}

persist::Certainty RowTable::certainty(std::uint32_t row) const
{
    return row < m_rows.size() ? m_typed->updates().certaintyOf(m_rows[row]) : persist::Certainty::Exact;
}

EntryDetail RowTable::detail(std::uint32_t row, bool reveal) const
{
    EntryDetail detail;
    if (row >= m_rows.size())
        return detail;
    const auto& updates = m_typed->updates();
    const auto update = m_rows[row];
    const auto& stored = updates.rows[update];
    const auto bytes = bytesOf(stored.bytes());
    detail.storedForm = nameOf(stored.form);
    detail.storedBytes.assign(bytes.begin(), bytes.end());
    detail.time = time(row);
    detail.certainty = certainty(row);
    detail.diff = diff(row);
    detail.origin = originOf(updates, update);

    BorrowedTyper borrowed(*this);
    const auto& [typer, readUpdate, problem] = borrowed.at(update);
    if (!problem.empty()) {
        detail.collection = kUndecodable;
        detail.title = kUndecodable;
        detail.kind = codec::kindOf(stored);
        detail.problem = problem;
        return detail;
    }
    const auto revealed = reveal ? catalog::Reveal::Yes : catalog::Reveal::No;
    detail.kind = typer.kind();
    detail.collection = typer.collection() != nullptr ? typer.collection()->name : typer.kind();
    detail.title = catalog::titleOf(typer, m_typed->names());
    if (detail.title.empty())
        detail.title = detail.kind;
    for (auto& line : catalog::decodedTree(typer, m_typed->names(), revealed))
        detail.tree.push_back(
            {line.depth, std::move(line.name), std::move(line.text), std::move(line.meaning), line.isSecret});
    detail.json = catalog::rowJson(typer, revealed);
    detail.prettyJson = catalog::prettyRowJson(typer, revealed);
    detail.hasSecret = !catalog::secretNodes(typer).empty();
    detail.problem = problemOf(typer);
    return detail;
}

Result<> RowTable::prepareFilter(const Job& job) const
{
    const std::lock_guard lock(m_haystackMutex);
    if (m_haystack)
        return {};
    BorrowedTyper borrowed(*this);
    auto& typer = borrowed.get();
    const auto& names = m_typed->names();
    const auto appendCells = [&](std::uint32_t row, std::string& to) {
        for (std::size_t column = 0; column < m_recipes.size(); ++column) {
            appendCellText(typer, m_rows[row], column, names, to);
            to += Haystack::kCellEnd;
        }
    };
    INSPECTOR_TRY(auto haystack, Haystack::build(m_rows.size(), appendCells, job));
    m_haystack = std::make_shared<const Haystack>(std::move(haystack));
    return {};
}

Result<std::vector<std::uint32_t>> RowTable::filter(const Filter& filter, std::span<const std::uint32_t> among,
                                                    const Job& job) const
{
    INSPECTOR_TRY(const auto words, parseFilter(filter.text, m_columns));
    if (words.empty())
        return std::vector<std::uint32_t>(among.begin(), among.end());
    INSPECTOR_CHECK(prepareFilter(job));
    std::shared_ptr<const Haystack> haystack;
    {
        const std::lock_guard lock(m_haystackMutex);
        haystack = m_haystack;
    }
    return haystack->search(words, among, job);
}

Result<std::vector<std::uint32_t>> RowTable::sort(std::vector<std::uint32_t> rows, std::size_t column, SortOrder order,
                                                  const Job& job) const
{
    if (column >= m_recipes.size())
        return fail(ErrorCode::InvalidInput, "there is no column " + std::to_string(column));
    std::erase_if(rows, [&](std::uint32_t row) { return row >= m_rows.size(); });
    const auto& recipe = m_recipes[column];
    const auto& updates = m_typed->updates();
    if (recipe.content == CellContent::Time)
        return sortedBy(
            std::move(rows), order, [&](std::uint32_t row) { return updates.timeOf(m_rows[row]); }, job);
    if (recipe.content == CellContent::Diff)
        return sortedBy(
            std::move(rows), order, [&](std::uint32_t row) { return updates.diffOf(m_rows[row]); }, job);
    BorrowedTyper borrowed(*this);
    auto& typer = borrowed.get();
    const auto& names = m_typed->names();
    const auto textOfCell = [&](std::uint32_t row) {
        std::string text;
        appendCellText(typer, m_rows[row], column, names, text);
        return text;
    };
    if (recipe.column.isNumeric)
        return sortedBy(
            std::move(rows), order, [&](std::uint32_t row) { return numberKey(textOfCell(row)); }, job);
    if (isId(recipe.content))
        return sortedBy(
            std::move(rows), order, [&](std::uint32_t row) { return idKey(textOfCell(row)); }, job);
    return sortedBy(std::move(rows), order, textOfCell, job);
}

std::shared_ptr<const RowTable> entriesTable(const TypedRowsPtr& typed, std::string_view collection)
{
    const auto& groups = typed->groups();
    const auto& schema = *typed->schemas().front();
    const auto make = [&](const std::vector<std::uint32_t>& rows, std::vector<ColumnRecipe> columns) {
        const auto& updates = typed->updates();
        if (std::any_of(rows.begin(), rows.end(), [&](std::uint32_t i) { return updates.diffOf(i) != 1; }))
            columns.push_back(diffColumn());
        return std::make_shared<const RowTable>(typed, rows, std::move(columns));
    };
    if (const auto* known = catalog::collectionNamed(collection)) {
        auto columns = columnsOf(schema, known->type);
        if (typed->catalogVersion() != std::optional<std::uint64_t>(schema.version()))
            columns.push_back(rowColumn());
        return make(groups.of(known->type), std::move(columns));
    }
    if (collection == catalog::kFenceTokenKind)
        return make(groups.fenceTokens, fenceTokenColumns());
    if (collection == kUndecodable)
        return make(groups.undecodable, undecodableColumns());
    const auto unknown = groups.unknownKinds.find(collection);
    return make(unknown == groups.unknownKinds.end() ? std::vector<std::uint32_t>() : unknown->second,
                unknownKindColumns());
}

std::shared_ptr<const RowTable> updatesTable(const TypedRowsPtr& typed, std::string_view collection)
{
    const auto& groups = typed->groups();
    std::vector<std::uint32_t> rows;
    std::vector<ColumnRecipe> columns;
    if (collection.empty()) {
        rows.resize(typed->updates().size());
        std::iota(rows.begin(), rows.end(), 0U);
        columns = mixedColumns();
    } else if (const auto* known = catalog::collectionNamed(collection)) {
        rows = groups.of(known->type);
        columns = columnsOf(*typed->schemas().front(), known->type);
    } else if (collection == catalog::kFenceTokenKind) {
        rows = groups.fenceTokens;
        columns = fenceTokenColumns();
    } else if (collection == kUndecodable) {
        rows = groups.undecodable;
        columns = undecodableColumns();
    } else {
        columns = unknownKindColumns();
        if (const auto unknown = groups.unknownKinds.find(collection); unknown != groups.unknownKinds.end())
            rows = unknown->second;
    }
    columns.push_back(timeColumn());
    columns.push_back(diffColumn());
    return std::make_shared<const RowTable>(typed, std::move(rows), std::move(columns));
}

} // namespace inspector::inspect
