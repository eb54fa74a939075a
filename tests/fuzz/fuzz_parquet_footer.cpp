#include "core/codec/parquet_footer.h"

#include <cstdint>
#include <cstdlib>
#include <span>

/// Any bytes at all: the footer reads or is refused with a reason. What reads is consistent: every row group has a
/// chunk for every column, and no column has more repetition levels than definition levels.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const auto footer = inspector::codec::decodeParquetFooter(std::as_bytes(std::span(data, size)));
    if (!footer) {
        if (footer.error().message.empty())
            std::abort();
        return 0;
    }
    for (const auto& column : footer->columns) {
        if (column.maxRepetitionLevel > column.maxDefinitionLevel)
            std::abort();
    }
    for (const auto& group : footer->rowGroups) {
        if (group.chunks.size() != footer->columns.size())
            std::abort();
    }
    return 0;
}
