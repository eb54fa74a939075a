#include "core/catalog/fenceable_token.h"

#include <QtTest>

#include <algorithm>
#include <optional>
#include <random>
#include <set>
#include <vector>

using namespace inspector;
using catalog::FenceableToken;
using catalog::FenceFailure;
using catalog::FenceKind;
using catalog::FenceToken;
using catalog::Mode;

namespace {

FenceToken token(std::uint64_t generation, std::int64_t epoch)
{
    return {DeployGeneration(generation), Epoch(epoch)};
}

FenceableToken initializing(std::optional<std::uint64_t> own, std::optional<FenceToken> durable = std::nullopt)
{
    FenceableToken made(own ? std::optional(DeployGeneration(*own)) : std::nullopt);
    if (durable)
        static_cast<void>(made.maybeFence(*durable));
    return made;
}

FenceableToken unfenced(FenceToken current)
{
    FenceableToken made(current.deployGeneration);
    made.assume({current});
    return made;
}

const QString kGeneration0By1 = QStringLiteral("current catalog deployment generation 0 fenced by new catalog epoch 1");

QString messageOf(const Result<>& result)
{
    return result.has_value() ? QString() : QString::fromStdString(result.error().message);
}

} // namespace

/// Every row of the tables of catalog-model §1.7.
class TestFenceableToken : public QObject
{
    Q_OBJECT

private slots:
    void newHandleIsInitializingWithoutADurableToken()
    {
        const FenceableToken made(DeployGeneration(7));
        QVERIFY(made.isInitializing());
        QVERIFY(!made.token().has_value());
        const auto valid = made.validate();
        QVERIFY(valid.has_value());
        QVERIFY(!valid->has_value());
    }

    void validateAnswersWithTheTokenOrTheFence()
    {
        QVERIFY(**initializing(0, token(0, 5)).validate() == token(0, 5));
        QVERIFY(**unfenced(token(2, 5)).validate() == token(2, 5));

        auto byGeneration = unfenced(token(2, 5));
        QVERIFY(!byGeneration.maybeFence(token(3, 1)).has_value());
        const auto fenced = byGeneration.validate();
        QVERIFY(!fenced.has_value());
        QCOMPARE(fenced.error().code, ErrorCode::Fenced);
        QCOMPARE(fenced.error().message,
                 std::string("current catalog deployment generation 2 fenced by new catalog epoch 3"));
        QVERIFY(*byGeneration.token() == token(2, 5));

        auto byEpoch = unfenced(token(2, 5));
        QVERIFY(!byEpoch.maybeFence(token(2, 6)).has_value());
        QCOMPARE(byEpoch.validate().error().message,
                 std::string("current catalog epoch 5 fenced by new catalog epoch 6"));
        QVERIFY(*byEpoch.token() == token(2, 5));
    }

    void initializingTakesTheLargestToken_data()
    {
        QTest::addColumn<int>("own"); // -1: none
        QTest::addColumn<int>("generation");
        QTest::addColumn<QString>("error");
        QTest::newRow("without a generation nothing fences") << -1 << 9 << QString();
        QTest::newRow("larger own generation") << 2 << 1 << QString();
        QTest::newRow("same generation, whatever the epoch") << 1 << 1 << QString();
        QTest::newRow("smaller own generation") << 0 << 1 << kGeneration0By1;
    }

