#include "tests/app/cli_process.h"
#include "tests/app/fixture_shards.h"

#include <QCryptographicHash>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QtTest>

#include <unistd.h>

#include <csignal>

using namespace inspector::tests;

namespace {

/// Commands that answer once about a moment of a location.
const QStringList kReading {"dump", "stats", "trace", "rows",       "history", "facts", "epoch",        "fences",
                            "show", "find",  "state", "state-diff", "rollups", "parts", "upgrade-check"};
/// Commands that write once they are told to.
const QStringList kWriting {"edit", "delete", "init", "import", "export", "demo"};

/// A command with the words that it needs before its location.
QStringList withOperands(const QString& command)
{
    if (command == "show")
        return {command, "config", "user_version"};
    if (command == "find")
        return {command, "quickstart"};
    if (command == "upgrade-check")
        return {command, "--catalog-version", "92"};
    return {command};
}

/// The commands that a part of the program's help lists: all of it, or one whose first line has these words.
QStringList listedCommands(const QByteArray& heading = {})
{
    QStringList commands;
    for (const auto& part : runCli({"--help"}).out.replace("\n\n", "\f").split('\f')) {
        const auto lines = part.split('\n');
        if (!lines.front().startsWith("Commands ") || !lines.front().contains(heading))
            continue;
        for (const auto& line : lines.mid(1))
            commands.append(QString::fromUtf8(line.trimmed().split(' ').front()));
    }
    return commands;
}

QString smallCatalog()
{
    return FixtureShards::catalogFile("new-log");
}

/// A folder's listing with sizes, times and contents.
QByteArray fingerprint(const QString& folder)
{
    QCryptographicHash hash(QCryptographicHash::Sha256);
    for (const auto& info :
         QDir(folder).entryInfoList(QDir::AllEntries | QDir::Hidden | QDir::NoDotAndDotDot, QDir::Name)) {
        hash.addData(info.fileName().toUtf8() + QByteArray::number(info.size())
                     + QByteArray::number(info.lastModified().toMSecsSinceEpoch()));
        QFile file(info.filePath());
        if (file.open(QIODevice::ReadOnly))
            hash.addData(file.readAll());
    }
    return hash.result();
}

} // namespace

/// What the program does with its words, its location and its surroundings.
class TestCli : public QObject
{
    Q_OBJECT

private:
    QTemporaryDir m_folder;

    QString writeScratch(const QString& name, const QByteArray& content) const
    {
        const auto path = m_folder.filePath(name);
        QFile file(path);
        file.open(QIODevice::WriteOnly | QIODevice::Truncate);
        file.write(content);
        return path;
    }

    static void rowsOf(const QStringList& commands)
    {
        QTest::addColumn<QString>("command");
        for (const auto& command : commands)
            QTest::newRow(command.toUtf8()) << command;
    }
    static void commands() { rowsOf(kReading); }

    /// What a command that writes is asked: about the small catalog and a file that is not there.
    static QStringList askToWrite(const QString& command, const QString& newFile)
    {
        if (command == "edit")
            return {command, "setting", "{\"name\":\"migration_version\"}", "{\"value\":\"1.0.0\"}", smallCatalog()};
        if (command == "delete")
            return {command, "setting", "{\"name\":\"migration_version\"}", smallCatalog()};
        if (command == "import")
            return {command, "--from", smallCatalog(), newFile};
        if (command == "export")
            return {command, "--to", newFile, smallCatalog()};
        return {command, newFile};
    }

private slots:
    void helpTellsReadingFromWriting()
    {
        const auto answer = runCli({"--help"});
        QCOMPARE(answer.exitCode, 0);
        QVERIFY(answer.err.isEmpty());
        const auto reading = listedCommands("only read");
        const auto writing = listedCommands("write");
        for (const auto& command : kReading)
            QVERIFY2(reading.contains(command) && !writing.contains(command), command.toUtf8());
        for (const auto& command : kWriting)
            QVERIFY2(writing.contains(command) && !reading.contains(command), command.toUtf8());
    }

