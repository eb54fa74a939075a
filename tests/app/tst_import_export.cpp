#include "core/inspect/copy_location.h"
#include "core/persist/state_reader.h"
#include "core/store/catalog_file.h"
#include "core/store/faulty_store.h"
#include "core/store/memory_store.h"
#include "tests/app/cli_process.h"
#include "tests/core/store/faulty_disk.h"
#include "tests/support/fixture.h"
#include "tests/support/process.h"
#include "tests/support/sample_content.h"
#include "tests/support/throwaway_postgres.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QtTest>

#include <unistd.h>

#include <filesystem>
#include <set>
#include <string>
#include <vector>

using namespace inspector;
using inspector::tests::CliRun;
using inspector::tests::runCli;
using Server = inspector::test::ThrowawayPostgres;

namespace {

const Job kJob;

template <typename T>
T valueOf(Result<T> result)
{
    if (!result)
        qFatal("%s", result.error().describe().c_str());
    return *std::move(result);
}

QString text(const std::string& from)
{
    return QString::fromStdString(from);
}

/// The lines of --json by shard.
QMap<QString, QJsonObject> shardsOf(const QByteArray& out)
{
    QMap<QString, QJsonObject> shards;
    for (const auto& line : out.split('\n')) {
        const auto object = QJsonDocument::fromJson(line).object();
        if (!object.isEmpty())
            shards[object["shard"].toString()] = object;
    }
    return shards;
}

using Content = std::shared_ptr<store::MemoryContent>;

bool isSameContent(const store::MemoryContent& a, const store::MemoryContent& b)
{
    return a.versions == b.versions
        && std::equal(a.blobs.begin(), a.blobs.end(), b.blobs.begin(), b.blobs.end(), [](const auto& x, const auto& y) {
               const auto left = x.second.view();
               const auto right = y.second.view();
               return x.first == y.first && std::equal(left.begin(), left.end(), right.begin(), right.end());
           });
}

store::Stores memoryStores(const Content& content, const std::shared_ptr<store::FaultPlan>& plan)
{
    store::Stores stores;
    stores.consensus =
        std::make_unique<store::FaultyConsensus>(std::make_unique<store::MemoryConsensus>(content), plan);
    stores.blob = std::make_unique<store::FaultyBlob>(std::make_unique<store::MemoryBlob>(content), plan);
    return stores;
}

/// The whole keys of the blobs that the newest state of a log names.
std::set<std::string> namedByNewest(const Content& content, const std::string& shard)
{
    const store::MemoryConsensus consensus(content);
    const store::MemoryBlob blob(content);
    const persist::StateReader reader(consensus, blob, valueOf(ShardId::parse(shard)));
    std::set<std::string> keys;
    const auto visit = [&](const persist::State& state, const persist::StateDiff&) {
        keys.clear();
        for (const auto& [seqno, rollup] : state.rollups)
            keys.insert(shard + "/" + rollup.key);
        for (const auto& [id, batch] : state.trace.hollowBatches)
            for (const auto& part : batch->parts)
                if (const auto* named = std::get_if<persist::BlobPart>(&part.content))
                    keys.insert(shard + "/" + named->key);
        for (const auto& batch : state.trace.legacyBatches)
            for (const auto& part : batch->parts)
                if (const auto* named = std::get_if<persist::BlobPart>(&part.content))
                    keys.insert(shard + "/" + named->key);
        return true;
    };
    if (!valueOf(reader.visitLive(visit, kJob)).empty())
        qFatal("the log has problems");
    return keys;
}

} // namespace

class TestImportExport : public QObject
{
    Q_OBJECT

private:
    QTemporaryDir m_folder;
    std::unique_ptr<Server> m_server;
    int m_count = 0;

    [[nodiscard]] QString path(const QString& name) const { return m_folder.path() + "/" + name; }
    [[nodiscard]] QString freshFolder()
    {
        const auto folder = path(QString::number(++m_count));
        std::filesystem::create_directory(folder.toStdString());
        return folder;
    }
    [[nodiscard]] QString freshFile() { return freshFolder() + "/c.mzcat"; }
    [[nodiscard]] static QString fixture(const QString& shard)
    {
        return text(valueOf(test::shardFile(shard.toStdString())));
    }

