#include "core/codec/proto/diff.pb.h"
#include "core/codec/proto/state.pb.h"
#include "core/persist/decode.h"
#include "core/persist/state_json.h"
#include "tests/core/persist/shard_builder.h"

#include <QTest>

#include <nlohmann/json.hpp>

using namespace inspector;
using namespace inspector::persist;
using namespace inspector::persist::tests;

namespace {

SharedBytes shared(const std::string& text)
{
    return SharedBytes::copyOf(bytesOf(text));
}

proto::ProtoHollowBatchPart fullPart()
{
    proto::ProtoHollowBatchPart part;
    part.mutable_run_ref()->set_key("n1/pa");
    part.mutable_run_ref()->set_max_part_bytes(UINT64_MAX);
    part.mutable_ts_rewrite()->add_elements(7);
    part.set_encoded_size_bytes(18446744073709551615U);
    part.set_key_lower(std::string("\x00\xff", 2));
    part.set_structured_key_lower("");
    part.set_diffs_sum(-3);
    part.set_row_and_columnar(2);
    part.set_schema_id(5);
    part.set_deprecated_schema_id(4);
    auto& entry = *part.add_metadata();
    entry.set_key("name");
    entry.set_value("v");
    part.set_key_stats("s");
    return part;
}

proto::ProtoHollowBatch fullBatch()
{
    proto::ProtoHollowBatch batch;
    batch.mutable_desc()->mutable_lower()->add_elements(1);
    batch.mutable_desc()->mutable_upper();
    batch.mutable_desc()->mutable_since()->add_elements(UINT64_MAX);
    *batch.add_parts() = fullPart();
    batch.add_deprecated_keys("w1/pold");
    batch.set_len(9);
    batch.add_runs(1);
    auto& meta = *batch.add_run_meta();
    meta.set_order(static_cast<proto::ProtoRunOrder>(77));
    meta.set_deprecated_schema_id(1);
    meta.set_schema_id(2);
    meta.set_id("ri1");
    meta.set_len(3);
    meta.add_meta()->set_key("m");
    return batch;
}

proto::ProtoRollup fullRollup(const std::string& version)
{
    proto::ProtoRollup rollup;
    rollup.set_applier_version(version);
    rollup.set_shard_id("s");
    rollup.set_hostname("h\xff\n");
    rollup.set_walltime_ms(UINT64_MAX);
    rollup.mutable_active_rollup()->set_seqno(3);
    rollup.mutable_active_gc()->set_start_ms(4);
    auto& old = *rollup.add_deprecated_rollups();
    old.set_key(2);
    old.set_value("v2/r");
    auto& listed = *rollup.add_rollups();
    listed.set_key(3);
    listed.mutable_value()->set_key("v3/r");
    listed.mutable_value()->set_encoded_size_bytes(0);
    auto& trace = *rollup.mutable_trace();
    trace.mutable_since();
    *trace.add_legacy_batches() = fullBatch();
    auto& hollow = *trace.add_hollow_batches();
    hollow.mutable_id()->set_hi(1);
    *hollow.mutable_batch() = fullBatch();
    auto& merge = *trace.add_merges();
    merge.mutable_id()->set_hi(2);
    merge.mutable_merge()->mutable_since();
    merge.mutable_merge()->mutable_active_compaction()->set_start_ms(11);
    auto& reader = *rollup.add_critical_readers();
    reader.set_key("c1");
    reader.mutable_value()->mutable_since()->add_elements(1);
    reader.mutable_value()->set_opaque(-1);
    auto& writer = *rollup.add_writers();
    writer.set_key("w1");
    writer.mutable_value();
    rollup.mutable_diffs()->set_lower(1);
    rollup.mutable_diffs()->add_diffs()->set_data("d");
    return rollup;
}

} // namespace

