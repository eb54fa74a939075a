#pragma once

#include "views/support/recent_places.h"

#include <QWidget>

class QListWidget;
class QLabel;

namespace inspector::views {

class ProblemBar;
class Session;

/// What the window shows while nothing is open: how to open something, and what was open lately.
class WelcomePanel : public QWidget
{
    Q_OBJECT
public:
    WelcomePanel(Session& session, Settings& settings, QWidget* parent = nullptr);

    void displayRecent();

signals:
    void openFileRequested();
    void openUrlRequested();
    void openDemoRequested();
    void placeChosen(const inspector::views::RecentPlace& place);

private:
    Session& m_session;
    Settings& m_settings;
    QListWidget* m_recent;
    QLabel* m_recentTitle;
    ProblemBar* m_problem;
    std::vector<RecentPlace> m_places;
};

} // namespace inspector::views