    /// A schema with an empty table; its URL.
    [[nodiscard]] QString freshTable(const QString& schema) const
    {
        const auto made = m_server->createTable(schema.toStdString());
        if (!made)
            qFatal("%s", made.error().describe().c_str());
        return text(m_server->socketUrl(Server::kOwner, "options=--search_path%3D" + schema.toStdString()));
    }

    static void smallShards()
    {
        QTest::addColumn<QString>("shard");
        for (const auto& shard : test::smallShards())
            QTest::newRow(shard.c_str()) << text(shard);
    }
    static void verify(const CliRun& run, int code)
    {
        if (run.exitCode != code)
            qWarning("%s%s", run.out.constData(), run.err.constData());
        QCOMPARE(run.exitCode, code);
    }

private slots:
    void initTestCase()
    {
        auto server = Server::start();
        QVERIFY2(server, server ? "" : server.error().describe().c_str());
        m_server = *std::move(server);
        FaultyDisk::install();
    }
    void cleanup() { FaultyDisk::disarm(); }

    // Every byte arrives.

    void aFileIsCopiedToTheByte_data() { smallShards(); }
    void aFileIsCopiedToTheByte()
    {
        QFETCH(QString, shard);
        const auto target = freshFile();
        const auto before = test::stateOf(fixture(shard).toStdString());
        const auto run = runCli({"export", "--all", "--commit", "--json", "--to", target, fixture(shard)});
        verify(run, 0);
        QVERIFY(test::stateOf(fixture(shard).toStdString()) == before);
        const auto from = valueOf(test::contentOfCatalogFile(fixture(shard).toStdString()));
        const auto to = valueOf(test::contentOfCatalogFile(target.toStdString()));
        QVERIFY(isSameContent(*from, *to));
        QCOMPARE(std::size_t(shardsOf(run.out).size()), from->versions.size());
        for (const auto& object : shardsOf(run.out)) {
            QCOMPARE(object["fate"].toString(), QString("copied"));
            QCOMPARE(object["missing"].toInt(), 0);
            const auto& versions = from->versions.at(object["shard"].toString().toStdString());
            QCOMPARE(object["versions"].toInt(), int(versions.size()));
            QCOMPARE(object["first"].toInt(), int(versions.begin()->first));
            QCOMPARE(object["head"].toInt(), int(versions.rbegin()->first));
        }
        // Nothing lies beside it, and what the manifest says of it is right.
        const std::filesystem::directory_iterator folder(std::filesystem::path(target.toStdString()).parent_path());
        QCOMPARE(std::distance(begin(folder), end(folder)), std::ptrdiff_t(1));
        const auto file = valueOf(store::CatalogFile::open(target.toStdString(), {}, kJob));
        const auto digest = valueOf(file.checkDigest(kJob));
        QVERIFY(digest.recorded && digest.matches());
        std::set<std::string> names;
        for (const auto& entry : valueOf(file.manifest(kJob)))
            names.insert(entry.name);
        for (const auto* name : {"format", "tool_version", "source", "captured_from", "captured_to", "redaction"})
            QVERIFY2(names.contains(name), name);
    }

    void theCatalogAloneIsCopiedWithoutAll()
    {
        const auto target = freshFile();
        verify(runCli({"export", "--commit", "--to", target, fixture("old-busy")}), 0);
        const auto from = valueOf(test::contentOfCatalogFile(fixture("old-busy").toStdString()));
        const auto to = valueOf(test::contentOfCatalogFile(target.toStdString()));
        QCOMPARE(from->versions.size(), std::size_t(2));
        QCOMPARE(to->versions.size(), std::size_t(1));
        const auto& [shard, versions] = *to->versions.begin();
        QVERIFY(from->versions.at(shard) == versions);
        for (const auto& [key, bytes] : to->blobs)
            QVERIFY(key.starts_with(shard));
        const auto manifest = valueOf(valueOf(store::CatalogFile::open(target.toStdString(), {}, kJob)).manifest(kJob));
        const auto valueOfName = [&](const std::string& name) {
            const auto found =
                std::find_if(manifest.begin(), manifest.end(), [&](const auto& entry) { return entry.name == name; });
            return found == manifest.end() ? std::string() : found->value;
        };
        QCOMPARE(valueOfName("catalog_shard"), shard);
        QCOMPARE(valueOfName("head_seqno"), std::to_string(versions.rbegin()->first));
        QCOMPARE(valueOfName("applier_version"), std::string("0.125.0"));
        QVERIFY(!valueOfName("upper").empty());
        // Everything else that reads a catalog reads the copy alike.
        QCOMPARE(runCli({"dump", "--consolidate", target}).out,
                 runCli({"dump", "--consolidate", "--shard", text(shard), fixture("old-busy")}).out);
    }

