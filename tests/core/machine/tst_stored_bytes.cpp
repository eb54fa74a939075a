#include "core/codec/decoded_part.h"
#include "core/codec/parquet_file.h"
#include "core/codec/proto/persist.pb.h"
#include "core/machine/part_encoder.h"
#include "core/machine/state_encoder.h"
#include "tests/core/machine/stored_shard.h"

#include <QTest>

#include <set>

using namespace inspector;
using namespace inspector::machine;
using namespace inspector::machine::test;
using namespace inspector::persist;

namespace {

/// A problem, or an empty text.
using Problem = std::string;

std::string named(SeqNo seqno)
{
    return "v" + std::to_string(seqno.value());
}

Problem sliceProblem(const FieldDiff& change)
{
    if (keyEncodedAgain(change.field, change.key) != text(change.key))
        return "a key is not the same";
    if (change.type != ChangeType::Insert && valueEncodedAgain(change.field, change.oldValue) != text(change.oldValue))
        return "an old value is not the same";
    if (change.type != ChangeType::Delete && valueEncodedAgain(change.field, change.newValue) != text(change.newValue))
        return "a new value is not the same";
    return {};
}

/// Walks through every version that can be had with its state before it and after it, and the entries before it.
template <typename Visit>
Problem walk(const StoredShard& shard, const Visit& visit)
{
    const auto first = decodeRollup(shard.rollups.begin()->second);
    auto state = first->state;
    auto raw = RawEntries::ofRollup(*first);
    if (!raw)
        return raw.error().describe();
    for (auto version = shard.versions.upper_bound(state.seqno); version != shard.versions.end(); ++version) {
        const auto diff = decodeStateDiff(version->second);
        if (!diff || diff->seqnoFrom != state.seqno)
            return named(version->first) + " does not follow " + named(state.seqno);
        auto next = state;
        if (const auto applied = apply(next, *diff); !applied || !next.anomalies.empty())
            return named(version->first) + " does not apply cleanly";
        if (const Problem problem = visit(state, *raw, next, *diff); !problem.empty())
            return named(version->first) + ": " + problem;
        if (const auto followed = raw->apply(*diff); !followed)
            return followed.error().describe();
        state = std::move(next);
    }
    return {};
}

/// What an inline part of the old layout holds.
struct Rows
{
    Description description;
    std::vector<RowUpdate> updates;
};

Frontier frontierOf(const proto::ProtoU64Antichain& message)
{
    return message.elements().empty() ? Frontier() : Frontier(Timestamp(message.elements(0)));
}

Rows rowsOf(const proto::ProtoInlineBatchPart& message)
{
    Rows rows {
        {frontierOf(message.desc().lower()), frontierOf(message.desc().upper()), frontierOf(message.desc().since())},
        {}};
    const auto& columns = message.updates();
    const auto slice = [](const auto& offsets, const std::string& data, int row) {
        const auto from = static_cast<std::size_t>(offsets.Get(row));
        return data.substr(from, static_cast<std::size_t>(offsets.Get(row + 1)) - from);
    };
    for (int row = 0; row < columns.timestamps_size(); ++row)
        rows.updates.push_back({slice(columns.key_offsets(), columns.key_data(), row),
                                slice(columns.val_offsets(), columns.val_data(), row),
                                static_cast<std::uint64_t>(columns.timestamps(row)), columns.diffs(row)});
    return rows;
}

/// The structured layout, made from decoded rows: the writer of newer versions only.
std::string structuredAgain(const codec::DecodedPart& part)
{
    proto::ProtoInlineBatchPart message;
    const auto bound = [](proto::ProtoU64Antichain& to, const std::optional<std::uint64_t>& time) {
        if (time)
            to.add_elements(*time);
    };
    bound(*message.mutable_desc()->mutable_lower(), part.description->lower);
    bound(*message.mutable_desc()->mutable_upper(), part.description->upper);
    bound(*message.mutable_desc()->mutable_since(), part.description->since);
    auto& columns = *message.mutable_updates();
    const auto rows = part.rows.size();
    std::string offsets;
    std::string texts;
    const auto addOffset = [&](std::size_t offset) {
        for (unsigned shift = 0; shift < 32; shift += 8)
            offsets += static_cast<char>(offset >> shift);
    };
    addOffset(0);
    for (std::size_t i = 0; i < rows; ++i) {
        texts += part.rows[i].bytes();
        addOffset(texts.size());
        columns.add_timestamps(static_cast<std::int64_t>(part.times[i]));
        columns.add_diffs(part.diffs[i]);
    }
    columns.set_len(rows);

    auto& keys = *columns.mutable_key_structured();
    keys.set_length(rows);
    auto& fields = *keys.mutable_data_type()->mutable_struct_();
    auto& ok = *fields.add_fields();
    ok.set_name("ok");
    ok.set_nullable(true);
    auto& cell = *ok.mutable_data_type()->mutable_struct_()->add_fields();
    cell.set_name("0");
    cell.set_nullable(true);
    cell.mutable_data_type()->mutable_string();
    auto& err = *fields.add_fields();
    err.set_name("err");
    err.set_nullable(true);
    err.mutable_data_type()->mutable_binary();
    auto& okArray = *keys.add_children();
    okArray.set_length(rows);
    auto& cells = *okArray.add_children();
    cells.set_length(rows);
    cells.add_buffers()->set_data(offsets);
    cells.add_buffers()->set_data(texts);
    auto& errors = *keys.add_children();
    errors.set_length(rows);
    errors.add_buffers()->set_data(std::string((rows + 1) * 4, '\0'));
    errors.add_buffers();
    auto& bitmap = *errors.mutable_nulls();
    bitmap.mutable_buffer()->set_data(std::string((rows + 7) / 8, '\0'));
    bitmap.set_length(rows);

    auto& values = *columns.mutable_val_structured();
    values.set_length(rows);
    values.mutable_data_type()->mutable_null();
    return message.SerializeAsString();
}

/// Adds the inline parts of a batch, each once.
void gather(std::set<std::string>& parts, const HollowBatch& batch)
{
    for (const auto& part : batch.parts)
        if (const auto* inlined = std::get_if<InlinePart>(&part.content))
            parts.insert(text(inlined->bytes));
}

} // namespace

