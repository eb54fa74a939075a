#include "app/gui/main_window.h"

#include "app/gui/command_set.h"
#include "views/dialogs/list_dialog.h"
#include "views/dialogs/open_url_dialog.h"
#include "views/dialogs/shortcuts_dialog.h"
#include "views/panels/activity_panel.h"
#include "views/panels/collections_panel.h"
#include "views/panels/detail_panel.h"
#include "views/panels/entries_panel.h"
#include "views/panels/fence_panel.h"
#include "views/panels/moment_text.h"
#include "views/panels/overview_panel.h"
#include "views/panels/table_pane.h"
#include "views/panels/time_travel_panel.h"
#include "views/panels/trace_panel.h"
#include "views/panels/welcome_panel.h"
#include "views/support/format.h"
#include "views/support/prompt.h"
#include "views/support/settings.h"
#include "views/support/theme.h"
#include "views/widgets/busy_bar.h"
#include "views/widgets/mode_badge.h"
#include "views/widgets/problem_bar.h"
#include "views/widgets/row_view.h"

#include <QAction>
#include <QActionGroup>
#include <QApplication>
#include <QClipboard>
#include <QCloseEvent>
#include <QDockWidget>
#include <QDragEnterEvent>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenuBar>
#include <QMimeData>
#include <QPainter>
#include <QStackedWidget>
#include <QStatusBar>
#include <QToolBar>
#include <QToolButton>
#include <QUrl>
#include <QVBoxLayout>

