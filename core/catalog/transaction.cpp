#include "core/catalog/transaction.h"

#include "core/catalog/json_path.h"
#include "core/catalog/pretty.h"
#include "core/catalog/transaction_errors.h"

#include <algorithm>
#include <limits>
#include <map>

namespace inspector::catalog {

namespace {

/// From this version on a change that leaves the unique fields as they are is not checked (catalog-model §2.22).
constexpr std::uint32_t kFirstThatSkipsUnchanged = 83;

constexpr std::string_view kNull = "null";

/// One entry of a table's pending list (catalog-model §2.16).
struct PendingChange
{
    std::string value;
    std::uint64_t op = 0;
    std::int64_t diff = 1;
};

/// The rows of a collection with what is pending in them.
struct Table
{
    TableRows live; ///< the snapshot's rows with every change in them
    std::map<std::string, std::vector<PendingChange>, std::less<>> pending; ///< by key, in the order of ops
};

struct AuditEvent
{
    EncodedRow row;
    std::uint64_t op = 0;
};

} // namespace

bool isExposedToMemory(CollectionType type)
{
    switch (type) {
    case CollectionType::Config:
    case CollectionType::IdAlloc:
    case CollectionType::Setting:
    case CollectionType::TxnWalShard:
        return false;
    default:
        return true;
    }
}

struct Transaction::Impl
{
    Impl(CatalogSnapshot from, Timestamp atUpper, bool dry)
        : snapshot(std::move(from))
        , upper(atUpper)
        , isDryRun(dry)
        , encoder(snapshot.schema)
    {
        for (std::size_t i = 0; i < kCollectionCount; ++i)
            tables.at(i).live = *snapshot.tables.at(i);
    }

    Table& of(CollectionType type) { return tables.at(static_cast<std::size_t>(type)); }

    /// Sets or removes a row and remembers it as pending. The value that was there.
    std::optional<std::string> change(CollectionType type, const std::string& key, std::optional<EncodedRow> row)
    {
        auto& table = of(type);
        auto& pending = table.pending[key];
        std::optional<std::string> before;
        if (const auto* live = table.live.at(key)) {
            before = live->value;
            pending.push_back({live->value, opId, -1});
        }
        if (!row) {
            table.live.erase(key);
            return before;
        }
        pending.push_back({row->value, opId, 1});
        if (before && *before == row->value)
            return before;
        // A row that is what it was keeps the bytes that it had.
        const auto* stored = snapshot.of(type).at(key);
        if (stored != nullptr && stored->value == row->value)
            table.live.put(key, *stored);
        else
            table.live.put(key, {std::move(row->value), std::move(row->stored), row->facts});
        return before;
    }

    /// The keys of other rows that the row of `key` excludes.
    std::vector<std::string_view> conflicting(CollectionType type, std::string_view key, const TableRow& row)
    {
        std::vector<std::string_view> found;
        const auto& live = of(type).live;
        if (!row.facts.isUnique)
            return found;
        for (const auto other : live.keysWithHash(row.facts.uniqueHash)) {
            if (other != key && excludeEachOther(type, *snapshot.schema, row, *live.at(other)))
                found.push_back(other);
        }
        return found;
    }

    /// Whether the row that is live for `key` excludes another.
    bool isViolated(CollectionType type, const std::string& key, const TableRows& before)
    {
        const auto* row = of(type).live.at(key);
        if (row == nullptr)
            return false;
        const auto* old = before.at(key);
        if (old != nullptr && snapshot.schema->version() >= kFirstThatSkipsUnchanged && old->facts.isUnique
            && old->facts.nameClass == row->facts.nameClass && excludeEachOther(type, *snapshot.schema, *old, *row))
            return false; // the unique fields are what they were
        return !conflicting(type, key, *row).empty();
    }

    Result<std::optional<EncodedRow>> encoded(CollectionType type, std::string_view key,
                                              const std::optional<std::string_view>& value)
    {
        if (!value)
            return std::optional<EncodedRow>();
        INSPECTOR_TRY(auto row, encoder.encode(type, key, *value));
        if (type == CollectionType::Item)
            INSPECTOR_CHECK(checkCreateSql(*snapshot.schema, row.value));
        return std::optional(std::move(row));
    }

    /// A collection that can be changed row by row.
    static Result<> checkIsTable(CollectionType type)
    {
        if (type == CollectionType::AuditLog)
            return fail(ErrorCode::InvalidInput, "the audit log is append-only: add an event instead");
        return {};
    }

