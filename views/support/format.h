#pragma once

#include "core/base/strong.h"
#include "core/inspect/inspector.h"

#include <QString>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace inspector::views {

/// UTF-8 of the core as text. Bytes that are no UTF-8 come out as U+FFFD.
[[nodiscard]] QString textOf(std::string_view utf8);
[[nodiscard]] std::string utf8Of(const QString& text);

/// "220,000": groups of three, always with commas, so that numbers read the same on every desktop.
[[nodiscard]] QString formatCount(std::uint64_t count);
/// "1 row", "220,000 rows".
[[nodiscard]] QString formatRows(std::uint64_t count);
/// "0 B", "812 B", "1.2 KiB", "241 MiB": three digits are enough to compare.
[[nodiscard]] QString formatSize(std::uint64_t bytes);
/// "2026-11-24 14:57:54.000 UTC"; empty outside the years 1970 to 9999.
[[nodiscard]] QString formatUtc(std::int64_t walltimeMs);
/// True where a catalog time is milliseconds since the Unix epoch by convention: from 10^12 up.
[[nodiscard]] bool isWallClock(Timestamp time);
/// "41", or "1732460274000 (2024-11-24 14:57:54.000 UTC)".
[[nodiscard]] QString formatTime(Timestamp time);
/// "41", or "2024-11-24 14:57:54.123 UTC" alone, where there is little room; whole seconds without ".000".
[[nodiscard]] QString formatShortTime(Timestamp time);
/// As formatTime; "none" when there is no time because the shard is finalised.
[[nodiscard]] QString formatTime(const std::optional<Timestamp>& time);
/// "v12".
[[nodiscard]] QString formatSeqno(SeqNo seqno);
/// "+1", "-1", "+3", "0".
[[nodiscard]] QString formatDiff(std::int64_t diff);
/// "12 ms", "3.4 s", "2 min 5 s".
[[nodiscard]] QString formatDuration(std::int64_t microseconds);
/// "just now", "5 s", "3 min", "2 h", "12 days": how long ago, coarse.
[[nodiscard]] QString formatAge(std::int64_t milliseconds);

/// What a moment is called: "Latest", "As of 41", "At v12".
[[nodiscard]] QString formatMoment(const inspect::Moment& moment);
/// "exact" or "rounded up by compaction".
[[nodiscard]] QString formatCertainty(persist::Certainty certainty);

/// `text` on one line of at most `limit` characters: line breaks and tabs become blanks, the rest an ellipsis. Cells
/// may hold megabytes of SQL; what is painted must not.
[[nodiscard]] QString oneLine(const QString& text, int limit = 300);
/// As above, from UTF-8, without converting more of it than is shown.
[[nodiscard]] QString oneLine(std::string_view utf8, int limit = 300);

/// "00000000  7b 22 6b 69 …  |{"ki…|": 16 bytes a line, at most `limitBytes`, then a line that counts the rest.
[[nodiscard]] QString hexDump(BytesView bytes, std::size_t limitBytes = 256 * 1024);

} // namespace inspector::views
