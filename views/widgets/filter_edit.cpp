#include "views/widgets/filter_edit.h"

#include "views/support/theme.h"

#include <QAbstractButton>
#include <QAbstractItemView>
#include <QAction>
#include <QCompleter>
#include <QKeyEvent>
#include <QStringListModel>
#include <QToolTip>

#include <algorithm>

namespace inspector::views {

namespace {

/// Where the word under the cursor begins.
qsizetype wordStart(const QString& text, qsizetype cursor)
{
    qsizetype start = cursor;
    while (start > 0 && !text.at(start - 1).isSpace())
        --start;
    if (start < text.size() && text.at(start) == QLatin1Char('-'))
        ++start;
    return std::min(start, cursor);
}

QString filterHelp()
{
    return FilterEdit::tr("Every word must occur in some cell. column:word looks in one column, -word excludes, quotes "
                          "keep words together.");
}

} // namespace

FilterEdit::FilterEdit(QWidget* parent)
    : QLineEdit(parent)
    , m_names(new QStringListModel(this))
{
    setObjectName(QStringLiteral("filterEdit"));
    setPlaceholderText(tr("Filter: words, column:word, -word, \"two words\""));
    setAccessibleName(tr("Filter"));
    setToolTip(filterHelp());
    setClearButtonEnabled(true);
    auto* help = addAction(themedIcon("filter"), QLineEdit::LeadingPosition);
    help->setText(tr("How to filter"));
    connect(help, &QAction::triggered, this,
            [this] { QToolTip::showText(mapToGlobal(QPoint(0, height())), filterHelp(), this); });
    for (auto* button : findChildren<QAbstractButton*>())
        button->setAccessibleName(button->toolTip().isEmpty() ? tr("Clear the filter") : help->text());

    auto* completer = new QCompleter(m_names, this);
    completer->setCaseSensitivity(Qt::CaseInsensitive);
    completer->setWidget(this);
    connect(completer, qOverload<const QString&>(&QCompleter::activated), this, [this](const QString& name) {
        const qsizetype start = wordStart(text(), cursorPosition());
        QString changed = text();
        changed.replace(start, cursorPosition() - start, name + QLatin1Char(':'));
        setText(changed);
        setCursorPosition(static_cast<int>(start + name.size() + 1));
    });
    connect(this, &QLineEdit::textEdited, this, &FilterEdit::complete);
}

void FilterEdit::setColumnNames(const QStringList& names)
{
    m_names->setStringList(names);
}

void FilterEdit::setProblem(const QString& problem)
{
    if (problem == m_problem)
        return;
    m_problem = problem;
    setProperty("wrong", !problem.isEmpty());
    setAccessibleDescription(problem);
    setToolTip(problem.isEmpty() ? filterHelp() : problem);
    update();
}

void FilterEdit::complete()
{
    auto* completer = findChild<QCompleter*>();
    const qsizetype start = wordStart(text(), cursorPosition());
    const QString word = text().mid(start, cursorPosition() - start);
    if (word.size() < 2 || word.contains(QLatin1Char(':')) || word.contains(QLatin1Char('"'))) {
        completer->popup()->hide();
        return;
    }
    completer->setCompletionPrefix(word);
    if (completer->completionCount() == 0) {
        completer->popup()->hide();
        return;
    }
    QRect rect = cursorRect();
    rect.setWidth(220);
    completer->complete(rect);
}

void FilterEdit::focusInEvent(QFocusEvent* event)
{
    QLineEdit::focusInEvent(event);
    emit entered();
}

void FilterEdit::keyPressEvent(QKeyEvent* event)
{
    auto* completer = findChild<QCompleter*>();
    const bool completing = completer != nullptr && completer->popup()->isVisible();
    switch (event->key()) {
    case Qt::Key_Escape:
        if (completing) {
            completer->popup()->hide();
        } else if (!text().isEmpty()) {
            clear();
        } else {
            break;
        }
        event->accept();
        return;
    case Qt::Key_Down:
    case Qt::Key_Return:
    case Qt::Key_Enter:
        if (completing) {
            event->ignore(); // the completer's
            return;
        }
        emit leftDownwards();
        event->accept();
        return;
    default:
        break;
    }
    QLineEdit::keyPressEvent(event);
}

bool isNarrowing(const QString& before, const QString& now)
{
    if (before.trimmed().isEmpty())
        return true;
    if (!now.startsWith(before))
        return false;
    const QString added = now.mid(before.size());
    if (added.contains(QLatin1Char('"')) || before.count(QLatin1Char('"')) % 2 != 0)
        return false;
    if (added.isEmpty() || before.at(before.size() - 1).isSpace())
        return true; // whole words were added
    const QString lastWord = before.mid(wordStart(before, before.size()));
    const qsizetype lastStart = before.size() - lastWord.size();
    if (lastStart > 0 && before.at(lastStart - 1) == QLatin1Char('-'))
        return false; // a longer exclusion excludes less
    if (lastWord.endsWith(QLatin1Char('"')))
        return false;
    const QString grown = added.section(QLatin1Char(' '), 0, 0);
    return !grown.contains(QLatin1Char(':')); // a colon turns a word into a column's name
}

} // namespace inspector::views
