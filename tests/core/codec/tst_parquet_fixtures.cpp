#include "core/base/hex.h"
#include "core/codec/decoded_part.h"
#include "tests/core/codec/part_test_data.h"

#include <QDir>
#include <QtTest>

#include <nlohmann/json.hpp>
#include <sqlite3.h>
#include <zlib.h>

#include <map>
#include <memory>

using namespace inspector;
using namespace inspector::codec;

namespace {

using Json = nlohmann::json;

const QStringList kShards {QStringLiteral("old-fresh"), QStringLiteral("old-busy"), QStringLiteral("old-log"),
                           QStringLiteral("new-fresh"), QStringLiteral("new-busy"), QStringLiteral("new-log")};

QString folderOf(const QString& shard)
{
    return QStringLiteral(INSPECTOR_FIXTURES "/shards/") + shard;
}

/// All blobs of a catalog file by key.
std::map<std::string, SharedBytes> blobsOf(const QString& shard)
{
    std::map<std::string, SharedBytes> blobs;
    sqlite3* opened = nullptr;
    const auto uri = "file:" + folderOf(shard).toStdString() + "/catalog.mzcat?mode=ro&immutable=1";
    sqlite3_open_v2(uri.c_str(), &opened, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, nullptr);
    const std::unique_ptr<sqlite3, int (*)(sqlite3*)> database(opened, sqlite3_close);
    sqlite3_stmt* prepared = nullptr;
    sqlite3_prepare_v2(database.get(), "SELECT key, data FROM blob", -1, &prepared, nullptr);
    const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> rows(prepared, sqlite3_finalize);
    while (rows && sqlite3_step(rows.get()) == SQLITE_ROW) {
        const auto* key = reinterpret_cast<const char*>(sqlite3_column_text(rows.get(), 0));
        const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(rows.get(), 1));
        const auto size = static_cast<std::size_t>(sqlite3_column_bytes(rows.get(), 1));
        blobs[key] = SharedBytes::copyOf({data, size});
    }
    return blobs;
}

/// The first file in a shard's expected folder that matches, gunzipped if need be.
std::string expected(const QString& shard, const QString& pattern)
{
    const QDir folder(folderOf(shard) + QStringLiteral("/expected"));
    std::string text;
    for (const auto& name : folder.entryList({pattern, pattern + QStringLiteral(".gz")}, QDir::Files)) {
        if (name.contains(QLatin1String("as_of")))
            continue;
        const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(qPrintable(folder.filePath(name)), "rb"), gzclose);
        char buffer[1 << 16];
        int read = 0;
        while ((read = gzread(file.get(), buffer, sizeof(buffer))) > 0)
            text.append(buffer, static_cast<std::size_t>(read));
    }
    return text;
}

/// The states of a folder's shards as the reference prints them.
std::vector<Json> statesOf(const QString& shard)
{
    std::vector<Json> states;
    const QDir folder(folderOf(shard) + QStringLiteral("/expected/inspect"));
    for (const auto& name : folder.entryList({QStringLiteral("state.*.json")}, QDir::Files)) {
        QFile file(folder.filePath(name));
        if (file.open(QIODevice::ReadOnly))
            states.push_back(Json::parse(file.readAll().toStdString(), nullptr, false));
    }
    return states;
}

/// The parts of a printed state's batches, with what the state says of each.
struct PrintedPart
{
    Result<DecodedPart> decoded;
    std::int64_t batchLength = 0; ///< updates of the whole batch, which has one part in these shards
    std::optional<std::int64_t> diffsSum;
    bool isInline = false;
};

std::vector<PrintedPart> partsOf(const Json& state, const std::map<std::string, SharedBytes>& blobs)
{
    std::vector<PrintedPart> parts;
    const auto shardId = state.at("shard_id").get<std::string>();
    for (const auto& batch : state.at("trace").at("legacy_batches")) {
        for (const auto& part : batch.at("parts")) {
            PrintedPart printed;
            printed.batchLength = batch.at("len").get<std::int64_t>();
            if (!part.at("diffs_sum").is_null())
                printed.diffsSum = part.at("diffs_sum").get<std::int64_t>();
            const auto& kind = part.at("kind");
            if (kind.contains("Inline")) {
                Bytes bytes;
                for (const auto& byte : kind.at("Inline"))
                    bytes.push_back(static_cast<std::byte>(byte.get<int>()));
                printed.decoded = decodeInlinePart(SharedBytes::copyOf(bytes));
                printed.isInline = true;
            } else {
                const auto found = blobs.find(shardId + "/" + kind.at("Key").get<std::string>());
                printed.decoded = found != blobs.end() ? decodeParquetPart(found->second)
                                                       : Result<DecodedPart>(fail(ErrorCode::NotFound, "no such blob"));
            }
            parts.push_back(std::move(printed));
        }
    }
    return parts;
}

