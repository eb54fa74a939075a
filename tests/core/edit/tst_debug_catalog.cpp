#include "core/codec/row_codec.h"
#include "core/edit/write_guard.h"
#include "core/machine/shard_writer.h"
#include "core/store/catalog_file.h"
#include "tests/core/edit/catalog_story.h"
#include "tests/support/fixture.h"

#include <QFile>
#include <QTemporaryDir>
#include <QtTest>

#include <algorithm>

using namespace inspector;
using namespace inspector::test;
using catalog::CollectionType;

namespace {

const Job kJob;

QString text(const std::string& text)
{
    return QString::fromStdString(text);
}

template <typename T>
QString outcome(const Result<T>& result)
{
    return text(outcomeOf(result));
}

std::string encoded(const std::string& json)
{
    const auto bytes = codec::sourceDataOf(json);
    return bytes ? std::string(textOf(BytesView(*bytes))) : std::string();
}

/// Appends rows without a word to the catalog's writers: what an older release, or a mistake, left behind.
Result<> append(Story& story, std::vector<std::pair<std::string, std::int64_t>> rows)
{
    INSPECTOR_TRY(auto stores, story.place().open());
    machine::Profile profile;
    profile.era = story.catalogVersion() == 72 ? machine::Era::Old : machine::Era::New;
    profile.buildVersion = story.options().build.version;
    RandomIdSource ids;
    machine::ShardWriter writer(*stores.consensus, *stores.blob, story.shard(), profile, story.clock(), ids);
    INSPECTOR_TRY(const auto state, writer.refresh(kJob));
    const auto upper = *state->upper();
    std::vector<machine::RowUpdate> updates;
    for (auto& [json, diff] : rows)
        updates.push_back({encoded(json), {}, upper.value(), diff});
    INSPECTOR_TRY(const auto permit, edit::WriteGuard(catalog::Mode::Writable, std::nullopt).permit(upper));
    INSPECTOR_CHECK(writer.compareAndAppend(permit, {upper, upper.next(), std::move(updates)}, kJob));
    return {};
}

std::vector<std::string> rowsWith(const Story& story, const std::string& part)
{
    auto rows = story.rows().value_or(std::vector<std::string>());
    std::erase_if(rows, [&](const auto& row) { return row.find(part) == std::string::npos; });
    return rows;
}

} // namespace

#define SUCCEEDS(call)                                                                                                 \
    do {                                                                                                               \
        const auto& answer_ = (call);                                                                                  \
        QVERIFY2(answer_.has_value(), qPrintable(outcome(answer_)));                                                   \
    } while (false)
#define HEALTHY(story) QCOMPARE(text((story).audit()), QString())

/// Edits of single rows (catalog-model §2.19, §12.4).
class TestDebugCatalog : public QObject
{
    Q_OBJECT

    std::unique_ptr<edit::DebugCatalog> debugOf(Story& story, std::optional<std::uint64_t> generation = std::nullopt)
    {
        auto unopened = story.construct(generation);
        return unopened ? std::move(**unopened).openDebug() : nullptr;
    }

private slots:
    /// A row that an older release wrote without a field that is null today: retracting its typed form would leave it.
    void theStoredBytesAreRetracted()
    {
        Story story(92, Place::inMemory());
        SUCCEEDS(story.open());
        const std::string stale = R"({"key":{"id":{"User":9}},"kind":"Role","value":{"attributes":{"inherit":true},)"
                                  R"("membership":{"map":[]},"name":"stale","oid":50000,"vars":{"entries":[]}}})";
        SUCCEEDS(append(story, {{stale, 1}}));
        HEALTHY(story);
        const auto debug = debugOf(story);
        QVERIFY(debug != nullptr);
        const auto previous = debug->edit(CollectionType::Role, R"({"id":{"User":9}})",
                                          R"({"name":"fresh","attributes":{"inherit":true},"membership":{"map":[]},)"
                                          R"("vars":{"entries":[]},"oid":50000})",
                                          kJob);
        SUCCEEDS(previous);
        // As it is typed, with what it lacked.
        QVERIFY(previous->has_value());
        QVERIFY2((*previous)->find(R"("login":null)") != std::string::npos, (*previous)->c_str());
        QCOMPARE(rowsWith(story, "stale").size(), std::size_t(0));
        QCOMPARE(rowsWith(story, "fresh").size(), std::size_t(1));
        HEALTHY(story);
        SUCCEEDS(append(story, {{rowsWith(story, "fresh").front(), -1}, {stale, 1}}));
        SUCCEEDS(debugOf(story)->remove(CollectionType::Role, R"({"id":{"User":9}})", kJob));
        QCOMPARE(rowsWith(story, R"("User":9)").size(), std::size_t(0));
        HEALTHY(story);
    }

