#include "tests/support/datadriven.h"
#include "tests/support/fixture.h"

#include <QTemporaryDir>
#include <QTest>

#include <fstream>

using namespace inspector;
using namespace inspector::test;

namespace {

Directive only(const std::string& line)
{
    auto parsed = parseDataDriven(line + "\n----\n");
    if (!parsed || parsed->size() != 1)
        qFatal("not one directive: %s", line.c_str());
    return parsed->front();
}

const char* const kStory = R"(# A story.

echo
one
two
----
one
two

nothing
----

# Blank lines in the output.
echo a=1 b=(2,3)
x
----
----
x

y
----
----

last
----
end
)";

} // namespace

/// The language of the scenario files (persist-write-protocol §20.1).
class TestDataDriven : public QObject
{
    Q_OBJECT

private slots:
    void aFileIsDirectivesWithInputAndOutput()
    {
        const auto parsed = parseDataDriven(kStory);
        QVERIFY2(parsed.has_value(), parsed ? "" : parsed.error().describe().c_str());
        QCOMPARE(parsed->size(), std::size_t(4));
        const auto& first = parsed->front();
        QCOMPARE(first.name, std::string("echo"));
        QCOMPARE(first.line, std::size_t(3));
        QVERIFY((first.input == std::vector<std::string> {"one", "two"}));
        QCOMPARE(first.expected, std::string("one\ntwo\n"));
        QCOMPARE((*parsed)[1].expected, std::string());
        QCOMPARE((*parsed)[2].expected, std::string("x\n\ny\n"));
        QCOMPARE((*parsed)[2].arguments.size(), std::size_t(2));
        QCOMPARE((*parsed)[3].expected, std::string("end\n"));
        QCOMPARE((*parsed)[3].line, std::size_t(24));
    }

    void argumentsComeInEveryForm()
    {
        const auto directive =
            only("do  text=v1/x=y number=7 list=(a, b,c) empty=() nothing= bare seqno=v12 flag=false");
        QCOMPARE(directive.text("text").value(), std::string("v1/x=y"));
        QCOMPARE(directive.number("number").value(), std::uint64_t(7));
        QVERIFY((directive.texts("list").value() == std::vector<std::string> {"a", "b", "c"}));
        QVERIFY(directive.texts("empty").value().empty());
        QVERIFY(directive.texts("missing").value().empty());
        QVERIFY((directive.texts("text").value() == std::vector<std::string> {"v1/x=y"}));
        QVERIFY(directive.has("bare") && directive.has("nothing") && !directive.has("missing"));
        QCOMPARE(directive.seqno("seqno").value(), SeqNo(12));
        QCOMPARE(directive.yesOrNo("flag", true).value(), false);
        QCOMPARE(directive.yesOrNo("bare", false).value(), true);
        QCOMPARE(directive.yesOrNo("missing", true).value(), true);
        QCOMPARE(directive.number("missing", 9).value(), std::uint64_t(9));
        QCOMPARE(directive.text("missing", "else").value(), std::string("else"));
    }

    void frontiersAreNumbersOrNothing()
    {
        const auto directive = only("do a=5 b=(5) c=() d= e");
        for (const auto* key : {"a", "b"})
            QCOMPARE(directive.frontier(key).value(), std::optional(Timestamp(5)));
        for (const auto* key : {"c", "d", "e"})
            QCOMPARE(directive.frontier(key).value(), std::optional<Timestamp>());
        QCOMPARE(directive.frontier("missing", Timestamp(3)).value(), std::optional(Timestamp(3)));
        QVERIFY(!directive.frontier("missing"));
        QCOMPARE(bracketed(Timestamp(5)) + bracketed({}), std::string("[5][]"));
    }

    void anArgumentOfAnotherKindIsNamed()
    {
        const auto directive =
            only("do number=x seqno=7 list=(1,2) flag=maybe frontier=(1,2) big=18446744073709551616");
        const auto names = [](const auto& result, const char* name) {
            return !result && result.error().code == ErrorCode::InvalidInput
                && result.error().message.find(name) != std::string::npos;
        };
        QVERIFY(names(directive.number("number"), "'number'"));
        QVERIFY(names(directive.number("big"), "'big'"));
        QVERIFY(names(directive.number("number", 1), "'number'"));
        QVERIFY(names(directive.number("missing"), "'missing'"));
        QVERIFY(names(directive.seqno("seqno"), "'seqno'"));
        QVERIFY(names(directive.text("list"), "'list'"));
        QVERIFY(names(directive.yesOrNo("flag", true), "'flag'"));
        QVERIFY(names(directive.frontier("frontier"), "'frontier'"));
    }

