#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/codec/stored_row.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace inspector::codec {

/// The description that a part carries itself (persist-format §7.4, "inline desc"). An absent bound is the empty
/// antichain: no time is at or beyond it.
struct PartDescription
{
    std::optional<std::uint64_t> lower;
    std::optional<std::uint64_t> upper;
    std::optional<std::uint64_t> since;
};

/// How the part lays its rows out.
enum class PartLayout { Row, Both, Structured, Empty };

/// What one part holds, column by column; rows[i], times[i] and diffs[i] are one update, in stored order. Rows are
/// views into `owners`; nothing is copied out of a page that is stored uncompressed.
struct DecodedPart
{
    PartLayout layout = PartLayout::Empty;
    std::optional<PartDescription> description; ///< nothing when MZ:inline is missing or unreadable (a warning says so)
    std::vector<StoredRow> rows;
    std::vector<std::uint64_t> times;
    std::vector<std::int64_t> diffs;
    std::vector<std::shared_ptr<const void>> owners;
    std::vector<std::string> warnings; ///< what was odd but readable, one clause each
};

/// Decodes a Parquet part (persist-format §7). Columns are found by name: `k_s` when the structured migration is 2 or
/// more and it is there, else `k`. Corrupt or Unsupported (a codec, an encoding) say where in the file.
[[nodiscard]] Result<DecodedPart> decodeParquetPart(const SharedBytes& file);

/// Decodes the `inline` field of a hollow part: ProtoInlineBatchPart (persist-format §5.3, §5.9, §5.10). `owner` keeps
/// `bytes` alive and is kept in turn.
[[nodiscard]] Result<DecodedPart> decodeInlinePart(const SharedBytes& bytes);

} // namespace inspector::codec
