#include "tests/views/support/desk.h"
#include "views/dialogs/open_url_dialog.h"
#include "views/support/recent_places.h"

#include <QComboBox>
#include <QDialogButtonBox>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QtTest>

using namespace inspector;
using namespace inspector::views;

namespace {

struct Fields
{
    explicit Fields(OpenUrlDialog& dialog)
        : consensus(dialog.findChild<QLineEdit*>(QStringLiteral("consensusEdit")))
        , blob(dialog.findChild<QLineEdit*>(QStringLiteral("blobEdit")))
        , shard(dialog.findChild<QLineEdit*>(QStringLiteral("shardEdit")))
        , by(dialog.findChild<QComboBox*>(QStringLiteral("shardByCombo")))
        , open(dialog.findChild<QDialogButtonBox*>()->button(QDialogButtonBox::Open))
    {
    }

    QLineEdit* consensus;
    QLineEdit* blob;
    QLineEdit* shard;
    QComboBox* by;
    QPushButton* open;
};

} // namespace

class TestOpenUrlDialog : public QObject
{
    Q_OBJECT

private slots:
    void openNeedsBothUrls()
    {
        OpenUrlDialog dialog({});
        const Fields fields(dialog);
        QVERIFY(!fields.open->isEnabled());
        QTest::keyClicks(fields.consensus, QStringLiteral("postgres://host/db"));
        QVERIFY(!fields.open->isEnabled());
        QTest::keyClicks(fields.blob, QStringLiteral("file:///var/persist"));
        QVERIFY(fields.open->isEnabled());
        QVERIFY(!fields.shard->isEnabled()); // found by its content
    }

    void aWrongFieldSaysSoBesideIt()
    {
        OpenUrlDialog dialog({});
        const Fields fields(dialog);
        fields.consensus->setText(QStringLiteral("mysql://host"));
        auto* problem = dialog.findChild<QLabel*>(QStringLiteral("consensusProblem"));
        QVERIFY(!problem->text().isEmpty());
        fields.consensus->setText(QStringLiteral("postgresql://host"));
        QVERIFY(problem->text().isEmpty());
        fields.blob->setText(QStringLiteral("file://relative"));
        QVERIFY(!dialog.findChild<QLabel*>(QStringLiteral("blobProblem"))->text().isEmpty());
    }

    void idsAreJudged_data()
    {
        QTest::addColumn<int>("by");
        QTest::addColumn<QString>("text");
        QTest::addColumn<bool>("fits");
        QTest::newRow("environment") << 1 << QStringLiteral("aws-us-east-1-1b6e7a52-9a1e-4f6b-8f0a-2d1f6f3c9a01-0")
                                     << true;
        QTest::newRow("environment without ordinal")
            << 1 << QStringLiteral("aws-us-east-1-1b6e7a52-9a1e-4f6b-8f0a-2d1f6f3c9a01") << false;
        QTest::newRow("organization") << 2 << QStringLiteral("1b6e7a52-9a1e-4f6b-8f0a-2d1f6f3c9a01") << true;
        QTest::newRow("no organization") << 2 << QStringLiteral("1b6e7a52") << false;
        QTest::newRow("shard") << 3 << QStringLiteral("scc3717e5-3bea-1e28-2e8b-ec76cd7bfc6d") << true;
        QTest::newRow("no shard") << 3 << QStringLiteral("cc3717e5-3bea-1e28-2e8b-ec76cd7bfc6d") << false;
        QTest::newRow("nothing") << 3 << QString() << false;
    }

    void idsAreJudged()
    {
        QFETCH(int, by);
        QFETCH(QString, text);
        QFETCH(bool, fits);
        const inspect::OpenOptions known {{"mem:", "mem:"}, {}};
        OpenUrlDialog dialog(known);
        const Fields fields(dialog);
        QVERIFY(fields.open->isEnabled());
        fields.by->setCurrentIndex(by);
        fields.shard->setText(text);
        QCOMPARE(fields.open->isEnabled(), fits);
        dialog.accept(); // as a stray Enter would
        QCOMPARE(dialog.acceptedOptions().has_value(), fits);
    }

    void whatWasTypedIsHandedBack()
    {
        OpenUrlDialog dialog({});
        const Fields fields(dialog);
        fields.consensus->setText(QStringLiteral(" postgres://mz:secret@host/db?sslmode=require "));
        fields.blob->setText(QStringLiteral("file:///var/persist"));
        fields.by->setCurrentIndex(3);
        fields.shard->setText(QStringLiteral("scc3717e5-3bea-1e28-2e8b-ec76cd7bfc6d"));
        QTest::mouseClick(fields.open, Qt::LeftButton);
        QCOMPARE(dialog.result(), int(QDialog::Accepted));
        QCOMPARE(dialog.acceptedOptions()->location.consensusUrl,
                 std::string("postgres://mz:secret@host/db?sslmode=require"));
        QCOMPARE(dialog.acceptedOptions()->shard.by, inspect::ShardChoice::By::ShardId);
    }

    void noPasswordReachesTheSettings()
    {
        tests::Desk desk;
        {
            Settings settings(desk.folder.filePath(QStringLiteral("settings.ini")));
            rememberPlace(settings,
                          {QStringLiteral("production"),
                           QStringLiteral("postgres://mz:hunter2@host:26257/db?password=hunter2"),
                           QStringLiteral("s3://AKIA:hunter2@bucket/prefix?secret=hunter2"),
                           {},
                           false});
        }
        const QString stored = desk.settingsText();
        QVERIFY(!stored.isEmpty());
        QVERIFY(stored.contains(QStringLiteral("26257")));
        QVERIFY2(!stored.contains(QStringLiteral("hunter2")), qPrintable(stored));
    }

    void settingsAreReadBackBeforeAndAfterTheyAreSaved()
    {
        const QTemporaryDir folder;
        const QString file = folder.filePath(QStringLiteral("settings.ini"));
        Settings settings(file);
        QCOMPARE(settings.value(settings::kLastCollection), QStringLiteral("item"));
        settings.setValue(settings::kLastCollection, QStringLiteral("role"));
        QCOMPARE(settings.value(settings::kLastCollection), QStringLiteral("role"));
        QVERIFY(!QFile::exists(file));
        settings.save();
        QCOMPARE(Settings(file).value(settings::kLastCollection), QStringLiteral("role"));
        QVERIFY(!settings.takeSaving()); // nothing is left to save
    }

    void newestPlaceComesFirstAndOnlyOnce()
    {
        tests::Desk desk;
        for (int i = 0; i < 14; ++i)
            rememberPlace(desk.settings, {QString::number(i), QStringLiteral("/data/%1.mzcat").arg(i), {}, {}, true});
        rememberPlace(desk.settings, {QStringLiteral("again"), QStringLiteral("/data/9.mzcat"), {}, {}, true});
        const auto places = recentPlaces(desk.settings);
        QCOMPARE(places.size(), std::size_t(10));
        QCOMPARE(places[0].consensusUrl, QStringLiteral("/data/9.mzcat"));
        QCOMPARE(places[0].name, QStringLiteral("again"));
        QCOMPARE(places[1].consensusUrl, QStringLiteral("/data/13.mzcat"));
        QCOMPARE(std::count(places.begin(), places.end(), places[0]), 1);
    }
};

QTEST_MAIN(TestOpenUrlDialog)
#include "tst_open_url_dialog.moc"
