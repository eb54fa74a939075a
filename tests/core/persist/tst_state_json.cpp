#include "core/persist/state_json.h"
#include "core/persist/state_reader.h"
#include "tests/core/persist/memory_location.h"

#include <QTest>

#include <nlohmann/json.hpp>

#include <filesystem>
#include <sstream>

using namespace inspector;
using namespace inspector::persist;
using namespace inspector::persist::tests;

namespace {

/// The path and the value of the first difference, or nothing.
std::string firstDifference(const nlohmann::json& ours, const nlohmann::json& theirs)
{
    const auto patch = nlohmann::json::diff(theirs, ours);
    return patch.empty() ? std::string() : patch.front().dump().substr(0, 400);
}

struct Shard
{
    std::string folder;
    std::string id;
    std::string inspect; ///< the folder of expected answers
};

std::vector<Shard> allShards()
{
    std::vector<Shard> shards;
    for (const auto& entry :
         std::filesystem::directory_iterator(std::filesystem::path(INSPECTOR_FIXTURES) / "shards")) {
        const auto inspect = entry.path() / "expected" / "inspect";
        if (!std::filesystem::is_directory(inspect))
            continue;
        for (const auto& file : std::filesystem::directory_iterator(inspect)) {
            const auto name = file.path().filename().string();
            if (name.starts_with("state.s"))
                shards.push_back({entry.path().filename().string(), name.substr(6, 37), inspect.string()});
        }
    }
    return shards;
}

std::string expected(const Shard& shard, const std::string& what)
{
    const auto plain = shard.inspect + "/" + what + "." + shard.id + ".json";
    return readFile(std::filesystem::exists(plain) ? plain : plain + ".gz");
}

} // namespace

/// The reference's JSON of states, steps and rollups, for every shard that the real system wrote.
class TestStateJson : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase()
    {
        for (const auto& shard : allShards())
            m_shards.emplace(shard.id, shard);
        QVERIFY2(m_shards.size() >= 12, "fixtures are missing");
    }

    void stateIsTheReferences_data() { addShards(); }
    void stateIsTheReferences()
    {
        QFETCH(const QString, id);
        const auto& shard = m_shards.at(id.toStdString());
        const auto& location = locationOf(shard.folder);
        const StateReader reader(location.consensus, location.blob, shardOf(shard.id));
        const auto state = reader.current(Job());
        QVERIFY2(state.has_value(), state ? "" : state.error().describe().c_str());
        const auto text = stateJson(**state, JsonLayout::Pretty);
        const auto theirs = expected(shard, "state");
        QCOMPARE(firstDifference(nlohmann::json::parse(text), nlohmann::json::parse(theirs)), std::string());
        QCOMPARE(text + "\n", theirs);
    }

    void stepsAreTheReferences_data() { addShards(); }
    void stepsAreTheReferences()
    {
        QFETCH(const QString, id);
        const auto& shard = m_shards.at(id.toStdString());
        const auto& location = locationOf(shard.folder);
        const StateReader reader(location.consensus, location.blob, shardOf(shard.id));
        std::vector<std::string> ours;
        std::optional<State> previous;
        const auto visited = reader.visitLive(
            [&](const State& state, const StateDiff& /*diff*/) {
                if (previous)
                    ours.push_back(stateStepJson(*previous, state));
                previous = state;
                return true;
            },
            Job());
        QVERIFY2(visited.has_value(), visited ? "" : visited.error().describe().c_str());

        std::istringstream theirs(expected(shard, "state-diff"));
        std::size_t i = 0;
        for (std::string line; std::getline(theirs, line);) {
            if (line.empty())
                continue;
            QVERIFY2(i < ours.size(), "fewer steps than the reference");
            if (ours[i] != line) {
                const auto difference = firstDifference(nlohmann::json::parse(ours[i]), nlohmann::json::parse(line));
                QFAIL(("step " + std::to_string(i) + ": " + difference).c_str());
            }
            ++i;
        }
        QCOMPARE(ours.size(), i);
    }

    void rollupsAreTheReferences_data() { addShards(); }
    void rollupsAreTheReferences()
    {
        QFETCH(const QString, id);
        const auto& shard = m_shards.at(id.toStdString());
        const auto& location = locationOf(shard.folder);
        const StateReader reader(location.consensus, location.blob, shardOf(shard.id));
        const auto found = reader.rollups(Job());
        QVERIFY2(found.has_value(), found ? "" : found.error().describe().c_str());
        QVERIFY(found->problems.empty());
        const auto text = rollupsJson(found->rollups);
        const auto theirs = expected(shard, "state-rollups");
        QCOMPARE(firstDifference(nlohmann::json::parse(text), nlohmann::json::parse(theirs)), std::string());
        QCOMPARE(text + "\n", theirs);
    }

private:
    void addShards() const
    {
        QTest::addColumn<QString>("id");
        for (const auto& [id, shard] : m_shards)
            QTest::newRow((shard.folder + " " + id.substr(0, 9)).c_str()) << QString::fromStdString(id);
    }

    const MemoryLocation& locationOf(const std::string& folder)
    {
        auto [found, isNew] = m_locations.try_emplace(folder);
        if (isNew)
            load(found->second, fixtureFile(folder));
        return found->second;
    }

    std::map<std::string, Shard> m_shards;
    std::map<std::string, MemoryLocation> m_locations;
};

QTEST_GUILESS_MAIN(TestStateJson)
#include "tst_state_json.moc"
