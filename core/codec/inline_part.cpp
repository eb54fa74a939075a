#include "core/codec/decoded_part.h"
#include "core/codec/part_checks.h"
#include "core/codec/proto/persist.pb.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace inspector::codec {

namespace {

/// Byte strings that end up behind one another in one buffer with SharedBytes' padding, which the fields of a protobuf
/// message lack. Inline parts are a few kilobytes (persist-format §7.8).
class PaddedCopy
{
public:
    PaddedCopy(std::initializer_list<const std::string*> pieces)
    {
        std::size_t size = 0;
        for (const auto* piece : pieces)
            size += piece->size();
        m_bytes = SharedBytes::make(size, [&](std::byte* to) {
            for (const auto* piece : pieces) {
                m_starts.push_back(reinterpret_cast<const char*>(to));
                if (!piece->empty())
                    std::memcpy(to, piece->data(), piece->size());
                to += piece->size();
            }
        });
    }

    /// Where the copy of the n-th piece begins.
    [[nodiscard]] const char* start(std::size_t piece) const { return m_starts[piece]; }
    [[nodiscard]] const std::shared_ptr<const void>& owner() const { return m_bytes.owner(); }

private:
    SharedBytes m_bytes;
    std::vector<const char*> m_starts;
};

/// One arrow array of strings, or of binaries, seen through its parents' offsets (persist-format §5.10).
class ArrowStrings
{
public:
    /// `first` is the array's logical row that is row 0 here. Corrupt when a row of the `rows` is not all there.
    [[nodiscard]] static Result<ArrowStrings> open(const proto::ProtoArrayData& array, std::uint64_t first,
                                                   std::uint64_t rows)
    {
        if (array.buffers_size() != 2)
            return fail(ErrorCode::Corrupt,
                        "an array of strings has " + std::to_string(array.buffers_size()) + " buffers, not 2");
        ArrowStrings strings(array.buffers(0).data(), array.buffers(1).data());
        const auto entries = strings.m_offsets.size() / sizeof(std::int32_t);
        if (array.offset() > entries || first > entries || rows >= entries || array.offset() + first + rows >= entries)
            return fail(ErrorCode::Corrupt,
                        "an array of strings has " + std::to_string(entries) + " offsets, fewer than its rows need");
        strings.m_first = static_cast<std::size_t>(array.offset() + first);
        for (std::size_t i = 0; i < rows; ++i) {
            const auto from = strings.offset(i);
            const auto to = strings.offset(i + 1);
            if (from < 0 || to < from || static_cast<std::size_t>(to) > strings.m_data->size())
                return fail(ErrorCode::Corrupt,
                            "the offsets of an array of strings are not in order at row " + std::to_string(i));
        }
        return strings;
    }

    [[nodiscard]] const std::string& data() const { return *m_data; }
    /// Row i of a buffer that begins at `start` and is a copy of data().
    [[nodiscard]] StoredRow row(std::size_t i, const char* start, RowForm form) const
    {
        const auto from = offset(i);
        return {start + from, static_cast<std::uint32_t>(offset(i + 1) - from), form};
    }

private:
    ArrowStrings(const std::string& offsets, const std::string& data)
        : m_offsets(offsets)
        , m_data(&data)
    {
    }

    [[nodiscard]] std::int32_t offset(std::size_t i) const
    {
        std::int32_t value = 0;
        std::memcpy(&value, m_offsets.data() + (m_first + i) * sizeof(value), sizeof(value));
        return value;
    }

    std::string_view m_offsets;
    const std::string* m_data;
    std::size_t m_first = 0;
};

/// The validity bits of an array from its logical row `first` on. No bitmap: all are valid.
class Validity
{
public:
    [[nodiscard]] static Result<Validity> open(const proto::ProtoArrayData& array, std::uint64_t first,
                                               std::uint64_t rows)
    {
        Validity validity;
        if (!array.has_nulls())
            return validity;
        const auto& bits = array.nulls().buffer().data();
        const auto available = std::uint64_t {bits.size()} * 8;
        if (first > available || rows > available - first)
            return fail(ErrorCode::Corrupt,
                        "a bitmap of nulls has " + std::to_string(available) + " bits, fewer than its rows need");
        validity.m_bits = &bits;
        validity.m_first = static_cast<std::size_t>(first);
        return validity;
    }

