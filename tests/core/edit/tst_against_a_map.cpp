#include "core/codec/row_codec.h"
#include "core/edit/write_guard.h"
#include "core/machine/shard_writer.h"
#include "tests/core/edit/catalog_story.h"
#include "tests/core/edit/random_rows.h"

#include <QtTest>

#include <algorithm>
#include <array>
#include <map>
#include <random>

using namespace inspector;
using namespace inspector::test;
using catalog::CollectionType;
using store::FaultMoment;

namespace {

const Job kJob;

/// The catalog as a plain map: what a person would write down.
struct Model
{
    std::map<std::pair<CollectionType, std::string>, std::string> rows; ///< by canonical key; canonical values
    std::uint64_t generation = 0;
    std::uint64_t epoch = 0;

    /// Every row as canonical JSON, sorted.
    [[nodiscard]] std::vector<std::string> text() const
    {
        std::vector<std::string> lines {"{\"deploy_generation\":" + std::to_string(generation)
                                        + ",\"epoch\":" + std::to_string(epoch) + ",\"kind\":\"FenceToken\"}"};
        for (const auto& [place, value] : rows) {
            const auto& collection = catalog::collectionOf(place.first);
            std::string line = "{";
            if (collection.hasKey)
                line += "\"key\":" + place.second + ",";
            line += "\"kind\":\"" + std::string(collection.kind) + "\"";
            if (collection.hasValue)
                line += ",\"value\":" + value;
            lines.push_back(line + "}");
        }
        std::sort(lines.begin(), lines.end());
        return lines;
    }

    /// Reads what a new catalog holds.
    void adopt(const std::vector<std::string>& lines)
    {
        rows.clear();
        codec::JsonTape tape;
        for (const auto& line : lines) {
            if (!tape.parseJson(line))
                continue;
            const std::string kind(tape.member(0, "kind")->text);
            if (kind == "FenceToken") {
                generation = std::stoull(std::string(tape.member(0, "deploy_generation")->text));
                epoch = std::stoull(std::string(tape.member(0, "epoch")->text));
                continue;
            }
            const auto textOfMember = [&](const char* name) -> std::string {
                const auto* member = tape.member(0, name);
                if (member == nullptr)
                    return "null";
                std::string text;
                tape.appendJson(tape.indexOf(*member), text);
                return text;
            };
            rows[{catalog::collectionOfKind(kind)->type, textOfMember("key")}] = textOfMember("value");
        }
    }
};

/// Rows that a catalog cannot do without, and whose values decide how it opens.
bool isVital(CollectionType type, const std::string& key)
{
    if (type == CollectionType::Config || type == CollectionType::Setting)
        return key.find(":\"n") == std::string::npos; // the random ones begin so
    return type == CollectionType::AuditLog;          // append-only
}

std::string difference(const std::vector<std::string>& expected, const std::vector<std::string>& actual)
{
    std::vector<std::string> missing;
    std::vector<std::string> extra;
    std::set_difference(expected.begin(), expected.end(), actual.begin(), actual.end(), std::back_inserter(missing));
    std::set_difference(actual.begin(), actual.end(), expected.begin(), expected.end(), std::back_inserter(extra));
    std::string text;
    for (const auto& line : missing)
        text += "missing " + line.substr(0, 300) + "\n";
    for (const auto& line : extra)
        text += "extra " + line.substr(0, 300) + "\n";
    return text;
}

/// A random life of one catalog beside a map that lives the same.
class Life
{
public:
    Life(std::uint64_t version, std::uint64_t seed, Place place)
        : m_version(version)
        , m_random(seed)
        , m_story(version, std::move(place))
        , m_rows(*catalog::RowSchema::load(version), m_random)
        , m_faults(std::make_shared<store::FaultPlan>())
    {
        for (const auto& collection : catalog::collections())
            if (m_rows.key(collection.type) != "null" || m_rows.value(collection.type) != "null")
                m_types.push_back(collection.type);
    }

    /// What differs after the first step that went wrong, or nothing.
    std::string live(int steps)
    {
        if (auto problem = begin(); !problem.empty())
            return problem;
        for (m_step = 0; m_step < steps; ++m_step) {
            m_what.clear();
            auto problem = step();
            if (problem.empty())
                problem = compare();
            if (!problem.empty())
                return "step " + std::to_string(m_step) + ", " + m_what + ": " + problem;
        }
        return {};
    }

    std::map<std::string, int> counts; ///< of the steps that were taken

private:
    using Rows = std::map<std::pair<CollectionType, std::string>, std::string>;

