#pragma once

#include "core/base/result.h"
#include "core/inspect/inspector.h"
#include "views/support/theme.h"

#include <QSize>
#include <QString>
#include <QStringList>

#include <optional>

namespace inspector::gui {

/// What the command line asks for.
struct StartupOptions
{
    enum class Action { Window, Help, Version };

    Action action = Action::Window;
    QString file; ///< a catalog file; empty when none was given
    bool demo = false;
    std::optional<inspect::OpenOptions> urls; ///< consensus and blob
    inspect::Moment moment = inspect::Moment::latest();
    QString collection;
    std::optional<views::Theme> theme;
    QSize size;         ///< invalid: as remembered
    QString screenshot; ///< a PNG to write, then the program ends
    QString screenshotPanel;
};

/// InvalidInput names the option. `consensusUrl` and `blobUrl` are what the environment says (CONSENSUS_URL, BLOB_URL).
[[nodiscard]] Result<StartupOptions> parseStartupOptions(const QStringList& arguments, const QString& consensusUrl,
                                                         const QString& blobUrl);
[[nodiscard]] QString startupHelp();

} // namespace inspector::gui