    void aServerGivesBackWhatItGot_data() { smallShards(); }
    void aServerGivesBackWhatItGot()
    {
        QFETCH(QString, shard);
        const auto table = freshTable("there_and_back_" + QString(shard).replace('-', '_'));
        const auto folder = "file://" + freshFolder();
        verify(runCli({"export", "--all", "--commit", "--to-consensus", table, "--to-blob", folder, fixture(shard)}),
               0);
        const auto from = valueOf(test::contentOfCatalogFile(fixture(shard).toStdString()));
        // A log that begins with 0 is a newer writer's, who expects the sentinel there.
        for (const auto& [id, versions] : from->versions) {
            const auto rows = valueOf(m_server->execute(
                "SELECT min(sequence_number)::text, count(*)::text FROM there_and_back_"
                + QString(shard).replace('-', '_').toStdString() + ".consensus WHERE shard = '" + id + "'"));
            const bool hasSentinel = versions.begin()->first == 0;
            QCOMPARE(rows[0][0], std::to_string(hasSentinel ? -1 : versions.begin()->first));
            QCOMPARE(rows[0][1], std::to_string(versions.size() + (hasSentinel ? 1 : 0)));
        }
        const auto target = freshFile();
        verify(runCli({"import", "--all", "--commit", "--from-consensus", table, "--from-blob", folder, target}), 0);
        QVERIFY(isSameContent(*from, *valueOf(test::contentOfCatalogFile(target.toStdString()))));
        for (const auto& entry :
             valueOf(valueOf(store::CatalogFile::open(target.toStdString(), {}, kJob)).manifest(kJob)))
            if (entry.name == "source") {
                QVERIFY2(entry.value.starts_with("PostgreSQL at "), entry.value.c_str());
                QVERIFY2(entry.value.find(Server::kOwner) == std::string::npos, entry.value.c_str());
                QVERIFY2(entry.value.find("search_path") == std::string::npos, entry.value.c_str());
            }
    }

    // What a copy must not do.

    void aDryRunWritesNothing()
    {
        const auto target = freshFile();
        auto run = runCli({"export", "--all", "--json", "--to", target, fixture("new-busy")});
        verify(run, 0);
        QCOMPARE(shardsOf(run.out).first()["fate"].toString(), QString("would be copied"));
        QVERIFY(run.err.contains("nothing was written"));
        QVERIFY(!QFile::exists(target));

        const auto table = freshTable("dry");
        const auto folder = freshFolder();
        m_server->clearLog();
        verify(runCli({"export", "--to-consensus", table, "--to-blob", "file://" + folder, fixture("new-busy")}), 0);
        for (const auto& statement : m_server->statementsOf("catalog-inspector"))
            QVERIFY2(statement.find("SELECT") != std::string::npos && statement.find("INSERT") == std::string::npos,
                     statement.c_str());
        QVERIFY(std::filesystem::is_empty(folder.toStdString()));

        verify(runCli({"export", "--commit", "--to", target, fixture("new-fresh")}), 0);
        const auto before = test::stateOf(target.toStdString());
        verify(runCli({"import", "--from", fixture("new-busy"), target}), 0);
        QVERIFY(test::stateOf(target.toStdString()) == before);
    }

