#include "core/inspect/dump.h"

#include <QtTest>

#include <nlohmann/json.hpp>

#include <sstream>
#include <vector>

using namespace inspector;
using namespace inspector::inspect;
using nlohmann::json;

namespace {

const Job kJob;

/// Updates made of JSON text by hand, at times 1, 2, 3, …
Reading readingOf(const std::vector<std::string>& rows, std::vector<std::int64_t> diffs = {})
{
    auto owner = std::make_shared<std::vector<std::string>>(rows);
    for (auto& row : *owner)
        row.reserve(row.size() + SharedBytes::kPadding);
    auto updates = std::make_shared<persist::Updates>();
    for (const auto& row : *owner) {
        updates->rows.push_back({row.data(), static_cast<std::uint32_t>(row.size()), codec::RowForm::JsonText});
        updates->times.push_back(updates->rows.size());
    }
    updates->diffs = std::move(diffs);
    updates->owners.push_back(owner);
    return {std::move(updates), Timestamp(9), SeqNo(1), Timestamp(0), Timestamp(10)};
}

std::vector<std::string> linesOf(const std::string& text)
{
    std::istringstream stream(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);)
        lines.push_back(line);
    return lines;
}

const std::string kVersion = R"({"key":{"key":"user_version"},"kind":"Config","value":{"value":82}})";
const std::string kSetting = R"({"key":{"name":"a"},"kind":"Setting","value":{"value":"b"}})";
const std::string kFence = R"({"deploy_generation":1,"epoch":4,"kind":"FenceToken"})";
const std::string kUnknown = R"({"key":{"name":"x"},"kind":"Widget","value":{}})";
const std::string kBroken = "no json";
const std::string kMisfit = R"({"key":{"name":"oid"},"kind":"IdAlloc","value":{"next_id":"many"}})";
const std::string kNonce =
    R"({"key":{"name":"mock_authentication_nonce"},"kind":"Setting","value":{"value":"bm9uY2U="}})";

} // namespace

/// What is written of rows that a healthy catalog does not have. The rest is held against the real system's own output.
class TestDump : public QObject
{
    Q_OBJECT

private slots:
    void whatIsInNoCollectionIsCounted()
    {
        StringSink out;
        SoloCrew crew;
        const auto leftOut = writeTypedLines(readingOf({kVersion, kFence, kUnknown, kBroken, kMisfit, kSetting}), {},
                                             LineOrder::ByCollection, out, crew, kJob);
        QVERIFY(leftOut);
        QCOMPARE(
            out.text(),
            std::string(R"({"collection":"config","key":{"key":"user_version"},"value":{"value":82},"ts":"1","diff":1})"
                        "\n"
                        R"({"collection":"setting","key":{"name":"a"},"value":{"value":"b"},"ts":"6","diff":1})"
                        "\n"));
        QCOMPARE(leftOut->text(),
                 std::string("4 rows left out: 1 fence token, 2 rows that do not decode, 1 of the unknown kind Widget; "
                             "'rows' shows them"));
        QVERIFY(leftOut->isInitialized);
    }

    void nothingLeftOutIsNothingSaid()
    {
        StringSink out;
        SoloCrew crew;
        const auto leftOut = writeTypedLines(readingOf({kVersion}), {}, LineOrder::ByCollection, out, crew, kJob);
        QCOMPARE(leftOut->text(), std::string());
        const auto empty = writeTypedLines(readingOf({}), {}, LineOrder::ByCollection, out, crew, kJob);
        QVERIFY(!empty->isInitialized);
    }

    void rangesAndCollectionsNarrowATrace()
    {
        const auto reading = readingOf({kVersion, kSetting, kFence, kVersion, kSetting}, {1, 1, 1, -1, -1});
        SoloCrew crew;
        const auto written = [&](const DumpOptions& options) {
            StringSink out;
            const auto leftOut = writeTypedLines(reading, options, LineOrder::AsRead, out, crew, kJob);
            std::vector<std::string> times;
            for (const auto& line : linesOf(out.text()))
                times.push_back(json::parse(line).at("ts").get<std::string>());
            return std::pair(times, leftOut->fenceTokens);
        };
        using Times = std::vector<std::string>;
        DumpOptions options;
        QCOMPARE(written(options), std::pair(Times({"1", "2", "4", "5"}), std::uint64_t(1)));
        options.from = Timestamp(2);
        options.to = Timestamp(4);
        QCOMPARE(written(options), std::pair(Times({"2", "4"}), std::uint64_t(1)));
        options.to = Timestamp(2);
        QCOMPARE(written(options), std::pair(Times({"2"}), std::uint64_t(0)));
        DumpOptions settings;
        settings.collections = {"setting"};
        QCOMPARE(written(settings).first, Times({"2", "5"}));
        DumpOptions noSettings;
        noSettings.ignored = {"setting"};
        QCOMPARE(written(noSettings).first, Times({"1", "4"}));
    }

