#pragma once

#include "core/base/base64.h"
#include "core/base/bytes.h"
#include "core/base/hex.h"
#include "core/codec/decoded_part.h"

#include <QFile>
#include <QString>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <vector>

/// The vectors of tests/data/parquet, and what tests ask of every decoded part.
namespace inspector::codec::test {

/// The bytes of tests/data/parquet/`name`: base64 (.b64) or hexadecimal (.hex), line breaks ignored. Empty when it
/// cannot be read, which no test takes for an answer.
inline Bytes vectorBytes(const QString& name)
{
    QFile file(QStringLiteral(SOURCE_ROOT "/tests/data/parquet/") + name);
    if (!file.open(QIODevice::ReadOnly))
        return {};
    auto text = file.readAll().toStdString();
    text.erase(std::remove_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }), text.end());
    const auto bytes = name.endsWith(QLatin1String(".hex")) ? fromHex(text) : fromBase64(text);
    return bytes ? *bytes : Bytes();
}

inline const std::vector<QString> kParquetVectors = {
    QStringLiteral("tv_structured.parquet.b64"), QStringLiteral("tv_row.parquet.b64"),
    QStringLiteral("tv_both_old.parquet.b64"), QStringLiteral("tv_structured_lz4.parquet.b64")};
inline const std::vector<QString> kInlineVectors = {QStringLiteral("inline_structured.hex"),
                                                    QStringLiteral("inline_row.hex")};

/// What must hold for whatever a decoder answers: a failure has a reason, columns have one length, and every byte of
/// every row can be read. Returns a sum over the rows so that the reads are not left out.
inline bool holdsTogether(const Result<DecodedPart>& part)
{
    if (!part)
        return !part.error().message.empty();
    if (part->times.size() != part->rows.size() || part->diffs.size() != part->rows.size())
        return false;
    std::size_t sum = 0;
    for (const auto& row : part->rows) {
        for (const char c : row.bytes())
            sum += static_cast<unsigned char>(c);
    }
    return sum < static_cast<std::size_t>(-1)
        && std::find(part->diffs.begin(), part->diffs.end(), 0) == part->diffs.end();
}

/// `bytes` with `flips` bits turned over at random places.
inline Bytes withFlippedBits(Bytes bytes, int flips, std::mt19937& random)
{
    std::uniform_int_distribution<std::size_t> bit(0, bytes.size() * 8 - 1);
    for (int i = 0; i < flips; ++i) {
        const auto at = bit(random);
        bytes[at / 8] ^= static_cast<std::byte>(1U << (at % 8));
    }
    return bytes;
}

/// All warnings in one line.
inline std::string joined(const std::vector<std::string>& warnings)
{
    std::string text;
    for (const auto& warning : warnings)
        text += (text.empty() ? "" : "; ") + warning;
    return text;
}

} // namespace inspector::codec::test
