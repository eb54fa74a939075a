#include "core/inspect/fence_history.h"

#include <QtTest>

#include <list>

using namespace inspector;
using namespace inspector::inspect;
using persist::Certainty;

namespace {

struct Token
{
    std::uint64_t generation;
    std::int64_t epoch;
    std::uint64_t time;
    std::int64_t diff;
    Certainty certainty = Certainty::Exact;
};

/// Updates that hold these tokens; the rows' text lives as long as the program.
persist::Updates updatesOf(const std::vector<Token>& tokens)
{
    auto owner = std::make_shared<std::list<std::string>>();
    persist::Updates updates;
    for (const auto& token : tokens) {
        auto& row = owner->emplace_back(R"({"deploy_generation":)" + std::to_string(token.generation) + R"(,"epoch":)"
                                        + std::to_string(token.epoch) + R"(,"kind":"FenceToken"})");
        row.reserve(row.size() + SharedBytes::kPadding);
        updates.rows.push_back({row.data(), static_cast<std::uint32_t>(row.size()), codec::RowForm::JsonText});
        updates.times.push_back(token.time);
        updates.diffs.push_back(token.diff);
        updates.certainties.push_back(token.certainty);
    }
    updates.owners.push_back(owner);
    return updates;
}

QString textOf(const std::vector<FenceRecord>& records)
{
    QStringList lines;
    for (const auto& record : records)
        lines << QString("%1/%2 %3 at %4 v%5 %6")
                     .arg(record.deployGeneration)
                     .arg(record.epoch)
                     .arg(record.diff)
                     .arg(record.time.value())
                     .arg(record.seqno ? QString::number(record.seqno->value()) : "?",
                          record.certainty == Certainty::Exact ? "exact" : "rounded");
    return lines.join("; ");
}

} // namespace

class TestFenceHistory : public QObject
{
    Q_OBJECT

private slots:
    void tokensStandInTheOrderOfTimeAndSuccession()
    {
        FenceHistory history;
        history.add(updatesOf({{1, 3, 9, 1}, {0, 2, 9, -1}, {0, 2, 1, 1}}), SeqNo(4));
        const auto records = std::move(history).finish();
        QCOMPARE(textOf(records), QString("0/2 1 at 1 v4 exact; 0/2 -1 at 9 v4 exact; 1/3 1 at 9 v4 exact"));
        QCOMPARE(records[0].supersededBy, std::string("generation 1, epoch 3 at time 9"));
        QCOMPARE(records[2].supersededBy, std::string());
    }

    void theFirstStateThatShowsATokenCounts()
    {
        FenceHistory history;
        history.add(updatesOf({{0, 2, 1, 1}}), SeqNo(4));
        history.add(updatesOf({{0, 2, 1, 1}, {0, 3, 2, 1}}), SeqNo(9));
        QCOMPARE(textOf(std::move(history).finish()), QString("0/2 1 at 1 v4 exact; 0/3 1 at 2 v9 exact"));
    }

    void whatTheOldestStateShowsMayBeOlderStill()
    {
        FenceHistory history;
        history.add(updatesOf({{0, 2, 1, 1}}), std::nullopt);
        history.add(updatesOf({{0, 2, 1, 1}}), SeqNo(9));
        QCOMPARE(textOf(std::move(history).finish()), QString("0/2 1 at 1 v? exact"));
    }

    void anExactTimeMakesARoundedOneSuperfluous()
    {
        FenceHistory history;
        history.add(updatesOf({{0, 2, 1, 1}}), SeqNo(4));
        history.add(updatesOf({{0, 2, 30, 1, Certainty::Rounded}}), SeqNo(9));
        QCOMPARE(textOf(std::move(history).finish()), QString("0/2 1 at 1 v4 exact"));
    }

    void ofRoundedTimesTheEarliestSaysMost()
    {
        FenceHistory history;
        history.add(updatesOf({{0, 2, 30, 1, Certainty::Rounded}}), SeqNo(4));
        history.add(updatesOf({{0, 2, 12, 1, Certainty::Rounded}}), SeqNo(9));
        QCOMPARE(textOf(std::move(history).finish()), QString("0/2 1 at 12 v9 rounded"));
    }

    void whatHappenedLaterCanBeLeftOut()
    {
        FenceHistory history;
        history.add(updatesOf({{0, 2, 1, 1}, {0, 3, 5, 1}, {0, 2, 5, -1}}), SeqNo(4));
        history.dropAfter(Timestamp(4));
        QCOMPARE(textOf(std::move(history).finish()), QString("0/2 1 at 1 v4 exact"));
    }
};

QTEST_GUILESS_MAIN(TestFenceHistory)
#include "tst_fence_history.moc"