    void nothingOnAServerIsMade()
    {
        QVERIFY(m_server->execute("CREATE SCHEMA bare"));
        const auto bare = text(m_server->socketUrl(Server::kOwner, "options=--search_path%3Dbare"));
        for (const auto& commit : {QStringList(), QStringList("--commit")}) {
            const auto run = runCli(QStringList {"export", "--to-consensus", bare, "--to-blob",
                                                 "file://" + freshFolder(), fixture("new-fresh")}
                                    + commit);
            verify(run, 3);
            QVERIFY2(run.err.contains("relation consensus does not exist"), run.err);
        }
        QCOMPARE(valueOf(m_server->execute("SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = "
                                           "c.relnamespace WHERE nspname = 'bare'"))[0][0],
                 std::string("0"));
        const auto nowhere = path("no-such-folder");
        verify(runCli({"export", "--commit", "--to-consensus", freshTable("lonely"), "--to-blob", "file://" + nowhere,
                       fixture("new-fresh")}),
               3);
        QVERIFY(!QFile::exists(nowhere));
        verify(runCli({"export", "--commit", "--to", nowhere + "/c.mzcat", fixture("new-fresh")}), 3);
        QVERIFY(!QFile::exists(nowhere));
    }

    void aRoleThatMayOnlyReadIsTold()
    {
        const auto made = freshTable("readable");
        const auto url =
            text(m_server->url(Server::kReader, Server::kReaderPassword, "options=--search_path%3Dreadable"));
        const auto run = runCli({"export", "--commit", "--to-consensus", url, "--to-blob", "file://" + freshFolder(),
                                 fixture("new-fresh")});
        verify(run, 4);
        QVERIFY2(run.err.contains("lacks INSERT, UPDATE, DELETE"), run.err);
        QVERIFY(!run.err.contains(Server::kReaderPassword));
    }

    void anotherLogOfTheShardIsRefused()
    {
        // The same shard, two versions behind.
        auto content = valueOf(test::contentOfCatalogFile(fixture("new-log").toStdString()));
        auto& versions = content->versions.begin()->second;
        const auto id = text(content->versions.begin()->first);
        versions.erase(std::prev(versions.end()));
        versions.erase(std::prev(versions.end()));
        const auto target = freshFile();
        QVERIFY(test::writeCatalogFile(target.toStdString(), *content));
        const auto before = test::stateOf(target.toStdString());
        for (const auto& commit : {QStringList(), QStringList("--commit")}) {
            const auto run = runCli(QStringList {"export", "--to", target, fixture("new-log")} + commit);
            verify(run, 6);
            QVERIFY2(run.err.contains(id.toUtf8()) && run.err.contains("another log"), run.err);
        }
        QVERIFY(test::stateOf(target.toStdString()) == before);
    }

    void oneRefusedShardKeepsAllBack()
    {
        const auto target = freshFile();
        verify(runCli({"export", "--commit", "--to", target, fixture("old-busy")}), 0);
        auto content = valueOf(test::contentOfCatalogFile(fixture("old-busy").toStdString()));
        for (auto& [id, versions] : content->versions)
            if (valueOf(test::contentOfCatalogFile(target.toStdString()))->versions.contains(id))
                versions.erase(std::prev(versions.end()));
        const auto source = freshFile();
        QVERIFY(test::writeCatalogFile(source.toStdString(), *content));
        const auto before = test::stateOf(target.toStdString());
        verify(runCli({"export", "--all", "--commit", "--to", target, source}), 6);
        QVERIFY(test::stateOf(target.toStdString()) == before);
    }

    void wrongRequestsAreNamed_data()
    {
        QTest::addColumn<QStringList>("words");
        QTest::newRow("no target") << QStringList {"export", fixture("new-fresh")};
        QTest::newRow("two targets") << QStringList {"export",    "--to",      "a.mzcat",
                                                     "--to-blob", "file:///x", fixture("new-fresh")};
        QTest::newRow("half a target") << QStringList {"export", "--to-blob", "file:///x", fixture("new-fresh")};
        QTest::newRow("a server as a file")
            << QStringList {"export", "--to", "postgres://u:secret@h/d", fixture("new-fresh")};
        QTest::newRow("all and one") << QStringList {
            "export", "--all",   "--shard",           "s35327d34-2476-e20e-f87e-ee518cb72f2b",
            "--to",   "a.mzcat", fixture("new-fresh")};
        QTest::newRow("no source") << QStringList {"import", "a.mzcat"};
        QTest::newRow("a moment") << QStringList {"export", "--as-of", "3", "--to", "a.mzcat", fixture("new-fresh")};
    }
    void wrongRequestsAreNamed()
    {
        QFETCH(QStringList, words);
        const auto run = runCli(words);
        verify(run, 2);
        QVERIFY(!run.err.contains("secret"));
    }

