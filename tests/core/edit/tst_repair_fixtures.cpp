#include "core/base/base64.h"
#include "core/catalog/collection.h"
#include "core/codec/row_codec.h"
#include "core/edit/repair.h"
#include "core/persist/recognise.h"
#include "core/persist/shard_reader.h"
#include "tests/core/edit/repair_scene.h"
#include "tests/support/fixture.h"
#include "tests/support/sample_content.h"
#include "tests/support/throwaway_postgres.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QtTest>

#include <regex>

using namespace inspector;
using namespace inspector::edit;
using namespace inspector::test;
using catalog::CollectionType;

namespace {

const Job kJob;

QString text(const std::string& from)
{
    return QString::fromStdString(from);
}

template <typename T>
QString messageOf(const Result<T>& result)
{
    return result ? QStringLiteral("ok") : text(result.error().describe());
}

/// `json` with one number or text of it changed, so that it still fits its types; the same when there is none.
std::string changedValue(const std::string& json)
{
    const std::pair<const char*, const char*> kTexts[] {{"name", "edited "},
                                                        {"value", "edited "},
                                                        {"comment", "edited "},
                                                        {"fingerprint", "edited "},
                                                        {"namespace", "edited "}};
    for (const auto& [member, prefix] : kTexts) {
        const auto opening = "\"" + std::string(member) + "\":\"";
        if (const auto at = json.find(opening); at != std::string::npos)
            return json.substr(0, at + opening.size()) + prefix + json.substr(at + opening.size());
    }
    if (const auto at = json.find("\"shard\":\"s"); at != std::string::npos) {
        auto other = json;
        auto& digit = other[at + 10];
        digit = digit == 'f' ? 'e' : 'f';
        return other;
    }
    std::smatch found;
    const std::regex number("\"(next_id|bitflags|oid|value|millis|id)\":(\\d+)");
    if (std::regex_search(json, found, number)) {
        const auto value = std::stoull(found[2].str());
        return found.prefix().str() + "\"" + found[1].str() + "\":" + std::to_string(value < 5 ? value + 1 : value - 1)
            + found.suffix().str();
    }
    return json;
}

/// A row that catalogs of a version may have, from the reference's examples: one of each kind for some versions, random
/// ones for all.
std::optional<std::pair<std::string, std::string>> exampleOf(std::uint64_t version,
                                                             const catalog::Collection& collection)
{
    catalog::RowEncoder encoder(*catalog::RowSchema::load(version));
    for (const auto& name : {QStringLiteral("worked_examples.v%1.jsonl"), QStringLiteral("objects_v%1.txt")}) {
        QFile file(QStringLiteral(INSPECTOR_FIXTURES "/catalog-model/") + name.arg(version));
        if (!file.open(QIODevice::ReadOnly))
            continue;
        for (auto line : file.readAll().split('\n')) {
            if (const auto at = line.indexOf("\"source_data\":\""); at >= 0)
                line = line.mid(at + 15).chopped(2);
            const auto bytes = fromBase64(line.toStdString());
            if (!bytes)
                continue;
            const std::string stored(textOf(*bytes));
            if (codec::kindOf(viewOf(stored)) != collection.kind)
                continue;
            // Some random rows leave out what real ones have: only one that the version writes itself will do.
            if (const auto row = encoder.decode(viewOf(stored)))
                if (encoder.encode(collection.type, row->key, row->value))
                    return std::pair(row->key, row->value);
        }
    }
    return std::nullopt;
}

/// One catalog, open for repairs in one place.
struct Site
{
    store::WritableStores writing;
    store::Stores reading;
    ShardId shard;
    ManualClock clock;

