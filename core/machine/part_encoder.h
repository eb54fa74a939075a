#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/persist/state.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace inspector::machine {

/// One update of a batch that is to be written: key and value codec bytes, time, diff. The catalog's values are empty.
struct RowUpdate
{
    std::string key;
    std::string value;
    std::uint64_t time = 0;
    std::int64_t diff = 1;
};

/// Sums the diffs of equal (key, value, time), drops zeros, sorts by (key, value, time) (persist-write-protocol §11.1).
[[nodiscard]] std::vector<RowUpdate> consolidated(std::vector<RowUpdate> updates);

/// The bytes that count against the inline limit: keys, values and 16 a row (§11.3).
[[nodiscard]] std::uint64_t inlineMeasure(const std::vector<RowUpdate>& updates);

/// What a column of a part may hold (§11.5).
constexpr std::uint64_t kMaxColumnBytes = INT32_MAX;

/// Whether a part can hold the updates: at most `maxColumnBytes` of keys, of values, and of times at eight a row. More
/// must be refused or split before encoding; the encoders below take it for granted.
[[nodiscard]] bool fitsOnePart(const std::vector<RowUpdate>& updates, std::uint64_t maxColumnBytes = kMaxColumnBytes);

/// The payload of an inline part (§11.4): an encoded ProtoInlineBatchPart. `description` is the part's own; the real
/// writer leaves its upper open (`[]`, §11.7). Rows stay in their order.
[[nodiscard]] SharedBytes encodeInlinePart(const persist::Description& description,
                                           const std::vector<RowUpdate>& updates);

/// A Parquet part of exactly the columns k, v, t, d (§11.5), uncompressed, one row group.
/// Rows stay in their order.
[[nodiscard]] SharedBytes encodeBlobPart(const persist::Description& description,
                                         const std::vector<RowUpdate>& updates);

} // namespace inspector::machine
