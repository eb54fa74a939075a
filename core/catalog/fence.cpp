#include "core/catalog/fence.h"

#include "core/catalog/collection.h"
#include "core/catalog/trace.h"
#include "core/codec/row_codec.h"

#include <algorithm>
#include <charconv>

namespace inspector::catalog {

namespace {

/// The whole number in a member of the row; false when it is none, or out of range.
template <typename Number>
bool readNumber(const codec::JsonTape& tape, std::string_view name, Number& to)
{
    const auto* member = tape.member(0, name);
    if (member == nullptr || member->type != codec::JsonType::Number)
        return false;
    const auto* const end = member->text.data() + member->text.size();
    const auto read = std::from_chars(member->text.data(), end, to);
    return read.ec == std::errc() && read.ptr == end;
}

} // namespace

std::string textOf(const FenceToken& token)
{
    return "generation " + std::to_string(token.deployGeneration.value()) + ", epoch "
        + std::to_string(token.epoch.value());
}

Result<FenceToken> fenceTokenOf(codec::StoredRow row)
{
    codec::JsonTape tape;
    INSPECTOR_CHECK(tape.parse(row));
    const auto* kind = tape.member(0, "kind");
    if (kind == nullptr || kind->text != kFenceTokenKind)
        return fail(ErrorCode::Corrupt, "the row is no fence token");
    std::uint64_t generation = 0;
    std::int64_t epoch = 0;
    if (!readNumber(tape, "deploy_generation", generation))
        return fail(ErrorCode::Corrupt, "the fence token has no deploy_generation that is a u64");
    if (!readNumber(tape, "epoch", epoch))
        return fail(ErrorCode::Corrupt, "the fence token has no epoch that is an i64");
    return FenceToken {DeployGeneration(generation), Epoch(epoch)};
}

Result<> Fence::check() const
{
    if (m_largestSeen == m_mine)
        return {};
    // The words are the reference's, its slip ("epoch" for a generation) included (catalog-model §3.3).
    if (m_largestSeen.deployGeneration != m_mine.deployGeneration) {
        return fail(ErrorCode::Fenced,
                    "current catalog deployment generation " + std::to_string(m_mine.deployGeneration.value())
                        + " fenced by new catalog epoch " + std::to_string(m_largestSeen.deployGeneration.value()));
    }
    return fail(ErrorCode::Fenced,
                "current catalog epoch " + std::to_string(m_mine.epoch.value()) + " fenced by new catalog epoch "
                    + std::to_string(m_largestSeen.epoch.value()));
}

std::vector<TokenUpdate> tokenHistory(const persist::Updates& updates)
{
    std::vector<std::uint32_t> indices;
    for (std::uint32_t i = 0; i < updates.size(); ++i) {
        if (codec::kindOf(updates.rows[i]) == kFenceTokenKind)
            indices.push_back(i);
    }
    std::vector<TokenUpdate> history;
    for (const auto i : inTimeOrder(updates, std::move(indices))) {
        const auto token = fenceTokenOf(updates.rows[i]);
        if (!token.has_value())
            continue;
        TokenUpdate update;
        update.token = *token;
        update.time = updates.timeOf(i);
        update.diff = updates.diffOf(i);
        update.certainty = updates.certaintyOf(i);
        update.update = i;
        history.push_back(update);
    }
    std::vector<std::pair<FenceToken, std::uint64_t>> taken;
    for (const auto& update : history) {
        if (update.diff > 0)
            taken.emplace_back(update.token, update.time);
    }
    std::sort(taken.begin(), taken.end());
    for (auto& update : history) {
        const auto next =
            std::upper_bound(taken.begin(), taken.end(), update.token,
                             [](const FenceToken& token, const auto& each) { return token < each.first; });
        if (next != taken.end()) {
            update.next = next->first;
            update.nextTime = next->second;
        }
    }
    return history;
}

} // namespace inspector::catalog
