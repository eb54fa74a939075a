#pragma once

#include "core/base/result.h"
#include "views/support/presentation.h"

#include <QFrame>

class QLabel;
class QToolButton;

namespace inspector::views {

/// A strip above a panel's rows that says what went wrong and offers the next step. The rows stay. Hidden while there
/// is nothing to say.
class ProblemBar : public QFrame
{
    Q_OBJECT
public:
    explicit ProblemBar(QWidget* parent = nullptr);

    /// Shows `error` where its code belongs; a cancelled question shows nothing.
    void show(const Error& error);
    void clear();
    [[nodiscard]] QString text() const;
    [[nodiscard]] Presentation::Offer offer() const { return m_offer; }

signals:
    void offerAccepted(inspector::views::Presentation::Offer offer); ///< CopyReport was done already

protected:
    void paintEvent(QPaintEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    void tint();

    QLabel* m_icon;
    QLabel* m_title;
    QLabel* m_text;
    QToolButton* m_button;
    QToolButton* m_dismiss;
    Presentation::Offer m_offer = Presentation::Offer::Nothing;
    QString m_report;
};

} // namespace inspector::views
