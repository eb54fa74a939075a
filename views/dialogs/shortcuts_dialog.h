#pragma once

#include <QDialog>

namespace inspector::views {

/// Every command with its keys, from the command table.
class ShortcutsDialog : public QDialog
{
    Q_OBJECT
public:
    explicit ShortcutsDialog(QWidget* parent = nullptr);
};

} // namespace inspector::views