namespace inspector::gui {

using namespace views; // NOLINT(google-build-using-namespace): this file is nothing but views put together

namespace {

/// The one catalog file among what is dragged; empty when there is none.
QString droppedFile(const QMimeData* data)
{
    if (data == nullptr || !data->hasUrls() || data->urls().size() != 1)
        return {};
    const QString path = data->urls().first().toLocalFile();
    return path.endsWith(QLatin1String(".mzcat"), Qt::CaseInsensitive) ? path : QString();
}

/// A coloured strip that says that the past is shown.
class PastBar final : public QWidget
{
public:
    using QWidget::QWidget;

protected:
    void paintEvent(QPaintEvent*) override
    {
        QPainter painter(this);
        const Shades shades = shadesOf(palette());
        painter.fillRect(rect(), shades.cautionGround);
        painter.fillRect(QRect(0, 0, 3, height()), shades.caution);
    }
};

} // namespace

MainWindow::MainWindow(const Parts& parts, QWidget* parent)
    : QMainWindow(parent)
    , m_session(parts.session)
    , m_settings(parts.settings)
    , m_prompt(parts.prompt)
    , m_demoCopy(parts.demoCopy)
    , m_commands(new CommandSet(this))
    , m_saving(new JobSlot(parts.session.computing(), this))
{
    setObjectName(QStringLiteral("mainWindow"));
    setWindowIcon(programIcon());
    setAcceptDrops(true);
    setDockNestingEnabled(true);
    setTabPosition(Qt::AllDockWidgetAreas, QTabWidget::North);
    setDocumentMode(true);
    resize(1440, 900);
    buildPanels();
    buildDocks();
    buildBars();
    wirePanels();
    wireCommands();
    wireSession();
    for (auto* dock : m_docks) {
        for (const auto signal : {&QDockWidget::visibilityChanged, &QDockWidget::topLevelChanged})
            connect(dock, signal, this, &MainWindow::dressDocks);
        connect(dock, &QDockWidget::dockLocationChanged, this, &MainWindow::dressDocks);
    }
    m_firstLayout = saveState();
    showWorkspace(false);
    const QByteArray geometry = m_settings.value(settings::kWindowGeometry);
    if (!geometry.isEmpty())
        restoreGeometry(geometry);
    judge();
}

MainWindow::~MainWindow()
{
    for (auto* dock : m_docks) // they go after this object is only a QMainWindow, and hide on the way
        dock->disconnect();
}

void MainWindow::buildPanels()
{
    m_welcome = new WelcomePanel(m_session, m_settings, this);
    m_overview = new OverviewPanel(m_session, this);
    m_collections = new CollectionsPanel(m_session, this);
    m_entries = new EntriesPanel(m_session, m_settings, this);
    m_detail = new DetailPanel(m_session.computing(), this);
    m_trace = new TracePanel(m_session, m_settings, this);
    m_timeTravel = new TimeTravelPanel(m_session, this);
    m_fence = new FencePanel(m_session, this);
    m_activity = new ActivityPanel(m_session, this);
    m_problem = new ProblemBar(this);

    m_pastBar = new PastBar(this);
    m_pastBar->setObjectName(QStringLiteral("pastBar"));
    m_pastText = new QLabel(m_pastBar);
    m_pastText->setTextFormat(Qt::PlainText);
    auto* back = new QToolButton(m_pastBar);
    back->setObjectName(QStringLiteral("backToLatestButton"));
    back->setText(tr("Back to Latest"));
    back->setIcon(themedIcon("latest"));
    back->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    connect(back, &QToolButton::clicked, this, [this] { m_session.travel(inspect::Moment::latest()); });
    auto* pastLayout = new QHBoxLayout(m_pastBar);
    pastLayout->setContentsMargins(12, 4, 8, 4);
    pastLayout->addWidget(m_pastText, 1);
    pastLayout->addWidget(back);

    auto* workspace = new QWidget(this);
    auto* workspaceLayout = new QVBoxLayout(workspace);
    workspaceLayout->setContentsMargins(0, 0, 0, 0);
    workspaceLayout->setSpacing(0);
    workspaceLayout->addWidget(m_problem);
    workspaceLayout->addWidget(m_pastBar);
    workspaceLayout->addWidget(m_entries, 1);
    m_pages = new QStackedWidget(this);
    m_pages->addWidget(m_welcome);
    m_pages->addWidget(workspace);
    setCentralWidget(m_pages);
}

QDockWidget* MainWindow::addDock(QWidget* panel, const QString& name, const QString& title, Qt::DockWidgetArea area)
{
    auto* dock = new QDockWidget(title, this);
    dock->setObjectName(name);
    dock->setWidget(panel);
    addDockWidget(area, dock);
    m_docks << dock;
    return dock;
}

void MainWindow::buildDocks()
{
    auto* collections =
        addDock(m_collections, QStringLiteral("collections"), tr("Collections"), Qt::LeftDockWidgetArea);
    auto* overview = addDock(m_overview, QStringLiteral("overview"), tr("Overview"), Qt::LeftDockWidgetArea);
    auto* detail = addDock(m_detail, QStringLiteral("detail"), tr("Detail"), Qt::RightDockWidgetArea);
    auto* timeTravel =
        addDock(m_timeTravel, QStringLiteral("time-travel"), tr("Time Travel"), Qt::BottomDockWidgetArea);
    auto* trace = addDock(m_trace, QStringLiteral("trace"), tr("Trace"), Qt::BottomDockWidgetArea);
    auto* fence = addDock(m_fence, QStringLiteral("fence"), tr("Fence"), Qt::BottomDockWidgetArea);
    auto* activity = addDock(m_activity, QStringLiteral("activity"), tr("Activity"), Qt::BottomDockWidgetArea);
    connect(trace, &QDockWidget::visibilityChanged, m_trace, &TracePanel::setSeen);
    connect(fence, &QDockWidget::visibilityChanged, m_fence, &FencePanel::setSeen);
    connect(activity, &QDockWidget::visibilityChanged, m_activity, &ActivityPanel::setSeen);
    tabifyDockWidget(collections, overview);
    tabifyDockWidget(timeTravel, trace);
    tabifyDockWidget(trace, fence);
    tabifyDockWidget(fence, activity);
    collections->raise();
    timeTravel->raise();
    setCorner(Qt::BottomRightCorner, Qt::RightDockWidgetArea);
    setCorner(Qt::BottomLeftCorner, Qt::BottomDockWidgetArea);
    resizeDocks({collections, detail}, {300, 390}, Qt::Horizontal);
    resizeDocks({timeTravel}, {290}, Qt::Vertical);
}

void MainWindow::buildBars()
{
    m_commands->fillMenus(menuBar());

    auto* bar = addToolBar(tr("Tools"));
    bar->setObjectName(QStringLiteral("toolBar"));
    bar->setMovable(false);
    bar->setToolButtonStyle(Qt::ToolButtonIconOnly);
    for (const auto id : {CommandId::OpenFile, CommandId::OpenUrl, CommandId::OpenDemo})
        bar->addAction(m_commands->action(id));
    bar->addSeparator();
    bar->addAction(m_commands->action(CommandId::Refresh));
    bar->addSeparator();
    for (const auto id : {CommandId::StepEarlier, CommandId::StepLater, CommandId::GoToLatest, CommandId::GoToMoment})
        bar->addAction(m_commands->action(id));
    bar->addSeparator();
    for (const auto id : {CommandId::FocusFilter, CommandId::CopyRows, CommandId::Reveal, CommandId::Stop})
        bar->addAction(m_commands->action(id));
    auto* spring = new QWidget(bar);
    spring->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    bar->addWidget(spring);
    m_placeLabel = new QLabel(bar);
    m_placeLabel->setObjectName(QStringLiteral("placeLabel"));
    m_placeLabel->setForegroundRole(QPalette::PlaceholderText);
    m_placeLabel->setTextFormat(Qt::PlainText);
    m_placeLabel->setContentsMargins(0, 0, 8, 0);
    bar->addWidget(m_placeLabel);
    bar->addWidget(new ModeBadge(bar));
    auto* end = new QWidget(bar);
    end->setFixedWidth(5);
    bar->addWidget(end);

    m_warnings = new QToolButton(this);
    m_warnings->setObjectName(QStringLiteral("warningsButton"));
    m_warnings->setAutoRaise(true);
    m_warnings->setIcon(themedIcon("warning"));
    m_warnings->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    connect(m_warnings, &QToolButton::clicked, this, &MainWindow::showWarnings);
    auto* busy = new BusyBar(this);
    busy->watch(&m_session.openSlot());
    busy->watch(&m_session.refreshSlot());
    statusBar()->addWidget(busy, 1);
    statusBar()->addPermanentWidget(m_warnings);
    statusBar()->setSizeGripEnabled(false);

    auto* themes = new QActionGroup(this);
    for (const auto id : {CommandId::ThemeSystem, CommandId::ThemeLight, CommandId::ThemeDark})
        themes->addAction(m_commands->action(id));
    const Theme theme = themeOf(m_settings.value(settings::kTheme));
    m_commands
        ->action(theme == Theme::Light      ? CommandId::ThemeLight
                     : theme == Theme::Dark ? CommandId::ThemeDark
                                            : CommandId::ThemeSystem)
        ->setChecked(true);
}

void MainWindow::wirePanels()
{
    connect(m_collections, &CollectionsPanel::collectionChosen, this, [this](const QString& name) {
        m_entries->browse(name);
        m_trace->follow(name);
        m_settings.setValue(settings::kLastCollection, name);
    });
    connect(m_collections, &CollectionsPanel::collectionActivated, this, [this] { m_entries->pane().focusRows(); });
    connect(m_entries, &EntriesPanel::entryChanged, this, &MainWindow::showEntry);
    connect(m_entries, &EntriesPanel::entryActivated, this, [this] { showPanel(QStringLiteral("detail")); });
    connect(m_trace, &TracePanel::updateChanged, this, &MainWindow::showUpdate);
    connect(m_detail, &DetailPanel::detailChanged, this, &MainWindow::judge);
    connect(m_overview, &OverviewPanel::warningsRequested, this, &MainWindow::showWarnings);
    for (auto* pane : {&m_entries->pane(), &m_trace->pane()})
        connect(pane, &TablePane::busyChanged, this, &MainWindow::judge);
    connect(m_welcome, &WelcomePanel::openFileRequested, m_commands->action(CommandId::OpenFile), &QAction::trigger);
    connect(m_welcome, &WelcomePanel::openUrlRequested, m_commands->action(CommandId::OpenUrl), &QAction::trigger);
    connect(m_welcome, &WelcomePanel::openDemoRequested, m_commands->action(CommandId::OpenDemo), &QAction::trigger);
    connect(m_welcome, &WelcomePanel::placeChosen, this, [this](const RecentPlace& place) {
        if (place.isFile) {
            openFile(place.consensusUrl);
            return;
        }
        // What was cut off before it was stored has to be typed again.
        m_lastTyped = {{utf8Of(place.consensusUrl), utf8Of(place.blobUrl)}, place.shard};
        askForUrl();
    });
}

void MainWindow::wireCommands()
{
    const auto on = [this](CommandId id, std::function<void()> run) { m_commands->onTriggered(id, std::move(run)); };
    on(CommandId::OpenFile, [this] {
        m_prompt.openFile(this, m_settings.value(settings::kLastFolder),
                          [this](const QString& path) { openFile(path); });
    });
    on(CommandId::OpenUrl, [this] { askForUrl(); });
    on(CommandId::OpenDemo, [this] { openDemo(); });
    on(CommandId::Refresh, [this] { m_session.refresh(); });
    on(CommandId::CloseCatalog, [this] { m_session.close(); });
    on(CommandId::Quit, [this] { close(); });
    on(CommandId::CopyRows, [this] { copyRows(); });
    on(CommandId::CopyJson, [this] {
        if (m_detail->detail())
            QApplication::clipboard()->setText(textOf(m_detail->detail()->json));
    });
    on(CommandId::Reveal, [this] { m_detail->setRevealed(!m_detail->isRevealed()); });
    on(CommandId::FocusFilter, [this] { focusFilter(); });
    on(CommandId::Stop, [this] { stop(); });
    on(CommandId::StepEarlier, [this] {
        if (const auto moment = m_session.earlier())
            m_session.travel(*moment);
    });
    on(CommandId::StepLater, [this] {
        if (const auto moment = m_session.later())
            m_session.travel(*moment);
    });
    on(CommandId::GoToLatest, [this] { m_session.travel(inspect::Moment::latest()); });
    on(CommandId::GoToMoment, [this] {
        showPanel(QStringLiteral("time-travel"));
        m_timeTravel->focusMoment();
    });
    const std::pair<CommandId, const char*> panels[] = {
        {CommandId::ShowOverview, "overview"}, {CommandId::ShowCollections, "collections"},
        {CommandId::ShowEntries, "entries"},   {CommandId::ShowDetail, "detail"},
        {CommandId::ShowTrace, "trace"},       {CommandId::ShowTimeTravel, "time-travel"},
        {CommandId::ShowFence, "fence"},       {CommandId::ShowActivity, "activity"}};
    for (const auto& [id, name] : panels)
        on(id, [this, panel = QString::fromLatin1(name)] { showPanel(panel); });
    on(CommandId::ShowWarnings, [this] { showWarnings(); });
    on(CommandId::ThemeSystem, [this] { applyTheme(Theme::System); });
    on(CommandId::ThemeLight, [this] { applyTheme(Theme::Light); });
    on(CommandId::ThemeDark, [this] { applyTheme(Theme::Dark); });
    on(CommandId::ResetLayout, [this] { arrangeDocks(); });
    on(CommandId::ShowShortcuts, [this] {
        auto* dialog = new ShortcutsDialog(this);
        dialog->setAttribute(Qt::WA_DeleteOnClose);
        dialog->open();
    });
    on(CommandId::ShowAbout, [this] { showAbout(); });
}

void MainWindow::wireSession()
{
    connect(&m_session, &Session::opening, this, [this] {
        m_problem->clear();
        judge();
    });
    connect(&m_session, &Session::opened, this, [this] {
        showWorkspace(true);
        // The keyboard begins in the list of collections, as soon as there is one.
        connect(
            &m_session, &Session::snapshotChanged, m_collections,
            [this] { m_collections->setFocus(Qt::OtherFocusReason); }, Qt::SingleShotConnection);
        m_lastTyped = {};
        const auto& place = m_session.place();
        const QString file = place.filePath;
        if (!place.isTemporary) {
            rememberPlace(m_settings,
                          {place.name, file.isEmpty() ? textOf(place.options.location.consensusUrl) : file,
                           file.isEmpty() ? textOf(place.options.location.blobUrl) : QString(), place.options.shard,
                           !file.isEmpty()});
            m_welcome->displayRecent();
        }
        saveSettings();
        m_detail->clear(tr("No entry is chosen"), tr("Choose a row in Entries or Trace."));
        if (m_collections->wanted().isEmpty())
            m_collections->choose(m_settings.value(settings::kLastCollection));
    });
    connect(&m_session, &Session::openFailed, this, [this](const Error& error) {
        if (m_session.isOpen())
            m_problem->show(error); // otherwise the welcome page says it
        if (m_session.tried().filePath.isEmpty())
            m_lastTyped = m_session.tried().options;
    });
    connect(m_problem, &ProblemBar::offerAccepted, this, [this](Presentation::Offer offer) {
        if (offer == Presentation::Offer::Retry || offer == Presentation::Offer::Reread)
            m_session.retryOpen();
    });
    connect(&m_session, &Session::closed, this, [this] {
        showWorkspace(false);
        m_detail->clear(tr("Nothing is open"), tr("Open a catalog file or an environment."));
    });
    for (const auto signal : {&Session::snapshotChanged, &Session::timelineChanged, &Session::overviewChanged,
                              &Session::busyChanged, &Session::closed})
        connect(&m_session, signal, this, &MainWindow::showMoment);
    showMoment();
}

void MainWindow::showWorkspace(bool open)
{
    if (!open && m_pages->currentIndex() == 1)
        saveLayout();
    m_pages->setCurrentIndex(open ? 1 : 0);
    if (open) {
        if (!m_isLayoutLoaded) {
            m_isLayoutLoaded = true;
            const QByteArray layout = m_settings.value(settings::kWindowLayout);
            if (layout.isEmpty() || !restoreState(layout))
                arrangeDocks();
        } else if (!m_docks.first()->isVisible()) {
            restoreState(m_settings.value(settings::kWindowLayout));
        }
        dressDocks();
        return;
    }
    for (auto* dock : m_docks)
        dock->hide();
    m_welcome->setFocus();
}

void MainWindow::arrangeDocks()
{
    restoreState(m_firstLayout);
    for (auto* dock : m_docks)
        dock->show();
    const auto find = [this](const char* name) { return findChild<QDockWidget*>(QString::fromLatin1(name)); };
    resizeDocks({find("collections"), find("detail")}, {300, 390}, Qt::Horizontal);
    resizeDocks({find("time-travel")}, {290}, Qt::Vertical);
    find("collections")->raise();
    find("time-travel")->raise();
    dressDocks();
}

void MainWindow::dressDocks()
{
    for (auto* dock : m_docks) {
        const bool hasTab = !dock->isFloating() && !tabifiedDockWidgets(dock).isEmpty();
        if (hasTab == (dock->titleBarWidget() != nullptr))
            continue;
        auto* old = dock->titleBarWidget();
        dock->setTitleBarWidget(hasTab ? new QWidget(dock) : nullptr);
        delete old;
    }
}

void MainWindow::saveLayout()
{
    m_settings.setValue(settings::kWindowGeometry, saveGeometry());
    if (m_pages->currentIndex() == 1)
        m_settings.setValue(settings::kWindowLayout, saveState());
}

void MainWindow::saveSettings()
{
    if (m_saving->isBusy())
        return; // the rest is saved next time, or at the end
    auto saving = m_settings.takeSaving();
    if (!saving)
        return;
    m_saving->ask(
        tr("Saving settings"),
        [saving = std::move(saving)](const Job&) -> Result<> {
            saving();
            return {};
        },
        [](const Result<>&) {});
}

void MainWindow::closeEvent(QCloseEvent* event)
{
    saveLayout();
    m_settings.save();
    event->accept();
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event)
{
    if (!droppedFile(event->mimeData()).isEmpty())
        event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event)
{
    const QString path = droppedFile(event->mimeData());
    if (path.isEmpty())
        return;
    event->acceptProposedAction();
    openFile(path);
}

void MainWindow::openFile(const QString& path, const inspect::Moment& first)
{
    const QFileInfo file(path);
    m_settings.setValue(settings::kLastFolder, file.absolutePath());
    Place place;
    place.options.location = store::Location::ofCatalogFile(utf8Of(file.absoluteFilePath()));
    place.name = file.fileName();
    place.filePath = file.absoluteFilePath();
    m_session.open(place, first);
}

void MainWindow::openPlace(const inspect::OpenOptions& options, const inspect::Moment& first)
{
    Place place;
    place.options = options;
    place.name = placeName(options);
    m_session.open(place, first);
}

void MainWindow::openDemo(const inspect::Moment& first)
{
    const QString copy = m_demoCopy ? m_demoCopy() : QString();
    if (copy.isEmpty()) {
        m_prompt.tell(this, tr("The demo catalog is not there."),
                      tr("It comes with the program; install it again, or open a catalog file."));
        return;
    }
    Place place;
    place.options.location = store::Location::ofCatalogFile(utf8Of(copy));
    place.name = tr("Demo catalog");
    place.filePath = copy;
    place.isTemporary = true;
    m_session.open(place, first);
}

void MainWindow::askForUrl()
{
    auto* dialog = new OpenUrlDialog(m_lastTyped, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &QDialog::accepted, this, [this, dialog] {
        m_lastTyped = *dialog->acceptedOptions();
        openPlace(m_lastTyped);
    });
    dialog->open();
}

void MainWindow::chooseCollection(const QString& name)
{
    m_collections->choose(name);
}

bool MainWindow::showPanel(const QString& name)
{
    if (!m_session.isOpen())
        return false;
    if (name == QLatin1String("entries")) {
        m_entries->setFocus(Qt::ShortcutFocusReason);
        return true;
    }
    for (auto* dock : m_docks) {
        if (dock->objectName() != name)
            continue;
        dock->show();
        dock->raise();
        dock->widget()->setFocus(Qt::ShortcutFocusReason);
        return true;
    }
    return false;
}

void MainWindow::applyTheme(Theme theme)
{
    m_settings.setValue(settings::kTheme, themeName(theme));
    if (auto* application = qobject_cast<QApplication*>(QApplication::instance()))
        views::applyTheme(*application, theme);
}

void MainWindow::showEntry()
{
    const auto row = m_entries->pane().currentRow();
    if (row) {
        m_detailIsUpdate = false;
        const MomentText moment = momentText(m_session);
        m_detail->show(DetailPanel::Of::Snapshot, m_entries->pane().table(), *row, moment.text, moment.isLatest);
    } else if (!m_detailIsUpdate && m_detail->detail() && m_session.snapshot() && m_entries->pane().table()
               && utf8Of(m_entries->collection()) == m_detail->detail()->collection) {
        const MomentText moment = momentText(m_session);
        m_detail->clear(tr("Not here at this moment"),
                        tr("%1 is not among the entries: %2").arg(textOf(m_detail->detail()->title), moment.text));
    } else if (!m_detailIsUpdate) {
        m_detail->clear(tr("No entry is chosen"), tr("Choose a row in Entries or Trace."));
    }
    judge();
}

void MainWindow::showUpdate()
{
    const auto row = m_trace->pane().currentRow();
    if (!row)
        return;
    m_detailIsUpdate = true;
    const auto& table = m_trace->pane().table();
    const QString certainty = formatCertainty(table->certainty(*row));
    m_detail->show(DetailPanel::Of::Trace, table, *row,
                   tr("Update at %1 · %2").arg(formatShortTime(table->time(*row)), certainty), true);
    judge();
}

void MainWindow::showMoment()
{
    const MomentText moment = momentText(m_session);
    m_pastBar->setVisible(m_session.isOpen() && !moment.isLatest);
    const auto& upper = m_session.overview().upper;
    const bool isNewest = m_session.snapshot() && upper && m_session.snapshot()->asOf().next() == *upper;
    m_pastText->setText(
        (isNewest ? tr("This moment stays as it is when more is written: %1") : tr("This is the past: %1"))
            .arg(moment.text));
    QString title = tr("Catalog Inspector");
    if (m_session.isOpen()) {
        title = tr("%1 — Read-only — Catalog Inspector").arg(m_session.place().name);
        if (!moment.isLatest)
            title = tr("%1 — %2").arg(formatMoment(m_session.moment()), title);
    }
    setWindowTitle(title);
    m_placeLabel->setText(m_session.isOpen() ? m_session.place().name : QString());
    const auto count = m_session.isOpen() ? m_session.warnings().size() : 0;
    m_warnings->setVisible(count != 0);
    m_warnings->setText(count == 1 ? tr("1 warning") : tr("%1 warnings").arg(count));
    judge();
}

void MainWindow::showWarnings()
{
    QStringList lines;
    for (const auto& warning : m_session.warnings())
        lines << textOf(warning);
    auto* dialog = new ListDialog(
        tr("Warnings"), tr("What is odd about this catalog, or could not be read. All else is shown."), lines, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->open();
}

void MainWindow::showAbout()
{
    m_prompt.tell(this, tr("Catalog Inspector %1").arg(QApplication::applicationVersion()),
                  tr("Reads the durable catalog of a Materialize environment from its consensus and blob stores, "
                     "without writing to either."));
}

TablePane* MainWindow::paneInUse() const
{
    const auto* focus = QApplication::focusWidget();
    return focus != nullptr && m_trace->isAncestorOf(focus) ? &m_trace->pane() : &m_entries->pane();
}

void MainWindow::copyRows()
{
    for (auto* widget = QApplication::focusWidget(); widget != nullptr; widget = widget->parentWidget()) {
        if (const auto* view = qobject_cast<RowView*>(widget)) {
            view->copySelection();
            return;
        }
    }
    paneInUse()->view().copySelection();
}

void MainWindow::focusFilter()
{
    paneInUse()->focusFilter();
}

void MainWindow::stop()
{
    m_session.stop();
    m_entries->pane().stop();
    m_trace->pane().stop();
}

bool MainWindow::isIdle() const
{
    return !m_session.isBusy() && !m_entries->pane().isBusy() && !m_trace->pane().isBusy() && !m_detail->isBusy()
        && !m_fence->isBusy();
}

UiState MainWindow::uiState() const
{
    UiState state;
    state.isOpen = m_session.isOpen();
    state.isBusy = m_session.isBusy() || m_entries->pane().isBusy() || m_trace->pane().isBusy();
    state.rowSelected = m_detail->detail().has_value();
    state.hasSecret = m_detail->hasSecret();
    state.atLatest = m_session.moment().kind == inspect::Moment::Kind::Latest;
    state.canStepEarlier = m_session.earlier().has_value();
    state.canStepLater = m_session.later().has_value();
    state.hasWarnings = state.isOpen && !m_session.warnings().empty();
    return state;
}

void MainWindow::judge()
{
    m_commands->judge(uiState());
    m_commands->action(CommandId::Reveal)->setChecked(m_detail->isRevealed());
}

} // namespace inspector::gui
