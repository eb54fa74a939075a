#include "core/machine/commands.h"
#include "core/machine/compare_and_append.h"
#include "core/machine/raw_entries.h"
#include "core/machine/shard_machine.h"
#include "core/machine/state_encoder.h"
#include "core/persist/decode.h"
#include "tests/core/machine/machine_scene.h"
#include "tests/core/machine/stored_shard.h"

#include <QTest>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>

// Replays the command behind each stored version on our own state machine (persist-write-protocol, introduction): what
// a command is given (times, ids, tokens, keys, frontiers, opaques, new batches) is taken from the version that it
// made, everything else must follow. The encoded difference is compared with the stored row, byte for byte.

using namespace inspector;
using namespace inspector::machine;
using namespace inspector::machine::test;
using persist::BatchPtr;
using persist::ChangeType;
using persist::FieldDiff;
using persist::State;
using persist::StateDiff;
using persist::StateField;

namespace {

/// The effort of real exertions.
constexpr std::uint64_t kExertFuel = 1024;

/// A command with its inputs, ready to be run on a state.
struct Command
{
    std::string name;
    CommandKind kind = CommandKind::Other;
    Moment moment;
    /// The next state; nothing when the command breaks.
    std::function<Result<std::optional<State>>(const State& before, const Profile& profile)> run;
};

/// Binds a function of commands.h.
template <typename Bound>
Command commandOf(std::string name, Moment moment, Bound bound, CommandKind kind = CommandKind::Other)
{
    Command command {std::move(name), kind, moment, {}};
    command.run = [moment, bound, kind](const State& before, const Profile& profile) -> Result<std::optional<State>> {
        INSPECTOR_TRY(auto made, transition(before, profile, moment, kind, [&](State& next) {
                          return bound(next, moment, profile);
                      }));
        if (made.outcome.verdict == Verdict::Break)
            return std::optional<State>();
        return std::optional(std::move(made.next));
    };
    return command;
}

/// The value of `key` in a map of the state; nothing when it is not there.
template <typename Map>
auto valueIn(const Map& map, const typename Map::key_type& key) -> std::optional<typename Map::mapped_type>
{
    const auto found = map.find(key);
    return found == map.end() ? std::nullopt : std::optional(found->second);
}

std::vector<BatchPtr> newBatches(const State& before, const State& after)
{
    std::vector<BatchPtr> added;
    for (const auto& batch : after.trace.legacyBatches)
        if (std::none_of(before.trace.legacyBatches.begin(), before.trace.legacyBatches.end(),
                         [&](const BatchPtr& other) { return persist::sameContent(*batch, *other); }))
            added.push_back(batch);
    return added;
}

/// A batch as a writer makes it: its bytes are yet to be encoded.
BatchPtr unencoded(const persist::HollowBatch& batch)
{
    auto copy = std::make_shared<persist::HollowBatch>(batch);
    copy->raw = {};
    return copy;
}

/// Reads the commands off a version. Several where what is stored does not tell them apart: whichever gives the stored
/// bytes is the one.
class Inference
{
public:
    Inference(const State& before, const State& after, const StateDiff& diff, Era era)
        : m_before(before)
        , m_after(after)
        , m_diff(diff)
        , m_era(era)
    {
        m_moment.nowMs = after.walltimeMs;
        m_moment.issuedMs = after.walltimeMs;
        // The start of a rollup is another reading of the clock than the walltime, a little later at most.
        if (after.activeRollup && after.activeRollup != before.activeRollup)
            m_moment.nowMs = after.activeRollup->startMs;
    }

    std::vector<Command> candidates()
    {
        for (const auto& change : m_diff.changes)
            m_fields.insert(change.field);
        for (const auto field : {StateField::Hostname, StateField::LastGcReq, StateField::ActiveGc})
            m_fields.erase(field);
        const bool hasTrace = has(StateField::LegacyBatches) || has(StateField::HollowBatches)
            || has(StateField::SpineBatches) || has(StateField::SpineMerges);

        for (const auto& change : m_diff.changes)
            fromEntry(change);
        if (hasTrace && m_found.empty())
            fromTrace();
        if (m_found.empty())
            add("no change", [](State& next, const Moment&, const Profile&) { return expireWriter(next, "w"); });
        return std::move(m_found);
    }

private:
    [[nodiscard]] bool has(StateField field) const { return m_fields.contains(field); }

