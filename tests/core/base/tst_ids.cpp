#include "core/base/hex.h"
#include "core/base/ids.h"
#include "core/base/sha256.h"

#include <QtTest>

#include <string>

using namespace inspector;

class TestIds : public QObject
{
    Q_OBJECT

private slots:
    void aWellKnownShardFollowsFromTheOrganization_data()
    {
        QTest::addColumn<QString>("organization");
        QTest::addColumn<int>("shard");
        QTest::addColumn<QString>("id");
        const auto row = [](const char* organization, int shard, const char* id) {
            QTest::newRow((std::string(organization).substr(0, 8) + ", seed " + std::to_string(shard)).c_str())
                << organization << shard << id;
        };
        // persist-format 2.3
        constexpr auto* kFirst = "1497a3b7-a455-4fc4-8752-b44a94b5f90a";
        constexpr auto* kNil = "00000000-0000-0000-0000-000000000000";
        constexpr auto* kThird = "12345678-1234-1234-1234-123456789012";
        row(kFirst, 1, "s11b3d505-35d5-4e53-4ee9-d13016b7053f");
        row(kNil, 1, "s86892608-7ff3-82f8-1090-7584b4945aaa");
        row(kThird, 1, "s97db1ee1-f5ac-6ba0-a017-0f725d6faac7");
        row(kFirst, 2, "se412d207-f285-985b-1efb-bad7b64a4a1b");
        row(kNil, 2, "s22a24146-7b1f-77f7-642a-6af59cd33da2");
        row(kThird, 2, "se4f21784-5bf0-6d41-aae2-ae8b76393c8f");
        row(kFirst, 3, "s502a44d0-0569-454d-129c-a6f4ae6e1a29");
        row(kNil, 3, "s22e92db9-8b5e-42a9-0be7-a327b257c9b0");
        row(kThird, 3, "s406aaf87-4954-72ce-da87-17aab5904051");
        row(kFirst, 4, "s9ef99be5-ad53-268c-d763-4598ef098d00");
        row(kNil, 4, "s8a23ed9e-53ac-6db2-7a5f-c5b359aae097");
        row(kThird, 4, "s4a027429-8263-0b61-6f68-efdcff493788");
        // The catalogs and upgrade shards that the real system made (fixtures).
        row("1b6e7a52-9a1e-4f6b-8f0a-2d1f6f3c9a01", 1, "scc3717e5-3bea-1e28-2e8b-ec76cd7bfc6d");
        row("1b6e7a52-9a1e-4f6b-8f0a-2d1f6f3c9a01", 2, "sc87494aa-8e35-8ca1-441d-ba24a7dc5152");
        row("2b6e7a52-9a1e-4f6b-8f0a-2d1f6f3c9a11", 1, "sba46423e-06b4-be5c-ab67-3c023e212670");
    }
    void aWellKnownShardFollowsFromTheOrganization()
    {
        QFETCH(QString, organization);
        QFETCH(int, shard);
        QFETCH(QString, id);
        QCOMPARE(QString::fromStdString(
                     wellKnownShard(organization.toStdString(), static_cast<WellKnownShard>(shard)).text()),
                 id);
    }

    void theDigestBehindAShardIsTheOneOfTheFormatPage()
    {
        QCOMPARE(toHex(sha256(bytesOf("1497a3b7-a455-4fc4-8752-b44a94b5f90a1"))),
                 std::string("11b3d50535d54e534ee9d13016b7053fff29cd5b6c209d8e0a92efb7dca03fad"));
    }

