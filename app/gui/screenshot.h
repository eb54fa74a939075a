#pragma once

#include <QObject>
#include <QString>

class QTimer;

namespace inspector::gui {

class MainWindow;

/// Waits until the window has nothing more to read, draws it into a PNG file, and ends the program: 0 when the file was
/// written, 1 when it was not or when reading took longer than a minute.
class Screenshot : public QObject
{
    Q_OBJECT
public:
    Screenshot(MainWindow& window, QString file, QString panel, QObject* parent = nullptr);

private:
    void look();
    void draw();

    MainWindow& m_window;
    QString m_file;
    QString m_panel;
    QTimer* m_timer;
    int m_looks = 0;
    int m_calm = 0;
};

} // namespace inspector::gui
