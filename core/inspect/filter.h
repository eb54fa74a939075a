#pragma once

#include "core/base/job.h"
#include "core/inspect/inspector.h"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace inspector::inspect {

/// One word of a filter.
struct FilterWord
{
    std::string text;                  ///< folded to lower case; never empty
    std::optional<std::size_t> column; ///< only there; nothing: anywhere
    bool excludes = false;
};

/// Folds ASCII, Latin-1, Greek and Cyrillic letters to lower case; the number of bytes stays the same.
void foldCase(std::string& text, std::size_t from = 0);

/// The words of a filter (see Filter). InvalidInput for a quote that is not closed, a word that is missing after `-`
/// or `column:`, or a column that there is none of. A column is called by its name, the last part of it, or its title
/// with or without blanks, in any case.
[[nodiscard]] Result<std::vector<FilterWord>> parseFilter(std::string_view text, const std::vector<Column>& columns);

/// The texts of all cells of a table in one piece of memory, folded, row after row; built once, searched at every
/// keystroke.
class Haystack
{
public:
    /// `appendCells(row, to)` appends the cells of a row, each ended by kCellEnd.
    using AppendCells = std::function<void(std::uint32_t row, std::string& to)>;
    static constexpr char kCellEnd = '\x1f';

    [[nodiscard]] static Result<Haystack> build(std::size_t rows, const AppendCells& appendCells, const Job& job);

    /// The rows of `among`, in that order, that every word accepts.
    [[nodiscard]] Result<std::vector<std::uint32_t>> search(const std::vector<FilterWord>& words,
                                                            std::span<const std::uint32_t> among, const Job& job) const;

    [[nodiscard]] std::size_t bytes() const { return m_text.size(); }

private:
    [[nodiscard]] std::string_view rowText(std::size_t row) const
    {
        return std::string_view(m_text).substr(m_starts[row], m_starts[row + 1] - m_starts[row]);
    }
    void markHits(const FilterWord& word, std::vector<bool>& hits) const;

    std::string m_text;
    std::vector<std::uint64_t> m_starts; ///< of every row, and the end of the last
};

/// Where `needle` first occurs at or after `from`, or npos. Faster than string_view::find on long texts.
[[nodiscard]] std::size_t findBytes(std::string_view haystack, std::string_view needle, std::size_t from);

} // namespace inspector::inspect
