#include "core/catalog/references.h"
#include "tests/core/catalog/catalog_fixtures.h"

#include <QtTest>

#include <algorithm>

using namespace inspector;
using namespace inspector::catalog;
using namespace inspector::test;

namespace {

QStringList textsOf(const std::vector<Reference>& references)
{
    QStringList texts;
    for (const auto& each : references)
        texts << QString::fromStdString(textOf(each));
    texts.sort();
    return texts;
}

RowReferences referencesIn(std::uint64_t version, const QString& row)
{
    RowTyper typer(*RowSchema::load(version));
    const auto json = fromQuoted(row.toStdString());
    const codec::StoredRow stored {json.data(), static_cast<std::uint32_t>(json.size()), codec::RowForm::JsonText};
    return typer.read(stored) ? referencesOf(typer) : RowReferences();
}

} // namespace

class TestReferences : public QObject
{
    Q_OBJECT

private slots:
    void rowsDefineAndUseIds_data()
    {
        QTest::addColumn<int>("version");
        QTest::addColumn<QString>("row");
        QTest::addColumn<QStringList>("defines");
        QTest::addColumn<QStringList>("uses");
        const auto row = [](const char* name, int version, const char* json, const QStringList& defines,
                            const QStringList& uses) { QTest::newRow(name) << version << json << defines << uses; };
        row("a database and its roles", 82,
            "{'kind':'Database','key':{'id':{'User':1}},'value':{'name':'d','owner_id':{'User':4},'privileges':[{"
            "'grantee':'Public','grantor':{'System':1},'acl_mode':{'bitflags':256}}],'oid':1}}",
            {"database u1"}, {"role s1", "role u4"});
        row("the same of the old shape", 72,
            "{'kind':'Database','key':{'id':{'value':{'User':1}}},'value':{'name':'d','owner_id':{'value':{'User':4}},"
            "'privileges':[{'grantee':{'value':{'Public':{}}},'grantor':{'value':{'System':1}},'acl_mode':{'bitflags':"
            "256}}],'oid':1}}",
            {"database u1"}, {"role s1", "role u4"});
        row("a system schema without database", 82,
            "{'kind':'Schema','key':{'id':{'System':2}},'value':{'database_id':null,'name':'s','owner_id':{'System':1},"
            "'privileges':[],'oid':1}}",
            {"schema s2"}, {"role s1"});
        row("an item with two versions and SQL", 82,
            "{'kind':'Item','key':{'gid':{'User':7}},'value':{'schema_id':{'User':3},'name':'i','definition':{'V1':{"
            "'create_sql':'CREATE INDEX i IN CLUSTER [u2] ON [u5 AS a.b.c] (x)'}},'owner_id':{'User':1},'privileges':"
            "[],'oid':1,'global_id':{'User':8},'extra_versions':[{'global_id':{'User':9},'version':{'value':1}}]}}",
            {"global id u8", "global id u9", "item u7"}, {"cluster u2", "item u5", "role u1", "schema u3"});
        row("a temporary item", 92,
            "{'kind':'Item','key':{'gid':{'User':7}},'value':{'schema_id':{'User':0},'name':'i','definition':{'V1':{"
            "'create_sql':'CREATE VIEW v AS SELECT 1'}},'owner_id':{'User':1},'privileges':[],'oid':1,'global_id':{"
            "'User':7},'extra_versions':[],'ephemeral_owner_session':'00000000-0000-0000-0000-000000000001'}}",
            {"global id u7", "item u7"}, {"role u1"});
        row("a comment on a replica", 82,
            "{'kind':'Comment','key':{'object':{'ClusterReplica':{'cluster_id':{'User':1},'replica_id':{'User':2}}},"
            "'sub_component':null},'value':{'comment':'c'}}",
            {}, {"cluster u1", "replica u2"});
        row("a comment on a column", 72,
            "{'kind':'Comment','key':{'object':{'Table':{'value':{'User':4}}},'sub_component':{'ColumnPos':1}},'value':"
            "{"
            "'comment':'c'}}",
            {}, {"item u4"});
        row("a comment on an ambient schema", 82,
            "{'kind':'Comment','key':{'object':{'Schema':{'database':'Ambient','schema':{'Id':{'System':1}}}},"
            "'sub_component':null},'value':{'comment':'c'}}",
            {}, {"schema s1"});
        row("membership", 82,
            "{'kind':'Role','key':{'id':{'User':3}},'value':{'name':'r','attributes':{'inherit':true,'superuser':null,"
            "'login':null,'auto_provision_source':null},'membership':{'map':[{'key':{'User':4},'value':{'System':1}}]},"
            "'vars':{'entries':[]},'oid':1}}",
            {"role u3"}, {"role s1", "role u4"});
        row("a builtin object", 82,
            "{'kind':'GidMapping','key':{'schema_name':'s','object_type':1,'object_name':'o'},'value':{'catalog_id':40,"
            "'global_id':41,'fingerprint':''}}",
            {"global id s41", "item s40"}, {});
        row("a builtin object of the old shape", 72,
            "{'kind':'GidMapping','key':{'schema_name':'s','object_type':1,'object_name':'o'},'value':{'id':40,"
            "'fingerprint':'','global_id':{'value':41}}}",
            {"global id s41", "item s40"}, {});
        row("an introspection index", 82,
            "{'kind':'ClusterIntrospectionSourceIndex','key':{'cluster_id':{'User':1},'name':'n'},'value':{'catalog_id'"
            ":"
            "144115188075856147,'global_id':144115188075856147,'oid':1}}",
            {"global id si144115188075856147", "item si144115188075856147"}, {"cluster u1"});
        row("storage metadata", 82,
            "{'kind':'StorageCollectionMetadata','key':{'id':{'User':5}},'value':{'shard':'s'}}", {}, {"global id u5"});
        row("a password", 82,
            "{'kind':'RoleAuth','key':{'id':{'User':5}},'value':{'password_hash':null,'updated_at':{'millis':1}}}", {},
            {"role u5"});
        row("default privileges for everybody", 82,
            "{'kind':'DefaultPrivileges','key':{'role_id':'Public','database_id':{'User':1},'schema_id':null,"
            "'object_type':1,'grantee':{'System':2}},'value':{'privileges':{'bitflags':1}}}",
            {}, {"database u1", "role s2"});
        row("ids of items were those of their data", 67,
            "{'kind':'Item','key':{'gid':{'value':{'User':7}}},'value':{'schema_id':{'value':{'User':3}},'name':'i',"
            "'definition':{'value':{'V1':{'create_sql':'CREATE VIEW v AS SELECT * FROM [u2 AS a]'}}},'owner_id':{"
            "'value':{'User':1}},'privileges':[],'oid':1}}",
            {"global id u7", "item u7"}, {"item u2", "role u1", "schema u3"});
        row("what does not fit is passed over", 82,
            "{'kind':'Schema','key':{'id':{'Nobody':2}},'value':{'database_id':7,'name':'s','owner_id':[],'privileges':"
            "'none'}}",
            {}, {});
        row("a setting", 82, "{'kind':'Setting','key':{'name':'n'},'value':{'value':'u1'}}", {}, {});
    }