    std::uint64_t below(std::uint64_t bound) { return m_random() % bound; }

    std::string begin()
    {
        auto opened = m_story.open(0, m_faults);
        if (!opened)
            return "opening: " + opened.error().describe();
        m_catalog = *std::move(opened);
        const auto rows = m_story.rows();
        if (!rows)
            return rows.error().describe();
        m_model.adopt(*rows);
        return m_model.epoch == 2 ? std::string() : "the first epoch is " + std::to_string(m_model.epoch);
    }

    std::string compare()
    {
        const auto rows = m_story.rows();
        if (!rows)
            return "reading back: " + rows.error().describe();
        return difference(m_model.text(), *rows);
    }

    std::string step()
    {
        m_story.clock().advance(static_cast<std::int64_t>(below(50'000)));
        const auto dice = below(1000);
        if (dice < 600)
            return commitSome();
        if (dice < 680)
            return allocate();
        if (dice < 760)
            return commitUnderFaults();
        if (dice < 840)
            return commitAgainstARival();
        if (dice < 880)
            return rehearse();
        if (dice < 920)
            return look();
        if (dice < 950)
            return reopen();
        if (dice < 975)
            return beFenced();
        return debug();
    }

    /// Random changes, made to a transaction and to `to` alike.
    std::string change(catalog::Transaction& transaction, Rows& to)
    {
        for (auto left = 1 + below(4); left > 0; --left) {
            const auto type = m_types[below(m_types.size())];
            const auto action = below(10);
            if (type == CollectionType::AuditLog) {
                const auto key = m_rows.key(type);
                if (!to.emplace(std::pair(type, key), "null").second)
                    continue;
                if (const auto done = transaction.insertAuditEvent(key); !done)
                    return "audit event " + key + ": " + done.error().describe();
                continue;
            }
            std::vector<std::string> keys;
            for (auto at = to.lower_bound({type, {}}); at != to.end() && at->first.first == type; ++at)
                if (!isVital(type, at->first.second))
                    keys.push_back(at->first.second);
            const bool isCrowded = keys.size() > 25;
            const auto value = m_rows.value(type);
            if (action < 4 && !isCrowded) {
                const auto key = m_rows.key(type);
                const bool isNew = !to.contains({type, key});
                const auto done = transaction.insert(type, key, value);
                if (done.has_value() != isNew)
                    return "insert " + key + (done ? ": accepted twice" : ": " + done.error().describe());
                if (isNew)
                    to[{type, key}] = value;
                continue;
            }
            if (keys.empty())
                continue;
            const auto& key = keys[below(keys.size())];
            if (action < 7 && !isCrowded) {
                const auto previous = transaction.set(type, key, value);
                if (!previous || *previous != std::optional(to[{type, key}]))
                    return "set " + key + (previous ? ": another value was there" : ": " + previous.error().describe());
                to[{type, key}] = value;
            } else if (action < 8 && !isCrowded) {
                const auto done = transaction.update(type, key, value);
                if (!done || !*done)
                    return "update " + key + (done ? ": not there" : ": " + done.error().describe());
                to[{type, key}] = value;
            } else {
                const auto done = transaction.remove(type, key);
                if (!done || !*done)
                    return "remove " + key + (done ? ": not there" : ": " + done.error().describe());
                to.erase({type, key});
            }
        }
        static_cast<void>(transaction.takeOpUpdates());
        return {};
    }

    /// A transaction with random changes and what the rows are once it is in.
    Result<catalog::Transaction> prepare(edit::DurableCatalog& catalog, const Rows& from, Rows& to,
                                         std::string& problem)
    {
        auto transaction = catalog.transaction(kJob);
        if (!transaction)
            return transaction;
        to = from;
        problem = change(*transaction, to);
        return transaction;
    }

    std::optional<Timestamp> commitTime()
    {
        if (m_version < 73 || below(2) == 0)
            return std::nullopt;
        return Timestamp(m_catalog->upper().value() + below(3));
    }

    void note(const char* what)
    {
        m_what = what;
        ++counts[what];
    }

    std::string commitSome()
    {
        note("a commit");
        Rows after;
        std::string problem;
        auto transaction = prepare(*m_catalog, m_model.rows, after, problem);
        if (!transaction || !problem.empty())
            return transaction ? problem : transaction.error().describe();
        const auto done = m_catalog->commit(*std::move(transaction), commitTime(), kJob);
        if (!done)
            return done.error().describe();
        m_model.rows = std::move(after);
        return {};
    }

    std::string allocate()
    {
        note("an allocation");
        constexpr std::array kAllocators {"user", "schema", "auditlog", "replica"};
        const std::string name = kAllocators.at(below(kAllocators.size()));
        const auto key = std::pair(CollectionType::IdAlloc, "{\"name\":\"" + name + "\"}");
        if (!m_model.rows.contains(key))
            return {}; // removed earlier on
        codec::JsonTape tape;
        if (!tape.parseJson(m_model.rows[key]))
            return "the map's own row does not parse";
        const auto next = std::stoull(std::string(tape.member(0, "next_id")->text));
        const auto count = below(5);
        const auto ids = m_catalog->allocateIds(name, count, commitTime(), kJob);
        if (next > static_cast<std::uint64_t>(INT64_MAX) - 5)
            return ids || count == 0 || ids.error().code == ErrorCode::OutOfRange ? keepIds(key, next, ids, count)
                                                                                  : ids.error().describe();
        if (!ids)
            return ids.error().describe();
        return keepIds(key, next, ids, count);
    }

    std::string keepIds(const std::pair<CollectionType, std::string>& key, std::uint64_t next,
                        const Result<std::vector<std::uint64_t>>& ids, std::uint64_t count)
    {
        if (!ids)
            return {};
        if (ids->size() != count)
            return std::to_string(ids->size()) + " ids instead of " + std::to_string(count);
        for (std::uint64_t i = 0; i < count; ++i)
            if ((*ids)[i] != next + i)
                return "id " + std::to_string((*ids)[i]) + " instead of " + std::to_string(next + i);
        m_model.rows[key] = "{\"next_id\":" + std::to_string(next + count) + "}";
        return {};
    }

    /// A store that fails: what was refused is not there, what is unknown is there whole or not at all.
    std::string commitUnderFaults()
    {
        note("a commit under faults");
        Rows after;
        std::string problem;
        auto transaction = prepare(*m_catalog, m_model.rows, after, problem);
        if (!transaction || !problem.empty())
            return transaction ? problem : transaction.error().describe();
        constexpr std::array kMoments {FaultMoment::Refused, FaultMoment::RequestLost, FaultMoment::ReplyLost,
                                       FaultMoment::LandsLater};
        m_faults->moment = kMoments.at(below(kMoments.size()));
        m_faults->failFrom = m_faults->calls + 1 + below(3);
        m_faults->failCount = below(2) == 0 ? 200 : 1 + below(4); // the long ones outlast every reading
        const auto done = m_catalog->commit(*std::move(transaction), commitTime(), kJob);
        m_faults->failFrom = 0;
        m_faults->moment = FaultMoment::Refused;
        if (done) {
            ++counts["  that went through all the same"];
            m_model.rows = std::move(after);
            return {};
        }
        ++counts[done.error().outcomeUnknown ? "  whose outcome was unknown" : "  that were refused"];
        const auto found = m_story.rows();
        if (!found)
            return "reading back: " + found.error().describe();
        if (!done.error().outcomeUnknown) {
            if (auto changed = difference(m_model.text(), *found); !changed.empty())
                return "an error that says nothing was written (" + done.error().describe() + "): " + changed;
        }
        // Whoever does not know reads; opening anew settles what may still be on its way.
        if (auto failed = openAnew(m_model.generation); !failed.empty())
            return failed;
        auto all = m_model;
        all.rows = after;
        applyOpen(all.rows);
        const auto settled = m_story.rows();
        if (!settled)
            return "reading back: " + settled.error().describe();
        if (difference(all.text(), *settled).empty())
            m_model = std::move(all);
        return {};
    }

    /// Somebody else moves the shard right before our compare-and-set, without touching its rows.
    std::string commitAgainstARival()
    {
        note("a commit against a rival");
        Rows after;
        std::string problem;
        auto transaction = prepare(*m_catalog, m_model.rows, after, problem);
        if (!transaction || !problem.empty())
            return transaction ? problem : transaction.error().describe();
        auto stores = m_story.place().open();
        if (!stores)
            return stores.error().describe();
        auto profile = machine::Profile {};
        const auto build = m_story.options().build;
        profile.era = m_version == 72 ? machine::Era::Old : machine::Era::New;
        profile.stance = machine::Stance::Owner;
        profile.maintains = false;
        profile.buildVersion = build.version;
        SeededIdSource ids(m_random());
        machine::ShardWriter rival(*stores->consensus, *stores->blob, m_story.shard(), profile, m_story.clock(), ids);
        const auto permit = edit::WriteGuard(catalog::Mode::Writable, std::nullopt).permit(Timestamp());
        int interruptions = 1 + static_cast<int>(below(3));
        std::string rivalProblem;
        m_faults->only = {store::StoreCall::CompareAndSet};
        m_faults->beforeCall = [&](std::size_t) {
            if (interruptions-- <= 0)
                return;
            const auto id = "r" + ids.uuid();
            const auto registered = rival.registerLeasedReader(*permit, id, "a rival", kJob);
            if (!registered)
                rivalProblem = registered.error().describe();
            else if (const auto gone = rival.expireLeasedReader(*permit, id, kJob); !gone)
                rivalProblem = gone.error().describe();
        };
        const auto done = m_catalog->commit(*std::move(transaction), commitTime(), kJob);
        m_faults->beforeCall = {};
        m_faults->only = {};
        if (!rivalProblem.empty())
            return "the rival: " + rivalProblem;
        if (!done)
            return done.error().describe();
        m_model.rows = std::move(after);
        return {};
    }

    std::string rehearse()
    {
        note("a savepoint");
        auto savepoint = m_story.openSavepoint(m_model.generation);
        if (!savepoint)
            return savepoint.error().describe();
        auto rows = m_model.rows;
        applyOpen(rows);
        for (auto left = 1 + below(3); left > 0; --left) {
            Rows after;
            std::string problem;
            auto transaction = prepare(**savepoint, rows, after, problem);
            if (!transaction || !problem.empty())
                return transaction ? problem : transaction.error().describe();
            const auto done = (*savepoint)->commit(*std::move(transaction), std::nullopt, kJob);
            if (!done)
                return done.error().describe();
            rows = std::move(after);
        }
        return compareTables(**savepoint, rows);
    }

    std::string look()
    {
        note("a reader");
        const auto reader = m_story.openReadOnly();
        if (!reader)
            return reader.error().describe();
        if (auto problem = compareTables(**reader, m_model.rows); !problem.empty())
            return problem;
        return compareTables(*m_catalog, m_model.rows);
    }

    /// A handle's own tables against the map; the audit log is not among them.
    static std::string compareTables(edit::DurableCatalog& catalog, const Rows& rows)
    {
        const auto snapshot = catalog.snapshot(kJob);
        if (!snapshot)
            return snapshot.error().describe();
        std::size_t count = 0;
        for (const auto& [place, value] : rows) {
            if (place.first == CollectionType::AuditLog)
                continue;
            ++count;
            const auto& table = snapshot->of(place.first);
            const auto found = table.find(place.second);
            if (found == table.end() || found->second.value != value)
                return "a handle's tables lack or differ in " + place.second + " of "
                    + std::string(catalog::collectionOf(place.first).name);
        }
        std::size_t have = 0;
        for (const auto& collection : catalog::collections())
            have += snapshot->of(collection.type).size();
        return have == count ? std::string()
                             : "a handle has " + std::to_string(have) + " rows instead of " + std::to_string(count);
    }

    /// What an open that is not read-only does: from v91 on it drops the items of sessions that are gone, from v82 on
    /// it notes which build migrated last (catalog-model §2.22).
    void applyOpen(Rows& rows) const
    {
        if (m_version >= 82)
            rows.try_emplace({CollectionType::Setting, R"({"name":"migration_version"})"}, R"({"value":"0.0.0"})");
        if (m_version < 91)
            return;
        std::erase_if(rows, [](const auto& row) {
            return row.first.first == CollectionType::Item
                && row.second.find("\"ephemeral_owner_session\":null") == std::string::npos;
        });
    }

    std::string openAnew(std::uint64_t generation)
    {
        auto opened = m_story.open(generation, m_faults);
        if (!opened)
            return "opening anew: " + opened.error().describe();
        m_catalog = *std::move(opened);
        m_model.generation = generation;
        ++m_model.epoch;
        applyOpen(m_model.rows);
        return {};
    }

    std::string reopen()
    {
        note("a reopening");
        if (below(2) == 0) {
            if (const auto expired = m_catalog->expire(kJob); !expired)
                return "expiring: " + expired.error().describe();
        }
        return openAnew(m_model.generation);
    }

    std::string beFenced()
    {
        note("a fencing");
        const bool isNewGeneration = below(3) == 0;
        auto old = std::move(m_catalog);
        Rows after;
        std::string problem;
        auto transaction = prepare(*old, m_model.rows, after, problem);
        if (!transaction || !problem.empty())
            return transaction ? problem : transaction.error().describe();
        if (auto failed = openAnew(m_model.generation + (isNewGeneration ? 1 : 0)); !failed.empty())
            return failed;
        const auto lost = old->commit(*std::move(transaction), std::nullopt, kJob);
        if (lost)
            return "a fenced handle committed";
        if (lost.error().code != ErrorCode::Fenced)
            return "a fenced handle says " + lost.error().describe();
        const auto confirmed = old->confirmLeadership(kJob);
        return !confirmed && confirmed.error().code == ErrorCode::Fenced ? std::string() : "a fenced handle leads";
    }

    std::string debug()
    {
        note("a debug edit");
        auto unopened = m_story.construct(std::nullopt, m_faults);
        if (!unopened)
            return unopened.error().describe();
        auto debug = std::move(**unopened).openDebug();
        auto old = std::move(m_catalog);
        ++m_model.epoch;
        for (auto left = 1 + below(3); left > 0; --left) {
            const auto type = m_types[below(m_types.size())];
            if (type == CollectionType::AuditLog)
                continue;
            const auto keyOfSome = [&] {
                for (auto at = m_model.rows.lower_bound({type, {}});
                     at != m_model.rows.end() && at->first.first == type; ++at)
                    if (!isVital(type, at->first.second) && below(3) == 0)
                        return at->first.second;
                return m_rows.key(type);
            };
            const auto key = keyOfSome();
            const auto place = std::pair(type, key);
            const auto before = m_model.rows.find(place);
            m_hasDebugged = true;
            if (below(3) == 0) {
                if (const auto done = debug->remove(type, key, kJob); !done)
                    return "removing: " + done.error().describe();
                m_model.rows.erase(place);
            } else {
                const auto value = m_rows.value(type);
                const auto previous = debug->edit(type, key, value, kJob);
                if (!previous)
                    return "editing: " + previous.error().describe();
                const auto expected = before == m_model.rows.end() ? std::nullopt : std::optional(before->second);
                if (*previous != expected)
                    return "editing: another value was there: " + previous->value_or("nothing");
                m_model.rows[place] = value;
            }
        }
        if (!std::exchange(m_hasDebugged, false))
            --m_model.epoch; // nothing was written, nobody is fenced
        return openAnew(m_model.generation);
    }

    std::uint64_t m_version;
    std::mt19937_64 m_random;
    Story m_story;
    RandomRows m_rows;
    std::shared_ptr<store::FaultPlan> m_faults;
    std::vector<CollectionType> m_types;
    std::unique_ptr<edit::DurableCatalog> m_catalog;
    Model m_model;
    int m_step = 0;
    std::string m_what;
    bool m_hasDebugged = false;
};

} // namespace

/// The durable core against a plain map: ten thousand random steps over all collections, each read back by the reading
/// core, which shares no code with what wrote.
class TestAgainstAMap : public QObject
{
    Q_OBJECT

private slots:
    void tenThousandStepsMakeNoDifference_data()
    {
        QTest::addColumn<quint64>("version");
        QTest::addColumn<quint64>("seed");
        QTest::addColumn<int>("steps");
        QTest::newRow("old era") << quint64(72) << quint64(2024) << 10'000;
        QTest::newRow("between the eras") << quint64(82) << quint64(7) << 2'000;
        QTest::newRow("new era") << quint64(92) << quint64(2026) << 10'000;
    }
    void tenThousandStepsMakeNoDifference()
    {
        QFETCH(quint64, version);
        QFETCH(quint64, seed);
        QFETCH(int, steps);
        if (const auto given = qEnvironmentVariable("INSPECTOR_SEED"); !given.isEmpty())
            seed = given.toULongLong();
        if (const auto given = qEnvironmentVariable("INSPECTOR_STEPS"); !given.isEmpty())
            steps = given.toInt(); // a sanitized run takes a tenth of the way
        Life life(version, seed, Place::inMemory());
        const auto problem = life.live(steps);
        for (const auto& [what, count] : life.counts)
            qInfo("%5d %s", count, what.c_str());
        QVERIFY2(problem.empty(), ("seed " + std::to_string(seed) + ": " + problem).c_str());
        QVERIFY(life.counts["  whose outcome was unknown"] > 0);
    }
};

QTEST_GUILESS_MAIN(TestAgainstAMap)
#include "tst_against_a_map.moc"
