#include "core/catalog/consolidate.h"

#include "core/catalog/row_hash.h"
#include "core/codec/row_codec.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <string>
#include <vector>

namespace inspector::catalog {

namespace {

using codec::RowForm;
using codec::StoredRow;

constexpr std::size_t kRowsPerStep = 8192;
constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

/// a + b without undefined overflow; a healthy sum is 0 or 1.
std::int64_t sumOf(std::int64_t a, std::int64_t b)
{
    std::int64_t sum = 0;
    if (!__builtin_add_overflow(a, b, &sum))
        return sum;
    return b > 0 ? std::numeric_limits<std::int64_t>::max() : std::numeric_limits<std::int64_t>::min();
}

/// Numbers keys by their first occurrence: an open table of (half a hash, number), at most half full.
class FirstOccurrences
{
public:
    explicit FirstOccurrences(std::size_t keys)
        : m_slots(std::bit_ceil(std::max<std::size_t>(keys * 2, 16)))
        , m_mask(m_slots.size() - 1)
    {
    }

    [[nodiscard]] std::uint64_t seed() const { return reinterpret_cast<std::uintptr_t>(m_slots.data()); }

    /// Brings the slot of a hash near, for a key that is looked for soon.
    void prefetch(std::uint64_t hash) const { __builtin_prefetch(&m_slots[hash & m_mask]); }

    /// The number that an equal key was given before, or `number`, which it is given now.
    template <typename IsEqual>
    std::uint32_t find(std::uint64_t hash, std::uint32_t number, IsEqual&& isEqualTo)
    {
        const auto tag = static_cast<std::uint32_t>(hash >> 32U);
        for (auto at = hash & m_mask;; at = (at + 1) & m_mask) {
            auto& slot = m_slots[at];
            if (slot.number == kNone) {
                slot = {tag, number};
                return number;
            }
            if (slot.tag == tag && isEqualTo(slot.number))
                return slot.number;
        }
    }

private:
    struct Slot
    {
        std::uint32_t tag = 0;
        std::uint32_t number = kNone;
    };

    std::vector<Slot> m_slots;
    std::size_t m_mask;
};

/// A row of the answer: where it stands in the updates, and what its diffs came to.
struct Sum
{
    std::uint32_t update = 0;
    std::int64_t diff = 0;
};

class Consolidation
{
public:
    Consolidation(const persist::Updates& updates, const Job& job)
        : m_updates(updates)
        , m_job(job)
    {
    }

    /// Sums the rows of equal bytes among the updates that `isWanted`.
    template <typename IsWanted>
    Result<> sumEqualBytes(IsWanted&& isWanted)
    {
        const auto& rows = m_updates.rows;
        FirstOccurrences seen(rows.size());
        const RowHash hashOf(seen.seed());
        m_sums.reserve(rows.size());
        constexpr std::size_t kAhead =
            16; // rows hashed before they are looked for, so that their slots are near by then
        std::array<std::uint64_t, kAhead> hashes {};
        for (std::size_t start = 0; start < rows.size(); start += kAhead) {
            if (start % kRowsPerStep == 0)
                INSPECTOR_CHECK(m_job.step(start, rows.size()));
            const auto end = std::min(start + kAhead, rows.size());
            for (auto i = start; i < end; ++i) {
                hashes[i - start] = hashOf(rows[i].bytes()) + static_cast<std::uint64_t>(rows[i].form);
                seen.prefetch(hashes[i - start]);
            }
            for (auto i = start; i < end; ++i) {
                if (!isWanted(i))
                    continue;
                const auto& row = rows[i];
                m_hasForm[static_cast<std::size_t>(row.form)] = true;
                const auto number = static_cast<std::uint32_t>(m_sums.size());
                const auto found = seen.find(hashes[i - start], number, [&](std::uint32_t other) {
                    const auto& before = rows[m_sums[other].update];
                    return before.form == row.form && before.bytes() == row.bytes();
                });
                if (found == number)
                    m_sums.push_back({static_cast<std::uint32_t>(i), 0});
                m_sums[found].diff = sumOf(m_sums[found].diff, m_updates.diffOf(i));
            }
        }
        dropZeros();
        return {};
    }

