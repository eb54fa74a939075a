#include "tests/fuzz/row_properties.h"

#include <cstddef>
#include <cstdint>

/// Any bytes at all as the JSON text of a row: it parses or is refused; what parses, encodes and comes back.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    inspector::fuzz::checkAll(data, size, inspector::codec::RowForm::JsonText);
    return 0;
}
