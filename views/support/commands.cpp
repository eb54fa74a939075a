#include "views/support/commands.h"

#include <QCoreApplication>

#include <array>

namespace inspector::views {

namespace {

bool always(const UiState&)
{
    return true;
}

bool whenOpen(const UiState& state)
{
    return state.isOpen;
}

#define INSPECTOR_TEXT(text) QT_TRANSLATE_NOOP("Commands", text)

constexpr std::array kCommands {
    CommandSpec {CommandId::OpenFile, CommandMenu::Catalog, "catalog.openFile", INSPECTOR_TEXT("&Open Catalog File…"),
                 INSPECTOR_TEXT("Open a .mzcat file for reading"), "Ctrl+O", "open-file", always},
    CommandSpec {CommandId::OpenUrl, CommandMenu::Catalog, "catalog.openUrl", INSPECTOR_TEXT("Open by &URL…"),
                 INSPECTOR_TEXT("Read the catalog of an environment from its consensus and blob stores"),
                 "Ctrl+Shift+O", "open-url", always},
    CommandSpec {CommandId::OpenDemo, CommandMenu::Catalog, "catalog.openDemo", INSPECTOR_TEXT("Open &Demo Catalog"),
                 INSPECTOR_TEXT("Open a copy of the small catalog that comes with the program"), "Ctrl+Shift+D", "demo",
                 always},
    CommandSpec {CommandId::Refresh, CommandMenu::Catalog, "catalog.refresh", INSPECTOR_TEXT("&Refresh"),
                 INSPECTOR_TEXT("Read the newest state again"), "F5", "refresh", whenOpen},
    CommandSpec {CommandId::CloseCatalog, CommandMenu::Catalog, "catalog.close", INSPECTOR_TEXT("&Close Catalog"),
                 INSPECTOR_TEXT("Close the catalog and go back to the welcome page"), "Ctrl+W", "close", whenOpen},
    CommandSpec {CommandId::Quit, CommandMenu::Catalog, "catalog.quit", INSPECTOR_TEXT("&Quit"),
                 INSPECTOR_TEXT("Close the window"), "Ctrl+Q", "", always},
    CommandSpec {CommandId::CopyRows, CommandMenu::Entry, "entry.copyRows", INSPECTOR_TEXT("&Copy Rows"),
                 INSPECTOR_TEXT("Copy the selected rows as tab-separated text"), "Ctrl+C", "copy", whenOpen},
    CommandSpec {CommandId::CopyJson, CommandMenu::Entry, "entry.copyJson", INSPECTOR_TEXT("Copy Entry as &JSON"),
                 INSPECTOR_TEXT("Copy the canonical JSON of the entry in Detail"), "Ctrl+Shift+C", "json",
                 [](const UiState& state) { return state.isOpen && state.rowSelected; }},
    CommandSpec {CommandId::Reveal, CommandMenu::Entry, "entry.reveal", INSPECTOR_TEXT("&Reveal Secrets"),
                 INSPECTOR_TEXT("Show what is masked in the entry in Detail, until another one is chosen"),
                 "Ctrl+Shift+R", "reveal", [](const UiState& state) { return state.isOpen && state.hasSecret; }, true},
    CommandSpec {CommandId::FocusFilter, CommandMenu::Entry, "entry.filter", INSPECTOR_TEXT("&Filter"),
                 INSPECTOR_TEXT("Go to the filter line of the panel"), "Ctrl+F", "filter", whenOpen},
    CommandSpec {CommandId::Stop, CommandMenu::Entry, "job.stop", INSPECTOR_TEXT("&Stop"),
                 INSPECTOR_TEXT("Stop what is being read"), "Ctrl+.", "stop",
                 [](const UiState& state) { return state.isBusy; }},
    CommandSpec {CommandId::StepEarlier, CommandMenu::Time, "time.earlier", INSPECTOR_TEXT("Step &Earlier"),
                 INSPECTOR_TEXT("Show the catalog one step earlier"), "Alt+Left", "earlier",
                 [](const UiState& state) { return state.isOpen && state.canStepEarlier; }},
    CommandSpec {CommandId::StepLater, CommandMenu::Time, "time.later", INSPECTOR_TEXT("Step &Later"),
                 INSPECTOR_TEXT("Show the catalog one step later"), "Alt+Right", "later",
                 [](const UiState& state) { return state.isOpen && state.canStepLater; }},
    CommandSpec {CommandId::GoToLatest, CommandMenu::Time, "time.latest", INSPECTOR_TEXT("La&test"),
                 INSPECTOR_TEXT("Show the newest moment"), "Alt+End", "latest",
                 [](const UiState& state) { return state.isOpen && !state.atLatest; }},
    CommandSpec {CommandId::GoToMoment, CommandMenu::Time, "time.goTo", INSPECTOR_TEXT("&Go to Moment…"),
                 INSPECTOR_TEXT("Type a catalog time or a seqno"), "Ctrl+G", "clock", whenOpen},
    CommandSpec {CommandId::ShowOverview, CommandMenu::View, "view.overview", INSPECTOR_TEXT("&Overview"),
                 INSPECTOR_TEXT("Who this catalog is and how it stands"), "Ctrl+1", "overview", whenOpen},
    CommandSpec {CommandId::ShowCollections, CommandMenu::View, "view.collections", INSPECTOR_TEXT("&Collections"),
                 INSPECTOR_TEXT("Every collection with its number of rows"), "Ctrl+2", "collections", whenOpen},
    CommandSpec {CommandId::ShowEntries, CommandMenu::View, "view.entries", INSPECTOR_TEXT("&Entries"),
                 INSPECTOR_TEXT("The entries of the chosen collection"), "Ctrl+3", "entries", whenOpen},
    CommandSpec {CommandId::ShowDetail, CommandMenu::View, "view.detail", INSPECTOR_TEXT("&Detail"),
                 INSPECTOR_TEXT("One entry: decoded, as JSON, and its stored bytes"), "Ctrl+4", "detail", whenOpen},
    CommandSpec {CommandId::ShowTrace, CommandMenu::View, "view.trace", INSPECTOR_TEXT("T&race"),
                 INSPECTOR_TEXT("The updates in time order"), "Ctrl+5", "trace", whenOpen},
    CommandSpec {CommandId::ShowTimeTravel, CommandMenu::View, "view.timeTravel", INSPECTOR_TEXT("&Time Travel"),
                 INSPECTOR_TEXT("Both clocks, their horizons, and the moment that is shown"), "Ctrl+6", "clock",
                 whenOpen},
    CommandSpec {CommandId::ShowFence, CommandMenu::View, "view.fence", INSPECTOR_TEXT("&Fence"),
                 INSPECTOR_TEXT("Every fence token that is still visible"), "Ctrl+7", "fence", whenOpen},
    CommandSpec {CommandId::ShowActivity, CommandMenu::View, "view.activity", INSPECTOR_TEXT("&Activity"),
                 INSPECTOR_TEXT("Everything that was sent to the stores"), "Ctrl+8", "activity", whenOpen},
    CommandSpec {CommandId::ShowWarnings, CommandMenu::View, "view.warnings", INSPECTOR_TEXT("&Warnings…"),
                 INSPECTOR_TEXT("List what is odd about this catalog or could not be read"), "Ctrl+Shift+W", "warning",
                 [](const UiState& state) { return state.isOpen && state.hasWarnings; }},
    CommandSpec {CommandId::ThemeSystem, CommandMenu::View, "view.themeSystem",
                 INSPECTOR_TEXT("Colours of the &Desktop"), INSPECTOR_TEXT("Light or dark, as the desktop is"), "", "",
                 always, true},
    CommandSpec {CommandId::ThemeLight, CommandMenu::View, "view.themeLight", INSPECTOR_TEXT("&Light Colours"),
                 INSPECTOR_TEXT("Dark text on a light ground"), "", "", always, true},
    CommandSpec {CommandId::ThemeDark, CommandMenu::View, "view.themeDark", INSPECTOR_TEXT("Dar&k Colours"),
                 INSPECTOR_TEXT("Light text on a dark ground"), "", "", always, true},
    CommandSpec {CommandId::ResetLayout, CommandMenu::View, "view.resetLayout", INSPECTOR_TEXT("Reset Panel La&yout"),
                 INSPECTOR_TEXT("Put every panel back where it was at first"), "", "", whenOpen},
    CommandSpec {CommandId::ShowShortcuts, CommandMenu::Help, "help.shortcuts", INSPECTOR_TEXT("&Keyboard Shortcuts"),
                 INSPECTOR_TEXT("List every command with its keys"), "F1", "keyboard", always},
    CommandSpec {CommandId::ShowAbout, CommandMenu::Help, "help.about", INSPECTOR_TEXT("&About Catalog Inspector"),
                 INSPECTOR_TEXT("Version and promises"), "", "overview", always},
};

#undef INSPECTOR_TEXT

} // namespace

std::span<const CommandSpec> commandTable()
{
    return kCommands;
}

const CommandSpec& commandSpec(CommandId id)
{
    return kCommands.at(static_cast<std::size_t>(id));
}

QString commandText(const CommandSpec& spec)
{
    return QCoreApplication::translate("Commands", spec.text);
}

QString commandHelp(const CommandSpec& spec)
{
    return QCoreApplication::translate("Commands", spec.help);
}

QString menuText(CommandMenu menu)
{
    switch (menu) {
    case CommandMenu::Catalog:
        return QCoreApplication::translate("Commands", "&Catalog");
    case CommandMenu::Entry:
        return QCoreApplication::translate("Commands", "&Entry");
    case CommandMenu::Time:
        return QCoreApplication::translate("Commands", "&Time");
    case CommandMenu::View:
        return QCoreApplication::translate("Commands", "&View");
    case CommandMenu::Help:
        return QCoreApplication::translate("Commands", "&Help");
    }
    return {};
}

QKeySequence commandShortcut(const CommandSpec& spec)
{
    return QKeySequence(QString::fromLatin1(spec.shortcut), QKeySequence::PortableText);
}

} // namespace inspector::views
