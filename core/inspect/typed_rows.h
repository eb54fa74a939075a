#pragma once

#include "core/base/job.h"
#include "core/catalog/pretty.h"
#include "core/catalog/row_schema.h"
#include "core/catalog/snapshot.h"
#include "core/catalog/typed_row.h"
#include "core/persist/updates.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace inspector::inspect {

/// Updates with what typing their rows takes: told apart by collection, with the types of their catalog version and the
/// names that ids have. Immutable, shared by all that show them; any thread.
class TypedRows
{
public:
    /// Looks at the kind of every row, and finds the catalog's version among its Config rows; `version` is the one from
    /// before them. Cancelled; no other error.
    [[nodiscard]] static Result<std::shared_ptr<const TypedRows>>
    make(persist::UpdateList updates, const Job& job, std::optional<std::uint64_t> version = std::nullopt);

    [[nodiscard]] const persist::Updates& updates() const { return *m_groups.updates; }
    [[nodiscard]] const catalog::GroupedUpdates& groups() const { return m_groups; }

    /// Config user_version; nothing when there is none.
    [[nodiscard]] std::optional<std::uint64_t> catalogVersion() const { return m_catalogVersion; }
    /// The types of the catalog's version first (of the newest known one when it has none), then those of the other
    /// versions that it had among these updates. Never empty.
    [[nodiscard]] const std::vector<catalog::SchemaPtr>& schemas() const { return m_schemas; }

    /// What ids stand for, by the sums of these updates. Made when first asked for, which takes a while.
    [[nodiscard]] const catalog::NameIndex& names() const;
    /// The same when they were made already, else no names: for painting, which must not wait.
    [[nodiscard]] const catalog::NameIndex& namesSoFar() const;

private:
    TypedRows() = default;

    catalog::GroupedUpdates m_groups;
    std::optional<std::uint64_t> m_catalogVersion;
    std::vector<catalog::SchemaPtr> m_schemas;
    mutable std::once_flag m_namesOnce;
    mutable catalog::NameIndex m_names; ///< set once, under the flag
    mutable std::atomic<bool> m_hasNames = false;
    catalog::NameIndex m_noNames;
};

using TypedRowsPtr = std::shared_ptr<const TypedRows>;

/// Reads rows with the first of several versions' types that they fit: a history spans upgrades. One thread at a time;
/// each thread its own.
class VersionedTyper
{
public:
    explicit VersionedTyper(const TypedRows& rows);

    /// The row by the catalog's own types, whether it fits them or not. Errors of RowTyper::read().
    [[nodiscard]] Result<catalog::RowTyper*> read(codec::StoredRow row);

    /// Appends by the first types that fit; false when the row does not decode or fits none. `append(typer)` appends or
    /// leaves everything as it was and returns false, as RowTyper's functions do.
    template <typename Append>
    [[nodiscard]] bool append(codec::StoredRow row, const Append& append)
    {
        for (auto& typer : m_typers) {
            if (!typer->read(row))
                return false;
            if (append(*typer))
                return true;
        }
        return false;
    }

private:
    std::vector<std::unique_ptr<catalog::RowTyper>> m_typers;
};

} // namespace inspector::inspect
