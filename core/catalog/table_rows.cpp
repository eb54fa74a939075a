#include "core/catalog/table_rows.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

namespace inspector::catalog {

namespace {

/// Whether `text` could be one JSON value: brackets match and no comma or colon stands outside of them. What is inside
/// is for the parser; this keeps two texts that are put into one row from being read across their border.
bool isOneValue(std::string_view text)
{
    std::size_t depth = 0;
    bool isInString = false;
    bool isEmpty = true;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (isInString) {
            if (c == '\\')
                ++i;
            else if (c == '"')
                isInString = false;
            continue;
        }
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
            isEmpty = false;
        if (c == '"')
            isInString = true;
        else if (c == '{' || c == '[')
            ++depth;
        else if (((c == '}' || c == ']') && depth-- == 0) || (depth == 0 && (c == ',' || c == ':')))
            return false;
    }
    return depth == 0 && !isInString && !isEmpty;
}

bool isNull(std::string_view text)
{
    const auto begin = text.find_first_not_of(" \t\r\n");
    const auto end = text.find_last_not_of(" \t\r\n");
    return begin != std::string_view::npos && text.substr(begin, end - begin + 1) == "null";
}

} // namespace

// --- tables

TableRows TableRows::ofSorted(std::vector<Entry> rows)
{
    std::vector<Reference> hashes;
    std::vector<Reference> oids;
    for (const auto& [key, row] : rows) {
        if (row.facts.isUnique)
            hashes.push_back({row.facts.uniqueHash, key});
        if (row.facts.oid)
            oids.push_back({*row.facts.oid, key});
    }
    const auto built = [](std::vector<Reference> references) {
        std::sort(references.begin(), references.end());
        std::vector<References::Entry> entries;
        entries.reserve(references.size());
        for (auto& reference : references)
            entries.emplace_back(std::move(reference), Nothing {});
        return References::ofSorted(std::move(entries));
    };
    TableRows table;
    table.m_byHash = built(std::move(hashes));
    table.m_byOid = built(std::move(oids));
    table.m_rows = SharedMap<std::string, TableRow>::ofSorted(std::move(rows));
    return table;
}

std::vector<std::string_view> TableRows::keysOf(const References& references, std::uint64_t number)
{
    std::vector<std::string_view> keys;
    for (auto it = references.lowerBound(Reference {number, {}}); it != references.end() && it->first.number == number;
         ++it)
        keys.push_back(it->first.key);
    return keys;
}

std::vector<std::string_view> TableRows::keysWithHash(std::uint64_t uniqueHash) const
{
    return keysOf(m_byHash, uniqueHash);
}

std::vector<std::string_view> TableRows::keysWithOid(std::uint32_t oid) const
{
    return keysOf(m_byOid, oid);
}

bool TableRows::hasOid(std::uint32_t oid) const
{
    const auto it = m_byOid.lowerBound(Reference {oid, {}});
    return it != m_byOid.end() && it->first.number == oid;
}

void TableRows::put(std::string key, TableRow row)
{
    erase(key);
    if (row.facts.isUnique)
        m_byHash.put({row.facts.uniqueHash, key}, {});
    if (row.facts.oid)
        m_byOid.put({*row.facts.oid, key}, {});
    m_rows.put(std::move(key), std::move(row));
}

bool TableRows::erase(std::string_view key)
{
    const auto* row = m_rows.at(key);
    if (row == nullptr)
        return false;
    const auto facts = row->facts;
    if (facts.isUnique)
        m_byHash.erase(Reference {facts.uniqueHash, std::string(key)});
    if (facts.oid)
        m_byOid.erase(Reference {*facts.oid, std::string(key)});
    return m_rows.erase(key);
}

CatalogSnapshot CatalogSnapshot::empty(SchemaPtr schema)
{
    CatalogSnapshot snapshot;
    snapshot.schema = std::move(schema);
    snapshot.tables.fill(std::make_shared<const TableRows>());
    return snapshot;
}