    [[nodiscard]] Result<EditBasePtr> base() const
    {
        return readEditBase(*reading.consensus, *reading.blob, shard, kJob);
    }
};

Result<std::unique_ptr<Site>> openSite(const store::Location& location)
{
    INSPECTOR_TRY(auto writing, store::openWritableStores(location, nullptr, kJob));
    INSPECTOR_TRY(auto reading, store::openStores(location, nullptr, kJob));
    const auto isCatalog = [](const persist::Updates&) { return true; };
    INSPECTOR_TRY(auto found, persist::findCatalogShard(*reading.consensus, *reading.blob, isCatalog, kJob));
    found.reader.reset();
    std::unique_ptr<Site> site(new Site {std::move(writing), std::move(reading), found.shardId, {}});
    INSPECTOR_TRY(const auto state,
                  persist::StateReader(*site->reading.consensus, *site->reading.blob, site->shard).current(kJob));
    site->clock.advance(static_cast<std::int64_t>(state->walltimeMs) + 1000 - site->clock.walltimeMs());
    return site;
}

/// What is done to one collection: its draft that edits, and the one that deletes what was edited.
struct Errand
{
    std::string collection;
    EditDraft edit;
    EditDraft removal;
};

/// Rows that the next repair, or this program, depends on.
bool isDelicate(const RowName& name)
{
    return name.key == q("{'key':'user_version'}") || name.key == q("{'name':'catalog_content_version'}");
}

Result<std::vector<Errand>> errandsOf(const EditBase& base)
{
    std::vector<Errand> errands;
    for (const auto& collection : catalog::collections()) {
        if (!base.schema()->has(collection.type))
            continue;
        Errand errand;
        errand.collection = std::string(collection.name);
        std::optional<std::pair<std::string, std::string>> row;
        for (const auto update : base.updatesOfKind(collection.kind)) {
            const auto name = nameOfRow(base.updates().rows[update]);
            if (!name || isDelicate(*name))
                continue;
            const auto rows = base.rowsOf(*name);
            if (rows.size() == 1)
                row = std::pair(name->key, rows.front().value);
            break;
        }
        const bool isThere = row.has_value();
        if (!row)
            row = exampleOf(*base.facts().userVersion(), collection);
        if (!row)
            return fail(ErrorCode::NotFound, "no row of " + errand.collection);
        errand.edit.collection = errand.removal.collection = errand.collection;
        errand.edit.key = row->first;
        errand.edit.value = row->second;
        if (isThere && collection.hasValue)
            errand.edit.value = changedValue(row->second);
        else if (isThere)
            errand.edit.key = changedValue(row->first);
        errand.removal.key = isThere ? row->first : errand.edit.key;
        errands.push_back(std::move(errand));
    }
    return errands;
}

} // namespace

/// Every shard that the real system wrote takes an edit and a deletion in every collection.
class TestRepairFixtures : public QObject
{
    Q_OBJECT

private:
    QTemporaryDir m_folder {QStringLiteral(INSPECTOR_BUILD "/repair_fixtures_XXXXXX")};
    int m_number = 0;

    /// Plans the drafts, with the overrides that it takes, commits, and looks at everything.
    QString repair(Site& site, const std::vector<EditDraft>& drafts)
    {
        const auto base = site.base();
        if (!base)
            return messageOf(base);
        auto plan = planEdits(drafts, *base);
        if (!plan)
            return messageOf(plan);
        PlanOptions options;
        for (const auto& refusal : plan->refusals)
            options.overrides.insert(refusal.which);
        plan = planEdits(drafts, *base, options);
        if (!plan || !plan->mayCommit())
            return "with overrides: " + messageOf(plan);
        const auto& consensus = *site.reading.consensus;
        const auto& blob = *site.reading.blob;
        const auto before = beforeOf(consensus, blob, site.shard);
        if (!before)
            return messageOf(before);
        RepairOptions repairOptions;
        repairOptions.journalPath = m_folder.filePath(QStringLiteral("j%1").arg(++m_number)).toStdString();
        repairOptions.clock = &site.clock;
        const auto receipt =
            commitRepair(*plan, {*site.writing.consensus, *site.writing.blob, consensus, blob}, repairOptions, kJob);
        QFile::remove(text(repairOptions.journalPath));
        if (!receipt)
            return messageOf(receipt);
        if (receipt->proof != Proof::ReadBack || !receipt->isWriterExpired || !receipt->remarks.empty())
            return text(receipt->proofText);
        if (plan->tokenAfter.deployGeneration != plan->tokenBefore.deployGeneration
            || plan->tokenAfter.epoch != plan->tokenBefore.epoch.next())
            return "the token is not the next one";
        if (const auto problem = auditRepair(consensus, blob, site.shard, *before, plan->changes); !problem.empty())
            return text(problem);
        return text(guestTrespass(consensus, site.shard, before->state->seqno));
    }

