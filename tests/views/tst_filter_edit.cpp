#include "views/widgets/filter_edit.h"

#include <QtTest>

using namespace inspector::views;

class TestFilterEdit : public QObject
{
    Q_OBJECT

private slots:
    void narrowingIsOnlySaidWhenItIsCertain_data()
    {
        QTest::addColumn<QString>("before");
        QTest::addColumn<QString>("now");
        QTest::addColumn<bool>("narrows");
        QTest::newRow("from nothing") << QString() << QStringLiteral("a") << true;
        QTest::newRow("a longer word") << QStringLiteral("ord") << QStringLiteral("orders") << true;
        QTest::newRow("another word") << QStringLiteral("orders ") << QStringLiteral("orders u1") << true;
        QTest::newRow("another exclusion") << QStringLiteral("orders ") << QStringLiteral("orders -u1") << true;
        QTest::newRow("a longer exclusion") << QStringLiteral("-u") << QStringLiteral("-u1") << false;
        QTest::newRow("a longer exclusion later") << QStringLiteral("a -u") << QStringLiteral("a -u1") << false;
        QTest::newRow("a column's longer word") << QStringLiteral("name:o") << QStringLiteral("name:or") << true;
        QTest::newRow("a word that becomes a column") << QStringLiteral("name") << QStringLiteral("name:") << false;
        QTest::newRow("shorter") << QStringLiteral("orders") << QStringLiteral("order") << false;
        QTest::newRow("other") << QStringLiteral("a") << QStringLiteral("ba") << false;
        QTest::newRow("inside quotes") << QStringLiteral("\"a") << QStringLiteral("\"a b") << false;
        QTest::newRow("a quote begins") << QStringLiteral("a ") << QStringLiteral("a \"b") << false;
        QTest::newRow("after a quoted word") << QStringLiteral("\"a b\"") << QStringLiteral("\"a b\"c") << false;
        QTest::newRow("the same") << QStringLiteral("a") << QStringLiteral("a") << true;
    }

    void narrowingIsOnlySaidWhenItIsCertain()
    {
        QFETCH(QString, before);
        QFETCH(QString, now);
        QFETCH(bool, narrows);
        QCOMPARE(isNarrowing(before, now), narrows);
    }

    void escapeClears()
    {
        FilterEdit edit;
        edit.setText(QStringLiteral("orders"));
        QTest::keyClick(&edit, Qt::Key_Escape);
        QVERIFY(edit.text().isEmpty());
    }

    void downLeavesForTheRows()
    {
        FilterEdit edit;
        QSignalSpy left(&edit, &FilterEdit::leftDownwards);
        QTest::keyClick(&edit, Qt::Key_Down);
        QTest::keyClick(&edit, Qt::Key_Return);
        QCOMPARE(left.count(), 2);
    }

    void problemIsSaidAloudToo()
    {
        FilterEdit edit;
        edit.setProblem(QStringLiteral("There is no column x."));
        QCOMPARE(edit.accessibleDescription(), QStringLiteral("There is no column x."));
        QVERIFY(edit.property("wrong").toBool());
        edit.setProblem({});
        QVERIFY(!edit.property("wrong").toBool());
    }
};

QTEST_MAIN(TestFilterEdit)
#include "tst_filter_edit.moc"