    void initializingTakesTheLargestToken()
    {
        QFETCH(int, own);
        QFETCH(int, generation);
        QFETCH(QString, error);
        auto handle = initializing(own < 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(own)));
        const auto seen = token(static_cast<std::uint64_t>(generation), 30);
        QCOMPARE(messageOf(handle.maybeFence(seen)), error);
        if (!error.isEmpty()) {
            // The current token borrows the fencing token's epoch: only generations are compared.
            const auto& fenced = std::get<FenceableToken::Fenced>(handle.state());
            QVERIFY(fenced.current == token(0, 30));
            QVERIFY(fenced.fence == seen);
            return;
        }
        QVERIFY(handle.isInitializing());
        QVERIFY(handle.maybeFence(token(0, 99)).has_value());
        QVERIFY(*handle.token() == seen);
        QVERIFY(handle.maybeFence(token(static_cast<std::uint64_t>(generation), 31)).has_value());
        QVERIFY(*handle.token() == token(static_cast<std::uint64_t>(generation), 31));
    }

    void unfencedYieldsToLargerTokensOnly_data()
    {
        QTest::addColumn<int>("generation");
        QTest::addColumn<int>("epoch");
        QTest::addColumn<QString>("error");
        QTest::newRow("its own token") << 3 << 7 << QString();
        QTest::newRow("older epoch") << 3 << 6 << QString();
        QTest::newRow("older generation, newer epoch") << 2 << 90 << QString();
        QTest::newRow("newer epoch") << 3 << 8 << "current catalog epoch 7 fenced by new catalog epoch 8";
        QTest::newRow("newer generation, older epoch")
            << 4 << 1 << "current catalog deployment generation 3 fenced by new catalog epoch 4";
    }

    void unfencedYieldsToLargerTokensOnly()
    {
        QFETCH(int, generation);
        QFETCH(int, epoch);
        QFETCH(QString, error);
        auto handle = unfenced(token(3, 7));
        QCOMPARE(messageOf(handle.maybeFence(token(static_cast<std::uint64_t>(generation), epoch))), error);
        QCOMPARE(!handle.validate().has_value(), !error.isEmpty());
        QVERIFY(*handle.token() == token(3, 7));
    }

    void fencedStaysFencedByTheFirstTokenThatDidIt()
    {
        auto handle = unfenced(token(1, 1));
        QVERIFY(!handle.maybeFence(token(1, 2)).has_value());
        for (const auto& later : {token(1, 1), token(1, 3), token(9, 9)})
            QCOMPARE(messageOf(handle.maybeFence(later)),
                     QStringLiteral("current catalog epoch 1 fenced by new catalog epoch 2"));
    }

    void takeoverWritesTheNextTokenOverTheDurableOne_data()
    {
        QTest::addColumn<int>("own");
        QTest::addColumn<int>("durableGeneration"); // -1: none
        QTest::addColumn<int>("mode");
        QTest::addColumn<int>("generation");
        QTest::addColumn<int>("epoch");
        const int readOnly = static_cast<int>(Mode::ReadOnly);
        const int savepoint = static_cast<int>(Mode::Savepoint);
        const int writable = static_cast<int>(Mode::Writable);
        QTest::newRow("fresh, writable") << 0 << -1 << writable << 0 << 2;
        QTest::newRow("fresh, savepoint") << 4 << -1 << savepoint << 4 << 1;
        QTest::newRow("fresh, read-only with a generation") << 4 << -1 << readOnly << 4 << 1;
        QTest::newRow("durable, writable") << 3 << 3 << writable << 3 << 8;
        QTest::newRow("durable, larger generation") << 5 << 3 << writable << 5 << 8;
        QTest::newRow("durable, no own generation") << -1 << 3 << writable << 3 << 8;
        QTest::newRow("durable, savepoint") << 3 << 3 << savepoint << 3 << 7;
        QTest::newRow("durable, read-only") << -1 << 3 << readOnly << 3 << 7;
    }

    void takeoverWritesTheNextTokenOverTheDurableOne()
    {
        QFETCH(int, own);
        QFETCH(int, durableGeneration);
        QFETCH(int, mode);
        QFETCH(int, generation);
        QFETCH(int, epoch);
        const auto durable = durableGeneration < 0
            ? std::nullopt
            : std::optional(token(static_cast<std::uint64_t>(durableGeneration), 7));
        const auto handle =
            initializing(own < 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(own)), durable);
        const auto takeover = handle.takeover(static_cast<Mode>(mode));
        QVERIFY(takeover.has_value());
        QVERIFY(takeover->has_value());
        const auto expected = token(static_cast<std::uint64_t>(generation), epoch);
        QVERIFY((*takeover)->next.current == expected);
        std::vector<std::pair<FenceToken, std::int64_t>> updates;
        if (durable)
            updates.emplace_back(*durable, -1);
        updates.emplace_back(expected, 1);
        QVERIFY((*takeover)->updates == updates);
        QVERIFY(handle.isInitializing()); // it is the caller who assumes the new state
    }

    void thereIsNothingToTakeOverWithoutAnyGeneration()
    {
        for (const auto mode : {Mode::ReadOnly, Mode::Savepoint, Mode::Writable}) {
            const auto takeover = initializing(std::nullopt).takeover(mode);
            QVERIFY(!takeover.has_value());
            QCOMPARE(takeover.error().code, ErrorCode::NotFound);
            QCOMPARE(takeover.error().message, std::string("uninitialized"));
        }
    }

    void noTakeoverOnceUnfencedOrFenced()
    {
        auto handle = unfenced(token(1, 1));
        QVERIFY(!handle.takeover(Mode::Writable)->has_value());
        static_cast<void>(handle.maybeFence(token(1, 2)));
        QVERIFY(!handle.takeover(Mode::Writable)->has_value());
    }

    void epochWithoutANextOneIsNoCrash()
    {
        constexpr auto kLargest = std::numeric_limits<std::int64_t>::max();
        const auto last = initializing(0, token(0, kLargest));
        QCOMPARE(last.takeover(Mode::Writable).error().code, ErrorCode::Corrupt);
        QVERIFY((*last.takeover(Mode::ReadOnly))->next.current == token(0, kLargest));
        QCOMPARE(initializing(0, token(0, -1)).takeover(Mode::Writable).error().code, ErrorCode::Corrupt);
    }

    void severalTokensOfOneTimeReportTheSmallestError()
    {
        auto handle = unfenced(token(0, 4));
        const std::vector<FenceToken> seen {token(0, 3), token(0, 6), token(1, 5)};
        QCOMPARE(messageOf(handle.maybeFence(seen)),
                 QStringLiteral("current catalog epoch 4 fenced by new catalog epoch 6"));
        QCOMPARE(messageOf(unfenced(token(0, 4)).maybeFence(std::vector<FenceToken> {})), QString());
    }

    void errorsOrderByKindThenByTheirNumbers()
    {
        const FenceFailure generationFirst {FenceKind::DeployGeneration, token(5, 9), token(6, 1)};
        const FenceFailure laterFence {FenceKind::DeployGeneration, token(5, 1), token(7, 1)};
        const FenceFailure epochSmall {FenceKind::Epoch, token(9, 1), token(9, 2)};
        const FenceFailure epochLarge {FenceKind::Epoch, token(0, 2), token(0, 3)};
        std::vector<FenceFailure> failures {epochLarge, laterFence, epochSmall, generationFirst};
        std::sort(failures.begin(), failures.end());
        QVERIFY(failures == (std::vector<FenceFailure> {generationFirst, laterFence, epochSmall, epochLarge}));
        // Epochs are no field of a generation's error.
        QVERIFY((generationFirst == FenceFailure {FenceKind::DeployGeneration, token(5, 1), token(6, 9)}));
    }

    void modesPrintAsTheReferencesDo()
    {
        QCOMPARE(QString::fromLatin1(catalog::nameOf(Mode::ReadOnly).data()), QStringLiteral("Readonly"));
        QCOMPARE(QString::fromLatin1(catalog::nameOf(Mode::Savepoint).data()), QStringLiteral("Savepoint"));
        QCOMPARE(QString::fromLatin1(catalog::nameOf(Mode::Writable).data()), QStringLiteral("Writable"));
    }
};

QTEST_APPLESS_MAIN(TestFenceableToken)
#include "tst_fenceable_token.moc"
