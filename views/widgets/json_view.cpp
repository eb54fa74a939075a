#include "views/widgets/json_view.h"

#include "views/support/format.h"
#include "views/support/theme.h"

#include <QEvent>
#include <QSyntaxHighlighter>
#include <QTextCharFormat>

namespace inspector::views {

namespace {

constexpr qsizetype kMostCharacters = 2'000'000;
constexpr int kLongestColouredLine = 20'000;

/// Names, texts, numbers and the three words, line by line. JSON texts hold no line breaks, so a line stands alone.
class JsonHighlighter final : public QSyntaxHighlighter
{
public:
    JsonHighlighter(QTextDocument* document, const QPalette& palette)
        : QSyntaxHighlighter(document)
    {
        const bool dark = isDark(palette);
        m_name.setForeground(dark ? QColor(0xff86a8ff) : QColor(0xff2b55c9));
        m_text.setForeground(dark ? QColor(0xff8fd6a5) : QColor(0xff1f7a47));
        m_number.setForeground(dark ? QColor(0xffe9b665) : QColor(0xff8a5a00));
        m_word.setForeground(dark ? QColor(0xffd3a0f5) : QColor(0xff7a3db8));
    }

protected:
    void highlightBlock(const QString& line) override
    {
        if (line.size() > kLongestColouredLine)
            return;
        int at = 0;
        const int size = static_cast<int>(line.size());
        while (at < size) {
            const QChar character = line.at(at);
            const int start = at;
            if (character == QLatin1Char('"')) {
                ++at;
                while (at < size && line.at(at) != QLatin1Char('"'))
                    at += line.at(at) == QLatin1Char('\\') ? 2 : 1;
                at = std::min(at + 1, size);
                int next = at;
                while (next < size && line.at(next).isSpace())
                    ++next;
                const bool isName = next < size && line.at(next) == QLatin1Char(':');
                setFormat(start, at - start, isName ? m_name : m_text);
            } else if (character.isDigit() || character == QLatin1Char('-')) {
                while (at < size
                       && (line.at(at).isLetterOrNumber() || line.at(at) == QLatin1Char('.')
                           || line.at(at) == QLatin1Char('-') || line.at(at) == QLatin1Char('+')))
                    ++at;
                setFormat(start, at - start, m_number);
            } else if (character.isLetter()) {
                while (at < size && line.at(at).isLetter())
                    ++at;
                setFormat(start, at - start, m_word);
            } else {
                ++at;
            }
        }
    }

private:
    QTextCharFormat m_name;
    QTextCharFormat m_text;
    QTextCharFormat m_number;
    QTextCharFormat m_word;
};

} // namespace

JsonView::JsonView(Language language, QWidget* parent)
    : QPlainTextEdit(parent)
{
    setReadOnly(true);
    setFrameShape(QFrame::NoFrame);
    setFont(monospaceFont());
    setUndoRedoEnabled(false);
    setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    setLineWrapMode(language == Language::Json ? QPlainTextEdit::WidgetWidth : QPlainTextEdit::NoWrap);
    setWordWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
    document()->setDocumentMargin(8);
    if (language == Language::Json)
        new JsonHighlighter(document(), palette());
}

void JsonView::setContent(const QString& text)
{
    if (text.size() > kMostCharacters)
        setPlainText(
            text.left(kMostCharacters)
            + tr("\n… and %1 more characters").arg(formatCount(static_cast<quint64>(text.size() - kMostCharacters))));
    else
        setPlainText(text);
}

void JsonView::changeEvent(QEvent* event)
{
    QPlainTextEdit::changeEvent(event);
    if (event->type() != QEvent::PaletteChange)
        return;
    if (auto* old = document()->findChild<QSyntaxHighlighter*>()) {
        delete old;
        new JsonHighlighter(document(), palette());
    }
}

} // namespace inspector::views