    void everyCommandExplainsItself_data() { rowsOf(listedCommands()); }
    void everyCommandExplainsItself()
    {
        QFETCH(QString, command);
        const auto answer = runCli({command, "--help"});
        QCOMPARE(answer.exitCode, 0);
        QVERIFY(answer.err.isEmpty());
        for (const char* part :
             {"Usage: ", "Examples:\n", "Exit codes:\n", "  0 ", "  2 ", "  3 ", "  4 ", "  5 ", "  130 ", "--json"})
            QVERIFY2(answer.out.contains(part), part);
        if (answer.out.left(answer.out.indexOf('\n')).contains("LOCATION")) {
            for (const char* part : {"CONSENSUS_URL", "--environment-id", "--organization-id", "--shard"})
                QVERIFY2(answer.out.contains(part), part);
        }
        const bool writes = listedCommands("write").contains(command);
        QCOMPARE(answer.out.contains("\n  --commit"), writes);
        QCOMPARE(answer.out.contains("Nothing is written without --commit"), writes);
        QCOMPARE(answer.out.contains("Reading never writes"), !writes);
        QVERIFY(answer.out.contains("catalog-inspector-cli " + command.toUtf8()));
        for (const auto& line : answer.out.split('\n'))
            QVERIFY2(QString::fromUtf8(line).size() <= 122, line);
    }

    void everyCommandRefusesAnUnknownOption_data() { rowsOf(listedCommands()); }
    void everyCommandRefusesAnUnknownOption()
    {
        QFETCH(QString, command);
        const auto answer = runCli({command, "--no-such-option"});
        QCOMPARE(answer.exitCode, 2);
        QVERIFY(answer.out.isEmpty());
        QVERIFY2(answer.err.contains("unknown option --no-such-option"), answer.err);
        QVERIFY2(answer.err.contains("'" + command.toUtf8() + " --help'"), answer.err);
    }

    void everyCommandNamesWhatIsMissing_data() { rowsOf(listedCommands()); }
    void everyCommandNamesWhatIsMissing()
    {
        QFETCH(QString, command);
        const auto answer = runCli({command});
        QCOMPARE(answer.exitCode, 2);
        QVERIFY(answer.out.isEmpty());
        QVERIFY2(answer.err.contains("missing") || answer.err.contains("no location"), answer.err);
    }

    void withoutCommitNothingIsWritten_data() { rowsOf(kWriting); }
    void withoutCommitNothingIsWritten()
    {
        QFETCH(QString, command);
        const QDir folder(m_folder.filePath("dry_" + command));
        folder.mkpath(".");
        const auto before = fingerprint(folder.path());
        const auto ask = askToWrite(command, folder.filePath("new.mzcat"));
        const auto text = runCli(ask);
        QVERIFY2(text.exitCode == 0, text.err);
        QVERIFY(!text.out.isEmpty());
        QVERIFY2(text.err.contains("nothing was written") && text.err.contains("--commit"), text.err);
        const auto lines = runCli(ask + QStringList {"--json"});
        QVERIFY2(lines.exitCode == 0, lines.err);
        for (const auto& line : lines.out.chopped(1).split('\n'))
            QVERIFY2(QJsonDocument::fromJson(line).isObject(), line.left(200));
        QCOMPARE(fingerprint(folder.path()), before);
    }

    void everyCommandAnswersInBothForms_data() { commands(); }
    void everyCommandAnswersInBothForms()
    {
        QFETCH(QString, command);
        const auto text = runCli(withOperands(command) + QStringList {smallCatalog()});
        QVERIFY2(text.exitCode == 0, text.err);
        QVERIFY(!text.out.isEmpty());
        const auto lines = runCli(withOperands(command) + QStringList {"--json", smallCatalog()});
        QVERIFY2(lines.exitCode == 0, lines.err);
        QVERIFY(lines.out.endsWith('\n'));
        for (const auto& line : lines.out.chopped(1).split('\n'))
            QVERIFY2(QJsonDocument::fromJson(line).isObject(), line.left(200));
    }

