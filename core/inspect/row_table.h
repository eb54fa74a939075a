#pragma once

#include "core/inspect/filter.h"
#include "core/inspect/inspector.h"
#include "core/inspect/row_columns.h"
#include "core/inspect/typed_rows.h"

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace inspector::inspect {

/// Some of the updates of a reading, shown as a table. Rows are typed when they are looked at. Any thread.
class RowTable final : public Table
{
public:
    /// `rows` are positions in the reading's updates.
    RowTable(TypedRowsPtr typed, std::vector<std::uint32_t> rows, std::vector<ColumnRecipe> recipes);

    [[nodiscard]] std::size_t size() const override { return m_rows.size(); }
    [[nodiscard]] const std::vector<Column>& columns() const override { return m_columns; }
    [[nodiscard]] std::string cell(std::uint32_t row, std::size_t column) const override;
    [[nodiscard]] std::string identity(std::uint32_t row) const override;
    [[nodiscard]] std::int64_t diff(std::uint32_t row) const override;
    [[nodiscard]] Timestamp time(std::uint32_t row) const override;
    [[nodiscard]] persist::Certainty certainty(std::uint32_t row) const override;
    [[nodiscard]] EntryDetail detail(std::uint32_t row, bool reveal) const override;

    [[nodiscard]] Result<> prepareFilter(const Job& job) const override;
    [[nodiscard]] Result<std::vector<std::uint32_t>> filter(const Filter& filter, std::span<const std::uint32_t> among,
                                                            const Job& job) const override;
    [[nodiscard]] Result<std::vector<std::uint32_t>> sort(std::vector<std::uint32_t> rows, std::size_t column,
                                                          SortOrder order, const Job& job) const override;

    /// The position of a row in the reading's updates.
    [[nodiscard]] std::uint32_t updateOf(std::uint32_t row) const { return m_rows[row]; }

private:
    /// A typer with the row that it has read last: the cells of a row are asked for one after another.
    struct Typer
    {
        explicit Typer(catalog::SchemaPtr schema)
            : typer(std::move(schema))
        {
        }
        catalog::RowTyper typer;
        std::optional<std::uint32_t> update;
        std::string problem; ///< why the row does not decode; empty when it does
    };
    using TyperPtr = std::unique_ptr<Typer>;

    class BorrowedTyper;

    void appendCellText(Typer& typer, std::uint32_t update, std::size_t column, const catalog::NameIndex& names,
                        std::string& to) const;
    void readInto(Typer& typer, std::uint32_t update) const;

    TypedRowsPtr m_typed;
    std::vector<std::uint32_t> m_rows;
    std::vector<ColumnRecipe> m_recipes;
    std::vector<Column> m_columns;

    mutable std::mutex m_typersMutex;
    mutable std::vector<TyperPtr> m_typers; ///< not in use at the moment; guarded by the mutex above

    mutable std::mutex m_haystackMutex; ///< held while the haystack is made
    mutable std::shared_ptr<const Haystack> m_haystack;
};

/// The table of a collection, of a kind, or of the rows without one; empty when there is no such name.
[[nodiscard]] std::shared_ptr<const RowTable> entriesTable(const TypedRowsPtr& typed, std::string_view collection);

/// All updates of a reading in its order, with time and diff; only those of `collection` unless it is empty.
[[nodiscard]] std::shared_ptr<const RowTable> updatesTable(const TypedRowsPtr& typed, std::string_view collection);

/// The name that rows without a readable kind go by.
inline constexpr std::string_view kUndecodable = "(undecodable)";

} // namespace inspector::inspect
