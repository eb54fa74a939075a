#pragma once

#include "core/inspect/inspector.h"
#include "views/support/session.h"

#include <QMainWindow>

class QDockWidget;
class QLabel;
class QStackedWidget;
class QToolButton;

namespace inspector::views {
class ActivityPanel;
class CollectionsPanel;
class DetailPanel;
class EntriesPanel;
class FencePanel;
class OpenUrlDialog;
class OverviewPanel;
class ProblemBar;
class Prompt;
class Settings;
class TablePane;
class TimeTravelPanel;
class TracePanel;
class WelcomePanel;
enum class Theme;
struct RecentPlace;
struct UiState;
} // namespace inspector::views

namespace inspector::gui {

class CommandSet;

/// One catalog in one window: the panels, wired to each other and to the commands. Decides nothing itself.
class MainWindow : public QMainWindow
{
    Q_OBJECT
public:
    /// Where the demo catalog lies, for a copy to be opened; empty when there is none.
    struct Parts
    {
        views::Session& session;
        views::Settings& settings;
        views::Prompt& prompt;
        std::function<QString()> demoCopy;
    };

    explicit MainWindow(const Parts& parts, QWidget* parent = nullptr);
    ~MainWindow() override;

    void openFile(const QString& path, const inspect::Moment& first = inspect::Moment::latest());
    void openPlace(const inspect::OpenOptions& options, const inspect::Moment& first = inspect::Moment::latest());
    void openDemo(const inspect::Moment& first = inspect::Moment::latest());
    void chooseCollection(const QString& name);
    /// Brings a panel to the front by its name: "overview", "entries", "time-travel", …; false when there is none.
    bool showPanel(const QString& name);
    void applyTheme(views::Theme theme);
    /// Nothing is being read or computed that would change what is on screen.
    [[nodiscard]] bool isIdle() const;
    [[nodiscard]] CommandSet& commands() const { return *m_commands; }

protected:
    void closeEvent(QCloseEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;

private:
    void buildPanels();
    void buildDocks();
    void buildBars();
    void arrangeDocks();
    void dressDocks(); ///< a dock with a tab needs no title of its own
    void wirePanels();
    void wireCommands();
    void wireSession();
    QDockWidget* addDock(QWidget* panel, const QString& name, const QString& title, Qt::DockWidgetArea area);

    void showWorkspace(bool open);
    void showEntry();
    void showUpdate();
    void showMoment();
    void askForUrl();
    void showWarnings();
    void showAbout();
    void copyRows();
    void focusFilter();
    void stop();
    void judge();
    void saveLayout();
    void saveSettings(); ///< on a worker
    [[nodiscard]] views::UiState uiState() const;
    [[nodiscard]] views::TablePane* paneInUse() const;

    views::Session& m_session;
    views::Settings& m_settings;
    views::Prompt& m_prompt;
    std::function<QString()> m_demoCopy;
    CommandSet* m_commands;
    views::JobSlot* m_saving;
    QStackedWidget* m_pages = nullptr;
    views::WelcomePanel* m_welcome = nullptr;
    views::OverviewPanel* m_overview = nullptr;
    views::CollectionsPanel* m_collections = nullptr;
    views::EntriesPanel* m_entries = nullptr;
    views::DetailPanel* m_detail = nullptr;
    views::TracePanel* m_trace = nullptr;
    views::TimeTravelPanel* m_timeTravel = nullptr;
    views::FencePanel* m_fence = nullptr;
    views::ActivityPanel* m_activity = nullptr;
    views::ProblemBar* m_problem = nullptr;
    QWidget* m_pastBar = nullptr;
    QLabel* m_pastText = nullptr;
    QToolButton* m_warnings = nullptr;
    QLabel* m_placeLabel = nullptr;
    QList<QDockWidget*> m_docks;
    QByteArray m_firstLayout;
    inspect::OpenOptions m_lastTyped; ///< for the dialog to start with after a failure; memory only
    bool m_isLayoutLoaded = false;
    bool m_detailIsUpdate = false;
};

} // namespace inspector::gui
