#include "core/base/hex.h"
#include "core/base/sha256.h"
#include "core/catalog/fenceable_token.h"
#include "core/codec/row_codec.h"
#include "core/edit/edit_plan.h"
#include "tests/core/edit/repair_scene.h"

#include <QtTest>

#include <algorithm>

using namespace inspector;
using namespace inspector::edit;
using namespace inspector::test;

Q_DECLARE_METATYPE(std::vector<inspector::edit::EditDraft>)

namespace {

QString text(const std::string& from)
{
    return QString::fromStdString(from);
}

template <typename T>
QString messageOf(const Result<T>& result)
{
    return result ? QStringLiteral("ok") : text(result.error().describe());
}

std::string jsonOf(const std::string& stored)
{
    const auto json = codec::canonicalJson(viewOf(stored));
    return json ? *json : "(undecodable)";
}

std::vector<std::string> described(const ChangeSet& changes)
{
    std::vector<std::string> lines;
    for (const auto& change : changes)
        lines.push_back((change.diff > 0 ? "+" : "-") + jsonOf(change.stored));
    return lines;
}

/// The live row of a base with this JSON; its bytes.
std::string storedOf(const EditBase& base, const RowName& name)
{
    for (const auto& row : base.rowsOf(name))
        if (row.diff > 0)
            return row.stored;
    return {};
}

bool names(const std::vector<Refusal>& refusals, Override which)
{
    return std::any_of(refusals.begin(), refusals.end(), [&](const Refusal& each) { return each.which == which; });
}

} // namespace

