#include "tests/core/machine/machine_script.h"

#include <QTest>

using namespace inspector;
using namespace inspector::machine;
using namespace inspector::machine::test;

Q_DECLARE_METATYPE(inspector::machine::Era)

// The files of tests/data/datadriven/machine, each under every set of flags. Those in `both` say the same of either
// era.

class TestMachineScenarios : public QObject
{
    Q_OBJECT

private slots:
    void scenario_data()
    {
        QTest::addColumn<QString>("path");
        QTest::addColumn<Era>("era");
        QTest::addColumn<quint64>("inlineWriteBytes");
        QTest::addColumn<quint64>("inlineTotalBytes");
        QTest::addColumn<bool>("recordCompactions");
        struct FlagSet
        {
            const char* name;
            quint64 inlineWriteBytes;
            quint64 inlineTotalBytes;
            bool recordCompactions;
        };
        const std::vector<FlagSet> sets {{"blobs", 0, 0, false},
                                         {"inline", 4096, 1U << 20U, false},
                                         {"back-pressure", 4096, 0, false},
                                         {"claims", 4096, 1U << 20U, true}};
        const std::vector<std::pair<const char*, std::vector<Era>>> folders {
            {"both", {Era::Old, Era::New}}, {"old", {Era::Old}}, {"new", {Era::New}}};
        for (const auto& [folder, eras] : folders)
            for (const auto& file : inspector::test::dataDrivenFiles(std::string(kFolder) + folder))
                for (const auto era : eras)
                    for (const auto& set : sets)
                        QTest::addRow("%s/%s, %s, %s", folder, file.c_str(), era == Era::Old ? "old" : "new", set.name)
                            << QString::fromStdString(std::string(kFolder) + folder + "/" + file) << era
                            << set.inlineWriteBytes << set.inlineTotalBytes << set.recordCompactions;
    }

    void scenario()
    {
        QFETCH(const QString, path);
        QFETCH(const Era, era);
        QFETCH(const quint64, inlineWriteBytes);
        QFETCH(const quint64, inlineTotalBytes);
        QFETCH(const bool, recordCompactions);
        MachineScript script(era, {inlineWriteBytes, inlineTotalBytes, recordCompactions});
        const auto ran = inspector::test::runDataDriven(
            path.toStdString(), [&](const inspector::test::Directive& directive) { return script.run(directive); });
        QVERIFY2(ran, ran ? "" : ran.error().describe().c_str());
    }

    void thereAreEnoughOfThem()
    {
        std::size_t files = 0;
        for (const auto* folder : {"both", "old", "new"})
            files += inspector::test::dataDrivenFiles(std::string(kFolder) + folder).size();
        QVERIFY2(files >= 30, std::to_string(files).c_str());
    }

private:
    static constexpr const char* kFolder = SOURCE_ROOT "/tests/data/datadriven/machine/";
};

QTEST_GUILESS_MAIN(TestMachineScenarios)
#include "tst_machine_scenarios.moc"
