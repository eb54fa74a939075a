#include "views/support/theme.h"

#include "views/support/style.h"

#include <QApplication>
#include <QFile>
#include <QFontDatabase>
#include <QGuiApplication>
#include <QIconEngine>
#include <QPainter>
#include <QPixmap>
#include <QPixmapCache>
#include <QStyleFactory>
#include <QSvgRenderer>

#include <memory>

// Resources of a static library are not there before somebody asks for them; the macro wants no namespace.
static void loadResources()
{
    Q_INIT_RESOURCE(inspector);
}

namespace inspector::views {

namespace {

struct Inks
{
    QRgb window, base, alternate, text, faint, button, hairline, accent, onAccent, link, tip, onTip;
};

QPalette paletteOf(const Inks& inks)
{
    QPalette palette;
    const QColor text(inks.text);
    const QColor faint(inks.faint);
    palette.setColor(QPalette::Window, QColor(inks.window));
    palette.setColor(QPalette::WindowText, text);
    palette.setColor(QPalette::Base, QColor(inks.base));
    palette.setColor(QPalette::AlternateBase, QColor(inks.alternate));
    palette.setColor(QPalette::Text, text);
    palette.setColor(QPalette::PlaceholderText, faint);
    palette.setColor(QPalette::Button, QColor(inks.button));
    palette.setColor(QPalette::ButtonText, text);
    palette.setColor(QPalette::BrightText, QColor(inks.onAccent));
    palette.setColor(QPalette::ToolTipBase, QColor(inks.tip));
    palette.setColor(QPalette::ToolTipText, QColor(inks.onTip));
    palette.setColor(QPalette::Highlight, QColor(inks.accent));
    palette.setColor(QPalette::HighlightedText, QColor(inks.onAccent));
    palette.setColor(QPalette::Link, QColor(inks.link));
    palette.setColor(QPalette::LinkVisited, QColor(inks.link));
    const QColor hairline(inks.hairline);
    palette.setColor(QPalette::Light, QColor(inks.base));
    palette.setColor(QPalette::Midlight, QColor(inks.window));
    palette.setColor(QPalette::Mid, hairline);
    palette.setColor(QPalette::Dark, hairline.darker(130));
    palette.setColor(QPalette::Shadow, hairline.darker(170));
    for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText, QPalette::HighlightedText})
        palette.setColor(QPalette::Disabled, role, faint);
    palette.setColor(QPalette::Disabled, QPalette::Highlight, hairline);
    return palette;
}

/// Draws an SVG of one colour in the colour of the text.
class TintedIconEngine final : public QIconEngine
{
public:
    explicit TintedIconEngine(QString name)
        : m_name(std::move(name))
    {
    }

    void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State) override
    {
        const qreal ratio = painter->device() != nullptr ? painter->device()->devicePixelRatioF() : 1.0;
        const int size = std::min(rect.width(), rect.height());
        const QPixmap pixmap = tintedPixmap(m_name, size, colourFor(mode), ratio);
        painter->drawPixmap(rect.x() + (rect.width() - size) / 2, rect.y() + (rect.height() - size) / 2, pixmap);
    }

    QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State) override
    {
        return tintedPixmap(m_name, std::min(size.width(), size.height()), colourFor(mode), 1.0);
    }

    QPixmap scaledPixmap(const QSize& size, QIcon::Mode mode, QIcon::State, qreal scale) override
    {
        // `size` is in device pixels already.
        QPixmap pixmap = tintedPixmap(m_name, std::min(size.width(), size.height()), colourFor(mode), 1.0);
        pixmap.setDevicePixelRatio(scale);
        return pixmap;
    }

    [[nodiscard]] QIconEngine* clone() const override { return new TintedIconEngine(m_name); }
    [[nodiscard]] QString key() const override { return QStringLiteral("inspector-tinted"); }

private:
    [[nodiscard]] static QColor colourFor(QIcon::Mode mode)
    {
        const QPalette palette = QGuiApplication::palette();
        switch (mode) {
        case QIcon::Disabled: {
            QColor colour = palette.color(QPalette::Disabled, QPalette::WindowText);
            colour.setAlphaF(0.55F);
            return colour;
        }
        case QIcon::Selected:
            return palette.color(QPalette::HighlightedText);
        case QIcon::Normal:
        case QIcon::Active:
            break;
        }
        return palette.color(QPalette::WindowText);
    }

    QString m_name;
};

} // namespace

Theme themeOf(const QString& name)
{
    if (name == QLatin1String("light"))
        return Theme::Light;
    return name == QLatin1String("dark") ? Theme::Dark : Theme::System;
}

