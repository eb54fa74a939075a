#include "views/models/row_question.h"

#include <algorithm>
#include <numeric>

namespace inspector::views {

namespace {

RowIndex shared(std::vector<std::uint32_t> rows)
{
    return std::make_shared<const std::vector<std::uint32_t>>(std::move(rows));
}

std::vector<std::uint32_t> everyRow(const inspect::Table& table)
{
    std::vector<std::uint32_t> rows(table.size());
    std::iota(rows.begin(), rows.end(), 0U);
    return rows;
}

/// Looks where the row was, then ever farther away: between two moments rows move little.
Result<std::optional<std::uint32_t>> findAnchor(const inspect::Table& table, const RowAnchor& anchor, std::size_t reach,
                                                const Job& job)
{
    constexpr std::size_t kRowsPerStep = 4096;
    const std::size_t size = table.size();
    if (size == 0)
        return std::optional<std::uint32_t>();
    const std::size_t start = std::min<std::size_t>(anchor.hint, size - 1);
    for (std::size_t distance = 0; distance < std::min(size, reach); ++distance) {
        if (distance % kRowsPerStep == 0)
            INSPECTOR_CHECK(job.step(distance, size));
        if (start + distance < size && table.identity(static_cast<std::uint32_t>(start + distance)) == anchor.identity)
            return std::optional(static_cast<std::uint32_t>(start + distance));
        if (distance != 0 && distance <= start
            && table.identity(static_cast<std::uint32_t>(start - distance)) == anchor.identity)
            return std::optional(static_cast<std::uint32_t>(start - distance));
    }
    return std::optional<std::uint32_t>();
}

} // namespace

Result<RowAnswer> answerRows(const RowQuestion& question, const Job& job)
{
    RowAnswer answer;
    const inspect::Table& table = *question.table;
    if (question.sort && question.sort->column < table.columns().size()) {
        answer.ordered = question.ordered;
        if (!answer.ordered) {
            INSPECTOR_TRY(auto sorted, table.sort(everyRow(table), question.sort->column, question.sort->order, job));
            answer.ordered = shared(std::move(sorted));
        }
    }
    if (question.filter.empty()) {
        answer.rows = answer.ordered;
    } else {
        RowIndex among = question.among ? question.among : answer.ordered;
        if (!among)
            among = shared(everyRow(table));
        INSPECTOR_TRY(auto picked, table.filter({question.filter}, *among, job));
        answer.rows = shared(std::move(picked));
    }
    for (const auto& anchor : question.anchors) {
        INSPECTOR_TRY(auto found, findAnchor(table, anchor, question.reach, job));
        answer.sawEveryRow = answer.sawEveryRow && (found || question.reach >= table.size());
        answer.anchors.push_back(found);
    }
    return answer;
}

} // namespace inspector::views
