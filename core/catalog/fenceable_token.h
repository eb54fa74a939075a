#pragma once

#include "core/base/result.h"
#include "core/catalog/fence.h"
#include "core/catalog/mode.h"

#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace inspector::catalog {

/// The fence-token state machine of a catalog handle (catalog-model §1.7), to the letter. A value, without I/O.
class FenceableToken
{
public:
    struct Initializing
    {
        std::optional<FenceToken> durable;             ///< largest token seen so far
        std::optional<DeployGeneration> ownGeneration; ///< as the opener gave it
    };
    struct Unfenced
    {
        FenceToken current;
    };
    struct Fenced
    {
        FenceToken current;
        FenceToken fence; ///< strictly larger
    };

    explicit FenceableToken(std::optional<DeployGeneration> ownGeneration);

    /// The token that the handle acts as, if it still may; Fenced in the words of catalog-model §3.3.
    [[nodiscard]] Result<std::optional<FenceToken>> validate() const;
    /// The token without the question whether it still counts.
    [[nodiscard]] std::optional<FenceToken> token() const;
    /// A token row with diff +1 was seen. Fenced when it fences this handle.
    [[nodiscard]] Result<> maybeFence(FenceToken seen);

    /// What must be written to take over, and the state to assume once it is: the retraction of the durable token, if
    /// any, and the insertion of the new one, in that order.
    struct Takeover
    {
        std::vector<std::pair<FenceToken, std::int64_t>> updates;
        Unfenced next;
    };
    /// Nothing when there is no takeover left to make; NotFound "uninitialized" without any generation.
    [[nodiscard]] Result<std::optional<Takeover>> takeover(Mode mode) const;
    void assume(Unfenced next) { m_state = next; }

    [[nodiscard]] bool isInitializing() const { return std::holds_alternative<Initializing>(m_state); }
    [[nodiscard]] const std::variant<Initializing, Unfenced, Fenced>& state() const { return m_state; }

private:
    std::variant<Initializing, Unfenced, Fenced> m_state;
};

/// Which kind of fencing an error is, for the order in which several are reported (catalog-model §2.6): a deploy
/// generation before an epoch.
enum class FenceKind { DeployGeneration, Epoch };
struct FenceFailure
{
    FenceKind kind = FenceKind::Epoch;
    FenceToken current;
    FenceToken fence;

    friend auto operator<=>(const FenceFailure&, const FenceFailure&) = default;
};
/// Fenced, in the reference's words.
[[nodiscard]] Error errorOf(const FenceFailure& failure);

} // namespace inspector::catalog