Result<SnapshotOfRows> snapshotOf(const GroupedUpdates& consolidated, const SchemaPtr& schema, const Job& job)
{
    constexpr std::size_t kRowsPerStep = 4096;
    SnapshotOfRows made {CatalogSnapshot::empty(schema), {}};
    const auto& updates = *consolidated.updates;
    RowEncoder encoder(schema);
    std::size_t done = 0;
    for (const auto& collection : collections()) {
        if (collection.type == CollectionType::AuditLog)
            continue;
        const auto problem = [&](std::uint32_t update, const std::string& what) {
            made.problems.push_back({update, "a row of " + std::string(collection.name) + " " + what});
        };
        std::map<std::string, TableRow> rows;
        std::vector<std::pair<std::uint32_t, EncodedRow>> takenBack;
        std::vector<std::pair<std::uint32_t, EncodedRow>> repeated;
        for (const auto i : consolidated.of(collection.type)) {
            if (done++ % kRowsPerStep == 0)
                INSPECTOR_CHECK(job.step(done, updates.size()));
            auto row = encoder.decode(updates.rows[i]);
            if (!row.has_value()) {
                problem(i, "does not decode: " + row.error().message);
                continue;
            }
            const auto diff = updates.diffOf(i);
            if (diff != 1)
                problem(i, "has a diff of " + std::to_string(diff) + ": " + row->key);
            if (diff < 0) {
                takenBack.emplace_back(i, *std::move(row));
                continue;
            }
            if (rows.count(row->key) != 0)
                repeated.emplace_back(i, *std::move(row));
            else
                rows.emplace(row->key, TableRow {std::move(row->value), std::move(row->stored), row->facts});
        }
        // A retraction whose bytes were never there still takes away what it means (§8.5): that is what the reference's
        // typed rows come to.
        for (auto& [i, gone] : takenBack) {
            const auto at = rows.find(gone.key);
            if (at != rows.end() && at->second.value == gone.value) {
                rows.erase(at);
                continue;
            }
            const auto other = std::find_if(repeated.begin(), repeated.end(), [&](const auto& each) {
                return each.second.key == gone.key && each.second.value == gone.value;
            });
            if (other != repeated.end())
                repeated.erase(other);
        }
        for (auto& [i, row] : repeated) {
            if (rows.count(row.key) != 0)
                problem(i, "is one of several for the key " + row.key);
            else
                rows.emplace(row.key, TableRow {std::move(row.value), std::move(row.stored), row.facts});
        }
        std::vector<TableRows::Entry> sorted;
        sorted.reserve(rows.size());
        for (auto it = rows.begin(); it != rows.end();) {
            auto node = rows.extract(it++);
            sorted.emplace_back(std::move(node.key()), std::move(node.mapped()));
        }
        made.snapshot.tables.at(static_cast<std::size_t>(collection.type)) =
            std::make_shared<const TableRows>(TableRows::ofSorted(std::move(sorted)));
    }
    return made;
}

// --- encoding

RowEncoder::RowEncoder(SchemaPtr schema)
    : m_schema(schema)
    , m_typer(std::move(schema))
{
}

Error RowEncoder::misfit(ErrorCode code) const
{
    const auto misfits = m_typer.misfits();
    const Misfit* first = nullptr;
    for (const auto& each : misfits) {
        const bool counts = each.isFatal || (code == ErrorCode::InvalidInput && each.kind == MisfitKind::ExtraField);
        if (counts && first == nullptr)
            first = &each;
    }
    return Error {code, first != nullptr ? first->message : "the row does not fit its types", {}, false};
}

Result<> RowEncoder::read(CollectionType type, std::string_view key, std::string_view value)
{
    const auto& collection = collectionOf(type);
    if (!m_schema->has(type))
        return fail(ErrorCode::InvalidInput,
                    "catalog version " + std::to_string(m_schema->version()) + " has no collection "
                        + std::string(collection.name));
    const auto& types = m_schema->typesOf(type);
    const auto check = [&](bool isThere, std::string_view text, const char* what) -> Result<> {
        if (!isOneValue(text))
            return fail(ErrorCode::InvalidInput, std::string("the ") + what + " is no JSON value");
        if (!isThere && !isNull(text))
            return fail(ErrorCode::InvalidInput,
                        "a row of " + std::string(collection.name) + " has no " + what + ": give null");
        return {};
    };
    INSPECTOR_CHECK(check(types.hasKey, key, "key"));
    INSPECTOR_CHECK(check(types.hasValue, value, "value"));
    m_row.clear();
    m_row += "{\"kind\":\"";
    m_row += collection.kind;
    m_row += '"';
    if (types.hasKey)
        m_row.append(",\"key\":").append(key);
    if (types.hasValue)
        m_row.append(",\"value\":").append(value);
    m_row += '}';
    if (m_row.size() > std::numeric_limits<std::uint32_t>::max())
        return fail(ErrorCode::InvalidInput, "the row has more than 4 GiB");
    auto parsed = m_typer.read({m_row.data(), static_cast<std::uint32_t>(m_row.size()), codec::RowForm::JsonText});
    if (parsed.has_value())
        return {};
    // Which of the two is it? A whole row says little to somebody who typed one of them.
    codec::JsonTape tape;
    for (const auto& [isThere, text, what] :
         {std::tuple(types.hasKey, key, "key"), std::tuple(types.hasValue, value, "value")}) {
        if (!isThere)
            continue;
        if (const auto alone = tape.parseJson(text); !alone.has_value())
            return fail(ErrorCode::InvalidInput, std::string("the ") + what + " is no JSON: " + alone.error().message);
    }
    return fail(ErrorCode::InvalidInput, parsed.error().message);
}