/// Every field of persist-format §5, whatever writer set it.
class TestDecode : public QObject
{
    Q_OBJECT

private slots:
    void batchKeepsEveryField()
    {
        const auto bytes = fullBatch().SerializeAsString();
        const auto decoded = decodeBatch(shared(bytes));
        QVERIFY2(decoded.has_value(), decoded ? "" : decoded.error().describe().c_str());
        const auto& batch = **decoded;
        QCOMPARE(batch.description.lower, Frontier(Timestamp(1)));
        QCOMPARE(batch.description.upper, Frontier());
        QCOMPARE(batch.description.since, Frontier(Timestamp(UINT64_MAX)));
        QCOMPARE(batch.parts.size(), std::size_t(2));
        const auto& part = batch.parts[0];
        QVERIFY((std::get<RunRef>(part.content) == RunRef {"n1/pa", UINT64_MAX}));
        QVERIFY(part.tsRewrite == Frontier(Timestamp(7)));
        QCOMPARE(part.encodedSizeBytes, UINT64_MAX);
        QCOMPARE(part.keyLower, std::string("\x00\xff", 2));
        QVERIFY(part.structuredKeyLower == std::string());
        QVERIFY(part.diffsSum == -3);
        QVERIFY((part.format == ClaimedFormat {ClaimedFormat::Kind::RowAndColumnar, 2}));
        QVERIFY(part.schemaId == 5U && part.deprecatedSchemaId == 4U);
        QVERIFY((part.metadata == Metadata {{"name", "v"}}));
        QVERIFY(part.keyStats == std::string("s"));
        QCOMPARE(std::get<BlobPart>(batch.parts[1].content).key, std::string("w1/pold"));
        QCOMPARE(batch.length, std::uint64_t(9));
        QCOMPARE(batch.runs, (std::vector<std::uint64_t> {1}));
        QVERIFY((batch.runMeta == std::vector<RunMeta> {{77, 2, 1, "ri1", 3, {{"m", ""}}}}));
        QVERIFY(inspector::textOf(batch.raw.view()) == bytes);
    }

    void rollupKeepsWhereItsBatchesLie()
    {
        const auto rollup = decodeRollup(shared(fullRollup("26.23.0").SerializeAsString()));
        QVERIFY2(rollup.has_value(), rollup ? "" : rollup.error().describe().c_str());
        const auto bytes = fullBatch().SerializeAsString();
        QVERIFY(inspector::textOf(rollup->state.trace.legacyBatches.at(0)->raw.view()) == bytes);
        QVERIFY(inspector::textOf(rollup->state.trace.hollowBatches.at({0, 1})->raw.view()) == bytes);
        QCOMPARE(rollup->state.rollups.at(SeqNo(2)).key, std::string("v2/r"));
        QVERIFY(!rollup->state.rollups.at(SeqNo(2)).encodedSizeBytes);
        QVERIFY(rollup->state.rollups.at(SeqNo(3)).encodedSizeBytes == 0U);
        QVERIFY(!rollup->state.writers.at("w1").mostRecentWriteUpper);
        QVERIFY(rollup->diffs.has_value());
        QCOMPARE(rollup->diffs->diffs.size(), std::size_t(1));
    }

    void jsonIsExactAndValidWhateverTheFields_data()
    {
        QTest::addColumn<QString>("version");
        QTest::addColumn<bool>("isNew");
        QTest::newRow("old") << "0.125.0" << false;
        QTest::newRow("before the schema ids moved") << "0.126.9" << false;
        QTest::newRow("since they moved") << "0.127.0-dev.0" << true;
        QTest::newRow("new") << "26.23.0" << true;
        QTest::newRow("no version") << "latest" << true;
    }
    void jsonIsExactAndValidWhateverTheFields()
    {
        QFETCH(const QString, version);
        QFETCH(const bool, isNew);
        const auto rollup = decodeRollup(shared(fullRollup(version.toStdString()).SerializeAsString()));
        QVERIFY(rollup.has_value());
        const auto json = nlohmann::json::parse(stateJson(rollup->state, JsonLayout::Compact), nullptr, false);
        QVERIFY(!json.is_discarded());
        QCOMPARE(json["walltime_ms"].get<std::uint64_t>(), UINT64_MAX);
        QCOMPARE(json["hostname"].get<std::string>(), std::string("h\xef\xbf\xbd\n"));
        QCOMPARE(json.contains("active_rollup"), isNew);
        const auto& batch = json["trace"]["legacy_batches"][0];
        QCOMPARE(batch["desc"]["since"]["elements"][0].get<std::int64_t>(), std::int64_t(-1)); // int64 there
        const auto& part = batch["parts"][0];
        QCOMPARE(part["schema_id"].get<int>(), isNew ? 5 : 4);
        QCOMPARE(part.contains("deprecated_schema_id"), isNew);
        QCOMPARE(part.contains("metadata"), isNew);
        QCOMPARE(part["kind"]["RunRef"]["max_part_bytes"].get<std::uint64_t>(), UINT64_MAX);
        QCOMPARE(part["format"]["RowAndColumnar"].get<int>(), 2);
        QCOMPARE(part["structured_key_lower"].size(), std::size_t(0));
        QCOMPARE(batch["run_meta"][0]["schema_id"].get<int>(), isNew ? 2 : 1);
        QCOMPARE(batch["run_meta"][0]["order"].get<int>(), 77);
        QCOMPARE(json["critical_readers"]["c1"]["opaque"].get<int>(), -1);
        QVERIFY(json["critical_readers"]["c1"]["debug"].is_null());
        QVERIFY(json["writers"]["w1"]["most_recent_write_upper"].is_null());
        QVERIFY(json["diffs"].is_null());
        const auto all = nlohmann::json::parse(rollupsJson({{"v3/r", *rollup}}), nullptr, false);
        QCOMPARE(all["v3/r"]["diffs"]["diffs"][0]["data"][0].get<int>(), int('d'));
    }