/// What the real system stored, through our decoders and back through our encoders.
class TestStoredBytes : public QObject
{
    Q_OBJECT

private slots:
    void everyStateDiffComesBack_data() { addShards(); }
    void everyStateDiffComesBack()
    {
        for (const auto& [seqno, bytes] : shard().versions) {
            const auto diff = decodeStateDiff(bytes);
            QVERIFY2(diff.has_value(), named(seqno).c_str());
            QVERIFY2(text(encodeStateDiff(*diff)) == text(bytes), named(seqno).c_str());
            for (const auto& change : diff->changes)
                QCOMPARE(sliceProblem(change), Problem());
        }
    }

    void everyRollupComesBack_data() { addShards(); }
    void everyRollupComesBack()
    {
        for (const auto& [seqno, bytes] : shard().rollups) {
            const auto rollup = decodeRollup(bytes);
            QVERIFY(rollup.has_value() && rollup->diffs);
            const auto raw = RawEntries::ofRollup(*rollup);
            QVERIFY2(raw.has_value(), raw ? "" : raw.error().describe().c_str());
            QVERIFY2(text(encodeRollup(rollup->state, *raw, *rollup->diffs)) == text(bytes), named(seqno).c_str());
            const auto bare = encodeRollup(withoutStoredBytes(rollup->state), RawEntries(), *rollup->diffs);
            QVERIFY2(text(bare) == text(bytes), named(seqno).c_str());
        }
    }

    void everyVersionIsTheDifferenceOfItsStates_data() { addShards(); }
    void everyVersionIsTheDifferenceOfItsStates()
    {
        std::uint64_t seen = 0;
        const auto problem =
            walk(shard(), [&](const State& before, const RawEntries& raw, const State& after, const StateDiff& stored) {
                ++seen;
                const auto diff = differenceOf(before, raw, after);
                if (!diff)
                    return diff.error().describe();
                if (text(encodeStateDiff(*diff)) != text(stored.raw))
                    return std::string("another diff");
                // And from what the states hold alone, without any stored bytes.
                const auto bare = withoutStoredBytes(before);
                const auto made = differenceOf(bare, RawEntries::ofState(bare), withoutStoredBytes(after));
                if (!made || text(encodeStateDiff(*made)) != text(stored.raw))
                    return std::string("another diff without stored bytes");
                return Problem();
            });
        QCOMPARE(problem, Problem());
        QCOMPARE(seen, shard().versions.size() - countUpTo(shard().rollups.begin()->first));
    }

