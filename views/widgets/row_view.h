#pragma once

#include <QTableView>

namespace inspector::views {

/// A table of rows: fixed height, whole rows selected, nothing measured but what is on screen. Copies as tab-separated
/// text; columns are hidden, moved and sized at the header.
class RowView : public QTableView
{
    Q_OBJECT
public:
    explicit RowView(QWidget* parent = nullptr);

    /// The selected rows as lines of tab-separated cells in the order on screen, a header line first when there is
    /// more than one row. Hidden columns are left out, line breaks inside cells become blanks. At most 100,000 rows.
    [[nodiscard]] QString selectedText() const;
    void copySelection() const;

    /// The first row on screen, -1 without rows.
    [[nodiscard]] int topRow() const;
    /// Pixels from the top of the rows on screen to `row`; may be outside.
    [[nodiscard]] int offsetOf(int row) const;
    [[nodiscard]] bool isOnScreen(int row) const;
    /// Scrolls so that `row` lies `offset` pixels below the top.
    void scrollTo(int row, int offset);
    using QTableView::scrollTo;

    /// Widths from the header and the first rows on screen.
    void fitColumns();
    /// One text a column, in visual order: "name:width" or "name:width:hidden". Names come from the header.
    [[nodiscard]] QStringList columnLayout() const;
    /// Every column in the model's order and fitted, and then as `layout` says of those that it names.
    void arrangeColumns(const QStringList& layout);

    void setModel(QAbstractItemModel* model) override;
    void reset() override;

signals:
    void columnLayoutChanged(); ///< by the user
    void activatedRow(int row); ///< Enter or double click

protected:
    void focusInEvent(QFocusEvent* event) override;
    void changeEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    /// Home and End go to the first and the last row: rows are what is chosen here.
    QModelIndex moveCursor(CursorAction action, Qt::KeyboardModifiers modifiers) override;

private:
    void showHeaderMenu(const QPoint& at);
    void applyLayout(const QStringList& layout);
    void sizeRows();
    [[nodiscard]] QString columnName(int column) const;

    QStringList m_kept;       ///< the layout before a reset: headers forget theirs
    bool m_arranging = false; ///< a change of the layout is ours, not the user's
};

} // namespace inspector::views
