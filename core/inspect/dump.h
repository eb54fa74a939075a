#pragma once

#include "core/inspect/catalog_reader.h"
#include "core/inspect/crew.h"
#include "core/inspect/sink.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace inspector::inspect {

/// Which rows a dump shows.
struct DumpOptions
{
    std::vector<std::string> collections; ///< only these; empty: all
    std::vector<std::string> ignored;     ///< none of these
    std::optional<Timestamp> from;        ///< inclusive
    std::optional<Timestamp> to;          ///< inclusive
};

/// What a dump was asked for but could not show in its form; for a remark, because nothing is hidden.
struct LeftOut
{
    bool isInitialized = true; ///< false when the catalog has no config row at all (catalog-model §6.1)
    std::uint64_t fenceTokens = 0;
    std::uint64_t undecodable = 0;
    std::map<std::string, std::uint64_t> unknownKinds;
    std::map<std::string, std::uint64_t> retractions; ///< by collection: rows with a negative diff; shown all the same

    /// "2 rows left out: 1 fence token, 1 of the unknown kind Widget"; empty when nothing was.
    [[nodiscard]] std::string text() const;
};

/// InvalidInput when `name` is no collection of the reference's; lists those that there are.
[[nodiscard]] Result<> checkCollectionName(std::string_view name);

/// The reference's text (catalog-model §9.2): a map sorted by collection name, every collection of the catalog's
/// version, empty ones too. Streams: holds a few hundred rows as text at a time.
enum class DumpEntries { Yes, No };
[[nodiscard]] Result<LeftOut> writeReferenceText(const Reading& reading, const DumpOptions& options,
                                                 DumpEntries entries, Sink& out, Crew& crew, const Job& job);

/// JSON lines of typed rows (command-line.md, `dump` and `trace`), collection by collection in the order of names.
/// `InTimeOrder`: in the order of the reading instead.
enum class LineOrder { ByCollection, AsRead };
[[nodiscard]] Result<LeftOut> writeTypedLines(const Reading& reading, const DumpOptions& options, LineOrder order,
                                              Sink& out, Crew& crew, const Job& job);

/// JSON lines of stored rows (command-line.md, `rows` and `history`), in the order of the reading: every row, those
/// too that do not decode.
enum class ShowCertainty { Yes, No };
[[nodiscard]] Result<> writeStoredLines(const Reading& reading, const DumpOptions& options, ShowCertainty certainty,
                                        Sink& out, Crew& crew, const Job& job);

/// JSON lines of typed rows, and of stored rows for those that are in no collection or do not decode.
[[nodiscard]] Result<> writeTypedOrStoredLines(const Reading& reading, Sink& out, const Job& job);

/// Rows for people: time, diff, collection or kind, JSON; secrets masked unless revealed. In the order of the reading.
enum class Secrets { Masked, Revealed };
[[nodiscard]] Result<> writeReadableLines(const Reading& reading, const DumpOptions& options, ShowCertainty certainty,
                                          Secrets secrets, Sink& out, Crew& crew, const Job& job);

} // namespace inspector::inspect