    void everyRollupIsTheStateThatTheVersionsLeadTo_data() { addShards(); }
    void everyRollupIsTheStateThatTheVersionsLeadTo()
    {
        std::uint64_t seen = 0;
        const auto problem =
            walk(shard(), [&](const State& /*before*/, RawEntries raw, const State& after, const StateDiff& diff) {
                const auto stored = shard().rollups.find(after.seqno);
                if (stored == shard().rollups.end())
                    return Problem();
                ++seen;
                if (!raw.apply(diff))
                    return std::string("the entries do not follow");
                InlinedDiffs inlined {{}, after.seqno.next(), {}};
                const auto rollup = decodeRollup(stored->second);
                inlined.lower = rollup->diffs->lower;
                for (auto version = shard().versions.lower_bound(inlined.lower);
                     version != shard().versions.end() && version->first < inlined.upper; ++version)
                    inlined.diffs.push_back({version->first, version->second});
                return text(encodeRollup(after, raw, inlined)) == text(stored->second) ? Problem()
                                                                                       : Problem("another rollup");
            });
        QCOMPARE(problem, Problem());
        QCOMPARE(seen, shard().rollups.size() - 1);
    }

    void inlinedDiffsBeginBehindTheRollupBefore_data() { addShards(); }
    void inlinedDiffsBeginBehindTheRollupBefore()
    {
        for (const auto& [seqno, bytes] : shard().rollups) {
            const auto rollup = decodeRollup(bytes);
            const auto& listed = rollup->state.rollups;
            // The first rollup lists itself; any other is made of a state that lists older ones only.
            const auto latest = listed.rbegin()->first;
            QCOMPARE(rollup->diffs->lower, latest.next());
            QCOMPARE(rollup->diffs->upper, seqno.next());
        }
    }

    void entriesThatFollowTheVersionsAreThoseOfTheNextRollup_data() { addShards(); }
    void entriesThatFollowTheVersionsAreThoseOfTheNextRollup()
    {
        const auto problem =
            walk(shard(), [&](const State& /*before*/, RawEntries raw, const State& after, const StateDiff& diff) {
                if (!shard().rollups.contains(after.seqno))
                    return Problem();
                const auto rollup = RawEntries::ofRollup(*decodeRollup(shard().rollups.at(after.seqno)));
                if (!raw.apply(diff) || !rollup)
                    return std::string("no entries");
                for (int number = 1; number <= 14; ++number) {
                    const auto field = static_cast<StateField>(number);
                    const auto& ours = raw.of(field);
                    const auto& theirs = rollup->of(field);
                    if (!std::equal(ours.begin(), ours.end(), theirs.begin(), theirs.end(),
                                    [](const auto& a, const auto& b) {
                                        return a.first == b.first && text(a.second.key) == text(b.second.key)
                                            && text(a.second.value) == text(b.second.value);
                                    }))
                        return "other entries of field " + std::to_string(number);
                }
                return Problem();
            });
        QCOMPARE(problem, Problem());
    }

    void firstVersionIsTheDifferenceToAnEmptyShard_data()
    {
        QTest::addColumn<QString>("folder");
        QTest::addColumn<QString>("shard");
        for (const auto& folder : allFolders())
            for (const auto& [id, stored] : shardsOf(folder))
                if (stored.rollups.contains(stored.versions.begin()->first))
                    QTest::newRow((folder + " " + id.substr(0, 6)).c_str())
                        << QString::fromStdString(folder) << QString::fromStdString(id);
    }
    void firstVersionIsTheDifferenceToAnEmptyShard()
    {
        const auto& [seqno, bytes] = *shard().versions.begin();
        const auto rollup = decodeRollup(shard().rollups.at(seqno));
        QVERIFY(rollup.has_value());
        State empty = rollup->state;
        empty.seqno = SeqNo();
        empty.rollups.clear();
        const auto diff = differenceOf(empty, RawEntries::ofState(empty), rollup->state);
        QVERIFY2(diff.has_value(), diff ? "" : diff.error().describe().c_str());
        QVERIFY(text(encodeStateDiff(*diff)) == text(bytes));
    }

    void everyInlinePartComesBack_data() { addShards(); }
    void everyInlinePartComesBack()
    {
        std::set<std::string> parts;
        for (const auto& [seqno, bytes] : shard().versions) {
            const auto diff = decodeStateDiff(bytes);
            for (const auto& change : diff->changes)
                if (change.field == StateField::LegacyBatches)
                    gather(parts, **decodeBatch(change.key));
        }
        for (const auto& [seqno, bytes] : shard().rollups) {
            const auto rollup = decodeRollup(bytes);
            for (const auto& batch : rollup->state.trace.legacyBatches)
                gather(parts, *batch);
        }
        for (const auto& bytes : parts) {
            proto::ProtoInlineBatchPart message;
            QVERIFY(message.ParseFromString(bytes));
            const auto decoded = codec::decodeInlinePart(SharedBytes::copyOf(bytesOf(bytes)));
            QVERIFY2(decoded.has_value(), decoded ? "" : decoded.error().describe().c_str());
            QVERIFY(decoded->warnings.empty());
            if (decoded->layout == codec::PartLayout::Row) {
                const auto rows = rowsOf(message);
                QVERIFY(text(encodeInlinePart(rows.description, rows.updates)) == bytes);
            } else {
                QCOMPARE(decoded->layout, codec::PartLayout::Structured);
                QVERIFY(structuredAgain(*decoded) == bytes);
            }
        }
        const bool hasUpdates = !parts.empty();
        QVERIFY2(hasUpdates || isGuardShard(), "no inline part in the whole shard");
    }