    void everyStoredRowHasALine()
    {
        StringSink out;
        SoloCrew crew;
        QVERIFY(writeStoredLines(readingOf({kVersion, kBroken, kUnknown}), {}, ShowCertainty::Yes, out, crew, kJob));
        const auto lines = linesOf(out.text());
        QCOMPARE(lines.size(), std::size_t(3));
        const auto good = nlohmann::ordered_json::parse(lines[0]);
        std::vector<std::string> names;
        for (const auto& [name, value] : good.items())
            names.push_back(name);
        QCOMPARE(names, (std::vector<std::string> {"ts", "diff", "json", "source_data_hex", "row_hex", "certainty"}));
        const auto broken = json::parse(lines[1]);
        QVERIFY(broken.at("json").is_null() && broken.at("row_hex").is_null());
        QCOMPARE(broken.at("source_data_hex").get<std::string>(), std::string("6e6f206a736f6e")); // the bytes as stored
        QVERIFY(!broken.at("error").get<std::string>().empty());
        QCOMPARE(json::parse(lines[2]).at("json").at("kind").get<std::string>(), std::string("Widget"));
    }

    void rowsWithoutATypeAreShownAsStored()
    {
        StringSink out;
        QVERIFY(writeTypedOrStoredLines(readingOf({kVersion, kFence, kMisfit}), out, kJob));
        const auto lines = linesOf(out.text());
        QCOMPARE(lines.size(), std::size_t(3));
        QVERIFY(json::parse(lines[0]).contains("collection"));
        QVERIFY(json::parse(lines[1]).contains("source_data_hex"));
        QVERIFY(json::parse(lines[2]).contains("source_data_hex"));
    }

    void peopleSeeSecretsOnlyWhenRevealed()
    {
        SoloCrew crew;
        const auto written = [&](Secrets secrets) {
            StringSink out;
            static_cast<void>(writeReadableLines(readingOf({kVersion, kNonce, kBroken}), {}, ShowCertainty::No, secrets,
                                                 out, crew, kJob));
            return QString::fromStdString(out.text());
        };
        QVERIFY(!written(Secrets::Masked).contains("bm9uY2U"));
        QVERIFY(written(Secrets::Revealed).contains("bm9uY2U"));
        QVERIFY(written(Secrets::Masked).contains("(undecodable)"));
        QVERIFY(written(Secrets::Masked).contains("6e6f206a736f6e"));
    }

    void theReferencesTextCountsRetractionsAndShowsEmptyCollections()
    {
        StringSink out;
        SoloCrew crew;
        const auto leftOut = writeReferenceText(readingOf({kVersion, kSetting, kSetting}, {1, 1, -1}), {},
                                                DumpEntries::No, out, crew, kJob);
        QVERIFY(leftOut);
        QCOMPARE(leftOut->retractions.at("setting"), std::uint64_t(1));
        const auto text = QString::fromStdString(out.text());
        QVERIFY(text.startsWith("{\n    \"audit_log\":  {\n        total_count: 0,\n"));
        QVERIFY(text.contains("    \"setting\":  {\n        total_count: 2,\n        addition_count: 1,\n"
                              "        retraction_count: 1,\n    },\n"));
        QVERIFY(text.endsWith("    },\n}\n"));
        QVERIFY(!text.contains("entries"));
    }

    void rowsOfAnOlderVersionAreTypedAsOfThen()
    {
        // An upgrade rewrote the row: its older form is in the history, in the shape of the older version.
        const std::string before = R"({"key":{"key":"user_version"},"kind":"Config","value":{"value":78}})";
        const std::string oldRow =
            R"({"key":{"id":{"value":{"User":1}}},"kind":"StorageCollectionMetadata","value":{"shard":"s1"}})";
        const std::string newRow =
            R"({"key":{"id":{"User":1}},"kind":"StorageCollectionMetadata","value":{"shard":"s1"}})";
        StringSink out;
        SoloCrew crew;
        const auto leftOut =
            writeTypedLines(readingOf({before, oldRow, before, oldRow, newRow, kVersion}, {1, 1, -1, -1, 1, 1}), {},
                            LineOrder::AsRead, out, crew, kJob);
        QVERIFY(leftOut);
        QCOMPARE(leftOut->undecodable, std::uint64_t(0));
        QCOMPARE(linesOf(out.text()).size(), std::size_t(6));
        QCOMPARE(json::parse(linesOf(out.text())[1]).at("key").dump(), std::string(R"({"id":{"value":{"User":1}}})"));
    }

    void collectionNamesAreChecked()
    {
        QVERIFY(checkCollectionName("compute_instance"));
        const auto refused = checkCollectionName("clusters");
        QCOMPARE(refused.error().code, ErrorCode::InvalidInput);
        QVERIFY(refused.error().message.find("compute_instance") != std::string::npos);
    }
};

QTEST_GUILESS_MAIN(TestDump)
#include "tst_dump.moc"
