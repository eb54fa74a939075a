#pragma once

#include <QLineEdit>

class QStringListModel;

namespace inspector::views {

/// Where a filter is typed: words, `name:word`, `-word`, "two words". Completes column names, shows by its frame when
/// the text does not parse, clears with Escape.
class FilterEdit : public QLineEdit
{
    Q_OBJECT
public:
    explicit FilterEdit(QWidget* parent = nullptr);

    /// Names that may stand before a colon.
    void setColumnNames(const QStringList& names);
    /// Why the text is no filter; empty when it is one.
    void setProblem(const QString& problem);
    [[nodiscard]] QString problem() const { return m_problem; }

signals:
    void entered();       ///< got the keyboard
    void leftDownwards(); ///< Down or Enter: on to the rows

protected:
    void focusInEvent(QFocusEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    void complete();

    QString m_problem;
    QStringListModel* m_names;
};

/// True when every row that `now` picks is also picked by `before`, judged by the text alone: what was typed since only
/// lengthens a word or adds one. Says false when in doubt.
[[nodiscard]] bool isNarrowing(const QString& before, const QString& now);

} // namespace inspector::views
