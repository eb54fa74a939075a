#include "tests/fuzz/row_properties.h"

#include <cstddef>
#include <cstdint>

/// Any bytes at all as the codec bytes of a row: it decodes or is refused; what decodes, encodes again and comes back.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    inspector::fuzz::checkAll(data, size, inspector::codec::RowForm::SourceData);
    return 0;
}