    void everyCommandKnowsBothClocks_data() { commands(); }
    void everyCommandKnowsBothClocks()
    {
        QFETCH(QString, command);
        const auto ask = [&](const QStringList& moment) {
            return runCli(withOperands(command) + QStringList {"--json"} + moment + QStringList {smallCatalog()});
        };
        for (const auto& moment : {QStringList {"--as-of", "20"}, QStringList {"--seqno", "60"}}) {
            const auto answer = ask(moment);
            QVERIFY2(answer.exitCode == 0, answer.err);
            QVERIFY(answer.out != ask({}).out || command == "rollups" || command == "show");
        }
        const auto late = ask({"--as-of", "43"});
        QVERIFY2(late.exitCode == 2, late.err);
        QVERIFY2(late.err.contains("[0, 43)"), late.err);
        const auto beyond = ask({"--seqno", "103"});
        QVERIFY2(beyond.exitCode == 2, beyond.err);
        QVERIFY2(beyond.err.contains("v0") && beyond.err.contains("v102"), beyond.err);
    }

    void nothingChangesBesideTheCatalogFile_data() { commands(); }
    void nothingChangesBesideTheCatalogFile()
    {
        QFETCH(QString, command);
        const QDir folder(m_folder.filePath("untouched_" + command));
        folder.mkpath(".");
        const auto file = folder.filePath("catalog.mzcat");
        QVERIFY(QFile::copy(smallCatalog(), file));
        QVERIFY(QFile::setPermissions(file, QFile::ReadOwner | QFile::WriteOwner));
        const auto before = fingerprint(folder.path());
        for (const auto& form : {QStringList(), QStringList {"--json"}}) {
            const auto answer = runCli(withOperands(command) + form + QStringList {file});
            QVERIFY2(answer.exitCode == 0, answer.err);
            QCOMPARE(fingerprint(folder.path()), before);
        }
    }

    void wrongRequestsAreNamed_data()
    {
        QTest::addColumn<QStringList>("words");
        QTest::addColumn<QString>("clause");

        const auto file = smallCatalog();
        QTest::newRow("no command") << QStringList() << "Usage: ";
        QTest::newRow("unknown command") << QStringList {"dmp", file} << "did you mean 'dump'";
        QTest::newRow("unknown option") << QStringList {"dump", "--jsn", file} << "unknown option --jsn";
        QTest::newRow("missing value") << QStringList {"dump", file, "--as-of"} << "--as-of needs a value";
        QTest::newRow("value where none belongs")
            << QStringList {"dump", "--json=yes", file} << "--json takes no value";
        QTest::newRow("no number") << QStringList {"rows", "--as-of", "4x", file} << "'4x'";
        QTest::newRow("negative number") << QStringList {"rows", "--as-of", "-4", file} << "'-4'";
        QTest::newRow("number too large")
            << QStringList {"rows", "--seqno", "18446744073709551616", file} << "18446744073709551616";
        QTest::newRow("two moments") << QStringList {"rows", "--as-of", "4", "--seqno", "5", file}
                                     << "give one of them";
        QTest::newRow("two shards") << QStringList {"rows", "--shard", "s1", "--environment-id", "x", file}
                                    << "give one of them";
        QTest::newRow("no shard id") << QStringList {"rows", "--shard", "s1", file} << "s1";
        QTest::newRow("no environment id") << QStringList {"rows", "--environment-id", "prod", file} << "prod";
        QTest::newRow("no organization id") << QStringList {"rows", "--organization-id", "prod", file} << "prod";
        QTest::newRow("two files") << QStringList {"rows", file, file} << "one word too many";
        QTest::newRow("a file and a server")
            << QStringList {"rows", "--consensus", "postgres://h/d", file} << "give one of them";
        QTest::newRow("no location") << QStringList {"rows"} << "no location";
        QTest::newRow("a consensus without a blob")
            << QStringList {"rows", "--consensus", "postgres://h/d"} << "--blob URL";
        QTest::newRow("a URL as a file") << QStringList {"rows", "postgres://u:hunter2@h/d"} << "--consensus URL";
        QTest::newRow("no such collection to ignore") << QStringList {"dump", "--ignore", "itms", file} << "itms";
        QTest::newRow("a backward range")
            << QStringList {"trace", "--from", "9", "--to", "3", file} << "--from 9 is later than --to 3";
        QTest::newRow("a filter that does not parse")
            << QStringList {"find", "\"open", file} << "a quote is not closed";
        QTest::newRow("a missing operand") << QStringList {"show", "item"} << "KEY is missing";
        QTest::newRow("a time at upper") << QStringList {"rows", "--as-of", "43", file} << "[0, 43)";
        QTest::newRow("a seqno that is not yet") << QStringList {"rows", "--seqno", "100000", file} << "100000";
    }
    void wrongRequestsAreNamed()
    {
        QFETCH(QStringList, words);
        QFETCH(QString, clause);
        const auto answer = runCli(words);
        QVERIFY2(answer.exitCode == 2, answer.err);
        QVERIFY(answer.out.isEmpty());
        QVERIFY2(answer.err.contains(clause.toUtf8()), answer.err);
        QVERIFY2(!answer.err.contains("hunter2"), answer.err);
    }