    /// Sums rows of different forms whose canonical JSON is equal. Those that do not decode stay as they are.
    Result<> sumEqualJson()
    {
        if (!m_hasForm[static_cast<std::size_t>(RowForm::SourceData)]
            || !m_hasForm[static_cast<std::size_t>(RowForm::JsonText)])
            return {};
        std::vector<std::string> json(m_sums.size());
        codec::JsonTape tape;
        FirstOccurrences seen(m_sums.size());
        const RowHash hashOf(seen.seed());
        for (std::uint32_t i = 0; i < m_sums.size(); ++i) {
            if (i % kRowsPerStep == 0)
                INSPECTOR_CHECK(m_job.step(i, m_sums.size()));
            if (!tape.parse(m_updates.rows[m_sums[i].update]).has_value())
                continue;
            tape.appendJson(0, json[i]);
            const auto found =
                seen.find(hashOf(json[i]), i, [&](std::uint32_t other) { return json[other] == json[i]; });
            if (found == i)
                continue;
            ++m_mergedForms;
            auto& first = m_sums[found];
            if (first.diff <= 0 && m_sums[i].diff > 0)
                first.update = m_sums[i].update; // the bytes that are there, not those that took something away
            first.diff = sumOf(first.diff, m_sums[i].diff);
            m_sums[i].diff = 0;
            std::string().swap(json[i]);
        }
        dropZeros();
        return {};
    }

    [[nodiscard]] persist::UpdateList answer(std::uint64_t time) const
    {
        auto answer = std::make_shared<persist::Updates>();
        answer->commonTime = time;
        answer->parts = m_updates.parts;
        answer->owners = m_updates.owners;
        answer->warnings = m_updates.warnings;
        answer->isComplete = m_updates.isComplete;
        answer->rows.reserve(m_sums.size());
        std::size_t odd = 0;
        std::size_t errors = 0;
        for (const auto& sum : m_sums) {
            const auto& row = m_updates.rows[sum.update];
            answer->rows.push_back(row);
            odd += sum.diff != 1 ? 1 : 0;
            errors += row.form == RowForm::Error ? 1 : 0;
        }
        if (odd != 0) {
            answer->diffs.reserve(m_sums.size());
            for (const auto& sum : m_sums)
                answer->diffs.push_back(sum.diff);
        }
        if (!m_updates.origins.empty()) {
            answer->origins.reserve(m_sums.size());
            for (const auto& sum : m_sums)
                answer->origins.push_back(m_updates.origins[sum.update]);
        }
        const auto warn = [&](std::size_t count, const char* one, const char* many) {
            if (count != 0)
                answer->warnings.push_back(std::to_string(count) + (count == 1 ? one : many));
        };
        warn(odd, " row does not sum up to +1", " rows do not sum up to +1");
        warn(errors, " row is an error, not data", " rows are errors, not data");
        warn(m_mergedForms, " row was equal to one of the other stored form and counted with it",
             " rows were equal to ones of the other stored form and counted with them");
        return answer;
    }

private:
    void dropZeros()
    {
        std::erase_if(m_sums, [](const Sum& sum) { return sum.diff == 0; });
    }

    const persist::Updates& m_updates;
    const Job& m_job;
    std::vector<Sum> m_sums;
    std::array<bool, 3> m_hasForm {};
    std::size_t m_mergedForms = 0;
};

template <typename IsWanted>
Result<persist::UpdateList> consolidated(const persist::Updates& updates, std::uint64_t time, IsWanted&& isWanted,
                                         const Job& job)
{
    if (updates.size() >= kNone)
        return fail(ErrorCode::Unsupported, "a shard of more than 4 billion updates");
    Consolidation work(updates, job);
    INSPECTOR_CHECK(work.sumEqualBytes(std::forward<IsWanted>(isWanted)));
    INSPECTOR_CHECK(work.sumEqualJson());
    return work.answer(time);
}

} // namespace

Result<persist::UpdateList> consolidate(persist::UpdateList updates, const Job& job)
{
    const auto time =
        updates->times.empty() ? updates->commonTime : *std::max_element(updates->times.begin(), updates->times.end());
    return consolidated(
        *updates, time, [](std::size_t /*i*/) { return true; }, job);
}

Result<persist::UpdateList> consolidate(persist::UpdateList updates, Timestamp asOf, const Job& job)
{
    return consolidated(
        *updates, asOf.value(), [&](std::size_t i) { return updates->timeOf(i) <= asOf.value(); }, job);
}

} // namespace inspector::catalog
