#pragma once

#include <QWidget>

namespace inspector::views {

/// How the catalog was opened, as an icon and a word: "Read-only" with a lock.
class ModeBadge : public QWidget
{
    Q_OBJECT
public:
    explicit ModeBadge(QWidget* parent = nullptr);

    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] static QString text();

protected:
    void paintEvent(QPaintEvent* event) override;
};

} // namespace inspector::views