    void aTimeBelowSinceNamesBothLimits()
    {
        const auto answer = runCli({"rows", "--as-of", "3", FixtureShards::catalogFile("old-busy")});
        QCOMPARE(answer.exitCode, 2);
        QVERIFY2(answer.err.contains("85") && answer.err.contains("94"), answer.err);
    }

    void whatIsNotThereIsNotFound_data()
    {
        QTest::addColumn<QStringList>("words");
        QTest::addColumn<QString>("clause");

        const auto file = smallCatalog();
        QTest::newRow("file") << QStringList {"rows", "/nowhere/catalog.mzcat"} << "/nowhere/catalog.mzcat";
        QTest::newRow("shard") << QStringList {"rows", "--shard", "s00000000-0000-0000-0000-000000000000", file}
                               << "no such shard: s00000000-0000-0000-0000-000000000000";
        QTest::newRow("organization") << QStringList {"rows", "--organization-id",
                                                      "00000000-0000-0000-0000-000000000000", file}
                                      << "no such shard: s86892608-7ff3-82f8-1090-7584b4945aaa";
        QTest::newRow("environment") << QStringList {"rows", "--environment-id",
                                                     "aws-us-east-1-00000000-0000-0000-0000-000000000000-0", file}
                                     << "no such shard: s86892608-7ff3-82f8-1090-7584b4945aaa";
        QTest::newRow("key") << QStringList {"show", "item", "u99999", file} << "u99999";
        QTest::newRow("collection") << QStringList {"show", "itm", "u1", file} << "itm";
        QTest::newRow("blob folder") << QStringList {"rows", "--consensus", "sqlite://" + file, "--blob",
                                                     "file:///nowhere/blobs"}
                                     << "/nowhere/blobs";
    }
    void whatIsNotThereIsNotFound()
    {
        QFETCH(QStringList, words);
        QFETCH(QString, clause);
        const auto answer = runCli(words);
        QVERIFY2(answer.exitCode == 3, answer.err);
        QVERIFY(answer.out.isEmpty());
        QVERIFY2(answer.err.contains(clause.toUtf8()), answer.err);
    }

