#include "core/inspect/dump.h"

#include "core/inspect/block_writer.h"
#include "core/inspect/typed_rows.h"

#include <algorithm>
#include <atomic>
#include <numeric>

namespace inspector::inspect {

namespace {

/// Rows that a worker formats at a time: some hundred kilobytes of text.
constexpr std::size_t kRowsPerBlock = 256;

using catalog::CollectionType;
using catalog::TextBuffer;

bool contains(const std::vector<std::string>& names, std::string_view name)
{
    return std::find(names.begin(), names.end(), name) != names.end();
}

bool isWanted(const DumpOptions& options, std::string_view collection)
{
    return !contains(options.ignored, collection)
        && (options.collections.empty() || contains(options.collections, collection));
}

bool isInRange(const DumpOptions& options, std::uint64_t time)
{
    return (!options.from || time >= options.from->value()) && (!options.to || time <= options.to->value());
}

std::uint64_t countInRange(const TypedRows& rows, const DumpOptions& options, const std::vector<std::uint32_t>& indices)
{
    return static_cast<std::uint64_t>(std::count_if(
        indices.begin(), indices.end(), [&](std::uint32_t i) { return isInRange(options, rows.updates().timeOf(i)); }));
}

/// What is in no collection.
LeftOut outsideCollections(const TypedRows& rows, const DumpOptions& options)
{
    LeftOut leftOut;
    leftOut.isInitialized = !rows.groups().of(CollectionType::Config).empty();
    leftOut.fenceTokens = countInRange(rows, options, rows.groups().fenceTokens);
    leftOut.undecodable = countInRange(rows, options, rows.groups().undecodable);
    for (const auto& [kind, indices] : rows.groups().unknownKinds) {
        if (const auto count = countInRange(rows, options, indices); count > 0)
            leftOut.unknownKinds.emplace(kind, count);
    }
    for (const auto& collection : catalog::collections()) {
        const auto counts = catalog::countsOf(rows.groups(), collection.type);
        if (counts.retractions > 0 && isWanted(options, collection.name))
            leftOut.retractions.emplace(collection.name, counts.retractions);
    }
    return leftOut;
}

/// A typer for every worker.
std::vector<std::unique_ptr<VersionedTyper>> typersFor(const TypedRows& rows, const Crew& crew)
{
    std::vector<std::unique_ptr<VersionedTyper>> typers;
    for (unsigned i = 0; i < crew.size(); ++i)
        typers.push_back(std::make_unique<VersionedTyper>(rows));
    return typers;
}

void appendNumber(std::uint64_t number, TextBuffer& to)
{
    to.append(std::to_string(number));
}

void appendHex(BytesView bytes, TextBuffer& to)
{
    static constexpr std::string_view kDigits = "0123456789abcdef";
    auto* at = to.reserve(bytes.size() * 2);
    for (const auto byte : bytes) {
        *at++ = kDigits[std::to_integer<std::size_t>(byte) >> 4U];
        *at++ = kDigits[std::to_integer<std::size_t>(byte) & 0xFU];
    }
    to.advance(at);
}

std::string_view nameOf(persist::Certainty certainty)
{
    return certainty == persist::Certainty::Exact ? "exact" : "rounded";
}

/// A stretch of a collection's rows in the reference's text, and what stands around it.
struct TextBlock
{
    CollectionType collection = CollectionType::AuditLog;
    std::size_t begin = 0;
    std::size_t end = 0;
    bool isFirst = false;
    bool isLast = false;
    bool endsAll = false;
};

std::vector<TextBlock> textBlocks(const TypedRows& rows, const DumpOptions& options, DumpEntries entries)
{
    std::vector<TextBlock> blocks;
    for (const auto type : catalog::collectionsByName()) {
        const auto count = rows.groups().of(type).size();
        if (!isWanted(options, catalog::collectionOf(type).name) || (count == 0 && !rows.schemas().front()->has(type)))
            continue;
        const auto shown = entries == DumpEntries::Yes ? count : 0;
        for (std::size_t begin = 0; begin == 0 || begin < shown; begin += kRowsPerBlock) {
            const auto end = std::min(begin + kRowsPerBlock, shown);
            blocks.push_back({type, begin, end, begin == 0, end == shown, false});
        }
    }
    if (blocks.empty())
        return blocks;
    blocks.back().endsAll = true;
    return blocks;
}

void beginCollection(const TypedRows& rows, const TextBlock& block, DumpEntries entries, TextBuffer& to)
{
    const auto counts = catalog::countsOf(rows.groups(), block.collection);
    to.append("    \"");
    to.append(catalog::collectionOf(block.collection).name);
    to.append("\":  {\n        total_count: ");
    appendNumber(counts.total, to);
    to.append(",\n        addition_count: ");
    appendNumber(counts.additions, to);
    to.append(",\n        retraction_count: ");
    appendNumber(counts.retractions, to);
    to.append(",\n");
    if (entries == DumpEntries::Yes)
        to.append(counts.total == 0 ? "        entries: [" : "        entries: [\n");
}

void endCollection(const TypedRows& rows, const TextBlock& block, DumpEntries entries, TextBuffer& to)
{
    if (entries == DumpEntries::Yes)
        to.append(rows.groups().of(block.collection).empty() ? "],\n" : "        ],\n");
    to.append("    },\n");
    if (block.endsAll)
        to.append("}\n");
}

/// Positions of the updates that a dump in typed lines shows, in its order.
std::vector<std::uint32_t> chosenUpdates(const TypedRows& rows, const DumpOptions& options, LineOrder order)
{
    std::vector<std::uint32_t> chosen;
    for (const auto type : catalog::collectionsByName()) {
        if (!isWanted(options, catalog::collectionOf(type).name))
            continue;
        for (const auto i : rows.groups().of(type)) {
            if (isInRange(options, rows.updates().timeOf(i)))
                chosen.push_back(i);
        }
    }
    if (order == LineOrder::AsRead)
        std::sort(chosen.begin(), chosen.end());
    return chosen;
}

/// The updates of a reading in its order, by time and, where one is named, by collection.
std::vector<std::uint32_t> chosenRows(const TypedRows& rows, const DumpOptions& options)
{
    if (!options.collections.empty() || !options.ignored.empty())
        return chosenUpdates(rows, options, LineOrder::AsRead);
    std::vector<std::uint32_t> chosen;
    for (std::uint32_t i = 0; i < rows.updates().size(); ++i) {
        if (isInRange(options, rows.updates().timeOf(i)))
            chosen.push_back(i);
    }
    return chosen;
}

/// Calls `append(i, worker, to)` for each of `indices`, in order as far as the output goes.
template <typename Append>
Result<> writeEach(const std::vector<std::uint32_t>& indices, const Append& append, Sink& out, Crew& crew,
                   const Job& job)
{
    const auto blocks = (indices.size() + kRowsPerBlock - 1) / kRowsPerBlock;
    const auto format = [&](std::size_t block, unsigned worker, TextBuffer& to) -> Result<> {
        const auto end = std::min((block + 1) * kRowsPerBlock, indices.size());
        for (auto i = block * kRowsPerBlock; i < end; ++i)
            append(indices[i], worker, to);
        return {};
    };
    return writeBlocks(blocks, format, out, crew, job);
}

/// Appends a line of `rows` or `history`.
void appendStoredLine(const persist::Updates& updates, std::uint32_t i, ShowCertainty certainty, codec::JsonTape& tape,
                      TextBuffer& to)
{
    const auto& row = updates.rows[i];
    to.append(R"({"ts":")");
    appendNumber(updates.timeOf(i), to);
    to.append(R"(","diff":)");
    to.append(std::to_string(updates.diffOf(i)));
    to.append(R"(,"json":)");
    auto outcome = tape.parse(row);
    Result<Bytes> sourceData = Bytes();
    Result<Bytes> datum = Bytes();
    if (outcome) {
        sourceData = codec::sourceDataOf(row);
        datum = codec::datumBytesOf(tape);
        if (!sourceData)
            outcome = tl::unexpected(sourceData.error());
        else if (!datum)
            outcome = tl::unexpected(datum.error());
    }
    if (outcome) {
        std::string json;
        tape.appendJson(0, json);
        to.append(json);
        to.append(R"(,"source_data_hex":")");
        appendHex(*sourceData, to);
        to.append(R"(","row_hex":")");
        appendHex(*datum, to);
        to.append('"');
    } else {
        to.append(R"(null,"source_data_hex":")");
        appendHex(bytesOf(row.bytes()), to);
        to.append(R"(","row_hex":null)");
    }
    if (certainty == ShowCertainty::Yes) {
        to.append(R"(,"certainty":")");
        to.append(nameOf(updates.certaintyOf(i)));
        to.append('"');
    }
    if (!outcome) {
        to.append(R"(,"error":)");
        catalog::appendJsonString(outcome.error().describe(), to);
    }
    to.append("}\n");
}

/// Appends a line for people.
void appendReadableLine(const persist::Updates& updates, std::uint32_t i, std::size_t timeWidth,
                        ShowCertainty certainty, Secrets secrets, VersionedTyper& typer, TextBuffer& to)
{
    constexpr std::size_t kNameWidth = 28;
    const auto padded = [](std::string text, std::size_t width) {
        if (text.size() < width)
            text.resize(width, ' ');
        return text + "  ";
    };
    const auto time = std::to_string(updates.timeOf(i));
    to.append(std::string(timeWidth - std::min(timeWidth, time.size()), ' ') + time + "  ");
    if (certainty == ShowCertainty::Yes)
        to.append(padded(std::string(nameOf(updates.certaintyOf(i))), 7));
    const auto diff = updates.diffOf(i);
    to.append((diff > 0 ? "+" : "") + std::to_string(diff) + "  ");
    const auto row = typer.read(updates.rows[i]);
    if (!row) {
        to.append(padded("(undecodable)", kNameWidth));
        appendHex(bytesOf(updates.rows[i].bytes()), to);
        to.append("  " + row.error().describe() + "\n");
        return;
    }
    const auto* collection = (*row)->collection();
    to.append(padded(std::string(collection != nullptr ? collection->name : (*row)->kind()), kNameWidth));
    to.append(catalog::rowJson(**row, secrets == Secrets::Revealed ? catalog::Reveal::Yes : catalog::Reveal::No));
    to.append('\n');
}

} // namespace

std::string LeftOut::text() const
{
    auto total = fenceTokens + undecodable;
    std::string list;
    const auto add = [&](std::uint64_t count, const std::string& what) {
        if (count > 0)
            list += (list.empty() ? "" : ", ") + std::to_string(count) + " " + what;
    };
    add(fenceTokens, fenceTokens == 1 ? "fence token" : "fence tokens");
    add(undecodable, undecodable == 1 ? "row that does not decode" : "rows that do not decode");
    for (const auto& [kind, count] : unknownKinds) {
        add(count, "of the unknown kind " + kind);
        total += count;
    }
    if (total == 0)
        return {};
    return std::to_string(total) + (total == 1 ? " row left out: " : " rows left out: ") + list + "; 'rows' shows them";
}

Result<> checkCollectionName(std::string_view name)
{
    if (catalog::collectionNamed(name) != nullptr)
        return {};
    std::string names;
    for (const auto type : catalog::collectionsByName())
        names += (names.empty() ? "" : ", ") + std::string(catalog::collectionOf(type).name);
    return fail(ErrorCode::InvalidInput, "there is no collection '" + std::string(name) + "'; there are " + names);
}

Result<LeftOut> writeReferenceText(const Reading& reading, const DumpOptions& options, DumpEntries entries, Sink& out,
                                   Crew& crew, const Job& job)
{
    INSPECTOR_TRY(const auto rows, TypedRows::make(reading.updates, job, reading.catalogVersion));
    auto leftOut = outsideCollections(*rows, options);
    std::atomic<std::uint64_t> misfits = 0;
    const auto typers = typersFor(*rows, crew);
    const auto blocks = textBlocks(*rows, options, entries);
    const auto& updates = rows->updates();
    const auto format = [&](std::size_t number, unsigned worker, TextBuffer& to) -> Result<> {
        const auto& block = blocks[number];
        if (number == 0)
            to.append("{\n");
        if (block.isFirst)
            beginCollection(*rows, block, entries, to);
        const auto& indices = rows->groups().of(block.collection);
        for (auto at = block.begin; at < block.end; ++at) {
            const auto i = indices[at];
            const bool fits = typers[worker]->append(updates.rows[i], [&](catalog::RowTyper& typer) {
                return typer.appendDumpEntry(updates.timeOf(i), updates.diffOf(i), to);
            });
            misfits += fits ? 0 : 1;
        }
        if (block.isLast)
            endCollection(*rows, block, entries, to);
        return {};
    };
    if (blocks.empty())
        INSPECTOR_CHECK(out.write("{}\n"));
    INSPECTOR_CHECK(writeBlocks(blocks.size(), format, out, crew, job));
    leftOut.undecodable += misfits;
    return leftOut;
}

Result<LeftOut> writeTypedLines(const Reading& reading, const DumpOptions& options, LineOrder order, Sink& out,
                                Crew& crew, const Job& job)
{
    INSPECTOR_TRY(const auto rows, TypedRows::make(reading.updates, job, reading.catalogVersion));
    auto leftOut = outsideCollections(*rows, options);
    std::atomic<std::uint64_t> misfits = 0;
    const auto typers = typersFor(*rows, crew);
    const auto& updates = rows->updates();
    const auto append = [&](std::uint32_t i, unsigned worker, TextBuffer& to) {
        const bool fits = typers[worker]->append(updates.rows[i], [&](catalog::RowTyper& typer) {
            return typer.appendTraceLine(updates.timeOf(i), updates.diffOf(i), to);
        });
        misfits += fits ? 0 : 1;
    };
    INSPECTOR_CHECK(writeEach(chosenUpdates(*rows, options, order), append, out, crew, job));
    leftOut.undecodable += misfits;
    return leftOut;
}

Result<> writeStoredLines(const Reading& reading, const DumpOptions& options, ShowCertainty certainty, Sink& out,
                          Crew& crew, const Job& job)
{
    INSPECTOR_TRY(const auto rows, TypedRows::make(reading.updates, job, reading.catalogVersion));
    std::vector<codec::JsonTape> tapes(crew.size());
    const auto append = [&](std::uint32_t i, unsigned worker, TextBuffer& to) {
        appendStoredLine(rows->updates(), i, certainty, tapes[worker], to);
    };
    return writeEach(chosenRows(*rows, options), append, out, crew, job);
}

Result<> writeTypedOrStoredLines(const Reading& reading, Sink& out, const Job& job)
{
    INSPECTOR_TRY(const auto rows, TypedRows::make(reading.updates, job, reading.catalogVersion));
    SoloCrew crew;
    VersionedTyper typer(*rows);
    codec::JsonTape tape;
    const auto& updates = rows->updates();
    const auto append = [&](std::uint32_t i, unsigned /*worker*/, TextBuffer& to) {
        const bool fits = typer.append(updates.rows[i], [&](catalog::RowTyper& typed) {
            return typed.appendTraceLine(updates.timeOf(i), updates.diffOf(i), to);
        });
        if (!fits)
            appendStoredLine(updates, i, ShowCertainty::No, tape, to);
    };
    return writeEach(chosenRows(*rows, {}), append, out, crew, job);
}

Result<> writeReadableLines(const Reading& reading, const DumpOptions& options, ShowCertainty certainty,
                            Secrets secrets, Sink& out, Crew& crew, const Job& job)
{
    INSPECTOR_TRY(const auto rows, TypedRows::make(reading.updates, job, reading.catalogVersion));
    const auto typers = typersFor(*rows, crew);
    const auto& updates = rows->updates();
    const auto chosen = chosenRows(*rows, options);
    std::uint64_t latest = 0;
    for (const auto i : chosen)
        latest = std::max(latest, updates.timeOf(i));
    const auto width = std::to_string(latest).size();
    const auto append = [&](std::uint32_t i, unsigned worker, TextBuffer& to) {
        appendReadableLine(updates, i, width, certainty, secrets, *typers[worker], to);
    };
    return writeEach(chosen, append, out, crew, job);
}

} // namespace inspector::inspect