    void whatIsNoScenarioIsRefusedByLine_data()
    {
        QTest::addColumn<QByteArray>("content");
        QTest::addColumn<QByteArray>("says");
        QTest::newRow("no separator") << QByteArray("\ndo\ninput\n") << QByteArray("line 2");
        QTest::newRow("a blank line before the separator") << QByteArray("do\n\n----\n") << QByteArray("line 1");
        QTest::newRow("an open bracket") << QByteArray("do\n----\n\ndo a=(1\n----\n") << QByteArray("'a'");
        QTest::newRow("no name before =") << QByteArray("do =1\n----\n") << QByteArray("no name");
        QTest::newRow("doubled separators that do not end")
            << QByteArray("do\n----\n----\nx\n----\n") << QByteArray("does not end");
    }
    void whatIsNoScenarioIsRefusedByLine()
    {
        QFETCH(const QByteArray, content);
        QFETCH(const QByteArray, says);
        const auto parsed = parseDataDriven(content.toStdString());
        QVERIFY(!parsed);
        QCOMPARE(parsed.error().code, ErrorCode::InvalidInput);
        QVERIFY2(parsed.error().describe().find(says.toStdString()) != std::string::npos,
                 parsed.error().describe().c_str());
    }

    void acceptedOutputsReplaceOnlyTheOutputs()
    {
        QCOMPARE(withOutputs(kStory, {"one\ntwo\n", "", "x\n\ny\n", "end\n"}).value(), std::string(kStory));
        const auto changed = withOutputs(kStory, {"a\n\nb\n", "new\n", "x\n", ""});
        QVERIFY(changed.has_value());
        const auto parsed = parseDataDriven(*changed);
        QVERIFY(parsed.has_value());
        QCOMPARE((*parsed)[0].expected, std::string("a\n\nb\n"));
        QCOMPARE((*parsed)[1].expected, std::string("new\n"));
        QCOMPARE((*parsed)[2].expected, std::string("x\n"));
        QCOMPARE((*parsed)[3].expected, std::string());
        QVERIFY(changed->starts_with("# A story.\n\necho\none\ntwo\n----\n----\na\n"));
        QVERIFY(changed->find("# Blank lines in the output.\necho a=1 b=(2,3)\nx\n----\nx\n\nlast")
                != std::string::npos);
        QVERIFY(!withOutputs(kStory, {"one"}));
    }

    void aDifferenceIsShownWithTheWayToAcceptIt()
    {
        const auto path = written("echo\nx\n----\nx\n\necho\nx\n----\ny\n");
        const auto ran = runDataDriven(path, echo);
        QVERIFY(!ran);
        const auto& message = ran.error().message;
        QVERIFY(message.find(path + ":6 echo\n  - y\n  + x\n") != std::string::npos);
        QVERIFY(message.find(path + ":1") == std::string::npos);
        QVERIFY(message.find("INSPECTOR_ACCEPT=1") != std::string::npos);
        QVERIFY(runDataDriven(written("echo\nx\n----\nx\n"), echo));
    }

    void acceptingWritesTheFile()
    {
        const auto path = written("# kept\necho\nx\n----\ny\n");
        qputenv("INSPECTOR_ACCEPT", "1");
        const auto ran = runDataDriven(path, echo);
        qunsetenv("INSPECTOR_ACCEPT");
        QVERIFY(ran);
        QCOMPARE(contentOf(path).value(), std::string("# kept\necho\nx\n----\nx\n"));
        QVERIFY(runDataDriven(path, echo));
    }

    void anErrorOfTheRunnerNamesThePlace()
    {
        const auto path = written("\necho\n----\n\nother\n----\n");
        const auto ran = runDataDriven(path, echo);
        QVERIFY(!ran);
        QVERIFY(ran.error().describe().find(path + ":5 other") != std::string::npos);
        QCOMPARE(runDataDriven(path + ".none", echo).error().code, ErrorCode::NotFound);
    }

private:
    static Result<std::string> echo(const Directive& directive)
    {
        if (directive.name != "echo")
            return fail(ErrorCode::InvalidInput, "no such directive");
        std::string output;
        for (const auto& line : directive.input)
            output += line + "\n";
        return output;
    }

    std::string written(const std::string& content)
    {
        const auto path = m_folder.filePath(QString::number(++m_files)).toStdString();
        std::ofstream(path) << content;
        return path;
    }

    QTemporaryDir m_folder;
    int m_files = 0;
};

QTEST_GUILESS_MAIN(TestDataDriven)
#include "tst_datadriven.moc"
