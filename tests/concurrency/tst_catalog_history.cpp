#include "tests/concurrency/catalog_history.h"

#include <QTest>

#include <string>

using namespace inspector;
using namespace inspector::races;

namespace {

/// Replaces the one occurrence of `from`; ends the program when there is none or more.
std::string replaced(std::string text, const std::string& from, const std::string& to)
{
    const auto at = text.find(from);
    if (at == std::string::npos || text.find(from, at + 1) != std::string::npos)
        qFatal("'%s' is not there once", from.c_str());
    return text.replace(at, from.size(), to);
}

// Two workers: a opens, commits twice and is fenced; b opens, edits, commits and draws ids. Times of the catalog: 0
// nobody's, 1 and 2 a's opening, 3 and 4 its transactions, 5 and 6 b's opening, 7 its transaction, 8 its ids, 9 a's
// edit.
const std::string kA = "ask a.0 open 100\n"
                       "told a.0 ok 110 2 3\n"
                       "ask a.1 commit 120 2 3 race/a.1/1/3/2/1/2\n"
                       "told a.1 ok 130 4\n"
                       "ask a.2 commit 140 2 4 race/a.2/2/4/2/3/1\n"
                       "told a.2 ok 150 5\n"
                       "ask a.3 commit 190 2 5 race/a.3/3/5/2/4/1\n"
                       "told a.3 fenced 200 current catalog epoch 2 fenced by new catalog epoch 3\n"
                       "ask a.4 debug 300 a.4\n"
                       "told a.4 ok 310 -\n";
const std::string kB = "ask b.0 open 160\n"
                       "told b.0 ok 170 3 7\n"
                       "ask b.1 commit 210 3 7 race/b.1/3/7/3/4/1\n"
                       "told b.1 ok 220 8\n"
                       "ask b.2 allocate 230 3 2\n"
                       "told b.2 ok 240 5 9\n";
const std::string kLooks = "saw anew 90 105 0 0\n"
                           "saw anew 145 155 4 1\n"
                           "saw following 225 228 8 3\n"
                           "saw anew 320 330 10 3\n";

Ledger endOf()
{
    Ledger end;
    end.upper = 10;
    end.counter = 3;
    end.nextUserId = 7;
    end.edited = "a.4";
    end.token = catalog::FenceToken {DeployGeneration(0), Epoch(4)};
    for (const char* text : {"race/a.1/1/3/2/1/2", "race/a.2/2/4/2/3/1", "race/b.1/3/7/3/4/1"}) {
        const auto entry = *Entry::parse(text);
        end.entries[entry.call] = entry;
    }
    return end;
}

std::string judge(const std::string& a, const std::string& b, const std::string& looks, const Ledger& end,
                  std::size_t killed = 0)
{
    CatalogHistory history;
    history.add("a", a);
    history.add("b", b);
    history.add("watcher", looks);
    return history.firstImpossibility(end, killed);
}

} // namespace

/// What the races are judged by finds what is wrong.
class TestCatalogHistory : public QObject
{
    Q_OBJECT

private slots:
    void aHistoryThatCanHaveHappenedIsFine() { QCOMPARE(judge(kA, kB, kLooks, endOf()), std::string()); }