    void repairEveryCollection(Site& site)
    {
        const auto base = site.base();
        QVERIFY2(base, messageOf(base).toUtf8());
        const auto errands = errandsOf(**base);
        QVERIFY2(errands, messageOf(errands).toUtf8());
        QVERIFY(errands->size() >= 21);
        for (const auto& errand : *errands) {
            const auto edited = repair(site, {errand.edit});
            QVERIFY2(edited.isEmpty(), (text(errand.collection) + " edited: " + edited).toUtf8());
            const auto removed = repair(site, {errand.removal});
            QVERIFY2(removed.isEmpty(), (text(errand.collection) + " deleted: " + removed).toUtf8());
        }
    }

    QString scratchCopy(const QString& shard)
    {
        const auto original = shardFile(shard.toStdString());
        const auto copy = m_folder.filePath(shard + ".mzcat");
        if (!original || !QFile::copy(text(*original), copy))
            return {};
        QFile::setPermissions(copy, QFile::ReadOwner | QFile::WriteOwner);
        return copy;
    }

    static void smallOnes()
    {
        QTest::addColumn<QString>("shard");
        for (const auto& shard : smallShards())
            QTest::newRow(shard.c_str()) << text(shard);
    }

private slots:
    void catalogFilesAreRepaired_data() { smallOnes(); }
    void catalogFilesAreRepaired()
    {
        QFETCH(QString, shard);
        const auto copy = scratchCopy(shard);
        QVERIFY(!copy.isEmpty());
        const auto site = openSite(store::Location::ofCatalogFile(copy.toStdString()));
        QVERIFY2(site, messageOf(site).toUtf8());
        repairEveryCollection(**site);
    }

    void largeCatalogFilesAreRepaired_data()
    {
        QTest::addColumn<QString>("shard");
        QTest::newRow("old-large") << "old-large";
        QTest::newRow("new-large") << "new-large";
    }

    void largeCatalogFilesAreRepaired()
    {
        QFETCH(QString, shard);
        const auto copy = scratchCopy(shard);
        QVERIFY(!copy.isEmpty());
        {
            const auto site = openSite(store::Location::ofCatalogFile(copy.toStdString()));
            QVERIFY2(site, messageOf(site).toUtf8());
            const auto base = (*site)->base();
            QVERIFY2(base, messageOf(base).toUtf8());
            const auto errands = errandsOf(**base);
            QVERIFY2(errands, messageOf(errands).toUtf8());
            std::vector<EditDraft> edits;
            std::vector<EditDraft> removals;
            for (const auto& errand : *errands) {
                edits.push_back(errand.edit);
                removals.push_back(errand.removal);
            }
            const auto edited = repair(**site, edits);
            QVERIFY2(edited.isEmpty(), edited.toUtf8());
            const auto removed = repair(**site, removals);
            QVERIFY2(removed.isEmpty(), removed.toUtf8());
        }
        QFile::remove(copy);
    }

    void serversAndFoldersAreRepaired_data() { smallOnes(); }
    void serversAndFoldersAreRepaired()
    {
        QFETCH(QString, shard);
        static std::unique_ptr<ThrowawayPostgres> server;
        if (!server) {
            auto started = ThrowawayPostgres::start();
            QVERIFY2(started, messageOf(started).toUtf8());
            server = *std::move(started);
        }
        const auto content = contentOfCatalogFile(*shardFile(shard.toStdString()));
        QVERIFY2(content, messageOf(content).toUtf8());
        const auto schema = QString(shard).replace('-', '_').toStdString();
        const auto folder = m_folder.filePath(shard).toStdString();
        QVERIFY(QDir().mkpath(text(folder)));
        QVERIFY(server->createTable(schema));
        const auto filled = server->fill(**content, schema);
        QVERIFY2(filled, messageOf(filled).toUtf8());
        const auto written = writeBlobFolder(folder, **content);
        QVERIFY2(written, messageOf(written).toUtf8());
        const auto site = openSite(
            {server->socketUrl(ThrowawayPostgres::kOwner, "options=--search_path=" + schema), "file://" + folder});
        QVERIFY2(site, messageOf(site).toUtf8());
        repairEveryCollection(**site);
        if (shard == smallShards().back().c_str())
            server.reset();
    }
};

QTEST_APPLESS_MAIN(TestRepairFixtures)
#include "tst_repair_fixtures.moc"
