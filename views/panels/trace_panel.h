#pragma once

#include "core/inspect/inspector.h"

#include <QWidget>

class QCheckBox;
class QComboBox;
class QLabel;

namespace inspector::views {

class MomentLabel;
class Session;
class Settings;
class TablePane;

/// The updates in time order, as the batches still remember them. Read when the panel is first seen, not before.
class TracePanel : public QWidget
{
    Q_OBJECT
public:
    TracePanel(Session& session, Settings& settings, QWidget* parent = nullptr);

    /// The collection that Entries shows; taken over while "follow" is on.
    void follow(const QString& collection);
    [[nodiscard]] TablePane& pane() const { return *m_pane; }

    /// True while the panel is in front: a dock behind another one's tab counts as visible to Qt.
    void setSeen(bool seen);

signals:
    void updateChanged(); ///< another update, or none: ask pane()

private:
    void buildTools();
    void invalidate();
    void readIfSeen();
    void displayCollections();

    Session& m_session;
    QString m_followed;
    QComboBox* m_collection;
    QComboBox* m_form;
    QLabel* m_note;
    MomentLabel* m_moment;
    TablePane* m_pane;
    bool m_isStale = true;
    bool m_isSeen = false;
};

} // namespace inspector::views
