#pragma once

#include "core/base/bytes.h"

#include <array>
#include <memory>

namespace inspector {

using Sha256Digest = std::array<std::byte, 32>;

/// SHA-256 of data that arrives in pieces.
class Sha256
{
public:
    Sha256();
    ~Sha256();
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;

    void add(BytesView bytes);
    [[nodiscard]] Sha256Digest finish(); ///< once; the object is spent afterwards

private:
    struct Context;
    std::unique_ptr<Context> m_context;
};

[[nodiscard]] Sha256Digest sha256(BytesView bytes);

} // namespace inspector
