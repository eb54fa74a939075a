#pragma once

#include <cstdint>
#include <string_view>

namespace inspector::codec {

/// In which of the two layouts a row's bytes lie in its part (persist-format §7.4, §5.9).
enum class RowForm : std::uint32_t {
    SourceData = 0, ///< the codec bytes of column k: protobuf SourceData
    JsonText = 1,   ///< the text of column k_s: compact JSON
    Error = 2,      ///< the column err was set, or the row was null: never in a healthy catalog; shown as opaque bytes
};

/// One row exactly as stored: a view into the part that holds it (whose owner the list of updates keeps alive). 16
/// bytes, because a catalog has millions. Two rows of one form are equal if and only if their bytes are.
struct StoredRow
{
    const char* data = nullptr;
    std::uint32_t size = 0;
    RowForm form = RowForm::SourceData;

    [[nodiscard]] std::string_view bytes() const { return {data, size}; }
};

} // namespace inspector::codec
