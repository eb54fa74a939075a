#include "core/catalog/fenceable_token.h"

#include <algorithm>
#include <limits>

namespace inspector::catalog {

namespace {

/// The epoch before the first one that anybody writes (catalog-model §1.6).
constexpr std::int64_t kMinEpoch = 1;

FenceFailure failureOf(const FenceableToken::Fenced& fenced)
{
    const auto kind = fenced.fence.deployGeneration > fenced.current.deployGeneration ? FenceKind::DeployGeneration
                                                                                      : FenceKind::Epoch;
    return {kind, fenced.current, fenced.fence};
}

} // namespace

Error errorOf(const FenceFailure& failure)
{
    // The words are the reference's, its slip ("epoch" for a generation) included (catalog-model §3.3).
    std::string message;
    if (failure.kind == FenceKind::DeployGeneration) {
        message = "current catalog deployment generation " + std::to_string(failure.current.deployGeneration.value())
            + " fenced by new catalog epoch " + std::to_string(failure.fence.deployGeneration.value());
    } else {
        message = "current catalog epoch " + std::to_string(failure.current.epoch.value())
            + " fenced by new catalog epoch " + std::to_string(failure.fence.epoch.value());
    }
    return Error {ErrorCode::Fenced, std::move(message), {}, false};
}

FenceableToken::FenceableToken(std::optional<DeployGeneration> ownGeneration)
    : m_state(Initializing {std::nullopt, ownGeneration})
{
}

std::optional<FenceFailure> FenceableToken::failure() const
{
    const auto* fenced = std::get_if<Fenced>(&m_state);
    return fenced == nullptr ? std::nullopt : std::optional(failureOf(*fenced));
}

Result<std::optional<FenceToken>> FenceableToken::validate() const
{
    if (const auto fenced = failure())
        return tl::unexpected<Error>(errorOf(*fenced));
    return token();
}

std::optional<FenceToken> FenceableToken::token() const
{
    if (const auto* initializing = std::get_if<Initializing>(&m_state))
        return initializing->durable;
    if (const auto* unfenced = std::get_if<Unfenced>(&m_state))
        return unfenced->current;
    return std::get<Fenced>(m_state).current;
}

Result<> FenceableToken::maybeFence(FenceToken seen)
{
    if (auto* initializing = std::get_if<Initializing>(&m_state)) {
        const auto own = initializing->ownGeneration;
        if (!own || *own >= seen.deployGeneration) {
            auto& durable = initializing->durable;
            durable = durable ? std::max(*durable, seen) : seen;
        } else {
            // Only the generations count: the epoch is borrowed from the token that fences (§1.7).
            m_state = Fenced {{*own, seen.epoch}, seen};
        }
    } else if (const auto* unfenced = std::get_if<Unfenced>(&m_state)) {
        if (const auto current = unfenced->current; seen > current)
            m_state = Fenced {current, seen};
    }
    if (const auto fenced = failure())
        return tl::unexpected<Error>(errorOf(*fenced));
    return {};
}

Result<> FenceableToken::maybeFence(std::span<const FenceToken> seen)
{
    std::optional<FenceFailure> smallest;
    for (const auto& each : seen) {
        if (maybeFence(each).has_value())
            continue;
        if (const auto found = failure(); !smallest || *found < *smallest)
            smallest = found;
    }
    if (smallest)
        return tl::unexpected<Error>(errorOf(*smallest));
    return {};
}

Result<std::optional<FenceableToken::Takeover>> FenceableToken::takeover(Mode mode) const
{
    const auto* initializing = std::get_if<Initializing>(&m_state);
    if (initializing == nullptr)
        return std::optional<Takeover>();
    const auto& durable = initializing->durable;
    if (!initializing->ownGeneration && !durable)
        return fail(ErrorCode::NotFound, "uninitialized");
    const auto generation = initializing->ownGeneration ? *initializing->ownGeneration : durable->deployGeneration;
    auto epoch = durable ? durable->epoch.value() : kMinEpoch;
    if (mode == Mode::Writable) {
        // An epoch is never zero, and there is none above the largest.
        if (epoch == std::numeric_limits<std::int64_t>::max() || epoch == -1)
            return fail(ErrorCode::Corrupt,
                        "the catalog's epoch " + std::to_string(epoch) + " leaves no next one: mend the fence token");
        ++epoch;
    }
    Takeover takeover;
    takeover.next = {{generation, Epoch(epoch)}};
    if (durable)
        takeover.updates.emplace_back(*durable, -1);
    takeover.updates.emplace_back(takeover.next.current, 1);
    return std::optional(std::move(takeover));
}

} // namespace inspector::catalog
