#pragma once

#include <QPlainTextEdit>

namespace inspector::views {

/// JSON or bytes to read and copy from: monospaced, coloured by the theme. Does not edit.
class JsonView : public QPlainTextEdit
{
    Q_OBJECT
public:
    enum class Language { Json, Plain };

    explicit JsonView(Language language, QWidget* parent = nullptr);

    /// Shows `text`; beyond two million characters the rest is counted, not shown.
    void setContent(const QString& text);

protected:
    void changeEvent(QEvent* event) override;
};

} // namespace inspector::views
