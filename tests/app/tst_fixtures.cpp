#include "tests/app/cli_process.h"
#include "tests/app/fixture_shards.h"

#include <QRegularExpression>
#include <QtTest>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

using namespace inspector::tests;
using nlohmann::json;

namespace {

using Lines = std::vector<std::string>;

Lines linesOf(const QByteArray& text)
{
    Lines lines;
    const std::string_view view(text.constData(), static_cast<std::size_t>(text.size()));
    for (std::size_t at = 0; at < view.size();) {
        const auto end = std::min(view.find('\n', at), view.size());
        if (end > at)
            lines.emplace_back(view.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

QByteArray sample(const Lines& lines)
{
    QByteArray text;
    for (std::size_t i = 0; i < std::min<std::size_t>(lines.size(), 3); ++i)
        text += "\n    " + QByteArray::fromStdString(lines[i]).left(600);
    return text;
}

/// Empty when both hold the same lines equally often, else what differs.
QByteArray difference(Lines expected, Lines actual)
{
    std::sort(expected.begin(), expected.end());
    std::sort(actual.begin(), actual.end());
    Lines missing;
    Lines added;
    std::set_difference(expected.begin(), expected.end(), actual.begin(), actual.end(), std::back_inserter(missing));
    std::set_difference(actual.begin(), actual.end(), expected.begin(), expected.end(), std::back_inserter(added));
    if (missing.empty() && added.empty())
        return {};
    return QByteArray::number(qulonglong(missing.size())) + " of " + QByteArray::number(qulonglong(expected.size()))
        + " lines are missing" + sample(missing) + "\n  " + QByteArray::number(qulonglong(added.size())) + " of "
        + QByteArray::number(qulonglong(actual.size())) + " are not expected" + sample(added);
}

/// Entries of the reference's text, each with its collection, and the collections with their counts.
Lines entriesOf(const QByteArray& text)
{
    Lines entries;
    std::string collection;
    std::string entry;
    bool inEntry = false;
    for (auto& line : linesOf(text)) {
        if (!inEntry && line.starts_with("    \"")) {
            collection = line;
            entries.push_back(line);
        } else if (line == "             {") {
            inEntry = true;
            entry = collection + line + "\n";
        } else if (inEntry) {
            entry += line + "\n";
            if (line == "            },") {
                inEntry = false;
                entries.push_back(std::move(entry));
                entry.clear();
            }
        } else {
            entries.push_back(collection + line);
        }
    }
    return entries;
}

/// The lines of an expected file of rows: its first line is about the reading.
Lines rowsOf(const QByteArray& text)
{
    auto lines = linesOf(text);
    if (!lines.empty())
        lines.erase(lines.begin());
    return lines;
}

} // namespace

/// Every answer of the program about shards that the real system wrote equals what the real system answers.
class TestFixtures : public QObject
{
    Q_OBJECT

private:
    static void shards()
    {
        QTest::addColumn<QString>("shard");
        for (const auto& name : FixtureShards::names())
            QTest::newRow(name.toUtf8()) << name;
    }

    static CliRun run(QStringList words, const QString& shard)
    {
        words << FixtureShards::catalogFile(shard);
        return runCli(words);
    }

    static bool isLarge(const QString& shard) { return shard.endsWith("large"); }

private slots:
    void thereAreShards() { QVERIFY(FixtureShards::names().size() >= 8); }

    void factsAreThoseOfTheReference_data() { shards(); }
    void factsAreThoseOfTheReference()
    {
        QFETCH(QString, shard);
        const auto answer = run({"facts", "--json"}, shard);
        QVERIFY2(answer.exitCode == 0, answer.err);
        QCOMPARE(answer.out.count('\n'), 1);
        const auto facts = json::parse(answer.out.toStdString());
        const auto expected = json::parse(FixtureShards::expected(shard, "facts.json").toStdString());
        QVERIFY(expected.size() >= 6);
        for (const auto& [name, value] : expected.items())
            QVERIFY2(facts.at(name) == value, (name + " is " + facts.at(name).dump()).c_str());
        const auto rows = FixtureShards::expectedFiles(shard, "raw.*");
        for (const auto& name : rows) {
            if (name.contains("as_of"))
                continue;
            const auto head =
                json::parse(linesOf(FixtureShards::expected(shard, FixtureShards::withoutPacking(name))).front());
            QCOMPARE(facts.at("upper").get<quint64>(), head.at("upper").get<quint64>());
            QCOMPARE(QString::fromStdString(facts.at("shard").get<std::string>()), name.section('.', 1, 1));
        }
    }

    void rowsAreThoseOfTheReference_data() { shards(); }
    void rowsAreThoseOfTheReference()
    {
        QFETCH(QString, shard);
        int compared = 0;
        for (const auto& packed : FixtureShards::expectedFiles(shard, "raw.*")) {
            const auto name = FixtureShards::withoutPacking(packed);
            static const QRegularExpression kAsOf("as_of\\.(\\d+)");
            const auto asOf = kAsOf.match(name).captured(1);
            const auto answer =
                run(asOf.isEmpty() ? QStringList {"rows", "--json"} : QStringList {"rows", "--json", "--as-of", asOf},
                    shard);
            QVERIFY2(answer.exitCode == 0, answer.err);
            const auto expected = rowsOf(FixtureShards::expected(shard, name));
            QVERIFY(!expected.empty());
            const auto problem = difference(expected, linesOf(answer.out));
            QVERIFY2(problem.isEmpty(), packed.toUtf8() + ": " + problem);
            ++compared;
        }
        QVERIFY(compared > 0 || isLarge(shard)); // the large shards have no such file
    }

    void dumpLinesAreTheConsolidatedTrace_data() { shards(); }
    void dumpLinesAreTheConsolidatedTrace()
    {
        QFETCH(QString, shard);
        const auto answer = run({"dump", "--json"}, shard);
        QVERIFY2(answer.exitCode == 0, answer.err);
        const auto problem =
            difference(linesOf(FixtureShards::expected(shard, "trace-consolidated.jsonl")), linesOf(answer.out));
        QVERIFY2(problem.isEmpty(), problem);
        QVERIFY2(answer.err.contains("fence token"), answer.err); // what is left out is counted
    }

    void traceLinesAreTheUnconsolidatedTrace_data() { shards(); }
    void traceLinesAreTheUnconsolidatedTrace()
    {
        QFETCH(QString, shard);
        const auto answer = run({"trace", "--json"}, shard);
        QVERIFY2(answer.exitCode == 0, answer.err);
        const auto problem =
            difference(linesOf(FixtureShards::expected(shard, "trace-unconsolidated.jsonl")), linesOf(answer.out));
        QVERIFY2(problem.isEmpty(), problem);
    }

    void historyIsEveryUpdateAtItsOwnTime()
    {
        const auto answer = run({"history", "--json"}, "new-log");
        QVERIFY2(answer.exitCode == 0, answer.err);
        // The reference's answers do not tell two changes of one row at one time apart: sums are compared.
        std::map<std::string, std::int64_t> expected;
        for (const auto& line : linesOf(FixtureShards::expected("new-log", "history.jsonl"))) {
            auto row = json::parse(line);
            const auto diff = row.at("diff").get<std::int64_t>();
            row.erase("diff");
            expected[row.dump()] += diff;
        }
        std::map<std::string, std::int64_t> actual;
        std::uint64_t before = 0;
        for (const auto& line : linesOf(answer.out)) {
            auto row = json::parse(line);
            QCOMPARE(row.at("certainty").get<std::string>(), std::string("exact"));
            const auto time = std::stoull(row.at("ts").get<std::string>());
            QVERIFY(time >= before);
            before = time;
            const auto diff = row.at("diff").get<std::int64_t>();
            for (const auto* name : {"diff", "certainty", "row_hex"})
                row.erase(name);
            actual[row.dump()] += diff;
        }
        std::erase_if(actual, [](const auto& entry) { return entry.second == 0; });
        QCOMPARE(actual.size(), expected.size());
        QVERIFY(actual == expected);
    }

    void traceWithARangeHasOwnTimesInOrder()
    {
        const auto answer = run({"trace", "--json", "--from", "10", "--to", "20"}, "new-log");
        QVERIFY2(answer.exitCode == 0, answer.err);
        std::uint64_t before = 10;
        const auto lines = linesOf(answer.out);
        QVERIFY(lines.size() > 10);
        for (const auto& line : lines) {
            const auto time = std::stoull(json::parse(line).at("ts").get<std::string>());
            QVERIFY(time >= before && time <= 20);
            before = time;
        }
    }

    void dumpTextIsThatOfTheReference_data()
    {
        QTest::addColumn<QString>("shard");
        QTest::addColumn<QStringList>("words");
        QTest::addColumn<QString>("file");
        for (const auto& name : FixtureShards::names()) {
            if (!FixtureShards::expectedFiles(name, "dump.txt*").isEmpty()) {
                QTest::newRow((name + " consolidated").toUtf8()) << name << QStringList {"--consolidate"} << "dump.txt";
                QTest::newRow((name + " unconsolidated").toUtf8())
                    << name << QStringList() << "dump-unconsolidated.txt";
            }
            QTest::newRow((name + " numbers").toUtf8())
                << name << QStringList {"-c", "--stats-only"} << "dump-stats-only.txt";
        }
    }
    void dumpTextIsThatOfTheReference()
    {
        QFETCH(QString, shard);
        QFETCH(QStringList, words);
        QFETCH(QString, file);
        const auto answer = run(QStringList {"dump"} + words, shard);
        QVERIFY2(answer.exitCode == 0, answer.err);
        const auto problem = difference(entriesOf(FixtureShards::expected(shard, file)), entriesOf(answer.out));
        QVERIFY2(problem.isEmpty(), problem);
    }

    void stateAndRollupsAreThoseOfTheReference_data()
    {
        QTest::addColumn<QString>("shard");
        QTest::addColumn<QString>("command");
        QTest::addColumn<QString>("file");
        for (const auto& name : FixtureShards::names()) {
            for (const auto& [command, pattern] :
                 {std::pair {"state", "state.s*"}, std::pair {"rollups", "state-rollups.s*"}}) {
                for (const auto& file : inspectFiles(name, pattern))
                    QTest::newRow((name + " " + file).toUtf8()) << name << command << file;
            }
        }
    }
    void stateAndRollupsAreThoseOfTheReference()
    {
        QFETCH(QString, shard);
        QFETCH(QString, command);
        QFETCH(QString, file);
        const auto answer = run({command, "--json", "--shard", file.section('.', 1, 1)}, shard);
        QVERIFY2(answer.exitCode == 0, answer.err);
        QCOMPARE(answer.out.count('\n'), 1);
        const auto expected =
            nlohmann::ordered_json::parse(FixtureShards::expected(shard, "inspect/" + file).toStdString());
        const auto actual = nlohmann::ordered_json::parse(answer.out.toStdString());
        // Ordered: the members are in the reference's order, too.
        QVERIFY2(expected.dump() == actual.dump(),
                 nlohmann::ordered_json::diff(expected, actual).dump().substr(0, 2000).c_str());
    }

    void stepsOfTheStateAreThoseOfTheReference_data()
    {
        QTest::addColumn<QString>("shard");
        QTest::addColumn<QString>("file");
        for (const auto& name : FixtureShards::names()) {
            for (const auto& file : inspectFiles(name, "state-diff.s*"))
                QTest::newRow((name + " " + file).toUtf8()) << name << file;
        }
    }
    void stepsOfTheStateAreThoseOfTheReference()
    {
        QFETCH(QString, shard);
        QFETCH(QString, file);
        const auto answer = run({"state-diff", "--json", "--shard", file.section('.', 1, 1)}, shard);
        QVERIFY2(answer.exitCode == 0, answer.err);
        const auto expected = linesOf(FixtureShards::expected(shard, "inspect/" + file));
        const auto actual = linesOf(answer.out);
        QCOMPARE(actual.size(), expected.size());
        for (std::size_t i = 0; i < actual.size(); ++i) {
            if (actual[i] != expected[i])
                QVERIFY2(json::parse(actual[i]) == json::parse(expected[i]),
                         json::diff(json::parse(expected[i]), json::parse(actual[i])).dump().substr(0, 2000).c_str());
        }
    }

private:
    static QStringList inspectFiles(const QString& shard, const QString& pattern)
    {
        QStringList names;
        const QDir folder(QStringLiteral(INSPECTOR_FIXTURES) + "/shards/" + shard + "/expected/inspect");
        for (const auto& name : folder.entryList({pattern}, QDir::Files, QDir::Name))
            names << FixtureShards::withoutPacking(name);
        return names;
    }
};

QTEST_GUILESS_MAIN(TestFixtures)
#include "tst_fixtures.moc"