    void aShardThatIsNotThereIsNotFound()
    {
        const auto target = freshFile();
        verify(runCli({"export", "--commit", "--shard", "s35327d34-2476-e20e-f87e-ee518cb72f2c", "--to", target,
                       fixture("new-fresh")}),
               3);
        QVERIFY(!QFile::exists(target));
    }

    // Again, and together.

    void anIdenticalShardIsLeftAsItIs()
    {
        const auto target = freshFile();
        verify(runCli({"export", "--commit", "--all", "--to", target, fixture("old-fresh")}), 0);
        const auto before = test::stateOf(target.toStdString());
        for (const auto& commit : {QStringList(), QStringList("--commit")}) {
            const auto run =
                runCli(QStringList {"export", "--json", "--all", "--to", target, fixture("old-fresh")} + commit);
            verify(run, 0);
            for (const auto& object : shardsOf(run.out))
                QCOMPARE(object["fate"].toString(), QString("identical"));
            QVERIFY2(run.err.contains("nothing was written") && run.err.contains("already"), run.err);
        }
        const auto after = test::stateOf(target.toStdString());
        QVERIFY(after.sha256 == before.sha256 && after.beside == before.beside);
    }

    void aFileIsNotCopiedOntoItself_data()
    {
        QTest::addColumn<QString>("name");
        QTest::newRow("by its own name") << "";
        QTest::newRow("by another path") << "/../";
        QTest::newRow("by a link") << "link";
    }
    void aFileIsNotCopiedOntoItself()
    {
        QFETCH(QString, name);
        const auto file = freshFile();
        verify(runCli({"export", "--commit", "--to", file, fixture("new-fresh")}), 0);
        auto other = file;
        const QFileInfo info(file);
        if (name == "link") {
            other = freshFile();
            QVERIFY(QFile::link(file, other));
        } else if (!name.isEmpty()) {
            other = info.path() + "/../" + QFileInfo(info.path()).fileName() + "/" + info.fileName();
        }
        const auto before = test::stateOf(file.toStdString());
        for (const auto& words : {QStringList {"export", "--commit", "--to", other, file},
                                  QStringList {"import", "--commit", "--from", file, other}}) {
            const auto run = runCli(words);
            verify(run, 2);
            QVERIFY2(run.err.contains("one file"), run.err);
        }
        QVERIFY(test::stateOf(file.toStdString()) == before);
    }

    void blobsThatAKilledCopyLeftAreUsed()
    {
        const auto folder = freshFolder();
        const auto content = valueOf(test::contentOfCatalogFile(fixture("new-busy").toStdString()));
        QVERIFY(test::writeBlobFolder(folder.toStdString(), *content));
        const auto table = freshTable("resumed");
        verify(runCli({"export", "--commit", "--to-consensus", table, "--to-blob", "file://" + folder,
                       fixture("new-busy")}),
               0);
        QCOMPARE(valueOf(m_server->execute("SELECT count(*) FROM resumed.consensus"))[0][0],
                 std::to_string(content->versions.begin()->second.size()));
    }

    void aBlobWithOtherBytesInTheTargetIsAConflict()
    {
        const auto folder = freshFolder();
        const auto content = valueOf(test::contentOfCatalogFile(fixture("new-fresh").toStdString()));
        content->blobs.begin()->second = SharedBytes::copyOf(bytesOf("something else"));
        QVERIFY(test::writeBlobFolder(folder.toStdString(), *content));
        const auto table = freshTable("occupied");
        verify(runCli({"export", "--commit", "--to-consensus", table, "--to-blob", "file://" + folder,
                       fixture("new-fresh")}),
               6);
        QCOMPARE(valueOf(m_server->execute("SELECT count(*) FROM occupied.consensus"))[0][0], std::string("0"));
    }

