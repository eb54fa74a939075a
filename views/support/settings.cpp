#include "views/support/settings.h"

namespace inspector::views {

Settings::Settings()
    : m_store(std::make_unique<QSettings>(QSettings::IniFormat, QSettings::UserScope,
                                          QStringLiteral("catalog-inspector"), QStringLiteral("window")))
{
}

Settings::Settings(const QString& file)
    : m_store(std::make_unique<QSettings>(file, QSettings::IniFormat))
{
}

QString Settings::nameOf(const char* name, const QString& part)
{
    const QString text = QString::fromLatin1(name);
    return text.contains(QLatin1String("%1")) ? text.arg(part) : text;
}

} // namespace inspector::views
