#pragma once

#include "views/support/commands.h"

#include <QObject>

#include <functional>
#include <vector>

class QAction;
class QMenuBar;

namespace inspector::gui {

/// The command table as actions. What an action does is told to it once; when it makes sense, the table says.
class CommandSet : public QObject
{
    Q_OBJECT
public:
    explicit CommandSet(QWidget* window);

    [[nodiscard]] QAction* action(views::CommandId id) const;
    void onTriggered(views::CommandId id, std::function<void()> run);
    void fillMenus(QMenuBar* bar) const;
    /// Enables what makes sense in `state`.
    void judge(const views::UiState& state);

private:
    std::vector<QAction*> m_actions;
};

} // namespace inspector::gui