    void severalCatalogsFitIntoOneFile()
    {
        const auto target = freshFile();
        for (const auto* shard : {"old-fresh", "new-fresh", "new-log"})
            verify(runCli({"import", "--all", "--commit", "--from", fixture(shard), target}), 0);
        const auto to = valueOf(test::contentOfCatalogFile(target.toStdString()));
        QCOMPARE(to->versions.size(), std::size_t(4));
        // The digest of the first copy would be wrong by now.
        QVERIFY(!valueOf(valueOf(store::CatalogFile::open(target.toStdString(), {}, kJob)).checkDigest(kJob)).recorded);
    }

    // Sources that move, or are not whole.

    void garbageCollectionUnderTheCopyMakesItBeginAnew_data()
    {
        QTest::addColumn<int>("listing");
        QTest::newRow("while the versions are looked at") << 1;
        QTest::newRow("while blobs are copied") << 2;
    }
    void garbageCollectionUnderTheCopyMakesItBeginAnew()
    {
        QFETCH(int, listing); // the source is listed once to look, and once to copy
        // At first the source is at an older head, which names a blob that the newest version does not name any more.
        // Then everything happens at once: the log goes on to its end, and that blob is gone.
        const auto whole = valueOf(test::contentOfCatalogFile(fixture("new-log").toStdString()));
        const auto& [shard, versions] = *whole->versions.begin();
        const auto newest = namedByNewest(whole, shard);
        const auto source = std::make_shared<store::MemoryContent>(*whole);
        std::string doomed;
        auto older = versions;
        while (doomed.empty()) {
            QVERIFY(older.size() > 1);
            older.erase(std::prev(older.end()));
            source->versions[shard] = older;
            for (const auto& key : namedByNewest(source, shard))
                if (!newest.contains(key))
                    doomed = key;
        }
        inspect::CopyRequest request;
        request.allShards = true;
        request.commit = true;
        for (const int attempts : {1, 2}) {
            source->versions[shard] = older;
            source->blobs = whole->blobs;
            const auto plan = std::make_shared<store::FaultPlan>();
            plan->only = {store::StoreCall::Get};
            plan->beforeCall = [&](std::size_t) {
                if (plan->byKind[store::StoreCall::List] == static_cast<std::size_t>(listing)) {
                    source->versions[shard] = versions;
                    source->blobs.erase(doomed);
                }
            };
            request.attempts = attempts;
            const auto target = freshFile().toStdString();
            request.to = store::Location::ofCatalogFile(target);
            const auto report = inspect::copyLocation(memoryStores(source, plan), request, kJob);
            if (attempts == 1) {
                QVERIFY(!report);
                QCOMPARE(report.error().code, ErrorCode::Corrupt);
                QVERIFY2(report.error().message.find(doomed) != std::string::npos, report.error().message.c_str());
                QVERIFY(!QFile::exists(text(target)));
                continue;
            }
            QVERIFY2(report, report ? "" : report.error().describe().c_str());
            QCOMPARE(report->shards.front().head.value(), static_cast<std::uint64_t>(versions.rbegin()->first));
            QVERIFY(report->shards.front().missing == std::vector {doomed}); // older versions name it still
            const auto copied = valueOf(test::contentOfCatalogFile(target));
            QVERIFY(copied->versions.at(shard) == versions);
            QVERIFY(!copied->blobs.contains(doomed));
            QCOMPARE(copied->blobs.size(), whole->blobs.size() - 1);
        }
    }