    std::optional<std::uint64_t> nextId(std::string_view allocator)
    {
        const auto* row = of(CollectionType::IdAlloc).live.at(keyOfAllocator(allocator));
        if (row == nullptr)
            return std::nullopt;
        codec::JsonTape tape;
        return tape.parseJson(row->value).has_value() ? numberAt(tape, 0, {"next_id"}) : std::nullopt;
    }

    static std::string keyOfAllocator(std::string_view name)
    {
        std::string key = "{\"name\":";
        codec::appendJsonString(name, key);
        return key + "}";
    }

    Result<> setNextId(std::string_view allocator, std::uint64_t next)
    {
        const auto key = keyOfAllocator(allocator);
        INSPECTOR_TRY(auto row, encoded(CollectionType::IdAlloc, key, "{\"next_id\":" + std::to_string(next) + "}"));
        static_cast<void>(change(CollectionType::IdAlloc, key, std::move(row)));
        return {};
    }

    [[nodiscard]] std::vector<MemoryUpdate> updatesOf(std::uint64_t op) const
    {
        std::vector<MemoryUpdate> updates;
        for (const auto& collection : collections()) {
            if (!isExposedToMemory(collection.type))
                continue;
            for (const auto& [key, changes] : tables.at(static_cast<std::size_t>(collection.type)).pending) {
                for (const auto& each : changes) {
                    if (each.op == op)
                        updates.push_back({collection.type, key, each.value, upper, each.diff});
                }
            }
        }
        for (const auto& event : events) {
            if (event.op == op)
                updates.push_back({CollectionType::AuditLog, event.row.key, event.row.value, upper, 1});
        }
        return updates;
    }