    template <typename Bound>
    void add(std::string name, Bound bound, CommandKind kind = CommandKind::Other)
    {
        m_found.push_back(commandOf(std::move(name), m_moment, std::move(bound), kind));
    }

    static std::string textKey(const FieldDiff& change) { return *persist::decodeTextSlice(change.key); }

    void fromEntry(const FieldDiff& change)
    {
        switch (change.field) {
        case StateField::Rollups:
            return fromRollup(change);
        case StateField::LeasedReaders:
            return fromLeasedReader(change);
        case StateField::CriticalReaders:
            return fromCriticalReader(change);
        case StateField::Writers:
            return fromWriter(change);
        case StateField::Schemas:
            if (change.type == ChangeType::Insert) {
                const auto schemas = *persist::decodeSchemas(change.newValue);
                add("register schema",
                    [schemas](State& next, const Moment&, const Profile&) { return registerSchema(next, schemas); });
            }
            return;
        default:
            return;
        }
    }

    void fromRollup(const FieldDiff& change)
    {
        const SeqNo seqno(*persist::decodeU64Slice(change.key));
        if (change.type == ChangeType::Insert) {
            const auto rollup = *persist::decodeHollowRollup(change.newValue);
            add("add rollup", [=](State& next, const Moment&, const Profile& profile) {
                return addRollup(next, seqno, rollup, profile.era);
            });
            return;
        }
        std::vector<std::pair<SeqNo, std::string>> removed;
        for (const auto& [at, rollup] : m_before.rollups)
            if (!m_after.rollups.contains(at))
                removed.emplace_back(at, rollup.key);
        if (removed.front().first == seqno) // once for all of them
            add("remove rollups", [=](State& next, const Moment&, const Profile& profile) {
                return removeRollups(next, removed, profile.era);
            });
    }

    void fromLeasedReader(const FieldDiff& change)
    {
        const auto id = textKey(change);
        const auto old = valueIn(m_before.leasedReaders, id);
        const auto fresh = valueIn(m_after.leasedReaders, id);
        if (!fresh) {
            add("expire leased reader",
                [=](State& next, const Moment&, const Profile&) { return expireLeasedReader(next, id); });
            return;
        }
        m_moment.issuedMs = fresh->lastHeartbeatMs;
        if (!old) {
            const ReaderOptions options {id, fresh->debug ? fresh->debug->purpose : std::string(),
                                         fresh->leaseDurationMs, fresh->since != m_before.since()};
            add("register leased reader", [=](State& next, const Moment& moment, const Profile&) {
                return registerLeasedReader(next, options, moment);
            });
            return;
        }
        if (m_era == Era::Old && old->seqno == fresh->seqno && old->since == fresh->since)
            add("heartbeat leased reader", [=](State& next, const Moment& moment, const Profile&) {
                return heartbeatLeasedReader(next, id, moment);
            });
        // A reader that needs nothing any more asks for no seqno; it gets the new one.
        const auto outstanding = fresh->seqno == m_after.seqno ? std::optional<SeqNo>() : std::optional(fresh->seqno);
        const auto since = fresh->since;
        add("downgrade since", [=](State& next, const Moment& moment, const Profile& profile) {
            return downgradeSince(next, id, outstanding, since, profile.era, moment);
        });
    }

    void fromCriticalReader(const FieldDiff& change)
    {
        const auto id = textKey(change);
        const auto old = valueIn(m_before.criticalReaders, id);
        const auto fresh = valueIn(m_after.criticalReaders, id);
        if (!fresh) {
            add("expire critical reader",
                [=](State& next, const Moment&, const Profile&) { return expireCriticalReader(next, id); });
            return;
        }
        const Opaque opaque {fresh->opaqueCodec, fresh->opaque};
        if (!old
            || (old->opaque == fresh->opaque && old->opaqueCodec == fresh->opaqueCodec && old->since == fresh->since))
            add("register critical reader", [=](State& next, const Moment&, const Profile&) {
                return registerCriticalReader(next, id, opaque, fresh->debug ? fresh->debug->purpose : std::string());
            });
        else
            add("compare-and-downgrade since", [=](State& next, const Moment&, const Profile& profile) {
                return compareAndDowngradeSince(next, id, {old->opaqueCodec, old->opaque}, opaque, fresh->since,
                                                profile.era);
            });
    }