    void aBlobThatStaysAwayIsNamed()
    {
        const auto content = valueOf(test::contentOfCatalogFile(fixture("new-busy").toStdString()));
        const auto shard = content->versions.begin()->first;
        const auto newest = namedByNewest(content, shard);
        const auto gone = *std::find_if(newest.begin(), newest.end(),
                                        [](const auto& key) { return key.find("/n") != std::string::npos; });
        content->blobs.erase(gone);
        const auto source = freshFile();
        QVERIFY(test::writeCatalogFile(source.toStdString(), *content));
        const auto target = freshFile();
        auto run = runCli({"export", "--all", "--commit", "--to", target, source});
        verify(run, 5);
        QVERIFY2(run.err.contains(gone.c_str()), run.err);
        QVERIFY(!QFile::exists(target));
        run = runCli({"export", "--all", "--commit", "--incomplete", "--json", "--to", target, source});
        verify(run, 1);
        QVERIFY2(run.err.contains(gone.c_str()), run.err);
        QCOMPARE(shardsOf(run.out).first()["missing"].toInt(), 1);
        QVERIFY(isSameContent(*content, *valueOf(test::contentOfCatalogFile(target.toStdString()))));
    }

    void aDamagedLogIsNotCopied()
    {
        const auto content = valueOf(test::contentOfCatalogFile(fixture("new-fresh").toStdString()));
        auto& versions = content->versions.begin()->second;
        std::next(versions.begin(), 5)->second = {std::byte {0xFF}, std::byte {0xFF}};
        const auto source = freshFile();
        QVERIFY(test::writeCatalogFile(source.toStdString(), *content));
        const auto target = freshFile();
        verify(runCli({"export", "--all", "--commit", "--to", target, source}), 5);
        QVERIFY(!QFile::exists(target));
    }

    // Disks and kills.

    void aKillLeavesAWholeFileOrNone()
    {
        const auto source = fixture("old-fresh").toStdString();
        inspect::CopyRequest request;
        request.from = store::Location::ofCatalogFile(source);
        request.allShards = true;
        request.commit = true;
        const auto from = valueOf(test::contentOfCatalogFile(source));
        for (std::size_t call = 1;; call += 7) {
            const auto target = freshFile().toStdString();
            request.to = store::Location::ofCatalogFile(target);
            const pid_t child = ::fork();
            if (child == 0) {
                FaultyDisk::arm(DiskFault::Kill, call);
                ::_exit(inspect::copyLocation(request, kJob) ? 0 : 1);
            }
            const int code = test::waitFor(child);
            QVERIFY(code == 0 || code == 9);
            QCOMPARE(QFile::exists(text(target)), code == 0);
            if (code == 0) {
                QVERIFY(call > 20);
                QVERIFY(isSameContent(*from, *valueOf(test::contentOfCatalogFile(target))));
                break;
            }
        }
    }

    void aFullDiskLeavesNothing()
    {
        inspect::CopyRequest request;
        request.from = store::Location::ofCatalogFile(fixture("old-fresh").toStdString());
        request.allShards = true;
        request.commit = true;
        const auto folder = freshFolder().toStdString();
        request.to = store::Location::ofCatalogFile(folder + "/c.mzcat");
        for (std::size_t call = 1; call < 60; call += 11) {
            FaultyDisk::arm(DiskFault::Full, call, true);
            const auto report = inspect::copyLocation(request, kJob);
            FaultyDisk::disarm();
            QVERIFY(!report);
            QVERIFY2(report.error().code == ErrorCode::Unavailable, report.error().describe().c_str());
            QVERIFY(!std::filesystem::exists(folder + "/c.mzcat"));
            QVERIFY(std::filesystem::is_empty(folder));
        }
    }

    void aStopLeavesNothing()
    {
        std::stop_source stop;
        const auto content = valueOf(test::contentOfCatalogFile(fixture("old-fresh").toStdString()));
        const auto plan = std::make_shared<store::FaultPlan>();
        plan->only = {store::StoreCall::Get};
        plan->beforeCall = [&](std::size_t call) {
            if (call == 5)
                stop.request_stop();
        };
        inspect::CopyRequest request;
        request.allShards = true;
        request.commit = true;
        const auto folder = freshFolder().toStdString();
        request.to = store::Location::ofCatalogFile(folder + "/c.mzcat");
        const auto report = inspect::copyLocation(memoryStores(content, plan), request, Job(stop.get_token()));
        QVERIFY(!report);
        QCOMPARE(report.error().code, ErrorCode::Cancelled);
        QVERIFY(std::filesystem::is_empty(folder));
    }
};

QTEST_GUILESS_MAIN(TestImportExport)
#include "tst_import_export.moc"
