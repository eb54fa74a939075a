#include "core/catalog/row_schema.h"
#include "tests/core/catalog/catalog_fixtures.h"

#include <QtTest>

#include <map>
#include <set>
#include <string>

using namespace inspector;
using catalog::CollectionType;
using catalog::RowSchema;
using catalog::RowShape;
using catalog::TypeKind;
using codec::JsonTape;
using codec::JsonType;

namespace {

/// A type of ours in the words of the fixture's JSON.
std::string spelled(const RowSchema& schema, catalog::TypeIndex index)
{
    const auto& type = schema.type(index);
    if (type.kind == TypeKind::Option)
        return "?" + spelled(schema, type.inner);
    if (type.kind == TypeKind::List)
        return "*" + spelled(schema, type.inner);
    return type.name;
}

/// A type of the fixture in the same words.
std::string spelled(const JsonTape& tape, std::uint32_t node)
{
    const auto& json = tape.nodes()[node];
    if (json.type == JsonType::String)
        return std::string(json.text);
    const auto inner = node + 1;
    const auto how = tape.nodes()[inner].name;
    if (how == "ref") {
        const auto path = tape.nodes()[inner].text;
        const auto at = path.rfind("::");
        return std::string(at == std::string_view::npos ? path : path.substr(at + 2));
    }
    return (how == "option" ? "?" : "*") + spelled(tape, inner);
}

} // namespace

class TestRowSchema : public QObject
{
    Q_OBJECT

private slots:
    void everyTypeOfTheFixtureIsThere()
    {
        const auto text = test::textOfFile(test::modelFixture("schemas.json"));
        JsonTape tape;
        QVERIFY(tape.parseJson(text).has_value());
        const auto versions = tape.indexOf(*tape.member(0, "versions"));
        for (std::uint32_t number = catalog::kOldestVersion; number <= catalog::kNewestVersion; ++number) {
            const auto schema = RowSchema::load(number);
            QVERIFY(schema.has_value());
            auto version = tape.indexOf(*tape.member(versions, std::to_string(number)));
            QCOMPARE((*schema)->shape() == RowShape::Proto, tape.member(version, "era")->text == "proto");
            if (const auto* same = tape.member(version, "same_types_as"); same != nullptr)
                version = tape.indexOf(*tape.member(versions, same->text));
            // Types by what they are made of, because ours have no paths.
            std::multiset<std::string> expected;
            std::multiset<std::string> found;
            const auto types = tape.indexOf(*tape.member(version, "types"));
            for (auto type = types + 1; type < tape.nodes()[types].next; type = tape.nodes()[type].next) {
                const auto path = tape.nodes()[type].name;
                const auto at = path.rfind("::");
                std::string line(at == std::string_view::npos ? path : path.substr(at + 2));
                if (const auto* fields = tape.member(type, "fields"); fields != nullptr) {
                    for (auto f = tape.indexOf(*fields) + 1; f < fields->next; f = tape.nodes()[f].next) {
                        line += " " + std::string(tape.member(f, "name")->text) + ":"
                            + spelled(tape, tape.indexOf(*tape.member(f, "type")));
                    }
                } else if (const auto* inner = tape.member(type, "inner"); inner != nullptr) {
                    line += " =" + spelled(tape, tape.indexOf(*inner));
                } else if (const auto* values = tape.member(type, "values"); values != nullptr) {
                    std::map<std::int64_t, std::string> sorted;
                    for (auto v = tape.indexOf(*values) + 1; v < values->next; v = tape.nodes()[v].next)
                        sorted.emplace(std::stol(std::string(tape.nodes()[v].text)), tape.nodes()[v].name);
                    for (const auto& [value, name] : sorted)
                        line += " " + name + "=" + std::to_string(value);
                } else {
                    const auto* variants = tape.member(type, "variants");
                    for (auto v = tape.indexOf(*variants) + 1; v < variants->next; v = tape.nodes()[v].next) {
                        const auto* payload = tape.member(v, "payload");
                        line += " " + std::string(tape.nodes()[v].name)
                            + (payload == nullptr ? "" : "(" + spelled(tape, tape.indexOf(*payload)) + ")");
                    }
                }
                expected.insert(std::move(line));
            }
            for (const auto& type : (*schema)->types()) {
                std::string line = type.name;
                for (const auto& field : type.fields)
                    line += " " + field.name + ":" + spelled(**schema, field.type);
                for (const auto& [value, name] : type.enumerators)
                    line += " " + name + "=" + std::to_string(value);
                for (const auto& variant : type.variants)
                    line +=
                        " " + variant.name + (variant.hasPayload ? "(" + spelled(**schema, variant.payload) + ")" : "");
                if (type.kind == TypeKind::Newtype)
                    line += " =" + spelled(**schema, type.inner);
                QVERIFY(type.fields.size() <= 20); // RowTyper has room for 64
                const bool isOfTheFixture = type.kind == TypeKind::Struct || type.kind == TypeKind::Newtype
                    || type.kind == TypeKind::Choice || type.kind == TypeKind::IntEnum;
                if (isOfTheFixture)
                    found.insert(std::move(line));
            }
            QVERIFY2(found == expected, ("version " + std::to_string(number)).c_str());
        }
    }

