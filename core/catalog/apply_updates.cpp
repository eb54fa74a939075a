#include "core/catalog/apply_updates.h"

#include "core/codec/row_codec.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <tuple>

namespace inspector::catalog {

namespace {

constexpr std::size_t kRowsPerStep = 4096;

/// An update whose diff is the sum of all that are equal to it.
struct SummedUpdate
{
    std::uint32_t update = 0;
    std::uint64_t time = 0;
    std::int64_t diff = 0;
};

/// Equal rows of one time count as one (§2.6 step 1).
std::vector<SummedUpdate> summed(const persist::Updates& updates)
{
    std::vector<std::uint32_t> order(updates.size());
    std::iota(order.begin(), order.end(), 0U);
    const auto keyOf = [&](std::uint32_t i) {
        return std::tuple(updates.timeOf(i), updates.rows[i].form, updates.rows[i].bytes());
    };
    std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return keyOf(a) < keyOf(b); });
    std::vector<SummedUpdate> sums;
    for (const auto i : order) {
        if (sums.empty() || keyOf(sums.back().update) != keyOf(i))
            sums.push_back({i, updates.timeOf(i), 0});
        if (__builtin_add_overflow(sums.back().diff, updates.diffOf(i), &sums.back().diff))
            sums.back().diff = updates.diffOf(i);
    }
    std::erase_if(sums, [](const SummedUpdate& sum) { return sum.diff == 0; });
    return sums;
}

/// A row that decoded, with its place in the order.
struct DecodedUpdate
{
    SummedUpdate sum;
    CollectionType type = CollectionType::AuditLog;
    EncodedRow row;
};

/// The tables that change, each copied once.
class Tables
{
public:
    explicit Tables(const CatalogSnapshot& base)
        : m_base(base)
    {
    }

    TableRows& of(CollectionType type)
    {
        auto& table = m_changed.at(static_cast<std::size_t>(type));
        if (!table)
            table = m_base.of(type);
        return *table;
    }

    void putInto(CatalogSnapshot& snapshot)
    {
        for (std::size_t i = 0; i < m_changed.size(); ++i) {
            if (auto& table = m_changed.at(i))
                snapshot.tables.at(i) = std::make_shared<const TableRows>(*std::move(table));
        }
    }

private:
    const CatalogSnapshot& m_base;
    std::array<std::optional<TableRows>, kCollectionCount> m_changed;
};

} // namespace

Result<AppliedUpdates> applyTo(CatalogSnapshot& snapshot, const persist::Updates& updates, const Job& job)
{
    AppliedUpdates applied;
    std::vector<DecodedUpdate> decoded;
    std::vector<std::pair<SummedUpdate, FenceToken>> tokens;
    RowEncoder encoder(snapshot.schema);
    std::size_t done = 0;
    for (const auto& sum : summed(updates)) {
        if (done++ % kRowsPerStep == 0)
            INSPECTOR_CHECK(job.step(done, updates.size()));
        const auto problem = [&](const std::string& what) { applied.problems.push_back({sum.update, what}); };
        const auto row = updates.rows[sum.update];
        if (sum.diff != 1 && sum.diff != -1)
            problem("invalid update in consolidated trace: the diff of a row is " + std::to_string(sum.diff));
        if (codec::kindOf(row) == kFenceTokenKind) {
            if (const auto token = fenceTokenOf(row))
                tokens.emplace_back(sum, *token);
            else
                problem("invalid catalog data persisted: " + token.error().message);
            continue;
        }
        auto made = encoder.decode(row);
        if (made.has_value())
            decoded.push_back({sum, encoder.collection()->type, *std::move(made)});
        else
            problem("invalid catalog data persisted: " + made.error().message);
    }

    std::stable_sort(tokens.begin(), tokens.end(), [](const auto& a, const auto& b) {
        return std::pair(a.first.time, a.first.diff) < std::pair(b.first.time, b.first.diff);
    });
    for (const auto& [sum, token] : tokens) {
        if (sum.diff > 0)
            applied.tokens.push_back(token);
    }

    std::sort(decoded.begin(), decoded.end(), [](const DecodedUpdate& a, const DecodedUpdate& b) {
        return std::tie(a.sum.time, a.sum.diff, a.type, a.row.key, a.row.value)
            < std::tie(b.sum.time, b.sum.diff, b.type, b.row.key, b.row.value);
    });
    Tables tables(snapshot);
    for (auto& [sum, type, row] : decoded) {
        const auto problem = [&](const char* what) {
            applied.problems.push_back(
                {sum.update, std::string(what) + ": " + std::string(collectionOf(type).name) + " " + row.key});
        };
        applied.entries.at(static_cast<std::size_t>(type)) += sum.diff;
        if (isExposedToMemory(type))
            applied.memory.push_back({type, row.key, row.value, Timestamp(sum.time), sum.diff});
        if (type == CollectionType::AuditLog)
            continue;
        auto& table = tables.of(type);
        const auto* live = table.at(row.key);
        if (sum.diff > 0) {
            if (live != nullptr)
                problem("values must be explicitly retracted before inserting a new value");
            table.put(std::move(row.key), {std::move(row.value), std::move(row.stored), row.facts});
        } else if (live == nullptr || live->value != row.value) {
            problem("retraction does not match existing value");
        } else {
            table.erase(row.key);
        }
    }
    tables.putInto(snapshot);
    applied.updates = decoded.size() + tokens.size();
    return applied;
}

} // namespace inspector::catalog