    void fromWriter(const FieldDiff& change)
    {
        const auto id = textKey(change);
        const auto writer = valueIn(m_after.writers, id);
        if (!writer) {
            add("expire writer", [=](State& next, const Moment&, const Profile&) { return expireWriter(next, id); });
            return;
        }
        m_moment.issuedMs = writer->lastHeartbeatMs;
        AppendCommand command;
        command.writerId = id;
        command.token = writer->mostRecentWriteToken;
        command.leaseMs = writer->leaseDurationMs;
        command.purpose = writer->debug ? writer->debug->purpose : std::string();
        for (const auto& batch : newBatches(m_before, m_after))
            if (batch->description.lower == m_before.upper())
                command.batch = unencoded(*batch);
        if (!command.batch) { // fused with an empty batch before it, so it was empty itself
            auto empty = std::make_shared<persist::HollowBatch>();
            empty->description = {m_before.upper(), m_after.upper(), Timestamp(0)};
            command.batch = std::move(empty);
        }
        add(
            command.batch->parts.empty() ? "append nothing" : "append",
            [=](State& next, const Moment& moment, const Profile& profile) {
                return compareAndAppend(next, command, profile, moment);
            },
            CommandKind::Append);
    }

    void fromTrace()
    {
        for (const auto& batch : newBatches(m_before, m_after)) {
            const auto result = unencoded(*batch);
            add("apply merge result", [=](State& next, const Moment&, const Profile& profile) {
                return applyMergeResult(next, *result, profile.era);
            });
        }
        // Exertion claims nothing in either era, whatever it asks to be compacted.
        add("exert spine", [](State& next, const Moment&, const Profile& profile) {
            return exertSpine(next, kExertFuel, profile.era);
        });
    }

    const State& m_before;
    const State& m_after;
    const StateDiff& m_diff;
    Era m_era;
    Moment m_moment;
    std::set<StateField> m_fields;
    std::vector<Command> m_found;
};

/// What replaying a shard showed.
struct Replayed
{
    std::map<std::string, int> byCommand;
    std::vector<std::string> mismatches;
    int rollups = 0;
};

QString hexOf(const SharedBytes& bytes)
{
    return QString::fromLatin1(
        QByteArray(reinterpret_cast<const char*>(bytes.data()), qsizetype(bytes.size())).toHex());
}

class Replay
{
public:
    Replay(const StoredShard& shard, Era era)
        : m_shard(shard)
        , m_era(era)
    {
    }

    Result<Replayed> run()
    {
        INSPECTOR_TRY(auto rollup, persist::decodeRollup(m_shard.rollups.begin()->second));
        INSPECTOR_TRY(m_raw, RawEntries::ofRollup(rollup));
        m_ours = rollup.state;
        if (m_ours.seqno == firstSeqno(m_era))
            INSPECTOR_CHECK(initialise(rollup));
        while (m_ours.seqno < m_shard.versions.rbegin()->first)
            INSPECTOR_CHECK(step());
        return m_replayed;
    }

private:
    /// The first version and its rollup follow from the ids alone.
    Result<> initialise(const persist::Rollup& rollup)
    {
        const auto& stored = rollup.state;
        Profile profile = profileFor(stored);
        const auto key = stored.rollups.begin()->second.key;
        const auto made =
            initialState({stored.shardId, stored.keyCodec, stored.valCodec, stored.tsCodec, stored.diffCodec}, profile,
                         key, stored.walltimeMs);
        const auto bytes = encodeRollup(made, RawEntries(), {made.seqno.next(), made.seqno.next(), {}});
        if (text(bytes) != text(rollup.raw))
            m_replayed.mismatches.push_back("the first rollup differs");
        ++m_replayed.rollups;
        const auto row = m_shard.versions.find(made.seqno); // collected, where a rollup tells of what came after
        if (row != m_shard.versions.end() && text(encodeStateDiff(initialDiff(made))) != text(row->second))
            m_replayed.mismatches.push_back("the first version differs");
        ++m_replayed.byCommand["initialise"];
        return {};
    }

    [[nodiscard]] Profile profileFor(const State& after) const
    {
        Profile profile = profileOf(m_era, Stance::Owner);
        profile.buildVersion = after.applierVersion;
        profile.hostname = after.hostname;
        return profile;
    }