    void whatCannotHaveHappenedIsFound_data()
    {
        QTest::addColumn<QString>("from"); // in the one history that has it
        QTest::addColumn<QString>("to");
        QTest::addColumn<QString>("trouble");
        const auto row = [](const char* name, const char* from, const char* to, const char* trouble) {
            QTest::newRow(name) << from << to << trouble;
        };
        row("another error", "told a.3 fenced", "told a.3 failed", "a.3 (commit) failed:");
        row("no answer", "told b.2 ok 240 5 9\n", "", "b.2 was never answered");
        row("fenced by nobody", "ask b.0 open 160", "ask b.0 open 205", "a.3 lost against nobody");
        row("told otherwise", "told a.1 ok 130 4", "told a.1 conflict 130 no", "a.1 lost against nobody");
        row("another upper", "told a.2 ok 150 5", "told a.2 ok 150 6", "a.2 found another upper");
        row("two at one time", "told b.2 ok 240 5 9", "told b.2 ok 240 5 8", "both wrote at 7");
        row("other content", "commit 210 3 7 race/b.1/3/7/3/4/1", "commit 210 3 7 race/b.1/3/7/3/4/2",
            "the book says of b.1");
        row("an epoch twice", "told b.0 ok 170 3 7", "told b.0 ok 170 2 7", "b.0 wrote with epoch 2 at 5");
        row("an older epoch", "allocate 230 3 2", "allocate 230 2 2", "b.2 wrote with epoch 2 at 8");
        row("out of order", "told a.2 ok 150 5", "told a.2 ok 115 5", "a.2 wrote at 4, and had ended before a.1");
        row("an id twice", "told b.2 ok 240 5 9", "told b.2 ok 240 4 9", "b.2 was given the id 4 once more");
        row("ids for nobody", "allocate 230 3 2", "allocate 230 3 1", "1 ids were given to nobody");
        row("an edit of nobody", "told a.4 ok 310 -", "told a.4 ok 310 c.1", "replaced c.1, which nobody wrote");
        row("too much", "ask a.4 debug 300 a.4\ntold a.4 ok 310 -\n", "", "the edit that is left is nobody's");
        row("a look too far", "saw anew 320 330 10 3", "saw anew 320 330 11 3", "beyond its end");
        row("a look too early", "saw anew 145 155 4 1", "saw anew 15 25 4 1", "before a.0 was begun");
        row("a look too late", "saw anew 145 155 4 1", "saw anew 245 255 4 1", "although a.2 had ended");
        row("a look back", "saw anew 320 330 10 3", "saw anew 320 330 10 3\nsaw anew 320 330 9 3", "after 10");
        row("a late look without a book", "saw anew 90 105 0 0", "saw anew 131 135 0 0", "although a.1 had ended");
        row("a torn look", "saw following 225 228 8 3", "saw following 225 228 8 2", "with 2 entries instead of 3");
    }
    void whatCannotHaveHappenedIsFound()
    {
        QFETCH(QString, from);
        QFETCH(QString, to);
        QFETCH(QString, trouble);
        const auto changed = replaced(kA + "|" + kB + "|" + kLooks, from.toStdString(), to.toStdString());
        const auto first = changed.find('|');
        const auto second = changed.find('|', first + 1);
        const auto found = judge(changed.substr(0, first), changed.substr(first + 1, second - first - 1),
                                 changed.substr(second + 1), endOf());
        QVERIFY2(QString::fromStdString(found).contains(trouble), found.c_str());
    }

    void whatIsNotInTheBookIsFound()
    {
        auto end = endOf();
        end.entries.erase("a.2");
        QCOMPARE(judge(kA, kB, kLooks, end), std::string("a.2 is lost"));
        end = endOf();
        end.entries["c.1"] = *Entry::parse("race/c.1/4/9/4/7/1");
        QCOMPARE(judge(kA, kB, kLooks, end), std::string("somebody wrote 1 entries that nobody asked for"));
        end = endOf();
        end.entries["a.3"] = *Entry::parse("race/a.3/3/5/2/4/1");
        QVERIFY(judge(kA, kB, kLooks, end).starts_with("a.3 is there, but was told otherwise"));
        end = endOf();
        std::swap(end.entries["a.1"].counter, end.entries["a.2"].counter);
        auto swapped = replaced(kA, "race/a.1/1/", "race/a.1/2/");
        swapped = replaced(swapped, "race/a.2/2/", "race/a.2/1/");
        QCOMPARE(judge(swapped, kB, kLooks, end), std::string("a.1 counted 2 at 3, where it should be 1"));
        end = endOf();
        end.edited.reset();
        QCOMPARE(judge(kA, kB, kLooks, end), std::string("the edit a.4 is lost"));
        end = endOf();
        end.upper = 11;
        QVERIFY(judge(kA, kB, kLooks, end).starts_with("3 times of the catalog are nobody's"));
        end = endOf();
        end.token = catalog::FenceToken {DeployGeneration(0), Epoch(5)};
        QVERIFY(judge(kA, kB, kLooks, end).starts_with("the last epoch is 5"));
    }

    /// A killed process leaves one call open, whose effect is there or not.
    void aKilledProcessMayHaveWritten()
    {
        const auto killed = replaced(kB, "told b.1 ok 220 8\nask b.2 allocate 230 3 2\ntold b.2 ok 240 5 9\n", "");
        auto end = endOf();
        end.upper = 9;
        end.nextUserId = 5;
        const auto looks = replaced(kLooks, "saw anew 320 330 10 3\n", "");
        QCOMPARE(judge(kA, killed, looks, end, 1), std::string());
        QCOMPARE(judge(kA, killed, looks, end, 0), std::string("b.1 was never answered"));
        end.entries.erase("b.1");
        end.counter = 2;
        end.upper = 8;
        end.nextUserId = 4;
        QCOMPARE(judge(kA, killed, replaced(looks, "saw following 225 228 8 3\n", ""), end, 1), std::string());
    }
};

QTEST_GUILESS_MAIN(TestCatalogHistory)
#include "tst_catalog_history.moc"
