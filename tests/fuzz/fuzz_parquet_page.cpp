#include "core/codec/parquet_page.h"

#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

using namespace inspector;
using namespace inspector::codec;

namespace {

/// The sum of all bytes of all rows: every one of them can be read (AddressSanitizer watches).
unsigned sumOf(const std::vector<StoredRow>& rows)
{
    unsigned sum = 0;
    for (const auto& row : rows) {
        for (const char c : row.bytes())
            sum += static_cast<unsigned char>(c);
    }
    return sum;
}

} // namespace

/// Any pages at all, as a column of any codec, type and depth: values are read or refused, nulls are as many as the
/// levels say, and every byte of every row can be read. The first four bytes choose codec, type, maximum definition
/// level and the number of values; the pages follow.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size < 4)
        return 0;
    const bool isText = data[1] % 3 == 0;
    const auto pages = std::as_bytes(std::span(data + 4, size - 4));
    const ParquetChunkPages chunk {pages, static_cast<CompressionCodec>(data[0] % 9),
                                   isText                 ? ParquetType::ByteArray
                                       : data[1] % 3 == 1 ? ParquetType::Int64
                                                          : ParquetType::Int32,
                                   data[2] % 5U};
    const std::size_t values = data[3] < 250 ? data[3] : 20000U;

    InflationBudget budget(size);
    PageOwners owners;
    std::vector<StoredRow> rows(isText ? values : 0);
    std::vector<std::int64_t> numbers(isText ? 0 : values);
    const auto nulls =
        isText ? readByteArrays(chunk, RowForm::JsonText, budget, rows, owners) : readIntegers(chunk, budget, numbers);
    if (!nulls) {
        if (nulls.error().message.empty())
            std::abort();
        return 0;
    }
    if (*nulls > values)
        std::abort();
    InflationBudget again(size);
    const auto present = countPresent(chunk, again, values);
    if (!present || *present != values - *nulls)
        std::abort();
    volatile unsigned sum = sumOf(rows);
    static_cast<void>(sum);
    return 0;
}
