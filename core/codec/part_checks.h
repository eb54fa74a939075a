#pragma once

#include "core/codec/decoded_part.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace inspector::proto {
class ProtoU64Description;
}

namespace inspector::codec {

/// A part's own description out of its message (persist-format §5.9), or nothing, with a warning, when a bound that
/// must be there is not.
[[nodiscard]] std::optional<PartDescription> descriptionOf(const proto::ProtoU64Description* message,
                                                           std::vector<std::string>& warnings);

/// What persist checks in a part as it decodes it (persist-format §7.4), as warnings, and what it never writes: updates
/// with a diff of 0 are dropped. Counted, not listed one by one.
void checkUpdates(DecodedPart& part);

/// "1 row", "3 rows".
[[nodiscard]] std::string countOf(std::uint64_t count, std::string_view noun);

} // namespace inspector::codec