    void aFileThatIsNoCatalogFileIsDamagedData_data()
    {
        QTest::addColumn<QByteArray>("content");

        QFile whole(smallCatalog());
        whole.open(QIODevice::ReadOnly);
        const auto bytes = whole.readAll();
        QTest::newRow("text") << QByteArray("Dear support, here is the catalog.\n");
        QTest::newRow("empty") << QByteArray();
        QTest::newRow("truncated") << bytes.left(bytes.size() / 2);
        QTest::newRow("another SQLite file") << QByteArray("SQLite format 3\0", 16) + QByteArray(4080, '\0');
    }
    void aFileThatIsNoCatalogFileIsDamagedData()
    {
        QFETCH(QByteArray, content);
        const auto path = writeScratch("wrong.mzcat", content);
        const auto answer = runCli({"dump", path});
        QVERIFY2(answer.exitCode == 5, answer.err);
        QVERIFY(answer.out.isEmpty());
        QVERIFY2(answer.err.contains("wrong.mzcat"), answer.err);
        QCOMPARE(answer.err.count('\n'), 1);
    }

    void aSchemeOfNoStoreIsUnsupported()
    {
        const auto answer = runCli({"rows", "--consensus", "http://h/d", "--blob", "file:///tmp"});
        QVERIFY2(answer.exitCode == 5, answer.err);
        QVERIFY2(answer.err.contains("http://") && answer.err.contains("postgres://"), answer.err);
    }

