#include "views/support/prompt.h"

#include <QCoreApplication>
#include <QFileDialog>
#include <QMessageBox>

#include <utility>

namespace inspector::views {

void DesktopPrompt::openFile(QWidget* parent, const QString& folder, std::function<void(const QString&)> chosen)
{
    auto* dialog = new QFileDialog(parent, QCoreApplication::translate("Prompt", "Open catalog file"), folder);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFile);
    dialog->setNameFilters({QCoreApplication::translate("Prompt", "Catalog files (*.mzcat)"),
                            QCoreApplication::translate("Prompt", "All files (*)")});
    QObject::connect(dialog, &QFileDialog::fileSelected, parent,
                     [chosen = std::move(chosen)](const QString& path) { chosen(path); });
    dialog->open();
}

void DesktopPrompt::tell(QWidget* parent, const QString& text, const QString& details)
{
    auto* box =
        new QMessageBox(QMessageBox::Information, QCoreApplication::applicationName(), text, QMessageBox::Ok, parent);
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->setInformativeText(details);
    box->open();
}

} // namespace inspector::views