    void blobPartsOfTheOldEraAreOurs_data()
    {
        QTest::addColumn<QString>("folder");
        for (const auto* folder : {"old-fresh", "old-log", "old-busy", "old-large"})
            QTest::newRow(folder) << folder;
    }
    void blobPartsOfTheOldEraAreOurs()
    {
        QFETCH(const QString, folder);
        std::size_t compared = 0;
        for (const auto& [key, bytes] : storedParts(folder.toStdString())) {
            const auto part = codec::decodeParquetPart(bytes);
            QVERIFY2(part.has_value() && part->layout == codec::PartLayout::Row, key.c_str());
            std::vector<RowUpdate> rows;
            for (std::size_t i = 0; i < part->rows.size(); ++i)
                rows.push_back({std::string(part->rows[i].bytes()), {}, part->times[i], part->diffs[i]});
            const auto bound = [](const std::optional<std::uint64_t>& time) {
                return time ? Frontier(Timestamp(*time)) : Frontier();
            };
            const auto& about = *part->description;
            const auto ours = encodeBlobPart({bound(about.lower), bound(about.upper), bound(about.since)}, rows);
            QCOMPARE(firstOtherColumn(ours, bytes), std::string());
            ++compared;
        }
        QVERIFY(compared > 0);
    }

private:
    /// The first column whose bytes differ between two parts, as far as both have it in one page: where the pages of a
    /// long column end is the writer's choice.
    static std::string firstOtherColumn(const SharedBytes& ours, const SharedBytes& theirs)
    {
        const auto ourFile = codec::ParquetFile::open(ours);
        const auto theirFile = codec::ParquetFile::open(theirs);
        if (!ourFile || !theirFile)
            return "unreadable";
        if (ourFile->value("MZ:inline") != theirFile->value("MZ:inline"))
            return "MZ:inline";
        constexpr std::uint64_t kOnePage = 1000 * 1000;
        for (std::size_t i = 0; i < 4; ++i) {
            const auto& our = ourFile->footer().rowGroups[0].chunks[i];
            const auto& their = theirFile->footer().rowGroups[0].chunks[i];
            const auto& column = ourFile->footer().columns[i];
            if (column.path != theirFile->footer().columns[i].path
                || column.type != theirFile->footer().columns[i].type)
                return "column " + std::to_string(i);
            const auto bytesOfChunk = [](const SharedBytes& file, const codec::ParquetChunk& chunk) {
                return inspector::textOf(file.view().subspan(chunk.offset, chunk.size));
            };
            if (their.size < kOnePage && their.values < 20'000
                && bytesOfChunk(ours, our) != bytesOfChunk(theirs, their))
                return column.path;
        }
        return {};
    }

    void addShards()
    {
        QTest::addColumn<QString>("folder");
        QTest::addColumn<QString>("shard");
        for (const auto& folder : allFolders())
            for (const auto& [id, stored] : shardsOf(folder))
                QTest::newRow((folder + " " + id.substr(0, 6)).c_str())
                    << QString::fromStdString(folder) << QString::fromStdString(id);
    }

    const StoredShard& shard()
    {
        const auto folder = currentColumn("folder");
        return shardsOf(folder).at(currentColumn("shard"));
    }

    static std::string currentColumn(const char* name)
    {
        const auto* value = static_cast<const QString*>(QTest::qData(name, qMetaTypeId<QString>()));
        return value->toStdString();
    }

    /// The second shard of the old era, which only ever compares versions.
    bool isGuardShard() { return shardsOf(currentColumn("folder")).size() > 1; }

    std::size_t countUpTo(SeqNo seqno)
    {
        const auto& versions = shard().versions;
        return static_cast<std::size_t>(std::distance(versions.begin(), versions.upper_bound(seqno)));
    }

    const std::map<std::string, StoredShard>& shardsOf(const std::string& folder)
    {
        auto [found, isNew] = m_shards.try_emplace(folder);
        if (isNew)
            found->second = storedShards(folder);
        return found->second;
    }

    std::map<std::string, std::map<std::string, StoredShard>> m_shards;
};

QTEST_GUILESS_MAIN(TestStoredBytes)
#include "tst_stored_bytes.moc"