    void whatMayNotBeReadIsUnavailable()
    {
        if (::geteuid() == 0) {
            // Permissions do not stop this user; a file where a folder is needed does.
            const auto path = writeScratch("file", "x");
            const auto answer = runCli({"rows", path + "/catalog.mzcat"});
            QVERIFY2(answer.exitCode == 3 || answer.exitCode == 4, answer.err);
            return;
        }
        const QDir folder(m_folder.filePath("locked"));
        folder.mkpath(".");
        QVERIFY(QFile::copy(smallCatalog(), folder.filePath("catalog.mzcat")));
        QFile::setPermissions(folder.path(), QFile::Permissions());
        const auto answer = runCli({"rows", folder.filePath("catalog.mzcat")});
        QFile::setPermissions(folder.path(), QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
        QVERIFY2(answer.exitCode == 4, answer.err);
        QVERIFY2(answer.err.contains("locked"), answer.err);
    }

    void anUnreachableServerIsUnavailable()
    {
        // Port 1 of this machine: nobody listens there, and the answer comes at once.
        const auto answer = runCli(
            {"rows", "--consensus", "postgres://reader:hunter2@127.0.0.1:1/mz", "--blob", "file://" + m_folder.path()});
        QVERIFY2(answer.exitCode == 4, answer.err);
        QVERIFY2(answer.err.contains("127.0.0.1"), answer.err);
        QVERIFY2(!answer.err.contains("hunter2"), answer.err);
    }

    void theLocationMayStandInVariables()
    {
        const auto url = "sqlite://" + smallCatalog();
        const auto answer = runCli({"epoch"}, {{"CONSENSUS_URL", url}, {"BLOB_URL", url}});
        QVERIFY2(answer.exitCode == 0, answer.err);
        QCOMPARE(answer.out, QByteArray("Epoch: 7\n"));
        const auto file =
            runCli({"epoch", FixtureShards::catalogFile("new-busy")}, {{"CONSENSUS_URL", url}, {"BLOB_URL", url}});
        QCOMPARE(file.out, QByteArray("Epoch: 10\n")); // what is on the command line counts
    }

    void theLocationMayBeAFileUrl()
    {
        const auto answer = runCli({"epoch", "--json", "file://" + smallCatalog()});
        QVERIFY2(answer.exitCode == 0, answer.err);
        QCOMPARE(answer.out, QByteArray("{\"epoch\":7}\n"));
    }

    void anIdFindsTheSameShardAsTheContent()
    {
        const auto byContent = runCli({"facts", "--json", smallCatalog()});
        const auto byOrganization =
            runCli({"facts", "--json", "--organization-id", "0106106a-0000-4000-8000-00000000d002", smallCatalog()});
        QVERIFY2(byOrganization.exitCode == 0, byOrganization.err);
        QCOMPARE(byOrganization.out, byContent.out);
        const auto byEnvironment = runCli({"facts", "--json", "--environment-id",
                                           "aws-us-east-1-0106106a-0000-4000-8000-00000000d002-0", smallCatalog()});
        QCOMPARE(byEnvironment.out, byContent.out);
    }

    void anOlderSeqnoIsReadAsItWas()
    {
        const auto steps = runCli({"state-diff", "--json", smallCatalog()}).out.split('\n');
        const auto middle = QJsonDocument::fromJson(steps[steps.size() / 2]).object().value("new").toObject();
        const auto seqno = QString::number(middle.value("seqno").toInt());
        const auto state = runCli({"state", "--json", "--seqno", seqno, smallCatalog()});
        QVERIFY2(state.exitCode == 0, state.err);
        QCOMPARE(QJsonDocument::fromJson(state.out).object(), middle);
        const auto rows = runCli({"rows", "--json", "--seqno", seqno, smallCatalog()});
        QVERIFY2(rows.exitCode == 0, rows.err);
        QVERIFY(!rows.out.isEmpty());
    }

    void secretsAreMaskedForPeopleUntilRevealed()
    {
        const auto file = FixtureShards::catalogFile("new-busy");
        const auto masked = runCli({"rows", file});
        const auto revealed = runCli({"rows", "--reveal", file});
        QVERIFY(masked.out.contains("\xE2\x80\xA2\xE2\x80\xA2"));
        QVERIFY(!revealed.out.contains("\xE2\x80\xA2\xE2\x80\xA2"));
        const auto nonce = runCli({"show", "setting", "mock_authentication_nonce", file});
        QVERIFY2(nonce.exitCode == 0, nonce.err);
        const auto shown = runCli({"show", "--reveal", "setting", "mock_authentication_nonce", file});
        QVERIFY(shown.out != nonce.out);
    }

    void aRowIsShownByIdByNameAndByKey()
    {
        const auto file = FixtureShards::catalogFile("new-busy");
        const auto byId = runCli({"show", "role", "u1", file});
        QVERIFY2(byId.exitCode == 0, byId.err);
        const auto byKey = runCli({"show", "role", "{\"id\": {\"User\": 1}}", file});
        QCOMPARE(byKey.out, byId.out);
        const auto line = runCli({"show", "--json", "role", "u1", file});
        const auto name = QJsonDocument::fromJson(line.out).object().value("value").toObject().value("name").toString();
        QVERIFY(!name.isEmpty());
        QCOMPARE(runCli({"show", "role", name, file}).out, byId.out);
    }

    void aShownRowIsTheLineOfDump_data()
    {
        QTest::addColumn<QString>("shard");
        for (const auto* shard : {"old-busy", "new-busy", "new-log"})
            QTest::newRow(shard) << shard;
    }
    void aShownRowIsTheLineOfDump()
    {
        QFETCH(QString, shard);
        const auto file = FixtureShards::catalogFile(shard);
        const auto dump = runCli({"dump", "--json", file});
        QString last;
        for (const auto& line : dump.out.chopped(1).split('\n')) {
            const auto row = QJsonDocument::fromJson(line).object();
            const auto collection = row.value("collection").toString();
            if (collection == last || !row.value("key").isObject())
                continue;
            last = collection; // the first row of each is enough
            const auto key =
                QString::fromUtf8(QJsonDocument(row.value("key").toObject()).toJson(QJsonDocument::Compact));
            const auto shown = runCli({"show", "--json", collection, key, file});
            QVERIFY2(shown.exitCode == 0, shown.err);
            QCOMPARE(shown.out, line + '\n');
        }
        QVERIFY(!last.isEmpty());
        // What is found is typed the same, whether the row that holds the catalog's version is found, too, or not.
        const auto found = runCli({"find", "--json", "--collection", "role", "mz_system", file});
        QVERIFY2(found.exitCode == 0, found.err);
        for (const auto& line : found.out.chopped(1).split('\n'))
            QVERIFY2(dump.out.contains(line + '\n'), line);
    }

    void whatIsFoundIsCounted()
    {
        const auto found = runCli({"find", "quickstart", "--json", smallCatalog()});
        QVERIFY2(found.exitCode == 0, found.err);
        QVERIFY(found.out.count('\n') > 0);
        QVERIFY(found.err.contains("found"));
        const auto nothing = runCli({"find", "no such word anywhere", smallCatalog()});
        QCOMPARE(nothing.exitCode, 0);
        QVERIFY(nothing.out.isEmpty());
        QVERIFY(nothing.err.contains("0 rows found"));
    }

    void ignoredCollectionsAreLeftOut()
    {
        const auto answer = runCli({"dump", "--json", "-i", "item", "--ignore-large-collections", smallCatalog()});
        QCOMPARE(answer.exitCode, 0);
        QVERIFY(!answer.out.contains("\"collection\":\"item\""));
        QVERIFY(!answer.out.contains("\"collection\":\"audit_log\""));
        QVERIFY(answer.out.contains("\"collection\":\"role\""));
    }

    void aClosedPipeIsQuiet()
    {
        QProcess shell;
        shell.start("sh",
                    {"-c", "\"$0\" dump \"$1\" | head -n 1", INSPECTOR_CLI, FixtureShards::catalogFile("old-large")});
        QVERIFY(shell.waitForFinished(60'000));
        QCOMPARE(shell.exitCode(), 0);
        QCOMPARE(shell.readAllStandardOutput(), QByteArray("{\n"));
        QCOMPARE(shell.readAllStandardError(), QByteArray());
    }

    void aClosedPipeHidesNoFailure()
    {
        QProcess shell;
        shell.start("sh",
                    {"-c", "{ sleep 0.3; \"$0\" upgrade-check --catalog-version 72 \"$1\"; echo $? >&2; } | true",
                     INSPECTOR_CLI, smallCatalog()});
        QVERIFY(shell.waitForFinished(60'000));
        QCOMPARE(shell.readAllStandardError(), QByteArray("1\n"));
    }

    void aFullDiskIsUnavailable()
    {
        QProcess shell;
        shell.start("sh", {"-c", "\"$0\" dump \"$1\" > /dev/full", INSPECTOR_CLI, smallCatalog()});
        QVERIFY(shell.waitForFinished(60'000));
        QCOMPARE(shell.exitCode(), 4);
        QVERIFY(shell.readAllStandardError().contains("standard output"));
    }

    void anInterruptEndsWith130()
    {
        const auto fifo = m_folder.filePath("fifo");
        QProcess process;
        QCOMPARE(::system(("mkfifo '" + fifo + "'").toUtf8().constData()), 0);
        process.start(
            "sh",
            {"-c", "exec \"$0\" dump \"$1\" > \"$2\"", INSPECTOR_CLI, FixtureShards::catalogFile("old-large"), fifo});
        QFile end(fifo);
        QVERIFY(end.open(QIODevice::ReadOnly | QIODevice::Unbuffered)); // opens once the program writes
        QVERIFY(end.read(1000).size() > 0);
        ::kill(static_cast<pid_t>(process.processId()), SIGINT);
        QTest::qWait(200);
        while (!end.read(1 << 20).isEmpty()) { }
        QVERIFY(process.waitForFinished(30'000));
        QCOMPARE(process.exitCode(), 130);
        QCOMPARE(process.readAllStandardError(), QByteArray());
    }
};

QTEST_GUILESS_MAIN(TestCli)
#include "tst_cli.moc"
