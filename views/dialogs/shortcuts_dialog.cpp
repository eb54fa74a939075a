#include "views/dialogs/shortcuts_dialog.h"

#include "views/support/commands.h"

#include <QDialogButtonBox>
#include <QHeaderView>
#include <QTreeWidget>
#include <QVBoxLayout>

namespace inspector::views {

ShortcutsDialog::ShortcutsDialog(QWidget* parent)
    : QDialog(parent)
{
    setObjectName(QStringLiteral("shortcutsDialog"));
    setWindowTitle(tr("Keyboard Shortcuts"));
    resize(660, 560);
    auto* tree = new QTreeWidget(this);
    tree->setObjectName(QStringLiteral("shortcutsTree"));
    tree->setAccessibleName(tr("Commands and their keys"));
    tree->setHeaderLabels({tr("Command"), tr("Keys"), tr("What it does")});
    tree->setAlternatingRowColors(true);
    tree->setRootIsDecorated(false);
    tree->setIndentation(14);
    const auto section = [tree](const QString& title) {
        auto* item = new QTreeWidgetItem(tree, {title});
        QFont bold = item->font(0);
        bold.setBold(true);
        item->setFont(0, bold);
        item->setFirstColumnSpanned(true);
        return item;
    };
    QTreeWidgetItem* menu = nullptr;
    auto last = CommandMenu::Help;
    for (const auto& spec : commandTable()) {
        if (menu == nullptr || spec.menu != last) {
            menu = section(menuText(spec.menu).remove(QLatin1Char('&')));
            last = spec.menu;
        }
        new QTreeWidgetItem(menu,
                            {commandText(spec).remove(QLatin1Char('&')),
                             commandShortcut(spec).toString(QKeySequence::NativeText), commandHelp(spec)});
    }
    auto* filter = section(tr("In a filter line"));
    new QTreeWidgetItem(filter, {tr("word"), {}, tr("some cell holds the word, in either case")});
    new QTreeWidgetItem(filter, {tr("column:word"), {}, tr("that column holds the word")});
    new QTreeWidgetItem(filter, {tr("-word"), {}, tr("no cell holds the word")});
    new QTreeWidgetItem(filter, {tr("\"two words\""), {}, tr("both, together")});
    new QTreeWidgetItem(filter, {tr("To the rows"), tr("Down, Return"), tr("leave the filter line for the rows")});
    new QTreeWidgetItem(filter, {tr("Clear"), tr("Esc"), tr("show all rows again")});
    auto* timeline = section(tr("On the timeline"));
    new QTreeWidgetItem(timeline, {tr("Step"), tr("Left, Right"), tr("to the moment before or after")});
    new QTreeWidgetItem(timeline, {tr("Earliest, latest"), tr("Home, End"), tr("since, or the newest moment")});
    new QTreeWidgetItem(timeline, {tr("Zoom"), tr("+, -, 0, wheel"), tr("nearer, farther, all of it")});
    tree->expandAll();
    tree->resizeColumnToContents(0);
    tree->resizeColumnToContents(1);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(16, 16, 16, 14);
    layout->addWidget(tree, 1);
    layout->addWidget(buttons);
}

} // namespace inspector::views
