#include "views/support/commands.h"

#include <QtTest>

#include <set>

using namespace inspector::views;

namespace {

bool isEnabled(CommandId id, const UiState& state)
{
    return commandSpec(id).enabledWhen(state);
}

} // namespace

class TestCommands : public QObject
{
    Q_OBJECT

private slots:
    void everyIdHasItsRow()
    {
        std::size_t place = 0;
        for (const auto& spec : commandTable())
            QCOMPARE(static_cast<std::size_t>(spec.id), place++);
        QCOMPARE(place, static_cast<std::size_t>(CommandId::ShowAbout) + 1);
    }

    void namesAndKeysAreUnique()
    {
        std::set<std::string> names;
        std::set<QString> keys;
        for (const auto& spec : commandTable()) {
            QVERIFY2(names.insert(spec.name).second, spec.name);
            QVERIFY(!commandText(spec).isEmpty());
            QVERIFY(!commandHelp(spec).isEmpty());
            if (*spec.shortcut == '\0')
                continue;
            const QString key = commandShortcut(spec).toString();
            QVERIFY2(!key.isEmpty(), spec.name);
            QVERIFY2(keys.insert(key).second, spec.name);
        }
    }

    void menusAreContiguous()
    {
        std::set<CommandMenu> seen;
        auto last = CommandMenu::Catalog;
        for (const auto& spec : commandTable()) {
            if (spec.menu != last)
                QVERIFY2(!seen.contains(spec.menu), spec.name);
            seen.insert(spec.menu);
            last = spec.menu;
        }
    }

    void nothingOpenLeavesOnlyTheWaysIn()
    {
        const UiState nothing;
        QVERIFY(isEnabled(CommandId::OpenFile, nothing));
        QVERIFY(isEnabled(CommandId::OpenUrl, nothing));
        QVERIFY(isEnabled(CommandId::OpenDemo, nothing));
        QVERIFY(isEnabled(CommandId::ShowShortcuts, nothing));
        for (const auto id : {CommandId::Refresh, CommandId::CloseCatalog, CommandId::CopyRows, CommandId::Reveal,
                              CommandId::StepEarlier, CommandId::GoToLatest, CommandId::ShowTrace, CommandId::Stop})
            QVERIFY2(!isEnabled(id, nothing), commandSpec(id).name);
    }

    void stepsFollowTheTimeline()
    {
        UiState state;
        state.isOpen = true;
        QVERIFY(!isEnabled(CommandId::GoToLatest, state));
        QVERIFY(!isEnabled(CommandId::StepEarlier, state));
        state.canStepEarlier = true;
        QVERIFY(isEnabled(CommandId::StepEarlier, state));
        state.atLatest = false;
        state.canStepLater = true;
        QVERIFY(isEnabled(CommandId::GoToLatest, state));
        QVERIFY(isEnabled(CommandId::StepLater, state));
    }

    void revealNeedsASecret()
    {
        UiState state;
        state.isOpen = true;
        state.rowSelected = true;
        QVERIFY(!isEnabled(CommandId::Reveal, state));
        state.hasSecret = true;
        QVERIFY(isEnabled(CommandId::Reveal, state));
    }

    void stopNeedsSomethingRunning()
    {
        UiState state;
        state.isBusy = true;
        QVERIFY(isEnabled(CommandId::Stop, state)); // opening can be stopped too
    }
};

QTEST_APPLESS_MAIN(TestCommands)
#include "tst_commands.moc"
