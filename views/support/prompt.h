#pragma once

#include <QString>

#include <functional>

class QWidget;

namespace inspector::views {

/// Everything the program asks a person in a box of its own. Nobody waits: the answer arrives by a call, or never when
/// the box was dismissed. Tests pass a scripted one, so no test ever meets a modal window.
class Prompt
{
public:
    virtual ~Prompt() = default;

    /// Calls `chosen` with the path of an existing catalog file.
    virtual void openFile(QWidget* parent, const QString& folder, std::function<void(const QString&)> chosen) = 0;
    virtual void tell(QWidget* parent, const QString& text, const QString& details) = 0;
};

/// The desktop's own boxes.
class DesktopPrompt final : public Prompt
{
public:
    void openFile(QWidget* parent, const QString& folder, std::function<void(const QString&)> chosen) override;
    void tell(QWidget* parent, const QString& text, const QString& details) override;
};

} // namespace inspector::views
