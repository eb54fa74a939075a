#pragma once

#include <QLabel>

namespace inspector::views {

/// Says which moment a panel shows and how certain it is: "as of 41 · v72 · exact". Stands out while it is not the
/// latest.
class MomentLabel : public QLabel
{
    Q_OBJECT
public:
    explicit MomentLabel(QWidget* parent = nullptr);

    void setMoment(const QString& text, const QString& explanation, bool isLatest);

    [[nodiscard]] QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    bool m_isLatest = true;
};

} // namespace inspector::views
