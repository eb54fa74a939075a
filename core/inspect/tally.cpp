#include "core/inspect/tally.h"

#include "core/inspect/row_table.h"
#include "core/inspect/text.h"

#include <atomic>

namespace inspector::inspect {

namespace {

constexpr std::size_t kRowsPerBlock = 4096;

/// True for a row that the reference could not use: it does not fit its types, or its sum is not +1.
bool isProblem(const persist::Updates& updates, std::uint32_t i, VersionedTyper& typer, catalog::TextBuffer& scratch)
{
    if (updates.diffOf(i) != 1)
        return true;
    scratch.clear();
    return !typer.append(updates.rows[i], [&](catalog::RowTyper& typed) {
        return typed.collection() == nullptr || (typed.appendKeyJson(scratch) && typed.appendValueJson(scratch));
    });
}

/// A group of rows of one kind.
struct Group
{
    CollectionSummary summary;
    const std::vector<std::uint32_t>* rows = nullptr;
};

std::vector<Group> emptyGroupsOf(const TypedRows& rows)
{
    std::vector<Group> groups;
    std::vector<Group> large;
    for (const auto& collection : catalog::collections()) {
        const auto& indices = rows.groups().of(collection.type);
        if (indices.empty() && !rows.schemas().front()->has(collection.type))
            continue;
        CollectionSummary summary;
        summary.name = collection.name;
        summary.title = collection.title;
        summary.help = collection.help;
        summary.isLarge = collection.isLarge;
        (collection.isLarge ? large : groups).push_back({std::move(summary), &indices});
    }
    groups.insert(groups.end(), large.begin(), large.end());
    const auto add = [&](std::string name, std::string title, std::string help, bool isKnown,
                         const std::vector<std::uint32_t>& indices) {
        if (indices.empty())
            return;
        CollectionSummary summary;
        summary.name = std::move(name);
        summary.title = std::move(title);
        summary.help = std::move(help);
        summary.isKnown = isKnown;
        groups.push_back({std::move(summary), &indices});
    };
    add(std::string(catalog::kFenceTokenKind), "Fence token", "Who may write: deploy generation and epoch.", true,
        rows.groups().fenceTokens);
    for (const auto& [kind, indices] : rows.groups().unknownKinds)
        add(kind, kind, "Rows of a kind that this build does not know, shown as they are.", false, indices);
    add(std::string(kUndecodable), "Undecodable", "Rows that do not decode, shown as stored bytes.", false,
        rows.groups().undecodable);
    return groups;
}

std::vector<Group> groupsOf(const TypedRows& rows)
{
    auto groups = emptyGroupsOf(rows);
    for (auto& group : groups) {
        group.summary.rows = group.rows->size();
        for (const auto update : *group.rows)
            group.summary.storedBytes += rows.updates().rows[update].size;
    }
    return groups;
}

} // namespace

std::vector<CollectionSummary> summariesOf(const TypedRows& rows)
{
    std::vector<CollectionSummary> summaries;
    for (auto& group : groupsOf(rows))
        summaries.push_back(std::move(group.summary));
    return summaries;
}

Result<std::vector<CollectionSummary>> tally(const TypedRows& rows, Crew& crew, const Job& job, Names names)
{
    auto groups = groupsOf(rows);
    const auto& updates = rows.updates();
    struct Block
    {
        std::size_t group = 0;
        std::size_t begin = 0;
        std::size_t end = 0;
    };
    std::vector<Block> blocks;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        const auto rowCount = groups[i].rows->size();
        for (std::size_t begin = 0; begin < rowCount; begin += kRowsPerBlock)
            blocks.push_back({i, begin, std::min<std::size_t>(begin + kRowsPerBlock, rowCount)});
    }

    std::vector<std::atomic<std::uint64_t>> problems(groups.size());
    std::atomic<std::size_t> next = 0;
    std::atomic<bool> isStopped = false;
    crew.run([&](unsigned worker) {
        if (names == Names::Made && worker + 1 == crew.size())
            static_cast<void>(rows.names()); // takes about as long as all the counting, and shares nothing with it
        VersionedTyper typer(rows);
        catalog::TextBuffer scratch;
        for (auto number = next++; number < blocks.size() && !isStopped; number = next++) {
            const auto& block = blocks[number];
            std::uint64_t found = 0;
            for (auto at = block.begin; at < block.end; ++at)
                found += isProblem(updates, (*groups[block.group].rows)[at], typer, scratch) ? 1U : 0U;
            problems[block.group] += found;
            isStopped = isStopped || job.stopToken().stop_requested();
        }
    });
    INSPECTOR_CHECK(job.step(blocks.size(), blocks.size()));

    std::vector<CollectionSummary> summaries;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        groups[i].summary.problems = problems[i].load();
        summaries.push_back(std::move(groups[i].summary));
    }
    return summaries;
}

} // namespace inspector::inspect
