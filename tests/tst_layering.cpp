#include <QtTest>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>

namespace {

/// Which rooms a room may include, besides itself. A room that is missing here fails the test.
const std::map<std::string, std::set<std::string>> kMayInclude {
    {"core/base", {}},
    {"core/store", {"core/base"}},
    {"core/codec", {"core/base"}},
    {"core/persist", {"core/base", "core/store", "core/codec"}},
    // Writing a shard has a room of its own beside reading one: core/persist would hold thirty files otherwise.
    {"core/machine", {"core/base", "core/store", "core/codec", "core/persist"}},
    {"core/catalog", {"core/base", "core/codec", "core/persist"}},
    {"core/edit", {"core/base", "core/store", "core/codec", "core/catalog", "core/persist", "core/machine"}},
    // A made-up environment is a user of the core like any other; it would fill core/edit with what editing never
    // needs.
    {"core/demo", {"core/base", "core/store", "core/codec", "core/machine", "core/catalog", "core/edit"}},
    {"core/inspect",
     {"core/base", "core/store", "core/codec", "core/persist", "core/machine", "core/catalog", "core/edit"}},
    {"views/support", {"core/base", "core/inspect"}},
    {"views/models", {"core/base", "core/catalog", "core/inspect", "views/support"}},
    {"views/delegates", {"core/base", "views/models", "views/support"}},
    {"views/widgets", {"core/base", "views/support"}},
    {"views/dialogs",
     {"core/base", "core/catalog", "core/edit", "core/inspect", "views/models", "views/support", "views/widgets"}},
    {"views/panels",
     {"core/base", "core/catalog", "core/inspect", "views/delegates", "views/dialogs", "views/models", "views/support",
      "views/widgets"}},
    {"app/gui",
     {"core/base", "core/inspect", "views/dialogs", "views/models", "views/panels", "views/support", "views/widgets"}},
    {"app/cli", {"core/base", "core/demo", "core/edit", "core/inspect"}},
};

/// Libraries whose headers stay in .cpp files (house-style, "Third-party headers stay out of our headers").
const std::set<std::string> kOnlyInSources {"libpq-fe.h",    "sqlite3.h",      "simdjson.h", "nlohmann/json.hpp",
                                            "zstd.h",        "lz4.h",          "snappy.h",   "zlib.h",
                                            "openssl/evp.h", "brotli/decode.h"};

std::string roomOf(const std::string& path)
{
    const auto first = path.find('/');
    const auto second = path.find('/', first + 1);
    return second == std::string::npos ? path : path.substr(0, second);
}

} // namespace

class TestLayering : public QObject
{
    Q_OBJECT

private slots:
    void includesPointDownwards()
    {
        const std::filesystem::path root(SOURCE_ROOT);
        const std::regex ours("^\\s*#include \"((app|core|views|tests)/[^\"]+)\"");
        const std::regex others("^\\s*#include <([^>]+)>");
        int looked = 0;
        for (const auto* top : {"app", "core", "views"}) {
            for (const auto& entry : std::filesystem::recursive_directory_iterator(root / top)) {
                const auto extension = entry.path().extension();
                if (extension != ".h" && extension != ".cpp")
                    continue;
                ++looked;
                const std::string file = std::filesystem::relative(entry.path(), root).generic_string();
                const std::string room = roomOf(file);
                const auto allowed = kMayInclude.find(room);
                QVERIFY2(allowed != kMayInclude.end(), ("no row in the include table for " + file).c_str());
                std::ifstream stream(entry.path());
                std::string line;
                while (std::getline(stream, line)) {
                    std::smatch match;
                    if (std::regex_search(line, match, ours)) {
                        const std::string target = roomOf(match[1]);
                        if (target == "core/codec" && match[1].str().ends_with(".pb.h"))
                            QVERIFY2(extension == ".cpp", (file + " shows protobuf in a header").c_str());
                        QVERIFY2(target == room || allowed->second.contains(target),
                                 (file + " may not include " + match[1].str()).c_str());
                    } else if (extension == ".h" && std::regex_search(line, match, others)) {
                        QVERIFY2(!kOnlyInSources.contains(match[1]),
                                 (file + " shows " + match[1].str() + " in a header").c_str());
                    }
                    if (room.starts_with("core/"))
                        QVERIFY2(line.find("#include <Q") == std::string::npos, (file + " knows Qt").c_str());
                }
            }
        }
        QVERIFY(looked > 20);
    }
};

QTEST_APPLESS_MAIN(TestLayering)
#include "tst_layering.moc"
