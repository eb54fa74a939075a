#pragma once

#include "core/catalog/unopened_catalog.h"
#include "core/edit/catalog_handle.h"

#include <map>
#include <string>
#include <vector>

namespace inspector::edit {

/// What an unopened handle keeps: every row as stored, and at hand those that every version can read (catalog-model
/// §2.7 "Unopened", §4.6).
class RawRows final : public UpdateApplier
{
public:
    /// `handle` is told of tokens and cached updates, and must outlive this.
    explicit RawRows(CatalogHandle& handle)
        : m_handle(handle)
    {
    }

    [[nodiscard]] Result<> apply(const TimedUpdates& updates) override;
    [[nodiscard]] Result<persist::UpdateList> differenceTo(const persist::UpdateList& snapshot,
                                                           const Job& job) override;

    /// Configs, settings and the fence token.
    [[nodiscard]] catalog::UnopenedCatalog facts() const;
    /// The bytes of the live row of `token`, as they are stored: what a retraction must repeat.
    [[nodiscard]] std::string storedTokenOf(const catalog::FenceToken& token) const;
    /// All rows, consolidated, at the time of the last update.
    [[nodiscard]] Result<persist::UpdateList> consolidatedRows(const Job& job);

private:
    CatalogHandle& m_handle;
    std::vector<TimedUpdates> m_pieces;             ///< in the order in which they came
    std::map<std::string, std::int64_t> m_readable; ///< bytes of the rows that facts() looks at, with their sums
};

} // namespace inspector::edit
