#pragma once

#include <QDialog>
#include <QStringList>

namespace inspector::views {

/// A list to read and to copy: warnings, and whatever else comes in lines.
class ListDialog : public QDialog
{
    Q_OBJECT
public:
    ListDialog(const QString& title, const QString& explanation, const QStringList& lines, QWidget* parent = nullptr);
};

} // namespace inspector::views
