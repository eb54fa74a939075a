#include "app/gui/command_set.h"

#include "views/support/theme.h"

#include <QAction>
#include <QMenu>
#include <QMenuBar>
#include <QWidget>

namespace inspector::gui {

using views::CommandId;

CommandSet::CommandSet(QWidget* window)
    : QObject(window)
{
    for (const auto& spec : views::commandTable()) {
        auto* action = new QAction(views::commandText(spec), window);
        action->setObjectName(QString::fromLatin1(spec.name));
        action->setShortcut(views::commandShortcut(spec));
        action->setStatusTip(views::commandHelp(spec));
        QString tip = views::commandHelp(spec);
        if (!action->shortcut().isEmpty())
            tip += QStringLiteral(" (%1)").arg(action->shortcut().toString(QKeySequence::NativeText));
        action->setToolTip(tip);
        action->setCheckable(spec.isCheckable);
        if (*spec.icon != '\0')
            action->setIcon(views::themedIcon(spec.icon));
        window->addAction(action);
        m_actions.push_back(action);
    }
}

QAction* CommandSet::action(CommandId id) const
{
    return m_actions.at(static_cast<std::size_t>(id));
}

void CommandSet::onTriggered(CommandId id, std::function<void()> run)
{
    connect(action(id), &QAction::triggered, this, [run = std::move(run)] { run(); });
}

void CommandSet::fillMenus(QMenuBar* bar) const
{
    QMenu* menu = nullptr;
    auto last = views::CommandMenu::Help;
    for (const auto& spec : views::commandTable()) {
        if (menu == nullptr || spec.menu != last) {
            menu = bar->addMenu(views::menuText(spec.menu));
            last = spec.menu;
        }
        if (spec.id == CommandId::Refresh || spec.id == CommandId::Quit || spec.id == CommandId::Reveal
            || spec.id == CommandId::GoToMoment || spec.id == CommandId::ShowWarnings
            || spec.id == CommandId::ThemeSystem || spec.id == CommandId::ResetLayout)
            menu->addSeparator();
        menu->addAction(action(spec.id));
    }
}

void CommandSet::judge(const views::UiState& state)
{
    for (const auto& spec : views::commandTable())
        action(spec.id)->setEnabled(spec.enabledWhen(state));
}

} // namespace inspector::gui
