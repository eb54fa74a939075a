#include "core/inspect/filter.h"

#include <QtTest>

#include <numeric>

using namespace inspector;
using namespace inspector::inspect;

namespace {

const std::vector<Column> kColumns {
    {"id", "Id", Column::Source::Key, false, false},
    {"name", "Name", Column::Source::Value, false, false},
    {"config.size_text", "Config size text", Column::Source::Value, false, false},
};

const std::vector<std::vector<std::string>> kRows {
    {"u1", "Orders", "SELECT 'A: b'"},
    {"u2", "orders_by_day", "small"},
    {"u3", "Kunden ÄÖÜ", "small orders"},
    {"u4", "", ""},
};

Haystack haystack()
{
    auto built = Haystack::build(
        kRows.size(),
        [](std::uint32_t row, std::string& to) {
            for (const auto& cell : kRows[row])
                to += cell + Haystack::kCellEnd;
        },
        Job());
    return *std::move(built);
}

std::vector<std::uint32_t> allRows(std::size_t count)
{
    std::vector<std::uint32_t> rows(count);
    std::iota(rows.begin(), rows.end(), 0U);
    return rows;
}

QString textOfRows(const std::vector<std::uint32_t>& rows)
{
    QString text;
    for (const auto row : rows)
        text += QString::number(row);
    return text;
}

} // namespace

class TestFilter : public QObject
{
    Q_OBJECT

private slots:
    void everyWordMustOccur_data()
    {
        QTest::addColumn<QString>("filter");
        QTest::addColumn<QString>("rows");

        QTest::newRow("empty picks all") << ""
                                         << "0123";
        QTest::newRow("blanks pick all") << "  \t "
                                         << "0123";
        QTest::newRow("any case") << "ORDERS"
                                  << "012";
        QTest::newRow("two words, any cells") << "small orders"
                                              << "12";
        QTest::newRow("quotes keep words together") << "\"small orders\""
                                                    << "2";
        QTest::newRow("excluded") << "orders -small"
                                  << "0";
        QTest::newRow("only excluded") << "-orders"
                                       << "3";
        QTest::newRow("in a column") << "name:orders"
                                     << "01";
        QTest::newRow("in a column by its title") << "NAME:orders_by"
                                                  << "1";
        QTest::newRow("in a column by the end of its path") << "size_text:orders"
                                                            << "2";
        QTest::newRow("in a column by its path") << "config.size_text:small"
                                                 << "12";
        QTest::newRow("quoted in a column") << "size_text:\"l o\""
                                            << "2";
        QTest::newRow("excluded in a column") << "orders -name:orders"
                                              << "2";
        QTest::newRow("a quoted colon is no column") << "\"a: b\""
                                                     << "0";
        QTest::newRow("letters beyond ASCII fold too") << "kunden äöü"
                                                       << "2";
        QTest::newRow("a match never spans cells") << "u1orders"
                                                   << "";
        QTest::newRow("a lone hyphen inside a word") << "a:"
                                                     << "";
    }

    void everyWordMustOccur()
    {
        QFETCH(QString, filter);
        QFETCH(QString, rows);
        if (QByteArray(QTest::currentDataTag()) == "a lone hyphen inside a word") {
            const auto refused = parseFilter(filter.toStdString(), kColumns);
            QVERIFY(!refused);
            QCOMPARE(refused.error().code, ErrorCode::InvalidInput);
            return;
        }
        const auto words = parseFilter(filter.toStdString(), kColumns);
        QVERIFY2(words, words ? "" : words.error().message.c_str());
        const auto among = allRows(kRows.size());
        const auto picked = haystack().search(*words, among, Job());
        QVERIFY(picked);
        QCOMPARE(textOfRows(*picked), rows);
    }

    void whatDoesNotParseSaysWhy_data()
    {
        QTest::addColumn<QString>("filter");
        QTest::addColumn<QString>("clause");

        QTest::newRow("open quote") << "a \"b"
                                    << "a quote is not closed";
        QTest::newRow("nothing after the hyphen") << "a - b"
                                                  << "a word is missing after '-'";
        QTest::newRow("nothing after the colon") << "name: b"
                                                 << "a word is missing after 'name:'";
        QTest::newRow("no such column") << "size:b"
                                        << "there is no column 'size'";
    }

    void whatDoesNotParseSaysWhy()
    {
        QFETCH(QString, filter);
        QFETCH(QString, clause);
        const auto refused = parseFilter(filter.toStdString(), kColumns);
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::InvalidInput);
        QVERIFY2(QString::fromStdString(refused.error().message).startsWith(clause), refused.error().message.c_str());
    }

    void theOrderOfTheRowsAskedAboutStays()
    {
        const auto words = parseFilter("orders", kColumns);
        const std::vector<std::uint32_t> among {2, 0, 3};
        QCOMPARE(textOfRows(*haystack().search(*words, among, Job())), QString("20"));
    }

    void manyRowsAnswerAsFewDo()
    {
        constexpr std::uint32_t kCount = 5000;
        const auto built = Haystack::build(
            kCount,
            [](std::uint32_t row, std::string& to) {
                to += "row " + std::to_string(row) + Haystack::kCellEnd + (row % 7 == 0 ? "Seven" : "other")
                    + Haystack::kCellEnd;
            },
            Job());
        const std::vector<Column> columns {{"a", "A"}, {"b", "B"}};
        const auto words = parseFilter("b:seven 49", columns);
        const auto all = allRows(kCount);
        const auto sieved = built->search(*words, all, Job());
        std::vector<std::uint32_t> oneByOne;
        for (const auto row : all) {
            const auto alone = built->search(*words, std::span(&row, 1), Job());
            oneByOne.insert(oneByOne.end(), alone->begin(), alone->end());
        }
        QVERIFY(!sieved->empty());
        QCOMPARE(*sieved, oneByOne);
    }

    void bytesAreFoundWhereverTheyLie()
    {
        std::string text(100, '.');
        for (std::size_t place = 0; place + 3 <= text.size(); ++place) {
            auto copy = text;
            copy.replace(place, 3, "abc");
            QCOMPARE(findBytes(copy, "abc", 0), place);
            QCOMPARE(findBytes(copy, "abc", place + 1), std::string_view::npos);
            QCOMPARE(findBytes(copy, "abd", 0), std::string_view::npos);
        }
        QCOMPARE(findBytes("", "a", 0), std::string_view::npos);
    }

    void aStopIsHeard()
    {
        std::stop_source stop;
        stop.request_stop();
        const auto words = parseFilter("a", kColumns);
        const auto picked = haystack().search(*words, allRows(1), Job(stop.get_token()));
        QVERIFY(!picked);
        QCOMPARE(picked.error().code, ErrorCode::Cancelled);
    }
};

QTEST_GUILESS_MAIN(TestFilter)
#include "tst_filter.moc"
