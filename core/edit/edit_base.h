#pragma once

#include "core/base/ids.h"
#include "core/base/job.h"
#include "core/base/result.h"
#include "core/catalog/collection.h"
#include "core/catalog/fence.h"
#include "core/catalog/references.h"
#include "core/catalog/row_schema.h"
#include "core/catalog/snapshot.h"
#include "core/catalog/table_rows.h"
#include "core/catalog/unopened_catalog.h"
#include "core/persist/state.h"
#include "core/persist/updates.h"
#include "core/store/blob.h"
#include "core/store/consensus.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace inspector::edit {

/// Which row is meant: by its kind and the canonical JSON of its key.
struct RowName
{
    std::string kind; ///< "Setting"
    std::string key;  ///< canonical JSON; "null" for a singleton

    friend auto operator<=>(const RowName&, const RowName&) = default;
};

/// One of the rows that a key has. In a healthy catalog there is one, of diff +1.
struct KeyRow
{
    std::uint32_t update = 0; ///< index into the base's updates
    std::int64_t diff = 1;
    std::string stored;      ///< SourceData bytes: what a retraction must repeat
    std::string value;       ///< canonical JSON of its value; "null" without one
    bool isTyped = true;     ///< false: it does not fit the types of its version
    bool isCanonical = true; ///< false: the reference would write it differently (catalog-model §8.5)
};

/// A fence token row and what its diffs come to.
struct TokenRow
{
    catalog::FenceToken token;
    std::string stored;
    std::int64_t diff = 1;
};

/// Where an id is defined and used: indices into the base's updates.
struct IdRecord
{
    std::vector<std::uint32_t> definedBy;
    std::vector<std::uint32_t> usedBy;
};

/// What drafts are judged against: the whole catalog at one moment, consolidated, with the state that it was read from,
/// and with the indexes that judging needs, so that a draft is judged without I/O. Immutable; any thread.
class EditBase
{
public:
    /// `consolidated`: all rows of `state` at its latest time, or those before `upper` for a look back at an earlier
    /// one. Takes a few microseconds a row. Cancelled; no other error.
    [[nodiscard]] static Result<std::shared_ptr<const EditBase>> of(persist::StatePtr state,
                                                                    persist::UpdateList consolidated, const Job& job,
                                                                    std::optional<Timestamp> upper = std::nullopt);

    [[nodiscard]] const persist::State& state() const { return *m_state; }
    /// The upper that the shard had: what an append must find.
    [[nodiscard]] Timestamp upper() const { return m_upper; }
    [[nodiscard]] const persist::Updates& updates() const { return *m_rows.updates; }
    [[nodiscard]] const catalog::GroupedUpdates& rows() const { return m_rows; }
    [[nodiscard]] const catalog::UnopenedCatalog& facts() const { return m_facts; }

    /// True when the catalog's version is one whose types this build knows: else rows are raw JSON.
    [[nodiscard]] bool isTyped() const { return m_isTyped; }
    /// The types of the catalog's version, or of the nearest one that is known.
    [[nodiscard]] const catalog::SchemaPtr& schema() const { return m_snapshot.schema; }
    /// Empty unless isTyped().
    [[nodiscard]] const catalog::CatalogSnapshot& snapshot() const { return m_snapshot; }
    /// Rows that do not belong in a snapshot as they are.
    [[nodiscard]] const std::vector<catalog::RowProblem>& problems() const { return m_problems; }
    /// Every fence token row whose diffs do not come to zero; one of diff +1 in a healthy catalog.
    [[nodiscard]] const std::vector<TokenRow>& tokens() const { return m_tokens; }
    /// Every id that a row defines or uses. Empty unless isTyped().
    [[nodiscard]] const std::map<catalog::Reference, IdRecord>& ids() const { return m_ids; }

    /// The rows of a key, live ones first. By the types of the catalog's version; rows that do not fit them, and all
    /// rows when those are not known, by the JSON of their key.
    [[nodiscard]] std::vector<KeyRow> rowsOf(const RowName& name) const;
    /// The largest id of an audit event but for those of `without`; 0 when there is none. Looks at each.
    [[nodiscard]] std::uint64_t largestEventId(const std::set<std::uint32_t>& without) const;
    /// The updates of a kind, which need not be one that this build knows.
    [[nodiscard]] const std::vector<std::uint32_t>& updatesOfKind(std::string_view kind) const;

private:
    EditBase(persist::StatePtr state, Timestamp upper, catalog::GroupedUpdates rows);

    [[nodiscard]] Result<> index(const Job& job);
    [[nodiscard]] KeyRow rowAt(std::uint32_t update) const;

    persist::StatePtr m_state;
    Timestamp m_upper;
    catalog::GroupedUpdates m_rows;
    catalog::UnopenedCatalog m_facts;
    bool m_isTyped = false;
    catalog::CatalogSnapshot m_snapshot;
    std::vector<catalog::RowProblem> m_problems;
    std::vector<TokenRow> m_tokens;
    std::map<catalog::Reference, IdRecord> m_ids;
    std::set<RowName> m_troubled; ///< names that a row with a problem has: a look at the snapshot does not tell all
};

using EditBasePtr = std::shared_ptr<const EditBase>;

/// Reads the newest state and all of its rows. Corrupt when anything of them cannot be read: nothing is repaired that
/// is not seen whole. Conflict for a finalised shard, NotFound "uninitialized" for one that has no rows yet,
/// Unsupported when it is no catalog.
[[nodiscard]] Result<EditBasePtr> readEditBase(const store::Consensus& consensus, const store::Blob& blob,
                                               const ShardId& shardId, const Job& job);

/// What turns the rows of `before` into those of `after`; consolidated, empty when they are the same.
[[nodiscard]] Result<persist::UpdateList> changesBetween(const persist::UpdateList& before,
                                                         const persist::UpdateList& after, const Job& job);

/// The kind and the key of a stored row, by its JSON alone; nothing when it does not parse or has no kind.
[[nodiscard]] std::optional<RowName> nameOfRow(codec::StoredRow row);

/// The SourceData bytes `stored` as a row; a view.
[[nodiscard]] inline codec::StoredRow viewOf(const std::string& stored)
{
    return {stored.data(), static_cast<std::uint32_t>(stored.size()), codec::RowForm::SourceData};
}

} // namespace inspector::edit