    void collectionsAppearWithTheirVersion()
    {
        for (std::uint32_t number = catalog::kOldestVersion; number <= catalog::kNewestVersion; ++number) {
            const auto schema = RowSchema::nearest(number);
            for (const auto& collection : catalog::collections()) {
                QCOMPARE(schema->has(collection.type), collection.since <= number);
                if (!schema->has(collection.type))
                    continue;
                QCOMPARE(schema->typesOf(collection.type).hasKey, collection.hasKey);
                QCOMPARE(schema->typesOf(collection.type).hasValue, collection.hasValue);
            }
            QCOMPARE(schema->type(schema->fenceToken()).name, std::string("FenceToken"));
        }
    }

    void unknownVersionsAreRefusedNamingBothEnds()
    {
        QCOMPARE(RowSchema::load(93).error().message,
                 std::string("catalog version 93 is not known to this build, which knows 67 to 92"));
        QCOMPARE(RowSchema::load(66).error().code, ErrorCode::Unsupported);
        QCOMPARE(RowSchema::nearest(18446744073709551615U)->version(), catalog::kNewestVersion);
        QCOMPARE(RowSchema::nearest(0)->version(), catalog::kOldestVersion);
    }

    void collectionsAreFoundByNameAndKind()
    {
        std::set<std::string_view> names;
        for (const auto& collection : catalog::collections()) {
            QCOMPARE(catalog::collectionNamed(collection.name), &collection);
            QCOMPARE(catalog::collectionOfKind(collection.kind), &collection);
            QCOMPARE(&catalog::collectionOf(collection.type), &collection);
            QVERIFY(!collection.title.empty() && collection.help.ends_with('.'));
            names.insert(collection.name);
        }
        QCOMPARE(names.size(), catalog::kCollectionCount);
        QCOMPARE(catalog::collectionOfKind("FenceToken"), nullptr);
        QCOMPARE(catalog::collectionOfKind(""), nullptr);
        QCOMPARE(catalog::collectionOfKind("X"), nullptr);
        QCOMPARE(catalog::collectionNamed("clusters"), nullptr);
        QCOMPARE(catalog::collectionNamed("compute_instance")->kind, std::string_view("Cluster"));
    }

    void namesAreListedInOrder()
    {
        std::string_view before;
        for (const auto type : catalog::collectionsByName()) {
            QVERIFY(catalog::collectionOf(type).name > before);
            before = catalog::collectionOf(type).name;
        }
    }
};

QTEST_APPLESS_MAIN(TestRowSchema)
#include "tst_row_schema.moc"