/// A row as the reference prints it: codec bytes as hex in the old era, JSON with sorted members in the new.
std::string comparable(const StoredRow& row)
{
    if (row.form == RowForm::JsonText)
        return Json::parse(row.bytes(), nullptr, false).dump();
    return toHex(bytesOf(row.bytes()));
}

void addShards()
{
    QTest::addColumn<QString>("shard");
    for (const auto& shard : kShards)
        QTest::newRow(qPrintable(shard)) << shard;
}

} // namespace

/// Every part of the shards that the real system wrote.
class TestParquetFixtures : public QObject
{
    Q_OBJECT

private slots:
    void everyPartDecodesWithoutAWarning_data() { addShards(); }

    void everyPartDecodesWithoutAWarning()
    {
        QFETCH(QString, shard);
        const auto layout = shard.startsWith(QLatin1String("old")) ? PartLayout::Row : PartLayout::Structured;
        int parts = 0;
        for (const auto& [key, bytes] : blobsOf(shard)) {
            if (key.find("/p") == std::string::npos)
                continue;
            const auto part = decodeParquetPart(bytes);
            QVERIFY2(part, part ? "" : (key + ": " + part.error().describe()).c_str());
            QCOMPARE(test::joined(part->warnings), std::string());
            QVERIFY(part->layout == layout);
            QVERIFY(part->description);
            QVERIFY(!part->rows.empty());
            QVERIFY(test::holdsTogether(part));
            ++parts;
        }
        QVERIFY(parts > 0);
    }

    void partsHaveTheCountsThatTheStateRecords_data() { addShards(); }

    void partsHaveTheCountsThatTheStateRecords()
    {
        QFETCH(QString, shard);
        const auto blobs = blobsOf(shard);
        int counted = 0;
        for (const auto& state : statesOf(shard)) {
            for (const auto& part : partsOf(state, blobs)) {
                QVERIFY2(part.decoded, part.decoded ? "" : part.decoded.error().describe().c_str());
                QCOMPARE(test::joined(part.decoded->warnings), std::string());
                QCOMPARE(static_cast<std::int64_t>(part.decoded->rows.size()), part.batchLength);
                std::int64_t sum = 0;
                for (const auto diff : part.decoded->diffs)
                    sum += diff;
                if (part.diffsSum)
                    QCOMPARE(sum, *part.diffsSum);
                ++counted;
            }
        }
        QVERIFY(counted > 0);
    }

    void partsAddUpToTheRowsThatTheReferenceReads_data() { addShards(); }

    void partsAddUpToTheRowsThatTheReferenceReads()
    {
        QFETCH(QString, shard);
        const bool isOld = shard.startsWith(QLatin1String("old"));
        std::map<std::string, std::int64_t> wanted;
        std::istringstream lines(expected(shard, QStringLiteral("raw.*.jsonl")));
        std::string line;
        QVERIFY(std::getline(lines, line));
        const auto asOf = Json::parse(line).at("as_of").get<std::uint64_t>();
        while (std::getline(lines, line)) {
            const auto row = Json::parse(line);
            wanted[isOld ? row.at("source_data_hex").get<std::string>() : row.at("json").dump()] +=
                row.at("diff").get<std::int64_t>();
        }
        QVERIFY(!wanted.empty());

        const auto blobs = blobsOf(shard);
        std::map<std::string, std::int64_t> sums;
        for (const auto& state : statesOf(shard)) {
            for (const auto& part : partsOf(state, blobs)) {
                QVERIFY(part.decoded);
                for (std::size_t i = 0; i < part.decoded->rows.size(); ++i) {
                    if (part.decoded->times[i] <= asOf)
                        sums[comparable(part.decoded->rows[i])] += part.decoded->diffs[i];
                }
            }
        }
        std::erase_if(sums, [](const auto& sum) { return sum.second == 0; });
        QCOMPARE(sums.size(), wanted.size());
        QVERIFY(sums == wanted);
    }

    void inlinePartsAreAmongThem()
    {
        int inlineParts = 0;
        for (const auto& shard : kShards) {
            const auto blobs = blobsOf(shard);
            for (const auto& state : statesOf(shard)) {
                for (const auto& part : partsOf(state, blobs))
                    inlineParts += part.isInline ? 1 : 0;
            }
        }
        QVERIFY(inlineParts >= 10);
    }
};

QTEST_GUILESS_MAIN(TestParquetFixtures)
#include "tst_parquet_fixtures.moc"
