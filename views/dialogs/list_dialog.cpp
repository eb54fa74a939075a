#include "views/dialogs/list_dialog.h"

#include "views/support/theme.h"

#include <QApplication>
#include <QClipboard>
#include <QDialogButtonBox>
#include <QLabel>
#include <QListWidget>
#include <QPushButton>
#include <QVBoxLayout>

namespace inspector::views {

ListDialog::ListDialog(const QString& title, const QString& explanation, const QStringList& lines, QWidget* parent)
    : QDialog(parent)
{
    setObjectName(QStringLiteral("listDialog"));
    setWindowTitle(title);
    resize(640, 360);
    auto* text = new QLabel(explanation, this);
    text->setWordWrap(true);
    text->setForegroundRole(QPalette::PlaceholderText);
    auto* list = new QListWidget(this);
    list->setObjectName(QStringLiteral("listDialogLines"));
    list->setAccessibleName(title);
    list->setWordWrap(true);
    list->setSelectionMode(QAbstractItemView::ExtendedSelection);
    list->setSpacing(2);
    for (const auto& line : lines)
        new QListWidgetItem(themedIcon("warning"), line, list);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
    auto* copy = buttons->addButton(tr("Copy All"), QDialogButtonBox::ActionRole);
    copy->setIcon(themedIcon("copy"));
    connect(copy, &QPushButton::clicked, this,
            [lines] { QApplication::clipboard()->setText(lines.join(QLatin1Char('\n'))); });
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(16, 16, 16, 14);
    layout->setSpacing(10);
    layout->addWidget(text);
    layout->addWidget(list, 1);
    layout->addWidget(buttons);
}

} // namespace inspector::views
