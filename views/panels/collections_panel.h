#pragma once

#include <QWidget>

class QModelIndex;

namespace inspector::views {

class CollectionModel;
class EmptyState;
class MomentLabel;
class RowView;
class Session;

/// Every collection of the moment on screen, with rows, bytes and problems.
class CollectionsPanel : public QWidget
{
    Q_OBJECT
public:
    explicit CollectionsPanel(Session& session, QWidget* parent = nullptr);

    /// Stands on `name`; the first collection with rows when there is none of that name. Does nothing before a
    /// snapshot.
    void choose(const QString& name);
    [[nodiscard]] QString chosen() const;
    /// What choose() was asked for last, or what the person chose.
    [[nodiscard]] const QString& wanted() const { return m_wanted; }

signals:
    void collectionChosen(const QString& name);
    void collectionActivated(); ///< Enter or double click

private:
    void display();
    void followSession();

    Session& m_session;
    CollectionModel* m_model;
    MomentLabel* m_moment;
    RowView* m_view;
    EmptyState* m_empty;
    QString m_wanted;
    bool m_resetting = false;
};

} // namespace inspector::views
