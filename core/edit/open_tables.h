#pragma once

#include "core/edit/catalog_handle.h"

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace inspector::edit {

/// What an open handle keeps: typed rows of every collection but the audit log, and the updates that higher layers have
/// not asked for yet (catalog-model §2.7 "Opened"). Following costs what the updates cost, not what the catalog has.
class OpenTables final : public UpdateApplier
{
public:
    /// `handle` is told of tokens and cached updates, and must outlive this.
    OpenTables(CatalogHandle& handle, catalog::SchemaPtr schema);

    /// Takes the consolidated rows of the whole catalog (catalog-model §2.11 step 7). Corrupt when a row does not
    /// decode with this version's types.
    [[nodiscard]] Result<> load(const persist::UpdateList& rows, const Job& job);

    [[nodiscard]] Result<> apply(const TimedUpdates& updates) override;
    [[nodiscard]] Result<persist::UpdateList> differenceTo(const persist::UpdateList& snapshot,
                                                           const Job& job) override;

    /// Takes changes that the shard does not have: of a savepoint, or of a read-only open.
    [[nodiscard]] Result<> applyInMemory(std::vector<catalog::RowChange> changes, Timestamp time);

    [[nodiscard]] catalog::CatalogSnapshot snapshot() const;
    [[nodiscard]] const catalog::TableRows& of(catalog::CollectionType type) const
    {
        return m_tables.at(static_cast<std::size_t>(type));
    }
    [[nodiscard]] const catalog::SchemaPtr& schema() const { return m_encoder.schema(); }

    /// Updates that are queued with a time below `target`.
    [[nodiscard]] std::uint64_t queuedBelow(Timestamp target) const;
    /// Takes them out.
    [[nodiscard]] Result<std::vector<catalog::MemoryUpdate>> takeBelow(Timestamp target);
    void dropBelow(Timestamp target);

    /// The keys of audit rows, in the order of their ids: those among `rows` and those that are in memory only.
    [[nodiscard]] Result<std::vector<std::string>> auditKeys(const persist::UpdateList& rows, const Job& job);

    /// Rows that do not fit beside each other, one clause each; empty in a healthy catalog.
    [[nodiscard]] std::vector<std::string> problems() const;

private:
    struct Queued
    {
        catalog::CollectionType type = catalog::CollectionType::AuditLog;
        codec::StoredRow row;
        std::shared_ptr<const void> owner;
        Timestamp time;
        std::int64_t diff = 1;
    };
    struct Decoded
    {
        catalog::CollectionType type = catalog::CollectionType::AuditLog;
        catalog::EncodedRow row;
        std::int64_t diff = 1;
    };
    using RowName = std::pair<catalog::CollectionType, std::string>;
    /// A row by its typed content.
    using RowContent = std::tuple<catalog::CollectionType, std::string, std::string>;
    struct Stray
    {
        std::int64_t sum = 0;
        std::string stored;
        catalog::RowFacts facts;
    };
    enum class Source { Shard, Memory };

    [[nodiscard]] Result<Decoded> decode(codec::StoredRow row, catalog::CollectionType type, std::int64_t diff);
    [[nodiscard]] Result<> take(const TimedUpdates& updates, Source source);
    /// Counts an update and queues it for higher layers.
    void note(catalog::CollectionType type, const TimedUpdates::Entry& entry, const TimedUpdates& updates);
    void put(Decoded decoded);
    /// After the row of `name` went: a stray one takes its place.
    void promote(const RowName& name);
    [[nodiscard]] catalog::TableRows& table(catalog::CollectionType type)
    {
        return m_tables.at(static_cast<std::size_t>(type));
    }
    /// Nothing, or Corrupt: whoever writes builds on rows that fit.
    [[nodiscard]] Result<> checkFit() const;
    void unshadow(const RowName& name);

    CatalogHandle& m_handle;
    catalog::RowEncoder m_encoder;
    std::array<catalog::TableRows, catalog::kCollectionCount> m_tables;
    std::deque<Queued> m_queue;                ///< in time order
    std::map<RowContent, Stray> m_strays;      ///< rows that found no place: their sums do not come to one row a key
    std::vector<TimedUpdates> m_auditInMemory; ///< of applyInMemory()
    /// What the shard has under keys that a read-only open changed in memory. It comes back when the shard says
    /// something about the key.
    std::map<RowName, std::optional<catalog::TableRow>> m_shadowed;
};

} // namespace inspector::edit
