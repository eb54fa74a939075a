#include "core/base/base64.h"
#include "core/edit/change_journal.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QTemporaryDir>
#include <QtTest>

using namespace inspector;
using namespace inspector::edit;

namespace {

const std::string kSecret("\x0A\x02\x01\xFF \"row\"", 10);

JournalHeader header()
{
    JournalHeader made;
    made.writtenMs = 1'786'000'000'123;
    made.shardId = "s00000000-0000-0000-0000-000000000001";
    made.consensus = "a \"server\"";
    made.blob = "a folder\\with odd\nname";
    made.writerId = "w00000000-0000-0000-0000-000000000002";
    made.basedOn = SeqNo(175);
    made.expectedUpper = Timestamp(UINT64_MAX - 1);
    made.nextUpper = Timestamp(UINT64_MAX);
    made.tokenBefore = {DeployGeneration(UINT64_MAX), Epoch(10)};
    made.tokenAfter = {DeployGeneration(UINT64_MAX), Epoch(11)};
    made.summary = "replace 1 row of setting";
    made.changes = {{kSecret, -1}, {"new", 1}};
    made.inverse = {{"new", -1}, {kSecret, 1}};
    return made;
}

machine::Pending pending(std::uint64_t seqno)
{
    return {SeqNo(seqno), Bytes(300, std::byte(0xFE)), header().writerId, "i-token", Timestamp(95)};
}

QString messageOf(const Error& error)
{
    return QString::fromStdString(error.describe());
}

bool same(const ChangeSet& a, const ChangeSet& b)
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const auto& x, const auto& y) { return x.stored == y.stored && x.diff == y.diff; });
}

} // namespace

class TestChangeJournal : public QObject
{
    Q_OBJECT

private slots:
    void whatIsWrittenIsRead()
    {
        const auto path = fresh();
        auto journal = ChangeJournal::create(path, header());
        QVERIFY2(journal, journal ? "" : messageOf(journal.error()).toUtf8());
        QVERIFY(journal->addAttempt(pending(176), 1000));
        QVERIFY(journal->addAttempt(pending(177), 2000));
        QVERIFY(journal->addOutcome(kCommitted, "as v177", 3000));
        const auto read = readJournal(path);
        QVERIFY2(read, read ? "" : messageOf(read.error()).toUtf8());
        QVERIFY(read->header);
        QCOMPARE(read->header->writtenMs, header().writtenMs);
        QCOMPARE(read->header->shardId, header().shardId);
        QCOMPARE(read->header->consensus, header().consensus);
        QCOMPARE(read->header->blob, header().blob);
        QCOMPARE(read->header->writerId, header().writerId);
        QCOMPARE(read->header->basedOn, header().basedOn);
        QCOMPARE(read->header->expectedUpper, header().expectedUpper);
        QCOMPARE(read->header->nextUpper, header().nextUpper);
        QCOMPARE(read->header->tokenBefore, header().tokenBefore);
        QCOMPARE(read->header->tokenAfter, header().tokenAfter);
        QVERIFY(same(read->header->changes, header().changes));
        QVERIFY(same(read->header->inverse, header().inverse));
        QCOMPARE(read->attempts.size(), std::size_t(2));
        QCOMPARE(read->attempts[1].seqno, SeqNo(177));
        QCOMPARE(read->attempts[1].sentMs, std::int64_t(2000));
        QCOMPARE(read->attempts[0].token, std::string("i-token"));
        QVERIFY(read->attempts[0].version == pending(176).version);
        QCOMPARE(read->outcome, std::string("committed"));
    }

    void onlyItsOwnerMayReadIt()
    {
        const auto path = fresh();
        const auto journal = ChangeJournal::create(path, header());
        QVERIFY(journal);
        const auto others = QFile::permissions(QString::fromStdString(path))
            & (QFile::ReadGroup | QFile::WriteGroup | QFile::ReadOther | QFile::WriteOther);
        QCOMPARE(others, QFile::Permissions());
    }

    void aFileThatIsThereIsNotTouched()
    {
        const auto path = fresh();
        QFile file(QString::fromStdString(path));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("mine");
        file.close();
        const auto journal = ChangeJournal::create(path, header());
        QVERIFY(!journal);
        QCOMPARE(journal.error().code, ErrorCode::InvalidInput);
        QVERIFY(file.open(QIODevice::ReadOnly));
        QCOMPARE(file.readAll(), QByteArray("mine"));
    }

    void aFolderThatIsNotThereSaysSo()
    {
        const auto journal = ChangeJournal::create(m_folder.filePath("no/such/journal").toStdString(), header());
        QVERIFY(!journal);
        QCOMPARE(journal.error().code, ErrorCode::NotFound);
        QVERIFY(messageOf(journal.error()).contains("nothing is written without one"));
    }