    void rowsDefineAndUseIds()
    {
        QFETCH(int, version);
        QFETCH(QString, row);
        QFETCH(QStringList, defines);
        QFETCH(QStringList, uses);
        const auto found = referencesIn(static_cast<std::uint64_t>(version), row);
        QCOMPARE(textsOf(found.defines), defines);
        QCOMPARE(textsOf(found.uses), uses);
    }

    void sqlNamesItemsAndClusters_data()
    {
        QTest::addColumn<QString>("sql");
        QTest::addColumn<QStringList>("names");
        QTest::newRow("items, each once")
            << "SELECT [u2 AS a] [s20 AS b] [u2 AS c]" << QStringList {"item s20", "item u2"};
        QTest::newRow("a version") << "FROM [u1 AS \"d\".\"s\".\"t\" VERSION 2]" << QStringList {"item u1"};
        QTest::newRow("an introspection index") << "[si12 AS a]" << QStringList {"item si12"};
        QTest::newRow("a cluster") << "IN CLUSTER [u3] AS" << QStringList {"cluster u3"};
        QTest::newRow("lower case") << "in cluster  [s1]" << QStringList {"cluster s1"};
        QTest::newRow("not in a text") << "'[u1 AS a]' '' '[u2 AS it''s [u3 AS b]'" << QStringList();
        QTest::newRow("not in an identifier") << "\"[u1 AS a]\" \"a\"\"[u2 AS b]\"" << QStringList();
        QTest::newRow("no subscript") << "x[u1] y[1] z[u AS]" << QStringList();
        QTest::newRow("a transient id") << "[t4 AS a]" << QStringList();
        QTest::newRow("cut off") << "[u1 AS a] [u2" << QStringList {"item u1"};
        QTest::newRow("a text without end") << "[u1 AS a] 'x [u2 AS b]" << QStringList {"item u1"};
        QTest::newRow("nothing") << "" << QStringList();
    }

    void sqlNamesItemsAndClusters()
    {
        QFETCH(QString, sql);
        QFETCH(QStringList, names);
        QCOMPARE(textsOf(referencesOfSql(sql.toStdString())), names);
    }

    /// What the real library wrote refers to what is there. Its SQL was made up, and names what it likes.
    void nothingDanglesInARealCatalog_data()
    {
        QTest::addColumn<QString>("shard");
        QTest::addColumn<int>("version");
        QTest::newRow("old") << "old-busy" << 72;
        QTest::newRow("new") << "new-busy" << 82;
    }

    void nothingDanglesInARealCatalog()
    {
        QFETCH(QString, shard);
        QFETCH(int, version);
        const auto rows = rowsOfRawFile(rawFileOf(shard.toStdString()), codec::RowForm::SourceData);
        RowTyper typer(*RowSchema::load(static_cast<std::uint64_t>(version)));
        std::vector<Reference> defined;
        std::vector<Reference> used;
        for (const auto& row : rows->rows) {
            QVERIFY(typer.read(row));
            const auto found = referencesOf(typer);
            defined.insert(defined.end(), found.defines.begin(), found.defines.end());
            used.insert(used.end(), found.uses.begin(), found.uses.end());
        }
        std::sort(defined.begin(), defined.end());
        QVERIFY2(used.size() > 300, QByteArray::number(qint64(used.size())));
        QStringList dangling;
        for (const auto& each : used)
            if (each.of != NameIndex::Of::Item && each.of != NameIndex::Of::Cluster
                && !std::binary_search(defined.begin(), defined.end(), each))
                dangling << QString::fromStdString(textOf(each));
        dangling.removeDuplicates();
        QVERIFY2(dangling.isEmpty(), dangling.join(", ").toUtf8());
    }
};

QTEST_APPLESS_MAIN(TestReferences)
#include "tst_references.moc"