    [[nodiscard]] bool operator[](std::size_t row) const
    {
        if (m_bits == nullptr)
            return true;
        const auto bit = m_first + row;
        const unsigned byte = static_cast<unsigned char>((*m_bits)[bit / 8]);
        return ((byte >> (bit % 8)) & 1U) != 0;
    }

private:
    const std::string* m_bits = nullptr;
    std::size_t m_first = 0;
};

struct Child
{
    const proto::ProtoArrayData* array = nullptr;
    const proto::DataType* type = nullptr;
};

/// The child of a struct array by its field's name; an empty one when there is none.
Child childOf(const proto::ProtoArrayData& array, const proto::DataType& type, std::string_view name)
{
    const auto& fields = type.struct_().fields();
    for (int i = 0; i < fields.size() && i < array.children_size(); ++i) {
        if (fields[i].name() == name)
            return {&array.children(i), &fields[i].data_type()};
    }
    return {};
}

bool holdsStrings(const proto::DataType& type)
{
    return type.has_string() || type.has_binary();
}

/// Where row 0 of a struct lies in its children. Their offsets add to it when values are looked up, so none may be
/// beyond what a buffer can hold.
Result<std::uint64_t> below(const proto::ProtoArrayData& array, std::uint64_t first)
{
    constexpr std::uint64_t kMax = std::numeric_limits<std::int32_t>::max();
    if (array.offset() > kMax || first > kMax - array.offset())
        return fail(ErrorCode::Corrupt, "an array's offset is beyond any buffer");
    return array.offset() + first;
}

/// The structured key column: struct { ok: struct { "0": string }, err: binary } (persist-format §5.10).
Result<> readStructured(const proto::ProtoArrayData& root, DecodedPart& part)
{
    const auto rows = part.times.size();
    if (root.length() != rows)
        return fail(ErrorCode::Corrupt,
                    "the structured keys have " + countOf(root.length(), "row") + ", the part has "
                        + countOf(rows, "update"));
    const auto ok = childOf(root, root.data_type(), "ok");
    const auto cell = ok.array != nullptr ? childOf(*ok.array, *ok.type, "0") : Child();
    if (cell.array == nullptr || !holdsStrings(*cell.type))
        return fail(ErrorCode::Corrupt, "the structured keys have no string column ok.0");
    const auto err = childOf(root, root.data_type(), "err");

    INSPECTOR_TRY(const auto rootValid, Validity::open(root, 0, rows));
    INSPECTOR_TRY(const auto inRoot, below(root, 0));
    INSPECTOR_TRY(const auto okValid, Validity::open(*ok.array, inRoot, rows));
    INSPECTOR_TRY(const auto inOk, below(*ok.array, inRoot));
    INSPECTOR_TRY(const auto cellValid, Validity::open(*cell.array, inOk, rows));
    INSPECTOR_TRY(const auto cells, ArrowStrings::open(*cell.array, inOk, rows).during("reading ok.0"));

    const bool hasErrors = err.array != nullptr && holdsStrings(*err.type);
    const proto::ProtoArrayData none;
    INSPECTOR_TRY(const auto errValid, Validity::open(hasErrors ? *err.array : none, inRoot, rows));
    std::vector<std::size_t> errorRows;
    for (std::size_t i = 0; hasErrors && i < rows; ++i) {
        if (rootValid[i] && errValid[i])
            errorRows.push_back(i);
    }
    // An array of nulls only may leave its buffers out, so err is opened when a row needs it.
    std::optional<ArrowStrings> errors;
    if (!errorRows.empty()) {
        INSPECTOR_TRY(errors, ArrowStrings::open(*err.array, inRoot, rows).during("reading err"));
    }

    const std::string nothing;
    const PaddedCopy copy {&cells.data(), errors ? &errors->data() : &nothing};
    std::uint64_t missing = 0;
    part.rows.resize(rows);
    for (std::size_t i = 0; i < rows; ++i) {
        const bool isThere = rootValid[i] && okValid[i] && cellValid[i];
        part.rows[i] =
            isThere ? cells.row(i, copy.start(0), RowForm::JsonText) : StoredRow {nullptr, 0, RowForm::Error};
        missing += isThere ? 0U : 1U;
    }
    for (const auto i : errorRows) {
        missing -= part.rows[i].form == RowForm::Error ? 1U : 0U;
        part.rows[i] = errors->row(i, copy.start(1), RowForm::Error);
    }
    if (!errorRows.empty())
        part.warnings.push_back(countOf(errorRows.size(), "row") + " with the column err set, shown as opaque bytes");
    if (missing > 0)
        part.warnings.push_back(countOf(missing, "row") + " without a value, shown as empty errors");
    part.owners.push_back(copy.owner());
    return {};
}

/// The codec columns: key i is key_data[off[i] .. off[i+1]) (persist-format §5.9).
Result<> readKeys(const proto::ProtoColumnarRecords& records, DecodedPart& part)
{
    const auto rows = part.times.size();
    const auto& offsets = records.key_offsets();
    if (static_cast<std::size_t>(offsets.size()) != rows + 1)
        return fail(ErrorCode::Corrupt,
                    "the keys have " + countOf(static_cast<std::uint64_t>(offsets.size()), "offset") + ", the part has "
                        + countOf(rows, "update"));
    const PaddedCopy copy {&records.key_data()};
    part.rows.resize(rows);
    for (int i = 0; i + 1 < offsets.size(); ++i) {
        const auto from = offsets[i];
        const auto to = offsets[i + 1];
        if (from < 0 || to < from || static_cast<std::size_t>(to) > records.key_data().size())
            return fail(ErrorCode::Corrupt, "the offsets of the keys are not in order at row " + std::to_string(i));
        part.rows[static_cast<std::size_t>(i)] = {copy.start(0) + from, static_cast<std::uint32_t>(to - from),
                                                  RowForm::SourceData};
    }
    part.owners.push_back(copy.owner());
    return {};
}

Result<> readRows(const proto::ProtoColumnarRecords& records, DecodedPart& part)
{
    const bool hasKeys = records.key_offsets_size() > 0;
    if (records.has_key_structured()) {
        const auto warnings = part.warnings.size();
        auto structured = readStructured(records.key_structured(), part);
        if (structured || !hasKeys) {
            part.layout = hasKeys ? PartLayout::Both : PartLayout::Structured;
            return structured;
        }
        part.warnings.resize(warnings);
        part.warnings.push_back("the structured keys do not read, so the row keys were taken: "
                                + structured.error().describe());
    }
    if (!hasKeys)
        return fail(ErrorCode::Corrupt, "the part has updates, but neither keys nor structured keys");
    part.layout = PartLayout::Row;
    return readKeys(records, part);
}

} // namespace

