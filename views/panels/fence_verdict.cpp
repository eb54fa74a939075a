#include "views/panels/fence_verdict.h"

namespace inspector::views {

namespace {

/// Not translated: it is what stands in the log of the process that lost.
QString lossOf(const FencePair& loser, const FencePair& winner)
{
    if (winner.deployGeneration > loser.deployGeneration)
        return QStringLiteral("current catalog deployment generation %1 fenced by new catalog epoch %2")
            .arg(loser.deployGeneration)
            .arg(winner.deployGeneration);
    return QStringLiteral("current catalog epoch %1 fenced by new catalog epoch %2").arg(loser.epoch).arg(winner.epoch);
}

} // namespace

FenceVerdict fenceVerdict(const FencePair& token, const FencePair& live)
{
    if (token == live)
        return {FenceVerdict::Kind::Same, {}};
    if (token > live)
        return {FenceVerdict::Kind::Fences, lossOf(live, token)};
    return {FenceVerdict::Kind::IsFenced, lossOf(token, live)};
}

} // namespace inspector::views
