#pragma once

#include "core/base/strong.h"

#include <QString>

namespace inspector::views {

/// The pair that decides who may write; the generation is compared first.
struct FencePair
{
    std::uint64_t deployGeneration = 0;
    std::int64_t epoch = 0;

    friend auto operator<=>(const FencePair&, const FencePair&) = default;
};

/// What a token would do beside the live one.
struct FenceVerdict
{
    enum class Kind { Fences, Same, IsFenced };
    Kind kind = Kind::Same;
    QString message; ///< what the loser reports, to the letter (catalog-model §3.3); empty for Same
};

[[nodiscard]] FenceVerdict fenceVerdict(const FencePair& token, const FencePair& live);

} // namespace inspector::views
