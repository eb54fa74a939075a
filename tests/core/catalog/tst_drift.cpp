#include "core/catalog/drift.h"
#include "tests/core/catalog/catalog_fixtures.h"

#include <QtTest>

#include <string>
#include <vector>

using namespace inspector;
using catalog::Drift;
using catalog::DriftKind;
using catalog::RowSchema;
using codec::RowForm;
using test::UpdateBuilder;

namespace {

std::vector<Drift> driftOf(persist::UpdateList updates, std::uint64_t version)
{
    const auto grouped = catalog::groupByCollection(std::move(updates), Job());
    if (!grouped.has_value())
        return {};
    auto drift = catalog::findDrift(*grouped, RowSchema::nearest(version), Job());
    return drift.has_value() ? *std::move(drift) : std::vector<Drift>();
}

/// A role of version 81; `provision` is the field that rows of version 80 lack.
std::string roleRow(int id, const std::string& name, const std::string& provision)
{
    return "{'key':{'id':{'User':" + std::to_string(id) + "}},'kind':'Role','value':{'attributes':{" + provision
        + "'inherit':true,'login':null,'superuser':null},'membership':{'map':[]},'name':'" + name
        + "','oid':20000,'vars':{'entries':[]}}}";
}

const std::string kNull = "'auto_provision_source':null,";

} // namespace

class TestDrift : public QObject
{
    Q_OBJECT

private slots:
    void healthyCatalogsHaveNone_data()
    {
        QTest::addColumn<QString>("shard");
        QTest::addColumn<bool>("asText");
        for (const auto* shard : {"new-busy", "new-fresh", "old-busy", "old-fresh"}) {
            QTest::newRow((std::string(shard) + " SourceData").c_str()) << shard << false;
            QTest::newRow((std::string(shard) + " JSON").c_str()) << shard << true;
        }
    }

    void healthyCatalogsHaveNone()
    {
        QFETCH(QString, shard);
        QFETCH(bool, asText);
        const auto rows =
            test::rowsOfRawFile(test::rawFileOf(shard.toStdString()), asText ? RowForm::JsonText : RowForm::SourceData);
        QVERIFY(driftOf(rows, shard.startsWith("old") ? 72 : 82).empty());
    }

    void rowOfAnOlderFormIsFoundBeforeItGoesWrong()
    {
        UpdateBuilder updates;
        updates.addSource(roleRow(1, "a", "")).addSource(roleRow(2, "b", kNull)).addText(roleRow(3, "c", ""));
        const auto drift = driftOf(updates.finish(), 81);
        QCOMPARE(drift.size(), std::size_t(2));
        QCOMPARE(drift[0].kind, DriftKind::OtherForm);
        QCOMPARE(drift[0].collection, catalog::CollectionType::Role);
        QCOMPARE(drift[0].key, test::fromQuoted("{'id':{'User':1}}"));
        QCOMPARE(drift[0].updates, (std::vector<std::uint32_t> {0}));
        QCOMPARE(drift[1].updates, (std::vector<std::uint32_t> {2}));
    }

    void leftoversOfAFailedRetractionAreFound()
    {
        // What production had after version 81: the old row, its retraction in other bytes, and the new row.
        UpdateBuilder updates;
        updates.addSource(roleRow(1, "a", ""))
            .addSource(roleRow(1, "a", kNull), 0, -1)
            .addSource(roleRow(1, "b", kNull));
        const auto drift = driftOf(updates.finish(), 81);
        QCOMPARE(drift.size(), std::size_t(3));
        QCOMPARE(drift[0].kind, DriftKind::OtherForm);
        QCOMPARE(drift[1].kind, DriftKind::DanglingRetraction);
        QCOMPARE(drift[1].updates, (std::vector<std::uint32_t> {1}));
        QCOMPARE(drift[2].kind, DriftKind::SeveralRows);
        QCOMPARE(drift[2].updates, (std::vector<std::uint32_t> {0, 2}));
        QCOMPARE(drift[2].message, std::string("2 rows are there for one key"));
    }

    void fieldOfALaterVersionAndDoubleRowsAreFound()
    {
        UpdateBuilder updates;
        updates.addText("{'key':{'key':'a'},'kind':'Config','value':{'later':1,'value':2}}");
        updates.addText("{'key':{'key':'b'},'kind':'Config','value':{'value':2}}", 0, 3);
        updates.addText("{ 'key':{'key':'c'},'kind':'Config','value':{'value':2}}");
        updates.addText("{'key':{'key':1},'kind':'Config','value':{'value':2}}"); // does not fit: another finding
        const auto drift = driftOf(updates.finish(), 82);
        QCOMPARE(drift.size(), std::size_t(3));
        QCOMPARE(drift[0].kind, DriftKind::OtherForm);
        QCOMPARE(drift[1].kind, DriftKind::MultipliedRow);
        QCOMPARE(drift[1].message, std::string("the row is there 3 times"));
        QCOMPARE(drift[2].kind, DriftKind::OtherForm);
    }
};

QTEST_APPLESS_MAIN(TestDrift)
#include "tst_drift.moc"
