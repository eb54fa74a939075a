#pragma once

#include "core/base/bytes.h"
#include "core/base/job.h"
#include "core/base/result.h"
#include "core/catalog/collection.h"
#include "core/catalog/fence.h"
#include "core/catalog/row_schema.h"
#include "core/catalog/shared_map.h"
#include "core/catalog/snapshot.h"
#include "core/catalog/typed_row.h"

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace inspector::catalog {

/// What the uniqueness rules (catalog-model §2.16) and the OID allocator (§2.17) look at in a row, found out once.
struct RowFacts
{
    /// Which names an item takes: a type and an item of a class that types collide with exclude each other.
    enum class NameClass : std::uint8_t { Plain, CollidesWithTypes, Type };

    std::uint64_t uniqueHash = 0; ///< of what no two rows of the collection may share; meaningful if isUnique
    bool isUnique = false;
    NameClass nameClass = NameClass::Plain;
    std::optional<std::uint32_t> oid; ///< that the allocator must skip
};

/// A row of a collection, as transactions see it.
struct TableRow
{
    std::string value;  ///< canonical JSON (persist-format §8.5) of the value; "null" for collections without
    std::string stored; ///< its SourceData bytes exactly as stored: what a retraction must repeat
    RowFacts facts;
};

/// The rows of one collection by key. The key is the canonical JSON of the row's key, with optional fields that the
/// row lacks as null; "null" for a singleton. A value whose copies share: O(1) to copy, O(log n) to change.
class TableRows
{
public:
    using Entry = SharedMap<std::string, TableRow>::Entry;
    using Iterator = SharedMap<std::string, TableRow>::Iterator;

    TableRows() = default;
    /// Of rows that are sorted by key, each key once.
    [[nodiscard]] static TableRows ofSorted(std::vector<Entry> rows);

    [[nodiscard]] std::size_t size() const { return m_rows.size(); }
    [[nodiscard]] bool empty() const { return m_rows.empty(); }
    [[nodiscard]] Iterator begin() const { return m_rows.begin(); }
    [[nodiscard]] Iterator end() const { return m_rows.end(); }
    [[nodiscard]] Iterator find(std::string_view key) const { return m_rows.find(key); }
    [[nodiscard]] bool contains(std::string_view key) const { return m_rows.contains(key); }
    /// The row of a key, or nullptr.
    [[nodiscard]] const TableRow* at(std::string_view key) const { return m_rows.at(key); }

    /// The keys of the rows with this hash of unique fields.
    [[nodiscard]] std::vector<std::string_view> keysWithHash(std::uint64_t uniqueHash) const;
    [[nodiscard]] bool hasOid(std::uint32_t oid) const;
    /// The keys of the rows that have this OID.
    [[nodiscard]] std::vector<std::string_view> keysWithOid(std::uint32_t oid) const;

    /// Inserts, or replaces what the key had.
    void put(std::string key, TableRow row);
    /// False when there was no such key.
    bool erase(std::string_view key);

private:
    /// A number and the key of the row that it belongs to.
    struct Reference
    {
        std::uint64_t number = 0;
        std::string key;

        friend auto operator<=>(const Reference&, const Reference&) = default;
    };
    struct Nothing
    {
    };
    using References = SharedMap<Reference, Nothing>;

    static std::vector<std::string_view> keysOf(const References& references, std::uint64_t number);

    SharedMap<std::string, TableRow> m_rows;
    References m_byHash;
    References m_byOid;
};

/// Typed rows of every collection but the audit log (catalog-model §1.8 "Snapshot", §2.12). A value; cheap to copy
/// because tables are shared.
struct CatalogSnapshot
{
    SchemaPtr schema;
    std::array<std::shared_ptr<const TableRows>, kCollectionCount> tables; ///< never null

    /// Without rows.
    [[nodiscard]] static CatalogSnapshot empty(SchemaPtr schema);

    [[nodiscard]] const TableRows& of(CollectionType type) const { return *tables.at(static_cast<std::size_t>(type)); }
};

/// A row that does not belong in a snapshot as it is, or that the reference would stop at.
struct RowProblem
{
    std::uint32_t update = 0; ///< index into the updates that it came from
    std::string message;      ///< one clause
};

struct SnapshotOfRows
{
    CatalogSnapshot snapshot;
    std::vector<RowProblem> problems; ///< in the order of collections
};

/// The snapshot of consolidated rows (catalog-model §2.12). Tolerant: rows that do not decode are left out, of two rows
/// for one key the first stays, a retraction takes away the row whose typed value it repeats, if there is one; each is
/// a problem. The audit log is not looked at. Cancelled; no other error.
[[nodiscard]] Result<SnapshotOfRows> snapshotOf(const GroupedUpdates& consolidated, const SchemaPtr& schema,
                                                const Job& job);

/// A change of one row: what is appended.
struct RowChange
{
    std::string stored; ///< SourceData bytes
    std::int64_t diff = 1;
};

/// A row in the forms in which a catalog needs it.
struct EncodedRow
{
    std::string key;    ///< canonical JSON, missing optional fields as null; "null" for a singleton
    std::string value;  ///< the same of the value; "null" for collections without
    std::string stored; ///< SourceData bytes (catalog-model §1.3)
    RowFacts facts;
};

/// Brings rows into their one canonical form, checked against the types of a catalog version. Reused for row after row.
/// One thread at a time.
class RowEncoder
{
public:
    explicit RowEncoder(SchemaPtr schema);

    [[nodiscard]] const SchemaPtr& schema() const { return m_schema; }

    /// The row of JSON in any spelling; "null" where there is no key or no value. InvalidInput names the first misfit,
    /// a field that the types do not have included: dropping what somebody typed would be worse.
    [[nodiscard]] Result<EncodedRow> encode(CollectionType type, std::string_view key, std::string_view value);
    /// The same without `stored`, for what may be changed again before it is written.
    [[nodiscard]] Result<EncodedRow> normalise(CollectionType type, std::string_view key, std::string_view value);
    /// A key alone, by the rules of encode().
    [[nodiscard]] Result<std::string> canonicalKey(CollectionType type, std::string_view key);
    /// The bytes of a row whose canonical key and value are at hand.
    [[nodiscard]] Result<std::string> storedOf(CollectionType type, std::string_view canonicalKey,
                                               std::string_view canonicalValue);

    /// A stored row as a table keeps it; fields that the types do not have are left out of key and value. `stored`
    /// stays as it is, a row that was kept as JSON text is encoded. Corrupt when it does not fit its types.
    [[nodiscard]] Result<EncodedRow> decode(codec::StoredRow row);
    /// The collection of the row that was decoded last.
    [[nodiscard]] const Collection* collection() const { return m_typer.collection(); }

private:
    [[nodiscard]] Result<> read(CollectionType type, std::string_view key, std::string_view value);
    [[nodiscard]] Error misfit(ErrorCode code) const;

    SchemaPtr m_schema;
    RowTyper m_typer;
    codec::JsonTape m_tape;
    std::string m_row;
    TextBuffer m_text;
};

/// The bytes of a new row: canonical encoding (catalog-model §1.3) of its kind, key and value, checked against the
/// types of `schema`. InvalidInput names the first misfit. `key` and `value` are JSON in any spelling; "null" where
/// there is none.
[[nodiscard]] Result<std::string> encodeRow(const RowSchema& schema, CollectionType type, std::string_view key,
                                            std::string_view value);

/// The bytes of a fence token row; the same in every version.
[[nodiscard]] std::string encodeFenceToken(const FenceToken& token);

/// What the rules of `schema`'s version look at in the row that `typer` read.
[[nodiscard]] RowFacts factsOf(const RowTyper& typer);

/// Whether two rows of a collection with different keys exclude each other (catalog-model §2.16). Values are canonical.
[[nodiscard]] bool excludeEachOther(CollectionType type, const RowSchema& schema, const TableRow& a, const TableRow& b);

} // namespace inspector::catalog
