#pragma once

#include <QWidget>

class QLabel;

namespace inspector::views {

/// What a panel shows instead of rows: an icon, what is the case, and why or what to do.
class EmptyState : public QWidget
{
    Q_OBJECT
public:
    explicit EmptyState(QWidget* parent = nullptr);

    void say(const QString& icon, const QString& title, const QString& explanation);
    [[nodiscard]] QString title() const;

protected:
    void changeEvent(QEvent* event) override;

private:
    void tint();

    QString m_name;
    QLabel* m_icon;
    QLabel* m_title;
    QLabel* m_explanation;
};

} // namespace inspector::views
