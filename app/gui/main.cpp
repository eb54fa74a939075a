#include "app/gui/main_window.h"
#include "app/gui/screenshot.h"
#include "app/gui/startup_options.h"
#include "core/inspect/inspector.h"
#include "core/inspect/thread_crew.h"
#include "views/support/format.h"
#include "views/support/job_runner.h"
#include "views/support/prompt.h"
#include "views/support/settings.h"
#include "views/support/theme.h"

#include <QApplication>
#include <QFile>
#include <QTemporaryDir>

#include <cstdio>
#include <memory>

using namespace inspector; // NOLINT(google-build-using-namespace): a program,
                           // not a room

namespace {

constexpr int kWrongCall = 2;

/// Copies the demo catalog to where it may be opened; empty when it is not
/// there.
QString copyOfDemo(const QTemporaryDir& folder)
{
    const QString beside = QCoreApplication::applicationDirPath();
    for (const auto& source :
         {beside + QStringLiteral("/demo.mzcat"), beside + QStringLiteral("/../share/catalog-inspector/demo.mzcat"),
          QStringLiteral(INSPECTOR_DEMO_FILE)}) {
        const QString copy = folder.filePath(QStringLiteral("demo.mzcat"));
        if (QFile::exists(copy))
            return copy;
        if (QFile::copy(source, copy))
            return copy;
    }
    return {};
}

void openWhatWasAsked(gui::MainWindow& window, const gui::StartupOptions& options)
{
    if (!options.collection.isEmpty())
        window.chooseCollection(options.collection);
    if (!options.file.isEmpty())
        window.openFile(options.file, options.moment);
    else if (options.demo)
        window.openDemo(options.moment);
    else if (options.urls)
        window.openPlace(*options.urls, options.moment);
}

} // namespace

int main(int argc, char** argv)
{
    QApplication application(argc, argv);
    QApplication::setApplicationName(QStringLiteral("Catalog Inspector"));
    QApplication::setApplicationVersion(QStringLiteral(INSPECTOR_VERSION));
    QApplication::setDesktopFileName(QStringLiteral("catalog-inspector"));

    const auto options = gui::parseStartupOptions(QApplication::arguments(), qEnvironmentVariable("CONSENSUS_URL"),
                                                  qEnvironmentVariable("BLOB_URL"));
    if (!options) {
        std::fprintf(stderr, "catalog-inspector: %s\n", options.error().message.c_str());
        return kWrongCall;
    }
    if (options->action == gui::StartupOptions::Action::Help) {
        std::fputs(qPrintable(gui::startupHelp()), stdout);
        return 0;
    }
    if (options->action == gui::StartupOptions::Action::Version) {
        std::fprintf(stdout, "catalog-inspector %s\n", INSPECTOR_VERSION);
        return 0;
    }

    // In the order in which they must outlive each other.
    const QTemporaryDir scratch;
    const bool leavesNothing = !options->screenshot.isEmpty();
    views::Settings settings =
        leavesNothing ? views::Settings(scratch.filePath(QStringLiteral("settings.ini"))) : views::Settings();
    views::applyTheme(application, options->theme.value_or(views::themeOf(settings.value(views::settings::kTheme))));
    views::DesktopPrompt prompt;
    views::JobRunner reading(1);   // the Inspector serves one call at a time
    views::JobRunner computing(2); // filters, sorts and takes down
    // Rows are decoded by two threads: first rows come sooner, and a person's machine stays usable.
    const auto openWithBothCores = [crew = std::make_shared<inspect::ThreadCrew>(2U)](const inspect::OpenOptions& place,
                                                                                      const Job& job) {
        return inspect::openWithCrew(place, crew, job);
    };
    views::Session session(openWithBothCores, reading, computing);
    gui::MainWindow window({session, settings, prompt, [&scratch] { return copyOfDemo(scratch); }});
    if (options->size.isValid())
        window.resize(options->size);
    window.show();
    openWhatWasAsked(window, *options);
    if (leavesNothing)
        new gui::Screenshot(window, options->screenshot, options->screenshotPanel, &window);
    return QApplication::exec();
}
