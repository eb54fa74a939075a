#pragma once

#include "core/base/bytes.h"
#include "core/machine/profile.h"

#include <vector>

namespace inspector::machine::test {

/// The golden transcript (persist-write-protocol §19.2): a shard that is initialised, gets a critical reader, an empty
/// append, an append of two rows and a downgrade of since.
struct Golden
{
    SharedBytes rollup;                ///< of the first version
    std::vector<SharedBytes> versions; ///< five rows of consensus
    SharedBytes inlinePart;            ///< of the fourth
};

[[nodiscard]] Golden golden(Era era);

} // namespace inspector::machine::test