    void theOrganizationStandsBeforeTheOrdinal_data()
    {
        QTest::addColumn<QString>("environment");
        QTest::addColumn<QString>("organization"); // empty: refused
        const auto row = [](const char* environment, const char* organization) {
            QTest::newRow(*environment ? environment : "nothing") << environment << organization;
        };
        constexpr auto* kOrganization = "1497a3b7-a455-4fc4-8752-b44a94b5f90a";
        row("aws-us-east-1-1497a3b7-a455-4fc4-8752-b44a94b5f90a-0", kOrganization);
        row("docker-container-1497a3b7-a455-4fc4-8752-b44a94b5f90a-0", kOrganization);
        row("local-az1-1497a3b7-a455-4fc4-8752-b44a94b5f90a-12345678", kOrganization);
        row("mzcompose-a-b-c-d-e-f-1497a3b7-a455-4fc4-8752-b44a94b5f90a-7", kOrganization);
        row("GCP-X-1497a3b7-a455-4fc4-8752-b44a94b5f90a-0", kOrganization);
        row("a-b-00000000-0000-0000-0000-000000000000-0", "00000000-0000-0000-0000-000000000000");
        row("", "");
        row("x", "");
        row("1497a3b7-a455-4fc4-8752-b44a94b5f90a", "");
        row("1497a3b7-a455-4fc4-8752-b44a94b5f90a-0", "");
        row("aws-1497a3b7-a455-4fc4-8752-b44a94b5f90a-0", "");
        row("-us-1497a3b7-a455-4fc4-8752-b44a94b5f90a-0", "");
        row("aws--1497a3b7-a455-4fc4-8752-b44a94b5f90a-0", "");
        row("aws-us-1497a3b7-a455-4fc4-8752-b44a94b5f90a", "");
        row("aws-us-1497a3b7-a455-4fc4-8752-b44a94b5f90a-", "");
        row("aws-us-1497a3b7-a455-4fc4-8752-b44a94b5f90a-x", "");
        row("aws-us-1497a3b7-a455-4fc4-8752-b44a94b5f90a-123456789", "");
        row("aws-us-1497A3B7-a455-4fc4-8752-b44a94b5f90a-0", "");
        row("aws-us_1-1497a3b7-a455-4fc4-8752-b44a94b5f90a-0", "");
        row("aws-us-1497a3b7a4554fc48752b44a94b5f90a-0", "");
    }
    void theOrganizationStandsBeforeTheOrdinal()
    {
        QFETCH(QString, environment);
        QFETCH(QString, organization);
        const auto found = organizationOfEnvironment(environment.toStdString());
        QCOMPARE(QString::fromStdString(found.value_or("")), organization);
        if (!found) {
            QCOMPARE(found.error().code, ErrorCode::InvalidInput);
            QVERIFY(found.error().message.find("is no environment id") != std::string::npos);
        }
    }

    void aShardIdIsTheLetterSAndAUuid_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<bool>("isOne");
        const auto row = [](const char* text, bool isOne) { QTest::newRow(*text ? text : "nothing") << text << isOne; };
        row("s11b3d505-35d5-4e53-4ee9-d13016b7053f", true);
        row("s00000000-0000-0000-0000-000000000000", true);
        row("", false);
        row("s", false);
        row("11b3d505-35d5-4e53-4ee9-d13016b7053f", false);
        row("S11b3d505-35d5-4e53-4ee9-d13016b7053f", false);
        row("s11B3D505-35d5-4e53-4ee9-d13016b7053f", false);
        row("s11b3d505-35d5-4e53-4ee9-d13016b7053", false);
        row("s11b3d505-35d5-4e53-4ee9-d13016b7053fa", false);
        row("s11b3d505-35d5-4e53-4ee9-d13016b7053g", false);
        row("s11b3d505035d5-4e53-4ee9-d13016b7053f", false);
        row(" s11b3d505-35d5-4e53-4ee9-d13016b7053f", false);
        row("s11b3d505-35d5-4e53-4ee9-d13016b7053f\n", false);
    }
    void aShardIdIsTheLetterSAndAUuid()
    {
        QFETCH(QString, text);
        QFETCH(bool, isOne);
        const auto parsed = ShardId::parse(text.toStdString());
        QCOMPARE(parsed.has_value(), isOne);
        if (parsed)
            QCOMPARE(QString::fromStdString(parsed->text()), text);
        else
            QCOMPARE(parsed.error().code, ErrorCode::InvalidInput);
    }

    void anOrganizationIdIsTakenInEitherCase()
    {
        QCOMPARE(parseOrganizationId("1497A3B7-A455-4FC4-8752-B44A94B5F90A").value(),
                 std::string("1497a3b7-a455-4fc4-8752-b44a94b5f90a"));
        for (const auto* wrong :
             {"", "1497a3b7", "{1497a3b7-a455-4fc4-8752-b44a94b5f90a}", "1497a3b7a4554fc48752b44a94b5f90a",
              "aws-us-1497a3b7-a455-4fc4-8752-b44a94b5f90a-0"}) {
            const auto parsed = parseOrganizationId(wrong);
            QVERIFY2(!parsed, wrong);
            QCOMPARE(parsed.error().code, ErrorCode::InvalidInput);
        }
    }
};

QTEST_APPLESS_MAIN(TestIds)
#include "tst_ids.moc"