    void whoWritesItHoldsIt()
    {
        const auto path = fresh();
        {
            const auto journal = ChangeJournal::create(path, header());
            QVERIFY(journal);
            QVERIFY(readJournal(path)->isHeldOpen);
        }
        QVERIFY(!readJournal(path)->isHeldOpen);
    }

    /// However far a kill let it get: what is not whole was not sent.
    void everyBeginningOfItIsRead()
    {
        const auto path = fresh();
        {
            auto journal = ChangeJournal::create(path, header());
            QVERIFY(journal);
            QVERIFY(journal->addAttempt(pending(176), 1000));
            QVERIFY(journal->addOutcome(kCommitted, "", 3000));
        }
        QFile whole(QString::fromStdString(path));
        QVERIFY(whole.open(QIODevice::ReadOnly));
        const auto content = whole.readAll();
        const auto firstEnd = content.indexOf('\n') + 1;
        const auto secondEnd = content.indexOf('\n', firstEnd) + 1;
        for (qsizetype length = 0; length <= content.size(); ++length) {
            const auto cut = fresh();
            QFile file(QString::fromStdString(cut));
            QVERIFY(file.open(QIODevice::WriteOnly));
            file.write(content.left(length));
            file.close();
            const auto read = readJournal(cut);
            QVERIFY2(read, read ? "" : messageOf(read.error()).toUtf8());
            QCOMPARE(read->header.has_value(), length >= firstEnd);
            QCOMPARE(read->attempts.size(), std::size_t(length >= secondEnd ? 1 : 0));
            QCOMPARE(read->outcome.empty(), length < content.size());
            QFile::remove(QString::fromStdString(cut));
        }
    }

    void damageIsToldByLine_data()
    {
        QTest::addColumn<QByteArray>("what");
        QTest::addColumn<QByteArray>("with");
        QTest::addColumn<int>("code");
        QTest::newRow("no JSON") << QByteArray("\"summary\"") << QByteArray("summary") << int(ErrorCode::Corrupt);
        QTest::newRow("something else") << QByteArray("{\"format\"") << QByteArray("\"format\"")
                                        << int(ErrorCode::Corrupt);
        QTest::newRow("another format") << QByteArray("journal/1") << QByteArray("journal/2")
                                        << int(ErrorCode::Unsupported);
        QTest::newRow("no shard") << QByteArray("\"shard\"") << QByteArray("\"shared\"") << int(ErrorCode::Corrupt);
        QTest::newRow("a number that is none")
            << QByteArray(":175,") << QByteArray(":-175,") << int(ErrorCode::Corrupt);
        QTest::newRow("a diff of two") << QByteArray("\"diff\":-1") << QByteArray("\"diff\":-2")
                                       << int(ErrorCode::Corrupt);
        QTest::newRow("rows that are no base64")
            << QByteArray("\"source_data\":\"") << QByteArray("\"source_data\":\"!") << int(ErrorCode::Corrupt);
        QTest::newRow("a version that is no base64")
            << QByteArray("\"version\":\"") << QByteArray("\"version\":\"!") << int(ErrorCode::Corrupt);
    }

    void damageIsToldByLine()
    {
        QFETCH(QByteArray, what);
        QFETCH(QByteArray, with);
        QFETCH(int, code);
        const auto path = fresh();
        {
            auto journal = ChangeJournal::create(path, header());
            QVERIFY(journal);
            QVERIFY(journal->addAttempt(pending(176), 1000));
        }
        QFile file(QString::fromStdString(path));
        QVERIFY(file.open(QIODevice::ReadWrite));
        auto content = file.readAll();
        QVERIFY(content.contains(what));
        content.replace(what, with);
        file.resize(0);
        file.seek(0);
        file.write(content);
        file.close();
        const auto read = readJournal(path);
        QVERIFY(!read);
        QCOMPARE(int(read.error().code), code);
        QVERIFY(messageOf(read.error()).contains(code == int(ErrorCode::Unsupported) ? "journal/2" : "line "));
    }

    void whatIsNoJournalIsRefused()
    {
        const auto missing = readJournal(m_folder.filePath("missing").toStdString());
        QVERIFY(!missing);
        QCOMPARE(missing.error().code, ErrorCode::NotFound);
        const auto folder = readJournal(m_folder.path().toStdString());
        QVERIFY(!folder);
        QCOMPARE(folder.error().code, ErrorCode::InvalidInput);
    }

private:
    std::string fresh() { return m_folder.filePath(QStringLiteral("j%1").arg(++m_number)).toStdString(); }

    QTemporaryDir m_folder;
    int m_number = 0;
};

QTEST_APPLESS_MAIN(TestChangeJournal)
#include "tst_change_journal.moc"