QString themeName(Theme theme)
{
    switch (theme) {
    case Theme::System:
        return QStringLiteral("system");
    case Theme::Light:
        return QStringLiteral("light");
    case Theme::Dark:
        return QStringLiteral("dark");
    }
    return {};
}

bool isDark(const QPalette& palette)
{
    return palette.color(QPalette::WindowText).lightness() > palette.color(QPalette::Window).lightness();
}

QPalette lightPalette()
{
    return paletteOf({.window = 0xfff4f5f8,
                      .base = 0xffffffff,
                      .alternate = 0xfff8f9fb,
                      .text = 0xff1d2330,
                      .faint = 0xff6b7385,
                      .button = 0xfff0f2f6,
                      .hairline = 0xffdadfe8,
                      .accent = 0xff3b62d6,
                      .onAccent = 0xffffffff,
                      .link = 0xff2b55c9,
                      .tip = 0xff262d3b,
                      .onTip = 0xfff2f4f8});
}

QPalette darkPalette()
{
    return paletteOf({.window = 0xff1f232b,
                      .base = 0xff171a20,
                      .alternate = 0xff1b1f26,
                      .text = 0xffdde2ec,
                      .faint = 0xff8c95a8,
                      .button = 0xff2a2f3a,
                      .hairline = 0xff343a47,
                      .accent = 0xff3f68d8,
                      .onAccent = 0xffffffff,
                      .link = 0xff86a8ff,
                      .tip = 0xff343b49,
                      .onTip = 0xffeef1f7});
}

Shades shadesOf(const QPalette& palette)
{
    const bool dark = isDark(palette);
    return {.hairline = palette.color(QPalette::Mid),
            .faint = palette.color(QPalette::PlaceholderText),
            .accent = dark ? QColor(0xff7d9dff) : palette.color(QPalette::Active, QPalette::Highlight),
            .good = dark ? QColor(0xff6fcf97) : QColor(0xff1f7a47),
            .caution = dark ? QColor(0xffe9b665) : QColor(0xff8a5a00),
            .danger = dark ? QColor(0xffff8f88) : QColor(0xffb3261e),
            .cautionGround = dark ? QColor(0xff3a3120) : QColor(0xfffdf3dc),
            .dangerGround = dark ? QColor(0xff3f2526) : QColor(0xfffdeaea)};
}

void applyTheme(QApplication& application, Theme theme)
{
    loadResources();
    // The palette that the desktop gave, looked at once, before ours replaces it.
    const QVariant remembered = application.property("desktopIsDark");
    const bool desktopIsDark = remembered.isValid() ? remembered.toBool() : isDark(QGuiApplication::palette());
    application.setProperty("desktopIsDark", desktopIsDark);

    const bool dark = theme == Theme::Dark || (theme == Theme::System && desktopIsDark);
    if (qobject_cast<Style*>(QApplication::style()) == nullptr)
        QApplication::setStyle(new Style);
    QApplication::setPalette(dark ? darkPalette() : lightPalette());
}

QFont monospaceFont()
{
    QFont font = QFontDatabase::systemFont(QFontDatabase::FixedFont);
    font.setStyleHint(QFont::Monospace);
    font.setPointSizeF(QGuiApplication::font().pointSizeF());
    return font;
}

QPixmap tintedPixmap(const QString& name, int size, const QColor& colour, qreal devicePixelRatio)
{
    const QString key =
        QStringLiteral("inspector/%1/%2/%3/%4")
            .arg(name, QString::number(size), colour.name(QColor::HexArgb), QString::number(devicePixelRatio));
    QPixmap pixmap;
    if (QPixmapCache::find(key, &pixmap))
        return pixmap;
    const int pixels = static_cast<int>(size * devicePixelRatio + 0.5);
    pixmap = QPixmap(pixels, pixels);
    pixmap.fill(Qt::transparent);
    QSvgRenderer renderer(QStringLiteral(":/icons/%1.svg").arg(name));
    if (renderer.isValid()) {
        QPainter painter(&pixmap);
        renderer.render(&painter, QRectF(0, 0, pixels, pixels));
        painter.setCompositionMode(QPainter::CompositionMode_SourceIn);
        painter.fillRect(pixmap.rect(), colour);
    }
    pixmap.setDevicePixelRatio(devicePixelRatio);
    QPixmapCache::insert(key, pixmap);
    return pixmap;
}

QIcon themedIcon(const QString& name)
{
    return name.isEmpty() ? QIcon() : QIcon(new TintedIconEngine(name));
}

QIcon themedIcon(const char* name)
{
    return themedIcon(QString::fromLatin1(name));
}

QIcon programIcon()
{
    loadResources();
    return QIcon(QStringLiteral(":/icons/catalog-inspector.svg"));
}

} // namespace inspector::views
