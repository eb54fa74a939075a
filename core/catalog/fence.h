#pragma once

#include "core/base/result.h"
#include "core/base/strong.h"
#include "core/codec/stored_row.h"
#include "core/persist/updates.h"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace inspector::catalog {

/// Who may write. The deploy generation is compared first, then the epoch (catalog-model §1.6).
struct FenceToken
{
    DeployGeneration deployGeneration;
    Epoch epoch;

    friend auto operator<=>(const FenceToken&, const FenceToken&) = default;
};

/// "generation 2, epoch 8"
[[nodiscard]] std::string textOf(const FenceToken& token);

/// The token that a row of kind FenceToken holds. Corrupt when it does not decode, or is of another kind.
[[nodiscard]] Result<FenceToken> fenceTokenOf(codec::StoredRow row);

/// Remembers the token this process holds and the first larger one it saw (catalog-model §1.7).
class Fence
{
public:
    explicit Fence(FenceToken mine)
        : m_mine(mine)
        , m_largestSeen(mine)
    {
    }

    /// Takes note of a token read from the shard.
    void observe(FenceToken seen)
    {
        if (m_largestSeen == m_mine && seen > m_mine)
            m_largestSeen = seen;
    }

    /// Fenced, in the words of catalog-model §3.3, once a larger token has been observed. There is no way back.
    [[nodiscard]] Result<> check() const;

private:
    FenceToken m_mine;
    FenceToken m_largestSeen;
};

/// A fence token that an update wrote or withdrew.
struct TokenUpdate
{
    FenceToken token;
    std::uint64_t time = 0;
    std::int64_t diff = 1; ///< +1 taken, -1 superseded
    persist::Certainty certainty = persist::Certainty::Exact;
    std::uint32_t update = 0;       ///< index into the updates
    std::optional<FenceToken> next; ///< the smallest larger token among the updates that were taken: who superseded it
    std::optional<std::uint64_t> nextTime;
};

/// Every fence token among the updates, in time order, withdrawals first. Rows that do not decode as one are left out:
/// findings tell of them.
[[nodiscard]] std::vector<TokenUpdate> tokenHistory(const persist::Updates& updates);

} // namespace inspector::catalog