Result<DecodedPart> decodeInlinePart(const SharedBytes& bytes)
{
    if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
        return fail(ErrorCode::Unsupported, "the inline part takes " + std::to_string(bytes.size()) + " bytes");
    proto::ProtoInlineBatchPart message;
    if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
        return fail(ErrorCode::Corrupt,
                    "the inline part of " + std::to_string(bytes.size())
                        + " bytes does not read as ProtoInlineBatchPart");
    if (!message.has_updates())
        return fail(ErrorCode::Corrupt, "the inline part has no updates message");
    const auto& records = message.updates();
    const auto updates = records.len();
    if (static_cast<std::uint64_t>(records.timestamps_size()) != updates
        || static_cast<std::uint64_t>(records.diffs_size()) != updates)
        return fail(ErrorCode::Corrupt,
                    "the inline part has " + countOf(updates, "update") + ", but "
                        + countOf(static_cast<std::uint64_t>(records.timestamps_size()), "time") + " and "
                        + countOf(static_cast<std::uint64_t>(records.diffs_size()), "diff"));

    DecodedPart part;
    part.description = descriptionOf(message.has_desc() ? &message.desc() : nullptr, part.warnings);
    if (updates == 0)
        return part;
    part.times.assign(records.timestamps().begin(), records.timestamps().end());
    part.diffs.assign(records.diffs().begin(), records.diffs().end());
    INSPECTOR_CHECK(readRows(records, part));
    checkUpdates(part);
    return part;
}

} // namespace inspector::codec