Result<EncodedRow> RowEncoder::normalise(CollectionType type, std::string_view key, std::string_view value)
{
    INSPECTOR_CHECK(read(type, key, value));
    EncodedRow row;
    m_text.clear();
    bool isTyped = m_typer.appendCanonicalKey(m_text);
    const auto keySize = m_text.size();
    isTyped = isTyped && m_typer.appendCanonicalValue(m_text);
    if (!isTyped || m_typer.hasExtraFields())
        return tl::unexpected<Error>(misfit(ErrorCode::InvalidInput));
    row.key = m_text.text().substr(0, keySize);
    row.value = m_text.text().substr(keySize);
    row.facts = factsOf(m_typer);
    return row;
}

Result<EncodedRow> RowEncoder::encode(CollectionType type, std::string_view key, std::string_view value)
{
    INSPECTOR_TRY(auto row, normalise(type, key, value));
    INSPECTOR_TRY(row.stored, storedOf(type, row.key, row.value));
    return row;
}

Result<std::string> RowEncoder::canonicalKey(CollectionType type, std::string_view key)
{
    if (m_schema->has(type) && !m_schema->typesOf(type).hasKey) {
        INSPECTOR_CHECK(read(type, key, "null"));
        return std::string("null");
    }
    INSPECTOR_CHECK(read(type, key, "null"));
    m_text.clear();
    if (!m_typer.appendCanonicalKey(m_text) || m_typer.hasExtraFields())
        return tl::unexpected<Error>(misfit(ErrorCode::InvalidInput));
    return std::string(m_text.text());
}

Result<std::string> RowEncoder::storedOf(CollectionType type, std::string_view canonicalKey,
                                         std::string_view canonicalValue)
{
    const auto& types = m_schema->typesOf(type);
    m_row.clear();
    m_row += '{';
    if (types.hasKey)
        m_row.append("\"key\":").append(canonicalKey).append(",");
    m_row.append("\"kind\":\"").append(collectionOf(type).kind).append("\"");
    if (types.hasValue)
        m_row.append(",\"value\":").append(canonicalValue);
    m_row += '}';
    INSPECTOR_CHECK(m_tape.parseJson(m_row));
    INSPECTOR_TRY(const auto bytes, codec::sourceDataOf(m_tape));
    return std::string(inspector::textOf(bytes));
}

Result<EncodedRow> RowEncoder::decode(codec::StoredRow stored)
{
    INSPECTOR_CHECK(m_typer.read(stored));
    m_text.clear();
    bool isTyped = m_typer.appendCanonicalKey(m_text);
    const auto keySize = m_text.size();
    isTyped = isTyped && m_typer.appendCanonicalValue(m_text);
    if (!isTyped)
        return tl::unexpected<Error>(misfit(ErrorCode::Corrupt));
    EncodedRow row;
    row.key = m_text.text().substr(0, keySize);
    row.value = m_text.text().substr(keySize);
    if (stored.form == codec::RowForm::SourceData) {
        row.stored = stored.bytes();
    } else {
        INSPECTOR_TRY(const auto bytes, codec::sourceDataOf(m_typer.tape()));
        row.stored = inspector::textOf(bytes);
    }
    row.facts = factsOf(m_typer);
    return row;
}

Result<std::string> encodeRow(const RowSchema& schema, CollectionType type, std::string_view key,
                              std::string_view value)
{
    RowEncoder encoder(SchemaPtr(SchemaPtr(), &schema)); // borrowed for this call
    INSPECTOR_TRY(auto row, encoder.encode(type, key, value));
    return std::move(row.stored);
}

std::string encodeFenceToken(const FenceToken& token)
{
    const auto bytes =
        codec::sourceDataOf("{\"deploy_generation\":" + std::to_string(token.deployGeneration.value())
                            + ",\"epoch\":" + std::to_string(token.epoch.value()) + ",\"kind\":\"FenceToken\"}");
    return bytes.has_value() ? std::string(inspector::textOf(*bytes)) : std::string(); // two numbers always encode
}

} // namespace inspector::catalog