    CatalogSnapshot snapshot; ///< as the transaction began
    Timestamp upper;
    bool isDryRun = false;
    RowEncoder encoder;
    std::array<Table, kCollectionCount> tables;
    std::vector<AuditEvent> events;
    std::uint64_t opId = 0;
};

Transaction::Transaction(CatalogSnapshot snapshot, Timestamp upper)
    : m_impl(std::make_unique<Impl>(std::move(snapshot), upper, false))
{
}

Transaction::~Transaction() = default;
Transaction::Transaction(Transaction&&) noexcept = default;
Transaction& Transaction::operator=(Transaction&&) noexcept = default;

Transaction Transaction::dryRun(CatalogSnapshot snapshot, Timestamp upper)
{
    Transaction transaction(std::move(snapshot), upper);
    transaction.m_impl->isDryRun = true;
    return transaction;
}

bool Transaction::isDryRun() const
{
    return m_impl->isDryRun;
}

Timestamp Transaction::upper() const
{
    return m_impl->upper;
}

const SchemaPtr& Transaction::schema() const
{
    return m_impl->snapshot.schema;
}

Result<std::optional<std::string>> Transaction::get(CollectionType type, std::string_view key) const
{
    INSPECTOR_CHECK(Impl::checkIsTable(type));
    INSPECTOR_TRY(const auto canonical, m_impl->encoder.canonicalKey(type, key));
    const auto* row = m_impl->of(type).live.at(canonical);
    return row == nullptr ? std::nullopt : std::optional(row->value);
}

std::vector<std::pair<std::string, std::string>> Transaction::rows(CollectionType type) const
{
    std::vector<std::pair<std::string, std::string>> rows;
    const auto& live = m_impl->of(type).live;
    rows.reserve(live.size());
    for (const auto& [key, row] : live)
        rows.emplace_back(key, row.value);
    return rows;
}

Result<> Transaction::insert(CollectionType type, std::string_view key, std::string_view value)
{
    INSPECTOR_CHECK(Impl::checkIsTable(type));
    INSPECTOR_TRY(auto row, m_impl->encoded(type, key, value));
    // The reference looks at one row after the other and reports what it found last: of a key that is taken and of a
    // row that excludes the new one, the later in order; for one and the same row, the latter.
    const auto& live = m_impl->of(type).live;
    const TableRow wanted {row->value, {}, row->facts};
    const auto* same = live.at(row->key);
    auto others = m_impl->conflicting(type, row->key, wanted);
    std::sort(others.begin(), others.end());
    if (same != nullptr && excludeEachOther(type, *schema(), *same, wanted))
        others.insert(std::upper_bound(others.begin(), others.end(), std::string_view(row->key)), row->key);
    if (same != nullptr || !others.empty()) {
        const bool isViolation = !others.empty() && (same == nullptr || others.back() >= row->key);
        return tl::unexpected<Error>(refusalOf(isViolation ? Clash::UniquenessViolation : Clash::DuplicateKey, type,
                                               row->key, row->value, m_impl->of(CollectionType::ComputeInstance).live));
    }
    const auto canonical = row->key;
    static_cast<void>(m_impl->change(type, canonical, std::move(row)));
    return {};
}

Result<std::optional<std::string>> Transaction::set(CollectionType type, std::string_view key,
                                                    std::optional<std::string_view> value)
{
    INSPECTOR_CHECK(Impl::checkIsTable(type));
    INSPECTOR_TRY(const auto canonical, m_impl->encoder.canonicalKey(type, key));
    INSPECTOR_TRY(auto row, m_impl->encoded(type, key, value));
    auto& table = m_impl->of(type);
    const auto before = table.live;
    const auto pendingBefore = table.pending.find(canonical) == table.pending.end()
        ? std::size_t {0}
        : table.pending.find(canonical)->second.size();
    auto previous = m_impl->change(type, canonical, std::move(row));
    if (m_impl->isViolated(type, canonical, before)) {
        table.live = before;
        table.pending.find(canonical)->second.resize(pendingBefore);
        return fail(ErrorCode::InvalidInput, std::string(kUniquenessViolation));
    }
    return previous;
}

Result<> Transaction::setMany(CollectionType type,
                              const std::vector<std::pair<std::string, std::optional<std::string>>>& values)
{
    INSPECTOR_CHECK(Impl::checkIsTable(type));
    std::vector<std::pair<std::string, std::optional<EncodedRow>>> rows;
    for (const auto& [key, value] : values) {
        INSPECTOR_TRY(auto canonical, m_impl->encoder.canonicalKey(type, key));
        INSPECTOR_TRY(auto row,
                      m_impl->encoded(type, key, value ? std::optional<std::string_view>(*value) : std::nullopt));
        rows.emplace_back(std::move(canonical), std::move(row));
    }
    auto& table = m_impl->of(type);
    const auto before = table.live;
    std::map<std::string, std::size_t, std::less<>> pendingBefore;
    for (auto& [key, row] : rows) {
        pendingBefore.try_emplace(key, table.pending[key].size());
        static_cast<void>(m_impl->change(type, key, std::move(row)));
    }
    const bool isViolated = std::any_of(pendingBefore.begin(), pendingBefore.end(), [&](const auto& changed) {
        return m_impl->isViolated(type, changed.first, before);
    });
    if (!isViolated)
        return {};
    table.live = before;
    for (const auto& [key, count] : pendingBefore)
        table.pending[key].resize(count);
    return fail(ErrorCode::InvalidInput, std::string(kUniquenessViolation));
}

Result<bool> Transaction::update(CollectionType type, std::string_view key, std::string_view value)
{
    INSPECTOR_CHECK(Impl::checkIsTable(type));
    INSPECTOR_TRY(const auto row, m_impl->encoder.normalise(type, key, value));
    const auto* live = m_impl->of(type).live.at(row.key);
    if (live == nullptr)
        return false;
    if (live->value != row.value)
        INSPECTOR_CHECK(set(type, row.key, row.value));
    return true;
}

Result<bool> Transaction::remove(CollectionType type, std::string_view key)
{
    INSPECTOR_TRY(const auto previous, set(type, key, std::nullopt));
    return previous.has_value();
}

Result<std::size_t> Transaction::removeIf(CollectionType type,
                                          const std::function<bool(std::string_view, std::string_view)>& predicate)
{
    INSPECTOR_CHECK(Impl::checkIsTable(type));
    std::vector<std::string> keys;
    for (const auto& [key, row] : m_impl->of(type).live) {
        if (predicate(key, row.value))
            keys.push_back(key);
    }
    for (const auto& key : keys)
        static_cast<void>(m_impl->change(type, key, std::nullopt));
    return keys.size();
}

Result<> Transaction::insertAuditEvent(std::string_view key)
{
    INSPECTOR_TRY(auto row, m_impl->encoder.encode(CollectionType::AuditLog, key, kNull));
    m_impl->events.push_back({std::move(row), m_impl->opId});
    return {};
}

Result<std::vector<std::uint64_t>> Transaction::allocateIds(std::string_view allocator, std::uint64_t count)
{
    const auto first = m_impl->nextId(allocator);
    if (!first)
        return fail(ErrorCode::Internal, std::string(allocator) + " id allocator missing");
    std::uint64_t next = 0;
    if (__builtin_add_overflow(*first, count, &next))
        return fail(ErrorCode::OutOfRange, std::string(kIdExhaustion));
    if (count > kMostIdsAtOnce)
        return fail(ErrorCode::InvalidInput,
                    std::to_string(count) + " ids at once are more than " + std::to_string(kMostIdsAtOnce)
                        + ": allocate them in pieces");
    if (count != 0)
        INSPECTOR_CHECK(m_impl->setNextId(allocator, next));
    std::vector<std::uint64_t> ids;
    ids.reserve(count);
    for (auto id = *first; id != next; ++id)
        ids.push_back(id);
    return ids;
}

Result<std::vector<std::uint32_t>> Transaction::allocateOids(std::uint64_t count, const std::set<std::uint32_t>& taken)
{
    constexpr std::string_view kOid = "oid";
    constexpr std::uint64_t kLast = std::numeric_limits<std::uint32_t>::max();
    constexpr std::uint64_t kAll = kLast - kFirstUserOid + 1;
    constexpr CollectionType kWithOids[] {CollectionType::Database, CollectionType::Schema, CollectionType::Role,
                                          CollectionType::Item, CollectionType::ComputeIntrospectionSourceIndex};
    if (count > kAll)
        return fail(ErrorCode::OutOfRange, std::string(kOidExhaustion));
    const auto start = m_impl->nextId(kOid);
    if (!start)
        return fail(ErrorCode::Internal, std::string(kOid) + " id allocator missing");
    if (*start < kFirstUserOid || *start > kLast)
        return fail(ErrorCode::Corrupt,
                    "the allocator oid holds " + std::to_string(*start) + ", which is not within "
                        + std::to_string(kFirstUserOid) + " to " + std::to_string(kLast) + ": mend its row");
    if (count > kMostIdsAtOnce)
        return fail(ErrorCode::InvalidInput,
                    std::to_string(count) + " OIDs at once are more than " + std::to_string(kMostIdsAtOnce)
                        + ": allocate them in pieces");
    const auto isTaken = [&](std::uint32_t oid) {
        return taken.count(oid) != 0 || std::any_of(std::begin(kWithOids), std::end(kWithOids), [&](auto type) {
                   return m_impl->of(type).live.hasOid(oid);
               });
    };
    std::vector<std::uint32_t> oids;
    oids.reserve(count);
    auto current = static_cast<std::uint32_t>(*start);
    while (oids.size() < count) {
        if (!isTaken(current))
            oids.push_back(current);
        current = current == kLast ? kFirstUserOid : current + 1;
        if (current == *start && oids.size() < count)
            return fail(ErrorCode::OutOfRange, std::string(kOidExhaustion));
    }
    if (count != 0)
        INSPECTOR_CHECK(m_impl->setNextId(kOid, current));
    return oids;
}

std::vector<MemoryUpdate> Transaction::opUpdates() const
{
    return m_impl->updatesOf(m_impl->opId);
}

std::vector<MemoryUpdate> Transaction::takeOpUpdates()
{
    auto updates = m_impl->updatesOf(m_impl->opId);
    ++m_impl->opId;
    return updates;
}

bool Transaction::hasUnconsumedOpUpdates() const
{
    return !opUpdates().empty();
}

Result<TransactionBatch> Transaction::batch() const
{
    TransactionBatch batch;
    batch.upper = m_impl->upper;
    for (const auto& collection : collections()) {
        const auto& before = m_impl->snapshot.of(collection.type);
        const auto& table = m_impl->of(collection.type);
        const auto count = batch.changes.size();
        for (const auto& [key, changes] : table.pending) {
            const auto* old = before.at(key);
            const auto* live = table.live.at(key);
            if (old != nullptr && live != nullptr && old->value == live->value)
                continue;
            if (old != nullptr)
                batch.changes.push_back({old->stored, -1});
            if (live != nullptr)
                batch.changes.push_back({live->stored, 1});
        }
        const bool hasEvents = collection.type == CollectionType::AuditLog && !m_impl->events.empty();
        if (batch.changes.size() != count || hasEvents)
            batch.touched.push_back(collection.type);
    }
    for (const auto& event : m_impl->events)
        batch.changes.push_back({event.row.stored, 1});
    return batch;
}

CatalogSnapshot Transaction::currentSnapshot() const
{
    auto snapshot = m_impl->snapshot;
    for (std::size_t i = 0; i < kCollectionCount; ++i) {
        if (!m_impl->tables.at(i).pending.empty())
            snapshot.tables.at(i) = std::make_shared<const TableRows>(m_impl->tables.at(i).live);
    }
    return snapshot;
}

} // namespace inspector::catalog
