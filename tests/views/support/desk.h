#pragma once

#include "tests/views/support/fake_inspector.h"
#include "views/support/prompt.h"
#include "views/support/session.h"
#include "views/support/settings.h"

#include <QTemporaryDir>

namespace inspector::tests {

/// Answers what it was told to, at once, and remembers what it was asked.
class ScriptedPrompt final : public views::Prompt
{
public:
    QString fileToOpen; ///< empty: the box is dismissed
    QStringList told;

    void openFile(QWidget*, const QString&, std::function<void(const QString&)> chosen) override
    {
        if (!fileToOpen.isEmpty())
            chosen(fileToOpen);
    }
    void tell(QWidget*, const QString& text, const QString&) override { told << text; }
};

/// All that a panel needs, over a made-up catalog, leaving nothing behind.
struct Desk
{
    QTemporaryDir folder;
    views::Settings settings {folder.filePath(QStringLiteral("settings.ini"))};
    ScriptedPrompt prompt;
    FakeCatalog catalog;
    FakeInspector* inspector = nullptr; ///< of the session; nothing while nothing is open
    views::JobRunner reading {1};
    views::JobRunner computing {2};
    views::Session session {
        [this](const inspect::OpenOptions&, const Job&) -> Result<std::unique_ptr<inspect::Inspector>> {
            if (catalog.openError)
                return tl::unexpected<Error>(*catalog.openError);
            auto made = std::make_unique<FakeInspector>(catalog);
            inspector = made.get();
            return made;
        },
        reading, computing};

    [[nodiscard]] QString settingsText() const
    {
        QFile file(folder.filePath(QStringLiteral("settings.ini")));
        return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
    }
};

[[nodiscard]] inline views::Place fakePlace()
{
    views::Place place;
    place.name = QStringLiteral("made-up");
    place.options.location = {"mem:", "mem:"};
    return place;
}

} // namespace inspector::tests
