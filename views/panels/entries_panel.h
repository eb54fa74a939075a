#pragma once

#include "core/inspect/inspector.h"

#include <QWidget>

#include <optional>

class QLabel;

namespace inspector::views {

class MomentLabel;
class Session;
class Settings;
class TablePane;

/// The entries of the chosen collection at the moment on screen.
class EntriesPanel : public QWidget
{
    Q_OBJECT
public:
    EntriesPanel(Session& session, Settings& settings, QWidget* parent = nullptr);

    void browse(const QString& collection);
    [[nodiscard]] const QString& collection() const { return m_collection; }
    [[nodiscard]] TablePane& pane() const { return *m_pane; }

signals:
    void entryChanged();   ///< another entry, the same entry at another moment, or none: ask pane()
    void entryActivated(); ///< Enter or double click
    void entriesShown();   ///< rows are on screen

private:
    void read();
    void display();

    Session& m_session;
    QString m_collection;
    QLabel* m_title;
    QLabel* m_help;
    MomentLabel* m_moment;
    TablePane* m_pane;
};

} // namespace inspector::views
