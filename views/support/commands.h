#pragma once

#include <QKeySequence>
#include <QString>

#include <span>

namespace inspector::views {

/// Every action of the window. The order is the order of the menus.
enum class CommandId {
    OpenFile,
    OpenUrl,
    OpenDemo,
    Refresh,
    CloseCatalog,
    Quit,
    CopyRows,
    CopyJson,
    Reveal,
    FocusFilter,
    Stop,
    StepEarlier,
    StepLater,
    GoToLatest,
    GoToMoment,
    ShowOverview,
    ShowCollections,
    ShowEntries,
    ShowDetail,
    ShowTrace,
    ShowTimeTravel,
    ShowFence,
    ShowActivity,
    ShowWarnings,
    ThemeSystem,
    ThemeLight,
    ThemeDark,
    ResetLayout,
    ShowShortcuts,
    ShowAbout,
};

/// What the window knows that decides which commands make sense. Plain data, filled in one place.
struct UiState
{
    bool isOpen = false;
    bool isBusy = false;
    bool rowSelected = false;
    bool hasSecret = false; ///< the entry in Detail has masked parts
    bool atLatest = true;
    bool canStepEarlier = false;
    bool canStepLater = false;
    bool hasWarnings = false;
};

enum class CommandMenu { Catalog, Entry, Time, View, Help };

struct CommandSpec
{
    CommandId id;
    CommandMenu menu;
    const char* name;     ///< stable, for settings and tests: "entry.reveal"
    const char* text;     ///< QT_TRANSLATE_NOOP("Commands", …)
    const char* help;     ///< one sentence for the status bar and the tool tip
    const char* shortcut; ///< QKeySequence text, "" for none
    const char* icon;     ///< name in resources/icons, "" for none
    bool (*enabledWhen)(const UiState&);
    bool isCheckable = false;
};

/// All of them, each once, in the order of CommandId.
[[nodiscard]] std::span<const CommandSpec> commandTable();
[[nodiscard]] const CommandSpec& commandSpec(CommandId id);

/// Translated.
[[nodiscard]] QString commandText(const CommandSpec& spec);
[[nodiscard]] QString commandHelp(const CommandSpec& spec);
[[nodiscard]] QString menuText(CommandMenu menu);
[[nodiscard]] QKeySequence commandShortcut(const CommandSpec& spec);

} // namespace inspector::views
