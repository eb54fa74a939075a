#include "core/inspect/block_writer.h"

#include <QtTest>

#include <atomic>
#include <thread>
#include <vector>

using namespace inspector;
using namespace inspector::inspect;

namespace {

class Threads final : public Crew
{
public:
    explicit Threads(unsigned count)
        : m_count(count)
    {
    }
    unsigned size() const override { return m_count; }
    void run(const std::function<void(unsigned)>& work) override
    {
        std::vector<std::jthread> threads;
        for (unsigned i = 0; i < m_count; ++i)
            threads.emplace_back([&work, i] { work(i); });
    }

private:
    unsigned m_count;
};

/// Takes so many pieces and refuses the next.
class ShortSink final : public Sink
{
public:
    explicit ShortSink(int pieces)
        : m_left(pieces)
    {
    }
    Result<> write(std::string_view /*text*/) override
    {
        if (m_left-- == 0)
            return fail(ErrorCode::Unavailable, "the disk is full");
        return {};
    }

private:
    int m_left;
};

Result<> formatNumber(std::size_t block, unsigned /*worker*/, catalog::TextBuffer& to)
{
    to.append(std::to_string(block) + "\n");
    return {};
}

std::string numbersUpTo(std::size_t count)
{
    std::string text;
    for (std::size_t i = 0; i < count; ++i)
        text += std::to_string(i) + "\n";
    return text;
}

} // namespace

class TestBlockWriter : public QObject
{
    Q_OBJECT

private slots:
    void blocksComeOutInOrder_data()
    {
        QTest::addColumn<int>("threads");
        QTest::addColumn<int>("blocks");
        for (const int threads : {1, 2, 5}) {
            for (const int blocks : {0, 1, 2, 1000})
                QTest::addRow("%d threads, %d blocks", threads, blocks) << threads << blocks;
        }
    }
    void blocksComeOutInOrder()
    {
        QFETCH(int, threads);
        QFETCH(int, blocks);
        Threads crew(static_cast<unsigned>(threads));
        StringSink sink;
        QVERIFY(writeBlocks(static_cast<std::size_t>(blocks), formatNumber, sink, crew, Job()));
        QCOMPARE(sink.text(), numbersUpTo(static_cast<std::size_t>(blocks)));
    }

    void onlyAFewBlocksAreFormattedAhead()
    {
        Threads crew(2);
        ShortSink sink(0); // refuses the first piece
        std::atomic<std::size_t> formatted = 0;
        const auto count = [&](std::size_t block, unsigned worker, catalog::TextBuffer& to) -> Result<> {
            ++formatted;
            return formatNumber(block, worker, to);
        };
        const auto outcome = writeBlocks(100'000, count, sink, crew, Job());
        QVERIFY(!outcome);
        QCOMPARE(outcome.error().code, ErrorCode::Unavailable);
        QVERIFY(formatted < 10);
    }

    void theFirstErrorEndsEverything_data()
    {
        QTest::addColumn<int>("threads");
        QTest::newRow("one thread") << 1;
        QTest::newRow("three threads") << 3;
    }
    void theFirstErrorEndsEverything()
    {
        QFETCH(int, threads);
        Threads crew(static_cast<unsigned>(threads));
        StringSink sink;
        const auto failAtTen = [](std::size_t block, unsigned worker, catalog::TextBuffer& to) -> Result<> {
            if (block == 10)
                return fail(ErrorCode::Corrupt, "block 10 is damaged");
            return formatNumber(block, worker, to);
        };
        const auto outcome = writeBlocks(1000, failAtTen, sink, crew, Job());
        QVERIFY(!outcome);
        QCOMPARE(outcome.error().message, std::string("block 10 is damaged"));
        QVERIFY(numbersUpTo(10).starts_with(sink.text()));
    }

    void aStopIsHeard()
    {
        Threads crew(2);
        StringSink sink;
        std::stop_source stop;
        const auto stopAtFive = [&](std::size_t block, unsigned worker, catalog::TextBuffer& to) -> Result<> {
            if (block == 5)
                stop.request_stop();
            return formatNumber(block, worker, to);
        };
        const auto outcome = writeBlocks(1'000'000, stopAtFive, sink, crew, Job(stop.get_token()));
        QVERIFY(!outcome);
        QCOMPARE(outcome.error().code, ErrorCode::Cancelled);
    }
};

QTEST_GUILESS_MAIN(TestBlockWriter)
#include "tst_block_writer.moc"
