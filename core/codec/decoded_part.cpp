#include "core/codec/decoded_part.h"

#include "core/base/base64.h"
#include "core/codec/parquet_file.h"
#include "core/codec/part_checks.h"
#include "core/codec/proto/persist.pb.h"

#include <cstddef>
#include <string_view>
#include <utility>

namespace inspector::codec {

namespace {

constexpr std::string_view kInlineKey = "MZ:inline";
constexpr std::string_view kCodecKeys = "k";
constexpr std::string_view kStructuredKeys = "k_s.ok.0";
constexpr std::string_view kStructuredErrors = "k_s.err";
constexpr std::string_view kStructuredValues = "v_s";

/// What `MZ:inline` says about where the rows are (persist-format §7.4).
enum class Claim { RowColumns, StructuredColumns, Unknown };

Claim claimOf(const proto::ProtoBatchPartInline& message, std::vector<std::string>& warnings)
{
    if (message.format() == proto::BatchFormatParquetKvtd)
        return Claim::RowColumns;
    if (message.format() != proto::BatchFormatParquetStructured) {
        warnings.push_back("MZ:inline has the unknown format " + std::to_string(static_cast<int>(message.format()))
                           + "; columns were found by name");
        return Claim::Unknown;
    }
    const auto migration = message.structured_migration();
    if (migration == 1)
        return Claim::RowColumns;
    if (migration == 2 || migration == 3)
        return Claim::StructuredColumns;
    warnings.push_back("MZ:inline has the unknown structured migration " + std::to_string(migration)
                       + "; columns were found by name");
    return Claim::Unknown;
}

/// Reads `MZ:inline` into `part`. What does not read becomes a warning: columns are found by name anyway.
Claim readInline(const ParquetFile& file, DecodedPart& part)
{
    const auto text = file.value(kInlineKey);
    if (!text) {
        part.warnings.emplace_back("MZ:inline is missing, so the part does not say which times it covers");
        return Claim::Unknown;
    }
    const auto bytes = fromBase64(*text);
    proto::ProtoBatchPartInline message;
    if (!bytes || !message.ParseFromArray(bytes->data(), static_cast<int>(bytes->size()))) {
        part.warnings.emplace_back("MZ:inline does not read, so the part does not say which times it covers");
        return Claim::Unknown;
    }
    part.description = descriptionOf(message.has_desc() ? &message.desc() : nullptr, part.warnings);
    return claimOf(message, part.warnings);
}

struct RowColumn
{
    std::size_t column = 0;
    RowForm form = RowForm::SourceData;
};

/// Chooses the column of the rows and says which layout that makes.
Result<RowColumn> chooseRows(const ParquetFile& file, Claim claim, DecodedPart& part)
{
    const auto codecKeys = file.column(kCodecKeys);
    const auto structuredKeys = file.column(kStructuredKeys);
    // A file of the old era may have one of k_s and v_s alone; then its row columns are the ones to trust.
    const bool structuredIsWhole = structuredKeys && file.column(kStructuredValues);
    if (structuredKeys && (!codecKeys || (structuredIsWhole && claim != Claim::RowColumns))) {
        part.layout = codecKeys ? PartLayout::Both : PartLayout::Structured;
        return RowColumn {*structuredKeys, RowForm::JsonText};
    }
    if (codecKeys) {
        part.layout = PartLayout::Row;
        return RowColumn {*codecKeys, RowForm::SourceData};
    }
    std::string names;
    for (const auto& column : file.footer().columns)
        names += (names.empty() ? "" : ", ") + column.path;
    return fail(ErrorCode::Corrupt, "the part has neither column k nor k_s.ok.0, only: " + names);
}

/// Fills `to` with a required column of 64-bit integers; those without a sign keep their bits.
template <typename Integer>
Result<> readRequired(ParquetFile& file, std::string_view name, std::vector<Integer>& to)
{
    static_assert(sizeof(Integer) == sizeof(std::int64_t));
    const auto column = file.column(name);
    if (!column)
        return fail(ErrorCode::Corrupt, "the part has no column " + std::string(name));
    if (file.footer().columns[*column].type != ParquetType::Int64)
        return fail(ErrorCode::Corrupt,
                    "column " + std::string(name) + " is " + nameOf(file.footer().columns[*column].type)
                        + ", not INT64");
    to.resize(file.rows());
    INSPECTOR_TRY(const auto nulls,
                  file.readIntegers(*column, {reinterpret_cast<std::int64_t*>(to.data()), to.size()}));
    if (nulls > 0)
        return fail(ErrorCode::Corrupt,
                    "column " + std::string(name) + " has " + countOf(nulls, "null") + " where none may be");
    return {};
}

/// Puts the encoded errors of rows that are errors into their place. They are never in a healthy catalog, so this
/// usually reads a few bytes of levels.
Result<> readErrors(ParquetFile& file, ByteArrayColumn& rows, DecodedPart& part)
{
    std::uint64_t missing = rows.nulls;
    const auto column = file.column(kStructuredErrors);
    if (column && part.layout != PartLayout::Row) {
        INSPECTOR_TRY(const auto present, file.countPresent(*column));
        if (present > 0) {
            INSPECTOR_TRY(auto errors, file.readByteArrays(*column, RowForm::Error));
            for (std::size_t i = 0; i < errors.rows.size(); ++i) {
                if (errors.rows[i].data == nullptr)
                    continue;
                missing -= rows.rows[i].data == nullptr ? 1U : 0U;
                rows.rows[i] = errors.rows[i];
            }
            rows.owners.insert(rows.owners.end(), errors.owners.begin(), errors.owners.end());
            part.warnings.push_back(countOf(present, "row") + " with the column err set, shown as opaque bytes");
        }
    }
    if (missing > 0)
        part.warnings.push_back(countOf(missing, "row") + " without a value, shown as empty errors");
    return {};
}

Result<DecodedPart> decodeRows(ParquetFile& file, const SharedBytes& bytes)
{
    DecodedPart part;
    const auto claim = readInline(file, part);
    if (file.footer().rowGroups.size() != 1)
        part.warnings.push_back("the part has " + countOf(file.footer().rowGroups.size(), "row group")
                                + " instead of 1; all were read");
    if (file.footer().rows != file.rows())
        part.warnings.push_back("the footer counts " + countOf(file.footer().rows, "row") + ", its row groups have "
                                + std::to_string(file.rows()));
    INSPECTOR_TRY(const auto choice, chooseRows(file, claim, part));
    INSPECTOR_CHECK(readRequired(file, "t", part.times));
    INSPECTOR_CHECK(readRequired(file, "d", part.diffs));
    INSPECTOR_TRY(auto rows, file.readByteArrays(choice.column, choice.form));
    INSPECTOR_CHECK(readErrors(file, rows, part));
    if (rows.rows.empty())
        part.layout = PartLayout::Empty;

    part.rows = std::move(rows.rows);
    part.owners = std::move(rows.owners);
    part.owners.push_back(bytes.owner());
    checkUpdates(part);
    return part;
}

} // namespace

Result<DecodedPart> decodeParquetPart(const SharedBytes& file)
{
    INSPECTOR_TRY(auto parquet, ParquetFile::open(file));
    return decodeRows(parquet, file);
}

} // namespace inspector::codec
