#include "app/gui/main_window.h"
#include "app/gui/screenshot.h"
#include "tests/views/support/fake_inspector.h"
#include "views/dialogs/open_url_dialog.h"
#include "views/dialogs/shortcuts_dialog.h"
#include "views/support/job_runner.h"
#include "views/support/prompt.h"
#include "views/support/settings.h"
#include "views/support/theme.h"

#include <QApplication>
#include <QTemporaryDir>

#include <cstdio>

using namespace inspector;

/// window_preview STATE THEME PANEL FILE: draws the window over a made-up catalog.
int main(int argc, char** argv)
{
    QApplication application(argc, argv);
    QApplication::setApplicationName(QStringLiteral("Catalog Inspector"));
    const QStringList arguments = QApplication::arguments();
    if (arguments.size() < 5) {
        std::fputs("window_preview STATE THEME PANEL FILE\n", stderr);
        return 2;
    }
    const QString state = arguments.at(1);
    if (state.endsWith(QLatin1String("-dialog"))) {
        views::applyTheme(application, views::themeOf(arguments.at(2)));
        inspect::OpenOptions typed;
        typed.location = {"postgres://mz@db.example:26257/consensus?sslmode=verify-full", "gs://bucket"};
        typed.shard = {inspect::ShardChoice::By::EnvironmentId, "aws-us-east-1-1b6e7a52-9a1e-4f6b"};
        std::unique_ptr<QDialog> dialog;
        if (state == QLatin1String("url-dialog"))
            dialog = std::make_unique<views::OpenUrlDialog>(typed);
        else
            dialog = std::make_unique<views::ShortcutsDialog>();
        dialog->show();
        return dialog->grab().save(arguments.at(4)) ? 0 : 1;
    }
    tests::FakeCatalog catalog;
    catalog.warnings = {"part p0b1a2c3d4 is missing: 12 rows are not shown", "1 row does not decode"};
    inspect::Moment moment = inspect::Moment::latest();
    if (state == QLatin1String("million"))
        catalog.items = 1'000'000;
    else if (state == QLatin1String("one"))
        catalog.items = 1;
    else if (state == QLatin1String("none"))
        catalog.items = 0;
    else if (state == QLatin1String("long"))
        catalog.longNames = true;
    else if (state == QLatin1String("wall"))
        catalog.wallClock = true;
    else if (state == QLatin1String("past"))
        moment = inspect::Moment::asOf(Timestamp(30));
    else if (state == QLatin1String("uninitialized"))
        catalog.initialized = false;
    else if (state == QLatin1String("broken"))
        catalog.snapshotError = Error {ErrorCode::Corrupt, "part p0b1a2c3d4 ends after 12 of 4096 bytes", {}, false};
    else if (state == QLatin1String("refused"))
        catalog.openError =
            Error {ErrorCode::Unavailable,
                   "db.example:26257 does not accept the password of user mz: check the URL or ~/.pgpass",
                   {},
                   false};

    const QTemporaryDir scratch;
    views::Settings settings(scratch.filePath(QStringLiteral("settings.ini")));
    views::applyTheme(application, views::themeOf(arguments.at(2)));
    views::DesktopPrompt prompt;
    views::JobRunner reading(1);
    views::JobRunner computing(2);
    views::Session session(
        [&catalog](const inspect::OpenOptions&, const Job&) -> Result<std::unique_ptr<inspect::Inspector>> {
            if (catalog.openError)
                return tl::unexpected<Error>(*catalog.openError);
            return std::make_unique<tests::FakeInspector>(catalog);
        },
        reading, computing);
    gui::MainWindow window({session, settings, prompt, {}});
    window.show();
    if (state != QLatin1String("welcome")) {
        window.chooseCollection(QStringLiteral("item"));
        inspect::OpenOptions options;
        options.location = {"postgres://mz:secret@db.example:26257/consensus?sslmode=require",
                            "s3://persist-blobs/production"};
        options.shard = {inspect::ShardChoice::By::EnvironmentId,
                         "aws-us-east-1-1b6e7a52-9a1e-4f6b-8f0a-2d1f6f3c9a01-0"};
        window.openPlace(options, moment);
    }
    const QString panel = arguments.at(3) == QLatin1String("-") ? QString() : arguments.at(3);
    new gui::Screenshot(window, arguments.at(4), panel, &window);
    return QApplication::exec();
}