    void oldFormOfRollupsIsReadFromDiffs()
    {
        State state;
        TestDiff diff;
        diff.to = 1;
        diff.changes = {{0, 0, {encodedNumber(7), encodedText("v7/r")}}};
        const auto decoded = decodeStateDiff(shared(encodedDiff(diff)));
        QVERIFY(decoded.has_value());
        QVERIFY(apply(state, *decoded));
        QVERIFY((state.rollups.at(SeqNo(7)) == HollowRollup {"v7/r", std::nullopt}));
    }

    void whatIsRequiredIsMissed_data()
    {
        QTest::addColumn<QString>("words");
        QTest::addColumn<QByteArray>("bytes");
        const auto row = [](const char* name, const char* words, const google::protobuf::MessageLite& message) {
            QTest::newRow(name) << words << QByteArray::fromStdString(message.SerializeAsString());
        };
        auto rollup = fullRollup("26.23.0");
        rollup.clear_trace();
        row("trace", "rollup lacks its trace", rollup);
        rollup = fullRollup("26.23.0");
        rollup.mutable_trace()->clear_since();
        row("since of the trace", "trace lacks its since", rollup);
        rollup = fullRollup("26.23.0");
        rollup.mutable_trace()->mutable_legacy_batches(0)->mutable_desc()->mutable_lower()->clear_elements();
        row("lower", "batch lacks its lower bound", rollup);
        rollup = fullRollup("26.23.0");
        rollup.mutable_trace()->mutable_legacy_batches(0)->mutable_desc()->clear_upper();
        row("upper", "batch lacks its upper bound", rollup);
        rollup = fullRollup("26.23.0");
        rollup.mutable_trace()->mutable_legacy_batches(0)->mutable_parts(0)->clear_kind();
        row("kind of a part", "neither a key nor bytes", rollup);
        rollup = fullRollup("26.23.0");
        rollup.mutable_trace()->mutable_hollow_batches(0)->clear_id();
        row("id", "spine id (0, 0) is an empty range", rollup);
        rollup = fullRollup("26.23.0");
        rollup.mutable_critical_readers(0)->clear_value();
        row("since of a reader", "critical reader lacks its since", rollup);
        QTest::newRow("no message") << "rollup of 3 bytes is no protobuf message" << QByteArray("\x07\x07\x07");
    }
    void whatIsRequiredIsMissed()
    {
        QFETCH(const QString, words);
        QFETCH(const QByteArray, bytes);
        const auto rollup = decodeRollup(shared(bytes.toStdString()));
        QVERIFY(!rollup);
        QCOMPARE(rollup.error().code, ErrorCode::Corrupt);
        QVERIFY2(rollup.error().message.find(words.toStdString()) != std::string::npos, rollup.error().message.c_str());
    }
};

QTEST_GUILESS_MAIN(TestDecode)
#include "tst_decode.moc"
