#include "core/codec/decoded_part.h"

#include <cstdint>
#include <cstdlib>
#include <span>

using namespace inspector;

/// Any bytes at all as an inline part: decoded or refused with a reason. What decodes has columns of one length and no
/// diff of 0, and every byte of every row can be read, also after the bytes that were handed in are gone.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const auto part = codec::decodeInlinePart(SharedBytes::copyOf(std::as_bytes(std::span(data, size))));
    if (!part) {
        if (part.error().message.empty())
            std::abort();
        return 0;
    }
    if (part->times.size() != part->rows.size() || part->diffs.size() != part->rows.size())
        std::abort();
    volatile unsigned sum = 0;
    for (std::size_t i = 0; i < part->rows.size(); ++i) {
        if (part->diffs[i] == 0)
            std::abort();
        for (const char c : part->rows[i].bytes())
            sum = sum + static_cast<unsigned char>(c);
    }
    return 0;
}