    void severalRowsForAKeyAreNotEdited()
    {
        Story story(92, Place::inMemory());
        const auto writer = story.open();
        SUCCEEDS(writer);
        const auto row = [](const char* value) {
            return std::string(R"({"key":{"name":"twice"},"kind":"Setting","value":{"value":")") + value + "\"}}";
        };
        SUCCEEDS(append(story, {{row("1"), 1}, {row("2"), 1}}));
        const auto debug = debugOf(story);
        const auto refused = debug->edit(CollectionType::Setting, R"({"name":"twice"})", R"({"value":"3"})", kJob);
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::Corrupt);
        QVERIFY2(outcome(refused).startsWith("multiple values found for key {\"name\":\"twice\"}"),
                 qPrintable(outcome(refused)));
        QCOMPARE(rowsWith(story, "FenceToken").front(), R"({"deploy_generation":0,"epoch":2,"kind":"FenceToken"})");
        // Deleting takes all of them.
        SUCCEEDS(debug->remove(CollectionType::Setting, R"({"name":"twice"})", kJob));
        QCOMPARE(rowsWith(story, "twice").size(), std::size_t(0));
        HEALTHY(story);
    }

    void aDanglingRetractionIsNotBuiltOn()
    {
        Story story(92, Place::inMemory());
        SUCCEEDS(story.open());
        SUCCEEDS(append(story, {{R"({"key":{"name":"gone"},"kind":"Setting","value":{"value":"1"}})", -1}}));
        const auto debug = debugOf(story);
        const auto edited = debug->edit(CollectionType::Setting, R"({"name":"gone"})", R"({"value":"2"})", kJob);
        QVERIFY(!edited);
        QCOMPARE(edited.error().code, ErrorCode::Corrupt);
        QVERIFY2(outcome(edited).contains("come to -1"), qPrintable(outcome(edited)));
        QVERIFY(!debug->remove(CollectionType::Setting, R"({"name":"gone"})", kJob));
        // Other rows are not its concern.
        SUCCEEDS(debug->edit(CollectionType::Setting, R"({"name":"other"})", R"({"value":"2"})", kJob));
    }

    void whatDoesNotFitItsTypesFencesNobody_data()
    {
        QTest::addColumn<QString>("key");
        QTest::addColumn<QString>("value");
        QTest::newRow("no JSON") << R"({"name":"a"})"
                                 << "{";
        QTest::newRow("a missing field") << R"({"name":"a"})"
                                         << "{}";
        QTest::newRow("another type") << R"({"name":"a"})"
                                      << R"({"value":1})";
        QTest::newRow("a field too many") << R"({"name":"a","x":1})"
                                          << R"({"value":"1"})";
        QTest::newRow("no key") << "null"
                                << R"({"value":"1"})";
    }
    void whatDoesNotFitItsTypesFencesNobody()
    {
        QFETCH(QString, key);
        QFETCH(QString, value);
        Story story(92, Place::inMemory());
        const auto writer = story.open();
        SUCCEEDS(writer);
        const auto refused =
            debugOf(story)->edit(CollectionType::Setting, key.toStdString(), value.toStdString(), kJob);
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::InvalidInput);
        SUCCEEDS((*writer)->confirmLeadership(kJob));
    }

    void aGivenGenerationIsTaken_data()
    {
        QTest::addColumn<bool>("isGiven");
        QTest::addColumn<QString>("token");
        QTest::newRow("none given: the durable one")
            << false << R"({"deploy_generation":3,"epoch":3,"kind":"FenceToken"})";
        QTest::newRow("a higher one") << true << R"({"deploy_generation":5,"epoch":3,"kind":"FenceToken"})";
    }
    void aGivenGenerationIsTaken()
    {
        QFETCH(bool, isGiven);
        QFETCH(QString, token);
        Story story(92, Place::inMemory());
        SUCCEEDS(story.open(3));
        const auto debug = debugOf(story, isGiven ? std::optional<std::uint64_t>(5) : std::nullopt);
        SUCCEEDS(debug->edit(CollectionType::Config, R"({"key":"a"})", R"({"value":18446744073709551615})", kJob));
        QCOMPARE(text(rowsWith(story, "FenceToken").front()), token);
        // The second write keeps the token.
        SUCCEEDS(debug->edit(CollectionType::Config, R"({"key":"a"})", R"({"value":2})", kJob));
        QCOMPARE(text(rowsWith(story, "FenceToken").front()), token);
        HEALTHY(story);
    }

    void anEmptyStoreHasNothingToEdit()
    {
        Story story(92, Place::inMemory());
        const auto debug = debugOf(story);
        QVERIFY(debug != nullptr);
        QCOMPARE(outcome(debug->edit(CollectionType::Config, R"({"key":"a"})", R"({"value":1})", kJob)),
                 QString("uninitialized"));
        // With a generation there is somebody to be.
        SUCCEEDS(debugOf(story, 0)->edit(CollectionType::Config, R"({"key":"a"})", R"({"value":1})", kJob));
        QCOMPARE(text(rowsWith(story, "FenceToken").front()),
                 QString(R"({"deploy_generation":0,"epoch":2,"kind":"FenceToken"})"));
    }

    /// Catalogs of the real system, in each era: an edit and a delete as a guest leave everything else as it was.
    void aGuestEditsWhatTheReferenceWrote_data()
    {
        QTest::addColumn<QString>("shard");
        QTest::addColumn<QString>("organization");
        QTest::addColumn<quint64>("version");
        QTest::newRow("old-busy") << "old-busy"
                                  << "7c0e1d44-6f2b-4a54-9a39-5a3b0f1f2c02" << quint64(72);
        QTest::newRow("new-busy") << "new-busy"
                                  << "8c0e1d44-6f2b-4a54-9a39-5a3b0f1f2c12" << quint64(82);
        QTest::newRow("old-log") << "old-log"
                                 << "0106106a-0000-4000-8000-00000000d001" << quint64(72);
        QTest::newRow("new-log") << "new-log"
                                 << "0106106a-0000-4000-8000-00000000d002" << quint64(82);
    }
    void aGuestEditsWhatTheReferenceWrote()
    {
        QFETCH(QString, shard);
        QFETCH(QString, organization);
        QFETCH(quint64, version);
        const auto original = shardFile(shard.toStdString());
        SUCCEEDS(original);
        const QTemporaryDir folder;
        const auto path = folder.filePath("catalog.mzcat");
        QVERIFY(QFile::copy(text(*original), path));
        QVERIFY(QFile::setPermissions(path, QFile::ReadOwner | QFile::WriteOwner));
        Story story(version, Place::ofCatalogFile(path.toStdString()),
                    wellKnownShard(organization.toStdString(), WellKnownShard::Catalog));
        const auto before = story.rows();
        SUCCEEDS(before);
        auto options = story.options(std::nullopt);
        options.stance = machine::Stance::Guest;
        options.clock = nullptr; // the reference's leases are of our days
        auto unopened = story.construct(options);
        SUCCEEDS(unopened);
        const auto seqnoBefore = story.state()->seqno;
        const auto debug = std::move(**unopened).openDebug();
        const char* key = R"({"name":"debug"})";
        SUCCEEDS(debug->edit(CollectionType::Setting, key, R"({"value":"1"})", kJob));
        QCOMPARE(story.state()->seqno.value(), seqnoBefore.value() + 1);
        HEALTHY(story);
        SUCCEEDS(debug->remove(CollectionType::Setting, key, kJob));
        QCOMPARE(story.state()->seqno.value(), seqnoBefore.value() + 2);
        HEALTHY(story);
        auto expected = *before;
        auto after = *story.rows();
        const auto withoutToken = [](std::vector<std::string>& rows) {
            std::erase_if(rows, [](const auto& row) { return row.find("FenceToken") != std::string::npos; });
        };
        withoutToken(expected);
        withoutToken(after);
        QVERIFY(after == expected);
        // And the emulated build opens it.
        const auto reader = story.openReadOnly();
        SUCCEEDS(reader);
        QVERIFY((*reader)->problems().empty());
    }
};

QTEST_APPLESS_MAIN(TestDebugCatalog)
#include "tst_debug_catalog.moc"
