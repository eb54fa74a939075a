#pragma once

#include "core/base/bytes.h"
#include "core/base/strong.h"

#include <optional>
#include <string>

namespace inspector::machine {

/// A compare-and-set whose outcome is not known: what a journal keeps to find out later (persist-write-protocol §16).
struct Pending
{
    SeqNo seqno;
    Bytes version; ///< the row that was sent
    std::string writerId;
    std::string token;              ///< of an append
    std::optional<Timestamp> upper; ///< of an append
};

} // namespace inspector::machine
