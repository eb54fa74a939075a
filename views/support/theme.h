#pragma once

#include <QColor>
#include <QFont>
#include <QIcon>
#include <QPalette>
#include <QString>

class QApplication;

namespace inspector::views {

enum class Theme { System, Light, Dark };

/// "system", "light", "dark"; anything else is System.
[[nodiscard]] Theme themeOf(const QString& name);
[[nodiscard]] QString themeName(Theme theme);

/// True when text is lighter than its ground: how Qt 6.4 tells a dark desktop from a light one.
[[nodiscard]] bool isDark(const QPalette& palette);

[[nodiscard]] QPalette lightPalette();
[[nodiscard]] QPalette darkPalette();

/// Colours that a palette has no role for. Derived from the palette, so that they follow the theme.
struct Shades
{
    QColor hairline; ///< between cells, around fields
    QColor faint;    ///< text of second rank
    QColor accent;
    QColor good;
    QColor caution; ///< warnings, the past
    QColor danger;  ///< problems, retractions
    QColor cautionGround;
    QColor dangerGround;
};
[[nodiscard]] Shades shadesOf(const QPalette& palette);

/// Sets style, palette and font of the whole program; may be called again at any time.
void applyTheme(QApplication& application, Theme theme);

/// The monospaced font of the system, at the size of the window's text.
[[nodiscard]] QFont monospaceFont();

/// A one-colour icon of resources/icons, drawn in the colour of the text at whatever size and theme there is.
[[nodiscard]] QIcon themedIcon(const QString& name);
[[nodiscard]] QIcon themedIcon(const char* name);
/// As a pixmap in one colour.
[[nodiscard]] QPixmap tintedPixmap(const QString& name, int size, const QColor& colour, qreal devicePixelRatio);

/// The program's own icon, in colour.
[[nodiscard]] QIcon programIcon();

} // namespace inspector::views