    Result<> step()
    {
        const auto seqno = m_ours.seqno.next();
        const auto row = m_shard.versions.find(seqno);
        if (row == m_shard.versions.end())
            return fail(ErrorCode::Corrupt, "no version v" + std::to_string(seqno.value()));
        INSPECTOR_TRY(const auto diff, persist::decodeStateDiff(row->second));
        auto after = m_ours;
        INSPECTOR_CHECK(persist::apply(after, diff));

        std::string tried;
        std::optional<SharedBytes> ours;
        for (const auto& command : Inference(m_ours, after, diff, m_era).candidates()) {
            tried += (tried.empty() ? "" : ", ") + command.name;
            INSPECTOR_TRY(const auto next, command.run(m_ours, profileFor(after)).during(command.name));
            if (!next)
                continue;
            INSPECTOR_TRY(const auto difference, differenceOf(m_ours, m_raw, *next));
            const auto encoded = encodeStateDiff(difference);
            if (!ours)
                ours = encoded;
            if (text(encoded) == text(row->second)) {
                ours = encoded;
                ++m_replayed.byCommand[command.name];
                break;
            }
        }
        const bool matches = ours && text(*ours) == text(row->second);
        if (!matches)
            m_replayed.mismatches.push_back("v" + std::to_string(seqno.value()) + " as " + tried + ":\n  stored "
                                            + hexOf(row->second).toStdString() + "\n  ours   "
                                            + (ours ? hexOf(*ours).toStdString() : "nothing, it breaks"));
        // Our own state goes on from our own bytes.
        INSPECTOR_TRY(const auto own, persist::decodeStateDiff(matches ? *ours : row->second));
        INSPECTOR_CHECK(m_raw.apply(own));
        INSPECTOR_CHECK(persist::apply(m_ours, own));
        return compareRollup();
    }

    /// A stored rollup of this very state is what we would write.
    Result<> compareRollup()
    {
        const auto stored = m_shard.rollups.find(m_ours.seqno);
        if (stored == m_shard.rollups.end())
            return {};
        const auto latest = latestRollupOf(m_ours)->first;
        persist::InlinedDiffs diffs {latest.next(), m_ours.seqno.next(), {}};
        for (auto seqno = diffs.lower; seqno < diffs.upper; seqno = seqno.next())
            diffs.diffs.push_back({seqno, m_shard.versions.at(seqno)});
        if (text(encodeRollup(m_ours, m_raw, diffs)) != text(stored->second))
            m_replayed.mismatches.push_back("the rollup at v" + std::to_string(m_ours.seqno.value()) + " differs");
        ++m_replayed.rollups;
        return {};
    }

    const StoredShard& m_shard;
    Era m_era;
    State m_ours;
    RawEntries m_raw;
    Replayed m_replayed;
};

} // namespace

class TestReplay : public QObject
{
    Q_OBJECT

private slots:
    void everyVersionFollowsFromItsCommand_data()
    {
        QTest::addColumn<QString>("folder");
        for (const auto& folder : allFolders())
            QTest::newRow(folder.c_str()) << QString::fromStdString(folder);
    }

    void everyVersionFollowsFromItsCommand()
    {
        QFETCH(const QString, folder);
        const auto era = folder.startsWith("old") ? Era::Old : Era::New;
        for (const auto& [id, shard] : storedShards(folder.toStdString())) {
            const auto replayed = Replay(shard, era).run();
            QVERIFY2(replayed, replayed ? "" : replayed.error().describe().c_str());
            int versions = 0;
            QString table;
            for (const auto& [command, count] : replayed->byCommand) {
                table += QStringLiteral("\n  %1  %2").arg(count, 5).arg(QString::fromStdString(command));
                versions += count;
            }
            qInfo("%s %s: %d versions and %d rollups, byte for byte%s", qPrintable(folder), id.c_str(), versions,
                  replayed->rollups, qPrintable(table));
            for (const auto& mismatch : replayed->mismatches)
                qWarning("%s", mismatch.c_str());
            QVERIFY(replayed->mismatches.empty());
            const auto first = shard.rollups.begin()->first;
            const auto isWhole = first == firstSeqno(era);
            QCOMPARE(versions, int(shard.versions.rbegin()->first.value() - first.value()) + (isWhole ? 1 : 0));
            if (folder.endsWith("-log"))
                QVERIFY(isWhole);
        }
    }
};

QTEST_GUILESS_MAIN(TestReplay)
#include "tst_replay.moc"
