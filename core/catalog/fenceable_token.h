#pragma once

#include "core/base/result.h"
#include "core/catalog/fence.h"
#include "core/catalog/mode.h"

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace inspector::catalog {

/// Which kind of fencing an error is, for the order in which several are reported (catalog-model §2.6): a deploy
/// generation before an epoch.
enum class FenceKind { DeployGeneration, Epoch };
struct FenceFailure
{
    FenceKind kind = FenceKind::Epoch;
    FenceToken current;
    FenceToken fence;

    /// By kind, then by the number that the kind is about, the current one first: the smallest of several is reported.
    friend std::strong_ordering operator<=>(const FenceFailure& a, const FenceFailure& b)
    {
        if (a.kind != b.kind)
            return a.kind <=> b.kind;
        if (a.kind == FenceKind::DeployGeneration)
            return std::pair(a.current.deployGeneration, a.fence.deployGeneration)
                <=> std::pair(b.current.deployGeneration, b.fence.deployGeneration);
        return std::pair(a.current.epoch, a.fence.epoch) <=> std::pair(b.current.epoch, b.fence.epoch);
    }
    friend bool operator==(const FenceFailure& a, const FenceFailure& b) { return (a <=> b) == 0; }
};
/// Fenced, in the reference's words.
[[nodiscard]] Error errorOf(const FenceFailure& failure);

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
    /// The same for all the token rows of one time, in their order: all are looked at, and the smallest of the errors
    /// is the answer (catalog-model §2.6).
    [[nodiscard]] Result<> maybeFence(std::span<const FenceToken> seen);
    /// What fenced this handle, if anything did.
    [[nodiscard]] std::optional<FenceFailure> failure() const;

    /// What must be written to take over, and the state to assume once it is: the retraction of the durable token, if
    /// any, and the insertion of the new one, in that order.
    struct Takeover
    {
        std::vector<std::pair<FenceToken, std::int64_t>> updates;
        Unfenced next;
    };
    /// Nothing when there is no takeover left to make; NotFound "uninitialized" without any generation; Corrupt when
    /// the durable epoch leaves no next one.
    [[nodiscard]] Result<std::optional<Takeover>> takeover(Mode mode) const;
    void assume(Unfenced next) { m_state = next; }

    [[nodiscard]] bool isInitializing() const { return std::holds_alternative<Initializing>(m_state); }
    [[nodiscard]] const std::variant<Initializing, Unfenced, Fenced>& state() const { return m_state; }

private:
    std::variant<Initializing, Unfenced, Fenced> m_state;
};

} // namespace inspector::catalog
