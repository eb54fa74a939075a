#pragma once

#include <cstdint>
#include <string>

namespace inspector::machine {

/// An opaque token of a critical reader: the codec's name and its eight bytes (persist-write-protocol §8.3).
struct Opaque
{
    std::string codec = "i64";
    std::int64_t value = INT64_MIN;

    friend bool operator==(const Opaque&, const Opaque&) = default;
};

} // namespace inspector::machine