class TestEditPlan : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase()
    {
        m_new = Scene::ofFixture("new-busy");
        m_old = Scene::ofFixture("old-busy");
        m_newBase = m_new->base();
        m_oldBase = m_old->base();
    }

    void anEditRetractsTheStoredBytesAndBringsItsToken()
    {
        const auto plan =
            planEdit(draftOf("setting", "{'name':'migration_version'}", "{'value':'26.24.0'}"), m_newBase);
        QVERIFY2(plan, messageOf(plan).toUtf8());
        QCOMPARE(plan->changes.front().stored, storedOf(*m_newBase, {"Setting", q("{'name':'migration_version'}")}));
        QCOMPARE(described(plan->changes),
                 (std::vector<std::string> {
                     "-" + q("{'key':{'name':'migration_version'},'kind':'Setting','value':{'value':'26.23.0'}}"),
                     "-" + q("{'deploy_generation':2,'epoch':10,'kind':'FenceToken'}"),
                     "+" + q("{'key':{'name':'migration_version'},'kind':'Setting','value':{'value':'26.24.0'}}"),
                     "+" + q("{'deploy_generation':2,'epoch':11,'kind':'FenceToken'}")}));
        QCOMPARE(plan->expectedUpper(), m_newBase->upper());
        QCOMPARE(plan->nextUpper(), m_newBase->upper().next());
        QCOMPARE(plan->summary, std::string("replace 1 row of setting"));
        QVERIFY(plan->mayCommit());
        QVERIFY(plan->warnings.empty());
    }

    void theInverseHasTheRowsButNotTheToken()
    {
        const auto plan = planEdit(draftOf("setting", "{'name':'migration_version'}", "{'value':'1.2.3'}"), m_newBase);
        QVERIFY2(plan, messageOf(plan).toUtf8());
        QCOMPARE(described(plan->inverse()),
                 (std::vector<std::string> {
                     "-" + q("{'key':{'name':'migration_version'},'kind':'Setting','value':{'value':'1.2.3'}}"),
                     "+" + q("{'key':{'name':'migration_version'},'kind':'Setting','value':{'value':'26.23.0'}}")}));
    }

    void aKeyThatIsNotThereIsInserted()
    {
        const auto plan =
            planEdit(draftOf("system_configuration", "{'name':'max_nothings'}", "{'value':'7'}"), m_oldBase);
        QVERIFY2(plan, messageOf(plan).toUtf8());
        QCOMPARE(plan->summary, std::string("insert 1 row of system_configuration"));
        QCOMPARE(plan->changes.size(), std::size_t(3));
        QVERIFY(plan->edits.front().before.empty());
        QCOMPARE(plan->edits.front().hashBefore(), std::string());
    }

    void aRowGoes()
    {
        const auto plan = planDelete(draftOf("setting", "{'name':'migration_version'}", "{}"), m_newBase);
        QVERIFY2(plan, messageOf(plan).toUtf8());
        QCOMPARE(plan->summary, std::string("remove 1 row of setting"));
        QCOMPARE(plan->changes.size(), std::size_t(3));
        QVERIFY(!plan->edits.front().after);
    }

    void rowsWithoutKeyOrValueTakeNull()
    {
        const auto shard = std::string("s00000000-0000-0000-0000-000000000001");
        const auto wal = planEdit(draftOf("txn_wal_shard", "null", "{'shard':'" + shard + "'}"), m_newBase);
        QVERIFY2(wal, messageOf(wal).toUtf8());
        QCOMPARE(wal->summary, std::string("replace 1 row of txn_wal_shard"));
        const auto unfinalized = planEdit(draftOf("unfinalized_shard", "{'shard':'" + shard + "'}", "null"), m_newBase);
        QVERIFY2(unfinalized, messageOf(unfinalized).toUtf8());
        QCOMPARE(unfinalized->summary, std::string("insert 1 row of unfinalized_shard"));
    }

    void severalRowsGoIntoOneAppend()
    {
        const std::vector<EditDraft> drafts {
            draftOf("setting", "{'name':'migration_version'}", "{'value':'26.24.0'}"),
            removalOf("system_configuration", firstParameter()),
            draftOf("Config", "{'key':'new_flag'}", "{'value':18446744073709551615}"),
        };
        const auto plan = planEdits(drafts, m_newBase);
        QVERIFY2(plan, messageOf(plan).toUtf8());
        QCOMPARE(plan->edits.size(), std::size_t(3));
        QCOMPARE(plan->changes.size(), std::size_t(6));
        QVERIFY(std::is_partitioned(plan->changes.begin(), plan->changes.end(),
                                    [](const auto& change) { return change.diff < 0; }));
        QCOMPARE(plan->summary,
                 std::string("replace 1 row of setting, remove 1 row of system_configuration, insert 1 row of config"));
    }

    void anyEditFencesTheEnvironment()
    {
        const auto plan = planDelete(draftOf("setting", "{'name':'migration_version'}", ""), m_newBase);
        QVERIFY2(plan, messageOf(plan).toUtf8());
        const auto lines = plan->consequences();
        QVERIFY(lines.front().find("generation 2, epoch 10") != std::string::npos);
        QVERIFY(lines.front().find("current catalog epoch 10 fenced by new catalog epoch 11") != std::string::npos);
        QVERIFY(lines.front().find("takes epoch 12") != std::string::npos);
    }

    void expectationsAreHeld_data()
    {
        QTest::addColumn<int>("kind");
        QTest::addColumn<QString>("expected");
        QTest::addColumn<QString>("key");
        QTest::addColumn<int>("code"); ///< -1: the plan is made
        const int ok = -1;
        const int conflict = int(ErrorCode::Conflict);
        const auto value = int(ExpectedOld::Kind::Value);
        const auto absent = int(ExpectedOld::Kind::Absent);
        const auto hash = int(ExpectedOld::Kind::RowHash);
        const QString there = QStringLiteral("{'name':'migration_version'}");
        const QString gone = QStringLiteral("{'name':'not_there'}");
        QTest::newRow("the value that is there") << value << "{'value':'26.23.0'}" << there << ok;
        QTest::newRow("the same in another spelling") << value << " { 'value' : '26.23\\u002e0' } " << there << ok;
        QTest::newRow("another value") << value << "{'value':'26.22.0'}" << there << conflict;
        QTest::newRow("a value where none is") << value << "{'value':'26.23.0'}" << gone << conflict;
        QTest::newRow("none where none is") << absent << "" << gone << ok;
        QTest::newRow("none where one is") << absent << "" << there << conflict;
        QTest::newRow("the row's hash") << hash << "=" << there << ok;
        QTest::newRow("another hash") << hash << "00" << there << conflict;
        QTest::newRow("no JSON") << value << "{'value'" << there << int(ErrorCode::InvalidInput);
    }

    void expectationsAreHeld()
    {
        QFETCH(int, kind);
        QFETCH(QString, expected);
        QFETCH(QString, key);
        QFETCH(int, code);
        auto draft = draftOf("setting", key.toStdString(), "{'value':'new'}");
        draft.expectedOld = {ExpectedOld::Kind(kind), q(expected.toStdString())};
        if (expected == "=")
            draft.expectedOld.text = toHex(sha256(bytesOf(storedOf(*m_newBase, {"Setting", draft.key}))));
        const auto plan = planEdit(draft, m_newBase);
        QCOMPARE(plan ? -1 : int(plan.error().code), code);
        if (plan && expected == "=")
            QCOMPARE(plan->edits.front().hashBefore(), draft.expectedOld.text);
    }

    void anotherUpperIsAConflictThatNamesBoth()
    {
        PlanOptions options;
        options.expectedUpper = Timestamp(93);
        const auto plan = planDelete(draftOf("setting", "{'name':'migration_version'}", ""), m_newBase, options);
        QVERIFY(!plan);
        QCOMPARE(plan.error().code, ErrorCode::Conflict);
        QVERIFY(plan.error().message.find("94") != std::string::npos);
        QVERIFY(plan.error().message.find("93") != std::string::npos);
    }

    void whatIsNoRequestIsRefused_data()
    {
        QTest::addColumn<std::vector<EditDraft>>("drafts");
        QTest::addColumn<int>("code");
        QTest::addColumn<QString>("named");
        const auto one = [](EditDraft draft) { return std::vector<EditDraft> {std::move(draft)}; };
        const int invalid = int(ErrorCode::InvalidInput);
        QTest::newRow("nothing") << std::vector<EditDraft>() << invalid << "no draft";
        QTest::newRow("no such collection") << one(draftOf("tables", "{}", "{}")) << invalid << "'tables'";
        QTest::newRow("the key is no JSON") << one(draftOf("setting", "{", "{'value':'1'}")) << invalid << "key";
        QTest::newRow("the value is no JSON") << one(draftOf("setting", "{'name':'a'}", "x")) << invalid << "value";
        QTest::newRow("a value of another type")
            << one(draftOf("setting", "{'name':'a'}", "{'value':1}")) << invalid << "invalid-value";
        QTest::newRow("a field too many")
            << one(draftOf("setting", "{'name':'a'}", "{'value':'1','more':1}")) << invalid << "more";
        QTest::newRow("the row is that already")
            << one(draftOf("setting", "{'name':'migration_version'}", "{'value':'26.23.0'}")) << invalid
            << "nothing to write";
        QTest::newRow("no such row") << one(removalOf("setting", "{'name':'gone'}")) << int(ErrorCode::NotFound)
                                     << "gone";
        QTest::newRow("the fence token") << one(draftOf("FenceToken", "null", "null")) << invalid << "fence token";
        QTest::newRow("two drafts of one key")
            << std::vector<EditDraft> {draftOf("setting", "{'name':'a'}", "{'value':'1'}"),
                                       draftOf("Setting", " {'name' :'a'}", "{'value':'2'}")}
            << invalid << "two drafts";
        QTest::newRow("a collection of a later version")
            << one(draftOf("cluster_system_configuration", "{'cluster_id':{'User':1},'name':'a'}", "{'value':'1'}"))
            << invalid << "version 82";
    }

    void whatIsNoRequestIsRefused()
    {
        QFETCH(std::vector<EditDraft>, drafts);
        QFETCH(int, code);
        QFETCH(QString, named);
        const auto plan = planEdits(drafts, m_newBase);
        QVERIFY(!plan);
        QCOMPARE(int(plan.error().code), code);
        QVERIFY2(messageOf(plan).contains(named), messageOf(plan).toUtf8());
    }

    void dangerousEditsAreRefusedUnlessNamed_data()
    {
        QTest::addColumn<std::vector<EditDraft>>("drafts");
        QTest::addColumn<int>("which");
        QTest::addColumn<QString>("reason");
        const auto row = [](const char* name, std::vector<EditDraft> drafts, Override which, const char* reason) {
            QTest::newRow(name) << std::move(drafts) << int(which) << reason;
        };
        row("user_version", {draftOf("config", "{'key':'user_version'}", "{'value':83}")}, Override::UserVersion,
            "user_version");
        row("user_version goes", {removalOf("config", "{'key':'user_version'}")}, Override::UserVersion,
            "user_version");
        row("content version", {draftOf("setting", "{'name':'catalog_content_version'}", "{'value':'26.24.0'}")},
            Override::ContentVersion, "locks them out");
        row("an allocator below its ids", {draftOf("id_alloc", "{'name':'database'}", "{'next_id':3}")},
            Override::Allocators, "the allocator database would stand at 3, and ids up to 8 are in use");
        row("the audit log's allocator", {draftOf("id_alloc", "{'name':'auditlog'}", "{'next_id':5}")},
            Override::Allocators, "ids up to 196 are in use");
        row("an allocator goes", {removalOf("id_alloc", "{'name':'user'}")}, Override::Allocators,
            "without the allocator user");
        row("an id ahead of its allocator",
            {draftOf("database", "{'id':{'User':900}}",
                     "{'name':'far','owner_id':{'System':1},'privileges':[],'oid':29999}")},
            Override::Allocators, "the allocator database stands at 9 and would hand out database u900 again");
        row("an owner that is not there",
            {draftOf("database", "{'id':{'User':1}}",
                     "{'name':'materialize','owner_id':{'User':777},'privileges':[],'oid':20001}")},
            Override::References, "role u777, which no row defines");
        row("SQL that names what is not there",
            {draftOf("item", "{'gid':{'User':2}}",
                     "{'schema_id':{'User':3},'name':'v','definition':{'V1':{'create_sql':'CREATE VIEW "
                     "materialize.public.v AS SELECT * FROM [u7654 AS materialize.public.t]'}},'owner_id':"
                     "{'System':1},'privileges':[],'oid':29998,'global_id':{'User':2},'extra_versions':[]}")},
            Override::References, "item u7654");
        row("a role that others refer to", {removalOf("role", "{'id':{'System':1}}")}, Override::References,
            "role s1 goes, and");
        row("a cluster with a replica", {removalOf("compute_instance", "{'id':{'User':1}}")}, Override::References,
            "ClusterReplica");
        row("a name that is taken",
            {draftOf("role", "{'id':{'User':1}}",
                     "{'name':'mz_system','attributes':{'inherit':true,'superuser':null,'login':null,"
                     "'auto_provision_source':null},'membership':{'map':[]},'vars':{'entries':[]},'oid':20005}")},
            Override::Uniqueness, "unique");
    }

    void dangerousEditsAreRefusedUnlessNamed()
    {
        QFETCH(std::vector<EditDraft>, drafts);
        QFETCH(int, which);
        QFETCH(QString, reason);
        const auto override = Override(which);
        auto plan = planEdits(drafts, m_newBase);
        QVERIFY2(plan, messageOf(plan).toUtf8());
        QVERIFY(!plan->mayCommit());
        const auto refusal = std::find_if(plan->refusals.begin(), plan->refusals.end(),
                                          [&](const Refusal& each) { return each.which == override; });
        QVERIFY(refusal != plan->refusals.end());
        QVERIFY2(text(refusal->reason).contains(reason), refusal->reason.c_str());

        PlanOptions options;
        for (const auto& each : plan->refusals)
            options.overrides.insert(each.which);
        plan = planEdits(drafts, m_newBase, options);
        QVERIFY2(plan, messageOf(plan).toUtf8());
        QVERIFY(plan->mayCommit());
        QVERIFY(names(plan->overridden, override));
    }

    void theLastConfigRowStays()
    {
        std::vector<EditDraft> drafts;
        for (const auto update : m_newBase->updatesOfKind("Config"))
            drafts.push_back(removalOf("config", nameOfRow(m_newBase->updates().rows[update])->key));
        const auto all = planEdits(drafts, m_newBase);
        QVERIFY2(all, messageOf(all).toUtf8());
        QVERIFY(names(all->refusals, Override::LastConfig));
        drafts.pop_back();
        const auto allButOne = planEdits(drafts, m_newBase);
        QVERIFY2(allButOne, messageOf(allButOne).toUtf8());
        QVERIFY(!names(allButOne->refusals, Override::LastConfig));
    }

    void raisingTheAllocatorInTheSamePlanLetsAnIdPass()
    {
        const std::vector<EditDraft> drafts {
            draftOf("database", "{'id':{'User':900}}",
                    "{'name':'far','owner_id':{'System':1},'privileges':[],'oid':29999}"),
            draftOf("id_alloc", "{'name':'database'}", "{'next_id':901}"),
        };
        const auto plan = planEdits(drafts, m_newBase);
        QVERIFY2(plan, messageOf(plan).toUtf8());
        QVERIFY(plan->mayCommit());
    }

    void rowsThatGoTogetherMayReferToEachOther()
    {
        const auto alone = planEdit(removalOf("compute_instance", "{'id':{'User':1}}"), m_newBase);
        QVERIFY2(alone, messageOf(alone).toUtf8());
        QVERIFY(!alone->mayCommit());
        // Whoever else names the cluster, in SQL or a comment, still does.
        const auto bare = baseWith(*m_newBase, {}, itemsAndComments());
        const auto together = planEdits(std::vector<EditDraft> {removalOf("compute_instance", "{'id':{'User':1}}"),
                                                                removalOf("compute_replicas", "{'id':{'User':1}}")},
                                        bare);
        QVERIFY2(together, messageOf(together).toUtf8());
        QVERIFY2(together->mayCommit(), together->refusals.empty() ? "" : together->refusals.front().reason.c_str());
    }

    void whatWasWrongBeforeIsAWarning()
    {
        const auto row = [](const std::string& value) {
            return q("{'key':{'id':{'User':700}},'kind':'RoleAuth','value':" + value + "}");
        };
        const auto base = baseWith(*m_newBase, {{row("{'password_hash':null,'updated_at':{'millis':1}}"), 1}});
        const auto plan = planEdit(
            draftOf("role_auth", "{'id':{'User':700}}", "{'password_hash':'x','updated_at':{'millis':2}}"), base);
        QVERIFY2(plan, messageOf(plan).toUtf8());
        QVERIFY2(plan->mayCommit(), plan->refusals.empty() ? "" : plan->refusals.front().reason.c_str());
        QCOMPARE(plan->warnings.size(), std::size_t(1));
        QVERIFY(plan->warnings.front().find("role u700") != std::string::npos);
    }

    void aRowOfAnotherFormIsRetractedAsItIs()
    {
        // A role as an older version wrote it: without a field that this one has.
        const auto old =
            q("{'key':{'id':{'User':600}},'kind':'Role','value':{'name':'r600','attributes':{'inherit':true,"
              "'superuser':null,'login':null},'membership':{'map':[]},'vars':{'entries':[]},'oid':25000}}");
        const auto base = baseWith(*m_newBase, {{old, 1}});
        const auto plan = planEdit(
            draftOf("role", "{'id':{'User':600}}",
                    "{'name':'r601','attributes':{'inherit':true,'superuser':null,'login':null,'auto_provision_source':"
                    "null},'membership':{'map':[]},'vars':{'entries':[]},'oid':25000}"),
            base);
        QVERIFY2(plan, messageOf(plan).toUtf8());
        QCOMPARE(jsonOf(plan->changes.front().stored), jsonOf(std::string(textOf(*codec::sourceDataOf(old)))));
        QCOMPARE(plan->changes.front().diff, std::int64_t(-1));
        QCOMPARE(plan->warnings.size(), std::size_t(1));
        QVERIFY(plan->warnings.front().find("byte for byte") != std::string::npos);
        // Writing the same value in the form of today is a change, too.
        const auto normalised = planEdit(
            draftOf(
                "role", "{'id':{'User':600}}",
                "{'name':'r600','attributes':{'inherit':true,'superuser':null,'login':null},'membership':{'map':[]},"
                "'vars':{'entries':[]},'oid':25000}"),
            base);
        QVERIFY2(normalised, messageOf(normalised).toUtf8());
        QCOMPARE(normalised->changes.size(), std::size_t(4));
    }

    void severalRowsOfAKeyAreSettledWhenAsked()
    {
        const auto setting = [](const std::string& value) {
            return q("{'key':{'name':'twice'},'kind':'Setting','value':{'value':'" + value + "'}}");
        };
        const auto base = baseWith(*m_newBase, {{setting("a"), 1}, {setting("b"), 1}, {setting("never there"), -1}});
        const auto draft = draftOf("setting", "{'name':'twice'}", "{'value':'c'}");
        const auto refused = planEdit(draft, base);
        QVERIFY2(refused, messageOf(refused).toUtf8());
        QVERIFY(names(refused->refusals, Override::SeveralRows));
        QVERIFY(refused->refusals.front().reason.find("2 live rows and 1 dangling retraction") != std::string::npos);

        PlanOptions options;
        options.overrides = {Override::SeveralRows};
        const auto plan = planEdit(draft, base, options);
        QVERIFY2(plan, messageOf(plan).toUtf8());
        QVERIFY(plan->mayCommit());
        RowSums sums;
        for (const auto& row : base->rowsOf({"Setting", q("{'name':'twice'}")}))
            sums[row.stored] += row.diff;
        sums = changed(sums, plan->edits.front().changes);
        QCOMPARE(sums.size(), std::size_t(1));
        QCOMPARE(jsonOf(sums.begin()->first), setting("c"));
        QCOMPARE(sums.begin()->second, std::int64_t(1));

        const auto gone = planDelete(draft, base, options);
        QVERIFY2(gone, messageOf(gone).toUtf8());
        sums.clear();
        for (const auto& row : base->rowsOf({"Setting", q("{'name':'twice'}")}))
            sums[row.stored] += row.diff;
        QVERIFY(changed(sums, gone->edits.front().changes).empty());

        // One of the rows may stay, and then it is not touched.
        const auto keeps = planEdit(draftOf("setting", "{'name':'twice'}", "{'value':'b'}"), base, options);
        QVERIFY2(keeps, messageOf(keeps).toUtf8());
        QCOMPARE(keeps->edits.front().changes.size(), std::size_t(2));
    }

    void noAppendOfOnesMendsARowThatIsThereTwice()
    {
        const auto row = q("{'key':{'name':'double'},'kind':'Setting','value':{'value':'a'}}");
        const auto twice = baseWith(*m_newBase, {{row, 2}});
        const auto plan = planEdit(draftOf("setting", "{'name':'double'}", "{'value':'c'}"), twice);
        QVERIFY(!plan);
        QCOMPARE(plan.error().code, ErrorCode::Corrupt);
        const auto dangling = baseWith(*m_newBase, {{row, -1}});
        PlanOptions options;
        options.overrides = {Override::SeveralRows};
        const auto again = planEdit(draftOf("setting", "{'name':'double'}", "{'value':'a'}"), dangling, options);
        QVERIFY(!again);
        QCOMPARE(again.error().code, ErrorCode::InvalidInput);
        QVERIFY(again.error().message.find("delete the key first") != std::string::npos);
    }

    void severalFenceTokensBecomeOne()
    {
        const auto base = baseWith(*m_newBase, {{q("{'deploy_generation':2,'epoch':9,'kind':'FenceToken'}"), 1}});
        const auto draft = draftOf("setting", "{'name':'a'}", "{'value':'1'}");
        const auto refused = planEdit(draft, base);
        QVERIFY2(refused, messageOf(refused).toUtf8());
        QVERIFY(names(refused->refusals, Override::SeveralRows));
        PlanOptions options;
        options.overrides = {Override::SeveralRows};
        const auto plan = planEdit(draft, base, options);
        QVERIFY2(plan, messageOf(plan).toUtf8());
        QCOMPARE(plan->changes.size(), std::size_t(4));
        QCOMPARE(plan->tokenAfter.epoch, Epoch(11));
    }

    void withoutAFenceTokenThereIsNothingToRepair()
    {
        const auto base = baseWith(*m_newBase, {}, {{"FenceToken", "null"}});
        const auto plan = planEdit(draftOf("setting", "{'name':'a'}", "{'value':'1'}"), base);
        QVERIFY(!plan);
        QCOMPARE(plan.error().code, ErrorCode::NotFound);
    }

    void someTokensHaveNoNext_data()
    {
        QTest::addColumn<QString>("token");
        QTest::newRow("the last epoch") << "{'deploy_generation':2,'epoch':9223372036854775807,'kind':'FenceToken'}";
        QTest::newRow("the one before none") << "{'deploy_generation':2,'epoch':-1,'kind':'FenceToken'}";
        QTest::newRow("one that does not decode") << "{'deploy_generation':2,'epoch':'x','kind':'FenceToken'}";
    }

    void someTokensHaveNoNext()
    {
        QFETCH(QString, token);
        const auto base = baseWith(*m_newBase, {{q(token.toStdString()), 1}}, {{"FenceToken", "null"}});
        const auto plan = planEdit(draftOf("setting", "{'name':'a'}", "{'value':'1'}"), base);
        QVERIFY(!plan);
        QCOMPARE(plan.error().code, ErrorCode::Corrupt);
    }

    void aValueThatDoesNotFitIsWrittenOnlyWhenAsked()
    {
        PlanOptions options;
        options.overrides = {Override::InvalidValue};
        const auto plan =
            planEdit(draftOf("setting", "{'name':'migration_version'}", "{'value':1,'more':[]}"), m_newBase, options);
        QVERIFY2(plan, messageOf(plan).toUtf8());
        QVERIFY(names(plan->overridden, Override::InvalidValue));
        QVERIFY(!plan->edits.front().isTyped);
        QCOMPARE(jsonOf(plan->changes[2].stored),
                 q("{'key':{'name':'migration_version'},'kind':'Setting','value':{'more':[],'value':1}}"));
        QCOMPARE(plan->changes.size(), std::size_t(4));
    }

    void rowsThatNoTypesFitCanGo()
    {
        const auto odd = q("{'key':{'more':1,'name':'odd'},'kind':'Setting','value':7}");
        const auto later = q("{'key':{'cluster_id':{'User':1},'name':'a'},'kind':'ClusterSystemConfiguration','value':{"
                             "'value':'1'}}");
        const auto strange = q("{'key':[1],'kind':'Strange'}");
        const auto base = baseWith(*m_newBase, {{odd, 1}, {later, 1}, {strange, 1}});
        PlanOptions options;
        options.overrides = {Override::InvalidValue, Override::UnknownVersion};
        for (const auto& [draft, row, which] :
             {std::tuple(removalOf("setting", "{'name':'odd','more':1}"), odd, Override::InvalidValue),
              std::tuple(removalOf("cluster_system_configuration", "{'name':'a','cluster_id':{'User':1}}"), later,
                         Override::UnknownVersion),
              std::tuple(removalOf("Strange", "[1]"), strange, Override::UnknownVersion)}) {
            const auto refused = planEdit(draft, base);
            QVERIFY(!refused);
            QVERIFY2(messageOf(refused).contains(text(std::string(nameOf(which)))), messageOf(refused).toUtf8());
            const auto plan = planEdit(draft, base, options);
            QVERIFY2(plan, messageOf(plan).toUtf8());
            QVERIFY(plan->mayCommit());
            QVERIFY(names(plan->overridden, which));
            QCOMPARE(described(plan->edits.front().changes), std::vector<std::string> {"-" + row});
        }
    }

    void aVersionWithoutTypesIsRawJson_data()
    {
        QTest::addColumn<QString>("config");
        QTest::newRow("newer") << "{'key':{'key':'user_version'},'kind':'Config','value':{'value':93}}";
        QTest::newRow("older") << "{'key':{'key':'user_version'},'kind':'Config','value':{'value':66}}";
        QTest::newRow("none") << "";
    }

    void aVersionWithoutTypesIsRawJson()
    {
        QFETCH(QString, config);
        std::vector<std::pair<std::string, std::int64_t>> rows {
            {q("{'key':{'a':1},'kind':'Novelty','value':{'b':[2]}}"), 1}};
        if (!config.isEmpty())
            rows.emplace_back(q(config.toStdString()), 1);
        const auto base = baseWith(*m_newBase, rows, {{"Config", q("{'key':'user_version'}")}});
        QVERIFY(!base->isTyped());
        const auto draft = draftOf("Novelty", "{'a': 1}", "{'b':[3],'c':null}");
        const auto refused = planEdit(draft, base);
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::Unsupported);
        QVERIFY(refused.error().message.find("unknown-version") != std::string::npos);

        PlanOptions options;
        options.overrides = {Override::UnknownVersion};
        const auto plan = planEdit(draft, base, options);
        QVERIFY2(plan, messageOf(plan).toUtf8());
        QVERIFY(plan->mayCommit());
        QCOMPARE(described(plan->edits.front().changes),
                 (std::vector<std::string> {"-" + q("{'key':{'a':1},'kind':'Novelty','value':{'b':[2]}}"),
                                            "+" + q("{'key':{'a':1},'kind':'Novelty','value':{'b':[3],'c':null}}")}));
        const auto setting =
            planEdit(draftOf("setting", "{'name':'catalog_content_version'}", "{'value':'9'}"), base, options);
        QVERIFY2(setting, messageOf(setting).toUtf8());
        QVERIFY(names(setting->refusals, Override::ContentVersion));
        const auto unknown = planEdit(draftOf("Nowhere", "{}", "{}"), base, options);
        QVERIFY(!unknown);
        QCOMPARE(unknown.error().code, ErrorCode::InvalidInput);
    }

    void bothErasPlanAlike()
    {
        const auto plan = planEdit(draftOf("database", "{'id':{'value':{'User':1}}}",
                                           "{'name':'renamed','owner_id':{'value':{'System':1}},'privileges':[],"
                                           "'oid':20001}"),
                                   m_oldBase);
        QVERIFY2(plan, messageOf(plan).toUtf8());
        QVERIFY2(plan->mayCommit(), plan->refusals.empty() ? "" : plan->refusals.front().reason.c_str());
        const auto goes = planEdit(removalOf("database", "{'id':{'value':{'User':1}}}"), m_oldBase);
        QVERIFY2(goes, messageOf(goes).toUtf8());
        QVERIFY(names(goes->refusals, Override::References));
    }

    void overridesHaveNames()
    {
        for (std::size_t i = 0; i < kOverrideCount; ++i) {
            const auto named = overrideNamed(nameOf(Override(i)));
            QVERIFY(named);
            QCOMPARE(int(*named), int(i));
        }
        const auto none = overrideNamed("everything");
        QVERIFY(!none);
        QVERIFY(none.error().message.find("last-config") != std::string::npos);
    }

private:
    std::string firstParameter() const
    {
        const auto update = m_newBase->updatesOfKind("ServerConfiguration").front();
        return nameOfRow(m_newBase->updates().rows[update])->key;
    }

    std::vector<RowName> itemsAndComments() const
    {
        std::vector<RowName> found;
        for (const auto* kind : {"Item", "Comment"})
            for (const auto update : m_newBase->updatesOfKind(kind))
                found.push_back(*nameOfRow(m_newBase->updates().rows[update]));
        return found;
    }

    std::unique_ptr<Scene> m_new;
    std::unique_ptr<Scene> m_old;
    EditBasePtr m_newBase;
    EditBasePtr m_oldBase;
};

QTEST_APPLESS_MAIN(TestEditPlan)
#include "tst_edit_plan.moc"
