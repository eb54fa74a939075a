#include "core/edit/write_guard.h"

#include <QtTest>

using namespace inspector;
using inspector::catalog::FenceToken;
using inspector::catalog::Mode;
using inspector::edit::WriteGuard;

namespace {

FenceToken token(std::uint64_t generation, std::int64_t epoch)
{
    return {DeployGeneration(generation), Epoch(epoch)};
}

} // namespace

class TestWriteGuard : public QObject
{
    Q_OBJECT

private slots:
    void onlyAWritableCatalogWrites_data()
    {
        QTest::addColumn<int>("mode");
        QTest::addColumn<QString>("name");
        QTest::newRow("read-only") << int(Mode::ReadOnly) << "Readonly";
        QTest::newRow("savepoint") << int(Mode::Savepoint) << "Savepoint";
    }
    void onlyAWritableCatalogWrites()
    {
        QFETCH(int, mode);
        QFETCH(QString, name);
        const WriteGuard guard(static_cast<Mode>(mode), token(1, 2));
        const auto permit = guard.permit(Timestamp(5));
        QVERIFY(!permit);
        QCOMPARE(permit.error().code, ErrorCode::ReadOnly);
        QVERIFY(QString::fromStdString(permit.error().message).contains(name));
    }

    void aPermitNamesTheTokenAndTheUpper()
    {
        const WriteGuard guard(Mode::Writable, token(1, 2));
        const auto permit = guard.permit(Timestamp(5));
        QVERIFY(permit.has_value());
        QCOMPARE(permit->deployGeneration()->value(), quint64(1));
        QCOMPARE(permit->epoch()->value(), qint64(2));
        QCOMPARE(permit->expectedUpper().value(), quint64(5));
    }

    void beforeTheFirstTokenThereIsNobodyToFence()
    {
        WriteGuard guard(Mode::Writable, std::nullopt);
        guard.observe(token(7, 7));
        const auto permit = guard.permit(Timestamp(0));
        QVERIFY(permit.has_value());
        QVERIFY(!permit->epoch());
        QVERIFY(!permit->deployGeneration());
    }

    void aLargerTokenEndsWriting_data()
    {
        QTest::addColumn<quint64>("generation");
        QTest::addColumn<qint64>("epoch");
        QTest::addColumn<QString>("message");
        QTest::newRow("same") << quint64(3) << qint64(7) << QString();
        QTest::newRow("older epoch") << quint64(3) << qint64(6) << QString();
        QTest::newRow("older generation, newer epoch") << quint64(2) << qint64(9) << QString();
        QTest::newRow("newer epoch") << quint64(3) << qint64(8)
                                     << "current catalog epoch 7 fenced by new catalog epoch 8";
        QTest::newRow("newer generation, older epoch")
            << quint64(4) << qint64(1) << "current catalog deployment generation 3 fenced by new catalog epoch 4";
    }
    void aLargerTokenEndsWriting()
    {
        QFETCH(quint64, generation);
        QFETCH(qint64, epoch);
        QFETCH(QString, message);
        WriteGuard guard(Mode::Writable, token(3, 7));
        guard.observe(token(generation, epoch));
        guard.observe(token(3, 7)); // there is no way back
        const auto permit = guard.permit(Timestamp(1));
        QCOMPARE(permit.has_value(), message.isEmpty());
        if (!permit) {
            QCOMPARE(permit.error().code, ErrorCode::Fenced);
            QCOMPARE(QString::fromStdString(permit.error().message), message);
        }
    }

    void theTokenThatIsAssumedIsTheOneThatCounts()
    {
        WriteGuard guard(Mode::Writable, std::nullopt);
        guard.observe(token(1, 2));
        guard.assume(token(1, 3));
        guard.observe(token(1, 3));
        QVERIFY(guard.permit(Timestamp(1)).has_value());
        guard.observe(token(1, 4));
        QVERIFY(!guard.permit(Timestamp(1)).has_value());
    }
};

QTEST_APPLESS_MAIN(TestWriteGuard)
#include "tst_write_guard.moc"
